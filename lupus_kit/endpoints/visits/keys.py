"""The keys of a tidy visit table: which patient, which visit, which week, which arm. Every rule reads them here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, numbers
from lupus_kit.core.errors import InputError

KEYS = ("patient", "visit", "week")

#: How many names one message lists.
_SHOWN = 6


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
    _refuse_doubled(keys)
    return keys


def _refuse_doubled(keys: Keys) -> None:
    cell = keys.patient * len(keys.weeks) + keys.week
    twice = np.flatnonzero(np.bincount(cell) > 1)
    if len(twice):
        who, when = divmod(twice[:_SHOWN], len(keys.weeks))
        listed = [f"patient {keys.patients[p]!r} at week {keys.weeks[w]:g}" for p, w in zip(who, when, strict=True)]
        more = f" and {len(twice) - _SHOWN} more" if len(twice) > _SHOWN else ""
        raise InputError(f"two rows for the same visit: {', '.join(listed)}{more}. Keep one row per patient and visit.")


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
        listed = ", ".join(repr(keys.patients[p]) for p in clash[:_SHOWN])
        more = f" and {len(clash) - _SHOWN} more" if len(clash) > _SHOWN else ""
        raise InputError(
            f"in more than one arm: patient {listed}{more}. An arm belongs to the patient, not to the visit."
        )
    labels = np.array([*names, None], dtype=object)  # position -1 is a patient without an arm
    return labels[arms]
