"""Without any extra: every module can be imported, the commands of the core run, the others say which extra they need.

The libraries of the extras are hidden from a Python of its own, as if only the core were installed.
"""

from __future__ import annotations

import json

import pytest
from references.cases import case

HIDDEN = (
    "bs4", "dask", "distributed", "docutils", "ipykernel", "jupyter_client", "jupyter_core", "jupyter_server", "jupyterlab",
    "jupyterlab_server", "mistune", "myst_nb", "myst_parser", "nbclient", "nbconvert", "nbformat", "openpyxl", "ortools",
    "pingouin", "pyreadstat", "reportlab", "sklearn", "sphinx", "sphinx_book_theme", "voila",
)  # fmt: skip
RUN = f"""
import contextlib, importlib, io, json, pkgutil, sys, traceback

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HIDDEN!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
import lupus_kit
from lupus_kit import cli

broken = {{}}
for module in pkgutil.walk_packages(lupus_kit.__path__, "lupus_kit."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except Exception:
            broken[module.name] = traceback.format_exc(limit=-2)
found = []
for arguments in json.loads(sys.stdin.read()):
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            cli.main(arguments)
        except SystemExit as left:
            code = left.code
        except Exception:
            code, _ = "raised", traceback.print_exc()
    found.append([code, error.getvalue()])
print(json.dumps([broken, found]))
"""
RUNS = {
    "replicate": "replicate --out replicated.json --format json",
    "audit": "audit he2020 --out audit.md",
    "score --template": "score --template --out visits.csv",
    "score": "score example.csv --out scored.csv",
    "power": "power 0.55 0.30 --per-arm 30",
    "simulate --new": "simulate --new --out plan.toml",
    "simulate": "simulate plan.toml --trials 200 --out simulated",
    "cohort": "cohort --out cohort",
    "cohort --replica": "cohort --replica --out replica",
    "teach": "teach --list --stop 4",
}
NEEDS = {
    "lab": ("lab --no-browser --notebooks desk", "lab"),
    "replicate --notebooks": ("replicate --notebooks pages", "lab"),
    "handbook": ("handbook book", "handbook"),
    "journal-club": ("journal-club lupil2 --out club", "handbook"),
    "cohort --replica --seed": ("cohort --replica --seed 5 --out other", "replica"),
    "cohort as Excel": ("cohort --format xlsx --out book.xlsx", "files"),
    "score Excel": ("score visits.xlsx", "files"),
}


@pytest.fixture(scope="module")
def alone(run_python, tmp_path_factory):
    """Import everything and run every command in one Python; return what broke, and code and words by command."""
    from lupus_kit import endpoints

    desk = tmp_path_factory.mktemp("desk")
    (desk / "example.csv").write_bytes(endpoints.example_visit_file().read_bytes())
    (desk / "visits.xlsx").write_bytes(b"PK\x03\x04 not opened")
    commands = {**RUNS, **{name: line for name, (line, _) in NEEDS.items()}}
    done = run_python("-c", RUN, cwd=desk, given=json.dumps([line.split() for line in commands.values()]))
    assert done.returncode == 0, done.stderr
    broken, found = json.loads(done.stdout.splitlines()[-1])
    return broken, dict(zip(commands, found, strict=True))


def test_every_module_can_be_imported(alone):
    broken, _ = alone
    assert broken == {}


def test_the_core_runs(alone):
    for command in RUNS:
        with case(command):
            code, words = alone[1][command]
            assert code == 0, words


@pytest.mark.parametrize("command", NEEDS)
def test_what_needs_an_extra_says_so_in_one_sentence(command, alone):
    code, words = alone[1][command]
    assert code == 2, words
    assert words.count("\n") == 1
    assert words.endswith(f'which is not installed: python -m pip install "lupus-kit[{NEEDS[command][1]}]"\n')
