"""The content of a journal club: computed from the record of any paper, and never an accusation."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from lupus_kit import audit, inference, published
from lupus_kit.core.errors import InputError
from lupus_kit.course.journal_club.appraisal import ABSENT, NOT_KNOWN, PRESENT
from lupus_kit.course.journal_club.contents import JournalClub, journal_club
from lupus_kit.course.journal_club.effects import appraisal_data
from lupus_kit.course.journal_club.folder import facilitator, notebook

ACCUSING = re.compile(r"\b(fraud|fabricat\w*|mistake|wrong|error|manipulat\w*|dishonest\w*)\b")


@cache
def club_of(key: str) -> JournalClub:
    return journal_club(key)


def study(*claims: dict[str, object], **trial: object) -> published.Study:
    return published.study_from_claims(
        {
            "study": {"key": "invented", "title": "An invented trial", "alpha": 0.05, **trial},
            "arm": [{"name": "drug", "n": 40}, {"name": "placebo", "n": 40}],
            "claim": [{"id": str(k), "arms": ["drug", "placebo"], **claim} for k, claim in enumerate(claims)],
        }
    )


# ------------------------------------------------------------------ He 2020


def test_the_club_says_what_the_record_says():
    claims = published.load("he2020").claims
    assert list(club_of("he2020").results["p"]) == [*claims["reported_p"][:3], "not printed"]
    counts = {one.claim.id: one.counts for one in club_of("he2020").effects}
    for key in ("sri4_week12", "sri4_week24", "ln_complete_remission"):
        assert counts[key] == audit.claim_counts(published.load("he2020"), key)
    assert dict(club_of("he2020").pico)["Outcome (primary)"] == "SRI-4 response, week 12"


def test_he2020_keeps_its_six_questions_and_their_answers_are_computed():
    assert len(club_of("he2020").questions) == 6
    said = " ".join(one.answer for one in club_of("he2020").questions)
    # The verified numbers of this trial: the missing patient, the change between the visits, power, bits of surprise.
    for number in ("p=0.037", "p=0.067", "0.61 and 0.87", "25.2 to 28.9", "0.95 bits", "probability 0.50"):
        assert number in said
    need = inference.sample_size("pearson", 16 / 29, 9 / 30, power=0.8).n1
    assert f"{need} patients in each arm" in said
    tried = audit.explain("0.052", 16, 29, 9, 30)
    assert f"Of {len(tried)} analyses of these counts {tried['rounds_to_reported'].sum()} print 0.052" in said


def test_harm_stands_beside_benefit_with_its_number_needed():
    harms = {one.claim.endpoint: one for one in club_of("he2020").effects if one.harmful}
    # Table 3 of the paper: 9 (31.0%) of 29 v 2 (6.7%) of 30.
    reaction = harms["Injection site reaction"]
    assert reaction.counts == (9, 29, 2, 30)
    assert reaction.nnt == inference.nnt(9, 29, 2, 30, outcome="harm")
    assert reaction.nnt.direction == "NNTH"
    assert [one.harmful for one in club_of("he2020").effects] == sorted(
        one.harmful for one in club_of("he2020").effects
    )


def test_what_the_record_reports_or_not_decides_the_items():
    items = club_of("he2020").items.set_index("about")["status"]
    assert items["the title says that it is randomised"] == PRESENT
    assert items["how the sample size came about"] == ABSENT  # neither abstract nor registry
    assert items["an effect with its interval"] == ABSENT
    assert items["harms in each arm"] == PRESENT
    assert items["how missing outcomes counted"] == NOT_KNOWN


@pytest.mark.parametrize("key", ["he2020", "tulip1"])
def test_the_club_never_accuses(key):
    club = club_of(key)
    text = " ".join([club.report.reading, *(f"{one.ask} {one.answer} {one.pitfall}" for one in club.questions)])
    assert not ACCUSING.search(text)


# ------------------------------------------------------------------ any paper


def test_the_domains_are_the_five_of_rob_2_with_its_22_questions():
    # Sterne 2019, assignment to intervention: 3, 7, 4, 5 and 3 signalling questions.
    numbers = [[question.split()[0] for question in one["questions"]] for one in appraisal_data()["domain"]]
    assert numbers == [[f"{k}.{n}" for n in range(1, size + 1)] for k, size in enumerate((3, 7, 4, 5, 3), 1)]


def test_one_claim_is_enough_and_what_is_not_known_is_left_to_write_in():
    club = journal_club(study({"endpoint": "response", "reported": ["20/40", "10/40"], "p": "0.02"}))
    assert dict(club.pico)["Patients"].startswith("not in the file: ___")
    assert dict(club.pico)["Intervention"] == "drug (n=40)"
    (effect,) = club.effects
    assert effect.nnt.nnt == pytest.approx(4)
    asked = [one.ask for one in club.questions]
    assert asked[0].startswith("response: p=0.02 is printed")
    assert any("No harm stands in this file" in ask for ask in asked)
    assert club.related.empty
    assert "No harm in counts" in club.assumed


def test_a_paper_without_counts_has_results_and_no_effects():
    club = journal_club(
        study(
            {"endpoint": "score", "kind": "mean", "reported": ["4.2±3.1", "6.9±4.0"], "n": [40, 40], "p": "NS"},
            {"endpoint": "age", "kind": "median", "reported": ["30 (20–50)", "31 (19–60)"], "role": "baseline"},
        )
    )
    assert club.effects == ()
    assert len(club.results) == 2
    assert set(club.items["status"]) <= {PRESENT, ABSENT, NOT_KNOWN}


def test_a_claim_that_nobody_confirmed_gets_no_effect_and_no_verdict():
    club = journal_club(
        study(
            {"endpoint": "response", "reported": ["50%", "25%"], "p": "0.9", "confirmed": False, "words": "50% v 25%"}
        )
    )
    assert club.effects == ()
    assert club.results["audit"].item().startswith("if the words are tied as proposed")
    assert "(not confirmed)" in club.results["outcome"].item()
    assert "Compare each with its words" in club.report.reading
    assert "50% v 25%" in facilitator(club)


def test_an_outcome_is_bad_by_its_role_or_its_name_and_the_page_says_which():
    club = journal_club(
        study(
            {"endpoint": "severe flare", "reported": ["5/40", "15/40"], "p": "0.01", "role": "primary"},
            {"endpoint": "headache", "reported": ["9/40", "2/40"], "role": "safety"},
            {"endpoint": "remission", "reported": ["9/40", "2/40"]},
        )
    )
    assert {one.claim.endpoint: one.harmful for one in club.effects} == {
        "remission": False, "severe flare": True, "headache": True,
    }  # fmt: skip
    assert "by its name also severe flare" in club.assumed
    assert next(one for one in club.effects if one.claim.endpoint == "severe flare").nnt.direction == "NNTB"


def test_of_several_doses_each_comparison_names_its_arms():
    titles = [one.title for one in journal_club("paisley").effects]
    assert len(set(titles)) == len(titles) == 3
    assert all(title.endswith(" v placebo)") for title in titles)


def test_missing_patients_are_counted_both_ways():
    club = journal_club(
        study({"endpoint": "response", "reported": ["20/38", "10/39"], "role": "primary", "p": "0.015"})
    )
    answer = next(one.answer for one in club.questions if "were randomised" in one.ask)
    best, worst = (inference.pvalue("pearson", *table) for table in ((22, 40, 10, 40), (20, 40, 11, 40)))
    assert f"be {best:.3f}; if for placebo, {worst:.3f}" in answer


def test_a_study_without_claims_is_one_sentence():
    with pytest.raises(InputError, match="holds no claim"):
        journal_club("nct04077684")


def test_a_claims_file_that_calls_itself_he2020_gets_the_questions_of_any_paper():
    club = journal_club(study({"endpoint": "response", "reported": ["20/40", "10/40"], "p": "0.02"}, key="he2020"))
    assert "p=0.052" not in " ".join(one.ask for one in club.questions)
    assert club.items.set_index("about")["status"]["dates of recruitment"] == NOT_KNOWN


# ------------------------------------------------------------------ the notebook


def test_the_notebook_recomputes_the_sheet_with_its_boards():
    cells = json.loads(notebook(club_of("he2020"), "he2020"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert "lk.widgets.table_explorer(n1, n2, x1, x2)" in code
    told = "\n".join("".join(cell["source"]) for cell in cells)
    for domain in club_of("he2020").domains:
        assert all(f"{question} **Answer:**" in told for question in domain.questions)
    assert f"first 8 of {len(club_of('he2020').effects)} comparisons" in told
    compile(code, "the notebook", "exec")  # a claims file's notebook is run in tests/cli/test_journal_club.py
    assert "lk.published.load('he2020')" in code
    assert "lk.published.related('he2020')" in code


def test_large_arms_have_their_tests_and_no_board_that_takes_minutes():
    text = notebook(club_of("tulip1"), "tulip1")
    assert "table_explorer" not in text
    assert "x1, n1, x2, n2 = 85, 180, 55, 184" in text


def test_a_claims_file_makes_no_cell_and_no_markup():
    evil = "a\n%% code x\nimport os\n<script>alert(1)</script> {{ 7*7 }} $x$ & \N{BELL SYMBOL}"
    club = journal_club(study({"endpoint": evil, "reported": ["20/40", "10/40"], "p": "0.02"}, title=evil))
    cells = json.loads(notebook(club, "claims.toml"))["cells"]
    assert not any("import os" in "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert "<script>" not in facilitator(club)
    assert "{{ 7*7 }}" in facilitator(club)


@pytest.mark.parametrize(
    "reported", [["0/40", "0/40"], ["40/40", "40/40"], ["9/40", "0/40"], ["1/1", "0/1"], ["0/38", "0/40"]]
)
def test_empty_and_full_arms_print_no_nan_and_no_inf(reported):
    club = journal_club(study({"endpoint": "response", "reported": reported, "p": "1.00", "role": "primary"}))
    assert len(club.effects) == 1
    said = " ".join([*(one.answer for one in club.questions), facilitator(club)])
    assert not re.search(r"\b(nan|inf)\b", said)
