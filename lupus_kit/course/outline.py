"""The modules of the course: what each holds, and how many minutes it asks of a student."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from lupus_kit import audit, published
from lupus_kit.core.errors import require_choice
from lupus_kit.core.templates import fill
from lupus_kit.course import shelf
from lupus_kit.inference import fisher_test, upper_limit
from lupus_kit.lessons import catalogue

#: Minutes: a page is read at so many words a minute; a cell of code is run and looked at in one; an exercise, and one in
#: which a function is written, take so many.
WORDS_A_MINUTE, CELL, EXERCISE, OWN_CODE = 120, 1, 4, 8

#: The plans for teachers, by name.
PLANS = tuple(sorted(path.name.removesuffix(".md.j2") for path in (Path(__file__).parent / "plans").glob("*.md.j2")))

_MODULE = re.compile(r"^## (\d[a-z])\. (.+)$", re.MULTILINE)
_LOOKED_UP = ("## Glossary", "## Further reading")
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def modules() -> pd.DataFrame:
    """List the modules of the course in the order of the walk.

    Returns
    -------
    pandas.DataFrame
        One row a module: ``module`` (``"0"``, ``"1a"``, ...), ``title``, ``notebook``, ``words`` of prose,
        ``code_cells``, ``exercises``, ``own_code`` (exercises in which a function is written) and ``minutes``: words at
        120 a minute, 1 for a cell of code, 4 for an exercise, 8 for one with own code. What stands before the first
        heading of a module in a notebook belongs to its first module, what follows the last to the last. The glossary
        and the list of further reading, which are looked up and not read, are not counted, nor is code in a solution.

    Raises
    ------
    InputError
        If there are no notebooks.

    See Also
    --------
    plan, teaching_notes

    Examples
    --------
    >>> modules()["module"].iloc[0]
    '0'
    """
    rows = [row for path in shelf.find().notebooks() if path.stem[0].isdigit() for row in _in_one(path)]
    frame = pd.DataFrame(rows)
    plain = frame["code_cells"] - frame["exercises"] - frame["own_code"]
    minutes = (
        frame["words"] / WORDS_A_MINUTE + CELL * plain + EXERCISE * frame["exercises"] + OWN_CODE * frame["own_code"]
    )
    return frame.assign(minutes=minutes.round().astype(int))


def plan(name: str) -> str:
    """Write a plan for a course of a given length.

    Parameters
    ----------
    name : {"90min", "half-day", "six-weeks"}
        The length.

    Returns
    -------
    str
        Markdown: aims, what to prepare, the timetable with the minutes of each module, and for each discussion the
        answers to expect and the pitfalls.

    Raises
    ------
    InputError
        If there is no such plan, or no notebooks.

    See Also
    --------
    modules, teaching_notes

    Examples
    --------
    >>> plan("90min").splitlines()[0]
    '# Ninety minutes: could it be chance?'
    """
    require_choice("plan", name, PLANS)
    listed = modules().set_index("module")
    counts = [audit.claim_counts(published.load("he2020"), f"sri4_week{week}") for week in (12, 24)]
    points = [100 * (x1 / n1 - x2 / n2) for x1, n1, x2, n2 in counts]
    values = {"p": float(fisher_test(*counts[0])), "points": points, "limit": 100 * upper_limit(0, counts[0][1])}
    page = Path(__file__).parent / "plans" / f"{name}.md.j2"
    return fill(page, minutes=listed["minutes"], title=listed["title"], n=counts[0][1], **values)


def _in_one(path: Path) -> list[dict[str, str | int]]:
    """Count the modules of one notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    found = _TITLE.search(texts[0])
    row = {"module": str(int(path.stem[:2])), "title": found[1] if found else path.stem, "notebook": path.stem}
    counts = dict.fromkeys(("words", "code_cells", "exercises", "own_code"), 0)
    rows: list[dict[str, str | int]] = [row | counts]
    named = False
    for cell, text in zip(cells, texts, strict=True):
        prose = cell["cell_type"] == "markdown"
        if prose and (heading := _MODULE.search(text)):
            if named:
                rows.append(row | counts)
            rows[-1].update(module=heading[1], title=heading[2])
            named = True
        read = "" if text.startswith(_LOOKED_UP) else _CODE.sub("", text)
        shown = "remove-cell" not in cell["metadata"].get("tags", [])
        counted = {"words": len(read.split())} if prose else {"code_cells": int(shown)}
        if not prose and (asked := shelf.CHECK.search(text)):
            own = catalogue.find(asked[1]).kind == "function"
            counted["own_code" if own else "exercises"] = 1
        for key, more in counted.items():
            rows[-1][key] = int(rows[-1][key]) + more
    return rows
