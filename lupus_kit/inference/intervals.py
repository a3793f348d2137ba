"""Confidence intervals for the difference, the ratio and the odds ratio of two response rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from lupus_kit.inference._counts import as_level, broadcast_tables


@dataclass(frozen=True)
class Interval:
    """One confidence interval.

    Attributes
    ----------
    key, label : str
        Name of the method in the code and in print.
    measure : str
        ``"risk difference"``, ``"risk ratio"`` or ``"odds ratio"``.
    estimate, low, high : float
        Point estimate and both ends; ``nan`` where the method has none.
    level : float
        Confidence level.
    inverts : str
        Key of the test that the interval agrees with, or empty.
    """

    key: str
    label: str
    measure: str
    estimate: float
    low: float
    high: float
    level: float
    inverts: str = ""

    @property
    def null_value(self) -> float:
        """The value of the measure when the rates are equal."""
        return 0.0 if self.measure == "risk difference" else 1.0


def _z(level: float) -> float:
    return float(ndtri(0.5 + level / 2))


def wald(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Unpooled Wald interval of the risk difference."""
    p1, p2 = x1 / n1, x2 / n2
    half = _z(level) * float(np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2))
    return p1 - p2 - half, p1 - p2 + half


def agresti_caffo(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Wald interval after adding one responder and one non-responder to each arm, within [-1, 1]."""
    low, high = wald(x1 + 1, n1 + 2, x2 + 1, n2 + 2, level)
    return max(low, -1.0), min(high, 1.0)


def wilson(x: int, n: int, level: float) -> tuple[float, float]:
    """Wilson score interval of one response rate.

    Examples
    --------
    >>> tuple(round(end, 4) for end in wilson(16, 29, 0.95))
    (0.3755, 0.7159)
    """
    z2 = _z(level) ** 2
    centre = (x + z2 / 2) / (n + z2)
    half = float(np.sqrt(z2 * (x * (n - x) / n + z2 / 4))) / (n + z2)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def newcombe(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Newcombe's hybrid score interval of the risk difference: two Wilson intervals, squared and added."""
    p1, p2 = x1 / n1, x2 / n2
    (low1, high1), (low2, high2) = wilson(x1, n1, level), wilson(x2, n2, level)
    low = p1 - p2 - float(np.hypot(p1 - low1, high2 - p2))
    return low, p1 - p2 + float(np.hypot(high1 - p1, p2 - low2))


def constrained_rates(x1: int, n1: int, x2: int, n2: int, difference: float) -> tuple[float, float]:
    """Maximum-likelihood rates under ``p1 - p2 = difference``.

    Notes
    -----
    The second rate is a root of a cubic; the trigonometric form gives the one inside the allowed range
    (Miettinen and Nurminen 1985, appendix).

    Examples
    --------
    >>> constrained_rates(16, 29, 9, 30, 0.0) == (25 / 59, 25 / 59)
    True
    """
    total, s, d = n1 + n2, x1 + x2, difference
    if d == 0:
        return s / total, s / total
    a3, a2 = total, (n1 + 2 * n2) * d - total - s
    a1 = (n2 * d - total - 2 * x2) * d + s
    a0 = x2 * d * (1 - d)
    q = (a2 / (3 * a3)) ** 3 - a1 * a2 / (6 * a3**2) + a0 / (2 * a3)
    r2 = (a2 / (3 * a3)) ** 2 - a1 / (3 * a3)
    r = np.copysign(np.sqrt(max(r2, 0.0)), q)
    angle = (np.pi + np.arccos(np.clip(q / r**3, -1.0, 1.0))) / 3 if r else np.pi / 2
    p2 = float(np.clip(2 * r * np.cos(angle) - a2 / (3 * a3), max(0.0, -d), min(1.0, 1.0 - d)))
    return p2 + d, p2


def _score_statistic(x1: int, n1: int, x2: int, n2: int, difference: float, factor: float) -> float:
    p1, p2 = constrained_rates(x1, n1, x2, n2, difference)
    variance = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * factor
    distance = x1 / n1 - x2 / n2 - difference
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-15 else float(np.copysign(np.inf, distance))
    return distance / float(np.sqrt(variance))


def _score(x1: int, n1: int, x2: int, n2: int, level: float, factor: float) -> tuple[float, float]:
    """Differences whose score statistic is within the normal quantile: the test, inverted."""
    z, estimate = _z(level), x1 / n1 - x2 / n2

    def excess(difference: float, sign: float) -> float:
        value = sign * _score_statistic(x1, n1, x2, n2, difference, factor)
        return min(value, 1e6) - z

    low = brentq(excess, -1.0, estimate, args=(1.0,), xtol=1e-13) if excess(-1.0, 1.0) > 0 else -1.0
    high = brentq(excess, estimate, 1.0, args=(-1.0,), xtol=1e-13) if excess(1.0, -1.0) > 0 else 1.0
    return float(low), float(high)


def miettinen_nurminen(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Score interval of the risk difference, variance times N/(N - 1)."""
    return _score(x1, n1, x2, n2, level, (n1 + n2) / (n1 + n2 - 1))


def mee(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Score interval of the risk difference without the factor N/(N - 1): inverts Pearson's test."""
    return _score(x1, n1, x2, n2, level, 1.0)


def _from_log(estimate: float, variance: float, level: float) -> tuple[float, float]:
    half = _z(level) * float(np.sqrt(variance))
    return float(np.exp(estimate - half)), float(np.exp(estimate + half))


def katz(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Wald interval of the log risk ratio; nan where an arm has no responder."""
    if x1 == 0 or x2 == 0:
        return np.nan, np.nan
    return _from_log(float(np.log(x1 * n2 / (x2 * n1))), 1 / x1 - 1 / n1 + 1 / x2 - 1 / n2, level)


def woolf(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Wald interval of the log odds ratio; nan with an empty cell."""
    cells = (x1, n1 - x1, x2, n2 - x2)
    if 0 in cells:
        return np.nan, np.nan
    return _from_log(float(np.log(cells[0] * cells[3] / (cells[1] * cells[2]))), sum(1 / c for c in cells), level)


def conditional_exact(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Conditional exact (Cornfield–Fisher) interval of the odds ratio, equal tails."""
    from scipy.stats.contingency import odds_ratio

    interval = odds_ratio([[x1, n1 - x1], [x2, n2 - x2]], kind="conditional").confidence_interval(level)
    return float(interval.low), float(interval.high)


_METHODS = (
    ("wald", "Wald", "risk difference", wald, "wald_unpooled"),
    ("agresti_caffo", "Agresti–Caffo", "risk difference", agresti_caffo, ""),
    ("newcombe", "Newcombe hybrid score", "risk difference", newcombe, ""),
    ("miettinen_nurminen", "Miettinen–Nurminen", "risk difference", miettinen_nurminen, "miettinen_nurminen"),
    ("mee", "Mee", "risk difference", mee, "pearson"),
    ("katz", "Katz (log)", "risk ratio", katz, "log_risk_ratio_wald"),
    ("woolf", "Woolf (log)", "odds ratio", woolf, "log_odds_wald"),
    ("conditional_exact", "conditional exact", "odds ratio", conditional_exact, "fisher_doubled"),
)


def _estimates(x1: int, n1: int, x2: int, n2: int) -> dict[str, float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "risk difference": x1 / n1 - x2 / n2,
            "risk ratio": float(np.float64(x1 * n2) / (x2 * n1)),
            "odds ratio": float(np.float64(x1 * (n2 - x2)) / ((n1 - x1) * x2)),
        }


def intervals(x1: int, n1: int, x2: int, n2: int, level: float = 0.95) -> list[Interval]:
    """Every interval of one table.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    level : float
        Confidence level.

    Returns
    -------
    list of Interval
        Methods for the risk difference first, then the risk ratio, then the odds ratio.

    References
    ----------
    Newcombe RG. Stat Med 1998;17:873-890. Miettinen O, Nurminen M. Stat Med 1985;4:213-226.
    Mee RW. Biometrics 1984;40:1175-1176. Agresti A, Caffo B. Am Stat 2000;54:280-288.
    """
    a, m, b, n = (int(v) for v in broadcast_tables(x1, n1, x2, n2))
    level = as_level("level", level)
    estimates = _estimates(a, m, b, n)
    return [
        Interval(key, label, measure, estimates[measure], *method(a, m, b, n, level), level, inverts)
        for key, label, measure, method, inverts in _METHODS
    ]
