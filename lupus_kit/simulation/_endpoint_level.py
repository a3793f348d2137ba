"""Trials at the level of their endpoints: responders of both visits, drawn from their joint distribution."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from lupus_kit.inference import joint_counts
from lupus_kit.simulation._alias import Alias
from lupus_kit.simulation._tally import KEYS, trial_columns
from lupus_kit.simulation._tests import Rule, lattice
from lupus_kit.simulation.assumptions import OUTCOMES, ResponseRates
from lupus_kit.simulation.plan import AnalysisPlan
from lupus_kit.simulation.scenario import Scenario

# Trials handled together: small enough for the arrays to stay in the processor's cache.
_BLOCK = 1 << 15
_LOW = (1 << 32) - 1


def counted_outcomes(plan: AnalysisPlan, arm: int) -> np.ndarray:
    """Return what each kind of patient counts as at the two visits, rows as OUTCOMES; -1 is left out."""
    fill = {"nonresponder": (0, 0), "observed": (-1, -1), "worst": (0, 1), "best": (1, 0)}[plan.missing][arm]
    return np.where(OUTCOMES < 0, fill, OUTCOMES)


def is_fixed(scenario: Scenario) -> bool:
    """Whether every trial analyses the planned numbers of patients at one analysis."""
    plan, rates = scenario.plan, scenario.assumptions
    assert isinstance(rates, ResponseRates)
    return plan.looks is None and plan.reestimation is None and (plan.missing != "observed" or rates.dropout.none)


def counted_rates(scenario: Scenario, arm: int) -> tuple[float, float, float]:
    """Rates of counted responders at both visits and their correlation, once missing outcomes have been counted."""
    rates = scenario.assumptions
    assert isinstance(rates, ResponseRates)
    law, counted = rates.patient_law(arm), counted_outcomes(scenario.plan, arm)
    first, second = (float(np.clip(law @ (counted[:, k] == 1), 0.0, 1.0)) for k in (0, 1))
    both = float(law @ ((counted == 1).all(axis=1)))
    spread = float(np.sqrt(first * (1 - first) * second * (1 - second)))
    return first, second, (both - first * second) / spread if spread else 0.0


def arm_law(scenario: Scenario, arm: int) -> np.ndarray:
    """Joint law of counted responders at (primary visit, follow-up), shape (n + 1, n + 1)."""
    return joint_counts(scenario.sizes[arm], *counted_rates(scenario, arm), arm=("first", "second")[arm])


def visit_of(scenario: Scenario) -> tuple[int, int]:
    """Which visit of the rates (0 primary week, 1 follow-up week) each endpoint of the plan is measured at."""
    follow_up = scenario.design.follow_up_week
    first, second = (int(endpoint.week == follow_up) for endpoint in scenario.plan.endpoints)
    return first, second


class _Fixed:
    """Everything that a trial with one analysis of the planned patients looks up."""

    def __init__(self, scenario: Scenario) -> None:
        n1, n2 = scenario.sizes
        self.shape = (n1 + 1, n2 + 1)
        visits = visit_of(scenario)
        arms = []
        for arm, step in ((0, n2 + 1), (1, 1)):
            law = arm_law(scenario, arm)
            counts = np.indices(law.shape).reshape(2, -1)
            # The table of the primary endpoint in the low half of the number, that of the secondary in the high half:
            # adding the numbers of both arms gives both tables.
            packed = (counts[visits[0]] + (counts[visits[1]] << 32)) * step
            arms.append(Alias(packed, law.ravel()))
        self.arms = arms
        p = lattice(scenario.plan.test, n1, n2).ravel()
        rule = Rule(scenario.plan)
        width = rule.table.shape[1]
        self.codes = (rule.code(p, 0).astype(np.int64) * width, rule.code(p, 1).astype(np.int64))
        self.decisions = rule.table.ravel().astype(np.int64)

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw tables of both endpoints, as positions on the lattice, and decisions."""
        packed = self.arms[0].draw(rng, n)
        packed += self.arms[1].draw(rng, n)
        primary = packed & _LOW
        packed >>= 32
        code = self.codes[0].take(primary, mode="clip")
        code += self.codes[1].take(packed, mode="clip")
        return primary, packed, self.decisions.take(code, mode="clip")


