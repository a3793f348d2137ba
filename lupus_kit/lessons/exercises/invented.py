"""The invented cohort that the exercises of stops 2 and 3 ask about."""

from functools import cache

import pandas as pd

import lupus_kit as lk

#: The first seed whose cohort has exactly one dropout, on IL-2 and before week 12: one missing patient, as in the paper.
SEED = 13


@cache
def trial(drug_effect: float | None = None) -> lk.cohort.Cohort:
    """Draw the cohort of the notebooks, as tuned or with another drug effect."""
    usual = lk.cohort.Assumptions()
    assumed = usual if drug_effect is None else lk.cohort.Assumptions(drug_effect=drug_effect)
    return lk.cohort.what_if(assumed, n_per_arm=30, seed=SEED)


@cache
def answers(points: int = 4) -> pd.DataFrame:
    """Score the cohort, a missing patient as a non-responder."""
    return lk.endpoints.sri(trial().visits, points=points)


def responders(arm: str, week: int, points: int = 4) -> int:
    """Count the responders of one arm at one visit."""
    found = answers(points)
    return int(found.loc[(found["arm"] == arm) & (found["week"] == week), "responder"].sum())
