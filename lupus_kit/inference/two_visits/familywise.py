"""Two endpoints, one level: rules that keep the familywise error, and what they cost.

Weeks 12 and 24 look at the same patients. Under the null hypothesis at both visits the chance of claiming at
least one of them is the familywise error. It depends on the rule and on how a patient's two outcomes hang
together, which is computed here exactly on the counts and, for comparison, from the bivariate normal law.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from lupus_kit.core.errors import InputError, is_number, require_choice
from lupus_kit.core.templates import toml_beside
from lupus_kit.inference.binomial import binomial_pmf
from lupus_kit.inference.two_by_two.counts import REACHES, FloatArray, as_grid, as_level, as_p, as_probability, as_size
from lupus_kit.inference.two_by_two.registry import Test, get, pvalue_lattice

# A rule is a list of levels and, for each pair of classes (0 = at most the first level, 1 = at most the second,
# …, last = above all), whether the first and the second endpoint may be claimed.
Claims = Callable[[int, int], tuple[bool, bool]]
_Cuts = tuple[tuple[float, ...], tuple[float, ...]]
Levels = Callable[..., _Cuts]


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
        From alpha, the correlation and the sides of the tests (2 unless told, or 1) to the levels of both endpoints' p-values that
        matter, each increasing.
    claims : callable
        From the classes of both p-values (0 for at most the lowest level, and so on) to what may be claimed.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> rule = inference.STRATEGIES
    >>> rule["bonferroni"].label
    'Bonferroni'
    """

    key: str
    label: str
    description: str
    reference: str
    levels: Levels
    claims: Claims

    def _repr_html_(self) -> str:
        return f"<b>{html.escape(self.label)}</b>: {html.escape(self.description)} ({html.escape(self.reference)})"


def _same(*shares: float) -> Levels:
    return lambda alpha, rho, sided=2: (tuple(alpha * s for s in shares), tuple(alpha * s for s in shares))


def _holm(first: int, second: int) -> tuple[bool, bool]:
    # Classes: 0 at most alpha/2, 1 at most alpha, 2 above.
    return first == 0 or (first == 1 and second == 0), second == 0 or (second == 1 and first == 0)


def _hochberg(first: int, second: int) -> tuple[bool, bool]:
    if first <= 1 and second <= 1:
        return True, True
    return first == 0, second == 0


def _spending_levels(alpha: float, rho: float, sided: int = 2) -> _Cuts:
    """Levels of O'Brien–Fleming-like spending with half of the information at the first look.

    Each side spends its part of alpha by the function 2 − 2 Φ(z / √t), as group-sequential software does: two-sided at
    0.05 and the usual correlation √½ the critical values are 2.963 and 1.969.
    """
    first = 2 * sided * float(ndtr(-float(ndtri(1 - alpha / (2 * sided))) / np.sqrt(0.5)))

    def excess(second: float) -> float:
        return 1 - rectangle(-ndtri(first / sided), -ndtri(second / sided), rho, sided) - alpha

    return (first,), (float(brentq(excess, alpha * 1e-6, alpha, xtol=1e-12)),)


# The levels that matter, and what may be claimed.
_RULES: dict[str, tuple[Levels, Claims]] = {
    "either": (_same(1.0), lambda first, second: (first == 0, second == 0)),
    "fixed_sequence": (_same(1.0), lambda first, second: (first == 0, first == 0 and second == 0)),
    "bonferroni": (_same(0.5), lambda first, second: (first == 0, second == 0)),
    "holm": (_same(0.5, 1.0), _holm),
    "hochberg": (_same(0.5, 1.0), _hochberg),
    "obrien_fleming": (_spending_levels, lambda first, second: (first == 0, second == 0)),
}
_SAID = toml_beside(__file__, "rules.toml")
#: Every rule by its key.
STRATEGIES: dict[str, Strategy] = {
    key: Strategy(key, levels=_RULES[key][0], claims=_RULES[key][1], **said) for key, said in _SAID.items()
}


