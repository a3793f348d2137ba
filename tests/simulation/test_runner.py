"""The runner: the same results on one process and on several, kept on disk, gone on with, and never torn."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import BrokenExecutor
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from nbformat import v4
from references import toy_chunks

from lupus_kit import design, simulation
from lupus_kit.core.errors import InputError
from lupus_kit.simulation import engine
from lupus_kit.simulation.trials import checkpoint, chunks
from lupus_kit.simulation.trials.checkpoint import Checkpoint, interrupt_later
from lupus_kit.simulation.trials.chunks import chunk_size
from lupus_kit.simulation.trials.progress import Watcher
from lupus_kit.simulation.trials.runner import in_order, run_chunks

TESTS = Path(__file__).resolve().parents[1]
SIZES = [40, 40, 40, 40, 40, 40, 40, 13]
PLAN = {"plan": {"test": "pearson", "alpha": 0.05}, "seed": 5}


def streams(count: int = len(SIZES), seed: int = 5) -> list[np.random.SeedSequence]:
    return np.random.SeedSequence(seed).spawn(count)


def together(handed_out) -> pd.DataFrame:
    """All chunks under each other, with their numbers; the numbers must be in order."""
    chunks = list(handed_out)
    assert [index for index, _ in chunks] == list(range(len(chunks)))
    return pd.concat(dict(chunks), names=["chunk", "trial"])


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    """What a plain loop gives."""
    parts = [toy_chunks.coins(s, n).reset_index(drop=True) for s, n in zip(streams(), SIZES, strict=True)]
    return pd.concat(dict(enumerate(parts)), names=["chunk", "trial"])


# ------------------------------------------------------------------ the same results, however they are run


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_the_number_of_processes_cannot_be_seen(n_jobs, expected):
    found = together(run_chunks(toy_chunks.slow_coins, streams(), SIZES, n_jobs=n_jobs))
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential"])
def test_the_backend_cannot_be_seen(backend, expected):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        found = together(run_chunks(toy_chunks.slow_coins, streams(), SIZES, n_jobs=None))
    pd.testing.assert_frame_equal(found, expected)


def test_chunks_do_finish_out_of_order_in_this_test(tmp_path):
    # Otherwise the tests above would show nothing.
    task = partial(toy_chunks.slow_coins, seconds=0.1)
    told = []
    with joblib.parallel_config(backend="threading"):
        for index, _ in run_chunks(task, streams(), SIZES, n_jobs=2, progress=lambda done, _: told.append(done)):
            told.append(("out", index))
    # Chunk 0 sleeps three times as long as chunk 1: more than one arrives before anything is handed out.
    assert told.index(("out", 0)) > 2


def test_the_backend_in_force_is_the_one_at_the_call(expected, tmp_path):
    # The iterator may be used up after the `with` has ended.
    task = partial(toy_chunks.logged_coins, folder=str(tmp_path), seconds=0)
    with joblib.parallel_config(backend="threading"):
        handed_out = run_chunks(task, streams(), SIZES, n_jobs=2)
    pd.testing.assert_frame_equal(together(handed_out), expected)
    assert {name.split("-")[2] for name in os.listdir(tmp_path)} == {str(os.getpid())}


def test_a_chunk_that_came_twice_is_not_counted_twice():
    frame = toy_chunks.coins(streams()[0], 3)
    twice = iter([(1, frame), (1, frame), (0, frame)])
    with pytest.raises(RuntimeError, match="chunk 1 of the simulation came back twice"):
        list(in_order(twice, [1, 1], None, Watcher(None, 2)))


def test_memory_does_not_grow_with_the_number_of_chunks():
    def peak(chunks: int) -> int:
        tracemalloc.start()
        total = 0
        for _, frame in run_chunks(toy_chunks.coins, streams(chunks), [2000] * chunks):
            total += int(frame["heads"].sum())
        assert total > 0
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(2)  # what is imported on the first call
    # Six times the chunks, each of about 100 kB; only their random streams (some hundred bytes each) are held at once.
    assert peak(36) < 1.5 * peak(6)


# ------------------------------------------------------------------ the checkpoint


def kept(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_checkpoint_holds_the_same_bytes_whatever_the_processes(tmp_path, expected, n_jobs):
    for name, jobs in (("one", 1), ("other", n_jobs)):
        store = Checkpoint(tmp_path / name, PLAN)
        found = together(run_chunks(toy_chunks.slow_coins, streams(), SIZES, n_jobs=jobs, checkpoint=store))
        pd.testing.assert_frame_equal(found, expected)
    assert kept(tmp_path / "one") == kept(tmp_path / "other")
    assert len(kept(tmp_path / "one")) == len(SIZES) + 1


def never(stream, n_trials):
    raise AssertionError("this chunk was done already")


def test_what_is_done_is_not_done_again(tmp_path, expected):
    store = Checkpoint(tmp_path / "done", PLAN)
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store))
    pd.testing.assert_frame_equal(together(run_chunks(never, streams(), SIZES, checkpoint=store)), expected)


def test_a_chunk_without_rows_is_kept_too(tmp_path):
    store = Checkpoint(tmp_path / "done", PLAN)
    for task in (toy_chunks.two_rows_or_none, never):
        found = dict(run_chunks(task, streams(), SIZES, checkpoint=store))
        assert [len(frame) for frame in found.values()] == [0, 2] * 4
        assert found[0].dtypes.equals(found[1].dtypes)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interruption_loses_nothing_that_is_done(tmp_path, expected, error):
    store = Checkpoint(tmp_path / "done", PLAN)
    seen = []
    task = partial(toy_chunks.failing_at, chunk=5, error=error)
    if error is KeyboardInterrupt and os.name != "nt":  # as the system has it
        task = partial(toy_chunks.interrupted_at, chunk=5)
    with pytest.raises(error):
        seen.extend(index for index, _ in run_chunks(task, streams(), SIZES, checkpoint=store))
    assert seen == [0, 1, 2, 3, 4]
    assert len(list(tmp_path.glob("done/part-*"))) == 5
    assert not list(tmp_path.glob("done/.*"))
    again = partial(toy_chunks.failing_at, chunk=2, error=AssertionError)  # chunk 2 is done and must not run
    pd.testing.assert_frame_equal(together(run_chunks(again, streams(), SIZES, checkpoint=store)), expected)


def test_who_stops_listening_stops_the_work(tmp_path):
    task = partial(toy_chunks.logged_coins, folder=str(tmp_path), seconds=0)
    handed_out = run_chunks(task, streams(), SIZES)
    next(handed_out)
    handed_out.close()
    assert len(list(tmp_path.glob("begun-*"))) == 1


DAMAGE = {
    "cut short": lambda content: content[:-20],
    "empty": lambda content: b"",
    "one bit": lambda content: content[:200] + bytes([content[200] ^ 1]) + content[201:],
    "longer": lambda content: content + b"\0",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_torn_or_edited_part_is_made_again(tmp_path, expected, damage):
    store = Checkpoint(tmp_path / "done", PLAN)
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store))
    whole = kept(tmp_path / "done")
    torn = next(path for path in (tmp_path / "done").iterdir() if path.name.startswith("part-00003"))
    torn.write_bytes(DAMAGE[damage](torn.read_bytes()))
    log = tmp_path / "log"
    log.mkdir()
    task = partial(toy_chunks.logged_coins, folder=str(log), seconds=0)
    pd.testing.assert_frame_equal(together(run_chunks(task, streams(), SIZES, checkpoint=store)), expected)
    assert [name.split("-")[1] for name in os.listdir(log) if name.startswith("begun")] == ["3"]
    assert kept(tmp_path / "done") == whole


def test_a_part_under_another_number_is_made_again(tmp_path, expected):
    store = Checkpoint(tmp_path / "done", PLAN)
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store))
    whole = kept(tmp_path / "done")
    second = next(path for path in (tmp_path / "done").iterdir() if path.name.startswith("part-00002"))
    shutil.move(second, second.with_name(second.name.replace("00002", "00001")))
    pd.testing.assert_frame_equal(together(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store)), expected)
    assert kept(tmp_path / "done") == whole


def test_a_part_of_another_simulation_is_made_again(tmp_path, expected):
    for name, seed in (("mine", 5), ("other", 6)):
        store = Checkpoint(tmp_path / name, PLAN | {"seed": seed})
        list(run_chunks(toy_chunks.coins, streams(seed=seed), SIZES, checkpoint=store))
    for path in (tmp_path / "mine").glob("part-*"):
        path.unlink()
    for path in (tmp_path / "other").glob("part-*"):
        shutil.copy(path, tmp_path / "mine")
    store = Checkpoint(tmp_path / "mine", PLAN)
    pd.testing.assert_frame_equal(together(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store)), expected)


def test_a_part_that_changes_while_it_is_used_is_refused(tmp_path):
    store = Checkpoint(tmp_path / "done", PLAN)
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store))
    handed_out = run_chunks(never, streams(), SIZES, checkpoint=store)
    next(handed_out)
    path = next((tmp_path / "done").glob("part-00001-*"))
    path.write_bytes(b"other")
    with pytest.raises(InputError, match=r"part-00001.* was changed while the run was using it"):
        next(handed_out)
    handed_out = run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store)
    next(handed_out)
    next((tmp_path / "done").glob("part-00002-*")).unlink()
    with pytest.raises(InputError, match=r"cannot read .*part-00002"):
        list(handed_out)


OTHERS = {
    "another plan": (
        PLAN | {"plan": {"test": "fisher", "alpha": 0.05}},
        streams(),
        SIZES,
        'plan.test "pearson" there, "fisher" here',
    ),
    "another seed": (PLAN | {"seed": 6}, streams(seed=6), SIZES, "seed 5 there, 6 here"),
    "other streams": (PLAN, streams(seed=6), SIZES, "random streams differ"),
    "fewer trials": (PLAN, streams(7), SIZES[:-1], "trials 293 there, 280 here. Give"),
    "other chunks": (PLAN, streams(), [39, 41, *SIZES[2:]], "chunk size 40 there, 41 here"),
    "one thing more": (PLAN | {"depth": "patient"}, streams(), SIZES, 'depth nothing there, "patient" here'),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_checkpoint_of_another_simulation_is_refused_before_anything_runs(tmp_path, other):
    identity, their_streams, sizes, words = OTHERS[other]
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=Checkpoint(tmp_path / "done", PLAN)))
    before = kept(tmp_path / "done")
    with pytest.raises(InputError, match="is the checkpoint of another simulation") as caught:
        run_chunks(never, their_streams, sizes, checkpoint=Checkpoint(tmp_path / "done", identity))
    assert words in str(caught.value)
    assert kept(tmp_path / "done") == before


def test_a_checkpoint_of_another_version_is_refused(tmp_path, monkeypatch):
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=Checkpoint(tmp_path / "done", PLAN)))
    monkeypatch.setattr(checkpoint, "__version__", "999.0")
    with pytest.raises(InputError, match=r'version ".*" there, "999.0" here'):
        run_chunks(never, streams(), SIZES, checkpoint=Checkpoint(tmp_path / "done", PLAN))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"kind": "shopping"}', b"\xff\xfe".decode("latin-1")])
def test_a_damaged_manifest_is_told(tmp_path, text):
    store = Checkpoint(tmp_path / "done", PLAN)
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store))
    (tmp_path / "done" / "checkpoint.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"checkpoint\.json is (damaged|not a checkpoint)"):
        run_chunks(never, streams(), SIZES, checkpoint=store)


def test_the_manifest_says_what_the_folder_is_of(tmp_path):
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=Checkpoint(tmp_path / "done", PLAN)))
    manifest = json.loads((tmp_path / "done" / "checkpoint.json").read_text(encoding="utf-8"))
    assert manifest["identity"].items() >= {**PLAN, "trials": 293, "chunks": 8, "chunk_size": 40}.items()
    assert re.fullmatch("[0-9a-f]{64}", manifest["fingerprint"])


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.docx").write_text("chapter one")
    with pytest.raises(InputError, match="holds files that are not a checkpoint"):
        run_chunks(never, streams(), SIZES, checkpoint=Checkpoint(tmp_path, PLAN))
    assert os.listdir(tmp_path) == ["thesis.docx"]
    with pytest.raises(InputError, match="a file is in the way"):
        run_chunks(never, streams(), SIZES, checkpoint=Checkpoint(tmp_path / "thesis.docx", PLAN))


@pytest.mark.parametrize(("sizes", "again"), [([*SIZES[:-1], 40, 40], {"7", "8"}), ([*SIZES[:-1], 20], {"7"})])
def test_a_finished_run_goes_on_to_more_trials_and_keeps_its_whole_parts(tmp_path, sizes, again):
    store, log = Checkpoint(tmp_path / "done", PLAN), tmp_path / "log"
    log.mkdir()
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store))
    before = kept(tmp_path / "done")
    task = partial(toy_chunks.logged_coins, folder=str(log), seconds=0)
    found = together(run_chunks(task, streams(len(sizes)), sizes, checkpoint=store))
    # Only the part that was shorter than the others, and what is new, are simulated.
    assert {name.split("-")[1] for name in os.listdir(log)} == again
    whole = Checkpoint(tmp_path / "whole", PLAN)
    pd.testing.assert_frame_equal(
        found, together(run_chunks(toy_chunks.coins, streams(len(sizes)), sizes, checkpoint=whole))
    )
    after = kept(tmp_path / "done")
    assert after == kept(tmp_path / "whole")
    assert len(before.keys() & after.keys()) == 8  # seven parts and the manifest


def test_a_simulation_of_2000_trials_goes_on_to_3000(tmp_path, monkeypatch):
    monkeypatch.setitem(chunks.CHUNK, "adaptive", 500)
    plan = simulation.AnalysisPlan(reestimation=simulation.Reestimation())
    run = partial(simulation.run, design.he2020(), RATES, seed=3, plan=plan)
    first = run(2000, checkpoint=tmp_path / "done")
    done = []
    more = run(3000, checkpoint=tmp_path / "done", progress=lambda *at: done.append(at))
    assert done == [(2000, 3000), (2500, 3000), (3000, 3000)]
    pd.testing.assert_frame_equal(more.trials.head(2000), first.trials)
    pd.testing.assert_frame_equal(more.trials, run(3000).trials)


# ------------------------------------------------------------------ one run at a time


def test_two_runs_in_one_folder_are_refused_in_one_sentence(tmp_path, expected):
    store = Checkpoint(tmp_path / "done", PLAN)
    first = run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store)
    next(first)
    before = kept(tmp_path / "done")
    with pytest.raises(InputError, match=rf"is in use by another run \(process {os.getpid()} on .*\): wait until"):
        run_chunks(never, streams(), SIZES, checkpoint=store)
    assert kept(tmp_path / "done") == before
    list(first)
    assert ".in_use" not in os.listdir(tmp_path / "done")
    pd.testing.assert_frame_equal(together(run_chunks(never, streams(), SIZES, checkpoint=store)), expected)


# The file of the lock alone: what simulates takes half a second to import.
HOLD = """
import runpy, sys, time
from pathlib import Path
class Owner: pass
owner = Owner()
runpy.run_path(sys.argv[2])["lock"](Path(sys.argv[1]), owner)
print("held", flush=True)
time.sleep(600)
"""


def test_the_lock_of_a_dead_process_is_none(tmp_path):
    folder = tmp_path / "done"
    store = Checkpoint(folder, PLAN)
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store))
    whole = kept(folder)
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), checkpoint.lock.__code__.co_filename],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=rf"in use by another run \(process {process.pid} on "):
            run_chunks(never, streams(), SIZES, checkpoint=store)
        process.kill()
    assert (folder / ".in_use").exists()  # a killed process cannot tidy up
    list(run_chunks(never, streams(), SIZES, checkpoint=store))
    assert kept(folder) == whole


@pytest.mark.parametrize("change", [{"progress": "yes"}, {"sizes": [5]}])
def test_a_run_that_is_refused_does_not_keep_the_folder(tmp_path, change):
    store = Checkpoint(tmp_path / "done", PLAN)
    question = {"task": [toy_chunks.coins] * 8, "streams": streams(), "sizes": SIZES, "checkpoint": store}
    with pytest.raises((InputError, ValueError)):
        run_chunks(**(question | change))
    assert len(together(run_chunks(**question))) == 293


def test_a_file_that_somebody_put_beside_the_parts_is_left_alone(tmp_path):
    store = Checkpoint(tmp_path / "done", PLAN)
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store))
    for name in ("part-notes.parquet", "mine.txt"):
        (tmp_path / "done" / name).write_text("mine")
    list(run_chunks(never, streams(), SIZES, checkpoint=store))
    assert {"part-notes.parquet", "mine.txt"} <= kept(tmp_path / "done").keys()


@pytest.mark.parametrize("checkpoint", [5, ["a"], b"folder", True])
def test_a_folder_that_is_none_is_one_sentence(checkpoint):
    with pytest.raises(InputError, match=r"checkpoint == .*: give the path of a folder"):
        simulation.run(design.he2020(), RATES, 10, checkpoint=checkpoint)


# ------------------------------------------------------------------ killed


RUN = """
import sys
from functools import partial
import numpy as np
from references import toy_chunks
from lupus_kit.simulation.trials.checkpoint import Checkpoint
from lupus_kit.simulation.trials.runner import run_chunks
from pathlib import Path
sizes = {sizes}
plan = {plan}
task = partial(toy_chunks.slow_coins, seconds=0.2)
list(run_chunks(task, np.random.SeedSequence(5).spawn(8), sizes, n_jobs=int(sys.argv[2]),
                checkpoint=Checkpoint(Path(sys.argv[1]), plan)))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are spelled differently on Windows")
