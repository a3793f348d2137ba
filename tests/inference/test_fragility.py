"""Fragility and tipping points: every change of outcomes tried, one after another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from lupus_kit import inference

SOME = settings(max_examples=20)


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
    found = inference.fragility_index(x1, n1, x2, n2, key, alpha, rule="any")
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
    # Walsh adds responders to placebo (11 to 13); one responder less on IL-2 would do.
    assert (week24.index, week24.arm, week24.after) == (2, 2, (19, 13))
    fewest = inference.fragility_index(19, 29, 11, 30, "pearson", rule="any")
    assert (fewest.index, fewest.arm, fewest.after) == (1, 1, (18, 11))
    assert "<b>1</b> changed outcome in" in fewest._repr_html_()
    assert week24.to_frame()["test"].item() == "pearson"
    # Two patients an arm can never be significant at 0.05 by Fisher's test (smallest p 1/3).
    nothing = inference.fragility_index(1, 2, 1, 2, "fisher")
    assert nothing.index is None
    assert "No number of events taken from arm 1, which has fewer," in nothing._repr_html_()
    assert np.isnan(nothing.quotient)
    assert "No change" in inference.fragility_index(1, 2, 1, 2, "fisher", rule="any")._repr_html_()


def walsh(x1, n1, x2, n2, alpha):
    """Follow the published recipe by hand with SciPy's Fisher: one event more (or less) in the arm with fewer."""
    counts, sizes = [x1, x2], [n1, n2]
    arm = min((0, 1), key=lambda k: (counts[k], counts[k] / sizes[k]))

    def rejected():
        table = [[counts[0], n1 - counts[0]], [counts[1], n2 - counts[1]]]
        return fisher_exact(table).pvalue <= alpha * (1 + 1e-12)

    start = rejected()
    for steps in range(1, sizes[arm] + 1):
        counts[arm] += 1 if start else -1
        if not 0 <= counts[arm] <= sizes[arm]:
            return None
        if rejected() != start:
            return steps
    return None


@SOME
@given(n1=st.integers(1, 40), n2=st.integers(1, 40), data=st.data())
def test_walshs_rule_changes_the_arm_with_fewer_events(n1, n2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    found = inference.fragility_index(x1, n1, x2, n2)
    assert found.rule == "walsh"
    assert found.index == walsh(x1, n1, x2, n2, 0.05)
    if found.index is not None:
        assert found.quotient == found.index / (n1 + n2)
        assert inference.fragility_index(x1, n1, x2, n2, rule="any").index <= found.index


def test_the_two_rules_on_published_counts():
    # Worked examples of three explanations of the index: 1/100 v 9/100 (1) and 3/50 v 12/50 with p 0.023 (1), and
    # 15/40 v 6/40 with p 0.041 (1).
    for table in [(1, 100, 9, 100), (3, 50, 12, 50), (15, 40, 6, 40)]:
        assert inference.fragility_index(*table).index == walsh(*table, 0.05) == 1
    assert [inference.fragility_index(18, 31, 15, 66, rule=rule).index for rule in ("walsh", "any")] == [9, 5]
    assert inference.fragility_index(18, 31, 15, 66).to_frame()["quotient"].item() == 9 / 97
    # The arm with fewer events has the higher rate: added events only widen the contrast.
    assert inference.fragility_index(60, 300, 30, 40).index is None
    with pytest.raises(ValueError, match="unknown rule"):
        inference.fragility_index(18, 31, 15, 66, rule="wlash")


def test_a_large_trial_is_walked_not_listed():
    # A lattice of these arms would hold four hundred million tables.
    found = inference.fragility_index(1000, 20_000, 1150, 20_000, "pearson").index
    p = inference.pvalue("pearson", 1000 + np.arange(100), 20_000, 1150, 20_000)
    assert found == np.flatnonzero(p > 0.05)[0]


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
