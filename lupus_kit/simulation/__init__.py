"""Simulation: the same trial many times, under assumptions you choose.

Examples
--------
>>> from lupus_kit import design, simulation
>>> rates = simulation.ResponseRates((0.5, 0.3), (0.6, 0.4), correlation=0.4)
>>> simulation.run(design.he2020(), rates, n_trials=100, seed=0).n1
30
"""

from lupus_kit.simulation.assumptions import ResponseRates, correlation_bounds
from lupus_kit.simulation.engine import Simulation, run

__all__ = ["ResponseRates", "Simulation", "correlation_bounds", "run"]
