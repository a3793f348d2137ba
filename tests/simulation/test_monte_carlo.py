"""Monte Carlo errors: intervals that hold the truth as often as they say, from trials whose truth is enumerated."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from lupus_kit import cohort, design, inference, simulation
from lupus_kit.simulation.monte_carlo import mean, share, widened
from lupus_kit.simulation.trials.tally import tally_of_trials

HE = design.he2020()
# A truth in which everything happens: claims, harm, wrong signs, both errors.
RATES = simulation.ResponseRates((0.45, 0.40), (0.35, 0.45), 0.4)
PLAN = simulation.AnalysisPlan(multiplicity="holm", alpha=0.3)


def test_intervals_hold_the_truth_in_95_of_100_runs():
    # 200 runs of 300 trials; the standard error of a share of 200 is 0.015 at 0.95.
    known = simulation.exact(HE, RATES, PLAN).summary().set_index("quantity")["estimate"]
    trials = simulation.run(HE, RATES, 200 * 300, seed=5, plan=PLAN, keep_trials=True)._trials
    inside = 0
    for k in range(200):
        tally = tally_of_trials(trials.iloc[300 * k : 300 * (k + 1)])
        found = simulation.Simulation(simulation.Scenario(RATES, plan=PLAN), tally, 300).summary().set_index("quantity")
        inside = inside + ((found["low"] - 1e-12 <= known) & (known <= found["high"] + 1e-12))
    covered = (inside / 200)[known.notna()].drop(["patients randomised", "stopped early", "stopped for futility"])
    assert len(covered) > 20
    assert covered.between(0.92, 0.98).all(), covered


@pytest.mark.parametrize("expected", [0.03, 0.17, 0.5, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("n", [30, 1000])
def test_rare_events_are_covered(expected, n):
    # Over all numbers of events that can be seen, added up exactly; "0 ± 0" covers a truth of 0.03 events in 3 % of runs.
    x = np.arange(n + 1)
    ends = np.array([share(k, n)[2:] if k < 60 else (0.0, 0.0) for k in x.tolist()])
    inside = (ends[:, 0] <= expected / n) & (expected / n <= ends[:, 1])
    covered = float(binom.pmf(x, n, expected / n)[inside].sum())
    assert covered >= 0.915


def test_nothing_seen_is_no_error_of_zero():
    none, all_of_them = share(0, 500), share(500, 500)
    assert (none.estimate, none.low) == (0, 0)
    assert none.high == pytest.approx(1 - 0.05 ** (1 / 500))  # half of (1 - p)^n is 0.025
    assert none.mc_error > 0
    assert all_of_them.low == pytest.approx(1 - none.high)
    assert all_of_them.mc_error == pytest.approx(none.mc_error)


def test_fewer_than_two_trials_tell_nothing():
    assert np.isnan(mean(np.array([13.33]), np.array([1.0]))).all()
    assert np.isnan(share(0, 1)).all()
    alike = mean(np.array([13.33]), np.array([2.0]))
    assert alike.estimate == 13.33
    assert np.isnan(alike.mc_error)
    # One significant trial in 30 has no mean size of the significant ones.
    rates = simulation.ResponseRates((0.5, 0.48), (0.5, 0.48), 0.4)
    result = next(
        r for seed in range(50) if (r := simulation.run(HE, rates, 30, seed))._trials["decision"].mod(2).sum() == 1
    )
    found = result.summary().set_index("quantity")
    for name in ("primary: type M", "primary: type S", "primary: bias if significant"):
        assert found.loc[name, ["estimate", "mc_error", "low", "high"]].isna().all()
    assert "not estimable" in result._repr_html_()


def test_an_independent_error_widens_the_interval():
    found = mean(np.array([0.0, 1.0]), np.array([500.0, 500.0]))
    wide = widened(found, 0.03)
    assert wide.mc_error == pytest.approx(np.hypot(found.mc_error, 0.03))
    assert (wide.high - wide.estimate) / wide.mc_error == pytest.approx((found.high - found.estimate) / found.mc_error)


# --- direction


def test_harm_is_no_power():
    # The drug responds in 10 %, placebo in 60 %.
    rates = simulation.ResponseRates((0.1, 0.6), (0.15, 0.65), 0.4)
    value = simulation.exact(HE, rates).summary().set_index("quantity")["estimate"]
    assert value["primary claimed"] < 1e-9
    assert value["primary harm found"] == pytest.approx(0.9927, abs=5e-5)
    assert value["type III error"] == pytest.approx(value["primary claimed"])


def test_help_first_and_harm_later_claims_the_first_alone():
    rates = simulation.ResponseRates((0.7, 0.3), (0.3, 0.7), -0.2)
    value = simulation.exact(HE, rates).summary().set_index("quantity")["estimate"]
    assert value["primary claimed"] > 0.8
    assert value["secondary claimed"] < 1e-4
    assert value["secondary harm found"] < 1e-4  # no gate was opened for it
    free = simulation.exact(HE, rates, replace(simulation.AnalysisPlan(), multiplicity="bonferroni")).summary()
    assert free.set_index("quantity")["estimate"]["secondary harm found"] > 0.8


@pytest.mark.parametrize("looks", [None, simulation.InterimLooks((0.5, 1.0), "pocock")])
def test_one_sided_at_half_the_level_claims_what_two_sided_does(looks):
    # Pearson's two-sided p is twice the one-sided one.
    two, one = (simulation.AnalysisPlan(sided=sided, alpha=0.025 * sided, looks=looks) for sided in (2, 1))
    assert simulation.AnalysisPlan.from_toml(one.to_toml()) == one
    found = [simulation.run(HE, RATES, 50_000, 3, plan=plan).summary().set_index("quantity") for plan in (two, one)]
    first, second = (f.loc["primary claimed", "estimate"] for f in found)
    # With looks the two go on with other trials: a two-sided plan stops for harm, too.
    assert first == pytest.approx(second, abs=0 if looks is None else 6 * found[0].loc["primary claimed", "mc_error"])
    assert np.isnan(found[1].loc["primary harm found", "estimate"])


@pytest.mark.parametrize("sided", [0, 3, True, "two", 1.5])
def test_a_test_has_one_or_two_sides(sided):
    with pytest.raises(ValueError, match="sided == "):
        simulation.AnalysisPlan(sided=sided)


# --- estimands


@pytest.mark.parametrize(
    ("events", "missing", "rates"),
    [
        # Shares by hand: 20 % have left by the first visit, 40 % by the second, at random.
        ("composite", "nonresponder", ((0.6 * 0.8, 0.3 * 0.8), (0.7 * 0.6, 0.4 * 0.6))),
        ("hypothetical", "observed", ((0.6, 0.3), (0.7, 0.4))),
        ("treatment_policy", "observed", ((0.6, 0.3), (0.7, 0.4))),
        # At follow-up those who left after the first visit (a quarter of those there) count as they were then.
        ("while_on_treatment", None, ((0.48, 0.24), (0.7 * 0.6 + 0.6 * 0.2, 0.4 * 0.6 + 0.3 * 0.2))),
    ],
)
def test_bias_is_against_the_estimand(events, missing, rates):
    lost = simulation.Dropout((0.2, 0.2), (0.4, 0.4))
    assumed = simulation.ResponseRates((0.6, 0.3), (0.7, 0.4), 0.3, lost)
    plan = simulation.AnalysisPlan(events=events, missing=missing or "nonresponder")
    result = simulation.run(HE, assumed, 100_000, 8, plan=plan)
    assert (result.truth.primary, result.truth.secondary) == (pytest.approx(rates[0]), pytest.approx(rates[1]))
    assert events.replace("_", " ") in result._repr_html_()
    if missing:  # the analysis that goes with the estimand has no bias
        found = result.summary().set_index("quantity")
        for role in ("primary", "secondary"):
            assert abs(found.loc[f"{role}: bias", "estimate"]) < 4 * found.loc[f"{role}: bias", "mc_error"]


# --- familywise error


@pytest.mark.parametrize("test", ["pearson", "fisher", "boschloo"])
def test_the_largest_familywise_error_is_the_true_size_of_lupus_kit_power(test):
    known = inference.size(test, 29, 30)
    top = simulation.familywise(simulation.with_patients(HE, 29, 30), RATES, simulation.AnalysisPlan(test=test)).iloc[0]
    assert top["estimate"] == pytest.approx(known.size, abs=1e-12)
    assert top["rate"] == pytest.approx(known.nuisance, abs=1e-6)


@pytest.mark.parametrize("rule", ["either", "bonferroni", "holm", "hochberg", "obrien_fleming"])
def test_no_common_rate_has_a_larger_familywise_error(rule):
    plan = simulation.AnalysisPlan(multiplicity=rule)
    small = simulation.with_patients(HE, 15)
    table = simulation.familywise(small, RATES, plan).set_index("null")
    for rate in (0.1, 0.25, 0.5, 0.77):
        for null, rates in {
            "both null": ((rate, rate), (rate, rate)),
            "primary null": ((rate, rate), (0.9, 0.2)),
            "secondary null": ((0.9, 0.2), (rate, rate)),
        }.items():
            assumed = simulation.ResponseRates(*rates, 0.4 if null == "both null" else 0.0)
            found = simulation.exact(small, assumed, plan).summary().set_index("quantity")
            assert found.loc["any false claim", "estimate"] <= table.loc[null, "estimate"] + 1e-9


def test_looks_have_their_largest_error_simulated():
    # Five looks with Pocock's boundary and Pearson's test: 0.056 at a common rate of 0.5.
    plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.2, 0.4, 0.6, 0.8, 1.0), "pocock"))
    top = simulation.familywise(HE, RATES, plan, n_trials=100_000, seed=2).iloc[0]
    assert top["method"] == "simulated"
    assert top["low"] < 0.0571 < top["high"] + 0.001
    with pytest.raises(ValueError, match="drug_effect = 0"):
        simulation.familywise(HE, cohort.Assumptions())


def test_who_is_lost_counts_for_the_familywise_error():
    # A worst case for the first arm makes harm of what is lost there; rates at which more would leave than there are
    # are left out.
    lost = simulation.Dropout((0.3, 0.0), (0.3, 0.0), 3.0)
    plan = simulation.AnalysisPlan(missing="worst", test="fisher")
    table = simulation.familywise(HE, replace(RATES, dropout=lost), plan)
    assert table.iloc[0]["estimate"] > 0.3
    assert table["rate"].between(0, 1).all()


def test_a_truth_that_is_estimated_widens_the_error_of_the_bias(monkeypatch):
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 300)
    result = simulation.run(HE, cohort.Assumptions(dropout_rate=0.1), 200, seed=2)
    found, error = result.summary().set_index("quantity"), result.truth.error(0)
    assert error == pytest.approx(np.sqrt(sum(p * (1 - p) for p in result.truth.primary) / 300))
    alone = found.loc["primary: mean difference", "mc_error"]
    assert found.loc["primary: bias", "mc_error"] == pytest.approx(np.hypot(alone, error))
    # Without a drug the truth is known.
    assert simulation.run(HE, cohort.Assumptions(drug_effect=0.0), 2, seed=2).truth.error(0) == 0


def test_the_estimands_of_a_patient_model_are_in_their_order(monkeypatch):
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 1500)
    # Rescue and dropout cost a composite response; rescue helps who had it, so that ignoring it counts the most responders.
    truths = {}
    for events in ("composite", "treatment_policy", "hypothetical", "while_on_treatment"):
        scenario = simulation.Scenario(
            cohort.Assumptions(dropout_rate=0.2), plan=simulation.AnalysisPlan(events=events)
        )
        truths[events] = simulation.Simulation(scenario, None, None).truth
        assert truths[events].estimand == events
    for arm in (0, 1):
        assert truths["composite"].primary[arm] < truths["treatment_policy"].primary[arm]
        assert truths["composite"].primary[arm] <= truths["while_on_treatment"].primary[arm]
        assert truths["composite"].primary[arm] < truths["hypothetical"].primary[arm]
