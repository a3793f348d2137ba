"""Inference for one 2×2 table: exact, complete, from one registry of tests.

Counts go in as ``x1, n1, x2, n2`` (responders and patients of the first and second arm), scalars or arrays.

Examples
--------
>>> from lupus_kit import inference
>>> round(inference.pvalue("barnard", 16, 29, 9, 30), 8)
0.05780647
"""

from lupus_kit.inference.comparison import Comparison, compare, s_value
from lupus_kit.inference.evidence.bayes import PRIORS, Posterior, Prior, evidence, posterior
from lupus_kit.inference.evidence.fragility import Fragility, fragility_index, tipping_point
from lupus_kit.inference.intervals.effects import intervals
from lupus_kit.inference.intervals.interval import Interval, Intervals
from lupus_kit.inference.intervals.nnt import Nnt, nnt
from lupus_kit.inference.intervals.proportion import proportion
from lupus_kit.inference.intervals.pvalue_functions import confidence_curve, curve_measure
from lupus_kit.inference.intervals.rare_events import chance_of_at_most, patients_to_see, upper_limit
from lupus_kit.inference.margins.noninferiority import MarginTest, equivalence, noninferiority
from lupus_kit.inference.pairs import Paired, PairedBounds, paired, paired_bounds
from lupus_kit.inference.planning.operating_characteristics import (
    SignificanceFilter,
    Size,
    power,
    size,
    size_curve,
    type_m_and_s,
)
from lupus_kit.inference.planning.regions import rejection_region
from lupus_kit.inference.planning.sample_size import SampleSize, minimal_detectable_difference, sample_size
from lupus_kit.inference.rerandomisation import Rerandomisation, rerandomisation_test
from lupus_kit.inference.strata.adjusted import Adjusted, Effect, adjusted
from lupus_kit.inference.strata.stratified import Stratified, StratifiedTest, stratified
from lupus_kit.inference.two_by_two.fisher import fisher_test
from lupus_kit.inference.two_by_two.pearson import pearson_test
from lupus_kit.inference.two_by_two.registry import TESTS, Test, describe, pvalue, pvalue_lattice, select
from lupus_kit.inference.two_by_two.result import TestResult, test
from lupus_kit.inference.two_by_two.shuffle import shuffle_test
from lupus_kit.inference.two_visits.between_visits import BetweenVisitBounds, between_visit_bounds
from lupus_kit.inference.two_visits.familywise import STRATEGIES, Strategy, decide, familywise_error, joint_counts

__all__ = [
    "PRIORS", "STRATEGIES", "TESTS", "Adjusted", "BetweenVisitBounds", "Comparison", "Effect", "Fragility",
    "Interval", "Intervals", "MarginTest", "Nnt", "Paired", "PairedBounds", "Posterior", "Prior", "Rerandomisation",
    "SampleSize", "SignificanceFilter", "Size", "Strategy", "Stratified", "StratifiedTest", "Test", "TestResult",
    "adjusted", "between_visit_bounds", "chance_of_at_most", "compare", "confidence_curve", "curve_measure", "decide",
    "describe", "equivalence", "evidence", "familywise_error", "fisher_test", "fragility_index", "intervals",
    "joint_counts", "minimal_detectable_difference", "nnt", "noninferiority", "paired", "paired_bounds",
    "patients_to_see", "pearson_test", "posterior", "power", "proportion", "pvalue", "pvalue_lattice",
    "rejection_region", "rerandomisation_test", "s_value", "sample_size", "select", "shuffle_test", "size",
    "size_curve", "stratified", "test", "tipping_point", "type_m_and_s", "upper_limit",
]  # fmt: skip
