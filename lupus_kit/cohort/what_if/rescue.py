"""Rescue: who is given stronger treatment because the course is bad, when, and what it does."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.rates import moved_rate

#: Rescue works at once, as a course of steroids does: time constant in days.
_ONSET_DAYS = 7.0


def rescue_days(
    a: Assumptions, treated: np.ndarray, luck: np.ndarray, last_day: int, rng: np.random.Generator
) -> np.ndarray:
    """Day of rescue of each patient, NaN for none.

    The chance is exactly that of the arm; a bad course (low ``luck``, standard normal) makes it likelier.
    """
    lean = a.rescue_selection
    score = -lean * luck + np.sqrt(1 - lean**2) * rng.standard_normal(len(treated))
    rate = moved_rate(treated, a.rescue_il2, a.rescue_placebo, a.drug_share)
    with np.errstate(divide="ignore"):
        rescued = score > -ndtri(rate)
    days = rng.integers(a.rescue_first_day, min(a.rescue_last_day, last_day) + 1, len(treated)).astype(float)
    return np.where(rescued, days, np.nan)


def rescue_pull(a: Assumptions, weeks: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Improvement by rescue at each visit, shape (patients, visits): it comes quickly and wears off."""
    since = np.nan_to_num(np.maximum(7 * weeks - day[:, None], 0), nan=0.0)
    return np.asarray(a.rescue_effect * -np.expm1(-since / _ONSET_DAYS) * np.exp(-since / (7 * a.rescue_weeks)))


def rescued(weeks: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Whether rescue was given by each visit, shape (patients, visits)."""
    return 7 * weeks >= np.where(np.isnan(day), np.inf, day)[:, None]
