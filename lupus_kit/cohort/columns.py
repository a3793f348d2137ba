"""The columns of every table, written once: the dictionary, the schema and the reader all come from here."""

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.columns import Column
from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS

NOTICE = "These patients are invented: none of them took part in any trial."


@dataclass(frozen=True)
class CohortColumn(Column):
    """One column of a table of a cohort.

    Attributes
    ----------
    origin : str
        What is invented, and what comes from the published design.
    default : object
        What stands in every row where the column is not given.
    optional : bool
        Whether the column may be left out.
    """

    needed: bool = True
    origin: str = "invented"
    default: object = None
    optional: bool = False


ARMS = ("IL-2", "placebo")
GRADES = ("A", "B", "C", "D", "E")
EVENT_NAMES = ("injection site reaction", "fever", "flu-like symptoms", "upper respiratory infection", "herpes zoster",
               "pneumonia", "NPSLE")  # fmt: skip
#: Events of Table 3 that count as infections, and those that were serious there.
INFECTIONS = frozenset({"upper respiratory infection", "herpes zoster", "pneumonia"})
SERIOUS = frozenset({"herpes zoster", "pneumonia", "NPSLE"})
INJECTION = "injection site reaction"
MEDICINES = ("hydroxychloroquine", "cyclophosphamide", "azathioprine", "cyclosporine", "mycophenolate_mofetil",
             "tacrolimus", "leflunomide", "thalidomide", "methotrexate")  # fmt: skip

#: Which descriptors show activity of a BILAG system. The gut has none.
SYSTEM_ITEMS: dict[str, tuple[str, ...]] = {
    "constitutional": ("fever",),
    "mucocutaneous": ("rash", "alopecia", "mucosal_ulcer", "vasculitis"),
    "neuropsychiatric": ("seizure", "psychosis", "organic_brain", "cranial_nerve", "lupus_headache", "cva"),
    "musculoskeletal": ("arthritis", "myositis"),
    "cardiorespiratory": ("pleurisy", "pericarditis"),
    "gastrointestinal": (),
    "ophthalmic": ("visual",),
    "renal": ("casts", "haematuria", "proteinuria", "pyuria"),
    "haematological": ("thrombocytopenia", "leukopenia"),
}

_PATIENT = CohortColumn("patient", "text", "identifier")
_ARM = CohortColumn("arm", "choice", "allocated arm", choices=ARMS, origin="published design, invented allocation")
_WEEK = CohortColumn("week", "whole number", "weeks since the first injection", "weeks", 0, 24)
_VISIT = CohortColumn("visit", "text", "name of the visit")
_VISIT_KEYS = (_PATIENT, _ARM, _VISIT, _WEEK)
_GRADES = tuple(
    CohortColumn(f"bilag_{s}", "choice", f"simplified BILAG grade, {s}", choices=GRADES) for s in BILAG_SYSTEMS
)

