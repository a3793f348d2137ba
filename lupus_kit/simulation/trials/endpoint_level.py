"""Trials at the level of their endpoints: responders of both visits, drawn from their joint distribution."""

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.inference import joint_counts
from lupus_kit.inference.binomial import binomial_pmf
from lupus_kit.inference.strata.conditional import EXACT, exact_pvalues
from lupus_kit.inference.strata.estimators import ROOTS, score
from lupus_kit.inference.strata.patients import Strata
from lupus_kit.inference.two_by_two.pearson import normal_pvalue
from lupus_kit.simulation.plan.analysis_plan import MARGIN_WEIGHTS
from lupus_kit.simulation.plan.between_arms import arm_decisions
from lupus_kit.simulation.plan.endpoint import ROLES
from lupus_kit.simulation.plan.response_rates import OUTCOMES, StratifiedRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.adaptive import largest_sizes
from lupus_kit.simulation.trials.alias import Alias, AliasOfSizes
from lupus_kit.simulation.trials.decisions import ENDS, EVENTS, arm_classes, looked_up, rule_of, table_codes
from lupus_kit.simulation.trials.tally import KEYS, table_columns, trial_columns

#: What a patient without outcome counts as in an active arm and in the control, by the rule for missing data; -1 is left out.
COUNTS_AS = {"nonresponder": (0, 0), "observed": (-1, -1), "worst": (0, 1), "best": (1, 0)}

# Trials handled together: small enough for the arrays to stay in the processor's cache.
_BLOCK = 1 << 15
_LOW = (1 << 32) - 1
# Trials that wait to be counted, at most.
_MOST_WAITING = 1 << 20
# Bits of each of four counts that are packed into one number.
_FIELD = 16
# Patients are drawn in groups whose counts have about so many possible values.
_MOST_STATES = 1 << 11


def counted_outcomes(scenario: Scenario, arm: int) -> np.ndarray:
    """Return what each kind of patient counts as at the two visits, rows as OUTCOMES; -1 is left out."""
    is_control = arm == len(scenario.sizes) - 1
    return np.where(OUTCOMES < 0, COUNTS_AS[scenario.plan.missing][is_control], OUTCOMES)


def is_fixed(scenario: Scenario) -> bool:
    """Whether every analysis comes after a planned number of patients, all of whom are in it and of one stratum."""
    plan = scenario.plan
    if isinstance(scenario.assumptions, StratifiedRates):
        return False
    return plan.reestimation is None and (plan.missing != "observed" or scenario.rates.dropout.none)


def counted_rates(scenario: Scenario, arm: int) -> tuple[float, float, float]:
    """Rates of counted responders at both visits and their correlation, once missing outcomes have been counted."""
    law, counted = scenario.rates.patient_law(arm), counted_outcomes(scenario, arm)
    first, second = (float(np.clip(law @ (counted[:, k] == 1), 0.0, 1.0)) for k in (0, 1))
    both = float(law @ ((counted == 1).all(axis=1)))
    spread = float(np.sqrt(first * (1 - first) * second * (1 - second)))
    return first, second, (both - first * second) / spread if spread else 0.0


def arm_law(scenario: Scenario, arm: int, sizes: Sequence[int]) -> np.ndarray:
    """Joint law of counted responders of one arm.

    Parameters
    ----------
    scenario : Scenario
        With response rates.
    arm : int
        0 or 1.
    sizes : sequence of int
        Patients in whom the primary and the secondary endpoint are measured; the fewer are among the more.

    Returns
    -------
    numpy.ndarray
        Probabilities; rows are responders at the primary week, columns at follow-up.
    """
    first, second, correlation = counted_rates(scenario, arm)
    visits = visit_of(scenario)
    at = [sizes[visits[0]], sizes[visits[1]]]
    law = joint_counts(min(at), first, second, correlation, arm=("first", "second")[arm])
    for axis, rate in enumerate((first, second)):
        if extra := at[axis] - min(at):
            alone = binomial_pmf(np.arange(extra + 1), extra, rate)
            law = np.apply_along_axis(np.convolve, axis, law, alone)
    return law


def visit_of(scenario: Scenario) -> tuple[int, int]:
    """Which rates (0 of the primary week, 1 of the follow-up week) each endpoint has; in order where they share a week."""
    primary, secondary = scenario.plan.endpoints
    swapped = primary.week != secondary.week and primary.week == scenario.design.follow_up_week
    return (1, 0) if swapped else (0, 1)


