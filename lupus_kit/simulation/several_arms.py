"""Several active arms against one control: the chance that each is claimed, with every outcome added up."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, is_number, require_choice, require_kind
from lupus_kit.design import TrialDesign
from lupus_kit.simulation.enumeration import arm_outcomes
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.between_arms import ARM_RULES
from lupus_kit.simulation.plan.response_rates import ResponseRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.decisions import events_of


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
    require_choice("rule for several arms", rule, ARM_RULES)
    listed = list(rates) if isinstance(rates, (Sequence, np.ndarray)) else []
    if len(listed) != len(design.arms) or not all(is_number(rate) and 0 <= rate <= 1 for rate in listed):
        raise InputError(f"rates == {rates!r}: give {len(design.arms)} rates from 0 to 1, one for each arm.")
    given = replace(plan, arm_multiplicity=rule, multiplicity="fixed_sequence")
    scenario = Scenario(ResponseRates(tuple(listed), tuple(listed), correlation=0.0), design, given)
    found, events = arm_outcomes(scenario), events_of(scenario.comparisons)
    null = [name for name, rate in zip(events, listed[:-1], strict=False) if rate + plan.margin <= listed[-1] + 1e-12]
    events = events.assign(**{"any false claim": events[null].any(axis=1)})
    chance = np.bincount(found.decisions, found.weight.sum(axis=1), len(events))
    what = [*(arm.name for arm in design.arms[:-1]), *events.columns[len(listed) - 1 :]]
    return pd.DataFrame(
        {"what": what, "probability": np.clip([chance[said].sum() for said in events.to_numpy().T], 0.0, 1.0)}
    )
