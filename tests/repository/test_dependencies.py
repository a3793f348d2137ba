"""What an installation brings: bounds that hold on every Python, a light core, extras that name what they bring."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from references.cases import case

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = CONFIG["project"]
CORE = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {name: [Requirement(line) for line in lines] for name, lines in PROJECT["optional-dependencies"].items()}
LIBRARIES = [
    one
    for one in [*CORE, *(one for lines in EXTRAS.values() for one in lines), *map(Requirement, CONFIG["build-system"]["requires"])]
    if one.name != PROJECT["name"]
]  # fmt: skip
PYTHONS = [f"3.{minor}" for minor in range(11, 20) if SpecifierSet(PROJECT["requires-python"]).contains(f"3.{minor}.0")]
#: Not needed for numbers, tables, figures and widgets: each belongs to an extra.
EXTRA_ONLY = {
    "ipykernel",
    "jupyterlab",
    "nbconvert",
    "ortools",
    "pyreadstat",
    "reportlab",
    "openpyxl",
    "sphinx",
    "pingouin",
}


def _names(requirements: list[Requirement]) -> set[str]:
    return {canonicalize_name(one.name) for one in requirements}


def test_every_library_has_a_lower_and_an_upper_bound():
    for requirement in LIBRARIES:
        with case(requirement):
            assert sorted(part.operator for part in requirement.specifier) == ["<", ">="]


def test_a_library_that_is_named_twice_has_the_same_bounds():
    bounds: dict[str, set[str]] = {}
    for one in LIBRARIES:
        bounds.setdefault(one.name, set()).add(str(one.specifier))
    assert {name: both for name, both in bounds.items() if len(both) > 1} == {}


def test_the_extras_are_those_of_the_readme_and_all_has_them():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE)) == set(EXTRAS)
    (everything,) = EXTRAS["all"]
    assert everything.extras == set(EXTRAS) - {"all", "test"}
    assert any(one.extras == {"all"} for one in EXTRAS["test"])


def _resolved(text: str) -> dict[str, Version]:
    lines = (line.partition(";")[0].strip() for line in text.splitlines())
    return {canonicalize_name(name): Version(version) for name, version in (line.split("==") for line in lines if line)}


def _resolve(uv, python: str, *options: str) -> dict[str, Version]:
    plain = ("--python-version", python, "--only-binary", ":all:", "--no-header", "--no-annotate")
    return _resolved(uv("pip", "compile", "pyproject.toml", *plain, *options))


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lowest_versions_install_from_wheels(python, uv):
    found = _resolve(uv, python, "--resolution", "lowest-direct", "--extra", "all")
    for one in LIBRARIES:
        name = canonicalize_name(one.name)
        (floor,) = [part.version for part in one.specifier if part.operator == ">="]
        if name in _names(CORE) | set().union(*(_names(EXTRAS[extra]) for extra in EXTRAS if extra != "test")):
            assert found[name] == Version(floor), f"{name} {floor} has no wheel for Python {python}"


def test_the_core_is_light(uv):
    found = _resolve(uv, PYTHONS[0])
    assert len(found) <= 70
    assert EXTRA_ONLY & set(found) == set()


def test_the_core_goes_beside_an_old_ipython(uv):
    # Colab pins this one; pingouin is what the notebooks ask for beyond the core.
    found = _resolved(
        uv("pip", "compile", "-", "--python-version", PYTHONS[1], "--no-header", "--no-annotate",
           given="\n".join([*PROJECT["dependencies"], "pingouin", "ipython==7.34.0"]))
    )  # fmt: skip
    assert found["ipython"] == Version("7.34.0")


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def _imported(folder: str) -> frozenset[str]:
    """List the distributions that the files of a folder import, those inside functions too."""
    tops: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                tops |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                tops.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "need":
                tops |= {str(one.value).split(".")[0] for one in node.args[:1] if isinstance(one, ast.Constant)}
    foreign = tops - set(sys.stdlib_module_names) - {"lupus_kit", "references"}
    return frozenset(canonicalize_name(one) for name in foreign for one in _distributions().get(name, [name]))


def test_every_import_is_declared_and_the_core_has_nothing_that_is_not_imported():
    imported = _imported("lupus_kit") - {"ipython"}  # comes with ipywidgets, with whatever bounds that has
    users = set().union(*(_names(EXTRAS[extra]) for extra in ("lab", "replica", "files", "handbook")))
    assert imported - _names(CORE) - users == set()
    assert _names(CORE) - imported == set()


def test_the_extra_lab_brings_nothing_that_neither_the_kit_nor_a_notebook_calls():
    cells = [
        "".join(cell["source"])
        for path in (ROOT / "notebooks").glob("*.ipynb")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    called = {canonicalize_name(top) for top in re.findall(r"^(?:import|from) (\w+)", "\n".join(cells), re.MULTILINE)}
    assert _names(EXTRAS["lab"]) - _imported("lupus_kit") - called == set()


def test_what_the_tests_import_is_declared():
    declared = _names(CORE) | set().union(*map(_names, EXTRAS.values()))
    assert _imported("tests") - {"ipython"} - declared == set()
