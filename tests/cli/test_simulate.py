"""``lupus-kit simulate`` as a user meets it: what it writes, how it goes on, and how it says what is wrong."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from functools import cache
from pathlib import Path

import joblib
import pandas as pd
import pytest

from lupus_kit import cli, inference, simulation
from lupus_kit.cli import simulation_report as report
from lupus_kit.cli.simulate import RESULTS, truths
from lupus_kit.simulation import engine
from lupus_kit.simulation.trials import chunks
from lupus_kit.simulation.trials.lock import lock

ROOT = Path(__file__).resolve().parents[2]
PATIENTS = "format = 1\n[patients]\ndropout_rate = 0.1\n"
RATES = """format = 1
[design]
patients = [12, 10]
[plan]
test = "fisher"

[rates]
primary = [0.7, 0.3]
follow_up = [0.8, 0.4]
correlation = 0.2
"""
# More patients if the pooled rate asks for them: such trials are simulated in smaller chunks.
ADAPTIVE = "[plan.reestimation]\nat = 0.5\n[rates]"
FAMILYWISE = cache(simulation.familywise)


def call(*arguments: str) -> int:
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


@pytest.fixture
def small(monkeypatch):
    """Draw no pictures, search a plan's familywise error once: each the subject of one test. Chunks of few trials."""
    monkeypatch.setattr(report, "pictures", lambda results: [])
    monkeypatch.setattr(simulation, "familywise", FAMILYWISE)
    monkeypatch.setattr(chunks, "PATIENTS", 1200)  # twenty trials of 60 patients
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 2000)
    monkeypatch.setitem(chunks.CHUNK, "adaptive", 400)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty folder to stand in, with two plan files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rates.toml").write_text(RATES, encoding="utf-8")
    (tmp_path / "patients.toml").write_text(PATIENTS, encoding="utf-8")
    return tmp_path


