"""Units: which column holds which quantity in which unit, what one unit is in another, and which columns cannot be in theirs.

Every measured quantity has a column that names its unit (``upcr_mg_mmol``); every rule reads it and converts it. Names without a
unit stay readable, each with the unit that it has in that rule.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, numbers, require_columns
from lupus_kit.core.errors import InputError
from lupus_kit.core.text import listing, plural
from lupus_kit.endpoints.pga import PGA_SCALES

_DATA = Path(__file__).with_name("data")

#: The columns that name their unit: column, quantity, unit, per_base (how many of this unit are one of the quantity's
#: first-listed factor 1: 100 mg/mmol are 1 g/g as guidelines print it, 88.4 µmol/L are 1 mg/dL), low and high (the smallest and
#: largest value that is accepted), least and most (a column whose largest value is below `least`, or whose median is above
#: `most`, is in another unit), values (how many values such a judgement needs), synonyms. The last five are choices of the kit.
UNITS: pd.DataFrame = pd.read_csv(_DATA / "units.csv", keep_default_na=False)

_BY_COLUMN = {str(row.column): row for row in UNITS.itertuples(index=False)}

#: What a column says beside the value itself.
ROLES = ("", "_previous", "_preflare", "_lower_limit", "_upper_limit")

#: The unit that a name without one has in the two index forms and in a file of visits.
FORM_UNITS: dict[str, str] = pd.read_csv(_DATA / "form_units.csv", index_col="name")["unit"].to_dict()

#: Tests that are judged against a limit of the laboratory, in whatever unit the two have.
AS_ITS_LIMIT: dict[str, str] = {"c3": "c3_g_l", "c4": "c4_g_l", "anti_dsdna": "anti_dsdna_iu_ml"}

#: A spot ratio without a unit is read as its rule says only on this side of so many g/g or mg/mmol: nobody has more g/g, and a
#: table in which nobody has more mg/mmol could be in g/g.
_UNNAMED_RATIO = 20.0
_RATIOS = ("upcr_g_g", "upcr_mg_mmol")

#: In a file it is surely in mg/mmol where a value is above the first and the median not below the second.
_NO_G_PER_G = (50.0, 5.0)


def _spelt(unit: str, role: str) -> tuple[str, ...]:
    """Spell a column with its unit and role: c3_g_l_lower_limit, c3_lower_limit_g_l."""
    stem = next((own for own in (*FORM_UNITS, *AS_ITS_LIMIT) if unit.startswith(f"{own}_")), unit)
    other = f"{stem}{role}{unit.removeprefix(stem)}"
    return (f"{unit}{role}", other) if role and other != f"{unit}{role}" else (f"{unit}{role}",)


def same_quantity(unit: str) -> list[str]:
    """Return the columns of the same quantity, in every unit.

    Examples
    --------
    >>> same_quantity("creatinine_umol_l")
    ['creatinine_mg_dl', 'creatinine_umol_l']
    """
    return [str(name) for name in UNITS.loc[UNITS["quantity"] == _BY_COLUMN[unit].quantity, "column"]]


def bounds(unit: str) -> tuple[float, float]:
    """Return the smallest and the largest value that is accepted in a column that names its unit."""
    return float(_BY_COLUMN[unit].low), float(_BY_COLUMN[unit].high)


def convert(values: np.ndarray, given: str, wanted: str) -> np.ndarray:
    """Convert values from the unit of one column to that of another of the same quantity.

    Examples
    --------
    >>> convert(np.array([50.0, 300.0]), "upcr_mg_mmol", "upcr_g_g").tolist()
    [0.5, 3.0]
    """
    factor, divisor = float(_BY_COLUMN[wanted].per_base), float(_BY_COLUMN[given].per_base)
    return values if given == wanted else np.asarray(np.round(values * factor / divisor, 12))


def in_units(frame: pd.DataFrame, wanted: Mapping[str, str], what: str, *, whole: bool = True) -> pd.DataFrame:
    """Give columns that name their unit the name and unit that a rule reads; refuse a column that cannot be in its unit.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table.
    wanted : mapping of str to str
        The rule's own name of each quantity, and the column of ``UNITS`` whose unit it has there. A test that is judged against
        a limit of the laboratory keeps the unit that its column names, and the limit is converted to it.
    what : str
        Name of the table in messages.
    whole : bool
        Whether the table holds all values, so that a ratio without a unit can be judged by them.

    Returns
    -------
    pandas.DataFrame
        The table with the rule's own names, in the rule's units; other columns as they are.

    Raises
    ------
    InputError
        If two columns hold one quantity, cells that have to be converted are bad, or a whole column is in another unit.

    Examples
    --------
    >>> in_units(pd.DataFrame({"upcr_g_g": [2.1, 0.2]}), {"upcr": "upcr_mg_mmol"}, "visits")["upcr"].tolist()
    [210.0, 20.0]
    """
    problems = BadCells(what)
    read: dict[str, np.ndarray] = {}
    replaced: list[str] = []
    columns = frame.columns.tolist()
    for own, unit in wanted.items():
        found = _places(frame, columns, own, unit, what)
        target = next((given for _, given, _ in found if given), unit) if own in AS_ITS_LIMIT else unit
        unnamed: list[np.ndarray] = []
        for role, given, written in found:
            # Cells that are bad under the rule's own name are listed by the rule.
            anything = numbers(frame, written, BadCells(what), -np.inf, np.inf, whole=False)
            if given or not (own in AS_ITS_LIMIT or target in _RATIOS):
                _refuse_other_unit(pd.Series(anything, frame.index), written, given or target, what)
            if given:
                replaced.append(written)
                cells = numbers(frame, written, problems, *bounds(given), whole=False)
                read[own + role] = convert(cells, given, target)
            else:
                unnamed.append(anything)
        if unnamed and whole and target in _RATIOS:
            known = np.concatenate(unnamed)
            below = known[~np.isnan(known)].max(initial=0) <= _UNNAMED_RATIO
            if below == (target == "upcr_mg_mmol"):
                _refuse_unnamed(known, own, what)
    problems.raise_if_any()
    return frame.drop(columns=replaced).assign(**read) if read else frame


@cache
def _spellings(own: str, unit: str) -> dict[str, tuple[str, str]]:
    """Return every way to write a quantity, with its role and the unit that the name says (empty where it says none)."""
    named = {name: (role, other) for other in same_quantity(unit) for role in ROLES for name in _spelt(other, role)}
    return {own + role: (role, "") for role in ROLES} | named


def _places(frame: pd.DataFrame, columns: list[str], own: str, unit: str, what: str) -> list[tuple[str, str, str]]:
    """Find the columns of a quantity: role, unit that the name says, name."""
    known = _spellings(own, unit)
    found = [(*known[name], name) for name in columns if name in known]
    if found:
        require_columns(frame, [name for _, _, name in found], what)  # each once
    for role in {role for role, _, _ in found}:
        names = [name for r, _, name in found if r == role]
        if len(names) > 1:
            twice = f"{listing(map(repr, names))}, which are one quantity in two columns"
            raise InputError(f"{what} has {twice}: keep one of them.")
    return found


def _refuse_other_unit(values: pd.Series, written: str, unit: str, what: str) -> None:
    """Raise where a whole column cannot be in its unit, and could be in another."""
    known = values.dropna()
    if _plausible(known, unit):
        return
    other = [name for name in same_quantity(unit) if _plausible(known, name) and known.max() <= bounds(name)[1]]
    if other:
        said, could = _BY_COLUMN[unit].unit, listing(_BY_COLUMN[name].unit for name in other)
        raise InputError(
            f"{what}, row {known.index[0]}, column {written!r}: {known.iloc[0]:g} is not in {said}, as this name says here; the "
            f"column ({known.min():g} to {known.max():g}) could be in {could}. Name it {' or '.join(map(repr, other))} if it "
            "is; otherwise correct the values."
        )


def _plausible(known: pd.Series, unit: str) -> bool:
    row = _BY_COLUMN[unit]
    too_few = len(known) < row.values or not known.any()
    return too_few or bool(known.max() >= row.least and known.median() <= row.most)


def _refuse_unnamed(values: np.ndarray, written: str, what: str) -> None:
    known = values[~np.isnan(values)]
    if known.any():
        unsure = f"its unit is not sure, the values go from {known.min():g} to {known.max():g}"
        way_out = "Name the column 'upcr_g_g' or 'upcr_mg_mmol' (100 mg/mmol are 1 g/g)"
        raise InputError(f"{what}, column {written!r}: {unsure}. {way_out}.")


def name_units(visits: pd.DataFrame, pga_scale: str, source: str) -> tuple[pd.DataFrame, list[str]]:
    """Refuse columns of a file that are in another unit or on another scale than is said; name the unit of a spot ratio.

    A protein/creatinine ratio without a unit is asked for one, unless its values cannot be in g/g.

    Examples
    --------
    >>> name_units(pd.DataFrame({"upcr": [2.1, 0.2]}), "0-3", "visits.csv")
    Traceback (most recent call last):
    lupus_kit.core.errors.InputError: visits.csv, column 'upcr': its unit is not sure, the values go from 0.2 to 2.1. Name the \
