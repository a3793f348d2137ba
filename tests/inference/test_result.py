"""One test with its statistic, nuisance parameter, estimate and interval; and intervals that read as tables."""

from __future__ import annotations

from fractions import Fraction
from math import comb, inf

import numpy as np
import pandas as pd
import pytest
from references.cases import case
from scipy.special import ndtr, stdtr

from lupus_kit import inference
from lupus_kit.core.errors import InputError
from lupus_kit.inference import TESTS

WEEK_12 = (16, 29, 9, 30)
SIDES = ("two-sided", "greater", "less")
WITHOUT_INTERVAL = {"fisher", "fisher_midp", *(key for key, t in TESTS.items() if t.family == "unconditional exact")}


def test_p_is_that_of_pvalue_and_the_statistic_leads_to_it():
    for key in TESTS:
        with case(key):
            for table in (WEEK_12, (3, 7, 15, 20), (0, 10, 7, 12), (5, 9, 5, 9)):
                for side in SIDES:
                    found = inference.test(key, *table, side)
                    p = inference.pvalue(key, *table, side)
                    assert found.p == pytest.approx(p, nan_ok=True, abs=0)
                    assert found.pvalue is found.p
                    assert found.label == TESTS[key].label
                    if found.statistic is None or np.isnan(p) or "exact" in TESTS[key].family:
                        continue
                    x1, n1, x2, n2 = table
                    if found.symbol == "χ²":
                        sign = np.sign(x1 * n2 - x2 * n1)
                        two, one = 2 * ndtr(-np.sqrt(found.statistic)), ndtr(-sign * np.sqrt(found.statistic))
                    elif found.symbol == "z" or key == "welch_t":
                        if key == "welch_t":
                            continue  # its degrees of freedom are in the test of R's values
                        two, one = 2 * ndtr(-abs(found.statistic)), ndtr(-found.statistic)
                    else:
                        two, one = 2 * stdtr(n1 + n2 - 2, -abs(found.statistic)), stdtr(n1 + n2 - 2, -found.statistic)
                    assert p == pytest.approx(
                        {"two-sided": two, "greater": one, "less": 1 - one}[side], rel=1e-9, abs=1e-15
                    )


def test_known_statistics():
    assert inference.test("pearson", *WEEK_12).statistic == pytest.approx(3.8265, abs=5e-5)  # R: chisq.test
    assert inference.test("student_t", *WEEK_12).symbol == "t"
    assert inference.test("boschloo_minlike", *WEEK_12).statistic == inference.pvalue("fisher", *WEEK_12)
    assert inference.test("boschloo", *WEEK_12).statistic == inference.pvalue("fisher", *WEEK_12, "greater")
    assert inference.test("fisher", *WEEK_12).statistic is None


def test_the_supremum_lies_where_it_is_said_to():
    for side in SIDES:
        for key in ["barnard", "barnard_unpooled", "boschloo", "boschloo_minlike", "barnard_berger_boos"]:
            with case(side, key):
                n1, n2 = 9, 7
                lattice = inference.pvalue_lattice(key, n1, n2, side)
                for x1, x2 in ((6, 1), (8, 3), (2, 4), (4, 4)):
                    found = inference.test(key, x1, n1, x2, n2, side)
                    assert 0 <= found.nuisance <= 1
                    if key == "barnard_berger_boos":
                        continue
                    own = side
                    if key == "boschloo" and side == "two-sided":
                        own = min(("greater", "less"), key=lambda one: inference.pvalue(key, x1, n1, x2, n2, one))
                        lattice = inference.pvalue_lattice(key, n1, n2, own)
                    law1 = [comb(n1, k) * found.nuisance**k * (1 - found.nuisance) ** (n1 - k) for k in range(n1 + 1)]
                    law2 = [comb(n2, k) * found.nuisance**k * (1 - found.nuisance) ** (n2 - k) for k in range(n2 + 1)]
                    region = lattice <= lattice[x1, x2] * (1 + 1e-9)
                    p = inference.pvalue(key, x1, n1, x2, n2, own)
                    assert float(np.outer(law1, law2)[region].sum()) == pytest.approx(p, rel=1e-9)
                    if own != side:
                        assert found.p == pytest.approx(min(2 * p, 1.0))


