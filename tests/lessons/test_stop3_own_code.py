"""Own-code exercises of stop 3: a right answer, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from lupus_kit import lessons
from lupus_kit.lessons.catalogue import find


def _clauses(sledai, pga, new_a, new_b, *, enough=lambda fall: fall >= 4, digits=2, allowed=1):
    missing_sledai, missing_pga = any(map(math.isnan, sledai)), any(map(math.isnan, pga))
    return [
        None if missing_sledai else enough(sledai[0] - sledai[1]),
        None if missing_pga else round(pga[1] - pga[0], digits) < 0.3,
        new_a == 0 and new_b <= allowed,
    ]


def _three_valued(**changed):
    def sri4(*patient):
        clauses = _clauses(*patient, **changed)
        return False if False in clauses else None if None in clauses else True

    return sri4


def _sri4_by_cases(sledai, pga, new_a, new_b):
    if (
        new_a
        or new_b > 1
        or sledai[0] - sledai[1] < 4
        or int(round(100 * (pga[1] - pga[0]), 6) if pga[1] == pga[1] else 0) >= 30
    ):
        return False
    return None if np.isnan([*sledai, *pga]).any() else np.bool_(True)


def _as_no(*patient):
    return all(_clauses(*patient))


def _as_yes(*patient):
    return False not in _clauses(*patient)


def _hidden(*patient):
    clauses = _clauses(*patient)
    return None if None in clauses else all(clauses)


def _by_loop(answers, missing):
    known = [one for one in answers if one is not pd.NA]
    return sum(known) / (len(known) if missing == "observed" else len(answers))


def _observed_kappa(table):
    (a, b), (c, d) = np.asarray(table).tolist()
    n = a + b + c + d
    chance = ((a + b) * (a + c) + (c + d) * (b + d)) / n**2
    return ((a + d) / n - chance) / (1 - chance)


RIGHT = [
    ("03.2", _three_valued()),
    ("03.2", _sri4_by_cases),
    ("03.3", _by_loop),
    ("03.3", lambda answers, missing: (answers if missing == "observed" else answers.fillna(False)).mean()),
    ("03.5", _observed_kappa),
]
WRONG = [
    ("03.2", _three_valued(enough=lambda fall: fall > 4), "at least 4 points"),
    ("03.2", _three_valued(digits=17), "round it"),
    ("03.2", _three_valued(allowed=0), "One new B is forgiven"),
    ("03.2", _as_no, "A comparison with a missing number is False"),
    ("03.2", _as_yes, "has not risen"),
    ("03.2", lambda sledai, pga, *new: True if np.isnan(pga).any() else _three_valued()(sledai, pga, *new), "has not risen"),
    ("03.2", _hidden, "one failed clause decides"),
    ("03.2", lambda *patient: None if None in _clauses(*patient) else any(_clauses(*patient)), "it gives True; right is False"),
    ("03.2", lambda sledai, pga, new_a, new_b: sledai - 4, "stopped with TypeError"),
    ("03.3", lambda answers, missing: answers.mean(), "leave the missing patients out"),
    ("03.3", lambda answers, missing: answers.sum() / len(answers), "divide by all patients"),
    ("03.3", lambda answers, missing: (answers if missing == "observed" else answers.fillna(True)).mean(), "as a responder"),
    ("03.3", lambda answers, missing: 100 * _by_loop(answers, missing), "it gives 33.33"),
    ("03.3", lambda answers, missing: answers.rate, "stopped with AttributeError"),
    ("03.5", lambda table: np.trace(table) / table.sum(), "the rules agree"),
    ("03.5", lambda table: 2 * np.trace(table) / table.sum() - 1, "like two coins"),
    ("03.5", lambda table: _observed_kappa(table[::-1]), "right is"),
    ("03.5", lambda table: np.nan_to_num(_observed_kappa(table)) if (table > 0).sum() > 1 else 1.0, "undefined"),
    ("03.5", lambda table: table["yes"], "stopped with IndexError"),
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
    hints = [slip.hint for number in (2, 3, 5) for slip in find(f"03.{number}").misconceptions if slip.when]
    assert [hint for hint in hints if hint not in said] == []
