"""Two endpoints, one level: rules that keep the familywise error, and what they cost.

Weeks 12 and 24 look at the same patients. Under the null hypothesis at both visits the chance of claiming at
least one of them is the familywise error. It depends on the rule and on how a patient's two outcomes hang
together, which is computed here exactly on the counts and, for comparison, from the bivariate normal law.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from lupus_kit._errors import InputError, unknown_name
from lupus_kit.inference._counts import FloatArray, as_level, as_probability, as_size
from lupus_kit.inference.registry import Test, get, pvalue_lattice

# A rule is a list of levels and, for each pair of classes (0 = at most the first level, 1 = at most the second,
# …, last = above all), whether the first and the second endpoint may be claimed.
Claims = Callable[[int, int], tuple[bool, bool]]


@dataclass(frozen=True)
class Strategy:
    """A rule for two endpoints, the first of them primary.

    Attributes
    ----------
    key, label : str
        Name in the code and in print.
    description : str
        The rule in words.
    reference : str
        Where it comes from.
    levels : callable
        From alpha and the correlation to the levels of both endpoints' p-values that matter, each increasing.
    claims : callable
        From the classes of both p-values (0 for at most the lowest level, and so on) to what may be claimed.
    """

    key: str
    label: str
    description: str
    reference: str
    levels: Callable[[float, float], tuple[tuple[float, ...], tuple[float, ...]]]
    claims: Claims


def _same(*shares: float) -> Callable[[float, float], tuple[tuple[float, ...], tuple[float, ...]]]:
    return lambda alpha, rho: (tuple(alpha * s for s in shares), tuple(alpha * s for s in shares))


def _holm(first: int, second: int) -> tuple[bool, bool]:
    # Classes: 0 at most alpha/2, 1 at most alpha, 2 above.
    return first == 0 or (first == 1 and second == 0), second == 0 or (second == 1 and first == 0)


def _hochberg(first: int, second: int) -> tuple[bool, bool]:
    if first <= 1 and second <= 1:
        return True, True
    return first == 0, second == 0


def _spending_levels(alpha: float, rho: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """O'Brien–Fleming-like spending with half of the information at the first look."""
    first = 2 * float(ndtr(-float(ndtri(1 - alpha / 2)) / np.sqrt(0.5)))

    def excess(second: float) -> float:
        inside = _rectangle(-ndtri(first / 2), -ndtri(second / 2), rho)
        return 1 - inside - alpha

    return (first,), (float(brentq(excess, alpha * 1e-6, alpha, xtol=1e-12)),)


_ENTRIES = (
    Strategy(
        "either",
        "whichever works",
        "claim each endpoint at the full level: no adjustment",
        "shown as a warning, not as a choice",
        _same(1.0),
        lambda first, second: (first == 0, second == 0),
    ),
    Strategy(
        "fixed_sequence",
        "fixed sequence",
        "test the first endpoint at the full level; the second only if the first succeeds",
        "Maurer W, Hothorn LA, Lehmacher W. Biometrie in der chemisch-pharmazeutischen Industrie 1995;6:3-18",
        _same(1.0),
        lambda first, second: (first == 0, first == 0 and second == 0),
    ),
    Strategy(
        "bonferroni",
        "Bonferroni",
        "test each endpoint at half the level",
        "Dunn OJ. J Am Stat Assoc 1961;56:52-64",
        _same(0.5),
        lambda first, second: (first == 0, second == 0),
    ),
    Strategy(
        "holm",
        "Holm",
        "smaller p at half the level; then the other at the full level",
        "Holm S. Scand J Stat 1979;6:65-70",
        _same(0.5, 1.0),
        _holm,
    ),
    Strategy(
        "hochberg",
        "Hochberg",
        "both if the larger p is at most the level; otherwise the smaller at half the level",
        "Hochberg Y. Biometrika 1988;75:800-802",
        _same(0.5, 1.0),
        _hochberg,
    ),
    Strategy(
        "obrien_fleming",
        "O'Brien–Fleming-like spending",
        "week 12 as an early look that spends little of the level, the rest at week 24",
        "Lan KKG, DeMets DL. Biometrika 1983;70:659-663",
        _spending_levels,
        lambda first, second: (first == 0, second == 0),
    ),
)

