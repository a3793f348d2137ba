"""The catalogue of all exercises."""

from functools import cache

import pandas as pd

from lupus_kit.core.errors import require_choice
from lupus_kit.lessons.exercises import stop0, stop1, stop2, stop3, stop4, stop5, stop6, stop7, stop8
from lupus_kit.lessons.exercises.exercise import Exercise

#: One module a stop, each with ``NOTEBOOK`` and ``EXERCISES``.
STOPS = (stop0, stop1, stop2, stop3, stop4, stop5, stop6, stop7, stop8)


@cache
def _catalogue() -> dict[str, Exercise]:
    """Collect the exercises of every stop by their keys."""
    return {exercise.key: exercise for module in STOPS for exercise in module.EXERCISES}


def find(key: str) -> Exercise:
    """Return the exercise with this key.

    Parameters
    ----------
    key : str
        ``"NN.k"``, for example ``"00.1"``.

    Returns
    -------
    Exercise
        The exercise.

    Raises
    ------
    InputError
        If there is none; the message names the nearest keys.

    Examples
    --------
    >>> find("00.1").kind
    'number'
    """
    entries = _catalogue()
    require_choice("exercise", key, entries)
    return entries[key]


def exercises() -> pd.DataFrame:
    """List every exercise of the course.

    Returns
    -------
    pandas.DataFrame
        One row an exercise, in the order of the walk: ``key``, ``notebook``, ``task``, ``aim``.

    See Also
    --------
    check, progress

    Examples
    --------
    >>> list(exercises().columns)
    ['key', 'notebook', 'task', 'aim']
    """
    rows = [(one.key, module.NOTEBOOK, one.task, one.aim) for module in STOPS for one in module.EXERCISES]
    frame = pd.DataFrame(rows, columns=["key", "notebook", "task", "aim"])
    return frame.sort_values("key", key=lambda keys: keys.str.zfill(6).str.replace(".", "z"), ignore_index=True)
