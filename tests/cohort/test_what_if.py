"""Invented cohorts: coherent, reproducible, and on average where the assumptions say."""

from __future__ import annotations

import dataclasses
import inspect
import math
import pickle
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.cases import case

from lupus_kit import design, endpoints
from lupus_kit.cohort import Assumptions, Cohort, plausibility, what_if, write_what_if
from lupus_kit.cohort.columns import RECORDED_ITEMS, SYSTEM_ITEMS
from lupus_kit.cohort.files.schema import check_agreement, check_schema
from lupus_kit.cohort.what_if import generative
from lupus_kit.cohort.what_if.course import effect
from lupus_kit.cohort.what_if.treatment import acting_intervals, dropout_days, turnover
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS


@pytest.fixture(scope="module")
def small() -> Cohort:
    return what_if(Assumptions(dropout_rate=0.2), seed=11)


@pytest.fixture(scope="module")
def large() -> Cohort:
    return what_if(n_per_arm=4000, seed=20200)


def binomial_error(share: float, n: int) -> float:
    return math.sqrt(share * (1 - share) / n)


# --- reproducible ----------------------------------------------------------------------------------------------


def test_same_seed_same_bytes() -> None:
    first, second, other = what_if(seed=3), what_if(seed=3), what_if(seed=4)
    for name, frame in first.tables.items():
        assert frame.to_csv() == second.tables[name].to_csv(), name
    assert first.visits.to_csv() != other.visits.to_csv()
    by_generator = what_if(seed=np.random.default_rng(3))
    assert by_generator.visits.to_csv() == first.visits.to_csv()
    assert (first.seed, by_generator.seed) == (3, None)


def test_changing_the_effect_keeps_the_patients() -> None:
    usual, none = what_if(seed=5), what_if(Assumptions(drug_effect=0.0), seed=5)
    pd.testing.assert_frame_equal(usual.patients, none.patients)
    for table in ("visits", "sledai", "labs"):
        a, b = usual.tables[table], none.tables[table]
        pd.testing.assert_frame_equal(a[a["week"] == 0], b[b["week"] == 0])
        pd.testing.assert_frame_equal(a[a["arm"] == "placebo"], b[b["arm"] == "placebo"])
    assert not usual.visits["sledai"].equals(none.visits["sledai"])


def test_a_sixty_patient_cohort_is_quick_enough_to_redraw_live() -> None:
    what_if(seed=0)
    start = time.process_time()
    for seed in range(5):
        what_if(seed=seed)
    assert (time.process_time() - start) / 5 < 0.05


# --- coherent --------------------------------------------------------------------------------------------------


def test_an_editor_is_shown_every_assumption_with_its_type_and_default() -> None:
    shown = inspect.signature(Assumptions).parameters
    assert list(shown) == [spec.name for spec in dataclasses.fields(Assumptions)] != []
    expected = {
        "drug_effect": float, "entry_sledai": int, "sledai_version": str, "item_share": Mapping[str, float],
        "extra_weeks": tuple[int, ...], "dropouts": tuple[int, int] | None,
    }  # fmt: skip
    assert {name: shown[name].annotation for name in expected} == expected
    assert {name: one.default for name, one in shown.items()} == vars(Assumptions())
    assert {one.annotation for one in shown.values()} == {*expected.values()}, "none is Any"


def test_sledai_is_the_sum_of_its_items_and_everybody_was_eligible(small: Cohort) -> None:
    by_hand = small.sledai[list(SLEDAI_ITEMS["id"])].to_numpy() @ SLEDAI_ITEMS["weight"].to_numpy()
    assert (small.visits["sledai"].to_numpy() == by_hand).all()
    assert (small.visits["sledai"].to_numpy() == endpoints.sledai(small.sledai)).all()
    assert small.visits.loc[small.visits["week"] == 0, "sledai"].min() >= 8


def test_another_version_scores_stable_proteinuria_differently() -> None:
    cohort = what_if(Assumptions(sledai_version="SELENA"), n_per_arm=200, seed=1)
    assert (cohort.visits["sledai"].to_numpy() == endpoints.sledai(cohort.sledai, "SELENA")).all()
    gap = endpoints.sledai(cohort.sledai, "2K") - endpoints.sledai(cohort.sledai, "SELENA")
    assert (gap == 4 * cohort.sledai["proteinuria_stable"].astype(int)).all()
    assert gap.max() == 4
    assert not cohort.sledai.loc[cohort.sledai["week"] == 0, "proteinuria_stable"].any()


