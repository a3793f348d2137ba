"""P-values of paired counts and of means with standard deviations, each with what print leaves open.

A printed mean stands for every mean that rounds to it, and two margins of paired counts stand for every joint table that
has them. Each analysis therefore gives a range of p-values, and it fits if any value of the range prints as reported.
"""

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from lupus_kit.audit.values.granularity import printed_interval
from lupus_kit.core.errors import InputError
from lupus_kit.inference.pairs import MCNEMAR, mcnemar, possible_both
from lupus_kit.published import PrintedP, read_p

#: The tests by key.
LABELS = MCNEMAR | {"student_t": "Student t", "welch_t": "Welch t"}
Mean = tuple[str, str, int]
# Standard deviations tried within the interval of one printed, both ends among them.
_INTERIOR = 9


class Tested(NamedTuple):
    """One test and side: the range of its p-values, and whether any of them prints as reported."""

    test: str
    label: str
    alternative: str
    p_low: float
    p_high: float
    n_ways: int
    n_fit: int
    rounds_to_reported: bool


def _tested(
    reported: str | PrintedP, found: Mapping[tuple[str, str], ArrayLike], between: bool = False
) -> list[Tested]:
    """Return one row per test and side, those that fit first; ``between``: every value between the ends can be had."""
    printed = read_p(reported)
    rows = []
    for (test, side), values in found.items():
        label = LABELS[test] if side == "two-sided" else f"{LABELS[test]}, one-sided ({side})"
        p = np.atleast_1d(np.asarray(values, dtype=float))
        n_fit, defined = int(printed.prints(p).sum()), p[~np.isnan(p)]
        low, high = (float(defined.min()), float(defined.max())) if len(defined) else (np.nan, np.nan)
        fits = n_fit > 0 or (between and low <= printed.value <= high)
        rows.append(Tested(test, label, side, low, high, len(p), n_fit, fits))
    return sorted(rows, key=lambda row: not row.rounds_to_reported)


def paired_tests(reported: str | PrintedP, x1: int, x2: int, n: int, both: int | None = None) -> list[Tested]:
    """Return the rows of :func:`explain_paired`."""
    if not 0 <= min(x1, x2) <= max(x1, x2) <= n:
        raise InputError(f"x1 == {x1}, x2 == {x2}, n == {n}: each count must lie between 0 and n.")
    twice = possible_both(x1, x2, n)
    if both is not None:
        if both not in twice:
            allowed = f"{twice[0]} to {twice[-1]}"
            raise InputError(f"both == {both}: {x1} and {x2} of {n} patients allow {allowed} with the event twice.")
        twice = np.array([both])
    found = mcnemar(x1 - twice, x2 - twice)
    return _tested(reported, {(test, "two-sided"): p for test, p in found.items()})


def explain_paired(reported: str | PrintedP, x1: int, x2: int, n: int, both: int | None = None) -> pd.DataFrame:
    """Run McNemar's test on every joint table that two visits of the same patients can have.

    Parameters
    ----------
    reported : str or PrintedP
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
        One row per form of the test: ``test label alternative p_low p_high n_ways n_fit rounds_to_reported``, where ``n_ways`` counts
        the joint tables and ``n_fit`` those that print as reported.

    Raises
    ------
    InputError
        Counts that no patients can have.

    See Also
    --------
    explain, explain_jointly, explain_means

    Examples
    --------
    >>> explain_paired("0.022", 20, 11, 29, both=9)[["label", "rounds_to_reported"]].head(1).values.tolist()
    [['McNemar exact', True]]
    """
    return pd.DataFrame(paired_tests(reported, x1, x2, n, both))


def explain_means(reported: str | PrintedP, first: Mean, second: Mean) -> pd.DataFrame:
    """Run t-tests on printed means and standard deviations, over everything that rounds to them.

    Parameters
    ----------
    reported : str or PrintedP
        The printed p-value.
    first, second : tuple of (str, str, int)
        Mean and standard deviation as printed, and patients, of each arm.

    Returns
    -------
    pandas.DataFrame
        One row per test and side: ``test label alternative p_low p_high n_ways n_fit rounds_to_reported``; the range of p is over
        everything that rounds to the printed digits.

    Raises
    ------
    InputError
        Not printed numbers, or fewer than two patients in an arm.

    See Also
    --------
    explain, explain_jointly, explain_paired

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
    (low1, high1), (low2, high2) = (printed_interval("mean", m) for m in (m1, m2))
    differences = {float(d) for d in (low1 - high2, high1 - low2, (low1 + high1 - low2 - high2) / 2)}
    if min(differences) < 0 < max(differences):
        differences.add(0.0)
    sds = (printed_interval("sd", s, signed=False) for s in (s1, s2))
    spreads = product(*({max(float(sd), 0.0) for sd in np.linspace(float(x), float(y), _INTERIOR)} for x, y in sds))
    d, a, b = np.array([(d, a, b) for a, b in spreads for d in differences if a > 0 or b > 0]).T
    tested = partial(scipy.stats.ttest_ind_from_stats, d, a, n1, 0.0, b, n2)
    found = {
        (test, side): tested(equal_var=test == "student_t", alternative=side).pvalue
        for test in ("student_t", "welch_t")
        for side in ("two-sided", "greater", "less")
    }
    return pd.DataFrame(_tested(reported, found, between=True))
