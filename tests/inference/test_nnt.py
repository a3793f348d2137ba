"""Number needed to treat: the interval of the difference, turned over, in words that name benefit and harm."""

from __future__ import annotations

from math import inf

import pytest

from lupus_kit import inference
from lupus_kit.core.errors import InputError

METHODS = ("wald", "agresti_caffo", "newcombe", "miettinen_nurminen", "mee")


def test_two_pieces_where_the_interval_holds_no_difference():
    found = inference.nnt(16, 29, 9, 30)
    low, high = found.difference.low, found.difference.high
    assert low < 0 < high
    assert found.pieces == (("NNTB", 1 / high, inf), ("NNTH", -1 / low, inf))
    assert found.nnt == pytest.approx(1 / (16 / 29 - 9 / 30))
    assert str(found).startswith("NNTB 4.0 (95% interval NNTB 2.1 to infinity to NNTH 3")
    assert "no difference is not excluded" in str(found)


@pytest.mark.parametrize("method", METHODS)
def test_the_pieces_hold_exactly_the_differences_of_the_interval(method):
    for n1, n2 in ((5, 6), (9, 4)):
        for x1 in range(n1 + 1):
            for x2 in range(n2 + 1):
                (interval,) = inference.intervals(x1, n1, x2, n2, methods=[method])
                if interval.low == interval.high == 0:
                    with pytest.raises(InputError, match="use another method"):
                        inference.nnt(x1, n1, x2, n2, method=method)
                    continue
                found = inference.nnt(x1, n1, x2, n2, method=method)
                assert found.difference == interval
                for value in (-0.95, -0.6, -0.3, -0.1, -0.01, 0.01, 0.1, 0.3, 0.6, 0.95):
                    side, needed = ("NNTB", 1 / value) if value > 0 else ("NNTH", -1 / value)
                    held = any(piece == side and low <= needed <= high for piece, low, high in found.pieces)
                    assert held == (interval.low <= value <= interval.high)
                assert (len(found.pieces) == 2) == (interval.low < 0 < interval.high)


def test_a_harm_turns_the_names_and_the_arms_turn_the_sides():
    good, bad = inference.nnt(19, 29, 11, 30), inference.nnt(19, 29, 11, 30, outcome="harm")
    assert (good.direction, bad.direction) == ("NNTB", "NNTH")
    assert good.pieces[0][1:] == bad.pieces[0][1:]
    turned = inference.nnt(11, 30, 19, 29)
    assert turned.direction == "NNTH"
    assert turned.pieces[0][1:] == pytest.approx(good.pieces[0][1:])
    assert "harmed" in str(turned)
    # From the side of the estimate through infinity to the other.
    assert [piece for piece, *_ in inference.nnt(9, 30, 16, 29).pieces] == ["NNTH", "NNTB"]


def test_equal_rates():
    found = inference.nnt(5, 10, 6, 12)
    assert (found.nnt, found.direction) == (inf, "")
    assert "the rates are equal" in str(found)
    assert len(found.to_frame()) == 2


def test_levels_and_methods():
    assert inference.nnt(16, 29, 9, 30, method="wald").pieces[0][0] == "NNTB"
    assert len(inference.nnt(16, 29, 9, 30, method="wald").pieces) == 1
    assert inference.nnt(16, 29, 9, 30, alpha=0.1).difference.level == 0.9
    assert "NNTB" in inference.nnt(16, 29, 9, 30)._repr_html_()
    for how in ({"method": "woolf"}, {"method": "wlad"}, {"outcome": "good"}, {"level": 95}):
        with pytest.raises(InputError):
            inference.nnt(16, 29, 9, 30, **how)
    with pytest.raises(InputError, match="x1, n1, x2, n2"):
        inference.nnt([[16, 13], [9, 21]])
