"""What a journal club needs: the trial in short, the audit, six questions and what a facilitator should know.

Every number is computed from the published record; nothing but words is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lupus_kit.lessons.exercises.record import printed, table

if TYPE_CHECKING:
    import pandas as pd

    from lupus_kit.audit import CheckedValue

_WEEK12, _WEEK24, _NEPHRITIS = "sri4_week12", "sri4_week24", "ln_complete_remission"
#: Topics of the design that a reader of one page needs, in this order.
_TOPICS = ("Masking", "Centres", "Classification", "Disease activity at entry", "Background treatment")
_LAST = ("Patients analysed for SRI-4", "First patient", "Primary completion")
#: Common response rates and correlation that the chance of a false claim is computed for.
_RHO = 0.5
#: What the sheets quote of the reading of the audit.
_QUOTED = ("joint analysis", "choice of test", "defensible analyses")


@dataclass(frozen=True)
class Question:
    """One question to discuss.

    Parameters
    ----------
    ask : str
        The question, for everyone.
    answer : str
        What the numbers say, for the facilitator.
    pitfall : str
        The sentence that often comes, and why not.
    minutes : int
        How long it usually takes.
    """

    ask: str
    answer: str
    pitfall: str
    minutes: int


@dataclass(frozen=True)
class JournalClub:
    """The content of the sheets for a journal club.

    Parameters
    ----------
    title, citation, notice : str
        The paper, and on what terms its numbers are used.
    facts : tuple of (str, str)
        Topic and fact, in reading order.
    not_reported : tuple of str
        What neither abstract nor registry says.
    results : pandas.DataFrame
        One row a claim: ``endpoint``, ``IL-2``, ``placebo``, ``p``, all as printed.
    rates : pandas.DataFrame
        ``visit arm responders patients rate low high``: responders with their 95% Wilson interval, for the figure.
    audit : pandas.DataFrame
        One row a claim: the counts, the printed p, analyses that fit, usual ones that do not, the verdict.
    reading : tuple of str
        What the audit does and does not say.
    questions : tuple of Question
        Six.
    """

    title: str
    citation: str
    notice: str
    facts: tuple[tuple[str, str], ...]
    not_reported: tuple[str, ...]
    results: pd.DataFrame
    rates: pd.DataFrame
    audit: pd.DataFrame
    reading: tuple[str, ...]
    questions: tuple[Question, ...]


@cache
def journal_club() -> JournalClub:
    """Compute the content of the sheets from the published record.

    Returns
    -------
    JournalClub
        For He et al. 2020.

    Examples
    --------
    >>> journal_club().results.loc[0, "p"]
    '0.052'
    """
    from lupus_kit import audit, design, published

    study = published.load("he2020")
    trial, report = study.trial, audit.check("he2020").claims_only()
    facts = design.he2020().facts()
    return JournalClub(
        title=trial.title,
        citation=f"{trial.authors} {trial.journal} {trial.year};{trial.volume}:{trial.pages.replace('-', '–')}. "
        f"doi:{trial.doi}. Registered as {' and '.join(trial.registry)}.",
        notice=trial.notice,
        facts=_facts(facts),
        not_reported=tuple(_small(topic) for topic in facts.loc[~facts["reported"], "topic"]),
        results=_results(study.claims),
        rates=_rates(),
        audit=_audit(report.values),
        reading=report.statements_on(*_QUOTED),
        questions=_questions(),
    )


def _facts(facts: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Put the design into one list, the parts computed from the plan first."""
    from lupus_kit import design

    plan = design.he2020()
    said = facts.set_index("topic")["fact"]
    drug, control = plan.arms
    dosing = plan.dosing
    arms = f"{drug.treatment} ({drug.n_randomised} patients), or {control.treatment} ({control.n_randomised} patients)"
    injections = (
        f"{dosing.cycles} cycles of {dosing.injections_per_cycle} injections, one every {dosing.days_between_injections} "
        f"days; {dosing.weeks_on} weeks on, {dosing.weeks_off} weeks off; {plan.cumulative_dose_miu:g} million IU in all"
    )
    endpoint = (
        f"{plan.primary_endpoint} at week {plan.primary_week}: SLEDAI at least 4 points lower, no new BILAG A and at most "
        f"one new BILAG B, and no worse in the physician's global assessment. Again at week {plan.follow_up_week}, "
        f"{plan.follow_up_week - plan.primary_week} weeks after the end of treatment"
    )
    computed = [("Arms", arms), ("Injections", injections), ("Primary endpoint", endpoint)]
    listed = [*((topic, said[topic]) for topic in _TOPICS), *computed, *((topic, said[topic]) for topic in _LAST)]
    return tuple((topic, _capital(text)) for topic, text in listed)