column 'upcr_g_g' or 'upcr_mg_mmol' (100 mg/mmol are 1 g/g).
    """
    refuse_other_scale(visits, pga_scale, source)
    in_units(visits, FORM_UNITS | AS_ITS_LIMIT, source)
    names = [name for name in ("upcr", "upcr_previous") if name in visits]
    if not names:
        return visits, []
    values = visits[names].to_numpy(dtype=float).ravel()
    highest, usual = _NO_G_PER_G
    if not (np.nanmax(values, initial=0) > highest and np.nanmedian(values) >= usual):
        _refuse_unnamed(values, "upcr", source)
    touched = visits.loc[visits[names].notna().any(axis=1), "patient"].nunique()
    note = f"Column 'upcr' names no unit: it was read in mg/mmol, in {plural(touched, 'patient')}. If not, name it 'upcr_mg_g'."
    return visits.rename(columns={name: name.replace("upcr", "upcr_mg_mmol") for name in names}), [note]


def refuse_other_scale(visits: pd.DataFrame, scale: str, what: str) -> None:
    """Raise where a whole column of global assessments fits on a shorter scale than the one that is named.

    Examples
    --------
    >>> refuse_other_scale(pd.DataFrame({"pga": [1.0, 2.5]}), "0-100", "visits.csv")
    Traceback (most recent call last):
    lupus_kit.core.errors.InputError: visits.csv, column 'pga': no value is above 2.5, which is the scale 0-3 or 0-10, not 0-100. \
