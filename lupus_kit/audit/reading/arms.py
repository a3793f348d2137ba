"""The arms of a trial, their sizes, and every place where a text speaks of one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lupus_kit.audit.reading.words.numerals import INT, digits
from lupus_kit.audit.reading.words.patterns import PATIENTS
from lupus_kit.audit.reading.words.sentences import Sentence

CONTROL = re.compile(
    r"\b(?:placebo|control|usual|standard|sham|vehicle|conventional|conservative|observation|comparator|waiting|"
    r"waitlist|wait-list|"
    r"routine|no treatment|no intervention|delayed|deferred|watchful)\b|\bno\s",
    re.IGNORECASE,
)
_ALLOCATION = re.compile(
    r"\b(?:randomi[sz]\w*|randomly|assign\w*|allocat\w*|enrol\w*|recruited|"
    r"underwent\s+randomi[sz]ation)\b",
    re.IGNORECASE,
)
_GIVEN = re.compile(r"\b(?:receiv\w+|treated|given|either|groups?|arms?|versus|vs)\b[^.]*\bn\s*=", re.IGNORECASE)
_GLUE = (
    rf"(?:\s+(?:[a-z-]+\s+){{0,2}}?{PATIENTS}|\s+\(\d+(?:\.\d+)?%\))?(?:\s+(?:who|that))?(?:\s+(?:were|was|"
    rf"had\s+been))?(?:\s+randomly)?"
    r"(?:\s+(?:assigned|allocated|randomi[sz]ed))?\s+(?:to|in|received|receive|receiving|underwent|on|given|with|"
    r"for)\s+"
    r"(?:(?:receive|undergo|either|the|an|a|treatment\s+with|in|have|be\s+given)\s+){0,3}"
)
_NAME = (
    r"(?P<name>[A-Za-z0-9][^,;:()%]{0,80}?)(?=\s*(?:[,;:()]|\.\s|\.?$|\s(?:and|or|versus|"
    r"vs\.?)\s+(?:the\s+(?:other|remaining)\s+)?\d+\s|\s(?:were|was|had|completed)\s))"
)
_SIZE_BEFORE = re.compile(rf"(?<![\d.,/-])(?P<n>{INT}){_GLUE}{_NAME}", re.IGNORECASE)
_CONTINUED = re.compile(rf"\s*(?:[,;]\s*(?:and\s+)?|and\s+)(?P<n>{INT})\s+{_NAME}", re.IGNORECASE)
_SIZE_AFTER = re.compile(
    rf"(?P<name>[A-Za-z0-9][^,;:()%]{{0,90}}?)(?:\s*\((?P<short>[A-Za-z][\w+/-]{{0,14}})\))?\s*(?:\(|"
    rf",\s*(?=n\s*=))\s*(?P<eq>n\s*=\s*)?(?P<n>{INT})(?P<who>\s*{PATIENTS})?\s*(?=[),;])",
    re.IGNORECASE,
)
_SIZE_BARE = re.compile(
    rf"\(\s*(?P<n1>{INT})\s+(?P<name1>[A-Za-z][^,;:()%\d]{{1,40}}?)\s*(?:[,;]|"
    rf",?\s+and)\s+(?P<n2>{INT})\s+(?P<name2>[A-Za-z][^,;:()%\d]{{1,40}}?)\s*\)"
)
_TO_RECEIVE = re.compile(
    r"\b(?:to\s+(?:receive|undergo|have|be\s+given|get|either)|(?:assigned|allocated|randomi[sz]ed|"
    r"randomi[sz]ation|ratio|groups?)\s*(?:\(?\d(?::\d){1,4}\)?\s*|\([^)]{0,30}\)\s*)?,?\s*to|received|receiving|"
    r"into|groups?:|arms?:)\s+"
    r"(?:(?:receive|either|the|of|1\s+of|[2-9]\s+(?:groups|arms|regimens|treatments)|treatment\s+with|once|groups|"
    r"arms|:)\s+){0,4}(?P<list>(?:[^.;]|\.(?=\d)){3,260})",
    re.IGNORECASE,
)
_COMPARING = re.compile(
    r"\b(?:compar(?:ed|ing|es|e)|"
    r"comparison\s+of)\s+(?:the\s+)?(?:(?:[a-z]+\s+){0,5}of\s+)?(?P<a>[^,;:()]{2,60}?)\s+(?:with|to|against|and|"
    r"versus|vs\.?)\s+"
    r"(?P<b>[^,;:()]{2,60}?)(?=\s+(?:in|for|among|on|as|at|when|over|to|after)\b|[.,;:(]|$)",
    re.IGNORECASE,
)
GROUP_PHRASE = re.compile(
    r"\b(?:the|a|an|both)\s+(?P<name>[A-Za-z0-9][\w/+.-]{0,40}(?:\s[\w/+-]{1,30}){0,5}?)(?:\s|-)(?:groups?|"
    r"arms?)\b|\b(?P<letter>(?:group|arm)\s+[A-Z1-4])\b",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\s+(?:for|at|every|once|twice|thrice|daily|weekly|monthly|over|during|until|administered|given|via|"
    r"in\s+addition|on\s+top|added|as|who|were|was|had|if|by|followed|"
    r"within|after|before|in|using|on|from|per|each|plus\s+(?:standard|usual|background)|with\s+(?:standard|usual|"
    r"background|stable)|through|all|regardless|stratified|\d+\s+times|of\s+whom|group|arm|groups|arms)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_LEAD = re.compile(
    r"^(?:(?:the|a|an|either|to|receive|received|receiving|undergo|or|and|versus|vs\.?|of|with|in|were|was|"
    r"assigned|allocated|randomly|randomi[sz]ed|patients?|participants?|"
    r"treatment\s+with|therapy\s+with|matching|identical|matched|"
    r"efficacy|safety|effects?|and\s+safety|use|group|arm|1:1|ratio)\s+)+",
    re.IGNORECASE,
)
_ASSIGNED_TO = re.compile(r"^.*\b(?:randomi[sz]ed|assigned|allocated)\s+to\s+", re.IGNORECASE)
_ROUTE = re.compile(
    r"^(?:(?:oral|intravenous|subcutaneous|intramuscular|inhaled|topical|once-daily|once-weekly|"
    r"twice-daily|weekly|daily|monthly)\s+)+",
    re.IGNORECASE,
)
_DOSE = re.compile(
    r"(?:^|\s+)(?P<dose>\d[\d.,]*(?:\s*-\s*\d[\d.,]*)?[\s-]*(?:million\s+|x\s*10\s?\^?\d\s+)?(?:mg|μg|mcg|ug|g|kg|"
    r"mL|ml|IU|MIU|U|units?|mmol|Gy|%)(?:/\w+)*)(?=\s|$).*$",
    re.IGNORECASE,
)
_COMMON = frozenset(
    re.findall(
        r"\S+",
        "care therapy treatment group standard surgery dose low high early daily usual best control active "
        "strategy management intervention programme program training support education alone plus with without "
        "drug study medical oral combination only conventional routine no and or of the standard-dose high-dose "
        "low-dose based guided acid therapy exercise injection infusion diet sodium surgical screening usual-care ",
    )
)
NOT_ARMS = re.compile(
    r"^(?:two|three|four|other|same|both|all|study|treatment|trial|each|either|age|\d+|between|single|parallel|"
    r"patient|entire|whole|overall|remaining|"
    r"respective|different|dose|risk|sub|one|randomi[sz]ed|second|first|highest|lowest|"
    r"active[- ]treatment)(?:\s+(?:treatment|study|trial|parallel|dose|age|risk))*$",
    re.IGNORECASE,
)
_GENERIC = {
    False: r"(?:intervention(?:al)?|experimental|treatment|active(?:[\s-]treatment)?|study[\s-]drug|treated|verum|"
    r"test)[\s-](?:groups?|arms?|patients|participants)",
    True: r"(?:control|comparison|comparator|reference)[\s-](?:groups?|arms?|patients|participants)|\b(?:controls|"
    r"comparators)\b",
}


@dataclass(frozen=True)
class Arm:
    """An arm as a text names it: its name, the patients assigned (``None`` where not said), its other names."""

    name: str
    n: int | None
    aliases: tuple[str, ...]
    control: bool
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class _Found:
    name: str
    n: int | None
    size: tuple[int, int] | None


def _trim(name: str) -> str:
    name = _LEAD.sub("", re.sub(r"\s+", " ", name).strip(" ,.;:"))
    name = _CUT.sub("", name).strip()
    name = re.sub(r"\s+(?:and|or|versus|vs\.?|plus|to)$", "", name).strip(" ,.-")
    return f"group {name}" if re.fullmatch(r"[A-Z1-9]|I{1,3}V?", name) else name


def _complete(found: Iterable[_Found]) -> list[_Found]:
    """Give a bare dose the drug before it, and keep the dose only where it tells arms apart."""
    split: list[tuple[str, str, _Found]] = []
    drug = ""
    for one in found:
        match = _DOSE.search(one.name)
        bare = one.name[: match.start()].strip() if match else one.name
        drug = bare or drug
        split.append((drug, match["dose"] if match else "", one))
    names = [drug.lower() for drug, _, _ in split]
    result: list[_Found] = []
    for drug, dose, one in split:
        name = f"{drug} {dose}".strip() if names.count(drug.lower()) > 1 else drug
        if name and name.lower() not in {r.name.lower() for r in result}:
            result.append(_Found(name, one.n, one.size))
    return result


def _without_total(found: list[_Found]) -> list[_Found]:
    """Drop "81 patients with the disease" where the others add up to 81."""
    total = sum(one.n or 0 for one in found)
    return [one for one in found if len(found) < 3 or one.n is None or 2 * one.n != total]


def _usable(found: list[_Found]) -> list[_Found]:
    named = [
        one
        for one in _without_total(found)
        if one.name and re.search(r"[A-Za-z]", one.name) and len(one.name.split()) <= 9
    ]
    complete = _complete(_Found(_ROUTE.sub("", one.name), one.n, one.size) for one in named)
    if len(complete) < len(named):  # the route may be all that tells the arms apart
        complete = max(complete, _complete(named), key=len)
    return complete if 2 <= len(complete) <= 8 else []


def _sized_before(text: str, sentence: Sentence) -> list[_Found]:
    piece = text[sentence.start : sentence.end]
    matches = list(_SIZE_BEFORE.finditer(piece))
    while len(matches) in range(1, 9) and (more := _CONTINUED.match(piece, matches[-1].end("name"))):
        matches.append(more)  # "100 received placebo, 102 the drug"
    return [
        _Found(_trim(m["name"]), int(digits(m["n"])), (sentence.start + m.start("n"), sentence.start + m.end("n")))
        for m in matches
        if not re.search(r"(?:of|total|all)\s*$", piece[: m.start("n")][-8:]) or m.start("n") > 60
    ]


def _sized_bare(text: str, sentence: Sentence) -> list[_Found]:
    """Read "(44 drug, 45 placebo)"."""
    piece = text[sentence.start : sentence.end]
    for match in _SIZE_BARE.finditer(piece):
        ends = [(sentence.start + match.start(n), sentence.start + match.end(n)) for n in ("n1", "n2")]
        return [_Found(_trim(match[f"name{i}"]), int(digits(match[f"n{i}"])), ends[i - 1]) for i in (1, 2)]
    return []


def _last_name(words: str) -> str:
    """Return the arm that a stretch of words before "(n=30)" ends with."""
    parts = re.split(r"\b(?:receive|undergo|either|or|versus|vs\.?|to|into|with|between|of|the|in)\s+", words)
    return _trim(re.sub(r"^and\s+", "", parts[-1].strip()))


def _sized_after(text: str, sentence: Sentence) -> list[_Found]:
    piece = text[sentence.start : sentence.end]
    found = [
        _Found(_last_name(m["name"]), int(digits(m["n"])), (sentence.start + m.start("n"), sentence.start + m.end("n")))
        for m in _SIZE_AFTER.finditer(piece)
    ]
    return [
        one
        for one in found
        if not re.fullmatch(rf"{PATIENTS}|total|men|women|years?|randomi[sz]ed", one.name, re.IGNORECASE)
    ]


def _listed(text: str, sentence: Sentence) -> list[_Found]:
    piece = text[sentence.start : sentence.end]
    for match in _TO_RECEIVE.finditer(piece):
        words = re.sub(r"\([^)]{0,80}\)", " ", match["list"]).replace("(", ",").replace(")", ",")
        parts = re.split(r"\s*,?\s+(?:or|versus|vs\.?)\s+", words)
        if len(parts) < 2:
            continue
        names = [name for part in parts[:-1] for name in part.split(",")] + [parts[-1].split(",")[0]]
        usable = _usable([_Found(_trim(_ASSIGNED_TO.sub("", name)), None, None) for name in names])
        if usable:
            return usable
    return []


def _compared(text: str, sentence: Sentence) -> list[_Found]:
    for match in _COMPARING.finditer(text, sentence.start, sentence.end):
        usable = _usable([_Found(_trim(match[side]), None, None) for side in "ab"])
        if usable and all(len(one.name.split()) <= 5 for one in usable):
            return usable
    return []


def _phrased(text: str, parts: Sequence[Sentence]) -> list[_Found]:
    seen: dict[str, _Found] = {}
    for sentence in parts:
        for match in GROUP_PHRASE.finditer(text, sentence.start, sentence.end):
            name = (
                _trim(re.split(r"\b(?:of|in|for|with|than|to)\s+(?:the\s+)?", match["name"])[-1])
                if match["name"]
                else match["letter"]
            )
            if name and not NOT_ARMS.match(name):
                seen.setdefault(name.lower(), _Found(name, None, None))
    return _usable(list(seen.values())) if len(seen) <= 5 else []


def _flexible(name: str) -> str:
    return r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", name) if word)


def _aliases(name: str, others: Sequence[str], text: str) -> tuple[str, ...]:
    """Return patterns for the other names of an arm, the longest first."""
    group = r"(?:[\s-](?:groups?|arms?|recipients|patients|participants)\b)"
    found = [_flexible(name)]
    taken = {word for other in others for word in re.split(r"[\s-]+", other.lower())}
    for word in name.split():
        plain = word.strip(",.").lower()
        if plain in taken or set(plain.split("-")) & taken or plain.isdigit():
            continue
        acronym = bool(re.fullmatch(r"[A-Z][\w-]*[A-Z\d]\w*", word))
        if (len(plain) >= 5 or acronym) and plain not in _COMMON and re.match(r"[A-Za-z]", word):
            found.append(_flexible(word))
        elif re.match(r"[A-Za-z]", word) and plain not in {"and", "or", "of", "the", "plus", "no", "with"}:
            found.append(_flexible(word) + group)
    if dose := _DOSE.search(name):
        said = dose["dose"]
        if not any(re.search(rf"(?<![\d.,]){re.escape(said)}(?![\w/])", other, re.IGNORECASE) for other in others):
            found.append(r"(?<![\d.,])" + _flexible(said))
    core = re.escape(name)
    defined = rf"{core}(?:\s+(?:therapy|treatment|dose))?\s+\((?P<short>[A-Za-z][\w/+-]{{0,14}})\)"
    found += [rf"(?-i:{re.escape(match['short'])})" for match in re.finditer(defined, text, re.IGNORECASE)]
    if re.fullmatch(r"\S{2,14}", name):
        for match in re.finditer(rf"(?P<long>\b[A-Za-z][\w-]{{1,40}}(?:\s[\w-]{{1,40}}){{0,3}})\s+\({core}\)", text):
            words = [w for w in match["long"].split() if w.lower() not in _COMMON and w.lower() not in taken]
            if words and len(words[-1]) > 4 and words[-1][0].lower() == name[0].lower():
                found.append(_flexible(words[-1]))
    return tuple(sorted(set(found), key=len, reverse=True))


def _arms(found: Sequence[_Found], text: str) -> list[Arm]:
    names = [one.name for one in found]
    arms = []
    for i, one in enumerate(found):
        others = names[:i] + names[i + 1 :]
        spans = (one.size,) if one.size else ()
        arms.append(Arm(one.name, one.n, _aliases(one.name, others, text), bool(CONTROL.search(one.name)), spans))
    if sum(arm.control for arm in arms) == 1 and len(arms) == 2:
        arms = [Arm(a.name, a.n, (*a.aliases, _GENERIC[a.control]), a.control, a.spans) for a in arms]
    return arms


def find_arms(text: str, parts: Sequence[Sentence]) -> list[Arm]:
    """Find the arms of a trial.

    Parameters
    ----------
    text : str
        Plain text.
    parts : sequence of Sentence
        Its sentences.

    Returns
    -------
    list of Arm
        Empty when no way of naming arms is recognised.

    Notes
    -----
    Tried in this order, and the first that gives two arms or more is taken: sizes in a sentence about the allocation
    ("180 to X and 182 to placebo", "X (n=180)"), a list of what was given ("randomly assigned to X or placebo"), a
    comparison announced ("compared X with Y"), and at last the phrases "the X group" and "group A".
    """
    allocation = [s for s in parts if _ALLOCATION.search(text, s.start, s.end)][:40]
    given = [
        s
        for s in parts[:60]
        if s not in allocation and _GIVEN.search(text, s.start, s.end) and "%" not in text[s.start : s.end]
    ]
    ways = [(s, way) for s in allocation for way in (_sized_after, _sized_before, _sized_bare)] + [
        (s, _sized_after) for s in given
    ]
    sized = next((usable for s, way in ways if len(usable := _usable(way(text, s))) > 1), [])
    listed = next((usable for s in allocation if (usable := _listed(text, s))), [])
    if sized:
        return _arms(_renamed(sized, listed), text)
    compared = listed or next((usable for s in parts[:60] if (usable := _compared(text, s))), [])
    arms = _arms(compared or _phrased(text, parts[:200]), text)
    return _with_sizes(arms, text, parts)


def _renamed(sized: list[_Found], listed: list[_Found]) -> list[_Found]:
    """Prefer the names of the allocation where sizes are given to "intervention" and "control"."""
    if len(sized) == len(listed) == 2:
        generic = [
            bool(re.match(r"(?:intervention|experimental|treatment|active|control|comparator)s?$", one.name, re.I))
            for one in sized
        ]
        control = [bool(CONTROL.search(one.name)) for one in sized]
        wanted = [bool(CONTROL.search(one.name)) for one in listed]
        if any(generic) and sum(wanted) == 1 == sum(control):
            ordered = listed if control == wanted else listed[::-1]
            return [_Found(new.name, old.n, old.size) for new, old in zip(ordered, sized, strict=True)]
    return sized


def _with_sizes(arms: list[Arm], text: str, parts: Sequence[Sentence]) -> list[Arm]:
    """Look for "(180 in the X group)" once the names are known."""
    sizes: dict[int, tuple[int, tuple[int, int]]] = {}
    for sentence in parts[:60]:
        piece = text[sentence.start : sentence.end]
        for one in (*_sized_before(text, sentence), *_sized_after(text, sentence)) if _ALLOCATION.search(piece) else ():
            for i, arm in enumerate(arms):
                if one.n and one.size and any(re.fullmatch(a, one.name, re.IGNORECASE) for a in arm.aliases):
                    sizes.setdefault(i, (one.n, one.size))
    if len(sizes) < len(arms):
        sizes = next((found for s in parts[:60] if len(found := _sizes_by_name(arms, text, s)) == len(arms)), {})
    if len(sizes) < len(arms):
        return arms
    return [Arm(a.name, sizes[i][0], a.aliases, a.control, (sizes[i][1],)) for i, a in enumerate(arms)]


def _sizes_by_name(arms: list[Arm], text: str, sentence: Sentence) -> dict[int, tuple[int, tuple[int, int]]]:
    """Read "100 received placebo, 102 drug 75 mg and 104 drug 150 mg"."""
    piece = text[sentence.start : sentence.end]
    if not _ALLOCATION.search(piece) or "%" in piece or len(piece) > 1000:
        return {}
    sizes = {}
    for i, arm in enumerate(arms):
        alias = "|".join(arm.aliases)
        pattern = rf"(?<![\d.,/])(?P<n>{INT})\s+(?:{PATIENTS}\s+)?(?:(?:received|receiving|to|in|on)\s+(?:the\s+)?)?(?:{alias})(?!\w)"
        if match := re.search(pattern, piece, re.IGNORECASE):
            sizes[i] = (int(digits(match["n"])), (sentence.start + match.start("n"), sentence.start + match.end("n")))
    return sizes
