"""Make the README's picture of a widget, as a reader sees it: `python tests/references/make_readme_picture.py`.

Shows the 2×2 explorer on the week-12 table of the record through Voilà in a real browser. Needs the packages voila and
playwright, and a Chromium: ``LUPUS_KIT_CHROMIUM`` or one on the path.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat import v4
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / ".github" / "widget.png"
SOURCE = """import lupus_kit as lk

x1, n1, x2, n2 = lk.audit.claim_counts(lk.published.load("he2020"), "sri4_week12")
lk.widgets.table_explorer(n1, n2, x1, x2)"""
SHOWN = "[...document.querySelectorAll('.widget-html img')].some(one => one.complete && one.naturalWidth > 100)"
#: The widget alone: from its title to the end of its picture.
BOX = """() => {
    const parts = [...document.querySelectorAll('.jp-OutputArea .widget-html, .jp-OutputArea .widget-slider, .widget-html img')];
    const boxes = parts.map(one => one.getBoundingClientRect()).filter(one => one.width > 0);
    const edge = (pick, key) => pick(...boxes.map(one => one[key]));
    const left = edge(Math.min, 'left'), top = edge(Math.min, 'top');
    const pictures = [...document.querySelectorAll('.widget-html img')].map(one => one.getBoundingClientRect().bottom);
    return {x: left, y: top, right: edge(Math.max, 'right'), bottom: Math.max(...pictures)};
}"""


def main() -> None:
    """Serve the widget, take its picture, stop the server."""
    chromium = os.environ.get("LUPUS_KIT_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = v4.new_notebook(cells=[v4.new_code_cell(SOURCE)], metadata={"kernelspec": kernel})
        nbformat.write(notebook, Path(folder) / "widget.ipynb")
        options = ["widget.ipynb", "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        server = subprocess.Popen([sys.executable, "-m", "voila", *options], cwd=folder, env=environment)
        try:
            _wait(port)
            _photograph(f"http://127.0.0.1:{port}/", chromium)
        finally:
            server.terminate()
            server.wait(30)
    print(f"Wrote {TARGET.relative_to(ROOT)}.")


def _wait(port: int) -> None:
    for _ in range(60):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("Voila did not start.")


def _photograph(address: str, chromium: str | None) -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1000, "height": 1400}, device_scale_factor=1.5)
        page.goto(address, timeout=120_000)
        page.wait_for_function(SHOWN, timeout=120_000)
        page.wait_for_timeout(1500)
        box = page.evaluate(BOX)
        clip = {"x": max(box["x"] - 12, 0), "y": max(box["y"] - 8, 0)}
        clip |= {"width": min(box["right"] + 12, 1000) - clip["x"], "height": box["bottom"] + 12 - clip["y"]}
        page.screenshot(path=str(TARGET), clip=clip)
        browser.close()


if __name__ == "__main__":
    main()
