"""Exercises of stop 5: hunt for an analysis, count the missing patient, conclude without over-claiming."""

import pandas as pd

import lupus_kit as lk
from lupus_kit.lessons import conclusion
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.record import printed, table

NOTEBOOK = "05_why_052_and_027"

_NEPHRITIS = "ln_complete_remission"


def _analyses(*alternatives: str) -> pd.DataFrame:
    """Every analysis of the nephritis table that the kit tries; two-sided ones unless others are asked for."""
    return lk.audit.explain(printed(_NEPHRITIS), *table(_NEPHRITIS), alternatives=alternatives or ("two-sided",))


def _week24(extra_patients: int, extra_responders: int = 0) -> float:
    x1, n1, x2, n2 = table("sri4_week24")
    return float(lk.inference.pvalue("pearson", x1 + extra_responders, n1 + extra_patients, x2, n2))


def _multiverse(claim: str) -> lk.audit.Multiverse:
    """Every analysis of one claim, the missing patients counted in each way."""
    randomised = tuple(lk.published.load("he2020").trial.n_randomised.values())
    return lk.audit.multiverse(*table(claim), randomised=randomised)  # type: ignore[arg-type]


#: The correlations and the common response rates (week 12, week 24) of 05.4.
_FAR_APART, _NO_EFFECT = (0.0, 0.8), (0.42, 0.5)


def _either(correlation: float) -> float:
    """Probability of a false alarm at one visit at least."""
    n1, n2 = (arm.n_randomised for arm in lk.design.he2020().arms)
    return float(lk.inference.familywise_error(correlation, n1, n2, _NO_EFFECT, "either"))


def _what_correlation_does() -> str:
    low, high = map(_either, _FAR_APART)
    return "stays" if low == high else "falls" if high < low else "rises"


def _sober() -> str:
    """Choose the conclusion that the two visits, read together, leave standing."""
    (a1, n, b1, m), (a2, _, b2, _) = table("sri4_week12"), table("sri4_week24")
    bounds = lk.inference.between_visit_bounds(a1, a2, n, b1, b2, m)
    visits_agree = bounds.p_low > 0.05
    return "b" if visits_agree else "a"


def _example() -> str:
    """Write a conclusion that claims no more than the counts do."""
    (a1, n, b1, m), (a2, _, b2, _) = table("sri4_week12"), table("sri4_week24")
    return (
        f"The primary endpoint, SRI-4 at week 12, was not met ({a1}/{n} v {b1}/{m}, p={printed('sri4_week12')}). The "
        f"estimates at both visits ({a2}/{n} v {b2}/{m} at week 24) favour IL-2 and are much alike, but their intervals "
        "are wide, and a larger trial is needed."
    )


EXERCISES = read_exercises(
    "stop5",
    fitting=lambda: int(_analyses()["rounds_to_reported"].sum()),
    fitting_any_side=lambda: int(_analyses("two-sided", "greater", "less")["rounds_to_reported"].sum()),
    significant=lambda: int((_analyses()["p"] <= 0.05).sum()),
    tried=lambda: len(_analyses()),
    without_the_patient=lambda: _week24(0),
    as_non_responder=lambda: _week24(1),
    as_responder=lambda: _week24(1, 1),
    share_week_12=lambda: _multiverse("sri4_week12").share_significant,
    share_week_24=lambda: _multiverse("sri4_week24").share_significant,
    share_of_all_shown=lambda: float(_multiverse("sri4_week24").table["significant"].mean()),
    uncorrelated=lambda: _either(_FAR_APART[0]),
    correlated=lambda: _either(_FAR_APART[1]),
    what_correlation_does=_what_correlation_does,
    sober_conclusion=_sober,
    example=_example,
    remarks=conclusion.remarks,
)
