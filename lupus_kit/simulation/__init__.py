"""Simulation: the same trial many times, under assumptions and an analysis plan that you choose.

An :class:`AnalysisPlan` says what is tested and how. What is assumed to be true is either :class:`ResponseRates`
(endpoint level: responders of two visits are drawn; :class:`StratifiedRates` where strata differ) or
:class:`lupus_kit.cohort.Assumptions` (patient level: patients are invented item by item and scored). The plan is the same
object for all.

- :func:`exact` enumerates every outcome. Prefer it wherever it applies: rates, no strata, no interim looks, no re-estimation
  of the sample size, and no patients left out of the analysis. It has no Monte Carlo error.
- :func:`run` simulates everything, at either depth, and can show single trials.
- :func:`familywise` finds the largest chance of a false claim, over common rates and partial null hypotheses.
- :func:`planned_looks` sums up the primary endpoint from look to look: power, overrun, dates. :func:`assurance` averages it
  over a prior, :func:`plan_size` finds the patients for either, :func:`interim_power` is the chance of success at a look.
- Several active arms against one control, by Holm's or Dunnett's rule (``arm_multiplicity``), are enumerated, simulated and
  written down as two arms are; :func:`several_arms` needs no more than their rates.
- :func:`grid` sweeps designs, plans and assumptions, with :func:`exact` where it applies and :func:`run` elsewhere.

A :class:`Scenario` holds design, plan and assumptions together, and is what a plan file contains.

Examples
--------
>>> from lupus_kit import design, simulation
>>> rates = simulation.ResponseRates((0.55, 0.30), (0.65, 0.37), correlation=0.4)
>>> plan = simulation.AnalysisPlan(test="boschloo", multiplicity="holm")
>>> known = simulation.exact(design.he2020(), rates, plan).summary()
>>> seen = simulation.run(design.he2020(), rates, n_trials=10_000, seed=0, plan=plan).summary()
>>> bool(abs(seen["estimate"] - known["estimate"])[0] < 4 * seen["mc_error"][0])
True
"""

from lupus_kit.simulation.engine import run
from lupus_kit.simulation.enumeration import exact
from lupus_kit.simulation.familywise import familywise
from lupus_kit.simulation.plan.actual_looks import actual_boundaries
from lupus_kit.simulation.plan.analysis_plan import MISSING_RULES, AnalysisPlan, InterimLooks
from lupus_kit.simulation.plan.between_arms import ARM_RULES
from lupus_kit.simulation.plan.boundaries import BOUNDARIES, Boundaries, group_sequential
from lupus_kit.simulation.plan.endpoint import FALL_TESTS, RESPONSES, Endpoint
from lupus_kit.simulation.plan.futility import FUTILITY, conditional_power, with_futility
from lupus_kit.simulation.plan.plan_file import plan_template
from lupus_kit.simulation.plan.rate_priors import PRIOR_SOURCES, RatePriors
from lupus_kit.simulation.plan.recruitment import Recruitment
from lupus_kit.simulation.plan.reestimation import Reestimation
from lupus_kit.simulation.plan.registration import Registration, register, registered
from lupus_kit.simulation.plan.response_rates import Dropout, ResponseRates, StratifiedRates
from lupus_kit.simulation.plan.scenario import Scenario
from lupus_kit.simulation.protocol import protocol
from lupus_kit.simulation.results import Simulation
from lupus_kit.simulation.sequential import PlannedLooks, assurance, interim_power, plan_size, planned_looks
from lupus_kit.simulation.several_arms import several_arms
from lupus_kit.simulation.sweep import grid, with_patients

__all__ = [
    "ARM_RULES", "BOUNDARIES", "FALL_TESTS", "FUTILITY", "MISSING_RULES", "PRIOR_SOURCES", "RESPONSES", "AnalysisPlan", "Boundaries",
    "Dropout", "Endpoint", "InterimLooks", "PlannedLooks", "RatePriors", "Recruitment", "Reestimation", "Registration",
    "ResponseRates", "Scenario", "Simulation", "StratifiedRates", "actual_boundaries", "assurance", "conditional_power", "exact",
    "familywise", "grid", "group_sequential", "interim_power", "plan_size", "plan_template", "planned_looks", "protocol",
    "register", "registered", "run", "several_arms", "with_futility", "with_patients",
]  # fmt: skip
