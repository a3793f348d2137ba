"""Rejection probabilities as polynomials of the nuisance parameter, and their largest value.

Under the null hypothesis both arms respond with the same probability, the nuisance parameter. The
probability of any set of tables is then a polynomial in it. Written in the Bernstein basis of degree
``n1 + n2``, its coefficient number ``s`` is the conditional probability of the set given ``s`` responders in
all: a number from 0 to 1, so the form is as stable as it is short.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import gammaln, xlog1py, xlogy

from lupus_kit.inference.two_by_two.counts import FloatArray

# Rows whose values stay in the cache of a processor.
_ROWS_AT_ONCE = 128
# Half the width of the interpolation stencil: nine points carry a polynomial of degree eight.
_REACH = 4
_OFFSETS = np.arange(-_REACH, _REACH + 1)
# From nine values on an even grid to the coefficients 1, t, …, t**8 of the polynomial through them.
_TO_COEFFICIENTS = np.linalg.inv(np.vander(_OFFSETS, increasing=True).astype(np.float64)).T
_FINE = np.linspace(-1, 1, 33)
_FINE_POWERS = np.vander(_FINE, 2 * _REACH + 1, increasing=True).T
# Degrees beyond this start from powers too small for a float.
_LOGARITHMS_FROM = 1000
# Multiplications in a strip of a matrix product.
_STRIP = 250_000
# Interpolated peaks this close to the top are evaluated exactly; the interpolation is good to about 1e-6.
_CLOSE = 1e-5


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


def log_choose(n: int) -> FloatArray:
    """Return the logarithms of ``n`` over 0 to ``n``."""
    k = np.arange(n + 1)
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def basis(degree: int, at: FloatArray) -> FloatArray:
    """Return the Bernstein basis, that is binomial probabilities, shape ``(*at.shape, degree + 1)``.

    Examples
    --------
    >>> basis(2, np.array([0.5])).round(12).tolist()
    [[0.25, 0.5, 0.25]]
    """
    at = np.asarray(at, dtype=np.float64)
    if degree > _LOGARITHMS_FROM:
        k = np.arange(degree + 1)
        values = np.exp(log_choose(degree) + xlogy(k, at[..., None]) + xlog1py(degree - k, -at[..., None]))
    else:
        # From each term to the next by a product, starting at the end where the first term cannot vanish.
        far = at > 0.5
        near = np.where(far, 1.0 - at, at)
        values = np.empty((*at.shape, degree + 1))
        values[..., 0] = (1.0 - near) ** degree
        steps = np.arange(degree, 0, -1) / np.arange(1, degree + 1)
        np.multiply((near / (1.0 - near))[..., None], steps, out=values[..., 1:])
        np.multiply.accumulate(values, axis=-1, out=values)
        if far.any():
            values[far] = values[far, ::-1]
    # The last digits are open; the probabilities of one row add up to one.
    np.divide(values, values.sum(axis=-1, keepdims=True), out=values)
    return np.asarray(values)


def _product(left: FloatArray, right: FloatArray) -> FloatArray:
    """Multiply matrices; small ones in strips, each too small for the threads of the linear algebra to wait for."""
    strip = _STRIP // (right.shape[0] * right.shape[1])
    if strip < 2:
        return left @ right
    result = np.empty((len(left), right.shape[1]))
    for start in range(0, len(left), strip):
        np.matmul(left[start : start + strip], right, out=result[start : start + strip])
    return result


@lru_cache(maxsize=4)
def grid(degree: int, lower: float = 0.0, upper: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Lay the grid of :func:`suprema` over an interval: points on which every peak of a polynomial shows.

    Returns
    -------
    tuple of ndarray
        The points evenly spaced in angle (arcsines of the square roots, with neighbours beyond both ends of the interval),
        shape (k,), and the Bernstein basis there, shape (degree + 1, k): ``coefficients @ values`` are values of the
        polynomials.

    Examples
    --------
    >>> bool((grid(1)[1].sum(axis=0).round(12) == 1).all())
    True
    """
    first, last = np.arcsin(np.sqrt([lower, upper]))
    n_points = 9 + int(np.ceil(9 * np.sqrt(degree) * (last - first)))
    step = float(last - first) / (n_points - 1)
    # Beyond 0 and 1 the angles fold back, so the stencil always has neighbours.
    angles = first + step * np.arange(-_REACH, n_points + _REACH)
    return angles, np.ascontiguousarray(basis(degree, np.sin(angles) ** 2).T)


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
    an even grid with more than four points in each is fine enough to see every peak. A peak between grid points is
    found on the polynomial of degree eight through nine neighbours, and the true polynomial is then evaluated
    there. At a maximum an error in the place is squared in the value: the suprema are good to about 1e-12, and
    a test certifies 1e-9 by interval subdivision.
    """
    degree = coefficients.shape[1] - 1
    # A polynomial that reads the same from both ends is symmetric about one half: half the work is enough.
    if lower == 0 and upper == 1 and np.array_equal(coefficients, coefficients[:, ::-1]):
        upper = 0.5
    points = grid(degree, lower, upper)
    value, angle = np.empty(len(coefficients)), np.empty(len(coefficients))
    for start in range(0, len(coefficients), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        value[rows], angle[rows] = _highest_peaks(coefficients[rows], *points)
    # A Bernstein polynomial never leaves the range of its coefficients; rounding must not make it.
    value = np.clip(value, coefficients.min(axis=1), coefficients.max(axis=1))
    return Suprema(value, np.clip(np.sin(angle) ** 2, lower, upper))


def _highest_peaks(coefficients: FloatArray, angles: FloatArray, terms: FloatArray) -> tuple[FloatArray, FloatArray]:
    heights = _product(coefficients, terms)
    inner = heights[:, _REACH:-_REACH]
    best = inner.max(axis=1)
    # The information about the angle is 4 degree, so with coefficients from 0 to 1 the second derivative is at most
    # 8 degree, and between two points a polynomial rises by less than 0.013: lower peaks cannot come to the top.
    is_peak = inner > best[:, None] - 0.013
    is_peak[:, :-1] &= inner[:, :-1] >= inner[:, 1:]
    is_peak[:, 1:] &= inner[:, 1:] >= inner[:, :-1]
    row, point = np.divmod(np.flatnonzero(is_peak), is_peak.shape[1])
    shift, top = _between_points(heights, row, point)

    np.maximum.at(best, row, top)
    close = top >= best[row] - _CLOSE
    row, point, shift = row[close], point[close], shift[close]
    angle = angles[_REACH + point] + (angles[1] - angles[0]) * shift
    exact = np.einsum("md,md->m", basis(coefficients.shape[1] - 1, np.sin(angle) ** 2), coefficients[row])
    # Of peaks as high as each other but for rounding, the one at the largest place.
    digits, power = np.frexp(exact)
    order = np.lexsort((np.ldexp(np.round(digits, 13), power), row))
    chosen = order[np.flatnonzero(np.diff(row[order], append=-1))]
    # Grid points are true values too: they stand where a flat polynomial leaves the interpolation without a peak.
    at_grid = inner.argmax(axis=1)
    grid_height = inner[np.arange(len(inner)), at_grid]
    value, where = exact[chosen], angle[chosen]
    flat = grid_height > value
    return np.where(flat, grid_height, value), np.where(flat, angles[_REACH + at_grid], where)


def _between_points(heights: FloatArray, row: np.ndarray, point: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Place (in grid steps from the point) and height of the peak of the interpolating polynomial."""
    local = heights[row[:, None], point[:, None] + _REACH + _OFFSETS] @ _TO_COEFFICIENTS
    fine = local @ _FINE_POWERS
    # Only inside the interval: its first point has no left side, its last no right one.
    middle, last = len(_FINE) // 2, heights.shape[1] - 2 * _REACH - 1
    fine[np.flatnonzero(point == 0), :middle] = -np.inf
    fine[np.flatnonzero(point == last), middle + 1 :] = -np.inf
    t = _FINE[fine.argmax(axis=1)]
    low, high = np.where(point == 0, 0.0, -1.0), np.where(point == last, 0.0, 1.0)
    powers = np.arange(local.shape[1])
    slope, bend = local[:, 1:] * powers[1:], local[:, 2:] * (powers[2:] * powers[1:-1])
    for _ in range(2):  # from a start within 1/32, two steps reach the last digits
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
