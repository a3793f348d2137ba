"""Every place where a text speaks of one of its arms, or of a group that is none of them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from lupus_kit.audit.reading.arms import GROUP_PHRASE, NOT_ARMS, Arm


@dataclass(frozen=True)
class Mention:
    """A place that speaks of an arm; ``arm`` is ``None`` for a group that is none of the arms found."""

    start: int
    end: int
    arm: int | None


def find_mentions(text: str, arms: Sequence[Arm]) -> list[Mention]:
    """Find every place that speaks of an arm, and every group that is none of them."""
    found: list[Mention] = []
    if arms:
        named = [(alias, i) for i, arm in enumerate(arms) for alias in arm.aliases]
        named.sort(key=lambda item: len(item[0]), reverse=True)
        pattern = re.compile(
            r"(?<![\w-])(?:"
            + "|".join(f"(?P<a{k}>{alias})" for k, (alias, _) in enumerate(named))
            + r")(?![\w])(?!-controlled|\s+controlled|-naive|-corrected|-adjusted|-subtracted|\s+(?:levels|"
            r"receptor|concentration)|-experienced)",
            re.IGNORECASE,
        )
        for match in pattern.finditer(text):
            assert match.lastgroup is not None
            found.append(Mention(match.start(), match.end(), named[int(match.lastgroup[1:])][1]))
    starts = sorted((m.start, m.end) for m in found)
    for match in GROUP_PHRASE.finditer(text):
        name = (match["name"] or match["letter"] or "").strip()
        if any(start < match.end() and end > match.start() for start, end in _near(starts, match.start(), match.end())):
            continue
        if not NOT_ARMS.match(name) and match[0][:4].lower() != "both":
            found.append(Mention(match.start(), match.end(), None))
    return sorted(found, key=lambda mention: mention.start)


def _near(starts: Sequence[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    return list(starts[max(0, bisect_left(starts, (low - 120, 0))) : bisect_left(starts, (high, 0))])
