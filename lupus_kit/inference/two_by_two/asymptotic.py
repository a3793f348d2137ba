"""Large-sample tests of a difference between two response rates.

Each function takes integer arrays that are already checked and broadcast, and an alternative, and returns
p-values. Where a statistic is 0/0 (nobody responds, or everybody) the p-value is ``nan``; where a non-zero
difference has estimated variance 0 the statistic is infinite and the p-value is 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, xlogy

from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray
from lupus_kit.inference.two_by_two.pearson import normal_pvalue

_Floats = NDArray[np.floating[Any]]


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


def n_minus_1(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Pearson's statistic times (N - 1)/N; also the Miettinen–Nurminen score test of no difference."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = _ratio(_cross(x1, n1, x2, n2), _pooled(x1, n1, x2, n2) / (n1 + n2 - 1))
    return normal_pvalue(z, alternative)


def yates(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Pearson's test with Yates's correction, never past zero."""
    cross = _cross(x1, n1, x2, n2)
    shrunk = np.sign(cross) * np.maximum(np.abs(cross) - (n1 + n2) / 2, 0.0)
    return normal_pvalue(_ratio(shrunk, _pooled(x1, n1, x2, n2) / (n1 + n2)), alternative)


def _cells(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> tuple[FloatArray, FloatArray]:
    """Observed and expected counts, cells on the first axis; expected is nan where a column is empty."""
    s, total = x1 + x2, n1 + n2
    observed = np.stack([x1, n1 - x1, x2, n2 - x2]).astype(np.float64)
    expected = np.stack([n1 * s, n1 * (total - s), n2 * s, n2 * (total - s)]) / total
    return observed, np.where((s == 0) | (s == total), np.nan, expected)


def _signed_root(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, chi_squared: FloatArray) -> FloatArray:
    return np.sign(_cross(x1, n1, x2, n2)) * np.sqrt(np.maximum(chi_squared, 0.0))


def likelihood_ratio(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Likelihood-ratio chi-squared test (G test)."""
    observed, expected = _cells(x1, n1, x2, n2)
    g = 2 * xlogy(observed, observed / expected).sum(axis=0)
    return normal_pvalue(_signed_root(x1, n1, x2, n2, g), alternative)


def cressie_read(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Power-divergence test with lambda = 2/3."""
    power = 2 / 3
    observed, expected = _cells(x1, n1, x2, n2)
    terms = observed * ((observed / expected) ** power - 1)
    return normal_pvalue(_signed_root(x1, n1, x2, n2, 2 / (power * (power + 1)) * terms.sum(axis=0)), alternative)


def wald_unpooled(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Wald test of the risk difference with each arm's own variance."""
    a, b = n1.astype(np.float64), n2.astype(np.float64)
    variance = b**3 * x1 * (n1 - x1) + a**3 * x2 * (n2 - x2)
    return normal_pvalue(_ratio(_cross(x1, n1, x2, n2) * np.sqrt(a * b), variance), alternative)


def agresti_caffo(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Wald test after adding one responder and one non-responder to each arm."""
    return wald_unpooled(x1 + 1, n1 + 2, x2 + 1, n2 + 2, alternative)


def _log_odds(x1: _Floats, f1: _Floats, x2: _Floats, f2: _Floats, alternative: str) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.log(x1) + np.log(f2) - np.log(f1) - np.log(x2)
        return normal_pvalue(_ratio(estimate, 1 / x1 + 1 / f1 + 1 / x2 + 1 / f2), alternative)


def log_odds_wald(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Wald test of the log odds ratio (Woolf); nan with an empty cell."""
    a, b = x1.astype(np.float64), x2.astype(np.float64)
    return _log_odds(a, n1 - a, b, n2 - b, alternative)


def haldane_anscombe(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Wald test of the log odds ratio with one half added to every cell."""
    return _log_odds(x1 + 0.5, n1 - x1 + 0.5, x2 + 0.5, n2 - x2 + 0.5, alternative)


def log_risk_ratio_wald(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Wald test of the log risk ratio (Katz); nan where an arm has no responder."""
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.log(x1 * n2) - np.log(x2 * n1)
        variance = (n1 - x1) / (x1 * n1) + (n2 - x2) / (x2 * n2)
        return normal_pvalue(_ratio(estimate, variance), alternative)


def arcsine(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Test of the difference of arcsine-transformed rates."""
    estimate = 2 * (np.arcsin(np.sqrt(x1 / n1)) - np.arcsin(np.sqrt(x2 / n2)))
    return normal_pvalue(_ratio(estimate, 1 / n1 + 1 / n2), alternative)


def _student_pvalue(t: FloatArray, df: FloatArray, alternative: str) -> FloatArray:
    if alternative == "two-sided":
        return np.asarray(2 * stdtr(df, -np.abs(t)))
    return np.asarray(stdtr(df, -t if alternative == "greater" else t))


def _mean_variances(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> tuple[FloatArray, FloatArray]:
    """Variance of each arm's mean of 0/1 data, with divisor n - 1; nan for an arm of one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        v1 = x1 * (n1 - x1) / (n1.astype(np.float64) ** 2 * (n1 - 1))
        v2 = x2 * (n2 - x2) / (n2.astype(np.float64) ** 2 * (n2 - 1))
    return v1, v2


def student_t(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Student's t-test, pooled variance, on outcomes coded 0 and 1."""
    df = (n1 + n2 - 2).astype(np.float64)
    squares = x1 * (n1 - x1) / n1 + x2 * (n2 - x2) / n2
    with np.errstate(divide="ignore", invalid="ignore"):
        t = _ratio(x1 / n1 - x2 / n2, squares / df * (1 / n1 + 1 / n2))
    return np.where(df > 0, _student_pvalue(t, np.maximum(df, 1), alternative), np.nan)


def welch_t(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Welch's t-test, separate variances, on outcomes coded 0 and 1."""
    v1, v2 = _mean_variances(x1, n1, x2, n2)
    t = _ratio(x1 / n1 - x2 / n2, v1 + v2)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    # Without any variance the degrees of freedom are 0/0, but an infinite t has p = 0 whatever they are.
    df = np.where(np.isinf(t), 1.0, df)
    return _student_pvalue(t, df, alternative)


def mann_whitney(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Mann–Whitney test with the correction for ties and for continuity."""
    cross = _cross(x1, n1, x2, n2)  # twice the distance of U from its mean
    shift = np.sign(cross) if alternative == "two-sided" else np.float64(1.0 if alternative == "greater" else -1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = _pooled(x1, n1, x2, n2) / (n1 + n2 - 1)
    # All outcomes alike: U has no variance, and the shift alone must not look like an infinite difference.
    return normal_pvalue(_ratio(np.where(variance > 0, cross - shift, 0.0), variance), alternative)
