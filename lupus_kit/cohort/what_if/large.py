"""Cohorts larger than memory: drawn block by block and written to Parquet as they come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lupus_kit.cohort.columns import TABLES
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.generative import blocks, checked

if TYPE_CHECKING:
    import pyarrow.parquet as pq


def write_what_if(
    directory: str | Path,
    assumptions: Assumptions | None = None,
    n_per_arm: int = 30,
    seed: int | np.random.Generator = 0,
) -> Path:
    """Invent a cohort of any size and write it to Parquet, a block of patients at a time.

    Memory stays flat: no more than one block of 20 000 patients is held. The cohort is the same, cell by cell, as
    ``what_if`` with the same arguments gives in memory, and ``Cohort.load`` reads it.

    Parameters
    ----------
    directory : str or pathlib.Path
        Folder to write, all or nothing. An existing cohort there is replaced.
    assumptions : Assumptions, optional
        What is assumed.
    n_per_arm : int
        Patients in each arm, at least 1.
    seed : int or numpy.random.Generator
        Same seed, same cohort.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        As for :func:`what_if`, and if the folder cannot be written or holds something else.

    Examples
    --------
    >>> import tempfile
    >>> from lupus_kit import cohort
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = cohort.write_what_if(f"{place}/big", n_per_arm=40, seed=3)
    ...     again = cohort.Cohort.load(folder)
    >>> again.visits.equals(cohort.what_if(n_per_arm=40, seed=3).visits)
    True
    """
    from lupus_kit.cohort.files.storage import MANIFEST, write_folder

    a, n_per_arm = checked(assumptions, n_per_arm)
    kept = int(seed) if isinstance(seed, (int, np.integer)) else None

    def write(folder: Path) -> None:
        _write_blocks(folder, a, n_per_arm, seed, kept)

    return write_folder(Path(directory), MANIFEST, "a cohort", write)


def _write_blocks(folder: Path, a: Assumptions, n_per_arm: int, seed: Any, kept: int | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from lupus_kit.cohort.files.formats import file_sum
    from lupus_kit.cohort.files.schema import check_tables
    from lupus_kit.cohort.files.storage import write_manifest

    writers: dict[str, pq.ParquetWriter] = {}
    visits: list[str] = []
    try:
        for tables in blocks(a, n_per_arm, seed):
            check_tables(tables, a, "table {!r}", 0)
            visits = list(tables["visits"]["visit"].cat.categories)
            for name in TABLES:
                part = pa.Table.from_pandas(tables.pop(name), preserve_index=False)
                if name not in writers:
                    writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", part.schema)
                writers[name].write_table(part.cast(writers[name].schema))
    finally:
        for writer in writers.values():
            writer.close()
    sums = {name: file_sum(folder / f"{name}.parquet") for name in TABLES}
    write_manifest(folder, "parquet", visits, kept, a, sums)
