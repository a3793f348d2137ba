"""Figures of the SRI: who responds over time, and which clause decides.

Every function takes the table that ``endpoints.sri`` returns.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lupus_kit._errors import InputError
from lupus_kit.figures._style import ARM_PALETTE, arms_in, axes, describe, need_columns

_OUTCOMES = (
    "responder",
    "SLEDAI clause only",
    "BILAG clause only",
    "PGA clause only",
    "two or three clauses",
    "rescue only",
    "missing data",
)
_REMEDY = "give the result of endpoints.sri"
_COLOUR_OF = dict(zip(_OUTCOMES, [sns.color_palette("colorblind")[i] for i in (2, 0, 1, 4, 3, 8, 7)], strict=True))


def _outcome(frame: pd.DataFrame) -> pd.Series:
    """Name for each row what decided it."""
    failed = {
        name: (frame[f"{name.lower()}_clause"] == False).fillna(False).to_numpy(dtype=bool)  # noqa: E712
        for name in ("SLEDAI", "BILAG", "PGA")
    }
    count = np.sum(list(failed.values()), axis=0)
    answer = frame["responder"].astype("boolean")
    yes = answer.fillna(False).to_numpy(dtype=bool)
    open_answer = answer.isna().to_numpy() | frame["imputed"].to_numpy(dtype=bool)
    names = np.select(
        [yes, open_answer, count > 1, *((count == 1) & failed[n] for n in failed)],
        ["responder", "missing data", "two or three clauses", *(f"{n} clause only" for n in failed)],
        default="rescue only",
    )
    return pd.Series(pd.Categorical(names, categories=list(_OUTCOMES)), index=frame.index)


def sri_clauses(frame: pd.DataFrame, week: float = 12, ax: Axes | None = None) -> Axes:
    """Draw what decided each patient's SRI at one visit, as one stacked bar per arm.

    Parameters
    ----------
    frame : pandas.DataFrame
        Result of ``endpoints.sri``, with ``arm``.
    week : number
        Which visit.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.

    Raises
    ------
    InputError
        If columns are missing or no visit is in that week.
    """
    need_columns(
        frame,
        "the SRI table",
        "give the result of endpoints.sri",
        "arm",
        "week",
        "responder",
        "imputed",
        "sledai_clause",
        "bilag_clause",
        "pga_clause",
    )
    chosen = frame.loc[frame["week"] == week]
    if chosen.empty:
        weeks = ", ".join(f"{w:g}" for w in sorted(frame["week"].unique()))
        raise InputError(f"week == {week!r}: the table has only week(s) {weeks}.")
    arms = arms_in(chosen)
    counts = pd.crosstab(chosen["arm"].astype(str), _outcome(chosen)).reindex(
        arms, columns=list(_OUTCOMES), fill_value=0
    )
    counts = counts.loc[:, counts.sum() > 0]
    share = counts.div(counts.sum(axis=1), axis=0) * 100
    ax = axes(ax, (9.0, 3.2 + 0.5 * max(0, len(arms) - 2)))
    left = np.zeros(len(arms))
    for name in counts.columns:
        bars = ax.barh(arms, share[name], left=left, color=_COLOUR_OF[name], edgecolor="white", height=0.62)
        for bar, n, width in zip(bars, counts[name], share[name], strict=True):
            if width >= 3:
                ax.text(bar.get_x() + width / 2, bar.get_y() + bar.get_height() / 2, str(n), ha="center", va="center",
                        color="white", fontweight="bold")  # fmt: skip
        left += share[name].to_numpy()
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.set(xlim=(0, 100), xlabel="patients of the arm (%); counts inside the bars", ylabel="")
    ax.set_title(f"What decided the SRI at week {week:g}", loc="left")
    handles = [
        Patch(color=_COLOUR_OF[n], label=n if n in ("responder", "missing data") else f"failed: {n}") for n in counts
    ]
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=3, frameon=False)
    said = "; ".join(f"{arm}: " + ", ".join(f"{n} {name}" for name, n in counts.loc[arm].items() if n) for arm in arms)
    return describe(ax, f"Stacked bars, one per arm, of what decided the SRI at week {week:g}. {said}.")


def response_over_time(frame: pd.DataFrame, ax: Axes | None = None, legend: bool = True) -> Axes:
    """Draw the share of responders at each visit, one line per arm, with 95 % Wilson intervals.

    Parameters
    ----------
    frame : pandas.DataFrame
        Result of ``endpoints.sri``, with ``arm``. Rows whose ``responder`` is missing are left out.
    ax : matplotlib.axes.Axes, optional
        Where to draw.
    legend : bool
        Whether to name the arms; false where more is drawn and named afterwards.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.
    """
    need_columns(frame, "the SRI table", _REMEDY, "arm", "week", "responder")
    known = frame.dropna(subset=["responder"])
    ax = axes(ax)
    arms, said = arms_in(known), []
    for k, arm in enumerate(arms):
        groups = known.loc[known["arm"].astype(str) == arm].groupby("week")["responder"]
        x, n = groups.sum().astype(float), groups.size().astype(float)
        low, high = _wilson(x.to_numpy(), n.to_numpy())
        share = 100 * (x / n).to_numpy()
        weeks = x.index.to_numpy(dtype=float) + (k - (len(arms) - 1) / 2) * 0.25  # keep the error bars apart
        bars = np.clip([share - 100 * low, 100 * high - share], 0, None)
        colour = ARM_PALETTE.get(arm)
        ax.errorbar(weeks, share, yerr=bars, marker="os^D"[k % 4], color=colour, capsize=3, linewidth=2, label=arm)
        said.append(f"{arm} from {share[0]:.0f} % at week {x.index[0]:g} to {share[-1]:.0f} % at week {x.index[-1]:g}")
    ax.set(ylim=(0, 100), xlabel="weeks since the first injection", ylabel="SRI responders (%)")
    ax.set_xticks(sorted(known["week"].unique()))
    ax.set_title("Responders over time (bars: 95 % Wilson intervals)", loc="left")
    if legend:
        ax.legend(frameon=False)
    return describe(ax, f"Share of SRI responders at each visit, one line per arm: {'; '.join(said)}.")


def _wilson(x: np.ndarray, n: np.ndarray, z: float = 1.959963984540054) -> tuple[np.ndarray, np.ndarray]:
    """Wilson score interval of a share; drawn here so that figures import no engine."""
    p = x / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return centre - half, centre + half
