"""Every notebook: clean as committed, complete as a lesson, and running with three dots and with its own solutions.

The run itself is in references/walked_notebooks.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from lupus_kit import lessons
from lupus_kit.course import execution, pages
from lupus_kit.lessons.answers import letters
from lupus_kit.lessons.catalogue import find

ROOT = Path(__file__).resolve().parents[2]
STOPS = (
    "00_start_here", "01_trial_design", "02_synthetic_cohort", "03_sri4", "04_week12_week24", "05_why_052_and_027",
    "06_nephritis_safety_immune", "07_a_better_trial", "08_what_came_after",
)  # fmt: skip
NAMES = sorted({*STOPS, *(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))})
WITH_WIDGETS = [name for name in NAMES if "01" <= name < "08"]
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def _path(name: str) -> Path:
    return ROOT / "notebooks" / f"{name}.ipynb"


every_notebook = pytest.mark.parametrize("name", NAMES)
#: The page of widgets, too: it is no stop and has no exercises, but is to be as clean.
every_file = pytest.mark.parametrize("name", [*NAMES, "widgets"])


# --- hygiene: what pre-commit checks too -------------------------------------------------------------------------


@every_file
def test_hygiene_format(name):
    raw = json.loads(_path(name).read_text(encoding="utf-8"))
    assert (raw["nbformat"], raw["nbformat_minor"]) == (4, 5)
    nbformat.validate(raw)


@every_file
def test_hygiene_no_outputs(name, notebook):
    full = [cell.id for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]
    assert full == [], "clear the outputs before you commit"
    assert not any(cell.get("attachments") for cell in notebook.cells)


@every_file
def test_hygiene_metadata(name, notebook):
    assert set(notebook.metadata) == {"kernelspec", "language_info", "lupus_kit"}
    assert set(notebook.metadata.kernelspec) == {"name", "display_name", "language"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "jupyter"}, f"cell {cell.id}: {sorted(cell.metadata)}"


@every_file
def test_hygiene_cell_ids_are_words(name, notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    odd = [one for one in ids if not SLUG.fullmatch(one) or re.fullmatch(r"[0-9a-f-]{8,}", one)]
    assert odd == [], "give cells ids that can be read, such as 'exercise-1-solution'"


@every_file
def test_hygiene_nothing_personal(name):
    text = _path(name).read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w./])/(root|home|Users|tmp)/|[A-Z]:\\\\", text)


# --- the lesson --------------------------------------------------------------------------------------------------


@every_file
def test_it_opens_with_do_learn_need(name, notebook):
    first, *rest = notebook.cells
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    opening = first.source + next((cell.source for cell in rest if cell.cell_type == "markdown"), "")
    for words in ("What you'll do", "What you'll learn", "What you'll need"):
        assert words in opening.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


@every_notebook
def test_it_has_exercises_that_the_catalogue_knows(name, notebook, asked):
    keys = [one.key for one in asked(notebook)]
    catalogue = lessons.exercises()
    assert len(keys) >= 4
    assert len(set(keys)) == len(keys)
    assert keys == list(catalogue.loc[catalogue["notebook"] == name, "key"]), "in the order of their numbers"


@every_notebook
def test_an_exercise_shows_its_choices_and_not_its_answer(name, notebook, asked):
    for given in asked(notebook):
        exercise, question = find(given.key), notebook.cells[given.index - 1].source
        assert f"Exercise {given.key}" in question
        if exercise.kind == "quiz":
            offered = [slip.answer() for slip in exercise.misconceptions] + [*letters(exercise.answer(), 3)]
            assert sorted(re.findall(r"\*\*(\d[a-d])\*\*", question)) == sorted(offered), (
                "**1a**, **1b**, ... before each answer"
            )
        checked = re.sub(r" +#.*", "", notebook.cells[given.index].source)
        asks = re.escape(f'lessons.check("{given.key}", {given.name})')
        form = r"answer = \.\.\.\n" if given.name == "answer" else rf"def {given.name}\([^\n]*\):\n    \.\.\.\n\n\n"
        assert re.fullmatch(form + asks, checked), "nothing else in the cell of a check"
        assert (exercise.kind == "function") == (given.name != "answer")


# --- the run -----------------------------------------------------------------------------------------------------


def _outputs(notebook: NotebookNode) -> Iterator[tuple[str, dict]]:
    """Yield every output with the place it is shown: below a cell or inside a widget."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield cell.id, output
    for model_id, model in execution.widget_state(notebook).items():
        state, place = model.get("state", {}), f"{model['model_name']} {model_id[:6]}"
        for output in state.get("outputs") or ():
            yield place, output
        if model["model_name"] == "HTMLModel":
            yield place, {"output_type": "display_data", "data": {"text/html": state.get("value", "")}}


class _Images(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.alts: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.alts.append(dict(attrs).get("alt"))


def _alt_texts(output: dict) -> list[str | None]:
    data = output.get("data", {})
    if "text/html" in data:  # what a browser shows when both are there
        reader = _Images()
        reader.feed("".join(data["text/html"]))
        return reader.alts
    if "image/png" in data:
        return [output.get("metadata", {}).get("image/png", {}).get("alt")]
    return []


@every_notebook
def test_it_runs_and_every_check_answers(name, notebook, asked, walked, page_loads):
    run = walked(name)
    assert run.problems == ()
    both = run.first
    judged = [f"{notebook.cells[one.index].id}-{kind}" for one in asked(notebook) for kind in ("open", "solved")]
    assert all(run.cells[one].execution_count for one in judged)

    pictures = [(place, alt) for place, output in _outputs(both) for alt in _alt_texts(output)]
    for place, alt in pictures:
        assert len(alt or "") >= 30, f"{place}: alt text {alt!r} does not say what is seen"
    assert pictures or name == "00_start_here", "a notebook without a figure"

    noise = [
        (place, output["text"])
        for place, output in _outputs(both)
        if output["output_type"] == "stream" and output["name"] == "stderr"
    ]
    assert noise == [], "warnings are not for students"

    page = pages.page(both, name)
    assert page_loads(page) == [], "the page of replicate --notebooks needs a network"
    folds = len(re.findall(r"<details>\s*<summary>Solution \d\d\.\d</summary>", page))
    assert folds == len(list(asked(notebook))), "solutions fold on the page, too"
    assert "<code>\\" not in page, "a formula that does not become MathML"

    if name in WITH_WIDGETS:
        shown = [
            cell.id
            for cell in both.cells
            for output in cell.get("outputs", [])
            if execution.VIEW in output.get("data", {})
        ]
        assert shown, "no live widget"
        models = {model["model_name"] for model in execution.widget_state(both).values()}
        movable = re.compile(r"Slider|Dropdown|Select|Toggle|Radio|Checkbox|BoundedInt|BoundedFloat|IntText|FloatText")
        assert any(movable.search(model) for model in models), "nothing to move"
        alarms = [
            place for place, output in _outputs(both) if "role='alert'" in output.get("data", {}).get("text/html", "")
        ]
        assert alarms == [], "a widget starts with a complaint"
        assert any("widgets." in cell.source for cell in both.cells if cell.id in shown), "not from lupus_kit.widgets"