def get_strategy(key: object) -> Strategy:
    """Return a rule by its key, or name the nearest ones."""
    require_choice("strategy", key, STRATEGIES)
    return STRATEGIES[str(key)]


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

    See Also
    --------
    familywise_error, joint_counts

    Examples
    --------
    >>> decide(0.052, 0.027, "fixed_sequence"), decide(0.052, 0.027, "holm")
    ((False, False), (False, False))
    """
    rule, level = get_strategy(strategy), as_level("alpha", alpha)
    p = [as_p(name, value) for name, value in (("p_first", p_first), ("p_second", p_second))]
    levels = rule.levels(level, as_correlation(rho))
    return rule.claims(*(int(np.searchsorted(cuts, value)) for cuts, value in zip(levels, p, strict=True)))


def as_correlation(rho: object) -> float:
    """Return one correlation from -1 to 1."""
    if not is_number(rho) or not -1 <= rho <= 1:
        raise InputError(f"rho == {rho!r}: a correlation is a number from -1 to 1.")
    return float(rho)


@lru_cache(maxsize=4096)
def rectangle(c1: float, c2: float, rho: float, sided: int = 2) -> float:
    """P(|Z1| <= c1, |Z2| <= c2) of two standard normal variables with a given correlation; one-sided without the bars.

    Examples
    --------
    >>> round(rectangle(1.96, 1.96, 0.0), 4)
    0.9025
    """
    low = -np.inf if sided == 1 else -c2
    if rho > 1 - 1e-12:
        return float(sided * ndtr(min(c1, c2)) - (sided - 1))
    spread = float(np.sqrt(max(1 - rho**2, 1e-24)))

    def inner(z: float) -> float:
        density = float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
        return density * float(ndtr((c2 - rho * z) / spread) - ndtr((low - rho * z) / spread))

    reach = min(c1, 10.0)
    return float(
        scipy.integrate.quad(inner, -10.0 if sided == 1 else -reach, reach, epsabs=1e-11, epsrel=1e-11, limit=200)[0]
    )


def correlation_bounds(first: float, second: float) -> tuple[float, float]:
    """Return the smallest and largest correlation of two 0/1 outcomes with given rates.

    Parameters
    ----------
    first, second : float
        Response probabilities at the two visits.

    Returns
    -------
    tuple of float
        The Fréchet bounds of phi; (0, 0) where a rate is 0 or 1.

    Examples
    --------
    >>> tuple(round(bound, 2) for bound in correlation_bounds(16 / 29, 19 / 29))
    (-0.65, 0.8)
    """
    spread = float(np.sqrt(first * (1 - first) * second * (1 - second)))
    if spread == 0:
        return 0.0, 0.0
    independent = first * second
    return (max(0.0, first + second - 1) - independent) / spread, (min(first, second) - independent) / spread


def _second_rates(p_first: float, p_second: float, rho: float, arm: str) -> tuple[float, float]:
    """P(responds at the second visit) for a responder and for a non-responder at the first."""
    low, high = max(0.0, p_first + p_second - 1), min(p_first, p_second)
    both = p_first * p_second + rho * float(np.sqrt(p_first * (1 - p_first) * p_second * (1 - p_second)))
    if not low - 1e-12 <= both <= high + 1e-12:
        lowest, highest = correlation_bounds(p_first, p_second)
        raise InputError(
            f"rho == {rho:g}: with rates {p_first:g} and {p_second:g} in the {arm} arm it must lie from "
            f"{lowest:.3f} to {highest:.3f}."
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

    See Also
    --------
    between_visit_bounds, paired_bounds, decide, familywise_error

    Examples
    --------
    >>> joint = joint_counts(30, 0.3, 0.37, rho=0.5)
    >>> joint.shape, round(float(joint.sum()), 12)
    ((31, 31), 1.0)
    """
    as_grid(n, n)
    of_responder, of_other = _second_rates(p_first, p_second, rho, arm)
    counts = np.arange(n + 1)
    first = binomial_pmf(counts, n, p_first)
    # All second counts of a responders, and of n - a others, in one call each.
    responders, others = (binomial_pmf(counts, counts[:, None], rate) for rate in (of_responder, of_other))
    law = np.empty((n + 1, n + 1))
    for a in range(n + 1):
        # Given a responders at the first visit, the second count is a sum of two binomials.
        law[a] = first[a] * np.convolve(responders[a, : a + 1], others[n - a, : n - a + 1])
    return law


# The last laws are kept: rules are compared under the same one.
_kept_counts = lru_cache(maxsize=16)(joint_counts)


def _exact_classes(test: Test, rates: tuple[float, float], rho: float, n1: int, n2: int, levels: _Cuts) -> FloatArray:
    """Probability of each pair of classes of p-values: the sum over every count of both arms at both visits."""
    lattice = np.nan_to_num(pvalue_lattice(test, n1, n2), nan=2.0)  # an undefined p is above all levels
    arm1, arm2 = (_kept_counts(n, *rates, rho) for n in (n1, n2))
    first, second = (np.searchsorted(np.array(cuts) * REACHES, lattice) for cuts in levels)
    # Sum over the first-visit table of one arm and the second-visit table of the other: products of matrices.
    left = [arm1.T @ (first == k) for k in range(len(levels[0]) + 1)]
    right = [(second == k) @ arm2.T for k in range(len(levels[1]) + 1)]
    return np.array([[float((a * b).sum()) for b in right] for a in left])


def _normal_classes(rho: float, levels: _Cuts) -> FloatArray:
    """Probability of each pair of classes of p-values under the bivariate normal law of two Wald statistics."""
    bounds = [[np.inf, *(float(-ndtri(level / 2)) for level in cuts)] for cuts in levels]
    # P(p above each pair of levels), then differences of it are the classes.
    above = np.array([[rectangle(c1, c2, rho) for c2 in bounds[1]] for c1 in bounds[0]])
    padded = np.pad(above, ((0, 1), (0, 1)))
    # Class k holds p between level k - 1 and level k: inside bound k - 1 and outside bound k.
    return np.asarray(np.diff(np.diff(padded, axis=0), axis=1))


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
        Unknown rule, test or method, or a correlation that the rates do not allow.

    See Also
    --------
    decide, joint_counts

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
    rule, level, entry = get_strategy(strategy), as_level("alpha", alpha), get(test)
    m, n = as_size("n1", n1), as_size("n2", n2)
    require_choice("method", method, ("exact", "normal"))

    def at(correlation: float) -> float:
        _second_rates(first, second, correlation, "first")  # raises where the rates do not allow the correlation
        levels = rule.levels(level, correlation)
        if method == "exact":
            classes = _exact_classes(entry, (first, second), correlation, m, n, levels)
        else:
            classes = _normal_classes(correlation, levels)
        claimed = np.array([[any(rule.claims(i, j)) for j in range(classes.shape[1])] for i in range(len(classes))])
        return float(np.clip(classes[claimed].sum(), 0.0, 1.0))

    found = np.array([at(as_correlation(float(v))) for v in values.ravel()]).reshape(values.shape)
    return float(found) if found.ndim == 0 else found
