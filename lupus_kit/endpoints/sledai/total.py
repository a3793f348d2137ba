"""SLEDAI, SELENA-SLEDAI, SLEDAI-2K and hybrid totals, and their parts by organ domain, from the 24 descriptors."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from lupus_kit.core.cells import (
    BadCells,
    flags,
    refuse_slips,
    require_choice,
    require_columns,
    require_frame,
    require_switch,
)
from lupus_kit.endpoints.sledai.items import ITEMS, SEROLOGY_IDS, STABLE_IDS, STABLE_SCORES_ZERO, SledaiItem


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
    return _add_up(items, version, clinical, lambda _: "sledai")["sledai"]


def sledai_domains(items: pd.DataFrame, version: str = "2K", *, clinical: bool = False) -> pd.DataFrame:
    """Split the total by organ domain.

    Parameters
    ----------
    items, version, clinical
        As for :func:`sledai`.

    Returns
    -------
    pandas.DataFrame
        The index of `items`; one ``Int64`` column for each domain of ``SLEDAI_ITEMS["domain"]``, in the order of the
        form. With ``clinical=True`` the column ``"immunological"`` is not there. A cell is missing where a descriptor
        of its domain is missing; the columns add up to the total of :func:`sledai`.

    Raises
    ------
    InputError
        As for :func:`sledai`.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import SLEDAI_ITEMS, sledai_domains
    >>> visit = pd.DataFrame(False, index=["Ann"], columns=SLEDAI_ITEMS["id"])
    >>> visit[["casts", "proteinuria", "rash"]] = True
    >>> ann = sledai_domains(visit).loc["Ann"]
    >>> ann[ann > 0].to_dict()
    {'renal': 8, 'mucocutaneous': 2}
    """
    return pd.DataFrame(_add_up(items, version, clinical, lambda item: item.domain))


def _add_up(
    items: pd.DataFrame, version: str, clinical: bool, part_of: Callable[[SledaiItem], str]
) -> dict[str, pd.Series]:
    """Add the weights within each part; one small array a part, so memory stays small for long tables."""
    points: dict[str, np.ndarray] = {}
    missing: dict[str, np.ndarray] = {}
    for item, counted in _counted(items, version, clinical):
        part = part_of(item)
        if part not in points:
            points[part] = np.zeros(len(items), dtype=np.int16)
            missing[part] = np.zeros(len(items), dtype=bool)
        points[part] += (counted == 1).view(np.int8) * np.int8(item.weight)
        missing[part] |= counted == -1
    return {
        part: pd.Series(pd.arrays.IntegerArray(total.astype(np.int64), missing[part]), index=items.index, name=part)
        for part, total in points.items()
    }


def _counted(items: pd.DataFrame, version: str, clinical: bool) -> Iterator[tuple[SledaiItem, np.ndarray]]:
    """Yield each descriptor of the version with 1 where it scores, 0 where not, -1 where unknown.

    Bad cells raise after the last descriptor, all of them together.
    """
    require_choice("SLEDAI version", version, STABLE_SCORES_ZERO)
    require_switch("clinical", clinical)
    wanted = [item for item in ITEMS if not (clinical and item.id in SEROLOGY_IDS)]
    optional = [f"{name}_stable" for name in STABLE_IDS]
    given = [name for name in optional if name in require_frame(items, "items").columns]
    require_columns(items, [*(item.id for item in wanted), *given], "items")
    refuse_slips(items, optional, "items")
    problems = BadCells("the SLEDAI items")
    for item in wanted:
        present = flags(items, item.id, problems)
        column = f"{item.id}_stable"
        if item.id in STABLE_IDS and column in items.columns:
            stable = flags(items, column, problems)
            absent_but_stable = (stable == 1) & (present == 0)
            problems.add(items, column, absent_but_stable, f"a finding cannot be stable where {item.id!r} is absent")
            if item.id in STABLE_SCORES_ZERO[version]:
                # Absent stays absent and unknown stays unknown, whatever is said about recency.
                present = np.where(present == 1, np.where(stable == -1, -1, 1 - stable), present)
        yield item, present
    problems.raise_if_any()
