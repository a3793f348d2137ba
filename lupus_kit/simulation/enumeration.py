"""The joint outcome of both visits, enumerated: operating characteristics without Monte Carlo error.

Each arm's counts of responders at the two visits have a joint law A of (n + 1)² cells. The outcome of a trial is one
cell of each arm: 31² × 31² for two arms of 30. They need not be visited one by one. With S the 0/1 table of one class
of secondary p-values, the matrix product A₁ S A₂ᵀ is, for every table of the primary endpoint, the probability of that
table together with the class.

Several active arms hang together by the control alone: given its responders, the classes of their p-values are independent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.design import TrialDesign
from lupus_kit.inference.binomial import binomial_pmf
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.between_arms import arm_decisions
from lupus_kit.simulation.plan.scenario import Assumed, Scenario
from lupus_kit.simulation.results import Simulation
from lupus_kit.simulation.trials.decisions import EVENTS, arm_classes, rule_of, table_codes
from lupus_kit.simulation.trials.endpoint_level import arm_law, counted_rates, is_fixed, tally_rows, visit_of


def can_enumerate(scenario: Scenario) -> bool:
    """Whether :func:`exact` applies: rates, one analysis, and every planned patient in it."""
    return scenario.depth == "endpoint" and scenario.plan.looks is None and is_fixed(scenario)


def exact(design: TrialDesign, assumptions: Assumed, plan: AnalysisPlan | None = None) -> Simulation:
    """Compute operating characteristics by enumeration of every outcome.

    Parameters
    ----------
    design : TrialDesign
        Arms and their sizes, the control last, and the visits.
    assumptions : ResponseRates
        What is true. Dropout is allowed where the plan counts those who left (as responders or not).
    plan : AnalysisPlan, optional
        What is tested and how, without interim looks and re-estimation.

    Returns
    -------
    Simulation
        As from :func:`run`, with ``n_trials`` ``None`` and Monte Carlo errors of 0.

    Raises
    ------
    InputError
        Where outcomes cannot be enumerated (also strata, whose sizes differ from trial to trial): simulate with :func:`run`.

    See Also
    --------
    run, grid, protocol

    Notes
    -----
    Prefer this to :func:`run` wherever it applies: it takes milliseconds and has no error but rounding. It does not
    apply to a patient model, to trials that may stop early or grow, and to the rule ``"observed"`` with dropout.

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> from lupus_kit.simulation import ResponseRates
    >>> rates = ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), correlation=0.4)
    >>> found = exact(he2020(), rates).summary().set_index("quantity")["estimate"]
    >>> round(float(found["secondary significant, primary not"]), 4)
    0.2431
    """
    scenario = Scenario(assumptions, design, AnalysisPlan() if plan is None else plan)
    if not can_enumerate(scenario):
        raise InputError("not every outcome can be enumerated for this plan and what is assumed: use simulation.run.")
    patients, parts = scenario.patients_at_looks(), []
    for k, found in enumerate((joint_probabilities if len(scenario.sizes) == 2 else _several_arms)(scenario)):
        x1, x2, decision = np.nonzero(found)
        parts.append(tally_rows(k, (np.zeros_like(x1), x1, x2, decision), found[x1, x2, decision], patients))
    return Simulation(scenario, pd.concat(parts, ignore_index=True), None)


def joint_probabilities(scenario: Scenario) -> list[np.ndarray]:
    """Probability of each table of each endpoint together with each decision.

    Returns
    -------
    list of numpy.ndarray, shape (n1 + 1, n2 + 1, decisions)
        For each endpoint: responders of the first and the second arm, decision.
    """
    laws, codes, decisions = _laws(scenario), _codes(scenario), rule_of(scenario.plan).table
    parts = []
    for k, (first, second) in enumerate(((laws[0], laws[1]), (laws[0].T, laws[1].T))):
        own, other = (decisions, codes[1]) if k == 0 else (decisions.T, codes[0])
        found, (x1, x2) = np.zeros((*codes[k].shape, len(EVENTS))), np.indices(codes[k].shape)
        for code in np.unique(other):
            found[x1, x2, own[codes[k], code]] += first @ (other == code).astype(float) @ second.T
        parts.append(found)
    return parts


def pairs_of_codes(scenario: Scenario) -> np.ndarray:
    """Probability of each pair of codes of the two endpoints' tables, shaped as the table of the rule."""
    laws, codes = _laws(scenario), _codes(scenario)
    rows, columns = rule_of(scenario.plan).table.shape
    left = [laws[0].T @ (codes[0] == code) for code in range(rows)]
    right = [(codes[1] == code) @ laws[1].T for code in range(columns)]
    return np.array([[float((a * b).sum()) for b in right] for a in left])


