"""The command ``lupus-kit replicate``: every claim of the abstract recomputed, and on request every notebook executed."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lupus_kit.cli.output import as_called, count, ended, print_text, terminal_width
from lupus_kit.core.files import make_folder, write_atomically


class Format(StrEnum):
    """How ``replicate`` writes its table."""

    table = "table"
    markdown = "markdown"
    json = "json"
    csv = "csv"


def replicate(
    study: Annotated[str, typer.Option(help="Which published record to recompute.")] = "he2020",
    format: Annotated[Format, typer.Option(help="How to write the table.")] = Format.table,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
    notebooks: Annotated[
        Path | None, typer.Option(help="Also execute every notebook and put it as a web page into this folder.")
    ] = None,
) -> None:
    """Recompute every claim of the abstract from the published record."""
    from lupus_kit import audit

    # What could be wrong with the input is looked at before any work is done.
    paths = [] if notebooks is None else _shelved(notebooks)
    report = audit.check(study)
    if format is Format.table:
        # For reading: the claims of the abstract. The tables have a command of their own.
        report = report.claims_only()
    text = report.render(format.value, width=None if out is not None else terminal_width())
    if out is None:
        print_text(text)
    else:
        write_atomically(out, ended(text).encode("utf-8"))
        print(f"Wrote {out}.", file=sys.stderr)
    if notebooks is not None:
        _execute_all(paths, notebooks)
    if out is None and format is Format.table:
        print_text(f"\nThe paper's tables, too: {as_called(f'audit {study}')}")
        print_text(f"To go on, open the notebooks: {as_called('lab')}")


def _shelved(folder: Path) -> list[Path]:
    """Find the notebooks, and make sure that they can be run and pages be written."""
    from lupus_kit.course import execution, shelf

    execution.need_jupyter()
    paths = shelf.find().notebooks()
    make_folder(folder)
    return paths


def _execute_all(paths: list[Path], folder: Path) -> None:
    """Execute every notebook into a web page; all are tried, then the failures are told."""
    from lupus_kit.course import execution, pages

    failed = []
    for notebook, run in execution.execute_files(paths):
        write_atomically(folder / f"{run.name}.html", pages.page(notebook, fallback_title=run.name).encode("utf-8"))
        if not run.passed:
            failed.append(run)
    for run in failed:
        for failure in run.failures():
            print(f"lupus-kit: {failure}", file=sys.stderr)
    print(f"Executed {count(len(paths), 'notebook')} into {folder}; {len(failed)} failed.", file=sys.stderr)
    if failed:
        raise typer.Exit(1)
