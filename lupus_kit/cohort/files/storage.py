"""Cohorts on disk: a folder with the tables as CSV, Parquet or Excel and a manifest, checked when it is read.

Every cell is read by the description of its column, so a cohort is equal after a round trip whatever the format.
"""

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from lupus_kit.cohort.columns import NOTICE, TABLES, CohortColumn, columns_of, data_dictionary, typed
from lupus_kit.cohort.files.schema import check_agreement, check_rows, check_tables
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.core.columns import read_choices, read_column
from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.extras import need
from lupus_kit.core.files import refuse_reserved
from lupus_kit.core.problems import BadCells, raise_together
from lupus_kit.core.tables import RawTable, read_sheets, read_table
from lupus_kit.core.text import listing, plural
from lupus_kit.core.workbook import EXCEL_ROWS

MANIFEST = "cohort.json"
#: Version of the folder: 1 had checksums for every row and column, 2 has one for each table.
LAYOUT = 2
FORMATS = ("csv", "parquet", "xlsx")
_BOOK = "cohort.xlsx"
#: The files that a cohort may consist of.
COHORT_FILES = (MANIFEST, _BOOK, *(f"{table}.{format}" for table in TABLES for format in ("csv", "parquet")))


def save(
    tables: Mapping[str, pd.DataFrame], directory: Path, format: str, a: Assumptions | None, seed: int | None,
    made_by: str, force: bool = False,
) -> Path:  # fmt: skip
    """Write a cohort; see :meth:`Cohort.save`."""
    require_choice("format", format, FORMATS)
    check_tables(tables, a, "table {!r}", 0)

    def write(folder: Path) -> None:
        sums = write_tables(tables, folder, format)
        write_manifest(folder, format, tables["visits"], seed, a, sums, made_by)

    return write_folder(directory, MANIFEST, COHORT_FILES, "a cohort", write, force)


def check_unchanged(directory: Path) -> None:
    """Raise where a folder holds a cohort with a file that is not as it was saved."""
    if not (directory / MANIFEST).is_file():
        return
    try:
        manifest = _manifest(directory, allow_edits=False)
        if manifest["format"] == "xlsx":
            load(directory, allow_edits=False)
            return
        for name, digest in manifest["checksums"].items():
            if file_sum(directory / f"{name}.{manifest['format']}") != digest:
                raise InputError(f"{name}.{manifest['format']} was changed after saving.")
    except (InputError, OSError) as error:
        raise InputError(
            f"{directory} holds a cohort that is not as it was saved, and is not overwritten ({error}) "
            "Give another folder, or add --force."
        ) from None


def write_folder(
    directory: Path, marker: str, own: Collection[str], what: str, write: Callable[[Path], None], force: bool = False
) -> Path:
    """Write a folder, all or nothing; where it is a link, the folder that the link leads to.

    Parameters
    ----------
    directory : pathlib.Path
        Folder to make or to replace.
    marker : str
        File that shows that an existing folder is of the same kind and may be replaced.
    own : collection of str
        The files of that kind: a folder with any other is refused, since it would be lost.
    what : str
        What the folder holds, for messages.
    write : callable
        Writes the files into the folder it is given.
    force : bool
        Write into a folder with other files, which stay.
    """
    refuse_reserved(directory)
    given, directory = directory, directory.resolve()
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory} is a file: give a folder.")
    mode = stat.S_IMODE(directory.stat().st_mode) if directory.exists() else 0o755
    held = sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []
    foreign = [name for name in held if name not in own] if marker in held else held
    if foreign and not force:
        named = listing(map(repr, foreign[:3])) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")
        raise InputError(f"{directory} holds files that are not {what} ({named}): give an empty or a new folder.")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-new-", dir=directory.parent))
    except OSError as error:
        raise InputError(f"cannot write in {directory.parent}: {error.strerror}. Choose another folder.") from None
    try:
        for name in foreign:
            place = directory / name
            (shutil.copytree if place.is_dir() else shutil.copy2)(place, new / name)
        write(new)
        new.chmod(mode)
        _swap(new, directory)
    except OSError as error:
        raise InputError(f"cannot write {directory}: {error.strerror}. What was there before is unchanged.") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return given


