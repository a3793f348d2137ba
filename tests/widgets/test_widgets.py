"""Widgets driven without a kernel: set values, read the sentence and the picture's alt text."""

import re

import ipywidgets
import pytest

from lupus_kit import inference, widgets
from lupus_kit.widgets.design import allocation_scene

pytestmark = pytest.mark.usefixtures("undrawn")


def _alt(app):
    return re.search(r'alt="([^"]*)"', app.picture.value)[1]


def test_table_explorer_follows_its_controls():
    app = widgets.table_explorer()
    before = app.picture.value
    app.set(x1=17)
    assert f"p = {inference.pvalue('pearson', 17, 29, 9, 30):.4f}" in app.text.value
    assert app.picture.value != before
    app.set(test="fisher")
    assert f"p = {inference.pvalue('fisher', 17, 29, 9, 30):.4f}" in app.text.value
    app.reset_button.click()
    assert app.values == {"x1": 16, "x2": 9, "test": "pearson"}
    assert "p = 0.0504" in app.text.value


def test_a_control_moved_by_hand_redraws():
    app = widgets.table_explorer()
    slider = next(w for w in app.columns.children[0].children if isinstance(w, ipywidgets.IntSlider))
    slider.value = 0
    assert app.text.value.startswith("<div aria-live='polite'>0/29 (0.0%)")


def test_extremes_of_every_table_slider():
    app = widgets.table_explorer(3, 4, 1, 1)
    for x1 in (0, 3):
        for x2 in (0, 4):
            app.set(x1=x1, x2=x2)
            assert f"{x1}/3" in app.text.value


def test_detective_finds_week_24_and_the_missing_patient():
    app = widgets.pvalue_detective().set(reported="0.027", x1=19, x2=11)
    assert "<b>6</b> of 29 two-sided tests print so: Pearson" in app.text.value
    app.set(missing="as a non-responder")
    assert "19/30 v 11/30" in app.text.value


def test_bad_input_is_a_sentence_and_keeps_the_picture():
    app = widgets.pvalue_detective()
    picture = app.picture.value
    app.set(reported="<script>alert(1)</script>")
    assert "role='alert'" in app.text.value
    assert "<script>" not in app.text.value
    assert app.picture.value == picture
    app.set(reported="<0.001")
    assert "not reproduced by any of 29" in app.text.value


def test_allocation_counts_add_up():
    text = allocation_scene(60, 4, seed=3).text
    numbers = [int(n) for n in re.findall(r"(\d+) on", text)]
    assert numbers[:2] == [30, 30]
    assert sum(numbers[2:]) == 60


def test_unknown_control_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'x1'"):
        widgets.table_explorer().set(x11=3)
