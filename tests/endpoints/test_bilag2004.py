"""BILAG-2004 grades from items: truth tables, thresholds on both sides, history and bad cells.

The expected grades restate the rule table of the index as published in outline (Isenberg 2005; Yee 2009, 2010);
the kit marks these rules as not checked against the official scoring sheet.
"""

from __future__ import annotations

import pandas as pd
import pytest
from references.cases import case
from references.endpoints_by_row import BILAG_TABLE

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS
from lupus_kit.endpoints.bilag.bilag2004 import NOTE, bilag2004
from lupus_kit.endpoints.bilag.items import BILAG_ITEMS, BY_NUMBER

GRADE_COLUMNS = [f"bilag_{s}" for s in BILAG_SYSTEMS]
COUNTS = dict(zip(BILAG_SYSTEMS, (4, 14, 20, 5, 12, 9, 13, 12, 8), strict=True))
SIMPLE = [
    (system, number, "ABC"[k])
    for system, lists in BILAG_TABLE.items()
    for k, numbers in enumerate(lists)
    for number in numbers
]


def frame(*rows: dict[int, object]) -> pd.DataFrame:
    """Rows given by item number; items that are not named are not done."""
    return pd.DataFrame([{BY_NUMBER[n].id: value for n, value in row.items()} for row in rows])


def grade(system: str, now: dict[int, object], before: dict[int, object] | None = None, **options: object) -> object:
    previous = None if before is None else frame(before)
    return bilag2004(frame(now), previous, **options)[f"bilag_{system}"].iloc[0]  # type: ignore[arg-type]


# --- the items ---------------------------------------------------------------------------------------------------


def test_97_items_in_nine_systems() -> None:
    assert BILAG_ITEMS["number"].tolist() == list(range(1, 98))
    assert BILAG_ITEMS["id"].is_unique
    assert BILAG_ITEMS["label"].is_unique
    assert BILAG_ITEMS.groupby("system", sort=False).size().to_dict() == COUNTS
    assert BILAG_ITEMS.loc[BILAG_ITEMS["kind"] == "yes/no", "number"].tolist() == [80, 85, 88, 89, 96, 97]
    assert (BILAG_ITEMS["unit"] != "").equals(BILAG_ITEMS["kind"] == "number")


def test_names_do_not_collide_with_sledai() -> None:
    both = frame({5: 2}).assign(**dict.fromkeys(SLEDAI_ITEMS["id"], True))
    assert not set(SLEDAI_ITEMS["id"]) & set(BILAG_ITEMS["id"])
    assert bilag2004(both)["bilag_total"].tolist() == [12]


# --- truth tables ------------------------------------------------------------------------------------------------


def test_the_simple_table_names_every_item_once() -> None:
    numbers = [number for _, number, _ in SIMPLE]
    assert sorted(numbers) == list(range(5, 78))
    assert all(BY_NUMBER[number].system == system for system, number, _ in SIMPLE)


def test_each_simple_item_at_each_level() -> None:
    for system, number, letter in SIMPLE:
        with case(system, number, letter):
            improving = {"A": "B", "B": "C", "C": "C"}[letter]
            rows = [{number: level} for level in range(5)]
            got = bilag2004(frame(*rows), involved_before=True)
            assert "".join(got[f"bilag_{system}"]) == "D" + improving + letter * 3
            others = [c for c in GRADE_COLUMNS if c != f"bilag_{system}"]
            assert (got[others] == "D").all(axis=None)
            words = ["improving", "same", "worse", "new"]
            expected = [f"{number} {BY_NUMBER[number].label}: {word}" for word in words]
            assert got[f"{system}_because"].tolist()[1:] == expected


def test_constitutional() -> None:
    for levels, expected in [
        ((2, 2, 2, 0), "A"),
        ((4, 0, 3, 2), "A"),
        ((2, 2, 1, 0), "B"),
        ((2, 0, 0, 0), "B"),
        ((1, 2, 2, 0), "B"),
        ((0, 0, 4, 4), "B"),
        ((1, 2, 1, 1), "C"),
        ((1, 0, 0, 0), "C"),
        ((0, 0, 0, 1), "C"),
        ((0, 4, 0, 0), "C"),
        ((0, 0, 0, 0), "E"),
    ]:
        with case(levels, expected):
            assert grade("constitutional", dict(zip(range(1, 5), levels, strict=True))) == expected


def test_constitutional_reason_names_only_what_counts() -> None:
    got = bilag2004(frame({1: 3, 2: 2, 3: 1}, {1: 3, 2: 2, 3: 2, 4: 1}))["constitutional_because"]
    assert [[part.split()[0] for part in text.split("; ")] for text in got] == [["1"], ["1", "2", "3"]]


