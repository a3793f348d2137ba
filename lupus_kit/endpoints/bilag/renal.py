"""The renal grade of BILAG-2004: six major findings, milder ones, and change against the previous visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lupus_kit.endpoints.bilag.items import BY_ID
from lupus_kit.endpoints.bilag.scheme import INACTIVE, SCALE, A, B, C, Causes, Number

#: Protein tests with their limits: strictly above gives major proteinuria, at least gives B, strictly above gives C.
PROTEIN: dict[str, tuple[float, float, float]] = {
    "protein_24h": (1, 0.5, 0.25),
    "protein_creatinine_ratio": (100, 50, 25),
    "albumin_creatinine_ratio": (100, 50, 25),
}

Numbers = Mapping[str, Number]


@dataclass(frozen=True)
class Clause:
    """One clause of the renal rules.

    Attributes
    ----------
    which : int
        1 to 6 for the six major findings, -1 for a clause that gives B, -2 for a clause that gives C.
    level : numpy.ndarray
        0 or False where the clause does not hold, otherwise the position of its text.
    texts : tuple of str
        The texts by level; the first is never used.
    """

    which: int
    level: np.ndarray
    texts: tuple[str, ...]


def _named(name: str, words: str) -> str:
    return f"{BY_ID[name].number} {BY_ID[name].label} {words}"


def _with_unit(name: str, comparison: str, limit: float) -> str:
    return _named(name, f"{comparison} {limit:g} {BY_ID[name].unit}")


def _rise(now: Number, before: Number, amount: float, assume: bool) -> np.ndarray:
    """Tell where a value rose by at least `amount`; where there is no previous value, `assume` decides."""
    both = now.known & before.known
    return np.where(both, now.value - before.value >= round(amount * SCALE), assume & now.known)


def _percent(now: Number, before: Number) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return 100 times the value now, the previous value, and where both are known: integers, so ties are exact."""
    return 100 * now.value, before.value, now.known & before.known


def _not_fallen(now: Number, before: Number, assume: bool) -> np.ndarray:
    """Tell where a value has not fallen by 25 % or more; where there is no previous value, `assume` decides."""
    hundredfold, previous, both = _percent(now, before)
    return np.where(both, hundredfold > 75 * previous, assume & now.known)


def renal(
    flags: Mapping[str, np.ndarray],
    now: Numbers,
    before: Numbers,
    quantified: np.ndarray,
    assume_not_fallen: bool,
    assume_rise: bool,
) -> Causes:
    """Grade the renal system.

    Parameters
    ----------
    flags, now, before : mapping
        Yes/no items now, numbers now, numbers at the previous visit.
    quantified : numpy.ndarray
        Where any of 24-hour protein, protein/creatinine or albumin/creatinine was done: the dipstick is then ignored.
    assume_not_fallen : bool
        What "not fallen by 25 %" means where the previous value is missing.
    assume_rise : bool
        The same for every clause that wants a rise (or a loss of function).

    Returns
    -------
    Causes
        Grade and clauses.
    """
    clauses: list[Clause] = []
    for name, (major, moderate, mild) in PROTEIN.items():
        kept = _not_fallen(now[name], before[name], assume_not_fallen)
        seen = np.where(before[name].known, 1, 2)
        for which, over, words in (
            (1, now[name].above(major), _with_unit(name, "above", major)),
            (-1, now[name].at_least(moderate), _with_unit(name, "at least", moderate)),
        ):
            texts = ("", f"{words} and not fallen by 25 %", f"{words}, no previous value")
            clauses.append(Clause(which, np.where(over & kept, seen, 0), texts))
        clauses.append(Clause(-2, now[name].above(mild), ("", _with_unit(name, "above", mild))))
    clauses += _dipstick(now["dipstick_protein"], before["dipstick_protein"], ~quantified, assume_rise)
    clauses += _function(now, before, assume_rise)
    for which, name in (
        (2, "accelerated_hypertension"),
        (4, "active_sediment"),
        (5, "active_nephritis"),
        (6, "nephrotic_syndrome"),
    ):
        clauses.append(Clause(which, flags[name], ("", f"{BY_ID[name].number} {BY_ID[name].label}")))
    pressure = "78, 79 blood pressure above 140/90 mmHg, up by 30/15"
    clauses.append(Clause(-2, _pressure(now, before, assume_rise), ("", pressure)))
    return _grade(clauses)


def _dipstick(now: Number, before: Number, used: np.ndarray, assume: bool) -> list[Clause]:
    name = "dipstick_protein"
    up_two = used & now.at_least(2) & _rise(now, before, 2, assume)
    up_one = used & now.at_least(2) & _rise(now, before, 1, assume)
    return [
        Clause(1, up_two, ("", _named(name, "up by 2 levels or more"))),
        Clause(-1, up_one, ("", _named(name, "up by 1 level, to 2+ or more"))),
        Clause(-2, used & now.at_least(1), ("", _named(name, "1+ or more"))),
    ]


def _function(now: Numbers, before: Numbers, assume: bool) -> list[Clause]:
    creatinine, gfr = now["creatinine"], now["gfr"]
    hundredfold, previous, both = _percent(creatinine, before["creatinine"])
    high = creatinine.above(130)
    severe = high & np.where(both, hundredfold > 130 * previous, assume)
    mild = high & both & (hundredfold >= 115 * previous) & (hundredfold <= 130 * previous)
    hundredfold, previous, both = _percent(gfr, before["gfr"])
    lost = gfr.below(80) & np.where(both, hundredfold < 67 * previous, assume)
    newly_low = gfr.below(50) & (~before["gfr"].known | before["gfr"].above(50))
    return [
        Clause(3, severe, ("", _named("creatinine", "above 130 µmol/L and above 130 % of the previous value"))),
        Clause(3, lost, ("", _named("gfr", "below 80 mL/min/1.73 m² and below 67 % of the previous value"))),
        Clause(3, newly_low, ("", _named("gfr", "below 50 mL/min/1.73 m², before above 50 or not measured"))),
        Clause(-1, mild, ("", _named("creatinine", "above 130 µmol/L and 115 to 130 % of the previous value"))),
    ]


def _pressure(now: Numbers, before: Numbers, assume: bool) -> np.ndarray:
    systolic, diastolic = now["systolic_bp"], now["diastolic_bp"]
    high = systolic.above(140) & diastolic.above(90)
    rose = _rise(systolic, before["systolic_bp"], 30, assume) & _rise(diastolic, before["diastolic_bp"], 15, assume)
    return high & rose


def _grade(clauses: list[Clause]) -> Causes:
    """Grade from clauses: A needs two major findings, one of them proteinuria, sediment or histology."""
    true = [clause.level > 0 for clause in clauses]

    def any_of(*which: int) -> np.ndarray:
        return np.logical_or.reduce([t for t, clause in zip(true, clauses, strict=True) if clause.which in which])

    major = {k: any_of(k) for k in range(1, 7)}
    two = np.sum(list(major.values()), axis=0) >= 2
    some_major = any_of(*range(1, 7))
    a = two & (major[1] | major[4] | major[5])
    grade = np.select([a, some_major | any_of(-1), any_of(-2)], [A, B, C], INACTIVE).astype(np.int8)
    named = {-2: grade == C, -1: (grade == B) & ~some_major}
    level = [np.where(named.get(clause.which, grade <= B), clause.level, 0) for clause in clauses]
    return Causes(grade, level, [clause.texts for clause in clauses])
