"""Unconditional exact tests: the p-value is a supremum over the common response rate.

Tables are put in order of extremeness, in exact arithmetic (:mod:`lupus_kit.inference.two_by_two.ranking`). The p-value
of a table is the largest probability, over the nuisance parameter, of all tables at least as extreme.
"""

from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from lupus_kit.core.errors import InputError
from lupus_kit.inference.two_by_two import conditional
from lupus_kit.inference.two_by_two.bernstein import suprema
from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray
from lupus_kit.inference.two_by_two.ranking import at_most_one, rank_quotients

#: Error rate of the confidence interval for the nuisance parameter in the tests of Berger and Boos.
BERGER_BOOS_GAMMA = 1e-6
# A few tables of a design this large are computed one by one, which takes milliseconds; a lattice is kept for many.
_FEW, _LARGE_LATTICE = 8, 1_500
# Numbers in the matrix of coefficients: three gigabytes of them.
_LARGEST = 400_000_000
# Tables of a design that can be ordered in reasonable time.
_LARGEST_SINGLE = 1_100_000


def _lattice(n1: int, n2: int) -> tuple[IntArray, IntArray]:
    """x1 and x2 of every table, row by row, as Python integers when int64 might overflow."""
    dtype: type = np.int64 if max(n1, n2) <= 400 else object
    x1: IntArray = np.repeat(np.arange(n1 + 1, dtype=dtype), n2 + 1)
    return x1, np.tile(np.arange(n2 + 1, dtype=dtype), n1 + 1)


def _statistic(ordering: str, n1: int, n2: int, alternative: str) -> tuple[IntArray, IntArray]:
    """Negated signed square of the pooled score or unpooled Wald statistic of each table, as a quotient.

    The smallest belongs to the most extreme table. Where the statistic is 0/0 the quotient is 0. Where the Wald
    statistic is infinite the denominator is 1: the numerator is largest exactly there, so these tables come first.
    """
    x1, x2 = _lattice(n1, n2)
    cross = x1 * n2 - x2 * n1
    pooled = ordering == "score"
    variance = (x1 + x2) * (n1 + n2 - x1 - x2) if pooled else n2**3 * x1 * (n1 - x1) + n1**3 * x2 * (n2 - x2)
    square: IntArray = cross * (abs(cross) if alternative != "two-sided" else cross)
    return -square, np.where(variance == 0, 1, variance)


def _extremeness(ordering: str, n1: int, n2: int, alternative: str) -> IntArray:
    """Rank of each table of the lattice, 0 for the most extreme; two-sided, or against ``"greater"``."""
    if ordering in ("score", "wald"):
        return rank_quotients(*_statistic(ordering, n1, n2, alternative))
    return _rank_pvalues(*conditional.quotients("fisher", alternative, n1, n2))


def _rank_pvalues(numerators: list[int], denominators: list[int]) -> IntArray:
    """Rank exact p-values; those above one half by their complements, which floats still tell apart near 1."""
    complement = np.array([2 * a > b for a, b in zip(numerators, denominators, strict=True)])
    pairs = zip(numerators, denominators, complement.tolist(), strict=True)
    numbers = np.array([b - a if above else a for a, b, above in pairs], dtype=object)
    whole = np.array(denominators, dtype=object)
    ranks = np.empty(len(numbers), dtype=np.int64)
    n_small = 0
    if not complement.all():
        ranks[~complement] = rank_quotients(numbers[~complement], whole[~complement])
        n_small = int(np.max(ranks[~complement])) + 1
    if complement.any():
        large = rank_quotients(numbers[complement], whole[complement])
        ranks[complement] = n_small + np.max(large) - large
    return ranks


def _conditional_probabilities(n1: int, n2: int) -> FloatArray:
    """P(table | responders in all), row by row of the lattice."""
    if n1 + n2 <= 1000:  # the numbers of ways then fit a float
        choose1, choose2 = (np.array([float(comb(n, k)) for k in range(n + 1)]) for n in (n1, n2))
        choose = np.array([float(comb(n1 + n2, k)) for k in range(n1 + n2 + 1)])
        responders = np.add.outer(np.arange(n1 + 1), np.arange(n2 + 1))
        return np.asarray((np.multiply.outer(choose1, choose2) / choose[responders]).ravel())
    from scipy.stats import hypergeom

    x1, x2 = _lattice(n1, n2)
    return np.asarray(hypergeom.pmf(x1.astype(int), n1 + n2, n1, (x1 + x2).astype(int)))


def _regions(ranks: IntArray, n1: int, n2: int) -> FloatArray:
    """Bernstein coefficients of the probability of all tables up to each rank, shape (ranks, n1 + n2 + 1)."""
    x1, x2 = _lattice(n1, n2)
    width, n_ranks = n1 + n2 + 1, int(np.max(ranks)) + 1
    cell = ranks * width + (x1 + x2).astype(int)
    probability = _conditional_probabilities(n1, n2)
    summed = np.bincount(cell, weights=probability, minlength=n_ranks * width)
    coefficients = summed.astype(np.float64, copy=False).reshape(n_ranks, width)
    np.cumsum(coefficients, axis=0, out=coefficients)
    np.minimum(coefficients, 1.0, out=coefficients)
    coefficients[-1] = 1.0  # all tables together
    return coefficients


def _ordered_lattice(ordering: str, n1: int, n2: int, alternative: str) -> FloatArray:
    ranks = _extremeness(ordering, n1, n2, alternative)
    return suprema(_regions(ranks, n1, n2)).value[ranks].reshape(n1 + 1, n2 + 1)


