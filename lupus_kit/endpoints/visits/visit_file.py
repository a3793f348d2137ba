"""A visit file of a clinic or a trial, read strictly into the tables of the kit; bad cells are told together.

The way of a file: its cells as they stand (`read_table`) -> its layout undone, one row per patient and visit with the
kit's names and the cells as written (`recognise`, a `TidyTable` that knows where in the file each cell stands) -> the
columns read (`read_column`) -> patients, visits and weeks (`fill_keys`, `check_keys`) -> the visits that were made.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from lupus_kit.core.columns import BadCells, Column, fold, read_column
from lupus_kit.core.errors import InputError, require_choice, unknown_name
from lupus_kit.core.tables import RawTable, read_table
from lupus_kit.endpoints.bilag.grades import GRADE_COLUMNS
from lupus_kit.endpoints.pga import PGA_SCALES
from lupus_kit.endpoints.sledai.items import ITEM_IDS
from lupus_kit.endpoints.visits.file_columns import BY_NAME
from lupus_kit.endpoints.visits.file_keys import check_keys, fill_keys
from lupus_kit.endpoints.visits.keys import plain_keys, recorded_rows
from lupus_kit.endpoints.visits.layouts.one_row_a_test import TestCodes, read_test_codes
from lupus_kit.endpoints.visits.layouts.recognise import LAYOUTS, join_names, read_points, recognise, refuse_bare_ticks
from lupus_kit.endpoints.visits.missing_codes import MissingCodes, settle_codes
from lupus_kit.endpoints.visits.units import AS_ITS_LIMIT, FORM_UNITS, in_units, name_units, refuse_other_scale
from lupus_kit.endpoints.visits.windows import Plan, Windows, plan_visits

#: Columns of an empty file: enough for every endpoint.
TEMPLATE_COLUMNS = (
    "patient", "visit", "week", "arm", *ITEM_IDS, *GRADE_COLUMNS, "pga", "prednisone_mg_day", "rescue",
    "disallowed_medication", "withdrawn",
)  # fmt: skip
_TEMPLATE_WEEKS = ("baseline", "week12", "week24")


@dataclass(frozen=True)
class VisitFile:
    """What a visit file holds.

    Attributes
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, with the kit's own column names; the index is the row number in the file.
    source : str
        Name of the file.
    layout : str
        ``"long"``, ``"wide"`` or ``"tests"``.
    columns : pandas.DataFrame
        ``written`` (name or code in the file), ``name`` (in the kit) and ``week`` (of a wide column).
    ignored : tuple of str
        Columns, or tests, of the file that nothing reads.
    notes : tuple of str
        What was assumed while reading.
    left_out : pandas.DataFrame
        Rows that no planned visit takes (screening, unscheduled, outside a window), with a column ``why``.

    Examples
    --------
    >>> from lupus_kit import endpoints
    >>> read = endpoints.read_visit_file(endpoints.example_visit_file())
    >>> read.layout
    'long'
    >>> read.to_frame().equals(read.visits)
    True
    """

    visits: pd.DataFrame
    source: str
    layout: str
    columns: pd.DataFrame
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the visits."""
        return self.visits.copy()


