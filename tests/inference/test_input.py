"""Bad input: one sentence that names the argument, what was given and what is allowed."""

from __future__ import annotations

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from references.cases import case

from lupus_kit import inference
from lupus_kit.core.errors import InputError

GOOD = {"x1": 16, "n1": 29, "x2": 9, "n2": 30}


def refused(function, *arguments, **keywords) -> str:
    """Message of the one error for bad input: one line, a few sentences at most."""
    __tracebackhide__ = True
    with pytest.raises(InputError) as caught:
        function(*arguments, **keywords)
    message = str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in message
    return message


BAD_COUNTS = [
    (-1, "-1"),
    (2.5, "2.5"),
    (float("nan"), "nan"),
    (float("inf"), "inf"),
    (True, "True"),
    (None, "None"),
    ("16", "'16'"),
    ([3, -2], "-2"),
    ([3, 2.5], "2.5"),
    ([3.0, float("nan")], "nan"),
    ([True, False], "True"),
    (["3", "4"], "'3'"),
    ([3, None], "None"),
    ([], "empty"),
    (np.array([Ellipsis]), "Ellipsis"),
    (np.array(["3"]), "'3'"),
    (1 + 2j, "2j"),
    (np.datetime64("2020-01-01"), "2020"),
    (pd.Series(["a", "b"]), "a"),
    (pd.Series([1, None]), "nan"),
    (pd.Series([1, None], dtype="Int64"), "index 1"),
    ([[1, 2], [3]], "[[1, 2], [3]]"),
    (2**70, str(2**70)),
    (1e300, "1e+300"),
    (10**400, "1000"),
]


def test_counts_must_be_whole_numbers():
    for value, shown in BAD_COUNTS:
        with case(value, shown):
            for name in GOOD:
                with case(name):
                    message = refused(inference.pvalue, "pearson", **(GOOD | {name: value}))
                    assert message.startswith((name, f"{name} =="))
                    assert shown in message
                    assert "whole number" in message


def test_the_bad_one_of_many_is_located():
    message = refused(inference.pvalue, "fisher", [[1, 2], [3, -4]], 9, 1, 9)
    assert "x1 == -4 (at index (1, 1))" in message
    assert "(at index 2)" in refused(inference.pvalue, "fisher", [1, 2, 2.5], 9, 1, 9)


@pytest.mark.parametrize(("name", "total"), [("x1", "n1"), ("x2", "n2")])
def test_responders_cannot_outnumber_patients(name, total):
    message = refused(inference.pvalue, "pearson", **(GOOD | {name: 31}))
    assert f"{name} == 31" in message
    assert f"{total} == {GOOD[total]}" in message
    message = refused(inference.pvalue, "pearson", **(GOOD | {name: [3, 40, 50]}))
    assert f"{name} == 40 (at index 1)" in message


@pytest.mark.parametrize("name", ["n1", "n2"])
def test_an_arm_needs_a_patient(name):
    message = refused(inference.pvalue, "pearson", **(GOOD | {name: 0, name.replace("n", "x"): 0}))
    assert f"{name} == 0" in message
    assert "1 or more" in message


def test_a_huge_total_is_not_turned_into_a_negative_one():
    for n in (2**63, np.uint64(2**63 + 5)):
        message = refused(inference.pvalue, "pearson", 1, n, 1, 5)
        assert message.startswith("n1")
        assert "-9223372036854775" not in message


def test_shapes_that_do_not_broadcast():
    message = refused(inference.pvalue, "pearson", [1, 2], 29, [1, 2, 3], 30)
    assert "x1 (2,)" in message
    assert "x2 (3,)" in message


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("fischer", "'fisher'"), ("Pearson", "'pearson'"), ("boschlo", "'boschloo'"), ("welch", "'welch_t'")],
)
def test_an_unknown_test_names_the_nearest(given, nearest):
    for call in (
        lambda: inference.pvalue(given, **GOOD),
        lambda: inference.pvalue_lattice(given, 5, 5),
        lambda: inference.power(given, 0.5, 0.3, 5, 5),
        lambda: inference.size(given, 5, 5),
        lambda: inference.compare(**GOOD).tests([given]),
        lambda: inference.fragility_index(**GOOD, test=given),
        lambda: inference.tipping_point(**GOOD, missing1=0, missing2=0, test=given),
    ):
        message = refused(call)
        assert message.startswith(f"unknown test {given!r}")
        assert nearest in message.partition("Allowed")[0]


def test_a_test_is_named_by_a_string():
    for given in [None, 3, ["pearson"]]:
        with case(given):
            assert "unknown test" in refused(inference.pvalue, given, **GOOD)


