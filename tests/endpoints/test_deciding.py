"""Many definitions on one cohort, and the clause that decides."""

from __future__ import annotations

import pandas as pd
import pytest

from lupus_kit import endpoints
from lupus_kit.cohort import Assumptions, what_if
from lupus_kit.core.errors import InputError


@pytest.fixture(scope="module")
def trial():
    return what_if(Assumptions(dropout_rate=0.25), seed=4)


def test_definitions_side_by_side(trial) -> None:
    result = endpoints.compare_definitions(trial.visits, trial.sledai)
    assert list(result.not_computed["definition"]) == ["SRI-50"]
    assert {*result.definitions, "SRI-50"} == set(endpoints.DEFINITIONS)
    for name, alone in (("SRI-4", endpoints.sri(trial.visits)), ("BICLA", endpoints.bicla(trial.visits))):
        assert result.verdicts[name].equals(alone["responder"].rename(name))
    counts = result.responders(24)
    assert counts.loc[counts["definition"] == "LLDAS", "assessed"].tolist() == [30, 30]
    both = trial.visits.merge(trial.sledai.drop(columns=["arm", "visit"]), on=["patient", "week"])
    states = endpoints.compare_definitions(both, definitions=["LLDAS", "DORIS"])
    pd.testing.assert_frame_equal(states.verdicts, result.verdicts[states.verdicts.columns])
    few = endpoints.compare_definitions(trial.visits)
    assert {"LLDAS", "DORIS", "SRI-50"} == set(few.not_computed["definition"])
    with pytest.raises(InputError, match="none of the 1"):
        endpoints.compare_definitions(trial.visits, definitions=["DORIS"])
    with pytest.raises(InputError, match="did you mean 'SRI-4'"):
        endpoints.compare_definitions(trial.visits, definitions=["SRI4"])
    assert "Not computed" in result._repr_html_()


def test_deciding_alone_is_what_ignoring_the_clause_does(trial) -> None:
    """The definition itself: without the clause, exactly these patients join the responders."""
    answers = endpoints.sri(trial.visits)
    found = endpoints.deciding_clauses(answers).patients
    for name, kept in (("BILAG", ("sledai", "pga")), ("PGA", ("sledai", "bilag"))):
        without = endpoints.sri(trial.visits, components=kept)["responder"].to_numpy(dtype=bool)
        joined = without & ~answers["responder"].to_numpy(dtype=bool) & (answers[f"{name.lower()}_clause"] == False)  # noqa: E712
        assert ((found["decides_alone"] == name).fillna(False).to_numpy() == joined.fillna(False).to_numpy()).all()
    table = endpoints.deciding_clauses(answers).intersections()
    sums = table.groupby(["week", "arm"], observed=True).agg(n=("n", "sum"), of=("of", "first"))
    assert (sums["n"] == sums["of"]).all()
    responders = table[(table["failed"] == "responder") & (table["week"] == 12)]["n"].sum()
    assert responders == answers.loc[answers["week"] == 12, "responder"].sum()
    with pytest.raises(InputError, match="only week"):
        endpoints.deciding_clauses(answers, 13)
