"""Inference for one 2×2 table: exact, complete, from one registry of tests.

Counts go in as ``x1, n1, x2, n2`` (responders and patients of the first and second arm), scalars or arrays.

Examples
--------
>>> from lupus_kit import inference
>>> round(inference.pvalue("barnard", 16, 29, 9, 30), 8)
0.05780647
"""

from lupus_kit.inference.comparison import Comparison, compare, s_value
from lupus_kit.inference.intervals import Interval, intervals
from lupus_kit.inference.operating import Size, power, rejection_region, size, size_curve
from lupus_kit.inference.proportion import proportion
from lupus_kit.inference.registry import TESTS, Test, describe, pvalue, pvalue_lattice
from lupus_kit.inference.robustness import Fragility, fragility_index, tipping_point
from lupus_kit.inference.visits import BetweenVisitBounds, between_visit_bounds

__all__ = [
    "TESTS",
    "BetweenVisitBounds",
    "Comparison",
    "Fragility",
    "Interval",
    "Size",
    "Test",
    "between_visit_bounds",
    "compare",
    "describe",
    "fragility_index",
    "intervals",
    "power",
    "proportion",
    "pvalue",
    "pvalue_lattice",
    "rejection_region",
    "s_value",
    "size",
    "size_curve",
    "tipping_point",
]
