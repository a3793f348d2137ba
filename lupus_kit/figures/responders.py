"""Responders of both arms at each visit, with their intervals: the figure of the journal club's page."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from lupus_kit.figures._style import ARM_PALETTE, NEUTRAL, axes, describe

_MARKS = ("o", "s", "D", "^")


def responders(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of responders by visit and arm.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``visit arm responders patients rate low high``, one row for each arm at each visit; shares between 0 and 1.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("week 12", "IL-2", 16, 29, 16 / 29, 0.38, 0.72), ("week 12", "placebo", 9, 30, 0.3, 0.17, 0.48)]
    >>> frame = pd.DataFrame(rows, columns=["visit", "arm", "responders", "patients", "rate", "low", "high"])
    >>> responders(frame).get_xlabel()
    'responders (%), with 95% interval'
    """
    ax = axes(ax, (9.4, 2.9))
    arms = list(frame["arm"].unique())
    places, names = [], []
    for group, (visit, rows) in enumerate(frame.groupby("visit", sort=False)):
        for row in rows.itertuples():
            place = group * (len(arms) + 0.7) + arms.index(row.arm)
            colour = ARM_PALETTE.get(row.arm, NEUTRAL)
            ax.plot([100 * row.low, 100 * row.high], [place] * 2, color=colour, linewidth=2.6, solid_capstyle="butt")
            ax.plot(100 * row.rate, place, _MARKS[arms.index(row.arm) % len(_MARKS)], color=colour, markersize=8)
            ax.annotate(
                f"{row.responders} of {row.patients}", (100 * row.high, place), xytext=(6, 0),
                textcoords="offset points", va="center", fontsize=10,
            )  # fmt: skip
            places.append(place)
            names.append(f"{visit}, {row.arm}")
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlim=(0, 100), xlabel="responders (%), with 95% interval")
    said = "; ".join(
        f"{row.visit}, {row.arm}: {row.responders} of {row.patients}, {100 * row.rate:.0f}% "
        f"({100 * row.low:.0f} to {100 * row.high:.0f}%)"
        for row in frame.itertuples()
    )
    return describe(ax, f"Share of responders with its 95% interval, one line for each arm and visit. {said}.")
