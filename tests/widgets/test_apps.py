"""What all widgets share: extremes, views that can be sent, pictures that do not depend on the way one came."""

import base64
import html
import io
import itertools
import random
import re

import ipywidgets as ipw
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.image import imread
from references.boards import everything

from lupus_kit import figures, widgets
from lupus_kit.core.errors import InputError
from lupus_kit.widgets import state as _state
from lupus_kit.widgets.audit import missing_scene
from lupus_kit.widgets.findings import Findings

every_app = pytest.mark.parametrize("name", widgets.APPS)


def _alt(app):
    return html.unescape(re.search(r'alt="([^"]*)"', app.picture.value)[1])


def _pixels(app):
    return imread(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]*)", app.picture.value)[1])))


def _ends(control):
    """The extremes of one control, and for a choice every option."""
    if isinstance(control, (ipw.IntSlider, ipw.FloatSlider)):
        return [control.min, control.max]
    if isinstance(control, Findings):
        return [(), tuple(control.boxes)]
    if isinstance(control, ipw.Dropdown):
        return [value for _, value in control.options]
    if isinstance(control, ipw.Checkbox):
        return [False, True]
    return [control.value]


def _walk(app, steps, seed):
    """Move one control after the other to a place within its range."""
    rng = random.Random(seed)
    for _ in range(steps):
        key = rng.choice([one for one, control in app.controls.items() if not isinstance(control, ipw.Text)])
        control = app.controls[key]
        value = rng.choice(_ends(control))
        if isinstance(control, ipw.IntSlider):
            value = rng.randrange(control.min, control.max + 1, control.step)
        if isinstance(control, ipw.FloatSlider):
            value = control.min + rng.randrange(round((control.max - control.min) / control.step) + 1) * control.step
            value = min(value, control.max)
        yield app.set(**{key: value})


@every_app
def test_all_sliders_at_their_extremes(name, monkeypatch, without_pixels):
    with monkeypatch.context() as patch:
        patch.setattr(figures.Live, "png", without_pixels)
        app = widgets.APPS[name]()
    numbers = {k: c for k, c in app.controls.items() if isinstance(c, (ipw.IntSlider, ipw.FloatSlider, Findings))}
    others = {k: c for k, c in app.controls.items() if k not in numbers}
    corners = list(itertools.product(*map(_ends, numbers.values())))
    between = corners[1:-1]
    tried = [corners[0], corners[-1], *random.Random(4).sample(between, min(3, len(between)))]
    # Beside them every option of every choice: the first of all of them, then the second of all of them, and so on.
    ends = {key: _ends(control) for key, control in others.items() if key != "stable"}
    for turn in range(max(map(len, (tried, *ends.values())))):
        if turn == 2:  # all at their lowest and all at their highest: in pixels; the others: the axes
            monkeypatch.setattr(figures.Live, "png", without_pixels)
        chosen = {key: values[turn % len(values)] for key, values in ends.items()}
        app.set(**dict(zip(numbers, tried[turn % len(tried)], strict=True)) | chosen)
        assert "role='alert'" not in app.text.value, app.state
        assert "nan" not in re.sub(r"<[^>]*>", "", app.text.value).split(), app.state
        assert len(_alt(app)) > 60
    if "stable" in others:  # without proteinuria there: a sentence
        assert "role='alert'" in app.set(**app.defaults | {"stable": True}).text.value


@every_app
def test_pictures_stay_on_the_page_are_whole_and_do_not_depend_on_the_way_to_them(name):
    # Axes, their empty look and the layout are kept: none of it may shine through into a later picture.
    app = widgets.APPS[name]()
    for step, _ in enumerate(_walk(app, 2, seed=7)):
        # The axes that this step has drawn on; after a step that cannot be shown, those of the picture that stays.
        (axes,) = [axes for axes in app.live.kept.values() if figures.alt_text(axes[0]) == _alt(app)]
        figure = axes[0].figure
        box, page = figure.get_tightbbox(), figure.get_size_inches()
        assert min(box.x0, box.y0) >= -0.01, app.state
        assert box.x1 <= page[0] + 0.01, app.state
        assert box.y1 <= page[1] + 0.01, app.state
        if step == 1:  # drawn by Matplotlib at once, without a kept frame: to the pixel but for lines over the spines
            figure.canvas.draw()
            whole = np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255
            assert float((np.abs(whole - _pixels(app)[..., :3]) > 0.1).mean()) < 0.002
    if "role='alert'" in app.text.value:
        app.reset()
    direct = widgets.from_state(app.state)
    assert direct.text.value == app.text.value
    assert _alt(direct) == _alt(app)
    if direct.picture.value != app.picture.value:  # to the byte, or but for what no eye sees
        assert _pixels(direct).shape == _pixels(app).shape
        assert np.abs(_pixels(direct) - _pixels(app)).max() < 0.02


