"""How recorded BILAG-2004 items become a grade in eight of the nine systems, and the words for it.

A system is a list of causes. Its grade is the most active one that a cause gives; its reason names every cause of that
grade.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.endpoints.bilag.items import BY_ID, ITEMS, LEVELS
from lupus_kit.endpoints.bilag.reading import Recorded

#: Grades as numbers, from most active; what is not active becomes D or E from the history.
A, B, C, INACTIVE = 0, 1, 2, 3

#: What an item of the common scheme gives by level (not present, improving, same, worse, new).
BY_LEVEL: dict[str, tuple[int, ...]] = {
    "A": (INACTIVE, B, A, A, A),
    "B": (INACTIVE, C, B, B, B),
    "C": (INACTIVE, C, C, C, C),
}

#: A blood count strictly below its limit gives the grade. The form prints bins with gaps (8-8.9, 9-10.9); half-open bins
#: close them.
COUNT_LIMITS: dict[str, dict[int, float]] = {
    "haemoglobin": {A: 8, B: 9, C: 11},
    "white_cells": {A: 1, B: 2, C: 4},
    "neutrophils": {A: 0.5, B: 1, C: 2},
    "platelets": {A: 25, B: 50, C: 150},
    "lymphocytes": {C: 1},
}


@dataclass(frozen=True)
class Cause:
    """One thing that may give a grade.

    Attributes
    ----------
    gives : numpy.ndarray
        The grade that it gives in each row; ``INACTIVE`` where it gives none.
    level : numpy.ndarray of int
        Which of the texts says it, row by row.
    texts : tuple of str
        What it is called; the text at position 0 is never used.
    """

    gives: np.ndarray
    level: np.ndarray
    texts: tuple[str, ...]


def finding(text: str, holds: np.ndarray, gives: int | np.ndarray) -> Cause:
    """Make the cause that gives a grade wherever it holds."""
    return Cause(np.where(holds, gives, INACTIVE).astype(np.int8), holds.astype(np.int8), ("", text))


def item_at_level(name: str, level: np.ndarray, gives: np.ndarray) -> Cause:
    """Make the cause of a 0-4 item, called for example ``"39 severe myositis: new"``."""
    item = BY_ID[name]
    return Cause(gives.astype(np.int8), level, tuple(f"{item.number} {item.label}: {word}" for word in LEVELS))


def grade_of(causes: Sequence[Cause]) -> np.ndarray:
    """Return the most active grade that a cause gives, row by row."""
    return np.asarray(np.minimum.reduce([cause.gives for cause in causes]))


def reason_of(causes: Sequence[Cause], grade: np.ndarray) -> np.ndarray:
    """Name the causes that give the grade, row by row; empty where nothing is active."""
    # Rows alike in every level share one code, and one text.
    code = np.zeros(len(grade), dtype=np.int64)
    for cause in causes:
        code *= len(cause.texts)
        code += np.where((cause.gives == grade) & (grade < INACTIVE), cause.level, 0)
    rows, distinct = pd.factorize(code)
    return np.asarray(np.array([_text(causes, int(one)) for one in distinct], dtype=object)[rows])


def _text(causes: Sequence[Cause], code: int) -> str:
    named = []
    for cause in reversed(causes):
        code, level = divmod(code, len(cause.texts))
        if level:
            named.append(cause.texts[level])
    return "; ".join(reversed(named))


def common_scheme(system: str, levels: Mapping[str, np.ndarray]) -> list[Cause]:
    """List the causes of a system in which every item alone gives a grade, one grade less when improving."""
    return [
        item_at_level(item.id, levels[item.id], np.array(BY_LEVEL[item.gives])[levels[item.id]])
        for item in ITEMS
        if item.system == system
    ]


def constitutional(levels: Mapping[str, np.ndarray]) -> list[Cause]:
    """List the constitutional causes: fever (item 1) alone or together with two of items 2 to 4."""
    fever, *others = (levels[item.id] for item in ITEMS[:4])
    two_others = np.sum([level >= 2 for level in others], axis=0) >= 2
    gives = np.where((fever >= 2) & two_others, A, B)
    active = [fever >= 2, *((level >= 2) & two_others for level in others)]
    return [
        item_at_level(item.id, level, np.select([counts, level > 0], [gives, C], INACTIVE))
        for item, level, counts in zip(ITEMS[:4], (fever, *others), active, strict=True)
    ]


def haematological(found: Recorded) -> list[Cause]:
    """List the haematological causes: blood counts, TTP, haemolysis and the Coombs test."""
    causes = []
    for name, limits in COUNT_LIMITS.items():
        item = BY_ID[name]
        for grade, limit in limits.items():
            text = f"{item.number} {item.label} below {limit:g} {item.unit}"
            causes.append(finding(text, found.counted[name] < limit, grade))
    ttp = found.levels["ttp"]
    causes.append(item_at_level("ttp", ttp, np.array(BY_LEVEL["A"])[ttp]))
    for name, grade in (("active_haemolysis", B), ("coombs_positive", C)):
        causes.append(finding(f"{BY_ID[name].number} {BY_ID[name].label}", found.flags[name], grade))
    return causes
