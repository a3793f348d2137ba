"""A comparison that was read, written as a claim."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lupus_kit.audit.reading.arms import Arm
from lupus_kit.audit.reading.attach import Pair
from lupus_kit.audit.reading.mentions import Mention
from lupus_kit.audit.reading.plan import Plan, met_of, planned_visit, role_of
from lupus_kit.audit.reading.words.entities import Entity
from lupus_kit.audit.reading.words.numerals import Plain
from lupus_kit.audit.reading.words.phrases import NOT_NAMED, endpoint_name, find_visit
from lupus_kit.audit.reading.words.sentences import Sentence
from lupus_kit.audit.reading.words.values import effect_text, remarks_on, reported, total
from lupus_kit.core.errors import InputError
from lupus_kit.published.claims.files import study_from_claims

#: What every proposed study says of itself.
STUDY = {
    "key": "text",
    "title": "Claims proposed from a text",
    "source": "proposed from a text; to be corrected by hand",
    "alpha": 0.05,
}
#: Numbers that may be part of the name of an endpoint.
_KEPT = ("name", "threshold", "scale", "age")
_AROUND = re.compile(r"^[\s,;:).]*(?:and\s+)?(?:at\s+)?(?:by\s*)?|[\s(]*$")


@dataclass
class Draft:
    """What is gathered while the sentences are read."""

    claims: list[dict[str, Any]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    used: dict[int, str] = field(default_factory=dict)
    asked: dict[int, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    questions: list[tuple[int, int, str, str]] = field(default_factory=list)
    sentence: int = -1

    def ask(self, entity: Entity, unclear: str, candidates: str) -> None:
        """Keep a question; its numbers are in no claim."""
        self.asked[entity.start] = unclear
        if "also" in entity.parts:
            self.asked[int(entity.parts["also"])] = unclear
        self.questions.append((entity.start, entity.end, unclear, candidates))


@dataclass(frozen=True)
class Source:
    """A text, what was found in it as a whole, and what is gathered from it.

    Attributes
    ----------
    plain : Plain
        The text in one spelling of its numbers.
    arms : list of Arm
        The groups that it compares.
    plan : Plan
        Which endpoint it calls primary, and when.
    draft : Draft
        The claims and questions so far.
    """

    plain: Plain
    arms: list[Arm]
    plan: Plan
    draft: Draft

    @property
    def text(self) -> str:
        """The text in one spelling of its numbers."""
        return self.plain.text


class Context:
    """One sentence, for writing the claims in it.

    Parameters
    ----------
    source : Source
        The text around it.
    sentence : Sentence
        Where it stands.
    values, mentions, inside : sequence
        Its values, where it speaks of arms, and everything recognised in it.
    """

    def __init__(
        self,
        source: Source,
        sentence: Sentence,
        values: Sequence[Entity],
        mentions: Sequence[Mention],
        inside: Sequence[Entity],
    ) -> None:
        self.source, self.sentence = source, sentence
        self.values, self.mentions, self.inside = values, mentions, inside
        marks = {(e.start, e.end) for e in inside if e.kind not in _KEPT} | {(m.start, m.end) for m in mentions}
        self._hide = sorted(marks)

    def own(self, pair: Pair) -> list[Entity]:
        """Return the numbers of a comparison."""
        return [*(self.values[i] for i in pair.values), *(e for e in (pair.p, pair.effect) if e)]

    def _extent(self, pair: Pair) -> tuple[int, int]:
        """Return where the words of a comparison begin and end: its numbers and all arms they were read with."""
        spans = [(e.start, e.end) for e in self.own(pair)]
        if pair.group:
            spans += [(m.start, m.end) for m in pair.group.mentions]
            spans += [(v.start, v.end) for v in self.values[pair.group.first : pair.group.last + 1]]
            also = {v.parts.get("also") for v in self.values[pair.group.first : pair.group.last + 1]}
            spans += [(e.start, e.end) for e in self.inside if str(e.start) in also]
        else:
            spans += [(m.start, m.end) for m in self.mentions if m.arm in pair.arms]
        return min(start for start, _ in spans), max(end for _, end in spans)

    def _room(self, pair: Pair) -> tuple[int, int]:
        """Return the stretch between the comparison before and the one behind."""
        if pair.group is None:
            return self.sentence.start, self.sentence.end
        first, last = pair.group.first, pair.group.last
        low, high = self.sentence.start, self.sentence.end
        if first > 0:
            before, limit = self.values[first - 1].end, self.values[first].start
            ends = [e.end for e in self.inside if before <= e.start < limit and e.kind in ("p", "effect")]
            low = max([before, *ends])
        if last + 1 < len(self.values):
            high = self.values[last + 1].start
        return low, high

    def _endpoint(self, mine: Sequence[Entity], low: int, high: int, start: int, end: int) -> str:
        if zero := next((v.parts["what"] for v in mine if v.parts.get("what")), ""):
            return zero
        text, draft = self.source.text, self.source.draft
        first = min((v.start for v in mine), default=start)
        last = max((v.end for v in mine), default=end)
        name = endpoint_name(text, low, high, first, last, self._hide)
        if name != NOT_NAMED or not draft.claims or draft.sentence != self.sentence.start or not mine:
            return name
        piece = text[low : mine[0].start]
        for e in self.inside:
            if e.kind in ("visit", "time") and low <= e.start < mine[0].start:
                piece = piece.replace(text[e.start : e.end], " ")
        more = _AROUND.sub("", piece)
        return f"{draft.claims[-1]['endpoint']}; {more}" if more else str(draft.claims[-1]["endpoint"])

    def record(self, pair: Pair) -> tuple[dict[str, Any], tuple[int, int]]:
        """Return a comparison as the keys of a claim, and the slice of the source it was read from."""
        source, sentence = self.source, self.sentence
        mine = [self.values[i] for i in pair.values]
        start, end = self._extent(pair)
        low, high = self._room(pair)
        endpoint = self._endpoint(mine, low, high, start, end)
        times = [e for e in self.inside if e.kind in ("visit", "time")]
        visit, at = find_visit(source.text, sentence, times, start, end, low, high)
        role, why = role_of(source.text, low, high, sentence, endpoint, visit, source.plan)
        assumed = [*pair.assumed, why]
        if at:
            start, end = min(start, at[0]), max(end, at[1])
        if not visit and (visit := planned_visit(source.plan, role)):
            assumed.append("the visit is that of the definition of the primary endpoint")
        if any(v.parts.get("elided") for v in mine):
            assumed.append("one percent sign stands for both numbers")
        if pair.effect and pair.effect.parts.get("inherited"):
            assumed.append("the kind of effect is the one named before")
        while end < sentence.end and source.text[end] in ")%":
            end += 1
        said = "; ".join(filter(None, dict.fromkeys(assumed)))
        record: dict[str, Any] = {
            "id": f"claim_{len(source.draft.claims) + 1}",
            "endpoint": endpoint,
            "visit": visit,
            "role": role,
            "kind": "mean" if mine and mine[0].kind == "mean" else "binary",
            "arms": [source.arms[i].name for i in pair.arms],
            "reported": [reported(v) for v in mine],
            "n": [total(v) or "" for v in mine] if any(total(v) for v in mine) else [],
            "p": pair.p.parts["p"] if pair.p else "",
            "effect": effect_text(pair.effect.parts)[1] if pair.effect else "",
            "analysis": pair.p.parts.get("analysis", "") if pair.p else "",
            "met": met_of(source.text[sentence.start : sentence.end], role, source.plan),
            "note": "; ".join(remarks_on(mine, [source.arms[i] for i in pair.arms])),
            "words": source.plain.words(start, end),
            "assumed": said,
            "confidence": "proposed from the text" + (", with assumptions" if said else ""),
        }
        return record, source.plain.span(start, end)


def accepted(record: dict[str, Any], arms: list[dict[str, Any]]) -> bool:
    """Say whether a claims file would take a claim; mark in it what is printed though no count gives it."""
    for as_printed in (False, True):
        record["as_printed"] = as_printed
        try:
            study_from_claims({"study": dict(STUDY), "arm": arms, "claim": [filled(record)]})
        except InputError:
            continue
        if as_printed:
            record["note"] = "; ".join(filter(None, [record["note"], "no count gives a value as it is printed"]))
        return True
    return False


def filled(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out the keys that say nothing."""
    return {key: value for key, value in record.items() if value not in ("", [], None, False)}
