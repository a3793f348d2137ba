"""Codes that stand where a value is missing (99, 999, -9): refused until somebody says what they are, then emptied.

No code is dropped unasked, since 99 lies inside the range of SLEDAI (0 to 105) and of many laboratory values. A value is
asked for where it is a usual code and lies outside its column's range or above twice every other value there, and where
no patient of a trial has it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells
from lupus_kit.core.columns import Column, fold, is_missing
from lupus_kit.core.errors import InputError
from lupus_kit.core.text import listing, plural

#: Numbers that are used as codes for missing in data sets of trials.
USUAL: frozenset[float] = frozenset(
    {-1, 9, 66, 77, 88, 98, 99, 777, 888, 998, 999, 7777, 8888, 9998, 9999, 99999}
    | {-7, -8, -9, -77, -88, -98, -99, -777, -888, -998, -999, -8888, -9998, -9999}
)

#: Values from which on no patient of a trial is known; the sum of all 24 SLEDAI descriptors is 105.
_NOBODY_HAS = {"sledai": 70}

#: Codes that are no value whatever the others are: no dose, no week of a screening visit.
_NEVER = {
    "prednisone_mg_day": frozenset({66, 77, 88, 98, 99, 777, 888, 998, 999}),
    "week": frozenset({-9, -77, -88, -98, -99}),
}

_PLAIN_MISSING = frozenset({"", ".", "na", "n/a", "nan", "nd"})
MissingCodes = str | float | Sequence[float | str] | Mapping[str, float | Sequence[float]] | None


@dataclass(frozen=True)
class Codes:
    """What is known of codes for missing.

    Attributes
    ----------
    everywhere : frozenset of float
        Codes in every column where they are not plausible as values.
    by_column : dict
        Codes of one column, by its name.
    values : bool
        Whether every other number is a value ("none").
    """

    everywhere: frozenset[float]
    by_column: dict[str, frozenset[float]]
    values: bool


def read_codes(given: MissingCodes, names: Mapping[str, str]) -> Codes:
    """Read what was said about codes for missing: numbers, numbers by column, or "none".

    Parameters
    ----------
    given : str, number, sequence, mapping or None
        Such as ``"99,-9"``, ``"99,pga=9"``, ``[99, -9]``, ``{"sledai": 99}`` or ``"none"``.
    names : mapping
        Name of each column in the kit by its folded spellings.

    Returns
    -------
    Codes
        What was said.

    Examples
    --------
    >>> read_codes("99,pga=9", {"pga": "pga"})
    Codes(everywhere=frozenset({99.0}), by_column={'pga': frozenset({9.0})}, values=False)
    """
    if given is None:
        return Codes(frozenset(), {}, False)
    if isinstance(given, Mapping):
        parts = [f"{name}={one}" for name, codes in given.items() for one in np.atleast_1d(np.asarray(codes)).tolist()]
    elif isinstance(given, str):
        parts = [part.strip() for part in re.split(r"[,;]", given) if part.strip()]
    else:
        parts = ["" if one is None else str(one) for one in np.atleast_1d(np.asarray(given, dtype=object)).tolist()]
    everywhere: set[float] = set()
    by_column: dict[str, frozenset[float]] = {}
    for part in parts:
        column, _, code = part.rpartition("=")
        if part.strip().lower() == "none":
            continue
        name = names.get(fold(column)) if column else ""
        try:
            number = float(code)
        except ValueError:
            name = None
        if name is None or not np.isfinite(number):
            raise InputError(
                f"missing_codes has {part!r}: give numbers such as 99,-9, a number of one column such as sledai=99, or "
                '"none" where every number is a value.'
            )
        if name:
            by_column[name] = by_column.get(name, frozenset()) | {number}
        else:
            everywhere.add(number)
    return Codes(frozenset(everywhere), by_column, any(part.strip().lower() == "none" for part in parts))


def settle_codes(
    cells: pd.DataFrame, columns: Mapping[str, Column], codes: Codes, problems: BadCells
) -> tuple[pd.DataFrame, list[str]]:
    """Empty the cells that hold a code for missing; note those that look like one and were not spoken of.

    Parameters
    ----------
    cells : pandas.DataFrame
        The table as written.
    columns : mapping of str to Column
        The columns to look at, by their name in `cells`.
    codes : Codes
        What was said about codes.
    problems : BadCells
        Where cells that have to be asked for are noted; they are emptied.

    Returns
    -------
    cells : pandas.DataFrame
        The table without codes.
    notes : list of str
        How many cells were emptied, and how many hold a word for missing.
    """
    emptied: dict[str, int] = {}
    stays: list[str] = []
    words: dict[str, int] = {}
    changed: dict[str, pd.Series] = {}
    for written, column in columns.items():
        series = cells[written]
        try:
            where, distinct = pd.factorize(series)
        except TypeError:  # lists and the like are told as bad cells
            continue
        numbers = np.array([_number(cell) for cell in np.asarray(distinct, dtype=object)], dtype=float)
        counts = np.bincount(where[where >= 0], minlength=len(distinct))
        if not np.isfinite(numbers).all():
            _count_words(distinct, counts, words)
        if column.kind == "text" or not np.isfinite(numbers).any():
            continue
        general = np.isin(numbers, [*codes.everywhere])
        odd = _implausible(numbers, column, USUAL | codes.everywhere)
        told = np.isin(numbers, [*codes.by_column.get(column.name, ())]) | (odd & general)
        near = np.unique(numbers[general & ~told & (np.abs(numbers) > 9)])
        stays += [f"{n:g} in {column.name} ({plural(int(counts[numbers == n].sum()), 'cell')})" for n in near]
        if told.any():
            emptied[column.name] = int(counts[told].sum())
        asked = odd & ~told & ~(codes.values & _in_range(numbers, column))
        for number in np.unique(numbers[asked]):
            problems.add(
                cells,
                written,
                np.isin(where, np.flatnonzero(asked & (numbers == number))),
                f"{column.expected}; is it a code for missing? missing_codes={number:g} (--missing-codes {number:g}) "
                f"empties it{', none takes it as a value' * bool(_in_range(np.array([number]), column)[0])}",
            )
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


def _number(cell: object) -> float:
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
    inside: np.ndarray = (numbers >= low) & (numbers <= high)
    return inside


def _implausible(numbers: np.ndarray, column: Column, usual: frozenset[float]) -> np.ndarray:
    """Tell which numbers may be codes: usual ones that stand apart, and those that nobody has."""
    inside, coded = _in_range(numbers, column), np.isin(numbers, [*usual])
    others = np.abs(numbers[inside & ~coded])
    apart = np.abs(numbers) > max(9, 2 * others.max()) if len(others) else ~inside
    odd = (coded & (~inside | apart)) | np.isin(numbers, [*_NEVER.get(column.name, ())])
    found: np.ndarray = odd | (inside & (numbers > _NOBODY_HAS.get(column.name, np.inf)))
    return found


def _count_words(distinct: pd.Index, counts: np.ndarray, words: dict[str, int]) -> None:
    for cell, count in zip(np.asarray(distinct, dtype=object), counts, strict=True):
        if isinstance(cell, str) and is_missing(cell) and (word := cell.strip()).lower() not in _PLAIN_MISSING:
            words[word] = words.get(word, 0) + int(count)
