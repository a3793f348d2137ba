"""Several active arms against one control: against every outcome written out, and against the multivariate normal law."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import binom, multivariate_normal

from lupus_kit import design, inference, simulation
from lupus_kit.core.errors import InputError
from lupus_kit.simulation import AnalysisPlan, Endpoint, InterimLooks, several_arms

DOSE, PLACEBO = design.he2020().arms


def trial_of(*sizes):
    """A trial of several doses; the last number is the placebo's."""
    doses = [replace(DOSE, name=f"dose {k}", n_randomised=n) for k, n in enumerate(sizes[:-1])]
    return replace(design.he2020(), arms=(*doses, replace(PLACEBO, n_randomised=sizes[-1])))


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
        (lambda: simulation.Scenario(simulation.ResponseRates((0.5, 0.3), (0.5, 0.3)), trial_of(9, 9, 9)), "has 3 arms"),
    ],
)  # fmt: skip
def test_what_several_arms_cannot_be(make, words):
    with pytest.raises(InputError, match=words):
        make()
