"""The same patients twice: McNemar's test, the difference of the two rates, and what the margins alone leave open.

Of ``n`` patients ``b`` have the event on the first occasion only and ``c`` on the second only. The others, who have it
twice or never, say nothing about a change. If nothing changes, each of the ``b + c`` is as likely to be of the one kind
as of the other: that is McNemar's test. A paper often prints only how many have the event on each occasion; then
``b - c`` is known, and ``b + c`` lies between limits.
"""

import html
from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import bdtr, chdtrc

from lupus_kit.core.errors import InputError
from lupus_kit.core.text import p_value_text
from lupus_kit.inference.binomial import binomial_pmf
from lupus_kit.inference.intervals.difference import score_interval, signed_root
from lupus_kit.inference.intervals.interval import Interval, Intervals, Row, shown
from lupus_kit.inference.intervals.proportion import clopper_pearson, wilson
from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray, as_confidence, as_count, as_counts

#: The forms of McNemar's test by key.
MCNEMAR = {
    "mcnemar_exact": "McNemar exact",
    "mcnemar_midp": "McNemar mid-p",
    "mcnemar": "McNemar",
    "mcnemar_corrected": "McNemar, continuity-corrected",
}


def mcnemar(b: ArrayLike, c: ArrayLike) -> dict[str, FloatArray]:
    """Return McNemar's test of paired counts in four forms.

    Parameters
    ----------
    b, c : array_like of int
        Patients with the event on the first occasion only, and on the second only.

    Returns
    -------
    dict of str to numpy.ndarray
        Two-sided p-values by the key of the test; 1 where no patient changed.

    References
    ----------
    McNemar Q. Psychometrika 1947;12:153-157. Fagerland MW, et al. BMC Med Res Methodol 2013;13:91 (mid-p).

    Examples
    --------
    >>> round(float(mcnemar(11, 2)["mcnemar_exact"]), 4)
    0.0225
    """
    b, c = as_counts("b", b), as_counts("c", c)
    changed, apart = b + c, abs(b - c)
    someone = np.maximum(changed, 1)  # nobody changed: every statistic is 0, and p is 1
    tail = 2 * bdtr(np.minimum(b, c), changed, 0.5)
    point = binomial_pmf(np.minimum(b, c), changed, 0.5)
    midp = np.where(apart > 0, tail - point, 1 - point / 2)
    return {
        "mcnemar_exact": np.minimum(tail, 1.0),
        "mcnemar_midp": np.where(changed > 0, midp, 1.0),
        "mcnemar": chdtrc(1, apart**2 / someone),
        # The correction stops at no difference: it never makes one.
        "mcnemar_corrected": chdtrc(1, np.maximum(apart - 1, 0) ** 2 / someone),
    }


def possible_both(x1: int, x2: int, n: int) -> IntArray:
    """Return every number of patients who can have the event on both occasions, given each occasion's count.

    Examples
    --------
    >>> possible_both(20, 11, 29).tolist()
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    """
    return np.arange(max(0, x1 + x2 - n), min(x1, x2) + 1)


def tango(b: int, c: int, n: int, level: float) -> tuple[float, float]:
    """Tango's score interval of the difference of paired rates; at no difference it is McNemar's test.

    Examples
    --------
    >>> tuple(round(end, 4) for end in tango(12, 2, 50, 0.95))
    (0.0611, 0.3447)
    """

    def score(difference: float) -> float:
        # The likeliest rate of the second kind under that difference: the larger root of a quadratic.
        half = (2 * n - b + c) * difference - b - c
        root = (sqrt(max(half**2 + 8 * n * c * difference * (1 - difference), 0.0)) - half) / (4 * n)
        return signed_root(b - c - n * difference, n * (2 * root + difference * (1 - difference)))

    return score_interval(score, (b - c) / n, level)


def newcombe_paired(b: int, c: int, n: int, both: int, level: float) -> tuple[float, float]:
    """Newcombe's interval of the difference of paired rates (his method 10): Wilson intervals, less their correlation.

    Examples
    --------
    >>> tuple(round(end, 4) for end in newcombe_paired(12, 2, 50, 20, 0.95))
    (0.0562, 0.3292)
    """
    first, second, neither = both + b, both + c, n - both - b - c
    (low1, high1), (low2, high2) = wilson(first, n, level), wilson(second, n, level)
    p1, p2, margins = first / n, second / n, first * (n - first) * second * (n - second)
    cross = float(both * neither - b * c)
    if cross > 0:
        cross = max(cross - n / 2, 0.0)  # a positive correlation is corrected for continuity
    phi = cross / sqrt(margins) if margins else 0.0

    def reach(own: float, other: float) -> float:
        return sqrt(max(own**2 - 2 * phi * own * other + other**2, 0.0))

    return p1 - p2 - reach(p1 - low1, high2 - p2), p1 - p2 + reach(high1 - p1, p2 - low2)


