"""A report as text: the table of a terminal, Markdown, a web page, and what a notebook shows.

Everything from the paper or the file is escaped.
"""

import html
import io
from collections.abc import Iterable, Sequence
from importlib import resources

from lupus_kit.audit.report.checked_values import MEANINGS, CheckedValue, Verdict
from lupus_kit.audit.report.layout import Contents, lines, shown_lines

_VALUE_COLUMNS = ["endpoint", "what", "printed", "recomputed", "analysis", "verdict"]
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


def _rows(value: CheckedValue) -> list[Cells]:
    """One row per analysis, so that each p-value stands beside its test."""
    first, *rest = lines(value)
    return [(f"  {value.what}", value.printed, *first, value.sentence), *(("", "", *line, "") for line in rest)]


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
        console.print(Text(group.heading))
        console.print(grid((row for value in group.values for row in _rows(value)), _COLUMNS))
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


def _markdown_row(cells: Cells) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |\n"


def _markdown_table(names: Cells, rows: Iterable[Cells]) -> str:
    return _markdown_row(names) + "|" + " --- |" * len(names) + "\n" + "".join(map(_markdown_row, rows))


def _joined(value: CheckedValue) -> Cells:
    """One row per printed value, its analyses joined."""
    shown = shown_lines(value)
    numbers, names = "; ".join(number for number, *_ in shown), "; ".join(name for _, name, _ in shown)
    return (value.claim.title, value.what, value.printed, numbers, names, value.sentence)


def markdown(report: Contents) -> str:
    """Write a report as Markdown: the claims, the paper's tables, the reading."""
    values = (value for group in report.groups() for value in group.values)
    text = f"{report.citation}\n\n{_markdown_table(_VALUE_COLUMNS, map(_joined, values))}"
    for name, title in report.tables.items():
        heading = " ".join(f"{name}: {title}".split())
        text += (
            f"\n**{heading}**\n\n{_markdown_table(list(_COMPACT), (group.compact for group in report.groups(name)))}"
        )
    for note in report.notes:
        text += f"\n{' '.join(note.split())}\n"
    return f"{text}\n{report.reading}\n"


def _html_row(cells: Cells) -> str:
    style = "text-align:left;vertical-align:top"
    return "<tr>" + "".join(f"<td style='{style}'>{html.escape(cell.strip())}</td>" for cell in cells) + "</tr>"


def _html_head(names: Cells) -> str:
    return "<tr>" + "".join(f"<th style='text-align:left'>{name}</th>" for name in names) + "</tr>"


def _html_list(texts: Cells) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in texts) + "</ul>"


def notebook_html(report: Contents) -> str:
    """Write a report as a notebook shows it."""
    rows = []
    for group in report.groups():
        rows.append(f"<tr><th colspan='5' style='text-align:left'>{html.escape(group.heading)}</th></tr>")
        rows += [_html_row(row) for value in group.values for row in _rows(value)]
    folded = [
        (
            f"{name}: {title}",
            f"<table>{_html_head(list(_COMPACT))}{''.join(_html_row(one.compact) for one in report.groups(name))}</table>",
        )
        for name, title in report.tables.items()
    ]
    if report.findings:
        folded.append((f"Between cells ({len(report.findings)})", _html_list(report.findings)))
    details = "".join(f"<details><summary>{html.escape(title)}</summary>{inside}</details>" for title, inside in folded)
    return (
        f"<table>{_html_head(_VALUE_COLUMNS[1:])}{''.join(rows)}</table>{details}"
        f"{_html_list(report.statements)}<small>{html.escape(report.citation)}</small>"
    )


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
    from jinja2 import Environment

    source = resources.files("lupus_kit.audit.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
    return template.render(report=report, meanings=MEANINGS, signs=SIGNS, lines=lines).rstrip("\n") + "\n"
