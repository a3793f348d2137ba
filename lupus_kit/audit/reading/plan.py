"""What a text says of its endpoints: which are primary or secondary, when they are looked at, whether they were met."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lupus_kit.audit.reading.words.numerals import NUM
from lupus_kit.audit.reading.words.phrases import UNTELLING, WORD, visit_name
from lupus_kit.audit.reading.words.sentences import Sentence

_ENDPOINT_WORD = (
    r"(?:end[\s-]?points?|outcomes?|efficacy\s+(?:end[\s-]?points?|outcomes?|measures?|variables?)|(?:composite|"
    r"safety|efficacy|clinical)\s+(?:end[\s-]?points?|outcomes?)|objectives?|measures?)"
)
_ROLES = (
    ("post hoc", re.compile(r"\bpost[\s-]?hoc\b", re.IGNORECASE)),
    ("exploratory", re.compile(r"\bexploratory\b", re.IGNORECASE)),
    (
        "secondary",
        re.compile(
            rf"\b(?:key\s+|major\s+|main\s+|first\s+)?secondary\s+(?:\w+\s+){{0,2}}?{_ENDPOINT_WORD}", re.IGNORECASE
        ),
    ),
    ("primary", re.compile(rf"\b(?:co-?)?primary[\s-]+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}", re.IGNORECASE)),
    (
        "safety",
        re.compile(
            r"\b(?:adverse|safety|toxicit\w+|side[\s-]effects?|tolerat\w+|(?:serious|severe|opportunistic|"
            r"upper\s+respiratory\s+tract)\s+infections?|major\s+bleeding|h(?:a)?emorrhage|hypoglyc\w+|zoster|"
            r"discontinu\w+|nausea|injection[\s-]site)\b",
            re.IGNORECASE,
        ),
    ),
    ("baseline", re.compile(r"\bat\s+baseline\b|\bbaseline\s+characteristics\b", re.IGNORECASE)),
)
_DEFINES = re.compile(
    rf"\b(?P<role>(?:co-?)?primary|(?:key\s+|major\s+|"
    rf"main\s+)?secondary)\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}(?:\s+and\s+measures?)?(?:\s*\([^)]{{0,60}}\))?(?:\s+of\s+\w+\s+\w+)?\s*(?:was|were|is|included?|comprised|:|,)\s+(?P<what>.{{3,400}})",
    re.IGNORECASE | re.DOTALL,
)
_NOT_MET = re.compile(
    rf"\b(?:primary\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}\s+(?:(?:was|were)\s+not\s+(?:met|achieved|reached|"
    rf"attained)|(?:was|were)\s+missed|not\s+(?:met|achieved)|did\s+not\s+differ)|"
    rf"(?:did\s+not|failed\s+to|not)\s+(?:meet|achieve|reach|attain)\s+(?:its|the|"
    rf"their)\s+(?:\w+\s+)?primary\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}|missed\s+(?:its|the)\s+primary)",
    re.IGNORECASE,
)
_MET = re.compile(
    rf"\bprimary\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}\s+(?:was|were)\s+(?:met|achieved|reached|attained)\b|"
    rf"\bmet\s+(?:its|the|their)\s+(?:\w+\s+)?primary\s+(?:\w+[\s-]+){{0,3}}?{_ENDPOINT_WORD}",
    re.IGNORECASE,
)
_PLANNED = re.compile(rf"\b(?:week|month|day|year)s?\s{NUM}|{NUM}\s(?:weeks?|months?|days?|years?)\b", re.IGNORECASE)
_EMPTY = UNTELLING | frozenset(
    WORD.findall("median mean rate rates response was were or on by from as treatment proportion percentage")
)


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
            what = re.split(
                rf"\b(?:secondary|primary)\s+(?:\w+\s+){{0,3}}?{_ENDPOINT_WORD}",
                match["what"],
                maxsplit=1,
                flags=re.IGNORECASE,
            )[0]
            found.append(("primary" if "primary" in match["role"].lower() else "secondary", what))
    whole = [text[s.start : s.end] for s in parts]
    not_met = any(_NOT_MET.search(piece) for piece in whole)
    met = any(_MET.search(piece) for piece in whole)
    return Plan(tuple(found), "" if met == not_met else "not met" if not_met else "met")


def _key_words(words: str) -> set[str]:
    return {w.lower().rstrip("s") for w in WORD.findall(words)} - _EMPTY


def role_of(
    text: str, low: int, high: int, sentence: Sentence, endpoint: str, visit: str, plan: Plan
) -> tuple[str, str]:
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
        times = {visit_name(m) for m in _PLANNED.findall(words)}
        if shared >= 0.6 and visit and times and visit not in times:
            if role == "primary" and shared > best[0]:
                best = (
                    shared - 0.01,
                    "secondary",
                    f"not the visit of the primary endpoint ({', '.join(sorted(times))})",
                )
        elif shared >= 0.6 and shared > best[0]:
            best = (shared, role, f"the {role} endpoint is defined in these words")
    return best[1], best[2]


def planned_visit(plan: Plan, role: str) -> str:
    """Return the one visit that the definition of the primary endpoint names, if it names one."""
    if role != "primary":
        return ""
    words = " ".join(what for defined, what in plan.definitions if defined == "primary")
    times = {visit_name(m) for m in _PLANNED.findall(words)}
    return times.pop() if len(times) == 1 else ""


def met_of(piece: str, role: str, plan: Plan) -> str:
    """Return ``"met"``, ``"not met"`` or empty for a comparison."""
    if role != "primary":
        return ""
    if plan.met:
        return plan.met
    if re.search(
        r"\b(?:did\s+not\s+differ|no\s+(?:statistically\s+)?significant\s+differences?|"
        r"not\s+(?:statistically\s+)?significant(?:ly)?)\b",
        piece,
        re.IGNORECASE,
    ):
        return "not met"
    return ""
