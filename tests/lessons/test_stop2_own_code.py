"""Own-code exercises of stop 2: a right answer, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from lupus_kit import cohort, lessons
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


PARTS = ["week == 0", "arm == 'placebo'", "arm == 'IL-2' and week > 0"]
RIGHT = [
    ("02.1", _by_hand),
    ("02.1", _summary("mean", "std")),
]
WRONG = [
    ("02.1", lambda visits, column, week: visits.groupby("arm")[column].agg(["mean", "std"]), "Keep the rows of the week"),
    ("02.1", _summary("mean", lambda values: values.std(ddof=0)), "divides by n"),
    ("02.1", _summary("median", "std"), "asks for the mean"),
    ("02.1", lambda visits, *which: _summary("mean", "std")(visits.fillna(0), *which), "with empty cells it gives"),
    ("02.1", lambda visits, column, week: _at(visits, week)[column].mean(), "two columns"),
    ("02.1", lambda visits, column, week: [1.0, 2.0], "two columns"),
    ("02.1", lambda visits, column: visits, "stopped with TypeError"),
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
    hints = [slip.hint for slip in find("02.1").misconceptions if slip.when]
    assert [hint for hint in hints if hint not in said] == []


def test_one_seed_with_and_without_the_drug_differs_where_the_quiz_says():
    assumed = (cohort.Assumptions(), cohort.Assumptions(drug_effect=0.0))
    tuned, none = (cohort.what_if(one, seed=13).visits for one in assumed)
    same = {part: tuned.query(part).equals(none.query(part)) for part in PARTS}
    assert list(same.values()) == [True, True, False]


def test_as_many_fall_on_placebo_as_the_quiz_says():
    visits = pd.read_csv(lessons.data("invented_cohort.csv")).query("arm == 'placebo'")
    points = visits.pivot(index="patient", columns="week", values="sledai")
    assert (points[0] - points[12] >= 4).sum() == 11
    assert len(points) == 30


def test_the_table_of_six_has_three_who_cannot_be_one_a_rule():
    assert find("02.3").answer() == ["B", "D", "E"]
    six = pd.read_csv(lessons.data("six_patients.csv")).set_index("patient")
    assert six.at["B", "months_ill"] / 12 > six.at["B", "age"]
    assert six.at["D", "weight_kg"] / (six.at["D", "height_cm"] / 100) ** 2 > 60
    assert six.at["E", "fever"]
    assert six.at["E", "temperature"] <= 38
