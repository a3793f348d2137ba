"""The command ``lupus-kit handbook``: the executed notebooks and the reference as one site, and the sheets of a journal club."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def handbook(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one that holds an earlier handbook.")],
) -> None:
    """Write the executed notebooks as one site that works offline, with sheets for a journal club (PDF)."""
    from lupus_kit.course import execution, shelf
    from lupus_kit.course.handbook import website
    from lupus_kit.course.handbook.sources import Stop

    # What could be wrong is looked at before a minute of work is done.
    website.check_libraries()
    website.check_place(folder)
    # Stops start with their number; a page of widgets alone, which cannot be moved on paper, is not one.
    paths = [path for path in shelf.find().notebooks() if path.stem[:2].isdigit()]
    executed = list(execution.execute_files(paths))
    failed = [run for _, run in executed if not run.passed]
    for run in failed:
        for failure in run.failures():
            print(f"lupus-kit: {failure}", file=sys.stderr)
    if failed:
        print(f"No handbook was written: {len(failed)} of {len(paths)} notebooks failed.", file=sys.stderr)
        raise typer.Exit(1)
    website.build(folder, [Stop(run.name, notebook) for notebook, run in executed])
    print(f"Wrote the handbook. Open {folder / 'index.html'} in a browser.", file=sys.stderr)
