"""What the numbers of a whole paper do and do not say, sentence by sentence; never stronger than the results."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lupus_kit.audit.report.checked_values import AS_IF_APART, CLAIMS, Analysis, CheckedValue, Quantity, Verdict
from lupus_kit.core.text import listing, plural
from lupus_kit.published import Claim, Study, Trial

_NO_ACCUSATION = (
    "That is no accusation: covariates or strata, another set of patients, a rounding on the way, another program's "
    "variant of a test or a slip in typing all do this, and the print alone cannot tell which."
)
#: Names are listed up to here; the table of the report has them all.
_MOST = 4
_SPOKEN_OF = (Verdict.SOME, Verdict.REPRODUCED, Verdict.NOT_REPRODUCED)


@dataclass(frozen=True)
class Statement:
    """One statement of the reading.

    Attributes
    ----------
    topic : str
        What it is about, such as ``"joint analysis"``.
    text : str
        One sentence or a few; empty where there is nothing to say.
    """

    topic: str
    text: str


def nothing_printed(trial: Trial) -> Statement:
    """Say of a study without results what is recorded of it, and where results would stand."""
    names = ("design", "population", "intervention", "comparator", "source", "note")
    known = [("arms", listing(trial.n_randomised)), *((name, getattr(trial, name)) for name in names)]
    recorded = " ".join(f"{name.capitalize()}: {text.rstrip('.')}." for name, text in known if text)
    where = f"the registry's entry ({listing(trial.registry)})" if trial.registry else "a trial registry"
    return Statement("no results", f"No results of this study are recorded here, so there is nothing to recompute. Recorded is "
        f"what was planned. {recorded} Results would stand in {where}, or in a paper that names its number: add them to a claims "
        "file as claims.")  # fmt: skip


def verdict_counts(values: Sequence[CheckedValue]) -> list[str]:
    """Count the verdicts on the printed p-values, of the claims and of the tables."""
    texts = []
    for of_claims, name in ((True, "the claims"), (False, "the tables")):
        part = [value for value in values if value.is_printed_p and (value.part == CLAIMS) == of_claims]
        others = sum(value.only_others for value in part if value.verdict is Verdict.SOME)
        status = Counter(value.verdict for value in part)
        counts = [
            (status[Verdict.REPRODUCED] + status[Verdict.SOME] - others, "given by at least one analysis tried"),
            (others, "given only with other patients counted than those printed"),
            (status[Verdict.NOT_REPRODUCED], "given by none of those tried"),
            (status[Verdict.MODEL], "of an adjusted or stratified analysis"),
            (status[Verdict.NOT_CHECKABLE], "not checkable from what is printed"),
        ]
        if part:
            texts.append(f"Printed p-values of {name}: {listing([f'{n} {words}' for n, words in counts if n])}.")
    return texts


def not_confirmed(n: int) -> str:
    """Say that proposed claims get no verdict, and how they get one."""
    if not n:
        return ""
    return (
        f"{plural(n, 'claim')} proposed from a text and not confirmed: no verdict. Compare each with its words, then "
        "delete its line confirmed = false."
    )


def is_below(claim: Claim, alpha: float) -> bool | None:
    """Say whether the printed p-value is at most alpha; None where the print does not decide."""
    p = claim.printed_p
    if p is None:
        return False if claim.p else None  # "NS"
    if p.relation in "<≤":
        return True if p.value <= alpha else None
    if p.relation in ">≥":
        return False if p.value >= alpha else None
    return p.value <= alpha


def is_met(claim: Claim, alpha: float) -> bool | None:
    """Say whether an endpoint was met: by the paper's own word, else by its p-value."""
    return claim.met == "met" if claim.met else is_below(claim, alpha)


def _p_and_title(claim: Claim) -> str:
    return f"{'p' if claim.p[:1] in '<>≤≥' else 'p='}{claim.p} ({claim.title})"


def after_the_primary(study: Study) -> str:
    """Say what a missed endpoint means for those that come after it in the plan."""
    alpha = study.trial.alpha
    planned = sorted((c for c in study.records if c.order is not None), key=lambda c: c.order or 0)
    missed = next((c for c in planned if is_met(c, alpha) is False), None)
    if missed is not None:
        later: Iterable[Claim] = (c for c in planned if (c.order or 0) > (missed.order or 0))
        what = f"{missed.title}, place {missed.order} in the testing order,"
    else:
        missed = next((c for c in study.records if c.role == "primary" and is_met(c, alpha) is False), None)
        if missed is None:
            return ""
        later = (c for c in study.records if c.role in ("secondary", "post hoc", "exploratory"))
        what = (
            f"The primary endpoint at {missed.visit}" if missed.visit else f"The primary endpoint, {missed.endpoint},"
        )
    below = [_p_and_title(c) for c in later if is_below(c, alpha) and c is not missed]
    if not below:
        return ""
    finding = "is a finding" if len(below) == 1 else "are findings"
    return (
        f"{what} was not met at {alpha:g}. In a fixed sequence no later endpoint can then be claimed as "
        f"confirmed: {listing(below, most=_MOST)} {finding} to test again."
    )


