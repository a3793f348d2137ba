"""Stop 6: what 25 patients with nephritis can and cannot say, and what no serious infection leaves open."""

import html
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from lupus_kit import audit, published
from lupus_kit.figures.secondary import unseen_risk
from lupus_kit.figures.table_board import p_function
from lupus_kit.inference import (
    TESTS,
    chance_of_at_most,
    confidence_curve,
    fragility_index,
    patients_to_see,
    upper_limit,
)
from lupus_kit.widgets.app import App, Scene
from lupus_kit.widgets.controls import dropdown, float_slider, int_slider, p_value, text
from lupus_kit.widgets.inference import held_by

#: Tests about the difference of the rates whose curve comes at once.
_OFFERED = ("miettinen_nurminen", "pearson", "likelihood_ratio", "wald_unpooled", "agresti_caffo", "student_t")


def nephritis_scene(x1: int, x2: int, reported: str, test: str, n1: int = 13, n2: int = 12) -> Scene:
    """Show which differences a small subgroup is compatible with, and which analyses print its p-value.

    Parameters
    ----------
    x1, x2 : int
        Remissions on IL-2 and on placebo.
    reported : str
        The p-value as printed.
    test : str
        Key of the test whose curve is drawn; one about the difference of the rates.
    n1, n2 : int
        Patients with nephritis in each arm.

    Returns
    -------
    Scene
        The p-value function with the printed p as a line; in words the interval, the analyses that print so and the
        fragility.

    Raises
    ------
    InputError
        Not a p-value, or counts that do not fit together.

    Examples
    --------
    >>> "<b>0</b> of 29 two-sided tests print 0.036" in nephritis_scene(7, 2, "0.036", "pearson").text
    True
    """
    found = audit.explain(reported, x1, n1, x2, n2)
    two_sided = found["alternative"] == "two-sided"
    fits = found[found["rounds_to_reported"]]
    one_sided = fits.loc[fits["alternative"] != "two-sided", "label"].tolist()
    both = len(fits) - len(one_sided)
    curve = confidence_curve(test, x1, n1, x2, n2)
    held = held_by(curve)
    low, high = (100 * end for end in held)
    ends = (
        f"from <b>{low:+.0f}</b> to <b>{high:+.0f}</b> points"
        if np.isfinite([low, high]).all()
        else "of any size there"
    )
    fragile = fragility_index(x1, n1, x2, n2, test, rule="any")
    p = fragile.p_before
    changes = (
        "No change of outcomes in one arm makes it cross 0.05."
        if fragile.index is None
        else f"{fragile.index} other outcome{'' if fragile.index == 1 else 's'} in one arm and it {fragile.direction}."
    )
    text = (
        f"Remission in {x1}/{n1} ({x1 / n1:.0%}) v {x2}/{n2} ({x2 / n2:.0%}): a difference of {100 * (x1 / n1 - x2 / n2):+.0f} "
        f"points. {TESTS[test].label}: p {p_value(p)}; 95 % interval {ends}. {changes}<br><b>{both}</b> of {int(two_sided.sum())} "
        f"two-sided tests print {html.escape(reported)}, and <b>{len(one_sided)}</b> of {int((~two_sided).sum())} one-sided"
        f"{' (' + ', '.join(dict.fromkeys(one_sided)) + ')' if one_sided else ''}."
    )
    number = published.read_p(audit.read_reported(reported)[0]).value
    drawn = p_function(curve, printed=number, own=p, ends=held, arms=("IL-2", "placebo"))
    return Scene(text, drawn, facts={"low": low, "high": high})


def nephritis_board() -> App:
    """Return the widget of stop 6 about lupus nephritis: remissions in each arm, the printed p, and a test.

    See Also
    --------
    missing_map, safety_explorer, from_state

    Examples
    --------
    >>> "Remission in 7/13 (54%) v 2/12 (17%)" in nephritis_board().text.value
    True
    """
    x1, n1, x2, n2 = audit.claim_counts(published.load("he2020"), "ln_complete_remission")

    controls = {
        "x1": int_slider(f"remissions on IL-2 (of {n1})", x1, 0, n1),
        "x2": int_slider(f"remissions on placebo (of {n2})", x2, 0, n2),
        "reported": text("p as printed", "0.036"),
        "test": dropdown("test", [(TESTS[key].label, key) for key in _OFFERED], "miettinen_nurminen"),
    }
    scene = partial(nephritis_scene, n1=n1, n2=n2)
    return App("Twenty-five patients with nephritis", controls, scene, name="nephritis_board")


def safety_scene(n: int, x: int, risk_percent: float) -> Scene:
    """Show what `x` events among `n` patients leave open.

    Parameters
    ----------
    n, x : int
        Patients of an arm, and those with the event.
    risk_percent : float
        A true risk to try, in percent.

    Returns
    -------
    Scene
        The chance of so few events against the true risk, with the largest compatible risk; the same in words.

    Raises
    ------
    InputError
        More events than patients, or a risk outside 0 to 100.
    """
    limit, risk = upper_limit(x, n), risk_percent / 100
    chance = float(chance_of_at_most(x, n, risk))
    grid = np.linspace(0, min(1.0, max(1.6 * limit, 1.25 * risk, 0.02)), 200)
    frame = pd.DataFrame({"risk": grid, "chance": chance_of_at_most(x, n, grid)})
    rule = f" The rule of three says 3/{n} = {300 / n:.1f} %." if x == 0 else ""
    few = "no event" if x == 0 else f"{x} event{'' if x == 1 else 's'} or fewer"
    needed = f"To see at least one with 95 % certainty takes {patients_to_see(risk):,} patients. " if risk else ""
    text = (
        f"<b>{x} of {n}</b>: every risk up to <b>{100 * limit:.1f} %</b> is compatible with it (one-sided, exact, "
        f"95 %).{rule}<br>If the true risk is {risk_percent:g} %, a trial with {n} patients sees {few} with a chance of "
        f"{100 * chance:.0f} %. {needed}"
    )
    facts = {"limit": limit, "limit_of_one_fewer": upper_limit(min(x, n - 1), n - 1)}
    return Scene(text.strip(), unseen_risk(frame, x, n, limit, risk), facts=facts)


def safety_explorer(n: int = 29, x: int = 0) -> App:
    """Return the widget of stop 6: patients, events, and a risk to try.

    Parameters
    ----------
    n, x : int
        Patients and events at the start.

    See Also
    --------
    missing_map, nephritis_board, from_state

    Examples
    --------
    >>> app = safety_explorer()
    >>> "every risk up to <b>9.8 %</b>" in app.text.value
    True
    """

    def scene(n: int, x: int, risk_percent: float) -> Scene:
        shown = safety_scene(n, min(x, n), risk_percent)
        if x <= n:
            return shown
        return replace(
            shown, text=f"An arm of {n} cannot have {x} patients with the event; {n} are shown. {shown.text}"
        )

    controls = {
        "n": int_slider("patients in the arm", n, 5, 1000),
        "x": int_slider("of them with the event", x, 0, 10),
        "risk_percent": float_slider("a true risk to try (%)", 1.0, 0.1, 20, 0.1, ".1f"),
    }
    return App("What no event can hide", controls, scene, name="safety_explorer")
