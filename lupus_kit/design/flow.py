"""The flow of participants through a trial, as the CONSORT 2025 diagram counts it, from tables of visits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lupus_kit.core.columns import require_columns
from lupus_kit.core.errors import InputError, is_number, is_whole

_STAGES = ("enrolment", "allocation", "follow-up", "analysis")


def participant_flow(
    data: Any,
    weeks: Sequence[float] | None = None,
    primary_week: float | None = None,
    outcome: str | None = None,
    reasons: Mapping[str, str] | None = None,
    excluded: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Count the participants at each stage of a trial.

    Parameters
    ----------
    data : pandas.DataFrame, or a cohort or visit file
        Visits: one row a patient and visit, with columns ``patient``, ``arm`` and ``week``; or something that has them as
        ``visits``, such as ``cohort.what_if(...)`` or ``endpoints.read_visit_file(...)``. Whoever is in it was randomised.
    weeks : sequence of number, optional
        Follow-up visits to show; by default all after week 0.
    primary_week : number, optional
        Visit of the primary outcome; by default the first of the weeks.
    outcome : str, optional
        Column of the primary outcome; whoever has it empty at that visit is not analysed. By default a visit is enough.
    reasons : mapping of str to str, optional
        Why a patient was not analysed, by patient.
    excluded : mapping of str to int, optional
        People who were assessed and not randomised, by reason. The visits do not tell of them: without it they are "not
        in the data".

    Returns
    -------
    pandas.DataFrame
        Columns ``stage`` (enrolment, allocation, follow-up, analysis), ``arm`` (empty at enrolment), ``what`` and ``n``
        (empty where the data do not tell), in the order of the diagram.

    Raises
    ------
    InputError
        A column is missing, a patient has no arm or two, a week that nobody was seen at, or a number below 0.

    See Also
    --------
    he2020

    References
    ----------
    Hopewell S, Chan AW, Collins GS, et al. CONSORT 2025 statement. BMJ 2025;388:e081123, items 22a and 22b (read at
    consort-spirit.org).

    Examples
    --------
    >>> visits = pd.DataFrame({"patient": ["a", "b", "a", "c"], "arm": ["x", "y", "x", "y"], "week": [0, 0, 12, 0]})
    >>> participant_flow(visits).query("stage == 'analysis'")[["arm", "what", "n"]].values.tolist()[2]
    ['y', 'analysed for the primary outcome, week 12', 0]
    """
    visits = data if isinstance(data, pd.DataFrame) else getattr(data, "visits", None)
    if not isinstance(visits, pd.DataFrame):
        raise InputError(f"data is a {type(data).__name__}: give a table of visits, a cohort or a visit file.")
    require_columns(visits, ["patient", "arm", "week", *([] if outcome is None else [outcome])], "the table of visits")
    if visits["patient"].isna().any():
        raise InputError("a row of the table of visits has no patient: fill it in.")
    arms = visits.groupby("patient", sort=False)["arm"].agg(["nunique", "first"])
    if bad := arms.index[arms["nunique"] != 1].tolist():
        raise InputError(f"patient {bad[0]!r} and {len(bad) - 1} more have no arm, or more than one: give each one.")
    if not pd.api.types.is_numeric_dtype(visits["week"]):
        raise InputError("the column 'week' of the table of visits holds text: give weeks as numbers.")
    there = sorted(week for week in visits["week"].dropna().unique().tolist() if week > 0)
    shown = there if weeks is None else [weeks] if is_number(weeks) else list(weeks)
    primary = primary_week if primary_week is not None else next(iter(shown), None)
    if unseen := [week for week in [*shown, primary] if week not in there]:
        at = ", ".join(f"{week:g}" for week in there)
        listed = f"follow-up visits are at {at}" if at else "no visit after week 0"
        raise InputError(f"nobody was seen at week {unseen[0]} in the table of visits: {listed}.")
    if strange := [patient for patient in reasons or {} if patient not in arms.index]:
        raise InputError(
            f"reasons name {strange[0]!r}, who is not in the data: name patients as the table of visits does."
        )
    why_not = dict(excluded or {})
    if bad := [reason for reason, number in why_not.items() if not is_whole(number, 0)]:
        raise InputError(f"excluded[{bad[0]!r}] == {why_not[bad[0]]!r}: must be a whole number of 0 or more.")
    out = None if excluded is None else sum(why_not.values())
    rows: list[tuple[str, str, str, int | None]] = [
        ("enrolment", "", "assessed for eligibility", None if out is None else len(arms) + out),
        ("enrolment", "", "excluded", out),
        *(("enrolment", "", f"excluded: {reason}", int(number)) for reason, number in why_not.items()),
        ("enrolment", "", "randomised", len(arms)),
    ]
    measured = visits if outcome is None else visits[visits[outcome].notna()]
    analysed = set(measured.loc[measured["week"] == primary, "patient"])
    for arm, members in arms.groupby("first", sort=False):
        patients = set(members.index)
        rows.append(("allocation", str(arm), "allocated", len(patients)))
        rows.append(("allocation", str(arm), "received the intervention", None))
        for week in shown:
            seen = len(patients & set(visits.loc[visits["week"] == week, "patient"]))
            rows.append(("follow-up", str(arm), f"seen at week {week:g}", seen))
            rows.append(("follow-up", str(arm), f"not seen at week {week:g}", len(patients) - seen))
        lost = sorted(patients - analysed, key=str)
        told = Counter(f"not analysed: {(reasons or {}).get(patient, 'reason not given')}" for patient in lost)
        counts = {f"analysed for the primary outcome, week {primary:g}": len(patients) - len(lost)}
        counts |= {"not analysed": len(lost), **told}
        rows += [("analysis", str(arm), what, number) for what, number in counts.items()]
    flow = pd.DataFrame(rows, columns=["stage", "arm", "what", "n"]).astype({"n": "Int64"})
    return flow.sort_values("stage", key=lambda stage: stage.map(_STAGES.index), kind="stable", ignore_index=True)
