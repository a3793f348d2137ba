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
    by_margin = _ways_of_margins(n1, n2, np.arange(n1 + n2 + 1), np.arange(n1 + 1))
    return np.asarray(by_margin[responders, np.arange(n1 + 1)[:, None]].ravel())


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

#: Tests that :func:`conditional_rejects` knows.
CONDITIONAL = ("fisher", "fisher_doubled", "blaker", "fisher_midp", "fisher_midp_doubled")


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
    extreme, rest = _tail_sums("fisher", alternative, ways, n1, n2, 0, 0)
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


def conditional_rejects(
    key: str, n1: int, n2: int, alternative: str, level: float, rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[np.bool_]:
    """Tables of a window of the lattice that a conditional exact test rejects.

    Parameters
    ----------
    key : str
        ``"fisher"``, ``"fisher_doubled"``, ``"blaker"``, ``"fisher_midp"`` or ``"fisher_midp_doubled"``.
    n1, n2 : int
        Patients in each arm.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    level : float
        Largest p-value that rejects.
    rows, columns : tuple of int
        First and last x1, first and last x2.

    Returns
    -------
    ndarray of bool, shape (last x1 - first x1 + 1, last x2 - first x2 + 1)

    Notes
    -----
    The p-values of all margins are summed up at once, in floats. Where one comes within a part in a thousand million of
    the level, whole numbers decide.

    Examples
    --------
    >>> conditional_rejects("fisher", 3, 3, "two-sided", 0.1, (2, 3), (0, 1)).tolist()
    [[False, False], [True, False]]
    """
    first_s, last_s = rows[0] + columns[0], rows[1] + columns[1]
    s = np.arange(first_s, last_s + 1)
    # Given s responders, the first arm has s n1 / (n1 + n2) of them, give or take nine standard deviations and a dozen.
    mean = s * (n1 / (n1 + n2))
    wide = np.inf if level < 1e-6 else 12 + 9 * np.sqrt(mean * (1 - s / (n1 + n2)) * n2 / max(n1 + n2 - 1, 1))
    first_k = int(np.clip((mean - wide).min(), 0, rows[0]))
    last_k = int(np.clip((mean + wide).max() + 1, rows[1], n1))
    k = np.arange(first_k, last_k + 1)
    ways = _ways_of_margins(n1, n2, s, k)
    extreme, _ = _tail_sums(key, alternative, ways, n1, n2, first_s, first_k)
    x1, x2 = (grid.ravel() for grid in np.indices((rows[1] - rows[0] + 1, columns[1] - columns[0] + 1)))
    x1, x2 = x1 + rows[0], x2 + columns[0]
    p = extreme[x1 + x2 - first_s, x1 - first_k]
    rejected = np.asarray(p <= level)
    open_tables = np.flatnonzero(np.abs(p - level) <= 1e-9 * level)
    if len(open_tables):
        a, b = x1[open_tables], x2[open_tables]
        exact = conditional.pvalues(key, a, np.full_like(a, n1), b, np.full_like(b, n2), alternative)
        rejected[open_tables] = exact <= level
    return rejected.reshape(rows[1] - rows[0] + 1, columns[1] - columns[0] + 1)


def _ways_of_margins(n1: int, n2: int, s: IntArray, k: IntArray) -> FloatArray:
    """P(k responders in the first arm | s in all), one row a margin; 0 where there is no such table."""
    log = np.concatenate([[0], np.cumsum(np.log(np.arange(1, n1 + n2 + 1, dtype=np.longdouble)))])
    log1, log2, log_all = (log[n] - log[: n + 1] - log[n::-1] for n in (n1, n2, n1 + n2))
    # Differences from the middle are small, so that floats carry them; the middle itself is a long number.
    middle = s[len(s) // 2]
    middle1 = min(max(int(middle * n1 / (n1 + n2)), 0, int(middle) - n2), n1)
    reference = float(log1[middle1] + log2[middle - middle1] - log_all[middle])
    rest = s[:, None] - k
    possible = (rest >= 0) & (rest <= n2)
    from1 = (log1[k] - log1[middle1]).astype(np.float64)
    from2 = (log2 - log2[middle - middle1]).astype(np.float64)[np.clip(rest, 0, n2)]
    from_all = (log_all[s] - log_all[middle]).astype(np.float64)
    return np.where(possible, np.exp(from1 + from2 - from_all[:, None] + reference), 0.0)


def _tail_sums(
    key: str, alternative: str, ways: FloatArray, n1: int, n2: int, first_s: int, first_k: int
) -> tuple[FloatArray, FloatArray]:
    """Return the p-value of each table of many margins, and what is left of 1 (nan where p was doubled).

    One row a margin, one column for each x1.
    """
    if alternative == "two-sided" and key in ("fisher", "fisher_midp"):
        return _sums_in_order(ways, ways, key, n1, n2, first_s, first_k)
    half = ways / 2 if "midp" in key else 0.0
    upper, lower = np.cumsum(ways[:, ::-1], axis=1)[:, ::-1], np.cumsum(ways, axis=1)
    if alternative == "greater":
        return upper - half, np.pad(lower[:, :-1], ((0, 0), (1, 0))) + half
    if alternative == "less":
        return lower - half, np.pad(upper[:, 1:], ((0, 0), (0, 1))) + half
    smaller = np.minimum(upper, lower) - half
    if key == "blaker":
        return _sums_in_order(smaller, ways, key, n1, n2, first_s, first_k)
    return np.minimum(2 * smaller, 1.0), np.full_like(ways, np.nan)


def _sums_in_order(
    rank_by: FloatArray, ways: FloatArray, key: str, n1: int, n2: int, first_s: int, first_k: int
) -> tuple[FloatArray, FloatArray]:
    """For each table the probability of all that rank no higher than it in its row, and of those that rank higher."""
    columns = np.argsort(rank_by, axis=1, kind="stable")
    by, ordered = (np.take_along_axis(array, columns, axis=1) for array in (rank_by, ways))
    tied = (by[:, 1:] - by[:, :-1] <= 1e-11 * by[:, 1:]) & (by[:, 1:] > 0)
    s, k = np.nonzero(tied)
    left, right = columns[s, k] + first_k, columns[s, k + 1] + first_k
    # In equal arms a table ties with its mirror image; any other tie is a matter of whole numbers.
    for i in np.flatnonzero((left + right != s + first_s) | (n1 != n2)).tolist():
        responders = int(s[i]) + first_s
        found = conditional.margin_numerators(key, "two-sided", n1, n2, responders)
        a, b = (found[x1 - max(0, responders - n2)] for x1 in (int(left[i]), int(right[i])))
        if a != b:
            tied[s[i], k[i]] = False
        if a > b:
            columns[s[i], k[i]], columns[s[i], k[i] + 1] = right[i] - first_k, left[i] - first_k
    width = ways.shape[1]
    last = np.full(ways.shape, width - 1)
    last[:, :-1] = np.where(tied, width - 1, np.arange(width - 1))
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    below = np.take_along_axis(np.cumsum(ordered, axis=1), last, axis=1)
    above = np.zeros((len(ways), width + 1))
    above[:, :-1] = np.cumsum(ordered[:, ::-1], axis=1)[:, ::-1]
    higher = np.take_along_axis(above, last + 1, axis=1)
    if "midp" in key:  # ties, the table itself among them, count half
        first = np.zeros(ways.shape, dtype=np.int64)
        first[:, 1:] = np.where(tied, 0, np.arange(1, width))
        first = np.maximum.accumulate(first, axis=1)
        lower = np.zeros((len(ways), width + 1))
        np.cumsum(ordered, axis=1, out=lower[:, 1:])
        below = (below + np.take_along_axis(lower, first, axis=1)) / 2
    extreme, rest = np.empty_like(ways), np.empty_like(ways)
    np.put_along_axis(extreme, columns, below, axis=1)
    np.put_along_axis(rest, columns, higher, axis=1)
    return extreme, rest
