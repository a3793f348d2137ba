"""Tests of a difference of response rates other than zero, as non-inferiority and equivalence need them.

The null hypothesis is ``p1 - p2 = δ``; one-sided it is ``p1 - p2 ≤ δ`` against ``"greater"`` or ``≥ δ`` against
``"less"``. Each test standardises the distance of the observed difference from δ::

    z = (x1/n1 - x2/n2 - δ) / √(variance)

The score tests take the variance at the rates of largest likelihood among those that differ by δ (Farrington and
Manning; Miettinen and Nurminen multiply it by N/(N - 1)), the Wald test at the observed rates. The exact test orders all
tables by z and takes the largest probability, over every pair of rates that differ by δ, of a table at least as extreme
(Chan). At δ = 0 these are the tests of the registry, whose ties are decided in whole numbers; away from 0 the score
statistics are roots of cubics, and statistics closer than 1e-11 count as tied.

Sources: Farrington CP, Manning G. Stat Med 1990;9:1447-1454. Miettinen O, Nurminen M. Stat Med 1985;4:213-226.
Chan ISF. Stat Med 1998;17:1403-1413.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import brentq

from lupus_kit.core.errors import InputError, is_number
from lupus_kit.inference.intervals.difference import constrained_variance
from lupus_kit.inference.two_by_two.asymptotic import standardised
from lupus_kit.inference.two_by_two.bernstein import suprema
from lupus_kit.inference.two_by_two.counts import (
    REACHES,
    Bools,
    FloatArray,
    IntArray,
    Table,
    broadcast_tables,
    refuse_large,
    refuse_lattice,
)
from lupus_kit.inference.two_by_two.pearson import normal_pvalue
from lupus_kit.inference.two_by_two.ranking import conditional_probabilities, tables

# The statistics are good to about 1e-13; equal ones must not differ, different ones hardly ever are this near.
_TIE = 1e-11
# Differences this near to -1 and 1 are the ends.
_END = 1e-12
# A few tables are computed one by one, many as a lattice.
_FEW = 8


def as_difference(value: Any, name: str = "difference", above: int = -1) -> float:
    """Return a difference of two response rates, more than ``above`` and less than 1.

    Raises
    ------
    InputError
        Anything else; percentage points are divided by 100.
    """
    if not is_number(value) or not above < value < 1:
        what = f"one number strictly between {above} and 1 is needed, a difference of response rates"
        raise InputError(f"{name} == {value!r}: {what}; ten percentage points are 0.1.")
    return float(value)


def _distance(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, difference: float) -> FloatArray:
    """How far the observed difference lies from the hypothesis; nothing where only rounding parts them."""
    distance = (x1 * n2 - x2 * n1) / (1.0 * n1 * n2) - difference
    return np.where(np.abs(distance) < 1e-14, 0.0, distance)


def _wald_variance(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    return np.asarray(x1 * (n1 - x1) / (1.0 * n1) ** 3 + x2 * (n2 - x2) / (1.0 * n2) ** 3)


def _score(
    x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, difference: float, n_minus_1: bool = False
) -> FloatArray:
    """Score statistic: the variance at the rates of largest likelihood that differ by the hypothesis."""
    variance = constrained_variance(x1, n1, x2, n2, difference, n_minus_1)
    return standardised(_distance(x1, n1, x2, n2, difference), variance)


def _wald(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, difference: float, added: int = 0) -> FloatArray:
    """Wald statistic, infinite where both arms respond wholly or not at all; ``added`` patients go to each cell."""
    a, m, b, n = x1 + added, n1 + 2 * added, x2 + added, n2 + 2 * added
    return standardised(_distance(a, m, b, n, difference), _wald_variance(a, m, b, n))


def _wald_order(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, difference: float) -> FloatArray:
    """Wald statistic as an order of the tables.

    In the four corners its variance is 0 and it is infinite, however near the difference is: there one half is added to
    each cell. At no difference this leaves the order as it is.
    """
    variance = _wald_variance(x1, n1, x2, n2)
    p1, p2 = (x1 + 0.5) / (n1 + 1), (x2 + 0.5) / (n2 + 1)
    variance = np.where(variance == 0, p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2, variance)
    return standardised(_distance(x1, n1, x2, n2, difference), variance)


#: The statistic of each test that has a form for differences other than 0, by its key in the registry.
STATISTICS: Mapping[str, Callable[..., FloatArray]] = {
    "pearson": _score,
    "n_minus_1": partial(_score, n_minus_1=True),
    "barnard": _score,
    "barnard_unpooled": _wald_order,
    "wald_unpooled": _wald,
    "agresti_caffo": partial(_wald, added=1),
    "miettinen_nurminen": partial(_score, n_minus_1=True),
}
#: Those of them that are exact.
EXACT = ("barnard", "barnard_unpooled")
#: Those whose statistic rises with every responder of the first arm and falls with every one of the second.
SCORES = ("pearson", "n_minus_1", "miettinen_nurminen")


def _ranks(key: str, n1: int, n2: int, alternative: str, difference: float) -> IntArray:
    """Rank of each table of the lattice, row by row, 0 for the most extreme; ties share a rank."""
    x1, x2 = (grid.ravel() for grid in np.indices((n1 + 1, n2 + 1)))
    z = STATISTICS[key](x1, np.full_like(x1, n1), x2, np.full_like(x2, n2), difference)
    z = np.where(np.isnan(z), 0.0, z)  # 0/0, at no difference only
    extreme = np.abs(z) if alternative == "two-sided" else z if alternative == "greater" else -z
    order = np.argsort(-extreme, kind="stable")
    steps = np.zeros(len(order), dtype=np.int64)
    steps[1:] = extreme[order[:-1]] - extreme[order[1:]] > _TIE
    ranks = np.empty_like(steps)
    ranks[order] = np.cumsum(steps)
    return ranks


@lru_cache(maxsize=8)
def _law(n1: int, n2: int, difference: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Responders of both arms by a threshold that ties the rates, for a difference from 0 up.

    Let each patient lie above the threshold with probability t. Of the first arm, those above respond for sure and the
    others with probability δ; of the second arm only those above respond, each with probability 1 - δ. Then
    ``p2 = (1 - δ) t`` and ``p1 = δ + p2``, as the hypothesis says.

    Returns
    -------
    first, second : ndarray
        Probability of each number of responders (rows) given the number of patients above (columns).
    chance : ndarray, shape (n1 + 1, n2 + 1)
        Probability of each pair of numbers above, given their sum.
    """
    law = np.zeros((max(n1, n2) + 1,) * 2)  # one row a number of patients above: how many of the second arm respond
    law[0, 0] = 1.0
    for row, following in pairwise(law):  # one patient more above
        following[:] = difference * row
        following[1:] += (1 - difference) * row[:-1]
    # In the first arm those below fail to respond as those above respond in the second.
    chance = conditional_probabilities(n1, n2).reshape(n1 + 1, n2 + 1)
    return law[n1::-1, n1::-1].T, law[: n2 + 1, : n2 + 1].T, chance


