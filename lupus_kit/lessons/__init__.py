"""Exercises with checks that answer back, and how far a student or a class has come.

``check`` is what the notebooks call; ``progress`` shows what it has kept in the student's own file, and ``backup`` gives it to
take along. ``catalogue`` collects the exercises: a file of texts a stop and a module of what they compute; what an exercise is
stands in ``exercises.exercise``.

Examples
--------
>>> from lupus_kit import lessons
>>> print(lessons.check("00.1", ...))
00.1 - Not answered yet: replace the three dots with your answer and run the cell again.
"""

from lupus_kit.lessons.catalogue import exercises
from lupus_kit.lessons.checking import CheckResult, check
from lupus_kit.lessons.concepts import ConceptTest, concept_test
from lupus_kit.lessons.data import data
from lupus_kit.lessons.exercises.exercise import Exercise, Misconception
from lupus_kit.lessons.progress.backup import backup
from lupus_kit.lessons.progress.classroom import ClassProgress, class_progress
from lupus_kit.lessons.progress.file import Attempt, keep_progress
from lupus_kit.lessons.progress.predictions import Prediction, predict, reveal
from lupus_kit.lessons.progress.table import Progress, progress
from lupus_kit.lessons.unquoted import understand

__all__ = [
    "Attempt", "CheckResult", "ClassProgress", "ConceptTest", "Exercise", "Misconception", "Prediction", "Progress", "backup",
    "check", "class_progress", "concept_test", "data", "exercises", "keep_progress", "predict", "progress", "reveal",
]  # fmt: skip

understand()
