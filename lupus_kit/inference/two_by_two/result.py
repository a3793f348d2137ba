"""One test of one table with all that belongs to it: statistic, p-value, nuisance parameter, estimate and interval."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import exp, isnan, log, nan

import pandas as pd
from scipy.optimize import brentq

from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.effects import METHODS, estimate
from lupus_kit.inference.intervals.interval import LIMITS, Ends, Interval, Row, one_sided, shown
from lupus_kit.inference.intervals.pvalue_functions import CURVES
from lupus_kit.inference.margins import shifted
from lupus_kit.inference.two_by_two import unconditional
from lupus_kit.inference.two_by_two.asymptotic import arcsine_difference
from lupus_kit.inference.two_by_two.counts import Table, as_alternative, as_confidence, broadcast_tables, one_table
from lupus_kit.inference.two_by_two.registry import Test, get, pvalue

_GAPS = (
    "no interval inverts this test: along the odds ratio its p-value can fall below the level and rise again; "
    "'baptista_pike' spans what the point-probability test does not reject, and 'conditional_exact' inverts 'fisher_doubled'"
)
_NONE = "no interval of the kit inverts this test; confidence_curve gives its p-value for every size of effect"


@dataclass(frozen=True)
class TestResult(Row):
    """What one test says of one table.

    Attributes
    ----------
    test, label : str
        Key and name of the test.
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    alternative : str
        ``"two-sided"``, ``"greater"`` or ``"less"``.
    statistic : float or None
        Positive where the first arm responds more, except for a χ²; None where the test has none.
    symbol : str
        What the statistic is: ``"z"``, ``"t"``, ``"χ²"`` (1 degree of freedom), or ``"Fisher's p"``, by which
        Boschloo's test orders the tables.
    p : float
        The p-value; nan where the test is undefined.
    nuisance : float or None
        Unconditional exact tests: the common response rate at which the supremum lies.
    measure : str
        What the test is about: a risk difference, a risk ratio, an odds ratio, or a difference of arcsines.
    estimate : float
        The measure in the table; for conditional tests the conditional maximum-likelihood odds ratio.
    interval : Interval or None
        The interval that leaves out "no effect" exactly where p reaches ``1 - level``, one-sided for a one-sided test;
        None where no interval inverts the test.
    note : str
        What is undefined or missing, and why; empty otherwise.
    difference : float
        The p1 - p2 of the null hypothesis; the interval leaves it out exactly where p reaches ``1 - level``.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.test("n_minus_1", 16, 29, 9, 30)
    >>> round(found.statistic, 3)
    3.762
    >>> round(found.pvalue, 4)
    0.0524
    >>> found.to_frame()["test"].item()
    'n_minus_1'
    """

    test: str
    label: str
    x1: int
    n1: int
    x2: int
    n2: int
    alternative: str
    statistic: float | None
    symbol: str
    p: float
    nuisance: float | None
    measure: str
    estimate: float
    interval: Interval | None
    note: str
    difference: float = 0.0

    __test__ = False  # a statistical test, not one for pytest to collect

    @property
    def pvalue(self) -> float:
        """The p-value."""
        return self.p

    def to_frame(self) -> pd.DataFrame:
        """Return one row; the interval as ``low``, ``high`` and ``level``."""
        ends = {name: getattr(self.interval, name, nan) for name in ("low", "high", "level")}
        return super().to_frame().drop(columns=["interval", "note"]).assign(**ends, note=self.note)

    def __str__(self) -> str:
        statistic = "" if self.statistic is None else f"{self.symbol} = {self.statistic:.4f}, "
        rate = "second" if self.difference else "common"
        at = "" if self.nuisance is None else f", the supremum at a {rate} response rate of {self.nuisance:.3f}"
        p = "undefined" if isnan(self.p) else f"= {self.p:.4f}" if self.p >= 0.0001 else "< 0.0001"
        effect = f"{self.measure} {shown(self.estimate)}" if self.interval is None else str(self.interval)
        note = f" Note: {self.note}." if self.note else ""
        table = f"{self.x1}/{self.n1} v {self.x2}/{self.n2}"
        return f"{self.label} ({self.alternative}), {table}: {statistic}p {p}{at}; {effect}.{note}"


def _searched(key: str, measure: str, centre: float, x1: int, n1: int, x2: int, n2: int, level: float) -> Ends:
    """Both ends of the effects that a test with one peak does not reject; nan where it has no peak."""
    if isnan(centre):
        return nan, nan
    ratio = measure == "odds ratio"
    bottom, top = (-700.0, 700.0) if ratio else LIMITS[measure]
    middle = log(centre) if ratio else centre

    def excess(value: float) -> float:
        return (1.0 if value == middle else CURVES[key][1]((x1, n1, x2, n2), value)) - (1 - level)

    def end(limit: float) -> float:
        # nan: at the limit a corrected distance and its variance are both 0
        if limit == middle or not excess(limit) <= 0:
            return limit
        return float(brentq(excess, *sorted((limit, middle)), xtol=1e-13))

    low, high = end(bottom), end(top)
    return (exp(low), exp(high)) if ratio else (low, high)


def _estimate(entry: Test, measure: str, x1: int, n1: int, x2: int, n2: int) -> float:
    if measure == "arcsine difference":
        return float(arcsine_difference(*broadcast_tables(x1, n1, x2, n2), entry.key == "anscombe_arcsine"))
    if entry.key == "haldane_anscombe":
        return (x1 + 0.5) * (n2 - x2 + 0.5) / ((n1 - x1 + 0.5) * (x2 + 0.5))
    return estimate(measure, x1, n1, x2, n2, conditional=entry.family == "conditional exact")


def _interval(entry: Test, table: Table, measure: str, centre: float, level: float, side: str) -> Interval | None:
    """Return the interval that inverts a test, if any does."""
    inverted = {entry.key, *entry.same_as}
    if side != "two-sided" and entry.family == "conditional exact":
        # One-sided there are two conditional tests, with and without the mid-p; the doubled ones are their tails.
        inverted = {"fisher_midp_doubled" if "midp" in entry.key else "fisher_doubled"}
    known = [one for one in METHODS if one[4] in inverted]
    method: Callable[..., Ends]
    if known:
        key, label, _, method, _ = known[0]
    elif not entry.family.endswith("exact"):  # p rises to one peak along the measure: the interval is found by search
        key, label = entry.key, f"{entry.label}, inverted"
        peak = nan if isnan(float(pvalue(entry, *table))) else centre
        method = partial(_searched, entry.key, measure, peak)
    else:
        return None
    low, high = one_sided(method, table, measure, level, side)
    return Interval(key, label, measure, centre, low, high, level, entry.key)


def _statistic(entry: Test, table: Table, side: str) -> tuple[float | None, str]:
    if unconditional.ORDERINGS.get(entry.key) == "fisher":
        sides = ["greater", "less"] if side == "two-sided" and "minlike" not in entry.key else [side]
        return min(float(pvalue("fisher", *table, one)) for one in sides), "Fisher's p"
    if entry.statistic is None:
        return None, ""
    counts = broadcast_tables(*table)
    # The correction of the Mann-Whitney test goes against the alternative; no other statistic depends on it.
    value = float(entry.statistic(*counts, side) if entry.key == "mann_whitney" else entry.statistic(*counts))
    return (value**2 if entry.symbol == "χ²" else value), entry.symbol


def test(
    key: str | Test,
    x1: int,
    n1: int | None = None,
    x2: int | None = None,
    n2: int | None = None,
    alternative: str = "two-sided",
    level: float = 0.95,
    gamma: float | None = None,
    alpha: float | None = None,
    difference: float = 0.0,
) -> TestResult:
    """Run one test of one table, with the estimate and the interval that inverts it.

    Parameters
    ----------
    key : str or Test
        Key of a test in :data:`~lupus_kit.inference.TESTS`.
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"``: the first arm responds more.
    level : float
        Confidence level of the interval, such as 0.95; above 0.5 for a one-sided test.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.
    alpha : float, optional
        Instead of the level: ``1 - level``.
    difference : float
        The p1 - p2 of the null hypothesis, as in :func:`~lupus_kit.inference.pvalue`.

    Returns
    -------
    TestResult
        Statistic, p-value, nuisance parameter, estimate, interval, and a note where something is undefined or missing.

    Raises
    ------
    InputError
        Counts that are arrays, are not whole numbers or do not fit together, an unknown test or alternative, an
        impossible level.

    See Also
    --------
    pvalue, compare, intervals, describe

    Examples
    --------
    >>> found = test("n_minus_1", 16, 29, 9, 30)
    >>> round(found.statistic, 3), round(found.p, 4), found.interval.excludes_null
    (3.762, 0.0524, False)
    >>> barnard = test("barnard", 16, 29, 9, 30)
    >>> round(barnard.p, 8), round(barnard.nuisance, 3)
    (0.05780647, 0.596)
    """
    entry, side, table = get(key, gamma, difference), as_alternative(alternative), one_table(x1, n1, x2, n2)
    confidence = as_confidence(level, alpha)
    if side != "two-sided" and confidence <= 0.5:
        raise InputError(f"level == {confidence:g}: a one-sided interval needs a level above 0.5, such as 0.95.")
    p = float(pvalue(entry, *table, side))
    measure = CURVES[entry.key][0]
    centre = _estimate(entry, measure, *table)
    interval, notes = _interval(entry, table, measure, centre, confidence, side), []
    if table[0] + table[2] in (0, table[1] + table[3]):
        notes.append(f"{'nobody' if table[0] + table[2] == 0 else 'everybody'} responds: p is {entry.degenerate}")
    elif isnan(p):
        notes.append(f"p is undefined here: {entry.degenerate}")
    if interval is None:
        notes.append(_GAPS if entry.family == "conditional exact" else _NONE)
    elif isnan(interval.low) and not isnan(p):
        notes.append("the interval is undefined in this table")
    nuisance = None
    if entry.family == "unconditional exact" and entry.difference:
        _, nuisance = shifted.one_supremum(entry.key, *table, side, entry.difference)
    elif entry.family == "unconditional exact":
        _, nuisance = unconditional.one_supremum(entry.key, *table, side, entry.gamma)
    said, who = _statistic(entry, table, side), (entry.key, entry.label)
    note, null = "; ".join(notes), entry.difference
    return TestResult(*who, *table, side, *said, p, nuisance, measure, centre, interval, note, null)


test.__test__ = False  # type: ignore[attr-defined]
