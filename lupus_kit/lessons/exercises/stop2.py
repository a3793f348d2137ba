"""Exercises of stop 2: summarise an arm, hold one patient against what can be, and what a simulation cannot show."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.lessons.answers import UnusableError
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.invented import trial
from lupus_kit.lessons.own_code import call

NOTEBOOK = "02_synthetic_cohort"
Function = Callable[..., Any]

#: Visits that the notebook does not show: with an empty cell.
_VISITS = pd.DataFrame(
    {
        "arm": ["IL-2"] * 6 + ["placebo"] * 7,
        "week": [0, 0, 0, 8, 8, 8, 0, 0, 0, 8, 8, 8, 8],
        "sledai": [8, 12, 19, 4, 6, 11, 10, 11, 18, 9, np.nan, 10, 16],
    }
)


def _mean_and_sd(visits: pd.DataFrame, column: str, week: float) -> pd.DataFrame:
    return visits[visits["week"] == week].groupby("arm")[column].agg(["mean", "std"])


def _four(function: Function, week: int) -> list[float]:
    """Mean and standard deviation of both arms, out of the table that a student's function returns."""
    table = call(function, _VISITS.copy(), "sledai", week)
    try:
        return [float(table.loc[arm].iloc[place]) for arm in ("IL-2", "placebo") for place in (0, 1)]
    except (AttributeError, LookupError, TypeError, ValueError):
        raise UnusableError(
            "Return a table with a row for each arm and two columns: first the mean, then the standard deviation."
        ) from None


def _summary_remarks(function: Function) -> list[str]:
    for week in (0, 8):
        given, right = _four(function, week), _four(_mean_and_sd, week)
        if not np.allclose(given, right):
            return [
                f"At week {week} of a table with 13 rows it gives {np.round(given, 2)}; right is {np.round(right, 2)}."
            ]
    return []


def _like(wrong: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Function], bool]:
    """Whether a student's function gives what a typical slip gives at week 8."""
    return lambda function: np.allclose(_four(function, 8), _four(lambda visits, *_: wrong(visits), 8))


#: One patient that can be, and what is changed for each case.
_PATIENT = {
    "age_years": 30.0, "disease_duration_months": 60, "weight_kg": 55.0, "height_cm": 160.0, "temperature_c": 38.2, "fever": True,
}  # fmt: skip
_CHANGES: list[dict[str, Any]] = [
    {}, {"disease_duration_months": 361}, {"disease_duration_months": 359}, {"weight_kg": 12 * 1.6**2 - 0.1}, {"weight_kg": 155.0},
    {"fever": False}, {"temperature_c": 38.0}, {"temperature_c": 38.0, "fever": False}, {"weight_kg": np.nan},
    {"temperature_c": np.nan, "disease_duration_months": 400}, {"age_years": np.nan, "weight_kg": 28.0, "fever": False},
]  # fmt: skip


def _implausible(patient: Mapping[str, Any]) -> set[str]:
    bmi = patient["weight_kg"] / (patient["height_cm"] / 100) ** 2
    measured = not pd.isna(patient["temperature_c"])
    found = {
        "duration": patient["disease_duration_months"] > 12 * patient["age_years"],
        "bmi": bmi < 12 or bmi > 60,
        "fever": measured and (patient["temperature_c"] > 38) != patient["fever"],
    }
    return {name for name, wrong in found.items() if wrong}


def _says(function: Function, **changed: Any) -> set[str]:
    given = call(function, _PATIENT | changed)
    if not isinstance(given, set | list | tuple):
        raise UnusableError("Return a list of names, an empty one for a patient of whom nothing is wrong.")
    return set(map(str, given))


def _patient_remarks(function: Function) -> list[str]:
    for changed in _CHANGES:
        given, right = sorted(_says(function, **changed)), sorted(_implausible(_PATIENT | changed))
        if given != right:
            told = ", ".join(f"{name} {value:g}" for name, value in (_PATIENT | changed).items())
            return [f"A patient with {told} gives {given}; right is {right}."]
    return []


def _what_changes() -> str:
    """Compare the same seed with and without a drug effect."""
    tuned, none = trial().visits, trial(drug_effect=0.0).visits
    entry, il2 = tuned["week"] == 0, tuned["arm"] == "IL-2"
    if not tuned[entry].equals(none[entry]):
        return "a"
    if tuned.equals(none):
        return "d"
    return "b" if tuned[~il2].equals(none[~il2]) else "c"


EXERCISES = read_exercises(
    "stop2",
    mean_and_sd=lambda: _mean_and_sd,
    summary_remarks=_summary_remarks,
    all_visits=_like(lambda visits: visits.groupby("arm")["sledai"].agg(["mean", "std"])),
    divided_by_n=_like(
        lambda visits: visits[visits["week"] == 8].groupby("arm")["sledai"].agg(["mean", lambda x: x.std(ddof=0)])
    ),
    the_median=_like(lambda visits: visits[visits["week"] == 8].groupby("arm")["sledai"].agg(["median", "std"])),
    what_changes=_what_changes,
    implausible=lambda: _implausible,
    patient_remarks=_patient_remarks,
    months_as_years=lambda given: "duration" in _says(given),
    centimetres=lambda given: "bmi" in _says(given),
    at_the_limit=lambda given: "fever" in _says(given, temperature_c=38.0, fever=False),
)
