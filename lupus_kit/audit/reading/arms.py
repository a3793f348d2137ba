"""The arms of a trial, their sizes, and every place where a text speaks of one of them."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from lupus_kit.audit.reading.patterns import PATIENTS
from lupus_kit.audit.reading.sentences import Sentence
from lupus_kit.audit.reading.spellings import INT, digits, regex, word_list, words

CONTROL = regex(rf"\b{words('control')}\b|\bno\s")
_ALLOCATION = regex(
    r"\b(?:randomi[sz]\w*|randomly|assign\w*|allocat\w*|enrol\w*|recruited|underwent randomi[sz]ation)\b"
)
_GIVEN = regex(r"\b(?:receiv\w+|treated|given|either|groups?|arms?|versus|vs)\b[^.]*\bn\s*=")
_GLUE = (
    rf"(?: (?:[a-z-]+ ){{0,2}}?{PATIENTS}| \(\d+(?:\.\d+)?%\))?(?: (?:who|that))?(?: (?:were|was|had been))?(?: "
    "randomly)?(?: (?:assigned|allocated|randomi[sz]ed))? (?:to|in|received|receive|receiving|underwent|on|given|"
    "with|for) (?:(?:receive|undergo|either|the|an|a|treatment with|in|have|be given) ){0,3}"
)
_NAME = (
    r"(?P<name>[A-Za-z0-9][^,;:()%]{0,80}?)(?=\s*(?:[,;:()]|\.\s|\.?$|\s(?:and|or|versus|vs\.?) (?:the (?:other|"
    r"remaining) )?\d+\s|\s(?:were|was|had|completed)\s))"
)
_SIZE_BEFORE = regex(rf"(?<![\d.,/-])(?P<n>{INT}){_GLUE}{_NAME}")
_CONTINUED = regex(rf"\s*(?:[,;]\s*(?:and )?|and )(?P<n>{INT}) {_NAME}")
_SIZE_AFTER = regex(
    r"(?P<name>[A-Za-z0-9][^,;:()%]{0,90}?)(?:\s*\((?P<short>[A-Za-z][\w+/-]{0,14})\))?\s*(?:\(|"
    rf",\s*(?=n\s*=))\s*(?P<eq>n\s*=\s*)?(?P<n>{INT})(?P<who>\s*{PATIENTS})?\s*(?=[),;])"
)
_SIZE_BARE = regex(
    rf"(?-i:\(\s*(?P<n1>{INT}) (?P<name1>[A-Za-z][^,;:()%\d]{{1,40}}?)\s*(?:[,;]|,? and) "
    rf"(?P<n2>{INT}) (?P<name2>[A-Za-z][^,;:()%\d]{{1,40}}?)\s*\))"
)
_TO_RECEIVE = regex(
    r"\b(?:to (?:receive|undergo|have|be given|get|either)|(?:assigned|allocated|randomi[sz]ed|randomi[sz]ation|"
    r"ratio|groups?)\s*(?:\(?\d(?::\d){1,4}\)?\s*|\([^)]{0,30}\)\s*)?,?\s*to|received|receiving|into|groups?:|"
    "arms?:) (?:(?:receive|either|the|of|1 of|[2-9] (?:groups|arms|regimens|treatments)|treatment with|once|"
    r"groups|arms|:) ){0,4}(?P<list>(?:[^.;]|\.(?=\d)){3,260})"
)
_COMPARING = regex(
    r"\b(?:compar(?:ed|ing|es|e)|comparison of) (?:the )?(?:(?:[a-z]+ ){0,5}of )?(?P<a>[^,;:()]{2,60}?) "
    r"(?:with|to|against|and|versus|vs\.?) (?P<b>[^,;:()]{2,60}?)(?= (?:in|for|among|on|as|at|when|over|to|"
    r"after)\b|[.,;:(]|$)"
)
_GROUP_PHRASE = regex(
    r"\b(?:the|a|an|both) (?P<name>[A-Za-z0-9][\w/+.-]{0,40}(?:\s[\w/+-]{1,30}){0,5}?)(?:\s|-)(?:groups?|"
    r"arms?)\b|\b(?P<letter>(?:group|arm) [A-Z1-4])\b"
)
_CUT = regex(rf"(?s) {words('after_arm')}\b.*$")
_LEAD = regex(f"^(?:{words('before_arm')} )+")
_ASSIGNED_TO = regex(r"^.*\b(?:randomi[sz]ed|assigned|allocated) to ")
_ROUTE = regex(f"^(?:{words('routes')} )+")
_DOSE = regex(
    r"(?:^| )(?P<dose>\d[\d.,]*(?:\s*-\s*\d[\d.,]*)?[\s-]*(?:million |x\s*10\s?\^?\d )?(?:mg|μg|mcg|ug|g|kg|mL|ml|"
    r"IU|MIU|U|units?|mmol|Gy|%)(?:/\w+)*)(?=\s|$).*$"
)
#: Words that do not tell one arm from another.
_COMMON = frozenset(word_list("common"))
_NOT_AN_ARM = regex(rf"^{words('not_an_arm')}(?: (?:treatment|study|trial|parallel|dose|age|risk))*$")
_NOT_A_NAME = regex(rf"(?:{PATIENTS}|total|men|women|years?|randomi[sz]ed)$")
_GENERIC_NAME = regex(r"(?:intervention|experimental|treatment|active|control|comparator)s?$")
#: What the two arms of a trial with one control are also called.
_GENERIC = {
    False: r"(?:intervention(?:al)?|experimental|treatment|active(?:[\s-]treatment)?|study[\s-]drug|treated|verum|"
    r"test)[\s-](?:groups?|arms?|patients|participants)",
    True: r"(?:control|comparison|comparator|reference)[\s-](?:groups?|arms?|patients|participants)|\b(?:controls|"
    r"comparators)\b",
}


@dataclass(frozen=True)
class Arm:
    """An arm as a text names it: its name, the patients assigned and where they stand, patterns of its other names."""

    name: str
    n: int | None = None
    size: int | None = None
    aliases: tuple[str, ...] = ()

    @property
    def control(self) -> bool:
        """Whether its name is that of a control."""
        return bool(CONTROL.search(self.name))


@dataclass(frozen=True)
class Mention:
    """A place that speaks of an arm; ``arm`` is ``None`` for a group that is none of the arms found."""

    start: int
    end: int
    arm: int | None


def _trim(name: str) -> str:
    name = _LEAD.sub("", re.sub(r"\s+", " ", name).strip(" ,.;:"))
    name = _CUT.sub("", name).strip()
    name = re.sub(r"\s+(?:and|or|versus|vs\.?|plus|to)$", "", name).strip(" ,.-")
    return f"group {name}" if re.fullmatch(r"[A-Z1-9]|I{1,3}V?", name) else name


def _sized(name: str, match: re.Match[str], offset: int, n: str = "n") -> Arm:
    return Arm(_trim(name), int(digits(match[n])), offset + match.start(n))


def _complete(found: Iterable[Arm]) -> list[Arm]:
    """Give a bare dose the drug before it, and keep the dose only where it tells arms apart."""
    split: list[tuple[str, str, Arm]] = []
    drug = ""
    for one in found:
        match = _DOSE.search(one.name)
        drug = (one.name[: match.start()].strip() if match else one.name) or drug
        split.append((drug, match["dose"] if match else "", one))
    drugs = [drug.lower() for drug, _, _ in split]
    result: dict[str, Arm] = {}
    for drug, dose, one in split:
        name = f"{drug} {dose}".strip() if drugs.count(drug.lower()) > 1 else drug
        if name:
            result.setdefault(name.lower(), replace(one, name=name))
    return list(result.values())


def _usable(found: Sequence[Arm]) -> list[Arm]:
    """Return the arms when there are two to eight with names; a total of the others is dropped."""
    total = sum(one.n or 0 for one in found)
    named = [
        one
        for one in found
        if re.search(r"[A-Za-z]", one.name)
        and len(one.name.split()) <= 9
        and (len(found) < 3 or one.n is None or 2 * one.n != total)
    ]
    complete = _complete(replace(one, name=_ROUTE.sub("", one.name)) for one in named)
    if len(complete) < len(named):  # the route may be all that tells the arms apart
        complete = max(complete, _complete(named), key=len)
    return complete if 2 <= len(complete) <= 8 else []


def _sized_before(piece: str, offset: int) -> list[Arm]:
    """Read "180 to X and 182 to placebo"."""
    matches = list(_SIZE_BEFORE.finditer(piece))
    while len(matches) in range(1, 9) and (more := _CONTINUED.match(piece, matches[-1].end("name"))):
        matches.append(more)  # "100 received placebo, 102 the drug"
    return [
        _sized(m["name"], m, offset)
        for m in matches
        if m.start("n") > 60 or not re.search(r"(?:of|total|all)\s*$", piece[: m.start("n")][-8:])
    ]


def _sized_bare(piece: str, offset: int) -> list[Arm]:
    """Read "(44 drug, 45 placebo)"."""
    match = _SIZE_BARE.search(piece)
    return [_sized(match[f"name{i}"], match, offset, f"n{i}") for i in (1, 2)] if match else []


def _sized_after(piece: str, offset: int) -> list[Arm]:
    """Read "X (n=30)"."""
    found = []
    for match in _SIZE_AFTER.finditer(piece):
        words = re.split(
            r"\b(?:receive|undergo|either|or|versus|vs\.?|to|into|with|between|of|the|in)\s+", match["name"]
        )
        found.append(_sized(re.sub(r"^and\s+", "", words[-1].strip()), match, offset))
    return [one for one in found if not _NOT_A_NAME.match(one.name)]


def _listed(piece: str, offset: int) -> list[Arm]:
    """Read "randomly assigned to X or placebo"."""
    for match in _TO_RECEIVE.finditer(piece):
        words = re.sub(r"\([^)]{0,80}\)", " ", match["list"]).replace("(", ",").replace(")", ",")
        parts = re.split(r"\s*,?\s+(?:or|versus|vs\.?)\s+", words)
        names = [name for part in parts[:-1] for name in part.split(",")] + [parts[-1].split(",")[0]]
        if len(parts) > 1 and (usable := _usable([Arm(_trim(_ASSIGNED_TO.sub("", name))) for name in names])):
            return usable
    return []


def _compared(piece: str, offset: int) -> list[Arm]:
    """Read "we compared X with Y"."""
    for match in _COMPARING.finditer(piece):
        usable = _usable([Arm(_trim(match[side])) for side in "ab"])
        if usable and all(len(one.name.split()) <= 5 for one in usable):
            return usable
    return []


def _phrased(text: str, parts: Sequence[Sentence]) -> list[Arm]:
    """Read "the X group" and "group A", wherever they stand."""
    seen: dict[str, Arm] = {}
    for sentence in parts:
        for match in _GROUP_PHRASE.finditer(text, sentence.start, sentence.end):
            words = re.split(r"\b(?:of|in|for|with|than|to)\s+(?:the\s+)?", match["name"] or "")
            name = match["letter"] or _trim(words[-1])
            if name and not _NOT_AN_ARM.match(name):
                seen.setdefault(name.lower(), Arm(name))
    return _usable(list(seen.values())) if len(seen) <= 5 else []


def _flexible(name: str) -> str:
    return r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", name) if word)


def _aliases(name: str, others: Sequence[str], text: str) -> tuple[str, ...]:
    """Return patterns for the names of an arm, the longest first."""
    group = r"(?:[\s-](?:groups?|arms?|recipients|patients|participants)\b)"
    found = [_flexible(name)]
    taken = {word for other in others for word in re.split(r"[\s-]+", other.lower())}
    for word in name.split():
        plain = word.strip(",.").lower()
        if plain in taken or set(plain.split("-")) & taken or not re.match(r"[A-Za-z]", word):
            continue
        acronym = re.fullmatch(r"[A-Z][\w-]*[A-Z\d]\w*", word)
        if (len(plain) >= 5 or acronym) and plain not in _COMMON:
            found.append(_flexible(word))
        elif plain not in {"and", "or", "of", "the", "plus", "no", "with"}:
            found.append(_flexible(word) + group)
    if dose := _DOSE.search(name):
        said = dose["dose"]
        if not any(re.search(rf"(?<![\d.,]){re.escape(said)}(?![\w/])", other, re.IGNORECASE) for other in others):
            found.append(r"(?<![\d.,])" + _flexible(said))
    defined = rf"{re.escape(name)}(?:\s+(?:therapy|treatment|dose))?\s+\((?P<short>[A-Za-z][\w/+-]{{0,14}})\)"
    found += [rf"(?-i:{re.escape(match['short'])})" for match in re.finditer(defined, text, re.IGNORECASE)]
    if re.fullmatch(r"\S{2,14}", name):  # "azathioprine (AZA)"
        long_name = rf"(?P<long>\b[A-Za-z][\w-]{{1,40}}(?:\s[\w-]{{1,40}}){{0,3}})\s+\({re.escape(name)}\)"
        for match in re.finditer(long_name, text):
            own = [word for word in match["long"].split() if word.lower() not in _COMMON | taken]
            if own and len(own[-1]) > 4 and own[-1][0].lower() == name[0].lower():
                found.append(_flexible(own[-1]))
    return tuple(sorted(set(found), key=len, reverse=True))


def _with_aliases(arms: Sequence[Arm], text: str) -> list[Arm]:
    names = [arm.name for arm in arms]
    generic = len(arms) == 2 and sum(arm.control for arm in arms) == 1
    return [
        replace(arm, aliases=_aliases(arm.name, names[:i] + names[i + 1 :], text) + (_GENERIC[arm.control],) * generic)
        for i, arm in enumerate(arms)
    ]


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

    def first(among: Sequence[Sentence], *ways: Callable[[str, int], list[Arm]]) -> list[Arm]:
        tried = (_usable(way(text[s.start : s.end], s.start)) for s in among for way in ways)
        return next((usable for usable in tried if usable), [])

    sized = first(allocation, _sized_after, _sized_before, _sized_bare) or first(given, _sized_after)
    listed = first(allocation, _listed)
    if sized:
        return _with_aliases(_renamed(sized, listed), text)
    arms = _with_aliases(listed or first(parts[:60], _compared) or _phrased(text, parts[:200]), text)
    return _with_sizes(arms, text, [s for s in parts[:60] if _ALLOCATION.search(text, s.start, s.end)])


def _renamed(sized: list[Arm], listed: list[Arm]) -> list[Arm]:
    """Prefer the names of the allocation where sizes are given to "intervention" and "control"."""
    control, wanted = [arm.control for arm in sized], [arm.control for arm in listed]
    generic = any(_GENERIC_NAME.match(arm.name) for arm in sized)
    if len(sized) == len(listed) == 2 and generic and sum(wanted) == 1 == sum(control):
        ordered = listed if control == wanted else listed[::-1]
        return [replace(old, name=new.name) for new, old in zip(ordered, sized, strict=True)]
    return sized


def _with_sizes(arms: list[Arm], text: str, allocation: Sequence[Sentence]) -> list[Arm]:
    """Look for "(180 in the X group)" once the names are known."""
    sizes: dict[int, Arm] = {}
    for sentence in allocation:
        piece = text[sentence.start : sentence.end]
        for one in (*_sized_before(piece, sentence.start), *_sized_after(piece, sentence.start)):
            for i, arm in enumerate(arms):
                if one.n and any(re.fullmatch(a, one.name, re.IGNORECASE) for a in arm.aliases):
                    sizes.setdefault(i, one)
    if len(sizes) < len(arms):
        found = (_sizes_by_name(arms, text[s.start : s.end], s.start) for s in allocation)
        sizes = next((one for one in found if len(one) == len(arms)), {})
    return [replace(arm, n=sizes[i].n, size=sizes[i].size) for i, arm in enumerate(arms)] if sizes else arms


def _sizes_by_name(arms: list[Arm], piece: str, offset: int) -> dict[int, Arm]:
    """Read "100 received placebo, 102 drug 75 mg and 104 drug 150 mg"."""
    sizes: dict[int, Arm] = {}
    for i, arm in enumerate(arms if "%" not in piece and len(piece) <= 1000 else ()):
        given = rf"(?<![\d.,/])(?P<n>{INT}) (?:{PATIENTS} )?(?:(?:received|receiving|to|in|on) (?:the )?)?"
        if match := regex(rf"{given}(?:{'|'.join(arm.aliases)})(?!\w)").search(piece):
            sizes[i] = _sized("", match, offset)
    return sizes


def find_mentions(text: str, arms: Sequence[Arm]) -> list[Mention]:
    """Find every place that speaks of an arm, and every group that is none of them."""
    found: list[Mention] = []
    named = sorted(((alias, i) for i, arm in enumerate(arms) for alias in arm.aliases), key=lambda one: -len(one[0]))
    if named:
        pattern = regex(
            rf"(?<![\w-])(?:{'|'.join(f'(?P<a{k}>{alias})' for k, (alias, _) in enumerate(named))})(?!\w)"
            "(?!-controlled| controlled|-naive|-corrected|-adjusted|-subtracted| (?:levels|receptor|concentration)|"
            "-experienced)"
        )
        for match in pattern.finditer(text):
            assert match.lastgroup is not None
            found.append(Mention(match.start(), match.end(), named[int(match.lastgroup[1:])][1]))
    others: list[Mention] = []
    starts = [mention.start for mention in found]
    for match in _GROUP_PHRASE.finditer(text):
        near = found[max(0, bisect_left(starts, match.start() - 120)) : bisect_left(starts, match.end())]
        if any(mention.end > match.start() for mention in near) or _NOT_AN_ARM.match(
            (match["name"] or match["letter"]).strip()
        ):
            continue
        if match[0][:4].lower() != "both":
            others.append(Mention(match.start(), match.end(), None))
    return sorted(found + others, key=lambda mention: mention.start)
