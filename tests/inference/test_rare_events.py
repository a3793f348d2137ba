"""Rare events: limits that solve their defining equation, and numbers of patients that just suffice."""

from __future__ import annotations

import html
import re
from fractions import Fraction
from math import comb

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupus_kit import figures, inference, widgets
from lupus_kit.core.errors import InputError
from lupus_kit.inference import chance_of_at_most, patients_to_see, upper_limit


def _at_most(x: int, n: int, risk: Fraction) -> Fraction:
    """Return the binomial sum in exact arithmetic."""
    return sum((comb(n, k) * risk**k * (1 - risk) ** (n - k) for k in range(x + 1)), Fraction(0))


@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))),
    st.sampled_from([0.9, 0.95, 0.99]),
)
def test_the_limit_solves_its_equation(counts, level):
    x, n = counts
    limit = Fraction(upper_limit(x, n, level))
    assert float(_at_most(x, n, limit)) == pytest.approx(1 - level, rel=1e-9)


def test_no_event_has_a_closed_form_below_the_rule_of_three():
    for n in range(1, 500):
        assert upper_limit(0, n) == pytest.approx(1 - 0.05 ** (1 / n), rel=1e-12)
        assert upper_limit(0, n) < 3 / n


def test_it_is_the_upper_end_of_the_two_sided_interval_at_the_matching_level():
    for x in range(5):
        row = inference.proportion(x, 29, 0.90).set_index("key").loc["clopper_pearson"]
        assert upper_limit(x, 29, 0.95) == pytest.approx(row["high"], rel=1e-12)


def test_all_had_it_leaves_every_risk():
    assert upper_limit(4, 4) == 1.0


@given(st.integers(0, 20), st.integers(1, 40), st.integers(0, 100))
def test_the_chance_is_the_exact_sum(x, n, percent):
    exact = float(_at_most(min(x, n), n, Fraction(percent, 100)))
    assert float(chance_of_at_most(x, n, percent / 100)) == pytest.approx(exact, rel=1e-10, abs=1e-14)


def test_the_chance_broadcasts():
    grid = chance_of_at_most(0, np.array([[10], [20]]), [0.0, 0.1, 1.0])
    assert grid.shape == (2, 3)
    assert grid[:, 0].tolist() == [1.0, 1.0]
    assert grid[:, 2].tolist() == [0.0, 0.0]


@given(st.floats(1e-3, 1), st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_the_number_of_patients_just_suffices(risk, chance):
    n = patients_to_see(risk, chance)
    seen = [1 - (1 - Fraction(risk)) ** m for m in (n - 1, n)]
    assert float(seen[1]) >= chance * (1 - 1e-12)
    assert float(seen[0]) < chance * (1 + 1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: upper_limit(3, 2), "x == 3 is larger than n == 2"),
        (lambda: upper_limit(0, 0), "n == 0"),
        (lambda: upper_limit(-1, 5), "x == -1"),
        (lambda: upper_limit(0, 5, 1.0), "level == 1.0"),
        (lambda: chance_of_at_most(0, 5, 1.2), "risk == 1.2"),
        (lambda: patients_to_see(0), "never seen"),
        (lambda: patients_to_see(0.1, 1), "chance == 1"),
    ],
)
def test_bad_input_is_a_sentence(call, words):
    with pytest.raises(InputError, match=re.escape(words)):
        call()


# --- the widget and its figure ------------------------------------------------------------------------------------


def test_the_widget_says_what_the_engine_computes():
    app = widgets.safety_explorer().set(n=60, x=0, risk_percent=0.5)
    said = app.text.value
    assert f"every risk up to <b>{100 * (1 - 0.05 ** (1 / 60)):.1f} %</b>" in said
    assert "3/60 = 5.0 %" in said
    assert f"a chance of {100 * 0.995**60:.0f} %" in said
    assert f"{patients_to_see(0.005):,} patients" in said
    alt = html.unescape(re.search(r'alt="([^"]*)"', app.picture.value)[1])
    assert "no patient of 60" in alt
    assert "every smaller risk is compatible with 0 of 60" in alt


def test_with_events_there_is_no_rule_of_three():
    app = widgets.safety_explorer().set(n=30, x=2)
    assert "rule of three" not in app.text.value
    assert "2 events or fewer" in app.text.value


def test_more_events_than_patients_is_a_sentence():
    app = widgets.safety_explorer().set(n=5, x=10)
    assert "An arm of 5 cannot have 10 patients with the event; 5 are shown." in app.text.value
    assert "cannot have" not in app.set(n=29, x=0).text.value


def test_the_figure_needs_its_columns():
    before = plt.get_fignums()
    with pytest.raises(InputError, match="frame lacks 'chance'"):
        figures.secondary.unseen_risk(pd.DataFrame({"risk": [0.0, 0.1]}), 0, 29, 0.1)
    assert plt.get_fignums() == before  # no figure is left open
