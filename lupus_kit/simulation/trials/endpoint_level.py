"""Trials at the level of their endpoints: responders of both visits, drawn from their joint distribution."""

from functools import lru_cache

import numpy as np
import pandas as pd

from lupus_kit.inference import joint_counts
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.response_rates import OUTCOMES, ResponseRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.alias import Alias
from lupus_kit.simulation.trials.decisions import DECISIONS, ENDS, rule_of, table_codes
from lupus_kit.simulation.trials.tally import KEYS, trial_columns

# Trials handled together: small enough for the arrays to stay in the processor's cache.
_BLOCK = 1 << 15
_LOW = (1 << 32) - 1
# Trials that wait to be counted, at most.
_MOST_WAITING = 1 << 20


def counted_outcomes(plan: AnalysisPlan, arm: int) -> np.ndarray:
    """Return what each kind of patient counts as at the two visits, rows as OUTCOMES; -1 is left out."""
    fill = {"nonresponder": (0, 0), "observed": (-1, -1), "worst": (0, 1), "best": (1, 0)}[plan.missing][arm]
    return np.where(OUTCOMES < 0, fill, OUTCOMES)


def is_fixed(scenario: Scenario) -> bool:
    """Whether every analysis comes after a planned number of patients, all of whom are in it."""
    plan, rates = scenario.plan, scenario.assumptions
    assert isinstance(rates, ResponseRates)
    return plan.reestimation is None and (plan.missing != "observed" or rates.dropout.none)


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


class _Drawer:
    """Everything that trials look up whose analyses come after fixed numbers of patients."""

    def __init__(self, scenario: Scenario) -> None:
        plan, sizes = scenario.plan, scenario.sizes
        self.looks = list(zip(*(plan.arm_sizes(n) for n in sizes), strict=True))
        self.shape = (sizes[0] + 1, sizes[1] + 1)
        visits, rates = visit_of(scenario), [counted_rates(scenario, arm) for arm in (0, 1)]
        self.arms, self.codes, self.decisions = [], [], []
        before = (0, 0)
        for k, now in enumerate(self.looks):
            new = [joint_counts(b - a, *of_arm) for a, b, of_arm in zip(before, now, rates, strict=True)]
            self.arms.append([self._packed(law, visits, arm) for arm, law in enumerate(new)])
            # Every look uses tables of the last one's size, of which it reaches a corner.
            codes = np.zeros((2, *self.shape), dtype=np.int64)
            codes[:, : now[0] + 1, : now[1] + 1] = table_codes(plan, now[0], now[1], k)
            decisions = rule_of(plan, k).table
            self.codes.append((codes[0].ravel() * decisions.shape[1], codes[1].ravel()))
            self.decisions.append(decisions.ravel().astype(np.int64))
            before = now

    def _packed(self, law: np.ndarray, visits: tuple[int, int], arm: int) -> Alias:
        """Make the law of one arm drawable: the count of the primary endpoint in the low half, the other in the high one.

        Counts of the first arm are multiplied by the width of the lattice, so that adding the numbers of both arms
        gives the positions of both tables.
        """
        counts = np.indices(law.shape).reshape(2, -1)
        return Alias((counts[visits[0]] + (counts[visits[1]] << 32)) * (1 if arm else self.shape[1]), law.ravel())

    def _new(self, rng: np.random.Generator, look: int, n: int) -> np.ndarray:
        packed = self.arms[look][0].draw(rng, n)
        packed += self.arms[look][1].draw(rng, n)
        return packed

    def _decide(self, look: int, packed: np.ndarray) -> np.ndarray:
        code = self.codes[look][0].take(packed & _LOW, mode="clip")
        code += self.codes[look][1].take(packed >> 32, mode="clip")
        return np.asarray(self.decisions[look].take(code, mode="clip"))

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray | int, np.ndarray, np.ndarray, np.ndarray]:
        """Draw the look at which each trial ends (from 0), the tables of both endpoints as positions, and decisions."""
        packed = self._new(rng, 0, n)
        decision = self._decide(0, packed)
        if len(self.looks) == 1:
            return 0, packed & _LOW, packed >> 32, decision
        look, going = np.zeros(n, dtype=np.int64), np.flatnonzero(decision & ENDS == 0)
        for k in range(1, len(self.looks)):
            state = packed[going] + self._new(rng, k, len(going))
            now = self._decide(k, state)
            packed[going], decision[going], look[going] = state, now, k
            going = going[now & ENDS == 0]
        return look, packed & _LOW, packed >> 32, decision


