"""Exercises of stop 0: read what is printed, and see how much it says."""

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import Exercise, Slip, choice
from lupus_kit.lessons.exercises.record import printed

NOTEBOOK = "00_start_here"

#: The invented trials of 00.4, the level they are tested at, and how far a prediction may be off.
_TRIALS, _LEVEL, _NEAR = 1000, 0.05, 10


def _percent(side: str) -> float:
    return float(printed("sri4_week12", f"reported_{side}").rstrip("%"))


def _table() -> tuple[int, int]:
    """Count the responders and the patients on IL-2 at week 12, the only pair the printed percentage allows."""
    largest = max(filter(None, lk.published.load("he2020").trial.n_randomised.values()))
    (only,) = lk.audit.counts_from_percent(printed("sri4_week12", "reported_a").rstrip("%"), n_max=largest)
    return only


def _difference() -> float:
    return _percent("a") - _percent("b")


def _explain_counts() -> str:
    responders, patients = _table()
    return (
        f"{responders} of {patients}. No other pair with at most 30 patients rounds to "
        f"{printed('sri4_week12', 'reported_a')}, so one of the 30 patients on IL-2 is not in this analysis."
    )


EXERCISES = (
    Exercise(
        key="00.1",
        aim="Recover the number of responders from a printed percentage.",
        task="compute",
        answer=lambda: _table()[0],
        unit="patients who responded",
        hint="Let the kit search: audit.counts_from_percent lists every pair (responders, patients) that fits.",
        explain=_explain_counts,
        misconceptions=(
            Slip(
                "That is how many patients were looked at. The question asks how many of them responded: the first "
                "number of the pair.",
                lambda: _table()[1],
            ),
            Slip(
                "That is the printed percentage times 30 patients. Patients come in whole numbers: which whole number "
                "divided by which gives exactly the printed digits?",
                lambda: 30 * _percent("a") / 100,
            ),
            Slip(
                f"If 17 of 30 had responded, the paper would print {17 / 30:.2%}. Try a different number of patients.",
                when=lambda given: given == 17,
            ),
        ),
    ),
    Exercise(
        key="00.2",
        aim="State a difference between two response rates in percentage points.",
        task="compute",
        answer=_difference,
        tolerance=0.005,
        unit="percentage points, IL-2 minus placebo",
        hint="Take the two printed percentages of week 12 and subtract.",
        explain=lambda: (
            f"{_difference():.2f} percentage points. This is a difference of rates; the p-value is about this number "
            "and the size of the trial together."
        ),
        misconceptions=(
            Slip(
                "That is a ratio: how many times larger the first rate is. A difference comes from subtraction.",
                when=lambda given: abs(given - _percent("a") / _percent("b")) < 0.01,
            ),
            Slip(
                "That is the relative difference, in percent of the placebo rate. Percentage points are the plain "
                "difference of the two percentages.",
                when=lambda given: abs(given - 100 * (_percent("a") / _percent("b") - 1)) < 0.1,
            ),
        ),
    ),
    choice(
        key="00.3",
        aim="Tell a correct reading of a p-value from three common misreadings.",
        task="judge",
        answer=lambda: "c",
        hint="Look for the sentence that says under which condition the p-value was computed.",
        explain="It keeps the word 'if': a p-value is computed as if there were no difference.",
        wrong={
            "a": (
                "The p-value is computed as if IL-2 had no effect. What is taken as true at the start cannot get a "
                "probability at the end."
            ),
            "b": (
                "One minus p is not the probability that a treatment works. For that you would need to know how likely "
                "an effect was before the trial."
            ),
            "d": (
                "A p-value above 0.05 does not show that two rates are equal: not finding a difference is not the same "
                "as finding that there is none."
            ),
        },
    ),
    Exercise(
        key="00.4",
        aim="Predict how often chance alone gives a small p-value.",
        task="predict",
        answer=lambda: _TRIALS * _LEVEL,
        tolerance=_NEAR,
        unit="trials of the thousand",
        hint="A test at this level gives a false alarm in at most one of twenty trials in which nothing works.",
        explain=lambda: (
            f"About {_TRIALS * _LEVEL:g}. Every one of them is a false alarm. So a small p-value alone does not show that "
            "a drug works, and one trial is not the end of the story."
        ),
        misconceptions=(
            Slip(
                "If a drug does nothing, the arms still differ by chance, and now and then by much.",
                when=lambda given: given < 1,
            ),
            Slip(
                "That is how many trials would stay above the level. Those below it are asked for.",
                lambda: _TRIALS * (1 - _LEVEL),
            ),
            Slip(
                "That is how many there are in each hundred. Here are ten times as many trials.",
                when=lambda given: abs(given - 100 * _LEVEL) < 1,
            ),
            Slip(
                "Half of the trials come out in favour of the drug, that is true. But few of them by as much as the level "
                "demands.",
                when=lambda given: abs(given - _TRIALS / 2) < 100,
            ),
        ),
    ),
)
