"""The report of an audit, in every form it is read in."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from lupus_kit.audit.report.lines import Group, fitting, groups, parts
from lupus_kit.core.errors import unknown_name

FORMATS = ("table", "markdown", "html", "json", "csv")
_SHOWN = ["endpoint", "what", "printed", "recomputed", "analysis", "verdict"]
# Columns of the terminal table and their share of the line, in percent.
_COLUMNS = {"what": 10, "printed": 13, "recomputed": 16, "analysis": 39, "verdict": 22}
_COMPACT = {"row": 24, "printed": 22, "p": 8, "analyses that fit": 26, "verdict": 20}


def _lines(row: dict[str, str]) -> list[tuple[str, ...]]:
    """One line per analysis, so that each p-value stands beside its test."""
    first, *rest = parts(row)
    head = (f"  {row['what']}", row["printed"], *first, row["verdict"])
    return [head, *(("", "", *part, "") for part in rest)]


def _compact(group: Group) -> tuple[str, ...]:
    """One line for a whole table row."""
    arm = group.rows[0]["source"].partition("(")[2].rstrip(")")
    name = group.rows[0]["endpoint"] + (f" ({arm})" if arm else "")
    return (name, group.values, group.p["printed"], fitting(group.p), group.verdict)


def _html_row(cells: tuple[str, ...]) -> str:
    style = "text-align:left;vertical-align:top"
    return "<tr>" + "".join(f"<td style='{style}'>{html.escape(cell.strip())}</td>" for cell in cells) + "</tr>"


def _html_head(names: list[str]) -> str:
    return "<tr>" + "".join(f"<th style='text-align:left'>{name}</th>" for name in names) + "</tr>"


def _markdown_row(cells: list[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |\n"


def _markdown_head(names: list[str]) -> str:
    return _markdown_row(names) + "|" + " --- |" * len(names) + "\n"


@dataclass(frozen=True)
class Report:
    """Every printed value of a study, recomputed.

    Attributes
    ----------
    study : str
        Key of the study.
    citation : str
        The paper.
    rows : pandas.DataFrame
        ``claim endpoint role what printed recomputed analysis verdict part status source confidence``, one row per
        printed value. ``part`` is ``"claims"`` or the name of a table; ``status`` is the verdict in one word.
    statements : tuple of str
        What the numbers do and do not say, in reading order.
    n_analyses : int
        Analyses tried on each p-value of two proportions.
    findings : tuple of str
        Printed values that do not go together, each with its place.
    remarks : tuple of str
        What was read with a word of explanation.
    tables : mapping of str to str
        Titles of the tables.
    """

    study: str
    citation: str
    rows: pd.DataFrame
    statements: tuple[str, ...]
    n_analyses: int
    findings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)

    @property
    def reading(self) -> str:
        """The statements as one paragraph."""
        return " ".join(self.statements)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a tidy frame."""
        return self.rows.copy()

    def part(self, name: str = "claims") -> pd.DataFrame:
        """Return the rows of the claims, or of one table.

        Parameters
        ----------
        name : str
            ``"claims"`` or the name of a table.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        InputError
            No such part.
        """
        if name != "claims" and name not in self.tables:
            raise unknown_name("part", name, ("claims", *self.tables))
        return self.rows[self.rows["part"] == name].reset_index(drop=True)

    def claims_only(self) -> Report:
        """Return the report without the tables and what was found between their cells.

        Returns
        -------
        Report
            The claims and the reading.
        """
        return replace(self, tables={}, findings=(), remarks=())

    def render(self, format: str = "table", width: int | None = None) -> str:
        """Write the report as text.

        Parameters
        ----------
        format : {"table", "markdown", "html", "json", "csv"}
            ``"html"`` is a page that needs nothing beside it. ``"csv"`` holds the rows only; the others add the
            citation and the reading.
        width : int, optional
            Columns of a terminal, for ``"table"``.

        Returns
        -------
        str
            Ends with a newline.

        Raises
        ------
        InputError
            Unknown format.
        """
        writers = {
            "table": lambda: self._table(width),
            "markdown": self._markdown,
            "html": self._page,
            "json": self._json,
            "csv": lambda: self.rows.to_csv(index=False),
        }
        if format not in writers:
            raise unknown_name("format", format, FORMATS)
        return writers[format]()

    def _table(self, width: int | None) -> str:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        file = io.StringIO()
        # A fixed console: the text is the same on a terminal, in a pipe and in a file.
        console = Console(file=file, width=width or 110, color_system=None, highlight=False, markup=False)

        def grid(rows: list[tuple[str, ...]], columns: dict[str, int]) -> Table:
            table = Table.grid(padding=(0, 2, 0, 0))
            room = console.width - 2 * len(columns)
            for share in columns.values():
                table.add_column(width=room * share // 100, overflow="fold")
            for row in rows:
                table.add_row(*map(Text, row))
            return table

        console.print(Text(self.citation), end="\n\n")
        console.print(grid([("", *list(_COLUMNS)[1:])], _COLUMNS))
        console.rule(characters="─")
        for group in groups(self.part()):
            console.print(Text(group.heading))
            console.print(grid([line for row in group.rows for line in _lines(row)], _COLUMNS))
            console.print()
        for name, title in self.tables.items():
            console.print(Text(f"{name}: {title}" if title != name else name))
            console.print(grid([("", *list(_COMPACT)[1:])], _COMPACT))
            console.rule(characters="─")
            console.print(grid([_compact(group) for group in groups(self.part(name))], _COMPACT))
            console.print()
        for note in self._notes():
            console.print(Text(note))
        if self._notes():
            console.print()
        for statement in self.statements:
            console.print(grid([("-", statement)], {"mark": 1, "statement": 99}))
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"

    def _notes(self) -> list[str]:
        """Return findings between cells, and how the file was read, one line each."""
        return [*(f"Between cells: {one}" for one in self.findings), *(f"Read: {one}" for one in self.remarks)]

    def _markdown(self) -> str:
        claims = "".join(_markdown_row([str(row[name]) for name in _SHOWN]) for row in self.part().to_dict("records"))
        text = f"{self.citation}\n\n{_markdown_head(_SHOWN)}{claims}"
        for name, title in self.tables.items():
            rows = "".join(_markdown_row(list(_compact(group))) for group in groups(self.part(name)))
            heading = " ".join(f"{name}: {title}".split())
            text += f"\n**{heading}**\n\n{_markdown_head(list(_COMPACT))}{rows}"
        for note in self._notes():
            text += f"\n{' '.join(note.split())}\n"
        return f"{text}\n{self.reading}\n"

    def _json(self) -> str:
        content = {
            "study": self.study,
            "citation": self.citation,
            "n_analyses": self.n_analyses,
            "rows": self.rows.to_dict("records"),
            "tables": dict(self.tables),
            "findings": list(self.findings),
            "remarks": list(self.remarks),
            "reading": self.reading,
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"

    def _page(self) -> str:
        from lupus_kit.audit.report.page import page

        return page(self)

    def _repr_html_(self) -> str:
        rows = []
        for group in groups(self.part()):
            rows.append(f"<tr><th colspan='5' style='text-align:left'>{html.escape(group.heading)}</th></tr>")
            rows += [_html_row(line) for row in group.rows for line in _lines(row)]
        tables = "".join(
            f"<details><summary>{html.escape(f'{name}: {title}')}</summary><table>{_html_head(list(_COMPACT))}"
            + "".join(_html_row(_compact(group)) for group in groups(self.part(name)))
            + "</table></details>"
            for name, title in self.tables.items()
        )
        between = "".join(f"<li>{html.escape(line)}</li>" for line in self.findings)
        if between:
            tables += f"<details><summary>Between cells ({len(self.findings)})</summary><ul>{between}</ul></details>"
        statements = "".join(f"<li>{html.escape(line)}</li>" for line in self.statements)
        return (
            f"<table>{_html_head(_SHOWN[1:])}{''.join(rows)}</table>{tables}"
            f"<ul>{statements}</ul><small>{html.escape(self.citation)}</small>"
        )
