"""The report of an audit, in every form it is read in."""

from __future__ import annotations

import html
import io
import json
from dataclasses import dataclass

import pandas as pd

from lupus_kit._errors import unknown_name

FORMATS = ("table", "markdown", "json", "csv")
_SHOWN = ["endpoint", "what", "printed", "recomputed", "analysis", "verdict"]
# Columns of the terminal table and their share of the line, in percent.
_COLUMNS = {"what": 10, "printed": 13, "recomputed": 16, "analysis": 39, "verdict": 22}


def _lines(row: dict[str, str]) -> list[tuple[str, ...]]:
    """One line per analysis, so that each p-value stands beside its test."""
    parts = list(zip(row["recomputed"].split("; "), row["analysis"].split("; "), strict=True))
    first, *rest = parts
    head = (f"  {row['what']}", row["printed"], *first, row["verdict"])
    return [head, *(("", "", *part, "") for part in rest)]


def _html_row(cells: tuple[str, ...]) -> str:
    style = "text-align:left;vertical-align:top"
    return "<tr>" + "".join(f"<td style='{style}'>{html.escape(cell.strip())}</td>" for cell in cells) + "</tr>"


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
        ``claim endpoint role what printed recomputed analysis verdict``, one row per printed value.
    statements : tuple of str
        What the numbers do and do not say, in reading order.
    n_analyses : int
        Analyses tried on each p-value.
    """

    study: str
    citation: str
    rows: pd.DataFrame
    statements: tuple[str, ...]
    n_analyses: int

    @property
    def reading(self) -> str:
        """The statements as one paragraph."""
        return " ".join(self.statements)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a tidy frame."""
        return self.rows.copy()

    def render(self, format: str = "table", width: int | None = None) -> str:
        """Write the report as text.

        Parameters
        ----------
        format : {"table", "markdown", "json", "csv"}
            ``"csv"`` holds the rows only; the others add the citation and the reading.
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
            "json": self._json,
            "csv": lambda: self.rows.to_csv(index=False),
        }
        if format not in writers:
            raise unknown_name("format", format, FORMATS)
        return writers[format]()

    def _groups(self) -> list[tuple[str, list[dict[str, str]]]]:
        """Rows by endpoint, so that its name is printed once."""
        groups: dict[str, list[dict[str, str]]] = {}
        for row in self.rows.to_dict("records"):
            groups.setdefault(f"{row['endpoint']} ({row['role']})", []).append({k: str(v) for k, v in row.items()})
        return list(groups.items())

    def _table(self, width: int | None) -> str:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        file = io.StringIO()
        # A fixed console: the text is the same on a terminal, in a pipe and in a file.
        console = Console(file=file, width=width or 110, color_system=None, highlight=False, markup=False)
        room = console.width - 2 * len(_COLUMNS)
        widths = [room * share // 100 for share in _COLUMNS.values()]

        def grid(rows: list[tuple[str, ...]]) -> Table:
            table = Table.grid(padding=(0, 2, 0, 0))
            for size in widths:
                table.add_column(width=size, overflow="fold")
            for row in rows:
                table.add_row(*map(Text, row))
            return table

        console.print(self.citation, end="\n\n")
        console.print(grid([("", *list(_COLUMNS)[1:])]))
        console.rule(characters="─")
        for endpoint, rows in self._groups():
            console.print(endpoint)
            console.print(grid([line for row in rows for line in _lines(row)]))
            console.print()
        console.print(self.reading)
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"

    def _markdown(self) -> str:
        head = "| " + " | ".join(_SHOWN) + " |\n" + "|" + " --- |" * len(_SHOWN) + "\n"
        body = "".join(
            "| " + " | ".join(" ".join(str(row[name]).split()).replace("|", "\\|") for name in _SHOWN) + " |\n"
            for row in self.rows.to_dict("records")
        )
        return f"{self.citation}\n\n{head}{body}\n{self.reading}\n"

    def _json(self) -> str:
        content = {
            "study": self.study,
            "citation": self.citation,
            "n_analyses": self.n_analyses,
            "rows": self.rows.to_dict("records"),
            "reading": self.reading,
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"

    def _repr_html_(self) -> str:
        rows = []
        for endpoint, group in self._groups():
            rows.append(f"<tr><th colspan='5' style='text-align:left'>{html.escape(endpoint)}</th></tr>")
            rows += [_html_row(line) for row in group for line in _lines(row)]
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in _SHOWN[1:])
        statements = "".join(f"<li>{html.escape(line)}</li>" for line in self.statements)
        return (
            f"<table><tr>{head}</tr>{''.join(rows)}</table>"
            f"<ul>{statements}</ul><small>{html.escape(self.citation)}</small>"
        )
