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
    audit,
    cohort,
    definitions,
    design,
    inference,
    planning,
    secondary,
    simulation,
    sri,
    table_board,
)
from lupus_kit.figures.show import Live, img, png, show
from lupus_kit.figures.style import ARM_PALETTE, alt_text, describe

__all__ = [
    "ARM_PALETTE", "Live", "alt_text", "audit", "cohort", "definitions", "describe", "design", "img", "inference",
    "planning", "png", "secondary", "show", "simulation", "sri", "table_board",
]  # fmt: skip