def test_a_process_that_is_killed_is_gone_on_with(tmp_path, expected):
    # Interrupted: above, and with workers in tests/cli/test_simulate.py.
    folder = tmp_path / "done"
    command = [sys.executable, "-c", RUN.format(sizes=SIZES, plan=PLAN), str(folder), "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    # Its own process group, so that its workers can be killed with it.
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, start_new_session=True, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 300
            while len(list(folder.glob("part-*"))) < 2:
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < end
                time.sleep(0.01)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=300)
    done = len(list(folder.glob("part-*")))
    assert 2 <= done < len(SIZES)
    # Something half-written, as a blow at the worst moment leaves it.
    (folder / ".part-00007-0123456789abcdef.parquet.x1y2z3.part").write_bytes(b"PAR1")
    log = tmp_path / "executed"
    log.mkdir()
    task = partial(toy_chunks.logged_coins, folder=str(log), seconds=0)
    found = together(run_chunks(task, streams(), SIZES, checkpoint=Checkpoint(folder, PLAN)))
    pd.testing.assert_frame_equal(found, expected)
    assert len(list(log.glob("begun-*"))) == len(SIZES) - done
    # And the folder is that of a run that was never stopped, byte for byte.
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=Checkpoint(tmp_path / "whole", PLAN)))
    assert kept(folder) == kept(tmp_path / "whole")


