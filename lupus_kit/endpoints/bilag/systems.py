"""How recorded BILAG-2004 items become a grade in the nine systems, and the words for it.

A system is a list of causes. Its grade is the most active one that a cause gives; its reason names every cause of that
grade.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lupus_kit.endpoints.bilag.items import BY_ID, ITEMS, LEVELS
from lupus_kit.endpoints.bilag.reading import Recorded
from lupus_kit.endpoints.rules.reasons import words_where

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
    shown = np.stack([np.where(cause.gives == grade, cause.level, 0) for cause in causes], axis=1)

    def say(levels: tuple[int, ...]) -> str:
        return "; ".join(cause.texts[at] for cause, at in zip(causes, levels, strict=True) if at)

    return words_where(grade < INACTIVE, say, shown)


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


#: Protein tests with their limits: strictly above gives major proteinuria, at least gives B, strictly above gives C.
PROTEIN: dict[str, tuple[float, float, float]] = {
    "protein_24h": (1, 0.5, 0.25),
    "protein_creatinine_ratio": (100, 50, 25),
    "albumin_creatinine_ratio": (100, 50, 25),
}

Values = Mapping[str, np.ndarray]
#: Where something holds, and what it is called.
Finding = tuple[np.ndarray, str]
Findings = list[Finding]


def _named(name: str, words: str = "") -> str:
    return f"{BY_ID[name].number} {BY_ID[name].label} {words}".rstrip()


def _margin(now: np.ndarray, before: np.ndarray, percent: int) -> np.ndarray:
    """Return by how much the value now is above so many per cent of the one before, in hundredths; NaN without both."""
    return np.asarray(np.round(100 * now - percent * before, 6))


def _risen(now: np.ndarray, before: np.ndarray, amount: float) -> np.ndarray:
    """Tell whether a value has risen so much; without a previous value it has not."""
    return np.asarray(np.round(now - before, 6) >= amount)


def renal(flags: Values, now: Values, before: Values, quantified: np.ndarray) -> list[Cause]:
    """List the causes of the renal grade.

    A needs two of the six major findings, one of them proteinuria, sediment or histology. One major finding gives B; so
    does a moderate one, which is named only where there is no major one. Mild findings give C.

    Parameters
    ----------
    flags, now, before : mapping
        Yes/no items now, values now, values at the previous visit.
    quantified : numpy.ndarray
        Where any of 24-hour protein, protein/creatinine or albumin/creatinine was done: the dipstick is then ignored.

    Returns
    -------
    list of Cause
        One for each finding.
    """
    proteinuria, moderate, mild = _protein(now, before, ~quantified)
    function, moderate_function = _function(now, before)
    moderate += moderate_function
    high_pressure = (now["systolic_bp"] > 140) & (now["diastolic_bp"] > 90)
    for name, amount in (("systolic_bp", 30), ("diastolic_bp", 15)):
        high_pressure &= _risen(now[name], before[name], amount)
    mild.append((high_pressure, "78, 79 blood pressure above 140/90 mmHg, up by 30/15"))

    hypertension, sediment, histology, nephrotic = (
        [(flags[name], _named(name))]
        for name in ("accelerated_hypertension", "active_sediment", "active_nephritis", "nephrotic_syndrome")
    )
    six = [proteinuria, function, hypertension, sediment, histology, nephrotic]
    major = [np.logical_or.reduce([holds for holds, _ in findings]) for findings in six]
    leads = major[0] | major[3] | major[4]
    gives = np.where((np.sum(major, axis=0) >= 2) & leads, A, B)
    no_major = ~np.logical_or.reduce(major)
    return [
        *(finding(text, holds, gives) for findings in six for holds, text in findings),
        *(finding(text, holds & no_major, B) for holds, text in moderate),
        *(finding(text, holds, C) for holds, text in mild),
    ]


def _protein(now: Values, before: Values, dipstick_counts: np.ndarray) -> tuple[Findings, Findings, Findings]:
    """Return major, moderate and mild proteinuria."""
    major, moderate, mild = list[Finding](), list[Finding](), list[Finding]()
    for name, (major_limit, moderate_limit, mild_limit) in PROTEIN.items():
        value, unit = now[name], BY_ID[name].unit
        first, kept = np.isnan(before[name]), _margin(value, before[name], 75) > 0
        for findings, over, words in (
            (major, value > major_limit, _named(name, f"above {major_limit:g} {unit}")),
            (moderate, value >= moderate_limit, _named(name, f"at least {moderate_limit:g} {unit}")),
        ):
            findings.append((over & kept, f"{words} and not fallen by 25 %"))
            findings.append((over & first, f"{words}, no previous value"))
        mild.append((value > mild_limit, _named(name, f"above {mild_limit:g} {unit}")))
    stick, stick_before = now["dipstick_protein"], before["dipstick_protein"]
    two_plus = dipstick_counts & (stick >= 2)
    up_two, up_one = (two_plus & _risen(stick, stick_before, levels) for levels in (2, 1))
    major.append((up_two, _named("dipstick_protein", "up by 2 levels or more")))
    moderate.append((up_one, _named("dipstick_protein", "up by 1 level, to 2+ or more")))
    mild.append((dipstick_counts & (stick >= 1), _named("dipstick_protein", "1+ or more")))
    return major, moderate, mild


def _function(now: Values, before: Values) -> tuple[Findings, Findings]:
    """Return a major and a moderate loss of kidney function."""
    creatinine, gfr = now["creatinine"], now["gfr"]
    high = creatinine > 130
    above_130, above_115 = (_margin(creatinine, before["creatinine"], percent) for percent in (130, 115))
    moderate = high & (above_115 >= 0) & (above_130 <= 0)
    lost = (gfr < 80) & (_margin(gfr, before["gfr"], 67) < 0)
    newly_low = (gfr < 50) & (np.isnan(before["gfr"]) | (before["gfr"] > 50))
    return [
        (high & (above_130 > 0), _named("creatinine", "above 130 µmol/L and above 130 % of the previous value")),
        (lost, _named("gfr", "below 80 mL/min/1.73 m² and below 67 % of the previous value")),
        (newly_low, _named("gfr", "below 50 mL/min/1.73 m², before above 50 or not measured")),
    ], [(moderate, _named("creatinine", "above 130 µmol/L and 115 to 130 % of the previous value"))]
