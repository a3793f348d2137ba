"""Intercurrent events: the four strategies of ICH E9(R1), for every rule, with the answers derived by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from lupus_kit import cohort
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import (
    BILAG_SYSTEMS,
    EVENT_STRATEGIES,
    SLEDAI_ITEMS,
    bicla,
    compare_definitions,
    deciding_clauses,
    doris,
    impute_responders,
    lldas,
    score_visits,
    sri,
    sri50,
)

WEEKS = [0, 4, 8, 12, 24]


def patient(name: str, sledai: list[Any], **columns: list[Any]) -> pd.DataFrame:
    """Make one patient; PGA falls, one BILAG B becomes C, and everything else is calm."""
    n = len(sledai)
    table = pd.DataFrame({"patient": name, "week": WEEKS[:n], "sledai": sledai, "pga": [2.0] + [1.0] * (n - 1)})
    table["visit"] = ["baseline", *(f"week {week}" for week in WEEKS[1:n])]
    table[[f"bilag_{s}" for s in BILAG_SYSTEMS]] = "D"
    table[["bilag_renal", "bilag_mucocutaneous"]] = pd.DataFrame([["B", "B"]] + [["C", "C"]] * (n - 1))
    return table.assign(**columns)


#: Falls by 2, 5, 6, 8 at weeks 4 to 24; rescue since the visit before at week 8.
ANN = patient("Ann", [12, 10, 7, 6, 4], rescue=[0, 0, 1, 0, 0])


@pytest.mark.parametrize(
    ("events", "missing", "expected"),
    [
        ("composite", "observed", [False, False, False, False]),
        ("treatment_policy", "observed", [False, True, True, True]),
        ("while_on_treatment", "observed", [False, False, False, False]),  # week 4: a fall of 2
        ("hypothetical", "observed", [False, pd.NA, pd.NA, pd.NA]),
        ("hypothetical", "nonresponder", [False, False, False, False]),
        ("hypothetical", "best", [False, True, True, True]),
        ("hypothetical", "locf", [False, False, False, False]),
    ],
)
def test_each_strategy(events: str, missing: str, expected: list[Any]) -> None:
    for rule in (sri, sri_50_of):
        assert rule(ANN, events=events, missing=missing)["responder"].tolist() == expected
    if missing in ("observed", "nonresponder"):
        # BICLA asks for no rise of SLEDAI, so week 4 responds, and is what while-on-treatment judges from week 8 on.
        meets = {"composite": [True, False, False, False], "hypothetical": [True, *expected[1:]]}
        answer = bicla(ANN, events=events, missing=missing)["responder"].tolist()
        assert answer == meets.get(events, [True] * 4)


def sri_50_of(table: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """SRI-50 on descriptors whose weights add up to the totals."""
    points = dict(zip(SLEDAI_ITEMS["id"], SLEDAI_ITEMS["weight"], strict=True))
    present = {12: ["arthritis", "myositis", "casts"], 10: ["arthritis", "myositis", "rash"], 6: ["arthritis", "rash"]}
    present |= {7: ["arthritis", "rash", "fever"], 4: ["arthritis"]}
    items = pd.DataFrame([{name: int(name in present[total]) for name in points} for total in table["sledai"]])
    return sri50(pd.concat([table.drop(columns="sledai"), items], axis=1), **options)


def test_reasons_say_what_happened_when_and_what_is_judged() -> None:
    said = {way: sri(ANN, events=way).set_index("week")["reason"] for way in EVENT_STRATEGIES}
    assert said["composite"][8] == "Not a responder: rescue treatment was given."
    assert said["composite"][24] == "Not a responder: rescue treatment was given at week 8."
    assert said["treatment_policy"][24] == "Responder: SLEDAI fell by 8; no new BILAG A or B; PGA fell by 1.00."
    assert said["while_on_treatment"][24] == (
        "Not a responder: SLEDAI fell by 2 (it must fall by 4 or more); judged at week 4, because rescue treatment was "
        "given at week 8."
    )
    assert said["hypothetical"][24] == (
        "Not a responder: the visit is set missing, because rescue treatment was given at week 8, counted as "
        "non-response."
    )
    assert bicla(ANN)["reason"].iloc[-1] == (
        "Not a responder; not met: no rescue treatment (rescue treatment was given at week 8)."
    )
    on_treatment = bicla(ANN, events="while_on_treatment")["reason"].iloc[-1]
    assert on_treatment.startswith("Responder: every clause is met; judged at week 4, because rescue treatment was")


def test_while_on_treatment_with_an_event_at_the_first_visit_judges_baseline() -> None:
    early = ANN.assign(rescue=[0, 1, 0, 0, 0])
    answer = sri(early, events="while_on_treatment")
    assert not answer["responder"].any()
    assert answer["sledai"].tolist() == [12] * 4


def test_the_cohort_of_the_kit_gives_the_same_responders_however_rescue_is_recorded() -> None:
    """The cohort marks rescue at every visit from then on; the template asks for it since the visit before."""
    visits = cohort.what_if(n_per_arm=30, seed=1).visits.sort_values(["patient", "week"])
    since = visits["rescue"] & ~visits.groupby("patient")["rescue"].shift(fill_value=False)
    assert since.sum() < visits["rescue"].sum()
    at24 = sri(visits.assign(rescue=since)).query("week == 24").groupby("arm", observed=True)["responder"].sum()
    marked = sri(visits).query("week == 24").groupby("arm", observed=True)["responder"].sum()
    assert at24.to_dict() == marked.to_dict()
    bare = sri(visits.assign(rescue=since), events="treatment_policy").query("week == 24 and arm == 'placebo'")
    assert (
        bare["responder"].sum()
        == sri(visits, event_columns=(), steroids=None).query("week == 24 and arm == 'placebo'")["responder"].sum()
    )
    assert (
        score_visits(visits.assign(rescue=since)).responders().query("week == 24")["responders"].tolist()
        == marked.tolist()
    )


def test_an_event_counts_at_planned_visits_that_the_patient_does_not_have() -> None:
    gone = patient("Bob", [12, 10, 7], withdrawn=[0, 0, 1])
    stayed = patient("Cia", [12, 10, 7, 6, 4], withdrawn=[0] * 5)
    both = pd.concat([gone, stayed], ignore_index=True)
    bob = sri(both, missing="observed").query("patient == 'Bob'")
    assert bob["responder"].tolist() == [False] * 4
    assert not bob["imputed"].any()
    assert bob["reason"].iloc[-1] == "Not a responder: the patient had left the trial at week 8."
    scored = score_visits(both, missing="observed").responders()
    assert scored["assessed"].tolist() == [2] * 4


def test_a_missed_visit_carries_the_event() -> None:
    skipped = ANN.drop(index=3)
    assert sri(skipped, missing="observed").query("week > 4")["responder"].tolist() == [False, False]
    assert len(sri(pd.concat([skipped, ANN.assign(patient="Bob")], ignore_index=True))) == 8


def test_a_visit_after_withdrawal_counts_only_under_treatment_policy() -> None:
    left = ANN.assign(rescue=0, withdrawn=[0, 0, 1, 0, 0])
    counts = {way: int(sri(left, events=way)["responder"].sum()) for way in EVENT_STRATEGIES}
    assert counts == {"composite": 0, "while_on_treatment": 0, "treatment_policy": 3, "hypothetical": 0}
    note = "Visits after withdrawal were not judged (1): Ann."
    assert note in score_visits(left).notes
    assert note not in score_visits(left, events="treatment_policy").notes


def test_at_week_0_no_event_is_one_after_baseline() -> None:
    for name in ("rescue", "withdrawn"):
        before = ANN.drop(columns="rescue").assign(**{name: [1, 0, 0, 0, 0]})
        assert sri(before)["responder"].tolist() == [False, True, True, True]
        assert "An event at week 0 is before treatment and was not counted (1): Ann." in score_visits(before).notes
    assert sri(ANN.assign(rescue=[None, 0, 0, 0, 0]))["responder"].tolist() == [False, True, True, True]


def test_an_empty_cell_is_open_until_there_is_a_yes() -> None:
    unknown = ANN.assign(rescue=[0, 0, None, 0, 1])
    assert sri(unknown, missing="observed")["responder"].tolist() == [False, pd.NA, pd.NA, False]
    assert sri(unknown)["reason"].iloc[2] == (
        "Not a responder: it is not recorded whether rescue treatment has been given, counted as non-response."
    )
    # What was recorded elsewhere decides all the same.
    assert sri(unknown.assign(sledai=[12, 10, 12, 12, 4]), missing="observed")["responder"].tolist() == [False] * 4
    for way in ("while_on_treatment", "hypothetical"):
        assert sri(unknown, events=way, missing="observed")["responder"].tolist()[1] is pd.NA
    assert sri(unknown, events="treatment_policy", missing="observed")["responder"].tolist() == [
        False,
        True,
        True,
        True,
    ]
    # A visit at which nothing was recorded leaves nothing open later, whether it has a row or not.
    missed = ANN.assign(rescue=[0, 0, None, 0, 0])
    missed.loc[2, ["sledai", "pga", *(f"bilag_{s}" for s in BILAG_SYSTEMS)]] = None
    for table in (missed, missed.drop(index=2)):
        assert sri(table, missing="observed")["responder"].iloc[-1]
    assert "rescue has empty cells, which are open and not a no (1): Ann." in score_visits(unknown).notes


def test_an_event_that_a_file_did_not_ask_for_is_no_gap() -> None:
    """A wide file with ``rescue_week12`` alone, and columns of the template that nobody filled in."""
    both = pd.concat([ANN, ANN.assign(patient="Bob")], ignore_index=True)
    both = both.assign(rescue=[None, None, None, 1, None, None, None, None, 0, None], withdrawn=None)
    scored = score_visits(both)
    by_patient = scored.verdicts.groupby("patient")["responder"].apply(list).to_dict()
    assert by_patient == {"Ann": [False, True, False, False], "Bob": [False, True, True, True]}
    assert "Nobody has an entry for rescue at week 4, 8 and 24: it was counted as no." in scored.notes
    assert "Nobody filled in the column withdrawn: it was not asked for." in scored.notes
    one_gap = both.assign(rescue=[0, 0, None, 0, 0] + [0] * 5).drop(columns="withdrawn")
    open_ = score_visits(one_gap, missing="observed").verdicts.groupby("patient")["responder"].apply(list).to_dict()
    assert open_ == {"Ann": [False, pd.NA, pd.NA, pd.NA], "Bob": [False, True, True, True]}


def test_states_answer_like_every_other_endpoint() -> None:
    calm = pd.DataFrame(0, index=range(3), columns=SLEDAI_ITEMS["id"])
    calm = calm.assign(patient="Ann", week=[0, 12, 24], visit=["baseline", "week 12", "week 24"], pga=0.4)
    calm = calm.assign(prednisone_mg_day=5, rescue=[0, 1, 0])
    for rule, name in ((lldas, "lldas"), (doris, "doris")):
        answers = {way: rule(calm, events=way, missing="observed")[name].tolist() for way in EVENT_STRATEGIES}
        assert answers == {
            "composite": [True, False, False],
            "while_on_treatment": [True, True, True],
            "treatment_policy": [True, True, True],
            "hypothetical": [True, pd.NA, pd.NA],
        }
        said = rule(calm)["reason"].tolist()
        assert said[1:] == [
            f"Not in {name.upper()}: rescue treatment was given.",
            f"Not in {name.upper()}: rescue treatment was given at week 12.",
        ]
        assert rule(calm, events="while_on_treatment")["reason"].iloc[2] == (
            f"In {name.upper()}: every clause is met; judged at baseline, because rescue treatment was given at week 12."
        )
        assert rule(calm, events="hypothetical")["reason"].iloc[2] == (
            f"Not in {name.upper()}: the visit is set missing, because rescue treatment was given at week 12, counted as no."
        )
        gone = calm.drop(index=2)
        everyone = pd.concat([gone.assign(withdrawn=[0, 1]), calm.assign(patient="Bob", rescue=0, withdrawn=0)])
        scored = score_visits(everyone.reset_index(drop=True), name, missing="observed")
        assert scored.verdicts.set_index(["patient", "week"])[name].to_dict() == {
            ("Ann", 12): False, ("Ann", 24): False, ("Bob", 12): True, ("Bob", 24): True,
        }  # fmt: skip
    worse = calm.assign(pga=[1.5, 0.4, 0.4])
    assert lldas(worse, events="while_on_treatment")["lldas"].tolist() == [False] * 3


def test_the_option_is_the_same_everywhere() -> None:
    names = {"SRI-4", "modified SRI-4 (no BILAG)", "BICLA"}
    for way, expected in (("composite", False), ("treatment_policy", True)):
        together = compare_definitions(ANN, definitions=names, events=way).verdicts.iloc[-1]
        assert all(together[name] == expected for name in names)
        for endpoint in ("sri", "modified-sri", "bicla"):
            assert score_visits(ANN, endpoint, events=way).verdicts["responder"].iloc[-1] == expected
    alone = deciding_clauses(sri(ANN), week=24).patients
    assert alone[["failed", "decides_alone"]].iloc[0].tolist() == ["rescue", "rescue"]
    assert deciding_clauses(sri(ANN, events="treatment_policy"), week=24).patients["failed"].item() == "responder"
    assert sri(ANN, events="treatment_policy")["after_event"].tolist() == [False, True, True, True]
    for call in (sri, bicla, compare_definitions, score_visits):
        with pytest.raises(InputError, match="unknown strategy for intercurrent events 'compsite': did you mean"):
            call(ANN, events="compsite")
    with pytest.raises(InputError, match="columns of events go to event_columns"):
        sri(ANN, events=["rescue"])  # type: ignore[arg-type]


def test_hypothetical_values_are_imputed() -> None:
    others = [patient(f"P{k}", [12, 10, 7, 6, 4], rescue=[0] * 5) for k in range(6)]
    table = pd.concat([ANN, *others], ignore_index=True)
    imputed = impute_responders(table, n_imputations=5, seed=1, events="hypothetical").patients
    ann = imputed[imputed["patient"] == "Ann"]
    assert ann["observed"].tolist() == [False, pd.NA, pd.NA, pd.NA]
    assert ann["share"].tolist() == [0, 1, 1, 1]
    counted = impute_responders(table, n_imputations=5, seed=1).patients.query("patient == 'Ann'")
    assert counted["share"].tolist() == [0, 0, 0, 0]
