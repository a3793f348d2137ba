"""The design of a trial: arms, dosing calendar, visits, eligibility, allocation.

Examples
--------
>>> from lupus_kit import design
>>> trial = design.he2020()
>>> trial.cumulative_dose_miu
21.0
"""

from lupus_kit.design.allocation import blinded_list, permuted_blocks
from lupus_kit.design.trial import Arm, DosingPlan, TrialDesign, Visit, he2020

__all__ = ["Arm", "DosingPlan", "TrialDesign", "Visit", "blinded_list", "he2020", "permuted_blocks"]
