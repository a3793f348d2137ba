"""Figures of a cohort: its baseline, its course, its immune cells.

The functions take the tables of a ``Cohort``; where a table marks its patients as invented, the figure says so.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lupus_kit.core.errors import InputError
from lupus_kit.figures.sri import response_over_time
from lupus_kit.figures.style import ARM_PALETTE, INVENTED, MARKS, NEUTRAL, PALETTE, PUBLISHED, axes, describe, stamp
from lupus_kit.figures.tables import arms_in, need_columns

_BASELINE_LABELS = {
    "age_years": "age (years)",
    "weight_kg": "weight (kg)",
    "disease_duration_months": "disease duration (months)",
    "sledai": "SLEDAI (points)",
    "pga": "PGA (0–3)",
    "prednisone_mg_day": "prednisone (mg/day)",
    "bilag_total": "BILAG (points)",
}
_CELL_LABELS = {
    "treg_percent_cd4": "regulatory T cells (% of CD4 T cells)",
    "nk_per_ul": "natural killer cells (cells/µL)",
}


def _require(frame: pd.DataFrame, what: str, *columns: str) -> None:
    need_columns(frame, what, f"it has {', '.join(map(str, frame.columns))}", *columns)


def sledai_trajectories(visits: pd.DataFrame, value: str = "sledai", ax: Axes | None = None) -> Axes:
    """Draw the score of every patient over time, thin, and the median of each arm, thick.

    Parameters
    ----------
    visits : pandas.DataFrame
        ``cohort.visits``: ``patient``, ``arm``, ``week`` and the score.
    value : {"sledai", "pga", "prednisone_mg_day"} or another numeric column
        Which score.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.
    """
    _require(visits, "the visit table", "patient", "arm", "week", value)
    ax = axes(ax, (8.5, 4.8))
    said = []
    for arm in arms_in(visits):
        chosen = visits.loc[visits["arm"].astype(str) == arm]
        wide = chosen.pivot(index="week", columns="patient", values=value).astype(float)
        n = wide.shape[1]
        alpha = float(np.clip(12 / max(n, 1), 0.03, 0.30))
        colour = ARM_PALETTE.get(arm, NEUTRAL)
        ax.plot(wide.index, wide.to_numpy(), color=colour, alpha=alpha, linewidth=1)
        middle = wide.median(axis=1)
        ax.plot(middle.index, middle, color=colour, linewidth=3.5, marker="o", label=f"{arm}, median of {n}")
        said.append(
            f"median on {arm} {middle.iloc[0]:g} at week {middle.index[0]} and {middle.iloc[-1]:g} at week {middle.index[-1]}"
        )
    label = _BASELINE_LABELS.get(value, value)
    ax.set(xlabel="weeks since the first injection", ylabel=label)
    ax.set_xticks(sorted(visits["week"].unique()))
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False)
    ax.set_title(f"{label.split(' (')[0]} of every patient", loc="left")
    stamp(ax)
    return describe(ax, f"One thin line per invented patient and a thick median line per arm: {'; '.join(said)}.")


def baseline_overview(patients: pd.DataFrame, visits: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how far the arms differ at entry, by chance: standardised differences of the baseline values.

    Parameters
    ----------
    patients, visits : pandas.DataFrame
        The tables of the cohort.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.

    Notes
    -----
    The standardised difference is the difference of the means, first arm minus second, over the root of the mean of
    the two variances. The grey band, ±1.96·√(1/n₁ + 1/n₂), holds about 95 % of the differences that randomisation
    alone gives.
    """
    _require(patients, "the table of patients", "patient", "arm")
    _require(visits, "the visit table", "patient", "week")
    extra = [c for c in visits.columns if c in _BASELINE_LABELS]
    entry = patients.merge(visits.loc[visits["week"] == 0, ["patient", *extra]], on="patient")
    arms = arms_in(entry)
    if len(arms) != 2:
        raise InputError(f"the cohort has the arm(s) {', '.join(arms)}: this figure compares exactly two.")
    names = [c for c in _BASELINE_LABELS if c in entry.columns]
    flags = [c for c in entry.columns if entry[c].dtype == bool]
    first, second = (entry.loc[entry["arm"].astype(str) == a, names + flags].astype(float) for a in arms)
    spread = np.sqrt((first.var() + second.var()) / 2).replace(0, np.nan)
    smd = ((first.mean() - second.mean()) / spread).dropna()
    labels = [_BASELINE_LABELS.get(c, c.replace("_", " ")).split(" (")[0] for c in smd.index]
    limit = 1.96 * np.sqrt(1 / len(first) + 1 / len(second))
    ax = axes(ax, (8.0, 1.2 + 0.34 * len(smd)))
    ax.axvspan(-limit, limit, color="0.93", zorder=0)
    ax.axvline(0, color="0.5", linewidth=1)
    outside = smd.abs() > limit
    ax.scatter(smd, labels, s=80, c=[INVENTED if o else NEUTRAL for o in outside], zorder=3)
    ax.invert_yaxis()
    reach = max(1.0, float(smd.abs().max()) * 1.15)
    xlabel = f"standardised difference at entry ({arms[0]} minus {arms[1]}, SD units)"
    ax.set(xlim=(-reach, reach), xlabel=xlabel, ylabel="")
    ax.set_title("Balance at entry\n(grey: 95 % of what chance gives)", loc="left")
    stamp(ax)
    return describe(
        ax,
        f"Standardised differences of {len(smd)} baseline values between {arms[0]} and {arms[1]}, invented patients. "
        f"{int(outside.sum())} lie outside the band of ±{limit:.2f} that chance gives.",
    )


