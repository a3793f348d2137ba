"""From the weeks when visits happened to the visits that were planned: windows, screening, and rows that are kept apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.text import listing, plural
from lupus_kit.endpoints.visits.keys import WHO_AND_WHEN, recorded_rows
from lupus_kit.endpoints.visits.visit_table import EVENTS
from lupus_kit.endpoints.visits.weeks import SCREENING, UNSCHEDULED, read_when

#: What becomes of visits before baseline.
SCREENING_USES = ("apart", "baseline_if_missing")

_DAY = 1 / 7 + 1e-9
#: A plan that is read from the data leaves no visit further away than two weeks.
_SURE = 2.0
#: Where a table keeps its planned weeks.
_PLAN = "planned_weeks"
_EXTRA = "with a closer record of the same visit"

#: Planned weeks, and the days that a visit may be away; as texts they are "0,12,24", and "28" or "12=7,24=28".
Plan = Sequence[float] | str | None
Windows = float | Mapping[float, float] | str | None


def visit_names(weeks: np.ndarray) -> np.ndarray:
    """Name visits after their weeks: baseline, week 12."""
    words = {0.0: "baseline", SCREENING: "screening", UNSCHEDULED: "unscheduled"}
    names = {week: words.get(week, f"week {week:g}") for week in np.unique(weeks[~np.isnan(weeks)]).tolist()}
    return np.array([names.get(week) for week in weeks.tolist()], dtype=object)


def plan_visits(
    visits: pd.DataFrame, planned: Plan = None, windows: Windows = None, screening: str = "apart"
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Give every row the planned visit that it belongs to.

    A row belongs to the planned visit nearest to it, half-way between two to the later one; behind the last visit the
    window is as wide as before it. A row after baseline is never baseline. Of several rows of a patient at one visit the
    closest counts, of two equally close ones the later; a row without any value gives way. An event (rescue, a medicine
    that is not allowed, withdrawal) of a row after baseline that is kept apart counts at the patient's next visit.

    Parameters
    ----------
    visits : pandas.DataFrame
        ``patient``, ``visit`` and ``week`` (as it happened; below 0 before baseline), and what was recorded.
    planned : sequence of float or str, optional
        The planned weeks, such as ``[0, 12, 24]`` or ``"0,12,24"``. By default they are read from the data: weeks that
        more than half of the patients who come then or later have, in whole weeks, and whole weeks of patients who have
        the planned visit beside it as well. A table that was planned before keeps its plan (in ``attrs``).
    windows : float, mapping or str, optional
        Days that a visit may be away from its planned one: one number for all (28 in the BLISS trials), or by week, such as
        ``{12: 7, 24: 28}`` or ``"12=7,24=28"``.
    screening : {"apart", "baseline_if_missing"}
        Rows before baseline are kept apart, or the last of them is the baseline of a patient who has none.

    Returns
    -------
    visits : pandas.DataFrame
        The rows that count, at their planned weeks.
    left_out : pandas.DataFrame
        The others, with a column ``why``.
    notes : list of str
        What was assumed, and how many patients it touches.

    Raises
    ------
    InputError
        If the data do not say which visits were planned, or an option is unknown.

    Examples
    --------
    >>> came = pd.DataFrame({"patient": list("AABB"), "visit": "", "week": [0, 11.9, 0, 12.3], "pga": 1})
    >>> plan_visits(came, planned=[0, 12])[0]["week"].tolist()
    [0.0, 12.0, 0.0, 12.0]
    """
    require_choice("use of screening", screening, SCREENING_USES)
    week = visits["week"].to_numpy(dtype=float, na_value=np.nan)
    patient, names = pd.factorize(visits["patient"])
    later = (week > 0) & np.isfinite(week) & (patient >= 0)
    known = visits.attrs.get(_PLAN, ())
    if planned is None and len(known) > 1 and np.isin(week[later], known).all():
        planned = known  # planned before, as read_visit_file does
    plan = _given(planned) if planned is not None else _inferred(patient[later], week[later])
    at = _nearest(week, plan)
    at[later & (at == 0)] = np.nan
    days, said = _days(windows, plan)
    at[later & (np.abs(week - at) * 7 > days[np.searchsorted(plan, at) % len(plan)] + 1e-6)] = np.nan
    reasons = ["before baseline (screening)", "unscheduled", "in the window of no visit after baseline"]
    why = np.select([week < 0, week == UNSCHEDULED, later & np.isnan(at)], reasons, "").astype(object)
    notes: list[str] = []
    recorded = np.ones(len(visits), dtype=bool)
    if (week != at).any():
        recorded = recorded_rows(visits) | (not {*visits} - {*WHO_AND_WHEN})
    if screening != "apart":
        used = _baseline_from_screening(patient, week, recorded)
        at[used], why[used] = 0, ""
        if used.any():
            who = listing(names[patient[used]])
            notes.append(f"Screening was taken as the baseline of {plural(int(used.sum()), 'patient')}: {who}.")
    why[_give_way(patient, week, at, recorded, why == "")] = _EXTRA
    kept = why == ""
    settled = kept & ~np.isnan(week)
    moved = settled & (week != at) & (week > 0)
    shown = f"{listing(f'{one:g}' for one in plan)} ({said}; the closest record counts, of two equally close the later)"
    if moved.any():
        rows, whom = plural(int(moved.sum()), "row"), plural(len(np.unique(patient[moved])), "patient")
        notes.append(f"Visits as they happened went to the nearest of the planned weeks {shown}: {rows} of {whom}.")
    elif (later & ~kept).any():
        notes.append(f"The planned weeks are {shown}.")
    if not kept.all():
        whom = plural(len(np.unique(patient[~kept])), "patient")
        parts = pd.Series(why[~kept]).value_counts(sort=False)
        listed = listing(f"{plural(n, 'row')} {reason}" for reason, n in parts.items())
        notes.append(f"Kept apart and not scored, of {whom}: {listed}.")
    notes += _few(patient[kept], at[kept], len(names))
    out = visits[~kept].assign(why=why[~kept])
    if (settled & (week != at)).any():
        visits = _renamed(visits, week, at, settled)
    visits = _with_events(visits, week, at, kept, patient, notes)
    visits.attrs[_PLAN] = plan.tolist()
    return visits, out, notes


