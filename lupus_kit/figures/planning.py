"""Stop 7: the power of a trial to plan, and the same trial again and again."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from lupus_kit.core.errors import InputError
from lupus_kit.figures.style import ARM_PALETTE, NEUTRAL, NO, YES, axes, describe, panels, title_above
from lupus_kit.figures.tables import need_columns


def power_plan(frame: pd.DataFrame, n: int, target: float = 0.8, label: str = "", ax: Axes | None = None) -> Axes:
    """Draw exact power against patients per arm, with the planned trial and the one that has been done.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``n_per_arm`` and ``power``, rising in ``n_per_arm``; ``n`` is one of them.
    n : int
        Patients per arm of the plan.
    target : float
        Wanted power, drawn as a line.
    label : str
        Name of the test.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.

    Raises
    ------
    InputError
        A column is missing, or ``n`` is not in the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import figures
    >>> frame = pd.DataFrame({"n_per_arm": [30, 60, 90], "power": [0.5, 0.8, 0.92]})
    >>> figures.alt_text(figures.planning.power_plan(frame, n=60))[:60]
    'Curve of exact power against patients per arm, from 50 % at '
    """
    need_columns(frame, "frame", "it needs n_per_arm and power", "n_per_arm", "power")
    here = frame.loc[frame["n_per_arm"] == n, "power"]
    if len(here) != 1:
        raise InputError(f"n == {n!r} is not among the values of n_per_arm.")
    power = float(here.iloc[0])
    ax = axes(ax, (8.6, 4.4))
    ax.axhline(100 * target, color=NEUTRAL, linestyle="--", linewidth=1.4)
    colour = YES if power >= target else NO
    ax.plot("n_per_arm", "percent", data=frame.assign(percent=100 * frame["power"]), color=ARM_PALETTE["IL-2"],
            linewidth=2.4, marker=".", markersize=9)  # fmt: skip
    ax.plot([n, n], [0, 100 * power], color=colour, linewidth=2)
    ax.plot([n], [100 * power], "D", color=colour, markeredgecolor="black", markersize=11, zorder=4)
    ax.set(xlim=(0, frame["n_per_arm"].max() + 5), ylim=(0, 103), xlabel="patients per arm",
           ylabel="exact power (%)")  # fmt: skip
    title_above(ax, label)
    enough = frame.loc[frame["power"] >= target, "n_per_arm"]
    said = (
        f"It first reaches {100 * target:.0f} % at {int(enough.iloc[0])}."
        if len(enough)
        else f"It stays below {100 * target:.0f} % up to {int(frame['n_per_arm'].max())}."
    )
    return describe(
        ax,
        f"Curve of exact power against patients per arm, from {100 * frame['power'].iloc[0]:.0f} % at "
        f"{int(frame['n_per_arm'].iloc[0])} to {100 * frame['power'].iloc[-1]:.0f} % at {int(frame['n_per_arm'].iloc[-1])}. "
        f"{said} The plan, {n} per arm, has {100 * power:.0f} %.",
    )


def dance_of_p(trials: pd.DataFrame, truth: float, alpha: float = 0.05) -> Axes:
    """Draw repeated trials one below the other: the difference with its interval, and the p-value.

    Parameters
    ----------
    trials : pandas.DataFrame
        One row per trial: ``difference``, ``low``, ``high`` (proportions) and ``p``.
    truth : float
        The true difference (a proportion).
    alpha : float
        Level drawn as a line.

    Returns
    -------
    matplotlib.axes.Axes
        Those of the differences, with alt text for both.

    Raises
    ------
    InputError
        A column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import figures
    >>> trials = pd.DataFrame({"difference": [0.3, 0.1], "low": [0.05, -0.15], "high": [0.55, 0.35], "p": [0.02, 0.4]})
    >>> figures.alt_text(figures.planning.dance_of_p(trials, truth=0.25))[:60]
    '2 repeated trials one below the other: left the difference w'
    """
    need_columns(trials, "frame", "it needs difference, low, high and p", "difference", "low", "high", "p")
    left, right = panels((9.6, 4.9), (1.25, 1))
    place, hit = np.arange(1, len(trials) + 1), trials["p"].to_numpy() <= alpha
    colours = [YES if one else NO for one in hit]
    ends = 100 * trials[["low", "high"]].to_numpy()
    left.add_collection(LineCollection([[(a, k), (b, k)] for k, (a, b) in zip(place, ends, strict=True)],
                                       colors=colours, linewidths=1.6))  # fmt: skip
    left.scatter(100 * trials["difference"], place, c=colours, s=22, zorder=3)
    left.axvline(0, color="0.3", linewidth=1.2)
    left.axvline(100 * truth, color=ARM_PALETTE["IL-2"], linestyle="--", linewidth=1.8)
    left.set(xlim=(-100, 100), ylim=(len(trials) + 1, 0), ylabel="trial",
             xlabel="difference, 95 % interval (points; dashed: the truth)")  # fmt: skip
    p = np.clip(trials["p"].to_numpy(dtype=float), 1e-5, 1)
    right.set_xscale("log")
    for marker, which, colour in (("D", hit, YES), ("o", ~hit, NO)):
        right.scatter(p[which], place[which], c=[colour], marker=marker, s=34, zorder=3)
    right.axvline(alpha, color="0.2", linestyle="--", linewidth=1.4)
    right.set(xlim=(8e-6, 1.2), ylim=(len(trials) + 1, 0), xlabel="two-sided p-value (log scale)")
    right.set_xticks([1e-5, 1e-4, 1e-3, 0.01, 0.05, 1], ["≤10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.05", "1"])
    right.set_xticks([], minor=True)
    right.tick_params(labelleft=False)
    middle = np.quantile(trials["p"], [0.1, 0.5, 0.9])
    return describe(
        left,
        f"{len(trials)} repeated trials one below the other: left the difference with its interval around a true difference "
        f"of {100 * truth:.0f} points, right the p-value. {int(hit.sum())} are at most {alpha:g}. The middle p is "
        f"{middle[1]:.3f}; eight of ten lie between {middle[0]:.4f} and {middle[2]:.3f}.",
    )
