"""A report as text: the table of a terminal, Markdown, a web page, and what a notebook shows.

Everything from the paper or the file is escaped.
"""

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lupus_kit.audit.report.checked_values import MEANINGS, CheckedValue, Verdict
from lupus_kit.audit.report.layout import Contents, lines, shown_lines
from lupus_kit.core.templates import fill

# Columns of the terminal table and their share of the line, in percent.
_COLUMNS = {"what": 10, "printed": 13, "recomputed": 16, "analysis": 39, "verdict": 22}
_COMPACT = {"row": 24, "printed": 22, "p": 8, "analyses that fit": 26, "verdict": 20}
#: Verdicts as the page shows them: a sign, so that colour is never the only carrier, and a short name.
SIGNS = {
    Verdict.REPRODUCED: ("✓", "reproduced"),
    Verdict.SOME: ("◐", "by some analyses"),
    Verdict.NOT_REPRODUCED: ("✗", "by none tried"),
    Verdict.MODEL: ("∿", "adjusted analysis"),
    Verdict.NOT_CHECKABLE: ("?", "not checkable"),
    Verdict.AS_PRINTED: ("·", "as printed"),
    Verdict.NOT_CONFIRMED: ("…", "not confirmed"),
}
Cells = Sequence[str]


def _rows(value: CheckedValue, programs: bool) -> list[Cells]:
    """One row per analysis, so that each p-value stands beside its test."""
    first, *rest = lines(value, programs)
    return [(f"  {value.what}", value.printed, *first, value.in_words), *(("", "", *line, "") for line in rest)]


def terminal_table(report: Contents, width: int | None = None) -> str:
    """Write a report as text in columns.

    Parameters
    ----------
    report : Contents
        What is shown.
    width : int, optional
        Columns of the terminal; 110 if not given.

    Returns
    -------
    str
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    file = io.StringIO()
    # A fixed console: the text is the same on a terminal, in a pipe and in a file.
    console = Console(file=file, width=width or 110, color_system=None, highlight=False, markup=False)

    def grid(rows: Iterable[Cells], columns: dict[str, int]) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        room = console.width - 2 * len(columns)
        for share in columns.values():
            table.add_column(width=room * share // 100, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        return table

    def head(columns: dict[str, int]) -> None:
        console.print(grid([("", *list(columns)[1:])], columns))
        console.rule(characters="─")

    console.print(Text(report.citation), end="\n\n")
    head(_COLUMNS)
    for group in report.groups():
        console.print(Text("\n  ".join([group.heading, *group.quoted])))
        console.print(grid((row for value in group.values for row in _rows(value, report.programs)), _COLUMNS))
        console.print()
    for name, title in report.tables.items():
        console.print(Text(f"{name}: {title}" if title != name else name))
        head(_COMPACT)
        console.print(grid((group.compact for group in report.groups(name)), _COMPACT))
        console.print()
    for note in report.notes:
        console.print(Text(note))
    if report.notes:
        console.print()
    for statement in report.statements:
        console.print(grid([("-", statement)], {"mark": 1, "statement": 99}))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _filled(name: str, report: Contents) -> str:
    words = {"meanings": MEANINGS, "signs": SIGNS, "columns": list(_COLUMNS), "compact": list(_COMPACT)}
    page = fill(Path(__file__).with_name(name), report=report, lines=lines, shown_lines=shown_lines, **words)
    return page.rstrip("\n") + "\n"


def markdown(report: Contents) -> str:
    """Write a report as Markdown: the claims, the paper's tables, the reading; what looks like a tag stays text."""
    return re.sub(r"<(?=[A-Za-z/!])", "&lt;", _filled("report.md.j2", report))


def notebook_html(report: Contents) -> str:
    """Write a report as a notebook shows it."""
    return _filled("notebook.html.j2", report)


def web_page(report: Contents) -> str:
    """Write a report as an HTML page.

    Parameters
    ----------
    report : Contents
        What is shown.

    Returns
    -------
    str
        A complete document, without scripts and without links to other files.
    """
    return _filled("report.html.j2", report)