def _given(planned: Sequence[float] | str) -> np.ndarray:
    try:
        named = planned.split(",") if isinstance(planned, str) else planned
        weeks = np.unique(np.append(np.asarray(named, dtype=float), 0.0))
    except (TypeError, ValueError):
        weeks = np.array([np.nan])
    if not np.isfinite(weeks).all() or weeks[0] < 0 or len(weeks) < 2:
        raise InputError(f"planned is {planned!r}: give the weeks of the plan, from 0 on, such as [0, 12, 24].")
    return weeks


def _nearest(week: np.ndarray, plan: np.ndarray) -> np.ndarray:
    """Return the nearest planned week, half-way the later one; NaN outside the plan."""
    half_way = (plan[1:] + plan[:-1]) / 2
    inside = np.isfinite(week) & (week >= 0)
    return np.where(inside, plan[np.searchsorted(half_way, np.where(inside, week + 1e-9, 0), side="right")], np.nan)


def _days(windows: Windows, plan: np.ndarray) -> tuple[np.ndarray, str]:
    """Return how many days a row may be away from each planned week, beyond that no other is nearer; and the words."""
    days = np.full(len(plan), np.inf)
    if windows is None:
        days[-1] = 3.5 * np.diff(plan)[-1] if len(plan) > 1 else np.inf
        return days, "half-way windows"
    try:
        by_week: dict[Any, Any] = dict.fromkeys(plan.tolist(), windows)
        if isinstance(windows, str) and "=" in windows:
            by_week = dict(part.split("=") for part in windows.split(","))
        elif isinstance(windows, Mapping):
            by_week = {**windows}
        reach = {float(str(week)): float(str(day)) for week, day in by_week.items()}
    except ValueError:
        reach = {}
    if not reach or not all(day >= 0 for day in reach.values()) or not {*reach} <= {*plan.tolist()}:
        choice = f"days by planned week (of {', '.join(f'{week:g}' for week in plan)})"
        examples = "{12: 7, 24: 28} or 12=7,24=28"
        raise InputError(f"windows is {windows!r}: give days, 0 or more, such as 28, or {choice}, such as {examples}.")
    days[np.searchsorted(plan, [*reach])] = [*reach.values()]
    if isinstance(windows, Mapping) or "=" in str(windows):
        return days, f"windows of {listing(f'{day:g} days at week {week:g}' for week, day in reach.items())}"
    return days, f"windows of {days[0]:g} days"