def _results(claims: pd.DataFrame) -> pd.DataFrame:
    named = claims.assign(endpoint=[_joined(row.endpoint, row.visit) for row in claims.itertuples()])
    shown = named[["endpoint", "role", "reported_a", "reported_b", "reported_p"]].copy()
    shown.columns = ["endpoint", "role", "IL-2", "placebo", "p"]
    shown["p"] = shown["p"].replace("", "not printed").fillna("not printed")
    return shown.reset_index(drop=True)


def _rates() -> pd.DataFrame:
    import pandas as pd

    from lupus_kit import inference

    rows = []
    for visit, claim in (("week 12", _WEEK12), ("week 24", _WEEK24)):
        x1, n1, x2, n2 = table(claim)
        for arm, x, n in (("IL-2", x1, n1), ("placebo", x2, n2)):
            wilson = inference.proportion(x, n).set_index("key").loc["wilson"]
            rows.append((visit, arm, x, n, x / n, wilson["low"], wilson["high"]))
    return pd.DataFrame(rows, columns=["visit", "arm", "responders", "patients", "rate", "low", "high"])


def _audit(values: Sequence[CheckedValue]) -> pd.DataFrame:
    """Shorten the report to one row a claim."""
    import pandas as pd

    found = []
    for p in (value for value in values if value.quantity == "p"):
        arms = [
            one for value in values if value.claim is p.claim and value.quantity == "value" for one in value.analyses
        ]
        counts = " v ".join(f"{one.counts[0]}/{one.counts[1]}" for one in arms)
        fits, others = (
            "\n".join(f"{one.value:.4f} {one.name}" for one in p.analyses if one.shown and bool(one.fits) == fit)
            for fit in (True, False)
        )
        found.append((f"{p.claim.title}: {counts}", p.printed, fits, others, p.sentence))
    return pd.DataFrame(found, columns=["claim", "printed p", "fits", "does not fit", "verdict"])