def test_a_single_name_is_not_a_list_of_names():
    assert "['fisher']" in refused(inference.compare(**GOOD).tests, "fisher")


def test_alternatives():
    for given in ["two sided", "larger", None, 1, ["greater"]]:
        with case(given):
            message = refused(inference.pvalue, "pearson", **GOOD, alternative=given)
            assert "alternative" in message
            assert all(repr(name) in message for name in ("two-sided", "greater", "less"))


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 5, float("nan"), "0.05", None, True, [0.05], 0.0, 1.0])
def test_levels_lie_strictly_between_0_and_1(alpha):
    for call in (
        lambda: inference.rejection_region("pearson", 5, 5, alpha),
        lambda: inference.size("pearson", 5, 5, alpha),
        lambda: inference.size_curve("pearson", 5, 5, alpha=alpha),
        lambda: inference.power("pearson", 0.5, 0.3, 5, 5, alpha),
        lambda: inference.fragility_index(**GOOD, alpha=alpha),
        lambda: inference.tipping_point(**GOOD, missing1=1, missing2=0, alpha=alpha),
    ):
        message = refused(call)
        assert message.startswith(f"alpha == {alpha!r}")
        assert "strictly between 0 and 1" in message
    assert refused(inference.intervals, **GOOD, level=alpha).startswith("level ==")


def test_rates_are_probabilities():
    for rate in [-0.1, 1.1, float("nan"), "0.5", None, True, [0.2, 1.5], []]:
        with case(rate):
            assert refused(inference.power, "pearson", rate, 0.3, 5, 5).startswith("p1 ==")
            assert refused(inference.power, "pearson", 0.3, rate, 5, 5).startswith("p2 ==")
            if rate is not None:  # None asks for a curve from 0 to 1
                assert refused(inference.size_curve, "pearson", 5, 5, rates=rate).startswith("rates ==")


def test_rates_must_fit_together():
    message = refused(inference.power, "pearson", [0.1, 0.2], [0.1, 0.2, 0.3], 5, 5)
    assert "p1 (2,)" in message
    assert "p2 (3,)" in message


def test_arm_sizes_of_a_design():
    for n in [0, -3, 2.5, "5", None, True, [5], float("nan")]:
        with case(n):
            assert refused(inference.pvalue_lattice, "pearson", n, 5).startswith("n1")
            assert refused(inference.power, "pearson", 0.5, 0.3, 5, n).startswith("n2")
            assert refused(inference.size, "pearson", n, 5).startswith("n1")


@pytest.mark.parametrize(
    "call",
    [
        lambda x1: inference.compare(x1, 29, 9, 30),
        lambda x1: inference.intervals(x1, 29, 9, 30),
        lambda x1: inference.fragility_index(x1, 29, 9, 30),
        lambda x1: inference.tipping_point(x1, 29, 9, 30, 1, 0),
    ],
    ids=["compare", "intervals", "fragility_index", "tipping_point"],
)
def test_functions_of_one_table_refuse_arrays(call):
    for value in ([16, 17], [16], np.array([[16]])):
        assert "x1" in refused(call, value)


def test_missing_patients_are_counted():
    for missing in [-1, 0.5, None, "1", [1], True]:
        with case(missing):
            assert refused(inference.tipping_point, **GOOD, missing1=missing, missing2=0).startswith("missing1")
            assert refused(inference.tipping_point, **GOOD, missing1=0, missing2=missing).startswith("missing2")


def test_visits():
    for position in range(6):
        for value in [-1, 2.5, True, None, "3", [3], 99]:
            with case(position, value):
                names = ("x1_a", "x2_a", "n_a", "x1_b", "x2_b", "n_b")
                arguments = [16, 19, 29, 9, 11, 30]
                arguments[position] = value
                if value == 99 and names[position].startswith("n"):
                    assert inference.between_visit_bounds(*arguments).p_low > 0  # more patients than responders is fine
                    continue
                assert refused(inference.between_visit_bounds, *arguments).startswith(names[position])


def test_one_rate_checks_its_counts():
    for x, n in [(31, 29), (-1, 29), (0, 0), (2.5, 9), (True, 9), ("3", 9), ([3], 9)]:
        with case(x, n):
            assert refused(inference.proportion, x, n).startswith(("x ==", "n =="))


def test_one_rate_checks_its_level():
    for level in [0, 1, 95, "0.95"]:
        with case(level):
            assert refused(inference.proportion, 3, 9, level).startswith("level ==")


def test_bits_of_surprise_need_a_p_value():
    for p in [-0.1, 1.5, "0.05"]:
        with case(p):
            assert "from 0 to 1" in refused(inference.s_value, p)