def _inferred(patient: np.ndarray, week: np.ndarray) -> np.ndarray:
    """Read the planned weeks from the rows after baseline; raise where these do not say them."""
    if not len(week):
        return np.zeros(1)
    _, patient = np.unique(patient, return_inverse=True)
    last = np.zeros(patient.max() + 1)
    np.maximum.at(last, patient, week)
    last.sort()

    def shared(weeks: np.ndarray, of_those_left: bool = False) -> np.ndarray:
        """Return the weeks that more than half have: of all patients, or of those who come about then or later."""
        found, have = _patients_at(weeks, patient)
        gone = of_those_left * np.searchsorted(last, found - 2.5)
        return found[2 * have > len(last) - gone]

    def nearest(plan: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return each row's nearest planned week, its distance, and whether the patient has a closer row."""
        at = _nearest(week, plan)
        away = np.abs(week - at)
        cell = patient * len(plan) + np.searchsorted(plan, at)
        closest = np.full(len(last) * len(plan), np.inf)
        np.minimum.at(closest, cell, away)
        return at, away, (closest[cell] < away) | (at == 0)

    whole = np.rint(week)
    plan = shared(week)
    plan = np.where(np.abs(plan - np.rint(plan)) <= _DAY, np.rint(plan), plan)
    for of_those_left in (False, True):
        _, _, has_closer = nearest(np.unique([0.0, *plan]))
        further = [one for one in shared(whole, of_those_left) if (np.abs(plan - one) > 1).all() and one > 0]
        if of_those_left:  # a visit of its own, not a late one
            further = [one for one in further if 2 * has_closer[whole == one].sum() > (whole == one).sum()]
        plan = np.union1d(plan, further)
    plan = np.unique([0.0, *plan])
    _, away, has_closer = nearest(plan)
    beside = np.unique(week[(away > 0) & (week == whole)])
    own = [one for one in beside if 2 * has_closer[week == one].sum() > (week == one).sum()]
    rest = (away > 0) & ~np.isin(week, own)
    unsure = rest & (away > _SURE) & ~has_closer | _instead_of_each_other(patient, week, own, plan)
    if 4 * (rest & has_closer).sum() > len(week):
        unsure |= rest & has_closer
    if unsure.any():
        listed = listing(f"{one:g}" for one in np.unique(week[unsure]))
        unclear = f"the visits do not say which weeks were planned: to which one week {listed} belongs is not clear"
        way_out = (
            "planned=[0, 12, 24] (--planned 0,12,24), with windows= (--windows) if rows further away shall not count"
        )
        raise InputError(f"{unclear}. Name them: {way_out}.")
    return np.union1d(plan, own)


def _patients_at(week: np.ndarray, patient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weeks in order, and how many patients have a row there."""
    weeks, at = np.unique(week, return_inverse=True)
    people = patient.max(initial=0) + 1
    return weeks, np.bincount(np.unique(at * people + patient) // people, minlength=len(weeks))


def _instead_of_each_other(patient: np.ndarray, week: np.ndarray, own: list[float], plan: np.ndarray) -> np.ndarray:
    """Mark whole weeks between two planned ones of which half of the patients have one, and hardly anybody two."""
    marked = np.zeros(len(week), dtype=bool)
    weeks = np.asarray(own, dtype=float)
    # Neighbours within three weeks, with no planned week between them, may be one visit.
    apart = (np.diff(weeks) > 3) | (np.diff(np.searchsorted(plan, weeks)) > 0)
    for group in np.split(weeks, np.flatnonzero(apart) + 1):
        rows = np.isin(week, group)
        people = len(np.unique(patient[rows]))
        if len(group) > 1 and rows.sum() < 1.5 * people and 2 * people >= patient.max() + 1:
            marked |= rows
    return marked


def _baseline_from_screening(patient: np.ndarray, week: np.ndarray, recorded: np.ndarray) -> np.ndarray:
    """Mark the last row before baseline of each patient without a recorded baseline."""
    lacks = ~np.isin(patient, patient[(week == 0) & recorded])
    rows = pd.DataFrame({"patient": patient, "week": week})[lacks & (week < 0) & recorded & (patient >= 0)]
    last = rows.sort_values("week", kind="stable").drop_duplicates("patient", keep="last")
    return np.isin(np.arange(len(week)), last.index)


def _give_way(
    patient: np.ndarray, week: np.ndarray, at: np.ndarray, recorded: np.ndarray, kept: np.ndarray
) -> np.ndarray:
    """Mark rows of which the patient has a better one at the same planned visit; rows of one time are left to be refused."""
    away = np.round(np.abs(np.where(week < 0, 0, week) - at), 9)
    rows = np.flatnonzero(kept & ~np.isnan(at) & (patient >= 0))
    rows = rows[np.lexsort((-week[rows], away[rows], ~recorded[rows]))]
    _, when = np.unique(at[rows], return_inverse=True)
    _, best, cell = np.unique(patient[rows] * len(rows) + when, return_index=True, return_inverse=True)
    # Rows of the same time are a doubled visit: nobody knows which counts.
    worse = week[rows] != week[rows[best[cell]]]
    return np.isin(np.arange(len(week)), rows[worse])


def _renamed(visits: pd.DataFrame, week: np.ndarray, at: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    """Set the planned weeks; a moved row whose name said when it was takes the name of its planned visit."""
    names = np.array(visits["visit"], dtype=object)
    settled = rows & (week == at)
    own = dict(zip(at[settled][::-1], names[settled][::-1], strict=True))
    for row in np.flatnonzero(rows & (week != at)):
        if pd.isna(names[row]) or read_when(names[row]) is not None:
            names[row] = own.get(at[row]) or visit_names(at[[row]])[0]
    return visits.assign(week=np.where(rows, at, week), visit=names)


def _with_events(
    visits: pd.DataFrame, week: np.ndarray, at: np.ndarray, kept: np.ndarray, patient: np.ndarray, notes: list[str]
) -> pd.DataFrame:
    """Return the rows that count; an event of a row after baseline that is kept apart counts at the next visit.

    A patient who missed that visit gets a row there which holds nothing but the events, so that none is lost.
    """
    at, missed = at.copy(), np.zeros(len(at), dtype=bool)
    weeks, carried = np.unique(at[kept & (at > 0)]), set[int]()
    for name in [name for name in EVENTS if name in visits]:
        happened = visits[name].eq(1).fillna(False).to_numpy(dtype=bool)
        values = visits[name].copy()
        for row in np.flatnonzero(happened & ~kept & (week > 0) & (patient >= 0)):
            if not np.isfinite(week[row]):
                who = visits["patient"].iloc[row]
                raise InputError(f"patient {who!r} has {name!r} at an unscheduled visit: give the week of that row.")
            later = weeks[weeks >= week[row]]
            if len(later):
                mine = np.flatnonzero((kept | missed) & (patient == patient[row]) & (at == later[0]))
                values.iloc[mine] = values.iloc[row]
                at[row], missed[row] = (at[row], missed[row]) if len(mine) else (later[0], True)
                carried.add(int(row))
        visits = visits.assign(**{name: values})
    if carried:
        notes.append(f"Events of {plural(len(carried), 'row')} kept apart count at the patient's next visit.")
    if missed.any():
        names = dict(zip(at[kept], visits["visit"][kept], strict=True))
        found = visits[[name for name in visits if name not in (*WHO_AND_WHEN, *EVENTS)]]
        visits = visits.assign(**found.where(np.broadcast_to(~missed[:, None], found.shape)))
        visits = visits.assign(week=np.where(kept | missed, at, week))
        visits["visit"] = [names[at[row]] if missed[row] else name for row, name in enumerate(visits["visit"])]
    return visits[kept | missed]


def _few(patient: np.ndarray, at: np.ndarray, patients: int) -> list[str]:
    """Name the visits that fewer than half of the patients have."""
    rows = (at > 0) & (patient >= 0)
    have = zip(*_patients_at(at[rows], patient[rows]), strict=True)
    few = [f"week {week:g} ({n} of {patients})" for week, n in have if 2 * n < patients]
    return [f"Few patients have a row at {listing(few)}; the others have no visit there."] if few else []
