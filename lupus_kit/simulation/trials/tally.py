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

from collections.abc import Iterable, Mapping, Sequence
from math import prod

import numpy as np
import pandas as pd

from lupus_kit.simulation.plan.endpoint import ROLES

OUTCOME = ["look", "randomised1", "randomised2"]
TABLE = ["n1", "x1", "n2", "x2"]
KEYS = ["endpoint", *OUTCOME, *TABLE, "decision"]

# Numbers for the outcomes, at most.
_MOST_CODES = (1 << 63) - 1


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


def _tables(columns: Iterable[str]) -> list[dict[str, str]]:
    """Column of the trials by key of the tally, for each endpoint and comparison with the last arm."""
    arms = sum(name.startswith("randomised") for name in columns)
    keys = []
    for k in range(len(ROLES) * (arms - 1)):
        randomised = (f"randomised{number}" for number in (1 + k % (arms - 1), arms))
        keys.append(dict(zip(KEYS[1:], ["look", *randomised, *table_columns(k, arms), "decision"], strict=True)))
    return keys


def tally_of_trials(trials: pd.DataFrame | Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Count the outcomes of columns with one row a trial."""
    tables = (pd.DataFrame({key: trials[name] for key, name in names.items()}) for names in _tables(trials))
    return _together(_added(table.assign(weight=1)) for table in tables)


def tally_of_parts(parts: Iterable[Mapping[str, np.ndarray]], most: Mapping[str, int]) -> pd.DataFrame:
    """Count the outcomes of trials that come in parts, each done with as soon as it comes.

    ``most`` is the largest value that each column can have; the least is 0.
    """
    spans, two_arms = [(0, most[key] + 1) for key in KEYS[1:]], _tables(trial_columns())
    if prod(room for _, room in spans) > _MOST_CODES:
        return tally_of_trials(pd.concat(map(pd.DataFrame, parts), ignore_index=True))
    codes = zip(
        *([_code([part[n] for n in names.values()], spans) for names in two_arms] for part in parts), strict=True
    )
    return _together(_rows(KEYS[1:], spans, *np.unique(np.concatenate(code), return_counts=True)) for code in codes)


def _together(endpoints: Iterable[dict[str, np.ndarray]]) -> pd.DataFrame:
    found = [{"endpoint": np.full(len(rows["weight"]), k)} | rows for k, rows in enumerate(endpoints)]
    return pd.DataFrame({name: np.concatenate([rows[name] for rows in found]) for name in found[0]}, copy=False)


def merge(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Add tallies up; whole numbers are added, so the order of the parts does not matter."""
    return parts[0] if len(parts) == 1 else pd.DataFrame(_added(pd.concat(parts, ignore_index=True)))


def _added(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Add the weights of equal rows up."""
    names = [name for name in rows if name != "weight"]
    columns = [rows[name].to_numpy() for name in names]
    spans = [(int(c.min()), int(np.ptp(c)) + 1) for c in columns if len(c)]  # sums of falls may be below 0
    if not len(rows) or prod(room for _, room in spans) > _MOST_CODES:
        sums = rows.groupby(names, sort=True, as_index=False)["weight"].sum()
        return {str(name): values.to_numpy() for name, values in sums.items()}
    code = _code(columns, spans)
    order = np.argsort(code)
    code = code[order]
    first = np.flatnonzero(np.diff(code, prepend=-1))
    return _rows(names, spans, code[first], np.add.reduceat(rows["weight"].to_numpy()[order], first))


def _code(columns: Sequence[np.ndarray], spans: Sequence[tuple[int, int]]) -> np.ndarray:
    """Put all columns in one number, which is much quicker than grouping by each; a span is the least value and how many."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column, (low, room) in zip(columns, spans, strict=True):
        if room > 1:
            code *= room
            code += column
            code -= low
    return code


def _rows(
    names: Sequence[str], spans: Sequence[tuple[int, int]], code: np.ndarray, weight: np.ndarray
) -> dict[str, np.ndarray]:
    """Make columns of the numbers again."""
    found = {"weight": weight}
    for name, (low, room) in reversed(list(zip(names, spans, strict=True))):
        more = code // room
        found[name] = code - more * room + low
        code = more
    return dict(reversed(found.items()))
