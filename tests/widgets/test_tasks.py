"""Tasks of the boards: each can be fulfilled, none is at the start, and the state string alone tells."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lupus_kit import inference, widgets
from lupus_kit.core.errors import InputError
from lupus_kit.widgets import state as _state
from lupus_kit.widgets.app import TASKS
from lupus_kit.widgets.inference import ticket_scene

pytestmark = pytest.mark.usefixtures("undrawn")

#: One view for each task, in the order of the tasks.
SOLVED = {
    "allocation_explorer": ["n=200;seed=0", "block_size=6"],
    "assumption_board": ["drug_effect=0.3;n_per_arm=10;seed=22", "seed=0"],
    "patient_builder": ["pga_now=1.4", "pga_now=1.4"],
    "ticket_board": ["shuffles=10000", "first=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"],
    "table_explorer": ["x2=8;test=barnard", "x1=10;x2=2"],
    "pvalue_detective": ["reported=0.027;x1=19;x2=11", "x1=13;x2=21"],
    "missing_map": ["week=24;missing1=1;missing2=1", "test=fisher"],
    "visits_explorer": ["rho=0;strategy=holm", "rho=0.95;p12=0.5;p24=0.5"],
    "safety_explorer": ["n=99"],
    "nephritis_board": ["x2=1"],
    "trial_designer": ["dropout=0.1;n=80"],
    "pvalue_dance": ["p1=0.3;seed=5"],
}


@pytest.mark.parametrize("name", widgets.APPS)
def test_every_task_is_open_at_the_start_and_can_be_fulfilled(name):
    app = widgets.APPS[name]()
    assert list(app.fulfilled.values()) == [False] * len(TASKS[name])
    for task, pieces in zip(TASKS[name], SOLVED[name], strict=True):
        app.load(pieces)
        assert app.fulfilled[task["text"]], app.state
        assert f"✓ done: {task['text']}" in app.tasks.value
    app.reset()
    assert "✓" not in app.tasks.value


def test_the_view_that_a_student_sends_tells_whether_the_task_is_fulfilled():
    text = TASKS["nephritis_board"][0]["text"]
    assert widgets.from_state("nephritis_board?x1=8").fulfilled[text] is True
    assert widgets.from_state("nephritis_board?x1=9;x2=1").fulfilled[text] is False  # two patients, not one


def test_a_ticket_is_turned_also_after_many_shuffles():
    text = TASKS["ticket_board"][1]["text"]
    turned = ";".join(["first=" + ",".join(map(str, range(1, 18))), "shuffles=1000", "seed=1"])
    assert widgets.from_state(f"ticket_board?{turned}").fulfilled[text] is True
    two = turned.replace("17;", "17,18;")
    assert widgets.from_state(f"ticket_board?{two}").fulfilled[text] is False


def test_what_cannot_be_shown_fulfils_nothing():
    app = widgets.from_state("patient_builder?pga_now=1.4")
    assert any(app.fulfilled.values())
    app.set(stable=True)
    assert "role='alert'" in app.text.value
    assert not any(app.fulfilled.values())


@pytest.mark.parametrize(
    ("condition", "holds"),
    [("p <= 0.05", True), ("p < 0.05", False), ("test == fisher", True), ("x1 > x2", False), ("none >= 0", False)],
)
def test_conditions(condition, holds):
    facts = {"p": 0.05, "test": "fisher", "x1": 3, "x2": 3, "none": math.nan}
    assert _state.holds(condition, facts) is holds


def test_the_board_of_tickets_counts_what_the_notebook_counts():
    # The seed, the order and the rule of 00_start_here.
    answers = np.repeat([True, False, True, False], [16, 13, 9, 21])
    dealt = np.random.default_rng(2020).permuted(np.tile(answers, (10_000, 1)), axis=1)
    far = np.abs(dealt[:, :29].mean(axis=1) - dealt[:, 29:].mean(axis=1)) >= 16 / 29 - 9 / 30 - 1e-9
    app = widgets.ticket_board().set(shuffles=10_000)
    assert f"<b>{far.sum()} of 10,000</b>" in app.text.value
    assert f"= <b>{(1 + far.sum()) / 10_001:.4f}</b>" in app.text.value
    assert f"p = {inference.fisher_test(16, 29, 9, 30):.4f}" in app.text.value


@pytest.mark.parametrize("shuffles", [-1, 10_001, 2.5, None, "3", True])
def test_a_number_of_shuffles_that_cannot_be_is_a_sentence(shuffles):
    with pytest.raises(InputError, match=r"shuffles == .*a whole number from 0 to 10,000"):
        ticket_scene(["1"], [], shuffles, 2020)


def test_more_shuffles_begin_with_the_same_ones():
    last = np.random.default_rng(5).permuted(np.tile(np.arange(59), (101, 1)), axis=1)
    for shuffles in (1, 100, 101):  # fewer are dealt where fewer are asked for
        responders = np.isin(last[:shuffles, :29], [0, 1]).sum(axis=1)
        far = (np.abs(responders / 29 - (2 - responders) / 30) >= 2 / 29 - 1e-9).sum()
        scene = ticket_scene(["1", "2"], [], shuffles, 5)
        assert f"<b>{far} of {shuffles}</b>" in scene.text
        plt.close(scene.axes.figure)


def test_shuffles_go_on_where_they_ended_and_stop_at_the_limit():
    app = widgets.ticket_board()
    once, ten, thousand = app.columns.children[0].children[2].children
    once.click()
    ten.click()
    assert app.values["shuffles"] == 11
    assert "of 11</b>" in app.text.value
    app.set(shuffles=9_990)
    thousand.click()
    assert app.values["shuffles"] == 10_000
    app.controls["second"].boxes["1"].value = False
    assert "16/29 v 8/30" in app.text.value
    app.reset_button.click()
    assert "<b>0 of 0</b>" in app.text.value
    assert "16/29 v 9/30" in app.text.value


@pytest.mark.parametrize(
    ("first", "second"), [((), ()), (tuple(map(str, range(1, 30))), tuple(map(str, range(1, 31))))]
)
def test_tickets_that_all_say_the_same_differ_by_nothing(first, second):
    app = widgets.ticket_board().set(first=first, second=second, shuffles=50)
    assert "<b>50 of 50</b>" in app.text.value
    assert "Fisher's exact test: p = 1.0000" in app.text.value


def test_a_wrong_seed_or_ticket_is_a_sentence():
    app = widgets.ticket_board().set(seed=-1)
    assert "a whole number of 0 or more" in app.text.value
    with pytest.raises(InputError, match="unknown finding '60'"):
        widgets.from_state("ticket_board?first=60")
