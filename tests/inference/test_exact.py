"""Exact tests against the definitions, in rational arithmetic (references/brute_force.py)."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from references import brute_force
from references.cases import case
from scipy.stats import beta, binom

from lupus_kit import inference
from lupus_kit.core.errors import InputError

CONDITIONAL = ("fisher", "fisher_doubled", "blaker", "fisher_midp", "fisher_midp_doubled")
ALTERNATIVES = ("two-sided", "greater", "less")
# Balanced, nearly balanced, very unequal, an arm of one patient, and this trial's own.
DESIGNS = [(5, 5), (10, 12), (13, 12), (7, 20), (1, 9), (2, 31), (29, 30)]
TOLERANCE = 1e-9


def test_conditional_tests_are_right_to_the_last_bit():
    for key in CONDITIONAL:
        with case(key):
            for alternative in ALTERNATIVES:
                for n1, n2 in [(1, 1), (4, 4), (5, 7), (7, 20), (13, 12)]:
                    with case(alternative, n1, n2):
                        expected = [
                            float(brute_force.conditional_p(key, alternative, x1, n1, x2, n2))
                            for x1, x2 in brute_force.tables(n1, n2)
                        ]
                        lattice = inference.pvalue_lattice(key, n1, n2, alternative)
                        assert lattice.ravel().tolist() == expected


def test_conditional_tests_of_larger_tables():
    for table in [(16, 29, 9, 30), (19, 29, 11, 30), (120, 240, 96, 230), (5, 200, 14, 198)]:
        for key in CONDITIONAL:
            with case(table, key):
                x1, n1, x2, n2 = table
                expected = float(brute_force.conditional_p(key, "two-sided", *table))
                assert inference.pvalue(key, x1, n1, x2, n2) == expected


@cache
def certified(key: str, alternative: str, n1: int, n2: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bound of the p-value of every table, from exact ties and a subdivision."""
    groups, coefficients = brute_force.tails(key, alternative, n1, n2)
    low, high = brute_force.enclose_suprema(coefficients)
    bounds = np.full((2, n1 + 1, n2 + 1), np.nan)
    for number, group in enumerate(groups):
        for x1, x2 in group:
            bounds[:, x1, x2] = low[number], high[number]
    return bounds[0], bounds[1]


def assert_enclosed(lattice, low, high):
    __tracebackhide__ = True
    # The enclosure itself is at most 1e-11 wide, so this certifies 1e-9 with room to spare.
    assert np.max(high - low) < 1e-10
    assert np.max(lattice - high) < TOLERANCE
    assert np.max(low - lattice) < TOLERANCE


def test_suprema_are_certified():
    for n1, n2 in DESIGNS:
        for alternative in ALTERNATIVES:
            for key in ["barnard", "barnard_unpooled", "boschloo_minlike"]:
                with case(n1, n2, alternative, key):
                    assert_enclosed(
                        inference.pvalue_lattice(key, n1, n2, alternative), *certified(key, alternative, n1, n2)
                    )


def test_central_boschloo_is_twice_the_smaller_certified_side():
    for n1, n2 in DESIGNS:
        with case(n1, n2):
            greater, less = certified("boschloo", "greater", n1, n2), certified("boschloo", "less", n1, n2)
            low, high = (np.minimum(2 * np.minimum(g, s), 1.0) for g, s in zip(greater, less, strict=True))
            assert_enclosed(inference.pvalue_lattice("boschloo", n1, n2), low, high)
            for side, (lower, upper) in (("greater", greater), ("less", less)):
                assert_enclosed(inference.pvalue_lattice("boschloo", n1, n2, side), lower, upper)


def assert_confined(lattice: np.ndarray, key: str, alternative: str, gamma: float) -> None:
    """Each p-value is the supremum over the Clopper-Pearson interval of the common rate, plus gamma."""
    n1, n2 = (size - 1 for size in lattice.shape)
    total = n1 + n2
    groups, coefficients = brute_force.tails(key, alternative, n1, n2)
    rank = {table: number for number, group in enumerate(groups) for table in group}
    for s in range(total + 1):
        lower = beta.ppf(gamma / 2, s, total - s + 1) if s else 0.0
        upper = beta.isf(gamma / 2, s + 1, total - s) if s < total else 1.0
        members = [(x1, s - x1) for x1 in range(max(0, s - n2), min(n1, s) + 1)]
        pieces = brute_force.restrict(coefficients[[rank[m] for m in members]], lower, upper)
        low, high = (np.minimum(bound + gamma, 1.0) for bound in brute_force.enclose_suprema(pieces))
        assert_enclosed(np.array([lattice[m] for m in members]), low, high)


def test_berger_boos_maximises_over_the_clopper_pearson_interval():
    for n1, n2 in [(5, 5), (10, 12), (7, 20), (17, 18)]:
        for alternative in ["two-sided", "greater"]:
            with case(n1, n2, alternative):
                lattice = inference.pvalue_lattice("barnard_berger_boos", n1, n2, alternative)
                assert_confined(lattice, "barnard", alternative, 1e-6)  # the gamma that the registry's label prints


