"""The command ``lupus-kit doctor``: versions, and whether widgets will show."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from lupus_kit.cli import output

if TYPE_CHECKING:
    from lupus_kit.course.health import Finding


def doctor(
    format: output.Format = None, out: output.Out = None, force: output.Force = False, quiet: output.Quiet = False
) -> None:
    """Print versions and say whether widgets will render."""
    from lupus_kit.course import health

    form = output.chosen_format(format, out, output.TableFormat)
    versions = health.versions()
    widgets = health.widgets() if health.has_jupyterlab() else []
    wrong = [finding.what for finding in versions + widgets if not finding.ok]
    if out is not None or form is not output.TableFormat.table:
        import pandas as pd

        output.write_result(output.table_text(pd.DataFrame(map(asdict, versions + widgets)), form), out, force=force)
        raise typer.Exit(1 if wrong else 0)
    output.print_text(_table("Versions", versions))
    if widgets:
        output.print_text(_table("Widgets", widgets))
        shown = all(finding.ok for finding in widgets)
        output.print_text(
            "Widgets will render in JupyterLab." if shown else "Widgets will NOT render: see the lines marked NOT OK."
        )
    else:
        output.print_text('JupyterLab, notebooks and widgets come with: python -m pip install "lupus-kit[lab]"')
    if wrong:
        output.print_text(f"Not well: {', '.join(wrong)}. Install the kit again in a fresh virtual environment.")
        raise typer.Exit(1)
    output.print_text("All is well.")


def _table(title: str, findings: list[Finding]) -> str:
    from lupus_kit.course.text_table import text_table

    rows = [(one.what, one.found, one.wanted, "ok" if one.ok else "NOT OK") for one in findings]
    return text_table({"what": 4, "found": 4, "wanted": 4, "": 1}, rows, output.terminal_width(), title=title)
