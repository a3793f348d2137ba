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
# Bits that all whole numbers of one convolution may take together.
_MOST_BITS = 20_000_000


def convolution(strata: Strata) -> list[int] | None:
    """Ways to get each sum of the first arm's responders, from the smallest sum up; None where they are too many.

    The weights of a stratum are written side by side into one whole number, each with room enough for the sums to come:
    the product of these numbers holds the convolution (Kronecker's substitution).

    Examples
    --------
    >>> convolution(Strata(*np.array([[1.0, 1], [2, 2], [1, 0], [2, 1]])))
    [1, 6, 9, 2]
    """
    x1, n1, x2, n2 = (values.astype(int).tolist() for values in strata)
    if sum(strata.patients) * sum(np.minimum(strata.n1, strata.responders)) > _MOST_BITS:
        return None
    each = [weights(m, n, a + b) for a, m, b, n in zip(x1, n1, x2, n2, strict=True)]
    room = sum(sum(ways).bit_length() for ways in each) // 8 + 1
    product = 1
    for ways in each:
        product *= int.from_bytes(b"".join(way.to_bytes(room, "little") for way in ways), "little")
    digits = product.to_bytes(room * (sum(len(ways) - 1 for ways in each) + 1), "little")
    return [int.from_bytes(digits[start : start + room], "little") for start in range(0, len(digits), room)]


def observed(strata: Strata) -> int:
    """Place of the observed sum in the convolution."""
    return int((strata.x1 - np.maximum(strata.responders - strata.n2, 0)).sum())


def pvalue(key: str, alternative: str, ways: list[int], place: int) -> float:
    """p-value of an exact test that the common odds ratio is 1, by the key of the test for one table."""
    return numerators(key, alternative, ways)[place] / (2 * sum(ways))


def logarithms(ways: list[int]) -> FloatArray:
    """Logarithms of whole numbers of any size."""
    return np.array([log(way) for way in ways])


def estimate(logs: FloatArray, place: int) -> float:
    """Conditional maximum-likelihood odds ratio: the one whose mean is what was observed; nan if nothing varies."""
    last = len(logs) - 1
    if last == 0:
        return np.nan
    if place in (0, last):
        return 0.0 if place == 0 else np.inf

    def excess(log_odds: float) -> float:
        return float(conditional_law(logs, log_odds) @ np.arange(last + 1)) - place

    return float(np.exp(brentq(excess, -_WIDEST, _WIDEST, xtol=1e-13)))


def interval(logs: FloatArray, place: int, level: float, own: float) -> tuple[float, float]:
    """Odds ratios at which each tail holds half the error; the observed sum counts with weight ``own``.

    With 1 it agrees with the exact test of twice the smaller tail, with one half with its mid-p version.
    """

    def excess(log_odds: float, logs: FloatArray, place: int) -> float:
        law = conditional_law(logs, log_odds)
        return float(law[place + 1 :].sum() + own * law[place]) - (1 - level) / 2

    def end(logs: FloatArray, place: int) -> float:
        if place == 0:
            return 0.0
        return float(np.exp(brentq(excess, -_WIDEST, _WIDEST, args=(logs, place), xtol=1e-13)))

    # Counted from the other side, the largest odds ratio is one over the smallest.
    low, mirrored = end(logs, place), end(logs[::-1], len(logs) - 1 - place)
    return low, 1 / mirrored if mirrored else np.inf
