"""``lupus-kit power`` as a user meets it: exact numbers, in every form, and how it says what is wrong."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from lupus_kit import cli, inference
from lupus_kit.cli.power import SHOWN


def call(*arguments: str) -> int:
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


def answer(capsys, *arguments: str) -> dict:
    assert call("power", *arguments, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)


def binomial(x: int, n: int, p: float) -> float:
    return math.comb(n, x) * p**x * (1 - p) ** (n - x)


def test_power_is_the_sum_over_the_rejected_tables(capsys):
    # The defining equation, table by table.
    (found,) = answer(capsys, "0.55", "0.30", "--per-arm", "12", "--test", "boschloo")["tests"]
    total = sum(
        binomial(x, 12, 0.55) * binomial(y, 12, 0.30)
        for x in range(13)
        for y in range(13)
        if x > y and inference.pvalue("boschloo", x, 12, y, 12) <= 0.05
    )
    assert found["power"] == pytest.approx(total, rel=1e-12)


def test_harm_is_not_power(capsys):
    # The drug responds in 10 %, placebo in 60 %: nearly every trial is significant, and none shows a benefit.
    (found,) = answer(capsys, "0.1", "0.6", "--per-arm", "30", "--test", "pearson")["tests"]
    assert found["power"] < 1e-6
    assert found["harm"] == pytest.approx(0.9927, abs=5e-5)
    assert call("power", "0.1", "0.6", "--target", "0.8") == 2
    assert "Name the better arm first, or add --alternative less" in capsys.readouterr().err
    (found,) = answer(capsys, "0.1", "0.6", "--per-arm", "30", "--test", "pearson", "--alternative", "less")["tests"]
    assert found["power"] > 0.99
    assert found["harm"] is None
    assert call("power", "0.1", "0.6", "--per-arm", "30", "--test", "pearson") == 0
    assert "0.000  0.993" in capsys.readouterr().out


def test_the_replication_of_this_trial_is_a_coin_toss(capsys):
    # 16/29 against 9/30 with Pearson: power 0.503, true size 0.0564 (both recomputed in the kit's own design).
    (found,) = answer(capsys, "16/29", "30%", "--arms", "29", "30", "--test", "pearson")["tests"]
    assert (found["n1"], found["n2"]) == (29, 30)
    assert found["power"] == pytest.approx(0.503, abs=5e-4)
    assert found["size"] == pytest.approx(0.0564, abs=5e-5)


def test_tests_stand_side_by_side(capsys):
    found = answer(capsys, "0.55", "0.30", "--per-arm", "30")["tests"]
    assert [row["test"] for row in found] == list(SHOWN)
    for row in found:
        assert row["label"] == inference.TESTS[row["test"]].label
        rejected = inference.power(row["test"], 0.55, 0.30, 30, 30)
        assert row["power"] + row["harm"] == pytest.approx(rejected, rel=1e-12)
        assert 0 < row["harm"] < 1e-4
        assert row["size"] == pytest.approx(inference.size(row["test"], 30, 30).size, rel=1e-12)
    assert len(answer(capsys, "0.55", "0.30", "--per-arm", "10", "--test", "all")["tests"]) == len(inference.TESTS)
    twice = answer(capsys, ".5", ".3", "--per-arm", "9", "--test", "fisher", "--test", "yates", "--test", "fisher")
    assert [row["test"] for row in twice["tests"]] == ["fisher", "yates"]


def test_a_target_gives_the_smallest_trial(capsys):
    found = answer(capsys, "0.9", "0.2", "--target", "90%", "--test", "pearson", "--test", "fisher")
    assert found["target"] == 0.9
    for row in found["tests"]:
        assert row["power"] >= 0.9
        below = inference.power(row["test"], 0.9, 0.2, row["n1"] - 1, row["n1"] - 1)
        assert below < 0.9
        assert row["first_n1"] <= row["n1"]


def test_unequal_arms_and_one_side(capsys):
    (found,) = answer(
        *(capsys, "0.8", "0.3", "--target", "0.8", "--ratio", "2", "--alternative", "greater", "--test", "pearson"),
        *("--alpha", "0.025"),
    )["tests"]
    assert found["n2"] == 2 * found["n1"]
    expected = inference.power("pearson", 0.8, 0.3, found["n1"], found["n2"], 0.025, "greater")
    assert found["power"] == pytest.approx(expected, rel=1e-12)
    assert expected >= 0.8


def test_the_table_says_which_test_does_not_keep_its_level(capsys):
    assert call("power", "0.55", "0.30", "--per-arm", "30") == 0
    printed = capsys.readouterr().out.splitlines()
    lines = {key: next(line for line in printed if f" {key} " in line) for key in SHOWN}
    assert lines["pearson"].endswith("0.507  <0.001      0.0554 (exceeds alpha)")
    assert lines["fisher"].endswith("0.402  <0.001      0.0274")
    assert printed[0] == "Response rates 0.55 and 0.3, two-sided, alpha 0.05"


def test_a_dip_of_power_is_told(capsys):
    # Power of a discrete test can fall when a patient is added: here 13 reach the target and 14 miss it again.
    reached = [float(inference.power("pearson", 0.8, 0.3, n, n)) >= 0.8 for n in range(12, 17)]
    assert reached == [False, True, False, True, True]
    assert call("power", "0.8", "0.3", "--target", "0.8", "--test", "pearson") == 0
    assert "13 in the first arm reach it already, but power dips again above that." in capsys.readouterr().out


@pytest.mark.parametrize("form", ["table", "markdown", "json", "csv"])
def test_every_form_on_the_screen_and_in_a_file(tmp_path, capsys, form):
    question = ["power", "0.55", "0.30", "--per-arm", "20", "--test", "pearson"]
    assert call(*question, "--format", form) == 0
    printed = capsys.readouterr().out
    ending = {"table": "txt", "markdown": "md", "json": "json", "csv": "csv"}[form]
    assert call(*question, "--out", str(tmp_path / f"power.{ending}")) == 0
    assert (tmp_path / f"power.{ending}").read_text(encoding="utf-8") == printed
    assert "Wrote" in capsys.readouterr().err
    if form == "csv":
        (row,) = csv.DictReader(io.StringIO(printed))
        assert float(row["power"]) + float(row["harm"]) == pytest.approx(inference.power("pearson", 0.55, 0.30, 20, 20))
    if form == "markdown":
        assert "| --- |" in printed


def test_the_tests_can_be_listed(capsys):
    assert call("power", "--list", "--format", "csv") == 0
    assert [row["key"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))] == list(inference.TESTS)
    assert call("power", "--list") == 0
    assert all(test.label in printed for printed in [capsys.readouterr().out] for test in inference.TESTS.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "two response rates are needed, one for each arm (0 given)"),
        (["0.5", "--per-arm", "30"], "(1 given)"),
        (["0.5", "0.3", "0.2", "--per-arm", "30"], "(3 given)"),
        (["0.5", "0.3"], "give one of --per-arm, --arms and --target (nothing given)"),
        (["0.5", "0.3", "--per-arm", "30", "--target", "0.8"], "(--per-arm and --target given)"),
        (["0,55", "0.3", "--per-arm", "30"], "RATE1 is '0,55': write a probability as 0.55, 55% or 16/29"),
        (["0.5", "9/0", "--per-arm", "30"], "RATE2 is '9/0'"),
        (["55", "0.3", "--per-arm", "30"], "RATE1 is '55': a probability lies from 0 to 1"),
        (["nan", "0.3", "--per-arm", "30"], "RATE1 is 'nan'"),
        (["0.5", "0.3", "--per-arm", "0"], "0 patients in an arm"),
        (["0.5", "0.3", "--arms", "30", "-2"], "-2 patients in an arm"),
        (["0.5", "0.3", "--per-arm", "100000"], "100000 patients in an arm; from 1 to 1000"),
        (["0.5", "0.3", "--per-arm", "many"], "Invalid value for '--per-arm'"),
        (["0.5", "0.3", "--per-arm", "30", "--test", "fischer"], "did you mean 'fisher'"),
        (["0.5", "0.3", "--per-arm", "30", "--alpha", "1.5"], "alpha == 1.5"),
        (["0.5", "0.3", "--per-arm", "30", "--alternative", "bigger"], "unknown alternative 'bigger'"),
        (["0.5", "0.3", "--per-arm", "30", "--ratio", "2"], "--ratio 2 goes with --target"),
        (["0.5", "0.3", "--target", "0.8", "--ratio", "0"], "ratio == 0.0"),
        (["0.5", "0.5", "--target", "0.8"], "there is no difference"),
        (["0.5", "0.3", "--target", "80"], "--target is '80': a probability lies from 0 to 1 (or 0% to 100%)"),
        (["0.5", "0.3", "--target", "0.01"], "must be larger than alpha"),
        (["0.5", "0.3", "--per-arm", "30", "--out", "power.xlsx"], "written as .md, .json, .csv, .txt"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert call("power", *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lupus-kit: ")
    assert printed.err.count("\n") == 1
    assert words in printed.err
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_told(tmp_path, capsys):
    assert call("power", "0.5", "0.3", "--per-arm", "30", "--out", str(tmp_path / "no" / "power.csv")) == 2
    assert "there is no folder" in capsys.readouterr().err
