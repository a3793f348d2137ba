"""Stop 4: move the responders of both arms, see every test answer."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lupus_kit.figures import inference as draw
from lupus_kit.inference import TESTS, compare, pvalue_lattice
from lupus_kit.widgets._app import App, Scene, dropdown, int_slider

_PRINTED = ("pearson", "n_minus_1", "fisher", "barnard", "boschloo", "student_t")


@lru_cache(maxsize=64)
def _lattice(test: str, n1: int, n2: int) -> np.ndarray:
    return pvalue_lattice(test, n1, n2)


def table_scene(x1: int, x2: int, test: str, n1: int = 29, n2: int = 30) -> Scene:
    """Show one table on the lattice of its test, and the p-values of the usual tests.

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
        The lattice with the table on it, and p-values in words.
    """
    found = compare(x1, n1, x2, n2).tests(_PRINTED)
    shown = "; ".join(f"{label} {p:.4f}" for label, p in zip(found["label"], found["p"], strict=True))
    lattice = _lattice(test, n1, n2)
    text = (
        f"{x1}/{n1} ({x1 / n1:.1%}) v {x2}/{n2} ({x2 / n2:.1%}): <b>{TESTS[test].label} p = {lattice[x1, x2]:.4f}</b>."
        f"<br>Others: {shown}."
    )
    axes = draw.pvalue_lattice(lattice, {"your table": (x1, x2)}, label=TESTS[test].label)
    return Scene(text, axes)


def table_explorer(n1: int = 29, n2: int = 30, x1: int = 16, x2: int = 9) -> App:
    """Return the widget of stop 4.

    Parameters
    ----------
    n1, n2 : int
        Patients in each arm.
    x1, x2 : int
        Responders at the start.
    """

    def scene(x1: int, x2: int, test: str) -> Scene:
        return table_scene(x1, x2, test, n1, n2)

    return App(
        "One table, many tests",
        {
            "x1": int_slider(f"responders on IL-2 (of {n1})", x1, 0, n1),
            "x2": int_slider(f"responders on placebo (of {n2})", x2, 0, n2),
            "test": dropdown("test", [(test.label, key) for key, test in TESTS.items()], "pearson"),
        },
        scene,
        height=520,
    )
