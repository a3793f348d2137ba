"""The wide layout: one row per patient, and a column for each quantity at each visit, such as ``sledai_week12``."""

import numpy as np
import pandas as pd

from lupus_kit.core.tables import RawTable
from lupus_kit.endpoints.visits.file_columns import BY_NAME
from lupus_kit.endpoints.visits.layouts.one_row_a_visit import MappedColumn, table_of_columns
from lupus_kit.endpoints.visits.layouts.tidy import TidyTable


def from_wide(raw: RawTable, mapped: list[MappedColumn], ignored: tuple[str, ...]) -> TidyTable:
    """Stack the visits; each cell keeps its row and its column in the file."""
    own = {m.written: m.column.name for m in mapped if m.week is None}
    weeks = sorted({m.week for m in mapped if m.week is not None})
    per_week = [{m.written: m.column.name for m in mapped if m.week == week} for week in weeks]
    parts = [
        raw.cells[[*own, *here]].rename(columns=own | here).assign(week=week)
        for week, here in zip(weeks, per_week, strict=True)
    ]
    cells = pd.concat(parts, ignore_index=True)

    def names(column: str) -> np.ndarray:
        written = [next((w for w, name in (own | here).items() if name == column), "") for here in per_week]
        return np.repeat(np.array([raw.written.get(w, w) for w in written], dtype=object), len(raw.cells))

    return TidyTable(
        cells[[name for name in BY_NAME if name in cells]], raw.source, raw.notes, layout="wide",
        columns=table_of_columns(raw, mapped), ignored=ignored, file_rows=np.tile(raw.cells.index, len(weeks)),
        cell_columns={name: names(name) for name in cells if name != "week"},
    )  # fmt: skip
