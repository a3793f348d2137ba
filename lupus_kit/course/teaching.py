"""For whoever teaches: of each exercise its question, aim, answer, folded solution and typical wrong answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.files import make_folder, write_atomically
from lupus_kit.core.templates import fill
from lupus_kit.course import shelf
from lupus_kit.course.text_table import text_table
from lupus_kit.lessons import catalogue

FORMATS = ("table", "markdown", "json")
_FOLDED = re.compile(r"<details>\s*<summary>Solution[^<]*</summary>(.*)</details>", re.DOTALL)
_FENCE = re.compile(r"^```python\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ .*$", re.MULTILINE)


@dataclass(frozen=True)
class TeachingNote:
    """What an instructor should know about one exercise.

    Parameters
    ----------
    key, notebook, task, aim : str
        The exercise, where it stands, what it asks for (compute, predict or judge) and what it is for.
    question : str
        As the notebook asks it, in Markdown.
    answer : str
        The answer, computed now.
    explanation : str
        What the check says when the answer is right.
    solution : str
        The folded solution of the notebook: its words, in Markdown.
    code : str
        The folded solution of the notebook: its code.
    misconceptions : tuple of (str, str)
        A typical wrong answer (empty where it is a whole kind of answer) and the hint it gets.

    Examples
    --------
    >>> from lupus_kit import course
    >>> course.teaching_notes(0).notes[0].key
    '00.1'
    """

    key: str
    notebook: str
    task: str
    aim: str
    question: str
    answer: str
    explanation: str
    solution: str
    code: str
    misconceptions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TeachingNotes:
    """The notes of several exercises, in the order of the walk.

    Parameters
    ----------
    notes : tuple of TeachingNote
        One for each exercise.

    Examples
    --------
    >>> from lupus_kit import course
    >>> found = course.teaching_notes(0)
    >>> found.notes[0].key
    '00.1'
    >>> found.to_frame()["key"].tolist()[:2]
    ['00.1', '00.2']
    >>> found.render("markdown").splitlines()[0]
    '# Teaching notes'
    """

    notes: tuple[TeachingNote, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row an exercise, with the fields of :class:`TeachingNote`; misconceptions as one text."""
        frame = pd.DataFrame(self.notes, columns=[one.name for one in fields(TeachingNote)])
        frame["misconceptions"] = ["\n".join(_slip(*slip) for slip in one.misconceptions) for one in self.notes]
        return frame

    def render(self, format: str = "markdown", width: int | None = None) -> str:
        """Write the notes.

        Parameters
        ----------
        format : {"table", "markdown", "json"}
            A table for the terminal, a document to print, or data.
        width : int, optional
            Columns of the terminal, for ``"table"``.

        Returns
        -------
        str
            The text.

        Raises
        ------
        InputError
            No such format.
        """
        require_choice("format", format, FORMATS)
        if format == "json":
            slips = [[{"answer": answer, "hint": hint} for answer, hint in one.misconceptions] for one in self.notes]
            data = self.to_frame().assign(misconceptions=slips).to_dict("records")
            return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        if format == "markdown":
            return fill(Path(__file__).with_name("teaching.md.j2"), notes=self.notes).rstrip("\n") + "\n"
        return _table(self.notes, width)

    def _repr_html_(self) -> str:
        frame = self.to_frame()[["key", "task", "aim", "answer", "misconceptions"]]
        html = str(frame.to_html(index=False, justify="left"))
        return html.replace("\\n", "<br>").replace("<td>", "<td style='text-align:left'>")


def teaching_notes(stop: int | None = None) -> TeachingNotes:
    """Collect what an instructor needs, exercise by exercise.

    Parameters
    ----------
    stop : int, optional
        Only the exercises of this stop; by default of all.

    Returns
    -------
    TeachingNotes
        Answers and typical wrong answers are computed now; questions and solutions are read from the notebooks.

    Raises
    ------
    InputError
        If there is no such stop, or no notebooks.

    See Also
    --------
    modules, plan

    Examples
    --------
    >>> teaching_notes(0).notes[0].key
    '00.1'
    """
    wanted = exercises_of_stop(stop)
    found = shelf.find().notebooks()
    paths = [path for path in found if path.stem in set(wanted["notebook"])]
    asked = dict(one for path in paths for one in _in_one(json.loads(path.read_text(encoding="utf-8"))["cells"]))
    return TeachingNotes(tuple(_note(row, asked.get(row["key"], {})) for row in wanted.to_dict("records")))


