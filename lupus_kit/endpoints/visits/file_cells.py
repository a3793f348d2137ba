"""Interpreting the cells of a visit file strictly: each distinct cell is read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells
from lupus_kit.endpoints.bilag.grades import GRADES
from lupus_kit.endpoints.visits.file_columns import MISSING_WORDS, NO_WORDS, YES_WORDS, FileColumn

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_COMMA = re.compile(r"[-+]?\d+,\d+")


class _BadCellError(Exception):
    """A cell that is not allowed; the argument is a hint that is added to what is allowed."""


def _number(cell: object, column: FileColumn) -> float:
    if isinstance(cell, (bool, np.bool_, datetime, date, time)):
        raise _BadCellError("it is a date or a truth value" if not isinstance(cell, (bool, np.bool_)) else "")
    if isinstance(cell, str):
        text = cell.strip()
        if not _NUMBER.fullmatch(text):
            raise _BadCellError("write the decimal mark as a point" if _COMMA.fullmatch(text) else "")
        value = float(text)
    elif isinstance(cell, (int, float, Decimal, np.number)):
        value = float(cell)
    else:
        raise _BadCellError("")
    whole = column.kind in ("whole number", "0-4")
    low, high = (0, 4) if column.kind == "0-4" else (column.low, column.high)
    if not low <= value <= high or (whole and value != int(value)):
        raise _BadCellError("")
    return value


def _yes_no(cell: object, column: FileColumn) -> float:
    plain = f"{cell:g}" if isinstance(cell, float) else str(cell).strip().lower()
    plain = {"1.0": "1", "0.0": "0"}.get(plain, plain)  # what pandas writes where a column has empty cells
    if plain in YES_WORDS:
        return 1.0
    if plain in NO_WORDS:
        return 0.0
    raise _BadCellError("")


def _grade(cell: object, column: FileColumn) -> str:
    plain = str(cell).strip()
    if plain in GRADES:
        return plain
    raise _BadCellError("capitals only" if plain.upper() in GRADES else "")


def _plain_text(cell: object, column: FileColumn) -> str:
    if isinstance(cell, (datetime, date, time)):
        raise _BadCellError("it is a date")
    if isinstance(cell, (bytes, float)) and not (isinstance(cell, float) and np.isfinite(cell)):
        raise _BadCellError("")
    # The identifier 7 may be stored as 7.0; every digit of a long one counts.
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


_READERS: dict[str, Callable[[object, FileColumn], object]] = {
    "number": _number, "whole number": _number, "0-4": _number, "yes/no": _yes_no, "grade": _grade, "text": _plain_text,
}  # fmt: skip


def is_missing(cell: object) -> bool:
    """Tell whether a cell means "not recorded"."""
    if isinstance(cell, str):
        return cell.strip() in ("", *MISSING_WORDS)
    return cell is None or bool(pd.isna(cell))


def read_cells(cells: pd.DataFrame, written: str, column: FileColumn, problems: BadCells) -> np.ndarray:
    """Read one column; missing cells are None (text, grades) or NaN, bad ones are noted and count as missing."""
    series = cells[written]
    one_kind = pd.api.types.infer_dtype(series, skipna=False) == "string"
    if not one_kind:
        # The type belongs to the key: 1, True and 1.0 are equal and yet different cells.
        nested = ~series.map(lambda cell: isinstance(cell, Hashable)).to_numpy(dtype=bool)
        problems.add(cells, written, nested, f"{column.allowed}; it is a list")
        series = series.where(~nested, None)
        kinds = series.map(type)
        one_kind = kinds.nunique() == 1
    codes, distinct = pd.factorize(series if one_kind else pd.Series(list(zip(series, kinds, strict=True))))
    values = [cell if one_kind else cell[0] for cell in distinct]
    reader = _READERS[column.kind]
    read: list[object] = []
    hints: list[str | None] = []
    for cell in values:
        hint, value = None, None
        if not is_missing(cell):
            try:
                value = reader(cell, column)
            except (_BadCellError, ValueError, TypeError) as error:
                hint = error.args[0] if isinstance(error, _BadCellError) else ""
        read.append(value)
        hints.append(hint)
    for hint in dict.fromkeys(h for h in hints if h is not None):
        bad = np.array([h == hint for h in hints] + [False])[codes]
        problems.add(cells, written, bad, column.allowed + (f"; {hint}" if hint else ""))
    if column.kind in ("text", "grade"):
        return np.array([*read, None], dtype=object)[codes]
    return np.array([np.nan if v is None else v for v in read] + [np.nan], dtype=float)[codes]
