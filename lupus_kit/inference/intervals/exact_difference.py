"""Exact unconditional interval of the risk difference: the score order at every difference, the supremum over the rest."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

from lupus_kit.core.errors import InputError
from lupus_kit.inference.margins.shifted import limit
from lupus_kit.inference.two_by_two.bernstein import basis
from lupus_kit.inference.two_by_two.counts import FloatArray

Rates = Callable[[FloatArray], FloatArray]

#: Tables of the largest design: beyond it the search takes minutes and gigabytes.
_LARGEST = 1_100_000


def too_large(n1: int, n2: int) -> bool:
    """Tell whether a design has too many tables for the interval."""
    return (n1 + 1) * (n2 + 1) > _LARGEST


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
    table, tail, estimate = (x1, n1, x2, n2), (1 - level) / 2, x1 / n1 - x2 / n2
    return limit("barnard", table, tail, "greater", estimate), limit("barnard", table, tail, "less", estimate)
