"""Which p-value and which effect belong to which comparison of a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lupus_kit.audit.reading.arms import Arm
from lupus_kit.audit.reading.groups import Group
from lupus_kit.audit.reading.words.entities import Entity

_AGAINST = re.compile(
    r"\s*(?:vs\.?|versus|compared\s+(?:with|to)|against|for\s+the\s+comparison\s+with)\s+(?:the\s+)?", re.IGNORECASE
)
#: p-values of something else than the difference between the arms.
OTHER_P = ("interaction", "trend", "heterogeneity", "all arms together")


@dataclass
class Pair:
    """One comparison to be claimed: positions of its values, their arms, its p-value and effect."""

    group: Group | None
    values: tuple[int, ...]
    arms: tuple[int, ...]
    p: Entity | None = None
    effect: Entity | None = None
    more_p: list[Entity] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)


@dataclass
class Attached:
    """The comparisons, and the p-values and effects that could not be given to one, each with why."""

    pairs: list[Pair] = field(default_factory=list)
    unclear: list[tuple[Entity, str]] = field(default_factory=list)
    other: list[tuple[Entity, str]] = field(default_factory=list)


def _control(arms: Sequence[Arm], among: Sequence[int]) -> int | None:
    found = [i for i in among if arms[i].control]
    return found[0] if len(found) == 1 else None


def pairs_of(groups: Sequence[Group], arms: Sequence[Arm]) -> tuple[list[Pair], dict[int, list[Pair]]]:
    """Split a comparison of three arms or more into each arm against the control."""
    pairs: list[Pair] = []
    by_group: dict[int, list[Pair]] = {}
    for number, group in enumerate(groups):
        positions = range(group.first, group.last + 1)
        control = _control(arms, group.arms)
        mine = []
        if len(group.arms) > 2 and control is not None:
            reference = group.arms.index(control)
            for j, arm in enumerate(group.arms):
                if arm != control:
                    mine.append(
                        Pair(
                            group,
                            (positions[j], positions[reference]),
                            (arm, control),
                            assumed=[f"each arm is compared with {arms[control].name}"],
                        )
                    )
        else:
            mine.append(Pair(group, tuple(positions), group.arms))
        for pair in mine:
            if group.assumed:
                pair.assumed.append(group.assumed)
        by_group[number] = mine
        pairs += mine
    return pairs, by_group


def attach(
    text: str,
    values: Sequence[Entity],
    groups: Sequence[Group],
    others: Sequence[Entity],
    arms: Sequence[Arm],
    unlinked: Sequence[int],
) -> Attached:
    """Give each p-value and effect of a sentence to its comparison, or say why not.

    Parameters
    ----------
    text : str
        Plain text.
    values : sequence of Entity
        Values of the sentence.
    groups : sequence of Group
        Comparisons among them.
    others : sequence of Entity
        Effects and p-values, in order.
    arms : sequence of Arm
        The arms of the trial.
    unlinked : sequence of int
        Values without an arm; a p-value just behind one of them is theirs, not of a comparison.
    """
    pairs, by_group = pairs_of(groups, arms)
    result = Attached(pairs)
    waiting: list[Entity] = []
    held: dict[int, list[tuple[Entity, int]]] = {}
    for other in others:
        if other.kind == "p" and other.parts.get("of") in (*OTHER_P, "non-inferiority"):
            result.other.append((other, f"p-value for {other.parts['of']}"))
            continue
        if other.kind == "p" and _against_another(text, other.end, groups, arms):
            result.unclear.append((other, "it names an arm whose number does not stand with it"))
            continue
        before = [i for i, value in enumerate(values) if value.end <= other.start]
        if not before:
            waiting.append(other)
        elif before[-1] in unlinked:
            result.unclear.append((other, "it follows a number whose arm is not clear"))
        else:
            number = next(n for n, group in enumerate(groups) if group.first <= before[-1] <= group.last)
            held.setdefault(number, []).append((other, before[-1]))
    for number, found in held.items():
        _share_out(text, groups[number], by_group[number], found, result)
    _attach_waiting(waiting, pairs, result)
    _spread(pairs)
    return result


def _spread(pairs: Sequence[Pair]) -> None:
    """Give a p-value "for all comparisons" to the comparisons before it that have none."""
    for number, pair in enumerate(pairs):
        if pair.p is not None and pair.p.parts.get("every"):
            for earlier in pairs[:number]:
                if earlier.p is None:
                    earlier.p = pair.p
                    earlier.assumed.append("one p-value is printed for every comparison")


def _against_another(text: str, end: int, groups: Sequence[Group], arms: Sequence[Arm]) -> bool:
    """Say whether "P=0.04 vs placebo" names an arm that none of the comparisons has."""
    versus = _AGAINST.match(text, end)
    if not versus:
        return False
    compared = {arm for group in groups for arm in group.arms}
    found = {
        i
        for i, arm in enumerate(arms)
        for alias in arm.aliases
        if re.compile(alias, re.IGNORECASE).match(text, versus.end())
    }
    return bool(found) and not found <= compared


def _attach_waiting(waiting: Sequence[Entity], pairs: Sequence[Pair], result: Attached) -> None:
    """Give a p-value or effect before the numbers to them, when there is one comparison without its own."""
    for other in waiting:
        if len(pairs) == 1 and not (pairs[0].p if other.kind == "p" else pairs[0].effect):
            _give(pairs[0], other, result)
            pairs[0].assumed.append(f"the {'p-value' if other.kind == 'p' else 'effect'} before the numbers is theirs")
        else:
            result.unclear.append((other, "no comparison of numbers stands before it"))


def _give(pair: Pair, other: Entity, result: Attached) -> None:
    if other.kind == "effect":
        if pair.effect is None:
            pair.effect = other
        else:
            result.other.append((other, "a further effect of the same comparison"))
    elif pair.p is None:
        pair.p = other
    else:
        pair.more_p.append(other)
        result.other.append((other, "a further p-value of the same comparison"))


def _share_out(
    text: str, group: Group, pairs: list[Pair], found: Sequence[tuple[Entity, int]], result: Attached
) -> None:
    if len(group.arms) > 2 and len(pairs) == 1:
        for other, _ in found:
            result.unclear.append((other, f"which of the {len(group.arms)} groups it compares"))
        return
    if len(pairs) == 1:
        if len(group.arms) == 2 and len({position for _, position in found}) > 1:
            # One behind each number: within-arm p-values, or an effect of one arm. Only what ends the comparison is its own.
            early = [(o, p) for o, p in found if p != group.last]
            for other, _ in early:
                result.unclear.append(
                    (other, "it stands behind the first of two numbers: it may compare visits within one arm")
                )
            within = [o for o, p in found if p == group.last]
            if any(o.kind == "p" for o, _ in early):
                for other in within:
                    result.unclear.append(
                        (other, "each of the two numbers has its own: they may compare visits within one arm")
                    )
                return
            found = [(o, group.last) for o in within]
        for other, _ in found:
            _give(pairs[0], other, result)
        return
    for kind in ("p", "effect"):
        _share_kind(text, pairs, [(o, p) for o, p in found if o.kind == kind], group, result)


def _share_kind(text: str, pairs: list[Pair], found: list[tuple[Entity, int]], group: Group, result: Attached) -> None:
    """Three arms or more: behind each arm's own number, or in the order of the arms, or one for all."""
    if not found:
        return
    own = {pair.values[0]: pair for pair in pairs}
    positions = [position for _, position in found]
    if len(set(positions)) == len(found) and all(p in own for p in positions) and len(found) > 1:
        for other, position in found:
            _give(own[position], other, result)
    elif len(found) == len(pairs) and set(positions) == {group.last}:
        order = sorted(pairs, key=lambda pair: pair.values[0])
        for (other, _), pair in zip(found, order, strict=True):
            _give(pair, other, result)
            pair.assumed.append("p-values and effects stand in the order of the arms")
    elif (len(found) == 1 and found[0][0].parts.get("every")) or (
        len(found) == 1 and re.match(r"[^.;]{0,40}\b(?:each|both|all|either)\b", text[found[0][0].end :])
    ):
        for pair in pairs:
            _give(pair, found[0][0], result)
            pair.assumed.append("one p-value is printed for every comparison")
    else:
        for other, _ in found:
            result.unclear.append((other, f"which of {len(pairs)} comparisons it belongs to"))
