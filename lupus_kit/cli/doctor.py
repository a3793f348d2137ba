"""The command ``lupus-kit doctor``: versions, and whether widgets will show."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from lupus_kit.cli.output import print_text

if TYPE_CHECKING:
    from lupus_kit.course.health import Finding


def doctor() -> None:
    """Print versions and say whether widgets will render."""
    from lupus_kit.course import health

    versions, widgets = health.versions(), health.widgets()
    print_text(_findings("Versions", versions))
    print_text(_findings("Widgets", widgets))
    wrong = [finding.what for finding in (*versions, *widgets) if not finding.ok]
    shown = all(finding.ok for finding in widgets)
    print_text(
        "Widgets will render in JupyterLab." if shown else "Widgets will NOT render: see the lines marked NOT OK."
    )
    if wrong:
        print_text(f"Not well: {', '.join(wrong)}. Install the kit again in a fresh virtual environment.")
        raise typer.Exit(1)
    print_text("All is well.")


def _findings(title: str, findings: list[Finding]) -> str:
    """Lay findings out as a table; plain text where nobody looks at a terminal."""
    from rich.box import ASCII2, ROUNDED
    from rich.console import Console
    from rich.table import Table

    terminal = sys.stdout.isatty()
    table = Table(title=title, box=ROUNDED if terminal else ASCII2, title_justify="left")
    for column in ("what", "found", "wanted", ""):
        table.add_column(column, overflow="fold")
    for finding in findings:
        verdict = "ok" if finding.ok else "NOT OK"
        table.add_row(finding.what, finding.found, finding.wanted, verdict, style=None if finding.ok else "bold")
    console = Console(width=None if terminal else 110, force_terminal=terminal, highlight=False)
    with console.capture() as captured:
        console.print(table, markup=False)
    return captured.get()
