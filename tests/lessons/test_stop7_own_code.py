"""Own-code exercises of stop 7: right answers, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

import numpy as np
import pytest

from lupus_kit import design, inference, lessons, simulation
from lupus_kit.lessons.catalogue import find


def _by_loop(power, target):
    answer = None
    for n, value in reversed(list(power.items())):
        if value < target:
            break
        answer = n
    return answer


def _first(power, target):
    return power.index[np.argmax(power >= target)] if (power >= target).any() else None


def _any(z, limits):
    return np.mean([any(abs(value) >= limit for value, limit in zip(row, limits, strict=True)) for row in z])


RIGHT = [
    ("07.1", _by_loop),
    ("07.1", lambda power, target: next((n for n in power.index if (power[power.index >= n] >= target).all()), None)),
    ("07.3", _any),
    ("07.3", lambda z, limits: 1 - (abs(z) < limits).all(axis=1).mean()),
]
WRONG = [
    ("07.1", _first, "falls below it again"),
    ("07.1", lambda power, target: 2 * _by_loop(power, target), "both arms together"),
    ("07.1", lambda power, target: list(power.index).index(_by_loop(power, target)), "the place in the table"),
    ("07.1", lambda power, target: _by_loop(power, target + 1e-6), "Exactly the target is enough"),
    ("07.1", lambda power, target: _by_loop(power, target) or 0, "right is None"),
    ("07.1", lambda power, target: power.loc["IL-2"], "stopped with KeyError"),
    ("07.3", lambda z, limits: np.mean(abs(z[:, -1]) >= limits[-1]), "last look alone"),
    ("07.3", lambda z, limits: (z >= limits).any(axis=1).mean(), "found to harm"),
    ("07.3", lambda z, limits: (abs(z) >= limits).mean(), "You count crossings"),
    ("07.3", lambda z, limits: 100 * _any(z, limits), "in percent"),
    ("07.3", lambda z, limits: (abs(z) > limits).any(axis=1).mean(), "Called with"),
    ("07.3", lambda z, limits: (abs(z) >= limits[0]).any(axis=1).mean(), "Called with"),
    ("07.3", lambda z: 0.0, "stopped with TypeError"),
]


@pytest.mark.parametrize(("key", "given"), RIGHT)
def test_a_right_function_passes(key, given):
    result = lessons.check(key, given)
    assert result.passed is True, result.message


@pytest.mark.parametrize(("key", "given", "words"), WRONG)
def test_a_slip_gets_its_hint(key, given, words):
    result = lessons.check(key, given)
    assert result.passed is False
    assert words in result.message, result.message


def test_every_slip_is_tried():
    said = {lessons.check(key, given).message for key, given, _ in WRONG}
    hints = [slip.hint for key in ("07.1", "07.3") for slip in find(key).misconceptions]
    assert [hint for hint in hints if hint not in said] == []


def test_the_reference_finds_the_size_that_the_kit_finds():
    import pandas as pd

    exact = pd.Series({n: float(inference.power("boschloo", 0.55, 0.30, n, n)) for n in range(50, 80)})
    assert find("07.1").answer()(exact, 0.8) == inference.sample_size("boschloo", 0.55, 0.30, power=0.8).n1


def test_the_reference_counts_what_the_boundaries_spend():
    rng = np.random.default_rng(1)
    times = np.arange(1, 4)
    z = rng.normal(size=(40_000, 3)).cumsum(axis=1) / np.sqrt(times)
    limits = simulation.group_sequential(tuple(times / 3), 0.05, "pocock").critical
    assert find("07.3").answer()(z, limits) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 40_000))


def test_the_overrun_is_that_of_a_planned_look():
    plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0)), recruitment=simulation.Recruitment(10))
    rates = simulation.ResponseRates((0.45, 0.30), (0.52, 0.37))
    table = simulation.planned_looks(simulation.with_patients(design.he2020(), 100), rates, plan).table
    assert lessons.check("07.4", table["randomised"][0] - 100).passed is True
