"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import linecache
import sys
from pathlib import Path

import pytest

from lupus_kit import figures

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "lupus_kit").rglob("*.py")
    if path.name != "__main__.py" and "_notebooks" not in path.parts
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, monkeypatch, without_pixels):
    monkeypatch.chdir(ROOT)
    if name.startswith("lupus_kit.widgets"):
        monkeypatch.setattr(figures.Live, "png", without_pixels)
    module = importlib.import_module(name)
    linecache.clearcache()  # doctest looks, at each example, whether one of the files in it has changed
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples in {name} failed"
