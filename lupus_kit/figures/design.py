"""Core path and stop 1: shuffled tickets; injections and visits; how balanced an allocation stays; the flow of participants."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lupus_kit.figures.style import ARM_PALETTE, NEUTRAL, PALETTE, PUBLISHED, axes, describe, panels, title_above


def dosing_calendar(calendar: pd.DataFrame, visits: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each injection of each arm, and the visits.

    Parameters
    ----------
    calendar : pandas.DataFrame
        ``TrialDesign.dosing_calendar()``.
    visits : pandas.DataFrame
        Columns ``name`` and ``week``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import design, figures
    >>> trial = design.he2020()
    >>> visits = pd.DataFrame([(one.name, one.week) for one in trial.visits], columns=["name", "week"])
    >>> figures.alt_text(figures.design.dosing_calendar(trial.dosing_calendar(), visits))[:60]
    'Timeline of 24 weeks. Each arm (IL-2, placebo) has 21 inject'
    """
    ax = axes(ax, (9, 3.2))
    palette = {arm: ARM_PALETTE.get(arm, NEUTRAL) for arm in calendar["arm"].unique()}
    sns.stripplot(
        calendar, x="week", y="arm", hue="arm", palette=palette, jitter=False, size=9, marker="|", linewidth=2.2, ax=ax
    )
    for visit in visits.itertuples():
        ax.axvline(visit.week, color="0.35", linestyle="--", linewidth=1.4, zorder=1.5)
        ax.annotate(
            visit.name, (visit.week, 1.02), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=11
        )
    last = max(visits["week"])
    ax.set(xlabel="weeks since the first injection", ylabel="", xlim=(-1, last + 1), xticks=range(0, int(last) + 1, 2))
    counts = calendar.groupby("arm", sort=False).size()
    cycles = calendar["cycle"].nunique()
    return describe(
        ax,
        f"Timeline of {int(last)} weeks. Each arm ({', '.join(counts.index)}) has {int(counts.iloc[0])} injections, drawn "
        f"as ticks in {cycles} groups with breaks between them; the last is in week {calendar['week'].max():.1f}. Dashed "
        f"lines mark the visits: {', '.join(visits['name'])}.",
    )


def allocation_balance(allocations: dict[str, pd.DataFrame], first_arm: str, ax: Axes | None = None) -> Axes:
    """Draw how many more patients the first arm has, as patients enter.

    Parameters
    ----------
    allocations : dict of str to pandas.DataFrame
        Allocation lists (columns ``sequence`` and ``arm``) by the name to print in the legend.
    first_arm : str
        The arm that is counted as positive.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from lupus_kit import design, figures
    >>> drawn = design.permuted_blocks(60, ["IL-2", "placebo"], 4, seed=1)
    >>> figures.alt_text(figures.design.allocation_balance({"blocks of 4": drawn}, "IL-2"))[:60]
    'Step lines of the imbalance between arms as patients enter. '
    """
    ax = axes(ax, (8, 4))
    worst = {}
    # Blue and orange stand for the arms in every figure; these lines are ways to allocate, not arms.
    colours = PALETTE[2 : 2 + len(allocations)]
    for colour, (name, frame) in zip(colours, allocations.items(), strict=True):
        lead = (frame["arm"] == first_arm).map({True: 1, False: -1}).cumsum()
        worst[name] = int(lead.abs().max())
        ax.step(frame["sequence"], lead, where="post", label=name, color=colour, linewidth=2)
    ax.axhline(0, color="0.4", linewidth=1)
    ax.set(xlabel="patients allocated so far", ylabel=f"extra patients on {first_arm}")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False)
    listed = "; ".join(f"{name}: at most {value}" for name, value in worst.items())
    return describe(ax, f"Step lines of the imbalance between arms as patients enter. Largest imbalance: {listed}.")


