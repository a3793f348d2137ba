"""Figures of a cohort: its baseline, its course, its immune cells.

The functions take the tables of a ``Cohort``; where a table marks its patients as invented, the figure says so.
"""

import pandas as pd
from matplotlib.axes import Axes

from lupus_kit.figures.sri import response_over_time
from lupus_kit.figures.style import ARM_PALETTE, NEUTRAL, axes, describe, stamp
from lupus_kit.figures.tables import need_columns


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

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import cohort, endpoints, figures
    >>> answers = endpoints.sri(cohort.what_if(seed=1).visits)
    >>> printed = pd.DataFrame({"arm": ["IL-2", "placebo"], "week": [12, 12], "rate": [16 / 29, 9 / 30]})
    >>> figures.alt_text(figures.cohort.response_beside_published(answers, printed))[:60]
    'Share of SRI responders at each visit, one line per arm, inv'
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
