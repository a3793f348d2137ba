"""Doses, dropout, adverse events, immune cells and prednisone."""

from __future__ import annotations

import numpy as np

from lupus_kit.cohort.assumptions import Assumptions

#: Events of Table 3 that count as infections, and those that were serious there.
INFECTIONS = frozenset({"upper respiratory infection", "herpes zoster", "pneumonia"})
SERIOUS = frozenset({"herpes zoster", "pneumonia", "NPSLE"})
INJECTION = "injection site reaction"


def dropout_days(a: Assumptions, n: int, last_day: int, rng: np.random.Generator) -> np.ndarray:
    """Day of dropout of each patient, from 1 to ``last_day``; NaN for completers. Nothing about the patient matters."""
    drops = rng.random(n) < a.dropout_rate
    days = rng.integers(1, last_day + 1, n).astype(float)
    return np.where(drops, days, np.nan)


def event_days(
    rates: np.ndarray, names: list[str], dosing_days: np.ndarray, last_day: int, rng: np.random.Generator
) -> np.ndarray:
    """Day of each event, shape (patients, events), NaN where it does not happen; at most one of each per patient.

    Injection site reactions fall on a dosing day, all others on any day of follow-up.
    """
    happens = rng.random(rates.shape) < rates
    day = rng.integers(0, last_day + 1, rates.shape).astype(float)
    day[:, names.index(INJECTION)] = rng.choice(dosing_days, rates.shape[0])
    return np.where(happens, day, np.nan)


def rise_by_day(dosing_days: np.ndarray, half_life: float, last_day: int) -> np.ndarray:
    """Relative rise of a cell type on each day, 0 to ``last_day``, when dosing for ever would raise it by 1.

    Indirect response: new cells enter faster while the drug acts, and leave at a constant rate. The drug is taken to
    act on the day of an injection and the day after, so that dosing every other day acts throughout.

    Parameters
    ----------
    dosing_days : numpy.ndarray of int
        Days with an injection.
    half_life : float
        Half-life in days of the approach to the new level, and of the return.
    last_day : int
        Last day wanted.

    Returns
    -------
    numpy.ndarray
        ``last_day + 1`` values from 0 to 1, at the start of each day.
    """
    acting = np.zeros(last_day + 2)
    acting[dosing_days], acting[dosing_days + 1] = 1, 1
    keep = 0.5 ** (1 / half_life)
    level = np.zeros(last_day + 1)
    for day in range(last_day):
        level[day + 1] = keep * level[day] + (1 - keep) * acting[day]
    return level


def cell_counts(
    mean: float, gain: float, rise: np.ndarray, treated: np.ndarray, a: Assumptions, rng: np.random.Generator
) -> np.ndarray:
    """Values of one cell type, shape (patients, visits): own level, the rise under drug, and sampling noise."""
    own = mean * np.exp(a.immune_spread * rng.standard_normal(len(treated)) - a.immune_spread**2 / 2)
    level = own[:, None] * (1 + gain * treated[:, None] * rise)
    return level * np.exp(a.immune_noise * rng.standard_normal(level.shape) - a.immune_noise**2 / 2)


def prednisone(a: Assumptions, sledai: np.ndarray, weeks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Daily dose in steps of 2.5 mg, shape (patients, visits): it follows SLEDAI down and never goes up again."""
    n = len(sledai)
    start = a.prednisone_median * np.exp(a.prednisone_spread * rng.standard_normal(n))
    start = np.where(rng.random(n) < a.prednisone_none, 0, np.clip(np.round(start / 2.5) * 2.5, 0, 60))
    fall = np.clip(1 - sledai / np.maximum(sledai[:, :1], 1), 0, 1) * np.minimum(weeks / 12, 1)
    dose = np.round(start[:, None] * (1 - a.taper * fall) / 2.5) * 2.5
    return np.minimum.accumulate(dose, axis=1)
