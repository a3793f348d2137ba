"""Widgets without the pixels of their pictures, for tests that do not look at them: drawing them takes longest."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import pytest

from lupus_kit import figures


@pytest.fixture(scope="session")
def without_pixels() -> Callable[..., bytes]:
    """Stand in for ``Live.png``: the axes are drawn on and taken from pyplot, and nothing is rendered."""

    def png(live, axes, layout=None):
        plt.close(axes.figure)
        return b""

    return png


@pytest.fixture
def undrawn(monkeypatch, without_pixels) -> None:
    monkeypatch.setattr(figures.Live, "png", without_pixels)