def test_boschloo_berger_boos_doubles_the_smaller_side():
    greater, less = (inference.pvalue_lattice("boschloo_berger_boos", 13, 12, side) for side in ("greater", "less"))
    both = inference.pvalue_lattice("boschloo_berger_boos", 13, 12)
    assert np.array_equal(both, np.minimum(2 * np.minimum(greater, less), 1.0))
    plain = inference.pvalue_lattice("boschloo", 13, 12, "greater")
    # A smaller range for the nuisance parameter can only lower the supremum; then gamma is added.
    assert np.all(greater <= plain + 1e-6 + 1e-12)
    assert greater.min() >= 1e-6


def test_tables_that_tie_exactly_share_one_p_value():
    for key in ["barnard", "barnard_unpooled", "boschloo_minlike"]:
        for n1, n2 in DESIGNS:
            with case(key, n1, n2):
                groups, _ = brute_force.tails(key, "two-sided", n1, n2)
                lattice = inference.pvalue_lattice(key, n1, n2)
                assert max(len(group) for group in groups) > 1
                assert all(len({lattice[table] for table in group}) == 1 for group in groups)


def test_the_observed_table_has_a_tie_that_floats_miss():
    # Why the kit orders tables exactly: in floating point the z statistics of two tables that tie with
    # 16/29 v 9/30 in arithmetic differ in the last bit, whichever way the formula is written.
    observed = brute_force.score(16, 29, 9, 30)
    ties = [t for t in brute_force.tables(29, 30) if abs(brute_force.score(t[0], 29, t[1], 30)) == observed]
    assert len(ties) > 1
    assert (13, 21) in ties  # the same table with the outcomes renamed

    def z(x1, x2):
        p = (x1 + x2) / 59
        return abs(x1 / 29 - x2 / 30) / np.sqrt(p * (1 - p) * (1 / 29 + 1 / 30))

    assert len({z(*table) for table in ties}) > 1


def test_exact_sizes_are_certified():
    # The size is a supremum of a polynomial too, and its coefficients need not have a single peak.
    for key in ("pearson", "fisher", "likelihood_ratio", "boschloo"):
        rejected = inference.rejection_region(key, 13, 12)
        coefficients = np.zeros(26)
        for x1, x2 in np.argwhere(rejected).tolist():
            coefficients[x1 + x2] += float(brute_force.given_margins(13, 12, x1 + x2)[x1])
        low, high = brute_force.enclose_suprema(coefficients[None, :])
        assert low[0] - TOLERANCE <= inference.size(key, 13, 12).size <= high[0] + TOLERANCE


def test_any_gamma_confines_the_nuisance_parameter():
    for gamma in [1e-6, 1e-3, 0.02]:
        for key in ["barnard", "barnard_unpooled", "boschloo_minlike", "boschloo"]:
            with case(gamma, key):
                n1, n2 = 10, 12
                lattice = inference.pvalue_lattice(key, n1, n2, "greater", gamma)
                assert_confined(lattice, key, "greater", gamma)
                assert inference.pvalue(key, 7, n1, 3, n2, "greater", gamma=gamma) == pytest.approx(
                    lattice[7, 3], abs=1e-12
                )
                region = inference.rejection_region(key, n1, n2, 0.05, "greater", gamma=gamma)
                np.testing.assert_array_equal(region, lattice <= 0.05)


def test_gamma_names_the_berger_boos_form_of_a_test():
    for base in ("barnard", "boschloo"):
        named = inference.pvalue_lattice(f"{base}_berger_boos", 8, 9)
        np.testing.assert_array_equal(inference.pvalue_lattice(base, 8, 9, gamma=1e-6), named)
        assert not np.allclose(inference.pvalue_lattice(f"{base}_berger_boos", 8, 9, gamma=0.01), named)
    with pytest.raises(InputError, match=r"'pearson' has no nuisance parameter to confine; 'barnard', .*have"):
        inference.pvalue("pearson", 1, 5, 2, 5, gamma=0.001)
    for bad in (0, 1, -0.1, "a", [0.1]):
        with pytest.raises(InputError, match="gamma"):
            inference.pvalue("barnard", 1, 5, 2, 5, gamma=bad)
    for function in (inference.size, inference.size_curve, inference.rejection_region):
        with pytest.raises(InputError, match="no nuisance parameter"):
            function("fisher", 5, 6, gamma=0.001)


