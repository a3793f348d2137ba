"""Reading columns strictly: every bad cell is found first, then all of them are reported together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, unknown_name

#: How near a foreign column name must be to a known one before it is taken for a slip of the pen.
_SLIP = 0.905

#: How many bad cells one message lists before it says how many more there are.
SHOWN = 12


class BadCells:
    """A list of bad cells that turns into one :class:`InputError`; `shown` is how many the message lists (None: all)."""

    def __init__(self, what: str, shown: int | None = SHOWN) -> None:
        self.what = what
        self._shown = shown
        self._lines: list[str] = []
        self._count = 0

    def add(self, frame: pd.DataFrame, column: str, bad: np.ndarray, allowed: str) -> None:
        """Note every row of ``frame[column]`` where ``bad`` is true."""
        rows = np.flatnonzero(bad)
        self._count += len(rows)
        for row in rows if self._shown is None else rows[: max(0, self._shown - len(self._lines))]:
            value = frame[column].iloc[row]
            empty = pd.api.types.is_scalar(value) and bool(pd.isna(value))
            shown = "an empty cell" if empty else repr(value.item() if isinstance(value, np.generic) else value)
            self._lines.append(f"row {frame.index[row]}, column {column!r}: {shown} is not allowed ({allowed})")

    def raise_if_any(self) -> None:
        """Raise one error that lists what was found; do nothing where all cells are good."""
        if not self._count:
            return
        more = self._count - len(self._lines)
        tail = f"\n... and {more} more" if more else ""
        cells = "cell" if self._count == 1 else "cells"
        raise InputError(f"{self._count} bad {cells} in {self.what}:\n" + "\n".join(self._lines) + tail)


def raise_together(*tables: BadCells) -> None:
    """Raise one error for the bad cells of several tables."""
    messages = []
    for problems in tables:
        try:
            problems.raise_if_any()
        except InputError as error:
            messages.append(str(error))
    if messages:
        raise InputError("\n".join(messages))


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
    columns = [str(c) for c in frame.columns]
    lines = []
    for name in names:
        if name not in columns:
            near = get_close_matches(name, columns, n=1, cutoff=0.7)
            lines.append(f"{name!r}" + (f" (there is {near[0]!r})" if near else ""))
    if lines:
        raise InputError(f"{what} lacks {len(lines)} column(s): {', '.join(lines)}. Add or rename them.")
    twice = sorted({name for name in names if columns.count(name) > 1})
    if twice:
        raise InputError(f"{what} has these columns more than once: {', '.join(map(repr, twice))}. Keep one of each.")


def refuse_slips(frame: pd.DataFrame, known: Iterable[str], what: str) -> None:
    """Raise where a column is nearly named like a known one that is not there: it would silently be left out."""
    names = [str(column) for column in frame.columns]
    here, wanted = set(names), list(dict.fromkeys(known))
    slips = {}
    for name in names:
        if name not in wanted:
            plain = name.strip().lower().replace(" ", "_").replace("-", "_")
            near = [match for match in get_close_matches(plain, wanted, n=1, cutoff=_SLIP) if match not in here]
            if near:
                slips[name] = near[0]
    if slips:
        listed = ", ".join(f"{given!r} (did you mean {meant!r}?)" for given, meant in slips.items())
        raise InputError(f"{what} has columns that would not be read: {listed}. Rename or drop them.")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))


def _is_flag(value: object) -> bool:
    return isinstance(value, (bool, np.bool_)) or (_is_number(value) and value in (0, 1))


def numbers(
    frame: pd.DataFrame, column: str, problems: BadCells, low: float, high: float, whole: bool, needed: bool = False
) -> np.ndarray:
    """Read a numeric column as floats, missing cells as NaN; note cells that are no number, out of range, or needed."""
    series = frame[column]
    missing = series.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        values = series.to_numpy(dtype=float, na_value=np.nan)
        bad = np.zeros(len(series), dtype=bool)
    else:
        cells = series.astype(object)
        bad = ~(cells.map(_is_number).to_numpy(dtype=bool) | missing)
        values = cells.where(~(bad | missing), np.nan).to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        bad |= ~missing & ~bad & ((values < low) | (values > high) | (whole & (values != np.rint(values))))
    bad |= missing & needed
    kind = "a whole number" if whole else "a number"
    problems.add(frame, column, bad, f"{kind} from {low:g} to {high:g}{'' if needed else ', or empty'}")
    return values


def flags(frame: pd.DataFrame, column: str, problems: BadCells) -> np.ndarray:
    """Read a yes/no column as int8: 1 present, 0 absent, -1 missing; note every other cell."""
    series = frame[column]
    if series.dtype == np.dtype(bool):
        return series.to_numpy().astype(np.int8)
    missing = series.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(series.dtype):
        values = series.to_numpy(dtype=float, na_value=np.nan)
        bad = ~missing & (values != 0) & (values != 1)
    else:
        cells = series.astype(object)
        bad = ~(cells.map(_is_flag).to_numpy(dtype=bool) | missing)
        values = cells.where(~(bad | missing), np.nan).to_numpy(dtype=float)
    problems.add(frame, column, bad, "True, False, 1, 0, or empty")
    return np.where(missing | bad, -1, np.nan_to_num(values)).astype(np.int8)


def codes(frame: pd.DataFrame, column: str, problems: BadCells, allowed: Iterable[str]) -> np.ndarray:
    """Read a column of labels as their positions in ``allowed``; missing is ``len(allowed)``."""
    names = list(allowed)
    position = {name: i for i, name in enumerate(names)}
    found, unique = pd.factorize(frame[column], use_na_sentinel=True)
    table = np.array([position.get(value, -2) for value in unique] + [len(names)], dtype=np.int16)
    result = table[found]  # factorize gives -1 for a missing cell, which picks the last entry
    problems.add(frame, column, result == -2, f"one of {', '.join(names)}, or empty")
    return np.where(result == -2, len(names), result).astype(np.int8)
