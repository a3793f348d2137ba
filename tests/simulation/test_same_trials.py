"""The trials of a seed, of plans whose trials have sizes of their own: those the kit gave before, or of the same law."""

from __future__ import annotations

import hashlib
from itertools import product
from math import ceil

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import chi2

from lupus_kit import design, simulation
from lupus_kit.simulation import AnalysisPlan, InterimLooks, Reestimation
from lupus_kit.simulation.plan.response_rates import OUTCOMES
from lupus_kit.simulation.trials.chunks import simulate_chunk

LOST = simulation.Dropout((0.03, 0.03), (0.1, 0.1))
RATES = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), 0.4, LOST)
LOOKS = InterimLooks((0.5, 1.0), futility="lan_demets_obrien_fleming")
# Digests of the counts of each trial, as the version before gave them (lupus_kit 0.4.0; seed 3, 2,000 trials). Re-estimated
# trials are drawn in another, quicker way since 0.6: the same law, which the last test holds to the enumeration.
BEFORE = {
    "re-estimated": ("4a5ef394d405f080", AnalysisPlan(reestimation=Reestimation())),
    "re-estimated, observed": ("8eb131ab4070b97d", AnalysisPlan(reestimation=Reestimation(), missing="observed")),
    "observed": ("08ea653d555f64d5", AnalysisPlan(missing="observed", multiplicity="holm")),
    "observed, looks": ("f84521738c762b77", AnalysisPlan(missing="observed", looks=LOOKS)),
}


@pytest.mark.parametrize("name", BEFORE)
def test_the_trials_of_a_seed_stay(name: str) -> None:
    digest, plan = BEFORE[name]
    found = simulation.run(design.he2020(), RATES, 2000, seed=3, plan=plan)
    kept = found.trials.select_dtypes(["int64", "bool"]).astype("int64")
    assert hashlib.sha256(kept.to_csv(index=False).encode()).hexdigest()[:16] == digest


def _sums(scenario: simulation.Scenario, arm: int, n: int) -> np.ndarray:
    """The law of the counts of n patients (analysed and responders at each endpoint), one patient after another."""
    law = np.zeros((9,) * 4)
    law[0, 0, 0, 0] = 1
    kinds = [[int(yes) for one in outcome for yes in (one >= 0, one == 1)] for outcome in OUTCOMES]
    chances = scenario.rates.patient_law(arm).tolist()
    for _ in range(n):
        law = sum(p * np.roll(law, kind, (0, 1, 2, 3)) for kind, p in zip(kinds, chances, strict=True))
    return law


def test_re_estimated_trials_have_the_law_of_the_enumeration() -> None:
    # Every outcome of two patients of each arm, then of as many more as the formula asks for, written out.
    plan = AnalysisPlan(reestimation=Reestimation(0.5, 0.7, 0.8, 2.0), missing="observed")
    scenario = simulation.Scenario(RATES, simulation.with_patients(design.he2020(), 4, 4), plan)
    sums = [[_sums(scenario, arm, n) for n in range(7)] for arm in (0, 1)]
    expected = np.zeros((2, 9, 9, 9, 9, 9))  # endpoint, size, then the table
    for one, two in product(*(np.argwhere(sums[arm][2] > 0) for arm in (0, 1))):
        chance = sums[0][2][tuple(one)] * sums[1][2][tuple(two)]
        rate = (one[1] + two[1]) / max(one[0] + two[0], 1)
        needed = (ndtri(0.975) + ndtri(0.8)) ** 2 * 2 * rate * (1 - rate) / 0.7**2
        size = min(max(ceil(needed - 1e-9), 4), 8)
        for e, others in ((0, (2, 3)), (1, (0, 1))):
            first, second = (
                np.roll(sums[arm][size - 2].sum(axis=others), have[2 * e : 2 * e + 2], (0, 1))
                for arm, have in enumerate((one, two))
            )
            expected[e, size] += chance * np.multiply.outer(first, second)
    n, found = 200_000, np.zeros_like(expected)
    tally = simulate_chunk(scenario, False, np.random.SeedSequence(7), n)
    np.add.at(found, tuple(tally[key] for key in ("endpoint", "randomised1", "n1", "x1", "n2", "x2")), tally["weight"])
    assert expected.sum() == pytest.approx(2)
    assert not found[expected == 0].any()
    common = n * expected >= 5
    distance = ((found - n * expected)[common] ** 2 / (n * expected[common])).sum()
    assert 1e-4 < chi2.sf(distance, common.sum() - 2) < 1 - 1e-4
