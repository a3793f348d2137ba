"""The content of the journal club: computed from the record, and never an accusation."""

from __future__ import annotations

import re

from lupus_kit import audit, inference, published
from lupus_kit.course.handbook.club import journal_club

CLUB = journal_club()


def test_the_club_says_what_the_record_says():
    claims = published.load("he2020").claims
    assert list(CLUB.results["p"]) == [*claims["reported_p"][:3], "not printed"]
    assert list(CLUB.results["IL-2"]) == list(claims["reported_a"])
    weeks = [audit.claim_counts(published.load("he2020"), key) for key in ("sri4_week12", "sri4_week24")]
    printed = [tuple(row) for row in CLUB.rates[["responders", "patients"]].itertuples(index=False)]
    assert printed == [pair for x1, n1, x2, n2 in weeks for pair in ((x1, n1), (x2, n2))]


def test_the_answers_are_computed():
    said = " ".join(one.answer for one in CLUB.questions)
    # The verified numbers of this trial: the missing patient, the change between the visits, power, bits of surprise.
    for number in ("p=0.037", "p=0.067", "0.61 and 0.87", "25.2 to 28.9", "0.95 bits", "probability 0.50"):
        assert number in said
    need = inference.sample_size("pearson", 16 / 29, 9 / 30, power=0.8).n1
    assert f"{need} patients in each arm" in said
    tried = audit.explain("0.052", 16, 29, 9, 30)
    assert f"Of {len(tried)} analyses of these counts {tried['rounds_to_reported'].sum()} print 0.052" in said


def test_the_club_never_accuses():
    text = " ".join([*CLUB.reading, *(f"{one.ask} {one.answer} {one.pitfall}" for one in CLUB.questions)])
    assert not re.search(r"\b(fraud|fabricat\w*|mistake|wrong|error|manipulat\w*|dishonest\w*)\b", text)
    assert "compatible with" in text
