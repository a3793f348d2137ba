"""Reading reports in tests: their words, their markdown rows, their html cells."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

# Beginnings of words that would accuse the authors.
ACCUSING = re.compile(
    r"\b(fraud|fabricat|falsif|manipulat|mistake|error|wrong|incorrect|dishonest|mislead|misconduct|cheat|fake|invent"
    r"|cherry|p-hack|hacking|suspicious|implausible|impossible|careless|sloppy|false|lied|lying|liar"
    r"|blame|guilty|invalid)"
)


def everything_said(report: Any) -> str:
    return " ".join([report.reading, *report.to_frame()[["analysis", "verdict"]].to_numpy().ravel()]).lower()


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
