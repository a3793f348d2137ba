"""Enumeration of the joint outcome: against every pair of cells, against independent code, and against simulation."""

from dataclasses import replace
from functools import cache, partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupus_kit import design, inference, simulation
from lupus_kit.inference.margins.shifted import STATISTICS
from lupus_kit.inference.two_by_two.bernstein import basis
from lupus_kit.inference.two_visits.familywise import correlation_bounds
from lupus_kit.simulation.enumeration import joint_probabilities
from lupus_kit.simulation.trials.decisions import Rule, lattice
from lupus_kit.simulation.trials.endpoint_level import arm_law, counted_rates

HE = design.he2020()
RATES = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), correlation=0.4)
LOST = simulation.Dropout((0.04, 0.08), (0.10, 0.20), 2.0)


def values(result):
    return result.summary().set_index("quantity")["estimate"]


@pytest.mark.parametrize("rule", inference.STRATEGIES)
@pytest.mark.parametrize("swapped", [False, True])
def test_products_of_matrices_are_the_sum_over_all_pairs_of_cells(rule, swapped):
    # The definition, cell by cell: every outcome of one arm with every outcome of the other.
    n1, n2 = 3, 4
    visits = (
        (simulation.Endpoint(24), simulation.Endpoint(12))
        if swapped
        else (simulation.Endpoint(12), simulation.Endpoint(24))
    )
    plan = simulation.AnalysisPlan(*visits, multiplicity=rule, test="n_minus_1", alpha=0.2, missing="worst")
    rates = simulation.ResponseRates((0.8, 0.2), (0.7, 0.3), 0.3, LOST)
    scenario = simulation.Scenario(rates, simulation.with_patients(HE, n1, n2), plan)
    laws = [arm_law(scenario, arm, (n, n)) for arm, n in enumerate((n1, n2))]
    p, decide = lattice(plan.test, n1, n2), Rule(plan)
    expected = np.zeros((2, n1 + 1, n2 + 1, 128))
    for a, b in np.ndindex(laws[0].shape):
        for c, d in np.ndindex(laws[1].shape):
            weight = laws[0][a, b] * laws[1][c, d]
            tables = ((b, d), (a, c)) if swapped else ((a, c), (b, d))
            better = [x[0] / n1 > x[1] / n2 for x in tables]
            decision = int(decide.decide(*(p[x] for x in tables), better))
            for k, table in enumerate(tables):
                expected[(k, *table, decision)] += weight
    assert np.array(joint_probabilities(scenario)) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("rule", inference.STRATEGIES)
@pytest.mark.parametrize("test", ["pearson", "boschloo"])
def test_claims_are_the_sum_over_all_outcomes_of_two_small_arms(rule, test):
    # Written out with the public functions of inference alone: the joint law of each arm's counts, the p-value of each
    # table, and the decision for each pair of p-values.
    n1, n2, rates = 6, 5, simulation.ResponseRates((0.7, 0.2), (0.8, 0.3), 0.25)
    p = np.nan_to_num(inference.pvalue_lattice(test, n1, n2), nan=1.0)
    laws = [inference.joint_counts(n, rates.primary[k], rates.follow_up[k], 0.25) for k, n in enumerate((n1, n2))]
    decide = cache(partial(inference.decide, strategy=rule, rho=0.4))
    expected = np.zeros(5)
    for (a1, b1), (a2, b2) in product(np.ndindex(laws[0].shape), np.ndindex(laws[1].shape)):
        weight = laws[0][a1, b1] * laws[1][a2, b2]
        better = [a1 / n1 > a2 / n2, b1 / n1 > b2 / n2]
        # In each direction the rule sees the p-values of that direction alone.
        claims, harms = (
            decide(*(p[x] if side == way else 1.0 for x, side in zip(((a1, a2), (b1, b2)), better, strict=True)))
            for way in (True, False)
        )
        expected += weight * np.array([*claims, any(claims), *harms])
    plan = simulation.AnalysisPlan(test=test, multiplicity=rule, correlation=0.4)
    found = values(simulation.exact(simulation.with_patients(HE, n1, n2), rates, plan))
    names = [
        "primary claimed",
        "secondary claimed",
        "any endpoint claimed",
        "primary harm found",
        "secondary harm found",
    ]
    assert found[names].tolist() == pytest.approx(expected.tolist(), abs=1e-12)


@pytest.mark.parametrize("rule", inference.STRATEGIES)
def test_without_a_difference_any_claim_is_the_familywise_error_of_inference(rule):
    rates = simulation.ResponseRates((0.45, 0.45), (0.6, 0.6), 0.4)
    plan = simulation.AnalysisPlan(test="fisher", multiplicity=rule, correlation=0.4)
    found = values(simulation.exact(HE, rates, plan))["any false claim"]
    known = inference.familywise_error(0.4, 30, 30, (0.45, 0.6), rule, test="fisher")
    if rule == "hochberg":  # both at the full level count there also where they point in two directions
        assert known - 1e-4 < found <= known
    else:
        assert found == pytest.approx(known, abs=1e-12)


def test_type_m_and_s_agree_with_inference():
    found = values(simulation.exact(HE, RATES))
    for role, rates in (("primary", RATES.primary), ("secondary", RATES.follow_up)):
        other = inference.type_m_and_s("pearson", *rates, 30, 30)
        assert found[f"{role} significant"] == pytest.approx(other.power)
        assert found[f"{role}: type M"] == pytest.approx(other.type_m)
        assert found[f"{role}: type S"] == pytest.approx(other.type_s)


