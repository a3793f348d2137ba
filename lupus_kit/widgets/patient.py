"""Stop 3: build one patient, watch each clause of SRI-4."""

from __future__ import annotations

import html
from collections.abc import Sequence

import ipywidgets as ipw
import pandas as pd

from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS, sledai, sri
from lupus_kit.figures import patient as draw
from lupus_kit.widgets._app import App, Scene, dropdown, float_slider

_WORDS = {"A": "severe", "B": "moderate", "C": "mild", "D": "calm now", "E": "never"}
_GRADES = [(f"{grade}: {words}", grade) for grade, words in _WORDS.items()]
#: Systems whose grades the widget can move; the others stay at D, calm now.
MOVED = ("mucocutaneous", "musculoskeletal")


def _items(present: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        [(i.label, i.weight) for i in SLEDAI_ITEMS.itertuples() if i.id in present], columns=["label", "weight"]
    )


def patient_visits(
    before: Sequence[str], now: Sequence[str], pga: tuple[float, float], grades: dict[str, str]
) -> pd.DataFrame:
    """Make the two visits of one patient, as :func:`lupus_kit.endpoints.sri` reads them.

    Parameters
    ----------
    before, now : sequence of str
        Ids of the SLEDAI descriptors present at baseline and at the visit.
    pga : tuple of float
        Physician global assessment (0 to 3) at baseline and at the visit.
    grades : dict of str to str
        ``"<system> before"`` and ``"<system> now"`` to a BILAG grade.

    Returns
    -------
    pandas.DataFrame
        Two rows.
    """
    items = pd.DataFrame([{i: i in present for i in SLEDAI_ITEMS["id"]} for present in (before, now)])
    visits = pd.DataFrame({"patient": "your patient", "visit": ["baseline", "week 12"], "week": [0, 12]})
    visits["sledai"] = sledai(items)
    visits["pga"] = list(pga)
    for system in BILAG_SYSTEMS:
        visits[f"bilag_{system}"] = [grades.get(f"{system} {time}", "D") for time in ("before", "now")]
    return visits


def patient_scene(before: Sequence[str], now: Sequence[str], pga_before: float, pga_now: float, **grades: str) -> Scene:
    """Score one patient and show each clause.

    Parameters
    ----------
    before, now : sequence of str
        Ids of the descriptors present.
    pga_before, pga_now : float
        Physician global assessment, 0 to 3.
    **grades : str
        ``<system>_before`` and ``<system>_now`` for the systems of :data:`MOVED`.

    Returns
    -------
    Scene
        The clauses with their verdicts, and SLEDAI as stacked bars.
    """
    named = {key.replace("_before", " before").replace("_now", " now"): grade for key, grade in grades.items()}
    row = sri(patient_visits(before, now, (pga_before, pga_now), named)).iloc[0]
    clauses = (
        (f"SLEDAI {row['sledai_baseline']} → {row['sledai']}: down by 4 or more", row["sledai_clause"]),
        (f"{row['new_a']} new BILAG A (none allowed), {row['new_b']} new B (one allowed)", row["bilag_clause"]),
        (f"PGA {row['pga_rise']:+.2f}: must rise by less than 0.30", row["pga_clause"]),
    )
    marks = {True: "✓ met", False: "✗ not met"}
    lines = "".join(
        f"<tr><td>{marks[bool(met)]}</td><td style='text-align:left'>{text}</td></tr>" for text, met in clauses
    )
    text = f"<table>{lines}</table><b>{html.escape(str(row['reason']))}</b>"
    return Scene(text, draw.sledai_bars(_items(before), _items(now)))


def patient_builder() -> App:
    """Return the widget of stop 3: choose findings, grades and PGA of one patient at two visits."""
    options = [(f"{item.label} ({item.weight})", item.id) for item in SLEDAI_ITEMS.itertuples()]
    wide = {
        "layout": ipw.Layout(width="95%", max_width="640px", height="150px"),
        "style": {"description_width": "220px"},
    }
    controls: dict[str, ipw.Widget] = {
        "before": ipw.SelectMultiple(
            options=options,
            value=("arthritis", "rash", "low_complement", "dna_binding"),
            description="findings at baseline",
            **wide,
        ),
        "now": ipw.SelectMultiple(
            options=options, value=("low_complement", "dna_binding"), description="findings at week 12", **wide
        ),
        "pga_before": float_slider("PGA at baseline (0–3)", 1.1, 0, 3, 0.1),
        "pga_now": float_slider("PGA at week 12 (0–3)", 0.8, 0, 3, 0.1),
    }
    for system in MOVED:
        controls[f"{system}_before"] = dropdown(f"BILAG {system} at baseline", _GRADES, "B")
        controls[f"{system}_now"] = dropdown(f"BILAG {system} at week 12", _GRADES, "C")
    return App("Build a patient", controls, patient_scene, height=330)
