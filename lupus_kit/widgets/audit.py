"""Stop 5: which tests print as 0.052, what missing patients do to them, and two visits under one rule."""

import html
from functools import lru_cache

import numpy as np
import pandas as pd

from lupus_kit import audit, published
from lupus_kit.figures.audit import line_up, rule_lines
from lupus_kit.figures.inference import tipping_map
from lupus_kit.inference import STRATEGIES, TESTS, familywise_error, pvalue, tipping_point
from lupus_kit.inference.two_visits.familywise import correlation_bounds
from lupus_kit.widgets.app import App, Scene
from lupus_kit.widgets.controls import bare_p, dropdown, float_slider, int_slider, p_value, text

#: Ways to count the missing patient: name, extra responders, extra patients in the first arm.
MISSING = {"not counted": (0, 0), "as a non-responder": (0, 1), "as a responder": (1, 1)}


def detective_scene(reported: str, x1: int, x2: int, missing: str, n1: int = 29, n2: int = 30) -> Scene:
    """Line up every two-sided test against a printed p-value.

    Parameters
    ----------
    reported : str
        The p-value as printed.
    x1, x2 : int
        Responders in the first and second arm.
    missing : str
        How the missing patient of the first arm is counted: a key of :data:`MISSING`.
    n1, n2 : int
        Patients with an outcome in each arm.

    Returns
    -------
    Scene
        Tests as dots, the printed value as a band, and the tests that fit in words.
    """
    more_x, more_n = MISSING[missing]
    read = audit.read_reported(reported)[0]  # figures take numbers, and a paper may print NS
    found = audit.explain(reported, x1 + more_x, n1 + more_n, x2, n2, alternatives=["two-sided"])
    fits = list(found.loc[found["rounds_to_reported"], "label"])
    table = f"{x1 + more_x}/{n1 + more_n} v {x2}/{n2}"
    said = (
        f"<b>{len(fits)}</b> of {len(found)} two-sided tests print so: {', '.join(fits)}"
        if fits
        else f"<b>not reproduced by any of {len(found)}</b> two-sided tests"
    )
    text = f"{table}, printed p = {html.escape(reported)}: {said}."
    return Scene(text, line_up(found, read, steady=True), facts={"fits": len(fits)})


def pvalue_detective() -> App:
    """Return the widget of stop 5: a printed p-value, a table, and the line-up of all tests.

    See Also
    --------
    table_explorer, pvalue_dance, from_state

    Examples
    --------
    >>> "Student t on 0/1 data" in pvalue_detective().text.value
    True
    """
    controls = {
        "reported": text("p as printed", "0.052"),
        "x1": int_slider("responders on IL-2 (of 29)", 16, 0, 29),
        "x2": int_slider("responders on placebo (of 30)", 9, 0, 30),
        "missing": dropdown("the missing IL-2 patient", [(name, name) for name in MISSING], "not counted"),
    }
    return App("The p-value detective", controls, detective_scene, name="pvalue_detective")


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
    x1, n1, x2, n2 = audit.claim_counts(published.load("he2020"), f"sri4_week{week}")
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
    facts = {"below": below, "ways": len(ways)}
    return Scene(text, tipping_map(ways, arms=("IL-2", "placebo")), layout=(missing1, missing2), facts=facts)


def missing_map() -> App:
    """Return the widget of stop 5 about missing patients: how many, in which arm, at which visit, under which test.

    See Also
    --------
    nephritis_board, safety_explorer, from_state

    Examples
    --------
    >>> "from 0.0371 to 0.0668" in missing_map().text.value
    True
    """
    controls = {
        "week": dropdown("visit", [("week 12", 12), ("week 24", 24)], 12),
        "missing1": int_slider("missing on IL-2", 1, 0, 4),
        "missing2": int_slider("missing on placebo", 0, 0, 4),
        "test": dropdown("test", [(test.label, key) for key, test in TESTS.items()], "pearson"),
    }
    return App("The patients who are not there", controls, missing_scene, name="missing_map")


