"""The site inside the browser: its lock fits Pyodide's versions and is plain Python, its notebooks begin by installing the kit."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LITE = ROOT / "binder" / "jupyterlite"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _pins(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("==") for line in lines)


LOCK = _pins((LITE / "requirements.txt").read_text(encoding="utf-8"))
CARRIED = _pins((LITE / "pyodide.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("line", PROJECT["dependencies"])
def test_the_core_is_in_pyodide_or_in_the_lock_within_its_bounds(line):
    requirement = Requirement(line)
    name = canonicalize_name(requirement.name)
    assert (name in LOCK) != (name in CARRIED)
    assert requirement.specifier.contains({**LOCK, **CARRIED}[name])


def test_the_lock_and_pyodide_are_all_that_is_needed(uv):
    given = "\n".join(["pingouin<0.8", *PROJECT["dependencies"]])
    constraints = "\n".join(f"{name}=={version}" for name, version in {**LOCK, **CARRIED}.items())
    options = ("--python-version", "3.14", "--no-header", "--no-annotate")
    assert _pins(uv("pip", "compile", "-", *options, given=f"{given}\n{constraints}")) == {**LOCK, **CARRIED}


def test_the_lock_is_plain_python(uv, tmp_path):
    lock = ("--no-deps", "--requirement", str(LITE / "requirements.txt"), "--only-binary", ":all:")
    uv("pip", "install", *lock, "--python-version", "3.14", "--target", str(tmp_path))
    tags = {
        path.parent.name: re.findall(r"^Tag: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        for path in tmp_path.glob("*.dist-info/WHEEL")
    }
    assert len(tags) == len(LOCK)
    assert {name: tag for name, tag in tags.items() if not any(one.endswith("-none-any") for one in tag)} == {}


def test_the_site_never_asks_a_package_index():
    settings = json.loads((LITE / "jupyter-lite.json").read_text(encoding="utf-8"))["jupyter-config-data"]
    assert settings["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]["disablePyPIFallback"] is True


def test_every_notebook_begins_by_installing_the_kit_and_says_how_to_keep_the_work(tmp_path, run_python):
    code = "import sys, pathlib, build; build.contents(pathlib.Path(sys.argv[1]))"
    done = run_python("-c", code, str(tmp_path), cwd=LITE, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stderr
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in notebooks]
    for path in notebooks:
        cells = json.loads((tmp_path / path.name).read_text(encoding="utf-8"))["cells"]
        first = next(cell for cell in cells if cell["cell_type"] == "code")
        assert "%pip install -q lupus-kit pingouin" in first["source"]
        assert all(word in first["source"] for word in ("lessons.backup()", "download", "restore"))
        cells.remove(first)
        own = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert cells == [cell for cell in own if cell["id"] != "kit"], "nothing else is changed"


@pytest.mark.skipif(sys.platform == "win32", reason="the site is built on Linux")
def test_the_builder_is_pinned():
    assert {"jupyterlite-core", "jupyterlite-pyodide-kernel", "jupyterlab-widgets"} <= set(
        _pins((LITE / "build.txt").read_text(encoding="utf-8"))
    )
