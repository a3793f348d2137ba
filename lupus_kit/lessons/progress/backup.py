"""A student's work as one file to download, and put back from it: the progress file with the saved notebooks in it."""

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lupus_kit.core.errors import InputError
from lupus_kit.core.files import write_atomically
from lupus_kit.core.text import plural
from lupus_kit.lessons.progress import file as progress_file
from lupus_kit.lessons.progress.file import as_json

if TYPE_CHECKING:
    from ipywidgets import VBox

#: Bytes: browsers download from a link of up to two million characters, and base64 makes four of three.
_LARGEST_LINK = 1_400_000


def backup() -> "VBox":
    """Show a link that downloads your work, and a button that restores it: one click each.

    The work is a progress file that also holds the notebooks beside it as they were last saved, without their outputs. The
    link is made anew whenever an answer is kept. Restoring adds what is not there yet and overwrites nothing: a notebook that
    differs from the one of its name gets a longer name.

    Returns
    -------
    ipywidgets.VBox
        The same in JupyterLab, Binder, Voilà and JupyterLite; nothing is sent to anyone else.

    Examples
    --------
    >>> backup().children[0].value
    'Nothing is kept here: progress is switched off, or this is no notebook.'
    """
    from ipywidgets import HTML, FileUpload, VBox

    own = progress_file.place()
    if own is None:
        return VBox([HTML("Nothing is kept here: progress is switched off, or this is no notebook.")])
    link, said = HTML(), HTML()
    upload = FileUpload(accept=".json", description="Restore my work", layout={"width": "max-content"})

    def show() -> None:
        link.value = _link(own)

    def put_back(_: object) -> None:
        for one in upload.value:
            try:
                text = _put_back(own, bytes(one["content"]))
            except (InputError, OSError) as error:
                text = f"Not restored: {error}"
            said.value = f'<p role="status">{escape(text)}</p>'
            upload.value = ()  # the same file can be given again
            show()

    upload.observe(put_back, "value")
    progress_file.when_kept(show)
    show()
    return VBox([link, upload, said])


def _link(own: Path) -> str:
    try:
        work = progress_file.read_content(own)
        found = {path.name: _bare(path.read_bytes()) for path in sorted(own.parent.glob("*.ipynb"))}
    except (InputError, OSError) as error:
        return f"Your work cannot be downloaded here: {escape(str(error))}"
    notebooks = {name: notebook for name, notebook in found.items() if notebook}
    content, held = as_json(work | {"notebooks": notebooks}), f"{plural(len(notebooks), 'notebook')} as last saved"
    if len(content) > _LARGEST_LINK:
        content, held = as_json(work), "not the notebooks, which are too large: download them in the file list"
    place = f"data:application/json;base64,{base64.b64encode(content).decode('ascii')}"
    return f'<a download="lupus-kit-work.json" href="{place}"><u>Download my work</u></a>: your answers, {held}.'


def _bare(text: bytes) -> dict[str, Any]:
    """Return a notebook without its outputs; nothing where it is none."""
    try:
        notebook: dict[str, Any] = json.loads(text)
        notebook["metadata"].pop("widgets", None)
        for cell in notebook["cells"]:
            cell |= {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
        return notebook
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _put_back(own: Path, text: bytes) -> str:
    """Add the answers, then write the notebooks that differ beside those that are there."""
    work = progress_file.parsed(text)
    said = progress_file.merge(own, work)
    notebooks = work.get("notebooks", {})
    for name, notebook in notebooks.items() if isinstance(notebooks, dict) else ():
        bare, place = _bare(as_json(notebook)), own.parent / name
        if not bare or not re.fullmatch(r"[\w -]+\.ipynb", name):
            continue
        if place.exists() and _bare(place.read_bytes()) != bare:
            place = place.with_stem(f"{place.stem}-restored-{hashlib.sha256(as_json(bare)).hexdigest()[:6]}")
        if not place.exists():
            write_atomically(place, as_json(bare))
            said += f" New: {place.name}."
    answers, guesses = plural(len(work["answers"]), "answer"), plural(len(work["predictions"]), "prediction")
    return f"Restored: {answers} and {guesses} are in your progress file. {said}"
