"""Analysis plans: what they refuse, what they decide, and files that come back as they went."""

import json
import tomllib
from dataclasses import replace
from datetime import date
from itertools import product

import numpy as np
import pytest

from lupus_kit import cohort, design, inference, simulation
from lupus_kit.core.errors import InputError
from lupus_kit.simulation import AnalysisPlan, Endpoint, InterimLooks, Reestimation, ResponseRates, Scenario
from lupus_kit.simulation.plan import plan_file
from lupus_kit.simulation.trials.decisions import EVENTS, FINDINGS, Rule, bits, pvalues

HE = design.he2020()
RATES = ResponseRates((0.55, 0.30), (0.65, 0.37))
WITH_DROPOUT = replace(RATES, dropout=simulation.Dropout((0.05, 0.06), (0.1, 0.2), 1.5))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: AnalysisPlan(test="pearsen"), "did you mean 'pearson'"),
        (lambda: AnalysisPlan(test=["pearson"]), "unknown test"),
        (lambda: AnalysisPlan(multiplicity="holms"), "did you mean 'holm'"),
        (lambda: AnalysisPlan(missing="locf"), "Allowed: 'nonresponder', 'observed', 'worst', 'best'"),
        (lambda: AnalysisPlan(events="composit"), "did you mean 'composite'"),
        (lambda: AnalysisPlan(looks=(0.5, 1.0)), "give a simulation.InterimLooks"),
        (lambda: AnalysisPlan(primary="SRI-4"), "give a simulation.Endpoint"),
        (lambda: AnalysisPlan(reestimation={}), "give a simulation.Reestimation"),
        (lambda: AnalysisPlan(alpha=1.0), "alpha == 1.0"),
        (lambda: AnalysisPlan(alpha=True), "alpha == True"),
        (lambda: AnalysisPlan(correlation=2), "correlation == 2"),
        (lambda: AnalysisPlan(Endpoint(12), Endpoint(12)), "they must differ"),
        (lambda: Endpoint(0), "week == 0"),
        (lambda: Endpoint(12.5), "week == 12.5"),
        (lambda: Endpoint(12, "SRI4"), "did you mean 'SRI-4'"),
        (lambda: InterimLooks((1.0,)), "one look is no interim look"),
        (lambda: InterimLooks((0.5, 0.8)), "rise from above 0 to 1"),
        (lambda: AnalysisPlan(looks=InterimLooks((0.5, 1), "pocok")), "did you mean 'pocock'"),
        (lambda: AnalysisPlan(looks=InterimLooks((0.5, 1), "spending", (0.04, 0.06))), "more than alpha == 0.05"),
        (lambda: AnalysisPlan(looks=InterimLooks((0.5, 1)), multiplicity="hochberg"), "not defined with interim looks"),
        (lambda: AnalysisPlan(looks=InterimLooks((0.5, 1)), reestimation=Reestimation()), "choose one of them"),
        (lambda: Reestimation(at=1), "must be below 1"),
        (lambda: Reestimation(difference=0), "difference == 0"),
        (lambda: Reestimation(max_factor=1), "above 1"),
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_visit_that_is_not_in_the_design():
    with pytest.raises(ValueError, match=r"primary endpoint is at week 16, .* weeks 12, 24"):
        Scenario(RATES, HE, AnalysisPlan(primary=Endpoint(16)))


def test_looks_need_a_patient_more_each():
    plan = AnalysisPlan(looks=InterimLooks((0.5, 0.51, 1.0)))
    assert plan.arm_sizes(100) == (50, 51, 100)
    with pytest.raises(ValueError, match="15, 15, 30 patients"):
        Scenario(RATES, HE, plan)


# --- decisions


@pytest.mark.parametrize("key", inference.STRATEGIES)
def test_decisions_are_those_of_inference(key):
    rule, grid = Rule(AnalysisPlan(multiplicity=key, correlation=0.4)), [0.001, 0.02, 0.025, 0.03, 0.05, 0.0501, 0.4]
    for first, second in product(grid, grid):
        for better in product((True, False), repeat=2):
            decision = int(rule.decide(np.array(first), np.array(second), better))
            # The rule of each direction sees the p-values of that direction.
            for found, way in (((4, 8), True), ((16, 32), False)):
                seen = [p if side == way else 1.0 for p, side in zip((first, second), better, strict=True)]
                assert tuple(bool(decision & bit) for bit in found) == inference.decide(*seen, key, 0.05, 0.4)
            assert (bool(decision & 1), bool(decision & 2)) == (first <= 0.05, second <= 0.05)


