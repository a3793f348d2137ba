"""What a board is made of."""

from __future__ import annotations

from collections.abc import Iterator

import ipywidgets


def everything(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    """Yield a widget and all that is inside it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from everything(child)
