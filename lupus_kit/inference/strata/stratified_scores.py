"""Intervals of a common risk difference from the scores of the strata: Miettinen–Nurminen's and Newcombe's.

The strata are weighted by Cochran–Mantel–Haenszel's ``n1 n2 / (n1 + n2)``, or by the inverse of a variance. A stratum
without variance would have all the weight: for inverse-variance weights, half a responder and half a non-responder are
added to each of its arms. For the scores that is where nobody responds, or everybody (as in Laud's ratesci); for
Newcombe's interval, whose weights are those of the observed rates, where each arm responds as a whole or not at all.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from lupus_kit.inference.intervals.difference import constrained_rates, signed_root
from lupus_kit.inference.intervals.proportion import wilson, z_quantile
from lupus_kit.inference.strata.patients import Strata
from lupus_kit.inference.two_by_two.counts import FloatArray

Ends = tuple[float, float, float]
# Variances are not taken for smaller than this, nor scores for larger than its root's inverse.
_SMALLEST = 1e-12


def _softened(strata: Strata, where: NDArray[np.bool_]) -> Strata:
    """Add half a responder and half a non-responder to each arm of some strata."""
    half = 0.5 * where
    return Strata(strata.x1 + half, strata.n1 + 2 * half, strata.x2 + half, strata.n2 + 2 * half)


def _distance(strata: Strata, difference: float, weighting: str) -> tuple[float, float]:
    """Weighted distance of the strata's differences from a common one, and its variance."""
    n1, n2 = strata.n1, strata.n2
    p1, p2 = constrained_rates(strata.x1, n1.astype(np.int64), strata.x2, n2.astype(np.int64), difference)
    variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    weight = strata.weight if weighting == "cmh" else 1 / np.maximum(variance, _SMALLEST)
    weight = weight / weight.sum()
    factor = strata.patients / (strata.patients - 1)
    distance = weight @ (strata.x1 / n1 - strata.x2 / n2 - difference)
    return float(distance), float(weight**2 @ (variance * factor))


def score(strata: Strata, difference: float, weighting: str) -> float:
    """Stratified score of one common risk difference, each stratum's variance times N/(N - 1).

    With CMH weights its square at no difference is the Cochran–Mantel–Haenszel statistic. Inverse-variance weights are
    those at the supposed difference, without the factor.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985;4:213-226. Laud PJ. Pharm Stat 2017;16:334-348, and his R package ratesci.
    """
    if weighting == "inverse_variance":
        strata = _softened(strata, (strata.responders == 0) | (strata.responders == strata.patients))
    distance, variance = _distance(strata, difference, weighting)
    return 0.0 if abs(distance) < 1e-15 else signed_root(distance, variance)


def miettinen_nurminen(strata: Strata, level: float, weighting: str) -> Ends:
    """Difference whose stratified score is 0, and those whose score is within the normal quantile.

    With inverse-variance weights the score need not fall everywhere. Each end is searched on its own side of no
    difference and of the estimate, so that the interval always agrees with the test of no difference.
    """
    z = z_quantile(level)

    def excess(difference: float, wanted: float) -> float:
        return float(np.clip(score(strata, difference, weighting), -1e6, 1e6)) - wanted

    def root(wanted: float, start: float, stop: float, otherwise: float) -> float:
        inside = excess(start, wanted) >= 0 >= excess(stop, wanted)
        return float(brentq(excess, start, stop, args=(wanted,), xtol=1e-13)) if inside else otherwise

    none = excess(0.0, 0.0)
    estimate = root(0.0, *((0.0, 1.0) if none > 0 else (-1.0, 0.0)), otherwise=0.0)
    low = root(z, *((0.0, estimate) if none > z else (-1.0, min(0.0, estimate))), otherwise=-1.0)
    high = root(-z, *((estimate, 0.0) if none < -z else (max(0.0, estimate), 1.0)), otherwise=1.0)
    return estimate, low, high


def _newcombe_weights(strata: Strata, weighting: str) -> FloatArray:
    """Weights of the strata, which add up to 1; the variances are those of the observed rates."""
    if weighting == "cmh":
        return np.asarray(strata.weight / strata.weight.sum())
    x1, n1, x2, n2 = strata
    x1, n1, x2, n2 = _softened(strata, (x1 * (n1 - x1) == 0) & (x2 * (n2 - x2) == 0))
    weight = 1 / (x1 * (n1 - x1) / n1**3 + x2 * (n2 - x2) / n2**3)
    return np.asarray(weight / weight.sum())


def _stratified_wilson(x: FloatArray, n: FloatArray, weight: FloatArray, level: float) -> tuple[float, float]:
    """Weighted mean of Wilson's limits, each with a smaller quantile so that together they keep the level."""
    variance = x * (n - x) / n**3
    if not variance.any():
        variance = 1 / n  # all rates 0 or 1: as for small rates that are alike
    shrunk = z_quantile(level) * np.sqrt(weight**2 @ variance) / (weight @ np.sqrt(variance))
    ends = np.array([wilson(int(k), int(m), float(2 * ndtr(shrunk) - 1)) for k, m in zip(x, n, strict=True)])
    return float(weight @ ends[:, 0]), float(weight @ ends[:, 1])


def newcombe(strata: Strata, level: float, weighting: str) -> Ends:
    """Newcombe's hybrid interval from stratified Wilson limits.

    References
    ----------
    Yan X, Su XG. Stat Biopharm Res 2010;2:329-335 (read in the documentation of SAS's PROC FREQ and of R's tern).
    """
    weight, z = _newcombe_weights(strata, weighting), z_quantile(level)
    low1, high1 = _stratified_wilson(strata.x1, strata.n1, weight, level)
    low2, high2 = _stratified_wilson(strata.x2, strata.n2, weight, level)
    estimate = float(weight @ (strata.x1 / strata.n1 - strata.x2 / strata.n2))
    spread1, spread2 = float(weight**2 @ (1 / strata.n1)), float(weight**2 @ (1 / strata.n2))
    down = z * float(np.sqrt(spread1 * low1 * (1 - low1) + spread2 * high2 * (1 - high2)))
    up = z * float(np.sqrt(spread1 * high1 * (1 - high1) + spread2 * low2 * (1 - low2)))
    return estimate, max(estimate - down, -1.0), min(estimate + up, 1.0)