@pytest.mark.parametrize("key", inference.STRATEGIES)
def test_one_sided_levels_are_half_of_the_two_sided(key):
    two, one = (AnalysisPlan(multiplicity=key, alpha=0.025 * sided, sided=sided).levels() for sided in (2, 1))
    assert [2 * cut for cut in one[0]] == pytest.approx(two[0], rel=1e-12)
    if key == "obrien_fleming":  # week 24 has what week 12 has not spent: one side has its own sum
        assert 0.9999 * two[1][0] < 2 * one[1][0] < two[1][0]
    else:
        assert [2 * cut for cut in one[1]] == pytest.approx(two[1], rel=1e-12)
    with pytest.raises(ValueError, match=r"below 0\.5"):
        AnalysisPlan(sided=1, alpha=0.6)


def test_a_one_sided_plan_finds_no_harm():
    rule = Rule(AnalysisPlan(sided=1, alpha=0.025))
    assert rule.decide(np.array(0.02), np.array(0.02), (False, False)) == 3
    assert rule.decide(np.array(0.02), np.array(0.02)) == 15


def test_a_decision_is_read_by_name_and_keeps_the_number_that_runs_on_disk_have():
    numbers = {"primary significant": 1, "secondary significant": 2, "primary claimed": 4, "secondary claimed": 8,
               "primary harm found": 16, "secondary harm found": 32, "stopped for futility": 64}  # fmt: skip
    assert {name: bits(name) for name in FINDINGS} == numbers
    for name, number in numbers.items():
        assert EVENTS.index[EVENTS[name]].tolist() == [k for k in range(128) if k & number]
    # Week 12 reaches its level with harm, week 24 with a benefit: in a fixed sequence only the harm is found.
    said = EVENTS.loc[int(Rule(AnalysisPlan()).decide(np.array(0.01), np.array(0.01), (False, True)))]
    assert said[said].index.tolist() == [
        "primary significant", "secondary significant", "primary harm found", "both significant", "either significant"
    ]  # fmt: skip


def test_an_undefined_p_value_claims_nothing():
    for key in inference.STRATEGIES:
        assert Rule(AnalysisPlan(multiplicity=key)).decide(np.array(np.nan), np.array(np.nan)) == 0


def test_the_level_of_a_look_holds_for_both_endpoints():
    plan = AnalysisPlan(looks=InterimLooks((0.5, 1.0), "pocock"))
    level = plan.boundaries().levels[0]
    below, above = np.array(level * 0.999), np.array(level * 1.001)
    assert Rule(plan, 0).decide(below, below) == 15
    assert Rule(plan, 0).decide(below, above) == 1 + 4
    assert Rule(plan, 0).decide(above, below) == 2


def test_bonferroni_with_looks_gives_each_endpoint_the_boundary_of_half_the_level():
    plan = AnalysisPlan(looks=InterimLooks((0.5, 1.0), "spending", (0.01, 0.04)), multiplicity="bonferroni")
    half = simulation.group_sequential((0.5, 1.0), 0.025, "spending", (0.005, 0.02))
    assert Rule(plan, 1).cuts == ((pytest.approx(half.levels[1]),),) * 2


def test_pvalues_of_tables_of_different_sizes():
    n1, x1, n2, x2 = np.array([[3, 2, 4, 1], [30, 16, 29, 9], [3, 0, 4, 4], [0, 0, 5, 2], [5, 2, 0, 0], [0, 0, 0, 0]]).T
    expected = [inference.pvalue("fisher", *row) for row in ((2, 3, 1, 4), (16, 30, 9, 29), (0, 3, 4, 4))]
    # Without patients in one arm or the other there is nothing to test.
    assert pvalues("fisher", n1, x1, n2, x2) == pytest.approx([*expected, *[np.nan] * 3], nan_ok=True)


# --- files


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(RATES),
        Scenario(WITH_DROPOUT, simulation.with_patients(HE, 60, 40), AnalysisPlan(Endpoint(24), Endpoint(12), alpha=0.01)),
        Scenario(RATES, plan=AnalysisPlan(looks=InterimLooks((1 / 3, 2 / 3, 1.0), "spending", (0.001, 0.02, 0.05)))),
        Scenario(RATES, plan=AnalysisPlan(reestimation=Reestimation(0.4, 0.3, 0.9, 1.5), test="boschloo")),
        Scenario(cohort.Assumptions()),
        Scenario(
            cohort.Assumptions(drug_effect=0.3, extra_weeks=(4,), event_share_il2={"fever": 0.2}),
            plan=AnalysisPlan(secondary=Endpoint(12, "SRI-6")),
        ),
    ],
)  # fmt: skip
def test_a_file_comes_back_as_it_went(scenario, tmp_path):
    text = scenario.to_toml()
    assert Scenario.from_toml(text) == scenario
    path = tmp_path / "PLAN.toml"
    path.write_text(text, encoding="utf-8")
    assert Scenario.from_toml(path) == Scenario.from_toml(str(path)) == scenario
    assert AnalysisPlan.from_toml(path) == AnalysisPlan.from_toml(scenario.plan.to_toml()) == scenario.plan


