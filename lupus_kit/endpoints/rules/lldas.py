"""LLDAS: the Lupus Low Disease Activity State, clause by clause, with the reason for every visit."""

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
from lupus_kit.endpoints.sledai.items import ITEM_IDS, SEROLOGY_IDS, SLEDAI_ITEMS

SLEDAI_LIMIT = 4
PGA_LIMIT_HUNDREDTHS = 100
PREDNISONE_LIMIT_HUNDREDTHS = 750

#: Descriptors that are never allowed: renal, central nervous system, pleurisy, pericarditis, vasculitis, fever.
MAJOR_IDS: tuple[str, ...] = tuple(
    SLEDAI_ITEMS["id"][
        SLEDAI_ITEMS["domain"].isin(["renal", "central nervous system", "serosal", "vascular"])
        | (SLEDAI_ITEMS["id"] == "fever")
    ]
)

#: Ways to treat a first visit, which has no previous one.
FIRST_VISIT = ("open", "met")

#: Activity that the index does not score and LLDAS does not allow; optional columns.
OTHER_ACTIVITY = ("haemolytic_anaemia", "gi_activity")

_MAJOR = [ITEM_IDS.index(name) for name in MAJOR_IDS]
_SEROLOGY = [ITEM_IDS.index(name) for name in SEROLOGY_IDS]