# ------------------------------------------------------------------ a design space as one lot


GRID = {"n_per_arm": [8, 12], "correlation": [0.1, 0.3], "plan.multiplicity": ["bonferroni", "fixed_sequence"]}
RATES = simulation.ResponseRates((0.7, 0.3), (0.8, 0.4), 0.2)


def swept(**options) -> pd.DataFrame:
    return simulation.grid(design.he2020(), RATES, GRID, n_trials=300, seed=4, method="simulate", **options)


def test_a_lot_gives_what_each_scenario_gives_alone(monkeypatch):
    monkeypatch.setitem(chunks.CHUNK, "adaptive", 400)
    scenarios = [
        simulation.Scenario(RATES, plan=simulation.AnalysisPlan(test="fisher")),
        # Fewer trials share a stream here, so this one has three chunks and the other has one.
        simulation.Scenario(RATES, plan=simulation.AnalysisPlan(reestimation=simulation.Reestimation())),
    ]
    assert [-(-1200 // chunk_size(scenario)) for scenario in scenarios] == [1, 3]
    lot = engine.run_each(scenarios, np.random.default_rng(3).spawn(2), 1200)
    for found, scenario, stream in zip(lot, scenarios, np.random.default_rng(3).spawn(2), strict=True):
        alone = simulation.run(scenario.design, RATES, 1200, stream, plan=scenario.plan, keep_trials=False)
        assert found.scenario == scenario
        pd.testing.assert_frame_equal(found.tally, alone.tally)


def test_a_grid_is_kept_and_gone_on_with(tmp_path):
    expected = swept()
    told: list[tuple[int, int]] = []
    pd.testing.assert_frame_equal(
        swept(n_jobs=2, checkpoint=tmp_path / "done", progress=lambda *at: told.append(at)), expected
    )
    assert told[0] == (0, 2400)
    assert told[-1] == (2400, 2400)
    assert len(told) == 9
    parts = sorted((tmp_path / "done").glob("part-*"))
    assert len(parts) == 8
    for part in parts[2:5]:
        part.unlink()
    told.clear()
    pd.testing.assert_frame_equal(swept(checkpoint=tmp_path / "done", progress=lambda *at: told.append(at)), expected)
    assert told == [(1500, 2400), (1800, 2400), (2100, 2400), (2400, 2400)]
    with pytest.raises(InputError, match="is the checkpoint of another simulation"):
        simulation.grid(
            design.he2020(), RATES, {"n_per_arm": [8]}, n_trials=300, seed=4, method="simulate",
            checkpoint=tmp_path / "done",
        )  # fmt: skip


def test_each_chunk_may_have_its_own_task():
    tasks = [partial(toy_chunks.coins, rate=0.0), partial(toy_chunks.coins, rate=1.0)]
    found = [frame["heads"].unique().tolist() for _, frame in run_chunks(tasks, streams(2), [5, 5])]
    assert found == [[0], [30]]
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        run_chunks(tasks, streams(3), [5, 5, 5])


# ------------------------------------------------------------------ progress


def test_a_function_is_told_how_far_the_run_is(tmp_path):
    told: list[tuple[int, int]] = []
    store = Checkpoint(tmp_path / "done", PLAN)
    handed_out = run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store, progress=lambda *at: told.append(at))
    for _ in range(3):
        next(handed_out)
    handed_out.close()
    assert told == [(0, 293), (40, 293), (80, 293), (120, 293)]
    told.clear()
    list(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store, progress=lambda *at: told.append(at)))
    assert told == [(120, 293), (160, 293), (200, 293), (240, 293), (280, 293), (293, 293)]


