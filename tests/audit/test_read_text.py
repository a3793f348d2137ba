"""Claims proposed from texts: what is found, which pairs, whose they are; and that nothing unconfirmed is judged."""

from __future__ import annotations

import io
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.cases import case

from lupus_kit import cli, published
from lupus_kit.audit import Proposal, check, proposed_claims_file, read_text
from lupus_kit.core.errors import InputError

ALLOCATION = "Patients were randomly assigned to zorimab (n=100) or placebo (n=100). "
NOT_SAID = ("arm of the first number", "arm of the second number")


def told(study: Proposal) -> list[tuple[str, str, str, str]]:
    """Each claim in four words: both arms and both values."""
    return [(*claim.arms, *claim.reported) for claim in study.records]


def test_a_p_value_that_a_line_end_cuts_is_not_read_as_zero():
    (claim,) = read_text(ALLOCATION + "Response was 40% with zorimab and 25% with placebo (P = 0.\n02).").records
    assert claim.p == ""


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Remission was reached in men by 5/10 v 3/10, and in women by 6/12 v 2/11.", [("women", "", "6/12", "2/11")]),
        (
            "Response was 40% v 20% at week 12 and 50% v 25% at week 24.",
            [("Response", "week 12", "40%", "20%"), ("comparison", "week 24", "50%", "25%")],
        ),
        (
            "At week 4 relief was 30% v 10%, 40% v 20% (p=0.2) at week 12, and 50% v 25% at week 24.",
            [("relief", "week 4", "30%", "10%"), ("comparison", "week 12", "40%", "20%"),
             ("comparison", "week 24", "50%", "25%")],
        ),
        (
            "Response was 40% v 20%; at week 24, remission was 50% v 25%.",
            [("Response", "", "40%", "20%"), ("remission", "week 24", "50%", "25%")],
        ),
        (
            "Response was 40% v 20% and remission 50% v 25% at week 24.",
            [("Response", "week 24", "40%", "20%"), ("remission", "week 24", "50%", "25%")],
        ),
        (
            "Rash was 1/20 v 0/10 at week 4 and 2/20 v 0/10 at week 8.",
            [("Rash", "week 4", "1/20", "0/10"), ("comparison", "week 8", "2/20", "0/10")],
        ),
        (
            "Deaths occurred in 5/100 v 7/100; and 3/100 v 4/100 had zoster.",
            [("Deaths", "", "5/100", "7/100"), ("had zoster", "", "3/100", "4/100")],
        ),
        (
            "Complete response was 40% v 20%, 44% v 22% and 50% v 25% at weeks 12, 24 and 52.",
            [("Complete response", "", "40%", "20%"), ("comparison", "", "44%", "22%"), ("comparison", "", "50%", "25%")],
        ),
        (
            "At week 24, 37 (62%) of 60 on zorimab and 14 (33%) of 42 on placebo achieved remission.",
            [("achieved remission", "week 24", "62% (37/60)", "33% (14/42)")],
        ),
        (
            "Of 200 patients randomly assigned to zorimab or placebo, 56% responded to zorimab compared with 53% to placebo.",
            [("responded", "", "56%", "53%")],
        ),
        (
            "In the zorimab group given every 4 weeks 45% and in the placebo group 36% responded at week 12.",
            [("responded", "week 12", "45%", "36%")],
        ),
        (
            "The zorimab group had 60% responders at week 24 and the placebo group 45%; at week 52 these were 55% and 40%.",
            [("responders", "week 24", "60%", "45%"), ("comparison", "week 52", "55%", "40%")],
        ),
        (
            "Response rates were 45.8% among the 72 patients receiving placebo and 56.9% among the 72 patients receiving zorimab.",
            [("Response rates", "", "45.8%", "56.9%")],
        ),
    ],
)  # fmt: skip
def test_a_pair_has_its_own_title_and_visit_or_none(sentence, said):
    claims = read_text(ALLOCATION + sentence).records
    assert [(claim.title.split(", week")[0], claim.visit, *claim.reported) for claim in claims] == said


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        (
            "SRI-4 and BICLA rates were 60% and 50% with zorimab versus 45% and 35% with placebo (p=0.03 and p=0.04, respectively).",
            [("60%", "45%", "0.03"), ("50%", "35%", "0.04")],
        ),
        ("At 6 and 12 months, response was 60% v 45% and 55% v 50%, respectively.", [("60%", "45%", ""), ("55%", "50%", "")]),
        (  # which is it of?
            "SRI-4 and BICLA rates were 60% and 50% with zorimab versus 45% and 35% with placebo (p=0.03).",
            [("60%", "45%", ""), ("50%", "35%", "")],
        ),
        ("Response at weeks 12 and 24 was 30% and 45% with zorimab and 20% and 25% with placebo.",
         [("30%", "20%", ""), ("45%", "25%", "")]),
        ("Twelve patients on zorimab and nine on placebo withdrew (12% and 9%).", [("12%", "9%", ""), ("12", "9", "")]),
        ("By week 52, SRI-6 (40% v 25%) and SRI-8 (20% v 10%) favoured zorimab.", [("40%", "25%", ""), ("20%", "10%", "")]),
        ("Response was 60% with zorimab at week 12 and 55% with zorimab at week 24.", []),
        ("In zorimab group 60 of 100 patients responded, compared with 45 of 100 in the placebo group (P=0.03).",
         [("60/100", "45/100", "0.03")]),
        ("Zorimab was superior: 60% v 45%, P=.03 (week 24); 58% v 50%, P=.25 (week 52).",
         [("60%", "45%", "0.03"), ("58%", "50%", "0.25")]),
    ],
)  # fmt: skip
def test_the_first_value_is_of_the_first_arm_and_has_its_own_p_value(sentence, said):
    claims = read_text(ALLOCATION + sentence).records
    assert [(*claim.reported, claim.p) for claim in claims] == said
    assert {claim.arms for claim in claims} <= {("zorimab", "placebo")}
    if "(week" in sentence:
        assert [claim.visit for claim in claims] == ["week 24", "week 52"]


