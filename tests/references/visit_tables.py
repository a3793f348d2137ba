"""Random visit tables that hold every column the endpoint rules read, and their rows as plain dictionaries."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from references.endpoints_by_row import FLARE_COLUMNS, SYSTEMS, WEIGHTS

WEEKS = (0, 4, 12, 24)
STABLE = ("proteinuria", "rash", "alopecia", "mucosal_ulcer")
EVENTS = ("rescue", "disallowed_medication", "withdrawn")
#: Values that sit on, just below and just above the limits of the rules.
PGA = [0.0, 0.2, 0.49, 0.5, 0.51, 0.7, 0.79, 0.8, 0.99, 1.0, 1.01, 1.1, 1.29, 1.3, 1.4, 2.0, 2.3, 2.49, 2.5, 2.51, 3.0]
DOSES = [0.0, 2.5, 4.99, 5.0, 5.01, 7.49, 7.5, 7.51, 10.0, 15.0, 20.0, 29.99, 30.0, 30.01, 40.0]


def random_table(patients: int, seed: int, gaps: float = 0.0, active: float = 0.08) -> pd.DataFrame:
    """Make a table of patients × weeks 0, 4, 12, 24 in which some cells and, where there are gaps, some rows are missing.

    Every third patient is nearly well, so that low activity and remission occur.
    """
    rng = np.random.default_rng(seed)
    n = patients * len(WEEKS)
    who = np.arange(n) // len(WEEKS)
    calm = who % 3 == 0

    def yes_no(rate: float) -> np.ndarray:
        return (rng.random(n) < np.where(calm, rate / 8, rate)).astype(float)

    week = np.tile(WEEKS, patients)
    columns: dict[str, Any] = {name: yes_no(active) for name in WEIGHTS}
    for name in ("arthritis", "rash", "dna_binding", "proteinuria"):
        columns[name] = np.where(week == 0, rng.random(n) < 0.6, columns[name]).astype(float)
    for name in STABLE:
        columns[f"{name}_stable"] = columns[name] * (rng.random(n) < 0.4)
    columns["pga"] = np.where(calm, rng.choice(PGA[:11], n), rng.choice(PGA, n))
    columns["prednisone_mg_day"] = np.where(calm, rng.choice(DOSES[:8], n), rng.choice(DOSES, n))
    columns["weight_kg"] = rng.choice([59.98, 60.0, 60.02, 80.0], n)
    for name in (*EVENTS, *FLARE_COLUMNS, "haemolytic_anaemia", "gi_activity"):
        columns[name] = yes_no(0.04)
    for name in ("maintenance_ok", "maintenance_stable"):
        columns[name] = 1 - yes_no(0.1)
    for system in SYSTEMS:
        letters = rng.choice(list("ABCDE"), n, p=[0.02, 0.08, 0.2, 0.4, 0.3])
        start = rng.choice(list("ABCDE"), n, p=[0.1, 0.2, 0.2, 0.3, 0.2])
        columns[f"bilag_{system}"] = np.where(week == 0, start, letters).astype(object)
    improved = rng.choice([0.0, 40.0, 49.99, 50.0, 80.0], (n, 2))
    columns["arthritis_improvement_percent"], columns["rash_improvement_percent"] = improved.T
    columns["dna_binding_improved50"] = (rng.random(n) < 0.5).astype(float)
    table = pd.DataFrame(columns)
    if gaps:
        for name in table:
            table[name] = table[name].astype(object).where(rng.random(n) >= gaps, None)
    keys = {"patient": who, "visit": np.where(week == 0, "baseline", [f"week {w}" for w in week]), "week": week}
    table = pd.concat([pd.DataFrame(keys).assign(arm=np.where(who % 2, "IL-2", "placebo")), table], axis=1)
    for name in STABLE:  # nothing is stable that is not there
        table[f"{name}_stable"] = table[f"{name}_stable"].where(table[name] == 1, 0.0)
    return table[rng.random(n) >= (gaps if gaps else -1)].reset_index(drop=True)


def plain(value: object, name: str) -> Any:
    """Turn a cell into None, True or False, a text, or an exact number."""
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, str):
        return value
    numeric = ("pga", "prednisone_mg_day", "weight_kg", "sledai", "s2k_ri50")
    if name in numeric or name.endswith("_percent"):
        return Fraction(str(value))
    return bool(value)


def rows_by_patient(table: pd.DataFrame) -> dict[int, dict[int, dict[str, Any]]]:
    """Return the rows as dictionaries: patient → week → row."""
    result: dict[int, dict[int, dict[str, Any]]] = {}
    for record in table.to_dict("records"):
        keys = ("patient", "visit", "week", "arm")
        row = {str(name): plain(value, str(name)) for name, value in record.items() if name not in keys}
        result.setdefault(record["patient"], {})[record["week"]] = row
    return {patient: dict(sorted(weeks.items())) for patient, weeks in sorted(result.items())}