class _Drawer:
    """Everything that trials look up whose analyses come after fixed numbers of patients."""

    def __init__(self, scenario: Scenario) -> None:
        self.patients = scenario.patients_at_looks()
        # Of each endpoint; every look uses tables of the last one's size, of which it reaches a corner.
        self.shapes = [(n1 + 1, n2 + 1) for n1, n2 in self.patients[-1, 1:].tolist()]
        visits = visit_of(scenario)
        self.arms, self.codes, self.decisions = [], [], []
        for k, new in enumerate(np.diff(self.patients[:, 1:], axis=0, prepend=0)):
            laws = [arm_law(scenario, arm, new[:, arm].tolist()) for arm in (0, 1)]
            self.arms.append([self._packed(law, visits, arm) for arm, law in enumerate(laws)])
            codes = [np.zeros(shape, dtype=np.int64) for shape in self.shapes]
            for whole, reached in zip(codes, table_codes(scenario.plan, self.patients[k, 1:], k), strict=True):
                whole[: reached.shape[0], : reached.shape[1]] = reached
            decisions = rule_of(scenario.plan, k).table
            self.codes.append((codes[0].ravel() * decisions.shape[1], codes[1].ravel()))
            self.decisions.append(decisions.ravel().astype(np.int64))

    def _packed(self, law: np.ndarray, visits: tuple[int, int], arm: int) -> Alias:
        """Make the law of one arm drawable: the count of the primary endpoint in the low half, the other in the high one.

        Counts of the first arm are multiplied by the width of the endpoint's lattice, so that adding the numbers of both
        arms gives the positions of both tables.
        """
        counts, (one, other) = np.indices(law.shape).reshape(2, -1), (1 if arm else shape[1] for shape in self.shapes)
        return Alias(counts[visits[0]] * one + (counts[visits[1]] * other << 32), law.ravel())

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
        if len(self.patients) == 1:
            return 0, packed & _LOW, packed >> 32, decision
        look, going = np.zeros(n, dtype=np.int64), np.flatnonzero(decision & ENDS == 0)
        for k in range(1, len(self.patients)):
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
    position = np.zeros(len(EVENTS), dtype=np.int64)
    position[possible] = np.arange(len(possible))
    cells, looks = [m * n for m, n in tools.shapes], len(tools.patients)
    found = [np.zeros(looks * size * len(possible), dtype=np.int64) for size in cells]
    # Counting has a price for every outcome that there could be, so in a large design more trials are counted at once.
    room = min(n_trials, max(_BLOCK, min(max(map(len, found)), _MOST_WAITING)))
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
            table += cells[k] * look
            table *= len(possible)
            np.add(table, kind, out=waiting[k, filled : filled + n])
        filled += n
    _count(found, waiting[:, :filled])
    parts = []
    for endpoint, (counts, shape) in enumerate(zip(found, tools.shapes, strict=True)):
        where = np.flatnonzero(counts)
        look, x1, x2, kind = np.unravel_index(where, (looks, *shape, len(possible)))
        parts.append(tally_rows(endpoint, (look, x1, x2, possible[kind]), counts[where], tools.patients))
    return pd.concat(parts, ignore_index=True)


def _count(found: list[np.ndarray], waiting: np.ndarray) -> None:
    for row, places in zip(found, waiting, strict=True):
        row += np.bincount(places, minlength=len(row))


def tally_rows(endpoint: int, outcome: Sequence[np.ndarray], weight: np.ndarray, patients: np.ndarray) -> pd.DataFrame:
    """Make a tally of outcomes of one endpoint, or comparison, whose analyses come after planned numbers of patients.

    An outcome is the look (from 0), responders of both arms that are compared, and the decision; ``patients`` as
    :meth:`~lupus_kit.simulation.Scenario.patients_at_looks` has them.
    """
    (look, x1, x2, decision), (role, arm) = outcome, divmod(endpoint, patients.shape[2] - 1)
    randomised, (n1, n2) = patients[look, 0][:, [arm, -1]].T, patients[look, 1 + role][:, [arm, -1]].T
    columns = {"endpoint": endpoint, "look": look + 1, "randomised1": randomised[0], "randomised2": randomised[1]}
    columns |= {"n1": n1, "x1": x1, "n2": n2, "x2": x2, "decision": decision}
    return pd.DataFrame(columns)[KEYS].assign(weight=weight)


