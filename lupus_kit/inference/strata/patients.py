"""Patients in, one row each: their outcomes, arms and covariates checked, and counted by stratum."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, require_choice, unknown_name
from lupus_kit.core.text import listing, plural
from lupus_kit.inference.two_by_two.counts import Bools, FloatArray, as_counts

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
        return self.n1 * self.n2 / np.maximum(self.patients, 1)

    @property
    def informative(self) -> Bools:
        """Where somebody responds and somebody does not, in two arms: where there is an odds ratio."""
        return (self.responders > 0) & (self.responders < self.patients) & (self.n1 > 0) & (self.n2 > 0)


def need_frame(frame: object, columns: Iterable[str], missing: str) -> tuple[pd.DataFrame, list[str]]:
    """Take columns of a table; refuse, or leave out and say so, the rows that lack a value in them."""
    wanted = _need_columns(frame, columns)
    require_choice("missing", missing, ("refuse", "drop"))
    lacking = wanted.isna()
    someone = lacking.any(axis=1)
    if not someone.any():
        return wanted, []
    said = listing(f"{name!r} {count}" for name, count in lacking.sum().items() if count)
    rows = plural(len(wanted), "row")
    found = f"{someone.sum()} of {rows} lack a value ({said}; first in row {someone.argmax() + 1})"
    if missing == "refuse" or someone.all():
        raise InputError(f"{found}: fill them in, or leave such patients out with missing='drop'.")
    return wanted[~someone].reset_index(drop=True), [f"{found}: left out."]


def _need_columns(frame: object, columns: Iterable[str]) -> pd.DataFrame:
    """Take columns of a table, or say that it is none, or which column it lacks."""
    if not isinstance(frame, pd.DataFrame) or frame.empty:
        raise InputError(f"give a pandas DataFrame with rows, not {type(frame).__name__}.")
    wanted = list(dict.fromkeys(columns))
    for name in wanted:
        if name not in frame.columns:
            raise unknown_name("column", name, map(str, frame.columns))
    if frame.columns[frame.columns.isin(wanted)].duplicated().any():
        raise InputError(f"a column stands there twice: {listing(frame.columns[frame.columns.isin(wanted)])}.")
    return frame[wanted].reset_index(drop=True).infer_objects()


def responses(outcome: "pd.Series[object]") -> FloatArray:
    """Return an outcome of 0 and 1, or of truth values, as numbers."""
    values = outcome.astype(object).tolist()
    bad = [value for value in values if isinstance(value, str) or value not in (0, 1)]
    if bad:
        shown = listing(dict.fromkeys(map(repr, bad)), most=5)
        raise InputError(f"column {outcome.name!r} holds {shown}: an outcome is 1 or True (responded), or 0 or False.")
    return np.array(values, dtype=np.float64)


def in_first_arm(arm: "pd.Series[object]", first: object) -> tuple[Bools, tuple[str, str], str]:
    """Say who is in the first arm, name both, and say which is the first: the one that stands first unless it is named."""
    found = arm.unique().tolist()
    if len(found) != 2:
        shown = listing(map(repr, found), most=5)
        raise InputError(f"column {arm.name!r} must name two arms, not {len(found)} ({shown}).")
    if first is not None and first not in found:
        raise unknown_name("first arm", first, map(str, found))
    one, other = found if first in (None, found[0]) else found[::-1]
    why = "it stands first in the data; first_arm= chooses" if first is None else "as chosen"
    return np.asarray(arm == one), (str(one), str(other)), f"First arm: {one} ({why}); second arm: {other}."


def count_patients(
    patients: object, outcome: str, arm: str, strata: list[str], first_arm: object, missing: str
) -> tuple[pd.DataFrame, tuple[str, str], list[str]]:
    """Count the responders of both arms in each combination of the strata columns."""
    frame, left_out = need_frame(patients, [outcome, arm, *strata], missing)
    response = responses(frame[outcome])
    first, arms, said = in_first_arm(frame[arm], first_arm)
    cells = (response * first, first, response * ~first, ~first)
    rows = pd.DataFrame(dict(zip(COUNTS, cells, strict=True))).astype(int)
    grouped = rows.groupby([frame[name] for name in strata], observed=True).sum()
    names = _joined(grouped.index.to_frame(index=False))
    return grouped.reset_index(drop=True).assign(stratum=names), arms, [said, *left_out]


def _joined(strata: pd.DataFrame) -> "pd.Series[str]":
    """Name each row's stratum by its values."""
    return strata.astype(str).agg(" / ".join, axis=1)


def check_tables(tables: object, strata: list[str]) -> pd.DataFrame:
    """Check counts given by stratum; an arm without patients is allowed here."""
    frame, _ = need_frame(tables, [*strata, *COUNTS], "refuse")
    checked = pd.DataFrame({key: as_counts(key, frame[key]) for key in COUNTS}).assign(stratum=_joined(frame[strata]))
    bad = checked["stratum"][(checked["x1"] > checked["n1"]) | (checked["x2"] > checked["n2"])]
    if len(bad):
        raise InputError(f"stratum {listing(bad)}: responders cannot outnumber the patients of their arm.")
    if (twice := checked["stratum"].duplicated()).any():
        raise InputError(f"stratum {listing(checked['stratum'][twice])} has more than one row: add them up.")
    return checked
