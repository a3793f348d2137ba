"""How extreme each table of a design is: a float to sort by, and whole numbers where floats come too close.

An order gives every table a number, the smaller the more extreme. The numbers are quotients of whole numbers, so two
tables whose floats are nearly equal are told apart (or found to tie) exactly.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from lupus_kit.inference.two_by_two import conditional
from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray
from lupus_kit.inference.two_by_two.ranking import at_most_one, quotients, rank_quotients, ranks_of_near_ties


def tables(n1: int, n2: int) -> tuple[IntArray, IntArray]:
    """Return x1 and x2 of every table, row by row."""
    x1: IntArray = np.repeat(np.arange(n1 + 1), n2 + 1)
    return x1, np.tile(np.arange(n2 + 1), n1 + 1)


def conditional_probabilities(n1: int, n2: int) -> FloatArray:
    """Return P(table | responders in all), row by row of the lattice.

    Examples
    --------
    >>> conditional_probabilities(1, 1).tolist()
    [1.0, 0.5, 0.5, 1.0]
    """
    responders = np.add.outer(np.arange(n1 + 1), np.arange(n2 + 1))
    if n1 + n2 <= 1000:  # the numbers of ways then fit a float
        choose1, choose2, choose = (_ways(n) for n in (n1, n2, n1 + n2))
        return np.asarray((np.multiply.outer(choose1, choose2) / choose[responders]).ravel())
    by_margin = conditional.ways_of_margins(n1, n2, np.arange(n1 + n2 + 1), np.arange(n1 + 1))
    return np.asarray(by_margin[responders, np.arange(n1 + 1)[:, None]].ravel())


@lru_cache(maxsize=16)
def _ways(n: int) -> FloatArray:
    half = [1]
    for k in range(n // 2):
        half.append(half[-1] * (n - k) // (k + 1))
    return np.array([float(half[min(k, n - k)]) for k in range(n + 1)])


@dataclass(frozen=True)
class Quotients:
    """Tables in the order of a statistic whose square is a quotient of whole numbers.

    Attributes
    ----------
    values : ndarray
        The smaller the more extreme, one a table, row by row.
    numerators, denominators : ndarray of int
        Their exact values.
    """

    values: FloatArray
    numerators: IntArray
    denominators: IntArray

    def ranks(self, chosen: IntArray) -> IntArray:
        """Rank of the chosen tables among themselves, 0 for the most extreme; tables that tie share one."""
        return rank_quotients(self.numerators[chosen], self.denominators[chosen], self.values[chosen])

    def at_most(self, index: int) -> NDArray[np.bool_]:
        """Mark the tables at least as extreme as one of them."""
        return at_most_one(self.numerators, self.denominators, index)


@dataclass(frozen=True)
class FisherOrder:
    """Tables in the order of Fisher's p-value, two-sided or against ``"greater"``.

    Attributes
    ----------
    values : ndarray
        Odds of the p-value, ``p / (1 - p)``: floats tell them apart at both ends.
    tolerance : float
        A relative difference above this is real.
    twin : ndarray of int
        The first table that has the same p-value by symmetry.
    n1, n2 : int
        Patients in each arm.
    alternative : str
        Alternative of the test.
    """

    values: FloatArray
    tolerance: float
    twin: IntArray
    n1: int
    n2: int
    alternative: str

    def ranks(self, chosen: IntArray) -> IntArray:
        """Rank of the chosen tables among themselves, 0 for the most extreme; tables that tie share one."""
        twin = self.twin[chosen]
        return ranks_of_near_ties(self.values[chosen], twin, self.tolerance, self._exact)

    def at_most(self, index: int) -> NDArray[np.bool_]:
        """Mark the tables at least as extreme as one of them."""
        own = self.values[index]
        with np.errstate(invalid="ignore"):
            inside = np.asarray(self.values <= own * (1 - self.tolerance))
            near = ~inside & (self.values <= own * (1 + self.tolerance))
        known = {int(self.twin[index]): True}
        a, b = self._exact(index)
        for i in np.flatnonzero(near).tolist():
            twin = int(self.twin[i])
            if twin not in known:
                c, d = self._exact(twin)
                known[twin] = c * b <= a * d
            inside[i] = known[twin]
        return inside

    def _exact(self, index: int) -> tuple[int, int]:
        x1, x2 = divmod(index, self.n2 + 1)
        ways = conditional.weights(self.n1, self.n2, x1 + x2)
        place = x1 - max(0, x1 + x2 - self.n2)
        own = ways[place]
        extreme = ways[place:] if self.alternative == "greater" else [way for way in ways if way <= own]
        return sum(extreme), comb(self.n1 + self.n2, x1 + x2)


Order = Quotients | FisherOrder


@lru_cache(maxsize=4)
def order(ordering: str, n1: int, n2: int, alternative: str) -> Order:
    """Return the order of a design's tables by ``"score"``, ``"wald"`` or ``"fisher"``.

    Two-sided, or against ``"greater"``.
    """
    if ordering == "fisher":
        return _fisher(n1, n2, alternative)
    return _statistic(ordering, n1, n2, alternative)


def _statistic(ordering: str, n1: int, n2: int, alternative: str) -> Quotients:
    """Negated signed square of the pooled score or unpooled Wald statistic of each table, as a quotient.

    The smallest belongs to the most extreme table. Where the statistic is 0/0 the quotient is 0. Where the Wald
    statistic is infinite the denominator is 1: the numerator is largest exactly there, so these tables come first.
    """
    x1, x2 = tables(n1, n2)
    cross = x1 * n2 - x2 * n1
    responders = x1 + x2
    pooled = ordering == "score"
    variance = responders * (n1 + n2 - responders) if pooled else n2**3 * x1 * (n1 - x1) + n1**3 * x2 * (n2 - x2)
    square = -cross * (np.abs(cross) if alternative != "two-sided" else cross)
    whole = np.where(variance == 0, 1, variance)
    return Quotients(quotients(square, whole), square, whole)


def _fisher(n1: int, n2: int, alternative: str) -> FisherOrder:
    x1, x2 = tables(n1, n2)
    total = n1 + n2
    place = (x1 + x2) * (n1 + 1) + x1
    # One row for each number of responders, one column for each x1.
    ways = np.zeros((total + 1, n1 + 1))
    ways.ravel()[place] = conditional_probabilities(n1, n2)
    extreme, rest = conditional.tail_sums("fisher", alternative, ways, n1, n2, 0, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (extreme / rest).ravel()[place]
    index = np.arange(len(x1)).reshape(n1 + 1, n2 + 1)
    twin = index
    if alternative == "two-sided":  # outcomes renamed, and equal arms exchanged
        twin = np.minimum(index, index[::-1, ::-1])
        twin = np.minimum(twin, twin.T) if n1 == n2 else twin
    elif n1 == n2:  # both at once
        twin = np.minimum(index, index[::-1, ::-1].T)
    # A sum of positive floats errs by at most one part in 2**53 a term; logarithms of long numbers by less than 1e-10.
    tolerance = 4 * (total + 16) * 2.0**-52 if total <= 1000 else 1e-10
    return FisherOrder(values, tolerance, twin.ravel(), n1, n2, alternative)