def fixed_trials(scenario: Scenario, rng: np.random.Generator, n_trials: int) -> pd.DataFrame:
    """Draw the same trials as :func:`fixed_tally` and keep each of them."""
    tools = _drawer(scenario)
    parts = [tools.draw(rng, min(_BLOCK, n_trials - start)) for start in range(0, n_trials, _BLOCK)]
    look = np.concatenate([np.broadcast_to(part[0], part[3].shape) for part in parts])
    *tables, decision = (np.concatenate([part[k] for part in parts]) for k in (1, 2, 3))
    columns = {"look": look + 1, "decision": decision}
    columns |= {f"randomised{arm + 1}": tools.patients[look, 0, arm] for arm in (0, 1)}
    for k, role in enumerate(ROLES):
        (n1, n2), (x1, x2) = tools.patients[look, 1 + k].T, np.divmod(tables[k], tools.shapes[k][1])
        columns |= {f"n1_{role}": n1, f"x1_{role}": x1, f"n2_{role}": n2, f"x2_{role}": x2}
    return pd.DataFrame(columns)[trial_columns()]


def several_arms_trials(scenario: Scenario, rng: np.random.Generator, n_trials: int) -> pd.DataFrame:
    """Draw trials of several active arms: the counts of each arm, and which are claimed against the control."""
    plan, sizes, last = scenario.plan, scenario.sizes, len(scenario.sizes)
    assert plan.arm_multiplicity is not None
    columns = {"look": np.ones(n_trials, dtype=np.int64)}
    columns |= {f"randomised{arm + 1}": np.full(n_trials, size) for arm, size in enumerate(sizes)}
    for arm, size in enumerate(sizes):
        kinds, counted = (
            rng.multinomial(size, scenario.rates.patient_law(arm), n_trials),
            counted_outcomes(scenario, arm),
        )
        for role, visit in zip(ROLES, visit_of(scenario), strict=True):
            columns[f"n{arm + 1}_{role}"] = kinds @ (counted[:, visit] >= 0)
            columns[f"x{arm + 1}_{role}"] = kinds @ (counted[:, visit] == 1)
    tables = [[columns[name] for name in table_columns(arm, last)] for arm in range(last - 1)]
    classes = tuple(looked_up(partial(arm_classes, plan, sizes), *table) for table in tables)
    return pd.DataFrame(columns | {"decision": arm_decisions(plan.arm_multiplicity, last - 1)[classes]})


class EndpointSource:
    """Patients that come in one after another, known only by how many are analysed and respond at each endpoint."""

    def __init__(self, scenario: Scenario, rng: np.random.Generator, n_trials: int) -> None:
        if (most := max(largest_sizes(scenario.plan, scenario.sizes))) >> _FIELD:
            raise InputError(f"up to {most:,} patients of an arm: at most 65,535, where trials have their own numbers.")
        self.scenario, self.rng, self.n_trials = scenario, rng, n_trials
        self.used = [np.zeros(n_trials, dtype=np.int64) for _ in scenario.sizes]
        self.packed = np.zeros((n_trials, len(scenario.sizes)), dtype="<u8")

    def take(self, sizes: Sequence[np.ndarray]) -> np.ndarray:
        """Bring in more patients: counts so far of shape (trials, arm, endpoint, (analysed, responders))."""
        for arm, (randomised, more) in enumerate(zip(self.scenario.sizes, sizes, strict=True)):
            before, after = self.used[arm], self.used[arm] + more
            self.used[arm] = after
            at = [end.analysed(arm, randomised, after) - end.analysed(arm, randomised, before)
                  for end in self.scenario.plan.endpoints]  # fmt: skip
            both = np.minimum(*at)
            for of, n in (((True, True), both), ((True, False), at[0] - both), ((False, True), at[1] - both)):
                if n.any():
                    self.packed[:, arm] += _groups(self.scenario, arm, of).draw(self.rng, n).view(np.uint64)
        counts = self.packed.view("<u2").reshape(self.n_trials, -1, 2, 2)
        # Those of one kind lie side by side in memory.
        return np.ascontiguousarray(counts.transpose(1, 2, 3, 0), dtype=np.int64).transpose(3, 0, 1, 2)


