"""Exercises of stop 3: SRI-4 from its rule, missing patients counted in two ways, and three quizzes."""

from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.lessons.exercises.exercise import read_exercises

NOTEBOOK = "03_sri4"


def _sri4(sledai: Any, pga: Any, new_a: int, new_b: int) -> bool | None:
    clauses = [
        None if np.isnan(sledai).any() else sledai[0] - sledai[1] >= 4,
        None if np.isnan(pga).any() else round(pga[1] - pga[0], 2) < 0.30,
        new_a == 0 and new_b <= 1,
    ]
    return False if False in clauses else None if None in clauses else True


def _response_rate(answers: list[Any], missing: str) -> float:
    known = [one for one in answers if not pd.isna(one)]
    return float(sum(known) / len(known if missing == "observed" else answers))


EXERCISES = read_exercises("stop3", sri4=lambda: _sri4, response_rate=lambda: _response_rate)
