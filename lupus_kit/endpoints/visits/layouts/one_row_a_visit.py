"""The long layout, one row per patient and visit; and what the names of columns mean, here and in the wide layout."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.cells import slip_of
from lupus_kit.core.columns import fold
from lupus_kit.core.problems import Problems
from lupus_kit.core.tables import RawTable
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED, BY_NAME, VisitColumn
from lupus_kit.endpoints.visits.layouts.tidy import TidyTable
from lupus_kit.endpoints.visits.weeks import split_wide


@dataclass(frozen=True)
class MappedColumn:
    """A column of a file, the column of the kit that it is, and in the wide layout its week."""

    written: str
    column: VisitColumn
    week: float | None = None


def map_columns(raw: RawTable, layout: str) -> tuple[list[MappedColumn], tuple[str, ...], str, list[str]]:
    """Give every column of the file its place, or list what is wrong with the names.

    Returns
    -------
    mapped : list of MappedColumn
        The columns that are read.
    ignored : tuple of str
        The others.
    layout : {"long", "wide"}
        What was asked for, or what the names say.
    notes : list of str
        What was assumed.
    """
    names = [str(name) for name in raw.cells.columns]
    straight = {name: BY_FOLDED[fold(name)] for name in names if fold(name) in BY_FOLDED}
    notes: list[str] = []
    suffixed, unclear = split_wide((name for name in names if name not in straight), notes)
    here = {column.name for column in straight.values()}
    if layout == "auto":
        layout = "wide" if suffixed and not here & {"visit", "week", "day"} else "long"
    problems = Problems(f"the column names of {raw.source}; nothing was scored")
    mapped = [MappedColumn(name, column) for name, column in straight.items()]
    if layout == "wide":
        mapped += [MappedColumn(name, column, week) for name, (column, week) in suffixed.items()]
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
    for m in list(mapped):
        first = seen.setdefault((m.column.name, m.week), m.written)
        if (
            first != m.written
            and m.column.name in ("patient", "visit", "arm")
            and _same_keys(raw.cells[[first, m.written]])
        ):
            mapped.remove(m)
            notes.append(f"{m.written!r} says the same of every row as {first!r}, which was read.")
        elif first != m.written:
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
    return mapped, tuple(raw.written.get(name, name) for name in ignored), layout, notes


def _same_keys(two: pd.DataFrame) -> bool:
    """Tell whether two columns name the same things in two ways, such as USUBJID and SUBJID."""
    pairs = two.astype(str).drop_duplicates()
    return bool((pairs.nunique() == len(pairs)).all())


def table_of_columns(raw: RawTable, mapped: list[MappedColumn]) -> pd.DataFrame:
    """List the columns that are read: name in the file, name in the kit, week."""
    rows = [(raw.written.get(m.written, m.written), m.column.name, m.week) for m in mapped]
    return pd.DataFrame(rows, columns=["written", "name", "week"])


def from_long(raw: RawTable, mapped: list[MappedColumn], ignored: tuple[str, ...]) -> TidyTable:
    """Give the columns the kit's names; the rows stay as they are."""
    columns = table_of_columns(raw, mapped)
    cells = raw.cells[[m.written for m in mapped]].set_axis(columns["name"].to_list(), axis=1)
    return TidyTable(
        cells[[name for name in BY_NAME if name in cells]], raw.source, raw.notes, layout="long", columns=columns,
        ignored=ignored, file_rows=np.asarray(cells.index),
        cell_columns=dict(zip(columns["name"], columns["written"], strict=True)),
    )  # fmt: skip
