"""Size, power, fragility, tipping points and two visits against sums written out by hand."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lupus_kit import inference
from lupus_kit.inference import TESTS

SOME = settings(max_examples=60, deadline=None, derandomize=True)
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


@pytest.mark.parametrize("key", list(TESTS))
def test_power_of_the_trial_agrees_with_scipys_binomials(key):
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


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("key", list(TESTS))
def test_size_is_the_top_of_a_dense_curve(key, alternative):
    found = inference.size(key, 11, 8, 0.05, alternative)
    curve = inference.size_curve(key, 11, 8, np.linspace(0, 1, 4001), 0.05, alternative)["rejection_probability"]
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


def test_everyone_uses_the_same_meaning_of_significant():
    # The same table at the same level must not be rejected in one function and kept in another.
    assert inference.rejection_region("barnard", 3, 3, 1 / 32)[3, 0]
    assert inference.fragility_index(3, 3, 0, 3, test="barnard", alpha=1 / 32).direction == "loses significance"
    assert inference.tipping_point(3, 3, 0, 3, 0, 0, test="barnard", alpha=1 / 32)["significant"].item()


def walked(x1, n1, x2, n2, key, alpha):
    """Change one outcome after another, in either arm and direction, until the result crosses alpha."""
    start = inference.pvalue(key, x1, n1, x2, n2) <= alpha
    for steps in range(1, max(n1, n2) + 1):
        changed = [(x1 - steps, x2), (x1 + steps, x2), (x1, x2 - steps), (x1, x2 + steps)]
        for a, b in changed:
            if 0 <= a <= n1 and 0 <= b <= n2 and (inference.pvalue(key, a, n1, b, n2) <= alpha) != start:
                return steps
    return None


@SOME
@given(
    key=st.sampled_from(["fisher", "pearson", "likelihood_ratio"]),
    n1=st.integers(1, 20),
    n2=st.integers(1, 20),
    alpha=st.sampled_from([0.05, 0.2]),
    data=st.data(),
)
def test_fragility_is_the_first_crossing(key, n1, n2, alpha, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    found = inference.fragility_index(x1, n1, x2, n2, key, alpha)
    assert found.index == walked(x1, n1, x2, n2, key, alpha)
    if found.index is None:
        assert found.after == found.before == (x1, x2)
        return
    p_after = inference.pvalue(key, found.after[0], n1, found.after[1], n2)
    assert found.p_after == pytest.approx(p_after, nan_ok=True)
    assert (found.p_after <= alpha) != (found.p_before <= alpha)
    assert abs(found.after[found.arm - 1] - found.before[found.arm - 1]) == found.index
    assert found.after[2 - found.arm] == found.before[2 - found.arm]


def test_fragility_of_the_trial():
    week12 = inference.fragility_index(16, 29, 9, 30, "pearson")
    assert (week12.index, week12.direction) == (1, "gains significance")
    week24 = inference.fragility_index(19, 29, 11, 30, "pearson")
    assert week24.direction == "loses significance"
    assert week24.index == 1
    assert "<b>1</b> changed outcome" in week24._repr_html_()
    assert week24.to_frame()["test"].item() == "pearson"
    # Two patients an arm can never be significant at 0.05 by Fisher's test (smallest p 1/3).
    nothing = inference.fragility_index(1, 2, 1, 2, "fisher")
    assert nothing.index is None
    assert "No change" in nothing._repr_html_()


@SOME
@given(
    n1=st.integers(1, 12), n2=st.integers(1, 12), missing1=st.integers(0, 4), missing2=st.integers(0, 4), data=st.data()
)
def test_tipping_point_tries_every_way(n1, n2, missing1, missing2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    ways = inference.tipping_point(x1, n1, x2, n2, missing1, missing2, "fisher")
    pairs = set(zip(ways["missing_responders_1"], ways["missing_responders_2"], strict=True))
    assert len(ways) == len(pairs) == (missing1 + 1) * (missing2 + 1)
    for way in ways.itertuples():
        assert (way.n1, way.n2) == (n1 + missing1, n2 + missing2)
        assert (way.x1, way.x2) == (x1 + way.missing_responders_1, x2 + way.missing_responders_2)
        assert way.p == inference.pvalue("fisher", way.x1, way.n1, way.x2, way.n2)
        assert way.significant == (way.p <= 0.05)


def paired_p(x1_a, x2_a, n_a, both_a, x1_b, x2_b, n_b, both_b):
    """The same test from patients' own changes: +1, 0 or -1 each."""
    means, variances = [], []
    for first, second, n, both in ((x1_a, x2_a, n_a, both_a), (x1_b, x2_b, n_b, both_b)):
        gained, lost = second - both, first - both
        change = np.repeat([1.0, -1.0, 0.0], [gained, lost, n - gained - lost])
        means.append(change.mean())
        variances.append(change.var() / n)
    difference = means[0] - means[1]
    if sum(variances) < 1e-15:
        return 1.0 if abs(difference) < 1e-12 else 0.0
    return 2 * stats.norm.sf(abs(difference) / np.sqrt(sum(variances)))


