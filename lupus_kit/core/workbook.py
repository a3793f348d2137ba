"""The filled rows of the sheets of an Excel workbook, within limits: a small file can unpack to any size."""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.extras import need
from lupus_kit.core.text import lines, plural

#: Rows of an Excel sheet, header included.
EXCEL_ROWS = 1_048_576
# Bytes that a workbook may unpack to, and cells that its sheet may have.
_UNPACKED, _SHEET = 200_000_000, 50_000_000
#: The filled rows of a sheet, each with its number.
Rows = list[tuple[int, list[object]]]


def filled_rows(path: Path, sheets: Sequence[str]) -> tuple[list[str], dict[str, Rows]]:
    """Read the rows of sheets that are not empty.

    Parameters
    ----------
    path : pathlib.Path
        The ``.xlsx`` file.
    sheets : sequence of str
        Names of sheets; the first one if none is named.

    Returns
    -------
    names : list of str
        All sheets there are.
    found : dict of str to list
        By name of the sheet its rows with their numbers.

    Raises
    ------
    InputError
        If the workbook is damaged or too large, lacks a sheet, or a formula has no stored result.
    """
    names, found = _rows(path, sheets)
    _refuse_uncalculated(path, found)
    return names, found


def _rows(path: Path, sheets: Sequence[str], values: bool = True) -> tuple[list[str], dict[str, Rows]]:
    """Read the filled rows of sheets: their values, or the formulas behind them; name all sheets there are."""
    openpyxl = need("openpyxl", "files", "Reading an Excel file")
    found = {}
    with _workbook(path):
        book = openpyxl.load_workbook(path, read_only=True, data_only=values)
        names = list(book.sheetnames)
        wanted = list(sheets) or names[:1]
        for sheet in wanted:
            if sheet in names:
                book[sheet].reset_dimensions()  # what a file says of its own extent can be wrong, and be anything
                found[sheet] = _filled(book[sheet].iter_rows(values_only=True), f"{path.name}, sheet {sheet!r}")
        book.close()
    for sheet in wanted:
        require_choice("sheet", sheet, names)
    return names, found


@contextmanager
def _workbook(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the archive that a workbook is; say that it is too large unpacked, or damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
            if size > _UNPACKED or (size > _UNPACKED // 4 and size > 100 * path.stat().st_size):
                raise InputError(
                    f"{path.name} unpacks to {size // 1_000_000} MB, more than a workbook is read with "
                    f"({_UNPACKED // 1_000_000} MB, and no hundredfold): save the sheet as CSV or Parquet."
                )
            yield archive
    except (OSError, InputError):
        raise
    except Exception:  # whatever is damaged inside, openpyxl lets the error of its own parts through
        what = "not a readable .xlsx workbook (damaged, or protected by a password)"
        raise InputError(f"{path.name} is {what}: save it anew, or as CSV.") from None


def _filled(rows: Iterable[tuple[object, ...]], source: str) -> Rows:
    """Return the rows that are not empty, with their numbers."""
    kept, size = [], 0
    for number, row in enumerate(rows, 1):
        size += len(row)
        if size > _SHEET or number > EXCEL_ROWS:
            raise InputError(f"{source} has more than {_SHEET // 1_000_000} million cells: save it as CSV or Parquet.")
        if row.count(None) < len(row):
            kept.append((number, [*row]))
    return kept


def _refuse_uncalculated(path: Path, found: dict[str, Rows]) -> None:
    """Refuse formulas whose result is not stored: they would pass for empty cells."""
    with _workbook(path) as archive:
        parts = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        if not any(re.search(rb"<f[ >/]", archive.read(name)) for name in parts):
            return
    _, formulas = _rows(path, list(found), values=False)
    for sheet, rows in found.items():
        shown = dict(rows)
        without = [
            f"row {r}, column {c}: {formula}"
            for r, behind in formulas[sheet]
            for c, (value, formula) in enumerate(zip_longest(shown.get(r, []), behind), 1)
            if value is None and isinstance(formula, str) and formula.startswith("=")
        ]
        if without:
            found_in = f"{path.name}, sheet {sheet!r} has {plural(len(without), 'formula')} without a stored result"
            raise InputError(f"{found_in}; open the file in a spreadsheet program and save it:\n{lines(without)}")
