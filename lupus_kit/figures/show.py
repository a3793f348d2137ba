"""Axes to pictures: PNG bytes, and pictures in a notebook that carry their alt text."""

import base64
import html
import io

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lupus_kit.core.errors import InputError
from lupus_kit.figures.style import alt_text

_DPI = 110


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
    """
    buffer = io.BytesIO()
    figure = ax.figure
    assert isinstance(figure, Figure)  # the kit draws no subfigures
    figure.savefig(buffer, format="png", dpi=dpi)
    # One figure at a time: an open figure would be shown a second time at the end of the cell.
    plt.close(figure)
    return buffer.getvalue()


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
    """
    from IPython.display import publish_display_data

    alt = alt_text(ax)
    if not alt:
        raise InputError("these axes have no alt text: call lupus_kit.figures.describe(ax, 'what is seen') first.")
    publish_display_data({"text/html": img(png(ax), alt), "text/plain": alt})  # type: ignore[no-untyped-call]
