"""Numbers typed into the prose: each is the record's own, follows from it, or is made up for a question and listed here.

Results belong into cells that compute them. What remains in Markdown is held against the record, so that a sentence
and the data cannot drift apart.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

from lupus_kit import audit, inference, published

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("0*.ipynb"))
NUMBER = r"\d+(?:\.\d+)?"
#: "16/29" and "16 of 29", but not the codings 12/8/1.
PAIR = re.compile(r"(?<![\d/])(\d+)(?:/| of (?:the )?)(\d+)\b(?!/)")
#: Percentages and decimals; whole numbers without a unit are not looked at.
STATISTIC = re.compile(rf"(?<![\d.:/])({NUMBER})\s?%|(?<![\w.:/])(\d+\.\d+)(?![\d./])")
NOT_PROSE = (
    r"```.*?```", r"`[^`]*`", r"\[doi:[^\]]*\]\([^)]*\)", r"(?<=\])\([^)]*\)", r"(?:[Ee]xercise|Solution) \d\d\.\d",
    r"CC BY(?:-NC)? 4\.0|GPL-3\.0",
)  # fmt: skip
#: Levels, confidence and power by convention, and the two values of a yes-or-no outcome.
CONVENTIONS = {"0.05", "5", "95", "0.8", "1", "0/1"}
#: Made up for a question, or part of a definition, with the cell's idea.
MADE_UP = {
    "00_start_here": {"0.3": "SRI-4, PGA", "30": "a percentage point", "40": "a percentage point"},
    "03_sri4": {"0.30": "SRI-4, PGA", "1.2": "a PGA of the quiz"},
    "04_week12_week24": {
        "187": "a choice", "10": "an invented rate", "60": "an invented rate",
    },
    "05_why_052_and_027": {
        "0.4": "an assumed correlation", "45.45": "quiz", "0.04": "quiz", "7": "quiz",
    },
    "06_nephritis_safety_immune": {"1.7": "one in sixty, quiz"},
    "07_a_better_trial": {
        "45": "a rate of the lesson", "30": "a rate of the lesson", "52": "a rate of the lesson", "37": "a rate of the lesson",
        "80": "the power planned for", "100": "the end of the scale", "15": "patients who leave",
        "1.96": "the limit of one look at 0.05",
    },
    "08_what_came_after": {
        "83.3": "LUPIL-2, post hoc", "51.7": "LUPIL-2, post hoc", "0.0168": "LUPIL-2, post hoc", "68": "LUPIL-2", "58": "LUPIL-2",
        "0.3439": "LUPIL-2", "1.5": "LUPIL-2, the dose", "82": "a pooled rate in print",
    },
}  # fmt: skip


@cache
def _record() -> tuple[frozenset[str], frozenset[str]]:
    """Return the printed numbers of the record and its counts, as "x of n"."""
    study = published.load("he2020")
    numbers: set[str] = set()
    pairs = {audit.claim_counts(study, claim) for claim in study.claims["id"]}
    counts = {pair for x1, n1, x2, n2 in pairs for pair in ((x1, n1), (x2, n2))}
    for table in (study.claims, *study.tables.values()):
        for column in table.columns[[name == "printed" or name.startswith("reported_") for name in table.columns]]:
            numbers.update(*(re.findall(NUMBER, cell) for cell in table[column].dropna().astype(str)))
        if {"count", "n"} <= set(table.columns):
            counts |= {(int(x), int(n)) for x, n in table[["count", "n"]].dropna().itertuples(index=False)}
    return frozenset(numbers), frozenset(f"{x} of {n}" for x, n in counts)


@cache
def _follows() -> frozenset[str]:
    """Compute what the prose may say because it follows from the record."""
    study = published.load("he2020")
    claims = study.claims.set_index("id")
    x1, n1, x2, n2 = audit.claim_counts(study, "sri4_week12")
    p = claims.at["sri4_week12", "p_value"]
    ratios = inference.compare(x1, n1, x2, n2).intervals().set_index("key")["estimate"]
    responded, on_placebo = 100 * x1 / n1, 100 * x2 / n2
    return frozenset(
        [f"{100 * p:.1f}", f"{100 * (1 - p):.1f}"]  # the misreadings of p
        + [f"{p - 0.0005:.4f}", f"{p + 0.0005:.4f}"]  # what rounds to the printed p
        + [f"{ratios['katz']:.2f}", f"{ratios['woolf']:.2f}"]
        + [f"{rate:.0f}" for rate in (responded, on_placebo, responded - on_placebo, 100 - responded)]
        + [f"{responded:.0f} of 100"]
    )


def _typed(source: str) -> list[str]:
    """List the statistics in a Markdown cell."""
    for pattern in NOT_PROSE:
        source = re.sub(pattern, "", source, flags=re.DOTALL)
    pairs = [match[0] if match[0] == "0/1" else f"{match[1]} of {match[2]}" for match in PAIR.finditer(source)]
    return pairs + [match[1] or match[2] for match in STATISTIC.finditer(source)]


def test_the_reader_finds_what_is_typed():
    text = "16/29 against 9 of the 30: 25.2%, p=0.052 (`0.9`, exercise 01.2, 12/8/1, [doi:10.1/2](x)), stops 2 to 5."
    assert _typed(text) == ["16 of 29", "9 of 30", "25.2", "0.052"]


@pytest.mark.parametrize("name", NAMES)
def test_numbers_in_the_prose_are_the_records_own_or_follow_from_it(name):
    numbers, counts = _record()
    known = numbers | counts | _follows() | CONVENTIONS | set(MADE_UP.get(name, ()))
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    prose = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    strange = {cell.id: odd for cell in prose if (odd := [one for one in _typed(cell.source) if one not in known])}
    assert strange == {}, "compute these in a cell, or correct them"
    unused = set(MADE_UP.get(name, ())) - {one for cell in prose for one in _typed(cell.source)}
    assert unused == set(), "no longer in the notebook"
