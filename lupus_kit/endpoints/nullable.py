"""Columns of a table as pandas' nullable series, in which yes, no and missing follow three-valued logic.

``False & missing`` is false and ``True | missing`` is true; any other answer that a missing cell could change is missing.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, flags, numbers


def yes_no(table: pd.DataFrame, column: str, problems: BadCells) -> pd.Series:
    """Read a yes/no column, one entry a row of `table`; note bad cells in `problems`."""
    values = flags(table, column, problems)
    return pd.Series(pd.arrays.BooleanArray(values == 1, values == -1))


def rounded(
    table: pd.DataFrame,
    column: str,
    problems: BadCells,
    low: float,
    high: float,
    decimals: int = 2,
    whole: bool = False,
) -> pd.Series:
    """Read a number column rounded to so many decimals, so that a value on a limit is on it exactly."""
    return pd.Series(np.round(numbers(table, column, problems, low, high, whole), decimals), dtype="Float64")


def any_of(answers: Iterable[pd.Series]) -> pd.Series:
    """Tell, row by row, whether one of the answers is yes."""
    return reduce(or_, answers)


def known_true(answers: pd.Series) -> np.ndarray:
    """Return plain booleans: true where the answer is yes, false where it is no or missing."""
    plain: np.ndarray = answers.to_numpy(dtype=bool, na_value=False)
    return plain