@SOME
@given(n_a=st.integers(1, 9), n_b=st.integers(1, 9), data=st.data())
def test_between_visit_bounds_cover_every_joint_distribution(n_a, n_b, data):
    x1_a, x2_a = data.draw(st.integers(0, n_a)), data.draw(st.integers(0, n_a))
    x1_b, x2_b = data.draw(st.integers(0, n_b)), data.draw(st.integers(0, n_b))
    bounds = inference.between_visit_bounds(x1_a, x2_a, n_a, x1_b, x2_b, n_b)
    every = {
        (a, b): paired_p(x1_a, x2_a, n_a, a, x1_b, x2_b, n_b, b)
        for a in range(max(0, x1_a + x2_a - n_a), min(x1_a, x2_a) + 1)
        for b in range(max(0, x1_b + x2_b - n_b), min(x1_b, x2_b) + 1)
    }
    assert len(bounds.table) == len(every)
    for row in bounds.table.itertuples():
        assert row.p == pytest.approx(every[row.both_a, row.both_b], abs=1e-9)
    assert bounds.p_low == pytest.approx(min(every.values()), abs=1e-9)
    assert bounds.p_high == pytest.approx(max(every.values()), abs=1e-9)
    assert every[bounds.joint_low] == pytest.approx(bounds.p_low, abs=1e-9)
    assert every[bounds.joint_high] == pytest.approx(bounds.p_high, abs=1e-9)
    assert bounds.to_frame()["p"].tolist() == [bounds.p_low, bounds.p_high]


def test_between_visit_bounds_of_the_trial_in_words():
    shown = inference.between_visit_bounds(16, 19, 29, 9, 11, 30)._repr_html_()
    assert "<b>0.61</b>" in shown
    assert "<b>0.87</b>" in shown
    # 16 and 19 of 29: from 6 to 16 patients respond twice; 9 and 11 of 30: from 0 to 9.
    assert f"{11 * 10} joint distributions" in shown


def test_results_unpack_as_the_numbers_they_stand_for():
    found = inference.size("pearson", 29, 30)
    size, nuisance = found
    assert (size, nuisance) == (found.size, found.nuisance)
    assert float(found) == size
    assert int(inference.sample_size("pearson", 0.9, 0.2)) == inference.sample_size("pearson", 0.9, 0.2).n1


@pytest.mark.parametrize("key", ["barnard", "barnard_unpooled", "boschloo", "boschloo_minlike"])
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_the_region_found_by_halving_is_that_of_the_lattice(key, alternative):
    from lupus_kit.inference.two_by_two import unconditional

    for n1, n2 in [(1, 1), (3, 2), (12, 9), (29, 30), (52, 55)]:
        lattice = unconditional.lattice(key, n1, n2, alternative)
        for alpha in (0.001, 0.05, 1 / 32, 0.3):
            found = unconditional.region(key, n1, n2, alternative, alpha * (1 + 1e-12))
            np.testing.assert_array_equal(found, lattice <= alpha * (1 + 1e-12))


def test_a_large_design_is_searched_not_listed():
    region = inference.rejection_region("boschloo", 60, 61)
    np.testing.assert_array_equal(region, inference.pvalue_lattice("boschloo", 60, 61) <= 0.05)
