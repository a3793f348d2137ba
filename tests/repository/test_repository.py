"""The repository as a stranger finds it: layout, README's commands, versions, bounds, lazy imports, the wheel."""

from __future__ import annotations

import ast
import json
import re
import stat
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lupus_kit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOP_LEVEL = {
    "notebooks", "lupus_kit", "tests", "binder", "README.md", "pyproject.toml", "LICENSE", "CITATION.cff", "CHANGELOG.md",
}  # fmt: skip
ENGINES = ("inference", "audit", "published", "design", "endpoints", "cohort", "simulation")


def test_the_top_level_is_exactly_the_design(repository_files):
    top = {name.split("/")[0] for name in repository_files}
    assert {name for name in top if not name.startswith(".")} == TOP_LEVEL
    assert {".ci", ".github", ".gitattributes", ".gitignore", ".pre-commit-config.yaml"} <= top


def test_every_stop_has_its_room():
    rooms = {path.parent.name for path in (ROOT / "lupus_kit").glob("*/__init__.py")}
    assert rooms >= {*ENGINES, "figures", "widgets", "lessons"}


def test_no_addresses_of_package_indexes_and_no_machine_paths(repository_files):
    # Written in pieces, so that this file does not find itself.
    words = ["py" + "pi.org", "pythonhos" + "ted", "--index" + "-url", "--extra-index" + "-url", "--find" + "-links"]
    paths = [rf"(?<![\w.])/{folder}/" for folder in ("ro" + "ot", "wo" + "rk", "ho" + "me", "Us" + "ers", "op" + "t")]
    pattern = re.compile("|".join([*map(re.escape, words), *paths]))
    found = []
    for name in repository_files:
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {hit[0]}" for hit in pattern.finditer(text)]
    assert found == []


def test_no_marks_of_unfinished_work(repository_files):
    pattern = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]))
    names = [name for name in repository_files if name.endswith((".py", ".md", ".ipynb", ".toml", ".csv"))]
    found = [name for name in names if pattern.search((ROOT / name).read_text(encoding="utf-8"))]
    assert found == []


# --- README ------------------------------------------------------------------------------------------------------


def _code_blocks() -> list[str]:
    return [block.strip() for block in re.findall(r"^```\w*\n(.*?)^```", README, re.MULTILINE | re.DOTALL)]


def test_the_first_two_code_blocks_are_the_two_commands():
    main_job, tests = _code_blocks()[:2]
    for block in (main_job, tests):
        assert "\n" not in block, "one command line"
        assert block.startswith("python3 -m venv .venv && .venv/bin/python -m pip install ")
    assert main_job.endswith("&& .venv/bin/lupus-kit replicate")
    assert tests.endswith('".[test]" && .venv/bin/python -m pytest')


def test_ci_runs_exactly_the_second_command():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == [_code_blocks()[1]]
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert re.findall(r"^ +run: (.+)$", workflow, re.MULTILINE) == ["bash .ci/run"]


def test_windows_spelling_stands_beside_each():
    windows = re.findall(r"^Windows \(Command Prompt\): `(.+)`$", README, re.MULTILINE)
    expected = [
        block.replace("python3 -m", "py -m").replace(".venv/bin/", r".venv\Scripts" + "\\")
        for block in _code_blocks()[:2]
    ]
    assert windows == expected


def test_the_badges_land_on_the_first_notebook_in_jupyterlab_and_on_the_widgets():
    targets = re.findall(r"\]\((https://mybinder\.org/v2/\S+)\)", README)
    places = ("lab/tree/notebooks/00_start_here.ipynb", "voila/render/notebooks/widgets.ipynb")
    assert [target.partition("/HEAD?urlpath=")[2] for target in targets] == list(places)


def test_the_picture_of_a_widget_says_in_words_what_is_seen():
    (picture,) = re.findall(r"<img [^>]*>", README)
    source, alt = re.search(r'src="([^"]+)"', picture)[1], re.search(r'alt="([^"]+)"', picture)[1]
    assert (ROOT / source).read_bytes().startswith(b"\x89PNG")
    x1, n1, x2, n2 = lupus_kit.audit.claim_counts(lupus_kit.published.load("he2020"), "sri4_week12")
    p = lupus_kit.inference.pvalue("pearson", x1, n1, x2, n2)
    assert all(words in alt for words in (f"{x1} of {n1}", f"{x2} of {n2}", f"p is {p:.4f}"))


def test_the_table_of_commands_has_every_command():
    from typer.main import get_command

    from lupus_kit import cli

    table = re.findall(r"^\| `lupus-kit (\w+)", README, re.MULTILINE)
    assert set(get_command(cli.app).commands) <= set(table)
    assert len(set(table)) == len(table)


def test_the_readme_says_what_a_stranger_needs():
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    needed = (
        "Replicate the paper", "Run the tests", "The walk", "Teach with it", "Bring your own paper", "Bring your own data",
        "What is published and what is invented", "Cite",
    )  # fmt: skip
    assert [heading for heading in needed if heading not in headings] == []
    assert "not for treating patients" in README


