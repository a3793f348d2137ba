"""Statement by statement: what the paper prints, what a cohort holds, and whether they agree.

Everything is recomputed from the tables of the cohort with :mod:`lupus_kit.endpoints`; nothing is shared with the solver.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit import published
from lupus_kit.cohort.columns import MEDICINES, active_bilag
from lupus_kit.cohort.files.schema import REPLICA_SLEDAI
from lupus_kit.cohort.replica import statements
from lupus_kit.cohort.replica.statements import ORGANS, VISITS, Statement, set_aside
from lupus_kit.cohort.tables import Cohort
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import bilag_total, renal_response, sledai, sri

_PEOPLE = {"age": "age_years", "weight": "weight_kg", "height": "height_cm", "bsa": "bsa_m2",
           "duration": "disease_duration_months"}  # fmt: skip
_LABS = {"dsdna": "anti_dsdna_iu_ml", "anti_nucleosome": "anti_nucleosome"}
_WEEKS = dict(zip(VISITS, (0, 12, 24), strict=True))
_SERIOUS_INFECTION = "any severe infection"


def check(cohort: Cohort, study: str | Path | published.Study = "he2020") -> pd.DataFrame:
    """Compare a cohort with the published record, statement by statement.

    Parameters
    ----------
    cohort : Cohort
        A replica, or any cohort whose arms carry the names of the study's.
    study : str, pathlib.Path or Study
        The record.

    Returns
    -------
    pandas.DataFrame
        One row per statement: ``id``, ``row``, ``arm``, ``visit``, ``kind``, ``published``, ``in_cohort``, ``agrees``
        (missing where the cohort does not record it), ``honoured`` (whether a replica promises it), ``how``.

    See Also
    --------
    replica, implied, conflicts, statements

    Examples
    --------
    >>> from lupus_kit.cohort import replica
    >>> table = check(replica(seed=0))
    >>> bool(table.loc[table["honoured"], "agrees"].all())
    True
    """
    if not isinstance(cohort, Cohort):
        raise InputError(f"check needs a Cohort, not {type(cohort).__name__}: make one with replica() or what_if().")
    return compare(cohort, statements.read_statements(statements.read_study(study)))


def compare(cohort: Cohort, found: tuple[Statement, ...]) -> pd.DataFrame:
    """Compare a cohort with statements."""
    measured = _Measured(cohort)
    rows = []
    for s in found:
        values = measured.values(s)
        shown, agrees = "not recorded", pd.NA
        if values is not None:
            number = statements.summary(s.kind, np.asarray(values))
            shown = "nobody" if np.isnan(number) else f"{number:.{s.decimals}f}"
            exact = s.kind not in ("mean", "sd")
            agrees = abs(number - float(s.value)) < 1e-9 if exact else shown == f"{float(s.value):.{s.decimals}f}"
            if exact and not agrees and not np.isnan(number):
                shown = f"{number:g}"
        how = set_aside(s) or s.reading
        rows.append((s.id, s.row, s.arm, s.visit, s.kind, s.printed, shown, agrees, not set_aside(s), how))
    names = ["id", "row", "arm", "visit", "kind", "published", "in_cohort", "agrees", "honoured", "how"]
    return pd.DataFrame(rows, columns=names).astype({"agrees": "boolean"})


class _Measured:
    """The values of every patient, from the tables."""

    def __init__(self, cohort: Cohort) -> None:
        a = cohort.assumptions
        self.cohort = cohort
        self.patients = cohort.patients.set_index("patient")
        total = sledai(cohort.sledai, version=a.sledai_version if a else REPLICA_SLEDAI)
        visits = cohort.visits.assign(sledai=total.to_numpy(), prednisone=cohort.visits["prednisone_mg_day"])
        answers = sri(visits, reasons=False)
        self.responses = {v: answers.loc[answers["visit"].astype(str) == v].set_index("patient") for v in VISITS}
        visits["bilag_total"] = bilag_total(cohort.bilag).to_numpy()
        visits["active_bilag"] = active_bilag(cohort.bilag)
        visits[list(ORGANS)] = cohort.sledai[list(ORGANS)].to_numpy()
        for measure, column in _LABS.items():
            if column in cohort.labs:
                visits[measure] = cohort.labs[column].to_numpy()
        if "ana_titre" in cohort.labs:
            titre = cohort.labs.pivot(index="patient", columns="week", values="ana_titre")
            entry = cohort.labs["patient"].map(titre[0])
            visits["ana_decreased"] = (cohort.labs["ana_titre"] < entry).to_numpy()
        if "egfr_ml_min_173" in cohort.labs:  # without it nobody can tell whether kidney function was kept
            visits["remission"] = self._remission()
        self.visits = {v: visits.loc[visits["week"] == week].set_index("patient") for v, week in _WEEKS.items()}
        people, arm = self.patients, self.patients["arm"].astype(str)
        followed = people.index.isin(visits.loc[visits["week"] > 0, "patient"])
        # By arm, and whether it is about everyone or only those who were followed.
        self.people = {(a, e): people[(arm == a) & (followed | e)] for a in arm.unique() for e in (True, False)}

    def _remission(self) -> np.ndarray:
        """Complete remission under the definition a replica uses, in patients with nephritis."""
        labs = self.cohort.labs
        answer = renal_response(labs.loc[labs["week"] == 0], labs, "EULAR 2019", months=6)["complete"]
        ill = labs["patient"].map(self.patients["nephritis"]).to_numpy(dtype=bool)
        return np.asarray(answer.fillna(False).to_numpy(dtype=bool) & ill)

    def values(self, s: Statement) -> Any:
        """One value per patient the statement is about; None where the cohort does not record it."""
        mine = self.people.get((s.arm, s.everyone), self.patients.iloc[:0])
        if s.measure in _PEOPLE:
            return mine[_PEOPLE[s.measure]]
        if s.measure == "female":
            return mine["sex"].astype(str) == "female"
        if s.measure in (*MEDICINES, "nephritis"):
            return mine[s.measure]
        if not s.visit:
            return self._events(s.measure, mine.index)
        return self._at_visit(s, mine.index)

    def _events(self, measure: str, patients: pd.Index) -> Any:
        events = self.cohort.adverse_events
        name = events["event"].astype(str)
        kept = {
            "any infection": events["infection"],
            _SERIOUS_INFECTION: events["infection"] & events["serious"],
            "any serious event": events["serious"],
        }.get(measure, name == measure.removesuffix(" event"))
        return patients.isin(events.loc[kept, "patient"])

    def _at_visit(self, s: Statement, patients: pd.Index) -> Any:
        if s.measure == "responder":
            return self.responses[s.visit]["responder"].reindex(patients).dropna().to_numpy(dtype=bool)
        here = self.visits[s.visit]
        mine = here.index.isin(patients)
        if s.kind == "n":
            return np.ones(mine.sum())
        return here.loc[mine, s.measure].to_numpy(dtype=float) if s.measure in here else None
