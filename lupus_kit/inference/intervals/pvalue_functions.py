"""p-value functions: one test, asked about every size of effect, not only about none.

The p-value of "no effect" is one point of a curve. The curve peaks at the estimate, and where it crosses 0.05 are
the ends of the 95% confidence interval. Each test has the measure it speaks about: a difference of rates, a ratio,
an odds ratio, or a difference on the arcsine scale.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar
from scipy.special import bdtr

from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.difference import constrained_rates, constrained_variance
from lupus_kit.inference.intervals.interval import Ends
from lupus_kit.inference.intervals.ratios import conditional_law, log_weights
from lupus_kit.inference.margins import shifted
from lupus_kit.inference.two_by_two.asymptotic import divergence, standardised
from lupus_kit.inference.two_by_two.bernstein import basis, log_choose
from lupus_kit.inference.two_by_two.conditional import CONDITIONAL, tail_sums
from lupus_kit.inference.two_by_two.counts import Count, FloatArray, Table, broadcast_tables, one_table
from lupus_kit.inference.two_by_two.pearson import normal_pvalue
from lupus_kit.inference.two_by_two.registry import TESTS, Test, get, pvalue
from lupus_kit.inference.two_by_two.unconditional import BERGER_BOOS_GAMMA

_Rate = Callable[[FloatArray], FloatArray]
Correction = Callable[[int, int], float]
# Probabilities and tails away from the null value are floats; closer than this, relatively, they count as equal.
_EQUAL = 1 + 1e-9


def _two_sided(distance: float, variance: float = 1.0) -> float:
    return float(normal_pvalue(standardised(distance, variance), "two-sided"))


def _moved(table: Table, null: float, key: str) -> float:
    """Test of the registry whose statistic takes an effect as the null hypothesis, a ratio by its logarithm."""
    return float(TESTS[key].function(*np.array(table), "two-sided", null=null))


# --- difference of rates -----------------------------------------------------------------------------------------


def _corrected(table: Table, d: float, correction: Correction, n_minus_1: bool = False) -> float:
    """Score test at the rates of largest likelihood with that difference; the correction is never past zero."""
    x1, n1, x2, n2 = table
    distance = max(abs(x1 / n1 - x2 / n2 - d) - correction(n1, n2), 0.0)
    return _two_sided(distance, float(constrained_variance(*table, d, n_minus_1)))


def _divergence(table: Table, d: float, power: float) -> float:
    """Likelihood ratio (power 0) or power divergence of the counts from the best rates with that difference."""
    x1, n1, x2, n2 = table
    p1, p2 = (float(rate) for rate in constrained_rates(*table, d))
    observed = np.array([x1, n1 - x1, x2, n2 - x2], dtype=np.float64)
    expected = np.array([n1 * p1, n1 * (1 - p1), n2 * p2, n2 * (1 - p2)])
    if (observed[expected <= 0] > 0).any():
        return 0.0
    return _two_sided(float(np.sqrt(np.maximum(divergence(observed, expected, power), 0.0))))


def _shifted(table: Table, d: float, key: str) -> float:
    """Test of this difference as the null hypothesis."""
    return float(shifted.pvalues(key, *broadcast_tables(*table), "two-sided", d))


def _largest_probability(region: FloatArray, first_rate: _Rate, low: float, high: float) -> float:
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


def _barnard_berger_boos(table: Table, d: float) -> float:
    region = shifted.as_extreme("barnard", *table, "two-sided", d).astype(np.float64)

    def first_rate(p2: FloatArray) -> FloatArray:
        return p2 + d

    ends = _nuisance_interval(table, first_rate, max(0.0, -d), min(1.0, 1.0 - d), BERGER_BOOS_GAMMA)
    return min(_largest_probability(region, first_rate, *ends) + BERGER_BOOS_GAMMA, 1.0)


def _nuisance_interval(table: Table, first_rate: _Rate, low: float, high: float, gamma: float) -> Ends:
    """Confidence interval of the second rate from all responders together, whose law is monotone in it."""
    x1, n1, x2, n2 = table
    s = x1 + x2

    def at_most(count: int, p2: float) -> float:
        p1 = float(np.clip(first_rate(np.array(p2)), 0.0, 1.0))
        k = np.arange(n1 + 1)
        law = basis(n1, np.array(p1))
        rest = np.where(count - k < 0, 0.0, bdtr(np.clip(count - k, 0, n2), n2, p2))
        return float(law @ rest)

    def left(p2: float) -> float:
        return (1 - at_most(s - 1, p2) if s else 1.0) - gamma / 2

    def right(p2: float) -> float:
        return at_most(s, p2) - gamma / 2

    start = float(brentq(left, low, high, xtol=1e-13)) if left(low) < 0 < left(high) else low
    end = float(brentq(right, low, high, xtol=1e-13)) if right(high) < 0 < right(low) else high
    return start, max(start, end)


# --- odds ratio --------------------------------------------------------------------------------------------------


def _conditional(table: Table, log_odds: float, key: str) -> float:
    x1, n1, x2, n2 = table
    s, low = x1 + x2, max(0, x1 + x2 - n2)
    law = conditional_law(log_weights(n1, n2, s), log_odds)
    p, _ = tail_sums(key, "two-sided", law[None, :], n1, n2, s, low, exact=False)
    return min(float(p[0, x1 - low]), 1.0)


@lru_cache(maxsize=256)
def boschloo_order(n1: int, n2: int, log_odds: float, side: str) -> FloatArray:
    """Return Fisher's p-value of every table under an odds ratio, shape ``(n1 + 1, n2 + 1)``: Boschloo's order."""
    s, k = np.arange(n1 + n2 + 1)[:, None], np.arange(n1 + 1)
    possible = (s >= k) & (s - k <= n2)
    logs = log_choose(n1) + log_choose(n2)[np.clip(s - k, 0, n2)] + log_odds * k
    ways = np.exp(np.where(possible, logs, -np.inf) - logs.max(axis=1, keepdims=True, where=possible, initial=-np.inf))
    p, _ = tail_sums("fisher", side, ways / ways.sum(axis=1, keepdims=True), n1, n2, 0, 0, exact=False)
    x1, x2 = np.indices((n1 + 1, n2 + 1))
    order = np.asarray(p[x1 + x2, x1])
    order.flags.writeable = False
    return order


def _boschloo(table: Table, log_odds: float, sides: Sequence[str] = ("greater", "less"), gamma: float = 0.0) -> float:
    x1, n1, x2, n2 = table
    odds = float(np.exp(log_odds))

    def first_rate(p2: FloatArray) -> FloatArray:
        return np.asarray(odds * p2 / (1 - p2 + odds * p2))

    low, high = _nuisance_interval(table, first_rate, 0.0, 1.0, gamma) if gamma else (0.0, 1.0)
    found = []
    for side in sides:
        order = boschloo_order(n1, n2, log_odds, side)
        region = (order <= order[x1, x2] * _EQUAL).astype(np.float64)
        found.append(_largest_probability(region, first_rate, low, high) + gamma)
    return min(len(sides) * min(found), 1.0)


_DIFFERENCE, _RATIO, _ODDS, _H = "risk difference", "risk ratio", "odds ratio", "arcsine difference"

#: The measure that each test speaks about, and its p-value at one value of it (of its logarithm, for a ratio).
CURVES: dict[str, tuple[str, Callable[[Table, float], float]]] = {
    **{key: (_DIFFERENCE, partial(_shifted, key=key)) for key in shifted.STATISTICS},
    "yates": (_DIFFERENCE, partial(_corrected, correction=lambda n1, n2: (1 / n1 + 1 / n2) / 2)),
    "mann_whitney": (_DIFFERENCE, partial(_corrected, n_minus_1=True, correction=lambda n1, n2: 1 / (n1 * n2))),
    "likelihood_ratio": (_DIFFERENCE, partial(_divergence, power=0)),
    "cressie_read": (_DIFFERENCE, partial(_divergence, power=2 / 3)),
    **{key: (_DIFFERENCE, partial(_moved, key=key)) for key, test in TESTS.items() if test.symbol == "t"},
    "barnard_berger_boos": (_DIFFERENCE, _barnard_berger_boos),
    **{key: (_ODDS, partial(_conditional, key=key)) for key in CONDITIONAL},
    **{key: (_ODDS, partial(_moved, key=key)) for key in ("log_odds_wald", "haldane_anscombe")},
    "boschloo": (_ODDS, _boschloo),
    "boschloo_minlike": (_ODDS, partial(_boschloo, sides=("two-sided",))),
    "boschloo_berger_boos": (_ODDS, partial(_boschloo, gamma=BERGER_BOOS_GAMMA)),
    "log_risk_ratio_wald": (_RATIO, partial(_moved, key="log_risk_ratio_wald")),
    **{key: (_H, partial(_moved, key=key)) for key in ("arcsine", "anscombe_arcsine")},
}


def curve_measure(test: str | Test) -> str:
    """Return the measure that a test's p-value function is about.

    See Also
    --------
    confidence_curve, intervals

    Examples
    --------
    >>> curve_measure("pearson"), curve_measure("fisher")
    ('risk difference', 'odds ratio')
    """
    return _curve(get(test))[0]


def _curve(test: Test) -> tuple[str, Callable[[Table, float], float]]:
    if test.key not in CURVES:
        raise InputError(f"test {test.key!r} has no p-value function yet; those that have: {', '.join(CURVES)}.")
    return CURVES[test.key]


def _values(measure: str, values: ArrayLike | None) -> FloatArray:
    if values is None:
        if measure in (_RATIO, _ODDS):
            return np.exp(np.linspace(np.log(0.1), np.log(100.0), 121))
        return np.linspace(-0.99, 0.99, 133) if measure == _DIFFERENCE else np.linspace(-3.0, 3.0, 121)
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if measure == _DIFFERENCE and not (np.abs(array) < 1).all():
        raise InputError("values: a difference of rates lies strictly between -1 and 1.")
    if measure in (_RATIO, _ODDS) and not ((array > 0) & np.isfinite(array)).all():
        raise InputError(f"values: every {measure} is a positive number.")
    return array


def confidence_curve(
    test: str | Test, x1: int, n1: Count = None, x2: Count = None, n2: Count = None, values: ArrayLike | None = None
) -> pd.DataFrame:
    """Compute the p-value function of one test: its two-sided p for each size of effect.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    values : array of float, optional
        Effects to test, in the measure of the test (see :func:`curve_measure`); a grid by default.

    Returns
    -------
    pandas.DataFrame
        Columns ``test``, ``label``, ``measure``, ``value`` and ``p``. At no effect, p is the test's own p-value.

    Raises
    ------
    InputError
        Unknown test, counts that do not fit together, or impossible effects.

    See Also
    --------
    curve_measure, intervals

    Notes
    -----
    Away from no effect the score tests use the rates of largest likelihood with that difference; conditional tests
    the noncentral hypergeometric law; Barnard's orders the score (or Wald) statistic of that difference, and
    Boschloo's the conditional p-value of that odds ratio, both with the supremum over the remaining rate.

    References
    ----------
    Poole C. Am J Public Health 1987;77:195-199. Fay MP. Biostatistics 2010;11:373-374.

    Examples
    --------
    >>> confidence_curve("pearson", 16, 29, 9, 30, values=[0.0, 16 / 29 - 9 / 30])["p"].round(4).tolist()
    [0.0504, 1.0]
    """
    entry = get(test)
    table = one_table(x1, n1, x2, n2)
    measure, function = _curve(entry)
    grid = _values(measure, values)
    null = 1.0 if measure in (_RATIO, _ODDS) else 0.0
    scale = np.log(grid) if measure in (_RATIO, _ODDS) else grid
    # At no effect the registry decides ties in whole numbers.
    at = zip(grid, scale, strict=True)
    p = [float(pvalue(entry, *table)) if value == null else function(table, float(where)) for value, where in at]
    return pd.DataFrame({"test": entry.key, "label": entry.label, "measure": measure, "value": grid, "p": p})