def null_coefficients(region: Bools, difference: float) -> FloatArray:
    """Bernstein coefficients of the probability of a region under rates that differ by the hypothesis.

    The polynomial's variable is the share of patients above the threshold of :func:`_law`; coefficient ``s`` is the
    probability of the region when ``s`` patients of both arms together lie above.
    """
    if difference < 0:
        return null_coefficients(region.T, -difference)
    n1, n2 = region.shape[0] - 1, region.shape[1] - 1
    if region.all():
        return np.ones(n1 + n2 + 1)
    if difference:
        first, second, chance = _law(n1, n2, difference)
        inside = chance * (first.T @ region.astype(np.float64) @ second)
    else:  # those above respond, and nobody else
        inside = region.ravel() * conditional_probabilities(n1, n2)
    return np.minimum(np.bincount(sum(tables(n1, n2)), weights=inside.ravel()), 1.0)


def second_rate(t: FloatArray, difference: float) -> FloatArray:
    """Return the second arm's rate at a value of the variable of :func:`null_coefficients`."""
    return np.asarray((1 - abs(difference)) * t + max(0.0, -difference))


def _lattice(key: str, n1: int, n2: int, alternative: str, difference: float) -> FloatArray:
    """p-values of the exact test for every table, shape ``(n1 + 1, n2 + 1)``."""
    refuse_lattice(n1, n2, "an exact test of a difference", "'miettinen_nurminen'")
    if difference < 0:  # the arms change places
        other = {"greater": "less", "less": "greater"}.get(alternative, alternative)
        return _lattice(key, n2, n1, other, -difference).T
    ranks = _ranks(key, n1, n2, alternative, difference)
    first, second, chance = _law(n1, n2, difference)
    coefficients = np.empty((int(np.max(ranks)) + 1, n1 + n2 + 1))
    for total in range(n1 + n2 + 1):
        above = np.arange(max(0, total - n2), min(n1, total) + 1)
        tables = (first[:, above] * chance[above, total - above]) @ second[:, total - above].T
        coefficients[:, total] = np.bincount(ranks, weights=tables.ravel())
    np.cumsum(coefficients, axis=0, out=coefficients)
    np.minimum(coefficients, 1.0, out=coefficients)
    coefficients[-1] = 1.0  # all tables together
    return suprema(coefficients).value[ranks].reshape(n1 + 1, n2 + 1)


def _inside(ranks: IntArray, up_to: int, n1: int, n2: int) -> Bools:
    return (ranks <= up_to).reshape(n1 + 1, n2 + 1)


def _supremum(inside: Bools, difference: float) -> tuple[float, float]:
    """Largest probability of a region, and the second arm's rate there."""
    top = suprema(null_coefficients(inside, difference)[None, :])
    return float(top.value[0]), float(second_rate(top.at[0], difference))


