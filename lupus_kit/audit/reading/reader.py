"""Reads a text sentence by sentence and gathers its claims, its questions and what became of each number."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, TypeVar

from lupus_kit.audit.reading import endpoints
from lupus_kit.audit.reading.arms import Mention, find_arms, find_mentions
from lupus_kit.audit.reading.attach import Pair, attach
from lupus_kit.audit.reading.entities import Entity, find
from lupus_kit.audit.reading.linking import TURNED, Passage
from lupus_kit.audit.reading.sentences import Sentence, sentences
from lupus_kit.audit.reading.spellings import plain
from lupus_kit.audit.reading.values import effect_text, remarks_on, reported, total, values_of, with_inherited_effects
from lupus_kit.core.errors import InputError
from lupus_kit.published.claims.files import study_from_claims

_Placed = TypeVar("_Placed", Entity, Mention)
#: What every proposed study says of itself.
STUDY = {
    "key": "text",
    "title": "Claims proposed from a text",
    "source": "proposed from a text; to be corrected by hand",
}
#: A sentence of more characters than this is none.
LONGEST = 6_000
NAMED_ORDER = "the effect compares the arms in the order in which the sentence names them"
#: Numbers that may be part of the name of an endpoint.
_KEPT = ("name", "threshold", "scale", "age")
_AROUND = re.compile(r"^[\s,;:).]*(?:and\s+)?(?:at\s+)?(?:by\s*)?|[\s(]*$")


class Reader:
    """Reads one text.

    Attributes
    ----------
    claims : list of dict
        The comparisons, as the keys of a claims file.
    spans : list of (int, int)
        For each the slice of the source it was read from.
    used, asked, labels : dict of int to str
        By where a number begins: the claim it is in, what is unclear about it, what it is instead of a result.
    questions : list of (int, int, str, str)
        Slice of the plain text, what is unclear, candidates.
    """

    def __init__(self, source: str) -> None:
        self.plain = plain(source)
        self.text = self.plain.text
        self.parts = sentences(self.text)
        self.entities = find(self.text)
        self.arms = find_arms(self.text, self.parts)
        self.mentions = find_mentions(self.text, self.arms)
        self.plan = endpoints.read_plan(self.text, self.parts)
        self.sizes = {arm.size for arm in self.arms}
        self.arm_tables = [{"name": arm.name} | ({"n": arm.n} if arm.n else {}) for arm in self.arms]
        self.claims: list[dict[str, Any]] = []
        self.spans: list[tuple[int, int]] = []
        self.used: dict[int, str] = {}
        self.asked: dict[int, str] = {}
        self.labels: dict[int, str] = {}
        self.questions: list[tuple[int, int, str, str]] = []
        self._sentence_of_last_claim = -1
        #: The orders in which the text has named its arms so far.
        self._orders = {tuple(range(len(self.arms)))}
        order: tuple[int, ...] = ()
        for sentence in self.parts:
            order = self._read(sentence, order)

    def _read(self, sentence: Sentence, inherited: tuple[int, ...]) -> tuple[int, ...]:
        """Read one sentence; return the order of arms it ends with."""
        inside = _within(self.entities, sentence)
        mentions = _within(self.mentions, sentence)
        if sentence.end - sentence.start > LONGEST:
            self.labels |= {entity.start: "in a sentence that is too long to be read" for entity in inside}
            return ()
        inside = with_inherited_effects(inside)
        self.labels |= {e.start: e.kind for e in inside if e.kind == "estimate with an interval"}
        counted = [entity for entity in inside if entity.kind != "bare" or entity.start not in self.sizes]
        values, no_values = values_of(self.text, counted, sentence, mentions)
        self.labels |= no_values
        passage = Passage(self.text, sentence, values, mentions, inside, self.arms)
        if not values:
            self._effect_only(passage)
            return ()
        known = [order for order in self._orders if set(order) == set(inherited)]
        groups, unlinked = passage.link(inherited if len(known) == 1 else ())
        self._orders |= {group.arms for group in groups}
        for value in (values[position] for position in unlinked):
            if value.kind != "bare":
                names = ", ".join(arm.name for arm in self.arms)
                self._ask(value, "which arm it belongs to, or what it is compared with", names)
        done = attach(passage, groups, unlinked)
        for entity, why in done.unclear:
            self._ask(entity, why)
        self.labels |= {entity.start: what for entity, what in done.other}
        for pair in done.pairs:
            self._claim(passage, pair)
        return groups[-1].arms if groups else ()

    def _ask(self, entity: Entity, unclear: str, candidates: str = "") -> None:
        """Keep a question; its numbers are in no claim."""
        self.asked |= dict.fromkeys(_starts(entity), unclear)
        self.questions.append((entity.start, entity.end, unclear, candidates))

    def _effect_only(self, passage: Passage) -> None:
        """Claim an effect and its p-value where no numbers of the arms are printed."""
        others = passage.others
        named = tuple(dict.fromkeys(m.arm for m in passage.mentions))
        arms = tuple(arm for arm in named if arm is not None)
        effects = [o for o in others if o.kind == "effect" and "low" in o.parts]
        ps = [o for o in others if o.kind == "p" and not o.parts.get("of")]
        rest = others
        if len(effects) == 1 and len(ps) <= 1 and len(named) == 2 and arms == named:
            turned = TURNED.search(self.text, passage.sentence.start, passage.mentions[0].start)
            if not turned and (not ps or ps[0].start > effects[0].start):
                p = ps[0] if ps else None
                self._claim(passage, Pair(None, (), arms, p, effects[0], assumed=[NAMED_ORDER]))
                rest = [o for o in others if o not in (*effects, *ps)]
        for other in rest:
            if other.parts.get("of"):
                self.labels[other.start] = f"p-value for {other.parts['of']}"
            else:
                self._ask(other, "its sentence gives no numbers of the arms it compares")

    def _claim(self, passage: Passage, pair: Pair) -> None:
        own = _own(passage, pair)
        record, span = self._record(passage, pair)
        if not accepted(record, self.arm_tables):
            for entity in own:
                self._ask(entity, "the numbers of this comparison cannot be meant as they are read")
            return
        self.claims.append(record)
        self.spans.append(span)
        self._sentence_of_last_claim = passage.sentence.start
        self.used |= {start: record["id"] for entity in own for start in _starts(entity)}

    def _endpoint(
        self, passage: Passage, mine: Sequence[Entity], room: tuple[int, int], extent: tuple[int, int]
    ) -> str:
        if zero := next((v.parts["what"] for v in mine if v.parts.get("what")), ""):
            return zero
        hide = {(e.start, e.end) for e in passage.inside if e.kind not in _KEPT}
        hide |= {(m.start, m.end) for m in passage.mentions}
        first, last = (min(v.start for v in mine), max(v.end for v in mine)) if mine else extent
        name = endpoints.endpoint_name(self.text, *room, first, last, sorted(hide))
        if name != endpoints.NOT_NAMED or not mine or self._sentence_of_last_claim != passage.sentence.start:
            return name
        piece = self.text[room[0] : mine[0].start]
        for e in passage.inside:
            if e.kind in ("visit", "time") and room[0] <= e.start < mine[0].start:
                piece = piece.replace(self.text[e.start : e.end], " ")
        return "; ".join(filter(None, [self.claims[-1]["endpoint"], _AROUND.sub("", piece)]))

    def _record(self, passage: Passage, pair: Pair) -> tuple[dict[str, Any], tuple[int, int]]:
        """Return a comparison as the keys of a claim, and the slice of the source it was read from."""
        sentence, arms = passage.sentence, [self.arms[i] for i in pair.arms]
        mine = [passage.values[i] for i in pair.values]
        (start, end), (low, high) = _extent(passage, pair), _room(passage, pair)
        endpoint = self._endpoint(passage, mine, (low, high), (start, end))
        times = [e for e in passage.inside if e.kind in ("visit", "time")]
        visit, at = endpoints.find_visit(self.text, sentence, times, start, end, low, high)
        role, why = endpoints.role_of(self.text, low, high, sentence, endpoint, visit, self.plan)
        assumed = [*pair.assumed, why]
        if at:
            start, end = min(start, at[0]), max(end, at[1])
        if not visit and (visit := endpoints.planned_visit(self.plan, role)):
            assumed.append("the visit is that of the definition of the primary endpoint")
        if any(v.parts.get("elided") for v in mine):
            assumed.append("one percent sign stands for both numbers")
        if pair.effect and pair.effect.parts.get("inherited"):
            assumed.append("the kind of effect is the one named before")
        while end < sentence.end and self.text[end] in ")%":
            end += 1
        said = "; ".join(filter(None, dict.fromkeys(assumed)))
        record: dict[str, Any] = {
            "id": f"claim_{len(self.claims) + 1}",
            "endpoint": endpoint,
            "visit": visit,
            "role": role,
            "kind": "mean" if mine and mine[0].kind == "mean" else "binary",
            "arms": [arm.name for arm in arms],
            "reported": [reported(v) for v in mine],
            "n": [total(v) or "" for v in mine] if any(map(total, mine)) else [],
            "p": pair.p.parts["p"] if pair.p else "",
            "effect": effect_text(pair.effect.parts) if pair.effect else "",
            "analysis": pair.p.parts.get("analysis", "") if pair.p else "",
            "met": endpoints.met_of(self.text[sentence.start : sentence.end], role, self.plan),
            "note": "; ".join(remarks_on(mine, arms)),
            "words": self.plain.words(start, end),
            "assumed": said,
            "confidence": "proposed from the text" + (", with assumptions" if said else ""),
        }
        return {key: value for key, value in record.items() if value not in ("", [])}, self.plain.span(start, end)


def _own(passage: Passage, pair: Pair) -> list[Entity]:
    """Return the numbers of a comparison."""
    return [*(passage.values[i] for i in pair.values), *(e for e in (pair.p, pair.effect) if e)]


def _extent(passage: Passage, pair: Pair) -> tuple[int, int]:
    """Return where the words of a comparison begin and end: its numbers and all arms they were read with."""
    words: list[Entity | Mention] = [*_own(passage, pair)]
    if pair.group:
        values = [passage.values[i] for i in pair.group.positions]
        also = {value.parts.get("also") for value in values}
        words += [*pair.group.mentions, *values, *(e for e in passage.inside if str(e.start) in also)]
    else:
        words += [mention for mention in passage.mentions if mention.arm in pair.arms]
    return min(one.start for one in words), max(one.end for one in words)


def _room(passage: Passage, pair: Pair) -> tuple[int, int]:
    """Return the stretch between the comparison before and the one behind."""
    low, high = passage.sentence.start, passage.sentence.end
    if pair.group and pair.group.first > 0:
        before, limit = passage.values[pair.group.first - 1].end, passage.values[pair.group.first].start
        low = max([before, *(e.end for e in passage.others if before <= e.start < limit)])
    if pair.group and pair.group.last + 1 < len(passage.values):
        high = passage.values[pair.group.last + 1].start
    return low, high


def _within(found: Sequence[_Placed], sentence: Sentence) -> list[_Placed]:
    low, high = (bisect_left(found, at, key=lambda one: one.start) for at in (sentence.start, sentence.end))
    return list(found[low:high])


def _starts(entity: Entity) -> list[int]:
    """Return where a value begins, and where its second spelling does."""
    return [entity.start, *([int(entity.parts["also"])] if "also" in entity.parts else [])]


def accepted(record: dict[str, Any], arms: list[dict[str, Any]]) -> bool:
    """Say whether a claims file would take a claim; mark in it what is printed though no count gives it."""
    remark = "no count gives a value as it is printed"
    marks = {"as_printed": True, "note": "; ".join(filter(None, [record.get("note"), remark]))}
    for more in ({}, marks):
        try:
            study_from_claims({"study": STUDY | {"alpha": 0.05}, "arm": arms, "claim": [record | more]})
        except InputError:
            continue
        record |= more
        return True
    return False
