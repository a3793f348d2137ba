"""Own-code exercises of stop 4: a right answer, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

from functools import cache
from math import comb

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import fisher_exact

from lupus_kit import cohort, endpoints, inference, lessons
from lupus_kit.lessons.catalogue import find


def _counted(x1, n1, x2, n2, tail=lambda weight, observed, x, x1: weight <= observed):
    s = x1 + x2
    weights = {x: comb(n1, x) * comb(n2, s - x) for x in range(max(0, s - n2), min(n1, s) + 1)}
    chosen = sum(weight for x, weight in weights.items() if tail(weight, weights[x1], x, x1))
    return chosen / sum(weights.values())


def _grid(p_value, alpha, step=0.0005, low=-1.0):
    differences = np.arange(low, 1 + step / 2, step)
    inside = differences[p_value(differences) >= alpha]
    return inside.min(), inside.max()


def _roots(p_value, alpha):
    top = max(np.linspace(-1, 1, 401), key=p_value)
    ends = [end if p_value(end) >= alpha else brentq(lambda d: p_value(d) - alpha, end, top) for end in (-1, 1)]
    return tuple(ends)


def _loop(p_value, rate1, n1, rate2, n2, trials, rng, claim=lambda p: p <= 0.05, root=np.sqrt):
    claims = sum(claim(p_value(rng.binomial(n1, rate1), n1, rng.binomial(n2, rate2), n2)) for _ in range(trials))
    share = claims / trials
    return share, root(share * (1 - share) / trials)


def _sizes_swapped(p_value, rate1, n1, rate2, n2, *more):
    return _loop(lambda x1, _, x2, __: p_value(x1, n1, x2, n2), rate1, n2, rate2, n1, *more)


def _mantel_haenszel(tables, weight=lambda row: row.n1 * row.n2 / (row.n1 + row.n2)):
    rows = [row for row in tables.itertuples() if row.n1 and row.n2]
    differences = sum(weight(row) * (row.x1 / row.n1 - row.x2 / row.n2) for row in rows)
    return differences / sum(map(weight, rows))


def _with_nan(tables):
    with np.errstate(all="ignore"):
        rates = tables["x1"].to_numpy() / tables["n1"].to_numpy() - tables["x2"] / tables["n2"]
    return np.average(rates, weights=tables["n1"] * tables["n2"] / (tables["n1"] + tables["n2"]))


RIGHT = [
    ("04.1", _counted),
    ("04.1", lambda x1, n1, x2, n2: fisher_exact([[x1, n1 - x1], [x2, n2 - x2]]).pvalue),
    ("04.3", _grid),
    ("04.3", _roots),
    ("04.5", _loop),
    ("04.7", _mantel_haenszel),
]
WRONG = [
    ("04.1", lambda *counts: _counted(*counts, lambda weight, observed, x, x1: x >= x1), "one tail"),
    ("04.1", lambda *counts: _counted(*counts, lambda weight, observed, x, x1: x == x1), "observed table alone"),
    ("04.1", lambda *counts: _counted(*counts, lambda weight, observed, x, x1: weight < observed), "leave out the observed"),
    ("04.1", lambda *counts: inference.pearson_test(*counts), "Called with (5, 9, 2, 8)"),
    ("04.1", lambda x1, n1, x2, n2: comb(n1, -1), "stopped with ValueError"),
    ("04.3", lambda p_value, alpha: _grid(p_value, 0.05), "whatever alpha is"),
    ("04.3", lambda p_value, alpha: _grid(p_value, alpha / 2), "half of alpha"),
    ("04.3", lambda p_value, alpha: _grid(p_value, alpha, step=0.05), "Called with (a function, 0.05)"),
    ("04.3", lambda p_value, alpha: _grid(p_value, alpha, low=0.0), "Called with (a function, 0.2)"),
    ("04.3", lambda p_value, alpha: p_value.interval(alpha), "stopped with AttributeError"),
    ("04.5", lambda *given: _loop(*given)[0], "Return two numbers"),
    ("04.5", lambda *given: _loop(*given, claim=lambda p: p < 0.05), "exactly 0.05 is a claim"),
    ("04.5", _sizes_swapped, "different sizes"),
    ("04.5", lambda *given: _loop(*given, claim=lambda p: p > 0.05), "exact power of 0.790"),
    ("04.5", lambda *given: _loop(*given, root=abs), "standard error of a share"),
    ("04.5", lambda *given: _loop(*given[:-1], np.random.default_rng(1)), "draw from rng"),
    ("04.5", lambda *given: (0.8, 0.01, 2000), "something of another form"),
    ("04.5", lambda *given: "eighty", "something of another form"),
    ("04.5", lambda p_value: 0.8, "stopped with TypeError"),
    ("04.7", lambda t: t["x1"].sum() / t["n1"].sum() - t["x2"].sum() / t["n2"].sum(), "inside each stratum"),
    ("04.7", lambda tables: _mantel_haenszel(tables, lambda row: 1), "the same weight"),
    ("04.7", _with_nan, "nan where a stratum"),
    ("04.7", lambda tables: _mantel_haenszel(tables, lambda row: row.n1 + row.n2), "Called with (a table with 2 rows)"),
    ("04.7", lambda tables: tables["responders"].sum(), "stopped with KeyError"),
]  # fmt: skip
#: Two tests look at what is said of each slip.
checked = cache(lessons.check)


@pytest.mark.parametrize(("key", "given"), RIGHT)
def test_a_right_function_passes(key, given):
    result = lessons.check(key, given)
    assert result.passed is True, result.message


@pytest.mark.parametrize(("key", "given", "words"), WRONG)
def test_a_slip_gets_its_hint(key, given, words):
    result = checked(key, given)
    assert result.passed is False
    assert words in result.message, result.message


def test_every_slip_is_tried():
    said = {checked(key, given).message for key, given, _ in WRONG}
    hints = [slip.hint for number in range(1, 10) for slip in find(f"04.{number}").misconceptions if slip.when]
    assert [hint for hint in hints if hint not in said] == []


def test_the_test_that_exceeds_its_level_is_the_one_asked_for():
    offered = {"1a": "boschloo", "1b": "barnard", "1c": "likelihood_ratio"}
    sizes = {letter: inference.size(key, 29, 30).size for letter, key in offered.items()}
    assert [letter for letter, size in sizes.items() if size > 0.05] == [f"1{find('04.2').answer()[0]}"]
    assert sizes["1c"] == pytest.approx(0.09, abs=0.002), "as its explanation says"


def test_the_table_of_the_cohort_is_the_seeded_one():
    rows = pd.read_csv(lessons.data("cohort_week12.csv"))
    made = cohort.what_if(seed=13)
    answers = endpoints.sri(made.visits).query("week == 12").set_index("patient").loc[rows["patient"]]
    patients = made.patients.set_index("patient").loc[rows["patient"]]
    assert rows["patient"].is_unique
    assert len(rows) == len(made.patients)
    for column, found in {
        "arm": patients,
        "nephritis": patients,
        "sledai_baseline": answers,
        "responder": answers,
    }.items():
        assert rows[column].tolist() == found[column].tolist(), column
