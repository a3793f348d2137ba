"""The columns of a visit file: names, forgiving synonyms, kinds and allowed values, in one place."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.core.columns import Column, fold
from lupus_kit.endpoints.bilag.grades import BILAG_SYSTEMS, GRADES
from lupus_kit.endpoints.bilag.items import ITEMS as BILAG_FORM
from lupus_kit.endpoints.sledai.findings import SLEDAI_FINDINGS
from lupus_kit.endpoints.sledai.items import ITEM_IDS, ITEMS
from lupus_kit.endpoints.visits.units import AS_ITS_LIMIT, FORM_UNITS, UNITS, unit_columns


@dataclass(frozen=True)
class VisitColumn(Column):
    """One column of a visit file.

    Attributes
    ----------
    used_for : str
        What reads the column.
    """

    used_for: str = "every endpoint"


_DATA = Path(__file__).with_name("data")
_LEVELS = "0 absent, 1 improving, 2 same, 3 worse, 4 new"


def _split(synonyms: object) -> tuple[str, ...]:
    return tuple(filter(None, str(synonyms).split("; ")))


def _own() -> Iterator[VisitColumn]:
    """Yield the columns of the file itself: keys, scores, grades, events."""
    table = pd.read_csv(_DATA / "file_columns.csv")
    for row in table.fillna({"unit": "", "low": -np.inf, "high": np.inf, "synonyms": ""}).itertuples():
        choices = GRADES if row.kind == "choice" else ()
        yield VisitColumn(row.name, row.kind, row.meaning, row.unit, row.low, row.high, choices,
            synonyms=_split(row.synonyms), used_for=row.used_for)  # fmt: skip


# fmt: off
def _findings() -> Iterator[VisitColumn]:
    labels = {item.id: item.label for item in ITEMS}
    others = pd.read_csv(_DATA / "finding_synonyms.csv", index_col="column")["synonyms"]
    kinds = {"count": "whole number", "number": "number", "yes/no": "yes/no"}
    for row in SLEDAI_FINDINGS.itertuples():
        name, unit = str(row.column), "" if str(row.unit).startswith("as ") else str(row.unit)
        synonyms = (f"sledai {name}", *([labels[name]] if name in labels else []), *_split(others.get(name, "")))
        yield VisitColumn(name, kinds[str(row.kind)], str(row.meaning), unit, float(row.low), float(row.high),
            used_for="SLEDAI", synonyms=synonyms)
    for item in ITEM_IDS:
        yield VisitColumn(f"{item}_improved50", "yes/no", "Improved by half or more since baseline.", used_for="SRI-50")
        yield VisitColumn(f"{item}_improvement_percent", "number", "Improvement since baseline; below 0 is worse.", "%",
            -10_000, 100, used_for="SRI-50")


def _bilag_items(taken: set[str]) -> Iterator[VisitColumn]:
    column = partial(VisitColumn, used_for="BILAG-2004 from items")
    for item in BILAG_FORM:
        scale = item.kind == "0-4"
        # Item 50 shares its name with a finding of SLEDAI; measured values that both indices read are one column.
        name = f"bilag_item_{item.id}" if item.id in taken and scale else item.id
        if name not in taken:
            yield column(name, "whole number" if scale else item.kind, f"Item {item.number}: {item.label}.", item.unit,
                item.low, item.high, levels=_LEVELS if scale else "",
                synonyms=(f"bilag {item.number}", f"bilag item {item.number}"))
        if item.kind == "number" and f"{item.id}_previous" not in taken:
            yield column(f"{item.id}_previous", "number",
                f"Item {item.number} at the visit before; otherwise taken from the file.", item.unit, item.low, item.high)
        if item.kind == "number":
            yield column(f"{item.id}_due_to_sle", "yes/no",
                f"Item {item.number} is due to lupus; a no takes its value out of the rules.")
    for system in BILAG_SYSTEMS:
        yield column(f"{system}_before", "yes/no", f"{system} involved at some time before.")


def _in_units() -> Iterator[VisitColumn]:
    """Yield the measured columns that name their unit."""
    rows = UNITS.set_index("column")
    for name, unit, synonyms in unit_columns((*FORM_UNITS, *AS_ITS_LIMIT)):
        row = rows.loc[unit]
        yield VisitColumn(name, "number", f"{row.quantity}, in {row.unit}.", str(row.unit), float(row.low), float(row.high),
            used_for="SLEDAI, BILAG-2004 and renal response, measured with the unit in the name", synonyms=synonyms)
# fmt: on


_FIRST = (*_own(), *_findings())
_FORMS = (*_FIRST, *_bilag_items({column.name for column in _FIRST}))
BY_NAME: dict[str, VisitColumn] = {column.name: column for column in (*_FORMS, *_in_units())}
COLUMNS: tuple[VisitColumn, ...] = tuple(BY_NAME.values())

#: Every column of a visit file: ``name kind allowed used_for meaning synonyms``.
VISIT_FILE_COLUMNS: pd.DataFrame = pd.DataFrame(
    [(c.name, c.kind, c.allowed, c.used_for, c.meaning, ", ".join(c.synonyms)) for c in COLUMNS],
    columns=["name", "kind", "allowed", "used_for", "meaning", "synonyms"],
)

#: The column of each name and synonym; a name goes before a synonym, an earlier column before a later one.
BY_FOLDED: dict[str, VisitColumn] = {
    fold(name): column for column in reversed(COLUMNS) for name in reversed(column.synonyms)
} | {fold(column.name): column for column in reversed(COLUMNS)}
