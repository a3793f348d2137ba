"""Binder's folder: exact pins within the declared bounds, and a fresh environment built from it runs a notebook."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from references.cases import case

import lupus_kit

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / "binder"
LIGHT = str(ROOT / "tests" / "references" / "light")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LINES = (BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines()


def _pins(lines: list[str]) -> dict[str, str]:
    pinned = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pinned}


PINS = _pins(LINES)
PYTHON = (BINDER / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")


def test_every_line_is_an_exact_pin():
    lines = [line for line in LINES if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+]*", line)] == []
    assert len(PINS) == len(lines)


# The notebooks, and for the second badge Voilà.
def test_the_pins_are_within_the_bounds():
    for line in [*PROJECT["dependencies"], *EXTRAS["lab"], *EXTRAS["voila"]]:
        with case(line):
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            assert name in PINS, "make binder/requirements.txt again, as it says at its top"
            assert requirement.specifier.contains(PINS[name])


def test_only_what_runs_is_installed():
    unused = {
        canonicalize_name(Requirement(line).name) for name in ("replica", "files", "test") for line in EXTRAS[name]
    }
    assert unused & set(PINS) <= {"beautifulsoup4", "psutil", "pyyaml"}, "these come with JupyterLab"


def test_the_notebook_server_fits_its_jupyterlab():
    # repo2docker installs over a frozen base, whose notebook 7.4 asks for jupyterlab>=4.4,<4.5.
    assert SpecifierSet(">=7.4,<7.5").contains(PINS["notebook"])
    assert SpecifierSet(">=4.4,<4.5").contains(PINS["jupyterlab"])


def test_the_pins_laid_over_binders_base_image_fit_each_other(uv):
    # What pip leaves behind: the pins, and of the base all that is not pinned. uv finds no versions if two of them clash.
    base = _pins((ROOT / "tests" / "references" / f"binder_base_python_{PYTHON}.txt").read_text().splitlines())
    assert {"jupyterhub", "jupyter-resource-usage", "notebook"} <= set(base)
    laid = "\n".join(f"{name}=={version}" for name, version in {**base, **PINS}.items())
    options = ("--python-version", PYTHON, "--python-platform", "linux", "--no-header", "--no-annotate")
    found = _pins(uv("pip", "compile", "-", *options, given=laid).splitlines())
    assert {name: found[name] for name in PINS} == PINS


def test_the_readme_opens_the_image_of_this_version():
    # A tag: its image is built once, whatever is pushed later.
    opened = re.findall(r"mybinder\.org/v2/gh/([^?\s]+)\?", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {place.rpartition("/")[2] for place in opened} == {f"v{lupus_kit.__version__}"}
    assert "nbgitpuller" in PINS, "links that bring notebooks of their own"


def test_the_python_is_one_that_the_kit_supports():
    assert re.fullmatch(r"3\.\d+", PYTHON)
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{PYTHON}.0")


def test_the_pins_are_complete_and_fit_each_other(uv):
    options = ("--python-version", PYTHON, "--python-platform", "linux", "--only-binary", ":all:")
    resolved = uv("pip", "compile", "binder/requirements.txt", *options, "--no-header", "--no-annotate")
    assert _pins(resolved.splitlines()) == PINS, "a package would come in that is not pinned"


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_the_scripts_can_be_run(name):
    assert (BINDER / name).stat().st_mode & stat.S_IXUSR
    assert (BINDER / name).read_bytes().startswith(b"#!/usr/bin/env bash\n")
    assert b"\r" not in (BINDER / name).read_bytes()


def test_start_caps_the_threads_and_becomes_the_command():
    script = "import os; print([os.environ[k] for k in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS')])"
    command = ["bash", str(BINDER / "start"), sys.executable, "-c", f"{script}; raise SystemExit(7)"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "['1', '1', '1']"
    assert done.returncode == 7


@pytest.mark.skipif(os.name == "nt", reason="Binder runs on Linux")
def test_a_fresh_environment_runs_a_notebook(clone, tmp_path, uv, clean_environment):
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        pytest.skip(f"Binder's pins are for Python {PYTHON}; this is {sys.version_info[0]}.{sys.version_info[1]}")
    place = tmp_path / "environment"
    uv("venv", "--seed", "--python", sys.executable, str(place))
    uv("pip", "install", "--python", str(place), "-r", "binder/requirements.txt")
    environment = {
        **clean_environment,
        "PATH": f"{place / 'bin'}{os.pathsep}{clean_environment['PATH']}",
        "HOME": str(tmp_path),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }

    def run(*command: str, **variables: str) -> str:
        done = subprocess.run(
            command, cwd=clone, env=environment | variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1800
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    assert "All is well." in run("binder/postBuild", PYTHONPATH=LIGHT)  # the notebook below imports that library itself
    templates = [*(place / "share" / "jupyter" / "voila" / "templates").glob("*/*.*")]
    assert any(template.name == "index.html.j2" for template in templates)
    for template in templates:
        assert "https://cdn" not in template.read_text(encoding="utf-8"), "something would be fetched at run time"
    assert list((tmp_path / ".cache" / "matplotlib").glob("fontlist-*.json")), "the font cache is made when building"
    uv("pip", "check", "--python", str(place))

    executed = tmp_path / "executed.ipynb"
    notebook = "notebooks/00_start_here.ipynb"
    nbconvert = ["jupyter", "nbconvert", "--to", "notebook", "--execute", "--output", str(executed), notebook]
    run("binder/start", *nbconvert)
    cells = nbformat.read(executed, as_version=4).cells
    assert all(cell.execution_count for cell in cells if cell.cell_type == "code" and cell.source.strip())
    kit = run("python", "-c", "import os; os.chdir('/'); import lupus_kit; print(lupus_kit.__file__)")
    assert kit.startswith(str(place)), "the kit comes from the environment, not from the clone"
