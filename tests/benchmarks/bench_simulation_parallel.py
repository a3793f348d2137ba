"""How much faster two cores are than one, and what keeping a checkpoint costs; a compass, not a test of the clock.

Not collected with the suite (its name does not begin with ``test_``). Run:

    python tests/benchmarks/bench_simulation_parallel.py

Chunks are pure work for the processor, about 0.2 s each. One and two processes take turns, several times. The shortest
times are compared, and the middle ones: on a machine that others use, too, the shortest are nearest to what the runner
itself costs. Beside them stands what the machine gives: the same work in plain processes without the runner.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from references import toy_chunks

from lupus_kit.simulation.trials.checkpoint import Checkpoint
from lupus_kit.simulation.trials.runner import run_chunks

CHUNKS = 16
TURNS = 10


def trials_of(seconds: float) -> int:
    """How many trials keep the processor busy for so long."""
    stream, trials = np.random.SeedSequence(1), 200_000
    used = min(clock(lambda: toy_chunks.busy(stream, trials), time.process_time) for _ in range(3))
    return int(trials * seconds / used)


def clock(function: Callable[[], object], timer: Callable[[], float] = time.perf_counter) -> float:
    start = timer()
    function()
    return timer() - start


def run(trials: int, n_jobs: int, checkpoint: Checkpoint | None = None) -> None:
    streams = np.random.SeedSequence(1).spawn(CHUNKS)
    for _ in run_chunks(toy_chunks.busy, streams, [trials] * CHUNKS, n_jobs=n_jobs, checkpoint=checkpoint):
        pass


def plain(trials: int, count: int) -> None:
    """Do the same chunks in processes of their own, an equal share each."""
    share = [np.random.SeedSequence(1).spawn(CHUNKS)[start::count] for start in range(count)]
    processes = [multiprocessing.Process(target=_all, args=(streams, trials)) for streams in share]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def _all(streams: list[np.random.SeedSequence], trials: int) -> None:
    for stream in streams:
        toy_chunks.busy(stream, trials)


def speed_up(trials: int) -> None:
    run(1000, 2)  # the worker processes start and import what they need
    times: dict[tuple[str, int], list[float]] = {}
    for _ in range(TURNS):
        for count in (1, 2):
            times.setdefault(("run_chunks", count), []).append(clock(lambda count=count: run(trials, count)))
            times.setdefault(("plain processes", count), []).append(clock(lambda count=count: plain(trials, count)))
    for what in ("run_chunks", "plain processes"):
        one, two = (times[what, count] for count in (1, 2))
        print(
            f"two cores against one, {what}: {min(one) / min(two):.2f} by the shortest times "
            f"({min(one):.2f} s, {min(two):.2f} s), {statistics.median(one) / statistics.median(two):.2f} by the middle "
            f"ones of {TURNS} (target 1.7)"
        )


def overhead(trials: int) -> None:
    """CPU time of this process beyond the chunks themselves, for each chunk."""
    streams = np.random.SeedSequence(1).spawn(CHUNKS)
    bare = min(clock(lambda: _all(streams, trials), time.process_time) for _ in range(3))
    through = min(clock(lambda: run(trials, 1), time.process_time) for _ in range(3))
    kept = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            store = Checkpoint(Path(folder), {"plan": "busy"})
            kept.append(clock(lambda store=store: run(trials, 1, store), time.process_time))
    print(f"the runner costs {1e3 * (through - bare) / CHUNKS:.2f} ms a chunk, with a checkpoint "
          f"{1e3 * (min(kept) - bare) / CHUNKS:.2f} ms")  # fmt: skip


def main() -> None:
    trials = trials_of(0.2)
    load = f", {os.getloadavg()[0]:.1f} processes wanting to run" if hasattr(os, "getloadavg") else ""
    print(f"{CHUNKS} chunks of {trials:,} trials, about 0.2 s each; {os.cpu_count()} cores{load}")
    overhead(max(1, trials // 100))
    speed_up(trials)


if __name__ == "__main__":
    main()
