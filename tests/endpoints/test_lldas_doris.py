"""LLDAS and DORIS, clause by clause on both sides of every limit, with what is missing and the words for it.

Definitions: Franklyn 2016 (LLDAS) and van Vollenhoven 2021 (DORIS); the expected answers follow from them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import SLEDAI_ITEMS, doris, lldas, score_visits
from lupus_kit.endpoints.bilag.grades import GRADE_COLUMNS

IDS = list(SLEDAI_ITEMS["id"])
WEIGHT = dict(zip(IDS, SLEDAI_ITEMS["weight"], strict=True))
WELL: dict[str, Any] = dict.fromkeys(IDS, 0) | {"pga": 0.2, "prednisone_mg_day": 5}
NEVER_IN_LLDAS = {
    "seizure", "psychosis", "organic_brain", "visual", "cranial_nerve", "lupus_headache", "cva", "vasculitis",
    "casts", "haematuria", "proteinuria", "pyuria", "pleurisy", "pericarditis", "fever",
}  # fmt: skip
KEYS = {"patient": "Ann", "visit": "week 12", "week": 12}
BEFORE = {"patient": "Ann", "visit": "baseline", "week": 0}


def last(rule: Callable[..., pd.DataFrame], *rows: dict[str, Any], **options: Any) -> Any:
    """Answer at the last visit; every visit is well but for what is given."""
    keys = [{"patient": "Ann", "visit": f"week {4 * k}", "week": 4 * k} for k in range(len(rows))]
    got = rule(pd.DataFrame([k | WELL | row for k, row in zip(keys, rows, strict=True)]), missing="observed", **options)
    return got.iloc[-1]


def verdict(rule: Callable[..., pd.DataFrame], *rows: dict[str, Any], **options: Any) -> bool | None:
    answer = last(rule, *rows, **options)[rule.__name__]
    return None if answer is pd.NA else bool(answer)


@pytest.mark.parametrize("kind", ["int64", "Int64"])
@pytest.mark.parametrize("endpoint", ["sri", "lldas", "flare"])
def test_patients_may_be_whole_numbers(endpoint: str, kind: str) -> None:
    # The second patient missed week 12: a row is added where the endpoint is a state.
    rows = [WELL | {"patient": 7, "visit": "baseline", "week": 0}, WELL | {"patient": 7, "visit": "week 12", "week": 12},
            WELL | {"patient": 9, "visit": "baseline", "week": 0}]  # fmt: skip
    table = pd.DataFrame(rows).assign(sledai=0, weight_kg=60.0, **dict.fromkeys(GRADE_COLUMNS, "E"))
    named, numbered = (score_visits(table.astype({"patient": of}), endpoint).verdicts for of in ("str", kind))
    assert numbered.iloc[:, 3:].equals(named.iloc[:, 3:])
    assert numbered["patient"].astype(str).tolist() == named["patient"].tolist()


# --- LLDAS -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", IDS)
def test_each_lasting_descriptor_alone(name: str) -> None:
    here = {name: 1}
    got = last(lldas, here, here)
    assert bool(got["organ_clause"]) is (name not in NEVER_IN_LLDAS)
    assert bool(got["sledai_clause"]) is (WEIGHT[name] <= 4)
    assert got["new_feature_clause"]
    assert bool(got["lldas"]) is (name not in NEVER_IN_LLDAS and WEIGHT[name] <= 4)


def test_sledai_of_four_passes_and_five_fails() -> None:
    four, five = {"rash": 1, "alopecia": 1}, {"arthritis": 1, "leukopenia": 1}
    assert verdict(lldas, four, four) is True
    assert verdict(lldas, five, five) is False
    assert last(lldas, five, five)["reason"] == "Not in LLDAS: SLEDAI-2K is 5 (it must be 4 or less)."


@pytest.mark.parametrize(("pga", "met"), [(0.99, True), (1.0, True), (1.01, False), (3.0, False), (None, None)])
def test_lldas_pga(pga: float | None, met: bool | None) -> None:
    assert verdict(lldas, {}, {"pga": pga}) is met


@pytest.mark.parametrize(("dose", "met"), [(0, True), (7.49, True), (7.5, True), (7.51, False), (None, None)])
def test_lldas_prednisone(dose: float | None, met: bool | None) -> None:
    assert verdict(lldas, {}, {"prednisone_mg_day": dose}) is met


@pytest.mark.parametrize("column", ["haemolytic_anaemia", "gi_activity"])
def test_activity_that_sledai_does_not_score(column: str) -> None:
    assert verdict(lldas, {}, {column: 1}) is False
    assert verdict(lldas, {}, {column: 0}) is True
    assert verdict(lldas, {column: 0}, {column: None}) is None
    assert verdict(lldas, {}, {}) is True


def test_maintenance_is_asked_where_the_column_is_there() -> None:
    assert [verdict(lldas, {}, {"maintenance_ok": ok}) for ok in (1, 0, None)] == [True, False, None]
    assert "maintenance_clause" not in last(lldas, {}, {})


def test_a_new_feature_is_against_the_visit_before_not_baseline() -> None:
    assert verdict(lldas, {}, {"rash": 1}) is False
    assert verdict(lldas, {"rash": 1}, {"rash": 1}) is True
    assert verdict(lldas, {"rash": 1}, {}, {"rash": 1}) is False  # it came back
    assert verdict(lldas, {}, {"rash": 1}, {"rash": 1}) is True
    assert "new since the previous visit: rash" in last(lldas, {}, {"rash": 1})["reason"]
    assert verdict(lldas, {}, {"dna_binding": 1}) is False
    assert verdict(lldas, {"rash": None}, {"rash": 1}) is None
    assert verdict(lldas, {"rash": None}, {"rash": 0}) is True
    assert verdict(lldas, {"rash": 1}, dict.fromkeys(IDS), {"rash": 1}) is True  # an empty row hides nothing


def test_a_first_visit() -> None:
    assert verdict(lldas, {}) is True
    assert verdict(lldas, {"rash": 1}) is None
    assert verdict(lldas, {"arthritis": 1, "rash": 1}) is False


def test_a_failed_clause_decides_whatever_is_missing() -> None:
    nothing = dict.fromkeys([*IDS, "pga", "prednisone_mg_day"])
    assert verdict(lldas, nothing) is None
    for failing in ({"seizure": 1}, {"pga": 1.5}, {"prednisone_mg_day": 10}, {"casts": 1}):
        assert verdict(lldas, {}, nothing | failing) is False
    assert verdict(lldas, nothing | {"rash": 0}, nothing | {"rash": 1, "alopecia": 1, "dna_binding": 1}) is False


# --- DORIS -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", IDS)
def test_only_serology_may_be_there_in_remission(name: str) -> None:
    assert verdict(doris, {name: 1}) is (name in ("low_complement", "dna_binding"))
    assert verdict(doris, {name: None}) is (True if name in ("low_complement", "dna_binding") else None)


@pytest.mark.parametrize(("pga", "met"), [(0, True), (0.49, True), (0.5, False), (0.51, False), (None, None)])
def test_doris_pga(pga: float | None, met: bool | None) -> None:
    assert verdict(doris, {"pga": pga}) is met


@pytest.mark.parametrize(("dose", "met"), [(4.99, True), (5, True), (5.01, False)])
def test_doris_prednisone(dose: float, met: bool) -> None:
    assert verdict(doris, {"prednisone_mg_day": dose}) is met


def test_doris_maintenance_and_serology_columns_are_optional() -> None:
    assert [verdict(doris, {"maintenance_stable": ok}) for ok in (1, 0, None)] == [True, False, None]
    bare = pd.DataFrame([KEYS | WELL]).drop(columns=["low_complement", "dna_binding"])
    assert doris(bare)["doris"].item()


def test_missing_is_counted_as_no_or_left_open() -> None:
    table = pd.DataFrame([KEYS | WELL | {"pga": None}])
    for rule in (lldas, doris):
        name = rule.__name__
        counted, left = rule(table).iloc[0], rule(table, missing="observed").iloc[0]
        assert not counted[name]
        assert counted["imputed"]
        assert counted["reason"] == f"Not in {name.upper()}: PGA is missing, counted as no."
        assert left[name] is pd.NA
        assert not left["imputed"]
        assert left["reason"] == "Undecided: PGA is missing, so the answer is open."


# --- input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [lldas, doris])
def test_bad_input_is_explained(rule: Callable[..., pd.DataFrame]) -> None:
    good = pd.DataFrame([BEFORE | WELL, KEYS | WELL])
    for changed, words in (
        ({"pga": 3.5}, "row 0, column 'pga': 3.5 is not allowed .a number from 0 to 3"),
        ({"rash": "perhaps"}, "row 0, column 'rash': 'perhaps' is not allowed"),
        ({"prednisone_mg_day": -5}, "column 'prednisone_mg_day': -5"),
        ({"week": None}, "column 'week': an empty cell"),
        ({"patient": None}, "column 'patient': an empty cell"),
        ({"week": 5}, "two rows for the same visit: patient 'Ann' at week 5"),
        ({"Arm": "x"}, "'Arm' .did you mean 'arm'"),
        ({"arm": ["x", "y"]}, "more than one arm: patient 'Ann'"),
    ):
        with pytest.raises(InputError, match=words):
            rule(good.assign(**changed))
    with pytest.raises(InputError, match=r"lacks 1 column.*'prednisone_mg_day' .there is 'prednisone_mg'"):
        rule(good.rename(columns={"prednisone_mg_day": "prednisone_mg"}))
    with pytest.raises(InputError, match="unknown way to handle missing data 'locf'"):
        rule(good, missing="locf")
    with pytest.raises(InputError, match="no rows"):
        rule(good.iloc[:0])
    with pytest.raises(InputError, match="must be a pandas DataFrame, got dict"):
        rule({})


def test_bad_options_are_explained() -> None:
    good = pd.DataFrame([KEYS | WELL])
    with pytest.raises(InputError, match=r"'maintenance_okay' .did you mean 'maintenance_ok'"):
        lldas(good.assign(maintenance_okay=1))
