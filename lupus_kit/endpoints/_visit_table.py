"""A tidy visit table, checked and laid out as patients × visits, so that every clause is one array operation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit._errors import InputError
from lupus_kit.endpoints._cells import BadCells, flags, numbers, require_columns, require_frame
from lupus_kit.endpoints.bilag_grades import GRADE_COLUMNS, read_grades

KEYS = ("patient", "visit", "week")


@dataclass(frozen=True)
class VisitGrid:
    """Arrays of shape (patients, visits); visit 0 is baseline. A visit that was not made holds missing values."""

    patients: pd.Index
    visit_names: np.ndarray
    weeks: np.ndarray
    made: np.ndarray
    sledai: np.ndarray
    pga: np.ndarray
    grades: np.ndarray
    arms: np.ndarray | None
    rescue: np.ndarray | None


def _patient_codes(visits: pd.DataFrame) -> tuple[np.ndarray, pd.Index]:
    if visits["patient"].isna().any():
        row = visits.index[visits["patient"].isna()][0]
        raise InputError(f"row {row}, column 'patient' is empty: every row needs a patient.")
    cells = visits["patient"]
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    try:
        found, names = pd.factorize(cells, sort=True)
    except TypeError:
        raise InputError("column 'patient' mixes numbers and text: use one kind of identifier.") from None
    return found, pd.Index(names, name="patient")


def _week_codes(visits: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return week codes, sorted weeks and their visit names; one week has one name and the other way round."""
    problems = BadCells("the visit table")
    weeks = numbers(visits, "week", problems, 0, 10_000, whole=False)
    problems.add(visits, "week", np.isnan(weeks) & visits["week"].isna().to_numpy(), "a number, 0 for baseline")
    problems.add(visits, "visit", visits["visit"].isna().to_numpy(), "a visit name")
    problems.raise_if_any()
    unique, found = np.unique(weeks, return_inverse=True)
    if unique[0] != 0 or len(unique) < 2:
        raise InputError(
            f"visits has the week(s) {', '.join(f'{w:g}' for w in unique)}: SRI compares with baseline, so the table "
            "needs week 0 and at least one later week."
        )
    name_codes, names = pd.factorize(visits["visit"].astype(object))
    pairs = np.unique(np.column_stack([found, name_codes]), axis=0)
    if len(pairs) != len(unique) or len(pairs) != len(names):
        raise InputError(
            "columns 'visit' and 'week' disagree: each visit name must have one week, and each week one name."
        )
    return found, unique, np.asarray(names, dtype=object)[pairs[:, 1]]


def _patient_arms(visits: pd.DataFrame, patients: np.ndarray, n: int) -> np.ndarray | None:
    if "arm" not in visits.columns:
        return None
    found, names = pd.factorize(visits["arm"].astype(object))
    given = found >= 0
    arms = np.full(n, -1)
    arms[patients[given]] = found[given]
    clash = given & (arms[patients] != found)
    if clash.any():
        who = visits["patient"].to_numpy()[clash][0]
        raise InputError(
            f"patient {who!r} appears in more than one arm: an arm belongs to the patient, not to the visit."
        )
    labels = np.array([*names, None], dtype=object)  # position -1 is a patient without an arm
    return labels[arms]


def like(values: np.ndarray, column: pd.Series) -> object:
    """Give labels the categories of the column they came from, so that plots keep their order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.Categorical(values, dtype=column.dtype)
    return values


def read_visits(visits: pd.DataFrame) -> VisitGrid:
    """Check a tidy visit table and lay it out as patients × visits."""
    require_columns(require_frame(visits, "visits"), [*KEYS, "sledai", "pga", *GRADE_COLUMNS], "visits")
    if not len(visits):
        raise InputError("visits has no rows.")
    patient, names = _patient_codes(visits)
    week, weeks, visit_names = _week_codes(visits)
    cell = patient * len(weeks) + week
    if len(np.unique(cell)) != len(cell):
        twice = visits[KEYS[0]].to_numpy()[pd.Series(cell).duplicated().to_numpy()][0]
        raise InputError(f"patient {twice!r} has two rows for the same visit: keep one row per patient and visit.")
    problems = BadCells("the visit table")
    sledai = numbers(visits, "sledai", problems, 0, 105, whole=True)
    pga = numbers(visits, "pga", problems, 0, 3, whole=False)
    grades = read_grades(visits, problems)
    rescue = flags(visits, "rescue", problems) if "rescue" in visits.columns else None
    problems.raise_if_any()
    shape = (len(names), len(weeks))

    def spread(values: np.ndarray, empty: float) -> np.ndarray:
        full = np.full((shape[0] * shape[1], *values.shape[1:]), empty, dtype=values.dtype)
        full[cell] = values
        return full.reshape(*shape, *values.shape[1:])

    return VisitGrid(
        patients=names,
        visit_names=visit_names,
        weeks=weeks,
        made=spread(np.ones(len(cell), dtype=bool), False),
        sledai=spread(sledai, np.nan),
        pga=spread(np.rint(pga * 100), np.nan),  # hundredths: the 0.30 boundary is decided in whole numbers
        grades=spread(grades, 5),
        arms=_patient_arms(visits, patient, len(names)),
        rescue=None if rescue is None else spread(rescue, -1),
    )
