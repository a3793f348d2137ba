"""Stop 2: invented trials beside the published one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lupus_kit.figures._style import ARM_PALETTE, NEUTRAL, PUBLISHED, axes, describe, need_columns, stamp
from lupus_kit.figures.sri import response_over_time


def response_beside_published(answers: pd.DataFrame, published: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of responders of an invented trial over time, and the printed rates as diamonds.

    Parameters
    ----------
    answers : pandas.DataFrame
        Result of ``endpoints.sri``, with ``arm``.
    published : pandas.DataFrame
        Columns ``arm``, ``week`` and ``rate`` (a proportion): what the paper prints.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.

    Raises
    ------
    InputError
        If `published` lacks a column.
    """
    need_columns(published, "published", "it needs arm, week and rate", "arm", "week", "rate")
    drawn = axes(ax, (8.5, 4.4))
    response_over_time(answers, drawn, legend=False)
    said = []
    for arm, rows in published.groupby("arm", sort=False):
        drawn.scatter(rows["week"], 100 * rows["rate"], s=150, marker="D", linewidth=2.4, zorder=5, facecolor="white",
                      edgecolor=ARM_PALETTE.get(str(arm), NEUTRAL), label=f"{arm}, published")  # fmt: skip
        said += [f"{arm} {100 * row.rate:.0f} % at week {row.week:g}" for row in rows.itertuples()]
    drawn.set_title("Responders over time (bars: 95 % intervals)", loc="left")
    # A fixed corner: while sliders move, nothing but the data should.
    drawn.legend(frameon=False, loc="upper left", ncols=2)
    stamp(drawn)
    seen = []
    for arm, rows in answers.dropna(subset=["responder"]).groupby(answers["arm"].astype(str)):
        rate = rows.groupby("week")["responder"].mean().astype(float)
        shown = [w for w in published["week"].unique() if w in rate.index]
        seen += [f"{arm} {100 * rate[w]:.0f} % at week {w:g}" for w in shown]
    return describe(
        drawn,
        f"Share of SRI responders at each visit, one line per arm, invented patients: {'; '.join(seen)}. Diamonds mark "
        f"the published rates: {'; '.join(said)}.",
    )


def trial_differences(
    differences: Mapping[str, np.ndarray], observed: float, step: float = 100 / 30, ax: Axes | None = None
) -> Axes:
    """Draw the difference between the arms over many invented trials, one histogram per set of assumptions.

    Parameters
    ----------
    differences : mapping of str to numpy.ndarray
        Percentage points, first arm minus second, one value per trial; by the name to print in the legend.
    observed : float
        The published difference, in percentage points.
    step : float
        Width of a bar: the smallest step a difference can take, one patient of an arm.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.
    """
    ax = axes(ax, (8.5, 4.4))
    # Bars are centred on the values that can occur, so that no value falls on an edge.
    reach = int(np.ceil(max(np.abs(values).max() for values in differences.values()) / step)) + 1
    edges = (np.arange(-reach, reach + 2) - 0.5) * step
    colours = [NEUTRAL, sns.color_palette("colorblind")[2], sns.color_palette("colorblind")[9]]
    said = []
    for k, (name, values) in enumerate(differences.items()):
        sns.histplot(x=values, bins=edges, stat="percent", element="step", alpha=0.35, linewidth=2,
                     color=colours[k % len(colours)], label=name, ax=ax)  # fmt: skip
        low, high = np.quantile(values, [0.025, 0.975])
        said.append(f"{name}: mean {np.mean(values):.0f}, the middle 95 % from {low:.0f} to {high:.0f}")
    ax.axvline(observed, color=PUBLISHED, linewidth=3, label=f"published: {observed:.1f}")
    ax.set(xlabel="difference in SRI-4 response, IL-2 minus placebo (percentage points)", ylabel="invented trials (%)")
    ax.legend(frameon=False, loc="upper left")
    ax.set_ylim(top=ax.get_ylim()[1] * 1.25)  # room for the legend above the bars
    ax.set_xlim(edges[0], edges[-1])
    ax.set_title(f"{len(next(iter(differences.values())))} trials under each assumption", loc="left")
    stamp(ax)
    return describe(
        ax,
        f"Histograms of the difference between the arms in percentage points. {'; '.join(said)}. A line marks the "
        f"published difference, {observed:.1f}.",
    )
