"""The published record as typed statements about patients, and how ambiguous print is read."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit import published
from lupus_kit.cohort.columns import MEDICINES
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.templates import toml_beside

ARM_KEYS = {"IL-2": "il2", "placebo": "placebo"}
VISITS = ("baseline", "week 12", "week 24")
ORGANS = ("rash", "mucosal_ulcer", "arthritis", "vasculitis", "alopecia", "fever", "myositis")

ROWS = toml_beside(__file__, "data/rows.toml")
#: What each printed row is about.
MEASURES: dict[str, str] = ROWS["measures"] | {
    m.replace("_", " ").capitalize(): m for m in (*ORGANS, *MEDICINES) if m != "mucosal_ulcer"
}
#: Rows of Table 3: the event, or the group of events.
EVENTS: dict[tuple[str, str], str] = {(event, level): measure for event, level, measure in ROWS["table3"]["events"]}

#: Whose printed ends are quartiles in the kit's reading: no whole-number total is 13.75 or 10.75.
QUARTILE_MEASURES = frozenset({"bilag_total"})

_EXTREMES = "the two numbers in brackets are the smallest and the largest value, as the table says"
_QUARTILES = "the two numbers in brackets are quartiles, between order statistics at (n - 1) / 4 and 3 (n - 1) / 4"


@dataclass(frozen=True)
class Statement:
    """One number that the paper prints about the patients of one arm at one visit.

    Attributes
    ----------
    id : str
        ``row/arm/visit/kind`` with the table in front.
    places : tuple of str
        Where it is printed; the same number about the same patients may be printed twice.
    row, measure, arm, visit : str
        The printed row, what the kit calls it, the arm, the visit.
    kind : str
        ``count``, ``n``, ``mean``, ``sd``, ``median``, ``minimum``, ``maximum``, ``lower quartile`` or
        ``upper quartile``.
    printed : str
        The number as printed.
    patients : int
        Number of patients it is about.
    everyone : bool
        About all patients randomised, not only those seen after entry.
    reading : str
        How the kit reads the print, where it could be read otherwise.
    """

    id: str
    places: tuple[str, ...]
    row: str
    measure: str
    arm: str
    visit: str
    kind: str
    printed: str
    patients: int
    everyone: bool
    reading: str = ""

    @property
    def value(self) -> Fraction:
        """The printed number, exactly."""
        return Fraction(self.printed)

    @property
    def decimals(self) -> int:
        """How many decimals are printed."""
        return published.decimals(self.printed)

    @property
    def sentence(self) -> str:
        """The statement in words."""
        kind = {"count": "number of patients", "n": "patients counted"}.get(self.kind, self.kind)
        return f"{self.row}, {self.arm}, {self.visit or 'whole trial'}: {kind} {self.printed} (n = {self.patients})"


def read_study(study: str | Path | published.Study) -> published.Study:
    """Load a study by name or folder, or take it as it is."""
    return study if isinstance(study, published.Study) else published.load(study)


def read_statements(study: published.Study, *, as_printed: bool = False) -> tuple[Statement, ...]:
    """Turn the printed cells into statements; equal statements about the same patients become one.

    Parameters
    ----------
    study : Study
        With tables laid out as in ``he2020``.
    as_printed : bool
        Read every range as a range. Otherwise the ends of BILAG are quartiles.
    """
    followed = _followed(study)
    found: list[Statement] = [*_claims(study, followed)]
    for name in ("table1", "table2"):
        if name in study.tables:
            found += _table(study, name, followed, as_printed)
    found += _events(study, followed)
    return _merged(found)


def _prints_as(k: int, n: int, percent: str) -> bool:
    half = Fraction(1, 2 * 10 ** published.decimals(percent))
    return abs(Fraction(100 * k, n) - Fraction(percent)) <= half


@cache
def _percent_count(percent: str, n_max: int) -> tuple[int, int] | None:
    fits = [(k, n) for n in range(n_max, 0, -1) for k in range(n + 1) if _prints_as(k, n, percent)]
    return fits[0] if fits else None


def arm_sizes(study: published.Study) -> dict[str, int]:
    """Patients randomised to each arm; a cohort cannot be made of arms whose size is not known."""
    sizes = study.trial.n_randomised
    if unknown := ", ".join(repr(arm) for arm, size in sizes.items() if size is None):
        raise InputError(f"the record does not say how many patients were randomised to {unknown}.")
    return {arm: size for arm, size in sizes.items() if size is not None}


def _followed(study: published.Study) -> dict[str, int]:
    """Patients of each arm seen after entry: the most that the percentages of the abstract allow."""
    sizes = arm_sizes(study)
    for claim in study.records:
        for side, arm in enumerate(claim.arms):
            printed = claim.shown(side).rstrip("%")
            if "SRI" in claim.endpoint and (fit := _percent_count(printed, arm_sizes(study)[arm])):
                sizes[arm] = min(sizes[arm], fit[1])
    return sizes


def _claims(study: published.Study, followed: Mapping[str, int]) -> list[Statement]:
    return [
        _make(f"abstract/{claim.id}", measure, row, arm, visit, kind, printed, n, False, reading)
        for claim in study.records
        for side, arm in enumerate(claim.arms)
        for measure, row, visit, kind, printed, n, reading in _said(study, claim, side, followed[arm])
    ]


def _said(
    study: published.Study, claim: published.Claim, side: int, size: int
) -> Iterator[tuple[str, str, str, str, str, int, str]]:
    """Yield what a claim of the abstract says about one arm: measure, row, visit, kind, number, patients and reading."""
    row, printed, value = claim.endpoint, claim.shown(side), claim.values[side]
    if "SRI" in row:
        fit = _percent_count(printed.rstrip("%"), arm_sizes(study)[claim.arms[side]])
        if fit is None:
            raise InputError(f"abstract.csv, claim {claim.id!r}: no number of patients gives {printed}.")
        reading = f"{printed} is {fit[0]}/{fit[1]}, the largest group of at most all patients that fits"
        yield "responder", row, claim.visit, "count", str(fit[0]), size, reading
        yield "n", row, claim.visit, "n", str(fit[1]), size, reading
    elif "remission" in row:
        reading = "the abstract names no visit: read as true at week 12 and at week 24"
        for visit in VISITS[1:]:
            yield "remission", row, visit, "count", str(value.count), value.n or 0, reading
        yield "nephritis", "lupus nephritis", "baseline", "count", str(value.n), size, ""
    elif row == "serious infection":
        yield "any severe infection", "Severe infection", "", "count", printed, size, ""


def _make(
    place: str, measure: str, row: str, arm: str, visit: str, kind: str, printed: str, n: int, everyone: bool,
    reading: str = "",
) -> Statement:  # fmt: skip
    key = "/".join(x for x in (place.split("/")[0], row.split(" (")[0], ARM_KEYS.get(arm, arm), visit, kind) if x)
    return Statement(key, (place,), row, measure, arm, visit, kind, printed, n, everyone, reading)


def _table(study: published.Study, name: str, followed: Mapping[str, int], as_printed: bool) -> list[Statement]:
    rows = []
    for cell in study.tables[name].itertuples():
        label, arm, visit = str(cell.characteristic), str(cell.arm), str(cell.visit)
        if label not in MEASURES:
            raise InputError(f"{name}.csv, line {cell.line}: {unknown_name('row', label, MEASURES)}")
        measure, place = MEASURES[label], f"{name}/{label}"
        randomised = arm_sizes(study)[arm]
        # Table 2 counts BILAG at entry over all patients and the other rows over those seen later.
        bilag = measure in ("active_bilag", "bilag_total")
        everyone = name == "table1" or (visit == "baseline" and bilag)
        n = randomised if everyone else followed[arm]
        text = str(cell.printed)
        common = (place, measure, label, arm, visit)
        parts = _parts(cell, not as_printed and measure in QUARTILE_MEASURES)
        rows += [_make(*common, kind, printed, n, everyone, reading) for kind, printed, reading in parts]
        if parts[0][0] == "count" and name == "table2" and not pd.isna(cell.n):
            reading = f"{text} fits {cell.n} patients only; all rows about one visit count the same patients"
            rows.append(_make(place, "n", label, arm, visit, "n", str(cell.n), n, everyone, reading))
    return rows


def _parts(cell: Any, quartiles: bool) -> list[tuple[str, str, str]]:
    """Take a printed cell apart: kind, number and reading."""
    if cell.summary == "mean±SD":
        mean, sd = cell.printed.split("±")
        return [("mean", mean, ""), ("sd", sd, "")]
    if "median" not in cell.summary:
        return [("count", str(cell.count), "")]
    median, low, high = re.findall(r"[\d.]+", cell.printed)
    least, most = ("lower quartile", "upper quartile") if quartiles else ("minimum", "maximum")
    reading = _QUARTILES if quartiles else _EXTREMES
    return [("median", median, ""), (least, low, reading), (most, high, reading)]


def _events(study: published.Study, followed: Mapping[str, int]) -> list[Statement]:
    if "table3" not in study.tables:
        return []
    rows = []
    for cell in study.tables["table3"].itertuples():
        key = (str(cell.event), str(cell.level))
        if key not in EVENTS:
            raise InputError(f"table3.csv, line {cell.line}: {unknown_name('event', key[0], [k for k, _ in EVENTS])}")
        place = f"table3/{key[0]} ({key[1]})"
        reading = "counts patients, not events"
        common = (place, EVENTS[key], key[0], str(cell.arm), "")
        rows.append(_make(*common, "count", str(cell.count), followed[str(cell.arm)], False, reading))
    return rows


def _merged(found: list[Statement]) -> tuple[Statement, ...]:
    merged: dict[tuple[object, ...], Statement] = {}
    for s in found:
        key = (s.measure, s.arm, s.visit, s.kind, s.value, s.patients)
        old = merged.get(key)
        merged[key] = replace(old, places=(*old.places, *s.places)) if old else s
    return tuple(merged.values())


def set_aside(s: Statement) -> str:
    """Why a replica does not honour a statement; empty where it does."""
    if s.measure == "bilag_total" and s.kind == "median" and s.visit == "baseline":
        return "with 21 of 30 at one A or two B, 12/8/1 coding puts the median at 12 or more"
    if s.measure == "prednisone" and s.arm == "placebo" and s.everyone and s.kind in ("minimum", "maximum"):
        return "Table 2 prints another value for the same patients; the replica follows Table 2"
    if s.measure == "n" and s.arm == "IL-2" and s.visit != "baseline" and s.printed == "30":
        return "one patient of 30 has no visit after entry, as the other rows say"
    return ""


def statements(study: str | Path | published.Study = "he2020") -> pd.DataFrame:
    """List what the paper states about its patients, number by number, and what a replica honours.

    Parameters
    ----------
    study : str, pathlib.Path or Study
        The record.

    Returns
    -------
    pandas.DataFrame
        One row per statement: ``id``, ``places``, ``row``, ``arm``, ``visit``, ``kind``, ``printed``, ``n``,
        ``reading`` (how ambiguous print is read), ``honoured`` and ``why_not``.

    See Also
    --------
    replica, implied, conflicts, check

    Examples
    --------
    >>> table = statements().set_index("id")
    >>> table.loc["abstract/SRI-4 response/il2/week 12/count", ["printed", "n", "honoured"]].astype(str).tolist()
    ['16', '29', 'True']
    """
    rows = [
        (s.id, "; ".join(s.places), s.row, s.arm, s.visit, s.kind, s.printed, s.patients, s.reading,
         not set_aside(s), set_aside(s))
        for s in read_statements(read_study(study))
    ]  # fmt: skip
    names = ["id", "places", "row", "arm", "visit", "kind", "printed", "n", "reading", "honoured", "why_not"]
    return pd.DataFrame(rows, columns=names)


def find(statements: list[Statement], measure: str, visit: str = VISITS[0]) -> dict[str, Statement]:
    """Return the statements on a measure at a visit, by kind."""
    return {s.kind: s for s in statements if s.measure == measure and s.visit == visit}


def order_statistic(kind: str, n: int) -> tuple[int, Fraction]:
    """Place of a median or quartile among n sorted values: index from 0, and the weight of the next one."""
    share = {"median": Fraction(1, 2), "lower quartile": Fraction(1, 4), "upper quartile": Fraction(3, 4)}[kind]
    place = share * (n - 1)
    return int(place), place - int(place)


def summary(kind: str, values: np.ndarray) -> float:
    """Compute a statement's number from values, with NumPy's ordinary functions."""
    computed: dict[str, Callable[[np.ndarray], float]] = {
        "count": np.sum, "n": len, "mean": np.mean, "median": np.median, "minimum": np.min, "maximum": np.max,
        "lower quartile": lambda x: np.quantile(x, 0.25), "upper quartile": lambda x: np.quantile(x, 0.75),
        "sd": lambda x: np.std(x, ddof=1),
    }  # fmt: skip
    return float(computed[kind](values)) if len(values) else float("nan")
