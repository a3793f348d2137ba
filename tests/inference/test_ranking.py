"""The two engines under the unconditional tests: exact ranking of quotients, and suprema of polynomials."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references import brute_force
from references.cases import case

from lupus_kit.inference.two_by_two.bernstein import basis, suprema
from lupus_kit.inference.two_by_two.ranking import Order, quotients, rank_quotients, ranks_of_near_ties

MANY = settings(max_examples=40)
SOME = settings(max_examples=16)


def exact_ranks(numerators, denominators):
    values = [Fraction(int(a), int(b)) for a, b in zip(numerators, denominators, strict=True)]
    place = {value: k for k, value in enumerate(sorted(set(values)))}
    return [place[value] for value in values]


def assert_ranked(pairs):
    __tracebackhide__ = True
    numerators, denominators = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    values = quotients(numerators, denominators)
    assert rank_quotients(numerators, denominators, values).tolist() == exact_ranks(numerators, denominators)


small = st.tuples(st.integers(-50, 50), st.integers(1, 50))
medium = st.tuples(st.integers(-(2**62), 2**62), st.integers(1, 2**62))


@MANY
@given(st.lists(small, min_size=1, max_size=40))
def test_small_quotients_with_many_ties(pairs):
    assert_ranked(pairs)


@MANY
@given(st.lists(medium, min_size=1, max_size=20))
def test_quotients_beyond_exact_floats(pairs):
    assert_ranked(pairs)


@MANY
@given(
    st.integers(-(10**17), 10**17),
    st.integers(1, 10**17),
    st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 3), st.integers(1, 5)), min_size=2, max_size=20),
)
def test_neighbours_that_share_a_float(a, b, steps):
    # Quotients a hair apart, some of them written in higher terms, so that they tie exactly.
    assert_ranked([((a + up) * times, (b + down) * times) for up, down, times in steps])


def test_two_quotients_that_share_a_float_are_told_apart():
    a, b = 10**17 + 1, 10**17
    assert a / b == (a + 1) / b
    parts = np.array([a + 1, a, 2 * a]), np.array([b, b, 2 * b])
    assert rank_quotients(*parts, quotients(*parts)).tolist() == [1, 0, 0]


@MANY
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(-2, 2)), min_size=1, max_size=25),
    st.integers(0, 2**32),
)
def test_near_ties_are_settled_in_whole_numbers(parts, seed):
    # Quotients that tie or differ by less than a float shows; their floats are off by up to a part in 10**13 besides.
    pairs = [(a * 10**20 + up, b * 10**20) for a, b, up in parts]
    noise = 1 + np.random.default_rng(seed).uniform(-1e-13, 1e-13, len(pairs))
    values = np.array([a / b for a, b in pairs]) * noise
    lowest = [Fraction(*pair) for pair in pairs]
    twin = np.array([lowest.index(value) for value in lowest])
    found = ranks_of_near_ties(values, twin, 1e-12, lambda index: pairs[index])
    assert found.tolist() == exact_ranks(*zip(*pairs, strict=True))
    apart = ranks_of_near_ties(values, np.arange(len(pairs)), 1e-12, lambda index: pairs[index])
    assert apart.tolist() == found.tolist()


def test_infinite_numbers_tie_and_come_last():
    found = ranks_of_near_ties(np.array([np.inf, 2.0, np.inf, 1e300]), np.arange(4), 1e-12, lambda index: (index, 1))
    assert found.tolist() == [2, 0, 2, 1]


def brute_supremum(coefficients, lower, upper):
    """Dense search, then a finer one around the best point: a lower bound that is close to the supremum."""
    degree = len(coefficients) - 1
    at = np.linspace(lower, upper, 2001)
    for _ in range(3):
        values = basis(degree, at) @ coefficients
        best = int(values.argmax())
        at = np.linspace(at[max(best - 1, 0)], at[min(best + 1, len(at) - 1)], 2001)
    return float(values.max())


@pytest.mark.parametrize("degree", [1, 2, 3, 7, 20, 59])
def test_basis_is_the_binomial_distribution(degree):
    from math import comb

    at = np.array([0.0, 1e-9, 0.1, 0.5, 0.97, 1.0])
    expected = [[comb(degree, k) * p**k * (1 - p) ** (degree - k) for k in range(degree + 1)] for p in at]
    assert basis(degree, at) == pytest.approx(np.array(expected), rel=1e-11, abs=1e-300)


def test_of_two_mirrored_peaks_rounding_does_not_choose():
    # Coefficients that read the same from both ends but for their last digits: the place told is always the larger.
    peaks = np.zeros(21)
    peaks[[4, 16]] = 0.7
    for hair in (1e-16, -1e-16):
        found = suprema(np.array([peaks + hair * (np.arange(21) < 10)]))
        assert found.at[0] == pytest.approx(0.8, abs=0.02)


@SOME
@given(
    degree=st.sampled_from([1, 2, 3, 5, 11, 24, 59]),
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["uniform", "zero or one", "alternating", "walk"]),
    ends=st.tuples(st.floats(0, 0.98), st.floats(0.02, 1)),
)
def test_suprema_of_random_polynomials(degree, seed, kind, ends):
    rng = np.random.default_rng(seed)
    shape = (8, degree + 1)
    coefficients = {
        "uniform": rng.random(shape),
        "zero or one": (rng.random(shape) < 0.3).astype(float),
        "alternating": np.arange(degree + 1) % 2 + 0.01 * rng.random(shape),
        "walk": rng.normal(size=shape).cumsum(axis=1),
    }[kind]
    lower, upper = min(ends), max(ends[1], min(ends) + 0.01)
    for low, high in ((0.0, 1.0), (lower, upper)):
        found = suprema(coefficients, low, high)
        assert np.all((found.at >= low) & (found.at <= high))
        attained = np.einsum("md,md->m", basis(degree, found.at), coefficients)
        assert found.value == pytest.approx(attained, abs=1e-12)
        pieces = coefficients if (low, high) == (0.0, 1.0) else brute_force.restrict(coefficients, low, high)
        bottom, top = brute_force.enclose_suprema(pieces)
        scale = 1e-9 * max(1.0, float(np.abs(coefficients).max()))
        assert np.all(found.value >= bottom - scale)
        assert np.all(found.value <= top + scale)
        assert found.value[0] >= brute_supremum(coefficients[0], low, high) - scale


def test_flat_polynomials():
    for height in [0.0, 1e-12, 0.37, 1.0]:
        for degree in [1, 2, 9, 59]:
            with case(height, degree):
                found = suprema(np.full((3, degree + 1), height))
                assert found.value == pytest.approx(np.full(3, height), abs=1e-15)


def test_a_straight_line_has_its_supremum_at_an_end():
    found = suprema(np.array([[0.2, 0.7], [0.7, 0.2]]), 0.25, 0.5)
    assert found.value == pytest.approx([0.45, 0.575], abs=1e-15)
    assert found.at == pytest.approx([0.5, 0.25], abs=1e-15)


def test_a_binomial_probability_peaks_at_its_share():
    for degree, k in [(10, 3), (59, 17), (400, 1)]:
        coefficients = np.zeros((1, degree + 1))
        coefficients[0, k] = 1.0
        found = suprema(coefficients)
        share = k / degree
        assert found.at[0] == pytest.approx(share, abs=1e-6)
        assert found.value[0] == pytest.approx(basis(degree, np.array([share]))[0, k], abs=1e-12)


def test_many_rows_are_worked_off_in_portions():
    rng = np.random.default_rng(3)
    coefficients = rng.random((5000, 6))
    # Matrix products of different shape may differ in the last bits on one processor and not on another.
    whole, part = suprema(coefficients).value[4990:], suprema(coefficients[4990:]).value
    np.testing.assert_array_max_ulp(whole, part, maxulp=8)


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.integers(-(2**9), 2**9), st.integers(1, 2**9)), min_size=1, max_size=12),
    st.integers(0, 11),
    st.integers(1, 2**50),
)
def test_at_least_as_extreme_as_one_agrees_with_the_ranks(pairs, index, factor):
    # The same quotient in larger numbers, and one that differs from it by less than a float can tell.
    a, b = pairs[index % len(pairs)]
    pairs = [*pairs, (a * factor, b * factor), (a * 2**53 + 1, b * 2**53)]
    numerators, denominators = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    position = index % (len(pairs) - 2)
    values = quotients(numerators, denominators)
    ranks = rank_quotients(numerators, denominators, values)
    one = Order(values, 0.0, lambda chosen: rank_quotients(numerators[chosen], denominators[chosen], values[chosen]))
    found = one.at_most(position)
    assert found.tolist() == (ranks <= ranks[position]).tolist()
    assert found[-2]
    assert not found[-1]
