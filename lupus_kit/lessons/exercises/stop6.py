"""Exercises of stop 6: a small subgroup, no event among few patients, and pairs."""

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import Exercise, Slip, choice
from lupus_kit.lessons.exercises.record import table

NOTEBOOK = "06_nephritis_safety_immune"

#: Patients of the new trial in 06.2.
_NEW_TRIAL = 100


def _nephritis(test: str, alternative: str = "two-sided") -> float:
    return float(lk.inference.pvalue(test, *table("ln_complete_remission"), alternative))


def _limit(n: int) -> float:
    return 100 * lk.inference.upper_limit(0, n)


def _two_sided_limit(n: int) -> float:
    return 100 * float(lk.inference.proportion(0, n).set_index("key").at["clopper_pearson", "high"])


def _ulcers() -> tuple[int, int, int]:
    """Return patients with oral ulcers on IL-2 at baseline and at week 12, and all patients."""
    rows = lk.published.load("he2020").tables["table2"]
    rows = rows[(rows["characteristic"] == "Oral ulceration") & (rows["arm"] == "IL-2")].set_index("visit")
    return tuple(int(v) for v in (rows.at["baseline", "count"], rows.at["week 12", "count"], rows.at["baseline", "n"]))  # type: ignore[return-value]


def _mcnemar(two_sided: bool = True) -> float:
    """Toss one coin for each patient who lost the ulcers; nobody can have got them, as nobody has them later."""
    from scipy.stats import binomtest

    before, after, _ = _ulcers()
    return float(binomtest(after, before, alternative="two-sided" if two_sided else "less").pvalue)


def _as_two_groups() -> float:
    before, after, n = _ulcers()
    return float(lk.inference.pvalue("fisher", before, n, after, n))


#: The weeks among which 06.4 asks for the highest value.
_WEEKS = ("8", "10", "12", "24")


def _peak_week() -> str:
    """Find the week with the most regulatory T cells on IL-2 in the notebook's invented cohort."""
    weeks = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 16, 20)
    cells = lk.cohort.what_if(lk.cohort.Assumptions(extra_weeks=weeks), seed=6).immune
    mean = cells[cells["arm"] == "IL-2"].groupby("week")["treg_percent_cd4"].mean()
    return max(_WEEKS, key=lambda week: mean[int(week)])


EXERCISES = (
    Exercise(
        key="06.1",
        aim="Test a small subgroup exactly.",
        task="compute",
        answer=lambda: _nephritis("fisher"),
        tolerance=0.00006,
        unit="(a p-value)",
        hint='Use lk.inference.pvalue with the key "fisher" and the four counts in nephritis.',
        explain=lambda: f"{_nephritis('fisher'):.4f}: Fisher's test does not call this difference significant at 5%.",
        misconceptions=(
            Slip("That is Pearson's test.", lambda: _nephritis("pearson")),
            Slip("That is one-sided. The question asks for both sides.", lambda: _nephritis("fisher", "greater")),
            Slip("That is Yates's correction, which imitates Fisher.", lambda: _nephritis("yates")),
        ),
    ),
    Exercise(
        key="06.2",
        aim="Say what risk no event leaves open.",
        task="compute",
        answer=lambda: _limit(_NEW_TRIAL),
        tolerance=0.006,
        unit="percent",
        hint="Use lk.inference.upper_limit with no event, and turn the share into percent.",
        explain=lambda: (
            f"{_limit(_NEW_TRIAL):.2f}%: risks up to about one in {100 / _limit(_NEW_TRIAL):.0f} are compatible with no "
            "event among that many patients."
        ),
        misconceptions=(
            Slip("That is the rule of three. It is close; the question asks for the exact limit.",
                          lambda: 300 / _NEW_TRIAL),
            Slip("That is the upper end of the two-sided interval. The question asks for one side.",
                          lambda: _two_sided_limit(_NEW_TRIAL)),
            Slip("That is the arm of the published trial. The new one has more patients.",
                          lambda: _limit(table("serious_infection")[1])),
        ),
    ),
    Exercise(
        key="06.3",
        aim="Test paired yes-or-no data by the patients who changed.",
        task="compute",
        answer=_mcnemar,
        tolerance=0.0006,
        unit="(a p-value)",
        hint="How many patients changed, and in how many ways can that many coin tosses all fall on one side or the other?",
        explain=lambda: (
            f"{_mcnemar():.3f}. Table 2 prints {_as_two_groups():.3f}, Fisher's test as if these were two groups of people."
        ),
        misconceptions=(
            Slip("That is Fisher's test for two separate groups. These are the same patients twice.",
                          _as_two_groups),
            Slip("That is one side only. A coin can fall on either side.", lambda: _mcnemar(two_sided=False)),
        ),
    ),
    choice(
        key="06.4",
        aim="Predict how the time of a blood sample decides what is seen.",
        task="predict",
        answer=_peak_week,
        choices=_WEEKS,
        hint="Go back to the calendar of stop 1: on which weeks do the injections of a cycle fall, and when do they end?",
        explain=(
            "The injections of the third cycle end there. Two weeks later, at the primary visit, most of the rise is gone."
        ),
        wrong={
            "8": "At that time the third cycle begins. The break before it has just ended.",
            "12": "That is the primary visit. It comes at the end of the last break, not of the injections.",
            "24": "The cells do not add up over the cycles: without injections they are lost again.",
        },
    ),
    choice(
        key="06.5",
        aim="Recognise a sentence about safety that claims no more than was seen.",
        task="judge",
        answer=lambda: "c",
        hint="Which sentence says what was seen, and what it leaves open?",
        explain=lambda: (
            f"The exact limit for none of {table('serious_infection')[1]} is {_limit(table('serious_infection')[1]):.1f}%. "
            "What was seen, and what it cannot exclude: both belong into the sentence."
        ),
        wrong={
            "a": "No event is not no risk: think of the rule of three.",
            "b": "Two events among sixty patients make no difference that anybody could rely on.",
            "d": "A subgroup of 25 with an interval that spans nearly everything heals no kidneys.",
        },
    ),
)  # fmt: skip
