"""The raw findings behind the SLEDAI descriptors: columns, units and allowed ranges, and how they are read."""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, refuse_slips, require_columns, require_frame
from lupus_kit.core.errors import InputError, is_number, unknown_name
from lupus_kit.endpoints.nullable import known_true, rounded, yes_no
from lupus_kit.endpoints.sledai.items import SLEDAI_ITEMS, STABLE_IDS
from lupus_kit.endpoints.visits.units import AS_ITS_LIMIT, same_quantity

#: Tests judged against a limit of the laboratory, with the column that holds that limit.
LAB_LIMITS: dict[str, str] = {test: f"{test}_lower_limit" for test in ("c3", "c4", "ch50")}
LAB_LIMITS["anti_dsdna"] = "anti_dsdna_upper_limit"

#: A complement value this many times its lower limit, or below this part of it, can only be in another unit.
_OTHER_UNIT, _OTHER_UNIT_BELOW = 20, 1 / 50

#: So can a whole column that is nowhere above this part of its limit. For anti-dsDNA it takes so many values, and a column whose
#: median is so many times its limit is in another unit as well.
_NOWHERE_ABOVE = 1 / 20
_ANTI_DSDNA = 3, 100

#: What is measured, seen, or excluded: the rows of ``findings.csv``.
_FINDINGS: pd.DataFrame = pd.read_csv(Path(__file__).with_name("findings.csv"), keep_default_na=False)

#: Descriptors decided by measurements or signs; their own yes/no column only stands in.
DERIVED: set[str] = {*_FINDINGS.loc[_FINDINGS["kind"] != "yes/no", "feeds"], "pleurisy", "pericarditis"}


def _all_findings() -> pd.DataFrame:
    """Put the answers of the rater, descriptor by descriptor, before what is measured, seen, or excluded."""
    rater = "Used only where the findings do not decide: the answer of the rater."
    own = SLEDAI_ITEMS.rename(columns={"id": "column", "definition": "meaning"}).assign(feeds=SLEDAI_ITEMS["id"])
    own["meaning"] = own["meaning"].mask(own["column"].isin(DERIVED), rater)
    stable = pd.DataFrame({"column": [f"{name}_stable" for name in STABLE_IDS], "feeds": STABLE_IDS})
    stable["meaning"] = "Present, but neither new, nor recurrent, nor recently worse."
    yes_no_rows = pd.concat([own, stable]).assign(kind="yes/no", unit="", low=0, high=1)
    return pd.concat([yes_no_rows[list(_FINDINGS)], _FINDINGS], ignore_index=True)


#: Every input column of ``sledai_descriptors``: column, kind (``"yes/no"``, ``"number"`` or ``"count"``, a whole number),
#: unit, low and high (the smallest and largest value that is accepted, wide limits that catch a wrong unit and are a
#: choice of the kit), feeds (the descriptor that it decides), meaning (what to record).
SLEDAI_FINDINGS: pd.DataFrame = _all_findings()

#: Their names.
COLUMNS: tuple[str, ...] = tuple(SLEDAI_FINDINGS["column"])

#: Exclusions: without the column nothing is excluded.
EXCLUSIONS: set[str] = {name for name in COLUMNS if name.endswith("_other_cause")}
EXCLUSIONS |= {"seizure_past_damage", "cva_hypertensive"}


def read_findings(
    frame: pd.DataFrame, what: str, problems: BadCells, only: Collection[str] = COLUMNS
) -> dict[str, pd.Series]:
    """Read the columns named in `only`: nullable booleans, and numbers to six decimals.

    Bad cells go to `problems`. A column that is not there is unknown, except an exclusion, a sign that only SELENA
    counts, and a stable finding: those are no. Stable proteinuria is unknown where protein was measured.
    """
    _check_names(require_frame(frame, what), what)
    require_columns(frame, [name for name in only if name in frame.columns], what)
    no_if_absent = EXCLUSIONS | {"scleritis", "vertigo", "rash_stable", "alopecia_stable", "mucosal_ulcer_stable"}
    if not {"protein_24h", "upcr"} & set(frame.columns):
        no_if_absent.add("proteinuria_stable")
    no, unknown = (pd.Series(answer, index=range(len(frame)), dtype="boolean") for answer in (False, pd.NA))
    no_number = pd.Series(pd.NA, index=range(len(frame)), dtype="Float64")
    found = {}
    for row in SLEDAI_FINDINGS[SLEDAI_FINDINGS["column"].isin(only)].itertuples():
        name, is_number = row.column, row.kind != "yes/no"
        if name not in frame.columns:
            found[name] = no_number if is_number else no if name in no_if_absent else unknown
        elif is_number:
            found[name] = rounded(frame, name, problems, row.low, row.high, whole=row.kind == "count").round(6)
        else:
            found[name] = yes_no(frame, name, problems)
    return found


