"""Reads a text sentence by sentence and gathers its claims, its questions and what became of each number."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from lupus_kit.audit.reading.arms import Arm, find_arms
from lupus_kit.audit.reading.attach import Pair, attach
from lupus_kit.audit.reading.classify import is_count, merged, why_not_a_value, with_inherited_effects
from lupus_kit.audit.reading.drafting import Context, Draft, Source, accepted
from lupus_kit.audit.reading.linking import Linker
from lupus_kit.audit.reading.mentions import Mention, find_mentions
from lupus_kit.audit.reading.plan import Plan, read_plan
from lupus_kit.audit.reading.wording import TURNED
from lupus_kit.audit.reading.words.entities import Entity, find
from lupus_kit.audit.reading.words.numerals import Plain, plain
from lupus_kit.audit.reading.words.sentences import Sentence, sentences

#: A sentence of more characters than this is none.
LONGEST = 6_000
NAMED_ORDER = "the effect compares the arms in the order in which the sentence names them"


class Reader:
    """Reads one text, sentence by sentence."""

    def __init__(self, source: str) -> None:
        self.plain: Plain = plain(source)
        self.text = self.plain.text
        self.parts: list[Sentence] = sentences(self.text)
        self.entities: list[Entity] = find(self.text)
        self.arms: list[Arm] = find_arms(self.text, self.parts)
        self.mentions: list[Mention] = find_mentions(self.text, self.arms)
        self.plan: Plan = read_plan(self.text, self.parts)
        self.draft = Draft()
        self.source = Source(self.plain, self.arms, self.plan, self.draft)
        #: For each set of arms, the orders in which the text has named them so far.
        self._orders: dict[frozenset[int], set[tuple[int, ...]]] = {}
        self._note_order(tuple(range(len(self.arms))))
        self._starts = [entity.start for entity in self.entities]
        self._mention_starts = [mention.start for mention in self.mentions]
        self._sizes = {span for arm in self.arms for span in arm.spans}
        self.sizes = {start for start, _ in self._sizes}

    def read(self) -> Draft:
        """Read every sentence."""
        order: tuple[int, ...] = ()
        for sentence in self.parts:
            order = self._sentence(sentence, order)
        return self.draft

    def _note_order(self, arms: tuple[int, ...]) -> None:
        self._orders.setdefault(frozenset(arms), set()).add(arms)

    def _sentence(self, sentence: Sentence, inherited: tuple[int, ...]) -> tuple[int, ...]:
        """Read one sentence; return the order of arms it ends with."""
        inside = self.entities[bisect_left(self._starts, sentence.start) : bisect_right(self._starts, sentence.end - 1)]
        mentions = self.mentions[
            bisect_left(self._mention_starts, sentence.start) : bisect_right(self._mention_starts, sentence.end - 1)
        ]
        if sentence.end - sentence.start > LONGEST:
            self.draft.labels |= {entity.start: "in a sentence that is too long to be read" for entity in inside}
            return ()
        inside = with_inherited_effects(inside)
        self.draft.labels |= {e.start: e.kind for e in inside if e.kind == "estimate with an interval"}
        values = merged(self.text, [e for e in inside if self._is_value(e, sentence, mentions)], mentions)
        others = [entity for entity in inside if entity.kind in ("p", "effect")]
        if not values and not others:
            return ()
        linker = Linker(self.text, sentence.start, sentence.end, values, mentions, others, self.arms)
        linked = linker.link(inherited if len(self._orders.get(frozenset(inherited), ())) == 1 else ())
        for group in linked.groups:
            self._note_order(group.arms)
        names = ", ".join(arm.name for arm in self.arms)
        for value in (values[position] for position in linked.unlinked):
            if value.kind != "bare":
                self.draft.ask(value, "which arm it belongs to, or what it is compared with", names)
        done = attach(self.text, values, linked.groups, others, self.arms, linked.unlinked)
        if not values:
            self._effect_only(Context(self.source, sentence, (), mentions, inside), others)
            return ()
        for entity, why in done.unclear:
            self.draft.ask(entity, why, "")
        for entity, what in done.other:
            self.draft.labels[entity.start] = what
        context = Context(self.source, sentence, values, mentions, inside)
        for pair in done.pairs:
            self._claim(context, pair)
        return linked.groups[-1].arms if linked.groups else ()

    def _is_value(self, entity: Entity, sentence: Sentence, mentions: Sequence[Mention]) -> bool:
        if entity.kind == "zero":
            return bool(mentions)
        if entity.kind == "bare":
            return (entity.start, entity.end) not in self._sizes and is_count(self.text, entity, sentence, mentions)
        if why := why_not_a_value(self.text, entity, sentence):
            self.draft.labels[entity.start] = why
        return entity.kind in ("share", "mean") and not why

    def _effect_only(self, context: Context, others: Sequence[Entity]) -> None:
        """Claim an effect and its p-value where no numbers of the arms are printed."""
        named = list(dict.fromkeys(m.arm for m in context.mentions))
        effects = [o for o in others if o.kind == "effect" and "low" in o.parts]
        ps = [o for o in others if o.kind == "p" and not o.parts.get("of")]
        rest = list(others)
        turned = any(TURNED.search(self.text, context.sentence.start, m.start) for m in context.mentions[:1])
        if len(effects) == 1 and len(ps) <= 1 and len(named) == 2 and None not in named and not turned:
            arms = tuple(i for i in named if i is not None)
            pair = Pair(None, (), arms, ps[0] if ps else None, effects[0], assumed=[NAMED_ORDER])
            if not ps or ps[0].start > effects[0].start:
                self._claim(context, pair)
                rest = [o for o in others if o not in (*effects, *ps)]
        for other in rest:
            if other.parts.get("of"):
                self.draft.labels[other.start] = f"p-value for {other.parts['of']}"
            else:
                self.draft.ask(other, "its sentence gives no numbers of the arms it compares", "")

    def _claim(self, context: Context, pair: Pair) -> None:
        own = context.own(pair)
        record, span = context.record(pair)
        if not accepted(record, self.arm_tables):
            for entity in own:
                self.draft.ask(entity, "the numbers of this comparison cannot be meant as they are read", "")
            return
        self.draft.claims.append(record)
        self.draft.sentence = context.sentence.start
        self.draft.spans.append(span)
        self.draft.used |= {entity.start: record["id"] for entity in own}
        self.draft.used |= {int(entity.parts["also"]): record["id"] for entity in own if "also" in entity.parts}

    @property
    def arm_tables(self) -> list[dict[str, Any]]:
        """The arms as a claims file has them."""
        return [{"name": arm.name} | ({"n": arm.n} if arm.n else {}) for arm in self.arms]
