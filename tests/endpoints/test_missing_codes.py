"""Codes for missing are asked for and never scored: 99 in SLEDAI made a responder whose SLEDAI "fell by 91"."""

from __future__ import annotations

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
    for codes in (99, "99", "99,-9", [99, 9], {"sledai": 99}, "SLEDAI total=99"):
        assert responders(tmp_path, coded, codes) == ["A"], codes
    assert "Codes for missing were emptied: 1 in sledai." in read_visit_file(tmp_path / "v.csv", missing_codes=99).notes
    assert responders(tmp_path, coded, "none") == ["A", "B"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sledai", 99), ("sledai", 88), ("sledai", 77), ("sledai", 71), ("sledai", 999), ("sledai", -9), ("sledai", -99),
        ("sledai", -1), ("pga", 9), ("pga", -8), ("pga", 99), ("pga", 9999), ("prednisone_mg_day", 999),
        ("prednisone_mg_day", 99), ("platelets", 999), ("inflamed_joints", 99), ("rescue", 9), ("rash", 9), ("rash", 99),
        ("bilag_renal", 9), ("arthritis_severe", 9), ("temperature", 99),
    ],
)  # fmt: skip
def test_usual_codes_in_every_kind_of_column_are_refused_with_the_way_out(tmp_path, column, value):
    usual = {"prednisone_mg_day": [10, 5, 20], "platelets": [200, 150, 300], "inflamed_joints": [2, 0, 4],
             "temperature": [36.5, 37, 36], "bilag_renal": ["B", "C", "D"]}  # fmt: skip
    own = usual.get(column, table().get(column, pd.Series([1, 0, 1, 0])).tolist()[:3])
    coded = table(**{column: [*own, value]})
    with pytest.raises(
        InputError, match=rf"row 5, column '{column}'.*missing_codes={value:g} \(--missing-codes {value:g}"
    ):
        responders(tmp_path, coded)
    coded.to_csv(tmp_path / "v.csv", index=False)
    visits = read_visit_file(tmp_path / "v.csv", missing_codes=str(value)).visits
    assert visits[column].isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("platelets", [99, 150, 88, 300]), ("creatinine", [77, 98, 99, 110]), ("sledai", [9, 9, 10, 9]),
        ("prednisone_mg_day", [100, 9, 7.5, 50]), ("c3_lower_limit", [99, 99, 99, 99]), ("pga", [0.9, 0.99, 1, 2]),
        ("haemoglobin", [9, 9, 12, 13]), ("anti_dsdna", [999, 600, 20, 88]),
    ],
)  # fmt: skip
def test_plausible_values_are_not_asked_for_and_not_emptied(tmp_path, column, values):
    frame = table(**{column: values})
    frame.to_csv(tmp_path / "v.csv", index=False)
    for codes in (None, "99,9,88,999"):
        visits = read_visit_file(tmp_path / "v.csv", missing_codes=codes).visits
        assert visits[column].tolist() == values
    notes = read_visit_file(tmp_path / "v.csv", missing_codes="99").notes
    assert not any("emptied:" in note for note in notes)
    if 99 in values:
        count = values.count(99)
        assert (
            f"Kept as values, since others are near them: 99 in {column} ({count} cell{'s' * (count > 1)})" in notes[-1]
        )
        only = read_visit_file(tmp_path / "v.csv", missing_codes={column: [99]}).visits
        assert only[column].isna().sum() == count


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


@pytest.mark.parametrize(
    "word",
    [
        "missing",
        "Not done",
        "UNK",
        "#N/A",
        "NULL",
        "-",
        "--",
        "?",
        "N/A",
        "NaN",
        ".",
        "n.a.",
        "unknown",
        "not recorded",
    ],
)
def test_words_for_missing_are_read_and_counted(tmp_path, word):
    frame = table(pga=["2", "1", "2", word])
    assert responders(tmp_path, frame) == ["A"]
    notes = read_visit_file(tmp_path / "v.csv").notes
    plain = word in ("N/A", "NaN", ".")
    assert list(notes) == ([] if plain else [f"Words that mean missing, in 1 cell: {word!r} (1)."])


@pytest.mark.parametrize("word", ["pending", "none", "nil", "see notes"])
def test_words_that_may_mean_something_are_refused(tmp_path, word):
    with pytest.raises(InputError, match=f"'{word}' is not allowed"):
        responders(tmp_path, table(pga=["2", "1", "2", word]))


@pytest.mark.parametrize("codes", ["x", "nobody=99", "sledai=x", ["a"], "99;;y", "inf", [None], True, {"nobody": 99}])
def test_codes_that_cannot_be_read(tmp_path, codes):
    with pytest.raises(InputError, match="missing_codes has"):
        responders(tmp_path, table(), codes)
