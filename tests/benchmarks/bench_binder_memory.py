"""Memory of a Binder session with three notebooks open: `python tests/benchmarks/bench_binder_memory.py`.

Starts a JupyterLab server as Binder does (one thread for each library), opens stops 3, 4 and 5 in kernels of their own, runs
every cell, and adds up what the server and the kernels hold in memory. Shared pages are counted once (proportional set size;
Linux only). The goal is less than 1 GB.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import psutil
from jupyter_client import BlockingKernelClient

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("03_sri4", "04_week12_week24", "05_why_052_and_027")
GOAL_MB = 1000
TOKEN = "only-for-this-measurement"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def main() -> None:
    """Measure and say whether the goal is met."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(ROOT / "notebooks", place / "notebooks")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = [
            "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
            f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={place}",
        ]  # fmt: skip
        environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "JUPYTER_RUNTIME_DIR": str(place / "runtime")}
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait(port)
            print(f"server alone: {_held(server.pid):.0f} MB")
            for name in NAMES:
                failed = _run(place, port, name)
                print(f"with {name}: {_held(server.pid):.0f} MB, {failed} cells failed")
            held = _held(server.pid)
        finally:
            server.terminate()
            server.wait(60)
    print(f"{held:.0f} MB of {GOAL_MB}: {'met' if held < GOAL_MB else 'NOT met'}")


def _wait(port: int) -> None:
    for _ in range(1200):
        try:
            _call(port, "status")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
        else:
            return
    raise SystemExit("The server did not start.")


def _call(port: int, path: str, data: object = None) -> dict:
    body = None if data is None else json.dumps(data).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/{path}?token={TOKEN}", data=body) as answer:
        return json.load(answer)


def _run(place: Path, port: int, name: str) -> int:
    """Open a notebook in a kernel of its own, run it and leave it open; return how many cells failed."""
    session = {"path": f"notebooks/{name}.ipynb", "name": name, "type": "notebook", "kernel": {"name": "python3"}}
    kernel = _call(port, "sessions", session)["kernel"]["id"]
    client = BlockingKernelClient(connection_file=str(place / "runtime" / f"kernel-{kernel}.json"))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=900)
    failed = 0
    for cell in nbformat.read(place / "notebooks" / f"{name}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            reply = client.execute_interactive(cell.source, timeout=900, output_hook=lambda message: None)
            failed += reply["content"]["status"] != "ok"
    client.stop_channels()
    return failed


def _held(pid: int) -> float:
    """Return the megabytes that the server and its kernels hold."""
    server = psutil.Process(pid)
    return sum(one.memory_full_info().pss for one in (server, *server.children(recursive=True))) / 1e6


if __name__ == "__main__":
    main()
