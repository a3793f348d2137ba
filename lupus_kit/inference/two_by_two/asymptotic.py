"""Large-sample tests of a difference between two response rates: their statistics, and where p comes from.

Each statistic takes integer arrays that are already checked and broadcast, and is positive where the first arm responds
more. :func:`normal_test` and :func:`t_test` turn it into a p-value. Where a statistic is 0/0 (nobody responds, or
everybody) both are ``nan``; where a non-zero difference has estimated variance 0 the statistic is infinite and p is 0.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, xlogy

from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray
from lupus_kit.inference.two_by_two.pearson import normal_pvalue

_Floats = NDArray[np.floating[Any]]
Statistic = Callable[..., FloatArray]


def normal_test(z: Statistic, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """p-value of a statistic with a standard normal law."""
    return normal_pvalue(z(x1, n1, x2, n2), alternative)


def t_test(
    t: Statistic, degrees: Statistic, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str
) -> FloatArray:
    """p-value of a statistic with a t law; nan without a degree of freedom."""
    value, df = t(x1, n1, x2, n2), degrees(x1, n1, x2, n2)
    df = np.where(df > 0, df, np.nan)
    if alternative == "two-sided":
        return np.asarray(2 * stdtr(df, -np.abs(value)))
    return np.asarray(stdtr(df, -value if alternative == "greater" else value))


def _ratio(estimate: FloatArray, variance: FloatArray) -> FloatArray:
    """Estimate over standard error, quietly: 0/0 is nan, a/0 is infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(estimate / np.sqrt(variance))


