"""Stops 4 and 6: one table among all tables of its design, and the p-value function that belongs to it."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from lupus_kit.core.errors import InputError
from lupus_kit.figures.inference import UNITS, draw_border
from lupus_kit.figures.style import ARM_PALETTE, ARMS, PUBLISHED, alt_text, axes, describe, p_bar, panels, title_above
from lupus_kit.figures.tables import need_columns


def p_function(
    curve: pd.DataFrame,
    printed: float | None = None,
    own: float | None = None,
    ends: tuple[float, float] | None = None,
    level: float = 0.95,
    ax: Axes | None = None,
    arms: tuple[str, str] = ARMS,
) -> Axes:
    """Draw one p-value function: how compatible each supposed effect is with the table.

    Parameters
    ----------
    curve : pandas.DataFrame
        ``inference.confidence_curve`` of one test: columns ``label``, ``measure``, ``value`` and ``p``.
    printed : float, optional
        A printed p-value, drawn as a line.
    own : float, optional
        A p-value at no effect to mark; by default none.
    ends : (low, high), optional
        Where the curve crosses 1 − level, for the alt text; not finite where it does not.
    level : float
        Confidence of the interval that is shaded.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.
    arms : tuple of str
        Names of both arms, for the axes.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.

    Raises
    ------
    InputError
        If a column is missing, or the curve mixes measures.

    Examples
    --------
    >>> from lupus_kit import figures, inference
    >>> curve = inference.confidence_curve("pearson", 16, 29, 9, 30)
    >>> figures.alt_text(figures.table_board.p_function(curve))[:60]
    'Curve of the two-sided p of Pearson chi-squared against the '
    """
    need_columns(curve, "the curve", "give inference.confidence_curve of one test", "label", "measure", "value", "p")
    if curve["measure"].nunique() != 1:
        raise InputError("one measure at a time: give the curve of one test.")
    ax = axes(ax, (8, 4.6))
    measure, label = curve["measure"].iloc[0], curve["label"].iloc[0]
    scale, null, unit = UNITS[measure]
    words, against = (measure.removeprefix("risk "), "minus") if null == 0 else (measure, "against")
    value, p = scale * curve["value"].to_numpy(), curve["p"].to_numpy(dtype=float)
    blue = ARM_PALETTE["IL-2"]
    ax.axvline(null, color="0.3", linewidth=1.2)
    ax.axhline(1 - level, color="0.3", linestyle="--", linewidth=1.2)
    inside = p > 1 - level
    if np.isnan(p).all():
        ax.text(0.5, 0.5, "not defined for this table", transform=ax.transAxes, ha="center", va="center")
        said = "The curve is not defined for this table."
    else:
        ax.plot(value, p, color=blue, linewidth=2.4)
        ax.fill_between(value, 0, p, where=inside, color=blue, alpha=0.18, linewidth=0)
        said = "" if ends is None else f"It stays above {1 - level:.2g} {_span(scale * ends[0], scale * ends[1])}."
    if printed is not None:
        ax.axhline(printed, color=PUBLISHED, linewidth=1.8)
        said += f" A line marks the printed p, {printed:g}."
    if own is not None and not np.isnan(own):
        ax.plot([null], [own], "D", color=ARM_PALETTE["placebo"], markeredgecolor="black", markersize=9, zorder=4)
        said += f" A diamond marks {_p(own)} at no effect."
    if measure in ("odds ratio", "risk ratio"):
        ax.set_xscale("log")
        ax.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
        ax.set_xticks([], minor=True)
    ax.set(xlim=(value.min(), value.max()), ylim=(0, 1.03), ylabel="two-sided p")
    ax.set_xlabel(f"supposed {words}{unit},\n{arms[0]} {against} {arms[1]}")
    title_above(ax, label)
    return describe(ax, f"Curve of the two-sided p of {label} against the supposed {measure}. {said}".strip())


def _span(low: float, high: float) -> str:
    first = f"from {low:.3g}" if np.isfinite(low) else "from the left edge"
    return f"{first} to {high:.3g}" if np.isfinite(high) else f"{first} to the right edge"


def _p(p: float) -> str:
    return f"p = {p:.4f}" if p >= 0.0001 else "p below 0.0001"


def table_board(
    lattice: np.ndarray,
    table: tuple[int, int],
    label: str,
    curve: pd.DataFrame,
    ends: tuple[float, float] | None = None,
    alpha: float = 0.05,
    arms: tuple[str, str] = ARMS,
) -> Axes:
    """Draw one table on the map of its design, and beside it its p-value function.

    Parameters
    ----------
    lattice : ndarray, shape (n1 + 1, n2 + 1)
        ``inference.pvalue_lattice`` of the test.
    table : (x1, x2)
        Responders of both arms.
    label : str
        Name of the test of the map.
    curve : pandas.DataFrame
        ``inference.confidence_curve`` of this table, of the same test or of one near it.
    ends : (low, high), optional
        Where the curve crosses alpha, for the alt text.
    alpha : float
        Level whose border is drawn; the interval beside it has the confidence 1 − alpha.
    arms : tuple of str
        Names of both arms, for the axes.

    Returns
    -------
    matplotlib.axes.Axes
        Those of the map, with alt text for both.

    Raises
    ------
    InputError
        A table outside the map.

    Examples
    --------
    >>> from lupus_kit import figures, inference
    >>> p = inference.pvalue_lattice("pearson", 29, 30)
    >>> curve = inference.confidence_curve("pearson", 16, 29, 9, 30)
    >>> figures.alt_text(figures.table_board.table_board(p, (16, 9), "Pearson", curve))[:60]
    'Left: map of the p-value of Pearson for all 930 tables; a li'
    """
    n1, n2 = lattice.shape[0] - 1, lattice.shape[1] - 1
    x1, x2 = table
    if not (0 <= x1 <= n1 and 0 <= x2 <= n2):
        raise InputError(f"table == {table!r}: the map has 0 to {n1} and 0 to {n2} responders.")
    left, right = panels((9.4, 4.2), (1, 1.08))
    values = np.clip(lattice.T, 1e-4, 1)
    if left.images:  # a widget's map: the picture stays, its data are new
        left.images[0].set_data(values)
    else:
        shown = left.imshow(
            values, norm=LogNorm(1e-4, 1), cmap="cividis", origin="lower", aspect="auto", interpolation="nearest"
        )
        p_bar(shown, left, "two-sided p").ax.minorticks_off()
    inside = np.nan_to_num(lattice, nan=1.0) <= alpha
    draw_border(left, inside)
    left.plot(x1, x2, "o", color="white", markeredgecolor="black", markersize=11)
    left.grid(False)
    left.set(xlabel=f"responders on {arms[0]} (of {n1})", ylabel=f"responders on {arms[1]} (of {n2})")
    title_above(left, label)
    here = float(lattice[x1, x2])
    p_function(curve, own=here, ends=ends, level=1 - alpha, ax=right, arms=arms)
    p = "no p" if np.isnan(here) else _p(here)
    side = "in a corner" if inside[x1, x2] else "in the band"
    return describe(
        left,
        f"Left: map of the p-value of {label} for all {lattice.size} tables; a line separates the band along the diagonal "
        f"from two corners, {int(inside.sum())} tables, where p is at most {alpha:g}. The table {x1} and {x2} lies {side}: "
        f"{p}. Right: {alt_text(right)}",
    )
