"""Exercises of stop 3: SRI-4 from its rule, missing patients counted in two ways, and three quizzes."""

from typing import Any

import numpy as np

from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.record import table

NOTEBOOK = "03_sri4"


def _sri4(sledai: Any, pga: Any, new_a: int, new_b: int) -> bool | None:
    clauses = [
        None if np.isnan(sledai).any() else sledai[0] - sledai[1] >= 4,
        None if np.isnan(pga).any() else round(pga[1] - pga[0], 2) < 0.30,
        new_a == 0 and new_b <= 1,
    ]
    return False if False in clauses else None if None in clauses else True


def _rates(missing: int = 0, scale: float = 100) -> tuple[float, float]:
    """Rates on IL-2 at week 12: of those observed, and of all with the missing patient as a no (0) or as a yes (1)."""
    x, n, *_ = table("sri4_week12")
    return scale * x / n, scale * (x + missing) / (n + 1)


EXERCISES = read_exercises(
    "stop3",
    sri4=lambda: _sri4,
    both_ways=_rates,
    as_a_responder=lambda: _rates(missing=1),
    as_proportions=lambda: _rates(scale=1),
)