def test_a_time_to_an_event_is_no_visit_and_no_title_of_the_next_clause():
    text = "Median time to flare was 120 days with zorimab and 80 days with placebo (p=0.02); 20% vs 30% flared."
    (claim,) = read_text(ALLOCATION + text).records
    assert (claim.title, claim.visit, claim.reported, claim.p) == ("flared", "", ("20%", "30%"), "")


def test_a_pair_is_not_titled_by_one_before_it_that_is_asked():
    study = read_text(
        ALLOCATION
        + "At week 76, response between weeks 64 and 76 was commoner (42.7% v. 30.9%; P=0.04), as was a ratio "
        "below 0.8 without an event (55.5% v. 41.9%; P=0.02)."
    )
    (claim,) = study.records
    assert (claim.title, claim.reported, claim.p) == ("comparison, week 76", ("55.5%", "41.9%"), "0.02")


@pytest.mark.parametrize(
    ("allocation", "arms"),
    [
        (
            "Patients were randomised 1:1:1:1 to placebo (n=90) or zorimab 3 mg twice daily (n=91), 6 mg twice daily (n=93), "
            "or 12 mg once daily (n=89).",
            {"placebo": 90, "zorimab 3 mg": 91, "zorimab 6 mg": 93, "zorimab 12 mg": 89},
        ),
        (
            "Patients were randomised to receive placebo (n=62) or zorimab at 80 mg (n=62), 160 mg (n=63) or 240 mg (n=61).",
            {"placebo": 62, "zorimab 80 mg": 62, "zorimab 160 mg": 63, "zorimab 240 mg": 61},
        ),
        (
            "867 patients were randomly assigned to zorimab 1 mg/kg (n=289) or 10 mg/kg (n=290), or placebo (n=288).",
            {"zorimab 1 mg/kg": 289, "zorimab 10 mg/kg": 290, "placebo": 288},
        ),
        ("Patients were randomly assigned to azathioprine (n=52) or MMF (n=53).", {"azathioprine": 52, "MMF": 53}),
        (
            "819 patients were randomised to receive zorimab 1 mg/kg, zorimab 10 mg/kg, or placebo.",
            {"zorimab 1 mg/kg": None, "zorimab 10 mg/kg": None, "placebo": None},
        ),
        (
            "227 patients were randomly assigned to maintenance treatment (116 to zorimab and 111 to velunib).",
            {"zorimab": 116, "velunib": 111},
        ),
        (
            "Patients with a titre of 1:80 or 1:160 were randomised 1:1:1 to zorimab 1 mg, zorimab 2 mg or placebo.",
            {"zorimab 1 mg": None, "zorimab 2 mg": None, "placebo": None},
        ),
        ("Patients were randomised (1:1:1) to receive zorimab (75 mg or 150 mg) or placebo.", {}),
    ],
)
def test_doses_are_arms_and_a_total_is_the_size_of_none(allocation, arms):
    study = read_text(allocation + " Response was seen in 40% v 20%.")
    found = {name: n for name, n in study.trial.n_randomised.items() if name not in NOT_SAID}
    assert found == arms
    assert [one for one in study.asked() if "name the arms" in one] == ([] if arms else [
        "1:1:1: it is of 3 arms, and 2 were recognised: name the arms"
    ])  # fmt: skip


DOSES = "Patients were randomised to zorimab 4 mg (n=252), zorimab 2 mg (n=255) or placebo (n=253). "


@pytest.mark.parametrize(
    ("sentence", "claims"),
    [
        (  # the 4 of 9.4 is no arm
            "SRI-4 response was alike with zorimab 4 mg (121 [47%]; odds ratio 1.07 [95% CI 0.75 to 1.53]; difference with "
            "placebo 1.5 [95% CI -7.1 to 10.2]), 2 mg (120 [46%]; 1.05 [0.73 to 1.50]; 0.8 [-7.9 to 9.4]) and placebo (116 [45%]).",
            {("zorimab 2 mg", "placebo"): ("120 (46%)", "", ""),
             ("zorimab 4 mg", "placebo"): ("121 (47%)", "", "OR 1.07 (95% CI 0.75 to 1.53)")},
        ),
        (
            "Response rates were 32%, 39%, and 38% with placebo, zorimab 2 mg, and zorimab 4 mg, respectively.",
            {("placebo", "zorimab 2 mg"): ("32%", "", ""), ("placebo", "zorimab 4 mg"): ("32%", "", "")},
        ),
        (
            "Response was 34% with placebo compared with 58% with zorimab 2 mg (OR 2.8 [95% CI 1.5, 5.1]; P < 0.001), and "
            "50% with 4 mg (OR 1.9 [95% CI 1.0, 3.4]; P = 0.02).",
            {("placebo", "zorimab 2 mg"): ("34%", "<0.001", "OR 2.8 (95% CI 1.5 to 5.1)"),
             ("placebo", "zorimab 4 mg"): ("34%", "0.02", "OR 1.9 (95% CI 1.0 to 3.4)")},
        ),
    ],
)  # fmt: skip
def test_doses_are_named_by_their_strength_and_each_has_its_own_p_value_and_effect(sentence, claims):
    found = read_text(DOSES + sentence).records
    assert {claim.arms: (claim.reported[0], claim.p, claim.effect) for claim in found} == claims


# --- whole abstracts ------------------------------------------------------------------------------------------------


def _abstracts() -> list[tuple[str, str, dict[str, int | None], list[dict[str, object]]]]:
    file = Path(__file__).parents[1] / "references" / "invented_abstracts.txt"
    found = []
    for block in file.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, *lines = block.strip().split("\n")
        arms, claims = {}, []
        for line in lines:
            _, _, value = line.removeprefix("-- ").partition(": ")
            if line.startswith("-- arms"):
                arms = {name: int(n) if n else None for name, _, n in (arm.partition("=") for arm in value.split("; "))}
            elif line.startswith("-- claim"):
                sides, *rest = (part.strip() for part in value.split("; "))
                pairs = [side.partition(":") for side in sides.split(" | ")]
                claim: dict[str, object] = {part.partition("=")[0]: part.partition("=")[2] for part in rest}
                claim["sides"] = {arm.strip(): printed.strip() for arm, _, printed in pairs if printed.strip()}
                claims.append(claim)
        text = "\n".join(line for line in lines if not line.startswith("-- ")).strip()
        found.append((title, text, arms, [claim for claim in claims if claim["sides"]]))
    return found


