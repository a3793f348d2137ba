"""Which p-value and which effect belong to which comparison of a sentence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lupus_kit.audit.reading.arms import Arm
from lupus_kit.audit.reading.entities import Entity
from lupus_kit.audit.reading.linking import Group, Passage
from lupus_kit.audit.reading.spellings import regex

_AGAINST = regex(r"\s*(?:vs\.?|versus|compared (?:with|to)|against|for the comparison with) (?:the )?")
_EVERY_AFTER = re.compile(r"[^.;]{0,40}\b(?:each|both|all|either)\b")
#: p-values of something else than the difference between the arms.
_OTHER_P = ("interaction", "trend", "heterogeneity", "all arms together", "non-inferiority")
_FOR_EVERY = "one p-value is printed for every comparison"


@dataclass
class Pair:
    """One comparison to be claimed: positions of its values, their arms, its p-value and effect."""

    group: Group | None
    values: tuple[int, ...]
    arms: tuple[int, ...]
    p: Entity | None = None
    effect: Entity | None = None
    assumed: list[str] = field(default_factory=list)


@dataclass
class Attached:
    """The comparisons, and the p-values and effects that could not be given to one, each with why."""

    pairs: list[Pair] = field(default_factory=list)
    unclear: list[tuple[Entity, str]] = field(default_factory=list)
    other: list[tuple[Entity, str]] = field(default_factory=list)

    def assign(self, pair: Pair, one: Entity, assumed: str = "") -> None:
        """Give a p-value or an effect to a comparison that has none yet."""
        if assumed:
            pair.assumed.append(assumed)
        name = "p-value" if one.kind == "p" else "effect"
        if (pair.p if one.kind == "p" else pair.effect) is not None:
            self.other.append((one, f"a further {name} of the same comparison"))
        elif one.kind == "p":
            pair.p = one
        else:
            pair.effect = one


def _pairs(group: Group, arms: Sequence[Arm]) -> list[Pair]:
    """Split a comparison of three arms or more into each arm against the control."""
    assumed = [group.assumed] if group.assumed else []
    controls = [i for i in group.arms if arms[i].control]
    if len(group.arms) < 3 or len(controls) != 1:
        return [Pair(group, tuple(group.positions), group.arms, assumed=assumed)]
    (control,) = controls
    reference = group.first + group.arms.index(control)
    against = f"each arm is compared with {arms[control].name}"
    return [
        Pair(group, (position, reference), (arm, control), assumed=[against, *assumed])
        for position, arm in zip(group.positions, group.arms, strict=True)
        if arm != control
    ]


def attach(passage: Passage, groups: Sequence[Group], unlinked: Sequence[int]) -> Attached:
    """Give each p-value and effect of a sentence to its comparison, or say why not.

    Parameters
    ----------
    passage : Passage
        The sentence.
    groups : sequence of Group
        The comparisons among its values.
    unlinked : sequence of int
        Values without an arm; a p-value just behind one of them is theirs, not of a comparison.
    """
    text, arms = passage.text, passage.arms
    by_group = [_pairs(group, arms) for group in groups]
    result = Attached([pair for pairs in by_group for pair in pairs])
    waiting: list[Entity] = []
    held: dict[int, list[tuple[Entity, int]]] = {}
    for other in passage.others:
        before = [i for i, value in enumerate(passage.values) if value.end <= other.start]
        if other.parts.get("of") in _OTHER_P:
            result.other.append((other, f"p-value for {other.parts['of']}"))
        elif other.kind == "p" and _against_another(text, other.end, groups, arms):
            result.unclear.append((other, "it names an arm whose number does not stand with it"))
        elif not before:
            waiting.append(other)
        elif before[-1] in unlinked:
            result.unclear.append((other, "it follows a number whose arm is not clear"))
        else:
            number = next(n for n, group in enumerate(groups) if before[-1] in group.positions)
            held.setdefault(number, []).append((other, before[-1]))
    for number, found in held.items():
        _share_out(text, groups[number], by_group[number], found, result)
    for other in waiting:  # before the numbers
        only = result.pairs[0] if len(result.pairs) == 1 else None
        if only is None or (only.p if other.kind == "p" else only.effect):
            result.unclear.append((other, "no comparison of numbers stands before it"))
        else:
            name = "p-value" if other.kind == "p" else "effect"
            result.assign(only, other, f"the {name} before the numbers is theirs")
    _spread(result.pairs)
    return result


def _spread(pairs: Sequence[Pair]) -> None:
    """Give a p-value "for all comparisons" to the comparisons before it that have none."""
    for number, pair in enumerate(pairs):
        for earlier in pairs[:number] if pair.p is not None and pair.p.parts.get("every") else ():
            if earlier.p is None:
                earlier.p = pair.p
                earlier.assumed.append(_FOR_EVERY)


def _against_another(text: str, end: int, groups: Sequence[Group], arms: Sequence[Arm]) -> bool:
    """Say whether "P=0.04 vs placebo" names an arm that none of the comparisons has."""
    versus = _AGAINST.match(text, end)
    if not versus:
        return False
    named = {i for i, arm in enumerate(arms) if any(regex(a).match(text, versus.end()) for a in arm.aliases)}
    return not named <= {arm for group in groups for arm in group.arms}


def _share_out(
    text: str, group: Group, pairs: list[Pair], found: Sequence[tuple[Entity, int]], result: Attached
) -> None:
    """Give the p-values and effects behind the numbers of a group to its comparisons."""
    if len(pairs) > 1:
        for kind in ("p", "effect"):
            _share_kind(text, pairs, [(o, p) for o, p in found if o.kind == kind], group, result)
    elif len(group.arms) > 2:
        result.unclear += [(o, f"which of the {len(group.arms)} groups it compares") for o, _ in found]
    elif len({position for _, position in found}) == 1:
        for other, _ in found:
            result.assign(pairs[0], other)
    else:
        # One behind each number: within-arm p-values, or an effect of one arm. Only what ends the comparison is its own.
        early = [o for o, position in found if position != group.last]
        within = "it may compare visits within one arm"
        result.unclear += [(o, f"it stands behind the first of two numbers: {within}") for o in early]
        for other in (o for o, position in found if position == group.last):
            if any(o.kind == "p" for o in early):
                each = "each of the two numbers has its own: they may compare visits within one arm"
                result.unclear.append((other, each))
            else:
                result.assign(pairs[0], other)


def _share_kind(text: str, pairs: list[Pair], found: list[tuple[Entity, int]], group: Group, result: Attached) -> None:
    """Three arms or more: behind each arm's own number, or in the order of the arms, or one for all."""
    own = {pair.values[0]: pair for pair in pairs}
    positions = {position for _, position in found}
    if len(found) > 1 and len(positions) == len(found) and positions <= set(own):
        for other, position in found:
            result.assign(own[position], other)
    elif len(found) == len(pairs) and positions == {group.last}:
        for (other, _), pair in zip(found, pairs, strict=True):
            result.assign(pair, other, "p-values and effects stand in the order of the arms")
    elif len(found) == 1 and (found[0][0].parts.get("every") or _EVERY_AFTER.match(text, found[0][0].end)):
        for pair in pairs:
            result.assign(pair, found[0][0], _FOR_EVERY)
    else:
        result.unclear += [(other, f"which of {len(pairs)} comparisons it belongs to") for other, _ in found]
