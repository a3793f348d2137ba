"""Stop 6: none of 29 had a serious infection, and what that leaves open."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lupus_kit.figures import safety as draw
from lupus_kit.inference import chance_of_at_most, patients_to_see, upper_limit
from lupus_kit.widgets._app import App, Scene
from lupus_kit.widgets._controls import float_slider, int_slider


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
    return Scene(text.strip(), draw.unseen_risk(frame, x, n, limit, risk))


def safety_explorer(n: int = 29, x: int = 0) -> App:
    """Return the widget of stop 6: patients, events, and a risk to try.

    Parameters
    ----------
    n, x : int
        Patients and events at the start.

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
        return Scene(f"An arm of {n} cannot have {x} patients with the event; {n} are shown. {shown.text}", shown.axes)

    return App(
        "What no event can hide",
        {
            "n": int_slider("patients in the arm", n, 5, 1000),
            "x": int_slider("of them with the event", x, 0, 10),
            "risk_percent": float_slider("a true risk to try (%)", 1.0, 0.1, 20, 0.1, ".1f"),
        },
        scene,
        height=440,
        name="safety_explorer",
    )