def unplanned_contrasts(study: Study) -> str:
    """Say what a small p-value of an unplanned contrast means."""
    unplanned = [c for c in study.records if c.role in ("post hoc", "exploratory") and is_below(c, study.trial.alpha)]
    if not unplanned:
        return ""
    belong, they_do = ("belongs", "it does") if len(unplanned) == 1 else ("belong", "they do")
    return (
        f"{listing([_p_and_title(c) for c in unplanned], most=_MOST)} {belong} to contrasts that were not planned: "
        f"chosen with the data in view, {they_do} not hold the level {study.trial.alpha:g}."
    )


def within_arms(study: Study) -> str:
    """Say that a change within an arm is no difference between arms."""
    n = sum(len(c.visits) == 2 and bool(c.p) for c in (*study.records, *study.table_claims()))
    if not n:
        return ""
    return (
        f"Two visits within one arm are compared by {plural(n, 'p-value')}: "
        "that an arm changed does not show that the arms differ."
    )


def best_single_analyses(study: Study, values: Sequence[CheckedValue]) -> list[str]:
    """Name, for each table, the one analysis that gives most of its p-values."""
    texts = []
    for table in study.layouts:
        p = [v for v in values if v.part == table and v.quantity is Quantity.P and v.verdict in _SPOKEN_OF]
        by_name = {one.name: one for value in p for one in value.of_printed}
        fits = Counter(name for value in p for name in dict.fromkeys(one.name for one in value.of_printed))
        most = max(fits.values(), default=0)
        best = [by_name[name] for name, n in fits.items() if n == most]
        if len(p) >= 2 and most >= 2 and len(best) <= _MOST:
            texts.append(
                f"In {table} one analysis gives at most {most} of the {len(p)} p-values that counts or means can speak "
                f"about: {_names(best)}."
            )
    return texts


def by_chance(study: Study, values: Sequence[CheckedValue]) -> list[str]:
    """Say for each table how many of its p-values are given, and how many would be by chance."""
    texts = []
    for table in study.layouts:
        rows = [v for v in values if v.part == table and v.chance == v.chance and v.verdict in _SPOKEN_OF]
        given = sum(bool(v.of_printed) for v in rows)
        if len(rows) > 1:
            texts.append(
                f"In {table} {given} of {len(rows)} exact p-values of counts are given by an analysis of the printed "
                f"numbers; of prints moved at random nearby {sum(v.chance for v in rows):.1f} would be."
            )
    return texts


def _names(analyses: Sequence[Analysis]) -> str:
    """List names; what all of them were run on is said once."""
    if len(analyses) > 1 and all(one.setting == AS_IF_APART for one in analyses):
        return f"{listing([one.name.removesuffix(f', {AS_IF_APART}') for one in analyses])}, each {AS_IF_APART}"
    return listing([one.name for one in analyses])


def between_cells(findings: Sequence[str]) -> str:
    """Point to what the cells of a study say about each other."""
    if not findings:
        return ""
    return (
        f"Open between printed cells: {plural(len(findings), 'question')}, listed apart; none of them says why the values "
        "are as they are."
    )


def of_models(values: Sequence[CheckedValue]) -> str:
    """Say that values of a model cannot be checked from counts."""
    n = sum(value.verdict is Verdict.MODEL and value.quantity is not Quantity.VALUE for value in values)
    if not n:
        return ""
    return (
        f"By the paper's own words {plural(n, 'printed value')} {'comes' if n == 1 else 'come'} from an adjusted or "
        "stratified analysis: the crude numbers beside them are another analysis, and agreement or difference between "
        "the two decides nothing."
    )


def not_reproduced(values: Sequence[CheckedValue]) -> str:
    """Name what no analysis tried gives, with the reasons that this can have."""
    missed = [value for value in values if value.verdict is Verdict.NOT_REPRODUCED]
    if not missed:
        return ""
    names = [_p_and_title(value.claim) for value in missed if value.quantity is Quantity.P]
    others = len(missed) - len(names)
    parts = [f"no analysis tried gives {listing(names, most=_MOST)}"] if names else []
    if others:
        noun = "value or effect is" if others == 1 else "values or effects are"
        parts.append(f"{others} other printed {noun} not what the counts give")
    text = listing(parts)
    return f"{text[0].upper()}{text[1:]}. {_NO_ACCUSATION}"
