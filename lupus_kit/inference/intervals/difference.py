"""Intervals for the difference of two response rates, from large-sample statistics."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, elementwise

from lupus_kit.inference.intervals.interval import Ends
from lupus_kit.inference.intervals.proportion import Number, wilson, z_quantile
from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray

_Size = int | IntArray
# Tables for which arrays do not pay.
_FEW = 8
# The functions of numbers that NumPy has of arrays.
_NUMBERS = SimpleNamespace(
    maximum=max, minimum=min, sqrt=math.sqrt, copysign=math.copysign, arccos=math.acos, cos=math.cos,
    where=lambda yes, this, other: this if yes else other,
)  # fmt: skip


def wald(x1: Number, n1: Number, x2: Number, n2: Number, level: float) -> tuple[Number, Number]:
    """Unpooled Wald interval of the risk difference."""
    p1, p2 = x1 / n1, x2 / n2
    half = z_quantile(level) * (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) ** 0.5
    return p1 - p2 - half, p1 - p2 + half


def agresti_caffo(x1: Number, n1: Number, x2: Number, n2: Number, level: float) -> tuple[Number, Number]:
    """Wald interval after adding one responder and one non-responder to each arm, within [-1, 1]."""
    low, high = wald(x1 + 1, n1 + 2, x2 + 1, n2 + 2, level)
    return np.maximum(low, -1.0), np.minimum(high, 1.0)


def newcombe(x1: Number, n1: Number, x2: Number, n2: Number, level: float) -> tuple[Number, Number]:
    """Newcombe's hybrid score interval of the risk difference: two Wilson intervals, squared and added."""
    p1, p2 = x1 / n1, x2 / n2
    (low1, high1), (low2, high2) = wilson(x1, n1, level), wilson(x2, n2, level)
    low = p1 - p2 - np.hypot(p1 - low1, high2 - p2)
    return low, p1 - p2 + np.hypot(high1 - p1, p2 - low2)


