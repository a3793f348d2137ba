"""A visit file once its layout is undone: one row per patient and visit, and where in the file each cell stands."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lupus_kit.core.tables import RawTable


@dataclass(frozen=True)
class TidyTable(RawTable):
    """The cells of a visit file in the shape that is read.

    Attributes
    ----------
    cells : pandas.DataFrame
        One row per patient and visit, the kit's own column names, the cells as written; the index is unique.
    layout : str
        How the file was laid out.
    columns : pandas.DataFrame
        ``written`` (name in the file), ``name`` (in the kit) and ``week`` (of a wide column).
    ignored : tuple of str
        What the file holds and nothing reads.
    file_rows : numpy.ndarray
        The row of the file of each row of `cells`.
    cell_rows : mapping
        By column the rows of the file, where its cells stand in others than `file_rows`.
    cell_columns : mapping
        By column its name in the file, or the names of its cells.
    """

    layout: str = "long"
    columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    ignored: tuple[str, ...] = ()
    file_rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=int))
    cell_rows: Mapping[str, np.ndarray] = field(default_factory=dict)
    cell_columns: Mapping[str, str | np.ndarray] = field(default_factory=dict)

    def place(self, positions: np.ndarray, column: str) -> tuple[np.ndarray, np.ndarray]:
        """Tell the rows and the columns of the file where cells stand."""
        rows = self.cell_rows.get(column, self.file_rows)[positions]
        names = self.cell_columns.get(column, column)
        return rows, names[positions] if isinstance(names, np.ndarray) else np.full(len(rows), names, dtype=object)


def distinct_cells(series: pd.Series) -> tuple[np.ndarray, list[object]]:
    """Return the distinct cells of a column, and for each row the position of its own; -1 where there is none, or a list."""
    try:
        codes, cells = pd.factorize(series)
    except TypeError:
        codes, cells = pd.factorize(
            series.where(series.map(lambda cell: isinstance(cell, Hashable)).astype(bool), None)
        )
    return codes, np.asarray(cells, dtype=object).tolist()
