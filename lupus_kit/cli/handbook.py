"""The commands that print: ``lupus-kit handbook``, the course as one site, and ``journal-club``, pages for any paper."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lupus_kit.cli.output import print_failures


def handbook(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one that holds an earlier handbook.")],
) -> None:
    """Write the executed notebooks as one site that works offline, with the sheet of the journal club (PDF)."""
    from lupus_kit.course import execution, shelf
    from lupus_kit.course.handbook import website
    from lupus_kit.course.handbook.sources import Stop

    # What could be wrong is looked at before a minute of work is done.
    website.check_libraries()
    website.check_place(folder)
    # Stops start with their number; a page of widgets alone, which cannot be moved on paper, is not one.
    paths = [path for path in shelf.find().notebooks() if path.stem[:2].isdigit()]
    executed = list(execution.execute_files(paths))
    if failed := print_failures(run for _, run in executed):
        print(f"No handbook was written: {failed} of {len(paths)} notebooks failed.", file=sys.stderr)
        raise typer.Exit(1)
    website.build(folder, [Stop(run.name, notebook) for notebook, run in executed])
    print(f"Wrote the handbook. Open {folder / 'index.html'} in a browser.", file=sys.stderr)


def journal_club(
    study: Annotated[
        str, typer.Argument(metavar="FILE|STUDY", help="A claims file (.toml or .csv), or a study of the kit.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write to; nothing in it is overwritten.")],
) -> None:
    """Write a two-sided sheet (PDF), a notebook that recomputes it, and a facilitator's page."""
    from lupus_kit.course.journal_club.folder import write_folder

    written = write_folder(study, out)
    print(f"Wrote {', '.join(written)} to {out}.", file=sys.stderr)
