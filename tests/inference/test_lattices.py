"""Properties that hold on every table of a design: symmetry, range, order, and one answer however it is asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.cases import case

from lupus_kit import inference
from lupus_kit.inference import TESTS
from lupus_kit.inference.two_by_two import unconditional

ALTERNATIVES = ("two-sided", "greater", "less")
DESIGNS = [(1, 1), (1, 6), (4, 4), (7, 9), (12, 5), (29, 30)]
KEYS = list(TESTS)
# The risk ratio of responders is not the inverse of the risk ratio of non-responders, so this test alone
# gives another answer when the outcomes are renamed.
NOT_SYMMETRIC_IN_OUTCOME = {"log_risk_ratio_wald"}
EXACT = [key for key, test in TESTS.items() if test.family.endswith("exact") and "midp" not in key]
QUIET = settings(max_examples=10)


def same(a, b):
    return np.allclose(a, b, rtol=1e-8, atol=1e-13, equal_nan=True)


def test_the_registry_holds_the_whole_family():
    assert KEYS == [
        "pearson",
        "n_minus_1",
        "yates",
        "likelihood_ratio",
        "cressie_read",
        "fisher",
        "fisher_doubled",
        "blaker",
        "fisher_midp",
        "fisher_midp_doubled",
        "barnard",
        "barnard_unpooled",
        "boschloo",
        "boschloo_minlike",
        "barnard_berger_boos",
        "boschloo_berger_boos",
        "wald_unpooled",
        "agresti_caffo",
        "log_odds_wald",
        "haldane_anscombe",
        "log_risk_ratio_wald",
        "arcsine",
        "anscombe_arcsine",
        "student_t",
        "welch_t",
        "ols_hc1",
        "ols_hc2",
        "ols_hc3",
        "mann_whitney",
        "miettinen_nurminen",
    ]
    assert set(EXACT) == {
        "fisher",
        "fisher_doubled",
        "blaker",
        *(key for key in KEYS if key.startswith(("barnard", "boschloo"))),
    }


def test_every_entry_is_fully_described():
    table = inference.describe()
    assert table.index.tolist() == KEYS
    words = ("label", "family", "null", "formula", "degenerate", "use", "avoid", "reference")
    for column in (*words, "SPSS", "SAS", "Stata", "R"):
        assert table[column].str.len().min() > 0, column
    assert table["label"].is_unique
    for key, test in TESTS.items():
        assert test.key == key
        for other in test.same_as:
            for alternative in ALTERNATIVES:
                mine, theirs = (inference.pvalue_lattice(name, 7, 9, alternative) for name in (key, other))
                assert np.array_equal(mine, theirs, equal_nan=True)


def test_renaming_the_arms_changes_only_the_direction():
    for key in KEYS:
        with case(key):
            for n1, n2 in DESIGNS:
                with case(n1, n2):
                    lattice = {a: inference.pvalue_lattice(key, n1, n2, a) for a in ALTERNATIVES}
                    assert same(lattice["two-sided"], inference.pvalue_lattice(key, n2, n1).T)
                    assert same(lattice["greater"], inference.pvalue_lattice(key, n2, n1, "less").T)
                    assert same(lattice["less"], inference.pvalue_lattice(key, n2, n1, "greater").T)


def test_renaming_the_outcomes_changes_only_the_direction():
    for key in [key for key in KEYS if key not in NOT_SYMMETRIC_IN_OUTCOME]:
        with case(key):
            for n1, n2 in DESIGNS:
                with case(n1, n2):
                    two_sided = inference.pvalue_lattice(key, n1, n2)
                    assert same(two_sided, two_sided[::-1, ::-1])
                    greater, less = (inference.pvalue_lattice(key, n1, n2, side) for side in ("greater", "less"))
                    assert same(greater, less[::-1, ::-1])


@pytest.mark.parametrize("key", sorted(NOT_SYMMETRIC_IN_OUTCOME))
def test_the_risk_ratio_is_not_symmetric_in_the_outcome(key):
    two_sided = inference.pvalue_lattice(key, 7, 9)
    assert not same(two_sided, two_sided[::-1, ::-1])


def undefined(key: str, n1: int, n2: int) -> np.ndarray:
    """Where a test may answer nan, from the column "degenerate" of the registry, in words of the table."""
    x1, x2 = np.indices((n1 + 1, n2 + 1))
    nobody_or_everybody = (x1 + x2 == 0) | (x1 + x2 == n1 + n2)
    if key == "log_odds_wald":
        return (x1 == 0) | (x2 == 0) | (x1 == n1) | (x2 == n2)
    if key == "log_risk_ratio_wald":
        return (x1 == 0) | (x2 == 0) | (x1 + x2 == n1 + n2)
    # The variance of one patient's outcome has the divisor 0.
    if key in ("welch_t", "ols_hc2", "ols_hc3") and min(n1, n2) == 1:
        return np.full_like(nobody_or_everybody, True)
    if key in ("student_t", "ols_hc1") and n1 + n2 == 2:
        return np.full_like(nobody_or_everybody, True)
    if TESTS[key].degenerate.startswith("nan"):
        return nobody_or_everybody
    return np.full_like(nobody_or_everybody, False)


def test_p_lies_between_0_and_1_or_is_nan_exactly_where_documented():
    for key in KEYS:
        with case(key):
            for alternative in ALTERNATIVES:
                for n1, n2 in DESIGNS:
                    with case(alternative, n1, n2):
                        lattice = inference.pvalue_lattice(key, n1, n2, alternative)
                        assert lattice.shape == (n1 + 1, n2 + 1)
                        missing = np.isnan(lattice)
                        assert np.array_equal(missing, undefined(key, n1, n2))
                        assert lattice[~missing].min(initial=1) >= 0
                        assert lattice[~missing].max(initial=0) <= 1


def test_the_degenerate_answer_is_the_documented_one():
    for key in KEYS:
        with case(key):
            words = TESTS[key].degenerate
            for x1, x2 in ((0, 0), (6, 8)):
                p = inference.pvalue(key, x1, 6, x2, 8)
                if words.startswith("nan"):
                    assert np.isnan(p)
                elif words.startswith("a number"):
                    assert 0 < p <= 1
                else:
                    assert p == float(words.partition(":")[0])
            if "0 when one arm responds wholly" in words:
                assert inference.pvalue(key, 6, 6, 0, 8) == 0.0


# Monotone by construction of the statistic. Left out, because their statistics themselves turn back near the
# corners: log odds and its 1/2 version, log risk ratio, Welch; Berger-Boos, whose range moves with the table.
MONOTONE = [
    key
    for key in KEYS
    if key not in ("log_odds_wald", "haldane_anscombe", "log_risk_ratio_wald", "welch_t", "barnard_berger_boos")
]


def test_more_responders_in_the_first_arm_never_raise_p_greater():
    for key in MONOTONE:
        for n1, n2 in [(4, 4), (7, 9), (12, 5)]:
            with case(key, n1, n2):
                greater = inference.pvalue_lattice(key, n1, n2, "greater")
                assert np.nanmax(np.diff(greater, axis=0)) <= 1e-12
                assert np.nanmin(np.diff(greater, axis=1)) >= -1e-12


def test_one_answer_however_it_is_asked():
    for key in KEYS:
        with case(key):
            n1, n2 = 6, 8
            lattice = inference.pvalue_lattice(key, n1, n2)
            x1, x2 = np.indices(lattice.shape)
            assert same(inference.pvalue(key, x1, n1, x2, n2), lattice)
            loop = [[inference.pvalue(key, a, n1, b, n2) for b in range(n2 + 1)] for a in range(n1 + 1)]
            assert all(isinstance(value, float) for row in loop for value in row)
            assert same(loop, lattice)
            # The same counts in other containers, and broadcast.
            columns = inference.pvalue(key, [[0], [3], [6]], n1, [1, 4], n2)
            assert same(columns, lattice[np.ix_([0, 3, 6], [1, 4])])
            series = inference.pvalue(key, pd.Series([2, 5]), np.int16(n1), pd.Series([1, 7], dtype="Int64"), float(n2))
            assert same(series, [lattice[2, 1], lattice[5, 7]])
            assert inference.pvalue(TESTS[key], np.int64(4), n1, np.uint8(2), n2) == pytest.approx(
                lattice[4, 2], nan_ok=True
            )
            # Arms of different sizes in one call.
            mixed = inference.pvalue(key, [3, 3, 2], [6, 5, 6], [1, 1, 4], [8, 9, 8])
            one_by_one = [inference.pvalue(key, *t) for t in ((3, 6, 1, 8), (3, 5, 1, 9), (2, 6, 4, 8))]
            assert same(mixed, one_by_one)
            empty_axis = inference.pvalue(key, np.arange(4).reshape(2, 1, 2), n1, 3, n2)
            assert empty_axis.shape == (2, 1, 2)


def test_a_changed_result_does_not_change_the_next_one():
    for key in KEYS:
        with case(key):
            first = inference.pvalue_lattice(key, 5, 6)
            kept = first.copy()
            first[...] = 7.0
            assert np.array_equal(inference.pvalue_lattice(key, 5, 6), kept, equal_nan=True)


@QUIET
@given(n1=st.integers(1, 16), n2=st.integers(1, 16), alpha=st.sampled_from([0.01, 0.025, 0.05, 0.1, 0.2]))
@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_exact_tests_keep_their_level(alternative, n1, n2, alpha):
    for key in EXACT:
        found = inference.size(key, n1, n2, alpha, alternative)
        assert found.size <= alpha * (1 + 1e-9), key
        assert 0 <= found.nuisance <= 1


def test_asymptotic_and_mid_p_tests_can_exceed_their_level():
    # The test above would pass for a size that is always 0.
    assert inference.size("pearson", 29, 30).size > 0.05
    assert inference.size("fisher_midp", 5, 6).size > 0.06
    assert inference.size("fisher_midp_doubled", 17, 17).size > 0.05
    assert inference.size("fisher", 29, 30).size > 0.02


@pytest.mark.parametrize(("n1", "n2"), [(4, 4), (7, 9), (20, 6), (29, 30)])
def test_boschloo_is_nowhere_above_fisher(n1, n2):
    for boschloo, fisher, alternative in (
        ("boschloo_minlike", "fisher", "two-sided"),
        ("boschloo", "fisher_doubled", "two-sided"),
        ("boschloo", "fisher", "greater"),
        ("boschloo", "fisher", "less"),
    ):
        better, worse = (inference.pvalue_lattice(key, n1, n2, alternative) for key in (boschloo, fisher))
        assert np.max(better - worse) <= 1e-12
        assert np.min(better - worse) < -1e-3


@QUIET
@given(n1=st.integers(2, 25), n2=st.integers(2, 25), data=st.data())
def test_known_orders_between_tests(n1, n2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    p = {key: inference.pvalue(key, x1, n1, x2, n2) for key in KEYS if "unconditional" not in TESTS[key].family}
    if 0 < x1 + x2 < n1 + n2:
        assert p["pearson"] <= p["n_minus_1"] <= 1  # a smaller statistic
        assert p["pearson"] <= p["yates"] + 1e-15
        assert p["n_minus_1"] <= p["mann_whitney"] + 1e-15
        assert p["n_minus_1"] == p["miettinen_nurminen"]
    assert p["fisher_midp"] <= p["fisher"]
    assert p["fisher_midp_doubled"] <= p["fisher_doubled"]
    assert p["blaker"] <= p["fisher_doubled"] + 1e-15
    assert p["fisher"] <= 1


def test_the_two_sides_cover_everything():
    for key in [key for key in KEYS if not key.startswith("boschloo")]:
        for n1, n2 in [(1, 6), (7, 9), (12, 5)]:
            with case(key, n1, n2):
                # Not so for Boschloo: its two sides order the tables by two different Fisher p-values, and a table can be
                # less extreme than the observed one on both.
                greater, less = (inference.pvalue_lattice(key, n1, n2, side) for side in ("greater", "less"))
                defined = ~np.isnan(greater) & ~np.isnan(less)
                both = (greater + less)[defined]
                assert np.all(both >= 1 - 1e-9)
                if TESTS[key].family == "asymptotic" or key in (
                    "student_t",
                    "welch_t",
                    "ols_hc1",
                    "ols_hc2",
                    "ols_hc3",
                ):
                    assert both == pytest.approx(np.ones(both.shape))
                    two_sided = inference.pvalue_lattice(key, n1, n2)
                    assert same(two_sided[defined], 2 * np.minimum(greater, less)[defined])


def test_a_table_alone_has_the_p_value_it_has_in_the_lattice():
    for key in sorted(unconditional.ORDERINGS):
        for alternative in ["two-sided", "greater", "less"]:
            with case(key, alternative):
                # One table is computed from its own region, many from the ranks of the whole design: two ways to one number.
                n1, n2 = 43, 38
                rng = np.random.default_rng(1998)
                tables = [
                    (0, 0),
                    (43, 38),
                    (43, 0),
                    (0, 38),
                    *zip(rng.integers(0, 44, 12), rng.integers(0, 39, 12), strict=True),
                ]
                lattice = unconditional.lattice(key, n1, n2, alternative)
                for x1, x2 in tables:
                    alone = unconditional.one_supremum(key, int(x1), n1, int(x2), n2, alternative)[0]
                    assert alone == pytest.approx(lattice[x1, x2], rel=1e-12, abs=1e-15)
