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
failed, ran = {}, 0
for index, cell in enumerate(json.load(sys.stdin)["cells"]):
    source = "".join(cell["source"])
    if cell["cell_type"] != "code" or not source.strip() or "raises-exception" in cell["metadata"].get("tags", []):
        continue
    ran += 1
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        done = shell.run_cell(source)
    if not done.success:
        failed[index] = repr(done.error_in_exec or done.error_before_exec)
print(json.dumps([ran, failed]))
"""


@pytest.fixture
def run_cells(run_python, tmp_path):
    def run(notebook: str) -> tuple[int, dict[str, str]]:
        variables = {"MPLBACKEND": "agg", "LUPUS_KIT_PROGRESS": "off", "IPYTHONDIR": str(tmp_path / "ipython")}
        done = run_python("-c", RUN, cwd=tmp_path, given=notebook, **variables)
        assert done.returncode == 0, done.stderr
        ran, failed = json.loads(done.stdout.splitlines()[-1])
        return ran, failed

    return run


@pytest.mark.skipif(os.name == "nt", reason="the emulation takes away os.fork")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_without_kernel_threads_and_child_processes(path, run_cells):
    ran, failed = run_cells(path.read_text(encoding="utf-8"))
    assert ran > 5
    assert failed == {}


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
    ran, failed = run_cells(json.dumps({"cells": cells}))
    assert ran == len(sources)
    assert sorted(map(int, failed)) == list(range(len(sources) - 1))
