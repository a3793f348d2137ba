"""Exercises of stop 2: read the cohort, know what chance does, and what a simulation cannot show."""

from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.invented import trial
from lupus_kit.lessons.exercises.record import table

NOTEBOOK = "02_synthetic_cohort"

_PER_ARM = 30


def _sledai(arm: str, week: int, how: str = "median") -> float:
    visits = trial().visits
    rows = (visits["week"] == week) & (visits["arm"] == arm)
    return float(visits.loc[rows, "sledai"].agg(how))


def _spread(n: int) -> float:
    """Compute the standard deviation of the difference at the published rates, with n patients an arm."""
    x1, n1, x2, n2 = table("sri4_week12")
    p, q = x1 / n1, x2 / n2
    return float(((p * (1 - p) + q * (1 - q)) / n) ** 0.5)


def _patients_for_half() -> int:
    """Find the fewest patients an arm with at most half the spread."""
    n = _PER_ARM
    while _spread(n) > _spread(_PER_ARM) / 2 + 1e-12:
        n += 1
    return n


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
    il2_week_24=lambda: _sledai("IL-2", 24),
    placebo_week_24=lambda: _sledai("placebo", 24),
    il2_week_12=lambda: _sledai("IL-2", 12),
    il2_baseline=lambda: _sledai("IL-2", 0),
    il2_mean_week_24=lambda: _sledai("IL-2", 24, "mean"),
    needed=_patients_for_half,
    needed_in_both_arms=lambda: 2 * _patients_for_half(),
    root_of_two=lambda: _PER_ARM * 2**0.5,
    spread=lambda: 100 * _spread(_PER_ARM),
    half_the_spread=lambda: 100 * _spread(_patients_for_half()),
    what_changes=_what_changes,
)
