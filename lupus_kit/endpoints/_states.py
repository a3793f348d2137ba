"""What the rules on single visits share: sorted rows, the visit before, three-valued verdicts and their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lupus_kit._errors import InputError, unknown_name
from lupus_kit.endpoints._cells import BadCells, flags, numbers, require_columns, require_frame
from lupus_kit.endpoints._logic import NO, UNKNOWN, YES, all_of, boolean_column, clause
from lupus_kit.endpoints._phrases import column, join, spell
from lupus_kit.endpoints.sledai_items import SLEDAI_ITEMS

KEYS = ("patient", "visit", "week")

#: Ids and weights of the 24 descriptors, in the order of the form.
ITEM_IDS: tuple[str, ...] = tuple(SLEDAI_ITEMS["id"])
WEIGHTS = SLEDAI_ITEMS["weight"].to_numpy(dtype=np.int64)

#: A column name this near to an optional one is a misspelling that would go unnoticed.
_NEAR = 0.91


@dataclass(frozen=True)
class VisitRows:
    """The rows of a visit table in order of patient and week.

    Attributes
    ----------
    table : pandas.DataFrame
        The columns asked for, sorted; the index is still the caller's, so that messages name the caller's rows.
    position : numpy.ndarray
        Where each sorted row stood in the caller's table.
    patient, week : numpy.ndarray
        Patient codes and weeks, one per sorted row.
    arm : bool
        Whether the caller's table has a column ``arm``.
    """

    table: pd.DataFrame
    position: np.ndarray
    patient: np.ndarray
    week: np.ndarray
    arm: bool

    @property
    def starts(self) -> np.ndarray:
        """For each row, the first row of the same patient."""
        first = np.flatnonzero(np.diff(self.patient, prepend=-1))
        return first[self.patient]

    def previous(self, made: np.ndarray) -> np.ndarray:
        """For each row, the last earlier row of the same patient where `made` is true; -1 where there is none."""
        rows = np.where(made, np.arange(len(made)), -1)
        before = np.concatenate([[-1], np.maximum.accumulate(rows)[:-1]])
        return np.where(before >= self.starts, before, -1)

    def keys(self) -> dict[str, object]:
        """Return the leading columns of a result: patient, visit, week and, if given, arm."""
        whole = bool((self.week == np.rint(self.week)).all())
        columns: dict[str, object] = {name: self.table[name].array for name in KEYS}
        columns["week"] = self.week.astype(np.int64) if whole else self.week
        if self.arm:
            columns["arm"] = self.table["arm"].array
        return columns


def _refuse_near_misses(columns: Iterable[str], optional: Iterable[str], known: Iterable[str]) -> None:
    here = [str(c) for c in columns]
    known = set(known)
    for name in optional:
        if name in here:
            continue
        near = [c for c in get_close_matches(name, here, n=3, cutoff=_NEAR) if c not in known]
        if near:
            raise InputError(
                f"visits has the column {near[0]!r}, which would be ignored; the optional column is called {name!r}. "
                "Rename it, or give it a clearly different name."
            )


def read_rows(visits: pd.DataFrame, needed: Sequence[str], optional: Sequence[str] = ()) -> VisitRows:
    """Check the keys of a tidy visit table and sort it by patient and week."""
    require_frame(visits, "visits")
    extra = [name for name in (*optional, "arm") if name in visits.columns]
    require_columns(visits, [*KEYS, *needed, *extra], "visits")
    _refuse_near_misses(visits.columns, optional, [*KEYS, *needed, *optional])
    if not len(visits):
        raise InputError("visits has no rows.")
    problems = BadCells("the visit table")
    week = numbers(visits, "week", problems, 0, 10_000, whole=False)
    problems.add(visits, "week", visits["week"].isna().to_numpy(), "a number, 0 for baseline")
    for name in ("patient", "visit"):
        problems.add(visits, name, visits[name].isna().to_numpy(), f"every row needs a {name}")
    problems.raise_if_any()
    cells = visits["patient"]
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    try:
        patient, _ = pd.factorize(cells, sort=True)
    except TypeError:
        raise InputError("column 'patient' mixes numbers and text: use one kind of identifier.") from None
    order = np.lexsort((week, patient))
    patient, week = patient[order], week[order]
    twice = np.flatnonzero((np.diff(patient) == 0) & (np.diff(week) == 0))
    if len(twice):
        name = visits["patient"].iloc[order[twice[0]]]
        raise InputError(
            f"patient {name!r} has two rows for week {week[twice[0]]:g}: keep one row per patient and visit."
        )
    table = visits[[*KEYS, *needed, *extra]].iloc[order]
    return VisitRows(table, order, patient, week, "arm" in extra)


def check_missing(missing: str) -> None:
    """Refuse an unknown way to handle missing data."""
    if missing not in ("nonresponder", "observed"):
        raise unknown_name("way to handle missing data", missing, ["nonresponder", "observed"])


def check_switch(name: str, value: object) -> None:
    """Refuse a switch that is not True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{name} is {value!r}: give True or False.")


