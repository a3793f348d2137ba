"""Widgets: one app per idea, each a plain function from values to a picture and a sentence, with controls.

They run wherever ipywidgets run: JupyterLab, Binder, Voilà.

Examples
--------
>>> from lupus_kit import widgets
>>> app = widgets.table_explorer()
>>> "p = 0.0504" in app.text.value
True
"""

from lupus_kit.widgets._app import App, Scene
from lupus_kit.widgets.allocation import allocation_explorer, allocation_scene
from lupus_kit.widgets.assumptions import assumption_board, assumption_scene
from lupus_kit.widgets.detective import detective_scene, pvalue_detective
from lupus_kit.widgets.explorer import table_explorer, table_scene
from lupus_kit.widgets.patient import patient_builder, patient_scene
from lupus_kit.widgets.safety import safety_explorer, safety_scene

__all__ = [
    "App",
    "Scene",
    "allocation_explorer",
    "allocation_scene",
    "assumption_board",
    "assumption_scene",
    "detective_scene",
    "patient_builder",
    "patient_scene",
    "pvalue_detective",
    "safety_explorer",
    "safety_scene",
    "table_explorer",
    "table_scene",
]
