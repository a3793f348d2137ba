"""Endpoints as data: any response that is scored, patients of its own for each, the fall of SLEDAI, and a margin."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lupus_kit import cohort, design, endpoints, inference, simulation
from lupus_kit.core.errors import InputError
from lupus_kit.simulation import AnalysisPlan, Dropout, Endpoint, InterimLooks, Reestimation, ResponseRates, Scenario
from lupus_kit.simulation.plan.endpoint import RESPONSES
from lupus_kit.simulation.trials.falls import compare_falls
from lupus_kit.simulation.trials.patient_level import PatientSource, outcomes

HE = design.he2020()
RENAL = Endpoint(24, "renal response", (13, 12))
#: The published remissions of nephritis, 7 of 13 against 2 of 12, beside the published SRI-4 of week 24.
NEPHRITIS = ResponseRates((7 / 13, 2 / 12), (19 / 29, 11 / 30), 0.3)


def values(result):
    return result.summary().set_index("quantity")["estimate"]


# --- patients of its own for each endpoint


def test_the_published_remissions_can_be_planned_again():
    plan = AnalysisPlan(RENAL, Endpoint(24), multiplicity="holm")
    found = values(simulation.exact(HE, NEPHRITIS, plan))
    for role, sizes, rates in (("primary", (13, 12), (7 / 13, 2 / 12)), ("secondary", (30, 30), (19 / 29, 11 / 30))):
        assert found[f"{role} significant"] == pytest.approx(inference.power("pearson", *rates, *sizes), abs=1e-12)
    written = Scenario(NEPHRITIS, HE, plan).to_toml()
    assert "patients = [13, 12]" in written
    assert Scenario.from_toml(written) == Scenario(NEPHRITIS, HE, plan)


@pytest.mark.parametrize("patients", [((2, 2), None), (None, (2, 1)), ((3, 2), (2, 2))])
def test_enumeration_is_the_sum_over_the_outcomes_of_every_patient(patients):
    # 3 and 2 patients, each of whom is one of four kinds: 4^5 trials, written out. The first patients of an arm are those of
    # the smaller group.
    trial, rates = simulation.with_patients(HE, 3, 2), ResponseRates((0.7, 0.2), (0.6, 0.3), 0.25)
    ends = [Endpoint(week, patients=of) for week, of in zip((12, 24), patients, strict=True)]
    plan = AnalysisPlan(*ends, multiplicity="bonferroni", alpha=0.5, test="n_minus_1")
    expected = np.zeros(3)
    kinds = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
    for which in product(range(4), repeat=5):
        weight = np.prod([rates.joint(int(i >= 3))[kind] for i, kind in enumerate(which)])
        claimed = []
        for k, end in enumerate(ends):
            n1, n2 = end.patients or (3, 2)
            x1, x2 = (int(sum(kinds[kind, k] for kind in which[start : start + n])) for start, n in ((0, n1), (3, n2)))
            p = inference.pvalue("n_minus_1", x1, n1, x2, n2)
            claimed.append(p <= 0.25 + 1e-12 and x1 / n1 > x2 / n2)
        expected += weight * np.array([*claimed, any(claimed)])
    found = values(simulation.exact(trial, rates, plan))
    assert found[["primary claimed", "secondary claimed", "any endpoint claimed"]].tolist() == pytest.approx(expected)
    assert expected.min() > 0 or patients[1] == (2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"multiplicity": "holm"},
        {"looks": InterimLooks((0.4, 0.7, 1.0), "pocock")},
        {"missing": "observed"},
        {"reestimation": Reestimation()},
    ],
)
def test_simulated_trials_have_the_patients_of_each_endpoint(change):
    lost = Dropout((0.1, 0.1), (0.1, 0.1)) if "missing" in change else Dropout()
    rates = replace(NEPHRITIS, dropout=lost)
    plan = AnalysisPlan(Endpoint(24), RENAL, **change)
    rates = replace(rates, primary=rates.follow_up, follow_up=rates.primary)
    kept = simulation.run(HE, rates, 20_000, seed=1, plan=plan)
    counted = simulation.run(HE, rates, 20_000, seed=1, plan=plan, keep_trials=False)
    pd.testing.assert_frame_equal(kept.summary(), counted.summary())
    trials = kept.trials
    share = trials["randomised1"] * 13 / 30
    if "missing" in change:
        assert (trials["n1_secondary"] <= 13).all()
        assert abs(trials["n1_secondary"].mean() - 13 * 0.9) < 4 * np.sqrt(13 * 0.09 / 20_000)
        assert (trials["n1_primary"] >= trials["n1_secondary"]).all()
    else:
        assert (trials["n1_secondary"] - share).abs().max() <= 0.5
        assert (trials["n1_primary"] == trials["randomised1"]).all()
    if "looks" not in change:  # which trials go on depends on what is seen
        first, grown = (trials[f"x1_{role}"].sum() / trials[f"n1_{role}"].sum() for role in ("primary", "secondary"))
        assert abs(first - 19 / 29) < 0.01
        assert abs(grown - 7 / 13) < 0.01
    if "multiplicity" in change:
        known, seen = simulation.exact(HE, rates, plan).summary(), kept.summary()
        both = (seen["estimate"] - known["estimate"])[:10]
        assert (both.abs() <= 5 * seen["mc_error"][:10] + 1e-9).all()
        first, second = (
            known["estimate"][known["quantity"] == f"{role}: mean difference"].item()
            for role in ("primary", "secondary")
        )
        assert (first, second) == pytest.approx((19 / 29 - 11 / 30, 7 / 13 - 2 / 12))


def test_the_familywise_error_of_endpoints_with_their_own_patients():
    plan = AnalysisPlan(Endpoint(24), RENAL, multiplicity="bonferroni")
    found = simulation.familywise(HE, NEPHRITIS, plan).set_index("null")["estimate"]
    size = [inference.size("pearson", *n, alpha=0.025).size for n in ((30, 30), (13, 12))]
    assert found[["primary null", "secondary null"]].tolist() == pytest.approx(size)
    assert found["both null"] <= sum(size)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Endpoint(24, "renal response", (13,)), "two whole numbers"),
        (lambda: Endpoint(24, "renal response", (13, 0)), "two whole numbers"),
        (lambda: Endpoint(24, "renal response", "13"), "two whole numbers"),
        (lambda: Endpoint(24, "BICLa"), "did you mean 'BICLA'"),
        (lambda: Endpoint(24, "BICLA", test="welch"), "a response and tested as the plan says"),
        (lambda: Endpoint(24, "SLEDAI fall", test="pearson"), "unknown test of the fall"),
        (lambda: Scenario(NEPHRITIS, HE, AnalysisPlan(Endpoint(24, patients=(31, 12)))), "31 patients of 'IL-2', which has 30"),
        (lambda: Scenario(cohort.Assumptions(), HE, AnalysisPlan(RENAL)), "leave `patients` out"),
        (lambda: Scenario(cohort.Assumptions(), HE, AnalysisPlan(Endpoint(12, "SRI-50"))), "improve by half"),
        (lambda: Scenario(cohort.Assumptions(nephritis_share=0.0), HE, AnalysisPlan(Endpoint(12, "renal response"))),
         "nobody has nephritis"),
        (lambda: Scenario(replace(NEPHRITIS, dropout=Dropout((0, 0), (0.1, 0.1))), HE, AnalysisPlan(RENAL, Endpoint(24))),
         "the same shares twice"),
        (lambda: Scenario(NEPHRITIS, HE, AnalysisPlan(Endpoint(12, "SLEDAI fall"))), "no response rate"),
        (lambda: AnalysisPlan(Endpoint(12, "SLEDAI fall"), missing="worst"), "no worst or best value"),
        (lambda: AnalysisPlan(Endpoint(12, "SLEDAI fall"), reestimation=Reestimation()), "needs a response rate"),
        (lambda: AnalysisPlan(margin=0.1), "one-sided plan"),
        (lambda: AnalysisPlan(margin=-0.1, sided=1), "from 0 to below 1"),
        (lambda: AnalysisPlan(margin="x", sided=1), "from 0 to below 1"),
        (lambda: AnalysisPlan(margin=0.1, sided=1, test="fisher"), "no difference only"),
        (lambda: AnalysisPlan(Endpoint(12, "SLEDAI fall"), margin=0.1, sided=1), "is for response rates"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


# --- whatever is scored


@pytest.fixture(scope="module")
def sixty():
    model = cohort.Assumptions(dropout_rate=0.2, extra_weeks=())
    return model, cohort.what_if(model, 60, np.random.default_rng(5))


@pytest.mark.parametrize(
    "name", ["BICLA", "LLDAS", "DORIS", "modified SRI-5", "no flare", "complete renal response, BLISS-LN"]
)
def test_a_patient_counts_as_the_endpoint_scores_it(name, sixty):
    model, made = sixty
    plan = AnalysisPlan(Endpoint(12, name), Endpoint(24, name), missing="observed")
    found = outcomes(Scenario(model, HE, plan), 60, np.random.default_rng(5))
    keys, people = ["patient", "arm", "visit", "week"], made.patients
    table = made.visits.merge(made.labs if "renal" in name else made.sledai.drop(columns="proteinuria_stable"), on=keys)
    table = table.merge(people[["patient", "weight_kg"]], on="patient")
    asked = dict(RESPONSES[name])
    scored = endpoints.score_visits(table, missing="observed", **asked)
    verdicts = scored.verdicts.set_index(["patient", "week"])[scored.verdict]
    for arm, label in enumerate(("IL-2", "placebo")):
        here = people[people["arm"] == label]
        for k, week in enumerate((12, 24)):
            known = [verdicts.get((patient, week), pd.NA) for patient in here["patient"]]
            if "renal" in name:
                known = [one if renal else pd.NA for one, renal in zip(known, here["nephritis"], strict=True)]
            assert [None if np.isnan(v) else bool(v) for v in found[arm][:, k]] == [
                None if v is pd.NA else bool(v) for v in known
            ]
    assert 0 < np.nanmean(found[0]) < 1


def test_renal_response_is_that_of_the_patients_with_nephritis(monkeypatch):
    plan = AnalysisPlan(Endpoint(24, "renal response"), Endpoint(24))
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 4000)
    result = simulation.run(HE, cohort.Assumptions(drug_effect=0.6), 100, seed=2, plan=plan)
    trials = result.trials
    assert (trials["n1_secondary"] == 30).all()
    assert abs(trials["n1_primary"].mean() / 30 - 25 / 60) < 4 * np.sqrt(0.25 / 3000)
    first, second = result.truth.primary
    assert first > second + 0.1
    seen = values(result)
    assert abs(seen["primary: bias"]) < 0.08
    assert result.truth.error(0) == pytest.approx(
        np.sqrt(sum(p * (1 - p) for p in (first, second)) / (4000 * 25 / 60)), rel=0.05
    )


# --- the fall of SLEDAI


def test_falls_are_compared_as_scipy_does():
    rng = np.random.default_rng(8)
    first, second = rng.integers(-4, 13, (40, 14)).astype(float), rng.integers(-6, 11, (40, 9)).astype(float)
    first[:20, 10:], second[5:25, 8] = np.nan, np.nan
    for side in ("two-sided", "greater"):
        for row in range(40):
            one, other = first[row][~np.isnan(first[row])], second[row][~np.isnan(second[row])]
            known = {
                "student": stats.ttest_ind(one, other, alternative=side).pvalue,
                "welch": stats.ttest_ind(one, other, equal_var=False, alternative=side).pvalue,
                "wilcoxon": stats.mannwhitneyu(
                    one, other, use_continuity=False, alternative=side, method="asymptotic"
                ).pvalue,
            }
            for test, p in known.items():
                assert compare_falls(test, first[[row]], second[[row]], side)[0] == pytest.approx(p, rel=1e-9)
    nothing = np.full((1, 5), 3.0)
    assert all(np.isnan(compare_falls(test, nothing, nothing)).all() for test in ("student", "welch", "wilcoxon"))
    assert np.isnan(compare_falls("welch", nothing[:, :1], first[:1])).all()
    assert np.isnan(compare_falls("wilcoxon", nothing * np.nan, first[:1])).all()


@pytest.mark.parametrize("test", ["welch", "student", "wilcoxon"])
def test_trials_of_the_fall_of_sledai(test, monkeypatch):
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 1000)
    plan = AnalysisPlan(Endpoint(24, "SLEDAI fall", test=test), Endpoint(24), looks=InterimLooks((0.5, 1.0), "pocock"))
    result = simulation.run(HE, cohort.Assumptions(), 100, seed=4, plan=plan)
    trials, levels = result.trials, plan.boundaries().levels
    assert (trials["significant_primary"] == (trials["p_primary"] <= np.array(levels)[trials["look"] - 1])).all()
    assert 0.2 < trials["claimed_primary"].mean() < 0.95
    assert set(trials["look"]) == {1, 2}
    seen = values(result)
    assert abs(seen["primary: mean difference"] - result.truth.difference(0)) < 1
    assert result.coverage()["endpoint"].unique().tolist() == ["secondary"]
    assert result.pvalue_distribution()["endpoint"].unique().tolist() == ["secondary"]
    counted = simulation.run(HE, cohort.Assumptions(), 100, seed=4, plan=plan, keep_trials=False)
    pd.testing.assert_frame_equal(result.summary(), counted.summary())
    assert AnalysisPlan.from_toml(plan.to_toml()) == plan


def test_after_rescue_nothing_has_been_gained():
    model = cohort.Assumptions(rescue_placebo=0.5, dropout_rate=0.2, extra_weeks=())
    made = cohort.what_if(model, 100, np.random.default_rng(3))
    visits = endpoints.sri(made.visits, components=("sledai",), events="treatment_policy", missing="observed")
    fall = visits[visits["week"] == 24].set_index("patient")["sledai_drop"]
    rescued = made.visits.groupby("patient")["rescue"].any()
    for events in ("composite", "treatment_policy", "hypothetical"):
        for missing in ("nonresponder", "observed"):
            plan = AnalysisPlan(Endpoint(24, "SLEDAI fall"), Endpoint(24), events=events, missing=missing)
            found = outcomes(Scenario(model, HE, plan), 100, np.random.default_rng(3))[1][:, 0]
            here = made.patients.query("arm == 'placebo'")["patient"]
            seen = pd.Series(found, here)
            assert (seen.isna().any()) == (missing == "observed")
            after = seen[rescued.reindex(here).to_numpy(dtype=bool)]
            if events == "composite":
                assert (after == 0).all()
            elif events == "treatment_policy":
                there = fall.reindex(here).dropna().astype(float)
                assert (seen[there.index] == there).all()
            else:
                assert after.isna().all() if missing == "observed" else (after == 0).all()
    source = PatientSource([np.array([[[8.0, 1], [-3, 0], [np.nan, np.nan]]])] * 2)
    assert source.take((np.array([3]), np.array([2])))[0].tolist() == [[[2, 5], [2, 1]], [[2, 5], [2, 1]]]


# --- non-inferiority


@pytest.mark.parametrize("test", ["wald_unpooled", "pearson", "barnard"])
def test_a_margin_tests_non_inferiority(test):
    plan = AnalysisPlan(test=test, sided=1, alpha=0.025, margin=0.2)
    rates = ResponseRates((0.5, 0.5), (0.6, 0.6))
    found = values(simulation.exact(HE, rates, plan))
    power = inference.power(test, 0.5, 0.5, 30, 30, 0.025, "greater", difference=-0.2)
    assert found["primary claimed"] == pytest.approx(power, abs=1e-12)
    assert np.isnan(found["any false claim"])
    worse = values(simulation.exact(HE, replace(rates, primary=(0.3, 0.5)), plan))
    assert worse["any false claim"] == pytest.approx(worse["primary claimed"])
    error = simulation.familywise(HE, rates, plan).set_index("null").loc["primary null"]
    size = inference.size(test, 30, 30, 0.025, "greater", difference=-0.2)
    assert error["estimate"] == pytest.approx(size.size)
    assert error["rate"] == pytest.approx(size.nuisance, abs=1e-6)
    assert AnalysisPlan.from_toml(plan.to_toml()) == plan


def test_simulated_trials_of_non_inferiority():
    lost = Dropout((0.1, 0.1), (0.1, 0.1))
    rates = ResponseRates((0.5, 0.5), (0.6, 0.6), dropout=lost)
    for missing in ("nonresponder", "observed"):
        plan = AnalysisPlan(test="pearson", sided=1, alpha=0.025, margin=0.2, missing=missing)
        trials = simulation.run(HE, rates, 3000, seed=2, plan=plan).trials
        some = trials.head(200)
        p = [inference.pvalue("pearson", *row, "greater", difference=-0.2)
             for row in some[["x1_primary", "n1_primary", "x2_primary", "n2_primary"]].itertuples(index=False)]  # fmt: skip
        assert some["p_primary"].tolist() == pytest.approx(p)
        assert (some["claimed_primary"] == (np.array(p) <= 0.025)).all()
        known = trials["claimed_primary"].mean()
        power = inference.power("pearson", 0.45, 0.45, 30, 30, 0.025, "greater", difference=-0.2)
        if missing == "nonresponder":
            assert abs(known - power) < 4 * np.sqrt(power * (1 - power) / 3000)


def test_a_plan_of_before_is_written_as_before():
    # So that its seal and its finished parts stay valid.
    assert list(AnalysisPlan().to_dict()) == ["primary", "secondary", "test", "alpha", "sided", "multiplicity", "missing",
                                              "events", "correlation"]  # fmt: skip
    assert AnalysisPlan().to_dict()["primary"] == {"week": 12, "name": "SRI-4"}
    assert AnalysisPlan(margin=0.1, sided=1).to_dict()["margin"] == 0.1


def test_a_few_patients_may_have_no_one_with_nephritis_or_no_visit():
    plan = AnalysisPlan(Endpoint(12, "renal response"), Endpoint(24, "SLEDAI fall"), missing="observed")
    few = Scenario(cohort.Assumptions(nephritis_share=0.01, dropout_rate=0.9), HE, plan)
    found = [outcomes(few, 2, np.random.default_rng(seed)) for seed in range(4)]
    assert all(np.isnan(arm[:, 0]).all() and arm.shape == (2, 2) for arms in found for arm in arms)
    assert any(np.isnan(arm[:, 1]).any() for arms in found for arm in arms)


def test_a_trial_of_a_size_of_its_own_has_an_end():
    rates, plan = (
        ResponseRates((0.5, 0.5), (0.6, 0.6), dropout=Dropout((0.1, 0.1), (0.1, 0.1))),
        AnalysisPlan(missing="observed"),
    )
    with pytest.raises(InputError, match="at most 65,535"):
        simulation.run(simulation.with_patients(HE, 70_000), rates, 2, plan=plan)
