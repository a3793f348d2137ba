"""Multiple imputation of the SRI: bounds, no missing data, recovery, Rubin's rules by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lupus_kit import endpoints
from lupus_kit.cohort import Assumptions, what_if
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.compare.imputation import pool


def test_without_missing_data_it_is_the_observed_analysis() -> None:
    visits = what_if(Assumptions(dropout_rate=0), seed=3).visits
    result = endpoints.impute_responders(visits, n_imputations=3)
    answers = endpoints.sri(visits)
    assert (result.patients["share"] == answers["responder"].astype(float)).all()
    for arm, week in (("IL-2", 12), ("placebo", 24)):
        own = answers[(answers["arm"] == arm) & (answers["week"] == week)]["responder"].astype(float)
        row = result.pooled.query("quantity == @arm and week == @week").iloc[0]
        assert row["estimate"] == own.sum() / 30
        assert row["between"] == 0
        assert row["total"] == row["within"] == pytest.approx(own.var(ddof=0) / 30)


def test_between_the_worst_and_the_best_case() -> None:
    visits = what_if(Assumptions(dropout_rate=0.3), seed=1).visits.copy()
    rng = np.random.default_rng(1)
    later = (visits["week"] > 0).to_numpy()
    for column in ("sledai", "pga", "bilag_renal"):
        visits[column] = visits[column].mask(later & (rng.random(len(visits)) < 0.1))
    worst, best = (
        endpoints.sri(visits, missing=m, reasons=False)["responder"].to_numpy(dtype=float) for m in ("worst", "best")
    )
    gone = endpoints.sri(visits, missing="observed")
    lost = (gone["responder"].isna() & gone["sledai"].isna()).to_numpy()
    assert lost.any()
    for options in (
        *({"donors": donors} for donors in ("mar", "all", "reference", "copy_reference")),
        {"delta": 30},
        {"delta": {"IL-2": -9}},
    ):
        share = endpoints.impute_responders(visits, n_imputations=5, seed=1, **options).patients["share"]
        assert ((worst <= share) & (share <= best)).all(), options
        if options == {"delta": 30}:  # no patient can fall far enough once its SLEDAI is imputed
            assert (share[lost] == 0).all()


@pytest.mark.parametrize("clause", ["sledai", "two new B", "new A", "pga", "rescue"])
def test_every_clause_of_the_rule_is_asked_of_the_imputed_values(clause: str) -> None:
    """Every donor of the arm fails this clause and no other, so a patient filled from them fails it too."""
    systems = [f"bilag_{name}" for name in endpoints.BILAG_SYSTEMS]
    start = {"visit": "baseline", "week": 0, "sledai": 12, "pga": 1.0, "rescue": 0} | dict.fromkeys(systems, "D")
    good = start | {"visit": "week 12", "week": 12, "sledai": 4}
    fails = {
        "sledai": {"sledai": 9},
        "two new B": dict.fromkeys(systems[:2], "B"),
        "new A": {"bilag_renal": "A"},
        "pga": {"pga": 1.3},
        "rescue": {"rescue": 1},
    }[clause]

    def share(week_12: dict[str, object]) -> float:
        rows = [start | {"patient": k} for k in range(6)] + [week_12 | {"patient": k} for k in range(5)]
        return endpoints.impute_responders(pd.DataFrame(rows), n_imputations=2).patients["share"].iloc[5]

    assert share(good) == 1  # one new B alone passes
    assert share(good | {systems[0]: "B"}) == 1
    assert share(good | fails) == 0


@pytest.fixture
def half_left() -> pd.DataFrame:
    """All of 100 improve on the drug by week 12, then 50 leave and 50 keep it; on placebo 10 of 100 improve and keep it."""
    rows = []
    for arm, n_better in (("drug", 100), ("Placebo", 10)):
        for k in range(100):
            for week in (0, 12, 24)[: 2 if arm == "drug" and k >= 50 else 3]:
                better = week > 0 and k < n_better
                visit = "baseline" if week == 0 else f"week {week}"
                rows.append((f"{arm} {k}", visit, week, arm, 4 if better else 10, 1.0 if better else 1.5))
    return pd.DataFrame(rows, columns=["patient", "visit", "week", "arm", "sledai", "pga"])


def test_each_assumption_does_what_its_name_says(half_left: pd.DataFrame) -> None:
    """By arithmetic: all kept 100 of 100; all benefit lost 50 + 50 x 10/100; as placebo patients who had improved, 100."""
    parts = {"components": ("sledai", "pga"), "n_imputations": 50}

    def at_24(donors: str) -> float:
        pooled = endpoints.impute_responders(half_left, donors=donors, **parts).pooled
        return float(pooled.query("week == 24 and quantity == 'drug'")["estimate"].iloc[0])

    assert at_24("mar") == at_24("arm") == 1
    assert at_24("jump_to_reference") == at_24("reference") == at_24("J2R") == pytest.approx(0.55, abs=0.02)
    assert at_24("copy_reference") > 0.95
    shares = endpoints.impute_responders(half_left, donors="jump_to_reference", **parts).patients
    assert (shares.query("week == 12 and arm == 'drug'")["share"] == 1).all()  # what was seen before leaving stays


def test_only_who_has_left_for_good_jumps_to_the_reference(half_left: pd.DataFrame) -> None:
    """A gap that is followed by a visit is filled from the own arm, and so is a gap in the reference arm."""
    kept = half_left[~((half_left["week"] == 12) & half_left["patient"].isin(["drug 0", "Placebo 0"]))]
    found = endpoints.impute_responders(
        kept, donors="jump_to_reference", components=("sledai", "pga"), n_imputations=20
    )
    missed = found.patients.query("week == 12").set_index("patient")["share"]
    assert missed["drug 0"] == 1
    assert missed["Placebo 0"] < 0.5


def test_who_has_left_stays_the_same_reference_patient() -> None:
    """What was imputed at the first visit after leaving is matched on at the next one."""
    rows = [("left", 0, "drug", 10)]
    for k in range(40):
        rows += [(f"p{k}", week, "placebo", 10 if week == 0 or k < 20 else 2) for week in (0, 12, 24)]
    frame = pd.DataFrame(rows, columns=["patient", "week", "arm", "sledai"])
    frame["visit"] = ["baseline" if week == 0 else f"week {week}" for week in frame["week"]]
    found = endpoints.impute_responders(frame, donors="jump_to_reference", components=["sledai"], n_imputations=80)
    by_visit = found.counts[found.counts["arm"] == "drug"].pivot(
        index="imputation", columns="week", values="responders"
    )
    assert (by_visit[12] == by_visit[24]).all()
    assert 0.25 < by_visit[12].mean() < 0.75


def test_a_reference_is_asked_for_where_no_arm_is_called_one(half_left: pd.DataFrame) -> None:
    unnamed = half_left.assign(arm=half_left["arm"].replace({"Placebo": "A", "drug": "B"}))
    with pytest.raises(InputError, match="needs reference="):
        endpoints.impute_responders(unnamed, donors="jump_to_reference", components=["sledai"])
    told = endpoints.impute_responders(unnamed, donors="jump_to_reference", reference="A", components=["sledai"])
    assert told.pooled["quantity"].iloc[-1] == "B minus A"


def test_a_grid_of_shifts_finds_where_the_conclusion_changes() -> None:
    visits = what_if(Assumptions(dropout_rate=0.4, drug_effect=2.5), seed=4, n_per_arm=60).visits
    same = {"n_imputations": 5, "seed": 3}
    grid = endpoints.delta_grid(visits, deltas=[0, 5, 50], week=24, **same)
    assert len(grid) == 9
    for own, of_reference in ((0, 0), (5, 0), (50, 5)):  # each row is what impute_responders says with these shifts
        delta = {"IL-2": own, "placebo": of_reference}
        alone = endpoints.impute_responders(visits, delta=delta, **same).pooled
        wanted = alone.query("week == 24 and quantity == 'IL-2 minus placebo'").iloc[0]
        row = grid.query("delta == @own and delta_reference == @of_reference").iloc[0]
        assert row[["estimate", "low", "high", "p"]].tolist() == wanted[["estimate", "low", "high", "p"]].tolist()
    along = grid.query("delta_reference == 0")["estimate"]
    assert along.is_monotonic_decreasing
    assert along.iloc[0] > along.iloc[-1]
    with pytest.raises(InputError, match="week is 13"):
        endpoints.delta_grid(visits, week=13)
    with pytest.raises(InputError, match="two arms"):
        endpoints.delta_grid(visits.drop(columns="arm"))


def test_same_seed_same_result_and_order_of_rows_does_not_matter() -> None:
    visits = what_if(Assumptions(dropout_rate=0.3), seed=1).visits
    one = endpoints.impute_responders(visits, seed=5, n_imputations=4)
    two = endpoints.impute_responders(visits.sample(frac=1, random_state=1), seed=5, n_imputations=4)
    pd.testing.assert_frame_equal(one.pooled, two.pooled)
    pd.testing.assert_frame_equal(one.counts, two.counts)
    other = endpoints.impute_responders(visits, seed=6, n_imputations=4)
    assert not one.counts.equals(other.counts)


def test_recovers_rates_where_values_are_missing_at_random() -> None:
    full = what_if(Assumptions(dropout_rate=0), n_per_arm=800, seed=9).visits
    rng = np.random.default_rng(2)
    kept = full[(full["week"] < 12) | (rng.random(len(full)) > 0.3)]

    def rates(visits: pd.DataFrame) -> pd.Series:
        last = endpoints.sri(visits, reasons=False).query("week == 24")
        return last.groupby("arm", observed=True)["responder"].mean().astype(float)

    truth, crude = rates(full), rates(kept)
    pooled = (
        endpoints.impute_responders(kept, n_imputations=20, seed=1).pooled.query("week == 24").set_index("quantity")
    )
    for arm in ("IL-2", "placebo"):
        row = pooled.loc[arm]
        # The only error left is that of the lost values; the between variance measures it.
        assert abs(row["estimate"] - truth[arm]) < 4 * np.sqrt(row["between"])
        assert truth[arm] - crude[arm] > 4 * np.sqrt(row["between"])


def test_no_interval_leaves_what_is_possible(half_left: pd.DataFrame) -> None:
    few = half_left[half_left["patient"].isin(["drug 0", "drug 1", "drug 98", "drug 99", "Placebo 0", "Placebo 50"])]
    found = endpoints.impute_responders(few, donors="jump_to_reference", components=("sledai", "pga"), n_imputations=20)
    difference = found.pooled.query("week == 24 and quantity == 'drug minus Placebo'").iloc[0]
    assert difference["estimate"] + difference["total"] ** 0.5 * 2 > 1
    assert difference["high"] == 1
    assert difference["low"] >= -1


def test_rubins_rules_by_hand() -> None:
    q, u = np.array([0.5, 0.6, 0.7]), np.array([0.01, 0.02, 0.03])
    got = pool(q, u, np.array(29.0), 0.95)
    total = 0.02 + (1 + 1 / 3) * 0.01
    share = (4 / 3) * 0.01 / total
    old, observed = 2 / share**2, 30 / 32 * 29 * (1 - share)
    assert float(got.total) == pytest.approx(total)
    assert float(got.df) == pytest.approx(1 / (1 / old + 1 / observed))


def test_bad_input() -> None:
    visits = what_if(seed=1).visits
    empty = visits.assign(pga=visits["pga"].mask((visits["week"] == 12) & (visits["arm"] == "IL-2")))
    with pytest.raises(InputError, match="nobody of IL-2"):
        endpoints.impute_responders(empty)
    assert endpoints.impute_responders(empty, donors="all", n_imputations=2).n_imputations == 2
    for options, words in (
        ({"n_imputations": 1}, "at least 2"),
        ({"donors": "marr"}, "did you mean 'mar'"),
        ({"reference": "x"}, "unknown arm"),
        ({"delta": {"x": 1}}, "unknown arm"),
        ({"delta": "a"}, "SLEDAI points"),
        ({"seed": None}, "whole number"),
    ):
        with pytest.raises(InputError, match=words):
            endpoints.impute_responders(visits, **options)