def _new_features(items: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mark descriptors that are new, and those that cannot be told: present or missing now, not known before."""
    new = (items == YES) & (before == NO)
    hidden = ((items == YES) & (before == UNKNOWN)) | ((items == UNKNOWN) & (before != YES))
    return new, hidden


def lldas(
    visits: pd.DataFrame,
    *,
    first_visit: str = "open",
    serology_is_new: bool = True,
    missing: str = "nonresponder",
) -> pd.DataFrame:
    """Decide for every patient and visit whether the Lupus Low Disease Activity State is reached, and say why.

    A visit is in LLDAS when all of these hold: (1) SLEDAI-2K is 4 or less, with no renal, central nervous system
    or vasculitis descriptor, no pleurisy, pericarditis or fever, no haemolytic anaemia and no gastrointestinal
    activity; (2) no descriptor is new since the previous visit; (3) the physician's global assessment (PGA, 0 to
    3) is 1 or less; (4) prednisolone is 7.5 mg a day or less; (5) standard maintenance treatment is well tolerated.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, in any order, with ``patient``, ``visit`` (name), ``week`` (0 or later), the
        24 yes/no columns of ``SLEDAI_ITEMS["id"]`` recorded as SLEDAI-2K, ``pga`` (0-3) and ``prednisone_mg_day``
        (mg a day, prednisolone equivalent). Optional: ``arm``, and the yes/no columns ``haemolytic_anaemia``,
        ``gi_activity`` and ``maintenance_ok``. Cells may be missing; other columns are ignored.
    first_visit : {"open", "met"}
        What a first visit, which has no previous one, does to clause 2. ``"open"``: a descriptor that is present
        may be new or not, so the clause is missing; without any descriptor it is met. ``"met"``: nothing is new.
    serology_is_new : bool
        Whether low complement or raised anti-dsDNA, absent before and present now, is a new feature in clause 2.
        The definition says "features of lupus disease activity" and does not name serology.
    missing : {"nonresponder", "observed"}
        What to do where missing data leave the answer open: count the visit as not in LLDAS, or leave ``lldas``
        missing (``pd.NA``).

    Returns
    -------
    pandas.DataFrame
        One row per row of `visits`, sorted by patient and week: ``patient``, ``visit``, ``week``, ``arm`` (if
        given), ``sledai`` (total), ``pga`` (two decimals), ``prednisone_mg_day``, the clauses ``sledai_clause``
        and ``organ_clause`` (together clause 1), ``new_feature_clause``, ``pga_clause``, ``prednisone_clause`` and
        ``maintenance_clause`` (if given), ``lldas``, ``imputed`` (true where only missing data made the answer
        no), ``reason``. Clauses and ``lldas`` are nullable booleans.

    Raises
    ------
    InputError
        If columns are missing, cells are not allowed (all are listed), a patient has two rows for one week, the
        name of an optional column is misspelt, or an option is unknown.

    Notes
    -----
    A clause fails as soon as the recorded values fail it, and passes only when all it needs is recorded; one failed
    clause decides.

    The kit's readings. New features are descriptors absent at the previous visit and present now; publications also
    use flares or BILAG for this clause. The previous visit is the last earlier one with any descriptor recorded, so
    an empty row does not hide the visit before it. What an absent optional column would say is not asked: without
    ``haemolytic_anaemia`` and ``gi_activity`` the organ clause rests on the descriptors, and without
    ``maintenance_ok`` there is no clause 5. A column that is there with an empty cell is missing data. A visit
    without a row is not in the result: give it a row with empty cells to have it counted.
    PGA and dose are read to two decimals.

    References
    ----------
    Franklyn K, et al. Ann Rheum Dis 2016;75:1615-1621.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import SLEDAI_ITEMS
    >>> visits = pd.DataFrame(0, index=range(2), columns=SLEDAI_ITEMS["id"])
    >>> visits = visits.assign(patient="Ann", visit=["baseline", "week 12"], week=[0, 12], pga=[0.8, 0.5],
    ...                        prednisone_mg_day=[7.5, 10], rash=[1, 1])
    >>> lldas(visits)["reason"].iloc[1]
    'Not in LLDAS: prednisolone is 10 mg a day (it must be 7.5 or less).'
    >>> lldas(visits, first_visit="met")["lldas"].tolist()
    [True, False]
    """
    require_choice("way to handle missing data", missing, MISSING)
    require_choice("way to treat a first visit", first_visit, FIRST_VISIT)
    require_switch("serology_is_new", serology_is_new)
    rows = read_rows(visits, [*ITEM_IDS, "pga", "prednisone_mg_day"], [*OTHER_ACTIVITY, "maintenance_ok"])
    problems = BadCells("the visit table")
    items = descriptors(rows.table, ITEM_IDS, problems)
    pga = hundredths(rows.table, "pga", problems, 0, 3)
    dose = hundredths(rows.table, "prednisone_mg_day", problems, 0, 5000)
    asked = [name for name in OTHER_ACTIVITY if name in rows.table.columns]
    organs = np.column_stack([items[:, _MAJOR], *(flags(rows.table, name, problems) for name in asked)])
    maintained = flags(rows.table, "maintenance_ok", problems) if "maintenance_ok" in rows.table.columns else None
    problems.raise_if_any()

    previous = rows.previous((items != UNKNOWN).any(axis=1))
    none_before = (previous == -1)[:, None]
    before = np.where(none_before, UNKNOWN if first_visit == "open" else YES, items[previous])
    new, hidden = _new_features(items, before)
    if not serology_is_new:
        new[:, _SEROLOGY] = hidden[:, _SEROLOGY] = False
    low: np.ndarray = np.maximum(items, 0) @ WEIGHTS  # what is recorded; the total can only be higher
    gap: np.ndarray = (items == UNKNOWN).any(axis=1)
    clauses = {
        "sledai_clause": clause(low > SLEDAI_LIMIT, gap),
        "organ_clause": none_of(organs),
        "new_feature_clause": clause(np.asarray(new.any(axis=1)), np.asarray(hidden.any(axis=1))),
        "pga_clause": clause(pga > PGA_LIMIT_HUNDREDTHS, np.isnan(pga)),
        "prednisone_clause": clause(dose > PREDNISONE_LIMIT_HUNDREDTHS, np.isnan(dose)),
    }
    dose_words = "prednisolone is {:g} mg a day (it must be 7.5 or less)"
    failed = [
        spell(2 * low + gap, _say_total, clauses["sledai_clause"] == NO),
        listing("activity that is not allowed: ", organs == YES, [*MAJOR_IDS, *asked]),
        listing("new since the previous visit: ", new, ITEM_IDS),
        spell(
            np.nan_to_num(pga), lambda h: f"PGA is {h / 100:.2f} (it must be 1.00 or less)", clauses["pga_clause"] == NO
        ),
        spell(np.nan_to_num(dose), lambda h: dose_words.format(h / 100), clauses["prednisone_clause"] == NO),
    ]
    unknown = [
        listing("missing descriptors: ", items == UNKNOWN, ITEM_IDS),
        listing("it is not recorded whether there is: ", organs[:, len(_MAJOR) :] == UNKNOWN, asked),
        listing("no earlier visit tells whether this is new: ", hidden & (items == YES), ITEM_IDS),
        constant("PGA is missing", np.isnan(pga)),
        constant("the prednisolone dose is missing", np.isnan(dose)),
    ]
    if maintained is not None:
        clauses["maintenance_clause"] = maintained
        failed.append(constant("maintenance treatment is not standard and well tolerated", maintained == NO))
        unknown.append(constant("it is not recorded whether maintenance treatment is tolerated", maintained == UNKNOWN))
    values: dict[str, object] = {
        "sledai": integer_column(np.where(gap, np.nan, low)),
        "pga": pga / 100,
        "prednisone_mg_day": dose / 100,
    }
    return state_table(rows, "LLDAS", values, clauses, missing, failed, unknown)


def _say_total(code: int) -> str:
    """Say a total, coded as twice itself plus one where some descriptor is missing."""
    total, gap = divmod(code, 2)
    return f"SLEDAI-2K is {'at least ' if gap else ''}{total} (it must be {SLEDAI_LIMIT} or less)"
