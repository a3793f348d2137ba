"""For whoever teaches: of each exercise its question, aim, answer, folded solution and typical wrong answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from html import escape
from typing import TYPE_CHECKING, Any

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.course import shelf
from lupus_kit.lessons import catalogue
from lupus_kit.lessons.exercises.exercise import Exercise, Misconception

if TYPE_CHECKING:
    import pandas as pd
    from nbformat import NotebookNode

FORMATS = ("table", "markdown", "json")
_CHECK = re.compile(r"""\blessons\.check\(\s*["'](\d\d\.\d+)["']""")
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
    """

    notes: tuple[TeachingNote, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row an exercise, with the fields of :class:`TeachingNote`; misconceptions as one text."""
        import pandas as pd

        frame = pd.DataFrame([asdict(one) for one in self.notes], columns=[one.name for one in fields(TeachingNote)])
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
        if format not in FORMATS:
            raise unknown_name("format", format, FORMATS)
        if format == "json":
            return json.dumps([_data(one) for one in self.notes], indent=2, ensure_ascii=False) + "\n"
        return _markdown(self.notes) if format == "markdown" else _table(self.notes, width)

    def _repr_html_(self) -> str:
        frame = self.to_frame()[["key", "task", "aim", "answer", "misconceptions"]]
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in frame.columns)
        rows = "".join(
            "<tr>"
            + "".join(f"<td style='text-align:left'>{escape(cell).replace(chr(10), '<br>')}</td>" for cell in row)
            + "</tr>"
            for row in frame.itertuples(index=False)
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


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

    Examples
    --------
    >>> teaching_notes(0).notes[0].key
    '00.1'
    """
    listed = catalogue.exercises()
    stops = sorted({int(key[:2]) for key in listed["key"]})
    if stop is not None and (isinstance(stop, bool) or stop not in stops):
        raise InputError(f"stop == {stop!r}: no such stop; there are {', '.join(map(str, stops))}.")
    wanted = listed if stop is None else listed[listed["key"].str.startswith(f"{stop:02}.")]
    asked = _asked(set(wanted["notebook"]))
    return TeachingNotes(
        tuple(
            _note(row.notebook, catalogue.find(row.key), *asked.get(row.key, ("", "", "")))
            for row in wanted.itertuples()
        )
    )


def _asked(names: set[str]) -> dict[str, tuple[str, str, str]]:
    """Read question, solution and code of each exercise from the notebooks that are there."""
    from lupus_kit.course import execution

    found: dict[str, tuple[str, str, str]] = {}
    for path in shelf.find().notebooks():
        if path.stem in names:
            found.update(_in_one(execution.read(path)))
    return found


def _in_one(notebook: NotebookNode) -> Iterable[tuple[str, tuple[str, str, str]]]:
    cells = notebook.cells
    for index, cell in enumerate(cells):
        hit = _CHECK.search(cell.source) if cell.cell_type == "code" else None
        if hit is None:
            continue
        before = cells[index - 1].source if index and cells[index - 1].cell_type == "markdown" else ""
        after = cells[index + 1].source if index + 1 < len(cells) else ""
        folded = _FOLDED.search(after)
        inside = folded[1] if folded else ""
        code = "\n".join(one.strip() for one in _FENCE.findall(inside))
        # The question stands below the last heading of the cell.
        question = _HEADING.split(before)[-1].strip()
        yield hit[1], (question, _FENCE.sub("", inside).strip(), code)


def _note(notebook: str, exercise: Exercise, question: str, solution: str, code: str) -> TeachingNote:
    explain = exercise.explain() if callable(exercise.explain) else exercise.explain
    return TeachingNote(
        key=exercise.key,
        notebook=notebook,
        task=exercise.task,
        aim=exercise.aim,
        question=question,
        answer=" ".join([_shown(exercise.answer()), *([exercise.unit] if exercise.unit else [])]),
        explanation=explain,
        solution=solution,
        code=code,
        misconceptions=tuple((_wrong(slip), slip.hint) for slip in exercise.misconceptions),
    )


def _wrong(slip: Misconception) -> str:
    """Compute a typical wrong answer; where a rule stands for many answers there is none to show."""
    return "" if slip.answer is None else _shown(slip.answer())


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(str, value))) + "}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(map(_shown, value)) + ")"
    try:
        return f"{float(value):.6g}"
    except (TypeError, ValueError):
        return str(value)


def _slip(answer: str, hint: str) -> str:
    return f"{answer}: {hint}" if answer else hint


def _data(note: TeachingNote) -> dict[str, Any]:
    slips = [{"answer": answer, "hint": hint} for answer, hint in note.misconceptions]
    return {**asdict(note), "misconceptions": slips}


def _markdown(notes: Iterable[TeachingNote]) -> str:
    lines = ["# Teaching notes", "", "With solutions: not for students before they have tried.", ""]
    notebook = ""
    for one in notes:
        if one.notebook != notebook:
            notebook = one.notebook
            lines += [f"## {notebook}", ""]
        lines += [f"### {one.key} ({one.task})", "", f"**Aim.** {one.aim}", ""]
        lines += [f"**Question.** {one.question}", ""] if one.question else []
        lines += [f"**Answer.** {one.answer}", "", f"**Why.** {one.explanation}", ""]
        lines += [f"**Solution.** {one.solution}", ""] if one.solution else []
        lines += ["```python", one.code, "```", ""] if one.code else []
        if one.misconceptions:
            lines += ["**Typical wrong answers**", ""]
            lines += [f"- `{answer}`: {hint}" if answer else f"- {hint}" for answer, hint in one.misconceptions]
            lines += [""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(notes: Iterable[TeachingNote], width: int | None) -> str:
    from rich.box import ASCII2, ROUNDED
    from rich.console import Console
    from rich.table import Table

    table = Table(box=ASCII2 if width is None else ROUNDED, show_lines=True)
    for column, ratio in (
        ("", 7),
        ("aim", 30),
        ("solution", 30),
        ("typical wrong answers and what the check says", 50),
    ):
        table.add_column(column, ratio=ratio, overflow="fold")
    for one in notes:
        slips = "\n".join(f"- {_slip(*slip)}" for slip in one.misconceptions)
        table.add_row(f"{one.key}\n{one.task}", one.aim, f"{one.answer}\n{one.explanation}", slips)
    console = Console(width=width or 140, force_terminal=False, highlight=False)
    with console.capture() as captured:
        console.print(table, markup=False)
    return captured.get()
