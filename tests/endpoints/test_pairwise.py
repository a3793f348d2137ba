"""Agreement of definitions, many definitions on one cohort, and the clause that decides."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa

from lupus_kit import endpoints
from lupus_kit.cohort import Assumptions, what_if
from lupus_kit.core.errors import InputError

# TULIP-1, SRI-4 by the amended rules against BICLA, as published (Ann Rheum Dis, article 297369):
# both, SRI-4 only, BICLA only, neither.
TULIP = {"placebo": (51, 28, 4, 101), "anifrolumab": (76, 12, 9, 83)}


def expand(a: int, b: int, c: int, d: int) -> pd.DataFrame:
    return pd.DataFrame({"SRI-4": [1] * (a + b) + [0] * (c + d), "BICLA": [1] * a + [0] * b + [1] * c + [0] * d})


@pytest.fixture(scope="module")
def trial():
    return what_if(Assumptions(dropout_rate=0.25), seed=4)


def test_tulip_by_exact_arithmetic_and_statsmodels() -> None:
    table = pd.concat([expand(*counts).assign(arm=arm) for arm, counts in TULIP.items()])
    result = endpoints.agreement(table, by="arm")
    for arm, (a, b, c, d) in TULIP.items():
        row = result.pairs[result.pairs["arm"] == arm].iloc[0]
        assert tuple(row[["both", "only_first", "only_second", "neither"]]) == (a, b, c, d)
        n = a + b + c + d
        seen = Fraction(a + d, n)
        chance = Fraction((a + b) * (a + c) + (c + d) * (b + d), n * n)
        assert row["kappa"] == pytest.approx(float((seen - chance) / (1 - chance)), rel=1e-14)
        theirs = cohens_kappa(np.array([[a, b], [c, d]]))
        assert row["kappa_se"] == pytest.approx(theirs.std_kappa, rel=1e-12)
        assert (row["kappa_low"], row["kappa_high"]) == pytest.approx((theirs.kappa_low, theirs.kappa_upp), rel=1e-10)
        m, low = b + c, min(b, c)
        tail = Fraction(2 * sum(comb(m, k) for k in range(low + 1)), 2**m)
        assert row["mcnemar_exact"] == pytest.approx(float(tail), rel=1e-12)
        assert row["mcnemar_mid_p"] == pytest.approx(float(tail - Fraction(comb(m, low), 2**m)), rel=1e-12)
        theirs = mcnemar([[a, b], [c, d]], exact=False, correction=False)
        assert row["mcnemar_asymptotic"] == pytest.approx(theirs.pvalue, rel=1e-12)
    assert result.crosstab("BICLA", "SRI-4", arm="placebo").to_numpy().tolist() == [[51, 4], [28, 101]]
    with pytest.raises(InputError, match="say which one"):
        result.matrix("kappa")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 15), min_size=4, max_size=4).filter(lambda x: sum(x) > 0))
def test_every_table_agrees_with_statsmodels(cells: list[int]) -> None:
    a, b, c, d = cells
    row = endpoints.agreement(expand(a, b, c, d)).pairs.iloc[0]
    assert row["mcnemar_exact"] == pytest.approx(mcnemar([[a, b], [c, d]], exact=True).pvalue if b + c else 1)
    if (a + b) * (b + d) + (a + c) * (c + d) == 0:
        assert np.isnan(row["kappa"])
    elif min(a + b, c + d, a + c, b + d) and b + c:
        assert row["kappa_se"] == pytest.approx(cohens_kappa(np.array([[a, b], [c, d]])).std_kappa, abs=1e-9)
    else:
        assert row["kappa_se"] == 0
        assert np.isnan(row["kappa_low"])


def test_missing_answers_and_labels() -> None:
    one = pd.Series([True, False, None, True], index=list("abcd"), dtype="boolean")
    other = pd.Series([True, True, False, None], index=list("abcd"), dtype="boolean")
    row = endpoints.agreement({"x": one, "y": other[::-1]}).pairs.iloc[0]
    assert tuple(row[["both", "only_first", "only_second", "neither", "not_assessed"]]) == (1, 0, 1, 0, 2)
    with pytest.raises(InputError, match="same labels"):
        endpoints.agreement({"x": one, "y": other.iloc[:3]})
    with pytest.raises(InputError, match="2 bad cells"):
        endpoints.agreement(pd.DataFrame({"x": ["perhaps", 2], "y": [1, 0]}))
    with pytest.raises(InputError, match="two or more"):
        endpoints.agreement(pd.DataFrame({"x": [1], "arm": ["a"]}))


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
    assert "mid-p" in result.agreement(24)._repr_html_()


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
