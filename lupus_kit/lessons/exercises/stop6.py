"""Exercises of stop 6: a small subgroup, no event among few patients, pairs, and a change from baseline."""

from collections.abc import Callable

import numpy as np
import pandas as pd

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.own_code import Function, call, differences

NOTEBOOK = "06_nephritis_safety_immune"


def _mcnemar(before: pd.Series, after: pd.Series) -> float:
    from scipy.stats import binom

    lost, got = int((before & ~after).sum()), int((~before & after).sum())
    return min(1.0, 2 * float(binom.cdf(min(lost, got), lost + got, 0.5)))


def _pairs(both: int, lost: int, got: int, neither: int) -> tuple[pd.Series, ...]:
    """Make two columns of True and False, one patient a row."""
    columns = [True, True, False, False], [True, False, True, False]
    return tuple(pd.Series(np.repeat(column, [both, lost, got, neither])) for column in columns)


#: Nobody changes; as many in each direction; more of one (8 and 2 of 15), and more of the other.
_UNCHANGED, _EVEN, _LOST = _pairs(3, 0, 0, 5), _pairs(1, 3, 3, 2), _pairs(1, 7, 1, 6)
_PAIRED = [_LOST, _pairs(4, 1, 9, 3), _EVEN, _pairs(0, 4, 0, 25), _UNCHANGED]


def _treatment_effect(patients: pd.DataFrame) -> tuple[float, int]:
    wide = patients.pivot(index=["patient", "arm"], columns="week", values="sledai")
    change = (wide[12] - wide[0]).dropna()
    mean = change.groupby("arm").mean()
    return float(mean["IL-2"] - mean["placebo"]), len(change)


def _visits(**sledai: tuple[float, ...]) -> pd.DataFrame:
    """Make a table of visits at weeks 0, 12 and 24; patients whose name begins with i are on IL-2."""
    wide = pd.DataFrame(sledai, index=pd.Index([0, 12, 24], name="week"))
    long = wide.melt(ignore_index=False, var_name="patient", value_name="sledai").reset_index()
    return long.assign(arm=long["patient"].str[0].map({"i": "IL-2", "p": "placebo"}))


#: Everybody is seen: changes of −6 and −2, 6 and 7⅔ at week 12. One has left after baseline, one has no value at week 12:
#: changes of −2 and −4½, but means of all who were seen fall from 13 to 7½, and from 13 to 9.
_ALL_SEEN = _visits(p1=(9, 8, 1), i1=(14, 5, 3), i2=(10, 7, 7), p2=(12, 11, 2), p3=(8, 4, 4))
_SOME_MISSING = _visits(
    i1=(20, 0, 0), i2=(10, 7, 7), i3=(9, 8, 6), p1=(12, np.nan, 3), p2=(11, 9, 9), p3=(16, 9, 4)
).drop([1, 2])


def _effect_is(wrong: float, patients: pd.DataFrame) -> Callable[[Function], bool]:
    return lambda function: abs(float(call(function, patients.copy())[0]) - wrong) < 1e-9


EXERCISES = read_exercises(
    "stop6",
    mcnemar=lambda: _mcnemar,
    mcnemar_remarks=lambda given: differences(given, _mcnemar, _PAIRED, 1e-9),
    as_two_groups=lambda given: abs(call(given, *_LOST) - lk.inference.pvalue("fisher", 8, 15, 2, 15)) < 1e-9,
    one_sided=lambda given: abs(call(given, *_LOST) - _mcnemar(*_LOST) / 2) < 1e-9,
    above_one=lambda given: call(given, *_EVEN) > 1,
    no_number=lambda given: np.isnan(call(given, *_UNCHANGED)),
    treatment_effect=lambda: _treatment_effect,
    effect_remarks=lambda given: differences(given, _treatment_effect, [(_ALL_SEEN,), (_SOME_MISSING,)], 1e-9),
    other_sign=_effect_is(4, _ALL_SEEN),
    week12_only=_effect_is(6 - 23 / 3, _ALL_SEEN),
    of_all_seen=_effect_is(-1.5, _SOME_MISSING),
    counts_all=lambda given: call(given, _SOME_MISSING.copy())[1] == 6,
)
