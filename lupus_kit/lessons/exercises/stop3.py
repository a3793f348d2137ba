"""Exercises of stop 3: versions of SLEDAI, the clauses at their borders, and what a responder rate says."""

import pandas as pd

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.exercises.invented import responders, trial

NOTEBOOK = "03_sri4"

_FINDINGS = ("arthritis", "rash", "dna_binding", "fever", "proteinuria")

#: The four patients of 03.2: SLEDAI, PGA and changed grades, baseline and visit.
_FOUR: dict[str, tuple[tuple[int, int], tuple[float, float], dict[str, str]]] = {
    "a": ((12, 6), (1.2, 1.5), {}),
    "b": ((8, 4), (1.0, 0.5), {"mucocutaneous": "DB", "musculoskeletal": "DB"}),
    "c": ((16, 12), (1.0, 1.25), {"mucocutaneous": "AB", "renal": "CB"}),
    "d": ((20, 8), (2.0, 1.0), {"musculoskeletal": "BA"}),
}


def _total(version: str, without: str = "") -> int:
    """SLEDAI of the patient of 03.1, whose proteinuria is stable."""
    present = set(_FINDINGS) - {without}
    row = {name: name in present for name in lk.endpoints.SLEDAI_ITEMS["id"]}
    row["proteinuria_stable"] = "proteinuria" in present
    return int(lk.endpoints.sledai(pd.DataFrame([row]), version).item())


def _visits() -> pd.DataFrame:
    rows = []
    for name, (scores, pga, changed) in _FOUR.items():
        for k, (visit, week) in enumerate((("baseline", 0), ("week 12", 12))):
            grades = {f"bilag_{s}": changed.get(s, "DD")[k] for s in lk.endpoints.BILAG_SYSTEMS}
            rows.append({"patient": name, "visit": visit, "week": week, "sledai": scores[k], "pga": pga[k]} | grades)
    return pd.DataFrame(rows)


def _who_responds() -> str:
    found = lk.endpoints.sri(_visits())
    (name,) = found.loc[found["responder"].astype(bool), "patient"]
    return str(name)


def _first_only(week: int, first: str = "SRI-4", second: str = "BICLA") -> int:
    """Count the patients of the notebook's cohort who respond by the first rule and not by the second."""
    cohort = trial()
    found = lk.endpoints.compare_definitions(cohort.visits, cohort.sledai, definitions=["SRI-4", "BICLA"])
    return int(found.agreement(week).crosstab(first, second).loc["response", "no response"])


EXERCISES = read_exercises(
    "stop3",
    selena=lambda: _total("SELENA"),
    sledai_2k=lambda: _total("2K"),
    without_fever=lambda: _total("SELENA", "fever"),
    without_dna=lambda: _total("SELENA", "dna_binding"),
    without_rash=lambda: _total("SELENA", "rash"),
    who_responds=_who_responds,
    sri4=lambda: responders("IL-2", 24),
    sri6=lambda: responders("IL-2", 24, points=6),
    sri7=lambda: responders("IL-2", 24, points=7),
    sri8=lambda: responders("IL-2", 24, points=8),
    sri7_week_12=lambda: responders("IL-2", 12, points=7),
    sri7_placebo=lambda: responders("placebo", 24, points=7),
    sri4_only=lambda: _first_only(12),
    sri4_only_week_24=lambda: _first_only(24),
    bicla_only=lambda: _first_only(12, "BICLA", "SRI-4"),
)
