"""Simulated trials against the exact enumeration they must agree with."""

from dataclasses import replace

import numpy as np
import pytest

from lupus_kit import design, inference, simulation

RATES = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), correlation=0.4)


@pytest.fixture(scope="module")
def result():
    return simulation.run(design.he2020(), RATES, n_trials=40_000, seed=2020)


def test_power_agrees_with_enumeration(result):
    summary = result.summary().set_index("quantity")
    for visit, name in (("primary", "significant at the primary visit"), ("follow_up", "significant at follow-up")):
        exact = inference.power("pearson", *getattr(RATES, visit), 30, 30)
        error = np.sqrt(exact * (1 - exact) / len(result.trials))
        assert abs(summary.loc[name, "estimate"] - exact) < 4 * error
        assert summary.loc[name, "mc_error"] == pytest.approx(error, rel=0.05)


def test_inclusion_and_exclusion(result):
    value = result.summary().set_index("quantity")["estimate"]
    either = (
        value["significant at the primary visit"] + value["significant at follow-up"] - value["significant at both"]
    )
    assert value["significant at either"] == pytest.approx(either)
    only_later = value["significant at follow-up"] - value["significant at both"]
    assert value["not at the primary visit, but at follow-up"] == pytest.approx(only_later)


def test_correlation_is_the_one_asked_for(result):
    # The count's correlation is the patient's phi, since patients are independent and alike.
    phi = np.corrcoef(result.trials["x1_primary"], result.trials["x1_follow_up"])[0, 1]
    assert abs(phi - RATES.correlation) < 4 / np.sqrt(len(result.trials))


def test_joint_has_the_margins_and_the_correlation():
    both, first_only, second_only, neither = RATES.joint(0)
    assert both + first_only == pytest.approx(16 / 29)
    assert both + second_only == pytest.approx(19 / 29)
    assert both + first_only + second_only + neither == pytest.approx(1)
    spread = np.sqrt(16 / 29 * 13 / 29 * 19 / 29 * 10 / 29)
    assert (both - 16 / 29 * 19 / 29) / spread == pytest.approx(0.4)


def test_same_seed_same_trials_whatever_the_jobs():
    one = simulation.run(design.he2020(), RATES, n_trials=45_000, seed=3)
    two = simulation.run(design.he2020(), RATES, n_trials=45_000, seed=3, n_jobs=2)
    assert one.trials.equals(two.trials)
    assert not one.trials.equals(simulation.run(design.he2020(), RATES, n_trials=45_000, seed=4).trials)


def test_null_keeps_the_size():
    null = simulation.ResponseRates((0.42, 0.42), (0.5, 0.5), correlation=0.3)
    found = simulation.run(design.he2020(), null, n_trials=40_000, seed=5, test="fisher").summary()
    assert found["estimate"].iloc[0] < 0.05


def test_significant_trials_exaggerate(result):
    value = result.summary().set_index("quantity")["estimate"]
    assert value["the same, among significant trials"] > 1.2 * value["mean difference at the primary visit"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_trials": 0}, "n_trials == 0"),
        ({"n_trials": True}, "n_trials == True"),
        ({"test": "pearsen"}, "did you mean 'pearson'"),
        ({"alpha": 1.0}, "alpha == 1.0"),
        ({"seed": -1}, "seed == -1"),
        ({"seed": None}, "seed == None"),
    ],
)
def test_bad_input(change, words):
    with pytest.raises(ValueError, match=words):
        simulation.run(design.he2020(), RATES, **change)


def test_bad_rates():
    with pytest.raises(ValueError, match=r"primary == \(1.2, 0.3\)"):
        simulation.ResponseRates((1.2, 0.3), (0.5, 0.5))
    with pytest.raises(ValueError, match=r"must lie from -0\.65"):
        replace(RATES, correlation=0.95)


def test_three_arms_are_refused():
    he = design.he2020()
    three = replace(he, arms=(*he.arms, replace(he.arms[0], name="third")))
    with pytest.raises(ValueError, match="3 arms"):
        simulation.run(three, RATES)
