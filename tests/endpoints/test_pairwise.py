"""Agreement of definitions, many definitions on one cohort, and the clause that decides."""

from __future__ import annotations

from fractions import Fraction
from math import comb, erfc, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupus_kit import endpoints
from lupus_kit.cohort import Assumptions, what_if
from lupus_kit.core.errors import InputError

# TULIP-1, SRI-4 by the amended rules against BICLA, as published (Ann Rheum Dis, article 297369):
# both, SRI-4 only, BICLA only, neither.
TULIP = {"placebo": (51, 28, 4, 101), "anifrolumab": (76, 12, 9, 83)}


def expand(a: int, b: int, c: int, d: int) -> pd.DataFrame:
    return pd.DataFrame({"SRI-4": [1] * (a + b) + [0] * (c + d), "BICLA": [1] * a + [0] * b + [1] * c + [0] * d})


def kappa_error(a: int, b: int, c: int, d: int) -> float:
    """Standard error of kappa by the general formula of Fleiss, Cohen and Everitt (1969), in exact fractions."""
    n = a + b + c + d
    p = [[Fraction(a, n), Fraction(b, n)], [Fraction(c, n), Fraction(d, n)]]
    row, column = [sum(cells) for cells in p], [sum(cells) for cells in zip(*p, strict=True)]
    seen, chance = p[0][0] + p[1][1], row[0] * column[0] + row[1] * column[1]
    away = 1 - (seen - chance) / (1 - chance)
    on = sum(p[i][i] * (1 - (row[i] + column[i]) * away) ** 2 for i in (0, 1))
    off = away**2 * sum(p[i][j] * (column[i] + row[j]) ** 2 for i, j in ((0, 1), (1, 0)))
    return sqrt((on + off - (1 - away - chance * away) ** 2) / (n * (1 - chance) ** 2))


def exact_mcnemar(b: int, c: int) -> Fraction:
    """Twice the smaller binomial tail, at most 1."""
    return min(Fraction(2 * sum(comb(b + c, k) for k in range(min(b, c) + 1)), 2 ** (b + c)), Fraction(1))


@pytest.fixture(scope="module")
def trial():
    return what_if(Assumptions(dropout_rate=0.25), seed=4)


def test_tulip_by_exact_arithmetic() -> None:
    table = pd.concat([expand(*counts).assign(arm=arm) for arm, counts in TULIP.items()])
    result = endpoints.agreement(table, by="arm")
    for arm, (a, b, c, d) in TULIP.items():
        row = result.pairs[result.pairs["arm"] == arm].iloc[0]
        assert tuple(row[["both", "only_first", "only_second", "neither"]]) == (a, b, c, d)
        n = a + b + c + d
        seen = Fraction(a + d, n)
        chance = Fraction((a + b) * (a + c) + (c + d) * (b + d), n * n)
        assert row["kappa"] == pytest.approx(float((seen - chance) / (1 - chance)), rel=1e-14)
        error = kappa_error(a, b, c, d)
        assert row["kappa_se"] == pytest.approx(error, rel=1e-12)
        ends = [row["kappa"] + z * error for z in (-1.959963984540054, 1.959963984540054)]
        assert (row["kappa_low"], row["kappa_high"]) == pytest.approx(ends, rel=1e-10)
        m, low = b + c, min(b, c)
        tail = exact_mcnemar(b, c)
        assert row["mcnemar_exact"] == pytest.approx(float(tail), rel=1e-12)
        assert row["mcnemar_mid_p"] == pytest.approx(float(tail - Fraction(comb(m, low), 2**m)), rel=1e-12)
        # Chi-squared with one degree of freedom: P(|Z| > |b - c| / sqrt(b + c)).
        assert row["mcnemar_asymptotic"] == pytest.approx(erfc(abs(b - c) / sqrt(2 * m)), rel=1e-12)
    assert result.crosstab("BICLA", "SRI-4", arm="placebo").to_numpy().tolist() == [[51, 4], [28, 101]]
    with pytest.raises(InputError, match="say which one"):
        result.matrix("kappa")


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 15), min_size=4, max_size=4).filter(lambda x: sum(x) > 0))
def test_every_table_by_exact_arithmetic(cells: list[int]) -> None:
    a, b, c, d = cells
    row = endpoints.agreement(expand(a, b, c, d)).pairs.iloc[0]
    assert row["mcnemar_exact"] == pytest.approx(float(exact_mcnemar(b, c)))
    m, point = b + c, Fraction(comb(b + c, b), 2 ** (b + c))
    if m == 0:
        assert np.isnan([row["mcnemar_mid_p"], row["mcnemar_asymptotic"]]).all()
    else:  # the observed table counts half; where b = c it is in both tails, once
        mid = exact_mcnemar(b, c) - (point / 2 if b == c else point)
        assert row["mcnemar_mid_p"] == pytest.approx(float(mid))
        assert row["mcnemar_asymptotic"] == pytest.approx(erfc(abs(b - c) / sqrt(2 * m)))
    if (a + b) * (b + d) + (a + c) * (c + d) == 0:
        assert np.isnan(row["kappa"])
    elif min(a + b, c + d, a + c, b + d) and b + c:
        assert row["kappa_se"] == pytest.approx(kappa_error(a, b, c, d), abs=1e-9)
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
