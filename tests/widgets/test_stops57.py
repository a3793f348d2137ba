"""The boards of stops 4 to 7: what they say is what the engines compute."""

import html
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import binom, norm

from lupus_kit import audit, figures, inference, widgets
from lupus_kit.core.errors import InputError
from lupus_kit.inference.two_visits.familywise import correlation_bounds
from lupus_kit.widgets.audit import visits_scene
from lupus_kit.widgets.inference import STAND_INS, held_by
from lupus_kit.widgets.simulation import SIZES, dance_scene, expected, repeated

pytestmark = pytest.mark.usefixtures("undrawn")


def _words(app):
    return html.unescape(re.sub(r"<[^>]*>", "", app.text.value + app.more.value))


def _alt(app):
    return html.unescape(re.search(r'alt="([^"]*)"', app.picture.value)[1])


# --- stop 4: every test, lattice and confidence curve --------------------------------------------------------------


def test_the_explorer_says_the_p_of_every_test():
    app = widgets.table_explorer().set(x1=19, x2=11)
    for key, test in inference.TESTS.items():
        assert f"{test.label} {inference.pvalue(key, 19, 29, 11, 30):.4f}" in _words(app), key


def test_the_diamond_is_the_p_of_the_test_itself():
    app = widgets.table_explorer().set(x1=18)
    for test in inference.TESTS:
        app.set(test=test)
        p = inference.pvalue(test, 18, 29, 9, 30)
        assert f"A diamond marks p = {p:.4f} at no effect" in _alt(app), test
        instead = STAND_INS.get(test)
        assert ("takes seconds for each table" in _words(app)) == (instead is not None), test
        if instead:  # the same measure, so that the axis does not lie
            assert inference.curve_measure(instead) == inference.curve_measure(test), test


@pytest.mark.parametrize("table", [(16, 29, 9, 30), (19, 29, 11, 30), (7, 13, 2, 12), (1, 29, 3, 30)])
def test_the_interval_is_where_the_curve_crosses(table):
    # The defining equation: at the ends of the interval p is 0.05. Read off between points of the grid, hence the width.
    ends = held_by(inference.confidence_curve("pearson", *table))
    p = inference.confidence_curve("pearson", *table, values=list(ends))["p"]
    assert p.to_numpy() == pytest.approx(0.05, abs=0.004)


def test_the_interval_is_the_one_of_the_intervals_table():
    (low, high) = held_by(inference.confidence_curve("miettinen_nurminen", 16, 29, 9, 30))
    own = inference.compare(16, 29, 9, 30).intervals().set_index("key").loc["miettinen_nurminen"]
    assert (low, high) == pytest.approx((own["low"], own["high"]), abs=0.002)


def test_a_curve_that_does_not_exist_is_said_and_drawn():
    app = widgets.table_explorer().set(test="log_risk_ratio_wald", x1=0, x2=0)
    assert "Wald, log risk ratio p is not defined." in _words(app)
    assert "p < 0.0001" in _words(app.set(test="pearson", x1=29, x2=0))
    assert "p below 0.0001 at no effect" in _alt(app)
    app.set(test="log_risk_ratio_wald", x1=0)
    assert "No curve of the risk ratio is defined for this table" in _words(app)
    assert "The curve is not defined for this table" in _alt(app)
    assert np.isnan(held_by(inference.confidence_curve("log_risk_ratio_wald", 0, 29, 0, 30))).all()


# --- stop 5: missing patients, two visits --------------------------------------------------------------------------


@pytest.mark.parametrize(("week", "table"), [(12, (16, 29, 9, 30)), (24, (19, 29, 11, 30))])
def test_the_missing_map_tries_every_way(week, table):
    app = widgets.missing_map().set(week=week, missing1=3, missing2=2, test="fisher")
    ways = inference.tipping_point(*table, 3, 2, "fisher")
    assert f"{ways['significant'].sum()} of 12 ways" in _words(app)
    assert f"from {ways['p'].min():.4f} to {ways['p'].max():.4f}" in _words(app)
    x1, n1, x2, n2 = table
    assert f"p = {inference.pvalue('fisher', x1, n1 + 3, x2, n2 + 2):.4f}" in _words(app)


def test_the_missing_patient_decides_at_week_12():
    # 16/30 against 9/30 has Pearson p = 0.067, 17/30 has 0.037.
    app = widgets.missing_map()
    assert "from 0.0371 to 0.0668" in _words(app)
    assert "decide on which side of 0.05" in _words(app)
    assert "decide" not in _words(app.set(week=24))


