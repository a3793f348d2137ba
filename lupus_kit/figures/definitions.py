"""A figure of which clauses decide a response, drawn from the table that ``endpoints.deciding_clauses`` makes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lupus_kit.core.errors import InputError
from lupus_kit.figures.style import ARM_PALETTE, NEUTRAL, PALETTE, describe, stacked
from lupus_kit.figures.tables import arms_in, need_columns

_EVERYBODY = "all patients"
_FAINT = "0.57"


def _of_visit(frame: object, week: float | None) -> tuple[pd.DataFrame, float]:
    """Return the rows of one visit, each with an arm, and its week; a table of several visits needs a choice."""
    source = "give endpoints.deciding_clauses(...).intersections()"
    if not isinstance(frame, pd.DataFrame) or frame.empty:
        raise InputError(f"a table with rows is needed: {source}.")
    need_columns(frame, "the table", source, "week", "failed", "n", "of")
    found = sorted(frame["week"].unique())
    chosen = [one for one in found if week in (one, None)]
    if len(chosen) != 1:
        raise InputError(f"week == {week!r}: choose one of the week(s) {', '.join(f'{w:g}' for w in found)}.")
    arm = frame["arm"].astype(str) if "arm" in frame else _EVERYBODY
    return frame.assign(arm=arm)[frame["week"] == chosen[0]], float(chosen[0])


def _colour(arm: str, k: int) -> object:
    return ARM_PALETTE.get(arm, NEUTRAL if arm == _EVERYBODY else PALETTE[(k + 4) % 10])


def deciding_clauses(intersections: pd.DataFrame, week: float | None = None) -> Axes:
    """Draw which clauses patients fail together: bars of counts by arm, and below each the clauses of that set.

    Parameters
    ----------
    intersections : pandas.DataFrame
        ``endpoints.deciding_clauses(...).intersections()``.
    week : number, optional
        Which visit; needed where the table has several.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes of a new figure, with alt text.

    Raises
    ------
    InputError
        If the table is another one, is empty, or has several visits and none is chosen.

    Examples
    --------
    >>> from lupus_kit import cohort, endpoints, figures
    >>> found = endpoints.deciding_clauses(endpoints.sri(cohort.what_if(seed=1).visits), week=12)
    >>> figures.alt_text(figures.definitions.deciding_clauses(found.intersections()))[:60]
    'Bars of how many patients failed each set of clauses at week'
    """
    rows, shown = _of_visit(intersections, week)
    arms, when = arms_in(rows), f" at week {shown:g}"
    keys = ("visit", "week", "arm", "failed", "n", "of")
    clauses = [c for c in rows.columns if c not in keys]
    counts = rows.pivot(index="failed", columns="arm", values="n").fillna(0).astype(int)[arms]
    of = rows.groupby("arm")["of"].first()
    answered = counts.loc["responder"] if "responder" in counts.index else pd.Series(0, index=arms)
    counts = counts.drop(index="responder", errors="ignore")
    counts = counts[counts.sum(axis=1) > 0]
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    sets = rows.drop_duplicates("failed").set_index("failed").loc[counts.index, clauses].astype(bool)
    lines = [f"{arm}: {answered[arm]} of {of[arm]} respond" for arm in arms]

    height = 0.42 * len(clauses)
    top, dots = stacked((max(7.0, 3.0 + 0.8 * len(counts)), 3.9 + height), (3.2, height))
    _bars(top, counts, arms)
    top.set_title(f"Clauses failed by those who did not respond{when}\n{'; '.join(lines)}", loc="left")
    _matrix(dots, sets)
    if counts.empty:
        top.text(0.5, 0.5, "every patient responds", transform=top.transAxes, ha="center", va="center", fontsize=14)
    said = "; ".join(f"{name}: " + ", ".join(f"{n} on {a}" for a, n in row.items()) for name, row in counts.iterrows())
    said = said or "no patient fails a clause"
    return describe(
        top,
        f"Bars of how many patients failed each set of clauses{when}, by arm, over a matrix of dots that marks the "
        f"clauses of each set. {'; '.join(lines)}. Failed sets: {said}.",
    )


def _bars(ax: Axes, counts: pd.DataFrame, arms: list[str]) -> None:
    """Draw one group of bars per set, each bar with its count."""
    width = 0.8 / len(arms)
    place = np.arange(len(counts))
    for k, arm in enumerate(arms):
        where = place + (k - (len(arms) - 1) / 2) * width
        bars = ax.bar(where, counts[arm], width * 0.94, color=_colour(arm, k), label=arm)
        ax.bar_label(bars, [str(n) for n in counts[arm]], padding=2)
    ax.set(ylabel="patients")
    ax.set_ylim(0, 1.15 * max(1, int(counts.to_numpy().max(initial=0))))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.tick_params(axis="x", bottom=False, labelbottom=False)
    ax.grid(False, axis="x")
    if arms != [_EVERYBODY] and len(counts):
        ax.legend(frameon=False, loc="upper right")


def _matrix(ax: Axes, sets: pd.DataFrame) -> None:
    """Draw the clauses of each set as dots, joined by a line."""
    names, total = list(sets.columns), sets.sum()
    marks = sets.to_numpy(dtype=bool)
    for y in range(0, len(names), 2):
        ax.axhspan(y - 0.5, y + 0.5, color="0.96", zorder=0)
    column, row = np.meshgrid(np.arange(len(sets)), np.arange(len(names)), indexing="ij")
    ax.scatter(column[~marks], row[~marks], s=12, color=_FAINT, zorder=2)
    ax.scatter(column[marks], row[marks], s=90, color="0.2", zorder=3)
    for x, mark in enumerate(marks):
        inside = np.flatnonzero(mark)
        if len(inside) > 1:
            ax.plot([x, x], [inside[0], inside[-1]], color="0.2", linewidth=2.5, zorder=2)
    ax.set_yticks(range(len(names)), names)
    for label, name in zip(ax.get_yticklabels(), names, strict=True):
        label.set_color("0.15" if total[name] else "0.4")
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(-0.6, max(len(sets), 1) - 0.4)
    ax.set_xticks([])
    ax.grid(False)
    ax.set_xlabel("one column for each set of clauses that occurs")
