"""A visit file of a clinic or a trial, read strictly into the tables of the kit; bad cells are told together."""

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, require_choice, slip_of
from lupus_kit.core.columns import fold, read_column
from lupus_kit.core.problems import Problems
from lupus_kit.core.tables import RawTable, read_table
from lupus_kit.endpoints.bilag.grades import GRADE_COLUMNS
from lupus_kit.endpoints.pga import PGA_SCALES
from lupus_kit.endpoints.sledai.items import ITEM_IDS
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED, BY_NAME, VisitColumn
from lupus_kit.endpoints.visits.file_keys import check_keys, fill_keys
from lupus_kit.endpoints.visits.keys import plain_keys
from lupus_kit.endpoints.visits.missing_codes import MissingCodes, read_codes, settle_codes
from lupus_kit.endpoints.visits.weeks import split_wide
from lupus_kit.endpoints.visits.windows import Plan, Windows, plan_visits, visit_names

#: The kit's name of each spelling of a column.
FOLDED_NAMES = {spelling: column.name for spelling, column in BY_FOLDED.items()}

LAYOUTS = ("auto", "long", "wide")

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
        ``"long"`` or ``"wide"``.
    columns : pandas.DataFrame
        ``written`` (name in the file), ``name`` (in the kit) and ``week`` (of a wide column).
    ignored : tuple of str
        Columns of the file that nothing reads.
    notes : tuple of str
        What was assumed while reading.
    left_out : pandas.DataFrame
        Rows that no planned visit takes (screening, unscheduled, outside a window), with a column ``why``.
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


@dataclass(frozen=True)
class _Mapped:
    written: str
    column: VisitColumn
    week: float | None = None


def read_visit_file(
    path: str | Path,
    *,
    layout: str = "auto",
    sheet: str | None = None,
    pga_scale: str = "0-3",
    planned: Plan = None,
    windows: Windows = None,
    screening: str = "apart",
    missing_codes: MissingCodes = None,
) -> VisitFile:
    """Read a file of visits.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.csv`` (comma, semicolon or tab; UTF-8), ``.xlsx`` or ``.parquet`` file. Lines above the column names that
        begin with ``#`` are skipped. Names and cells that columns may have are in ``VISIT_FILE_COLUMNS``. An empty
        cell, ``NA``, ``ND`` and ``.`` mean "not recorded". A missing week is read from a visit name that says it
        (baseline, BL, week 12, day 85, month 3), a missing name is made from the week, and an arm is needed in one row only.
    layout : {"auto", "long", "wide"}
        ``"long"``: one row per patient and visit. ``"wide"``: one row per patient, and columns such as
        ``sledai_baseline`` and ``pga_week12``.
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

    Returns
    -------
    VisitFile
        The visits, and how the file was read.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, there twice or nearly misspelt, or cells are bad. Bad cells
        are listed with row, column, value and what is allowed, at most 20 of a kind.

    Examples
    --------
    >>> from lupus_kit.endpoints import example_visit_file, read_visit_file
    >>> read = read_visit_file(example_visit_file())
    >>> read.layout, read.visits["patient"].nunique()
    ('long', 12)
    """
    require_choice("layout", layout, LAYOUTS)
    require_choice("PGA scale", pga_scale, PGA_SCALES)
    raw = read_table(Path(path), sheet)
    mapped, ignored, chosen, notes = _map_columns(raw, layout)
    problems = BadCells(f"{raw.source}; nothing was scored")
    columns_read = {one.written: _scaled(one.column, pga_scale) for one in mapped}
    cells, coded = settle_codes(raw.cells, columns_read, read_codes(missing_codes, FOLDED_NAMES), problems)
    raw = replace(raw, cells=cells, notes=(*raw.notes, *coded))
    values = {name: read_column(cells, name, column, problems) for name, column in columns_read.items()}
    lay_out = _from_wide if chosen == "wide" else _from_long
    visits, where = lay_out(raw, mapped, values, problems, notes)
    visits, left_out, planning = plan_visits(visits, planned, windows, screening)
    check_keys(visits, raw, where, problems, left_out)
    problems.raise_if_any()
    if "arm" in visits:
        visits["arm"] = visits["arm"].fillna(visits.groupby("patient")["arm"].transform("first"))
    visits = visits.sort_values(["patient", "week"], kind="stable")
    columns = pd.DataFrame([(m.written, m.column.name, m.week) for m in mapped], columns=["written", "name", "week"])
    return VisitFile(visits, raw.source, chosen, columns, tuple(ignored), (*raw.notes, *notes, *planning), left_out)


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
        The same rows; numbers and yes/no as numbers, grades in capitals; patients, visits and arms without
        spaces around them.

    Raises
    ------
    InputError
        If cells are bad.

    Examples
    --------
    >>> read_known(pd.DataFrame({"rescue": ["yes", "N"], "bilag_renal": ["a", "B "]})).to_numpy().tolist()
    [[1.0, 'A'], [0.0, 'B']]
    """
    problems = BadCells("the visit table")
    mine = {
        n: _scaled(BY_NAME[n], pga_scale) for n in visits.columns if n in BY_NAME and isinstance(visits[n], pd.Series)
    }
    visits, coded = settle_codes(visits, mine, read_codes(missing_codes, FOLDED_NAMES), problems)
    if notes is not None:
        notes += coded
    known = [BY_NAME[name] for name in visits.columns if name in BY_NAME and _holds_words(visits[name])]
    columns = [column for column in known if column.kind != "text"]
    read = {c.name: read_column(visits, c.name, _scaled(c, pga_scale), problems) for c in columns}
    problems.raise_if_any()
    return plain_keys(visits.assign(**read) if read else visits)


def _holds_words(column: pd.Series | pd.DataFrame) -> bool:
    return isinstance(column, pd.Series) and (column.dtype == object or isinstance(column.dtype, pd.StringDtype))


def _scaled(column: VisitColumn, pga_scale: str) -> VisitColumn:
    return replace(column, high=PGA_SCALES[pga_scale]) if column.name == "pga" else column


def _map_columns(raw: RawTable, layout: str) -> tuple[list[_Mapped], list[str], str, list[str]]:
    """Give every column of the file its place, or list what is wrong with the names."""
    names = [str(name) for name in raw.cells.columns]
    straight = {name: BY_FOLDED[fold(name)] for name in names if fold(name) in BY_FOLDED}
    notes: list[str] = []
    suffixed, unclear = split_wide((name for name in names if name not in straight), notes)
    here = {column.name for column in straight.values()}
    if layout == "auto":
        layout = "wide" if suffixed and not here & {"visit", "week", "day"} else "long"
    problems = Problems(f"the column names of {raw.source}; nothing was scored")
    mapped = [_Mapped(name, column) for name, column in straight.items()]
    if layout == "wide":
        mapped += [_Mapped(name, column, week) for name, (column, week) in suffixed.items()]
        for name, column in straight.items():
            if column.name not in ("patient", "arm"):
                problems.note(f"{name!r}: in the wide layout its name needs a visit, such as {name}_week12")
        if not suffixed:
            problems.note("no column names its visit, such as sledai_baseline or pga_week12")
    else:
        for name in suffixed:
            problems.note(f"{name!r}: a visit in the name belongs to the wide layout")
        if not here & {"visit", "week", "day"}:
            problems.note("there is no column 'visit' or 'week'")
    for name in unclear:
        problems.note(f"{name!r}: its visit is not surely one week; write it like sledai_week12 or sledai_day85")
    if "patient" not in here:
        problems.note("there is no column 'patient'")
    seen: dict[tuple[str, float | None], str] = {}
    for m in mapped:
        first = seen.setdefault((m.column.name, m.week), m.written)
        if first != m.written:
            problems.note(f"{m.written!r} and {first!r} both mean {m.column.name!r}: keep one")
    ignored = [name for name in names if name not in straight and name not in suffixed]
    for name in ignored:
        slip = slip_of(name, BY_FOLDED)
        if slip and BY_FOLDED[slip].name not in here:
            meant = BY_FOLDED[slip].name
            problems.note(
                f"{name!r} would be ignored; did you mean {meant!r}? Rename it, or give it a clearly different name"
            )
    problems.raise_if_any()
    return mapped, ignored, layout, notes


def _from_long(
    raw: RawTable, mapped: list[_Mapped], values: dict[str, np.ndarray], problems: BadCells, notes: list[str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Put the columns side by side; a missing week or visit name is made from the other."""
    where = {m.column.name: m.written for m in mapped}
    table = {m.column.name: values[m.written] for m in mapped}
    notes += fill_keys(raw, table, where, problems)
    return pd.DataFrame({name: table[name] for name in BY_NAME if name in table}, index=raw.cells.index), where


