"""From printed percentages back to counts, from computed p-values to their print, and to the analyses that fit."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from references.cases import case

from lupus_kit import audit, inference
from lupus_kit.core.errors import InputError

SOME = settings(max_examples=30)
FEW = settings(max_examples=13)
MODES = ("half-up", "half-even", "truncate")
TRIAL = [("0.052", 16, 29, 9, 30), ("0.027", 19, 29, 11, 30)]


def percent(x: int, n: int, decimals: int, mode: str) -> str:
    """Percentage as a paper prints it, rounded by whole-number division."""
    tenths = 100 * x * 10**decimals
    whole, rest = divmod(tenths, n)
    if mode != "truncate" and (2 * rest > n or (2 * rest == n and (mode == "half-up" or whole % 2))):
        whole += 1
    digits = str(whole).zfill(decimals + 1)
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


# ------------------------------------------------------------------ percentages


def test_the_percentages_of_the_trial_pin_their_counts():
    assert audit.counts_from_percent("55.17", n_max=30) == [(16, 29)]
    assert audit.counts_from_percent("65.52%", n_max=30) == [(19, 29)]
    assert audit.counts_from_percent("36.67", n_max=30) == [(11, 30)]
    assert audit.counts_from_percent("30.00", n_max=30) == [(3, 10), (6, 20), (9, 30)]
    assert audit.common_denominators(["30.00", "36.67"], n_max=30) == [30]
    assert audit.counts_from_percent("55.18", n_max=30) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("decimals", [0, 1, 2, 3])
def test_every_count_is_among_its_own_candidates(decimals, mode):
    for n in [*range(1, 31), 37, 48, 59, 60]:
        for x in range(n + 1):
            text = percent(x, n, decimals, mode)
            assert audit.percent_matches(text, x, n, mode)
            assert (x, n) in audit.counts_from_percent(text, n=n, rounding=mode)
            if mode != "truncate":
                assert audit.percent_matches(text, x, n)  # "nearest" accepts both ways of breaking a tie


@SOME
@given(n=st.integers(1, 60), decimals=st.integers(0, 3), mode=st.sampled_from([*MODES, "nearest"]), data=st.data())
def test_the_candidates_are_exactly_the_counts_that_print_so(n, decimals, mode, data):
    x = data.draw(st.integers(0, n))
    text = percent(x, n, decimals, "half-even" if mode == "nearest" else mode)
    modes = MODES[:2] if mode == "nearest" else (mode,)
    expected = [
        (k, m) for m in range(1, 61) for k in range(m + 1) if any(percent(k, m, decimals, one) == text for one in modes)
    ]
    assert audit.counts_from_percent(text, n_max=60, rounding=mode) == expected


def test_coarse_percentages_of_large_groups_keep_all_their_counts():
    for text, n in [("50", 1000), ("33", 460), ("7.1", 9000), ("0", 500), ("100", 500)]:
        for mode in [*MODES, "nearest"]:
            with case(text, n, mode):
                modes = MODES[:2] if mode == "nearest" else (mode,)
                decimals = len(text.partition(".")[2])
                expected = [(k, n) for k in range(n + 1) if any(percent(k, n, decimals, one) == text for one in modes)]
                assert expected
                assert audit.counts_from_percent(text, n=n, rounding=mode) == expected


def test_rounding_conventions_part_at_exact_halves():
    # 1/8 = 12.5 %, 3/8 = 37.5 %.
    assert [audit.percent_matches("13", 1, 8, mode) for mode in MODES] == [True, False, False]
    assert [audit.percent_matches("12", 1, 8, mode) for mode in MODES] == [False, True, True]
    assert [audit.percent_matches("38", 3, 8, mode) for mode in MODES] == [True, True, False]
    assert audit.percent_matches("12", 1, 8)
    assert audit.percent_matches("13", 1, 8)
    assert not audit.percent_matches("14", 1, 8)


def test_trailing_zeros_count():
    # 7 of 23 is 30.43 %.
    assert audit.percent_matches("30", 7, 23)
    assert not audit.percent_matches("30.0", 7, 23)
    assert not audit.percent_matches("30.00", 7, 23)


def test_bad_percentages_and_totals():
    for arguments, said in [
        ((55.17, 30), "string"),
        (("55,17", 30), "'55,17'"),
        (("101", 30), "'101'"),
        (("-5", 30), "'-5'"),
        (("", 30), "''"),
        ((None, 30), "None"),
        (("50", 0), "n_max == 0"),
        (("50", 2.5), "n_max == 2.5"),
        (("50", True), "n_max == True"),
        (("50", None), "n_max"),
    ]:
        with case(arguments, said):
            text, n_max = arguments
            with pytest.raises(InputError) as caught:
                audit.counts_from_percent(text, n_max=n_max)
            assert said in str(caught.value)


def test_one_of_the_two_totals_is_given():
    with pytest.raises(InputError, match="either"):
        audit.counts_from_percent("50", n_max=10, n=10)
    with pytest.raises(InputError, match="'half-up'"):
        audit.counts_from_percent("50", n_max=10, rounding="half up")
    assert audit.counts_from_percent("50", n_max=np.int64(4)) == [(1, 2), (2, 4)]
    assert audit.common_denominators([], n_max=10) == []


@pytest.mark.parametrize(("x", "n"), [(0, 0), (5, 4), (-1, 4)])
def test_a_percentage_needs_patients(x, n):
    with pytest.raises(InputError):
        audit.percent_matches("50", x, n)


# ------------------------------------------------------------------ p-values


@SOME
@given(value=st.floats(0, 1), decimals=st.integers(1, 5))
def test_a_p_value_rounds_to_its_own_print_and_to_no_other(value, decimals):
    unit = Decimal(1).scaleb(-decimals)
    up, even = (Decimal(value).quantize(unit, mode) for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN))
    assert audit.rounds_to(value, str(up))
    assert audit.rounds_to(value, str(even))
    for step in (-1, 1):
        other = up + step * unit
        if 0 <= other <= 1 and other not in (up, even):
            assert not audit.rounds_to(value, str(other))


def test_rounds_to():
    for value, printed, expected in [
        (0.0515, "0.052", False),  # the float 0.0515 lies just below the half
        (0.05151, "0.052", True),
        (0.0625, "0.062", True),  # an exact half: both neighbours are possible prints
        (0.0625, "0.063", True),
        (0.0625, "0.061", False),
        (0.05, "p=0.05", True),
        (0.05, "P .05", True),
        (0.0504, "0.05", True),
        (0.0504, "0.050", True),
        (0.0506, "0.050", False),
        (0.0009, "<0.001", True),
        (0.001, "<0.001", False),
        (0.001, "≤0.001", True),
        (0.2, ">0.1", True),
        (0.1, ">0.1", False),
        (0.1, "≥0.1", True),
        (1.0, "1.000", True),
        (0.9996, "1.000", True),
        (float("nan"), "0.052", False),
        (float("nan"), "<0.05", False),
    ]:
        with case(value, printed, expected):
            if printed == "0.052" and value == 0.0515:
                assert Fraction(value) < Fraction(515, 10000)
            assert audit.rounds_to(value, printed) is expected


@pytest.mark.parametrize("printed", ["", "ns", "1.5", "0.05%"])
def test_what_is_not_a_p_value(printed):
    with pytest.raises(InputError, match="p-value"):
        audit.rounds_to(0.05, printed)


# ------------------------------------------------------------------ which analyses fit


def fits(frame: pd.DataFrame) -> set[tuple[str, str]]:
    column = "explains_all" if "explains_all" in frame else "rounds_to_reported"
    return {(row.test, row.alternative) for row in frame[frame[column]].itertuples()}


def test_only_t_tests_and_their_like_give_the_printed_pair_together():
    joint = audit.explain_jointly(TRIAL)
    assert fits(joint) == {
        (key, "two-sided") for key in ("student_t", "welch_t", "ols_hc1", "ols_hc2", "anscombe_arcsine")
    }
    assert joint["p_1"].head(2).round(3).tolist() == [0.052, 0.052]
    assert joint["p_2"].head(2).round(3).tolist() == [0.027, 0.027]


def test_the_nephritis_p_value_fits_no_two_sided_test():
    found = audit.explain("0.036", 7, 13, 2, 12)
    assert ("fisher_midp", "greater") in fits(found)
    # One-sided, the doubled mid-p test is the same analysis.
    assert fits(found) <= {("fisher_midp", "greater"), ("fisher_midp_doubled", "greater")}
    assert fits(audit.explain("0.036", 7, 13, 2, 12, alternatives=["two-sided"])) == set()


BOTH = ("student_t", "welch_t", "ols_hc1", "ols_hc2", "anscombe_arcsine")


def test_the_primary_endpoint_one_by_one():
    assert fits(audit.explain(*TRIAL[0])) == {(key, "two-sided") for key in ("n_minus_1", "agresti_caffo", *BOTH)}
    assert fits(audit.explain(*TRIAL[1])) == {(key, "two-sided") for key in ("pearson", *BOTH)}


def test_every_different_test_is_tried_in_every_direction():
    found = audit.explain(*TRIAL[0])
    keys = [test.key for test in audit.distinct_tests()]
    assert set(keys) == set(inference.TESTS) - {"miettinen_nurminen"}
    assert len(found) == audit.n_analyses()
    assert set(found.loc[found["alternative"] == "two-sided", "test"]) == set(keys)
    for side in ("greater", "less"):
        tried = set(found.loc[found["alternative"] == side, "p"].round(14))
        assert {round(inference.pvalue(key, 16, 29, 9, 30, side), 14) for key in keys} == tried
    for row in found.itertuples():
        assert row.p == inference.pvalue(row.test, 16, 29, 9, 30, row.alternative)
        assert row.rounds_to_reported == audit.rounds_to(row.p, "0.052")
        assert row.distance == (0 if row.rounds_to_reported else pytest.approx(abs(row.p - 0.052)))
        assert row.label == inference.TESTS[row.test].label
    assert found["distance"].is_monotonic_increasing


def test_undefined_analyses_come_last_and_never_fit():
    found = audit.explain("0.016", 5, 10, 0, 10)
    missing = found[found["p"].isna()]
    assert {"log_odds_wald", "log_risk_ratio_wald"} <= set(missing["test"])
    assert not missing["rounds_to_reported"].any()
    assert found.tail(len(missing))["p"].isna().all()


def test_an_inequality_is_a_weak_statement():
    found = audit.explain("<0.05", 19, 29, 11, 30)
    assert len(fits(found)) > 20
    assert (found.loc[found["rounds_to_reported"], "p"] < 0.05).all()
    assert (found.loc[~found["rounds_to_reported"], "p"] >= 0.05).all()


def same_analysis(test: str, alternative: str) -> tuple[str, str]:
    """Name of an analysis: one-sided, some two-sided rules come down to the same tail."""
    tail = {"fisher_doubled": "fisher", "blaker": "fisher", "fisher_midp_doubled": "fisher_midp"}
    tail["boschloo_minlike"] = "boschloo"
    return (test, alternative) if alternative == "two-sided" else (tail.get(test, test), alternative)


@st.composite
def reports(draw):
    """A made-up paper: one test, one direction, one table, and what it prints."""
    test = draw(st.sampled_from([t.key for t in audit.distinct_tests()]))
    alternative = draw(st.sampled_from(["two-sided", "greater", "less"]))
    n1, n2 = draw(st.integers(2, 14)), draw(st.integers(2, 14))
    table = draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2
    return test, alternative, table, draw(st.sampled_from([2, 3, 4]))


@FEW
@given(reports(), st.data())
def test_the_true_analysis_of_a_made_up_paper_fits_each_of_two_p_values_and_both(report, data):
    test, alternative, (x1, n1, x2, n2), decimals = report
    second = data.draw(st.integers(0, n1)), n1, data.draw(st.integers(0, n2)), n2
    p = [inference.pvalue(test, *table, alternative) for table in ((x1, n1, x2, n2), second)]
    assume(not any(map(math.isnan, p)))
    if p[0] < 0.001:
        assert same_analysis(test, alternative) in fits(audit.explain("<0.001", x1, n1, x2, n2))
    claims = [(f"{p[0]:.{decimals}f}", x1, n1, x2, n2), (f"{p[1]:.{decimals}f}", *second)]
    joint = audit.explain_jointly(claims)
    row = joint[(joint["test"] == same_analysis(test, alternative)[0]) & (joint["alternative"] == alternative)]
    assert row["explains_all"].item()
    assert row["n_explained"].item() == 2
    assert (row["p_1"].item(), row["p_2"].item()) == tuple(p)
    alone = [fits(audit.explain(*claim)) for claim in claims]
    assert same_analysis(test, alternative) in alone[0] & alone[1]
    assert fits(joint) == alone[0] & alone[1]
    assert joint["n_explained"].is_monotonic_decreasing


def test_bad_input_is_named():
    for call, said in [
        (lambda: audit.explain(0.052, 16, 29, 9, 30), "string"),
        (lambda: audit.explain("0.052", 31, 29, 9, 30), "x1 == 31"),
        (lambda: audit.explain("0.052", 16, 0, 9, 30), "n1 == 0"),
        (lambda: audit.explain("five", 16, 29, 9, 30), "'five'"),
        (lambda: audit.explain("0.052", 16, 29, 9, 30, tests=["fischer"]), "'fisher'"),
        (lambda: audit.explain("0.052", 16, 29, 9, 30, tests="fisher"), "['fisher']"),
        (lambda: audit.explain("0.052", 16, 29, 9, 30, alternatives=["both"]), "'two-sided'"),
        (lambda: audit.explain("0.052", 16, 29, 9, 30, alternatives="two-sided"), "['two-sided']"),
        (lambda: audit.explain("0.052", [16, 17], 29, 9, 30), "x1"),
        (lambda: audit.explain_jointly([]), "empty"),
        (lambda: audit.explain_jointly([("0.052", 16, 29)]), "claim 1"),
        (lambda: audit.explain_jointly([TRIAL[0], ("0.027", 19, 29, 11)]), "claim 2"),
    ]:
        with case(call, said):
            with pytest.raises(InputError) as caught:
                call()
            assert said in str(caught.value)
            assert "\n" not in str(caught.value)