def test_the_template_with_its_comments_comes_back_as_plain_tables():
    # Written by tomlkit: what is read from the commented template is written without them, and reads as the same.
    template = simulation.plan_template()
    read = Scenario.from_toml(template)
    assert template.count("#") > 20
    assert "#" not in read.to_toml()
    assert Scenario.from_toml(read.to_toml()) == read
    assert tomllib.loads(read.to_toml()) == read.to_dict()
    assert json.loads(json.dumps(read.to_dict())) == read.to_dict()
    assert Scenario.from_dict(read.to_dict()) == read


def test_odd_names_and_numbers_of_numpy_survive_the_file():
    arms = tuple(replace(arm, name=name) for arm, name in zip(HE.arms, ('"new" \\ \x7f é\n', "# old = 1"), strict=True))
    plan = AnalysisPlan(Endpoint(np.int64(12)), alpha=np.float64(0.03), correlation=np.float64(0.1))
    scenario = Scenario(replace(RATES, correlation=np.float64(0.2)), replace(HE, arms=arms), plan)
    assert Scenario.from_toml(scenario.to_toml()) == scenario


def test_the_documented_format_can_be_read():
    # The module's docstring shows every key; two parts exclude each other, so each is tried.
    text = plan_file.__doc__.split("::\n", 1)[1].split("\nThis module")[0]
    blocks = {
        block.split("]")[0].strip(" ["): block for block in text.replace("\n    ", "\n").split("\n\n") if block.strip()
    }
    common = [blocks[name] for name in ("design", "plan", "rates", "rates.dropout")]
    for part in ("plan.looks", "plan.reestimation"):
        found = Scenario.from_toml("format = 1\n" + "\n\n".join([*common, blocks[part]]))
        assert getattr(found.plan, part.removeprefix("plan.")) is not None
        assert found.assumptions.dropout.follow_up == (0.15, 0.10)
    patients = Scenario.from_toml("\n\n".join([blocks["design"], blocks["plan"], blocks["patients"]]))
    assert patients.assumptions.drug_effect == 0.5
    assert Scenario.from_toml("\n\n".join([blocks["design"], blocks["plan"], blocks["strata"]])).assumptions.shares == (
        0.4,
        0.6,
    )


def test_defaults_fill_a_short_file():
    found = Scenario.from_toml("[rates]\nprimary = [0.5, 0.3]\nfollow_up = [0.6, 0.4]\n")
    assert found == Scenario(ResponseRates((0.5, 0.3), (0.6, 0.4)))


