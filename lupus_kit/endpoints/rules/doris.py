"""DORIS 2021: remission in systemic lupus erythematosus, clause by clause, with the reason for every visit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, flags, require_choice, require_switch
from lupus_kit.endpoints.rules.logic import NO, UNKNOWN, YES, clause, integer_column, none_of
from lupus_kit.endpoints.rules.phrases import constant, spell
from lupus_kit.endpoints.rules.states import (
    MISSING,
    WEIGHTS,
    descriptors,
    hundredths,
    listing,
    read_rows,
    state_table,
)
from lupus_kit.endpoints.sledai.items import ITEM_IDS, SEROLOGY_IDS

PGA_LIMIT_HUNDREDTHS = 50
PREDNISONE_LIMIT_HUNDREDTHS = 500

CLINICAL_IDS: tuple[str, ...] = tuple(name for name in ITEM_IDS if name not in SEROLOGY_IDS)
_CLINICAL_WEIGHTS = WEIGHTS[[ITEM_IDS.index(name) for name in CLINICAL_IDS]]


def doris(visits: pd.DataFrame, *, prednisone_below_5: bool = False, missing: str = "nonresponder") -> pd.DataFrame:
    """Decide for every patient and visit whether DORIS 2021 remission is reached, and say why.

    A visit is in remission when all of these hold: clinical SLEDAI, that is SLEDAI without low complement and
    anti-dsDNA, is 0; the physician's global assessment (PGA, 0 to 3) is below 0.5; and prednisolone is 5 mg a day
    or less. Stable antimalarials, immunosuppressants and biologics are allowed. No duration is asked for.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, in any order, with ``patient``, ``visit`` (name), ``week`` (0 or later), the
        22 clinical yes/no columns of ``SLEDAI_ITEMS["id"]``, ``pga`` (0-3) and ``prednisone_mg_day`` (mg a day,
        prednisolone equivalent). Optional: ``arm`` and the yes/no column ``maintenance_stable``. Cells may be
        missing; other columns, also the two of serology, are ignored.
    prednisone_below_5 : bool
        Ask for less than 5 mg a day instead of 5 or less.
    missing : {"nonresponder", "observed"}
        What to do where missing data leave the answer open: count the visit as not in remission, or leave
        ``doris`` missing (``pd.NA``).

    Returns
    -------
    pandas.DataFrame
        One row per row of `visits`, sorted by patient and week: ``patient``, ``visit``, ``week``, ``arm`` (if
        given), ``clinical_sledai``, ``pga`` (two decimals), ``prednisone_mg_day``, the clauses ``sledai_clause``,
        ``pga_clause``, ``prednisone_clause`` and ``maintenance_clause`` (if ``maintenance_stable`` is given),
        ``doris``, ``imputed`` (true where only missing data made the answer no), ``reason``. Clauses and ``doris``
        are nullable booleans.

    Raises
    ------
    InputError
        If columns are missing, cells are not allowed (all are listed), a patient has two rows for one week, the
        name of an optional column is misspelt, or an option is unknown.

    Notes
    -----
    A clause fails as soon as the recorded values fail it, and passes only when all it needs is recorded; one failed
    clause decides. PGA and dose are read to two decimals, so 0.50 fails and 0.49 passes.

    The recommendation is printed with "5 mg/day or less" in its abstract and "<5" in a table; the default follows
    the first. Definitions before 2021 allowed a PGA of exactly 0.5. Without a column ``maintenance_stable`` the
    stability of the treatment is not asked. A visit without a row is not in the result: give it a row with empty
    cells to have it counted.

    References
    ----------
    van Vollenhoven RF, et al. Lupus Sci Med 2021;8:e000538.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import SLEDAI_ITEMS
    >>> visits = pd.DataFrame(0, index=range(2), columns=SLEDAI_ITEMS["id"])
    >>> visits = visits.assign(patient="Ann", visit=["baseline", "week 12"], week=[0, 12], pga=[0.5, 0.4],
    ...                        prednisone_mg_day=[5, 5], low_complement=[1, 1])
    >>> doris(visits)["reason"].tolist()
    ['Not in DORIS: PGA is 0.50 (it must be below 0.50).', 'In DORIS: every clause is met.']
    """
    require_choice("way to handle missing data", missing, MISSING)
    require_switch("prednisone_below_5", prednisone_below_5)
    rows = read_rows(visits, [*CLINICAL_IDS, "pga", "prednisone_mg_day"], ["maintenance_stable"])
    problems = BadCells("the visit table")
    items = descriptors(rows.table, CLINICAL_IDS, problems)
    pga = hundredths(rows.table, "pga", problems, 0, 3)
    dose = hundredths(rows.table, "prednisone_mg_day", problems, 0, 5000)
    stable = flags(rows.table, "maintenance_stable", problems) if "maintenance_stable" in rows.table.columns else None
    problems.raise_if_any()

    limit = PREDNISONE_LIMIT_HUNDREDTHS
    too_much = dose >= limit if prednisone_below_5 else dose > limit
    gap: np.ndarray = (items == UNKNOWN).any(axis=1)
    clauses = {
        "sledai_clause": none_of(items),
        "pga_clause": clause(pga >= PGA_LIMIT_HUNDREDTHS, np.isnan(pga)),
        "prednisone_clause": clause(too_much, np.isnan(dose)),
    }
    asked = "below 5" if prednisone_below_5 else "5 or less"
    dose_words = f"prednisolone is {{:g}} mg a day (it must be {asked})"
    failed = [
        listing("clinical activity: ", items == YES, CLINICAL_IDS),
        spell(
            np.nan_to_num(pga), lambda h: f"PGA is {h / 100:.2f} (it must be below 0.50)", clauses["pga_clause"] == NO
        ),
        spell(np.nan_to_num(dose), lambda h: dose_words.format(h / 100), clauses["prednisone_clause"] == NO),
    ]
    unknown = [
        listing("missing descriptors: ", items == UNKNOWN, CLINICAL_IDS),
        constant("PGA is missing", np.isnan(pga)),
        constant("the prednisolone dose is missing", np.isnan(dose)),
    ]
    if stable is not None:
        clauses["maintenance_clause"] = stable
        failed.append(constant("maintenance treatment is not stable", stable == NO))
        unknown.append(constant("it is not recorded whether maintenance treatment is stable", stable == UNKNOWN))
    values: dict[str, object] = {
        "clinical_sledai": integer_column(np.where(gap, np.nan, np.maximum(items, 0) @ _CLINICAL_WEIGHTS)),
        "pga": pga / 100,
        "prednisone_mg_day": dose / 100,
    }
    return state_table(rows, "DORIS", values, clauses, missing, failed, unknown)
