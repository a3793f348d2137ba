"""Own-code exercises of stop 3: a right answer, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lupus_kit import lessons
from lupus_kit.lessons.catalogue import find


def _clauses(sledai, pga, new_a, new_b, *, enough=lambda fall: fall >= 4, digits=2, allowed=1):
    return [
        None if any(map(math.isnan, sledai)) else enough(sledai[0] - sledai[1]),
        None if any(map(math.isnan, pga)) else round(pga[1] - pga[0], digits) < 0.3,
        new_a == 0 and new_b <= allowed,
    ]


def _three_valued(**changed):
    def sri4(*patient):
        clauses = _clauses(*patient, **changed)
        return False if False in clauses else None if None in clauses else True

    return sri4


def _by_cases(sledai, pga, new_a, new_b):
    rise = 0 if math.isnan(pga[1]) else round(100 * (pga[1] - pga[0]))
    if new_a or new_b > 1 or sledai[0] - sledai[1] < 4 or rise >= 30:
        return False
    return None if np.isnan([*sledai, *pga]).any() else np.bool_(True)


def _hidden(*patient):
    clauses = _clauses(*patient)
    return None if None in clauses else all(clauses)


def _by_loop(answers, missing):
    known = [one for one in answers if one == one]
    return sum(known) / (len(known) if missing == "observed" else len(answers))


RIGHT = [
    ("03.1", _three_valued()),
    ("03.1", _by_cases),
    ("03.3", _by_loop),
    (
        "03.3",
        lambda answers, missing: np.nanmean(answers) if missing == "observed" else np.nansum(answers) / len(answers),
    ),
]
WRONG = [
    ("03.1", _three_valued(enough=lambda fall: fall > 4), "at least 4 points"),
    ("03.1", _three_valued(digits=17), "round it"),
    ("03.1", _three_valued(allowed=0), "One new B is forgiven"),
    ("03.1", lambda *patient: all(_clauses(*patient)), "A comparison with a missing number is False"),
    ("03.1", lambda *patient: False not in _clauses(*patient), "has not risen"),
    ("03.1", _hidden, "one failed clause decides"),
    ("03.1", lambda *patient: any(_clauses(*patient)), "it gives True; right is False"),
    ("03.1", lambda sledai, pga, new_a, new_b: sledai - 4, "stopped with TypeError"),
    ("03.3", lambda answers, missing: np.nanmean(answers), "leave the missing patients out"),
    ("03.3", lambda answers, missing: np.nansum(answers) / len(answers), "divide by all patients"),
    ("03.3", lambda answers, missing: np.mean(np.nan_to_num(answers, nan=1)), "as a responder"),
    ("03.3", lambda answers, missing: 100 * _by_loop(answers, missing), "it gives 33.333; right is 0.33333"),
    ("03.3", lambda answers, missing: answers.mean(), "stopped with AttributeError"),
]  # fmt: skip


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
    hints = [slip.hint for number in (1, 3) for slip in find(f"03.{number}").misconceptions if slip.when]
    assert [hint for hint in hints if hint not in said] == []
