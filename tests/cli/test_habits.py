"""Habits that all commands share: where they write, what they refuse, what they say, and what never reaches a terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from lupus_kit import audit, cli, simulation
from lupus_kit.cli.output import plain_table, table_text
from lupus_kit.cohort import what_if

ROOT = Path(__file__).resolve().parents[2]
POWER = ("power", "0.55", "0.30", "--per-arm", "10", "--test", "pearson")
VISITS = "patient,week,arm,sledai,pga\nA,0,x,9,1\nA,12,x,2,1\nB,0,y,9,1\nB,12,y,9,1\n"
posix = pytest.mark.skipif(os.name == "nt", reason="modes, links and streams of POSIX")


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(one) for one in arguments])
    return int(stopped.value.code or 0)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


#: What a command does not have, and why.
HOLES = {
    "journal-club": {"--format": "a PDF, a notebook and a page, in a folder"},
    "handbook": {"--format": "a web site", "--force": "it replaces an earlier handbook and nothing else"},
    "lab": {"--format": "writes notebooks only", "--out": "--notebooks", "--force": "a copy is never overwritten"},
}


def test_the_matrix_of_commands_and_options_has_only_the_holes_that_have_a_reason():
    from typer.main import get_command

    options = ("--format", "--out", "--force", "--quiet")
    for name, command in get_command(cli.app).commands.items():
        known = {flag for parameter in command.params for flag in parameter.opts}
        assert {one for one in options if one not in known} == set(HOLES.get(name, ())), name


@pytest.mark.parametrize(
    ("arguments", "head"),
    [
        (("cohort", "--list"), "name,value,unit,origin,source"),
        (("audit", "--list"), "study,title"),
        (("power", "--list"), "key,label"),
        (("score", "--columns"), "name,"),
        (("teach",), "module,"),
        (("teach", "--list", "--stop", "1"), "key,"),
        (("teach", "--class", "."), "key,"),
        (("doctor",), "what,found,wanted,ok"),
        (("replicate",), ""),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_every_list_comes_in_every_format_and_goes_into_a_file(arguments, head, desk, capsys, monkeypatch):
    monkeypatch.setattr("lupus_kit.course.health.widgets", list)
    monkeypatch.setattr(audit, "check", cache(audit.check))
    (desk / "p.json").write_text('{"schema": 1, "answers": []}')
    assert call(*arguments, "--format", "csv", "--quiet") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(head)
    assert printed.err == ""
    assert call(*arguments, "--out", "l.csv") == 0
    assert (desk / "l.csv").read_text(encoding="utf-8") == printed.out
    (desk / "mine.md").write_text("mine")
    assert call(*arguments, "--out", "mine.md") == 2
    assert call(*arguments, "--out", "mine.md", "--force") == 0
    assert "|" in (desk / "mine.md").read_text(encoding="utf-8") or arguments[:2] == ("teach", "--list")
    capsys.readouterr()
    assert call(*arguments, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "--new"), ("simulate", "--new"), ("score", "--template"), ("teach", "--plan", "90min"),
        ("teach", "--concept-test"), ("teach", "--slides", "s"), ("teach", "--instructor", "i"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_format_that_cannot_be_given_is_refused_and_not_passed_over(arguments, desk, capsys):
    assert call(*arguments, "--format", "json") == 2
    assert "has one format; leave --format out" in capsys.readouterr().err
    assert os.listdir(desk) == []


def test_a_cohort_is_not_written_as_a_list_nor_a_list_as_a_cohort(desk, capsys):
    assert call("cohort", "--list", "--format", "xlsx") == 2
    assert "a list is written as table, markdown, json or csv" in capsys.readouterr().err
    assert call("cohort", "--out", "c", "--per-arm", "2", "--format", "json") == 2
    assert "csv" in capsys.readouterr().err
    assert call("teach", "--slides", "s", "--out", "x") == 2
    assert "leave --out out" in capsys.readouterr().err
    assert os.listdir(desk) == []


@pytest.mark.parametrize("out", ["r.xlsx", "r.parquet"])
def test_an_ending_that_would_mislead_is_refused_by_every_command(out, desk, capsys):
    for arguments in (POWER, ("audit", "he2020"), ("teach",), ("score", "--example")):
        assert call(*arguments, "--format", "csv", "--out", out) == 2
        assert "a result is written as" in capsys.readouterr().err
    assert os.listdir(desk) == []


def test_codes_are_read_from_standard_input(desk, capsys, monkeypatch):
    rows = "".join(f"A,{week},x,SLE,{9 - week // 2}\nA,{week},x,PHYS,1\n" for week in (0, 12))
    (desk / "v.csv").write_text(f"patient,week,arm,test,value\n{rows}")
    codes = "code,column\nSLE,sledai\nPHYS,pga\n"
    (desk / "codes.csv").write_text(codes)
    ask = ("score", "v.csv", "--layout", "tests", "--endpoint", "modified-sri", "--format", "csv", "--codes")
    assert call(*ask, "codes.csv") == 0
    expected = capsys.readouterr().out
    feed(monkeypatch, codes.encode())
    assert call(*ask, "-") == 0
    assert capsys.readouterr().out == expected
    assert call("score", "-", "--codes", "-") == 2
    assert "both read standard input" in capsys.readouterr().err


def test_quiet_silences_the_bar_of_running_notebooks(tmp_path, capsys, monkeypatch):
    from lupus_kit.course import execution

    (tmp_path / "n.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    monkeypatch.setattr(execution, "execute", lambda notebook, name, folder: execution.NotebookRun(name, 0.0, ()))
    for quiet in (True, False):
        list(execution.execute_files([tmp_path / "n.ipynb"], quiet))
        assert ("notebook" in capsys.readouterr().err) != quiet


def test_quiet_leaves_the_result_and_what_is_wrong(desk, capsys):
    assert call(*POWER, "--out", "p.csv", "--quiet") == 0
    assert capsys.readouterr().err == ""
    assert call(*POWER, "-q", "--out", "no/folder/p.csv") == 2
    assert "there is no folder" in capsys.readouterr().err
    assert call(*POWER, "--out", "p.csv") == 0
    assert capsys.readouterr().err == "Wrote p.csv.\n", "the next command speaks again"


def test_a_file_of_another_kind_is_kept_unless_forced(desk, capsys):
    mine = desk / "p.csv"
    mine.write_text("my,own,table\n1,2,3\n")
    assert call(*POWER, "--out", mine) == 2
    assert "not overwritten: give another name to --out, or add --force" in capsys.readouterr().err
    assert mine.read_text().startswith("my,own")
    assert call(*POWER, "--out", mine, "--force") == 0
    assert mine.read_text().startswith("test,label")
    assert call(*POWER, "--alpha", "0.01", "--out", mine) == 0, "an earlier result is replaced"


def test_a_file_that_is_read_is_never_the_place_of_the_result(desk, capsys):
    (desk / "v.csv").write_text(VISITS)
    (desk / "codes.csv").write_text("code,column\nX,sledai\n")
    os.link(desk / "v.csv", desk / "same.csv")
    for out in ("v.csv", "same.csv", "codes.csv"):
        assert call("score", "v.csv", "--codes", "codes.csv", "--out", out) == 2
        assert "is the file that is read; it would be lost" in capsys.readouterr().err
    assert (desk / "v.csv").read_text() == VISITS


@pytest.mark.parametrize(
    "arguments",
    [("audit", "--new"), ("simulate", "--new"), ("score", "--template")],
    ids=" ".join,
)
def test_templates_go_over_a_file_only_by_force(desk, capsys, arguments):
    (desk / "t.csv").write_text("mine")
    assert call(*arguments, "--out", "t.csv") == 2
    assert (desk / "t.csv").read_text() == "mine"
    assert call(*arguments, "--out", "t.csv", "--force") == 0
    assert (desk / "t.csv").read_text() != "mine"


@posix
def test_results_are_written_through_links_and_keep_their_mode(desk, capsys):
    (desk / "real.csv").write_text("")
    (desk / "real.csv").chmod(0o600)
    (desk / "link.csv").symlink_to("real.csv")
    assert call(*POWER, "--out", "link.csv") == 0
    assert (desk / "link.csv").is_symlink()
    assert stat.S_IMODE((desk / "real.csv").stat().st_mode) == 0o600
    (desk / "real.csv").chmod(0o444)
    assert call(*POWER, "--out", "link.csv") == 2
    assert "is read-only" in capsys.readouterr().err
    assert call(*POWER, "--format", "csv", "--out", "/dev/null") == 0


# --- - is standard input and standard output ---------------------------------------------------------------------


def test_a_dash_is_the_screen(desk, capsys):
    assert call(*POWER, "--out", "-", "--format", "csv") == 0
    assert capsys.readouterr().out.startswith("test,label")
    assert os.listdir(desk) == []


def test_a_dash_is_standard_input(desk, capsys, monkeypatch):
    feed(monkeypatch, VISITS.encode())
    assert call("score", "-", "--endpoint", "modified-sri", "--format", "csv") == 0
    assert capsys.readouterr().out.startswith("patient,visit,week,arm")
    for content in (audit.template(), "id,endpoint,arm_a,arm_b,reported_a,reported_b\nr,SRI,x,y,12/30,6/30\n"):
        feed(monkeypatch, content.encode())
        assert call("audit", "-", "--format", "json") == 0
        assert json.loads(capsys.readouterr().out)["rows"]
    feed(monkeypatch, b"[[claim]]\n")
    assert call("audit", "-") == 2
    assert "standard input.toml" in capsys.readouterr().err
    feed(monkeypatch, simulation.plan_template().encode())
    assert call("simulate", "-", "--trials", "50", "--format", "csv", "--no-coverage") == 0
    assert capsys.readouterr().out.startswith("truth,quantity")


@posix
@pytest.mark.parametrize(
    "command", [("score",), ("audit",), ("audit", "--text"), ("simulate",), ("journal-club", "--out", "o")]
)
def test_what_has_no_end_is_not_read(desk, capsys, command):
    (desk / "zero.csv").symlink_to("/dev/zero")
    os.mkfifo(desk / "pipe.toml")
    for name in ("zero.csv",) if command == ("score",) else ("zero.csv", "pipe.toml"):
        assert call(*command, name) == 2
        assert "is a pipe or a device" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", "{}.csv"),
        ("audit", "{}.toml"),
        ("audit", "--text", "{}"),
        ("simulate", "{}.toml"),
        ("cohort", "--out", "{}"),
        ("journal-club", "he2020", "--out", "{}"),
        (*POWER, "--out", "{}.csv"),
        ("teach", "--class", "{}"),
    ],
    ids=" ".join,
)
def test_names_of_300_characters(desk, capsys, arguments):
    assert call(*(one.replace("{}", "n" * 300) for one in arguments)) == 2
    error = capsys.readouterr().err
    assert error.startswith("lupus-kit: ")
    assert error.count("\n") == 1
    assert os.listdir(desk) == []


# --- what a file can hold and a terminal must not ----------------------------------------------------------------

NASTY = "\x1b[31m=<b>|\u202e"


def test_ids_steer_neither_a_terminal_nor_a_spreadsheet(desk, capsys):
    rows = [
        f'"{name}",{week},x,{9 - week // 2},1\n'
        for name in ('=HYPERLINK(""a"")', "-7", "@x", NASTY)
        for week in (0, 12)
    ]
    (desk / "v.csv").write_text("patient,week,arm,sledai,pga\n" + "".join(rows).replace("\x1b", ""), encoding="utf-8")
    ask = ("score", "v.csv", "--endpoint", "modified-sri")
    assert call(*ask, "--format", "csv") == 0
    found = {row["patient"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert {'\'=HYPERLINK("a")', "-7", "'@x"} <= found
    assert call(*ask, "--format", "csv", "--keep-formulas") == 0
    assert '"=HYPERLINK(""a"")"' in capsys.readouterr().out
    for form in ("table", "markdown", "json", "csv"):
        assert call(*ask, "--format", form) == 0
        assert "\u202e" not in capsys.readouterr().out
    assert call(*ask, "--format", "markdown", "--out", "r.md") == 0
    assert "<b>" not in (desk / "r.md").read_text(encoding="utf-8")


def test_an_escape_in_the_name_of_a_file_is_spelled_out(desk, capsys):
    name = "a\x1b[31m<i>.csv"
    (desk / name).write_text(VISITS)
    for form in ("table", "markdown", "json"):
        assert call("score", name, "--endpoint", "modified-sri", "--format", form) == 0
        printed = capsys.readouterr()
        assert "\x1b" not in printed.out + printed.err
        assert "\\u001b" in printed.out
        assert ("<i>" in printed.out) == (form != "markdown")
    assert call("score", f"no{name}") == 2
    assert "\x1b" not in capsys.readouterr().err


def test_tables_spell_out_and_escape():
    import pandas as pd

    table = pd.DataFrame({"a|b": [NASTY], "n": ["1\n2"]})
    assert plain_table(table).splitlines()[1] == "\\u001b[31m=<b>|\\u202e  1 2"
    assert plain_table(table, markdown=True).splitlines() == [
        "| a\\|b | n |",
        "| --- | --- |",
        "| \\u001b[31m=&lt;b&gt;\\|\\u202e | 1 2 |",
    ]
    assert json.loads(table_text(table, cli.output.TableFormat.json)) == [{"a|b": NASTY, "n": "1\n2"}]


# --- folders -----------------------------------------------------------------------------------------------------


@posix
def test_a_cohort_that_somebody_changed_is_kept_unless_forced(desk, capsys):
    what_if(n_per_arm=2, seed=1).save("c")
    (desk / "link").symlink_to("c")
    (desk / "c").chmod(0o700)
    ask = ("cohort", "--per-arm", "2", "--seed", "2", "--out")
    assert call(*ask, "link") == 0, "one that nobody changed is replaced"
    assert (desk / "link").is_symlink()
    assert stat.S_IMODE((desk / "c").stat().st_mode) == 0o700
    visits = desk / "c" / "visits.csv"
    edited = visits.read_text() + "mine\n"
    visits.write_text(edited)
    assert call(*ask, "c") == 2
    assert "visits.csv was changed after saving" in capsys.readouterr().err
    assert visits.read_text() == edited
    assert call(*ask, "c", "--force") == 0
    (desk / "c" / "notes.txt").write_text("mine")
    assert call(*ask, "c") == 2
    assert "notes.txt" in capsys.readouterr().err
    assert call(*ask, "c", "--force") == 0
    assert (desk / "c" / "notes.txt").read_text() == "mine"
    assert sorted(os.listdir(desk)) == ["c", "link"]


def test_results_of_a_simulation_go_over_others_only_by_force(desk, capsys, monkeypatch):
    monkeypatch.setattr("lupus_kit.cli.simulation_report.pictures", lambda results: [])
    (desk / "p.toml").write_text(simulation.plan_template())
    (desk / "o").mkdir()
    for name in ("operating_characteristics.csv", "notes.txt"):
        (desk / "o" / name).write_text("by hand")
    ask = ("simulate", "p.toml", "--trials", "20", "--no-coverage", "--out", "o")
    assert call(*ask) == 2
    assert (desk / "o" / "operating_characteristics.csv").read_text() == "by hand"
    assert call(*ask, "--force") == 0
    assert (desk / "o" / "operating_characteristics.csv").read_text() != "by hand"
    assert (desk / "o" / "notes.txt").read_text() == "by hand"


# --- streams that are closed or full, completion, colour ---------------------------------------------------------


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_streams_that_are_closed_or_full(monkeypatch, capsys):
    kit = f"{sys.executable} -m lupus_kit"
    script = f"""
    {kit} --version > /dev/full; echo $?
    {kit} --version >&-; echo $?
    {kit} --version 2>&- | wc -l
    {kit} --nonsense 2> /dev/full; echo $?
    {kit} --help > /dev/full; echo $?
    {kit} score - <&-; echo $?
    """
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["2", "2", "1", "2", "2", "2"]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.count("cannot write to standard output: No space left on device.") == 2
    assert "it is closed. Name a file with --out." in done.stderr
    assert done.stderr.count("standard input is closed: name a file.") == 1
    monkeypatch.setattr("sys.stdin", None)  # as Python has it in such a process
    assert call("score", ROOT / "README.md", "--codes", "-") == 2
    assert "standard input is closed: name a file." in capsys.readouterr().err


@posix
def test_completion_and_no_colour(clean_environment):
    run = [sys.executable, "-m", "lupus_kit"]
    asked = {"_LUPUS_KIT_COMPLETE": "complete_bash", "COMP_WORDS": "lupus-kit sc", "COMP_CWORD": "1"}
    done = subprocess.run(run, cwd=ROOT, env=clean_environment | asked, capture_output=True, text=True)
    assert done.stdout.split() == ["score"]
    colours = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    plain = {"NO_COLOR": "1", "TERM": "xterm-256color"}
    shown = [
        subprocess.run(
            [*run, "power", "--help"], cwd=ROOT, env=clean_environment | extra, capture_output=True, text=True
        )
        for extra in (colours, plain)
    ]
    assert "\x1b[" in shown[0].stdout
    assert "\x1b[" not in shown[1].stdout
