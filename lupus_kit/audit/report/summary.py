"""The reading: a short text made from the results, and never stronger than they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import isnan

import pandas as pd

from lupus_kit.audit.report.findings import (
    LARGEST_DESIGN,
    after_the_primary,
    best_single,
    between_cells,
    chosen_later,
    not_reproduced,
    of_models,
    one_patient,
    summary,
    within_arms,
)
from lupus_kit.audit.report.pvalues import feasible_tests
from lupus_kit.audit.report.rows import listed
from lupus_kit.audit.values.counts import side_counts
from lupus_kit.audit.values.joint import explain_jointly
from lupus_kit.audit.values.multiverse import multiverse
from lupus_kit.audit.values.provenance import distinct_tests
from lupus_kit.core.errors import InputError
from lupus_kit.inference import between_visit_bounds, pvalue, s_value, tipping_point
from lupus_kit.published import Claim, Study, parse_p

Table = tuple[int, int, int, int]
Tables = Mapping[str, Table]
#: Beyond this the exact tests of one table take minutes; the report says so of its row, the reading passes it by.
_LARGEST_READ = 400_000_000
#: The multiverse asks for the exact size of every test, which takes seconds beyond this.
_LARGEST_MULTIVERSE = 4_000


def known_tables(study: Study) -> dict[str, Table]:
    """Return the 2×2 table of every claim of two arms whose counts the print pins down, by claim."""
    found: dict[str, Table] = {}
    for claim in study.records:
        if claim.kind == "binary" and len(claim.arms) == 2:
            a, b = (side_counts(study, claim, side).known for side in (0, 1))
            if a and b and a[1] * b[1] <= _LARGEST_READ:
                found[claim.id] = (*a, *b)
    return found


def _is_exact(claim: Claim) -> bool:
    return bool(claim.p) and claim.p != "NS" and parse_p(claim.p)[0] == "="


def _pairs(study: Study, tables: Tables) -> list[tuple[Claim, Table, Claim, Table]]:
    """Claims of one endpoint at two visits, the primary one first, both with known counts and an exact p."""
    usable = [c for c in study.records if c.id in tables and c.visit and _is_exact(c) and not c.modelled]
    usable.sort(key=lambda claim: claim.role != "primary")
    return [
        (first, tables[first.id], second, tables[second.id])
        for first, second in combinations(usable, 2)
        if first.endpoint == second.endpoint
        and first.arms == second.arms
        and first.visit != second.visit
        and first.role == "primary"
    ]


def _which_analysis(first: Claim, t1: Table, second: Claim, t2: Table) -> str:
    tests = feasible_tests(max(t1, t2, key=lambda table: table[1] * table[3]))
    everything = len(tests) == len(distinct_tests())
    joint = explain_jointly([(first.p, *t1), (second.p, *t2)], tests=None if everything else tests)
    both = joint[joint["explains_all"]]
    pair = f"the printed pair p={first.p} and p={second.p}"
    if both.empty:
        return f"No single one of {len(joint)} analyses gives {pair}."
    labels = [
        label if alternative == "two-sided" else f"{label} ({alternative})"
        for label, alternative in zip(both["label"], both["alternative"], strict=True)
    ]
    return (
        f"Of {len(joint)} analyses of the counts, {len(both)} {'gives' if len(both) == 1 else 'give'} {pair} together: "
        f"{listed(labels, 6)}. The record is "
        "compatible with these; which analysis the authors used is not known."
    )


def _sides(claim: Claim, table: Table, alpha: float) -> str:
    # A test that is undefined on this table has no side.
    p = [value for test in feasible_tests(table) if not isnan(value := float(pvalue(test, *table)))]
    if not p:
        return ""
    above = sum(value > alpha for value in p)
    when = f"At {claim.visit}" if claim.visit else f"For {claim.endpoint}"
    return (
        f"{when} ({table[0]}/{table[1]} v {table[2]}/{table[3]}) the two-sided p runs from {min(p):.3f} "
        f"to {max(p):.3f} over {len(p)} tests; {above} of them are above {alpha:g} and {len(p) - above} are not."
    )


def _missing(study: Study, claim: Claim, table: Table) -> str:
    x1, n1, x2, n2 = table
    randomised = [study.trial.n_randomised[arm] for arm in claim.arms]
    if randomised[0] is None or randomised[1] is None:
        return ""
    missing1, missing2 = randomised[0] - n1, randomised[1] - n2
    if min(missing1, missing2) < 0 or missing1 + missing2 == 0:
        return ""
    ways = tipping_point(x1, n1, x2, n2, missing1, missing2, test="pearson", alpha=study.trial.alpha)
    low, high = ways["p"].min(), ways["p"].max()
    one = missing1 + missing2 == 1
    who = "One randomised patient is" if one else f"{missing1 + missing2} randomised patients are"
    them = "that patient" if one else "them"
    text = (
        f"{who} missing from this analysis; counting {them} as responder or not moves Pearson's p between {low:.3f} "
        f"and {high:.3f}"
    )
    if ways["significant"].nunique() == 2:
        decider = "this one outcome decides" if one else "these outcomes decide"
        return f"{text}: {decider} on which side of {study.trial.alpha:g} it falls."
    return f"{text}, on one side of {study.trial.alpha:g}."


def _weeks(first: Claim, t1: Table, second: Claim, t2: Table, alpha: float) -> str:
    if t1[1] != t2[1] or t1[3] != t2[3] or t1[1] * t1[3] > LARGEST_DESIGN:
        return ""
    bounds = between_visit_bounds(t1[0], t2[0], t1[1], t1[2], t2[2], t1[3])
    change = [100 * (t[0] / t[1] - t[2] / t[3]) for t in (t1, t2)]
    bits = [s_value(parse_p(claim.p)[1]) for claim in (first, second)]
    # Only a bound above the level holds for every patient-level truth; below it the print leaves the matter open.
    agree = "do not contradict each other" if bounds.p_low > alpha else "may or may not differ"
    return (
        f"The two visits {agree}: the difference between the arms goes from {change[0]:.1f} to "
        f"{change[1]:.1f} percentage points, and for every way the patients' outcomes at both visits can be joined the "
        f"p-value of that change lies between {bounds.p_low:.2f} and {bounds.p_high:.2f}. In bits of surprise the "
        f"printed p-values are {bits[0]:.2f} and {bits[1]:.2f}: {abs(bits[1] - bits[0]):.2f} bits apart, where one "
        "coin toss is 1."
    )


def _primary(study: Study, claim: Claim, table: Table) -> list[str]:
    """Say how much hangs on the choice of test and on single patients, for a result that counts can speak about."""
    alpha = study.trial.alpha
    missing = _missing(study, claim, table)
    return [_sides(claim, table, alpha), missing, "" if missing else one_patient(claim, table, alpha)]


def _choices(study: Study, claim: Claim, table: Table) -> list[str]:
    """Say how many defensible analyses fall on either side, where the design is small enough to run them all."""
    if table[1] * table[3] > _LARGEST_MULTIVERSE:
        return []
    n1, n2 = (study.trial.n_randomised[arm] for arm in claim.arms)
    enough = n1 is not None and n2 is not None and n1 >= table[1] and n2 >= table[3]
    try:
        found = multiverse(*table, randomised=(n1, n2) if enough else None, alpha=study.trial.alpha)  # type: ignore[arg-type]
    except InputError:
        return []  # Pearson's test, the reference, is undefined on this table
    return [found.sentences[0], *(s for s in found.sentences[2:3] if s.startswith("One choice"))]


def read(study: Study, rows: pd.DataFrame, findings: Sequence[str] = ()) -> tuple[str, ...]:
    """Write the reading of a study.

    Parameters
    ----------
    study : Study
        The record.
    rows : pandas.DataFrame
        The lines of its report.
    findings : sequence of str
        What the cells of its tables say about each other.

    Returns
    -------
    tuple of str
        Statements in reading order: what reproduces, the primary endpoint, what came after it, and what a mismatch
        can and cannot mean.
    """
    tables = known_tables(study)
    pairs = _pairs(study, tables)
    parts: list[str] = [*summary(study, rows)]
    for claim in _first_primaries(study.records, tables):
        mine = [pair for pair in pairs if pair[0].id == claim.id]
        parts += [_which_analysis(*pair) for pair in mine]
        parts += _primary(study, claim, tables[claim.id])
        parts += _choices(study, claim, tables[claim.id])
        parts += [_weeks(*pair, study.trial.alpha) for pair in mine]
    parts += [after_the_primary(study), chosen_later(study)]
    parts += [*best_single(study, rows), within_arms(study), between_cells(findings)]
    parts += [of_models(rows), not_reproduced(rows)]
    return tuple(part for part in parts if part)


def _first_primaries(records: Sequence[Claim], tables: Tables, most: int = 3) -> list[Claim]:
    """Primary claims that counts can speak about; a paper with many keeps its reading short."""
    return [c for c in records if c.role == "primary" and c.id in tables and not c.modelled][:most]
