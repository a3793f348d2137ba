"""The command ``handbook``: whole or not at all, and never over what is the reader's own."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from references.small_notebooks import notebook

from lupus_kit import cli
from lupus_kit.course import shelf
from lupus_kit.course.handbook import sources

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the libraries among themselves


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Stand in an empty folder, with the kit installed from a wheel that holds two notebooks; one room in the reference."""
    package = tmp_path / "site" / "lupus_kit"
    (package / "_notebooks").mkdir(parents=True)
    for name, title in ((shelf.START, "The first stop"), ("01_two.ipynb", "The second stop")):
        nbformat.write(notebook(title, v4.new_code_cell("6 * 7", id="sum")), package / "_notebooks" / name)
    monkeypatch.setattr(shelf, "PACKAGE", package)
    monkeypatch.setattr(sources, "ROOMS", ("design",))
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    return package / "_notebooks"


def test_the_command_writes_a_handbook_and_replaces_it_or_leaves_it(installed, capsys, monkeypatch):
    nbformat.write(notebook("Only widgets", v4.new_code_cell("1 / 0", id="bad")), installed / "widgets.ipynb")
    assert call("handbook", "book") == 0
    assert "book/index.html" in capsys.readouterr().err
    assert os.listdir(".") == ["book"]
    before = _files(Path("book"))
    assert "widgets.html" not in before, "not a stop"
    assert {f"{Path(shelf.START).stem}.html", "journal_club.pdf", "facilitator.html", "reference/design.html"} < before

    (installed / "01_two.ipynb").unlink()
    monkeypatch.setattr(sources, "ROOMS", ())  # the second has no room in the reference
    assert call("handbook", "book") == 0
    gone = before - _files(Path("book"))
    assert {name for name in gone if "design" not in name} == {"01_two.html"}, "no page of the old one stays behind"
    assert "reference/design.html" in gone
    assert os.listdir(".") == ["book"]

    old = (Path("book") / "index.html").read_bytes()
    capsys.readouterr()
    nbformat.write(notebook("Broken", v4.new_code_cell("1 / 0", id="bad")), installed / "02_bad.ipynb")
    assert call("handbook", "book") == 1
    error = capsys.readouterr().err
    assert "notebook 02_bad, cell 2 (bad): ZeroDivisionError: division by zero" in error
    assert "No handbook was written: 1 of 2 notebooks failed." in error
    (installed / "02_bad.ipynb").rename(installed / shelf.START)
    assert call("handbook", "new") == 1
    assert os.listdir(".") == ["book"]
    assert (Path("book") / "index.html").read_bytes() == old, "the old handbook stands"


@pytest.mark.parametrize("place", ["file", "file/below", "full"])
def test_a_place_that_cannot_be_used_is_one_sentence(place, installed, capsys):
    Path("file").write_text("mine")
    Path("full").mkdir()
    (Path("full") / "thesis.docx").write_text("mine")
    assert call("handbook", place) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("lupus-kit: ")
    assert captured.err.count("\n") == 1
    assert ("'thesis.docx'" in captured.err) == (place == "full")
    assert Path("file").read_text() == (Path("full") / "thesis.docx").read_text() == "mine"


def test_the_folder_one_stands_in_is_not_exchanged(installed, capsys):
    Path("empty").mkdir()
    os.chdir("empty")
    assert call("handbook", ".") == 2
    assert "is where you are" in capsys.readouterr().err
    assert os.listdir(".") == []
