"""Reasons in plain English: a phrase is made once for each distinct combination of values, then taken by every row."""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import compress

import numpy as np
import pandas as pd


def phrases(make: Callable[..., str], *columns: object) -> np.ndarray:
    """Make one phrase a row.

    Parameters
    ----------
    make : callable
        Takes one value of each column and returns a phrase, empty where there is nothing to mention. It is called once
        for each distinct combination of values.
    *columns : array_like
        Columns of equal length; missing values reach `make` as they are. A table of flags (two dimensions) reaches it
        as one tuple a row.

    Returns
    -------
    numpy.ndarray of object
        Phrases, one a row.

    Examples
    --------
    >>> phrases(lambda drop, met: f"fell by {drop}" if met else "", [4, 2, 4], [True, False, True]).tolist()
    ['fell by 4', '', 'fell by 4']
    """
    known = cache(make)
    return np.array([known(*row) for row in zip(*map(_cells, columns), strict=True)], dtype=object)


def _cells(column: object) -> list[object]:
    if isinstance(column, np.ndarray):
        return [*map(tuple, column.tolist())] if column.ndim == 2 else column.tolist()
    return pd.Series(column).tolist()  # type: ignore[no-any-return]


def sentences(opening: Iterable[str], parts: Iterable[Iterable[str]], ending: Iterable[str]) -> list[str]:
    """Join, row by row, an opening, the phrases that are not empty, and an ending.

    Parameters
    ----------
    opening, ending : iterable of str
        One a row.
    parts : iterable of iterable of str
        Columns of phrases, as :func:`phrases` makes them.

    Returns
    -------
    list of str
        Sentences, one a row.

    Examples
    --------
    >>> sentences(["Yes: ", "No: "], [["a", ""], ["b", "c"]], [".", "."])
    ['Yes: a; b.', 'No: c.']
    """
    return [begin + words + end for begin, words, end in zip(opening, joined(*parts), ending, strict=True)]


def joined(*parts: Iterable[str]) -> np.ndarray:
    """Join, row by row, the phrases that are not empty."""
    return np.array(["; ".join(filter(None, row)) for row in zip(*parts, strict=True)], dtype=object)


def words_where(
    applies: pd.Series | np.ndarray, make: str | Callable[..., str], *columns: pd.Series | np.ndarray
) -> np.ndarray:
    """Write, in the rows where they apply, the same words or those made of the columns; empty elsewhere."""
    here = applies if isinstance(applies, np.ndarray) else applies.to_numpy(dtype=bool, na_value=False)
    words = np.full(len(here), "", dtype=object)
    words[here] = make if isinstance(make, str) else phrases(make, *(column[here] for column in columns))
    return words


def names_of(opening: str, present: pd.DataFrame) -> np.ndarray:
    """Write, row by row, `opening` and the names of what is present; empty where nothing is."""

    def say(here: tuple[bool, ...]) -> str:
        return opening + ", ".join(compress(map(str, present), here)) if any(here) else ""

    return phrases(say, present.to_numpy(dtype=bool, na_value=False))
