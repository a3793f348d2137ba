"""What several test files need: the repository's files, a clean environment, and whether packages can be fetched."""

from __future__ import annotations

import compileall
import copy
import gc
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from hypothesis.internal.conjecture import providers

ROOT = Path(__file__).resolve().parents[1]

# A library that takes longer to import than most tests to run, and that nothing needs: see there.
LIGHT = str(ROOT / "tests" / "references" / "light")
sys.path.insert(0, LIGHT)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (LIGHT, os.environ.get("PYTHONPATH"))))

# Kernels and commands that the tests start import the kit: without its bytecode each of them would compile it again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The tests already use every processor: threads of the linear algebra would only wait for each other, in every process.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# What is loaded to collect the tests stays: to look through it for garbage, again and again while it grows, finds nothing.
gc.disable()

# A shell that starts the tests in the background lets them ignore Ctrl+C, and so every process that they start: those that
# are stopped by it, in tests, would run on.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Everybody's run tries the same examples, however long each takes; --hypothesis-profile=others tries new ones.
hypothesis.settings.register_profile("the same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("others", deadline=None)
hypothesis.settings.load_profile("the same")

# And whatever modules are loaded by then, each of which Hypothesis would read for constants to try: it takes seconds.
if of_the_kit := getattr(providers, "is_local_module_file", None):  # a name within Hypothesis, which it may change
    providers.is_local_module_file = lambda path: not hypothesis.settings.default.derandomize and of_the_kit(path)

from references.walked_notebooks import asked, kernel, walked  # noqa: E402

__all__ = ["asked", "kernel", "walked"]

#: Seconds after which something that others wait for is taken to have died; a busy machine may take long.
PATIENCE = 1800
#: Where the longest tests are, by what they share: one handbook, one kernel that runs the notebooks. Two workers begin with one
#: half of all tests each, and whoever has done the own half takes from the end of the other's: so each half begins with long
#: tests, and short ones are left to share.
LONGEST = (("browser", "course", "notebooks"), ("repository",))


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kit once, before the workers begin: each of them would compile all of it."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(ROOT / "lupus_kit", quiet=2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest tests begin, some in each half."""
    rooms = ["notebooks" if "kernel" in item.fixturenames else item.path.parent.name for item in items]
    first, second = ([item for item, room in zip(items, rooms, strict=True) if room in long] for long in LONGEST)
    others = [item for item, room in zip(items, rooms, strict=True) if not any(room in long for long in LONGEST)]
    middle = max(0, len(items) // 2 - len(first))
    items[:] = [*first, *others[:middle], *second, *others[middle:]]


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of garbage collection: it stays, and each full collection would walk through it."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 10, 10)


def _listed() -> list[str]:
    """List the files that belong to the repository: git's list, or in an unpacked archive everything not hidden."""
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        skipped = {
            "PKG-INFO",
            ".venv",
            ".git",
            "__pycache__",
            ".pytest_cache",
            ".mypy_cache",
            ".ruff_cache",
            ".hypothesis",
        }
        names = [str(path) for path in found if not skipped & set(path.parts)]
    return sorted(name for name in names if (ROOT / name).is_file())


@pytest.fixture(scope="session")
def repository_files() -> list[str]:
    return _listed()


@pytest.fixture(scope="session")
def clean_environment() -> dict[str, str]:
    """Return the environment without what would leak this test run's Python into another one."""
    leaking = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "MPLBACKEND"}
    return {key: value for key, value in os.environ.items() if key not in leaking}


@pytest.fixture
def clone(tmp_path: Path, repository_files: list[str]) -> Path:
    """Copy the repository's files, so that building in them leaves the repository as it is."""
    folder = tmp_path / "clone"
    for name in repository_files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
        target.chmod((ROOT / name).stat().st_mode)
    return folder


@pytest.fixture(scope="session")
def uv(clean_environment: dict[str, str]) -> Callable[..., str]:
    """Call uv in the repository's root and return what it prints; skip, with the reason, where it reaches no package."""

    def call(*arguments: str, given: str | None = None) -> str:
        command = [sys.executable, "-m", "uv", *arguments, "--quiet"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=clean_environment,
            input=given or "",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"uv {' '.join(arguments)}\n{done.stderr}"
        return done.stdout

    try:
        call("pip", "compile", "-", given="hatchling>=1.25,<2")
    except (AssertionError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"no package can be fetched here: {str(error).splitlines()[-1]}")
    return call


@pytest.fixture(scope="session")
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run this Python in the repository's root, without a traceback hidden and without raising."""

    def run(
        *arguments: str, cwd: Path = ROOT, given: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), LIGHT)), **variables}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=cwd, env=environment, input=given or "", capture_output=True, text=True, timeout=PATIENCE
        )

    return run


