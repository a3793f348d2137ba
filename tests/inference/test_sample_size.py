"""Sample size, detectable difference and the significance filter against plain enumeration."""

from math import ceil

import numpy as np
import pytest
from scipy.stats import binom, norm

from lupus_kit import inference


def brute_power(test, p1, p2, n1, n2, alpha=0.05):
    first, second = (binom.pmf(np.arange(n + 1), n, p) for n, p in ((n1, p1), (n2, p2)))
    return float(first @ (inference.pvalue_lattice(test, n1, n2) <= alpha) @ second)


@pytest.mark.parametrize(
    ("test", "p1", "p2", "target", "ratio"),
    [("fisher", 0.9, 0.3, 0.8, 1), ("pearson", 0.55, 0.1, 0.9, 1), ("boschloo", 0.1, 0.7, 0.8, 2)],
)
def test_sample_size_is_the_smallest_from_which_power_stays(test, p1, p2, target, ratio):
    found = inference.sample_size(test, p1, p2, power=target, ratio=ratio)
    sizes = range(1, found.checked_to + 1)
    powers = np.array([brute_power(test, p1, p2, n, ratio * n) for n in sizes])
    last_below = max((n for n, value in zip(sizes, powers, strict=True) if value < target), default=0)
    assert found.n1 == last_below + 1
    assert found.n2 == ratio * found.n1
    assert found.power == pytest.approx(powers[found.n1 - 1], abs=1e-12)
    reached = [n for n, value in zip(sizes, powers, strict=True) if value >= target]
    assert found.first_n1 == reached[0]
    assert found.checked_to >= 1.1 * found.n1


def test_power_dips_between_the_first_size_and_the_safe_one():
    # A saw tooth that matters: the textbook answer (first size) is not safe.
    found = inference.sample_size("fisher", 0.6, 0.3, power=0.85)
    assert found.first_n1 < found.n1
    between = [inference.power("fisher", 0.6, 0.3, n, n) for n in range(found.first_n1, found.n1)]
    assert min(between) < 0.85 <= between[0]


def test_the_search_looks_ahead_of_the_first_size_that_reaches_the_target():
    # With twelve and a half patients in the first arm for each in the second, the second arm grows in steps and power in
    # long teeth: the target is reached from 88 to 98 and missed again by 99, as every size up to 160 shows.
    found = inference.sample_size("fisher", 0.3, 0.9, power=0.94, ratio=0.08)
    powers = {n: brute_power("fisher", 0.3, 0.9, n, ceil(0.08 * n - 1e-9)) for n in range(80, 161)}
    assert all(powers[n] >= 0.94 for n in range(88, 99))
    assert [n for n, power in powers.items() if power < 0.94] == [*range(80, 88), 99]
    assert (found.first_n1, found.n1) == (88, 100)
    # And as far as a tenth of the size where that is more than a dozen patients.
    large = inference.sample_size("pearson", 0.55, 0.4)
    assert large.n1 > 160
    assert large.checked_to >= large.n1 - 1 + 0.1 * large.n1


def test_sample_size_grows_with_power_and_shrinks_with_the_difference():
    sizes = [inference.sample_size("pearson", 0.6, 0.3, power=p).n1 for p in (0.7, 0.8, 0.9)]
    assert sizes == sorted(sizes)
    assert inference.sample_size("pearson", 0.7, 0.3).n1 < sizes[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"p1": 0.3, "p2": 0.3}, "no difference"),
        ({"p1": 0.3, "p2": 0.6, "alternative": "greater"}, "no difference in the direction 'greater'"),
        ({"p1": 0.3001, "p2": 0.3}, "more than 1000000"),
        ({"test": "log_odds_wald", "p1": 1.0, "p2": 0.5}, "does not reach a power of 0.8 with 1"),
        ({"test": "barnard", "p1": 0.6, "p2": 0.3, "gamma": 0.06}, "gamma == 0.06 must be smaller than alpha"),
        ({"p1": 0.6, "p2": 0.3, "power": 0.04}, "larger than alpha"),
        ({"p1": 0.6, "p2": 0.3, "ratio": 0}, "ratio == 0"),
        ({"p1": [0.6], "p2": 0.3}, "p1: one probability"),
    ],
)
def test_sample_size_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        inference.sample_size(**{"test": "pearson"} | arguments)


@pytest.mark.parametrize(
    ("test", "p1", "p2", "target", "ratio", "alternative", "expected"),
    [
        # First arm, second arm and the first size that reaches the target, from a search that tried every size one by
        # one from four fifths of the normal formula to a tenth beyond the answer.
        ("pearson", 0.5, 0.4, 0.9, 0.5, "greater", (636, 318, 632)),
        ("student_t", 0.6, 0.45, 0.8, 1, "two-sided", (176, 176, 168)),
        ("wald_unpooled", 0.4, 0.25, 0.8, 1.5, "two-sided", (127, 191, 127)),
        ("arcsine", 0.4, 0.3, 0.7, 1, "two-sided", (280, 280, 280)),
        ("pearson", 0.3, 0.5, 0.8, 0.03, "two-sided", (1501, 46, 1501)),
    ],
)
def test_the_steps_find_what_every_size_tried_one_by_one_finds(test, p1, p2, target, ratio, alternative, expected):
    found = inference.sample_size(test, p1, p2, power=target, ratio=ratio, alternative=alternative)
    assert (found.n1, found.n2, found.first_n1) == expected
    assert found.checked_to >= 1.1 * found.n1 - 1


