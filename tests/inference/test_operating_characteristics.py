"""Size and power against sums written out by hand."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.cases import case
from scipy import stats

from lupus_kit import inference
from lupus_kit.inference import TESTS
from lupus_kit.inference.two_by_two.conditional import conditional_rejects

SOME = settings(max_examples=20)
FAST = ("pearson", "fisher", "student_t", "log_odds_wald", "barnard")


def summed_power(key, p1, p2, n1, n2, alpha, alternative="two-sided"):
    """Add up the probability of every rejected table, one table at a time."""
    total = 0.0
    for x1 in range(n1 + 1):
        for x2 in range(n2 + 1):
            p = inference.pvalue(key, x1, n1, x2, n2, alternative)
            if p <= alpha * (1 + 1e-12):
                total += comb(n1, x1) * p1**x1 * (1 - p1) ** (n1 - x1) * comb(n2, x2) * p2**x2 * (1 - p2) ** (n2 - x2)
    return total


@SOME
@given(
    key=st.sampled_from(FAST),
    n1=st.integers(1, 9),
    n2=st.integers(1, 9),
    p1=st.floats(0, 1),
    p2=st.floats(0, 1),
    alpha=st.floats(0.01, 0.4),
    alternative=st.sampled_from(["two-sided", "greater", "less"]),
)
def test_power_adds_up_every_rejected_table(key, n1, n2, p1, p2, alpha, alternative):
    found = inference.power(key, p1, p2, n1, n2, alpha, alternative)
    assert isinstance(found, float)
    assert found == pytest.approx(summed_power(key, p1, p2, n1, n2, alpha, alternative), abs=1e-12)


def test_power_of_the_trial_agrees_with_scipys_binomials():
    for key in list(TESTS):
        with case(key):
            rejected = inference.rejection_region(key, 29, 30)
            assert rejected.dtype == bool
            assert rejected.shape == (30, 31)
            a = stats.binom.pmf(np.arange(30), 29, 16 / 29)
            b = stats.binom.pmf(np.arange(31), 30, 9 / 30)
            assert inference.power(key, 16 / 29, 9 / 30, 29, 30) == pytest.approx(a @ rejected @ b, abs=1e-11)


def test_power_broadcasts():
    p1, p2 = np.array([[0.0], [0.3], [1.0]]), np.array([0.0, 0.3, 0.55, 1.0])
    grid = inference.power("fisher", p1, p2, 12, 10)
    assert grid.shape == (3, 4)
    loop = [[inference.power("fisher", float(a), float(b), 12, 10) for b in p2] for a in p1[:, 0]]
    assert grid == pytest.approx(np.array(loop), abs=1e-14)
    assert inference.power("fisher", 1.0, 0.0, 12, 10) == 1.0
    assert inference.power("fisher", 0.0, 0.0, 12, 10) == 0.0


@SOME
@given(key=st.sampled_from(FAST), n1=st.integers(1, 15), n2=st.integers(1, 15), rate=st.floats(0, 1))
def test_power_without_a_difference_lies_on_the_size_curve(key, n1, n2, rate):
    curve = inference.size_curve(key, n1, n2, rates=[rate])
    assert curve.columns.tolist() == ["rate", "rejection_probability"]
    height = curve["rejection_probability"].item()
    assert inference.power(key, rate, rate, n1, n2) == pytest.approx(height, abs=1e-12)
    assert height <= inference.size(key, n1, n2).size + 1e-12


def test_size_is_the_top_of_a_dense_curve():
    for key in list(TESTS):
        with case(key):
            for alternative in ["two-sided", "greater", "less"]:
                with case(alternative):
                    found = inference.size(key, 11, 8, 0.05, alternative)
                    curve = inference.size_curve(key, 11, 8, np.linspace(0, 1, 4001), 0.05, alternative)[
                        "rejection_probability"
                    ]
                    assert curve.max() <= found.size + 1e-12
                    assert curve.max() == pytest.approx(found.size, abs=1e-6)
                    assert float(found) == found.size
                    assert found.to_frame().iloc[0][["test", "n1", "n2", "alpha", "alternative"]].tolist() == [
                        key,
                        11,
                        8,
                        0.05,
                        alternative,
                    ]


def test_size_says_in_words_whether_the_level_is_kept():
    assert "keeps" in inference.size("fisher", 29, 30)._repr_html_()
    shown = inference.size("pearson", 29, 30)._repr_html_()
    assert "exceeds" in shown
    assert "0.0564" in shown


def test_a_p_value_that_equals_alpha_rejects():
    # 3/3 v 0/3: Barnard's p is 2/4**3 exactly, Fisher's one-sided p is 1/20 exactly.
    assert inference.pvalue("barnard", 3, 3, 0, 3) == pytest.approx(1 / 32, abs=1e-15)
    assert inference.rejection_region("barnard", 3, 3, 1 / 32)[3, 0]
    assert inference.rejection_region("fisher", 3, 3, 0.05, "greater")[3, 0]
    assert not inference.rejection_region("fisher", 3, 3, 0.0499, "greater")[3, 0]


def test_results_unpack_as_the_numbers_they_stand_for():
    found = inference.size("pearson", 29, 30)
    size, nuisance = found
    assert (size, nuisance) == (found.size, found.nuisance)
    assert float(found) == size
    assert int(inference.sample_size("pearson", 0.9, 0.2)) == inference.sample_size("pearson", 0.9, 0.2).n1


def test_the_region_found_by_halving_is_that_of_the_lattice():
    for key in ["barnard", "barnard_unpooled", "boschloo", "boschloo_minlike"]:
        for alternative in ["two-sided", "greater", "less"]:
            with case(key, alternative):
                from lupus_kit.inference.two_by_two import unconditional

                for n1, n2 in [(1, 1), (3, 2), (12, 9), (29, 30), (52, 55)]:
                    lattice = unconditional.lattice(key, n1, n2, alternative)
                    for alpha in (0.001, 0.05, 1 / 32, 1 / 16, 0.3, 0.9):
                        found = unconditional.region(key, n1, n2, alternative, alpha * (1 + 1e-12))
                        np.testing.assert_array_equal(found, lattice <= alpha * (1 + 1e-12))


def test_a_large_design_is_searched_not_listed():
    region = inference.rejection_region("boschloo", 60, 61)
    np.testing.assert_array_equal(region, inference.pvalue_lattice("boschloo", 60, 61) <= 0.05)


def test_the_region_summed_up_in_floats_is_that_of_whole_numbers():
    for key in ["fisher", "fisher_doubled", "blaker", "fisher_midp", "fisher_midp_doubled"]:
        for alternative in ["two-sided", "greater", "less"]:
            with case(key, alternative):
                # Levels among them that are p-values of tables, where floats alone would not do.
                for n1, n2 in [(3, 3), (30, 30), (29, 30), (8, 50)]:
                    lattice = inference.pvalue_lattice(key, n1, n2, alternative)
                    for alpha in (0.05, 1 / 32, 0.3, 1e-9, float(lattice[n1 // 2, n2 // 3]) * 0.999999999999999):
                        for rows, columns in [((0, n1), (0, n2)), ((n1 // 3, n1 // 2), (n2 // 4, n2 - 1))]:
                            found = conditional_rejects(key, n1, n2, alternative, alpha * (1 + 1e-12), rows, columns)
                            expected = (lattice <= alpha * (1 + 1e-12))[
                                rows[0] : rows[1] + 1, columns[0] : columns[1] + 1
                            ]
                            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("key", ["barnard", "boschloo", "boschloo_minlike"])
def test_the_tables_at_the_edge_of_a_large_region_have_the_p_values_that_put_them_there(key):
    # 151,000 tables, of which some thousand are sorted: the boundary is checked table by table, each from its own set.
    region = inference.rejection_region(key, 388, 387)
    for x1 in (3, 120, 194, 380):
        inside = np.flatnonzero(region[x1])
        edges = inside[np.flatnonzero(np.diff(inside, prepend=-9, append=999) > 1)[:-1]]
        for x2 in {int(edge) + step for edge in edges for step in (-1, 0, 1)} & set(range(388)):
            assert region[x1, x2] == (inference.pvalue(key, x1, 388, x2, 387) <= 0.05)


def test_size_of_a_large_design_comes_from_floats():
    rejected = inference.rejection_region("pearson", 150, 150)
    at = np.linspace(0.01, 0.99, 99)
    pmf = stats.binom.pmf(np.arange(151)[:, None], 150, at)
    assert inference.size("pearson", 150, 150).size >= np.einsum("it,ij,jt->t", pmf, rejected, pmf).max() - 1e-12