def participant_flow(flow: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the CONSORT 2025 flow diagram.

    Parameters
    ----------
    flow : pandas.DataFrame
        ``design.participant_flow(...)``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from lupus_kit import design
    >>> visits = pd.DataFrame({"patient": ["a", "b", "a"], "arm": ["x", "y", "x"], "week": [0, 0, 12]})
    >>> participant_flow(design.participant_flow(visits)).get_title()
    'Flow of participants'
    """
    arms = [arm for arm in flow["arm"].unique() if arm]
    stages = list(flow["stage"].unique())
    height = 1.2 + 0.3 * int(flow.groupby(["stage", "arm"], sort=False).size().groupby("stage").max().sum())
    ax = axes(ax, (max(7.0, 4.6 * len(arms)), height))
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], title="Flow of participants")
    ax.set(xlabel="arms of the trial", ylabel="stages, from top to bottom")
    sns.despine(ax=ax, left=True, bottom=True)
    said = []
    tops = {stage: 1 - (k + 0.5) / len(stages) for k, stage in enumerate(stages)}
    for (stage, arm), lines in flow.groupby(["stage", "arm"], sort=False):
        counts = [
            f"{row.what} (n = {row.n})" if pd.notna(row.n) else f"{row.what} (not in the data)"
            for row in lines.itertuples()
        ]
        x = (arms.index(arm) + 0.5) / len(arms) if arm else 0.5
        text = "\n".join([f"{arm}: {stage}" if arm else stage, *counts])
        k = stages.index(stage)
        if k:  # from the box above, or from the one of everybody
            above = (x, tops[stages[k - 1]]) if k > 1 else (0.5, tops[stages[0]])
            ax.annotate("", (x, tops[stage]), above, arrowprops={"arrowstyle": "-", "color": "0.4"}, zorder=1)
        box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": ARM_PALETTE.get(arm, NEUTRAL)}
        ax.text(x, tops[stage], text, ha="center", va="center", fontsize=9, bbox=box, zorder=2)
        said.append(f"{f'{arm}, ' if arm else ''}{stage}: {', '.join(counts)}")
    return describe(ax, f"CONSORT flow diagram, from top to bottom. {'; '.join(said)}.")


def shuffled_tickets(
    differences: np.ndarray, observed: float, order: np.ndarray, answers: np.ndarray, n1: int, arms: tuple[str, str]
) -> Axes:
    """Draw the tickets as they were dealt last, and beside them the differences of all shuffles so far.

    Parameters
    ----------
    differences : ndarray of float
        Difference of the response rates of each shuffle, a proportion.
    observed : float
        That of the trial.
    order : ndarray of int, shape (patients,)
        The ticket at each place, as an index of `answers`; the first `n1` places are those of the first arm.
    answers : ndarray of bool, shape (patients,)
        Whether a patient responded; the first `n1` were in the first arm of the trial.
    n1 : int
        Patients in the first arm.
    arms : tuple of str
        Names of both arms, for the axes.

    Returns
    -------
    matplotlib.axes.Axes
        Those of the tickets, with alt text for both.

    Examples
    --------
    >>> import numpy as np
    >>> from lupus_kit import figures
    >>> answers = np.arange(59) % 2 == 0
    >>> order = np.random.default_rng(1).permutation(59)
    >>> figures.alt_text(figures.design.shuffled_tickets(np.array([0.1, -0.2]), 0.25, order, answers, 29, ("IL-2", "placebo")))[:60]
    'Left: 59 tickets as they lie now, 14 of 29 on IL-2 and 16 of'
    """
    left, right = panels((8.2, 3.9), (0.72, 1))
    n2, columns, points = len(order) - n1, 6, 100 * observed
    gap = -(-n1 // columns) + 1
    place = np.concatenate([np.arange(n1), gap * columns + np.arange(n2)])
    shade = np.where(order[:, None] < n1, ARM_PALETTE["IL-2"], ARM_PALETTE["placebo"])
    face = np.where(answers[order][:, None], shade, 1)
    left.scatter(place % columns, place // columns, s=95, marker="s", facecolor=face, edgecolor=shade, linewidth=1.6)
    left.set(xlim=(-0.7, columns - 0.3), ylim=(gap - (-n2 // columns) - 0.2, -0.8), xticks=[])
    left.set_yticks([gap / 2 - 1, 1.5 * gap - 0.5], [f"dealt to\n{arm}" for arm in arms])
    left.set_xlabel("filled: responded\ncolour: the arm in the trial")
    left.grid(False)
    values, count = np.unique(np.round(100 * differences, 6), return_counts=True)
    far = np.abs(values) >= abs(points) - 1e-6
    right.bar(values, count, 90 * (1 / n1 + 1 / n2), color=[PUBLISHED if one else NEUTRAL for one in far])
    right.axvline(points, color="black", linewidth=1.8)
    right.axvline(-points, color="black", linewidth=1.8, linestyle="--")
    reach = 70 if abs(points) < 60 else 105
    right.set(xlim=(-reach, reach), ylim=(0, 1.1 * max(4, *count, 0)), ylabel="shuffles")
    right.set_xlabel(f"difference of the rates (points),\n{arms[0]} minus {arms[1]}")
    right.yaxis.set_major_locator(MaxNLocator(integer=True))
    title_above(right, "line: the trial; dashed: its mirror")
    x1 = int(answers[order[:n1]].sum())
    return describe(
        left,
        f"Left: {n1 + n2} tickets as they lie now, {x1} of {n1} on {arms[0]} and {int(answers.sum()) - x1} of {n2} on "
        f"{arms[1]} with a response. Right: histogram of {len(differences):,} shuffled differences; {int(count[far].sum()):,} "
        f"are at least as far from zero as the trial's {points:+.1f} points, whose line and mirror image are drawn.",
    )
