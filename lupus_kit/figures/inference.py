"""Stop 4: the lattice of tables, tests side by side, size curves, intervals, missing outcomes."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm

from lupus_kit.figures.style import ARMS, MARKS, PUBLISHED, axes, colours, darker, describe, ink, p_bar
from lupus_kit.figures.tables import need_columns

#: Measure: by how much it is multiplied, the value of no effect, and the unit.
UNITS = {
    "risk difference": (100, 0, " (percentage points)"),
    "odds ratio": (1, 1, " (log scale)"),
    "risk ratio": (1, 1, " (log scale)"),
    "arcsine difference": (1, 0, ""),
}
_FAMILY_MARKERS = {"asymptotic": "o", "conditional exact": "s", "unconditional exact": "D", "t and rank tests": "^"}


def pvalue_lattice(
    lattice: np.ndarray,
    tables: dict[str, tuple[int, int]] | None = None,
    alpha: float = 0.05,
    label: str = "p",
    ax: Axes | None = None,
    arms: tuple[str, str] = ARMS,
) -> Axes:
    """Draw the p-value of every table of a design, and where it falls to alpha.

    Parameters
    ----------
    lattice : ndarray, shape (n1 + 1, n2 + 1)
        ``inference.pvalue_lattice(...)``.
    tables : dict of str to (x1, x2), optional
        Observed tables to mark, by name.
    alpha : float
        Level whose border is drawn.
    label : str
        Name of the test, for the colour bar.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.
    arms : tuple of str
        Names of both arms, for the axes.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from lupus_kit import figures, inference
    >>> p = inference.pvalue_lattice("fisher", 29, 30)
    >>> figures.alt_text(figures.inference.pvalue_lattice(p, {"week 12": (16, 9)}))[:60]
    'Map of the p-value of p for all 930 tables. A band along the'
    """
    ax, tables = axes(ax, (7, 5.6)), tables or {}
    n1, n2 = lattice.shape[0] - 1, lattice.shape[1] - 1
    x, y, shown = np.arange(n1 + 1), np.arange(n2 + 1), np.clip(lattice.T, 1e-4, 1)
    mesh = ax.pcolormesh(x, y, shown, norm=LogNorm(1e-4, 1), cmap="cividis", shading="nearest")
    p_bar(mesh, ax, f"p ({label})")
    inside = np.nan_to_num(lattice, nan=1.0) <= alpha
    draw_border(ax, inside)
    for (name, (x1, x2)), marker in zip(tables.items(), MARKS, strict=False):
        ax.plot(x1, x2, marker=marker, markersize=11, color="white", markeredgecolor="black", linestyle="", label=name)
    if tables:
        ax.legend(loc="upper left", framealpha=0.9)
    ax.grid(False)
    ax.set(xlabel=f"responders on {arms[0]} (of {n1})", ylabel=f"responders on {arms[1]} (of {n2})")
    marked = "".join(f" {name} at {x1} and {x2} has p = {lattice[x1, x2]:.4f}." for name, (x1, x2) in tables.items())
    undefined = " White cells: not defined." if np.isnan(lattice).any() else ""
    return describe(
        ax,
        f"Map of the p-value of {label} for all {lattice.size} tables. A band along the diagonal has large p-values; a "
        f"line separates it from the two corners, {int(inside.sum())} tables, where p is at most {alpha:g}.{undefined}{marked}",
    )


def draw_border(ax: Axes, inside: np.ndarray) -> None:
    """Draw the edges between tables inside and outside a region."""
    upright = [((x + 0.5, y - 0.5), (x + 0.5, y + 0.5)) for x, y in np.argwhere(inside[1:, :] != inside[:-1, :])]
    level = [((x - 0.5, y + 0.5), (x + 0.5, y + 0.5)) for x, y in np.argwhere(inside[:, 1:] != inside[:, :-1])]
    ax.add_collection(LineCollection([*upright, *level], colors="white", linewidths=2.2, capstyle="projecting"))


def pvalues(frame: pd.DataFrame, alpha: float = 0.05, reported: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw the p-value of each test as a dot, smallest on top.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``Comparison.tests()``: columns ``label``, ``family``, ``p``.
    alpha : float
        Level drawn as a line.
    reported : float, optional
        Printed p-value, drawn as a line.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from lupus_kit import figures, inference
    >>> found = inference.compare(16, 29, 9, 30).tests()
    >>> figures.alt_text(figures.inference.pvalues(found, reported=0.052))[:60]
    'Dots for 30 tests, from p = 0.0434 (Wald, risk difference, u'
    """
    ax = axes(ax, (8, 0.8 + 0.27 * len(frame)))
    data = frame.dropna(subset="p").sort_values("p", kind="stable")
    palette = colours(data["family"].nunique())
    sns.scatterplot(
        data, x="p", y="label", hue="family", style="family", markers=_FAMILY_MARKERS, palette=palette, s=70, ax=ax
    )
    ax.axvline(alpha, color="0.2", linestyle="--", linewidth=1.4)
    ax.annotate(f"{alpha:g}", (alpha, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom")
    if reported is not None:
        ax.axvline(reported, color=PUBLISHED, linewidth=1.6)
        ax.annotate(f"printed {reported:g}", (reported, 0.0), xycoords=("data", "axes fraction"), xytext=(4, 4),
                    textcoords="offset points", color=darker(PUBLISHED, 4.5))  # fmt: skip
    ax.set(xlabel="two-sided p-value", ylabel="")
    ax.legend(title="", frameon=False, loc="upper right")
    above = int((data["p"] > alpha).sum())
    return describe(
        ax,
        f"Dots for {len(data)} tests, from p = {data['p'].iloc[0]:.4f} ({data['label'].iloc[0]}) to "
        f"{data['p'].iloc[-1]:.4f} ({data['label'].iloc[-1]}). {above} lie above {alpha:g}, {len(data) - above} do not.",
    )


def size_curves(frame: pd.DataFrame, alpha: float = 0.05, ax: Axes | None = None) -> Axes:
    """Draw how often each test rejects a true null hypothesis, along the nuisance parameter.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``label`` (of the test), ``rate`` and ``rejection_probability``.
    alpha : float
        Nominal level.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from lupus_kit import figures, inference
    >>> found = inference.size_curve("pearson", 29, 30).assign(label="Pearson")
    >>> figures.alt_text(figures.inference.size_curves(found))[:60]
    'Curves of the true rejection rate against the common respons'
    """
    ax = axes(ax, (8, 4.5))
    palette = colours(frame["label"].nunique())
    sns.lineplot(
        frame, x="rate", y="rejection_probability", hue="label", style="label", palette=palette, linewidth=2, ax=ax
    )
    ax.legend(title="", frameon=False)
    ax.axhline(alpha, color="0.2", linestyle="--", linewidth=1.2)
    ax.set(xlabel="common response rate of both arms (nuisance parameter)", ylabel="probability of p ≤ " + f"{alpha:g}")
    ax.set(xlim=(0, 1), ylim=(0, None))
    top = frame.groupby("label", sort=False)["rejection_probability"].max()
    listed = "; ".join(f"{label} reaches {value:.4f}" for label, value in top.items())
    said = f"Curves of the true rejection rate against the common response rate. Nominal level {alpha:g}. {listed}."
    return describe(ax, said)


def tipping_map(frame: pd.DataFrame, alpha: float = 0.05, ax: Axes | None = None, arms: tuple[str, str] = ARMS) -> Axes:
    """Draw the p-value of one test for every way the missing outcomes could have gone.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``inference.tipping_point`` of one test.
    alpha : float
        Level: cells at or below it are framed.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.
    arms : tuple of str
        Names of both arms, for the axes.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from lupus_kit import figures, inference
    >>> found = inference.tipping_point(16, 29, 9, 30, 1, 0)
    >>> figures.alt_text(figures.inference.tipping_map(found))[:60]
    'Table of p-values for 2 ways the missing outcomes could have'
    """
    grid = frame.pivot_table(index="missing_responders_2", columns="missing_responders_1", values="p")
    ax = axes(ax, (max(4.6, 2.2 + 0.75 * len(grid.columns)), max(2.8, 1.6 + 0.6 * len(grid))))
    values = grid.to_numpy()
    # Edges, not centres: from one centre Matplotlib cannot tell how wide a cell is, and draws none.
    edges = [np.arange(len(names) + 1) - 0.5 for names in (grid.columns, grid.index)]
    mesh = ax.pcolormesh(*edges, np.clip(values, 1e-3, 1), norm=LogNorm(1e-3, 1), cmap="cividis")
    for i, j in np.ndindex(values.shape):
        colour = ink(mesh.to_rgba(values[i, j])[:3])
        weight = "bold" if values[i, j] <= alpha else "normal"
        ax.text(grid.columns[j], grid.index[i], f"{values[i, j]:.3f}", ha="center", va="center", fontsize=9,
                color=colour, weight=weight)  # fmt: skip
    draw_border(ax, (values <= alpha).T)
    ax.grid(False)
    ax.set(xlabel=f"missing on {arms[0]} who responded", ylabel=f"missing on {arms[1]}\nwho responded")
    ax.set_xticks(grid.columns)
    ax.set_yticks(grid.index)
    significant = int(frame["significant"].sum())
    return describe(
        ax,
        f"Table of p-values for {len(frame)} ways the missing outcomes could have gone, from {frame['p'].min():.3f} to "
        f"{frame['p'].max():.3f}. {significant} of them, in bold, are at most {alpha:g}.",
    )


def forest(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the effect in every stratum, and below them in all strata together.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``inference.stratified(...).forest(measure)``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import figures, inference
    >>> tables = pd.DataFrame({"stratum": ["female", "male"], "x1": [16, 12], "n1": [27, 28], "x2": [5, 7], "n2": [25, 26]})
    >>> found = inference.stratified(tables)
    >>> figures.alt_text(figures.inference.forest(found.forest()))[:60]
    'Forest of the risk difference (percentage points) in 2 strat'
    """
    remedy = "give stratified(...).forest()"
    need_columns(frame, "the table", remedy, "stratum", "measure", "low", "high", "weight", "pooled")
    ax = axes(ax, (8, 1.4 + 0.45 * len(frame)))
    measure, rows = frame["measure"].iloc[0], np.arange(len(frame))
    scale, null, unit = UNITS[measure]
    ends = scale * frame[["estimate", "low", "high"]].astype(float)
    said = "; ".join(
        f"{name}: {values[0]:.3g} ({values[1]:.3g} to {values[2]:.3g})" if not np.isnan(values[1]) else f"{name}: none"
        for name, *values in zip(frame["stratum"], *(ends[name] for name in ends), strict=True)
    )
    if null == 1:  # an end at 0 or without limit is drawn at the edge
        finite = ends.where((ends > 0) & np.isfinite(ends)).to_numpy()
        ends = ends.clip(np.nanmin([1, *finite.ravel()]) / 3, np.nanmax([1, *finite.ravel()]) * 3)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
    for pooled, marker, colour in ((False, "s", "0.2"), (True, "D", PUBLISHED)):
        some = (frame["pooled"] == pooled).to_numpy()
        ax.hlines(rows[some], ends["low"][some], ends["high"][some], color=colour, linewidth=2.4)
        size = 90 if pooled else 25 + 200 * frame["weight"][some]
        ax.scatter(ends["estimate"][some], rows[some], s=size, marker=marker, color=colour, zorder=3)
    ax.axvline(null, color="0.2", linestyle="--", linewidth=1.2)
    counts = frame[["stratum", "x1", "n1", "x2", "n2"]].itertuples(index=False)
    ax.set_yticks(rows, [f"{name}  {x1}/{n1} v {x2}/{n2}" for name, x1, n1, x2, n2 in counts])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.set_xlabel(f"{measure}{unit}, {frame['level'].iloc[0]:.0%} interval")
    return describe(ax, f"Forest of the {measure}{unit} in {len(frame) - 1} strata and in all together. {said}.")