def test_the_bar_shows_trials_and_an_estimate(capsys):
    task = partial(toy_chunks.slow_coins, seconds=0.12)
    list(run_chunks(task, streams(), SIZES, progress=True))
    drawn = capsys.readouterr().err
    assert re.search(r"Simulating:\s+100%.*293/293 \[00:0\d<00:00, .* trials/s\]", drawn)
    # Half-way it says how long is left.
    assert re.search(r"\b1\d\d/293 \[00:0\d<00:0\d, ", drawn)


def test_the_bar_is_a_widget_in_a_notebook(kernel, tmp_path):
    code = (
        "from lupus_kit import design, simulation\n"
        "rates = simulation.ResponseRates((0.5, 0.3), (0.6, 0.4))\n"
        "simulation.run(design.he2020(), rates, n_trials=600_000, seed=1, progress=True).n_trials"
    )
    notebook = v4.new_notebook(cells=[v4.new_code_cell(code)])
    assert kernel(notebook, tmp_path) == []
    widgets = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    (bar,) = (widget["state"] for widget in widgets if widget["model_name"] == "FloatProgressModel")
    assert (bar["value"], bar["max"], bar["bar_style"]) == (600_000, 600_000, "success")
    assert any("600k/600k" in str(widget["state"].get("value")) for widget in widgets)
    assert "text/plain" in notebook.cells[0].outputs[-1]["data"]
    assert notebook.cells[0].outputs[-1]["data"]["text/plain"] == "600000"


