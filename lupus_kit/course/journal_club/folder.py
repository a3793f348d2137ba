"""The folder of a journal club: the sheet, the notebook, the facilitator's page, and the claims that the notebook reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lupus_kit import __version__, published
from lupus_kit.core.errors import InputError
from lupus_kit.core.extras import need
from lupus_kit.core.files import make_folder, write_atomically
from lupus_kit.core.templates import fill
from lupus_kit.course.journal_club.contents import JournalClub, journal_club
from lupus_kit.course.journal_club.sheet import effect_cells, pdf

SHEET, NOTEBOOK, FACILITATOR, CLAIMS = "sheet.pdf", "journal_club.ipynb", "facilitator.html", "claims.toml"
#: Above this arm a board of every table takes minutes to draw; more comparisons make a notebook nobody reads.
_LARGEST_BOARD, _MOST_BOARDS = 60, 8
_CELL = re.compile(r"^%% (markdown|code) (\S+)\n", re.MULTILINE)


def facilitator(club: JournalClub) -> str:
    """Write the facilitator's page: answers, pitfalls, and what the record says to the appraisal.

    Parameters
    ----------
    club : JournalClub
        The content.

    Returns
    -------
    str
        HTML that needs nothing beside it.
    """
    open_claims = [
        (claim.title, " v ".join(claim.shown(side) for side in range(len(claim.sides))), claim.words)
        for claim in club.study.records
        if not claim.confirmed
    ]
    values = {"club": club, "effects": list(map(effect_cells, club.effects)), "open": open_claims}
    page = Path(__file__).with_name("facilitator.html.j2")
    return fill(page, audit=club.report._repr_html_(), version=__version__, **values)


def notebook(club: JournalClub, place: str) -> str:
    """Write the notebook that recomputes the sheet, with the boards and room for the appraisal.

    Parameters
    ----------
    club : JournalClub
        The content.
    place : str
        What :func:`lupus_kit.published.load` is given in it.

    Returns
    -------
    str
        The notebook file.

    Raises
    ------
    InputError
        If nbformat is not installed, which comes with the extra ``handbook``.
    """
    v4 = need("nbformat.v4", "handbook", "The notebook of a journal club")
    from jinja2 import Environment

    limits: dict[str, Any] = {"club": club, "most": _LARGEST_BOARD, "shown": _MOST_BOARDS}
    environment = Environment(trim_blocks=True, lstrip_blocks=True)
    cells = []
    # The template is cut into cells before anything is filled in: what stands in a claims file never makes one.
    _, *pieces = _CELL.split(Path(__file__).with_name("notebook.txt").read_text(encoding="utf-8"))
    for kind, name, source in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        for number, one in enumerate(club.effects[:_MOST_BOARDS] if name.startswith("table") else [None], 1):
            fits = one is not None and max(one.counts) <= _LARGEST_BOARD
            values = {"one": one, "fits": fits, "place": repr(place), **limits}
            if text := environment.from_string(source).render(values).strip():
                new = v4.new_code_cell if kind == "code" else v4.new_markdown_cell
                cells.append(new(text, id=f"{name}-{number}" if one else name))
    return f"{v4.writes(v4.new_notebook(cells=cells))}\n"


def write_folder(study: str, folder: Path, force: bool = False) -> tuple[str, ...]:
    """Write the sheet, the notebook and the facilitator's page of one paper.

    Parameters
    ----------
    study : str
        Name of a shipped study, or a claims file.
    folder : pathlib.Path
        Where they go; made if it is not there.
    force : bool
        Write over files of those names.

    Returns
    -------
    tuple of str
        The files written; of a claims file, a copy that the notebook reads.

    Raises
    ------
    InputError
        The study cannot be used, a library is missing, or a file of that name is there already, which stays as it is.
    """
    record, shipped = published.load(study), study in published.studies()
    names = (SHEET, NOTEBOOK, FACILITATOR) if shipped else (SHEET, NOTEBOOK, FACILITATOR, CLAIMS)
    if not force and (there := [name for name in names if (folder / name).exists()]):
        raise InputError(
            f"{folder / there[0]} is there already and is not overwritten: give another folder to --out, or add --force."
        )
    club = journal_club(record)
    texts = [notebook(club, study if shipped else CLAIMS), facilitator(club), published.claims_toml(record)]
    content = dict(zip(names, [pdf(club), *(text.encode() for text in texts)], strict=False))
    make_folder(folder)
    for name, data in content.items():
        write_atomically(folder / name, data)
    return names
