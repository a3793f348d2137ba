"""Stop 6: what a trial that saw few events can and cannot exclude."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lupus_kit.figures.style import ARM_PALETTE, NEUTRAL, NO, axes, describe
from lupus_kit.figures.tables import need_columns


def unseen_risk(
    frame: pd.DataFrame,
    x: int,
    n: int,
    limit: float,
    risk: float | None = None,
    level: float = 0.95,
    ax: Axes | None = None,
) -> Axes:
    """Draw how probable it is that a trial sees so few events, against the true risk.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``risk`` (0 to 1, rising) and ``chance``: the probability of `x` events or fewer.
    x, n : int
        Events seen and patients.
    limit : float
        Largest compatible risk, 0 to 1.
    risk : float, optional
        A true risk to mark.
    level : float
        One-sided confidence of `limit`.
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
    >>> import numpy as np
    >>> import pandas as pd
    >>> from lupus_kit import figures, inference
    >>> risk = np.linspace(0, 0.2, 41)
    >>> frame = pd.DataFrame({"risk": risk, "chance": inference.chance_of_at_most(0, 29, risk)})
    >>> figures.alt_text(figures.secondary.unseen_risk(frame, 0, 29, inference.upper_limit(0, 29)))[:60]
    'A falling curve: the chance that no patient of 29 has the ev'
    """
    need_columns(frame, "frame", "it needs risk and chance", "risk", "chance")
    ax = axes(ax, (8, 4.4))
    percent, chance = 100 * frame["risk"], 100 * frame["chance"]
    inside = frame["risk"] <= limit
    ax.fill_between(percent[inside], chance[inside], color=ARM_PALETTE["IL-2"], alpha=0.18, linewidth=0)
    ax.plot(percent, chance, color=ARM_PALETTE["IL-2"], linewidth=2.5)
    ax.axvline(100 * limit, color=NO, linestyle="--", linewidth=1.8)
    ax.axhline(100 * (1 - level), color=NEUTRAL, linestyle=":", linewidth=1.2)
    near_right = limit > 0.6 * frame["risk"].max()
    ax.annotate(f"compatible with {x}/{n}:\nup to {100 * limit:.1f} %", (100 * limit, 72), xytext=(-8 if near_right else 8, 0),
                textcoords="offset points", ha="right" if near_right else "left", va="center")  # fmt: skip
    few = "no patient" if x == 0 else f"{x} patient{'' if x == 1 else 's'} or fewer"
    ax.set(xlim=(0, percent.max()), ylim=(0, 102), xlabel="true risk of one patient (%)",
           ylabel=f"chance that {few} of {n}\nhas the event (%)")  # fmt: skip
    said = ""
    if risk is not None:
        here = float(np.interp(risk, frame["risk"], frame["chance"]))
        ax.plot([100 * risk], [100 * here], "D", color=ARM_PALETTE["placebo"], markersize=10, zorder=3)
        said = f" At a true risk of {100 * risk:g} % it is {100 * here:.0f} %."
    return describe(
        ax,
        f"A falling curve: the chance that {few} of {n} has the event, against the true risk.{said} It falls to "
        f"{100 * (1 - level):.0f} % at a risk of {100 * limit:.1f} %; every smaller risk is compatible with {x} of {n}.",
    )
