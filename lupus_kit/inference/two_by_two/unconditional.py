"""Unconditional exact tests: the p-value is a supremum over the common response rate.

Tables are put in order of extremeness, in exact arithmetic (:mod:`lupus_kit.inference.two_by_two.ranking`). The p-value
of a table is the largest probability, over the nuisance parameter, of all tables at least as extreme.
"""

from bisect import bisect_right
from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, ndtri

from lupus_kit.inference.two_by_two.bernstein import basis, grid, suprema
from lupus_kit.inference.two_by_two.counts import Bools, FloatArray, IntArray, refuse_large, refuse_lattice
from lupus_kit.inference.two_by_two.ranking import Order, conditional_probabilities, order, tables

#: Error rate of the confidence interval for the nuisance parameter in the tests of Berger and Boos.
BERGER_BOOS_GAMMA = 1e-6
# A few tables of a design this large, or with a gamma, are computed one by one, in milliseconds; a lattice is kept for many.
_FEW, _LARGE_LATTICE = 8, 1_500
# Tables that are sorted faster than they are sifted.
_FEW_TO_SORT = 400
# Polynomials held at once in a lattice.
_BLOCK = 1024


class _Tails:
    """The sets of tables at least as extreme as each rank, as polynomials of the nuisance parameter.

    Attributes
    ----------
    ranks : ndarray of int
        Rank of each table, 0 for the most extreme.
    n_ranks : int
        How many there are.
    """

    def __init__(self, ordering: str, n1: int, n2: int, alternative: str) -> None:
        x1, x2 = tables(n1, n2)
        ranks = order(ordering, n1, n2, alternative).ranks(np.arange(len(x1)))
        self.ranks, self.n_ranks, self._degree = ranks, int(np.max(ranks)) + 1, n1 + n2
        self._alternative = alternative
        self._order = np.argsort(ranks, kind="stable")
        self._sorted = ranks[self._order]
        self._responders = (x1 + x2)[self._order]
        self._probability = conditional_probabilities(n1, n2)[self._order]

    def coefficients(self, wanted: IntArray) -> FloatArray:
        """Bernstein coefficients up to each wanted rank (increasing), shape (wanted, degree + 1)."""
        width, n = self._degree + 1, int(np.searchsorted(self._sorted, wanted[-1], side="right"))
        cell = np.searchsorted(wanted, self._sorted[:n]) * width + self._responders[:n]
        summed = np.bincount(cell, weights=self._probability[:n], minlength=len(wanted) * width)
        found: FloatArray = summed.astype(np.float64, copy=False).reshape(len(wanted), width)
        np.cumsum(found, axis=0, out=found)
        np.minimum(found, 1.0, out=found)
        found[wanted == self.n_ranks - 1] = 1.0  # all tables together
        return _mirrored(found, self._alternative)


def _ordered_lattice(ordering: str, n1: int, n2: int, alternative: str) -> FloatArray:
    tails = _Tails(ordering, n1, n2, alternative)
    value = np.empty(tails.n_ranks)
    for start in range(0, tails.n_ranks, _BLOCK):
        wanted = np.arange(start, min(start + _BLOCK, tails.n_ranks))
        value[wanted] = suprema(tails.coefficients(wanted)).value
    return value[tails.ranks].reshape(n1 + 1, n2 + 1)


def _nuisance_interval(s: int, total: int, gamma: float) -> tuple[float, float]:
    """Clopper–Pearson interval of the common response rate, error rate gamma."""
    lower = float(betaincinv(s, total - s + 1, gamma / 2)) if s else 0.0
    # By the complement: 1 - gamma / 2 would round a small gamma away.
    return lower, 1.0 - float(betaincinv(total - s, s + 1, gamma / 2)) if s < total else 1.0


def _berger_boos_lattice(ordering: str, n1: int, n2: int, alternative: str, gamma: float) -> FloatArray:
    """Supremum over a confidence interval for the nuisance parameter, plus the interval's error rate."""
    tails = _Tails(ordering, n1, n2, alternative)
    x1, x2 = tables(n1, n2)
    by_responders = np.argsort(x1 + x2, kind="stable")
    responders, total = (x1 + x2)[by_responders], n1 + n2
    result = np.empty(len(x1))
    # The numbers of responders in groups with about as many tables as a block.
    groups = np.cumsum(np.bincount(responders)) // _BLOCK
    for group in np.unique(groups):
        several = np.flatnonzero(groups == group)
        members = by_responders[np.isin(responders, several)]
        wanted, row = np.unique(tails.ranks[members], return_inverse=True)
        coefficients = tails.coefficients(wanted)
        for s in several.tolist():
            here = x1[members] + x2[members] == s
            result[members[here]] = suprema(coefficients[row[here]], *_nuisance_interval(s, total, gamma)).value + gamma
    return np.minimum(result, 1.0).reshape(n1 + 1, n2 + 1)