def read_visit_file(
    path: str | Path | BinaryIO,
    *,
    layout: str = "auto",
    sheet: str | None = None,
    pga_scale: str = "0-3",
    planned: Plan = None,
    windows: Windows = None,
    screening: str = "apart",
    missing_codes: MissingCodes = None,
    codes: TestCodes = None,
    keep: Sequence[str] = (),
) -> VisitFile:
    """Read a file of visits.

    Parameters
    ----------
    path : str, pathlib.Path or binary stream
        A ``.csv`` (comma, semicolon or tab), ``.xlsx`` or ``.parquet`` file, or one of Stata (``.dta``), SPSS (``.sav``)
        or SAS (``.sas7bdat``, ``.xpt``); a stream, such as standard input, is CSV. Lines above the column names that
        begin with ``#`` are skipped. Names and cells that columns may have are in ``VISIT_FILE_COLUMNS``. An empty
        cell, ``NA``, ``ND``, ``not done`` and ``.`` mean "not recorded". A missing week is read from a visit name that
        says it (baseline, BL, week 12, day 85, month 3), a missing name is made from the week, and an arm is needed in one row
        only. A row that says nothing but who and when is a visit that was not made. An export of REDCap, two rows of
        names, decimal commas and items given as their points are recognised, and said in the notes.
    layout : {"auto", "long", "wide", "tests"}
        ``"long"``: one row per patient and visit. ``"wide"``: one row per patient, and columns such as
        ``sledai_baseline`` and ``pga_week12``. ``"tests"``: one row per patient, visit and test, as in SDTM and ADaM.
    sheet : str, optional
        Sheet of a workbook; the first one by default.
    pga_scale : {"0-3", "0-10", "0-100"}
        Scale on which PGA was recorded; it is not converted here.
    planned, windows, screening
        The planned weeks, how many days a visit may be away from them, and what becomes of visits before baseline; as
        in :func:`lupus_kit.endpoints.visits.windows.plan_visits`.
    missing_codes : str, number, sequence or mapping, optional
        Numbers that mean missing, such as ``"99,-9"``, ``[99]`` or ``{"sledai": 99}``, or ``"none"`` where every number
        is a value. Until this is said, a usual code that is no plausible value of its column is refused.
    codes : pandas.DataFrame, str or pathlib.Path, optional
        For one row a test: a table, or a file, with the columns ``code`` and ``column`` that says what each test is. An
        empty column is for a test that is not to be read. Usual codes that it does not name are guessed, and said.
    keep : sequence of str
        Columns of the file that the kit does not know and that are wanted all the same, such as strata: numbers where every cell
        is one, else words.

    Returns
    -------
    VisitFile
        The visits, and how the file was read.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, there twice or nearly misspelt, or cells are bad. Bad cells
        are listed with row, column, value and what is allowed, at most 20 of a kind.

    See Also
    --------
    score_visits, visit_template, example_visit_file, rescale_pga

    Examples
    --------
    >>> from lupus_kit.endpoints import example_visit_file, read_visit_file
    >>> read = read_visit_file(example_visit_file())
    >>> read.layout, read.visits["patient"].nunique()
    ('long', 12)
    """
    require_choice("layout", layout, LAYOUTS)
    require_choice("PGA scale", pga_scale, PGA_SCALES)
    source = Path(path) if isinstance(path, (str, Path)) else path
    if not hasattr(source, "read") and not isinstance(source, Path):
        raise InputError(f"path is {path!r}: give the name of a file, or a binary stream of CSV.")
    raw = read_table(source, sheet, header=join_names)
    wanted = _columns_to_keep(raw, keep)
    tidy = recognise(raw, layout, read_test_codes(codes))
    problems = BadCells(f"{tidy.source}; nothing was scored", tidy.place)
    tidy = read_points(tidy, problems)
    refuse_bare_ticks(tidy.cells, problems)
    columns = {name: _scaled(BY_NAME[name], pga_scale, tidy.cells[name]) for name in map(str, tidy.cells)}
    if tidy.layout == "wide":  # read from the names: screening without a number is before all weeks
        columns["week"] = replace(columns["week"], low=-math.inf, high=math.inf)
    cells, coded = settle_codes(tidy.cells, columns, missing_codes, problems)
    tidy = replace(tidy, cells=cells)
    table = {name: read_column(cells, name, column, problems) for name, column in columns.items()}
    where = {name: name for name in table}
    if tidy.layout == "wide":  # a visit has no cell of its own there: what is wrong with it is told of the patient
        where |= {"visit": "patient", "week": "patient"}
    named = fill_keys(tidy, table, where, problems)
    visits = pd.DataFrame({name: table[name] for name in BY_NAME if name in table}, index=cells.index)
    visits, left_out, planning = plan_visits(visits, planned, windows, screening)
    check_keys(visits, tidy, where, problems, left_out)
    problems.raise_if_any()
    if "arm" in visits:
        visits["arm"] = visits["arm"].fillna(visits.groupby("patient")["arm"].transform("first"))
    visits = visits[_made(visits)]
    for part in (visits, left_out):
        part.index = pd.Index(tidy.file_rows[cells.index.get_indexer(part.index)])
    visits, of_units = name_units(visits, pga_scale, tidy.source)
    visits = visits.sort_values(["patient", "week"], kind="stable")
    for name, written in wanted.items():
        words = pd.Series(read_column(raw.cells, written, Column(written, "text"), problems), raw.cells.index)
        numeric = pd.to_numeric(words, errors="coerce")
        visits[name] = (numeric if numeric.notna().eq(words.notna()).all() else words).reindex(visits.index)
    notes = (*tidy.notes, *coded, *named, *planning, *of_units)
    ignored = tuple(name for name in tidy.ignored if name not in wanted.values())
    return VisitFile(visits, tidy.source, tidy.layout, tidy.columns, ignored, notes, left_out)