def test_the_claims_of_an_abstract_are_proposed():
    for text, arms, claims in [one[1:] for one in _abstracts()]:
        with case(text, arms, claims):
            study = read_text(text)
            assert {name: n for name, n in study.trial.n_randomised.items() if name not in NOT_SAID} == arms
            for expected in claims:
                sides = expected.pop("sides")
                (claim,) = [one for one in study.records if dict(zip(one.arms, one.reported, strict=True)) == sides]
                assert {key: getattr(claim, key) for key in expected} == expected


def test_men_and_women_who_were_allocated_are_no_arm():
    study = read_text(
        "We randomly allocated 45 women and 5 men with lupus nephritis to low-dose velunib (1 mg) or placebo for 12 weeks. "
        "Remission occurred in 54.0% versus 16.0%."
    )
    assert study.trial.n_randomised == {"low-dose velunib": None, "placebo": None}
    assert told(study) == [("low-dose velunib", "placebo", "54.0%", "16.0%")]


@pytest.mark.parametrize(("responders", "patients"), [(1900, 1900), (1950, 2950), (1100, 2020)])
def test_a_count_that_could_be_a_year_is_a_count(responders, patients):
    percent = f"{100 * responders / patients:.1f}"
    study = read_text(
        "We randomly assigned adults in 2019 to zorimab or placebo. In the zorimab group, "
        f"{responders} ({percent}%) of {patients} responded, as compared with 400 (20.0%) of 2000 in the placebo group."
    )
    assert told(study) == [("zorimab", "placebo", f"{percent}% ({responders}/{patients})", "20.0% (400/2000)")]


def test_a_heading_in_capitals_glued_to_its_sentence_is_cut_off():
    study = read_text(
        "METHODSIn this trial, 120 patients were randomised to velunib (n=60) or placebo (n=60).RESULTSA clinical response "
        "was reached by 35 (58.3%) of 60 patients with velunib versus 20 (33.3%) of 60 with placebo."
    )
    (claim,) = study.records
    assert claim.words.startswith("A clinical response was reached")
    assert "clinical response" in claim.endpoint.lower()
    assert "METHODS" not in claim.endpoint


GLUED = (
    "ObjectivesTo see whether low-dose IL-2 helps in lupus.MethodsSixty patients were randomised 1:1 to IL-2 (n=30) or "
    "placebo (n=30) for 12 weeks and followed for another 12. The primary endpoint was SRI-4 at week 12.ResultsAt week 12, "
    "SRI-4 response rates were 55.17% for IL-2 and 30.00% for placebo (p=0.052). At week 24, the SRI-4 response rate was "
    "65.52% in the IL-2 group, compared with 36.67% in the placebo group (p=0.027). The primary endpoint was not met at week "
    "12. Low-dose IL-2 gave 53.85% (7/13) complete remission in patients with lupus nephritis, compared with 16.67% (2/12) "
    "in the placebo group (p=0.036). No serious infection was observed in the IL-2 group, but two in the placebo "
    "group.ConclusionsLow-dose IL-2 may work."
)


def test_this_papers_abstract_with_glued_headings():
    # Numbers of the abstract of He 2020 in words of the kit.
    study = read_text(GLUED)
    first, second, nephritis, infection = study.records
    assert [claim.role for claim in study.records] == ["primary", "secondary", "", "safety"]
    assert (first.title, first.reported, first.p, first.met) == (
        "SRI-4 response rates, week 12", ("55.17%", "30.00%"), "0.052", "not met",
    )  # fmt: skip
    assert (second.visit, second.reported, second.p) == ("week 24", ("65.52%", "36.67%"), "0.027")
    assert (nephritis.reported, nephritis.p) == (("53.85% (7/13)", "16.67% (2/12)"), "0.036")
    assert infection.reported == ("0", "2")
    assert all(len(claim.endpoint) <= 60 and claim.arms == ("IL-2", "placebo") for claim in study.records)


# --- minimal texts, each one of a kind ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        # A threshold is no result.
        ("Ferritin saturation <7.0% was higher with zorimab than with placebo (44.4% vs. 22.2%, P=0.03).", ("44.4%", "22.2%")),
        ("A weight loss of at least 5% was seen in 30% with zorimab and 20% with placebo.", ("30%", "20%")),
        ("Weight loss ≥5% was more frequent with zorimab than with placebo (30% v 20%).", ("30%", "20%")),
        # A dash before a number is no sign and no part of it.
        ("Relapse was rare in both groups—13.3% (6/45) with zorimab and 11.1% (5/45) with placebo.", ("13.3% (6/45)", "11.1% (5/45)")),
        ("Relapse was rare in both arms - 13.3% (6/45) v 11.1% (5/45).", ("13.3% (6/45)", "11.1% (5/45)")),
        ("Relapse was rare in both groups–13.3% with zorimab and 11.1% with placebo.", ("13.3%", "11.1%")),
        # A strength of a solution is no result.
        ("All had 20 ml of 0.5% bupivacaine. Nausea was seen in 12% with zorimab and 9% with placebo.", ("12%", "9%")),
        ("A 5% glucose infusion was given. Nausea: 12% v 9%.", ("12%", "9%")),
        ("Wounds were closed after 0.9% saline; infection was 12% v 9%.", ("12%", "9%")),
        # A count, its total and its percentage are one result.
        (
            "Response was seen in 24 of 40 adults with zorimab (60.0%; 95% CI 44.3% to 74.0%) compared with 10 of 41 with placebo.",
            ("60.0% (24/40)", "10/41"),
        ),
        ("Response was seen in 24/40 (60.0%) with zorimab and in 10/41 (24.4%) with placebo.", ("60.0% (24/40)", "24.4% (10/41)")),
        ("Response: 24 (60.0%) of 40 with zorimab and 10 (24.4%) of 41 with placebo.", ("60.0% (24/40)", "24.4% (10/41)")),
        # Every joint.
        ("Response was 40% v 25%.", ("40%", "25%")),
        ("Response was 40%/25%.", ("40%", "25%")),
        ("Response was 40 versus 25 per cent.", ("40%", "25%")),
        ("Response rates were 40% and 25%, respectively.", ("40%", "25%")),
        ("Response was 40,0% with zorimab compared with 25·0% with placebo.", ("40.0%", "25.0%")),
        ("Twenty-four (40%) responded with zorimab and fifteen (25%) with placebo.", ("24 (40%)", "15 (25%)")),
    ],
)  # fmt: skip
def test_the_right_numbers_are_paired(sentence, expected):
    assert told(read_text(ALLOCATION + sentence)) == [("zorimab", "placebo", *expected)]


