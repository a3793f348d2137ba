"""Exact conditional tests over strata, in whole numbers."""

from math import log

import numpy as np

from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.ratios import equal_tails, likeliest_odds
from lupus_kit.inference.strata.estimators import ROOTS
from lupus_kit.inference.strata.patients import Strata
from lupus_kit.inference.two_by_two.conditional import numerators, weights
from lupus_kit.inference.two_by_two.counts import FloatArray

# Beyond so many patients the whole numbers take seconds; large-sample tests say the same.
MOST_PATIENTS = 3000

#: Exact conditional tests by their key: how they are called, and the key of the same test for one table.
EXACT = {
    "exact": ("exact conditional, twice the smaller tail", "fisher_doubled"),
    "exact_point": ("exact conditional, point probability", "fisher"),
    "midp": ("conditional mid-p, twice the smaller tail", "fisher_midp_doubled"),
}
#: Every test over strata by its key, and how it is called.
OVER_STRATA = {key: label for key, (label, _) in (ROOTS | EXACT).items()}


def _convolution(strata: Strata) -> list[int]:
    """Ways to get each sum of the first arm's responders, from the smallest sum up; none where they are too many.

    Examples
    --------
    >>> _convolution(Strata(*np.array([[1.0, 1], [2, 2], [1, 0], [2, 1]])))
    [1, 6, 9, 2]
    """
    if strata.patients.sum() > MOST_PATIENTS:
        return []
    counts = zip(*(values.astype(int).tolist() for values in strata), strict=True)
    ways = np.ones(1, dtype=object)
    for x1, n1, x2, n2 in counts:
        ways = np.convolve(ways, np.array(weights(n1, n2, x1 + x2), dtype=object))
    return list(ways)


class Conditional:
    """The sum of the first arm's responders given every stratum's responders: ways to get it, and what was observed.

    Given the responders of each stratum, the responders of its first arm follow the noncentral hypergeometric
    distribution. Its weights are whole numbers; those of the sum over the strata are their convolution, again in whole
    numbers, so that p-values are right to the last bit and ties are decided exactly.

    Sources: Gart JJ. Biometrika 1970;57:471-475. Mehta CR, Patel NR, Gray R. J Am Stat Assoc 1985;80:969-973. Only the
    documentation of R's ``mantelhaen.test`` and of SAS's PROC FREQ, which name them, was read.
    """

    def __init__(self, strata: Strata) -> None:
        self.ways = _convolution(strata)
        self.place = int((strata.x1 - np.maximum(strata.responders - strata.n2, 0)).sum())
        self.logs = np.array([log(way) for way in self.ways])

    def pvalue(self, key: str, alternative: str) -> float:
        """p-value of an exact test that the common odds ratio is 1, by the key of the test for one table."""
        return numerators(key, alternative, self.ways)[self.place] / (2 * sum(self.ways)) if self.ways else np.nan

    def effect(self, level: float, own: float) -> tuple[float, float, float]:
        """Conditional maximum-likelihood odds ratio, and where each tail, the sum counting ``own``, holds half the error.

        With 1 the interval agrees with the exact test of twice the smaller tail, with one half with its mid-p version.
        """
        if not self.ways:
            return np.nan, np.nan, np.nan
        return likeliest_odds(self.logs, self.place), *equal_tails(self.logs, self.place, level, own)


def exact_pvalues(key: str, strata: Strata, alternative: str) -> FloatArray:
    """p-values of an exact conditional test of many trials, whose counts have the shape (strata, trials).

    Examples
    --------
    >>> trials = Strata(*np.array([[[7, 3], [5, 4]], [[10, 10], [8, 8]], [[2, 3], [2, 5]], [[9, 9], [9, 9]]], dtype=float))
    >>> exact_pvalues("exact", trials, "two-sided").round(4).tolist()
    [0.0202, 1.0]
    """
    if strata.patients.sum(axis=0).max(initial=0) > MOST_PATIENTS:
        raise InputError(f"exact conditional tests count at most {MOST_PATIENTS:,} patients: use 'cmh'.")
    trials = np.moveaxis(np.stack(strata), 2, 0)
    return np.array([Conditional(Strata(*trial)).pvalue(EXACT[key][1], alternative) for trial in trials])
