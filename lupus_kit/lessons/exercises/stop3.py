"""Exercises of stop 3: a version of SLEDAI, SRI-4 from its rule, missing patients counted in two ways, kappa by hand."""

from typing import Any

import numpy as np
import pandas as pd

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises

NOTEBOOK = "03_sri4"

_FINDINGS = ("arthritis", "rash", "dna_binding", "fever", "proteinuria")


def _total(version: str, without: str = "") -> int:
    """SLEDAI of the patient of 03.1, whose proteinuria is stable."""
    present = set(_FINDINGS) - {without}
    row = {name: name in present for name in lk.endpoints.SLEDAI_ITEMS["id"]}
    row["proteinuria_stable"] = "proteinuria" in present
    return int(lk.endpoints.sledai(pd.DataFrame([row]), version).item())


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


def _kappa(both: int, first: int, second: int, neither: int) -> float:
    n = both + first + second + neither
    by_chance = ((both + first) * (both + second) + (second + neither) * (first + neither)) / n**2
    return ((both + neither) / n - by_chance) / (1 - by_chance)


EXERCISES = read_exercises(
    "stop3",
    selena=lambda: _total("SELENA"),
    sledai_2k=lambda: _total("2K"),
    without_fever=lambda: _total("SELENA", "fever"),
    without_dna=lambda: _total("SELENA", "dna_binding"),
    without_rash=lambda: _total("SELENA", "rash"),
    sri4=lambda: _sri4,
    response_rate=lambda: _response_rate,
    kappa=lambda: _kappa,
)