def test_laboratory_values_are_on_the_side_of_their_item(large: Cohort) -> None:
    labs, items = large.labs, large.sledai
    a = large.assumptions
    assert ((labs["protein_24h_g"] > 0.5) == items["proteinuria"]).all()
    assert ((labs["c3_g_l"] < a.c3_lower_limit) == items["low_complement"]).all()
    assert ((labs["anti_dsdna_iu_ml"] > a.dsdna_upper_limit) == items["dna_binding"]).all()
    assert ((labs["platelets_10e9_l"] < 100) == items["thrombocytopenia"]).all()
    assert ((labs["wbc_10e9_l"] < 3) == items["leukopenia"]).all()
    assert ((labs["temperature_c"] > 38) == items["fever"]).all()


def test_grades_cohere_with_history(large: Cohort) -> None:
    bilag = large.bilag
    for system in BILAG_SYSTEMS:
        column = bilag[f"bilag_{system}"]
        active = column.isin(["A", "B", "C"]).groupby(bilag["patient"]).cummax()
        assert not (active & (column == "E")).any()  # once active, never again "never involved"
    assert (endpoints.bilag_total(bilag) == bilag["bilag_total"]).all()


def test_nephritis_means_a_renal_finding_at_entry(large: Cohort) -> None:
    renal = SLEDAI_ITEMS.loc[SLEDAI_ITEMS["domain"] == "renal", "id"]
    entry = large.sledai[large.sledai["week"] == 0].set_index("patient")[list(renal)].any(axis=1)
    assert (entry == large.patients.set_index("patient")["nephritis"]).all()


def test_nothing_happens_after_dropout(small: Cohort) -> None:
    until = small.patients.set_index("patient")["dropout_day"].astype(float).fillna(np.inf)
    assert np.isfinite(until).sum() >= 3
    for name, frame in small.tables.items():
        if name != "patients":
            day = frame["day"] if "day" in frame else 7 * frame["week"]
            assert (day <= frame["patient"].map(until)).all(), name
    assert set(small.visits.loc[small.visits["week"] == 0, "patient"]) == set(small.patients["patient"])


def test_doses_follow_the_published_calendar() -> None:
    cohort = what_if(Assumptions(dropout_rate=0.0), seed=2)
    calendar = design.he2020().dosing_calendar()
    for arm, doses in cohort.doses.groupby("arm", observed=True):
        days = calendar.loc[calendar["arm"] == arm, "day"].tolist()
        assert doses.groupby("patient")["day"].agg(list).map(lambda got, want=days: got == want).all()
    given = cohort.doses.groupby(["arm", "patient"], observed=True)["dose_miu"].sum()
    assert (given["IL-2"] == design.he2020().cumulative_dose_miu).all()
    assert (given["placebo"] == 0).all()


def test_visits_mark_the_published_weeks(small: Cohort) -> None:
    marked = small.visits.loc[small.visits["published_visit"], "visit"].astype(str).unique()
    assert set(marked) == {v.name for v in design.he2020().visits}
    plain = what_if(Assumptions(extra_weeks=()), seed=1)
    assert sorted(plain.visits["week"].unique()) == [0, 12, 24]


def test_prednisone_is_in_steps_and_rises_only_by_rescue() -> None:
    cohort = what_if(Assumptions(rescue_placebo=0.5, rescue_il2=0.2), n_per_arm=200, seed=6)
    visits = cohort.visits
    assert (visits["prednisone_mg_day"] % 2.5 == 0).all()
    step = visits.groupby("patient")["prednisone_mg_day"].diff()
    newly = visits["rescue"].astype(int).groupby(visits["patient"]).diff() == 1
    assert newly.sum() > 50
    assert (step[~newly].dropna() <= 0).all()
    assert (step[newly] > 0).mean() > 0.8


# --- one severity behind everything that is recorded -------------------------------------------------------------

MEASURED = ["protein_24h_g", "upcr_mg_mmol", "creatinine_umol_l", "egfr_ml_min_173", "haemoglobin_g_dl", "platelets_10e9_l",
            "wbc_10e9_l"]  # fmt: skip


def test_the_grades_are_those_of_bilag2004_on_what_is_recorded(small: Cohort) -> None:
    items = small.bilag[[*RECORDED_ITEMS, "active_sediment"]].join(small.labs[MEASURED])
    involved = pd.DataFrame({s: small.bilag[f"bilag_{s}"] != "E" for s in BILAG_SYSTEMS})
    graded = endpoints.bilag2004(items, items.groupby(small.bilag["patient"]).shift(), involved)
    for system in BILAG_SYSTEMS:
        assert (graded[f"bilag_{system}"] == small.bilag[f"bilag_{system}"].astype(str)).all(), system
    assert (graded["bilag_total"] == small.bilag["bilag_total"]).all()


