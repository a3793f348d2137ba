"""What a journal club needs for one paper: the question, the printed numbers and their audit, effects, and what to discuss.

Every number is computed from the record; the questions' words stand in ``questions.toml``, the domains of RoB 2 and the
items of CONSORT 2025 in ``appraisal.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.core.templates import toml_beside
from lupus_kit.core.text import listing
from lupus_kit.course.journal_club.appraisal import Domain, domains, items
from lupus_kit.course.journal_club.effects import Effect, effects_of, rank
from lupus_kit.course.journal_club.known import he2020_numbers, known_numbers

if TYPE_CHECKING:
    from lupus_kit.audit import Report
    from lupus_kit.published import Claim, Study


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
    """The content of the sheet, the notebook and the facilitator's page.

    Parameters
    ----------
    study : Study
        The paper.
    pico : tuple of (str, str)
        Patients, intervention, comparison, outcome and design; a line to write on where the file does not say.
    results : pandas.DataFrame
        One row a claim, the primary one first: ``outcome``, ``printed``, ``p``, ``audit``, all as text.
    effects : tuple of Effect
        Comparisons of two arms in counts, benefits first.
    assumed : str
        Which outcomes were taken as bad for a patient, and why.
    report : Report
        The audit of the claims.
    domains : tuple of Domain
        RoB 2.
    items : pandas.DataFrame
        CONSORT 2025: ``number about status why``.
    questions : tuple of Question
        To discuss.
    related : pandas.DataFrame
        Trials before and after, where the kit knows some.
    """

    study: Study
    pico: tuple[tuple[str, str], ...]
    results: pd.DataFrame
    effects: tuple[Effect, ...]
    assumed: str
    report: Report
    domains: tuple[Domain, ...]
    items: pd.DataFrame
    questions: tuple[Question, ...]
    related: pd.DataFrame

    @property
    def reference(self) -> str:
        """The citation without the title, which stands above it."""
        return " ".join(self.study.trial.citation.replace(f"{self.study.trial.title}.", "").split())


def journal_club(study: str | Path | Study = "he2020") -> JournalClub:
    """Compute what a journal club needs from the printed record of a paper.

    Parameters
    ----------
    study : str, pathlib.Path or Study
        Name of a shipped study, a claims file, a folder with ``study.toml``, or a study in memory.

    Returns
    -------
    JournalClub

    Raises
    ------
    InputError
        The study cannot be loaded, or holds no claim.

    Examples
    --------
    >>> journal_club().results.loc[0, "p"]
    '0.052'
    """
    from lupus_kit import audit, published

    record = study if isinstance(study, published.Study) else published.load(study)
    if not record.records:
        raise InputError(
            f"{record.trial.key!r} holds no claim to discuss: lupus-kit audit --new shows how to write one."
        )
    key = record.trial.key
    key = key if key in published.studies() and record == published.load(key) else ""
    report, effects = audit.check(record).claims_only(), effects_of(record)
    known = known_numbers(record, effects, report) | (he2020_numbers() if key == "he2020" else {})
    return JournalClub(
        study=record,
        pico=_pico(record),
        results=_results(report, record),
        effects=effects,
        assumed=_assumed(effects),
        report=report,
        domains=domains(record, effects),
        items=items(record, is_he2020=key == "he2020"),
        questions=_questions(key, known),
        related=published.related(key) if key else pd.DataFrame(),
    )


def _pico(study: Study) -> tuple[tuple[str, str], ...]:
    """Take patients, arms and the primary outcome from the file; what it does not say stays empty, to be written in."""
    trial, arms = study.trial, list(study.trial.n_randomised.items())
    sizes = [f"{name} (n={n})" if n else name for name, n in arms]
    outcomes = [claim.title for claim in study.records if claim.role == "primary"]
    said = (
        ("Patients", trial.population),
        ("Intervention", " – ".join(filter(None, (listing(sizes[:1]), trial.intervention)))),
        ("Comparison", " – ".join(filter(None, (listing(sizes[1:]), trial.comparator)))),
        ("Outcome (primary)", listing(outcomes)),
        ("Design", trial.design),
    )
    return tuple((what, text or f"not in the file: {'_' * 60}") for what, text in said)


def _beside(claim: Claim) -> tuple[str, ...]:
    """Say what stands in brackets behind an outcome."""
    return (claim.role, "" if claim.confirmed else "not confirmed", *claim.arms[: claim.kind == "paired"])


def _results(report: Report, study: Study) -> pd.DataFrame:
    verdicts = {value.claim.id: value.in_words for value in report.values if value.quantity == "p"}
    rows = [
        (
            claim.title + "".join(f" ({said})" for said in _beside(claim) if said),
            " v ".join(f"{side} {claim.shown(place) or 'not printed'}" for place, side in enumerate(claim.sides)),
            claim.p or "not printed",
            verdicts.get(claim.id, "no p-value to check"),
        )
        for claim in sorted(study.records, key=rank)
    ]
    return pd.DataFrame(rows, columns=["outcome", "printed", "p", "audit"])


def _assumed(effects: Sequence[Effect]) -> str:
    """Say which outcomes count as bad, because a claims file does not."""
    harm = "" if any(one.harmful for one in effects) else "No harm in counts stands in this file. "
    by_word = [one.title for one in effects if one.harmful and one.claim.role != "safety"]
    more = f"; by its name also {listing(by_word)}" if by_word else ""
    return (
        f"{harm}Assumed: an outcome of the role safety is bad for a patient{more}; every other one is good. Where that is wrong, "
        "read NNTB (number needed to treat for one more to benefit) and NNTH (for one more to be harmed) the other way round."
    )


def _questions(key: str, known: Mapping[str, Any]) -> tuple[Question, ...]:
    """Fill the questions of this study, or those of every paper that what is known can answer."""
    listed = toml_beside(__file__, "questions.toml")["question"]
    own = [one for one in listed if one.get("of") == key]
    chosen = own or [one for one in listed if set(one.get("needs", ["nothing known"])) <= set(known)]
    parts = ("ask", "answer", "pitfall")
    return tuple(
        Question(**{part: one[part].format(**known) for part in parts}, minutes=one["minutes"]) for one in chosen
    )