@pytest.mark.parametrize(
    ("test", "p1", "p2", "n1"), [("barnard", 0.5, 0.4, 392), ("fisher", 0.5, 0.4, 404), ("pearson", 0.5, 0.45, 1559)]
)
def test_large_trials_are_planned_in_seconds(test, p1, p2, n1):
    # 1559 is what a search over every size found in two minutes; the neighbours of each answer are checked here.
    found = inference.sample_size(test, p1, p2)
    assert found.n1 == n1
    below, at = (inference.power(test, p1, p2, n, n) for n in (n1 - 1, n1))
    assert below < 0.8 <= at == found.power
    assert found.designs < 150


def test_asymptotic_tests_have_no_limit_of_two_thousand():
    found = inference.sample_size("pearson", 0.1, 0.11, power=0.3)
    assert found.n1 > 3500
    # The normal formula for unpooled variances is right within a hundredth of such a trial.
    z = norm.ppf(0.975) + norm.ppf(0.3)
    assert found.n1 == pytest.approx((0.1 * 0.9 + 0.11 * 0.89) * (z / 0.01) ** 2, rel=0.04)
    with pytest.raises(ValueError, match=r"more than 2000 patients.*too many for 'barnard'"):
        inference.sample_size("barnard", 0.1, 0.11)


@pytest.mark.parametrize("test", ["pearson", "fisher", "blaker", "fisher_midp_doubled", "log_odds_wald"])
def test_power_of_a_large_design_sums_up_the_tables_that_can_happen(test):
    rejected = inference.rejection_region(test, 230, 210)
    for p1, p2 in [(0.5, 0.38), (0.02, 0.07), (1.0, 0.97), (0.0, 0.01)]:
        whole = binom.pmf(np.arange(231), 230, p1) @ rejected @ binom.pmf(np.arange(211), 210, p2)
        assert inference.power(test, p1, p2, 230, 210) == pytest.approx(whole, abs=1e-12)
    grid = inference.power(test, [[0.5], [0.4]], [0.38, 0.3, 0.38], 230, 210)
    assert grid.shape == (2, 3)
    assert grid[1, 2] == inference.power(test, 0.4, 0.38, 230, 210)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_detectable_difference_has_the_power_asked_for(direction):
    difference = inference.minimal_detectable_difference("boschloo", 0.4, 29, 30, power=0.8, direction=direction)
    assert (difference > 0) == (direction == "up")
    assert inference.power("boschloo", 0.4 + difference, 0.4, 29, 30) == pytest.approx(0.8, abs=1e-8)


@pytest.mark.parametrize(
    ("test", "p2", "n1", "n2", "direction"),
    [
        ("log_odds_wald", 0.1, 29, 30, "up"),
        ("log_odds_wald", 0.5, 29, 30, "down"),
        ("log_risk_ratio_wald", 1.0, 60, 40, "down"),
    ],
)
def test_the_smallest_difference_is_found_where_power_falls_again(test, p2, n1, n2, direction):
    found = inference.minimal_detectable_difference(test, p2, n1, n2, direction=direction)
    assert inference.power(test, p2 + found, p2, n1, n2) == pytest.approx(0.8, abs=1e-7)
    smaller = p2 + found * np.linspace(0, 1 - 1e-6, 500)
    assert np.all(inference.power(test, smaller, p2, n1, n2) < 0.8)
    # At the edge nobody (or everybody) responds, and the statistic is undefined.
    assert inference.power(test, 1.0 if direction == "up" else 0.0, p2, n1, n2) < 0.8


def test_nothing_is_detectable_in_a_tiny_trial():
    assert np.isnan(inference.minimal_detectable_difference("fisher", 0.5, 4, 4))


def test_type_m_and_s_add_up_over_all_tables():
    found = inference.type_m_and_s("fisher", 0.5, 0.35, 12, 10)
    lattice = inference.pvalue_lattice("fisher", 12, 10)
    mass = wrong = size = 0.0
    for x1 in range(13):
        for x2 in range(11):
            if lattice[x1, x2] <= 0.05:
                weight = binom.pmf(x1, 12, 0.5) * binom.pmf(x2, 10, 0.35)
                estimate = x1 / 12 - x2 / 10
                mass, size = mass + weight, size + weight * abs(estimate)
                wrong += weight * (estimate < 0)
    assert found.power == pytest.approx(mass, abs=1e-12)
    assert found.type_s == pytest.approx(wrong / mass, abs=1e-12)
    assert found.type_m == pytest.approx(size / mass / 0.15, abs=1e-10)
    assert found.type_m > 1
    with pytest.raises(ValueError, match="two different probabilities"):
        inference.type_m_and_s("fisher", 0.5, 0.5, 12, 10)


@pytest.mark.parametrize(("test", "direction"), [("fisher", "up"), ("pearson", "down")])
def test_the_difference_of_a_large_trial_is_found_among_the_tables_that_happen(test, direction):
    found = inference.minimal_detectable_difference(test, 0.3, 4_000, 3_000, direction=direction)
    power = [inference.power(test, 0.3 + found * share, 0.3, 4_000, 3_000) for share in (0.999, 1.001)]
    assert power[0] < 0.8 < power[1]
    # By the normal formula, to one part in twenty-five.
    normal = (1.959964 + 0.841621) * np.sqrt(0.21 * (1 / 4_000 + 1 / 3_000))
    assert abs(found) == pytest.approx(normal, rel=0.04)
    assert (found > 0) == (direction == "up")
