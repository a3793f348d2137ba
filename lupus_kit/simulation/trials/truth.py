"""What is true in a simulated trial: the rates that the estimates should find, for the estimand of the plan."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan
from lupus_kit.simulation.plan.endpoint import Endpoint
from lupus_kit.simulation.plan.response_rates import OUTCOMES, ResponseRates, StratifiedRates
from lupus_kit.simulation.plan.scenario import Assumed, Scenario
from lupus_kit.simulation.trials.endpoint_level import visit_of

#: Patients of each arm from whom the rates of a patient model are found.
PATIENTS = 40_000
_SEED = 20_200

#: What the difference of rates means under each strategy for intercurrent events, of which leaving the trial is one
#: (ICH E9(R1), 2019, section A.3.2). Response rates hold whether or not a patient leaves, so that there the last two agree.
ESTIMANDS = {
    "composite": "response without having left or had another event such as rescue, among all patients",
    "while_on_treatment": "response at the last visit before leaving or another event, among all patients",
    "treatment_policy": "response whatever happened, known also of those who leave",
    "hypothetical": "response as if nobody had left or had another event",
}


@dataclass(frozen=True)
class Truth:
    """True response rates (of a fall of SLEDAI its means) for an estimand.

    Attributes
    ----------
    primary, secondary : tuple of float
        Rates of each arm at each endpoint.
    estimand : str
        Key of :data:`ESTIMANDS`.
    null : bool
        Whether the arms do not differ, whatever the rates that were estimated.
    errors : tuple of float
        Standard errors of both true differences: not 0 where they were estimated from patients.
    """

    primary: tuple[float, ...]
    secondary: tuple[float, ...]
    estimand: str = "composite"
    null: bool = False
    errors: tuple[float, float] = (0.0, 0.0)

    def rates(self, comparison: int) -> tuple[float, float]:
        """Return the rates that a comparison compares: of an active arm and of the control, which is the last arm."""
        endpoint, arm = divmod(comparison, len(self.primary) - 1)
        at = (self.primary, self.secondary)[endpoint]
        return at[arm], at[-1]

    def difference(self, comparison: int) -> float:
        """Return the true difference of the rates, active arm minus control; with two arms at an endpoint (0 or 1)."""
        first, second = self.rates(comparison)
        return 0.0 if self.null or abs(first - second) < 1e-12 else first - second

    def measured(self, measure: str, comparison: int) -> float:
        """Return the true risk difference, risk ratio or odds ratio."""
        first, second = self.rates(comparison)
        if measure == "risk difference":
            return self.difference(comparison)
        with np.errstate(divide="ignore", invalid="ignore"):
            if measure == "risk ratio":
                return float(np.float64(first) / second)
            return float(np.float64(first * (1 - second)) / (second * (1 - first)))

    def error(self, comparison: int) -> float:
        """Return the standard error of the true difference; 0 where it is known."""
        return 0.0 if self.null else self.errors[comparison // (len(self.primary) - 1)]


def truth(scenario: Scenario) -> Truth:
    """Find what is true: given at the endpoint level, estimated from many patients at the patient level."""
    assumptions, estimand = scenario.assumptions, scenario.plan.events
    if isinstance(assumptions, StratifiedRates):
        shares, parts = scenario.strata()
        within = np.array([(true.primary, true.secondary) for true in map(truth, parts)])
        (first1, first2), (second1, second2) = np.tensordot(shares, within, 1).tolist()
        return Truth((first1, first2), (second1, second2), estimand)
    if not isinstance(assumptions, ResponseRates):
        return _of_patients(assumptions, *scenario.plan.endpoints, estimand, PATIENTS)
    rates = (assumptions.primary, assumptions.follow_up)
    if estimand in ("composite", "while_on_treatment") and not assumptions.dropout.none:
        counted = np.maximum(OUTCOMES, 0)  # who has left is no responder
        if estimand == "while_on_treatment":
            counted[:, 1] = np.where(OUTCOMES[:, 1] < 0, counted[:, 0], counted[:, 1])
        found = np.array([assumptions.patient_law(arm) @ counted for arm in range(len(rates[0]))]).T.tolist()
        rates = (tuple(found[0]), tuple(found[1]))
    first, second = (rates[k] for k in visit_of(scenario))
    return Truth(first, second, estimand)


@lru_cache(maxsize=64)
def _of_patients(assumptions: Assumed, primary: Endpoint, secondary: Endpoint, estimand: str, n_per_arm: int) -> Truth:
    from lupus_kit.simulation.trials.patient_level import outcomes

    assert not isinstance(assumptions, (ResponseRates, StratifiedRates))
    world = assumptions
    if estimand in ("treatment_policy", "hypothetical"):
        world = replace(world, dropout_rate=0.0)
    if estimand == "hypothetical":
        world = replace(world, rescue_il2=0.0, rescue_placebo=0.0)
    scenario = Scenario(world, plan=AnalysisPlan(primary, secondary, events=estimand))
    found = outcomes(scenario, n_per_arm, np.random.default_rng(_SEED))
    (first1, second1), (first2, second2) = (np.nanmean(arm, axis=0).tolist() for arm in found)
    variances = [np.nanvar(arm, axis=0) / (~np.isnan(arm)).sum(axis=0) for arm in found]
    error1, error2 = np.sqrt(variances[0] + variances[1]).tolist()
    return Truth((first1, first2), (second1, second2), estimand, assumptions.drug_effect == 0, (error1, error2))
