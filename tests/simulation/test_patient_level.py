"""Trials of invented patients: cut from one cohort, scored as endpoints score them, in agreement with the endpoint level."""

from dataclasses import replace

import numpy as np
import pytest

from lupus_kit import cohort, design, endpoints, inference, simulation
from lupus_kit.simulation import AnalysisPlan, Endpoint, InterimLooks, Reestimation
from lupus_kit.simulation.trials.adaptive import run_to_end
from lupus_kit.simulation.trials.chunks import chunk_size, simulate_chunk
from lupus_kit.simulation.trials.patient_level import PatientSource, outcomes

HE = design.he2020()
MODEL = cohort.Assumptions()
LOSSY = cohort.Assumptions(dropout_rate=0.25)


def test_outcomes_are_those_of_the_cohort():
    # The same seed and the same visits, drawn and scored without the simulation.
    scenario = simulation.Scenario(LOSSY, plan=AnalysisPlan(missing="observed", secondary=Endpoint(12, "SRI-6")))
    found = outcomes(scenario, 300, np.random.default_rng(4))
    visits = cohort.what_if(replace(LOSSY, extra_weeks=()), 300, np.random.default_rng(4)).visits
    for arm, name in enumerate(("IL-2", "placebo")):
        for k, points in enumerate((4, 6)):
            one = endpoints.sri(visits, points, missing="observed")
            one = one[(one["week"] == 12) & (one["arm"] == name)]
            np.testing.assert_array_equal(
                found[arm][:, k], one["responder"].astype("Float64").to_numpy(float, na_value=np.nan)
            )
    assert np.isnan(found[0]).any()


@pytest.mark.parametrize("events", ["while_on_treatment", "treatment_policy", "hypothetical"])
def test_the_plan_names_the_strategy_for_rescue(events):
    plans = {way: AnalysisPlan(events=way) for way in ("composite", events)}
    assert AnalysisPlan.from_toml(plans[events].to_toml()) == plans[events]
    usual, other = (outcomes(simulation.Scenario(MODEL, plan=p), 200, np.random.default_rng(3)) for p in plans.values())
    visits = cohort.what_if(MODEL if events == "while_on_treatment" else replace(MODEL, extra_weeks=()), 200,
                            np.random.default_rng(3)).visits  # fmt: skip
    expected = endpoints.sri(visits, events=events).query("week == 24 and arm == 'placebo'")["responder"].sum()
    assert other[1][:, 1].sum() == expected
    if events == "treatment_policy":
        assert (other[1] >= usual[1]).all()
        assert (other[1] > usual[1]).any()


@pytest.mark.parametrize("missing", ["nonresponder", "worst", "best"])
def test_missing_data_rules(missing):
    seen, filled = (
        outcomes(simulation.Scenario(LOSSY, plan=AnalysisPlan(missing=rule)), 400, np.random.default_rng(9))
        for rule in ("observed", missing)
    )
    counts_as = {"nonresponder": (0, 0), "worst": (0, 1), "best": (1, 0)}[missing]
    for arm in (0, 1):
        open_ = np.isnan(seen[arm])
        assert open_.any()
        assert (filled[arm][open_] == counts_as[arm]).all()
        # What was decided by the data stays, whatever the rule.
        assert (filled[arm][~open_] == seen[arm][~open_]).all()


def test_trials_are_stretches_of_patients():
    rng = np.random.default_rng(0)
    arms = [rng.choice([np.nan, 0, 1], (5, n, 2)) for n in (12, 9)]
    source = PatientSource(arms)
    first = source.take((np.full(5, 7), np.full(5, 4)))
    second = source.take((np.array([0, 1, 2, 3, 5]), np.full(5, 5))) - first  # counts are those so far
    for trial, more in enumerate([0, 1, 2, 3, 5]):
        for arm, (found, part) in enumerate([(first, arms[0][trial, :7]), (second, arms[1][trial, 4:9])]):
            assert found[trial, arm, :, 0].tolist() == (~np.isnan(part)).sum(axis=0).tolist()
            assert found[trial, arm, :, 1].tolist() == (part == 1).sum(axis=0).tolist()
        part = arms[0][trial, 7 : 7 + more]
        assert second[trial, 0, :, 1].tolist() == (part == 1).sum(axis=0).tolist()


