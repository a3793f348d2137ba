"""Slow and plain: the exact tests from their definitions, in rational arithmetic, to check the kit against.

Nothing here imports the kit. Statistics are fractions, sets of tables are made by comparing fractions, and
the supremum over the nuisance parameter is enclosed between two bounds by subdividing Bernstein polynomials:
on every piece the largest coefficient bounds the polynomial from above (the convex hull of its control
points), and the outer coefficients are values it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from itertools import groupby
from math import comb

import numpy as np

Table = tuple[int, int]
INFINITE = Fraction(10**30)


def tables(n1: int, n2: int) -> Iterator[Table]:
    return ((x1, x2) for x1 in range(n1 + 1) for x2 in range(n2 + 1))


@cache
def given_margins(n1: int, n2: int, s: int) -> dict[int, Fraction]:
    """P(x1 | s responders in all)."""
    low, high = max(0, s - n2), min(n1, s)
    return {k: Fraction(comb(n1, k) * comb(n2, s - k), comb(n1 + n2, s)) for k in range(low, high + 1)}


def conditional_p(key: str, alternative: str, x1: int, n1: int, x2: int, n2: int) -> Fraction:
    """p-value of a conditional exact test, from its textbook definition."""
    chance = given_margins(n1, n2, x1 + x2)
    point = chance[x1]
    upper = sum(q for k, q in chance.items() if k >= x1)
    lower = sum(q for k, q in chance.items() if k <= x1)
    half = point / 2 if "midp" in key else Fraction(0)
    if alternative != "two-sided":
        return (upper if alternative == "greater" else lower) - half
    if key.endswith("doubled"):
        return min(2 * (min(upper, lower) - half), Fraction(1))
    if key == "blaker":
        # The smaller tail, plus the largest tail on the other side that does not exceed it.
        if upper == lower:
            return Fraction(1)
        side = [q for q in _tails(chance, descending=upper < lower) if q <= min(upper, lower)]
        return min(min(upper, lower) + max(side, default=Fraction(0)), Fraction(1))
    ties = sum(q for q in chance.values() if q == point)
    return sum(q for q in chance.values() if q <= point) - (ties / 2 if half else 0)


def _tails(chance: dict[int, Fraction], descending: bool) -> list[Fraction]:
    """P(X <= k) for every k when the observed tail is the upper one, otherwise P(X >= k)."""
    order = sorted(chance, reverse=not descending)
    running, total = [], Fraction(0)
    for k in order:
        total += chance[k]
        running.append(total)
    return running


def score(x1: int, n1: int, x2: int, n2: int) -> Fraction:
    """Signed square of the pooled z statistic."""
    difference, pooled = Fraction(x1, n1) - Fraction(x2, n2), Fraction(x1 + x2, n1 + n2)
    variance = pooled * (1 - pooled) * (Fraction(1, n1) + Fraction(1, n2))
    return difference * abs(difference) / variance if variance else Fraction(0)


def wald(x1: int, n1: int, x2: int, n2: int) -> Fraction:
    """Signed square of the unpooled z statistic; a huge number where it is infinite."""
    p1, p2 = Fraction(x1, n1), Fraction(x2, n2)
    variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    if variance == 0:
        return (p1 > p2) * INFINITE - (p1 < p2) * INFINITE
    return (p1 - p2) * abs(p1 - p2) / variance


Statistic = Callable[[Table], Fraction]


def ordering(key: str, alternative: str, n1: int, n2: int) -> Statistic:
    """Larger is more extreme."""
    if key.startswith("boschloo"):
        return lambda t: -conditional_p("fisher", alternative, t[0], n1, t[1], n2)
    raw = wald if key.endswith("unpooled") else score
    sign = -1 if alternative == "less" else 1
    fold: Callable[[Fraction], Fraction] = abs if alternative == "two-sided" else lambda value: sign * value
    return lambda t: fold(raw(t[0], n1, t[1], n2))


def tails(key: str, alternative: str, n1: int, n2: int) -> tuple[list[list[Table]], np.ndarray]:
    """Tables in groups that tie exactly, the most extreme first, and the tail probability of each group.

    Row ``i`` of the second result holds Bernstein coefficients of the probability of groups ``0`` to ``i``.
    """
    extreme = ordering(key, alternative, n1, n2)
    values = {table: extreme(table) for table in tables(n1, n2)}
    ranked = sorted(values, key=lambda table: -values[table])
    groups = [list(members) for _, members in groupby(ranked, key=lambda table: values[table])]
    running = [Fraction(0)] * (n1 + n2 + 1)
    rows = []
    for group in groups:
        for x1, x2 in group:
            running[x1 + x2] += given_margins(n1, n2, x1 + x2)[x1]
        rows.append([float(q) for q in running])
    return groups, np.array(rows)


def _split(degree: int, at: float) -> tuple[np.ndarray, np.ndarray]:
    """Matrices that take Bernstein coefficients on [0, 1] to those on [0, at] and on [at, 1]."""
    left = np.zeros((degree + 1, degree + 1))
    for i in range(degree + 1):
        for j in range(i + 1):
            left[i, j] = comb(i, j) * at**j * (1 - at) ** (i - j)
    right = np.zeros_like(left)
    for i in range(degree + 1):
        for j in range(i + 1):
            right[degree - i, degree - j] = comb(i, j) * (1 - at) ** j * at ** (i - j)
    return left, right


def restrict(coefficients: np.ndarray, lower: float, upper: float) -> np.ndarray:
    """Bernstein coefficients of the same polynomials on [lower, upper]."""
    degree = coefficients.shape[1] - 1
    shorter = coefficients @ _split(degree, upper)[0].T
    return shorter @ _split(degree, lower / upper)[1].T


def enclose_suprema(coefficients: np.ndarray, width: float = 1e-11) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds of the largest value of each polynomial on [0, 1], at most ``width`` apart."""
    degree = coefficients.shape[1] - 1
    left, right = (half.T.copy() for half in _split(degree, 0.5))
    low = np.maximum(coefficients[:, 0], coefficients[:, -1])
    high = low.copy()
    rows, pieces = np.arange(len(coefficients)), coefficients
    for _ in range(60):
        np.maximum.at(low, rows, np.maximum(pieces[:, 0], pieces[:, -1]))
        tops = pieces.max(axis=1)
        undecided = tops > low[rows] + width
        # A piece is dropped only once it cannot rise above the best value by more than the width.
        np.maximum.at(high, rows[~undecided], tops[~undecided])
        rows, pieces = rows[undecided], pieces[undecided]
        if not len(rows):
            return low, np.maximum(high, low)
        rows, pieces = np.concatenate([rows, rows]), np.concatenate([pieces @ left, pieces @ right])
    raise AssertionError("the subdivision did not settle")


