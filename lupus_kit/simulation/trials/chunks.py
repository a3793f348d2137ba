"""The unit of work: a chunk of trials from one random stream. It is pure and can be sent to another process."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lupus_kit.simulation.plan.response_rates import StratifiedRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.adaptive import largest_size, largest_sizes, run_to_end
from lupus_kit.simulation.trials.decisions import EVENTS
from lupus_kit.simulation.trials.endpoint_level import (
    EndpointSource,
    StrataSource,
    fixed_tally,
    fixed_trials,
    is_fixed,
    several_arms_trials,
)
from lupus_kit.simulation.trials.tally import tally_of_parts, tally_of_trials

#: Trials of one random stream, by how they are simulated: some tenths of a second of work each. The results depend on
#: these numbers, so they depend on what is simulated alone, never on who does it.
CHUNK = {"fixed": 2_000_000, "adaptive": 250_000}
#: Patients of one random stream, at the patient level: they are all in memory at the same time.
PATIENTS = 30_000

# Trials whose patients come in parts take more memory: this many at a time.
_PART = 20_000


def chunk_size(scenario: Scenario) -> int:
    """Return how many trials of a scenario share a random stream."""
    if scenario.depth == "patient":
        return max(1, PATIENTS // (2 * max(largest_size(scenario.plan, n) for n in scenario.sizes)))
    return CHUNK["fixed" if len(scenario.sizes) == 2 and is_fixed(scenario) else "adaptive"]


def simulate_chunk(
    scenario: Scenario, keep_trials: bool, stream: np.random.SeedSequence, n_trials: int
) -> pd.DataFrame:
    """Simulate trials from one random stream.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    keep_trials : bool
        Whether to return every trial, instead of counts of outcomes.
    stream : numpy.random.SeedSequence
        The stream of this chunk.
    n_trials : int
        How many trials.

    Returns
    -------
    pandas.DataFrame
        A tally (see :mod:`lupus_kit.simulation.trials.tally`), or one row a trial. Both come from the same trials.

    Examples
    --------
    >>> from lupus_kit.simulation import ResponseRates
    >>> scenario = Scenario(ResponseRates((0.5, 0.3), (0.6, 0.4)))
    >>> found = simulate_chunk(scenario, False, np.random.SeedSequence(1), 1000)
    >>> found.groupby("endpoint")["weight"].sum().tolist()
    [1000, 1000]
    """
    # A sequence remembers the streams that were taken from it: a fresh one makes the second call give the same as the first.
    fresh = np.random.SeedSequence(stream.entropy, spawn_key=stream.spawn_key, pool_size=stream.pool_size)
    rng = np.random.Generator(np.random.PCG64(fresh))
    if scenario.depth == "patient":
        from lupus_kit.simulation.trials import patient_level  # what invents patients is imported when it is needed

        trials = patient_level.trials(scenario, rng, n_trials)
        return trials if keep_trials else tally_of_trials(trials)
    if len(scenario.sizes) > 2:
        trials = several_arms_trials(scenario, rng, n_trials)
        return trials if keep_trials else tally_of_trials(trials)
    if is_fixed(scenario):
        draw = fixed_trials if keep_trials else fixed_tally
        return draw(scenario, rng, n_trials)
    parts = _parts(scenario, rng, n_trials)
    if keep_trials:
        return pd.concat(map(pd.DataFrame, parts), ignore_index=True)
    first, second = largest_sizes(scenario.plan, scenario.sizes)
    most = dict.fromkeys(("randomised1", "n1", "x1"), first) | dict.fromkeys(("randomised2", "n2", "x2"), second)
    return tally_of_parts(parts, most | {"look": len(scenario.patients_at_looks()), "decision": len(EVENTS) - 1})


def _parts(scenario: Scenario, rng: np.random.Generator, n_trials: int) -> Iterator[dict[str, np.ndarray]]:
    """Simulate trials whose patients come in parts, as many as do not take much memory at a time."""
    for start in range(0, n_trials, _PART):
        come = StrataSource if isinstance(scenario.assumptions, StratifiedRates) else EndpointSource
        source = come(scenario, rng, min(_PART, n_trials - start))
        yield run_to_end(scenario.plan, scenario.sizes, source, getattr(source, "compare", None))
