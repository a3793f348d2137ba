"""Slides of a notebook, which need no network: nbconvert's reveal.js pages beside a copy of reveal.js itself."""

from __future__ import annotations

import shutil
from pathlib import Path

from lupus_kit.core.errors import InputError
from lupus_kit.core.extras import need
from lupus_kit.core.files import make_folder, write_atomically
from lupus_kit.course import execution, pages, shelf

#: The notebook of the core path.
CORE = shelf.START


def write_slides(folder: Path, name: str = CORE, force: bool = False, quiet: bool = False) -> Path:
    """Run a notebook and write it as slides.

    Parameters
    ----------
    folder : pathlib.Path
        Where they go; it has to be empty or not there yet.
    name : str
        The notebook's file name.
    force : bool
        Write into a folder that holds something; what is not of the slides stays.
    quiet : bool
        Without a progress bar.

    Returns
    -------
    pathlib.Path
        The page to open: each heading of the notebook begins a slide, and the cells below it are on it.

    Raises
    ------
    InputError
        If the folder holds something, a cell fails, or the extra ``handbook`` is not installed.
    """
    nbconvert = need("nbconvert", "handbook", "Slides")
    reveal = Path(str(need("sphinx_revealjs", "handbook", "Slides").__file__)).parent / "_static" / "revealjs"
    make_folder(folder)
    if not force and any(folder.iterdir()):
        raise InputError(
            f"there is something in {str(folder)!r} already. Name a folder that is empty or not there yet."
        )
    ((notebook, run),) = execution.execute_files([shelf.find().folder / name], quiet)
    if not run.passed:
        raise InputError(f"the notebook does not run: {run.failures()[0]}")
    shown = pages.still(notebook)
    shown.metadata["title"] = pages.title(notebook, name)
    for cell in shown.cells:  # a slide begins at each heading; what follows belongs to it
        heading = cell.cell_type == "markdown" and cell.source.startswith("#")
        cell.metadata["slideshow"] = {"slide_type": "slide" if heading else "-"}
    exporter = nbconvert.SlidesExporter(
        raw_template=Path(__file__).with_name("slides.html.j2").read_text(encoding="utf-8"),
        reveal_url_prefix="reveal.js",
    )
    html, _ = exporter.from_notebook_node(shown)
    for part in ("dist", "LICENSE"):
        source, target = reveal / part, folder / "reveal.js" / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.map", "*.esm.js"), dirs_exist_ok=force)
        else:
            shutil.copy(source, target)
    write_atomically(folder / "index.html", html.encode("utf-8"))
    return folder / "index.html"
