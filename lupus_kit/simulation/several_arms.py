"""Several active arms against one control: the chance that each is claimed, with every outcome added up."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtr

from lupus_kit.core.errors import InputError, is_number, require_choice, require_kind
from lupus_kit.design import TrialDesign
from lupus_kit.inference.binomial import binomial_pmf
from lupus_kit.inference.two_by_two.counts import REACHES
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.trials.decisions import lattice, responds_more

# Active arms whose outcomes are added up in a second or less.
_MOST = 5


def several_arms(
    design: TrialDesign, rates: Sequence[float], plan: AnalysisPlan | None = None, rule: str = "holm"
) -> pd.DataFrame:
    """Compute exactly how likely each active arm of a trial is claimed to be better than the control.

    Parameters
    ----------
    design : TrialDesign
        Two to five active arms, and the control as the last arm.
    rates : sequence of float
        True response rate of each arm at the primary endpoint, in the order of the arms.
    plan : AnalysisPlan, optional
        Its test of two arms, level and sides; there are no looks and no strata here.
    rule : {"holm", "dunnett"}
        Holm's steps over the pairwise p-values; or one level for all of them, from the largest of normal statistics that
        share the control. With few patients a test of large samples keeps neither exactly.

    Returns
    -------
    pandas.DataFrame
        Columns ``what`` and ``probability``: a row for the claim of each active arm, by its name, then ``"any arm claimed"``,
        ``"all arms claimed"`` and ``"any false claim"`` (of an arm that is not better than the control).

    Raises
    ------
    InputError
        Too few or too many arms, not one rate from 0 to 1 an arm, or a plan that needs more than one table of each pair.

    References
    ----------
    Holm S. Scand J Stat 1979;6:65-70. Dunnett CW. J Am Stat Assoc 1955;50:1096-1121.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from lupus_kit.design import he2020
    >>> dose, placebo = he2020().arms
    >>> doses = tuple(replace(dose, name=name) for name in ("low", "middle", "high"))
    >>> trial = replace(he2020(), arms=(*doses, placebo))
    >>> several_arms(trial, [0.4, 0.5, 0.6, 0.3])["probability"].round(3).tolist()
    [0.091, 0.238, 0.476, 0.51, 0.073, 0.0]
    """
    plan = AnalysisPlan() if plan is None else plan
    require_kind("design", design, TrialDesign, "a TrialDesign")
    require_kind("plan", plan, AnalysisPlan, "an AnalysisPlan")
    require_choice("rule for several arms", rule, ("holm", "dunnett"))
    *sizes, control = (arm.n_randomised for arm in design.arms)
    if not 2 <= (k := len(sizes)) <= _MOST:
        raise InputError(f"{len(design.arms)} arms: give two to {_MOST} active arms, and the control as the last arm.")
    listed = list(rates) if isinstance(rates, (Sequence, np.ndarray)) else []
    if len(listed) != k + 1 or not all(is_number(rate) and 0 <= rate <= 1 for rate in listed):
        raise InputError(f"rates == {rates!r}: give {k + 1} rates from 0 to 1, one for each arm.")
    if plan.looks or plan.reestimation or 0 not in plan.tabled or plan.primary.patients:
        raise InputError("with several arms the primary endpoint is a response of all, tested once, without strata.")
    cuts = plan.alpha / np.arange(k, 0, -1) if rule == "holm" else np.array([_dunnett(plan, sizes, control)])
    # Classes of p-values in favour of an active arm (columns: responders of the control). Given those of the control the
    # arms are independent.
    laws = []
    for n, rate in zip(sizes, listed, strict=False):
        x1, x2 = np.indices((n + 1, control + 1))
        better = responds_more(plan.margin, np.array(n), x1, np.array(control), x2)
        p = np.where(better, lattice(plan.test, n, control, plan.alternative, plan.margin), np.nan)
        place = np.searchsorted(cuts * REACHES, np.nan_to_num(p, nan=2.0))
        laws.append([binomial_pmf(np.arange(n + 1), n, rate) @ (place == at) for at in range(len(cuts) + 1)])
    of_control = binomial_pmf(np.arange(control + 1), control, listed[-1])
    null = np.array([rate + plan.margin <= listed[-1] + 1e-12 for rate in listed[:-1]])
    found = np.zeros(k + 3)
    for classes in product(range(len(cuts) + 1), repeat=k):
        # From the smallest p-value on, as long as the next one reaches the level of its step: Dunnett's are all alike.
        order = np.sort(classes)
        passed = int(np.cumprod(order <= (np.arange(k) if rule == "holm" else 0)).sum())
        claimed = np.array(classes) <= (order[passed - 1] if passed else -1)
        weight = of_control * np.prod([law[at] for law, at in zip(laws, classes, strict=True)], axis=0)
        found += weight.sum() * np.array([*claimed, claimed.any(), claimed.all(), (claimed & null).any()])
    names = [*(arm.name for arm in design.arms[:-1]), "any arm claimed", "all arms claimed", "any false claim"]
    return pd.DataFrame({"what": names, "probability": np.clip(found, 0.0, 1.0)})


def _dunnett(plan: AnalysisPlan, sizes: Sequence[int], control: int) -> float:
    """Level of each p-value, so that the largest of the normal statistics reaches it with chance alpha under no effect."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)  # of the control's part, which the statistics share
    shared = np.sqrt([[n / (n + control)] for n in sizes])

    def below(z: float) -> np.ndarray:
        return np.asarray(ndtr((z - shared * nodes) / np.sqrt(1 - shared**2)))

    def excess(z: float) -> float:
        inside = np.prod(below(z) - (below(-z) if plan.sided == 2 else 0.0), axis=0)
        return float(weights @ inside / weights.sum()) - (1 - plan.alpha)

    return float(plan.sided * ndtr(-brentq(excess, 0.0, 20.0, xtol=1e-12)))
