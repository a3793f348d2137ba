"""The handbook in a real browser, from disk: search, dark and light, folding. Skipped where there is no browser.

Needs the package playwright (not its browser download) and a Chromium: ``LUPUS_KIT_CHROMIUM`` or one on the path.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat import NotebookNode, v4

from lupus_kit.course import handbook

pytestmark = pytest.mark.browser


def _stop(name: str, title: str, *cells: str | NotebookNode) -> handbook.Stop:
    sources = [f"# {title}\n\nA lead.", *cells]
    made = [v4.new_markdown_cell(one, id=f"c{k}") if isinstance(one, str) else one for k, one in enumerate(sources)]
    return handbook.Stop(name, v4.new_notebook(cells=made))


def _html(text: str) -> NotebookNode:
    return v4.new_output("display_data", {"text/html": text})


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Iterator[object]:
    """Open a handbook of two pages; yield the browser's page, the requests that left the disk, and the errors."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install playwright"
    )
    found = os.environ.get("LUPUS_KIT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on the path: install one (Debian: apt-get install chromium)")
    folder = tmp_path_factory.mktemp("browser") / "book"
    wide = v4.new_code_cell(
        "wide", id="wide", outputs=[_html("<table><tr>" + "<td>number</td>" * 80 + "</tr></table>")]
    )
    noted = v4.new_code_cell("noted", id="noted", outputs=[_html("<b style='color:#a03060'>These are invented.</b>")])
    solution = (
        "## What is a nuisance?\n\nThe nuisance parameter.\n\n<details><summary>Solution</summary>\n\nx\n\n</details>"
    )
    handbook.build(
        folder, [_stop("00_one", "One", "## Two arms\n\nWords."), _stop("01_two", "Two", solution, wide, noted)]
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(color_scheme="light")
        page.left, page.errors = [], []
        page.on("request", lambda one: None if one.url.startswith(("file:", "data:")) else page.left.append(one.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto((folder / "index.html").as_uri())
        yield page
        browser.close()


def _open(page, name: str) -> None:
    page.click(f"nav.stops a[href='{name}']")
    page.wait_for_url(f"**/{name}")
    page.wait_for_load_state("load")


def test_search_by_keyboard_opens_the_section(page):
    page.keyboard.press("/")
    page.keyboard.type("NUISANCE param")
    assert page.inner_text("#found [role=status]") == "1 place"
    assert "What is a nuisance?" in page.inner_text("#found a")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/01_two.html#*")
    assert page.evaluate("document.querySelector(':target').textContent").startswith("What is a nuisance?")
    page.fill("#search", "zzz")
    assert page.inner_text("#found [role=status]").startswith("Nothing found.")
    page.keyboard.press("Escape")
    assert not page.is_visible("#found")


def test_the_theme_follows_the_system_until_it_is_chosen_and_is_kept(page):
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ground)
    assert dark != light
    page.emulate_media(color_scheme="light")
    page.reload()
    assert page.inner_text("#theme") == "Dark"
    page.click("#theme")
    assert page.evaluate(ground) == dark
    _open(page, "00_one.html")
    assert page.evaluate(ground) == dark, "the choice holds on the next page"
    page.emulate_media(media="print")
    assert page.evaluate(ground) == light, "paper is white"
    assert not page.is_visible("nav.stops")
    page.emulate_media(media="screen")


def test_solutions_fold_and_unfold_together(page):
    _open(page, "01_two.html")
    assert not page.evaluate("document.querySelector('details').open")
    page.click("#fold")
    assert page.evaluate("document.querySelector('details').open")
    assert page.inner_text("#fold") == "Fold all solutions"
    _open(page, "index.html")
    assert not page.is_visible("#fold"), "nothing to fold"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_checker_finds_nothing_serious(page, scheme):
    package = pytest.importorskip("axe_playwright_python", reason="pip install axe-playwright-python")
    checker = (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate("localStorage.clear()")
    page.emulate_media(color_scheme=scheme)
    for name in ("index.html", "01_two.html", "journal_club.html"):
        page.goto(page.url.rpartition("/")[0] + "/" + name)
        page.evaluate(checker)
        found = page.evaluate("axe.run()")["violations"]
        serious = [
            (name, one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}
        ]
        assert serious == []


def test_nothing_left_the_disk_and_nothing_failed(page):
    assert page.left == []
    assert page.errors == []
