"""A patient's earlier visits in a table of BILAG-2004 items: the visit before, and whether a system was ever involved."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, numbers, require_columns
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.visits.keys import refuse_doubled

#: So many rows are graded at a time: memory stays below a few copies of the table, and time grows with its rows.
BLOCK = 50_000


@dataclass(frozen=True)
class EarlierVisits:
    """The rows of a table in order of patient and week.

    Attributes
    ----------
    order : numpy.ndarray of int
        Positions of the rows, sorted.
    start : numpy.ndarray of int
        For each sorted row, where its patient begins.
    """

    order: np.ndarray
    start: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, problems: BadCells, needs_week: bool) -> Self | None:
        """Read the keys of a table, from its columns or index; None where it has no patients.

        Raises
        ------
        InputError
            If a patient has several rows and there is no week where one is needed, or two rows for one week.
        """
        if {"patient", "week"} <= {*table.index.names}:
            table = table.index.to_frame()[["patient", "week"]]
        if "patient" not in table.columns:
            return None
        require_columns(table, [name for name in ("patient", "week") if name in table.columns], "the table of items")
        try:
            patient, names = pd.factorize(table["patient"])
        except TypeError:
            raise InputError("column 'patient' holds lists or the like: use one text or number a cell.") from None
        if "week" not in table.columns:
            if needs_week and len(names) < len(table):
                unsaid = "no column 'week', so that nothing says which visit was before"
                way_out = "add 'week', or leave out 'patient' if no row is the history of another"
                raise InputError(f"the items have several rows of a patient and {unsaid}: {way_out}.")
            return None
        problems.add(table, "patient", patient < 0, "every row needs a patient")
        week = numbers(table, "week", problems, -10_000, 10_000, whole=False, needed=True)
        problems.raise_if_any()
        order = np.lexsort((week, patient))
        sorted_patient, sorted_week = patient[order], week[order]
        new = np.diff(sorted_patient, prepend=-1) != 0
        twice = order[~new & (np.diff(sorted_week, prepend=np.nan) == 0)]
        refuse_doubled(names[patient[twice]], week[twice])
        return cls(order, np.maximum.accumulate(np.where(new, np.arange(len(order)), 0)))

    def row_before(self, recorded: np.ndarray) -> np.ndarray:
        """Return, for each row, the last earlier row of the patient with anything recorded; -1 where there is none."""
        last = np.maximum.accumulate(np.where(recorded[self.order], np.arange(len(self.order)), -1))
        before = np.concatenate([[-1], last[:-1]])[: len(last)]
        found = np.empty(len(self.order), dtype=int)
        found[self.order] = np.where(before >= self.start, self.order[before], -1)
        return found

    def ever(self, told: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Tell whether a patient was told of at this visit or an earlier one, or active at an earlier one."""
        later = self.start < np.arange(len(self.order))
        known = told[self.order] | (later & np.roll(active[self.order], 1))
        count = np.cumsum(known)
        found = np.empty(len(known), dtype=bool)
        found[self.order] = count > (count - known)[self.start]
        return found


def blocks(rows: int, visits: EarlierVisits | None) -> Iterator[tuple[np.ndarray | slice, EarlierVisits | None]]:
    """Cut a table into parts that keep each patient whole; yield the rows of a part, and its own visits."""
    if visits is None or not rows:
        for begin in range(0, max(rows, 1), BLOCK):
            yield slice(begin, begin + BLOCK), None
        return
    starts = np.unique(visits.start)
    cuts = np.unique(starts[np.searchsorted(starts, np.arange(0, rows, BLOCK), side="right") - 1])
    for begin, end in zip(cuts, [*cuts[1:], rows], strict=True):
        yield visits.order[begin:end], EarlierVisits(np.arange(end - begin), visits.start[begin:end] - begin)