def _from_wide(
    raw: RawTable, mapped: list[_Mapped], values: dict[str, np.ndarray], problems: BadCells, notes: list[str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Stack the visits; a visit of which a patient has no cell at all is not a row, unless it is baseline."""
    by_patient = {m.column.name: m.written for m in mapped if m.week is None}
    own = pd.DataFrame({name: values[written] for name, written in by_patient.items()}, index=raw.cells.index)
    parts = []
    for week in sorted({m.week for m in mapped if m.week is not None}):
        here = {m.column.name: values[m.written] for m in mapped if m.week == week}
        part = own.assign(**here, week=week)
        recorded = part[list(here)].notna().any(axis=1) | (week == 0)
        parts.append(part[recorded])
    table = pd.concat(parts)
    table["visit"] = visit_names(table["week"].to_numpy())
    where = by_patient | dict.fromkeys(("visit", "week"), by_patient["patient"])
    return table[[name for name in BY_NAME if name in table]], where


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

    Examples
    --------
    >>> list(visit_template())[:4]
    ['patient', 'visit', 'week', 'arm']
    """
    require_choice("layout", layout, LAYOUTS[1:])
    if layout == "long":
        return pd.DataFrame(columns=list(TEMPLATE_COLUMNS))
    per_visit = [name for name in TEMPLATE_COLUMNS if name not in ("patient", "visit", "week", "arm")]
    return pd.DataFrame(columns=["patient", "arm", *(f"{n}_{when}" for when in _TEMPLATE_WEEKS for n in per_visit)])


def example_visit_file() -> Path:
    """Return the path of the example that comes with the kit: twelve invented patients, three visits.

    Examples
    --------
    >>> example_visit_file().name
    'example_visits.csv'
    """
    return Path(str(resources.files("lupus_kit.endpoints.visits").joinpath("data", "example_visits.csv")))
