"""The keys of a tidy visit table: which patient, which visit, which week, which arm. Every rule reads them here."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, is_missing, numbers, require_columns
from lupus_kit.core.errors import InputError
from lupus_kit.core.text import listing

KEYS = ("patient", "visit", "week")

#: Columns that say who and when, and nothing of what was found.
WHO_AND_WHEN = (*KEYS, "day", "arm")


def recorded_rows(visits: pd.DataFrame) -> np.ndarray:
    """Tell in which rows anything is recorded beside who and when."""
    return np.asarray(visits.drop(columns=list(WHO_AND_WHEN), errors="ignore").notna().any(axis=1))


@dataclass(frozen=True)
class Keys:
    """Checked keys, one entry per row of the table.

    Attributes
    ----------
    patient : numpy.ndarray of int
        Position in `patients`.
    week : numpy.ndarray of int
        Position in `weeks`.
    patients : pandas.Index
        Sorted names.
    weeks : numpy.ndarray of float
        Sorted weeks.
    """

    patient: np.ndarray
    week: np.ndarray
    patients: pd.Index
    weeks: np.ndarray


def plain_keys(visits: pd.DataFrame) -> pd.DataFrame:
    """Return the table with patients, visits and arms as a file would give them: no spaces around, no word for missing."""
    columns = [visits[name] for name in ("patient", "visit", "arm") if name in visits]
    changed = {str(cells.name): plain for cells in columns if (plain := _plain_texts(cells)) is not None}
    return visits.assign(**changed) if changed else visits


def _plain_texts(cells: pd.Series) -> np.ndarray | None:
    """Strip texts and empty those that mean missing; None where nothing changes."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return None
    try:
        codes, distinct = pd.factorize(cells)
    except TypeError:
        raise InputError(f"column {cells.name!r} holds lists or the like: use one text or number a cell.") from None
    written = np.asarray(distinct, dtype=object).tolist()
    plain = [None if is_missing(cell) else cell.strip() if isinstance(cell, str) else cell for cell in written]
    if plain == written:
        return None
    return np.asarray(np.array([*plain, None], dtype=object)[codes])


def read_keys(visits: pd.DataFrame, problems: BadCells) -> Keys:
    """Read patient and week; raise for bad cells, these and those already noted, and for two rows of one visit."""
    if not len(visits):
        raise InputError("visits has no rows.")
    week = numbers(visits, "week", problems, 0, 10_000, whole=False, needed=True)
    for name, allowed in (("patient", "every row needs a patient"), ("visit", "every row needs a visit name")):
        problems.add(visits, name, visits[name].isna().to_numpy(), allowed)
    problems.raise_if_any()
    cells = visits["patient"]
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    try:
        patient, patients = pd.factorize(cells, sort=True)
    except TypeError:
        raise InputError("column 'patient' mixes numbers and text: use one kind of identifier.") from None
    found, unsorted = pd.factorize(week)
    order = np.argsort(unsorted)
    keys = Keys(patient, np.argsort(order)[found], pd.Index(patients, name="patient"), unsorted[order])
    cell = keys.patient * len(keys.weeks) + keys.week
    twice = np.flatnonzero(np.bincount(cell) > 1)
    who, when = divmod(twice, len(keys.weeks))
    refuse_doubled(keys.patients[who], keys.weeks[when])
    return keys


def refuse_doubled(patients: Iterable[object], weeks: Iterable[float]) -> None:
    """Raise where there are visits with two rows: their patients and weeks."""
    if listed := listing(f"patient {who!r} at week {when:g}" for who, when in zip(patients, weeks, strict=True)):
        raise InputError(f"two rows for the same visit: {listed}. Keep one row per patient and visit.")


def read_arms(visits: pd.DataFrame, keys: Keys) -> np.ndarray | None:
    """Return the arm of each patient (None where it is not given), or None where the table has no arms."""
    if "arm" not in visits.columns:
        return None
    found, names = pd.factorize(visits["arm"])
    given = found >= 0
    arms = np.full(len(keys.patients), -1)
    arms[keys.patient[given]] = found[given]
    clash = np.unique(keys.patient[given & (arms[keys.patient] != found)])
    if len(clash):
        listed = listing(repr(keys.patients[p]) for p in clash)
        raise InputError(f"in more than one arm: patient {listed}. An arm belongs to the patient, not to the visit.")
    return np.array([*names, None], dtype=object).take(arms)  # position -1 is a patient without an arm


def at_week(table: pd.DataFrame, week: float | None, has: str) -> pd.DataFrame:
    """Return the rows of one week, all where it is None; raise where there are none, with the weeks that the table has."""
    if week is None:
        return table
    require_columns(table, ["week"], has.split()[1])
    rows = table[table["week"] == week]
    if rows.empty:
        weeks = ", ".join(f"{w:g}" for w in sorted(table["week"].unique()))
        raise InputError(f"week == {week!r}: {has} only week(s) {weeks}.")
    return rows
