"""Stop 5: which tests print as 0.052, and what one missing patient does to them."""

from __future__ import annotations

import html

from lupus_kit.audit import explain, read_reported
from lupus_kit.figures import audit as draw
from lupus_kit.widgets._app import App, Scene
from lupus_kit.widgets._controls import dropdown, int_slider, text

#: Ways to count the missing patient: name, extra responders, extra patients in the first arm.
MISSING = {
    "not counted": (0, 0),
    "as a non-responder": (0, 1),
    "as a responder": (1, 1),
}


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
    read = read_reported(reported)[0]  # figures take numbers, and a paper may print NS
    found = explain(reported, x1 + more_x, n1 + more_n, x2, n2, alternatives=["two-sided"])
    fits = list(found.loc[found["rounds_to_reported"], "label"])
    table = f"{x1 + more_x}/{n1 + more_n} v {x2}/{n2}"
    said = (
        f"<b>{len(fits)}</b> of {len(found)} two-sided tests print so: {', '.join(fits)}"
        if fits
        else f"<b>not reproduced by any of {len(found)}</b> two-sided tests"
    )
    return Scene(f"{table}, printed p = {html.escape(reported)}: {said}.", draw.line_up(found, read, steady=True))


def pvalue_detective() -> App:
    """Return the widget of stop 5: a printed p-value, a table, and the line-up of all tests."""
    return App(
        "The p-value detective",
        {
            "reported": text("p as printed", "0.052"),
            "x1": int_slider("responders on IL-2 (of 29)", 16, 0, 29),
            "x2": int_slider("responders on placebo (of 30)", 9, 0, 30),
            "missing": dropdown("the missing IL-2 patient", [(name, name) for name in MISSING], "not counted"),
        },
        detective_scene,
        height=640,
        name="pvalue_detective",
    )
