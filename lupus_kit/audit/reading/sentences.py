"""Sentences of an abstract, with headings glued to their neighbours cut off."""

import re
from itertools import pairwise

from lupus_kit.audit.reading.spellings import WORDS

_NAMES = WORDS["headings"]
#: A heading: in capitals, before a colon, on a line of its own, or glued to the word behind it ("ResultsAt week 12").
_HEADING = re.compile(
    rf"(?:(?<=[.?!)\n])|(?<=[.?!)]\s)|^)(?:(?i:{_NAMES})(?:\s?[:\n]|(?<=[A-Z]{{4}})(?:\b|(?=[A-Z][a-z ])))|{_NAMES}(?=\s?[A-Z(]))"
)
_STOP = re.compile(
    r"[.!?](?=[\s\"')]*\s[\"'(]?[a-z]{0,2}[A-Z\d])|\n\s*\n|[.?!](?=[A-Z][a-z]+\s)|(?<=[a-z)])[.](?=[A-Z][a-z]{3})"
)
_ABBREVIATION = re.compile(r"(?:\b(?:vs?|e\.g|i\.e|cf|approx|figs?|al|dr|st|resp|ca|no|incl|max|min)|S\.D|S\.E)$", re.I)


def sentences(text: str) -> list[tuple[int, int]]:
    """Cut a text into sentences: where each begins and ends; headings are left out.

    Examples
    --------
    >>> [text[a:b] for text in ["MethodsWe saw 5% v. 4%.ResultsNone died."] for a, b in sentences(text)]
    ['We saw 5% v. 4%.', 'None died.']
    """
    headings = {match.start(): match.end() for match in _HEADING.finditer(text)}
    cuts = {0, len(text), *headings, *headings.values()}
    for match in _STOP.finditer(text):
        if match[0] != "." or not _ABBREVIATION.search(text, max(0, match.start() - 8), match.start()):
            cuts.add(match.end())
    found = []
    for low, high in pairwise(sorted(cuts)):
        piece = text[low:high]
        if piece.strip() and headings.get(low) != high:
            start = low + len(piece) - len(piece.lstrip())
            found.append((start, start + len(piece.strip())))
    return found
