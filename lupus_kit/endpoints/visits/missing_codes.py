"""Codes that stand where a value is missing (99, 999, -9): refused until somebody says what they are, then emptied.

No code is dropped unasked, since 99 lies inside the range of SLEDAI (0 to 105) and of many laboratory values. A value is
asked for where it is a usual code and lies outside its column's range or above twice every other value there, and where
no patient of a trial has it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, Column, distinct_cells, fold, is_missing
from lupus_kit.core.errors import InputError
from lupus_kit.core.templates import toml_beside
from lupus_kit.core.text import listing, plural
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED

_CODES: dict[str, Any] = toml_beside(__file__, "data/missing_codes.toml")
#: Numbers that are used as codes for missing in data sets of trials.
USUAL: frozenset[float] = frozenset(_CODES["usual"])
_PLAIN_MISSING = frozenset({"", ".", "na", "n/a", "nan", "nd"})
MissingCodes = str | float | Sequence[float | str] | Mapping[str, float | Sequence[float]] | None


def read_codes(given: MissingCodes) -> tuple[dict[str, set[float]], bool]:
    """Read what was said about codes for missing: numbers, numbers by column, or "none".

    Parameters
    ----------
    given : str, number, sequence, mapping or None
        Such as ``"99,-9"``, ``"99,pga=9"``, ``[99, -9]``, ``{"sledai": 99}`` or ``"none"``.

    Returns
    -------
    codes : dict of str to set of float
        The codes of each column; those of every column under an empty name.
    values : bool
        Whether every other number is a value.

    Examples
    --------
    >>> read_codes("99,pga=9")
    ({'': {99.0}, 'pga': {9.0}}, False)
    """
    if isinstance(given, Mapping):
        parts = [f"{name}={one}" for name, codes in given.items() for one in np.atleast_1d(np.asarray(codes)).tolist()]
    elif isinstance(given, str):
        parts = [part.strip() for part in re.split(r"[,;]", given) if part.strip()]
    else:
        every = np.atleast_1d(np.asarray([] if given is None else given, dtype=object)).tolist()
        parts = ["" if one is None else str(one) for one in every]
    found: dict[str, set[float]] = {}
    numbers = [part for part in parts if part.strip().lower() != "none"]
    for part in numbers:
        column, _, code = part.rpartition("=")
        number, known = number_of(code), not column or fold(column) in BY_FOLDED
        if not known or not np.isfinite(number):
            wanted = 'numbers such as 99,-9, a number of one column such as sledai=99, or "none" where every number is a value'
            raise InputError(f"missing_codes has {part!r}: give {wanted}.")
        found.setdefault(BY_FOLDED[fold(column)].name if column else "", set()).add(number)
    return found, len(numbers) < len(parts)


def settle_codes(
    cells: pd.DataFrame, columns: Mapping[str, Column], given: MissingCodes, problems: BadCells
) -> tuple[pd.DataFrame, list[str]]:
    """Empty the cells that hold a code for missing; note those that look like one and were not spoken of.

    Parameters
    ----------
    cells : pandas.DataFrame
        The table as written.
    columns : mapping of str to Column
        The columns to look at, by their name in `cells`.
    given : str, number, sequence, mapping or None
        What was said about codes, as for :func:`read_codes`.
    problems : BadCells
        Where cells that have to be asked for are noted; they are emptied.

    Returns
    -------
    cells : pandas.DataFrame
        The table without codes.
    notes : list of str
        How many cells were emptied, and how many hold a word for missing.
    """
    codes, values = read_codes(given)
    everywhere = codes.get("", set())
    emptied: dict[str, int] = {}
    stays: list[str] = []
    words: dict[str, int] = {}
    changed: dict[str, pd.Series] = {}
    for written, column in columns.items():
        series = cells[written]
        where, distinct = distinct_cells(series)
        numbers = np.array([*map(number_of, distinct)], dtype=float)
        counts = np.bincount(where[where >= 0], minlength=len(distinct))
        if not np.isfinite(numbers).all():
            _count_words(distinct, counts, words)
        watched = USUAL.union(everywhere, codes.get(column.name, ()), _CODES["never"].get(column.name, ()))
        nobody_has = _CODES["nobody_has"].get(column.name, np.inf)
        if column.kind == "text" or not (watched.intersection(numbers.tolist()) or (numbers > nobody_has).any()):
            continue
        general = np.isin(numbers, [*everywhere])
        odd = _implausible(numbers, column, USUAL | everywhere)
        told = np.isin(numbers, [*codes.get(column.name, ())]) | (odd & general)
        near = np.unique(numbers[general & ~told & (np.abs(numbers) > 9)])
        stays += [f"{n:g} in {column.name} ({plural(int(counts[numbers == n].sum()), 'cell')})" for n in near]
        if told.any():
            emptied[column.name] = int(counts[told].sum())
        asked = odd & ~told & ~(values & _in_range(numbers, column))
        for number in np.unique(numbers[asked]):
            there = np.isin(where, np.flatnonzero(asked & (numbers == number)))
            hint = f"is it a code for missing? missing_codes={number:g} (--missing-codes {number:g}) empties it"
            none = ", none takes it as a value" * bool(_in_range(np.array([number]), column)[0])
            problems.add(cells, written, there, f"{column.expected}; {hint}{none}")
        if (told | asked).any():
            gone = np.isin(where, np.flatnonzero(told | asked))
            changed[written] = series.astype(object).where(~gone, None)
    notes = []
    if emptied:
        notes.append(f"Codes for missing were emptied: {listing(f'{n} in {name}' for name, n in emptied.items())}.")
    if stays:
        notes.append(f"Kept as values, since others are near them: {listing(stays)}; NAME=CODE empties them.")
    if words:
        listed = listing(f"{word!r} ({n})" for word, n in words.items())
        notes.append(f"Words that mean missing, in {plural(sum(words.values()), 'cell')}: {listed}.")
    return cells.assign(**changed) if changed else cells, notes


def number_of(cell: object) -> float:
    """Return a cell as a number; NaN where it is none, or a truth value."""
    if isinstance(cell, (bool, np.bool_)):
        return np.nan
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.nan


def _in_range(numbers: np.ndarray, column: Column) -> np.ndarray:
    if column.kind == "choice":
        return np.zeros(len(numbers), dtype=bool)
    low, high = (0, 1) if column.kind == "yes/no" else (column.low, column.high)
    return np.asarray((numbers >= low) & (numbers <= high))


def _implausible(numbers: np.ndarray, column: Column, usual: frozenset[float]) -> np.ndarray:
    """Tell which numbers may be codes: usual ones that stand apart, and those that nobody has."""
    inside, coded = _in_range(numbers, column), np.isin(numbers, [*usual])
    others = np.abs(numbers[inside & ~coded])
    apart = np.abs(numbers) > max(9, 2 * others.max()) if len(others) else ~inside
    odd = (coded & (~inside | apart)) | np.isin(numbers, [*_CODES["never"].get(column.name, ())])
    return np.asarray(odd | (inside & (numbers > _CODES["nobody_has"].get(column.name, np.inf))))


def _count_words(distinct: list[object], counts: np.ndarray, words: dict[str, int]) -> None:
    for cell, count in zip(distinct, counts, strict=True):
        if isinstance(cell, str) and is_missing(cell) and (word := cell.strip()).lower() not in _PLAIN_MISSING:
            words[word] = words.get(word, 0) + int(count)
