"""The command ``journal-club``: a folder that stands by itself, and nothing of the user's is lost."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from lupus_kit import audit, cli, published

CLAIMS = """[study]
key = "small"
title = "A small trial"
[[claim]]
id = "response"
endpoint = "response"
arms = ["drug", "placebo"]
reported = ["53.3%", "30.0%"]
n = [30, 30]
p = "0.067"
"""


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paper.toml").write_text(CLAIMS, encoding="utf-8")
    return tmp_path


def test_a_claims_file_becomes_a_folder_that_stands_by_itself(desk, capsys):
    assert call("journal-club", "paper.toml", "--out", "new/club") == 0
    assert sorted(os.listdir("new/club")) == ["claims.toml", "facilitator.html", "journal_club.ipynb", "sheet.pdf"]
    assert "sheet.pdf" in capsys.readouterr().err
    assert published.load("new/club/claims.toml") == published.load("paper.toml")
    os.chdir("new/club")  # where the notebook is opened
    cells = json.loads(Path("journal_club.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict[str, object] = {}
    exec("\n".join(line for line in code if "table_explorer" not in line), names)
    assert names["report"].to_frame().equals(audit.check(desk / "paper.toml").to_frame())
    assert [names[name] for name in ("x1", "n1", "x2", "n2")] == [16, 30, 9, 30]


def test_nothing_of_the_users_is_overwritten_and_the_claims_file_stays_as_it_is(desk, capsys):
    Path("club").mkdir()
    Path("club/journal_club.ipynb").write_text("my answers")
    assert call("journal-club", "paper.toml", "--out", "club") == 2
    error = capsys.readouterr().err
    assert error.startswith("lupus-kit: ")
    assert "journal_club.ipynb is there already and is not overwritten" in error
    assert os.listdir("club") == ["journal_club.ipynb"]
    assert Path("club/journal_club.ipynb").read_text() == "my answers"
    assert Path("paper.toml").read_text(encoding="utf-8") == CLAIMS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["he2o20", "--out", "club"], "did you mean 'he2020'"),
        (["missing.toml", "--out", "club"], "there is no file or folder 'missing.toml'"),
        (["nct04077684", "--out", "club"], "holds no claim to discuss"),
        (["paper.toml", "--out", "paper.toml"], "a file is in the way"),
        (["paper.toml", "--out", "paper.toml/club"], "a file is in the way"),
        (["paper.toml"], "--out"),
        (["bad.toml", "--out", "club"], "bad.toml"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_leaves_nothing(arguments, said, capsys):
    Path("bad.toml").write_text("[study\n")
    assert call("journal-club", *arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert sorted(os.listdir(".")) == ["bad.toml", "paper.toml"]


@pytest.mark.parametrize("library", ["reportlab", "nbformat"])
def test_an_absent_library_is_named_with_the_line_that_installs_it(library, monkeypatch, capsys):
    for module in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    assert call("journal-club", "paper.toml", "--out", "club") == 2
    assert 'python -m pip install "lupus-kit[handbook]"' in capsys.readouterr().err
    assert not Path("club").exists()
