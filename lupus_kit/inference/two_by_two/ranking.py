"""Which table is more extreme, decided exactly.

An exact test adds up the tables that are at least as extreme as the observed one. Two tables whose statistics
are equal in arithmetic can differ in floating point, and the test then drops one of them: at 16/29 against
9/30 that changes the third significant digit of Barnard's p-value. Here statistics are quotients of whole
numbers and are compared as such.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Whole numbers up to this size are exact as floats.
_EXACT = 2**53


def _whole(numbers: Sequence[int] | NDArray[Any]) -> NDArray[Any]:
    """Return int64 where everything fits, Python integers otherwise; never floats."""
    if isinstance(numbers, np.ndarray):
        return numbers
    exact = np.array(numbers, dtype=object)
    return exact.astype(np.int64) if all(-(2**62) < int(v) < 2**62 for v in exact) else exact


def _quotients(numerators: NDArray[Any], denominators: NDArray[Any]) -> NDArray[np.float64]:
    """Correctly rounded quotients, so that ``a/b <= c/d`` never turns into ``>``."""
    if numerators.dtype != object:
        if np.abs(numerators).max(initial=0) < _EXACT and denominators.max(initial=0) < _EXACT:
            return np.asarray(numerators / denominators, dtype=np.float64)
        numerators, denominators = numerators.astype(object), denominators.astype(object)
    # The division of Python integers is correctly rounded whatever their size.
    pairs = zip(numerators.tolist(), denominators.tolist(), strict=True)
    return np.array([a / b for a, b in pairs], dtype=np.float64)


def rank_quotients(
    numerators: Sequence[int] | NDArray[Any], denominators: Sequence[int] | NDArray[Any]
) -> NDArray[np.int64]:
    """Rank quotients of whole numbers in exact arithmetic; equal quotients share a rank.

    Parameters
    ----------
    numerators, denominators : array of int, shape (m,)
        int64 or (for large numbers) Python integers in an object array; denominators positive.

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
    >>> rank_quotients([1, 2, 1, -1], [3, 6, 2, 7]).tolist()
    [1, 1, 2, 0]
    """
    num, den = _whole(numerators), _whole(denominators)
    values = _quotients(num, den)
    order = np.argsort(values, kind="stable")
    steps = np.empty(len(values), dtype=np.int64)
    steps[0], steps[1:] = 0, values[order[1:]] != values[order[:-1]]
    ranks = np.empty_like(steps)
    ranks[order] = np.cumsum(steps)
    # Below this bound two different quotients differ by more than one part in 2**52, so equal floats are equal.
    largest = int(max(abs(int(num.max(initial=0))), abs(int(num.min(initial=0))))) * int(den.max(initial=1))
    if largest < _EXACT // 2 or steps[1:].all():
        return ranks
    return _split_equal_floats(num, den, ranks, np.bincount(ranks))


def at_most_one(
    numerators: Sequence[int] | NDArray[Any], denominators: Sequence[int] | NDArray[Any], index: int
) -> NDArray[np.bool_]:
    """Mark the quotients that are at most that of one entry, in exact arithmetic.

    Parameters
    ----------
    numerators, denominators : array of int, shape (m,)
        As in :func:`rank_quotients`, which this agrees with: ``rank <= rank[index]``, without ranking the others.
    index : int
        The entry to compare with.

    Returns
    -------
    ndarray of bool, shape (m,)

    Examples
    --------
    >>> at_most_one([1, 2, 1, -1], [3, 6, 2, 7], 0).tolist()
    [True, True, False, True]
    """
    num, den = _whole(numerators), _whole(denominators)
    values = _quotients(num, den)
    inside = np.asarray(values < values[index])
    a, b = int(num[index]), int(den[index])
    for i in np.flatnonzero(values == values[index]).tolist():
        inside[i] = int(num[i]) * b <= a * int(den[i])
    return inside


def _split_equal_floats(
    num: NDArray[Any], den: NDArray[Any], ranks: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Re-rank groups of quotients that share a float by exact comparison."""
    from fractions import Fraction

    shift = np.zeros(len(counts), dtype=np.int64)
    within = np.zeros(len(ranks), dtype=np.int64)
    order = np.argsort(ranks, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])
    for group in np.flatnonzero(counts > 1).tolist():
        members = [int(i) for i in order[int(starts[group]) : int(starts[group + 1])]]
        first = members[0]
        a, b = int(num[first]), int(den[first])
        if all(int(num[i]) * b == a * int(den[i]) for i in members[1:]):
            continue
        exact = {i: Fraction(int(num[i]), int(den[i])) for i in members}
        position = {value: k for k, value in enumerate(sorted(set(exact.values())))}
        for i, value in exact.items():
            within[i] = position[value]
        shift[group] = len(position) - 1
    before = np.concatenate([[0], np.cumsum(shift)[:-1]])
    return np.asarray(ranks + before[ranks] + within)