@dataclass(frozen=True)
class Paired(Row):
    """A yes-or-no outcome of the same patients on two occasions.

    Attributes
    ----------
    b, c, n : int
        Patients with the event on the first occasion only, on the second only, and all patients.
    both : int or None
        Patients with the event on both occasions; None where it is not known.
    level : float
        Confidence level.
    difference : float
        Rate on the first occasion less rate on the second, ``(b - c) / n``.
    odds_ratio : float
        Conditional maximum-likelihood odds ratio ``b / c``; infinite for ``c = 0``, nan where nobody changed.
    p : float
        Of the exact test.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.paired(11, 2, 29, both=9)
    >>> found.b, found.c, found.n
    (11, 2, 29)
    >>> round(found.difference, 3)
    0.31
    >>> found.odds_ratio
    5.5
    >>> round(found.p, 4)
    0.0225
    >>> found.tests()["test"].tolist()
    ['mcnemar_exact', 'mcnemar_midp', 'mcnemar', 'mcnemar_corrected']
    >>> len(found.intervals())
    3
    >>> found.to_frame().shape
    (7, 10)
    """

    b: int
    c: int
    n: int
    both: int | None
    level: float

    @property
    def difference(self) -> float:
        """Rate on the first occasion less rate on the second."""
        return (self.b - self.c) / self.n

    @property
    def odds_ratio(self) -> float:
        """Odds that who changed has the event on the first occasion."""
        return self.b / self.c if self.c else inf if self.b else nan

    @property
    def p(self) -> float:
        """p-value of the exact test."""
        return float(mcnemar(self.b, self.c)["mcnemar_exact"])

    def tests(self) -> pd.DataFrame:
        """Return McNemar's test in four forms: ``test label statistic p``; 1 where nobody changed.

        The statistic is a χ² with one degree of freedom, of the exact and the mid-p test the smaller of the two counts.
        """
        changed, apart, smaller = max(self.b + self.c, 1), abs(self.b - self.c), float(min(self.b, self.c))
        statistics = (smaller, smaller, apart**2 / changed, max(apart - 1, 0) ** 2 / changed)
        p = mcnemar(self.b, self.c)
        rows = [(key, MCNEMAR[key], one, float(p[key])) for key, one in zip(MCNEMAR, statistics, strict=True)]
        return pd.DataFrame(rows, columns=["test", "label", "statistic", "p"])

    def intervals(self) -> Intervals:
        """Return Tango's and Newcombe's interval of the difference, and the exact one of the odds ratio.

        Newcombe's needs the patients with the event twice. Where they are not known, it is the widest over all that
        are possible, and its label says so.
        """
        b, c, n, level = self.b, self.c, self.n, self.level
        ways = range(n - b - c + 1) if self.both is None else [self.both]
        ends = [newcombe_paired(b, c, n, both, level) for both in ways]
        hybrid = "Newcombe hybrid score (paired)" + (", widest over the unknown both" if len(ways) > 1 else "")
        share = clopper_pearson(b, b + c, level) if b + c else (0.0, 1.0)
        measure, low, high = "risk difference", min(one for one, _ in ends), max(one for _, one in ends)
        score, (least, most) = tango(b, c, n, level), (inf if one == 1 else one / (1 - one) for one in share)
        found = [
            Interval("tango", "Tango score", measure, self.difference, *score, level, "mcnemar"),
            Interval("newcombe_paired", hybrid, measure, self.difference, low, high, level),
            Interval("conditional_exact", "exact", "odds ratio", self.odds_ratio, least, most, level, "mcnemar_exact"),
        ]
        return Intervals(found)

    def to_frame(self) -> pd.DataFrame:
        """Return tests and intervals, one row each."""
        return pd.concat([self.tests(), self.intervals().to_frame().rename(columns={"key": "test"})], ignore_index=True)

    def __str__(self) -> str:
        p = "; ".join(f"{one.label} p = {p_value_text(one.p)}" for one in self.tests().itertuples())
        who = f"{self.b} have the event on the first occasion only and {self.c} on the second only"
        return f"Of {self.n} patients {who}. {p}. {'; '.join(map(str, self.intervals()))}."


