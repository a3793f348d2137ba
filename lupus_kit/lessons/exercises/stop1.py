"""Exercises of stop 1: permuted blocks by hand, what a block gives away, and two quizzes."""

from collections import Counter
from itertools import permutations
from typing import Any

import numpy as np

from lupus_kit.lessons.answers import UnusableError
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.own_code import Function, call

NOTEBOOK = "01_trial_design"
_ARMS = ["IL-2", "placebo"]


def _block_list(blocks: int, size: int, rng: np.random.Generator) -> list[str]:
    return [str(arm) for _ in range(blocks) for arm in rng.permutation(_ARMS * (size // 2))]


def _drawn(function: Function, blocks: int = 200, size: int = 4) -> list[tuple[str, ...]]:
    """Call a student's function and cut its list into blocks."""
    given = [str(arm) for arm in call(function, blocks, size, np.random.default_rng(1))]
    if len(given) != blocks * size or not set(given) <= set(_ARMS):
        raise UnusableError(
            f"Called with {blocks} blocks of {size} it should list {blocks * size} times 'IL-2' or 'placebo'."
        )
    return [tuple(given[start : start + size]) for start in range(0, len(given), size)]


def _lead(blocks: list[tuple[str, ...]]) -> int:
    return sum((arm == "IL-2") - (arm == "placebo") for block in blocks for arm in block)


def _block_remarks(function: Function) -> list[str]:
    for blocks, size in ((3, 4), (2, 6), (1, 2)):
        if any(_lead([block]) for block in _drawn(function, blocks, size)):
            return [f"Called with {blocks} blocks of {size} it has a block in which the arms are not level."]
    orders = Counter(_drawn(function))
    if len(orders) < len(set(permutations(_ARMS * 2))):
        return [f"In 200 blocks of 4 only {len(orders)} orders came up: every order should have the same chance."]
    return (
        [] if _drawn(function) == _drawn(function) else ["The same generator gives another list: draw from rng only."]
    )


def _known_in_advance(block: Any) -> int:
    """Patients whose arm follows from the ones before: the tail in which only one arm is left."""
    return sum(len(set(block[place:])) == 1 for place in range(len(block)))


EXERCISES = read_exercises(
    "stop1",
    block_list=lambda: _block_list,
    block_remarks=_block_remarks,
    same_order=lambda given: len(set(_drawn(given))) == 1,
    a_coin=lambda given: _lead(_drawn(given)) != 0,
    one_shuffle=lambda given: _lead(_drawn(given)) == 0 and any(_lead([block]) for block in _drawn(given)),
    known_in_advance=lambda: _known_in_advance,
)
