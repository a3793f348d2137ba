"""P-values of paired counts, of ordered groups, and of means with standard deviations, each with what print leaves open.

A printed mean stands for every mean that rounds to it, and two margins of paired counts stand for every joint table that
has them. Each analysis therefore gives a range of p-values, and it fits if any value of the range prints as reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from lupus_kit.audit.values.ordinal_exact import doubled_midranks, freeman_halton, permutation
from lupus_kit.audit.values.percentages import rounds_to
from lupus_kit.core.errors import InputError
from lupus_kit.published import decimals, parse_p

COLUMNS = ("label", "p_low", "p_high", "n_ways", "n_fit", "rounds_to_reported")
Mean = tuple[str, str, int]
IntArray = NDArray[np.int64]
# Standard deviations tried within the interval of one printed, both ends among them.
_INTERIOR = 9


def mcnemar(b: int, c: int) -> dict[str, float]:
    """Return McNemar's test of paired counts in four forms.

    Parameters
    ----------
    b, c : int
        Patients with the event at the first visit only, and at the second only.

    Returns
    -------
    dict of str to float
        Two-sided p-values; 1 where no patient changed.

    References
    ----------
    McNemar Q. Psychometrika 1947;12:153-157. Fagerland MW, et al. BMC Med Res Methodol 2013;13:91 (mid-p).

    Examples
    --------
    >>> {name: round(p, 4) for name, p in mcnemar(11, 2).items()}["McNemar exact"]
    0.0225
    """
    changed, fewer = b + c, min(b, c)
    if changed == 0:
        return dict.fromkeys(("McNemar exact", "McNemar mid-p", "McNemar", "McNemar, continuity-corrected"), 1.0)
    tail, point = 2 * float(stats.binom.cdf(fewer, changed, 0.5)), float(stats.binom.pmf(fewer, changed, 0.5))
    corrected = max(abs(b - c) - 1, 0) ** 2 / changed
    return {
        "McNemar exact": min(tail, 1.0),
        "McNemar mid-p": tail - point if b != c else 1 - point / 2,
        "McNemar": float(stats.chi2.sf((b - c) ** 2 / changed, 1)),
        "McNemar, continuity-corrected": float(stats.chi2.sf(corrected, 1)),
    }


def _frame(reported: str, found: Iterable[tuple[str, Sequence[float]]], between: bool) -> pd.DataFrame:
    """One row per analysis; ``between``: every value between the extremes can be had too."""
    rows = []
    for label, values in found:
        fits = [rounds_to(p, reported) for p in values]
        defined = [p for p in values if p == p] or [float("nan")]
        low, high = min(defined), max(defined)
        some = any(fits) or (between and low <= parse_p(reported)[1] <= high)
        rows.append((label, low, high, len(values), sum(fits), some))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.sort_values("rounds_to_reported", ascending=False, kind="stable").reset_index(drop=True)


def explain_paired(reported: str, x1: int, x2: int, n: int, both: int | None = None) -> pd.DataFrame:
    """Run McNemar's test on every joint table that two visits of the same patients can have.

    Parameters
    ----------
    reported : str
        The printed p-value.
    x1, x2 : int
        Patients with the event at the first and second visit.
    n : int
        Patients seen at both.
    both : int, optional
        Patients with the event at both visits, where printed; every possible number otherwise.

    Returns
    -------
    pandas.DataFrame
        One row per form of the test: ``label p_low p_high n_ways n_fit rounds_to_reported``, where ``n_ways`` counts
        the joint tables and ``n_fit`` those that print as reported.

    Raises
    ------
    InputError
        Counts that no patients can have.

    Examples
    --------
    >>> explain_paired("0.022", 20, 11, 29, both=9)[["label", "rounds_to_reported"]].head(1).values.tolist()
    [['McNemar exact', True]]
    """
    low, high = max(0, x1 + x2 - n), min(x1, x2)
    if not 0 <= min(x1, x2) <= max(x1, x2) <= n:
        raise InputError(f"x1 == {x1}, x2 == {x2}, n == {n}: each count must lie between 0 and n.")
    if both is not None and not low <= both <= high:
        raise InputError(f"both == {both}: {x1} and {x2} of {n} patients allow {low} to {high} with the event twice.")
    ways = [mcnemar(x1 - k, x2 - k) for k in ([both] if both is not None else range(low, high + 1))]
    return _frame(reported, [(label, [way[label] for way in ways]) for label in ways[0]], between=False)


def _ends(text: str) -> tuple[float, float]:
    """Return the smallest and largest number that prints so."""
    half = 0.5 * 10.0 ** -decimals(text)
    return float(text) - half, float(text) + half


def explain_means(reported: str, first: Mean, second: Mean) -> pd.DataFrame:
    """Run t-tests on printed means and standard deviations, over everything that rounds to them.

    Parameters
    ----------
    reported : str
        The printed p-value.
    first, second : tuple of (str, str, int)
        Mean and standard deviation as printed, and patients, of each arm.

    Returns
    -------
    pandas.DataFrame
        One row per test: ``label p_low p_high n_ways n_fit rounds_to_reported``; the range of p is over
        everything that rounds to the printed digits.

    Raises
    ------
    InputError
        Fewer than two patients in an arm.

    Notes
    -----
    Two-sided p falls as the means move apart, and Student's rises with either SD: its extremes lie at the ends of the
    intervals. Welch's degrees of freedom also depend on the ratio of the SDs, so the inside is searched too.

    Examples
    --------
    >>> explain_means("0.005", ("4.2", "3.1", 29), ("6.9", "4.0", 30))["rounds_to_reported"].tolist()[:2]
    [True, True]
    """
    (m1, s1, n1), (m2, s2, n2) = first, second
    if min(n1, n2) < 2:
        raise InputError(f"n == {min(n1, n2)}: a standard deviation needs at least two patients in each arm.")
    (low1, high1), (low2, high2) = _ends(m1), _ends(m2)
    differences = {low1 - high2, high1 - low2, float(m1) - float(m2)}
    if min(differences) < 0 < max(differences):
        differences.add(0.0)
    spreads = product(*({max(float(end), 0.0) for end in np.linspace(*_ends(s), _INTERIOR)} for s in (s1, s2)))
    d, a, b = np.array([(d, a, b) for a, b in spreads for d in differences if a > 0 or b > 0]).T
    found: dict[str, list[float]] = {}
    for name, equal in (("Student t", True), ("Welch t", False)):
        for side, alternative in (
            ("", "two-sided"),
            (", one-sided (greater)", "greater"),
            (", one-sided (less)", "less"),
        ):
            test = stats.ttest_ind_from_stats(d, a, n1, 0.0, b, n2, equal_var=equal, alternative=alternative)
            found[name + side] = np.asarray(test.pvalue, dtype=float).tolist()
    return _frame(reported, found.items(), between=True)


def _t(scores: IntArray, table: IntArray, equal: bool) -> float:
    """p-value of a t-test on scores; nan where an arm of one patient or no spread leaves it undefined."""
    n = table.sum(axis=1)
    means = table @ scores / n
    squares = [float(counts @ (scores - mean) ** 2) for counts, mean in zip(table, means, strict=True)]
    if min(n) < 2 or sum(squares) == 0:
        return float("nan")
    spreads = [float(np.sqrt(square / (total - 1))) for square, total in zip(squares, n, strict=True)]
    return float(
        stats.ttest_ind_from_stats(means[0], spreads[0], n[0], means[1], spreads[1], n[1], equal_var=equal).pvalue
    )


def _exact(table: list[list[int]], scores: list[int]) -> dict[str, float]:
    one, two = table
    found = {
        "Fisher–Freeman–Halton exact, groups without order": freeman_halton(one, two),
        "Wilcoxon–Mann–Whitney, exact": permutation(one, two, doubled_midranks(one, two)),
        "linear-by-linear, exact": permutation(one, two, scores),
    }
    return {label: p for label, p in found.items() if p == p}


def explain_ordinal(reported: str, first: Sequence[int], second: Sequence[int]) -> pd.DataFrame:
    """Run the usual tests of ordered groups in two arms.

    Parameters
    ----------
    reported : str
        The printed p-value.
    first, second : sequence of int
        Patients in each group, in order, of each arm.

    Returns
    -------
    pandas.DataFrame
        One row per test: ``label p_low p_high n_ways n_fit rounds_to_reported``. Groups score 0, 1, 2, ...

    Raises
    ------
    InputError
        Unequal lengths, or an empty arm.

    References
    ----------
    Agresti A. Analysis of ordinal categorical data, 2nd ed. Wiley 2010, chapters 2 and 3.

    Examples
    --------
    >>> explain_ordinal("0.030", [6, 12, 11], [13, 12, 5])["label"][0]
    'Wilcoxon–Mann–Whitney'
    """
    if len(first) != len(second) or min(*first, *second) < 0 or not sum(first) or not sum(second):
        raise InputError(f"{list(first)} and {list(second)}: two arms with patients in the same groups are needed.")
    table = np.array([first, second])
    filled = table.sum(axis=0) > 0
    table, scores = table[:, filled], np.arange(len(first))[filled]
    if table.shape[1] < 2:
        return _frame(reported, [("Wilcoxon–Mann–Whitney", [1.0])], between=False)
    one, two = (np.repeat(scores, counts) for counts in table)
    correlation = float(np.corrcoef(np.r_[one, two], np.r_[np.zeros(len(one)), np.ones(len(two))])[0, 1])
    total = len(one) + len(two)
    found = {
        "Wilcoxon–Mann–Whitney": stats.mannwhitneyu(one, two, method="asymptotic", use_continuity=False).pvalue,
        "Wilcoxon–Mann–Whitney, continuity-corrected": stats.mannwhitneyu(one, two, method="asymptotic").pvalue,
        "Cochran–Armitage trend": stats.chi2.sf(total * correlation**2, 1),
        "linear-by-linear": stats.chi2.sf((total - 1) * correlation**2, 1),
        "Student t on scores": _t(scores, table, equal=True),
        "Welch t on scores": _t(scores, table, equal=False),
        "Pearson chi-squared, groups without order": stats.chi2_contingency(table, correction=False).pvalue,
        "Likelihood ratio (G), groups without order": stats.chi2_contingency(
            table, correction=False, lambda_="log-likelihood"
        ).pvalue,
        **_exact(table.tolist(), scores.tolist()),
    }
    return _frame(reported, [(label, [float(p)]) for label, p in found.items()], between=False)
