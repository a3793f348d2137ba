"""Exact unconditional interval of the risk difference: the score order at every difference, the supremum over the rest."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.difference import constrained_rates
from lupus_kit.inference.two_by_two.bernstein import basis
from lupus_kit.inference.two_by_two.counts import FloatArray

Rates = Callable[[FloatArray], FloatArray]

# Score statistics closer than this are ties: away from a zero difference they are roots of cubics and cannot be
# compared as whole numbers. Counting a near tie in makes the interval wider, never narrower.
TIE = 1e-9

#: Tables of the largest design: beyond it the search takes minutes and gigabytes.
_LARGEST = 1_100_000


def too_large(n1: int, n2: int) -> bool:
    """Tell whether a design has too many tables for the interval."""
    return (n1 + 1) * (n2 + 1) > _LARGEST


def score_statistics(n1: int, n2: int, difference: float) -> FloatArray:
    """Score statistic of one difference for every table, shape ``(n1 + 1, n2 + 1)``."""
    x1, x2 = (grid.astype(np.float64) for grid in np.indices((n1 + 1, n2 + 1)))
    p1, p2 = constrained_rates(x1, n1, x2, n2, difference)
    variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    distance = x1 / n1 - x2 / n2 - difference
    with np.errstate(divide="ignore", invalid="ignore"):
        z = distance / np.sqrt(np.maximum(variance, 0.0))
    return np.where(np.abs(distance) < 1e-12, 0.0, z)


def largest_probability(region: FloatArray, first_rate: Rates, low: float, high: float) -> float:
    """Largest probability of a region while the second rate runs from ``low`` to ``high``.

    Parameters
    ----------
    region : ndarray, shape (n1 + 1, n2 + 1)
        Indicator of the tables.
    first_rate : callable
        The first rate as a function of the second, as the null hypothesis ties them.
    low, high : float
        Range of the second rate.

    Returns
    -------
    float
        From a grid even on the arcsine scale, its peaks refined.
    """
    n1, n2 = region.shape[0] - 1, region.shape[1] - 1

    def probability(p2: FloatArray) -> FloatArray:
        first = basis(n1, np.clip(first_rate(p2), 0.0, 1.0))
        return np.asarray(((first @ region) * basis(n2, np.clip(p2, 0.0, 1.0))).sum(axis=-1))

    start, end = np.arcsin(np.sqrt([low, high]))
    grid = np.clip(np.sin(np.linspace(start, end, 24 + int(16 * np.sqrt(n1 + n2)))) ** 2, low, high)
    heights = probability(grid)
    best = float(np.max(heights))
    padded = np.pad(heights, 1, constant_values=-np.inf)
    peaks = (heights >= padded[:-2]) & (heights >= padded[2:]) & (heights > best - 0.02)
    for k in np.flatnonzero(peaks):
        found = minimize_scalar(
            lambda p2: -float(probability(np.array([p2]))[0]),
            bounds=(grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)]),
            method="bounded",
            options={"xatol": 1e-9},
        )
        best = max(best, -float(found.fun))
    return min(best, 1.0)


def tail_supremum(x1: int, n1: int, x2: int, n2: int, difference: float, upper: bool) -> float:
    """Largest probability of a score statistic as large as the observed one (or as small), given the difference."""
    z = score_statistics(n1, n2, difference)
    region = (z >= z[x1, x2] - TIE if upper else z <= z[x1, x2] + TIE).astype(np.float64)
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    return largest_probability(region, lambda p2: p2 + difference, low, high)


def exact_unconditional(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Exact unconditional interval of the risk difference: two one-sided score-ordered tests, inverted.

    References
    ----------
    Chan ISF, Zhang Z. Biometrics 1999;55:1202-1209.
    """
    if too_large(n1, n2):
        raise InputError(
            f"the exact unconditional interval of {n1} and {n2} patients has too many tables; it takes up to about 1000 "
            "patients an arm. Use 'miettinen_nurminen'."
        )
    tail, estimate = (1 - level) / 2, x1 / n1 - x2 / n2

    def end(upper: bool, limit: float) -> float:
        def excess(difference: float) -> float:
            return tail_supremum(x1, n1, x2, n2, difference, upper) - tail

        if abs(estimate - limit) < 1e-15:
            return limit
        inner = np.nextafter(limit, estimate)
        if excess(inner) > 0:
            return limit
        return float(brentq(excess, *sorted((inner, estimate)), xtol=1e-9))

    return end(True, -1.0), end(False, 1.0)
