"""Stop 3: one patient's SLEDAI before and now, stacked from its descriptors."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lupus_kit.figures._style import NO, YES, axes, describe


def sledai_bars(before: pd.DataFrame, now: pd.DataFrame, points: int = 4, ax: Axes | None = None) -> Axes:
    """Draw SLEDAI at baseline and at a visit as bars made of descriptors, and how low it must fall.

    Parameters
    ----------
    before, now : pandas.DataFrame
        Descriptors present at baseline and at the visit: columns ``label`` and ``weight``.
    points : int
        Drop that the index asks for.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes(ax, (9, 3.4))
    labels = list(dict.fromkeys([*before["label"], *now["label"]]))
    colours = dict(zip(labels, sns.color_palette("colorblind", max(len(labels), 1)), strict=False))
    totals = {}
    for name, frame in (("baseline", before), ("visit", now)):
        left = 0
        for row in frame.itertuples():
            ax.barh(name, row.weight, left=left, color=colours[row.label], edgecolor="white", linewidth=2)
            short = row.label if len(row.label) <= 6 * row.weight else row.label[: 5 * row.weight] + "…"
            ax.text(left + row.weight / 2, name, f"{short}\n{row.weight}", ha="center", va="center", fontsize=9)
            left += row.weight
        if not len(frame):
            ax.barh(name, 0)
        totals[name] = left
    needed = totals["baseline"] - points
    met = totals["visit"] <= needed
    if needed >= 0:
        ax.axvline(needed, color=YES if met else NO, linestyle="--", linewidth=2)
        ax.annotate(
            f"must reach {needed} or less", (needed, 1.02), xycoords=("data", "axes fraction"), ha="center", va="bottom"
        )
    ax.invert_yaxis()
    ax.set(xlabel="SLEDAI (points)", ylabel="", xlim=(0, max(20, *totals.values()) + 1))
    goal = f"the goal is {needed} or less" if needed >= 0 else f"a drop of {points} is impossible from there"
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return describe(
        ax,
        f"Two bars of stacked descriptors. SLEDAI is {totals['baseline']} at baseline and {totals['visit']} at the visit; "
        f"{goal}: {'reached' if met and needed >= 0 else 'not reached'}.",
    )