def test_coverage_agrees_with_the_confidence_limits():
    # Mee's interval holds the true difference exactly where the score test of that difference does not reject.
    found = simulation.exact(HE, RATES).coverage(methods=("mee",)).set_index("endpoint")
    true, n = RATES.primary[0] - RATES.primary[1], 30
    x1, x2 = np.indices((n + 1, n + 1))
    z = STATISTICS["pearson"](x1, np.full_like(x1, n), x2, np.full_like(x2, n), true)
    counts = np.arange(n + 1)
    weight = np.outer(*(basis(n, np.array(rate)) for rate in RATES.primary))
    assert counts.shape == weight[0].shape
    assert found.loc["primary", "coverage"] == pytest.approx(weight[np.abs(z) <= 1.959963984540054].sum(), abs=1e-12)


@pytest.mark.parametrize("missing", ["nonresponder", "worst", "best"])
@pytest.mark.parametrize(("rule", "weeks"), [("fixed_sequence", (12, 24)), ("holm", (24, 12))])
def test_simulation_agrees_within_monte_carlo_error(missing, rule, weeks):
    ends = [simulation.Endpoint(week) for week in weeks]
    rates, plan = replace(RATES, dropout=LOST), simulation.AnalysisPlan(*ends, missing=missing, multiplicity=rule)
    known = simulation.exact(HE, rates, plan).summary().set_index("quantity")
    found = simulation.run(HE, rates, 400_000, seed=31, plan=plan, keep_trials=False).summary().set_index("quantity")
    off = (found["estimate"] - known["estimate"]).abs()
    # Some twenty quantities: five standard errors are passed by chance once in about 100,000 runs.
    assert (off.dropna() <= 5 * found["mc_error"].dropna() + 1e-12).all()
    assert (known["mc_error"].dropna() == 0).all()


def test_observed_agrees_with_the_sum_over_who_is_seen():
    # With the rule "observed" the numbers analysed vary; for one endpoint the power is a binomial mixture.
    n, rates = 8, simulation.ResponseRates((0.8, 0.2), (0.8, 0.2), 0.3, simulation.Dropout((0.2, 0.3), (0.2, 0.3)))
    plan = simulation.AnalysisPlan(missing="observed")
    found = simulation.run(simulation.with_patients(HE, n), rates, 200_000, seed=2, plan=plan).summary()
    seen = [basis(n, np.array(1 - lost)) for lost in (0.2, 0.3)]
    known = sum(
        seen[0][m1] * seen[1][m2] * inference.power("pearson", 0.8, 0.2, m1, m2)
        for m1 in range(1, n + 1) for m2 in range(1, n + 1)
    )  # fmt: skip
    row = found.set_index("quantity").loc["primary significant"]
    assert abs(row["estimate"] - known) < 4 * row["mc_error"]


@given(
    st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(0, 1), st.integers(1, 12), st.integers(1, 12),
    st.sampled_from(["pearson", "fisher", "student_t"]), st.sampled_from(list(inference.STRATEGIES)),
)  # fmt: skip
@settings(max_examples=20)
def test_laws_of_probability(p1, p2, share, n1, n2, test, rule):
    low, high = correlation_bounds(p1, p2)
    rates = simulation.ResponseRates((p1, p1), (p2, p2), low + share * (high - low))
    plan = simulation.AnalysisPlan(test=test, multiplicity=rule)
    result = simulation.exact(simulation.with_patients(HE, n1, n2), rates, plan)
    assert result.tally.groupby("endpoint")["weight"].sum().tolist() == pytest.approx([1, 1])
    value = values(result)
    # Nothing differs, so every claim is false, and so is all harm that is found; and the estimates are unbiased.
    assert value["any endpoint claimed"] <= value["any false claim"] + 1e-12
    assert np.isnan(value["type III error"])
    assert value[["primary: bias", "secondary: bias"]].to_numpy() == pytest.approx([0, 0], abs=1e-12)
    assert value["any endpoint claimed"] <= value["either significant"] + 1e-12
    if test == "fisher" and rule != "either":
        assert value["any false claim"] <= 0.05 + 1e-12 or rule in ("hochberg", "obrien_fleming")


def test_counted_rates_without_dropout_are_the_rates():
    assert counted_rates(simulation.Scenario(RATES), 0) == pytest.approx((16 / 29, 19 / 29, 0.4))


def test_one_null_of_two():
    rates = simulation.ResponseRates((0.6, 0.3), (0.5, 0.5))
    value = values(simulation.exact(HE, rates))
    assert value["any false claim"] == pytest.approx(value["secondary claimed"] + value["secondary harm found"])
    assert np.isnan(value["secondary: type M"])


@pytest.mark.parametrize(
    ("plan", "rates"),
    [
        (simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0))), RATES),
        (simulation.AnalysisPlan(reestimation=simulation.Reestimation()), RATES),
        (simulation.AnalysisPlan(missing="observed"), replace(RATES, dropout=LOST)),
    ],
)
def test_what_cannot_be_enumerated_says_so(plan, rates):
    with pytest.raises(ValueError, match=r"use simulation\.run"):
        simulation.exact(HE, rates, plan)
    assert simulation.run(HE, rates, 10, plan=plan).n_trials == 10


def test_enumerated_results_have_no_trials():
    with pytest.raises(ValueError, match="outcomes were enumerated"):
        _ = simulation.exact(HE, RATES).trials
    assert "all outcomes enumerated" in simulation.exact(HE, RATES)._repr_html_()
