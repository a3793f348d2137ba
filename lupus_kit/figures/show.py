"""Axes to pictures: PNG bytes, pictures in a notebook that carry their alt text, and successive pictures of a widget.

Most of the time of a Matplotlib picture goes into making axes, finding room for their labels, and packing the file. A
widget draws the same picture again and again: it needs the first two only once, and the third hardly at all. So its
figure and layout are kept, only what moved is new, and the picture comes at once.
"""

import base64
import html
import io
from collections.abc import Hashable
from contextlib import AbstractContextManager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

from lupus_kit.core.errors import InputError
from lupus_kit.figures.style import alt_text, stage

_DPI, _LIVE_DPI = 110, 90
#: Empty axes that are kept for one widget; each takes about two megabytes.
_FRAMES = 8


def png(ax: Axes, dpi: int = _DPI) -> bytes:
    """Return the figure of the axes as PNG bytes and close it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes of the figure.
    dpi : int
        Dots per inch.

    Returns
    -------
    bytes
        A PNG file.

    Examples
    --------
    >>> png(plt.figure().add_subplot())[1:4]
    b'PNG'
    """
    figure, buffer = _taken(ax), io.BytesIO()
    figure.set_dpi(dpi)
    # Drawn once: savefig draws a second time, for the layout.
    FigureCanvasAgg(figure).print_png(buffer)  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def _taken(ax: Axes) -> Figure:
    """Take a figure out of pyplot's hands: an open one would be shown a second time at the end of the cell."""
    figure = ax.figure
    assert isinstance(figure, Figure)  # the kit draws no subfigures
    plt.close(figure)
    return figure


def img(picture: bytes, alt: str) -> str:
    """Return an HTML image with alt text, as wide as the page allows.

    Examples
    --------
    >>> img(b"", "two arms")
    '<img alt="two arms" src="data:image/png;base64," style="max-width:100%;height:auto">'
    """
    data = base64.b64encode(picture).decode("ascii")
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" style="max-width:100%;height:auto">'


def show(ax: Axes) -> None:
    """Show the figure of the axes in the notebook, with its alt text, and close it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes that a drawing function of :mod:`lupus_kit.figures` returned.

    Raises
    ------
    InputError
        The axes have no alt text: attach one with :func:`lupus_kit.figures.describe`.

    Examples
    --------
    >>> from lupus_kit import figures
    >>> ax = figures.describe(plt.figure().add_subplot(), "Two bars: 16 of 29 and 9 of 30 respond.")
    >>> show(ax)  # outside a notebook the alt text is printed
    Two bars: 16 of 29 and 9 of 30 respond.
    """
    from IPython.display import publish_display_data

    alt = alt_text(ax)
    if not alt:
        raise InputError("these axes have no alt text: call lupus_kit.figures.describe(ax, 'what is seen') first.")
    publish_display_data({"text/html": img(png(ax), alt), "text/plain": alt})  # type: ignore[no-untyped-call]


class Live:
    """Turn the successive figures of one widget into PNG pictures.

    Parameters
    ----------
    dpi : int
        Dots per inch.

    Attributes
    ----------
    kept : dict
        The axes that were drawn on, by their size.

    Examples
    --------
    >>> import numpy as np
    >>> from lupus_kit import figures
    >>> live = figures.Live()
    >>> pictures = []
    >>> for x in (0, 1):
    ...     with live.drawing():
    ...         ax = figures.inference.pvalue_lattice(np.ones((3, 3)), {"yours": (1, x)})
    ...     pictures.append(live.png(ax))
    >>> pictures[0][1:4], pictures[0] == pictures[1], len(ax.figure.axes)
    (b'PNG', False, 2)
    """

    def __init__(self, dpi: int = _LIVE_DPI) -> None:
        self._dpi = dpi
        self.kept: dict[Any, list[Axes]] = {}
        self._places: dict[Hashable, list[Bbox]] = {}
        self._frames: dict[Hashable, Any] = {}

    def drawing(self) -> AbstractContextManager[None]:
        """While it lasts, drawing functions that are given no axes draw on those of the last picture, wiped."""
        return stage(self.kept)

    def png(self, ax: Axes, layout: Hashable = None) -> bytes:
        """Return the figure of the axes as PNG bytes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes
            Axes of the figure.
        layout : hashable
            Pictures with the same value share the layout of the first of them. Give another value where labels take
            more room or less.

        Returns
        -------
        bytes
            A PNG file.
        """
        figure = _taken(ax)
        if type(figure.canvas) is not FigureCanvasAgg or figure.dpi != self._dpi:
            FigureCanvasAgg(figure)
            figure.set_dpi(self._dpi)
        key = (layout, tuple(figure.get_size_inches()), len(figure.axes))
        self._lay_out(figure, key)
        self._draw(figure, key)
        buffer = io.BytesIO()
        imsave(buffer, np.asarray(figure.canvas.buffer_rgba()), format="png", pil_kwargs={"compress_level": 1})  # type: ignore[attr-defined]
        return buffer.getvalue()

    def _lay_out(self, figure: Figure, key: Hashable) -> None:
        if key not in self._places:
            for one in figure.axes:
                one.set_in_layout(True)
            # Room to spare: a later picture may have a longer number on its axis.
            ConstrainedLayoutEngine(w_pad=0.18, h_pad=0.08).execute(figure)
            self._places[key] = [one.get_position() for one in figure.axes]
        figure.set_layout_engine("none")
        for one, place in zip(figure.axes, self._places[key], strict=True):
            one.set_position(place)

    def _draw(self, figure: Figure, key: Hashable) -> None:
        """Draw what moves on a copy of what stands still: axes, ticks and their labels."""
        canvas: Any = figure.canvas
        bars = {image.colorbar.ax for ax in figure.axes for image in ax.images if image.colorbar is not None}
        movers = [artist for ax in figure.axes if ax not in bars for artist in _movers(ax)]
        frame = (key, *(_frame(ax) for ax in figure.axes))
        if frame in self._frames:
            canvas.restore_region(self._frames[frame])
        else:
            shown = [artist for artist in movers if artist.get_visible()]
            for artist in shown:
                artist.set_visible(False)
            canvas.draw()
            for artist in shown:
                artist.set_visible(True)
            if len(self._frames) >= _FRAMES:
                self._frames.pop(next(iter(self._frames)))
            self._frames[frame] = canvas.copy_from_bbox(figure.bbox)
        renderer = canvas.get_renderer()
        for artist in movers:
            artist.draw(renderer)


def _movers(ax: Axes) -> list[Artist]:
    """List what a drawing function puts on axes, from back to front."""
    found: list[Artist] = [*ax.images, *ax.patches, *ax.collections, *ax.lines, *ax.texts]
    legend = ax.get_legend()
    return sorted([*found, *([legend] if legend else [])], key=lambda artist: artist.get_zorder())


def _frame(ax: Axes) -> tuple[Hashable, ...]:
    """Everything that the look of empty axes depends on."""
    ticks = []
    for axis in (ax.xaxis, ax.yaxis):
        places = axis.get_majorticklocs()
        labels = axis.get_major_formatter().format_ticks(list(places))
        ticks.append((tuple(places), tuple(labels), axis.get_label_text(), axis.get_scale(), *axis.get_view_interval()))
    return (*ticks, *(ax.get_title(loc) for loc in ("left", "center", "right")))
