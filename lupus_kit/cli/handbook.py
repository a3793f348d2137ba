"""The commands that print: ``lupus-kit handbook``, the course as one site, and ``journal-club``, pages for any paper."""

from pathlib import Path

import typer

from lupus_kit.cli import output
from lupus_kit.core.errors import InputError


@output.described
def handbook(folder: Path | None = None, out: Path | None = None, quiet: output.Quiet = False) -> None:
    """Write the executed notebooks as one site that works offline, with the sheet of the journal club (PDF)."""
    from lupus_kit.course import execution, shelf
    from lupus_kit.course.handbook import website
    from lupus_kit.course.handbook.sources import Stop

    if folder is None:
        folder, out = out, None
    if folder is None or out is not None:
        raise InputError("say once where to write the handbook, for example lupus-kit handbook my_handbook.")
    # What could be wrong is looked at before a minute of work is done.
    website.check_libraries()
    website.check_place(folder)
    # Stops start with their number; a page of widgets alone, which cannot be moved on paper, is not one.
    paths = [path for path in shelf.find().notebooks() if path.stem[:2].isdigit()]
    executed = list(execution.execute_files(paths, quiet))
    if failed := output.print_failures(run for _, run in executed):
        output.say_error(f"No handbook was written: {failed} of {len(paths)} notebooks failed.")
        raise typer.Exit(1)
    website.build(folder, [Stop(run.name, notebook) for notebook, run in executed])
    output.say(f"Wrote the handbook. Open {folder / 'index.html'} in a browser.")


@output.described
def journal_club(study: str, out: Path, force: output.Force = False, quiet: output.Quiet = False) -> None:
    """Write a two-sided sheet (PDF), a notebook that recomputes it, and a facilitator's page."""
    from lupus_kit.course.journal_club.folder import write_folder

    with output.claims_place(study) as place:
        written = write_folder(place, out, force)
    output.say(f"Wrote {', '.join(written)} to {out}.")
