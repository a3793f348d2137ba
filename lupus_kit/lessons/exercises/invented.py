"""The invented cohort that the exercises of stops 2 and 3 ask about."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from lupus_kit.cohort import Cohort

#: The first seed whose cohort has exactly one dropout, on IL-2 and before week 12: one missing patient, as in the paper.
SEED = 13


@cache
def trial(drug_effect: float | None = None) -> Cohort:
    """Draw the cohort of the notebooks, as tuned or with another drug effect."""
    from lupus_kit import cohort

    usual = cohort.Assumptions()
    assumed = usual if drug_effect is None else cohort.Assumptions(drug_effect=drug_effect)
    return cohort.what_if(assumed, n_per_arm=30, seed=SEED)


@cache
def answers(points: int = 4) -> pd.DataFrame:
    """Score the cohort, a missing patient as a non-responder."""
    from lupus_kit import endpoints

    return endpoints.sri(trial().visits, points=points)


def responders(arm: str, week: int, points: int = 4) -> int:
    """Count the responders of one arm at one visit."""
    found = answers(points)
    return int(found.loc[(found["arm"] == arm) & (found["week"] == week), "responder"].sum())
