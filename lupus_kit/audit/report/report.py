"""The report of an audit: every printed value of a study with what was recomputed, as a frame and as text."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from lupus_kit.audit.report.checked_values import CLAIMS, MEANINGS, SIGNS, Analysis, CheckedValue, Quantity
from lupus_kit.audit.report.layout import Contents, lines, shown_lines
from lupus_kit.core.csv_text import csv_text
from lupus_kit.core.errors import unknown_name
from lupus_kit.core.templates import fill

# Columns of the terminal table and their share of the line, in percent.
_COLUMNS = {"what": 10, "printed": 13, "recomputed": 16, "analysis": 39, "verdict": 22}
_COMPACT = {"row": 24, "printed": 22, "p": 8, "analyses that fit": 26, "verdict": 20}
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
    if report.groups():
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


FORMATS = ("table", "markdown", "html", "json", "csv")
_INTEGERS = ("x1", "n1", "x2", "n2", "n_ways", "n_fit")
_OF_VALUE = ("claim", "endpoint", "role", "quantity", "what", "printed")
_OF_VERDICT = ("verdict", "sentence", "chance", "part", "source", "confidence")
COLUMNS = (
    *(*_OF_VALUE, "relation", "printed_p", "analysis", "label", "software", "alternative", "setting", "population"),
    *(*_INTEGERS, "recomputed", "low", "high", "fits", "supposing", "paper_analysis", *_OF_VERDICT),
)
_ATTRIBUTES_OF_VALUE = ("what", "printed", "supposing", "paper_analysis", "verdict", "sentence", "chance", "part")
_ATTRIBUTES_OF_ANALYSIS = ("label", "alternative", "setting", "population", "low", "high", "fits")
VERDICT_COLUMNS = (*_OF_VALUE, "n_fits", "n_tried", *_OF_VERDICT)


def _of_value(value: CheckedValue) -> dict[str, object]:
    """Return what the rows of one printed value have in common."""
    claim = value.claim
    p = claim.printed_p if value.quantity is Quantity.P else None
    of_claim = {"claim": claim.id, "endpoint": claim.title, "role": claim.role, "source": claim.source}
    of_p = {"relation": p.relation if p else "", "printed_p": p.value if p else None}
    of_value = {name: getattr(value, name) for name in _ATTRIBUTES_OF_VALUE}
    return of_claim | of_p | of_value | {"quantity": value.quantity.value, "confidence": claim.confidence}


def _of_analysis(one: Analysis) -> dict[str, object]:
    counts = dict(zip(("x1", "n1", "x2", "n2"), one.counts, strict=False)) if len(one.counts) <= 4 else {}
    ways = {"n_ways": one.n_ways, "n_fit": one.n_fit} if one.low == one.low and one.n_ways > 1 else {}
    attributes = {name: getattr(one, name) for name in _ATTRIBUTES_OF_ANALYSIS}
    named = {"analysis": one.key, "recomputed": one.value, "software": "; ".join(one.software)}
    return attributes | counts | ways | named


class Report(Contents):
    """Every printed value of a study, recomputed.

    Its ``values`` are the data, its ``statements`` and its :meth:`render` what is written from them; the attributes are
    those of :class:`~lupus_kit.audit.report.layout.Contents`.

    Examples
    --------
    >>> from lupus_kit import audit
    >>> report = audit.check("he2020")
    >>> report.n_analyses
    79
    >>> len(report.statements_on('primary')) <= len(report.reading_statements)
    True
    >>> len(report.claims_only().tables)
    0
    >>> report.render("markdown")[:20]
    'He J, Zhang R, Shao '
    """

    def statements_on(self, *topics: str) -> tuple[str, ...]:
        """Return the statements on some topics, in reading order.

        Parameters
        ----------
        *topics : str
            Such as ``"joint analysis"``.

        Returns
        -------
        tuple of str
        """
        return tuple(one.text for one in self.reading_statements if one.topic in topics)

    def to_frame(self) -> pd.DataFrame:
        """Return everything as a tidy frame: one row a claim and analysis, numbers as numbers.

        Returns
        -------
        pandas.DataFrame
            ``claim endpoint role quantity what printed``: the printed value; ``quantity`` is ``"value"`` (of an arm or
            visit), ``"p"`` or ``"effect"``. ``relation printed_p``: the printed p-value as a number.
            ``analysis label alternative setting``: the analysis by its key and in words, and what it was run on
            besides the claim's own comparison; ``analysis`` is empty where nothing was computed, and ``label`` says
            why; ``software``: what SPSS, SAS, Stata and R print it under.
            ``population`` (``"29 v 30"``) and ``x1 n1 x2 n2``: whom it was run on. ``recomputed low high``: the
            p-value, percentage or effect, and the ends of its range or interval. ``n_ways n_fit``: joint tables of
            paired counts tried, and those that print so. ``fits``: whether the analysis prints as reported.
            ``supposing paper_analysis``, then the ``verdict`` (one of the values of ``Verdict``) and its
            ``sentence``, the same in every row of a printed value; ``chance``: the share of the prints nearby that an
            analysis of the printed numbers has too. ``part``: ``"claims"`` or the name of a table.
            ``source confidence``: where it was read.

        Examples
        --------
        >>> from lupus_kit import audit
        >>> frame = audit.check("he2020").to_frame()
        >>> fits = frame.query("claim == 'sri4_week12' and quantity == 'p' and fits")
        >>> fits[["analysis", "population"]].values.tolist()[:2]
        [['n_minus_1', '29 v 30'], ['agresti_caffo', '29 v 30']]
        """
        rows = [_of_value(value) | _of_analysis(one) for value in self.values for one in value.analyses]
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        floats = dict.fromkeys(("printed_p", "recomputed", "low", "high"), "float64")
        return frame.astype(floats | dict.fromkeys(_INTEGERS, "Int64") | {"fits": "boolean"})

    def verdicts(self, part: str | None = None) -> pd.DataFrame:
        """Return one row per printed value with its verdict.

        Parameters
        ----------
        part : str, optional
            ``"claims"`` or the name of a table; everything if not given.

        Returns
        -------
        pandas.DataFrame
            ``claim endpoint role quantity what printed n_fits n_tried verdict sentence chance part source confidence``.

        Raises
        ------
        InputError
            No such part.

        Examples
        --------
        >>> from lupus_kit import audit
        >>> audit.check("he2020").verdicts("claims").query("quantity == 'p'")["sentence"].head(1).item()
        'reproduced only by 7 of 79 analyses'
        """
        if part is not None and part != CLAIMS and part not in self.tables:
            raise unknown_name("part", part, (CLAIMS, *self.tables))
        rows = [
            _of_value(value) | {"n_fits": len(value.fitting), "n_tried": sum(bool(one.key) for one in value.analyses)}
            for value in self.values
            if part is None or value.part == part
        ]
        return pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))

    def claims_only(self) -> Report:
        """Return the report without the tables, what was found between their cells, and what programs call an analysis.

        Returns
        -------
        Report
            The claims and the reading.
        """
        claims = tuple(value for value in self.values if value.part == CLAIMS)
        return replace(self, values=claims, tables={}, findings=(), remarks=(), programs=False)

    def render(self, format: str = "table", width: int | None = None) -> str:
        """Write the report as text.

        Parameters
        ----------
        format : {"table", "markdown", "html", "json", "csv"}
            ``"html"`` is a page that needs nothing beside it. ``"csv"`` is :meth:`to_frame`; ``"json"`` holds it in
            ``rows``, with the citation and the reading; what is not there, and an end without limit, is null.
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
        if format not in FORMATS:
            raise unknown_name("format", format, FORMATS)
        if format == "csv":
            return csv_text(self.to_frame())
        if format == "json":
            return self._json()
        if format == "table":
            return terminal_table(self, width)
        if format == "html":
            return _filled("report.html.j2", self)
        return re.sub(r"<(?=[A-Za-z/!])", "&lt;", _filled("report.md.j2", self))  # what looks like a tag stays text

    def _json(self) -> str:
        frame = self.to_frame().replace([float("inf"), float("-inf")], float("nan"))  # JSON has neither
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        names = ("study", "citation", "n_analyses", "tables", "findings", "remarks", "reading")
        content = {name: getattr(self, name) for name in names}
        head = json.dumps(content, ensure_ascii=False, indent=2).removesuffix("\n}")
        lines = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in rows)
        return f'{head},\n  "rows": [\n{lines}\n  ]\n}}\n'

    def __str__(self) -> str:
        return self.render("table").rstrip("\n")

    def _repr_html_(self) -> str:
        return _filled("notebook.html.j2", self)