def constrained_rate(x1: int, n1: int, x2: int, n2: int, difference: Fraction) -> Decimal:
    """Second rate of largest likelihood when the first is larger by the difference: halving, to 40 digits."""
    with localcontext() as context:
        context.prec = 40
        d = Decimal(difference.numerator) / Decimal(difference.denominator)
        low, high = max(Decimal(0), -d), min(Decimal(1), 1 - d)
        while high - low > Decimal("1e-36"):
            middle = (low + high) / 2
            up = [(x1, middle + d), (x2, middle)]
            down = [(n1 - x1, 1 - middle - d), (n2 - x2, 1 - middle)]
            slope = sum(count / rate for count, rate in up if count) - sum(
                count / rate for count, rate in down if count
            )
            low, high = (middle, high) if slope > 0 else (low, middle)
        return (low + high) / 2


def score_of_difference(x1: int, n1: int, x2: int, n2: int, difference: Fraction) -> Decimal:
    """Farrington and Manning's statistic, to 25 digits, so that equal ones compare as equal."""
    distance = Fraction(x1, n1) - Fraction(x2, n2) - difference
    with localcontext() as context:
        context.prec = 40
        d = Decimal(difference.numerator) / Decimal(difference.denominator)
        p2 = constrained_rate(x1, n1, x2, n2, difference)
        variance = (p2 + d) * (1 - p2 - d) / n1 + p2 * (1 - p2) / n2
        return round(Decimal(distance.numerator) / Decimal(distance.denominator) / variance.sqrt(), 25)


def _times(one: list[Fraction], other: list[Fraction]) -> list[Fraction]:
    product = [Fraction(0)] * (len(one) + len(other) - 1)
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            product[i + j] += a * b
    return product


def table_polynomial(table: Table, n1: int, n2: int, difference: Fraction) -> list[Fraction]:
    """Bernstein coefficients of a table's probability while both rates run through the hypothesis.

    The variable t runs from 0 to 1; the rates are multiplied out as powers of t and changed to the Bernstein basis.
    """
    (x1, x2), width = table, 1 - abs(difference)
    first, second = [max(difference, Fraction(0)), width], [max(-difference, Fraction(0)), width]
    product = [Fraction(comb(n1, x1) * comb(n2, x2))]
    for (start, slope), times, others in ((first, x1, n1 - x1), (second, x2, n2 - x2)):
        for _ in range(times):
            product = _times(product, [start, slope])
        for _ in range(others):
            product = _times(product, [1 - start, -slope])
    degree = n1 + n2
    return [sum(Fraction(comb(s, k), comb(degree, k)) * product[k] for k in range(s + 1)) for s in range(degree + 1)]


def difference_tails(alternative: str, n1: int, n2: int, difference: Fraction) -> tuple[list[list[Table]], np.ndarray]:
    """As :func:`tails`, for the exact score test of a difference."""
    sign = -1 if alternative == "less" else 1
    values = {t: sign * score_of_difference(t[0], n1, t[1], n2, difference) for t in tables(n1, n2)}
    if alternative == "two-sided":
        values = {table: abs(value) for table, value in values.items()}
    ranked = sorted(values, key=lambda table: -values[table])
    groups = [list(members) for _, members in groupby(ranked, key=lambda table: values[table])]
    running = [Fraction(0)] * (n1 + n2 + 1)
    rows = []
    for group in groups:
        for table in group:
            running = [a + b for a, b in zip(running, table_polynomial(table, n1, n2, difference), strict=True)]
        rows.append([float(q) for q in running])
    return groups, np.array(rows)
