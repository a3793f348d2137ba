"""Sentences of an abstract, each with the section it stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_HEADINGS = {
    "methods": (
        "patients and methods|materials? and methods|methods and results|methods?|study design|trial design|"
        "design, setting,? and participants|"
        "design,? settings?,? participants?|design|settings?|participants|interventions?|main outcomes? and measures?|"
        "main outcome measures?|outcome measures?|measurements|study selection|patients"
    ),
    "results": "main results|results|findings",
    "conclusions": (
        "conclusions and relevance|conclusions?/interpretation|conclusions?|interpretation|discussion|limitations?|"
        "added value|meaning"
    ),
    "other": (
        "background|introduction|objectives?|aims?|purpose|importance|question|rationale|context|hypothesis|funding|"
        "primary funding source|clinical trials? registration|trial registration(?: number)?|registration|trial number"
    ),
}
_SECTION = {name: section for section, names in _HEADINGS.items() for name in re.split(r"\|", names)}
_ANY = "|".join(sorted((name for names in _HEADINGS.values() for name in names.split("|")), key=len, reverse=True))
#: A heading stands at the beginning of a line or a sentence and ends with a colon, a line, or is all capitals.
_HEADING = re.compile(
    rf"(?:^|(?<=\n)|(?<=[.!?)]\s)|(?<=[.!?)]\s\s))[ ]*(?P<name>{_ANY})(?P<end>\s*[:-]|\s*\.\s|[ ]*\n|\s(?=[A-Z(\d]))",
    re.IGNORECASE,
)
_STOP = re.compile(r"[.!?](?=[\s\"')]*\s+[\"'(]?[A-Z\d])|\n\s*\n|[.!?][\"')]?\s*\n|[.](?=[A-Z][a-z]+\s)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:vs?|e\.g|i\.e|cf|approx|fig|figs|al|dr|st|resp|ca|prof|ref|refs|eq|incl|max|min)|\b(?-i:no|"
    r"[Nn]o)(?=\.\s*\d)|S\.D|S\.E)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """One sentence: a slice of the plain text, and ``"methods"``, ``"results"``, ``"conclusions"``, ``"other"`` or ``""``."""

    start: int
    end: int
    section: str


def _headings(text: str) -> list[tuple[int, int, str]]:
    found = []
    for match in _HEADING.finditer(text):
        name, end = match["name"], match["end"]
        plain_colon = end.strip() == ":"
        on_its_own = "\n" in end or end.strip() == "."
        if plain_colon or (name[0].isupper() and on_its_own) or (name.isupper() and len(name) > 4):
            section = _SECTION.get(re.sub(r"\s+", " ", name.lower()), "other")
            found.append((match.start(), match.end(), section))
    return found


def sentences(text: str) -> list[Sentence]:
    """Cut a plain text into sentences.

    Parameters
    ----------
    text : str
        In the spelling of :func:`lupus_kit.audit.reading.spellings.plain`.

    Returns
    -------
    list of Sentence
        In order; blank ones and headings are left out.

    Examples
    --------
    >>> [text[s.start : s.end] for text in ["Results: 5% v. 4% had it. None died."] for s in sentences(text)]
    ['5% v. 4% had it.', 'None died.']
    """
    headings = _headings(text)
    cuts: set[int] = {0, len(text)}
    for match in _STOP.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        abbreviated = match[0][0] == "." and _ABBREVIATION.search(before) and not _ends_with_number(before)
        if abbreviated and not text.startswith("\n", match.end()):
            continue
        cuts.add(match.end())
    sections: dict[int, str] = {}
    for start, end, section in headings:
        cuts |= {start, end}
        sections[end] = section
    heads = {start: end for start, end, _ in headings}
    ordered = sorted(cuts)
    found, section = [], ""
    for low, high in pairwise(ordered):
        section = sections.get(low, section)
        if low in heads and heads[low] == high:
            continue
        piece = text[low:high]
        start = low + len(piece) - len(piece.lstrip())
        end = high - (len(piece) - len(piece.rstrip()))
        if start < end:
            found.append(Sentence(start, end, section))
    return found


def _ends_with_number(before: str) -> bool:
    return bool(re.search(r"\d$", before))