def immune_cycles(
    immune: pd.DataFrame, doses: pd.DataFrame | None = None, value: str = "treg_percent_cd4", ax: Axes | None = None
) -> Axes:
    """Draw immune cells over the dosing cycles: mean and 95 % interval of each arm, dosing fortnights shaded.

    Parameters
    ----------
    immune : pandas.DataFrame
        ``cohort.immune``: ``arm``, ``week`` and the cells.
    doses : pandas.DataFrame, optional
        ``cohort.doses``; with it, the weeks of injections are shaded.
    value : {"treg_percent_cd4", "nk_per_ul"}
        Which cells.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.
    """
    _require(immune, "the immune table", "arm", "week", value)
    ax = axes(ax, (8.5, 4.5))
    if doses is not None:
        _require(doses, "the table of doses", "cycle", "day")
        for number, (_, days) in enumerate(doses.groupby("cycle")["day"]):
            label = "injections" if number == 0 else None
            ax.axvspan(days.min() / 7, days.max() / 7, color="0.91", zorder=0, label=label)
    said = []
    for k, arm in enumerate(arms_in(immune)):
        groups = immune.loc[immune["arm"].astype(str) == arm].groupby("week")[value]
        mean, half = groups.mean(), 1.96 * groups.sem().fillna(0)
        ax.errorbar(mean.index, mean, yerr=half, marker=MARKS[k % 8], color=ARM_PALETTE.get(arm), capsize=3,
                    linewidth=2, label=f"{arm}, mean and 95 % interval")  # fmt: skip
        said.append(
            f"{arm} starts at {mean.iloc[0]:.3g}, peaks at {mean.max():.3g} in week {mean.idxmax()}, ends at {mean.iloc[-1]:.3g}"
        )
    ax.set(xlabel="weeks since the first injection", ylabel=_CELL_LABELS.get(value, value))
    ax.set_xticks(sorted(immune["week"].unique()))
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, loc="lower right")
    name = _CELL_LABELS.get(value, value).split(" (")[0]
    ax.set_title(f"{name[0].upper()}{name[1:]} under cyclic dosing", loc="left")
    stamp(ax)
    return describe(ax, f"Mean {_CELL_LABELS.get(value, value)} at each visit, invented patients: {'; '.join(said)}.")


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
    colours = [NEUTRAL, PALETTE[2], PALETTE[9]]
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
