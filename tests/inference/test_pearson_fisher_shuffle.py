"""The tests of a first course, each as it is read from its file: by definition, against the registry, and by a shuffle."""

from __future__ import annotations

import inspect
from itertools import combinations
from math import comb, factorial

import numpy as np
import pytest
from references import brute_force
from references.cases import case
from scipy.stats import chi2_contingency

from lupus_kit import inference
from lupus_kit.core.errors import InputError
from lupus_kit.inference import fisher_test, pearson_test, shuffle_test

SIDES = ("two-sided", "greater", "less")
DESIGNS = [(1, 1), (4, 4), (5, 7), (13, 12), (29, 30)]
WEEKS = [(16, 29, 9, 30), (19, 29, 11, 30)]


def every_table(n1, n2):
    x1, x2 = np.indices((n1 + 1, n2 + 1))
    return x1, n1, x2, n2


def test_the_plain_tests_say_what_the_registry_says():
    for design in DESIGNS:
        for alternative in SIDES:
            with case(design, alternative):
                # The registry decides Fisher's ties in whole numbers; the plain file compares floats.
                for plain, key in ((pearson_test, "pearson"), (fisher_test, "fisher")):
                    found = plain(*every_table(*design), alternative)
                    assert found == pytest.approx(
                        inference.pvalue_lattice(key, *design, alternative), rel=1e-12, nan_ok=True
                    )


@pytest.mark.parametrize("table", [*WEEKS, (7, 13, 2, 12), (0, 10, 7, 12), (33, 57, 20, 61)])
def test_pearson_adds_up_the_four_cells(table):
    x1, n1, x2, n2 = table
    statistic, p, _, expected = chi2_contingency([[x1, n1 - x1], [x2, n2 - x2]], correction=False)
    observed = np.array([[x1, n1 - x1], [x2, n2 - x2]])
    assert statistic == pytest.approx(((observed - expected) ** 2 / expected).sum(), rel=1e-12)
    assert float(pearson_test(*table)) == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize("alternative", SIDES)
def test_fisher_is_the_sum_of_its_definition(alternative):
    for x1, x2 in brute_force.tables(6, 7):
        exact = float(brute_force.conditional_p("fisher", alternative, x1, 6, x2, 7))
        assert float(fisher_test(x1, 6, x2, 7, alternative)) == pytest.approx(exact, rel=1e-12)


def test_both_broadcast_and_refuse_bad_counts():
    for plain in (pearson_test, fisher_test):
        assert plain([[16], [19]], 29, [9, 11, 30], 30).shape == (2, 3)
        with pytest.raises(InputError, match="x2 == 31 is larger than n2 == 30"):
            plain(16, 29, 31, 30)
    with pytest.raises(InputError, match="unknown alternative 'larger'"):
        fisher_test(16, 29, 9, 30, "larger")


def test_a_shuffle_counts_every_allocation_of_a_small_trial():
    # All C(7, 3) allocations of 4 responders among 7 patients, written out; 3/3 v 1/4 is the observed one.
    outcomes, observed = [1, 1, 1, 1, 0, 0, 0], abs(3 / 3 - 1 / 4)
    first = [[outcomes[i] for i in chosen] for chosen in combinations(range(7), 3)]
    extreme = [abs(sum(arm) / 3 - (4 - sum(arm)) / 4) >= observed - 1e-12 for arm in first]
    share, times = sum(extreme) / comb(7, 3), 20_000
    assert abs(shuffle_test(3, 3, 1, 4, times, seed=3) - share) < 4 * np.sqrt(share * (1 - share) / times)


@pytest.mark.parametrize("table", WEEKS)
def test_a_shuffle_agrees_with_fisher(table):
    # On these margins the tables with a difference as large are those that are no more probable: the two tests are one.
    x1, n1, x2, n2 = table
    chance = brute_force.given_margins(n1, n2, x1 + x2)
    as_large = [k for k in chance if abs(k * n2 - (x1 + x2 - k) * n1) >= abs(x1 * n2 - x2 * n1)]
    exact = float(sum(chance[k] for k in as_large))
    assert exact == inference.pvalue("fisher", *table)
    assert round(exact, 4) in (0.0673, 0.0379)
    assert abs(shuffle_test(*table, seed=12) - exact) < 4 * np.sqrt(exact * (1 - exact) / 10_000)


def test_a_shuffle_is_never_0_and_the_same_for_the_same_seed():
    assert shuffle_test(30, 30, 0, 30, n_shuffles=99) == 1 / 100
    assert 1 / factorial(30) < shuffle_test(30, 30, 0, 30, n_shuffles=1) <= 1
    assert shuffle_test(16, 29, 9, 30, 500, seed=5) == shuffle_test(16, 29, 9, 30, 500, np.random.default_rng(5))
    assert shuffle_test(16, 29, 9, 30, 500, seed=5) != shuffle_test(16, 29, 9, 30, 500, seed=6)
    assert shuffle_test(4, 4, 9, 9, 50) == 1  # everybody responds: every allocation is alike
    for change, words in (({"n_shuffles": 0}, "n_shuffles == 0"), ({"seed": None}, "seed == None"), ({"x1": 30}, "x1")):
        with pytest.raises(InputError, match=words):
            shuffle_test(**({"x1": 16, "n1": 29, "x2": 9, "n2": 30} | change))


@pytest.mark.parametrize("function", [pearson_test, fisher_test, shuffle_test])
def test_each_is_one_short_file_with_its_source(function):
    module = inspect.getmodule(function)
    assert len(inspect.getsource(module).splitlines()) < 100
    assert "Source" in module.__doc__
    code = inspect.getsource(function).split('"""')[2]
    assert len(code.strip().splitlines()) <= 16
