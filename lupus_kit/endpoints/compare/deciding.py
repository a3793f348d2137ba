"""Which clause decides: the clauses that each patient fails, and who fails by one clause alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, require_columns, require_frame
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.nullable import yes_no
from lupus_kit.endpoints.rules.reasons import phrases
from lupus_kit.endpoints.visits.keys import at_week
from lupus_kit.endpoints.words import WORDS

_VERDICTS = ("responder", "lldas", "doris")
_NAMES = WORDS["clauses"]
#: What stands for the open answers, and for the patients who fail nothing.
MISSING, RESPONDER = "missing data", "responder"


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

    Examples
    --------
    >>> from lupus_kit import cohort, endpoints
    >>> trial = cohort.what_if(n_per_arm=5, seed=1)
    >>> found = endpoints.deciding_clauses(endpoints.sri(trial.visits))
    >>> found.keys
    ['visit', 'week', 'arm']
    >>> list(found.intersections().columns)
    ['visit', 'week', 'arm', 'failed', 'SLEDAI', 'BILAG', 'PGA', 'rescue', 'steroids over limit', 'missing data', 'n', 'of']
    >>> found.to_frame()["clause"].unique().tolist()[:3]
    ['SLEDAI', 'BILAG', 'PGA']
    """

    patients: pd.DataFrame
    clauses: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """Columns that name a group: visit, week and, where it is there, arm."""
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
        of, counts = (
            self.patients.groupby(keys, observed=True, sort=False, dropna=False).size().reset_index(name=name)
            for name, keys in (("of", self.keys), ("n", [*self.keys, "failed"]))
        )
        table = of.merge(sets, how="cross").merge(counts, "left", [*self.keys, "failed"])
        table["n"] = table["n"].fillna(0).astype(np.int64)
        table["size"], table["less"] = table[list(self.clauses)].sum(axis=1), -table["n"]
        table = table.sort_values([*self.keys[1:], "size", "less"], kind="stable")
        return table[[*self.keys, "failed", *self.clauses, "n", "of"]].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """Return the counts of each clause: keys, ``clause``, ``failed``, ``decides_alone``, ``of``."""
        rows = [
            (*key, name, group[name].sum(), (group["decides_alone"] == name).sum(), len(group))
            for key, group in self.patients.groupby(self.keys, observed=True, dropna=False)
            for name in self.clauses
        ]
        table = pd.DataFrame(rows, columns=[*self.keys, "clause", "failed", "decides_alone", "of"])
        return table.sort_values(self.keys[1:], kind="stable", ignore_index=True)

    def _repr_html_(self) -> str:
        note = "Alone: the patient would respond if this clause were ignored."
        shown = self.to_frame().rename(columns={"decides_alone": "decides alone"})
        return f"{shown.to_html(index=False, border=0)}<small>{note}</small>"


def deciding_clauses(
    result: pd.DataFrame, week: float | None = None, *, event_columns: Sequence[str] | None = None
) -> DecidingClauses:
    """Find the clauses that each patient fails, and the clause that decides alone.

    Parameters
    ----------
    result : pandas.DataFrame
        What ``sri``, ``bicla``, ``lldas`` or ``doris`` returned.
    week : number, optional
        One visit; every visit where it is left out.
    event_columns : sequence of str, optional
        Columns of events that count as non-response; where left out, the nullable boolean columns that are no
        clause and no verdict. Strategies other than ``events="composite"`` leave no such column.

    Returns
    -------
    DecidingClauses
        Per patient and counted.

    Raises
    ------
    InputError
        If the table has no clause, or no visit in that week.

    See Also
    --------
    compare_definitions, sri, bicla

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
    if event_columns is None:
        taken = {*columns, *_VERDICTS, "imputed"}
        event_columns = [c for c in result.columns if c not in taken and isinstance(result[c].dtype, pd.BooleanDtype)]
    require_columns(result, ["visit", "week", *event_columns], "result")
    rows = at_week(result, week, "the result has")
    problems = BadCells("the result")
    answers = {name: yes_no(rows, name, problems) for name in (*columns, *event_columns)}
    problems.raise_if_any()
    passed = {_NAMES.get(c, str(c).removesuffix("_clause").replace("_", " ")): answers[c] for c in columns}
    passed |= {str(name).replace("_", " "): ~answers[name] for name in event_columns}
    keys = [c for c in ("patient", "visit", "week", "arm") if c in rows.columns]
    return _decide(rows[keys].reset_index(drop=True), pd.DataFrame(passed))


def _decide(keys: pd.DataFrame, passed: pd.DataFrame) -> DecidingClauses:
    names = (*passed, MISSING)
    failed = (~passed).fillna(False).astype(bool)
    nothing_failed, something_open = ~failed.any(axis=1), passed.isna().any(axis=1)
    failed[MISSING] = nothing_failed & something_open
    alone = failed[MISSING] | ((failed.sum(axis=1) == 1) & ~something_open)
    sets = phrases(lambda *row: " + ".join(compress(names, row)) or RESPONDER, *(failed[name] for name in names))
    table = pd.concat([keys, failed], axis=1).assign(failed=sets)
    table["decides_alone"] = failed.idxmax(axis=1).astype("string").where(alone)
    return DecidingClauses(table, names)