def write_manifest(
    folder: Path, format: str, visits: pd.DataFrame, seed: int | None, a: Assumptions | None, sums: dict[str, str],
    made_by: str = "what_if",
) -> None:  # fmt: skip
    """Write what cannot be seen from the tables: assumptions, seed, names of the visits and checksums."""
    manifest = {
        "notice": NOTICE,
        "kind": "lupus_kit cohort",
        "layout": LAYOUT,
        "format": format,
        "seed": seed,
        "visits": list(visits["visit"].cat.categories),
        "assumptions": None if a is None else a.to_dict(),
        "made_by": made_by,
        "checksums": sums,
    }
    with (folder / MANIFEST).open("w", encoding="utf-8", newline="\n") as file:
        json.dump(manifest, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _swap(new: Path, directory: Path) -> None:
    """Put the new folder in place of the old one; put the old one back if that fails half-way."""
    if not directory.exists():
        new.rename(directory)
        return
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}-old-", dir=directory.parent) as place_for_old:
        old = Path(place_for_old) / "cohort"
        directory.rename(old)
        try:
            new.rename(directory)
        except BaseException:
            old.rename(directory)
            raise


def load(directory: Path, allow_edits: bool) -> dict[str, Any]:
    """Read what a cohort is made of; see :meth:`Cohort.load`."""
    manifest = _manifest(directory, allow_edits)
    format = manifest["format"]
    name, first_row = place(format), 1 if format == "parquet" else 2
    tables = read_tables(directory, format, manifest["visits"])
    for table, frame in tables.items():
        check_rows(table, frame, name.format(table), first_row)
        if not allow_edits and checksum(frame, directory, table, format) != manifest["checksums"].get(table):
            raise InputError(
                f"{name.format(table)} was changed after saving. Restore the file, or load with allow_edits=True if the "
                "change is meant."
            )
    try:
        given = manifest["assumptions"]
        assumptions = None if given is None else Assumptions.from_dict(given)
    except (InputError, TypeError) as error:
        raise InputError(f"{MANIFEST}, key 'assumptions': {error}") from None
    check_agreement(tables, assumptions, name, first_row)
    made_by = str(manifest.get("made_by", "what_if"))
    return {**tables, "assumptions": assumptions, "seed": manifest["seed"], "made_by": made_by}


def _manifest(directory: Path, allow_edits: bool) -> dict[str, Any]:
    path = directory / MANIFEST
    if not path.is_file():
        raise InputError(f"{directory} is not a saved cohort: there is no {MANIFEST} in it.")
    wanted = {"seed": (int, type(None)), "visits": (list,), "assumptions": (dict, type(None)), "checksums": (dict,)}
    try:
        manifest: dict[str, Any] = {"format": "csv", "layout": 1} | json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError) as error:
        raise InputError(f"{MANIFEST} is damaged ({error}): save the cohort again.") from None
    broken = [key for key, kinds in wanted.items() if key not in manifest or not isinstance(manifest[key], kinds)]
    broken += ["format"] if manifest["format"] not in FORMATS else []
    if broken:
        raise InputError(
            f"{MANIFEST} is damaged: {plural(len(broken), 'key')} {listing(map(repr, broken))} missing or of the wrong kind."
        )
    if manifest["layout"] != LAYOUT and not allow_edits:
        raise InputError(
            f"{directory} was saved by another version of the kit, so that it cannot be told whether it was changed: "
            "load it with allow_edits=True, and save it again."
        )
    return manifest


# --- the tables -----------------------------------------------------------------------------------------------


