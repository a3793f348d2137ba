"""The handbook's sources for Sphinx: the executed notebooks, a first page, the journal club, and the reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from lupus_kit.core.extras import need
from lupus_kit.course import pages
from lupus_kit.course.handbook.club import JournalClub
from lupus_kit.course.handbook.reference import ROOMS, reference_page
from lupus_kit.course.handbook.sphinx_settings import TITLE

if TYPE_CHECKING:
    import pandas as pd
    from nbformat import NotebookNode

SHEET = "journal_club.pdf"
_MINUTES = re.compile(r"about (\d+) minutes", re.IGNORECASE)
_SOLUTION = re.compile(r"<details>\s*<summary>Solution.*?</details>", re.DOTALL)


@dataclass(frozen=True)
class Stop:
    """One executed notebook on its way into the handbook.

    Parameters
    ----------
    name : str
        The notebook's name without its ending.
    notebook : nbformat.NotebookNode
        The executed notebook.
    """

    name: str
    notebook: NotebookNode

    @property
    def label(self) -> str:
        """The notebook's number and heading."""
        return f"{int(self.name[:2])} · {pages.title(self.notebook, self.name)}"

    @property
    def minutes(self) -> str:
        """How long it takes, in the notebook's own words; empty where it does not say."""
        said = _MINUTES.search(" ".join(cell.source for cell in self.notebook.cells[:3]))
        return f"about {said[1]} minutes" if said else ""

    @property
    def lead(self) -> str:
        """The first paragraph below the heading, in Markdown."""
        paragraphs = [one.strip() for one in self.notebook.cells[0].source.split("\n\n")]
        return next((one for one in paragraphs if one and not one.startswith("#")), "")


def write_sources(folder: Path, stops: Sequence[Stop], club: JournalClub) -> None:
    """Write what Sphinx reads.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder.
    stops : sequence of Stop
        Executed notebooks in the order of the walk.
    club : JournalClub
        The content of the journal club.
    """
    nbformat = need("nbformat", "handbook", "The handbook")
    for stop in stops:
        nbformat.write(_unsearched_solutions(pages.still(stop.notebook)), folder / f"{stop.name}.ipynb")
    texts = {"index.md": _first_page(stops), "journal_club.md": club_page(club)}
    texts |= {f"reference/{room}.rst": reference_page(room) for room in ROOMS}
    (folder / "reference").mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _unsearched_solutions(notebook: NotebookNode) -> NotebookNode:
    """Mark folded solutions, so that a search does not give an answer away."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _SOLUTION.sub(lambda found: _unsearched(found[0]), cell.source)
    return notebook


def _unsearched(markdown: str) -> str:
    return f"``````{{container}} no-search\n{markdown}\n``````"


def _first_page(stops: Sequence[Stop]) -> str:
    """Write what this is, and one paragraph a stop."""
    walk = "\n\n".join(f"**[{stop.label}]({stop.name}.ipynb)** {stop.minutes}\n\n{stop.lead}" for stop in stops)
    return f"""# {TITLE}

A walk through one small trial of low-dose interleukin-2 in lupus: rebuild its printed numbers, doubt them, and learn from
them. These are the executed notebooks of lupus_kit, to read without installing anything.

Every number on these pages was computed when the pages were made. Solutions of the exercises are folded: try first. A widget
is shown as a still picture; to move it, open the notebook in JupyterLab.

## The stops

{walk}

## For a journal club

<a href="{SHEET}">Two sheets to print</a> (PDF): the trial on one page, with the audit and six questions on its back, and a page
for the facilitator. The same text [as a web page](journal_club.md).

## What is published and what is invented

The trial's numbers are copied from the paper as printed. Every single patient on these pages is invented: the trial's patient
data are not public. What the paper does not say is shown as "not reported".

## The reference

Every public name of the kit, room by room, with examples: {", ".join(f"[{room}](reference/{room}.rst)" for room in ROOMS)}. All of
them in one list: {{ref}}`genindex`.

{_contents("The walk", [f"{stop.label} <{stop.name}>" for stop in stops])}

{_contents("Together", ["Journal club <journal_club>"])}

{_contents("Reference", [f"{room} <reference/{room}>" for room in ROOMS])}
"""


def _contents(caption: str, entries: Sequence[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```"])


def club_page(club: JournalClub) -> str:
    """Write the content of the journal club's sheets as a page, the answers folded.

    Parameters
    ----------
    club : JournalClub
        The content.

    Returns
    -------
    str
        MyST Markdown.

    Examples
    --------
    >>> from lupus_kit.course.handbook.club import journal_club
    >>> club_page(journal_club()).count("<details>")
    6
    """
    facts = "".join(f"<tr><th>{escape(topic)}</th><td>{escape(fact)}</td></tr>" for topic, fact in club.facts)
    questions = "\n\n".join(
        f"### {number}. {one.ask}\n\n{one.minutes} minutes\n\n"
        + _unsearched(
            f"<details><summary>For the facilitator</summary><p>{escape(one.answer)}</p>"
            f"<p><em>Pitfall.</em> {escape(one.pitfall)}</p></details>"
        )
        for number, one in enumerate(club.questions, start=1)
    )
    reading = "\n".join(f"- {text}" for text in club.reading)
    return f"""# The journal club

One trial, one page, six questions. <a href="{SHEET}">Print it</a> (PDF): page 1 and 2 on one sheet for everyone, page 3 for the
facilitator.

## The trial

{club.citation}

<table class="table">{facts}</table>

**Not reported** in the abstract or the registry: {"; ".join(club.not_reported)}.

## What was printed

{_table(club.results)}

## The audit

{_table(club.audit)}

{reading}

## Six questions

{questions}

{club.notice} Not for treating patients.
"""


def _table(frame: pd.DataFrame) -> str:
    html = str(frame.to_html(index=False, border=0, classes="table", justify="left"))
    return html.replace("\\n", "<br>").replace("\n", "")
