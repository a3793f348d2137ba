"""The columns of every table, written once in ``data/columns.csv``: dictionary, schema and reader all come from here."""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.columns import Column
from lupus_kit.endpoints import BILAG_SYSTEMS

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
#: Events of Table 3 that count as infections, and those that were serious there.
INFECTIONS = frozenset({"upper respiratory infection", "herpes zoster", "pneumonia"})
SERIOUS = frozenset({"herpes zoster", "pneumonia", "NPSLE"})
INJECTION = "injection site reaction"
MEDICINES = ("hydroxychloroquine", "cyclophosphamide", "azathioprine", "cyclosporine", "mycophenolate_mofetil",
             "tacrolimus", "leflunomide", "thalidomide", "methotrexate")  # fmt: skip

_DATA = Path(__file__).with_name("data")
_findings = pd.read_csv(_DATA / "findings.csv", keep_default_na=False)

#: Which descriptors show activity of a BILAG system. The gut has none.
SYSTEM_ITEMS: dict[str, tuple[str, ...]] = {
    str(system): tuple(found[found != "gut"]) for system, found in _findings.groupby("system", sort=False)["finding"]
}
#: BILAG-2004 items behind a descriptor (or the gut): of a mild, a moderate and a severe finding. The kidney and the blood are
#: graded from their values.
BILAG_ITEMS_OF: dict[str, tuple[str, ...]] = {
    row[1]: row[2:] for row in _findings.itertuples(index=False, name=None) if row[2]
}
#: The items themselves, each once.
RECORDED_ITEMS: tuple[str, ...] = tuple(dict.fromkeys(item for items in BILAG_ITEMS_OF.values() for item in items))


def _column(row: Any) -> CohortColumn:
    low, high = float(row.low or -np.inf), float(row.high or np.inf)
    return CohortColumn(
        row.name, row.kind, row.meaning, row.unit, low, high, tuple(filter(None, row.choices.split("; "))),
        needed=row.needed == "yes", levels=row.levels, origin=row.origin, default=False if row.default else None,
        optional=row.optional == "yes",
    )  # fmt: skip


#: The columns of every table, in their order.
TABLES: dict[str, tuple[CohortColumn, ...]] = {
    str(table): tuple(_column(row) for row in rows.itertuples(index=False))
    for table, rows in pd.read_csv(_DATA / "columns.csv", dtype=str, keep_default_na=False).groupby("table", sort=False)
}
EVENT_NAMES = next(column.choices for column in TABLES["adverse_events"] if column.name == "event")

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
    if column.kind == "text" or (column.kind == "whole number" and not column.needed):
        return pd.array(values, dtype="str" if column.kind == "text" else "Int64")
    whole = np.int8 if column.levels else np.int64
    return np.asarray(values, dtype={"number": float, "yes/no": bool}.get(column.kind, whole))


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
