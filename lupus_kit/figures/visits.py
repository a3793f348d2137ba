"""Stop 5: two visits of the same patients, and the rules that keep their common error."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lupus_kit.figures._style import NEUTRAL, axes, describe


def rule_lines(
    lines: pd.DataFrame, dots: pd.DataFrame, rho: float, alpha: float = 0.05, ax: Axes | None = None
) -> Axes:
    """Draw the familywise error of rules for two visits, along the correlation of a patient's outcomes.

    Parameters
    ----------
    lines : pandas.DataFrame
        Columns ``label``, ``rho`` and ``error``: the law for large trials.
    dots : pandas.DataFrame
        Columns ``label`` and ``error``: exact, at one correlation; ``chosen`` (bool) marks the rule to bring out.
    rho : float
        The correlation of the dots.
    alpha : float
        The promised level, drawn as a line.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.
    """
    ax = axes(ax, (9, 4.6))
    markers = ("o", "s", "D", "^", "v", "P", "X")
    colours = dict(zip(dots["label"], sns.color_palette("colorblind", len(dots)), strict=True))
    for marker, row in zip(markers, dots.itertuples(), strict=False):
        line = lines[lines["label"] == row.label]
        wide = 3.2 if row.chosen else 1.3
        ax.plot(
            line["rho"], 100 * line["error"], color=colours[row.label], linewidth=wide, alpha=1 if row.chosen else 0.7
        )
        ax.plot([rho], [100 * row.error], marker, color=colours[row.label], markersize=12 if row.chosen else 8,
                markeredgecolor="black" if row.chosen else "white", label=row.label, linestyle="")  # fmt: skip
    ax.axhline(100 * alpha, color="0.2", linestyle="--", linewidth=1.4)
    ax.axvline(rho, color=NEUTRAL, linestyle=":", linewidth=1.2)
    ax.set(xlim=(-1, 1), ylim=(0, 12), xlabel="correlation of a patient's outcomes at weeks 12 and 24",
           ylabel="false claim at either visit (%)")  # fmt: skip
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    said = "; ".join(f"{row.label} {100 * row.error:.1f} %" for row in dots.itertuples())
    return describe(
        ax,
        f"Chance of at least one false claim against the correlation of the two visits: lines for large trials, marks for "
        f"this one at a correlation of {rho:.2f}. {said}. A dashed line is the promised {100 * alpha:g} %.",
    )
