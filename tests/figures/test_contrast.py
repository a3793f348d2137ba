"""Every text on every figure can be read, and every line and mark can be seen: WCAG 2.2, criteria 1.4.3 and 1.4.11."""

import inspect
from functools import cache
from types import ModuleType

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.colors import to_rgba
from matplotlib.text import Text
from seaborn.utils import relative_luminance

from lupus_kit import cohort, design, endpoints, figures, inference, simulation
from lupus_kit.figures.style import contrast
from lupus_kit.widgets.audit import detective_scene, missing_scene, visits_scene
from lupus_kit.widgets.cohort import assumption_scene
from lupus_kit.widgets.inference import table_scene, ticket_scene
from lupus_kit.widgets.secondary import nephritis_scene, safety_scene
from lupus_kit.widgets.simulation import dance_scene, designer_scene
from lupus_kit.widgets.sri import patient_scene

WEEK12 = (16, 29, 9, 30)
TICKED = [str(k) for k in range(1, 10)]


@cache
def _visits():
    return endpoints.sri(cohort.what_if(cohort.Assumptions(rescue_placebo=0.2, dropout_rate=0.2), 60, 2).visits)


def _clauses():
    return endpoints.deciding_clauses(_visits()).intersections()


@cache
def _exact():
    return simulation.exact(design.he2020(), simulation.ResponseRates((0.55, 0.3), (0.65, 0.37)))


def _rates():
    rows = [("week 12", "IL-2", 16, 29, 0.55, 0.38, 0.72), ("week 12", "placebo", 9, 30, 0.3, 0.17, 0.48)]
    return pd.DataFrame(rows, columns=["visit", "arm", "responders", "patients", "rate", "low", "high"])


def _calendar():
    he = design.he2020()
    return figures.design.dosing_calendar(
        he.dosing_calendar(), pd.DataFrame([{"name": v.name, "week": v.week} for v in he.visits])
    )


def _flow():
    visits = pd.DataFrame({"patient": list("aab"), "arm": ["IL-2", "IL-2", "placebo"], "week": [0, 12, 0]})
    return figures.design.participant_flow(design.participant_flow(visits))


def _boundaries():
    found = {
        shape: simulation.group_sequential((0.5, 1.0), shape=shape).to_frame() for shape in ("pocock", "obrien_fleming")
    }
    return figures.simulation.boundaries(found)


FIGURES = {
    "audit.line_up": lambda: detective_scene("0.052", 16, 9, "not counted").axes,
    "audit.rule_lines": lambda: visits_scene(0.4, 0.42, 0.51, "holm", "pearson").axes,
    "cohort.response_beside_published": lambda: assumption_scene(0.36, 1.4, 0.02, 30, 13).axes,
    "definitions.deciding_clauses": lambda: figures.definitions.deciding_clauses(_clauses(), 12),
    "design.dosing_calendar": _calendar,
    "design.allocation_balance": lambda: figures.design.allocation_balance(
        {str(size): design.permuted_blocks(60, ["IL-2", "placebo"], size, seed=1) for size in (2, 4, 6)}, "IL-2"
    ),
    "design.participant_flow": _flow,
    "design.shuffled_tickets": lambda: ticket_scene(TICKED, TICKED[:3], 500, 2020).axes,
    "inference.pvalue_lattice": lambda: figures.inference.pvalue_lattice(
        inference.pvalue_lattice("pearson", 29, 30), {"week 12": (16, 9)}
    ),
    "inference.pvalues": lambda: figures.inference.pvalues(inference.compare(*WEEK12).tests(), reported=0.052),
    "inference.size_curves": lambda: figures.inference.size_curves(
        pd.concat(inference.size_curve("fisher", 5, n).assign(label=f"Fisher, 5 + {n}") for n in range(3, 15))
    ),
    "inference.tipping_map": lambda: missing_scene(24, 4, 4, "pearson").axes,
    "inference.forest": lambda: figures.inference.forest(
        inference.stratified(
            pd.DataFrame([("a", 16, 27, 5, 25), ("b", 0, 5, 1, 6)], columns=["stratum", "x1", "n1", "x2", "n2"])
        ).forest()
    ),
    "planning.power_plan": lambda: designer_scene(0.55, 0.3, 0.0, 30, "pearson").axes,
    "planning.dance_of_p": lambda: dance_scene(0.55, 0.3, 30, 30, 1).axes,
    "secondary.unseen_risk": lambda: safety_scene(29, 0, 1.0).axes,
    "simulation.pvalue_distribution": lambda: figures.simulation.pvalue_distribution(
        _exact().pvalue_distribution(), observed=0.0504
    ),
    "simulation.operating_characteristics": lambda: figures.simulation.operating_characteristics(
        dict.fromkeys("abcdefghij", _exact().summary())
    ),
    "simulation.exaggeration": lambda: figures.simulation.exaggeration(_exact().estimates(), 0.25),
    "simulation.boundaries": _boundaries,
    "sri.sri_clauses": lambda: figures.sri.sri_clauses(_visits(), 24),
    "sri.response_over_time": lambda: figures.sri.response_over_time(_visits()),
    "sri.sledai_bars": lambda: (
        patient_scene(
            tuple(endpoints.SLEDAI_ITEMS["id"]), ("rash", "proteinuria"), 1, 1, stable=True, version="SELENA"
        ).axes
    ),
    "sri.responders": lambda: figures.sri.responders(_rates()),
    "table_board.p_function": lambda: nephritis_scene(7, 2, "0.036", "pearson").axes,
    "table_board.table_board": lambda: table_scene(16, 9, "pearson").axes,
}


