"""Who is rescued because the course is bad, who reaches remission of nephritis, and what both do to the course."""

import numpy as np
from scipy.special import ndtr, ndtri

from lupus_kit.cohort.what_if.assumptions import Assumptions

#: Rescue works at once, as a course of steroids does: time constant in days.
_ONSET_DAYS = 7.0


def moved_rate(treated: np.ndarray, drug: float, placebo: float, share: float) -> np.ndarray:
    """Rate of each patient when the drug works ``share`` as strongly as where its own rate is ``drug``.

    The distance from placebo's rate is scaled on the probit scale: 0 gives placebo's rate, 1 the drug's.
    """
    if share in (0.0, 1.0):
        active = drug if share else placebo
    else:
        z_drug, z_placebo = ndtri(np.clip([drug, placebo], 1e-12, 1 - 1e-12))
        active = float(ndtr(z_placebo + share * (z_drug - z_placebo)))
    return np.where(treated, active, placebo)


def _happens(rate: np.ndarray, luck: np.ndarray, lean: float, noise: np.ndarray) -> np.ndarray:
    """Whether it happens to each patient: exactly with the rate, and likelier where ``lean`` times ``luck`` is low."""
    with np.errstate(divide="ignore"):
        return np.asarray(lean * luck + np.sqrt(1 - lean**2) * noise < ndtri(rate))


def rescue_days(
    a: Assumptions, treated: np.ndarray, luck: np.ndarray, last_day: int, rng: np.random.Generator
) -> np.ndarray:
    """Day of rescue of each patient, NaN for none.

    The chance is exactly that of the arm; a bad course (low ``luck``, standard normal) makes it likelier.
    """
    rate = moved_rate(treated, a.rescue_il2, a.rescue_placebo, a.drug_share)
    rescued = _happens(rate, luck, a.rescue_selection, -rng.standard_normal(len(treated)))
    days = rng.integers(a.rescue_first_day, min(a.rescue_last_day, last_day) + 1, len(treated)).astype(float)
    return np.where(rescued, days, np.nan)


def rescue_pull(a: Assumptions, weeks: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Improvement by rescue at each visit, shape (patients, visits): it comes quickly and wears off."""
    since = np.nan_to_num(np.maximum(7 * weeks - day[:, None], 0), nan=0.0)
    return np.asarray(a.rescue_effect * -np.expm1(-since / _ONSET_DAYS) * np.exp(-since / (7 * a.rescue_weeks)))


def rescued(weeks: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Whether rescue was given by each visit, shape (patients, visits)."""
    return 7 * weeks >= np.where(np.isnan(day), np.inf, day)[:, None]


def remitters(
    a: Assumptions, treated: np.ndarray, luck: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw who remits by the last visit, and how far each kidney ends from the threshold (latent SD).

    The chance is exactly that of the arm. A good course (``luck``, standard normal) makes it likelier.
    """
    rate = moved_rate(treated, a.remission_il2, a.remission_placebo, a.drug_share)
    remits = _happens(rate, luck, a.remission_selection, rng.standard_normal(len(luck)))
    return remits, 0.1 + 0.4 * rng.random(len(luck))


def lay_remission(
    renal: np.ndarray, protein: int, weeks: np.ndarray, onset: float, remits: np.ndarray, margin: np.ndarray
) -> np.ndarray:
    """Bring the kidney to rest by the last visit in exactly those who remit, and keep it active in all others.

    Parameters
    ----------
    renal : numpy.ndarray
        Latent activity, shape (patients, visits, renal items); present above zero.
    protein : int
        Position of proteinuria among the items.
    weeks : numpy.ndarray
        Weeks of the visits, the first is 0.
    onset : float
        Time constant of the fall, in weeks.
    remits, margin : numpy.ndarray
        One entry per patient: who remits, and the distance from the threshold.

    Returns
    -------
    numpy.ndarray
        The activity, same shape. Where the kidney of a patient who does not remit would be at rest after entry by
        chance, proteinuria stays above its threshold.
    """
    done = (np.expm1(-weeks / onset) / np.expm1(-weeks[-1] / onset))[:, None]
    # A path from the activity at entry to the distance below the threshold, never above what it would be anyway.
    path = renal[:, :1] * (1 - done) - margin[:, None, None] * done
    at_rest = (renal <= 0).all(axis=2) & (weeks > 0)
    staying = renal.copy()
    staying[:, :, protein] = np.where(at_rest, margin[:, None], renal[:, :, protein])
    return np.where(remits[:, None, None], np.minimum(renal, path), staying)
