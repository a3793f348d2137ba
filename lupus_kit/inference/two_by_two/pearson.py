"""Pearson's chi-squared test of two response rates.

Of ``n1`` and ``n2`` patients ``x1`` and ``x2`` respond. If both arms respond with the same probability, the best guess
at it is the pooled rate ``p = (x1 + x2) / (n1 + n2)``, and each of the four cells (responders and non-responders of
either arm) has an expected count. Pearson's statistic adds up ``(observed - expected)² / expected`` over the four. For
two arms the sum is the square of ::

    z = (x1/n1 - x2/n2) / √(p (1 - p) (1/n1 + 1/n2))

the difference of the rates over its standard error at the pooled rate, and z is compared with the normal distribution.

Source: Pearson K. Philos Mag 1900;50:157-175.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from lupus_kit.inference.two_by_two.counts import Counts, FloatArray, IntArray, as_alternative, broadcast_tables


def pearson_test(
    x1: ArrayLike, n1: Counts = None, x2: Counts = None, n2: Counts = None, alternative: str = "two-sided"
) -> FloatArray:
    """Compute the p-value of Pearson's chi-squared test, without a correction.

    Parameters
    ----------
    x1, n1, x2, n2 : int or array of int
        Responders and patients of the first and second arm; they broadcast against each other.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"``: the first arm responds more.

    Returns
    -------
    ndarray
        One p-value a table; ``nan`` where nobody responds, or everybody.

    Raises
    ------
    InputError
        Counts that are not whole numbers or do not fit together, or an unknown alternative.

    See Also
    --------
    fisher_test, shuffle_test, pvalue

    References
    ----------
    Pearson K. Philos Mag 1900;50:157-175.

    Examples
    --------
    >>> pearson_test([16, 19], 29, [9, 11], 30).round(4).tolist()
    [0.0504, 0.0267]
    """
    return normal_pvalue(pearson_z(*broadcast_tables(x1, n1, x2, n2)), as_alternative(alternative))


def pearson_z(x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray) -> FloatArray:
    """Return the difference of the rates over its standard error at the pooled rate.

    Examples
    --------
    >>> z = pearson_z(*np.array([16, 29, 9, 30]))
    >>> round(float(z), 3), round(float(z) ** 2, 3)
    (1.956, 3.827)
    """
    responders, patients = x1 + x2, n1 + n2
    # Above and below the line of z times n1 n2: whole numbers, so that equal tables have equal p-values.
    difference = x1 * n2 - x2 * n1
    variance = 1.0 * n1 * n2 * responders * (patients - responders) / patients
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(difference / np.sqrt(variance))


def normal_pvalue(z: FloatArray, alternative: str) -> FloatArray:
    """Return how probable a value as extreme as z is under the standard normal distribution.

    Examples
    --------
    >>> round(float(normal_pvalue(np.array(1.96), "two-sided")), 3)
    0.05
    """
    if alternative == "two-sided":
        return np.asarray(2 * ndtr(-np.abs(z)))
    return np.asarray(ndtr(-z if alternative == "greater" else z))
