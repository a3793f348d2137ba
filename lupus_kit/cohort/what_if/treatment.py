"""Doses, dropout, adverse events, immune cells and prednisone."""

import numpy as np
import pandas as pd

from lupus_kit.cohort.columns import EVENT_NAMES, INFECTIONS, INJECTION, SERIOUS
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.course import Course

#: Invented: correlation (phi) of fever and flu-like symptoms of a patient, or what is nearest where the two shares forbid it.
_FEVER_AND_FLU = 0.3


def dropout_days(
    a: Assumptions, treated: np.ndarray, sledai: np.ndarray, weeks: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Day of dropout of each patient, from 1 to the last visit; NaN for completers.

    Under MCAR nothing about the patient matters. Under MAR the hazard between two visits depends on the change of
    SLEDAI at the visit before, which is recorded; under MNAR on the change at the visit that is then missed. The
    baseline hazard is set so that the expected share in these patients is ``dropout_rate``. With ``dropouts`` the
    same hazards choose who leaves, and the numbers are exact.

    Parameters
    ----------
    a : Assumptions
        What is assumed.
    treated : numpy.ndarray of bool
        One entry per patient.
    sledai : numpy.ndarray
        What SLEDAI would be without dropout, shape (patients, visits).
    weeks : numpy.ndarray
        Weeks of the visits, the first is 0.
    rng : numpy.random.Generator
        Source of chance.
    """
    n, last_day = len(treated), int(7 * weeks[-1])
    chance = rng.random(n)
    anywhere = rng.integers(1, last_day + 1, n).astype(float)
    if a.dropout_mechanism == "MCAR" or a.dropout_strength == 0:
        risk, days = np.full(n, -np.log1p(-a.dropout_rate) if a.dropout_rate < 1 else np.inf), anywhere
    else:
        change = (sledai - sledai[:, :1]) / 4.0
        seen = change[:, :-1] if a.dropout_mechanism == "MAR" else change[:, 1:]
        hazard = np.exp(np.clip(a.dropout_strength * seen, -20, 20)) * np.diff(weeks)
        risk = hazard.sum(axis=1)
        risk = risk * _scale(risk, a.dropout_rate)
        days = _when(hazard, weeks, rng)
    if a.dropouts is None:
        leaves = chance < -np.expm1(-risk)
    else:
        leaves = _exactly(a.dropouts, treated, np.where(np.isinf(risk), 1.0, risk), chance)
    return np.where(leaves, days, np.nan)


def _scale(risk: np.ndarray, share: float) -> float:
    """Factor on the risks at which the expected share of events is ``share``."""
    from scipy.optimize import brentq

    if share in (0.0, 1.0):
        return np.inf if share else 0.0
    if share < 1e-9:  # so few that the share is the mean risk
        return share / float(np.mean(risk))
    return float(np.exp(brentq(lambda x: np.mean(-np.expm1(-np.exp(x) * risk)) - share, -80, 80)))


def _when(hazard: np.ndarray, weeks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Day of an event that happens, drawn from the interval hazards: after one visit, before or on the day before the next."""
    total = np.cumsum(hazard, axis=1)
    picked = (rng.random(len(hazard))[:, None] * total[:, -1:] > total[:, :-1]).sum(axis=1)
    low, high = 7 * weeks[picked] + 1, 7 * weeks[picked + 1]
    return np.asarray(np.floor(low + rng.random(len(hazard)) * (high - low)), dtype=float)


def _exactly(counts: tuple[int, int], treated: np.ndarray, risk: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Choose exact numbers in each arm; a patient with twice the risk is twice as likely to come first."""
    leaves = np.zeros(len(treated), dtype=bool)
    first = -np.log1p(-chance) / np.maximum(risk, 1e-300)
    for count, arm in zip(counts, (treated, ~treated), strict=True):
        who = np.flatnonzero(arm)
        leaves[who[np.argsort(first[who], kind="stable")[:count]]] = True
    return leaves


def doses_given(calendar: pd.DataFrame, until: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Patient of each dose given, by position, and its cycle, number and day; nothing after a patient's last day."""
    patient, injection = np.divmod(np.arange(len(until) * len(calendar)), len(calendar))
    given = calendar["day"].to_numpy()[injection] <= until[patient]
    columns = {name: calendar[name].to_numpy()[injection[given]] for name in ("cycle", "injection", "day")}
    return patient[given], columns


def event_columns(event: np.ndarray, day: np.ndarray) -> dict[str, object]:
    """Columns of the table of events, from the position of each in ``EVENT_NAMES`` and its day."""
    infection, serious = (np.array([name in group for name in EVENT_NAMES]) for group in (INFECTIONS, SERIOUS))
    named = pd.Categorical.from_codes(event.astype(np.int8), list(EVENT_NAMES))
    return {"event": named, "day": day, "infection": infection[event], "serious": serious[event]}


def event_days(
    rates: np.ndarray, names: list[str], dosing_days: np.ndarray, last_day: int, rng: np.random.Generator
) -> np.ndarray:
    """Day of each event, shape (patients, events), NaN where it does not happen; at most one of each per patient.

    Injection site reactions fall on a dosing day, all others on any day of follow-up.
    """
    draws = rng.random(rates.shape)
    happens = draws < rates
    fever, flu = names.index("fever"), names.index("flu-like symptoms")
    happens[:, flu] = draws[:, flu] < _given(happens[:, fever], rates[:, fever], rates[:, flu])
    day = rng.integers(0, last_day + 1, rates.shape).astype(float)
    day[:, names.index(INJECTION)] = rng.choice(dosing_days, rates.shape[0])
    return np.where(happens, day, np.nan)


def _given(first: np.ndarray, p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Chance of the second event given whether the first happened, for margins p and q."""
    both = np.clip(
        p * q + _FEVER_AND_FLU * np.sqrt(p * (1 - p) * q * (1 - q)), np.maximum(0, p + q - 1), np.minimum(p, q)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(first, both / p, (q - both) / (1 - p))
    return np.where(np.isfinite(chance), chance, q)


def acting_intervals(dosing_days: np.ndarray, action_days: float) -> tuple[np.ndarray, np.ndarray]:
    """Return starts and ends, in days, of the times in which the drug acts; injections that overlap are one interval."""
    start = np.sort(np.asarray(dosing_days, dtype=float))
    fresh = np.concatenate([[True], np.diff(start) > action_days])
    last = np.concatenate([fresh[1:], [True]])
    return start[fresh], start[last] + action_days


def turnover(days: np.ndarray, start: np.ndarray, end: np.ndarray, half_life: float) -> np.ndarray:
    """Relative rise of a cell type when dosing for ever would raise it by 1.

    Indirect response (turnover) model: cells enter at a rate that is higher while the drug acts, and leave at a
    constant rate k. The rise R solves dR/dt = k (D(t) - R) with R(0) = 0, where D is 1 within the intervals and 0
    outside. The solution is a sum of exponentials, one pair an interval, so it is exact and needs no time steps.

    Parameters
    ----------
    days : numpy.ndarray
        Times wanted, in days, any shape.
    start, end : numpy.ndarray
        Intervals in which the drug acts, in days; they must not overlap.
    half_life : float
        Half-life in days of the approach to the new level, and of the return.

    Returns
    -------
    numpy.ndarray
        Values from 0 to 1, shape of ``days``.

    References
    ----------
    Dayneka NL, Garg V, Jusko WJ. J Pharmacokinet Biopharm 1993;21:457-478.
    """
    k = np.log(2) / half_life
    t = np.asarray(days, dtype=float)[..., None]
    return np.asarray((np.exp(-k * np.maximum(t - end, 0)) - np.exp(-k * np.maximum(t - start, 0))).sum(axis=-1))


def cell_counts(
    mean: float, gain: float, rise: np.ndarray, treated: np.ndarray, a: Assumptions, rng: np.random.Generator
) -> np.ndarray:
    """Values of one cell type, shape (patients, visits): own level, the rise under drug, and sampling noise."""
    own = mean * np.exp(a.immune_spread * rng.standard_normal(len(treated)) - a.immune_spread**2 / 2)
    gains = gain * np.exp(a.gain_spread * rng.standard_normal(len(treated)) - a.gain_spread**2 / 2)
    level = own[:, None] * (1 + (gains * treated)[:, None] * rise)
    return np.asarray(level * np.exp(a.immune_noise * rng.standard_normal(level.shape) - a.immune_noise**2 / 2))


def prednisone(
    a: Assumptions, sledai: np.ndarray, course: Course, more: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Daily dose in steps of 2.5 mg, shape (patients, visits): it follows SLEDAI down; rescue adds to it for a while."""
    n = len(sledai)
    start = a.prednisone_median * more * np.exp(a.prednisone_spread * rng.standard_normal(n))
    start = np.where(rng.random(n) < a.prednisone_none, 0, np.clip(np.round(start / 2.5) * 2.5, 0, 60))
    fall = np.clip(1 - sledai / np.maximum(sledai[:, :1], 1), 0, 1) * np.minimum(course.weeks / 12, 1)
    dose = np.minimum.accumulate(np.round(start[:, None] * (1 - a.taper * fall) / 2.5) * 2.5, axis=1)
    since = 7 * course.weeks - course.rescue_day[:, None]
    with np.errstate(invalid="ignore", over="ignore"):
        added = np.where(since >= 0, a.rescue_dose * np.exp(-since / (7 * a.rescue_weeks)), 0)
    return np.asarray(np.minimum(dose + np.round(added / 2.5) * 2.5, 60))