def place(format: str) -> str:
    """Return how messages call the file of a table: a format string for its name."""
    return f"{_BOOK}, sheet {{!r}}" if format == "xlsx" else f"{{}}.{format}"


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path, format: str) -> dict[str, str]:
    """Write every table, and return one checksum for each."""
    if format == "xlsx":
        _write_excel(tables, folder / _BOOK)
    for name, frame in tables.items():
        if format == "csv":
            (folder / f"{name}.csv").write_bytes(_csv(frame))
        elif format == "parquet":
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    return {name: checksum(frame, folder, name, format) for name, frame in tables.items()}


def checksum(frame: pd.DataFrame, folder: Path, name: str, format: str) -> str:
    """Return the SHA-256 of the file of a table; of its cells where one workbook holds them all."""
    return hashlib.sha256(_csv(frame)).hexdigest() if format == "xlsx" else file_sum(folder / f"{name}.{format}")


def file_sum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_tables(folder: Path, format: str, visits: list[str]) -> dict[str, pd.DataFrame]:
    """Read every table.

    Parameters
    ----------
    folder : pathlib.Path
        Where the cohort was saved.
    format : str
        One of :data:`FORMATS`.
    visits : list of str
        The names of the visits in their order.

    Returns
    -------
    dict of str to pandas.DataFrame
        The tables with their types.

    Raises
    ------
    InputError
        If a file is missing or damaged, lacks columns, or has cells that are not allowed.
    """
    paths = {name: folder / (_BOOK if format == "xlsx" else f"{name}.{format}") for name in TABLES}
    for path in paths.values():
        if not path.is_file():
            raise InputError(f"{path.name} is missing from {folder}: save the cohort again.")
    if format == "xlsx":
        raw = read_sheets(folder / _BOOK, list(TABLES))
    else:
        raw = {name: read_table(path, empty=True) for name, path in paths.items()}
    problems = {name: BadCells(table.source) for name, table in raw.items()}
    tables = {name: _typed_table(name, table, visits, problems[name]) for name, table in raw.items()}
    raise_together(*problems.values())
    return tables


def _typed_table(name: str, raw: RawTable, visits: list[str], problems: BadCells) -> pd.DataFrame:
    columns = columns_of(name, raw.cells.columns)
    wanted, given = [column.name for column in columns], list(raw.cells.columns)
    if given != wanted:
        lacking, extra = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
        what = f" It lacks {listing(map(repr, lacking))}." if lacking else ""
        what += f" It has {listing(map(repr, extra))} besides." if extra else ""
        raise InputError(f"{raw.source}: the columns are not those of this table in their order.{what}")
    return pd.DataFrame({column.name: _read(raw.cells, column, visits, problems) for column in columns})


def _read(cells: pd.DataFrame, column: CohortColumn, visits: list[str], problems: BadCells) -> object:
    """Read a column and give it its type."""
    if column.name == "visit":
        column = replace(column, kind="choice", choices=tuple(visits))
    if column.kind == "choice":
        codes = read_choices(cells, column.name, column, problems)
        return pd.Categorical.from_codes(codes, categories=list(column.choices), ordered=column.name == "visit")
    values = read_column(cells, column.name, column, problems)
    return values if column.needed and pd.isna(values).any() else typed(column, values)


def _csv(frame: pd.DataFrame) -> bytes:
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")


def _write_excel(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    longest = max(tables, key=lambda name: len(tables[name]))
    if len(tables[longest]) >= EXCEL_ROWS:
        raise InputError(
            f"table {longest!r} has {len(tables[longest])} rows, an Excel sheet holds {EXCEL_ROWS - 1}: save as "
            "'csv' or 'parquet'."
        )
    book = need("openpyxl", "files", "Writing an Excel file").Workbook(write_only=True)
    book.create_sheet("about").append([NOTICE])
    for title, frame in {"dictionary": data_dictionary(), **tables}.items():
        sheet = book.create_sheet(title)
        sheet.append(list(frame.columns))
        columns = [frame[c].astype(object).where(frame[c].notna(), None).tolist() for c in frame]
        for row in zip(*columns, strict=True):
            sheet.append(row)
    book.save(path)
