"""A real browser opens each notebook in JupyterLab, and its widgets in Voilà. Skipped where there is none.

Every widget is moved in each: in JupyterLab on the page of widgets, in Voilà as it stands at its stops. The stops come to
JupyterLab with the outputs of the run that other tests read, too; the first one runs anew, by the menu. Needs a Chromium:
``LUPUS_KIT_CHROMIUM`` or one on the path. axe-playwright-python carries axe-core; nothing is fetched during the run. Waits are
for a sign of life, since a machine may be busy: ``PATIENCE`` is only where giving up is sensible. Pictures go to
``LUPUS_KIT_SCREENSHOTS`` if that is set, for a person to look at.
"""

from __future__ import annotations

import ast
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

import nbformat
import pytest
from nbformat.sign import NotebookNotary

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
STOPS = [name for name in NAMES if name != "widgets"]
TOKEN = "only-for-this-test"
#: Seconds.
PATIENCE = 900
WIDGET = re.compile(r"\bwidgets\.(?!from_state)\w+\(")
# Whole notebooks in the page, so that every cell can be looked at; and the kernel's state in the status bar.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}
IDLE = "() => /\\| Idle/.test(document.querySelector('#jp-main-statusbar')?.textContent ?? '')"
STARTED = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
    .some(prompt => /\\[(\\*|\\d+)\\]/.test(prompt.textContent))"""
FINISHED = """() => {
    // A folded cell has a placeholder without a number.
    const cells = [...document.querySelectorAll('.jp-CodeCell')].filter(cell => !cell.querySelector('.jp-InputPlaceholder'));
    const open = cells.filter(cell => !/\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').textContent));
    const failed = document.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
    return failed !== null || open.length === 0;
}"""
SEEN = """app => JSON.stringify({
    words: [...app.querySelectorAll('.widget-html')].map(one => one.innerText),
    pictures: [...app.querySelectorAll('img')].map(one => one.src.length + one.src.slice(-400) + one.alt),
})"""
CHANGED = f"""([app, before]) => {{
    const after = JSON.parse(({SEEN})(app));
    return Object.keys(before).every(kind => JSON.stringify(after[kind]) !== JSON.stringify(before[kind]));
}}"""
# Saved first, or it would ask what to do with the outputs.
CLOSE = """async () => {
    await jupyterapp.commands.execute('docmanager:save-all');
    await jupyterapp.commands.execute('application:close-all');
}"""
OPEN = "async path => { window.opened = await jupyterapp.commands.execute('docmanager:open', {path}); }"
# Boards of a page, once each has its picture.
BOARDS = """count => {
    const apps = [...document.querySelectorAll('.lupus-kit-app')];
    return apps.length >= count && apps.every(app => app.querySelector('img')?.complete);
}"""
# A control is named by its label, which the pictures give to the handles of sliders shortly after they are shown.
NAMED = """() => [...document.querySelectorAll('.lupus-kit-app .noUi-handle')].every(one => one.hasAttribute('aria-label'))"""
AXE = "axe.run({include: [['.lupus-kit-app']]}, {resultTypes: ['violations']})"

# Height of each board, and where the rightmost thing ends that a person reads, moves or looks at.
SIZES = """() => [...document.querySelectorAll('.lupus-kit-app')].map(app => {
    const things = [...app.querySelectorAll('input, select, button, img, .widget-readout, .noUi-target, p, li, b')]
        .filter(one => one.closest('table') === null);
    return {
        board: app.querySelector('b').textContent,
        height: app.getBoundingClientRect().height,
        right: Math.max(...things.map(one => one.getBoundingClientRect().right)),
    };
})"""
#: Pixels: what a laptop of 1366 x 768 shows of a notebook in JupyterLab is 647 high.
HIGHEST, LAPTOP, PHONE = 560, {"width": 1366, "height": 768}, {"width": 390, "height": 844}

pytestmark = pytest.mark.browser


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
        server.wait(timeout=PATIENCE)


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def lab(browser, lab_folder) -> Iterator[str]:
    """Start a JupyterLab of its own, with copies of the notebooks; yield its address."""
    folder = lab_folder
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
        "LabApp.workspaces_dir": folder / "workspaces", "LabApp.expose_app_in_browser": True,
    }  # fmt: skip
    arguments = [f"--{key}={value}" for key, value in options.items()]
    with _server("jupyterlab", arguments, folder, f"http://127.0.0.1:{port}/api?token={TOKEN}"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def voila(browser, tmp_path_factory) -> Iterator[str]:
    """Start a Voilà of its own with two notebooks, the page of widgets and the widgets of all stops; yield its address."""
    pytest.importorskip("voila", reason="voila is not installed: pip install voila")
    folder = tmp_path_factory.mktemp("voila")
    (folder / "notebooks").mkdir()
    for name, notebook in {"widgets": _only_widgets(_read("widgets")), "stops": _joined(STOPS)}.items():
        (folder / "notebooks" / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    port = _free_port()
    arguments = [str(folder / "notebooks"), "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
    with _server("voila", arguments, folder, f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}/voila/render"


def _wait_until_it_answers(address: str, server: subprocess.Popen, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            opener.open(address, timeout=PATIENCE).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.25)
    raise AssertionError(f"the server did not answer\n{log.read_text()}")


@pytest.fixture(scope="session")
def context(browser) -> Iterator:
    """Keep one store of files for all pages: each loads megabytes of the same scripts, which are compiled once."""
    shared = browser.new_context(viewport=LAPTOP)
    yield shared
    shared.close()


@contextmanager
def _page(context, outside: list[str]) -> Iterator:
    """Open a page of its own."""
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    # Everything comes from this machine: a lesson must not need the network.
    page.on("request", lambda request: _note(request.url, outside))
    try:
        yield page
    finally:
        page.close()


def _note(address: str, outside: list[str]) -> None:
    local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    if not address.startswith(local):
        outside.append(address)


def _wait(page, sign: str, given: object = None, seconds: float = PATIENCE) -> None:
    """Wait for a sign of the page. Looked for at every picture drawn, it would keep a processor busy by itself."""
    page.wait_for_function(sign, arg=given, timeout=1000 * seconds, polling=200)


@pytest.fixture(scope="session")
def desk(lab, context) -> Iterator:
    """Open JupyterLab once, and keep its page: it takes longer to load than most notebooks to run."""
    outside: list[str] = []
    with _page(context, outside) as page:
        page.goto(f"{lab}/lab?token={TOKEN}&reset")
        _wait(page, "() => window.jupyterapp?.started.then(() => true)")
        yield page, outside


def _run_all(page, name: str) -> None:
    """Open a notebook and let its menu run all cells."""
    page.evaluate(OPEN, f"{name}.ipynb")
    page.locator(".jp-CodeCell").first.wait_for(state="attached")
    # JupyterLab says "Idle" before the kernel is connected, and drops a Run All in that moment: look at the status
    # bar, and ask again if no cell starts.
    _wait(page, IDLE)
    for seconds in (10, 20, 40, 80, PATIENCE):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            _wait(page, STARTED, seconds=seconds)
            break
        except Exception as error:
            if type(error).__name__ != "TimeoutError":
                raise
    _wait(page, FINISHED)


def _open_with_outputs(page, name: str, walked, folder: Path) -> None:
    """Open a notebook with the outputs of its run, which are trusted; its boards stand empty and are opened in Voilà."""
    notebook, seen = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4), walked(name).cells
    for cell in notebook.cells:
        if cell.cell_type == "code" and not WIDGET.search(cell.source):
            cell.update(outputs=seen[cell.id].outputs, execution_count=seen[cell.id].execution_count)
    NotebookNotary(data_dir=str(folder / "DATA")).sign(notebook)
    nbformat.write(notebook, folder / "notebooks" / f"{name}.ipynb")
    page.evaluate(OPEN, f"{name}.ipynb")
    page.locator(".jp-OutputArea-output").first.wait_for(state="attached")


def _move(page, app) -> None:
    """Move the widget's controls by keyboard, one after the other, until both words and picture have changed.

    Some controls change only one of them, or nothing where they stand: each is given a moment, and if none does, more.
    """
    before = json.loads(app.evaluate(SEEN))
    controls = app.locator(".widget-slider .noUi-handle, select, .widget-hbox button")
    for seconds in (3, 30, PATIENCE / 10):
        for number in range(controls.count()):
            one = controls.nth(number)
            one.focus()
            kind = one.evaluate("one => one.tagName")
            page.keyboard.press({"SELECT": "ArrowDown", "BUTTON": "Enter"}.get(kind, "ArrowRight"))
            try:  # words come first, the picture follows
                _wait(page, CHANGED, [app.element_handle(), before], seconds)
            except Exception as error:
                if type(error).__name__ != "TimeoutError":
                    raise
            else:
                return
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


def _picture(page, name: str) -> None:
    """Keep a picture for a person to look at, where one is wanted."""
    if wanted := os.environ.get("LUPUS_KIT_SCREENSHOTS"):
        page.screenshot(path=Path(wanted) / f"{name}.png")


def _move_all(page, name: str) -> None:
    apps = page.locator(".lupus-kit-app")
    for number in range(apps.count()):
        app = apps.nth(number)
        app.scroll_into_view_if_needed()
        _move(page, app)
        assert app.get_by_role("alert").count() == 0
        assert app.locator(".noUi-handle:not([aria-label])").count() == 0, "a slider without a name"
        app.scroll_into_view_if_needed()
        _picture(page, f"{name}-widget-{number + 1}")


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_in_jupyterlab_and_the_widgets_answer(name, lab, lab_folder, desk, walked):
    page, outside = desk
    try:
        if name in (NAMES[0], "widgets"):
            _run_all(page, name)
        else:
            _open_with_outputs(page, name, walked, lab_folder)
        errors = page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()
        assert errors == []
        _picture(page, f"{name}-opened")
        if name == "widgets":
            _wait(page, BOARDS, _boards(name))
            assert [board for board in page.evaluate(SIZES) if board["height"] > HIGHEST] == []
            _move_all(page, name)
        _wait(page, IDLE)
    finally:
        page.evaluate(CLOSE)
        _stop_kernels(lab)
    assert outside == [], "the page asked for something outside this machine"


def _stop_kernels(lab: str) -> None:
    """Stop the kernel of the page that was left: it would hold its memory until the last test."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{lab}/api/kernels?token={TOKEN}", timeout=PATIENCE) as answer:
        running = [kernel["id"] for kernel in json.load(answer)]
    for one in running:
        stop = urllib.request.Request(f"{lab}/api/kernels/{one}?token={TOKEN}", method="DELETE")
        opener.open(stop, timeout=PATIENCE).close()


