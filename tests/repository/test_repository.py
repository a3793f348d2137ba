"""The repository as a stranger finds it: layout, README's commands, the version, lazy imports, the wheel."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from operator import attrgetter
from pathlib import Path

import pytest

import lupus_kit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = PROJECT["project"]["urls"]["Repository"]
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
    install = "python3 -m venv .venv && .venv/bin/python -m pip install --quiet"
    assert main_job == f'{install} ".[lab]" && .venv/bin/lupus-kit replicate'
    assert tests == f'{install} ".[test]" && .venv/bin/python -m pytest'


def test_ci_runs_exactly_the_second_command_after_a_try_to_install_a_browser():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    browser, tests = commands
    assert browser.startswith('{ [ "$(id -u)" = 0 ] && ')
    assert browser.endswith(" chromium; } >/dev/null 2>&1 || true"), "may fail without harm"
    assert tests == _code_blocks()[1]
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR


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
    assert [target.partition("?urlpath=")[2] for target in targets] == list(places)


def test_the_address_is_one_placeholder_in_the_project_and_the_readme(repository_files):
    owner, _, name = ADDRESS.removeprefix("https://github.com/").partition("/")
    assert all(url.startswith(ADDRESS) for url in PROJECT["project"]["urls"].values())
    assert f"`git clone {ADDRESS}`" in README
    hosts = r"(?:github\.com|/gh|/github|codespaces\.new)"
    named = set(re.findall(rf"{hosts}/([\w-]+)/{name}\b", README)) | set(
        re.findall(r"https://([\w-]+)\.github\.io", README)
    )
    assert named == {owner}
    # Nobody else says where the kit lives, so nobody else has to be changed.
    places = [
        place
        for place in repository_files
        if place.endswith((".md", ".toml", ".yml", ".cff", ".json", ".ipynb", ".py"))
    ]
    holders = {place for place in places if f"{owner}/{name}" in (ROOT / place).read_text(encoding="utf-8")}
    written = {
        place for place in holders if place.startswith("notebooks/")
    }  # by make_first_cells.py, and compared with it
    assert holders - written == {"README.md", "pyproject.toml"}


def test_the_readme_has_no_relative_link_so_that_it_can_stand_on_a_package_page():
    assert re.findall(r"\]\((?!https://)[^)]*\)", README) == []


def test_the_picture_of_a_widget_stands_on_a_package_page_too_and_says_in_words_what_is_seen():
    (picture,) = re.findall(r"<img [^>]*>", README)
    address = ADDRESS.replace("github.com", "raw.githubusercontent.com") + "/main/"
    picture = picture.replace(f'src="{address}', 'src="', 1)
    source, alt = re.search(r'src="([^"]+)"', picture)[1], re.search(r'alt="([^"]+)"', picture)[1]
    assert address in README
    assert (ROOT / source).read_bytes().startswith(b"\x89PNG")
    x1, n1, x2, n2 = lupus_kit.audit.claim_counts(lupus_kit.published.load("he2020"), "sri4_week12")
    p = lupus_kit.inference.pvalue("pearson", x1, n1, x2, n2)
    assert all(words in alt for words in (f"{x1} of {n1}", f"{x2} of {n2}", f"p is {p:.4f}"))


def test_the_table_of_commands_has_every_command():
    from typer.main import get_command

    from lupus_kit import cli

    table = re.findall(r"^\| `lupus-kit ([\w-]+)", README, re.MULTILINE)
    assert set(get_command(cli.app).commands) <= set(table)
    assert len(set(table)) == len(table)


def test_the_names_in_the_readme_exist():
    (example,) = [block for block in _code_blocks() if block.startswith("import lupus_kit as lk")]
    names = re.findall(r"\blk\.([\w.]+)\(", example)
    assert len(names) > 20
    assert [name for name in names if not callable(attrgetter(name)(lupus_kit))] == []


def test_the_readme_says_what_a_stranger_needs():
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    needed = (
        "Replicate the paper", "Run the tests", "The walk", "Teach with it", "Bring your own paper", "Bring your own data",
        "What is published and what is invented", "Cite",
    )  # fmt: skip
    assert [heading for heading in needed if heading not in headings] == []
    assert "not for treating patients" in README


def test_the_table_of_stops_has_every_notebook():
    rows = re.findall(r"^\| (\d) \| `(\w+)` \|", README, re.MULTILINE)
    assert [name for _, name in rows] == sorted(path.stem for path in (ROOT / "notebooks").glob("0*.ipynb"))
    assert [int(stop) for stop, _ in rows] == [int(name[:2]) for _, name in rows]


@pytest.mark.parametrize("name", ["README.md", ".github/CONTRIBUTING.md"])
def test_links_to_files_work(name):
    text = (ROOT / name).read_text(encoding="utf-8").replace(f"{ADDRESS}/blob/main/", "")
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", text)
    missing = [target for target in targets if not ((ROOT / name).parent / target).exists()]
    assert missing == []
    named = re.findall(r"`((?:tests|binder|notebooks|lupus_kit|\.ci|\.github)/[\w./-]+?)`", text)
    assert [
        place for place in named if "NN" not in place and "stopN" not in place and not (ROOT / place).exists()
    ] == []


def test_the_sdist_has_every_file_of_the_repository_and_passes_its_tests(
    clone, tmp_path, uv, repository_files, run_python
):
    uv("build", "--sdist", "--out-dir", str(tmp_path / "dist"), str(clone))
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        packed = {member.name.partition("/")[2] for member in archive.getmembers()}
    assert set(repository_files) - packed == set(), "its own tests read these"
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (place,) = tmp_path.glob("lupus_kit-*")
    tests = ["tests/repository/test_front_row.py", "tests/core/test_csv_text.py"]
    done = run_python("-m", "pytest", "--quiet", "--numprocesses=0", *tests, cwd=place, PYTHONPATH=str(place))
    assert done.returncode == 0, done.stdout


# --- the version -------------------------------------------------------------------------------------------------


def test_the_version_stands_in_one_place():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[([\d.]+)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)[1]
    assert newest == lupus_kit.__version__
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "lupus_kit/__init__.py"
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^(?:version|date-released):.*$", citation, re.MULTILINE) == []


def test_citation_names_the_paper():
    trial = lupus_kit.published.load("he2020").trial
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert citation.startswith("cff-version: 1.2.0\n")
    assert f"doi: {trial.doi}\n" in citation
    assert trial.doi in README


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


def test_the_wheel_is_whole_and_works_away_from_the_clone(clone, tmp_path, uv, clean_environment):
    uv("build", "--wheel", "--out-dir", str(tmp_path / "dist"), str(clone))
    (wheel,) = (tmp_path / "dist").glob("*.whl")
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
    licences = {name.partition(".dist-info/licenses/")[2] for name in packed}
    assert {"LICENSE", "notebooks/LICENSE"} <= licences, "of the code, and of the notebooks' text"

    site, desk = tmp_path / "site", tmp_path / "desk"
    desk.mkdir()
    uv("pip", "install", "--no-deps", "--target", str(site), str(wheel))
    source = (
        "import pathlib, lupus_kit, lupus_kit.audit\n"
        "from lupus_kit.course import shelf\n"
        "assert pathlib.Path(lupus_kit.__file__).is_relative_to(SITE), lupus_kit.__file__\n"
        "found = shelf.find(); assert not found.in_clone\n"
        "print(len(shelf.copy_to(pathlib.Path('mine'), found).new), len(lupus_kit.audit.check('he2020').to_frame()))"
    ).replace("SITE", repr(str(site)))
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=desk, env={**clean_environment, "PYTHONPATH": str(site)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(len(notebooks)), str(len(lupus_kit.audit.check("he2020").to_frame()))]
    assert {path.name for path in (desk / "mine").iterdir()} == notebooks