def test_nothing_is_shown_unless_asked_for(capsys):
    list(run_chunks(toy_chunks.coins, streams(), SIZES))
    list(run_chunks(toy_chunks.coins, streams(), SIZES, progress=False))
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_jobs": 0}, "n_jobs == 0: give 1 or more processes, or -1 for all cores"),
        ({"n_jobs": 1.5}, r"n_jobs == 1\.5"),
        ({"n_jobs": True}, "n_jobs == True"),
        ({"progress": "yes"}, "progress == 'yes': give True, False, or a function"),
    ],
)
def test_bad_input_is_said_before_anything_runs(change, words):
    with pytest.raises(InputError, match=words):
        run_chunks(never, streams(), SIZES, **change)


def test_a_backend_that_keeps_all_results_is_refused():
    with (
        joblib.parallel_config(backend="multiprocessing"),
        pytest.raises(InputError, match="MultiprocessingBackend cannot hand out results one by one"),
    ):
        run_chunks(never, streams(), SIZES, n_jobs=2)


def test_an_error_of_a_chunk_comes_through():
    # Among threads: an error ends the worker processes, and others would have to be started for the tests that follow.
    task = partial(toy_chunks.failing_at, chunk=3, error=ZeroDivisionError)
    with joblib.parallel_config(backend="threading"), pytest.raises(ZeroDivisionError, match="chunk 3"):
        list(run_chunks(task, streams(), SIZES, n_jobs=2))


