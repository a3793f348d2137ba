"""A real browser opens each notebook in JupyterLab, and every widget in Voilà. Skipped where there is none.

Every widget is moved in Voilà, and in JupyterLab one of each kind: with sliders, with boxes, with a choice, with buttons. The
stops come to JupyterLab with the outputs of the run that other tests read, too; the first one and the page of widgets run
anew, by the menu, and all of them in one kernel. Needs a Chromium: ``LUPUS_KIT_CHROMIUM`` or one on the path.
axe-playwright-python carries axe-core; nothing is fetched during the run. Waits are for a sign of life, since a machine may be
busy: ``PATIENCE`` is only where giving up is sensible. Pictures go to ``LUPUS_KIT_SCREENSHOTS`` if that is set, for a person to
look at.
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

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from references.cases import case

from lupus_kit import widgets

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
#: Boards in the order of their page.
BOARDS = list(widgets.APPS)
MOVED_IN_JUPYTERLAB = ("allocation_explorer", "patient_builder", "ticket_board", "table_explorer")
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
OPEN = "async given => { window.opened = await jupyterapp.commands.execute('docmanager:open', given); }"
# Boards of a page, once each has its picture.
SHOWN = """count => {
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
    paths = os.pathsep.join((str(ROOT), os.environ["PYTHONPATH"]))
    own = {**os.environ, "PYTHONPATH": paths, "IPYTHONDIR": str(folder / "ipython")}
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
    """Start a Voilà of its own with the page of widgets; yield its address."""
    pytest.importorskip("voila", reason="voila is not installed: pip install voila")
    folder = tmp_path_factory.mktemp("voila")
    (folder / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "widgets.ipynb", folder / "notebooks")
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


@pytest.fixture(scope="session")
def kernel_of_all(lab) -> dict[str, str]:
    """Start one kernel for all notebooks: where nothing is run, a kernel of its own would only load."""
    start = urllib.request.Request(f"{lab}/api/kernels?token={TOKEN}", method="POST", data=b'{"name": "python3"}')
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(start, timeout=PATIENCE) as answer:
        started = json.load(answer)
    return {"id": started["id"], "name": started["name"]}


def _run_all(page, name: str, **kernel: dict[str, str]) -> None:
    """Open a notebook and let its menu run all cells."""
    page.evaluate(OPEN, {"path": f"{name}.ipynb", **kernel})
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


def _open_with_outputs(page, name: str, walked, folder: Path, **kernel: dict[str, str]) -> None:
    """Open a notebook with the outputs of its run, which are trusted; its boards stand empty and are opened in Voilà."""
    notebook, seen = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4), walked(name).cells
    for cell in notebook.cells:
        if cell.cell_type == "code" and not WIDGET.search(cell.source):
            cell.update(outputs=seen[cell.id].outputs, execution_count=seen[cell.id].execution_count)
    NotebookNotary(data_dir=str(folder / "DATA")).sign(notebook)
    nbformat.write(notebook, folder / "notebooks" / f"{name}.ipynb")
    page.evaluate(OPEN, {"path": f"{name}.ipynb", **kernel})
    page.locator(".jp-OutputArea-output").first.wait_for(state="attached")


def _move(page, app) -> None:
    """Move the widget's controls by keyboard, one after the other, until both words and picture have changed.

    Some controls change only one of them, or nothing where they stand: each is given a moment, and if none does, more.
    """
    before = json.loads(app.evaluate(SEEN))
    controls = app.locator(".widget-slider .noUi-handle, select, .widget-hbox button")
    for seconds in (1, 3, 30, PATIENCE / 10):
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


def _move_all(page, names: list[str]) -> None:
    for name in names:
        app = page.locator(".lupus-kit-app").nth(BOARDS.index(name))
        app.scroll_into_view_if_needed()
        _move(page, app)
        assert app.get_by_role("alert").count() == 0
        assert app.locator(".noUi-handle:not([aria-label])").count() == 0, "a slider without a name"
        app.scroll_into_view_if_needed()
        _picture(page, f"widget-{name}")


def test_every_notebook_opens_in_jupyterlab_and_widgets_answer(lab_folder, desk, kernel_of_all, walked):
    page, outside = desk
    for name in NAMES:
        with case(name):
            try:
                if name in (NAMES[0], "widgets"):
                    _run_all(page, name, kernel=kernel_of_all)
                else:
                    _open_with_outputs(page, name, walked, lab_folder, kernel=kernel_of_all)
                errors = page.locator('[data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()
                assert errors == []
                _picture(page, f"{name}-opened")
                if name == "widgets":
                    _wait(page, SHOWN, len(BOARDS))
                    assert [board for board in page.evaluate(SIZES) if board["height"] > HIGHEST] == []
                    _move_all(page, MOVED_IN_JUPYTERLAB)
                _wait(page, IDLE)
            finally:
                page.evaluate(CLOSE)
    assert outside == [], "the page asked for something outside this machine"


@pytest.fixture(scope="session")
def boards(voila, context) -> Iterator:
    """Open the page of widgets in Voilà."""
    with _page(context, []) as page:
        # Voilà's template asks a public server for icons: the boards must do without.
        page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
        page.goto(f"{voila}/widgets.ipynb")
        _wait(page, SHOWN, len(BOARDS))
        _wait(page, NAMED)
        assert page.locator("text=Traceback").count() == 0
        assert page.locator(".lupus-kit-app").get_by_role("alert").count() == 0
        yield page


def test_boards_fit_the_screens_of_phones_and_laptops(boards):
    for screen in (PHONE, LAPTOP):
        boards.set_viewport_size(screen)
        _wait(boards, "width => innerWidth === width", screen["width"])
        sizes = boards.evaluate(SIZES)
        assert len(sizes) == len(BOARDS)
        assert [board for board in sizes if board["right"] > screen["width"]] == []
        assert boards.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    assert [board for board in sizes if board["height"] > HIGHEST] == [], "on a laptop"


def test_every_widget_answers_in_voila_without_barriers(boards):
    assert boards.locator(".lupus-kit-app").count() == len(BOARDS)
    _move_all(boards, BOARDS)
    assert _barriers(boards) == []


def test_a_view_is_pasted_a_wrong_one_is_a_sentence_and_reset_goes_back(boards):
    app = boards.locator(".lupus-kit-app").nth(BOARDS.index("table_explorer"))
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
    _picture(boards, "a-wrong-view")
    app.get_by_role("button", name="Reset").click()
    app.get_by_text("16/29 (55.2%)").first.wait_for()
    assert field.input_value() == start


def test_work_is_downloaded_and_restored_by_one_click_each(lab_folder, desk, tmp_path):
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
