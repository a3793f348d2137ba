"""The same patients twice, against R, PropCIs and ratesci (a file of values), exact fractions and defining equations."""

from __future__ import annotations

from fractions import Fraction
from math import comb, inf
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from references.cases import case

from lupus_kit import inference
from lupus_kit.core.errors import InputError

VALUES = pd.read_csv(Path(__file__).parents[1] / "references" / "r_paired_values.csv", comment="#")
TABLES = VALUES[["both", "b", "c", "neither"]].astype(int).to_numpy().tolist()


def found(row, level=0.95):
    both, b, c, neither = TABLES[row]
    return inference.paired(b, c, both + b + c + neither, both=both, level=level)


def test_mcnemar_and_the_odds_ratio_against_r():
    for row in range(len(TABLES)):
        with case(row):
            r, mine = VALUES.iloc[row], found(row)
            p = mine.tests().set_index("test")["p"]
            if not np.isnan(r["mcnemar"]):
                assert p["mcnemar"] == pytest.approx(r["mcnemar"], rel=1e-11)
                # R's correction goes past zero where b = c: it makes a difference of one there.
                if mine.b != mine.c:
                    assert p["mcnemar_corrected"] == pytest.approx(r["mcnemar_corrected"], rel=1e-11)
                assert p["mcnemar_exact"] == pytest.approx(r["exact"], rel=1e-11)
                odds = mine.intervals().set_index("key").loc["conditional_exact"]
                assert odds["low"] == pytest.approx(r["odds_low"], rel=1e-9)
                assert odds["high"] == pytest.approx(inf if np.isnan(r["odds_high"]) else r["odds_high"], rel=1e-9)


def test_tango_and_newcombe_against_two_packages():
    for level in [90, 95]:
        for row in range(len(TABLES)):
            with case(level, row):
                r, frame = VALUES.iloc[row], found(row, level / 100).intervals().set_index("key")
                for key, column, tolerance in (
                    ("tango", "propcis_tango", 2e-6),  # PropCIs stops its search at 1e-6 of the statistic
                    ("tango", "ratesci_tango", 1e-10),
                    ("newcombe_paired", "ratesci_newcombe", 1e-10),
                ):
                    for end in ("low", "high"):
                        theirs = r[f"{column}_{end}_{level}"]
                        if not np.isnan(theirs):
                            assert frame.loc[key, end] == pytest.approx(theirs, abs=tolerance), (key, end, column)


def test_exact_and_mid_p_in_fractions():
    for b in range(9):
        for c in range(9):
            m = b + c
            law = [Fraction(comb(m, k), 2**m) for k in range(m + 1)]
            tail = sum(law[: min(b, c) + 1])
            p = inference.paired(b, c, 20).tests().set_index("test")["p"]
            assert p["mcnemar_exact"] == pytest.approx(float(min(2 * tail, Fraction(1))), rel=1e-13)
            midp = 2 * tail - law[min(b, c)] if b != c else 1 - law[b] / 2
            assert p["mcnemar_midp"] == pytest.approx(float(midp) if m else 1.0, rel=1e-13)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_tango_agrees_with_mcnemar_and_the_odds_ratio_with_the_exact_test(level):
    n, contradictions = 15, 0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            mine = inference.paired(b, c, n, level=level)
            p = mine.tests().set_index("test")["p"]
            for one in mine.intervals():
                if one.inverts:
                    contradictions += one.excludes_null != (p[one.inverts] <= 1 - level)
    assert contradictions == 0


def test_naming_the_occasions_the_other_way_mirrors_the_intervals():
    for b, c, n, both in [(12, 2, 50, 20), (7, 0, 30, 0), (14, 0, 50, 36), (3, 3, 12, 3)]:
        mine, theirs = (inference.paired(*one, n, both=both).intervals() for one in ((b, c), (c, b)))
        for one, other in zip(mine[:2], theirs[:2], strict=True):
            assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-10)


def test_nobody_changed():
    mine = inference.paired(0, 0, 12)
    assert (mine.tests()["p"] == 1).all()
    assert mine.difference == 0
    assert np.isnan(mine.odds_ratio)
    odds = mine.intervals()[2]
    assert (odds.low, odds.high) == (0, inf)
    tango = mine.intervals()[0]
    assert -1 < tango.low < 0 < tango.high < 1
    assert tango.low == pytest.approx(-tango.high)


def test_without_the_patients_twice_newcombes_interval_is_the_widest_possible():
    unknown = inference.paired(12, 2, 50).intervals()[1]
    known = [inference.paired(12, 2, 50, both=both).intervals()[1] for both in range(37)]
    assert (unknown.low, unknown.high) == (min(i.low for i in known), max(i.high for i in known))
    assert "widest" in unknown.label
    assert "widest" not in known[0].label


@pytest.mark.parametrize(("x1", "x2", "n"), [(20, 11, 29), (0, 0, 5), (5, 5, 5), (14, 0, 29), (3, 9, 10)])
def test_bounds_hold_every_joint_table_and_are_attained(x1, x2, n):
    bounds = inference.paired_bounds(x1, x2, n)
    frame = bounds.to_frame().set_index("test")
    ways = [both for both in range(n + 1) if both <= min(x1, x2) and x1 + x2 - both <= n]
    assert bounds.table["both"].tolist() == ways
    for key in frame.index:
        p = {both: inference.paired(x1 - both, x2 - both, n).tests().set_index("test").at[key, "p"] for both in ways}
        row = frame.loc[key]
        assert (row["p_low"], row["p_high"]) == (min(p.values()), max(p.values()))
        assert (p[row["both_low"]], p[row["both_high"]]) == (row["p_low"], row["p_high"])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: inference.paired(12, 2, 13), "n == 13"),
        (lambda: inference.paired(12, 2, 50, both=40), "both == 40"),
        (lambda: inference.paired([1, 2], 2, 50), "b == [1, 2]"),
        (lambda: inference.paired(1.5, 2, 50), "b == 1.5"),
        (lambda: inference.paired(1, 2, 0), "n == 0"),
        (lambda: inference.paired(1, 2, 9, level=95), "0.95"),
        (lambda: inference.paired_bounds(30, 2, 29), "x1 == 30"),
        (lambda: inference.paired_bounds(3, "2", 29), "x2 == '2'"),
    ],
)
def test_bad_input(call, said):
    with pytest.raises(InputError) as caught:
        call()
    assert said in str(caught.value)


def test_it_shows_itself():
    mine = inference.paired(12, 2, 50, both=20)
    assert "McNemar exact p = 0.0129" in mine._repr_html_()
    assert len(mine.to_frame()) == 7
    assert inference.paired(12, 2, 50, alpha=0.1).level == 0.9
    assert "joint tables" in inference.paired_bounds(20, 11, 29)._repr_html_()
