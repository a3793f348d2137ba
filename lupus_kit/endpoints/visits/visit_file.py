"""A visit file of a clinic or a trial: read strictly, with every bad cell listed, into the tables of the kit."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, require_choice
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.bilag.grades import GRADE_COLUMNS
from lupus_kit.endpoints.sledai.items import ITEM_IDS
from lupus_kit.endpoints.visits.file_cells import read_cells
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED, BY_NAME, FileColumn, fold, split_wide
from lupus_kit.endpoints.visits.file_keys import check_keys, fill_keys, visit_names
from lupus_kit.endpoints.visits.file_table import RawTable, read_raw

LAYOUTS = ("auto", "long", "wide")
PGA_TOPS = {"0-3": 3, "0-10": 10, "0-100": 100}

#: Columns of an empty file: enough for every endpoint.
TEMPLATE_COLUMNS = (
    "patient", "visit", "week", "arm", *ITEM_IDS, *GRADE_COLUMNS, "pga", "prednisone_mg_day", "rescue",
    "disallowed_medication", "withdrawn",
)  # fmt: skip
_TEMPLATE_WEEKS = ("baseline", "week12", "week24")

#: How near a name must be to a known one before it is taken for a slip of the pen.
_SLIP = 0.85


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
    """

    visits: pd.DataFrame
    source: str
    layout: str
    columns: pd.DataFrame
    ignored: tuple[str, ...]
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the visits."""
        return self.visits.copy()


@dataclass(frozen=True)
class _Mapped:
    written: str
    column: FileColumn
    week: float | None = None


def read_visit_file(
    path: str | Path, *, layout: str = "auto", sheet: str | None = None, pga_scale: str = "0-3"
) -> VisitFile:
    """Read a file of visits.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.csv`` (comma, semicolon or tab; UTF-8), ``.xlsx`` or ``.parquet`` file. Lines above the column names that
        begin with ``#`` are skipped. Column names are forgiving, see ``VISIT_FILE_COLUMNS``; cells are not. An empty
        cell, ``NA``, ``ND`` and ``.`` mean "not recorded". A missing week is read from a visit name that says it
        (baseline, BL, day 0, week 12), a missing name is made from the week, and an arm is needed in one row only.
    layout : {"auto", "long", "wide"}
        ``"long"``: one row per patient and visit. ``"wide"``: one row per patient, and columns such as
        ``sledai_baseline`` and ``pga_week12``.
    sheet : str, optional
        Sheet of a workbook; the first one by default.
    pga_scale : {"0-3", "0-10", "0-100"}
        Scale on which PGA was recorded; it is not converted here.

    Returns
    -------
    VisitFile
        The visits, and how the file was read.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, there twice or nearly misspelt, or cells are bad. Every bad
        cell is listed with its row, column, value and what is allowed.

    Examples
    --------
    >>> from lupus_kit.endpoints import example_visit_file, read_visit_file
    >>> read = read_visit_file(example_visit_file())
    >>> read.layout, read.visits["patient"].nunique()
    ('long', 12)
    """
    require_choice("layout", layout, LAYOUTS)
    require_choice("PGA scale", pga_scale, PGA_TOPS)
    raw = read_raw(Path(path), sheet)
    mapped, ignored, chosen = _map_columns(raw, layout)
    problems = BadCells(f"{raw.source}; nothing was scored", shown=None)
    scaled = {"pga": FileColumn("pga", "number", "", "", 0, PGA_TOPS[pga_scale])}
    values = {
        one.written: read_cells(raw.cells, one.written, scaled.get(one.column.name, one.column), problems)
        for one in mapped
    }
    if chosen == "wide":
        visits, where = _from_wide(raw, mapped, values, problems)
    else:
        visits, where = _from_long(raw, mapped, values, problems)
    check_keys(visits, raw, where, problems)
    problems.raise_if_any()
    if "arm" in visits:
        visits["arm"] = visits["arm"].fillna(visits.groupby("patient")["arm"].transform("first"))
    visits = visits.sort_values(["patient", "week"], kind="stable")
    columns = pd.DataFrame(
        [(m.written, m.column.name, m.week) for m in mapped], columns=["written", "name", "week"]
    )  # fmt: skip
    return VisitFile(visits, raw.source, chosen, columns, tuple(ignored), raw.notes)


def _map_columns(raw: RawTable, layout: str) -> tuple[list[_Mapped], list[str], str]:
    """Give every column of the file its place, or list what is wrong with the names."""
    names = [str(name) for name in raw.cells.columns]
    straight = {name: BY_FOLDED[fold(name)] for name in names if fold(name) in BY_FOLDED}
    suffixed = {name: found for name in names if name not in straight and (found := split_wide(name))}
    here = {column.name for column in straight.values()}
    if layout == "auto":
        layout = "wide" if suffixed and not here & {"visit", "week"} else "long"
    problems: list[str] = []
    mapped = [_Mapped(name, column) for name, column in straight.items()]
    if layout == "wide":
        mapped += [_Mapped(name, column, week) for name, (column, week) in suffixed.items()]
        loose = [m.written for m in mapped if m.week is None and m.column.name not in ("patient", "arm")]
        problems += [f"{name!r}: in the wide layout its name needs a visit, such as {name}_week12" for name in loose]
        if not suffixed:
            problems.append("no column names its visit, such as sledai_baseline or pga_week12")
    else:
        problems += [f"{name!r}: a visit in the name belongs to the wide layout" for name in suffixed]
        if not here & {"visit", "week"}:
            problems.append("there is no column 'visit' or 'week'")
    if "patient" not in here:
        problems.append("there is no column 'patient'")
    seen: dict[tuple[str, float | None], str] = {}
    for m in mapped:
        first = seen.setdefault((m.column.name, m.week), m.written)
        if first != m.written:
            problems.append(f"{m.written!r} and {first!r} both mean {m.column.name!r}: keep one")
    ignored = [name for name in names if name not in {m.written for m in mapped} and name not in suffixed]
    problems += _slips(ignored, here)
    if problems:
        raise InputError(
            f"{len(problems)} problem{'s' * (len(problems) > 1)} with the column names of {raw.source}; nothing was "
            "scored:\n" + "\n".join(problems)
        )  # fmt: skip
    return mapped, ignored, layout


def _slips(ignored: list[str], here: set[str]) -> Iterator[str]:
    """Find names that would be ignored and are nearly a known one that is not there."""
    for name in ignored:
        near = get_close_matches(fold(name), BY_FOLDED, n=1, cutoff=_SLIP)
        if near and BY_FOLDED[near[0]].name not in here:
            yield (
                f"{name!r} would be ignored; did you mean {BY_FOLDED[near[0]].name!r}? Rename it, or give it a clearly "
                "different name"
            )


def _from_long(
    raw: RawTable, mapped: list[_Mapped], values: dict[str, np.ndarray], problems: BadCells
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Put the columns side by side; a missing week or visit name is made from the other."""
    where = {m.column.name: m.written for m in mapped}
    table = {m.column.name: values[m.written] for m in mapped}
    fill_keys(raw, table, where, problems)
    order = [name for name in BY_NAME if name in table]
    return pd.DataFrame({name: table[name] for name in order}, index=raw.cells.index), where


