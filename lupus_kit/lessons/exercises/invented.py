"""The invented cohort that the exercises of stop 2 ask about; stops 1 and 2 read a part of it from a file."""

from functools import cache

import lupus_kit as lk

#: The first seed whose cohort has exactly one dropout, on IL-2 and before week 12: one missing patient, as in the paper.
SEED = 13


@cache
def trial(drug_effect: float | None = None) -> lk.cohort.Cohort:
    """Draw the cohort of the notebooks, as tuned or with another drug effect."""
    usual = lk.cohort.Assumptions()
    assumed = usual if drug_effect is None else lk.cohort.Assumptions(drug_effect=drug_effect)
    return lk.cohort.what_if(assumed, n_per_arm=30, seed=SEED)
