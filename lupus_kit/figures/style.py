"""The look all figures share: palette, fonts, and alt text that travels with the axes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from seaborn.utils import relative_luminance


def contrast(one: Any, other: Any) -> float:
    """Return the contrast ratio of two colours, 1 to 21.

    References
    ----------
    W3C. Web Content Accessibility Guidelines 2.2, definition of "contrast ratio"; criterion 1.4.3 asks for 4.5 of text, 1.4.11
    for 3 of lines and marks.

    Examples
    --------
    >>> round(contrast("black", "white")), round(contrast("white", "yellow"), 2)
    (21, 1.07)
    """
    low, high = sorted(relative_luminance(colour) + 0.05 for colour in (one, other))
    return float(high / low)


def darker(colour: Any, ratio: float) -> tuple[float, float, float]:
    """Darken a colour until it has the wanted contrast with white.

    Examples
    --------
    >>> contrast(darker("yellow", 4.5), "white") >= 4.5
    True
    """
    rgb = np.asarray(to_rgb(colour))
    share = next(share for share in np.arange(1, 0, -0.01) if contrast(share * rgb, "white") >= ratio)
    red, green, blue = share * rgb
    return red, green, blue


def ink(behind: Any) -> str:
    """Return the colour of a text on a coloured ground: black or white, whichever can be read better."""
    return max("black", "white", key=lambda colour: contrast(colour, behind))


#: Ten colours that colour-blind readers can tell apart, dark enough for a white page, and marks that tell lines apart without
#: colour.
PALETTE, MARKS = [darker(colour, 3) for colour in sns.color_palette("colorblind")], "osD^vP*X"


def colours(n: int) -> list[Any]:
    """Return n colours of the palette, from the first again after the tenth."""
    return [PALETTE[k % len(PALETTE)] for k in range(n)]


#: One colour per arm, the same in every figure; blue and orange stay apart for colour-blind readers.
ARM_PALETTE: dict[str, Any] = {"IL-2": PALETTE[0], "placebo": PALETTE[1]}
#: What axes say where a figure is not told the names of the arms.
ARMS = ("the first arm", "the second arm")
#: Colour of things that are published, and of things that are invented.
PUBLISHED, INVENTED, NEUTRAL = PALETTE[3], PALETTE[4], (0.45, 0.45, 0.45)
#: Colours for "inside" and "outside" a rejection region or a verdict.
YES, NO = PALETTE[2], PALETTE[7]


def stamp(ax: Axes) -> None:
    """Say on the picture itself that the patients are invented: figures travel without their captions.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The finished axes.
    """
    ax.annotate("invented patients", (1, 1.01), xycoords="axes fraction", ha="right", va="bottom", fontsize=11,
                color=darker(INVENTED, 4.5))  # fmt: skip


def axes(ax: Axes | None = None, size: tuple[float, float] = (7.5, 4.5)) -> Axes:
    """Return the given axes, or new ones in the kit's style, large enough for a projector."""
    return ax if ax is not None else panels(size, (1,))[0]


def stacked(size: tuple[float, float], ratios: tuple[float, float], grid: str = "0.92") -> tuple[Axes, Axes]:
    """Return new axes for a picture and, below it, for a matrix of marks that explains its columns."""
    with _look(grid):
        _, (above, below) = plt.subplots(2, 1, figsize=size, layout="constrained", height_ratios=ratios, sharex=True)
    sns.despine(ax=above)
    sns.despine(ax=below, left=True, bottom=True)
    return above, below


@contextmanager
def _look(grid: str = "0.92") -> Iterator[None]:
    with sns.axes_style("whitegrid", {"grid.color": grid, "axes.edgecolor": "0.6"}), sns.plotting_context("notebook"):
        yield


def _new(size: tuple[float, float], ratios: tuple[float, ...]) -> list[Axes]:
    with _look():
        fig, made = plt.subplots(1, len(ratios), figsize=size, layout="constrained", width_ratios=ratios, squeeze=False)
    sns.despine(fig)
    return list(made[0])


#: Axes of one widget by their size; ``None`` outside widgets.
_STAGE: ContextVar[dict[Any, list[Axes]] | None] = ContextVar("stage", default=None)


@contextmanager
def stage(kept: dict[Any, list[Axes]]) -> Iterator[None]:
    """Draw on axes that are kept from picture to picture: making axes and their ticks takes most of the time."""
    token = _STAGE.set(kept)
    try:
        yield
    finally:
        _STAGE.reset(token)


def panels(size: tuple[float, float], ratios: tuple[float, ...] = (1, 1)) -> list[Axes]:
    """Return new axes side by side in the kit's style, their widths in the given ratios; on a stage, those kept."""
    kept = _STAGE.get()
    if kept is None:
        return _new(size, ratios)
    if (size, ratios) in kept:
        for ax in kept[size, ratios]:
            wipe(ax)
    else:
        kept[size, ratios] = _new(size, ratios)
    return kept[size, ratios]


def wipe(ax: Axes) -> None:
    """Take away what was drawn; axes, ticks and labels stay, and so does an image: it is given new data instead."""
    for artist in [*ax.lines, *ax.patches, *ax.collections, *ax.texts]:
        if (bar := getattr(artist, "colorbar", None)) is not None:
            bar.remove()
        artist.remove()
    ax.containers.clear()
    if (legend := ax.get_legend()) is not None:
        legend.remove()
    ax.set_prop_cycle(None)
    ax.relim()
    if not ax.images:
        ax.set(xscale="linear", yscale="linear", xlim=(0, 1), ylim=(0, 1))
        ax.autoscale(True)


def title_above(ax: Axes, label: str) -> None:
    """Write what is drawn, such as the name of a test, above the axes."""
    ax.annotate(label, (0, 1.02), xycoords="axes fraction", va="bottom", fontsize=11)


def p_bar(picture: Any, ax: Axes, label: str) -> Any:
    """Draw the colour bar of a map of p-values and return it."""
    bar = ax.figure.colorbar(picture, ax=ax, ticks=[1e-4, 1e-3, 0.01, 0.05, 0.1, 1], label=label)
    bar.ax.set_yticklabels(["≤0.0001", "0.001", "0.01", "0.05", "0.1", "1"])
    return bar


def describe(ax: Axes, text: str) -> Axes:
    """Attach alt text to the axes; read it back with :func:`alt_text`.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The finished axes.
    text : str
        What a sighted reader sees, in words, with the numbers that matter.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes, so that drawing functions can end with ``return describe(ax, ...)``.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> ax = describe(plt.figure().add_subplot(), "Two bars: 16 of 29 and 9 of 30 respond.")
    >>> alt_text(ax)
    'Two bars: 16 of 29 and 9 of 30 respond.'
    >>> plt.close(ax.figure)
    """
    ax._lupus_kit_alt = text  # type: ignore[attr-defined]
    return ax


def alt_text(ax: Axes) -> str:
    """Return the alt text of the axes, or an empty string where none was attached.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> alt_text(plt.figure().add_subplot())
    ''
    >>> plt.close()
    """
    return str(getattr(ax, "_lupus_kit_alt", ""))