def _questions() -> tuple[Question, ...]:
    from lupus_kit import audit, inference

    week12, week24 = table(_WEEK12), table(_WEEK24)
    x1, n1, x2, n2 = week12
    y1, _, y2, _ = week24
    limits = inference.compare(*week12).intervals().set_index("key")
    score, ratio, odds = (
        limits.loc["miettinen_nurminen"],
        limits.loc["koopman", "estimate"],
        limits.loc["woolf", "estimate"],
    )
    difference, difference24 = score["estimate"], y1 / n1 - y2 / n2
    visits = inference.between_visit_bounds(x1, y1, n1, x2, y2, n2)
    bits = inference.s_value(float(printed(_WEEK24))) - inference.s_value(float(printed(_WEEK12)))
    explained = audit.explain(printed(_WEEK12), *week12)
    fitting = int(explained["rounds_to_reported"].sum())
    two_sided = [float(inference.pvalue(test.key, *week12)) for test in audit.distinct_tests()]
    responded, not_responded = (float(inference.pvalue("pearson", x1 + more, n1 + 1, x2, n2)) for more in (1, 0))
    common = ((x1 + x2) / (n1 + n2), (y1 + y2) / (n1 + n2))
    either, sequence = (
        float(inference.familywise_error(_RHO, n1, n2, common, strategy)) for strategy in ("either", "fixed_sequence")
    )
    power = float(inference.power("pearson", x1 / n1, x2 / n2, n1, n2))
    per_arm = inference.sample_size("pearson", x1 / n1, x2 / n2, power=0.8).n1
    p12, p24, remission = printed(_WEEK12), printed(_WEEK24), printed(_NEPHRITIS)
    return (
        Question(
            ask=f"The primary endpoint printed p={p12}. What does that say about the drug, and what does it not say?",
            answer=f"The difference was {100 * difference:.1f} percentage points, with a 95% interval (Miettinen–Nurminen) "
            f"from {_points(score['low'])} to {_points(score['high'])}. Almost no effect and a very large one both fit the data. "
            "The p-value counts how often chance alone would give a difference this large if the drug did nothing.",
            pitfall="“A trend towards significance”: a p-value does not move. "
            f"“{100 * float(p12):.1f}% probability that it does nothing”: p assumes that it does nothing.",
            minutes=6,
        ),
        Question(
            ask=f"p={p12} at week 12 and p={p24} at week 24. Did the drug begin to work between the two visits?",
            answer=f"The difference between the arms went from {100 * difference:.1f} to {100 * difference24:.1f} points. "
            "Which patients responded at both visits is not printed, but for every possibility the p-value of that change "
            f"lies between {visits.p_low:.2f} and {visits.p_high:.2f}. The two printed p-values are {bits:.2f} bits apart: "
            "less than one coin toss.",
            pitfall="Comparing two verdicts instead of two results. The difference between significant and not significant "
            "need not itself be significant.",
            minutes=6,
        ),
        Question(
            ask="The abstract does not name its test. Does it matter, and how could a reader find out?",
            answer=f"Of {len(explained)} analyses of these counts {fitting} print {p12}. Over the usual two-sided tests p runs from "
            f"{min(two_sided):.3f} to {max(two_sided):.3f}: on both sides of 0.05. So the test has to be named before the data are "
            "seen. The record is compatible with several; which one was used is not known.",
            pitfall="Turning a number that we cannot reproduce into an accusation. Covariates, other software or another set of "
            "patients explain it as well.",
            minutes=6,
        ),
        Question(
            ask=f"The percentages fit {n1} patients on IL-2 and {n2} on placebo; 60 were randomised. What can one patient change?",
            answer=f"Counted as a responder, the missing patient gives Pearson's p={responded:.3f}; as a non-responder, "
            f"p={not_responded:.3f}. This one outcome decides on which side of 0.05 the trial falls. A plan says beforehand how "
            "a missing outcome counts.",
            pitfall="“Only one in sixty is missing”: with so few patients p "
            "moves in steps, and one patient is one step.",
            minutes=5,
        ),
        Question(
            ask=f"{x1} of {n1} responded on IL-2. How many of them were helped by it?",
            answer=f"Nobody knows which. {x2} of {n2} responded on placebo too, so the share that the drug may have helped is the "
            f"difference, {100 * difference:.0f} in 100 with the wide interval above, not {100 * x1 / n1:.0f} in 100. "
            f"The risk ratio is {ratio:.2f}; the odds ratio is {odds:.2f}.",
            pitfall=f"Reading the odds ratio as “{odds:.1f} times as likely”: "
            "it is not a ratio of probabilities, and it looks larger than one where the event is common.",
            minutes=5,
        ),
        Question(
            ask=f"What may be claimed from p={p24} and p={remission}, once the primary endpoint has missed? What trial comes next?",
            answer="In a fixed sequence nothing after the primary endpoint can be claimed as confirmed. If either visit may count, "
            f"the chance of a false claim is {either:.3f} instead of {sequence:.3f} (Pearson, no effect, correlation {_RHO:g}). "
            f"If the observed rates were true, a repeat of this trial would succeed with probability {power:.2f}; a power of "
            f"0.80 needs {per_arm} patients in each arm.",
            pitfall="Post hoc power as an explanation of the result: it is the p-value in other clothes. And observed effects of "
            "trials that just succeed are too large on average, so plan with less.",
            minutes=7,
        ),
    )


def _points(share: float) -> str:
    """Write a share as percentage points, with a real minus sign."""
    return f"{100 * share:.1f}".replace("-", "\N{MINUS SIGN}")


def _joined(endpoint: str, visit: object) -> str:
    return f"{endpoint}, {visit}" if isinstance(visit, str) and visit else endpoint


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
