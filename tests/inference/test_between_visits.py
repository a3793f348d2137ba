"""Bounds of the change between visits, against the changes of single patients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lupus_kit import inference

SOME = settings(max_examples=20)


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
