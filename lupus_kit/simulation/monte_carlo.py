"""Estimates from simulated trials, with what their number leaves open."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, ndtri, stdtrit

from lupus_kit.inference.intervals.proportion import clopper_pearson

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

    The interval is the exact one with mid-p (Berry G, Armitage P. Statistician 1995;44:417-423): it holds the truth in close to
    95 % of runs for common and for rare events, where the one of Wilson may hold it in 84 % and that of Clopper and Pearson
    in nearly all. Where none or all of the trials have the event, the usual standard error would be 0: half the interval in
    units of 1.96 stands for it.

    Examples
    --------
    >>> [round(value, 4) for value in share(0, 1000)]
    [0.0, 0.0008, 0.0, 0.003]
    """
    if n < 2:
        return NOT_ESTIMABLE
    # The ends lie inside those of Clopper and Pearson: P(X > x) + P(X = x) / 2, which rises with the rate, is 0.025 and 0.975.
    least, most = clopper_pearson(round(x), round(n), 0.95)

    def excess(rate: float, tail: float) -> float:
        above = betainc(x + 1, n - x, rate) if x < n else 0.0
        return float(above + (betainc(x, n - x + 1, rate) if x > 0 else 1.0)) / 2 - tail

    low = brentq(excess, least, x / n, args=(0.025,), xtol=1e-15) if x > 0 else 0.0
    high = brentq(excess, x / n, most, args=(0.975,), xtol=1e-15) if x < n else 1.0
    error = float(np.sqrt(x * (n - x) / n)) / n
    return Estimate(x / n, error or (high - low) / (2 * _Z), float(low), float(high))


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


def in_words(row: Mapping[str, Any]) -> str:
    """Write an estimate with its error in brackets, in the digits that are shown; a ``status`` says why there is none.

    Examples
    --------
    >>> in_words({"estimate": 0.25, "mc_error": 0.00001}), in_words({"estimate": 60.0, "mc_error": 0.0})
    ('0.2500 (<0.0001)', '60.0')
    """
    estimate, error = row["estimate"], row["mc_error"]
    if np.isnan(estimate):
        return "not estimable" if row.get("status") == "not estimable" else "–"
    places = 4 if abs(estimate) < 10 else 1
    if error == 0:
        return f"{estimate:.{places}f}"
    least = 10.0**-places
    shown = (
        "error not estimable" if np.isnan(error) else f"{'' if error >= least else '<'}{max(error, least):.{places}f}"
    )
    return f"{estimate:.{places}f} ({shown})"
