"""Which number belongs to which arm: the rules of one sentence.

Each rule is a way in which English ties numbers to groups, and gives an answer only when every number of a
comparison has an arm of its own. What no rule decides is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from lupus_kit.audit.reading.arms import Arm
from lupus_kit.audit.reading.groups import Group, Linked
from lupus_kit.audit.reading.mentions import Mention
from lupus_kit.audit.reading.wording import (
    BACK_BREAKS,
    BETWEEN_ARMS,
    BETWEEN_VALUES,
    BREAKS,
    COORDINATED,
    DOUBT,
    FORWARD,
    GAP,
    LISTED_ARMS,
    OTHER_SIDES,
    RESPECTIVELY,
    TIGHT_BACK,
    TURNED,
    VERSUS,
    VERSUS_AT_END,
    VISITS,
)
from lupus_kit.audit.reading.words.entities import Entity


class Linker:
    """The rules, for the values of one sentence.

    Parameters
    ----------
    text : str
        Plain text.
    start, end : int
        The sentence.
    values : sequence of Entity
        Its shares, means and counts, in order.
    mentions : sequence of Mention
        Where it speaks of arms.
    others : sequence of Entity
        Its effects and p-values: an arm beyond one of these is not the arm of a number.
    arms : sequence of Arm
        The arms of the trial.
    """

    def __init__(
        self,
        text: str,
        start: int,
        end: int,
        values: Sequence[Entity],
        mentions: Sequence[Mention],
        others: Sequence[Entity],
        arms: Sequence[Arm],
    ) -> None:
        self.text, self.start, self.end = text, start, end
        self.values, self.mentions, self.others, self.arms = values, mentions, others, arms

    # ------------------------------------------------------------------ pieces

    def _within(self, low: int, high: int) -> list[Mention]:
        return [m for m in self.mentions if low <= m.start and m.end <= high]

    def _bound(self, position: int, side: int) -> int:
        """Where the neighbouring value ends (side -1) or begins (side 1), or the sentence."""
        neighbour = position + side
        if 0 <= neighbour < len(self.values):
            return self.values[neighbour].end if side < 0 else self.values[neighbour].start
        return self.start if side < 0 else self.end

    def _forward(self, position: int) -> Mention | None:
        """Return the arm that follows a value and is tied to it by a preposition or by nothing at all."""
        value = self.values[position]
        found = self._within(value.end, self._bound(position, 1))
        if not found:
            return None
        gap = self.text[value.end : found[0].start]
        if (
            len(found) > 1
            and found[0].arm != found[1].arm
            and LISTED_ARMS.match(self.text[found[0].end : found[1].start])
        ):
            return None  # "33% in A, B and C": of which, this number alone does not say
        if len(gap) > GAP or any(value.end <= o.start < found[0].start for o in self.others):
            return None
        bare = gap.strip(" )%")
        if not bare and gap.count("(") == 0:
            return found[0]
        return found[0] if not BREAKS.search(gap) and FORWARD.match(gap) else None

    def _backward(self, position: int) -> Mention | None:
        """Return the arm that stands before a value in the same clause."""
        value = self.values[position]
        found = self._within(self._bound(position, -1), value.start)
        if not found:
            return None
        gap = self.text[found[-1].end : value.start]
        if (
            len(gap) > GAP
            or BACK_BREAKS.search(gap)
            or any(found[-1].end <= o.start < value.start for o in self.others)
        ):
            return None
        if re.search(r"(?:^|[\s,])and\s*$", gap) or (position and self._forward(position - 1) == found[-1]):
            return None  # the arm is that of the number before
        return found[-1]

    def _link_word(self, position: int) -> str | None:
        """Return the word between a value and the next when nothing else stands there."""
        between = self.text[self.values[position].end : self.values[position + 1].start]
        if self._within(self.values[position].end, self.values[position + 1].start):
            return None
        match = BETWEEN_VALUES.match(between)
        return (match["word"] or "").lower() if match else None

    def _joined(self, first: int, k: int) -> str | None:
        """Return how k values are joined: the last word between them, or None when they are not joined."""
        words = [self._link_word(i) for i in range(first, first + k - 1)]
        if any(word is None or (word == "" and k == 2) for word in words):
            return None
        return words[-1]

    def _same_kind(self, first: int, k: int) -> bool:
        kinds = {"binary" if v.kind in ("share", "zero", "bare") else v.kind for v in self.values[first : first + k]}
        return len(kinds) == 1

    def _distinct(self, found: Sequence[Mention | None]) -> tuple[int, ...] | None:
        arms = tuple(m.arm for m in found if m is not None and m.arm is not None)
        return arms if len(arms) == len(found) == len(set(arms)) else None

    # ------------------------------------------------------------------ rules

    def _each_followed(self, first: int, k: int) -> Group | None:
        found = [self._forward(i) for i in range(first, first + k)]
        arms = self._distinct(found)
        return Group(first, arms, "each number is followed by its arm", mentions=_kept(found)) if arms else None

    def _each_preceded(self, first: int, k: int) -> Group | None:
        found = [self._backward(i) for i in range(first, first + k)]
        arms = self._distinct(found)
        return Group(first, arms, "each number follows its arm", mentions=_kept(found)) if arms else None

    def _outside(self, first: int) -> Group | None:
        """Read "in A 5% had it, compared with 7% in B"."""
        if self._within(self.values[first].end, self.values[first + 1].start):
            return None
        between = self.text[self.values[first].end : self.values[first + 1].start]
        found = [self._backward(first), self._forward(first + 1)]
        arms = self._distinct(found)
        joined = re.search(rf"\b(?:{VERSUS}|whereas|while)\b|\band\s*(?:only\s+)?$|,\s*$", between, re.IGNORECASE)
        if not arms or not joined or re.search(r"[;]", between):
            return None
        versus = bool(re.search(rf"\b(?:{VERSUS}|whereas|while)\b", between, re.IGNORECASE))
        return Group(
            first,
            arms,
            "arm before the first number, arm after the second",
            "" if versus else "the first number belongs to the arm before it",
            _kept(found),
        )

    def _inside(self, first: int) -> Group | None:
        """Read "5% in A; in B, 7%"."""
        between = self._within(self.values[first].end, self.values[first + 1].start)
        if len(between) < 2:
            return None
        found = [self._forward(first), self._backward(first + 1)]
        arms = self._distinct(found)
        return (
            Group(first, arms, "arm after the first number, arm before the second", mentions=_kept(found))
            if arms
            else None
        )

    def _numbers_then_arms(self, first: int, k: int) -> Group | None:
        """Read "5% and 7% of patients in A and B, respectively"."""
        word = self._joined(first, k)
        if word is None:
            return None
        last = self.values[first + k - 1]
        after = self._within(last.end, self._bound(first + k - 1, 1))[:k]
        arms = self._distinct(after)
        if not arms or len(after) != k or len(self._run(after)) != k:
            return None
        if self._longer(after, last.end, self._bound(first + k - 1, 1)) or (
            first > 0 and self._link_word(first - 1) in ("and", ",")
        ):
            return None
        lead = self.text[last.end : after[0].start]
        if (
            len(lead) > GAP
            or re.search(rf"[;]|\b{VERSUS}\b", lead)
            or any(last.end <= o.start < after[0].start for o in self.others)
        ):
            return None
        if VISITS.search(self.text, self._bound(first, -1), self.values[first].start):
            return None
        said = RESPECTIVELY.search(self.text, last.end, self._bound(first + k - 1, 1))
        return Group(
            first,
            arms,
            "numbers, then arms in the same order",
            "" if said else "the arms stand in the order of the numbers",
            tuple(after),
        )

    def _arms_then_numbers(self, first: int, k: int) -> Group | None:
        """Read "more often with A than with B (5% vs 7%)"."""
        word = self._joined(first, k)
        if word is None or self._forward(first + k - 1) or (k == 2 and word in (";",)):
            return None
        before = self._within(self._bound(first, -1), self.values[first].start)
        if first > 0 and len(before) < k:
            return None
        if len({m.arm for m in before}) != k:
            # Earlier clauses may speak of other arms: the k that stand together just before the numbers decide.
            before = self._run(before[-k:]) if len(before) >= k else []
        chosen = before[-k:]
        arms = self._distinct(chosen)
        if not arms or (self._distinct(before[:k]) != arms and len(self._run(chosen)) != k):
            return None
        if self._longer(chosen, self._bound(first, -1), self.values[first].start) or (
            first + k < len(self.values) and self._link_word(first + k - 1) in ("and", ",")
        ):
            return None
        if TURNED.search(self.text, self._bound(first, -1), chosen[0].start):
            return None
        gap = self.text[chosen[-1].end : self.values[first].start]
        if ";" in gap or any(chosen[-1].end <= o.start < self.values[first].start for o in self.others):
            return None
        if not re.fullmatch(VERSUS, word, re.IGNORECASE) and self._two_things(first, chosen):
            return None
        said = RESPECTIVELY.search(self.text, self.values[first].start, self._bound(first + k - 1, 1))
        return Group(
            first,
            arms,
            "arms, then numbers in the same order",
            "" if said else "the numbers stand in the order of the arms",
            tuple(chosen),
        )

    def _longer(self, chosen: Sequence[Mention], low: int, high: int) -> bool:
        """Say whether the list of arms goes on before or after those chosen."""
        near = self._within(low, high)
        first, last = near.index(chosen[0]), near.index(chosen[-1])
        before = near[first - 1 : first] if first else []
        pairs = [(m, chosen[0]) for m in before] + [(chosen[-1], m) for m in near[last + 1 : last + 2]]
        mine = {m.arm for m in chosen}
        return any(not {a.arm, b.arm} <= mine and LISTED_ARMS.match(self.text[a.end : b.start]) for a, b in pairs)

    def _two_things(self, first: int, chosen: Sequence[Mention]) -> bool:
        """Say whether two events or visits, and not the arms, may be what "5% and 7%, respectively" lists."""
        low = self._bound(first, -1)
        outside = self.text[low : chosen[0].start] + " | " + self.text[chosen[-1].end : self.values[first].start]
        return bool(COORDINATED.search(outside) or VISITS.search(outside))

    def _run(self, found: Sequence[Mention]) -> list[Mention]:
        """Return mentions when each is joined to the next by "and", "or", "versus" or a comma."""
        gaps = (self.text[a.end : b.start] for a, b in pairwise(found))
        return list(found) if all(BETWEEN_ARMS.match(gap) for gap in gaps) else []

    def _only_other(self, first: int) -> Group | None:
        """Read "5%, compared with 7% with B" where there is only one arm but B."""
        between = self.text[self.values[first].end : self.values[first + 1].start]
        before = self._within(self._bound(first, -1), self.values[first].start)
        found = self._forward(first + 1)
        if len(self.arms) != 2 or found is None or found.arm is None or not VERSUS_AT_END.search(between):
            return None
        inner = self._within(self.values[first].end, self.values[first + 1].start)
        if (
            inner
            or DOUBT.search(between)
            or any(m.arm in (None, found.arm) for m in before)
            or not self._joined(first, 2)
        ):
            return None
        other = 1 - found.arm
        return Group(
            first,
            (other, found.arm),
            "one number has its arm, the other is compared with it",
            f"the first number is of {self.arms[other].name}, the only other arm",
            (found,),
        )

    def _rules(self, first: int, k: int) -> Group | None:
        if not self._same_kind(first, k):
            return None
        followed, preceded = self._each_followed(first, k), self._each_preceded(first, k)
        if followed and preceded and followed.arms != preceded.arms:
            tight = all(
                TIGHT_BACK.match(self.text[m.end : v.start])
                for m, v in zip(preceded.mentions, self.values[first : first + k], strict=True)
            )
            straight = all(
                len(self.text[v.end : m.start]) <= 60
                for m, v in zip(followed.mentions, self.values[first : first + k], strict=True)
            )
            if tight == straight:
                return None
            return preceded if tight else followed
        if followed or preceded:
            return followed or preceded
        more = [self._numbers_then_arms(first, k), self._arms_then_numbers(first, k)]
        if k == 2:
            more = [self._outside(first), self._inside(first), *more, self._only_other(first)]
        return next((group for group in more if group), None)

    # ------------------------------------------------------------------ the sentence

    def link(self, inherited: tuple[int, ...] = ()) -> Linked:
        """Return the groups that leave the fewest numbers without an arm.

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

    def _inherit(self, groups: list[Group], inherited: tuple[int, ...]) -> Linked:
        """Give further numbers the order of arms that the sentence has set."""
        covered = {i for group in groups for i in range(group.first, group.last + 1)}
        result = Linked(list(groups))
        position, n = 0, len(self.values)
        while position < n:
            if position in covered:
                position += 1
                continue
            earlier = [g for g in groups if g.last < position]
            order = earlier[-1].arms if earlier else (inherited if not self.mentions and not groups else ())
            k = len(order)
            after = max((m.end for m in earlier[-1].mentions), default=0) if earlier else 0
            run = range(position, position + k)
            if (
                k
                and run.stop <= n
                and not covered & set(run)
                and self._may_inherit(position, k, bool(earlier), n, after)
            ):
                why = "the order of the arms is that of the comparison before" + (
                    "" if earlier else ", in the sentence before"
                )
                result.groups.append(Group(position, order, "numbers without arms", why))
                position += k
                continue
            result.unlinked.append(position)
            position += 1
        result.groups.sort(key=lambda group: group.first)
        return result

    def _may_inherit(self, first: int, k: int, same_sentence: bool, n: int, after: int) -> bool:
        word = self._joined(first, k)
        if word is None or not self._same_kind(first, k):
            return False
        low, high = max(self._bound(first, -1), after), self._bound(first + k - 1, 1)
        near = self._within(low, high)
        last = self.values[first + k - 1]
        if self._forward(first + k - 1) or any(m.start > last.end for m in near):
            return False
        if any(m.arm is None for m in near) or (near and not same_sentence):
            return False
        lead, tail = self.text[low : self.values[first].start], self.text[last.end : high]
        versus = bool(re.fullmatch(VERSUS, word, re.IGNORECASE))
        said = RESPECTIVELY.search(tail)
        listed = COORDINATED.search(lead) or VISITS.search(lead) or (said and COORDINATED.search(tail[: said.start()]))
        if same_sentence:
            if any(m.start >= low for m in near) or re.search(
                r"\bthan\b|\bbaseline\b|\bwithin\s+each\b|\bfrom\s*$", lead
            ):
                return False
            return versus or bool(said and not listed)
        if OTHER_SIDES.search(self.text, self.start, self.end):
            return False
        corresponding = re.search(r"\bcorresponding\b", lead, re.IGNORECASE)
        return versus or (n == k and not listed and bool(said or corresponding))


def _kept(found: Sequence[Mention | None]) -> tuple[Mention, ...]:
    return tuple(m for m in found if m is not None)
