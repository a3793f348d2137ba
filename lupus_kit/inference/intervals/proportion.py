"""Intervals for one response rate."""

from typing import TypeVar

from scipy.special import betaincinv, ndtri

from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.interval import Interval, Intervals, one_sided
from lupus_kit.inference.two_by_two.counts import FloatArray, as_alternative, as_confidence, as_count

#: One count or rate, or an array of them.
Number = TypeVar("Number", float, FloatArray)


def z_quantile(level: float) -> float:
    """Return the normal quantile of a two-sided level, 1.96 for 0.95."""
    return float(ndtri(0.5 + level / 2))


def wilson(x: Number, n: Number, level: float) -> tuple[Number, Number]:
    """Wilson score interval of one response rate, or of many.

    Examples
    --------
    >>> tuple(round(end, 4) for end in wilson(16, 29, 0.95))
    (0.3755, 0.7159)
    """
    z2 = z_quantile(level) ** 2
    # At both ends one root of the quadratic is exactly 0 or 1.
    centre = (x + z2 / 2) / (n + z2)
    half = (z2 * (x * (n - x) / n + z2 / 4)) ** 0.5 / (n + z2)
    return (centre - half) * (x > 0), (centre + half) * (x < n) + (x == n)


def clopper_pearson(x: int, n: int, level: float) -> tuple[float, float]:
    """Clopper–Pearson exact interval of one response rate: two one-sided binomial tests, inverted.

    Examples
    --------
    >>> tuple(round(end, 4) for end in clopper_pearson(0, 29, 0.95))
    (0.0, 0.1194)
    """
    tail = (1 - level) / 2
    low = float(betaincinv(x, n - x + 1, tail)) if x else 0.0
    return low, float(betaincinv(x + 1, n - x, 1 - tail)) if x < n else 1.0


def jeffreys(x: int, n: int, level: float) -> tuple[float, float]:
    """Jeffreys interval of one response rate: posterior quantiles, moved to 0 or 1 at the ends.

    Examples
    --------
    >>> jeffreys(0, 29, 0.95)[0]
    0.0
    """
    tail = (1 - level) / 2
    low = float(betaincinv(x + 0.5, n - x + 0.5, tail)) if x else 0.0
    return low, float(betaincinv(x + 0.5, n - x + 0.5, 1 - tail)) if x < n else 1.0


_METHODS = (
    ("wilson", "Wilson score", wilson),
    ("clopper_pearson", "Clopper–Pearson exact", clopper_pearson),
    ("jeffreys", "Jeffreys", jeffreys),
)


def proportion(
    x: int, n: int, level: float = 0.95, alpha: float | None = None, alternative: str = "two-sided"
) -> Intervals:
    """Return every interval of one response rate.

    Parameters
    ----------
    x, n : int
        Responders and patients.
    level : float
        Confidence level, such as 0.95.
    alpha : float, optional
        Instead of the level: ``1 - level``.
    alternative : {"two-sided", "greater", "less"}
        One-sided intervals: ``"greater"`` gives lower limits, ``"less"`` upper ones.

    Returns
    -------
    Intervals
        A tuple of :class:`Interval` that reads as a table: ``key label measure estimate low high level inverts``.

    Raises
    ------
    InputError
        Counts that are arrays or not whole numbers, more responders than patients, an impossible level.

    See Also
    --------
    upper_limit, intervals

    References
    ----------
    Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133.

    Examples
    --------
    >>> proportion(16, 29).round(3)[["key", "low", "high"]]
                   key    low   high
    0           wilson  0.375  0.716
    1  clopper_pearson  0.357  0.736
    2         jeffreys  0.373  0.721
    """
    k, m, confidence = as_count("x", x), as_count("n", n, 1), as_confidence(level, alpha)
    side = as_alternative(alternative)
    if k > m:
        raise InputError(f"x == {x!r} is larger than n == {n!r}: responders cannot outnumber the patients.")
    measure = "response rate"
    return Intervals(
        Interval(key, label, measure, k / m, *one_sided(method, (k, m), measure, confidence, side), confidence)
        for key, label, method in _METHODS
    )
