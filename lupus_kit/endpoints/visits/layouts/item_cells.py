"""Items of SLEDAI that were written as their points (0, 1, 2, 4, 8), and yes/no columns that were ticked with an x."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lupus_kit.core.columns import is_missing
from lupus_kit.core.problems import BadCells
from lupus_kit.endpoints.sledai.items import ITEMS
from lupus_kit.endpoints.visits.file_columns import BY_NAME
from lupus_kit.endpoints.visits.layouts.tidy import TidyTable, distinct_cells


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
        numbers = [
            pd.to_numeric(cell, errors="coerce") if isinstance(cell, (str, int, float)) else np.nan for cell in cells
        ]
        values[name] = np.array([*numbers, np.nan], dtype=float)[codes]
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
    """Note the empty cells of a column that holds an x and no word for no: absent, or not recorded.

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
        if words == {"x"} and empty.any():
            allowed = "this column is ticked with x: write no where it is absent, and NA where it was not recorded"
            problems.add(table, name, empty, allowed)
