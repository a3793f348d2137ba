"""Sentences of an abstract, without its headings."""

import re
from dataclasses import dataclass
from itertools import pairwise

from lupus_kit.audit.reading.spellings import word_list

_HEADINGS = sorted(word_list("headings"), key=len, reverse=True)
#: A heading stands at the beginning of a line or a sentence and ends with a colon, a line, or is all capitals.
_HEADING = re.compile(
    rf"(?:^|(?<=\n)|(?<=[.!?)]\s)|(?<=[.!?)]\s\s))[ ]*(?P<name>{'|'.join(_HEADINGS)})"
    r"(?P<end>\s*[:-]|\s*\.\s|[ ]*\n|\s(?=[A-Z(\d]))",
    re.IGNORECASE,
)
_STOP = re.compile(r"[.!?](?=[\s\"')]*\s+[\"'(]?[A-Z\d])|\n\s*\n|[.!?][\"')]?\s*\n|[.](?=[A-Z][a-z]+\s)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:vs?|e\.g|i\.e|cf|approx|figs?|al|dr|st|resp|ca|prof|refs?|eq|incl|max|min)|S\.D|S\.E)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Sentence:
    """One sentence: a slice of the plain text."""

    start: int
    end: int


def _headings(text: str) -> dict[int, int]:
    """Return where each heading begins and ends."""
    found = {}
    for match in _HEADING.finditer(text):
        name, end = match["name"], match["end"]
        on_its_own = "\n" in end or end.strip() == "."
        if end.strip() == ":" or (name[0].isupper() and on_its_own) or (name.isupper() and len(name) > 4):
            found[match.start()] = match.end()
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
    cuts = {0, len(text), *headings, *headings.values()}
    for match in _STOP.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        abbreviated = match[0][0] == "." and _ABBREVIATION.search(before)
        if not abbreviated or text.startswith("\n", match.end()):
            cuts.add(match.end())
    found = []
    for low, high in pairwise(sorted(cuts)):
        piece = text[low:high]
        if piece.strip() and headings.get(low) != high:
            start = low + len(piece) - len(piece.lstrip())
            found.append(Sentence(start, start + len(piece.strip())))
    return found
