"""Codes for missing are asked for and never scored: 99 in SLEDAI made a responder whose SLEDAI "fell by 91"."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import SLEDAI_ITEMS, read_visit_file, score_visits

KEYS = {"patient": ["A", "A", "B", "B"], "visit": ["baseline", "week 12"] * 2, "week": [0, 12] * 2, "arm": list("aabb")}


def table(**columns: list[object]) -> pd.DataFrame:
    # A falls from 8 to 4; B from 10 to 9.
    return pd.DataFrame(KEYS | {"sledai": [8, 4, 10, 9], "pga": [2, 1, 2, 1]} | columns)


def responders(folder, frame: pd.DataFrame, missing_codes: object = None) -> list[str]:
    frame.to_csv(folder / "v.csv", index=False)
    visits = read_visit_file(folder / "v.csv", missing_codes=missing_codes).visits
    scored = score_visits(visits, "modified-sri", missing_codes="none" if missing_codes == "none" else None)
    # A table with the same cells is scored in the same way.
    directly = score_visits(frame, "modified-sri", missing_codes=missing_codes).to_frame()
    found = scored.to_frame()
    assert directly["responder"].tolist() == found["responder"].tolist()
    return found[found["responder"].astype(bool)]["patient"].tolist()


def test_99_at_entry_is_refused_until_it_is_said_what_it_is(tmp_path):
    coded = table(sledai=[8, 4, 99, 8])
    with pytest.raises(InputError) as caught:
        responders(tmp_path, coded)
    said = str(caught.value)
    assert "row 4, column 'sledai': '99' is not allowed" in said
    assert (
        "is it a code for missing? missing_codes=99 (--missing-codes 99) empties it, none takes it as a value" in said
    )
    with pytest.raises(InputError, match="row 2, column 'sledai': 99 is not allowed"):
        score_visits(coded, "modified-sri")
    assert responders(tmp_path, coded, 99) == ["A"]
    for codes in ("99", "99,-9", [99, 9], {"sledai": 99}, "SLEDAI total=99"):
        visits = read_visit_file(tmp_path / "v.csv", missing_codes=codes).visits
        assert visits["sledai"].isna().tolist() == [False, False, True, False], codes
    assert "Codes for missing were emptied: 1 in sledai." in read_visit_file(tmp_path / "v.csv", missing_codes=99).notes
    assert responders(tmp_path, coded, "none") == ["A", "B"]


USUAL = {"prednisone_mg_day": [10, 5, 20], "platelets": [200, 150, 300], "inflamed_joints": [2, 0, 4],
         "temperature": [36.5, 37, 36], "bilag_renal": ["B", "C", "D"], "sledai": [8, 4, 10], "pga": [2, 1, 2]}  # fmt: skip


@pytest.mark.parametrize(
    "codes",
    [
        {"sledai": 99, "pga": 9, "prednisone_mg_day": 999, "platelets": 999, "inflamed_joints": 99, "rescue": 9,
         "rash": 9, "bilag_renal": 9, "arthritis_severe": 9, "temperature": 99},
        {"sledai": 88, "pga": -8, "prednisone_mg_day": 99, "rash": 99}, {"sledai": 77, "pga": 99},
        {"sledai": 71, "pga": 9999}, {"sledai": 999}, {"sledai": -9}, {"sledai": -99}, {"sledai": -1},
    ],
)  # fmt: skip
def test_usual_codes_in_every_kind_of_column_are_refused_with_the_way_out(tmp_path, codes):
    cells = {column: [*USUAL.get(column, [1, 0, 1]), code] for column, code in codes.items()}
    coded = table(alopecia=[0] * 4, **cells)  # without any value the row would be no visit
    with pytest.raises(InputError) as caught:
        responders(tmp_path, coded)
    for column, code in codes.items():
        words = rf"row 5, column '{column}'.*missing_codes={code:g} \(--missing-codes {code:g}"
        assert re.search(words, str(caught.value)), column
    coded.to_csv(tmp_path / "v.csv", index=False)
    visits = read_visit_file(tmp_path / "v.csv", missing_codes=",".join(map(str, codes.values()))).visits
    for column in codes:
        assert visits[column].isna().tolist() == [False, False, False, True], column


def test_plausible_values_are_not_asked_for_and_not_emptied(tmp_path):
    values = {
        "platelets": [99, 150, 88, 300], "creatinine": [77, 98, 99, 110], "sledai": [9, 9, 10, 9],
        "prednisone_mg_day": [100, 9, 7.5, 50], "c3_lower_limit": [99, 99, 99, 99], "pga": [0.9, 0.99, 1, 2],
        "haemoglobin": [9, 9, 12, 13], "anti_dsdna": [999, 600, 20, 88],
    }  # fmt: skip
    table(**values).to_csv(tmp_path / "v.csv", index=False)
    for codes in (None, "99,9,88,999"):
        visits = read_visit_file(tmp_path / "v.csv", missing_codes=codes).visits
        assert {column: visits[column].tolist() for column in values} == values
    notes = read_visit_file(tmp_path / "v.csv", missing_codes="99").notes
    assert not any("emptied:" in note for note in notes)
    kept = {column: cells.count(99) for column, cells in values.items() if 99 in cells}
    assert len(kept) == 3
    for column, count in kept.items():
        assert f"99 in {column} ({count} cell{'s' * (count > 1)})" in notes[-1]
    assert notes[-1].startswith("Kept as values, since others are near them: ")
    only = read_visit_file(tmp_path / "v.csv", missing_codes={column: [99] for column in kept}).visits
    assert {column: only[column].isna().sum() for column in kept} == kept


@pytest.mark.parametrize("code", [-9, -99, 999, 99])
def test_a_code_in_place_of_a_week_is_no_screening_visit(tmp_path, code):
    table(week=[0, 12, 0, code]).drop(columns="visit").to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(InputError, match=f"row 5, column 'week'.*missing_codes={code} "):
        read_visit_file(tmp_path / "v.csv")
    with pytest.raises(InputError, match=r"row 5, column 'week'.*every row needs a week"):
        read_visit_file(tmp_path / "v.csv", missing_codes=code)


def test_a_code_of_all_descriptors_is_refused_and_then_open(tmp_path):
    frame = table().drop(columns="sledai").assign(**dict.fromkeys(SLEDAI_ITEMS["id"], 0))
    frame.loc[0, ["arthritis", "rash"]] = 1
    frame.loc[3, list(SLEDAI_ITEMS["id"])] = 9
    frame.to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(InputError, match="24 bad cells"):
        read_visit_file(tmp_path / "v.csv")
    assert responders(tmp_path, frame, "9") == ["A"]


def test_words_for_missing_are_read_and_counted(tmp_path):
    words = ["missing", "Not done", "UNK", "#N/A", "NULL", "-", "--", "?", "n.a.", "unknown", "not recorded"]
    plain = ["N/A", "NaN", "."]
    for group in (words, plain):
        frame = pd.concat([table(patient=["A", "A", word, word], pga=["2", "1", "2", word]) for word in group])
        frame = frame.drop_duplicates().assign(
            patient=lambda t: t["patient"].map(lambda who: f"<{who.encode().hex()}>")
        )
        assert responders(tmp_path, frame.reset_index(drop=True)) == ["<41>"]
        listed = ", ".join(f"{word!r} (1)" for word in group[:-1]) + f" and {group[-1]!r} (1)"
        expected = [] if group is plain else [f"Words that mean missing, in {len(group)} cells: {listed}."]
        assert list(read_visit_file(tmp_path / "v.csv").notes) == expected


@pytest.mark.parametrize("word", ["pending", "none", "nil", "see notes"])
def test_words_that_may_mean_something_are_refused(tmp_path, word):
    with pytest.raises(InputError, match=f"'{word}' is not allowed"):
        responders(tmp_path, table(pga=["2", "1", "2", word]))


@pytest.mark.parametrize("codes", ["x", "nobody=99", "sledai=x", ["a"], "99;;y", "inf", [None], True, {"nobody": 99}])
def test_codes_that_cannot_be_read(tmp_path, codes):
    with pytest.raises(InputError, match="missing_codes has"):
        responders(tmp_path, table(), codes)
