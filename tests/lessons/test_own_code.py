"""A student's own function: tried on other data, stopped when it hangs, and its errors explained."""

from __future__ import annotations

import time

import pytest

from lupus_kit.lessons import own_code
from lupus_kit.lessons.checking import judge
from lupus_kit.lessons.exercises.exercise import Exercise, Misconception


def _difference(x1, n1, x2, n2):
    return x1 / n1 - x2 / n2


def _exercise() -> Exercise:
    cases = [(5, 10, 2, 10), (0, 7, 3, 9)]
    swapped = Misconception(
        "That is placebo minus the drug.", when=lambda given: own_code.call(given, 5, 10, 2, 10) == pytest.approx(-0.3)
    )
    return Exercise(
        key="09.1",
        aim="Write a difference.",
        task="compute",
        kind="function",
        answer=lambda: _difference,
        misconceptions=(swapped,),
        remarks=lambda given: own_code.differences(given, _difference, cases),
    )


def _raises(x1, n1, x2, n2):
    return x1 / (n1 - n1)


def _hangs(x1, n1, x2, n2):
    while True:
        pass


def _empty(x1, n1, x2, n2):
    """Say what it will do."""


@pytest.mark.parametrize(
    ("given", "passed", "words"),
    [
        (_difference, True, ""),
        (lambda *counts: round(_difference(*counts), 12), True, ""),
        (lambda x1, n1, x2, n2: x2 / n2 - x1 / n1, False, "placebo minus the drug"),
        (lambda x1, n1, x2, n2: x1 - x2, False, "Called with (5, 10, 2, 10) it gives 3; right is 0.3."),
        (_raises, False, "stopped with ZeroDivisionError: division by zero in the line `return x1 / (n1 - n1)`"),
        (lambda x: x, False, "stopped with TypeError"),
        (lambda *counts: print(counts), False, "it gives None"),
        (lambda *counts: "0.3", False, "right is"),
        (_difference(5, 10, 2, 10), False, "Give the function itself"),
        (_empty, None, "three dots"),
        (..., None, "three dots"),
    ],
)
def test_a_function_is_judged_by_what_it_does(given, passed, words):
    result = judge(_exercise(), given)
    assert (result.passed, words in result.message) == (passed, True), result.message


def test_a_function_that_hangs_is_stopped():
    start = time.perf_counter()
    with pytest.raises(own_code.UnusableError, match="took more than"), own_code.time_limit(0.05):
        _hangs(1, 1, 1, 1)
    assert time.perf_counter() - start < 30


def test_what_a_function_gets_is_a_copy_and_what_it_prints_is_not_shown(capsys):
    given = [1, 2]

    def careless(numbers):
        print("here")
        numbers.clear()
        return 0

    assert own_code.differences(careless, len, [(given,)])[0].startswith("Called with ([1, 2]) it gives 0")
    assert given == [1, 2]
    assert capsys.readouterr().out == ""


def test_a_tuple_is_compared_value_by_value():
    def pair(x):
        return (x, 2 * x)

    assert own_code.differences(lambda x: [x, x + x], pair, [(3,)]) == []
    assert "right is (3, 6)" in own_code.differences(lambda x: (x, x), pair, [(3,)])[0]
    assert own_code.differences(lambda x: x, pair, [(3,)])[0].startswith("Called with (3) it gives 3")


@pytest.mark.parametrize("given", ["Likelihood ratio", "likelihood_ratio", "LIKELIHOOD-RATIO", "Likelihood ratio (G)"])
def test_a_test_may_be_called_by_its_label(given):
    names = Exercise(key="09.2", aim="Name it.", task="judge", kind="names", answer=lambda: {"likelihood_ratio"})
    assert judge(names, [given]).passed


@pytest.mark.parametrize(("given", "near"), [(140, False), (51, False), (50.4, True), (0.0267, False)])
def test_very_near_needs_the_same_leading_digits(given, near):
    right = 0.0504 if given < 1 else 50.2
    asked = Exercise(key="09.4", aim="Compute it.", task="compute", answer=lambda: right, tolerance=right / 500)
    assert judge(asked, given).passed is False
    assert ("Very near" in judge(asked, given).message) is near