@every_app
def test_controls_have_labels_and_a_view_goes_there_and_back(name, undrawn):
    app = widgets.APPS[name]()
    assert app.name == name
    for key, control in app.controls.items():
        if not isinstance(control, Findings):
            assert len(control.description) > 3, key
    inside = list(everything(app))
    # No Output widget: an error cannot hide in one.
    assert not any(isinstance(one, ipw.Output) for one in inside)
    words = (ipw.HTML, ipw.Label)
    moved = [one for one in inside if {"value", "description"} <= set(one.traits()) and not isinstance(one, words)]
    assert len(moved) >= 2
    if name != "ticket_board":  # whose boxes bear the patients' numbers
        assert all(len(one.description or one.tooltip) > 3 for one in moved)
    assert "aria-live" in app.text.value
    assert len(_alt(app)) > 60
    assert [app.view.description, app.reset_button.description] == ["this view", "Reset"]
    # The handles of sliders get the name that stands beside them, once the picture is there.
    onload = re.search(r'onload="([^"]*)"', app.picture.value)[1]
    assert "aria-label" in onload
    assert "data-lm-suppress-shortcuts" in onload  # and JupyterLab leaves their keys to them

    start = app.state
    assert re.fullmatch(r"[a-z_]+\?[\w=;,.%~-]+", start), "may stand in an address"
    for _ in _walk(app, 2, seed=1):
        assert app.view.value == app.state
    other = widgets.from_state(app.state)
    assert other.state == app.state
    for key, value in app.values.items():  # ten digits of a decimal travel, and no control has finer steps
        assert other.values[key] == (pytest.approx(value, abs=1e-9) if isinstance(value, float) else value)
    app.view.value = start  # as if pasted
    assert app.state == start
    app.reset()
    assert app.state == start


def test_a_view_of_other_arms_builds_other_arms(undrawn):
    app = widgets.from_state("table_explorer?n1=13;n2=12;x1=7;x2=2;test=fisher")
    assert "7/13 (53.8%) v 2/12 (16.7%): <b>Fisher (point probability) p = 0.0968" in app.text.value
    with pytest.raises(InputError, match=r"another n1 than 29.*from_state"):
        widgets.table_explorer().load(app.state)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("", "a view is a line of text such as 'table_explorer"),
        (None, "a view is a line of text"),
        (7, "a view is a line of text"),
        ("x1=16", "the name of the widget is missing"),
        ("tabel_explorer?x1=16", "unknown widget 'tabel_explorer': did you mean 'table_explorer'"),
        ("table_explorer?x3=16", "unknown control 'x3'"),
        ("table_explorer?x1=30", "x1='30': a whole number from 0 to 29 is needed"),
        ("table_explorer?x1=-1", "x1='-1': a whole number from 0 to 29"),
        ("table_explorer?x1=1_6", "x1='1_6': a whole number"),
        ("table_explorer?x1=sixteen", "x1='sixteen': a whole number"),
        ("table_explorer?x1=" + "9" * 1400, "x1='9999"),
        ("table_explorer?x1", "'x1' is not of the form name=value"),
        ("table_explorer?x1=1;x1=2", "'x1' is there twice"),
        ("table_explorer?test=fischer", "unknown choice for 'test': 'fischer': did you mean 'fisher'"),
        ("table_explorer?n1=0;x1=0", "n1='0': a whole number from 1 to 60"),
        ("table_explorer?n1=5000", "n1='5000': a whole number from 1 to 60"),
        ("https://example.org/table_explorer?x1=3", "is no name of a widget"),
        ("trial_designer?p1=nan", "p1='nan': a number from 0 to 1"),
        ("trial_designer?p1=1e400", "p1='1e400': a number from 0 to 1"),
        ("patient_builder?before=rash,rush", "unknown finding 'rush': did you mean 'rash'"),
        ("patient_builder?stable=yes", "stable='yes': 1 for yes, 0 for no"),
        ("assumption_board?seed=" + "9" * 30, "seed='9999"),
        ("table_explorer?" + "x" * 2000, "characters; none is longer than"),
    ],
)
def test_a_view_that_is_none_is_a_sentence(state, words, undrawn):
    with pytest.raises(InputError, match=re.escape(words)):
        widgets.from_state(state)


