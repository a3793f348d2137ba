"""Stop 6: what 25 patients with nephritis can and cannot say."""

from __future__ import annotations

import html

import numpy as np

from lupus_kit import audit, published
from lupus_kit.figures.table_board import p_function
from lupus_kit.inference import TESTS, confidence_curve, fragility_index
from lupus_kit.widgets._app import App, Scene
from lupus_kit.widgets._controls import dropdown, int_slider, text
from lupus_kit.widgets._words import p_value
from lupus_kit.widgets.explorer import held_by

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
    >>> "<b>0</b> of 25 two-sided tests print 0.036" in nephritis_scene(7, 2, "0.036", "pearson").text
    True
    """
    found = audit.explain(reported, x1, n1, x2, n2)
    two_sided = found["alternative"] == "two-sided"
    fits = found[found["rounds_to_reported"]]
    one_sided = fits.loc[fits["alternative"] != "two-sided", "label"].tolist()
    both = int(fits["alternative"].eq("two-sided").sum())
    curve = confidence_curve(test, x1, n1, x2, n2)
    held = held_by(curve)
    low, high = (100 * end for end in held)
    ends = (
        f"from <b>{low:+.0f}</b> to <b>{high:+.0f}</b> points"
        if np.isfinite([low, high]).all()
        else "of any size there"
    )
    fragile = fragility_index(x1, n1, x2, n2, test)
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
    number = published.parse_p(audit.read_reported(reported)[0])[1]
    return Scene(text, p_function(curve, printed=number, own=p, ends=held))


def nephritis_board() -> App:
    """Return the widget of stop 6 about lupus nephritis: remissions in each arm, the printed p, and a test.

    Examples
    --------
    >>> "Remission in 7/13 (54%) v 2/12 (17%)" in nephritis_board().text.value
    True
    """
    x1, n1, x2, n2 = audit.claim_counts(published.load("he2020"), "ln_complete_remission")

    def scene(x1: int, x2: int, reported: str, test: str) -> Scene:
        return nephritis_scene(x1, x2, reported, test, n1, n2)

    return App(
        "Twenty-five patients with nephritis",
        {
            "x1": int_slider(f"remissions on IL-2 (of {n1})", x1, 0, n1),
            "x2": int_slider(f"remissions on placebo (of {n2})", x2, 0, n2),
            "reported": text("p as printed", "0.036"),
            "test": dropdown("test", [(TESTS[key].label, key) for key in _OFFERED], "miettinen_nurminen"),
        },
        scene,
        height=420,
        name="nephritis_board",
    )
