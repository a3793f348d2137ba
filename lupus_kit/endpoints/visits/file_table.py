"""Reading a file of visits as it stands: cells, column names as written, and the row numbers that its user sees."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, unknown_name

_DELIMITERS = ",;\t|"
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")


@dataclass(frozen=True)
class RawTable:
    """The cells of a file.

    Attributes
    ----------
    cells : pandas.DataFrame
        Objects, with the column names as written; the index is the row number that the user sees.
    source : str
        Name of the file, and of the sheet.
    notes : tuple of str
        What was assumed while reading.
    """

    cells: pd.DataFrame
    source: str
    notes: tuple[str, ...] = ()


def read_raw(path: Path, sheet: str | None = None) -> RawTable:
    """Read CSV, Excel or Parquet without interpreting a single cell."""
    if not path.exists():
        raise InputError(f"there is no file {str(path)!r}.")
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder: name a file.")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path.name} ends in {suffix or 'nothing'}: visits are read from {', '.join(SUFFIXES)}.")
    if sheet is not None and suffix != ".xlsx":
        raise InputError(f"a sheet is named ({sheet!r}), but {path.name} is not an Excel file.")
    try:
        if suffix == ".xlsx":
            raw = _excel(path, sheet)
        elif suffix == ".parquet":
            raw = _parquet(path)
        else:
            raw = _text(path)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None
    if raw.cells.empty:
        raise InputError(
            f"{raw.source} holds no visit: a row of column names and at least one row below it are needed."
        )
    return raw


def _text(path: Path) -> RawTable:
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path.name} is UTF-16 text: save it as UTF-8 (in Excel: CSV UTF-8).")
    if b"\0" in content[:4096]:
        raise InputError(f"{path.name} is not a text file: save it as CSV (UTF-8), .xlsx or .parquet.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{path.name}, line {line}: not UTF-8 text. Save it as UTF-8 (in Excel: CSV UTF-8).") from None
    rows, delimiter = _records(text, path.name)
    if not rows:
        raise InputError(f"{path.name} is empty: a row of column names and at least one row below it are needed.")
    names = rows[0][1]
    uneven = [f"row {line}: {len(row)}" for line, row in rows[1:] if len(row) != len(names)]
    if uneven:
        more = f" and {len(uneven) - 12} more" if len(uneven) > 12 else ""
        raise InputError(
            f"{path.name} has rows with another number of cells than the {len(names)} column names: "
            f"{', '.join(uneven[:12])}{more}. A cell that holds {delimiter!r} needs quotes."
        )
    cells = pd.DataFrame([row for _, row in rows[1:]], index=[line for line, _ in rows[1:]], dtype=object)
    return _named(cells, names, path.name)


def _records(text: str, name: str) -> tuple[list[tuple[int, list[str]]], str]:
    """Split CSV into records with their row numbers; a cell with line breaks is one row, as a spreadsheet shows it."""
    stream = io.StringIO(text, newline="")
    skipped, header = 0, ""
    for header in stream:
        if header.strip() and not header.startswith("#"):
            break
        skipped += 1
    else:
        return [], ""
    delimiter = max(_DELIMITERS, key=header.count)
    # Strict: a quotation mark that is never closed would swallow every later row.
    reader = csv.reader(chain([header], stream), delimiter=delimiter, strict=True)
    rows, number = [], skipped
    try:
        for number, row in enumerate(reader, skipped + 1):
            if any(map(str.strip, row)):
                rows.append((number, row))
    except csv.Error as error:
        raise InputError(
            f"{name} cannot be read as CSV: row {number + 1}: {error}. Look there for a quotation mark that is not closed."
        ) from None
    return rows, delimiter


def _excel(path: Path, sheet: str | None) -> RawTable:
    names, chosen, rows = _sheet(path, sheet)
    _refuse_uncalculated(path, chosen, rows)
    start = next((k for k, row in enumerate(rows) if _first(row) and not str(_first(row)).startswith("#")), len(rows))
    if start == len(rows):
        raise InputError(f"{path.name}, sheet {chosen!r} is empty.")
    width = max((k + 1 for k, cell in enumerate(rows[start]) if cell is not None), default=0)
    body = [(k + 1, row[:width]) for k, row in enumerate(rows) if k > start and any(cell is not None for cell in row)]
    cells = pd.DataFrame([row for _, row in body], index=[k for k, _ in body], dtype=object)
    others = [name for name in names if name != chosen]
    notes = (f"read sheet {chosen!r}; not {', '.join(map(repr, others))}",) if others and sheet is None else ()
    header = ["" if cell is None else str(cell) for cell in rows[start][:width]]
    return _named(cells, header, f"{path.name}, sheet {chosen!r}", notes)


def _sheet(path: Path, sheet: str | None, values: bool = True) -> tuple[list[str], str, list[list[object]]]:
    """Read the cells of one sheet: their values, or the formulas behind them."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=values)
        names = list(book.sheetnames)
        chosen = sheet or names[0]
        rows = [list(row) for row in book[chosen].iter_rows(values_only=True)] if chosen in names else []
        book.close()
    except OSError:
        raise
    except Exception:  # whatever is damaged inside, openpyxl lets the error of its own parts through
        raise InputError(
            f"{path.name} is not a readable .xlsx workbook (damaged, or protected by a password): save it anew, or as CSV."
        ) from None
    if chosen not in names:
        raise unknown_name("sheet", chosen, names)
    return names, chosen, rows


