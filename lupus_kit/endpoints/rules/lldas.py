"""LLDAS: the Lupus Low Disease Activity State, clause by clause, with the reason for every visit."""

import pandas as pd

from lupus_kit.endpoints.rules.reasons import names_of, words_where
from lupus_kit.endpoints.rules.states import Clause, none_of, pga_and_dose, read_state, state_table, treatment_clauses
from lupus_kit.endpoints.sledai.items import ITEM_IDS, ITEMS, SLEDAI_ITEMS

SLEDAI_LIMIT = 4
PGA_LIMIT = 1.00
PREDNISONE_LIMIT = 7.5

#: Descriptors that are never allowed: renal, central nervous system, pleurisy, pericarditis, vasculitis, fever.
_MAJOR_DOMAINS = ("renal", "central nervous system", "serosal", "vascular")
MAJOR_IDS: tuple[str, ...] = tuple(item.id for item in ITEMS if item.domain in _MAJOR_DOMAINS or item.id == "fever")

#: Activity that the index does not score and LLDAS does not allow; optional columns.
OTHER_ACTIVITY = ("haemolytic_anaemia", "gi_activity")


def lldas(visits: pd.DataFrame, *, missing: str = "nonresponder", events: str = "composite") -> pd.DataFrame:
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
    missing : {"nonresponder", "observed"}
        What to do where missing data leave the answer open: count the visit as not in LLDAS, or leave ``lldas``
        missing (``pd.NA``).
    events : {"composite", "while_on_treatment", "treatment_policy", "hypothetical"}
        The strategy for the intercurrent events ``rescue``, ``disallowed_medication`` and ``withdrawn`` (optional yes/no
        columns), as for ``sri``.

    Returns
    -------
    pandas.DataFrame
        One row per row of `visits`, sorted by patient and week: ``patient``, ``visit``, ``week``, ``arm`` (if
        given), ``sledai`` (total), ``pga``, ``prednisone_mg_day``, the clauses ``sledai_clause``
        and ``organ_clause`` (together clause 1), ``new_feature_clause``, ``pga_clause``, ``prednisone_clause`` and
        ``maintenance_clause`` (if given), ``event_clause`` (if there are events, under ``"composite"``; else
        ``after_event``), ``lldas``, ``imputed`` (true where only missing data made the answer
        no), ``reason``. Clauses and ``lldas`` are nullable booleans.

    Raises
    ------
    InputError
        If columns are missing, cells are not allowed (all are listed), a patient has two rows for one week, the
        name of an optional column is misspelt, or an option is unknown.

    See Also
    --------
    sri, sri50, bicla, doris

    Notes
    -----
    A clause fails as soon as the recorded values fail it, and passes only when all it needs is recorded; one failed
    clause decides.

    The kit's readings. New features are descriptors absent at the previous visit and present now; publications also
    use flares or BILAG for this clause. The previous visit is the last earlier one with any descriptor recorded, so
    an empty row does not hide the visit before it. At a first visit a descriptor that is present may be new or not, so
    clause 2 is missing; without any descriptor it is met. Low complement and raised anti-dsDNA count as features of lupus
    disease activity: the definition does not name serology. What an absent optional column would say is not asked: without
    ``haemolytic_anaemia`` and ``gi_activity`` the organ clause rests on the descriptors, and without
    ``maintenance_ok`` there is no clause 5. A column that is there with an empty cell is missing data. A visit
    without a row is not in the result: give it a row with empty cells to have it counted.
    PGA and dose keep all their decimals.

    The definition speaks of a visit and has no clause on events. As an endpoint of a trial it answers as every other
    does: by default a state that was reached after rescue, with a forbidden medicine or after leaving does not count
    (``event_clause``). For the bare state, in a cohort under routine care, take ``events="treatment_policy"``. Under
    ``"while_on_treatment"`` the state at the last visit before the event stands, its first visit included.

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
    """
    state = read_state(visits, ITEM_IDS, [*OTHER_ACTIVITY, "maintenance_ok"], events, missing)
    recorded = state.recorded
    now = recorded[list(ITEM_IDS)]

    # What is on record may exceed the limit although a descriptor is missing.
    recorded_points = pd.Series(now.to_numpy(dtype=bool, na_value=False) @ SLEDAI_ITEMS["weight"].to_numpy())
    sledai = recorded_points.astype("Int64").where(now.notna().all(axis=1))
    low_sledai = (sledai <= SLEDAI_LIMIT).mask(recorded_points > SLEDAI_LIMIT, False)

    other = recorded[[name for name in OTHER_ACTIVITY if name in recorded]]
    not_allowed = now[list(MAJOR_IDS)].join(other)

    visit_before = state.rows.visit_before(now.notna().any(axis=1))
    before = now.reindex(visit_before).reset_index(drop=True)
    new = now & ~before
    unsure = now & new.isna()

    def total_too_high(points: int, incomplete: bool) -> str:
        return f"SLEDAI-2K is {'at least ' if incomplete else ''}{points} (it must be {SLEDAI_LIMIT} or less)"

    open_, not_told = "it is not recorded whether", "no earlier visit tells whether"
    too_high = words_where(~low_sledai, total_too_high, recorded_points, sledai.isna())
    clauses = {
        "sledai_clause": Clause(low_sledai, too_high, names_of("missing descriptors: ", now.isna())),
        "organ_clause": none_of("activity that is not allowed: ", not_allowed, f"{open_} there is: ", other.isna()),
        "new_feature_clause": none_of("new since the previous visit: ", new, f"{not_told} this is new: ", unsure),
    }
    asked = f"{PGA_LIMIT:.2f} or less", f"{PREDNISONE_LIMIT:g} or less"
    maintenance = "maintenance_ok", "standard and well tolerated", "tolerated"
    clauses |= treatment_clauses(state, state.pga <= PGA_LIMIT, state.dose <= PREDNISONE_LIMIT, asked, maintenance)
    return state_table(state, "LLDAS", {"sledai": sledai} | pga_and_dose(state), clauses, missing)
