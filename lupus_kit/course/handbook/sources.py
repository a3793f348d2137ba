"""The handbook's sources for Sphinx: the executed notebooks, a first page, the journal club, and the reference."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lupus_kit.core.extras import need
from lupus_kit.core.templates import fill, toml_beside
from lupus_kit.course import pages
from lupus_kit.course.handbook.reference import ROOMS, front_page, reference_page
from lupus_kit.course.journal_club.contents import JournalClub

if TYPE_CHECKING:
    import pandas as pd
    from nbformat import NotebookNode

SHEET, FACILITATOR = "journal_club.pdf", "facilitator.html"
#: Words for the index and the search, by page and by words of the heading below which they are explained.
INDEX_ENTRIES: Mapping[str, Mapping[str, Sequence[str]]] = toml_beside(__file__, "index_entries.toml")
_MINUTES = re.compile(r"about (\d+) minutes", re.IGNORECASE)
_PICTURE = re.compile(r'<img [^>]*src="data:image/[^>]*>')
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
    def pictures(self) -> list[str]:
        """Its pictures as elements of a page, each with its alt text."""
        outputs = [one for cell in pages.still(self.notebook).cells for one in cell.get("outputs", [])]
        return [found for one in outputs for found in _PICTURE.findall(one.get("data", {}).get("text/html", ""))]

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
        page = _indexed(_unsearched_solutions(pages.still(stop.notebook)), INDEX_ENTRIES.get(stop.name, {}))
        nbformat.write(page, folder / f"{stop.name}.ipynb")
    for name in ("index.md", "gallery.md", "journal_club.md", "cluster.md"):
        template, names = Path(__file__).with_name("templates") / name, {"sheet": SHEET, "facilitator": FACILITATOR}
        text = fill(template, stops=stops, rooms=ROOMS, club=club, table=_table, **names)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    (folder / "reference").mkdir()
    for name, text in {"lupus_kit": front_page(), **{room: reference_page(room) for room in ROOMS}}.items():
        (folder / "reference" / f"{name}.rst").write_text(text, encoding="utf-8", newline="\n")


def _table(frame: pd.DataFrame) -> str:
    html = str(frame.to_html(index=False, border=0, classes="table", justify="left"))
    return html.replace("\\n", "<br>").replace("\n", "")


def _unsearched_solutions(notebook: NotebookNode) -> NotebookNode:
    """Mark folded solutions, so that a search does not give an answer away."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _SOLUTION.sub(r"``````{container} no-search\n\g<0>\n``````", cell.source)
    return notebook


def _indexed(notebook: NotebookNode, entries: Mapping[str, Sequence[str]]) -> NotebookNode:
    """Put index entries below the headings where their words are explained; the search finds them, too."""
    for heading, words in entries.items():
        line = re.compile(rf"^#+ .*{re.escape(heading)}.*$", re.MULTILINE)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = line.sub(rf"\g<0>\n\n```{{index}} {', '.join(words)}\n```", cell.source)
    return notebook
