"""Widgets without the pixels of their pictures, for tests that do not look at them: drawing them takes longest."""

from __future__ import annotations

import pytest

from lupus_kit import figures


@pytest.fixture
def undrawn(monkeypatch, without_pixels) -> None:
    monkeypatch.setattr(figures.Live, "png", without_pixels)
