"""Stop 7: what thousands of simulated trials show. All error bars are two Monte Carlo standard errors to each side."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from scipy.stats import norm

from lupus_kit.core.errors import InputError
from lupus_kit.figures.style import MARKS, NEUTRAL, NO, PALETTE, PUBLISHED, YES, axes, describe
from lupus_kit.figures.tables import need_columns

# Quantities that are probabilities of an event; the others are differences, ratios or numbers of patients.
_PROBABILITIES = (
    "primary claimed", "secondary claimed", "any endpoint claimed", "primary significant", "secondary significant",
    "secondary significant, primary not", "any false claim", "primary harm found", "secondary harm found",
    "type III error", "stopped early", "stopped for futility",
)  # fmt: skip
# Of these a row is drawn only where it shows something.
_RARE = _PROBABILITIES[-5:]

#: How lines are dashed, beside their marks and colours.
_DASHES = ("-", "--", "-.", ":")


def _need(frame: pd.DataFrame, source: str, *columns: str) -> None:
    need_columns(frame, "the frame", f"give {source}", *columns)


def pvalue_distribution(
    frame: pd.DataFrame,
    alpha: float = 0.05,
    endpoint: str = "primary",
    observed: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how the p-value of one endpoint is distributed over trials.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``Simulation.pvalue_distribution()``.
    alpha : float
        Level; bars up to it are coloured as significant.
    endpoint : str
        Which endpoint.
    observed : float, optional
        A p-value to mark.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from lupus_kit import figures, simulation
    >>> from lupus_kit.design import he2020
    >>> rates = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30))
    >>> found = simulation.run(he2020(), rates, n_trials=500, seed=1)
    >>> figures.alt_text(figures.simulation.pvalue_distribution(found.pvalue_distribution()))[:60]
    'Histogram of the p-value of the primary endpoint over trials'
    """
    _need(frame, "Simulation.pvalue_distribution()", "endpoint", "low", "high", "share", "mc_error")
    rows = frame[frame["endpoint"] == endpoint]
    if rows.empty:
        raise InputError(f"endpoint == {endpoint!r}: the frame has {', '.join(map(repr, frame['endpoint'].unique()))}.")
    bars, without = rows.dropna(subset=["low"]), float(rows.loc[rows["low"].isna(), "share"].sum())
    ax = axes(ax, (8, 4.2))
    inside = (bars["high"] <= alpha + 1e-9).to_numpy()
    width = bars["high"] - bars["low"]
    ax.bar(
        bars["low"], bars["share"], width=0.94 * width, align="edge", color=[YES if s else NEUTRAL for s in inside],
        yerr=2 * bars["mc_error"], error_kw={"elinewidth": 1, "ecolor": "0.25"},
    )  # fmt: skip
    if observed is not None:
        ax.axvline(observed, color=PUBLISHED, linewidth=2, label=f"observed: {observed:.3f}")
        ax.legend(frameon=False)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set(xlabel=f"p-value, {endpoint} endpoint", ylabel="share of trials", xlim=(0, 1), ylim=(0, None))
    below = float(bars.loc[inside, "share"].sum())
    undefined = f" {without:.1%} of the trials have no p-value." if without > 0 else ""
    return describe(
        ax,
        f"Histogram of the p-value of the {endpoint} endpoint over trials, in {len(bars)} bars. {below:.1%} lie at or "
        f"below {alpha:g}; {float(bars.loc[bars['low'] >= 0.5 - 1e-9, 'share'].sum()):.1%} lie above 0.5.{undefined}",
    )