def test_what_is_present_is_never_graded_inactive(large: Cohort) -> None:
    for system, items in SYSTEM_ITEMS.items():
        active = large.bilag[f"bilag_{system}"].isin(["A", "B", "C"])
        assert active[large.sledai[list(items)].any(axis=1)].all(), system


def test_the_descriptors_are_those_of_the_values(small: Cohort) -> None:
    found = endpoints.sledai_descriptors(small.labs)
    for item in ("proteinuria", "low_complement", "dna_binding", "thrombocytopenia", "leukopenia", "fever"):
        assert (found[item] == small.sledai[item]).all(), item


@pytest.mark.parametrize("definition", list(endpoints.RENAL_DEFINITIONS))
def test_every_renal_definition_reads_the_laboratory(small: Cohort, definition: str) -> None:
    needs = {"creatinine_upper_normal": 1.2} if definition in ("ACR 2006", "Chinese multitarget") else {}
    months = {"months": 6.0} if definition == "EULAR 2019" else {}
    entry, last = (small.labs[small.labs["week"] == week] for week in (0, 24))
    entry = entry[entry["patient"].isin(last["patient"])]
    found = endpoints.renal_response(entry, last, definition, **needs, **months)  # type: ignore[arg-type]
    assert found["response"].notna().all()


def test_a_cohort_as_csv_is_scored_as_in_memory(small: Cohort, tmp_path: Path) -> None:
    read = endpoints.read_visit_file(small.save(tmp_path / "c") / "visits.csv")
    assert read.ignored == ("published_visit",)
    keys = ["patient", "week"]
    one, other = (
        endpoints.sri(v, reasons=False).sort_values(keys)["responder"].astype(bool).tolist()
        for v in (small.visits, read.visits)
    )
    assert one == other


def test_people_are_possible(large: Cohort) -> None:
    people = large.patients
    onset = people["age_years"] - people["disease_duration_months"] / 12
    assert onset.min() >= 5
    assert (onset < 12).mean() < 0.05  # 4.6 % paediatric onset in 22,807 patients
    body = people["weight_kg"] / (people["height_cm"] / 100) ** 2
    assert body.between(14.5, 42.5).all()
    assert people["weight_kg"].corr(people["height_cm"]) == pytest.approx(0.4, abs=0.05)
    height = people.groupby("sex", observed=True)["height_cm"].agg(["mean", "std"])
    assert height.loc["male", "mean"] - height.loc["female", "mean"] == pytest.approx(10, abs=1)


def test_the_default_cohort_is_plausible(large: Cohort) -> None:
    table = plausibility(large).set_index("statement")
    assert set(table["verdict"]) == {"agrees"}, table.loc[table["verdict"] != "agrees", ["expected", "found"]]


# --- nephritis, rescue, dropout ---------------------------------------------------------------------------------


def share_with_error(values: pd.Series, target: float) -> float:
    """Distance from a share in standard errors."""
    return abs(float(values.mean()) - target) / binomial_error(target, len(values))


def test_the_kidneys_of_remitters_rest_at_week_24_and_only_theirs() -> None:
    # 7/13 and 2/12: the abstract of He et al. 2020.
    cohort = what_if(Assumptions(dropout_rate=0.0), n_per_arm=6000, seed=31)
    renal = list(SLEDAI_ITEMS.loc[SLEDAI_ITEMS["domain"] == "renal", "id"])
    last = cohort.sledai[cohort.sledai["week"] == 24].set_index("patient")
    nephritis = cohort.patients.set_index("patient")["nephritis"]
    rest = ~last.loc[nephritis, renal].any(axis=1)
    for arm, target in (("IL-2", 7 / 13), ("placebo", 2 / 12)):
        assert share_with_error(rest[last.loc[nephritis, "arm"] == arm], target) < 4
    protein = cohort.labs[cohort.labs["week"] == 24].set_index("patient")["protein_24h_g"]
    assert (protein[rest.index[rest]] <= 0.5).all()


