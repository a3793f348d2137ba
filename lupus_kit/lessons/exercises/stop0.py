"""Exercises of stop 0: a table, the student's own shuffle, p, an interval, and two sentences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.lessons import conclusion
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.record import printed, table
from lupus_kit.lessons.own_code import Function, call, differences

NOTEBOOK = "00_start_here"


def _patients(x1: int, n1: int, x2: int, n2: int, week: int = 12) -> pd.DataFrame:
    """Make a table of patients like the notebook's, placebo first."""
    counts = {("placebo", False): n2 - x2, ("IL-2", True): x1, ("IL-2", False): n1 - x1, ("placebo", True): x2}
    return pd.DataFrame(
        [(arm, week, responded) for (arm, responded), count in counts.items() for _ in range(count)],
        columns=["arm", "week", "responder"],
    )


#: Tables that the notebook does not show.
_TABLES = [(_patients(*counts),) for counts in ((5, 9, 2, 8), (1, 6, 4, 5), (3, 7, 0, 4))]


def _rate_difference(patients: pd.DataFrame) -> float:
    rates = patients.groupby("arm")["responder"].mean()
    return float(rates["IL-2"] - rates["placebo"])


def _needs_both_arms(function: Function) -> list[str]:
    if found := differences(function, _rate_difference, _TABLES):
        return found
    try:
        alone = float(function(_patients(4, 9, 0, 0)))
    except Exception:
        return []
    return [] if np.isnan(alone) else [f"With no patient on placebo it gives {alone:g}: there is no difference then."]


def _bars(patients: pd.DataFrame) -> Any:
    import matplotlib.pyplot as plt
    import seaborn as sns

    shown = patients.assign(percent=100 * patients["responder"])
    ax = sns.barplot(shown, x="week", y="percent", hue="arm", ax=plt.figure().gca())
    ax.set(ylabel="SRI-4 responders (%)", xlabel="week")
    return ax


def _drawn(function: Function) -> list[str]:
    """Look at the axes that a student's function returns for two visits that the notebook does not have."""
    import matplotlib.pyplot as plt

    patients = pd.concat([_patients(3, 4, 1, 4, 6), _patients(1, 4, 2, 4, 9)])
    try:
        ax = call(function, patients)
        if not hasattr(ax, "patches"):
            return ["Return the axes: what sns.barplot gives back."]
        heights = sorted(round(bar.get_height(), 6) for bar in ax.patches if bar.get_height())
        label, low = ax.get_ylabel(), ax.get_ylim()[0]
    finally:
        plt.close("all")
    if heights not in ([0.25, 0.25, 0.5, 0.75], [25, 25, 50, 75]):
        return [
            f"The heights of the bars are {heights}; each should be the share of responders of one arm at one visit."
        ]
    if heights[0] >= 1 and "%" not in label:
        return [f"The vertical axis says {label!r}: write what is drawn and its unit, %."]
    if not label or label in {"responder", "percent"}:
        return [f"The vertical axis says {label!r}: write what is drawn, in words."]
    return [] if low == 0 else ["Bars begin at zero, or their lengths mislead."]


def _shuffled_difference(patients: pd.DataFrame, rng: np.random.Generator) -> float:
    return _rate_difference(patients.assign(responder=rng.permutation(patients["responder"])))


def _many(function: Function, number: int = 100) -> "np.ndarray[Any, np.dtype[np.float64]]":
    rng = np.random.default_rng(1)
    return np.array([float(call(function, _TABLES[0][0].copy(), rng)) for _ in range(number)])


def _changes_the_table(function: Function) -> bool:
    patients = _TABLES[0][0].copy()
    call(function, patients, np.random.default_rng(1))
    return not patients.equals(_TABLES[0][0])


def _shuffles(function: Function) -> list[str]:
    n1, n2 = 9, 8  # 7 responders in all, in the table that is shuffled
    possible = {round(x / n1 - (7 - x) / n2, 9) for x in range(8)}
    found = {round(one, 9) for one in _many(function)}
    if found - possible:
        return [
            "It gives differences that no shuffle of the table has: each patient keeps an arm, each answer is used once."
        ]
    same = np.array_equal(_many(function, 9), _many(function, 9))
    return [] if same else ["The same generator gives different results: draw from rng and from nothing else."]


def _two_sided_p(shuffled: Any, observed: float) -> float:
    far = np.abs(shuffled) >= abs(observed) - 1e-9
    return float((1 + far.sum()) / (1 + len(far)))


