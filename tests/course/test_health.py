"""What ``doctor`` looks at: versions of the core and of the extras that are there, and the way of a widget to the screen."""

from __future__ import annotations

import copy
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from lupus_kit import cli
from lupus_kit.course import health

ROOT = Path(__file__).resolve().parents[2]


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


@pytest.fixture(scope="module")
def lab():
    """What JupyterLab says of itself, asked once."""
    return health.lab_info()


@pytest.fixture
def pretend(monkeypatch, lab):
    """Change or hide versions of installed libraries; a kernel is not started."""
    true, changed = metadata.version, {}

    def version(asked: str) -> str:
        found = changed.get(asked, "as it is")
        if found is None:
            raise metadata.PackageNotFoundError(asked)
        return true(asked) if found == "as it is" else found

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(health, "lab_info", lambda: copy.deepcopy(lab))
    monkeypatch.setattr(health, "live_slider", lambda: health.Finding("a kernel starts", "yes", "yes", ok=True))
    return changed


@pytest.mark.parametrize(
    ("name", "version"),
    [("pandas", "1.5.0"), ("jupyterlab_widgets", "1.1.0"), ("pingouin", None)],
)
def test_doctor_finds_a_version_that_is_off(name, version, pretend, capsys):
    pretend[name] = version
    assert call("doctor") == 1
    printed = capsys.readouterr().out
    assert "NOT OK" in printed
    assert (version or "missing") in printed
    assert ("Widgets will NOT render" in printed) == (name == "jupyterlab_widgets")


def libraries_of_extras() -> dict[str, set[str]]:
    """Read what each extra names itself; the kit's own name stands for other extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    core = {Requirement(line).name for line in project["dependencies"]}
    named = project["optional-dependencies"]
    return {extra: {Requirement(line).name for line in lines} - core - {"lupus-kit"} for extra, lines in named.items()}


def test_a_core_without_jupyter_is_well_and_says_how_to_get_it(pretend, capsys):
    extras = libraries_of_extras()
    assert "jupyterlab" in extras["lab"]
    pretend.update(dict.fromkeys(set().union(*extras.values())))
    assert call("doctor") == 0
    printed = capsys.readouterr().out
    assert 'python -m pip install "lupus-kit[lab]"' in printed
    assert "All is well." in printed
    assert "Widgets" not in printed


@pytest.mark.parametrize("change", ["nothing", "missing", "disabled", "too old", "another one"])
def test_doctor_finds_a_front_end_that_is_off(change, lab):
    info = copy.deepcopy(lab)
    extension = dict(info["federated_extensions"][health.MANAGER])
    if change == "missing":
        info["federated_extensions"] = {}
    elif change == "disabled":
        info["disabled"] = {f"{health.MANAGER}:plugin": False, health.MANAGER: True}
    elif change == "too old":
        extension["dependencies"] = {"@jupyterlab/application": "^3.0.0"}
        info["federated_extensions"] = {health.MANAGER: extension}
    elif change == "another one":
        extension["ext_path"] = "/somewhere/else"
        info["federated_extensions"] = {health.MANAGER: extension}
    assert [finding.ok for finding in health.front_end(info)].count(False) == (change != "nothing")


def test_the_notebooks_alone_are_well_without_what_larger_extras_add(pretend, capsys):
    # An installation as the README makes it: the extra "lab" and nothing else.
    extras = libraries_of_extras()
    pretend.update(dict.fromkeys(set().union(*extras.values()) - extras["lab"]))
    assert call("doctor") == 0
    printed = capsys.readouterr().out
    assert "All is well." in printed
    assert "sphinx" not in printed
