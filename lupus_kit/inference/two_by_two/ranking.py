"""Which table is more extreme, decided exactly.

An exact test adds up the tables that are at least as extreme as the observed one. Two tables whose statistics
are equal in arithmetic can differ in floating point, and the test then drops one of them: at 16/29 against
9/30 that changes the third significant digit of Barnard's p-value. Here statistics are quotients of whole
numbers and are compared as such. An order gives every table of a design a number, the smaller the more extreme.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from math import comb

import numpy as np

from lupus_kit.inference.two_by_two import conditional
from lupus_kit.inference.two_by_two.counts import Bools, FloatArray, IntArray

# Whole numbers up to this size are exact as floats.
_EXACT = 2**53


def quotients(numerators: IntArray, denominators: IntArray) -> FloatArray:
    """Divide whole numbers with correct rounding, so that ``a/b <= c/d`` never turns into ``>``.

    Examples
    --------
    >>> quotients(np.array([1, 2]), np.array([4, 1])).tolist()
    [0.25, 2.0]
    """
    if np.abs(numerators).max(initial=0) < _EXACT and denominators.max(initial=0) < _EXACT:
        return np.asarray(numerators / denominators)
    # The division of Python integers is correctly rounded whatever their size.
    pairs = zip(numerators.tolist(), denominators.tolist(), strict=True)
    return np.array([a / b for a, b in pairs], dtype=np.float64)


def rank_quotients(numerators: IntArray, denominators: IntArray, values: FloatArray) -> IntArray:
    """Rank quotients of whole numbers in exact arithmetic; equal quotients share a rank.

    Parameters
    ----------
    numerators, denominators : array of int, shape (m,)
        Denominators are positive.
    values : array of float
        The :func:`quotients`.

    Returns
    -------
    ndarray of int64, shape (m,)
        0 for the smallest quotient, without gaps.

    Notes
    -----
    Correct rounding keeps the order: quotients that differ as floats differ the same way in arithmetic. Only
    quotients that round to the same float need a second look, and these are compared by cross-multiplication.

    Examples
    --------
    >>> parts = np.array([1, 2, 1, -1]), np.array([3, 6, 2, 7])
    >>> rank_quotients(*parts, quotients(*parts)).tolist()
    [1, 1, 2, 0]
    """
    num, den = numerators, denominators
    order = np.argsort(values, kind="stable")
    steps = np.empty(len(values), dtype=np.int64)
    steps[0], steps[1:] = 0, values[order[1:]] != values[order[:-1]]
    ranks = np.empty_like(steps)
    ranks[order] = np.cumsum(steps)
    # Below this bound two different quotients differ by more than one part in 2**52, so equal floats are equal.
    largest = int(max(abs(int(num.max(initial=0))), abs(int(num.min(initial=0))))) * int(den.max(initial=1))
    if largest < _EXACT // 2 or steps[1:].all():
        return ranks
    terms = np.stack([num, den]) // np.gcd(num, den)  # equal quotients have the same lowest terms
    if not (terms[:, order[1:]] != terms[:, order[:-1]]).any(axis=0)[steps[1:] == 0].any():
        return ranks
    _, first, inverse = np.unique(terms, axis=1, return_index=True, return_inverse=True)
    return ranks_of_near_ties(values, first[inverse.ravel()], 0.0, lambda i: (int(num[i]), int(den[i])))


def ranks_of_near_ties(
    values: FloatArray, twin: IntArray, tolerance: float, exact: Callable[[int], tuple[int, int]]
) -> IntArray:
    """Rank numbers known as floats with an error; those that are too close are compared exactly.

    Parameters
    ----------
    values : array of float, shape (m,)
        Not negative, but for a tolerance of 0; infinite ones are equal.
    twin : array of int, shape (m,)
        Equal entries stand for numbers known to be equal.
    tolerance : float
        Largest relative difference that the errors can account for.
    exact : callable
        Numerator and denominator of the number that an entry of `twin` stands for.

    Returns
    -------
    ndarray of int64, shape (m,)
        0 for the smallest, without gaps; equal numbers share a rank.

    Examples
    --------
    >>> thirds = {0: (1, 3), 1: (2, 6), 2: (10**20 + 1, 3 * 10**20)}
    >>> ranks_of_near_ties(np.array([0.5, 1 / 3, 1 / 3, 1 / 3]), np.array([9, 2, 0, 1]), 1e-12, thirds.get).tolist()
    [2, 1, 0, 0]
    """
    order = np.argsort(values, kind="stable")
    ordered, twins = values[order], twin[order]
    step = np.ones(len(values), dtype=np.int64)
    step[:1] = 0
    with np.errstate(invalid="ignore"):
        near = (ordered[1:] - ordered[:-1] <= tolerance * ordered[1:]) & np.isfinite(ordered[1:])
        step[1:] = ~near & (ordered[1:] != ordered[:-1])
    starts = np.flatnonzero(np.r_[1, step[1:]])
    open_groups = np.minimum.reduceat(twins, starts) != np.maximum.reduceat(twins, starts)
    open_groups &= np.isfinite(ordered[starts])
    ends = np.append(starts[1:], len(order))
    for start, end in zip(starts[open_groups].tolist(), ends[open_groups].tolist(), strict=True):
        known = {int(t): Fraction(*exact(int(t))) for t in np.unique(twins[start:end])}
        inner = sorted(range(start, end), key=lambda i: known[int(twins[i])])
        order[start:end] = order[inner]
        twins[start:end] = twins[inner]
        step[start + 1 : end] = [known[a] != known[b] for a, b in pairwise(twins[start:end].tolist())]
    ranks = np.empty_like(step)
    ranks[order] = np.cumsum(step)
    return ranks


def tables(n1: int, n2: int) -> tuple[IntArray, IntArray]:
    """Return x1 and x2 of every table, row by row."""
    x1: IntArray = np.repeat(np.arange(n1 + 1), n2 + 1)
    return x1, np.tile(np.arange(n2 + 1), n1 + 1)


def conditional_probabilities(n1: int, n2: int) -> FloatArray:
    """Return P(table | responders in all), row by row of the lattice.

    Examples
    --------
    >>> conditional_probabilities(1, 1).tolist()
    [1.0, 0.5, 0.5, 1.0]
    """
    responders = np.add.outer(np.arange(n1 + 1), np.arange(n2 + 1))
    if n1 + n2 <= 1000:  # the numbers of ways then fit a float
        choose1, choose2, choose = (_ways(n) for n in (n1, n2, n1 + n2))
        return np.asarray((np.multiply.outer(choose1, choose2) / choose[responders]).ravel())
    by_margin = conditional.ways_of_margins(n1, n2, np.arange(n1 + n2 + 1), np.arange(n1 + 1))
    return np.asarray(by_margin[responders, np.arange(n1 + 1)[:, None]].ravel())


@lru_cache(maxsize=16)
def _ways(n: int) -> FloatArray:
    half = [1]
    for k in range(n // 2):
        half.append(half[-1] * (n - k) // (k + 1))
    return np.array([float(half[min(k, n - k)]) for k in range(n + 1)])


@dataclass(frozen=True)
class Order:
    """Tables of a design in an order, row by row.

    Attributes
    ----------
    values : ndarray
        The smaller the more extreme.
    tolerance : float
        A relative difference above this is real.
    ranks : callable
        Rank of chosen tables among themselves, 0 for the most extreme; tables that tie share one.
    """

    values: FloatArray
    tolerance: float
    ranks: Callable[[IntArray], IntArray]

    def at_most(self, index: int) -> Bools:
        """Mark the tables at least as extreme as one of them."""
        own = self.values[index]
        with np.errstate(invalid="ignore"):
            inside = np.asarray(self.values < own * (1 - self.tolerance))
            near = np.flatnonzero(~inside & (self.values <= own * (1 + self.tolerance)))
        ranks = self.ranks(near)
        inside[near] = ranks <= ranks[near == index]
        return inside


@lru_cache(maxsize=4)
def order(ordering: str, n1: int, n2: int, alternative: str) -> Order:
    """Return the order of a design's tables by ``"score"``, ``"wald"`` or ``"fisher"``.

    Two-sided, or against ``"greater"``.
    """
    if ordering == "fisher":
        return _fisher(n1, n2, alternative)
    return _statistic(ordering, n1, n2, alternative)


def _statistic(ordering: str, n1: int, n2: int, alternative: str) -> Order:
    """Negated signed square of the pooled score or unpooled Wald statistic of each table, as a quotient.

    The smallest belongs to the most extreme table. Where the statistic is 0/0 the quotient is 0. Where the Wald
    statistic is infinite the denominator is 1: the numerator is largest exactly there, so these tables come first.
    """
    x1, x2 = tables(n1, n2)
    cross = x1 * n2 - x2 * n1
    responders = x1 + x2
    pooled = ordering == "score"
    variance = responders * (n1 + n2 - responders) if pooled else n2**3 * x1 * (n1 - x1) + n1**3 * x2 * (n2 - x2)
    square = -cross * (np.abs(cross) if alternative != "two-sided" else cross)
    whole = np.where(variance == 0, 1, variance)
    values = quotients(square, whole)
    return Order(values, 0.0, lambda chosen: rank_quotients(square[chosen], whole[chosen], values[chosen]))


def _fisher(n1: int, n2: int, alternative: str) -> Order:
    """Odds of Fisher's p-value, ``p / (1 - p)``: floats tell them apart at both ends."""
    x1, x2 = tables(n1, n2)
    total = n1 + n2
    place = (x1 + x2) * (n1 + 1) + x1
    # One row for each number of responders, one column for each x1.
    ways = np.zeros((total + 1, n1 + 1))
    ways.ravel()[place] = conditional_probabilities(n1, n2)
    extreme, rest = conditional.tail_sums("fisher", alternative, ways, n1, n2, 0, 0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        values = (extreme / rest).ravel()[place]
    # The first table that has the same p-value by symmetry.
    index = np.arange(len(x1)).reshape(n1 + 1, n2 + 1)
    twin = index
    if alternative == "two-sided":  # outcomes renamed, and equal arms exchanged
        twin = np.minimum(index, index[::-1, ::-1])
        twin = np.minimum(twin, twin.T) if n1 == n2 else twin
    elif n1 == n2:  # both at once
        twin = np.minimum(index, index[::-1, ::-1].T)
    # A sum of positive floats errs by at most one part in 2**53 a term; logarithms of long numbers by less than 1e-10.
    tolerance = 4 * (total + 16) * 2.0**-52 if total <= 1000 else 1e-10
    same, exact = twin.ravel(), partial(_fisher_exactly, n1, n2, alternative)
    return Order(values, tolerance, lambda chosen: ranks_of_near_ties(values[chosen], same[chosen], tolerance, exact))


def _fisher_exactly(n1: int, n2: int, alternative: str, index: int) -> tuple[int, int]:
    """Numerator and denominator of Fisher's p-value of one table."""
    x1, x2 = divmod(index, n2 + 1)
    ways = conditional.weights(n1, n2, x1 + x2)
    place = x1 - max(0, x1 + x2 - n2)
    extreme = ways[place:] if alternative == "greater" else [way for way in ways if way <= ways[place]]
    return sum(extreme), comb(n1 + n2, x1 + x2)
