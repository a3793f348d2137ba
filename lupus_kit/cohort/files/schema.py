"""pandera schemas of the tables, and the checks that tables agree with each other."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.cohort.columns import TABLES, Column
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import BILAG_SYSTEMS, bilag_total, sledai

_SHOWN = 8
_UNKNOWN_PATIENT = "this patient is not in the table of patients"

#: The version of SLEDAI of a cohort that was not made from assumptions: the footnote of Table 2 names SELENA-SLEDAI.
REPLICA_SLEDAI = "SELENA"


def _pandera_column(column: Column) -> Any:
    import pandera.pandas as pa

    checks = []
    if column.low is not None:
        checks.append(pa.Check.in_range(column.low, column.high))
    if column.choices:
        checks.append(pa.Check.isin(list(column.choices)))
    dtype = {"whole": "Int64" if column.nullable else "int64", "number": "float64", "flag": "bool"}.get(column.kind)
    return pa.Column(dtype, checks=checks, nullable=column.nullable, required=not column.optional)


@cache
def schema(table: str) -> Any:
    """Return the pandera schema of one table."""
    import pandera.pandas as pa

    keys = {
        "patients": ["patient"],
        "doses": ["patient", "injection"],
        "adverse_events": ["patient", "event"],
    }.get(table, ["patient", "week"])
    columns = {c.name: _pandera_column(c) for c in TABLES[table]}
    return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=keys, name=table)


def check_schema(table: str, frame: pd.DataFrame, where: str, first_row: int) -> None:
    """Raise :class:`InputError` that names row and column where a table breaks its schema.

    Parameters
    ----------
    table : str
        Name of the table.
    frame : pandas.DataFrame
        The table, index 0 to n - 1.
    where : str
        How the message calls it: a file or a table.
    first_row : int
        Number of the first data row as the reader sees it (2 in a file with a header).
    """
    import pandera.errors

    try:
        schema(table).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        raise InputError(_explain(table, errors.failure_cases, where, first_row)) from None


def _explain(table: str, cases: pd.DataFrame, where: str, first_row: int) -> str:
    allowed = {c.name: c.allowed for c in TABLES[table]}
    lines = []
    for case in cases.drop_duplicates(["index", "column"]).head(_SHOWN).itertuples(index=False):
        row = "" if pd.isna(case.index) else f", row {int(case.index) + first_row}"
        if str(case.check).startswith("multiple_fields_uniqueness"):
            lines.append(f"{where}{row}, column {case.column!r}: {case.failure_case!r} is there twice")
        elif case.column in allowed and row:
            lines.append(
                f"{where}{row}, column {case.column!r}: {case.failure_case!r} is not allowed ({allowed[case.column]})"
            )
        else:
            lines.append(f"{where}, {case.check}: {case.failure_case!r} in {case.column!r}")
    more = f"\n... and {len(cases) - len(lines)} more" if len(cases) > len(lines) else ""
    return "\n".join(lines) + more


def _refuse(bad: np.ndarray, where: str, first_row: int, column: str, why: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        more = f" and {len(rows) - 1} more row(s)" if len(rows) > 1 else ""
        raise InputError(f"{where}, row {rows[0] + first_row}{more}, column {column!r}: {why}")


def check_agreement(tables: dict[str, pd.DataFrame], a: Assumptions | None, name: str, first_row: int) -> None:
    """Check what must hold between tables; ``name`` is a format string that turns a table name into a place."""
    patients, visits = tables["patients"], tables["visits"]
    people = pd.Index(patients["patient"])
    until = patients["dropout_day"].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    arms = patients["arm"].cat.codes.to_numpy()
    at_visits = people.get_indexer(visits["patient"])
    for table, frame in tables.items():
        if table == "patients":
            continue
        here = name.format(table)
        position = at_visits
        if "week" not in frame:
            position = people.get_indexer(frame["patient"])
        elif table != "visits" and not (
            frame["patient"].equals(visits["patient"]) and frame["week"].equals(visits["week"])
        ):
            # An unknown patient is the plainer thing to say.
            unknown = people.get_indexer(frame["patient"]) < 0
            _refuse(unknown, here, first_row, "patient", _UNKNOWN_PATIENT)
            raise InputError(f"{here}: its patients and weeks are not those of {name.format('visits')}.")
        _refuse(position < 0, here, first_row, "patient", _UNKNOWN_PATIENT)
        wrong_arm = arms[position] != frame["arm"].cat.codes.to_numpy()
        _refuse(wrong_arm, here, first_row, "arm", "not the arm of this patient")
        day = frame["day"].to_numpy() if "day" in frame else 7 * frame["week"].to_numpy()
        late = day > until[position]
        _refuse(late, here, first_row, "day" if "day" in frame else "week", "after the patient dropped out")
    _check_scores(tables, a, name, first_row)
    _check_rescue(visits, at_visits, name.format("visits"), first_row)


def _check_rescue(visits: pd.DataFrame, position: np.ndarray, where: str, first_row: int) -> None:
    """Rescue comes after entry, and stays on record."""
    rescue, week = visits["rescue"].to_numpy(), visits["week"].to_numpy()
    _refuse(rescue & (week == 0), where, first_row, "rescue", "there is no rescue at entry")
    order = np.lexsort((week, position))
    same = np.diff(position[order]) == 0
    lost = np.zeros(len(visits), dtype=bool)
    lost[order[1:]] = same & rescue[order[:-1]] & ~rescue[order[1:]]
    _refuse(lost, where, first_row, "rescue", "rescue at an earlier visit is not recorded any more")


def _check_scores(tables: dict[str, pd.DataFrame], a: Assumptions | None, name: str, first_row: int) -> None:
    """Totals are the sums of their items, and the two tables with grades agree."""
    visits = tables["visits"]
    total = sledai(tables["sledai"], version=a.sledai_version if a else REPLICA_SLEDAI).to_numpy(dtype=np.int64)
    _refuse(
        visits["sledai"].to_numpy() != total, name.format("visits"), first_row, "sledai", "not the sum of the items"
    )
    for system in BILAG_SYSTEMS:
        c = f"bilag_{system}"
        differ = visits[c].cat.codes.to_numpy() != tables["bilag"][c].cat.codes.to_numpy()
        _refuse(differ, name.format("visits"), first_row, c, f"not the grade in {name.format('bilag')}")
    points = bilag_total(tables["bilag"]).to_numpy(dtype=np.int64)
    wrong = points != tables["bilag"]["bilag_total"].to_numpy()
    _refuse(wrong, name.format("bilag"), first_row, "bilag_total", "not the total of the nine grades")
