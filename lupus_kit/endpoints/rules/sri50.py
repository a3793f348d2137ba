"""SLEDAI-2K Responder Index-50 (S2K RI-50): partial improvement of a descriptor counts half; and SRI-50 on it."""

from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, numbers
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.nullable import yes_no
from lupus_kit.endpoints.rules.sri import sri
from lupus_kit.endpoints.rules.states import VisitRows, read_rows
from lupus_kit.endpoints.sledai.items import ITEM_IDS, ITEMS

#: A descriptor that improved by this many per cent or more counts half.
IMPROVEMENT_PERCENT = 50.0

_FLAGS = tuple(f"{name}_improved50" for name in ITEM_IDS)
_PERCENTS = tuple(f"{name}_improvement_percent" for name in ITEM_IDS)


def s2k_ri50(visits: pd.DataFrame) -> pd.Series:
    """Score every visit with the SLEDAI-2K Responder Index-50.

    A descriptor scores nothing when it is absent; half its weight when it is present, was present at baseline and
    has improved by 50% or more since; and its full weight otherwise. At baseline the score is SLEDAI-2K.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, in any order, with ``patient``, ``visit`` (name), ``week`` (0 is baseline) and
        the 24 yes/no columns of ``SLEDAI_ITEMS["id"]`` recorded as SLEDAI-2K. Improvement since baseline is recorded
        for each descriptor, where it can improve in part, in one of two optional columns: ``<id>_improved50``
        (yes/no: improved by 50% or more) or ``<id>_improvement_percent`` (from -10,000, worse, to 100). A
        descriptor with neither column never counts half. Cells may be missing; other columns are ignored.

    Returns
    -------
    pandas.Series
        Scores from 0 to 105 in steps of a half, dtype float, with the index of `visits` and the name
        ``"s2k_ri50"``. The score is missing (NaN) where a descriptor is missing, or where it is open whether a
        descriptor counts half.

    Raises
    ------
    InputError
        If columns are missing, cells are not allowed (all are listed), a patient has two rows for one week, no row
        has week 0, a descriptor has both columns of improvement, or the name of such a column is misspelt.

    See Also
    --------
    sri50

    Notes
    -----
    Improvement is read only where a descriptor is present at a later visit. Where it was absent at baseline it
    counts in full, whatever is recorded about improvement, because there is nothing to improve on. A patient
    without a row for week 0 has every baseline descriptor missing. One-point descriptors can score 0.5; sums are
    made in whole half points.

    References
    ----------
    Touma Z, et al. J Rheumatol 2011;38:275-284.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import SLEDAI_ITEMS
    >>> visits = pd.DataFrame(0, index=range(2), columns=SLEDAI_ITEMS["id"])
    >>> visits = visits.assign(patient="Ann", visit=["baseline", "week 12"], week=[0, 12], arthritis=1, rash=1,
    ...                        arthritis_improvement_percent=[None, 60], rash_improvement_percent=[None, 40])
    >>> s2k_ri50(visits).tolist()
    [6.0, 4.0]
    """
    rows = read_rows(visits, ITEM_IDS, [*_FLAGS, *_PERCENTS])
    if not (rows.week == 0).any():
        raise InputError("visits has no row with week 0: improvement is measured against baseline.")
    has_baseline = rows.week[rows.starts] == 0
    problems = BadCells("the visit table")
    half_points = pd.Series(0, index=range(len(rows.week)), dtype="Int64")
    for item in ITEMS:
        present = yes_no(rows.table, item.id, problems)
        at_baseline = present.iloc[rows.starts].reset_index(drop=True).where(has_baseline)
        halved = present & at_baseline & _improved(rows, item.id, problems) & (rows.week > 0)
        half_points += item.weight * (2 * present.astype("Int64") - halved.astype("Int64"))
    problems.raise_if_any()
    scores = np.empty(len(rows.week))
    scores[rows.position] = half_points.to_numpy(dtype=float, na_value=np.nan) / 2
    return pd.Series(scores, index=visits.index, name="s2k_ri50")


def _improved(rows: VisitRows, name: str, problems: BadCells) -> pd.Series:
    """Read whether a descriptor improved by half; no column means that it did not."""
    flag, percent = f"{name}_improved50", f"{name}_improvement_percent"
    given = [column for column in (flag, percent) if column in rows.table.columns]
    if len(given) == 2:
        raise InputError(f"visits has both {flag!r} and {percent!r}: keep the one that was recorded.")
    if not given:
        return pd.Series(False, index=range(len(rows.week)), dtype="boolean")
    if given == [flag]:
        return yes_no(rows.table, flag, problems)
    values = numbers(rows.table, percent, problems, -10_000, 100, whole=False)
    return pd.Series(values, dtype="Float64") >= IMPROVEMENT_PERCENT


def sri50(visits: pd.DataFrame, points: int = 4, **options: Any) -> pd.DataFrame:
    """Decide SRI-50: the SLE Responder Index with its drop in activity measured by S2K RI-50.

    Parameters
    ----------
    visits : pandas.DataFrame
        The table that :func:`s2k_ri50` takes, with ``pga`` (0-3), the nine ``bilag_<system>`` grades and the optional
        columns of ``sri``. A column ``sledai`` is not needed and not read.
    points : int
        The drop in the score that is asked for, 4 to 8.
    **options
        Every other option of ``sri`` except `score`.

    Returns
    -------
    pandas.DataFrame
        As from ``sri``; its ``sledai`` columns hold S2K RI-50, which may have half points.

    Raises
    ------
    InputError
        As for :func:`s2k_ri50` and ``sri``, and if `score` is given.

    See Also
    --------
    sri, bicla, lldas, doris

    Notes
    -----
    Because a descriptor may count half, a patient who responds by SLEDAI-2K also responds here, and not the other
    way round.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS, sri
    >>> visits = pd.DataFrame(0, index=range(2), columns=SLEDAI_ITEMS["id"])
    >>> visits = visits.assign(patient="Ann", visit=["baseline", "week 12"], week=[0, 12], vasculitis=1, pga=1.0,
    ...                        vasculitis_improved50=[None, True], sledai=8)
    >>> visits[[f"bilag_{s}" for s in BILAG_SYSTEMS]] = "D"
    >>> bool(sri(visits)["responder"].item()), bool(sri50(visits)["responder"].item())
    (False, True)
    """
    if "score" in options:
        raise InputError("sri50 makes its own score: leave out 'score', or use sri.")
    return sri(visits.assign(s2k_ri50=s2k_ri50(visits)), points, score="s2k_ri50", **options)