def test_no_interval_contradicts_its_test_on_whole_lattices():
    for key in [key for key in TESTS if key not in WITHOUT_INTERVAL]:
        with case(key):
            contradictions = []
            for (n1, n2), side, level in (
                ((3, 5), "two-sided", 0.95),
                ((5, 2), "two-sided", 0.8),
                ((4, 4), "greater", 0.9),
                ((1, 5), "less", 0.9),
            ):
                for x1 in range(n1 + 1):
                    for x2 in range(n2 + 1):
                        found = inference.test(key, x1, n1, x2, n2, side, level)
                        rejects = found.p <= (1 - level) * (1 + 1e-12)
                        if found.interval.excludes_null != rejects:
                            contradictions.append((x1, n1, x2, n2, side, found.p, found.interval))
            assert contradictions == []


def test_where_no_interval_inverts_the_test_it_says_so():
    for key in sorted(WITHOUT_INTERVAL):
        with case(key):
            found = inference.test(key, *WEEK_12)
            assert found.interval is None
            assert "no interval" in found.note
            if key.startswith("fisher"):  # one-sided the conditional tests are inverted
                one_sided = inference.test(key, *WEEK_12, "greater", alpha=0.05)
                assert one_sided.interval.high == inf
                assert one_sided.interval.excludes_null == (one_sided.p <= 0.05)


@pytest.mark.parametrize(("n1", "n2", "level"), [(8, 8, 0.95), (12, 5, 0.9), (9, 11, 0.8), (29, 30, 0.95)])
def test_blakers_interval_agrees_with_blakers_test(n1, n2, level):
    lattice, exact, step = inference.pvalue_lattice("blaker", n1, n2), [], 1 if n1 < 20 else 3
    for x1 in range(0, n1 + 1, step):
        for x2 in range(0, n2 + 1, step):
            mine, conditional = inference.intervals(x1, n1, x2, n2, level, ["blaker", "conditional_exact"])[::-1]
            assert mine.excludes_null == (lattice[x1, x2] <= (1 - level) * (1 + 1e-12))
            # Blaker's interval lies within the equal-tailed one.
            assert conditional.low * (1 - 1e-9) <= mine.low <= mine.high <= conditional.high * (1 + 1e-9)
            exact.append(mine.high - mine.low < conditional.high - conditional.low)
    assert any(exact)


def test_blakers_limits_are_where_its_p_value_leaves_the_level():
    for table in (WEEK_12, (3, 7, 15, 20), (7, 13, 2, 12), (0, 10, 7, 12)):
        (interval,) = inference.intervals(*table, 0.95, ["blaker"])
        for end, outside in ((interval.low, 1 - 1e-6), (interval.high, 1 + 1e-6)):
            if end not in (0, inf):
                around = [end * outside, end / outside]
                p = inference.confidence_curve("blaker", *table, values=around)["p"]
                assert p[0] <= 0.05 < p[1]
                beyond = np.geomspace(end * outside, 1e-4 if outside < 1 else 1e4, 200)
                assert (inference.confidence_curve("blaker", *table, values=beyond)["p"] <= 0.05).all()


@pytest.mark.parametrize("table", [WEEK_12, (3, 7, 15, 20), (7, 13, 2, 12), (1, 40, 2, 3), (120, 240, 96, 230)])
def test_the_conditional_odds_ratio_expects_the_observed_count_in_fractions(table):
    x1, n1, x2, n2 = table
    s = x1 + x2
    methods = ["conditional_exact", "conditional_midp", "baptista_pike", "blaker"]
    intervals = inference.intervals(*table, methods=methods)
    assert len({interval.estimate for interval in intervals}) == 1
    assert all(interval.low <= interval.estimate <= interval.high for interval in intervals)
    odds = Fraction(intervals[0].estimate)
    ways = {k: comb(n1, k) * comb(n2, s - k) for k in range(max(0, s - n2), min(n1, s) + 1)}
    low = min(ways)

    def mean(ratio):
        weighed = {k: way * ratio ** (k - low) for k, way in ways.items()}
        return sum(k * w for k, w in weighed.items()) / sum(weighed.values())

    assert mean(odds * (1 - Fraction(1, 10**10))) < x1 < mean(odds * (1 + Fraction(1, 10**10)))
    assert inference.test("fisher", *table).estimate == intervals[0].estimate


def test_conditional_odds_ratios_at_the_ends():
    def estimate(*table):
        return inference.test("fisher", *table).estimate

    assert estimate(0, 5, 3, 6) == 0
    assert estimate(5, 5, 0, 6) == inf
    assert np.isnan(estimate(0, 5, 0, 6))


def test_degenerate_cases_are_said():
    assert "nobody responds" in inference.test("pearson", 0, 5, 0, 7).note
    assert "everybody responds" in inference.test("fisher_doubled", 5, 5, 7, 7).note
    assert "undefined here" in inference.test("log_odds_wald", 5, 5, 0, 7).note
    assert inference.test("student_t", 5, 5, 0, 7).interval.excludes_null
    assert "undefined" in str(inference.test("pearson", 0, 5, 0, 7))


