"""The sheets of the journal club: three pages, always the same, and the answers only on the third."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from lupus_kit import figures
from lupus_kit.course.handbook.club import journal_club
from lupus_kit.course.handbook.sheet import pdf


@pytest.fixture(scope="module")
def club():
    return journal_club()


def test_the_sheets_are_three_pages_and_always_the_same(club, tmp_path):
    data = pdf(club)
    assert data == pdf(club)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 3, "two for everyone, one for the facilitator"
    if shutil.which("pdftotext") is None:
        return
    (tmp_path / "club.pdf").write_bytes(data)
    pages = subprocess.run(
        ["pdftotext", "-layout", "club.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split("\f")
    flat = [" ".join(page.split()) for page in pages]
    assert "55.17%" in flat[0]
    assert club.questions[0].ask in flat[1]
    assert club.questions[0].answer[:40] not in flat[1], "answers are for the facilitator"
    assert club.questions[5].ask in flat[2]
    assert club.questions[0].answer[:40] in flat[2]


def test_the_figure_of_the_club_tells_its_numbers(club):
    ax = figures.sri.responders(club.rates)
    alt = figures.alt_text(ax)
    assert "week 12, IL-2: 16 of 29, 55%" in alt
    assert "week 24, placebo: 11 of 30, 37%" in alt
    assert ax.get_xlabel() == "responders (%), with 95% interval"
    figures.png(ax)
