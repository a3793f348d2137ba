"""Rules for two endpoints that share one level, and what each of them allows to claim."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.inference.two_by_two.counts import as_level, as_probability

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

    def _repr_html_(self) -> str:
        return f"<b>{html.escape(self.label)}</b>: {html.escape(self.description)} ({html.escape(self.reference)})"


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
    """Levels of O'Brien–Fleming-like spending with half of the information at the first look.

    Each side spends half of alpha by the function 2 − 2 Φ(z / √t), as group-sequential software does for two-sided
    tests: at 0.05 and the usual correlation √½ the critical values are 2.963 and 1.969.
    """
    first = 4 * float(ndtr(-float(ndtri(1 - alpha / 4)) / np.sqrt(0.5)))

    def excess(second: float) -> float:
        inside = rectangle(-ndtri(first / 2), -ndtri(second / 2), rho)
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


def get_strategy(key: object) -> Strategy:
    """Return a rule by its key, or name the nearest ones."""
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
    rule, level = get_strategy(strategy), as_level("alpha", alpha)
    p = [float(as_probability(name, value)) for name, value in (("p_first", p_first), ("p_second", p_second))]
    levels = rule.levels(level, as_correlation(rho))
    return rule.claims(*(int(np.searchsorted(cuts, value)) for cuts, value in zip(levels, p, strict=True)))


def as_correlation(rho: object) -> float:
    """Return one correlation from -1 to 1."""
    if isinstance(rho, bool) or not isinstance(rho, (int, float, np.integer, np.floating)) or not -1 <= rho <= 1:
        raise InputError(f"rho == {rho!r}: a correlation is a number from -1 to 1.")
    return float(rho)


@lru_cache(maxsize=4096)
def rectangle(c1: float, c2: float, rho: float) -> float:
    """P(|Z1| <= c1, |Z2| <= c2) of two standard normal variables with a given correlation.

    Examples
    --------
    >>> round(rectangle(1.96, 1.96, 0.0), 4)
    0.9025
    """
    if rho > 1 - 1e-12:
        return float(2 * ndtr(min(c1, c2)) - 1)
    spread = float(np.sqrt(max(1 - rho**2, 1e-24)))

    def inner(z: float) -> float:
        density = float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
        return density * float(ndtr((c2 - rho * z) / spread) - ndtr((-c2 - rho * z) / spread))

    reach = min(c1, 10.0)
    return float(quad(inner, -reach, reach, epsabs=1e-11, epsrel=1e-11, limit=200)[0])
