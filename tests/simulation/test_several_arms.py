"""Several active arms against one control: against every outcome written out, and against the multivariate normal law."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import binom, multivariate_normal

from lupus_kit import cohort, design, figures, inference, simulation
from lupus_kit.core.errors import InputError
from lupus_kit.simulation import AnalysisPlan, Endpoint, InterimLooks, several_arms

DOSE, PLACEBO = design.he2020().arms


def trial_of(*sizes):
    """A trial of several doses; the last number is the placebo's."""
    doses = [replace(DOSE, name=f"dose {k}", n_randomised=n) for k, n in enumerate(sizes[:-1])]
    return replace(design.he2020(), arms=(*doses, replace(PLACEBO, n_randomised=sizes[-1])))


TRIAL = trial_of(12, 10, 8, 11)
METHODS = ("wald", "newcombe")
RATES = simulation.ResponseRates((0.45, 0.3, 0.7, 0.3), (0.5, 0.4, 0.8, 0.3))


def planned(trial=TRIAL, rates=RATES, **plan):
    return simulation.Scenario(rates, trial, AnalysisPlan(**plan))


@pytest.mark.parametrize(
    "plan", [AnalysisPlan(test="n_minus_1", alpha=0.3), AnalysisPlan(alpha=0.2, sided=1, margin=0.1)]
)
def test_holm_is_the_sum_over_every_outcome_with_adjusted_p_values(plan):
    sizes, rates = (4, 3, 5, 4), [0.8, 0.3, 0.6, 0.35]
    expected = np.zeros(6)
    tables = [inference.pvalue_lattice(plan.test, n, 4, plan.alternative, difference=-plan.margin) for n in sizes[:3]]
    laws = [binom.pmf(np.arange(n + 1), n, rate) for n, rate in zip(sizes, rates, strict=True)]
    for x in product(*(range(n + 1) for n in sizes)):
        weight = np.prod([law[a] for law, a in zip(laws, x, strict=True)])
        p = [table[a, x[3]] for table, a in zip(tables, x[:3], strict=True)]
        better = [a / n - x[3] / 4 + plan.margin > 1e-12 for a, n in zip(x[:3], sizes[:3], strict=True)]
        p = np.nan_to_num(np.where(better, p, 1.0), nan=1.0)
        # The adjusted p-values of Holm, as R's p.adjust defines them.
        adjusted = np.empty(3)
        adjusted[np.argsort(p)] = np.maximum.accumulate([3, 2, 1] * np.sort(p))
        claimed = adjusted <= plan.alpha * (1 + 1e-12)
        # 0.3 is not better than 0.35, but not inferior by 0.1.
        false = claimed & np.array([False, plan.margin == 0, False])
        expected += weight * np.array([*claimed, claimed.any(), claimed.all(), false.any()])
    found = several_arms(trial_of(*sizes), rates, plan)
    assert found["what"].tolist()[:4] == ["dose 0", "dose 1", "dose 2", "any arm claimed"]
    assert found["probability"].tolist() == pytest.approx(expected.tolist(), abs=1e-12)


@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize("sizes", [(30, 30, 30, 30), (40, 20, 30)])
def test_dunnett_claims_where_the_level_of_the_multivariate_normal_law_is_reached(sided, sizes):
    # Correlations of the comparisons with one control: the root of n1 n2 / ((n1 + n0) (n2 + n0)).
    *active, control = sizes
    root = np.sqrt([n / (n + control) for n in active])
    law = multivariate_normal(cov=np.where(np.eye(len(active)), 1.0, np.outer(root, root)))
    plan, rates = AnalysisPlan(sided=sided, alpha=0.05), [0.6] * len(active) + [0.3]
    claimed = several_arms(trial_of(*sizes), rates, plan, "dunnett").set_index("what")["probability"]
    # The claim of one arm is a test of two arms at one level: found from its power, on a fine grid of levels.
    for k, n in enumerate(active):
        x1, x2 = np.indices((n + 1, control + 1))
        p = np.where(x1 * control > x2 * n, inference.pvalue_lattice("pearson", n, control, plan.alternative), 1.0)
        chance = binom.pmf(x1, n, 0.6) * binom.pmf(x2, control, 0.3)
        levels = np.unique(p[p < 1])
        power = np.array([chance[p <= level * (1 + 1e-12)].sum() for level in levels])
        at = int(np.argmin(np.abs(power - claimed[f"dose {k}"])))
        assert power[at] == pytest.approx(claimed[f"dose {k}"], abs=1e-12)
        # The level of the law lies from the largest p-value that is claimed to the next one.
        for level, reached in ((levels[at], True), (levels[at + 1], False)):
            z = -ndtri(level / sided)
            low = np.full(len(active), -z) if sided == 2 else None
            beyond = 1 - law.cdf(np.full(len(active), z), lower_limit=low)
            assert (beyond <= 0.05 + 1e-4) == reached, (level, beyond)


