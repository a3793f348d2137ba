"""File formats of the tables: CSV, Parquet and one Excel workbook, read back cell by cell or refused.

Each format turns its files into the same typed tables, so a cohort is equal after a round trip whatever the format.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.cohort.columns import TABLES, Column, columns_of, data_dictionary, typed
from lupus_kit.core.errors import InputError

NOTICE = "These patients are invented: none of them took part in any trial."
_SHOWN = 8
_BOOK = "cohort.xlsx"
#: Rows of an Excel sheet, header included.
_EXCEL_ROWS = 1_048_576
_AGAIN = "save the cohort again."


@dataclass(frozen=True)
class Format:
    """How tables become files: ``place`` names a table in messages, ``write`` returns checksums."""

    place: str
    write: Callable[[dict[str, pd.DataFrame], Path], dict[str, Any]]
    read: Callable[[Path, list[str]], Iterator[tuple[str, pd.DataFrame, dict[str, Any]]]]


def _sums(cells: list[list[str]]) -> dict[str, Any]:
    """One checksum per row and one per column, so that an edit can be found by its row and its column."""
    rows = [zlib.crc32("\x1f".join(line).encode()) for line in cells[1:]]
    columns = {name: zlib.crc32("\x1f".join(values).encode()) for name, *values in zip(*cells, strict=True)}
    return {"rows": rows, "columns": columns}


# --- CSV -------------------------------------------------------------------------------------------------------


def _csv_text(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _split(text: str) -> list[list[str]]:
    return [line for line in csv.reader(io.StringIO(text)) if line]


def _write_csv(tables: dict[str, pd.DataFrame], folder: Path) -> dict[str, Any]:
    sums = {}
    for name, frame in tables.items():
        text = _csv_text(frame)
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        sums[name] = _sums(_split(text))
    return sums


def _read_csv(folder: Path, visits: list[str]) -> Iterator[tuple[str, pd.DataFrame, dict[str, Any]]]:
    for name in TABLES:
        cells = _cells(folder / f"{name}.csv")
        yield name, _typed_table(f"{name}.csv", cells, name, visits), _sums(cells)


def _typed_table(place: str, cells: list[list[str]], name: str, visits: list[str]) -> pd.DataFrame:
    columns = columns_of(name, cells[0])
    _check_header(place, cells, columns)
    return _parse(place, cells, columns, visits)


def _cells(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing from {path.parent}: save the cohort again.") from None
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path.name} cannot be read ({error}): save the cohort again.") from None
    cells = [line for line in csv.reader(io.StringIO(text)) if line]
    if not cells:
        raise InputError(f"{path.name} is empty: save the cohort again.")
    for number, line in enumerate(cells, start=1):
        if len(line) != len(cells[0]):
            raise InputError(
                f"{path.name}, row {number} has {len(line)} cells instead of {len(cells[0])}: the file is damaged."
            )
    return cells


def _check_header(file: str, cells: list[list[str]], columns: tuple[Column, ...]) -> None:
    wanted = [c.name for c in columns]
    if cells[0] != wanted:
        lacking, extra = sorted(set(wanted) - set(cells[0])), sorted(set(cells[0]) - set(wanted))
        what = (f" It lacks {', '.join(map(repr, lacking))}." if lacking else "") + (
            f" It has {', '.join(map(repr, extra))} besides." if extra else ""
        )
        raise InputError(f"{file}, row 1: the columns are not those of this table in their order.{what}")


def _parse(file: str, cells: list[list[str]], columns: tuple[Column, ...], visits: list[str]) -> pd.DataFrame:
    """Turn text into typed columns; list every cell that cannot be read."""
    data: dict[str, object] = {}
    bad: list[str] = []
    body = pd.DataFrame(cells[1:], columns=cells[0], dtype=object)
    for c in columns:
        text = body[c.name]
        values, wrong = _read(c, text, visits)
        bad += [f"{file}, row {i + 2}, column {c.name!r}: {text[i]!r} is not allowed ({c.allowed})" for i in wrong]
        if not len(wrong):
            data[c.name] = values
    if bad:
        more = f"\n... and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        raise InputError("\n".join(bad[:_SHOWN]) + more)
    return pd.DataFrame(data)


def _read(column: Column, text: pd.Series, visits: list[str]) -> tuple[object, np.ndarray]:
    """Return typed values and the positions of cells that cannot be read."""
    if column.name == "visit":
        known = text.isin(visits)
        return pd.Categorical(text.where(known), categories=visits, ordered=True), np.flatnonzero(~known)
    if column.choices:
        known = text.isin(column.choices)
        return typed(column, text.where(known)), np.flatnonzero(~known)
    if column.kind == "flag":
        return (text == "True").to_numpy(), np.flatnonzero(~text.isin(["True", "False"]))
    if column.kind == "text":
        return typed(column, text.to_numpy(dtype=object)), np.flatnonzero(text == "")
    numbers = pd.to_numeric(text.where(text != "", None), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isfinite(numbers) & ~((text == "").to_numpy() & column.nullable)
    if column.kind == "whole":
        wrong |= np.isfinite(numbers) & (numbers != np.rint(numbers))
    positions = np.flatnonzero(wrong)
    return (None if len(positions) else typed(column, numbers)), positions


def check_sums(file: str, now: dict[str, Any], saved: dict[str, Any]) -> None:
    """Raise where the checksums of a table are not those it was saved with; name row and column where they tell."""
    if now == saved:
        return
    hint = "Restore the file, or load with allow_edits=True if the change is meant."
    if "file" in now:
        raise InputError(f"{file} was changed after saving. {hint}")
    rows, columns = saved.get("rows", []), saved.get("columns", {})
    if len(rows) != len(now["rows"]):
        raise InputError(f"{file} has {len(now['rows'])} rows of data, {len(rows)} were saved. {hint}")
    row = next((i + 2 for i, (a, b) in enumerate(zip(now["rows"], rows, strict=True)) if a != b), None)
    names = [name for name, value in now["columns"].items() if columns.get(name) != value]
    raise InputError(f"{file} was edited after saving: row {row}, column(s) {', '.join(map(repr, names))}. {hint}")


# --- Parquet ---------------------------------------------------------------------------------------------------


def file_sum(path: Path) -> dict[str, int]:
    """Checksum of a whole file, read in pieces."""
    total = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            total = zlib.crc32(piece, total)
    return {"file": total}


def _write_parquet(tables: dict[str, pd.DataFrame], folder: Path) -> dict[str, Any]:
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return {name: file_sum(folder / f"{name}.parquet") for name in tables}


def _read_parquet(folder: Path, visits: list[str]) -> Iterator[tuple[str, pd.DataFrame, dict[str, Any]]]:
    for name in TABLES:
        yield name, _read_one_parquet(folder, name, visits), file_sum(folder / f"{name}.parquet")


def _read_one_parquet(folder: Path, name: str, visits: list[str]) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{name}.parquet"
    try:
        raw = pq.read_table(path)
        frame = raw.to_pandas()
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing from {folder}: {_AGAIN}") from None
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path.name} cannot be read ({reason}): {_AGAIN}") from None
    columns = columns_of(name, frame.columns)
    _check_header(path.name, [list(frame.columns)], columns)
    data: dict[str, object] = {}
    wrong: list[str] = []
    for c in columns:
        try:
            data[c.name] = _as_typed(c, frame[c.name], visits)
        except (TypeError, ValueError) as error:
            wrong.append(f"{path.name}, column {c.name!r}: not of its type ({error}); allowed: {c.allowed}")
    if wrong:
        raise InputError("\n".join(wrong))
    return pd.DataFrame(data)


def _as_typed(c: Column, values: pd.Series, visits: list[str]) -> object:
    """Give a column read from Parquet its type, or refuse it."""
    if c.name == "visit" or c.choices:
        allowed = visits if c.name == "visit" else list(c.choices)
        if isinstance(values.dtype, pd.CategoricalDtype) and list(values.cat.categories) == allowed:
            return pd.Categorical.from_codes(values.cat.codes, categories=allowed, ordered=c.name == "visit")
        strange = sorted({str(v) for v in values.dropna().unique()} - set(allowed))
        if strange:
            raise ValueError(f"{strange[0]!r} is unknown")
        return pd.Categorical(values.astype(object), categories=allowed, ordered=c.name == "visit")
    if c.kind == "flag" and values.dtype != bool:
        raise TypeError(f"it holds {values.dtype}")
    if c.kind in ("whole", "number") and not pd.api.types.is_numeric_dtype(values.dtype):
        raise TypeError(f"it holds {values.dtype}")
    if c.kind == "whole" and not c.nullable and not pd.api.types.is_integer_dtype(values.dtype):
        raise TypeError(f"it holds {values.dtype}")
    return typed(c, values.array if c.kind == "text" or c.nullable else values.to_numpy())


# --- Excel -----------------------------------------------------------------------------------------------------


def _write_excel(tables: dict[str, pd.DataFrame], folder: Path) -> dict[str, Any]:
    longest = max(tables, key=lambda name: len(tables[name]))
    if len(tables[longest]) >= _EXCEL_ROWS:
        raise InputError(
            f"table {longest!r} has {len(tables[longest])} rows, an Excel sheet holds {_EXCEL_ROWS - 1}: save as "
            "'csv' or 'parquet'."
        )
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    about = book.create_sheet("about")
    about.append([NOTICE])
    for title, frame in {"dictionary": data_dictionary(), **tables}.items():
        sheet = book.create_sheet(title)
        sheet.append(list(frame.columns))
        columns = [frame[c].astype(object).where(frame[c].notna(), None).tolist() for c in frame]
        for row in zip(*columns, strict=True):
            sheet.append(row)
    book.save(folder / _BOOK)
    return {name: _sums(_split(_csv_text(frame))) for name, frame in tables.items()}


def _read_excel(folder: Path, visits: list[str]) -> Iterator[tuple[str, pd.DataFrame, dict[str, Any]]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    path = folder / _BOOK
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except FileNotFoundError:
        raise InputError(f"{_BOOK} is missing from {folder}: {_AGAIN}") from None
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise InputError(f"{_BOOK} cannot be read ({error}): {_AGAIN}") from None
    try:
        for name in TABLES:
            if name not in book.sheetnames:
                raise InputError(f"{_BOOK} has no sheet {name!r}: {_AGAIN}")
            rows = book[name].iter_rows(values_only=True)
            frame = _typed_sheet(
                f"{_BOOK}, sheet {name!r}", [[_cell_text(v) for v in row] for row in rows], name, visits
            )
            yield name, frame, _sums(_split(_csv_text(frame)))
    finally:
        book.close()


def _typed_sheet(place: str, cells: list[list[str]], name: str, visits: list[str]) -> pd.DataFrame:
    """Give the cells of a sheet their types; empty rows at its end are not rows."""
    while cells and not any(cells[-1]):
        cells.pop()
    if not cells:
        raise InputError(f"{place} is empty: {_AGAIN}")
    while cells[0] and not cells[0][-1]:
        cells[0].pop()
    width = len(cells[0])
    return _typed_table(place, [line[:width] + [""] * (width - len(line)) for line in cells], name, visits)


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


FORMATS = {
    "csv": Format("{}.csv", _write_csv, _read_csv),
    "parquet": Format("{}.parquet", _write_parquet, _read_parquet),
    "xlsx": Format(f"{_BOOK}, sheet {{!r}}", _write_excel, _read_excel),
}