#: The statistic by which each test orders the tables.
ORDERINGS = {
    "barnard": "score",
    "barnard_unpooled": "wald",
    "boschloo": "fisher",
    "boschloo_minlike": "fisher",
    "barnard_berger_boos": "score",
    "boschloo_berger_boos": "fisher",
}


def confidence(key: str, gamma: float | None) -> float | None:
    """Return the gamma of a test: the one given, that of the Berger–Boos entries, or none."""
    return BERGER_BOOS_GAMMA if gamma is None and key.endswith("berger_boos") else gamma


@lru_cache(maxsize=128)
def lattice(key: str, n1: int, n2: int, alternative: str, gamma: float | None = None) -> FloatArray:
    """Return the p-values of every table of a design, shape ``(n1 + 1, n2 + 1)``, read-only.

    With a gamma, those of the Berger–Boos form of the test.
    """
    gamma = confidence(key, gamma)
    ordering = ORDERINGS[key]
    refuse_lattice(n1, n2, "an unconditional exact test")
    if alternative == "less":
        # Calling responders non-responders turns one side into the other, table for table.
        values = lattice(key, n1, n2, "greater", gamma)[::-1, ::-1].copy()
    elif key in ("boschloo", "boschloo_berger_boos") and alternative == "two-sided":
        sides = lattice(key, n1, n2, "greater", gamma), lattice(key, n1, n2, "less", gamma)
        values = np.minimum(2 * np.minimum(*sides), 1.0)
    elif gamma is not None:
        values = _berger_boos_lattice(ordering, n1, n2, alternative, gamma)
    else:
        values = _ordered_lattice(ordering, n1, n2, alternative)
    values.flags.writeable = False
    return values


@lru_cache(maxsize=512)
def _one_region(ordering: str, x1: int, n1: int, x2: int, n2: int, alternative: str) -> FloatArray:
    """Bernstein coefficients of all tables at least as extreme as one, shape (1, n1 + n2 + 1), read-only."""
    inside = order(ordering, n1, n2, alternative).at_most(x1 * (n2 + 1) + x2)
    coefficients = np.ones((1, n1 + n2 + 1))
    if not inside.all():
        a, b = tables(n1, n2)
        probability = conditional_probabilities(n1, n2)[inside]
        coefficients[0] = np.minimum(np.bincount((a + b)[inside], weights=probability, minlength=n1 + n2 + 1), 1.0)
    coefficients.flags.writeable = False
    return coefficients


def one_supremum(
    key: str, x1: int, n1: int, x2: int, n2: int, alternative: str, gamma: float | None = None
) -> tuple[float, float]:
    """p-value of one table without the lattice, and the common response rate where its supremum lies."""
    gamma = confidence(key, gamma)
    refuse_large(n1, n2, "an unconditional exact test")
    if alternative == "less":
        p, at = one_supremum(key, n1 - x1, n1, n2 - x2, n2, "greater", gamma)
        return p, 1 - at
    if key in ("boschloo", "boschloo_berger_boos") and alternative == "two-sided":
        p, at = min(one_supremum(key, x1, n1, x2, n2, side, gamma) for side in ("greater", "less"))
        return min(2 * p, 1.0), at
    limits = () if gamma is None else _nuisance_interval(x1 + x2, n1 + n2, gamma)
    top = suprema(_one_region(ORDERINGS[key], x1, n1, x2, n2, alternative), *limits)
    return min(float(top.value[0]) + (gamma or 0.0), 1.0), float(top.at[0])