def hard_to_read(ax: Axes) -> list[str]:
    """List the texts that lack a contrast of 4.5 with more than an eighth of the pixels behind them.

    The picture is drawn without its texts; a thin line that crosses one is not its ground.
    """
    figure = ax.figure
    page = figure.bbox
    if engine := figure.get_layout_engine():
        engine.execute(figure)
        figure.set_layout_engine("none")
    figure.canvas.get_renderer().draw_text = lambda *_, **__: None
    figure.canvas.draw()
    texts = [one for one in figure.findobj(Text) if one.get_visible() and one.get_text().strip()]
    places = [(one, one.get_window_extent(), one.get_color()) for one in texts]
    picture = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3] @ np.array([1 << 16, 1 << 8, 1])
    found = []
    for one, box, colour in places:
        x0, x1 = np.clip([box.x0, box.x1 + 1], 0, page.width).astype(int)
        y0, y1 = np.clip([box.y0, box.y1 + 1], 0, page.height).astype(int)
        if x1 <= x0 or y1 <= y0:
            continue  # outside the picture, such as a tick's label beyond the axis
        colours, counts = np.unique(picture[y0:y1, x0:x1], return_counts=True)
        grounds = (colours[:, None] >> np.array([16, 8, 0]) & 255) / 255
        *rgb, opaque = to_rgba(colour, one.get_alpha())
        lit = np.reshape(
            [relative_luminance(drawn) for drawn in (grounds, opaque * np.array(rgb) + (1 - opaque) * grounds)], (2, -1)
        )
        poor = counts[(lit.max(axis=0) + 0.05) / (lit.min(axis=0) + 0.05) < 4.5].sum()
        if poor > counts.sum() / 8:
            found.append(one.get_text())
    return found


def hard_to_see(ax: Axes) -> list[str]:
    """List the colours of lines and marks that lack a contrast of 3 with white; maps have a ground of their own."""
    found = []
    for one in ax.figure.axes:
        if one.images or any(isinstance(artist, QuadMesh) for artist in one.collections):
            continue
        colours = [(line.get_color(), line.get_markeredgecolor(), line.get_alpha()) for line in one.lines]
        for artist in one.collections:
            if isinstance(artist, LineCollection | PathCollection):
                faces, edges = artist.get_facecolor(), artist.get_edgecolor()
                colours += [(tuple(a), tuple(b), None) for a in faces for b in edges[:1]] if len(faces) else []
                colours += [(tuple(b), tuple(b), None) for b in edges] if not len(faces) else []
        for first, second, alpha in dict.fromkeys(colours):
            seen = [to_rgba(colour, alpha) for colour in (first, second)]
            shown = [contrast(tuple(a * np.array(rgb) + 1 - a), "white") for *rgb, a in seen]
            if max(shown) < 3:
                found.append(f"{first} {second}")
    return found


def _drawing_functions():
    for name, module in vars(figures).items():
        if isinstance(module, ModuleType) and name not in ("show", "style", "tables"):
            for key, one in vars(module).items():
                own = inspect.isfunction(one) and one.__module__ == module.__name__ and key[0] != "_"
                if own and one.__annotations__.get("return") is Axes:
                    yield f"{name}.{key}"


def test_every_figure_of_the_kit_is_looked_at():
    assert set(FIGURES) == set(_drawing_functions())


@pytest.mark.parametrize("name", FIGURES)
def test_texts_can_be_read_and_lines_be_seen(name):
    ax = FIGURES[name]()
    try:
        assert hard_to_see(ax) == []
        assert hard_to_read(ax) == []
    finally:
        plt.close(ax.figure)


def test_a_bad_figure_is_found():
    _, ax = plt.subplots()
    ax.bar([0], [1], color="#ece133")
    ax.text(0, 0.5, "white on yellow", color="white", ha="center")
    ax.text(0, 0.2, "black on yellow", ha="center")
    ax.text(0.6, 0.9, "orange on white", color="#d55e00")
    ax.axhline(0.5, color="#ece133")
    ax.scatter([0.5], [0.5], color="0.8")
    ax.set_xlim(-1, 2)
    assert hard_to_read(ax) == ["white on yellow", "orange on white"]
    assert len(hard_to_see(ax)) == 2
    plt.close(ax.figure)
