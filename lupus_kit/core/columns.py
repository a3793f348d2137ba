"""One column of a table: what it may hold, and how its cells are read.

A cell means the same wherever it enters the kit, in a file or in a DataFrame. Each distinct cell is read once.
"""

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pandas as pd

from lupus_kit.core.errors import SLIP, InputError, nearest
from lupus_kit.core.problems import BadCells as BadCells
from lupus_kit.core.problems import raise_together as raise_together
from lupus_kit.core.text import listing, plural

#: Cells that mean "not recorded", and the spellings of yes and no; capitals do not matter.
MISSING_WORDS = frozenset(
    {"", "na", "n/a", "n.a.", "#n/a", "<na>", "nan", "nd", "n/d", "n.d.", ".", "-", "--", "\u2013", "\u2014", "?", "null", "unk",
     "unknown", "missing", "not done", "not recorded", "not available", "not assessed", "not applicable"}
)  # fmt: skip
_LONGEST = max(map(len, MISSING_WORDS))
YES_WORDS = ("1", "1.0", "yes", "y", "true", "t", "present", "positive", "checked", "ja", "j", "oui", "x")
NO_WORDS = ("0", "0.0", "no", "n", "false", "f", "absent", "negative", "unchecked", "nein", "non")

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_NUMERIC = ("integer", "floating", "mixed-integer-float", "empty")
_ONE_KIND = ("string", "integer", "floating", "boolean", "decimal", "datetime", "date", "time", "bytes")


@dataclass(frozen=True)
class Column:
    """What one column of a table holds.

    Attributes
    ----------
    name : str
        Name in the kit's own tables.
    kind : str
        ``"text"``, ``"number"``, ``"whole number"``, ``"yes/no"`` or ``"choice"``.
    meaning : str
        What to record.
    unit : str
        Unit of a number.
    low, high : float
        Smallest and largest number.
    choices : tuple of str
        The allowed texts of a choice.
    synonyms : tuple of str
        Other names it may have in a file; capitals, spaces and signs do not matter.
    needed : bool
        Whether every cell must be filled.
    levels : str
        What the numbers of a scale mean.
    used_for : str
        What reads the column.

    Examples
    --------
    >>> Column("pga", "number", low=0, high=3).expected, Column("bilag_renal", "choice", choices=tuple("ABCDE")).allowed
    ('a number from 0 to 3, or empty', 'one of A, B, C, D, E')
    """

    name: str
    kind: str
    meaning: str = ""
    unit: str = ""
    low: float = -np.inf
    high: float = np.inf
    choices: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    needed: bool = False
    levels: str = ""
    used_for: str = ""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        number = self.levels or f"a {self.kind} from {self.low:g} to {self.high:g} {self.unit}".rstrip()
        words = {"text": "a text", "yes/no": "yes or no (1/0, y/n, true/false, present/absent)"}
        return f"one of {', '.join(self.choices)}" if self.kind == "choice" else words.get(self.kind, number)

    @property
    def expected(self) -> str:
        """What a cell may hold, an empty one included."""
        return self.allowed + ("" if self.needed else ", or empty")


@lru_cache(maxsize=10_000, typed=True)
def fold(name: str) -> str:
    """Reduce a name to what matters: letters and digits, British and American spelling alike.

    Examples
    --------
    >>> fold(" Subject-ID "), fold("BILAG: Hematological (A-E)") == fold("bilag haematological a e")
    ('subject_id', True)
    """
    plain = re.sub(r"[^a-z0-9]+", "_", str(name).lower().replace("'", "").replace("’", "")).strip("_")
    return plain.replace("ae", "e").replace("oe", "e").replace("leuco", "leuko")


def is_missing(cell: object) -> bool:
    """Tell whether a cell means "not recorded".

    Examples
    --------
    >>> [is_missing(cell) for cell in ("", " NA ", None, float("nan"), "0", 0)]
    [True, True, True, True, False, False]
    """
    if isinstance(cell, str):
        word = cell.strip()
        return len(word) <= _LONGEST and word.lower() in MISSING_WORDS
    return cell is None or bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


class _BadCellError(ValueError):
    """A cell that is not allowed; the message, if any, is a hint that is added to what is allowed."""


def _read_number(cell: object, column: Column) -> float:
    if isinstance(cell, str):
        if not _NUMBER.fullmatch(cell.strip()):
            raise _BadCellError("write the decimal mark as a point" if _DECIMAL_COMMA.fullmatch(cell.strip()) else "")
    elif isinstance(cell, (datetime, date, time)):
        raise _BadCellError("it is a date")
    elif isinstance(cell, (bool, np.bool_)) or not isinstance(cell, (int, float, Decimal, np.number)):
        raise _BadCellError
    value = float(cell)
    if not column.low <= value <= column.high or (column.kind == "whole number" and value != int(value)):
        raise _BadCellError
    return value