def test_it_shows_itself_and_is_a_row():
    found = inference.test("barnard", *WEEK_12, gamma=0.001)
    assert "common response rate" in found._repr_html_()
    assert "γ = 0.001" in found.label
    row = inference.test("log_odds_wald", *WEEK_12).to_frame()
    assert len(row) == 1
    assert {"test", "statistic", "p", "nuisance", "measure", "estimate", "low", "high", "note"} <= set(row.columns)


def test_a_one_sided_level_and_alpha():
    assert inference.test("pearson", *WEEK_12, alpha=0.1).interval.level == 0.9
    with pytest.raises(InputError, match=r"above 0\.5"):
        inference.test("pearson", *WEEK_12, "greater", level=0.4)


# --- intervals ---------------------------------------------------------------------------------------------------


def test_intervals_and_proportion_are_the_same_kind_of_thing():
    both, one = inference.intervals(*WEEK_12), inference.proportion(16, 29)
    assert type(both) is type(one) is inference.Intervals
    for found in (both, one):
        frame = found.to_frame()
        assert list(frame.columns) == ["key", "label", "measure", "estimate", "low", "high", "level", "inverts"]
        assert [i.low for i in found] == pytest.approx(frame["low"].tolist(), nan_ok=True)
        assert found["key"].tolist() == found.set_index("key").index.tolist()
        assert isinstance(found[0], inference.Interval)
        assert "<table" in found._repr_html_()
    assert not one[0].excludes_null


def test_levels_and_one_method_by_name():
    assert inference.intervals(*WEEK_12, methods="wald") == inference.intervals(*WEEK_12, methods=["wald"])
    with pytest.raises(InputError, match="'wlad'"):
        inference.intervals(*WEEK_12, methods="wlad")
    for call in (
        lambda **how: inference.intervals(*WEEK_12, **how),
        lambda **how: inference.proportion(16, 29, **how),
        lambda **how: inference.compare(*WEEK_12).intervals(**how),
    ):
        assert (pd.DataFrame(call(alpha=0.1))["level"] == 0.9).all()
        with pytest.raises(InputError, match=r"write 0\.95"):
            call(level=95)
        with pytest.raises(InputError, match=r"such as 0\.95"):
            call(level=0)


def test_arrays_are_refused_with_the_reason():
    for call in (
        lambda: inference.compare([16, 19], 29, [9, 11], 30),
        lambda: inference.intervals([16, 19], 29, [9, 11], 30),
        lambda: inference.test("fisher", [16, 19], 29, [9, 11], 30),
        lambda: inference.proportion([16, 19], 29),
        lambda: inference.power("pearson", 0.5, 0.3, [29, 30], 30),
        lambda: inference.size("pearson", [29, 30], 30),
    ):
        with pytest.raises(InputError, match="because the answer is about one table or one design"):
            call()


def test_every_result_shows_itself_in_a_notebook():
    shown = [
        inference.intervals(*WEEK_12),
        inference.intervals(*WEEK_12)[0],
        inference.compare(*WEEK_12),
        inference.TESTS["fisher"],
        next(iter(inference.PRIORS.values())),
        next(iter(inference.STRATEGIES.values())),
        inference.type_m_and_s("pearson", 0.5, 0.3, 29, 30),
        inference.posterior(*WEEK_12),
        inference.fragility_index(*WEEK_12),
        inference.size("pearson", 5, 6),
        inference.sample_size("pearson", 0.9, 0.2),
    ]
    for one in shown:
        text = one._repr_html_()
        assert isinstance(text, str)
        assert len(text) > 20


def test_a_p_value_too_small_for_four_decimals_is_not_shown_as_zero():
    tables = pd.DataFrame({"stratum": ["a", "b"], "x1": [28, 30], "n1": 30, "x2": [4, 5], "n2": 30})
    shown = {
        "compare, printed": str(inference.compare(58, 60, 9, 60)),
        "compare, notebook": inference.compare(58, 60, 9, 60)._repr_html_(),
        "paired": str(inference.paired(60, 1, 100)),
        "fragility": inference.fragility_index(58, 60, 9, 60)._repr_html_(),
        "stratified": inference.stratified(tables)._repr_html_(),
    }
    assert {name for name, text in shown.items() if "e-" not in text} == set()
    assert {name for name, text in shown.items() if "0.0000" in text} == set()