def test_without_any_effect_false_claims_come_to_the_level():
    for rule in ("holm", "dunnett"):
        found = several_arms(trial_of(150, 150, 150, 150), [0.4] * 4, rule=rule).set_index("what")["probability"]
        # Claims are of benefits alone: about half of the two-sided level.
        assert 0.02 < found["any false claim"] < 0.028, rule
        assert found["any false claim"] == found["any arm claimed"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: several_arms(design.he2020(), [0.5, 0.3]), "two to 5 active arms"),
        (lambda: several_arms(trial_of(*[9] * 7), [0.5] * 7), "two to 5 active arms"),
        (lambda: several_arms(trial_of(9, 9, 9), [0.5, 0.3]), "3 rates from 0 to 1"),
        (lambda: several_arms(trial_of(9, 9, 9), [0.5, 0.3, float("nan")]), "3 rates from 0 to 1"),
        (lambda: several_arms(trial_of(9, 9, 9), "0.5"), "3 rates from 0 to 1"),
        (lambda: several_arms(trial_of(9, 9, 9), [0.5] * 3, rule="holms"), "did you mean 'holm'"),
        (lambda: several_arms("he2020", [0.5] * 3), "TrialDesign"),
        (lambda: several_arms(trial_of(9, 9, 9), [0.5] * 3, "holm"), "AnalysisPlan"),
        (lambda: several_arms(trial_of(9, 9, 9), [0.5] * 3, AnalysisPlan(looks=InterimLooks((0.5, 1)))), "tested once"),
        (lambda: several_arms(trial_of(9, 9, 9), [0.5] * 3, AnalysisPlan(test="cmh")), "without strata"),
        (lambda: several_arms(trial_of(9, 9, 9), [0.5] * 3, AnalysisPlan(Endpoint(12, patients=(3, 3)))), "of all"),
        (lambda: planned(rates=simulation.ResponseRates((0.5, 0.3), (0.5, 0.3))), "2 rates .* 4 arms"),
        (lambda: planned(rates=simulation.ResponseRates((0.5, 0.3, 0.3), (0.5, 0.3))), "as many"),
        (lambda: planned(multiplicity="holm"), "arm_multiplicity"),
        (lambda: planned(arm_multiplicity="dunnet"), "did you mean 'dunnett'"),
        (lambda: planned(reestimation=simulation.Reestimation()), "tested once"),
        (lambda: planned(secondary=Endpoint(24, patients=(3, 3))), "of all"),
        (lambda: planned(rates=simulation.StratifiedRates(("a", "b"), (0.5, 0.5), (RATES, RATES))), "without strata"),
        (lambda: planned(rates=cohort.Assumptions()), "patient model knows the arms"),
        (lambda: planned(trial_of(*[9] * 7)), "two to 5 active arms"),
        (lambda: planned(design.he2020(), simulation.ResponseRates((0.5, 0.3), (0.5, 0.3)), arm_multiplicity="holm"),
         "one active arm"),
        (lambda: simulation.planned_looks(TRIAL, RATES), "4 arms; a comparison of two needs exactly two"),
        (lambda: simulation.with_patients(TRIAL, 9, 9), "4 arms"),
    ],
)  # fmt: skip
def test_what_several_arms_cannot_be(make, words):
    with pytest.raises(InputError, match=words):
        make()


