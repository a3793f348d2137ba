"""Stop 5: two visits of the same patients, and how often a rule cries wolf at one of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from lupus_kit.figures.visits import rule_lines
from lupus_kit.inference import STRATEGIES, TESTS, familywise_error
from lupus_kit.widgets._app import App, Scene
from lupus_kit.widgets._controls import dropdown, float_slider

_GRID = np.round(np.linspace(-0.95, 0.95, 20), 4)
_OFFERED = ("pearson", "n_minus_1", "fisher", "barnard", "boschloo", "student_t")


def possible_correlations(first: float, second: float) -> tuple[float, float]:
    """Return the smallest and largest correlation of two outcomes with these rates.

    Examples
    --------
    >>> possible_correlations(0.5, 0.5)
    (-1.0, 1.0)
    """
    spread = np.sqrt(first * (1 - first) * second * (1 - second))
    low, high = max(0.0, first + second - 1), min(first, second)
    return float((low - first * second) / spread), float((high - first * second) / spread)


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
    low, high = possible_correlations(p12, p24)
    used = min(max(rho, low), high)
    note = ""
    if used != rho:
        way, end = ("above", high) if rho > high else ("below", low)
        note = f" With rates of {p12:.0%} and {p24:.0%} it cannot be {way} {end:.2f}: that is shown."
    inside = (low <= _GRID) & (high >= _GRID)
    lines, dots, rows = [], [], []
    for key, rule in STRATEGIES.items():
        exact = float(familywise_error(used, n1, n2, (p12, p24), key, test=test))
        lines.append(pd.DataFrame({"label": rule.label, "rho": _GRID[inside], "error": _large_trial(key)[inside]}))
        dots.append((rule.label, exact, key == strategy))
        rows.append(f"{rule.label} <b>{exact:.2%}</b>" if key == strategy else f"{rule.label} {exact:.2%}")
    chosen = STRATEGIES[strategy]
    text = (
        f"Suppose the drug does nothing: {p12:.0%} respond in both arms at week 12, {p24:.0%} at week 24. A patient's two "
        f"outcomes correlate by {used:.2f}.{note}<br>False claim at either visit ({n1} and {n2} patients, "
        f"{TESTS[test].label}, exact): {'; '.join(rows)}.<br><b>{chosen.label}</b>: {chosen.description}."
    )
    shown = pd.DataFrame(dots, columns=["label", "error", "chosen"])
    return Scene(text, rule_lines(pd.concat(lines), shown, used))


def visits_explorer() -> App:
    """Return the widget of stop 5 about two visits: correlation, rates, rule and test.

    Examples
    --------
    >>> "whichever works <b>9.90%" in visits_explorer().text.value
    True
    """
    return App(
        "Two looks at the same patients",
        {
            "rho": float_slider("correlation of the two visits", 0.4, -1.0, 1.0, 0.05),
            "p12": float_slider("respond at week 12, both arms", 0.42, 0.05, 0.95, 0.01),
            "p24": float_slider("respond at week 24, both arms", 0.51, 0.05, 0.95, 0.01),
            "strategy": dropdown("rule", [(rule.label, key) for key, rule in STRATEGIES.items()], "either"),
            "test": dropdown("test at both visits", [(TESTS[key].label, key) for key in _OFFERED], "pearson"),
        },
        visits_scene,
        height=420,
        name="visits_explorer",
    )
