"""Three-valued logic for clauses over whole tables: yes, no, unknown."""

from __future__ import annotations

import numpy as np
import pandas as pd

YES, NO, UNKNOWN = 1, 0, -1


def clause(fails: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Three-valued clause: what is recorded can fail it; it passes only when everything is recorded."""
    return np.where(fails, NO, np.where(missing, UNKNOWN, YES)).astype(np.int8)


def all_of(*verdicts: np.ndarray) -> np.ndarray:
    """Three-valued "and", the minimum of NO < UNKNOWN < YES: one failed clause decides, whatever else is unknown."""
    failed = np.logical_or.reduce([v == NO for v in verdicts])
    return np.where(failed, NO, np.minimum.reduce(verdicts)).astype(np.int8)


def any_of(*verdicts: np.ndarray) -> np.ndarray:
    """Three-valued "or", the maximum of NO < UNKNOWN < YES: one clause that holds decides."""
    holds = np.logical_or.reduce([v == YES for v in verdicts])
    return np.where(holds, YES, np.minimum.reduce(verdicts)).astype(np.int8)


_NEGATED = np.array([YES, NO, UNKNOWN], dtype=np.int8)  # indexed by NO=0, YES=1, UNKNOWN=-1


def negate(verdict: np.ndarray) -> np.ndarray:
    """Three-valued "not": unknown stays unknown."""
    return _NEGATED[verdict]


def holds(condition: np.ndarray, *values: np.ndarray) -> np.ndarray:
    """Three-valued condition on numbers: unknown wherever one of them is missing."""
    missing = np.logical_or.reduce([np.isnan(value) for value in values])
    return np.where(missing, UNKNOWN, condition).astype(np.int8)


def none_of(present: np.ndarray) -> np.ndarray:
    """Three-valued "none of these is there", over the columns of 1/0/-1 cells."""
    return clause((present == YES).any(axis=1), (present == UNKNOWN).any(axis=1))


def boolean_column(values: np.ndarray) -> pd.arrays.BooleanArray:
    """Flatten a verdict into a nullable column."""
    flat = values.ravel()
    return pd.arrays.BooleanArray(flat == YES, flat == UNKNOWN)


def integer_column(values: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Flatten numbers into a nullable whole-number column; NaN is missing."""
    flat = values.ravel()
    missing = np.isnan(flat)
    return pd.arrays.IntegerArray(np.where(missing, 0, flat).astype(np.int64), missing)
