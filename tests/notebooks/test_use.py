"""Notebooks as people use them: cells out of order, answers that raise, a restarted kernel, links that are followed."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode, v4

from lupus_kit.course import execution

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("0*.ipynb"))
LINK = re.compile(r"\]\(([^)#:\s]+\.ipynb)?(?:#([^)\s]+))?\)")
DOI = re.compile(r"\[doi:([^\]]+)\]\(https://doi\.org/([^)\s]+)\)")


def _read(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


every_notebook = pytest.mark.parametrize("name", NAMES)


def _seen(cell: NotebookNode) -> list[str]:
    """Return the words and tables below a cell; pictures and widgets have names of their own in every run."""
    said = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if execution.VIEW in data or "image/png" in data or "<img" in str(data.get("text/html", "")):
            continue
        shown = data.get("text/html") or data.get("text/markdown") or data.get("text/plain") or output.get("text", "")
        said.append(re.sub(r"T_[0-9a-f]{5}", "", "".join(shown)))  # pandas gives each styled table a name
    return said


@every_notebook
def test_answers_that_raise_and_cells_in_any_order_harm_no_other_cell(name, notebook, asked, walked):
    """Every exercise gets an answer that raises, and later the reader jumps back, cell by cell."""
    run = walked(name)
    assert run.problems == ()
    exercises = {notebook.cells[one.index].id: one.name for one in asked(notebook)}
    raised = {
        one for one, cell in run.cells.items() for output in cell.get("outputs", []) if output.output_type == "error"
    }
    assert raised == {f"{one}-raising" for one, name in exercises.items() if name == "answer"}
    for one in exercises.keys() - {one.removesuffix("-raising") for one in raised}:
        assert "ZeroDivisionError" in "".join(_seen(run.cells[f"{one}-raising"])), "a function that raises is explained"
    for one in exercises:
        assert "Not answered yet" in "".join(_seen(run.cells[one])), "after an answer that raised"
        assert "Not answered yet" in "".join(_seen(run.cells[f"{one}-again"]))
    others = [cell.id for cell in notebook.cells if cell.cell_type == "code" and f"{cell.id}-again" in run.cells]
    others = [one for one in others if one not in exercises]
    assert others
    changed = [one for one in others if _seen(run.cells[one]) != _seen(run.cells[f"{one}-again"])]
    assert changed == [], "these cells depend on what a later cell does"


@every_notebook
def test_an_exercise_asked_too_early_answers_kindly(name, notebook, asked, walked):
    """Only the imports ran, then the exercises, the last one first: what a restarted kernel leaves."""
    run = walked(name)
    assert run.problems == ()
    for one in asked(notebook):
        cell = run.cells[f"{notebook.cells[one.index].id}-early"]
        assert "Not answered yet" in "".join(_seen(cell)), cell.id


def test_a_cell_that_may_raise_does_not_hide_the_one_that_failed(tmp_path):
    sources = [("meant", "1 / 0", {"tags": ["raises-exception"]}), ("not-meant", "[][1]", {})]
    cells = [v4.new_code_cell(source, id=one, metadata=metadata) for one, source, metadata in sources]
    run = execution.execute(v4.new_notebook(cells=cells), "two", tmp_path)
    assert [problem.cell_id for problem in run.problems] == ["not-meant"]


def _anchors(notebook: NotebookNode) -> set[str]:
    """Return the anchors that JupyterLab and the static pages give to headings: the words, joined by hyphens."""
    lines = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    return {line.lstrip("#").strip().replace(" ", "-") for line in lines if re.match(r"#{1,6} ", line)}


@every_notebook
def test_links_lead_somewhere(name, notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = [(target or f"{name}.ipynb", anchor) for target, anchor in LINK.findall(text)]
    for target, anchor in found:
        assert (FOLDER / target).is_file(), target
        assert not anchor or anchor in _anchors(_read(Path(target).stem)), f"{target}#{anchor}"
    assert ("00_start_here.ipynb", "Glossary") in found, "no way to the glossary"
    if name != "00_start_here":
        assert ("00_start_here.ipynb", "How-to-use-these-pages") in found, "no way to the help"
    assert any(target > f"{name}.ipynb" for target, _ in found) or name == NAMES[-1], "no next stop"


@every_notebook
def test_it_says_how_long_sums_up_and_points_further(name, notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.search(r"[Aa]bout \d+ minutes", text)
    for part in ("Summary", "On your own", "Further reading", "Next stop"):
        assert re.search(rf"^(?:## {part}$|\*\*{part}\.\*\*)", text, re.MULTILINE), part
    sources = DOI.findall(text)
    assert len(sources) >= 3
    for shown, address in sources:
        assert shown == address.replace("%28", "(").replace("%29", ")")
