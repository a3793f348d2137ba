"""A real browser opens each notebook in JupyterLab and in Voilà and moves every widget. Skipped where there is none.

Needs the package playwright (not its browser download) and a Chromium: ``LUPUS_KIT_CHROMIUM`` or one on the path.
The look for barriers needs axe-playwright-python, which carries axe-core; nothing is fetched during the run. Voilà's pages
are tested where the package voila is installed. Pictures go to ``LUPUS_KIT_SCREENSHOTS`` if that is set, for a person to look at.
"""

from __future__ import annotations

import json
import os
import re
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

ROOT = Path(__file__).resolve().parents[2]
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
SEEN = """app => JSON.stringify({
    words: [...app.querySelectorAll('.widget-html')].map(one => one.innerText),
    pictures: [...app.querySelectorAll('img')].map(one => one.src.length + one.src.slice(-400) + one.alt),
})"""
# Boards of a page, once each has its picture.
BOARDS = """count => {
    const apps = [...document.querySelectorAll('.lupus-kit-app')];
    return apps.length >= count && apps.every(app => app.querySelector('img')?.complete);
}"""
# A control is named by its label, which the pictures give to the handles of sliders shortly after they are shown.
AXE = "axe.run({include: [['.lupus-kit-app']]}, {resultTypes: ['violations']})"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def chromium() -> str:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("LUPUS_KIT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.skip("no Chromium on the path: install one (Debian: apt-get install chromium)")
    return found


def _own_folders(folder: Path) -> dict[str, str]:
    """Return an environment in which Jupyter reads and writes in a folder of the test's own."""
    own = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython")}
    return own | {f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def _server(module: str, arguments: list[str], folder: Path, address: str) -> Iterator[None]:
    """Run a server until the block ends."""
    log = folder / "log"
    with log.open("w") as stream:
        command = [sys.executable, "-m", module, *arguments]
        server = subprocess.Popen(command, env=_own_folders(folder), stdout=stream, stderr=stream)
    try:
        _wait_until_it_answers(address, server, log)
        yield
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory) -> Iterator[str]:
    """Start a JupyterLab of its own, with copies of the notebooks; yield its address."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    for name, content in SETTINGS.items():
        target = folder / "settings" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content))
    port = _free_port()
    options = {
        "ServerApp.ip": "127.0.0.1", "ServerApp.port": port, "ServerApp.port_retries": 0, "ServerApp.open_browser": False,
        "ServerApp.allow_root": True, "ServerApp.root_dir": folder / "notebooks", "IdentityProvider.token": TOKEN,
        "LabApp.news_url": None, "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly", "LabApp.user_settings_dir": folder / "settings",
        "LabApp.workspaces_dir": folder / "workspaces",
    }  # fmt: skip
    arguments = [f"--{key}={value}" for key, value in options.items()]
    with _server("jupyterlab", arguments, folder, f"http://127.0.0.1:{port}/api?token={TOKEN}"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def voila(chromium, tmp_path_factory) -> Iterator[str]:
    """Start a Voilà of its own, with copies of the notebooks; yield the address under which it renders them."""
    pytest.importorskip("voila", reason="voila is not installed: pip install voila")
    folder = tmp_path_factory.mktemp("voila")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    port = _free_port()
    arguments = [str(folder / "notebooks"), "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
    with _server("voila", arguments, folder, f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}/voila/render"


def _wait_until_it_answers(address: str, server: subprocess.Popen, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(240):
        try:
            opener.open(address, timeout=10).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.25)
    raise AssertionError(f"the server did not answer within a minute\n{log.read_text()}")


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
    """Move the widget's controls by keyboard, one after the other, until both words and picture have changed."""
    before = json.loads(app.evaluate(SEEN))
    controls = app.locator(".widget-slider .noUi-handle, select")
    for number in range(controls.count()):
        one = controls.nth(number)
        one.focus()
        page.keyboard.press("ArrowDown" if one.evaluate("one => one.matches('select')") else "ArrowRight")
        changed = f"([app, before]) => ({SEEN})(app) !== before"
        try:
            page.wait_for_function(changed, arg=[app.element_handle(), json.dumps(before)], timeout=8_000)
        except Exception as error:
            if type(error).__name__ != "TimeoutError":
                raise
        for _ in range(10):  # words come first, the picture follows
            after = json.loads(app.evaluate(SEEN))
            if all(after[kind] != before[kind] for kind in before):
                return
            page.wait_for_timeout(200)
    raise AssertionError(f"no control changed both words and picture: {before['words']}")


def _barriers(page) -> list[str]:
    """Let axe-core look at the boards; return what is serious or critical, with the element."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe is not installed: pip install axe-playwright-python")
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    result = page.evaluate(AXE)
    assert len(result["passes"]) > 5, "axe has looked at nothing"
    found = result["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = Path(os.environ.get("LUPUS_KIT_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _move_all(page, pictures: Path, name: str) -> None:
    apps = page.locator(".lupus-kit-app")
    for number in range(apps.count()):
        app = apps.nth(number)
        app.scroll_into_view_if_needed()
        _move(page, app)
        assert app.get_by_role("alert").count() == 0
        assert app.locator(".noUi-handle:not([aria-label])").count() == 0, "a slider without a name"
        app.scroll_into_view_if_needed()
        page.screenshot(path=pictures / f"{name}-widget-{number + 1}.png")


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_in_jupyterlab_and_its_widgets_answer(name, lab, chromium, pictures):
    outside: list[str] = []
    with _page(chromium, outside) as page:
        _run_all(page, f"{lab}/lab/tree/{name}.ipynb?token={TOKEN}&reset")
        errors = page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()
        assert errors == []
        page.screenshot(path=pictures / f"{name}-opened.png")
        page.wait_for_function(BOARDS, arg=_boards(name))
        _move_all(page, pictures, name)
        page.wait_for_function(IDLE)
    assert outside == [], "the page asked for something outside this machine"


def _boards(name: str) -> int:
    """Count the boards that a notebook builds."""
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return sum(len(re.findall(r"\bwidgets\.(?!from_state)\w+\(", source)) for source in code)


def _open_in_voila(page, address: str, name: str) -> None:
    # Voilà's template asks a public server for icons: the boards must do without.
    page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
    page.goto(f"{address}/{name}.ipynb", timeout=180_000)
    page.wait_for_function(BOARDS, arg=_boards(name), timeout=180_000)
    page.wait_for_timeout(1_500)  # handles get their names a moment after the pictures


@pytest.mark.parametrize("name", [name for name in NAMES if _boards(name)])
def test_its_widgets_answer_in_voila_without_barriers(name, voila, chromium, pictures):
    with _page(chromium, []) as page:
        _open_in_voila(page, voila, name)
        assert page.locator("text=Traceback").count() == 0
        _move_all(page, pictures, f"voila-{name}")
        assert _barriers(page) == []


def test_a_view_is_pasted_a_wrong_one_is_a_sentence_and_reset_goes_back(voila, chromium, pictures):
    with _page(chromium, []) as page:
        _open_in_voila(page, voila, "04_week12_week24")
        app = page.locator(".lupus-kit-app").first
        field, start = app.locator("input[type=text]").last, app.locator("input[type=text]").last.input_value()
        assert start.startswith("table_explorer?")
        for pasted, words in (
            (start.replace("x1=16", "x1=19"), "19/29 (65.5%)"),
            ("missing_map?week=24", "this view belongs to the widget 'missing_map'"),
            ("table_explorer?x1=3000", "a whole number from 0 to 29 is needed"),
        ):
            field.fill(pasted)
            field.press("Enter")
            app.get_by_text(words).first.wait_for()
        page.screenshot(path=pictures / "a-wrong-view.png")
        app.get_by_role("button", name="Reset").click()
        app.get_by_text("16/29 (55.2%)").first.wait_for()
        assert field.input_value() == start
