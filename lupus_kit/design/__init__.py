"""The design of a trial: arms, dosing calendar, visits, eligibility, allocation.

Examples
--------
>>> from lupus_kit import design
>>> trial = design.he2020()
>>> trial.cumulative_dose_miu
21.0
"""

from lupus_kit.design.allocation import blinded_list, permuted_blocks
from lupus_kit.design.allocation_files import write_allocation
from lupus_kit.design.flow import participant_flow
from lupus_kit.design.minimisation import minimisation
from lupus_kit.design.trial import Arm, DosingPlan, TrialDesign, Visit, he2020

__all__ = [
    "Arm", "DosingPlan", "TrialDesign", "Visit", "blinded_list", "he2020", "minimisation", "participant_flow",
    "permuted_blocks", "write_allocation",
]  # fmt: skip