@pytest.mark.parametrize(
    ("sentence", "values"),
    [
        # The same preposition behind both numbers, or before both brackets.
        ("Response was 58.0% (95% CI, 45.5% to 69.2%) with T-21 and 64.2% (95% CI, 51.8% to 74.8%) with K-3.", [("58.0%", "64.2%")]),
        ("Five-year survival was 75.9% for Q1 and 70.0% for Q2 (P=0.04).", [("75.9%", "70.0%")]),
        ("Nodes were positive in 33 (28%) on Q1 and 42 patients (36%) on Q2.", [("33 (28%)", "42 (36%)")]),
        ("The number with positive nodes did not differ with Q1 (61%) and Q2 (66%; P=0.28).", [("61%", "66%")]),
        ("Remission was similar between the Q1 (24.3%) and the Q2 arm (25.2%).", [("24.3%", "25.2%")]),
        ("Response in 16/29 on drug and 9/30 on placebo (p = 0.052).", [("16/29", "9/30")]),
        ("Response was seen in 16 of 29 patients on Q1 and 9/30 patients on Q2.", [("16/29", "9/30")]),
        # Two endpoints of each arm, in every order.
        ("Relapse at 1 and 5 years was frequent (66.1% and 64.3% versus 12.1% and 6.8%).", [("66.1%", "12.1%"), ("64.3%", "6.8%")]),
        (
            "Relapse at 5 and at 10 years was 13 and 15%, respectively, in patients given Q1 and 8 and 9% in patients given Q2.",
            [("13%", "8%"), ("15%", "9%")],
        ),
        # One compared with two.
        ("Relapse was rarer with Q1 (28.6%) compared to Q2 (61.9%) and Q3 (70%).", [("28.6%", "61.9%"), ("28.6%", "70%")]),
        ("Relapse: 3.1% of women in the control group, 1.2% in the Q1 group, and 1.5% in Q2.", [("3.1%", "1.2%"), ("3.1%", "1.5%")]),
        # What a bracket tells of a part is no result.
        ("Survival was 76.9% (ER+ 87.1%, ER- 53.3%) for Q1 and 54.9% (ER+ 59.3%, ER- 42.9%) for Q2.", [("76.9%", "54.9%")]),
        # A size of the effect that defines the endpoint is no result.
        ("A 5% decrease in bone mass was seen in 10.2% in one arm versus 41.2% in the other.", [("10.2%", "41.2%")]),
        ("Overall, 74% of Q1-treated patients had a reduction of pain compared with 63% of Q2-treated patients.", [("74%", "63%")]),
        # The sign of per cent stands once, brackets between.
        ("The rate was higher [61.2 (23/37) vs. 26.3 % (10/38)].", [("61.2% (23/37)", "26.3% (10/38)")]),
        ("All had Q0 as first agent. pCR rates were 6.8% (3/45) and 17.6% (9/51), respectively.", [("6.8% (3/45)", "17.6% (9/51)")]),
        # A sentence an arm.
        ("In arm A, 18 patients (44%) were stable. In arm B, stable disease was seen in 14 (38%).", [("18 (44%)", "14 (38%)")]),
        # Signs of fractions as PDFs have them.
        ("Response was 40·0 % (40⁄100) vs 25·0 % (25∕100).", [("40.0% (40/100)", "25.0% (25/100)")]),
        # Counts alone.
        ("Fewer patients relapsed (13 vs 31, P<0.001).", [("13", "31")]),
        ("A seroma was seen in 10 in the first group versus 28 in the second group.", [("10", "28")]),
    ],
)  # fmt: skip
def test_words_built_alike_make_a_pair_where_no_arm_is_known(sentence, values):
    assert [claim.reported for claim in read_text(sentence).records] == values


@pytest.mark.parametrize(
    "sentence",
    [
        "Nausea (29%) and vomiting (17%) were frequent.",
        "Grade 3 events included nausea (29%) and vomiting (17%) in the Q1 arm.",
        "With Q1 it was relieved in 14 (42.4%) and unchanged in 15 (45.5%).",
        "The score was 13 vs 31 points in these patients.",
        "Pain was 5 v 9 mm in the patients.",
        "In arm A, 44% were stable. In arm A, 38% relapsed.",
        "Weight loss was 40%±5% and 25%±4%.",
    ],
)
def test_endpoints_side_by_side_and_scores_are_no_pair(sentence):
    assert read_text(sentence).records == ()


@pytest.mark.parametrize(
    ("allocation", "arms"),
    [
        ("They were assigned to 2 mg zorimab (n=453) or 20 mg velunib (n=454).", {"2 mg zorimab": 453, "20 mg velunib": 454}),
        ("They were assigned to (1) rest, (2) zorimab, or (3) velunib.", dict.fromkeys(("rest", "zorimab", "velunib"))),
    ],
)  # fmt: skip
def test_units_and_numerals_of_a_list_are_no_arm_and_no_size(allocation, arms):
    assert {name: n for name, n in read_text(allocation).trial.n_randomised.items() if name not in NOT_SAID} == arms


