"""Thousands of trials: cut into chunks with their own random streams, run, and added up."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, is_whole, require_switch
from lupus_kit.core.seeds import as_generator
from lupus_kit.design import TrialDesign
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.scenario import Assumed, Scenario
from lupus_kit.simulation.results import Simulation
from lupus_kit.simulation.trials.checkpoint import Checkpoint
from lupus_kit.simulation.trials.chunks import chunk_size, simulate_chunk
from lupus_kit.simulation.trials.progress import Progress
from lupus_kit.simulation.trials.runner import run_chunks
from lupus_kit.simulation.trials.tally import merge, tally_of_trials

#: Up to this many trials each one is kept, unless told otherwise.
KEPT_TRIALS = 200_000
MOST_TRIALS = 10_000_000_000

# Tallies are added up whenever this many have come in, so that memory does not grow with the number of trials.
_BATCH = 16


def run(
    design: TrialDesign,
    assumptions: Assumed,
    n_trials: int = 10_000,
    seed: int | np.random.Generator = 0,
    n_jobs: int | None = 1,
    plan: AnalysisPlan | None = None,
    keep_trials: bool | None = None,
    checkpoint: str | Path | None = None,
    progress: Progress = None,
) -> Simulation:
    """Run a trial many times under known assumptions.

    Parameters
    ----------
    design : TrialDesign
        Arms and their sizes, the control last, and the visits.
    assumptions : ResponseRates, StratifiedRates or lupus_kit.cohort.Assumptions
        What is true. Response rates are simulated at the endpoint level, a patient model at the patient level.
    n_trials : int
        How many trials.
    seed : int or numpy.random.Generator
        Same seed, same trials, whatever ``n_jobs``.
    n_jobs : int, optional
        Processes to use, through joblib; -1 for all cores. Inside ``joblib.parallel_config(backend="dask")`` the trials
        run on a Dask cluster, whatever ``n_jobs``.
    plan : AnalysisPlan, optional
        What is tested and how; by default SRI-4 at weeks 12 and 24 in a fixed sequence, Pearson's test at 0.05.
    keep_trials : bool, optional
        Whether to keep each trial in ``.trials`` besides the counts of outcomes. By default up to 200,000 trials are
        kept; memory is flat in the number of trials where they are not.
    checkpoint : str or Path, optional
        Folder for finished parts; the same run, if it was interrupted, goes on from there.
    progress : bool or callable, optional
        True shows a progress bar with an estimate of the time that is left; a function is called with the trials done
        and the trials in all.

    Returns
    -------
    Simulation
        Operating characteristics, each with its Monte Carlo standard error.

    Raises
    ------
    InputError
        Fewer than one trial, more arms than the plan can compare, a visit that is not in the design, parts that do not go
        together, a checkpoint of another run: all before anything runs.

    See Also
    --------
    exact, grid, protocol, plan_template

    Notes
    -----
    Where the plan has no interim looks and no re-estimation, and does not leave patients out, :func:`exact` gives the
    same numbers without any Monte Carlo error, in less time. Simulate where it does not apply, and to see single trials.

    The p-values of a pair of arm sizes are worked out once, all tables together. Where dropout leaves patients out
    (``missing="observed"``) or the size is re-estimated, nearly every trial has sizes of its own: the exact
    unconditional tests (Barnard, Boschloo) then take minutes above about 100 patients in each arm. Patients with assumptions
    of their own (:class:`lupus_kit.cohort.Assumptions`) take about 1.4 s of processor time for 1,000 trials of 60.

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> from lupus_kit.simulation import ResponseRates
    >>> rates = ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30))
    >>> result = run(he2020(), rates, n_trials=2000, seed=1)
    >>> result.n_trials, len(result.trials)
    (2000, 2000)
    """
    scenario = Scenario(assumptions, design, AnalysisPlan() if plan is None else plan)
    n = checked_trials(n_trials)
    if keep_trials is not None:
        require_switch("keep_trials", keep_trials)
    keep = n <= KEPT_TRIALS if keep_trials is None else bool(keep_trials)
    as_generator(seed)  # what is no seed is refused now
    # The streams that a generator gives are told apart by their own hash.
    shown = None if isinstance(seed, np.random.Generator) else int(seed)
    tables = identity(scenario) | {"seed": shown, "keep_trials": keep}
    store = None if checkpoint is None else Checkpoint(checkpoint, tables)
    (result,) = _lot([scenario], [seed], n, keep, store, n_jobs, progress)
    return result


def run_each(
    scenarios: Sequence[Scenario],
    streams: Sequence[np.random.Generator],
    n_trials: int,
    *,
    n_jobs: int | None = 1,
    checkpoint: str | Path | None = None,
    progress: Progress = None,
) -> Iterator[Simulation]:
    """Run several scenarios as one lot, so that many small ones keep all processes busy.

    Parameters
    ----------
    scenarios : sequence of Scenario
        What is simulated.
    streams : sequence of numpy.random.Generator
        A random stream for each scenario.
    n_trials : int
        Trials of each scenario.
    n_jobs, checkpoint, progress
        As for :func:`run`, for the whole lot.

    Yields
    ------
    Simulation
        In the order of the scenarios; the same as :func:`run` gives for each with its stream.
    """
    n = checked_trials(n_trials)
    tables = {"scenarios": [identity(scenario) for scenario in scenarios], "trials_each": n}
    store = None if checkpoint is None else Checkpoint(checkpoint, tables)
    return _lot(scenarios, streams, n, False, store, n_jobs, progress)


def _lot(
    scenarios: Sequence[Scenario], seeds: Sequence[int | np.random.Generator], n_trials: int, keep: bool,
    store: Checkpoint | None, n_jobs: int | None, progress: Progress,
) -> Iterator[Simulation]:  # fmt: skip
    """Cut every scenario into chunks, run all of them, and add them up."""
    works: list[Any] = []
    counts: list[int] = []
    for scenario, seed in zip(scenarios, seeds, strict=True):
        size = chunk_size(scenario)
        sizes = [min(size, n_trials - start) for start in range(0, n_trials, size)]
        task, counts = partial(simulate_chunk, scenario, keep), [*counts, len(sizes)]
        works += [(task, *work) for work in zip(random_streams(seed, len(sizes)), sizes, strict=True)]
    tasks, streams, cut = (list(part) for part in zip(*works, strict=True))
    frames = run_chunks(tasks, streams, cut, n_jobs=n_jobs, checkpoint=store, progress=progress)
    for scenario, count in zip(scenarios, counts, strict=True):
        tally, trials = accumulate((frame for _, frame in islice(frames, count)), keep)
        yield Simulation(scenario, tally, n_trials, trials)


def checked_trials(n_trials: int) -> int:
    """Return a number of trials, or say that it is none."""
    if not is_whole(n_trials, 1) or n_trials > MOST_TRIALS:
        raise InputError(f"n_trials == {n_trials!r}: must be a whole number of 1 or more, at most {MOST_TRIALS:,}.")
    return int(n_trials)


def identity(scenario: Scenario) -> dict[str, object]:
    """Say all of a scenario that decides its results: the tables of its plan file."""
    return {name: part for name, part in scenario.to_dict().items() if name != "format"}


def random_streams(seed: int | np.random.Generator, count: int) -> list[np.random.SeedSequence]:
    """Return one independent random stream a chunk."""
    sequence = as_generator(seed).bit_generator.seed_seq
    assert isinstance(sequence, np.random.SeedSequence)
    return sequence.spawn(count)


def accumulate(frames: Iterable[pd.DataFrame], keep: bool) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Add tallies up as they come; put trials one below the other where they are kept."""
    if keep:
        trials = pd.concat(frames, ignore_index=True)
        return tally_of_trials(trials), trials
    waiting: list[pd.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if len(waiting) == _BATCH:
            waiting = [merge(waiting)]
    return merge(waiting), None
