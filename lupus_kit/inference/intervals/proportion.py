"""Intervals for one response rate."""

import numpy as np
import pandas as pd
from scipy.special import betaincinv, ndtri

from lupus_kit.core.errors import InputError
from lupus_kit.inference.two_by_two.counts import as_counts, as_level


def z_quantile(level: float) -> float:
    """Return the normal quantile of a two-sided level, 1.96 for 0.95."""
    return float(ndtri(0.5 + level / 2))


def wilson(x: int, n: int, level: float) -> tuple[float, float]:
    """Wilson score interval of one response rate.

    Examples
    --------
    >>> tuple(round(end, 4) for end in wilson(16, 29, 0.95))
    (0.3755, 0.7159)
    """
    z2 = z_quantile(level) ** 2
    # At both ends one root of the quadratic is exactly 0 or 1.
    centre = (x + z2 / 2) / (n + z2)
    half = float(np.sqrt(z2 * (x * (n - x) / n + z2 / 4))) / (n + z2)
    return (centre - half if x else 0.0), (centre + half if x < n else 1.0)


def clopper_pearson(x: int, n: int, level: float) -> tuple[float, float]:
    """Clopper–Pearson exact interval of one response rate: two one-sided binomial tests, inverted.

    Examples
    --------
    >>> tuple(round(end, 4) for end in clopper_pearson(0, 29, 0.95))
    (0.0, 0.1194)
    """
    tail = (1 - level) / 2
    low = float(betaincinv(x, n - x + 1, tail)) if x else 0.0
    return low, float(betaincinv(x + 1, n - x, 1 - tail)) if x < n else 1.0


def jeffreys(x: int, n: int, level: float) -> tuple[float, float]:
    """Jeffreys interval of one response rate: posterior quantiles, moved to 0 or 1 at the ends.

    Examples
    --------
    >>> jeffreys(0, 29, 0.95)[0]
    0.0
    """
    tail = (1 - level) / 2
    low = float(betaincinv(x + 0.5, n - x + 0.5, tail)) if x else 0.0
    return low, float(betaincinv(x + 0.5, n - x + 0.5, 1 - tail)) if x < n else 1.0


_METHODS = (
    ("wilson", "Wilson score", wilson),
    ("clopper_pearson", "Clopper–Pearson exact", clopper_pearson),
    ("jeffreys", "Jeffreys", jeffreys),
)


def proportion(x: int, n: int, level: float = 0.95) -> pd.DataFrame:
    """Return every interval of one response rate.

    Parameters
    ----------
    x, n : int
        Responders and patients.
    level : float
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        Columns ``key label estimate low high level``.

    Raises
    ------
    InputError
        Counts that are not whole numbers, or more responders than patients.

    References
    ----------
    Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133.

    Examples
    --------
    >>> proportion(16, 29).round(3)[["key", "low", "high"]]
                   key    low   high
    0           wilson  0.375  0.716
    1  clopper_pearson  0.357  0.736
    2         jeffreys  0.373  0.721
    """
    responders, patients = as_counts("x", x), as_counts("n", n, 1)
    if responders.ndim or patients.ndim or responders > patients:
        raise InputError(f"x == {x!r}, n == {n!r}: one count of responders from 0 to the number of patients is needed.")
    k, m, confidence = int(responders), int(patients), as_level("level", level)
    rows = [(key, label, k / m, *method(k, m, confidence), confidence) for key, label, method in _METHODS]
    return pd.DataFrame(rows, columns=["key", "label", "estimate", "low", "high", "level"])
