"""The course of a trial whose patients come in parts: interim looks, re-estimated size, analysed patients that vary."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.endpoint import ROLES
from lupus_kit.simulation.plan.reestimation import Reestimation
from lupus_kit.simulation.trials.decisions import ENDS, codes_of_tables, rule_of
from lupus_kit.simulation.trials.tally import TABLE

#: p-values of an endpoint (0 or 1) that no table of responders tells, for a test and an alternative.
Compare = Callable[[int, str, str], np.ndarray]


class Source(Protocol):
    """Where patients come from: the joint law of their outcomes, or invented and scored patients."""

    n_trials: int
    used: list[np.ndarray]  # patients of each arm so far

    def take(self, sizes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Bring in more patients of each arm, one number a trial; counts so far (trials, arm, endpoint, (n, x))."""
        ...


def largest_size(plan: AnalysisPlan, n: int) -> int:
    """Most patients that an arm of planned size ``n`` can grow to."""
    return n if plan.reestimation is None else max(n, int(np.floor(n * plan.reestimation.max_factor + 1e-9)))


def largest_sizes(plan: AnalysisPlan, sizes: Sequence[int]) -> list[int]:
    """Most patients that each arm can have; in blocks within strata one may have more, and the other fewer."""
    most = [largest_size(plan, n) for n in sizes]
    return most if plan.block_size is None else [sum(most)] * len(most)


def reestimated(plan: AnalysisPlan, again: Reestimation, seen: np.ndarray, sizes: Sequence[int]) -> list[np.ndarray]:
    """Return the final sizes of both arms, from the pooled rate of the primary endpoint; the ratio of the arms stays."""
    analysed, responders = seen[:, :, 0, 0].sum(axis=1), seen[:, :, 0, 1].sum(axis=1)
    rate = responders / np.maximum(analysed, 1)
    z = ndtri(1 - plan.alpha / plan.sided) + ndtri(again.power)
    distance = again.difference + plan.margin
    needed = np.ceil(z**2 * (1 + sizes[0] / sizes[1]) * rate * (1 - rate) / distance**2 - 1e-9)
    if plan.primary.patients or plan.primary.of_nephritis:
        # Measured in some alone: it takes more to have as many of them.
        needed = needed * sum(plan.arm_sizes(n)[0] for n in sizes) / np.maximum(analysed, 1)
    factor = np.clip(needed / sizes[0], 1.0, again.max_factor)
    return [np.minimum(np.ceil(n * factor - 1e-9).astype(np.int64), largest_size(plan, n)) for n in sizes]


def run_to_end(
    plan: AnalysisPlan, sizes: Sequence[int], source: Source, compare: Compare | None = None
) -> dict[str, np.ndarray]:
    """Run trials to their end.

    Parameters
    ----------
    plan : AnalysisPlan
        What is planned.
    sizes : sequence of int
        Planned patients of each arm.
    source : Source
        Where patients come from.
    compare : callable, optional
        p-values of an endpoint (0 or 1) that is the fall of SLEDAI or tested over strata, for a test and an alternative.

    Returns
    -------
    dict of str to numpy.ndarray
        One value a trial, columns as :func:`~lupus_kit.simulation.trials.tally.trial_columns`, and ``p_primary`` or
        ``p_secondary`` of endpoints that are compared so.
    """
    n_trials = source.n_trials
    looks, most = [plan.arm_sizes(n) for n in sizes], largest_sizes(plan, sizes)
    seen, going = np.zeros((n_trials, 2, 2, 2), dtype=np.int64), np.ones(n_trials, dtype=bool)
    result: dict[str, np.ndarray] = {}
    for k in range(len(looks[0])):
        want = [np.full(n_trials, arm[k]) for arm in looks]
        if k and plan.reestimation is not None:
            want = reestimated(plan, plan.reestimation, seen, sizes)
        seen = source.take((want[0] - source.used[0], want[1] - source.used[1]))
        if plan.reestimation is not None and k == 0:
            continue  # the arms are not known yet: nothing is tested
        analysis = 0 if plan.looks is None else k
        decision, compared = _decide(plan, analysis, most, seen, compare)
        now = {"look": np.full(n_trials, analysis + 1), "randomised1": source.used[0], "randomised2": source.used[1]}
        for e, role in enumerate(ROLES):
            arms = (seen[:, 0, e, 0], seen[:, 0, e, 1], seen[:, 1, e, 0], seen[:, 1, e, 1])
            now |= {f"{name}_{role}": values for name, values in zip(TABLE, arms, strict=True)}
        now |= {"decision": decision, **compared}
        result = result or now
        for name, values in now.items() if analysis else ():
            np.copyto(result[name], values, where=going)
        going &= decision & ENDS == 0
    return result


def _decide(
    plan: AnalysisPlan, look: int, most: list[int], seen: np.ndarray, compare: Compare | None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Decisions, and the p-values by their column of endpoints that no table of responders tells."""
    rule, compared = rule_of(plan, look), dict[str, np.ndarray]()
    codes: list[np.ndarray] = []
    for e, end in enumerate(plan.endpoints):
        if e in plan.tabled:
            found = codes_of_tables(plan, look, e, *most)
            codes.append(found(*(seen[:, arm, e, k] for arm in (0, 1) for k in (0, 1))))
            continue
        assert compare is not None
        p = partial(compare, e, (end.test or "welch") if end.is_fall else plan.test)
        compared[f"p_{ROLES[e]}"] = p(plan.alternative)
        benefit = p("greater")
        code = rule.code(compared[f"p_{ROLES[e]}"], e, benefit < 0.5)
        # Over strata there is no p-value where all patients of each one respond alike: nothing speaks for a benefit.
        benefit = np.nan_to_num(benefit, nan=0.5) if plan.over_strata else benefit
        codes.append(code if e else code + rule.futile(benefit))
    return rule.table[codes[0], codes[1]].astype(np.int64), compared
