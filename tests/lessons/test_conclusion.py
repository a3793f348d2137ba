"""The reader of written conclusions: sober ones pass, over-claims are quoted with what the numbers carry.

All conclusions are written for this test.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupus_kit import audit, lessons, published
from lupus_kit.lessons import conclusion
from lupus_kit.lessons.conclusion import remarks, sentences

STUDY = published.load("he2020")
MISSED = "The primary endpoint at week 12 was not met."
UNSURE = "The estimates favour IL-2, and their intervals are wide."

SOBER = [
    f"{MISSED} {UNSURE}",
    "The primary endpoint, SRI-4 at week 12, was missed (16/29 v 9/30, p=0.052). The estimates at both visits favour IL-2 "
    "and are much alike, but they are imprecise: a larger trial is needed before anyone can say whether it works.",
    "SRI-4 at week 12, the primary outcome, did not reach significance. Week 24 printed p=0.027, but after a missed "
    "primary endpoint it is a finding to be tested again in a new trial.",
    "In this small trial the primary endpoint was not significant at week 12 (p = 0.052). The data are compatible with no "
    "benefit and with a large one, so IL-2 has not been shown to be effective.",
    "The trial failed to meet its primary endpoint. Whether low-dose IL-2 is effective needs to be tested in a larger study.",
    "The week-12 endpoint was missed, 16 of 29 against 9 of 30 patients. The differences of about 25 and 29 percentage "
    "points are similar and uncertain, and do not prove an effect.",
    "The primary endpoint was not reached; He et al. 2020 print p=0.052. A bigger trial may confirm what week 24 suggests.",
    "The main outcome was negative. Response rates were higher with IL-2 at both visits, although 59 patients are too "
    "small a number to exclude no difference, and the results need replication.",
]  # fmt: skip

# One over-claim each, beside two sentences that leave nothing out.
CLAIMS = [
    ("trend", "There was a clear trend towards significance at week 12"),
    ("trend", "The result was borderline significant"),
    ("trend", "It narrowly missed statistical significance"),
    ("proof", "The trial proves that IL-2 acts"),
    ("proof", "Week 24 confirmed the benefit"),
    ("proof", "This demonstrates efficacy"),
    ("visits differ", "IL-2 acts only at week 24"),
    ("visits differ", "There was a response at week 24 but not at week 12"),
    ("visits differ", "IL-2 has a delayed effect"),
    ("no effect", "IL-2 had no effect at week 12"),
    ("no effect", "The drug does not work at week 12"),
    ("persons", "IL-2 helped 55% of patients"),
    ("persons", "66% of the patients benefited"),
    ("blame", "The printed p-values are wrong"),
    ("blame", "The authors manipulated the analysis"),
    ("works", "IL-2 is effective in lupus"),
    ("works", "Low-dose IL-2 works"),
    ("advice", "IL-2 should be given to patients with lupus"),
    ("week 12", "SRI-4 was significantly higher at week 12"),
    ("p-value", "The probability that the drug does nothing, the null hypothesis, is 5.2%"),
    ("which test", "The authors used a t-test on zeros and ones"),
    ("safe", "IL-2 was safe"),
]
REMARK_OF = {rule.key: rule.remark for rule in conclusion.RULES}


@pytest.mark.parametrize("text", SOBER)
def test_sober_conclusions_pass(text):
    assert remarks(text) == []


@pytest.mark.parametrize(("key", "claim"), CLAIMS)
def test_an_over_claim_is_quoted_and_answered(key, claim):
    found = remarks(f"{MISSED[:-1]}, with wide intervals. {claim}.")
    said = [remark for remark in found if remark.endswith(REMARK_OF[key])]
    assert len(said) == 1, found
    quoted = said[0].partition("”")[0].lstrip("“")
    assert quoted in claim


def test_every_rule_is_tried():
    assert {key for key, _ in CLAIMS} == {rule.key for rule in conclusion.RULES}


@pytest.mark.parametrize(
    "claim",
    [
        "The trial does not prove that IL-2 acts",
        "A new trial must show whether IL-2 is effective",
        "It is too early to say that the drug works",
        "Week 24 would have to be confirmed",
    ],
)
def test_a_hedge_takes_the_claim_away(claim):
    assert remarks(f"{MISSED[:-1]}, with wide intervals. {claim}.") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MISSED, "has 1 sentence; two"),
        (f"{MISSED} {UNSURE} That is all.", "has 3 sentences; two"),
        (f"{UNSURE} The trial had two arms.", "what became of the primary endpoint"),
        (f"{MISSED} IL-2 had the higher rates.", "how sure we are"),
        (f"{MISSED[:-1]} (17/29 v 9/30). {UNSURE}", "“17/29”: that count is not in the record"),
        (f"{MISSED[:-1]} (p=0.049). {UNSURE[:-1]}, p = 0.5.", "“p=0.5”: neither the paper nor any test"),
    ],
)
def test_what_is_left_out_or_not_in_the_record(text, words):
    assert any(words in remark for remark in remarks(text))


def test_numbers_of_the_record_are_accepted():
    for claim in ("sri4_week12", "sri4_week24"):
        x1, n1, x2, n2 = audit.claim_counts(STUDY, claim)
        p = STUDY.claims.set_index("id").at[claim, "reported_p"]
        assert remarks(f"{MISSED[:-1]}. We note {x1}/{n1} v {x2} of {n2} (p={p}), with wide intervals.") == []


def test_sentences_survive_decimals_and_short_forms():
    text = "It was 25.2 points (p=0.052) vs. the margin. He et al. say more. “Why?” Nobody knows"
    assert sentences(text) == [
        "It was 25.2 points (p=0.052) vs. the margin.",
        "He et al. say more.",
        "“Why?",
        "Nobody knows",
    ]


@given(st.text(max_size=300))
def test_no_text_raises(text):
    assert all(isinstance(remark, str) and remark.endswith((".", "?")) for remark in remarks(text))


def test_a_long_text_is_quick():
    assert remarks("trend but week 12 " * 5_000)


@pytest.mark.parametrize("answer", [16, None, "", "16/29", ["a"], "x " * 4000])
def test_the_exercise_asks_for_sentences(answer):
    result = lessons.check("00.7", answer)
    assert result.passed is False
    assert result.message.endswith(".")


def test_the_exercise_passes_its_own_example_and_answers_an_over_claim():
    from lupus_kit.lessons.catalogue import find

    exercise = find("00.7")
    assert lessons.check("00.7", exercise.answer()).passed
    result = lessons.check("00.7", "The primary endpoint was missed. IL-2 works from week 24, with wide intervals.")
    assert result.passed is False
    assert "(1) “works”" in result.message


def test_only_counts_of_these_arms_are_compared_with_the_record():
    # 29 and 30 patients are the arms of the primary endpoint; other totals are about something else.
    end = "The primary endpoint was missed. The interval is wide"
    for other in ("7/13 with nephritis", "3 of 12 weeks", "2 of 100"):
        assert remarks(f"{end}, and {other}.") == []
    (remark,) = remarks(f"{end}, with 7/30 on placebo.")
    assert remark.startswith("“7/30”")