def test_reasons_leave_out_items_that_alone_give_a_lower_grade() -> None:
    got = bilag2004(
        frame({5: 2, 7: 1, 6: 4, 8: 1, 90: 7.5, 91: 1.5, 97: True}, {5: 1, 6: 3, 8: 4, 12: 1, 91: 3, 93: 0.5})
    )
    numbers = [[part.split()[0] for part in text.split("; ")] for text in got["mucocutaneous_because"]]
    assert numbers == [["5"], ["5", "6"]]
    assert got["haematological_because"].tolist() == [
        "90 haemoglobin below 8 g/dL",
        "91 white cells below 4 × 10⁹/L; 93 lymphocytes below 1 × 10⁹/L",
    ]


def test_haematological_on_both_sides() -> None:
    for number, value, expected in [
        (90, 7.9, "A"),
        (90, 8, "B"),
        (90, 8.9, "B"),
        (90, 8.95, "B"),
        (90, 9, "C"),
        (90, 10.99, "C"),
        (90, 11, "E"),
        (91, 0.99, "A"),
        (91, 1, "B"),
        (91, 1.99, "B"),
        (91, 2, "C"),
        (91, 3.99, "C"),
        (91, 4, "E"),
        (92, 0.49, "A"),
        (92, 0.5, "B"),
        (92, 0.99, "B"),
        (92, 1, "C"),
        (92, 1.99, "C"),
        (92, 2, "E"),
        (94, 24, "A"),
        (94, 25, "B"),
        (94, 49, "B"),
        (94, 50, "C"),
        (94, 149, "C"),
        (94, 150, "E"),
        (93, 0.99, "C"),
        (93, 0.01, "C"),
        (93, 1, "E"),
        (95, 0, "E"),
        (95, 1, "B"),
        (95, 2, "A"),
        (95, 3, "A"),
        (95, 4, "A"),
        (96, True, "B"),
        (96, False, "E"),
        (97, "Y", "C"),
        (97, "N", "E"),
    ]:
        with case(number, value, expected):
            assert grade("haematological", {number: value}) == expected


PROTEINURIA, HYPERTENSION, FUNCTION = {84: 1.01}, {80: True}, {87: 49}
SEDIMENT, HISTOLOGY, NEPHROTIC = {88: True}, {89: True}, {85: True}
SIX = [PROTEINURIA, HYPERTENSION, FUNCTION, SEDIMENT, HISTOLOGY, NEPHROTIC]


def test_renal_a_needs_two_of_six_and_one_that_leads() -> None:
    rows, expected = [], []
    for chosen in range(64):
        row: dict[int, object] = {}
        hit = [k for k in range(6) if chosen >> k & 1]
        for k in hit:
            row |= SIX[k]
        leads = bool({0, 3, 4} & set(hit))
        rows.append(row or {88: False})
        expected.append("A" if len(hit) >= 2 and leads else "B" if hit else "E")
    assert bilag2004(frame(*rows))["bilag_renal"].tolist() == expected
    assert [grade("renal", rows[chosen]) for chosen in (0, 1, 63)] == [expected[chosen] for chosen in (0, 1, 63)]