def test_bits_of_surprise_at_the_ends():
    assert inference.s_value(0) == np.inf
    assert inference.s_value(0.5) == 1.0
    assert np.isnan(inference.s_value(float("nan")))


# --- traps -------------------------------------------------------------------------------------------------------

ODD = [
    np.float16(16),
    np.uint8(16),
    np.int8(16),
    np.uint64(16),
    np.longdouble(16),
    Decimal(16),
    Fraction(32, 2),
    np.array([16, 16], dtype=np.float16),
    np.array([16, 3], dtype=np.uint8),
    np.array([16, Fraction(16), Decimal(2)], dtype=object),
    [np.float16(16), Fraction(16), np.uint8(2)],
    pd.Series([16, 16], dtype="Int64"),
    pd.array([16, 2], dtype="UInt8"),
    pd.Series([16.0, 2.0], dtype="Float64"),
]


def test_numbers_of_any_type_neither_warn_nor_overflow():
    for key in inference.TESTS:
        with case(key), warnings.catch_warnings():
            warnings.simplefilter("error")
            for x1 in ODD:
                plain = [int(v) for v in np.atleast_1d(np.asarray(x1, dtype=object))]
                expected = inference.pvalue(key, plain, 29, 9, 30)
                assert np.array_equal(np.atleast_1d(inference.pvalue(key, x1, 29, 9, 30)), expected, equal_nan=True)
            # Products of these leave 8 bits at once.
            small = inference.pvalue(key, np.uint8(40), np.int8(100), np.float16(30), np.uint8(100))
            assert small == inference.pvalue(key, 40, 100, 30, 100)
            lattice = inference.pvalue_lattice(key, np.uint8(7), np.float16(9))
            assert np.array_equal(lattice, inference.pvalue_lattice(key, 7, 9), equal_nan=True)


def test_counts_of_any_type_in_functions_of_one_table():
    odd = np.uint8(16), np.float16(29), Decimal(9), Fraction(30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert inference.intervals(*odd) == inference.intervals(16, 29, 9, 30)
        assert inference.compare(*odd) == inference.compare(16, 29, 9, 30)
        assert inference.proportion(np.uint8(200), np.uint8(250)) == inference.proportion(200, 250)
        assert inference.nnt(*odd) == inference.nnt(16, 29, 9, 30)
        assert (
            inference.paired(np.uint8(12), np.int8(2), np.uint8(50)).tests().equals(inference.paired(12, 2, 50).tests())
        )


def test_odd_values_that_are_no_whole_number_are_refused():
    for bad in [Decimal("16.5"), Fraction(33, 2), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1e999"),
         Fraction(10**30 + 1, 10**30),
         Fraction(10**400), np.longdouble("1e4000"),
         pd.NA, [16, pd.NA], np.bool_(True), np.float16("inf"), np.float16(2.5), {"a": 1}, {1, 2}, object()]:  # fmt: skip
        with case(bad):
            assert "whole number" in refused(inference.pvalue, "pearson", bad, 29, 9, 30)


def test_a_table_for_the_four_counts_is_explained():
    table = [[16, 13], [9, 21]]
    for call in (
        lambda: inference.pvalue("fisher", table),
        lambda: inference.test("fisher", table),
        lambda: inference.compare(table),
        lambda: inference.intervals(np.array(table)),
        lambda: inference.nnt(pd.DataFrame(table)),
        lambda: inference.fisher_test(table),
        lambda: inference.pearson_test(table),
        lambda: inference.shuffle_test(table),
        lambda: inference.confidence_curve("fisher", table),
    ):
        message = refused(call)
        assert "x1, n1, x2, n2" in message
        assert "16, 29, 9, 30" in message
        assert "16, 25, 13, 34" in message  # if its columns are the arms
    assert "2 of four counts" in refused(inference.pvalue, "fisher", 16, 29)


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("cmh", "stratified("),
        ("Cochran-Mantel-Haenszel", "stratified("),
        ("McNemar", "paired("),
        ("logistic", "adjusted("),
        ("firth", "adjusted("),
        ("kruskal", "'n_minus_1'"),
        ("anova", "'student_t'"),
        ("non-inferiority", "difference="),
    ],
)
def test_keys_of_other_analyses_say_where_they_are(key, place):
    for call in (lambda: inference.pvalue(key, **GOOD), lambda: inference.compare(**GOOD).tests([key])):
        message = refused(call)
        assert message.startswith(f"unknown test {key!r}")
        assert place in message


