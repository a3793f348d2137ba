"""The course without a server: executed notebooks as one linked site, and two sheets for a journal club.

``site`` lays the pages out and writes them whole or not at all, ``search`` makes the index, ``club`` computes what a
journal club needs, and ``sheet`` prints it.

Examples
--------
>>> from lupus_kit.course import handbook
>>> len(handbook.journal_club().questions)
6
"""

from __future__ import annotations

from lupus_kit.course.handbook.club import JournalClub, Question, article, journal_club
from lupus_kit.course.handbook.search import Section, index, sections
from lupus_kit.course.handbook.sheet import pdf
from lupus_kit.course.handbook.site import Stop, build, check_place

__all__ = [
    "JournalClub",
    "Question",
    "Section",
    "Stop",
    "article",
    "build",
    "check_place",
    "index",
    "journal_club",
    "pdf",
    "sections",
]
