"""Rules on steroids: each clause at its limit, the rules of trials on courses of doses, and what a file of visits says."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from lupus_kit import cohort
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import (
    SLEDAI_ITEMS,
    STEROID_RULES,
    SteroidClause,
    SteroidRule,
    bicla,
    compare_definitions,
    impute_responders,
    score_visits,
    sri,
    sri50,
)

WEEKS = [0, 12, 20, 24, 40, 46, 52]


def course(*doses: Any, weeks: list[int] = WEEKS, **columns: Any) -> pd.DataFrame:
    """Make a patient who responds at every visit but for the doses of prednisone."""
    weeks = weeks[: len(doses)]
    table = pd.DataFrame({"patient": "Ann", "week": weeks, "prednisone_mg_day": doses, "pga": 1.0})
    table["visit"] = ["baseline", *(f"week {week}" for week in weeks[1:])]
    return table.assign(sledai=[12] + [4] * (len(weeks) - 1), **columns)


def answers(table: pd.DataFrame, rule: Any, **options: Any) -> dict[int, Any]:
    found = sri(table, components=("sledai", "pga"), steroids=rule, missing="observed", **options)
    return dict(zip(found["week"], found["responder"], strict=True))


def test_ten_to_forty_at_the_assessment_is_no_responder_of_a_file() -> None:
    rise = course(10, 40)
    scored = score_visits(rise, "modified-sri")
    assert scored.verdicts["responder"].tolist() == [False]
    assert (
        scored.verdicts["reason"].item() == "Not a responder: prednisone was 40 mg a day at week 12 (the limit is 10)."
    )
    assert "Non-response by the rule on steroids (1): Ann." in scored.notes
    assert any("--steroids" in note for note in scored.notes)
    unjudged = score_visits(rise, "modified-sri", steroids="none")
    assert unjudged.verdicts["responder"].tolist() == [True]
    assert "Above the dose of prednisone at baseline, which was not judged (1): Ann." in unjudged.notes
    assert score_visits(rise, "modified-sri", events="treatment_policy").verdicts["responder"].tolist() == [True]
    graded = rise.assign(**dict.fromkeys(GRADES, "D")).assign(bilag_renal=["A", "C"])
    assert bicla(graded, steroids="no_rise")["reason"].item() == (
        "Not a responder; not met: prednisone keeps to the rule on steroids (prednisone was 40 mg a day at week 12 (the "
        "limit is 10))."
    )
    for endpoint in ("sri", "bicla"):
        assert score_visits(graded, endpoint).verdicts["responder"].tolist() == [False]
    items = graded.drop(columns="sledai").assign(**dict.fromkeys(SLEDAI_ITEMS["id"], 0))
    items[["rash", "alopecia"]] = [[1, 1], [0, 0]]
    for rule, table in ((sri, graded), (bicla, graded), (sri50, items)):
        assert rule(table)["responder"].tolist() == [False]
        assert rule(table, steroids=None)["responder"].tolist() == [True]
    assert not compare_definitions(graded, definitions=["SRI-4", "BICLA"]).verdicts.iloc[0, 3:].any()
    assert impute_responders(graded, n_imputations=2).patients["observed"].tolist() == [False]


def test_the_usual_rule_takes_no_responder_from_the_cohorts_of_the_kit() -> None:
    replica = cohort.replica(seed=0).visits
    for visits in (replica, cohort.what_if(seed=1).visits, cohort.what_if(n_per_arm=80, seed=2).visits):
        found = sri(visits)
        assert found["responder"].tolist() == sri(visits, steroids=None)["responder"].tolist()
        assert not found["steroids_over_limit"].any()
    at = sri(replica).query("week in (12, 24)").groupby(["week", "arm"], observed=True)["responder"].sum()
    assert at.tolist() == [16, 9, 19, 11]


GRADES = [
    f"bilag_{system}"
    for system in (
        "constitutional", "mucocutaneous", "neuropsychiatric", "musculoskeletal", "cardiorespiratory",
        "gastrointestinal", "ophthalmic", "renal", "haematological",
    )
]  # fmt: skip


def test_the_usual_rule_judges_no_dose_that_is_not_recorded_and_says_so() -> None:
    gaps = course(10, None, 10)
    scored = score_visits(gaps, "modified-sri")
    assert scored.verdicts["responder"].tolist() == [True, True]
    assert "The dose of prednisone is not recorded at a visit, not judged (1): Ann." in scored.notes
    assert answers(gaps, "no_rise") == {12: pd.NA, 20: True}
    assert answers(course(None, 10), "no_rise") == {12: pd.NA}
    assert answers(course(None, 40), "muse") == {12: False}  # above the ceiling, whatever baseline was
    assert "steroids_over_limit" not in sri(course(10, 40).drop(columns="prednisone_mg_day"), components=["sledai"])


@pytest.mark.parametrize(
    ("rule", "doses", "expected"),
    [
        # At the assessment alone: a rise between assessments does not count.
        ("no_rise", (10, 40, 10, 10.0), {12: False, 20: True, 24: True}),
        # MUSE: below 10 mg and not above baseline at every visit of weeks 12 to 24.
        ("muse", (20, 9.99, 9, 9), {12: True, 20: True, 24: True}),
        ("muse", (20, 9, 10, 9), {12: True, 20: False, 24: False}),
        ("muse", (5, 5, 7.5, 5), {12: True, 20: False, 24: False}),
        # A second look twelve weeks long: week 40 counts at week 52, week 24 does not.
        ("muse", (20, 20, 20, 20, 9, 9, 9), {12: False, 20: False, 24: False, 40: True, 46: True, 52: True}),
        # ILLUMINATE: at baseline dose by week 24, then no rise at all, also below the baseline dose.
        ("illuminate_1", (10, 40, 40, 10, 10, 10, 10), {12: True, 20: True, 24: True, 40: True, 46: True, 52: True}),
        ("illuminate_1", (10, 10, 10, 12.5, 10, 10, 10), dict.fromkeys([12, 20], True) | dict.fromkeys([24, 40, 46, 52], False)),
        ("illuminate_2", (20, 20, 20, 10, 10, 12.5, 10), dict.fromkeys([12, 20, 24, 40], True) | {46: False, 52: False}),
        # BLISS: within 5 mg (or 25 %) of baseline from week 24 on; no rise at all from week 44 on.
        ("bliss", (10, 60, 60, 15, 15, 15, 15), dict.fromkeys(WEEKS[1:], True)),
        ("bliss", (10, 10, 10, 15.5, 10, 10, 10), {12: True, 20: True, 24: False, 40: False, 46: False, 52: False}),
        ("bliss", (40, 40, 40, 50, 50, 50, 50), dict.fromkeys(WEEKS[1:], True)),
        ("bliss", (10, 10, 10, 10, 10, 10, 12.5), dict.fromkeys([12, 20, 24, 40, 46], True) | {52: False}),
        # TULIP: weeks 40 to 52 at most the baseline dose; the taper is an endpoint beside the response.
        ("tulip", (10, 40, 40, 40, 10, 10, 10), dict.fromkeys(WEEKS[1:], True)),
        ("tulip", (10, 10, 10, 10, 10, 12.5, 10), dict.fromkeys([12, 20, 24, 40], True) | {46: False, 52: False}),
        ("tulip_taper", (10, 10, 10, 10, 7.5, 7.5, 7.5), dict.fromkeys(WEEKS[1:], True)),
        ("tulip_taper", (10, 10, 10, 10, 8, 7.5, 7.5), {12: True, 20: True, 24: True, 40: False, 46: False, 52: False}),
        ("tulip_taper", (9, 10, 10, 10, 9, 9, 9), dict.fromkeys(WEEKS[1:], True)),
        ("address_ii", (40, 30, 30.5), {12: True, 20: False}),
    ],
)  # fmt: skip
def test_rules_of_trials(rule: str, doses: tuple[float, ...], expected: dict[int, bool]) -> None:
    assert answers(course(*doses), rule) == expected


def test_added_medicines_fail_the_endpoint_from_then_on() -> None:
    added = [0, 0, 0, 1, 0, 0, 0]
    calm = course(*[10] * 7)
    assert answers(calm.assign(new_azathioprine=added), "illuminate_1") == dict.fromkeys(
        [12, 20], True
    ) | dict.fromkeys([24, 40, 46, 52], False)
    # BLISS leaves antimalarials free to week 16 and immunosuppressants to week 24.
    assert all(answers(calm.assign(new_azathioprine=added), "bliss").values())
    assert all(answers(calm.assign(added_hydroxychloroquine=[0, 1, 0, 0, 0, 0, 0]), "bliss").values())
    later = answers(calm.assign(added_hydroxychloroquine=[0, 0, 1, 0, 0, 0, 0]), "bliss")
    assert later == {12: True} | dict.fromkeys([20, 24, 40, 46, 52], False)
    # What the amendment of TULIP-1 was about.
    nsaid = calm.assign(added_nsaid=added)
    assert answers(nsaid, "tulip")[52]
    assert not answers(nsaid, "tulip_1_original")[52]
    said = sri(nsaid, components=("sledai",), steroids="tulip_1_original")["reason"].iloc[-1]
    assert said == "Not a responder: an NSAID was added at week 24."
    open_ = calm.assign(added_nsaid=[0, 0, 0, None, 0, 0, 0])
    assert answers(open_, "tulip_1_original") == {12: True, 20: True, 24: pd.NA, 40: pd.NA, 46: pd.NA, 52: pd.NA}


def test_a_rule_of_ones_own_and_its_limits() -> None:
    rule = SteroidRule("at most 5 mg", (SteroidClause(weeks_before=0, ceiling_mg_day=5),))
    assert answers(course(10, 5, 5.01), rule) == {12: True, 20: False}
    ten_percent = SteroidRule("", (SteroidClause(weeks_before=0, above_baseline_percent=10),))
    assert answers(course(3, 3.3, 3.31), ten_percent) == {12: True, 20: False}  # 3 * 1.1 is 3.3000000000000003
    unknown_start = sri(course(None, 40), components=("sledai",), steroids="muse")["reason"].item()
    assert unknown_start == "Not a responder: prednisone was 40 mg a day at week 12 (the limit is 10)."
    assert answers(course(None, 10, weeks=[0, 40]), "tulip_taper") == {40: pd.NA}
    assert answers(course(None, 7.5, weeks=[0, 40]), "tulip_taper") == {40: True}
    said = sri(course(20, 10), components=("sledai",), steroids="muse")["reason"].item()
    assert said == "Not a responder: prednisone was 10 mg a day at week 12 (it must be below 10)."


def test_a_missed_visit_breaks_no_rule_and_a_broken_one_counts_after_it() -> None:
    everyone = pd.concat(
        [course(10, 10, 40, 10).drop(index=1), course(*[10] * 4).assign(patient="Bob")], ignore_index=True
    )
    found = sri(everyone, components=("sledai",), steroids="muse", missing="observed").query("patient == 'Ann'")
    assert found["responder"].tolist() == [pd.NA, False, False]


def test_strategies_handle_a_broken_rule_like_any_event() -> None:
    rise = course(10, 9, 12, 9)
    assert answers(rise, "no_rise") == {12: True, 20: False, 24: True}
    assert answers(rise, "no_rise", events="while_on_treatment") == {12: True, 20: True, 24: True}
    assert answers(rise, "no_rise", events="hypothetical") == {12: True, 20: pd.NA, 24: True}
    assert answers(rise, "no_rise", events="treatment_policy") == {12: True, 20: True, 24: True}
    # Where another event explains the rise, that is the reason.
    both = sri(rise.assign(rescue=[0, 0, 1, 0]), components=("sledai",), steroids="no_rise")
    assert both["steroids_over_limit"].tolist() == [False, False, False]
    assert both["reason"].iloc[1] == "Not a responder: rescue treatment was given."


def test_bad_input() -> None:
    with pytest.raises(InputError, match="unknown steroid rule 'mus': did you mean 'muse'"):
        sri(course(10, 10), components=("sledai",), steroids="mus")
    with pytest.raises(InputError, match="unknown steroid rule 5"):
        score_visits(course(10, 10), "modified-sri", steroids=5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="lacks 1 column: 'prednisone_mg_day'"):
        sri(course(10, 10).drop(columns="prednisone_mg_day"), components=("sledai",), steroids="muse")
    with pytest.raises(InputError, match="row 1, column 'prednisone_mg_day': 'much'"):
        score_visits(course(10, "much"), "modified-sri")
    with pytest.raises(InputError, match="without a limit"):
        SteroidClause()
    with pytest.raises(InputError, match="numbers from 0"):
        SteroidClause(ceiling_mg_day=-1)
    with pytest.raises(InputError, match="unknown added medicine 'new_asprin'"):
        SteroidClause(additions=("new_asprin",))
    with pytest.raises(InputError, match="one SteroidClause or more"):
        SteroidRule("nothing", ())


def test_every_shipped_rule_names_its_source_and_what_was_read() -> None:
    assert {"no_rise", "muse", "illuminate_1", "bliss", "tulip"} <= set(STEROID_RULES)
    for rule in STEROID_RULES.values():
        assert rule.label
        assert rule.source
        assert rule.checked.split()[0].strip(":;,") in ("own", "published", "secondary", "unverified", "that")
    assert STEROID_RULES["bliss"].visit_within_days == 28
    said = score_visits(course(10, 10), "modified-sri", steroids="bliss").notes
    assert any("within 28 days" in note for note in said)
    assert any(note.startswith("Without a column added_hydroxychloroquine, new_") for note in said)
