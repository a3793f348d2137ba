"""Exercises of stop 5: printed digits, two looks at one trial, and the patient who is not there."""

from collections.abc import Callable
from functools import partial

import numpy as np

from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.own_code import Function, call, differences

NOTEBOOK = "05_why_052_and_027"


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


EXERCISES = read_exercises(
    "stop5",
    two_looks=lambda: _familywise_error,
    two_looks_remarks=_two_looks,
    both=_near(0.0, 0.4, 0.16),
    adds=_near(0.0, 0.5, 1.0),
    ignores_correlation=_near(1.0, 0.4, 0.64),
    one_sided=_near(-1.0, 0.4, 0.8),
)
