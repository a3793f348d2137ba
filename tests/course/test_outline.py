"""The course as a whole: short modules, each with a question, a picture and a quiz; the student's own code; predictions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from lupus_kit import course, lessons
from lupus_kit.course import outline
from lupus_kit.lessons.catalogue import find

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("0*.ipynb"))
MODULE = re.compile(r"^## (\d[a-z])\. ", re.MULTILINE)
CHECK = re.compile(r'\blessons\.check\("(\d\d\.\d+)"')
QUESTIONS, WORDS_OF_A_QUIZ = 3, 150
PICTURE = re.compile(r"figures\.show\(|widgets\.\w")

every_notebook = pytest.mark.parametrize("name", NAMES)


def _cells(name: str) -> list[nbformat.NotebookNode]:
    return list(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells)


def _modules(name: str) -> Iterator[tuple[str, list[nbformat.NotebookNode]]]:
    """Yield the modules of a notebook with their cells; what stands before the first heading belongs to the first."""
    cells = _cells(name)
    headings = {at: found[1] for at, cell in enumerate(cells) if (found := MODULE.search(cell.source))}
    starts = [0, *list(headings)[1:], len(cells)]
    for module, start, end in zip(headings.values() or [str(int(name[:2]))], starts, starts[1:], strict=False):
        yield module, cells[start:end]


def _code(cells: list[nbformat.NotebookNode]) -> list[str]:
    return [cell.source for cell in cells if cell.cell_type == "code" and cell.id != "kit"]


def _of_the_course(pattern: str) -> list[list[str]]:
    """List for each code cell of the course what a pattern finds in it."""
    return [found for name in NAMES for source in _code(_cells(name)) if (found := re.findall(pattern, source))]


# --- length ------------------------------------------------------------------------------------------------------


def test_no_module_is_long():
    minutes = course.modules().set_index("module")["minutes"]
    assert 60 <= minutes["0"] <= 75, "the core path"
    others = minutes.drop("0")
    assert list(others[others > 45].index) == []


def test_the_course_takes_eight_hours_at_most():
    listed = course.modules()
    assert listed["minutes"].sum() <= 8 * 60
    assert listed["words"].sum() <= 15_000


def test_the_minutes_of_a_notebook_are_those_that_it_prints():
    printed = {}
    for name in NAMES:
        opening = " ".join(cell.source for cell in _cells(name)[:3])
        found = re.search(r"[Aa]bout (\d+) minutes", opening)
        printed[name] = int(found[1]) if found else None
    assert printed == course.modules().groupby("notebook")["minutes"].sum().to_dict()


@pytest.mark.parametrize("name", outline.PLANS)
def test_a_plan_prints_the_minutes_of_its_modules(name):
    text, minutes = course.plan(name), course.modules().set_index("module")["minutes"]
    assert f"({minutes['0']} minutes" in text or f"| {minutes['0'] + minutes['1b']} |" in text


# --- a module ----------------------------------------------------------------------------------------------------


@every_notebook
def test_a_module_opens_with_a_question_a_picture_and_what_it_needs(name):
    for module, cells in _modules(name):
        if module == "0":
            continue  # its picture is drawn by the student
        prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        assert re.search(r"\*(?:Needs|You need)\b", prose), f"{module} does not say what it needs"
        opening = prose.partition("### Exercise")[0]
        assert "?" in opening, f"{module} has no question"
        assert any(PICTURE.search(source) for source in _code(cells)[:3]), f"{module} opens without a picture"


@every_notebook
def test_a_module_closes_with_a_quiz_of_three_and_says_where_to_go(name):
    modules = list(_modules(name))
    for number, (module, cells) in enumerate(modules, start=1):
        asked = [(at, find(found[1])) for at, cell in enumerate(cells) if (found := CHECK.search(cell.source))]
        quizzes = [(at, exercise) for at, exercise in asked if exercise.kind == "quiz"]
        assert len(quizzes) == 1, module
        (at, quiz), kinds = quizzes[0], [exercise.kind for _, exercise in asked]
        assert len(quiz.answer()) == QUESTIONS
        assert set(kinds[kinds.index("quiz") + 1 :]) <= {"text"}, f"{module}: nothing but a written text after the quiz"
        question = cells[at - 1].source.partition(f"### Exercise {quiz.key}")[2]
        assert len(question.split()) <= WORDS_OF_A_QUIZ, module
        closing = "\n".join(cell.source for cell in cells[at:])
        next_one = r"## Next stop" if number == len(modules) else r"Next:|Where (?:to go|next):"
        assert re.search(next_one, closing), f"{module} does not say where to go"


# --- what the student does ---------------------------------------------------------------------------------------


def test_exercises_are_numbered_without_holes():
    numbers = lessons.exercises()["key"].str.split(".", expand=True).astype(int)
    for stop, keys in numbers.groupby(0)[1]:
        assert list(keys) == list(range(1, len(keys) + 1)), stop


def test_students_write_code_of_their_own_and_use_their_tools():
    assert course.modules()["own_code"].sum() >= 16
    used = {name: len([one for one in _code(_cells(name)) if re.search(r"\b(?:pg|sns)\.\w", one)]) for name in NAMES}
    assert sum(used.values()) >= 14
    assert sum(number > 0 for number in used.values()) >= 6


def test_predictions_are_many_and_each_is_revealed_by_a_later_cell():
    asked = _of_the_course(r'lessons\.predict\("(\d\d\.p\d+)", \.\.\.\)')
    shown = _of_the_course(r'lessons\.reveal\(\s*"(\d\d\.p\d+)"')
    keys = [key for cell in asked for key in cell]
    assert len(keys) >= 36
    assert len(set(keys)) == len(keys)
    assert sorted(key for cell in shown for key in cell) == sorted(keys), "each is revealed once"
    for name in NAMES:
        mine = [key for key in keys if key[:2] == name[:2]]
        assert mine == [f"{name[:2]}.p{number}" for number in range(1, len(mine) + 1)]
        sources = _code(_cells(name))
        for key in mine:
            first, last = (
                next(at for at, one in enumerate(sources) if f'{act}("{key}"' in one) for act in ("predict", "reveal")
            )
            assert first < last, f"{key} is shown before it is asked"
