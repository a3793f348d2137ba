"""Exercises of stop 2: read the cohort, know what chance does, and what a simulation cannot show."""

from lupus_kit.lessons.exercises.exercise import Exercise, Slip, choice
from lupus_kit.lessons.exercises.invented import trial
from lupus_kit.lessons.exercises.record import table

NOTEBOOK = "02_synthetic_cohort"

_PER_ARM = 30
_WRONG_ROWS = "Look at the rows that you kept: that is the other arm, or both arms together, or an earlier visit."


def _sledai(arm: str | None, week: int, how: str = "median") -> float:
    visits = trial().visits
    rows = visits["week"] == week
    if arm is not None:
        rows &= visits["arm"] == arm
    return float(visits.loc[rows, "sledai"].agg(how))


def _spread(n: int) -> float:
    """Compute the standard deviation of the difference at the published rates, with n patients an arm."""
    x1, n1, x2, n2 = table("sri4_week12")
    p, q = x1 / n1, x2 / n2
    return float(((p * (1 - p) + q * (1 - q)) / n) ** 0.5)


def _patients_for_half() -> int:
    """Find the fewest patients an arm with at most half the spread."""
    n = _PER_ARM
    while _spread(n) > _spread(_PER_ARM) / 2 + 1e-12:
        n += 1
    return n


def _what_changes() -> str:
    """Compare the same seed with and without a drug effect."""
    tuned, none = trial().visits, trial(drug_effect=0.0).visits
    entry, il2 = tuned["week"] == 0, tuned["arm"] == "IL-2"
    if not tuned[entry].equals(none[entry]):
        return "a"
    if tuned.equals(none):
        return "d"
    return "b" if tuned[~il2].equals(none[~il2]) else "c"


EXERCISES = (
    Exercise(
        key="02.1",
        aim="Take one arm at one visit out of a tidy table and summarise it.",
        task="compute",
        answer=lambda: _sledai("IL-2", 24),
        unit="SLEDAI points",
        hint='Keep the rows of trial.visits where "arm" and "week" are right, then take the median of "sledai".',
        explain=lambda: (
            f"{_sledai('IL-2', 24):g} points, against {_sledai('placebo', 24):g} on placebo: in this invented cohort."
        ),
        misconceptions=(
            # These three give the same median in this cohort, so they share a hint.
            Slip(_WRONG_ROWS, lambda: _sledai("placebo", 24)),
            Slip(_WRONG_ROWS, lambda: _sledai(None, 24)),
            Slip(_WRONG_ROWS, lambda: _sledai("IL-2", 12)),
            Slip("That is the baseline.", lambda: _sledai("IL-2", 0)),
            Slip(
                "That is the mean. The question asks for the median: the value in the middle.",
                when=lambda given: abs(given - _sledai("IL-2", 24, "mean")) < 0.06,
            ),
        ),
    ),
    Exercise(
        key="02.2",
        aim="Say how the precision of a difference grows with the size of a trial.",
        task="compute",
        answer=_patients_for_half,
        unit="patients in each arm",
        hint="The number of patients stands under a square root in the standard deviation of a rate.",
        explain=lambda: (
            f"{_patients_for_half()} an arm: the standard deviation goes from {100 * _spread(_PER_ARM):.1f} to "
            f"{100 * _spread(_patients_for_half()):.1f} percentage points."
        ),
        misconceptions=(
            Slip(
                "Twice as many patients make the spread smaller by a factor of about 1.4, not by 2.",
                lambda: 2 * _PER_ARM,
            ),
            Slip(
                "You took the root of 2. The spread shall be half: how large must the number under the root become?",
                when=lambda given: abs(given - _PER_ARM * 2**0.5) < 1,
            ),
            Slip("Fewer patients make the spread larger.", lambda: _PER_ARM / 2),
            Slip("That is both arms together. The question asks for one arm.", lambda: 2 * _patients_for_half()),
        ),
    ),
    choice(
        key="02.3",
        aim="Know what a seed fixes and what an assumption changes.",
        task="predict",
        answer=_what_changes,
        hint="Compare baseline with baseline, and the placebo arm with the placebo arm, by .equals.",
        explain="The same people, twice: only the arm that gets the drug has another course.",
        wrong={
            "a": "The seed fixes who the patients are. Compare the rows of week 0.",
            "c": (
                "The placebo arm gets no drug, and each part of the model has its own random numbers. Compare the "
                "placebo rows."
            ),
            "d": "The seed decides chance; the assumptions decide what chance acts on.",
        },
    ),
    choice(
        key="02.4",
        aim="Recognise circular reasoning with a tuned simulation.",
        task="judge",
        answer=lambda: "c",
        hint="Where did the drug effect of the model come from?",
        explain="A model that was tuned to a result cannot be a witness for it.",
        wrong={
            "a": "The simulation is not independent: its drug effect was chosen so that it agrees with the paper.",
            "b": "Two trials under the same truth give different counts: look again at the 200 seeds.",
            "d": "It cannot say whether the drug works, but it can show what chance, entry rules and sampling times do.",
        },
    ),
)
