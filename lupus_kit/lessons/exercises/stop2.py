"""Exercises of stop 2: summarise an arm, hold one patient against what can be, and what a simulation cannot show."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.lessons.answers import UnusableError
from lupus_kit.lessons.data import data
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.invented import trial
from lupus_kit.lessons.own_code import call

NOTEBOOK = "02_synthetic_cohort"
Function = Callable[..., Any]

#: Rows that the notebook does not show together, and some cells of them empty.
_VISITS = (
    pd.read_csv(data("invented_cohort.csv")).iloc[31:].assign(sledai=lambda rows: rows["sledai"].replace(2, np.nan))
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
    for week in (0, 12):
        given, right = _four(function, week), _four(_mean_and_sd, week)
        if not np.allclose(given, right):
            return [
                f"At week {week} of a table with empty cells it gives {np.round(given, 2)}; right is {np.round(right, 2)}."
            ]
    return []


def _like(wrong: Callable[[pd.DataFrame], pd.DataFrame], week: int = 12) -> Callable[[Function], bool]:
    """Whether a student's function gives what a typical slip gives."""
    right = _VISITS[_VISITS["week"] == week]
    return lambda function: np.allclose(_four(function, week), _four(lambda visits, *_: wrong(right), week))


def _implausible(
    age: float, months_ill: float, weight: float, height: float, temperature: float, fever: bool
) -> list[str]:
    bmi = weight / (height / 100) ** 2
    broken = {
        "duration": months_ill > 12 * age, "bmi": bmi < 12 or bmi > 60,
        "fever": not np.isnan(temperature) and (temperature > 38) != fever,
    }  # fmt: skip
    return [name for name, wrong in broken.items() if wrong]


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
    all_visits=_like(lambda _: _VISITS.groupby("arm")["sledai"].agg(["mean", "std"])),
    divided_by_n=_like(lambda rows: rows.groupby("arm")["sledai"].agg(["mean", lambda values: values.std(ddof=0)])),
    the_median=_like(lambda rows: rows.groupby("arm")["sledai"].agg(["median", "std"])),
    what_changes=_what_changes,
    implausible=lambda: _implausible,
)
