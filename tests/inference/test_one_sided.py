"""One-sided intervals: half of a two-sided one with twice the error, in agreement with the one-sided test."""

from __future__ import annotations

import numpy as np
import pytest

from lupus_kit import inference
from lupus_kit.core.errors import InputError

TABLES = [(16, 29, 9, 30), (3, 7, 15, 20), (0, 10, 7, 12), (9, 9, 4, 11), (0, 4, 0, 9)]
END = {"risk difference": (-1, 1), "risk ratio": (0, np.inf), "odds ratio": (0, np.inf), "response rate": (0, 1)}


@pytest.mark.parametrize("table", TABLES)
def test_one_sided_limits_are_those_of_the_two_sided_interval_with_twice_the_error(table):
    both = {i.key: i for i in inference.intervals(*table, level=0.9)}
    for side in ("greater", "less"):
        listed = inference.intervals(*table, level=0.95, alternative=side)
        assert {i.key for i in listed} == set(both) - {"baptista_pike", "blaker"}
        for one in listed:
            two = both[one.key]
            bottom, top = END[one.measure]
            expected = (two.low, top) if side == "greater" else (bottom, two.high)
            if np.isnan(two.low):  # undefined on both sides
                expected = (two.low, two.high)
            assert (one.low, one.high) == pytest.approx(expected, nan_ok=True)
            assert (one.level, one.estimate) == (0.95, pytest.approx(two.estimate, nan_ok=True))


@pytest.mark.parametrize("key", ["miettinen_nurminen", "mee", "wald", "agresti_caffo"])
def test_the_limit_is_where_the_one_sided_test_has_p_of_alpha(key):
    test = {"mee": "pearson", "wald": "wald_unpooled"}.get(key, key)
    for side, end in (("greater", "low"), ("less", "high")):
        (one,) = inference.intervals(16, 29, 9, 30, alpha=0.05, methods=key, alternative=side)
        assert inference.pvalue(test, 16, 29, 9, 30, side, difference=getattr(one, end)) == pytest.approx(
            0.05, abs=1e-10
        )


def test_one_rate():
    # 3/n: nobody of 29, and the upper 95% limit is 1 - 0.05 ** (1/29).
    one = inference.proportion(0, 29, alternative="less").set_index("key").loc["clopper_pearson"]
    assert (one["low"], one["high"]) == (0, pytest.approx(1 - 0.05 ** (1 / 29), rel=1e-12))
    lower = inference.proportion(16, 29, 0.975, alternative="greater")
    two = inference.proportion(16, 29, 0.95)
    assert lower["low"].tolist() == pytest.approx(two["low"].tolist(), rel=1e-12)
    assert set(lower["high"]) == {1.0}


def test_what_has_no_one_sided_form():
    with pytest.raises(InputError, match="'blaker' has no one-sided form; use 'conditional_exact'"):
        inference.intervals(16, 29, 9, 30, methods=["blaker", "wald"], alternative="less")
    with pytest.raises(InputError, match=r"above 0\.5"):
        inference.intervals(16, 29, 9, 30, level=0.5, alternative="less")
    with pytest.raises(InputError, match=r"above 0\.5"):
        inference.proportion(16, 29, alpha=0.6, alternative="less")
    for function, counts in ((inference.intervals, (16, 29, 9, 30)), (inference.proportion, (16, 29))):
        with pytest.raises(InputError, match="unknown alternative 'lower'"):
            function(*counts, alternative="lower")