def _read_yes_no(cell: object, column: Column) -> float:
    word = f"{cell:g}" if isinstance(cell, float) else str(cell).strip().lower()
    if word not in (*YES_WORDS, *NO_WORDS):
        raise _BadCellError
    return float(word in YES_WORDS)


def _read_choice(cell: object, column: Column) -> str:
    word, choices = str(cell).strip(), column.choices
    alike = [word] if word in choices else [choice for choice in choices if choice.lower() == word.lower()]
    if len(alike) != 1:
        raise _BadCellError
    return alike[0]


def _read_text(cell: object, column: Column) -> str:
    if isinstance(cell, (datetime, date, time)):
        raise _BadCellError("it is a date")
    if isinstance(cell, bytes) or (isinstance(cell, float) and not np.isfinite(cell)):
        raise _BadCellError
    # The identifier 7 may be stored as 7.0; every digit of a long one counts.
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


_READERS = {
    "number": _read_number,
    "whole number": _read_number,
    "yes/no": _read_yes_no,
    "choice": _read_choice,
    "text": _read_text,
}


def read_column(frame: pd.DataFrame, written: str, column: Column, problems: BadCells) -> np.ndarray:
    """Read a column; note every cell that is not allowed.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    written : str
        Name of the column there.
    column : Column
        What it may hold.
    problems : BadCells
        Where bad cells are noted; they count as missing.

    Returns
    -------
    numpy.ndarray
        Numbers, and yes/no as 1 and 0, as floats with NaN for missing; texts and choices as objects with None.

    Examples
    --------
    >>> table = pd.DataFrame({"rescue": ["Yes", "n", 1, None], "pga": ["1.5", " 2 ", "NA", 0.4]})
    >>> read_column(table, "rescue", Column("rescue", "yes/no"), BadCells("visits")).tolist()
    [1.0, 0.0, 1.0, nan]
    >>> read_column(table, "pga", Column("pga", "number", low=0, high=3), BadCells("visits")).tolist()
    [1.5, 2.0, nan, 0.4]
    """
    if column.kind not in ("text", "choice"):
        kind = pd.api.types.infer_dtype(frame[written], skipna=True)
        if kind in _NUMERIC or (kind == "boolean" and column.kind == "yes/no"):
            return _in_range(frame, written, column, problems)
    codes, read = read_distinct(frame, written, column, problems)
    # A code of -1 picks the last entry, which is missing.
    return np.array([*read, None], dtype=object if column.kind in ("text", "choice") else float).take(codes)


def _in_range(frame: pd.DataFrame, written: str, column: Column, problems: BadCells) -> np.ndarray:
    """Read a column that holds nothing but numbers, or truth values."""
    values: np.ndarray = frame[written].to_numpy(dtype=float, na_value=np.nan)
    missing = np.isnan(values)
    if column.kind == "yes/no":
        bad = (values != 0) & (values != 1)
    else:
        bad = (values < column.low) | (values > column.high)
        bad |= (values != np.rint(values)) & (column.kind == "whole number")
    bad = (bad & ~missing) | (missing & column.needed)
    if bad.any():
        problems.add(frame, written, bad, column.expected)
    return np.where(bad, np.nan, values)


def read_choices(frame: pd.DataFrame, written: str, column: Column, problems: BadCells) -> np.ndarray:
    """Read a choice as the positions in ``column.choices``; -1 is missing. Bad cells are noted."""
    dtype = frame[written].dtype
    if isinstance(dtype, pd.CategoricalDtype) and (*dtype.categories,) == column.choices and not column.needed:
        return np.asarray(frame[written].cat.codes, dtype=np.int16)
    codes, read = read_distinct(frame, written, column, problems)
    position = {name: k for k, name in enumerate(column.choices)}
    return np.array([position.get(str(name), -1) for name in [*read, None]], dtype=np.int16).take(codes)


def distinct_cells(series: pd.Series) -> tuple[np.ndarray, list[object]]:
    """Return the distinct cells of a column, and for each row the position of its own; -1 where there is none, or a list."""
    try:
        plain = isinstance(series.dtype, (np.dtype, pd.StringDtype)) and series.dtype.kind in "biufO"
        codes, cells = pd.factorize(series.to_numpy() if plain else series)
    except TypeError:
        codes, cells = pd.factorize(series.where([isinstance(cell, Hashable) for cell in series], None))
    return codes, np.asarray(cells, dtype=object).tolist()


