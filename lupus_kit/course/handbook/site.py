"""The handbook: executed notebooks as one linked site that works from disk, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from nbformat import NotebookNode

from lupus_kit import __version__
from lupus_kit.core.errors import InputError
from lupus_kit.core.files import cannot_write, make_folder
from lupus_kit.course import pages
from lupus_kit.course.handbook import club, search, sheet

SITE = "The lupus_kit handbook"
SHEET = "journal_club.pdf"
CLUB = "journal_club.html"
#: Lists the files of a handbook, so that a later one replaces exactly these.
MANIFEST = "handbook.json"
_MINUTES = re.compile(r"about (\d+) minutes", re.IGNORECASE)


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
    def file(self) -> str:
        """File name of its page."""
        return f"{self.name}.html"

    @property
    def title(self) -> str:
        """The notebook's heading."""
        return pages.title(self.notebook, self.name)

    @property
    def minutes(self) -> str:
        """How long it takes, in the notebook's own words; empty where it does not say."""
        said = _MINUTES.search(" ".join(cell.source for cell in self.notebook.cells[:3]))
        return f"about {said[1]} minutes" if said else ""

    @property
    def lead(self) -> str:
        """The first paragraph below the heading, as HTML."""
        paragraphs = [one.strip() for one in self.notebook.cells[0].source.split("\n\n")]
        first = next((one for one in paragraphs if one and not one.startswith("#")), "")
        return pages.markdown(first)


@dataclass(frozen=True)
class _Page:
    file: str
    label: str
    title: str
    article: str


def build(folder: Path, stops: Sequence[Stop]) -> tuple[str, ...]:
    """Write the handbook.

    Parameters
    ----------
    folder : pathlib.Path
        Where it goes: a new folder, an empty one, or one that holds an earlier handbook and nothing else.
    stops : sequence of Stop
        Executed notebooks in the order of the walk.

    Returns
    -------
    tuple of str
        The files written, relative to the folder.

    Raises
    ------
    InputError
        As :func:`check_place`; or if it cannot be written, and then nothing of it stays behind.
    """
    check_place(folder)
    files = {name: content.encode("utf-8") for name, content in _texts(stops).items()}
    files[SHEET] = sheet.pdf(club.journal_club())
    files[MANIFEST] = _manifest([*files, MANIFEST]).encode("utf-8")
    _put(folder.resolve(), files)
    return tuple(sorted(files))


def check_place(folder: Path) -> None:
    """Make sure that a handbook may be written there, before any work is done.

    Parameters
    ----------
    folder : pathlib.Path
        The folder named by the user.

    Raises
    ------
    InputError
        If a file is in the way, if the folder holds anything but an earlier handbook, or cannot be written to.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"cannot use {str(folder)!r} as a folder: a file is in the way. Name another one.")
    if folder.is_dir() and (foreign := _foreign(folder)):
        raise InputError(
            f"{str(folder)!r} holds {foreign!r}, which is not part of a handbook and would be lost. "
            "Name a new or empty folder."
        )
    if folder.resolve() in (Path.cwd(), *Path.cwd().parents):
        # The folder is exchanged as a whole: whoever stands in it would stand in a folder that is gone.
        raise InputError(f"{str(folder)!r} is where you are. Name a folder below it, for example 'handbook'.")
    make_folder(folder.resolve().parent)


def _foreign(folder: Path) -> str:
    """Name one thing in the folder that no earlier handbook put there."""
    try:
        known = set(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, TypeError, KeyError):
        known = set()
    present = (path for path in sorted(folder.rglob("*")) if not path.is_dir())
    return next((name for path in present if (name := path.relative_to(folder).as_posix()) not in known), "")


def _manifest(names: Sequence[str]) -> str:
    return json.dumps({"made_by": f"lupus_kit {__version__}", "files": sorted(names)}, indent=1) + "\n"


def _texts(stops: Sequence[Stop]) -> dict[str, str]:
    """Make every text file of the site."""
    walk = [
        _Page(stop.file, f"{int(stop.name[:2])} · {stop.title}", stop.title, pages.article(stop.notebook))
        for stop in stops
    ]
    talk = _Page(CLUB, "Journal club", "The journal club", club.article(club.journal_club(), SHEET))
    start = _Page("index.html", "Contents", SITE, _contents(stops))
    site = [start, *walk, talk]
    found = {page.file: search.sections(page.file, page.article) for page in site}
    texts = {page.file: _laid_out(page, site, found[page.file]) for page in site}
    titles = {page.file: page.title for page in site}
    texts["assets/search-index.js"] = search.index([one for page in (*walk, talk) for one in found[page.file]], titles)
    for name in ("handbook.css", "handbook.js"):
        texts[f"assets/{name}"] = _asset(name)
    return texts


def _asset(name: str) -> str:
    return resources.files("lupus_kit.course.handbook").joinpath(name).read_text(encoding="utf-8")


def _laid_out(page: _Page, site: Sequence[_Page], found: Sequence[search.Section]) -> str:
    from jinja2 import Environment

    place = site.index(page)
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_asset("page.html.j2"))
    return (
        template.render(
            site=SITE,
            version=__version__,
            title=page.title,
            file=page.file,
            pages=site,
            headings=[one for one in found if one.level == 2 and one.anchor],
            article=page.article,
            before=site[place - 1] if place else None,
            after=site[place + 1] if place + 1 < len(site) else None,
        ).rstrip("\n")
        + "\n"
    )


def _contents(stops: Sequence[Stop]) -> str:
    """Write the first page: what this is, and one card a stop."""
    cards = "\n".join(
        f'<li><a href="{stop.file}">{int(stop.name[:2])} · {escape(stop.title)}</a> '
        f"<small>{stop.minutes}</small>{stop.lead}</li>"
        for stop in stops
    )
    return f"""<h1>{SITE}</h1>
<p class="lead">A walk through one small trial of low-dose interleukin-2 in lupus: rebuild its printed numbers, doubt them, and
learn from them. These are the executed notebooks of lupus_kit, to read without installing anything.</p>
<p>Every number on these pages was computed when the pages were made. Solutions of the exercises are folded: try first. A
widget is shown as a still picture; to move it, open the notebook in JupyterLab.</p>
<h2 id="stops">The stops</h2>
<ol class="cards">
{cards}
</ol>
<h2 id="club">For a journal club</h2>
<p><a href="{SHEET}">Two sheets to print</a> (PDF): the trial on one page, with the audit and six questions on its back, and a
page for the facilitator. The same text <a href="{CLUB}">as a web page</a>.</p>
<h2 id="published-invented">What is published and what is invented</h2>
<p>The trial's numbers are copied from the paper as printed. Every single patient on these pages is invented: the trial's patient
data are not public. What the paper does not say is shown as "not reported".</p>"""


def _put(folder: Path, files: dict[str, bytes]) -> None:
    """Write everything beside the folder first, then let it take the folder's place."""
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            new, old = Path(scratch) / "new", Path(scratch) / "old"
            for name, content in files.items():
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                (new / name).write_bytes(content)
            if folder.exists():
                os.rename(folder, old)
            try:
                os.rename(new, folder)
            except OSError:
                if old.exists():
                    os.rename(old, folder)
                raise
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise cannot_write(folder, error) from None
