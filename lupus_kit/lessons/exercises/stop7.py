"""Exercises of stop 7: the size that a difference needs, looks, overrun, and what may be changed after the data."""

from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.own_code import call, differences

NOTEBOOK = "07_a_better_trial"

#: Power that goes up and down as the arms grow: reached, lost, kept, and reached exactly.
_UP_AND_DOWN = pd.Series([0.78, 0.81, 0.79, 0.8, 0.83], index=[80, 82, 84, 86, 88])
_POWERS = [(_UP_AND_DOWN, 0.8), (_UP_AND_DOWN, 0.78), (_UP_AND_DOWN, 0.9), (_UP_AND_DOWN.iloc[3:], 0.7)]
#: Statistics of seven trials at three looks: over a limit late, early, below (two), at each, exactly on one, and never.
_Z = np.array([[0, 1, 2.1], [3, 1, 0.5], [-3, 0, 0], [-3, 0, 1], [3, 2.6, 2.2], [0, -2.5, 1], [1.5, 1.9, -1.9]])
_LIMITS = [(_Z, np.array(limits)) for limits in ([2.9, 2.5, 2], [2, 2, 2], [9, 9, 9])]
#: Patients with an outcome at the look, patients a month, and weeks until an outcome is known.
_AT_LOOK, _A_MONTH, _WEEKS = 100, 10, 12


def _patients_needed(power: "pd.Series[float]", target: float) -> int | None:
    short = np.flatnonzero(power.to_numpy() < target)
    kept = power.index[short[-1] + 1 if len(short) else 0 :]
    return int(kept[0]) if len(kept) else None


def _ever_crosses(z: Any, limits: Any) -> float:
    return float((np.abs(z) >= limits).any(axis=1).mean())


def _share_is(share: float) -> Any:
    return lambda given: abs(float(call(given, *_LIMITS[0])) - share) < 1e-9


def _overrun() -> int:
    return round(_A_MONTH * _WEEKS / (365.25 / 12 / 7))


EXERCISES = read_exercises(
    "stop7",
    patients_needed=lambda: _patients_needed,
    patients_needed_remarks=lambda given: differences(given, _patients_needed, _POWERS),
    first_that_reaches=lambda given: call(given, *_POWERS[0]) == 82,
    both_arms=lambda given: call(given, *_POWERS[0]) == 2 * 86,
    place=lambda given: call(given, *_POWERS[0]) == 3,
    more_than_the_target=lambda given: call(given, *_POWERS[0]) == 88,
    ever_crosses=lambda: _ever_crosses,
    ever_crosses_remarks=lambda given: differences(given, _ever_crosses, _LIMITS, 1e-9),
    last_look=_share_is(2 / 7),
    one_direction=_share_is(3 / 7),
    every_crossing=_share_is(8 / 21),
    in_percent=_share_is(100 * 6 / 7),
    overrun=_overrun,
    all_randomised=lambda: _AT_LOOK + _overrun(),
    weeks_as_months=lambda: _A_MONTH * _WEEKS,
    at_the_look=lambda: _AT_LOOK,
    one_month=lambda: _A_MONTH,
)
