"""DORIS 2021: remission in systemic lupus erythematosus, clause by clause, with the reason for every visit."""

import pandas as pd

from lupus_kit.endpoints.rules.states import none_of, pga_and_dose, read_state, state_table, treatment_clauses
from lupus_kit.endpoints.sledai.items import ITEMS, SEROLOGY_IDS

PGA_LIMIT = 0.50
PREDNISONE_LIMIT = 5

#: Points of the 22 clinical descriptors: all but the two of serology.
CLINICAL_POINTS: dict[str, int] = {item.id: item.weight for item in ITEMS if item.id not in SEROLOGY_IDS}
CLINICAL_IDS: tuple[str, ...] = tuple(CLINICAL_POINTS)


def doris(visits: pd.DataFrame, *, missing: str = "nonresponder", events: str = "composite") -> pd.DataFrame:
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
    missing : {"nonresponder", "observed"}
        What to do where missing data leave the answer open: count the visit as not in remission, or leave
        ``doris`` missing (``pd.NA``).
    events : {"composite", "while_on_treatment", "treatment_policy", "hypothetical"}
        The strategy for the intercurrent events ``rescue``, ``disallowed_medication`` and ``withdrawn`` (optional yes/no
        columns), as for ``sri``.

    Returns
    -------
    pandas.DataFrame
        One row per row of `visits`, sorted by patient and week: ``patient``, ``visit``, ``week``, ``arm`` (if
        given), ``clinical_sledai``, ``pga``, ``prednisone_mg_day``, the clauses ``sledai_clause``,
        ``pga_clause``, ``prednisone_clause`` and ``maintenance_clause`` (if ``maintenance_stable`` is given),
        ``event_clause`` (if there are events, under ``"composite"``; else ``after_event``),
        ``doris``, ``imputed`` (true where only missing data made the answer no), ``reason``. Clauses and ``doris``
        are nullable booleans.

    Raises
    ------
    InputError
        If columns are missing, cells are not allowed (all are listed), a patient has two rows for one week, the
        name of an optional column is misspelt, or an option is unknown.

    See Also
    --------
    sri, sri50, bicla, lldas

    Notes
    -----
    A clause fails as soon as the recorded values fail it, and passes only when all it needs is recorded; one failed
    clause decides. PGA and dose keep all their decimals: 0.50 fails and 0.496 passes.

    The recommendation is printed with "5 mg/day or less" in its abstract and "<5" in a table; the rule follows
    the first. Definitions before 2021 allowed a PGA of exactly 0.5. Without a column ``maintenance_stable`` the
    stability of the treatment is not asked. A visit without a row is not in the result: give it a row with empty
    cells to have it counted.

    The definition speaks of a visit and has no clause on events. As an endpoint of a trial it answers as every other
    does: by default a state that was reached after rescue, with a forbidden medicine or after leaving does not count
    (``event_clause``). For the bare state, in a cohort under routine care, take ``events="treatment_policy"``. Under
    ``"while_on_treatment"`` the state at the last visit before the event stands, its first visit included.

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
    state = read_state(visits, CLINICAL_IDS, ["maintenance_stable"], events, missing)
    findings = state.recorded[list(CLINICAL_IDS)]
    active = none_of("clinical activity: ", findings, "missing descriptors: ", findings.isna())
    asked = f"below {PGA_LIMIT:.2f}", f"{PREDNISONE_LIMIT} or less"
    maintenance = "maintenance_stable", "stable", "stable"
    others = treatment_clauses(state, state.pga < PGA_LIMIT, state.dose <= PREDNISONE_LIMIT, asked, maintenance)
    points = sum(CLINICAL_POINTS[name] * findings[name].astype("Int16") for name in findings)
    clinical = {"clinical_sledai": points.astype("Int64")}
    return state_table(state, "DORIS", clinical | pga_and_dose(state), {"sledai_clause": active, **others}, missing)