def test_rescue_is_flagged_from_its_day_and_ends_response() -> None:
    a = Assumptions(rescue_il2=0.1, rescue_placebo=0.4, dropout_rate=0.0)
    cohort = what_if(a, n_per_arm=3000, seed=32)
    visits = cohort.visits
    ever = visits.groupby("patient")["rescue"].max()
    arm = cohort.patients.set_index("patient")["arm"].loc[ever.index]
    assert share_with_error(ever[arm == "IL-2"], 0.1) < 4
    assert share_with_error(ever[arm == "placebo"], 0.4) < 4
    assert not visits.loc[visits["week"] * 7 < 14, "rescue"].any()
    assert visits.sort_values(["patient", "week"]).groupby("patient")["rescue"].is_monotonic_increasing.all()
    answers = endpoints.sri(visits, reasons=False)
    assert not answers.loc[answers["rescue"].astype(bool), "responder"].any()
    fell = answers["rescue"].astype(bool) & answers["sledai_clause"].astype(bool)
    assert fell.sum() > 100  # rescue helps, and counts as non-response all the same


def test_rescue_goes_to_patients_with_a_bad_course() -> None:
    a = Assumptions(rescue_placebo=0.2, rescue_effect=0.0, response_sd=0.8, dropout_rate=0.0)
    cohort = what_if(a, n_per_arm=4000, seed=33)
    week24 = cohort.visits[(cohort.visits["week"] == 24) & (cohort.visits["arm"] == "placebo")]
    mean = week24.groupby("rescue")["sledai"].mean()
    assert mean[True] > mean[False] + 1


@pytest.mark.parametrize("mechanism", ["MCAR", "MAR", "MNAR"])
def test_dropout_has_its_share_and_its_mechanism(mechanism: str) -> None:
    a = Assumptions(dropout_mechanism=mechanism, dropout_rate=0.25, rescue_il2=0.0, rescue_placebo=0.0)
    cohort, full = what_if(a, n_per_arm=4000, seed=34), what_if(replace(a, dropout_rate=0.0), n_per_arm=4000, seed=34)
    left = cohort.patients.set_index("patient")["dropout_day"]
    assert share_with_error(left.notna(), 0.25) < 4
    # The same patients without dropout: what those who left would have shown at the end.
    end = full.visits[full.visits["week"] == 24].set_index("patient")
    start = full.visits[full.visits["week"] == 0].set_index("patient")
    gap = (end["sledai"] - start["sledai"]).groupby(left.notna()).mean()
    if mechanism == "MCAR":
        assert abs(gap[True] - gap[False]) < 0.5
    else:
        assert gap[True] > gap[False] + 1
    assert left.dropna().between(1, 168).all()


def test_mnar_depends_on_the_visit_that_is_missed_and_mar_on_the_one_before() -> None:
    sledai = np.full((4000, 3), 10)
    sledai[:2000, 2] = 30  # bad only at the last visit
    treated = np.zeros(4000, dtype=bool)
    found = {}
    for mechanism in ("MAR", "MNAR"):
        a = Assumptions(dropout_mechanism=mechanism, dropout_rate=0.2)
        days = dropout_days(a, treated, sledai, np.array([0, 12, 24]), np.random.default_rng(1))
        found[mechanism] = [np.mean(~np.isnan(part)) for part in (days[:2000], days[2000:])]
        assert np.mean(found[mechanism]) == pytest.approx(0.2, abs=4 * binomial_error(0.2, 4000))
    assert found["MNAR"][0] > 5 * found["MNAR"][1]
    assert found["MAR"][0] == pytest.approx(found["MAR"][1], abs=0.06)


def test_exact_numbers_of_dropouts() -> None:
    for mechanism in ("MCAR", "MNAR"):
        a = Assumptions(dropouts=(3, 1), dropout_mechanism=mechanism)
        people = what_if(a, n_per_arm=30, seed=2).patients
        assert people.groupby("arm", observed=True)["dropout_day"].count().tolist() == [3, 1]
    with pytest.raises(InputError, match=r"dropouts == \(31, 0\): more than the 30 patients of an arm cannot leave"):
        what_if(Assumptions(dropouts=(31, 0)), n_per_arm=30)
    assert what_if(Assumptions(dropouts=(5, 5)), n_per_arm=5, seed=1).patients["dropout_day"].notna().all()


def test_fever_and_flu_go_together() -> None:
    share = {"fever": 0.3, "flu-like symptoms": 0.2}
    a = Assumptions(event_share_il2=share, event_share_placebo=share, dropout_rate=0.0)
    cohort = what_if(a, n_per_arm=5000, seed=35)
    had = [
        cohort.patients["patient"].isin(cohort.adverse_events.loc[cohort.adverse_events["event"] == e, "patient"])
        for e in share
    ]
    assert abs(np.corrcoef(*had)[0, 1] - 0.3) < 4 * (1 - 0.09) / math.sqrt(10_000)
    assert share_with_error(had[0], 0.3) < 4
    assert share_with_error(had[1], 0.2) < 4


