"""Exercises with checks that answer back, and the machinery that finds and runs the notebooks.

``check`` is what the notebooks call; ``progress`` shows what it has kept in the student's own file, and ``teaching_notes``
is for whoever teaches. ``catalogue`` says what an exercise is and collects those in ``content``, one module a stop.
``shelf`` finds the notebooks, ``execution`` runs them, ``pages`` turns them into web pages and ``handbook`` binds these.

Examples
--------
>>> from lupus_kit import lessons
>>> print(lessons.check("00.1", ...))
00.1 - Not answered yet: replace the three dots with your answer and run the cell again.
"""

from __future__ import annotations

from lupus_kit.lessons.catalogue import Exercise, Misconception, exercises
from lupus_kit.lessons.checking import CheckResult, check
from lupus_kit.lessons.classroom import ClassProgress, class_progress
from lupus_kit.lessons.progress_file import Attempt, keep_progress
from lupus_kit.lessons.progressing import Progress, progress
from lupus_kit.lessons.teaching import TeachingNote, TeachingNotes, teaching_notes

__all__ = [
    "Attempt",
    "CheckResult",
    "ClassProgress",
    "Exercise",
    "Misconception",
    "Progress",
    "TeachingNote",
    "TeachingNotes",
    "check",
    "class_progress",
    "exercises",
    "keep_progress",
    "progress",
    "teaching_notes",
]
