"""Where the notebooks stand, and how a reader gets a copy that is theirs.

In a clone the notebooks are the clone's own. An installed wheel carries them inside the package; they are copied out
before anyone works on them, and a copy that is already there is never touched.
"""

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from lupus_kit.core.errors import InputError
from lupus_kit.core.files import make_folder, write_atomically

#: How a cell of a notebook has an answer checked, with the key of the exercise.
CHECK = re.compile(r"""\blessons\.check\(\s*["'](\d\d\.\d+)["']""")
START = "00_start_here.ipynb"
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Shelf:
    """A folder with the kit's notebooks.

    Parameters
    ----------
    folder : pathlib.Path
        Where they are.
    in_clone : bool
        Whether the folder belongs to a clone, so that it may be worked in directly.
    """

    folder: Path
    in_clone: bool

    def notebooks(self) -> list[Path]:
        """Return the notebooks in the order of the walk.

        Returns
        -------
        list of pathlib.Path
            Sorted by name: the stops, whose names start with their number, then the page of widgets.
        """
        return sorted(self.folder.glob("*.ipynb"))


@dataclass(frozen=True)
class Copied:
    """What copying did.

    Parameters
    ----------
    folder : pathlib.Path
        Where the copies are.
    new : tuple of str
        Notebooks that were written.
    kept : tuple of str
        Notebooks that were there already, untouched.
    differ : tuple of str
        Those of ``kept`` whose content is not the one that ships with this version of the kit.
    """

    folder: Path
    new: tuple[str, ...]
    kept: tuple[str, ...]
    differ: tuple[str, ...]


def find(start: Path | None = None) -> Shelf:
    """Find the notebooks: in the clone one stands in, in the clone the package is run from, or in the wheel.

    Parameters
    ----------
    start : pathlib.Path, optional
        Where to look for a clone first, going up; by default the current folder.

    Returns
    -------
    Shelf
        The folder found.

    Raises
    ------
    InputError
        If there are no notebooks anywhere.

    Examples
    --------
    >>> START in [path.name for path in find().notebooks()]
    True
    """
    here = (start or Path.cwd()).resolve()
    for root in (here, *here.parents, PACKAGE.parent):
        if _is_clone(root):
            return Shelf(root / "notebooks", in_clone=True)
    shipped = PACKAGE / "_notebooks"
    if (shipped / START).is_file():
        return Shelf(shipped, in_clone=False)
    raise InputError(
        f"the notebook folder is missing: no notebooks/{START} in a clone at or above {here} and none inside the "
        "installed package. Run this inside a clone of the kit, or install the kit again."
    )


def _is_clone(root: Path) -> bool:
    """Tell a clone of this kit from any other folder that happens to hold notebooks."""
    if not (root / "notebooks" / START).is_file():
        return False
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return bool(project.get("project", {}).get("name") == "lupus-kit")


def copy_to(folder: Path, shelf: Shelf) -> Copied:
    """Copy the notebooks into a folder without ever overwriting one.

    Parameters
    ----------
    folder : pathlib.Path
        The reader's folder; made if it is not there.
    shelf : Shelf
        Where the notebooks come from.

    Returns
    -------
    Copied
        Which were written and which were kept.

    Raises
    ------
    InputError
        If the folder cannot be made or written to.
    """
    make_folder(folder)
    new, kept, differ = [], [], []
    for source in shelf.notebooks():
        copy = folder / source.name
        if not os.path.lexists(copy):
            write_atomically(copy, source.read_bytes())
            new.append(copy.name)
            continue
        kept.append(copy.name)
        # What is not a file at all is certainly not the shipped notebook.
        if not copy.is_file() or not os.access(copy, os.R_OK) or copy.read_bytes() != source.read_bytes():
            differ.append(copy.name)
    return Copied(folder, tuple(new), tuple(kept), tuple(differ))