@pytest.mark.skipif(os.name == "nt", reason="signals are spelled differently on Windows")
def test_an_interrupt_waits_until_a_part_is_written():
    seen = []

    def write() -> None:
        with interrupt_later():
            os.kill(os.getpid(), signal.SIGINT)
            seen.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert seen == ["written"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(ValueError, match="full disk"), interrupt_later():  # an error comes through
        raise ValueError("full disk")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# ------------------------------------------------------------------ last, since the other tests share the processes


@pytest.mark.skipif(os.name == "nt", reason="signals are spelled differently on Windows")
def test_a_killed_worker_is_one_sentence(tmp_path, expected, monkeypatch):
    store = Checkpoint(tmp_path / "done", PLAN)
    task = partial(toy_chunks.killed_at, chunk=3, caller=os.getpid())
    says = r"a worker process was killed after \d+ of 293 trials.*"
    with pytest.raises(InputError, match=says + r"is kept in .*done, .* with --resume\)\."):
        list(run_chunks(task, streams(), SIZES, n_jobs=2, checkpoint=store))
    # And the same run goes on.
    pd.testing.assert_frame_equal(together(run_chunks(toy_chunks.coins, streams(), SIZES, checkpoint=store)), expected)

    def killed(*_):
        raise BrokenExecutor
        yield

    monkeypatch.setattr(
        "joblib.Parallel.__call__", killed
    )  # without a folder; a second pair of workers takes long to start
    with pytest.raises(InputError, match=says + r"on the command line --out"):
        list(run_chunks(toy_chunks.coins, streams(), SIZES, n_jobs=2))
