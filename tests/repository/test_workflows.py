"""What others' machines run: systems and Pythons of the matrix, the README's commands, the release, the container."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}
PYTHONS = [f"3.{minor}" for minor in range(11, 20) if SpecifierSet(PROJECT["requires-python"]).contains(f"3.{minor}.0")]


def _commands(flow: str, job: str) -> list[str]:
    return [line for step in FLOWS[flow]["jobs"][job]["steps"] for line in step.get("run", "").splitlines()]


def _triggers(flow: str) -> dict:
    return FLOWS[flow][True]  # "on" is a truth value in YAML 1.1


@pytest.mark.parametrize("flow", sorted(FLOWS))
def test_every_job_ends_and_has_no_more_rights_than_it_needs(flow):
    assert FLOWS[flow]["permissions"] == {"contents": "read"}
    for name, job in FLOWS[flow]["jobs"].items():
        assert job["timeout-minutes"] <= 90, name
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), f"{name}: a step calls an action or runs something"
            assert "@" in step.get("uses", "@"), f"{name}: an action without a version"


def test_the_tests_run_on_every_system_and_python_that_the_kit_names():
    matrix = FLOWS["ci"]["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == PYTHONS
    assert {name.partition("-")[0] for name in matrix["system"]} == {"ubuntu", "windows", "macos"}
    named = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line}
    assert named == set(PYTHONS)
    assert {"3.11", PYTHONS[-1]} == set(FLOWS["ci"]["jobs"]["lowest"]["strategy"]["matrix"]["python"])


def test_windows_runs_the_lines_that_the_readme_says_for_windows():
    said = re.findall(r"^Windows \(Command Prompt\): `(.+)`$", README, re.MULTILINE)
    steps = [step for step in FLOWS["ci"]["jobs"]["tests"]["steps"] if step.get("if") == "runner.os == 'Windows'"]
    assert {step["run"] for step in steps} == set(said)
    assert {step["shell"] for step in steps} == {"cmd"}


def test_elsewhere_the_readmes_test_command_runs():
    (step,) = [step for step in FLOWS["ci"]["jobs"]["tests"]["steps"] if step.get("if") == "runner.os != 'Windows'"]
    assert step["run"] == "bash .ci/run"


def test_lint_types_browser_handbook_and_coverage_have_jobs_of_their_own():
    assert {"ruff check .", "ruff format --check .", "lint-imports"} <= set(_commands("ci", "lint"))
    assert "mypy" in _commands("ci", "types")
    assert any("pytest -m browser" in line for line in _commands("ci", "browser"))
    assert "lupus-kit handbook handbook" in _commands("ci", "handbook")
    assert any("GITHUB_STEP_SUMMARY" in line for line in _commands("ci", "coverage"))
    assert any("--resolution lowest-direct" in line for line in _commands("ci", "lowest"))
    named = {word for flow in FLOWS.values() for job in flow["jobs"].values() for step in job["steps"]
             for word in re.findall(r"tests/[\w/.]+\.py", step.get("run", ""))}  # fmt: skip
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_a_release_is_a_tag_keeps_no_password_and_publishes_no_placeholder():
    assert _triggers("release") == {"push": {"tags": ["v*"]}}
    publish = FLOWS["release"]["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["needs"] == "build"
    assert not any("password" in str(step) or "secrets" in str(step) for step in publish["steps"])
    build = "\n".join(_commands("release", "build"))
    owner = PROJECT["urls"]["Repository"].split("/")[3]
    assert f"! grep --line-number '{owner}/' pyproject.toml README.md notebooks/*.ipynb" in build or owner != "OWNER"
    assert "bash unpacked/.ci/run" in build, "the sdist passes its own tests"
    assert "unpacked/.venv/bin/python -m pip check" in build


def test_the_dependency_scan_is_scheduled_and_colours_no_change():
    assert set(_triggers("scan")) == {"schedule", "workflow_dispatch"}
    assert not any("audit" in line for job in FLOWS["ci"]["jobs"] for line in _commands("ci", job))


def test_the_container_opens_the_first_notebook_on_a_python_that_is_supported():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    python = re.search(r"python:(3\.\d+)", container["image"])[1]
    assert python in PYTHONS
    (extras,) = re.findall(r'"\.\[([\w,]+)\]"', container["postCreateCommand"])
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    opened = container["customizations"]["codespaces"]["openFiles"]
    assert all((ROOT / name).is_file() for name in opened)


def test_nothing_is_claimed_that_needs_a_published_package():
    assert "uvx" not in README
    assert "pip install lupus-kit" not in README
