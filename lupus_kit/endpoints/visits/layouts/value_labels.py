"""Texts that a file of Stata, SPSS or SAS gives to its values: used where the column is read as words."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lupus_kit.core.columns import Column, fold, is_missing, read_column
from lupus_kit.core.problems import BadCells
from lupus_kit.core.tables import RawTable
from lupus_kit.core.text import listing
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED
from lupus_kit.endpoints.visits.layouts.tidy import distinct_cells
from lupus_kit.endpoints.visits.weeks import split_wide


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
