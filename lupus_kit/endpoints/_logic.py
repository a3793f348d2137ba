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


def boolean_column(values: np.ndarray) -> pd.arrays.BooleanArray:
    """Flatten a verdict into a nullable column."""
    flat = values.ravel()
    return pd.arrays.BooleanArray(flat == YES, flat == UNKNOWN)


def integer_column(values: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Flatten numbers into a nullable whole-number column; NaN is missing."""
    flat = values.ravel()
    missing = np.isnan(flat)
    return pd.arrays.IntegerArray(np.where(missing, 0, flat).astype(np.int64), missing)
