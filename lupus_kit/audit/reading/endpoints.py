"""What a proposed comparison is about: a short title, the visit, the place in the plan of the trial; p-value and effect."""

import re
from collections.abc import Sequence

from lupus_kit.audit.reading.spellings import RE
from lupus_kit.core.errors import InputError
from lupus_kit.published import read_p

LONGEST = 60  # signs of a title


def visits_in(words: str) -> list[tuple[int, str]]:
    """Return the visits that words name, such as ``"week 12"``, each with its end; none where two are named together.

    Examples
    --------
    >>> [visits_in(words) for words in ("At 12 weeks, response was", "at weeks 12 and 24", "The week 24 rates")]
    [[(11, 'week 12')], [], [(11, 'week 24')]]
    """
    found = []
    for match in RE["visit"].finditer(words):
        first, second = filter(None, match.groups())
        unit, number = (second, first) if first.isdigit() else (first, second)
        found.append((match.end(), f"{unit.lower().removesuffix('s')} {int(number)}"))
    return found


def visit_of(words: str) -> str:
    """Return the visit that words name last, or nothing."""
    return found[-1][1] if (found := visits_in(words)) else ""


def title_of(before: str, behind: Sequence[str], arms: Sequence[str]) -> str:
    """Return a short title for a comparison from the words before its first number, or else behind its numbers."""
    called = {*arms, *(arm.split()[0] for arm in arms if len(arm.split()[0]) > 3)}
    names = "|".join(re.escape(arm) for arm in sorted(called, key=len, reverse=True)) or r"(?!)"
    named = re.compile(
        rf"(?i)\b(?:(?:with|in|for|on|of|than|by|among|receiving) )?(?:the )?(?:{names})(?:[ -](?:group|arm|patients))?s?\b"
    )
    clauses = re.split(r"[;:]\s|\)", re.sub(r"\([^()]*\)?|[^()]*\)", " ", before))
    heads, last = [], next((one for one in reversed(clauses) if re.search(r"[A-Za-z]{3}", one)), "")
    for piece in () if before.rstrip().endswith(";") else last.split(","):
        # An arm before the verb is who did it, not what was counted: "Low-dose IL-2 gave 54% complete remission".
        subject, *rest = RE["verb"].split(piece)
        subject = rest[0] if rest and subject.endswith(" who ") else subject
        bare = named.sub(" ", subject)
        is_arm = bare != subject and (len(bare.split()) < 3 or RE["who"].search(bare))
        heads.append(bare if not is_arm else named.sub(" ", rest[-1]) if rest else "")
    for words in behind:
        after = re.split(r"[,;:.()]", words.lstrip(") "))[0]
        heads += [named.sub(" ", RE["verb"].split(after)[0]), named.sub(" ", after)]
    for head in heads:
        title = " ".join(RE["leading"].sub("", RE["visit"].sub(" ", head)).split()).strip(" ,.-")
        title = RE["trailing"].sub("", title)
        if re.search(r"[A-Za-z]{3}", title) and not RE["no_title"].search(title):
            return title if len(title) <= LONGEST else title[:LONGEST].rsplit(" ", 1)[0]
    return "comparison"


def _content(words: str) -> set[str]:
    return {word for word in re.findall(r"[a-z][\w-]{2,}", words.lower()) if not RE["common"].match(word)}


class Plan:
    """What a text says of its primary endpoint: the words, the visit, and whether it was met."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.words, self.others = set[str](), set[str]()
        self.visit, self.met = "", ""
        for one in sentences:
            if found := RE["met"].search(one):
                self.met = "not met" if found[1] or found[2] else "met"
            elif (named := RE["primary"].search(one)) and not self.words:
                said, *later = re.split(r"\b[Ss]econdary\b", one[named.end() : named.end() + 400])
                self.words, self.visit, self.others = _content(said), visit_of(said), _content(" ".join(later))

    def role(self, title: str, visit: str, before: str) -> str:
        """Return the role that a comparison may have, or nothing."""
        words = _content(title)
        shared = words & self.words
        mostly = shared and 2 * len(shared) >= len(words) and visit in ("", self.visit or visit)
        if RE["primary"].search(before) or mostly:
            return "primary"
        if re.search(r"(?i)\bsecondary\b", before) or (shared and self.visit and visit) or words & self.others:
            return "secondary"
        return "safety" if RE["of_safety"].search(f"{title} {before[-80:]}") else ""


def p_text(printed: str) -> str:
    """Return a p-value as a claims file prints it; nothing where it is none.

    Examples
    --------
    >>> p_text("P = .02"), p_text("p = < 0.001"), p_text("P=NS"), p_text("p value of 0.3"), p_text("P = 2.3x10-5")
    ('0.02', '<0.001', 'NS', '0.3', '0.000023')
    """
    if re.search(r"(?i)n\.?s\.?$", printed):
        return "NS"
    found = RE["p"].search(re.sub(r"\b0,(?=\d)", "0.", printed))
    sign, digits = found.groups("") if found else ("", "")
    try:
        return read_p({"less": "<", "greater": ">"}.get(sign, sign) + digits).text
    except InputError:
        return ""


_SHORT = {
    "odds": "OR", "hazard": "HR", "relative risk": "RR", "risk ratio": "RR", "rate ratio": "rate ratio", "difference": "difference"
}  # fmt: skip


def effect_text(printed: str) -> str:
    """Return an effect as a claims file prints it.

    Examples
    --------
    >>> effect_text("odds ratio (OR), 1.83 (95% CI 1.30-2.59)"), effect_text("risk difference -15.0% (95% CI, -27.7% to -2.3%)")
    ('OR 1.83 (95% CI 1.30 to 2.59)', 'difference -15.0% (95% CI -27.7 to -2.3)')
    """
    level = RE["level"].search(printed)
    rest = printed.replace(level[0], " " * len(level[0])) if level else printed
    numbers = list(re.finditer(r"(?:(?<![\w.%)])[-+]\s?)?(?<![A-Za-z])\d*\.?\d+", rest))
    if not numbers:
        return ""
    name, letters = rest[: numbers[0].start()].lower(), re.search(r"\b[ac]?(OR|HR|RR|IRR)\b", rest)
    by_letters = letters[1].replace("IRR", "rate ratio") if letters else "ratio"
    short = next((short for long, short in _SHORT.items() if long in name), by_letters)
    first, *limits = [re.sub(r"^(-?)\.", r"\g<1>0.", m[0].replace(" ", "")) for m in numbers]
    unit = re.match(r"\s?(%)|\s?(percentage points?)", rest[numbers[0].end() :])
    shown = f"{'adjusted ' if re.search(r'(?<!un)adjusted|aOR|aHR|aRR', printed) else ''}{short} {first}"
    shown += "" if unit is None else "%" if unit[1] else " percentage points"
    return f"{shown} ({f'{level[1]}% CI ' if level else ''}{limits[0]} to {limits[1]})" if len(limits) > 1 else shown
