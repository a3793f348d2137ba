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


def _summary(*functions):
    return lambda visits, column, week: _at(visits, week)[column].agg(list(functions))


def _rules(*, years=12, metres=100, limit=lambda t: t > 38, unknown=math.isnan):
    def implausible(age, months_ill, weight, height, temperature, fever):
        found = {
            "duration": months_ill > years * age,
            "bmi": not (math.isnan(weight) or 12 <= weight / (height / metres) ** 2 <= 60),
            "fever": not unknown(temperature) and limit(temperature) != fever,
        }
        return [name for name, broken in found.items() if broken]

    return implausible


RIGHT = [
    ("02.1", _by_hand),
    ("02.1", _summary("mean", "std")),
    ("02.3", _rules()),
    ("02.3", lambda *patient: tuple(_rules()(*patient))),
]
WRONG = [
    ("02.1", lambda visits, column, week: visits.groupby("arm")[column].agg(["mean", "std"]), "Keep the rows of the week"),
    ("02.1", _summary("mean", lambda values: values.std(ddof=0)), "divides by n"),
    ("02.1", _summary("median", "std"), "asks for the mean"),
    ("02.1", lambda visits, *which: _summary("mean", "std")(visits.fillna(0), *which), "with empty cells it gives"),
    ("02.1", lambda visits, column, week: _at(visits, week)[column].mean(), "two columns"),
    ("02.1", lambda visits, column, week: [1.0, 2.0], "two columns"),
    ("02.1", lambda visits, column: visits, "stopped with TypeError"),
    ("02.3", _rules(years=1), "bring both to the same unit"),
    ("02.3", _rules(metres=1), "the height is in centimetres"),
    ("02.3", _rules(limit=lambda t: t >= 38), "38.0 °C is not above"),
    ("02.3", _rules(unknown=lambda t: False), "right is ['duration']"),
    ("02.3", lambda *patient: _rules()(*patient)[:1], "right is"),
    ("02.3", lambda *patient: bool(_rules()(*patient)), "it gives False; right is []"),
    ("02.3", lambda patient: [], "stopped with TypeError"),
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