def region(key: str, n1: int, n2: int, alternative: str, level: float) -> Bools:
    """Tables with a p-value of at most ``level``, found by halving the order of the tables.

    The p-value grows along the order, so the last rejected table can be searched for. Only the tables that a
    large-sample test puts near the level are sorted, if the search proves that the last one is among them.
    Probabilities on a grid of the nuisance parameter are lower bounds of the p-value: they rule out most tables, and a
    supremum or two decide. Not for the Berger–Boos tests, whose p-value does not follow one order.
    """
    refuse_large(n1, n2, "the rejection region of an unconditional exact test", 2000)
    if alternative == "less":
        return region(key, n1, n2, "greater", level)[::-1, ::-1]
    if key == "boschloo" and alternative == "two-sided":
        greater = region(key, n1, n2, "greater", level / 2)
        return greater | greater[::-1, ::-1]
    found = order(ORDERINGS[key], n1, n2, alternative)
    if (n1 + 1) * (n2 + 1) > _FEW_TO_SORT:
        surely, near = (found.values < line for line in _lines(found, ORDERINGS[key], alternative, level, n1, n2))
        sifted = _last_rejected(found, surely, near & ~surely, n1, n2, alternative, level)
        if sifted is not None:
            return sifted
    none = np.zeros(len(found.values), dtype=bool)
    every = _last_rejected(found, none, ~none, n1, n2, alternative, level)
    return none.reshape(n1 + 1, n2 + 1) if every is None else every


def _last_rejected(
    found: Order, inside: Bools, open_tables: Bools, n1: int, n2: int, alternative: str, level: float
) -> Bools | None:
    """Search for the last rejected table among the open ones; ``None`` where it is not there."""
    x1, x2 = tables(n1, n2)
    degree, responders, probability = n1 + n2, x1 + x2, conditional_probabilities(n1, n2)
    doubtful = np.flatnonzero(open_tables)
    if not len(doubtful):
        return None
    ranks = found.ranks(doubtful)
    sort = np.argsort(ranks, kind="stable")
    doubtful, ends = doubtful[sort], np.flatnonzero(np.diff(ranks[sort], append=len(x1))) + 1
    base = np.bincount(responders[inside], weights=probability[inside], minlength=degree + 1)
    responders, probability = responders[doubtful], probability[doubtful]

    def first(groups: int) -> FloatArray:
        n = ends[groups - 1] if groups else 0
        law = base + np.bincount(responders[:n], weights=probability[:n], minlength=degree + 1)
        return _mirrored(np.minimum(law, 1.0), alternative)

    def highest(groups: int) -> float:
        return float((first(groups) @ points).max())

    _, points = grid(degree, 0.0, 0.5 if alternative == "two-sided" else 1.0)
    last = len(ends)
    if highest(last) <= level:
        return None
    while True:
        # `kept` of the ranks are rejected as far as these points tell, and fewer than `last` for certain.
        kept = bisect_right(range(1, last), level, key=highest)
        top = suprema(first(kept)[None, :])
        if top.value[0] <= level:
            rejected = inside.copy()
            rejected[doubtful[: ends[kept - 1] if kept else 0]] = True
            return rejected.reshape(n1 + 1, n2 + 1)
        if kept == 0:
            return None
        points, last = np.column_stack([points, basis(degree, top.at).T]), kept


def _mirrored(coefficients: FloatArray, alternative: str) -> FloatArray:
    """Make the symmetry of a two-sided set of tables exact, which halves the work."""
    return (coefficients + coefficients[..., ::-1]) / 2 if alternative == "two-sided" else coefficients


def _lines(found: Order, ordering: str, alternative: str, level: float, n1: int, n2: int) -> list[float]:
    """Values of the order at an eighth of the level and at eight times, by a large-sample test, clear of any table."""
    lines = []
    for p in (level / 8, min(8 * level, 0.4)):
        z = float(ndtri(p / 2 if alternative == "two-sided" else p))
        scale = {"score": n1 * n2 / (n1 + n2), "wald": 1 / (n1 * n2)}.get(ordering)
        line = p / (1 - p) if scale is None else z * abs(z) * scale
        while (np.abs(found.values - line) <= 1e-9 * abs(line)).any():
            line *= 1 + 1e-6
        lines.append(line)
    return lines


def pvalues(
    key: str, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, alternative: str, gamma: float | None = None
) -> FloatArray:
    """Return the p-value of each table, one lattice for each pair of arm sizes."""
    result, gamma = np.empty(x1.shape), confidence(key, gamma)
    width = int(n2.max()) + 1
    for m, n in (divmod(int(pair), width) for pair in np.unique(n1 * width + n2)):
        here = (n1 == m) & (n2 == n)
        if here.sum() <= _FEW and (gamma or (m + 1) * (n + 1) > _LARGE_LATTICE):
            pairs = zip(x1[here].tolist(), x2[here].tolist(), strict=True)
            result[here] = [one_supremum(key, a, m, b, n, alternative, gamma)[0] for a, b in pairs]
        else:
            result[here] = lattice(key, m, n, alternative, gamma)[x1[here], x2[here]]
    return result