def test_the_two_visits_say_the_exact_error_of_every_rule():
    app = widgets.visits_explorer().set(rho=0.6, p12=0.3, p24=0.4, strategy="holm", test="fisher")
    for key, rule in inference.STRATEGIES.items():
        exact = inference.familywise_error(0.6, 29, 30, (0.3, 0.4), key, test="fisher")
        assert f"{rule.label} {exact:.2%}" in _words(app), key


def test_the_lines_of_large_trials_follow_the_normal_law():
    # Two independent looks at level 0.05: 1 - 0.95²; one look when they are the same. The grid of the picture has neither
    # end, so the engine is asked at both, and the drawn line near 0.
    assert inference.familywise_error(0.0, 30, 30, 0.5, "either", method="normal") == pytest.approx(1 - 0.95**2)
    scene = visits_scene(0.4, 0.5, 0.5, "either", "pearson")
    line = max(scene.axes.lines, key=lambda one: one.get_linewidth())
    near = np.argmin(np.abs(line.get_xdata()))
    assert line.get_ydata()[near] == pytest.approx(100 * (1 - 0.95**2), abs=0.02)
    plt.close(scene.axes.figure)


def test_a_correlation_that_cannot_be_is_replaced_and_said():
    low, high = correlation_bounds(0.1, 0.7)
    # All responders of the rare visit respond at the other: P(both) = 0.1.
    assert high == pytest.approx((0.1 - 0.07) / np.sqrt(0.1 * 0.9 * 0.7 * 0.3))
    app = widgets.visits_explorer().set(p12=0.1, p24=0.7, rho=1.0)
    assert f"it cannot be above {high:.2f}" in _words(app)
    assert f"correlate by {high:.2f}" in _words(app)
    assert f"it cannot be below {low:.2f}" in _words(app.set(rho=-1.0))


# --- stop 6: nephritis ---------------------------------------------------------------------------------------------


def test_the_nephritis_board_says_what_the_audit_finds():
    app = widgets.nephritis_board()
    found = audit.explain("0.036", 7, 13, 2, 12)
    fits = found[found["rounds_to_reported"]]
    assert (fits["alternative"] == "two-sided").sum() == 0
    assert f"0 of {(found['alternative'] == 'two-sided').sum()} two-sided tests print 0.036" in _words(app)
    assert f"{len(fits)} of {(found['alternative'] != 'two-sided').sum()} one-sided" in _words(app)
    app.set(reported="0.053", test="pearson")
    assert "Pearson chi-squared: p = 0.0530" in _words(app)
    assert "A line marks the printed p, 0.053" in _alt(app)
    assert "role='alert'" in app.set(reported="seven").text.value


# --- stop 7: plan and dance ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", ["pearson", "n_minus_1", "fisher", "barnard", "boschloo"])
@pytest.mark.parametrize("rates", [(0.55, 0.3), (0.3, 0.55), (0.0, 1.0), (0.4, 0.4)])
def test_the_designer_adds_up_its_tables_as_the_engine_does(test, rates):
    found = expected(test, *rates, 30)
    assert found["power"] == pytest.approx(inference.power(test, *rates, 30, 30), abs=1e-12)
    assert found["benefit"] + found["harm"] == pytest.approx(found["power"], abs=1e-12)
    if rates[0] != rates[1]:
        engine = inference.type_m_and_s(test, *rates, 30, 30)
        assert found["exaggeration"] == pytest.approx(engine.type_m)
        assert found["wrong_way"] / found["power"] == pytest.approx(engine.type_s, abs=1e-12)


def test_the_designer_takes_dropouts_as_non_responders():
    app = widgets.trial_designer().set(p1=0.6, p2=0.4, dropout=0.1, n=100, test="fisher")
    power = inference.power("fisher", 0.54, 0.36, 100, 100)
    assert f"power is {100 * power:.0f} %" in _words(app)
    assert "True rates 54.0% and 36.0% after dropout" in _words(app)
    false = inference.power("fisher", 0.36, 0.36, 100, 100)
    assert f"{false:.1%} of such trials would be significant" in _words(app)
    curve = [inference.power("fisher", 0.54, 0.36, n, n) for n in SIZES]
    enough = [n for n, value in zip(SIZES, curve, strict=True) if value >= 0.8]
    assert ("Not even" in _words(app)) == (not enough)
    if enough:
        assert f"80% is reached with {enough[0]} per arm" in _words(app)


