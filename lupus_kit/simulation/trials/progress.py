"""How far a long simulation is, and how long it will still take."""

from collections.abc import Callable
from typing import Any

from lupus_kit.core.errors import InputError

Progress = bool | Callable[[int, int], object] | None


class Watcher:
    """Tell somebody how many trials are done: a bar in a terminal or a notebook, a function, or nobody.

    Parameters
    ----------
    progress : bool or callable, optional
        True for a bar; a function of the trials done and the trials in all; False or None for silence.
    total : int
        Trials in all.
    done : int
        Trials done by an earlier run; the estimate of the time left does not count them as speed.

    Raises
    ------
    InputError
        If ``progress`` is something else.

    Examples
    --------
    >>> watcher = Watcher(lambda done, total: print(f"{done} of {total}"), total=30, done=10)
    10 of 30
    >>> watcher.add(20)
    30 of 30
    """

    def __init__(self, progress: Progress, total: int, done: int = 0) -> None:
        self.total, self.done = total, done
        self._bar: Any = None
        self._tell: Callable[[int, int], object] | None = None
        if progress is True:
            from lupus_kit.core.bars import Bar

            self._bar = Bar(desc="Simulating", total=total, initial=done, unit=" trials", unit_scale=True)
        elif callable(progress):
            self._tell = progress
            progress(done, total)
        elif progress is not False and progress is not None:
            raise InputError(f"progress == {progress!r}: give True, False, or a function of trials done and in all.")

    def add(self, trials: int) -> None:
        """Say that more trials are done."""
        self.done += trials
        if self._bar is not None:
            self._bar.update(trials)
        if self._tell is not None:
            self._tell(self.done, self.total)

    def close(self) -> None:
        """End the bar, wherever it stands."""
        if self._bar is not None:
            self._bar.close()
