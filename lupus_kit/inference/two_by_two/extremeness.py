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
    # Logarithms of factorials in long numbers, so that their last digits do not matter for a float.
    log = np.concatenate([[0], np.cumsum(np.log(np.arange(1, n1 + n2 + 1, dtype=np.longdouble)))])
    log1, log2, log_all = (log[n] - log[: n + 1] - log[n::-1] for n in (n1, n2, n1 + n2))
    return np.asarray(np.exp(np.add.outer(log1, log2) - log_all[responders]).astype(np.float64).ravel())


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
        found = conditional.margin_numerators("fisher", self.alternative, self.n1, self.n2, x1 + x2)
        return found[x1 - max(0, x1 + x2 - self.n2)], 2 * comb(self.n1 + self.n2, x1 + x2)


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
    if alternative == "two-sided":
        extreme, rest = _sums_by_probability(ways, n1, n2)
    else:
        extreme = np.cumsum(ways[:, ::-1], axis=1)[:, ::-1]
        rest = np.zeros_like(ways)
        np.cumsum(ways[:, :-1], axis=1, out=rest[:, 1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (extreme / rest).ravel()[place]
    index = np.arange(len(x1)).reshape(n1 + 1, n2 + 1)
    twin = index
    if alternative == "two-sided":  # outcomes renamed, and equal arms exchanged
        twin = np.minimum(index, index[::-1, ::-1])
        twin = np.minimum(twin, twin.T) if n1 == n2 else twin
    elif n1 == n2:  # both at once
        twin = np.minimum(index, index[::-1, ::-1].T)
    # A sum of positive floats errs by at most one part in 2**53 a term; the logarithms of long numbers by less than the
    # second figure.
    tolerance = 4 * (total + 16) * 2.0**-52 if total <= 1000 else 1e-10
    return FisherOrder(values, tolerance, twin.ravel(), n1, n2, alternative)


def _sums_by_probability(ways: FloatArray, n1: int, n2: int) -> tuple[FloatArray, FloatArray]:
    """For each table the probability of all no more probable than it in its row, and of those more probable."""
    columns = np.argsort(ways, axis=1, kind="stable")
    ordered = np.take_along_axis(ways, columns, axis=1)
    tied = (ordered[:, 1:] - ordered[:, :-1] <= 1e-12 * ordered[:, 1:]) & (ordered[:, 1:] > 0)
    s, k = np.nonzero(tied)
    left, right = columns[s, k], columns[s, k + 1]
    doubtful = np.flatnonzero((left + right != s) if n1 == n2 else np.ones(len(s), dtype=bool))
    for i in doubtful.tolist():
        pair = ((int(left[i]), int(s[i] - left[i])), (int(right[i]), int(s[i] - right[i])))
        a, b = (comb(n1, x1) * comb(n2, x2) for x1, x2 in pair)
        if a != b:
            tied[s[i], k[i]] = False
        if a > b:
            columns[s[i], k[i]], columns[s[i], k[i] + 1] = right[i], left[i]
    last = np.full(ways.shape, ways.shape[1] - 1)
    last[:, :-1] = np.where(tied, last[:, :-1], np.arange(ways.shape[1] - 1))
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    below = np.take_along_axis(np.cumsum(ordered, axis=1), last, axis=1)
    above = np.zeros((len(ways), ways.shape[1] + 1))
    above[:, :-1] = np.cumsum(ordered[:, ::-1], axis=1)[:, ::-1]
    above = np.take_along_axis(above, last + 1, axis=1)
    extreme, rest = np.empty_like(ways), np.empty_like(ways)
    np.put_along_axis(extreme, columns, below, axis=1)
    np.put_along_axis(rest, columns, above, axis=1)
    return extreme, rest
