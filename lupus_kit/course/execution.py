"""Run a notebook from top to bottom and say what went wrong, also where a widget hides it.

A widget's callback that raises leaves its error inside an Output widget; the cell passes. So after running, the
saved state of every widget is read too.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lupus_kit.core.extras import need
from lupus_kit.lessons.progress import file as progress_file

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
#: How the state of one widget names another.
REFERENCE = "IPY_MODEL_"
_REFERRED = re.compile(rf'"{REFERENCE}(\w+)"')
#: What colours text in a terminal.
ANSI = re.compile(r"\x1b\[[0-9;]*m")


# Seconds between two looks for the reply of a cell.
_LOOK = 1.0


@dataclass(frozen=True)
class Problem:
    """One thing that failed while a notebook ran.

    Parameters
    ----------
    cell_index : int or None
        Position of the cell, counted from 0 over all cells; None if no cell can be named.
    cell_id : str
        The cell's id, or an empty string.
    message : str
        The error in one line.
    """

    cell_index: int | None
    cell_id: str
    message: str

    def __str__(self) -> str:
        where = "before the first cell" if self.cell_index is None else f"cell {self.cell_index + 1} ({self.cell_id})"
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class NotebookRun:
    """How the run of one notebook went.

    Parameters
    ----------
    name : str
        The notebook's name, without the ending.
    seconds : float
        How long it took.
    problems : tuple of Problem
        Empty if every cell and every widget came through.
    """

    name: str
    seconds: float
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.problems

    def failures(self) -> list[str]:
        """Say what failed, one sentence a problem."""
        return [f"notebook {self.name}, {problem}" for problem in self.problems]


def need_jupyter() -> None:
    """Make sure that notebooks can be run here, before any work is done.

    Raises
    ------
    InputError
        If a library of the extra ``lab`` is missing; with the line that installs it.
    """
    for library in ("nbformat", "nbclient", "ipykernel", "nbconvert", "docutils"):
        need(library, "lab", "Running a notebook")


def read(path: Path) -> NotebookNode:
    """Read a notebook file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    nbformat.NotebookNode
        The notebook, in the current format.

    Raises
    ------
    InputError
        As :func:`need_jupyter`.
    """
    need_jupyter()
    notebook: NotebookNode = need("nbformat", "lab", "A notebook").read(path, as_version=4)
    return notebook


def execute_files(paths: Iterable[Path], quiet: bool = False) -> Iterator[tuple[NotebookNode, NotebookRun]]:
    """Execute notebook files one after the other, with a progress bar on stderr.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        The files; they are not changed.
    quiet : bool
        Without the bar.

    Yields
    ------
    tuple of (nbformat.NotebookNode, NotebookRun)
        The executed notebook, also where something failed, and how it went.
    """
    from tqdm import tqdm

    with tqdm(list(paths), unit="notebook", file=sys.stderr, disable=quiet) as bar:
        for path in bar:
            bar.set_description(path.stem)
            notebook = read(path)
            # In a folder of its own: what a notebook writes must not land among the notebooks.
            with tempfile.TemporaryDirectory(prefix="lupus-kit-") as scratch:
                yield notebook, execute(notebook, path.stem, Path(scratch))


def execute(notebook: NotebookNode, name: str, folder: Path, timeout: int = 300) -> NotebookRun:
    """Run every cell in a fresh kernel of this Python; outputs and widget states go into the notebook given.

    The first cell that fails ends the run: what comes after it would fail for the same reason.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Changed in place.
    name : str
        What to call it in the result.
    folder : pathlib.Path
        The kernel's working folder.
    timeout : int
        Seconds one cell may take.

    Returns
    -------
    NotebookRun
        The time it took and what failed.
    """
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lupus-kit-") as scratch:
        problems = _run(notebook, folder, timeout, Path(scratch))
    problems += tuple(hidden_errors(notebook))
    return NotebookRun(name, time.perf_counter() - begin, problems)


def _run(notebook: NotebookNode, folder: Path, timeout: int, scratch: Path) -> tuple[Problem, ...]:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    client = NotebookClient(
        notebook,
        km=this_python(scratch),
        timeout=timeout,
        store_widget_state=True,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        # What the kernel's own machinery logs is not for the reader; errors of cells arrive as outputs.
        client.execute(cleanup_kc=True, env=environment(scratch), stderr=subprocess.DEVNULL)
    except CellExecutionError:
        return (_failed_cell(notebook),)
    except CellTimeoutError:
        return (_unfinished_cell(notebook, f"took longer than {timeout} seconds"),)
    except (DeadKernelError, RuntimeError) as error:
        return (_unfinished_cell(notebook, f"the kernel stopped: {_one_line(str(error))}"),)
    finally:
        client.set_widgets_metadata()  # nbclient does this only for notebooks that come through
    return ()


def this_python(scratch: Path) -> AsyncKernelManager:
    """Return what starts the Python that is running as a kernel, whatever kernels are registered on the machine.

    Parameters
    ----------
    scratch : pathlib.Path
        A folder that is there as long as the kernel.

    Returns
    -------
    jupyter_client.manager.AsyncKernelManager
        Not started yet.
    """
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.asynchronous.client import AsyncKernelClient
    from jupyter_client.channels import AsyncZMQSocketChannel
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import Type

    class OneKernel(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(**get_kernel_dict())

    class AskedAgain(AsyncZMQSocketChannel):
        """A channel that looks for its message every second, not when it is told of one alone.

        Where a widget's message is sent just as the reply arrives, nobody is told: the run stood still until its time was over.
        """

        async def get_msg(  # type: ignore[override]  # as the library has it
            self, timeout: float | None = None
        ) -> dict[str, Any]:
            left = math.inf if timeout is None else timeout
            while left > _LOOK:
                with contextlib.suppress(queue.Empty):
                    return await super().get_msg(_LOOK)
                left -= _LOOK
            return await super().get_msg(left)

    class Client(AsyncKernelClient):
        shell_channel_class = Type(AskedAgain)

    file = str(scratch / "kernel.json")
    return AsyncKernelManager(kernel_spec_manager=OneKernel(), connection_file=file, client_factory=Client)


def environment(scratch: Path) -> dict[str, str]:
    """Give a kernel this very kit, keep personal start-up files out of it, and no student's progress.

    Parameters
    ----------
    scratch : pathlib.Path
        A folder that is there as long as the kernel.

    Returns
    -------
    dict
        The kernel's environment variables.
    """
    package_parent = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, (package_parent, os.environ.get("PYTHONPATH"))))
    kept = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    return {**kept, "PYTHONPATH": paths, "IPYTHONDIR": str(scratch / "ipython"), progress_file.VARIABLE: "off"}


def _failed_cell(notebook: NotebookNode) -> Problem:
    for index, cell in enumerate(notebook.cells):
        if "raises-exception" in cell.metadata.get("tags", []):
            continue  # this cell was meant to raise; the run went on after it
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return _problem(notebook, index, _error_line(output))
    return _unfinished_cell(notebook, "failed without saying why")


def _unfinished_cell(notebook: NotebookNode, message: str) -> Problem:
    """Name the last cell that was started: the one that did not come back."""
    started = [i for i, cell in enumerate(notebook.cells) if "execution" in cell.metadata or cell.get("outputs")]
    return _problem(notebook, max(started, default=None), message)


def _problem(notebook: NotebookNode, index: int | None, message: str) -> Problem:
    return Problem(index, "" if index is None else notebook.cells[index].get("id", ""), message)


def hidden_errors(notebook: NotebookNode) -> Iterator[Problem]:
    """Find errors that a widget keeps inside its Output area.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook with its widget state.

    Yields
    ------
    Problem
        One for each error, at the cell that displays the widget where that can be found.
    """
    state = widget_state(notebook)
    homes = _homes(notebook, state)
    for model_id, model in state.items():
        for output in model.get("state", {}).get("outputs", ()) or ():
            if isinstance(output, dict) and output.get("output_type") == "error":
                yield _problem(notebook, homes.get(model_id), f"inside a widget: {_error_line(output)}")


def widget_state(notebook: NotebookNode) -> dict[str, Any]:
    """Return the saved state of every widget model, by model id.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook.

    Returns
    -------
    dict
        Empty if the notebook has no widgets.
    """
    return dict(notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {}))


def _homes(notebook: NotebookNode, state: dict[str, Any]) -> dict[str, int]:
    """Map each widget model to the first cell that displays it or something it is part of."""
    homes: dict[str, int] = {}
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            view = output.get("data", {}).get(VIEW)
            waiting = [view["model_id"]] if view else []
            for model_id in waiting:
                if model_id not in homes:
                    homes[model_id] = index
                    waiting += _REFERRED.findall(json.dumps(state.get(model_id, {}).get("state", {})))
    return homes


def _error_line(output: Any) -> str:
    return _one_line(f"{output.get('ename', 'error')}: {output.get('evalue', '')}")


def _one_line(text: str) -> str:
    return " ".join(ANSI.sub("", text).split())
