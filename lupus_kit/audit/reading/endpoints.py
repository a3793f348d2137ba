"""What a comparison is about: the name of its endpoint, its visit, its role, and whether it was met."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lupus_kit.audit.reading.entities import Entity
from lupus_kit.audit.reading.patterns import EVENTS
from lupus_kit.audit.reading.sentences import Sentence
from lupus_kit.audit.reading.spellings import NUM, regex, word_list, words

NOT_NAMED = "endpoint not named"
_UNIT = {"wk": "week", "mo": "month", "yr": "year", "hr": "hour", "h": "hour", "min": "minute", "d": "day"}
_TIME_IN = regex(rf"(?P<unit>[A-Za-z]+)[\s-](?P<after>{NUM})|(?P<before>{NUM})[\s-]*(?P<unit2>[A-Za-z]+)")
_AT_BEFORE = regex(r"\b(?:at|by|after|within|over|during|through|to|of|in|the) (?:the )?(?:first )?$")
_END = regex(rf"\bat (?:the )?{words('visits_in_words')}\b")
_BEFORE_NAME = regex(rf"^(?:(?:[,;:.)(\s]|\b{words('before_endpoint')}\b)\s*)+")
_AFTER_NAME = regex(rf"(?:[,;:.)(\s%]|\b{words('after_endpoint')}\b)+$")
_OR_MORE = re.compile(r"(?<=[%\d]) or (?:more|less|greater|higher|lower|fewer|better)\b")
_HIGHER = regex(
    r"\b(?:(?:was|were|is|are) )?(?:(?:not )?(?:statistically )?significantly |numerically |markedly )?(?:more "
    r"(?:common|frequent)|less (?:common|frequent)|higher|lower|greater|similar)\b(?: than\b)?(?: that\b)?(?: "
    r"(?:in|for|with|among) (?:the (?:groups?\b|arms?\b)|those who received|(?=,|;|$)))?"
)
_VERB = regex(rf"\b{words('reached')} (?P<what>[^,;()]{{3,90}})")
_VERB_ALONE = regex(rf"\b{words('happened')}\b")
WORD = re.compile(r"[A-Za-z][\w-]*")
#: Words that tell nothing of an endpoint.
UNTELLING = frozenset(word_list("untelling"))
_NOT_A_TIME_POINT = regex(
    r"\b(?:for|every|median|mean|follow-up of|each|age|aged|lasting|previous|prior|last|past)\s*(?:\w+ )?$"
)
_DURATION = re.compile(r"\d-(?:week|month|day|year|hour|minute|wk|yr)")
_NAMED_AFTER = re.compile(r"\s*(?:visit|follow-up|assessment|mortality|survival)")
_ANY_EVENT = regex(rf"\b(?:[a-z]+ )?{EVENTS}\b")
_ENDPOINT = f"{words('endpoint')}"
#: The roles that words give a comparison, the first that fits first.
_ROLES = (
    ("post hoc", regex(r"\bpost[\s-]?hoc\b")),
    ("exploratory", regex(r"\bexploratory\b")),
    ("secondary", regex(rf"\b(?:key |major |main |first )?secondary (?:\w+ ){{0,2}}?{_ENDPOINT}")),
    ("primary", regex(rf"\b(?:co-?)?primary[\s-]+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT}")),
    ("safety", regex(rf"\b{words('safety')}\b")),
    ("baseline", regex(r"\bat baseline\b|\bbaseline characteristics\b")),
)  # fmt: skip
_SECONDARY = regex(r"\bsecondary\b")
_ANOTHER_ROLE = regex(rf"\b(?:secondary|primary) (?:\w+ ){{0,3}}?{_ENDPOINT}")
_NO_DIFFERENCE = regex(
    r"\b(?:did not differ|no (?:statistically )?significant differences?|not (?:statistically )?significant(?:ly)?)\b"
)
_DEFINITION = regex(
    rf"(?s)\b(?P<role>(?:co-?)?primary|(?:key |major |main )?secondary) (?:\w+[\s-]+){{0,3}}?{_ENDPOINT}(?: "
    r"and measures?)?(?:\s*\([^)]{0,60}\))?(?: of \w+ \w+)?\s*(?:was|were|is|included?|comprised|:|,) "
    "(?P<what>.{3,400})"
)
_PRIMARY = rf"primary (?:\w+[\s-]+){{0,3}}?{_ENDPOINT}"
_NOT_MET = regex(
    rf"\b(?:{_PRIMARY} (?:(?:was|were) not (?:met|achieved|reached|attained)|(?:was|were) missed|not (?:met|achieved)|"
    "did not differ)|(?:did not|failed to|not) (?:meet|achieve|reach|attain) (?:its|the|their) "
    rf"(?:\w+ )?{_PRIMARY}|missed (?:its|the) primary)"
)
_MET = regex(
    rf"\b{_PRIMARY} (?:was|were) (?:met|achieved|reached|attained)\b|\bmet (?:its|the|their) (?:\w+ )?{_PRIMARY}"
)
_TIMES = regex(rf"\b(?:week|month|day|year)s?\s{NUM}|{NUM}\s(?:weeks?|months?|days?|years?)\b")
_EMPTY = UNTELLING | frozenset(word_list("empty"))


@dataclass(frozen=True)
class Plan:
    """What the text says of its endpoints before the results: (role, words) of each definition."""

    definitions: tuple[tuple[str, str], ...]
    met: str


def _clean(words: str) -> str:
    words = re.sub(r"\s+", " ", _HIGHER.sub(" ", words)).strip()
    words = _OR_MORE.sub(lambda match: match[0].replace(" ", "_") + "_", words)
    for _ in range(4):
        words = _AFTER_NAME.sub("", _BEFORE_NAME.sub("", words)).strip(" ,;:.-()")
    words = re.sub(r"(?<=[%\d])_(or)_(\w+?)_", r" \1 \2", words)
    if not words or (len(words) <= 160 and WORD.search(words)):
        return words
    return words[:157].rsplit(" ", 1)[0] + "..."


def _tells(words: str) -> bool:
    return any(word.lower() not in UNTELLING for word in WORD.findall(words))


def _last_clause(words: str) -> str:
    """Return what follows the last colon or semicolon, when it says something."""
    return next((part for part in reversed(re.split(r"[:;]", words)) if _tells(_clean(part))), words)


def _without(text: str, start: int, end: int, hide: Sequence[tuple[int, int]]) -> str:
    pieces, at = [], start
    for low, high in hide:
        if high > start and low < end:
            pieces.append(text[at : max(at, low)])
            at = max(at, high)
    return " ".join([*pieces, text[at : max(at, end)]])


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
    before, inside, after = (_without(text, a, b, hide) for a, b in ((low, start), (start, end), (end, high)))
    if _tells(name := _clean(_last_clause(before))):
        return name
    for piece in (inside, after):
        if match := _VERB.search(piece):
            name = _clean(match["what"])
        elif match := _VERB_ALONE.search(piece):
            name = match[0].lower()
        else:
            name = _clean(re.split(r"[,;]", piece)[0])
        if _tells(name):
            return name
    match = _ANY_EVENT.search(text[low:high])
    return match[0].strip() if match else NOT_NAMED


def visit_name(words: str) -> str:
    """Return a visit as "week 12", whichever way round it is printed."""
    words = re.sub(r"\s+", " ", words.strip())
    match = _TIME_IN.search(words)
    if not match:
        return words
    if re.search(r"\d\s*(?:-|to|through|,|and)\s*\d", words):
        return words.lower()
    unit = (match["unit"] or match["unit2"]).lower().rstrip("s") or "h"
    return f"{_UNIT.get(unit, unit)} {match['after'] or match['before']}"


def _is_time_point(text: str, sentence: Sentence, time: Entity) -> bool:
    before = text[max(sentence.start, time.start - 25) : time.start]
    if (time.kind != "visit" and not _AT_BEFORE.search(before)) or _NOT_A_TIME_POINT.search(before):
        return False
    lasting = time.kind == "time" and _DURATION.search(text, time.start, time.end)
    return not lasting or bool(_NAMED_AFTER.match(text, time.end))


def find_visit(
    text: str, sentence: Sentence, times: Sequence[Entity], start: int, end: int, low: int, high: int
) -> tuple[str, tuple[int, int] | None]:
    """Return the visit of a comparison and where it stands: the nearest one of its own part of the sentence."""
    near = [time for time in times if _is_time_point(text, sentence, time)]
    if near:
        one = min(
            near,
            key=lambda time: (
                not low <= time.start <= high,
                time.start >= end and high < sentence.end,
                max(start - time.end, time.start - end, 0),
            ),
        )
        return visit_name(text[one.start : one.end]), (one.start, one.end)
    match = _END.search(text, sentence.start, sentence.end)
    return (re.sub(r"^at (?:the )?", "", re.sub(r"\s+", " ", match[0].lower())), match.span()) if match else ("", None)


def read_plan(text: str, parts: Sequence[Sentence]) -> Plan:
    """Find the sentences that define endpoints, and the one that says whether the primary one was met."""
    found = []
    pieces = [text[s.start : s.end] for s in parts]
    for piece in pieces:
        at = 0
        while len(piece) <= 3000 and (match := _DEFINITION.search(piece, at)):
            at = match.start("what")
            role = "primary" if "primary" in match["role"].lower() else "secondary"
            found.append((role, _ANOTHER_ROLE.split(match["what"], maxsplit=1)[0]))
    not_met = any(_NOT_MET.search(piece) for piece in pieces)
    met = any(_MET.search(piece) for piece in pieces)
    return Plan(tuple(found), "" if met == not_met else "not met" if not_met else "met")


def _key_words(words: str) -> set[str]:
    return {w.lower().rstrip("s") for w in WORD.findall(words)} - _EMPTY


def _times(words: str) -> set[str]:
    return {visit_name(match) for match in _TIMES.findall(words)}


def role_of(
    text: str, low: int, high: int, sentence: Sentence, endpoint: str, visit: str, plan: Plan
) -> tuple[str, str]:
    """Return the role of a comparison, and what was assumed to find it.

    The words just before the comparison decide; then its own sentence; then the definitions of the plan, by the
    acronyms and words they share with the endpoint.
    """
    for piece in (text[low:high], text[sentence.start : sentence.end]):
        for role, pattern in _ROLES:
            if pattern.search(piece):
                return role, ""
        if _SECONDARY.search(piece[:40]):
            return "secondary", ""
    wanted = _key_words(endpoint)
    acronyms = {w for w in re.findall(r"\b[A-Z][A-Z\d]+(?:-[A-Z\d]+)*\b", endpoint) if len(w) > 2}
    best: tuple[float, str, str] = (0.0, "", "")
    for role, what in plan.definitions:
        same_acronym = any(acronym in what for acronym in acronyms)
        shared = 1.0 if same_acronym else len(wanted & _key_words(what)) / max(1, len(wanted))
        times = _times(what)
        if shared < 0.6 or shared <= best[0]:
            continue
        if not visit or not times or visit in times:
            best = (shared, role, f"the {role} endpoint is defined in these words")
        elif role == "primary":
            why = f"not the visit of the primary endpoint ({', '.join(sorted(times))})"
            best = (shared - 0.01, "secondary", why)
    return best[1], best[2]


def planned_visit(plan: Plan, role: str) -> str:
    """Return the one visit that the definition of the primary endpoint names, if it names one."""
    times = _times(" ".join(what for defined, what in plan.definitions if defined == "primary"))
    return times.pop() if role == "primary" and len(times) == 1 else ""


def met_of(piece: str, role: str, plan: Plan) -> str:
    """Return ``"met"``, ``"not met"`` or empty for a comparison."""
    if role != "primary":
        return ""
    return plan.met or ("not met" if _NO_DIFFERENCE.search(piece) else "")
