"""The familywise error of a plan: its largest value over common response rates and over the partial null hypotheses."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from lupus_kit.core.errors import InputError
from lupus_kit.core.seeds import as_generator
from lupus_kit.core.text import listing
from lupus_kit.design import TrialDesign
from lupus_kit.inference.margins import shifted
from lupus_kit.inference.two_by_two.bernstein import suprema
from lupus_kit.inference.two_visits.familywise import correlation_bounds
from lupus_kit.simulation.engine import run
from lupus_kit.simulation.enumeration import arm_outcomes, can_enumerate, pairs_of_codes
from lupus_kit.simulation.monte_carlo import NOT_ESTIMABLE, Estimate, known
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.endpoint import ROLES
from lupus_kit.simulation.plan.response_rates import ResponseRates
from lupus_kit.simulation.plan.scenario import Assumed, Scenario
from lupus_kit.simulation.trials.decisions import events_of, rule_of, table_codes
from lupus_kit.simulation.trials.endpoint_level import visit_of


def familywise(
    design: TrialDesign,
    assumptions: Assumed,
    plan: AnalysisPlan | None = None,
    n_trials: int = 200_000,
    seed: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Find the largest chance of a false claim, and where it lies.

    A claim or harm found is false at an endpoint at which the arms respond alike (who is lost is as assumed). Three
    hypotheses are looked at: no effect at both endpoints, and at one of them alone. The arms' common rate runs from 0 to 1,
    at both visits the same where both are null. With several active arms some of them, or all, respond like the control at the
    primary endpoint.

    Parameters
    ----------
    design, assumptions, plan
        As for :func:`run`; of the assumptions the correlation (as far as the rates allow it), who is lost and the effect at
        the other endpoint.
    n_trials : int
        Where outcomes cannot be enumerated: trials at the rate found largest; a tenth of it at each rate on the way.
    seed : int or numpy.random.Generator
        For the same.

    Returns
    -------
    pandas.DataFrame
        One row a hypothesis, the largest error first: ``null``, ``rate`` (the common rate; that of the second arm, where
        the plan has a margin), ``estimate``, ``mc_error``, ``low``, ``high``, ``method`` (``"exact"`` or
        ``"simulated"``). Exact errors where one endpoint has an effect and nobody is lost, or others of several active arms
        have one, are for an effect so large that it is surely claimed.

    Raises
    ------
    InputError
        A patient model, or strata, which have no common rate to vary: their false claims are those of a trial without a drug
        effect.

    See Also
    --------
    planned_looks, plan_size, assurance

    Examples
    --------
    >>> from lupus_kit import design, inference
    >>> rates = ResponseRates((0.55, 0.30), (0.65, 0.37))
    >>> top = familywise(design.he2020(), rates).iloc[0]
    >>> top["null"], round(float(top["estimate"]), 4), round(inference.size("pearson", 30, 30).size, 4)
    ('both null', 0.0554, 0.0554)
    """
    scenario = Scenario(assumptions, design, AnalysisPlan() if plan is None else plan)
    if not isinstance(scenario.assumptions, ResponseRates):
        raise InputError("no response rates to vary: simulate strata under_null(), patients with drug_effect = 0.")
    rng, rows = as_generator(seed), []
    for null, which in _nulls(scenario).items():
        found = _certain(scenario, which) or _searched(scenario, which, n_trials, rng)
        rows.append((null, found[0], *found[1], "exact" if can_enumerate(scenario) else "simulated"))
    table = pd.DataFrame(rows, columns=["null", "rate", *Estimate._fields, "method"])
    # Errors that differ by rounding alone stay in the order of the hypotheses.
    return table.sort_values("estimate", key=lambda e: -e.round(12), kind="stable", ignore_index=True)


def _nulls(scenario: Scenario) -> dict[str, tuple[bool, ...]]:
    """Which of the tested comparisons have no effect, in words: of both endpoints, or of several active arms."""
    names, found = _several(scenario) or ROLES, {}
    for which in product((True, False), repeat=len(names)):
        null = [name for name, nothing in zip(names, which, strict=True) if nothing]
        if null:
            found["both null" if null == [*ROLES] else f"{listing(null)} null"] = which
    return found


def _several(scenario: Scenario) -> list[str]:
    """Return the names of several active arms, or none of one."""
    *active, _ = scenario.design.arms
    return [arm.name for arm in active if active[1:]]


