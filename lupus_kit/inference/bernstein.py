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
# Half the width of the interpolation stencil: nine points carry a polynomial of degree eight.
_REACH = 4
_OFFSETS = np.arange(-_REACH, _REACH + 1)
# From nine values on an even grid to the coefficients 1, t, …, t**8 of the polynomial through them.
_TO_COEFFICIENTS = np.linalg.inv(np.vander(_OFFSETS, increasing=True).astype(np.float64)).T
_FINE = np.linspace(-1, 1, 33)
_FINE_POWERS = np.vander(_FINE, 2 * _REACH + 1, increasing=True).T
# Interpolated peaks this close to the top are evaluated exactly; the interpolation is good to about 1e-7.
_CLOSE = 1e-6


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
    >>> basis(2, np.array([0.5])).round(12).tolist()
    [[0.25, 0.5, 0.25]]
    """
    k = np.arange(degree + 1)
    log_choose = gammaln(degree + 1) - gammaln(k + 1) - gammaln(degree - k + 1)
    at = np.asarray(at, dtype=np.float64)[..., None]
    if at.size and at.min() > 0 and at.max() < 1:
        values = np.exp(log_choose + k * np.log(at) + (degree - k) * np.log1p(-at))
    else:  # the slower functions know that 0 log 0 is 0
        values = np.exp(log_choose + xlogy(k, at) + xlog1py(degree - k, -at))
    # exp(log) leaves the last digits open; the probabilities of one row add up to one.
    values /= values.sum(axis=-1, keepdims=True)
    return np.asarray(values)


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
    On the arcsine scale the polynomials vary at an even pace, with a standard deviation of ``1 / (2 √degree)``;
    an even grid with about six points in each is fine enough to see every peak. A peak between grid points is
    found on the polynomial of degree eight through nine neighbours, and the true polynomial is then evaluated
    there. At a maximum an error in the place is squared in the value: the suprema are good to about 1e-12, and
    a test certifies 1e-9 by interval subdivision.
    """
    degree = coefficients.shape[1] - 1
    # A polynomial that reads the same from both ends is symmetric about one half: half the work is enough.
    if lower == 0 and upper == 1 and np.array_equal(coefficients, coefficients[:, ::-1]):
        upper = 0.5
    first, last = np.arcsin(np.sqrt([lower, upper]))
    n_points = 9 + int(np.ceil(12 * np.sqrt(degree) * (last - first)))
    step = (last - first) / (n_points - 1)
    # Beyond 0 and 1 the angles fold back, so the stencil always has neighbours.
    angles = first + step * np.arange(-_REACH, n_points + _REACH)
    on_grid = basis(degree, np.sin(angles) ** 2).T
    value, angle = np.empty(len(coefficients)), np.empty(len(coefficients))
    for start in range(0, len(coefficients), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        value[rows], angle[rows] = _highest_peaks(coefficients[rows], angles, step, on_grid)
    # A Bernstein polynomial never leaves the range of its coefficients; rounding must not make it.
    value = np.clip(value, coefficients.min(axis=1), coefficients.max(axis=1))
    return Suprema(value, np.clip(np.sin(angle) ** 2, lower, upper))


def _highest_peaks(
    coefficients: FloatArray, angles: FloatArray, step: float, on_grid: FloatArray
) -> tuple[FloatArray, FloatArray]:
    heights = coefficients @ on_grid
    inner = heights[:, _REACH:-_REACH]
    falls = inner[:, :-1] >= inner[:, 1:]
    rises = inner[:, :-1] <= inner[:, 1:]
    is_peak = np.ones(inner.shape, dtype=bool)
    is_peak[:, :-1] &= falls
    is_peak[:, 1:] &= rises
    # A peak so far down that no rise between two points can bring it to the top is left out.
    best = inner.max(axis=1)
    is_peak &= inner > best[:, None] - 0.05
    row, point = np.nonzero(is_peak)
    shift, top = _between_points(heights, row, point, inner.shape[1] - 1)

    np.maximum.at(best, row, top)
    close = top >= best[row] - _CLOSE
    row, point, shift = row[close], point[close], shift[close]
    angle = angles[_REACH + point] + step * shift
    exact = np.einsum("md,md->m", basis(coefficients.shape[1] - 1, np.sin(angle) ** 2), coefficients[row])
    order = np.lexsort((exact, row))
    chosen = order[np.flatnonzero(np.diff(row[order], append=-1))]
    # Grid points are true values too: they stand where a flat polynomial leaves the interpolation without a peak.
    at_grid = inner.argmax(axis=1)
    grid_height = inner[np.arange(len(inner)), at_grid]
    value, where = exact[chosen], angle[chosen]
    flat = grid_height > value
    return np.where(flat, grid_height, value), np.where(flat, angles[_REACH + at_grid], where)


def _between_points(
    heights: FloatArray, row: np.ndarray, point: np.ndarray, last: int
) -> tuple[FloatArray, FloatArray]:
    """Place (in grid steps from the point) and height of the peak of the interpolating polynomial."""
    local = heights[row[:, None], point[:, None] + _REACH + _OFFSETS] @ _TO_COEFFICIENTS
    fine = local @ _FINE_POWERS
    # Only inside the interval: its first point has no left side, its last no right one.
    fine[np.ix_(point == 0, _FINE < 0)] = -np.inf
    fine[np.ix_(point == last, _FINE > 0)] = -np.inf
    t = _FINE[fine.argmax(axis=1)]
    low, high = np.where(point == 0, 0.0, -1.0), np.where(point == last, 0.0, 1.0)
    powers = np.arange(local.shape[1])
    slope, bend = local[:, 1:] * powers[1:], local[:, 2:] * (powers[2:] * powers[1:-1])
    for _ in range(3):
        rise = _horner(slope, t)
        curvature = _horner(bend, t)
        newton = np.divide(-rise, curvature, out=np.zeros_like(t), where=curvature < 0)
        t = np.clip(t + np.clip(newton, -1 / 16, 1 / 16), low, high)
    return t, _horner(local, t)


def _horner(coefficients: FloatArray, t: FloatArray) -> FloatArray:
    value = coefficients[:, -1].copy()
    for k in range(coefficients.shape[1] - 2, -1, -1):
        value *= t
        value += coefficients[:, k]
    return value
