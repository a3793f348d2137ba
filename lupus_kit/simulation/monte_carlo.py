"""Estimates from simulated trials, with what their number leaves open."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv, ndtri, stdtrit

_Z = float(ndtri(0.975))


class Estimate(NamedTuple):
    """A number found by simulation, its Monte Carlo standard error, and the ends of its 95 % interval."""

    estimate: float
    mc_error: float
    low: float
    high: float


NOT_ESTIMABLE = Estimate(*[float("nan")] * 4)


def known(value: float) -> Estimate:
    """Return a number that has no Monte Carlo error."""
    return Estimate(value, 0.0, value, value)


def share(x: float, n: float) -> Estimate:
    """Estimate a proportion from ``x`` of ``n`` trials.

    The interval is the exact one with mid-p (Berry G, Armitage P. Statistician 1995;44:417-423). Where none or all of the
    trials have the event, the usual standard error would be 0: half the interval in units of 1.96 stands for it.

    Examples
    --------
    >>> [round(value, 4) for value in share(0, 1000)]
    [0.0, 0.0008, 0.0, 0.003]
    """
    if n < 2:
        return NOT_ESTIMABLE
    # P(X > x) + P(X = x) / 2 rises with the rate; at the ends of the interval it is 0.025 and 0.975.
    low, high = 0.0, 1.0
    if x > 0:
        low = _root(x, n, 0.025, float(betaincinv(x, n - x + 1, 0.025)), x / n)
    if x < n:
        high = _root(x, n, 0.975, x / n, float(betaincinv(x + 1, n - x, 0.975)))
    error = float(np.sqrt(x * (n - x) / n)) / n
    return Estimate(x / n, error or (high - low) / (2 * _Z), low, high)


def _root(x: float, n: float, tail: float, low: float, high: float) -> float:
    def excess(p: float) -> float:
        above = betainc(x + 1, n - x, p) if x < n else 0.0
        return float(above + (betainc(x, n - x + 1, p) if x > 0 else 1.0)) / 2 - tail

    return float(brentq(excess, low, high, xtol=1e-15))


def mean(values: np.ndarray, weight: np.ndarray) -> Estimate:
    """Estimate a mean over trials, of which ``weight`` have each value; trials without a value do not count.

    Fewer than two such trials give no estimate, and trials that are all alike no error.

    Examples
    --------
    >>> [round(value, 3) for value in mean(np.array([1.0, 2.0]), np.array([50, 50]))]
    [1.5, 0.05, 1.4, 1.6]
    """
    there = ~np.isnan(values) & (weight > 0)
    values, weight = values[there], weight[there]
    total = float(weight.sum())
    if total < 2:
        return NOT_ESTIMABLE
    centre = float(values @ weight) / total
    if np.ptp(values) == 0:
        return Estimate(float(values[0]), *NOT_ESTIMABLE[1:])
    error = float(np.sqrt(((values - centre) ** 2 @ weight) / total / (total - 1)))
    reach = float(stdtrit(total - 1, 0.975)) * error
    return Estimate(centre, error, centre - reach, centre + reach)


def widened(found: Estimate, other_error: float) -> Estimate:
    """Add an independent error to an estimate's own."""
    if not other_error or not found.mc_error > 0:
        return found
    error = float(np.hypot(found.mc_error, other_error))
    reach = (found.high - found.estimate) * error / found.mc_error
    return Estimate(found.estimate, error, found.estimate - reach, found.estimate + reach)
