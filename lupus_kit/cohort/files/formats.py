"""The tables of a cohort as CSV files, Parquet files or one Excel workbook, and back.

Every cell is read by the description of its column, so a cohort is equal after a round trip whatever the format.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from lupus_kit.cohort.columns import NOTICE, TABLES, CohortColumn, columns_of, data_dictionary, typed
from lupus_kit.core.columns import read_choices, read_column
from lupus_kit.core.errors import InputError
from lupus_kit.core.extras import need
from lupus_kit.core.problems import BadCells, raise_together
from lupus_kit.core.tables import RawTable, read_sheets, read_table
from lupus_kit.core.text import listing

FORMATS = ("csv", "parquet", "xlsx")
#: Rows of an Excel sheet, header included.
EXCEL_ROWS = 1_048_576
_BOOK = "cohort.xlsx"


def place(format: str) -> str:
    """Return how messages call the file of a table: a format string for its name."""
    return f"{_BOOK}, sheet {{!r}}" if format == "xlsx" else f"{{}}.{format}"


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path, format: str) -> dict[str, str]:
    """Write every table, and return one checksum for each."""
    if format == "xlsx":
        _write_excel(tables, folder / _BOOK)
    for name, frame in tables.items():
        if format == "csv":
            (folder / f"{name}.csv").write_bytes(_csv(frame))
        elif format == "parquet":
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    return {name: checksum(frame, folder, name, format) for name, frame in tables.items()}


def checksum(frame: pd.DataFrame, folder: Path, name: str, format: str) -> str:
    """Return the SHA-256 of the file of a table; of its cells where one workbook holds them all."""
    return hashlib.sha256(_csv(frame)).hexdigest() if format == "xlsx" else file_sum(folder / f"{name}.{format}")


def file_sum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_tables(folder: Path, format: str, visits: list[str]) -> dict[str, pd.DataFrame]:
    """Read every table.

    Parameters
    ----------
    folder : pathlib.Path
        Where the cohort was saved.
    format : str
        One of :data:`FORMATS`.
    visits : list of str
        The names of the visits in their order.

    Returns
    -------
    dict of str to pandas.DataFrame
        The tables with their types.

    Raises
    ------
    InputError
        If a file is missing or damaged, lacks columns, or has cells that are not allowed.
    """
    paths = {name: folder / (_BOOK if format == "xlsx" else f"{name}.{format}") for name in TABLES}
    for path in paths.values():
        if not path.is_file():
            raise InputError(f"{path.name} is missing from {folder}: save the cohort again.")
    if format == "xlsx":
        raw = read_sheets(folder / _BOOK, list(TABLES))
    else:
        raw = {name: read_table(path, empty=True) for name, path in paths.items()}
    problems = {name: BadCells(table.source) for name, table in raw.items()}
    tables = {name: _typed_table(name, table, visits, problems[name]) for name, table in raw.items()}
    raise_together(*problems.values())
    return tables


def _typed_table(name: str, raw: RawTable, visits: list[str], problems: BadCells) -> pd.DataFrame:
    columns = columns_of(name, raw.cells.columns)
    wanted, given = [column.name for column in columns], list(raw.cells.columns)
    if given != wanted:
        lacking, extra = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
        what = f" It lacks {listing(map(repr, lacking))}." if lacking else ""
        what += f" It has {listing(map(repr, extra))} besides." if extra else ""
        raise InputError(f"{raw.source}: the columns are not those of this table in their order.{what}")
    return pd.DataFrame({column.name: _read(raw.cells, column, visits, problems) for column in columns})


def _read(cells: pd.DataFrame, column: CohortColumn, visits: list[str], problems: BadCells) -> object:
    """Read a column and give it its type."""
    if column.name == "visit":
        column = replace(column, kind="choice", choices=tuple(visits))
    if column.kind == "choice":
        codes = read_choices(cells, column.name, column, problems)
        return pd.Categorical.from_codes(codes, categories=list(column.choices), ordered=column.name == "visit")
    values = read_column(cells, column.name, column, problems)
    return values if column.needed and pd.isna(values).any() else typed(column, values)


def _csv(frame: pd.DataFrame) -> bytes:
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")


def _write_excel(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    longest = max(tables, key=lambda name: len(tables[name]))
    if len(tables[longest]) >= EXCEL_ROWS:
        raise InputError(
            f"table {longest!r} has {len(tables[longest])} rows, an Excel sheet holds {EXCEL_ROWS - 1}: save as "
            "'csv' or 'parquet'."
        )
    book = need("openpyxl", "files", "Writing an Excel file").Workbook(write_only=True)
    book.create_sheet("about").append([NOTICE])
    for title, frame in {"dictionary": data_dictionary(), **tables}.items():
        sheet = book.create_sheet(title)
        sheet.append(list(frame.columns))
        columns = [frame[c].astype(object).where(frame[c].notna(), None).tolist() for c in frame]
        for row in zip(*columns, strict=True):
            sheet.append(row)
    book.save(path)
