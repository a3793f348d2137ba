"""The command ``lupus-kit replicate``: every claim of the abstract recomputed, and on request every notebook executed."""

from pathlib import Path

import typer

from lupus_kit.cli import output
from lupus_kit.core.files import make_folder, write_atomically
from lupus_kit.core.text import plural


@output.described
def replicate(
    study: str = "he2020",
    format: output.Format = None,
    out: output.Out = None,
    force: output.Force = False,
    quiet: output.Quiet = False,
    notebooks: Path | None = None,
) -> None:
    """Recompute every claim of the abstract from the published record."""
    from lupus_kit import audit

    form = output.chosen_format(format, out, output.TableFormat)
    # What could be wrong with the input is looked at before any work is done.
    paths = []
    if notebooks is not None:
        from lupus_kit.course import execution, shelf

        execution.need_jupyter()
        paths = shelf.find().notebooks()
        make_folder(notebooks)
    report = whole = audit.check(study)
    if form is output.TableFormat.table:
        # For reading: the claims of the abstract. The tables have a command of their own.
        report = report.claims_only()
    output.write_result(report.render(form.value, width=output.terminal_width(out)), out, force=force)
    if notebooks is not None:
        _execute_all(paths, notebooks)
    if out is None and form is output.TableFormat.table:
        tables = f"The paper's tables, too: {output.as_called(f'audit {study}')}\n" if whole.tables else ""
        output.print_text(f"\n{tables}To go on, open the notebooks: {output.as_called('lab')}")


def _execute_all(paths: list[Path], folder: Path) -> None:
    """Execute every notebook into a web page; all are tried, then the failures are told."""
    from lupus_kit.course import execution, pages

    runs = []
    for notebook, run in execution.execute_files(paths, output.is_quiet()):
        write_atomically(folder / f"{run.name}.html", pages.page(notebook, fallback_title=run.name).encode("utf-8"))
        runs.append(run)
    failed = output.print_failures(runs)
    output.say(f"Executed {plural(len(paths), 'notebook')} into {folder}; {failed} failed.")
    if failed:
        raise typer.Exit(1)