def test_patients_of_an_arm_are_exchangeable():
    # Early and late patients of a large draw, and those before and after a block of it, respond alike, and neighbours
    # have nothing in common: so a cohort may be cut into trials.
    found = outcomes(simulation.Scenario(MODEL), 20_000, np.random.default_rng(21))
    for arm in found:
        halves = [arm[:10_000, 0].mean(), arm[10_000:, 0].mean()]
        assert abs(halves[0] - halves[1]) < 4 * np.sqrt(2 * 0.25 / 10_000)
        neighbours = np.corrcoef(arm[:-1, 0], arm[1:, 0])[0, 1]
        assert abs(neighbours) < 4 / np.sqrt(20_000)
        # Counts of trials of 30 then have the variance of a binomial.
        counts = arm[: 30 * 666, 0].reshape(666, 30).sum(axis=1)
        rate = arm[:, 0].mean()
        assert counts.var(ddof=1) / (30 * rate * (1 - rate)) == pytest.approx(1, abs=4 * np.sqrt(2 / 665))


@pytest.fixture(scope="module")
def measured():
    """Rates and their correlation, from other patients than those of the trials, none of whom leaves."""
    found = outcomes(simulation.Scenario(replace(MODEL, dropout_rate=0.0)), 40_000, np.random.default_rng(1001))
    rates = [arm.mean(axis=0) for arm in found]
    phi = float(np.mean([np.corrcoef(arm.T)[0, 1] for arm in found]))
    return simulation.ResponseRates((rates[0][0], rates[1][0]), (rates[0][1], rates[1][1]), phi)


@pytest.mark.parametrize(
    ("lost", "plan"),
    [
        (0.0, AnalysisPlan(multiplicity="holm", test="boschloo")),
        (0.3, AnalysisPlan()),
        (0.3, AnalysisPlan(missing="observed")),
        (0.1, AnalysisPlan(looks=InterimLooks((0.5, 1.0), "pocock"))),
    ],
)
def test_both_depths_agree(measured, lost, plan, monkeypatch):
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 500)  # what is true is not asked for here
    # A patient who leaves does so on one of 168 days; whoever left by day 83 has no visit at week 12 (day 84).
    by_visit = (lost * 83 / 168, lost * 167 / 168)
    rates = replace(measured, dropout=simulation.Dropout(*((share, share) for share in by_visit)))
    known = simulation.run(HE, rates, 200_000, seed=1, plan=plan, keep_trials=False).summary().set_index("quantity")
    model = replace(MODEL, dropout_rate=lost)
    found = simulation.run(HE, model, 600, seed=77, plan=plan, keep_trials=False).summary().set_index("quantity")
    # The measured difference has an error of 0.0035, and the power a slope of less than 4 in it.
    for quantities, slack in (
        (
            ("primary claimed", "secondary claimed", "both significant", "secondary significant, primary not"),
            4 * 0.0035,
        ),
        (("primary: mean difference", "secondary: mean difference"), 0.0035),
    ):
        for name in quantities:
            error = np.sqrt(found.loc[name, "mc_error"] ** 2 + known.loc[name, "mc_error"] ** 2 + slack**2)
            assert abs(found.loc[name, "estimate"] - known.loc[name, "estimate"]) < 4 * error, name


def test_the_truth_is_what_the_model_leads_to(monkeypatch):
    # cohort.calibration_table measures the rates by its own code, of other patients.
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 10_000)
    expected = cohort.calibration_table(MODEL, n_per_arm=6000, seed=8).set_index("quantity")
    found = simulation.run(HE, MODEL, 1).truth
    for role, week in (("primary", 12), ("secondary", 24)):
        for arm, name in enumerate(("il2", "placebo")):
            rate = getattr(found, role)[arm]
            row = expected.loc[f"sri4_week{week}_{name}"]
            assert abs(rate - row["expected"]) < 4 * np.sqrt(row["mc_error"] ** 2 + 0.25 / 10_000)


def test_without_a_drug_every_claim_is_false(monkeypatch):
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 500)  # nothing differs, whatever the rates are
    nothing = cohort.Assumptions(drug_effect=0.0)
    result = simulation.run(HE, nothing, 800, seed=5, plan=AnalysisPlan(test="fisher"))
    value = result.summary().set_index("quantity")["estimate"]
    assert value["any false claim"] == pytest.approx(value["primary claimed"] + value["primary harm found"])
    size = inference.size("fisher", 30, 30).size
    assert value["any false claim"] < size + 4 * np.sqrt(size * (1 - size) / 800)
    assert result.truth.difference(0) == 0


def test_same_seed_same_trials_whatever_the_jobs():
    n = chunk_size(simulation.Scenario(MODEL)) + 40
    one, two = (simulation.run(HE, MODEL, n, seed=3, n_jobs=jobs) for jobs in (1, 2))
    assert one.trials.equals(two.trials)
    assert len(one.trials) == n
    stream = np.random.SeedSequence(5)
    counted, again = (simulate_chunk(one.scenario, False, stream, 50) for _ in range(2))
    assert counted.groupby("endpoint")["weight"].sum().tolist() == [50, 50]
    assert counted.equals(again)
    assert stream.n_children_spawned == 0


