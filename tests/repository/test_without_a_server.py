"""Notebooks as they would run inside a browser: an emulation, in an ordinary Python.

What has no build for the browser cannot be imported, no thread and no child process can be started from Python, and there is no
kernel: an IPython shell in this process runs the cells. The versions are those installed here, not Pyodide's, and threads that
compiled code starts by itself (pyarrow's) are not seen. Here are the first notebook and the one with every widget; all others
run in a kernel with the same limits, but for the libraries that a kernel itself needs: references/walked_notebooks.py. There
pictures are drawn to their last point, which takes no library that a kernel has; here they are not.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from references.walked_notebooks import BROWSER, NOT_IN_A_BROWSER, WITHOUT_PIXELS

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("00_start_here", "widgets")
SHELL = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.history_manager.enabled = False  # it writes from a thread
"""
RUN = """
import contextlib, gc, io, json

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
    gc.freeze()  # libraries stay: the next reset need not look through them
    os.chdir(desk)
print(json.dumps(found))
"""
#: Each asks for something that a browser has not, but for the last.
REFUSED = (
    "import zmq",
    "import ortools.sat",
    "import threading; threading.Thread(target=print).start()",
    "import subprocess; subprocess.run(['true'])",
    "import concurrent.futures as f; f.ThreadPoolExecutor().submit(print)",
    "1 + 1",
)


@pytest.mark.skipif(os.name == "nt", reason="the emulation takes away os.fork")
def test_every_cell_runs_without_kernel_threads_and_child_processes(run_python, tmp_path):
    notebooks = {name: json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")) for name in NAMES}
    notebooks["refused"] = {"cells": [{"cell_type": "code", "metadata": {}, "source": one} for one in REFUSED]}
    variables = {"MPLBACKEND": "agg", "LUPUS_KIT_PROGRESS": "off", "IPYTHONDIR": str(tmp_path / "ipython")}
    emulation = SHELL + f"{WITHOUT_PIXELS}\n" + BROWSER.format(blocked=NOT_IN_A_BROWSER) + RUN
    done = run_python("-c", emulation, cwd=tmp_path, given=json.dumps(notebooks), **variables)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    ran, failed = found.pop("refused")
    assert ran == len(REFUSED)
    assert sorted(map(int, failed)) == list(range(len(REFUSED) - 1)), "the emulation notices nothing"
    assert min(ran for ran, _ in found.values()) > 5
    assert {name: failed for name, (_, failed) in found.items() if failed} == {}