def _cross(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """``x1 n2 - x2 n1``: the difference of the rates times ``n1 n2``, exact."""
    return (x1 * n2 - x2 * n1).astype(np.float64)


def _pooled(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """``n1 n2 s f``: the product of the four margins."""
    s = x1 + x2
    return n1.astype(np.float64) * n2 * s * (n1 + n2 - s)


def n_minus_1(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Pearson's statistic times (N - 1)/N; also the Miettinen–Nurminen score test of no difference."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _ratio(_cross(x1, n1, x2, n2), _pooled(x1, n1, x2, n2) / (n1 + n2 - 1))


def yates(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Pearson's test with Yates's correction, never past zero."""
    cross = _cross(x1, n1, x2, n2)
    shrunk = np.sign(cross) * np.maximum(np.abs(cross) - (n1 + n2) / 2, 0.0)
    return _ratio(shrunk, _pooled(x1, n1, x2, n2) / (n1 + n2))


def _cells(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> tuple[FloatArray, FloatArray]:
    """Observed and expected counts, cells on the first axis; expected is nan where a column is empty."""
    s, total = x1 + x2, n1 + n2
    observed = np.stack([x1, n1 - x1, x2, n2 - x2]).astype(np.float64)
    expected = np.stack([n1 * s, n1 * (total - s), n2 * s, n2 * (total - s)]) / total
    return observed, np.where((s == 0) | (s == total), np.nan, expected)


def _signed_root(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, chi_squared: FloatArray) -> FloatArray:
    return np.sign(_cross(x1, n1, x2, n2)) * np.sqrt(np.maximum(chi_squared, 0.0))


def likelihood_ratio(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Likelihood-ratio chi-squared test (G test)."""
    observed, expected = _cells(x1, n1, x2, n2)
    g = 2 * xlogy(observed, observed / expected).sum(axis=0)
    return _signed_root(x1, n1, x2, n2, g)


def cressie_read(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Power-divergence test with lambda = 2/3."""
    power = 2 / 3
    observed, expected = _cells(x1, n1, x2, n2)
    terms = observed * ((observed / expected) ** power - 1)
    return _signed_root(x1, n1, x2, n2, 2 / (power * (power + 1)) * terms.sum(axis=0))


def wald_unpooled(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Wald test of the risk difference with each arm's own variance."""
    a, b = n1.astype(np.float64), n2.astype(np.float64)
    variance = b**3 * x1 * (n1 - x1) + a**3 * x2 * (n2 - x2)
    return _ratio(_cross(x1, n1, x2, n2) * np.sqrt(a * b), variance)


def agresti_caffo(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Wald test after adding one responder and one non-responder to each arm."""
    return wald_unpooled(x1 + 1, n1 + 2, x2 + 1, n2 + 2)


def _log_odds(x1: _Floats, f1: _Floats, x2: _Floats, f2: _Floats) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.log(x1) + np.log(f2) - np.log(f1) - np.log(x2)
        return _ratio(estimate, 1 / x1 + 1 / f1 + 1 / x2 + 1 / f2)


def log_odds_wald(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Wald test of the log odds ratio (Woolf); nan with an empty cell."""
    a, b = x1.astype(np.float64), x2.astype(np.float64)
    return _log_odds(a, n1 - a, b, n2 - b)


def haldane_anscombe(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Wald test of the log odds ratio with one half added to every cell."""
    return _log_odds(x1 + 0.5, n1 - x1 + 0.5, x2 + 0.5, n2 - x2 + 0.5)


def log_risk_ratio_wald(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Wald test of the log risk ratio (Katz); nan where an arm has no responder."""
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.log(x1 * n2) - np.log(x2 * n1)
        variance = (n1 - x1) / (x1 * n1) + (n2 - x2) / (x2 * n2)
        return _ratio(estimate, variance)


def arcsine(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Difference of arcsine-transformed rates."""
    estimate = 2 * (np.arcsin(np.sqrt(x1 / n1)) - np.arcsin(np.sqrt(x2 / n2)))
    return _ratio(estimate, 1 / n1 + 1 / n2)


def anscombe_arcsine(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Difference of arcsine-transformed rates with 3/8 added to the counts: variance 1/(4n + 2) each."""
    first, second = (np.arcsin(np.sqrt((x + 3 / 8) / (n + 3 / 4))) for x, n in ((x1, n1), (x2, n2)))
    return _ratio(2 * (first - second), 1 / (n1 + 0.5) + 1 / (n2 + 0.5))


def residual_degrees(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Patients less the two means."""
    return np.asarray((n1 + n2 - 2 + 0 * (x1 + x2)).astype(np.float64))


def student_t(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Student's t with the pooled variance, on outcomes coded 0 and 1."""
    squares = x1 * (n1 - x1) / n1 + x2 * (n2 - x2) / n2
    with np.errstate(divide="ignore", invalid="ignore"):
        return _ratio(x1 / n1 - x2 / n2, squares / (n1 + n2 - 2) * (1 / n1 + 1 / n2))


def robust_variances(
    kind: str, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Heteroscedasticity-consistent variance of each arm's mean of 0/1 data (MacKinnon and White 1985).

    Least squares on one 0/1 covariate fit the two rates; a residual of an arm has leverage 1/n there. HC0 adds the
    squared residuals as they are, HC1 times N/(N - 2), HC2 each over 1 - 1/n and HC3 over (1 - 1/n)²; nan for HC2 and
    HC3 of an arm of one.
    """
    a, b = n1.astype(np.float64), n2.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "HC1":
            factor1 = factor2 = (a + b) / (a + b - 2)
        else:
            power = {"HC0": 0, "HC2": 1, "HC3": 2}[kind]
            factor1, factor2 = (a / (a - 1)) ** power, (b / (b - 1)) ** power
        return x1 * (n1 - x1) / a**3 * factor1, x2 * (n2 - x2) / b**3 * factor2


def robust_t(kind: str, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Difference of the rates over its heteroscedasticity-consistent standard error."""
    return _ratio(x1 / n1 - x2 / n2, np.add(*robust_variances(kind, x1, n1, x2, n2)))


def welch_degrees(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Satterthwaite's degrees of freedom; the variances of the means are those of HC2."""
    v1, v2 = robust_variances("HC2", x1, n1, x2, n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    # Without any variance the degrees of freedom are 0/0, but an infinite t has p = 0 whatever they are.
    return np.where(v1 + v2 == 0, 1.0, df)


def mann_whitney(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str = "two-sided") -> FloatArray:
    """Mann–Whitney statistic with the correction for ties and for continuity."""
    cross = _cross(x1, n1, x2, n2)  # twice the distance of U from its mean
    shift = np.sign(cross) if alternative == "two-sided" else np.float64(1.0 if alternative == "greater" else -1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = _pooled(x1, n1, x2, n2) / (n1 + n2 - 1)
    # All outcomes alike: U has no variance, and the shift alone must not look like an infinite difference.
    return _ratio(np.where(variance > 0, cross - shift, 0.0), variance)


def mann_whitney_test(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """p-value of the Mann–Whitney test; the correction goes against the alternative."""
    return normal_pvalue(mann_whitney(x1, n1, x2, n2, alternative), alternative)