#: Shuffled differences and an observed one; with ties, a minus sign, and nothing as far out.
_SHUFFLED = np.array([-0.5, -0.3, -0.27, -0.1, 0.0, 0.1, 0.25, 0.25, 0.4])
_CASES = [(_SHUFFLED, 0.25), (_SHUFFLED, -0.3), (_SHUFFLED, 0.6), (np.repeat(_SHUFFLED, 3), 0.1)]


def _gives(count: int) -> Callable[[Function], bool]:
    """Whether so many of the shuffled differences are counted as far out as 0.25, with or without the one added."""
    shares = (count / len(_SHUFFLED), (1 + count) / (1 + len(_SHUFFLED)))
    return lambda function: any(abs(float(call(function, _SHUFFLED, 0.25)) - share) < 1e-6 for share in shares)


def _coverage(
    interval: Function, rate1: float, n1: int, rate2: float, n2: int, trials: int, rng: np.random.Generator
) -> float:
    drawn = zip(rng.binomial(n1, rate1, trials), rng.binomial(n2, rate2, trials), strict=True)
    limits = [interval(x1, n1, x2, n2) for x1, x2 in drawn]
    return float(np.mean([low <= rate1 - rate2 <= high for low, high in limits]))


def _covers(function: Function, interval: Function, rate1: float, rate2: float) -> float:
    return float(call(function, interval, rate1, 7, rate2, 5, 40, np.random.default_rng(3)))


def _counts_right(function: Function) -> list[str]:
    bounds = [_covers(function, lambda *counts, held=held: held, 0.5, 0.5) for held in ((-1, 1), (2, 3))]
    if bounds != [1, 0]:
        return ["An interval from −1 to 1 always holds the truth and one from 2 to 3 never: it should give 1 and 0."]
    if _covers(function, lambda *counts: (-0.65, -0.55), 0.3, 0.9) != 1:
        return ["With rates 0.3 and 0.9 the truth is −0.6: an interval from −0.65 to −0.55 holds it in every trial."]
    if _covers(function, lambda *counts: (0, 2) if counts == (7, 7, 0, 5) else (2, 3), 1.0, 0.0) != 1:
        return ["With a rate of 1 all of the n1 patients respond, with 0 none of the n2: draw from those sizes."]
    return []


def _reads_the_observed(function: Function) -> bool:
    """Whether the observed difference, and not the truth, is looked for in the interval."""
    return _covers(function, lambda a, n, b, m: (a / n - b / m - 1e-6, a / n - b / m + 1e-6), 0.5, 0.41) == 1


def _example() -> str:
    """Write a conclusion that claims no more than the counts do."""
    (a1, n, b1, m), (a2, _, b2, _) = table("sri4_week12"), table("sri4_week24")
    return (
        f"The primary endpoint, SRI-4 at week 12, was not met ({a1}/{n} v {b1}/{m}, p={printed('sri4_week12')}). The "
        f"estimates at both visits ({a2}/{n} v {b2}/{m} at week 24) favour IL-2 and are much alike, but their intervals "
        "are wide, and a larger trial is needed."
    )


EXERCISES = read_exercises(
    "stop0",
    responders=lambda: table("sri4_week12")[0],
    patients=lambda: table("sri4_week12")[1],
    on_both_arms=lambda: table("sri4_week12")[0] + table("sri4_week12")[2],
    rate_difference=lambda: _rate_difference,
    rate_difference_remarks=_needs_both_arms,
    swapped=lambda given: abs(call(given, _TABLES[0][0]) + _rate_difference(*_TABLES[0])) < 1e-9,
    in_percent=lambda given: abs(call(given, _TABLES[0][0]) - 100 * _rate_difference(*_TABLES[0])) < 1e-6,
    counts_only=lambda given: call(given, _TABLES[0][0]) == 3,
    bars=lambda: _bars,
    bars_remarks=_drawn,
    shuffled_difference=lambda: _shuffled_difference,
    shuffle_remarks=_shuffles,
    changes_the_table=_changes_the_table,
    never_shuffles=lambda given: len(set(_many(given, 20))) == 1,
    two_sided_p=lambda: _two_sided_p,
    p_remarks=lambda given: differences(given, _two_sided_p, _CASES, 1e-9),
    one_tail=_gives(int((_SHUFFLED >= 0.25).sum())),
    strictly_beyond=_gives(int((np.abs(_SHUFFLED) > 0.25).sum())),
    can_be_zero=lambda given: call(given, _SHUFFLED, 0.6) == 0,
    coverage=lambda: _coverage,
    coverage_remarks=_counts_right,
    reads_the_observed=_reads_the_observed,
    example=_example,
    remarks=conclusion.remarks,
)
