"""p-value functions: one test, asked about every size of effect, not only about none.

The p-value of "no effect" is one point of a curve. The curve peaks at the estimate, and where it crosses 0.05 are
the ends of the 95% confidence interval. Each test has the measure it speaks about: a difference of rates, a ratio,
an odds ratio, or a difference on the arcsine scale.
"""

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import bdtr, ndtr, stdtr, xlogy

from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.difference import constrained_rates
from lupus_kit.inference.intervals.exact_difference import largest_probability
from lupus_kit.inference.intervals.ratios import conditional_law, log_weights
from lupus_kit.inference.margins import shifted
from lupus_kit.inference.two_by_two.asymptotic import robust_variances
from lupus_kit.inference.two_by_two.bernstein import basis
from lupus_kit.inference.two_by_two.counts import FloatArray, broadcast_tables, one_table
from lupus_kit.inference.two_by_two.registry import Test, get, pvalue
from lupus_kit.inference.two_by_two.unconditional import BERGER_BOOS_GAMMA

_Table = tuple[int, int, int, int]
Correction = Callable[[int, int], float]
# Probabilities and tails away from the null value are floats; closer than this, relatively, they count as equal.
_EQUAL = 1 + 1e-9


def _two_sided(z: float) -> float:
    return float(2 * ndtr(-abs(z)))


def _student(t: float, df: float) -> float:
    return float(2 * stdtr(df, -abs(t)))


