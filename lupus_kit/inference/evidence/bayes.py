"""Evidence and belief for two response rates: priors, posteriors and Bayes factors.

Rates have beta priors, or mixtures of them, so the posterior is a mixture of betas as well. Probabilities about
the difference are one-dimensional integrals, computed by quadrature: no random numbers, no sampling error.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import scipy
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv, betaln, ndtri

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.templates import toml_beside
from lupus_kit.inference.intervals.interval import Row
from lupus_kit.inference.two_by_two.counts import as_level, one_table
from lupus_kit.inference.two_by_two.registry import pvalue


@dataclass(frozen=True)
class Prior:
    """A mixture of beta distributions for one response rate.

    Attributes
    ----------
    components : tuple of (weight, a, b)
        Weights are positive and add up to one; ``a`` and ``b`` act like responders and non-responders seen before.
    label : str
        Name in print.
    origin : str
        Where it comes from, or that it is a choice.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> prior = inference.PRIORS["uniform"]
    >>> round(prior.mean, 3)
    0.5
    >>> round(prior.updated(16, 29).mean, 3)
    0.548
    >>> prior.cdf(0.25)
    0.25
    """

    components: tuple[tuple[float, float, float], ...]
    label: str = ""
    origin: str = "a choice"

    def __post_init__(self) -> None:
        if not self.components:
            raise InputError("components is empty: give at least one (weight, a, b).")
        for component in self.components:
            if len(component) != 3 or not all(np.isfinite(v) and v > 0 for v in component):
                raise InputError(f"components: {component!r} must be three positive numbers (weight, a, b).")
        total = sum(weight for weight, _, _ in self.components)
        if abs(total - 1) > 1e-9:
            raise InputError(f"components: the weights add up to {total:g}, they must add up to 1.")

    @property
    def mean(self) -> float:
        """Mean response rate."""
        return sum(w * a / (a + b) for w, a, b in self.components)

    def _repr_html_(self) -> str:
        mixture = " + ".join(f"{w:g} × Beta({a:g}, {b:g})" for w, a, b in self.components)
        return f"<b>{html.escape(self.label or 'prior')}</b>: {mixture}, mean rate {self.mean:.3f} ({html.escape(self.origin)})"

    def updated(self, x: int, n: int) -> Prior:
        """Return the posterior after ``x`` of ``n`` patients responded."""
        logs = np.array([np.log(w) + betaln(a + x, b + n - x) - betaln(a, b) for w, a, b in self.components])
        new = np.exp(logs - logs.max())
        new /= new.sum()
        parts = tuple((float(w), a + x, b + n - x) for w, (_, a, b) in zip(new, self.components, strict=True) if w > 0)
        return Prior(parts, self.label, self.origin)

    def cdf(self, rate: float) -> float:
        """Probability of a smaller rate."""
        inside = min(max(rate, 0.0), 1.0)
        return float(sum(w * betainc(a, b, inside) for w, a, b in self.components))


def _beta_mixture(label: str, origin: str, mixture: list[tuple[float, float, float]]) -> Prior:
    return Prior(tuple((weight, mean * n, (1 - mean) * n) for weight, mean, n in mixture), label, origin)


_TABLE = toml_beside(__file__, "priors.toml")
#: Priors by name, for one arm each.
PRIORS: dict[str, Prior] = {name: _beta_mixture(**table) for name, table in _TABLE.items()}


def _prior(name: str, value: str | Prior) -> Prior:
    if isinstance(value, Prior):
        return value
    require_choice(name, value, PRIORS)
    return PRIORS[value]


def difference_cdf(first: Prior, second: Prior, difference: float) -> float:
    """Probability that ``p1 - p2`` is at most ``difference``, by quadrature.

    Notes
    -----
    The integral over the second rate runs on the arcsine scale, where a beta density with parameters of one half
    or more is bounded, in panels that end where the first rate would leave 0 to 1 and beside each component's bulk.
    """
    if difference <= -1 or difference >= 1:
        return float(difference >= 1)
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    # Where p2 + difference is above 1 the first rate is certainly below it.
    total = 1.0 - second.cdf(high) if high < 1 else 0.0
    for weight, a, b in second.components:
        constant = np.log(2.0 * weight) - betaln(a, b)

        def integrand(angle: float, a: float = a, b: float = b, constant: float = constant) -> float:
            sine, cosine = np.sin(angle), np.cos(angle)
            if sine <= 0 or cosine <= 0:
                return 0.0
            density = np.exp(constant + (2 * a - 1) * np.log(sine) + (2 * b - 1) * np.log(cosine))
            return float(density) * first.cdf(sine * sine + difference)

        bulk = betaincinv(a, b, [1e-12, 1e-3, 0.5, 1 - 1e-3, 1 - 1e-12])
        edges = np.arcsin(np.sqrt(np.unique(np.clip([low, *bulk, high], low, high))))
        total += sum(
            scipy.integrate.quad(integrand, *ends, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for ends in pairwise(edges)
        )
    return float(min(max(total, 0.0), 1.0))


@dataclass(frozen=True)
class Posterior(Row):
    """What the data and a prior say about the difference of two response rates.

    Attributes
    ----------
    probability_greater : float
        P(p1 > p2 | data).
    low, high : float
        Equal-tailed credible interval of ``p1 - p2``.
    level : float
        Its level.
    mean_difference : float
        Posterior mean of ``p1 - p2``.
    prior1, prior2 : str
        Labels of the priors.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.posterior(16, 29, 9, 30)
    >>> round(found.low, 3), round(found.high, 3)
    (-0.004, 0.463)
    """

    probability_greater: float
    low: float
    high: float
    level: float
    mean_difference: float
    prior1: str
    prior2: str

    def _repr_html_(self) -> str:
        return (
            f"Priors: {html.escape(self.prior1)} and {html.escape(self.prior2)}. "
            f"P(first arm responds more | data) = <b>{self.probability_greater:.3f}</b>; difference "
            f"{100 * self.mean_difference:.1f} percentage points ({self.level:.0%} credible interval "
            f"{100 * self.low:.1f} to {100 * self.high:.1f})."
        )


def posterior(
    x1: int,
    n1: int,
    x2: int,
    n2: int,
    prior1: str | Prior = "uniform",
    prior2: str | Prior = "uniform",
    level: float = 0.95,
) -> Posterior:
    """Compute the posterior of the difference of two response rates.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    prior1, prior2 : str or Prior
        Name in :data:`PRIORS`, or a prior of your own, for each arm.
    level : float
        Level of the credible interval.

    Returns
    -------
    Posterior
        P(p1 > p2), and the difference with its interval; exact up to quadrature (about 1e-10).

    Raises
    ------
    InputError
        Counts that do not fit together, or an unknown prior.

    See Also
    --------
    evidence, s_value

    Examples
    --------
    >>> round(posterior(16, 29, 9, 30).probability_greater, 4)
    0.9732
    """
    a, m, b, n = one_table(x1, n1, x2, n2)
    confidence = as_level("level", level)
    first, second = _prior("prior", prior1).updated(a, m), _prior("prior", prior2).updated(b, n)
    tail = (1 - confidence) / 2

    def quantile(share: float) -> float:
        return float(brentq(lambda d: difference_cdf(first, second, d) - share, -1.0, 1.0, xtol=1e-10))

    greater, low, high = 1 - difference_cdf(first, second, 0.0), quantile(tail), quantile(1 - tail)
    labels = (_prior("prior", prior).label or "your own" for prior in (prior1, prior2))
    return Posterior(greater, low, high, confidence, first.mean - second.mean, *labels)


def evidence(x1: int, n1: int, x2: int, n2: int) -> pd.DataFrame:
    """Return measures of evidence against equal rates.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.

    Returns
    -------
    pandas.DataFrame
        Columns ``measure``, ``value`` and ``meaning``: the likelihood ratio of the best pair of rates against the
        best common rate; three lower bounds of the Bayes factor in favour of the null hypothesis; and one Bayes
        factor, for uniform priors.

    See Also
    --------
    pvalue, test, compare, intervals

    References
    ----------
    Edwards W, Lindman H, Savage LJ. Psychol Rev 1963;70:193-242. Sellke T, Bayarri MJ, Berger JO.
    Am Stat 2001;55:62-71. Held L, Ott M. Annu Rev Stat Appl 2018;5:393-419.

    Examples
    --------
    >>> evidence(16, 29, 9, 30)["measure"].tolist()[0]
    'likelihood ratio'
    """
    a, m, b, n = one_table(x1, n1, x2, n2)
    p_lr = float(np.nan_to_num(pvalue("likelihood_ratio", a, m, b, n), nan=1.0))
    p = float(np.nan_to_num(pvalue("pearson", a, m, b, n), nan=1.0))
    z_lr, z = (float(-ndtri(value / 2)) for value in (p_lr, p))
    sellke = float(-np.e * p * np.log(p)) if 0 < p < 1 / np.e else (1.0 if p else 0.0)
    best_normal = "null against the best normal prior centred at no effect"
    normal = float(z * np.exp(-(z**2 - 1) / 2)) if 1 < z < np.inf else float(z <= 1)
    log_separate = betaln(1 + a, 1 + m - a) + betaln(1 + b, 1 + n - b)
    log_common = betaln(1 + a + b, 1 + m + n - a - b)
    with np.errstate(over="ignore"):  # infinite: too large for a float
        ratio = float(np.exp(z_lr**2 / 2))
    rows = [
        ("likelihood ratio", ratio, "best two rates against best common rate"),
        ("minimum Bayes factor, point alternative", float(np.exp(-(z**2) / 2)), "null against the best alternative"),
        ("minimum Bayes factor, symmetric alternatives", normal, best_normal),
        ("minimum Bayes factor, −e p ln p", sellke, "null against a wide class of alternatives"),
        ("Bayes factor, uniform priors", float(np.exp(log_common - log_separate)), "null against any two rates alike"),
    ]
    return pd.DataFrame(rows, columns=["measure", "value", "meaning"])
