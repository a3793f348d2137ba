"""The page of all widgets: one line for each widget, and every board stands when it has run."""

import re
from pathlib import Path

import nbformat
import pytest

from lupus_kit import widgets
from lupus_kit.course import execution

NAME = "widgets"
FOLDER = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture
def notebook():
    return nbformat.read(FOLDER / f"{NAME}.ipynb", as_version=4)


def test_it_shows_every_widget_once_and_nothing_else(notebook):
    _, *shown = [cell.source for cell in notebook.cells if cell.cell_type == "code"]  # the first brings the kit
    assert shown == ["from lupus_kit import widgets", *(f"widgets.{name}()" for name in widgets.APPS)]


def test_every_widget_has_its_stop():
    text = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("[0-9]*.ipynb")}
    at = {name: [stem[:2] for stem, source in text.items() if f"widgets.{name}(" in source] for name in widgets.APPS}
    stops = dict(
        zip(widgets.APPS, ("00", "01", "02", "03", "04", "05", "05", "05", "06", "06", "07", "07"), strict=True)
    )
    for name, stop in stops.items():
        assert stop in at[name], name


def test_it_runs_and_every_board_stands(notebook, tmp_path):
    run = execution.execute(notebook, NAME, tmp_path, timeout=900)
    assert run.passed, "\n".join(map(str, run.problems))
    pages = [
        model["state"].get("value", "")
        for model in execution.widget_state(notebook).values()
        if model["model_name"] == "HTMLModel"
    ]
    alts = [alt for page in pages for alt in re.findall(r'<img alt="([^"]*)"', page)]
    assert len(alts) == len(widgets.APPS)
    assert min(map(len, alts)) > 60
    assert not [page for page in pages if "role='alert'" in page]