_GRID = np.round(np.linspace(-0.95, 0.95, 20), 4)
_OFFERED = ("pearson", "n_minus_1", "fisher", "barnard", "boschloo", "student_t")


@lru_cache(maxsize=64)
def _large_trial(strategy: str) -> np.ndarray:
    """Error of a rule over the grid of correlations in a large trial, where the rates do not matter."""
    return np.asarray(familywise_error(_GRID, 30, 30, 0.5, strategy, method="normal"))


def visits_scene(rho: float, p12: float, p24: float, strategy: str, test: str, n1: int = 29, n2: int = 30) -> Scene:
    """Compute how often each rule claims something false when the drug does nothing at either visit.

    Parameters
    ----------
    rho : float
        Correlation of a patient's outcomes at the two visits. One that the rates do not allow is replaced by the
        nearest that they do, and the text says so.
    p12, p24 : float
        Response rate of both arms at week 12 and at week 24, strictly between 0 and 1.
    strategy : str
        Key of the rule to bring out.
    test : str
        Key of the test used at both visits.
    n1, n2 : int
        Patients in each arm.

    Returns
    -------
    Scene
        Lines for large trials, exact marks for this one; the exact values in words.

    Examples
    --------
    >>> "cannot be larger than 0.23" in visits_scene(0.9, 0.1, 0.7, "holm", "pearson").text
    False
    >>> "cannot be above 0.22" in visits_scene(0.9, 0.1, 0.7, "holm", "pearson").text
    True
    """
    low, high = correlation_bounds(p12, p24)
    used = min(max(rho, low), high)
    way = f"above {high:.2f}" if rho > high else f"below {low:.2f}"
    note = "" if used == rho else f" With rates of {p12:.0%} and {p24:.0%} it cannot be {way}: that is shown."
    inside = (low <= _GRID) & (high >= _GRID)
    lines, dots = [], []
    for key, rule in STRATEGIES.items():
        exact = float(familywise_error(used, n1, n2, (p12, p24), key, test=test))
        lines.append(pd.DataFrame({"label": rule.label, "rho": _GRID[inside], "error": _large_trial(key)[inside]}))
        dots.append((rule.label, exact, key == strategy))
    rows = [f"{label} <b>{exact:.2%}</b>" if chosen else f"{label} {exact:.2%}" for label, exact, chosen in dots]
    chosen = STRATEGIES[strategy]
    text = (
        f"Suppose the drug does nothing: {p12:.0%} respond in both arms at week 12, {p24:.0%} at week 24. A patient's two "
        f"outcomes correlate by {used:.2f}.{note}<br>False claim at either visit ({n1} and {n2} patients, "
        f"{TESTS[test].label}, exact): {'; '.join(rows)}.<br><b>{chosen.label}</b>: {chosen.description}."
    )
    shown = pd.DataFrame(dots, columns=["label", "error", "chosen"])
    facts = {"error": float(shown.loc[shown["chosen"], "error"].iloc[0])}
    return Scene(text, rule_lines(pd.concat(lines), shown, used), facts=facts)


def visits_explorer() -> App:
    """Return the widget of stop 5 about two visits: correlation, rates, rule and test.

    See Also
    --------
    trial_designer, from_state

    Examples
    --------
    >>> "whichever works <b>9.90%" in visits_explorer().text.value
    True
    """
    controls = {
        "rho": float_slider("correlation of the two visits", 0.4, -1.0, 1.0, 0.05),
        "p12": float_slider("respond at week 12, both arms", 0.42, 0.05, 0.95, 0.01),
        "p24": float_slider("respond at week 24, both arms", 0.51, 0.05, 0.95, 0.01),
        "strategy": dropdown("rule", [(rule.label, key) for key, rule in STRATEGIES.items()], "either"),
        "test": dropdown("test at both visits", [(TESTS[key].label, key) for key in _OFFERED], "pearson"),
    }
    return App("Two looks at the same patients", controls, visits_scene, name="visits_explorer")