def test_nothing_happens_after_a_patient_has_left() -> None:
    often = dict.fromkeys(Assumptions().event_share_il2, 0.9)
    a = Assumptions(dropout_rate=0.9, event_share_il2=often, event_share_placebo=often)
    cohort = what_if(a, n_per_arm=300, seed=3)
    left = cohort.patients.set_index("patient")["dropout_day"]
    for table in (cohort.adverse_events, cohort.doses):
        after = (table["day"] - table["patient"].map(left)).dropna()
        assert (after <= 0).all()
        assert (after == 0).any()  # the day of leaving itself still counts


@pytest.mark.parametrize("table", ["adverse_events", "doses"])
def test_a_row_one_day_after_leaving_is_refused(table: str, tmp_path: Path) -> None:
    cohort = what_if(Assumptions(dropout_rate=0.0), n_per_arm=30, seed=2)
    last = cohort.tables[table].groupby("patient")["day"].max()
    name, day = next((name, int(day)) for name, day in last.items() if day >= 2)

    def leaving(on: int) -> Cohort:
        """Let the patient leave on a day, with the rows of the table under test up to ``day``."""

        def kept(key: str, frame: pd.DataFrame) -> pd.DataFrame:
            when = 7 * frame["week"] if "week" in frame else frame["day"]
            until = day if key == table else on
            return frame[(frame["patient"] != name) | (when <= until)].reset_index(drop=True)

        left = np.where(cohort.patients["patient"] == name, on, None)
        people = cohort.patients.assign(dropout_day=pd.array(left, dtype="Int64"))
        return replace(
            cohort, patients=people, **{key: kept(key, f) for key, f in cohort.tables.items() if key != "patients"}
        )

    leaving(day).save(tmp_path / "fits")
    with pytest.raises(InputError, match=r"column 'day'.*after the patient dropped out"):
        leaving(day - 1).save(tmp_path / "does not")


# --- blocks and size --------------------------------------------------------------------------------------------


def test_large_cohorts_are_the_same_in_memory_and_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generative, "BLOCK", 16)
    a = Assumptions(dropouts=(7, 3), dropout_mechanism="MAR")
    whole = what_if(a, n_per_arm=40, seed=9)
    again = Cohort.load(write_what_if(tmp_path / "big", a, n_per_arm=40, seed=9))
    for name, frame in whole.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
    assert again.assumptions == a
    assert whole.patients["patient"].is_unique
    assert whole.patients["arm"].value_counts().tolist() == [40, 40]
    assert whole.patients.groupby("arm", observed=True)["dropout_day"].count().tolist() == [7, 3]
    check_agreement(whole.tables, a, "{}", 0)


