"""Which numbers of a sentence are results of the arms, and how a claims file prints them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from lupus_kit.audit.reading.arms import Arm, Mention
from lupus_kit.audit.reading.entities import Entity
from lupus_kit.audit.reading.patterns import EVENTS
from lupus_kit.audit.reading.sentences import Sentence
from lupus_kit.audit.reading.spellings import digits, regex, words
from lupus_kit.published import decimals

_HAPPENED = regex(rf"\b(?:{EVENTS}|died|dead|relapsed|discontinued|withdrew|developed|experienced)\b")
_ALLOCATED = regex(r"\b(?:randomi[sz]ed|randomly|assigned|allocated|enrolled|recruited|screened|eligible)\b")
_MEAN_WORDS = regex(rf"\b{words('of_means')}\b")
_SHARE_WORDS = regex(rf"\b{words('of_shares')}\b")
_COUNTED_AFTER = regex(r"\s*(?:[A-Za-z-]+ ){0,5}?(?:in|with|on|among|of|for|receiving|v\.?|vs\.?|versus)\s")
_PART_OF = regex(r"\b(?:of|among|all|the|n\s*=)\s*$")
_VERSUS_BEFORE = regex(r"\b(?:v|vs|versus|and|compared with)\.?\s*(?:only )?$")
_VERSUS_AFTER = regex(r"\s*(?:v|vs|versus|compared with)\.?\s")
_BRACKET_AFTER_ARM = re.compile(r"[^,;()]{3,70}\(\s*(?:n\s*=\s*)?")
_EFFECT_NAMES = (
    (r"odds|^(?:a|c|adj\.?\s?)?ORs?$", "OR"),
    (r"hazard|^(?:a|c|s|adj\.?\s?)?HRs?$", "HR"),
    (r"incidence rate|^a?IRRs?$|rate[\s-]ratio", "rate ratio"),
    (r"relative[\s-]risks?$|risk[\s-]ratio|^(?:a|c|adj\.?\s?)?RRs?$|prevalence|^PRs?$", "RR"),
    (r"win[\s-]ratio", "win ratio"),
    (r"ratio", "ratio"),
)
_QUALIFIED = regex(rf"^(?:{words('qualifications')}[\s-]+)+")


def values_of(
    text: str, inside: Sequence[Entity], sentence: Sentence, mentions: Sequence[Mention]
) -> tuple[list[Entity], dict[int, str]]:
    """Return the results of arms in a sentence, and by where they begin why other shares and means are none."""
    values: list[Entity] = []
    reasons = {}
    for one in inside:
        before = text[max(sentence.start, one.start - 160) : one.start]
        about_mean = _MEAN_WORDS.search(before) and not _SHARE_WORDS.search(before)
        if one.kind == "mean" and one.parts["spread"] == "se":
            reasons[one.start] = "mean with a standard error"
        elif one.kind == "share" and one.parts["form"] == "percent" and about_mean:
            reasons[one.start] = "a mean or a change in percent, not a share of patients"
        elif both := _joined(text, values[-1], one, mentions) if values else None:
            values[-1] = both
        elif one.kind in ("share", "mean") or _is_count(text, one, sentence, mentions):
            values.append(one)
    return values, reasons


def _is_count(text: str, entity: Entity, sentence: Sentence, mentions: Sequence[Mention]) -> bool:
    """Say whether a number alone counts patients with an event: "two in the placebo group", "no deaths"."""
    piece = text[sentence.start : sentence.end]
    before = text[max(sentence.start, entity.start - 30) : entity.start]
    if entity.kind != "bare" or not mentions or _PART_OF.search(before):
        return entity.kind == "zero" and bool(mentions)
    if not _HAPPENED.search(piece) or _ALLOCATED.search(piece):
        return False
    following = next((m.start for m in mentions if m.start >= entity.end), len(text) + 80)
    near = following - entity.end < 80 and _COUNTED_AFTER.match(text, entity.end)
    return bool(near or _VERSUS_BEFORE.search(before) or _VERSUS_AFTER.match(text, entity.end))


def _joined(text: str, last: Entity, value: Entity, mentions: Sequence[Mention]) -> Entity | None:
    """Read "60.0% of the placebo group (30/50)" as one value, with an arm between its two spellings."""
    if last.parts.get("form") != "percent" or value.parts.get("form") != "count/n":
        return None
    count, n = _count_and_n(value.parts)
    named = any(last.end <= m.start and m.end <= value.start for m in mentions)
    if n is None or not named or not _agrees(count, n, _percent(last.parts)):
        return None
    both = last.parts | value.parts | {"form": "percent (count/n)", "also": str(value.start)}
    return replace(last, parts=both) if _BRACKET_AFTER_ARM.fullmatch(text[last.end : value.start]) else None


def with_inherited_effects(inside: Sequence[Entity]) -> list[Entity]:
    """Give "1.83 (1.30-2.59)" the kind of the effect named before it in the sentence."""
    kind, result = "", []
    for entity in inside:
        if entity.kind == "effect" and entity.parts.get("type"):
            kind = entity.parts["type"]
        elif entity.kind == "effect" and not kind:
            entity = replace(entity, kind="estimate with an interval")
        elif entity.kind == "effect" or (entity.kind == "estimate with a range" and _is_ratio(kind)):
            entity = replace(entity, kind="effect", parts=entity.parts | {"type": kind, "inherited": "yes"})
        result.append(entity)
    return result


def _percent(parts: Mapping[str, str]) -> str:
    text = parts["percent"]
    return digits(text.replace(",", ".") if re.fullmatch(r"\d{1,2},\d{1,2}", text) else text)


def _count_and_n(parts: Mapping[str, str]) -> tuple[int, int | None]:
    return int(digits(parts["count"])), int(digits(parts["n"])) or None if "n" in parts else None


def _agrees(count: int, n: int, percent: str) -> bool:
    """Say whether a count prints as a percentage, up or down, or cut off."""
    exact = Fraction(100 * count, n)
    step = Fraction(1, 10 ** decimals(percent))
    return -step / 2 <= Fraction(percent) - exact <= step / 2 or 0 <= exact - Fraction(percent) < step


def reported(value: Entity) -> str:
    """Return a value as a claims file prints it."""
    parts = value.parts
    if value.kind == "mean":
        return f"{parts['mean']}±{parts['sd']}"
    if value.kind in ("zero", "bare"):
        return parts["count"]
    percent = f"{_percent(parts)}%" if "percent" in parts else ""
    if "count" not in parts:
        return percent
    count = digits(parts["count"])
    if "n" not in parts:
        return f"{count} ({percent})"
    fraction = f"{count}/{digits(parts['n'])}"
    return f"{percent} ({fraction})" if percent else fraction


def total(value: Entity) -> int | None:
    """Return the number of patients that a percentage is printed with but cannot hold itself."""
    return int(digits(value.parts["n"])) or None if value.parts.get("form") == "percent of n" else None


def remarks_on(values: Sequence[Entity], arms: Sequence[Arm]) -> list[str]:
    """Say which values do not agree with themselves or with the size of their arm."""
    notes = []
    for value, arm in zip(values, arms, strict=False):
        parts = value.parts
        if value.kind != "share" or "count" not in parts:
            continue
        count, own = _count_and_n(parts)
        n = own if "n" in parts else arm.n
        if "percent" in parts and n and not _agrees(count, n, _percent(parts)):
            whose = "" if "n" in parts else f", the size of {arm.name}"
            notes.append(f"{count} of {n}{whose}, is {100 * count / n:.2f}%, printed is {_percent(parts)}%")
        if own and arm.n and own > arm.n:
            notes.append(f"{parts['n']} patients are more than the {arm.n} of {arm.name}")
    return notes


def _effect_name(printed: str) -> str:
    said = _QUALIFIED.sub("", printed.strip())
    return next((short for pattern, short in _EFFECT_NAMES if re.search(pattern, said, re.IGNORECASE)), "difference")


def _is_ratio(kind: str) -> bool:
    return bool(kind) and _effect_name(kind) != "difference"


def effect_text(parts: Mapping[str, str]) -> str:
    """Return an effect as a claims file prints it.

    Examples
    --------
    >>> effect_text({"type": "odds ratio", "estimate": "1.83", "low": "1.30", "high": "2.59", "level": "95"})
    'OR 1.83 (95% CI 1.30 to 2.59)'
    """
    adjusted = re.search(r"(?<!un)adjusted|^a[A-Z]|^adj", parts["type"])
    unit = re.sub(r"\s+", " ", parts.get("unit", "").strip())
    unit = "%" if unit == "%" else f" {unit}" if unit else ""
    if unit == " percentage point":
        unit += "s"
    shown = f"{'adjusted ' if adjusted else ''}{_effect_name(parts['type'])} {digits(parts['estimate'])}{unit}"
    if "low" not in parts:
        return shown
    level = parts.get("level") or parts.get("level2")
    interval = f"{digits(parts['low'])} to {digits(parts['high'])}"
    return f"{shown} ({level}% CI {interval})" if level else f"{shown} ({interval})"
