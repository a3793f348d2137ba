"""Tests of the fall of SLEDAI between two arms, for many trials at once."""

import numpy as np
import scipy
from scipy.special import ndtr, stdtr


def compare_falls(test: str, first: np.ndarray, second: np.ndarray, alternative: str = "two-sided") -> np.ndarray:
    """p-values of the hypothesis that two arms fall alike.

    Parameters
    ----------
    test : str
        Key of :data:`~lupus_kit.simulation.plan.endpoint.FALL_TESTS`.
    first, second : numpy.ndarray, shape (trials, patients)
        Falls in each arm; ``nan`` is left out.
    alternative : {"two-sided", "greater"}
        ``"greater"``: the first arm falls more.

    Returns
    -------
    numpy.ndarray, shape (trials,)
        ``nan`` where nothing varies or too few are left.

    References
    ----------
    Welch BL. Biometrika 1947;34:28-35. Ties: Lehmann EL. Nonparametrics. 1975, section 1.4.

    Examples
    --------
    >>> fell = np.array([[8.0, 6, 4, 9]]), np.array([[2.0, 4, 3, np.nan]])
    >>> [compare_falls(test, *fell).round(4).item() for test in ("student", "welch", "wilcoxon")]
    [0.0437, 0.0357, 0.0497]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        z, freedom = (_ranks if test == "wilcoxon" else _means)(first, second, test == "student")
        z = np.where(np.isfinite(z), z, np.nan)
        tail = -z if alternative == "greater" else -np.abs(z)
        below = ndtr(tail) if test == "wilcoxon" else stdtr(freedom, tail)
    return np.asarray(below if alternative == "greater" else 2 * below)


def _means(first: np.ndarray, second: np.ndarray, pooled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Student's or Welch's t and its degrees of freedom."""
    n = np.array([(~np.isnan(x)).sum(axis=1) for x in (first, second)])
    total, squares = (np.array([np.nansum(x**k, axis=1) for x in (first, second)]) for k in (1, 2))
    around = squares - total**2 / n  # sums of squares about the mean
    variance = around.sum(axis=0) / (n.sum(axis=0) - 2) / n if pooled else around / (n - 1) / n
    freedom = n.sum(axis=0) - 2 if pooled else variance.sum(axis=0) ** 2 / (variance**2 / (n - 1)).sum(axis=0)
    mean = total / n
    return (mean[0] - mean[1]) / np.sqrt(variance.sum(axis=0)), freedom


def _ranks(first: np.ndarray, second: np.ndarray, _: bool) -> tuple[np.ndarray, np.ndarray]:
    """Wilcoxon's rank sum, standardised by the variance of the ranks, ties shared."""
    both = np.concatenate([first, second], axis=1)
    known = ~np.isnan(both)
    ranks = np.where(
        known, scipy.stats.rankdata(np.where(known, both, np.inf), axis=1), 0.0
    )  # what is left out comes last
    m, total = known[:, : first.shape[1]].sum(axis=1), known.sum(axis=1)
    middle = (total + 1) / 2
    spread = np.where(known, (ranks - middle[:, None]) ** 2, 0.0).sum(axis=1)
    variance = m * (total - m) / (total * (total - 1)) * spread
    return (ranks[:, : first.shape[1]].sum(axis=1) - m * middle) / np.sqrt(variance), total
