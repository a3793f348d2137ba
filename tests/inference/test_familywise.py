"""Two visits, one level: exact enumeration against brute force, the normal law and simulation."""

from itertools import product

import numpy as np
import pytest
from references.cases import case
from scipy.stats import multivariate_normal, norm
from statsmodels.stats.multitest import multipletests

from lupus_kit import inference
from lupus_kit.inference.two_visits.familywise import correlation_bounds, rectangle


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


@pytest.mark.parametrize("key", inference.STRATEGIES)
def test_familywise_error_against_brute_force(key):
    n1, n2, first, second, rho = 6, 5, 0.45, 0.6, 0.25
    lattice = np.nan_to_num(inference.pvalue_lattice("pearson", n1, n2), nan=1.0)
    laws = [inference.joint_counts(n, first, second, rho) for n in (n1, n2)]
    expected = sum(
        laws[0][a1, b1] * laws[1][a2, b2]
        for a1, b1, a2, b2 in product(range(n1 + 1), range(n1 + 1), range(n2 + 1), range(n2 + 1))
        if any(inference.decide(lattice[a1, a2], lattice[b1, b2], key, rho=rho))
    )
    assert inference.familywise_error(rho, n1, n2, (first, second), key) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("key", inference.STRATEGIES)
def test_normal_law_agrees_with_the_counts_in_large_trials(key):
    exact = inference.familywise_error(0.4, 400, 400, (0.46, 0.5), key, test="wald_unpooled")
    normal = inference.familywise_error(0.4, 400, 400, (0.46, 0.5), key, method="normal")
    assert exact == pytest.approx(normal, abs=0.006)


def test_rectangle_is_the_bivariate_normal_law():
    for c1, c2, rho in [(1.96, 1.96, 0.4), (2.5, 1.2, -0.7), (1.0, 3.0, 0.95)]:
        law = multivariate_normal([0, 0], [[1, rho], [rho, 1]], abseps=1e-10, releps=1e-10, maxpts=10**6)
        expected = law.cdf([c1, c2], lower_limit=[-c1, -c2])
        assert rectangle(c1, c2, rho) == pytest.approx(expected, abs=1e-7)
    assert rectangle(np.inf, 1.96, 0.4) == pytest.approx(2 * norm.cdf(1.96) - 1, abs=1e-10)


def test_one_sided_spending_uses_the_whole_level_whatever_the_correlation():
    # Half of the two-sided levels at twice alpha is more than alpha where the two statistics disagree: 0.0254 at -0.4.
    for rho in (-0.9, -0.4, 0.0, 0.4):
        (first,), (second,) = inference.STRATEGIES["obrien_fleming"].levels(0.025, rho, 1)
        law = multivariate_normal([0, 0], [[1, rho], [rho, 1]], abseps=1e-10, releps=1e-10, maxpts=10**6)
        assert 1 - law.cdf(norm.isf([first, second])) == pytest.approx(0.025, abs=1e-8), rho


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
        total = inference.familywise_error(rho, 50, 50, 0.5, "obrien_fleming", method="normal")
        assert total == pytest.approx(0.05, abs=1e-8)


@pytest.mark.parametrize(
    ("key", "name"), [("bonferroni", "bonferroni"), ("holm", "holm"), ("hochberg", "simes-hochberg")]
)
def test_decisions_agree_with_statsmodels(key, name, monkeypatch):
    # statsmodels collects garbage in each of its Holm tests, which takes longer than all else in this file.
    monkeypatch.setattr("gc.collect", lambda: 0)
    grid = [0.001, 0.01, 0.024, 0.026, 0.049, 0.051, 0.3]
    for p in product(grid, grid):
        assert inference.decide(*p, key) == tuple(multipletests(p, 0.05, name)[0].tolist())


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


def test_bad_input():
    for call, words in [
        (lambda: inference.familywise_error(0.4, 29, 30, 0.4, "bonferoni"), "did you mean 'bonferroni'"),
        (lambda: inference.familywise_error(1.4, 29, 30, 0.4, "holm"), r"rho == 1\.4"),
        (lambda: inference.familywise_error("0.4", 29, 30, 0.4, "holm"), "rho == '0.4'"),
        (lambda: inference.familywise_error(0.4, 29, 30, (0.1, 0.2, 0.3), "holm"), "one common response rate"),
        (lambda: inference.familywise_error(0.9, 9, 9, (0.9, 0.1), "holm"), "it must lie from"),
        (lambda: inference.familywise_error(0.9, 9, 9, (0.9, 0.1), "holm", method="normal"), "it must lie from"),
        (lambda: inference.familywise_error(0, 9, 9, (0.9, 0.1), "holm", method="guess"), "'exact'"),
        (lambda: inference.familywise_error(0, 9, 9, (0.9, 0.1), "holm", test="fischer"), "'fisher'"),
        (lambda: inference.decide(1.2, 0.5, "holm"), r"p_first == 1\.2"),
        (lambda: inference.decide([0.01, 0.02], 0.5, "holm"), "p_first: one probability is needed here, not an array"),
    ]:
        with case(call, words), pytest.raises(ValueError, match=words):
            call()


@pytest.mark.parametrize("second", [0.8680586341072046, 0.37, 0.999])
def test_joint_counts_at_the_ends_of_what_the_rates_allow(second):
    for rho in correlation_bounds(0.5, second):
        law = inference.joint_counts(3, 0.5, second, rho)
        assert law.sum() == pytest.approx(1)
        assert law.min() >= 0
