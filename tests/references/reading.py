"""Reading reports in tests: their words, their markdown rows, their html cells."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from lupus_kit.audit import CheckedValue
from lupus_kit.audit.report.layout import shown_lines, value_text

# Beginnings of words that would accuse the authors.
ACCUSING = re.compile(
    r"\b(fraud|fabricat|falsif|manipulat|mistake|error|wrong|incorrect|dishonest|mislead|misconduct|cheat|fake|invent"
    r"|cherry|p-hack|hacking|suspicious|implausible|impossible|careless|sloppy|false|lied|lying|liar"
    r"|blame|guilty|invalid)"
)


def everything_said(report: Any) -> str:
    """The words of a report: its reading, its verdicts, and the analyses it names."""
    named = [name for value in report.values for _, name, _ in shown_lines(value)]
    return " ".join([report.reading, *(value.sentence for value in report.values), *named]).lower()


def checked(report: Any) -> dict[tuple[str, str], CheckedValue]:
    """The checked values of a report by claim and arm, visit, ``"p"`` or ``"effect"``."""
    return {(value.claim.id, value.what): value for value in report.values}


def fitting(value: CheckedValue) -> set[str]:
    """Names of the analyses that print as reported."""
    return {one.name for one in value.fitting}


def recomputed(value: CheckedValue, name: str | None = None) -> str:
    """What one analysis gives as the report writes it, whether it fits or not; the first of all if none is named."""
    return next(value_text(value, one) for one in value.analyses if name in (None, one.name))


def words(value: CheckedValue) -> str:
    """Everything a report says of one value but its verdict."""
    return "; ".join(name for _, name, _ in shown_lines(value))


def markdown_cells(line: str) -> list[str]:
    assert line.startswith("| ")
    assert line.endswith(" |")
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


class Page(HTMLParser):
    """Tags, links, text, and table rows as lists of their cells' text; every tag must be closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.links: list[str | None] = []
        self.rows: list[list[str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name == "href"]
        if tag in ("br", "img"):  # these have no end
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def parse(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page
