"""The student's work to take along, and back again: everything is in the link, and restoring overwrites nothing."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path

import pytest
from ipywidgets import VBox
from nbformat import v4

from lupus_kit import lessons
from lupus_kit.lessons.progress import file as progress_file
from lupus_kit.lessons.progress.file import NAME, VARIABLE

RIGHT, SLIP = 16, 29


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Path:
    """Keep progress in a folder of this test, beside a notebook that has run."""
    (tmp_path / "desk").mkdir()
    sit(tmp_path / "desk", monkeypatch)
    write(tmp_path / "desk" / "00_start_here.ipynb", "mine = 1")
    return tmp_path / "desk"


def sit(folder: Path, monkeypatch) -> None:
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv(VARIABLE, str(folder / NAME))
    monkeypatch.setattr(progress_file, "_session", progress_file._Session())


def write(path: Path, source: str) -> None:
    output = v4.new_output("stream", text="a long output")
    cells = [v4.new_markdown_cell("é", id="a"), v4.new_code_cell(source, id="b", outputs=[output], execution_count=3)]
    path.write_text(json.dumps(v4.new_notebook(cells=cells, metadata={"widgets": {"x": 1}})), encoding="utf-8")


def downloaded(shown: VBox) -> dict:
    """Read what the browser would save."""
    found = re.search(
        r'download="lupus-kit-work.json" href="data:application/json;base64,([^"]+)"', shown.children[0].value
    )
    return json.loads(base64.b64decode(found[1]))


def upload(shown: VBox, content: bytes) -> str:
    """Give a file to the button, as the browser does; return what is said below it."""
    one = {
        "name": "x",
        "type": "",
        "size": len(content),
        "last_modified": progress_file.datetime.now(),
        "content": memoryview(content),
    }
    shown.children[1].value = (one,)
    assert shown.children[1].value == (), "the same file can be given again"
    return re.sub("<[^>]+>", "", shown.children[2].value)


def kept(folder: Path) -> dict:
    return json.loads((folder / NAME).read_text(encoding="utf-8"))


def test_the_link_holds_the_answers_and_the_notebooks_without_outputs(desk):
    lessons.check("00.1", RIGHT)
    shown = lessons.backup()
    assert "your answers, 1 notebook as last saved" in shown.children[0].value
    work = downloaded(shown)
    assert work.pop("notebooks").keys() == {"00_start_here.ipynb"}
    assert work == kept(desk)
    notebook = downloaded(shown)["notebooks"]["00_start_here.ipynb"]
    assert notebook["cells"][1]["source"] == "mine = 1"
    assert (notebook["cells"][1]["outputs"], notebook["cells"][1]["execution_count"]) == ([], None)
    assert "widgets" not in notebook["metadata"]
    (desk / "class").mkdir()
    (desk / "class" / "ann.json").write_text(json.dumps(downloaded(shown)))
    assert len(lessons.class_progress(desk / "class").students) == 1, (
        "what a student downloads is what a teacher counts"
    )


def test_the_link_follows_the_answers(desk):
    shown = lessons.backup()
    assert downloaded(shown)["answers"] == []
    lessons.check("00.1", SLIP)
    lessons.predict("00.p1", "yes")
    assert {key: downloaded(shown)[key] for key in ("answers", "predictions")} == {
        key: kept(desk)[key] for key in ("answers", "predictions")
    }


def test_work_goes_to_a_new_server_and_back(desk, monkeypatch):
    times = iter(range(10, 60))
    monkeypatch.setattr(progress_file, "now", lambda: f"2026-01-05T10:00:{next(times)}+00:00")
    lessons.check("00.1", SLIP)
    lessons.predict("00.p1", "yes")
    work = json.dumps(downloaded(lessons.backup())).encode("utf-8")
    sit(desk.parent / "new", monkeypatch)
    write(desk.parent / "new" / "00_start_here.ipynb", "mine = ...")
    lessons.check("00.1", RIGHT)
    shown = lessons.backup()
    assert upload(shown, work).startswith("Restored: 1 answer and 1 prediction are in your progress file.")
    content = kept(desk.parent / "new")
    assert [row["right"] for row in content["answers"]] == [False, True], "in the order of time"
    assert [row["value"] for row in content["predictions"]] == ["yes"]
    names = sorted(path.name for path in (desk.parent / "new").glob("*.ipynb"))
    assert len(names) == 2
    assert re.fullmatch(r"00_start_here-restored-[0-9a-f]{6}\.ipynb", names[0])
    assert "mine = ..." in (desk.parent / "new" / "00_start_here.ipynb").read_text(encoding="utf-8"), "not overwritten"
    assert "mine = 1" in (desk.parent / "new" / names[0]).read_text(encoding="utf-8")
    assert names[0] in shown.children[2].value
    before = content, sorted(os.listdir(desk.parent / "new"))
    upload(shown, work)
    assert (kept(desk.parent / "new"), sorted(os.listdir(desk.parent / "new"))) == before, "twice adds nothing"
    assert "00.1 tried" in str(lessons.progress()) or "00.1 solved" in str(lessons.progress())


def test_a_progress_file_alone_is_restored_too(desk):
    lessons.check("00.1", SLIP)
    lessons.check("00.1", SLIP)
    row = {"exercise": "04.1", "when": "2026-01-01T00:00:00+00:00", "right": True, "misconception": ""}
    windows = json.dumps({"schema": 1, "answers": [row]}, indent=1).replace("\n", "\r\n").encode("utf-8")
    assert upload(lessons.backup(), windows).startswith("Restored: 1 answer and 0 predictions")
    assert [one["exercise"] for one in kept(desk)["answers"]] == ["04.1", "00.1", "00.1"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not readable as JSON"),
        (b"\xff\xd8 a photograph", "not readable as JSON"),
        (b"[]", "does not say 'schema'"),
        (b'{"schema": 1, "answers": [{"exercise": 4}]}', "answer 1 needs"),
        (b'{"schema": 1, "answers": [], "predictions": 3}', "'predictions' are not a list"),
        (b'{"schema": 1, "answers": [], "predictions": [' + b"[" * 90_000, "not readable as JSON"),
        (b'{"schema": 2, "answers": []}', "written by a later version of the kit"),
    ],
    ids=lambda one: one if isinstance(one, str) else None,
)
def test_what_is_no_work_is_one_sentence_and_changes_nothing(desk, content, said):
    lessons.check("00.1", SLIP)
    before = {path.name: path.read_bytes() for path in desk.iterdir()}
    text = upload(lessons.backup(), content)
    assert text.startswith("Not restored: ")
    assert said in text.replace("&#x27;", "'")
    assert {path.name: path.read_bytes() for path in desk.iterdir()} == before


def test_half_a_sign_is_kept_as_json_spells_it(desk):
    half = b'{"schema": 1, "answers": [], "predictions": [{"key": "00.p1", "value": "\\ud83d"}]}'
    assert upload(lessons.backup(), half).startswith("Restored")
    assert kept(desk)["predictions"] == [{"key": "00.p1", "value": "\ud83d"}]
    lessons.check("00.1", RIGHT)
    assert len(kept(desk)["answers"]) == 1


def test_a_notebook_that_is_none_is_neither_packed_nor_written(desk):
    (desk / "broken.ipynb").write_text("[]")
    shown = lessons.backup()
    work = downloaded(shown)
    assert work["notebooks"].keys() == {"00_start_here.ipynb"}
    for bad in ({"other.ipynb": {}, "third.ipynb": 3}, [1], None):
        assert upload(shown, json.dumps(work | {"notebooks": bad}).encode()).startswith("Restored: 0 answers")
    assert sorted(os.listdir(desk)) == ["00_start_here.ipynb", "broken.ipynb", NAME]


@pytest.mark.parametrize(
    "name",
    [r"..\out.ipynb", r"C:\out.ipynb", "C:out.ipynb", "../out.ipynb", "a/b.ipynb", "x.ipynb. ", "x.ipynb:s", "x.exe"],
)
def test_no_name_leads_out_of_the_folder_on_any_system(desk, name):
    notebook = downloaded(lessons.backup())["notebooks"]["00_start_here.ipynb"]
    upload(lessons.backup(), json.dumps({"schema": 1, "answers": [], "notebooks": {name: notebook}}).encode())
    assert sorted(os.listdir(desk)) == ["00_start_here.ipynb", NAME]
    assert os.listdir(desk.parent) == ["desk"]


def test_notebooks_too_large_for_a_link_are_left_out_and_said(desk):
    lessons.check("00.1", SLIP)
    write(desk / "large.ipynb", "x = 1\n" * 300_000)
    shown = lessons.backup()
    assert "not the notebooks, which are too large" in shown.children[0].value
    assert downloaded(shown) == kept(desk)


def test_a_damaged_progress_file_is_told_and_left(desk):
    (desk / NAME).write_bytes(b"{")
    shown = lessons.backup()
    assert "cannot be downloaded here: it is not readable as JSON" in shown.children[0].value
    assert (desk / NAME).read_bytes() == b"{"


def test_where_nothing_is_kept_nothing_is_offered(desk):
    lessons.keep_progress(False)
    (only,) = lessons.backup().children
    assert "Nothing is kept here" in only.value
