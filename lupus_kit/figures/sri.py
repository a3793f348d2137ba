"""Stop 3: who responds over time, which clause decides, one patient's SLEDAI, and a journal club's responders."""

import textwrap

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from scipy.stats import binomtest

from lupus_kit.core.errors import InputError
from lupus_kit.figures.style import ARM_PALETTE, MARKS, NEUTRAL, NO, PALETTE, YES, axes, describe, ink
from lupus_kit.figures.tables import arms_in, need_columns

#: What can have decided an SRI, and its colour.
_OUTCOMES = {
    "responder": PALETTE[2],
    "SLEDAI clause only": PALETTE[0],
    "BILAG clause only": PALETTE[1],
    "PGA clause only": PALETTE[4],
    "two or more clauses": PALETTE[3],
    "rescue or another event only": PALETTE[8],
    "missing data": PALETTE[7],
}
_REMEDY = "give the result of endpoints.sri"
_CLAUSES = ("sledai_clause", "bilag_clause", "pga_clause")


def _outcome(frame: pd.DataFrame) -> pd.Series:
    """Name for each row what decided it."""
    failed = [(~frame[clause].astype("boolean")).fillna(False).to_numpy(dtype=bool) for clause in _CLAUSES]
    events = frame.select_dtypes("boolean").drop(columns=[*_CLAUSES, "responder"], errors="ignore")
    failed.append(events.fillna(False).to_numpy(dtype=bool).any(axis=1))
    count = np.sum(failed, axis=0)
    answer = frame["responder"].astype("boolean")
    yes = answer.fillna(False).to_numpy(dtype=bool)
    open_answer = answer.isna().to_numpy() | frame["imputed"].to_numpy(dtype=bool)
    names = np.select(
        [yes, open_answer, count > 1, *failed[:3]],
        ["responder", "missing data", "two or more clauses", *list(_OUTCOMES)[1:4]],
        default="rescue or another event only",
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

    Examples
    --------
    >>> from lupus_kit import cohort, endpoints, figures
    >>> answers = endpoints.sri(cohort.what_if(seed=1).visits)
    >>> figures.alt_text(figures.sri.sri_clauses(answers, week=12))[:60]
    'Stacked bars, one per arm, of what decided the SRI at week 1'
    """
    need_columns(frame, "the SRI table", _REMEDY, "arm", "week", "responder", "imputed", *_CLAUSES)
    chosen = frame.loc[frame["week"] == week]
    if chosen.empty:
        weeks = ", ".join(f"{w:g}" for w in sorted(frame["week"].unique()))
        raise InputError(f"week == {week!r}: the table has only week(s) {weeks}.")
    arms = arms_in(chosen)
    counts = pd.crosstab(chosen["arm"].astype(str), _outcome(chosen))
    counts = counts.reindex(arms, columns=list(_OUTCOMES), fill_value=0)
    counts = counts.loc[:, counts.sum() > 0]
    share = counts.div(counts.sum(axis=1), axis=0) * 100
    ax = axes(ax, (9.0, 3.2 + 0.5 * max(0, len(arms) - 2)))
    left = np.zeros(len(arms))
    for name in counts.columns:
        bars = ax.barh(arms, share[name], left=left, color=_OUTCOMES[name], edgecolor="white", height=0.62)
        for bar, n, width in zip(bars, counts[name], share[name], strict=True):
            if width >= 3:
                ax.text(bar.get_x() + width / 2, bar.get_y() + bar.get_height() / 2, str(n), ha="center", va="center",
                        color=ink(_OUTCOMES[name]), fontweight="bold")  # fmt: skip
        left += share[name].to_numpy()
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.set(xlim=(0, 100), xlabel="patients of the arm (%); counts inside the bars", ylabel="")
    ax.set_title(f"What decided the SRI at week {week:g}", loc="left")
    labels = {n: n if n in ("responder", "missing data") else f"failed: {n}" for n in counts}
    handles = [Patch(color=_OUTCOMES[n], label=label) for n, label in labels.items()]
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

    Examples
    --------
    >>> from lupus_kit import cohort, endpoints, figures
    >>> answers = endpoints.sri(cohort.what_if(seed=1).visits)
    >>> figures.alt_text(figures.sri.response_over_time(answers))[:60]
    'Share of SRI responders at each visit, one line per arm: IL-'
    """
    need_columns(frame, "the SRI table", _REMEDY, "arm", "week", "responder")
    known = frame.dropna(subset=["responder"])
    ax = axes(ax)
    arms, said = arms_in(known), []
    for k, arm in enumerate(arms):
        groups = known.loc[known["arm"].astype(str) == arm].groupby("week")["responder"]
        x, n = groups.sum().astype(float), groups.size().astype(float)
        ends = [binomtest(int(k), int(m)).proportion_ci(method="wilson") for k, m in zip(x, n, strict=True)]
        low, high = np.array(ends).T
        share = 100 * (x / n).to_numpy()
        weeks = x.index.to_numpy(dtype=float) + (k - (len(arms) - 1) / 2) * 0.25  # keep the error bars apart
        bars = np.clip([share - 100 * low, 100 * high - share], 0, None)
        colour = ARM_PALETTE.get(arm)
        ax.errorbar(weeks, share, yerr=bars, marker=MARKS[k % 8], color=colour, capsize=3, linewidth=2, label=arm)
        said.append(f"{arm} from {share[0]:.0f} % at week {x.index[0]:g} to {share[-1]:.0f} % at week {x.index[-1]:g}")
    ax.set(ylim=(0, 100), xlabel="weeks since the first injection", ylabel="SRI responders (%)")
    ax.set_xticks(sorted(known["week"].unique()))
    ax.set_title("Responders over time (bars: 95 % Wilson intervals)", loc="left")
    if legend:
        ax.legend(frameon=False)
    return describe(ax, f"Share of SRI responders at each visit, one line per arm: {'; '.join(said)}.")


_DOMAINS = (
    "central nervous system", "vascular", "musculoskeletal", "renal", "mucocutaneous", "serosal", "immunological",
    "constitutional", "haematological",
)  # fmt: skip
#: One light colour per organ domain: black letters stay readable on it.
_DOMAIN_COLOUR = dict(zip(_DOMAINS, sns.color_palette("colorblind", len(_DOMAINS), desat=0.9), strict=True))
_LIGHT = 0.55

_SIZE, _FONT = (9.0, 3.4), 8
#: Organ domains in one line of the legend.
LEGEND_COLUMNS = 4
#: Points by which the scale grows.
_STEP = 24
#: Inches: width of the axes, height of a bar, width of an average letter of that font.
_WIDE, _HIGH, _LETTER = 7.6, 0.7, 0.064


def _tint(domain: str) -> tuple[float, float, float]:
    red, green, blue = (_LIGHT * channel + 1 - _LIGHT for channel in _DOMAIN_COLOUR.get(domain, NEUTRAL))
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
    left = int(counted["weight"].sum())
    spans = list(zip(counted["weight"].cumsum() - counted["weight"], counted["weight"], strict=True))
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

    Examples
    --------
    >>> from lupus_kit import endpoints, figures
    >>> before = endpoints.SLEDAI_ITEMS.query("id in ['arthritis', 'rash']")
    >>> figures.alt_text(figures.sri.sledai_bars(before, before.iloc[:1]))[:60]
    'Two bars of stacked SLEDAI descriptors: baseline 6 (Arthriti'
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
    reached = "reached" if met else "not reached"
    if needed >= 0:
        ax.axvline(needed, color=YES if met else NO, linestyle="--", linewidth=2.5)
        at, words = needed, f"must reach {needed} or less: {reached}"
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
    return describe(ax, f"Two bars of stacked SLEDAI descriptors: {'; '.join(listed)}. {goal}: {reached}.{extra}")


def responders(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of responders by visit and arm.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``visit arm responders patients rate low high``, one row for each arm at each visit; shares between 0 and 1.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("week 12", "IL-2", 16, 29, 16 / 29, 0.38, 0.72), ("week 12", "placebo", 9, 30, 0.3, 0.17, 0.48)]
    >>> frame = pd.DataFrame(rows, columns=["visit", "arm", "responders", "patients", "rate", "low", "high"])
    >>> responders(frame).get_xlabel()
    'responders (%), with 95% interval'
    """
    ax = axes(ax, (9.4, 2.9))
    arm, arms = pd.factorize(frame["arm"])
    places = pd.factorize(frame["visit"])[0] * (len(arms) + 0.7) + arm
    for k, place, row in zip(arm, places, frame.itertuples(), strict=True):
        colour = ARM_PALETTE.get(row.arm, NEUTRAL)
        ax.plot([100 * row.low, 100 * row.high], [place] * 2, color=colour, linewidth=2.6, solid_capstyle="butt")
        ax.plot(100 * row.rate, place, MARKS[k % 8], color=colour, markersize=8)
        ax.annotate(f"{row.responders} of {row.patients}", (100 * row.high, place), xytext=(6, 0),
                    textcoords="offset points", va="center", fontsize=10)  # fmt: skip
    ax.set_yticks(places, frame["visit"] + ", " + frame["arm"])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlim=(0, 100), xlabel="responders (%), with 95% interval")
    said = "; ".join(
        f"{row.visit}, {row.arm}: {row.responders} of {row.patients}, {100 * row.rate:.0f}% "
        f"({100 * row.low:.0f} to {100 * row.high:.0f}%)"
        for row in frame.itertuples()
    )
    return describe(ax, f"Share of responders with its 95% interval, one line for each arm and visit. {said}.")
