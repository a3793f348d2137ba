"""The command ``lupus-kit doctor``: versions, and whether widgets will show."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from lupus_kit.cli.output import (
    Force,
    Format,
    Out,
    Quiet,
    TableFormat,
    chosen_format,
    print_text,
    table_text,
    terminal_width,
    write_result,
)

if TYPE_CHECKING:
    from lupus_kit.course.health import Finding


def doctor(format: Format = None, out: Out = None, force: Force = False, quiet: Quiet = False) -> None:
    """Print versions and say whether widgets will render."""
    from lupus_kit.course import health

    form = chosen_format(format, out, TableFormat)
    findings = health.versions()
    if out is not None or form is not TableFormat.table:
        import pandas as pd

        findings += health.widgets() if health.has_jupyterlab() else []
        write_result(table_text(pd.DataFrame(map(asdict, findings)), form), out, force=force)
        raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)
    print_text(_table("Versions", findings))
    if health.has_jupyterlab():
        widgets = health.widgets()
        print_text(_table("Widgets", widgets))
        shown = all(finding.ok for finding in widgets)
        print_text(
            "Widgets will render in JupyterLab." if shown else "Widgets will NOT render: see the lines marked NOT OK."
        )
        findings += widgets
    else:
        print_text('JupyterLab, notebooks and widgets come with: python -m pip install "lupus-kit[lab]"')
    wrong = [finding.what for finding in findings if not finding.ok]
    if wrong:
        print_text(f"Not well: {', '.join(wrong)}. Install the kit again in a fresh virtual environment.")
        raise typer.Exit(1)
    print_text("All is well.")


def _table(title: str, findings: list[Finding]) -> str:
    from lupus_kit.course.text_table import text_table

    rows = [(one.what, one.found, one.wanted, "ok" if one.ok else "NOT OK") for one in findings]
    return text_table({"what": 4, "found": 4, "wanted": 4, "": 1}, rows, terminal_width(), title=title)
