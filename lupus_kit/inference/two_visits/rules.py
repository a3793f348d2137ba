"""Rules for two endpoints that share one level, and what each of them allows to claim."""

import html
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.inference.two_by_two.counts import as_level, as_rate

# A rule is a list of levels and, for each pair of classes (0 = at most the first level, 1 = at most the second,
# …, last = above all), whether the first and the second endpoint may be claimed.
Claims = Callable[[int, int], tuple[bool, bool]]
Levels = Callable[[float, float], tuple[tuple[float, ...], tuple[float, ...]]]


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
    levels: Levels
    claims: Claims

    def _repr_html_(self) -> str:
        return f"<b>{html.escape(self.label)}</b>: {html.escape(self.description)} ({html.escape(self.reference)})"


def _same(*shares: float) -> Levels:
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


# The levels that matter, and what may be claimed.
_RULES: dict[str, tuple[Levels, Claims]] = {
    "either": (_same(1.0), lambda first, second: (first == 0, second == 0)),
    "fixed_sequence": (_same(1.0), lambda first, second: (first == 0, first == 0 and second == 0)),
    "bonferroni": (_same(0.5), lambda first, second: (first == 0, second == 0)),
    "holm": (_same(0.5, 1.0), _holm),
    "hochberg": (_same(0.5, 1.0), _hochberg),
    "obrien_fleming": (_spending_levels, lambda first, second: (first == 0, second == 0)),
}
_SAID = tomllib.loads(resources.files(__package__).joinpath("rules.toml").read_text(encoding="utf-8"))
#: Every rule by its key.
STRATEGIES: dict[str, Strategy] = {
    key: Strategy(key, levels=_RULES[key][0], claims=_RULES[key][1], **said) for key, said in _SAID.items()
}


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
    p = [as_rate(name, value) for name, value in (("p_first", p_first), ("p_second", p_second))]
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
