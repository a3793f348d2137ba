"""Reading columns of a DataFrame strictly: every bad cell is found first, then all are reported together."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from lupus_kit.core.columns import Column, fold, read_choices, read_column
from lupus_kit.core.errors import SLIP, InputError, nearest, unknown_name
from lupus_kit.core.problems import BadCells as BadCells
from lupus_kit.core.problems import raise_together as raise_together
from lupus_kit.core.text import listing, plural


def require_choice(kind: str, given: object, allowed: Iterable[str]) -> None:
    """Raise where an option is none of the allowed words."""
    names = list(allowed)
    if not isinstance(given, str) or given not in names:
        raise unknown_name(kind, given, names)


def require_switch(name: str, given: object) -> None:
    """Raise where a switch is not True or False."""
    if not isinstance(given, (bool, np.bool_)):
        raise InputError(f"{name} is {given!r}: give True or False.")


def require_frame(frame: object, what: str) -> pd.DataFrame:
    """Return the DataFrame, or say that something else was given."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"{what} must be a pandas DataFrame, got {type(frame).__name__}.")
    return frame


def require_columns(frame: pd.DataFrame, names: Sequence[str], what: str) -> None:
    """Raise where a column is missing or there twice; name the nearest column that is there."""
    columns = [str(column) for column in frame.columns]
    lacking = [name for name in names if name not in columns]
    if lacking:
        near = {name: nearest(name, columns, most=1, fold=fold) for name in lacking}
        named = [f"{name!r}" + (f" (there is {near[name][0]!r})" if near[name] else "") for name in lacking]
        raise InputError(f"{what} lacks {plural(len(lacking), 'column')}: {listing(named)}. Add or rename them.")
    twice = sorted({name for name in names if columns.count(name) > 1})
    if twice:
        raise InputError(f"{what} has these columns more than once: {listing(map(repr, twice))}. Keep one of each.")


def slip_of(name: str, known: Iterable[str]) -> str | None:
    """Return the known column that a name is probably a slip of; None where it is a name of its own.

    Examples
    --------
    >>> slip_of("Rescu", ["rescue", "pga"]), slip_of("episcleritis", ["scleritis"])
    ('rescue', None)
    """
    near = nearest(name, known, most=1, near=SLIP, fold=fold)
    return near[0] if near and abs(len(near[0]) - len(name.strip())) <= 2 else None


def refuse_slips(frame: pd.DataFrame, known: Iterable[str], what: str) -> None:
    """Raise where a column is nearly named like a known one that is not there: it would silently be left out."""
    here, wanted = {str(column) for column in frame.columns}, list(dict.fromkeys(known))
    meant = {name: slip_of(name, wanted) for name in sorted(here.difference(wanted))}
    slips = [f"{name!r} (did you mean {near!r}?)" for name, near in meant.items() if near and near not in here]
    if slips:
        raise InputError(f"{what} has columns that would not be read: {listing(slips)}. Rename or drop them.")


def numbers(
    frame: pd.DataFrame, column: str, problems: BadCells, low: float, high: float, whole: bool, needed: bool = False
) -> np.ndarray:
    """Read a numeric column as floats, missing cells as NaN; note cells that are no number, out of range, or needed."""
    kind = "whole number" if whole else "number"
    return read_column(frame, column, Column(column, kind, low=low, high=high, needed=needed), problems)


def flags(frame: pd.DataFrame, column: str, problems: BadCells) -> np.ndarray:
    """Read a yes/no column as int8: 1 present, 0 absent, -1 missing; note every other cell."""
    if frame[column].dtype == np.dtype(bool):
        found: np.ndarray = frame[column].to_numpy().astype(np.int8)
        return found
    values = read_column(frame, column, Column(column, "yes/no"), problems)
    return np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(np.int8)


def codes(frame: pd.DataFrame, column: str, problems: BadCells, allowed: Iterable[str]) -> np.ndarray:
    """Read a column of labels as their positions in ``allowed``; missing is ``len(allowed)``."""
    names = tuple(allowed)
    found = read_choices(frame, column, Column(column, "choice", choices=names), problems)
    return np.where(found < 0, len(names), found).astype(np.int8)
