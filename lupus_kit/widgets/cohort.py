"""Stop 2: change what is assumed, invent the trial again, compare with what is printed."""

from collections.abc import Mapping
from functools import cache

import ipywidgets as ipw
import pandas as pd

from lupus_kit import audit, cohort, endpoints, published
from lupus_kit.figures.cohort import response_beside_published
from lupus_kit.widgets.app import App, Scene
from lupus_kit.widgets.controls import float_slider, int_slider

_WEEKS = (12, 24)


@cache
def _published() -> pd.DataFrame:
    """Response rate of each arm at both visits, as the printed percentages pin it down."""
    counts = {week: audit.claim_counts(published.load("he2020"), f"sri4_week{week}") for week in _WEEKS}
    rows = [row for week, (x1, n1, x2, n2) in counts.items()
            for row in (("IL-2", week, x1 / n1), ("placebo", week, x2 / n2))]  # fmt: skip
    return pd.DataFrame(rows, columns=["arm", "week", "rate"])


def _row(week: int, invented: Mapping[tuple[str, int], int], n: int) -> tuple[str, float, float]:
    """Write the responders of one visit: invented and published on IL-2, then on placebo, then both differences."""
    # A visit that nobody attended has no rows: nobody responded there either.
    y1, y2 = (int(invented.get((arm, week), 0)) for arm in ("IL-2", "placebo"))
    x1, n1, x2, n2 = audit.claim_counts(published.load("he2020"), f"sri4_week{week}")
    cells = [f"{x}/{of} ({x / of:.1%})" for x, of in ((y1, n), (x1, n1), (y2, n), (x2, n2))]
    found, printed = 100 * (y1 - y2) / n, 100 * (x1 / n1 - x2 / n2)
    cells += [f"{found:+.1f}", f"{printed:+.1f}"]
    line = f"<tr><th scope='row'>week {week}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return line, found, abs(found - printed)


def assumption_scene(
    drug_effect: float, drug_persistence: float, dropout_rate: float, n_per_arm: int, seed: int
) -> Scene:
    """Invent one trial under changed assumptions and put its SRI-4 rates beside the published ones.

    Parameters
    ----------
    drug_effect : float
        Improvement on IL-2 beyond placebo at week 12, in standard deviations of the latent activity.
    drug_persistence : float
        Effect at week 24 as a multiple of the effect at week 12.
    dropout_rate : float
        Share of patients who leave before week 24.
    n_per_arm : int
        Patients in each arm.
    seed : int
        Seed of the invented trial.

    Returns
    -------
    Scene
        Rates at weeks 12 and 24 in words, invented beside published; responders over time as a picture. Patients who
        left count as non-responders.

    Raises
    ------
    InputError
        If a value lies outside its range; the message names the range.

    Examples
    --------
    >>> scene = assumption_scene(0.0, 1.0, 0.0, n_per_arm=30, seed=13)
    >>> "16/29 (55.2%)" in scene.text  # the published count stands beside the invented one
    True
    """
    assumed = cohort.Assumptions(drug_effect=drug_effect, drug_persistence=drug_persistence, dropout_rate=dropout_rate)
    trial = cohort.what_if(assumed, n_per_arm, seed)
    answers = endpoints.sri(trial.visits, reasons=False)
    found = answers.groupby([answers["arm"].astype(str), "week"])["responder"].sum().to_dict()
    rows, facts = "", {}
    for week in _WEEKS:
        line, facts[f"difference_week{week}"], facts[f"miss_week{week}"] = _row(week, found, n_per_arm)
        rows += line
    left = int(trial.patients["dropout_day"].notna().sum())
    head = (
        "<tr><th></th><th colspan='2'>IL-2</th><th colspan='2'>placebo</th><th colspan='2'>difference (points)</th></tr>"
        "<tr><th>responders</th>" + "<th>invented</th><th>published</th>" * 3 + "</tr>"
    )
    text = (
        f"<table style='border-spacing:1em 0'>{head}{rows}</table>"
        f"<b>{left} of {2 * n_per_arm}</b> invented patients left before the end; where a visit is missing, they count "
        "as non-responders."
    )
    return Scene(text, response_beside_published(answers, _published()), facts=facts)


def assumption_board() -> App:
    """Return the widget of stop 2: sliders for the effect, its persistence, dropout and size, and a seed.

    See Also
    --------
    from_state

    Examples
    --------
    >>> app = assumption_board()
    >>> app.set(n_per_arm=100).values["n_per_arm"]
    100
    """
    usual = cohort.Assumptions()
    controls = {
        "drug_effect": float_slider("drug effect (SD, 0: none)", usual.drug_effect, -0.5, 2.0, 0.05),
        "drug_persistence": float_slider("effect at week 24 / week 12", usual.drug_persistence, 0.0, 2.5, 0.05),
        "dropout_rate": float_slider("share who drop out", usual.dropout_rate, 0.0, 0.6, 0.01),
        "n_per_arm": int_slider("patients per arm", 30, 10, 200, 10),
        # A box, not a slider: any whole number is a seed.
        "seed": ipw.IntText(13, description="seed (try several)"),
    }
    return App("What if?", controls, assumption_scene, name="assumption_board")
