"""The raw findings behind the SLEDAI descriptors: columns, units and allowed ranges, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, flags, numbers, refuse_slips, require_columns, require_frame
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.endpoints.rules.logic import UNKNOWN
from lupus_kit.endpoints.sledai.items import ITEMS, STABLE_IDS

#: Numbers are compared as whole millionths of their unit, so that a tie is a tie.
SCALE = 1_000_000

#: Tests judged against a limit of the laboratory, with the column that holds that limit.
LAB_LIMITS: dict[str, str] = {
    "c3": "c3_lower_limit",
    "c4": "c4_lower_limit",
    "ch50": "ch50_lower_limit",
    "anti_dsdna": "anti_dsdna_upper_limit",
}

#: A complement value this many times its lower limit can only be in another unit.
_OTHER_UNIT = 20


@dataclass(frozen=True)
class SledaiFinding:
    """One input column.

    Attributes
    ----------
    column : str
        Name of the column.
    kind : str
        ``"yes/no"``, ``"number"`` or ``"count"`` (a whole number).
    unit : str
        Unit of a number; empty for yes/no.
    low, high : float
        Smallest and largest value that is accepted. The limits are wide: they are there to catch a wrong unit,
        and they are a choice of the kit.
    feeds : str
        The descriptor that it decides.
    meaning : str
        What to record.
    """

    column: str
    kind: str
    unit: str
    low: float
    high: float
    feeds: str
    meaning: str


def _yes_no(column: str, feeds: str, meaning: str) -> SledaiFinding:
    return SledaiFinding(column, "yes/no", "", 0, 1, feeds, meaning)


def _number(column: str, unit: str, low: float, high: float, feeds: str, meaning: str) -> SledaiFinding:
    return SledaiFinding(column, "number", unit, low, high, feeds, meaning)


_MEASURED = (
    SledaiFinding("inflamed_joints", "count", "joints", 0, 100, "arthritis",
                  "Joints with pain and inflammation in the same joint."),
    _number("urine_red_cells", "cells per high-power field", 0, 10_000, "haematuria", "Red cells in the urine."),
    _number("urine_white_cells", "cells per high-power field", 0, 10_000, "pyuria", "White cells in the urine."),
    _number("protein_24h", "g/24 h", 0, 60, "proteinuria", "Protein in a 24-hour urine."),
    _number("protein_24h_previous", "g/24 h", 0, 60, "proteinuria", "The same at the visit before."),
    _number("upcr", "mg/mmol", 0, 10_000, "proteinuria",
            "Spot urine protein/creatinine ratio; used only where protein_24h is empty."),
    _number("upcr_previous", "mg/mmol", 0, 10_000, "proteinuria", "The same at the visit before."),
    _number("c3", "as its limit", 0, 1_000, "low_complement", "Complement C3."),
    _number("c4", "as its limit", 0, 1_000, "low_complement", "Complement C4."),
    _number("ch50", "as its limit", 0, 2_000, "low_complement", "Total haemolytic complement."),
    _number("c3_lower_limit", "as c3", 0.001, 1_000, "low_complement", "Lower limit of the laboratory for C3."),
    _number("c4_lower_limit", "as c4", 0.001, 1_000, "low_complement", "Lower limit of the laboratory for C4."),
    _number("ch50_lower_limit", "as ch50", 0.001, 2_000, "low_complement", "Lower limit of the laboratory for CH50."),
    _number("dna_farr_percent", "%", 0, 100, "dna_binding", "DNA binding in the Farr assay."),
    _number("anti_dsdna", "as its limit", 0, 1_000_000, "dna_binding", "Anti-dsDNA in another assay."),
    _number("anti_dsdna_upper_limit", "as anti_dsdna", 0.001, 1_000_000, "dna_binding",
            "Upper limit of the laboratory for anti-dsDNA."),
    _number("temperature", "°C", 30, 45, "fever", "Highest body temperature in the window."),
    _number("platelets", "10⁹/L", 0, 3_000, "thrombocytopenia", "Platelets."),
    _number("white_cells", "10⁹/L", 0, 500, "leukopenia", "White blood cells."),
)  # fmt: skip

_SIGNS = (
    _yes_no("pleuritic_pain", "pleurisy", "Typical pain of the pleura (SELENA and hybrid: severe)."),
    _yes_no("pleural_rub", "pleurisy", "Rub over the pleura."),
    _yes_no("pleural_effusion", "pleurisy", "Effusion in the pleura."),
    _yes_no("pleural_thickening", "pleurisy", "Thickened pleura (SELENA and hybrid: new)."),
    _yes_no("pericardial_pain", "pericarditis", "Typical pain of the pericardium (SELENA and hybrid: severe)."),
    _yes_no("pericardial_rub", "pericarditis", "Rub over the heart."),
    _yes_no("pericardial_effusion", "pericarditis", "Effusion in the pericardium."),
    _yes_no("pericarditis_ecg_echo", "pericarditis", "Pericarditis shown by ECG or echocardiogram."),
    _yes_no("scleritis", "visual", "Scleritis or episcleritis; counts in SELENA and hybrid."),
    _yes_no("vertigo", "cranial_nerve", "Vertigo from lupus; counts in SELENA and hybrid."),
)

_ALL = ("SLEDAI", "SELENA", "2K", "hybrid")
#: Versions that follow the SELENA form in everything but proteinuria.
SELENA_FORMS = ("SELENA", "hybrid")

#: Columns that take a descriptor away where they say yes: descriptor, column, versions that know it, meaning.
_EXCLUSIONS = (
    ("seizure", "seizure_other_cause", _ALL, "It comes from metabolism, infection or a drug."),
    ("seizure", "seizure_past_damage", SELENA_FORMS, "It comes from past, irreversible damage (SELENA and hybrid)."),
    ("psychosis", "psychosis_other_cause", _ALL, "It comes from uraemia or a drug."),
    ("organic_brain", "organic_brain_other_cause", _ALL, "It comes from metabolism, infection or a drug."),
    ("visual", "visual_other_cause", _ALL, "It comes from high blood pressure, infection or a drug."),
    ("cva", "cva_other_cause", _ALL, "It comes from hardened arteries."),
    ("cva", "cva_hypertensive", SELENA_FORMS, "It comes from high blood pressure (SELENA and hybrid)."),
    ("haematuria", "haematuria_other_cause", _ALL, "They come from a stone, infection or another cause."),
    ("pyuria", "pyuria_other_cause", _ALL, "They come from infection."),
    ("fever", "fever_other_cause", _ALL, "It comes from infection."),
    ("thrombocytopenia", "thrombocytopenia_other_cause", ("SELENA", "2K", "hybrid"),
     "It comes from a drug (not asked in SLEDAI)."),
    ("leukopenia", "leukopenia_other_cause", _ALL, "It comes from a drug."),
)  # fmt: skip

#: Descriptors decided by measurements or signs; their own yes/no column only stands in.
DERIVED: frozenset[str] = frozenset(f.feeds for f in (*_MEASURED, *_SIGNS)) - {"visual", "cranial_nerve"}


def _own_column(descriptor: str, definition: str) -> SledaiFinding:
    instead = "Used only where the findings do not decide: the answer of the rater." if descriptor in DERIVED else ""
    return _yes_no(descriptor, descriptor, instead or definition)


FINDINGS: tuple[SledaiFinding, ...] = (
    *(_own_column(item.id, item.definition) for item in ITEMS),
    *(
        _yes_no(f"{name}_stable", name, "Present, but neither new, nor recurrent, nor recently worse.")
        for name in STABLE_IDS
    ),
    *_MEASURED,
    *_SIGNS,
    *(_yes_no(column, name, meaning) for name, column, _, meaning in _EXCLUSIONS),
)

BY_COLUMN: dict[str, SledaiFinding] = {finding.column: finding for finding in FINDINGS}

#: Every input column of ``sledai_descriptors``: column, kind, unit, low, high, feeds, meaning.
SLEDAI_FINDINGS: pd.DataFrame = pd.DataFrame([asdict(finding) for finding in FINDINGS])


@dataclass(frozen=True)
class Recorded:
    """The findings of a table as arrays; a column that is not there is missing from the mapping.

    Attributes
    ----------
    rows : int
        Length of every array.
    flags : mapping of str to numpy.ndarray
        Yes/no columns: 1 yes, 0 no, -1 unknown.
    values : mapping of str to numpy.ndarray
        Numbers as floats that hold whole millionths of the unit, NaN where unknown.
    """

    rows: int
    flags: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]

    def flag(self, column: str) -> np.ndarray:
        """Return a yes/no column; unknown where it is not there."""
        found = self.flags.get(column)
        return np.full(self.rows, UNKNOWN, dtype=np.int8) if found is None else found

    def value(self, column: str) -> np.ndarray:
        """Return a number column in millionths; NaN where it is not there."""
        found = self.values.get(column)
        return np.full(self.rows, np.nan) if found is None else found

    def above(self, column: str, limit: float | np.ndarray) -> np.ndarray:
        """Tell in three values where a number is strictly above a limit, which is in the unit of the column."""
        return _compare(self.value(column), np.rint(np.asarray(limit, dtype=float) * SCALE), 1)

    def below(self, column: str, limit: float | np.ndarray) -> np.ndarray:
        """Tell in three values where a number is strictly below a limit, which is in the unit of the column."""
        return _compare(self.value(column), np.rint(np.asarray(limit, dtype=float) * SCALE), -1)


def _compare(value: np.ndarray, limit: np.ndarray, sign: int) -> np.ndarray:
    beyond = (value > limit) if sign > 0 else (value < limit)
    return np.where(np.isnan(value) | np.isnan(limit), UNKNOWN, beyond).astype(np.int8)


def read_findings(frame: pd.DataFrame, what: str, problems: BadCells, only: tuple[str, ...] = ()) -> Recorded:
    """Read every known column that is there (or only those named), noting bad cells in `problems`."""
    _check_names(require_frame(frame, what), what)
    present = [column for column in BY_COLUMN if column in frame.columns and (not only or column in only)]
    require_columns(frame, present, what)
    found_flags: dict[str, np.ndarray] = {}
    values: dict[str, np.ndarray] = {}
    for column in present:
        finding = BY_COLUMN[column]
        if finding.kind == "yes/no":
            found_flags[column] = flags(frame, column, problems)
        else:
            read = numbers(frame, column, problems, finding.low, finding.high, finding.kind == "count")
            allowed = (read >= finding.low) & (read <= finding.high)  # a bad cell must not cause a second complaint
            values[column] = np.where(allowed, np.rint(read * SCALE), np.nan)
    return Recorded(len(frame), found_flags, values)


def _check_names(frame: pd.DataFrame, what: str) -> None:
    """Raise where a column looks like a misspelt finding or a foreign exclusion, or where there is no finding."""
    refuse_slips(frame, BY_COLUMN, what)
    names = [str(column) for column in frame.columns]
    foreign = [name for name in names if name.endswith("_other_cause") and name not in BY_COLUMN]
    if foreign:
        raise InputError(
            f"{what} has columns that would not be read: {', '.join(map(repr, foreign))}. The form names no such "
            "exclusion: record the finding itself as no, and drop the column."
        )
    if not any(name in BY_COLUMN for name in names):
        raise InputError(f"{what} has no SLEDAI finding; columns are named as in SLEDAI_FINDINGS['column'].")


def laboratory_limits(
    frame: pd.DataFrame, found: Recorded, limits: Mapping[str, float] | None, problems: BadCells
) -> dict[str, np.ndarray]:
    """Return each limit in the unit of its test: the column where it is recorded, elsewhere the argument."""
    given = _check_limits(limits)
    result = {}
    for test, column in LAB_LIMITS.items():
        recorded = found.value(column) / SCALE
        result[test] = np.where(np.isnan(recorded), given.get(test, np.nan), recorded)
        value = found.value(test) / SCALE
        if column not in found.values and test not in given and not np.isnan(value).all():
            raise InputError(
                f"{test!r} is recorded, but its limit is not known: add the column {column!r}, "
                f"or pass limits={{{test!r}: ...}} in the unit of {test!r}."
            )
        if test != "anti_dsdna" and test in found.values:
            with np.errstate(invalid="ignore"):
                other_unit = value > _OTHER_UNIT * result[test]
            problems.add(frame, test, other_unit, f"more than {_OTHER_UNIT} times its lower limit: check the units")
    return result


def _check_limits(limits: Mapping[str, float] | None) -> Mapping[str, float]:
    given = {} if limits is None else limits
    if not isinstance(given, Mapping):
        raise InputError(f"limits is {limits!r}: give a mapping such as {{'c3': 0.9, 'c4': 0.1}}.")
    for test, limit in given.items():
        if test not in LAB_LIMITS:
            raise unknown_name("test in limits", test, LAB_LIMITS)
        number = isinstance(limit, (int, float, np.number)) and not isinstance(limit, (bool, np.bool_))
        if not number or not 0 < limit < np.inf:
            raise InputError(
                f"limits[{test!r}] is {limit!r}: give a number above 0, in the unit of the column {test!r}."
            )
    return given


def excluded(found: Recorded, descriptor: str, version: str) -> list[np.ndarray]:
    """Return the exclusions of a descriptor that the version knows; a column that is not there excludes nothing."""
    columns = [column for name, column, versions, _ in _EXCLUSIONS if name == descriptor and version in versions]
    return [found.flags[column] for column in columns if column in found.flags]


def fill(verdict: np.ndarray, instead: np.ndarray) -> np.ndarray:
    """Take the second verdict where the first is unknown."""
    return np.where(verdict == UNKNOWN, instead, verdict).astype(np.int8)


def either_test(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Combine two tests of the same thing: yes if one says yes, no if those that were done say no."""
    return np.maximum(first, second)  # UNKNOWN < NO < YES as numbers
