"""SLEDAI, SELENA-SLEDAI, SLEDAI-2K and hybrid: the total of the 24 descriptors."""

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, refuse_slips, require_columns, require_frame
from lupus_kit.core.errors import require_choice, require_switch
from lupus_kit.endpoints.nullable import known_true, yes_no
from lupus_kit.endpoints.sledai.items import ITEMS, SEROLOGY_IDS, STABLE_IDS, STABLE_SCORES_ZERO


def sledai(items: pd.DataFrame, version: str = "2K", *, clinical: bool = False) -> pd.Series:
    """Add up the disease activity index from its 24 yes/no descriptors.

    Parameters
    ----------
    items : pandas.DataFrame
        One row per patient and visit, with the 24 columns named in ``SLEDAI_ITEMS["id"]``; cells are
        True/False, 1/0, or missing. Other columns are ignored, except the optional yes/no columns
        ``proteinuria_stable``, ``rash_stable``, ``alopecia_stable`` and ``mucosal_ulcer_stable``: the finding is
        present, but neither new, nor recurrent, nor recently worse. Without these columns nothing is stable.
    version : {"2K", "SELENA", "SLEDAI", "hybrid"}
        ``"2K"`` counts stable findings. ``"SELENA"`` does not count stable proteinuria. ``"SLEDAI"`` counts
        neither stable proteinuria nor stable rash, alopecia or mucosal ulcers. ``"hybrid"`` is SELENA-SLEDAI with
        the proteinuria item of SLEDAI-2K: it counts stable findings too.
    clinical : bool, default False
        Leave out the two serology descriptors, low complement and raised anti-dsDNA. Their columns are then not
        needed and not read, and the highest total is 101.

    Returns
    -------
    pandas.Series
        Totals from 0 to 105, dtype ``Int64``, with the index of `items` and the name ``"sledai"``. The total is
        missing (``pd.NA``) where any descriptor that the version needs is missing.

    Raises
    ------
    InputError
        If `version` is unknown, a column is missing, there twice or nearly misspelt, a cell is not yes/no, or a finding is marked
        stable where it is not present. Bad cells are listed together with row, column and value.

    See Also
    --------
    lupus_kit.endpoints.sledai_descriptors : makes the descriptors from raw findings.

    Notes
    -----
    The versions also differ inside some definitions (joint count, serositis, eye signs). A yes/no descriptor
    cannot show that: whoever records the item applies the definition of the version. So ``"hybrid"`` and ``"2K"``
    give the same total for the same descriptors; they differ in how the descriptors are recorded.

    References
    ----------
    Bombardier C, et al. Arthritis Rheum 1992;35:630-640. Gladman DD, et al. J Rheumatol 2002;29:288-291.
    Petri M, et al. N Engl J Med 2005;353:2550-2558.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import SLEDAI_ITEMS
    >>> visit = pd.DataFrame(False, index=["Ann"], columns=SLEDAI_ITEMS["id"])
    >>> visit[["arthritis", "proteinuria", "rash", "dna_binding"]] = True
    >>> visit["proteinuria_stable"] = True
    >>> [int(sledai(visit, version).loc["Ann"]) for version in ("SLEDAI", "SELENA", "2K", "hybrid")]
    [8, 8, 12, 12]
    >>> int(sledai(visit, "2K", clinical=True).loc["Ann"])
    10
    """
    require_choice("SLEDAI version", version, STABLE_SCORES_ZERO)
    require_switch("clinical", clinical)
    counted = [item for item in ITEMS if not (clinical and item.id in SEROLOGY_IDS)]
    optional = [f"{name}_stable" for name in STABLE_IDS]
    given = [name for name in optional if name in require_frame(items, "items").columns]
    require_columns(items, [*(item.id for item in counted), *given], "items")
    refuse_slips(items, optional, "items")

    problems = BadCells("the SLEDAI items")
    total, unknown = np.zeros(len(items), dtype=np.int16), np.zeros(len(items), dtype=bool)
    for item in counted:
        present = yes_no(items, item.id, problems)
        if f"{item.id}_stable" in given:
            stable = yes_no(items, f"{item.id}_stable", problems)
            wrong = known_true(stable & ~present)
            problems.add(items, f"{item.id}_stable", wrong, f"a finding cannot be stable where {item.id!r} is absent")
            if item.id in STABLE_SCORES_ZERO[version]:
                # A finding that is unknown stays unknown, whatever is said about recency.
                present = (present & ~stable).mask(present.isna())
        total += np.int16(item.weight) * known_true(present)
        unknown |= present.isna().to_numpy()  # the total is missing where a descriptor is
    problems.raise_if_any()
    return pd.Series(pd.arrays.IntegerArray(total.astype(np.int64), unknown), index=items.index, name="sledai")
