"""A student's work as one file to download, and put back from it: the progress file and the saved notebooks."""

import base64
import hashlib
import json
import re
import zipfile
import zlib
from contextlib import suppress
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from lupus_kit.core.errors import InputError
from lupus_kit.core.files import write_atomically
from lupus_kit.core.text import listing, plural
from lupus_kit.lessons.progress import file as progress_file

if TYPE_CHECKING:
    from ipywidgets import VBox

_OURS = re.compile(rf"[\w -]+\.ipynb|{re.escape(progress_file.NAME)}")
#: Browsers download from a link of up to two million characters; base64 makes four of three bytes.
_LARGEST_LINK = 1_400_000


def backup() -> "VBox":
    """Show a link that downloads your work, and a button that restores it: one click each.

    The work is the progress file and the notebooks beside it as they were last saved, without their outputs. The link is made
    anew whenever an answer is kept. Restoring adds what is not there yet and overwrites nothing: a notebook that differs from
    the one of its name gets a longer name.

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
    upload = FileUpload(accept=".zip,.json", description="Restore my work", layout={"width": "max-content"})

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
    """Pack the progress file and the notebooks, as many as there is room for."""
    memory, missing = BytesIO(), []
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in filter(Path.is_file, [own, *sorted(own.parent.glob("*.ipynb"))]):
            content = path.read_bytes() if path == own else _bare(path.read_bytes())
            if content and memory.tell() + len(zlib.compress(content)) < _LARGEST_LINK:
                archive.writestr(progress_file.NAME if path == own else path.name, content)
            else:
                missing.append(path.name)
    said = f" Left out, too large or damaged: {listing(missing)}. Download it in the file list." if missing else ""
    place = f"data:application/zip;base64,{base64.b64encode(memory.getvalue()).decode('ascii')}"
    held = f"your answers, and the notebooks as last saved (Ctrl+S saves).{escape(said)}"
    return f'<a download="lupus-kit-work.zip" href="{place}"><b>Download my work</b></a>: {held}'


def _bare(notebook: bytes) -> bytes:
    """Return a notebook without its outputs; nothing where it is none."""
    try:
        content = json.loads(notebook)
        content["metadata"].pop("widgets", None)
        for cell in content["cells"]:
            cell |= {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
        return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return b""


def _put_back(own: Path, work: bytes) -> str:
    """Add the answers, then write the notebooks that differ beside those that are there."""
    parts = _unpacked(work) if work.startswith(b"PK") else {progress_file.NAME: work}
    progress = progress_file.parsed(parts.pop(progress_file.NAME, b'{"schema": 1, "answers": []}'))
    said = progress_file.merge(own, progress)
    for name, notebook in parts.items():
        place, bare = own.with_name(name), _bare(notebook)
        if place.exists() and _bare(place.read_bytes()) != bare:
            place = place.with_stem(f"{place.stem}-restored-{hashlib.sha256(bare).hexdigest()[:6]}")
        if bare and not place.exists():
            write_atomically(place, bare)
            said += f" New: {place.name}."
    answers, guesses = plural(len(progress["answers"]), "answer"), plural(len(progress["predictions"]), "prediction")
    return f"Restored: {answers} and {guesses} are in your progress file. {said}"


def _unpacked(work: bytes) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    with (
        suppress(Exception),
        zipfile.ZipFile(BytesIO(work)) as archive,
    ):  # a damaged archive raises what its parts raise
        wanted = [one for one in archive.infolist() if _OURS.fullmatch(one.filename)]
        if sum(one.file_size for one in wanted) <= progress_file.LARGEST:
            parts = {one.filename: archive.read(one) for one in wanted}
    if not parts:
        raise InputError(f"this archive holds neither {progress_file.NAME} nor notebooks, is damaged, or is too large.")
    return parts