def _nuisance_interval(s: int, total: int, gamma: float) -> tuple[float, float]:
    """Clopper–Pearson interval of the common response rate, error rate gamma."""
    lower = float(betaincinv(s, total - s + 1, gamma / 2)) if s else 0.0
    # By the complement: 1 - gamma / 2 would round a small gamma away.
    return lower, 1.0 - float(betaincinv(total - s, s + 1, gamma / 2)) if s < total else 1.0


def _berger_boos_lattice(ordering: str, n1: int, n2: int, alternative: str, gamma: float) -> FloatArray:
    """Supremum over a confidence interval for the nuisance parameter, plus the interval's error rate."""
    ranks = _extremeness(ordering, n1, n2, alternative)
    regions = _regions(ranks, n1, n2)
    x1, x2 = _lattice(n1, n2)
    responders, total = (x1 + x2).astype(int), n1 + n2
    result = np.empty(len(ranks))
    for s in range(total + 1):
        members = np.flatnonzero(responders == s)
        result[members] = suprema(regions[ranks[members]], *_nuisance_interval(s, total, gamma)).value + gamma
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
    if (n1 + 1) * (n2 + 1) * (n1 + n2 + 1) > _LARGEST:
        raise InputError(
            f"all tables of {n1} and {n2} patients together need too much memory for an unconditional exact test; it "
            "takes up to about 500 patients an arm. Ask for a few tables, or use a large-sample test."
        )
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
    if ordering in ("score", "wald"):
        quotients: tuple[IntArray | list[int], IntArray | list[int]] = _statistic(ordering, n1, n2, alternative)
    else:
        quotients = conditional.quotients("fisher", alternative, n1, n2)
    inside = at_most_one(*quotients, x1 * (n2 + 1) + x2)
    coefficients = np.ones((1, n1 + n2 + 1))
    if not inside.all():
        a, b = _lattice(n1, n2)
        responders = (a + b).astype(int)[inside]
        probability = _conditional_probabilities(n1, n2)[inside]
        coefficients[0] = np.minimum(np.bincount(responders, weights=probability, minlength=n1 + n2 + 1), 1.0)
    coefficients.flags.writeable = False
    return coefficients


def one_supremum(
    key: str, x1: int, n1: int, x2: int, n2: int, alternative: str, gamma: float | None = None
) -> tuple[float, float]:
    """p-value of one table without the lattice, and the common response rate where its supremum lies."""
    gamma = confidence(key, gamma)
    if (n1 + 1) * (n2 + 1) > _LARGEST_SINGLE:
        raise InputError(
            f"an unconditional exact test with {n1} and {n2} patients has too many tables; it takes up to about 1000 "
            "patients an arm. Use a large-sample test."
        )
    if alternative == "less":
        p, at = one_supremum(key, n1 - x1, n1, n2 - x2, n2, "greater", gamma)
        return p, 1 - at
    if key in ("boschloo", "boschloo_berger_boos") and alternative == "two-sided":
        p, at = min(one_supremum(key, x1, n1, x2, n2, side, gamma) for side in ("greater", "less"))
        return min(2 * p, 1.0), at
    limits = () if gamma is None else _nuisance_interval(x1 + x2, n1 + n2, gamma)
    top = suprema(_one_region(ORDERINGS[key], x1, n1, x2, n2, alternative), *limits)
    return min(float(top.value[0]) + (gamma or 0.0), 1.0), float(top.at[0])


def one_pvalue(key: str, x1: int, n1: int, x2: int, n2: int, alternative: str, gamma: float | None = None) -> float:
    """p-value of one table without the lattice: one region instead of all of them."""
    return one_supremum(key, x1, n1, x2, n2, alternative, gamma)[0]


def region(key: str, n1: int, n2: int, alternative: str, level: float) -> NDArray[np.bool_]:
    """Tables with a p-value of at most ``level``, found by halving the order of the tables.

    The p-value grows along the order, so a handful of suprema finds the last table that is rejected; a lattice would
    take one for each table. Not for the Berger–Boos tests, whose p-value does not follow one order.
    """
    if alternative == "less":
        return region(key, n1, n2, "greater", level)[::-1, ::-1]
    if key == "boschloo" and alternative == "two-sided":
        greater = region(key, n1, n2, "greater", level / 2)
        return greater | greater[::-1, ::-1]
    ranks = _extremeness(ORDERINGS[key], n1, n2, alternative)
    x1, x2 = _lattice(n1, n2)
    responders, probability = (x1 + x2).astype(int), _conditional_probabilities(n1, n2)
    inside, outside = -1, int(np.max(ranks)) + 1
    while outside - inside > 1:
        middle = (inside + outside) // 2
        chosen = ranks <= middle
        coefficients = np.bincount(responders[chosen], weights=probability[chosen], minlength=n1 + n2 + 1)
        if chosen.all() or suprema(np.minimum(coefficients, 1.0)[None, :]).value[0] > level:
            outside = middle
        else:
            inside = middle
    return (ranks <= inside).reshape(n1 + 1, n2 + 1)


def pvalues(
    key: str,
    x1: IntArray,
    n1: IntArray,
    x2: IntArray,
    n2: IntArray,
    alternative: str,
    gamma: float | None = None,
) -> FloatArray:
    """Return the p-value of each table, one lattice for each pair of arm sizes."""
    result = np.empty(x1.shape)
    width = int(n2.max()) + 1
    for m, n in (divmod(int(pair), width) for pair in np.unique(n1 * width + n2)):
        here = (n1 == m) & (n2 == n)
        if here.sum() <= _FEW and (m + 1) * (n + 1) > _LARGE_LATTICE:
            tables = zip(x1[here].tolist(), x2[here].tolist(), strict=True)
            result[here] = [one_pvalue(key, a, m, b, n, alternative, gamma) for a, b in tables]
        else:
            result[here] = lattice(key, m, n, alternative, gamma)[x1[here], x2[here]]
    return result