def constrained_rates(
    x1: ArrayLike, n1: _Size, x2: ArrayLike, n2: _Size, difference: float | FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Maximum-likelihood rates under ``p1 - p2 = difference``, for one table or arrays of tables and differences.

    Notes
    -----
    The second rate is a root of a cubic; the trigonometric form gives the one inside the allowed range
    (Miettinen and Nurminen 1985, appendix). Near a double root half of its digits are lost; two Newton steps on the
    derivative of the log-likelihood, which falls steeply everywhere, bring them back.

    Examples
    --------
    >>> constrained_rates(16, 29, 9, 30, 0.0) == (25 / 59, 25 / 59)
    True
    """
    if np.all(np.equal(difference, 0)):
        common = np.add(x1, x2) / (n1 + n2)
        return common + difference, common
    if (tables := np.broadcast(x1, n1, x2, n2, difference)).size <= _FEW:
        second = np.reshape([_second_rate(_NUMBERS, *map(float, table)) for table in tables], tables.shape)
    else:
        second = _second_rate(np, np.multiply(x1, 1.0), n1, np.multiply(x2, 1.0), n2, difference)
    return second + difference, second


def _second_rate(of: Any, a: Any, n1: Any, b: Any, n2: Any, d: Any) -> Any:
    """Return the second of the :func:`constrained_rates`, with functions ``of`` arrays or of numbers."""
    total, s, low, high = n1 + n2, a + b, of.maximum(0.0, -d), of.minimum(1.0, 1.0 - d)
    third = ((n1 + 2 * n2) * d - total - s) / (3 * total)
    a1 = ((n2 * d - total - 2 * b) * d + s) / total
    q = third**3 - a1 * third / 2 + b * d * (1 - d) / (2 * total)
    r = of.copysign(of.sqrt(of.maximum(third**2 - a1 / 3, 0.0)), q)
    cosine = q / of.where(r**3 == 0, np.inf, r**3)
    angle = (np.pi + of.arccos(of.minimum(of.maximum(cosine, -1.0), 1.0))) / 3
    p2 = of.minimum(of.maximum(2 * r * of.cos(angle) - third, low), high)
    # Nobody responds, or everybody: the likelihood has its peak at an end, where the cubic nearly has a double root.
    p2 = of.where(s == 0, low, of.where(s == total, high, p2))
    for _ in range(2):
        slope = bend = 0.0
        for cells, rates in ((a, p2 + d), (b, p2), (a - n1, 1 - p2 - d), (b - n2, 1 - p2)):
            part = cells / (within := of.where(rates > 0, rates, np.inf))
            slope, bend = slope + part, bend + abs(part) / within
        # No curvature: the difference is 1 or -1 and leaves no choice.
        p2 = of.minimum(of.maximum(p2 + slope / of.where(bend > 0, bend, np.inf), low), high)
    return p2


def constrained_variance(
    x1: ArrayLike, n1: _Size, x2: ArrayLike, n2: _Size, difference: float | FloatArray, n_minus_1: bool = False
) -> FloatArray:
    """Return the variance of the difference at the :func:`constrained_rates`; with ``n_minus_1`` times N/(N - 1)."""
    p1, p2 = constrained_rates(x1, n1, x2, n2, difference)
    factor = (n1 + n2) / (n1 + n2 - 1) if n_minus_1 else 1.0
    return np.asarray((p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * factor)


def signed_root(distance: float, variance: float) -> float:
    """Return a distance over its standard error: 0 where there is no distance, infinite where only variance lacks."""
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-12 else float(np.copysign(np.inf, distance))
    return distance / float(np.sqrt(variance))


def score_interval(score: Callable[[float], float], estimate: float, level: float, reach: float = 1.0) -> Ends:
    """Return the effects, at most ``reach`` from 0, whose score is within the normal quantile: the test, inverted."""
    z = z_quantile(level)

    def excess(effect: float, sign: float) -> float:
        return min(sign * score(effect), 1e6) - z

    low = brentq(excess, -reach, estimate, args=(1.0,), xtol=1e-13) if excess(-reach, 1.0) > 0 else -reach
    high = brentq(excess, estimate, reach, args=(-1.0,), xtol=1e-13) if excess(reach, -1.0) > 0 else reach
    return float(low), float(high)


def _score(x1: int, n1: int, x2: int, n2: int, level: float, n_minus_1: bool) -> tuple[float, float]:
    def score(difference: float) -> float:
        variance = constrained_variance(x1, n1, x2, n2, difference, n_minus_1)
        return signed_root(x1 / n1 - x2 / n2 - difference, float(variance))

    return score_interval(score, x1 / n1 - x2 / n2, level)


def miettinen_nurminen(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Score interval of the risk difference, variance times N/(N - 1)."""
    return _score(x1, n1, x2, n2, level, n_minus_1=True)


def mee(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Score interval of the risk difference without the factor N/(N - 1): inverts Pearson's test."""
    return _score(x1, n1, x2, n2, level, n_minus_1=False)


def score_ends(
    x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, level: float, n_minus_1: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the ends of :func:`miettinen_nurminen` or :func:`mee` for many tables, all searched at the same time."""
    estimate, z = x1 / n1 - x2 / n2, z_quantile(level)

    def excess(d: FloatArray, sign: FloatArray, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
        distance = sign * (x1 / n1 - x2 / n2 - d)
        deviation = constrained_variance(x1, n1, x2, n2, d, n_minus_1) ** 0.5
        without = np.where(distance > 1e-12, 1e6, 0.0)
        return np.minimum(np.divide(distance, deviation, out=without, where=deviation > 0), 1e6) - z

    ends = []
    for sign in (1.0, -1.0):
        edge, counts = np.full(len(estimate), -sign), (np.full(len(estimate), sign), x1, n1, x2, n2)
        found = elementwise.find_root(excess, (edge, estimate), args=counts, tolerances={"xatol": 1e-13})
        ends.append(np.where(excess(edge, *counts) > 0, found.x, edge))
    return ends[0], ends[1]
