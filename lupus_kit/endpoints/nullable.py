"""Columns of a table as pandas' nullable series, in which yes, no and missing follow three-valued logic.

``False & missing`` is false and ``True | missing`` is true; any other answer that a missing cell could change is missing.
"""

from collections.abc import Iterable
from functools import reduce
from operator import and_, or_

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, flags, numbers

#: Decimals that a number keeps; what floating point adds lies behind them.
DECIMALS = 12


def yes_no(table: pd.DataFrame, column: str, problems: BadCells) -> pd.Series:
    """Read a yes/no column, one entry a row of `table`; note bad cells in `problems`."""
    values = flags(table, column, problems)
    return pd.Series(pd.arrays.BooleanArray(values == 1, values == -1))


def as_printed(values: np.ndarray) -> np.ndarray:
    """Return numbers with the decimals they were printed with, so that a value on a limit is on it exactly.

    What arithmetic added behind the twelfth decimal is dropped, and a number that went through single precision (the
    usual kind of Stata) gets its own decimals back.

    Examples
    --------
    >>> as_printed(np.array([1.1 + 0.3, np.float32(1.1), 1.396])).tolist()
    [1.4, 1.1, 1.396]
    """
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    blurred = (single == values) & (np.round(values, 6) != values)
    if blurred.any():
        values = values.copy()
        values[blurred] = single[blurred].astype(str).astype(float)
    return np.asarray(np.round(values, DECIMALS))


def rounded(
    table: pd.DataFrame, column: str, problems: BadCells, low: float, high: float, whole: bool = False
) -> pd.Series:
    """Read a number column with its printed decimals, so that a value on a limit is on it exactly."""
    return pd.Series(as_printed(numbers(table, column, problems, low, high, whole)), dtype="Float64")


def any_of(answers: Iterable[pd.Series]) -> pd.Series:
    """Tell, row by row, whether one of the answers is yes."""
    return reduce(or_, answers)


def all_of(answers: Iterable[pd.Series]) -> pd.Series:
    """Tell, row by row, whether each of the answers is yes."""
    return reduce(and_, answers)


def known_true(answers: pd.Series) -> np.ndarray:
    """Return plain booleans: true where the answer is yes, false where it is no or missing."""
    return np.asarray(answers.to_numpy(dtype=bool, na_value=False))