def _refuse_uncalculated(path: Path, sheet: str, rows: list[list[object]]) -> None:
    """Refuse formulas whose result is not stored: they would pass for empty cells."""
    with zipfile.ZipFile(path) as archive:
        parts = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        if not any(re.search(rb"<f[ >/]", archive.read(name)) for name in parts):
            return
    _, _, formulas = _sheet(path, sheet, values=False)
    empty = [
        f"row {r}, column {c}: {formula}"
        for r, (shown, behind) in enumerate(zip(rows, formulas, strict=True), 1)
        for c, (value, formula) in enumerate(zip(shown, behind, strict=True), 1)
        if value is None and isinstance(formula, str) and formula.startswith("=")
    ]
    if empty:
        raise InputError(
            f"{path.name}, sheet {sheet!r} has {len(empty)} formula(s) without a stored result; open the file in a "
            "spreadsheet program and save it:\n" + "\n".join(empty)
        )


def _first(row: list[object]) -> object:
    return next((cell for cell in row if cell is not None), None)


def _parquet(path: Path) -> RawTable:
    import pyarrow as pa

    try:
        table = pd.read_parquet(path)
        if table.index.names != [None]:
            table = table.reset_index()  # pandas writes a named index as columns of its own
    except (pa.ArrowException, ValueError):
        raise InputError(f"{path.name} is not a readable Parquet file.") from None
    cells = table.reset_index(drop=True).astype(object)
    cells = cells.where(table.notna().to_numpy(), None)
    cells.index = np.arange(1, len(cells) + 1)
    return _named(cells, [str(name) for name in table.columns], path.name)


def _named(cells: pd.DataFrame, names: list[str], source: str, notes: tuple[str, ...] = ()) -> RawTable:
    """Attach the names as written; a column without a name must be empty, and none may stand there twice."""
    written = [name.strip() for name in names]
    if not len(cells):
        return RawTable(pd.DataFrame(columns=written), source, notes)
    cells = cells.set_axis(range(len(written)), axis=1)
    nameless = [k for k, name in enumerate(written) if not name]
    for k in nameless:
        if cells[k].map(lambda cell: cell is not None and str(cell).strip() != "").any():
            raise InputError(f"{source}: column {k + 1} has cells but no name. Name it, or delete it.")
    kept = [k for k, name in enumerate(written) if name]
    twice = sorted({written[k] for k in kept if written.count(written[k]) > 1})
    if twice:
        raise InputError(f"{source} has these columns more than once: {', '.join(map(repr, twice))}. Keep one of each.")
    return RawTable(cells[kept].set_axis([written[k] for k in kept], axis=1), source, notes)
