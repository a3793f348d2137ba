"""Simulation: the same trial many times, under assumptions you choose.

Examples
--------
>>> from lupus_kit import design, simulation
>>> rates = simulation.ResponseRates((0.5, 0.3), (0.6, 0.4), correlation=0.4)
>>> simulation.run(design.he2020(), rates, n_trials=100, seed=0).n1
30
"""

from lupus_kit.simulation.assumptions import Dropout, ResponseRates, correlation_bounds
from lupus_kit.simulation.boundaries import BOUNDARIES, Boundaries, group_sequential
from lupus_kit.simulation.engine import run
from lupus_kit.simulation.enumeration import exact
from lupus_kit.simulation.plan import MISSING_RULES, AnalysisPlan, Endpoint, InterimLooks, Reestimation
from lupus_kit.simulation.registration import Registration, register, registered
from lupus_kit.simulation.results import Simulation
from lupus_kit.simulation.scenario import DEPTHS, Scenario
from lupus_kit.simulation.sweep import grid, with_patients
from lupus_kit.simulation.template import plan_template

__all__ = [
    "BOUNDARIES",
    "DEPTHS",
    "MISSING_RULES",
    "AnalysisPlan",
    "Boundaries",
    "Dropout",
    "Endpoint",
    "InterimLooks",
    "Reestimation",
    "Registration",
    "ResponseRates",
    "Scenario",
    "Simulation",
    "correlation_bounds",
    "exact",
    "grid",
    "group_sequential",
    "plan_template",
    "register",
    "registered",
    "run",
    "with_patients",
]
