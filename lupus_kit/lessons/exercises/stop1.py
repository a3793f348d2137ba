"""Exercises of stop 1: count the days of treatment, the drift of an allocation, and what a block gives away."""

from itertools import permutations

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises

NOTEBOOK = "01_trial_design"

#: The block size that exercises 01.2 and 01.3 ask about.
_BLOCK = 4


def _dosing() -> lk.design.DosingPlan:
    return lk.design.he2020().dosing


def _last_day() -> int:
    """Day of the last injection; the first is on day 0."""
    return int(_dosing().days()["day"].max())


def _without_breaks() -> tuple[int, int]:
    """Last day if the cycles followed each other without breaks: gaps counted, and injections counted."""
    dosing = _dosing()
    gap, n = dosing.days_between_injections, dosing.n_injections
    return gap * (n - 1), gap * n


def _blocks() -> list[tuple[int, ...]]:
    """List every order of a block: +1 for one arm, -1 for the other."""
    return sorted(set(permutations([1, -1] * (_BLOCK // 2))))


def _worst_lead() -> int:
    """Largest lead of one arm at any moment; before each block the arms are level."""
    return max(abs(sum(block[:after])) for block in _blocks() for after in range(1, _BLOCK + 1))


def _known_in_advance(block: tuple[int, ...]) -> int:
    """Patients whose arm follows from the ones before: the tail in which only one arm is left."""
    return sum(len(set(block[place:])) == 1 for place in range(len(block)))


def _share_known() -> float:
    """Share of patients whose arm is certain before they enter, over all equally likely blocks."""
    blocks = _blocks()
    return sum(map(_known_in_advance, blocks)) / (_BLOCK * len(blocks))


EXERCISES = read_exercises(
    "stop1",
    last_day=_last_day,
    one_gap_more=lambda: _last_day() + _dosing().days_between_injections,
    from_day_1=lambda: _last_day() + 1,
    end_of_last_break=lambda: 7 * _dosing().weeks,
    weeks_off=lambda: _dosing().weeks_off,
    without_breaks=lambda given: given in _without_breaks(),
    worst_lead=_worst_lead,
    share_known=_share_known,
    known_in_a_block=lambda: _BLOCK * _share_known(),
)
