"""From the text of an abstract to a study: claims with their words, questions, and an account of every number."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lupus_kit._errors import InputError
from lupus_kit.audit.text.arms import Arm, Mention, find_arms, find_mentions
from lupus_kit.audit.text.attach import Pair, attach
from lupus_kit.audit.text.entities import EVENTS, Entity, find, numbers
from lupus_kit.audit.text.linking import Group, Linker
from lupus_kit.audit.text.numbers import Plain, plain
from lupus_kit.audit.text.patterns import PATIENTS
from lupus_kit.audit.text.phrases import NOT_NAMED, Plan, endpoint_name, find_visit, met_of, planned_visit, read_plan, role_of
from lupus_kit.audit.text.proposal import NUMBER_COLUMNS, QUESTION_COLUMNS, ProposedStudy
from lupus_kit.audit.text.sentences import Sentence, sentences
from lupus_kit.audit.text.values import effect_text, remarks_on, reported, total
from lupus_kit.published import Claim, Trial
from lupus_kit.published.claims_file import study_from_claims

#: A text is read as one abstract up to this many characters; what is longer is no abstract.
LARGEST = 2_000_000
_HAPPENED = re.compile(rf"\b(?:{EVENTS}|died|dead|relapsed|discontinued|withdrew|developed|experienced)\b", re.IGNORECASE)
_ALLOCATED = re.compile(r"\b(?:randomi[sz]ed|randomly|assigned|allocated|enrolled|recruited|screened|eligible)\b", re.IGNORECASE)
_MEAN_WORDS = re.compile(r"\b(?:mean|average|median|change|changes|weight\s+loss|reduction|decrease|increase|adherence|compliance)\b", re.IGNORECASE)
_SHARE_WORDS = re.compile(r"\b(?:percentages?\s+of|proportions?|rates?|patients|participants|incidence|achiev\w+|occurred|respon\w+|(?:patients|participants)\s+with|events?|mortality|survival|frequency|risk)\b", re.IGNORECASE)
_NUMBER_OF = re.compile(rf"\s*(?:[a-z-]+\s+){{0,3}}(?:{PATIENTS}|treated|analy[sz]ed|evaluable|randomi[sz]ed|completed|enrolled|screened)\b", re.IGNORECASE)
_COUNTED_AFTER = re.compile(r"\s*(?:[A-Za-z-]+\s+){0,5}?(?:in|with|on|among|of|for|receiving|v\.?|vs\.?|versus)\s", re.IGNORECASE)


@dataclass
class _Draft:
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


class _Reader:
    """Reads one text, sentence by sentence."""

    def __init__(self, source: str) -> None:
        self.plain: Plain = plain(source)
        self.text = self.plain.text
        self.parts: list[Sentence] = sentences(self.text)
        self.entities: list[Entity] = find(self.text)
        self.arms: list[Arm] = find_arms(self.text, self.parts)
        self.mentions: list[Mention] = find_mentions(self.text, self.arms)
        self.plan: Plan = read_plan(self.text, self.parts)
        self.draft = _Draft()
        self._starts = [entity.start for entity in self.entities]
        self._mention_starts = [mention.start for mention in self.mentions]
        self._sizes = {span for arm in self.arms for span in arm.spans}

    def read(self) -> _Draft:
        """Read every sentence."""
        order: tuple[int, ...] = ()
        for sentence in self.parts:
            order = self._sentence(sentence, order)
        return self.draft

    # ------------------------------------------------------------------ one sentence

    def _sentence(self, sentence: Sentence, inherited: tuple[int, ...]) -> tuple[int, ...]:
        """Read one sentence; return the order of arms it ends with."""
        inside = self.entities[bisect_left(self._starts, sentence.start) : bisect_right(self._starts, sentence.end - 1)]
        mentions = self.mentions[bisect_left(self._mention_starts, sentence.start) : bisect_right(self._mention_starts, sentence.end - 1)]
        inside = self._inherit_effects(sentence, inside)
        values = self._merged([entity for entity in inside if self._is_value(entity, sentence, mentions)], mentions)
        others = [entity for entity in inside if entity.kind in ("p", "effect")]
        if len(values) > 400:
            for entity in (*values, *others):
                self.draft.asked[entity.start] = "the sentence is too long to be read"
            return ()
        if not values and not others:
            return ()
        linker = Linker(self.text, sentence.start, sentence.end, values, mentions, others, self.arms)
        linked = linker.link(inherited)
        names = ", ".join(arm.name for arm in self.arms)
        for position in linked.unlinked:
            self._leave(values[position], names)
        done = attach(self.text, values, linked.groups, others, self.arms, linked.unlinked)
        if not values:
            self._effect_only(sentence, mentions, others, inside)
            return ()
        for entity, why in done.unclear:
            self.draft.ask(entity, why, "")
        for entity, what in done.other:
            self.draft.labels[entity.start] = what
        for pair in done.pairs:
            self._claim(sentence, pair, values, linked.groups, mentions, inside)
        return linked.groups[-1].arms if linked.groups else ()

    def _merged(self, values: Sequence[Entity], mentions: Sequence[Mention]) -> list[Entity]:
        """Join "60.0% of the placebo group (30/50)": one value, with an arm between its two spellings."""
        result: list[Entity] = []
        for value in values:
            before = result[-1] if result else None
            if before and before.parts.get("form") == "percent" and value.parts.get("form") == "count/n" and "also" not in before.parts:
                gap = self.text[before.end : value.start]
                named = any(before.end <= m.start and m.end <= value.start for m in mentions)
                merged = before.parts | value.parts | {"form": "percent (count/n)", "also": str(value.start)}
                if named and re.fullmatch(r"[^,;()]{3,70}\(\s*(?:n\s*=\s*)?", gap) and not remarks_on([Entity("share", 0, 0, merged)], [self.arms[0]]):
                    result[-1] = Entity("share", before.start, before.end, merged)
                    continue
            result.append(value)
        return result

    def _leave(self, value: Entity, names: str) -> None:
        if value.kind == "bare":
            return
        self.draft.ask(value, "which arm it belongs to, or what it is compared with", names)

    def _is_value(self, entity: Entity, sentence: Sentence, mentions: Sequence[Mention]) -> bool:
        if entity.kind == "mean":
            if entity.parts["spread"] == "se":
                self.draft.labels[entity.start] = "mean with a standard error"
                return False
            return True
        if entity.kind == "zero":
            return bool(mentions)
        if entity.kind == "bare":
            return self._is_count(entity, sentence, mentions)
        if entity.kind != "share":
            return False
        before = self.text[max(sentence.start, entity.start - 160) : entity.start]
        if entity.parts["form"] == "percent" and _MEAN_WORDS.search(before) and not _SHARE_WORDS.search(before):
            self.draft.labels[entity.start] = "a mean or a change in percent, not a share of patients"
            return False
        return True

    def _is_count(self, entity: Entity, sentence: Sentence, mentions: Sequence[Mention]) -> bool:
        """Say whether a number alone counts patients with an event: "two in the placebo group"."""
        piece = self.text[sentence.start : sentence.end]
        if not mentions or not _HAPPENED.search(piece) or _ALLOCATED.search(piece) or (entity.start, entity.end) in self._sizes:
            return False
        before = self.text[max(sentence.start, entity.start - 30) : entity.start]
        if re.search(r"\b(?:of|among|all|the|n\s*=)\s*$", before, re.IGNORECASE):
            return False
        following = next((m for m in mentions if m.start >= entity.end), None)
        close = following is not None and following.start - entity.end < 80 and bool(_COUNTED_AFTER.match(self.text, entity.end))
        versus = bool(re.search(r"\b(?:v|vs|versus|and|compared\s+with)\.?\s*(?:only\s+)?$", before, re.IGNORECASE))
        leads = bool(re.match(r"\s*(?:v|vs|versus|compared\s+with)\.?\s", self.text[entity.end : entity.end + 20], re.IGNORECASE))
        return close or versus or leads

    def _inherit_effects(self, sentence: Sentence, inside: Sequence[Entity]) -> list[Entity]:
        """Give "1.83 (1.30-2.59)" the kind of the effect named before it in the sentence."""
        kind, result = "", []
        for entity in inside:
            if entity.kind == "effect" and entity.parts.get("type"):
                kind = entity.parts["type"]
            elif entity.kind == "effect" or (entity.kind == "estimate with a range" and kind and "ratio" in effect_text({"type": kind})[0]):
                if not kind:
                    entity = Entity("estimate with an interval", entity.start, entity.end, entity.parts)
                else:
                    entity = Entity("effect", entity.start, entity.end, entity.parts | {"type": kind, "inherited": "yes"})
            result.append(entity)
        return result

    # ------------------------------------------------------------------ claims

    def _effect_only(self, sentence: Sentence, mentions: Sequence[Mention], others: Sequence[Entity], inside: Sequence[Entity]) -> None:
        """Claim an effect and its p-value where no numbers of the arms are printed."""
        named = list(dict.fromkeys(m.arm for m in mentions))
        effects = [o for o in others if o.kind == "effect" and "low" in o.parts]
        ps = [o for o in others if o.kind == "p" and not o.parts.get("of")]
        both = len(named) == 2 and None not in named
        if len(effects) == 1 and len(ps) <= 1 and both and (not ps or ps[0].start > effects[0].start):
            arms = tuple(i for i in named if i is not None)
            pair = Pair(None, (), arms, p=ps[0] if ps else None, effect=effects[0], assumed=["the effect compares the arms in the order in which the sentence names them"])
            self._claim(sentence, pair, [], [], mentions, inside)
            rest = [o for o in others if o not in (*effects, *ps)]
        else:
            rest = list(others)
        for other in rest:
            if other.parts.get("of"):
                self.draft.labels[other.start] = f"p-value for {other.parts['of']}"
            else:
                self.draft.ask(other, "its sentence gives no numbers of the arms it compares", "")

    def _claim(self, sentence: Sentence, pair: Pair, values: Sequence[Entity], groups: Sequence[Group], mentions: Sequence[Mention], inside: Sequence[Entity]) -> None:
        draft, mine = self.draft, [values[i] for i in pair.values]
        own = [*mine, *filter(None, (pair.p, pair.effect))]
        group_mentions = list(pair.group.mentions) if pair.group else [m for m in mentions if m.arm in pair.arms]
        whole = list(values[pair.group.first : pair.group.last + 1]) if pair.group else []
        start = min(item.start for item in (*own, *whole, *group_mentions))
        end = max(item.end for item in (*own, *whole, *group_mentions))
        end = max([end, *(e.end for e in inside if any(v.parts.get("also") == str(e.start) for v in mine))])
        low, high = self._room(sentence, pair, values, groups, start, end)
        kept = ("name", "threshold", "scale", "age")
        hide = sorted({(e.start, e.end) for e in inside if e.kind not in kept} | {(m.start, m.end) for m in mentions})
        zero = next((v.parts["what"] for v in mine if v.parts.get("what")), "")
        endpoint = zero or endpoint_name(self.text, low, high, min((v.start for v in mine), default=start), max((v.end for v in mine), default=end), hide)
        if endpoint == NOT_NAMED and draft.claims and draft.sentence == sentence.start:
            more = re.sub(r"^[\s,;:).]*(?:and\s+)?|[\s(]*$", "", self.text[low : mine[0].start]) if mine else ""
            endpoint = f"{draft.claims[-1]['endpoint']}; {more}" if more else draft.claims[-1]["endpoint"]
        draft.sentence = sentence.start
        times = [e for e in inside if e.kind in ("visit", "time")]
        visit, at = find_visit(self.text, sentence, times, start, end, low, high)
        role, why = role_of(self.text, low, high, sentence, endpoint, visit, self.plan)
        if at:
            start, end = min(start, at[0]), max(end, at[1])
        if not visit and (visit := planned_visit(self.plan, role)):
            why = "; ".join(filter(None, [why, "the visit is that of the definition of the primary endpoint"]))
        assumed = [*pair.assumed, *([why] if why else [])]
        notes = remarks_on(mine, [self.arms[i] for i in pair.arms])
        if any(v.parts.get("elided") for v in mine):
            assumed.append("one percent sign stands for both numbers")
        if pair.effect and pair.effect.parts.get("inherited"):
            assumed.append("the kind of effect is the one named before")
        while end < sentence.end and self.text[end] in ")%":
            end += 1
        name = f"claim_{len(draft.claims) + 1}"
        record: dict[str, Any] = {
            "id": name, "endpoint": endpoint, "visit": visit, "role": role,
            "kind": "mean" if mine and mine[0].kind == "mean" else "binary",
            "arms": [self.arms[i].name for i in pair.arms],
            "reported": [reported(v) for v in mine],
            "n": [total(v) for v in mine] if any(total(v) for v in mine) else [],
            "p": pair.p.parts["p"] if pair.p else "",
            "effect": effect_text(pair.effect.parts)[1] if pair.effect else "",
            "analysis": pair.p.parts.get("analysis", "") if pair.p else "",
            "met": met_of(self.text[sentence.start : sentence.end], role, self.plan),
            "note": "; ".join(notes), "words": self.plain.words(start, end),
            "assumed": "; ".join(dict.fromkeys(assumed)),
            "confidence": "proposed from the text" + ("" if not assumed else ", with assumptions"),
        }  # fmt: skip
        if not self._accepted(record):
            for entity in own:
                draft.ask(entity, "the numbers of this comparison cannot be meant as they are read", endpoint)
            return
        draft.claims.append(record)
        draft.spans.append(self.plain.span(start, end))
        draft.used |= {entity.start: name for entity in own} | {int(v.parts["also"]): name for v in mine if "also" in v.parts}

    def _room(self, sentence: Sentence, pair: Pair, values: Sequence[Entity], groups: Sequence[Group], start: int, end: int) -> tuple[int, int]:
        """Return the stretch between the comparison before and the one behind."""
        if pair.group is None:
            return sentence.start, sentence.end
        first, last = pair.group.first, pair.group.last
        low = sentence.start if first == 0 else self._after_brackets(values[first - 1].end, values[first].start)
        high = sentence.end if last + 1 == len(values) else values[last + 1].start
        return low, high

    def _after_brackets(self, at: int, limit: int) -> int:
        others = [e.end for e in self.entities[bisect_left(self._starts, at) : bisect_left(self._starts, limit)] if e.kind in ("p", "effect")]
        return max([at, *others])

    def _accepted(self, record: dict[str, Any]) -> bool:
        """Say whether a claims file would take the claim; mark what is printed though no count gives it."""
        arms = [{"name": arm.name} | ({"n": arm.n} if arm.n else {}) for arm in self.arms]
        for as_printed in (False, True):
            record["as_printed"] = as_printed
            try:
                study_from_claims({"study": {"key": "text", "title": "text", "alpha": 0.05}, "arm": arms, "claim": [_filled(record)]})
            except InputError:
                continue
            if as_printed:
                record["note"] = "; ".join(filter(None, [record["note"], "no count gives a value as it is printed"]))
            return True
        return False


def _filled(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out the keys that say nothing."""
    return {key: value for key, value in record.items() if value not in ("", [], None, False)}


