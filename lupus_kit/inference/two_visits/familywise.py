"""Two endpoints, one level: rules that keep the familywise error, and what they cost.

Weeks 12 and 24 look at the same patients. Under the null hypothesis at both visits the chance of claiming at
least one of them is the familywise error. It depends on the rule and on how a patient's two outcomes hang
together, which is computed here exactly on the counts and, for comparison, from the bivariate normal law.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri
from scipy.stats import binom

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.inference.two_by_two.counts import REACHES, FloatArray, as_level, as_probability, as_size
from lupus_kit.inference.two_by_two.registry import Test, get, pvalue_lattice
from lupus_kit.inference.two_visits.rules import as_correlation, get_strategy, rectangle


@dataclass(frozen=True)
class Multiplicity:
    """How often a rule claims each endpoint.

    Attributes
    ----------
    first, second, any, both : float
        Probabilities of claiming the first endpoint, the second, at least one, and both.
    strategy, test, method : str
        Rule, test, and ``"exact"`` or ``"normal"``.
    rho : float
        Within-patient correlation.
    """

    first: float
    second: float
    any: float
    both: float
    strategy: str
    test: str
    method: str
    rho: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([asdict(self)])


def _joint_cells(p_first: float, p_second: float, rho: float, arm: str) -> tuple[float, float]:
    """P(responds at the second visit) for a responder and for a non-responder at the first."""
    spread = float(np.sqrt(p_first * (1 - p_first) * p_second * (1 - p_second)))
    both = p_first * p_second + rho * spread
    low, high = max(0.0, p_first + p_second - 1), min(p_first, p_second)
    if not low - 1e-12 <= both <= high + 1e-12:
        bounds = ((low - p_first * p_second) / spread, (high - p_first * p_second) / spread)
        raise InputError(
            f"rho == {rho:g}: with rates {p_first:g} and {p_second:g} in the {arm} arm it must lie from "
            f"{bounds[0]:.3f} to {bounds[1]:.3f}."
        )
    both = min(max(both, low), high)
    of_responder = both / p_first if p_first else 0.0
    of_other = (p_second - both) / (1 - p_first) if p_first < 1 else 0.0
    # At the ends of what the rates allow, rounding can leave [0, 1] by a hair.
    return min(max(of_responder, 0.0), 1.0), min(max(of_other, 0.0), 1.0)


def joint_counts(n: int, p_first: float, p_second: float, rho: float, arm: str = "first") -> FloatArray:
    """Joint law of one arm's responders at two visits.

    Parameters
    ----------
    n : int
        Patients.
    p_first, p_second : float
        Response rates at the two visits.
    rho : float
        Correlation of a patient's two outcomes.
    arm : str
        Name of the arm, for the error message.

    Returns
    -------
    ndarray, shape (n + 1, n + 1)
        Probability of ``a`` responders at the first visit and ``b`` at the second.
    """
    of_responder, of_other = _joint_cells(p_first, p_second, rho, arm)
    counts = np.arange(n + 1)
    first = binom.pmf(counts, n, p_first)
    law = np.empty((n + 1, n + 1))
    for a in range(n + 1):
        # Given a responders at the first visit, the second count is a sum of two binomials.
        law[a] = first[a] * np.convolve(
            binom.pmf(counts[: a + 1], a, of_responder), binom.pmf(counts[: n - a + 1], n - a, of_other)
        )
    return law


@lru_cache(maxsize=16)
def _kept_counts(n: int, p_first: float, p_second: float, rho: float, arm: str) -> FloatArray:
    """Keep the last laws: rules are compared under the same one."""
    law = joint_counts(n, p_first, p_second, rho, arm)
    law.flags.writeable = False
    return law


def _classes(lattice: FloatArray, levels: tuple[float, ...]) -> list[FloatArray]:
    """Mark each class of p-values on the lattice; an undefined p is above all levels."""
    index = np.searchsorted(np.array(levels) * REACHES, np.nan_to_num(lattice, nan=2.0))
    return [(index == k).astype(np.float64) for k in range(len(levels) + 1)]


def _exact_classes(
    test: Test,
    first: tuple[float, float],
    second: tuple[float, float],
    rho: float,
    n1: int,
    n2: int,
    levels: tuple[tuple[float, ...], tuple[float, ...]],
) -> FloatArray:
    lattice = pvalue_lattice(test, n1, n2)
    arm1 = _kept_counts(n1, first[0], second[0], rho, "first")
    arm2 = _kept_counts(n2, first[1], second[1], rho, "second")
    at_first, at_second = (_classes(lattice, cuts) for cuts in levels)
    # Sum over the first-visit table of one arm and the second-visit table of the other: products of matrices.
    left = [arm1.T @ region for region in at_first]
    right = [region @ arm2.T for region in at_second]
    return np.array([[float((a * b).sum()) for b in right] for a in left])


def _normal_classes(
    first: tuple[float, float],
    second: tuple[float, float],
    rho: float,
    n1: int,
    n2: int,
    levels: tuple[tuple[float, ...], tuple[float, ...]],
) -> FloatArray:
    variances = [[p * (1 - p) / n for p, n in zip(rates, (n1, n2), strict=True)] for rates in (first, second)]
    errors = [float(np.sqrt(sum(v))) for v in variances]
    shifts = [(rates[0] - rates[1]) / e if e else 0.0 for rates, e in zip((first, second), errors, strict=True)]
    shared = sum(np.sqrt(v * w) for v, w in zip(*variances, strict=True))
    correlation = rho * float(shared) / (errors[0] * errors[1]) if errors[0] * errors[1] else 0.0
    bounds = [[float(-ndtri(level / 2)) for level in cuts] for cuts in levels]
    # P(p above each pair of levels), then differences of it are the classes.
    above = np.array(
        [[rectangle(c1, c2, correlation, *shifts) for c2 in [40.0, *bounds[1]]] for c1 in [40.0, *bounds[0]]]
    )
    padded = np.pad(above, ((0, 1), (0, 1)))
    # Class k holds p between level k - 1 and level k: inside bound k - 1 and outside bound k.
    inside = padded[:-1, :] - padded[1:, :]
    return np.asarray(inside[:, :-1] - inside[:, 1:])


def rejection_probabilities(
    strategy: str,
    primary: tuple[float, float],
    follow_up: tuple[float, float],
    rho: float,
    n1: int,
    n2: int,
    test: str | Test = "pearson",
    alpha: float = 0.05,
    method: str = "exact",
) -> Multiplicity:
    """Probability of claiming each endpoint under a rule.

    Parameters
    ----------
    strategy : str
        Key of :data:`STRATEGIES`.
    primary, follow_up : tuple of float
        Response rates of the first and second arm at each visit.
    rho : float
        Correlation of a patient's outcomes at the two visits, the same in both arms.
    n1, n2 : int
        Patients in each arm.
    test : str or Test
        Test at both visits (for ``method="exact"``).
    alpha : float
        Familywise level.
    method : {"exact", "normal"}
        Enumeration of all counts, or the bivariate normal law of two Wald statistics.

    Returns
    -------
    Multiplicity
        Four probabilities.

    Raises
    ------
    InputError
        Unknown rule, test or method, or a correlation that the rates do not allow.

    Examples
    --------
    >>> found = rejection_probabilities("fixed_sequence", (0.55, 0.3), (0.65, 0.37), 0.4, 29, 30)
    >>> found.any == found.first
    True
    """
    rule, entry, level, correlation = get_strategy(strategy), get(test), as_level("alpha", alpha), as_correlation(rho)
    sizes = as_size("n1", n1), as_size("n2", n2)
    rates = []
    for name, pair in (("primary", primary), ("follow_up", follow_up)):
        array = as_probability(name, pair)
        if array.shape != (2,):
            raise InputError(f"{name} == {pair!r}: two probabilities are needed, one for each arm.")
        rates.append((float(array[0]), float(array[1])))
    levels = rule.levels(level, correlation)
    if method == "exact":
        classes = _exact_classes(entry, rates[0], rates[1], correlation, *sizes, levels)
    elif method == "normal":
        for arm, pair in (("first", (rates[0][0], rates[1][0])), ("second", (rates[0][1], rates[1][1]))):
            _joint_cells(*pair, correlation, arm)
        classes = _normal_classes(rates[0], rates[1], correlation, *sizes, levels)
    else:
        raise unknown_name("method", method, ("exact", "normal"))
    claims = [[rule.claims(i, j) for j in range(classes.shape[1])] for i in range(classes.shape[0])]
    first, second = (np.array([[claim[k] for claim in row] for row in claims]) for k in (0, 1))

    def probability(claimed: np.ndarray) -> float:
        return float(np.clip(classes[claimed].sum(), 0.0, 1.0))

    return Multiplicity(
        first=probability(first),
        second=probability(second),
        any=probability(first | second),
        both=probability(first & second),
        strategy=rule.key,
        test=entry.key,
        method=method,
        rho=correlation,
    )


def familywise_error(
    rho: ArrayLike,
    n1: int,
    n2: int,
    p: float | tuple[float, float],
    strategy: str,
    alpha: float = 0.05,
    test: str | Test = "pearson",
    method: str = "exact",
) -> float | FloatArray:
    """Probability of at least one false claim when neither endpoint differs between the arms.

    Parameters
    ----------
    rho : float or array of float
        Correlation of a patient's outcomes at the two visits.
    n1, n2 : int
        Patients in each arm.
    p : float or tuple of float
        Common response rate at both visits, or one for each visit.
    strategy : str
        Key of :data:`STRATEGIES`.
    alpha : float
        Familywise level.
    test : str or Test
        Test at both visits.
    method : {"exact", "normal"}
        Enumeration of all counts, or the bivariate normal law.

    Returns
    -------
    float or ndarray
        With the shape of ``rho``.

    Raises
    ------
    InputError
        As :func:`rejection_probabilities`.

    Examples
    --------
    >>> round(familywise_error(0.4, 29, 30, (0.42, 0.5), "either"), 4) > 0.05
    True
    """
    rates = as_probability("p", p)
    if rates.shape not in ((), (2,)):
        raise InputError(f"p == {p!r}: one common response rate, or one for each of two visits.")
    first, second = (float(v) for v in np.broadcast_to(rates, (2,)))
    values = np.asarray(rho)
    if values.dtype.kind not in "iuf":
        raise InputError(f"rho == {rho!r}: a correlation is a number from -1 to 1 (or an array of them).")

    def at(correlation: float) -> float:
        return rejection_probabilities(
            strategy, (first, first), (second, second), correlation, n1, n2, test, alpha, method
        ).any

    found = np.array([at(float(v)) for v in values.ravel()]).reshape(values.shape)
    return float(found) if found.ndim == 0 else found