#: now, before, grade. Sediment (88) turns one major finding into an A, so A here means "major".
RENAL = [
    ({84: 1.0, 88: 1}, {84: 1.0}, "B"), ({84: 1.01, 88: 1}, {84: 1.01}, "A"),
    ({84: 1.5, 88: 1}, {84: 2.0}, "B"), ({84: 1.501, 88: 1}, {84: 2.0}, "A"),
    ({83: 100, 88: 1}, {83: 90}, "B"), ({83: 100.1, 88: 1}, {83: 90}, "A"),
    ({83: 150, 88: 1}, {83: 200}, "B"), ({83: 151, 88: 1}, {83: 200}, "A"),
    ({82: 100, 88: 1}, {82: 90}, "B"), ({82: 100.1, 88: 1}, {82: 90}, "A"),
    ({82: 150, 88: 1}, {82: 200}, "B"), ({82: 151, 88: 1}, {82: 200}, "A"),
    ({81: 2, 88: 1}, {81: 1}, "B"), ({81: 2, 88: 1}, {81: 0}, "A"), ({81: 3, 88: 1}, {81: 1}, "A"),
    ({81: 3, 84: 0.1, 88: 1}, {81: 0}, "B"),
    ({86: 130, 88: 1}, {86: 50}, "B"), ({86: 131, 88: 1}, {86: 100}, "A"),
    ({86: 143, 88: 1}, {86: 110}, "B"), ({86: 143.1, 88: 1}, {86: 110}, "A"),
    ({87: 79.9, 88: 1}, {87: 130}, "A"), ({87: 80, 88: 1}, {87: 130}, "B"),
    ({87: 67, 88: 1}, {87: 100}, "B"), ({87: 66.9, 88: 1}, {87: 100}, "A"),
    ({87: 53.6, 88: 1}, {87: 80}, "B"),
    ({87: 50, 88: 1}, {87: 60}, "B"), ({87: 49.9, 88: 1}, {87: 60}, "A"),
    ({87: 49.9, 88: 1}, {87: 50}, "B"), ({87: 49.9, 88: 1}, {87: 50.1}, "A"), ({87: 49.9, 88: 1}, {}, "A"),
    ({84: 0.5}, {84: 0.5}, "B"), ({84: 0.49}, {84: 0.49}, "C"),
    ({84: 0.6}, {84: 0.8}, "C"), ({84: 0.6001}, {84: 0.8}, "B"),
    ({83: 50}, {83: 50}, "B"), ({83: 49.9}, {83: 40}, "C"), ({83: 60}, {83: 80}, "C"), ({83: 61}, {83: 80}, "B"),
    ({82: 50}, {82: 50}, "B"), ({82: 49.9}, {82: 40}, "C"), ({82: 60}, {82: 80}, "C"), ({82: 61}, {82: 80}, "B"),
    ({81: 2}, {81: 1}, "B"), ({81: 2}, {81: 2}, "C"), ({81: 1}, {81: 0}, "C"), ({81: 3}, {81: 2}, "B"),
    ({81: 0}, {81: 0}, "E"), ({81: 2, 83: 25}, {81: 1, 83: 25}, "E"),
    ({86: 138}, {86: 120}, "B"), ({86: 137.9}, {86: 120}, "E"), ({86: 156}, {86: 120}, "B"), ({86: 130}, {86: 110}, "E"),
    ({84: 0.25}, {84: 0.25}, "E"), ({84: 0.251}, {84: 5}, "C"),
    ({83: 25}, {83: 25}, "E"), ({83: 25.1}, {83: 500}, "C"), ({82: 25}, {82: 25}, "E"), ({82: 25.1}, {82: 500}, "C"),
    ({78: 141, 79: 91}, {78: 111, 79: 76}, "C"), ({78: 141, 79: 91}, {78: 112, 79: 76}, "E"),
    ({78: 141, 79: 91}, {78: 111, 79: 77}, "E"), ({78: 140, 79: 91}, {78: 100, 79: 70}, "E"),
    ({78: 141, 79: 90}, {78: 100, 79: 70}, "E"), ({78: 141, 79: 91}, {}, "E"),
]  # fmt: skip


def test_renal_thresholds() -> None:
    now, before, expected = zip(*RENAL, strict=True)
    previous = frame(*(row or {5: 0} for row in before))
    assert bilag2004(frame(*now), previous)["bilag_renal"].tolist() == [*expected]
    numbers = {number for row in before for number in row}
    cells = {f"{BY_NUMBER[n].id}_previous": [row.get(n) for row in before] for n in sorted(numbers)}
    assert bilag2004(frame(*now).assign(**cells))["bilag_renal"].tolist() == [*expected]
    for k in (0, 1, len(RENAL) - 1):  # a patient alone, with no column but his own
        assert (
            bilag2004(frame(now[k]), previous.iloc[[k]].dropna(axis=1).reset_index(drop=True))["bilag_renal"].item()
            == expected[k]
        )


def test_without_a_previous_value_no_change_is_assumed() -> None:
    rows = frame({84: 1.2, 88: True}, {84: 0.3}, {86: 140}, {81: 3}, {78: 150, 79: 95}, {87: 60}, {88: True})
    found = bilag2004(rows)
    assert "".join(found["bilag_renal"]) == "ACECEEB"
    assert "no previous value" in found["renal_because"].iloc[0]


# --- history, not done, attribution ------------------------------------------------------------------------------


def test_d_and_e_from_every_kind_of_history() -> None:
    rows = frame({5: 0}, {5: 0})
    assert (bilag2004(rows)[GRADE_COLUMNS] == "E").all(axis=None)
    assert (bilag2004(rows, involved_before=True)[GRADE_COLUMNS] == "D").all(axis=None)
    table = pd.DataFrame({"mucocutaneous": [True, None], "renal": [False, True]})
    got = bilag2004(rows, involved_before=table)[["bilag_mucocutaneous", "bilag_renal", "bilag_ophthalmic"]]
    assert got.to_numpy().tolist() == [["D", "E", "E"], ["E", "D", "E"]]
    got = bilag2004(rows.assign(renal_before=["Y", "N"]))["bilag_renal"]
    assert got.tolist() == ["D", "E"]
    rows = frame({88: False}, {88: False})
    got = bilag2004(rows, previous=frame({88: True, 90: 10.0}, {88: False}))
    assert got["bilag_renal"].tolist() == ["D", "E"]
    assert got["bilag_haematological"].tolist() == ["D", "E"]
    assert got["renal_because"].tolist()[0] == "nothing active now; involved before"