def _codes(scenario: Scenario) -> list[np.ndarray]:
    """Codes of every table of both endpoints."""
    return table_codes(scenario.plan, scenario.patients_at_looks()[0, 1:])


def _laws(scenario: Scenario) -> list[np.ndarray]:
    """Joint law of both arms' counts, the primary endpoint first."""
    sizes = scenario.patients_at_looks()[0, 1:]
    laws = [arm_law(scenario, arm, sizes[:, arm].tolist()) for arm in (0, 1)]
    return [law.T for law in laws] if visit_of(scenario) == (1, 0) else laws


class ArmOutcomes(NamedTuple):
    """What the p-values of several active arms can be: a column a combination of their classes.

    Attributes
    ----------
    classes : numpy.ndarray of int, shape (active arms, combinations)
        Class of each arm's p-value.
    decisions : numpy.ndarray of int
        Which arms are claimed.
    weight : numpy.ndarray, shape (combinations, control's responders)
        Probability.
    tables, laws : list of numpy.ndarray
        Of each active arm: the class of every table, and the probability of each class (row) for the control's responders.
    """

    classes: np.ndarray
    decisions: np.ndarray
    weight: np.ndarray
    tables: list[np.ndarray]
    laws: list[np.ndarray]


def arm_outcomes(scenario: Scenario, sure: Sequence[int] = ()) -> ArmOutcomes:
    """Enumerate the classes of the p-values of several active arms; those of the ``sure`` arms reach every level."""
    plan, (*sizes, last) = scenario.plan, scenario.sizes
    assert plan.arm_multiplicity is not None
    rule, (*active, control) = arm_decisions(plan.arm_multiplicity, len(sizes)), _responders(scenario, 0)
    tables = [arm_classes(plan, scenario.sizes, n, last) for n in sizes]
    pairs = zip(active, tables, strict=True)
    laws = [np.array([law @ (table == at) for at in range(len(rule))]) for law, table in pairs]
    classes = np.indices(rule.shape).reshape(rule.ndim, -1)
    classes, weight = classes[:, (classes[list(sure)] == 0).all(axis=0)], control
    for arm, law in enumerate(laws):
        weight = weight * (1.0 if arm in sure else law[classes[arm]])
    return ArmOutcomes(classes, rule[tuple(classes)], weight, tables, laws)


def _responders(scenario: Scenario, endpoint: int) -> list[np.ndarray]:
    """Law of the counted responders of each arm."""
    visit = visit_of(scenario)[endpoint]
    rates = [counted_rates(scenario, arm)[visit] for arm in range(len(scenario.sizes))]
    return [binomial_pmf(np.arange(n + 1), n, rate) for n, rate in zip(scenario.sizes, rates, strict=True)]


def _several_arms(scenario: Scenario) -> list[np.ndarray]:
    """Probability of each table of each comparison, at the primary endpoint together with each decision."""
    found, parts = arm_outcomes(scenario), []
    (*first, _), (*second, control) = (_responders(scenario, endpoint) for endpoint in (0, 1))
    for at, table, law, classes in zip(first, found.tables, found.laws, found.classes, strict=True):
        joint = np.zeros((len(law), found.decisions.max() + 1, len(control)))
        np.add.at(joint, (classes, found.decisions), found.weight)
        # Of the class of a table, the share that has its number of responders of the active arm.
        share = np.divide(joint, law[:, None], out=np.zeros_like(joint), where=law[:, None] > 0)
        parts.append(at[:, None, None] * share[table, :, np.arange(len(control))])
    return parts + [np.outer(at, control)[:, :, None] for at in second]
