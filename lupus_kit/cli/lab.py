"""The command ``lupus-kit lab``: JupyterLab on the first notebook, in a copy that is the student's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lupus_kit.cli.output import described
from lupus_kit.core.extras import need
from lupus_kit.core.text import plural

if TYPE_CHECKING:
    from lupus_kit.course.shelf import Copied

LAB_FOLDER = "lupus-kit-notebooks"


@described
def lab(notebooks: Path | None = None, browser: bool = True, port: int | None = None, allow_root: bool = False) -> None:
    """Open JupyterLab on the first notebook; your own edited notebooks are never overwritten."""
    from lupus_kit.course import shelf

    need("jupyterlab", "lab", "This command")
    found = shelf.find()
    folder = notebooks or (found.folder if found.in_clone else Path(LAB_FOLDER))
    if not found.in_clone or folder.resolve() != found.folder.resolve():
        _say_copied(shelf.copy_to(folder, found))
    # Nothing is fetched while a lesson runs: no news, no update checks, no extension catalogue.
    options = [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/lab/tree/{shelf.START}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if allow_root else []),
        *([] if port is None else [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]),
    ]
    from jupyterlab.labapp import LabApp

    print("JupyterLab starts. To stop it, press Ctrl+C here.", file=sys.stderr, flush=True)
    LabApp.launch_instance(argv=options)


def _say_copied(copied: Copied) -> None:
    if copied.new:
        print(f"Copied {plural(len(copied.new), 'notebook')} to {copied.folder}.", file=sys.stderr)
    if copied.kept:
        print(f"Kept {plural(len(copied.kept), 'notebook')} that you already had in {copied.folder}.", file=sys.stderr)
    if copied.differ:
        print(
            f"Yours differ from the ones that come with this version: {', '.join(copied.differ)}. "
            "To get a fresh copy beside yours, name another folder with --notebooks.",
            file=sys.stderr,
        )
