"""Cohorts on disk: a folder with the tables, a manifest, and checks that name file, row and column."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from lupus_kit.cohort.files.formats import FORMATS, NOTICE, check_sums
from lupus_kit.cohort.files.schema import check_agreement, check_schema
from lupus_kit.cohort.tables import Cohort
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.core.errors import InputError, unknown_name

MANIFEST = "cohort.json"


def save(cohort: Cohort, directory: Path, format: str) -> Path:
    """Write a cohort; see :meth:`Cohort.save`."""
    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    check_tables(cohort.tables, cohort.assumptions, "table {!r}", 0)
    return write_folder(directory, MANIFEST, "a cohort", lambda new: _write(cohort, new, format))


def check_tables(tables: dict[str, pd.DataFrame], a: Assumptions | None, name: str, first_row: int) -> None:
    """Check every table against its schema, then the tables against each other."""
    for table, frame in tables.items():
        check_schema(table, frame, name.format(table), first_row)
    check_agreement(tables, a, name, first_row)


def write_folder(directory: Path, marker: str, what: str, write: Callable[[Path], None]) -> Path:
    """Write a folder, all or nothing.

    Parameters
    ----------
    directory : pathlib.Path
        Folder to make or to replace.
    marker : str
        File that shows that an existing folder is of the same kind and may be replaced.
    what : str
        What the folder holds, for messages.
    write : callable
        Writes the files into the folder it is given.
    """
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory} is a file: give a folder.")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / marker).is_file():
        raise InputError(f"{directory} holds files that are not {what}: give an empty or a new folder.")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-new-", dir=directory.parent))
    except OSError as error:
        raise InputError(f"cannot write in {directory.parent}: {error.strerror}. Choose another folder.") from None
    try:
        write(new)
        new.chmod(0o755)
        _swap(new, directory)
    except OSError as error:
        raise InputError(f"cannot write {directory}: {error.strerror}. What was there before is unchanged.") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return directory


def _write(cohort: Cohort, folder: Path, format: str) -> None:
    sums = FORMATS[format].write(cohort.tables, folder)
    visits = list(cohort.visits["visit"].cat.categories)
    write_manifest(folder, format, visits, cohort.seed, cohort.assumptions, sums, cohort.made_by)


def write_manifest(
    folder: Path,
    format: str,
    visits: list[str],
    seed: int | None,
    a: Assumptions | None,
    sums: dict[str, Any],
    made_by: str = "what_if",
) -> None:
    """Write what cannot be seen from the tables: assumptions, seed, names of the visits and checksums."""
    manifest = {
        "notice": NOTICE,
        "kind": "lupus_kit cohort",
        "layout": 1,
        "format": format,
        "seed": seed,
        "visits": visits,
        "assumptions": None if a is None else a.to_dict(),
        "made_by": made_by,
        "checksums": sums,
    }
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump(manifest, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _swap(new: Path, directory: Path) -> None:
    """Put the new folder in place of the old one; put the old one back if that fails half-way."""
    if not directory.exists():
        new.rename(directory)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{directory.name}-old-", dir=directory.parent)) / "cohort"
    directory.rename(old)
    try:
        new.rename(directory)
    except BaseException:
        old.rename(directory)
        raise
    finally:
        shutil.rmtree(old.parent, ignore_errors=True)


def load(directory: Path, allow_edits: bool) -> Cohort:
    """Read a cohort; see :meth:`Cohort.load`."""
    manifest = _manifest(directory)
    form = FORMATS[manifest["format"]]
    tables, shown = {}, form.place
    for name, frame, sums in form.read(directory, manifest["visits"]):
        check_schema(name, frame, shown.format(name), 2)
        if not allow_edits:
            check_sums(shown.format(name), sums, manifest["checksums"].get(name, {}))
        tables[name] = frame
    try:
        given = manifest["assumptions"]
        assumptions = None if given is None else Assumptions.from_dict(given)
    except (InputError, TypeError) as error:
        raise InputError(f"{MANIFEST}, key 'assumptions': {error}") from None
    check_agreement(tables, assumptions, shown, 2)
    made_by = str(manifest.get("made_by", "what_if"))
    return Cohort(**tables, assumptions=assumptions, seed=manifest["seed"], made_by=made_by)


def _manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    if not path.is_file():
        raise InputError(f"{directory} is not a saved cohort: there is no {MANIFEST} in it.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        wanted: dict[str, Any] = {
            "seed": (int, type(None)),
            "visits": list,
            "assumptions": (dict, type(None)),
            "checksums": dict,
        }
        broken = [key for key, kind in wanted.items() if key not in manifest or not isinstance(manifest[key], kind)]
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError) as error:
        raise InputError(f"{MANIFEST} is damaged ({error}): save the cohort again.") from None
    if not broken and manifest.setdefault("format", "csv") not in FORMATS:
        broken = ["format"]
    if broken:
        raise InputError(f"{MANIFEST} is damaged: key(s) {', '.join(map(repr, broken))} missing or of the wrong kind.")
    return manifest
