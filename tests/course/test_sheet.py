"""The sheet of a journal club: two sides of A4 whatever the paper, always the same, and no answer on it."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from lupus_kit import figures, published
from lupus_kit.course.journal_club.contents import journal_club
from lupus_kit.course.journal_club.effects import rates
from lupus_kit.course.journal_club.sheet import pdf


@pytest.fixture(scope="module")
def club():
    return journal_club()


def pages(data: bytes, folder) -> list[str]:
    """Return the text of each side; empty where pdftotext is not installed."""
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 2
    assert re.search(rb"/MediaBox \[ 0 0 595\.\d+ 841\.\d+ \]", data), "A4"
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    (folder / "club.pdf").write_bytes(data)
    done = subprocess.run(
        ["pdftotext", "-layout", "club.pdf", "-"], cwd=folder, capture_output=True, text=True, check=True
    )
    return [" ".join(page.split()) for page in done.stdout.split("\f")]


def test_the_sheet_has_two_sides_and_is_always_the_same(club, tmp_path):
    data = pdf(club)
    assert data == pdf(club)
    front, back, *_ = pages(data, tmp_path)
    assert "55.17%" in front
    assert "9/29 v 2/30" in front, "harm beside benefit"
    assert all(one.ask in front for one in club.questions)
    assert not any(one.answer[:40] in front + back for one in club.questions), "answers are for the facilitator"
    numbers = re.findall(r"(?<![\d.])[1-5]\.[1-7](?= [A-Z])", back)
    assert sorted(numbers) == sorted(question.split()[0] for one in club.domains for question in one.questions)
    assert "Would you give it, to whom, and what would change your mind?" in back


def test_however_much_there_is_it_stays_on_two_sides_and_says_what_has_no_room(tmp_path):
    claims = [
        {
            "id": str(k),
            "endpoint": f"{'a very long name of an outcome ' * 12}{k} <b>&$x$ \N{GREEK SMALL LETTER ALPHA}",
            "arms": ["the drug " * 9, "placebo"],
            "reported": [f"{k}/40", "10/40"],
            "role": "safety" if k % 2 else "secondary",
        }
        for k in range(1, 30)
    ]
    trial = {"key": "long", "title": "Long\ntable: x\npage:\n" * 30, "population": "word " * 400}
    long = published.study_from_claims({"study": trial, "claim": claims})
    front, back, *_ = pages(pdf(journal_club(long)), tmp_path)
    assert "Without room here: 23 claims and 21 comparisons" in front
    assert "<b>&" in front
    assert "what would change your mind" in back


def test_the_figure_of_the_club_tells_its_numbers(club):
    ax = figures.sri.responders(rates(club.effects[:2]))
    alt = figures.alt_text(ax)
    assert "week 12, IL-2: 16 of 29, 55%" in alt
    assert "week 24, placebo: 11 of 30, 37%" in alt
    assert ax.get_xlabel() == "responders (%), with 95% interval"
    figures.png(ax)
