"""Own-code exercises of stop 1: a right answer, typical wrong ones with a hint each, and one that raises."""

from __future__ import annotations

import random
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from lupus_kit import cohort, lessons
from lupus_kit.lessons.catalogue import find

ARMS = ["IL-2", "placebo"]


def _blocks(blocks, size, rng):
    return np.concatenate([rng.permutation(ARMS * (size // 2)) for _ in range(blocks)])


def _chosen(blocks, size, rng):
    orders = sorted(set(permutations(ARMS * (size // 2))))
    return [arm for _ in range(blocks) for arm in orders[rng.integers(len(orders))]]


def _one_of_two(blocks, size, rng):
    half = size // 2
    return [arm for _ in range(blocks) for arm in (ARMS * half if rng.random() < 0.5 else ARMS[::-1] * half)]


def _own_generator(blocks, size, rng):
    return _blocks(blocks, size, np.random.default_rng(random.randrange(10**9)))


def _known(block):
    seen = block[0]
    return next(len(block) - place for place in range(len(block)) if len({*block[place:]}) == 1) if seen else 0


RIGHT = [("01.2", _blocks), ("01.2", _chosen), ("01.3", _known), ("01.3", lambda block: np.int64(_known(list(block))))]
WRONG = [
    ("01.2", lambda blocks, size, rng: ARMS * (size // 2) * blocks, "knows all that follow"),
    ("01.2", lambda blocks, size, rng: rng.choice(ARMS, blocks * size), "a coin for each patient"),
    ("01.2", lambda blocks, size, rng: rng.permutation(ARMS * (size // 2) * blocks), "shuffle inside each block"),
    ("01.2", _one_of_two, "only 2 orders"),
    ("01.2", _own_generator, "draw from rng only"),
    ("01.2", lambda blocks, size, rng: _blocks(blocks, size, rng)[:-1], "should list 12 times"),
    ("01.2", lambda blocks, size, rng: [arm[0] for arm in _blocks(blocks, size, rng)], "should list 12 times"),
    ("01.2", lambda blocks, size: ARMS, "stopped with TypeError"),
    ("01.3", lambda block: 1, "the last patient only"),
    ("01.3", lambda block: _known(block) / len(block), "share of the block"),
    ("01.3", lambda block: _known(block) + 1, "not a certain one"),
    ("01.3", lambda block: len(block) // 2, "right is 1"),
    ("01.3", lambda block: block.count(0) / 0, "stopped with ZeroDivisionError"),
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
    hints = [slip.hint for number in (2, 3) for slip in find(f"01.{number}").misconceptions if slip.when]
    assert [hint for hint in hints if hint not in said] == []


def test_the_table_of_invented_patients_is_the_cohort_of_the_notebooks():
    made = cohort.what_if(seed=13)
    at_visits = made.visits[made.visits["week"].isin([0, 12, 24])]
    rows = at_visits.merge(made.patients[["patient", "age_years", "nephritis"]], on="patient")
    shipped = pd.read_csv(lessons.data("invented_cohort.csv"))
    pd.testing.assert_frame_equal(
        shipped,
        rows[list(shipped)].astype({"patient": "str", "arm": "str"}),
        check_dtype=False,
        check_categorical=False,
    )
