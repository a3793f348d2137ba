"""The same chunks on a Dask cluster: a real scheduler and two worker processes, one of which is killed in mid-run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from references import toy_chunks

from lupus_kit import cli, simulation
from lupus_kit.cli import simulation_report
from lupus_kit.simulation.trials import chunks
from lupus_kit.simulation.trials.checkpoint import Checkpoint
from lupus_kit.simulation.trials.runner import run_chunks

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install lupus-kit[dask]")

TESTS = Path(__file__).resolve().parents[1]
SIZES = [40] * 12
# More patients if the pooled rate asks for them: such trials have smaller chunks, three of them below.
PLAN = """format = 1
[plan.reestimation]
at = 0.5
[rates]
primary = [0.7, 0.3]
follow_up = [0.8, 0.4]
correlation = 0.2
"""
PATIENCE = 300  # seconds; only a cluster that does not work at all takes so long


def streams() -> list[np.random.SeedSequence]:
    return np.random.SeedSequence(5).spawn(len(SIZES))


def together(handed_out) -> pd.DataFrame:
    return pd.concat(dict(handed_out), names=["chunk", "trial"])


def wait_for(condition: Callable[[], object], what: str) -> object:
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not come within {PATIENCE} s"
        time.sleep(0.01)
    return found


class Cluster:
    """A scheduler and a client in this process, and two worker processes of one thread each, all on this machine."""

    def __init__(self, folder: Path) -> None:
        self.log = (folder / "log").open("w")
        self.scheduler = distributed.LocalCluster(
            n_workers=0, processes=False, protocol="tcp://", host="127.0.0.1", dashboard_address=None
        )
        # Without a nanny: nobody starts a killed worker again.
        options = [
            "--no-nanny",
            "--no-dashboard",
            "--nthreads",
            "1",
            "--host",
            "127.0.0.1",
            "--local-directory",
            folder,
        ]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
        command = [sys.executable, "-m", "dask", "worker", self.scheduler.scheduler_address, *map(str, options)]
        self.workers = [
            subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log, cwd=folder) for _ in range(2)
        ]
        self.client = distributed.Client(self.scheduler, timeout=PATIENCE)
        self.client.wait_for_workers(2, timeout=PATIENCE)

    def stop(self) -> None:
        self.client.close(timeout=5)
        for process in self.workers:
            process.kill()
        for process in self.workers:
            process.wait(timeout=PATIENCE)
        self.scheduler.close(timeout=PATIENCE)
        self.log.close()


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    started = Cluster(folder)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    """What one process gives."""
    return together(run_chunks(toy_chunks.coins, streams(), SIZES))


def executed(log: Path, what: str) -> list[tuple[int, int]]:
    """Chunk and process of everything that was begun, or ended."""
    names = [name.split("-") for name in os.listdir(log)]
    return sorted((int(chunk), int(pid)) for word, chunk, pid in names if word == what)


@pytest.mark.skipif(os.name == "nt", reason="signals are spelled differently on Windows")
def test_a_cluster_gives_the_same_and_a_killed_worker_costs_no_trial(cluster, expected, tmp_path, monkeypatch):
    # First with both workers alive.
    log = tmp_path / "whole"
    log.mkdir()
    task = partial(toy_chunks.logged_coins, folder=str(log), seconds=0.05)
    with joblib.parallel_config(backend="dask"):
        found = together(run_chunks(task, streams(), SIZES))
    pd.testing.assert_frame_equal(found, expected)
    assert {pid for _, pid in executed(log, "ended")} == {worker.pid for worker in cluster.workers}
    assert [chunk for chunk, _ in executed(log, "ended")] == list(range(len(SIZES)))

    # A whole simulation of three chunks, called in the same way, and from the command line.
    monkeypatch.setitem(chunks.CHUNK, "adaptive", 400)
    monkeypatch.setattr(simulation_report, "pictures", lambda results: [])
    scenario = simulation.Scenario.from_toml(PLAN)
    run = partial(simulation.run, scenario.design, scenario.assumptions, 1200, seed=3, plan=scenario.plan)
    with joblib.parallel_config(backend="dask"):
        on_cluster = run().tally
    pd.testing.assert_frame_equal(on_cluster, run().tally)
    sweep = partial(
        *(simulation.grid, scenario.design, scenario.assumptions, {"n_per_arm": [10, 15, 20]}),
        n_trials=100, seed=2, method="simulate",
    )  # fmt: skip
    with joblib.parallel_config(backend="dask"):
        swept = sweep()
    pd.testing.assert_frame_equal(swept, sweep())
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    address = cluster.client.scheduler.address
    written = []
    for name, more in (("cluster", ["--scheduler", address]), ("alone", [])):
        out = tmp_path / f"{name}-results"
        with pytest.raises(SystemExit) as left:
            cli.main(["simulate", str(plan), "--trials", "1200", "--out", str(out), *more])
        assert left.value.code == 0
        written.append({str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert written[0] == written[1]
    assert len([name for name in written[0] if "assumed" in name and "part-" in name]) == 3

    # Then one of them is killed while it is inside a chunk that it has not ended.
    log = tmp_path / "killed"
    log.mkdir()
    task = partial(toy_chunks.logged_coins, folder=str(log), seconds=0.4)
    victim, survivor = cluster.workers
    told: list[tuple[int, int]] = []
    store = Checkpoint(tmp_path / "done", {"plan": "coins"})
    with joblib.parallel_config(backend="dask"):
        handed_out = run_chunks(task, streams(), SIZES, checkpoint=store, progress=lambda *at: told.append(at))
        first = next(handed_out)

        def by_victim(what: str) -> set[int]:
            return {chunk for chunk, pid in executed(log, what) if pid == victim.pid}

        # One that it begins from now on, so that there is time to strike before it ends.
        before = by_victim("begun")
        lost = wait_for(lambda: by_victim("begun") - before, "a chunk on the worker")
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait(timeout=PATIENCE)
        found = together([first, *handed_out])

    # No trial lost, none doubled, and every number the same.
    pd.testing.assert_frame_equal(found, expected)
    assert told == [(40 * done, 480) for done in range(len(SIZES) + 1)]
    assert not lost & by_victim("ended")
    assert {(chunk, survivor.pid) for chunk in lost} <= set(executed(log, "ended"))
    assert len(list((tmp_path / "done").glob("part-*"))) == len(SIZES)
    # What the cluster kept is what one process keeps, byte for byte.
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=Checkpoint(tmp_path / "one", {"plan": "coins"})))
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "done" / path.name).read_bytes(), path.name
