"""pandera schemas of the tables, and the checks that tables agree with each other."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.cohort.columns import TABLES, CohortColumn
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.core.errors import InputError
from lupus_kit.core.problems import BadCells, Problems, raise_together
from lupus_kit.endpoints import BILAG_SYSTEMS, bilag_total, sledai

#: The version of SLEDAI of a cohort that was not made from assumptions: the footnote of Table 2 names SELENA-SLEDAI.
REPLICA_SLEDAI = "SELENA"


def _keys(table: str) -> list[str]:
    own = {"patients": ["patient"], "doses": ["patient", "injection"], "adverse_events": ["patient", "event"]}
    return own.get(table, ["patient", "week"])


def _pandera_column(column: CohortColumn) -> Any:
    import pandera.pandas as pa

    checks = [pa.Check.isin(list(column.choices))] if column.choices else []
    if np.isfinite(column.low):
        checks.append(pa.Check.in_range(column.low, column.high))
    whole = ("int8" if column.levels else "int64") if column.needed else "Int64"
    types = {"whole number": whole, "number": "float64", "yes/no": "bool"}
    return pa.Column(types.get(column.kind), checks, nullable=not column.needed, required=not column.optional)


@cache
def schema(table: str) -> Any:
    """Return the pandera schema of one table."""
    import pandera.pandas as pa

    columns = {column.name: _pandera_column(column) for column in TABLES[table]}
    return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=_keys(table), name=table)


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
        expected = {column.name: column.expected for column in TABLES[table]}
        problems = Problems(where)
        for case in errors.failure_cases.drop_duplicates(["index", "column"]).itertuples(index=False):
            row = "" if pd.isna(case.index) else f"row {int(case.index) + first_row}, "
            line = f"{row}column {case.column!r}: {case.failure_case!r}"
            if str(case.check).startswith("multiple_fields_uniqueness"):
                problems.note(f"{line} is there twice", "twice")
            elif case.column in expected and row:
                allowed = expected[case.column]
                problems.note(f"{line} is not allowed ({allowed})", allowed, repr(case.column))
            else:
                problems.note(f"{case.check}: {case.failure_case!r} in {case.column!r}")
        problems.raise_if_any()


def check_rows(table: str, frame: pd.DataFrame, where: str, first_row: int) -> None:
    """Raise where rows are there twice: all that its schema asks beyond the reading of each column."""
    if frame.duplicated(_keys(table)).any():
        check_schema(table, frame, where, first_row)


def check_tables(tables: Mapping[str, pd.DataFrame], a: Assumptions | None, name: str, first_row: int) -> None:
    """Check every table against its schema, then the tables against each other."""
    for table, frame in tables.items():
        check_schema(table, frame, name.format(table), first_row)
    check_agreement(tables, a, name, first_row)


def check_agreement(tables: Mapping[str, pd.DataFrame], a: Assumptions | None, name: str, first_row: int) -> None:
    """Check what must hold between tables; ``name`` is a format string that turns a table name into a place."""
    numbered = {t: frame.set_axis(pd.RangeIndex(first_row, first_row + len(frame))) for t, frame in tables.items()}
    problems = {table: BadCells(name.format(table)) for table in tables}
    patients, visits = numbered["patients"], numbered["visits"]
    people = pd.Index(patients["patient"])
    until = patients["dropout_day"].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    arms = patients["arm"].cat.codes.to_numpy()
    for table, frame in numbered.items():
        position = people.get_indexer(frame["patient"])
        known = position >= 0
        bad = problems[table]
        bad.add(frame, "patient", ~known, "this patient is not in the table of patients")
        other = arms[position] != frame["arm"].cat.codes.to_numpy()
        bad.add(frame, "arm", known & other, "not the arm of this patient")
        when = "day" if "day" in frame else "week"
        if when in frame:
            day = frame[when].to_numpy() * (1 if when == "day" else 7)
            bad.add(frame, when, known & (day > until[position]), "after the patient dropped out")
    raise_together(*problems.values())
    for table in ("sledai", "bilag", "labs", "immune"):
        if not numbered[table][["patient", "week"]].equals(visits[["patient", "week"]]):
            here = name.format(table)
            raise InputError(f"{here}: its patients and weeks are not those of {name.format('visits')}.")
    _check_scores(numbered, a, name, problems)
    _check_rescue(visits, people.get_indexer(visits["patient"]), problems["visits"])
    raise_together(*problems.values())


def _check_rescue(visits: pd.DataFrame, position: np.ndarray, problems: BadCells) -> None:
    """Rescue comes after entry, and stays on record."""
    rescue, week = visits["rescue"].to_numpy(), visits["week"].to_numpy()
    problems.add(visits, "rescue", rescue & (week == 0), "there is no rescue at entry")
    order = np.lexsort((week, position))
    same = np.diff(position[order]) == 0
    lost = np.zeros(len(visits), dtype=bool)
    lost[order[1:]] = same & rescue[order[:-1]] & ~rescue[order[1:]]
    problems.add(visits, "rescue", lost, "rescue at an earlier visit is not recorded any more")


def _check_scores(
    tables: Mapping[str, pd.DataFrame], a: Assumptions | None, name: str, problems: Mapping[str, BadCells]
) -> None:
    """Totals are the sums of their items, and the two tables with grades agree."""
    visits, bilag = tables["visits"], tables["bilag"]
    total = sledai(tables["sledai"], version=a.sledai_version if a else REPLICA_SLEDAI).to_numpy(dtype=np.int64)
    problems["visits"].add(visits, "sledai", visits["sledai"].to_numpy() != total, "not the sum of the items")
    for system in BILAG_SYSTEMS:
        grade = f"bilag_{system}"
        differ = visits[grade].cat.codes.to_numpy() != bilag[grade].cat.codes.to_numpy()
        problems["visits"].add(visits, grade, differ, f"not the grade in {name.format('bilag')}")
    points = bilag_total(bilag).to_numpy(dtype=np.int64)
    wrong = points != bilag["bilag_total"].to_numpy()
    problems["bilag"].add(bilag, "bilag_total", wrong, "not the total of the nine grades")
