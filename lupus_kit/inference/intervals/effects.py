"""Confidence intervals for the difference, the ratio and the odds ratio of two response rates."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.inference.intervals import ratios
from lupus_kit.inference.intervals.difference import agresti_caffo, mee, miettinen_nurminen, newcombe, score_ends, wald
from lupus_kit.inference.intervals.interval import Interval, Intervals, one_sided
from lupus_kit.inference.margins.shifted import limit
from lupus_kit.inference.two_by_two.conditional import WIDEST
from lupus_kit.inference.two_by_two.counts import (
    LARGEST,
    FloatArray,
    IntArray,
    as_alternative,
    as_confidence,
    one_table,
    refuse_large,
)


def exact_unconditional(x1: int, n1: int, x2: int, n2: int, level: float) -> tuple[float, float]:
    """Exact unconditional interval of the risk difference: two one-sided score-ordered tests, inverted.

    References
    ----------
    Chan ISF, Zhang Z. Biometrics 1999;55:1202-1209.
    """
    refuse_large(n1, n2, "the exact unconditional interval", use="'miettinen_nurminen'")
    table, tail, estimate = (x1, n1, x2, n2), (1 - level) / 2, x1 / n1 - x2 / n2
    return limit("barnard", table, tail, "greater", estimate), limit("barnard", table, tail, "less", estimate)


#: Key, name in print, measure, function, and the test that it inverts, if any.
METHODS: tuple[tuple[str, str, str, Callable[..., tuple[float, float]], str], ...] = (
    ("wald", "Wald", "risk difference", wald, "wald_unpooled"),
    ("agresti_caffo", "Agresti–Caffo", "risk difference", agresti_caffo, "agresti_caffo"),
    ("newcombe", "Newcombe hybrid score", "risk difference", newcombe, ""),
    ("miettinen_nurminen", "Miettinen–Nurminen", "risk difference", miettinen_nurminen, "miettinen_nurminen"),
    ("mee", "Mee", "risk difference", mee, "pearson"),
    ("exact_unconditional", "exact unconditional (score)", "risk difference", exact_unconditional, ""),
    ("katz", "Katz (log)", "risk ratio", ratios.katz, "log_risk_ratio_wald"),
    ("koopman", "Koopman score", "risk ratio", ratios.koopman, "pearson"),
    ("woolf", "Woolf (log)", "odds ratio", ratios.woolf, "log_odds_wald"),
    ("conditional_exact", "conditional exact", "odds ratio", ratios.conditional_exact, "fisher_doubled"),
    ("conditional_midp", "conditional mid-p", "odds ratio", ratios.conditional_midp, "fisher_midp_doubled"),
    ("baptista_pike", "Baptista–Pike exact", "odds ratio", ratios.baptista_pike, ""),
    ("blaker", "Blaker exact", "odds ratio", ratios.blaker, "blaker"),
)
#: Methods of the law given both margins: beside them stands the conditional maximum-likelihood odds ratio.
CONDITIONAL = ("conditional_exact", "conditional_midp", "baptista_pike", "blaker")
#: Methods whose two errors are not equal: they have no half.
_NOT_HALVED = {"baptista_pike", "blaker"}


def estimate(measure: str, x1: int, n1: int, x2: int, n2: int, conditional: bool = False) -> float:
    """Estimate a measure from its sample rates, or the odds ratio conditionally on both margins; nan for 0/0.

    Examples
    --------
    >>> round(estimate("risk ratio", 16, 29, 9, 30), 3)
    1.839
    """
    if conditional:
        return ratios.conditional_odds_ratio(x1, n1, x2, n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "risk difference": x1 / n1 - x2 / n2,
            "risk ratio": float(np.float64(x1 * n2) / (x2 * n1)),
            "odds ratio": float(np.float64(x1 * (n2 - x2)) / ((n1 - x1) * x2)),
        }[measure]


def intervals(
    x1: int,
    n1: int | None = None,
    x2: int | None = None,
    n2: int | None = None,
    level: float = 0.95,
    methods: Iterable[str] | None = None,
    alpha: float | None = None,
    alternative: str = "two-sided",
) -> Intervals:
    """Every interval of one table.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    level : float
        Confidence level, such as 0.95.
    methods : iterable of str, or str, optional
        Keys of methods; by default all, without the exact unconditional one above about 1000 patients an arm, and
        without Baptista–Pike's and Blaker's where the same responders allow more than 20,000 tables.
    alpha : float, optional
        Instead of the level: ``1 - level``.
    alternative : {"two-sided", "greater", "less"}
        One-sided intervals: ``"greater"`` gives lower limits, ``"less"`` upper ones, each with all of the error on its
        side, as the one-sided test has. Baptista–Pike's and Blaker's have none: there they are the conditional exact one.

    Returns
    -------
    Intervals
        A tuple of :class:`Interval` that reads as a table: methods for the risk difference first, then the risk ratio,
        then the odds ratio. Beside the conditional methods stands the conditional maximum-likelihood odds ratio.

    Raises
    ------
    InputError
        Counts that are arrays, are not whole numbers or do not fit together, an unknown method or one without a
        one-sided form, an impossible level.

    See Also
    --------
    pvalue, test, compare, describe

    Notes
    -----
    The exact unconditional interval takes about 2 s of processor time at 200 patients an arm, and more than half a minute
    at 800; name the others in ``methods`` to do without it.

    References
    ----------
    Newcombe RG. Stat Med 1998;17:873-890. Miettinen O, Nurminen M. Stat Med 1985;4:213-226.
    Mee RW. Biometrics 1984;40:1175-1176. Agresti A, Caffo B. Am Stat 2000;54:280-288.
    Blaker H. Can J Stat 2000;28:783-798. Cornfield J. Proc Third Berkeley Symp 1956;4:135-148.

    Examples
    --------
    >>> intervals(16, 29, 9, 30, methods=["newcombe", "woolf"])[["key", "low", "high"]].round(3).values.tolist()
    [['newcombe', 0.001, 0.463], ['woolf', 0.985, 8.374]]
    """
    a, m, b, n = one_table(x1, n1, x2, n2)
    level, side = as_confidence(level, alpha), as_alternative(alternative)
    known = {key for key, *_ in METHODS}
    offered = known - {"exact_unconditional"} if (m + 1) * (n + 1) > LARGEST[1000] else known
    if min(m, a + b) - max(0, a + b - n) > WIDEST:
        offered = offered - _NOT_HALVED
    several = isinstance(methods, Iterable) and not isinstance(methods, str)
    listed: list[Any] = [] if methods is None else list(methods) if several else [methods]
    for key in listed:
        require_choice("interval", key, [name for name, *_ in METHODS])
    wanted = offered if methods is None else set(listed)
    if side != "two-sided":
        if methods is not None and wanted & _NOT_HALVED:
            named = " and ".join(map(repr, sorted(wanted & _NOT_HALVED)))
            raise InputError(f"alternative == {side!r}: {named} has no one-sided form; use 'conditional_exact'.")
        wanted = wanted - _NOT_HALVED
    return Intervals(
        Interval(key, label, measure, estimate(measure, a, m, b, n, key in CONDITIONAL), *ends, level, inverts)
        for key, label, measure, method, inverts in METHODS
        if key in wanted
        for ends in [one_sided(method, (a, m, b, n), measure, level, side)]
    )


def many_ends(
    method: str, x1: IntArray, n1: IntArray, x2: IntArray, n2: IntArray, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return both ends of one kind of interval for many tables: together where it has a closed form or inverts a score.

    Examples
    --------
    >>> table = np.array([[16], [29], [9], [30]])
    >>> [end.round(3).tolist() for end in many_ends("newcombe", *table)]
    [[0.001], [0.463]]
    """
    together: dict[str, Callable[..., Any]] = {"wald": wald, "agresti_caffo": agresti_caffo, "newcombe": newcombe}
    if method in together:
        low, high = together[method](x1, n1, x2, n2, level)
        return low, high
    if method in ("miettinen_nurminen", "mee"):
        return score_ends(x1, n1, x2, n2, level, method == "miettinen_nurminen")
    found = [intervals(a, m, b, n, level, [method])[0] for a, m, b, n in np.transpose([x1, n1, x2, n2]).tolist()]
    return np.array([one.low for one in found]), np.array([one.high for one in found])
