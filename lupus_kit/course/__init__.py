"""The course around the notebooks: where they stand, how they run, their pages, and teaching with them.

``shelf`` finds the notebooks, ``execution`` runs them, ``pages`` turns them into web pages, ``handbook`` binds these, and
``teaching_notes``, ``modules`` and ``plan`` are for whoever teaches.
"""

from lupus_kit.course.outline import modules, plan
from lupus_kit.course.teaching import TeachingNote, TeachingNotes, teaching_notes

__all__ = ["TeachingNote", "TeachingNotes", "modules", "plan", "teaching_notes"]
