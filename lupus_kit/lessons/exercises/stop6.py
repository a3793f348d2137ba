"""Exercises of stop 6: a small subgroup, no event among few patients, and pairs."""

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.record import table

NOTEBOOK = "06_nephritis_safety_immune"

#: Patients of the new trial in 06.2.
_NEW_TRIAL = 100


def _nephritis(test: str, alternative: str = "two-sided") -> float:
    return float(lk.inference.pvalue(test, *table("ln_complete_remission"), alternative))


def _limit(n: int) -> float:
    return 100 * lk.inference.upper_limit(0, n)


def _two_sided_limit() -> float:
    return 100 * float(lk.inference.proportion(0, _NEW_TRIAL).set_index("key").at["clopper_pearson", "high"])


def _ulcers() -> tuple[int, int, int]:
    """Return patients with oral ulcers on IL-2 at baseline and at week 12, and all patients."""
    rows = lk.published.load("he2020").tables["table2"]
    rows = rows[(rows["characteristic"] == "Oral ulceration") & (rows["arm"] == "IL-2")].set_index("visit")
    return tuple(int(v) for v in (rows.at["baseline", "count"], rows.at["week 12", "count"], rows.at["baseline", "n"]))  # type: ignore[return-value]


def _mcnemar(alternative: str = "two-sided") -> float:
    """Toss one coin for each patient who lost the ulcers; nobody can have got them, as nobody has them later."""
    from scipy.stats import binomtest

    before, after, _ = _ulcers()
    return float(binomtest(after, before, alternative=alternative).pvalue)


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


EXERCISES = read_exercises(
    "stop6",
    fisher=lambda: _nephritis("fisher"),
    pearson=lambda: _nephritis("pearson"),
    yates=lambda: _nephritis("yates"),
    one_sided=lambda: _nephritis("fisher", "greater"),
    limit=lambda: _limit(_NEW_TRIAL),
    one_in=lambda: 100 / _limit(_NEW_TRIAL),
    two_sided_limit=_two_sided_limit,
    published_arm=lambda: table("serious_infection")[1],
    limit_of_published_arm=lambda: _limit(table("serious_infection")[1]),
    mcnemar=_mcnemar,
    mcnemar_one_sided=lambda: _mcnemar("less"),
    as_two_groups=_as_two_groups,
    peak_week=_peak_week,
)
