"""Tests of a difference other than zero: definitions in exact arithmetic, two R packages, and symmetry."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from references import brute_force
from references.cases import case
from scipy.special import ndtr
from scipy.stats import binom

from lupus_kit import inference
from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.difference import constrained_rates
from lupus_kit.inference.margins.shifted import SCORES, STATISTICS

R_VALUES = Path(__file__).parents[1] / "references" / "r_margins.csv"
ALTERNATIVES = ("two-sided", "greater", "less")
KEYS = ("pearson", "n_minus_1", "miettinen_nurminen", "wald_unpooled", "agresti_caffo", "barnard", "barnard_unpooled")
OTHER_SIDE = {"two-sided": "two-sided", "greater": "less", "less": "greater"}


def test_constrained_rates_are_right_to_the_last_digits():
    for difference in [Fraction(1, 2), Fraction(1, 10), Fraction(-3, 10), Fraction(1, 100), Fraction(-1)]:
        for n1, n2 in [(12, 12), (5, 7)]:
            with case(difference, n1, n2):
                # 12/12 v 3/12 and one half: the cubic has a double root, and its trigonometric form keeps eight digits there.
                for x1, x2 in brute_force.tables(n1, n2):
                    expected = float(brute_force.constrained_rate(x1, n1, x2, n2, difference))
                    p1, p2 = constrained_rates(x1, n1, x2, n2, float(difference))
                    assert float(p2) == pytest.approx(expected, abs=2e-15)
                    assert float(p1) == float(p2) + float(difference)


def test_the_exact_test_is_certified():
    for n1, n2, difference in [(5, 7, Fraction(1, 10)), (6, 6, Fraction(-1, 4)), (1, 9, Fraction(-1, 10))]:
        for alternative in ALTERNATIVES:
            with case(n1, n2, difference, alternative):
                # Order and ties by 25 digits, polynomials in rational arithmetic, suprema enclosed by subdivision.
                groups, coefficients = brute_force.difference_tails(alternative, n1, n2, difference)
                low, high = brute_force.enclose_suprema(coefficients)
                lattice = inference.pvalue_lattice("barnard", n1, n2, alternative, difference=float(difference))
                found = np.array([lattice[group[0]] for group in groups])
                for number, group in enumerate(groups):
                    assert all(lattice[table] == lattice[group[0]] for table in group), (number, group)
                assert (found - high).max() < 1e-9
                assert (low - found).max() < 1e-9


@pytest.mark.parametrize("n", [8, 11])
def test_ties_by_symmetry_are_ties(n):
    # In equal arms, x1 v x2 and n - x2 v n - x1 have the same likelihood: their statistics are equal in arithmetic.
    for alternative in ALTERNATIVES:
        lattice = inference.pvalue_lattice("barnard", n, n, alternative, difference=0.15)
        assert np.array_equal(lattice, lattice[::-1, ::-1].T)


def test_chans_example():
    # Chan, Stat Med 1998: 83/88 v 69/76, no worse by more than 10 points: exact p 0.0017 (as quoted by the R package
    # R4ClinicalTrial, which rebuilds the paper's first example).
    assert round(inference.pvalue("barnard", 83, 88, 69, 76, "greater", difference=-0.1), 4) == 0.0017


def test_against_two_r_packages():
    r = pd.read_csv(R_VALUES, comment="#")
    assert R_VALUES.read_text(encoding="utf-8").splitlines()[1] == "# with Exact 3.3, ratesci 1.0.0"
    for row in r.to_dict("records"):
        table = [int(row[name]) for name in ("x1", "n1", "x2", "n2")]
        d = row["difference"]
        for key, column in (("pearson", "farrington_manning"), ("miettinen_nurminen", "miettinen_nurminen")):
            # ratesci's statistic is good to about ten digits.
            assert inference.pvalue(key, *table, "greater", difference=d) == pytest.approx(row[column], abs=5e-11)
        for side in ALTERNATIVES:
            exact = inference.pvalue("barnard", *table, side, difference=d)
            # Exact looks on a grid: it may miss the top of the supremum, never lie above it.
            assert -1e-12 <= exact - row["exact_" + side.replace("-", "_")] < 1e-4


@pytest.mark.parametrize("key", ["wald_unpooled", "agresti_caffo"])
def test_the_wald_tests_are_their_formula(key):
    added = 1 if key == "agresti_caffo" else 0
    x1, n1, x2, n2 = 16 + added, 29 + 2 * added, 9 + added, 30 + 2 * added
    p1, p2 = x1 / n1, x2 / n2
    z = (p1 - p2 + 0.1) / np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    found = [inference.pvalue(key, 16, 29, 9, 30, side, difference=-0.1) for side in ALTERNATIVES]
    assert found == pytest.approx([2 * ndtr(-abs(z)), ndtr(-z), ndtr(z)], rel=1e-12)


def test_at_no_difference_they_are_the_tests_of_the_registry():
    for key in KEYS:
        for alternative in ALTERNATIVES:
            with case(key, alternative):
                lattice = inference.pvalue_lattice(key, 7, 9, alternative)
                assert np.array_equal(
                    inference.pvalue_lattice(key, 7, 9, alternative, difference=0), lattice, equal_nan=True
                )
                # And the form for other differences leads there: at 1e-13 the order is the same. Where the Wald statistic is 0/0 or
                # infinite at no difference, and where the score is 0/0, there is no limit to compare with.
                near = inference.pvalue_lattice(key, 7, 9, alternative, difference=1e-13)
                keep = np.isfinite(lattice)
                keep[0, 0] = keep[-1, -1] = False
                assert near[keep] == pytest.approx(lattice[keep], abs=1e-11)


def test_mirror_symmetry():
    for key in KEYS:
        for difference in [0.1, -0.25]:
            for alternative in ALTERNATIVES:
                with case(key, difference, alternative):
                    n1, n2 = 9, 12
                    lattice = inference.pvalue_lattice(key, n1, n2, alternative, difference=difference)
                    other = OTHER_SIDE[alternative]
                    arms = inference.pvalue_lattice(key, n2, n1, other, difference=-difference).T
                    responders = inference.pvalue_lattice(key, n1, n2, other, difference=-difference)[::-1, ::-1]
                    assert arms == pytest.approx(lattice, abs=1e-12)
                    assert responders == pytest.approx(lattice, abs=1e-12)


def test_arrays_single_tables_and_the_lattice_agree():
    for key in KEYS:
        with case(key):
            lattice = inference.pvalue_lattice(key, 13, 12, "greater", difference=-0.1)
            x1, x2 = np.indices((14, 13))
            assert inference.pvalue(key, x1, 13, x2, 12, "greater", difference=-0.1) == pytest.approx(
                lattice, abs=1e-12
            )
            one = inference.pvalue(key, np.int64(7), 13, 2, 12, "greater", difference=np.float32(-0.5))
            assert isinstance(one, float)
            assert one == pytest.approx(
                inference.pvalue_lattice(key, 13, 12, "greater", difference=-0.5)[7, 2], abs=1e-12
            )


def test_the_exact_p_value_holds_for_the_whole_one_sided_hypothesis():
    # More responders in the first arm or fewer in the second never look less like "greater": the probability of a
    # tail is then largest on the boundary of p1 - p2 <= difference, where the supremum is taken.
    for difference in (-0.2, 0.1):
        lattice = inference.pvalue_lattice("barnard", 15, 11, "greater", difference=difference)
        assert (np.diff(lattice, axis=0) <= 1e-12).all()
        assert (np.diff(lattice, axis=1) >= -1e-12).all()


def test_tests_without_such_a_form_name_those_that_have_one():
    for key in set(inference.TESTS) - set(KEYS):
        with pytest.raises(InputError, match=r"'pearson', 'n_minus_1', 'barnard', .* have a form"):
            inference.pvalue(key, 16, 29, 9, 30, difference=0.1)
        assert inference.pvalue(key, 16, 29, 9, 30, difference=0.0) == inference.pvalue(key, 16, 29, 9, 30)


def test_what_is_no_difference():
    for difference in [10, 1, -1.0, "0.1", None, float("nan"), True, [0.1]]:
        with (
            case(difference),
            pytest.raises(InputError, match=r"strictly between -1 and 1.* ten percentage points are 0\.1"),
        ):
            inference.pvalue("pearson", 16, 29, 9, 30, difference=difference)


def test_arms_of_millions():
    p = inference.pvalue("wald_unpooled", 4_000_100, 10**7, 5 * 10**6, 10**7, "greater", difference=-0.1)
    z = 0.00001 / np.sqrt(0.400010 * 0.599990 / 10**7 + 0.25 / 10**7)
    assert p == pytest.approx(ndtr(-z), rel=1e-8)


def test_names_of_such_tests_say_where_they_are():
    for name in ("tost", "non-inferiority", "Farrington Manning"):
        with pytest.raises(InputError, match=r"noninferiority\(\.\.\.\) .* pvalue\(\.\.\., difference=\)"):
            inference.pvalue(name, 16, 29, 9, 30)


def test_gamma_and_a_difference_do_not_go_together():
    with pytest.raises(InputError, match="gamma"):
        inference.pvalue("barnard", 16, 29, 9, 30, gamma=1e-6, difference=0.1)


def test_tables_that_are_too_many_are_refused():
    with pytest.raises(InputError, match="about 500 an arm"):
        inference.pvalue_lattice("barnard", 700, 700, difference=0.1)
    with pytest.raises(InputError, match="about 1000 an arm"):
        inference.pvalue("barnard", 5, 2000, 4, 2000, difference=0.1)


def test_arms_without_variance():
    # The Wald statistic is infinite: nobody responds, so a difference of a tenth is out of the question for it.
    assert inference.pvalue("wald_unpooled", 0, 10, 0, 12, difference=-0.1) == 0
    assert inference.pvalue("wald_unpooled", 0, 10, 0, 12, "less", difference=-0.1) == 1
    assert 0 < inference.pvalue("pearson", 0, 10, 0, 12, difference=-0.1) < 1
    assert 0 < inference.pvalue("barnard", 1, 1, 0, 1, "greater", difference=-0.1) <= 1


# --- planning ----------------------------------------------------------------------------------------------------


def test_the_rejection_region_is_the_lattice_cut_at_alpha():
    for difference in [-0.1, 0.2]:
        for alternative in ALTERNATIVES:
            for key in KEYS:
                with case(difference, alternative, key):
                    region = inference.rejection_region(key, 14, 11, 0.05, alternative, difference=difference)
                    assert np.array_equal(
                        region, inference.pvalue_lattice(key, 14, 11, alternative, difference=difference) <= 0.05
                    )


def test_score_statistics_rise_with_responders_of_the_first_arm_and_fall_with_those_of_the_second():
    for difference in [-0.95, -0.1, 1e-6, 0.3]:
        for n1, n2 in [(1, 9), (29, 30), (60, 7)]:
            with case(difference, n1, n2):
                # What the search for the rejection region builds on.
                x1, x2 = np.indices((n1 + 1, n2 + 1))
                for key in SCORES:
                    z = STATISTICS[key](x1, np.full_like(x1, n1), x2, np.full_like(x2, n2), difference)
                    assert (np.diff(z, axis=0) > 0).all()
                    assert (np.diff(z, axis=1) < 0).all()


def probability(region: np.ndarray, p1: float, p2: float) -> float:
    n1, n2 = region.shape[0] - 1, region.shape[1] - 1
    return float(binom.pmf(np.arange(n1 + 1), n1, p1) @ region @ binom.pmf(np.arange(n2 + 1), n2, p2))


def test_size_is_the_largest_probability_on_the_boundary():
    for key, difference in [("pearson", -0.1), ("wald_unpooled", 0.25), ("barnard", -0.15)]:
        with case(key, difference):
            region = inference.rejection_region(key, 29, 30, 0.025, "greater", difference=difference)
            found = inference.size(key, 29, 30, 0.025, "greater", difference=difference)
            rates = np.linspace(max(0, -difference), min(1, 1 - difference), 301)
            heights = [probability(region, min(rate + difference, 1), rate) for rate in rates]
            assert max(heights) <= found.size + 1e-12 <= max(heights) + 1e-4
            assert probability(region, found.nuisance + difference, found.nuisance) == pytest.approx(
                found.size, abs=1e-10
            )
            curve = inference.size_curve(key, 29, 30, rates, 0.025, "greater", difference=difference)
            assert curve["rejection_probability"].to_numpy() == pytest.approx(heights, abs=1e-12)
            assert "second response rate" in found._repr_html_()
            assert found.to_frame().loc[0, "difference"] == difference


def test_the_exact_test_keeps_its_level_under_the_whole_hypothesis():
    region = inference.rejection_region("barnard", 20, 17, 0.05, "greater", difference=-0.2)
    assert inference.size("barnard", 20, 17, 0.05, "greater", difference=-0.2).size <= 0.05
    for p2 in np.linspace(0.2, 1, 9):
        for p1 in np.linspace(0, p2 - 0.2, 6):
            assert probability(region, p1, p2) <= 0.05 + 1e-12


def test_power_is_the_probability_of_the_region():
    region = inference.rejection_region("barnard", 40, 35, 0.025, "greater", difference=-0.1)
    for p1, p2 in ((0.85, 0.85), (0.7, 0.8), (0.0, 1.0)):
        found = inference.power("barnard", p1, p2, 40, 35, 0.025, "greater", difference=-0.1)
        assert found == pytest.approx(probability(region, p1, p2), abs=1e-12)


def test_sample_size_for_non_inferiority():
    for key in ["pearson", "wald_unpooled", "barnard"]:
        with case(key):
            found = inference.sample_size(key, 0.9, 0.8, 0.8, 0.025, alternative="greater", difference=-0.1)
            usual = {"alpha": 0.025, "alternative": "greater", "difference": -0.1}
            assert found.power == inference.power(key, 0.9, 0.8, found.n1, found.n2, **usual) >= 0.8
            assert inference.power(key, 0.9, 0.8, found.n1 - 1, found.n2 - 1, **usual) < 0.8
            assert found.to_frame().loc[0, "difference"] == -0.1
            assert "difference -0.1" in found._repr_html_()
            # Equal rates are a truth to plan for now.
            assert inference.sample_size("pearson", 0.9, 0.9, 0.5, 0.1, alternative="greater", difference=-0.2).n1 > 5
            with pytest.raises(InputError, match=r"no difference beyond -0\.1 in the direction 'greater'"):
                inference.sample_size("pearson", 0.7, 0.8, alternative="greater", difference=-0.1)


def test_planning_refuses_what_the_p_value_refuses():
    for function, rest in (
        (inference.rejection_region, (29, 30)),
        (inference.size, (29, 30)),
        (inference.size_curve, (29, 30)),
        (inference.power, (0.5, 0.3, 29, 30)),
        (inference.sample_size, (0.5, 0.3)),
        (inference.pvalue_lattice, (29, 30)),
    ):
        with pytest.raises(InputError, match="'fisher' is a test of no difference only"):
            function("fisher", *rest, difference=0.1)
        with pytest.raises(InputError, match="strictly between -1 and 1"):
            function("pearson", *rest, difference=10)
    with pytest.raises(InputError, match=r"second rate lies from 0\.1 to 1"):
        inference.size_curve("pearson", 29, 30, [0.05], difference=-0.1)


def test_one_test_with_all_that_belongs_to_it():
    found = inference.test("barnard", 26, 28, 20, 24, "greater", difference=-0.1)
    assert found.p == inference.pvalue("barnard", 26, 28, 20, 24, "greater", difference=-0.1)
    # Where the supremum lies: the probability of the region is the p-value there.
    region = inference.pvalue_lattice("barnard", 28, 24, "greater", difference=-0.1) <= found.p * (1 + 1e-9)
    assert probability(region, found.nuisance - 0.1, found.nuisance) == pytest.approx(found.p, abs=1e-10)
    assert "second response rate" in str(found)
    score = inference.test("miettinen_nurminen", 16, 29, 9, 30, difference=-0.1, level=0.9)
    assert score.p == pytest.approx(2 * ndtr(-abs(score.statistic)), rel=1e-12)
    assert (score.interval.low > -0.1) is (score.p <= 0.1)
    assert score.to_frame().loc[0, "difference"] == -0.1
