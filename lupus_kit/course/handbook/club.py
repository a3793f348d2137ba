"""What a journal club needs: the trial in short, the audit, six questions and what a facilitator should know.

Every number is computed from the published record; the questions' words stand in ``templates/questions.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
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
# Analyses that a cell of the audit lists by name.
_ROOM = 2
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
        not_reported=tuple(topic[:1].lower() + topic[1:] for topic in facts.loc[~facts["reported"], "topic"]),
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
    return tuple((topic, text[:1].upper() + text[1:]) for topic, text in listed)


def _results(claims: pd.DataFrame) -> pd.DataFrame:
    shown = claims[["endpoint", "role", "reported_a", "reported_b", "reported_p"]].reset_index(drop=True)
    shown.columns = ["endpoint", "role", "IL-2", "placebo", "p"]
    shown["endpoint"] = [
        f"{endpoint}, {visit}" if isinstance(visit, str) and visit else endpoint
        for endpoint, visit in zip(claims["endpoint"], claims["visit"], strict=True)
    ]
    shown["p"] = shown["p"].replace("", "not printed").fillna("not printed")
    return shown


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
        arms = (value.analyses for value in values if value.claim is p.claim and value.quantity == "value")
        counts = " v ".join(f"{one.counts[0]}/{one.counts[1]}" for analyses in arms for one in analyses)
        fits, others = (
            _first([f"{one.value:.4f} {one.name}" for one in p.analyses if one.shown and bool(one.fits) == fit])
            for fit in (True, False)
        )
        found.append((f"{p.claim.title}: {counts}", p.printed, fits, others, p.sentence))
    return pd.DataFrame(found, columns=["claim", "printed p", "fits", "does not fit", "verdict"])


def _first(lines: list[str]) -> str:
    """Keep what has room on a sheet, and say how many more there are."""
    rest = len(lines) - _ROOM
    return "\n".join([*lines[:_ROOM], f"and {rest} more"] if rest > 1 else lines)


def _questions() -> tuple[Question, ...]:
    """Put the computed numbers into the texts of ``templates/questions.toml``."""
    from lupus_kit import audit, inference

    week12, week24 = table(_WEEK12), table(_WEEK24)
    x1, n1, x2, n2 = week12
    y1, _, y2, _ = week24
    p12, p24 = printed(_WEEK12), printed(_WEEK24)
    limits = inference.compare(*week12).intervals().set_index("key")
    score = limits.loc["miettinen_nurminen"]
    visits = inference.between_visit_bounds(x1, y1, n1, x2, y2, n2)
    explained = audit.explain(p12, *week12)
    two_sided = [float(inference.pvalue(test.key, *week12)) for test in audit.distinct_tests()]
    common = ((x1 + x2) / (n1 + n2), (y1 + y2) / (n1 + n2))
    arms: dict[str, object] = {"x1": x1, "n1": n1, "x2": x2, "n2": n2, "percent": 100 * x1 / n1}
    results = {
        "p12": p12,
        "percent12": 100 * float(p12),
        "p24": p24,
        "remission": printed(_NEPHRITIS),
        "visits": visits,
    }
    effects = {"difference": 100 * score["estimate"], "low": _points(score["low"]), "high": _points(score["high"])}
    effects |= {"ratio": limits.loc["koopman", "estimate"], "odds": limits.loc["woolf", "estimate"]}
    tests = {"analyses": len(explained), "fitting": int(explained["rounds_to_reported"].sum())}
    numbers = {
        "difference24": 100 * (y1 / n1 - y2 / n2),
        "bits": inference.s_value(float(p24)) - inference.s_value(float(p12)),
        "least": min(two_sided),
        "largest": max(two_sided),
        "responded": float(inference.pvalue("pearson", x1 + 1, n1 + 1, x2, n2)),
        "not_responded": float(inference.pvalue("pearson", x1, n1 + 1, x2, n2)),
        "rho": _RHO,
        "either": float(inference.familywise_error(_RHO, n1, n2, common, "either")),
        "sequence": float(inference.familywise_error(_RHO, n1, n2, common, "fixed_sequence")),
        "power": float(inference.power("pearson", x1 / n1, x2 / n2, n1, n2)),
        "per_arm": inference.sample_size("pearson", x1 / n1, x2 / n2, power=0.8).n1,
    }
    known = arms | results | effects | tests | numbers
    texts = tomllib.loads(Path(__file__).with_name("templates").joinpath("questions.toml").read_text(encoding="utf-8"))
    return tuple(
        Question(
            one["ask"].format(**known), one["answer"].format(**known), one["pitfall"].format(**known), one["minutes"]
        )
        for one in texts["question"]
    )


def _points(share: float) -> str:
    """Write a share as percentage points, with a real minus sign."""
    return f"{100 * share:.1f}".replace("-", "\N{MINUS SIGN}")
