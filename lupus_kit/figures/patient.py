"""Stop 3: one patient's SLEDAI before and now, stacked from its descriptors."""

from __future__ import annotations

import textwrap

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from lupus_kit.figures._style import NEUTRAL, NO, YES, axes, describe, need_columns

_DOMAINS = (
    "central nervous system", "vascular", "musculoskeletal", "renal", "mucocutaneous", "serosal", "immunological",
    "constitutional", "haematological",
)  # fmt: skip
#: One light colour per organ domain: black letters stay readable on it.
_COLOUR_OF = dict(zip(_DOMAINS, sns.color_palette("colorblind", len(_DOMAINS), desat=0.9), strict=True))
_LIGHT = 0.55

_SIZE, _FONT = (9.0, 3.4), 8
#: Organ domains in one line of the legend.
LEGEND_COLUMNS = 4
#: Points by which the scale grows.
_STEP = 24
#: Inches: width of the axes, height of a bar, width of an average letter of that font.
_WIDE, _HIGH, _LETTER = 7.6, 0.7, 0.064


def _tint(domain: str) -> tuple[float, float, float]:
    red, green, blue = (_LIGHT * channel + 1 - _LIGHT for channel in _COLOUR_OF.get(domain, NEUTRAL))
    return red, green, blue


def _fit(label: str, weight: int, inches_per_point: float) -> tuple[str, int]:
    """Write a label so that it fits its segment: across in up to three lines, else upright, else not at all."""
    wide, high = int(weight * inches_per_point / _LETTER), int(_HIGH / _LETTER)
    lines = textwrap.wrap(label, wide, break_long_words=False) if wide >= 4 else []
    if lines and len(lines) <= 3 and max(map(len, lines)) <= wide:
        return "\n".join([*lines, str(weight)]), 0
    if weight * inches_per_point < 0.16:
        return "", 0
    return (label if len(label) <= high else label[: high - 1] + "…"), 90


def _draw_bar(ax: Axes, y: int, frame: pd.DataFrame, reach: int) -> int:
    """Stack the descriptors of one visit; those that do not count stand at the right edge, hollow."""
    counts = frame["counts"] if "counts" in frame else pd.Series(True, index=frame.index)
    counted = frame[counts]
    ends = counted["weight"].cumsum().astype(int).tolist()
    left = ends[-1] if ends else 0
    spans = [(end - weight, weight) for end, weight in zip(ends, counted["weight"].tolist(), strict=True)]
    colours = [_tint(domain) for domain in counted["domain"]]
    ax.broken_barh(spans, (y - 0.36, 0.72), facecolors=colours, edgecolors="white", linewidth=2)
    for label, (start, weight) in zip(counted["label"], spans, strict=True):
        text, angle = _fit(label, weight, _WIDE / reach)
        if text:
            ax.text(start + weight / 2, y, text, ha="center", va="center", fontsize=_FONT, rotation=angle)
    ax.text(left + 0.4, y, f"= {left}", ha="left", va="center", fontsize=13, fontweight="bold")
    right = reach - 0.2
    for row in frame[~counts].itertuples():
        right -= row.weight
        ax.barh(y, row.weight, left=right, fill=False, edgecolor="0.45", linestyle=":", linewidth=1.6, height=0.72)
        text = f"{row.label},\nstable:\nnot counted"
        ax.text(right + row.weight / 2, y, text, ha="center", va="center", fontsize=_FONT, color="0.3")
    return left


def sledai_bars(before: pd.DataFrame, now: pd.DataFrame, points: int = 4, ax: Axes | None = None) -> Axes:
    """Draw SLEDAI at baseline and at a visit as bars made of descriptors, and how low it must fall.

    Parameters
    ----------
    before, now : pandas.DataFrame
        Descriptors present at baseline and at the visit: columns ``label``, ``weight`` and ``domain``; optionally
        ``counts`` (bool), false for a finding that the chosen version does not count.
    points : int
        Drop that the index asks for.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes
        With alt text.

    Raises
    ------
    InputError
        If a column is missing.
    """
    for name, frame in (("before", before), ("now", now)):
        need_columns(frame, name, "it needs label, weight and domain", "label", "weight", "domain")
    ax = axes(ax, _SIZE)
    # In steps, so that the scale does not change with every box that is ticked.
    reach = _STEP * -(-(max(int(before["weight"].sum()), int(now["weight"].sum())) + 3) // _STEP)
    # Whole numbers as places: with names, Matplotlib would leave out a visit without findings.
    totals = {"baseline": _draw_bar(ax, 0, before, reach), "visit": _draw_bar(ax, 1, now, reach)}
    needed = totals["baseline"] - points
    met = needed >= 0 and totals["visit"] <= needed
    if needed >= 0:
        ax.axvline(needed, color=YES if met else NO, linestyle="--", linewidth=2.5)
        at, words = needed, f"must reach {needed} or less: {'reached' if met else 'not reached'}"
    else:
        at, words = 0, f"a drop of {points} is impossible from {totals['baseline']}"
    near_left, near_right = at < 0.2 * reach, at > 0.8 * reach
    side = "left" if near_left else "right" if near_right else "center"
    ax.annotate(words, (at, 1.02), xycoords=("data", "axes fraction"), ha=side, va="bottom", fontsize=11)
    ax.set(xlabel="SLEDAI (points)", ylabel="", xlim=(0, reach), ylim=(1.5, -0.5))
    ax.set_yticks([0, 1], ["baseline", "visit"])
    ax.grid(False, axis="y")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    shown = [d for d in _DOMAINS if d in {*before["domain"], *now["domain"]}]
    if shown:
        ax.legend(handles=[Patch(color=_tint(d), label=d) for d in shown], loc="upper center", frameon=False,
                  bbox_to_anchor=(0.5, -0.2), ncols=min(len(shown), LEGEND_COLUMNS), fontsize=9.5)  # fmt: skip
    goal = f"The goal is {needed} or less" if needed >= 0 else f"A drop of {points} is impossible from there"
    listed = [
        f"{name} {totals[name]}" + (f" ({', '.join(frame['label'])})" if len(frame) else " (no finding)")
        for name, frame in (("baseline", before), ("visit", now))
    ]
    uncounted = [str(label) for f in (before, now) if "counts" in f for label in f.loc[~f["counts"], "label"]]
    extra = f" Not counted, because stable: {', '.join(uncounted)}." if uncounted else ""
    return describe(
        ax,
        f"Two bars of stacked SLEDAI descriptors: {'; '.join(listed)}. {goal}: {'reached' if met else 'not reached'}."
        + extra,
    )
