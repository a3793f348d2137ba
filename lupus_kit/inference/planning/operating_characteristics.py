"""Exact size and power of a test, by adding up every table the design can produce."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lupus_kit.core.errors import InputError
from lupus_kit.inference.binomial import binomial_pmf
from lupus_kit.inference.intervals.interval import Row
from lupus_kit.inference.margins import shifted
from lupus_kit.inference.planning.regions import rejected_window, rejection_region
from lupus_kit.inference.two_by_two.bernstein import basis, suprema
from lupus_kit.inference.two_by_two.counts import (
    FloatArray,
    as_alternative,
    as_level,
    as_probability,
    as_size,
    broadcast,
)
from lupus_kit.inference.two_by_two.registry import Test, get

# Tables of a design from which on power is summed up over those that can happen.
_WHOLE = 40_000


@dataclass(frozen=True)
class Size(Row):
    """True size of a test: its largest probability of rejecting a true null hypothesis.

    Attributes
    ----------
    size : float
        The supremum over the nuisance parameter.
    nuisance : float
        The second arm's response rate where it is attained; without a difference, that of both.
    test : str
        Key of the test.
    n1, n2 : int
        Patients in each arm.
    alpha : float
        The nominal level.
    alternative : str
        Alternative of the test.
    gamma : float or None
        That of a Berger–Boos test.
    difference : float
        The p1 - p2 of the null hypothesis.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.size("pearson", 29, 30)
    >>> round(found.size, 4)
    0.0564
    """

    size: float
    nuisance: float
    test: str
    n1: int
    n2: int
    alpha: float
    alternative: str
    gamma: float | None = None
    difference: float = 0.0

    def __float__(self) -> float:
        return self.size

    def __iter__(self) -> Iterator[float]:
        """Unpack as ``size, nuisance``."""
        return iter((self.size, self.nuisance))

    def _repr_html_(self) -> str:
        verdict = "keeps" if self.size <= self.alpha else "exceeds"
        label = get(self.test, self.gamma, self.difference).label
        return (
            f"Size of <b>{label}</b> ({self.alternative}) with {self.n1} and {self.n2} patients: "
            f"<b>{self.size:.4f}</b>, at a {'second' if self.difference else 'common'} response rate of {self.nuisance:.3f}. "
            f"It {verdict} the nominal level of {self.alpha:g}."
        )


def size(
    test: str | Test,
    n1: int,
    n2: int,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    gamma: float | None = None,
    difference: float = 0.0,
) -> Size:
    """Compute the true size of a test, over every value of the nuisance parameter.

    With a difference, over every pair of rates that differ by it.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    n1, n2 : int
        Patients in each arm.
    alpha : float
        Nominal level.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.
    difference : float
        The p1 - p2 of the null hypothesis, as in :func:`~lupus_kit.inference.pvalue`.

    Returns
    -------
    Size
        The supremum and where it is attained.

    See Also
    --------
    pvalue_lattice, rejection_region, size_curve, power

    Examples
    --------
    >>> round(size("pearson", 29, 30).size, 4), round(size("fisher", 29, 30).size, 4)
    (0.0564, 0.0364)
    """
    entry = get(test, gamma, difference)
    region = rejection_region(entry, n1, n2, alpha, alternative)
    shift = entry.difference
    top = suprema(shifted.null_coefficients(region, shift)[None, :])
    (value,), (at,) = top.value, shifted.second_rate(top.at, shift)
    return Size(float(value), float(at), entry.key, int(n1), int(n2), float(alpha), alternative, entry.gamma, shift)


def size_curve(
    test: str | Test,
    n1: int,
    n2: int,
    rates: ArrayLike | None = None,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    gamma: float | None = None,
    difference: float = 0.0,
) -> pd.DataFrame:
    """Probability of rejecting a true null hypothesis, along the nuisance parameter.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    n1, n2 : int
        Patients in each arm.
    rates : array of float, optional
        The second arm's response rates, without a difference those of both; by default 401 evenly over all there are.
    alpha : float
        Level of the test.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.
    difference : float
        The p1 - p2 of the null hypothesis, as in :func:`~lupus_kit.inference.pvalue`.

    Returns
    -------
    pandas.DataFrame
        Columns ``rate`` (the second arm's response rate) and ``rejection_probability``.

    See Also
    --------
    pvalue_lattice, rejection_region, size

    Examples
    --------
    >>> size_curve("fisher", 29, 30, rates=[0.3, 0.5]).round(4)
       rate  rejection_probability
    0   0.3                 0.0355
    1   0.5                 0.0364
    """
    entry = get(test, gamma, difference)
    region, shift = rejection_region(entry, n1, n2, alpha, alternative), entry.difference
    low, high = max(0.0, -shift), min(1.0, 1.0 - shift)
    at = np.linspace(low, high, 401) if rates is None else np.atleast_1d(as_probability("rates", rates))
    if ((at < low) | (at > high)).any():
        raise InputError(f"rates: with a difference of {shift:g} the second rate lies from {low:g} to {high:g}.")
    rejected = power_of_region(region, np.clip(at + shift, 0.0, 1.0), at)
    return pd.DataFrame({"rate": at, "rejection_probability": rejected})


def power(
    test: str | Test,
    p1: ArrayLike,
    p2: ArrayLike,
    n1: int,
    n2: int,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    gamma: float | None = None,
    difference: float = 0.0,
) -> float | FloatArray:
    """Exact power: the probability of a rejected table.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    p1, p2 : float or array of float
        True response rates; they broadcast against each other.
    n1, n2 : int
        Patients in each arm.
    alpha : float
        Level of the test.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.
    difference : float
        The p1 - p2 of the null hypothesis, as in :func:`~lupus_kit.inference.pvalue`.

    Returns
    -------
    float or ndarray
        A float for two scalars, otherwise an array of the broadcast shape.

    See Also
    --------
    sample_size, minimal_detectable_difference, type_m_and_s, size

    Examples
    --------
    >>> round(power("pearson", 16 / 29, 9 / 30, 29, 30), 3)
    0.503
    """
    rates1, rates2 = as_probability("p1", p1), as_probability("p2", p2)
    entry, m, n = get(test, gamma, difference), as_size("n1", n1), as_size("n2", n2)
    if entry.family == "unconditional exact" or (m + 1) * (n + 1) <= _WHOLE:
        result = power_of_region(rejection_region(entry, m, n, alpha, alternative), rates1, rates2)
        return float(result) if result.ndim == 0 else result
    level, side = as_level("alpha", alpha), as_alternative(alternative)
    a, b = broadcast(p1=rates1, p2=rates2)
    pairs, index = np.unique(np.stack([a.ravel(), b.ravel()], axis=1), axis=0, return_inverse=True)
    found = np.array([_power_in_window(entry, first, second, m, n, level, side) for first, second in pairs.tolist()])
    return found[index.ravel()].reshape(a.shape) if a.ndim else float(found[0])


def window(n: int, rate: float) -> tuple[int, int]:
    """First and last number of responders; those outside have less than one part in 10**16 of the probability.

    Examples
    --------
    >>> window(1000, 0.5)
    (345, 655)
    """
    wide = 12 + 9 * np.sqrt(n * rate * (1 - rate))
    return max(0, int(n * rate - wide)), min(n, int(n * rate + wide) + 1)


def _power_in_window(entry: Test, p1: float, p2: float, n1: int, n2: int, level: float, side: str) -> float:
    """Power from the tables that can happen: some square root of the design's number in each arm."""
    rows, columns = window(n1, p1), window(n2, p2)
    left = binomial_pmf(np.arange(rows[0], rows[1] + 1), n1, p1)
    right = binomial_pmf(np.arange(columns[0], columns[1] + 1), n2, p2)
    return min(float(left @ (rejected_window(entry, n1, n2, level, side, rows, columns) @ right)), 1.0)


def power_of_region(region: NDArray[np.bool_], p1: FloatArray, p2: FloatArray) -> FloatArray:
    """Probability of a region under two response rates, broadcast against each other."""
    a, b = broadcast(p1=p1, p2=p2)
    rates1, index1 = np.unique(a.ravel(), return_inverse=True)
    rates2, index2 = np.unique(b.ravel(), return_inverse=True)
    # Each distinct rate is expanded once, whatever the grid.
    n1, n2 = region.shape[0] - 1, region.shape[1] - 1
    left = basis(n1, rates1) @ region.astype(np.float64)
    if len(rates1) * len(rates2) <= 4 * a.size:
        chosen = (left @ basis(n2, rates2).T)[index1, index2]
    else:
        chosen = np.einsum("mk,mk->m", left[index1], basis(n2, rates2)[index2])
    return np.asarray(np.clip(chosen, 0.0, 1.0).reshape(a.shape))


@dataclass(frozen=True)
class SignificanceFilter(Row):
    """What passing the filter of significance does to an estimate.

    Attributes
    ----------
    power : float
        Probability of a significant result.
    type_s : float
        Among significant results, the share with the wrong sign.
    type_m : float
        Among significant results, the mean size of the estimated difference over the true one.
    difference : float
        The true difference.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.type_m_and_s("pearson", 0.55, 0.30, 29, 30)
    >>> round(found.power, 3), round(found.type_m, 2)
    (0.498, 1.4)
    """

    power: float
    type_s: float
    type_m: float
    difference: float

    def _repr_html_(self) -> str:
        return (
            f"With a true difference of {100 * self.difference:+.1f} points, power is <b>{self.power:.3f}</b>. A significant "
            f"result has the wrong sign in {100 * self.type_s:.2g}% and exaggerates {self.type_m:.2f} times on average."
        )


def type_m_and_s(
    test: str | Test,
    p1: float,
    p2: float,
    n1: int,
    n2: int,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    gamma: float | None = None,
) -> SignificanceFilter:
    """Exaggeration (type M) and wrong sign (type S) among significant results, by enumeration.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    p1, p2 : float
        True response rates, different.
    n1, n2 : int
        Patients in each arm.
    alpha : float
        Level.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.

    Returns
    -------
    SignificanceFilter
        ``nan`` for both errors where nothing is ever significant.

    Raises
    ------
    InputError
        Equal rates: a wrong sign needs a true one.

    See Also
    --------
    power, sample_size, minimal_detectable_difference, size

    References
    ----------
    Gelman A, Carlin J. Perspect Psychol Sci 2014;9:641-651.

    Examples
    --------
    >>> found = type_m_and_s("pearson", 16 / 29, 9 / 30, 29, 30)
    >>> round(found.type_m, 2)
    1.39
    """
    rates = [as_probability(name, value) for name, value in (("p1", p1), ("p2", p2))]
    if any(rate.ndim for rate in rates) or rates[0] == rates[1]:
        raise InputError(f"p1 == {p1!r}, p2 == {p2!r}: two different probabilities are needed.")
    region = rejection_region(test, n1, n2, alpha, alternative, gamma)
    true = float(rates[0] - rates[1])
    weights_of = np.outer(basis(n1, rates[0]), basis(n2, rates[1])) * region
    estimate = np.arange(n1 + 1)[:, None] / n1 - np.arange(n2 + 1)[None, :] / n2
    total = float(weights_of.sum())
    if total == 0:
        return SignificanceFilter(0.0, float("nan"), float("nan"), true)
    wrong = float(weights_of[np.sign(estimate) == -np.sign(true)].sum()) / total
    size_ratio = float((weights_of * np.abs(estimate)).sum()) / total / abs(true)
    return SignificanceFilter(total, wrong, size_ratio, true)
