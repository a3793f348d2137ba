"""Stop 3: build one patient, watch each clause of the SRI."""

import html
from collections.abc import Sequence

import ipywidgets as ipw
import pandas as pd

from lupus_kit.core.errors import require_choice
from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS, sledai, sri
from lupus_kit.figures.sri import LEGEND_COLUMNS, sledai_bars
from lupus_kit.widgets.app import App, Scene
from lupus_kit.widgets.controls import dropdown, float_slider
from lupus_kit.widgets.findings import Findings

_WORDS = {"A": "severe", "B": "moderate", "C": "mild", "D": "calm now", "E": "never"}
_GRADES = [(f"{grade}: {words}", grade) for grade, words in _WORDS.items()]
#: Systems whose grades the widget can move; the others stay at D, calm now.
MOVED = ("mucocutaneous", "musculoskeletal", "renal")
_VERSIONS = [("SLEDAI-2K", "2K"), ("SELENA-SLEDAI", "SELENA")]


_IDS = tuple(SLEDAI_ITEMS["id"])


def _chosen(present: Sequence[str]) -> pd.DataFrame:
    """Pick the descriptors present, in the order of the form."""
    return SLEDAI_ITEMS[SLEDAI_ITEMS["id"].isin(present)].assign(counts=True)


def patient_visits(
    before: Sequence[str],
    now: Sequence[str],
    pga: tuple[float, float],
    grades: dict[str, str] | None = None,
    version: str = "2K",
    stable: bool = False,
) -> pd.DataFrame:
    """Make the two visits of one patient, as :func:`lupus_kit.endpoints.sri` reads them.

    Parameters
    ----------
    before, now : sequence of str
        Ids of the SLEDAI descriptors present at baseline and at the visit.
    pga : tuple of float
        Physician global assessment (0 to 3) at baseline and at the visit.
    grades : dict of str to str, optional
        ``"<system>_before"`` and ``"<system>_now"`` to a BILAG grade; systems that are not named stay at D.
    version : {"2K", "SELENA", "SLEDAI"}
        Version of SLEDAI.
    stable : bool
        Whether proteinuria at the visit is stable: there before, and not risen.

    Returns
    -------
    pandas.DataFrame
        Two rows.

    Raises
    ------
    InputError
        If a finding, a system or the version is unknown, or proteinuria is called stable where there is none.

    Examples
    --------
    >>> patient_visits(["rash", "arthritis"], ["rash"], (1.1, 0.8))["sledai"].tolist()
    [6, 2]
    """
    for name in (*before, *now):
        require_choice("SLEDAI finding", name, _IDS)
    columns = {name: [name in before, name in now] for name in _IDS}
    items = pd.DataFrame(columns | {"proteinuria_stable": [False, bool(stable)]})
    given = grades or {}
    known = [f"{system}_{time}" for system in BILAG_SYSTEMS for time in ("before", "now")]
    for name in given:
        require_choice("BILAG grade", name, known)
    graded = {f"bilag_{system}": [given.get(f"{system}_{time}", "D") for time in ("before", "now")]
              for system in BILAG_SYSTEMS}  # fmt: skip
    return pd.DataFrame(
        {
            "patient": "your patient", "visit": ["baseline", "week 12"], "week": [0, 12],
            "sledai": sledai(items, version).to_numpy(), "pga": list(pga), **graded,
        }
    )  # fmt: skip


