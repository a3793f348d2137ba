"""The student's progress file: kept where it should be, never lost, and never in the way of a lesson."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lupus_kit import lessons
from lupus_kit.lessons.catalogue import find
from lupus_kit.lessons.progress import file as progress_file
from lupus_kit.lessons.progress.file import NAME, VARIABLE

RIGHT, SLIP = 16, 29  # exercise 00.1: 16 of 29 responded; 29 is the arm's size, a listed misconception
HINT = find("00.1").misconceptions[0].hint


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    """Keep progress in a file of this test."""
    path = tmp_path / NAME
    monkeypatch.setenv(VARIABLE, str(path))
    monkeypatch.setattr(progress_file, "_session", progress_file._Session())
    return path


def _answers(path: Path) -> list[dict]:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["schema"] == 1
    return content["answers"]


def test_what_is_kept_of_an_answer(file):
    before = datetime.now(UTC).replace(microsecond=0)
    assert lessons.check("00.1", SLIP).note == ""
    lessons.check("00.1", ...)
    lessons.check("00.1", RIGHT)
    wrong, right = _answers(file)
    assert (wrong["exercise"], wrong["right"], wrong["misconception"]) == ("00.1", False, HINT)
    assert (right["exercise"], right["right"], right["misconception"]) == ("00.1", True, "")
    assert before <= datetime.fromisoformat(wrong["when"]) <= datetime.now(UTC)
    assert set(wrong) == {"exercise", "when", "right", "misconception"}, "the answer itself is not kept"
    assert os.listdir(file.parent) == [NAME]


def test_a_notebook_run_again_adds_nothing_but_a_new_mistake_does(file):
    for answer in (RIGHT, RIGHT, SLIP, RIGHT, RIGHT):
        lessons.check("00.1", answer)
    assert [row["right"] for row in _answers(file)] == [True, False, True]


def test_every_wrong_answer_of_a_quiz_is_kept(file):
    quiz = next(find(key) for key in lessons.exercises()["key"] if find(key).kind == "quiz")
    right = str(quiz.answer())
    slips = {slip.answer(): slip.hint for slip in quiz.misconceptions}
    first, last = (next(key for key in slips if key[0] == place) for place in "13")
    lessons.check(quiz.key, first[1] + right[1] + last[1])
    (row,) = _answers(file)
    assert row["misconception"].split("\n") == [slips[first], slips[last]]
    shown = lessons.progress(file).to_frame().set_index("key").loc[quiz.key, "misconceptions"]
    assert shown == f"{slips[first]} {slips[last]}"


def test_a_restarted_kernel_goes_on_in_the_same_file(file, monkeypatch):
    lessons.check("00.1", SLIP)
    monkeypatch.setattr(progress_file, "_session", progress_file._Session())
    lessons.check("00.1", RIGHT)
    assert [row["right"] for row in _answers(file)] == [False, True]


def test_what_another_notebook_wrote_meanwhile_stays(file):
    lessons.check("00.1", SLIP)
    content = json.loads(file.read_text())
    content["answers"].append(
        {"exercise": "04.1", "when": "2026-01-01T00:00:00+00:00", "right": True, "misconception": ""}
    )
    file.write_text(json.dumps(content))
    lessons.check("00.1", RIGHT)
    assert [row["exercise"] for row in _answers(file)] == ["00.1", "04.1", "00.1"]


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"{", b"\xff\xfe", b"[]", b"{}", b'{"schema": "1", "answers": []}', b'{"schema": 1, "answers": {}}',
        b'{"schema": 1, "answers": [{"exercise": 4}]}', b"[" * 5000, b'{"schema": true, "answers": []}',
    ],
    ids=lambda one: one[:40].decode("latin-1"),
)  # fmt: skip
def test_a_damaged_file_is_set_aside_and_told(damage, file):
    file.write_bytes(damage)
    aside = file.with_name("lupus-kit-progress.damaged-1.json")
    assert "cannot be used" in lessons.progress(file).note
    assert file.read_bytes() == damage, "looking changes nothing"
    result = lessons.check("00.1", RIGHT)
    assert result.passed is True
    assert aside.name in result.note
    assert result.note in str(result)
    assert aside.name in result._repr_html_()
    assert aside.read_bytes() == damage, "nothing is lost"
    assert [row["right"] for row in _answers(file)] == [True]
    file.write_bytes(b"again")
    assert "damaged-2" in lessons.check("00.1", RIGHT).note
    assert aside.read_bytes() == damage


def test_a_file_of_a_later_version_is_left_alone(file):
    later = b'{"schema": 2, "anything": []}'
    file.write_bytes(later)
    assert "later version" in lessons.check("00.1", RIGHT).note
    assert lessons.check("00.1", SLIP).note == "", "said once"
    assert file.read_bytes() == later
    assert "later version" in lessons.progress(file).note


def test_a_folder_that_cannot_be_written_to_is_told_once_and_checks_go_on(file, monkeypatch):
    # The tests may run as root, whom permission bits do not stop: let the operating system refuse here.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    first, second = lessons.check("00.1", RIGHT), lessons.check("00.1", SLIP)
    assert (first.passed, second.passed) == (True, False)
    assert "Permission denied" in first.note
    assert first.note.endswith("The checks go on as before.")
    assert second.note == ""
    assert not file.exists()


def test_a_folder_in_the_files_place_is_told(file):
    file.mkdir()
    result = lessons.check("00.1", RIGHT)
    assert result.passed is True
    assert "not kept" in result.note
    assert "cannot be read" in lessons.progress(file).note


def test_it_can_be_switched_off(file, monkeypatch):
    lessons.keep_progress(False)
    lessons.check("00.1", RIGHT)
    assert not file.exists()
    lessons.keep_progress()
    monkeypatch.setenv(VARIABLE, "off")
    lessons.check("00.1", RIGHT)
    assert not file.exists()


def test_a_script_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    lessons.check("00.1", RIGHT)
    assert os.listdir(tmp_path) == []


def test_the_repository_ignores_the_file():
    root = Path(__file__).resolve().parents[2]
    patterns = (root / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert any(Path(NAME).match(one) for one in patterns)
    assert any(Path("lupus-kit-progress.damaged-1.json").match(one) for one in patterns)


# --- the overview ------------------------------------------------------------------------------------------------


def test_the_overview_counts_and_names(file):
    lessons.check("00.1", SLIP)
    lessons.check("00.1", SLIP)
    lessons.check("00.1", RIGHT)
    lessons.check("04.1", 0.9)
    shown = lessons.progress()
    frame = shown.to_frame().set_index("key")
    assert list(frame.loc["00.1", ["state", "tries", "misconceptions"]]) == ["solved", 3, HINT]
    assert list(frame.loc["04.1", ["state", "tries"]]) == ["tried", 1]
    assert set(frame["state"].drop(["00.1", "04.1"])) == {"open"}
    assert frame["last"].notna().sum() == 2
    assert shown.note == ""
    total = len(lessons.exercises())
    assert str(shown).startswith(f"1 of {total} exercises solved\n00_start_here: 00.1 solved")
    page = shown._repr_html_()
    assert f"1 of {total} exercises solved" in page
    assert len(re.findall("<details", page)) == lessons.exercises()["notebook"].nunique()
    assert str(file.parent) not in page, "a screenshot tells nothing about the student's machine"


def test_the_overview_of_nothing_and_of_strange_answers(file):
    assert "no file" in lessons.progress().note
    assert set(lessons.progress().to_frame()["state"]) == {"open"}
    row = {"exercise": "88.1", "when": "yesterday", "right": True, "misconception": "<b>"}
    file.write_text(json.dumps({"schema": 1, "answers": [row, {**row, "exercise": "00.1"}]}))
    shown = lessons.progress(file)
    assert "88.1" in shown.note
    assert shown.to_frame().set_index("key").loc["00.1", "state"] == "solved"
    assert "<b>" not in shown._repr_html_()
    assert "&lt;b&gt;" in shown._repr_html_()
