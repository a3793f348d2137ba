"""What a comparison is about: the endpoint's name and the visit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lupus_kit.audit.reading.words.entities import EVENTS, Entity
from lupus_kit.audit.reading.words.numerals import NUM
from lupus_kit.audit.reading.words.sentences import Sentence

NOT_NAMED = "endpoint not named"
_UNIT = {"wk": "week", "mo": "month", "yr": "year", "hr": "hour", "h": "hour", "min": "minute", "d": "day"}
_TIME_IN = re.compile(
    rf"(?P<unit>[A-Za-z]+)[\s-](?P<after>{NUM})|(?P<before>{NUM})[\s-]*(?P<unit2>[A-Za-z]+)", re.IGNORECASE
)
_AT = re.compile(
    r"\b(?:at|by|after|within|over|during|through|to|of|in|the)\s+(?:the\s+)?(?:first\s+)?$", re.IGNORECASE
)
_END = re.compile(
    r"\bat\s+(?:the\s+)?(?:end\s+of\s+(?:the\s+)?(?:follow-up|treatment|study|trial)|discharge|"
    r"hospital\s+discharge|baseline|study\s+end|last\s+follow-up)\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:(?:[,;:.)(\s]|\b(?:the|a|an|and|or|in|of|for|on|by|to|with|as|but|both|similarly|however|moreover|"
    r"furthermore|also|overall|more|fewer|significantly|respectively|there|were|was|is|had|who|that|"
    r"patients|participants|subjects|women|men|children|individuals|those|rates?|percentages?|proportions?|"
    r"incidences?|frequency|frequencies|numbers?|achieving|attaining|reaching|having|experiencing|"
    r"additionally|corresponding|values?|figures|results?|at|after|end\s+of|occurred|compared|than|versus|vs|"
    r"higher|lower|greater|improved|increased|reduced|decreased|led|resulted|rate|including|namely|mainly|over|"
    r"during|median|mean|follow-up|their|its|percentage|proportion|in\s+addition|not|randomi[sz]ed|assigned|"
    r"allocated|receiving|received|treated|given|no\s+(?:statistically\s+)?(?:significant\s+)?differences?|while|whereas|achieved|showed|analys[ie]s|post[\s-]?hoc|"
    r"differences?|between|groups?|common|most|least|statistically|main|treatment|therapy|an?\s+estimated|"
    r"approximately|about|among|all|total|respond(?=\s*$))\b)\s*)+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:[,;:.)(\s%]|\b(?:the|a|an|and|or|in|of|for|on|by|to|with|as|at|was|were|is|are|had|did|occurred|"
    r"occurring|achieved|reported|observed|seen|noted|recorded|found|reached|attained|met|developed|experienced|"
    r"among|from|than|versus|vs|v|compared|rates?|significantly|statistically|more|fewer|less|higher|lower|"
    r"greater|frequently|often|common|similar|only|respectively|between|groups?|arms?|patients|participants|"
    r"subjects|women|children|those|assigned|receiving|treated|who|that|resulted|led|be|been|has|have|not|differ|"
    r"by|week|after|treatment|under|given|improved|compared|reduced|increased|while|whereas|difference|but|during|"
    r"over|also|any)\b)+$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(r"(?<=[%\d]) or (?:more|less|greater|higher|lower|fewer|better)\b")
_HIGHER = re.compile(
    r"\b(?:(?:was|were|is|are)\s+)?(?:(?:not\s+)?(?:statistically\s+)?significantly\s+|numerically\s+|"
    r"markedly\s+)?(?:more\s+(?:common|frequent)|less\s+(?:common|frequent)|higher|lower|greater|"
    r"similar)\b(?:\s+than\b)?(?:\s+that\b)?"
    r"(?:\s+(?:in|for|with|among)\s+(?:the\s+(?:groups?\b|arms?\b)|those\s+who\s+received|(?=,|;|$)))?",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:achieved|had|reached|experienced|developed|met|reported|attained|showed|underwent|received|"
    r"required|completed|discontinued|withdrew|reporting|achieving)\s+(?P<what>[^,;()]{3,90})",
    re.IGNORECASE,
)
_VERB_ALONE = re.compile(
    r"\b(?:died|responded|relapsed|improved|survived|recovered|withdrew|discontinued|progressed|"
    r"flared|conceived|relapsing|remitted|healed|failed)\b",
    re.IGNORECASE,
)
WORD = re.compile(r"[A-Za-z][\w-]*")
UNTELLING = frozenset(
    WORD.findall(
        "low-dose high-dose low high dose oral daily but it its their this these however overall the and of in "
        "with for patients group at week month a an to who had "
    )
)


def _clean(words: str) -> str:
    words = re.sub(r"\s+", " ", _HIGHER.sub(" ", words)).strip()
    words = _OR_MORE.sub(lambda match: match[0].replace(" ", "_") + "_", words)
    for _ in range(4):
        words = _TAIL.sub("", _LEAD.sub("", words)).strip(" ,;:.-()")
    words = re.sub(r"(?<=[%\d])_(or)_(\w+?)_", r" \1 \2", words)
    return (
        words
        if len(WORD.findall(words)) and len(words) <= 160
        else words[:157].rsplit(" ", 1)[0] + "..."
        if words
        else ""
    )


def _last_clause(words: str) -> str:
    """Return what follows the last colon or semicolon, when it says something."""
    parts = [
        part for part in re.split(r"[:;]", words) if any(w.lower() not in UNTELLING for w in WORD.findall(_clean(part)))
    ]
    return parts[-1] if parts else words


def endpoint_name(text: str, low: int, high: int, start: int, end: int, hide: Sequence[tuple[int, int]]) -> str:
    """Name the endpoint of a comparison from the words around it.

    Parameters
    ----------
    text : str
        Plain text.
    low, high : int
        The stretch that may speak of this comparison: from the one before to the next.
    start, end : int
        From its first number or arm to its last.
    hide : sequence of (int, int)
        Numbers, arms, visits and p-values, which are no part of the name.

    Returns
    -------
    str
        A phrase, or ``"endpoint not named"``.
    """

    def words(a: int, b: int) -> str:
        pieces, at = [], a
        for x, y in hide:
            if y <= a or x >= b:
                continue
            pieces.append(text[at : max(at, x)])
            at = max(at, y)
        pieces.append(text[at : max(at, b)])
        return " ".join(pieces)

    before, inside, after = words(low, start), words(start, end), words(end, high)
    for piece in (before, inside, after):
        if match := _VERB.search(piece) if piece is not before else None:
            name = _clean(match["what"])
        elif piece is not before and (match := _VERB_ALONE.search(piece)):
            name = match[0].lower()
        else:
            name = _clean(_last_clause(piece) if piece is before else re.split(r"[,;]", piece)[0])
        if any(word.lower() not in UNTELLING for word in WORD.findall(name)):
            return name
    if match := re.search(rf"\b(?:[a-z]+\s+)?{EVENTS}\b", text[low:high], re.IGNORECASE):
        return match[0].strip()
    return NOT_NAMED


def visit_name(words: str) -> str:
    """Return a visit as "week 12", whichever way round it is printed."""
    words = re.sub(r"\s+", " ", words.strip())
    match = _TIME_IN.search(words)
    if not match:
        return words
    unit = (match["unit"] or match["unit2"]).lower().rstrip("s") or "h"
    if re.search(r"\d\s*(?:-|to|through|,|and)\s*\d", words):
        return words.lower()
    return f"{_UNIT.get(unit, unit)} {(match['after'] or match['before'])}"


def find_visit(
    text: str, sentence: Sentence, times: Sequence[Entity], start: int, end: int, low: int, high: int
) -> tuple[str, tuple[int, int] | None]:
    """Return the visit of a comparison and where it stands: the nearest one of its own part of the sentence."""
    near = []
    for one in times:
        if not (sentence.start <= one.start < sentence.end):
            continue
        before = text[max(sentence.start, one.start - 25) : one.start]
        is_point = one.kind == "visit" or _AT.search(before)
        if not is_point or re.search(
            r"\b(?:for|every|median|mean|follow-up\s+of|each|age|aged|lasting|previous|prior|last|"
            r"past)\s*(?:\w+\s+)?$",
            before,
            re.IGNORECASE,
        ):
            continue
        words = text[one.start : one.end]
        if (
            one.kind == "time"
            and re.search(r"\d-(?:week|month|day|year|hour|minute|wk|yr)", words)
            and not re.match(
                r"\s*(?:visit|follow-up|assessment|mortality|"
                r"survival)",
                text[one.end :],
            )
        ):
            continue
        own = low <= one.start <= high
        distance = max(start - one.end, one.start - end, 0)
        of_next = one.start >= end and high < sentence.end
        near.append((not own, of_next, distance, one, words))
    if near:
        *_, one, words = min(near, key=lambda item: item[:3])
        return visit_name(words), (one.start, one.end)
    match = _END.search(text, sentence.start, sentence.end)
    return (re.sub(r"^at (?:the )?", "", re.sub(r"\s+", " ", match[0].lower())), match.span()) if match else ("", None)
