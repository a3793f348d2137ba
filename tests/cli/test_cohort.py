"""``lupus-kit cohort`` as a user meets it: what it writes, what can be changed, and how it says what is wrong."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from lupus_kit import cli, cohort


def call(*arguments: str) -> int:
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_same(one: cohort.Cohort, other: cohort.Cohort) -> None:
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name])
    assert one.assumptions == other.assumptions
    assert (one.seed, one.made_by) == (other.seed, other.made_by)


@pytest.mark.parametrize("format", ["csv", "parquet", "xlsx"])
def test_what_is_written_is_what_the_library_makes(desk, capsys, format):
    arguments = ["--per-arm", "3", "--seed", "3", "--set", "dropout_rate=0.25", "--set", "item_share.rash=0.5"]
    assert call("cohort", "--out", "mine", "--format", format, *arguments) == 0
    expected = cohort.what_if(cohort.Assumptions(dropout_rate=0.25, item_share={"rash": 0.5}), n_per_arm=3, seed=3)
    assert_same(cohort.Cohort.load("mine"), expected)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Wrote 6 patients (3 in each arm, seed 3) to mine. These patients are invented")
    assert os.listdir(desk) == ["mine"]


def test_a_replica_is_written(desk, capsys):
    assert call("cohort", "--replica", "--out", "replica") == 0
    assert_same(cohort.Cohort.load("replica"), cohort.replica(0))
    assert "60 patients (30 in each arm, seed 0)" in capsys.readouterr().err


def test_thirty_in_each_arm_unless_told(desk):
    assert call("cohort", "--out", "mine") == 0
    assert_same(cohort.Cohort.load("mine"), cohort.what_if(seed=0))


def test_every_kind_of_value_can_be_set(desk):
    settings = ["dropouts=2,1", "extra_weeks=4, 8", "sledai_version=SELENA", "entry_sledai=6"]
    given = [word for setting in settings for word in ("--set", setting)]
    assert call("cohort", "--out", "mine", "--per-arm", "4", *given) == 0
    made = cohort.Cohort.load("mine").assumptions
    assert (made.dropouts, made.extra_weeks, made.sledai_version, made.entry_sledai) == ((2, 1), (4, 8), "SELENA", 6)
    assert (
        call("cohort", "--out", "mine", "--per-arm", "4", "--set", "dropouts=none") == 0
    )  # a cohort that is there is replaced
    assert cohort.Cohort.load("mine").assumptions == cohort.Assumptions()


def test_the_assumptions_can_be_listed(desk, capsys):
    assert call("cohort", "--list", "--set", "dropout_rate=0.25") == 0
    lines = capsys.readouterr().out.splitlines()
    table = cohort.Assumptions().table()
    assert len(lines) == len(table) + 1
    names = {line.split()[0] for line in lines[1:]}
    assert {"dropout_rate", "item_share.rash", "event_share_il2.fever", "extra_weeks"} <= names
    (line,) = (line for line in lines if line.startswith("dropout_rate "))
    assert "0.25" in line
    assert "changed by the user" in line
    assert os.listdir(desk) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say where to write the cohort"),
        (["--out", "x", "--replica", "--per-arm", "40"], "--per-arm does not go with --replica"),
        (["--out", "x", "--replica", "--set", "dropout_rate=0"], "--set does not go with --replica"),
        (["--out", "x", "--per-arm", "0"], "n_per_arm == 0"),
        (["--out", "x", "--seed", "-1"], "seed == -1"),
        (["--out", "x", "--format", "sas"], "'sas' is not one of 'csv', 'parquet', 'xlsx'"),
        (["--out", "x", "--set", "dropout_rate"], "write NAME=VALUE"),
        (["--out", "x", "--set", "=3"], "write NAME=VALUE"),
        (["--out", "x", "--set", "droput_rate=0.1"], "did you mean 'dropout_rate'"),
        (["--out", "x", "--set", "dropout_rate=1.5"], "dropout_rate == 1.5, must be a number from 0 to 1"),
        (["--out", "x", "--set", "dropout_rate=often"], "dropout_rate == 'often'"),
        (["--out", "x", "--set", "dropout_rate=0.1", "--set", "dropout_rate=0.2"], "--set dropout_rate is given twice"),
        (
            ["--out", "x", "--set", "item_share.rash=.1", "--set", "item_share.rash=.2"],
            "item_share.rash is given twice",
        ),
        (["--out", "x", "--set", "item_share=0.1"], "item_share holds several shares; name one, such as item_share."),
        (["--out", "x", "--set", "item_share.rsh=0.1"], "did you mean 'rash'"),
        (["--out", "x", "--set", "age_mean.rash=0.1"], "age_mean is one value"),
        (["--out", "x", "--set", "dropouts=2"], "dropouts == (2,), must be None or two whole numbers"),
        (["--out", "x", "--set", "dropouts=20,1", "--per-arm", "5"], "more than the 5 patients of an arm"),
        (["--out", "x", "--set", "extra_weeks=12"], "extra_weeks == (12,)"),
    ],
)
def test_bad_input_is_said_and_nothing_is_written(desk, capsys, arguments, words):
    assert call("cohort", *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lupus-kit: ")
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert os.listdir(desk) == []


def test_a_folder_with_something_else_is_left_alone(desk, capsys):
    (desk / "thesis").mkdir()
    (desk / "thesis" / "chapter1.txt").write_text("once")
    for format in ("csv", "parquet", "xlsx"):
        assert call("cohort", "--out", "thesis", "--per-arm", "2", "--format", format) == 2
        assert "holds files that are not a cohort" in capsys.readouterr().err
    assert os.listdir(desk / "thesis") == ["chapter1.txt"]
    assert os.listdir(desk) == ["thesis"]
