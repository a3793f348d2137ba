"""Stop 5: which analyses print as reported, the missing patient, the change between visits, the dance of p."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lupus_kit.figures._style import NEUTRAL, NO, PUBLISHED, YES, axes, describe


def _band(reported: str) -> tuple[float, float]:
    """All values that print as reported: around a number, or everything below or above it."""
    text = reported.strip().lstrip("pP ")
    digits = text.lstrip("=<>≤≥ ")
    number, half = float(digits), 0.5 * 10.0 ** -len(digits.partition(".")[2])
    if text[0] in "<≤":
        return 0.0, number
    return (number, 1.0) if text[0] in ">≥" else (number - half, number + half)


_WINDOWS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def line_up(frame: pd.DataFrame, reported: str, ax: Axes | None = None, steady: bool = False) -> Axes:
    """Draw every analysis as a dot and the printed p-value as the band of values that round to it.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``audit.explain(...)``: columns ``label``, ``alternative``, ``p``, ``rounds_to_reported``.
    reported : str
        The p-value as printed.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.
    steady : bool
        For pictures that follow each other: tests keep the order of their names, and the axis ends at one of few values,
        so that only dots move.

    Returns
    -------
    matplotlib.axes.Axes
    """
    data = frame[frame["alternative"] == "two-sided"]
    data = data.sort_values("label") if steady else data.dropna(subset="p").sort_values("p", kind="stable")
    ax = axes(ax, (8, 0.8 + 0.27 * len(data)))
    ax.axvspan(*_band(reported), color=PUBLISHED, alpha=0.25, linewidth=0)
    places, fitting = np.arange(len(data)), data["rounds_to_reported"].to_numpy(dtype=bool)
    for which, colour, marker in ((~fitting, NO, "o"), (fitting, YES, "D")):
        ax.scatter(data["p"][which], places[which], color=[colour], marker=marker, s=75, edgecolor="white", zorder=3)
    ax.set_yticks(places, data["label"])
    ax.set_ylim(len(data) - 0.5, -0.5)
    if steady:
        largest = max(float(np.nanmax(data["p"].to_numpy(dtype=float), initial=0.0)), _band(reported)[0])
        end = next((edge for edge in _WINDOWS if 1.02 * largest <= edge), 1.0)
        ax.set_xlim(-0.015 * end, 1.015 * end)
    ax.axvline(0.05, color="0.2", linestyle="--", linewidth=1.2)
    ax.annotate("0.05", (0.05, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom")
    band = "values that print as reported" if steady else f"prints as {reported}"
    ax.set(xlabel=f"two-sided p-value (band: {band})", ylabel="")
    fits = list(data.loc[data["rounds_to_reported"], "label"])
    said = f"{len(fits)} fall in it: {', '.join(fits)}" if fits else "none falls in it"
    return describe(
        ax,
        f"Dots for {data['p'].notna().sum()} two-sided tests, from p = {data['p'].min():.4f} to {data['p'].max():.4f}, and "
        f"a narrow band of values that print as {reported}: {said}.",
    )


def missing_outcomes(frame: pd.DataFrame, alpha: float = 0.05, ax: Axes | None = None) -> Axes:
    """Draw the p-value under every way the missing outcomes could have gone.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``label`` (of the test), ``way`` (in words) and ``p``.
    alpha : float
        Level drawn as a line.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes(ax, (8, 1.2 + 0.5 * frame["label"].nunique()))
    ways = list(frame["way"].unique())
    for label, group in frame.groupby("label", sort=False):
        ax.plot(group["p"], [label] * len(group), color="0.75", linewidth=3, zorder=1)
    sns.scatterplot(frame, x="p", y="label", hue="way", style="way", palette="colorblind", s=90, ax=ax, zorder=2)
    ax.axvline(alpha, color="0.2", linestyle="--", linewidth=1.2)
    ax.set(xlabel="two-sided p-value", ylabel="")
    ax.legend(title="", frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=len(ways))
    crossing = frame.groupby("label", sort=False)["p"].agg(lambda p: p.min() <= alpha < p.max())
    return describe(
        ax,
        f"For each of {frame['label'].nunique()} tests a line joins the p-values of {len(ways)} ways to count the missing "
        f"patient: {', '.join(ways)}. The line crosses {alpha:g} for {int(crossing.sum())} of them.",
    )


def between_visits(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the p-value of the difference in change for every joint distribution of two visits.

    Parameters
    ----------
    table : pandas.DataFrame
        ``BetweenVisitBounds.table``: columns ``both_a``, ``both_b``, ``p``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes(ax, (7, 4.6))
    grid = table.pivot_table(index="both_b", columns="both_a", values="p")
    mesh = ax.pcolormesh(grid.columns, grid.index, grid.to_numpy(), cmap="cividis", vmin=0, vmax=1, shading="nearest")
    ax.figure.colorbar(mesh, ax=ax, label="p of “the change differs between the arms”")
    ax.grid(False)
    ax.set(xlabel="first arm: patients who respond at both visits", ylabel="second arm: respond at both visits")
    ax.set_xticks(grid.columns)
    ax.set_yticks(grid.index)
    low, high = table.loc[table["p"].idxmin()], table.loc[table["p"].idxmax()]
    return describe(
        ax,
        f"Map of {len(table)} possible joint distributions. The p-value lies between {low['p']:.2f} (with "
        f"{int(low['both_a'])} and {int(low['both_b'])} patients responding at both visits) and {high['p']:.2f}; nowhere "
        "near 0.05.",
    )


def dance(
    p: pd.Series | np.ndarray, alpha: float = 0.05, observed: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the distribution of the p-value over repeated trials.

    Parameters
    ----------
    p : array of float
        p-values of simulated trials.
    alpha : float
        Level; bars on its left are coloured as significant.
    observed : float, optional
        A p-value to mark.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes(ax, (8, 4.2))
    values = np.asarray(p, dtype=float)
    values = values[~np.isnan(values)]
    edges = np.arange(0, 1 + 1e-9, alpha)
    share = np.histogram(values, edges)[0] / len(values)
    colours = [YES if right <= alpha + 1e-9 else NEUTRAL for right in edges[1:]]
    ax.bar(edges[:-1], 100 * share, width=alpha * 0.92, align="edge", color=colours)
    if observed is not None:
        ax.axvline(observed, color=PUBLISHED, linewidth=2, label=f"this trial: {observed:.3f}")
        ax.legend(frameon=False)
    ax.set(xlabel="p-value of a repeated trial", ylabel="trials (%)", xlim=(0, 1))
    below = float((values <= alpha).mean())
    return describe(
        ax,
        f"Histogram of {len(values)} p-values. {100 * below:.0f}% are at most {alpha:g}; the middle half lies between "
        f"{np.quantile(values, 0.25):.3f} and {np.quantile(values, 0.75):.3f}.",
    )
