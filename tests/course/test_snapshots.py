"""Still pictures of widgets."""

from __future__ import annotations

import re

from ipywidgets import Widget
from nbformat import v4

from lupus_kit.course.snapshots import snapshot
from lupus_kit.widgets.findings import Findings

STATE = "application/vnd.jupyter.widget-state+json"


def test_a_form_of_boxes_is_one_line_that_says_what_is_ticked():
    form = Findings("findings", [("Rash <mild>", "rash"), ("Fever", "fever"), ("Ulcers", "ulcers")], ["rash", "ulcers"])
    notebook = v4.new_notebook(metadata={"widgets": {STATE: Widget.get_manager_state()}})
    shown = snapshot({"application/vnd.jupyter.widget-view+json": {"model_id": form.model_id}}, notebook)
    words = re.sub(r"<(?:/?(?:b|div|strong|p)\b[^>]*)>", " ", shown).split()
    assert " ".join(words).endswith("findings 2 of 3 ticked: Rash &lt;mild&gt;, Ulcers")
