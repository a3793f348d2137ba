"""The joint outcome of both visits, enumerated: operating characteristics without Monte Carlo error.

Each arm's counts of responders at the two visits have a joint law A of (n + 1)² cells. The outcome of a trial is one
cell of each arm: 31² × 31² for two arms of 30. They need not be visited one by one. With S the 0/1 table of one class
of secondary p-values, the matrix product A₁ S A₂ᵀ is, for every table of the primary endpoint, the probability of that
table together with the class.
"""

import numpy as np

from lupus_kit import cohort
from lupus_kit.core.errors import InputError
from lupus_kit.design import TrialDesign
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.response_rates import ResponseRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.results import Simulation
from lupus_kit.simulation.trials.decisions import lattice, rule_of
from lupus_kit.simulation.trials.endpoint_level import arm_law, is_fixed, tally_rows, visit_of


def can_enumerate(scenario: Scenario) -> bool:
    """Whether :func:`exact` applies: rates, one analysis, and every planned patient in it."""
    return scenario.depth == "endpoint" and scenario.plan.looks is None and is_fixed(scenario)


def exact(
    design: TrialDesign, assumptions: ResponseRates | cohort.Assumptions, plan: AnalysisPlan | None = None
) -> Simulation:
    """Compute operating characteristics by enumeration of every outcome.

    Parameters
    ----------
    design : TrialDesign
        Two arms and their sizes, and the visits.
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
        Where outcomes cannot be enumerated: simulate with :func:`run`.

    Notes
    -----
    Prefer this to :func:`run` wherever it applies: it takes milliseconds and has no error but rounding. It does not
    apply to a patient model, to trials that may stop early or grow, and to the rule ``"observed"`` with dropout.

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> rates = ResponseRates((16 / 29, 9 / 30), (19 / 29, 11 / 30), correlation=0.4)
    >>> found = exact(he2020(), rates).summary().set_index("quantity")["estimate"]
    >>> round(float(found["secondary significant, primary not"]), 4)
    0.2431
    """
    scenario = Scenario(assumptions, design, AnalysisPlan() if plan is None else plan)
    if not can_enumerate(scenario):
        raise InputError(
            "outcomes are enumerated for response rates, without interim looks, re-estimation, or patients who are left "
            "out (missing = 'observed' with dropout); use simulation.run for this trial."
        )
    found = joint_probabilities(scenario)
    endpoint, x1, x2, decision = np.nonzero(found)
    tally = tally_rows(
        endpoint, np.zeros_like(x1), x1, x2, decision, found[endpoint, x1, x2, decision], [scenario.sizes]
    )
    return Simulation(scenario, tally, None)


def joint_probabilities(scenario: Scenario) -> np.ndarray:
    """Probability of each table of each endpoint together with each decision.

    Returns
    -------
    numpy.ndarray, shape (2, n1 + 1, n2 + 1, 16)
        Endpoint, responders of the first and the second arm, decision.
    """
    n1, n2 = scenario.sizes
    laws = [arm_law(scenario, arm) for arm in (0, 1)]
    if visit_of(scenario) == (1, 0):
        laws = [law.T for law in laws]  # the primary endpoint comes first
    rule = rule_of(scenario.plan)
    p = lattice(scenario.plan.test, n1, n2)
    codes = [rule.code(p, k) for k in (0, 1)]
    found = np.zeros((2, n1 + 1, n2 + 1, 16))
    for k, (first, second) in enumerate(((laws[0], laws[1]), (laws[0].T, laws[1].T))):
        table, other = codes[k], codes[1 - k]
        decisions = rule.table if k == 0 else rule.table.T
        for code in np.unique(other):
            probability = first @ (other == code).astype(float) @ second.T
            np.put_along_axis(
                found[k],
                decisions[table, code][..., None].astype(np.int64),
                np.take_along_axis(found[k], decisions[table, code][..., None].astype(np.int64), 2)
                + probability[..., None],
                axis=2,
            )
    return found