def read_distinct(
    frame: pd.DataFrame, written: str, column: Column, problems: BadCells
) -> tuple[np.ndarray, list[object]]:
    """Read each distinct cell of a column once.

    Returns
    -------
    codes : numpy.ndarray of int
        For each row the position of its value in `read`; -1 is missing.
    read : list
        The values; None where a cell means "not recorded" or is bad.
    """
    series = frame[written]
    if series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) not in _ONE_KIND:
        # The type belongs to the key: 1, True and 1.0 are equal and yet different cells.
        nested = ~series.map(lambda cell: isinstance(cell, Hashable)).to_numpy(dtype=bool)
        problems.add(frame, written, nested, f"{column.expected}; it is a list")
        series = series.where(~nested, None)
        codes, distinct = pd.factorize(pd.Series(list(zip(series, series.map(type), strict=True))))
        cells = [cell for cell, _ in distinct]
    else:
        codes, cells = distinct_cells(series)
    read: list[object] = []
    hints: dict[str, list[int]] = {}
    for position, cell in enumerate(cells):
        value = None
        if not is_missing(cell):
            try:
                value = _READERS[column.kind](cell, column)
            except (ValueError, TypeError, OverflowError) as error:
                hints.setdefault(str(error) if isinstance(error, _BadCellError) else "", []).append(position)
        read.append(value)
    for hint, positions in hints.items():
        problems.add(frame, written, np.isin(codes, positions), column.expected + (f"; {hint}" if hint else ""))
    if column.needed:
        absent = [*(position for position, cell in enumerate(cells) if is_missing(cell)), -1]
        problems.add(frame, written, np.isin(codes, absent), column.expected)
    return codes, read


def numbers(
    frame: pd.DataFrame, column: str, problems: BadCells, low: float, high: float, whole: bool, needed: bool = False
) -> np.ndarray:
    """Read a numeric column as floats, missing cells as NaN; note cells that are no number, out of range, or needed."""
    kind = "whole number" if whole else "number"
    return read_column(frame, column, Column(column, kind, low=low, high=high, needed=needed), problems)


def flags(frame: pd.DataFrame, column: str, problems: BadCells) -> np.ndarray:
    """Read a yes/no column as int8: 1 present, 0 absent, -1 missing; note every other cell."""
    values = read_column(frame, column, Column(column, "yes/no"), problems)
    return np.where(np.isnan(values), -1, values).astype(np.int8)


def require_frame(frame: object, what: str) -> pd.DataFrame:
    """Return the DataFrame, or say that something else was given."""
    if not isinstance(frame, pd.DataFrame):
        way_out = "; its .to_frame() gives one" if hasattr(frame, "to_frame") else ""
        raise InputError(f"{what} must be a pandas DataFrame, got {type(frame).__name__}{way_out}.")
    return frame


def require_columns(frame: pd.DataFrame, names: Sequence[str], what: str) -> None:
    """Raise where a column is missing or there twice; name the nearest column that is there."""
    columns = [str(column) for column in frame.columns]
    lacking = [name for name in names if name not in columns]
    if lacking:
        near = {name: nearest(name, columns, most=1, near=0.75, fold=fold) for name in lacking}
        named = [f"{name!r}" + (f" (there is {near[name][0]!r})" if near[name] else "") for name in lacking]
        raise InputError(f"{what} lacks {plural(len(lacking), 'column')}: {listing(named)}. Add or rename them.")
    twice = sorted({name for name in names if columns.count(name) > 1})
    if twice:
        raise InputError(f"{what} has these columns more than once: {listing(map(repr, twice))}. Keep one of each.")


def names_of(columns: object, argument: str) -> list[str]:
    """Return one name, or a list of them, as a list.

    Examples
    --------
    >>> names_of("sex", "strata"), names_of(("sex", "site"), "strata")
    (['sex'], ['sex', 'site'])
    """
    names = [columns] if isinstance(columns, str) else columns
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{argument} == {columns!r}: give a list of column names.")
    return list(names)


@lru_cache(maxsize=10_000)
def slip_of(name: str, known: tuple[str, ...]) -> str | None:
    """Return the known column that a name is probably a slip of; None where it is a name of its own.

    Examples
    --------
    >>> slip_of("Rescu", ("rescue", "pga")), slip_of("episcleritis", ("scleritis",))
    ('rescue', None)
    """
    near = nearest(name, known, most=1, near=SLIP, fold=fold)
    return near[0] if near and abs(len(near[0]) - len(name.strip())) <= 2 else None


def refuse_slips(frame: pd.DataFrame, known: Iterable[str], what: str) -> None:
    """Raise where a column is nearly named like a known one that is not there: it would silently be left out."""
    here, wanted = {str(column) for column in frame.columns}, tuple(dict.fromkeys(known))
    meant = {name: slip_of(name, wanted) for name in sorted(here.difference(wanted))}
    slips = [f"{name!r} (did you mean {near!r}?)" for name, near in meant.items() if near and near not in here]
    if slips:
        raise InputError(f"{what} has columns that would not be read: {listing(slips)}. Rename or drop them.")
