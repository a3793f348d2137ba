"""What is true in a simulated trial: the rates that the estimates should find."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from lupus_kit import cohort
from lupus_kit.simulation.plan.analysis_plan import AnalysisPlan, Endpoint
from lupus_kit.simulation.plan.response_rates import ResponseRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.trials.endpoint_level import visit_of

#: Patients of each arm from whom the rates of a patient model are found.
PATIENTS = 40_000
_SEED = 20_200


@dataclass(frozen=True)
class Truth:
    """True response rates, as if nobody were lost.

    Attributes
    ----------
    primary, secondary : tuple of float
        Rates of the first and the second arm at each endpoint.
    null_primary, null_secondary : bool
        Whether the arms do not differ there.
    """

    primary: tuple[float, float]
    secondary: tuple[float, float]
    null_primary: bool
    null_secondary: bool

    def difference(self, endpoint: int) -> float:
        """Return the true difference of the rates, first arm minus second."""
        first, second = (self.primary, self.secondary)[endpoint]
        return 0.0 if (self.null_primary, self.null_secondary)[endpoint] else first - second


def truth(scenario: Scenario) -> Truth:
    """Find what is true: given at the endpoint level, estimated from many patients at the patient level."""
    assumptions = scenario.assumptions
    if not isinstance(assumptions, ResponseRates):
        return _of_patients(replace(assumptions, dropout_rate=0.0), *scenario.plan.endpoints, PATIENTS)
    rates = (assumptions.primary, assumptions.follow_up)
    first, second = (rates[k] for k in visit_of(scenario))
    return Truth(first, second, abs(first[0] - first[1]) < 1e-12, abs(second[0] - second[1]) < 1e-12)


@lru_cache(maxsize=64)
def _of_patients(assumptions: cohort.Assumptions, primary: Endpoint, secondary: Endpoint, n_per_arm: int) -> Truth:
    from lupus_kit.simulation.trials.patient_level import outcomes

    scenario = Scenario(assumptions, plan=AnalysisPlan(primary, secondary))
    found = outcomes(scenario, n_per_arm, np.random.default_rng(_SEED))
    (first1, second1), (first2, second2) = (arm.mean(axis=0).tolist() for arm in found)
    nothing = assumptions.drug_effect == 0
    return Truth((first1, first2), (second1, second2), nothing, nothing)
