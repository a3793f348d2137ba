"""How a class is doing: the progress files of many students, counted exercise by exercise, nobody named."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.lessons.catalogue import exercises, find
from lupus_kit.lessons.concepts import CONCEPTS
from lupus_kit.lessons.progress import file as progress_file
from lupus_kit.lessons.progress.file import Attempt


@dataclass(frozen=True)
class ClassProgress:
    """The progress of a class.

    Parameters
    ----------
    students : tuple of tuple of Attempt
        The answers of each progress file.
    unusable : tuple of str
        Files that are no progress files, each with the reason.
    concepts : tuple of dict
        What each student last answered to the concept test, ``before`` and ``after``: a letter an item.

    Examples
    --------
    >>> import tempfile
    >>> from lupus_kit import lessons
    >>> from pathlib import Path
    >>> one = '{"schema": 1, "answers": [], "predictions": []}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = (Path(folder) / "ann.json").write_text(one)
    ...     found = lessons.class_progress(folder)
    >>> found.students
    ((),)
    >>> list(found.to_frame().columns)[:3]
    ['key', 'notebook', 'task']
    >>> list(found.gain().columns)
    ['item', 'question', 'students', 'right_before', 'right_after', 'commonest_misconception']
    """

    students: tuple[tuple[Attempt, ...], ...]
    unusable: tuple[str, ...] = ()
    concepts: tuple[dict[str, str], ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row an exercise.

        Returns
        -------
        pandas.DataFrame
            ``key notebook task aim tried solved first_time commonest_slip met``: students who answered, who solved it,
            who solved it with their first answer; the misconception that most students met (empty if none), and how many.
        """
        listed = exercises()
        return listed.join(pd.DataFrame([self._row(key) for key in listed["key"]]))

    def gain(self) -> pd.DataFrame:
        """Return one row an item of the concept test, for the students who took it before and after.

        Returns
        -------
        pandas.DataFrame
            ``item question students right_before right_after commonest_misconception``; the last of the answers after.
        """
        both = [one for one in self.concepts if {"before", "after"} <= one.keys()]
        rows = []
        for place, item in enumerate(CONCEPTS):
            wrong = Counter(one["after"][place] for one in both if one["after"][place] != item.right)
            letter = min(wrong, key=lambda one: (-wrong[one], one), default="")
            right = {when: sum(one[when][place] == item.right for one in both) for when in ("before", "after")}
            met = item.misconceptions.get(letter, "")
            rows.append((place + 1, item.question, len(both), right["before"], right["after"], met))
        columns = ["item", "question", "students", "right_before", "right_after", "commonest_misconception"]
        return pd.DataFrame(rows, columns=columns)

    def _row(self, key: str) -> dict[str, int | str]:
        made = [own for student in self.students if (own := [one for one in student if one.exercise == key])]
        # A file may hold any text; only the kit's own is shown.
        known = {slip.hint for slip in find(key).misconceptions}
        slips = Counter(
            slip for own in made for slip in {met for one in own for met in one.misconception.split("\n")} & known
        )
        # The commonest; of equally common ones the first by letter, so that the answer does not hang on the files' order.
        slip, met = min(slips.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        solved = sum(any(one.right for one in own) for own in made)
        first = sum(own[0].right for own in made)
        return {"tried": len(made), "solved": solved, "first_time": first, "commonest_slip": slip, "met": met}

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def class_progress(folder: Path | str) -> ClassProgress:
    """Count the progress files in a folder and its subfolders.

    Parameters
    ----------
    folder : path
        Where the students' ``.json`` files were collected, under any names.

    Returns
    -------
    ClassProgress
        One student a file.

    Raises
    ------
    InputError
        If there is no such folder, or no progress file in it.

    See Also
    --------
    progress, keep_progress, concept_test

    Examples
    --------
    >>> class_progress("no_such_folder")
    Traceback (most recent call last):
    ...
    lupus_kit.core.errors.InputError: there is no folder 'no_such_folder'. Name the folder with the students' progress files.
    """
    place = Path(folder)
    if not place.is_dir():
        raise InputError(f"there is no folder {str(folder)!r}. Name the folder with the students' progress files.")
    students: list[tuple[Attempt, ...]] = []
    concepts: list[dict[str, str]] = []
    unusable: list[str] = []
    for path in sorted(place.rglob("*.json")):
        name = path.relative_to(place).as_posix()
        try:
            students.append(tuple(progress_file.read(path)))
            concepts.append(_concepts(progress_file.read_content(path)["predictions"]))
        except (InputError, OSError) as error:
            unusable.append(f"{name}: {getattr(error, 'strerror', None) or error}")
    if not students:
        raise InputError(
            f"no progress file in {str(folder)!r}{f' ({unusable[0]})' if unusable else ''}. Each student has one beside the "
            f"notebooks: {progress_file.NAME}."
        )
    return ClassProgress(tuple(students), tuple(unusable), tuple(concepts))


def _concepts(rows: list[Any]) -> dict[str, str]:
    """Find the last answers to the concept test; whatever else stands there is passed over."""
    whole = re.compile(rf"[a-d]{{{len(CONCEPTS)}}}")
    found = {}
    for row in rows:
        key, value = (row.get("key"), row.get("value")) if isinstance(row, dict) else (None, None)
        if key in {"concepts before", "concepts after"} and isinstance(value, str) and whole.fullmatch(value):
            found[key.removeprefix("concepts ")] = value
    return found
