"""Own-code exercises of stop 2: a right answer, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from lupus_kit import lessons
from lupus_kit.lessons.catalogue import find


def _at(visits, week):
    return visits[visits["week"] == week].groupby("arm")


def _by_hand(visits, column, week):
    rows = {}
    for arm, group in _at(visits, week):
        values = group[column].dropna()
        mean = sum(values) / len(values)
        rows[arm] = {"mean": mean, "sd": math.sqrt(sum((one - mean) ** 2 for one in values) / (len(values) - 1))}
    return pd.DataFrame(rows).T


def _rules(patient, *, years=12, metres=100, limit=lambda temperature: temperature > 38, unknown=math.isnan):
    broken = []
    if patient["disease_duration_months"] > years * patient["age_years"]:
        broken.append("duration")
    if not 12 <= patient["weight_kg"] / (patient["height_cm"] / metres) ** 2 <= 60 and not math.isnan(
        patient["weight_kg"]
    ):
        broken.append("bmi")
    if not unknown(patient["temperature_c"]) and limit(patient["temperature_c"]) != patient["fever"]:
        broken.append("fever")
    return broken


RIGHT = [
    ("02.1", _by_hand),
    ("02.1", lambda visits, column, week: _at(visits, week)[column].agg(["mean", "std"])),
    ("02.3", _rules),
    ("02.3", lambda patient: set(_rules(patient))),
    ("02.3", lambda patient: tuple(reversed(_rules(patient)))),
]
WRONG = [
    ("02.1", lambda visits, column, week: visits.groupby("arm")[column].agg(["mean", "std"]), "Keep the rows of the week"),
    ("02.1", lambda visits, column, week: _at(visits, week)[column].agg(["mean", lambda x: x.std(ddof=0)]), "divides by n"),
    ("02.1", lambda visits, column, week: _at(visits, week)[column].agg(["median", "std"]), "asks for the mean"),
    ("02.1", lambda visits, column, week: _at(visits.fillna(0), week)[column].agg(["mean", "std"]), "At week 8"),
    ("02.1", lambda visits, column, week: _at(visits, week)[column].mean(), "two columns"),
    ("02.1", lambda visits, column, week: [1.0, 2.0], "two columns"),
    ("02.1", lambda visits, column: visits, "stopped with TypeError"),
    ("02.3", lambda patient: _rules(patient, years=1), "bring both to the same unit"),
    ("02.3", lambda patient: _rules(patient, metres=1), "the height is in centimetres"),
    ("02.3", lambda patient: _rules(patient, limit=lambda temperature: temperature >= 38), "38.0 °C is not above"),
    ("02.3", lambda patient: _rules(patient, unknown=lambda temperature: False), "right is ['duration']"),
    ("02.3", lambda patient: _rules(patient)[:1], "right is"),
    ("02.3", lambda patient: bool(_rules(patient)), "Return a list of names"),
    ("02.3", lambda patient: patient["bmi"], "stopped with KeyError"),
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
    hints = [slip.hint for number in (1, 3) for slip in find(f"02.{number}").misconceptions if slip.when]
    assert [hint for hint in hints if hint not in said] == []
