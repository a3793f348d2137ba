"""Patients in, one row each: their outcomes, arms and covariates checked, and counted by stratum."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.text import listing, plural
from lupus_kit.inference.two_by_two.counts import FloatArray, as_counts

COUNTS = ("x1", "n1", "x2", "n2")


class Strata(NamedTuple):
    """Responders and patients of both arms, one entry a stratum."""

    x1: FloatArray
    n1: FloatArray
    x2: FloatArray
    n2: FloatArray

    @property
    def responders(self) -> FloatArray:
        """Responders of both arms."""
        return self.x1 + self.x2

    @property
    def patients(self) -> FloatArray:
        """Patients of both arms."""
        return self.n1 + self.n2

    @property
    def weight(self) -> FloatArray:
        """Cochran's and Mantel–Haenszel's weight of each stratum, ``n1 n2 / (n1 + n2)``."""
        return self.n1 * self.n2 / self.patients

    def where(self, kept: NDArray[np.bool_]) -> "Strata":
        """Return some of the strata."""
        return Strata(*(values[kept] for values in self))


def need_frame(frame: object, columns: Iterable[str], what: str) -> pd.DataFrame:
    """Return the table, or say that it is none or which columns it lacks."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"{what} must be a pandas DataFrame, not {type(frame).__name__}.")
    wanted = list(dict.fromkeys(columns))
    if lacking := [name for name in wanted if name not in frame.columns]:
        raise unknown_name(f"column of {what}", lacking[0], map(str, frame.columns))
    if twice := [name for name in wanted if list(frame.columns).count(name) > 1]:
        raise InputError(f"{what} has the column {twice[0]!r} more than once.")
    if frame.empty:
        raise InputError(f"{what} has no rows.")
    return frame[wanted].reset_index(drop=True)


def names_of(columns: object, argument: str) -> list[str]:
    """Return one name, or a list of them, as a list."""
    names = [columns] if isinstance(columns, str) else columns
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{argument} == {columns!r}: give a list of column names.")
    return list(names)


def complete(patients: pd.DataFrame, missing: str) -> tuple[pd.DataFrame, list[str]]:
    """Refuse, or leave out and say so, the patients who lack a value."""
    if missing not in ("refuse", "drop"):
        raise unknown_name("missing", missing, ("refuse", "drop"))
    lacking = patients.isna()
    number = int(lacking.any(axis=1).sum())
    if not number:
        return patients, []
    said = listing(f"{name!r} {count}" for name, count in lacking.sum().items() if count)
    found = f"{number} of {plural(len(patients), 'patient')} lack a value ({said})"
    if missing == "refuse":
        raise InputError(
            f"{found}, the first in row {int(lacking.any(axis=1).idxmax()) + 1}: fill them in, or leave these patients "
            "out with missing='drop'."
        )
    if number == len(patients):
        raise InputError(f"{found}: nobody is left.")
    return patients[~lacking.any(axis=1)].reset_index(drop=True), [f"{found}: they are left out."]


def responses(outcome: "pd.Series[object]") -> FloatArray:
    """Return an outcome of 0 and 1, or of truth values, as numbers."""
    numbers = outcome.astype(object).map({0: 0.0, 1: 1.0})
    if (bad := numbers.isna()).any():
        shown = listing((repr(value) for value in outcome[bad].unique()), most=5)
        raise InputError(
            f"column {outcome.name!r} holds {shown}, the first in row {int(np.argmax(bad)) + 1}: an outcome is 1 or True "
            "(responded), or 0 or False."
        )
    return np.asarray(numbers, dtype=np.float64)


def in_first_arm(
    arm: "pd.Series[object]", first: object = None
) -> tuple[NDArray[np.bool_], tuple[str, str], list[str]]:
    """Say who is in the first arm, and the names of both; the first is the one that stands first unless it is named."""
    found = list(arm.unique())
    if len(found) != 2:
        raise InputError(
            f"column {arm.name!r} must name two arms, not {len(found)} ({listing(map(repr, found), most=5)})."
        )
    chosen = found[0] if first is None else first
    if chosen not in found:
        raise unknown_name("first arm", first, map(str, found))
    other = found[1] if chosen == found[0] else found[0]
    why = "" if first is not None else " (it stands first in the data; first_arm= chooses)"
    notes = [f"First arm: {chosen}{why}; second arm: {other}."]
    return (arm == chosen).to_numpy(dtype=bool), (str(chosen), str(other)), notes


def count_patients(
    patients: object, outcome: str, arm: str, strata: list[str], first_arm: object, missing: str
) -> tuple[pd.DataFrame, tuple[str, str], list[str]]:
    """Count the responders of both arms in each combination of the strata columns."""
    frame, notes = complete(need_frame(patients, [outcome, arm, *strata], "patients"), missing)
    response, (first, arms, said) = responses(frame[outcome]), in_first_arm(frame[arm], first_arm)
    rows = pd.DataFrame({
        "stratum": frame[strata].astype(str).agg(" / ".join, axis=1) if strata else "all",
        "x1": response * first, "n1": first, "x2": response * ~first, "n2": ~first,
    })  # fmt: skip
    counted = rows.groupby("stratum", sort=True, as_index=False).sum()
    return counted.astype(dict.fromkeys(COUNTS, int)), arms, said + notes


def check_tables(tables: object, strata: list[str]) -> pd.DataFrame:
    """Check counts given by stratum; an arm without patients is allowed here."""
    frame = need_frame(tables, [*strata, *COUNTS], "tables")
    checked = {name: as_counts(name, frame[name]) for name in COUNTS}
    names = frame[strata].astype(str).agg(" / ".join, axis=1)
    for name, x, n in (("1", checked["x1"], checked["n1"]), ("2", checked["x2"], checked["n2"])):
        if (bad := x > n).any():
            raise InputError(
                f"x{name} is larger than n{name} in {listing(names[bad])}: responders cannot outnumber their arm."
            )
    if names.duplicated().any():
        raise InputError(
            f"{listing(names[names.duplicated()].unique())}: more than one row; add them up, one a stratum."
        )
    return pd.DataFrame({"stratum": names, **checked})
