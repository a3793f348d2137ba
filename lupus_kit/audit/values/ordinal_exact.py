"""Exact tests of ordered or unordered groups in two arms, given both margins, in whole numbers."""

from collections.abc import Sequence
from math import comb, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

# More tables than this with the same margins are not enumerated.
_MOST_TABLES = 100_000
# The same where their numbers no longer fit 64 bits, and patients up to whom sums of scores are counted.
_MOST_LARGE_TABLES, _MOST_PATIENTS = 5_000, 100


def freeman_halton(first: Sequence[int], second: Sequence[int]) -> float:
    """Return the Fisher–Freeman–Halton p-value of a 2×k table.

    Parameters
    ----------
    first, second : sequence of int
        Patients in each group, of each arm.

    Returns
    -------
    float
        Probability, given both margins, of a table no more probable than the observed one; ``nan`` where more than
        a hundred thousand tables would have to be enumerated.

    References
    ----------
    Freeman GH, Halton JH. Biometrika 1951;38:141-149.

    Examples
    --------
    >>> round(freeman_halton([16, 13], [9, 21]), 4)
    0.0673
    """
    totals, n1 = [a + b for a, b in zip(first, second, strict=True)], sum(first)
    ways = comb(sum(totals), n1)
    dtype: type = np.int64 if ways < 2**62 else object
    sums: NDArray[Any] = np.zeros(1, dtype=np.int64)
    weights: NDArray[Any] = np.ones(1, dtype=dtype)
    rest, most = sum(totals), _MOST_TABLES if ways < 2**62 else _MOST_LARGE_TABLES
    for total in totals:
        rest -= total
        options = np.arange(total + 1)
        if len(sums) * len(options) > 4 * most:
            return float("nan")
        chances: NDArray[Any] = np.array([comb(total, k) for k in range(total + 1)], dtype=dtype)
        sums, weights = np.add.outer(sums, options).ravel(), np.multiply.outer(weights, chances).ravel()
        inside = (sums <= n1) & (sums + rest >= n1)
        sums, weights = sums[inside], weights[inside]
        if len(sums) > most:
            return float("nan")
    observed = prod(comb(total, x) for total, x in zip(totals, first, strict=True))
    return int(weights[weights <= observed].sum()) / ways


def permutation(first: Sequence[int], second: Sequence[int], scores: Sequence[int]) -> float:
    """Return the exact two-sided p-value of the sum of scores of the first arm, given both margins.

    Parameters
    ----------
    first, second : sequence of int
        Patients in each group, of each arm.
    scores : sequence of int
        Score of each group; twice the midranks make it the exact Wilcoxon–Mann–Whitney test.

    Returns
    -------
    float
        Probability of a sum at least as far from its mean; ``nan`` for more than 100 patients.

    Examples
    --------
    >>> round(permutation([3, 1, 0], [0, 1, 3], [0, 1, 2]), 4)
    0.0571
    """
    totals, n1 = [a + b for a, b in zip(first, second, strict=True)], sum(first)
    if sum(totals) > _MOST_PATIENTS:
        return float("nan")
    reached: dict[tuple[int, int], int] = {(0, 0): 1}
    for total, score in zip(totals, scores, strict=True):
        step: dict[tuple[int, int], int] = {}
        for (drawn, value), ways in reached.items():
            for k in range(min(total, n1 - drawn) + 1):
                key = (drawn + k, value + k * score)
                step[key] = step.get(key, 0) + ways * comb(total, k)
        reached = step
    # Distances from the mean times the number of patients are whole numbers: ties are decided exactly.
    n = sum(totals)
    mean = n1 * sum(total * score for total, score in zip(totals, scores, strict=True))
    observed = abs(n * sum(x * score for x, score in zip(first, scores, strict=True)) - mean)
    law = {value: ways for (drawn, value), ways in reached.items() if drawn == n1}
    return sum(ways for value, ways in law.items() if abs(n * value - mean) >= observed) / comb(n, n1)


def doubled_midranks(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Return twice the midrank of each group, a whole number."""
    found, before = [], 0
    for a, b in zip(first, second, strict=True):
        found.append(2 * before + a + b + 1)
        before += a + b
    return found
