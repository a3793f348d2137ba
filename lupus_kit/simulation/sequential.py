"""The primary endpoint of a plan from look to look, exactly: power, assurance, overrun, time, and the size it needs.

From one look to the next a known rate adds a binomial number of responders; a rate with a beta prior adds a beta-binomial
one, whose prior has learnt from the responders so far. So power and its average over a prior are sums over all tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
import scipy
from scipy.special import betaln, ndtr, softmax

from lupus_kit.core.errors import InputError
from lupus_kit.design import TrialDesign
from lupus_kit.inference import TESTS, Prior, SampleSize, rejection_region
from lupus_kit.inference.binomial import binomial_pmf
from lupus_kit.inference.evidence.bayes import difference_cdf
from lupus_kit.inference.planning.sample_size import smallest_trial
from lupus_kit.inference.two_by_two.counts import as_level
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.rate_priors import PRIOR_SOURCES, RatePriors
from lupus_kit.simulation.plan.response_rates import ResponseRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.decisions import one_sided, responds_more
from lupus_kit.simulation.trials.endpoint_level import counted_rates, is_fixed, visit_of

# Largest arm whose tables are carried from look to look.
_LARGEST = 1000
# A known rate (of each number of responders so far where it follows the trend), or the prior of one.
_Rate = float | np.ndarray | Prior
_Sizes = list[tuple[int, int]]


@dataclass(frozen=True)
class PlannedLooks:
    """What happens at each look, for the primary endpoint.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a look: ``look``, ``information``, ``n1`` and ``n2`` (patients with an outcome), ``level`` (p-value that
        claims), and the probabilities that the trial stops there with a ``benefit`` claimed, with ``harm`` found, for
        ``futility``; ``benefit_going_on`` is that of a benefit if nobody stops for futility, as bounds that are not binding
        allow. With recruitment also ``months`` (from the first patient to the decision), ``randomised`` (by then),
        ``months_to_last_visit``, and ``confirmed``: the probability that the benefit claimed is still significant, at the level
        of the same look, once every randomised patient has an outcome (the overrunning analysis).
    averaged : bool
        Whether the probabilities are averaged over a prior, so that power is assurance.

    Examples
    --------
    >>> from lupus_kit import design, simulation
    >>> plan = simulation.AnalysisPlan(looks=simulation.InterimLooks((0.5, 1.0)), recruitment=simulation.Recruitment(5))
    >>> found = simulation.planned_looks(design.he2020(), simulation.ResponseRates((0.55, 0.30), (0.65, 0.37)), plan)
    >>> len(found.to_frame()), round(found.power, 3), round(found.expected("randomised"), 1)
    (2, 0.509, 58.7)
    """

    table: pd.DataFrame
    averaged: bool = False

    @property
    def power(self) -> float:
        """Probability that a benefit is claimed."""
        return float(self.table["benefit"].sum())

    def expected(self, column: str = "randomised") -> float:
        """Mean of a column over the look at which a trial ends, such as ``"randomised"`` or ``"months"``."""
        if column not in self.table:
            raise InputError(f"column == {column!r}: not in this table; dates and patients need plan.recruitment.")
        ends = self.table[["benefit", "harm", "futility"]].sum(axis=1).to_numpy(copy=True)
        ends[-1] = 1 - ends[:-1].sum()
        return float(ends @ self.table[column].to_numpy(dtype=float))

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def _repr_html_(self) -> str:
        table = self.table.to_html(index=False, border=0, float_format="{:.4f}".format)
        return f"{'Assurance' if self.averaged else 'Power'} <b>{self.power:.4f}</b>{table}"


def planned_looks(
    design: TrialDesign, assumptions: ResponseRates | RatePriors | tuple[Prior, Prior], plan: AnalysisPlan | None = None
) -> PlannedLooks:
    """Compute exactly what happens at each look, for the primary endpoint.

    Parameters
    ----------
    design : TrialDesign
        Two arms and their sizes.
    assumptions : ResponseRates, RatePriors or two Priors
        The true rates; or priors of the rates of responders as the plan counts them, over which power is averaged: assurance
        (O'Hagan A, Stevens JW, Campbell MJ. Pharm Stat 2005;4:187-201).
    plan : AnalysisPlan, optional
        With or without looks; with ``recruitment``, patients and dates are computed too.

    Raises
    ------
    InputError
        Where tables cannot be added up: re-estimation, patients left out of the analysis, a rule under which the primary claim
        depends on the secondary endpoint, or more than 1000 patients in an arm.

    See Also
    --------
    plan_size, assurance, familywise, group_sequential

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> from lupus_kit.simulation import InterimLooks, Recruitment
    >>> plan = AnalysisPlan(looks=InterimLooks((0.5, 1.0)), recruitment=Recruitment(5))
    >>> found = planned_looks(he2020(), ResponseRates((0.55, 0.30), (0.65, 0.37)), plan)
    >>> round(found.power, 3), round(found.expected("randomised"), 1), round(found.expected("months"), 1)
    (0.509, 58.7, 14.3)
    """
    plan = AnalysisPlan() if plan is None else plan
    rates, (n1, n2) = _rates(design, assumptions, plan), (arm.n_randomised for arm in design.arms)
    looks, bounds, total = list(zip(plan.arm_sizes(n1), plan.arm_sizes(n2), strict=True)), plan.boundaries(), n1 + n2
    table = pd.DataFrame({"look": range(1, len(looks) + 1), "information": bounds.fractions if bounds else 1.0})
    table[["n1", "n2"]], table["level"], further = looks, _levels(plan), None
    if plan.recruitment:
        weeks = [endpoint.week for endpoint in plan.endpoints]
        months, randomised, last = plan.recruitment.at(np.array(looks).sum(axis=1), total, weeks)
        table = table.assign(months=months, randomised=randomised, months_to_last_visit=last)
        rounded = [np.floor(n * randomised / total + 0.5).astype(int).tolist() for n in (n1, n2)]
        further = [(max(a, c), max(b, d)) for (a, b), c, d in zip(looks, *rounded, strict=True)]
    stopped, free = _followed(plan, (n1, n2), rates, further), _followed(plan, (n1, n2), rates, futile=False)
    table[["benefit", "harm", "futility"]], table["benefit_going_on"] = stopped[:, :3], free[:, 0]
    table = table.assign(confirmed=stopped[:, 3]) if plan.recruitment else table
    return PlannedLooks(table, not isinstance(assumptions, ResponseRates))


def assurance(
    design: TrialDesign,
    plan: AnalysisPlan | None = None,
    priors: Mapping[str, RatePriors | tuple[Prior, Prior]] | None = None,
) -> pd.DataFrame:
    """Average the power of the primary endpoint over priors of both rates: the chance of a claim, before any data.

    Parameters
    ----------
    design, plan
        As for :func:`planned_looks`.
    priors : mapping of str to RatePriors or two Priors, optional
        By name; unless given each source of :data:`PRIOR_SOURCES`, whole and counted half.

    Returns
    -------
    pandas.DataFrame
        One row a prior: ``prior``, ``rate1`` and ``rate2`` (prior means), ``assurance``, ``harm`` (chance to find harm),
        ``power_at_means``, and ``first_better``: the chance that the first arm is better, or not inferior by the margin.

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> assurance(he2020(), priors={"he2020": PRIOR_SOURCES["he2020"]})[["assurance", "power_at_means"]].round(3).to_numpy().tolist()
    [[0.481, 0.461]]
    """
    plan = AnalysisPlan() if plan is None else plan
    if priors is None:
        kept = [replace(prior, discount=share) for prior in PRIOR_SOURCES.values() for share in (1.0, 0.5)]
        priors = {str(prior): prior for prior in kept}
    if not isinstance(priors, Mapping):
        raise InputError(f"priors == {priors!r}: give priors by name, such as {{'half': simulation.RatePriors(...)}}.")
    rows = []
    for name, prior in priors.items():
        (first, second), _ = _arms(prior), _rates(design, prior, plan)
        sizes = [arm.n_randomised for arm in design.arms]
        found = _followed(plan, sizes, (first, second)).sum(axis=0)
        known = _followed(plan, sizes, (first.mean, second.mean)).sum(axis=0)
        better = 1 - difference_cdf(first, second, -plan.margin)
        rows.append((name, first.mean, second.mean, *found[:2], known[0], better))
    names = ["prior", "rate1", "rate2", "assurance", "harm", "power_at_means", "first_better"]
    return pd.DataFrame(rows, columns=names)


def plan_size(
    design: TrialDesign,
    assumptions: ResponseRates | RatePriors | tuple[Prior, Prior],
    plan: AnalysisPlan | None = None,
    power: float = 0.8,
) -> SampleSize:
    """Find the smallest trial in which a plan, looks included, reaches a target and keeps it.

    Parameters
    ----------
    design : TrialDesign
        Its arms give the ratio of the sizes.
    assumptions, plan
        As for :func:`planned_looks`.
    power : float
        Target: power where rates are assumed, assurance where they have priors.

    Returns
    -------
    SampleSize
        As from :func:`lupus_kit.inference.sample_size`.

    Raises
    ------
    InputError
        The target cannot be reached: the first arm is not (surely) better, or more than 1000 patients in an arm are needed.

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> from lupus_kit.simulation import InterimLooks
    >>> plan = AnalysisPlan(looks=InterimLooks((0.5, 1.0)))
    >>> found = plan_size(he2020(), ResponseRates((0.9, 0.2), (0.9, 0.2)), plan, 0.9)
    >>> found.n1, found.power > 0.9
    (8, True)
    """
    plan = AnalysisPlan() if plan is None else plan
    target, rates = as_level("power", power), _rates(design, assumptions, plan)
    ratio = design.arms[1].n_randomised / design.arms[0].n_randomised
    first, second = cast(tuple[Any, Any], rates)
    averaged = isinstance(first, Prior) and isinstance(second, Prior)
    most = 1 - difference_cdf(first, second, -plan.margin) if averaged else float(first - second > -plan.margin)
    if target <= plan.alpha:
        raise InputError(f"power == {target:g} must be larger than alpha == {plan.alpha:g}.")
    if most <= target:
        why = f"the first arm is better with a chance of {most:.3f} only" if averaged else "the first arm is not better"
        raise InputError(f"power == {target:g} cannot be reached with any number of patients: {why}.")
    largest = int(_LARGEST / max(ratio, 1))

    def power_of(n1: int, n2: int) -> float:
        if n1 > largest:
            raise InputError(f"power == {target:g} is not reached with {largest} patients in the first arm.")
        try:
            return float(_followed(plan, (n1, n2), rates)[:, 0].sum())
        except InputError:  # too few patients for the looks
            return 0.0

    def start(at: Callable[[int], float]) -> int:
        low, high = 2, 4
        while at(high) < target:
            low, high = high, high + 1 + high // 4
        while high - low > 1 + high // 40:
            middle = (low + high) // 2
            low, high = (low, middle) if at(middle) >= target else (middle, high)
        return low

    found = smallest_trial(power_of, start, target, ratio, plan.test)
    quantity = "assurance" if averaged else "exact power"
    return SampleSize(*found, target, plan.alpha, plan.test, plan.alternative, quantity=quantity)


def interim_power(
    design: TrialDesign,
    assumptions: ResponseRates,
    plan: AnalysisPlan,
    look: int = 1,
    prior: RatePriors | tuple[Prior, Prior] | None = None,
) -> pd.DataFrame:
    """Chance that the final analysis claims the primary endpoint, for every table that a look may find.

    Looks on the way to the end are not counted; all three add up every further outcome (sources: :func:`conditional_power`).

    Parameters
    ----------
    design, plan
        A plan with looks.
    assumptions : ResponseRates
        What the trial is planned for.
    look : int
        Which interim look, from 1.
    prior : RatePriors or two Priors, optional
        For predictive power; all rates alike unless given.

    Returns
    -------
    pandas.DataFrame
        One row a table: ``x1``, ``n1``, ``x2``, ``n2``, and the conditional power ``if_trend_goes_on`` (each arm responds as so
        far), ``as_assumed``, and the ``predictive`` power, averaged over the posterior.

    Examples
    --------
    >>> from lupus_kit.design import he2020
    >>> from lupus_kit.simulation import InterimLooks
    >>> rates, plan = ResponseRates((0.55, 0.30), (0.65, 0.37)), AnalysisPlan(looks=InterimLooks((0.5, 1.0)))
    >>> interim_power(he2020(), rates, plan).query("x1 == 8 and x2 == 5").round(3).iloc[0, 4:].tolist()
    [0.29, 0.393, 0.311]
    """
    if not isinstance(plan, AnalysisPlan) or plan.looks is None or look not in range(1, len(plan.looks.fractions)):
        raise InputError(f"look == {look!r}: the plan needs interim looks, and this one must be before the last.")
    assumed, unknown = _rates(design, assumptions, plan), _arms(RatePriors() if prior is None else prior)
    sizes = [arm.n_randomised for arm in design.arms]
    now = [plan.arm_sizes(n)[look - 1] for n in sizes]
    claims = _regions(plan, len(plan.looks.fractions) - 1, sizes, futile=False)[0].astype(float)
    seen = [np.arange(n + 1) / n for n in now]

    def chance(rates: Sequence[_Rate]) -> np.ndarray:
        first, second = (_moves(rate, n, m - n) for rate, n, m in zip(rates, now, sizes, strict=True))
        return np.asarray(np.clip(first @ claims @ second.T, 0.0, 1.0)).ravel()

    x1, x2 = np.indices((now[0] + 1, now[1] + 1)).reshape(2, -1)
    table = pd.DataFrame({"x1": x1, "n1": now[0], "x2": x2, "n2": now[1]})
    return table.assign(if_trend_goes_on=chance(seen), as_assumed=chance(assumed), predictive=chance(unknown))


def _arms(priors: object) -> tuple[Prior, Prior]:
    """Return the priors of both arms."""
    if isinstance(priors, RatePriors):
        return priors.arms
    if isinstance(priors, tuple) and len(priors) == 2 and all(isinstance(prior, Prior) for prior in priors):
        return priors
    given = repr(priors) if isinstance(priors, (str, tuple)) else type(priors).__name__
    raise InputError(
        f"{given}: give simulation.ResponseRates, simulation.RatePriors, or two inference.Priors (strata are simulated)."
    )


def _rates(design: TrialDesign, assumptions: object, plan: AnalysisPlan) -> tuple[_Rate, _Rate]:
    """Rates of counted responders at the primary endpoint, or their priors; refuse what is not summed up here."""
    if not isinstance(design, TrialDesign) or not isinstance(plan, AnalysisPlan):
        raise InputError("give a design.TrialDesign and a simulation.AnalysisPlan.")
    plan.check(design)
    if plan.over_strata:
        raise InputError(f"test == {plan.test!r}: tests over strata are simulated, with simulation.run.")
    if plan.primary.is_fall or plan.primary.patients is not None:
        raise InputError(f"{plan.primary}: give a design of these patients alone, and their response.")
    if max(arm.n_randomised for arm in design.arms) > _LARGEST:
        raise InputError(f"{design.n_randomised} patients: tables of at most {_LARGEST} in an arm are added up here.")
    _levels(plan)
    if not isinstance(assumptions, ResponseRates):
        if plan.reestimation is None:
            return _arms(assumptions)
    elif is_fixed(scenario := Scenario(assumptions, design, plan)):
        visit = visit_of(scenario)[0]
        return counted_rates(scenario, 0)[visit], counted_rates(scenario, 1)[visit]
    raise InputError("tables are added up without re-estimation and patients left out; use simulation.run instead.")


def _levels(plan: AnalysisPlan) -> tuple[float, ...]:
    """Level of the primary endpoint's p-value at each look."""
    cuts, _ = plan.levels()
    if len(cuts) != 1:
        raise InputError(
            f"with the rule {plan.multiplicity!r} the primary claim depends on the secondary: use simulation.exact."
        )
    return plan.boundaries_at(cuts[0] / plan.alpha).levels if plan.looks else cuts


def _regions(plan: AnalysisPlan, look: int, sizes: Sequence[int], futile: bool = True) -> list[np.ndarray]:
    """Tables at a look (from 0) that claim a benefit, find harm, and stop for futility alone."""
    n1, n2 = sizes
    x1, x2 = np.indices((n1 + 1, n2 + 1))
    level, bounds = _levels(plan)[look], plan.boundaries()
    better = responds_more(plan.margin, np.array(n1), x1, np.array(n2), x2)
    rejected = stops = np.zeros_like(better)
    if level > (TESTS[plan.test].gamma or 0.0):  # the least p-value of a test with a gamma
        rejected = rejection_region(plan.test, n1, n2, level, plan.alternative, difference=-plan.margin)
    if futile and bounds and look < len(bounds.futility):
        stops = one_sided(plan, n1, n2) > ndtr(-bounds.futility[look])
    return [rejected & better, rejected & ~better & (plan.sided == 2), stops & ~rejected]


def _moves(rate: _Rate, n: int, more: int) -> np.ndarray:
    """Chance of each number of responders of ``n + more`` patients (columns), given that of the first ``n`` (rows)."""
    added, rows = np.arange(more + 1), np.arange(n + 1)[:, None]
    if isinstance(rate, Prior):
        w, a, b = (part[:, None, None] for part in np.array(rate.components).T)
        a_now, b_now = a + rows, b + n - rows  # what is known of the rate after the responders so far
        weight = softmax(np.log(w) + betaln(a_now, b_now) - betaln(a, b), axis=0)
        law = (weight * scipy.stats.betabinom.pmf(added, more, a_now, b_now)).sum(axis=0)
    else:
        law = binomial_pmf(added, more, np.broadcast_to(rate, n + 1)[:, None])
    found = np.zeros((n + 1, n + more + 1))
    found[rows, rows + added] = law
    return found


def _followed(
    plan: AnalysisPlan, sizes: Sequence[int], rates: Sequence[_Rate], further: _Sizes | None = None, futile: bool = True
) -> np.ndarray:
    """Probabilities at each look: benefit, harm, futility, and a benefit that holds with the ``further`` patients."""
    looks = list(zip(*(plan.arm_sizes(n) for n in sizes), strict=True))
    state, before, found = np.ones((1, 1)), (0, 0), np.zeros((len(looks), 4))

    def moved(tables: np.ndarray, old: tuple[int, int], new: tuple[int, int]) -> np.ndarray:
        first, second = (_moves(rate, n, m - n) for rate, n, m in zip(rates, old, new, strict=True))
        return np.asarray(first.T @ tables @ second)

    for k, (now, later) in enumerate(zip(looks, further or looks, strict=True)):
        state = moved(state, before, now)
        regions = _regions(plan, k, now, futile)
        found[k, :3] = [state[region].sum() for region in regions]
        confirmed = regions[0] if later == now else _regions(plan, k, later)[0]
        found[k, 3] = moved(np.where(regions[0], state, 0.0), now, later)[confirmed].sum()
        state, before = np.where(np.any(regions, axis=0), 0.0, state), now
    return np.minimum(found, 1.0)
