"""One run of each notebook, from which every check of a run reads; parallel workers share it by files.

All that one worker runs, it runs in one kernel, which forgets everything in between: to start a kernel and to load the
libraries takes longer than most notebooks. The kernel may do only what Python may do inside a browser.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode, v4

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
CHECK = re.compile(r"""\blessons\.check\(\s*["'](\d\d\.\d+)["']""")
#: What a student replaces: the value of ``answer``, or the body of a function of their own.
DOTS = re.compile(r"^(?:(answer)\s*=\s*|def (\w+)\([^\n]*\):\n    )\.\.\.[^\n]*$", re.MULTILINE)
FENCE = re.compile(r"^```python\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
#: A cell that shows a board and gives no name: what other cells do does not reach it, and it reaches none of them.
BOARD = re.compile(r"lk\.widgets\.\w+\([^\n]*\)")
#: What has no build for the browser. The last three are loaded in every kernel: only a Python without one can do without.
NOT_IN_A_BROWSER = (
    "docutils", "jupyter_server", "jupyterlab", "nbclient", "nbconvert", "nbformat", "notebook", "openpyxl", "ortools",
    "pyreadstat", "reportlab", "sphinx", "voila", "ipykernel", "jupyter_client", "zmq",
)  # fmt: skip
#: From here on no such library is found, and Python starts no thread and no child process.
BROWSER = """
import _thread, os, subprocess, sys, threading

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

def refuse(*_, **__):
    raise RuntimeError("the browser has no threads and no child processes")

sys.meta_path.insert(0, Blocked())
threading.Thread.start = _thread.start_new_thread = subprocess.Popen.__init__ = os.system = os.fork = refuse
"""
#: The kernel's own thread for long outputs starts with the first of them.
PREPARED = """display({"text/plain": "-" * 1_000_000}, raw=True)"""
#: What the notebook before has left goes, and the next one starts in a folder of its own. Libraries stay, and the collection
#: of garbage at each reset need not look through them.
FORGET = """import os, sys
from matplotlib.figure import Figure
Figure.savefig = getattr(Figure, "drawn", Figure.savefig)
os.chdir({folder!r})
"ipywidgets" in sys.modules and sys.modules["ipywidgets"].Widget.close_all()
%reset -f
import gc
gc.freeze()
del gc"""
#: What cells say when they run again is compared, not their pictures: one point is enough.
WITHOUT_PIXELS = """from base64 import b64decode as _decode
from matplotlib.figure import Figure as _Figure
_point = _decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=")
_Figure.drawn, _Figure.savefig = _Figure.savefig, lambda self, to, *_, point=_point, **__: to.write(point)"""
MAY_RAISE = {"tags": ["raises-exception"]}
#: A cell may take long on a busy machine; a run that shows no sign of life for so many seconds has died.
PATIENCE = 900


@dataclass(frozen=True)
class Asked:
    """An exercise as it stands in a notebook."""

    key: str
    index: int
    solution: str
    name: str


@dataclass(frozen=True)
class Walked:
    """A notebook after its run: ``first`` is the way from top to bottom, ``cells`` has every cell that ran by its id."""

    first: NotebookNode
    cells: dict[str, NotebookNode]
    problems: tuple[str, ...]


@pytest.fixture(scope="session")
def asked() -> Callable[[NotebookNode], Iterator[Asked]]:
    return _asked


def _asked(notebook: NotebookNode) -> Iterator[Asked]:
    for index, cell in enumerate(notebook.cells):
        keys = CHECK.findall(cell.source) if cell.cell_type == "code" else []
        if not keys:
            continue
        assert len(keys) == 1, f"cell {cell.id}: one exercise a cell"
        found = DOTS.findall(cell.source)
        assert len(found) == 1, f"cell {cell.id}: exactly one line 'answer = ...', or one function whose body is '...'"
        after = notebook.cells[index + 1]
        assert after.cell_type == "markdown", f"cell {cell.id}: its solution comes right after"
        folded = re.search(r"<details>\s*<summary>Solution[^<]*</summary>(.*)</details>", after.source, re.DOTALL)
        assert folded, f"cell {after.id}: a folded solution, <details><summary>Solution</summary> ... </details>"
        code = FENCE.findall(folded[1])
        assert code, f"cell {after.id}: the solution holds a ```python block"
        yield Asked(keys[0], index, "\n".join(code), "".join(found[0]))


def _way(notebook: NotebookNode) -> tuple[NotebookNode, int]:
    """Lay out the run; return it with the number of cells of its first part.

    First from top to bottom. Before each exercise an answer that raises; behind it, three dots are asserted to be no
    answer and the solution to be right. Then the reader jumps back, cell by cell, past the boards. Last the kernel forgets
    everything, as
    after a restart: only the imports run, then the exercises, the last one first.
    """
    way = copy.deepcopy(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.id != "kit"]
    exercises = list(_asked(notebook))
    for one in reversed(exercises):
        cell = notebook.cells[one.index]
        judged = f"__import__('lupus_kit').lessons.check({one.key!r}, {one.name})"
        opened = f"_result = {judged}\nassert _result.passed is None, str(_result)"
        solved = f"del {one.name}\n{one.solution}\n_result = {judged}\nassert _result.passed is True, str(_result)"
        raising = cell.source.replace("...", "1 / 0", 1)
        way.cells[one.index : one.index + 1] = [
            v4.new_code_cell(raising, id=f"{cell.id}-raising", metadata=MAY_RAISE),
            way.cells[one.index],
            v4.new_code_cell(opened, id=f"{cell.id}-open"),
            v4.new_code_cell(solved, id=f"{cell.id}-solved"),
        ]
    length = len(way.cells)
    again = [cell for cell in reversed(code) if not BOARD.fullmatch(cell.source)]
    way.cells.append(v4.new_code_cell(WITHOUT_PIXELS, id="without-pixels"))
    way.cells += [v4.new_code_cell(cell.source, id=f"{cell.id}-again") for cell in again]
    way.cells += [v4.new_code_cell("%reset -f", id="restart"), v4.new_code_cell(code[0].source, id="imports-early")]
    early = [notebook.cells[one.index] for one in reversed(exercises)]
    way.cells += [v4.new_code_cell(cell.source, id=f"{cell.id}-early") for cell in early]
    return way, length


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[NotebookNode, Path], list[str]]]:
    """Run notebooks one after the other in one kernel; what failed is returned, outputs go into the notebook."""
    from lupus_kit.course import execution  # not by the process that only hands the tests out

    scratch = tmp_path_factory.mktemp("kernel")
    sources = (PREPARED, BROWSER.format(blocked=NOT_IN_A_BROWSER[:-3]))
    limits = v4.new_notebook(cells=[*map(v4.new_code_cell, sources)])
    client = NotebookClient(limits, km=execution.this_python(scratch), timeout=PATIENCE, store_widget_state=True)

    # One loop for all tests, since the sockets to the kernel belong to it; in a thread, since a browser has one in this.
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    def done(coroutine: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    def run(notebook: NotebookNode, folder: Path) -> list[str]:
        notebook.cells.insert(0, v4.new_code_cell(FORGET.format(folder=str(folder))))
        client.nb, failed = notebook, []
        try:
            environment = execution.environment(scratch)
            done(client.async_execute(cleanup_kc=False, env=environment, stderr=subprocess.DEVNULL))
        except CellExecutionError as error:
            failed.append(str(error))
        client.set_widgets_metadata()
        notebook.cells.pop(0)
        return failed + [str(one) for one in execution.hidden_errors(notebook)]

    assert run(limits, scratch) == []
    yield run
    client.nb = v4.new_notebook()
    done(client.async_execute(cleanup_kc=True))
    loop.call_soon_threadsafe(loop.stop)


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[str], Walked]:
    """Run a notebook, or read the run that another worker has made or is making."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    known: dict[str, Walked] = {}

    def walk(name: str) -> Walked:
        if name not in known:
            made, mark = shared / f"{name}.walked.ipynb", shared / f"{name}.running"
            try:
                mark.touch(exist_ok=False)
            except FileExistsError:
                _wait_for(made, mark)
            else:
                try:
                    _run(name, made, own, request.getfixturevalue("kernel"))
                except BaseException:
                    mark.unlink()  # nobody waits for a run that broke off
                    raise
            known[name] = _read(made)
        return known[name]

    return walk


def _run(name: str, made: Path, folder: Path, kernel: Callable[[NotebookNode, Path], list[str]]) -> None:
    way, length = _way(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4))
    (desk := folder / f"desk-{name}").mkdir(exist_ok=True)
    way.metadata.walked = {"length": length, "problems": kernel(way, desk)}
    partial = made.with_suffix(".part")
    partial.write_text(json.dumps(way), encoding="utf-8")
    partial.replace(made)


def _wait_for(made: Path, mark: Path) -> None:
    while not made.exists():
        assert mark.exists(), f"the run of {mark.stem} by another worker broke off"
        assert time.time() - mark.stat().st_mtime < 2 * PATIENCE, f"the run of {mark.stem} by another worker has died"
        time.sleep(0.2)


def _read(made: Path) -> Walked:
    way = nbformat.read(made, as_version=4)
    notes = way.metadata.pop("walked")
    cells = {cell.id: cell for cell in way.cells}
    first = copy.copy(way)
    first["cells"] = way.cells[: notes["length"]]
    return Walked(first, cells, tuple(notes["problems"]))