def exercises_of_stop(stop: int | None) -> pd.DataFrame:
    """Return the rows of the catalogue that belong to one stop, all where it is None; raise where there is no such stop."""
    listed = catalogue.exercises()
    stops = sorted({int(key[:2]) for key in listed["key"]})
    if stop is not None and (isinstance(stop, bool) or stop not in stops):
        raise InputError(f"stop == {stop!r}: no such stop; there are {', '.join(map(str, stops))}.")
    return listed if stop is None else listed[listed["key"].str.startswith(f"{stop:02}.")]


def write_instructor_versions(folder: Path, force: bool = False) -> list[Path]:
    """Copy the notebooks with their solutions unfolded.

    Parameters
    ----------
    folder : pathlib.Path
        Where they go; a file that is already there is not overwritten.
    force : bool
        Write over files of those names.

    Returns
    -------
    list of pathlib.Path
        The copies.

    Raises
    ------
    InputError
        If one of them is there already, or the folder cannot be written to.
    """
    make_folder(folder)
    targets = {path: folder / path.name for path in shelf.find().notebooks()}
    if not force and (there := [target.name for target in targets.values() if target.exists()]):
        raise InputError(f"{there[0]!r} is in {str(folder)!r} already and is not overwritten. Name another folder.")
    for source, target in targets.items():
        text = source.read_text(encoding="utf-8")
        write_atomically(target, re.sub(r"<details>(\s*<summary>)", r"<details open>\1", text).encode("utf-8"))
    return list(targets.values())


def _in_one(cells: list[dict[str, Any]]) -> Iterable[tuple[str, dict[str, str]]]:
    """Find in the cells of a notebook file each check, the question before it and the solution after it."""
    sources = ["".join(cell["source"]) for cell in cells]
    kinds = [cell["cell_type"] for cell in cells]
    for index, source in enumerate(sources):
        hit = shelf.CHECK.search(source) if kinds[index] == "code" else None
        if hit is None:
            continue
        before = sources[index - 1] if index and kinds[index - 1] == "markdown" else ""
        folded = _FOLDED.search(sources[index + 1]) if index + 1 < len(sources) else None
        inside = folded[1] if folded else ""
        code = "\n".join(one.strip() for one in _FENCE.findall(inside))
        # The question stands below the last heading of the cell.
        question = _HEADING.split(before)[-1].strip()
        yield hit[1], {"question": question, "solution": _FENCE.sub("", inside).strip(), "code": code}


def _note(listed: dict[str, str], asked: dict[str, str]) -> TeachingNote:
    """Put what the catalogue lists, what the notebook asks and what is computed now into one note."""
    exercise = catalogue.find(listed["key"])
    return TeachingNote(
        **listed,
        **({"question": "", "solution": "", "code": ""} | asked),
        answer=f"{answer_text(exercise.answer())} {exercise.unit}".rstrip(),
        explanation=exercise.explain() if callable(exercise.explain) else exercise.explain,
        # Where a rule stands for many wrong answers there is none to show.
        misconceptions=tuple(
            (answer_text(one.answer()) if one.answer else "", one.hint) for one in exercise.misconceptions
        ),
    )


def answer_text(value: Any) -> str:
    """Write an answer of any kind in words.

    Examples
    --------
    >>> answer_text({"b", "a"}), answer_text(0.25)
    ('{a, b}', '0.25')
    """
    if isinstance(value, str):
        return value
    if callable(value):
        return f"a function that does what {getattr(value, '__name__', 'the solution')} does"
    if isinstance(value, set | frozenset | list):  # names, in any order
        return "{" + ", ".join(sorted(map(str, value))) + "}"
    return f"{float(value):.6g}"


def _slip(answer: str, hint: str) -> str:
    return f"{answer}: {hint}" if answer else hint


def _table(notes: Iterable[TeachingNote], width: int | None) -> str:
    columns = {"": 7, "aim": 30, "solution": 30, "typical wrong answers and what the check says": 50}
    rows = []
    for one in notes:
        slips = "\n".join(f"- {_slip(*slip)}" for slip in one.misconceptions)
        rows.append((f"{one.key}\n{one.task}", one.aim, f"{one.answer}\n{one.explanation}", slips))
    return text_table(columns, rows, width, lines=True)