class StrataSource:
    """Patients who come in one after another, each of a stratum by chance, known only by the counts of every stratum."""

    def __init__(self, scenario: Scenario, rng: np.random.Generator, n_trials: int) -> None:
        self.plan, self.rng, self.n_trials = scenario.plan, rng, n_trials
        self.shares, parts = scenario.strata()
        self.parts = [EndpointSource(part, rng, n_trials) for part in parts]
        # Of each stratum, the places for either arm that are left in its block.
        self.left = np.zeros((len(parts), 2, n_trials), dtype=np.int64)
        self.block = np.array(scenario.sizes) * (self.plan.block_size or 0) // sum(scenario.sizes)
        self.used = [np.zeros(n_trials, dtype=np.int64) for _ in scenario.sizes]

    def take(self, sizes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Bring in more patients: counts so far of all strata together, as :class:`EndpointSource` has them.

        In blocks within strata, only how many come in both arms together is given: a stratum that ends amid a block may have
        more patients in one arm. Without regard to strata each arm has its patients, of strata as they come.
        """
        if self.plan.block_size is None:
            arms = [self.rng.multinomial(n, self.shares).T for n in sizes]
        else:
            new = self.rng.multinomial(sizes[0] + sizes[1], self.shares).T
            first = np.array([self._to_first(k, n) for k, n in enumerate(new)])
            arms = [first, new - first]
        self.seen = [part.take((arms[0][k], arms[1][k])) for k, part in enumerate(self.parts)]
        self.used = [np.sum([part.used[arm] for part in self.parts], axis=0) for arm in (0, 1)]
        return np.asarray(sum(self.seen))

    def _to_first(self, stratum: int, new: np.ndarray) -> np.ndarray:
        """Allocate patients of a stratum in permuted blocks, an open one first; how many the first arm gets."""
        left, block = self.left[stratum], self.block
        begun = np.minimum(new, left.sum(axis=0))
        whole, rest = np.divmod(new - begun, block.sum())
        first, last = (
            self.rng.hypergeometric(left[0], left[1], begun),
            self.rng.hypergeometric(block[0], block[1], rest),
        )
        opened = np.where(rest > 0, block[:, None] - [last, rest - last], 0)
        self.left[stratum] = left - [first, begun - first] + opened
        return np.asarray(first + whole * block[0] + last)

    def compare(self, endpoint: int, test: str, alternative: str) -> np.ndarray:
        """p-values of a test over the strata so far."""
        tables = np.array(self.seen, dtype=float)[:, :, :, endpoint]  # stratum, trial, arm, (n, x)
        (n1, x1), (n2, x2) = tables.transpose(2, 3, 0, 1)
        strata, margin = Strata(x1, n1, x2, n2), self.plan.margin
        if test in EXACT:
            return exact_pvalues(test, strata, alternative)
        z = score(strata, -margin, MARGIN_WEIGHTS[test]) if margin else ROOTS[test][1](strata)
        return normal_pvalue(z, alternative)


@lru_cache(maxsize=64)
def _groups(scenario: Scenario, arm: int, of: tuple[bool, bool]) -> AliasOfSizes:
    """Law of the packed counts of 1, 2, ... patients of an arm in whom these endpoints are measured.

    Packed are analysed and responders at the primary, then at the secondary endpoint.
    """
    counted = counted_outcomes(scenario, arm)[:, list(visit_of(scenario))]
    fields = np.stack([counted >= 0, counted == 1], axis=2) & np.array(of)[:, None]
    kinds, law = fields.reshape(-1, 4) @ (1 << _FIELD * np.arange(4, dtype=np.int64)), scenario.rates.patient_law(arm)
    values: np.ndarray = np.zeros(1, dtype=np.int64)
    mass: np.ndarray = np.ones(1)
    groups: list[Alias] = []
    while len(values) <= _MOST_STATES and len(groups) < max(scenario.sizes):
        values, where = np.unique(np.add.outer(values, kinds), return_inverse=True)
        mass = np.bincount(where.ravel(), np.multiply.outer(mass, law).ravel())
        groups.append(Alias(values, mass))
    return AliasOfSizes(groups)
