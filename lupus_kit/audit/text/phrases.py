"""What a comparison is about: the endpoint's name, the visit, its role in the plan, whether it was met."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lupus_kit.audit.text.entities import EVENTS, Entity
from lupus_kit.audit.text.numbers import NUM
from lupus_kit.audit.text.sentences import Sentence

NOT_NAMED = "endpoint not named"
_UNIT = {"wk": "week", "mo": "month", "yr": "year", "hr": "hour", "h": "hour", "min": "minute", "d": "day"}
_TIME_IN = re.compile(rf"(?P<unit>[A-Za-z]+)[\s-](?P<after>{NUM})|(?P<before>{NUM})[\s-]*(?P<unit2>[A-Za-z]+)", re.IGNORECASE)
_AT = re.compile(r"\b(?:at|by|after|within|over|during|through|to|of|in|the)\s+(?:the\s+)?(?:first\s+)?$", re.IGNORECASE)
_END = re.compile(r"\bat\s+(?:the\s+)?(?:end\s+of\s+(?:the\s+)?(?:follow-up|treatment|study|trial)|discharge|hospital\s+discharge|baseline|study\s+end|last\s+follow-up)\b", re.IGNORECASE)
_ENDPOINT_WORD = r"(?:end[\s-]?points?|outcomes?|efficacy\s+(?:end[\s-]?points?|outcomes?|measures?|variables?)|(?:composite|safety|efficacy|clinical)\s+(?:end[\s-]?points?|outcomes?)|objectives?|measures?)"
_ROLES = (
    ("post hoc", re.compile(r"\bpost[\s-]?hoc\b", re.IGNORECASE)),
    ("exploratory", re.compile(r"\bexploratory\b", re.IGNORECASE)),
    ("secondary", re.compile(rf"\b(?:key\s+|major\s+|main\s+|first\s+)?secondary\s+(?:\w+\s+){{0,2}}?{_ENDPOINT_WORD}", re.IGNORECASE)),
    ("primary", re.compile(rf"\b(?:co-?)?primary[\s-]+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}", re.IGNORECASE)),
    ("safety", re.compile(r"\b(?:adverse|safety|toxicit\w+|side[\s-]effects?|tolerat\w+|(?:serious|severe|opportunistic|upper\s+respiratory\s+tract)\s+infections?|major\s+bleeding|h(?:a)?emorrhage|hypoglyc\w+|zoster|discontinu\w+|nausea|injection[\s-]site)\b", re.IGNORECASE)),
    ("baseline", re.compile(r"\bat\s+baseline\b|\bbaseline\s+characteristics\b", re.IGNORECASE)),
)
_DEFINES = re.compile(
    rf"\b(?P<role>(?:co-?)?primary|(?:key\s+|major\s+|main\s+)?secondary)\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}(?:\s+and\s+measures?)?(?:\s*\([^)]{{0,60}}\))?(?:\s+of\s+\w+\s+\w+)?\s*(?:was|were|is|included?|comprised|:|,)\s+(?P<what>.{{3,400}})",
    re.IGNORECASE | re.DOTALL,
)
_NOT_MET = re.compile(
    rf"\b(?:primary\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}\s+(?:(?:was|were)\s+not\s+(?:met|achieved|reached|attained)|(?:was|were)\s+missed|not\s+(?:met|achieved)|did\s+not\s+differ)|"
    rf"(?:did\s+not|failed\s+to|not)\s+(?:meet|achieve|reach|attain)\s+(?:its|the|their)\s+(?:\w+\s+)?primary\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}|missed\s+(?:its|the)\s+primary)",
    re.IGNORECASE,
)
_MET = re.compile(
    rf"\bprimary\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}\s+(?:was|were)\s+(?:met|achieved|reached|attained)\b|\bmet\s+(?:its|the|their)\s+(?:\w+\s+)?primary\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:(?:[,;:.)(\s]|\b(?:the|a|an|and|or|in|of|for|on|by|to|with|as|but|both|similarly|however|moreover|furthermore|also|overall|more|fewer|significantly|respectively|there|were|was|is|had|who|that|"
    r"patients|participants|subjects|women|men|children|individuals|those|rates?|percentages?|proportions?|incidences?|frequency|frequencies|numbers?|achieving|attaining|reaching|having|experiencing|"
    r"additionally|corresponding|values?|figures|results?|at|after|end\s+of|occurred|compared|than|versus|vs|higher|lower|greater|improved|increased|reduced|decreased|led|resulted|rate|including|namely|mainly|over|during|median|mean|follow-up|their|its|percentage|proportion|in\s+addition|not|randomi[sz]ed|assigned|allocated|receiving|received|treated|given|achieved|showed|analys[ie]s|post[\s-]?hoc|"
    r"differences?|between|groups?|common|most|least|statistically|main|treatment|therapy|an?\s+estimated|approximately|about|among|all|total|respond(?=\s*$))\b)\s*)+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:[,;:.)(\s%]|\b(?:the|a|an|and|or|in|of|for|on|by|to|with|as|at|was|were|is|are|had|did|occurred|occurring|achieved|reported|observed|seen|noted|recorded|found|reached|attained|met|developed|experienced|"
    r"among|from|than|versus|vs|v|compared|rates?|significantly|statistically|more|fewer|less|higher|lower|greater|frequently|often|common|similar|only|respectively|between|groups?|arms?|patients|participants|"
    r"subjects|women|children|those|assigned|receiving|treated|who|that|resulted|led|be|been|has|have|not|differ|by|week|after|treatment|under|given|improved|compared|reduced|increased|while|whereas|difference|but|during|over|also|any)\b)+$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(r"(?<=[%\d]) or (?:more|less|greater|higher|lower|fewer|better)\b")
_HIGHER = re.compile(
    r"\b(?:(?:was|were|is|are)\s+)?(?:(?:not\s+)?(?:statistically\s+)?significantly\s+|numerically\s+|markedly\s+)?(?:more\s+(?:common|frequent)|less\s+(?:common|frequent)|higher|lower|greater|similar)\b(?:\s+than\b)?(?:\s+that\b)?"
    r"(?:\s+(?:in|for|with|among)\s+(?:the\s+(?:groups?\b|arms?\b)|those\s+who\s+received|(?=,|;|$)))?",
    re.IGNORECASE,
)
_VERB = re.compile(r"\b(?:achieved|had|reached|experienced|developed|met|reported|attained|showed|underwent|received|required|completed|discontinued|withdrew|reporting|achieving)\s+(?P<what>[^,;()]{3,90})", re.IGNORECASE)
_VERB_ALONE = re.compile(r"\b(?:died|responded|relapsed|improved|survived|recovered|withdrew|discontinued|progressed|flared|conceived|relapsing|remitted|healed|failed)\b", re.IGNORECASE)
_PLANNED = re.compile(rf"\b(?:week|month|day|year)s?\s{NUM}|{NUM}\s(?:weeks?|months?|days?|years?)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][\w-]*")
_UNTELLING = frozenset("low-dose high-dose low high dose oral daily but it its their this these however overall the and of in with for patients group at week month a an to who had".split())
_EMPTY = frozenset("low-dose high-dose low high dose oral daily but it its their this these however overall median mean the and of in with for patients rate rates response group at week month a an to who had was were or on by from as treatment proportion percentage".split())


@dataclass(frozen=True)
class Plan:
    """What the text says of its endpoints before the results: (role, words) of each definition."""

    definitions: tuple[tuple[str, str], ...]
    met: str


def read_plan(text: str, parts: Sequence[Sentence]) -> Plan:
    """Find the sentences that define endpoints, and the one that says whether the primary one was met."""
    found = []
    for sentence in parts:
        piece = text[sentence.start : sentence.end]
        if len(piece) > 3000:
            continue
        at = 0
        while match := _DEFINES.search(piece, at):
            at = match.start("what")
            what = re.split(rf"\b(?:secondary|primary)\s+(?:\w+\s+){{0,3}}?{_ENDPOINT_WORD}", match["what"], maxsplit=1, flags=re.IGNORECASE)[0]
            found.append(("primary" if "primary" in match["role"].lower() else "secondary", what))
    whole = [text[s.start : s.end] for s in parts]
    not_met = any(_NOT_MET.search(piece) for piece in whole)
    met = any(_MET.search(piece) for piece in whole)
    return Plan(tuple(found), "" if met == not_met else "not met" if not_met else "met")


def _clean(words: str) -> str:
    words = re.sub(r"\s+", " ", _HIGHER.sub(" ", words)).strip()
    words = _OR_MORE.sub(lambda match: match[0].replace(" ", "_") + "_", words)
    for _ in range(4):
        words = _TAIL.sub("", _LEAD.sub("", words)).strip(" ,;:.-()")
    words = re.sub(r"(?<=[%\d])_(or)_(\w+?)_", r" \1 \2", words)
    return words if len(_WORD.findall(words)) and len(words) <= 160 else words[:157].rsplit(" ", 1)[0] + "..." if words else ""


def _last_clause(words: str) -> str:
    """Return what follows the last colon or semicolon, when it says something."""
    parts = [part for part in re.split(r"[:;]", words) if any(w.lower() not in _UNTELLING for w in _WORD.findall(_clean(part)))]
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
        if any(word.lower() not in _UNTELLING for word in _WORD.findall(name)):
            return name
    if match := re.search(rf"\b(?:[a-z]+\s+)?{EVENTS}\b", text[low:high], re.IGNORECASE):
        return match[0].strip()
    return NOT_NAMED


def _visit_name(words: str) -> str:
    words = re.sub(r"\s+", " ", words.strip())
    match = _TIME_IN.search(words)
    if not match:
        return words
    unit = (match["unit"] or match["unit2"]).lower().rstrip("s") or "h"
    if re.search(r"\d\s*(?:-|to|through|,|and)\s*\d", words):
        return words.lower()
    return f"{_UNIT.get(unit, unit)} {(match['after'] or match['before'])}"


def find_visit(text: str, sentence: Sentence, times: Sequence[Entity], start: int, end: int, low: int, high: int) -> tuple[str, tuple[int, int] | None]:
    """Return the visit of a comparison and where it stands: the nearest one of its own part of the sentence."""
    near = []
    for one in times:
        if not (sentence.start <= one.start < sentence.end):
            continue
        before = text[max(sentence.start, one.start - 25) : one.start]
        is_point = one.kind == "visit" or _AT.search(before)
        if not is_point or re.search(r"\b(?:for|every|median|mean|follow-up\s+of|each|age|aged|lasting|previous|prior|last|past)\s*(?:\w+\s+)?$", before, re.IGNORECASE):
            continue
        words = text[one.start : one.end]
        if one.kind == "time" and re.search(r"\d-(?:week|month|day|year|hour|minute|wk|yr)", words) and not re.match(r"\s*(?:visit|follow-up|assessment|mortality|survival)", text[one.end :]):
            continue
        own = low <= one.start <= high
        distance = max(start - one.end, one.start - end, 0)
        near.append((not own, distance, one, words))
    if near:
        _, _, one, words = min(near, key=lambda item: item[:2])
        return _visit_name(words), (one.start, one.end)
    match = _END.search(text, sentence.start, sentence.end)
    return (re.sub(r"^at (?:the )?", "", re.sub(r"\s+", " ", match[0].lower())), match.span()) if match else ("", None)


def _key_words(words: str) -> set[str]:
    return {w.lower().rstrip("s") for w in _WORD.findall(words)} - _EMPTY


def role_of(text: str, low: int, high: int, sentence: Sentence, endpoint: str, visit: str, plan: Plan) -> tuple[str, str]:
    """Return the role of a comparison, and what was assumed to find it.

    The words just before the comparison decide; then its own sentence; then the definitions of the plan, by the
    acronyms and words they share with the endpoint.
    """
    own = text[low:high]
    for piece in (own, text[sentence.start : sentence.end]):
        for role, pattern in _ROLES:
            if pattern.search(piece):
                return role, ""
        if re.search(r"\bsecondary\b", piece[:40], re.IGNORECASE):
            return "secondary", ""
    wanted = _key_words(endpoint)
    acronyms = {w for w in re.findall(r"\b[A-Z][A-Z\d]+(?:-[A-Z\d]+)*\b", endpoint) if len(w) > 2}
    best: tuple[float, str, str] = (0.0, "", "")
    for role, words in plan.definitions:
        shared = len(wanted & _key_words(words)) / max(1, len(wanted))
        shared = max(shared, 1.0 if any(a in words for a in acronyms) else 0.0)
        times = {_visit_name(m) for m in _PLANNED.findall(words)}
        if shared >= 0.6 and visit and times and visit not in times:
            if role == "primary" and shared > best[0]:
                best = (shared - 0.01, "secondary", f"not the visit of the primary endpoint ({', '.join(sorted(times))})")
        elif shared >= 0.6 and shared > best[0]:
            best = (shared, role, f"the {role} endpoint is defined in these words")
    return best[1], best[2]


def planned_visit(plan: Plan, role: str) -> str:
    """Return the one visit that the definition of the primary endpoint names, if it names one."""
    if role != "primary":
        return ""
    words = " ".join(what for defined, what in plan.definitions if defined == "primary")
    times = {_visit_name(m) for m in _PLANNED.findall(words)}
    return times.pop() if len(times) == 1 else ""


def met_of(piece: str, role: str, plan: Plan) -> str:
    """Return ``"met"``, ``"not met"`` or empty for a comparison."""
    if role != "primary":
        return ""
    if plan.met:
        return plan.met
    if re.search(r"\b(?:did\s+not\s+differ|no\s+(?:statistically\s+)?significant\s+differences?|not\s+(?:statistically\s+)?significant(?:ly)?)\b", piece, re.IGNORECASE):
        return "not met"
    return ""
