"""Exercises of stop 1: count the days of treatment, the drift of an allocation, and what a block gives away."""

from itertools import permutations

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import Exercise, Slip, choice

NOTEBOOK = "01_trial_design"

#: The block size that exercises 01.2 and 01.3 ask about.
_BLOCK = 4


def _dosing() -> lk.design.DosingPlan:
    return lk.design.he2020().dosing


def _last_day() -> int:
    """Day of the last injection; the first is on day 0."""
    return int(_dosing().days()["day"].max())


def _end_of_last_break() -> int:
    return 7 * _dosing().weeks


def _without_breaks() -> tuple[int, int]:
    """Last day if the cycles followed each other without breaks: gaps counted, and injections counted."""
    dosing = _dosing()
    gap, n = dosing.days_between_injections, dosing.n_injections
    return gap * (n - 1), gap * n


def _blocks(size: int = _BLOCK) -> list[tuple[int, ...]]:
    """List every order of a block: +1 for one arm, -1 for the other."""
    return sorted(set(permutations([1, -1] * (size // 2))))


def _worst_lead(size: int = _BLOCK) -> int:
    """Largest lead of one arm at any moment; before each block the arms are level."""
    return max(abs(sum(block[:after])) for block in _blocks(size) for after in range(1, size + 1))


def _known_in_advance(block: tuple[int, ...]) -> int:
    """Patients whose arm follows from the ones before: the tail in which only one arm is left."""
    return sum(len(set(block[place:])) == 1 for place in range(len(block)))


def _share_known(size: int = _BLOCK) -> float:
    """Share of patients whose arm is certain before they enter, over all equally likely blocks."""
    blocks = _blocks(size)
    return sum(map(_known_in_advance, blocks)) / (size * len(blocks))


EXERCISES = (
    Exercise(
        key="01.1",
        aim="Turn a dosing plan in words into days.",
        task="compute",
        answer=_last_day,
        unit="the day of the last injection, where the first is on day 0",
        hint="Find the day on which the third cycle starts. Then add the days from its first to its last injection.",
        explain=lambda: (
            f"Day {_last_day()}. The treatment phase lasts to day {_end_of_last_break()}, but its last "
            f"{_dosing().weeks_off} weeks are a break."
        ),
        misconceptions=(
            Slip(
                "Between seven injections there are only six gaps: count the gaps, not the injections.",
                lambda: _last_day() + _dosing().days_between_injections,
            ),
            Slip("You counted from day 1. Here the first injection is on day 0.", lambda: _last_day() + 1),
            Slip(
                "That is the end of the third cycle with its break. The question asks for the last needle.",
                _end_of_last_break,
            ),
            Slip("That leaves out the breaks between the cycles.", when=lambda given: given in _without_breaks()),
        ),
    ),
    Exercise(
        key="01.2",
        aim="Say how far the arms can drift apart in permuted blocks.",
        task="predict",
        answer=_worst_lead,
        unit="patients: the larger arm minus the smaller one",
        hint="Write down a block in the worst possible order and count the lead of one arm after each patient.",
        explain=lambda: (
            f"{_worst_lead()}, in the middle of a block that starts with one arm only. After each complete block it is 0."
        ),
        misconceptions=(
            Slip(
                "That is the block size. Only half of a block belongs to each arm, so the lead must stop before that.",
                lambda: _BLOCK,
            ),
            Slip("That is true after each complete block. Look also in the middle of a block.", lambda: 0),
            Slip("A block may start with the same arm twice in a row.", lambda: 1),
        ),
    ),
    Exercise(
        key="01.3",
        aim="Compute what share of the allocations a known block size gives away.",
        task="compute",
        answer=_share_known,
        tolerance=0.005,
        unit="a share between 0 and 1",
        hint=(
            "List the six possible blocks. In each, count the patients at the end for whom only one arm is left. Then "
            "average, and divide by the size of the block."
        ),
        explain=lambda: (
            f"{_share_known():.3f} of all allocations in blocks of {_BLOCK} are certain before the patient has entered. "
            "The last patient of a block always is, and in some blocks the one before as well."
        ),
        misconceptions=(
            Slip(
                "That counts only the last patient of each block. In some blocks the last two are certain.",
                lambda: 1 / _BLOCK,
            ),
            Slip(
                "That counts two patients in every block. Only two of the six blocks end with two of a kind.",
                lambda: 2 / _BLOCK,
            ),
            Slip(
                "That is the average number of patients in a block. Divide by the size of the block.",
                when=lambda given: abs(given - _BLOCK * _share_known()) < 0.01,
            ),
        ),
    ),
    choice(
        key="01.4",
        aim="Say what a p-value in a baseline table of a randomised trial can and cannot show.",
        task="judge",
        answer=lambda: "c",
        hint="Ask what the p-value takes as true while it is computed, and whether randomisation has made it true.",
        explain=(
            "After a proper randomisation every difference at baseline is chance, whatever its p-value. What can matter "
            "is its size, and how strongly the characteristic predicts the outcome."
        ),
        wrong={
            "a": (
                "Chance alone gives large p-values most of the time, also when the list was not random. And a row with "
                "few patients cannot give a small one."
            ),
            "b": "A small p-value is what chance gives now and then, with 20 rows quite often.",
            "d": (
                "Which rows need attention follows from medical knowledge, before the data are seen. A p-value knows "
                "nothing about what predicts the outcome."
            ),
        },
    ),
)
