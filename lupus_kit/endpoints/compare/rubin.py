"""Rubin's rules: one estimate and its uncertainty from many imputed data sets."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Pooled:
    """A pooled estimate; every field is an array of the shape of one estimate."""

    estimate: np.ndarray
    within: np.ndarray
    between: np.ndarray
    total: np.ndarray
    df: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


def pool(estimates: np.ndarray, variances: np.ndarray, complete_df: np.ndarray, level: float) -> Pooled:
    """Pool estimates over imputations, with the degrees of freedom of Barnard and Rubin.

    Parameters
    ----------
    estimates, variances : numpy.ndarray
        Shape (imputations, ...): each estimate and its variance as if its data were complete. Two imputations or
        more.
    complete_df : numpy.ndarray
        Degrees of freedom if nothing were missing; shape of one estimate.
    level : float
        Confidence level.

    Returns
    -------
    Pooled
        The interval and p (of no effect, two-sided) are missing where the total variance is 0.

    References
    ----------
    Rubin DB. Multiple Imputation for Nonresponse in Surveys. Wiley 1987. Barnard J, Rubin DB. Biometrika
    1999;86:948-955.
    """
    m = len(estimates)
    estimate, within = estimates.mean(axis=0), variances.mean(axis=0)
    same = (estimates == estimates[:1]).all(axis=0)
    estimate = np.where(same, estimates[0], estimate)  # a mean of equal numbers may differ in its last bit
    within = np.where(same, variances[0], within)
    between = np.where(same, 0.0, estimates.var(axis=0, ddof=1))
    extra = (1 + 1 / m) * between
    total = within + extra
    share = np.divide(extra, total, out=np.zeros_like(total), where=total > 0)
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    # Harmonic: 1/df = 1/observed + share**2 / (m - 1), so that nothing is divided by a share of 0.
    df = np.divide(observed, 1 + observed * share**2 / (m - 1))
    error = np.sqrt(total)
    valid = (error > 0) & (df > 0)
    usable = np.where(valid, df, 1.0)
    half = np.where(valid, stats.t.isf((1 - level) / 2, usable) * error, np.nan)
    ratio = np.divide(np.abs(estimate), error, out=np.zeros_like(total), where=error > 0)
    p = np.where(valid, 2 * stats.t.sf(ratio, usable), np.nan)
    return Pooled(estimate, within, between, total, df, estimate - half, estimate + half, p)