def _read(name: str) -> dict:
    return json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))


def _only_widgets(notebook: dict) -> dict:
    """Leave out the code that no widget needs: Voilà shows the widgets, and whole notebooks run in other tests."""
    kept: list[dict] = []
    wanted: set[str] = set()
    for cell in reversed(notebook["cells"]):
        if cell["cell_type"] != "code":
            kept.append(cell)
            continue
        source = "".join(cell["source"])
        nodes = list(ast.walk(ast.parse(source)))
        given = {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
        given |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        if WIDGET.search(source) or wanted & given:
            kept.append(cell)
            wanted = wanted - given | {node.id for node in nodes if isinstance(node, ast.Name)} - given
    return {**notebook, "cells": kept[::-1]}


def _boards(name: str) -> int:
    """Count the boards that a notebook builds."""
    code = ["".join(cell["source"]) for cell in _read(name)["cells"] if cell["cell_type"] == "code"]
    return sum(len(WIDGET.findall(source)) for source in code)


def _joined(names: list[str]) -> dict:
    """Put the widgets of several notebooks on one page: a kernel and a page of Voilà's take longer than a board."""
    notebooks = [_only_widgets(_read(name)) for name in names]
    cells = [
        {**cell, "id": f"{name}-{cell['id']}"}
        for name, one in zip(names, notebooks, strict=True)
        for cell in one["cells"]
    ]
    return {**notebooks[0], "cells": cells}


@contextmanager
def _voila_page(context, address: str, name: str, boards: int) -> Iterator:
    with _page(context, []) as page:
        # Voilà's template asks a public server for icons: the boards must do without.
        page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
        page.goto(f"{address}/{name}.ipynb")
        _wait(page, BOARDS, boards)
        _wait(page, NAMED)
        assert page.locator("text=Traceback").count() == 0
        yield page


@pytest.fixture(scope="session")
def stops(voila, context) -> Iterator:
    """Open the widgets of all stops in Voilà."""
    with _voila_page(context, voila, "stops", sum(map(_boards, STOPS))) as page:
        yield page


def test_the_page_of_widgets_stands_in_voila_without_barriers(voila, context):
    with _voila_page(context, voila, "widgets", _boards("widgets")) as page:
        assert page.locator(".lupus-kit-app").get_by_role("alert").count() == 0
        assert _barriers(page) == []


@pytest.mark.parametrize("screen", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_boards_fit_the_screen(screen, stops):
    stops.set_viewport_size(screen)
    _wait(stops, "width => innerWidth === width", screen["width"])
    boards = stops.evaluate(SIZES)
    assert len(boards) == sum(map(_boards, STOPS))
    assert [board for board in boards if board["right"] > screen["width"]] == []
    assert stops.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    if screen is LAPTOP:
        assert [board for board in boards if board["height"] > HIGHEST] == []


def test_the_widgets_of_all_stops_answer_in_voila_without_barriers(stops):
    stops.set_viewport_size(LAPTOP)
    assert stops.locator(".lupus-kit-app").count() == sum(map(_boards, STOPS))
    _move_all(stops, "voila-stops")
    assert _barriers(stops) == []


def test_a_view_is_pasted_a_wrong_one_is_a_sentence_and_reset_goes_back(stops):
    app = stops.locator(".lupus-kit-app").nth(sum(_boards(name) for name in STOPS if name < "04"))
    app.get_by_role("button", name="Reset").click()  # it may have been moved
    app.get_by_text("16/29 (55.2%)").first.wait_for()
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
    _picture(stops, "a-wrong-view")
    app.get_by_role("button", name="Reset").click()
    app.get_by_text("16/29 (55.2%)").first.wait_for()
    assert field.input_value() == start


def test_work_is_downloaded_and_restored_by_one_click_each(lab, lab_folder, desk, tmp_path):
    page, _ = desk
    cells = [nbformat.v4.new_code_cell("from lupus_kit import lessons\nlessons.check('00.1', 16)\nlessons.backup()")]
    own = lab_folder / "notebooks" / "own"
    own.mkdir()
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), own / "backup.ipynb")
    try:
        _run_all(page, "own/backup")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download my work").click()
        download.value.save_as(tmp_path / "work.json")
        work = json.loads((tmp_path / "work.json").read_text(encoding="utf-8"))
        assert [row["exercise"] for row in work["answers"]] == ["00.1"]
        assert list(work["notebooks"]) == ["backup.ipynb"]
        place = own / "lupus-kit-progress.json"
        place.unlink()
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Restore my work").click()
        chooser.value.set_files(tmp_path / "work.json")
        page.get_by_role("status").filter(has_text="Restored: 1 answer and 0 predictions").wait_for()
        assert json.loads(place.read_text(encoding="utf-8"))["answers"] == work["answers"]
        _picture(page, "backup")
    finally:
        page.evaluate(CLOSE)
        _stop_kernels(lab)
