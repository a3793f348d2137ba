"""BILAG-2004 over a patient's visits: D and never E once a system was involved, and the visit before, for any order of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import BILAG_SYSTEMS, bilag2004, score_visits
from lupus_kit.endpoints.bilag.items import BILAG_ITEMS

GRADE_COLUMNS = [f"bilag_{s}" for s in BILAG_SYSTEMS]


def visits(**items: list[object]) -> pd.DataFrame:
    length = len(next(iter(items.values())))
    return pd.DataFrame({"patient": "A", "week": range(0, 12 * length, 12)} | items)


def test_a_system_that_was_active_at_any_earlier_visit_is_d() -> None:
    # The form: D is "previously involved, now inactive", E "never involved". The visit before alone gives A, D, E, E.
    table = visits(arthritis_severe=[4, 0, 0, 0])
    assert bilag2004(table)["bilag_musculoskeletal"].tolist() == ["A", "D", "D", "D"]
    assert bilag2004(table)["musculoskeletal_because"].tolist()[2] == "nothing active now; involved before"
    assert bilag2004(table)["bilag_renal"].tolist() == ["E"] * 4
    late = bilag2004(visits(arthritis_mild=[0, 0, 1, 0, 2, 0]))["bilag_musculoskeletal"]
    assert late.tolist() == ["E", "E", "C", "D", "C", "D"]


def test_history_that_is_told_holds_from_then_on() -> None:
    table = visits(arthritis_severe=[0, 0, 0], renal_before=[None, "yes", None])
    assert bilag2004(table)["bilag_renal"].tolist() == ["E", "D", "D"]
    assert bilag2004(table, involved_before=True)["bilag_ophthalmic"].tolist() == ["D"] * 3


def test_each_patient_has_a_history_of_their_own() -> None:
    both = pd.concat([visits(myositis_severe=[3, 0]), visits(myositis_severe=[0, 0]).assign(patient="B")])
    found = bilag2004(both.reset_index(drop=True))["bilag_musculoskeletal"].tolist()
    assert found == ["A", "D", "E", "E"]


def test_the_visit_before_gives_the_previous_values() -> None:
    # 1.2 g after 1.5 g is 80 % of it: not fallen by 25 %, major with sediment: A. 1.1 after 1.6 g is 69 %: fallen.
    table = visits(protein_24h=[1.5, 1.2, 1.6, 1.1], active_sediment=[1, 1, 1, 1])
    assert bilag2004(table)["bilag_renal"].tolist() == ["A", "A", "A", "B"]
    empty = table.assign(protein_24h=[1.5, None, 1.6, 1.1], active_sediment=[1, None, 1, 1])
    # A visit of which no item is recorded is no visit before.
    assert bilag2004(empty)["renal_because"].tolist()[2].startswith("84 24-hour protein above 1 g and not fallen")
    own = table.assign(protein_24h_previous=[None, 2.0, None, None])
    assert bilag2004(own)["bilag_renal"].tolist() == ["A", "B", "A", "B"]  # 1.2 is 60 % of 2.0


def test_order_of_rows_and_place_of_the_keys_do_not_matter() -> None:
    rng = np.random.default_rng(16)
    table = pd.DataFrame(
        {item.id: rng.choice([0, 0, 0, 1, 2, 4], 400) for item in BILAG_ITEMS.itertuples() if item.kind == "0-4"}
    ).assign(patient=np.repeat(np.arange(80), 5), week=np.tile([-4, 0, 4, 12, 24], 80), protein_24h=rng.random(400) * 3)
    whole = bilag2004(table)
    shuffled = table.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(bilag2004(shuffled).sort_index(), whole)
    indexed = bilag2004(table.set_index(["patient", "week"]))
    assert indexed.to_numpy().tolist() == whole.to_numpy().tolist()
    # One patient at a time gives the same: nothing crosses from one to another.
    alone = pd.concat([bilag2004(part) for who, part in table.groupby("patient") if who < 12])
    pd.testing.assert_frame_equal(alone, whole[table["patient"] < 12])
    for system in GRADE_COLUMNS:
        seen = whole[system].ne("E").groupby(table["patient"]).cummax()
        assert (whole[system].eq("E") == ~seen).all()


def test_many_patients_are_cut_between_patients(monkeypatch) -> None:
    table = pd.DataFrame(
        {"patient": np.repeat(np.arange(50), 3), "week": np.tile([0, 12, 24], 50), "arthritis_severe": [4, 0, 0] * 50}
    )
    whole = bilag2004(table)
    monkeypatch.setattr("lupus_kit.endpoints.bilag.bilag2004.BLOCK", 7)
    pd.testing.assert_frame_equal(bilag2004(table), whole)
    pd.testing.assert_frame_equal(
        bilag2004(table[["arthritis_severe"]]),
        bilag2004(table.assign(patient=range(150))[["patient", "arthritis_severe"]]),
    )
    assert bilag2004(table.iloc[:0]).shape == (0, 19)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"week": [0, 0]}, "two rows for the same visit: patient 'A' at week 0"),
        ({"week": [0, "later"]}, "'later' is not allowed"),
        ({"patient": ["A", None]}, "every row needs a patient"),
        ({"patient": [["A"], ["A"]]}, "holds lists"),
    ],
)
def test_visits_that_cannot_be_put_in_order(change, words) -> None:
    with pytest.raises(InputError, match=words):
        bilag2004(visits(arthritis_severe=[4, 0]).assign(**change))


def test_several_rows_of_a_patient_without_a_week_are_refused() -> None:
    table = visits(arthritis_severe=[4, 0]).drop(columns="week")
    with pytest.raises(InputError, match="several rows of a patient and no column 'week'"):
        bilag2004(table)
    assert bilag2004(table.assign(patient=["A", "B"]))["bilag_musculoskeletal"].tolist() == ["A", "E"]


def test_scores_from_items_use_the_whole_history() -> None:
    table = visits(arthritis_severe=[4, 0, 0], sledai=[10, 4, 4], pga=[1, 1, 1]).assign(
        visit=["baseline", "w12", "w24"]
    )
    scored = score_visits(table).to_frame()
    assert scored["responder"].tolist() == [True, True]
    assert "every earlier visit is history" in " ".join(score_visits(table).notes)