def test_nothing_recorded_is_said() -> None:
    rows = frame({5: 0})
    assert "no item recorded" in bilag2004(rows)["renal_because"].iloc[0]
    assert "no item recorded" not in bilag2004(rows)["mucocutaneous_because"].iloc[0]


def test_values_not_due_to_lupus_do_not_count() -> None:
    rows = frame({94: 20}, {94: 20}, {94: 20}).assign(platelets_due_to_sle=[True, False, None])
    assert bilag2004(rows)["bilag_haematological"].tolist() == ["A", "E", "A"]


def test_words_of_the_form_are_read_like_numbers() -> None:
    words = frame({39: "ND", 41: 2, 88: "Y"}, {39: 1, 41: "ND", 88: "N"})
    plain = frame({39: None, 41: 2, 88: True}, {39: 1, 41: None, 88: False})
    pd.testing.assert_frame_equal(bilag2004(words), bilag2004(plain))


def test_shape_total_note_and_reasons() -> None:
    rows = frame({1: 2, 39: 2, 43: 1, 57: 1, 84: 1.2, 88: True}).set_axis(["Ann"])
    got = bilag2004(rows)
    assert list(got.columns) == [*GRADE_COLUMNS, "bilag_total", *(f"{s}_because" for s in BILAG_SYSTEMS)]
    assert "".join(got[GRADE_COLUMNS].loc["Ann"]) == "BEEAECEAE"
    assert got.loc["Ann", "bilag_total"] == 8 + 12 + 1 + 12  # Yee 2010: 12/8/1/0/0
    assert bilag2004(rows, coding=(9, 3, 1, 0, 0)).loc["Ann", "bilag_total"] == 3 + 9 + 1 + 9
    assert got.loc["Ann", "renal_because"] == (
        "84 24-hour protein above 1 g, no previous value; 88 active urinary sediment"
    )
    seen = bilag2004(rows, previous=rows.assign(protein_24h=1.5)).loc["Ann", "renal_because"]
    assert seen.startswith("84 24-hour protein above 1 g and not fallen by 25 %;")
    assert got.attrs["note"] == NOTE
    assert "official index form" in NOTE
    assert bilag2004(rows.iloc[:0]).shape == (0, 19)


# --- bad input ---------------------------------------------------------------------------------------------------


def test_all_bad_cells_are_listed_together() -> None:
    rows = frame({5: 5, 84: -1, 88: "maybe", 90: 120}, {5: 1.5, 84: "much", 88: True, 90: 12}).set_axis(["Ann", "Bo"])
    with pytest.raises(InputError) as error:
        bilag2004(rows, previous=rows.assign(haemoglobin=12.0))
    text = str(error.value)
    assert "6 bad cells in the BILAG-2004 items" in text
    assert "5 bad cells in previous" in text
    assert "row Ann, column 'skin_eruption_severe'" in text
    assert "row Ann, column 'haemoglobin': 120 is not allowed (a number from 1 to 25, or empty)" in text
    assert "row Bo, column 'protein_24h': 'much'" in text
    assert "row Ann, column 'active_sediment': 'maybe'" in text


def test_bad_tables_and_options() -> None:
    rows = frame({5: 2})
    with pytest.raises(InputError, match="must be a pandas DataFrame"):
        bilag2004([1])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="did you mean 'pyrexia'"):
        bilag2004(rows.assign(Pyrexia=1))
    with pytest.raises(InputError, match="has no BILAG-2004 item"):
        bilag2004(pd.DataFrame({"week": [0]}))
    with pytest.raises(InputError, match="more than once"):
        bilag2004(pd.concat([rows, rows], axis=1))
    with pytest.raises(InputError, match="index of items"):
        bilag2004(rows, previous=rows.set_axis([7]))
    with pytest.raises(InputError, match="unknown system"):
        bilag2004(rows, involved_before=pd.DataFrame({"kidney": [True]}))
    with pytest.raises(InputError, match="involved_before is 'yes'"):
        bilag2004(rows, involved_before="yes")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="never rise"):
        bilag2004(rows, coding=(0, 0, 1, 8, 12))
