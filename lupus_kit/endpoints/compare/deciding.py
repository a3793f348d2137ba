"""Which clause decides: the clauses that each patient fails, and who fails by one clause alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, flags, require_columns, require_frame
from lupus_kit.core.errors import InputError

_VERDICTS = ("responder", "lldas", "doris")
_NAMES = {
    "sledai_clause": "SLEDAI",
    "bilag_clause": "BILAG",
    "pga_clause": "PGA",
    "active_baseline": "inactive baseline",
}
#: What stands for the open answers, and for the patients who fail nothing.
MISSING, RESPONDER = "missing data", "responder"
#: Sets of failed clauses are bit masks of a 64-bit whole number.
_MOST = 62


@dataclass(frozen=True)
class DecidingClauses:
    """Which clauses patients fail.

    Attributes
    ----------
    patients : pandas.DataFrame
        One row per patient and visit: keys, one boolean column per clause (true: failed) and ``missing data``,
        ``failed`` (the names joined by " + ", or "responder"), and ``decides_alone``, the clause without which the
        patient would respond (missing where there is none).
    clauses : tuple of str
        Names of the clauses, events and "missing data", in order.
    """

    patients: pd.DataFrame
    clauses: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """Columns that name a group: visit, week and arm, where they are there."""
        return [c for c in ("visit", "week", "arm") if c in self.patients.columns]

    def intersections(self) -> pd.DataFrame:
        """Count each set of failed clauses.

        Returns
        -------
        pandas.DataFrame
            One row per visit, arm and set that occurs anywhere: keys, ``failed``, one boolean column per clause, ``n``
            (0 where the set does not occur in that group), ``of`` (patients in the group). The counts of a group add
            up to ``of``; responders are a row of their own.
        """
        sets = self.patients[["failed", *self.clauses]].drop_duplicates("failed")
        if not self.keys:
            table = sets.assign(n=sets["failed"].map(self.patients["failed"].value_counts()), of=len(self.patients))
        else:
            groups = self.patients.groupby(self.keys, observed=True, sort=False, dropna=False)
            of = groups.size().rename("of").reset_index()
            counts = self.patients.groupby([*self.keys, "failed"], observed=True, sort=False, dropna=False).size()
            table = of.merge(sets, how="cross").merge(counts.rename("n").reset_index(), "left", [*self.keys, "failed"])
        table["n"] = table["n"].fillna(0).astype(np.int64)
        table["size"] = table[list(self.clauses)].sum(axis=1)
        order = [c for c in ("week", "arm") if c in table.columns]
        table = table.sort_values([*order, "size", "n"], ascending=[True] * (len(order) + 1) + [False], kind="stable")
        return table[[*self.keys, "failed", *self.clauses, "n", "of"]].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """Return the counts of each clause: keys, ``clause``, ``failed``, ``decides_alone``, ``of``."""
        rows = []
        grouped = self.patients.groupby(self.keys, observed=True, dropna=False) if self.keys else [((), self.patients)]
        for key, group in grouped:
            lead = dict(zip(self.keys, key, strict=True))
            rows += [
                lead
                | {
                    "clause": name,
                    "failed": int(group[name].sum()),
                    "decides_alone": int((group["decides_alone"] == name).sum()),
                    "of": len(group),
                }
                for name in self.clauses
            ]
        table = pd.DataFrame(rows)
        order = [c for c in ("week", "arm") if c in table.columns]
        return table.sort_values(order, kind="stable", ignore_index=True) if order else table

    def _repr_html_(self) -> str:
        note = "Alone: the patient would respond if this clause were ignored."
        shown = self.to_frame().rename(columns={"decides_alone": "decides alone"})
        return f"{shown.to_html(index=False, border=0)}<small>{note}</small>"


def deciding_clauses(
    result: pd.DataFrame, week: float | None = None, *, events: Sequence[str] | None = None
) -> DecidingClauses:
    """Find the clauses that each patient fails, and the clause that decides alone.

    Parameters
    ----------
    result : pandas.DataFrame
        What ``sri``, ``bicla``, ``lldas`` or ``doris`` returned.
    week : number, optional
        One visit; every visit where it is left out.
    events : sequence of str, optional
        Columns of events that count as non-response; where left out, the nullable boolean columns that are no
        clause and no verdict.

    Returns
    -------
    DecidingClauses
        Per patient and counted.

    Raises
    ------
    InputError
        If the table has no clause, or no visit in that week.

    Notes
    -----
    A clause decides alone where it fails and every other clause is recorded and passes: if only this clause were
    ignored, the patient would respond. A patient without a failed clause whose answer is open has ``missing data``
    as the only reason. Where a clause fails and another is missing, the failed clause decides, but not alone:
    nobody knows whether the other one would pass. The sets say what the clauses say, also where
    a way to handle missing data made the verdict.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import BILAG_SYSTEMS, sri
    >>> visits = pd.DataFrame({"patient": ["Ann"] * 2, "visit": ["baseline", "week 12"], "week": [0, 12],
    ...                        "sledai": [12, 6], "pga": [1.1, 1.4]})
    >>> visits[[f"bilag_{s}" for s in BILAG_SYSTEMS]] = "D"
    >>> deciding_clauses(sri(visits)).patients[["failed", "decides_alone"]].iloc[0].tolist()
    ['PGA', 'PGA']
    """
    require_frame(result, "result")
    columns = [c for c in result.columns if str(c).endswith("_clause") or c == "active_baseline"]
    if not columns:
        raise InputError("result has no column that ends in '_clause': give what sri, bicla, lldas or doris returned.")
    if events is None:
        taken = {*columns, *_VERDICTS, "imputed"}
        events = [c for c in result.columns if c not in taken and isinstance(result[c].dtype, pd.BooleanDtype)]
    require_columns(result, list(events), "result")
    rows = result
    if week is not None:
        require_columns(result, ["week"], "result")
        rows = result[result["week"] == week]
        if rows.empty:
            weeks = ", ".join(f"{w:g}" for w in sorted(result["week"].unique()))
            raise InputError(f"week == {week!r}: the result has only week(s) {weeks}.")
    problems = BadCells("the result")
    verdicts = np.column_stack(
        [flags(rows, c, problems) for c in columns] + [_not(flags(rows, c, problems)) for c in events]
    )
    problems.raise_if_any()
    names = [_NAMES.get(c, str(c).removesuffix("_clause").replace("_", " ")) for c in (*columns, *events)]
    return _decide(rows, verdicts, names)


def _not(happened: np.ndarray) -> np.ndarray:
    """Turn an event into a clause: it passes where the event did not happen."""
    return np.where(happened < 0, happened, 1 - happened)


def _decide(rows: pd.DataFrame, verdicts: np.ndarray, names: list[str]) -> DecidingClauses:
    failed = verdicts == 0
    is_open = ~failed.any(axis=1) & (verdicts < 0).any(axis=1)
    sets = np.column_stack([failed, is_open])
    everything = (*names, MISSING)
    if len(everything) > _MOST:
        raise InputError(f"the result has {len(everything)} clauses and events: at most {_MOST} can be told apart.")
    mask = sets.astype(np.int64) @ (1 << np.arange(len(everything), dtype=np.int64))
    unique, position = np.unique(mask, return_inverse=True)
    labels = [" + ".join(n for k, n in enumerate(everything) if int(m) >> k & 1) or RESPONDER for m in unique]
    passed = (verdicts == 1).sum(axis=1)
    alone = is_open | ((failed.sum(axis=1) == 1) & (passed == len(names) - 1))
    which = np.where(alone, sets.argmax(axis=1), len(everything))
    keys = [c for c in ("patient", "visit", "week", "arm") if c in rows.columns]
    table = rows[keys].reset_index(drop=True)
    for k, name in enumerate(everything):
        table[name] = sets[:, k]
    table["failed"] = np.array(labels, dtype=object)[position]
    table["decides_alone"] = pd.array(np.array([*everything, None], dtype=object)[which], dtype="string")
    return DecidingClauses(table, everything)
