"""The plan's decisions, looked up: the p-value of every table, its class under the rule, and what may be claimed.

A decision is a number, each bit of which says one thing: :data:`FINDINGS` names them, :data:`EVENTS` reads them, and
:class:`Rule` finds them. A claim needs the direction of benefit: the first arm responds more. Each direction has the rule
for two endpoints to itself: a p-value in the other direction is none, so that harm at the primary opens no gate for a
benefit at the secondary.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np
import pandas as pd
from scipy.special import ndtr

from lupus_kit.inference import STRATEGIES, pvalue_lattice
from lupus_kit.inference.two_by_two.counts import REACHES, at_most
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.between_arms import Comparison, arm_levels
from lupus_kit.simulation.plan.endpoint import ROLES

#: What is found at an endpoint: its p-value reaches the level, a benefit is claimed, harm is found.
AT_ENDPOINT = ("significant", "claimed", "harm found")
#: What the bits of a decision say, from the lowest. A run that is kept on disk has the numbers: add new ones at the end.
FINDINGS = (*(f"{role} {what}" for what in AT_ENDPOINT for role in ROLES), "stopped for futility")


def bits(*findings: str) -> int:
    """Return the decision that says these things and no other."""
    return sum(1 << FINDINGS.index(name) for name in findings)


#: Any of these ends a trial with interim looks.
ENDS = bits("primary claimed", "primary harm found", "stopped for futility")
#: What every decision (row) says, a column each, and what follows from it.
EVENTS = pd.DataFrame({name: np.arange(1 << len(FINDINGS)) & bits(name) > 0 for name in FINDINGS}).assign(**{
    "both significant": lambda said: said["primary significant"] & said["secondary significant"],
    "either significant": lambda said: said["primary significant"] | said["secondary significant"],
    "secondary significant, primary not": lambda said: said["secondary significant"] & ~said["primary significant"],
    "any endpoint claimed": lambda said: said["primary claimed"] | said["secondary claimed"],
})  # fmt: skip
#: Events whose probability opens a summary.
SUMMED = (
    "primary significant", "secondary significant", "both significant", "either significant",
    "secondary significant, primary not", "primary claimed", "secondary claimed", "any endpoint claimed",
    "primary harm found", "secondary harm found", "type III error", "any false claim",
)  # fmt: skip


@lru_cache(maxsize=8192)
def lattice(test: str, n1: int, n2: int, alternative: str = "two-sided", margin: float = 0.0) -> np.ndarray:
    """p-values of every table, undefined (nan) where an arm has no patients."""
    if not n1 or not n2:
        return np.full((n1 + 1, n2 + 1), np.nan)
    return pvalue_lattice(test, n1, n2, alternative, difference=-margin)


def pvalues(
    test: str, n1: np.ndarray, x1: np.ndarray, n2: np.ndarray, x2: np.ndarray, alternative: str = "two-sided",
    margin: float = 0.0,
) -> np.ndarray:  # fmt: skip
    """p-values of many tables of different sizes, one lattice for each pair of sizes."""
    return looked_up(lambda m, n: lattice(test, m, n, alternative, margin), n1, x1, n2, x2)


def looked_up(
    values: Callable[[int, int], np.ndarray], n1: np.ndarray, x1: np.ndarray, n2: np.ndarray, x2: np.ndarray
) -> np.ndarray:
    """Look many tables of different sizes up; ``values`` gives those of all tables of one pair of sizes."""
    return Lookup(values, int(n1.max(initial=0)), int(n2.max(initial=0)))(n1, x1, n2, x2)


class Lookup:
    """Values of all tables of many pairs of sizes, laid one behind the other when they are first asked for.

    Parameters
    ----------
    values : callable
        Gives those of all tables of one pair of sizes.
    most1, most2 : int
        The largest sizes.
    """

    def __init__(self, values: Callable[[int, int], np.ndarray], most1: int, most2: int) -> None:
        self.values, self.width, self.flat = values, most2 + 1, np.zeros(0, dtype=np.uint8)
        self.start = np.full((most1 + 1) * self.width, -1)

    def __call__(self, n1: np.ndarray, x1: np.ndarray, n2: np.ndarray, x2: np.ndarray) -> np.ndarray:
        """Look many tables of different sizes up."""
        pair = n1 * self.width + n2
        place = self.start.take(pair)
        if (place < 0).any():
            new = np.unique(pair[place < 0])
            flat = [self.values(*divmod(int(sizes), self.width)).ravel() for sizes in new]
            self.start[new] = np.cumsum([len(self.flat), *map(len, flat)])[:-1]
            self.flat = np.concatenate([self.flat, *flat])
            place = self.start.take(pair)
        place += x1 * (n2 + 1)
        place += x2
        return np.asarray(self.flat.take(place))


@lru_cache(maxsize=256)
def events_of(comparisons: tuple[Comparison, ...]) -> pd.DataFrame:
    """Return what every decision (row) says: :data:`EVENTS`, or of several active arms which are claimed."""
    if len(comparisons) == len(ROLES):
        return EVENTS
    claims = [f"{one.name} claimed" for one in comparisons if one.tested]
    said = np.arange(1 << len(claims))[:, None] & 1 << np.arange(len(claims)) > 0
    every = {"any arm claimed": said.any(axis=1), "all arms claimed": said.all(axis=1)}
    return pd.DataFrame(said, columns=claims).assign(**every)


@lru_cache(maxsize=2048)
def arm_classes(plan: AnalysisPlan, planned: tuple[int, ...], n: int, control: int) -> np.ndarray:
    """Classes of the p-values of all tables of an active arm and the control, for ``arm_decisions``; no benefit: the last."""
    assert plan.arm_multiplicity is not None
    cuts = arm_levels(plan.arm_multiplicity, plan.alpha, plan.sided, planned)
    x, x_control = np.indices((n + 1, control + 1))
    better = responds_more(plan.margin, n, x, control, x_control)
    p = np.where(better, lattice(plan.test, n, control, plan.alternative, plan.margin), np.nan)
    return np.searchsorted(np.array(cuts) * REACHES, np.nan_to_num(p, nan=2.0))


class Rule:
    """The decision for two p-values and their directions at one analysis of the trial.

    Parameters
    ----------
    plan : AnalysisPlan
        What is planned.
    look : int
        Which analysis, from 0; without interim looks there is only 0.
    """

    def __init__(self, plan: AnalysisPlan, look: int = 0) -> None:
        strategy, self.level, self.cuts = STRATEGIES[plan.multiplicity], plan.alpha, plan.levels()
        self.plan, self.known = plan, dict[tuple[int, int, int], np.ndarray]()
        if plan.looks is not None:
            # Each endpoint has the boundary of its own share of alpha, and at a look the level of that look.
            self.level = plan.boundaries_at(1.0).levels[look]
            first, second = (
                tuple(plan.boundaries_at(cut / plan.alpha).levels[look] for cut in cuts) for cuts in self.cuts
            )
            self.cuts = (first, second)
        # Rows and columns: class of the primary and the secondary p-value, times two, plus whether it reaches the level;
        # first those in the direction of benefit, then those in the other.
        none = [len(cuts) for cuts in self.cuts]
        self.harm_from = [2 * (k + 1) for k in none]
        sizes = [2 * start for start in self.harm_from]
        self.table = np.zeros(sizes, dtype=np.uint8)
        for codes in np.ndindex(*sizes):
            harm = [code >= start for code, start in zip(codes, self.harm_from, strict=True)]
            classes = [code % start // 2 for code, start in zip(codes, self.harm_from, strict=True)]
            claims = strategy.claims(*(none[k] if harm[k] else classes[k] for k in (0, 1)))
            harms = strategy.claims(*(classes[k] if harm[k] else none[k] for k in (0, 1)))
            found = (codes[0] % 2, codes[1] % 2), claims, [harm and plan.sided == 2 for harm in harms]
            said = zip(FINDINGS, np.ravel(found), strict=False)  # futility is not found at an endpoint
            self.table[codes] = bits(*(name for name, yes in said if yes))
        # Above this one-sided p-value of the primary endpoint the trial stops for futility, unless a claim or harm stops it: the
        # rows after all others.
        bounds = plan.boundaries()
        self.futility = float(ndtr(-bounds.futility[look])) if bounds and look < len(bounds.futility) else None
        if self.futility is not None:
            futile = np.where(self.table & ENDS, self.table, self.table | bits("stopped for futility"))
            self.table = np.concatenate([self.table, futile])

    def code(self, p: np.ndarray, endpoint: int, benefit: np.ndarray | bool) -> np.ndarray:
        """Class of p-values of one endpoint and whether the first arm responds more; an undefined p reaches no level."""
        cuts = np.array(self.cuts[endpoint]) * REACHES
        classes = np.searchsorted(cuts, np.nan_to_num(p, nan=2.0))
        codes = 2 * classes + at_most(p, self.level) + self.harm_from[endpoint] * np.logical_not(benefit)
        return np.asarray(codes, dtype=np.uint8)

    def futile(self, p: np.ndarray) -> np.ndarray | int:
        """Return what futility adds to the code of the primary endpoint, from its one-sided p-values."""
        return 0 if self.futility is None else len(self.table) // 2 * (p > self.futility)

    def decide(
        self, p_primary: np.ndarray, p_secondary: np.ndarray, benefit: Sequence[np.ndarray | bool] = (True, True)
    ) -> np.ndarray:
        """Decisions for the p-values of both endpoints and whether the first arm responds more there."""
        return np.asarray(self.table[self.code(p_primary, 0, benefit[0]), self.code(p_secondary, 1, benefit[1])])

    def table_codes(self, endpoint: int, n1: int, n2: int) -> np.ndarray:
        """Codes of every table of an endpoint, futility included, shape (n1 + 1, n2 + 1); made once."""
        if (codes := self.known.get((endpoint, n1, n2))) is None:
            plan = self.plan
            found = lattice(plan.test, n1, n2, plan.alternative, plan.margin)  # refuses what no memory holds
            x1, x2 = np.indices((n1 + 1, n2 + 1))
            codes = self.code(found, endpoint, responds_more(plan.margin, n1, x1, n2, x2))
            if endpoint == 0 and self.futility is not None:
                codes = codes + self.futile(one_sided(plan, n1, n2))
            self.known[endpoint, n1, n2] = codes
        return codes


def one_sided(plan: AnalysisPlan, n1: int, n2: int) -> np.ndarray:
    """One-sided p-values of every table; where the test has none, 1/2 if the arms respond alike, else 0 or 1."""
    p, (x1, x2) = lattice(plan.test, n1, n2, "greater", plan.margin), np.indices((n1 + 1, n2 + 1))
    more, less = responds_more(plan.margin, n1, x1, n2, x2), responds_more(-plan.margin, n2, x2, n1, x1)
    return np.where(np.isnan(p) & (n1 * n2 > 0), (1.0 - more + less) / 2, p)


@lru_cache(maxsize=256)
def rule_of(plan: AnalysisPlan, look: int = 0) -> Rule:
    """Return the rule of a plan at one look, made once."""
    return Rule(plan, look)


@lru_cache(maxsize=32)
def codes_of_tables(plan: AnalysisPlan, look: int, endpoint: int, most1: int, most2: int) -> Lookup:
    """Return the codes of an endpoint's tables of all sizes up to the largest, kept from call to call."""
    return Lookup(partial(rule_of(plan, look).table_codes, endpoint), most1, most2)


def responds_more(
    margin: float, n1: np.ndarray | int, x1: np.ndarray, n2: np.ndarray | int, x2: np.ndarray
) -> np.ndarray:
    """Whether the first arm's rate is above the second's less the margin; what differs by rounding alone is equal."""
    return np.asarray(x1 * n2 - x2 * n1 + margin * n1 * n2 > 1e-9)


def table_codes(plan: AnalysisPlan, sizes: np.ndarray, look: int = 0) -> list[np.ndarray]:
    """Codes of every table of the primary and of the secondary endpoint.

    Parameters
    ----------
    plan : AnalysisPlan
        What is planned.
    sizes : numpy.ndarray of int, shape (2, 2)
        Patients of each arm at the primary, and at the secondary endpoint.
    look : int
        Which analysis, from 0.

    Returns
    -------
    list of numpy.ndarray
        Of shape (n1 + 1, n2 + 1), as the sizes of each endpoint are.
    """
    return [rule_of(plan, look).table_codes(endpoint, n1, n2) for endpoint, (n1, n2) in enumerate(sizes.tolist())]
