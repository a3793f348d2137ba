"""What the numbers of a whole paper do and do not say, sentence by sentence; never stronger than the results."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lupus_kit.audit.report.checked_values import AS_IF_APART, CLAIMS, Analysis, CheckedValue, Quantity, Verdict
from lupus_kit.core.templates import toml_beside
from lupus_kit.core.text import listing, plural
from lupus_kit.published import Claim, Study, Trial

_SENTENCES = toml_beside(__file__, "sentences.toml")
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


def say(key: str, **values: object) -> str:
    """Return a sentence of ``sentences.toml``, filled in."""
    return str(_SENTENCES[key]).format(**values)


def nothing_printed(trial: Trial) -> Statement:
    """Say of a study without results what is recorded of it, and where results would stand."""
    names = ("design", "population", "intervention", "comparator", "source", "note")
    known = [("arms", listing(trial.n_randomised)), *((name, getattr(trial, name)) for name in names)]
    recorded = " ".join(f"{name.capitalize()}: {text.rstrip('.')}." for name, text in known if text)
    where = f"the registry's entry ({listing(trial.registry)})" if trial.registry else "a trial registry"
    return Statement("no results", say("no_results", recorded=recorded, where=where))


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
            (status[Verdict.MODEL], f"of {_analysis(part)}"),
            (status[Verdict.NOT_CHECKABLE], "not checkable from what is printed"),
        ]
        if part:
            texts.append(f"Printed p-values of {name}: {listing([f'{n} {words}' for n, words in counts if n])}.")
    return texts


def not_confirmed(n: int) -> str:
    """Say that proposed claims get no verdict, and how they get one."""
    return say("not_confirmed", claims=plural(n, "claim")) if n else ""


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
        what = f"The primary endpoint{f' at {missed.visit}' if missed.visit else f', {missed.endpoint},'}"
    below = [_p_and_title(c) for c in later if is_below(c, alpha) and c is not missed]
    if not below:
        return ""
    finding = "is a finding" if len(below) == 1 else "are findings"
    return say("after_the_primary", what=what, alpha=alpha, below=listing(below, most=_MOST), finding=finding)


def unplanned_contrasts(study: Study) -> str:
    """Say what a small p-value of an unplanned contrast means."""
    alpha = study.trial.alpha
    unplanned = [c for c in study.records if c.role in ("post hoc", "exploratory") and is_below(c, alpha)]
    if not unplanned:
        return ""
    belong, they_do = ("belongs", "it does") if len(unplanned) == 1 else ("belong", "they do")
    claims = listing(map(_p_and_title, unplanned), most=_MOST)
    return say("unplanned_contrasts", claims=claims, belong=belong, they_do=they_do, alpha=alpha)


def within_arms(study: Study) -> str:
    """Say that a change within an arm is no difference between arms."""
    n = sum(len(c.visits) == 2 and bool(c.p) for c in (*study.records, *study.table_claims()))
    return say("within_arms", p_values=plural(n, "p-value")) if n else ""


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
            texts.append(say("best_single_analysis", table=table, most=most, n=len(p), names=_names(best)))
    return texts


def by_chance(study: Study, values: Sequence[CheckedValue]) -> list[str]:
    """Say for each table how many of its p-values are given, and how many would be by chance."""
    texts = []
    for table in study.layouts:
        rows = [v for v in values if v.part == table and v.chance == v.chance and v.verdict in _SPOKEN_OF]
        given = sum(bool(v.of_printed) for v in rows)
        if len(rows) > 1:
            expected = sum(v.chance for v in rows)
            texts.append(say("by_chance", table=table, given=given, n=len(rows), expected=expected))
    return texts


def _names(analyses: Sequence[Analysis]) -> str:
    """List names; what all of them were run on is said once."""
    if len(analyses) > 1 and all(one.setting == AS_IF_APART for one in analyses):
        return f"{listing([one.name.removesuffix(f', {AS_IF_APART}') for one in analyses])}, each {AS_IF_APART}"
    return listing([one.name for one in analyses])


def between_cells(findings: Sequence[str]) -> str:
    """Point to what the cells of a study say about each other."""
    return say("between_cells", questions=plural(len(findings), "question")) if findings else ""


def of_models(values: Sequence[CheckedValue]) -> str:
    """Say that values of a model cannot be checked from counts."""
    n = sum(value.verdict is Verdict.MODEL and value.quantity is not Quantity.VALUE for value in values)
    come = "comes" if n == 1 else "come"
    return say("of_models", values=f"{plural(n, 'printed value')} {come}", analysis=_analysis(values)) if n else ""


def _analysis(values: Sequence[CheckedValue]) -> str:
    """Say what kind of analysis counts cannot check."""
    models = all(value.claim.modelled for value in values if value.verdict is Verdict.MODEL)
    return "an adjusted or stratified analysis" if models else "an analysis of more than the counts"


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
    return f"{text[0].upper()}{text[1:]}. {say('no_accusation')}"
