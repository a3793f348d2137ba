"""One row a test: CDISC's SDTM (QS, RS, LB) and ADaM (PARAMCD, AVAL), and plain tables of a test and its value.

No standard code exists for SLEDAI, BILAG or PGA, so a small table of codes and columns says what each code is; usual
ones (``data/test_codes.csv``) and those whose name or label is one of the kit's are guessed, and said.

Names of variables: CDISC, Study Data Tabulation Model Implementation Guide 3.4 (findings), and Analysis Data Model
Implementation Guide 1.3 (basic data structure: PARAMCD, AVAL, AVALC, AVISIT, ABLFL, DTYPE, ANL01FL).
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from lupus_kit.core.columns import YES_WORDS, Column, fold, is_missing, require_columns
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.problems import BadCells
from lupus_kit.core.tables import RawTable, read_table
from lupus_kit.core.text import lines, listing, plural
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED, BY_NAME
from lupus_kit.endpoints.visits.keys import WHO_AND_WHEN
from lupus_kit.endpoints.visits.layouts.long_and_wide import TidyTable, event_of
from lupus_kit.endpoints.visits.weeks import weeks_of

#: How a table of codes may be given.
TestCodes: TypeAlias = pd.DataFrame | str | Path | None

_USUAL = pd.read_csv(Path(__file__).parents[1] / "data" / "test_codes.csv").set_index("code")["column"].to_dict()
_WAY_OUT = "say what they are in a table with the columns code and column (codes=, --codes codes.csv)"


def plain_code(code: object) -> str:
    """Write a code in one way: capitals, no spaces around, no decimals.

    Examples
    --------
    >>> plain_code(" sledtot "), plain_code(3.0)
    ('SLEDTOT', '3')
    """
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code).strip().upper()


def read_test_codes(codes: TestCodes) -> dict[str, str]:
    """Read a table of codes.

    Parameters
    ----------
    codes : pandas.DataFrame, str, pathlib.Path or None
        A table, or a file, with the columns ``code`` and ``column``; an empty column is for a code that is not read.

    Returns
    -------
    dict of str to str
        By code the name of its column in the kit.

    Raises
    ------
    InputError
        If a column is unknown, or a code stands there twice.

    Examples
    --------
    >>> read_test_codes(pd.DataFrame({"code": ["Q1", "Q2"], "column": ["SLEDAI total", ""]}))
    {'Q1': 'sledai', 'Q2': ''}
    """
    if codes is None:
        return {}
    if not isinstance(codes, (pd.DataFrame, str, Path)):
        raise InputError(f"codes is {codes!r}: give a table with the columns code and column, or the name of a file.")
    table = codes if isinstance(codes, pd.DataFrame) else read_table(Path(codes)).cells
    require_columns(table, ["code", "column"], "the table of codes")
    found: dict[str, str] = {}
    for cell, written in zip(table["code"], table["column"], strict=True):
        if is_missing(cell):
            raise InputError("the table of codes has a row without a code.")
        name = "" if is_missing(written) else str(written).strip()
        if name and (fold(name) not in BY_FOLDED or BY_FOLDED[fold(name)].name in WHO_AND_WHEN):
            allowed = [known for known in BY_NAME if known not in WHO_AND_WHEN]
            raise unknown_name("column in the table of codes", name, allowed)
        name = BY_FOLDED[fold(name)].name if name else ""
        if found.setdefault(plain_code(cell), name) != name:
            raise InputError(f"the table of codes gives {cell!r} to two columns. Keep one row a code.")
    return found


def columns_of_codes(
    labels: Mapping[str, object], given: Mapping[str, str], source: str
) -> tuple[dict[str, Column], list[str]]:
    """Give each code its column.

    Parameters
    ----------
    labels : mapping
        The codes of the file with their labels.
    given : mapping
        What :func:`read_test_codes` read; it goes before every guess.
    source : str
        The file.

    Returns
    -------
    columns : dict of str to Column
        The codes that are read.
    notes : list of str
        What was guessed, and which codes of the table the file does not have.

    Raises
    ------
    InputError
        If no code is known, or two mean the same column.
    """
    names = {code: given[code] for code in labels if given.get(code)}
    guessed = {code: name for code in labels if code not in given and (name := _guess(code, labels[code]))}
    names |= {code: name for code, name in guessed.items() if name not in names.values()}
    if not names:
        shown = lines(f"{code}: {label}" for code, label in labels.items())
        raise InputError(f"{source} has one row a test, and no test is known; {_WAY_OUT}. Nothing was scored:\n{shown}")
    twice = [code for code, name in names.items() if list(names.values()).count(name) > 1]
    if twice:
        shown = lines(f"{code} ({labels[code]}) is {names[code]}" for code in twice)
        raise InputError(f"{source}: several tests mean one column; {_WAY_OUT}. Nothing was scored:\n{shown}")
    said = [f"{code} ({labels[code]}) is {names[code]}" for code in guessed if code in names]
    guesses = f"The codes of the tests were guessed: {listing(said, most=40)}; if one is wrong, {_WAY_OUT}."
    notes = [guesses] if said else []
    absent = [code for code in given if code not in labels]
    notes += [f"The file has no test {listing(absent, 'or')}, which the table of codes names."] if absent else []
    return {code: BY_NAME[name] for code, name in names.items()}, notes


def _guess(code: str, label: object) -> str | None:
    """Guess a column: by a usual code, else by a label or a code that is a name of the kit."""
    plain = re.sub(r"\s*\([^)]*\)\s*$", "", str(label))
    for written in (_USUAL.get(code, ""), str(label), plain, re.sub(r"(?i)\s+score$", "", plain), code):
        column = BY_FOLDED.get(fold(written)) if written else None
        if column is not None and column.name not in WHO_AND_WHEN:
            return column.name
    return None


#: What a column of such a file is, by its name; of several the first is taken. ``**`` are the two letters of a domain.
_DATA = Path(__file__).parents[1] / "data"
_ROLES = pd.read_csv(_DATA / "test_roles.csv", index_col="role")["names"].str.split("; ").to_dict()
#: Names that only such a file has; the others are words that a column of any file may have.
_SURE = re.compile(r"[a-z]{2}testcd|paramcd")


def find_roles(raw: RawTable) -> dict[str, str]:
    """Tell which column is the code, the value and so on; nothing where the file has not one row a test."""
    folded = {fold(name): str(name) for name in reversed(list(raw.cells.columns))}

    def first(patterns: Iterable[str]) -> str | None:
        wanted = [re.compile(pattern.replace("**", "[a-z]{2}")) for pattern in patterns]
        return next((name for p in wanted for key, name in folded.items() if p.fullmatch(key)), None)

    roles = {role: name for role, patterns in _ROLES.items() if (name := first(patterns))}
    for plain, name in folded.items():  # the kit's own names of a key, where CDISC's are not there
        if plain in BY_FOLDED and BY_FOLDED[plain].name in WHO_AND_WHEN:
            roles.setdefault(BY_FOLDED[plain].name, name)
    if "code" not in roles or not roles.keys() & {"number", "text"}:
        return {}
    return roles if _SURE.fullmatch(fold(roles["code"])) or roles.keys() & {"visit", "week"} else {}


def from_tests(raw: RawTable, roles: Mapping[str, str], given: Mapping[str, str]) -> TidyTable:
    """Put the tests of a visit side by side.

    Parameters
    ----------
    raw : RawTable
        The cells of the file.
    roles : mapping
        What :func:`find_roles` found.
    given : mapping
        What the table of codes says: by code its column, empty for one that is not to be read.

    Returns
    -------
    TidyTable
        One row per patient and visit.

    Raises
    ------
    InputError
        If a key is missing, no code is known, two codes mean one column, or a test is there twice for one visit.
    """
    for names in (("patient",), ("visit", "week", "day")):
        if not roles.keys() & {*names}:
            lacking = " or ".join(map(repr, names[:2]))
            raise InputError(f"{raw.source} has one row a test; there is no column {lacking}. Nothing was scored.")
    notes = [*raw.notes, f"One row a test: {roles['code']} names it."]
    codes = raw.cells[roles["code"]].map(plain_code)
    labels = raw.cells[roles["label"]] if "label" in roles else codes
    label_of = dict(zip(codes, labels, strict=True))
    columns, said = columns_of_codes(label_of, given, raw.source)
    unread = [code for code in codes.unique() if code not in columns and given.get(code) != ""]
    for code in unread:
        meant = event_of(f"{code} {label_of[code]}")
        if meant and meant not in {*map(str, raw.cells), *(column.name for column in columns.values())}:
            what = f"{raw.source}: the test {code} ({label_of[code]}) would be ignored; did you mean {meant!r}?"
            raise InputError(f"{what} Nothing was scored: {_WAY_OUT}, empty for a test that is not to be read.")

    rows = raw.cells.assign(_code=codes)[codes.isin(columns)]
    rows = rows.assign(_visit=rows[roles["visit"]] if "visit" in roles else None, _arm=_arms(rows, roles))
    problems = BadCells(f"{raw.source}; nothing was scored")
    rows = _one_of_several(_visits(rows, roles, notes, problems), roles, notes)

    at = rows.groupby([roles["patient"], "_when", "_arm"], sort=False, dropna=False).ngroup().to_numpy()
    first = np.unique(at, return_index=True)[1]
    keys = {"patient": roles["patient"]}
    keys |= {key: f"_{key}" for key in WHO_AND_WHEN[1:] if f"_{key}" in rows and rows[f"_{key}"].notna().any()}
    cells = {key: rows[name].to_numpy(dtype=object)[first] for key, name in keys.items()}
    file_rows, cell_rows = np.asarray(rows.index), dict[str, np.ndarray]()
    cell_columns: dict[str, str | np.ndarray] = {key: roles.get(key, key) for key in keys}
    for code, column in columns.items():
        here = (rows["_code"] == code).to_numpy()
        part, places = rows[here], at[here]
        values, source = _values(part, roles, column, problems)
        twice = pd.Index(places).duplicated()
        problems.add(part, roles["code"], twice, "the patient has an earlier row for the same test and visit")
        own = pd.DataFrame({"value": values, "row": part.index, "of": source}, places)[~twice]
        own = own.reindex(range(len(first)))
        cells[column.name] = own["value"].astype(object).where(own["row"].notna(), None).to_numpy()
        cell_rows[column.name] = own["row"].fillna(pd.Series(file_rows[first])).to_numpy(dtype=int)
        cell_columns[column.name] = own["of"].fillna(roles["code"]).to_numpy(dtype=object)
    for name, written, one in _beside(rows, roles, at, cells, problems):
        cells[name], cell_columns[name] = one, written
    problems.raise_if_any()
    read = [(code, column.name, np.nan) for code, column in columns.items()]
    return TidyTable(
        pd.DataFrame(cells), raw.source, (*notes, *said), layout="tests",
        columns=pd.DataFrame(read, columns=["written", "name", "week"]),
        ignored=tuple(f"{roles['code']} {code}" for code in unread), file_rows=file_rows[first],
        cell_rows=cell_rows, cell_columns=cell_columns,
    )  # fmt: skip


def _arms(rows: pd.DataFrame, roles: Mapping[str, str]) -> pd.Series:
    """Return the arm of each row, from another row of the patient where its own is empty."""
    if "arm" not in roles:
        return pd.Series(None, index=rows.index, dtype=object)
    given = rows[roles["arm"]].astype(object).where(~rows[roles["arm"]].map(is_missing), None)
    return given.fillna(given.groupby(rows[roles["patient"]]).transform("first"))


def _visits(rows: pd.DataFrame, roles: Mapping[str, str], notes: list[str], problems: BadCells) -> pd.DataFrame:
    """Name the visit of each row; leave out values that were filled in, and rows that no analysis visit takes."""

    def tell(role: str, of: Callable[[object], bool]) -> pd.Series:
        return rows[roles[role]].map(of).astype(bool) if role in roles else pd.Series(False, index=rows.index)

    flagged = tell("entry", _is_yes)
    blank = ~flagged & tell("visit", is_missing) & (fold(roles.get("visit", "")) == "avisit")
    derived = tell("derived", lambda cell: not is_missing(cell))
    filled_in = f"that the analysis filled in ({roles.get('derived')}): the rule does that itself"
    for gone, what in ((derived, filled_in), (blank, f"without {roles.get('visit')}, which is for no analysis")):
        if gone.any():
            notes.append(f"Left out: {plural(int(gone.sum()), 'row')} {what}.")
            rows = rows[~gone[rows.index]]
    flagged, names = flagged[rows.index], [name for name in rows["_visit"].unique() if not is_missing(name)]
    weeks = weeks_of(map(str, names), [])
    week = rows["_visit"].map({name: weeks[str(name)] for name in names}).astype(float)
    if "visit" in roles and flagged.any():
        clash = flagged & (week > 0) & (week < np.inf)
        problems.add(rows, roles["visit"], clash.to_numpy(), f"{roles['entry']} says baseline")
        moved = flagged & (week != 0)
        rows, week = rows.assign(_visit=rows["_visit"].where(~moved, "baseline")), week.where(~moved, 0.0)
        if moved.any():
            values = plural(int(moved.sum()), "value")
            notes.append(f"{values} of another visit counted as baseline, because {roles['entry']} says so.")
    dated = "day" in roles and "week" not in roles and week.isna().all()
    if dated and "visit" in roles:
        notes.append(f"The names of the visits say no week, so {roles['day']} was read.")
    when = week.astype(str).where(week.notna(), rows["_visit"].astype(str).str.strip().str.casefold()).fillna("")
    for role in [role for role in ("week", "day") if role in roles and (role == "week" or dated)]:
        rows = rows.assign(**{f"_{role}": rows[roles[role]]})
        when = when + " " + rows[roles[role]].astype(str).str.strip()
    return rows.assign(_when=when)


def _one_of_several(rows: pd.DataFrame, roles: Mapping[str, str], notes: list[str]) -> pd.DataFrame:
    """Keep, of several rows for a test and visit, the one that is flagged for analysis."""
    if "chosen" not in roles:
        return rows
    chosen = rows[roles["chosen"]].map(_is_yes).astype(bool)
    gone = ~chosen & chosen.groupby([rows[name] for name in (roles["patient"], "_when", "_code")]).transform("any")
    if gone.any():
        notes.append(f"Left out: {plural(int(gone.sum()), 'row')} beside one with {roles['chosen']}.")
    return rows[~gone]


def _values(
    rows: pd.DataFrame, roles: Mapping[str, str], column: Column, problems: BadCells
) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of one test and the columns they stand in: numbers before texts, grades the other way round."""
    wanted = [roles[role] for role in ("number", "text") if role in roles]
    if column.kind in ("choice", "text"):
        wanted.reverse()
    empty = rows[wanted].map(is_missing).to_numpy()
    pick = np.where(empty.all(axis=1), 0, (~empty).argmax(axis=1))
    values = rows[wanted].to_numpy(dtype=object)[np.arange(len(rows)), pick]
    if "status" in roles:
        not_done = rows[roles["status"]].astype(str).str.strip().str.upper() == "NOT DONE"
        allowed = f"{roles['status']} says NOT DONE: delete the value, or the status"
        problems.add(rows, wanted[0], not_done.to_numpy() & ~empty.all(axis=1), allowed)
    if "unit" in roles and column.unit not in ("", "points"):
        unit = rows[roles["unit"]]
        other = ~unit.map(is_missing) & (unit.map(_plain_unit) != _plain_unit(column.unit))
        allowed = f"{column.unit}, the unit of {column.name}: convert the values"
        problems.add(rows, roles["unit"], other.to_numpy(), allowed)
    codes = rows["_code"].to_numpy(dtype=object)
    return values, np.array([f"{wanted[k]} of {code}" for k, code in zip(pick, codes, strict=True)], dtype=object)


def _is_yes(cell: object) -> bool:
    return str(cell).strip().lower() in YES_WORDS


def _plain_unit(unit: object) -> str:
    """Write a unit in one way: 10⁹/L and 10^9/L, µmol/L and umol/L are the same."""
    return fold(str(unit).translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹µμ", "0123456789uu")).replace("^", ""))


def _beside(
    rows: pd.DataFrame, roles: Mapping[str, str], at: np.ndarray, tests: Collection[str], problems: BadCells
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield the columns that a file has besides its tests, such as rescue, as written, with one value a visit."""
    for name in map(str, rows.columns):
        column = BY_FOLDED.get(fold(name))
        if column is None or name in roles.values() or column.name in (*tests, *WHO_AND_WHEN):
            continue
        given = rows[name].astype(object).where(~rows[name].map(is_missing), None)
        one = given.groupby(at).transform("first")
        problems.add(rows, name, (given.notna() & (given != one)).to_numpy(), "another row of the same visit differs")
        yield column.name, name, one.to_numpy(dtype=object)[np.unique(at, return_index=True)[1]]