def operating_characteristics(frames: dict[str, pd.DataFrame], ax: Axes | None = None) -> Axes:
    """Draw the probabilities of what a trial can end with, for one or several trials.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        ``Simulation.summary()`` by the name of the trial, in the order of drawing.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes
        Points with bars of two Monte Carlo standard errors to each side.

    Examples
    --------
    >>> from lupus_kit import figures, simulation
    >>> from lupus_kit.design import he2020
    >>> rates = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30))
    >>> found = simulation.run(he2020(), rates, n_trials=500, seed=1)
    >>> figures.alt_text(figures.simulation.operating_characteristics({"as planned": found.summary()}))[:60]
    'Probabilities of the outcomes of a trial. primary claimed 48'
    """
    if not frames:
        raise InputError("frames is empty: give at least one summary with its name.")
    for frame in frames.values():
        _need(frame, "Simulation.summary()", "quantity", "estimate", "mc_error")
    # Of several active arms the claim of each has a name of its own.
    named = dict.fromkeys(q for frame in frames.values() for q in frame["quantity"] if q.endswith(" claimed"))
    of_arms = [q for q in named if not q.endswith(" if claimed") and q not in _PROBABILITIES]
    probabilities = [*of_arms, *_PROBABILITIES]
    tables = {name: frame.set_index("quantity").reindex(probabilities) for name, frame in frames.items()}
    shown = [q for q in probabilities if any(np.isfinite(t.loc[q, "estimate"]) for t in tables.values())]
    # Nothing can stop early in a trial without looks: a row of zeros says nothing.
    shown = [q for q in shown if q not in _RARE or any(t.loc[q, "estimate"] > 5e-4 for t in tables.values())]
    ax = axes(ax, (8.5, 1.4 + len(shown) * (0.34 + 0.2 * len(tables))))
    colours, said = [PALETTE[k % 10] for k in range(len(tables))], []
    for k, (name, table) in enumerate(tables.items()):
        rows = table.loc[shown]
        place = np.arange(len(shown)) + (k - (len(tables) - 1) / 2) * 0.22
        ax.errorbar(
            rows["estimate"], place, xerr=2 * rows["mc_error"].fillna(0), linestyle="none", capsize=3,
            marker=MARKS[k % 8], markersize=8, color=colours[k], label=name,
        )  # fmt: skip
        listed = "; ".join(f"{q} {v:.1%}" for q, v in rows["estimate"].items() if np.isfinite(v))
        said.append(f"{name}: {listed}" if len(tables) > 1 else listed)
    ax.set_yticks(range(len(shown)), shown)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set(xlabel="probability", xlim=(-0.02, 1.02))
    if len(tables) > 1:
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return describe(ax, f"Probabilities of the outcomes of a trial. {'. '.join(said)}.")


def exaggeration(frame: pd.DataFrame, true: float, ax: Axes | None = None) -> Axes:
    """Draw what the filter of significance does to the estimate: type M and type S.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``Simulation.estimates()``: ``difference``, ``significant`` and ``share``.
    true : float
        The true difference.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes
        All estimates in bars, the significant ones coloured; lines at the truth and at the mean of the significant.

    Examples
    --------
    >>> from lupus_kit import figures, simulation
    >>> from lupus_kit.design import he2020
    >>> rates = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30))
    >>> found = simulation.run(he2020(), rates, n_trials=500, seed=1)
    >>> figures.alt_text(figures.simulation.exaggeration(found.estimates(), true=16 / 29 - 9 / 30))[:60]
    'Distribution of the estimated difference around a true 25.2 '
    """
    _need(frame, "Simulation.estimates()", "difference", "significant", "share")
    ax = axes(ax, (8, 4.4))
    chosen = frame[frame["significant"]]
    power = float(chosen["share"].sum())
    edges = _edges(frame["difference"])
    middle, base = (edges[:-1] + edges[1:]) / 2, np.zeros(len(edges) - 1)
    for rows, colour, label in ((frame[~frame["significant"]], NO, "not significant"), (chosen, YES, "significant")):
        height = np.histogram(rows["difference"], edges, weights=rows["share"])[0]
        ax.bar(100 * middle, height, width=92 * (edges[1] - edges[0]), bottom=base, color=colour, label=label)
        base = base + height
    ax.axvline(100 * true, color="0.1", linewidth=2, label=f"true: {100 * true:.1f}")
    mean = float(np.average(chosen["difference"], weights=chosen["share"])) if power > 0 else float("nan")
    if power > 0:
        ax.axvline(100 * mean, color=PUBLISHED, linewidth=2, linestyle="--",
                   label=f"mean of the significant: {100 * mean:.1f}")  # fmt: skip
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    seen = frame.loc[frame["share"] > 2e-4, "difference"]
    ax.set(xlabel="estimated difference of the response rates (percentage points)", ylabel="share of trials")
    ax.set_xlim(100 * min(seen.min(), 0) - 3, 100 * max(seen.max(), 0) + 3)
    ax.legend(frameon=False, loc="upper left")
    said = "No trial is significant."
    if power > 0:
        size = float(np.average(chosen["difference"].abs(), weights=chosen["share"]))
        said = f"{power:.1%} of the trials are significant; in them the estimate is {100 * mean:.1f} on average"
        if true:
            wrong = float(chosen.loc[np.sign(chosen["difference"]) == -np.sign(true), "share"].sum()) / power
            said += f", its size {size / abs(true):.2f} times the truth, and {wrong:.2%} have the wrong sign"
        said += "."
    return describe(ax, f"Distribution of the estimated difference around a true {100 * true:.1f} points. {said}")