def _check_names(frame: pd.DataFrame, what: str) -> None:
    """Raise where a column looks like a misspelt finding or a foreign exclusion, or where there is no finding."""
    refuse_slips(frame, COLUMNS, what)
    names = [str(column) for column in frame.columns]
    foreign = [name for name in names if name.endswith("_other_cause") and name not in COLUMNS]
    if foreign:
        why = "The form names no such exclusion: record the finding itself as no, and drop the column"
        raise InputError(f"{what} has columns that would not be read: {', '.join(map(repr, foreign))}. {why}.")
    if not any(name in COLUMNS for name in names):
        raise InputError(f"{what} has no SLEDAI finding; columns are named as in SLEDAI_FINDINGS['column'].")


def laboratory_limits(
    frame: pd.DataFrame, found: Mapping[str, pd.Series], limits: Mapping[str, float] | None, problems: BadCells
) -> dict[str, pd.Series]:
    """Return each limit in the unit of its test: the column where it is recorded, elsewhere the argument."""
    given = _check_limits(limits)
    result = {}
    for test, column in LAB_LIMITS.items():
        answered = "dna_binding" if test == "anti_dsdna" else "low_complement"
        unknown = test not in given and column not in frame.columns and found[test].notna().any()
        if unknown and answered not in frame.columns:
            way_out = f"add the column {column!r}, or pass limits={{{test!r}: ...}} in the unit of {test!r}"
            raise InputError(f"{test!r} is recorded, but its limit is not known: {way_out}.")
        result[test] = found[column].fillna(round(given[test], 6)) if test in given else found[column]
        if test in frame.columns:
            _refuse_other_unit(frame, test, found[test], result[test], problems)
    return result


def _refuse_other_unit(frame: pd.DataFrame, test: str, value: pd.Series, limit: pd.Series, problems: BadCells) -> None:
    """Note values that are in another unit than their limit; raise where the whole column is."""
    part = value / limit
    known = part[part.notna() & (part > 0)]
    few, most = _ANTI_DSDNA if test == "anti_dsdna" else (1, np.inf)
    if len(known) >= few and (known.max() < _NOWHERE_ABOVE or known.median() > most):
        column, other = LAB_LIMITS[test], sorted(unit for own, unit in AS_ITS_LIMIT.items() if own == test)
        example = f" (as in {same_quantity(other[0])[-1]!r} and {other[0].replace(test, column)!r})" if other else ""
        values, limits = (f"from {of.min():g} to {of.max():g}" for of in (value, limit))
        way_out = f"they are in two units. Write both in one unit, or name the unit of each{example}"
        raise InputError(f"{test!r} goes {values} and its limit {limits}: {way_out}.")
    if test != "anti_dsdna":
        above, below = known_true(part > _OTHER_UNIT), known_true((part > 0) & (part < _OTHER_UNIT_BELOW))
        problems.add(frame, test, above, f"more than {_OTHER_UNIT} times its lower limit: check the units")
        problems.add(frame, test, below, f"below a {1 / _OTHER_UNIT_BELOW:g}th of its lower limit: check the units")


def _check_limits(limits: Mapping[str, float] | None) -> Mapping[str, float]:
    given = {} if limits is None else limits
    if not isinstance(given, Mapping):
        raise InputError(f"limits is {limits!r}: give a mapping such as {{'c3': 0.9, 'c4': 0.1}}.")
    for test, limit in given.items():
        if test not in LAB_LIMITS:
            raise unknown_name("test in limits", test, LAB_LIMITS)
        if not is_number(limit) or limit <= 0:
            wanted = f"a number above 0, in the unit of the column {test!r}"
            raise InputError(f"limits[{test!r}] is {limit!r}: give {wanted}.")
    return given


def read_previous(
    findings: pd.DataFrame, found: Mapping[str, pd.Series], previous: pd.DataFrame | None, problems: BadCells
) -> dict[str, pd.Series]:
    """Return the previous values of the two protein tests in the rows of `findings`."""
    tests = ("protein_24h", "upcr")
    if previous is None:
        return {test: found[f"{test}_previous"] for test in tests}
    twice = [f"{test}_previous" for test in tests if f"{test}_previous" in findings.columns]
    if twice:
        raise InputError(f"previous is given, and findings has {twice[0]!r} too. Give the previous values only once.")
    before = read_findings(previous, "previous", problems, tests)
    if not any(test in previous.columns for test in tests):
        raise InputError(f"previous has none of the columns {', '.join(map(repr, tests))}.")
    if previous.index.has_duplicates:
        row = previous.index[previous.index.duplicated()][0]
        way_out = "give one previous visit for each row of findings"
        raise InputError(f"previous has the row {row} more than once: {way_out}.")
    if len(findings) and len(previous) and not findings.index.isin(previous.index).any():
        raise InputError("previous has no row of findings: give both the same index, for example patient numbers.")
    aligned = pd.DataFrame(before).set_axis(previous.index).reindex(findings.index).reset_index(drop=True)
    return {test: aligned[test] for test in tests}