def hundredths(table: pd.DataFrame, column: str, problems: BadCells, low: float, high: float) -> np.ndarray:
    """Read a number to two decimals, in whole hundredths, so that limits are decided exactly."""
    return np.rint(numbers(table, column, problems, low, high, whole=False) * 100)


def descriptors(table: pd.DataFrame, names: Sequence[str], problems: BadCells) -> np.ndarray:
    """Read yes/no columns side by side as int8, shape (rows, names): 1 yes, 0 no, -1 missing."""
    return np.column_stack([flags(table, name, problems) for name in names])


def holds(condition: np.ndarray, *values: np.ndarray) -> np.ndarray:
    """Three-valued condition on numbers: unknown wherever one of them is missing."""
    missing = np.isnan(np.stack(values)).any(axis=0)
    return np.where(missing, UNKNOWN, condition).astype(np.int8)


def none_of(present: np.ndarray) -> np.ndarray:
    """Three-valued "none of these is there", over the columns of 1/0/-1 cells."""
    return clause((present == YES).any(axis=1), (present == UNKNOWN).any(axis=1))


def listing(words: str, present: np.ndarray, names: Sequence[str], applies: np.ndarray | None = None) -> pa.Array:
    """Write `words` and the names of the true cells of each row; null where there is none or it does not apply."""
    bits = 1 << np.arange(len(names), dtype=np.int64)
    pairs = list(zip(names, bits.tolist(), strict=True))
    masks = present.astype(np.int64) @ bits
    shown = masks > 0 if applies is None else (masks > 0) & applies
    return spell(masks, lambda mask: words + ", ".join(name for name, bit in pairs if mask & bit), shown)


def state_table(
    rows: VisitRows,
    name: str,
    values: dict[str, object],
    clauses: dict[str, np.ndarray],
    missing: str,
    failed: Sequence[pa.Array],
    unknown: Sequence[pa.Array],
) -> pd.DataFrame:
    """Lay out a state of low activity: keys, values, clauses, verdict, and the words for it.

    `failed` and `unknown` say, for each clause, why it fails or what it lacks; null where it does not.
    """
    answer = all_of(*clauses.values())
    count_as_no = missing == "nonresponder"
    is_open = answer == UNKNOWN
    refused = f"Not in {name}: "
    openings = {YES: f"In {name}: every clause is met", NO: refused, UNKNOWN: refused if count_as_no else "Undecided: "}
    open_ending = ", counted as no." if count_as_no else ", so the answer is open."
    parts = [
        spell(answer, openings.__getitem__),
        join(failed, "; "),
        pc.if_else(pa.array(is_open), join(unknown, "; "), pa.scalar(None, pa.large_string())),
        spell(is_open, lambda undecided: open_ending if undecided else "."),
    ]
    table = rows.keys() | values | {key: boolean_column(verdict) for key, verdict in clauses.items()}
    table[name.lower()] = boolean_column(np.where(is_open & count_as_no, NO, answer))
    return pd.DataFrame(table | {"imputed": is_open & count_as_no, "reason": column(join(parts))})
