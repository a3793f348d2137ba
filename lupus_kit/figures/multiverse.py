"""The specification curve: every analysis of one endpoint in order of its p-value, with its choices below."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lupus_kit.figures._style import NO, YES, describe

_TICKS = (0.001, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.2, 0.5, 1.0)
_NAMES = {"population": "who is counted", "side": "side", "label": "test"}


def _column(values: pd.Series) -> list[str]:
    return list(dict.fromkeys(values))


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
    groups = {name: _column(data[name]) for name in ("population", "side", "label")}
    n_rows = sum(map(len, groups.values())) + len(groups)
    style = {"grid.color": "0.93", "axes.edgecolor": "0.6"}
    with sns.axes_style("whitegrid", style), sns.plotting_context("notebook"):
        _, (top, below) = plt.subplots(
            2,
            1,
            figsize=(10.5, 3.4 + 0.27 * n_rows),
            height_ratios=(3.2, 0.27 * n_rows),
            sharex=True,
            layout="constrained",
        )
    _curve(top, data, alpha)
    _matrix(below, data, groups)
    sns.despine(ax=top)
    sns.despine(ax=below, left=True, bottom=True)
    return describe(top, _words(data, groups, alpha))


def _colours(data: pd.DataFrame) -> list[Any]:
    return [YES if yes else NO for yes in data["significant"]]


def _curve(ax: Axes, data: pd.DataFrame, alpha: float) -> None:
    place, p = np.arange(len(data)), data["p_equivalent"].clip(lower=1e-6)
    solid = data["defensible"].to_numpy(dtype=bool)
    for yes, marker, name in ((True, "D", f"at most {alpha:g}"), (False, "o", f"above {alpha:g}")):
        here = (data["significant"] == yes).to_numpy()
        colour = YES if yes else NO
        ax.scatter(place[here & solid], p[here & solid], marker=marker, s=34, color=colour, label=name, zorder=3)
        ax.scatter(
            place[here & ~solid], p[here & ~solid], marker=marker, s=34, facecolor="white", edgecolor=colour, zorder=3
        )
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
    place, colours = np.arange(len(data)), np.array([tuple(map(float, c)) for c in _colours(data)])
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