def _from_wide(
    raw: RawTable, mapped: list[_Mapped], values: dict[str, np.ndarray], problems: BadCells
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Stack the visits; a visit of which a patient has no cell at all is not a row."""
    by_patient = {m.column.name: m.written for m in mapped if m.week is None}
    fields = [name for name in BY_NAME if any(m.column.name == name and m.week is not None for m in mapped)]
    parts = []
    for week in sorted({m.week for m in mapped if m.week is not None}):
        here = {m.column.name: values[m.written] for m in mapped if m.week == week}
        part = pd.DataFrame({name: values[written] for name, written in by_patient.items()}, index=raw.cells.index)
        part["week"] = week
        for name in fields:
            empty = np.full(len(part), None if BY_NAME[name].kind in ("text", "grade") else np.nan)
            part[name] = here.get(name, empty)
        recorded = part[fields].notna().any(axis=1) | (week == 0)
        parts.append(part[recorded.to_numpy()])
    table = pd.concat(parts)
    table["visit"] = visit_names(table["week"].to_numpy())
    order = [name for name in BY_NAME if name in table.columns]
    return table[order], by_patient | dict.fromkeys(("visit", "week"), by_patient["patient"])


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


def write_table(table: pd.DataFrame, suffix: str) -> bytes:
    """Turn a table into the bytes of a ``.csv`` or ``.xlsx`` file."""
    if suffix == ".xlsx":
        stream = io.BytesIO()
        table.to_excel(stream, index=False, sheet_name="visits")
        return stream.getvalue()
    if suffix != ".csv":
        raise InputError(f"a table is written as .csv or .xlsx, not as {suffix or 'a file without an ending'!r}.")
    return table.to_csv(index=False).encode("utf-8")


def example_visit_file() -> Path:
    """Return the path of the example that comes with the kit: twelve invented patients, three visits.

    Examples
    --------
    >>> example_visit_file().name
    'example_visits.csv'
    """
    return Path(str(resources.files("lupus_kit.endpoints.visits").joinpath("data", "example_visits.csv")))
