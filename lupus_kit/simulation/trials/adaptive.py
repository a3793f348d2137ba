"""The course of a trial whose patients come in parts: interim looks, re-estimated size, analysed patients that vary."""

from typing import Protocol

import numpy as np
import pandas as pd
from scipy.special import ndtri

from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan, Reestimation
from lupus_kit.simulation.trials.decisions import ENDS, pvalues, rule_of
from lupus_kit.simulation.trials.tally import ROLES, TABLE, trial_columns


class Source(Protocol):
    """Where patients come from: the joint law of their outcomes, or invented and scored patients."""

    n_trials: int

    def take(self, sizes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Bring in more patients of each arm, one number a trial; counts (trials, arm, endpoint, (n, x))."""
        ...


def largest_size(plan: AnalysisPlan, n: int) -> int:
    """Most patients that an arm of planned size ``n`` can grow to."""
    return n if plan.reestimation is None else max(n, int(np.floor(n * plan.reestimation.max_factor + 1e-9)))


def reestimated(plan: AnalysisPlan, again: Reestimation, seen: np.ndarray, sizes: tuple[int, int]) -> list[np.ndarray]:
    """Return the final sizes of both arms, from the pooled rate of the primary endpoint; the ratio of the arms stays."""
    analysed, responders = seen[:, :, 0, 0].sum(axis=1), seen[:, :, 0, 1].sum(axis=1)
    rate = responders / np.maximum(analysed, 1)
    z = ndtri(1 - plan.alpha / plan.sided) + ndtri(again.power)
    needed = np.ceil(z**2 * (1 + sizes[0] / sizes[1]) * rate * (1 - rate) / again.difference**2 - 1e-9)
    factor = np.clip(needed / sizes[0], 1.0, again.max_factor)
    return [np.minimum(np.ceil(n * factor - 1e-9).astype(np.int64), largest_size(plan, n)) for n in sizes]


def run_to_end(plan: AnalysisPlan, sizes: tuple[int, int], source: Source) -> pd.DataFrame:
    """Run trials to their end.

    Parameters
    ----------
    plan : AnalysisPlan
        What is planned.
    sizes : tuple of int
        Planned patients of each arm.
    source : Source
        Where patients come from.

    Returns
    -------
    pandas.DataFrame
        One row a trial, columns as :func:`~lupus_kit.simulation.trials.tally.trial_columns`.
    """
    n_trials = source.n_trials
    looks = [plan.arm_sizes(n) for n in sizes]
    have = [np.zeros(n_trials, dtype=np.int64) for _ in sizes]
    seen = np.zeros((n_trials, 2, 2, 2), dtype=np.int64)
    ended = np.zeros(n_trials, dtype=np.int64)
    result = {name: np.zeros(n_trials, dtype=np.int64) for name in trial_columns()}
    for k in range(len(looks[0])):
        want = [np.full(n_trials, arm[k]) for arm in looks]
        if k and plan.reestimation is not None:
            want = reestimated(plan, plan.reestimation, seen, sizes)
        more = (want[0] - have[0], want[1] - have[1])
        seen += source.take(more)
        have = want
        if plan.reestimation is not None and k == 0:
            continue  # the arms are not known yet: nothing is tested
        last = k + 1 == len(looks[0])
        decision = _decide(plan, 0 if plan.looks is None else k, seen)
        ends = (ended == 0) & (((decision & ENDS) > 0) | last)
        ended[ends] = k + 1
        now = {"look": np.full(n_trials, k + 1), "randomised1": have[0], "randomised2": have[1], "decision": decision}
        for e, role in enumerate(ROLES):
            arms = (seen[:, 0, e, 0], seen[:, 0, e, 1], seen[:, 1, e, 0], seen[:, 1, e, 1])
            now |= {f"{name}_{role}": values for name, values in zip(TABLE, arms, strict=True)}
        for name, values in now.items():
            result[name][ends] = values[ends]
    if plan.reestimation is not None:
        result["look"][:] = 1  # one analysis, at the end
    return pd.DataFrame(result)[trial_columns()]


def _decide(plan: AnalysisPlan, look: int, seen: np.ndarray) -> np.ndarray:
    n1, x1, n2, x2 = seen.transpose(1, 3, 2, 0).reshape(4, 2, -1)  # each (endpoint, trials)
    first, second = (pvalues(plan.test, n1[e], x1[e], n2[e], x2[e], plan.alternative) for e in (0, 1))
    rule = rule_of(plan, look)
    futile = rule.futile(lambda alternative: pvalues(plan.test, n1[0], x1[0], n2[0], x2[0], alternative))
    return rule.decide(first, second, x1 * n2 > x2 * n1, futile).astype(np.int64)