RATES_TEXT = "[rates]\nprimary = [0.5, 0.3]\nfollow_up = [0.6, 0.4]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[plan]\ntset = 'x'\n", r"\[plan\]: unknown key 'tset': did you mean 'test'"),
        ("[plann]\n", "did you mean 'plan'"),
        ("format = 2\n" + RATES_TEXT, "format == 2"),
        ("a =\n", "not valid TOML"),
        ("plan = 3\n" + RATES_TEXT, r"\[plan\] must be a table"),
        ("[plan]\nprimary = 12\n", r"\[plan.primary\] must be a table"),
        ("[plan]\nprimary = { week = 16 }\n" + RATES_TEXT, "week 16"),
        ("[plan]\nprimary = { name = 'SRI-4' }\n" + RATES_TEXT, "lacks 'week'"),
        ("[plan.looks]\nfractions = [0.5, 1.0]\nboundary = 'spending'\nspent = [0.05, 0.07]\n", "more than alpha == 0.05"),
        ("[plan.looks]\nfractions = 'half'\n" + RATES_TEXT, r"\[plan.looks\]: fractions == 'half'"),
        ("[plan.looks]\nfractions = [0.5, 1.0]\nspent = 0.05\n", r"\[plan.looks\]"),
        ("[plan]\n", "has neither"),
        (RATES_TEXT + "[patients]\n", "not both"),
        ("[rates]\nprimary = [0.5, 0.3]\n", "lacks 'follow_up'"),
        ("[rates]\nprimary = 0.5\nfollow_up = [0.6, 0.4]\n", r"\[rates\]: primary == 0.5"),
        (RATES_TEXT + "[rates.dropout]\nfollowup = [0, 0]\n", "did you mean 'follow_up'"),
        ("[patients]\ndrug_efect = 1\n", "did you mean 'drug_effect'"),
        ("[patients]\ndrug_effect = 'much'\n", r"\[patients\]: drug_effect == 'much'"),
        ("[patients]\ndropouts = [1, 0]\n", "give dropout_rate instead"),
        ("[design]\nbase = 'he2021'\n" + RATES_TEXT, "did you mean 'he2020'"),
        ("[design]\npatients = [30]\n" + RATES_TEXT, "two arms need two names and two numbers"),
        ("[design]\npatients = [30, 0]\n" + RATES_TEXT, "must be at least 1"),
        ("[design]\npatients = ['a', 'b']\n" + RATES_TEXT, "list of whole numbers"),
        ("[design]\nvisit_weeks = [0, 12]\n" + RATES_TEXT, "follow_up_week == 24 is not a visit"),
        ("[design]\narms = ['new', 'old']\n[patients]\n", "the patient model knows the arms"),
    ],
)  # fmt: skip
def test_a_bad_file_says_where_and_what(text, words):
    with pytest.raises(ValueError, match=words):
        Scenario.from_toml(text)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere.toml: cannot be read"):
        Scenario.from_toml(tmp_path / "nowhere.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes("# Größe\n".encode("latin-1"))
    with pytest.raises(ValueError, match="not a text in UTF-8"):
        AnalysisPlan.from_toml(latin)


def test_the_table_of_a_plan_names_everything():
    page = AnalysisPlan(looks=InterimLooks((0.5, 1.0)), missing="worst")._repr_html_()
    for words in ("SRI-4 at week 12", "Pearson", "fixed sequence", "the worst for the first", "p ≤ 0.0052"):
        assert words in page
    assert "at most 2 times" in AnalysisPlan(reestimation=Reestimation())._repr_html_()


WHOLE_PLAN = """format = 1
[design]
base = "he2020"
arms = ["IL-2", "placebo"]
patients = [30, 30]
visit_weeks = [0, 12, 24]
primary_week = 12
follow_up_week = 24
[plan]
primary = { name = "SRI-4", week = 12 }
secondary = { name = "SRI-4", week = 24 }
test = "pearson"
alpha = 0.05
sided = 2
multiplicity = "fixed_sequence"
missing = "nonresponder"
events = "composite"
correlation = 0.4
looks = { fractions = [0.5, 1.0], boundary = "spending", spent = [0.01, 0.05], futility = "conditional_power" }
[rates]
primary = [0.55, 0.30]
follow_up = [0.65, 0.37]
correlation = 0.4
dropout = { primary = [0.05, 0.05], follow_up = [0.15, 0.1], nonresponder_ratio = 2.0 }
"""


def _places(table, before=()):
    for key, value in table.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from _places(value, (*before, key))


@pytest.mark.parametrize("place", list(_places(tomllib.loads(WHOLE_PLAN))), ids=".".join)
def test_no_value_in_a_plan_file_ends_in_a_traceback(place):
    Scenario.from_toml(WHOLE_PLAN)
    for value in (
        "24",
        date(2026, 1, 2),
        True,
        1.5,
        -1,
        10**30,
        float("nan"),
        [],
        ["", 0.05],
        [date(2026, 1, 2)],
        {"x": 1},
    ):
        tables = tomllib.loads(WHOLE_PLAN)
        table = tables
        for key in place[:-1]:
            table = table[key]
        table[place[-1]] = value
        said, read = "", None
        # A name of an arm and the like may be anything; everything else is refused in words that name the place.
        try:
            read = Scenario.from_toml(plan_file.as_toml(tables))
        except InputError as error:
            said = str(error)
        if read is None:
            assert any(key.replace("_", " ") in said.replace("_", " ") for key in place), (value, said)
        else:
            assert Scenario.from_toml(read.to_toml()) == read, value


@pytest.mark.parametrize(
    ("design_or_plan", "words"),
    [
        (
            '[design]\nfollow_up_week = "24"\n',
            r"\[design\]: follow_up_week == '24' is not a visit; visits are at weeks \[0",
        ),
        ("[design]\nprimary_week = 2026-01-02\n", r"\[design\]: primary_week == datetime.* is not a visit"),
        ("[plan]\nprimary = { week = 2026-01-02 }\n", r"week == datetime.*: an endpoint is measured at a whole week"),
        ('[plan.looks]\nfractions = [0.5, 1]\nboundary = "spending"\nspent = ["", 0.05]\n', r"2 looks need 2 numbers"),
    ],
)
def test_a_value_of_another_kind_is_one_sentence(design_or_plan, words):
    with pytest.raises(InputError, match=words):
        Scenario.from_toml(design_or_plan + "[rates]\nprimary = [0.5, 0.3]\nfollow_up = [0.6, 0.4]\n")
