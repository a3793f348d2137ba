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
from lupus_kit.widgets.audit import missing_map, pvalue_detective, visits_explorer
from lupus_kit.widgets.by_name import APPS, from_state
from lupus_kit.widgets.claims import claims_board
from lupus_kit.widgets.cohort import assumption_board
from lupus_kit.widgets.design import allocation_explorer
from lupus_kit.widgets.inference import table_explorer, ticket_board
from lupus_kit.widgets.secondary import nephritis_board, safety_explorer
from lupus_kit.widgets.simulation import pvalue_dance, trial_designer
from lupus_kit.widgets.sri import patient_builder

__all__ = [
    "APPS", "App", "Scene", "allocation_explorer", "assumption_board", "claims_board", "from_state", "missing_map", "nephritis_board",
    "patient_builder", "pvalue_dance", "pvalue_detective", "safety_explorer", "table_explorer", "ticket_board", "trial_designer",
    "visits_explorer",
]  # fmt: skip
