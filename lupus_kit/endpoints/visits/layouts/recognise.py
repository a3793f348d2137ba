"""Which layout a visit file has, and the same file in one layout: one row per patient and visit.

Before it, the texts that a file of Stata, SPSS or SAS gives to its values are used where the column is read as words;
after it, numbers are read with a decimal comma where the whole file says so.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from lupus_kit.core.columns import YES_WORDS, Column, distinct_cells, fold, is_missing, read_column
from lupus_kit.core.errors import InputError
from lupus_kit.core.problems import BadCells
from lupus_kit.core.tables import RawTable
from lupus_kit.core.text import listing
from lupus_kit.endpoints.sledai.items import ITEMS
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED, BY_NAME
from lupus_kit.endpoints.visits.layouts.long_and_wide import TidyTable, from_columns, map_columns
from lupus_kit.endpoints.visits.layouts.one_row_a_test import find_roles, from_tests
from lupus_kit.endpoints.visits.layouts.redcap import undo_redcap
from lupus_kit.endpoints.visits.missing_codes import number_of
from lupus_kit.endpoints.visits.visit_table import EVENTS
from lupus_kit.endpoints.visits.weeks import read_when, split_wide


def read_points(tidy: TidyTable, problems: BadCells) -> TidyTable:
    """Read points of items as present; a 1 in an item that has more points is then a bad cell.

    Parameters
    ----------
    tidy : TidyTable
        The cells as written.
    problems : BadCells
        Where bad cells are noted.

    Returns
    -------
    TidyTable
        With 1 in the place of the points, and a note.
    """
    values: dict[str, np.ndarray] = {}
    weights = {item.id: item.weight for item in ITEMS if item.id in tidy.cells and item.weight > 1}
    for name in weights:
        codes, cells = distinct_cells(tidy.cells[name])
        values[name] = np.array([*map(number_of, cells), np.nan], dtype=float)[codes]
    if not any((values[name] == weight).any() for name, weight in weights.items()):
        return tidy
    changed = {}
    for name, weight in weights.items():
        allowed = f"0 or {weight}: the items of this file are given as their points; or 0 and 1 throughout"
        problems.add(tidy.cells, name, values[name] == 1, allowed)
        changed[name] = tidy.cells[name].astype(object).where(values[name] != weight, 1)
    note = "Items of SLEDAI are given as their points (1, 2, 4 or 8): any points were read as present."
    return replace(tidy, cells=tidy.cells.assign(**changed), notes=(*tidy.notes, note))


def refuse_bare_ticks(table: pd.DataFrame, problems: BadCells) -> None:
    """Note the empty cells of a column that holds an x, or of an event a yes, and no word for no: absent, or not recorded.

    Parameters
    ----------
    table : pandas.DataFrame
        The cells as written, with the kit's column names.
    problems : BadCells
        Where bad cells are noted.
    """
    for name in map(str, table.columns):
        if name not in BY_NAME or BY_NAME[name].kind != "yes/no" or pd.api.types.is_numeric_dtype(table[name].dtype):
            continue
        codes, cells = distinct_cells(table[name])
        empty = np.array([*map(is_missing, cells), True])[codes]
        words = {str(cell).strip().lower() for cell in cells if not is_missing(cell)}
        if empty.any() and (words == {"x"} or (words and name in EVENTS and words <= {*YES_WORDS})):
            ticks = listing(sorted(words))
            allowed = f"{name} is ticked with {ticks}: write no where it is absent, and NA where it was not recorded"
            problems.add(table, name, empty, allowed)


_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


def join_names(first: list[str], second: list[object]) -> list[str] | None:
    """Join two rows of names to the names of the wide layout.

    A merged cell keeps its text in its first column, so a text of the first row reaches to the next one.

    Parameters
    ----------
    first : list of str
        The first row; empty where nothing stands.
    second : list of object
        The cells of the second row.

    Returns
    -------
    list of str or None
        One name a column; None where the second row is no row of names.

    Raises
    ------
    InputError
        If it cannot be said to which visit a column belongs.

    Examples
    --------
    >>> join_names(["", "Baseline", "", "Week 12", ""], ["Patient", "SLEDAI", "PGA", "SLEDAI", "PGA"])
    ['Patient', 'SLEDAI Baseline', 'PGA Baseline', 'SLEDAI Week 12', 'PGA Week 12']
    >>> join_names(["patient", "sledai_week12"], ["A", "4"]) is None
    True
    """
    texts = ["" if is_missing(cell) else str(cell).strip() for cell in second]
    if all(name.strip() for name in first) or any(map(_NUMBER.fullmatch, texts)):
        return None
    above, names, blocks = "", list[str](), list[str]()
    for top, below in zip(first, texts, strict=True):
        above = top.strip() or (above if below else "")
        is_key = fold(below) in BY_FOLDED and BY_FOLDED[fold(below)].name in ("patient", "arm")  # these have no visit
        own = not above or not below or is_key
        names.append(below or above if own else f"{below} {above}")
        blocks.append("" if own else above)
    wide, _ = split_wide((name for name, block in zip(names, blocks, strict=True) if block), [])
    fields = [
        (wide[name][0].name if block and name in wide else "", block) for name, block in zip(names, blocks, strict=True)
    ]
    several = {block for name, block in fields if name not in ("", "visit", "week", "day")}
    if not several:
        return None
    for (name, block), top, below in zip(fields, first, texts, strict=True):
        alone = name and not any(other == name and at != block for other, at in fields)
        if alone and fold(below) in BY_FOLDED and not top.strip() and len(several) > 1 and block == blocks[-1]:
            way_out = f"write the visit above it, or name it {below}_week12 or the like, if it belongs to a visit"
            what = f"column {below!r} has no visit above it and stands beside {block!r} only"
            raise InputError(f"{what}: {way_out}; delete it, if not.")
    return names


def use_labels(raw: RawTable) -> RawTable:
    """Put the texts of values in the place of the values, and the titles of columns in the place of unknown names.

    A number stays a number (its texts are the ends of a scale), unless its text says that it is missing.

    Parameters
    ----------
    raw : RawTable
        The cells of the file.

    Returns
    -------
    RawTable
        The cells as they are read.
    """
    here = {fold(name) for name in raw.cells.columns}
    titles = {
        name: title
        for name, title in raw.titles.items()
        if _column(name) is None and _column(title) is not None and fold(title) not in here
    }
    cells, used = raw.cells.copy(), list[str]()
    for name, texts in raw.labels.items():
        column = _column(name) or _column(raw.titles.get(name, "")) or Column(name, "text")
        read = {value: text for value, text in texts.items() if _is_read(text, column)}
        codes, distinct = distinct_cells(cells[name])
        words = np.array([*(read.get(value, value) for value in distinct), None], dtype=object)
        if any(value in read for value in distinct):
            cells[name], used = words[codes], [*used, name]
    notes = (f"The texts of the values were read in {listing(used)}.",) if used else ()
    return replace(
        raw, cells=cells.rename(columns=titles), notes=(*raw.notes, *notes), labels={},
        written=dict(raw.written) | {title: name for name, title in titles.items()},
    )  # fmt: skip


def _column(name: str) -> Column | None:
    wide, _ = split_wide([name], [])
    return BY_FOLDED.get(fold(name)) or (wide[name][0] if wide else None)


def _is_read(text: str, column: Column) -> bool:
    """Tell whether a text is to be read in the place of its value."""
    if column.kind == "text" or is_missing(text):
        return True
    problems = BadCells("")
    read_column(pd.DataFrame({"x": [text]}), "x", column, problems)
    return column.kind in ("yes/no", "choice") and not problems.message


_COMMA, _POINT = re.compile(r"\s*[-+]?\d+,(\d+)\s*"), re.compile(r"\s*[-+]?\d*\.\d+\s*")


def read_decimal_comma(tidy: TidyTable) -> TidyTable:
    """Write decimal commas as points, if no number of the file has a point.

    Three figures after every comma could as well be thousands: such a file is left for the reader of cells to refuse.

    Parameters
    ----------
    tidy : TidyTable
        The cells as written.

    Returns
    -------
    TidyTable
        The cells with points, and a note.
    """
    changed: dict[str, np.ndarray] = {}
    decimals: set[int] = set()
    for name in map(str, tidy.cells):
        if BY_NAME[name].kind not in ("number", "whole number"):
            continue
        codes, cells = distinct_cells(tidy.cells[name])
        words = [cell if isinstance(cell, str) else "" for cell in cells]
        if any(map(_POINT.fullmatch, words)):
            return tidy
        found = [_COMMA.fullmatch(word) for word in words]
        if any(found):
            decimals |= {len(match[1]) for match in found if match}
            plain = [
                word.replace(",", ".") if match else cell for word, match, cell in zip(words, found, cells, strict=True)
            ]
            changed[name] = np.array([*plain, None], dtype=object)[codes]
    if not decimals - {3}:
        return tidy
    notes = (*tidy.notes, "Numbers were read with a decimal comma: no number of the file has a point.")
    return replace(tidy, cells=tidy.cells.assign(**changed), notes=notes)


def read_named_weeks(tidy: TidyTable) -> TidyTable:
    """Take a column of weeks that holds words, such as W12, 12 weeks or baseline, for the names of the visits.

    Parameters
    ----------
    tidy : TidyTable
        The cells as written.

    Returns
    -------
    TidyTable
        With a column ``visit`` in the place of ``week`` and a note, where every cell says a time.
    """
    if "week" not in tidy.cells or "visit" in tidy.cells or pd.api.types.is_numeric_dtype(tidy.cells["week"].dtype):
        return tidy
    codes, cells = distinct_cells(tidy.cells["week"])
    numbers = [not np.isnan(number_of(cell)) for cell in cells]
    names = [f"week {cell}" if bare else cell for cell, bare in zip(cells, numbers, strict=True)]
    if all(numbers) or not all(is_missing(cell) or read_when(name) for cell, name in zip(cells, names, strict=True)):
        return tidy
    visit = np.array([*names, None], dtype=object)[codes]
    places = dict(tidy.cell_columns) | {"visit": tidy.cell_columns["week"]}
    notes = (*tidy.notes, "The column of weeks holds words: they were read as names of visits, bare numbers as weeks.")
    cells = tidy.cells.drop(columns="week").assign(visit=visit)
    return replace(tidy, cells=cells, cell_columns=places, notes=notes)


#: ``"long"``: one row per patient and visit; ``"wide"``: one per patient; ``"tests"``: one per patient, visit and test.
LAYOUTS = ("auto", "long", "wide", "tests")


def recognise(raw: RawTable, layout: str, codes: Mapping[str, str]) -> TidyTable:
    """Undo the layout of a visit file.

    Parameters
    ----------
    raw : RawTable
        The cells of the file.
    layout : {"auto", "long", "wide", "tests"}
        The layout, or ``"auto"`` to take it from the names of the columns.
    codes : mapping
        By code of a test its column.

    Returns
    -------
    TidyTable
        One row per patient and visit, with the kit's own names and decimal points.

    Raises
    ------
    InputError
        If columns are missing, there twice or nearly misspelt, or tests are not known.
    """
    raw = use_labels(raw)
    roles = find_roles(raw) if layout in ("auto", "tests") else {}
    if roles:
        return read_decimal_comma(from_tests(raw, roles, codes))
    if codes or layout == "tests":
        given = "a table of codes is given" if codes else "the layout 'tests' is asked for"
        needed = "a column of codes (QSTESTCD, PARAMCD or test) and one of values (QSSTRESN, AVAL or value) are needed"
        raise InputError(f"{given}, but {raw.source} has not one row a test: {needed}. Nothing was scored.")
    raw = undo_redcap(raw)
    columns, ignored, chosen, notes = map_columns(raw, layout)
    raw = replace(raw, notes=(*raw.notes, *notes))
    return read_decimal_comma(read_named_weeks(from_columns(raw, chosen, columns, ignored)))
