"""Widgets: one app per idea, each a plain function from values to a picture and a sentence, with controls.

They run wherever ipywidgets run: JupyterLab, Binder, Voilà. What one shows can be sent as a short string.

Examples
--------
>>> from lupus_kit import widgets
>>> app = widgets.table_explorer()
>>> "p = 0.0504" in app.text.value
True
>>> app.state
'table_explorer?n1=29;n2=30;x1=16;x2=9;test=pearson'
>>> widgets.from_state("table_explorer?x1=19;x2=11").values["x1"]
19
"""

from lupus_kit.widgets.app import App, Scene
from lupus_kit.widgets.audit import (
    detective_scene,
    missing_map,
    missing_scene,
    pvalue_detective,
    visits_explorer,
    visits_scene,
)
from lupus_kit.widgets.by_name import APPS, from_state
from lupus_kit.widgets.cohort import assumption_board, assumption_scene
from lupus_kit.widgets.design import allocation_explorer, allocation_scene
from lupus_kit.widgets.inference import table_explorer, table_scene
from lupus_kit.widgets.secondary import nephritis_board, nephritis_scene, safety_explorer, safety_scene
from lupus_kit.widgets.simulation import dance_scene, designer_scene, pvalue_dance, trial_designer
from lupus_kit.widgets.sri import patient_builder, patient_scene

__all__ = [
    "APPS",
    "App",
    "Scene",
    "allocation_explorer",
    "allocation_scene",
    "assumption_board",
    "assumption_scene",
    "dance_scene",
    "designer_scene",
    "detective_scene",
    "from_state",
    "missing_map",
    "missing_scene",
    "nephritis_board",
    "nephritis_scene",
    "patient_builder",
    "patient_scene",
    "pvalue_dance",
    "pvalue_detective",
    "safety_explorer",
    "safety_scene",
    "table_explorer",
    "table_scene",
    "trial_designer",
    "visits_explorer",
    "visits_scene",
]
