"""Two neighbouring results of a sentence are proposed where v, versus, and, with, than or compared joins them.

What stands between them, whether the words beside them are built alike, and the arms named there say how likely it is.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from lupus_kit.audit.reading.arms import Mention
from lupus_kit.audit.reading.spellings import RE, Number, value_of

Placed = TypeVar("Placed", Number, Mention)
#: Two neighbours further apart than this are not compared; a pair with a score below this is not proposed.
_FURTHEST, _LEAST = 250, 1.2
#: So far behind a number the words still belong to it.
NEAR = 80


@dataclass(frozen=True)
class Sentence:
    """One sentence: a slice of the text, with its numbers and the arms that it names; and all arms of the trial."""

    text: str
    start: int
    end: int
    numbers: Sequence[Number]
    named: Sequence[Mention]
    arms: Sequence[str]


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
    """Two values that may be compared, with the arms they may belong to and how the words say so."""

    first: Value
    second: Value
    score: float = 1.0
    arms: tuple[str, str] | None = None
    named: str = ""
    alike: bool = False


def values_in(text: str, numbers: Sequence[Number]) -> tuple[list[Value], list[Value]]:
    """Join counts, totals and percentages that print one result; return the results, and the counts that stand alone.

    A percentage in a bracket behind another is part of that one: "83% (25% complete)", "77% (men 87%, women 53%)".
    """
    values: list[Value] = []
    for number in numbers:
        if number.kind not in ("percent", "fraction", "count"):
            continue
        last, new = values[-1] if values else None, _value(text, number)
        words, behind = text[last.marks[-1][1] : number.start] if last else "", text[number.end : number.end + 20]
        if last and (number.start < last.marks[-1][1] or _is_detail(last, new, words, behind)):
            continue
        if last and _joins(words, behind, last, new):
            percent, counted = (last, new) if last.percent else (new, last)
            marks = (*last.marks, *new.marks)
            values[-1] = new = replace(percent, marks=marks, count=counted.count, n=counted.n or percent.n)
        else:
            values.append(new)
        if new.percent and new.n is None and (total := RE["of_n"].match(text, number.end)):
            values[-1] = replace(new, n=int(total[1].replace(",", "")) or None, marks=(*new.marks, total.span(1)))
    return [one for one in values if one.percent or one.n], [one for one in values if not one.percent and not one.n]


def _is_detail(last: Value, new: Value, words: str, behind: str) -> bool:
    """Say whether a percentage stands in a bracket behind another, and is compared with nothing."""
    return bool(
        last.percent and new.percent and RE["detail"].fullmatch(words) and not re.match(r"\s?v(?:s|ersus)?\b", behind)
    )


def _joins(words: str, behind: str, one: Value, two: Value) -> bool:
    """Say whether a count and a percentage are one result: a bracket joins them, or the one prints as the other."""
    percent, counted = (one, two) if one.percent else (two, one)
    if bool(one.percent) == bool(two.percent) or percent.count is not None or counted.count is None:
        return False
    if counted.n is None and counted is one:
        return RE["opened"].fullmatch(words[-90:]) is not None and not RE["second_percent"].match(behind)
    if counted.n is None:
        return bool(re.fullmatch(r"\s?\(\s?(?:n\s?=\s?)?", words) and re.match(r"\s?[a-z]*\s?[);]", behind))
    if len(words) > NEAR or re.search(r"\d|;.*\w|\b(?:v|vs|versus|than|compared)\b", words):
        return False
    if words.strip(" ,;=:(") == "" or (counted is one and words.endswith("(")):
        return True
    step = 10.0 ** -len(percent.percent.partition(".")[2])
    return abs(100 * counted.count / counted.n - float(percent.percent)) <= step


def _value(text: str, number: Number) -> Value:
    """Read "40%", "24", "three", "24/40" or "24 of the 40"."""
    printed = text[number.start : number.end]
    if number.kind == "percent":
        return Value(number.start, number.end, ((number.start, number.end),), value_of(printed))
    count, *rest = re.split(r"\s?/\s?|\s(?:[a-z]+ )?(?:out )?of\s", printed)
    first = (number.start, number.start + len(count.rstrip()))
    total = rest[-1].split()[-1] if rest else ""
    marks = (first, (number.end - len(total), number.end)) if total else (first,)
    return Value(*first, marks, count=int(value_of(count)), n=int(value_of(total) or 0) or None)


def between(placed: Sequence[Placed], low: int, high: int) -> Sequence[Placed]:
    """Return the numbers or mentions, sorted by their place, that begin from low up to high."""
    first, last = (bisect_left(placed, limit, key=lambda one: one.start) for limit in (low, high))
    return placed[first:last]


def _parallel(gap: str, before: str, behind: str) -> bool:
    """Say whether the words beside two numbers are built alike, as those of two arms are."""
    if RE["bracketed"].match(gap) and RE["bracket_before"].search(before):
        return True
    return RE["preposed"].match(f"{gap}\0{behind}") is not None


def _bare(gap: str) -> str:
    """Return the words between two numbers without what stands in brackets."""
    return " ".join(re.sub(r"^[^()]*\)|\([^()]*(?:\)|$)", " ", gap).split()).strip(" ,(")


def _gap_score(gap: str, kinds: Sequence[str], alike: bool) -> float:
    """Say how likely the words between two numbers compare them; ``kinds`` are the other numbers among the words."""
    bare = _bare(gap)
    if RE["versus"].match(bare):
        score = 4.0
    elif alike or RE["and"].fullmatch(bare) or RE["joined"].search(bare):
        score = 2.0
    else:
        score = 0.5 if re.search(r"\band\b|;|,", gap) else 0.0
    score += bool(RE["of_arm"].search(bare)) - 0.5 * (";" in bare) - len(gap) / 200
    return score - 2.5 * kinds.count("p") - kinds.count("effect")


def _best_pairs(scores: Sequence[float]) -> list[int]:
    """Choose neighbours (the places of the first of each two), no value twice, with the largest sum of scores."""
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ()), (0.0, ())]
    for place, score in enumerate(scores):
        best = [best[1], max(best[1], (best[0][0] + score, (*best[0][1], place)), key=lambda one: one[0])]
    return list(best[1][1])


def _whose(s: Sentence, low: int, high: int, a: Value, b: Value) -> tuple[tuple[str, str] | None, str]:
    """Return the arms that two values may belong to, and how the words say so: both named, one named, in order, or not."""
    others = {arm: next((one for one in s.arms if one != arm), "") for arm in s.arms}
    before, gap = between(s.named, low, a.start), between(s.named, a.end, b.start)
    after = between(s.named, b.end, min(high, b.end + NEAR))
    if gap:
        behind = bool(after) and after[0].arm != gap[0].arm
        ahead = bool(before) and before[-1].arm != gap[-1].arm
        if behind and ahead:
            own = s.text[a.end : gap[0].start]
            behind = "," not in own and bool(
                re.search(r"\b(?:with|in|on|for|of|among|given|receiving|tak\w+|\w+ed)\b", own)
            )
        if behind or ahead:
            return ((gap[0].arm, after[0].arm) if behind else (before[-1].arm, gap[-1].arm)), "both"
        if len(s.arms) != 2:
            return None, ""
        joint = RE["joint"].search(s.text[a.end : b.start])
        mine = joint is None or gap[0].start < a.end + joint.start()
        if after and after[0].arm == gap[-1].arm and not before:
            return None, "within"  # two visits of one arm
        alone = len({m.arm for m in (*before[-1:], *gap, *after[:1])}) == 1 and (before or after)
        whose = (gap[0].arm, others[gap[0].arm]) if mine else (others[gap[-1].arm], gap[-1].arm)
        return whose, "same" if alone else "one"
    behind_both = list(dict.fromkeys(m.arm for m in after))
    if len(behind_both) > 1:
        return (behind_both[0], behind_both[1]), "order"
    latest = list(dict.fromkeys(m.arm for m in reversed(before)))[1::-1]
    if len(latest) > 1:
        if after and after[0].arm == latest[0]:
            latest.reverse()
        turned = RE["turned"].search(s.text[low : min(m.start for m in before if m.arm == latest[0])])
        return (latest[1], latest[0]) if turned else (latest[0], latest[1]), "order"
    if before and after and before[-1].arm != after[0].arm:
        return (before[-1].arm, after[0].arm), "both"
    near = a.start - before[-1].end <= 60 if before else bool(after) and after[0].start - b.end <= 60
    near = near and not (after and RE["favours"].search(s.text, b.end, after[0].start))
    if len(s.arms) != 2 or not near:
        return None, ""
    return (others[after[0].arm], after[0].arm) if after else (before[-1].arm, others[before[-1].arm]), "same"


def _neighbours(s: Sentence, values: Sequence[Value]) -> tuple[list[Pair], list[str]]:
    """Return each two neighbours with their score, and the words between them."""
    pairs: list[Pair] = []
    gaps = [s.text[max(a.end, a.marks[-1][1]) : b.marks[0][0]] for a, b in pairwise(values)]
    last: tuple[str, str] | None = None
    for place, (a, b) in enumerate(pairwise(values)):
        gap, low = gaps[place], values[place - 1].end if place else s.start
        high = values[place + 2].start if place + 2 < len(values) else s.end
        whose, said = _whose(s, low, high, a, b)
        if said in ("both", "order") and len(s.arms) == 2:
            last = whose
        elif last and said in ("", "same") and place and RE["versus"].match(_bare(gap)):
            whose, said = last, "carried"
        behind = s.text[b.end : b.end + NEAR]
        alike = _parallel(s.text[a.end : b.start], s.text[low : a.start], behind)
        kinds = [n.kind for n in between(s.numbers, a.end, b.start)]
        score = _gap_score(gap, kinds, alike) if len(gap) < _FURTHEST else -1.0
        score += {"both": 1.0, "order": 0.5, "one": 0.5}.get(said, 0.0)
        score -= 4.0 * (said == "within")
        if said not in ("both", "one") and RE["other_groups"].search(
            s.text, max(low, s.text.rfind(";", low, a.start)), high
        ):
            score -= 4.0
        told = alike or RE["of_arm"].search(gap) or RE["compared"].search(gap)
        told = told or RE["groups"].search(s.text, low, a.start)
        if said == "same" and score < 3.5 and not told and not RE["groups"].search(behind[: high - b.end]):
            score -= 1.5
        pairs.append(Pair(a, b, score, whose, said, alike))
    return pairs, gaps


def propose(s: Sentence, values: Sequence[Value]) -> list[Pair]:
    """Propose the pairs of one sentence, the likelier before the others, none of more than two for one value."""
    pairs, gaps = _neighbours(s, values)
    scores, more = [one.score for one in pairs], list[Pair]()
    joined = [bool(RE["and"].fullmatch(gap)) for gap in gaps] + [False] * 2
    listed_to = 0
    for place in range(len(gaps)):
        middle = gaps[place + 1] if place + 1 < len(gaps) else ""
        listed = joined[place + 1] or RE["bracketed"].match(middle)
        alone = not RE["versus"].match(_bare("".join(gaps[place + 2 : place + 3])))  # not "60% v 45% and 55% v 50%"
        if listed and alone and RE["compared"].search(gaps[place]) and not (place and joined[place - 1]):
            # "28% compared with 62% and 70%": the first is compared with both.
            more.append(Pair(values[place], values[place + 2], named="shared"))
            scores[place + 1] = -1.0
        if joined[place] and joined[place + 2] and "(" not in middle:
            # Two endpoints of each arm: "64 and 85% with A versus 58 and 75% with B".
            a, b, c, d = values[place : place + 4]
            alike = RE["versus"].match(middle.strip()) or _parallel(middle, "", s.text[d.end : d.end + NEAR])
            joins, open_still = pairs[place + 1], {pairs[place].named, pairs[place + 2].named} <= {"", "same"}
            if alike or (open_still and (joins.named == "both" or RE["joined"].search(middle))):
                more += [Pair(a, c, 2.0, joins.arms, joins.named), Pair(b, d, 2.0, joins.arms, joins.named)]
                scores[place : place + 3] = [-1.0] * 3
        names = _one_each(pairs, place) if place >= listed_to else []
        n = len(names) or _list_of(gaps, place, pairs, len(s.arms))
        if n > 2 and (names or scores[place] > -0.5):
            told = list(dict.fromkeys(m.arm for m in s.named if m.start > values[place + n - 1].end))
            names = names or next((arms for arms in (told, list(s.arms)) if len(arms) == n), [""] * n)
            behind = [s.text[one.end : one.end + NEAR].split("%")[0] for one in values[place : place + n]]
            control = next((i for i in range(n) if RE["control"].search(names[i] or behind[i])), n - 1)
            for i in sorted(set(range(n)) - {control}, key=lambda i: abs(i - control)):
                low, high = sorted((i, control))
                whose = (names[low], names[high]) if names[low] else None
                more.append(Pair(values[place + low], values[place + high], 2.0, whose, "list"))
            scores[place : place + n - 1], listed_to = [-1.0] * (n - 1), place + n - 1
    chosen = [pairs[i] for i in _best_pairs(scores) if scores[i] >= _LEAST]
    used = {one for pair in (*chosen, *more) for one in (pair.first, pair.second)}
    for place, (pair, after) in enumerate(pairwise(pairs)):
        # "36.8% and 31.6% v 22.8%": what is joined to the first of two is compared with the second.
        if pair.first not in used and joined[place] and after in chosen and after.score > 3:
            three = list(dict.fromkeys(m.arm for m in s.named if m.start < pair.first.start))[-3:]
            one, two = ((three[0], three[2]), (three[1], three[2])) if len(three) == 3 else (None, None)
            chosen[chosen.index(after)] = replace(after, arms=two, named="shared")
            more.append(Pair(pair.first, after.second, 1.0, one, "shared"))
    return _at_most_two([*chosen, *more])


def propose_counts(s: Sentence, counts: Sequence[Value]) -> list[Pair]:
    """Propose two neighbouring counts where each has its own arm beside it, or where v joins counts of patients."""
    pairs, gaps = _neighbours(s, counts)
    scores = []
    for pair, gap in zip(pairs, gaps, strict=True):
        behind = s.text[pair.second.end : pair.second.end + NEAR]
        likely: object = pair.named == "both" and (RE["joined"].search(gap) or re.search(r"\band\b|,", gap))
        if RE["versus"].fullmatch(gap.strip()):
            likely = RE["patients"].search(s.text, s.start, s.end) and not RE["measured"].match(behind)
        likely = likely or (RE["of_arm"].search(gap) and RE["of_arm"].search(behind) and _parallel(gap, "", behind))
        scores.append(1.0 if likely and len(gap) < 120 else -1.0)
    return [pairs[i] for i in _best_pairs(scores)]


def _list_of(gaps: Sequence[str], place: int, pairs: Sequence[Pair], n_arms: int) -> int:
    """Return how many values a list such as "21%, 17% and 19%" or "1% in A, 2% in B and 3% in C" holds here, or 0."""
    end = place
    while end < len(gaps) and re.fullmatch(r"[^;]{0,60},\s\(?" if pairs[end].alike else r"\s?\)?,\s\(?", gaps[end]):
        end += 1
    words = r"[^;]{0,60}" if end < len(gaps) and pairs[end].alike else r"\s?\)?"
    ends = place < end < len(gaps) and re.fullmatch(rf"{words},?\s(?:and|&|or)\s", gaps[end])
    return end - place + 2 if ends else n_arms if end - place + 1 == n_arms > 2 else 0


def _one_each(pairs: Sequence[Pair], place: int) -> list[str]:
    """Return the arms of three or more neighbours that begin here, each with its own arm beside it; else nothing."""
    names: list[str] = []
    for pair in pairs[place:]:
        one, two = pair.arms or ("", "")
        if pair.named != "both" or pair.score < -6 or one == two or two in names or names[-1:] not in ([], [one]):
            break
        names = [*(names or [one]), two]
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
