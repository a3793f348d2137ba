"""Figures of simulated trials: drawn values, alt text with the numbers that matter, and frames that do not fit."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import norm

from lupus_kit import design, figures, simulation

HE = design.he2020()
RATES = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), correlation=0.4)
draw = figures.simulation


@pytest.fixture(scope="module")
def result():
    return simulation.exact(HE, RATES)


@pytest.fixture(scope="module")
def sweep():
    return simulation.grid(HE, RATES, {"n_per_arm": [20, 40], "test": ["fisher", "pearson"]})


@pytest.fixture(autouse=True)
def _nothing_left_open():
    yield
    plt.close("all")


def value(result, name):
    return float(result.summary().set_index("quantity")["estimate"][name])


def test_pvalue_distribution(result):
    ax = draw.pvalue_distribution(result.pvalue_distribution(), observed=0.0504)
    heights = [bar.get_height() for bar in ax.patches]
    assert heights[0] == pytest.approx(value(result, "primary significant"))
    assert sum(heights) == pytest.approx(1)
    assert "51.2% lie at or below 0.05" in figures.alt_text(ax)
    assert "p-value" in ax.get_xlabel()
    with pytest.raises(ValueError, match="'primary', 'secondary'"):
        draw.pvalue_distribution(result.pvalue_distribution(), endpoint="third")


def test_trials_without_a_p_value_are_said():
    rates = simulation.ResponseRates((0.02, 0.02), (0.5, 0.5), 0.1)
    ax = draw.pvalue_distribution(simulation.exact(HE, rates).pvalue_distribution())
    # Nobody responds in either arm with probability 0.98 to the 60: Pearson's test is undefined.
    assert f"{0.98**60:.1%} of the trials have no p-value" in figures.alt_text(ax)


def test_operating_characteristics(result):
    plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0)))
    other = simulation.run(HE, RATES, 2000, seed=1, plan=plan)
    ax = draw.operating_characteristics({"one": result.summary()})
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert "stopped early" not in labels
    assert "any false claim" not in labels
    assert "primary claimed 51.2%" in figures.alt_text(ax)
    both = draw.operating_characteristics({"one": result.summary(), "looks": other.summary()})
    assert "stopped early" in [tick.get_text() for tick in both.get_yticklabels()]
    assert f"stopped early {value(other, 'stopped early'):.1%}" in figures.alt_text(both)
    assert [text.get_text() for text in both.get_legend().get_texts()] == ["one", "looks"]
    with pytest.raises(ValueError, match="at least one summary"):
        draw.operating_characteristics({})


def test_power_curves(sweep):
    ax = draw.power_curves(sweep, "n_per_arm", by="test")
    line = ax.get_lines()[0]
    fisher = sweep[(sweep["test"] == "fisher") & (sweep["quantity"] == "primary claimed")]
    assert np.array_equal(line.get_xdata(), [20, 40])
    assert np.allclose(line.get_ydata(), fisher["estimate"])
    assert f"fisher from {fisher['estimate'].iloc[0]:.3g}" in figures.alt_text(ax)
    assert ax.get_xlabel() == "patients per arm"
    size = draw.power_curves(sweep, "n_per_arm", "patients randomised", by="test", target=None)
    assert "from 40 to 80" in figures.alt_text(size)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"x": "n_per_arm", "quantity": "powr"}, "quantity == 'powr'"),
        ({"x": "n_per_arm"}, "varies something else"),
        ({"x": "test", "by": "n_per_arm"}, "holds text"),
        ({"x": "patients"}, "lacks 'patients'"),
    ],
)
def test_frames_that_do_not_fit(sweep, arguments, words):
    with pytest.raises(ValueError, match=words):
        draw.power_curves(sweep, **arguments)


def test_exaggeration(result):
    ax = draw.exaggeration(result.estimates(), result.truth.difference(0))
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)
    alt = figures.alt_text(ax)
    assert f"its size {value(result, 'primary: type M'):.2f} times the truth" in alt
    assert "true 25.2 points" in alt
    null = simulation.exact(HE, RATES.under_null())
    assert "times the truth" not in figures.alt_text(draw.exaggeration(null.estimates(), 0.0))


def test_bars_of_many_differences():
    uneven = simulation.exact(simulation.with_patients(HE, 31, 37), RATES)
    ax = draw.exaggeration(uneven.estimates("secondary"), uneven.truth.difference(1))
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)


def test_nothing_significant():
    tiny = simulation.exact(simulation.with_patients(HE, 2), RATES, simulation.AnalysisPlan(test="fisher"))
    assert "No trial is significant" in figures.alt_text(draw.exaggeration(tiny.estimates(), 0.25))


def test_boundaries():
    frames = {
        shape: simulation.group_sequential((0.5, 1.0), shape=shape).to_frame() for shape in ("pocock", "obrien_fleming")
    }
    ax = draw.boundaries(frames)
    assert "pocock: p at most 0.029, 0.029" in figures.alt_text(ax)
    futile = simulation.with_futility(simulation.group_sequential((0.5, 1.0)), "lan_demets_pocock", 0.2)
    both = draw.boundaries({"obrien_fleming": futile.to_frame()})
    assert f", for futility above {2 * norm.sf(futile.futility[0]):.2g}" in figures.alt_text(both)
    one_sided = simulation.with_futility(simulation.group_sequential((0.5, 1.0), 0.025, sided=1), "asP", 0.2)
    drawn = figures.alt_text(draw.boundaries({"one": one_sided.to_frame()}, 0.025))
    assert f", for futility above {norm.sf(one_sided.futility[0]):.2g}" in drawn
    assert ax.get_yscale() == "log"
    with pytest.raises(ValueError, match="at least one boundary"):
        draw.boundaries({})
