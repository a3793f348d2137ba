"""The statistical section of a protocol: its numbers are those that the functions compute, and it says what it leaves open."""

import re
from dataclasses import replace

import pytest

from lupus_kit import cohort, design, inference, simulation

HE = design.he2020()
RATES = simulation.ResponseRates((0.55, 0.30), (0.65, 0.37), dropout=simulation.Dropout((0.03, 0.03), (0.1, 0.1)))


def row(text, name):
    """Cells of the row of a table that begins with this name."""
    return re.search(rf"^\| {re.escape(name)} \| (.*) \|$", text, re.MULTILINE)[1].split(" | ")


def test_every_number_is_the_one_that_is_computed():
    plan = simulation.AnalysisPlan(test="fisher", prior=replace(simulation.PRIOR_SOURCES["he2020"], discount=0.5))
    text = simulation.protocol(simulation.Scenario(RATES, HE, plan))
    known = simulation.exact(HE, RATES, plan).summary().set_index("quantity")["estimate"]
    for name in ("primary claimed", "secondary claimed", "any endpoint claimed", "primary harm found"):
        assert row(text, name) == [f"{known[name]:.4f}"]
    assert "months_to" not in text
    size = simulation.plan_size(HE, RATES, plan, 0.8)
    assert row(text, "0.8") == [str(size.n1), str(size.n2), f"{size.power:.4g}"]
    chance = simulation.assurance(HE, plan, {"prior": plan.prior}).iloc[0]
    assert row(text, str(plan.prior))[2] == f"{chance['assurance']:.4g}"
    better = replace(RATES, primary=(0.65, 0.30), follow_up=(0.75, 0.37))
    assert row(text, "+10 points") == [f"{simulation.planned_looks(HE, better, plan).power:.4g}"]
    for false in simulation.familywise(HE, RATES, plan).itertuples():
        assert row(text, false.null)[1] == f"{false.estimate:.4g}"
    true = simulation.exact(HE, RATES, plan).truth
    assert (
        row(text, "True difference, if the assumptions hold")[0] == f"{100 * true.difference(0):.1f} percentage points"
    )
    assert inference.STRATEGIES["fixed_sequence"].description in text
    for item in ("12", "16", "18", "19", "20", "27a", "27b", "27c", "27d", "28b"):
        assert row(text, item)
    assert "$" not in text


def test_looks_and_dates():
    looks = simulation.InterimLooks((0.5, 1.0), "asOF", futility="bsOF", futility_level=0.1)
    plan = simulation.AnalysisPlan(looks=looks, recruitment=simulation.Recruitment(5, 2), alpha=0.025, sided=1)
    text = simulation.protocol(simulation.Scenario(RATES, HE, plan), n_trials=2000)
    found = simulation.planned_looks(HE, RATES, plan).table
    for name in ("1", "2"):
        own = found[found["look"] == int(name)].iloc[0]
        cells = dict(zip(found.columns[1:], row(text, name), strict=True))
        assert {key: float(cell) for key, cell in cells.items()} == pytest.approx(own[1:].to_dict(), rel=1e-3)
    assert "2,000 simulated trials" in text
    assert "months to the decision" in text
    assert row(text, "recruitment") == ["5 patients a month, decisions 2 weeks after the visit"]
    assert row(text, "futility, not binding")
    assert row(text, "test") == ["Pearson chi-squared, one-sided"]


def test_what_is_not_computed_is_said(monkeypatch):
    holm = simulation.protocol(simulation.Scenario(RATES, HE, simulation.AnalysisPlan(multiplicity="holm")))
    assert "*[Not computed: with the rule 'holm'" in holm
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 2000)
    patients = simulation.Scenario(cohort.Assumptions(drug_effect=0.5), HE)
    text = simulation.protocol(patients, n_trials=50)
    assert "not for a model of patients" in text
    assert row(text, "drug_effect") == ["0.5"]
    assert "the usual model of patients." in simulation.protocol(simulation.Scenario(cohort.Assumptions(), HE), 100)


def test_falls_groups_of_patients_and_margins_are_said_as_they_are(monkeypatch):
    monkeypatch.setattr("lupus_kit.simulation.trials.truth.PATIENTS", 2000)
    ends = simulation.Endpoint(12, "SLEDAI fall", test="wilcoxon"), simulation.Endpoint(24, "renal response")
    scenario = simulation.Scenario(cohort.Assumptions(drug_effect=0.8), HE, simulation.AnalysisPlan(*ends))
    text, true = (
        simulation.protocol(scenario, n_trials=20),
        simulation.run(HE, scenario.assumptions, 2, plan=scenario.plan).truth,
    )
    assert row(text, "Population")[0].endswith(
        "in whom the variable is measured (renal response: those with nephritis)"
    )
    assert row(text, "Variable") == [
        "SLEDAI fall at week 12, wilcoxon test, in points",
        "renal response at week 24, yes or no",
    ]
    assert row(text, "Summary measure")[0].endswith("of a fall, difference of the means")
    # A fall of some points is not 100 times as many; what was estimated from patients says how well.
    assert row(text, "True difference, if the assumptions hold") == [
        f"{true.difference(0):.1f} points (simulation error {true.error(0):.2f})",
        f"{100 * true.difference(1):.1f} percentage points (simulation error {100 * true.error(1):.2f})",
    ]
    end = simulation.Endpoint(24, "renal response", patients=(13, 12))
    plan = simulation.AnalysisPlan(end, simulation.Endpoint(12), "miettinen_nurminen", 0.025, 1, margin=0.1)
    # A plan file names the arms: what is in them it does not know, nor what a visit is for.
    trial = replace(HE, arms=(replace(HE.arms[0], name="drug X"), HE.arms[1]))
    text = simulation.protocol(simulation.Scenario(replace(RATES, dropout=simulation.Dropout()), trial, plan))
    assert row(text, "drug X") == ["30", "*[treatment]*"]
    assert row(text, "placebo")[1] == HE.arms[1].treatment
    assert "Visits: week 0, week 12, week 24." in text
    assert row(text, "Variable")[0] == "renal response at week 24 in 13 and 12 patients, yes or no"
    assert "is to show that drug X is not inferior to placebo" in text
    assert (
        "the null hypothesis is that the response rate of drug X is lower than that of placebo by 0.1 or more" in text
    )