def _account(reader: _Reader) -> pd.DataFrame:
    """Say of every number what became of it."""
    draft, rows = reader.draft, []
    covering = {(e.start, e.end): e for e in reader.entities}
    spans = sorted(covering)
    starts = [start for start, _ in spans]
    sizes = {start: arm.name for arm in reader.arms for start, _ in arm.spans}
    for start, end in numbers(reader.text):
        at = bisect_right(starts, start) - 1
        entity = covering[spans[at]] if at >= 0 and spans[at][1] > start else None
        low, high = reader.plain.span(start, end)
        head = (low, high, reader.plain.source[low:high])
        if entity is None and start in reader.plain.spelled:
            continue
        if start in sizes or (entity and entity.start in sizes):
            rows.append((*head, "used", "patients of an arm", ""))
        elif entity and entity.start in draft.used:
            rows.append((*head, "used", entity.kind, draft.used[entity.start]))
        elif entity and entity.start in draft.asked:
            rows.append((*head, "asked", draft.asked[entity.start], ""))
        elif entity and entity.start in draft.labels:
            rows.append((*head, "recognised", draft.labels[entity.start], ""))
        elif entity and entity.kind == "size":
            rows.append((*head, "recognised", "number of patients", ""))
        elif entity and entity.kind not in ("bare", "share", "p", "effect", "mean", "zero"):
            rows.append((*head, "recognised", entity.kind, ""))
        elif start not in reader.plain.spelled:
            patients = bool(_NUMBER_OF.match(reader.text, end))
            rows.append((*head, "recognised" if patients else "unread", "number of patients" if patients else "not read", ""))
    return pd.DataFrame(rows, columns=NUMBER_COLUMNS)