PLAN = """
[design]
arms = ["low", "middle", "high", "placebo"]
patients = [12, 10, 8, 11]
[plan]
arm_multiplicity = "dunnett"
alpha = 0.1
[rates]
primary = [0.45, 0.3, 0.7, 0.3]
follow_up = [0.5, 0.4, 0.8, 0.3]
"""


def test_a_plan_file_has_several_arms():
    read = simulation.Scenario.from_toml(PLAN)
    assert simulation.Scenario.from_toml(read.to_toml()) == read
    assert read.sizes == (12, 10, 8, 11)
    # Not stated, the rule is Holm's, and is written down; a plan of two arms says nothing of it.
    assert 'arm_multiplicity = "holm"' in planned().to_toml()
    two = simulation.Scenario(simulation.ResponseRates((0.5, 0.3), (0.5, 0.3)))
    assert "arm_multiplicity" not in two.to_toml()
    assert dict(read.plan.in_words())["several active arms"].startswith("Dunnett")
    assert "two endpoints" not in dict(read.plan.in_words())


@pytest.mark.parametrize("rule", ["holm", "dunnett"])
def test_exact_has_the_numbers_of_several_arms_and_of_each_comparison_alone(rule):
    found = simulation.exact(TRIAL, RATES, AnalysisPlan(alpha=0.1, arm_multiplicity=rule))
    table = found.summary().set_index("quantity")["estimate"]
    alone = several_arms(TRIAL, RATES.primary, AnalysisPlan(alpha=0.1), rule).set_index("what")["probability"]
    for k in range(3):
        assert table[f"dose {k}, primary claimed"] == pytest.approx(alone[f"dose {k}"], abs=1e-12)
    for name in ("any arm claimed", "all arms claimed", "any false claim"):
        assert table[name] == pytest.approx(alone[name], abs=1e-12), name
    # What does not hang on the other arms is that of a trial of this arm and the placebo.
    two = simulation.exact(
        replace(TRIAL, arms=(TRIAL.arms[2], TRIAL.arms[3])), simulation.ResponseRates((0.7, 0.3), (0.8, 0.3))
    )
    both = two.summary().set_index("quantity")["estimate"]
    for role in ("primary", "secondary"):
        assert table[f"dose 2, {role}: mean difference"] == pytest.approx(both[f"{role}: mean difference"], abs=1e-12)
    own = found.coverage(methods=METHODS).query("endpoint == 'dose 2, secondary'")
    pair = two.coverage(methods=METHODS).query("endpoint == 'secondary'")
    assert own["coverage"].tolist() == pytest.approx(pair["coverage"].tolist(), abs=1e-12)
    own = found.pvalue_distribution(4).query("endpoint == 'dose 2, primary'")["share"].tolist()
    assert own == pytest.approx(two.pvalue_distribution(4).query("endpoint == 'primary'")["share"].tolist(), abs=1e-12)
    assert found.estimates("dose 2, primary")["share"].sum() == pytest.approx(1)
    assert table["patients randomised"] == 41
    assert not {"type III error", "dose 0, secondary claimed"} & {*table.index}


@pytest.mark.parametrize(
    ("plan", "lost"),
    [
        (AnalysisPlan(alpha=0.2), simulation.Dropout()),
        (AnalysisPlan(Endpoint(24), Endpoint(12), alpha=0.1, sided=1, margin=0.1, arm_multiplicity="dunnett",
                      missing="worst"), simulation.Dropout((0.1, 0, 0.1, 0.2), (0.2, 0.1, 0.1, 0.3), 2)),
    ],
)  # fmt: skip
def test_simulated_trials_agree_with_the_sum_over_all(plan, lost):
    rates = replace(RATES, dropout=lost)
    known = simulation.exact(TRIAL, rates, plan).summary().set_index("quantity")
    seen = simulation.run(TRIAL, rates, 20_000, 5, plan=plan)
    table = seen.summary().set_index("quantity")
    assert table.index.tolist() == known.index.tolist()
    off = ((table["estimate"] - known["estimate"]).abs() / table["mc_error"].replace(0, 1e-9)).dropna()
    assert len(off) > 20
    assert off.max() < 4
    # The trials that were kept say the same, one by one.
    trials = seen.trials
    claims = trials[[f"claimed{k}_primary" for k in (1, 2, 3)]]
    assert claims.any(axis=1).mean() == pytest.approx(table.loc["any arm claimed", "estimate"])
    first = trials.iloc[0]
    counts = (int(first[name]) for name in ("x2_primary", "n2_primary", "x4_primary", "n4_primary"))
    p = inference.pvalue("pearson", *counts, alternative=plan.alternative, difference=-plan.margin)
    assert first["p2_primary"] == pytest.approx(p, nan_ok=True)


