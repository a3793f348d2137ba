"""p-value functions: they pass through the test at no effect and through the interval at its ends."""

import numpy as np
import pytest
from references.cases import case

from lupus_kit import inference
from lupus_kit.inference.intervals.pvalue_functions import CURVES, boschloo_order

TABLES = [(16, 29, 9, 30), (7, 13, 2, 12), (0, 9, 3, 7), (5, 5, 0, 6)]


def test_every_test_has_a_curve_through_its_own_p_value():
    for key in inference.TESTS:
        with case(key):
            measure, function = CURVES[key]
            for table in TABLES:
                p = inference.pvalue(key, *table)
                # Both ways to the null value: the registry's exact arithmetic, and the curve's own formula.
                null = 1.0 if measure in ("odds ratio", "risk ratio") else 0.0
                assert inference.confidence_curve(key, *table, values=[null])["p"].item() == pytest.approx(
                    p, abs=0, nan_ok=True
                )
                if np.isnan(p) or p == 0:
                    continue
                assert function(table, 0.0) == pytest.approx(p, abs=1e-9)


INVERTED = {
    "wald": "wald_unpooled",
    "agresti_caffo": "agresti_caffo",
    "miettinen_nurminen": "miettinen_nurminen",
    "mee": "pearson",
    "katz": "log_risk_ratio_wald",
    "woolf": "log_odds_wald",
    "conditional_exact": "fisher_doubled",
    "conditional_midp": "fisher_midp_doubled",
}


def test_curve_is_at_the_level_where_the_interval_ends():
    for method, key in INVERTED.items():
        with case(method, key):
            for level in (0.8, 0.95):
                (interval,) = inference.intervals(16, 29, 9, 30, level, methods=[method])
                p = inference.confidence_curve(key, 16, 29, 9, 30, values=[interval.low, interval.high])["p"]
                assert p.tolist() == pytest.approx([1 - level] * 2, abs=1e-7)


def test_baptista_pike_spans_what_fisher_does_not_reject():
    (interval,) = inference.intervals(16, 29, 9, 30, methods=["baptista_pike"])
    outside = [interval.low * 0.999, interval.high * 1.001]
    inside = [interval.low * 1.001, interval.high * 0.999]
    assert (inference.confidence_curve("fisher", 16, 29, 9, 30, values=outside)["p"] <= 0.05).all()
    assert (inference.confidence_curve("fisher", 16, 29, 9, 30, values=inside)["p"] > 0.05).all()


@pytest.mark.parametrize("key", ["pearson", "barnard", "fisher", "boschloo", "likelihood_ratio", "welch_t"])
def test_curve_peaks_at_the_estimate_and_stays_a_probability(key):
    measure = inference.curve_measure(key)
    quick = {"risk difference": "pearson", "odds ratio": "fisher"}[measure]
    grid = inference.confidence_curve(quick, 16, 29, 9, 30)["value"]
    frame = inference.confidence_curve(key, 16, 29, 9, 30, None if key == quick else grid[::12])
    assert frame["p"].between(0, 1).all()
    (estimate,) = {
        i.estimate for i in inference.intervals(16, 29, 9, 30, methods=["mee", "woolf"]) if i.measure == measure
    }
    # Discrete tests have a plateau of 1 around the estimate.
    assert inference.confidence_curve(key, 16, 29, 9, 30, values=[estimate])["p"].item() > 0.95
    assert frame["p"].iloc[[0, -1]].max() < 0.05


def test_likelihood_ratio_curve_against_a_direct_maximisation():
    from scipy.optimize import minimize_scalar
    from scipy.stats import chi2

    x1, n1, x2, n2 = 16, 29, 9, 30

    def log_likelihood(p1, p2):
        return x1 * np.log(p1) + (n1 - x1) * np.log1p(-p1) + x2 * np.log(p2) + (n2 - x2) * np.log1p(-p2)

    for d in (-0.2, 0.05, 0.4):
        low, high = max(0.0, -d) + 1e-9, min(1.0, 1 - d) - 1e-9
        best = minimize_scalar(
            lambda q, d=d: -log_likelihood(q + d, q), bounds=(low, high), method="bounded", options={"xatol": 1e-12}
        )
        expected = chi2.sf(2 * (log_likelihood(x1 / n1, x2 / n2) + best.fun), 1)
        found = inference.confidence_curve("likelihood_ratio", x1, n1, x2, n2, values=[d])["p"].item()
        assert found == pytest.approx(expected, abs=1e-9)


def test_boschloo_curve_bounds_the_probability_it_claims():
    # p at one odds ratio is the largest probability of its region over the second rate: no rate may exceed it.
    table, odds = (5, 9, 2, 8), 1.7
    p = inference.confidence_curve("boschloo_minlike", *table, values=[odds])["p"].item()
    order = boschloo_order(9, 8, float(np.log(odds)), "two-sided")
    region = order <= order[5, 2] * (1 + 1e-9)
    from scipy.stats import binom

    heights = []
    for p2 in np.linspace(0, 1, 2001):
        p1 = odds * p2 / (1 - p2 + odds * p2)
        heights.append(binom.pmf(np.arange(10), 9, p1) @ region @ binom.pmf(np.arange(9), 8, p2))
    assert max(heights) <= p + 1e-9
    assert p - max(heights) < 1e-5


@pytest.mark.parametrize(
    ("key", "values", "words"),
    [
        ("pearson", [1.0], "strictly between -1 and 1"),
        ("fisher", [0.0], "positive"),
        ("fischer", None, "did you mean 'fisher'"),
    ],
)
def test_bad_input(key, values, words):
    with pytest.raises(ValueError, match=words):
        inference.confidence_curve(key, 16, 29, 9, 30, values=values)


def test_a_test_without_a_curve_says_so(monkeypatch):
    monkeypatch.delitem(CURVES, "arcsine")
    with pytest.raises(ValueError, match="'arcsine' has no p-value function yet"):
        inference.confidence_curve("arcsine", 16, 29, 9, 30)


def test_intervals_and_tests_stand_side_by_side():
    frame = inference.compare(16, 29, 9, 30).intervals()
    beside = frame[frame["inverts"] != ""]
    assert len(beside) == 10
    assert (beside["excludes_null"] == (beside["p_of_test"] <= 0.05)).all()
    assert frame.loc[frame["inverts"] == "", "p_of_test"].isna().all()


@pytest.mark.parametrize(("n1", "n2", "level"), [(5, 4, 0.9), (4, 3, 0.95)])
def test_exact_unconditional_interval_inverts_two_one_sided_barnard_tests(n1, n2, level):
    tail = (1 - level) / 2
    above, below = (inference.pvalue_lattice("barnard", n1, n2, side) for side in ("greater", "less"))
    for x1 in range(n1 + 1):
        for x2 in range(n2 + 1):
            (interval,) = inference.intervals(x1, n1, x2, n2, level, methods=["exact_unconditional"])
            assert (interval.low > 0) == (above[x1, x2] <= tail)
            assert (interval.high < 0) == (below[x1, x2] <= tail)
