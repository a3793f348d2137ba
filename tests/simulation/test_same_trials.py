"""The trials of a seed, of plans whose trials have sizes of their own: the same as the kit gave before it looked codes up."""

from __future__ import annotations

import hashlib

import pytest

from lupus_kit import design, simulation
from lupus_kit.simulation import AnalysisPlan, InterimLooks, Reestimation

LOST = simulation.Dropout((0.03, 0.03), (0.1, 0.1))
RATES = simulation.ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), 0.4, LOST)
LOOKS = InterimLooks((0.5, 1.0), futility="lan_demets_obrien_fleming")
# Digests of the counts of each trial, as the version before gave them (lupus_kit 0.4.0; seed 3, 2,000 trials).
BEFORE = {
    "re-estimated": ("f195e208de6a047b", AnalysisPlan(reestimation=Reestimation())),
    "re-estimated, observed": ("88181e02e5bcc771", AnalysisPlan(reestimation=Reestimation(), missing="observed")),
    "observed": ("08ea653d555f64d5", AnalysisPlan(missing="observed", multiplicity="holm")),
    "observed, looks": ("f84521738c762b77", AnalysisPlan(missing="observed", looks=LOOKS)),
}


@pytest.mark.parametrize("name", BEFORE)
def test_the_trials_of_a_seed_stay(name: str) -> None:
    digest, plan = BEFORE[name]
    found = simulation.run(design.he2020(), RATES, 2000, seed=3, plan=plan)
    kept = found.trials.select_dtypes(["int64", "bool"]).astype("int64")
    assert hashlib.sha256(kept.to_csv(index=False).encode()).hexdigest()[:16] == digest