def content(folder: str | Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


# ------------------------------------------------------------------ what it gives


def test_the_numbers_are_those_of_the_library(desk, small, capsys):
    assert call("simulate", "rates.toml", "--trials", "3000", "--seed", "4", "--out", "done") == 0
    assert set(os.listdir("done")) == {"plan.toml", "parts", *RESULTS}
    scenario = simulation.Scenario.from_toml(RATES)
    rows = list(csv.DictReader((desk / "done" / RESULTS[0]).open(encoding="utf-8")))
    for truth, rates in (("assumed", scenario.assumptions), ("no difference", scenario.assumptions.under_null())):
        expected = simulation.run(scenario.design, rates, 3000, 4, plan=scenario.plan)
        found = {row["quantity"]: row for row in rows if row["truth"] == truth}
        for row in expected.summary().itertuples():
            for name in ("estimate", "mc_error", "low", "high"):
                value = found[row.quantity][name]
                assert (float(value) if value else float("nan")) == pytest.approx(getattr(row, name), nan_ok=True)
        for row in expected.coverage().itertuples():
            key = f"{row.endpoint}: coverage of the 95% interval, {row.label}"
            assert float(found[key]["estimate"]) == pytest.approx(row.coverage)
    written = json.loads((desk / "done" / RESULTS[1]).read_text(encoding="utf-8"))
    assert (written["trials"], written["seed"], written["depth"]) == (3000, 4, "endpoint")
    assert written["plan"]["plan"]["test"] == "fisher"
    assert len(written["operating_characteristics"]) == len(rows)
    for truth in ("assumed", "no difference"):
        shares = [row["share"] for row in written["p_values"] if (row["truth"], row["endpoint"]) == (truth, "primary")]
        assert sum(shares) == pytest.approx(1)
    assert (desk / "done" / "plan.toml").read_text(encoding="utf-8") == RATES
    printed = capsys.readouterr()
    assert printed.out.startswith("3,000 simulated trials of 12 and 10 patients, seed 4\n")
    assert "any false claim" in printed.out
    assert "Wrote" in printed.err


def test_the_familywise_error_is_kept_where_the_arms_do_not_differ(desk, small):
    # Fisher's test in a fixed sequence: at most alpha, whatever is simulated; the margin is five standard errors.
    assert call("simulate", "rates.toml", "--trials", "20000", "--out", "done") == 0
    written = json.loads((desk / "done" / RESULTS[1]).read_text(encoding="utf-8"))
    (row,) = (
        r
        for r in written["operating_characteristics"]
        if (r["truth"], r["quantity"]) == ("no difference", "any false claim")
    )
    assert 0 < row["estimate"] <= 0.05 + 5 * row["mc_error"]
    (other,) = (
        r for r in written["operating_characteristics"] if (r["truth"], r["quantity"]) == ("assumed", "any false claim")
    )
    assert other["estimate"] is None  # both endpoints differ: no claim is false
    assert other["status"] == "not defined"
    (largest,) = (r for r in written["operating_characteristics"] if r["quantity"] == "familywise error, the largest")
    assert largest["estimate"] == pytest.approx(inference.size("fisher", 12, 10).size, abs=1e-3)


def test_a_plan_without_a_difference_or_with_patients_has_one_truth():
    text = RATES.replace("[0.7, 0.3]", "[0.5, 0.5]").replace("[0.8, 0.4]", "[0.6, 0.6]")
    assert list(truths(simulation.Scenario.from_toml(text))) == ["assumed"]
    assert list(truths(simulation.Scenario.from_toml(PATIENTS))) == ["assumed"]
    assert list(truths(simulation.Scenario.from_toml(RATES))) == ["assumed", "no difference"]


def test_without_a_folder_nothing_is_written(desk, capsys):
    before = content(desk)
    assert call("simulate", "rates.toml", "--trials", "500") == 0
    assert "primary significant" in capsys.readouterr().out
    assert content(desk) == before


def test_the_page_loads_nothing_and_escapes_the_plan(desk, page_loads):
    (desk / "rates.toml").write_text("# <script>alert(1)</script>\n" + RATES, encoding="utf-8")
    assert call("simulate", "rates.toml", "--trials", "500", "--out", "done") == 0
    page = (desk / "done" / RESULTS[2]).read_text(encoding="utf-8")
    assert page_loads(page) == []
    assert "<script" not in page
    # The pictures say what is on them.
    alts = re.findall('<img alt="([^"]+)" src="data:image/png;base64,', page)
    assert len(alts) == 7
    assert alts[0].startswith("Probabilities of the outcomes of a trial. assumed: ")
    assert "500 simulated trials of 12 and 10 patients, endpoint level, seed 0" in page


def test_cells_for_reading():
    nan = float("nan")
    numbers = [(0.48417, 0.0005), (60.0, 0.0), (nan, nan), (nan, nan), (1e-6, 2e-6), (13.33, nan)]
    rows = pd.DataFrame(numbers, columns=["estimate", "mc_error"]).assign(truth="assumed", quantity=list("abcdef"))
    rows["status"] = ["estimated", "estimated", "not defined", "not estimable", "estimated", "estimated"]
    expected = ["0.4842 (0.0005)", "60.0", "–", "not estimable", "0.0000 (<0.0001)", "13.3 (error not estimable)"]
    assert report.side_by_side(rows)["assumed"].tolist() == expected


def test_the_new_plan_simulates_as_it_stands(desk, capsys):
    assert call("simulate", "--new", "--out", "new.toml") == 0
    assert (desk / "new.toml").read_text(encoding="utf-8") == simulation.plan_template()
    assert call("simulate", "new.toml", "--trials", "200") == 0
    assert call("simulate", "--new") == 0
    assert capsys.readouterr().out.endswith(simulation.plan_template())
    assert call("simulate", "--new", "--out", "new.toml") == 2
    assert "is not overwritten" in capsys.readouterr().err


def test_what_the_new_plan_offers_can_be_used():
    # Every part that is switched off in the template reads once its signs # are taken away.
    text = simulation.plan_template()

    def switched_on(start: str, lines: int) -> str:
        before, after = text.split(f"# {start}\n")
        block = [start, *(line.removeprefix("# ") for line in after.splitlines()[:lines])]
        return before + "\n".join(block) + "\n" + "\n".join(after.splitlines()[lines:]) + "\n"

    looks = simulation.Scenario.from_toml(switched_on("[plan.looks]", 2)).plan.looks
    assert (looks.fractions, looks.boundary) == ((0.5, 1.0), "obrien_fleming")
    spending = switched_on("[plan.looks]", 3).replace('"obrien_fleming"', '"spending"')
    assert simulation.Scenario.from_toml(spending).plan.looks.spent == (0.01, 0.05)
    assert simulation.Scenario.from_toml(switched_on("[plan.reestimation]", 4)).plan.reestimation.at == 0.5
    patients = "[patients]\n" + text.split("# [patients]\n")[1].replace("# ", "")
    made = simulation.Scenario.from_toml(text.split("# What is true.")[0] + patients)
    assert (made.depth, made.assumptions.dropout_rate) == ("patient", 0.15)


# ------------------------------------------------------------------ the same whatever the cores; going on


@pytest.mark.parametrize("plan", ["adaptive.toml", "patients.toml"])
def test_two_cores_write_the_same_bytes_as_one(desk, small, plan):
    (desk / "adaptive.toml").write_text(RATES.replace("[rates]", ADAPTIVE), encoding="utf-8")
    trials = {"adaptive.toml": "1200", "patients.toml": "60"}[plan]  # three chunks each
    with joblib.parallel_config(backend="threading"):  # in processes: the run that is interrupted, below
        for jobs in ("1", "2"):
            assert call("simulate", plan, "--trials", trials, "--jobs", jobs, "--out", f"jobs{jobs}") == 0
    assert content("jobs1") == content("jobs2")
    assert len([name for name in content("jobs1") if "assumed" in name and "part-" in name]) == 3


STOPPED = ["simulate", "patients.toml", "--trials", "80", "--seed", "7"]  # four chunks
# After three parts it waits for the blow, however busy the machine is.
COMMAND = """
import time
from lupus_kit import cli
from lupus_kit.simulation.trials import checkpoint, chunks

chunks.PATIENTS = 1200
write, written = checkpoint.Parts.write, []

def write_three(parts, chunk, frame):
    if len(written) == 3:
        time.sleep(600)
    write(parts, chunk, frame)
    written.append(chunk)

checkpoint.Parts.write = write_three
cli.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are spelled differently on Windows")
def test_a_run_that_is_interrupted_goes_on_to_the_same_bytes(desk, small, capsys):
    # Killed outright, with workers: tests/simulation/test_runner.py.
    assert call(*STOPPED, "--out", "whole") == 0
    command = [sys.executable, "-c", COMMAND, *STOPPED, "--jobs", "2", "--out", "stopped"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (desk / "log").open("w") as log:
        # Its own process group: Ctrl+C in a terminal reaches the workers, too.
        process = subprocess.Popen(command, env=environment, start_new_session=True, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 300
            while len(list(Path("stopped").rglob("part-*.parquet"))) < 3:
                assert process.poll() is None, (desk / "log").read_text()
                assert time.monotonic() < end
                time.sleep(0.01)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            code = process.wait(timeout=300)
    assert len(list(Path("stopped").rglob("part-*.parquet"))) == 3
    assert not set(RESULTS) & set(os.listdir("stopped"))
    said = (desk / "log").read_text()
    assert code == 130
    assert "Stopped. What is done is kept in stopped: the same command with --resume goes on." in said
    assert "Traceback" not in said
    capsys.readouterr()
    assert call(*STOPPED, "--out", "stopped") == 2
    assert "holds a simulation already: add --resume" in capsys.readouterr().err
    assert call(*STOPPED, "--out", "stopped", "--resume") == 0
    assert content("stopped") == content("whole")


def test_a_finished_run_can_be_read_again_without_work(desk, small, monkeypatch):
    question = ["simulate", "patients.toml", "--trials", "30", "--out", "done"]
    assert call(*question) == 0
    before = content("done")

    def never(*_):
        raise AssertionError("this was simulated already")

    monkeypatch.setattr(engine, "simulate_chunk", never)
    assert call(*question, "--resume") == 0
    assert content("done") == before


def test_another_plan_is_refused_before_anything_is_written(desk, small, capsys):
    assert call("simulate", "rates.toml", "--trials", "500", "--out", "done") == 0
    before = content("done")
    (desk / "other.toml").write_text(RATES.replace("fisher", "pearson"), encoding="utf-8")
    capsys.readouterr()
    for arguments, words in (
        (["other.toml", "--trials", "500"], 'plan.test "fisher" there, "pearson" here'),
        (["rates.toml", "--trials", "499"], "trials 500 there, 499 here"),
        (["rates.toml", "--trials", "500", "--seed", "1"], "seed 0 there, 1 here"),
    ):
        assert call("simulate", *arguments, "--out", "done", "--resume") == 2
        said = capsys.readouterr().err
        assert "is the checkpoint of another simulation" in said
        assert words in said
        assert content("done") == before


@pytest.mark.parametrize("plan", ["rates.toml", "patients.toml"])
def test_a_finished_run_goes_on_to_more_trials(desk, small, plan):
    # 20 trials of patients a part here: 40 trials are two whole parts, which are kept.
    assert call("simulate", plan, "--trials", "40", "--out", "done") == 0
    before = content("done")
    assert call("simulate", plan, "--trials", "60", "--out", "done", "--resume") == 0
    assert call("simulate", plan, "--trials", "60", "--out", "whole") == 0
    assert content("done") == content("whole")
    if plan == "patients.toml":
        parts = {name for name in before if "part-" in name}
        assert len(parts) == 2
        assert parts < set(content("done"))


def test_going_on_overwrites_no_file_that_somebody_made_or_changed(desk, small, capsys):
    question = ["simulate", "rates.toml", "--trials", "300", "--no-coverage", "--out", "done"]
    assert call(*question) == 0
    for name in ("plan.toml", *RESULTS):
        (desk / "done" / name).write_text("my notes", encoding="utf-8")
        before = content("done")
        assert call(*question, "--resume") == 2
        assert f"{name} is " in (said := capsys.readouterr().err)
        assert "and is not overwritten: move it" in said
        assert content("done") == before
        (desk / "done" / name).unlink()
        (desk / "done" / name).mkdir()
        assert call(*question, "--resume") == 2
        (desk / "done" / name).rmdir()
        assert call(*question, "--resume") == 0
    # Results that nobody remembers having written are somebody's.
    (desk / "done" / "parts" / "written.json").unlink()
    assert call(*question, "--resume") == 2


def test_two_runs_in_one_folder_are_told(desk, small, capsys):
    question = ["simulate", "rates.toml", "--trials", "300", "--out", "done"]
    assert call(*question) == 0

    class Owner:
        pass

    owner = Owner()
    release = lock(desk / "done" / "parts" / "assumed", owner)
    before = content("done")
    assert call(*question, "--resume") == 2
    assert f"is in use by another run (process {os.getpid()} on " in capsys.readouterr().err
    assert content("done") == before
    release()
    assert call(*question, "--resume") == 0


def test_a_killed_worker_is_one_sentence_with_the_way_on(desk, small, capsys, monkeypatch):
    def killed(*_):
        raise BrokenExecutor("joblib's traceback")
        yield

    with monkeypatch.context() as without_workers:
        without_workers.setattr("joblib.Parallel.__call__", killed)
        assert call("simulate", "rates.toml", "--trials", "300", "--out", "done") == 2
    said = capsys.readouterr().err
    assert said.startswith("lupus-kit: a worker process was killed after 0 of 300 trials")
    assert "the same run goes on from there (on the command line with --resume)." in said
    assert said.count("\n") == 1
    assert call("simulate", "rates.toml", "--trials", "300", "--out", "done", "--resume") == 0


def test_the_coverage_can_be_left_out(desk, small, capsys, monkeypatch):
    monkeypatch.setattr(simulation.Simulation, "coverage", None)
    assert call("simulate", "rates.toml", "--trials", "300", "--no-coverage", "--progress", "--out", "done") == 0
    printed = capsys.readouterr()
    assert "Summing up." in printed.err
    assert "primary claimed" in printed.out
    assert "coverage of" not in printed.out + (desk / "done" / RESULTS[0]).read_text(encoding="utf-8")


def test_a_torn_part_is_made_again(desk, small):
    question = ["simulate", "rates.toml", "--trials", "500", "--out", "done"]
    assert call(*question) == 0
    before = content("done")
    (part,) = Path("done/parts/assumed").glob("part-*")
    part.write_bytes(part.read_bytes()[:-7])
    assert call(*question, "--resume") == 0
    assert content("done") == before


# ------------------------------------------------------------------ progress and bad input


def test_progress_is_shown_in_a_terminal_or_when_asked_for(desk, capsys):
    assert call("simulate", "rates.toml", "--trials", "500") == 0
    assert "Simulating" not in capsys.readouterr().err
    assert call("simulate", "rates.toml", "--trials", "500", "--progress") == 0
    assert "500/500" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give one of PLAN.toml and --new (nothing given)"),
        (["rates.toml", "--new"], "(PLAN.toml and --new given)"),
        (["nowhere.toml"], "nowhere.toml: cannot be read"),
        (["rates.toml", "--trials", "0"], "Invalid value for '--trials'"),
        (["rates.toml", "--trials", "-5"], "Invalid value for '--trials'"),
        (["rates.toml", "--trials", "many"], "Invalid value for '--trials'"),
        (["rates.toml", "--jobs", "0"], "--jobs 0: give 1 or more cores"),
        (["rates.toml", "--jobs", "-2"], "Invalid value for '--jobs'"),
        (["rates.toml", "--seed", "-1"], "Invalid value for '--seed'"),
        (["rates.toml", "--resume"], "name it with --out"),
        (["broken.toml"], "broken.toml: is not valid TOML"),
        (["tast.toml"], "unknown key 'tast': did you mean 'test'"),
        (["week.toml"], "the primary endpoint is at week 16"),
        (["spend.toml"], "0.06"),
        (["rates.toml", "--out", "rates.toml"], "a file is in the way"),
        (["rates.toml", "--out", "thesis"], "holds files that are not a simulation's"),
        (["rates.toml", "--out", "other"], "is another plan and is not overwritten"),
    ],
)
def test_bad_input_is_said_and_nothing_is_written(desk, capsys, arguments, words):
    (desk / "broken.toml").write_text("[plan", encoding="utf-8")
    (desk / "tast.toml").write_text(RATES.replace("test =", "tast ="), encoding="utf-8")
    week = 'test = "fisher"\nprimary = { name = "SRI-4", week = 16 }'
    (desk / "week.toml").write_text(RATES.replace('test = "fisher"', week), encoding="utf-8")
    spend = '[plan.looks]\nfractions = [0.5, 1.0]\nboundary = "spending"\nspent = [0.01, 0.06]\n[rates]'
    (desk / "spend.toml").write_text(RATES.replace("[rates]", spend), encoding="utf-8")
    for folder, name in (("thesis", "chapter1.txt"), ("other", "plan.toml")):
        (desk / folder).mkdir()
        (desk / folder / name).write_text("format = 1\n", encoding="utf-8")
    before = content(desk)
    out = [] if "--out" in arguments or "--resume" in arguments or "--new" in arguments else ["--out", "done"]
    assert call("simulate", *arguments, *out) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lupus-kit: ")
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert content(desk) == before
    assert not (desk / "done").exists()


def test_a_plan_can_be_simulated_into_its_own_folder(desk, small):
    (desk / "mine").mkdir()
    (desk / "mine" / "plan.toml").write_text(RATES, encoding="utf-8")
    assert call("simulate", "mine/plan.toml", "--trials", "300", "--out", "mine") == 0
    assert set(os.listdir("mine")) == {"plan.toml", "parts", *RESULTS}


def test_a_scheduler_that_does_not_answer_is_told(desk, capsys):
    pytest.importorskip("distributed", reason="Dask is not installed: pip install lupus-kit[dask]")
    assert call("simulate", "rates.toml", "--scheduler", "nonsense", "--out", "done") == 2
    assert "no Dask scheduler answers there" in capsys.readouterr().err
    assert not (desk / "done").exists()


def test_a_cluster_without_dask_is_told(desk, capsys, monkeypatch):
    monkeypatch.setattr("lupus_kit.cli.simulate.find_spec", lambda _: None)
    assert call("simulate", "rates.toml", "--scheduler", "tcp://127.0.0.1:8786", "--out", "done") == 2
    assert "--scheduler needs Dask: pip install 'lupus-kit[dask]'." in capsys.readouterr().err
    assert not (desk / "done").exists()


def test_a_protocol_is_written_once(desk, capsys, monkeypatch):
    looks = RATES.replace("[rates]", "[plan.looks]\nfractions = [0.5, 1.0]\n[plan.recruitment]\nper_month = 2\n[rates]")
    Path("looks.toml").write_text(looks, encoding="utf-8")
    assert call("simulate", "looks.toml", "--protocol", "section.md", "--trials", "500") == 0
    text = Path("section.md").read_text(encoding="utf-8")
    assert "## Estimands" in text
    assert "500 simulated trials (seed 0)" in text
    assert "| recruitment | 2 patients a month |" in text
    Path("section.md").write_text("mine", encoding="utf-8")
    assert call("simulate", "looks.toml", "--protocol", "section.md") == 2
    assert "not overwritten: give another name to --protocol" in capsys.readouterr().err
    assert call("simulate", "looks.toml", "--protocol", "new.md", "--out", "done") == 2
    assert "--protocol writes a page alone: leave --out away" in capsys.readouterr().err
    assert not Path("new.md").exists()
    # What takes minutes is not begun where it could not be written.
    monkeypatch.setattr("lupus_kit.simulation.protocol", lambda *_: pytest.fail("was computed"))
    assert call("simulate", "looks.toml", "--protocol", "nowhere/new.md") == 2
    assert "there is no folder 'nowhere'" in capsys.readouterr().err
    assert Path("section.md").read_text(encoding="utf-8") == "mine"


def test_a_plan_of_several_arms_is_simulated(desk, small, capsys):
    (desk / "doses.toml").write_text(
        '[design]\narms = ["low", "high", "placebo"]\npatients = [9, 8, 10]\n[plan]\narm_multiplicity = "dunnett"\n'
        "[rates]\nprimary = [0.5, 0.7, 0.3]\nfollow_up = [0.5, 0.7, 0.3]\n",
        encoding="utf-8",
    )
    assert call("simulate", "doses.toml", "--trials", "400", "--seed", "3", "--out", "done") == 0
    assert capsys.readouterr().out.startswith("400 simulated trials of 9, 8 and 10 patients, seed 3\n")
    scenario = simulation.Scenario.from_toml(desk / "doses.toml")
    table = pd.read_csv(desk / "done" / RESULTS[0]).set_index(["truth", "quantity"])["estimate"]
    seen = simulation.run(scenario.design, scenario.assumptions, 400, 3, plan=scenario.plan).summary()
    for name in ("low, primary claimed", "high, primary claimed", "any arm claimed", "low, secondary: bias"):
        assert table["assumed", name] == pytest.approx(float(seen.set_index("quantity").loc[name, "estimate"]))
    top = simulation.familywise(scenario.design, scenario.assumptions, scenario.plan).iloc[0]
    assert table["no difference", "familywise error, the largest"] == pytest.approx(top["estimate"])
    assert "high, primary claimed" in (desk / "done" / RESULTS[2]).read_text(encoding="utf-8")
