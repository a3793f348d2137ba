"""Which table is more extreme, decided exactly.

An exact test adds up the tables that are at least as extreme as the observed one. Two tables whose statistics
are equal in arithmetic can differ in floating point, and the test then drops one of them: at 16/29 against
9/30 that changes the third significant digit of Barnard's p-value. Here statistics are quotients of whole
numbers and are compared as such.
"""

from collections.abc import Callable, Sequence
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


def quotients(numerators: NDArray[Any], denominators: NDArray[Any]) -> NDArray[np.float64]:
    """Divide whole numbers with correct rounding, so that ``a/b <= c/d`` never turns into ``>``.

    Examples
    --------
    >>> quotients(np.array([1, 2]), np.array([4, 1])).tolist()
    [0.25, 2.0]
    """
    if numerators.dtype != object:
        if np.abs(numerators).max(initial=0) < _EXACT and denominators.max(initial=0) < _EXACT:
            return np.asarray(numerators / denominators, dtype=np.float64)
        numerators, denominators = numerators.astype(object), denominators.astype(object)
    # The division of Python integers is correctly rounded whatever their size.
    pairs = zip(numerators.tolist(), denominators.tolist(), strict=True)
    return np.array([a / b for a, b in pairs], dtype=np.float64)


def rank_quotients(
    numerators: Sequence[int] | NDArray[Any],
    denominators: Sequence[int] | NDArray[Any],
    values: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """Rank quotients of whole numbers in exact arithmetic; equal quotients share a rank.

    Parameters
    ----------
    numerators, denominators : array of int, shape (m,)
        int64 or (for large numbers) Python integers in an object array; denominators positive.
    values : array of float, optional
        The :func:`quotients`, if they are known.

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
    values = quotients(num, den) if values is None else values
    order = np.argsort(values, kind="stable")
    steps = np.empty(len(values), dtype=np.int64)
    steps[0], steps[1:] = 0, values[order[1:]] != values[order[:-1]]
    ranks = np.empty_like(steps)
    ranks[order] = np.cumsum(steps)
    # Below this bound two different quotients differ by more than one part in 2**52, so equal floats are equal.
    largest = int(max(abs(int(num.max(initial=0))), abs(int(num.min(initial=0))))) * int(den.max(initial=1))
    if largest < _EXACT // 2 or steps[1:].all():
        return ranks
    if num.dtype != object:  # equal quotients have the same lowest terms
        divisor = np.gcd(num, den)
        terms = np.stack([num // divisor, den // divisor])[:, order]
        if not (terms[:, 1:] != terms[:, :-1]).any(axis=0)[steps[1:] == 0].any():
            return ranks
    return _split_equal_floats(num, den, ranks, np.bincount(ranks))


def ranks_of_near_ties(
    values: NDArray[np.float64],
    twin: NDArray[np.int64],
    tolerance: float,
    exact: Callable[[int], tuple[int, int]],
) -> NDArray[np.int64]:
    """Rank numbers known as floats with an error; those that are too close are compared exactly.

    Parameters
    ----------
    values : array of float, shape (m,)
        Not negative; infinite ones are equal.
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
    from fractions import Fraction

    order = np.argsort(values, kind="stable")
    ordered, twins = values[order], twin[order]
    step = np.ones(len(values), dtype=np.int64)
    step[0] = 0
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
        changes = [
            known[int(a)] != known[int(b)] for a, b in zip(twins[start : end - 1], twins[start + 1 : end], strict=True)
        ]
        step[start + 1 : end] = changes
    ranks = np.empty_like(step)
    ranks[order] = np.cumsum(step)
    return ranks


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
    values = quotients(num, den)
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