def _over(distance: float, variance: float) -> float:
    """Standardise a distance, quietly: 0/0 is nan, a/0 infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.float64(distance) / np.sqrt(np.float64(variance)))


# --- difference of rates -----------------------------------------------------------------------------------------


def _corrected(table: _Table, d: float, correction: Correction, n_minus_1: bool = False) -> float:
    """Score test at the rates of largest likelihood with that difference; the correction is never past zero."""
    x1, n1, x2, n2 = table
    p1, p2 = (float(rate) for rate in constrained_rates(*table, d))
    distance = max(abs(x1 / n1 - x2 / n2 - d) - correction(n1, n2), 0.0)
    factor = (n1 + n2) / (n1 + n2 - 1) if n_minus_1 else 1.0
    return _two_sided(_over(distance, (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * factor))


def _divergence(table: _Table, d: float, power: float) -> float:
    """Likelihood ratio (power 0) or power divergence of the counts from the best rates with that difference."""
    x1, n1, x2, n2 = table
    p1, p2 = (float(rate) for rate in constrained_rates(*table, d))
    observed = np.array([x1, n1 - x1, x2, n2 - x2], dtype=np.float64)
    expected = np.array([n1 * p1, n1 * (1 - p1), n2 * p2, n2 * (1 - p2)])
    if (observed[expected <= 0] > 0).any():
        return 0.0
    ratio = np.divide(observed, expected, out=np.ones(4), where=expected > 0)
    terms = xlogy(observed, ratio) if power == 0 else observed * (ratio**power - 1) / (power * (power + 1))
    return _two_sided(float(np.sqrt(max(2 * terms.sum(), 0.0))))


def _student_t(table: _Table, d: float) -> float:
    x1, n1, x2, n2 = table
    df = n1 + n2 - 2
    squares = x1 * (n1 - x1) / n1 + x2 * (n2 - x2) / n2
    return _student(_over(x1 / n1 - x2 / n2 - d, squares / df * (1 / n1 + 1 / n2)), df) if df else float("nan")


def _welch_t(table: _Table, d: float) -> float:
    x1, n1, x2, n2 = table
    if min(n1, n2) < 2:
        return float("nan")
    v1, v2 = x1 * (n1 - x1) / (n1**2 * (n1 - 1)), x2 * (n2 - x2) / (n2**2 * (n2 - 1))
    df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1)) if v1 + v2 else 1.0
    return _student(_over(x1 / n1 - x2 / n2 - d, v1 + v2), df)


def _robust_t(table: _Table, d: float, kind: str) -> float:
    x1, n1, x2, n2 = table
    variance = float(sum(robust_variances(kind, *np.array(table))))
    return _student(_over(x1 / n1 - x2 / n2 - d, variance), n1 + n2 - 2) if n1 + n2 > 2 else float("nan")


def _shifted(table: _Table, d: float, key: str) -> float:
    """Test of this difference as the null hypothesis."""
    return float(shifted.pvalues(key, *broadcast_tables(*table), "two-sided", d))


def _barnard_berger_boos(table: _Table, d: float) -> float:
    region = shifted.as_extreme("barnard", *table, "two-sided", d).astype(np.float64)

    def first_rate(p2: FloatArray) -> FloatArray:
        return p2 + d

    ends = _nuisance_interval(table, first_rate, max(0.0, -d), min(1.0, 1.0 - d), BERGER_BOOS_GAMMA)
    return min(largest_probability(region, first_rate, *ends) + BERGER_BOOS_GAMMA, 1.0)


def _nuisance_interval(
    table: _Table, first_rate: Callable[[FloatArray], FloatArray], low: float, high: float, gamma: float
) -> tuple[float, float]:
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


def _log_odds_wald(table: _Table, log_odds: float, added: float = 0.0) -> float:
    x1, n1, x2, n2 = table
    cells = np.array([x1, n1 - x1, x2, n2 - x2], dtype=np.float64) + added
    if (cells == 0).any():
        return float("nan")
    estimate = float(np.log(cells[0] * cells[3] / (cells[1] * cells[2])))
    return _two_sided(_over(estimate - log_odds, float((1 / cells).sum())))


def _conditional_pvalues(key: str, law: FloatArray) -> FloatArray:
    """p-values of every table of one margin under one odds ratio."""
    upper, lower = np.cumsum(law[::-1])[::-1], np.cumsum(law)
    if key == "fisher_doubled":
        return np.asarray(np.minimum(2 * np.minimum(upper, lower), 1.0))
    if key == "fisher_midp_doubled":
        return np.asarray(np.minimum(2 * np.minimum(upper, lower) - law, 1.0))
    order = np.minimum(upper, lower) if key == "blaker" else law
    inside = order[None, :] <= order[:, None] * _EQUAL
    if key == "fisher_midp":
        tied = inside & (order[None, :] * _EQUAL >= order[:, None])
        return np.asarray(np.minimum((inside - 0.5 * tied) @ law, 1.0))
    return np.asarray(np.minimum(inside @ law, 1.0))


def _conditional(table: _Table, log_odds: float, key: str) -> float:
    x1, n1, x2, n2 = table
    law = conditional_law(log_weights(n1, n2, x1 + x2), log_odds)
    return float(_conditional_pvalues(key, law)[x1 - max(0, x1 + x2 - n2)])


@lru_cache(maxsize=256)
def boschloo_order(n1: int, n2: int, log_odds: float, side: str) -> FloatArray:
    """Return Fisher's p-value of every table under an odds ratio, shape ``(n1 + 1, n2 + 1)``: Boschloo's order."""
    order = np.empty((n1 + 1, n2 + 1))
    for s in range(n1 + n2 + 1):
        law = conditional_law(log_weights(n1, n2, s), log_odds)
        if side == "greater":
            values = np.cumsum(law[::-1])[::-1]
        else:
            values = np.cumsum(law) if side == "less" else _conditional_pvalues("fisher", law)
        x1 = np.arange(max(0, s - n2), min(n1, s) + 1)
        order[x1, s - x1] = values
    order.flags.writeable = False
    return order


def _boschloo(
    table: _Table, log_odds: float, sides: tuple[str, ...] = ("greater", "less"), gamma: float = 0.0
) -> float:
    x1, n1, x2, n2 = table
    odds = float(np.exp(log_odds))

    def first_rate(p2: FloatArray) -> FloatArray:
        return np.asarray(odds * p2 / (1 - p2 + odds * p2))

    low, high = _nuisance_interval(table, first_rate, 0.0, 1.0, gamma) if gamma else (0.0, 1.0)
    found = []
    for side in sides:
        order = boschloo_order(n1, n2, log_odds, side)
        region = (order <= order[x1, x2] * _EQUAL).astype(np.float64)
        found.append(largest_probability(region, first_rate, low, high) + gamma)
    return min(len(sides) * min(found), 1.0)


# --- ratio and arcsine -------------------------------------------------------------------------------------------


def _log_ratio_wald(table: _Table, log_ratio: float) -> float:
    x1, n1, x2, n2 = table
    if not x1 or not x2:
        return float("nan")
    return _two_sided(_over(float(np.log(x1 * n2 / (x2 * n1))) - log_ratio, 1 / x1 - 1 / n1 + 1 / x2 - 1 / n2))


def _arcsine(table: _Table, h: float, anscombe: bool = False) -> float:
    _, n1, _, n2 = table
    variance = 1 / (n1 + 0.5) + 1 / (n2 + 0.5) if anscombe else 1 / n1 + 1 / n2
    return _two_sided(_over(arcsine_difference(*table, anscombe) - h, variance))


def arcsine_difference(x1: int, n1: int, x2: int, n2: int, anscombe: bool = False) -> float:
    """Return Cohen's h, or with ``anscombe`` the one of counts with 3/8 added."""
    count, total = (3 / 8, 3 / 4) if anscombe else (0.0, 0.0)
    first, second = (float(np.arcsin(np.sqrt((x + count) / (n + total)))) for x, n in ((x1, n1), (x2, n2)))
    return 2 * (first - second)


