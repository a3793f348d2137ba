"""Run the chunks of a simulation: on one core, on several, or on a cluster, with the same results.

A chunk is a pure function of its random stream and its number of trials, and results are handed out in the order of
the chunks. So neither the number of processes nor who finishes first can be seen in them.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, is_whole
from lupus_kit.simulation.trials.checkpoint import Checkpoint, Parts
from lupus_kit.simulation.trials.progress import Progress, Watcher

_MOST_JOBS = 10**6
Task = Callable[[np.random.SeedSequence, int], pd.DataFrame]
# Number of a chunk, and what it gave.
_Done = tuple[int, pd.DataFrame]


def run_chunks(
    task: Task | Sequence[Task],
    streams: Sequence[np.random.SeedSequence],
    sizes: Sequence[int],
    *,
    n_jobs: int | None = 1,
    checkpoint: Checkpoint | None = None,
    progress: Progress = None,
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Run a task once for each chunk, and hand out what it returns in the order of the chunks.

    Parameters
    ----------
    task : callable, or sequence of callable
        ``task(stream, n_trials)`` returns a frame and depends on nothing else. It must be picklable: a function of a
        module, or a ``functools.partial`` of one. The columns are numbers, truth values or text, the same in every
        chunk; the index is not kept. A sequence has one for each chunk.
    streams : sequence of numpy.random.SeedSequence
        One for each chunk.
    sizes : sequence of int
        Trials in each chunk, at least 1.
    n_jobs : int, optional
        Processes on this machine, -1 for all cores, through joblib. Inside ``joblib.parallel_config(backend=...)``
        the chunks run on that backend; a Dask cluster is used whole, whatever ``n_jobs``. None leaves the number to
        ``parallel_config``, too.
    checkpoint : Checkpoint, optional
        Where finished chunks are kept, and taken from if the same simulation was begun before.
    progress : bool or callable, optional
        True shows a bar with an estimate of the time left; a function is called with the trials done and the trials
        in all. By default nothing is shown.

    Returns
    -------
    iterator of (int, pandas.DataFrame)
        Number of the chunk, and its frame. Memory does not grow with the number of chunks. If the run is
        interrupted, what is done stays in the checkpoint.

    Raises
    ------
    InputError
        A number of jobs that cannot be used, a checkpoint of another simulation or in use by another run: before
        anything runs. Later, if a worker process is killed.

    Examples
    --------
    >>> def toss(stream, n_trials):
    ...     return pd.DataFrame({"heads": [np.random.default_rng(stream).binomial(n_trials, 0.5)]})
    >>> streams = np.random.SeedSequence(7).spawn(3)
    >>> [chunk for chunk, frame in run_chunks(toss, streams, [100, 100, 50])]
    [0, 1, 2]
    """
    if n_jobs is not None and not (is_whole(n_jobs, -_MOST_JOBS) and 0 != n_jobs <= _MOST_JOBS):
        raise InputError(f"n_jobs == {n_jobs!r}: give 1 or more processes, or -1 for all cores.")
    _check_backend()
    tasks = [task] * len(sizes) if callable(task) else task
    store = None if checkpoint is None else checkpoint.open(streams, sizes)
    try:
        works = list(zip(range(len(sizes)), tasks, streams, sizes, strict=True))
        works = works if store is None else [work for work in works if work[0] not in store.done]
        watcher = Watcher(progress, sum(sizes), sum(sizes) - sum(n_trials for *_, n_trials in works))
        # Begun here and not in the generator: the backend in force is the one where this function is called.
        return in_order(_begin(works, n_jobs), sizes, store, watcher)
    except BaseException:
        if store is not None:
            store.close()
        raise


def _check_backend() -> None:
    """Refuse a backend that would keep all results until the last one is there."""
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    if not backend.supports_return_generator and type(backend).__name__ != "SequentialBackend":
        raise InputError(f"{type(backend).__name__} cannot hand out results one by one: use 'loky' or 'dask'.")


def _work(caller: int, chunk: int, task: Task, stream: np.random.SeedSequence, n_trials: int) -> _Done:
    """Do one chunk; runs in a worker, which keeps nothing."""
    if os.getpid() != caller and threading.current_thread() is threading.main_thread():
        # Ctrl+C reaches every process of a terminal. The caller answers it and ends the workers; one that answers, too,
        # would only put its own traceback on the screen.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return chunk, task(stream, n_trials).reset_index(drop=True)


def _begin(works: list[tuple[int, Task, np.random.SeedSequence, int]], n_jobs: int | None) -> Iterator[_Done]:
    """Start the work; each chunk is handed back as soon as it is done."""
    if not works:
        return iter(())
    from joblib import Parallel, delayed

    jobs = {} if n_jobs is None else {"n_jobs": int(n_jobs)}
    parallel = Parallel(return_as="generator_unordered", **jobs)
    return iter(parallel(delayed(_work)(os.getpid(), *work) for work in works))


def in_order(fresh: Iterator[_Done], sizes: Sequence[int], store: Parts | None, watcher: Watcher) -> Iterator[_Done]:
    """Keep each chunk as it comes, and hand all of them out in their order."""
    waiting: dict[int, pd.DataFrame] = {}
    arrived: set[int] = set()
    try:
        for chunk in range(len(sizes)):
            while chunk not in (waiting if store is None else store.done):
                index, frame = _next(fresh, store, watcher)
                if index in arrived:
                    raise RuntimeError(f"chunk {index} of the simulation came back twice")
                arrived.add(index)
                if store is None:
                    waiting[index] = frame
                else:
                    store.write(index, frame)
                watcher.add(sizes[index])
            # What is kept is read back, so that a run that goes on sees the very frames of one that was never stopped.
            yield chunk, waiting.pop(chunk) if store is None else store.read(chunk)
    finally:
        watcher.close()
        if store is not None:
            store.close()
        if close := getattr(fresh, "close", None):
            close()


def _next(fresh: Iterator[_Done], store: Parts | None, watcher: Watcher) -> _Done:
    """Wait for a chunk; say in one sentence that a worker is gone."""
    try:
        return next(fresh)
    except Exception as error:
        # Dask's error, raised once several workers in turn died of one chunk, is known by name: Dask is optional.
        if not isinstance(error, BrokenExecutor) and type(error).__name__ != "KilledWorker":
            raise
    kept = "nothing is kept without a folder (checkpoint; on the command line --out), so start again, with one"
    if store is not None:
        kept = f"what is done is kept in {store.folder}, and the same run goes on from there (on the command line with --resume)"
    done = f"{watcher.done:,} of {watcher.total:,} trials"
    raise InputError(f"a worker process was killed after {done}, as happens where memory runs out: {kept}.")
