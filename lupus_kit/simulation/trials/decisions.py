"""The plan's decisions, looked up: the p-value of every table, its class under the rule, and what may be claimed.

A decision is four bits: 1 the primary endpoint reaches the level, 2 the secondary does, 4 the primary is claimed,
8 the secondary is claimed.
"""

from functools import lru_cache

import numpy as np

from lupus_kit.inference import STRATEGIES, pvalue_lattice
from lupus_kit.inference.two_by_two.counts import REACHES, at_most
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan

SIGNIFICANT, CLAIMED = (1, 2), (4, 8)


@lru_cache(maxsize=8192)
def lattice(test: str, n1: int, n2: int) -> np.ndarray:
    """p-values of every table, undefined (nan) where an arm has no patients."""
    return pvalue_lattice(test, n1, n2) if n1 and n2 else np.full((n1 + 1, n2 + 1), np.nan)


def pvalues(test: str, n1: np.ndarray, x1: np.ndarray, n2: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """p-values of many tables of different sizes, one lattice for each pair of sizes."""
    width = int(n2.max(initial=0)) + 1
    pairs, where = np.unique(n1 * width + n2, return_inverse=True)
    flat = [lattice(test, *divmod(int(pair), width)).ravel() for pair in pairs]
    start = np.cumsum([0, *(len(part) for part in flat)])[:-1]
    return np.asarray(np.concatenate(flat)[start[where] + x1 * (n2 + 1) + x2]) if len(flat) else np.zeros(0)


class Rule:
    """The decision for two p-values at one analysis of the trial.

    Parameters
    ----------
    plan : AnalysisPlan
        What is planned.
    look : int
        Which analysis, from 0; without interim looks there is only 0.
    """

    def __init__(self, plan: AnalysisPlan, look: int = 0) -> None:
        strategy = STRATEGIES[plan.multiplicity]
        if plan.looks is None:
            self.level = plan.alpha
            self.cuts = strategy.levels(plan.alpha, plan.correlation)
        else:
            # Each endpoint has the boundary of its own share of alpha, and at a look the level of that look.
            self.level = plan.looks.boundaries(plan.alpha).levels[look]
            first, second = strategy.levels(plan.alpha, plan.correlation)
            shares = [
                tuple(plan.looks.boundaries(plan.alpha, cut / plan.alpha).levels[look] for cut in cuts)
                for cuts in (first, second)
            ]
            self.cuts = (shares[0], shares[1])
        # Rows and columns: class of the primary and the secondary p-value, times two, plus whether it reaches the level.
        sizes = [2 * (len(cuts) + 1) for cuts in self.cuts]
        self.table = np.zeros(sizes, dtype=np.uint8)
        for i, j in np.ndindex(*sizes):
            claims = strategy.claims(i // 2, j // 2)
            self.table[i, j] = (i % 2) + 2 * (j % 2) + 4 * claims[0] + 8 * claims[1]

    def code(self, p: np.ndarray, endpoint: int) -> np.ndarray:
        """Class of p-values of one endpoint; an undefined p reaches no level."""
        cuts = np.array(self.cuts[endpoint]) * REACHES
        classes = np.searchsorted(cuts, np.nan_to_num(p, nan=2.0))
        return np.asarray(2 * classes + at_most(p, self.level), dtype=np.uint8)

    def decide(self, p_primary: np.ndarray, p_secondary: np.ndarray) -> np.ndarray:
        """Four-bit decisions of pairs of p-values."""
        return np.asarray(self.table[self.code(p_primary, 0), self.code(p_secondary, 1)])


@lru_cache(maxsize=256)
def rule_of(plan: AnalysisPlan, look: int = 0) -> Rule:
    """Return the rule of a plan at one look, made once."""
    return Rule(plan, look)
