"""Confidence intervals: the equations that define them, and the tests that they invert."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references import brute_force
from references.cases import case
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import ndtri

from lupus_kit import inference
from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.difference import constrained_rates
from lupus_kit.inference.intervals.effects import METHODS, many_ends

SOME = settings(max_examples=20)
TABLES = [
    (16, 29, 9, 30),
    (19, 29, 11, 30),
    (7, 13, 2, 12),
    (3, 7, 15, 20),
    (0, 10, 7, 12),
    (9, 9, 4, 11),
    (5, 5, 0, 6),
]
TABLES += [(0, 4, 0, 9), (4, 4, 9, 9), (1, 1, 0, 1), (1, 40, 2, 3), (120, 240, 96, 230)]


# The exact unconditional interval takes as long as all others together; it has its own test below.
QUICK = [entry for entry in METHODS if entry[0] != "exact_unconditional"]


def found(key, table, level=0.95):
    """One interval, without working out the others."""
    _, label, measure, method, inverts = next(entry for entry in METHODS if entry[0] == key)
    x1, n1, x2, n2 = table
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = {
            "risk difference": x1 / n1 - x2 / n2,
            "risk ratio": float(np.float64(x1 / n1) / np.float64(x2 / n2)),
            "odds ratio": float(np.float64(x1 * (n2 - x2)) / np.float64((n1 - x1) * x2)),
        }[measure]
    return inference.Interval(key, label, measure, estimate, *method(*table, level), level, inverts)


def quick(table, level=0.95):
    return [found(entry[0], table, level) for entry in QUICK]


def test_the_list_of_intervals_is_made_of_these():
    listed = inference.intervals(16, 29, 9, 30)
    assert [i.key for i in listed] == [entry[0] for entry in METHODS]
    for interval in listed:
        mine = found(interval.key, (16, 29, 9, 30))
        assert (interval.low, interval.high, interval.inverts) == (mine.low, mine.high, mine.inverts)
        if interval.key not in ("conditional_exact", "conditional_midp", "baptista_pike", "blaker"):
            assert interval.estimate == pytest.approx(mine.estimate)


def log_likelihood(p2, difference, table):
    x1, n1, x2, n2 = table
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [(x1, p2 + difference), (n1 - x1, 1 - p2 - difference), (x2, p2), (n2 - x2, 1 - p2)]
        return sum(count * np.log(max(rate, 0.0)) for count, rate in terms if count)


def likeliest(difference, table):
    """Maximise the likelihood of two rates that differ by a given amount, by search alone."""
    lowest, highest = max(0.0, -difference), min(1.0, 1.0 - difference)
    search = minimize_scalar(
        lambda p2: min(-log_likelihood(p2, difference, table), 1e300),
        bounds=(lowest, highest),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return max([search.x, lowest, highest], key=lambda p2: log_likelihood(p2, difference, table))


@SOME
@given(n1=st.integers(1, 40), n2=st.integers(1, 40), difference=st.floats(-0.99, 0.99), data=st.data())
def test_constrained_rates_maximise_the_likelihood(n1, n2, difference, data):
    table = data.draw(st.integers(0, n1)), n1, data.draw(st.integers(0, n2)), n2
    p1, p2 = constrained_rates(*table, difference)
    assert p1 - p2 == pytest.approx(difference, abs=1e-15)
    assert min(p1, p2) >= -1e-12
    assert max(p1, p2) <= 1 + 1e-12
    best = likeliest(difference, table)
    assert p2 == pytest.approx(best, abs=2e-6)
    assert log_likelihood(p2, difference, table) >= log_likelihood(best, difference, table) - 1e-9


def score_equation(p2, difference, table):
    """Derivative of the log-likelihood in p2."""
    x1, n1, x2, n2 = table
    p1 = p2 + difference
    return x1 / p1 - (n1 - x1) / (1 - p1) + x2 / p2 - (n2 - x2) / (1 - p2)


def bisected_rates(difference, table):
    """Root of the score equation, halved down to the last bit: independent of the cubic."""
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    tiny = 1e-300
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        p1 = middle + difference
        if min(middle, p1, 1 - middle, 1 - p1) <= tiny:
            break
        if score_equation(middle, difference, table) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2 + difference, (low + high) / 2


def test_score_intervals_solve_their_equation():
    for key in ["miettinen_nurminen", "mee"]:
        with case(key):
            for table in TABLES:
                for level in [0.8, 0.95, 0.999]:
                    with case(table, level):
                        x1, n1, x2, n2 = table
                        factor = (n1 + n2) / (n1 + n2 - 1) if key == "miettinen_nurminen" else 1.0
                        interval = found(key, table, level)
                        z = ndtri(0.5 + level / 2)
                        assert -1 <= interval.low <= interval.estimate <= interval.high <= 1
                        for end, sign in ((interval.low, 1), (interval.high, -1)):
                            if abs(end) == 1:  # the statistic never reaches the quantile inside [-1, 1]
                                continue
                            p1, p2 = bisected_rates(end, table)
                            variance = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * factor
                            statistic = (x1 / n1 - x2 / n2 - end) / np.sqrt(variance)
                            assert statistic == pytest.approx(sign * z, abs=1e-8)


@pytest.mark.parametrize("key", ["miettinen_nurminen", "mee"])
def test_an_end_of_1_means_that_the_quantile_is_never_reached(key):
    interval = found(key, (5, 5, 0, 6))
    assert interval.high == 1.0
    # Wherever a score interval ends at -1 or 1, the estimate itself must be there.
    for x1 in range(6):
        for x2 in range(7):
            interval = found(key, (x1, 5, x2, 6))
            assert (interval.high == 1.0) == (interval.estimate == 1.0)
            assert (interval.low == -1.0) == (interval.estimate == -1.0)


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("table", [t for t in TABLES if t[1] + t[3] < 100])
def test_conditional_interval_puts_half_of_alpha_in_each_tail(table, level):
    x1, n1, x2, n2 = table
    interval, tail = found("conditional_exact", table, level), (1 - level) / 2
    chance = {k: float(q) for k, q in brute_force.given_margins(n1, n2, x1 + x2).items()}

    def beyond(odds_ratio, inside):
        weights = {k: q * odds_ratio**k for k, q in chance.items()}
        return sum(w for k, w in weights.items() if inside(k)) / sum(weights.values())

    if x1 == min(chance):
        assert interval.low == 0.0
    else:
        assert beyond(interval.low, lambda k: k >= x1) == pytest.approx(tail, abs=1e-8)
    if x1 == max(chance):
        assert interval.high == np.inf
    else:
        assert beyond(interval.high, lambda k: k <= x1) == pytest.approx(tail, abs=1e-8)


def test_an_interval_excludes_no_difference_exactly_where_its_test_rejects():
    for key in [entry[0] for entry in QUICK if entry[4]]:
        with case(key):
            for n1, n2 in [(1, 1), (2, 5), (4, 4), (7, 5), (29, 30)]:
                for level in [0.8, 0.95]:
                    with case(n1, n2, level):
                        tables = list(brute_force.tables(n1, n2))
                        if n1 > 20:  # a sample around the trial's own tables
                            tables = [(x1, x2) for x1 in range(8, 22, 2) for x2 in (3, 9, 11, 16)]
                        rejected = set()
                        for x1, x2 in tables:
                            interval = found(key, (x1, n1, x2, n2), level)
                            p = inference.pvalue(interval.inverts, x1, n1, x2, n2)
                            excluded = (
                                interval.low == interval.low
                                and not interval.low <= interval.null_value <= interval.high
                            )
                            assert excluded == (p <= 1 - level), (x1, x2, p, interval.low, interval.high)
                            rejected.add(excluded)
                        assert n1 < 20 or rejected == {True, False}


def test_every_interval_that_can_name_its_test_does():
    assert {(entry[0], entry[4]) for entry in QUICK if entry[4]} >= {
        ("wald", "wald_unpooled"),
        ("miettinen_nurminen", "miettinen_nurminen"),
        ("mee", "pearson"),
        ("katz", "log_risk_ratio_wald"),
        ("woolf", "log_odds_wald"),
        ("conditional_exact", "fisher_doubled"),
    }
    assert all(entry[4] in inference.TESTS for entry in METHODS if entry[4])


def test_compare_marks_what_an_interval_excludes():
    frame = inference.compare(16, 29, 9, 30).intervals().set_index("key")
    for interval in inference.intervals(16, 29, 9, 30):
        row = frame.loc[interval.key]
        assert (row["low"], row["high"]) == (interval.low, interval.high)
        assert row["excludes_null"] == (interval.low > interval.null_value or interval.high < interval.null_value)
    # p is 0.0434 by the unpooled Wald test and 0.0504 by Pearson's.
    assert frame.loc["wald", "excludes_null"]
    assert not frame.loc["mee", "excludes_null"]


@SOME
@given(n1=st.integers(1, 30), n2=st.integers(1, 30), data=st.data())
def test_renaming_the_arms_mirrors_every_interval(n1, n2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    for mine, theirs in zip(quick((x1, n1, x2, n2)), quick((x2, n2, x1, n1)), strict=True):
        if mine.measure == "risk difference":
            mirrored = (-theirs.high, -theirs.low)
        else:
            with np.errstate(divide="ignore"):
                mirrored = tuple(float(1 / np.float64(end)) for end in (theirs.high, theirs.low))
        assert (mine.low, mine.high) == pytest.approx(mirrored, rel=1e-6, abs=1e-8, nan_ok=True), mine.key


@SOME
@given(n1=st.integers(1, 30), n2=st.integers(1, 30), data=st.data())
def test_renaming_the_outcomes_mirrors_difference_and_odds_ratio(n1, n2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    for mine, theirs in zip(quick((x1, n1, x2, n2)), quick((n1 - x1, n1, n2 - x2, n2)), strict=True):
        if mine.measure == "risk difference":
            assert (mine.low, mine.high) == pytest.approx((-theirs.high, -theirs.low), abs=1e-8), mine.key
        elif mine.measure == "odds ratio":
            with np.errstate(divide="ignore"):
                mirrored = tuple(float(1 / np.float64(end)) for end in (theirs.high, theirs.low))
            assert (mine.low, mine.high) == pytest.approx(mirrored, rel=1e-6, abs=1e-8, nan_ok=True), mine.key


@SOME
@given(n1=st.integers(1, 30), n2=st.integers(1, 30), data=st.data())
def test_intervals_hold_their_estimate_and_grow_with_the_level(n1, n2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    narrow, wide = quick((x1, n1, x2, n2), 0.8), quick((x1, n1, x2, n2), 0.99)
    for inner, outer in zip(narrow, wide, strict=True):
        assert inner.key == outer.key
        if np.isnan(inner.low):
            assert np.isnan(outer.low)
            assert np.isnan(outer.high)
            continue
        assert outer.low <= inner.low + 1e-12
        assert inner.high <= outer.high + 1e-12
        # Agresti and Caffo's interval is centred elsewhere, on the rates with the added patients.
        if not np.isnan(inner.estimate) and inner.key != "agresti_caffo":
            assert outer.low - 1e-12 <= inner.estimate <= outer.high + 1e-12


def test_undefined_intervals_are_nan_and_exclude_nothing():
    frame = inference.compare(0, 10, 7, 12).intervals().set_index("key")
    assert np.isnan(frame.loc[["katz", "woolf"], ["low", "high"]].to_numpy()).all()
    assert not frame.loc[["katz", "woolf"], "excludes_null"].any()
    assert frame.loc["conditional_exact", "low"] == 0.0
    assert frame["excludes_null"].dtype == bool


def ends_of_rate(key, x, n, level=0.95):
    row = inference.proportion(x, n, level).set_index("key").loc[key]
    assert row["estimate"] == x / n
    assert row["level"] == level
    assert 0 <= row["low"] <= x / n <= row["high"] <= 1
    return row["low"], row["high"]


def test_wilson_solves_its_quadratic():
    for n in [1, 2, 12, 29]:
        with case(n):
            z2 = Fraction(float(ndtri(0.975))) ** 2
            for x in range(n + 1):
                for end in ends_of_rate("wilson", x, n):
                    p = Fraction(end)
                    # (x/n - p)^2 = z^2 p (1 - p) / n
                    assert float((Fraction(x, n) - p) ** 2 - z2 * p * (1 - p) / n) == pytest.approx(0, abs=1e-15)


def test_clopper_pearson_puts_half_of_alpha_in_each_binomial_tail():
    for level in [0.8, 0.95]:
        for n in [1, 7, 29]:
            with case(level, n):
                for x in range(n + 1):
                    low, high = ends_of_rate("clopper_pearson", x, n, level)
                    upper = sum(comb(n, k) * low**k * (1 - low) ** (n - k) for k in range(x, n + 1))
                    lower = sum(comb(n, k) * high**k * (1 - high) ** (n - k) for k in range(x + 1))
                    assert upper == pytest.approx((1 - level) / 2, abs=1e-12) if x else low == 0.0
                    assert lower == pytest.approx((1 - level) / 2, abs=1e-12) if x < n else high == 1.0


def test_jeffreys_cuts_the_posterior():
    for n in [1, 7, 29]:
        with case(n):
            for x in range(n + 1):
                low, high = ends_of_rate("jeffreys", x, n)
                posterior = stats.beta(x + 0.5, n - x + 0.5)
                assert posterior.cdf(low) == pytest.approx(0.025 if x else 0.0, abs=1e-10)
                assert posterior.sf(high) == pytest.approx(0.025 if x < n else 0.0, abs=1e-10)


def test_koopman_solves_its_equation():
    for table in [t for t in TABLES if t[0] + t[2]]:
        for level in [0.8, 0.95, 0.99]:
            with case(table, level):
                x1, n1, x2, n2 = table
                interval, z = found("koopman", table, level), ndtri(0.5 + level / 2)
                for ratio, sign, open_end in ((interval.low, 1, x1 == 0), (interval.high, -1, x2 == 0)):
                    if open_end:
                        assert ratio == (0.0 if sign == 1 else np.inf)
                        continue
                    # The rates of largest likelihood under p1 = ratio * p2, by halving on the score equation.
                    low, high = 0.0, min(1.0, 1 / ratio)
                    for _ in range(200):
                        p2 = (low + high) / 2
                        p1 = ratio * p2
                        if p2 in (low, high) or p1 >= 1 or p2 >= 1:
                            break
                        slope = (x1 + x2) / p2 - ratio * (n1 - x1) / (1 - p1) - (n2 - x2) / (1 - p2)
                        low, high = (p2, high) if slope > 0 else (low, p2)
                    p1 = ratio * p2
                    # Koopman's statistic is a sum of two chi-squared terms; its root is the z of the difference.
                    chi_squared = sum(
                        (x - n * p) ** 2 / (n * p * (1 - p)) for x, n, p in ((x1, n1, p1), (x2, n2, p2)) if 0 < p < 1
                    )
                    assert np.sqrt(chi_squared) == pytest.approx(z, abs=1e-6)
                    assert np.sign(x1 / n1 - ratio * x2 / n2) == sign


def point_probability_p(x1, n1, x2, n2, odds_ratio):
    """Two-sided Fisher p-value under any odds ratio."""
    chance = {k: float(q) * odds_ratio**k for k, q in brute_force.given_margins(n1, n2, x1 + x2).items()}
    total = sum(chance.values())
    return sum(q for q in chance.values() if q <= chance[x1] * (1 + 1e-9)) / total


def test_baptista_pike_spans_every_odds_ratio_that_is_not_rejected():
    for level in [0.8, 0.95]:
        for table in [(16, 29, 9, 30), (7, 13, 2, 12), (3, 7, 15, 20), (0, 10, 7, 12), (5, 5, 0, 6)]:
            with case(level, table):
                interval = found("baptista_pike", table, level)
                inside = [r for r in np.exp(np.linspace(-12, 12, 4001)) if point_probability_p(*table, r) > 1 - level]
                assert interval.low <= min(inside)
                assert max(inside) <= interval.high
                # Just outside either end the test rejects.
                for outside in (interval.low * (1 - 1e-6), interval.high * (1 + 1e-6)):
                    if 0 < outside < np.inf:
                        assert point_probability_p(*table, outside) <= 1 - level


@pytest.mark.parametrize(("n1", "n2", "level"), [(4, 3, 0.8), (3, 3, 0.95)])
@pytest.mark.parametrize("key", ["exact_unconditional", "conditional_exact", "baptista_pike"])
def test_exact_intervals_cover_as_often_as_they_promise(key, n1, n2, level):
    ends = {table: found(key, (table[0], n1, table[1], n2), level) for table in brute_force.tables(n1, n2)}
    rates = np.linspace(0, 1, 21)
    laws1, laws2 = ([stats.binom.pmf(range(n + 1), n, rate) for rate in rates] for n in (n1, n2))
    for a, first in zip(rates, laws1, strict=True):
        for b, second in zip(rates, laws2, strict=True):
            truth = a - b
            if key != "exact_unconditional":
                if not (0 < a < 1 and 0 < b < 1):
                    continue
                truth = a * (1 - b) / ((1 - a) * b)
            covered = sum(
                first[x1] * second[x2] for (x1, x2), i in ends.items() if i.low - 1e-8 <= truth <= i.high + 1e-8
            )
            assert covered >= level - 1e-9, (a, b)


@SOME
@given(n1=st.integers(1, 40), n2=st.integers(1, 40), data=st.data())
def test_newcombe_stays_inside_the_possible_differences(n1, n2, data):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    interval = found("newcombe", (x1, n1, x2, n2))
    assert -1 - 1e-12 <= interval.low <= interval.high <= 1 + 1e-12


def test_a_design_too_large_for_the_exact_interval_keeps_the_others():
    found = inference.intervals(700, 1_100, 200, 1_100)
    assert "exact_unconditional" not in {one.key for one in found}
    assert {one.key for one in found} | {"exact_unconditional"} == {
        one.key for one in inference.intervals(16, 29, 9, 30)
    }
    with pytest.raises(InputError, match="too many tables"):
        inference.intervals(700, 1_100, 200, 1_100, methods=["exact_unconditional"])


def test_margins_too_wide_for_whole_numbers():
    table = (20_000, 50_000, 19_800, 50_000)
    found = {one.key: one for one in inference.intervals(*table)}
    exact, midp = found["conditional_exact"], found["conditional_midp"]
    # scipy.stats.contingency.odds_ratio, SciPy 1.17: it takes half a minute.
    assert (exact.estimate, exact.low, exact.high) == pytest.approx(
        (1.0168348470721802, 0.9913249061536344, 1.0430016321299884), rel=1e-9
    )
    assert exact.low < midp.low < midp.estimate < midp.high < exact.high
    assert not {"baptista_pike", "blaker", "exact_unconditional"} & set(found)
    for method in ("baptista_pike", "blaker"):
        with pytest.raises(InputError, match="39801 alternatives"):
            inference.intervals(*table, methods=method)
    swapped = inference.intervals(*table[2:], *table[:2], methods="conditional_exact")[0]
    assert (1 / swapped.high, 1 / swapped.low) == pytest.approx((exact.low, exact.high), rel=1e-9)
    assert inference.test("fisher", *table).estimate == exact.estimate


def test_many_tables_at_once_have_the_ends_of_each_alone():
    for key in [key for key, *_ in QUICK]:
        for level in [0.8, 0.95]:
            with case(key, level):
                arms = [(5, 4), (1, 1)]
                tables = TABLES + [(a, m, b, n) for m, n in arms for a in range(m + 1) for b in range(n + 1)]
                low, high = many_ends(key, *np.array(tables).T, level)
                alone = [found(key, table, level) for table in tables]
                np.testing.assert_allclose(low, [one.low for one in alone], rtol=0, atol=1e-12)
                np.testing.assert_allclose(high, [one.high for one in alone], rtol=1e-12, atol=1e-12)
                (one,) = inference.intervals(16, 29, 9, 30, level, key)
                assert {type(one.low), type(one.high)} == {float}  # one table gives plain numbers
