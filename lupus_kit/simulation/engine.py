"""Thousands of trials at the level of their endpoint: responders at two visits, drawn and tested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit._errors import InputError
from lupus_kit._random import as_generator
from lupus_kit.design import TrialDesign
from lupus_kit.inference import pvalue_lattice
from lupus_kit.simulation.assumptions import ResponseRates

# Trials drawn from one random stream. The streams depend on this and on the seed only, so the results are the
# same whatever the number of jobs.
_CHUNK = 20_000


@dataclass(frozen=True)
class Simulation:
    """Results of many simulated trials.

    Attributes
    ----------
    trials : pandas.DataFrame
        One row per trial: ``x1_primary``, ``x2_primary``, ``x1_follow_up``, ``x2_follow_up`` (responders of each
        arm), ``p_primary`` and ``p_follow_up``.
    n1, n2 : int
        Patients in each arm.
    test : str
        Key of the test.
    alpha : float
        Its level.
    """

    trials: pd.DataFrame
    n1: int
    n2: int
    test: str
    alpha: float

    def summary(self) -> pd.DataFrame:
        """Return operating characteristics, each with its Monte Carlo standard error.

        Returns
        -------
        pandas.DataFrame
            Columns ``quantity``, ``estimate``, ``mc_error``: probability of significance at each visit, at both,
            at either, of "not at the primary visit but at follow-up", and the mean difference of the rates
            among all trials and among trials significant at the primary visit (type M error shows there).
        """
        first, second = (self.trials[f"p_{visit}"] <= self.alpha for visit in ("primary", "follow_up"))
        events = {
            "significant at the primary visit": first,
            "significant at follow-up": second,
            "significant at both": first & second,
            "significant at either": first | second,
            "not at the primary visit, but at follow-up": ~first & second,
        }
        difference = self.trials["x1_primary"] / self.n1 - self.trials["x2_primary"] / self.n2
        rows = [
            (name, float(e.mean()), float(np.sqrt(e.mean() * (1 - e.mean()) / len(e)))) for name, e in events.items()
        ]
        rows.append(("mean difference at the primary visit", float(difference.mean()), float(difference.sem())))
        if first.sum() > 1:
            chosen = difference[first]
            rows.append(("the same, among significant trials", float(chosen.mean()), float(chosen.sem())))
        return pd.DataFrame(rows, columns=["quantity", "estimate", "mc_error"])

    def to_frame(self) -> pd.DataFrame:
        """Return the trials as a tidy frame."""
        return self.trials.copy()

    def _repr_html_(self) -> str:
        table = self.summary().to_html(index=False, float_format="{:.4f}".format, border=0)
        head = f"{len(self.trials):,} simulated trials, {self.n1} and {self.n2} patients, {self.test} at {self.alpha:g}"
        return head + table


def _chunk(rng: np.random.Generator, rates: ResponseRates, n1: int, n2: int, trials: int) -> np.ndarray:
    """Responders at (primary, follow-up) of both arms, one trial a row."""
    first, second = (rng.multinomial(n, rates.joint(arm), size=trials) for arm, n in enumerate((n1, n2)))
    return np.stack(
        [
            first[:, 0] + first[:, 1],
            second[:, 0] + second[:, 1],
            first[:, 0] + first[:, 2],
            second[:, 0] + second[:, 2],
        ],
        axis=1,
    )


def run(
    design: TrialDesign,
    assumptions: ResponseRates,
    n_trials: int = 10_000,
    seed: int | np.random.Generator = 0,
    n_jobs: int = 1,
    test: str = "pearson",
    alpha: float = 0.05,
) -> Simulation:
    """Run a trial many times under known response rates.

    Parameters
    ----------
    design : TrialDesign
        Two arms and their sizes.
    assumptions : ResponseRates
        True response rates and the within-patient correlation.
    n_trials : int
        How many trials.
    seed : int or numpy.random.Generator
        Same seed, same trials, whatever ``n_jobs``.
    n_jobs : int
        Processes to use, through joblib; -1 for all cores.
    test : str
        Key of the test used at both visits.
    alpha : float
        Its two-sided level.

    Returns
    -------
    Simulation
        All trials, with ``.summary()``.

    Raises
    ------
    InputError
        Fewer than one trial, a design without exactly two arms, unknown test.

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> rates = ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30))
    >>> result = run(he2020(), rates, n_trials=2000, seed=1)
    >>> result.trials.shape
    (2000, 6)
    """
    if isinstance(n_trials, bool) or not isinstance(n_trials, (int, np.integer)) or n_trials < 1:
        raise InputError(f"n_trials == {n_trials!r}: must be a whole number of 1 or more.")
    if len(design.arms) != 2:
        raise InputError(f"the design has {len(design.arms)} arms; a comparison of two needs exactly two.")
    if not 0 < alpha < 1:
        raise InputError(f"alpha == {alpha!r}: must be strictly between 0 and 1.")
    n1, n2 = (arm.n_randomised for arm in design.arms)
    lattice = pvalue_lattice(test, n1, n2)
    sizes = [min(_CHUNK, int(n_trials) - start) for start in range(0, int(n_trials), _CHUNK)]
    streams = as_generator(seed).spawn(len(sizes))
    if n_jobs == 1 or len(sizes) == 1:
        parts = [_chunk(stream, assumptions, n1, n2, size) for stream, size in zip(streams, sizes, strict=True)]
    else:
        from joblib import Parallel, delayed

        jobs = (delayed(_chunk)(stream, assumptions, n1, n2, size) for stream, size in zip(streams, sizes, strict=True))
        parts = Parallel(n_jobs=n_jobs)(jobs)
    counts = np.concatenate(parts)
    names = ["x1_primary", "x2_primary", "x1_follow_up", "x2_follow_up"]
    trials = pd.DataFrame(counts, columns=names)
    # A table on which the test is undefined is never significant.
    for visit in ("primary", "follow_up"):
        trials[f"p_{visit}"] = lattice[trials[f"x1_{visit}"], trials[f"x2_{visit}"]]
    return Simulation(trials, n1, n2, str(test), float(alpha))