def as_extreme(key: str, x1: int, n1: int, x2: int, n2: int, alternative: str, difference: float) -> Bools:
    """Mark the tables at least as extreme as one, shape ``(n1 + 1, n2 + 1)``."""
    refuse_large(n1, n2, "an exact test of a difference", use="'miettinen_nurminen'")
    ranks = _ranks(key, n1, n2, alternative, difference)
    return _inside(ranks, int(ranks[x1 * (n2 + 1) + x2]), n1, n2)


def one_supremum(key: str, x1: int, n1: int, x2: int, n2: int, side: str, difference: float) -> tuple[float, float]:
    """p-value of one table by an exact test of a difference, and the second arm's rate where it lies."""
    return _supremum(as_extreme(key, x1, n1, x2, n2, side, difference), difference)


def region(key: str, n1: int, n2: int, alternative: str, difference: float, level: float) -> Bools:
    """Tables that an exact test of a difference rejects, found by halving the order of the tables."""
    refuse_large(n1, n2, "an exact test of a difference", use="'miettinen_nurminen'")
    ranks = _ranks(key, n1, n2, alternative, difference)
    every = range(int(np.max(ranks)) + 1)
    kept = bisect_right(every, level, key=lambda rank: _supremum(_inside(ranks, rank, n1, n2), difference)[0])
    return _inside(ranks, kept - 1, n1, n2)


def pvalues(
    key: str, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str, difference: float
) -> FloatArray:
    """Return the p-value of each table under a null hypothesis of this difference."""
    if key not in EXACT:
        return normal_pvalue(STATISTICS[key](x1, n1, x2, n2, difference), alternative)
    result = np.empty(x1.shape)
    for m, n in np.unique(np.stack([n1, n2], axis=-1).reshape(-1, 2), axis=0).tolist():
        here = (n1 == m) & (n2 == n)
        if here.sum() > _FEW:
            result[here] = _lattice(key, m, n, alternative, difference)[x1[here], x2[here]]
            continue
        tables = zip(x1[here].tolist(), x2[here].tolist(), strict=True)
        result[here] = [one_supremum(key, a, m, b, n, alternative, difference)[0] for a, b in tables]
    return result


def score_rejects(
    key: str, n1: int, n2: int, alternative: str, difference: float, level: float, rows: tuple[int, int], x2: IntArray
) -> Bools:
    """Tables with x1 in ``rows`` (first and last) and these x2 that a score test rejects: each column is halved."""

    def boundary(side: str, tail: float) -> IntArray:
        """First x1 of each column at which the test against "greater" rejects, or "less" no longer does."""
        low, high = np.full_like(x2, rows[0]), np.full_like(x2, rows[1] + 1)
        while (low < high).any():
            middle = np.minimum((low + high) // 2, rows[1])
            p = pvalues(key, middle, np.full_like(x2, n1), x2, np.full_like(x2, n2), side, difference)
            past = (p <= tail) == (side == "greater")
            low, high = np.where(past | (low == high), low, middle + 1), np.where(past, np.minimum(middle, high), high)
        return low

    x1 = np.arange(rows[0], rows[1] + 1)[:, None]
    tail = level / 2 if alternative == "two-sided" else level
    upper = x1 >= boundary("greater", tail) if alternative != "less" else np.zeros((len(x1), len(x2)), dtype=bool)
    return upper if alternative == "greater" else upper | (x1 < boundary("less", tail))


def limit(key: str, table: Table, alpha: float, alternative: str, start: float) -> float:
    """Find the difference at which a one-sided test has a p-value of alpha.

    Parameters
    ----------
    key : str
        Key of a test in :data:`STATISTICS`.
    table : tuple of int
        ``x1, n1, x2, n2``.
    alpha : float
        One-sided level.
    alternative : {"greater", "less"}
        ``"greater"`` for the lower limit, ``"less"`` for the upper one.
    start : float
        The difference from which the limit is sought, on the side that the test there leads to. The p-value of an exact
        test does not rise steadily with the difference, as its order of the tables changes; so the limit and the test
        at this difference always agree.

    References
    ----------
    Röhmel J. Biom J 2005;47:37-47.

    Examples
    --------
    >>> round(limit("wald_unpooled", (16, 29, 9, 30), 0.025, "greater", 0.0), 4)
    0.0075
    """
    sign = 1.0 if alternative == "greater" else -1.0
    counts = broadcast_tables(*table)

    def excess(difference: float) -> float:
        p = float(pvalues(key, *counts, alternative, sign * difference))
        return (0.5 if np.isnan(p) else p) - alpha * REACHES  # 0/0: the estimate itself

    # Seen from the lower limit, the p-value rises with the difference.
    low, middle, high = -1 + _END, min(max(sign * start, -1 + _END), 1 - _END), 1 - _END
    low, high = (middle, high) if excess(middle) <= 0 else (low, middle)
    if excess(high) <= 0:
        return sign
    if excess(low) > 0:
        return -sign
    return sign * float(brentq(excess, low, high, xtol=1e-10 if key in EXACT else 1e-13))
