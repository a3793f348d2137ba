"""Rejection probabilities as polynomials of the nuisance parameter, and their largest value.

Under the null hypothesis both arms respond with the same probability, the nuisance parameter. The
probability of any set of tables is then a polynomial in it. Written in the Bernstein basis of degree
``n1 + n2``, its coefficient number ``s`` is the conditional probability of the set given ``s`` responders in
all: a number from 0 to 1, so the form is as stable as it is short.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy

from lupus_kit.inference._counts import FloatArray

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Suprema:
    """Largest values of polynomials on an interval.

    Attributes
    ----------
    value : ndarray, shape (m,)
        The suprema.
    at : ndarray, shape (m,)
        Where they are attained.
    """

    value: FloatArray
    at: FloatArray


def basis(degree: int, at: FloatArray) -> FloatArray:
    """Return the Bernstein basis, that is binomial probabilities, shape ``(*at.shape, degree + 1)``.

    Examples
    --------
    >>> basis(2, np.array([0.5])).tolist()
    [[0.25, 0.5, 0.25]]
    """
    k = np.arange(degree + 1)
    log_choose = gammaln(degree + 1) - gammaln(k + 1) - gammaln(degree - k + 1)
    at = np.asarray(at, dtype=np.float64)[..., None]
    values = np.exp(log_choose + xlogy(k, at) + xlog1py(degree - k, -at))
    # exp(log) leaves the last digits open; the probabilities of one row add up to one.
    return np.asarray(values / values.sum(axis=-1, keepdims=True))


def _grid(degree: int, lower: float, upper: float) -> FloatArray:
    """Points evenly spaced on the arcsine scale, where the polynomials vary at an even pace."""
    ends = np.arcsin(np.sqrt([lower, upper]))
    n_points = 33 + int(np.ceil(16 * np.sqrt(degree) * (ends[1] - ends[0]) / (np.pi / 2)))
    return np.clip(np.sin(np.linspace(ends[0], ends[1], n_points)) ** 2, lower, upper)


def suprema(coefficients: FloatArray, lower: float = 0.0, upper: float = 1.0) -> Suprema:
    """Find the largest value of each polynomial on an interval.

    Parameters
    ----------
    coefficients : ndarray, shape (m, degree + 1)
        One polynomial a row, in the Bernstein basis.
    lower, upper : float
        Ends of the interval, within [0, 1].

    Returns
    -------
    Suprema
        Values and places.

    Notes
    -----
    Every local maximum on a grid that could still rise to the top is refined by Newton's method on the
    derivative, which is a Bernstein polynomial too. At a maximum an error in the place is squared in the
    value, so the values are good to about 1e-12; a test certifies 1e-9 by interval subdivision.
    """
    degree = coefficients.shape[1] - 1
    grid = _grid(degree, lower, upper)
    on_grid = basis(degree, grid).T
    value = np.empty(len(coefficients))
    at = np.empty(len(coefficients))
    for start in range(0, len(coefficients), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        value[rows], at[rows] = _suprema_of_rows(coefficients[rows], grid, on_grid)
    return Suprema(np.minimum(value, 1.0) if coefficients.max(initial=0) <= 1 else value, at)


def _suprema_of_rows(coefficients: FloatArray, grid: FloatArray, on_grid: FloatArray) -> tuple[FloatArray, FloatArray]:
    heights = coefficients @ on_grid
    padded = np.pad(heights, ((0, 0), (1, 1)), constant_values=-np.inf)
    is_peak = (heights >= padded[:, :-2]) & (heights >= padded[:, 2:])
    # How far a peak can rise between its neighbours: the vertex of the parabola through the three points,
    # taken four times over.
    inner = np.zeros_like(heights)
    slope = heights[:, 2:] - heights[:, :-2]
    bend = np.abs(heights[:, 2:] - 2 * heights[:, 1:-1] + heights[:, :-2])
    inner[:, 1:-1] = np.divide(slope**2, 2 * bend, out=np.zeros_like(slope), where=bend > 1e-14)
    inner[:, [0, -1]] = np.abs(heights[:, [1, -2]] - heights[:, [0, -1]])
    best = heights.max(axis=1)
    row, point = np.nonzero(is_peak & (heights + inner + 1e-7 >= best[:, None]))
    low, high = grid[np.maximum(point - 1, 0)], grid[np.minimum(point + 1, len(grid) - 1)]
    top, where = _climb(coefficients[row], grid[point], low, high)

    # A flat polynomial has no single peak in floating point; its best grid point then stands.
    order = np.lexsort((top, row))
    last = np.flatnonzero(np.diff(row[order], append=-1))
    value, at = best.copy(), grid[heights.argmax(axis=1)].copy()
    better = top[order[last]] >= value[row[order[last]]]
    chosen = order[last][better]
    value[row[chosen]], at[row[chosen]] = top[chosen], where[chosen]
    return value, at


def _climb(c: FloatArray, start: FloatArray, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Newton's method on the derivative of each row, kept inside its bracket; only upward steps are taken."""
    degree = c.shape[1] - 1
    if degree < 2:
        ends = np.stack([low, start, high])
        heights = np.einsum("kmd,md->km", basis(degree, ends), c)
        pick = heights.argmax(axis=0)
        columns = np.arange(len(c))
        return heights[pick, columns], ends[pick, columns]
    slope, bend = degree * np.diff(c, axis=1), degree * (degree - 1) * np.diff(c, n=2, axis=1)
    at, value = start.copy(), np.einsum("md,md->m", basis(degree, start), c)
    active = np.arange(len(c))
    reach = np.ones(len(c))
    for _ in range(40):
        x = at[active]
        first = np.einsum("md,md->m", basis(degree - 1, x), slope[active])
        second = np.einsum("md,md->m", basis(degree - 2, x), bend[active])
        newton = np.divide(-first, second, out=np.sign(first), where=second < 0)
        trial = np.clip(x + reach[active] * newton, low[active], high[active])
        height = np.einsum("md,md->m", basis(degree, trial), c[active])
        up = height > value[active]
        gain = np.where(up, height - value[active], np.inf)
        moved = np.abs(trial - x)
        at[active[up]], value[active[up]] = trial[up], height[up]
        reach[active] = np.where(up, 1.0, reach[active] / 4)
        active = active[(moved > 1e-9) & (gain > 1e-14)]
        if not len(active):
            break
    return value, at
