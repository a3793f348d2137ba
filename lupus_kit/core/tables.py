"""A file as a table of cells, with the row numbers that its user sees; no cell is interpreted.

Text (CSV), Excel, Parquet, and the files of Stata, SPSS and SAS.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from lupus_kit.core.columns import is_missing
from lupus_kit.core.csv_text import csv_text
from lupus_kit.core.errors import InputError
from lupus_kit.core.extras import need
from lupus_kit.core.files import require_file, within
from lupus_kit.core.text import lines, listing, plural
from lupus_kit.core.workbook import Rows, filled_rows

# Lines above the names of the columns: comments, and the line in which Excel says the separator.
_ABOVE = re.compile(r"#|\"?sep=.?\"?\s*$", re.IGNORECASE)
_DELIMITERS = ",;\t|"
#: Files of statistics programs: what writes them, and the function of pyreadstat that reads them.
_STATISTICS = {
    ".dta": ("Stata", "read_dta"), ".sav": ("SPSS", "read_sav"), ".zsav": ("SPSS", "read_sav"),
    ".sas7bdat": ("SAS", "read_sas7bdat"), ".xpt": ("SAS transport", "read_xport"),
}  # fmt: skip
# What a table may have: bytes of a text, and cells in all.
_TEXT, _CELLS = 500_000_000, 200_000_000
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", *_STATISTICS)
#: How files begin that often stand under another ending, and the way out.
_DISGUISES = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls), or one protected by a password: save it as .xlsx without one"),
    (b"<", "a web page or XML, whatever its ending says: open it in a spreadsheet program and save it as .xlsx or CSV"),
)
#: Joins two rows of names to one; None where the second row is no row of names.
Header = Callable[[list[str], list[object]], list[str] | None]
_STREAM = "standard input"
_WANTED = "a row of column names and at least one row below it are needed"


@dataclass(frozen=True)
class RawTable:
    """The cells of a file.

    Attributes
    ----------
    cells : pandas.DataFrame
        The column names as written; the index is the row number that the user sees.
    source : str
        Name of the file, and of the sheet.
    notes : tuple of str
        What was assumed while reading.
    labels : mapping
        By column the texts that a file of a statistics program gives to its values.
    titles : mapping
        By column the longer name that such a file gives to it.
    written : mapping
        By column its name in the file, where a later step has given it another.
    """

    cells: pd.DataFrame
    source: str
    notes: tuple[str, ...] = ()
    labels: Mapping[str, Mapping[object, str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)


def read_table(
    path: Path | BinaryIO, sheet: str | None = None, *, empty: bool = False, header: Header | None = None
) -> RawTable:
    """Read a file without interpreting a single cell.

    Parameters
    ----------
    path : pathlib.Path or binary stream
        A ``.csv``, ``.tsv`` or ``.txt`` file (comma, semicolon, tab or bar; UTF-8, UTF-16 or Windows-1252), ``.xlsx``,
        ``.parquet``, or a file of Stata (``.dta``), SPSS (``.sav``) or SAS (``.sas7bdat``, ``.xpt``); a stream, such as
        standard input, is text. Lines above the column names that begin with ``#``, and empty rows, are skipped.
    sheet : str, optional
        Sheet of a workbook; the first one by default.
    empty : bool
        Whether a table without a row below its column names is one.
    header : callable, optional
        Makes one row of names of the first two rows, or says with None that the second is no row of names.

    Returns
    -------
    RawTable
        Texts from a text file; what is stored in the others.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, is damaged, or holds no row.
    """
    if isinstance(path, Path):
        raw = _read_path(path, sheet, header)
    else:
        raw = _read_text(within(path, _TEXT, _STREAM, "a table that is read whole"), _STREAM, header)
    if not len(raw.cells) and not empty:
        raise InputError(f"{raw.source} holds no row: {_WANTED}.")
    return raw


def _read_path(path: Path, sheet: str | None, header: Header | None) -> RawTable:
    there = False
    with suppress(OSError):  # too long a name, for example
        there = path.exists()
    if not there:
        raise InputError(f"there is no file {str(path)!r}.")
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder: name a file.")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        way_out = "; save it as .xlsx or CSV" if suffix in (".xls", ".xlsb", ".xlsm", ".ods", ".numbers") else ""
        ending = suffix or "nothing"
        raise InputError(f"{path.name} ends in {ending}: tables are read from {', '.join(SUFFIXES)}{way_out}.")
    if sheet is not None and suffix != ".xlsx":
        raise InputError(f"a sheet is named ({sheet!r}), but {path.name} is not an Excel file.")
    try:
        text = suffix not in (".xlsx", ".parquet", *_STATISTICS)
        require_file(path, "a table")
        with path.open("rb") as file:  # of a workbook the beginning; the other libraries know what they read
            whole = within(file, _TEXT, path.name, "a table that is read whole") if text else b""
            content = file.read(512) if suffix == ".xlsx" else whole
        for start, what in _DISGUISES:
            if content.lstrip().startswith(start):
                raise InputError(f"{path.name} is {what}.")
        if suffix == ".xlsx":
            if not content:
                raise InputError(f"{path.name} is empty: {_WANTED}.")
            (raw,) = read_sheets(path, [sheet] if sheet else [], header).values()
        elif suffix == ".parquet":
            raw = _read_parquet(path)
        elif suffix in _STATISTICS:
            raw = _read_statistics(path)
        else:
            raw = _read_text(content, path.name, header)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None
    return raw


def write_table(table: pd.DataFrame, suffix: str, sheet: str = "Sheet1") -> bytes:
    r"""Turn a table into the bytes of a ``.csv`` or ``.xlsx`` file.

    Examples
    --------
    >>> write_table(pd.DataFrame({"week": [0, 12]}), ".csv")
    b'week\n0\n12\n'
    """
    if suffix == ".xlsx":
        need("openpyxl", "files", "Writing an Excel file")
        stream = io.BytesIO()
        table.to_excel(stream, index=False, sheet_name=sheet)
        return stream.getvalue()
    if suffix != ".csv":
        raise InputError(f"a table is written as .csv or .xlsx, not as {suffix or 'a file without an ending'}.")
    return csv_text(table).encode("utf-8")


# --- text ---------------------------------------------------------------------------------------------------------


def _read_text(content: bytes, name: str, header: Header | None) -> RawTable:
    text, notes = _decoded(content, name)
    plain = _plain_table(text)
    if plain is not None:
        return _named(plain[1], plain[0], name, notes, header)
    rows, delimiter = _records(text, name)
    if not rows:
        raise InputError(f"{name} is empty: {_WANTED}.")
    names = rows[0][1]
    uneven = [f"row {number}: {len(row)}" for number, row in rows[1:] if len(row) != len(names)]
    if uneven:
        than = f"another number of cells than the {plural(len(names), 'column name')}: {listing(uneven)}"
        raise InputError(f"{name} has rows with {than}. A cell that holds {delimiter!r} needs quotes.")
    cells = pd.DataFrame([row for _, row in rows[1:]], index=[number for number, _ in rows[1:]], dtype=object)
    return _named(cells, names, name, notes, header)


def _plain_table(text: str) -> tuple[list[str], pd.DataFrame] | None:
    """Read text without quotation marks and with equally many cells in every row at once; None for other text."""
    lines = text.replace("\r\n", "\n").split("\n")
    top = next((k for k, line in enumerate(lines) if line.strip() and not _ABOVE.match(line)), None)
    if top is None or '"' in text or any("\r" in line for line in lines):
        return None
    delimiter = max(_DELIMITERS, key=lines[top].count)
    blank = f"{delimiter} \t\f\v"
    rows = {number: line for number, line in enumerate(lines[top + 1 :], top + 2) if line.strip(blank)}
    names = lines[top].split(delimiter)
    if not rows or any(line.count(delimiter) != len(names) - 1 for line in rows.values()):
        return None
    texts = {str(k): pyarrow.string() for k in range(len(names))}
    table = pyarrow.csv.read_csv(
        io.BytesIO("\n".join(rows.values()).encode()),
        read_options=pyarrow.csv.ReadOptions(column_names=[*texts]),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
        convert_options=pyarrow.csv.ConvertOptions(column_types=texts, strings_can_be_null=False),
    )
    cells = np.array([column.to_numpy() for column in table.columns], dtype=object).T
    return names, pd.DataFrame(cells, index=list(rows), dtype=object)


def _decoded(content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Decode text: UTF-8, UTF-16 with its mark, else Windows-1252, which holds Latin-1."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16"), ("Read as UTF-16 text.",)
        except UnicodeDecodeError:
            raise InputError(f"{name} is UTF-16 text, but damaged: save it as UTF-8 (in Excel: CSV UTF-8).") from None
    if re.search(rb"[\x00-\x08\x0e-\x1f]", content):
        raise InputError(f"{name} is not a text file: save it as CSV (UTF-8), .xlsx or .parquet.")
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
    try:
        note = f"Not UTF-8 text (line {line}), so read as Windows-1252: look whether names with accents are right."
        return content.decode("cp1252"), (note,)
    except UnicodeDecodeError:
        raise InputError(f"{name}, line {line}: not UTF-8 text. Save it as UTF-8 (in Excel: CSV UTF-8).") from None


def _records(text: str, name: str) -> tuple[list[tuple[int, list[str]]], str]:
    """Split CSV into records with their row numbers; a cell with line breaks is one row, as a spreadsheet shows it."""
    stream = io.StringIO(text, newline="")
    skipped, header = 0, ""
    for header in stream:
        if header.strip() and not _ABOVE.match(header):
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
        way_out = "Look there for a quotation mark that is not closed"
        raise InputError(f"{name} cannot be read as CSV: row {number + 1}: {error}. {way_out}.") from None
    return rows, delimiter


# --- Excel --------------------------------------------------------------------------------------------------------


def read_sheets(path: Path, sheets: Sequence[str] = (), header: Header | None = None) -> dict[str, RawTable]:
    """Read several sheets of a workbook at once; the first one if none is named.

    Parameters
    ----------
    path : pathlib.Path
        The ``.xlsx`` file.
    sheets : sequence of str
        Names of sheets.
    header : callable, optional
        As for :func:`read_table`.

    Returns
    -------
    dict of str to RawTable
        By name of the sheet.

    Raises
    ------
    InputError
        If the workbook cannot be read, lacks a sheet, or a formula has no stored result.
    """
    names, found = filled_rows(path, sheets)
    return {sheet: _sheet_table(path, sheet, rows, [] if sheets else names, header) for sheet, rows in found.items()}


def _sheet_table(path: Path, sheet: str, filled: Rows, names: list[str], header: Header | None) -> RawTable:
    while filled and str(next(cell for cell in filled[0][1] if cell is not None)).startswith("#"):
        del filled[0]
    source = f"{path.name}, sheet {sheet!r}"
    if not filled:
        raise InputError(f"{source} is empty: {_WANTED}.")
    first = filled[0][1]
    # A merged cell keeps its text in its first column: the second row tells how far it reaches.
    width = max(k + 1 for _, row in filled[: 2 if header else 1] for k, cell in enumerate(row) if cell is not None)
    beside = [
        f"row {number}, column {width + k}: {cell!r}"
        for number, row in filled
        for k, cell in enumerate(row[width:], 1)
        if cell is not None
    ]
    if beside:
        raise InputError(f"{source} has cells in columns without a name. Name these, or delete them:\n{lines(beside)}")
    body = [(row + [None] * width)[:width] for _, row in filled[1:]]  # openpyxl may leave out empty cells at the end
    cells = pd.DataFrame(body, index=[number for number, _ in filled[1:]], dtype=object)
    others = [repr(name) for name in names if name != sheet]
    notes = (f"read sheet {sheet!r}; not {', '.join(others)}",) if others else ()
    written = ["" if cell is None else str(cell) for cell in (first + [None] * width)[:width]]
    return _named(cells, written, source, notes, header)


# --- Parquet ------------------------------------------------------------------------------------------------------


def _read_parquet(path: Path) -> RawTable:
    try:
        about = pyarrow.parquet.read_metadata(path)
        _require_room(path, about.num_rows, about.num_columns)
        table = pd.read_parquet(path)
    except Exception as error:
        # Whatever is damaged inside, pandas lets the error of its own reading of the schema through.
        if isinstance(error, InputError) or getattr(error, "errno", None):
            raise
        raise InputError(f"{path.name} is not a readable Parquet file (damaged, or something else).") from None
    if table.index.names != [None]:
        table = table.reset_index()  # pandas writes a named index as columns of its own
    return _named(table.set_axis(np.arange(1, len(table) + 1)), [str(name) for name in table.columns], path.name)


def _require_room(path: Path, rows: int | None, columns: int) -> None:
    """Refuse a table whose cells memory may not hold; a file of some bytes can say that it has any number."""
    if (rows or 0) * columns > _CELLS:
        raise InputError(
            f"{path.name} has {rows:,} rows of {columns:,} columns, more than {_CELLS // 1_000_000} million cells: "
            "keep the columns and rows that are needed."
        )


# --- Stata, SPSS, SAS ---------------------------------------------------------------------------------------------


def _read_statistics(path: Path) -> RawTable:
    """Read a file of a statistics program; its rows have numbers, and no row of names above them."""
    program, reader = _STATISTICS[path.suffix.lower()]
    pyreadstat = need("pyreadstat", "files", f"Reading a {program} file")
    try:
        read = getattr(pyreadstat, reader)
        _, about = read(str(path), metadataonly=True)
        _require_room(path, about.number_rows, about.number_columns)
        table, about = read(str(path))
    except InputError:
        raise
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, ValueError):
        raise InputError(f"{path.name} is not a readable {program} file (damaged, or of another program).") from None
    names = [str(name) for name in table.columns]
    raw = _named(table.set_axis(np.arange(1, len(table) + 1)), names, path.name)
    titles = {name: title for name, title in about.column_names_to_labels.items() if title}
    return replace(raw, labels=about.variable_value_labels, titles=titles)


# --- names --------------------------------------------------------------------------------------------------------


def _named(
    cells: pd.DataFrame, names: list[str], source: str, notes: tuple[str, ...] = (), header: Header | None = None
) -> RawTable:
    """Attach the names as written; a column without a name must be empty, and none may stand there twice."""
    joined = header(names, cells.iloc[0].tolist()) if header and len(cells) else None
    if joined is not None:
        names, cells, notes = joined, cells.iloc[1:], (*notes, "The first two rows were read as one row of names.")
    written = [name.strip() for name in names]
    # A text file without rows has told pandas nothing of its columns.
    every = range(len(written))
    cells = pd.DataFrame(cells, columns=every) if cells.empty else cells.set_axis(every, axis=1)
    kept = [k for k, name in enumerate(written) if name]
    for k in set(cells.columns).difference(kept):
        if not cells[k].map(is_missing).all():
            raise InputError(f"{source}: column {k + 1} has cells but no name. Name it, or delete it.")
    twice = sorted({written[k] for k in kept if written.count(written[k]) > 1})
    if twice:
        raise InputError(f"{source} has these columns more than once: {listing(map(repr, twice))}. Keep one of each.")
    return RawTable(cells[kept].set_axis([written[k] for k in kept], axis=1), source, notes)
