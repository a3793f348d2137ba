"""Filling gaps from donors: an approximate Bayesian bootstrap among the most similar patients, visit by visit."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

#: Smaller than any difference between two patients: breaks ties between equally similar donors at random.
_TIE = 1e-6


@dataclass(frozen=True)
class Step:
    """One draw: recipients of one visit with the same gaps, and the donors they may draw from.

    Attributes
    ----------
    visit : int
        Position of the visit.
    recipients, donors : numpy.ndarray
        Positions of patients.
    gaps : numpy.ndarray of bool
        Which parts are missing, shape (parts,).
    history : bool
        Whether similar also means: in the parts of the visit before.
    """

    visit: int
    recipients: np.ndarray
    donors: np.ndarray
    gaps: np.ndarray
    history: bool


@dataclass(frozen=True)
class Pool:
    """Who gives to whom.

    Attributes
    ----------
    receives : numpy.ndarray of bool
        Shape (patients, visits).
    gives : numpy.ndarray of bool
        Shape (patients,).
    forgets : bool
        Whether a recipient starts afresh here: the visit before is matched on only where this pool filled it too.
    """

    receives: np.ndarray
    gives: np.ndarray
    forgets: bool = False


def left_for_good(known: np.ndarray) -> np.ndarray:
    """Say from which visit on a patient has nothing on record, of shape (patients, visits, parts) to (patients, visits)."""
    nothing: np.ndarray = ~np.any(known, axis=2)
    since_the_end: np.ndarray = np.minimum.accumulate(nothing[:, ::-1], axis=1)
    return since_the_end[:, ::-1]


def plan(known: np.ndarray, pools: list[Pool]) -> list[Step]:
    """List the draws in the order of the visits.

    Parameters
    ----------
    known : numpy.ndarray of bool
        Shape (patients, visits, parts).
    pools : list of Pool
        Recipients and possible donors.

    Returns
    -------
    list of Step
        A donor has every part of the visit on record; a step may have no donor.
    """
    steps = []
    for k in range(known.shape[1]):
        gaps = ~known[:, k]
        complete = ~gaps.any(axis=1)
        for pool in pools:
            donors = np.flatnonzero(complete & pool.gives)
            here = pool.receives[:, k]
            remembers = here & (pool.receives[:, k - 1] if k else False) if pool.forgets else here
            for receives, history in ((remembers, k > 0), (here & ~remembers, False)):
                patterns = np.unique(gaps[receives & ~complete][:, ::-1], axis=0)[:, ::-1]  # by the last part first
                for pattern in patterns:
                    recipients = np.flatnonzero(receives & (gaps == pattern).all(axis=1))
                    steps.append(Step(k, recipients, donors, pattern, history))
    return steps


def fill(
    parts: np.ndarray, baseline: np.ndarray, steps: list[Step], nearest: int, rng: np.random.Generator
) -> np.ndarray:
    """Fill every gap once.

    Parameters
    ----------
    parts : numpy.ndarray
        Changes since baseline, shape (patients, visits, parts); NaN is a gap.
    baseline : numpy.ndarray
        Baseline values to match on, shape (patients, values); NaN where not recorded.
    steps : list of Step
        The draws, each with at least one donor.
    nearest : int
        How many similar donors each recipient draws from.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    numpy.ndarray
        A filled copy.

    Notes
    -----
    Each step first draws the donors themselves with replacement (the approximate Bayesian bootstrap, which makes the
    imputation proper), then gives each recipient one of the nearest drawn donors at random, and all its missing
    parts from that one donor. Similar means close in the baseline values, in the parts of the visit before
    (unless a step forgets them), and in the recorded parts of this visit, each divided by its standard deviation among the donors.
    """
    filled = parts.copy()
    for step in steps:
        # Matching values: history, then what this visit records.
        values = [baseline]
        if step.history:
            values.append(filled[:, step.visit - 1])
        values.append(parts[:, step.visit][:, ~step.gaps])
        history = np.hstack(values)
        drawn = rng.choice(step.donors, size=len(step.donors))
        near, far = _scaled(history[step.donors], history[drawn], history[step.recipients])
        near += _TIE * rng.random(near.shape)
        k = min(nearest, len(drawn))
        found = cKDTree(near).query(far, k=[*range(1, k + 1)])[1]
        pick = found[np.arange(len(far)), rng.integers(k, size=len(far))]
        into = np.ix_(step.recipients, np.flatnonzero(step.gaps))
        filled[:, step.visit][into] = parts[:, step.visit][drawn[pick]][:, step.gaps]
    return filled


def _scaled(donors: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Put values on the scale of the donors; a missing value counts as their mean."""
    recorded = ~np.isnan(donors)
    count = np.maximum(recorded.sum(axis=0), 1)
    mean = np.where(recorded, donors, 0).sum(axis=0) / count
    spread = np.sqrt(np.where(recorded, (donors - mean) ** 2, 0).sum(axis=0) / count)
    spread[spread == 0] = 1
    return [np.nan_to_num((values - mean) / spread) for values in others]
