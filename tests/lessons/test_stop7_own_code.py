"""Stop 7: its own-code exercise with right answers, typical wrong ones and one that raises; the facts of its quizzes."""

from __future__ import annotations

import pytest
from ipywidgets import FloatSlider, IntSlider, VBox, interact, interactive

from lupus_kit import design, lessons, simulation
from lupus_kit.lessons.catalogue import find

ASKED = {"value": 100, "min": 20, "max": 260, "description": "patients"}


def _explore(make=interactive, calls=True, **slider):
    def explore(show):
        patients = IntSlider(**ASKED | slider)
        return make(show, n=patients) if calls else VBox([patients])

    return explore


RIGHT = [_explore(), _explore(interact), _explore(description="patients per arm")]
WRONG = [
    (_explore(min=0), "begin at 20"),
    (_explore(max=520, value=200), "both arms together"),
    (_explore(description="n"), "what is counted"),
    (_explore(max=100), "runs from 20 to 100"),
    (lambda show: interactive(show, n=FloatSlider(**ASKED | {"value": 155})), "starts at 155"),
    (_explore(calls=False), "show is not called"),
    (lambda show: show(29), "gives back no slider"),
    (lambda show: IntSlider(value=1, min=10, max=5), "stopped with TraitError"),
]


@pytest.mark.parametrize("given", RIGHT)
def test_a_right_function_passes(given):
    result = lessons.check("07.1", given)
    assert result.passed is True, result.message


@pytest.mark.parametrize(("given", "words"), WRONG)
def test_a_slip_gets_its_hint(given, words):
    result = lessons.check("07.1", given)
    assert result.passed is False
    assert words in result.message, result.message


def test_every_slip_is_tried():
    said = {lessons.check("07.1", given).message for given, _ in WRONG}
    assert [slip.hint for slip in find("07.1").misconceptions if slip.hint not in said] == []


def test_what_the_quizzes_say_is_so():
    plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0)), recruitment=simulation.Recruitment(10))
    rates = simulation.ResponseRates((0.45, 0.30), (0.52, 0.37))
    table = simulation.planned_looks(simulation.with_patients(design.he2020(), 100), rates, plan).table
    by_then = 100 + 10 * 12 / (365.25 / 12 / 7)
    assert table["randomised"][0] == pytest.approx(by_then, abs=1)
    assert by_then == pytest.approx(128, abs=0.5)
    last = simulation.group_sequential((0.2, 0.4, 0.6, 0.8, 1.0), 0.05, "obrien_fleming").critical[-1]
    assert last == pytest.approx(1.96, abs=0.1)
