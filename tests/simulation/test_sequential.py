"""Sequential plans summed up exactly: against brute force, independent integration, simulation and the R package rpact."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.special import betaln, ndtr, ndtri, roots_jacobi
from scipy.stats import betabinom, binom, norm

from lupus_kit import design, inference, simulation
from lupus_kit.core.errors import InputError
from lupus_kit.simulation.plan.boundaries import Continuing

HE = design.he2020()
RATES = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), correlation=0.4)
LOOKS = simulation.InterimLooks((0.5, 1.0))
FUTILE = replace(LOOKS, futility="lan_demets_obrien_fleming")
HE2020 = simulation.PRIOR_SOURCES["he2020"]
PLAN = simulation.AnalysisPlan(looks=FUTILE, recruitment=simulation.Recruitment(5, 2))


def _rpact():
    frame = pd.read_csv(Path(__file__).parents[1] / "references" / "sequential.csv", comment="#", keep_default_na=False)
    for name in ("times", "value"):
        frame[name] = [tuple(map(float, text.split())) for text in frame[name]]
    return frame


@pytest.mark.parametrize(
    "plan",
    [
        simulation.AnalysisPlan(),
        simulation.AnalysisPlan(test="boschloo", multiplicity="bonferroni"),
        simulation.AnalysisPlan(test="fisher", sided=1, alpha=0.025, missing="worst"),
        simulation.AnalysisPlan(multiplicity="obrien_fleming"),
        simulation.AnalysisPlan(simulation.Endpoint(24), simulation.Endpoint(12), missing="best"),
    ],
)
def test_without_looks_it_is_the_enumeration_of_both_endpoints(plan):
    rates = replace(RATES, dropout=simulation.Dropout((0.05, 0.1), (0.1, 0.2), 2))
    trial = simulation.with_patients(HE, 20, 26)
    known = simulation.exact(trial, rates, plan).summary().set_index("quantity")["estimate"]
    found = simulation.planned_looks(trial, rates, plan)
    assert found.power == pytest.approx(known["primary claimed"], abs=1e-12)
    if plan.sided == 2:
        assert found.table["harm"].sum() == pytest.approx(known["primary harm found"], abs=1e-12)


def _by_hand(plan, law, looks, later):
    """Follow every pair of counts from look to look; law(arm, more, x, n) is the chance of each number of new responders."""
    bounds, state, before, rows = plan.boundaries(), {(0, 0): 1.0}, (0, 0), []
    for k, (now, then) in enumerate(zip(looks, later, strict=True)):
        moved, row = {}, dict.fromkeys(("benefit", "harm", "futility", "confirmed"), 0.0)
        for (x, y), weight in state.items():
            new = [law(arm, now[arm] - before[arm], (x, y)[arm], before[arm]) for arm in (0, 1)]
            for i, j in np.ndindex(len(new[0]), len(new[1])):
                moved[x + i, y + j] = moved.get((x + i, y + j), 0.0) + weight * new[0][i] * new[1][j]
        state = {}
        for (x, y), weight in moved.items():
            better = x * now[1] > y * now[0]
            if inference.pvalue(plan.test, x, now[0], y, now[1]) <= bounds.levels[k]:
                row["benefit" if better else "harm"] += weight
                if better:
                    new = [law(arm, then[arm] - now[arm], (x, y)[arm], now[arm]) for arm in (0, 1)]
                    for i, j in np.ndindex(len(new[0]), len(new[1])):
                        p = inference.pvalue(plan.test, x + i, then[0], y + j, then[1])
                        holds = p <= bounds.levels[k] and (x + i) * then[1] > (y + j) * then[0]
                        row["confirmed"] += holds * weight * new[0][i] * new[1][j]
            elif k < len(bounds.futility) and inference.pvalue(plan.test, x, now[0], y, now[1], "greater") > norm.sf(
                bounds.futility[k]
            ):
                row["futility"] += weight
            else:
                state[x, y] = weight
        before = now
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize("prior", [False, True])
def test_every_look_agrees_with_following_all_pairs_of_counts(prior):
    looks = simulation.InterimLooks((0.4, 0.7, 1.0), "pocock", futility="conditional_power", futility_level=0.05)
    # 1.1 patients a month, 12 weeks: three more patients at each look before the last.
    plan = simulation.AnalysisPlan(looks=looks, test="fisher", alpha=0.3, recruitment=simulation.Recruitment(1.1))
    trial = simulation.with_patients(HE, 10, 8)
    mixture = inference.Prior(((0.3, 1.0, 4.0), (0.7, 6.0, 2.0)))
    if prior:
        assumed = (mixture, inference.Prior(((1.0, 2.0, 3.0),)))

        def law(arm, more, x, n):
            # Posterior weights from the probability of the counts so far, component by component.
            parts = [(w * np.exp(betaln(a + x, b + n - x) - betaln(a, b)), a, b) for w, a, b in assumed[arm].components]
            whole = sum(w for w, _, _ in parts)
            added = np.arange(more + 1)
            return sum(w / whole * betabinom.pmf(added, more, a + x, b + n - x) for w, a, b in parts)

    else:
        assumed = simulation.ResponseRates((0.8, 0.3), (0.8, 0.3), 0.3)

        def law(arm, more, x, n):
            return binom.pmf(np.arange(more + 1), more, assumed.primary[arm])

    found = simulation.planned_looks(trial, assumed, plan).table
    assert found["randomised"].tolist() == [10, 16, 18]
    known = _by_hand(plan, law, [(4, 3), (7, 6), (10, 8)], [(6, 4), (9, 7), (10, 8)])
    for name in known:
        assert found[name].to_numpy() == pytest.approx(known[name].to_numpy(), abs=1e-12)
    assert (found["confirmed"][:2] < found["benefit"][:2] - 1e-3).all()
    free = simulation.planned_looks(trial, assumed, replace(plan, looks=replace(looks, futility=None)))
    assert found["benefit_going_on"].tolist() == pytest.approx(free.table["benefit"].tolist(), abs=1e-12)


def test_trials_one_by_one_agree_on_size_and_time():
    found = simulation.planned_looks(HE, RATES, PLAN)
    seen = simulation.run(HE, RATES, 200_000, 5, plan=PLAN, keep_trials=False).summary().set_index("quantity")
    for name, value in {
        "primary claimed": found.power,
        "primary harm found": found.table["harm"].sum(),
        "patients randomised": found.expected(),
        "months to the decision": found.expected("months"),
        "months to the last visit": found.expected("months_to_last_visit"),
    }.items():
        assert abs(seen.loc[name, "estimate"] - value) < 4.5 * seen.loc[name, "mc_error"]
    # 30 outcomes at 5 a month, then 14 weeks of 4.348 a month; (12 + 2) weeks bring in floor(16.1) patients more.
    assert found.table["months"][0] == pytest.approx(6 + 14 * 7 / 30.4375)
    assert found.table["randomised"].tolist() == [46, 60]
    assert found.table["benefit_going_on"].sum() > found.power + 0.005
    without = simulation.run(HE, RATES, 1000, 5, plan=replace(PLAN, recruitment=None)).summary()["quantity"]
    assert not without.str.startswith("months").any()
    fixed = simulation.exact(HE, RATES, simulation.AnalysisPlan(recruitment=PLAN.recruitment)).summary()
    assert fixed.set_index("quantity").loc["months to the decision", "estimate"] == pytest.approx(12 + 14 * 7 / 30.4375)


@pytest.mark.parametrize("looks", [None, FUTILE])
def test_assurance_is_power_integrated_over_the_prior(looks):
    plan, trial = simulation.AnalysisPlan(looks=looks), simulation.with_patients(HE, 12, 10)
    prior = replace(HE2020, discount=0.3)
    # Gauss-Jacobi nodes integrate the polynomial that power is exactly.
    sides = []
    for arm in prior.arms:
        ((_, a, b),) = arm.components
        x, w = roots_jacobi(7, b - 1, a - 1)
        sides.append(list(zip((1 + x) / 2, w / w.sum(), strict=True)))
    known = sum(
        w * v * simulation.planned_looks(trial, simulation.ResponseRates((p, q), (0.5, 0.5), 0.0), plan).power
        for (p, w), (q, v) in product(*sides)
    )
    found = simulation.assurance(trial, plan, {"here": prior}).iloc[0]
    assert found["assurance"] == pytest.approx(known, abs=1e-10)
    assert simulation.planned_looks(trial, prior, plan).averaged


def test_what_is_known_before_decides_the_assurance():
    found = simulation.assurance(HE).set_index("prior")
    assert len(found) == 6
    assert found["first_better"].iloc[0] == pytest.approx(inference.posterior(16, 29, 9, 30).probability_greater)
    assert found["first_better"].iloc[-1] == pytest.approx(0.5)
    # A sceptic expects a claim hardly more often than a false one, and harm as often.
    assert found["assurance"].iloc[-2] == pytest.approx(found["harm"].iloc[-2], rel=1e-6)
    nothing = replace(HE2020, discount=0.0)
    assert simulation.planned_looks(HE, nothing).power == pytest.approx(
        simulation.planned_looks(HE, (inference.PRIORS["uniform"],) * 2).power
    )
    assert simulation.planned_looks(HE, nothing).power == simulation.planned_looks(HE, simulation.RatePriors()).power


def test_predictive_power_averages_to_the_assurance_of_the_last_look():
    prior = replace(simulation.PRIOR_SOURCES["lupil2"], discount=0.5)
    now = simulation.interim_power(HE, RATES, PLAN, prior=prior)
    weight = 1.0
    for x, n, arm in (("x1", "n1", 0), ("x2", "n2", 1)):
        ((_, a, b),) = prior.arms[arm].components
        weight = weight * betabinom.pmf(now[x], now[n], a, b)
    last = simulation.AnalysisPlan(alpha=PLAN.boundaries().levels[-1])
    assert float(weight @ now["predictive"]) == pytest.approx(
        simulation.planned_looks(HE, prior, last).power, abs=1e-12
    )
    chance = binom.pmf(now["x1"], 15, 16 / 29) * binom.pmf(now["x2"], 15, 0.3)
    assert float(chance @ now["as_assumed"]) == pytest.approx(
        simulation.planned_looks(HE, RATES, last).power, abs=1e-12
    )


def test_conditional_power_of_one_table_added_up():
    cell = simulation.interim_power(HE, RATES, PLAN).query("x1 == 9 and x2 == 5").iloc[0]
    level = PLAN.boundaries().levels[-1]
    known = 0.0
    for i, j in np.ndindex(16, 16):
        claims = inference.pvalue("pearson", 9 + i, 30, 5 + j, 30) <= level and 9 + i > 5 + j
        known += claims * binom.pmf(i, 15, 9 / 15) * binom.pmf(j, 15, 5 / 15)
    assert cell["if_trend_goes_on"] == pytest.approx(known, abs=1e-12)
    # The normal formula of the same quantity, for the Z of the table so far.
    z = ndtri(1 - inference.pvalue("pearson", 9, 15, 5, 15) / 2)
    assert cell["if_trend_goes_on"] == pytest.approx(
        simulation.conditional_power(z, 0.5, PLAN.boundaries().critical[-1]), abs=0.06
    )


def test_the_size_of_a_plan_without_looks_is_that_of_its_test():
    plan = simulation.AnalysisPlan(sided=1, alpha=0.025, test="fisher")
    trial, rates = simulation.with_patients(HE, 20, 30), simulation.ResponseRates((0.7, 0.3), (0.7, 0.3), 0.4)
    found = simulation.plan_size(trial, rates, plan, 0.85)
    known = inference.sample_size("fisher", 0.7, 0.3, 0.85, 0.025, 1.5, "greater")
    assert (found.n1, found.n2, found.first_n1) == (known.n1, known.n2, known.first_n1)
    assert found.power == pytest.approx(known.power)


@pytest.mark.parametrize("assumed", [RATES, replace(HE2020, discount=0.5)])
def test_the_size_of_a_sequential_plan_is_the_smallest_that_keeps_the_target(assumed):
    found = simulation.plan_size(HE, assumed, PLAN, 0.6)
    after = [
        simulation.planned_looks(simulation.with_patients(HE, n), assumed, PLAN).power
        for n in range(found.n1 - 1, found.n1 + 13)
    ]
    assert after[0] < 0.6 <= min(after[1:])
    assert after[1] == pytest.approx(found.power)
    assert ("assurance" in found._repr_html_()) == (assumed is not RATES)


def test_rpact_agrees_on_the_price_of_looking():
    rows = _rpact()
    for row in rows[(rows["what"] == "inflation") & (rows["futility"] == "")].itertuples():
        power, times = float(row.power), [*row.times[:-1], 1.0]
        bounds = simulation.group_sequential(times, 0.025 * int(row.sided), row.shape, sided=int(row.sided))

        def missing(drift, bounds=bounds, power=power):
            # Crossing on the wrong side stops a two-sided test, too, and has no part in power.
            state, reached = Continuing(drift), 0.0
            for time, z in zip(bounds.fractions, bounds.critical, strict=True):
                reached += state.below(time, -z, -1)
                state.advance(time, -z if bounds.sided == 2 else -np.inf, z)
            return reached - power

        inflation = (brentq(missing, 0, 10) / (ndtri(0.975) + ndtri(power))) ** 2
        assert inflation == pytest.approx(row.value[0], rel=1e-6)
    for row in rows[rows["what"] == "patients"].itertuples():
        # rpact plans by the normal law: the exact power of its plan is near the target, and so is the exact size.
        looks = simulation.InterimLooks(
            (*row.times[:-1], 1.0), row.shape, futility=row.shape, futility_level=round(1 - float(row.power), 9)
        )
        plan, rates = (
            simulation.AnalysisPlan(alpha=0.025, sided=1, looks=looks),
            simulation.ResponseRates((0.55, 0.3), (0.5, 0.5), 0.0),
        )
        trial = simulation.with_patients(HE, round(row.value[0] / 2))
        assert simulation.planned_looks(trial, rates, plan).power == pytest.approx(float(row.power), abs=0.02)
        if len(row.times) == 2:
            assert simulation.plan_size(HE, rates, plan, float(row.power)).n1 == pytest.approx(
                row.value[0] / 2, rel=0.07
            )


def test_rpact_agrees_on_looks_at_other_information_than_planned():
    rows = _rpact()
    for row in rows[rows["what"] == "actual"].itertuples():
        sided = int(row.sided)
        plan = simulation.AnalysisPlan(
            alpha=0.025 * sided, sided=sided, looks=simulation.InterimLooks((0.5, 0.75, 1.0), row.shape)
        )
        patients = [int(n) for n in row.times]
        found = simulation.actual_boundaries(plan, patients, 387, final=True)
        assert found.critical == pytest.approx(row.value, abs=2e-6)
        assert found.spent[-1] == pytest.approx(plan.alpha, abs=1e-9)
        # Before the last look came, the first ones had the same values.
        assert simulation.actual_boundaries(plan, patients[:2], 387).critical[:2] == pytest.approx(
            row.value[:2], abs=2e-6
        )


def test_rpact_agrees_on_conditional_power():
    rows = _rpact()
    critical = simulation.group_sequential([0.5, 1.0], 0.025, "asOF", sided=1).critical[-1]
    for row in rows[rows["what"] == "conditional_power"].itertuples():
        z, drift = row.times
        assert simulation.conditional_power(z, 0.5, critical, drift) == pytest.approx(row.value[0], abs=2e-7)


def test_the_overrunning_analysis_replaces_the_look_that_stopped_the_trial():
    plan = simulation.AnalysisPlan(alpha=0.025, sided=1, looks=simulation.InterimLooks((0.5, 1.0), "kim_demets"))
    bounds = simulation.actual_boundaries(plan, [43], 60)
    # rho = 3: of alpha (43/60)^3 is spent, all of it at this one look.
    assert ndtr(-bounds.critical[0]) == pytest.approx(0.025 * (43 / 60) ** 3, rel=1e-9)


def test_plans_keep_recruitment_and_priors_in_their_files():
    plan = replace(PLAN, prior=replace(simulation.PRIOR_SOURCES["sceptical"], discount=0.25), looks=None)
    assert simulation.AnalysisPlan.from_toml(plan.to_toml()) == plan
    own = replace(plan, prior=simulation.RatePriors(first=(16, 29), second=(9, 30)))
    assert simulation.AnalysisPlan.from_toml(own.to_toml()) == own
    assert "sceptical" in plan._repr_html_()
    assert "5 patients a month, decisions 2 weeks" in plan._repr_html_()


def test_non_inferiority_and_a_group_of_patients():
    # A margin moves the null hypothesis in every sum.
    plan = simulation.AnalysisPlan(sided=1, alpha=0.025, margin=0.2, test="miettinen_nurminen")
    known = simulation.exact(HE, RATES, plan).summary().set_index("quantity")["estimate"]
    assert simulation.planned_looks(HE, RATES, plan).power == pytest.approx(known["primary claimed"], abs=1e-12)
    alike = simulation.ResponseRates((0.5, 0.5), (0.5, 0.5))
    found = simulation.plan_size(HE, alike, plan, 0.7)
    size = inference.sample_size("miettinen_nurminen", 0.5, 0.5, 0.7, 0.025, 1.0, "greater", difference=-0.2)
    assert (found.n1, found.first_n1) == (size.n1, size.first_n1)
    renal = simulation.AnalysisPlan(primary=simulation.Endpoint(24, "renal response", patients=(13, 12)))
    rates = simulation.ResponseRates((0.5, 0.2), (0.5, 0.2))
    with pytest.raises(InputError, match="a design of these patients"):
        simulation.planned_looks(HE, rates, replace(renal, secondary=simulation.Endpoint(12)))


HOLM = simulation.AnalysisPlan(multiplicity="holm")
LOST = replace(RATES, dropout=simulation.Dropout((0.1, 0.1), (0.1, 0.1)))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: simulation.planned_looks(HE, RATES, HOLM), "depends on the secondary"),
        (lambda: simulation.planned_looks(HE, RATES, simulation.AnalysisPlan(reestimation=simulation.Reestimation())),
         "without re-estimation"),
        (lambda: simulation.planned_looks(HE, LOST, simulation.AnalysisPlan(missing="observed")), "patients left out"),
        (lambda: simulation.planned_looks(HE, "he2020"), "'he2020': give simulation.ResponseRates"),
        (lambda: simulation.planned_looks(simulation.with_patients(HE, 1001), RATES), "at most 1000 in an arm"),
        (lambda: simulation.planned_looks(HE, RATES).expected(), "need plan.recruitment"),
        (lambda: simulation.plan_size(HE, simulation.ResponseRates((0.3, 0.3), (0.3, 0.3)), power=0.8), "is not better"),
        (lambda: simulation.plan_size(HE, simulation.PRIOR_SOURCES["sceptical"]), "with a chance of 0.500 only"),
        (lambda: simulation.plan_size(HE, simulation.ResponseRates((0.31, 0.3), (0.3, 0.3))), "1000 patients"),
        (lambda: simulation.plan_size(HE, RATES, PLAN, 0.05), "must be larger than alpha"),
        (lambda: simulation.planned_looks(5, RATES), "give a design.TrialDesign"),
        (lambda: simulation.planned_looks(HE, RATES, "pearson"), "give a design.TrialDesign"),
        (lambda: simulation.assurance(HE, priors=[HE2020]), "give priors by name"),
        (lambda: simulation.assurance(HE, priors={"rates": RATES}), "ResponseRates: give"),
        (lambda: simulation.actual_boundaries("asOF", [30], 60), "no interim looks"),
        (lambda: simulation.protocol("plan.toml"), "give a simulation.Scenario"),
        (lambda: simulation.interim_power(HE, RATES, PLAN, look=2), "look == 2"),
        (lambda: simulation.interim_power(HE, RATES, simulation.AnalysisPlan()), "needs interim looks"),
        (lambda: simulation.RatePriors(discount=2), "discount == 2"),
        (lambda: simulation.RatePriors(first=(3, 2), second=(1, 2)), "responders and patients are needed"),
        (lambda: simulation.RatePriors(first="12", second=(1, 2)), "responders and patients are needed"),
        (lambda: simulation.Recruitment(0), "per_month == 0"),
        (lambda: simulation.Recruitment(5, "two"), "delay_weeks == 'two'"),
        (lambda: simulation.AnalysisPlan(recruitment=5), "simulation.Recruitment"),
        (lambda: simulation.actual_boundaries(PLAN, [30], 60), "holds for the planned looks alone"),
        (lambda: simulation.actual_boundaries(simulation.AnalysisPlan(), [30], 60), "no interim looks"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_said(wrong, said):
    with pytest.raises(InputError, match=said):
        wrong()


@pytest.mark.parametrize("patients", [[], 5, [30, 30], [40, 30], [0], [1.5], [60]])
def test_patients_at_looks_increase(patients):
    plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0), "asP"))
    with pytest.raises(InputError, match=r"patients|planned"):
        simulation.actual_boundaries(plan, patients, 60)
