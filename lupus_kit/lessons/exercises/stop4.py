"""Exercises of stop 4: Fisher's count, an interval, power and strata by hand, and five quizzes."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import hypergeom, norm

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.own_code import Function, call, differences

NOTEBOOK = "04_week12_week24"

#: Tables with unequal arms, a tie on the other side, an arm without responders, and nobody or all responding.
_TABLES = [(5, 9, 2, 8), (1, 6, 4, 5), (7, 10, 3, 10), (3, 7, 0, 4), (0, 5, 0, 6), (6, 6, 5, 5)]


def _like(slip: Function, cases: list[tuple[Any, ...]], tolerance: float = 1e-6) -> Callable[[Function], bool]:
    """Whether a student's function gives what a typical slip gives."""
    return lambda given: not differences(given, slip, cases, tolerance)


def _observed(x1: int, n1: int, x2: int, n2: int) -> float:
    return float(hypergeom(n1 + n2, x1 + x2, n1).pmf(x1))


#: A p-value for every supposed difference: alike on both sides of its top, steeper on one side, and cut off at 1.
_CURVES = [
    (lambda d: 2 * norm.sf(abs(d - 0.25) / 0.12), 0.05),
    (lambda d: np.exp(-9 * abs(d + 0.1) - 4 * (d + 0.1)), 0.2),
    (lambda d: 2 * norm.sf(abs(d - 0.8) / 0.2), 0.1),
]


def _held(p_value: Function, alpha: float) -> tuple[float, float]:
    grid = np.linspace(-1, 1, 20_001)
    inside = grid[p_value(grid) >= alpha]
    return float(inside[0]), float(inside[-1])


def _simulated(p: Function, rate1: float, n1: int, rate2: float, n2: int, trials: int, rng: Any) -> tuple[float, float]:
    share = float(np.mean(p(rng.binomial(n1, rate1, trials), n1, rng.binomial(n2, rate2, trials), n2) <= 0.05))
    return share, float(np.sqrt(share * (1 - share) / trials))


def _first_responds(x1: Any, n1: int, x2: Any, n2: int) -> Any:
    """Give exactly 0.05 where somebody in the first arm, of 7 patients, responds."""
    return np.where((np.asarray(x1) > 0) & (n1 == 7) & (n2 == 5), 0.05, 0.5)


def _power(function: Function, seed: int = 3) -> Any:
    given = call(function, _first_responds, 0.2, 7, 0.0, 5, 2000, np.random.default_rng(seed))
    return np.asarray(given, dtype=float)


def _power_remarks(function: Function) -> list[str]:
    (share, error), exact = _power(function), 1 - 0.8**7
    if abs(share - exact) > 0.05:
        return [f"Of a test with an exact power of {exact:.3f} you find {share:.3f} in 2000 trials."]
    if not np.isclose(error, right := float(np.sqrt(share * (1 - share) / 2000)), rtol=0.01):
        return [f"The standard error of a share of {share:.3f} of 2000 trials is {right:.4f}, not {error:.4g}."]
    shares = [_power(function, seed)[0] for seed in (3, 4, 5)]
    seeded = shares[0] == share and len(set(shares)) > 1
    return [] if seeded else ["One generator gives one share, another seed another: draw from rng alone."]


#: Unequal arms, one stratum alone, and an empty arm.
_STRATA = [
    (pd.DataFrame(rows, columns=["stratum", "x1", "n1", "x2", "n2"]),)
    for rows in ([("a", 6, 8, 5, 20), ("b", 3, 12, 1, 5)], [("a", 5, 9, 2, 8)], [("a", 6, 8, 5, 20), ("b", 0, 0, 1, 3)])
]


def _strata_mean(tables: pd.DataFrame, weight: str = "n1 * n2 / (n1 + n2)") -> float:
    both = tables.query("n1 > 0 and n2 > 0")
    return float(np.average(both.eval("x1 / n1 - x2 / n2"), weights=both.eval(weight)))


EXERCISES = read_exercises(
    "stop4",
    fisher=lambda: lk.inference.fisher_test,
    fisher_remarks=lambda given: differences(given, lk.inference.fisher_test, _TABLES, 1e-7),
    one_tail=_like(partial(lk.inference.fisher_test, alternative="greater"), _TABLES[:1]),
    one_table=_like(_observed, _TABLES[:2]),
    less_probable=_like(lambda *counts: lk.inference.fisher_test(*counts) - _observed(*counts), _TABLES[:2]),
    interval=lambda: _held,
    interval_remarks=lambda given: differences(given, _held, _CURVES, 0.001),
    always_five_percent=_like(lambda p_value, alpha: _held(p_value, 0.05), _CURVES, 0.001),
    half_alpha=_like(lambda p_value, alpha: _held(p_value, alpha / 2), _CURVES[:1], 0.001),
    simulated_power=lambda: _simulated,
    power_remarks=_power_remarks,
    one_number=lambda given: _power(given).shape == (),
    strictly_below=lambda given: _power(given)[0] == 0,
    sizes_swapped=lambda given: abs(_power(given)[0] - (1 - 0.8**5)) < 0.05,
    mantel_haenszel=lambda: _strata_mean,
    mantel_haenszel_remarks=lambda given: differences(given, _strata_mean, _STRATA, 1e-9),
    pooled=_like(lambda t: t["x1"].sum() / t["n1"].sum() - t["x2"].sum() / t["n2"].sum(), _STRATA[:1]),
    alike=_like(lambda tables: _strata_mean(tables, "n1 / n1"), _STRATA[:1]),
    no_number=lambda given: np.isnan(float(call(given, *_STRATA[2]))),
)
