"""Cohorts larger than memory: drawn block by block and written to Parquet as they come."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.cohort.columns import TABLES
from lupus_kit.cohort.files.formats import file_sum
from lupus_kit.cohort.files.schema import check_tables
from lupus_kit.cohort.files.storage import MANIFEST, write_folder, write_manifest
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.generative import blocks, checked


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
    import pyarrow as pa
    import pyarrow.parquet as pq

    a, n_per_arm = checked(assumptions, n_per_arm)
    kept = int(seed) if isinstance(seed, (int, np.integer)) else None

    def write(folder: Path) -> None:
        visits = pd.DataFrame()
        with ExitStack() as stack:
            writers: dict[str, pq.ParquetWriter] = {}
            for tables in blocks(a, n_per_arm, seed):
                check_tables(tables, a, "table {!r}", 0)
                visits = tables["visits"].head(0)
                for name in TABLES:
                    part = pa.Table.from_pandas(tables.pop(name), preserve_index=False)
                    if name not in writers:
                        path = folder / f"{name}.parquet"
                        writers[name] = stack.enter_context(pq.ParquetWriter(path, part.schema))
                    writers[name].write_table(part.cast(writers[name].schema))
        sums = {name: file_sum(folder / f"{name}.parquet") for name in TABLES}
        write_manifest(folder, "parquet", visits, kept, a, sums)

    return write_folder(Path(directory), MANIFEST, "a cohort", write)