def test_chunks_hold_a_bounded_number_of_patients():
    small, large = (simulation.Scenario(MODEL, simulation.with_patients(HE, n)) for n in (30, 1000))
    grown = replace(small, plan=AnalysisPlan(reestimation=Reestimation(max_factor=3)))
    assert (chunk_size(small), chunk_size(large), chunk_size(grown)) == (500, 15, 166)
    assert chunk_size(simulation.Scenario(MODEL, simulation.with_patients(HE, 20_000))) == 1


def test_the_same_plan_serves_both_depths():
    plan = AnalysisPlan(looks=InterimLooks((0.5, 1.0)))
    early = []
    for assumptions in (MODEL, simulation.ResponseRates((0.6, 0.2), (0.6, 0.3))):
        trials = simulation.run(HE, assumptions, 400, seed=6, plan=plan).trials
        assert set(trials["look"]) == {1, 2}
        stopped = trials[trials["look"] == 1]
        assert (stopped[["n1_primary", "n2_primary", "n1_secondary", "randomised1"]] == 15).all().all()
        assert stopped["claimed_primary"].all()
        assert (stopped["p_primary"] <= plan.boundaries().levels[0]).all()
        early.append(len(stopped))
    assert min(early) > 0


def test_unequal_arms_and_growth():
    plan = AnalysisPlan(reestimation=Reestimation(difference=0.45, max_factor=1.5))
    trials = simulation.run(simulation.with_patients(HE, 20, 10), MODEL, 60, seed=1, plan=plan).trials
    assert trials["randomised1"].between(20, 30).all()
    assert trials["randomised2"].between(10, 15).all()
    assert trials["randomised1"].nunique() > 1
    # The ratio of the arms stays, up to rounding up.
    assert (trials["randomised2"] - trials["randomised1"] / 2).between(0, 1).all()
    assert (trials["n1_primary"] == trials["randomised1"]).all()


def test_reestimation_follows_its_formula():
    # One trial by hand: half of 20 + 20 patients, 8 of 20 respond, so p = 0.4; (1.959964 + 0.841621)² · 2 · 0.4 · 0.6 /
    # 0.3² = 41.86, that is 42 in each arm, above the limit of 40 for a factor of 2 and below it for a factor of 3.
    arms = [np.zeros((1, 60, 2)), np.zeros((1, 60, 2))]
    arms[0][0, :6], arms[1][0, :2] = 1, 1
    for factor, size in ((2.0, 40), (3.0, 42)):
        plan = AnalysisPlan(reestimation=Reestimation(0.5, 0.3, 0.8, factor))
        found = run_to_end(plan, (20, 20), PatientSource(arms))
        assert [found[name].tolist() for name in ("randomised1", "randomised2")] == [[size], [size]]
        assert [found[name].tolist() for name in ("x1_primary", "x2_primary")] == [[6], [2]]
    # A margin of 0.1 makes 0.2 of it the same distance from what is tested.
    plan = AnalysisPlan(
        test="miettinen_nurminen", sided=1, alpha=0.025, margin=0.1, reestimation=Reestimation(0.5, 0.2, 0.8, 3)
    )
    assert run_to_end(plan, (20, 20), PatientSource(arms))["randomised1"].tolist() == [42]
    # Where every other patient has nephritis, 4 of 10 respond so far, and 42 in each arm with nephritis are 84.
    for arm in arms:
        arm[0, 1::2] = np.nan
    arms[0][0, :6:2], arms[1][0, :2:2] = 1, 1
    plan = AnalysisPlan(Endpoint(12, "renal response"), reestimation=Reestimation(0.5, 0.3, 0.8, 6))
    arms = [np.pad(arm, ((0, 0), (0, 60), (0, 0))) for arm in arms]
    assert run_to_end(plan, (20, 20), PatientSource(arms))["randomised1"].tolist() == [84]


def test_exact_numbers_of_dropouts_are_refused():
    with pytest.raises(ValueError, match="give dropout_rate instead"):
        simulation.run(HE, cohort.Assumptions(dropouts=(1, 0)), 10)


def test_other_arms_and_weeks_are_refused():
    with pytest.raises(ValueError, match="the patient model knows the arms"):
        simulation.run(replace(HE, arms=tuple(replace(arm, name=arm.name.upper()) for arm in HE.arms)), MODEL, 10)
    week8 = replace(HE, visits=(HE.visits[0], design.trial.Visit("week 8", 8, "extra"), *HE.visits[1:]))
    with pytest.raises(ValueError, match="the patient model has visits at weeks"):
        simulation.run(week8, MODEL, 10)