def _columns_to_keep(raw: RawTable, keep: Sequence[str]) -> dict[str, str]:
    """Find each column that is wanted beside those of the kit: its name, and as it is written in the file."""
    written = {fold(str(name)): str(name) for name in raw.cells}
    if lacking := [name for name in keep if fold(name) not in written and name not in BY_NAME]:
        raise unknown_name("column", lacking[0], written.values())
    return {name: written[fold(name)] for name in keep if name not in BY_NAME}


def _made(visits: pd.DataFrame) -> pd.Series:
    """Find the visits that were made: a row that says nothing but who and when is none, as if it were not there.

    Baseline stays, and whatever would take a patient or a whole visit out of the table.
    """
    recorded = pd.Series(recorded_rows(visits), visits.index)
    for key in ("patient", "week"):
        recorded |= ~visits[key].isin(visits.loc[recorded, key])
    return recorded | (visits["week"] == 0)


def read_known(
    visits: pd.DataFrame, pga_scale: str = "0-3", missing_codes: MissingCodes = None, notes: list[str] | None = None
) -> pd.DataFrame:
    """Read the cells of a visit table as those of a file: every known column that holds more than plain numbers.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, with the kit's own column names.
    pga_scale : {"0-3", "0-10", "0-100"}
        Scale on which PGA was recorded.
    missing_codes
        As for :func:`read_visit_file`.
    notes : list of str, optional
        What was assumed is added here.

    Returns
    -------
    pandas.DataFrame
        The same rows; numbers and yes/no as numbers, measured columns under the names and in the units of the index forms,
        grades in capitals; patients, visits and arms without spaces around them.

    Raises
    ------
    InputError
        If cells are bad, or a whole column is in another unit or on another scale than is said.

    Examples
    --------
    >>> read_known(pd.DataFrame({"rescue": ["yes", "N"], "bilag_renal": ["a", "B "]})).to_numpy().tolist()
    [[1.0, 'A'], [0.0, 'B']]
    """
    problems = BadCells("the visit table")
    known = [name for name in visits.columns if name in BY_NAME and visits[name].ndim == 1]
    mine = {name: _scaled(BY_NAME[name], pga_scale, visits[name]) for name in known}
    visits, coded = settle_codes(visits, mine, missing_codes, problems)
    if notes is not None:
        notes += coded
    columns = {n: column for n, column in mine.items() if column.kind != "text" and _holds_words(visits[n])}
    refuse_bare_ticks(visits[[*columns]], problems)
    read = {name: read_column(visits, name, column, problems) for name, column in columns.items()}
    problems.raise_if_any()
    table = in_units(visits.assign(**read) if read else visits, FORM_UNITS | AS_ITS_LIMIT, "the visit table")
    refuse_other_scale(table, pga_scale, "the visit table")
    return plain_keys(table)


def _holds_words(column: pd.Series) -> bool:
    return column.dtype == object or isinstance(column.dtype, pd.StringDtype)


def _scaled(column: Column, pga_scale: str, cells: pd.Series) -> Column:
    if column.name != "pga":
        return column
    top = PGA_SCALES[pga_scale]
    too_short = pd.to_numeric(cells, errors="coerce").median() > top
    return replace(column, high=top, unit=f"(the scale {pga_scale}: pga_scale, --pga-scale)" * bool(too_short))


def visit_template(layout: str = "long") -> pd.DataFrame:
    """Return an empty visit table with the columns of a layout.

    Parameters
    ----------
    layout : {"long", "wide"}
        One row per visit, or one row per patient.

    Returns
    -------
    pandas.DataFrame
        No rows.

    See Also
    --------
    read_visit_file, score_visits, example_visit_file

    Examples
    --------
    >>> list(visit_template())[:4]
    ['patient', 'visit', 'week', 'arm']
    """
    require_choice("layout", layout, ("long", "wide"))
    if layout == "long":
        return pd.DataFrame(columns=list(TEMPLATE_COLUMNS))
    per_visit = [name for name in TEMPLATE_COLUMNS if name not in ("patient", "visit", "week", "arm")]
    return pd.DataFrame(columns=["patient", "arm", *(f"{n}_{when}" for when in _TEMPLATE_WEEKS for n in per_visit)])


def example_visit_file() -> Path:
    """Return the path of the example that comes with the kit: twelve invented patients, three visits.

    See Also
    --------
    read_visit_file, score_visits, visit_template

    Examples
    --------
    >>> example_visit_file().name
    'example_visits.csv'
    """
    return Path(__file__).with_name("data") / "example_visits.csv"