TABLES: dict[str, tuple[CohortColumn, ...]] = {
    "patients": (
        _PATIENT,
        _ARM,
        CohortColumn("age_years", "number", "age at entry", "years", 18, 65),
        CohortColumn("sex", "choice", "sex", choices=("female", "male")),
        CohortColumn("weight_kg", "number", "body weight", "kg", 30, 150),
        CohortColumn("height_cm", "number", "height", "cm", 130, 210),
        CohortColumn("bsa_m2", "number", "body surface area, square root of height × weight / 3600 (Mosteller)", "m²", 1, 3),
        CohortColumn("disease_duration_months", "whole number", "time since diagnosis", "months", 2, 600),
        CohortColumn("nephritis", "yes/no", "lupus nephritis at entry"),
        *(CohortColumn(m, "yes/no", f"takes {m.replace('_', ' ')} at entry") for m in MEDICINES),
        CohortColumn("dropout_day", "whole number", "last day of a patient who left early", "days", 1, 168, needed=False),
    ),
    "visits": (
        *_VISIT_KEYS,
        CohortColumn("published_visit", "yes/no", "whether the paper reports this week", origin="published"),
        CohortColumn("sledai", "whole number", "sum of the items in table sledai", "points", 0, 105),
        CohortColumn("pga", "number", "physician's global assessment, on its scale of 0 to 3", "", 0, 3),
        *_GRADES,
        CohortColumn("rescue", "yes/no", "rescue treatment by this visit: the SRI counts it as non-response", default=False),
        CohortColumn("prednisone_mg_day", "number", "daily prednisone", "mg/day", 0, 60),
    ),
    "sledai": (
        *_VISIT_KEYS,
        *(
            CohortColumn(item, "yes/no", f"{label} present ({weight} points)")
            for item, label, weight in SLEDAI_ITEMS[["id", "label", "weight"]].itertuples(index=False)
        ),
        CohortColumn("proteinuria_stable", "yes/no", "proteinuria since entry, not risen by more than 0.5 g since the last visit"),
    ),
    "bilag": (*_VISIT_KEYS, *_GRADES, CohortColumn("bilag_total", "whole number", "A=12, B=8, C=1, D=E=0", "points", 0, 108)),
    "labs": (
        *_VISIT_KEYS,
        CohortColumn("protein_24h_g", "number", "protein in 24-hour urine", "g/24 h", 0, 25),
        CohortColumn("c3_g_l", "number", "complement C3", "g/L", 0, 3),
        CohortColumn("anti_dsdna_iu_ml", "number", "antibodies to double-stranded DNA", "IU/mL", 0, 5001),
        CohortColumn("platelets_10e9_l", "number", "platelets", "10⁹/L", 0, 700),
        CohortColumn("wbc_10e9_l", "number", "white cells", "10⁹/L", 0, 30),
        CohortColumn("temperature_c", "number", "body temperature", "°C", 35, 42),
        CohortColumn("egfr_ml_min_173", "number", "estimated GFR; only in a replica", "mL/min/1.73 m²", 0, 250, optional=True),
        CohortColumn("ana_titre", "whole number", "antinuclear antibodies, last dilution that is positive, 1:n; only in a replica",
               "", 10, 20480, optional=True),
        CohortColumn("anti_nucleosome", "number", "antibodies to nucleosomes, unit not printed; only in a replica", "", 0, 5001,
               optional=True),
    ),
    "immune": (
        *_VISIT_KEYS,
        CohortColumn("treg_percent_cd4", "number", "regulatory T cells", "% of CD4 T cells", 0, 100),
        CohortColumn("nk_per_ul", "number", "natural killer cells", "cells/µL", 0, 10_000),
    ),
    "doses": (
        _PATIENT,
        _ARM,
        CohortColumn("cycle", "whole number", "dosing cycle", "", 1, 3, origin="published"),
        CohortColumn("injection", "whole number", "number of the injection", "", 1, 21, origin="published"),
        CohortColumn("day", "whole number", "days since the first injection", "days", 0, 168, origin="published"),
        CohortColumn("dose_miu", "number", "IL-2 given", "million IU", 0, 1, origin="published"),
    ),
    "adverse_events": (
        _PATIENT,
        _ARM,
        CohortColumn("event", "choice", "what happened", choices=EVENT_NAMES),
        CohortColumn("day", "whole number", "days since the first injection", "days", 0, 168),
        CohortColumn("infection", "yes/no", "whether it is an infection"),
        CohortColumn("serious", "yes/no", "whether it was serious"),
    ),
}  # fmt: skip

#: The tables with one row per patient and attended visit.
VISIT_TABLES = ("visits", "sledai", "bilag", "labs", "immune")


def columns_of(table: str, present: Container[str]) -> tuple[CohortColumn, ...]:
    """Return the columns a table must have, and the optional ones among those that are there."""
    return tuple(c for c in TABLES[table] if not c.optional or c.name in present)


def tidy(table: str, data: dict[str, object]) -> pd.DataFrame:
    """Build a table with the documented columns, order and types; ``data`` holds one array per column, and may hold more.

    A column with a default may be left out, and so may an optional one.
    """
    columns = columns_of(table, data)
    rows = len(data[columns[0].name])  # type: ignore[arg-type]
    filled = {c.name: np.full(rows, c.default) for c in columns if c.default is not None and c.name not in data}
    return pd.DataFrame({c.name: typed(c, (data | filled)[c.name]) for c in columns}, copy=False)


def typed(column: CohortColumn, values: object) -> object:
    """Give values the type of their column."""
    if column.name == "visit":
        return values
    if column.kind == "choice":
        return values if isinstance(values, pd.Categorical) else pd.Categorical(values, categories=list(column.choices))
    if column.kind == "whole number":
        return np.asarray(values, dtype=np.int64) if column.needed else pd.array(values, dtype="Int64")
    if column.kind == "text":
        return pd.array(values, dtype="str")
    return np.asarray(values, dtype=float if column.kind == "number" else bool)


def active_bilag(grades: pd.DataFrame) -> np.ndarray:
    """Whether each row has at least one BILAG A or two B, from its nine columns of grades."""
    letters = grades[[f"bilag_{s}" for s in BILAG_SYSTEMS]].astype(str)
    active: np.ndarray = ((letters == "A").any(axis=1) | ((letters == "B").sum(axis=1) >= 2)).to_numpy()
    return active


def data_dictionary() -> pd.DataFrame:
    """Document every column of every table; see :meth:`Cohort.data_dictionary`."""
    types = {"choice": "category", "whole number": "integer"}
    rows = [
        (table, c.name, types.get(c.kind, c.kind), c.unit, c.expected, c.origin, c.meaning)
        for table, columns in TABLES.items()
        for c in columns
    ]
    return pd.DataFrame(rows, columns=["table", "column", "type", "unit", "allowed", "origin", "meaning"])
