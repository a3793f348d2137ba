"""An allocation list as the files of a trial: what the clinic sees, and what would unblind it kept apart."""

import html
import json
from pathlib import Path

import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.core.files import make_folder, write_atomically
from lupus_kit.design.allocation import blinded_list

_LOG = "kit,patient,opened on,opened by,reason,arm told,sponsor told on\n"
_STYLE = "body{font:16px/1.5 sans-serif}section{break-after:page;padding:3em;border:1px dashed #888}"


def write_allocation(allocation: pd.DataFrame, folder: str | Path) -> list[Path]:
    """Write a list for the clinic, for the pharmacy and for emergencies, each in a folder of its own.

    Parameters
    ----------
    allocation : pandas.DataFrame
        A list from :func:`permuted_blocks` or :func:`minimisation`.
    folder : str or pathlib.Path
        A new folder, or one without these files: none is overwritten.

    Returns
    -------
    list of pathlib.Path
        ``clinic/list.csv``: the blinded list. ``pharmacy/list.csv``: with arms and blocks; ``pharmacy/made_with.json``: the
        seed and what else the list was made with. ``emergency/envelopes.html``: a page to print for each kit, its number
        outside (on the first page of two) and its arm inside; ``emergency/unblinding_log.csv``: a line to fill in for each
        one that is opened, empty so far.

    Raises
    ------
    InputError
        This is no allocation list, a file is there already, or the folder cannot be written to.

    See Also
    --------
    permuted_blocks, minimisation, blinded_list

    Examples
    --------
    >>> import tempfile
    >>> from lupus_kit.design import permuted_blocks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_allocation(permuted_blocks(4, ["IL-2", "placebo"], 4, seed=1), folder)]
    ['list.csv', 'list.csv', 'made_with.json', 'envelopes.html', 'unblinding_log.csv']
    """
    blinded = blinded_list(allocation)
    inside = allocation[["kit", "arm"]].astype(str).sort_values("kit").itertuples(index=False, name=None)
    pages = [
        f"<section><h1>Kit {html.escape(kit)}</h1><p>Sealed. Enter it in the unblinding log before you open it.</p></section>"
        f"<section><h1>Kit {html.escape(kit)}</h1><p>Arm: <b>{html.escape(arm)}</b></p></section>"
        for kit, arm in inside
    ]
    head = f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Envelopes</title><style>{_STYLE}</style></head>"
    contents = {
        "clinic/list.csv": blinded.to_csv(index=False, lineterminator="\n"),
        "pharmacy/list.csv": allocation.to_csv(index=False, lineterminator="\n"),
        "pharmacy/made_with.json": json.dumps(allocation.attrs, indent=1) + "\n",
        "emergency/envelopes.html": f"{head}<body>{''.join(pages)}</body></html>\n",
        "emergency/unblinding_log.csv": _LOG,
    }
    paths = [Path(folder, name) for name in contents]
    if there := [path for path in paths if path.exists()]:
        raise InputError(f"{there[0]} is there already and is not overwritten: give a new folder.")
    for path, content in zip(paths, contents.values(), strict=True):
        make_folder(path.parent)
        write_atomically(path, content.encode("utf-8"))
    return paths
