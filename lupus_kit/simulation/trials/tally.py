"""Counts of outcomes: what is kept of many trials, however many they are.

A *tally* has one row for each outcome of one endpoint that occurred, and how many trials had it:

==============  ======================================================================================
``endpoint``    0 primary, 1 secondary; of several active arms the number of the comparison, in the order of
                :attr:`~lupus_kit.simulation.Scenario.comparisons`
``look``        at which analysis the trial ended, from 1
``randomised1``, ``randomised2``  patients of each arm, counted when the trial ended
``n1 x1 n2 x2`` patients and responders of each arm in the analysis of this endpoint (of falls: ``x`` is the sum)
``decision``    what was found, in the bits of :mod:`~lupus_kit.simulation.trials.decisions`; of several active arms
                which are claimed
``weight``      trials with this outcome; probability, where outcomes are enumerated
==============  ======================================================================================

The rows of either endpoint add up to all trials. Nothing else is needed for the operating characteristics, and its
size depends on the design, not on the number of trials.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lupus_kit.simulation.plan.endpoint import ROLES

OUTCOME = ["look", "randomised1", "randomised2"]
TABLE = ["n1", "x1", "n2", "x2"]
KEYS = ["endpoint", *OUTCOME, *TABLE, "decision"]


def trial_columns() -> list[str]:
    """Columns of a frame with one row a trial."""
    return [*OUTCOME, *(f"{name}_{role}" for role in ROLES for name in TABLE), "decision"]


def table_columns(comparison: int, arms: int) -> list[str]:
    """Columns, of a frame with one row a trial, of the table of one comparison with the last of the arms.

    Examples
    --------
    >>> table_columns(0, 2), table_columns(5, 4)
    (['n1_primary', 'x1_primary', 'n2_primary', 'x2_primary'], ['n3_secondary', 'x3_secondary', 'n4_secondary', 'x4_secondary'])
    """
    endpoint, arm = divmod(comparison, arms - 1)
    return [f"{count}{number}_{ROLES[endpoint]}" for number in (arm + 1, arms) for count in "nx"]


def no_counts(n_trials: int) -> np.ndarray:
    """Return counts of shape (trials, arm, endpoint, (n, x)), all 0; those of one kind lie side by side in memory."""
    return np.zeros((2, 2, 2, n_trials), dtype=np.int64).transpose(3, 0, 1, 2)


def tally_of_trials(trials: pd.DataFrame | Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Count the outcomes of columns with one row a trial."""
    parts, arms = [], sum(name.startswith("randomised") for name in trials)
    for k in range(len(ROLES) * (arms - 1)):
        randomised = (f"randomised{number}" for number in (1 + k % (arms - 1), arms))
        names = ["look", *randomised, *table_columns(k, arms), "decision"]
        columns = {key: np.asarray(trials[name], dtype=np.int64) for key, name in zip(KEYS[1:], names, strict=True)}
        parts.append(_count(columns).assign(endpoint=k))
    return pd.concat(parts, ignore_index=True)[[*KEYS, "weight"]]


def _count(values: dict[str, np.ndarray]) -> pd.DataFrame:
    """Count equal rows: all columns in one number, which is much quicker than grouping by each, and back."""
    code = np.zeros(len(values["decision"]), dtype=np.int64)
    if not len(code):
        return pd.DataFrame(values | {"weight": code})
    lowest = {name: int(column.min()) for name, column in values.items()}  # sums of falls may be below 0
    room = {name: int(column.max()) - lowest[name] + 1 for name, column in values.items()}
    for name, column in values.items():
        if room[name] > 1:
            code *= room[name]
            code += column - lowest[name]
    code, weight = np.unique(code, return_counts=True)
    found = {}
    for name in reversed(values):
        code, found[name] = np.divmod(code, room[name])
        found[name] += lowest[name]
    return pd.DataFrame({name: found[name] for name in values}).assign(weight=weight)


def merge(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Add tallies up; whole numbers are added, so the order of the parts does not matter."""
    if len(parts) == 1:
        return parts[0]
    together = pd.concat(parts, ignore_index=True)
    return together.groupby(KEYS, sort=True, as_index=False)["weight"].sum()
