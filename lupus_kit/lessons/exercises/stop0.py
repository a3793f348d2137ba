"""Exercises of stop 0: read what is printed, and see how much it says."""

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.record import printed

NOTEBOOK = "00_start_here"

#: The invented trials of 00.4, and the level they are tested at.
_TRIALS, _LEVEL = 1000, 0.05


def _percent(side: str) -> float:
    return float(printed("sri4_week12", f"reported_{side}").rstrip("%"))


def _table() -> tuple[int, int]:
    """Count the responders and the patients on IL-2 at week 12, the only pair the printed percentage allows."""
    largest = max(filter(None, lk.published.load("he2020").trial.n_randomised.values()))
    (only,) = lk.audit.counts_from_percent(printed("sri4_week12", "reported_a").rstrip("%"), n_max=largest)
    return only


EXERCISES = read_exercises(
    "stop0",
    printed=lambda: printed("sri4_week12", "reported_a"),
    responders=lambda: _table()[0],
    patients=lambda: _table()[1],
    percent_of_30=lambda: 30 * _percent("a") / 100,
    difference=lambda: _percent("a") - _percent("b"),
    ratio=lambda: _percent("a") / _percent("b"),
    relative_difference=lambda: 100 * (_percent("a") / _percent("b") - 1),
    false_alarms=lambda: _TRIALS * _LEVEL,
    no_alarms=lambda: _TRIALS * (1 - _LEVEL),
    fewer_than_one=lambda given: given < 1,
)