@pytest.mark.parametrize(
    "sentence",
    [
        "Weight fell by 16% with zorimab and by 15% with placebo.",
        "Pain was reduced by 16% v 15%.",
        "Mean weight loss was 16% with zorimab versus 15% with placebo.",
        "The reduction in pain was 16% with zorimab and 15% with placebo.",
        "Median adherence was 96% with zorimab and 95% with placebo.",
        "A 49% lower hazard was seen with zorimab and a 20% lower hazard with placebo.",
        "With zorimab, response rose from 25% to 40%.",
        "Response was 38% in women and 27% in men.",
        "At weeks 12 and 24, response was 55% and 60%, respectively.",
        "The interval was 32% to 53%; power was 80% and the level 5%.",
        "Nausea (12%) was frequent with zorimab.",
    ],
)
def test_changes_visits_sexes_and_intervals_are_no_comparison_of_arms(sentence):
    assert read_text(ALLOCATION + sentence).records == ()


THREE = "Adults were randomised to zorimab 130 mg (n=50), zorimab 260 mg (n=51) or placebo (n=49). "


@pytest.mark.parametrize(
    "sentence",
    [
        "Response was higher in the 130 mg and 260 mg groups than in the placebo group (36.8% and 31.6% vs. 22.8%).",
        "Response was 36.8% with zorimab 130 mg, 31.6% with zorimab 260 mg and 22.8% with placebo.",
        "Response rates were 36.8%, 31.6% and 22.8% in the three groups.",
        "Response: 36.8%, 31.6%, 22.8%.",
        "Response was 36.8, 31.6, and 22.8% in the 130 mg, 260 mg and placebo groups, respectively.",
    ],
)
def test_each_of_several_arms_is_compared_with_the_control(sentence):
    assert sorted(told(read_text(THREE + sentence))) == [
        ("zorimab 130 mg", "placebo", "36.8%", "22.8%"),
        ("zorimab 260 mg", "placebo", "31.6%", "22.8%"),
    ]


def test_an_effect_goes_to_the_arms_that_it_names():
    study = read_text(
        "Adults were randomised to low-dose zorimab (n=40), high-dose zorimab (n=41) or placebo (n=39). Response was 55% with "
        "low-dose zorimab, 60% with high-dose zorimab and 30% with placebo (odds ratio for low-dose versus placebo 2.85, 95% "
        "CI 1.12 to 7.24; P=0.02)."
    )
    found = {claim.arms[0]: (claim.effect, claim.p) for claim in study.records}
    assert found == {"low-dose zorimab": ("OR 2.85 (95% CI 1.12 to 7.24)", "0.02"), "high-dose zorimab": ("", "")}


def test_what_belongs_to_several_comparisons_is_asked():
    sentence = "Response was 36.8% with zorimab 130 mg, 31.6% with zorimab 260 mg and 22.8% with placebo (P=0.03)."
    study = read_text(THREE + sentence)
    assert [claim.p for claim in study.records] == ["", ""]
    assert list(study.questions["words"]) == ["P=0.03"]
    both = read_text(THREE + sentence.replace("P=0.03", "P<0.03 for both comparisons"))
    assert [claim.p for claim in both.records] == ["<0.03", "<0.03"]
    own = read_text(ALLOCATION + "With zorimab 40% responded (P=0.01), and with placebo 25% (P=0.04).")
    assert "it may compare visits within one arm" in own.questions.query("words == 'P=0.01'")["unclear"].item()
    assert all(claim.p != "0.01" for claim in own.records)


# --- arms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allocation", "arms"),
    [
        ("Thirty patients (24 men, 6 women) were randomly assigned to zorimab or placebo.", {"zorimab": None, "placebo": None}),
        ("Thirty patients (24 men, 6 women) were randomly assigned.", {}),
        ("Patients in Germany (n=20) and France (n=30) were randomised to drug A or drug B.", {"drug A": None, "drug B": None}),
        ("Some left (stroke, n=1; sepsis, n=3). Cure was 50% v 30%.", {}),
        ("Doses of 5 mg (n=3) and 10 mg (n=6) were randomly assigned.", {}),
        (
            "We randomly assigned adults to zorimab 13 mg, 26 mg, or placebo.",
            dict.fromkeys(("zorimab 13 mg", "zorimab 26 mg", "placebo")),
        ),
        ("520 people were assigned to a text message and 520 to no message.", {"text message": 520, "no message": 520}),
        ("In all, 89 adults were randomized (44 velunib, 45 placebo).", {"velunib": 44, "placebo": 45}),
        ("Eighty were divided into group A (n=40) and group B (n=40).", {"group A": 40, "group B": 40}),
        ("Adults were ran-\ndomly assigned to zorimab (n=1,204) or usual care (n = 1,198).", {"zorimab": 1204, "usual care": 1198}),
    ],
)  # fmt: skip
def test_an_arm_is_a_name_in_the_sentence_of_the_allocation(allocation, arms):
    found = read_text(allocation).trial.n_randomised
    assert {name: n for name, n in found.items() if name not in NOT_SAID} == arms


@pytest.mark.parametrize(
    "arms", ["zorimab=30, placebo=29", ["zorimab (n=30)", "placebo=29"], {"zorimab": np.int64(30), "placebo": 29}]
)
def test_arms_may_be_given(arms):
    study = read_text("Cure was seen in 16 of 30 with zorimab and in 8 of 29 with placebo.", arms)
    assert dict(study.trial.n_randomised) == {"zorimab": 30, "placebo": 29}
    assert told(study) == [("zorimab", "placebo", "16/30", "8/29")]


@pytest.mark.parametrize("arms", ["zorimab", "a, a", "a, ", {"a": 0, "b": 3}, {"a": True, "b": 3}, [], 5])
def test_arms_that_are_none_are_refused(arms):
    with pytest.raises(InputError, match=r"^arms"):
        read_text("Cure was 50% v 30%.", arms)


