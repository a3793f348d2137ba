"""The cohort: eight tidy tables that belong together, with their dictionary and their baseline table."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lupus_kit.cohort.columns import ARMS, NOTICE, TABLES, active_bilag, data_dictionary
from lupus_kit.cohort.files import cdisc, storage
from lupus_kit.cohort.what_if.assumptions import Assumptions

_SUMMARIES: dict[str, Callable[[pd.Series], str]] = {
    "mean±SD": lambda values: f"{values.mean():.2f}±{values.std():.2f}",
    "median (range)": lambda values: f"{values.median():g} ({values.min():g}–{values.max():g})",
    "n (%)": lambda values: f"{int(values.sum())} ({100 * values.mean():.2f})",
}
#: The rows of a baseline table: characteristic, how it is summarised, and the column.
_TABLE1 = pd.read_csv(Path(__file__).with_name("data") / "table1.csv").to_numpy().tolist()


@dataclass(frozen=True)
class Cohort:
    """Invented patients as tidy tables; display it in a notebook for its baseline table.

    Attributes
    ----------
    patients : pandas.DataFrame
        One row per patient.
    visits : pandas.DataFrame
        One row per patient and attended visit, with SLEDAI, PGA, nine grades and prednisone: the table that
        :func:`lupus_kit.endpoints.sri` reads.
    sledai, bilag, labs, immune : pandas.DataFrame
        The same rows: 24 descriptors; nine grades and their total; laboratory values; immune cells.
    doses, adverse_events : pandas.DataFrame
        One row per injection given; one row per event.
    assumptions : Assumptions or None
        What the cohort was made from; None for a replica, which is made from the published record.
    seed : int or None
        The seed it was made with; None where a generator was given.
    made_by : str
        ``"what_if"``, or ``"replica of <study>"``.

    Notes
    -----
    :meth:`data_dictionary` documents every column.

    Examples
    --------
    >>> import tempfile
    >>> from lupus_kit import cohort
    >>> trial = cohort.what_if(n_per_arm=5, seed=1)
    >>> len(trial.patients)
    10
    >>> list(trial.tables)[:3]
    ['patients', 'visits', 'sledai']
    >>> list(trial.data_dictionary().columns)
    ['table', 'column', 'type', 'unit', 'allowed', 'origin', 'meaning']
    >>> list(trial.table1().columns)
    ['characteristic', 'summary', 'IL-2', 'placebo']
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = trial.save(f"{folder}/mine")
    ...     again = cohort.Cohort.load(f"{folder}/mine")
    ...     written = trial.to_cdisc(f"{folder}/cdisc")
    >>> len(again.patients)
    10
    >>> written.name
    'cdisc'
    """

    patients: pd.DataFrame
    visits: pd.DataFrame
    sledai: pd.DataFrame
    bilag: pd.DataFrame
    labs: pd.DataFrame
    immune: pd.DataFrame
    doses: pd.DataFrame
    adverse_events: pd.DataFrame
    assumptions: Assumptions | None
    seed: int | None = None
    made_by: str = "what_if"

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The eight tables by name."""
        return {name: getattr(self, name) for name in TABLES}

    @staticmethod
    def data_dictionary() -> pd.DataFrame:
        """Document every column of every table.

        Returns
        -------
        pandas.DataFrame
            Columns ``table``, ``column``, ``type``, ``unit``, ``allowed``, ``origin``, ``meaning``. ``origin`` says
            what is invented and what comes from the published design.
        """
        return data_dictionary()

    def table1(self) -> pd.DataFrame:
        """Summarise the arms at entry, laid out as a trial's Table 1.

        Returns
        -------
        pandas.DataFrame
            Columns ``characteristic``, ``summary`` (how it is summarised) and one text column per arm.
        """
        entry = self.patients.merge(
            self.visits.loc[self.visits["week"] == 0].drop(columns="arm"), on="patient", validate="one_to_one"
        ).merge(self.bilag.loc[self.bilag["week"] == 0, ["patient", "bilag_total"]], on="patient")
        entry["active"] = active_bilag(entry)
        entry["female"] = entry["sex"] == "female"
        by_arm = {arm: entry.loc[entry["arm"] == arm] for arm in ARMS}
        rows = [
            (label, summary, *(_SUMMARIES[summary](frame[column]) for frame in by_arm.values()))
            for label, summary, column in _TABLE1
        ]
        rows.insert(0, ("Patients", "n", *(str(len(frame)) for frame in by_arm.values())))
        return pd.DataFrame(rows, columns=["characteristic", "summary", *ARMS])

    def save(self, directory: str | Path, format: str = "csv", force: bool = False) -> Path:
        """Write the tables into a folder, all or nothing.

        The files are written to a new folder beside the old one, which then takes its place: an interrupted save
        leaves the old cohort whole.

        Parameters
        ----------
        directory : str or pathlib.Path
            Folder to write. An existing cohort there is replaced; any other folder with files in it is refused.
        format : {"csv", "parquet", "xlsx"}
            One CSV or Parquet file for each table, or one Excel workbook with a sheet for each table and a sheet
            with the dictionary. All keep every value and type.
        force : bool
            Write into a folder that holds other files, too; they stay.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        InputError
            If the format is unknown, the folder holds something else, cannot be written, or a table breaks its
            schema.
        """
        return storage.save(self.tables, Path(directory), format, self.assumptions, self.seed, self.made_by, force)

    def to_cdisc(self, directory: str | Path) -> Path:
        """Write ADSL, ADQS, ADRS, ADLB and ADAE as SAS transport files, with CDISC names and labels.

        This is for those who teach with analysis data sets: a simplified layout after the ADaM guide, not a
        submission. Every data set says in its label that it is invented.

        Parameters
        ----------
        directory : str or pathlib.Path
            Folder to write, all or nothing. An earlier export there is replaced.

        Returns
        -------
        pathlib.Path
            The folder, with ``adsl.xpt``, ``adqs.xpt``, ``adrs.xpt``, ``adlb.xpt``, ``adae.xpt`` and
            ``variables.csv``, which lists every variable with its label and its origin.

        Raises
        ------
        InputError
            If the folder holds something else or cannot be written.
        """
        return cdisc.write_cdisc(self.tables, self.assumptions, Path(directory))

    @classmethod
    def load(cls, directory: str | Path, *, allow_edits: bool = False) -> Cohort:
        """Read a saved cohort and check every cell.

        Parameters
        ----------
        directory : str or pathlib.Path
            Folder written by :meth:`save`.
        allow_edits : bool
            Accept cells that were changed after saving, as long as each table still fits its schema and the tables
            still agree with each other.

        Returns
        -------
        Cohort
            The same cohort, types and order included.

        Raises
        ------
        InputError
            If a file is missing, damaged, changed after saving or breaks its schema; the message names the file, and
            row and column of cells that are not allowed. A cohort that an earlier version of the kit saved needs
            ``allow_edits=True``.
        """
        return cls(**storage.load(Path(directory), allow_edits))

    def _repr_html_(self) -> str:
        made = f"{self.made_by}, " + (f"seed {self.seed}" if self.seed is not None else "a generator given by the user")
        sizes = ", ".join(f"{name} {len(frame)}" for name, frame in self.tables.items())
        body = self.table1().to_html(index=False, border=0, justify="left", escape=True)
        return (
            f"<p><b>Synthetic cohort</b>, {len(self.patients)} patients, {html.escape(made)}. "
            f"<b style='color:#a03060'>{NOTICE}</b></p>{body}<p><small>Rows: {html.escape(sizes)}.</small></p>"
        )

    def __repr__(self) -> str:
        return f"Cohort({len(self.patients)} invented patients, {len(self.visits)} visits, {self.made_by}, seed={self.seed})"
