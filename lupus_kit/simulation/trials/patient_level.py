"""Trials of invented patients: every item drawn, scored by the SRI, then counted.

Patients of one arm are drawn independently from the same law, so one large cohort cut into trials is the same as many
small ones, and is far quicker to draw and to score.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from lupus_kit import cohort
from lupus_kit.design import he2020
from lupus_kit.endpoints import sri
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.adaptive import largest_size, run_to_end


def trials(scenario: Scenario, rng: np.random.Generator, n_trials: int) -> pd.DataFrame:
    """Simulate trials patient by patient; one row a trial."""
    sizes = [largest_size(scenario.plan, n) for n in scenario.sizes]
    found = outcomes(scenario, n_trials * max(sizes), rng)
    arms = [arm[: n_trials * n].reshape(n_trials, n, 2) for arm, n in zip(found, sizes, strict=True)]
    return run_to_end(scenario.plan, scenario.sizes, PatientSource(arms))


def outcomes(scenario: Scenario, n_per_arm: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Invent patients and score them.

    Parameters
    ----------
    scenario : Scenario
        With a patient model.
    n_per_arm : int
        Patients of each arm.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of numpy.ndarray of int8
        For each arm, shape (n_per_arm, 2): whether a patient counts as a responder at the primary and the secondary
        endpoint (1, 0), or is left out (-1).
    """
    assumptions, plan = scenario.assumptions, scenario.plan
    assert isinstance(assumptions, cohort.Assumptions)
    between = plan.events == "while_on_treatment"  # judges the last visit before an event
    if assumptions.dropout_mechanism == "MCAR" and not between:
        # Visits between the analysed ones change nothing then, and cost time.
        assumptions = replace(assumptions, extra_weeks=())
    visits = cohort.what_if(assumptions, n_per_arm, rng).visits
    weeks = [0, *sorted({endpoint.week for endpoint in plan.endpoints})]
    if not between:
        visits = visits[visits["week"].isin(weeks)]
    verdicts = {points: _verdicts(visits, points, plan) for points in {e.points for e in plan.endpoints}}
    rows = [verdicts[end.points][verdicts[end.points]["week"] == end.week] for end in plan.endpoints]
    both = np.stack([row["responder"].astype("Int8").fillna(-1).to_numpy(dtype=np.int8) for row in rows], axis=1)
    in_first = rows[0]["arm"].to_numpy() == he2020().arms[0].name
    return [both[in_first], both[~in_first]]


def _verdicts(visits: pd.DataFrame, points: int, plan: AnalysisPlan) -> pd.DataFrame:
    first, second = (arm.name for arm in he2020().arms)
    rule: str | dict[str, str] = plan.missing
    if plan.missing in ("worst", "best"):
        other = {"worst": "best", "best": "worst"}[plan.missing]
        rule = {first: plan.missing, second: other}
    return sri(visits, points, missing=rule, events=plan.events, reasons=False)


class PatientSource:
    """Patients of each trial in the order in which they come in.

    Parameters
    ----------
    arms : list of numpy.ndarray
        For each arm outcomes of shape (trials, patients, 2): 1, 0, or -1 for a patient who is left out.
    """

    def __init__(self, arms: list[np.ndarray]) -> None:
        self.n_trials = len(arms[0])
        # Counts over the first k patients, from k = 0, so that any stretch of patients is one difference.
        self.sums = [
            np.cumsum(np.pad(np.stack([arm >= 0, arm == 1], axis=3), ((0, 0), (1, 0), (0, 0), (0, 0))), axis=1, dtype=np.int64)
            for arm in arms
        ]  # fmt: skip
        self.used = [np.zeros(self.n_trials, dtype=np.int64) for _ in arms]

    def take(self, sizes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Bring in the next patients: counts of shape (trials, arm, endpoint, (analysed, responders))."""
        found = np.empty((self.n_trials, 2, 2, 2), dtype=np.int64)
        row = np.arange(self.n_trials)
        for arm, sums in enumerate(self.sums):
            start, stop = self.used[arm], self.used[arm] + sizes[arm]
            found[:, arm] = sums[row, stop] - sums[row, start]
            self.used[arm] = stop
        return found
