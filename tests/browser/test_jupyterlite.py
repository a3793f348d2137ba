"""The site without a server in a real browser: it is built here and opened; a kernel needs Pyodide's own packages.

numpy, scipy and the other compiled packages for the browser lie on no package index, so no cell is run here. What can be tried
is: the site opens from a plain file server, shows a notebook that begins by installing the kit, and its lock is all there.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(browser, uv, tmp_path_factory, clean_environment) -> Path:
    """Build the site by its own script, in an environment of its own."""
    place = tmp_path_factory.mktemp("lite")
    tools = place / "tools"
    uv("venv", "--seed", "--python", sys.executable, str(tools))
    uv("pip", "install", "--python", str(tools), "-r", "binder/jupyterlite/build.txt")
    path = f"{tools / 'bin'}{os.pathsep}{clean_environment['PATH']}"
    environment = {**clean_environment, "PATH": path, "PYTHONPATH": str(ROOT / "tests" / "references" / "light")}
    done = subprocess.run(
        [tools / "bin" / "python", "binder/jupyterlite/build.py", place / "site"],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return place / "site"


@pytest.fixture
def address(site) -> Iterator[str]:
    """Hand the files out, as a lecture hall's server would."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_site_opens_on_a_notebook_and_brings_every_wheel_of_the_lock(site, address, browser):
    index = json.loads((site / "pypi" / "all.json").read_text(encoding="utf-8"))
    lock = re.findall(r"^([\w-]+)==", (ROOT / "binder/jupyterlite/requirements.txt").read_text(encoding="utf-8"), re.M)
    assert {*lock, "lupus-kit"} <= set(index)
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(f"{address}/lab/index.html?path=00_start_here.ipynb")
    page.wait_for_selector(".jp-NotebookPanel .cm-line:has-text('pip install -q lupus-kit pingouin')")
    listed = set(page.locator(".jp-DirListing-itemName").all_text_contents())
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} <= listed
    if folder := os.environ.get("LUPUS_KIT_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / "jupyterlite.png"))
    page.close()