Name the scale that was used (pga_scale, --pga-scale); if it was 0-100, bring the values to 0-3 yourself.
    """
    known = pd.to_numeric(visits["pga"], errors="coerce").dropna() if "pga" in visits else pd.Series(dtype=float)
    shorter = [name for name, top in PGA_SCALES.items() if top < PGA_SCALES[scale] and known.max() <= top]
    if shorter and known.any():
        raise InputError(
            f"{what}, column 'pga': no value is above {known.max():g}, which is the scale {' or '.join(shorter)}, not {scale}. "
            f"Name the scale that was used (pga_scale, --pga-scale); if it was {scale}, bring the values to 0-3 yourself."
        )


def unit_columns(names: Iterable[str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield, for the units of some rule's own names, each column of a file: its name, its unit's column and its synonyms.

    Examples
    --------
    >>> [name for name, _, _ in unit_columns(["c4"])][:3]
    ['c4_g_l', 'c4_g_l_lower_limit', 'c4_mg_dl']
    """
    for own in names:
        roles = ["_upper_limit" if own == "anti_dsdna" else "_lower_limit"] if own in AS_ITS_LIMIT else ["_previous"]
        roles += ["_preflare"] if own in ("creatinine", "gfr") else []
        for unit in same_quantity((FORM_UNITS | AS_ITS_LIMIT)[own]):
            words = str(_BY_COLUMN[unit].synonyms).split("; ")
            for role in ("", *roles):
                name, *others = _spelt(unit, role)
                yield name, unit, (*others, *(f"{word} {role.strip('_')}".rstrip() for word in words))
