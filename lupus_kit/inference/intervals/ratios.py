"""Intervals for the risk ratio and the odds ratio, from large-sample statistics and from the conditional law."""

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import pairwise
from math import log

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln

from lupus_kit.inference.intervals.difference import score_interval, signed_root
from lupus_kit.inference.intervals.interval import Ends
from lupus_kit.inference.intervals.proportion import z_quantile
from lupus_kit.inference.two_by_two.conditional import WIDEST, weights
from lupus_kit.inference.two_by_two.counts import REACHES, FloatArray

# Odds ratios are searched between these logarithms; beyond them every table has one possible value.
_FARTHEST = 700.0


def _from_log(estimate: float, variance: float, level: float) -> tuple[float, float]:
    half = z_quantile(level) * float(np.sqrt(variance))
    return float(np.exp(estimate - half)), float(np.exp(estimate + half))


def katz(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Wald interval of the log risk ratio; nan where an arm has no responder."""
    if x1 == 0 or x2 == 0:
        return np.nan, np.nan
    return _from_log(float(np.log(x1 * n2 / (x2 * n1))), 1 / x1 - 1 / n1 + 1 / x2 - 1 / n2, level)


def _ratio_statistic(x1: int, n1: int, x2: int, n2: int, log_ratio: float) -> float:
    """Score statistic of one risk ratio: ``p1 - ratio * p2`` over its standard error under that ratio."""
    ratio = float(np.exp(log_ratio))
    # The rates of largest likelihood under p1 = ratio * p2: the smaller root of a quadratic.
    a, b = (n1 + n2) * ratio, n1 * ratio + x1 + n2 + x2 * ratio
    p2 = 2 * (x1 + x2) / (b + float(np.sqrt(max(b * b - 4 * a * (x1 + x2), 0.0))))
    p2 = min(p2, 1.0, 1.0 / ratio)
    p1 = min(ratio * p2, 1.0)
    variance = p1 * (1 - p1) / n1 + ratio**2 * p2 * (1 - p2) / n2
    return signed_root(x1 / n1 - ratio * x2 / n2, variance)


def koopman(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Score interval of the risk ratio (Koopman); at a ratio of 1 it is Pearson's test."""
    if x1 == 0 and x2 == 0:
        return 0.0, np.inf
    # Far out the statistic depends on the zero count alone, so these ends are safe for any table.
    far = 40.0
    estimate = float(np.log(x1 * n2 / (x2 * n1))) if x1 and x2 else far if x1 else -far
    low, high = score_interval(partial(_ratio_statistic, x1, n1, x2, n2), estimate, level, far)
    return (float(np.exp(low)) if x1 else 0.0), (float(np.exp(high)) if x2 else np.inf)


def woolf(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Wald interval of the log odds ratio; nan with an empty cell."""
    cells = (x1, n1 - x1, x2, n2 - x2)
    if 0 in cells:
        return np.nan, np.nan
    return _from_log(float(np.log(cells[0] * cells[3] / (cells[1] * cells[2]))), sum(1 / c for c in cells), level)


@lru_cache(maxsize=4096)
def log_weights(n1: int, n2: int, s: int) -> FloatArray:
    """Logarithms of the hypergeometric weights of one margin, up to a constant; in floats where it is very wide."""
    if (high := min(n1, s)) - (low := max(0, s - n2)) > WIDEST:
        k = np.arange(low, high + 1.0)
        return np.asarray(-gammaln(k + 1) - gammaln(n1 - k + 1) - gammaln(s - k + 1) - gammaln(n2 - s + k + 1))
    return np.array([log(way) for way in weights(n1, n2, s)])


def conditional_law(logs: FloatArray, log_odds: float) -> FloatArray:
    """P(X = k) given the margins under an odds ratio (noncentral hypergeometric)."""
    exponent = logs + log_odds * np.arange(len(logs))
    law = np.exp(exponent - exponent.max())
    return np.asarray(law / law.sum())


def conditional_odds_ratio(x1: int, n1: int, x2: int, n2: int) -> float:
    """Odds ratio of largest likelihood given the margins: the one under which ``x1`` is expected (Cornfield 1956).

    It is 0 or infinite where the margins allow no more extreme table, and nan where they allow only one.

    Examples
    --------
    >>> round(conditional_odds_ratio(16, 29, 9, 30), 4), 16 * 21 / (13 * 9)
    (2.8186, 2.871794871794872)
    """
    return likeliest_odds(*_margin(x1, n1, x2, n2))


def likeliest_odds(logs: FloatArray, k: int) -> float:
    """Return the odds ratio under which the table ``k`` of a margin is the mean."""
    if len(logs) == 1:
        return np.nan
    if k in (0, len(logs) - 1):
        return 0.0 if k == 0 else np.inf

    def excess(log_odds: float) -> float:
        return float(conditional_law(logs, log_odds) @ np.arange(len(logs))) - k

    return float(np.exp(brentq(excess, -_FARTHEST, _FARTHEST, xtol=1e-13)))


def _margin(x1: int, n1: int, x2: int, n2: int) -> tuple[FloatArray, int]:
    """Logarithms of the weights of a table's margin, and the table's place among them."""
    return log_weights(n1, n2, x1 + x2), x1 - max(0, x1 + x2 - n2)


def _both_ends(lowest: Callable[[FloatArray, int, float], float], logs: FloatArray, k: int, level: float) -> Ends:
    """Both ends from the lower one: counted from the other side, the largest odds ratio is one over the smallest."""
    last, alpha = len(logs) - 1, 1 - level
    low = float(np.exp(lowest(logs, k, alpha))) if k > 0 else 0.0
    return low, float(np.exp(-lowest(logs[::-1], last - k, alpha))) if k < last else np.inf


def equal_tails(logs: FloatArray, k: int, level: float, own: float) -> tuple[float, float]:
    """Return the odds ratios at which each tail, counting the table ``k`` with weight ``own``, holds half the error."""

    def lowest(logs: FloatArray, k: int, alpha: float) -> float:
        def excess(log_odds: float) -> float:
            law = conditional_law(logs, log_odds)
            return float(law[k + 1 :].sum() + own * law[k]) - alpha / 2

        return float(brentq(excess, -_FARTHEST, _FARTHEST, xtol=1e-13))

    return _both_ends(lowest, logs, k, level)


def conditional_exact(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Conditional exact interval of the odds ratio, equal tails (Cornfield): inverts doubled Fisher."""
    return equal_tails(*_margin(x1, n1, x2, n2), level, 1.0)


def conditional_midp(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Conditional mid-p interval of the odds ratio: inverts the doubled mid-p test."""
    return equal_tails(*_margin(x1, n1, x2, n2), level, 0.5)


def _first_above(p: Callable[[float, int], float], cuts: list[float], first: int = 0) -> float:
    """Where a p-value comes above its level, from left to right; at each cut one more table joins it."""
    for joined, (left, right) in enumerate(pairwise(cuts), start=first):
        if p(left, joined) > 0:
            return left
        if p(right, joined) > 0:
            return float(brentq(p, left, right, args=(joined,), xtol=1e-13))
    return cuts[-1]


def _lowest_odds(logs: FloatArray, k: int, alpha: float) -> float:
    """Logarithm of the smallest odds ratio that the point-probability test of table ``k`` does not reject.

    Left of the observed table, tables join the p-value one by one as the odds ratio grows: table ``j`` from the
    odds ratio on at which it is as probable as ``k``. Between two such places the p-value is 1 minus the
    probability of an inner run of tables, which has one peak, so its largest value is at an end.
    """
    joins = [float((logs[j] - logs[k]) / (k - j)) for j in range(k)]

    def p(log_odds: float, joined: int) -> float:
        law = conditional_law(logs, log_odds)
        return float(law[:joined].sum() + law[k:].sum()) - alpha

    return _first_above(p, [-_FARTHEST, *joins, _FARTHEST])


def baptista_pike(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Exact interval of the odds ratio from point probabilities (Baptista and Pike).

    It spans every odds ratio that the point-probability test does not reject. These need not be an unbroken
    stretch: rarely Fisher's test rejects an odds ratio of 1 that the interval holds.
    """
    weights(n1, n2, x1 + x2)  # refuses a margin on which the search would take hours
    return _both_ends(_lowest_odds, *_margin(x1, n1, x2, n2), level)


def _lowest_blaker(logs: FloatArray, k: int, alpha: float) -> float:
    """Logarithm of the smallest odds ratio that Blaker's test of table ``k`` does not reject.

    Left of the estimate the p-value is the upper tail of the table plus every lower tail that is no larger. It is at
    most twice the upper tail, so the search starts where that is ``alpha / 2``; from where it is ``alpha`` on, or the
    larger of the table's tails, nothing is rejected. In between lower tails join one by one, and between two such
    places the p-value is 1 minus the probability of an inner run, as in :func:`_lowest_odds`.
    """

    def tails(log_odds: float) -> tuple[FloatArray, float]:
        law = conditional_law(logs, log_odds)
        return np.cumsum(law), float(law[k:].sum())

    def root(excess: Callable[[float], float]) -> float:
        found = float(brentq(excess, -_FARTHEST, _FARTHEST, xtol=1e-13))
        return found if abs(found) > 1e-11 else 0.0  # tails of symmetric tables are equal at an odds ratio of just 1

    def below(log_odds: float, j: int) -> float:
        lower, upper = tails(log_odds)
        return upper - float(lower[j])

    def p(log_odds: float, joined: int) -> float:
        lower, upper = tails(log_odds)
        return upper + (float(lower[joined - 1]) if joined else 0.0) - alpha * REACHES

    start = root(lambda x: tails(x)[1] - alpha / 2)
    end = root(lambda x: tails(x)[1] - min(alpha, float(tails(x)[0][k])))
    first, last = (int((lower[:k] <= upper).sum()) for lower, upper in (tails(start), tails(end)))
    cuts = [start, *(root(partial(below, j=j)) for j in range(first, last)), end]
    return _first_above(p, cuts, first)


def blaker(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Exact interval of the odds ratio from Blaker's test; within the conditional exact one.

    It spans every odds ratio that the test does not reject (Blaker 2000).
    """
    weights(n1, n2, x1 + x2)  # as there
    return _both_ends(_lowest_blaker, *_margin(x1, n1, x2, n2), level)
