"""Printed p-values of two proportions: which analyses print so."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

from lupus_kit.audit.report.rows import NOT_CHECKABLE, REPRODUCED, Row, analysis_name, listed, row, shown_p
from lupus_kit.audit.report.sides import of_model
from lupus_kit.audit.values.counts import Counts, all_randomised
from lupus_kit.audit.values.percentages import rounds_to
from lupus_kit.audit.values.populations import missing_rules
from lupus_kit.audit.values.provenance import distinct_tests, explain
from lupus_kit.inference import Test, pvalue
from lupus_kit.published import Claim

Table = tuple[int, int, int, int]
#: Always shown beside the analyses that fit, since most readers would try them first.
_FAMILIAR = ("pearson", "fisher")
#: More tables than this behind two coarse percentages say nothing about the analysis.
_MOST_TABLES = 9


#: Unconditional exact tests go through every table of a design; beyond this many the audit leaves them out.
_MOST_OF_A_DESIGN = 150_000


def feasible_tests(table: Table) -> list[Test]:
    """Return the different tests that are quick enough for one table: in large trials all but the unconditional exact ones."""
    large = (table[1] + 1) * (table[3] + 1) > _MOST_OF_A_DESIGN
    return [test for test in distinct_tests() if not (large and test.family == "unconditional exact")]


@lru_cache(maxsize=2048)
def explained(printed: str, table: Table) -> pd.DataFrame:
    """Return every analysis of one table that is quick enough for it; equal tables are run once."""
    tests = feasible_tests(table)
    if len(tests) == len(distinct_tests()):
        return explain(printed, *table)
    found = explain(printed, *table, tests=tests)
    # One-sided, some tests come down to another one, which is there already.
    again = {test.key for test in tests if test.one_sided_as}
    return found[~((found["alternative"] != "two-sided") & found["test"].isin(again))].reset_index(drop=True)


def comparable(printed: str, alpha: float) -> str:
    """Write "NS" as the inequality that it stands for."""
    return f">{alpha:g}" if printed == "NS" else printed


def p_row(
    claim: Claim, a: Counts, b: Counts, alpha: float, randomised: tuple[int | None, int | None] = (None, None)
) -> Row:
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
    dict of str
        A line of the report.
    """
    tables = all_randomised(a, b)
    if not claim.p:
        return _not_printed(tables if a.known and b.known else [])
    if not tables or len(tables) > _MOST_TABLES:
        why = "too many counts fit the printed percentages" if tables else "the counts are not known"
        line = row("p", claim.p, [("", why)], NOT_CHECKABLE, "not checkable")
        return of_model(claim, line, False) if claim.modelled else line
    known = a.known is not None and b.known is not None
    line = _recomputed(claim, tables, alpha, "" if known else _assumption(a, b, tables))
    if known and line["status"] == "not reproduced":
        line = _with_all_randomised(line, claim, tables[0], alpha, randomised)
    return of_model(claim, line) if claim.modelled else line


def _not_printed(tables: list[Table]) -> Row:
    if not tables:
        return row("p", "not printed", [("", "no p-value is printed")], NOT_CHECKABLE, "not checkable")
    fisher = float(pvalue("fisher", *tables[0]))
    said = "Fisher, for information: no p-value is printed"
    return row("p", "not printed", [(shown_p(fisher), said)], NOT_CHECKABLE, "not checkable")


def _written(table: Table) -> str:
    return f"{table[0]}/{table[1]} v {table[2]}/{table[3]}"


def _assumption(a: Counts, b: Counts, tables: list[Table]) -> str:
    """Say what is supposed where the print does not pin the counts down."""
    why = listed(sorted({one.supposing for one in (a, b) if one.known is None}))
    if len(tables) == 1:
        return f"supposing {why} ({_written(tables[0])})"
    return f"supposing {why} ({len(tables)} tables, {_written(tables[0])} to {_written(tables[-1])})"


def _merged(printed: str, tables: list[Table]) -> pd.DataFrame:
    """Analyses of all tables that can stand behind the percentages; one fits if it fits for any of them."""
    frames = [explained(printed, table) for table in tables]
    if len(frames) == 1:
        return frames[0]
    every = pd.concat(frames).sort_values("rounds_to_reported", ascending=False, kind="stable")
    return every.drop_duplicates(["test", "alternative"])