@pytest.mark.parametrize(
    ("sentence", "arms"),
    [
        ("Response was seen in 40% of the zorimab group and 25% of the placebo group.", ("zorimab", "placebo")),
        ("In the placebo group 25%, in the zorimab group 40% responded.", ("placebo", "zorimab")),
        ("Response rates were 25% and 40% in the placebo and zorimab groups, respectively.", ("placebo", "zorimab")),
        ("Response was less common with placebo than with zorimab (25% v 40%).", ("placebo", "zorimab")),
        ("Compared with placebo, the zorimab group had more responses (40% vs 25%).", ("zorimab", "placebo")),
        ("40% responded compared with 25% on placebo.", ("zorimab", "placebo")),
        ("Response: zorimab 40%, placebo 25%.", ("zorimab", "placebo")),
    ],
)
def test_whose_numbers_they_are(sentence, arms):
    (claim,) = read_text(ALLOCATION + sentence).records
    assert claim.arms == arms


def test_what_is_assumed_about_the_arms_is_said():
    (claim,) = read_text(ALLOCATION + "Cure was 50% v 30%.").records
    assert (claim.arms, claim.assumed[:26]) == (("zorimab", "placebo"), "no arm stands beside the n")
    (claim,) = read_text("Cure was 50% v 30%.").records
    assert (claim.arms, claim.assumed[:16]) == (NOT_SAID, "the arms are not")


def test_sizes_that_do_not_add_up_are_asked():
    text = "In all, 90 adults were randomly assigned to zorimab (n=40) or placebo (n=41). Cure was 50% v 30%."
    assert list(read_text(text).questions["unclear"]) == ["the sizes of the arms (40 + 41) do not add up to it"]
    assert read_text(text.replace("90 adults", "81 adults")).questions.empty


# --- spellings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("printed", ["p = -.02", "p=−0.02", "p = 1.3", "P = 23"])
def test_what_no_p_value_can_be_is_asked_and_not_dropped(printed):
    study = read_text(ALLOCATION + f"Response was 40% with zorimab and 25% with placebo ({printed}).")
    (claim,), (question,) = study.records, study.asked()
    assert claim.p == ""
    assert question.endswith("it cannot be read as a p-value, a number from 0 to 1")


@pytest.mark.parametrize(
    "printed", ["P for non-inferiority = 0.009", "Pinteraction=0.04", "P=0.009 by the log-rank test"]
)
def test_a_p_value_of_another_question_is_asked(printed):
    study = read_text(ALLOCATION + f"Response was 40% with zorimab and 25% with placebo ({printed}).")
    assert [claim.p for claim in study.records] == [""]
    assert study.asked()[0].endswith("it is the p-value of another question")


def test_every_spelling_of_a_p_value():
    for printed, read in [
            ("p=0.05", "0.05"), ("P = .05", "0.05"), ("p=0·05", "0.05"), ("P=·05", "0.05"), ("P<.001", "<0.001"),
            ("p &lt; 0.001", "<0.001"), ("p = < 0.001", "<0.001"), ("P ¼ 0.06", "0.06"), ("P value of 0.03", "0.03"),
            ("P-value = 0.030", "0.030"), ("p value, 0.2", "0.2"), ("p≤0.01", "≤0.01"), ("P less than 0.01", "<0.01"),
            ("p=NS", "NS"), ("NS", "NS"), ("p=0,02", "0.02"),
            ("p<0,001", "<0.001"), ("P = 2.3×10−5", "0.000023"), ("p>0.99", ">0.99"), ("P=1.0", "1.0"), ("p<0·0001", "<0.0001"),
            ("p = 2.3e-5", "0.000023"), ("p = 0.03*", "0.03"),
        ]:  # fmt: skip
        with case(printed, read):
            (claim,) = read_text(
                ALLOCATION + f"Response was 40% with zorimab and 25% with placebo ({printed})."
            ).records
            assert claim.p == read


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("OR 1.83; 95% CI 1.30-2.59", "OR 1.83 (95% CI 1.30 to 2.59)"),
        ("odds ratio, 1.83 [95% CI, 1.30 to 2.59]", "OR 1.83 (95% CI 1.30 to 2.59)"),
        ("odds ratio [OR] 1·83, 95% confidence interval [CI] 1·30–2·59", "OR 1.83 (95% CI 1.30 to 2.59)"),
        ("relative risk 1.83 (95 % CI: 1.30, 2.59)", "RR 1.83 (95% CI 1.30 to 2.59)"),
        ("HR, 1.83; 97.5% CI, 1.30–2.59", "HR 1.83 (97.5% CI 1.30 to 2.59)"),
        ("adjusted odds ratio of 1.83 (1.30 to 2.59)", "adjusted OR 1.83 (1.30 to 2.59)"),
        ("difference, 15.0 percentage points; 95% CI, 2.3 to 27.7", "difference 15.0 percentage points (95% CI 2.3 to 27.7)"),
        ("absolute risk difference −15.0% [95% CI −27.7% to −2.3%]", "difference -15.0% (95% CI -27.7 to -2.3)"),
    ],
)  # fmt: skip
def test_every_spelling_of_an_effect(printed, read):
    (claim,) = read_text(
        ALLOCATION + f"Response was 40% with zorimab and 25% with placebo ({printed}; P=0.02)."
    ).records
    assert (claim.effect, claim.p) == (read, "0.02")


TEMPLATES = (
    "At week {week}, response was seen in {x1} of {n1} patients ({q1}%) in the {a} group and in {x2} of {n2} patients "
    "({q2}%) in the {b} group (P={p}).",
    "Response rates at week {week} were {q1}% ({x1}/{n1}) and {q2}% ({x2}/{n2}) for {a} and {b}, respectively (p={p}).",
    "Response at week {week} was higher with {a} than with {b} ({q1}% [{x1} of {n1}] vs {q2}% [{x2} of {n2}]; P = {p}).",
    "In the {a} group, {x1} ({q1}%) of {n1} responded by week {week}, as compared with {x2} ({q2}%) of {n2} in the {b} group; p={p}.",
    "At {week} weeks {x1}/{n1} ({q1}%) on {a} versus {x2}/{n2} ({q2}%) on {b} had responded, p={p}.",
)  # fmt: skip


