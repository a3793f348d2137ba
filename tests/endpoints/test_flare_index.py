"""SELENA flare index: every clause on both sides of its limit, what a major feature needs, and what is missing.

Definition: the SELENA-SLEDAI flare index (Petri 2005; Buyon 2005); the expected grades follow from it.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from references.cases import case
from references.endpoints_by_row import FLARE_COLUMNS, MILD_DRUGS, MILD_FEATURES, SEVERE_DRUGS, SEVERE_FEATURES

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import selena_flare

CALM: dict[str, Any] = {"sledai": 6, "pga": 1.0, "prednisone_mg_day": 10, "weight_kg": 60}


def table(before: dict[str, Any], now: dict[str, Any]) -> pd.DataFrame:
    keys = [{"patient": "Ann", "visit": name, "week": week} for name, week in (("baseline", 0), ("week 4", 4))]
    return pd.DataFrame([keys[0] | CALM | before, keys[1] | CALM | now])


def grade(before: dict[str, Any], now: dict[str, Any], **options: Any) -> str | None:
    flare = selena_flare(table(before, now), **options)["flare"].iloc[1]
    return None if pd.isna(flare) else str(flare)


def test_numbers_on_both_sides() -> None:
    for column, before, now, expected in [
        ("sledai", 6, 8, "none"),
        ("sledai", 6, 9, "mild-moderate"),
        ("sledai", 9, 12, "mild-moderate"),
        ("sledai", 9, 13, "severe"),
        ("sledai", 11, 13, "severe"),  # any rise that ends above 12
        ("sledai", 12, 12, "none"),
        ("sledai", 14, 14, "none"),
        ("sledai", 16, 13, "none"),
        ("pga", 1.0, 1.99, "none"),
        ("pga", 1.0, 2.0, "mild-moderate"),
        ("pga", 1.1, 2.1, "mild-moderate"),  # 2.1 - 1.1 is 1.00 exactly, in hundredths
        ("pga", 1.5, 2.5, "mild-moderate"),
        ("pga", 1.5, 2.51, "severe"),
        ("pga", 2.4, 2.6, "severe"),
        ("pga", 2.6, 2.6, "none"),
        ("prednisone_mg_day", 10, 10, "none"),
        ("prednisone_mg_day", 10, 12.5, "mild-moderate"),
        ("prednisone_mg_day", 10, 30, "mild-moderate"),  # 0.5 mg/kg exactly
        ("prednisone_mg_day", 10, 30.01, "severe"),
        ("prednisone_mg_day", 40, 40, "none"),
        ("prednisone_mg_day", 60, 40, "none"),
    ]:
        with case(column, before, now, expected):
            assert grade({column: before}, {column: now}) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (MILD_DRUGS, "mild-moderate"),
        (MILD_FEATURES, "mild-moderate"),
        (SEVERE_DRUGS, "severe"),
        (("hospitalised",), "severe"),
        (SEVERE_FEATURES, "none"),  # alone, without more treatment
    ],
)
def test_each_event(columns: tuple[str, ...], expected: str) -> None:
    for column in columns:
        assert grade({column: 0}, {column: 1}) == expected
        assert grade({column: 1}, {column: 0}) == "none"
        assert grade({column: 0}, {column: None}) == ("none" if columns == SEVERE_FEATURES else None)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (10, 10, "none"),
        (10, 15, "mild-moderate"),
        (10, 19.99, "mild-moderate"),
        (10, 20, "severe"),
        (0, 5, "severe"),  # from nothing has doubled
        (0, 0, "none"),
        (25, 31, "severe"),  # not doubled, but above 0.5 mg/kg
        (20, 10, "none"),
    ],
)
def test_what_a_major_feature_needs(before: float, now: float, expected: str) -> None:
    def graded(in_hospital: int) -> list[tuple[str, str]]:
        """Grade one patient for each feature; only it is there at the second visit."""
        none = dict.fromkeys(SEVERE_FEATURES, 0)
        each = [
            table(
                none | {"prednisone_mg_day": before, "hospitalised": 0},
                none | {"prednisone_mg_day": now, "hospitalised": in_hospital, feature: 1},
            ).assign(patient=feature)
            for feature in SEVERE_FEATURES
        ]
        found = selena_flare(pd.concat(each, ignore_index=True))
        last = found[found["week"] == 4]
        return sorted(zip(last["patient"], last["flare"].astype(str), strict=True))

    assert graded(0) == [(feature, expected) for feature in sorted(SEVERE_FEATURES)]
    assert graded(1) == [(feature, "severe") for feature in sorted(SEVERE_FEATURES)]


def test_the_visit_before_is_the_comparator() -> None:
    rows = [CALM | {"patient": "Ann", "visit": f"w{w}", "week": w, "sledai": s} for w, s in ((0, 4), (4, 6), (8, 8))]
    assert selena_flare(pd.DataFrame(rows))["flare"].astype(object).tolist()[1:] == [
        "none",
        "none",
    ]  # 4 to 8 in two steps
    empty = {"sledai": None, "pga": None, "prednisone_mg_day": None, "weight_kg": None}
    skipped = pd.DataFrame([rows[0], rows[1] | empty, rows[2]])
    assert selena_flare(skipped)["flare"].iloc[2] == "mild-moderate"  # an empty visit is no comparator


def test_missing_is_three_valued() -> None:
    assert grade({}, {"pga": None}) is None
    assert grade({}, {"pga": None}, missing="nonresponder") == "none"
    assert grade({}, {"pga": None, "sledai": 13}) == "severe"  # one clause decides
    assert grade({}, {"pga": None, "sledai": 9}) is None  # at least mild, may be severe
    assert grade({}, {"pga": None, "sledai": 9}, missing="nonresponder") == "mild-moderate"
    assert grade({}, {"weight_kg": None}) == "none"  # without a rise the weight does not matter
    assert grade({}, {"weight_kg": None, "prednisone_mg_day": 12}) is None
    for way in ("observed", "nonresponder"):
        first = selena_flare(table({}, {}), missing=way).iloc[0]
        assert pd.isna(first["flare"])
        assert not first["imputed"]
        assert first["reason"] == "No earlier visit to compare with."


def test_reasons() -> None:
    def reason(now: dict[str, Any], **options: Any) -> str:
        return selena_flare(table(dict.fromkeys(now.keys() & set(FLARE_COLUMNS), 0), now), **options)["reason"].iloc[1]

    assert reason({}) == "No flare: no clause holds."
    assert reason({"new_ulcers": 1, "new_fever": 1}) == (
        "Mild or moderate flare: a minor feature: new or worse nasal or oral ulcers, new or worse fever of lupus."
    )
    assert reason({"hospitalised": 1}) == "Severe flare: in hospital for lupus."
    assert reason({"pga": None}) == (
        "Undecided: not enough is recorded for severe_pga, mild_pga, so the grade is open."
    )
    assert reason({"pga": None, "sledai": 9}, missing="nonresponder") == (
        "Mild or moderate flare: SLEDAI rose by 3 or more, to 12 or less; not enough is recorded for severe_pga, "
        "counted as no."
    )


def test_bad_input_is_explained() -> None:
    with pytest.raises(InputError, match="column 'weight_kg': 600 is not allowed"):
        selena_flare(table({}, {"weight_kg": 600}))
    with pytest.raises(InputError, match="column 'sledai': 'nine'"):
        selena_flare(table({}, {"sledai": "nine"}))
    with pytest.raises(InputError, match=r"'hospitalized' .did you mean 'hospitalised'"):
        selena_flare(table({}, {}).assign(hospitalized=0))
    with pytest.raises(InputError, match=r"lacks 1 column.*'weight_kg' .there is 'weight'"):
        selena_flare(table({}, {}).rename(columns={"weight_kg": "weight"}))
