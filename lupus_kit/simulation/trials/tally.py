"""Counts of outcomes: what is kept of many trials, however many they are.

A *tally* has one row for each outcome of one endpoint that occurred, and how many trials had it:

==============  ======================================================================================
``endpoint``    0 primary, 1 secondary
``look``        at which analysis the trial ended, from 1
``randomised1``, ``randomised2``  patients of each arm, counted when the trial ended
``n1 x1 n2 x2`` patients and responders of each arm in the analysis of this endpoint
``decision``    four bits: primary reaches the level (1), secondary reaches it (2), claimed (4, 8)
``weight``      trials with this outcome; probability, where outcomes are enumerated
==============  ======================================================================================

The rows of either endpoint add up to all trials. Nothing else is needed for the operating characteristics, and its
size depends on the design, not on the number of trials.
"""

import numpy as np
import pandas as pd

OUTCOME = ["look", "randomised1", "randomised2"]
TABLE = ["n1", "x1", "n2", "x2"]
KEYS = ["endpoint", *OUTCOME, *TABLE, "decision"]
ROLES = ("primary", "secondary")


def trial_columns() -> list[str]:
    """Columns of a frame with one row a trial."""
    return [*OUTCOME, *(f"{name}_{role}" for role in ROLES for name in TABLE), "decision"]


def tally_of_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Count the outcomes of a frame with one row a trial."""
    parts = []
    for k, role in enumerate(ROLES):
        columns = trials[[*OUTCOME, *(f"{name}_{role}" for name in TABLE), "decision"]].set_axis(KEYS[1:], axis=1)
        parts.append(_count(columns).assign(endpoint=k))
    return pd.concat(parts, ignore_index=True)[[*KEYS, "weight"]]


def _count(columns: pd.DataFrame) -> pd.DataFrame:
    """Count equal rows: all columns in one number first, which is much quicker than grouping by each."""
    if columns.empty:
        return columns.assign(weight=np.zeros(0, dtype=np.int64))
    values = columns.to_numpy(dtype=np.int64)
    code = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        code = code * (int(column.max()) + 1) + column
    _, first, weight = np.unique(code, return_index=True, return_counts=True)
    return pd.DataFrame(values[first], columns=columns.columns).assign(weight=weight)


def merge(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Add tallies up; whole numbers are added, so the order of the parts does not matter."""
    if len(parts) == 1:
        return parts[0]
    together = pd.concat(parts, ignore_index=True)
    return together.groupby(KEYS, sort=True, as_index=False)["weight"].sum()
