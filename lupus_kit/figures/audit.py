"""Stop 5: which analyses print as reported, every defensible analysis in order, the missing patient, two visits."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from lupus_kit.figures.style import MARKS, NEUTRAL, NO, PUBLISHED, YES, axes, describe, stacked


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


def dance(p: ArrayLike, alpha: float = 0.05, observed: float | None = None, ax: Axes | None = None) -> Axes:
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


_TICKS = (0.001, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.2, 0.5, 1.0)
_NAMES = {"population": "who is counted", "side": "side", "label": "test"}


def specification_curve(table: pd.DataFrame, alpha: float = 0.05, only_defensible: bool = True) -> Axes:
    """Draw the p-values of a multiverse in order, and which choices led to each.

    Parameters
    ----------
    table : pandas.DataFrame
        ``Multiverse.table``: columns ``label``, ``population``, ``side``, ``p_equivalent``, ``significant`` and
        ``defensible``.
    alpha : float
        The two-sided level, drawn as a line.
    only_defensible : bool
        Leave out the analyses that are not counted; otherwise they are drawn hollow.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes; the matrix of choices is in the axes below it.
    """
    data = table[table["p_equivalent"].notna() & (table["defensible"] | (not only_defensible))]
    data = data.sort_values("p_equivalent", kind="stable", ignore_index=True)
    groups = {name: list(data[name].unique()) for name in ("population", "side", "label")}
    n_rows = sum(map(len, groups.values())) + len(groups)
    top, below = stacked((10.5, 3.4 + 0.27 * n_rows), (3.2, 0.27 * n_rows), grid="0.93")
    _curve(top, data, alpha)
    _matrix(below, data, groups)
    return describe(top, _words(data, groups, alpha))


def _curve(ax: Axes, data: pd.DataFrame, alpha: float) -> None:
    place, p = np.arange(len(data)), data["p_equivalent"].clip(lower=1e-6)
    solid = data["defensible"].to_numpy(dtype=bool)
    for yes, marker, name in ((True, "D", f"at most {alpha:g}"), (False, "o", f"above {alpha:g}")):
        here = (data["significant"] == yes).to_numpy()
        colour = YES if yes else NO
        ax.scatter(place[here & solid], p[here & solid], marker=marker, s=34, color=colour, label=name, zorder=3)
        hollow = here & ~solid
        ax.scatter(place[hollow], p[hollow], marker=marker, s=34, facecolor="white", edgecolor=colour, zorder=3)
    ax.axhline(alpha, color="0.2", linestyle="--", linewidth=1.2, zorder=1)
    ax.set_yscale("log")
    low, high = float(p.min()) * 0.85, min(float(p.max()) * 1.15, 1.05)
    ticks = [tick for tick in {*_TICKS, alpha} if low <= tick <= high]
    ax.set_yticks(sorted(ticks), [f"{tick:g}" for tick in sorted(ticks)])
    ax.minorticks_off()
    ax.set(ylim=(min(low, alpha * 0.9), max(high, alpha * 1.1)), xlim=(-0.8, len(data) - 0.2))
    ax.set_ylabel("p (two-sided scale)")
    ax.tick_params(axis="x", bottom=False, labelbottom=False)
    ax.grid(axis="x", visible=False)
    ax.legend(frameon=False, loc="upper left")


def _matrix(ax: Axes, data: pd.DataFrame, groups: dict[str, list[str]]) -> None:
    place, colours = np.arange(len(data)), np.where(data[["significant"]], YES, NO)
    height, ticks, labels = 0, [], []
    for name, values in groups.items():
        ax.text(-0.01, height, _NAMES[name], transform=ax.get_yaxis_transform(), ha="right", va="center", weight="bold")
        height += 1
        ax.axhspan(height - 0.5, height + len(values) - 0.5, color="0.97", zorder=0, linewidth=0)
        for value in values:
            here = (data[name] == value).to_numpy()
            ax.scatter(place[here], np.full(here.sum(), height), marker="|", s=90, linewidths=2.4, color=colours[here])
            ticks.append(height)
            labels.append(value)
            height += 1
    ax.set_yticks(ticks, labels)
    ax.tick_params(axis="y", length=0, labelsize=10)
    ax.grid(visible=False)
    ax.set_ylim(height - 0.4, -0.6)
    ax.set_xticks([])
    ax.set_xlabel(f"{len(data)} analyses, in order of p")


def _words(data: pd.DataFrame, groups: dict[str, list[str]], alpha: float) -> str:
    reach = int(data["significant"].sum())
    parts = []
    for name in ("population", "side"):
        if len(groups[name]) > 1:
            shares = data.groupby(name, sort=False)["significant"].agg(["sum", "size"])
            parts += [f"{int(row['sum'])} of {int(row['size'])} with {value}" for value, row in shares.iterrows()]
    detail = f" By choice: {'; '.join(parts)}." if parts else ""
    first, last = data.iloc[0], data.iloc[-1]
    return (
        f"{len(data)} analyses in order of p, from {first['p_equivalent']:.4f} ({first['label']}, {first['population']}, "
        f"{first['side']}) to {last['p_equivalent']:.4f} ({last['label']}, {last['population']}, {last['side']}). {reach} are "
        f"at most {alpha:g}, {len(data) - reach} above.{detail} Marks below show the choices of each analysis."
    )


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
    colours = dict(zip(dots["label"], sns.color_palette("colorblind", len(dots)), strict=True))
    for marker, row in zip(MARKS.replace("*", ""), dots.itertuples(), strict=False):
        line = lines[lines["label"] == row.label]
        colour = colours[row.label]
        wide, opaque, size, edge = (3.2, 1, 12, "black") if row.chosen else (1.3, 0.7, 8, "white")
        ax.plot(line["rho"], 100 * line["error"], color=colour, linewidth=wide, alpha=opaque)
        ax.plot(rho, 100 * row.error, marker, color=colour, markersize=size, markeredgecolor=edge, label=row.label)
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