def patient_scene(
    before: Sequence[str],
    now: Sequence[str],
    pga_before: float,
    pga_now: float,
    *,
    version: str = "2K",
    stable: bool = False,
    points: int = 4,
    **grades: str,
) -> Scene:
    """Score one patient and show each clause.

    Parameters
    ----------
    before, now : sequence of str
        Ids of the descriptors present.
    pga_before, pga_now : float
        Physician global assessment, 0 to 3.
    version : {"2K", "SELENA", "SLEDAI"}
        Version of SLEDAI.
    stable : bool
        Whether proteinuria at the visit is stable.
    points : int
        Drop in SLEDAI that is asked for, 4 to 8.
    **grades : str
        ``<system>_before`` and ``<system>_now``; systems that are not named stay at D.

    Returns
    -------
    Scene
        The clauses with their verdicts, and SLEDAI as stacked bars.

    Raises
    ------
    InputError
        As for :func:`patient_visits`; also for a PGA or a grade that does not exist.
    """
    visits = patient_visits(before, now, (pga_before, pga_now), grades, version, stable)
    row = sri(visits, points).iloc[0]
    clauses = (
        ("SLEDAI", f"{row['sledai_baseline']} → {row['sledai']}, must fall by {points} or more", row["sledai_clause"]),
        ("BILAG", f"{row['new_a']} new A (none allowed), {row['new_b']} new B (one allowed)", row["bilag_clause"]),
        ("PGA", f"{row['pga_rise']:+.2f}, must rise by less than 0.30", row["pga_clause"]),
    )
    marks = {True: "✓ met", False: "✗ not met"}
    left = "style='text-align:left;padding:0 1em 0 0'"
    lines = "".join(
        f"<tr><td {left}><b>{name}</b></td><td {left}>{text}</td><td {left}>{marks[bool(met)]}</td></tr>"
        for name, text, met in clauses
    )
    bars_before, bars_now = _chosen(before), _chosen(now)
    # What the version leaves out is drawn hollow, so that bar and total agree.
    bars_now["counts"] = ~((bars_now["id"] == "proteinuria") & (stable and version != "2K"))
    text = f"<table>{lines}</table><b>{html.escape(str(row['reason']))}</b>"
    rows = -(-len({*bars_before["domain"], *bars_now["domain"]}) // LEGEND_COLUMNS)
    facts = {f"{name.lower()}_met": int(met) for name, _, met in clauses} | {"responder": int(row["responder"])}
    return Scene(text, sledai_bars(bars_before, bars_now, points), layout=rows, facts=facts)


def patient_builder() -> App:
    """Return the widget of stop 3: choose findings, grades and PGA of one patient at two visits.

    See Also
    --------
    from_state

    Examples
    --------
    >>> app = patient_builder()
    >>> "Responder: SLEDAI fell by 6" in app.text.value
    True
    >>> "✗ not met" in app.set(pga_now=1.4).text.value
    True
    """
    options = [(f"{item.label} ({item.weight})", item.id) for item in SLEDAI_ITEMS.itertuples()]
    blood = ("low_complement", "dna_binding")
    before = Findings("baseline", options, ("arthritis", "rash", *blood))
    now = Findings("week 12", options, blood)
    controls: dict[str, ipw.Widget] = {
        "before": before,
        "now": now,
        "pga_before": float_slider("PGA at baseline (0–3)", 1.1, 0, 3, 0.05),
        "pga_now": float_slider("PGA at week 12 (0–3)", 0.8, 0, 3, 0.05),
    }
    for system in MOVED:
        start = ("B", "C") if system != "renal" else ("D", "D")
        for time, words, grade in zip(("before", "now"), ("baseline", "week 12"), start, strict=True):
            controls[f"{system}_{time}"] = dropdown(f"BILAG {system}, {words}", _GRADES, grade)
    controls |= {
        "version": dropdown("version of SLEDAI", _VERSIONS, "2K"),
        "points": dropdown("SLEDAI must fall by", [(f"{n} (SRI-{n})", n) for n in range(4, 9)], 4),
        "stable": ipw.Checkbox(False, description="proteinuria at week 12 is stable", indent=False),
    }
    app = App("Build a patient", controls, patient_scene, height=225, name="patient_builder")
    # Findings of both visits as one form below the verdict, where a click does not move it out of sight.
    side, shown = app.columns.children
    side.children = side.children[2:]
    side.add_class("lupus-kit-pairs")
    form = [ipw.HBox([before.boxes[key], now.boxes[key], ipw.Label(label)]) for label, key in options]
    heading = ipw.HTML("<b>Findings (points): first box at baseline, second at week 12</b>")
    shown.children = [*shown.children, heading, ipw.Box(form).add_class("lupus-kit-form")]
    return app
