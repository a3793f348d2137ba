"""What the rules on single visits share: sorted rows, the visit before, three-valued verdicts and their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lupus_kit.core.cells import BadCells, flags, numbers, refuse_slips, require_columns, require_frame
from lupus_kit.endpoints.rules.logic import NO, UNKNOWN, YES, all_of, boolean_column
from lupus_kit.endpoints.rules.phrases import column, join, spell
from lupus_kit.endpoints.sledai.items import ITEMS
from lupus_kit.endpoints.visits.keys import KEYS, plain_keys, read_arms, read_keys

#: Weights of the 24 descriptors, in the order of the form.
WEIGHTS = np.array([item.weight for item in ITEMS], dtype=np.int64)

#: Ways to count an answer that missing data leave open.
MISSING = ("nonresponder", "observed")


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


def read_rows(visits: pd.DataFrame, needed: Sequence[str], optional: Sequence[str] = ()) -> VisitRows:
    """Check the keys of a tidy visit table and sort it by patient and week."""
    require_frame(visits, "visits")
    extra = [name for name in (*optional, "arm") if name in visits.columns]
    require_columns(visits, [*KEYS, *needed, *extra], "visits")
    refuse_slips(visits, [*KEYS, *needed, *optional, "arm"], "visits")
    visits = plain_keys(visits)
    keys = read_keys(visits, BadCells("the visit table"))
    read_arms(visits, keys)
    order = np.lexsort((keys.week, keys.patient))
    table = visits[[*KEYS, *needed, *extra]].iloc[order]
    return VisitRows(table, order, keys.patient[order], keys.weeks[keys.week[order]], "arm" in extra)


def hundredths(table: pd.DataFrame, column: str, problems: BadCells, low: float, high: float) -> np.ndarray:
    """Read a number to two decimals, in whole hundredths, so that limits are decided exactly."""
    return np.rint(numbers(table, column, problems, low, high, whole=False) * 100)


def descriptors(table: pd.DataFrame, names: Sequence[str], problems: BadCells) -> np.ndarray:
    """Read yes/no columns side by side as int8, shape (rows, names): 1 yes, 0 no, -1 missing."""
    return np.column_stack([flags(table, name, problems) for name in names])


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
