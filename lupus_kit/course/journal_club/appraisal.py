"""What a claims file says to the domains of RoB 2 and to CONSORT 2025, and what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lupus_kit import design
from lupus_kit.core.text import listing, plural
from lupus_kit.course.journal_club.effects import Effect, appraisal_data, is_harmful
from lupus_kit.published import Study

PRESENT, ABSENT, NOT_KNOWN = "present", "absent", "not known"


@dataclass(frozen=True)
class Domain:
    """One domain of RoB 2.

    Parameters
    ----------
    title : str
        What it is about.
    questions : tuple of str
        Its signalling questions, each with its number.
    fact : str
        What the record says to it.
    """

    title: str
    questions: tuple[str, ...]
    fact: str


def analysed(study: Study, effects: Sequence[Effect]) -> str:
    """Say how many of those randomised are counted in the first comparison."""
    if not effects:
        return "No comparison of two arms in counts."
    claim, (_, n1, _, n2) = effects[0].claim, effects[0].counts
    texts = []
    for arm, n in zip(claim.arms, (n1, n2), strict=True):
        of = study.trial.n_randomised[arm]
        texts.append(f"{n} of {'an unknown number' if of is None else of} on {arm}")
    return f"{effects[0].title}: counted are {listing(texts)}."


def domains(study: Study, effects: Sequence[Effect]) -> tuple[Domain, ...]:
    """Return the five domains with what the record says to each."""
    printed = sum(bool(claim.p) for claim in study.records)
    later = [claim for claim in study.records if claim.role in ("post hoc", "exploratory")]
    said = study.trial.design or "The file does not say how patients were assigned, nor who knew."
    facts = {
        "randomisation": said,
        "deviations": said,
        "missing": analysed(study, effects),
        "measurement": said,
        "selection": (
            f"Registry: {listing(study.trial.registry) or 'none in the file'}; {plural(printed, 'p-value')} among "
            f"{plural(len(study.records), 'claim')}, {len(later)} of them post hoc or exploratory."
        ),
    }
    return tuple(Domain(one["title"], tuple(one["questions"]), facts[one["key"]]) for one in appraisal_data()["domain"])


def items(study: Study, is_he2020: bool = False) -> pd.DataFrame:
    """Return the CONSORT 2025 items that an abstract or a claims file can show.

    Parameters
    ----------
    study : Study
        The record.
    is_he2020 : bool
        Whether it is the study whose design the kit holds, fact by fact.

    Returns
    -------
    pandas.DataFrame
        ``number about status why``; ``status`` is ``"present"``, ``"absent"`` or ``"not known"``.
    """
    facts = design.he2020().facts() if is_he2020 else pd.DataFrame(columns=["topic"])
    known = facts.set_index("topic")
    rows = []
    for item in appraisal_data()["item"]:
        if (topic := item.get("topic")) in known.index:
            shown = PRESENT if known.at[topic, "reported"] else ABSENT, str(known.at[topic, "fact"])
        elif "field" in item:
            shown = _of_field(study, item["field"], item.get("words", [""]))
        elif "role" in item:
            shown = _of_role(study, item["role"])
        elif "count" in item:
            shown = _of_comparisons(study, item["count"])
        else:
            shown = NOT_KNOWN, "a claims file has no place for it"
        rows.append((item["number"], item["about"], *shown))
    return pd.DataFrame(rows, columns=["number", "about", "status", "why"])


def _of_field(study: Study, field: str, words: Sequence[str]) -> tuple[str, str]:
    """Show a key of the study; without one of the words it may stand in the paper all the same."""
    sizes = study.trial.n_randomised
    if field == "sizes":
        text = listing(f"{n} {arm}" for arm, n in sizes.items()) if all(sizes.values()) else ""
    else:
        value = getattr(study.trial, field)
        text = value if isinstance(value, str) else listing(value)
    said = text and any(word in text.lower() for word in words)
    return (PRESENT, text) if said else (NOT_KNOWN, "not in the file")


def _of_role(study: Study, role: str) -> tuple[str, str]:
    """Show the claims and tables of a role; of harms, also those that a word of their name makes one."""
    titles = [claim.title for claim in study.records if claim.role == role or (role == "safety" and is_harmful(claim))]
    titles += [layout.title or layout.key for layout in study.layouts.values() if layout.role == role]
    if titles:
        return PRESENT, listing(titles, most=6)
    return (ABSENT, "no claim of a harm") if role == "safety" else (NOT_KNOWN, "not in the file")


def _of_comparisons(study: Study, what: str) -> tuple[str, str]:
    """Count the comparisons of arms that print something."""
    compared = [claim for claim in study.records if len(claim.arms) > 1 and claim.role != "baseline"]
    if what == "patients":
        shown = sum(all(value.n for value in claim.values) for claim in compared)
    else:
        shown = sum(bool(getattr(claim, what)) for claim in compared)
    status = NOT_KNOWN if not compared else PRESENT if shown == len(compared) else ABSENT
    return status, f"{shown} of {plural(len(compared), 'comparison')}"