def test_the_table_of_stops_says_what_is_there():
    rows = re.findall(r"^\| (\d) \| `(\w+)` \|.*\| ([\w ]+) \|$", README, re.MULTILINE)
    assert [int(stop) for stop, _, _ in rows] == list(range(8))
    for _, name, today in rows:
        assert (ROOT / "notebooks" / f"{name}.ipynb").is_file() == (today == "yes"), name


@pytest.mark.parametrize("name", ["README.md", ".github/CONTRIBUTING.md"])
def test_links_to_files_work(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", text)
    missing = [target for target in targets if not ((ROOT / name).parent / target).exists()]
    assert missing == []
    named = re.findall(r"`((?:tests|binder|notebooks|lupus_kit|\.ci|\.github)/[\w./-]+?)`", text)
    assert [
        place for place in named if "NN" not in place and "stopN" not in place and not (ROOT / place).exists()
    ] == []


# --- versions and dependencies -----------------------------------------------------------------------------------


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version, date = re.search(r"^## \[([\d.]+)\] - (\d{4}-\d\d-\d\d)$", changelog, re.MULTILINE).groups()
    cited = dict(re.findall(r"^(version|date-released): (\S+)$", citation, re.MULTILINE))
    assert PROJECT["project"]["version"] == lupus_kit.__version__ == version == cited["version"]
    assert cited["date-released"] == date


def test_citation_names_the_paper():
    trial = lupus_kit.published.load("he2020").trial
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert citation.startswith("cff-version: 1.2.0\n")
    assert f"doi: {trial.doi}\n" in citation
    assert trial.doi in README


def _requirements() -> list[Requirement]:
    project = PROJECT["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in [*project["dependencies"], *extras, *PROJECT["build-system"]["requires"]]]


@pytest.mark.parametrize("requirement", _requirements(), ids=lambda one: one.name)
def test_every_dependency_has_a_lower_and_an_upper_bound(requirement):
    assert sorted(part.operator for part in requirement.specifier) == ["<", ">="]


def test_the_libraries_of_the_issue_are_declared():
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["project"]["dependencies"]}
    assert declared >= {"jupyterlab", "ipywidgets", "pandas", "seaborn", "pingouin"}


def _imported(path: Path) -> set[str]:
    tops: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            tops.add(node.module.split(".")[0])
    return tops


def test_every_import_is_declared():
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["project"]["dependencies"]}
    imported = set().union(*(_imported(path) for path in (ROOT / "lupus_kit").rglob("*.py")))
    foreign = imported - set(sys.stdlib_module_names) - {"lupus_kit"}
    distributions = packages_distributions()
    undeclared = {
        name for name in foreign if not declared & {canonicalize_name(one) for one in distributions.get(name, [name])}
    }
    assert undeclared == set()


# --- lazy imports ------------------------------------------------------------------------------------------------


def _loaded_after(statement: str, run_python) -> set[str]:
    done = run_python("-c", f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))")
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_kit_loads_nothing_heavy(run_python):
    loaded = _loaded_after("import lupus_kit", run_python)
    heavy = {"numpy", "pandas", "scipy", "matplotlib", "pingouin", "seaborn", "ipywidgets", "sklearn", "statsmodels"}
    assert heavy & loaded == set()
    assert {name for name in loaded if name.startswith("lupus_kit")} == {"lupus_kit"}


def test_importing_the_engines_loads_no_drawing_and_no_teaching_library(run_python):
    statement = "; ".join(f"import lupus_kit.{name}" for name in ENGINES)
    loaded = _loaded_after(statement, run_python)
    assert {"pingouin", "seaborn", "ipywidgets", "sklearn", "matplotlib"} & loaded == set()


def test_unknown_rooms_are_named(run_python):
    with pytest.raises(AttributeError, match="has no attribute 'infrence'; it has audit"):
        lupus_kit.infrence  # noqa: B018
    assert set(lupus_kit.__all__) <= set(dir(lupus_kit))


# --- the wheel ---------------------------------------------------------------------------------------------------


def test_the_wheel_is_whole_and_works_away_from_the_clone(clone, tmp_path, package_source, clean_environment):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path / "dist"), str(clone)],
        capture_output=True, text=True, env=clean_environment,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    notebooks = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {f"lupus_kit/_notebooks/{name}" for name in notebooks} <= packed
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "lupus_kit").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package <= packed, "every module and every data file"
    assert not any(name.startswith(("tests/", "binder/")) for name in packed)

    site, desk = tmp_path / "site", tmp_path / "desk"
    desk.mkdir()
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)], check=True)
    source = (
        "import pathlib, lupus_kit, lupus_kit.audit\n"
        "from lupus_kit.course import shelf\n"
        "assert pathlib.Path(lupus_kit.__file__).is_relative_to(SITE), lupus_kit.__file__\n"
        "found = shelf.find(); assert not found.in_clone\n"
        "print(len(shelf.copy_to(pathlib.Path('mine'), found).new), len(lupus_kit.audit.check('he2020').to_frame()))"
    ).replace("SITE", repr(str(site)))
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=desk, env={**clean_environment, "PYTHONPATH": str(site)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(len(notebooks)), str(len(lupus_kit.audit.check("he2020").to_frame()))]
    assert {path.name for path in (desk / "mine").iterdir()} == notebooks
