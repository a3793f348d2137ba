"""Exact size and power of a test, by adding up every table the design can produce."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lupus_kit.core.errors import InputError
from lupus_kit.inference.two_by_two import unconditional
from lupus_kit.inference.two_by_two.bernstein import basis, suprema
from lupus_kit.inference.two_by_two.conditional import weights
from lupus_kit.inference.two_by_two.counts import (
    REACHES,
    FloatArray,
    as_alternative,
    as_level,
    as_probability,
    as_size,
    at_most,
)
from lupus_kit.inference.two_by_two.registry import Test, get, pvalue_lattice

# Tables of a design from which on the last rejected table is searched for.
_LARGE = 2500


@dataclass(frozen=True)
class Size:
    """True size of a test: its largest probability of rejecting a true null hypothesis.

    Attributes
    ----------
    size : float
        The supremum over the nuisance parameter.
    nuisance : float
        The common response rate where it is attained.
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
    """

    size: float
    nuisance: float
    test: str
    n1: int
    n2: int
    alpha: float
    alternative: str
    gamma: float | None = None

    def __float__(self) -> float:
        return self.size

    def __iter__(self) -> Iterator[float]:
        """Unpack as ``size, nuisance``."""
        return iter((self.size, self.nuisance))

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([asdict(self)])

    def _repr_html_(self) -> str:
        verdict = "keeps" if self.size <= self.alpha else "exceeds"
        return (
            f"Size of <b>{get(self.test, self.gamma).label}</b> ({self.alternative}) with {self.n1} and {self.n2} patients: "
            f"<b>{self.size:.4f}</b>, at a common response rate of {self.nuisance:.3f}. "
            f"It {verdict} the nominal level of {self.alpha:g}."
        )


def rejection_region(
    test: str | Test,
    n1: int,
    n2: int,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    gamma: float | None = None,
) -> NDArray[np.bool_]:
    """Tables that a test rejects: those with p at most ``alpha``.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    n1, n2 : int
        Patients in each arm.
    alpha : float
        Level of the test.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.

    Returns
    -------
    ndarray of bool, shape (n1 + 1, n2 + 1)
        A table on which the test is undefined is not rejected.

    Examples
    --------
    >>> bool(rejection_region("pearson", 29, 30)[16, 9]), bool(rejection_region("pearson", 29, 30)[19, 11])
    (False, True)
    """
    level = as_level("alpha", alpha)
    entry, m, n = get(test, gamma), as_size("n1", n1), as_size("n2", n2)
    # In a large design the last rejected table is found without the p-values of all others.
    by_halving = entry.family == "unconditional exact" and entry.gamma is None
    if by_halving and (m + 1) * (n + 1) > _LARGE:
        return unconditional.region(entry.key, m, n, as_alternative(alternative), level * REACHES)
    return at_most(pvalue_lattice(entry, m, n, alternative), level)


def null_coefficients(region: NDArray[np.bool_]) -> FloatArray:
    """Bernstein coefficients of the probability of a region under a common response rate.

    Coefficient ``s`` is the conditional probability of the region given ``s`` responders in all.
    """
    n1, n2 = region.shape[0] - 1, region.shape[1] - 1
    coefficients = np.empty(n1 + n2 + 1)
    for s in range(n1 + n2 + 1):
        low, ways = max(0, s - n2), weights(n1, n2, s)
        inside = sum(w for k, w in enumerate(ways, start=low) if region[k, s - k])
        coefficients[s] = inside / sum(ways)
    return coefficients


def size(
    test: str | Test,
    n1: int,
    n2: int,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    gamma: float | None = None,
) -> Size:
    """Compute the true size of a test, over every value of the nuisance parameter.

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

    Returns
    -------
    Size
        The supremum and where it is attained.

    Examples
    --------
    >>> round(size("pearson", 29, 30).size, 4), round(size("fisher", 29, 30).size, 4)
    (0.0564, 0.0364)
    """
    entry = get(test, gamma)
    region = rejection_region(entry, n1, n2, alpha, alternative)
    top = suprema(null_coefficients(region)[None, :])
    return Size(
        size=float(top.value[0]),
        nuisance=float(top.at[0]),
        test=entry.key,
        n1=as_size("n1", n1),
        n2=as_size("n2", n2),
        alpha=as_level("alpha", alpha),
        alternative=alternative,
        gamma=entry.gamma,
    )


def size_curve(
    test: str | Test,
    n1: int,
    n2: int,
    rates: ArrayLike | None = None,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    gamma: float | None = None,
) -> pd.DataFrame:
    """Probability of rejecting a true null hypothesis, along the nuisance parameter.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    n1, n2 : int
        Patients in each arm.
    rates : array of float, optional
        Common response rates; by default 401 evenly from 0 to 1.
    alpha : float
        Level of the test.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.

    Returns
    -------
    pandas.DataFrame
        Columns ``rate`` (the common response rate) and ``rejection_probability``.

    Examples
    --------
    >>> size_curve("fisher", 29, 30, rates=[0.3, 0.5]).round(4)
       rate  rejection_probability
    0   0.3                 0.0355
    1   0.5                 0.0364
    """
    at = np.linspace(0, 1, 401) if rates is None else np.atleast_1d(as_probability("rates", rates))
    coefficients = null_coefficients(rejection_region(test, n1, n2, alpha, alternative, gamma))
    return pd.DataFrame({"rate": at, "rejection_probability": basis(len(coefficients) - 1, at) @ coefficients})


def power(
    test: str | Test,
    p1: ArrayLike,
    p2: ArrayLike,
    n1: int,
    n2: int,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    gamma: float | None = None,
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

    Returns
    -------
    float or ndarray
        A float for two scalars, otherwise an array of the broadcast shape.

    Examples
    --------
    >>> round(power("pearson", 16 / 29, 9 / 30, 29, 30), 3)
    0.503
    """
    region = rejection_region(test, n1, n2, alpha, alternative, gamma)
    result = power_of_region(region, as_probability("p1", p1), as_probability("p2", p2))
    return float(result) if result.ndim == 0 else result


def power_of_region(region: NDArray[np.bool_], p1: FloatArray, p2: FloatArray) -> FloatArray:
    """Probability of a region under two response rates, broadcast against each other."""
    try:
        a, b = np.broadcast_arrays(p1, p2)
    except ValueError:
        raise InputError(f"the shapes do not broadcast against each other: p1 {p1.shape}, p2 {p2.shape}.") from None
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
class SignificanceFilter:
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
    """

    power: float
    type_s: float
    type_m: float
    difference: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([asdict(self)])

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
