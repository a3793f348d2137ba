"""What the rules of a sentence find: numbers that are compared, and numbers that are left."""

from __future__ import annotations

from dataclasses import dataclass, field

from lupus_kit.audit.reading.mentions import Mention


@dataclass(frozen=True)
class Group:
    """Numbers that are compared with each other: which values, the arm of each, and how that was decided."""

    first: int
    arms: tuple[int, ...]
    rule: str
    assumed: str = ""
    mentions: tuple[Mention, ...] = ()

    @property
    def last(self) -> int:
        """Position of the last value."""
        return self.first + len(self.arms) - 1


@dataclass
class Linked:
    """What the rules made of one sentence: the groups, and the values with no arm and why."""

    groups: list[Group] = field(default_factory=list)
    unlinked: list[int] = field(default_factory=list)