def test_harm_is_not_power():
    app = widgets.trial_designer().set(p1=0.1, p2=0.6, n=30)
    assert "power is 0 %" in _words(app)
    assert "In 99.3% of such trials placebo is significantly better: harm found, not power." in _words(app)
    assert "with placebo better" in _words(widgets.pvalue_dance().set(p1=0.1, p2=0.6))


def test_without_an_effect_every_success_is_a_false_alarm():
    app = widgets.trial_designer().set(p1=0.3, p2=0.3)
    assert "every significant result is a false alarm" in _words(app)
    assert "nan" not in _words(app)


def test_the_dance_has_the_share_and_the_coverage_it_promises():
    trials = repeated(0.55, 0.3, 30, 20_000, seed=3, test="pearson")
    share, power = float((trials["p"] <= 0.05).mean()), inference.power("pearson", 0.55, 0.3, 30, 30)
    limit = norm.ppf(0.9999) * np.sqrt(power * (1 - power) / len(trials))
    assert abs(share - power) < limit
    # The exact coverage of the same intervals, over all tables.
    k = np.arange(31)
    one, two = (k[:, None] + 1) / 32, (k[None, :] + 1) / 32
    half = norm.ppf(0.975) * np.sqrt((one * (1 - one) + two * (1 - two)) / 32)
    weight = np.outer(binom.pmf(k, 30, 0.55), binom.pmf(k, 30, 0.3))
    coverage = float(weight[np.abs(one - two - 0.25) <= half].sum())
    held = float(((trials["low"] <= 0.25) & (trials["high"] >= 0.25)).mean())
    assert abs(held - coverage) < norm.ppf(0.9999) * np.sqrt(coverage * (1 - coverage) / len(trials))
    assert trials["difference"].mean() == pytest.approx(0.25, abs=0.005)
    for row in trials.head(20).itertuples():
        assert row.p == pytest.approx(inference.pvalue("pearson", row.x1, 30, row.x2, 30))


def test_the_intervals_of_the_dance_are_those_of_agresti_and_caffo():
    trials = repeated(0.55, 0.3, 30, 5, seed=1, test="pearson")
    for row in trials.itertuples():
        own = inference.compare(row.x1, 30, row.x2, 30).intervals().set_index("key").loc["agresti_caffo"]
        assert (row.low, row.high) == pytest.approx((own["low"], own["high"]), abs=1e-9)


def test_a_rate_that_is_moved_moves_the_same_trials():
    one, two = (repeated(p1, 0.3, 50, 200, seed=9, test="pearson") for p1 in (0.5, 0.6))
    assert (one["x2"] == two["x2"]).all()
    assert (one["x1"] <= two["x1"]).all()


@pytest.mark.parametrize("rates", [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_the_dance_at_rates_where_nothing_varies(rates):
    trials = repeated(*rates, 10, 20, seed=1, test="pearson")
    assert trials["difference"].unique().tolist() == [rates[0] - rates[1]]
    assert trials["p"].between(0, 1).all()


def test_a_bad_seed_of_the_dance_is_refused():
    with pytest.raises(InputError, match="seed == -1"):
        dance_scene(0.5, 0.3, 30, 10, -1)


# --- their figures -------------------------------------------------------------------------------------------------


def test_figures_say_what_they_need():
    curve = inference.confidence_curve("pearson", 16, 29, 9, 30)
    with pytest.raises(InputError, match="the curve lacks 'p'"):
        figures.table_board.p_function(curve.drop(columns="p"))
    with pytest.raises(InputError, match="one measure at a time"):
        figures.table_board.p_function(curve.assign(measure=["a", "b"] * 66 + ["a"]))
    with pytest.raises(InputError, match="the map has 0 to 2 and 0 to 3"):
        figures.table_board.table_board(np.ones((3, 4)), (5, 0), "p", curve)
    with pytest.raises(InputError, match="frame lacks 'power'"):
        figures.planning.power_plan(curve.assign(n_per_arm=1), 1)
    with pytest.raises(InputError, match="n == 7 is not among"):
        figures.planning.power_plan(curve.assign(n_per_arm=1, power=0.5), 7)
    with pytest.raises(InputError, match="frame lacks 'difference'"):
        figures.planning.dance_of_p(curve, 0.1)
    plt.close("all")
