"""The look all figures share: palette, fonts, and alt text that travels with the axes."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.axes import Axes

_COLOURS = sns.color_palette("colorblind")

#: One colour per arm, the same in every figure; blue and orange stay apart for colour-blind readers.
ARM_PALETTE: dict[str, Any] = {"IL-2": _COLOURS[0], "placebo": _COLOURS[1]}
#: Colour of things that are published, and of things that are invented.
PUBLISHED, INVENTED, NEUTRAL = _COLOURS[3], _COLOURS[4], (0.45, 0.45, 0.45)
#: Colours for "inside" and "outside" a rejection region or a verdict.
YES, NO = _COLOURS[2], _COLOURS[7]


def axes(ax: Axes | None = None, size: tuple[float, float] = (7.5, 4.5)) -> Axes:
    """Return the given axes, or new ones in the kit's style, large enough for a projector."""
    if ax is not None:
        return ax
    with sns.axes_style("whitegrid", {"grid.color": "0.92", "axes.edgecolor": "0.6"}), sns.plotting_context("notebook"):
        _, new = plt.subplots(figsize=size, layout="constrained")
    sns.despine(ax=new)
    return new


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
    """
    ax._lupus_kit_alt = text  # type: ignore[attr-defined]
    return ax


def alt_text(ax: Axes) -> str:
    """Return the alt text of the axes, or an empty string where none was attached."""
    return str(getattr(ax, "_lupus_kit_alt", ""))
