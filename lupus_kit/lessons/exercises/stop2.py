"""Exercises of stop 2: summarise an arm, hold patients against what can be, and two quizzes."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from lupus_kit.lessons.answers import UnusableError
from lupus_kit.lessons.data import data
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.own_code import Function, call

NOTEBOOK = "02_synthetic_cohort"

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


def _impossible() -> list[str]:
    six = pd.read_csv(data("six_patients.csv"))
    bmi = six["weight_kg"] / (six["height_cm"] / 100) ** 2
    broken = (six["months_ill"] > 12 * six["age"]) | (bmi < 12) | (bmi > 60)
    return list(six.loc[broken | ((six["temperature"] > 38) != six["fever"]), "patient"])


EXERCISES = read_exercises(
    "stop2",
    mean_and_sd=lambda: _mean_and_sd,
    summary_remarks=_summary_remarks,
    all_visits=_like(lambda _: _VISITS.groupby("arm")["sledai"].agg(["mean", "std"])),
    divided_by_n=_like(lambda rows: rows.groupby("arm")["sledai"].agg(["mean", lambda values: values.std(ddof=0)])),
    the_median=_like(lambda rows: rows.groupby("arm")["sledai"].agg(["median", "std"])),
    impossible=_impossible,
)