_DIFFERENCE, _RATIO, _ODDS, _H = "risk difference", "risk ratio", "odds ratio", "arcsine difference"

#: The measure that each test speaks about, and its p-value at one value of it (of its logarithm, for a ratio).
CURVES: dict[str, tuple[str, Callable[[_Table, float], float]]] = {
    **{key: (_DIFFERENCE, partial(_shifted, key=key)) for key in shifted.STATISTICS},
    "yates": (_DIFFERENCE, partial(_corrected, correction=lambda n1, n2: (1 / n1 + 1 / n2) / 2)),
    "mann_whitney": (_DIFFERENCE, partial(_corrected, n_minus_1=True, correction=lambda n1, n2: 1 / (n1 * n2))),
    "likelihood_ratio": (_DIFFERENCE, partial(_divergence, power=0)),
    "cressie_read": (_DIFFERENCE, partial(_divergence, power=2 / 3)),
    "student_t": (_DIFFERENCE, _student_t),
    "welch_t": (_DIFFERENCE, _welch_t),
    **{f"ols_{kind.lower()}": (_DIFFERENCE, partial(_robust_t, kind=kind)) for kind in ("HC1", "HC2", "HC3")},
    "barnard_berger_boos": (_DIFFERENCE, _barnard_berger_boos),
    "fisher": (_ODDS, partial(_conditional, key="fisher")),
    "fisher_doubled": (_ODDS, partial(_conditional, key="fisher_doubled")),
    "blaker": (_ODDS, partial(_conditional, key="blaker")),
    "fisher_midp": (_ODDS, partial(_conditional, key="fisher_midp")),
    "fisher_midp_doubled": (_ODDS, partial(_conditional, key="fisher_midp_doubled")),
    "log_odds_wald": (_ODDS, _log_odds_wald),
    "haldane_anscombe": (_ODDS, partial(_log_odds_wald, added=0.5)),
    "boschloo": (_ODDS, _boschloo),
    "boschloo_minlike": (_ODDS, partial(_boschloo, sides=("two-sided",))),
    "boschloo_berger_boos": (_ODDS, partial(_boschloo, gamma=BERGER_BOOS_GAMMA)),
    "log_risk_ratio_wald": (_RATIO, _log_ratio_wald),
    "arcsine": (_H, _arcsine),
    "anscombe_arcsine": (_H, partial(_arcsine, anscombe=True)),
}


def curve_measure(test: str | Test) -> str:
    """Return the measure that a test's p-value function is about.

    Examples
    --------
    >>> curve_measure("pearson"), curve_measure("fisher")
    ('risk difference', 'odds ratio')
    """
    return _curve(get(test))[0]


def _curve(test: Test) -> tuple[str, Callable[[_Table, float], float]]:
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
    test: str | Test,
    x1: int,
    n1: int | None = None,
    x2: int | None = None,
    n2: int | None = None,
    values: ArrayLike | None = None,
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
    a, m, b, n = one_table(x1, n1, x2, n2)
    measure, function = _curve(entry)
    grid = _values(measure, values)
    null = 1.0 if measure in (_RATIO, _ODDS) else 0.0
    scale = np.log(grid) if measure in (_RATIO, _ODDS) else grid
    # At no effect the registry decides ties in whole numbers.
    p = [
        float(pvalue(entry, a, m, b, n)) if value == null else function((a, m, b, n), float(where))
        for value, where in zip(grid, scale, strict=True)
    ]
    return pd.DataFrame({"test": entry.key, "label": entry.label, "measure": measure, "value": grid, "p": p})
