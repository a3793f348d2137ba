"""What the lessons do in a notebook's kernel alone: keep progress beside it, and understand an answer without quotes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from nbformat import NotebookNode, v4

from lupus_kit.course import execution
from lupus_kit.lessons.progress.file import NAME

#: By name, in their order. The kit runs a notebook without keeping progress, until a cell says otherwise.
CELLS = {
    "run by the kit": "from lupus_kit import lessons\nlessons.check('00.1', 29)",
    "without quotes": "answer = cab\nlessons.check('00.8', answer)",
    "unknown name": "nothing_of_that_name",
    "what is kept": "import os; print(os.listdir())",
    "a student's": "os.environ.pop('LUPUS_KIT_PROGRESS')\nlessons.check('00.1', 29)",
    "elsewhere": "os.makedirs('elsewhere', exist_ok=True); os.chdir('elsewhere')\nlessons.check('00.1', 16)",
    "overview": "lessons.progress()",
}
RAISING = {"without quotes", "unknown name"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def cells(folder) -> dict[str, NotebookNode]:
    """Run the cells one after the other in one kernel."""
    made = {
        name: v4.new_code_cell(source, metadata={"tags": ["raises-exception"] if name in RAISING else []})
        for name, source in CELLS.items()
    }
    run = execution.execute(v4.new_notebook(cells=list(made.values())), "own", folder)
    assert run.passed, run.problems
    return made


def _said(cell: NotebookNode) -> str:
    return "".join(map(str, cell.outputs))


def test_a_notebook_keeps_its_progress_beside_it(cells, folder):
    content = json.loads((folder / NAME).read_text(encoding="utf-8"))
    assert [row["right"] for row in content["answers"]] == [False, True], "also after a cell went elsewhere"
    assert os.listdir(folder / "elsewhere") == []
    shown = cells["overview"].outputs[0]["data"]
    assert "1 of " in shown["text/html"]
    assert "00.1 solved" in shown["text/plain"] or "00.1 solved" in shown["text/html"]


def test_a_notebook_that_the_kit_runs_keeps_nothing(cells):
    assert "00.1" in _said(cells["run by the kit"])
    assert cells["what is kept"].outputs[0]["text"] == "[]\n"


def test_an_answer_without_quotes_is_understood_in_a_notebook(cells):
    assert "Right" in _said(cells["without quotes"])
    assert "NameError" not in _said(cells["without quotes"])
    assert "NameError" in _said(cells["unknown name"])
