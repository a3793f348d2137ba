"""A real browser opens each notebook in JupyterLab, runs it and moves a widget. Skipped where there is none.

Needs the package playwright (not its browser download) and a Chromium: ``LUPUS_KIT_CHROMIUM`` or one on the path.
Pictures go to ``LUPUS_KIT_SCREENSHOTS`` if that is set, for a person to look at.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
TOKEN = "only-for-this-test"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--no-first-run",
]  # fmt: skip
# Whole notebooks in the page, so that every cell can be looked at; and the kernel's state in the status bar.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}
IDLE = "() => /\\| Idle/.test(document.querySelector('#jp-main-statusbar')?.textContent ?? '')"
STARTED = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
    .some(prompt => /\\[(\\*|\\d+)\\]/.test(prompt.textContent))"""
FINISHED = """() => {
    const cells = [...document.querySelectorAll('.jp-CodeCell')];
    const open = cells.filter(cell => !/\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').textContent));
    const failed = document.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
    return failed !== null || open.length === 0;
}"""
STATE = """app => JSON.stringify({
    words: [...app.querySelectorAll('.widget-html')].map(one => one.innerText),
    pictures: [...app.querySelectorAll('img')].map(one => one.src.length + one.src.slice(-400) + one.alt),
})"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def chromium() -> str:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("LUPUS_KIT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.skip("no Chromium on the path: install one (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory) -> Iterator[str]:
    """Start a JupyterLab of its own, with copies of the notebooks; yield its address."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    for name, content in SETTINGS.items():
        target = folder / "settings" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "ServerApp.ip": "127.0.0.1", "ServerApp.port": port, "ServerApp.port_retries": 0, "ServerApp.open_browser": False,
        "ServerApp.allow_root": True, "ServerApp.root_dir": folder / "notebooks", "IdentityProvider.token": TOKEN,
        "LabApp.news_url": None, "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly", "LabApp.user_settings_dir": folder / "settings",
        "LabApp.workspaces_dir": folder / "workspaces",
    }  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython")}
    environment |= {f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyterlab", *(f"--{key}={value}" for key, value in options.items())]
    log = folder / "log"
    with log.open("w") as stream:
        server = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}/api?token={TOKEN}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_until_it_answers(address: str, server: subprocess.Popen, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(240):
        try:
            opener.open(address, timeout=10).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.25)
    raise AssertionError(f"JupyterLab did not answer within a minute\n{log.read_text()}")


@contextmanager
def _page(chromium: str, outside: list[str]) -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)
        # Everything comes from this machine: a lesson must not need the network.
        page.on("request", lambda request: _note(request.url, outside))
        try:
            yield page
        finally:
            browser.close()


def _note(address: str, outside: list[str]) -> None:
    local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    if not address.startswith(local):
        outside.append(address)


def _run_all(page, address: str) -> None:
    page.goto(address)
    # JupyterLab says "Idle" before the kernel is connected, and drops a Run All in that moment: look at the status
    # bar, and ask again if no cell starts.
    page.wait_for_function(IDLE)
    for _ in range(4):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            page.wait_for_function(STARTED, timeout=10_000)
            break
        except Exception as error:
            if type(error).__name__ != "TimeoutError":
                raise
    page.wait_for_function(FINISHED, timeout=180_000)


def _move(page, app) -> None:
    """Move the widget's controls by keyboard, one after the other, until what it says or shows has changed."""
    before = app.evaluate(STATE)
    controls = app.locator(".widget-slider .noUi-handle, select")
    for number in range(controls.count()):
        controls.nth(number).focus()
        page.keyboard.press(
            "ArrowDown" if controls.nth(number).evaluate("one => one.matches('select')") else "ArrowRight"
        )
        try:
            changed = f"([app, before]) => ({STATE})(app) !== before"
            page.wait_for_function(changed, arg=[app.element_handle(), before], timeout=5_000)
            return
        except Exception as error:
            if type(error).__name__ != "TimeoutError":
                raise
    raise AssertionError("no control changed what the widget says or shows")


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_in_jupyterlab_and_its_widgets_answer(name, lab, chromium, tmp_path):
    pictures = Path(os.environ.get("LUPUS_KIT_SCREENSHOTS") or tmp_path)
    pictures.mkdir(parents=True, exist_ok=True)
    outside: list[str] = []
    with _page(chromium, outside) as page:
        _run_all(page, f"{lab}/lab/tree/{name}.ipynb?token={TOKEN}&reset")
        errors = page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()
        assert errors == []
        page.screenshot(path=pictures / f"{name}-opened.png")

        apps = page.locator(".jp-OutputArea .lupus-kit-app")
        assert apps.count() >= (name >= "01"), "no live widget in the page"
        for number in range(apps.count()):
            app = apps.nth(number)
            app.scroll_into_view_if_needed()
            _move(page, app)
            page.wait_for_function(IDLE)
            assert app.get_by_role("alert").count() == 0
            app.scroll_into_view_if_needed()
            page.screenshot(path=pictures / f"{name}-widget-{number + 1}.png")
    assert outside == [], "the page asked for something outside this machine"
