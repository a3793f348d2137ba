"""Trials that may stop early: against the law of all counts, and both ways to draw against each other."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, norm

from lupus_kit import design, inference, simulation
from lupus_kit.simulation.trials.adaptive import run_to_end
from lupus_kit.simulation.trials.endpoint_level import EndpointSource
from lupus_kit.simulation.trials.tally import tally_of_trials

HE = design.he2020()
RATES = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), correlation=0.4)


def values(result):
    return result.summary().set_index("quantity")["estimate"]


def _sequential_law(plan, rates, n):
    """Probability of each (look, decision), by carrying the joint law of all four counts from look to look."""
    looks = plan.arm_sizes(n)
    state = {(0, 0, 0, 0): 1.0}
    found = {}
    for k, now in enumerate(looks):
        step = now - (looks[k - 1] if k else 0)
        laws = [
            inference.joint_counts(step, rates.primary[arm], rates.follow_up[arm], rates.correlation) for arm in (0, 1)
        ]
        after = {}
        for (a, b, c, d), weight in state.items():
            for i, j in np.ndindex(laws[0].shape):
                for r, s in np.ndindex(laws[1].shape):
                    key = (a + i, b + j, c + r, d + s)
                    after[key] = after.get(key, 0.0) + weight * laws[0][i, j] * laws[1][r, s]
        level, state = plan.boundaries().levels[k], {}
        for (a, b, c, d), weight in after.items():
            first, second = (inference.pvalue(plan.test, x, now, y, now) <= level for x, y in ((a, c), (b, d)))
            if first or k + 1 == len(looks):
                # Claims in the direction of benefit (4, 8), and harm in the other (16, 32), where both tests agree on it.
                one, two = (4, 8) if a > c else (16, 32)
                key = (k + 1, first * (1 + one) + second * (2 + two * (first and (a > c) == (b > d))))
                found[key] = found.get(key, 0.0) + weight
            else:
                state[a, b, c, d] = weight
    return found


def test_stopping_agrees_with_the_law_of_all_counts():
    plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0), "pocock"), test="fisher", alpha=0.3)
    rates = simulation.ResponseRates((0.85, 0.15), (0.8, 0.3), 0.3)
    known = _sequential_law(plan, rates, 6)
    assert sum(known.values()) == pytest.approx(1)
    assert {look for look, _ in known} == {1, 2}
    result = simulation.run(simulation.with_patients(HE, 6), rates, 400_000, seed=12, plan=plan, keep_trials=False)
    rows = result.tally[result.tally["endpoint"] == 0]
    seen = rows.groupby(["look", "decision"])["weight"].sum()
    assert set(seen.index) <= set(known)
    for key, p in known.items():
        count = seen.get(key, 0)
        assert min(binom.cdf(count, 400_000, p), binom.sf(count - 1, 400_000, p)) > 1e-6


def test_every_trial_stops_at_the_first_look_of_a_sure_thing():
    plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0), "pocock"))
    value = values(simulation.run(HE, simulation.ResponseRates((1, 0), (1, 0), 0.0), 100, seed=1, plan=plan))
    assert value["stopped early"] == 1
    assert value["patients randomised"] == 30


@pytest.mark.parametrize(("weeks", "futility"), [((12, 24), None), ((24, 12), "conditional_power")])
def test_both_ways_to_draw_agree(weeks, futility):
    # Tables of joint laws, and patients that come in one after another, under the same plan.
    ends = [simulation.Endpoint(week) for week in weeks]
    looks = simulation.InterimLooks((0.4, 0.7, 1.0), futility=futility, futility_level=0.3)
    plan = simulation.AnalysisPlan(*ends, looks=looks, missing="worst")
    rates = replace(RATES, dropout=simulation.Dropout((0.05, 0.1), (0.1, 0.2), 2))
    scenario = simulation.Scenario(rates, plan=plan)
    quick = simulation.run(HE, rates, 200_000, seed=1, plan=plan, keep_trials=False)
    trials = run_to_end(plan, scenario.sizes, EndpointSource(scenario, np.random.default_rng(2), 100_000))
    slow = simulation.Simulation(scenario, tally_of_trials(trials), 100_000)
    one, two = (result.summary().set_index("quantity") for result in (quick, slow))
    off = (one["estimate"] - two["estimate"]).abs().dropna()
    error = np.hypot(one["mc_error"], two["mc_error"]).dropna()
    assert (off <= 5 * error + 1e-12).all()
    assert one.loc["stopped early", "estimate"] > 0.01  # so that stopping is compared, too


def test_futility_agrees_with_the_sum_over_the_tables_of_the_first_look():
    looks = simulation.InterimLooks((0.5, 1.0), futility="lan_demets_obrien_fleming", futility_level=0.2)
    plan = simulation.AnalysisPlan(looks=looks, test="fisher")
    rates = simulation.ResponseRates((0.4, 0.35), (0.4, 0.35), 0.3)
    bounds = plan.boundaries()
    assert bounds.levels == simulation.group_sequential((0.5, 1.0), shape="obrien_fleming").levels  # not binding
    known = {"stopped for futility": 0.0, "stopped early": 0.0}
    for x, y in np.ndindex(16, 16):
        weight = binom.pmf(x, 15, 0.4) * binom.pmf(y, 15, 0.35)
        futile = inference.pvalue("fisher", x, 15, y, 15, "greater") > norm.sf(bounds.futility[0])
        known["stopped for futility"] += weight * futile
        known["stopped early"] += weight * (futile or inference.pvalue("fisher", x, 15, y, 15) <= bounds.levels[0])
    found = simulation.run(HE, rates, 100_000, 3, plan=plan).summary().set_index("quantity")
    for name, share in known.items():
        assert abs(found.loc[name, "estimate"] - share) < 4 * found.loc[name, "mc_error"]
    assert simulation.AnalysisPlan.from_toml(plan.to_toml()) == plan
    # Nobody stops for futility in vain: without the bounds the power is larger, and so is the false-claim rate.
    free = replace(plan, looks=replace(looks, futility=None))
    more = simulation.run(HE, rates, 100_000, 3, plan=free).summary().set_index("quantity")
    assert more.loc["primary claimed", "estimate"] >= found.loc["primary claimed", "estimate"]
    assert more.loc["patients randomised", "estimate"] > found.loc["patients randomised", "estimate"] + 5


@pytest.mark.parametrize(
    ("test", "rates", "stops"),
    # Where nobody or everybody responds Pearson's Z has no denominator: nothing speaks for a benefit. A log odds ratio without
    # an end is one, and in the other direction none. A trial that stops for harm does not stop for futility, too.
    [
        ("pearson", (0, 0), 1),
        ("pearson", (1, 1), 1),
        ("pearson", (0, 1), 0),
        ("log_odds_wald", (1, 0), 0),
        ("log_odds_wald", (0, 1), 1),
    ],
)
def test_a_look_at_which_the_test_is_not_defined_is_judged_by_its_difference(test, rates, stops):
    looks = simulation.InterimLooks((0.5, 1.0), "asOF", futility="conditional_power", futility_level=0.1)
    plan, true = simulation.AnalysisPlan(test=test, looks=looks), simulation.ResponseRates(rates, rates, 0.0)
    assert simulation.planned_looks(HE, true, plan).table["futility"].tolist() == pytest.approx([stops, 0])
    assert values(simulation.run(HE, true, 50, 1, plan=plan))["stopped for futility"] == stops
    if rates[0] == rates[1]:
        strata = simulation.StratifiedRates(("a", "b"), (0.4, 0.6), (true, true))
        found = simulation.run(HE, strata, 20, 1, plan=replace(plan, test="cmh"))
        assert values(found)["stopped for futility"] == 1
