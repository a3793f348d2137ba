"""The notebooks as they would run inside a browser: an emulation, in an ordinary Python.

What has no build for the browser cannot be imported, no thread and no child process can be started from Python, and there is no
kernel: an IPython shell in this process runs the cells. The versions are those installed here, not Pyodide's, and threads that
compiled code starts by itself (pyarrow's) are not seen.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUN = """
import _thread, contextlib, io, json, os, subprocess, sys, threading

BLOCKED = {
    "docutils", "ipykernel", "jupyter_client", "jupyter_server", "jupyterlab", "nbclient", "nbconvert", "nbformat", "notebook",
    "openpyxl", "ortools", "pyreadstat", "reportlab", "sphinx", "voila", "zmq",
}

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.history_manager.enabled = False  # it writes from a thread

def refuse(*_, **__):
    raise RuntimeError("the browser has no threads and no child processes")

threading.Thread.start = _thread.start_new_thread = subprocess.Popen.__init__ = os.system = os.fork = refuse
found, desk = {}, os.getcwd()
for name, notebook in json.load(sys.stdin).items():
    os.mkdir(name)
    os.chdir(name)
    failed, ran = {}, 0
    for index, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or not source.strip() or "raises-exception" in cell["metadata"].get("tags", []):
            continue
        ran += 1
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            done = shell.run_cell(source)
        if not done.success:
            failed[index] = repr(done.error_in_exec or done.error_before_exec)
    found[name] = [ran, failed]
    shell.reset(new_session=False)
    os.chdir(desk)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def run_cells(run_python, tmp_path_factory):
    """Run notebooks one after the other, each with names and a folder of its own; the kit is imported once for all."""

    def run(notebooks: dict[str, object]) -> dict[str, tuple[int, dict[str, str]]]:
        desk = tmp_path_factory.mktemp("desk")
        variables = {"MPLBACKEND": "agg", "LUPUS_KIT_PROGRESS": "off", "IPYTHONDIR": str(desk / "ipython")}
        done = run_python("-c", RUN, cwd=desk, given=json.dumps(notebooks), **variables)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.mark.skipif(os.name == "nt", reason="the emulation takes away os.fork")
def test_every_cell_runs_without_kernel_threads_and_child_processes(run_cells):
    found = run_cells({path.stem: json.loads(path.read_text(encoding="utf-8")) for path in NOTEBOOKS})
    assert min(ran for ran, _ in found.values()) > 5
    assert {name: failed for name, (_, failed) in found.items() if failed} == {}


@pytest.mark.skipif(os.name == "nt", reason="the emulation takes away os.fork")
def test_the_emulation_notices_what_a_browser_has_not(run_cells):
    sources = [
        "import zmq",
        "import ortools.sat",
        "import threading; threading.Thread(target=print).start()",
        "import subprocess; subprocess.run(['true'])",
        "import concurrent.futures as f; f.ThreadPoolExecutor().submit(print)",
        "1 + 1",
    ]
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    ran, failed = run_cells({"blocked": {"cells": cells}})["blocked"]
    assert ran == len(sources)
    assert sorted(map(int, failed)) == list(range(len(sources) - 1))
