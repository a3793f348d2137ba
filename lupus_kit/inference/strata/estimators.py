"""The tests and the common effects of strata: Mantel and Haenszel's, Miettinen and Nurminen's, Newcombe's.

In each stratum, given its margins, the responders of the first arm have mean ``n1 s / N`` and variance
``n1 n2 s (N - s) / (N² (N - 1))``, with ``s`` responders among ``N`` patients. The test compares the sum of the
responders with the sum of the means; the common effects are ratios, or a weighted mean, of sums over the strata.

The scores and Newcombe's interval weight the strata by Cochran–Mantel–Haenszel's ``n1 n2 / (n1 + n2)``, or by the
inverse of a variance. A stratum without variance would have all the weight: for inverse-variance weights, half a
responder and half a non-responder are added to each of its arms. For the scores that is where nobody responds, or
everybody (as in Laud's ratesci); for Newcombe's interval, whose weights are those of the observed rates, where each arm
responds as a whole or not at all.

The tests take many trials at once, too: an axis of trials after that of the strata. A stratum without patients in both arms
then says nothing.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtr

from lupus_kit.inference.intervals.difference import constrained_rates
from lupus_kit.inference.intervals.proportion import wilson, z_quantile
from lupus_kit.inference.strata.patients import Strata
from lupus_kit.inference.two_by_two.asymptotic import standardised
from lupus_kit.inference.two_by_two.counts import Bools, FloatArray

Ends = tuple[float, float, float]
# Variances are not taken for smaller than this, nor scores for larger than its root's inverse.
_SMALLEST = 1e-12


def cochran_mantel_haenszel(strata: Strata, correction: bool) -> FloatArray:
    """Signed root of the Cochran–Mantel–Haenszel statistic; nan where no stratum says anything.

    With the correction half a responder is taken off the distance, never past zero.

    References
    ----------
    Cochran WG. Biometrics 1954;10:417-451. Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-748.
    """
    s, total = strata.responders, strata.patients
    excess = (strata.x1 - strata.n1 * s / np.maximum(total, 1)).sum(axis=0)
    variance = (strata.weight * s * (total - s) / np.maximum(total * (total - 1), 1)).sum(axis=0)
    distance = np.sign(excess) * np.maximum(np.abs(excess) - 0.5 * correction, 0.0)
    return np.where(variance == 0, np.nan, standardised(distance, variance))


def _around(estimate: float, variance: float, level: float, logarithm: bool) -> Ends:
    """Estimate, and what is within the normal quantile of it; on the log scale for a ratio."""
    half = z_quantile(level) * float(np.sqrt(variance))
    if logarithm:
        return estimate, estimate * float(np.exp(-half)), estimate * float(np.exp(half))
    return estimate, estimate - half, estimate + half


def _ratio(above: float, below: float) -> float:
    return above / below if below else np.inf if above else np.nan


def _common_odds(strata: Strata) -> float:
    x1, n1, x2, n2 = strata
    return _ratio(float((x1 * (n2 - x2) / strata.patients).sum()), float((x2 * (n1 - x1) / strata.patients).sum()))


def odds_ratio(strata: Strata, level: float) -> Ends:
    """Mantel–Haenszel odds ratio with the variance of Robins, Breslow and Greenland, from statsmodels.

    No interval where the estimate is 0 or infinite.

    References
    ----------
    Robins J, Breslow N, Greenland S. Biometrics 1986;42:311-323.
    """
    from statsmodels.stats.contingency_tables import StratifiedTable

    x1, n1, x2, n2 = strata
    estimate = _common_odds(strata)
    if not 0 < estimate < np.inf:
        return estimate, np.nan, np.nan
    pooled = StratifiedTable(np.array([[x1, n1 - x1], [x2, n2 - x2]]))
    return _around(float(pooled.oddsratio_pooled), float(pooled.logodds_pooled_se) ** 2, level, logarithm=True)


def risk_ratio(strata: Strata, level: float) -> Ends:
    """Mantel–Haenszel risk ratio with the variance of Greenland and Robins; no interval where it is 0 or infinite.

    References
    ----------
    Greenland S, Robins JM. Biometrics 1985;41:55-68.
    """
    x1, n1, x2, n2 = strata
    total = strata.patients
    first, second = float((x1 * n2 / total).sum()), float((x2 * n1 / total).sum())
    estimate = _ratio(first, second)
    if not 0 < estimate < np.inf:
        return estimate, np.nan, np.nan
    variance = ((n1 * n2 * strata.responders - x1 * x2 * total) / total**2).sum() / (first * second)
    return _around(estimate, float(variance), level, logarithm=True)


def _difference(strata: Strata) -> tuple[float, float]:
    """Mantel–Haenszel risk difference, and the sum of the weights."""
    weight = strata.weight
    return float((weight * (strata.x1 / strata.n1 - strata.x2 / strata.n2)).sum() / weight.sum()), float(weight.sum())


def greenland_robins(strata: Strata, level: float) -> Ends:
    """Mantel–Haenszel risk difference with the variance of Greenland and Robins.

    References
    ----------
    Greenland S, Robins JM. Biometrics 1985;41:55-68.
    """
    x1, n1, x2, n2 = strata
    estimate, weights = _difference(strata)
    spread = (x1 * (n1 - x1) * n2**3 + x2 * (n2 - x2) * n1**3) / (n1 * n2 * strata.patients**2)
    return _around(estimate, float(spread.sum()) / weights**2, level, logarithm=False)


def sato(strata: Strata, level: float) -> Ends:
    """Mantel–Haenszel risk difference with Sato's variance, which holds for few large and for many small strata.

    References
    ----------
    Sato T. Biometrics 1989;45:1323-1324 (read in the documentation of SAS's PROC FREQ).
    """
    x1, n1, x2, n2 = strata
    estimate, weights = _difference(strata)
    p = (n1**2 * x2 - n2**2 * x1 + n1 * n2 * (n2 - n1) / 2) / strata.patients**2
    q = (x1 * (n2 - x2) + x2 * (n1 - x1)) / (2 * strata.patients)
    return _around(estimate, max(float(estimate * p.sum() + q.sum()), 0.0) / weights**2, level, logarithm=False)


def breslow_day_tarone(strata: Strata) -> tuple[float, int, float]:
    """Breslow and Day's statistic of equal odds ratios with Tarone's correction, degrees of freedom, p-value.

    Each stratum's first cell is compared with its mean under the Mantel–Haenszel odds ratio. A stratum where nobody
    responds, or everybody, or with one arm only has no odds ratio: it neither adds to the statistic nor to the degrees
    of freedom. nan for fewer than two strata, or where the common odds ratio is 0 or infinite.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, vol 1. IARC 1980. Tarone RE. Biometrika 1985;72:91-95.
    """
    x1, n1, x2, n2 = np.array(strata)[:, strata.informative]
    s, freedom = x1 + x2, max(len(x1) - 1, 0)
    common = _common_odds(strata)
    if freedom < 1 or not 0 < common < np.inf:
        return np.nan, freedom, np.nan
    # The mean a solves a (n2 - s + a) = common (n1 - a) (s - a); written so that a common odds ratio of 1 is no 0/0.
    b = common * (n1 + s) + n2 - s
    mean = 2 * common * n1 * s / (b + np.sqrt(b**2 - 4 * (common - 1) * common * n1 * s))
    variance = 1 / (1 / mean + 1 / (s - mean) + 1 / (n1 - mean) + 1 / (n2 - s + mean))
    distance = x1 - mean
    statistic = float((distance**2 / variance).sum() - distance.sum() ** 2 / variance.sum())
    statistic = max(statistic, 0.0)
    return statistic, freedom, float(chdtrc(freedom, statistic))


def _softened(strata: Strata, where: Bools) -> Strata:
    """Add half a responder and half a non-responder to each arm of some strata."""
    half = 0.5 * where
    return Strata(strata.x1 + half, strata.n1 + 2 * half, strata.x2 + half, strata.n2 + 2 * half)


def score(strata: Strata, difference: float, weighting: str) -> FloatArray:
    """Stratified score of one common risk difference, each stratum's variance times N/(N - 1).

    With CMH weights its square at no difference is the Cochran–Mantel–Haenszel statistic. Inverse-variance weights are
    those at the supposed difference, without the factor.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985;4:213-226. Laud PJ. Pharm Stat 2017;16:334-348, and his R package ratesci.
    """
    there = (strata.n1 > 0) & (strata.n2 > 0)
    if weighting == "inverse_variance":
        strata = _softened(strata, there & ((strata.responders == 0) | (strata.responders == strata.patients)))
    x1, n1, x2, n2 = (np.where(there, counts, k % 2) for k, counts in enumerate(strata))  # elsewhere 0 of 1 patient
    p1, p2 = constrained_rates(x1, n1.astype(np.int64), x2, n2.astype(np.int64), difference)
    variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    weight = strata.weight if weighting == "cmh" else there / np.maximum(variance, _SMALLEST)
    weight = weight / np.maximum(weight.sum(axis=0), _SMALLEST)
    distance = (weight * (x1 / n1 - x2 / n2 - difference)).sum(axis=0)
    variance = (weight**2 * variance * (n1 + n2) / (n1 + n2 - 1)).sum(axis=0)
    return np.where(np.abs(distance) < np.where(variance > 0, 1e-15, 1e-12), 0.0, standardised(distance, variance))


#: Large-sample tests over strata by key: in print, and the signed root of their statistic.
ROOTS: dict[str, tuple[str, Callable[[Strata], FloatArray]]] = {
    "cmh": ("Cochran–Mantel–Haenszel", lambda of: cochran_mantel_haenszel(of, False)),
    "cmh_corrected": ("Cochran–Mantel–Haenszel, continuity correction", lambda of: cochran_mantel_haenszel(of, True)),
    "score_inverse_variance": ("stratified score, inverse-variance weights", lambda of: score(of, 0.0, "inverse_variance")),
}  # fmt: skip


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
