"""The first code cell of each notebook: silent where the kit is, installs it where it is missing, tells of another version."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import pytest
from references import make_first_cells

import lupus_kit

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
every_file = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def _source(version: str = lupus_kit.__version__) -> str:
    return "".join(make_first_cells.cell(version)["source"])


@every_file
def test_the_metadata_and_the_first_code_cell_name_this_version(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["lupus_kit"] == {"version": lupus_kit.__version__}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code[0] == make_first_cells.cell(lupus_kit.__version__), "run python tests/references/make_first_cells.py"
    assert [cell["id"] for cell in notebook["cells"]].count(make_first_cells.ID) == 1


@every_file
def test_writing_it_again_changes_nothing(path, tmp_path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    make_first_cells.stamp(copy)
    assert copy.read_bytes() == path.read_bytes()


def test_where_the_kit_is_it_does_and_says_nothing(capsys):
    exec(_source(), {})  # get_ipython is not even there
    assert capsys.readouterr() == ("", "")


def test_another_version_is_told_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(lupus_kit, "__version__", "0.1.0")
    exec(_source("9.9.9"), {})
    said = capsys.readouterr().out
    assert said == "This notebook is of lupus-kit 9.9.9, installed is 0.1.0: results may differ.\n"


def test_where_the_kit_is_missing_it_is_installed_from_the_address_of_the_project(monkeypatch, capsys):
    called, there, real = [], [], builtins.__import__

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            called.append((name, line))
            there.append(True)

    def missing(name, *others):
        if name == "lupus_kit" and not there:
            raise ModuleNotFoundError("No module named 'lupus_kit'", name=name)
        return real(name, *others)

    monkeypatch.setattr(builtins, "__import__", missing)
    exec(_source(), {"get_ipython": Shell})
    ((name, line),) = called
    assert name == "pip"
    assert line.startswith('install --quiet "lupus-kit @ git+https://github.com/')
    assert line.endswith(f'@v{lupus_kit.__version__}" pingouin')
    assert capsys.readouterr().out == ""
