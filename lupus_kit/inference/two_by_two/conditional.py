"""Conditional exact tests: the number of responders in all is held fixed.

Given ``s`` responders in all, the responders of the first arm follow the hypergeometric distribution. Its
weights are whole numbers, so every sum and every comparison is made in whole numbers and only the final
quotient is rounded: the p-values are right to the last bit.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import comb

import numpy as np

from lupus_kit.core.errors import InputError
from lupus_kit.inference.two_by_two.counts import Bools, FloatArray, IntArray

#: Tables of one margin; whole numbers of thousands of digits become slow beyond.
WIDEST = 20_000

#: Tests that :func:`conditional_rejects` knows.
CONDITIONAL = ("fisher", "fisher_doubled", "blaker", "fisher_midp", "fisher_midp_doubled")


@lru_cache(maxsize=8192)
def weights(n1: int, n2: int, s: int) -> tuple[int, ...]:
    """Return the number of ways to get each table with ``s`` responders, for ``x1`` from ``max(0, s - n2)`` up.

    Examples
    --------
    >>> weights(3, 2, 2)
    (1, 6, 3)
    """
    low, high = max(0, s - n2), min(n1, s)
    if high - low > WIDEST:
        raise InputError(
            f"a table with {s} responders among {n1} and {n2} patients has {high - low + 1} alternatives; exact tests "
            f"take up to {WIDEST}. Use a large-sample test."
        )
    weight = comb(n1, low) * comb(n2, s - low)
    ways = [weight]
    for k in range(low, high):
        # Next term of the hypergeometric series; the division is exact.
        weight = weight * (n1 - k) * (s - k) // ((k + 1) * (n2 - s + k + 1))
        ways.append(weight)
    return tuple(ways)


def _ordered_sum(w: Sequence[int], key: Sequence[int], mid: bool = False) -> list[int]:
    """Twice the total weight of the tables whose key is at most that of each table; with ``mid``, ties count half."""
    mass: dict[int, int] = {}
    for value, weight in zip(key, w, strict=True):
        mass[value] = mass.get(value, 0) + weight
    total, below = 0, {}
    for value in sorted(mass):
        below[value] = 2 * total + (mass[value] if mid else 2 * mass[value])
        total += mass[value]
    return [below[value] for value in key]


def numerators(key: str, alternative: str, w: Sequence[int]) -> list[int]:
    """Return twice the numerator of the p-value of each table, from the weights of one margin."""
    mid = "midp" in key
    if alternative == "two-sided" and key in ("fisher", "fisher_midp"):
        return _ordered_sum(w, w, mid)
    upper = [2 * tail - mid * weight for tail, weight in zip(list(accumulate(reversed(w)))[::-1], w, strict=True)]
    lower = [2 * tail - mid * weight for tail, weight in zip(accumulate(w), w, strict=True)]
    if alternative != "two-sided":
        return upper if alternative == "greater" else lower
    smaller = [min(pair) for pair in zip(upper, lower, strict=True)]
    if key == "blaker":
        return _ordered_sum(w, smaller)
    total = 2 * sum(w)
    return [min(2 * tail, total) for tail in smaller]


@lru_cache(maxsize=256)
def margin_numerators(key: str, alternative: str, n1: int, n2: int, s: int) -> list[int]:
    """Return twice the numerator of the p-value of each table with ``s`` responders, as :func:`numerators`."""
    return numerators(key, alternative, weights(n1, n2, s))


@lru_cache(maxsize=65536)
def _margin(key: str, alternative: str, n1: int, n2: int, s: int) -> FloatArray:
    """p-values of every table with ``s`` responders."""
    found = numerators(key, alternative, weights(n1, n2, s))  # refuses margins that are too wide to be added up
    total = 2 * comb(n1 + n2, s)
    return np.array([numerator / total for numerator in found])


def pvalues(key: str, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str) -> FloatArray:
    """Return the p-value of each table, one margin at a time."""
    margins, index = np.unique(np.stack([n1, n2, x1 + x2], axis=-1).reshape(-1, 3), axis=0, return_inverse=True)
    flat, index = x1.ravel(), index.ravel()
    result = np.empty(flat.shape)
    order = np.argsort(index, kind="stable")
    ends = np.searchsorted(index[order], np.arange(len(margins) + 1))
    for k, (m, n, s) in enumerate(margins.tolist()):
        members = order[ends[k] : ends[k + 1]]
        if min(m, s) - max(0, s - n) > WIDEST:
            result[members] = _wide_margin(key, alternative, m, n, s, flat[members])
        else:
            result[members] = _margin(key, alternative, m, n, s)[flat[members] - max(0, s - n)]
    return result.reshape(x1.shape)


def _wide_margin(key: str, alternative: str, n1: int, n2: int, s: int, x1: IntArray) -> FloatArray:
    """p-values of tables of a margin too wide for whole numbers, in floats.

    Tables whose probabilities differ by less than a part in ten million tie, as in R's ``fisher.test``.
    """
    total = n1 + n2
    mean = s * (n1 / total)
    wide = 1000 + 40 * np.sqrt(mean * (1 - s / total) * (n2 / (total - 1)))
    low, high = max(0, s - n2, int(mean - wide)), min(n1, s, int(mean + wide))
    # From one table to the next by a product, from the middle outwards; what lies beyond is less than a float can hold.
    k = np.arange(low, high, dtype=np.float64)
    ratio = (n1 - k) * (s - k) / ((k + 1) * (n2 - s + k + 1))
    middle = min(max(int(mean), low), high) - low
    ways = np.concatenate([np.cumprod(1 / ratio[:middle][::-1])[::-1], [1.0], np.cumprod(ratio[middle:])])
    p, _ = tail_sums(key, alternative, (ways / ways.sum())[None, :], n1, n2, s, low, exact=False)
    # A table beyond the window has a tail of 0 or 1.
    inside = np.minimum(p[0][np.clip(x1, low, high) - low], 1.0)
    small = x1 > high if alternative == "greater" else x1 < low if alternative == "less" else (x1 > high) | (x1 < low)
    return np.where(small, 0.0, inside)


def conditional_rejects(
    key: str, n1: int, n2: int, alternative: str, level: float, rows: tuple[int, int], columns: tuple[int, int]
) -> Bools:
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
    ways = ways_of_margins(n1, n2, s, k)
    extreme, _ = tail_sums(key, alternative, ways, n1, n2, first_s, first_k)
    x1, x2 = (grid.ravel() for grid in np.indices((rows[1] - rows[0] + 1, columns[1] - columns[0] + 1)))
    x1, x2 = x1 + rows[0], x2 + columns[0]
    p = extreme[x1 + x2 - first_s, x1 - first_k]
    rejected = np.asarray(p <= level)
    open_tables = np.flatnonzero(np.abs(p - level) <= 1e-9 * level)
    if len(open_tables):
        a, b = x1[open_tables], x2[open_tables]
        exact = pvalues(key, a, np.full_like(a, n1), b, np.full_like(b, n2), alternative)
        rejected[open_tables] = exact <= level
    return rejected.reshape(rows[1] - rows[0] + 1, columns[1] - columns[0] + 1)


def ways_of_margins(n1: int, n2: int, s: IntArray, k: IntArray) -> FloatArray:
    """Return P(k responders in the first arm | s in all), one row a margin; 0 where there is no such table.

    Examples
    --------
    >>> ways_of_margins(3, 3, np.array([2]), np.arange(4)).round(12).tolist()
    [[0.2, 0.6, 0.2, 0.0]]
    """
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
    return np.exp(np.where(possible, from1 + from2 - from_all[:, None] + reference, -np.inf))


def tail_sums(
    key: str, alternative: str, ways: FloatArray, n1: int, n2: int, first_s: int, first_k: int, exact: bool = True
) -> tuple[FloatArray, FloatArray]:
    """Return the p-value of each table of many margins, and what is left of 1 (nan where p was doubled).

    One row a margin, from ``first_s`` responders up; one column for each x1, from ``first_k`` up. Ties are settled in
    whole numbers, unless ``exact`` is false.

    Examples
    --------
    >>> [row.round(4).tolist() for row in tail_sums("fisher", "greater", np.array([[0.2, 0.6, 0.2]]), 3, 3, 2, 0)]
    [[[1.0, 0.8, 0.2]], [[0.0, 0.2, 0.8]]]
    """
    if alternative == "two-sided" and key in ("fisher", "fisher_midp"):
        return _sums_in_order(ways, ways, key, n1, n2, first_s, first_k, exact)
    half = ways / 2 if "midp" in key else 0.0
    upper, lower = np.cumsum(ways[:, ::-1], axis=1)[:, ::-1], np.cumsum(ways, axis=1)
    if alternative == "greater":
        return upper - half, np.pad(lower[:, :-1], ((0, 0), (1, 0))) + half
    if alternative == "less":
        return lower - half, np.pad(upper[:, 1:], ((0, 0), (0, 1))) + half
    smaller = np.minimum(upper, lower) - half
    if key == "blaker":
        return _sums_in_order(smaller, ways, key, n1, n2, first_s, first_k, exact)
    return np.minimum(2 * smaller, 1.0), np.full_like(ways, np.nan)


def _sums_in_order(
    rank_by: FloatArray, ways: FloatArray, key: str, n1: int, n2: int, first_s: int, first_k: int, exact: bool
) -> tuple[FloatArray, FloatArray]:
    """For each table the probability of all that rank no higher than it in its row, and of those that rank higher."""
    columns = np.argsort(rank_by, axis=1, kind="stable")
    by, ordered = (np.take_along_axis(array, columns, axis=1) for array in (rank_by, ways))
    tied = (by[:, 1:] - by[:, :-1] <= (1e-11 if exact else 1e-9) * by[:, 1:]) & (by[:, 1:] > 0)
    s, k = np.nonzero(tied & exact)
    left, right = columns[s, k] + first_k, columns[s, k + 1] + first_k
    # In equal arms a table ties with its mirror image; any other tie is a matter of whole numbers.
    for i in np.flatnonzero((left + right != s + first_s) | (n1 != n2)).tolist():
        responders = int(s[i]) + first_s
        found = margin_numerators(key, "two-sided", n1, n2, responders)
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
