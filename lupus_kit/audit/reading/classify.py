"""Which numbers of a sentence are results of the arms, and what the words around them make of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lupus_kit.audit.reading.mentions import Mention
from lupus_kit.audit.reading.words.entities import EVENTS, Entity
from lupus_kit.audit.reading.words.sentences import Sentence
from lupus_kit.audit.reading.words.values import effect_text, self_agrees

_HAPPENED = re.compile(
    rf"\b(?:{EVENTS}|died|dead|relapsed|discontinued|withdrew|developed|experienced)\b", re.IGNORECASE
)
_ALLOCATED = re.compile(
    r"\b(?:randomi[sz]ed|randomly|assigned|allocated|enrolled|recruited|screened|eligible)\b", re.IGNORECASE
)
_MEAN_WORDS = re.compile(
    r"\b(?:mean|average|median|change|changes|weight\s+loss|reduction|decrease|increase|adherence|"
    r"compliance)\b",
    re.IGNORECASE,
)
_SHARE_WORDS = re.compile(
    r"\b(?:percentages?\s+of|proportions?|rates?|patients|participants|incidence|achiev\w+|occurred|"
    r"respon\w+|(?:patients|participants)\s+with|events?|mortality|survival|frequency|risk)\b",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(
    r"\s*(?:[A-Za-z-]+\s+){0,5}?(?:in|with|on|among|of|for|receiving|v\.?|vs\.?|versus)\s", re.IGNORECASE
)

_PART_OF = re.compile(r"\b(?:of|among|all|the|n\s*=)\s*$", re.IGNORECASE)
_VERSUS_BEFORE = re.compile(r"\b(?:v|vs|versus|and|compared\s+with)\.?\s*(?:only\s+)?$", re.IGNORECASE)
_VERSUS_AFTER = re.compile(r"\s*(?:v|vs|versus|compared\s+with)\.?\s", re.IGNORECASE)
_BRACKET_AFTER_ARM = re.compile(r"[^,;()]{3,70}\(\s*(?:n\s*=\s*)?")


def why_not_a_value(text: str, entity: Entity, sentence: Sentence) -> str:
    """Return why a share or a mean is no result of an arm, or an empty string."""
    if entity.kind == "mean" and entity.parts["spread"] == "se":
        return "mean with a standard error"
    if entity.kind == "share" and entity.parts["form"] == "percent":
        before = text[max(sentence.start, entity.start - 160) : entity.start]
        if _MEAN_WORDS.search(before) and not _SHARE_WORDS.search(before):
            return "a mean or a change in percent, not a share of patients"
    return ""


def is_count(text: str, entity: Entity, sentence: Sentence, mentions: Sequence[Mention]) -> bool:
    """Say whether a number alone counts patients with an event: "two in the placebo group"."""
    piece = text[sentence.start : sentence.end]
    if not mentions or not _HAPPENED.search(piece) or _ALLOCATED.search(piece):
        return False
    before = text[max(sentence.start, entity.start - 30) : entity.start]
    if _PART_OF.search(before):
        return False
    following = next((m for m in mentions if m.start >= entity.end), None)
    near = following is not None and following.start - entity.end < 80
    close = near and bool(_COUNTED_AFTER.match(text, entity.end))
    return close or bool(_VERSUS_BEFORE.search(before)) or bool(_VERSUS_AFTER.match(text, entity.end))


def merged(text: str, values: Sequence[Entity], mentions: Sequence[Mention]) -> list[Entity]:
    """Join "60.0% of the placebo group (30/50)": one value, with an arm between its two spellings."""
    result: list[Entity] = []
    for value in values:
        if result and (one := _one_value(text, result[-1], value, mentions)):
            result[-1] = one
        else:
            result.append(value)
    return result


def _one_value(text: str, before: Entity, value: Entity, mentions: Sequence[Mention]) -> Entity | None:
    if before.parts.get("form") != "percent" or value.parts.get("form") != "count/n":
        return None
    parts = before.parts | value.parts | {"form": "percent (count/n)", "also": str(value.start)}
    named = any(before.end <= m.start and m.end <= value.start for m in mentions)
    bracket = _BRACKET_AFTER_ARM.fullmatch(text[before.end : value.start])
    return Entity("share", before.start, before.end, parts) if named and bracket and self_agrees(parts) else None


def with_inherited_effects(inside: Sequence[Entity]) -> list[Entity]:
    """Give "1.83 (1.30-2.59)" the kind of the effect named before it in the sentence."""
    kind = ""
    result = []
    for entity in inside:
        if entity.kind == "effect" and entity.parts.get("type"):
            kind = entity.parts["type"]
        elif entity.kind == "effect" and not kind:
            entity = Entity("estimate with an interval", entity.start, entity.end, entity.parts)
        elif entity.kind == "effect" or (entity.kind == "estimate with a range" and _is_ratio(kind)):
            entity = Entity("effect", entity.start, entity.end, entity.parts | {"type": kind, "inherited": "yes"})
        result.append(entity)
    return result


def _is_ratio(kind: str) -> bool:
    return bool(kind) and effect_text({"type": kind})[0] == "ratio"
