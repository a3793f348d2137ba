"""Values of a wrong kind, into the public functions of the design and of the simulation: one sentence, no traceback."""

from __future__ import annotations

import datetime
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from lupus_kit import design, simulation
from lupus_kit.core.errors import InputError

RATES = simulation.ResponseRates((0.55, 0.30), (0.65, 0.37))
HE = design.he2020()
THREE = replace(HE, arms=(HE.arms[0], replace(HE.arms[0], name="half"), HE.arms[1]))
HUGE = 10**30
BAD = ("", [], ["x"], {}, b"x", 1.5, float("nan"), datetime.date(2020, 1, 1), np.array([1, 2]), pd.DataFrame(), pd.NA, -(10**30),
       HUGE, object())  # fmt: skip
run = partial(simulation.run, HE, RATES, n_trials=20)
CALLS = {
    "arm": lambda value: design.Arm("x", 1.5 if value is HUGE else value, "x", 1.0),
    "arms": lambda value: replace(HE, arms=value),
    "visits": lambda value: replace(HE, visits=value),
    "week": lambda value: replace(HE, visits=(design.Visit("x", value, "x"), *HE.visits)),
    "primary week": lambda value: replace(HE, primary_week=value),
    "blinded list": design.blinded_list,
    "sided": lambda value: simulation.AnalysisPlan(sided=value),
    "method": lambda value: simulation.grid(HE, RATES, {"test": ["pearson"]}, method=value),
    "shape": lambda value: simulation.group_sequential((0.5, 1.0), shape=value),
    "scenario": lambda value: simulation.Scenario(value),
    "block size": lambda value: simulation.AnalysisPlan(block_size=value),
    "names of strata": lambda value: simulation.StratifiedRates(value, (0.5, 0.5), (RATES, RATES)),
    "shares of strata": lambda value: simulation.StratifiedRates(("a", "b"), value, (RATES, RATES)),
    "rates of strata": lambda value: simulation.StratifiedRates(("a", "b"), (0.5, 0.5), value),
    "design of several arms": lambda value: simulation.several_arms(value, [0.5] * 3),
    "rates of several arms": lambda value: simulation.several_arms(THREE, value),
    "rule for several arms": lambda value: simulation.several_arms(THREE, [0.5] * 3, rule=value),
    "register": lambda value: simulation.register(value, "plan.toml"),
    "trials": lambda value: simulation.run(HE, RATES, value),
    "jobs": lambda value: run(n_jobs=value),
    "plan": lambda value: run(plan=value),
    "keep": lambda value: run(keep_trials=value),
    "progress": lambda value: run(progress=value),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_sentence_and_no_traceback(name: str) -> None:
    for value in BAD:
        with pytest.raises(InputError):
            CALLS[name](value)


@pytest.mark.parametrize("value", [5, None, ["x"], b"x", {}, float("nan"), datetime.date(2020, 1, 1), np.array([1, 2])])
def test_a_path_is_a_path(value: object) -> None:
    if value is not None:
        with pytest.raises(InputError, match="give the path of a folder"):
            run(checkpoint=value)
    for call in (simulation.registered, partial(simulation.register, simulation.Scenario(RATES))):
        with pytest.raises(InputError, match="must be the path of a file"):
            call(value)


def test_how_many_trials_are_too_many() -> None:
    with pytest.raises(InputError, match="at most 10,000,000,000"):
        simulation.run(HE, RATES, 10**11)