def test_writing_in_pieces_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_what_if(tmp_path / "big", n_per_arm=5, seed=1)

    def broken(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(generative, "write_manifest", broken)
    with pytest.raises(InputError, match="What was there before is unchanged"):
        write_what_if(folder, n_per_arm=7, seed=1)
    assert len(Cohort.load(folder).patients) == 10
    assert [p.name for p in tmp_path.iterdir()] == ["big"]


# --- on average where the assumptions say -----------------------------------------------------------------------


def test_sri4_rates_are_those_of_the_paper_on_average(large: Cohort) -> None:
    answer = endpoints.sri(large.visits, missing="observed", reasons=False).dropna(subset=["responder"])
    rate = answer.groupby(["arm", "week"], observed=True)["responder"].agg(["mean", "size"])
    # He et al. 2020, abstract: 16/29 and 9/30 at week 12, 19/29 and 11/30 at week 24.
    for key, target in {
        ("IL-2", 12): 16 / 29, ("placebo", 12): 9 / 30, ("IL-2", 24): 19 / 29, ("placebo", 24): 11 / 30,
    }.items():  # fmt: skip
        assert abs(rate.loc[key, "mean"] - target) < 4 * binomial_error(target, int(rate.loc[key, "size"])), key


def test_without_drug_effect_the_arms_agree() -> None:
    cohort = what_if(Assumptions(drug_effect=0.0), n_per_arm=4000, seed=77)
    answer = (
        endpoints.sri(cohort.visits, reasons=False)
        .query("week == 24")
        .groupby("arm", observed=True)["responder"]
        .mean()
    )
    assert abs(answer["IL-2"] - answer["placebo"]) < 4 * math.sqrt(2) * binomial_error(float(answer.mean()), 4000)


def test_entry_is_that_of_table_1_and_2_on_average(large: Cohort) -> None:
    n = len(large.patients)
    people, entry = large.patients, large.visits[large.visits["week"] == 0]
    # Table 1, both arms together.
    for column, mean, sd in (
        ("age_years", 30.705, 9.49), ("weight_kg", 56.75, 8.60), ("height_cm", 162.45, 6.14),
        ("disease_duration_months", 65.15, 58.66),
    ):  # fmt: skip
        assert abs(people[column].mean() - mean) < 5 * sd / math.sqrt(n), column
    for column, share in (("nephritis", 25 / 60), ("hydroxychloroquine", 57 / 60), ("cyclophosphamide", 4 / 60)):
        assert abs(people[column].mean() - share) < 4 * binomial_error(share, n), column
    assert abs((people["sex"] == "female").mean() - 56 / 60) < 4 * binomial_error(56 / 60, n)
    assert entry["sledai"].median() in (11, 12)  # printed medians 12 and 11
    assert 2.2 <= entry["pga"].median() <= 2.3  # printed medians 2.3 and 2.2
    grades = entry[[f"bilag_{s}" for s in BILAG_SYSTEMS]].astype(str)
    active = (grades == "A").any(axis=1) | ((grades == "B").sum(axis=1) >= 2)
    # Tuned by eye, so the band is the sampling error of the printed 42 of 60, not of the simulation.
    assert abs(active.mean() - 0.70) < 1.96 * binomial_error(0.70, 60)
    items = large.sledai[large.sledai["week"] == 0]
    for item, count in (("rash", 29), ("arthritis", 29), ("alopecia", 19), ("vasculitis", 6), ("fever", 7)):
        assert abs(items[item].mean() - count / 59) < 1.96 * binomial_error(count / 59, 59), item  # Table 2


def test_events_and_dropout_have_their_rates(large: Cohort) -> None:
    # Events after dropout are never seen: at most a share of 1/60 of them, so the margin has that added.
    share = large.adverse_events.groupby(["arm", "event"], observed=False).size() / 4000
    for event, target in large.assumptions.event_share_il2.items():
        assert abs(share["IL-2", event] - target) <= 4 * binomial_error(target, 4000) + target / 60, event
    for event, target in large.assumptions.event_share_placebo.items():
        assert abs(share["placebo", event] - target) <= 4 * binomial_error(target, 4000) + target / 60, event
    assert abs(large.patients["dropout_day"].notna().mean() - 1 / 60) < 4 * binomial_error(1 / 60, 8000)


def test_injection_site_reactions_fall_on_dosing_days(large: Cohort) -> None:
    events = large.adverse_events
    days = set(design.he2020().dosing.days()["day"])
    assert set(events.loc[events["event"] == "injection site reaction", "day"]) <= days


# --- the parts of the model -------------------------------------------------------------------------------------


def test_effect_curve() -> None:
    got = effect(np.array([0.0, 6, 12, 18, 24]), onset=6.0, at_week12=2.0, at_week24=1.0)
    assert got[0] == 0
    assert got[2] == pytest.approx(2.0)
    assert got[3] == pytest.approx(1.5)
    assert got[4] == pytest.approx(1.0)
    assert got[1] == pytest.approx(2.0 * (1 - math.exp(-1)) / (1 - math.exp(-2)))


@pytest.mark.parametrize(("half_life", "action"), [(4.0, 2.0), (7.0, 1.0), (1.5, 0.5), (20.0, 3.0)])
def test_turnover_solves_its_equation(half_life: float, action: float) -> None:
    # The closed form against a numerical solution of dR/dt = k (D(t) - R) over the trial's own calendar.
    from scipy.integrate import solve_ivp

    start, end = acting_intervals(design.he2020().dosing.days()["day"].to_numpy(), action)
    k = math.log(2) / half_life
    edges = np.unique(np.concatenate([[0.0], start, end, [168.0]]))
    days, level = np.linspace(0, 168, 337), [0.0]
    found = np.zeros_like(days)
    for low, high in pairwise(edges):  # piece by piece: the right-hand side jumps at the edges
        acts = float(((start <= low) & (low < end)).any())
        piece = solve_ivp(
            lambda _, r, d=acts: k * (d - r), (low, high), level, dense_output=True, rtol=1e-10, atol=1e-12
        )
        inside = (days >= low) & (days <= high)
        found[inside] = piece.sol(days[inside])[0]
        level = [float(piece.y[0, -1])]
    assert np.allclose(turnover(days, start, end, half_life), found, atol=1e-8)
    assert turnover(days, start, end, half_life).max() < 1


def test_overlapping_injections_act_throughout() -> None:
    start, end = acting_intervals(np.array([0, 2, 4, 28, 30]), 2.0)
    assert (start.tolist(), end.tolist()) == ([0, 28], [6, 32])
    apart = acting_intervals(np.array([0, 2]), 0.5)
    assert [x.tolist() for x in apart] == [[0, 2], [0.5, 2.5]]


def test_cells_rise_in_the_dosing_fortnight_and_fall_in_the_break(large: Cohort) -> None:
    mean = large.immune.groupby(["arm", "week"], observed=True)["treg_percent_cd4"].mean()
    il2, placebo = mean["IL-2"], mean["placebo"]
    for on, off in ((2, 4), (6, 8), (10, 12)):
        assert il2[on] > 1.5 * il2[off]
    assert il2[24] == pytest.approx(il2[0], rel=0.03)
    assert placebo.max() / placebo.min() < 1.03


# --- properties over assumptions --------------------------------------------------------------------------------


@st.composite
def any_assumptions(draw: st.DrawFn) -> Assumptions:
    """Draw every numeric field, mechanism and version that keeps enrolment possible."""
    chance = st.floats(0, 1)
    return Assumptions(
        drug_effect=draw(st.floats(-1, 3)), care_week12=draw(st.floats(-1, 3)), care_week24=draw(st.floats(-1, 3)),
        drug_persistence=draw(st.floats(0, 3)), response_sd=draw(st.floats(0, 2)), divergence=draw(st.floats(0, 3)),
        onset_weeks=draw(st.floats(0.5, 52)), static_share=draw(chance), memory_weeks=draw(st.floats(0.1, 520)),
        nephritis_share=draw(chance), entry_sledai=draw(st.integers(0, 10)),
        sledai_version=draw(st.sampled_from(["2K", "SELENA"])),
        remission_il2=draw(chance), remission_placebo=draw(chance), remission_selection=draw(st.floats(-1, 1)),
        rescue_il2=draw(chance), rescue_placebo=draw(chance), rescue_selection=draw(st.floats(-1, 1)),
        rescue_dose=draw(st.floats(0, 60)),
        pga_noise=draw(st.floats(0, 1.5)), taper=draw(chance), improving_cut=draw(st.floats(0, 4)),
        dropout_rate=draw(chance), dropout_mechanism=draw(st.sampled_from(["MCAR", "MAR", "MNAR"])),
        dropout_strength=draw(st.floats(-3, 3)), action_days=draw(st.floats(0.1, 14)),
        extra_weeks=tuple(draw(st.sets(st.sampled_from([2, 4, 6, 8, 10, 14, 16, 20]), max_size=4))),
    )  # fmt: skip


@given(a=any_assumptions(), n=st.integers(1, 12), seed=st.integers(0, 2**32))
@settings(max_examples=8)
def test_any_assumptions_give_whole_and_agreeing_tables(a: Assumptions, n: int, seed: int) -> None:
    cohort = what_if(a, n_per_arm=n, seed=seed)
    for name, frame in cohort.tables.items():
        check_schema(name, frame, name, 0)
    check_agreement(cohort.tables, a, "{}", 0)
    people, visits = cohort.patients.set_index("patient"), cohort.visits
    assert people["arm"].value_counts().tolist() == [n, n]
    assert (visits["week"] == 0).sum() == 2 * n
    assert visits.loc[visits["week"] == 0, "sledai"].min() >= a.entry_sledai
    # Nobody is dosed or seen after dropout, and events fall inside follow-up.
    until = people["dropout_day"].astype("Float64").fillna(168).astype(float)
    for frame in (cohort.doses, cohort.adverse_events, visits.assign(day=7 * visits["week"])):
        day = frame["day"].to_numpy()
        assert ((day >= 0) & (day <= frame["patient"].map(until).to_numpy())).all()
    # Everybody is seen at every visit up to the last day, and dosed on every day of the calendar up to it.
    weeks = np.array(sorted({0, 12, 24} | set(a.extra_weeks)))
    calendar = design.he2020().dosing.days()["day"].to_numpy()
    for table, days in ((visits, 7 * weeks), (cohort.doses, calendar)):
        counted = table.groupby("patient").size().reindex(people.index, fill_value=0)
        assert (counted.to_numpy() == (days[None, :] <= until.to_numpy()[:, None]).sum(axis=1)).all()
    points = cohort.sledai[list(SLEDAI_ITEMS["id"])].to_numpy() @ SLEDAI_ITEMS["weight"].to_numpy()
    less = 4 * cohort.sledai["proteinuria_stable"].to_numpy() if a.sledai_version == "SELENA" else 0
    assert (visits["sledai"].to_numpy() == points - less).all()
    assert not visits.loc[7 * visits["week"] < 14, "rescue"].any()


# --- assumptions ------------------------------------------------------------------------------------------------


def test_every_assumption_says_where_it_comes_from() -> None:
    table = Assumptions(drug_effect=0.0, item_share={"rash": 0.9}).table().set_index(["field", "key"])
    assert set(table["origin"]) == {"published", "literature", "invented", "changed by the user"}
    assert table.loc[("drug_effect", ""), "origin"] == "changed by the user"
    assert table.loc[("item_share", "rash"), ["value", "origin"]].tolist() == [0.9, "changed by the user"]
    assert table.loc[("item_share", "fever"), "origin"] == "invented"
    assert table.loc[("female_share", ""), "origin"] == "published"
    assert (table["unit"].str.len() > 0).all()
    assert (table["source"].str.len() > 0).all()


def test_assumptions_travel_and_do_not_change() -> None:
    a = Assumptions(item_share={"rash": 0.5}, extra_weeks=(8, 4))
    assert a == pickle.loads(pickle.dumps(a)) == Assumptions.from_dict(a.to_dict())
    assert hash(a) == hash(pickle.loads(pickle.dumps(a)))
    assert a.extra_weeks == (4, 8)
    with pytest.raises(TypeError, match="read-only"):
        a.item_share["rash"] = 0.1  # type: ignore[index]


def test_impossible_assumptions_are_refused() -> None:
    for field, value, message in [
        ("dropout_rate", 1.5, r"dropout_rate == 1\.5, must be a number from 0 to 1"),
        ("dropout_rate", "0.1", "must be a number"),
        ("dropout_rate", float("nan"), "must be a number"),
        ("entry_sledai", 8.5, "must be a whole number"),
        ("sledai_version", "3K", "sledai_version '3K'"),
        ("item_share", {"rsh": 0.1}, "did you mean 'rash'"),
        ("item_share", {"rash": 2}, r"item_share\['rash'\] == 2"),
        ("item_share", 0.5, "must map names to shares"),
        ("extra_weeks", (12,), "without 12"),
        ("moderate_cut", 5.0, "is above severe_cut"),
        ("dropout_mechanism", "MRA", "did you mean 'MAR'"),
        ("dropouts", (1, -1), "two whole numbers of 0 or more"),
        ("dropouts", 3, "two whole numbers of 0 or more"),
    ]:
        with case(field, value, message), pytest.raises(InputError, match=message):
            Assumptions(**{field: value})  # type: ignore[arg-type]


def test_all_problems_are_listed_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Assumptions(dropout_rate=2, rescue_il2=-0.1, event_share_il2={"fever": 3, "flu": 0.1}, extra_weeks=(12,))
    lines = str(caught.value).splitlines()
    for words in ("dropout_rate == 2", "rescue_il2 == -0.1", "event_share_il2['fever'] == 3", "'flu'", "extra_weeks"):
        assert any(words in line for line in lines), words
    with pytest.raises(InputError) as caught:
        Assumptions(drug_efect=1, onset=2)  # type: ignore[call-arg]
    first, second = str(caught.value).splitlines()
    assert "'drug_effect'" in first
    assert "'onset_weeks'" in second
    with pytest.raises(InputError) as caught:
        Assumptions(moderate_cut=5.0, severe_cut=1.0)
    assert len(str(caught.value).splitlines()) == 1


def test_other_bad_input() -> None:
    with pytest.raises(InputError, match="n_per_arm == 0"):
        what_if(n_per_arm=0)
    with pytest.raises(InputError, match="seed == -1"):
        what_if(seed=-1)
    with pytest.raises(InputError, match="seed == 'x'"):
        what_if(seed="x")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="must be an Assumptions object, got dict"):
        what_if({})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown assumption 'drug_efect': did you mean 'drug_effect'"):
        Assumptions.from_dict({"drug_efect": 1})
    nobody = dict.fromkeys(SLEDAI_ITEMS["id"], 0.0)
    with pytest.raises(InputError, match="rounds of screening 2 of 2 patients still do not reach"):
        what_if(Assumptions(item_share=nobody), n_per_arm=1)
