"""Remission of lupus nephritis, laid over the renal findings of the latent course."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.rates import moved_rate


def remitters(
    a: Assumptions, treated: np.ndarray, luck: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw who remits by the last visit, and how far each kidney ends from the threshold (latent SD).

    The chance is exactly that of the arm. A good course (``luck``, standard normal) makes it likelier.
    """
    lean = a.remission_selection
    score = lean * luck + np.sqrt(1 - lean**2) * rng.standard_normal(len(luck))
    with np.errstate(divide="ignore"):
        limit = ndtri(moved_rate(treated, a.remission_il2, a.remission_placebo, a.drug_share))
    return score < limit, 0.1 + 0.4 * rng.random(len(luck))


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
