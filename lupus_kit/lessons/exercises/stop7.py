"""Exercises of stop 7: a control for the size of a trial, what power means, looks, and what may be changed after the data."""

from typing import Any

from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.own_code import Function, call

NOTEBOOK = "07_a_better_trial"


def _explore(show: Function) -> Any:
    from ipywidgets import IntSlider, interactive

    return interactive(show, n=IntSlider(value=100, min=20, max=260, description="patients"))


def _slider(function: Function, shown: list[int]) -> Any:
    """Find the slider in what a student's function gives back; the numbers that it shows are put into the list."""
    given = call(function, lambda n: shown.append(n))
    parts = getattr(getattr(given, "widget", given), "children", ())
    return next((one for one in parts if hasattr(one, "max")), None)


def _moves(function: Function) -> list[str]:
    shown: list[int] = []
    if (slider := _slider(function, shown)) is None:
        return ["It gives back no slider: return what interactive(show, n=...) gives."]
    if (ends := (slider.min, slider.max, slider.value)) != (20, 260, 100):
        return ["The slider runs from {} to {} and starts at {}: asked is 20, 260 and 100.".format(*ends)]
    call(setattr, slider, "value", 120)
    return [] if shown[-1:] == [120] else ["The slider moves, but show is not called with the new number of patients."]


EXERCISES = read_exercises(
    "stop7",
    explore=lambda: _explore,
    explore_remarks=_moves,
    from_nobody=lambda given: _slider(given, []).min < 1,
    both_arms=lambda given: (_slider(given, []).max, _slider(given, []).value) == (520, 200),
    no_label=lambda given: "patients" not in _slider(given, []).description,
)
