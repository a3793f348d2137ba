"""Invented patients: tidy, coherent cohorts from assumptions that can be read and changed.

Every patient is simulated. :meth:`Assumptions.table` says what is published, what comes from other trials and what
is invented; :meth:`Cohort.data_dictionary` says it for every column.
"""

from lupus_kit.cohort.plausibility_check import plausibility
from lupus_kit.cohort.replica.conflicts import conflicts
from lupus_kit.cohort.replica.implied import Implied, implied, quantities
from lupus_kit.cohort.replica.replicas import replica
from lupus_kit.cohort.replica.statement_check import check
from lupus_kit.cohort.replica.statements import statements
from lupus_kit.cohort.tables import Cohort
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.generative import what_if, write_what_if
from lupus_kit.cohort.what_if.measured import calibration_table

__all__ = [
    "Assumptions", "Cohort", "Implied", "calibration_table", "check", "conflicts", "implied", "plausibility", "quantities",
    "replica", "statements", "what_if", "write_what_if",
]  # fmt: skip
