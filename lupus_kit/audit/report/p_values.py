"""Printed p-values of proportions: which analyses print so."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from lupus_kit.audit.report.checked_values import USUAL, Analysis, CheckedValue, Quantity, Verdict, comparable
from lupus_kit.audit.values.counts import Counts, Table, all_randomised, missing_rules
from lupus_kit.audit.values.provenance import distinct_analyses, p_values
from lupus_kit.core.text import listing
from lupus_kit.inference import Test, pvalue, select, stratified
from lupus_kit.published import Claim, PrintedP

#: More tables than this behind two coarse percentages say nothing about the analysis.
MOST_TABLES = 9
#: Unconditional exact tests go through every table of a design; beyond this many the audit leaves them out.
_MOST_OF_A_DESIGN = 150_000
#: Up to here the exact tests compute every table of a design at once: one more table of it costs nothing.
_SMALL_DESIGN = 1_500
#: One patient more or less: in both arms or visits, then in one of them.
_STEPS = ((-1, -1), (1, 1), (-1, 0), (0, -1), (1, 0), (0, 1))
#: In larger trials one patient more or less moves no printed digit of its own.
_MOST_WITH_OTHERS = 1_000
_USUAL = tuple((test, "two-sided") for test in select(USUAL))
#: The p-values of the tables met so far, up to some number of them.
_KNOWN: dict[Table, tuple[float, ...]] = {}
_MOST_KNOWN = 10_000


@cache
def _analyses(every: bool) -> tuple[tuple[Test, str], ...]:
    return tuple(one for one in distinct_analyses() if every or one[0].family != "unconditional exact")


def feasible_analyses(table: Table) -> tuple[tuple[Test, str], ...]:
    """Return the analyses that are quick enough for a table: in large trials all but the unconditional exact tests."""
    return _analyses((table[1] + 1) * (table[3] + 1) <= _MOST_OF_A_DESIGN)


def compute_ahead(tables: Iterable[Table]) -> None:
    """Compute the p-values of many tables in one go, so that :func:`table_p_values` knows them."""
    if len(_KNOWN) > _MOST_KNOWN:
        _KNOWN.clear()
    new = [table for table in set(tables) - _KNOWN.keys() if (table[1] + 1) * (table[3] + 1) <= _SMALL_DESIGN]
    if new:
        _KNOWN.update(zip(new, map(tuple, p_values(new, _analyses(True)).tolist()), strict=True))


def table_p_values(table: Table) -> tuple[float, ...]:
    """Return the p-value of each feasible analysis of a table; equal tables are computed once."""
    if table not in _KNOWN:
        _KNOWN[table] = tuple(p_values([table], feasible_analyses(table))[0].tolist())
    return _KNOWN[table]


def two_sided_p_values(table: Table) -> dict[str, float]:
    """Return the two-sided p-values of a table by the key of the test; ``nan`` where a test is undefined."""
    found = zip(feasible_analyses(table), table_p_values(table), strict=True)
    return {test.key: p for (test, side), p in found if side == "two-sided"}


def analyses_of(printed: PrintedP, table: Table, setting: str = "", others: bool = False) -> list[Analysis]:
    """Return every feasible analysis of a table, marked where it prints as reported; of ``others`` the usual tests."""
    tests = _USUAL if others else feasible_analyses(table)
    p = p_values([table], tests)[0].tolist() if others else table_p_values(table)
    return [
        Analysis(
            *(test.label, test.key, side, setting, table, one),
            fits=fits,
            familiar=not setting and side == "two-sided" and test.key in USUAL,
        )
        for (test, side), one, fits in zip(tests, p, printed.prints(p).tolist(), strict=True)
    ]


def fitting_first(analyses: Iterable[Analysis]) -> list[Analysis]:
    """Put the analyses that fit first, the usual tests before the others; what does not fit in the order of p."""
    return sorted(analyses, key=lambda one: (1, not one.familiar) if one.fits else (2, np.isnan(one.value), one.value))


def chance_nearby(printed: PrintedP, p: ArrayLike) -> float:
    """Return the share of the prints nearby, from half to twice the printed p-value, that one of several p-values has.

    Parameters
    ----------
    printed : PrintedP
        The printed p-value; a window of fewer than twenty prints is widened to ten on either side.
    p : array_like of float
        The p-values of all analyses tried.

    Returns
    -------
    float
        From 0 to 1; nan for an inequality, which many values satisfy.

    Examples
    --------
    >>> from lupus_kit.published import read_p
    >>> chance_nearby(read_p("0.05"), [0.031, 0.0312, 0.4])  # of 0.00 to 0.15 but 0.05 itself: 0.03
    0.06666666666666667
    """
    unit = 10.0**-printed.n_decimals
    own = round(printed.value / unit)
    if printed.relation != "=" or printed.n_decimals > 6:
        return float("nan")
    first, last = max(0, min(own // 2, own - 10)), min(round(1 / unit), max(2 * own, own + 10))
    values = np.asarray(p, dtype=float)
    found = {int(one) for one in np.rint(values[~np.isnan(values)] / unit)} & set(range(first, last + 1))
    return len(found - {own}) / (last - first)


def two_arms_p(
    claim: Claim, a: Counts, b: Counts, alpha: float, randomised: tuple[int | None, int | None] = (None, None)
) -> CheckedValue:
    """Compare the printed p-value of two arms with every analysis of the counts.

    Parameters
    ----------
    claim : Claim
        A comparison of two arms.
    a, b : Counts
        What stands behind both values.
    alpha : float
        Level that "NS" refers to.
    randomised : tuple of (int or None)
        Patients randomised to each arm: where no analysis of those analysed fits, all of them are tried.

    Returns
    -------
    CheckedValue
    """
    tables, known = all_randomised(a, b), a.known is not None and b.known is not None
    if not claim.p:
        return _fisher_for_information(claim, tables[0]) if known else no_p_printed(claim)
    if claim.strata:
        return _stratified_p(claim, alpha)
    if not tables or len(tables) > MOST_TABLES:
        why = "too many counts fit the printed percentages" if tables else "the counts are not known"
        return CheckedValue.unchecked(claim, Quantity.P, why).of_model(computed=False)
    printed = comparable(claim, alpha)
    # One analysis of several tables fits if it fits for any of them.
    tried = [one for table in tables for one in analyses_of(printed, table)]
    best: dict[tuple[str, str], Analysis] = {}
    for one in sorted(tried, key=lambda one: not one.fits):
        best.setdefault((one.key, one.alternative), one)
    analyses = fitting_first(best.values())
    fits = [one for one in analyses if one.fits]
    two_sided = any(one.alternative == "two-sided" for one in fits)
    aside = "" if two_sided else ", which is one-sided" if len(fits) == 1 else ", none of them two-sided"
    verdict, sentence = Verdict.of(len(fits), len(analyses), aside=aside)
    chance = chance_nearby(printed, [one.value for one in tried])
    supposing = "" if known else _supposing(a, b, tables)
    value = replace(CheckedValue.of_p(claim, analyses, verdict, sentence, supposing), chance=chance)
    if fits or not known:
        return replace(value, sentence=f"{supposing}: {sentence}" if supposing else sentence).of_model()
    return with_other_patients(_with_all_randomised(value, printed, tables[0], randomised), tables[0]).of_model()


def _stratified_p(claim: Claim, alpha: float) -> CheckedValue:
    """Compare the printed p-value with the stratified tests of the printed strata."""
    strata = pd.DataFrame(claim.strata, columns=["x1", "n1", "x2", "n2"])
    found = stratified(strata.assign(stratum=[str(number + 1) for number in strata.index]))
    tests = [test for key, test in found.tests.items() if key != "breslow_day_tarone"]
    fits, table = comparable(claim, alpha).prints([test.p for test in tests]), tuple(strata.sum().tolist())
    analyses = [
        Analysis(test.label, test.key, "two-sided", f"{len(strata)} strata", table, test.p, fits=fit, familiar=True)
        for test, fit in zip(tests, fits.tolist(), strict=True)
    ]
    verdict = Verdict.of(int(fits.sum()), len(tests), "stratified tests")
    return CheckedValue.of_p(claim, fitting_first(analyses), *verdict)


def no_p_printed(claim: Claim) -> CheckedValue:
    """Say that no p-value is printed."""
    return CheckedValue.unchecked(claim, Quantity.P, "no p-value is printed")


def _fisher_for_information(claim: Claim, table: Table) -> CheckedValue:
    fisher = float(pvalue("fisher", *table))
    setting = "for information: no p-value is printed"
    analysis = Analysis("Fisher", "fisher", "two-sided", setting, table, fisher)
    return CheckedValue.unchecked(claim, Quantity.P, "", analysis)


def written(table: Table) -> str:
    """Write the counts of both arms."""
    return f"{table[0]}/{table[1]} v {table[2]}/{table[3]}"


def _supposing(a: Counts, b: Counts, tables: list[Table]) -> str:
    """Say what is supposed where the print does not pin the counts down."""
    why = listing(sorted({one.supposing for one in (a, b) if one.known is None}))
    if len(tables) == 1:
        return f"supposing {why} ({written(tables[0])})"
    return f"supposing {why} ({len(tables)} tables, {written(tables[0])} to {written(tables[-1])})"


def _with_all_randomised(
    value: CheckedValue, printed: PrintedP, table: Table, randomised: tuple[int | None, int | None]
) -> CheckedValue:
    """Add the analyses of all randomised patients, those who are missing counted too."""
    m1, m2 = randomised
    if m1 is None or m2 is None or m1 < table[1] or m2 < table[3] or (m1, m2) == (table[1], table[3]):
        return value
    rules = {name: other for name, other in missing_rules(table, (m1, m2)).items() if other != table}
    more = [one for name, other in rules.items() for one in analyses_of(printed, other, f"{name} ({written(other)})")]
    n_fits = sum(bool(one.fits) for one in more)
    return _with(value, more, f" of those analysed; reproduced by {n_fits} with all randomised patients counted")


def _with(value: CheckedValue, more: Sequence[Analysis], words: str) -> CheckedValue:
    """Add analyses of other patients than those printed; where one fits, the sentence ends with the words."""
    fits = [replace(one, others=True) for one in more if one.fits]
    analyses = (*fits, *value.analyses, *(replace(one, others=True) for one in more if not one.fits))
    if not fits:
        return replace(value, analyses=analyses)
    return replace(value, analyses=analyses, verdict=Verdict.SOME, sentence=value.sentence + words)


def with_other_patients(value: CheckedValue, table: Table, steps: Sequence[tuple[int, int]] = _STEPS) -> CheckedValue:
    """Try the usual tests with one patient more or less in an arm, where nothing tried so far prints as reported.

    Parameters
    ----------
    value : CheckedValue
        A printed p-value.
    table : (x1, n1, x2, n2)
        What was printed.
    steps : sequence of (int, int)
        Patients added to both arms or visits: one more or less in both, then in one of them.

    Returns
    -------
    CheckedValue
        Where one fits, the sentence ends with it: "reproduced by Fisher with 29 instead of 30 patients".
    """
    printed, (x1, n1, x2, n2) = value.claim.printed_p, table
    inexact = printed is None or printed.relation != "=" or n1 + n2 > _MOST_WITH_OTHERS
    if printed is None or inexact or value.fitting or value.claim.beyond_counts:
        return value
    others = [(x1, n1 + a, x2, n2 + b) for a, b in steps if max(x1, 1) <= n1 + a and max(x2, 1) <= n2 + b]
    setting = "one patient more or less"
    more = [one for table in others for one in analyses_of(printed, table, f"{setting} ({written(table)})", True)]
    first = next((one for one in more if one.fits), None)
    if first is None:
        return _with(value, more, "")
    names = listing(one.label for one in more if one.fits and one.counts == first.counts)
    equal = n1 == n2 and first.counts[1] == first.counts[3]
    has, had = (first.counts[1], n1) if equal else (first.population, f"{n1} v {n2}")
    nearby = f"as {chance_nearby(printed, [one.value for one in more]):.0%} of the prints nearby would be"
    return _with(value, more, f"; reproduced by {names} with {has} instead of {had} patients, {nearby}")


def several_arms_p(claim: Claim, counts: list[Counts], alpha: float) -> CheckedValue:
    """Compare one p-value for three or more arms with the tests of one table of them all."""
    known = [count.known for count in counts if count.known]
    if not claim.p:
        return no_p_printed(claim)
    if len(known) < len(counts):
        return CheckedValue.unchecked(claim, Quantity.P, "the counts of every arm are needed")
    table = np.array([(x, n - x) for x, n in known])
    if 0 in table.sum(axis=0):
        return CheckedValue.unchecked(claim, Quantity.P, "", Analysis("Pearson chi-squared", "pearson"))
    pooled, analyses = tuple(number for pair in known for number in pair), []
    for key, label, power in (("pearson", "Pearson chi-squared", 1), ("likelihood_ratio", "Likelihood ratio (G)", 0)):
        p = float(scipy.stats.chi2_contingency(table, correction=False, lambda_=power).pvalue)
        fits = bool(comparable(claim, alpha).prints(p))
        analyses.append(Analysis(label, key, "two-sided", "all arms", pooled, p, fits=fits, familiar=True))
    verdict = Verdict.of(sum(bool(one.fits) for one in analyses), len(analyses), "analyses of all arms at once")
    return CheckedValue.of_p(claim, analyses, *verdict).of_model()
