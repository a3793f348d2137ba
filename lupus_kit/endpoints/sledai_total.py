"""SLEDAI, SELENA-SLEDAI and SLEDAI-2K totals from the 24 descriptors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lupus_kit._errors import unknown_name
from lupus_kit.endpoints._cells import BadCells, flags, require_columns, require_frame
from lupus_kit.endpoints.sledai_items import ITEM_IDS, ITEMS, STABLE_IDS, STABLE_SCORES_ZERO

_WEIGHTS = np.array([item.weight for item in ITEMS], dtype=np.int64)


def sledai(items: pd.DataFrame, version: str = "2K") -> pd.Series:
    """Add up the disease activity index from its 24 yes/no descriptors.

    Parameters
    ----------
    items : pandas.DataFrame
        One row per patient and visit, with the 24 columns named in ``SLEDAI_ITEMS["id"]``; cells are
        True/False, 1/0, or missing. Other columns are ignored, except the optional yes/no columns
        ``proteinuria_stable``, ``rash_stable``, ``alopecia_stable`` and ``mucosal_ulcer_stable``: the finding is
        present, but neither new, nor recurrent, nor recently worse. Without these columns nothing is stable.
    version : {"2K", "SELENA", "SLEDAI"}
        ``"2K"`` counts stable findings. ``"SELENA"`` does not count stable proteinuria. ``"SLEDAI"`` counts
        neither stable proteinuria nor stable rash, alopecia or mucosal ulcers.

    Returns
    -------
    pandas.Series
        Totals from 0 to 105, dtype ``Int64``, with the index of `items` and the name ``"sledai"``. The total is
        missing (``pd.NA``) where any descriptor that the version needs is missing.

    Raises
    ------
    InputError
        If `version` is unknown, a column is missing, a cell is not yes/no, or a finding is marked stable where it
        is not present. Bad cells are listed together with row, column and value.

    Notes
    -----
    The versions also differ inside some definitions (joint count, serositis, eye signs). A yes/no descriptor
    cannot show that: whoever records the item applies the definition of the version.

    References
    ----------
    Bombardier C, et al. Arthritis Rheum 1992;35:630-640. Gladman DD, et al. J Rheumatol 2002;29:288-291.
    Petri M, et al. N Engl J Med 2005;353:2550-2558.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import SLEDAI_ITEMS
    >>> visit = pd.DataFrame(False, index=["Ann"], columns=SLEDAI_ITEMS["id"])
    >>> visit[["arthritis", "proteinuria", "rash"]] = True
    >>> visit["proteinuria_stable"] = True
    >>> int(sledai(visit, "2K").loc["Ann"]), int(sledai(visit, "SELENA").loc["Ann"])
    (10, 6)
    """
    if version not in STABLE_SCORES_ZERO:
        raise unknown_name("SLEDAI version", version, STABLE_SCORES_ZERO)
    require_columns(require_frame(items, "items"), ITEM_IDS, "items")
    problems = BadCells("the SLEDAI items")
    present = np.column_stack([flags(items, name, problems) for name in ITEM_IDS])
    for name in STABLE_IDS:
        column = f"{name}_stable"
        if column in items.columns:
            stable = flags(items, column, problems)
            k = ITEM_IDS.index(name)
            absent_but_stable = (stable == 1) & (present[:, k] == 0)
            problems.add(items, column, absent_but_stable, f"a finding cannot be stable where {name!r} is absent")
            if name in STABLE_SCORES_ZERO[version]:
                present[(present[:, k] == 1) & (stable == 1), k] = 0
                present[(present[:, k] == 1) & (stable == -1), k] = -1
    problems.raise_if_any()
    total = np.maximum(present, 0) @ _WEIGHTS
    missing = (present == -1).any(axis=1)
    return pd.Series(pd.arrays.IntegerArray(total, missing), index=items.index, name="sledai")