@lru_cache(maxsize=16)
def _drawer(scenario: Scenario) -> _Drawer:
    return _Drawer(scenario)


def fixed_tally(scenario: Scenario, rng: np.random.Generator, n_trials: int) -> pd.DataFrame:
    """Draw trials whose analyses come after fixed numbers of patients, and count their outcomes."""
    tools = _drawer(scenario)
    # Of all decisions a rule makes about ten: only these are counted.
    possible = np.unique(np.concatenate(tools.decisions))
    position = np.zeros(DECISIONS, dtype=np.int64)
    position[possible] = np.arange(len(possible))
    cells, looks = tools.shape[0] * tools.shape[1], len(tools.looks)
    found = np.zeros((2, looks * cells * len(possible)), dtype=np.int64)
    # Counting has a price for every outcome that there could be, so in a large design more trials are counted at once.
    room = min(n_trials, max(_BLOCK, min(found.shape[1], _MOST_WAITING)))
    waiting = np.empty((2, room), dtype=np.int64)
    filled = 0
    for start in range(0, n_trials, _BLOCK):
        n = min(_BLOCK, n_trials - start)
        look, *tables, decision = tools.draw(rng, n)
        if filled + n > room:
            _count(found, waiting[:, :filled])
            filled = 0
        kind = position.take(decision, mode="clip")
        for k, table in enumerate(tables):
            table += cells * look
            table *= len(possible)
            np.add(table, kind, out=waiting[k, filled : filled + n])
        filled += n
    _count(found, waiting[:, :filled])
    endpoint, where = np.nonzero(found)
    look, x1, x2, kind = np.unravel_index(where, (looks, *tools.shape, len(possible)))
    return tally_rows(endpoint, look, x1, x2, possible[kind], found[endpoint, where], tools.looks)


def _count(found: np.ndarray, waiting: np.ndarray) -> None:
    for row, places in zip(found, waiting, strict=True):
        row += np.bincount(places, minlength=len(row))


def tally_rows(
    endpoint: np.ndarray,
    look: np.ndarray,
    x1: np.ndarray,
    x2: np.ndarray,
    decision: np.ndarray,
    weight: np.ndarray,
    looks: list[tuple[int, int]],
) -> pd.DataFrame:
    """Make a tally of outcomes whose analyses come after fixed numbers of patients; ``look`` counts from 0."""
    n1, n2 = np.array(looks, dtype=np.int64)[look].T
    columns = {"endpoint": endpoint, "look": look + 1, "randomised1": n1, "randomised2": n2}
    columns |= {"n1": n1, "x1": x1, "n2": n2, "x2": x2, "decision": decision}
    return pd.DataFrame(columns)[KEYS].assign(weight=weight)


def fixed_trials(scenario: Scenario, rng: np.random.Generator, n_trials: int) -> pd.DataFrame:
    """Draw the same trials as :func:`fixed_tally` and keep each of them."""
    tools = _drawer(scenario)
    parts = [tools.draw(rng, min(_BLOCK, n_trials - start)) for start in range(0, n_trials, _BLOCK)]
    look = np.concatenate([np.broadcast_to(part[0], part[3].shape) for part in parts])
    primary, secondary, decision = (np.concatenate([part[k] for part in parts]) for k in (1, 2, 3))
    n1, n2 = np.array(tools.looks, dtype=np.int64)[look].T
    columns = {"look": look + 1, "randomised1": n1, "randomised2": n2, "decision": decision}
    for role, table in (("primary", primary), ("secondary", secondary)):
        x1, x2 = np.divmod(table, tools.shape[1])
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
