"""Probabilities of the binomial distribution."""

import numpy as np
import scipy
from numpy.typing import ArrayLike
from scipy.special import _ufuncs

from lupus_kit.inference.two_by_two.counts import FloatArray


def binomial_pmf(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> FloatArray:
    """Return the probabilities of ``k`` responders among ``n``, to the last bit those of ``scipy.stats.binom.pmf``.

    The function beneath it is called itself where SciPy has it: ``scipy.stats`` takes half a second to import, and most
    of the time of a call to check its arguments.

    Parameters
    ----------
    k, n : array_like of int
        Responders, 0 or more; patients.
    p : array_like of float
        Response rates from 0 to 1.

    Examples
    --------
    >>> binomial_pmf([0, 1, 2, 3], 2, 0.5).round(12).tolist()
    [0.25, 0.5, 0.25, 0.0]
    """
    if (pmf := getattr(_ufuncs, "_binom_pmf", None)) is None:
        return np.asarray(scipy.stats.binom.pmf(k, n, p))
    return np.where(np.less_equal(k, n), np.clip(pmf(np.minimum(k, n), n, p), 0.0, 1.0), 0.0)