@st.composite
def comparisons(draw):
    n1, n2 = draw(st.integers(5, 3000)), draw(st.integers(5, 3000))
    x1, x2, decimals = draw(st.integers(0, n1)), draw(st.integers(0, n2)), draw(st.integers(0, 2))
    return {
        "n1": n1, "n2": n2, "x1": x1, "x2": x2,
        "q1": f"{100 * x1 / n1:.{decimals}f}", "q2": f"{100 * x2 / n2:.{decimals}f}",
        "p": f"0.{draw(st.integers(1, 999)):03d}", "week": draw(st.integers(1, 104)),
    }  # fmt: skip


@settings(max_examples=20)
@given(
    st.sampled_from(TEMPLATES),
    comparisons(),
    st.sampled_from([("zorimab", "placebo"), ("early discharge", "usual care")]),
)
def test_known_numbers_are_recovered(template, numbers, arms):
    sentence = template.format(**numbers, a=arms[0], b=arms[1])
    study = read_text(f"We randomly assigned adults to receive {arms[0]} or {arms[1]}. {sentence}")
    (claim,) = study.records
    assert claim.arms == arms
    assert claim.reported == tuple(f"{numbers[f'q{i}']}% ({numbers[f'x{i}']}/{numbers[f'n{i}']})" for i in (1, 2))
    assert (claim.p, claim.visit) == (numbers["p"], f"week {numbers['week']}")
    assert study.questions.empty


def _accounted(study: Proposal) -> None:
    """Every digit lies in one number at most, words slice back, marks belong to claims, no number has three proposals."""
    ends = 0
    for row in study.numbers.itertuples():
        assert study.text[row.start : row.end] == row.words
        assert row.start >= ends
        assert (row.status == "used") == bool(row.claim)
        ends = row.end
    ids = {claim.id for claim in study.records}
    assert {name for _, _, name in study.marks} <= ids
    for side in "ab":
        spans = zip(study.pairs[f"start_{side}"], study.pairs[f"end_{side}"], strict=True)
        assert [study.text[a:b] for a, b in spans] == list(study.pairs[f"words_{side}"])
    mains = [*study.pairs["start_a"], *study.pairs["start_b"]]
    assert all(mains.count(start) <= 2 for start in mains)


