"""How recorded BILAG-2004 items become a grade: the common scheme, the constitutional system, and the reasons.

Every engine returns :class:`Causes`: for each row a grade (A to C, or nothing active) and, in one column for each
possible cause, whether (and at which level) that cause counted. Reasons are then written once for each pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lupus_kit.endpoints.bilag.items import BY_NUMBER, ITEMS, LEVELS

A, B, C, INACTIVE = 0, 1, 2, 3

#: Numbers are compared as whole millionths, so that "exactly 130 %" is exact.
SCALE = 1_000_000

Levels = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Number:
    """One measured item: whole millionths where `known`, 0 elsewhere."""

    value: np.ndarray
    known: np.ndarray

    def above(self, limit: float) -> np.ndarray:
        """Tell where the value is known and strictly above `limit`."""
        return self.known & (self.value > round(limit * SCALE))

    def at_least(self, limit: float) -> np.ndarray:
        """Tell where the value is known and not below `limit`."""
        return self.known & (self.value >= round(limit * SCALE))

    def below(self, limit: float) -> np.ndarray:
        """Tell where the value is known and strictly below `limit`."""
        return self.known & (self.value < round(limit * SCALE))

    def where(self, keep: np.ndarray) -> Number:
        """Forget the values of rows where `keep` is false."""
        return Number(np.where(keep, self.value, 0), self.known & keep)


@dataclass(frozen=True)
class Causes:
    """Grades of one system and what caused them.

    Attributes
    ----------
    grade : numpy.ndarray
        0, 1, 2 for A, B, C and 3 where nothing is active, one for each row.
    level : list of numpy.ndarray
        For each possible cause: 0 where it did not count, otherwise the position of its text.
    texts : list of tuple of str
        For each possible cause its texts by level; the text at position 0 is never used.
    """

    grade: np.ndarray
    level: list[np.ndarray]
    texts: list[tuple[str, ...]]

    def reasons(self) -> np.ndarray:
        """Write the reason of every row: each distinct pattern of causes is put into words once."""
        key = np.zeros(len(self.grade), dtype=np.int64)
        radix = 1
        for level, texts in zip(self.level, self.texts, strict=True):
            key += level.astype(np.int64) * radix
            radix *= len(texts)
        keys, which = np.unique(key, return_inverse=True)
        return np.array([self._words(int(k)) for k in keys] or [""], dtype=object)[which]

    def _words(self, key: int) -> str:
        parts = []
        for texts in self.texts:
            key, level = divmod(key, len(texts))
            if level:
                parts.append(texts[level])
        return "; ".join(parts)


def level_texts(number: int) -> tuple[str, ...]:
    """Return the texts of a 0-4 item, for example ``"39 severe myositis: new"``."""
    return tuple(f"{number} {BY_NUMBER[number].label}: {word}" for word in LEVELS)


@dataclass(frozen=True)
class Scheme:
    """The common scheme: items that give A, B or C; an improving item counts one grade lower.

    Attributes
    ----------
    a, b : tuple of int
        Item numbers that give the grade when same, worse or new. When improving they give the next grade.
    c : tuple of int
        Item numbers that give C whenever they are present.
    """

    a: tuple[int, ...]
    b: tuple[int, ...]
    c: tuple[int, ...] = ()

    def grade(self, levels: Levels) -> Causes:
        """Grade every row."""
        ceilings = ((self.a, A, B), (self.b, B, C), (self.c, C, C))
        numbers = sorted((n, active, improving) for ns, active, improving in ceilings for n in ns)
        recorded = [levels[BY_NUMBER[n].id] for n, _, _ in numbers]
        gives = [
            np.array([INACTIVE, improving, active, active, active], dtype=np.int8)[level]
            for level, (_, active, improving) in zip(recorded, numbers, strict=True)
        ]
        grade = np.minimum.reduce(gives)
        active = grade < INACTIVE
        counted = [np.where(active & (give == grade), level, 0) for level, give in zip(recorded, gives, strict=True)]
        return Causes(grade, counted, [level_texts(n) for n, _, _ in numbers])


#: The systems that follow the common scheme. Item 36 (cerebellar ataxia) in A is the least certain entry.
SCHEMES: dict[str, Scheme] = {
    "mucocutaneous": Scheme(a=(5, 7, 9, 11, 13), b=(6, 12, 14, 15), c=(8, 10, 16, 17, 18)),
    "neuropsychiatric": Scheme(a=(*range(19, 30), 31, 36), b=(30, 32, 33, 34, 35, 37, 38)),
    "musculoskeletal": Scheme(a=(39, 41), b=(40, 42), c=(43,)),
    "cardiorespiratory": Scheme(a=(45, 46, 47, *range(49, 56)), b=(44, 48)),
    "gastrointestinal": Scheme(a=(56, 58, 61, 63, 64), b=(57, 59, 60, 62)),
    "ophthalmic": Scheme(a=(65, 66, 69, 72, 74, 76, 77), b=(67, 68, 70, 73), c=(71, 75)),
}


def constitutional(levels: Levels) -> Causes:
    """Grade the constitutional system: fever (item 1) alone or together with two of items 2 to 4."""
    fever, *others = (levels[item.id] for item in ITEMS[:4])
    fever_active = fever >= 2
    active = np.sum([level >= 2 for level in others], axis=0)
    two = active >= 2
    present = np.logical_or.reduce([level > 0 for level in others])
    grade = np.select([fever_active & two, fever_active | two, (fever == 1) | present], [A, B, C], INACTIVE)
    is_c = grade == C
    counted = [np.where(fever_active | is_c, fever, 0)]
    counted += [np.where(((level >= 2) & two) | is_c, level, 0) for level in others]
    return Causes(grade.astype(np.int8), counted, [level_texts(n) for n in range(1, 5)])
