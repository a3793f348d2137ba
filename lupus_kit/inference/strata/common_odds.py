"""The exact conditional analysis of a common odds ratio.

Given the responders of each stratum, the responders of its first arm follow the noncentral hypergeometric distribution.
Its weights are whole numbers; those of the sum over the strata are their convolution, again in whole numbers, so that
p-values are right to the last bit and ties are decided exactly.

Sources: Gart JJ. Biometrika 1970;57:471-475. Mehta CR, Patel NR, Gray R. J Am Stat Assoc 1985;80:969-973. Only the
documentation of R's ``mantelhaen.test`` and of SAS's PROC FREQ, which name them, was read.
"""

from math import log

import numpy as np
from scipy.optimize import brentq

from lupus_kit.inference.intervals.ratios import conditional_law
from lupus_kit.inference.strata.patients import Strata
from lupus_kit.inference.two_by_two.conditional import numerators, weights
from lupus_kit.inference.two_by_two.counts import FloatArray

# Odds ratios are searched between these logarithms.
_WIDEST = 700.0
# Beyond so many patients the whole numbers take seconds; large-sample tests say the same.
_MOST_PATIENTS = 3000


def _convolution(strata: Strata) -> list[int]:
    """Ways to get each sum of the first arm's responders, from the smallest sum up; none where they are too many.

    Examples
    --------
    >>> _convolution(Strata(*np.array([[1.0, 1], [2, 2], [1, 0], [2, 1]])))
    [1, 6, 9, 2]
    """
    if strata.patients.sum() > _MOST_PATIENTS:
        return []
    counts = zip(*(values.astype(int).tolist() for values in strata), strict=True)
    ways = np.ones(1, dtype=object)
    for x1, n1, x2, n2 in counts:
        ways = np.convolve(ways, np.array(weights(n1, n2, x1 + x2), dtype=object))
    return list(ways)


class Conditional:
    """The sum of the first arm's responders given every stratum's responders: ways to get it, and what was observed."""

    def __init__(self, strata: Strata) -> None:
        self.ways = _convolution(strata)
        self.place = int((strata.x1 - np.maximum(strata.responders - strata.n2, 0)).sum())
        self.logs = np.array([log(way) for way in self.ways])

    def pvalue(self, key: str, alternative: str) -> float:
        """p-value of an exact test that the common odds ratio is 1, by the key of the test for one table."""
        return numerators(key, alternative, self.ways)[self.place] / (2 * sum(self.ways)) if self.ways else np.nan

    @property
    def estimate(self) -> float:
        """Conditional maximum-likelihood odds ratio: its mean is what was observed; nan if there is one way only."""
        last = len(self.logs) - 1
        if last < 1:
            return np.nan
        if self.place in (0, last):
            return 0.0 if self.place == 0 else np.inf

        def excess(log_odds: float) -> float:
            return float(conditional_law(self.logs, log_odds) @ np.arange(last + 1)) - self.place

        return float(np.exp(brentq(excess, -_WIDEST, _WIDEST, xtol=1e-13)))

    def effect(self, level: float, own: float) -> tuple[float, float, float]:
        """Estimate, and the odds ratios at which each tail, the observed sum counting ``own``, holds half the error.

        With 1 the interval agrees with the exact test of twice the smaller tail, with one half with its mid-p version.
        """
        if not self.ways:
            return np.nan, np.nan, np.nan

        def end(logs: FloatArray, place: int) -> float:
            def excess(log_odds: float) -> float:
                law = conditional_law(logs, log_odds)
                return float(law[place + 1 :].sum() + own * law[place]) - (1 - level) / 2

            return float(np.exp(brentq(excess, -_WIDEST, _WIDEST, xtol=1e-13))) if place else 0.0

        # Counted from the other side, the largest odds ratio is one over the smallest.
        mirrored = end(self.logs[::-1], len(self.logs) - 1 - self.place)
        return self.estimate, end(self.logs, self.place), 1 / mirrored if mirrored else np.inf
