"""The command ``lupus-kit handbook``: the executed notebooks as one site, and the sheets of a journal club."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lupus_kit.course.execution import NotebookRun
    from lupus_kit.course.handbook import Stop


def handbook(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one that holds an earlier handbook.")],
) -> None:
    """Write the executed notebooks as one site that works offline, with sheets for a journal club (PDF)."""
    from lupus_kit.course import handbook, shelf

    # What could be wrong with the place is looked at before a minute of work is done.
    handbook.check_place(folder)
    # Stops start with their number; a page of widgets alone, which cannot be moved on paper, is not one.
    stops, runs = _executed([path for path in shelf.find().notebooks() if path.stem[:2].isdigit()])
    failed = [run for run in runs if not run.passed]
    for run in failed:
        for problem in run.problems:
            print(f"lupus-kit: notebook {run.name}, {problem}", file=sys.stderr)
    if failed:
        print(f"No handbook was written: {len(failed)} of {len(runs)} notebooks failed.", file=sys.stderr)
        raise typer.Exit(1)
    handbook.build(folder, stops)
    print(f"Wrote the handbook. Open {folder / 'index.html'} in a browser.", file=sys.stderr)


def _executed(paths: list[Path]) -> tuple[list[Stop], list[NotebookRun]]:
    """Run every notebook, so that all failures are told at once."""
    from tqdm import tqdm

    from lupus_kit.course import execution
    from lupus_kit.course.handbook import Stop

    stops, runs = [], []
    with tqdm(paths, unit="notebook", file=sys.stderr) as bar:
        for path in bar:
            bar.set_description(path.stem)
            notebook = execution.read(path)
            # In a folder of its own: what a notebook writes must not land among the notebooks.
            with tempfile.TemporaryDirectory(prefix="lupus-kit-") as scratch:
                runs.append(execution.execute(notebook, path.stem, Path(scratch)))
            stops.append(Stop(path.stem, notebook))
    return stops, runs