def test_a_gamma_that_no_p_value_can_get_below_is_refused():
    for ask in [
        lambda: inference.size("barnard", 8, 9, gamma=0.05),
        lambda: inference.power("boschloo", 0.8, 0.2, 8, 9, gamma=0.2),
        lambda: inference.size_curve("boschloo", 8, 9, alpha=0.01, gamma=0.02),
        lambda: inference.rejection_region("barnard_berger_boos", 8, 9, alpha=1e-7),
        lambda: inference.type_m_and_s("barnard", 0.8, 0.2, 8, 9, gamma=0.06),
        lambda: inference.sample_size("barnard", 0.8, 0.2, gamma=0.06),
        lambda: inference.minimal_detectable_difference("barnard", 0.2, 8, 9, gamma=0.06),
    ]:
        with case(ask), pytest.raises(InputError, match="must be smaller than alpha"):
            ask()


def test_gamma_reaches_planning_comparison_and_fragility():
    gamma = 0.03
    rejected = inference.pvalue_lattice("barnard", 12, 11, gamma=gamma) <= 0.05
    assert not np.array_equal(rejected, inference.pvalue_lattice("barnard", 12, 11) <= 0.05)
    expected = float((binom.pmf(range(13), 12, 0.8) @ rejected) @ binom.pmf(range(12), 11, 0.2))
    assert inference.power("barnard", 0.8, 0.2, 12, 11, gamma=gamma) == pytest.approx(expected, abs=1e-12)
    assert inference.type_m_and_s("barnard", 0.8, 0.2, 12, 11, gamma=gamma).power == pytest.approx(expected, abs=1e-12)
    size = inference.size("barnard", 12, 11, gamma=gamma)
    assert size.gamma == gamma
    assert size.size < inference.size("barnard", 12, 11).size
    assert "γ = 0.03" in size._repr_html_()
    found = inference.sample_size("barnard", 0.9, 0.2, gamma=gamma)
    assert found.gamma == gamma
    assert found.power == inference.power("barnard", 0.9, 0.2, found.n1, found.n2, gamma=gamma)
    difference = inference.minimal_detectable_difference("barnard", 0.2, 12, 11, gamma=gamma)
    assert inference.power("barnard", 0.2 + difference, 0.2, 12, 11, gamma=gamma) == pytest.approx(0.8, abs=1e-8)
    shown = inference.compare(8, 12, 3, 11, gamma=gamma).tests(["pearson", "barnard"]).set_index("test")
    assert shown.loc["barnard", "p"] == inference.pvalue("barnard", 8, 12, 3, 11, gamma=gamma)
    assert shown.loc["pearson", "p"] == inference.pvalue("pearson", 8, 12, 3, 11)
    every = inference.compare(8, 12, 3, 11, gamma=gamma).tests().set_index("test")["p"]
    assert every["barnard"] == inference.pvalue("barnard", 8, 12, 3, 11)
    assert every["barnard_berger_boos"] == shown.loc["barnard", "p"]
    fragile = inference.fragility_index(8, 12, 3, 11, "barnard", gamma=gamma)
    assert fragile.p_before == pytest.approx(shown.loc["barnard", "p"], abs=1e-12)
    ways = inference.tipping_point(8, 12, 3, 11, 0, 0, "barnard", gamma=gamma)
    assert ways["p"].item() == pytest.approx(shown.loc["barnard", "p"], abs=1e-12)


def test_fishers_test_of_margins_too_wide_for_whole_numbers():
    for table, two_sided, greater in [
        # R 4.2.2, fisher.test(matrix(c(x1, n1 - x1, x2, n2 - x2), 2)) and alternative = "greater", twelve digits.
        ((15000, 40000, 15300, 40000), 0.0293087282021, 0.9858782114481),
        ((30000, 70000, 31500, 72000), 0.000697764646131, 0.999663255060404),
        ((250000, 1000000, 251500, 1000000), 0.0144684587041, 0.9928309642328),
        ((26000, 60000, 26000, 60000), 1.0, 0.502324030273),
        ((21000, 50000, 40000, 90000), 9.39355595937e-19, 1.0),
    ]:
        with case(table, two_sided, greater):
            assert inference.pvalue("fisher", *table) == pytest.approx(two_sided, rel=1e-10)
            assert inference.pvalue("fisher", *table, "greater") == pytest.approx(greater, rel=1e-10)
            x1, n1, x2, n2 = table
            assert inference.pvalue("fisher", x2, n2, x1, n1, "less") == pytest.approx(greater, rel=1e-10)
            smaller = min(inference.pvalue("fisher", *table, side) for side in ("greater", "less"))
            assert inference.pvalue("fisher_doubled", *table) == pytest.approx(min(2 * smaller, 1), rel=1e-12)
            assert 0 < inference.pvalue("blaker", *table) <= 1
            assert inference.pvalue("fisher_midp", *table) < inference.pvalue("fisher", *table)


def test_a_wide_margin_ends_in_nought_and_one():
    assert inference.pvalue("fisher", 0, 100_000, 90_000, 100_000) == 0.0
    assert inference.pvalue("fisher", 90_000, 100_000, 0, 100_000, "greater") == 0.0
    assert inference.pvalue("fisher", 90_000, 100_000, 0, 100_000, "less") == pytest.approx(1.0, abs=1e-12)