#: Every rule by its key.
STRATEGIES: dict[str, Strategy] = {entry.key: entry for entry in _ENTRIES}


def _strategy(key: object) -> Strategy:
    if not isinstance(key, str) or key not in STRATEGIES:
        raise unknown_name("strategy", key, STRATEGIES)
    return STRATEGIES[key]


def decide(p_first: float, p_second: float, strategy: str, alpha: float = 0.05, rho: float = 0.0) -> tuple[bool, bool]:
    """Apply a rule to two p-values.

    Parameters
    ----------
    p_first, p_second : float
        p-values of the primary and the second endpoint.
    strategy : str
        Key of :data:`STRATEGIES`.
    alpha : float
        Familywise level.
    rho : float
        Correlation, used by ``"obrien_fleming"`` alone.

    Returns
    -------
    tuple of bool
        Whether the first and the second endpoint may be claimed.

    Examples
    --------
    >>> decide(0.052, 0.027, "fixed_sequence"), decide(0.052, 0.027, "holm")
    ((False, False), (False, False))
    """
    rule, level = _strategy(strategy), as_level("alpha", alpha)
    p = [float(as_probability(name, value)) for name, value in (("p_first", p_first), ("p_second", p_second))]
    levels = rule.levels(level, _correlation(rho))
    return rule.claims(*(int(np.searchsorted(cuts, value)) for cuts, value in zip(levels, p, strict=True)))


def _correlation(rho: object) -> float:
    if isinstance(rho, bool) or not isinstance(rho, (int, float, np.integer, np.floating)) or not -1 <= rho <= 1:
        raise InputError(f"rho == {rho!r}: a correlation is a number from -1 to 1.")
    return float(rho)


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
    return (both / p_first if p_first else 0.0), ((p_second - both) / (1 - p_first) if p_first < 1 else 0.0)


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


def _classes(lattice: FloatArray, levels: tuple[float, ...]) -> list[FloatArray]:
    """Mark each class of p-values on the lattice; an undefined p is above all levels."""
    index = np.searchsorted(np.array(levels) * (1 + 1e-12), np.nan_to_num(lattice, nan=2.0))
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
    arm1 = joint_counts(n1, first[0], second[0], rho, "first")
    arm2 = joint_counts(n2, first[1], second[1], rho, "second")
    at_first, at_second = (_classes(lattice, cuts) for cuts in levels)
    # Sum over the first-visit table of one arm and the second-visit table of the other: products of matrices.
    left = [arm1.T @ region for region in at_first]
    right = [region @ arm2.T for region in at_second]
    return np.array([[float((a * b).sum()) for b in right] for a in left])


@lru_cache(maxsize=4096)
def _rectangle(c1: float, c2: float, rho: float, shift1: float = 0.0, shift2: float = 0.0) -> float:
    """P(|Z1| <= c1, |Z2| <= c2) of the bivariate normal law with given means and correlation."""
    if rho > 1 - 1e-12 and shift1 == shift2 == 0:
        return float(2 * ndtr(min(c1, c2)) - 1)
    spread = float(np.sqrt(max(1 - rho**2, 1e-24)))

    def inner(z: float) -> float:
        centre = shift2 + rho * (z - shift1)
        density = float(np.exp(-((z - shift1) ** 2) / 2) / np.sqrt(2 * np.pi))
        return density * float(ndtr((c2 - centre) / spread) - ndtr((-c2 - centre) / spread))

    low, high = max(-c1, shift1 - 10), min(c1, shift1 + 10)
    return float(quad(inner, low, high, epsabs=1e-11, epsrel=1e-11, limit=200)[0]) if low < high else 0.0


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
        [[_rectangle(c1, c2, correlation, *shifts) for c2 in [40.0, *bounds[1]]] for c1 in [40.0, *bounds[0]]]
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
    rule, entry, level, correlation = _strategy(strategy), get(test), as_level("alpha", alpha), _correlation(rho)
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
