"""What is true of this trial: the figures that the kit teaches, recomputed.

Four-digit figures were worked out with other software before the kit existed; the tests of the engine itself
(exact arithmetic, other libraries, R) are in the neighbouring files.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from references.cases import case

from lupus_kit import inference

WEEK_12 = (16, 29, 9, 30)
WEEK_24 = (19, 29, 11, 30)

TWO_SIDED = {
    "pearson": (0.0504, 0.0267),
    "n_minus_1": (0.0524, 0.0280),
    "miettinen_nurminen": (0.0524, 0.0280),
    "yates": (0.0905, 0.0505),
    "fisher": (0.0673, 0.0379),
    "likelihood_ratio": (0.0492, 0.0256),
    "wald_unpooled": (0.0434, 0.0206),
    "barnard": (0.0578, 0.0303),
    "boschloo": (0.0594, 0.0315),
    "boschloo_minlike": (0.0556, 0.0363),
    "student_t": (0.0516, 0.0267),
    "welch_t": (0.0520, 0.0267),
}


def test_two_sided_p_values():
    for key in TWO_SIDED:
        with case(key):
            found = inference.pvalue(key, [16, 19], 29, [9, 11], 30)
            assert tuple(found.round(4)) == TWO_SIDED[key]


def test_barnard_to_eight_digits():
    assert inference.pvalue("barnard", *WEEK_12) == pytest.approx(0.05780647, abs=5e-9)
    assert inference.pvalue("barnard", *WEEK_24) == pytest.approx(0.03027182, abs=5e-9)


def test_no_chi_squared_or_exact_test_prints_the_pair():
    printed = {
        key: tuple(f"{p:.3f}" for p in inference.pvalue(key, [16, 19], 29, [9, 11], 30)) for key in inference.TESTS
    }
    assert {key for key, pair in printed.items() if pair == ("0.052", "0.027")} == {
        *("student_t", "welch_t", "ols_hc1", "ols_hc2", "anscombe_arcsine")
    }
    assert printed["pearson"][0] == "0.050"


@pytest.mark.parametrize(
    ("key", "alternative", "expected"),
    [
        ("pearson", "two-sided", 0.053),
        ("fisher", "two-sided", 0.097),
        ("likelihood_ratio", "two-sided", 0.048),
        ("wald_unpooled", "two-sided", 0.034),
    ],
)
def test_nephritis_p_values(key, alternative, expected):
    assert round(inference.pvalue(key, 7, 13, 2, 12, alternative), 3) == expected


def test_nephritis_prints_only_one_sided():
    for key in inference.TESTS:
        assert f"{inference.pvalue(key, 7, 13, 2, 12):.3f}" != "0.036"
    assert round(inference.pvalue("fisher_midp", 7, 13, 2, 12, "greater"), 4) == 0.0356


@pytest.mark.parametrize(("key", "expected"), [("pearson", 0.0564), ("fisher", 0.0364)])
def test_true_sizes(key, expected):
    found = inference.size(key, 29, 30)
    assert round(found.size, 4) == expected
    # Where it says the supremum is, it is.
    curve = inference.size_curve(key, 29, 30, rates=[found.nuisance])
    assert curve["rejection_probability"].item() == pytest.approx(found.size, abs=1e-12)
    assert inference.size_curve(key, 29, 30)["rejection_probability"].max() <= found.size + 1e-12


def test_a_replication_was_a_coin_toss():
    assert round(inference.power("pearson", 16 / 29, 9 / 30, 29, 30), 3) == 0.503


def test_the_missing_patient_decides():
    ways = inference.tipping_point(*WEEK_12, 1, 0)
    assert ways[["x1", "n1", "x2", "n2"]].to_numpy().tolist() == [[16, 30, 9, 30], [17, 30, 9, 30]]
    assert ways["p"].round(3).tolist() == [0.067, 0.037]
    assert ways["significant"].tolist() == [False, True]


def test_weeks_12_and_24_do_not_differ():
    bounds = inference.between_visit_bounds(16, 19, 29, 9, 11, 30)
    assert (round(bounds.p_low, 2), round(bounds.p_high, 2)) == (0.61, 0.87)
    assert pytest.approx(25.2, abs=0.05) == 100 * (16 / 29 - 9 / 30)
    assert pytest.approx(28.9, abs=0.1) == 100 * (19 / 29 - 11 / 30)
    assert bounds.difference == pytest.approx((19 / 29 - 11 / 30) - (16 / 29 - 9 / 30), abs=1e-15)


def test_bits_of_surprise():
    assert (round(inference.s_value(0.052), 2), round(inference.s_value(0.027), 2)) == (4.27, 5.21)
    assert inference.s_value(0.027) - inference.s_value(0.052) < 1


def test_the_comparison_shows_every_test_beside_its_interval():
    week = inference.compare(*WEEK_12, labels=("IL-2", "placebo"))
    table = week.tests()
    assert table["test"].tolist() == list(inference.TESTS)
    for row in table.itertuples():
        assert row.p == inference.pvalue(row.test, *WEEK_12)
        assert row.s_value == pytest.approx(-np.log2(row.p))
    pd.testing.assert_frame_equal(week.to_frame(), table)
    assert week.summary()["rate"].round(4).tolist() == [0.5517, 0.3]
    shown = week._repr_html_()
    assert "25.2 percentage points" in shown
    assert "0.0504" in shown
    assert "0.0673" in shown
    assert "0.0578" in shown


def test_a_table_whose_rates_are_equal_holds_no_surprise():
    p = inference.compare(5, 10, 5, 10).tests(["pearson"])
    assert p["p"].item() == 1.0
    # -log2(1) is 0, and a table must not print it as "-0.0".
    assert str(p["s_value"].item()) == "0.0"
