"""Confidence intervals for the difference, the ratio and the odds ratio of two response rates."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lupus_kit.core.errors import unknown_name
from lupus_kit.inference.intervals.difference import agresti_caffo, mee, miettinen_nurminen, newcombe, wald
from lupus_kit.inference.intervals.exact_difference import exact_unconditional, too_large
from lupus_kit.inference.intervals.ratios import (
    baptista_pike,
    conditional_exact,
    conditional_midp,
    katz,
    koopman,
    woolf,
)
from lupus_kit.inference.two_by_two.counts import as_level, one_table


@dataclass(frozen=True)
class Interval:
    """One confidence interval.

    Attributes
    ----------
    key, label : str
        Name of the method in the code and in print.
    measure : str
        ``"risk difference"``, ``"risk ratio"`` or ``"odds ratio"``.
    estimate, low, high : float
        Point estimate and both ends; ``nan`` where the method has none.
    level : float
        Confidence level.
    inverts : str
        Key of the test that the interval agrees with, or empty.
    """

    key: str
    label: str
    measure: str
    estimate: float
    low: float
    high: float
    level: float
    inverts: str = ""

    @property
    def null_value(self) -> float:
        """The value of the measure when the rates are equal."""
        return 0.0 if self.measure == "risk difference" else 1.0


#: Key, name in print, measure, function, and the test that it inverts, if any.
METHODS = (
    ("wald", "Wald", "risk difference", wald, "wald_unpooled"),
    ("agresti_caffo", "Agresti–Caffo", "risk difference", agresti_caffo, "agresti_caffo"),
    ("newcombe", "Newcombe hybrid score", "risk difference", newcombe, ""),
    ("miettinen_nurminen", "Miettinen–Nurminen", "risk difference", miettinen_nurminen, "miettinen_nurminen"),
    ("mee", "Mee", "risk difference", mee, "pearson"),
    ("exact_unconditional", "exact unconditional (score)", "risk difference", exact_unconditional, ""),
    ("katz", "Katz (log)", "risk ratio", katz, "log_risk_ratio_wald"),
    ("koopman", "Koopman score", "risk ratio", koopman, "pearson"),
    ("woolf", "Woolf (log)", "odds ratio", woolf, "log_odds_wald"),
    ("conditional_exact", "conditional exact", "odds ratio", conditional_exact, "fisher_doubled"),
    ("conditional_midp", "conditional mid-p", "odds ratio", conditional_midp, "fisher_midp_doubled"),
    ("baptista_pike", "Baptista–Pike exact", "odds ratio", baptista_pike, ""),
)


def _estimates(x1: int, n1: int, x2: int, n2: int) -> dict[str, float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "risk difference": x1 / n1 - x2 / n2,
            "risk ratio": float(np.float64(x1 * n2) / (x2 * n1)),
            "odds ratio": float(np.float64(x1 * (n2 - x2)) / ((n1 - x1) * x2)),
        }


def intervals(
    x1: int, n1: int, x2: int, n2: int, level: float = 0.95, methods: Iterable[str] | None = None
) -> list[Interval]:
    """Every interval of one table.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    level : float
        Confidence level.
    methods : iterable of str, optional
        Keys of methods; by default all, without the exact unconditional one above about 1000 patients an arm.

    Returns
    -------
    list of Interval
        Methods for the risk difference first, then the risk ratio, then the odds ratio.

    References
    ----------
    Newcombe RG. Stat Med 1998;17:873-890. Miettinen O, Nurminen M. Stat Med 1985;4:213-226.
    Mee RW. Biometrics 1984;40:1175-1176. Agresti A, Caffo B. Am Stat 2000;54:280-288.
    """
    a, m, b, n = one_table(x1, n1, x2, n2)
    level = as_level("level", level)
    estimates = _estimates(a, m, b, n)
    known = {key for key, *_ in METHODS}
    offered = known - {"exact_unconditional"} if too_large(m, n) else known
    wanted = offered if methods is None else set(methods)
    for key in sorted(wanted - known):
        raise unknown_name("interval", key, [name for name, *_ in METHODS])
    return [
        Interval(key, label, measure, estimates[measure], *method(a, m, b, n, level), level, inverts)
        for key, label, measure, method, inverts in METHODS
        if key in wanted
    ]
