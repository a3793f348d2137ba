"""Figures: one function per figure; each takes results, returns Matplotlib axes and writes its own alt text.

Examples
--------
>>> import numpy as np
>>> from lupus_kit import figures
>>> ax = figures.inference.pvalue_lattice(np.ones((3, 3)), {"observed": (1, 1)})
>>> "all 9 tables" in figures.alt_text(ax)
True
"""

from lupus_kit.figures import (
    agreement,
    audit,
    cohort,
    design,
    inference,
    invented,
    multiverse,
    patient,
    planning,
    responders,
    safety,
    simulation,
    sri,
    table_board,
    visits,
)
from lupus_kit.figures._live import Live
from lupus_kit.figures._show import img, png, show
from lupus_kit.figures._style import ARM_PALETTE, alt_text, describe

__all__ = [
    "ARM_PALETTE",
    "Live",
    "agreement",
    "alt_text",
    "audit",
    "cohort",
    "describe",
    "design",
    "img",
    "inference",
    "invented",
    "multiverse",
    "patient",
    "planning",
    "png",
    "responders",
    "safety",
    "show",
    "simulation",
    "sri",
    "table_board",
    "visits",
]
