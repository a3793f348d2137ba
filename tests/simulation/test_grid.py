"""Sweeps: every combination once, exact where it can be, and mistakes found before anything runs."""

from dataclasses import replace

import pytest

from lupus_kit import cohort, design, inference, simulation

HE = design.he2020()
RATES = simulation.ResponseRates((0.55, 0.30), (0.65, 0.37))


def test_power_is_that_of_inference():
    found = simulation.grid(
        HE, RATES, {"n_per_arm": [20, (30, 15)], "test": ["fisher", "pearson"], "alpha": [0.05, 0.01]}
    )
    power = found[found["quantity"] == "primary significant"]
    assert len(power) == 8
    for row in power.itertuples():
        sizes = (30, 15) if row.n_per_arm == "30 v 15" else (row.n_per_arm, row.n_per_arm)
        known = inference.power(row.test, 0.55, 0.30, *sizes, alpha=row.alpha)
        assert row.estimate == pytest.approx(known)
    assert set(found["method"]) == {"exact"}


def test_assumptions_vary_too():
    found = simulation.grid(
        HE, RATES, {"primary": [(0.5, 0.5), (0.7, 0.3)], "correlation": [0.0, 0.5], "plan.correlation": [0.4]},
        simulation.AnalysisPlan(multiplicity="obrien_fleming"),
    )  # fmt: skip
    both = found[found["quantity"] == "both significant"].set_index(["primary", "correlation"])["estimate"]
    for rates in ((0.5, 0.5), (0.7, 0.3)):
        for rho in (0.0, 0.5):
            alone = simulation.exact(HE, replace(RATES, primary=rates, correlation=rho)).summary().set_index("quantity")
            expected = pytest.approx(alone.loc["both significant", "estimate"], rel=1e-12)
            assert both[f"{rates[0]:g} v {rates[1]:g}", rho] == expected


def test_dropout_costs_power_and_a_share_is_shorthand():
    whole = simulation.Dropout((0.1, 0.1), (0.2, 0.2))
    found = simulation.grid(HE, RATES, {"dropout": [0.0, 0.2, whole]})
    power = found[found["quantity"] == "primary claimed"]["estimate"].tolist()
    assert power[0] > power[1] == power[2]
    assert found["dropout"].unique().tolist() == [0.0, 0.2, "10%, 10%; 20%, 20%"]


def test_looks_are_simulated_and_everything_else_enumerated():
    looks = simulation.InterimLooks((0.5, 1.0), "pocock")
    found = simulation.grid(HE, RATES, {"looks": [None, looks]}, n_trials=4000, seed=2)
    assert dict(found[["looks", "method"]].drop_duplicates().to_numpy()) == {
        "none": "exact", "pocock at 50%, 100%": "simulated",
    }  # fmt: skip
    size = found[found["quantity"] == "patients randomised"].set_index("looks")["estimate"]
    assert size["none"] == 60
    assert 30 < size["pocock at 50%, 100%"] < 60
    again = simulation.grid(HE, RATES, {"looks": [None, looks]}, n_trials=4000, seed=2)
    assert found.equals(again)


def test_looks_keep_the_familywise_error():
    # Under the null hypothesis, with a conservative test, for every rule that is allowed with looks but "either".
    null = replace(RATES, primary=(0.4, 0.4), follow_up=(0.5, 0.5))
    plan = simulation.AnalysisPlan(test="fisher", looks=simulation.InterimLooks((0.5, 1.0)))
    found = simulation.grid(HE, null, {"multiplicity": ["fixed_sequence", "bonferroni"]}, plan, n_trials=60_000, seed=8)
    wrong = found[found["quantity"] == "any false claim"]
    assert (wrong["estimate"] < 0.05 + 4 * wrong["mc_error"]).all()


def test_a_secondary_endpoint_is_protected_when_the_primary_has_an_effect():
    # An early stop must not give the secondary endpoint more than its level: the primary nearly always succeeds here.
    rates = simulation.ResponseRates((0.8, 0.3), (0.5, 0.5), 0.0)
    plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0), "pocock"))
    result = simulation.run(simulation.with_patients(HE, 200), rates, 60_000, seed=3, plan=plan).summary()
    row = result.set_index("quantity").loc["any false claim"]
    # With 200 patients an arm Pearson's size is near its level.
    assert row["estimate"] < 0.05 + 4 * row["mc_error"]


def test_patient_level_sweep(monkeypatch):
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 500)  # what is true is not asked for here
    found = simulation.grid(HE, cohort.Assumptions(), {"drug_effect": [0.0, 1.5]}, n_trials=150, seed=1)
    power = found[found["quantity"] == "primary claimed"]["estimate"].tolist()
    assert power[0] < 0.2 < power[1]


def test_with_patients():
    assert [arm.n_randomised for arm in simulation.with_patients(HE, 60, 30).arms] == [60, 30]
    for bad in (0, 1.5, True):
        with pytest.raises(ValueError, match="a whole number of 1 or more"):
            simulation.with_patients(HE, bad)
    three = replace(HE, arms=(*HE.arms, replace(HE.arms[0], name="third")))
    assert [arm.n_randomised for arm in simulation.with_patients(three, 60).arms] == [60, 60, 60]
    with pytest.raises(ValueError, match="3 arms"):
        simulation.with_patients(three, 60, 30)


@pytest.mark.parametrize(
    ("over", "change", "words"),
    [
        ({}, {}, "at least one thing"),
        ({"tests": ["fisher"]}, {}, "did you mean 'test'"),
        ({"test": "fisher"}, {}, "give a list of values"),
        ({"test": []}, {}, "give a list of values"),
        ({"test": ["fisher", "fischer"]}, {}, "did you mean 'fisher'"),
        ({"n_per_arm": [30, 0]}, {}, "patients == 0"),
        ({"dropout": ["much"]}, {}, "dropout == 'much'"),
        ({"test": ["fisher"]}, {"method": "exakt"}, "did you mean 'exact'"),
        ({"test": ["fisher"]}, {"n_trials": 0}, "n_trials == 0"),
        ({"test": ["fisher"]}, {"seed": "lucky"}, "seed == 'lucky'"),
        ({"looks": [simulation.InterimLooks((0.5, 1.0))]}, {"method": "exact"}, "cannot be enumerated"),
    ],
)
def test_mistakes_are_found_before_anything_runs(over, change, words, monkeypatch):
    for name in ("run_each", "exact"):
        monkeypatch.setattr(f"lupus_kit.simulation.sweep.{name}", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(ValueError, match=words):
        simulation.grid(HE, RATES, over, **change)
