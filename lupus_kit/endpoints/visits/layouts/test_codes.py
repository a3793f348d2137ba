"""What the codes of tests mean: from a table that the user gives, else by usual codes, names and labels."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from lupus_kit.core.cells import require_columns
from lupus_kit.core.columns import fold, is_missing
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.tables import read_table
from lupus_kit.core.text import lines, listing
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED, BY_NAME, VisitColumn

#: How a table of codes may be given.
TestCodes: TypeAlias = pd.DataFrame | str | Path | None

_USUAL = pd.read_csv(Path(__file__).parents[1] / "data" / "test_codes.csv").set_index("code")["column"].to_dict()
_KEYS = ("patient", "visit", "week", "day", "arm")
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
        if name and (fold(name) not in BY_FOLDED or BY_FOLDED[fold(name)].name in _KEYS):
            raise unknown_name("column in the table of codes", name, [known for known in BY_NAME if known not in _KEYS])
        name = BY_FOLDED[fold(name)].name if name else ""
        if found.setdefault(plain_code(cell), name) != name:
            raise InputError(f"the table of codes gives {cell!r} to two columns. Keep one row a code.")
    return found


def columns_of_codes(
    labels: Mapping[str, object], given: Mapping[str, str], source: str
) -> tuple[dict[str, VisitColumn], list[str]]:
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
    columns : dict of str to VisitColumn
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
    notes = (
        [f"The codes of the tests were guessed: {listing(said, most=40)}; if one is wrong, {_WAY_OUT}."] if said else []
    )
    absent = [code for code in given if code not in labels]
    notes += [f"The file has no test {listing(absent, 'or')}, which the table of codes names."] if absent else []
    return {code: BY_NAME[name] for code, name in names.items()}, notes


def _guess(code: str, label: object) -> str | None:
    """Guess a column: by a usual code, else by a label or a code that is a name of the kit."""
    plain = re.sub(r"\s*\([^)]*\)\s*$", "", str(label))
    for written in (_USUAL.get(code, ""), str(label), plain, re.sub(r"(?i)\s+score$", "", plain), code):
        column = BY_FOLDED.get(fold(written)) if written else None
        if column is not None and column.name not in _KEYS:
            return column.name
    return None