def test_patients_left_out_are_simulated():
    plan, rates = AnalysisPlan(missing="observed"), replace(RATES, dropout=simulation.Dropout((0.2,) * 4, (0.2,) * 4))
    with pytest.raises(InputError, match="run"):
        simulation.exact(TRIAL, rates, plan)
    found = simulation.run(TRIAL, rates, 2000, 1, plan=plan, keep_trials=True)
    assert 0.15 < 1 - found.trials["n1_primary"].mean() / 12 < 0.25
    again = simulation.run(TRIAL, rates, 2000, 1, plan=plan, keep_trials=False)
    assert again.summary().equals(found.summary())


THREE = trial_of(12, 8, 11)
THREE_RATES = simulation.ResponseRates((0.45, 0.7, 0.3), (0.5, 0.3, 0.3))


def test_the_familywise_error_is_that_of_the_arms_that_are_null():
    plan = AnalysisPlan(alpha=0.1)
    found = simulation.familywise(THREE, THREE_RATES, plan).set_index("null")
    assert {*found.index} == {"dose 0 null", "dose 1 null", "dose 0 and dose 1 null"}
    assert found["estimate"].is_monotonic_decreasing
    # One arm alone is null and the other is surely claimed: Holm tests it at the whole level, as two arms do.
    for arm in (0, 1):
        rate, top = found.loc[f"dose {arm} null", ["rate", "estimate"]]
        rates = simulation.ResponseRates((rate, rate), (0.5, 0.3), correlation=0.0)
        alone = simulation.exact(replace(THREE, arms=(THREE.arms[arm], THREE.arms[2])), rates, plan).summary()
        assert top == pytest.approx(alone.set_index("quantity").loc["primary claimed", "estimate"], abs=1e-12)
    rate, top = found.loc["dose 0 and dose 1 null", ["rate", "estimate"]]
    for at in (rate - 0.05, rate, rate + 0.05):
        error = several_arms(THREE, [at] * 3, plan).set_index("what").loc["any false claim", "probability"]
        assert error == pytest.approx(top, abs=1e-12) if at == rate else error <= top


def test_a_grid_and_a_figure_have_every_arm():
    table = simulation.grid(TRIAL, RATES, {"n_per_arm": [8, 16], "arm_multiplicity": ["holm", "dunnett"]})
    claims = table[table["quantity"] == "dose 2, primary claimed"]
    assert claims["method"].tolist() == ["exact"] * 4
    for n, part in claims.groupby("n_per_arm"):
        alone = [several_arms(trial_of(*[n] * 4), RATES.primary, rule=rule) for rule in part["arm_multiplicity"]]
        assert part["estimate"].tolist() == pytest.approx([found["probability"][2] for found in alone])
    drawn = figures.simulation.operating_characteristics({"doses": simulation.exact(TRIAL, RATES).summary()})
    assert "dose 2, primary claimed" in figures.alt_text(drawn)


def test_the_section_of_a_protocol_names_every_arm():
    text = simulation.protocol(planned(THREE, THREE_RATES, alpha=0.1, arm_multiplicity="dunnett"))
    assert "three parallel arms, 12 : 8 : 11" in text
    known = several_arms(THREE, THREE_RATES.primary, AnalysisPlan(alpha=0.1), "dunnett").set_index("what")[
        "probability"
    ]
    assert f"| dose 1, primary claimed | {known['dose 1']:.4f} |" in text
    assert f"| any arm claimed | {known['any arm claimed']:.4f} |" in text
    assert "*[Not computed: the design has 3 arms" in text
    assert "15.0 and 40.0 percentage points | 20.0 and 0.0 percentage points" in text
    assert "$" not in text
