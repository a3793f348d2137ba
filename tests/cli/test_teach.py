"""The instructor's list: every exercise with its question, solution and misconceptions, as the course has them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from references.cases import case

from lupus_kit import InputError, cli, course, lessons
from lupus_kit.course import outline, shelf, teaching
from lupus_kit.course.slides import write_slides
from lupus_kit.lessons.catalogue import find
from lupus_kit.lessons.checking import judge
from lupus_kit.lessons.concepts import CONCEPTS


@pytest.fixture(scope="module")
def notes() -> course.TeachingNotes:
    """All notes; every answer in them is computed, so not before a test asks for them."""
    return course.teaching_notes()


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


def test_every_exercise_is_there_in_the_order_of_the_walk(notes):
    listed = lessons.exercises()
    assert [one.key for one in notes.notes] == list(listed["key"])
    assert [one.task for one in notes.notes] == list(listed["task"])
    assert [one.aim for one in notes.notes] == list(listed["aim"])


def test_a_note_is_whole(notes):
    for key in lessons.exercises()["key"]:
        with case(key):
            (note,) = [one for one in notes.notes if one.key == key]
            exercise = find(key)
            assert len(note.question) > 20, "the notebook's question"
            assert "details" not in note.solution + note.code
            assert ("def " if exercise.kind == "function" else "answer = ") in note.code, (
                "the notebook's folded solution"
            )
            assert note.answer
            assert note.explanation
            assert [hint for _, hint in note.misconceptions] == [slip.hint for slip in exercise.misconceptions]
            compile(note.code, note.key, "exec")


def test_the_typical_wrong_answers_are_wrong_and_get_the_hint_that_is_listed(notes):
    shown = 0
    for note in notes.notes:
        exercise = find(note.key)
        for (answer, hint), slip in zip(note.misconceptions, exercise.misconceptions, strict=True):
            assert bool(answer) == (slip.answer is not None)
            if slip.answer is not None:
                shown += 1
                result = judge(exercise, slip.answer())
                assert result.passed is False, f"{note.key}: {hint}"
    assert shown > 20


def test_the_formats_say_the_same(capsys):
    notes = course.teaching_notes(5)
    data = json.loads(notes.render("json"))
    assert [row["key"] for row in data] == [one.key for one in notes.notes]
    markdown, table = notes.render("markdown"), notes.render("table", width=None)
    flat = " ".join(table.split())
    for row in data:
        assert f"### {row['key']} ({row['task']})" in markdown
        assert row["key"] in flat
        for slip in row["misconceptions"]:
            assert slip["hint"] in markdown
    frame = notes.to_frame()
    assert list(frame["key"]) == [row["key"] for row in data]
    assert data[0]["misconceptions"][0]["hint"] in frame.loc[0, "misconceptions"]
    assert notes.notes[0].aim in notes._repr_html_()


def test_the_command_lists_one_stop_and_writes_a_file(capsys, tmp_path):
    assert call("teach", "--list", "--stop", "1", "--format", "markdown") == 0
    printed = capsys.readouterr().out
    assert printed == course.teaching_notes(1).render("markdown")
    assert call("teach", "--list", "--stop", "1", "--format", "markdown", "--out", str(tmp_path / "notes.md")) == 0
    assert (tmp_path / "notes.md").read_text(encoding="utf-8") == printed
    assert call("teach", "--list", "--stop", "1") == 0
    assert "01.1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["teach", "--plan", "90 min"], "did you mean '90min'"),
        (["teach", "--plan", "90min", "--list"], "give one of"),
        (["teach", "--list", "--class", "."], "give one of"),
        (["teach", "--class", "nowhere"], "there is no folder 'nowhere'"),
        (["teach", "--class", "."], "no progress file in '.'"),
        (["teach", "--list", "--stop", "17"], "no such stop; there are 0, 1"),
        (["teach", "--list", "--stop", "four"], "--stop"),
        (["teach", "--list", "--format", "html"], "'table', 'markdown', 'json'"),
        (["teach", "--list", "--stop", "0", "--out", "no/such/folder.md"], "no folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_sentence(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert captured.err.startswith("lupus-kit: ")
    assert captured.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_answers_of_every_kind_are_shown_in_words():
    shown = [teaching.answer_text(value) for value in (16, 0.0504481, {"b", "a"}, ["d", "c"], "cannot say", True)]
    assert shown == ["16", "0.0504481", "{a, b}", "{c, d}", "cannot say", "1"]


# --- a class -----------------------------------------------------------------------------------------------------


SLIP, OTHER = (slip.hint for slip in find("00.1").misconceptions[:2])
QUIZ = "01.1"
NOTED = [slip.hint for slip in find(QUIZ).misconceptions[:2]]


def _student(path: Path, *answers: tuple[str, bool, str]) -> None:
    rows = [
        {"exercise": key, "when": "2026-01-05T10:00:00+00:00", "right": right, "misconception": slip}
        for key, right, slip in answers
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"schema": 1, "kit": "0", "answers": rows}))


@pytest.fixture
def collected(tmp_path) -> Path:
    """Collect the progress files of three students, and one file that is none."""
    _student(tmp_path / "ada.json", ("00.1", False, SLIP), ("00.1", False, SLIP), ("00.1", True, ""))
    _student(tmp_path / "bo" / "lupus-kit-progress.json", ("00.1", False, OTHER), ("00.1", False, SLIP))
    _student(tmp_path / "cleo.json", ("00.1", True, ""), (QUIZ, False, f"{NOTED[0]}\n{NOTED[1]}"))
    (tmp_path / "other.json").write_text("[]")
    (tmp_path / "odd.json").write_bytes(b'{"schema": 1, "answers": [], "predictions": [], "name": "\\ud800"}\xff')
    return tmp_path


def test_a_class_is_counted_and_nobody_is_named(collected, capsys):
    frame = lessons.class_progress(collected).to_frame().set_index("key")
    assert list(frame.loc["00.1", ["tried", "solved", "first_time", "commonest_slip", "met"]]) == [3, 2, 1, SLIP, 2]
    assert list(frame.loc[QUIZ, ["tried", "solved", "first_time", "commonest_slip", "met"]]) == [1, 0, 0, min(NOTED), 1]
    assert frame["tried"].sum() == 4
    assert call("teach", "--class", str(collected), "--format", "json", "--stop", "0") == 0
    captured = capsys.readouterr()
    rows = json.loads(captured.out)
    assert {row["key"][:2] for row in rows} == {"00"}
    assert rows[0]["commonest_slip"] == SLIP
    assert "left out other.json" in captured.err
    assert "3 progress files." in captured.err
    assert "left out odd.json" in captured.err
    for format in ("table", "markdown"):
        assert call("teach", "--class", str(collected), "--format", format) == 0
        printed = capsys.readouterr().out
        assert SLIP.split(" many")[0] in printed
        assert "ada" not in printed


def test_free_text_in_a_students_file_is_not_shown_to_the_class(tmp_path, capsys):
    _student(tmp_path / "a.json", ("00.1", False, "my neighbour is \ud800 stupid"))
    assert call("teach", "--class", str(tmp_path)) == 0
    assert "neighbour" not in capsys.readouterr().out


def test_the_concept_test_is_counted_before_and_after(tmp_path, monkeypatch, capsys):
    right = "".join(item.right for item in CONCEPTS)
    for name, before, after in (("a", "b" * 12, right), ("b", "b" * 12, "a" + right[1:]), ("c", right, None)):
        monkeypatch.setenv("LUPUS_KIT_PROGRESS", str(tmp_path / f"{name}.json"))
        lessons.concept_test("before", before)
        if after:
            lessons.concept_test("after", after)
    gain = lessons.class_progress(tmp_path).gain().set_index("item")
    assert list(gain.loc[1, ["students", "right_before", "right_after"]]) == [2, 2, 1]
    assert gain.loc[1, "commonest_misconception"] == CONCEPTS[0].misconceptions["a"]
    assert list(gain.loc[12, ["students", "right_before", "right_after"]]) == [2, 0, 2]
    assert call("teach", "--class", str(tmp_path)) == 0
    assert "The concept test, before and after" in capsys.readouterr().out


def test_the_concept_test_has_twelve_items_and_gives_nothing_away_before(capsys):
    assert len(CONCEPTS) == 12
    assert {item.right for item in CONCEPTS} == set("abcd")
    wrong = lessons.concept_test("before", "a b c d, " * 3)
    assert str(wrong) == f"{wrong.right} of 12 right, kept as 'before'."
    assert len(str(lessons.concept_test("after", "abcd" * 3)).splitlines()) == 1 + 12 - wrong.right
    assert call("teach", "--concept-test") == 0
    shown = capsys.readouterr().out
    assert all(item.question in shown for item in CONCEPTS)
    assert not any(words in shown for item in CONCEPTS for words in item.misconceptions.values())
    for answers in ("abc", "e" * 12, ""):
        with pytest.raises(InputError, match="12 letters"):
            lessons.concept_test("after", answers)


# --- the course as a whole ---------------------------------------------------------------------------------------


def test_the_course_is_listed_with_its_minutes(capsys):
    frame = course.modules()
    assert frame["module"].iloc[0] == "0"
    core = frame.iloc[0]
    plain = core["code_cells"] - core["exercises"] - core["own_code"]
    assert core["minutes"] == round(core["words"] / 120 + plain + 4 * core["exercises"] + 8 * core["own_code"])
    assert frame["exercises"].sum() + frame["own_code"].sum() == len(lessons.exercises())
    assert call("teach") == 0
    printed = capsys.readouterr().out
    assert f"In all {frame['minutes'].sum() / 60:.1f} hours" in printed
    assert core["title"] in printed


@pytest.mark.parametrize("name", outline.PLANS)
def test_a_plan_has_aims_a_timetable_and_discussions_with_answers(name, capsys):
    assert call("teach", "--plan", name) == 0
    plan = capsys.readouterr().out
    for heading in ("## Aims", "## Prepare", "## Timetable", "## Discussion", "## What can be left out"):
        assert heading in plan
    assert "itfall" in plan
    assert "{" not in plan


def test_the_instructors_copies_are_open_and_overwrite_nothing(tmp_path, capsys):
    assert call("teach", "--instructor", str(tmp_path / "open")) == 0
    copies = sorted((tmp_path / "open").glob("*.ipynb"))
    assert len(copies) == len(shelf.find().notebooks())
    assert "<details open><summary>Solution 00.1" in copies[0].read_text(encoding="utf-8")
    before = copies[0].stat().st_mtime_ns
    assert call("teach", "--instructor", str(tmp_path / "open")) == 2
    assert "is not overwritten" in capsys.readouterr().err
    assert copies[0].stat().st_mtime_ns == before


def test_slides_need_no_network(tmp_path, monkeypatch):
    # The notebook of the core path; of its code, the first cell and a short one: all of it is run by tests/notebooks.
    notebook = nbformat.read(shelf.find().folder / shelf.START, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type != "code" or cell in code[:2]]
    code[1].source = "from IPython.display import HTML\nHTML(f'<b>{16 + 9} responders</b>')"
    package = tmp_path / "site" / "lupus_kit"
    (package / "_notebooks").mkdir(parents=True)
    nbformat.write(notebook, package / "_notebooks" / shelf.START)
    monkeypatch.setattr(shelf, "PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    page = write_slides(tmp_path / "slides").read_text(encoding="utf-8")
    assert (tmp_path / "slides" / "reveal.js" / "dist" / "reveal.js").is_file()
    assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=\"(?:https?:)?//", page)
    assert page.count("<section") > 10
    assert "<b>25 responders</b>" in page
    with pytest.raises(InputError, match="something in"):
        write_slides(tmp_path / "slides")