def _recomputed(claim: Claim, tables: list[Table], alpha: float, assumption: str) -> Row:
    found = _merged(comparable(claim.p, alpha), tables)
    fits = found[found["rounds_to_reported"]]
    others = found[~found["rounds_to_reported"] & (found["alternative"] == "two-sided")]
    familiar = others[others["test"].isin(_FAMILIAR)].sort_values("p")
    parts = [("", assumption)] if assumption else []
    parts += [
        (shown_p(p), analysis_name(label, side))
        for p, label, side in zip(fits["p"], fits["label"], fits["alternative"], strict=True)
    ]
    parts += [(shown_p(p), f"does not fit: {label}") for p, label in zip(familiar["p"], familiar["label"], strict=True)]
    verdict, status = _verdict(fits, len(found))
    return row("p", claim.p, parts, f"{assumption}: {verdict}" if assumption else verdict, status)


def _with_all_randomised(
    line: Row, claim: Claim, table: Table, alpha: float, randomised: tuple[int | None, int | None]
) -> Row:
    """Add the analyses that fit once the randomised patients who are missing are counted too."""
    m1, m2 = randomised
    if m1 is None or m2 is None or m1 < table[1] or m2 < table[3] or (m1, m2) == (table[1], table[3]):
        return line
    printed, parts = comparable(claim.p, alpha), []
    for name, other in missing_rules(table, (m1, m2)).items():
        if other == table:
            continue
        found = explained(printed, other)
        fits = found[found["rounds_to_reported"]]
        parts += [
            (shown_p(p), f"{analysis_name(label, side)}, {name} ({_written(other)})")
            for p, label, side in zip(fits["p"], fits["label"], fits["alternative"], strict=True)
        ]
    if not parts:
        return line
    more = row("p", claim.p, parts, "", "some")
    counted = f"{line['verdict']} of those analysed; reproduced by {len(parts)} with all randomised patients counted"
    joined = {key: "; ".join(filter(None, (more[key], line[key]))) for key in ("recomputed", "analysis")}
    return line | joined | {"verdict": counted, "status": "some"}


def _verdict(fits: pd.DataFrame, n: int) -> tuple[str, str]:
    if fits.empty:
        return f"not reproduced by any of {n} analyses", "not reproduced"
    if len(fits) == n:
        return REPRODUCED, "reproduced"
    two_sided = int((fits["alternative"] == "two-sided").sum())
    aside = "" if two_sided else ", which is one-sided" if len(fits) == 1 else ", none of them two-sided"
    return f"reproduced only by {len(fits)} of {n} analyses{aside}", "some"


def several_arms_row(claim: Claim, counts: list[Counts], alpha: float) -> Row:
    """Compare one p-value for three or more arms with the tests of one table of them all."""
    known = [count.known for count in counts]
    if not claim.p or not all(known):
        why = "the counts of every arm are needed" if claim.p else "no p-value is printed"
        return row("p", claim.p or "not printed", [("", why)], NOT_CHECKABLE, "not checkable")
    table = np.array([(pair[0], pair[1] - pair[0]) for pair in known if pair])
    if 0 in table.sum(axis=0):
        return row("p", claim.p, [("undefined", "Pearson chi-squared")], NOT_CHECKABLE, "not checkable")
    tests = {"Pearson chi-squared": "pearson", "Likelihood ratio (G)": "log-likelihood"}
    found = {
        label: float(stats.chi2_contingency(table, correction=False, lambda_=name).pvalue)
        for label, name in tests.items()
    }
    fits = [label for label, p in found.items() if rounds_to(p, comparable(claim.p, alpha))]
    parts = [
        (shown_p(p), f"{label}, all arms" if label in fits else f"does not fit: {label}, all arms")
        for label, p in found.items()
    ]
    n = len(found)
    if not fits:
        verdict, status = f"not reproduced by any of {n} analyses of all arms at once", "not reproduced"
    else:
        verdict = (
            REPRODUCED if len(fits) == n else f"reproduced only by {len(fits)} of {n} analyses of all arms at once"
        )
        status = "reproduced" if len(fits) == n else "some"
    line = row("p", claim.p, parts, verdict, status)
    return of_model(claim, line) if claim.modelled else line
