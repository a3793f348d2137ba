"""Stop 5: every way the outcomes that are missing could have gone."""

from __future__ import annotations

from functools import cache

from lupus_kit import audit, published
from lupus_kit.figures.inference import tipping_map
from lupus_kit.inference import TESTS, pvalue, tipping_point
from lupus_kit.widgets._app import App, Scene
from lupus_kit.widgets._controls import dropdown, int_slider
from lupus_kit.widgets._words import bare_p, p_value

_CLAIMS = {12: "sri4_week12", 24: "sri4_week24"}


@cache
def _counts(week: int) -> tuple[int, int, int, int]:
    """Read responders and patients of both arms off the printed percentages."""
    x1, n1, x2, n2 = audit.claim_counts(published.load("he2020"), _CLAIMS[week])
    return x1, n1, x2, n2


def missing_scene(week: int, missing1: int, missing2: int, test: str) -> Scene:
    """Draw the p-value for every way the missing outcomes could have gone.

    Parameters
    ----------
    week : {12, 24}
        Visit.
    missing1, missing2 : int
        Patients without an outcome on IL-2 and on placebo, beside those analysed.
    test : str
        Key of a test.

    Returns
    -------
    Scene
        A map of p-values, and in words what decides.

    Examples
    --------
    >>> "1 of 2 ways" in missing_scene(12, 1, 0, "pearson").text
    True
    """
    x1, n1, x2, n2 = _counts(week)
    ways = tipping_point(x1, n1, x2, n2, missing1, missing2, test)
    alone = float(pvalue(test, x1, n1, x2, n2))
    below = int(ways["significant"].sum())
    strict = ways.query("missing_responders_1 == 0 and missing_responders_2 == 0").iloc[0]
    verdict = (
        "Whatever they did, p stays above 0.05."
        if below == 0
        else "Whatever they did, p is at most 0.05."
        if below == len(ways)
        else "<b>The patients nobody saw decide on which side of 0.05 the trial lies.</b>"
    )
    text = (
        f"Week {week}, {TESTS[test].label}: {x1}/{n1} v {x2}/{n2} alone gives p {p_value(alone)}. With {missing1} more on IL-2 "
        f"and {missing2} more on placebo, <b>{below} of {len(ways)} ways</b> have p ≤ 0.05, from {bare_p(ways['p'].min())} to "
        f"{bare_p(ways['p'].max())}; all of them counted as non-responders: {int(strict['x1'])}/{int(strict['n1'])} v "
        f"{int(strict['x2'])}/{int(strict['n2'])}, p {p_value(strict['p'])}. {verdict}"
    )
    return Scene(text, tipping_map(ways), layout=(missing1, missing2))


def missing_map() -> App:
    """Return the widget of stop 5 about missing patients: how many, in which arm, at which visit, under which test.

    Examples
    --------
    >>> "from 0.0371 to 0.0668" in missing_map().text.value
    True
    """
    return App(
        "The patients who are not there",
        {
            "week": dropdown("visit", [("week 12", 12), ("week 24", 24)], 12),
            "missing1": int_slider("missing on IL-2", 1, 0, 4),
            "missing2": int_slider("missing on placebo", 0, 0, 4),
            "test": dropdown("test", [(test.label, key) for key, test in TESTS.items()], "pearson"),
        },
        missing_scene,
        height=420,
        name="missing_map",
    )
