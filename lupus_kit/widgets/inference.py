"""Stop 4: move the responders of both arms, see every test answer."""

from functools import lru_cache, partial

import numpy as np
import pandas as pd

from lupus_kit.figures.table_board import table_board
from lupus_kit.inference import TESTS, compare, confidence_curve, curve_measure, pvalue_lattice
from lupus_kit.widgets.app import App, Scene
from lupus_kit.widgets.controls import bare_p, dropdown, int_slider, p_value

#: Curves that take seconds for one table, and the test whose curve is drawn instead: the same measure, the same order.
STAND_INS = {
    "barnard": "pearson",
    "barnard_berger_boos": "pearson",
    "barnard_unpooled": "wald_unpooled",
    "boschloo": "fisher",
    "boschloo_minlike": "fisher",
    "boschloo_berger_boos": "fisher",
}


_lattice = lru_cache(maxsize=256)(pvalue_lattice)


def every_test(x1: int, n1: int, x2: int, n2: int) -> str:
    """Write the p-value of every test of the registry as an HTML table, one line for each family.

    Examples
    --------
    >>> "Fisher (point probability) 0.0673" in every_test(16, 29, 9, 30)
    True
    """
    found = compare(x1, n1, x2, n2).tests()
    rows = []
    for family, group in found.groupby("family", sort=False):
        said = (f"<b>{bare_p(p)}</b>" if p <= 0.05 else bare_p(p) for p in group["p"])
        shown = ", ".join(group["label"] + " " + list(said))
        rows.append(
            f"<tr><th scope='row' style='text-align:left;vertical-align:top;padding-right:1em'>{family}</th>"
            f"<td style='text-align:left'>{shown}</td></tr>"
        )
    below, known = int((found["p"] <= 0.05).sum()), int(found["p"].notna().sum())
    return f"<b>{below}</b> of {known} tests say p ≤ 0.05 (bold):<table>{''.join(rows)}</table>"


def held_by(curve: pd.DataFrame, level: float = 0.95) -> tuple[float, float]:
    """Return the smallest and largest effect with a p above 1 − level, read off the curve between its points.

    Returns
    -------
    tuple of float
        Not finite where the curve ends above the level; ``nan`` where it is not defined.

    Examples
    --------
    >>> curve = confidence_curve("pearson", 16, 29, 9, 30)
    >>> [round(100 * end, 1) for end in held_by(curve)]
    [-0.1, 47.5]
    """
    known = curve.dropna(subset="p")
    value, p = known["value"].to_numpy(), known["p"].to_numpy()
    inside = np.flatnonzero(p > 1 - level)
    if not len(inside):
        return float("nan"), float("nan")
    ends = []
    for edge, out, beyond in ((inside[0], inside[0] - 1, -np.inf), (inside[-1], inside[-1] + 1, np.inf)):
        held = 0 <= out < len(p)
        ends.append(float(np.interp(1 - level, p[[out, edge]], value[[out, edge]])) if held else beyond)
    return ends[0], ends[1]


def _interval(measure: str, ends: tuple[float, float]) -> str:
    unit, scale, form = (" points", 100, ".1f") if measure == "risk difference" else ("", 1, ".3g")
    low, high = (scale * end for end in ends)
    if np.isnan(low):
        return f"No curve of the {measure} is defined for this table."
    first = f"from {low:{form}}" if np.isfinite(low) else "from below the picture"
    last = f"to {high:{form}}{unit}" if np.isfinite(high) else "to above the picture"
    return f"Compatible with this table (95 %, where the curve lies above 0.05): {measure} {first} {last}."


def table_scene(x1: int, x2: int, test: str, n1: int = 29, n2: int = 30) -> Scene:
    """Show one table on the lattice of its test, its confidence curve, and the p-values of all tests.

    Parameters
    ----------
    x1, x2 : int
        Responders in the first and second arm.
    test : str
        Key of the test whose lattice is drawn.
    n1, n2 : int
        Patients in each arm.

    Returns
    -------
    Scene
        The lattice with the table on it, the curve beside it, and every p-value in words.

    Raises
    ------
    InputError
        Counts that do not fit together.
    """
    lattice = _lattice(test, n1, n2)
    drawn = STAND_INS.get(test, test)
    curve = confidence_curve(drawn, x1, n1, x2, n2)
    ends = held_by(curve)
    label, p = TESTS[test].label, float(lattice[x1, x2])
    instead = (
        ""
        if drawn == test
        else f" The curve of {label} takes seconds for each table; drawn is that of {TESTS[drawn].label}, and the diamond "
        f"is the p of {label} itself."
    )
    held = _interval(curve_measure(drawn), ends)
    text = f"{x1}/{n1} ({x1 / n1:.1%}) v {x2}/{n2} ({x2 / n2:.1%}): <b>{label} p {p_value(p)}.</b> {held}{instead}"
    return Scene(
        text,
        table_board(lattice, (x1, x2), label, curve, ends, arms=("IL-2", "placebo")),
        more=every_test(x1, n1, x2, n2),
    )


def table_explorer(n1: int = 29, n2: int = 30, x1: int = 16, x2: int = 9) -> App:
    """Return the widget of stop 4.

    Parameters
    ----------
    n1, n2 : int
        Patients in each arm.
    x1, x2 : int
        Responders at the start.

    Examples
    --------
    >>> "Barnard (score order) p = 0.0578" in table_explorer().set(test="barnard").text.value
    True
    """
    for test in TESTS:  # once, so that no choice has to wait
        _lattice(test, n1, n2)

    controls = {
        "x1": int_slider(f"responders on IL-2 (of {n1})", x1, 0, n1),
        "x2": int_slider(f"responders on placebo (of {n2})", x2, 0, n2),
        "test": dropdown("test", [(test.label, key) for key, test in TESTS.items()], "pearson"),
    }
    scene = partial(table_scene, n1=n1, n2=n2)
    return App("One table, many tests", controls, scene, height=300, name="table_explorer", fixed={"n1": n1, "n2": n2})