def _edges(differences: pd.Series) -> np.ndarray:
    """Bars around 0: one for each possible difference where there are few, else of 2.5 points."""
    gaps = np.diff(np.unique(differences.round(9)))
    width = float(gaps.min()) if len(gaps) and gaps.min() > 0.009 else 0.025
    reach = np.ceil(1 / width)
    return np.asarray((np.arange(-reach, reach + 2) - 0.5) * width)


def boundaries(frames: dict[str, pd.DataFrame], alpha: float = 0.05, ax: Axes | None = None) -> Axes:
    """Draw the nominal level that each interim look asks for, and where it stops for futility.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        ``Boundaries.to_frame()`` by name.
    alpha : float
        Level of the whole test, drawn as a line.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from lupus_kit import figures, simulation
    >>> bounds = simulation.group_sequential([0.5, 1.0], shape="pocock")
    >>> figures.alt_text(figures.simulation.boundaries({"Pocock": bounds.to_frame()}))[:60]
    'Nominal levels at each look, for 0.05 in all. Pocock: p at m'
    """
    if not frames:
        raise InputError("frames is empty: give at least one boundary with its name.")
    ax = axes(ax, (8, 4.6))
    said = []
    for k, (name, frame) in enumerate(frames.items()):
        _need(frame, "Boundaries.to_frame()", "information", "nominal_level")
        drawn = frame[frame["nominal_level"] > 0]
        ax.plot(
            drawn["information"], drawn["nominal_level"], marker=MARKS[k % 8], markersize=8, linewidth=2,
            linestyle=_DASHES[k % 4], color=PALETTE[k % 10], label=name,
        )  # fmt: skip
        listed = ", ".join(f"{p:.2g}" for p in frame["nominal_level"])
        said.append(f"{name}: p at most {listed}")
        if "futility_z" in frame:
            # On the axis of the test's p-values; 1 where even a small difference in favour of the other arm goes on.
            sides = frame["nominal_level"].iloc[-1] / norm.sf(frame["critical_z"].iloc[-1])
            stops = np.minimum(sides * norm.sf(frame["futility_z"].dropna()), 1.0)
            ax.plot(frame["information"][: len(stops)], stops, marker="v", markersize=8, linewidth=1.4, linestyle=":",
                    color=PALETTE[k % 10], label=f"{name}: futility above")  # fmt: skip
            said[-1] += f", for futility above {', '.join(f'{p:.2g}' for p in stops)}"
    ax.axhline(alpha, color="0.2", linestyle="--", linewidth=1.2)
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ticks = [v for v in (1e-6, 1e-5, 1e-4, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1) if 0.5 * low <= v <= high]
    ax.set_yticks(ticks, [f"{v:g}" for v in ticks])
    ax.set_yticks([], minor=True)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set(xlabel="information: share of the patients with an outcome", ylabel="p-value that stops the trial (log)")
    ax.legend(frameon=False, loc="lower right")
    return describe(ax, f"Nominal levels at each look, for {alpha:g} in all. {'. '.join(said)}.")