def test_a_foreign_view_in_the_field_is_a_sentence_and_nothing_moves(undrawn):
    app = widgets.table_explorer()
    before, picture = app.values, app.picture.value
    for pasted in ("missing_map?week=24", "table_explorer?x1=16;x2=<b>", "%%%", "table_explorer?x1=\ud800"):
        app.view.value = pasted
        assert "role='alert'" in app.text.value
        assert "<b>" not in app.text.value
        assert (app.values, app.picture.value) == (before, picture)
    app.view.value = "x1=17"  # of this widget, and everything else as at the start
    assert app.values == {"x1": 17, "x2": 9, "test": "pearson"}
    assert "role='alert'" not in app.text.value


def test_any_text_in_a_view_comes_back_or_is_refused():
    rng = random.Random(11)
    alphabet = "abx=;?,%&<>\"'\\/0123456789.-+ é≤∞\n\x00"
    for _ in range(400):
        text = "".join(rng.choices(alphabet, k=rng.randrange(12)))
        written = _state.write("pvalue_detective", {"reported": text})
        assert _state.value_of("reported", ipw.Text(""), _state.split(written)[1]["reported"]) == text
        try:
            _, pieces = _state.split(text)
        except InputError:
            continue
        assert all(re.fullmatch(r"\w+", key) for key in pieces)


@pytest.mark.parametrize("name", ["pvalue_detective", "nephritis_board"])
def test_whatever_is_typed_as_a_p_value_is_read_or_refused(name, undrawn):
    app = widgets.APPS[name]()
    rng = random.Random(2)
    typed = [
        "NS",
        "n.s.",
        "p < .001",
        "≤0.05",
        ">0.99",
        "0",
        "1",
        "1.0",
        "0,05",
        "5%",
        "",
        " ",
        "1e-3",
        "-0.1",
        "2",
        "∞",
        "0.0520",
    ]
    for text in [*typed, *("".join(rng.choices("0123.<>=p,eNS ", k=5)) for _ in range(15))]:
        app.set(reported=text)
        assert ("role='alert'" in app.text.value) or ("print" in app.text.value), text
    app.set(reported="NS")
    assert "role='alert'" not in app.text.value


@pytest.mark.parametrize(("missing1", "missing2"), [(0, 0), (1, 0), (0, 4), (4, 4)])
def test_every_way_has_a_cell_that_can_be_seen(missing1, missing2):
    ax = missing_scene(12, missing1, missing2, "pearson").axes
    cells = ax.collections[0].get_coordinates()
    assert cells.shape == (missing2 + 2, missing1 + 2, 2)
    assert np.ptp(cells[..., 0]) == missing1 + 1
    assert np.ptp(cells[..., 1]) == missing2 + 1
    plt.close(ax.figure)


def test_widgets_leave_no_open_figures():
    before = plt.get_fignums()
    widgets.table_explorer().set(x1=3)
    widgets.missing_map().set(missing1=3)
    assert plt.get_fignums() == before


def test_a_wiped_map_keeps_no_colour_bar():
    live, lattice = figures.Live(), np.full((3, 4), 0.2)
    for x in (0, 1, 2):
        with live.drawing():
            ax = figures.inference.pvalue_lattice(lattice, {"yours": (x, 1)})
        live.png(ax)
    assert len(ax.figure.axes) == 2
