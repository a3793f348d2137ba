"""The long layout, one row per patient and visit, and the wide one, one row per patient and a column for each visit.

In the wide layout a name says quantity and visit, such as ``sledai_week12``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lupus_kit.core.columns import fold, slip_of
from lupus_kit.core.problems import Problems
from lupus_kit.core.tables import RawTable
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED, BY_NAME
from lupus_kit.endpoints.visits.visit_table import EVENTS
from lupus_kit.endpoints.visits.weeks import split_wide

#: By the first word of each of its names the event that a column may speak of; whoever drops one makes responders.
_EVENT_WORDS = {fold(n).split("_")[0]: name for name in EVENTS for n in (name, *BY_NAME[name].synonyms)}


@dataclass(frozen=True)
class TidyTable(RawTable):
    """The cells of a visit file in the shape that is read.

    Attributes
    ----------
    cells : pandas.DataFrame
        One row per patient and visit, the kit's own column names, the cells as written; the index is unique.
    layout : str
        How the file was laid out.
    columns : pandas.DataFrame
        ``written`` (name in the file), ``name`` (in the kit) and ``week`` (of a wide column).
    ignored : tuple of str
        What the file holds and nothing reads.
    file_rows : numpy.ndarray
        The row of the file of each row of `cells`.
    cell_rows : mapping
        By column the rows of the file, where its cells stand in others than `file_rows`.
    cell_columns : mapping
        By column its name in the file, or the names of its cells.
    """

    layout: str = "long"
    columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    ignored: tuple[str, ...] = ()
    file_rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=int))
    cell_rows: Mapping[str, np.ndarray] = field(default_factory=dict)
    cell_columns: Mapping[str, str | np.ndarray] = field(default_factory=dict)

    def place(self, positions: np.ndarray, column: str) -> tuple[np.ndarray, np.ndarray]:
        """Tell the rows and the columns of the file where cells stand."""
        rows = self.cell_rows.get(column, self.file_rows)[positions]
        names = self.cell_columns.get(column, column)
        return rows, names[positions] if isinstance(names, np.ndarray) else np.full(len(rows), names, dtype=object)


def map_columns(raw: RawTable, layout: str) -> tuple[pd.DataFrame, tuple[str, ...], str, list[str]]:
    """Give every column of the file its place, or list what is wrong with the names.

    Returns
    -------
    columns : pandas.DataFrame
        The columns that are read, by their names in the table: ``written`` (name in the file), ``name`` (in the kit) and
        ``week`` (missing where the name says none).
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
    mapped = [(name, column.name, np.nan) for name, column in straight.items()]
    if layout == "wide":
        mapped += [(name, column.name, week) for name, (column, week) in suffixed.items()]
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
    seen: dict[tuple[str, float], str] = {}
    for one in list(mapped):
        written, name, week = one
        first = seen.setdefault((name, week), written)
        if first == written:
            continue
        if name in ("patient", "visit", "arm") and _same_keys(raw.cells[[first, written]]):
            mapped.remove(one)
            notes.append(f"{written!r} says the same of every row as {first!r}, which was read.")
        else:
            problems.note(f"{written!r} and {first!r} both mean {name!r}: keep one")
    ignored = [name for name in names if name not in straight and name not in suffixed]
    for name in ignored:
        slip = slip_of(name, (*BY_FOLDED,))
        meant = BY_FOLDED[slip].name if slip else event_of(name)
        if meant and meant not in (here if slip else {*here, *(column.name for column, _ in suffixed.values())}):
            way_out = "Rename it, or give it a clearly different name"
            problems.note(f"{name!r} would be ignored; did you mean {meant!r}? {way_out}")
    problems.raise_if_any()
    columns = pd.DataFrame(mapped, columns=["written", "name", "week"]).set_index("written", drop=False)
    columns["written"] = [raw.written.get(name, name) for name in columns.index]
    return columns, tuple(raw.written.get(name, name) for name in ignored), layout, notes


def event_of(words: str) -> str | None:
    """Return the column of the intercurrent event that words speak of.

    Examples
    --------
    >>> event_of("Date of rescue"), event_of("Withdrawal reason"), event_of("site")
    ('rescue', 'withdrawn', None)
    """
    return next(filter(None, map(_EVENT_WORDS.get, fold(words).split("_"))), None)


def _same_keys(two: pd.DataFrame) -> bool:
    """Tell whether two columns name the same things in two ways, such as USUBJID and SUBJID."""
    pairs = two.astype(str).drop_duplicates()
    return bool((pairs.nunique() == len(pairs)).all())


def from_columns(raw: RawTable, layout: str, columns: pd.DataFrame, ignored: tuple[str, ...]) -> TidyTable:
    """Give the columns the kit's names; stack the visits of the wide layout. Each cell keeps its row and column in the file."""
    own, per_visit = columns[columns["week"].isna()], columns.groupby("week")
    visits = [pd.concat([own, here]) for _, here in per_visit] or [own]
    parts = [raw.cells[here.index.to_list()].set_axis(here["name"].to_list(), axis=1) for here in visits]
    cells = pd.concat(parts, ignore_index=True)
    if layout == "wide":
        cells["week"] = np.repeat([week for week, _ in per_visit], len(raw.cells))
    written = [dict(zip(here["name"], here["written"], strict=True)) for here in visits]
    here, rows = {*cells}, len(raw.cells)
    places = {
        name: np.repeat(np.array([w.get(name, "") for w in written], object), rows) for name in {*columns["name"]}
    }
    return TidyTable(
        cells[[name for name in BY_NAME if name in here]], raw.source, raw.notes, layout=layout, ignored=ignored,
        columns=columns.reset_index(drop=True), file_rows=np.tile(raw.cells.index, len(visits)), cell_columns=places,
    )  # fmt: skip