def _questions(reader: _Reader) -> pd.DataFrame:
    rows = []
    for start, end, unclear, candidates in sorted(reader.draft.questions):
        low, high = reader.plain.span(start, end)
        rows.append((low, high, reader.plain.source[low:high], unclear, candidates))
    return pd.DataFrame(rows, columns=QUESTION_COLUMNS)


def _registry(reader: _Reader) -> list[str]:
    found = [reader.text[e.start : e.end] for e in reader.entities if e.kind == "registration number"]
    return list(dict.fromkeys(m[0] for words in found for m in re.finditer(r"\b(?:NCT|ISRCTN)\s?\d{6,10}|\bChiCTR[\w-]+", words)))


def read_text(text: str) -> ProposedStudy:
    """Propose the claims of an abstract.

    Parameters
    ----------
    text : str
        Plain text, structured or not, in English.

    Returns
    -------
    ProposedStudy
        A study as from a claims file, with ``spans``, ``questions``, ``left_out`` and ``numbers`` beside its claims. A
        text without a comparison that can be read gives a study without claims and a remark that says so.

    Raises
    ------
    InputError
        Not a text, an empty one, or one far longer than an abstract.

    Notes
    -----
    Grammar and regular expressions, no language model. A number is given to an arm only where the sentence ties
    it to that arm; everything else is among the questions. Correct the claims by hand before you rely on them.

    Examples
    --------
    >>> study = read_text(
    ...     "Sixty adults were randomised to drug X (n=30) or placebo (n=30). At week 12, 55.2% and 30.0% responded "
    ...     "in the drug X and placebo groups, respectively (p=0·05)."
    ... )
    >>> study.claims[["arm_a", "reported_a", "arm_b", "reported_b", "reported_p"]].iloc[0].tolist()
    ['drug X', '55.2%', 'placebo', '30.0%', '0.05']
    """
    if not isinstance(text, str):
        raise InputError(f"text == {type(text).__name__}, must be a string: the plain text of an abstract.")
    if not text.strip():
        raise InputError("the text is empty: give the plain text of an abstract.")
    if len(text) > LARGEST:
        raise InputError(f"the text has {len(text):,} characters; an abstract has some thousand, and {LARGEST:,} is the most.")
    reader = _Reader(text)
    draft = reader.read()
    account, remarks = _account(reader), []
    if account.empty:
        remarks.append("The text holds no numbers: there is nothing to check.")
    elif not reader.arms:
        remarks.append("No arms were recognised, so no number is given to one: name them in a claims file by hand.")
    elif not draft.claims:
        remarks.append("No comparison of the arms was recognised.")
    trial = Trial(
        key="text", title="Claims proposed from a text", registry=tuple(_registry(reader)),
        source="proposed from a text; to be corrected by hand", n_randomised={arm.name: arm.n for arm in reader.arms},
    )  # fmt: skip
    records: tuple[Claim, ...] = ()
    if draft.claims:
        arms = [{"name": arm.name} | ({"n": arm.n} if arm.n else {}) for arm in reader.arms]
        data = {"study": {"key": "text", "title": trial.title, "alpha": 0.05}, "arm": arms, "claim": [_filled(c) for c in draft.claims]}
        records = study_from_claims(data, "the text").records
    marks = sorted((*reader.plain.span(e.start, e.end), draft.used[e.start]) for e in reader.entities if e.start in draft.used)
    return ProposedStudy(
        trial, records, remarks=tuple(remarks), text=text, spans=tuple(draft.spans), marks=tuple(marks),
        questions=_questions(reader), numbers=account,
    )  # fmt: skip
