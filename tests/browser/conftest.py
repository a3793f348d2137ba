"""One browser for all tests of a process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

#: Seconds; only where giving up is sensible, since a machine may be busy.
PATIENCE = 900
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--no-first-run",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Start the browser, one for all tests of this process."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("LUPUS_KIT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.skip("no Chromium on the path: install one (Debian: apt-get install chromium)")
    with driver.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=FLAGS, timeout=1000 * PATIENCE)
        yield started
        started.close()
