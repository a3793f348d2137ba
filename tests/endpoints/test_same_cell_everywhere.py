"""A cell means the same in a file and in a DataFrame: the same verdicts, or the same kind of refusal, in every rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lupus_kit import endpoints
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import read_visit_file, score_visits

IDS = list(endpoints.SLEDAI_ITEMS["id"])
GRADES = [f"bilag_{system}" for system in endpoints.BILAG_SYSTEMS]


def ill_then_well() -> pd.DataFrame:
    """One patient: arthritis, rash, low complement and anti-dsDNA at baseline, nothing at week 12."""
    table = pd.DataFrame(
        {"patient": ["A", "A"], "visit": ["baseline", "week 12"], "week": [0, 12], "arm": ["drug", "drug"]}
        | dict.fromkeys(IDS, 0)
        | dict.fromkeys(GRADES, "D")
        | {
            "pga": [2.0, 1.0],
            "prednisone_mg_day": 5,
            "rescue": 0,
            "disallowed_medication": 0,
            "withdrawn": 0,
            "maintenance_ok": 1,
        }
    )
    table.loc[0, ["arthritis", "rash", "low_complement", "dna_binding"]] = 1
    table.loc[0, "bilag_mucocutaneous"] = "B"
    return table.astype(object)


def with_total(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(sledai=endpoints.sledai(table))


def answers(table: pd.DataFrame, verdict: str) -> list[object]:
    last = table[table["week"] == 12]
    return [None if value is pd.NA else bool(value) for value in last[verdict]]


#: Each way by which a table enters, and the answers that come out.
WAYS: dict[str, Callable[[pd.DataFrame], list[object]]] = {
    "sri": lambda t: answers(endpoints.sri(with_total(t), missing="observed"), "responder"),
    "bicla": lambda t: answers(endpoints.bicla(with_total(t), missing="observed"), "responder"),
    "lldas": lambda t: answers(endpoints.lldas(t, missing="observed"), "lldas"),
    "doris": lambda t: answers(endpoints.doris(t, missing="observed"), "doris"),
    "score_visits": lambda t: answers(score_visits(t, missing="observed").to_frame(), "responder"),
}


def read_back(table: pd.DataFrame, folder: Path, name: str = "visits.csv") -> pd.DataFrame:
    table.to_csv(folder / name, index=False)
    return read_visit_file(folder / name).visits


#: By column what is meant and how it may be written. Three items of SLEDAI stand for a yes, a no and a missing cell.
SPELLINGS: list[tuple[str, object, list[object]]] = [
    ("rash", 1, [True, 1.0, "1", "yes", "Y", "TRUE", " present "]),
    ("alopecia", 0, [False, 0.0, "0", "no", "N", "false", "Absent"]),
    ("fever", None, [np.nan, "", "NA", "nd", ".", "  "]),
    ("rescue", 1, [True, "yes", "y", "1", "Present"]),
    ("disallowed_medication", 0, ["no", "absent", "FALSE"]),
    ("withdrawn", 1, ["Yes"]),
    ("maintenance_ok", 0, ["no"]),
    ("pga", 2.5, ["2.5", " 2.50 ", "25e-1"]),
    ("pga", None, ["", "NA", "ND"]),
    ("prednisone_mg_day", 20, ["20", " 20.0"]),
    ("week", 12, ["12", "12.0", " 12 "]),
    ("bilag_mucocutaneous", "A", ["a", " A "]),
    ("bilag_renal", None, ["", "NA", "."]),
    ("patient", None, [" {}", "{} "]),
    ("visit", "week 12", [" week 12 "]),
    ("arm", None, ["", "NA"]),
]


def test_each_spelling_gives_the_verdict_of_what_it_means(tmp_path: Path) -> None:
    # Each spelling has a patient, whose cell at week 12 it is; another table has the cells as they are meant.
    cases = [(column, meant, written) for column, meant, spellings in SPELLINGS for written in spellings]
    tables: list[list[pd.DataFrame]] = [[], []]
    for number, (column, *cells) in enumerate(cases):
        name = f"P{number:02}"
        for patients, cell in zip(tables, cells, strict=True):
            table = ill_then_well().assign(patient=name, pga=[2.0, 0.4]).astype(object)
            table.loc[0, "bilag_mucocutaneous"] = "A"
            table.loc[1, column] = cell if column != "patient" else str(cell or "{}").format(name)
            patients.append(table)
    as_meant, as_written = (pd.concat(patients, ignore_index=True) for patients in tables)
    from_file = read_back(as_written, tmp_path)
    for way, verdicts in WAYS.items():
        expected = verdicts(as_meant)
        assert {True, False} <= set(expected), "the cells decide"
        for table in (as_written, from_file) if way in ("lldas", "score_visits") else (as_written,):
            found = zip(cases, verdicts(table), expected, strict=True)
            assert [(way, case) for case, given, right in found if given is not right] == []


def test_the_verdicts_are_not_all_the_same() -> None:
    table = ill_then_well()
    assert [WAYS[way](table) for way in ("sri", "lldas", "score_visits")] == [[True], [True], [True]]
    assert [WAYS[way](table.assign(rescue=[0, "yes"])) for way in ("sri", "bicla", "score_visits")] == [[False]] * 3
    assert WAYS["lldas"](table.assign(pga=[2, "2.5"])) == [False]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("rash", ["perhaps", 2, "2"]),
        ("rescue", ["sometimes", -1]),
        ("pga", ["2,5", 3.01, "high", True]),
        ("bilag_renal", ["F", "A/B", "f"]),
        ("week", ["twelve", 10_001]),
    ],
)
def test_what_one_way_refuses_every_way_refuses(column: str, cells: list[object], tmp_path: Path) -> None:
    readers = {
        "rash": ["sri", "bicla", "lldas", "doris", "score_visits"],
        "rescue": ["sri", "bicla", "score_visits"],
        "pga": ["sri", "bicla", "lldas", "doris", "score_visits"],
        "bilag_renal": ["sri", "bicla", "score_visits"],
        "week": ["sri", "bicla", "lldas", "doris", "score_visits"],
    }
    for cell in cells:
        table = ill_then_well()
        table.loc[1, column] = cell
        place = f"column '{column}': .*is not allowed"
        with pytest.raises(InputError, match=place):
            read_back(table, tmp_path)
        for way in readers[column]:
            with pytest.raises(InputError, match=place):
                WAYS[way](table)


@pytest.mark.parametrize("column", ["patient", "visit"])
@pytest.mark.parametrize("cell", [None, "", "  ", "NA"])
def test_a_row_without_a_patient_or_visit_is_told(column: str, cell: object) -> None:
    table = ill_then_well()
    table.loc[1, column] = cell
    for way in ("sri", "lldas"):
        with pytest.raises(
            InputError, match=f"row 1, column '{column}': an empty cell is not allowed .every row needs"
        ):
            WAYS[way](table)


WHOLE_TABLES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    **{f"sri, {missing}": lambda t, m=missing: endpoints.sri(t, missing=m) for missing in ("locf", "worst", "best")},
    **{
        f"score_visits, {e}": lambda t, e=e: score_visits(t, e).to_frame()
        for e in endpoints.ENDPOINTS
        if e != "sri-50" and not e.startswith("renal")
    },
    "score_visits, renal": lambda t: score_visits(
        t.assign(upcr_mg_mmol=["200", 40, "30 ", 20.0], creatinine_umol_l="88", creatinine_umol_l_preflare=88), "renal"
    ).to_frame(),
    "compare_definitions": lambda t: endpoints.compare_definitions(t).verdicts,
    "impute_responders": lambda t: endpoints.impute_responders(t, seed=1).to_frame(),
    "selena_flare": lambda t: endpoints.selena_flare(t),
}


@pytest.mark.parametrize("name", WHOLE_TABLES)
def test_a_table_written_in_mixed_ways_gives_the_same_results(name: str) -> None:
    plain = pd.concat([ill_then_well().assign(patient=who) for who in "AB"], ignore_index=True)
    plain = with_total(plain.assign(weight_kg=60, rash=[1, 0, 1, 0], arm=["drug", "drug", "placebo", "placebo"]))
    mixed = plain.assign(
        patient=[" A", "A", "B", "B "],
        week=["0", "12", " 0", "12.0"],
        rash=["yes", "N", "present", "0"],
        pga=["2", "1", "2.0", " 1"],
        rescue=["no", "absent", "FALSE", "n"],
        bilag_mucocutaneous=["b", "d", "B ", "D"],
        sledai=plain["sledai"].map(str),
        weight_kg="60",
    )
    pd.testing.assert_frame_equal(WHOLE_TABLES[name](mixed), WHOLE_TABLES[name](plain), check_dtype=False)


def test_functions_that_take_no_visits_read_the_same_cells() -> None:
    table = ill_then_well()
    table.loc[0, "rash"], table.loc[0, "bilag_mucocutaneous"] = "Yes", "b"
    assert endpoints.sledai(table).tolist() == [10, 0]
    assert endpoints.bilag_total(table).tolist() == [8, 0]
    assert endpoints.rescale_pga(pd.Series(["50", " 100 ", "NA"]), "0-100").tolist()[:2] == [1.5, 3.0]
    found = endpoints.sledai_descriptors(pd.DataFrame({"temperature": ["38.1", "38"], "rash": ["present", "N"]}))
    assert found["fever"].tolist() == [True, False]
    assert found["rash"].tolist() == [True, False]
