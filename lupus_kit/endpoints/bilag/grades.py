"""BILAG-2004 grades: numeric total, and which organ systems are newly A or B."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lupus_kit.core.columns import BadCells, Column, read_choices, require_columns, require_frame
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.bilag.items import BILAG_ITEMS

#: The nine organ systems, in the order of the form. Grade columns are named ``bilag_<system>``.
BILAG_SYSTEMS: tuple[str, ...] = tuple(BILAG_ITEMS["system"].unique())

#: Grades from most active to never involved.
GRADES: tuple[str, ...] = ("A", "B", "C", "D", "E")
#: Points of the grades A to E in the usual numerical total of BILAG-2004 (Yee C-S, et al. Rheumatology 2010;49:1665-1669).
BILAG_CODING: tuple[int, ...] = (12, 8, 1, 0, 0)

#: The nine grade columns of a visit table.
GRADE_COLUMNS: tuple[str, ...] = tuple(f"bilag_{system}" for system in BILAG_SYSTEMS)

#: Grades are numbers in the checked table, from 0 for A to 4 for E: the smaller, the more active; missing is NaN.
A, B = 0, 1

Grades = NDArray[np.float32]
Flags = NDArray[np.bool_]


def read_grades(frame: pd.DataFrame, problems: BadCells) -> Grades:
    """Read the nine grades of each row as numbers from 0 for A to 4 for E, NaN where missing; note bad cells."""
    columns = [Column(name, "choice", choices=GRADES) for name in GRADE_COLUMNS]
    letters = np.stack([read_choices(frame, column.name, column, problems) for column in columns]).T
    return np.where(letters >= 0, letters, np.float32(np.nan))


def newly_a(before: Grades, now: Grades, b_to_a_is_new: bool = True) -> Flags:
    """Tell which grades are A now and were milder at baseline; going from B to A counts unless told otherwise."""
    return np.asarray((now == A) & (before > (A if b_to_a_is_new else B)))


def newly_b(before: Grades, now: Grades) -> Flags:
    """Tell which grades are B now and were milder at baseline; from A to B is an improvement."""
    return np.asarray((now == B) & (before > B))


def bilag_total(grades: pd.DataFrame, coding: Sequence[float] = BILAG_CODING) -> pd.Series:
    """Turn nine organ grades into one number.

    Parameters
    ----------
    grades : pandas.DataFrame
        One row per patient and visit with the nine columns ``bilag_<system>``; cells are A to E or missing.
        Other columns are ignored.
    coding : sequence of five numbers
        Points for A, B, C, D and E. The default is the published 12/8/1/0/0; older papers used 9/3/1/0/0 or
        12/5/1/0/0.

    Returns
    -------
    pandas.Series
        Totals with the index of `grades` and the name ``"bilag_total"``: ``Int64`` for whole-number codings,
        ``Float64`` otherwise. Missing where any grade is missing.

    Raises
    ------
    InputError
        If a column is missing, a cell is not A to E, or `coding` is not five numbers that never rise from A to E.

    See Also
    --------
    bilag2004

    References
    ----------
    Yee C-S, et al. Rheumatology 2010;49:1665-1669 (the 12/8/1/0/0 coding).

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import BILAG_SYSTEMS
    >>> visit = pd.DataFrame("E", index=["Ann"], columns=[f"bilag_{s}" for s in BILAG_SYSTEMS])
    >>> visit["bilag_renal"], visit["bilag_mucocutaneous"] = "A", "B"
    >>> int(bilag_total(visit).loc["Ann"])
    20
    """
    points = np.asarray(coding, dtype=float)
    if points.shape != (5,) or not np.isfinite(points).all() or (np.diff(points) > 0).any():
        wanted = "five numbers for A, B, C, D, E that never rise, such as (12, 8, 1, 0, 0)"
        raise InputError(f"coding is {coding!r}: give {wanted}.")
    require_columns(require_frame(grades, "grades"), GRADE_COLUMNS, "grades")
    problems = BadCells("the BILAG grades")
    found = read_grades(grades, problems)
    problems.raise_if_any()
    total = np.append(points, np.nan)[np.nan_to_num(found, nan=len(points)).astype(int)].sum(axis=1)
    whole = bool((points == np.rint(points)).all())
    values = pd.array(total, dtype="Int64" if whole else "Float64")
    return pd.Series(values, index=grades.index, name="bilag_total")
