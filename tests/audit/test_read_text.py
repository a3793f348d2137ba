"""Claims read from the text of abstracts: invented abstracts with the claims a careful reader would write down."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lupus_kit.audit import read_text

FOLDER = Path(__file__).parents[1] / "references"


@dataclass
class Abstract:
    name: str
    text: str
    arms: dict[str, int | None] = field(default_factory=dict)
    claims: list[dict[str, object]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def _claim(line: str) -> dict[str, object]:
    sides, *rest = (part.strip() for part in line.split("; "))
    pairs = [side.partition(":") for side in sides.rstrip(" ;").split(" | ")]
    expected: dict[str, object] = {
        "arms": tuple(arm.strip() for arm, _, _ in pairs),
        "reported": tuple(value.strip() for _, _, value in pairs),
    }
    for part in rest:
        key, _, value = part.partition("=")
        expected[key] = value
    if not any(expected["reported"]):
        expected["reported"] = ()
    return expected


def _abstracts(name: str) -> list[Abstract]:
    found = []
    for block in (FOLDER / name).read_text(encoding="utf-8").split("\n## ")[1:]:
        title, *lines = block.strip().split("\n")
        one = Abstract(title, "\n".join(line for line in lines if not line.startswith("-- ")).strip())
        for line in lines:
            _, _, value = line.removeprefix("-- ").partition(": ")
            if line.startswith("-- arms"):
                pairs = [part.partition("=") for part in value.split("; ")]
                one.arms = {arm: int(n) if n else None for arm, _, n in pairs}
            elif line.startswith("-- claim"):
                one.claims.append(_claim(value))
            elif line.startswith("-- asked"):
                one.asked = re.split(r"; (?!95% CI)", value)
        found.append(one)
    return found


ABSTRACTS = _abstracts("invented_abstracts.txt")


@pytest.mark.parametrize("abstract", ABSTRACTS, ids=lambda one: one.name)
def test_the_claims_of_an_abstract(abstract):
    study = read_text(abstract.text)
    assert {arm: study.trial.n_randomised[arm] for arm in study.trial.n_randomised} == abstract.arms
    found = [
        {key: getattr(claim, key) for key in expected}
        for claim, expected in zip(study.records, abstract.claims, strict=False)
    ]
    assert found == abstract.claims
    assert len(study.records) == len(abstract.claims), study.records[len(abstract.claims) :]
    assert list(study.questions["words"]) == abstract.asked


# --- rules that the abstracts above do not need --------------------------------------------------------------------

ALLOCATION = "Patients were randomly assigned to velunib (n=100) or placebo (n=100). "


@pytest.mark.parametrize(
    "sentence",
    [
        "In the study, 40% improved from baseline compared with 25% with placebo.",
        "Response was seen in 40% at baseline versus 25% with placebo.",
        "Remission occurred in 40% of the subgroup compared with 25% with placebo.",
    ],
)
def test_a_number_that_may_be_of_another_visit_or_subgroup_is_asked(sentence):
    study = read_text(ALLOCATION + sentence)
    assert study.records == ()
    assert list(study.questions["words"]) == ["40%", "25%"]


@pytest.mark.parametrize(
    ("sentence", "reported", "n"),
    [
        ("Response was seen in 12% of 50 patients with velunib and 25% of 48 patients with placebo.", ("12%", "25%"), (50, 48)),
        ("Response was seen in 12% of 50 patients with velunib and 25% with placebo.", ("12%", "25%"), (50, None)),
        ("Response was seen in 12% (6) of 50 with velunib and 25% (12) of 48 with placebo.", ("12% (6/50)", "25% (12/48)"), ()),
        ("Response was seen with velunib (12; 12%) and with placebo (25 patients, 25%).", ("12 (12%)", "25 (25%)"), ()),
    ],
)  # fmt: skip
def test_shares_whose_total_or_count_stands_apart(sentence, reported, n):
    (claim,) = read_text(ALLOCATION + sentence).records
    assert (claim.reported, claim.n) == (reported, n)
    assert claim.note == ""


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("P=.02 and .03, respectively", ["0.02", "0.03"]),
        ("P = .02 and <.001, respectively", ["0.02", "<0.001"]),
        ("P<.01, .04", ["<0.01", "<0.04"]),
    ],
)
def test_a_p_value_without_its_own_letter(printed, read):
    study = read_text(
        "Adults were randomised to velunib 5 mg (n=100), velunib 10 mg (n=100) or placebo (n=100). "
        f"Response was 40% with velunib 5 mg, 50% with velunib 10 mg and 25% with placebo ({printed})."
    )
    assert [claim.p for claim in study.records] == read


def test_a_p_value_for_all_goes_to_the_comparisons_before_it():
    study = read_text(
        ALLOCATION + "Response was 40% with velunib and 25% with placebo, cure 50% with velunib and 30% with placebo "
        "(P=0.004), and remission was 30% with velunib and 20% with placebo (all P<.05)."
    )
    shared = "one p-value is printed for every comparison"
    found = [(claim.p, shared in claim.assumed) for claim in study.records]
    assert found == [("<0.05", True), ("0.004", False), ("<0.05", False)]


@pytest.mark.parametrize(
    ("allocation", "sizes"),
    [
        ("In all, 89 adults were randomized (44 velunib, 45 placebo).", (44, 45)),
        ("In all, 89 adults were randomized (44 velunib and 45 placebo).", (44, 45)),
        (
            "Adults were randomly assigned to velunib or placebo. They were allocated to an intervention (n=44) and a "
            "control (n=45) group.",
            (44, 45),
        ),
        (
            "Adults were randomly assigned to velunib or placebo. They were allocated to a control (n=45) and an "
            "intervention (n=44) group.",
            (45, 44),
        ),
    ],
)
def test_other_ways_to_print_the_sizes_of_arms(allocation, sizes):
    study = read_text(f"{allocation} Response was 40% with velunib and 25% with placebo.")
    assert tuple(study.trial.n_randomised.values()) == sizes
    assert {claim.arms for claim in study.records} == {("velunib", "placebo")}
    assert study.trial.n_randomised["velunib"] == 44


def test_an_arm_named_by_its_short_name_is_known_by_its_long_one():
    study = read_text(
        "Azathioprine (AZA) is an old drug. Adults were randomly assigned to AZA (n=100) or placebo (n=100). "
        "Response was 40% with azathioprine and 25% with placebo."
    )
    (claim,) = study.records
    assert (claim.arms, claim.reported) == (("AZA", "placebo"), ("40%", "25%"))


@pytest.mark.parametrize(
    ("sentence", "met"),
    [
        ("The primary outcome of response was 40% with velunib and 25% with placebo and did not differ.", "not met"),
        ("The primary endpoint, response, was not significantly different: 40% with velunib and 25% with placebo.", "not met"),
        ("For the primary outcome of response, no significant difference was seen: 40% with velunib, 25% with placebo.", "not met"),
        ("The primary outcome of response was 40% with velunib and 25% with placebo.", ""),
        ("Response did not differ: 40% with velunib and 25% with placebo.", ""),
    ],
)  # fmt: skip
def test_a_primary_endpoint_without_a_difference_was_not_met(sentence, met):
    (claim,) = read_text(ALLOCATION + sentence).records
    assert claim.met == met


def test_a_sentence_that_begins_with_secondary_is_of_a_secondary_endpoint():
    (claim,) = read_text(ALLOCATION + "Secondary analyses: response was 40% with velunib, 25% with placebo.").records
    assert claim.role == "secondary"
    late = "In this trial of adults with severe arthritis, response in secondary care was 40% with velunib, 25% with placebo."
    (claim,) = read_text(ALLOCATION + late).records
    assert claim.role == ""


def test_an_event_that_stands_apart_names_the_endpoint():
    (claim,) = read_text(ALLOCATION + "40% with velunib and 25% with placebo, infections mostly.").records
    assert claim.endpoint == "infections"


P, ODDS, MORE = "P=.03", "OR 1.2; 95% CI 1.1 to 1.4", "OR 1.3; 95% CI 1.2 to 1.5"


@pytest.mark.parametrize(
    ("first", "second", "p", "effect", "asked"),
    [
        (ODDS, P, "0.03", "", [ODDS]),
        (ODDS, MORE, "", "OR 1.3 (95% CI 1.2 to 1.5)", [ODDS]),
        (P, P, "", "", [P, P]),
        (P, ODDS, "", "", [P, ODDS]),
    ],
)
def test_what_stands_behind_each_of_two_numbers(first, second, p, effect, asked):
    study = read_text(ALLOCATION + f"With velunib, 40% responded ({first}), and with placebo 25% ({second}).")
    (claim,) = study.records
    assert (claim.p, claim.effect) == (p, effect)
    assert list(study.questions["words"]) == asked
    assert set(study.questions["unclear"]) <= {
        "it stands behind the first of two numbers: it may compare visits within one arm",
        "each of the two numbers has its own: they may compare visits within one arm",
    }
