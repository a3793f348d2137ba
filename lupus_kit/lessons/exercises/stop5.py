"""Exercises of stop 5: what a percentage can be, two looks at one trial, and the patient who is not there."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.record import printed, table
from lupus_kit.lessons.own_code import call, differences

NOTEBOOK = "05_why_052_and_027"
Function = Callable[..., Any]

#: Percentages that the notebook does not show, and the largest arm.
_PERCENTAGES = [("36.7%", 30), ("30.00%", 30), ("37%", 30), ("40.0%", 20), ("0%", 4), ("100.0%", 3), ("41.5%", 20)]


def _pairs(percentage: str, n_max: int) -> list[tuple[int, int]]:
    return [(int(x), int(n)) for x, n in lk.audit.counts_from_percent(percentage, n_max=n_max)]


def _gives(percentage: str, n_max: int, wrong: list[tuple[int, int]]) -> Callable[[Function], bool]:
    """Whether a student's function gives these pairs for a percentage."""
    return lambda function: [tuple(map(int, pair)) for pair in call(function, percentage, n_max)] == wrong


def _familywise_error(correlation: float, level: float, trials: int, rng: np.random.Generator) -> float:
    from scipy.stats import norm

    z = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], trials)
    return float((np.abs(z) >= norm.isf(level / 2)).any(axis=1).mean())


#: Trials in each call, and how far chance may carry the share: more than four standard errors.
_TRIALS, _CHANCE = 2000, 0.05


def _either(function: Function, correlation: float, level: float = 0.05) -> float:
    return float(call(function, correlation, level, _TRIALS, np.random.default_rng(7)))


def _near(correlation: float, level: float, wrong: float) -> Callable[[Function], bool]:
    """Whether a student's function gives this share."""
    return lambda function: abs(_either(function, correlation, level) - wrong) < _CHANCE


def _two_looks(function: Function) -> list[str]:
    if _either(function, 0.3) != _either(function, 0.3):
        return ["The same generator gives different results: draw from rng and from nothing else."]
    cases = [(0.0, 0.4), (0.8, 0.4), (0.0, 0.05)]
    return differences(partial(_either, function), partial(_either, _familywise_error), cases, _CHANCE)


def _week24(extra_patients: int, extra_responders: int = 0) -> float:
    x1, n1, x2, n2 = table("sri4_week24")
    return float(lk.inference.pvalue("pearson", x1 + extra_responders, n1 + extra_patients, x2, n2))


def _allowing() -> str:
    """Find the rule, of those that are asked about, by which week 24 may be claimed."""
    first, second = (float(printed(claim)) for claim in ("sri4_week12", "sri4_week24"))
    rules = ("bonferroni", "fixed_sequence", "holm", "obrien_fleming")
    return ", ".join(rule for rule in rules if lk.inference.decide(first, second, rule)[1])


EXERCISES = read_exercises(
    "stop5",
    pairs=lambda: _pairs,
    pairs_remarks=lambda given: differences(given, _pairs, _PERCENTAGES),
    swapped=_gives("30.00%", 30, [(n, x) for x, n in _pairs("30.00%", 30)]),
    stops_early=_gives("30.00%", 30, _pairs("30.00%", 29)),
    largest_only=_gives("30.00%", 30, [(9, 30)]),
    reads_a_number=lambda given: call(given, "30%", 30) == call(given, "30.00%", 30) == _pairs("30.00%", 30),
    two_looks=lambda: _familywise_error,
    two_looks_remarks=_two_looks,
    both=_near(0.0, 0.4, 0.16),
    adds=_near(0.0, 0.5, 1.0),
    ignores_correlation=_near(1.0, 0.4, 0.64),
    one_sided=_near(-1.0, 0.4, 0.8),
    allowing=_allowing,
    without_the_patient=lambda: _week24(0),
    as_non_responder=lambda: _week24(1),
    as_responder=lambda: _week24(1, 1),
)