def test_levels_as_percent_say_the_share():
    assert "write 0.95" in refused(inference.intervals, **GOOD, level=95)
    assert "write 0.05" in refused(inference.size, "pearson", 5, 5, alpha=5)
    assert "such as 0.95" in refused(inference.proportion, 3, 9, level=1)
    assert "such as 0.05" in refused(inference.size, "pearson", 5, 5, alpha=0)


def test_bits_of_surprise_of_many():
    assert inference.s_value([0.5, 0.25, np.nan]) == pytest.approx([1, 2, np.nan], nan_ok=True)
    assert inference.s_value(pd.Series([0.05, 0.01])).shape == (2,)
    assert "index 1" in refused(inference.s_value, [0.05, 1.5])


def test_a_ratio_of_numpy():
    assert inference.sample_size("pearson", 0.9, 0.2, ratio=np.int64(2)) == inference.sample_size(
        "pearson", 0.9, 0.2, ratio=2
    )


def test_a_whole_table_is_explained_wherever_one_is_wanted():
    table = [[18, 13], [15, 51]]
    for function, keywords in (
        (inference.fragility_index, {}),
        (inference.noninferiority, {"margin": 0.1}),
        (inference.equivalence, {"margin": 0.1}),
    ):
        assert "18, 31, 15, 66" in refused(function, table, **keywords)
        assert "n2 == None" in refused(function, 18, 31, 15, **keywords)
        assert "x1 == 'x'" in refused(function, "x", 31, 15, 66, **keywords)
    assert "margin == None" in refused(inference.noninferiority, **GOOD)
    assert "margin == None" in refused(inference.equivalence, **GOOD)


def test_methods_that_are_no_names():
    for methods in [5, [["wald"]], [None, "wald"]]:
        with case(methods):
            assert "unknown interval" in refused(inference.intervals, **GOOD, methods=methods)


def test_a_level_and_another_alpha_contradict_each_other():
    assert "level == 0.9 and alpha == 0.05" in refused(inference.proportion, 16, 29, level=0.9, alpha=0.05)
    assert "give one" in refused(inference.test, "pearson", **GOOD, level=0.99, alpha=0.05)
    assert inference.proportion(16, 29, level=0.9, alpha=0.1)[0].level == pytest.approx(0.9)
    assert inference.paired(3, 10, 30, level=0.95, alpha=0.05).level == 0.95


@pytest.mark.parametrize(("arm", "strata"), [("y", "site"), ("arm", "y"), ("arm", ["site", "site"])])
def test_a_column_has_one_role_in_a_stratified_comparison(arm, strata):
    patients = pd.DataFrame({"y": [0, 1] * 4, "arm": list("aabbaabb"), "site": list("ssssrrrr")})
    assert "must be different columns" in refused(inference.stratified, patients, outcome="y", arm=arm, strata=strata)


def test_a_grid_of_counts_that_no_memory_holds():
    million = 10**6
    for function, arguments in (
        (inference.pvalue_lattice, ("pearson", million, million)),
        (inference.joint_counts, (million, 0.5, 0.5, 0.4)),
        (inference.familywise_error, (0.4, million, million, 0.3, "holm")),
    ):
        assert "30000 an arm" in refused(function, *arguments)


def test_a_large_trial_is_compared_by_the_tests_that_can():
    found = inference.compare(500_000, 10**6, 499_000, 10**6)
    p = found.tests().set_index("test")["p"]
    assert p["pearson"] == inference.pvalue("pearson", 500_000, 10**6, 499_000, 10**6)
    assert p[["barnard", "boschloo"]].isna().all()
    assert "NaN" in found._repr_html_()
    with pytest.raises(InputError, match="too many"):
        found.tests(["barnard"])
    with pytest.raises(InputError, match="alternative"):
        found.tests(alternative="upwards")


def test_the_farthest_tables_have_numbers_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert inference.pvalue("boschloo", 600, 600, 0, 600) == 0  # 2 * 0.5**1200, too small for a float
        # One table is as extreme: twice the largest value of (1 - rate)**1100 * rate, at a rate of 1/1101.
        assert inference.pvalue("boschloo", 0, 1100, 1, 1) == pytest.approx(2 * (1100 / 1101) ** 1100 / 1101)
        ratio = 5001 * (5001 / 5000) ** 5000  # 1 against the likelihood of the rate 5000/5001
        for table, least in (
            ((0, 1, 5000, 5000), 0.9999 * ratio),
            ((900, 900, 0, 900), 1e300),
            ((850, 900, 0, 900), 1e300),
        ):
            found = inference.evidence(*table).set_index("measure")["value"]
            assert found["likelihood ratio"] >= least
            assert found.drop("likelihood ratio").between(0, 1e-3).all()
