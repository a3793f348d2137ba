"""The results among the numbers of a sentence, and which two of them a paper compares.

Two neighbours are proposed where v, versus, and, with, than or compared joins them; what stands between them, and the
arms named beside them, say how likely it is.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from lupus_kit.audit.reading.arms import CONTROL, Mention
from lupus_kit.audit.reading.spellings import Number, value_of

Placed = TypeVar("Placed", Number, Mention)
#: Two neighbours further apart than this are not compared.
_FURTHEST = 250
#: A pair with a score below this is not proposed: its numbers are asked about.
LEAST = 1.2
_VERSUS = re.compile(r"(?:vs?|versus|against|(?:as )?compared (?:with|to)|/)[. ]*(?:only)?$", re.I)
_JOINED = re.compile(r"\b(?:v|vs|versus|with|than|compared|whereas|while|against|but|as did)\b", re.I)
_COMPARED = re.compile(r"\b(?:versus|vs|compared|than|whereas|while)\b", re.I)
_OTHER_GROUPS = re.compile(
    r"\b(?:men|boys|males)\b.{1,60}\b(?:women|girls|females)\b|\b(?:women|girls|females)\b.{1,60}\b(?:men|boys|males)\b"
    r"|\b(?:weeks?|months?|years?) \d+ and \d+\b"
    r"|\bsub-?group\b|\bat baseline\b",
    re.I,
)
_AND = re.compile(r",? ?(?:and|or)$", re.I)
_OF_ARM = re.compile(
    r"\b(?:groups?|arms?|regimens?|controls?|placebo|treated|receiv\w+|assigned|given|recipients)\b", re.I
)

# What may stand between a count and its percentage, or a percentage and its count: no other number, no clause.
_OPENED = re.compile(r"[^,;()\d]{0,70}\(\s?(?:[nN]\s?=\s?)?$")
_OF_N = re.compile(r"[^,;()]{0,12}\)?\s(?:out )?of (?:the |a total of )?(\d{1,3}(?:,\d{3})+|\d+)\b(?!\s?%|\.\d)")
_NEAR = 80
_PREPOSITION = re.compile(r"\b(?:with|in|on|for|of|among|given|receiving|treated|taking|assigned)\b")


@dataclass(frozen=True)
class Value:
    """A result as it may stand in a claim: the slice of its main number, all its numbers, and what they say."""

    start: int
    end: int
    marks: tuple[tuple[int, int], ...]
    percent: str = ""
    count: int | None = None
    n: int | None = None

    @property
    def reported(self) -> str:
        """The value as a claims file prints it."""
        counted = "" if self.count is None else f"{self.count}/{self.n}" if self.n else str(self.count)
        if not self.percent or not counted:
            return f"{self.percent}%" if self.percent else counted
        return f"{self.percent}% ({counted})" if self.n else f"{counted} ({self.percent}%)"


@dataclass(frozen=True)
class Pair:
    """Two values that may be compared, with the arms they may belong to."""

    first: Value
    second: Value
    score: float
    arms: tuple[str, str] | None = None
    named: str = ""


def values_in(text: str, numbers: Sequence[Number]) -> tuple[list[Value], list[Value]]:
    """Join counts, totals and percentages that print one result; return the results, and the counts that stand alone.

    A percentage in a bracket behind another ("83% (25% complete)") is part of that one.
    """
    values: list[Value] = []
    for number in numbers:
        if number.kind not in ("percent", "fraction", "count"):
            continue
        last, mark = values[-1] if values else None, (number.start, number.end)
        new = (
            Value(*mark, (mark,), value_of(text[slice(*mark)])) if number.kind == "percent" else _counted(text, number)
        )
        words = text[last.marks[-1][1] : number.start] if last else ""
        if last and (number.start < last.marks[-1][1] or (last.percent and new.percent and words.strip() == "(")):
            continue
        if last and _joins(words, text[number.end : number.end + 20], last, new):
            percent, counted = (last, new) if last.percent else (new, last)
            marks = (*last.marks, *new.marks)
            values[-1] = new = replace(percent, marks=marks, count=counted.count, n=counted.n or percent.n)
        else:
            values.append(new)
        if new.percent and new.n is None and (total := _OF_N.match(text, number.end)):
            values[-1] = replace(new, n=int(total[1].replace(",", "")) or None, marks=(*new.marks, total.span(1)))
    return [one for one in values if one.percent or one.n], [one for one in values if not one.percent and not one.n]


def _joins(words: str, behind: str, one: Value, two: Value) -> bool:
    """Say whether a count and a percentage are one result: a bracket joins them, or the one prints as the other."""
    percent, counted = (one, two) if one.percent else (two, one)
    if bool(one.percent) == bool(two.percent) or percent.count is not None or counted.count is None:
        return False
    if counted.n is None and counted is one:
        return _OPENED.fullmatch(words[-90:]) is not None
    if counted.n is None:
        return bool(re.fullmatch(r"\s?\(\s?(?:n\s?=\s?)?", words) and re.match(r"\s?[a-z]*\s?[);]", behind))
    if len(words) > _NEAR or re.search(r"\d|;.*\w|\b(?:v|vs|versus|than|compared)\b", words):
        return False
    if words.strip(" ,;=:(") == "" or (counted is one and words.endswith("(")):
        return True
    step = 10.0 ** -len(percent.percent.partition(".")[2])
    return abs(100 * counted.count / counted.n - float(percent.percent)) <= step


def _counted(text: str, number: Number) -> Value:
    """Read "24", "three", "24/40" or "24 of the 40"."""
    printed = text[number.start : number.end]
    parts = re.split(r"\s?/\s?|\s(?:[a-z]+ )?(?:out )?of\s", printed)
    first = (number.start, number.start + len(parts[0].rstrip()))
    if len(parts) == 1:
        return Value(*first, (first,), count=int(value_of(printed)))
    total = parts[-1].split()[-1]
    return Value(
        *first,
        (first, (number.end - len(total), number.end)),
        count=int(value_of(parts[0])),
        n=int(value_of(total)) or None,
    )


def between(placed: Sequence[Placed], low: int, high: int) -> Sequence[Placed]:
    """Return the numbers or mentions, sorted by their place, that begin from low up to high."""
    return placed[
        bisect_left(placed, low, key=lambda one: one.start) : bisect_left(placed, high, key=lambda one: one.start)
    ]


def gap_score(gap: str, kinds: Sequence[str]) -> float:
    """Say how likely the words between two numbers compare them; ``kinds`` are the other numbers among the words."""
    bare = re.sub(r"\([^()]*\)", " ", re.sub(r"^[^()]*\)|\([^()]*$", " ", gap))
    bare = " ".join(bare.split()).strip(" ,(")
    score = 0.0
    if _VERSUS.match(bare):
        score = 4.0
    elif _AND.match(bare) or _JOINED.search(bare):
        score = 2.0
    elif re.search(r"\band\b|;|,", gap):
        score = 0.5
    if _OF_ARM.search(bare):
        score += 1.0
    score -= 2.5 * kinds.count("p") + 1.0 * kinds.count("effect") + 0.5 * (";" in bare)
    return score - len(gap) / 200


def best_pairs(scores: Sequence[float]) -> list[int]:
    """Choose neighbours (the places of the first of each two), no value twice, with the largest sum of scores.

    Examples
    --------
    >>> best_pairs([1.0, 1.5, 1.0])
    [0, 2]
    """
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ()), (0.0, ())]
    for place, score in enumerate(scores):
        best = [best[1], max(best[1], (best[0][0] + score, (*best[0][1], place)), key=lambda one: one[0])]
    return list(best[1][1])


def _whose(
    text: str, span: tuple[int, int], a: Value, b: Value, named: Sequence[Mention], arms: Sequence[str]
) -> tuple[tuple[str, str] | None, str]:
    """Return the arms that two values may belong to, and how the words say so: both named, one named, in order, or not."""

    def other(arm: str) -> str:
        return next((one for one in arms if one != arm), "")

    before = between(named, span[0], a.start)
    gap = between(named, a.end, b.start)
    after = between(named, b.end, min(span[1], b.end + _NEAR))
    if gap:
        behind = bool(after) and after[0].arm != gap[0].arm
        ahead = bool(before) and before[-1].arm != gap[-1].arm
        if behind and ahead:
            behind = bool(_PREPOSITION.search(text, a.end, gap[0].start)) and "," not in text[a.end : gap[0].start]
        if behind:
            return (gap[0].arm, after[0].arm), "both"
        if ahead:
            return (before[-1].arm, gap[-1].arm), "both"
        if len(arms) == 2:
            joint = re.search(r"\b(?:v|vs|versus|with|than|compared|whereas|while|and|but)\b|;", text[a.end : b.start])
            mine = joint is None or gap[0].start < a.end + joint.start()
            whose = (gap[0].arm, other(gap[0].arm)) if mine else (other(gap[-1].arm), gap[-1].arm)
            alone = len({m.arm for m in (*before[-1:], *gap, *after[:1])}) == 1 and (before or after)
            return whose, "same" if alone else "one"
        return None, ""
    distinct = list(dict.fromkeys(m.arm for m in after))
    if len(distinct) > 1:
        return (distinct[0], distinct[1]), "order"
    latest = list(dict.fromkeys(m.arm for m in reversed(before)))[1::-1]
    if len(latest) > 1:
        if after and after[0].arm == latest[0]:
            latest.reverse()
        turned = re.search(
            r"(?:compared with|compared to|versus|relative to|than)\s(?:the |those |patients |in |on |receiving )*$",
            text[span[0] : min(m.start for m in before if m.arm == latest[0])],
            re.I,
        )
        return (latest[1], latest[0]) if turned else (latest[0], latest[1]), "order"
    if before and after and before[-1].arm != after[0].arm:
        return (before[-1].arm, after[0].arm), "both"
    if len(arms) == 2 and (before or after):
        far = a.start - before[-1].end > 60 if before else after[0].start - b.end > 60
        if far:
            return None, ""
        return (other(after[0].arm), after[0].arm) if after else (before[-1].arm, other(before[-1].arm)), "same"
    return None, ""


def _list_of(gaps: Sequence[str], place: int) -> int:
    """Return how many values a list such as "21%, 17% and 19%" holds that begins here, or 0."""
    end = place
    while end < len(gaps) and re.fullmatch(r"\s?\)?,\s\(?", gaps[end]):
        end += 1
    ends = place < end < len(gaps) and re.fullmatch(r"\s?\)?,?\s(?:and|&|or)\s", gaps[end])
    return end - place + 2 if ends else 0


def propose(
    text: str,
    span: tuple[int, int],
    values: Sequence[Value],
    numbers: Sequence[Number],
    named: Sequence[Mention],
    arms: Sequence[str],
) -> list[Pair]:
    """Propose the pairs of one sentence, the likelier before the others, none of more than two for one value."""
    pairs: list[Pair] = []
    last: tuple[str, str] | None = None
    ends = [(a.end, b.marks[0][0]) for a, b in pairwise(values)]
    gaps = [text[max(end, a.marks[-1][1]) : start] for (end, start), a in zip(ends, values, strict=False)]
    for place, (a, b) in enumerate(pairwise(values)):
        kinds = [n.kind for n in between(numbers, a.end, b.start)]
        low = values[place - 1].end if place else span[0]
        high = values[place + 2].start if place + 2 < len(values) else span[1]
        whose, said = _whose(text, (low, high), a, b, named, arms)
        if said in ("both", "order") and len(arms) == 2:
            last = whose
        elif last and said in ("", "same") and place and _VERSUS.match(" ".join(gaps[place].split()).strip(" ,()")):
            whose, said = last, "carried"
        score = gap_score(gaps[place], kinds) if len(gaps[place]) < _FURTHEST else -1.0
        score += {"both": 1.0, "order": 0.5, "one": 0.5}.get(said, 0.0)
        if said not in ("both", "one") and _OTHER_GROUPS.search(text, max(low, text.rfind(";", low, a.start)), high):
            score -= 4.0  # sexes, visits or subgroups are compared, or may be
        if said == "same" and score < 3.5 and not _OF_ARM.search(gaps[place]) and not _COMPARED.search(gaps[place]):
            score -= 1.5
        pairs.append(Pair(a, b, score, whose, said))
    scores = [one.score for one in pairs]
    more: list[Pair] = []
    for place in range(len(gaps)):
        if place + 2 < len(gaps) and all(_AND.fullmatch(gaps[i].strip()) for i in (place, place + 2)):
            # Two endpoints of each arm: "64 and 85% with A versus 58 and 75% with B".
            apart = "(" not in gaps[place + 1] and (pairs[place + 1].named == "both" or _JOINED.search(gaps[place + 1]))
            if apart and pairs[place].named in ("", "same") and pairs[place + 2].named in ("", "same"):
                a, b, c, d = values[place : place + 4]
                whose, said = pairs[place + 1].arms, pairs[place + 1].named
                more += [Pair(a, c, 2.0, whose, said), Pair(b, d, 2.0, whose, said)]
                scores[place : place + 3] = [-1.0] * 3
        names = _one_each(pairs, place)
        n = len(names) or _list_of(gaps, place)
        if n > 2 and (names or scores[place] > -0.5):
            names = names or (list(arms) if len(arms) == n else [""] * n)
            control = next((i for i, name in enumerate(names) if name and CONTROL.search(name)), n - 1)
            for i in sorted(set(range(n)) - {control}, key=lambda i: abs(i - control)):
                whose = (names[i], names[control]) if names[i] else None
                more.append(Pair(values[place + i], values[place + control], 2.0, whose, "list"))
            scores[place : place + n - 1] = [-1.0] * (n - 1)
    chosen = [pairs[i] for i in best_pairs(scores) if scores[i] >= LEAST]
    used = {one for pair in (*chosen, *more) for one in (pair.first, pair.second)}
    for place, pair in enumerate(pairs[:-1]):
        # "36.8% and 31.6% v 22.8%": what is joined to the first of two is compared with the second.
        after = pairs[place + 1]
        if pair.first not in used and _AND.fullmatch(gaps[place].strip()) and after in chosen and after.score > 3:
            three = list(dict.fromkeys(m.arm for m in named if m.start < pair.first.start))[-3:]
            told = len(three) == 3
            chosen[chosen.index(after)] = replace(after, arms=(three[1], three[2]) if told else None, named="shared")
            more.append(Pair(pair.first, after.second, 1.0, (three[0], three[2]) if told else None, "shared"))
    return _at_most_two([*chosen, *more])


def propose_counts(
    text: str, span: tuple[int, int], counts: Sequence[Value], named: Sequence[Mention], arms: Sequence[str]
) -> list[Pair]:
    """Propose two neighbouring counts only where each has its own arm beside it."""
    pairs = []
    for place, (a, b) in enumerate(pairwise(counts)):
        low = counts[place - 1].end if place else span[0]
        high = counts[place + 2].start if place + 2 < len(counts) else span[1]
        whose, said = _whose(text, (low, high), a, b, named, arms)
        gap = text[a.end : b.start]
        joined = _JOINED.search(gap) or re.search(r"\band\b|,", gap)
        pairs.append(Pair(a, b, 1.0 if said == "both" and joined and len(gap) < 120 else -1.0, whose, said))
    return [pairs[i] for i in best_pairs([one.score for one in pairs]) if pairs[i].score > 0]


def _one_each(pairs: Sequence[Pair], place: int) -> list[str]:
    """Return the arms of three or more neighbours that begin here, each with its own arm beside it; else nothing."""
    names: list[str] = []
    for pair in pairs[place:]:
        if pair.named != "both" or pair.arms is None or pair.score < -6 or (names and names[-1] != pair.arms[0]):
            break
        if pair.arms[1] in names or pair.arms[0] == pair.arms[1]:
            break
        names = [*(names or pair.arms[:1]), pair.arms[1]]
    return names if len(names) > 2 else []


def _at_most_two(pairs: Sequence[Pair]) -> list[Pair]:
    """Leave out what would be a third proposal for a number, such as the third dose against one control: it is asked."""
    times: Counter[Value] = Counter()
    kept = []
    for pair in pairs:
        if max(times[pair.first], times[pair.second]) < 2:
            times.update((pair.first, pair.second))
            kept.append(pair)
    return kept