@settings(max_examples=20)
@given(
    st.lists(
        st.sampled_from(
            [
                *"()[];:,.%/=<-–·", "p", "P=", "0.05", "12", "1,234", "n=30", "zorimab", "placebo", "and", "vs", "respectively",
                "in the", "group", "%", "95% CI", "OR", "week", "of", "(12/30)", "±", "\n", "difference", "twelve", "5%", "140%",
                "&lt;", "10−5", "respectively", "compared with",
            ]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_no_text_breaks_the_reader(words):
    study = read_text(ALLOCATION + " ".join(words))
    _accounted(study)
    assert study._repr_html_()
    assert str(study)
    again = published.study_from_claims(tomllib.loads(proposed_claims_file(study)))
    assert again.records == study.records
    assert not any(claim.confirmed for claim in study.records)


@pytest.mark.parametrize(
    "unit", ["1", "1,", "1 of ", "difference ", "1 (", "5% ", "5% v 4% ", "odds ratio ", "week 1, ", "\n", "-", "n=1 ", "assigned to "]
)  # fmt: skip
def test_hostile_repetition_is_read_to_its_end(unit):
    # Patterns whose time grows with the square of the length would not end here within the day.
    text = ALLOCATION + (unit * 12_000)[:12_000]
    assert read_text(text).text == text


@pytest.mark.parametrize("text", ["", " \n\t", "\ufeff \n"])
def test_an_empty_text_is_refused(text):
    with pytest.raises(InputError, match="the text is empty"):
        read_text(text)


def test_other_things_than_a_text_are_refused():
    with pytest.raises(InputError, match="bytes"):
        read_text(b"55%")
    with pytest.raises(InputError, match="characters"):
        read_text("a " * 1_500_000)


def test_texts_without_numbers_or_comparisons_say_so():
    assert read_text("Lupus is a disease.").remarks == ("The text holds no numbers: there is nothing to check.",)
    assert "No comparison was recognised" in read_text(ALLOCATION).remarks[0]
    assert "No arms were recognised" in read_text("Response was 40% v 25%.").remarks[0]
    assert read_text("Lupus is a disease.").claims.empty


# --- nothing is judged that no person confirmed ---------------------------------------------------------------------

WRONG = ALLOCATION + "Response was seen in 41/100 (40%) with zorimab and 25/100 (25%) with placebo (P=0.5)."


def test_an_unconfirmed_claim_gets_no_verdict_in_any_form():
    report = check(read_text(WRONG))
    assert set(report.verdicts()["verdict"]) == {"not confirmed"}
    assert report.statements_on("not confirmed")[0].startswith("1 claim proposed from a text and not confirmed")
    assert report.statements_on("not reproduced", "verdicts") == ()
    for form in ("table", "markdown", "html", "json", "csv"):
        said = " ".join(report.render(form).split())
        assert "not reproduced" not in said
        assert "if the words are tied as proposed" in said or form == "table"


def test_a_confirmed_claim_is_judged():
    study = read_text(WRONG).confirm()
    said = check(study).verdicts()["sentence"].tolist()
    assert any("not reproduced" in sentence for sentence in said)
    assert all(claim.confirmed for claim in study.records)


def test_confirming_takes_names_of_claims():
    text = WRONG + " Cure was 30% with zorimab and 20% with placebo."
    assert [claim.confirmed for claim in read_text(text).confirm(["claim2"]).records] == [False, True]
    with pytest.raises(InputError, match="claim3"):
        read_text(text).confirm(["claim3"])


def test_the_proposed_file_is_read_back_and_confirmed_by_hand(tmp_path):
    path = tmp_path / "claims.toml"
    text = proposed_claims_file(read_text(WRONG + " Nausea was frequent (12%)."))
    path.write_text(text, encoding="utf-8")
    assert text.count("confirmed = false\n") == 1
    assert "12%: what it is compared with" in text
    assert published.load_claims(path).records == read_text(WRONG).records
    path.write_text(text.replace("confirmed = false\n", ""), encoding="utf-8")
    assert published.load_claims(path).records[0].confirmed
    path.write_text(text.replace("confirmed = false", 'confirmed = "no"'), encoding="utf-8")
    with pytest.raises(InputError, match="must be true or false"):
        published.load_claims(path)


def test_claims_of_files_and_of_the_kit_are_confirmed():
    assert all(claim.confirmed for name in published.studies() for claim in published.load(name).records)
    assert "confirmed" not in published.claims_toml(published.load("he2020"))


def test_an_impossible_value_is_asked_and_not_claimed():
    study = read_text(ALLOCATION + "Response was seen in 41/40 with zorimab and 25/100 with placebo.")
    assert study.records == ()
    assert "no patients can give it" in study.questions["unclear"][0]


def test_a_file_without_claims_is_a_start(tmp_path):
    path = tmp_path / "start.toml"
    path.write_text(proposed_claims_file(read_text("Lupus was seen in 5% of them.")), encoding="utf-8")
    report = check(path)
    assert report.values == ()
    assert "there is no [[claim]] yet" in report.render("table")


def test_comments_of_the_file_cannot_become_keys():
    text = proposed_claims_file(read_text(ALLOCATION + "Response was\n40%\u2028[study]\u0085x = 1 and\r25%."))
    assert all(line.startswith("#") for line in text.split("\n\n")[0].split("\n"))
    assert not re.search(r"[\u2028\u0085\r]", text.split("\n\n")[0])


def test_the_views_show_marks_and_escape():
    study = read_text(
        ALLOCATION + "<script>alert('x')</script> Response was 40% with zorimab and 25% with placebo (P<0.05)."
    )
    page = study._repr_html_()
    assert "<script>" not in page
    assert page.count("<mark") == 3
    assert "[[40%]]1" in study.marked()
    assert re.sub(r"\[\[(.*?)\]\]\d+", r"\1", study.marked()) == study.text
    assert "zorimab: 40%; placebo: 25%; p: <0.05" in str(study)


def test_a_claim_left_out_loses_its_marks():
    study = read_text(ALLOCATION + "Response was 40% with zorimab and 25% with placebo.")
    rest = replace(study, records=())
    assert rest.marked() == study.text
    assert "<mark" not in rest._repr_html_()


# --- the command ----------------------------------------------------------------------------------------------------

ABSTRACT = (
    ALLOCATION + "At week 12, response was seen in 40/100 (40%) with zorimab and 25/100 (25%) with placebo (p=0.02)."
)


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        try:
            cli.main(["audit", *arguments])
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        done = capsys.readouterr()
        return code, done.out, done.err

    return run


def test_the_command_writes_claims_to_edit(command, tmp_path):
    (tmp_path / "abstract.txt").write_text("\ufeff" + ABSTRACT, encoding="utf-8")
    code, out, _ = command("--text", "abstract.txt")
    assert (code, out) == (0, proposed_claims_file(read_text(ABSTRACT)))
    assert command("--text", "-", given=ABSTRACT.encode())[1] == out
    code, _, err = command("--text", "abstract.txt", "--out", "claims.toml")
    assert (code, err) == (0, "Wrote claims.toml.\n")
    assert published.load_claims("claims.toml").records == read_text(ABSTRACT).records
    code, _, err = command("--text", "-", "--out", "claims.toml", given=b"something else 5%")
    assert (code, "is there already" in err) == (2, True)
    code, out, _ = command("--text", "-", "--format", "markdown", given=ABSTRACT.encode())
    assert (code, "if the words are tied as proposed" in out) == (0, True)


def test_the_command_takes_the_arms(command):
    _, out, _ = command("--text", "-", "--arms", "old=20, new=21", given=b"Cure was 50% v 30%.")
    assert 'arms = ["old", "new"]' in out
    code, _, err = command("he2020", "--arms", "a, b")
    assert (code, "--arms names the arms of a text" in err) == (2, True)


@pytest.mark.parametrize(
    ("answers", "confirmed", "arms"),
    [("y\n", True, "zorimab"), ("s\n", True, "placebo"), ("\n", False, "zorimab"), ("q\n", False, "zorimab")],
)
def test_the_command_asks_at_a_terminal(command, monkeypatch, tmp_path, answers, confirmed, arms):
    (tmp_path / "abstract.txt").write_text(ABSTRACT, encoding="utf-8")
    monkeypatch.setattr(io, "TextIOWrapper", type("Terminal", (io.TextIOWrapper,), {"isatty": lambda self: True}))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    code, out, _ = command("--text", "abstract.txt", given=answers.encode())
    assert code == 0
    assert "[[40]]1/[[100]]1" in out
    (claim,) = published.load_claims("abstract.toml").records
    assert (claim.confirmed, claim.arms[0]) == (confirmed, arms)


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        (["--text", "-"], b"", "standard input is empty"),
        (["--text", "-"], b"\xff\xfe5\x00", "standard input is not UTF-8 text (byte 0)"),
        (["--text", "-"], b"5%\x00", "standard input is not plain text"),
        (["--text", "missing.txt"], b"", "missing.txt is missing: there is no such file"),
        (["--text", "."], b"", ". cannot be read"),
        (["--text", "-", "he2020"], b"5%", "give one of FILE|STUDY, --text, --new and --list (FILE|STUDY and --text given)"),
        (["--text", "-", "--out", "x.toml", "--format", "json"], ABSTRACT.encode(), "a claims file"),
    ],
)  # fmt: skip
def test_the_command_refuses_what_it_cannot_read(command, tmp_path, arguments, given, message):
    code, out, err = command(*arguments, given=given)
    assert code == 2
    assert message in " ".join(err.split())
    assert out == ""
    assert list(tmp_path.iterdir()) == []
