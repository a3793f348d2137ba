"""Exercises of stop 8: predict the next trial, weigh what was found after the fact, pool both, and advise a panel."""

from typing import Any

import numpy as np

from lupus_kit.lessons import conclusion
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.own_code import call, differences

NOTEBOOK = "08_what_came_after"

#: Responders and patients of an old trial, and patients of a next one: very large, very small, and with unequal arms.
_LARGE, _SMALL, _OTHER = (8, 20, 5, 24, 4000, 4000), (8, 20, 5, 24, 5, 5), (0, 6, 7, 7, 30, 12)
_DRAWS = 4000


def _predicted(x1: int, n1: int, x2: int, n2: int, m1: int, m2: int, draws: int, rng: np.random.Generator) -> Any:
    rates = rng.beta(1 + x1, 1 + n1 - x1, draws), rng.beta(1 + x2, 1 + n2 - x2, draws)
    return rng.binomial(m1, rates[0]) / m1 - rng.binomial(m2, rates[1]) / m2


def _drawn(function: Any, case: tuple[int, ...], draws: int = _DRAWS) -> Any:
    return np.asarray(call(function, *case, draws, np.random.default_rng(8)), dtype=float)


def _predicts(function: Any) -> list[str]:
    for case in (_LARGE, _SMALL, _OTHER):
        found, right = _drawn(function, case), _drawn(_predicted, case)
        if found.shape != right.shape:
            return [f"Asked for {_DRAWS} draws it gives something of shape {found.shape}: one difference a draw."]
        if abs(found.mean() - right.mean()) > right.std() / 10 or abs(found.std() / right.std() - 1) > 0.06:
            said = [f"mean {drawn.mean():.3f} and standard deviation {drawn.std():.3f}" for drawn in (found, right)]
            return [f"Called with {case}, its differences have {said[0]}; right is {said[1]}, but for chance."]
    return [] if np.array_equal(_drawn(function, _SMALL, 9), _drawn(function, _SMALL, 9)) else ["Draw from rng alone."]


def _spreads(case: tuple[int, ...], *, like: tuple[int, ...]) -> Any:
    """Whether the differences that a function draws spread as right ones do for other numbers of patients."""
    return lambda given: abs(_drawn(given, case).std() / _drawn(_predicted, like).std() - 1) < 0.06


def _pooled(estimates: Any, errors: Any) -> tuple[float, float]:
    weights = 1 / np.square(errors)
    return float(np.average(estimates, weights=weights)), float(weights.sum() ** -0.5)


#: Estimates of two or more trials and their standard errors.
_TRIALS = [(np.array([1.0, 0.4]), np.array([0.5, 0.25])), (np.array([0.3, -0.2, 0.1]), np.array([0.1, 0.2, 0.4]))]


def _weighs(*, power: int) -> Any:
    estimates, errors = _TRIALS[0]
    return lambda given: abs(call(given, *_TRIALS[0])[0] - np.average(estimates, weights=errors**power)) < 1e-9


EXERCISES = read_exercises(
    "stop8",
    predicted=lambda: _predicted,
    predicted_remarks=_predicts,
    rates_as_known=_spreads(_LARGE, like=(8 * 10**6, 20 * 10**6, 5 * 10**6, 24 * 10**6, 4000, 4000)),
    no_new_patients=_spreads(_SMALL, like=_LARGE),
    old_sizes=_spreads(_LARGE, like=(*_LARGE[:4], 20, 24)),
    pooled=lambda: _pooled,
    pooled_remarks=lambda given: differences(given, _pooled, _TRIALS, 1e-9),
    plain_mean=_weighs(power=0),
    not_squared=_weighs(power=-1),
    wrong_way=_weighs(power=2),
    variance=lambda given: abs(call(given, *_TRIALS[0])[1] - _pooled(*_TRIALS[0])[1] ** 2) < 1e-9,
    panel=lambda: conclusion.PANEL_EXAMPLE,
    panel_remarks=conclusion.panel_remarks,
)