def paired(b: int, c: int, n: int, both: int | None = None, level: float = 0.95, alpha: float | None = None) -> Paired:
    """Analyse a yes-or-no outcome of the same patients on two occasions.

    Parameters
    ----------
    b, c : int
        Patients with the event on the first occasion only, and on the second only.
    n : int
        All patients.
    both : int, optional
        Patients with the event on both occasions; Newcombe's interval depends on it.
    level : float
        Confidence level, such as 0.95.
    alpha : float, optional
        Instead of the level: ``1 - level``.

    Returns
    -------
    Paired
        McNemar's test without and with its correction, exact and mid-p; Tango's and Newcombe's interval of the
        difference of the rates; the conditional odds ratio with its exact interval. Where nobody changed (``b = c = 0``)
        every p-value is 1 and the odds ratio undefined.

    Raises
    ------
    InputError
        Counts that are arrays, not whole numbers or more than all patients, an impossible level.

    See Also
    --------
    paired_bounds

    References
    ----------
    McNemar Q. Psychometrika 1947;12:153-157. Newcombe RG. Stat Med 1998;17:2635-2650. Tango T. Stat Med 1998;17:891-908.
    Fagerland MW, Lydersen S, Laake P. BMC Med Res Methodol 2013;13:91. The formulas of Newcombe and Tango were checked
    against the R packages ratesci and PropCIs.

    Examples
    --------
    >>> found = paired(11, 2, 29, both=9)
    >>> found.tests()[["test", "p"]].round(4).values.tolist()[0]
    ['mcnemar_exact', 0.0225]
    >>> found.intervals()[["key", "low", "high"]].round(3).values.tolist()[0]
    ['tango', 0.075, 0.516]
    """
    first, second, total = as_count("b", b), as_count("c", c), as_count("n", n, 1)
    twice = None if both is None else as_count("both", both)
    if first + second + (twice or 0) > total:
        counts = f"b == {first}, c == {second}" + ("" if twice is None else f", both == {twice}")
        raise InputError(f"{counts}: together they are more than the n == {total} patients.")
    return Paired(first, second, total, twice, as_confidence(level, alpha))


@dataclass(frozen=True)
class PairedBounds:
    """McNemar's test where only the count of each occasion is known.

    Attributes
    ----------
    x1, x2, n : int
        Patients with the event on the first and on the second occasion, and all patients.
    table : pandas.DataFrame
        Every joint table: ``both b c`` and the p-value of each form of the test, by its key.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> bounds = inference.paired_bounds(20, 11, 29)
    >>> bounds.x1, bounds.x2, bounds.n
    (20, 11, 29)
    >>> bounds.to_frame()[["p_low", "p_high"]].round(4).values.tolist()[0]
    [0.0039, 0.1221]
    """

    x1: int
    x2: int
    n: int
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the bounds of each form of the test: ``test label p_low both_low p_high both_high``."""
        rows = []
        for key, label in MCNEMAR.items():
            low, high = self.table.loc[self.table[key].idxmin()], self.table.loc[self.table[key].idxmax()]
            rows.append((key, label, low[key], int(low["both"]), high[key], int(high["both"])))
        return pd.DataFrame(rows, columns=["test", "label", "p_low", "both_low", "p_high", "both_high"])

    def _repr_html_(self) -> str:
        rows = [f"{one.label} {shown(one.p_low)} to {shown(one.p_high)}" for one in self.to_frame().itertuples()]
        return (
            f"{self.x1} and {self.x2} of the same {self.n} patients: over the {len(self.table)} joint tables that are "
            f"possible, p runs: {html.escape('; '.join(rows))}."
        )


def paired_bounds(x1: int, x2: int, n: int) -> PairedBounds:
    """Bound McNemar's test where only the count of each occasion is known.

    Parameters
    ----------
    x1, x2 : int
        Patients with the event on the first and on the second occasion.
    n : int
        The patients, the same on both.

    Returns
    -------
    PairedBounds
        The smallest and largest p-value over every joint table with these margins, and the tables that attain them.

    Raises
    ------
    InputError
        Counts that are arrays, not whole numbers or more than all patients.

    See Also
    --------
    paired, between_visit_bounds, joint_counts

    Examples
    --------
    >>> paired_bounds(20, 11, 29).to_frame().round(4)[["test", "p_low", "p_high"]].values.tolist()[0]
    ['mcnemar_exact', 0.0039, 0.1221]
    """
    counts: dict[str, Any] = {"x1": as_count("x1", x1), "x2": as_count("x2", x2)}
    total = as_count("n", n, 1)
    for name, x in counts.items():
        if x > total:
            raise InputError(f"{name} == {x} is larger than n == {total}: each patient is counted once an occasion.")
    first, second = counts.values()
    both = possible_both(first, second, total)
    table = pd.DataFrame({"both": both, "b": first - both, "c": second - both, **mcnemar(first - both, second - both)})
    return PairedBounds(first, second, total, table)
