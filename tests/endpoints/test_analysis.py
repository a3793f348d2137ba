"""The analysis of a trial from scored visits: numbers as by hand, what is left out is named, and the estimand says what it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lupus_kit import cohort, inference
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import (
    RENAL_DEFINITIONS,
    compare_definitions,
    delta_grid,
    impute_responders,
    score_visits,
    selena_flare,
)

# Responders and patients of drug and placebo: by site, at week 12 and at week 24.
COUNTS = {"north": {12: (6, 10, 3, 9), 24: (7, 10, 4, 9)}, "south": {12: (5, 8, 2, 11), 24: (6, 8, 3, 11)}}


def age(k: int) -> int:
    return 20 + 7 * k % 11


def trial(counts: dict[str, dict[int, tuple[int, ...]]] | None = None) -> pd.DataFrame:
    """Make patients who respond by the modified SRI as often as the counts say; the drug stands first."""
    rows = []
    for site, weeks in (counts or COUNTS).items():
        _, n1, _, n2 = weeks[12]
        for arm, first, n in (("drug", 0, n1), ("placebo", 2, n2)):
            for k in range(n):
                for week in (0, 12, 24):
                    responds = week > 0 and k < weeks[week][first]
                    rows.append((f"{site}{arm}{k:02}", week, arm, site, age(k), 4 if responds else 12, 1.0))
    table = pd.DataFrame(rows, columns=["patient", "week", "arm", "site", "age", "sledai", "pga"])
    visit = table["week"].map({0: "baseline", 12: "week 12", 24: "week 24"})
    return table.assign(visit=visit).sort_values(["arm", "patient"], kind="stable", ignore_index=True)


def analysed(table: pd.DataFrame, **options: Any) -> Any:
    return score_visits(table, **{"endpoint": "modified-sri"} | options).analysis


def test_the_numbers_are_those_of_inference_by_hand() -> None:
    scored = score_visits(trial(), "modified-sri", strata=["site"], covariates=["age"])
    effects = scored.analysis.effects
    for week in (12, 24):
        tables = pd.DataFrame(
            [(site, *weeks[week]) for site, weeks in COUNTS.items()], columns=["stratum", "x1", "n1", "x2", "n2"]
        )
        strata = inference.stratified(tables)
        people = [
            (arm, site, age(k), int(k < responders))
            for site, weeks in COUNTS.items()
            for arm, responders, n in (("drug", *weeks[week][:2]), ("placebo", *weeks[week][2:]))
            for k in range(n)
        ]
        model = inference.adjusted(
            pd.DataFrame(people, columns=["arm", "site", "age", "y"]), "y", "arm", ["site", "age"],
            first_arm="drug", bootstrap=0,
        )  # fmt: skip
        score = strata.intervals["miettinen_nurminen_cmh"]
        nothing, profile = pd.Series(np.nan, ["estimate", "low", "high"]), model.effects["profile_likelihood"]
        expected = [
            (nothing, strata.cmh.p), (score, strata.cmh.p), (strata.risk_difference, np.nan), (strata.odds_ratio, np.nan),
            (nothing, strata.homogeneity.p), (model.odds_ratio, model.odds_ratio.p), (profile, profile.p),
            (model.risk_difference, model.risk_difference.p),
        ]  # fmt: skip
        found = effects[effects["week"] == week]
        assert found["patients"].tolist() == [38] * 8
        for row, (one, p) in zip(found.itertuples(), expected, strict=True):
            by_hand = (one.estimate, one.low, one.high, p)
            assert (row.estimate, row.low, row.high, row.p) == pytest.approx(by_hand, rel=1e-6, nan_ok=True)
    # 11 of 18 against 5 of 20: the two-arm table stands beside it.
    week12 = scored.comparison().iloc[0]
    assert (week12["drug"], week12["placebo"]) == ("11/18", "5/20")
    assert week12["p_fisher"] == pytest.approx(float(inference.pvalue("fisher", 11, 18, 5, 20)), rel=1e-9)


def test_the_first_arm_is_said_and_turns_every_sign() -> None:
    one = score_visits(trial(), "modified-sri", strata="site")
    other = score_visits(trial(), "modified-sri", strata="site", first_arm="placebo")
    assert one.arms == ("drug", "placebo")
    assert score_visits(trial(), "modified-sri", strata=None).analysis is None
    assert other.arms == other.analysis.arms == ("placebo", "drug")
    pick = [frame.effects.query("measure == 'risk difference'")["estimate"] for frame in (one.analysis, other.analysis)]
    assert pick[0].tolist() == pytest.approx((-pick[1]).tolist(), abs=1e-9)
    assert "placebo minus drug" in other.estimand["choice"].iloc[4]
    numbered = trial().assign(arm=lambda table: table["arm"].map({"drug": 1, "placebo": 2}))
    assert score_visits(numbered, "modified-sri", first_arm=2).arms == ("2", "1")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown arm 'drugs': did you mean 'drug'"):
        score_visits(trial(), "modified-sri", first_arm="drugs")


def test_a_patient_without_a_stratum_is_named_and_left_out_of_the_strata_alone() -> None:
    table = trial()
    table.loc[table["patient"] == "northdrug00", "site"] = None
    scored = score_visits(table, "modified-sri", strata=["site"])
    assert scored.analysis.effects["patients"].unique().tolist() == [37]
    assert "No site at baseline, so only in the analyses without them (1): northdrug00." in scored.analysis.notes
    assert scored.comparison()["drug"].tolist() == ["11/18", "13/18"]


def test_values_are_those_of_baseline_and_a_characteristic_may_stand_anywhere() -> None:
    table = trial()
    later = table["week"] > 0
    # SLEDAI falls afterwards; a covariate is what it was before.
    moved = table.assign(dose=np.where(later, 99.0, table["age"]))
    plain = analysed(table, covariates=["age"]).effects
    pd.testing.assert_frame_equal(analysed(moved, covariates=["dose"]).effects, plain)
    once = table.assign(site=table["site"].where(table["week"] == 24))
    pd.testing.assert_frame_equal(analysed(once, strata="site").effects, analysed(table, strata="site").effects)
    # A measure that is missing at baseline is not taken from a later visit.
    table.loc[(table["patient"] == "southdrug00") & ~later, "pga"] = None
    assert any("(1): southdrug00" in note for note in analysed(table, covariates=["pga"]).notes)
    # The number of a stratum is a name: three sites are three levels, not a slope.
    numbered = trial().assign(site=lambda t: t["patient"].str[-1].astype(int) % 3)
    assert any("Levels" in note for note in analysed(numbered, strata="site").notes)


def test_empty_strata_and_arms_are_said() -> None:
    alone = {**COUNTS, "west": {12: (1, 2, 0, 0), 24: (1, 2, 0, 0)}}
    notes = analysed(trial(alone), strata=["site"]).notes
    assert any("without patients in both arms: left out of everything" in note and "west" in note for note in notes)
    everybody = analysed(trial({"north": {12: (5, 5, 6, 6), 24: (3, 5, 2, 6)}}), covariates=["age"])
    assert everybody.effects["visit"].unique().tolist() == ["week 24"]
    assert "week 12: model: not computed: everybody responds: there is nothing to adjust." in everybody.notes
    nobody = trial()
    nobody.loc[nobody["arm"] == "placebo", "site"] = None
    assert any("nobody of placebo has an answer" in note for note in analysed(nobody, strata="site").notes)
    for table in (trial().drop(columns="arm"), trial().assign(arm="drug")):
        scored = score_visits(table, "modified-sri", strata=["site"])
        assert scored.arms == ()
        assert "Without two arms nothing is stratified, modelled or imputed." in scored.analysis.notes
        assert scored.comparison().empty


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strata": ["centre"]}, "lacks 1 column: 'centre'"),
        ({"strata": ["arm"]}, "'arm': strata and covariates are other columns"),
        ({"strata": ["site"], "covariates": ["site"]}, "each named once"),
        ({"strata": 5}, "strata == 5: give a list"),
        ({"n_imputations": 1}, "n_imputations is 1"),
        ({"n_imputations": -3}, "n_imputations is -3"),
        ({"n_imputations": 2, "endpoint": "flare"}, "multiple imputation is for the SRI alone"),
        ({"definition": "KDIGO 2012"}, "chooses among renal responses"),
    ],
)
def test_bad_input_is_a_sentence(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        analysed(trial().assign(prednisone_mg_day=5, weight_kg=60), **options)


def test_open_answers_are_imputed_and_made_worse_as_by_hand() -> None:
    table = trial()
    table = table[~((table["week"] == 24) & table["patient"].str.endswith(("01", "07")))]
    found = analysed(table, n_imputations=5, seed=3)
    asked = {"components": ("sledai", "pga"), "n_imputations": 5, "seed": 3, "reference": "placebo"}
    by_hand = impute_responders(table, **asked).pooled
    pd.testing.assert_frame_equal(found.imputed, by_hand[list(found.imputed)])
    pd.testing.assert_frame_equal(found.tipping, delta_grid(table, **asked))
    assert len(found.tipping) == 25
    assert found.tipping["estimate"].nunique() > 1
    assert any(note.startswith("Multiple imputation, seed 3: 5 imputations; missing at random") for note in found.notes)
    whole = analysed(trial(), n_imputations=2)
    assert whole.tipping.empty
    assert "No answer is open, so imputation changes nothing and nothing can tip." in whole.notes


def test_the_estimand_says_what_was_asked() -> None:
    table = trial().assign(rescue=0, prednisone_mg_day=10)
    scored = score_visits(table, "modified-sri", missing="observed", events="hypothetical", strata=["site"])
    said = scored.estimand.set_index("attribute")["choice"]
    assert list(said.index) == [
        "population", "treatment", "endpoint", "intercurrent events", "summary measure", "missing answers"
    ]  # fmt: skip
    assert said["population"] == "every patient of the table: 38 patients (drug 18, placebo 20)"
    assert said["treatment"] == "drug against placebo"
    assert said["endpoint"] == "modified SRI-4 (no BILAG) at week 12 and week 24"
    assert said["intercurrent events"].startswith(
        "rescue: hypothetical: from an event on, what was recorded is set missing"
    )
    assert said["intercurrent events"].endswith("rule on steroids: not above the baseline dose at the assessment")
    assert said["summary measure"].endswith("drug minus placebo; also within strata of site")
    assert said["missing answers"] == "patients whose answer is open are left out at that visit"
    page = scored._repr_html_()
    assert "38 patients (drug 18, placebo 20)" in page
    assert "Cochran–Mantel–Haenszel" in page
    bare = score_visits(trial().drop(columns="arm"), "modified-sri", missing="nonresponder").estimand["choice"]
    assert bare.tolist()[:2] == ["every patient of the table: 38 patients", "not compared"]
    assert bare.tolist()[3:5] == ["no column names any", "response rate at each visit"]
    each = score_visits(trial(), "modified-sri", missing={"drug": "worst", "placebo": "best"}).estimand["choice"]
    assert each.iloc[-1].startswith("drug: an open answer is counted as non-response; placebo: ")


def flares(**patients: list[float | None]) -> pd.DataFrame:
    """Give patients a course of SLEDAI; None is a visit that was not made."""
    rows = [
        (who, f"week {w}", w, s)
        for who, course in patients.items()
        for w, s in zip((0, 4, 8, 12), course, strict=True)
        if s is not None
    ]
    table = pd.DataFrame(rows, columns=["patient", "visit", "week", "sledai"])
    return table.assign(pga=1.0, prednisone_mg_day=5, weight_kg=60)


def test_a_flare_counts_from_then_on_and_a_missed_visit_leaves_itself_open() -> None:
    # SLEDAI + 3 to 12 or less is mild or moderate; a rise to above 12 is severe.
    table = flares(
        calm=[6, 6, 4, 4], mild=[4, 8, 4, 4], severe=[8, 8, 14, 6], missed=[6, None, 6, 6], high=[14, 8, 8, 8]
    )
    found = score_visits(table, "flare", missing="observed", sledai_version="SELENA")
    by_patient = found.verdicts.groupby("patient")["flare_free"].agg(list)
    assert by_patient.to_dict() == {
        "calm": [True, True, True], "mild": [False, False, False], "severe": [True, False, False],
        "missed": [pd.NA, True, True], "high": [True, True, True],
    }  # fmt: skip
    severe = score_visits(table, "severe-flare").verdicts.groupby("patient")["flare_free"].agg(list)
    assert severe["mild"] == [True, True, True]
    assert severe["severe"] == [True, False, False]
    assert severe["missed"] == [False, True, True]
    said = found.verdicts.query("patient == 'mild'")["reason"].iloc[-1]
    assert said == "Not in the flare-free group: flare at week 4."
    assert score_visits(table, "flare").notes[-1].startswith("The flare index reads SELENA-SLEDAI")
    # A row that holds nothing but the patient's weight and site is no visit that was made.
    empty = pd.DataFrame({"patient": ["missed"], "visit": "week 4", "week": 4, "weight_kg": 60, "site": "north"})
    bare = score_visits(pd.concat([table, empty], ignore_index=True), "flare", missing="observed").verdicts
    assert bare.query("patient == 'missed'")["flare_free"].tolist() == [pd.NA, True, True]
    # At a visit that was made, an open grade stays open until there is a flare.
    table.loc[(table["patient"] == "calm") & (table["week"] == 8), "pga"] = None
    open_ = score_visits(table, "flare", missing="observed").verdicts.query("patient == 'calm'")["flare_free"]
    assert open_.tolist() == [True, pd.NA, pd.NA]
    assert selena_flare(table).query("patient == 'mild' and week == 4")["flare"].tolist() == ["mild-moderate"]


def test_events_end_a_flare_free_course_and_renal_response() -> None:
    table = flares(calm=[6, 6, 4, 4]).assign(rescue=[0, 0, 1, 0])
    assert score_visits(table, "flare").verdicts["flare_free"].tolist() == [True, False, False]
    on = score_visits(table, "flare", events="while_on_treatment").verdicts
    assert on["flare_free"].tolist() == [True, True, True]
    assert on["after_event"].tolist() == [False, True, True]
    kidneys = table.assign(upcr_g_g=[2, 0.4, 0.4, 0.4], creatinine_mg_dl=1.0, creatinine_mg_dl_preflare=1.0)
    assert score_visits(kidneys, "renal").verdicts["renal_response"].tolist() == [True, False, False]
    ignored = score_visits(kidneys, "renal", events="treatment_policy").verdicts["renal_response"]
    assert ignored.tolist() == [True, True, True]


def test_renal_response_is_an_endpoint_in_any_unit() -> None:
    # KDIGO 2012: complete below 0.5 g/g, partial a fall of half or more; creatinine not above its pre-flare value.
    table = pd.DataFrame({"patient": list("AAABBBCCC"), "week": [0, 24, 52] * 3, "arm": ["x"] * 6 + ["y"] * 3,
                          "upcr_g_g": [2.0, 0.9, 0.4, 2.0, 1.5, 1.5, 2.0, 0.4, None]})  # fmt: skip
    table = table.assign(visit=table["week"].map("week {}".format), creatinine_mg_dl=1.0, creatinine_mg_dl_preflare=1.0)
    complete = score_visits(table, "renal")
    assert complete.endpoint == "complete renal response, KDIGO 2012"
    assert complete.verdicts["renal_response"].tolist() == [False, True, False, False, True, False]
    assert complete.verdicts["imputed"].tolist() == [False] * 5 + [True]
    partial = score_visits(table, "renal-partial", missing="observed").verdicts
    assert partial["renal_response"].tolist() == [True, True, False, False, True, pd.NA]
    assert any(note.startswith("KDIGO 2012: KDIGO Glomerulonephritis") for note in complete.notes)
    si = table.drop(columns=["upcr_g_g", "creatinine_mg_dl", "creatinine_mg_dl_preflare"]).assign(
        upcr_mg_mmol=table["upcr_g_g"] * 100, creatinine_umol_l=88.4, creatinine_umol_l_preflare=88.4
    )
    assert score_visits(si, "renal").verdicts["renal_response"].tolist() == complete.verdicts["renal_response"].tolist()
    assert score_visits(table, "renal").comparison()["x"].tolist() == ["0/2", "1/2"]
    with pytest.raises(InputError, match="upper limit in umol/L"):
        score_visits(table, "renal", definition="ACR 2006")
    with pytest.raises(InputError, match="unknown renal definition 'KDIGO'"):
        score_visits(table, "renal", definition="KDIGO")
    assert "KDIGO 2012" in RENAL_DEFINITIONS


def test_the_ladder_of_eular_2019_follows_the_visit() -> None:
    # A fall of 40 %: enough at week 12 (25 % by 3 months), not at week 24 (50 % by 6 months).
    table = pd.DataFrame({"patient": "A", "week": [0, 12, 24], "protein_24h_g": [5.0, 3.0, 3.0], "egfr_ml_min_173": 90})
    table["visit"] = [f"week {week}" for week in table["week"]]
    found = score_visits(table, "renal-partial", definition="EULAR 2019")
    assert found.verdicts["renal_response"].tolist() == [True, False]
    assert any("its week times 12/52" in note for note in found.notes)


def test_all_definitions_stand_side_by_side() -> None:
    made = cohort.what_if(n_per_arm=12, seed=1)
    visits = made.visits[made.visits["week"].isin([0, 24])]
    scored = score_visits(visits, "all", first_arm="IL-2")
    side = compare_definitions(visits, missing="nonresponder")
    both = scored.responders().merge(side.responders(), on=["definition", "visit", "arm"])
    assert len(both) == len(side.responders()) > 20
    assert (both["responders_x"] == both["responders_y"]).all()
    assert "SRI-50 was not computed: lacks the columns seizure, psychosis, organic_brain and 21 more." in scored.notes
    compared = scored.comparison()
    assert compared["definition"].nunique() == len(side.definitions)
    assert len(compared) == len(side.definitions)
    site = visits["patient"].astype(str).str[-1].astype(int) % 2
    effects = score_visits(visits.assign(site=site), "all", strata="site").analysis.effects
    assert effects["definition"].nunique() == len(side.definitions)
