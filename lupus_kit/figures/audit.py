"""Stop 5: which analyses print as reported, every defensible analysis in order, the missing patient, two visits."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lupus_kit.figures.style import MARKS, NEUTRAL, NO, PUBLISHED, YES, axes, colours, describe


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

    Examples
    --------
    >>> from lupus_kit import audit, figures
    >>> found = audit.explain("0.052", 16, 29, 9, 30)
    >>> figures.alt_text(figures.audit.line_up(found, "0.052"))[:60]
    'Dots for 29 two-sided tests, from p = 0.0434 to 0.0905, and '
    """
    data = frame[frame["alternative"] == "two-sided"]
    data = data.sort_values("label") if steady else data.dropna(subset="p").sort_values("p", kind="stable")
    shape, size, font = ((7, 4.4), 35, 8) if steady else ((8, 0.8 + 0.27 * len(data)), 75, None)
    ax = axes(ax, shape)
    ax.axvspan(*_band(reported), facecolor=(*PUBLISHED, 0.25), edgecolor=PUBLISHED, linewidth=1)
    places, fitting = np.arange(len(data)), data["rounds_to_reported"].to_numpy(dtype=bool)
    for which, colour, marker in ((~fitting, NO, "o"), (fitting, YES, "D")):
        ax.scatter(data["p"][which], places[which], color=[colour], marker=marker, s=size, edgecolor="white", zorder=3)
    ax.set_yticks(places, data["label"], fontsize=font)
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

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import figures
    >>> lines = pd.DataFrame({"label": "Bonferroni", "rho": [-1.0, 1.0], "error": [0.05, 0.025]})
    >>> dots = pd.DataFrame({"label": ["Bonferroni"], "error": [0.045], "chosen": [True]})
    >>> figures.alt_text(figures.audit.rule_lines(lines, dots, rho=0.4))[:60]
    'Chance of at least one false claim against the correlation o'
    """
    ax = axes(ax, (9, 4.6))
    for marker, colour, row in zip(MARKS.replace("*", ""), colours(len(dots)), dots.itertuples(), strict=False):
        line = lines[lines["label"] == row.label]
        wide, size, edge = (3.2, 12, "black") if row.chosen else (1.3, 8, "white")
        ax.plot(line["rho"], 100 * line["error"], color=colour, linewidth=wide)
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
