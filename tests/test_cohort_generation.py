"""Invented cohorts: coherent, reproducible, and on average where the assumptions say."""

from __future__ import annotations

import math
import pickle
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupus_kit import design, endpoints
from lupus_kit._errors import InputError
from lupus_kit.cohort import Assumptions, Cohort, what_if
from lupus_kit.cohort._course import effect
from lupus_kit.cohort._schema import check_agreement, check_schema
from lupus_kit.cohort._treatment import rise_by_day
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


def test_grades_cohere_with_items_and_history(large: Cohort) -> None:
    bilag, items = large.bilag, large.sledai
    assert bilag.loc[items["arthritis"] & (bilag["week"] == 0), "bilag_musculoskeletal"].isin(["A", "B", "C"]).all()
    for system in BILAG_SYSTEMS:
        column = bilag[f"bilag_{system}"]
        active = column.isin(["A", "B", "C"]).groupby(bilag["patient"]).cummax()
        assert not (active & (column == "E")).any()  # once active, never again "never involved"
    assert (endpoints.bilag_total(bilag) == bilag["bilag_total"]).all()


def test_scores_move_together(large: Cohort) -> None:
    # Published anchor (50 patients, 528 visits): r(PGA, SLEDAI) 0.742, r(PGA, BILAG) 0.776. The model is not
    # fitted to them; it must be in their neighbourhood.
    frame = large.visits.merge(large.bilag[["patient", "week", "bilag_total"]], on=["patient", "week"])
    assert 0.55 < frame["pga"].corr(frame["sledai"]) < 0.85
    assert 0.65 < frame["pga"].corr(frame["bilag_total"]) < 0.90


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


def test_prednisone_is_in_steps_and_never_rises(small: Cohort) -> None:
    dose = small.visits["prednisone_mg_day"]
    assert (dose % 2.5 == 0).all()
    assert (dose.groupby(small.visits["patient"]).diff().dropna() <= 0).all()


# --- on average where the assumptions say -----------------------------------------------------------------------


def test_sri4_rates_are_those_of_the_paper_on_average(large: Cohort) -> None:
    answer = endpoints.sri(large.visits, missing="observed").dropna(subset=["responder"])
    rate = answer.groupby(["arm", "week"], observed=True)["responder"].agg(["mean", "size"])
    # He et al. 2020, abstract: 16/29 and 9/30 at week 12, 19/29 and 11/30 at week 24.
    for key, target in {
        ("IL-2", 12): 16 / 29, ("placebo", 12): 9 / 30, ("IL-2", 24): 19 / 29, ("placebo", 24): 11 / 30,
    }.items():  # fmt: skip
        assert abs(rate.loc[key, "mean"] - target) < 4 * binomial_error(target, int(rate.loc[key, "size"])), key


def test_without_drug_effect_the_arms_agree() -> None:
    cohort = what_if(Assumptions(drug_effect=0.0), n_per_arm=4000, seed=77)
    answer = endpoints.sri(cohort.visits).query("week == 24").groupby("arm", observed=True)["responder"].mean()
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


def test_turnover_solves_its_equation() -> None:
    half_life = 4.0
    rise = rise_by_day(np.array([0, 2, 4]), half_life, 40)
    k = math.log(2) / half_life
    fine, level, step = [0.0], 0.0, 1e-3
    for i in range(40 * 1000):  # Euler steps of dR/dt = k (D(t) - R), with the drug acting on days 0 to 5
        level += step * k * ((1.0 if i * step < 6 else 0.0) - level)
        if (i + 1) % 1000 == 0:
            fine.append(level)
    assert np.allclose(rise, fine, atol=2e-4)
    assert rise.max() == rise[6]
    assert rise[10] == pytest.approx(rise[6] / 2)


def test_cells_rise_in_the_dosing_fortnight_and_fall_in_the_break(large: Cohort) -> None:
    mean = large.immune.groupby(["arm", "week"], observed=True)["treg_percent_cd4"].mean()
    il2, placebo = mean["IL-2"], mean["placebo"]
    for on, off in ((2, 4), (6, 8), (10, 12)):
        assert il2[on] > 1.5 * il2[off]
    assert il2[24] == pytest.approx(il2[0], rel=0.03)
    assert placebo.max() / placebo.min() < 1.03


# --- properties over assumptions --------------------------------------------------------------------------------


@given(
    drug=st.floats(-1, 3), care=st.floats(-1, 3), drop=st.floats(0, 1), nephritis=st.floats(0, 1),
    static=st.floats(0, 1), noise=st.floats(0, 1.5), entry=st.integers(0, 10), n=st.integers(1, 12),
    seed=st.integers(0, 2**32),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_any_assumptions_give_whole_and_agreeing_tables(
    drug: float, care: float, drop: float, nephritis: float, static: float, noise: float, entry: int, n: int, seed: int
) -> None:
    a = Assumptions(
        drug_effect=drug, care_week12=care, dropout_rate=drop, nephritis_share=nephritis, static_share=static,
        pga_noise=noise, entry_sledai=entry,
    )  # fmt: skip
    cohort = what_if(a, n_per_arm=n, seed=seed)
    for name, frame in cohort.tables.items():
        check_schema(name, frame, name, 0)
    check_agreement(cohort.tables, a, "{}", 0)
    assert cohort.patients["arm"].value_counts().tolist() == [n, n]
    assert (cohort.visits["week"] == 0).sum() == 2 * n
    assert cohort.visits.loc[cohort.visits["week"] == 0, "sledai"].min() >= entry


# --- assumptions ------------------------------------------------------------------------------------------------


def test_every_assumption_says_where_it_comes_from() -> None:
    table = Assumptions(drug_effect=0.0, item_share={"rash": 0.9}).table().set_index(["field", "key"])
    assert set(table["origin"]) == {"published", "invented", "changed by the user"}
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


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("dropout_rate", 1.5, r"dropout_rate == 1\.5, must be a number from 0 to 1"),
        ("dropout_rate", "0.1", "must be a number"),
        ("dropout_rate", float("nan"), "must be a number"),
        ("entry_sledai", 8.5, "must be a whole number"),
        ("sledai_version", "3K", "sledai_version '3K'"),
        ("item_share", {"rsh": 0.1}, "did you mean 'rash'"),
        ("item_share", {"rash": 2}, r"item_share\['rash'\] == 2"),
        ("item_share", 0.5, "must map names to shares"),
        ("extra_weeks", (12,), "without 12"),
        ("bilag_b_cut", 3.0, "must not fall from C to A"),
    ],
)
def test_impossible_assumptions_are_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Assumptions(**{field: value})  # type: ignore[arg-type]


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
