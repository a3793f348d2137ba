"""Which number belongs to which arm: the rules of one sentence.

Each rule is a way in which English ties numbers to groups, and gives an answer only when every number of a
comparison has an arm of its own. What no rule decides is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from lupus_kit.audit.reading.arms import Arm, Mention
from lupus_kit.audit.reading.entities import Entity
from lupus_kit.audit.reading.sentences import Sentence
from lupus_kit.audit.reading.spellings import regex, words

_VERSUS = r"(?:v\.?|vs\.?|versus|as compared (?:with|to)|compared (?:with|to)|against|than(?: in| with)?)"
_BETWEEN_VALUES = regex(
    r"^[\s,;()/-]*(?:[a-z-]+ ){0,3}?(?:(?:patients|participants|subjects|of patients|"
    rf"points)[\s,]*)?\(?\s*(?P<word>and|{_VERSUS}|,|;)?[\s,(]*(?:and )?(?:only |just )?$"
)
_VERSUS_AT_END = regex(rf"\b{_VERSUS}[\s,(]*(?:(?:only|just|with|in) )?$|,\s*(?:whereas|while) (?:only )?$")
_BETWEEN_ARMS = regex(
    rf"^\s*(?:groups?|arms?|recipients|patients|participants)?[\s,)]*(?:and|or|{_VERSUS}|,)?[\s,(]*(?:and |or "
    ")?(?:than )?(?:in |with |for |on |to |of |among )?(?:the |those in the |those receiving |patients (?:on|in|"
    "receiving) )*$"
)
_LISTED_ARMS = regex(r"^\s*(?:groups?|arms?)?\s*(?:,\s*(?:and |or )?|\s(?:and|or) |/|\+)(?:the |in |with )*$")
_LINK = f"{words('link')}"
#: A number followed by the arm: the last words before the arm are a preposition, "in the", "of those receiving".
_FORWARD = regex(
    rf"(?s)(?:^|.*[\s(),]){_LINK} (?:{words('people')}|{_LINK} )*(?:(?!and\b|or\b|than\b|not\b|no\b|without\b|"
    r"other\b)[a-z-]+ ){0,2}$"
)
_BREAKS = regex(
    rf"[;]|\b(?:whereas|while|but|{_VERSUS}|respectively)\b|\band (?:in|with|for|among|of)\s|,\s*(?:and )?(?:in|"
    r"among|for) (?:the|those)\s"
)
_TIGHT_BACK = regex(rf"^\s*(?:{words('behind_arm')}\s*)*[\s,:(=]*(?:n\s*=\s*)?$")
_BACK_BREAKS = regex(rf"[;]|\b(?:{_VERSUS}|whereas|while|respectively)\b|\d\s*%")
#: Words after which two numbers may be of two visits or two sets of patients.
_DOUBT = regex(r"\b(?:baseline|from|subgroup|placebo-subtracted)\b")
_RESPECTIVELY = regex(r"\brespectively\b")
_COORDINATED = regex(r"(?<=\w)[\s,]+(?:and|or)\s")
#: What else two numbers may compare: the sexes, two visits, subgroups.
_OTHER_SIDES = regex(rf"\b{words('other_sides')}\b")
_VISITS = regex(
    r"\b(?:weeks|months|days|years|visits) \d+\s*(?:,|and|or)|\d and \d+[\s-]+(?:weeks?|months?|days?|years?)|"
    r"\b(?:week|month|day|year) \d+ and (?:(?:at )?(?:week|month|day|year) )?\d"
)
_GAP = 130
#: "Compared with A, B had more events (5% vs 7%)": the order of the numbers need not be that of the arms.
TURNED = regex(rf"\b{words('against')} {words('against_whom')}*$")
_VERSUS_WORD = regex(_VERSUS)
_CONTRAST = regex(rf"\b(?:{_VERSUS}|whereas|while)\b")
_JOINED = regex(r"\band\s*(?:only )?$|,\s*$")
_AND_BEFORE = re.compile(r"(?:^|[\s,])and\s*$")
_OTHER_LEAD = re.compile(r"\bthan\b|\bbaseline\b|\bwithin\s+each\b|\bfrom\s*$")
_STOPS = re.compile(rf"[;]|\b{_VERSUS}\b".replace(" ", r"\s+"))


@dataclass(frozen=True)
class Group:
    """Numbers that are compared with each other: the first of them, the arm of each, and what was assumed."""

    first: int
    arms: tuple[int, ...]
    assumed: str = ""
    mentions: tuple[Mention, ...] = ()

    @property
    def positions(self) -> range:
        """Positions of its values."""
        return range(self.first, self.first + len(self.arms))

    @property
    def last(self) -> int:
        """Position of the last value."""
        return self.first + len(self.arms) - 1


def _group(first: int, found: Sequence[Mention | None], assumed: str = "") -> Group | None:
    """Return a group when every number has an arm of its own."""
    mentions = tuple(m for m in found if m is not None)
    arms = tuple(m.arm for m in mentions if m.arm is not None)
    return Group(first, arms, assumed, mentions) if len(arms) == len(found) == len(set(arms)) else None


@dataclass(frozen=True)
class Passage:
    """One sentence, with the rules for the values in it.

    Attributes
    ----------
    text : str
        Plain text.
    sentence : Sentence
        Where it stands.
    values : sequence of Entity
        Its shares, means and counts, in order.
    mentions : sequence of Mention
        Where it speaks of arms.
    inside : sequence of Entity
        Everything recognised in it.
    arms : sequence of Arm
        The arms of the trial.
    """

    text: str
    sentence: Sentence
    values: Sequence[Entity]
    mentions: Sequence[Mention]
    inside: Sequence[Entity]
    arms: Sequence[Arm]

    @cached_property
    def others(self) -> list[Entity]:
        """Its effects and p-values: an arm beyond one of these is not the arm of a number."""
        return [entity for entity in self.inside if entity.kind in ("p", "effect")]

    # ------------------------------------------------------------------ pieces

    def _within(self, low: int, high: int) -> list[Mention]:
        return [m for m in self.mentions if low <= m.start and m.end <= high]

    def _before(self, position: int) -> int:
        """Where the value before ends, or the sentence begins."""
        return self.values[position - 1].end if position > 0 else self.sentence.start

    def _after(self, position: int) -> int:
        """Where the value behind begins, or the sentence ends."""
        return self.values[position + 1].start if position + 1 < len(self.values) else self.sentence.end

    def _between(self, first: int) -> str:
        return self.text[self.values[first].end : self.values[first + 1].start]

    def _crosses(self, low: int, high: int) -> bool:
        """Say whether an effect or a p-value stands there."""
        return any(low <= o.start < high for o in self.others)

    def _forward(self, position: int) -> Mention | None:
        """Return the arm that follows a value and is tied to it by a preposition or by nothing at all."""
        end = self.values[position].end
        found = self._within(end, self._after(position))
        if not found:
            return None
        gap = self.text[end : found[0].start]
        listed = len(found) > 1 and _LISTED_ARMS.match(self.text[found[0].end : found[1].start])
        if listed and found[0].arm != found[1].arm:
            return None  # "33% in A, B and C": of which, this number alone does not say
        if len(gap) > _GAP or self._crosses(end, found[0].start):
            return None
        bare = not gap.strip(" )%")
        return found[0] if bare or (not _BREAKS.search(gap) and _FORWARD.match(gap)) else None

    def _backward(self, position: int) -> Mention | None:
        """Return the arm that stands before a value in the same clause."""
        start = self.values[position].start
        found = self._within(self._before(position), start)
        if not found:
            return None
        gap = self.text[found[-1].end : start]
        if len(gap) > _GAP or _BACK_BREAKS.search(gap) or self._crosses(found[-1].end, start):
            return None
        if _AND_BEFORE.search(gap) or (position and self._forward(position - 1) == found[-1]):
            return None  # the arm is that of the number before
        return found[-1]

    def _link_word(self, position: int) -> str | None:
        """Return the word between a value and the next when nothing else stands there."""
        if self._within(self.values[position].end, self.values[position + 1].start):
            return None
        match = _BETWEEN_VALUES.match(self._between(position))
        return (match["word"] or "").lower() if match else None

    def _joined(self, first: int, k: int) -> str | None:
        """Return how k values are joined: the last word between them, or None when they are not joined."""
        words = [self._link_word(i) for i in range(first, first + k - 1)]
        return None if None in words or (k == 2 and words == [""]) else words[-1]

    def _same_kind(self, first: int, k: int) -> bool:
        return len({v.kind == "mean" for v in self.values[first : first + k]}) == 1

    def _in_a_list(self, chosen: Sequence[Mention]) -> bool:
        """Say whether each is joined to the next by "and", "or", "versus" or a comma."""
        return all(_BETWEEN_ARMS.match(self.text[a.end : b.start]) for a, b in pairwise(chosen))

    def _longer(self, chosen: Sequence[Mention], low: int, high: int) -> bool:
        """Say whether the list of arms goes on before or after those chosen."""
        near = self._within(low, high)
        first, last = near.index(chosen[0]), near.index(chosen[-1])
        pairs = [(m, chosen[0]) for m in near[max(0, first - 1) : first]]
        pairs += [(chosen[-1], m) for m in near[last + 1 : last + 2]]
        mine = {m.arm for m in chosen}
        return any(not {a.arm, b.arm} <= mine and _LISTED_ARMS.match(self.text[a.end : b.start]) for a, b in pairs)

    # ------------------------------------------------------------------ rules

    def _outside(self, first: int) -> Group | None:
        """Read "in A 5% had it, compared with 7% in B"."""
        between = self._between(first)
        versus = _CONTRAST.search(between)
        inner = self._within(self.values[first].end, self.values[first + 1].start)
        if inner or ";" in between or not (versus or _JOINED.search(between)):
            return None
        assumed = "" if versus else "the first number belongs to the arm before it"
        return _group(first, [self._backward(first), self._forward(first + 1)], assumed)

    def _inside(self, first: int) -> Group | None:
        """Read "5% in A; in B, 7%"."""
        between = self._within(self.values[first].end, self.values[first + 1].start)
        return _group(first, [self._forward(first), self._backward(first + 1)]) if len(between) > 1 else None

    def _numbers_then_arms(self, first: int, k: int) -> Group | None:
        """Read "5% and 7% of patients in A and B, respectively"."""
        end, limit = self.values[first + k - 1].end, self._after(first + k - 1)
        after = self._within(end, limit)[:k]
        said = _RESPECTIVELY.search(self.text, end, limit)
        group = _group(first, after, "" if said else "the arms stand in the order of the numbers")
        if self._joined(first, k) is None or group is None or len(after) != k or not self._in_a_list(after):
            return None
        if self._longer(after, end, limit) or (first > 0 and self._link_word(first - 1) in ("and", ",")):
            return None
        lead = self.text[end : after[0].start]
        if len(lead) > _GAP or _STOPS.search(lead) or self._crosses(end, after[0].start):
            return None
        return None if _VISITS.search(self.text, self._before(first), self.values[first].start) else group

    def _arms_then_numbers(self, first: int, k: int) -> Group | None:
        """Read "more often with A than with B (5% vs 7%)"."""
        word, last = self._joined(first, k), first + k - 1
        if word is None or self._forward(last) or (k == 2 and word == ";"):
            return None
        low, start = self._before(first), self.values[first].start
        before = self._within(low, start)
        chosen = before[-k:]
        said = _RESPECTIVELY.search(self.text, start, self._after(last))
        group = _group(first, chosen, "" if said else "the numbers stand in the order of the arms")
        if group is None or len(chosen) != k:
            return None
        if not self._in_a_list(chosen):
            # Apart from each other, they must be all the arms spoken of, in one order.
            leading = _group(first, before[:k])
            if len({m.arm for m in before}) != k or leading is None or leading.arms != group.arms:
                return None
        further = last + 1 < len(self.values) and self._link_word(last) in ("and", ",")
        if further or self._longer(chosen, low, start) or TURNED.search(self.text, low, chosen[0].start):
            return None
        gap = self.text[chosen[-1].end : start]
        if ";" in gap or self._crosses(chosen[-1].end, start):
            return None
        # "5% and 7%, respectively" may list two events or visits, and not the arms.
        around = self.text[low : chosen[0].start] + " | " + gap
        two_things = _COORDINATED.search(around) or _VISITS.search(around)
        return None if two_things and not _VERSUS_WORD.fullmatch(word) else group

    def _only_other(self, first: int) -> Group | None:
        """Read "5%, compared with 7% with B" where there is only one arm but B."""
        between = self._between(first)
        found = self._forward(first + 1)
        if len(self.arms) != 2 or found is None or found.arm is None or not _VERSUS_AT_END.search(between):
            return None
        before = self._within(self._before(first), self.values[first].start)
        if _DOUBT.search(between) or not self._joined(first, 2) or any(m.arm in (None, found.arm) for m in before):
            return None
        other = 1 - found.arm
        return Group(
            first, (other, found.arm), f"the first number is of {self.arms[other].name}, the only other arm", (found,)
        )

    def _rules(self, first: int, k: int) -> Group | None:
        if not self._same_kind(first, k):
            return None
        followed = _group(first, [self._forward(i) for i in range(first, first + k)])
        preceded = _group(first, [self._backward(i) for i in range(first, first + k)])
        if followed and preceded and followed.arms != preceded.arms:
            values = self.values[first : first + k]
            backs = [self.text[m.end : v.start] for m, v in zip(preceded.mentions, values, strict=True)]
            gaps = [m.start - v.end for m, v in zip(followed.mentions, values, strict=True)]
            tight, straight = all(map(_TIGHT_BACK.match, backs)), max(gaps) <= 60
            return None if tight == straight else preceded if tight else followed
        if followed or preceded:
            return followed or preceded
        two = k == 2
        return (
            ((self._outside(first) or self._inside(first)) if two else None)
            or self._numbers_then_arms(first, k)
            or self._arms_then_numbers(first, k)
            or (self._only_other(first) if two else None)
        )

    # ------------------------------------------------------------------ the sentence

    def link(self, inherited: tuple[int, ...] = ()) -> tuple[list[Group], list[int]]:
        """Return the groups that leave the fewest numbers without an arm, and the numbers left without one.

        Parameters
        ----------
        inherited : tuple of int
            Order of the arms in the sentence before, for "the corresponding values were 5% and 7%".
        """
        n = len(self.values)
        best: list[tuple[int, int, list[Group]]] = [(0, 0, [])] * (n + 1)
        for first in range(n - 1, -1, -1):
            choices = []
            for k in range(2, min(len(self.arms), n - first, 6) + 1):
                if group := self._rules(first, k):
                    covered, groups, rest = best[first + k]
                    choices.append((covered + k, groups - 1, [group, *rest]))
            # Of equals the first is kept: a group before a number left over.
            best[first] = max([*choices, best[first + 1]], key=lambda choice: choice[:2])
        return self._inherit(best[0][2], inherited)

    def _inherit(self, groups: list[Group], inherited: tuple[int, ...]) -> tuple[list[Group], list[int]]:
        """Give further numbers the order of arms that the sentence, or the one before, has set."""
        free = [i for i in range(len(self.values)) if not any(i in group.positions for group in groups)]
        more: list[Group] = []
        unlinked: list[int] = []
        for position in free:
            if more and position in more[-1].positions:
                continue
            earlier = next((g for g in reversed(groups) if g.last < position), None)
            order = earlier.arms if earlier else () if self.mentions or groups else inherited
            why = "the order of the arms is that of the comparison before" + (
                "" if earlier else ", in the sentence before"
            )
            group = Group(position, order, why)
            if order and set(group.positions) <= set(free) and self._may_inherit(group, earlier):
                more.append(group)
            else:
                unlinked.append(position)
        return sorted(groups + more, key=lambda group: group.first), unlinked

    def _may_inherit(self, group: Group, earlier: Group | None) -> bool:
        first, k, last = group.first, len(group.arms), group.last
        word = self._joined(first, k)
        if word is None or not self._same_kind(first, k) or self._forward(last):
            return False
        low = max([self._before(first), *(m.end for m in (earlier.mentions if earlier else ()))])
        start, end, high = self.values[first].start, self.values[last].end, self._after(last)
        near = self._within(low, high)
        lead, tail = self.text[low:start], self.text[end:high]
        versus = bool(_VERSUS_WORD.fullmatch(word))
        said = _RESPECTIVELY.search(tail)
        listed = (
            _COORDINATED.search(lead) or _VISITS.search(lead) or (said and _COORDINATED.search(tail[: said.start()]))
        )
        if near or (earlier and _OTHER_LEAD.search(lead)):
            return False
        if earlier:
            return versus or bool(said and not listed)
        if _OTHER_SIDES.search(self.text, self.sentence.start, self.sentence.end):
            return False
        corresponding = re.search(r"\bcorresponding\b", lead, re.IGNORECASE)
        return versus or (len(self.values) == k and not listed and bool(said or corresponding))
