"""The command ``lupus-kit doctor``: versions, and whether widgets will show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from lupus_kit.cli.output import print_text, terminal_width

if TYPE_CHECKING:
    from lupus_kit.course.health import Finding


def doctor() -> None:
    """Print versions and say whether widgets will render."""
    from lupus_kit.course import health

    findings = health.versions()
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
