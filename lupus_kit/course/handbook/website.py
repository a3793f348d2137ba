"""The handbook: executed notebooks and the reference as one site that works from disk, written whole or not at all.

Sphinx makes the pages. Everything is built beside the folder first, then it takes the folder's place.
"""

import io
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lupus_kit import __version__
from lupus_kit.core.errors import InputError
from lupus_kit.core.extras import need
from lupus_kit.core.files import cannot_write, make_folder, refuse_reserved
from lupus_kit.course.execution import ANSI
from lupus_kit.course.handbook.sources import FACILITATOR, SHEET, Stop, write_sources
from lupus_kit.course.handbook.sphinx_settings import SETTINGS
from lupus_kit.course.journal_club.contents import journal_club
from lupus_kit.course.journal_club.folder import facilitator
from lupus_kit.course.journal_club.sheet import pdf

#: Lists the files of a handbook, so that a later one replaces exactly these.
MANIFEST = "handbook.json"


def check_libraries() -> None:
    """Make sure that what builds the handbook is installed, before any work is done.

    Raises
    ------
    InputError
        If a library of the extra ``handbook`` is missing; with the line that installs it.
    """
    for library in ("sphinx", "myst_nb", "sphinx_book_theme", "reportlab", "nbformat"):
        need(library, "handbook", "The handbook")


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
        What Sphinx was not content with; the pages are there all the same.

    Raises
    ------
    InputError
        As :func:`check_place` and :func:`check_libraries`; or if it cannot be written, and then nothing of it stays behind.
    """
    check_libraries()
    check_place(folder)
    place = folder.resolve()
    club = journal_club()
    try:
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}.") as scratch:
            sources, pages = Path(scratch) / "sources", Path(scratch) / "new"
            sources.mkdir()
            write_sources(sources, stops, club)
            warnings = _sphinx(sources, pages)
            (pages / SHEET).write_bytes(pdf(club))
            (pages / FACILITATOR).write_text(facilitator(club), encoding="utf-8", newline="\n")
            files = sorted([*_files(pages), MANIFEST])
            facts = {"made_by": f"lupus_kit {__version__}", "files": files}
            (pages / MANIFEST).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8", newline="\n")
            put(pages, place)
    except OSError as error:
        raise cannot_write(folder, error) from None
    return warnings


def _sphinx(sources: Path, pages: Path) -> tuple[str, ...]:
    """Let Sphinx make the pages; return its warnings."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    warnings, doctrees = io.StringIO(), sources.with_name("doctrees")
    with patch_docutils(), docutils_namespace():
        Sphinx(sources, None, pages, doctrees, "html", SETTINGS, status=None, warning=warnings).build()
    (pages / ".buildinfo").unlink()
    return tuple(ANSI.sub("", warnings.getvalue()).splitlines())


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
    refuse_reserved(folder)
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
    return next((name for name in _files(folder) if name not in known), "")


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if not path.is_dir()]


def put(new: Path, folder: Path) -> None:
    """Let a folder take another's place; if that fails, the old one stands as before.

    Parameters
    ----------
    new : pathlib.Path
        The new content, on the same disk.
    folder : pathlib.Path
        The place; what is there is removed.
    """
    old = new.with_name("old")
    if folder.exists():
        os.rename(folder, old)
    try:
        os.rename(new, folder)
    except OSError:
        if old.exists():
            os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
