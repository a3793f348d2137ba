"""Everything that is wrong with an input, told in one error: each thing with its place, at most 20 of a kind."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.core.text import SHOWN, listing, plural


class Problems:
    """A list of what is wrong that turns into one :class:`InputError`.

    Parameters
    ----------
    what : str
        What was read, as the heading names it.
    noun : str
        What one entry is.

    Examples
    --------
    >>> problems = Problems("visits.csv")
    >>> problems.note("row 3, column 'pga': 'high' is not allowed (a number from 0 to 3)")
    >>> problems.raise_if_any()
    Traceback (most recent call last):
    lupus_kit.core.errors.InputError: 1 problem in visits.csv:
    row 3, column 'pga': 'high' is not allowed (a number from 0 to 3)
    """

    def __init__(self, what: str, noun: str = "problem") -> None:
        self.what = what
        self._noun = noun
        self._lines: list[str] = []
        self._kinds: Counter[str] = Counter()
        self._left_out: dict[str, Counter[str]] = {}

    def note(self, line: str, kind: str = "", where: str = "") -> None:
        """Note one thing that is wrong; of one kind the first 20 are listed, the others counted by where they are."""
        if self.room(kind):
            self._lines.append(line)
            self._kinds[kind] += 1
        else:
            self.count(1, kind, where)

    def room(self, kind: str) -> int:
        """Return how many more of a kind are listed."""
        return max(0, SHOWN - self._kinds[kind])

    def count(self, number: int, kind: str, where: str) -> None:
        """Count things of a kind without listing them."""
        self._left_out.setdefault(kind, Counter())[where] += number

    @property
    def message(self) -> str:
        """What is wrong; empty where nothing is."""
        number = len(self._lines) + sum(places.total() for places in self._left_out.values())
        lines = [f"{plural(number, self._noun)} in {self.what}:"] if number else []
        lines += self._lines
        for kind, places in self._left_out.items():
            where = f" in {listing(filter(None, places))}" if any(places) else ""
            lines.append(f"... and {places.total()} more{where}" + (f" ({kind})" if kind else ""))
        return "\n".join(lines)

    def raise_if_any(self) -> None:
        """Raise one error that lists what was found; do nothing where all is well."""
        raise_together(self)


#: Tells the rows of the file, and the names of the columns there, from positions in a table and a name in it.
Place = Callable[[np.ndarray, str], tuple[np.ndarray, np.ndarray]]


class BadCells(Problems):
    """The cells of a table that are not allowed.

    Parameters
    ----------
    what : str
        What was read.
    place : callable, optional
        Where the cells stand in the file, if that is not the index and the columns of the table.
    """

    def __init__(self, what: str, place: Place | None = None) -> None:
        super().__init__(what, "bad cell")
        self._place = place

    def add(self, frame: pd.DataFrame, column: str, bad: np.ndarray, allowed: str) -> None:
        """Note every row of ``frame[column]`` where ``bad`` is true; a cell that serves several rows is noted once."""
        positions = np.flatnonzero(bad)
        if not len(positions):
            return
        if self._place is None:
            rows, names = frame.index[positions].to_numpy(), np.full(len(positions), column, dtype=object)
        else:
            rows, names = self._place(positions, column)
        cells: dict[tuple[object, str], int] = {}
        for row, name, position in zip(rows.tolist(), names.tolist(), positions.tolist(), strict=True):
            cells.setdefault((row, name), position)
        listed = list(cells.items())[: self.room(allowed)]
        for (row, name), position in listed:
            shown = _shown(frame[column].iloc[position])
            self.note(f"row {row}, column {name!r}: {shown} is not allowed ({allowed})", allowed)
        for name, number in Counter(name for _, name in list(cells)[len(listed) :]).items():
            self.count(number, allowed, repr(name))


def _shown(cell: object) -> str:
    if (isinstance(cell, str) and not cell.strip()) or (pd.api.types.is_scalar(cell) and pd.isna(cell)):
        return "an empty cell"
    return repr(cell.item() if isinstance(cell, np.generic) else cell)


def raise_together(*several: Problems) -> None:
    """Raise one error for all that is wrong with several tables."""
    messages = [problems.message for problems in several if problems.message]
    if messages:
        raise InputError("\n".join(messages))
