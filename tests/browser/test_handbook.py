"""The handbook in a real browser, from disk: search, dark and light, folding, paper. Skipped where there is no browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def page(browser, handbook) -> Iterator[object]:
    """Open the handbook; the page keeps the requests that left the disk, and what failed."""
    page = browser.new_page(color_scheme="light", viewport={"width": 1400, "height": 900})
    page.set_default_timeout(300_000)
    page.left, page.errors = [], []
    page.on("request", lambda one: None if one.url.startswith(("file:", "data:")) else page.left.append(one.url))
    page.on("requestfailed", lambda one: page.errors.append(f"not there: {one.url}"))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
    page.goto((handbook.folder / "index.html").as_uri())
    yield page
    page.close()


def _open(page, name: str) -> None:
    page.click(f"nav.bd-links a[href='{name}']")
    page.wait_for_url(f"**/{name}")
    page.wait_for_load_state("load")


def test_a_search_from_the_keyboard_finds_pages_and_public_names(page):
    page.keyboard.press("Control+k")
    page.keyboard.type("QUOKKA")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=QUOKKA*")
    page.wait_for_selector("#search-results li a")
    assert [one.inner_text() for one in page.query_selector_all("#search-results li a")] == ["The first of two"]
    page.click("#search-results li a")
    page.wait_for_url("**/80_one.html*")

    page.goto(page.url.rpartition("/")[0] + "/search.html?q=fragility_index")
    page.wait_for_selector("#search-results li a")
    addresses = [one.get_attribute("href") for one in page.query_selector_all("#search-results li a")]
    assert "reference/inference.html#lupus_kit.inference.fragility_index" in addresses

    page.goto(page.url.rpartition("/")[0] + "/search.html?q=xylophone")
    page.wait_for_function("document.querySelector('#search-results').textContent.includes('did not match')")


def test_the_theme_follows_the_system_until_it_is_chosen_and_paper_is_white(page):
    page.goto(page.url.rpartition("/")[0] + "/index.html")
    light = page.evaluate(GROUND)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{GROUND} != '{light}'")
    dark = page.evaluate(GROUND)
    page.emulate_media(color_scheme="light")
    page.reload()
    assert page.evaluate(GROUND) == light
    page.click("button.theme-switch-button")
    page.click("button.theme-change-button[data-mode=dark]")
    assert page.evaluate(GROUND) == dark
    _open(page, "80_one.html")
    assert page.evaluate(GROUND) == dark, "the choice holds on the next page"
    page.emulate_media(media="print")
    page.wait_for_function(f"{GROUND} == '{light}'")
    assert not page.is_visible("nav.bd-links")
    assert not page.is_visible("#fold-solutions")
    page.emulate_media(media="screen")
    page.wait_for_function(f"{GROUND} == '{dark}'")
    page.evaluate("localStorage.clear()")


def test_solutions_fold_and_unfold_together(page):
    opened = "[...document.querySelectorAll('details')].map((one) => one.open)"
    page.goto(page.url.rpartition("/")[0] + "/80_one.html")
    assert page.evaluate(opened) == [False, False]
    page.click("#fold-solutions")
    assert page.evaluate(opened) == [True, False], "the solution, not the help"
    page.wait_for_function("document.querySelector('#fold-solutions').textContent == 'Fold all solutions'")
    page.click("#fold-solutions")
    assert page.evaluate(opened) == [False, False]
    _open(page, "81_two.html")
    assert not page.is_visible("#fold-solutions"), "nothing to fold"


def test_an_accessibility_checker_finds_nothing_serious(page):
    package = pytest.importorskip("axe_playwright_python", reason="pip install axe-playwright-python")
    checker = (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    base = page.url.rpartition("/")[0]
    serious = []
    for name in ("index", "80_one", "81_two", "journal_club", "reference/design", "00_start_here"):
        page.goto(f"{base}/{name}.html")
        page.wait_for_load_state("load")
        page.evaluate(checker)
        for scheme in ("light", "dark"):
            # Without motion, so that no colour is caught on its way from one scheme to the other.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
            # Fetches no style sheet.
            found = page.evaluate("axe.run(document, {preload: false, resultTypes: ['violations']})")["violations"]
            serious += [
                (name, scheme, one["id"], node["html"][:200], node["failureSummary"])
                for one in found
                if one["impact"] in {"serious", "critical"}
                for node in one["nodes"][:3]
            ]
    page.goto(f"{base}/index.html")
    assert serious == []


def test_no_page_is_wider_than_a_phones_screen(page, handbook):
    page.set_viewport_size({"width": 390, "height": 800})
    wide = {}
    for path in sorted(handbook.folder.rglob("*.html")):
        if "_static" not in path.parts:
            page.goto(path.as_uri())
            wide[path.name] = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto((handbook.folder / "index.html").as_uri())
    assert len(wide) > 20
    assert {name: width for name, width in wide.items() if width > 390} == {}


def test_nothing_left_the_disk_and_nothing_failed(page):
    assert page.left == []
    assert page.errors == []
