"""Cohorts on disk: one CSV per table, a manifest, and checks that name file, row and column."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit._errors import InputError, unknown_name
from lupus_kit.cohort._columns import TABLES, Column, typed
from lupus_kit.cohort._schema import check_agreement, check_schema
from lupus_kit.cohort.assumptions import Assumptions
from lupus_kit.cohort.tables import NOTICE, Cohort

MANIFEST = "cohort.json"
_SHOWN = 8


def save(cohort: Cohort, directory: Path, format: str) -> Path:
    """Write a cohort; see :meth:`Cohort.save`."""
    if format != "csv":
        raise unknown_name("format", format, ["csv"])
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory} is a file: give a folder.")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MANIFEST).is_file():
        raise InputError(f"{directory} holds files that are not a cohort: give an empty or a new folder.")
    for name, frame in cohort.tables.items():
        check_schema(name, frame, f"table {name!r}", 0)
    check_agreement(cohort.tables, cohort.assumptions, "table {!r}", 0)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-new-", dir=directory.parent))
    except OSError as error:
        raise InputError(f"cannot write in {directory.parent}: {error.strerror}. Choose another folder.") from None
    try:
        _write(cohort, new)
        new.chmod(0o755)
        _swap(new, directory)
    except OSError as error:
        raise InputError(f"cannot write {directory}: {error.strerror}. What was there before is unchanged.") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return directory


def _write(cohort: Cohort, folder: Path) -> None:
    sums: dict[str, Any] = {}
    for name, frame in cohort.tables.items():
        text = frame.to_csv(index=False, lineterminator="\n")
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        sums[name] = _sums(list(csv.reader(io.StringIO(text))))
    manifest = {
        "notice": NOTICE,
        "kind": "lupus_kit cohort",
        "layout": 1,
        "seed": cohort.seed,
        "visits": list(cohort.visits["visit"].cat.categories),
        "assumptions": cohort.assumptions.to_dict() if cohort.assumptions else None,
        "made_by": cohort.made_by,
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


def _sums(cells: list[list[str]]) -> dict[str, Any]:
    """One checksum per row and one per column, so that an edit can be found by its row and its column."""
    rows = [zlib.crc32("\x1f".join(line).encode()) for line in cells[1:]]
    columns = {name: zlib.crc32("\x1f".join(values).encode()) for name, *values in zip(*cells, strict=True)}
    return {"rows": rows, "columns": columns}


def load(directory: Path, allow_edits: bool) -> Cohort:
    """Read a cohort; see :meth:`Cohort.load`."""
    manifest = _manifest(directory)
    tables = {}
    for name in TABLES:
        path = directory / f"{name}.csv"
        cells = _cells(path)
        columns = tuple(c for c in TABLES[name] if not c.optional or c.name in cells[0])
        _check_header(path.name, cells, columns)
        frame = _parse(path.name, cells, columns, manifest["visits"])
        check_schema(name, frame, path.name, 2)
        if not allow_edits:
            _check_sums(path.name, cells, manifest["checksums"].get(name, {}))
        tables[name] = frame
    try:
        given = manifest["assumptions"]
        assumptions = None if given is None else Assumptions.from_dict(given)
    except (InputError, TypeError) as error:
        raise InputError(f"{MANIFEST}, key 'assumptions': {error}") from None
    check_agreement(tables, assumptions, "{}.csv", 2)
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
    if broken:
        raise InputError(f"{MANIFEST} is damaged: key(s) {', '.join(map(repr, broken))} missing or of the wrong kind.")
    return manifest


def _cells(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing from {path.parent}: save the cohort again.") from None
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path.name} cannot be read ({error}): save the cohort again.") from None
    cells = [line for line in csv.reader(io.StringIO(text)) if line]
    if not cells:
        raise InputError(f"{path.name} is empty: save the cohort again.")
    for number, line in enumerate(cells, start=1):
        if len(line) != len(cells[0]):
            raise InputError(
                f"{path.name}, row {number} has {len(line)} cells instead of {len(cells[0])}: the file is damaged."
            )
    return cells


def _check_header(file: str, cells: list[list[str]], columns: tuple[Column, ...]) -> None:
    wanted = [c.name for c in columns]
    if cells[0] != wanted:
        lacking, extra = sorted(set(wanted) - set(cells[0])), sorted(set(cells[0]) - set(wanted))
        what = (f" It lacks {', '.join(map(repr, lacking))}." if lacking else "") + (
            f" It has {', '.join(map(repr, extra))} besides." if extra else ""
        )
        raise InputError(f"{file}, row 1: the columns are not those of this table in their order.{what}")


def _parse(file: str, cells: list[list[str]], columns: tuple[Column, ...], visits: list[str]) -> pd.DataFrame:
    """Turn text into typed columns; list every cell that cannot be read."""
    data: dict[str, object] = {}
    bad: list[str] = []
    body = pd.DataFrame(cells[1:], columns=cells[0], dtype=object)
    for c in columns:
        text = body[c.name]
        values, wrong = _read(c, text, visits)
        bad += [f"{file}, row {i + 2}, column {c.name!r}: {text[i]!r} is not allowed ({c.allowed})" for i in wrong]
        if not len(wrong):
            data[c.name] = values
    if bad:
        more = f"\n... and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        raise InputError("\n".join(bad[:_SHOWN]) + more)
    return pd.DataFrame(data)


def _read(column: Column, text: pd.Series, visits: list[str]) -> tuple[object, np.ndarray]:
    """Return typed values and the positions of cells that cannot be read."""
    if column.name == "visit":
        known = text.isin(visits)
        return pd.Categorical(text.where(known), categories=visits, ordered=True), np.flatnonzero(~known)
    if column.choices:
        known = text.isin(column.choices)
        return typed(column, text.where(known)), np.flatnonzero(~known)
    if column.kind == "flag":
        return (text == "True").to_numpy(), np.flatnonzero(~text.isin(["True", "False"]))
    if column.kind == "text":
        return text.to_numpy(dtype=object), np.flatnonzero(text == "")
    numbers = pd.to_numeric(text.where(text != "", None), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isfinite(numbers) & ~((text == "").to_numpy() & column.nullable)
    if column.kind == "whole":
        wrong |= np.isfinite(numbers) & (numbers != np.rint(numbers))
    positions = np.flatnonzero(wrong)
    return (None if len(positions) else typed(column, numbers)), positions


def _check_sums(file: str, cells: list[list[str]], sums: dict[str, Any]) -> None:
    now = _sums(cells)
    if now == sums:
        return
    rows, columns = sums.get("rows", []), sums.get("columns", {})
    hint = "Restore the file, or load with allow_edits=True if the change is meant."
    if len(rows) != len(now["rows"]):
        raise InputError(f"{file} has {len(now['rows'])} rows of data, {len(rows)} were saved. {hint}")
    row = next((i + 2 for i, (a, b) in enumerate(zip(now["rows"], rows, strict=True)) if a != b), None)
    names = [name for name, value in now["columns"].items() if columns.get(name) != value]
    raise InputError(f"{file} was edited after saving: row {row}, column(s) {', '.join(map(repr, names))}. {hint}")
