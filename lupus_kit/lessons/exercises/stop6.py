"""Exercises of stop 6: a small subgroup, no event among few patients, pairs, and a change from baseline."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.record import printed, table
from lupus_kit.lessons.own_code import call, differences

NOTEBOOK = "06_nephritis_safety_immune"
Function = Callable[..., Any]

_NEPHRITIS = "ln_complete_remission"


def _fitting(*alternatives: str) -> int:
    """Count the analyses of the nephritis table that print as reported."""
    found = lk.audit.explain(printed(_NEPHRITIS), *table(_NEPHRITIS), alternatives=alternatives)
    return int(found["rounds_to_reported"].sum())


def _limit(n: int) -> float:
    return 100 * lk.inference.upper_limit(0, n)


def _explore(show: Function) -> Any:
    from ipywidgets import IntSlider, interactive

    return interactive(show, n=IntSlider(value=29, min=10, max=300, description="patients"))


def _slider(function: Function, show: Function = lambda n: None, move_to: int | None = None) -> Any:
    """Find the slider in what a student's function gives back, and move it."""
    given = call(function, show)
    parts = getattr(getattr(given, "widget", given), "children", ())
    slider = next((one for one in parts if hasattr(one, "max")), None)
    if slider is not None and move_to is not None:
        call(setattr, slider, "value", move_to)
    return slider


def _moves(function: Function) -> list[str]:
    shown: list[int] = []
    slider = _slider(function)
    if slider is None:
        return ["It gives back no slider: return what interactive(show, n=...) gives."]
    if (slider.min, slider.max, slider.value) != (10, 300, 29):
        return [
            f"The slider runs from {slider.min} to {slider.max} and starts at {slider.value}: asked is 10, 300 and 29."
        ]
    _slider(function, lambda n: shown.append(n), 120)
    return [] if shown[-1:] == [120] else ["The slider moves, but show is not called with the new number of patients."]


def _mcnemar(before: pd.Series, after: pd.Series) -> float:
    from scipy.stats import binom

    lost, got = int((before & ~after).sum()), int((~before & after).sum())
    return min(1.0, 2 * float(binom.cdf(min(lost, got), lost + got, 0.5)))


def _pairs(both: int, lost: int, got: int, neither: int) -> tuple[pd.Series, pd.Series]:
    """Make two columns of True and False, one patient a row."""
    of_each = [both, lost, got, neither]
    return pd.Series(np.repeat([True, True, False, False], of_each)), pd.Series(
        np.repeat([True, False, True, False], of_each)
    )


#: Nobody changes; as many in each direction; more of one, and more of the other.
_UNCHANGED, _EVEN, _LOST = _pairs(3, 0, 0, 5), _pairs(1, 3, 3, 2), _pairs(1, 7, 1, 6)
_PAIRED = [_LOST, _pairs(4, 1, 9, 3), _EVEN, _pairs(0, 4, 0, 25), _UNCHANGED]


def _as_two_groups(before: pd.Series, after: pd.Series) -> float:
    return float(lk.inference.pvalue("fisher", int(before.sum()), len(before), int(after.sum()), len(after)))


def _treatment_effect(patients: pd.DataFrame) -> tuple[float, int]:
    wide = patients.pivot(index=["patient", "arm"], columns="week", values="sledai")
    change = (wide[12] - wide[0]).dropna()
    mean = change.groupby("arm").mean()
    return float(mean["IL-2"] - mean["placebo"]), len(change)


def _visits(**sledai: tuple[float, ...]) -> pd.DataFrame:
    """Make a table of visits at weeks 0, 12 and 24; patients whose name begins with i are on IL-2."""
    rows = [
        (name, "IL-2" if name[0] == "i" else "placebo", week, value)
        for name, values in sledai.items()
        for week, value in zip((0, 12, 24), values, strict=False)
    ]
    return pd.DataFrame(rows, columns=["patient", "arm", "week", "sledai"])


#: Everybody is seen; one leaves early, and one has no value at week 12.
_ALL_SEEN = _visits(p1=(9, 8, 1), i1=(14, 5, 3), i2=(10, 7, 7), p2=(12, 11, 2), p3=(8, 4, 4))
_SOME_MISSING = _visits(i1=(20,), i2=(10, 7, 7), i3=(9, 8, 6), p1=(12, np.nan, 3), p2=(11, 9, 9), p3=(16, 9, 4))


def _means(patients: pd.DataFrame, weeks: tuple[int, ...]) -> float:
    """Add up the differences of the mean SLEDAI of all who were seen, with the sign of each week."""
    mean = patients.groupby(["week", "arm"])["sledai"].mean()
    return sum((1 if week else -1) * float(mean[week, "IL-2"] - mean[week, "placebo"]) for week in weeks)


def _effect_is(wrong: Callable[[pd.DataFrame], float], patients: pd.DataFrame) -> Callable[[Function], bool]:
    return lambda function: abs(float(call(function, patients.copy())[0]) - wrong(patients)) < 1e-9


EXERCISES = read_exercises(
    "stop6",
    how_many_print=lambda: {0: "none", 1: "one"}.get(_fitting("two-sided"), "several"),
    explore=lambda: _explore,
    explore_remarks=_moves,
    from_nobody=lambda given: _slider(given).min < 1,
    no_label=lambda given: "patients" not in _slider(given).description,
    published_arm=lambda: table("serious_infection")[1],
    limit_of_published_arm=lambda: _limit(table("serious_infection")[1]),
    mcnemar=lambda: _mcnemar,
    mcnemar_remarks=lambda given: differences(given, _mcnemar, _PAIRED, 1e-9),
    as_two_groups=lambda given: abs(call(given, *_LOST) - _as_two_groups(*_LOST)) < 1e-9,
    one_sided=lambda given: abs(call(given, *_LOST) - _mcnemar(*_LOST) / 2) < 1e-9,
    above_one=lambda given: call(given, *_EVEN) > 1,
    no_number=lambda given: np.isnan(call(given, *_UNCHANGED)),
    treatment_effect=lambda: _treatment_effect,
    effect_remarks=lambda given: differences(given, _treatment_effect, [(_ALL_SEEN,), (_SOME_MISSING,)], 1e-9),
    other_sign=_effect_is(lambda patients: -_treatment_effect(patients)[0], _ALL_SEEN),
    week12_only=_effect_is(lambda patients: _means(patients, (12,)), _ALL_SEEN),
    of_all_seen=_effect_is(lambda patients: _means(patients, (0, 12)), _SOME_MISSING),
    counts_all=lambda given: call(given, _SOME_MISSING.copy())[1] == 6,
)
