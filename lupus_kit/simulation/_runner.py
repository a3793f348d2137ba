"""Run chunks of trials and hand their results out in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

Task = Callable[[np.random.SeedSequence, int], pd.DataFrame]


def run_chunks(
    task: Task,
    streams: Sequence[np.random.SeedSequence],
    sizes: Sequence[int],
    *,
    n_jobs: int | None = 1,
    checkpoint: object = None,
    progress: object = None,
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Run a task for every chunk, in order.

    Parameters
    ----------
    task : callable
        ``task(stream, n_trials)``, pure and picklable.
    streams : sequence of numpy.random.SeedSequence
        One for each chunk.
    sizes : sequence of int
        Trials of each chunk.
    n_jobs : int
        Processes, through joblib.
    checkpoint, progress
        Not used here.

    Yields
    ------
    tuple of int and pandas.DataFrame
        Number of the chunk, from 0, and what the task returned.
    """
    if n_jobs == 1 or len(sizes) == 1:
        yield from ((k, task(stream, n)) for k, (stream, n) in enumerate(zip(streams, sizes, strict=True)))
        return
    from joblib import Parallel, delayed

    jobs = (delayed(task)(stream, n) for stream, n in zip(streams, sizes, strict=True))
    yield from enumerate(Parallel(n_jobs=n_jobs, return_as="generator")(jobs))