@pytest.fixture(scope="session")
def page_loads() -> Callable[[str], list[str]]:
    """List what a browser would fetch for a page; addresses in comments and links for people are not fetched."""
    from bs4 import BeautifulSoup

    def loads(page: str) -> list[str]:
        soup = BeautifulSoup(page, "html.parser")
        named = [tag[key] for tag in soup.find_all(True) for key in ("src", "data", "poster", "srcset") if tag.get(key)]
        named += [tag["href"] for tag in soup.find_all("link") if tag.get("href")]
        code = "\n".join(tag.get_text() for tag in soup.find_all(["script", "style"]))
        signs = ("@import", "url(http", "url('http", 'url("http', "import(", "fetch(")
        fetched = [address for address in named if not address.startswith("data:")]
        return fetched + [sign for sign in signs if sign in code]

    return loads


@pytest.fixture(scope="session")
def without_pixels() -> Callable[..., bytes]:
    """Stand in for ``Live.png``: the axes are drawn on and taken from pyplot, and nothing is rendered."""
    import matplotlib.pyplot as plt

    def png(live, axes, layout=None):
        plt.close(axes.figure)
        return b""

    return png


@dataclass(frozen=True)
class Handbook:
    """A handbook of every notebook of the course and two more: where it is, and what Sphinx was not content with."""

    folder: Path
    warnings: tuple[str, ...]


@pytest.fixture(scope="session")
def handbook(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Handbook:
    """Build one handbook for all workers: the course's notebooks as they are, and two small ones that were executed."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "handbook"
    try:
        shared.mkdir()
    except FileExistsError:  # another worker builds it
        while not (shared / "done").is_file():
            assert time.time() - shared.stat().st_ctime < PATIENCE, "the worker that builds the handbook has died"
            time.sleep(0.5)
        outcome = json.loads((shared / "done").read_text(encoding="utf-8"))
        assert isinstance(outcome, list), outcome
        return Handbook(shared / "book", tuple(outcome))
    outcome = "the worker that built the handbook failed"
    try:
        outcome = _build_handbook(shared / "book", request.getfixturevalue("kernel"))
    finally:
        (shared / "unfinished").write_text(json.dumps(outcome), encoding="utf-8")
        (shared / "unfinished").rename(shared / "done")
    return Handbook(shared / "book", tuple(outcome))


def _build_handbook(folder: Path, run: Callable[..., list[str]]) -> list[str]:
    from references.small_notebooks import NOTEBOOKS

    from lupus_kit.course import execution, shelf
    from lupus_kit.course.handbook import sources, website

    paths = [path for path in shelf.find(ROOT).notebooks() if path.stem[:2].isdigit()]
    stops = [sources.Stop(path.stem, execution.read(path)) for path in paths]
    for name, notebook in copy.deepcopy(NOTEBOOKS).items():
        assert run(notebook, folder.parent) == []
        stops.append(sources.Stop(name, notebook))
    gc.disable()  # pages are trees that stay until the end: to look for garbage takes a sixth of the time
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the libraries among themselves
            return list(website.build(folder, stops))
    finally:
        gc.enable()
