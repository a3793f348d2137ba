"""Exercises with checks that answer back, and the machinery that finds and runs the notebooks.

``check`` is what the notebooks call. ``catalogue`` says what an exercise is and collects those in ``content``,
one module a stop. ``shelf`` finds the notebooks, ``execution`` runs them and ``pages`` turns them into web pages.

Examples
--------
>>> from lupus_kit import lessons
>>> print(lessons.check("00.1", ...))
00.1 - Not answered yet: replace the three dots with your answer and run the cell again.
"""

from __future__ import annotations

from lupus_kit.lessons.catalogue import Exercise, Misconception, exercises
from lupus_kit.lessons.checking import CheckResult, check

__all__ = ["CheckResult", "Exercise", "Misconception", "check", "exercises"]