def _false(scenario: Scenario, which: tuple[bool, ...]) -> np.ndarray:
    """Tell which decisions say something false where these comparisons are null."""
    events, compared = events_of(scenario.comparisons), zip(scenario.comparisons, which, strict=False)
    said = [f"{one.name} {what}" for one, nothing in compared for what in ("claimed", "harm found") if nothing]
    return np.asarray(events[events.columns.intersection(said)].any(axis=1))


def _certain(scenario: Scenario, which: tuple[bool, ...]) -> tuple[float, Estimate] | None:
    """Rate and largest error where the table of one endpoint decides: the size of its test, as a polynomial has it."""
    if not can_enumerate(scenario) or not scenario.rates.dropout.none or _several(scenario):
        return None
    codes = table_codes(scenario.plan, scenario.patients_at_looks()[0, 1:])
    wrong = _false(scenario, which)[rule_of(scenario.plan).table]
    if which == (False, True):
        codes, wrong = codes[::-1], wrong.T
    # What matters at the other endpoint is that it is claimed (code 1), or harm found there: the sure effects.
    others = [1, wrong.shape[1] // 2 + 1]
    if all(which):
        if not (wrong == wrong[:, :1]).all():
            return None
        others = [0]
    regions, shift = [wrong[codes[0], other] for other in others], -scenario.plan.margin
    top = suprema(np.array([shifted.null_coefficients(r, shift) for r in regions]))
    best = int(np.argmax(top.value))
    return float(shifted.second_rate(top.at[best], shift)), known(float(top.value[best]))


def _searched(
    scenario: Scenario, which: tuple[bool, ...], n_trials: int, rng: np.random.Generator
) -> tuple[float, Estimate]:
    """Rate where the error is largest on a grid, and the error there: from fresh trials, or refined where enumerated."""
    exact, wrong = can_enumerate(scenario), _false(scenario, which)

    def error(rate: float, trials: int = 0) -> Estimate:
        try:
            case = _at(scenario, which, rate)
        except InputError:  # more would have to leave than there are
            return NOT_ESTIMABLE
        if exact and _several(case):  # the other arms are surely claimed
            outcomes = arm_outcomes(case, [arm for arm, nothing in enumerate(which) if not nothing])
            return known(float(outcomes.weight[wrong[outcomes.decisions]].sum()))
        if exact:
            return known(float((pairs_of_codes(case) * wrong[rule_of(case.plan).table]).sum()))
        found = run(case.design, case.assumptions, trials, rng, plan=case.plan, keep_trials=False)
        return found.probability(wrong)

    grid = np.linspace(0.025, 0.975, 39) if exact else np.linspace(0.1, 0.9, 9)
    grid = grid[grid >= scenario.plan.margin]
    values = [error(rate, max(2, n_trials // 10)).estimate for rate in grid.tolist()]
    rate = float(grid[np.nanargmax(values)]) if np.isfinite(values).any() else float("nan")
    if exact and rate == rate:
        bounds = (max(rate - 0.025, scenario.plan.margin), rate + 0.025)
        rate = float(minimize_scalar(lambda at: -error(at).estimate, bounds=bounds, method="bounded").x)
    return rate, error(rate, n_trials) if rate == rate else NOT_ESTIMABLE


def _at(scenario: Scenario, which: tuple[bool, ...], rate: float) -> Scenario:
    """Return the scenario with a common rate, less the margin in an active arm, where comparisons are null."""
    rates = scenario.rates
    given, visits = [list(rates.primary), list(rates.follow_up)], visit_of(scenario)
    for comparison, nothing in enumerate(which):
        if nothing:
            endpoint, arm = divmod(comparison, len(rates.primary) - 1)
            at = given[visits[endpoint]]
            at[arm], at[-1] = max(rate - scenario.plan.margin, 0.0), rate
    first, second = map(tuple, given)
    bounds = [correlation_bounds(a, b) for a, b in zip(first, second, strict=True)]
    correlation = float(np.clip(rates.correlation, max(low for low, _ in bounds), min(high for _, high in bounds)))
    plan, new = scenario.plan, replace(rates, primary=first, follow_up=second, correlation=correlation)
    if plan.looks is not None:  # bounds for futility are not binding: the error is that of a trial that goes on
        plan = replace(plan, looks=replace(plan.looks, futility=None))
    return replace(scenario, plan=plan, assumptions=new)