@lru_cache(maxsize=16)
def _fixed(scenario: Scenario) -> _Fixed:
    return _Fixed(scenario)


def fixed_tally(scenario: Scenario, rng: np.random.Generator, n_trials: int) -> pd.DataFrame:
    """Draw trials with one analysis, and count their outcomes."""
    tools = _fixed(scenario)
    cells = tools.shape[0] * tools.shape[1]
    found = np.zeros((2, 16 * cells), dtype=np.int64)
    for start in range(0, n_trials, _BLOCK):
        *tables, decision = tools.draw(rng, min(_BLOCK, n_trials - start))
        for k, table in enumerate(tables):
            table <<= 4
            table += decision
            found[k] += np.bincount(table, minlength=16 * cells)
    return tally_from_counts(found.reshape(2, *tools.shape, 16))


def tally_from_counts(found: np.ndarray) -> pd.DataFrame:
    """Make a tally of counts (or probabilities) of shape (endpoint, x1, x2, decision)."""
    endpoint, x1, x2, decision = np.nonzero(found)
    n1, n2 = found.shape[1] - 1, found.shape[2] - 1
    columns = {"endpoint": endpoint, "look": 1, "randomised1": n1, "randomised2": n2}
    columns |= {"n1": n1, "x1": x1, "n2": n2, "x2": x2, "decision": decision}
    return pd.DataFrame(columns)[KEYS].assign(weight=found[endpoint, x1, x2, decision])


def fixed_trials(scenario: Scenario, rng: np.random.Generator, n_trials: int) -> pd.DataFrame:
    """Draw the same trials as :func:`fixed_tally` and keep each of them."""
    tools = _fixed(scenario)
    parts = [tools.draw(rng, min(_BLOCK, n_trials - start)) for start in range(0, n_trials, _BLOCK)]
    primary, secondary, decision = (np.concatenate(part) for part in zip(*parts, strict=True))
    n1, n2 = scenario.sizes
    columns = {"look": 1, "randomised1": n1, "randomised2": n2, "decision": decision}
    for role, table in (("primary", primary), ("secondary", secondary)):
        x1, x2 = np.divmod(table, n2 + 1)
        columns |= {f"n1_{role}": n1, f"x1_{role}": x1, f"n2_{role}": n2, f"x2_{role}": x2}
    return pd.DataFrame(columns)[trial_columns()]


class EndpointSource:
    """Patients that come in one after another, known only by how many of them respond."""

    def __init__(self, scenario: Scenario, rng: np.random.Generator, n_trials: int) -> None:
        rates = scenario.assumptions
        assert isinstance(rates, ResponseRates)
        self.rng, self.n_trials = rng, n_trials
        self.laws = [rates.patient_law(arm) for arm in (0, 1)]
        visits = list(visit_of(scenario))
        # For each arm: which kinds of patients are analysed and which respond, at each endpoint.
        counted = [counted_outcomes(scenario.plan, arm)[:, visits] for arm in (0, 1)]
        self.sums = [np.stack([c >= 0, c == 1], axis=2).reshape(len(OUTCOMES), 4).astype(np.int64) for c in counted]

    def take(self, sizes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Bring in more patients: new counts of shape (trials, arm, endpoint, (analysed, responders))."""
        found = np.empty((self.n_trials, 2, 2, 2), dtype=np.int64)
        for arm, (law, sums) in enumerate(zip(self.laws, self.sums, strict=True)):
            kinds = self.rng.multinomial(sizes[arm], law)
            found[:, arm] = (kinds @ sums).reshape(-1, 2, 2)
        return found
