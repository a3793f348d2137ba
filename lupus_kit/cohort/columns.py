"""The columns of every table, written once: the dictionary, the schema and the reader all come from here."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS


@dataclass(frozen=True)
class Column:
    """One column: name, kind (text, whole, number, flag or a tuple of allowed texts), range and meaning."""

    name: str
    kind: str
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    nullable: bool = False
    default: object = None
    origin: str = "invented"
    optional: bool = False

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.kind == "flag":
            text = "True, False"
        elif self.choices:
            text = ", ".join(self.choices)
        elif self.kind == "text":
            text = "any text"
        else:
            text = f"{'whole number' if self.kind == 'whole' else 'number'} from {self.low:g} to {self.high:g}"
        return text + (", or empty" if self.nullable else "")


ARMS = ("IL-2", "placebo")
GRADES = ("A", "B", "C", "D", "E")
EVENT_NAMES = (
    "injection site reaction",
    "fever",
    "flu-like symptoms",
    "upper respiratory infection",
    "herpes zoster",
    "pneumonia",
    "NPSLE",
)
#: Events of Table 3 that count as infections, and those that were serious there.
INFECTIONS = frozenset({"upper respiratory infection", "herpes zoster", "pneumonia"})
SERIOUS = frozenset({"herpes zoster", "pneumonia", "NPSLE"})
INJECTION = "injection site reaction"
MEDICINES = (
    "hydroxychloroquine",
    "cyclophosphamide",
    "azathioprine",
    "cyclosporine",
    "mycophenolate_mofetil",
    "tacrolimus",
    "leflunomide",
    "thalidomide",
    "methotrexate",
)

_PATIENT = Column("patient", "text", "identifier")
_ARM = Column("arm", "choice", "allocated arm", choices=ARMS, origin="published design, invented allocation")
_WEEK = Column("week", "whole", "weeks since the first injection", "weeks", 0, 24)
_VISIT = Column("visit", "text", "name of the visit")
_VISIT_KEYS = (_PATIENT, _ARM, _VISIT, _WEEK)
_GRADES = tuple(Column(f"bilag_{s}", "choice", f"simplified BILAG grade, {s}", choices=GRADES) for s in BILAG_SYSTEMS)

TABLES: dict[str, tuple[Column, ...]] = {
    "patients": (
        _PATIENT,
        _ARM,
        Column("age_years", "number", "age at entry", "years", 18, 65),
        Column("sex", "choice", "sex", choices=("female", "male")),
        Column("weight_kg", "number", "body weight", "kg", 30, 150),
        Column("height_cm", "number", "height", "cm", 130, 210),
        Column("bsa_m2", "number", "body surface area, square root of height × weight / 3600 (Mosteller)", "m²", 1, 3),
        Column("disease_duration_months", "whole", "time since diagnosis", "months", 2, 600),
        Column("nephritis", "flag", "lupus nephritis at entry"),
        *(Column(m, "flag", f"takes {m.replace('_', ' ')} at entry") for m in MEDICINES),
        Column("dropout_day", "whole", "last day of a patient who left early", "days", 1, 168, nullable=True),
    ),
    "visits": (
        *_VISIT_KEYS,
        Column("published_visit", "flag", "whether the paper reports this week", origin="published"),
        Column("sledai", "whole", "sum of the items in table sledai", "points", 0, 105),
        Column("pga", "number", "physician's global assessment", "0 to 3", 0, 3),
        *_GRADES,
        Column("rescue", "flag", "rescue treatment by this visit: the SRI counts it as non-response", default=False),
        Column("prednisone_mg_day", "number", "daily prednisone", "mg/day", 0, 60),
    ),
    "sledai": (
        *_VISIT_KEYS,
        *(
            Column(item, "flag", f"{label} present ({weight} points)")
            for item, label, weight in SLEDAI_ITEMS[["id", "label", "weight"]].itertuples(index=False)
        ),
        Column("proteinuria_stable", "flag", "proteinuria since entry, not risen by more than 0.5 g since the last visit"),
    ),
    "bilag": (*_VISIT_KEYS, *_GRADES, Column("bilag_total", "whole", "A=12, B=8, C=1, D=E=0", "points", 0, 108)),
    "labs": (
        *_VISIT_KEYS,
        Column("protein_24h_g", "number", "protein in 24-hour urine", "g/24 h", 0, 25),
        Column("c3_g_l", "number", "complement C3", "g/L", 0, 3),
        Column("anti_dsdna_iu_ml", "number", "antibodies to double-stranded DNA", "IU/mL", 0, 5001),
        Column("platelets_10e9_l", "number", "platelets", "10⁹/L", 0, 700),
        Column("wbc_10e9_l", "number", "white cells", "10⁹/L", 0, 30),
        Column("temperature_c", "number", "body temperature", "°C", 35, 42),
        Column("ana_titre", "whole", "antinuclear antibodies, last dilution that is positive, 1:n; only in a replica",
               "", 10, 20480, optional=True),
        Column("anti_nucleosome", "number", "antibodies to nucleosomes, unit not printed; only in a replica", "", 0, 5001,
               optional=True),
    ),
    "immune": (
        *_VISIT_KEYS,
        Column("treg_percent_cd4", "number", "regulatory T cells", "% of CD4 T cells", 0, 100),
        Column("nk_per_ul", "number", "natural killer cells", "cells/µL", 0, 10_000),
    ),
    "doses": (
        _PATIENT,
        _ARM,
        Column("cycle", "whole", "dosing cycle", "", 1, 3, origin="published"),
        Column("injection", "whole", "number of the injection", "", 1, 21, origin="published"),
        Column("day", "whole", "days since the first injection", "days", 0, 168, origin="published"),
        Column("dose_miu", "number", "IL-2 given", "million IU", 0, 1, origin="published"),
    ),
    "adverse_events": (
        _PATIENT,
        _ARM,
        Column("event", "choice", "what happened", choices=EVENT_NAMES),
        Column("day", "whole", "days since the first injection", "days", 0, 168),
        Column("infection", "flag", "whether it is an infection"),
        Column("serious", "flag", "whether it was serious"),
    ),
}  # fmt: skip


def columns_of(table: str, present: Container[str]) -> tuple[Column, ...]:
    """Return the columns a table must have, and the optional ones among those that are there."""
    return tuple(c for c in TABLES[table] if not c.optional or c.name in present)


def tidy(table: str, data: dict[str, object]) -> pd.DataFrame:
    """Build a table with the documented columns, order and types; ``data`` holds one array per column.

    A column with a default may be left out, and so may an optional one.
    """
    columns = columns_of(table, data)
    rows = len(data[columns[0].name])  # type: ignore[arg-type]
    filled = {c.name: np.full(rows, c.default) for c in columns if c.default is not None and c.name not in data}
    return pd.DataFrame({c.name: typed(c, (data | filled)[c.name]) for c in columns}, copy=False)


def typed(column: Column, values: object) -> object:
    """Give values the type of their column."""
    if column.name == "visit":
        return values
    if column.choices:
        return values if isinstance(values, pd.Categorical) else pd.Categorical(values, categories=list(column.choices))
    if column.kind == "whole":
        return pd.array(values, dtype="Int64") if column.nullable else np.asarray(values, dtype=np.int64)
    if column.kind == "number":
        return np.asarray(values, dtype=float)
    return np.asarray(values, dtype=bool) if column.kind == "flag" else pd.array(values, dtype="str")


def data_dictionary() -> pd.DataFrame:
    """Document every column of every table; see :meth:`Cohort.data_dictionary`."""
    types = {"text": "text", "choice": "category", "whole": "integer", "number": "number", "flag": "yes/no"}
    rows = [
        (table, c.name, types[c.kind], c.unit, c.allowed, c.origin, c.meaning)
        for table, columns in TABLES.items()
        for c in columns
    ]
    return pd.DataFrame(rows, columns=["table", "column", "type", "unit", "allowed", "origin", "meaning"])
