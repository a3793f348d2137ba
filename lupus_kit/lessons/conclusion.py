"""Read a written conclusion for over-claiming: phrases that say more than two counts can, and numbers nobody printed.

The reader is a list of patterns, not a judge: it can miss an over-claim that is worded in a new way, and it can
stumble over a careful sentence. So each remark quotes the words that it is about.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lupus_kit.core.templates import toml_beside
from lupus_kit.lessons.exercises.record import table

#: How many characters before a phrase a hedge may stand.
_REACH = 60


@dataclass(frozen=True)
class Rule:
    """A phrase that claims too much, and what the numbers carry instead.

    Parameters
    ----------
    key : str
        Short name of the slip.
    pattern : str
        Regular expression, matched without regard to capitals.
    remark : str
        What to say about it; the words that matched are quoted before it.
    hedge : str
        Words that take the claim away where they stand shortly before the phrase; empty where nothing does.
    """

    key: str
    pattern: str
    remark: str
    hedge: str


#: The fewest and the most sentences of a conclusion, and of a paragraph for a panel, in words.
_TWO, _PARAGRAPH = (2, 2, "two"), (3, 8, "three to eight")
_TEXTS = toml_beside(__file__, "conclusion.toml")
RULES = tuple(Rule(**{"hedge": _TEXTS["hedge"]} | rule) for rule in _TEXTS["rule"])
_PRIMARY, _MISSED, _UNSURE = (re.compile(_TEXTS[name], re.IGNORECASE) for name in ("primary", "missed", "unsure"))
_Counts = tuple[int, int, int, int]
#: A paragraph for a panel that passes.
PANEL_EXAMPLE: str = _TEXTS["panel_example"]
_FRACTION = re.compile(r"(?<![\d.,/])(\d{1,3})\s*(?:/|of|out of)\s*(?:the )?(\d{1,3})(?![\d/])")
_P = re.compile(r"\bp(?:-value)?\s*(?:=|of|was|is|:)\s*(0?[.,·]\d+)", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """Split a text into sentences; decimals and usual short forms end none.

    Examples
    --------
    >>> sentences("It was missed (p=0.052). He et al. say so, too!")
    ['It was missed (p=0.052).', 'He et al. say so, too!']
    """
    guarded = re.sub(r"\b(al|vs|v|e\.g|i\.e|cf|No|approx|wk|Dr)\.", lambda found: found[0][:-1] + "\0", text.strip())
    parts = re.split(r"(?<=[.!?])[\"”’)]*\s+(?=\S)", guarded)
    return [part.replace("\0", ".").strip() for part in parts if re.search(r"\w", part)]


def remarks(text: str) -> list[str]:
    """Say what a conclusion about the two visits claims beyond the numbers, and what it leaves out.

    Parameters
    ----------
    text : str
        A conclusion in two sentences.

    Returns
    -------
    list of str
        One sentence for each remark, none where nothing was found.

    Examples
    --------
    >>> remarks("The primary endpoint was not met. The estimates favour IL-2, with wide intervals.")
    []
    >>> remarks("The primary endpoint was missed. There was a trend, with a wide interval.")[0][:8]
    '“trend”:'
    """
    found = sentences(text)
    known = [table(claim) for claim in ("sri4_week12", "sri4_week24")]
    said = [*_length(found, *_TWO), *_overclaims(found), *_left_out(text)]
    return [*said, *_counts(text, known), *_p_values(text, known)]


def panel_remarks(text: str) -> list[str]:
    """Say what a paragraph for a guideline panel claims beyond the two trials, and which points of the rubric it lacks.

    Parameters
    ----------
    text : str
        Three to eight sentences on He 2020 and LUPIL-2.

    Returns
    -------
    list of str
        One sentence for each remark, none where nothing was found. P-values are not looked at: a pooled one may be meant.

    Examples
    --------
    >>> panel_remarks(PANEL_EXAMPLE)
    []
    """
    found = sentences(text)
    known = [table("sri4_week12"), table("sri4_week24")]
    known += [table(claim, "lupil2") for claim in ("sri4_week12", "sri4_week12_per_protocol")]
    lacks = [point["remark"] for point in _TEXTS["panel"] if not re.search(point["pattern"], text, re.IGNORECASE)]
    return [*_length(found, *_PARAGRAPH), *_overclaims(found), *_left_out(text), *lacks, *_counts(text, known)]


def _length(found: list[str], fewest: int, most: int, asked: str) -> Iterator[str]:
    if not fewest <= len(found) <= most:
        what = "the conclusion" if most == 2 else "the paragraph"
        yield f"{what} has {len(found)} sentence{'' if len(found) == 1 else 's'}; {asked} are asked for."


def _overclaims(found: list[str]) -> Iterator[str]:
    for rule in RULES:
        for sentence in found:
            match = re.search(rule.pattern, sentence, re.IGNORECASE)
            # The words shortly before a phrase, and the phrase itself: "was not significantly" hedges inside.
            around = sentence[max(0, match.start() - _REACH) : match.end()] if match else ""
            if match and not (rule.hedge and re.search(rule.hedge, around, re.IGNORECASE)):
                yield f"“{match[0].strip()}”: {rule.remark}"
                break


def _left_out(text: str) -> Iterator[str]:
    if not any(_PRIMARY.search(sentence) and _MISSED.search(sentence) for sentence in sentences(text)):
        yield "say what became of the primary endpoint at week 12: it was missed."
    if not _UNSURE.search(text):
        yield "say how sure we are: an interval, or what a larger trial would have to settle."


def _counts(text: str, known: list[_Counts]) -> Iterator[str]:
    """Compare counts in the text with the record."""
    counts = {pair for x1, n1, x2, n2 in known for pair in ((x1, n1), (x2, n2))}
    sizes = {n for _, n in counts}
    for x, n in _FRACTION.findall(text):
        if int(n) in sizes and (int(x), int(n)) not in counts:
            yield f"“{x}/{n}”: that count is not in the record."


def _p_values(text: str, known: list[_Counts]) -> Iterator[str]:
    """Compare p-values in the text with what the tests of the record's counts give."""
    from lupus_kit import audit

    for printed in dict.fromkeys(_P.findall(text)):
        number = "0" + printed.lstrip("0").replace(",", ".").replace("·", ".")
        if not any(audit.explain(number, *counts_of)["rounds_to_reported"].any() for counts_of in known):
            yield f"“p={printed}”: neither the paper nor any test of these counts prints that."
