"""Mantel and Haenszel's test and estimates, and whether the odds ratios of the strata are alike.

In each stratum, given its margins, the responders of the first arm have mean ``n1 s / N`` and variance
``n1 n2 s (N - s) / (N² (N - 1))``, with ``s`` responders among ``N`` patients. The test compares the sum of the
responders with the sum of the means; the common effects are ratios, or a weighted mean, of sums over the strata.
"""

import numpy as np
from scipy.special import chdtrc

from lupus_kit.inference.intervals.proportion import z_quantile
from lupus_kit.inference.strata.patients import Strata

Ends = tuple[float, float, float]


def cochran_mantel_haenszel(strata: Strata, correction: bool) -> float:
    """Signed root of the Cochran–Mantel–Haenszel statistic; nan where no stratum says anything.

    With the correction half a responder is taken off the distance, never past zero.

    References
    ----------
    Cochran WG. Biometrics 1954;10:417-451. Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-748.
    """
    s, total = strata.responders, strata.patients
    excess = float((strata.x1 - strata.n1 * s / total).sum())
    variance = float((strata.weight * s * (total - s) / (total * (total - 1))).sum())
    if variance == 0:
        return np.nan
    return float(np.sign(excess)) * max(abs(excess) - 0.5 * correction, 0.0) / float(np.sqrt(variance))


def _around(estimate: float, variance: float, level: float, logarithm: bool) -> Ends:
    """Estimate, and what is within the normal quantile of it; on the log scale for a ratio."""
    half = z_quantile(level) * float(np.sqrt(variance))
    if logarithm:
        return estimate, estimate * float(np.exp(-half)), estimate * float(np.exp(half))
    return estimate, estimate - half, estimate + half


def _ratio(above: float, below: float) -> float:
    return above / below if below else np.inf if above else np.nan


def _common_odds(strata: Strata) -> float:
    x1, n1, x2, n2 = strata
    return _ratio(float((x1 * (n2 - x2) / strata.patients).sum()), float((x2 * (n1 - x1) / strata.patients).sum()))


def odds_ratio(strata: Strata, level: float) -> Ends:
    """Mantel–Haenszel odds ratio with the variance of Robins, Breslow and Greenland, from statsmodels.

    No interval where the estimate is 0 or infinite.

    References
    ----------
    Robins J, Breslow N, Greenland S. Biometrics 1986;42:311-323.
    """
    from statsmodels.stats.contingency_tables import StratifiedTable

    x1, n1, x2, n2 = strata
    estimate = _common_odds(strata)
    if not 0 < estimate < np.inf:
        return estimate, np.nan, np.nan
    pooled = StratifiedTable(np.array([[x1, n1 - x1], [x2, n2 - x2]]))
    return _around(float(pooled.oddsratio_pooled), float(pooled.logodds_pooled_se) ** 2, level, logarithm=True)


def risk_ratio(strata: Strata, level: float) -> Ends:
    """Mantel–Haenszel risk ratio with the variance of Greenland and Robins; no interval where it is 0 or infinite.

    References
    ----------
    Greenland S, Robins JM. Biometrics 1985;41:55-68.
    """
    x1, n1, x2, n2 = strata
    total = strata.patients
    first, second = float((x1 * n2 / total).sum()), float((x2 * n1 / total).sum())
    estimate = _ratio(first, second)
    if not 0 < estimate < np.inf:
        return estimate, np.nan, np.nan
    variance = ((n1 * n2 * strata.responders - x1 * x2 * total) / total**2).sum() / (first * second)
    return _around(estimate, float(variance), level, logarithm=True)


def _difference(strata: Strata) -> tuple[float, float]:
    """Mantel–Haenszel risk difference, and the sum of the weights."""
    weight = strata.weight
    return float((weight * (strata.x1 / strata.n1 - strata.x2 / strata.n2)).sum() / weight.sum()), float(weight.sum())


def greenland_robins(strata: Strata, level: float) -> Ends:
    """Mantel–Haenszel risk difference with the variance of Greenland and Robins.

    References
    ----------
    Greenland S, Robins JM. Biometrics 1985;41:55-68.
    """
    x1, n1, x2, n2 = strata
    estimate, weights = _difference(strata)
    spread = (x1 * (n1 - x1) * n2**3 + x2 * (n2 - x2) * n1**3) / (n1 * n2 * strata.patients**2)
    return _around(estimate, float(spread.sum()) / weights**2, level, logarithm=False)


def sato(strata: Strata, level: float) -> Ends:
    """Mantel–Haenszel risk difference with Sato's variance, which holds for few large and for many small strata.

    References
    ----------
    Sato T. Biometrics 1989;45:1323-1324 (read in the documentation of SAS's PROC FREQ).
    """
    x1, n1, x2, n2 = strata
    estimate, weights = _difference(strata)
    p = (n1**2 * x2 - n2**2 * x1 + n1 * n2 * (n2 - n1) / 2) / strata.patients**2
    q = (x1 * (n2 - x2) + x2 * (n1 - x1)) / (2 * strata.patients)
    return _around(estimate, max(float(estimate * p.sum() + q.sum()), 0.0) / weights**2, level, logarithm=False)


def breslow_day_tarone(strata: Strata) -> tuple[float, int, float]:
    """Breslow and Day's statistic of equal odds ratios with Tarone's correction, degrees of freedom, p-value.

    Each stratum's first cell is compared with its mean under the Mantel–Haenszel odds ratio. A stratum where nobody
    responds, or everybody, or with one arm only has no odds ratio: it neither adds to the statistic nor to the degrees
    of freedom. nan for fewer than two strata, or where the common odds ratio is 0 or infinite.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, vol 1. IARC 1980. Tarone RE. Biometrika 1985;72:91-95.
    """
    x1, n1, x2, n2 = np.array(strata)[:, strata.informative]
    s, freedom = x1 + x2, max(len(x1) - 1, 0)
    common = _common_odds(strata)
    if freedom < 1 or not 0 < common < np.inf:
        return np.nan, freedom, np.nan
    # The mean a solves a (n2 - s + a) = common (n1 - a) (s - a); written so that a common odds ratio of 1 is no 0/0.
    b = common * (n1 + s) + n2 - s
    mean = 2 * common * n1 * s / (b + np.sqrt(b**2 - 4 * (common - 1) * common * n1 * s))
    variance = 1 / (1 / mean + 1 / (s - mean) + 1 / (n1 - mean) + 1 / (n2 - s + mean))
    distance = x1 - mean
    statistic = float((distance**2 / variance).sum() - distance.sum() ** 2 / variance.sum())
    statistic = max(statistic, 0.0)
    return statistic, freedom, float(chdtrc(freedom, statistic))
