"""Two visits, one level: exact enumeration against brute force, the normal law and simulation."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from statsmodels.stats.multitest import multipletests

from lupus_kit import design, inference, simulation
from lupus_kit.inference.two_visits.rules import rectangle


def test_joint_counts_against_all_patient_outcomes():
    # Four patients, each with one of four joint outcomes: 256 cases.
    p, q, rho = 0.6, 0.45, 0.3
    both = p * q + rho * np.sqrt(p * (1 - p) * q * (1 - q))
    cells = {(1, 1): both, (1, 0): p - both, (0, 1): q - both, (0, 0): 1 - p - q + both}
    law = np.zeros((5, 5))
    for patients in product(cells, repeat=4):
        a, b = np.sum(patients, axis=0)
        law[a, b] += np.prod([cells[outcome] for outcome in patients])
    np.testing.assert_allclose(inference.joint_counts(4, p, q, rho), law, atol=1e-15)


def test_exact_probabilities_against_brute_force():
    n1, n2, primary, follow_up, rho = 6, 5, (0.7, 0.2), (0.8, 0.3), 0.25
    lattice = inference.pvalue_lattice("pearson", n1, n2)
    laws = [inference.joint_counts(n, primary[k], follow_up[k], rho) for k, n in enumerate((n1, n2))]
    for key in inference.STRATEGIES:
        first = second = any_claim = 0.0
        for a1, b1, a2, b2 in product(range(n1 + 1), range(n1 + 1), range(n2 + 1), range(n2 + 1)):
            weight = laws[0][a1, b1] * laws[1][a2, b2]
            p = (np.nan_to_num(lattice[a1, a2], nan=1.0), np.nan_to_num(lattice[b1, b2], nan=1.0))
            claims = inference.decide(*p, key, rho=rho)
            first, second = first + weight * claims[0], second + weight * claims[1]
            any_claim += weight * any(claims)
        found = inference.rejection_probabilities(key, primary, follow_up, rho, n1, n2)
        assert (found.first, found.second, found.any) == pytest.approx((first, second, any_claim), abs=1e-12)
        assert found.both == pytest.approx(found.first + found.second - found.any, abs=1e-12)


@pytest.mark.parametrize("key", inference.STRATEGIES)
def test_normal_law_agrees_with_the_counts_in_large_trials(key):
    exact = inference.rejection_probabilities(key, (0.5, 0.42), (0.55, 0.45), 0.4, 400, 400, test="wald_unpooled")
    normal = inference.rejection_probabilities(key, (0.5, 0.42), (0.55, 0.45), 0.4, 400, 400, method="normal")
    for name in ("first", "second", "any", "both"):
        assert getattr(exact, name) == pytest.approx(getattr(normal, name), abs=0.012)


def test_rectangle_is_the_bivariate_normal_law():
    for c1, c2, rho, m1, m2 in [(1.96, 1.96, 0.4, 0, 0), (2.5, 1.2, -0.7, 0.5, 1.0), (1.0, 3.0, 0.95, 2.0, -1.0)]:
        law = multivariate_normal([m1, m2], [[1, rho], [rho, 1]], abseps=1e-10, releps=1e-10, maxpts=10**6)
        expected = law.cdf([c1, c2], lower_limit=[-c1, -c2])
        assert rectangle(c1, c2, rho, m1, m2) == pytest.approx(expected, abs=1e-7)


def test_exact_agrees_with_simulation():
    rates = simulation.ResponseRates((0.55, 0.3), (0.65, 0.37), correlation=0.4)
    summary = (
        simulation.run(design.he2020(), rates, n_trials=60_000, seed=9).summary().set_index("quantity")["estimate"]
    )
    exact = inference.rejection_probabilities("either", rates.primary, rates.follow_up, 0.4, 30, 30)
    for name, value in {
        "primary significant": exact.first,
        "secondary significant": exact.second,
        "both significant": exact.both,
        "either significant": exact.any,
    }.items():
        assert abs(summary[name] - value) < 4 * np.sqrt(value * (1 - value) / 60_000)


@pytest.mark.parametrize("rho", [-0.3, 0.0, 0.4, 0.8, 1.0])
def test_familywise_error_is_kept_with_an_exact_test(rho):
    for key in ("fixed_sequence", "bonferroni", "holm"):
        assert inference.familywise_error(rho, 29, 30, 0.45, key, test="boschloo") <= 0.05
    assert inference.familywise_error(rho, 29, 30, 0.45, "either", method="normal") >= 0.05 - 1e-9


def test_familywise_error_of_identical_visits_is_that_of_one():
    one = inference.familywise_error(1.0, 29, 30, 0.45, "either")
    curve = inference.size_curve("pearson", 29, 30, rates=[0.45])["rejection_probability"].item()
    assert one == pytest.approx(curve, abs=1e-12)


def test_familywise_error_falls_with_correlation_and_broadcasts():
    values = inference.familywise_error(np.array([0.0, 0.3, 0.6, 0.8]), 29, 30, (0.42, 0.5), "either")
    assert values.shape == (4,)
    assert (np.diff(values) < 0).all()


def test_spending_keeps_the_level_under_its_own_model():
    for rho in (0.0, 0.5, np.sqrt(0.5), 0.9):
        (first,), _ = inference.STRATEGIES["obrien_fleming"].levels(0.05, rho)
        # Lan and DeMets's function at half the information, on each side: 4 (1 - Phi(z_0.0125 / sqrt(0.5))).
        assert first == pytest.approx(4 * norm.sf(norm.isf(0.0125) / np.sqrt(0.5)), abs=1e-12)
        total = inference.rejection_probabilities(
            "obrien_fleming", (0.5, 0.5), (0.5, 0.5), rho, 50, 50, method="normal"
        ).any
        assert total == pytest.approx(0.05, abs=1e-8)


@pytest.mark.parametrize(
    ("key", "name"), [("bonferroni", "bonferroni"), ("holm", "holm"), ("hochberg", "simes-hochberg")]
)
def test_decisions_agree_with_statsmodels(key, name):
    grid = [0.001, 0.01, 0.024, 0.026, 0.049, 0.051, 0.3]
    for p in product(grid, grid):
        assert inference.decide(*p, key) == tuple(bool(v) for v in multipletests(p, 0.05, name)[0])


def test_spending_gives_the_critical_values_of_group_sequential_software():
    # Two looks at 0.05, two-sided: 2.963 and 1.969 (rpact 3.3.4, typeOfDesign="asOF", kMax=2).
    (first,), (second,) = inference.STRATEGIES["obrien_fleming"].levels(0.05, np.sqrt(0.5))
    assert round(norm.isf(first / 2), 3) == 2.963
    assert round(norm.isf(second / 2), 3) == 1.969


def test_the_trial_under_each_rule():
    # Printed p-values 0.052 and 0.027: the first endpoint fails, so a fixed sequence claims nothing.
    assert inference.decide(0.052, 0.027, "fixed_sequence") == (False, False)
    assert inference.decide(0.052, 0.027, "either") == (False, True)
    assert inference.decide(0.027, 0.052, "fixed_sequence") == (True, False)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: inference.familywise_error(0.4, 29, 30, 0.4, "bonferoni"), "did you mean 'bonferroni'"),
        (lambda: inference.familywise_error(1.4, 29, 30, 0.4, "holm"), r"rho == 1\.4"),
        (lambda: inference.familywise_error("0.4", 29, 30, 0.4, "holm"), "rho == '0.4'"),
        (lambda: inference.familywise_error(0.4, 29, 30, (0.1, 0.2, 0.3), "holm"), "one common response rate"),
        (lambda: inference.rejection_probabilities("holm", (0.9, 0.9), (0.1, 0.1), 0.9, 9, 9), "it must lie from"),
        (lambda: inference.rejection_probabilities("holm", (0.9, 0.9), (0.1, 0.1), 0, 9, 9, method="guess"), "'exact'"),
        (lambda: inference.decide(1.2, 0.5, "holm"), r"p_first == 1\.2"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("second", [0.8680586341072046, 0.37, 0.999])
def test_joint_counts_at_the_ends_of_what_the_rates_allow(second):
    for rho in simulation.correlation_bounds(0.5, second):
        law = inference.joint_counts(3, 0.5, second, rho)
        assert law.sum() == pytest.approx(1)
        assert law.min() >= 0
