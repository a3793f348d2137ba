"""The catalogue of all exercises."""

from functools import cache

import pandas as pd

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.lessons.exercises import stop0, stop1, stop2, stop3, stop4, stop5, stop6, stop7, stop8
from lupus_kit.lessons.exercises.exercise import Exercise

#: One module a stop, each with ``NOTEBOOK`` and ``EXERCISES``.
STOPS = (stop0, stop1, stop2, stop3, stop4, stop5, stop6, stop7, stop8)


@cache
def _catalogue() -> dict[str, Exercise]:
    """Collect the exercises of every stop; fail loudly if two share a key."""
    found: dict[str, Exercise] = {}
    for module in STOPS:
        name = module.__name__.rpartition(".")[2]
        for exercise in module.EXERCISES:
            if exercise.key in found:
                raise InputError(f"exercise key {exercise.key!r} is used twice, the second time in {name}.py")
            if exercise.key[:2] != module.NOTEBOOK[:2]:
                raise InputError(f"exercise {exercise.key!r} in {name}.py does not belong to {module.NOTEBOOK!r}")
            found[exercise.key] = exercise
    return found


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

    Examples
    --------
    >>> list(exercises().columns)
    ['key', 'notebook', 'task', 'aim']
    """
    notebooks = {module.NOTEBOOK[:2]: module.NOTEBOOK for module in STOPS}
    rows = [(one.key, notebooks[one.key[:2]], one.task, one.aim) for one in _catalogue().values()]
    ordered = sorted(rows, key=lambda row: tuple(int(part) for part in row[0].split(".")))
    return pd.DataFrame(ordered, columns=["key", "notebook", "task", "aim"])
