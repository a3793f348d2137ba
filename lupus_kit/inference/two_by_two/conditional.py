"""Conditional exact tests: the number of responders in all is held fixed.

Given ``s`` responders in all, the responders of the first arm follow the hypergeometric distribution. Its
weights are whole numbers, so every sum and every comparison is made in whole numbers and only the final
quotient is rounded: the p-values are right to the last bit.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import comb

import numpy as np

from lupus_kit.core.errors import InputError
from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray

# Tables of one margin; whole numbers of thousands of digits become slow beyond.
_WIDEST = 20_000


@lru_cache(maxsize=8192)
def weights(n1: int, n2: int, s: int) -> tuple[int, ...]:
    """Return the number of ways to get each table with ``s`` responders, for ``x1`` from ``max(0, s - n2)`` up.

    Examples
    --------
    >>> weights(3, 2, 2)
    (1, 6, 3)
    """
    low, high = max(0, s - n2), min(n1, s)
    if high - low > _WIDEST:
        raise InputError(
            f"a table with {s} responders among {n1} and {n2} patients has {high - low + 1} alternatives; exact tests "
            f"take up to {_WIDEST}. Use a large-sample test."
        )
    weight = comb(n1, low) * comb(n2, s - low)
    ways = [weight]
    for k in range(low, high):
        # Next term of the hypergeometric series; the division is exact.
        weight = weight * (n1 - k) * (s - k) // ((k + 1) * (n2 - s + k + 1))
        ways.append(weight)
    return tuple(ways)


def _ordered_sum(w: Sequence[int], key: Sequence[int], mid: bool = False) -> list[int]:
    """Twice the total weight of the tables whose key is at most that of each table; with ``mid``, ties count half."""
    mass: dict[int, int] = {}
    for value, weight in zip(key, w, strict=True):
        mass[value] = mass.get(value, 0) + weight
    total, below = 0, {}
    for value in sorted(mass):
        below[value] = 2 * total + (mass[value] if mid else 2 * mass[value])
        total += mass[value]
    return [below[value] for value in key]


def numerators(key: str, alternative: str, w: Sequence[int]) -> list[int]:
    """Return twice the numerator of the p-value of each table, from the weights of one margin."""
    mid = "midp" in key
    if alternative == "two-sided" and key in ("fisher", "fisher_midp"):
        return _ordered_sum(w, w, mid)
    upper = [2 * tail - mid * weight for tail, weight in zip(list(accumulate(reversed(w)))[::-1], w, strict=True)]
    lower = [2 * tail - mid * weight for tail, weight in zip(accumulate(w), w, strict=True)]
    if alternative != "two-sided":
        return upper if alternative == "greater" else lower
    smaller = [min(pair) for pair in zip(upper, lower, strict=True)]
    if key == "blaker":
        return _ordered_sum(w, smaller)
    total = 2 * sum(w)
    return [min(2 * tail, total) for tail in smaller]


@lru_cache(maxsize=256)
def margin_numerators(key: str, alternative: str, n1: int, n2: int, s: int) -> list[int]:
    """Return twice the numerator of the p-value of each table with ``s`` responders, as :func:`numerators`."""
    return numerators(key, alternative, weights(n1, n2, s))


@lru_cache(maxsize=65536)
def _margin(key: str, alternative: str, n1: int, n2: int, s: int) -> FloatArray:
    """p-values of every table with ``s`` responders."""
    found = numerators(key, alternative, weights(n1, n2, s))  # refuses margins that are too wide to be added up
    total = 2 * comb(n1 + n2, s)
    return np.array([numerator / total for numerator in found])


def pvalues(key: str, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Return the p-value of each table, one margin at a time."""
    margins, index = np.unique(np.stack([n1, n2, x1 + x2], axis=-1).reshape(-1, 3), axis=0, return_inverse=True)
    flat, index = x1.ravel(), index.ravel()
    result = np.empty(flat.shape)
    order = np.argsort(index, kind="stable")
    ends = np.searchsorted(index[order], np.arange(len(margins) + 1))
    for k, (m, n, s) in enumerate(margins.tolist()):
        members = order[ends[k] : ends[k + 1]]
        result[members] = _margin(key, alternative, m, n, s)[flat[members] - max(0, s - n)]
    return result.reshape(x1.shape)
