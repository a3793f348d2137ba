"""The reading of a study: statements on its primary endpoints, then on the paper as a whole."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import isnan

from lupus_kit.audit.report import statements as whole
from lupus_kit.audit.report.checked_values import CheckedValue
from lupus_kit.audit.report.p_values import analyses_of, two_sided_p_values, written
from lupus_kit.audit.report.statements import Statement
from lupus_kit.audit.values.counts import Table, side_counts
from lupus_kit.audit.values.multiverse import multiverse
from lupus_kit.core.errors import InputError
from lupus_kit.core.text import listing
from lupus_kit.inference import between_visit_bounds, fragility_index, s_value, tipping_point
from lupus_kit.published import Claim, Study

Tables = Mapping[str, Table]
#: Beyond this the exact tests of one table take minutes; the report says so of its row, the reading passes it by.
_LARGEST_READ = 400_000_000
#: In larger designs few patients decide only by accident, and the search for them goes through every table.
_LARGEST_DESIGN = 4_000_000
#: The multiverse asks for the exact size of every test, which takes seconds beyond this.
_LARGEST_MULTIVERSE = 4_000
#: Primary claims that the reading speaks about; a paper with many keeps its reading short.
_MOST_PRIMARIES = 3


def known_tables(study: Study) -> dict[str, Table]:
    """Return the 2×2 table of every claim of two arms whose counts the print pins down, by claim."""
    found: dict[str, Table] = {}
    for claim in study.records:
        if claim.kind == "binary" and len(claim.arms) == 2:
            a, b = (side_counts(study, claim, side).known for side in (0, 1))
            if a and b and a[1] * b[1] <= _LARGEST_READ:
                found[claim.id] = (*a, *b)
    return found


def _two_visits(study: Study, tables: Tables) -> list[tuple[Claim, Claim]]:
    """Claims of one endpoint at two visits, the primary one first, both with known counts and an exact p."""
    usable = [c for c in study.records if c.id in tables and c.visit and not c.beyond_counts]
    usable = [c for c in usable if c.printed_p and c.printed_p.relation == "="]
    pairs = combinations(sorted(usable, key=lambda claim: claim.role != "primary"), 2)
    alike = [(a, b) for a, b in pairs if a.endpoint == b.endpoint and a.arms == b.arms and a.visit != b.visit]
    return [(first, second) for first, second in alike if first.role == "primary"]


def _joint_analysis(first: Claim, t1: Table, second: Claim, t2: Table) -> str:
    assert first.printed_p is not None
    assert second.printed_p is not None
    earlier, later = (
        {(one.key, one.alternative): one for one in analyses_of(p, table)}
        for p, table in ((first.printed_p, t1), (second.printed_p, t2))
    )
    tried = [key for key in earlier if key in later]
    both = [earlier[key] for key in tried if earlier[key].fits and later[key].fits]
    pair = f"the printed pair p={first.p} and p={second.p}"
    if not both:
        return whole.say("no_joint_analysis", n=len(tried), pair=pair)
    names = (one.label if one.alternative == "two-sided" else f"{one.label} ({one.alternative})" for one in both)
    give, labels = "gives" if len(both) == 1 else "give", listing(names, most=6)
    return whole.say("joint_analysis", n=len(tried), n_both=len(both), give=give, pair=pair, labels=labels)


def _choice_of_test(claim: Claim, table: Table, alpha: float) -> str:
    # A test that is undefined on this table has no side.
    p = [value for value in two_sided_p_values(table).values() if not isnan(value)]
    if not p:
        return ""
    above = sum(value > alpha for value in p)
    when = f"At {claim.visit}" if claim.visit else f"For {claim.endpoint}"
    numbers = {"least": min(p), "most": max(p), "n": len(p), "above": above, "below": len(p) - above, "alpha": alpha}
    return whole.say("choice_of_test", when=when, table=written(table), **numbers)


def _missing_patients(study: Study, claim: Claim, table: Table) -> str:
    x1, n1, x2, n2 = table
    m1, m2 = (study.trial.n_randomised[arm] for arm in claim.arms)
    if m1 is None or m2 is None or m1 < n1 or m2 < n2 or (m1, m2) == (n1, n2):
        return ""
    ways = tipping_point(x1, n1, x2, n2, m1 - n1, m2 - n2, test="pearson", alpha=study.trial.alpha)
    missing = m1 - n1 + m2 - n2
    who, them, outcome = f"{missing} randomised patients are", "them", "these outcomes decide"
    if missing == 1:
        who, them, outcome = "One randomised patient is", "that patient", "this one outcome decides"
    text = whole.say("missing_patients", who=who, them=them, least=ways["p"].min(), most=ways["p"].max())
    if ways["significant"].nunique() == 2:
        return f"{text}: {outcome} on which side of {study.trial.alpha:g} it falls."
    return f"{text}, on one side of {study.trial.alpha:g}."


def _fragility(claim: Claim, table: Table, alpha: float) -> str:
    """Say how few changed outcomes move the result across the level, where they are very few."""
    if table[1] * table[3] > _LARGEST_DESIGN:
        return ""
    found = fragility_index(*table, test="pearson", alpha=alpha, rule="any")
    if found.index is None or found.index > 3:
        return ""
    many = "One outcome" if found.index == 1 else f"{found.index} outcomes"
    end = "the result is decided by one patient" if found.index == 1 else "few patients decide"
    return whole.say("fragility", many=many, arm=claim.arms[found.arm - 1], one=found, alpha=alpha, end=end)


def _multiverse(study: Study, claim: Claim, table: Table) -> list[Statement]:
    """Say how many defensible analyses fall on either side, where the design is small enough to run them all."""
    if table[1] * table[3] > _LARGEST_MULTIVERSE:
        return []
    n1, n2 = (study.trial.n_randomised[arm] for arm in claim.arms)
    randomised = (n1, n2) if n1 is not None and n2 is not None and n1 >= table[1] and n2 >= table[3] else None
    try:
        found = multiverse(*table, randomised=randomised, alpha=study.trial.alpha)
    except InputError:
        return []  # Pearson's test, the reference, is undefined on this table
    flips = found.flip_sentence if found.flips["defensible"].any() else ""
    return [Statement("defensible analyses", found.share_sentence), Statement("single choices", flips)]


def _visits(first: Claim, t1: Table, second: Claim, t2: Table, alpha: float) -> str:
    if t1[1] != t2[1] or t1[3] != t2[3] or t1[1] * t1[3] > _LARGEST_DESIGN:
        return ""
    bounds = between_visit_bounds(t1[0], t2[0], t1[1], t1[2], t2[2], t1[3])
    change = [100 * (t[0] / t[1] - t[2] / t[3]) for t in (t1, t2)]
    bits = [s_value(claim.printed_p.value) for claim in (first, second) if claim.printed_p]
    # Only a bound above the level holds for every patient-level truth; below it the print leaves the matter open.
    agree = "do not contradict each other" if bounds.p_low > alpha else "may or may not differ"
    return whole.say("visits", agree=agree, change=change, bounds=bounds, bits=bits, apart=abs(bits[1] - bits[0]))


def _on_primary(study: Study, claim: Claim, pairs: Sequence[tuple[Claim, Claim]], tables: Tables) -> list[Statement]:
    """Make the statements on one primary claim that counts can speak about."""
    table, alpha = tables[claim.id], study.trial.alpha
    mine = [(first, tables[first.id], second, tables[second.id]) for first, second in pairs if first.id == claim.id]
    missing = _missing_patients(study, claim, table)
    return [
        *(Statement("joint analysis", _joint_analysis(*pair)) for pair in mine),
        Statement("choice of test", _choice_of_test(claim, table, alpha)),
        Statement("missing patients", missing),
        Statement("fragility", "" if missing else _fragility(claim, table, alpha)),
        *_multiverse(study, claim, table),
        *(Statement("visits", _visits(*pair, alpha)) for pair in mine),
    ]


def read(
    study: Study, values: Sequence[CheckedValue], findings: Sequence[str] = (), n_proposed: int = 0
) -> tuple[Statement, ...]:
    """Write the reading of a study.

    Parameters
    ----------
    study : Study
        The record.
    values : sequence of CheckedValue
        What was checked of it.
    findings : sequence of str
        What the cells of its tables say about each other.
    n_proposed : int
        Claims that no person has confirmed; nothing is said of them.

    Returns
    -------
    tuple of Statement
        In reading order: what reproduces, the primary endpoint, what came after it, and what a mismatch can and cannot
        mean.
    """
    tables = known_tables(study)
    pairs = _two_visits(study, tables)
    primaries = [c for c in study.records if c.role == "primary" and c.id in tables and not c.beyond_counts]
    left_out = listing(claim.title for claim in primaries[_MOST_PRIMARIES:])
    said = f"Not spoken about one by one, for there are many primary claims: {left_out}." if left_out else ""
    found = [
        Statement("not confirmed", whole.not_confirmed(n_proposed)),
        *(Statement("verdicts", text) for text in (*whole.verdict_counts(values), said)),
        *(one for claim in primaries[:_MOST_PRIMARIES] for one in _on_primary(study, claim, pairs, tables)),
        Statement("testing order", whole.after_the_primary(study)),
        Statement("unplanned contrasts", whole.unplanned_contrasts(study)),
        *(Statement("best single analysis", text) for text in whole.best_single_analyses(study, values)),
        *(Statement("chance", text) for text in whole.by_chance(study, values)),
        Statement("changes within arms", whole.within_arms(study)),
        Statement("between cells", whole.between_cells(findings)),
        Statement("models", whole.of_models(values)),
        Statement("not reproduced", whole.not_reproduced(values)),
    ]
    return tuple(one for one in found if one.text)
