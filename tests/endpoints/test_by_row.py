"""Every rule against the slow row-by-row reference, on random tables with and without missing cells and rows."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from references import endpoints_by_row as by_row
from references.visit_tables import EVENTS, WEEKS, plain, random_table, rows_by_patient

from lupus_kit.endpoints import bicla, doris, lldas, s2k_ri50, selena_flare, sledai, sledai_descriptors, sri, sri50
from lupus_kit.endpoints.rules.flare_index import LEVELS
from lupus_kit.endpoints.rules.sri import MISSING

#: Shares of missing cells and rows; patients of several shares are in one table.
WHOLE, GAPPY = (0.0,), (0.004, 0.03)
GAPS = [WHOLE, GAPPY]
Rows = dict[int, dict[int, dict[str, Any]]]


def known(values: Any) -> list[Any]:
    """Turn a nullable column into None, True and False."""
    return [None if value is pd.NA else bool(value) for value in values]


def made(seed: int, gaps: tuple[float, ...], patients: int = 150, **options: Any) -> pd.DataFrame:
    parts = [random_table(patients, seed, share, **options) for share in gaps]
    return pd.concat(
        [part.assign(patient=part["patient"] + 1_000 * k) for k, part in enumerate(parts)], ignore_index=True
    )


@cache
def scored(seed: int, gaps: tuple[float, ...], patients: int = 60) -> tuple[pd.DataFrame, Rows]:
    """Make a table and its rows once for all tests of a rule, which leave both as they are."""
    table = made(seed, gaps, patients)
    table["sledai"] = sledai(table)
    return table.sample(frac=1, random_state=seed), rows_by_patient(table)


@cache
def active(gaps: tuple[float, ...]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    table = made(1, gaps, active=0.3)
    return table, [row for weeks in rows_by_patient(table).values() for row in weeks.values()]


def flat(rows: dict[int, dict[int, Any]]) -> list[tuple[dict[int, Any], int, Any]]:
    return [(weeks, week, row) for weeks in rows.values() for week, row in weeks.items()]


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("clinical", [False, True])
@pytest.mark.parametrize("version", ["SLEDAI", "SELENA", "2K", "hybrid"])
def test_sledai(version: str, clinical: bool, gaps: tuple[float, ...]) -> None:
    table, rows = active(gaps)
    got = sledai(table, version, clinical=clinical)
    assert [None if value is pd.NA else int(value) for value in got] == [
        by_row.sledai(row, version, clinical) for row in rows
    ]


#: Values on, just below and just above each limit; None is a missing cell.
FINDINGS: dict[str, list[Any]] = {
    "inflamed_joints": [0, 1, 2, 3], "urine_red_cells": [4, 5, 6], "urine_white_cells": [4, 5, 6],
    "protein_24h": [0.2, 0.5, 0.51, 1.0, 1.01, 1.02, None, None], "protein_24h_previous": [0.2, 0.5, 0.51, 1.0, None],
    "upcr": [20, 50, 51, 100, 101, 102], "upcr_previous": [20, 50, 51, 100], "proteinuria_stable": [0],
    "temperature": [37, 38, 38.1], "platelets": [99, 100, 101], "white_cells": [2.9, 3, 3.1],
    "c3": [0.8, 0.9, 1.0], "c3_lower_limit": [0.9], "c4": [0.09, 0.1, 0.2], "c4_lower_limit": [0.1],
    "dna_farr_percent": [24, 25, 26], "anti_dsdna": [99, 100, 101], "anti_dsdna_upper_limit": [100],
    "fever_other_cause": [0, 0, 1], "thrombocytopenia_other_cause": [0, 0, 1],
} | {sign: [0, 0, 1] for signs in by_row.SIGNS.values() for sign in signs}  # fmt: skip


@pytest.mark.parametrize("gaps", [0.0, 0.1])
@pytest.mark.parametrize("version", ["SLEDAI", "SELENA", "2K", "hybrid"])
def test_descriptors_from_findings(version: str, gaps: float) -> None:
    rng = np.random.default_rng(10)
    columns = {
        name: [None if rng.random() < gaps else values[k] for k in rng.integers(0, len(values), 400)]
        for name, values in FINDINGS.items()
    }
    table = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    got = sledai_descriptors(table, version)
    rows = zip(*columns.values(), strict=True)
    exact = ({n: plain(c, f"{n}_percent") for n, c in zip(columns, row, strict=True)} for row in rows)
    for row, mine in zip(exact, got.to_dict("records"), strict=True):
        yes_no = (*by_row.SIGNS["pleurisy"], *by_row.SIGNS["pericarditis"], "proteinuria_stable")
        row |= {
            n: None if row[n] is None else bool(row[n]) for n in (*yes_no, *row) if n in yes_no or n.endswith("cause")
        }
        expected, stable = by_row.descriptors(row, version)
        expected["proteinuria_stable"] = stable
        assert {name: None if pd.isna(mine[name]) else bool(mine[name]) for name in expected} == expected


def expected_sri(rows: dict[int, Any], **options: Any) -> list[tuple[bool | None, bool]]:
    weeks = dict.fromkeys(WEEKS)
    return [answer for visits in rows.values() for answer in by_row.sri(weeks | visits, **options).values()]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"points": 5},
        {"points": 6, "b_to_a_is_new": False},
        {"points": 7, "components": ("sledai", "pga")},
        {"points": 8, "components": ("sledai", "bilag")},
        {"components": ("sledai",)},
        {"event_columns": EVENTS},
        {"event_columns": ("withdrawn",)},
        {"event_columns": EVENTS, "events": "treatment_policy"},
        {"event_columns": EVENTS, "events": "while_on_treatment"},
        {"event_columns": ("rescue",), "events": "hypothetical"},
    ],
)
def test_sri(options: dict[str, Any]) -> None:
    # What is open is counted in the same way whatever was asked; carrying forward changes what is open.
    ways = ("observed", "locf") if options else MISSING
    for missing, gaps in [*((way, GAPPY) for way in ways), ("observed", WHOLE)]:
        table, rows = scored(2, gaps, patients=30)
        asked = {"event_columns": (), "missing": missing} | options
        expected = expected_sri(rows, **asked)
        assert 5 < sum(verdict is True for verdict, _ in expected) < len(expected) - 5
        got = sri(table, **asked, steroids=None, reasons=False)  # the rows know no rule on doses
        assert list(zip(known(got["responder"]), got["imputed"], strict=True)) == expected, (missing, gaps)
        if missing == "observed":
            told = sri(table, **asked, steroids=None)
            pd.testing.assert_frame_equal(told.drop(columns="reason"), got)
            opening = {True: "Responder: ", False: "Not a responder: ", None: "Undecided: "}
            assert all(text.startswith(opening[v]) for text, (v, _) in zip(told["reason"], expected, strict=True))


def test_sri_with_one_way_for_each_arm() -> None:
    table, _ = scored(3, (0.03,))
    both = sri(table, missing={"IL-2": "worst", "placebo": "locf"})
    for arm, way in (("IL-2", "worst"), ("placebo", "locf")):
        mine, alone = both[both["arm"] == arm], sri(table, missing=way)
        pd.testing.assert_frame_equal(mine, alone[alone["arm"] == arm])


@pytest.mark.parametrize("gaps", GAPS)
def test_bicla(gaps: tuple[float, ...]) -> None:
    table, rows = scored(4, gaps)
    nothing = dict.fromkeys(rows[1][0])
    handled = [by_row.with_events(dict.fromkeys(WEEKS) | weeks, EVENTS, "composite") for weeks in rows.values()]
    expected = [
        by_row.bicla(weeks.get(0, nothing), nothing | now[week], EVENTS, True)
        for (weeks, now), week in itertools.product(zip(rows.values(), handled, strict=True), WEEKS[1:])
    ]
    got = bicla(table, steroids=None, missing="observed")
    assert known(got["responder"]) == [verdict for _, verdict in expected]
    assert known(got["active_baseline"]) == [active for active, _ in expected]
    assert sum(verdict is True for _, verdict in expected) > 5
    counted = bicla(table, steroids=None)
    assert known(counted["responder"]) == [verdict is True for _, verdict in expected]
    assert counted["imputed"].tolist() == [verdict is None for _, verdict in expected]


def before(weeks: dict[int, Any], week: int, fields: Any) -> Any:
    earlier = [w for w, row in weeks.items() if w < week and any(row[f] is not None for f in fields)]
    return weeks[max(earlier)] if earlier else None


LLDAS_COLUMNS = ("haemolytic_anaemia", "gi_activity", "maintenance_ok")


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("optional", [(), LLDAS_COLUMNS, ("gi_activity",)])
def test_lldas(optional: tuple[str, ...], gaps: tuple[float, ...]) -> None:
    table, rows = scored(5, gaps)
    table = table.drop(columns=[name for name in LLDAS_COLUMNS if name not in optional])
    expected = [
        by_row.every(
            by_row.lldas(row, before(weeks, week, by_row.WEIGHTS), optional, False, True),
            *by_row.no_event(weeks, week, EVENTS),
        )
        for weeks, week, row in flat(rows)
    ]
    assert known(lldas(table, missing="observed")["lldas"]) == expected
    assert sum(verdict is True for verdict in expected) > 5
    counted = lldas(table)
    assert known(counted["lldas"]) == [verdict is True for verdict in expected]
    assert counted["imputed"].tolist() == [verdict is None for verdict in expected]


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("stable", [True, False])
def test_doris(stable: bool, gaps: tuple[float, ...]) -> None:
    table, rows = scored(6, gaps, patients=150)
    table = table if stable else table.drop(columns="maintenance_stable")
    expected = [
        by_row.every(by_row.doris(row, False, stable), *by_row.no_event(weeks, week, EVENTS))
        for weeks, week, row in flat(rows)
    ]
    assert known(doris(table, missing="observed")["doris"]) == expected
    assert known(doris(table)["doris"]) == [verdict is True for verdict in expected]
    assert sum(verdict is True for verdict in expected) > 5


@pytest.mark.parametrize("gaps", GAPS)
def test_s2k_ri50_and_sri50(gaps: tuple[float, ...]) -> None:
    table, rows = scored(7, gaps)
    in_order = table.sort_values(["patient", "week"])
    expected = [by_row.ri50(row, weeks.get(0), week == 0) for weeks, week, row in flat(rows)]
    got = s2k_ri50(in_order)
    assert [None if value != value else value for value in got] == expected
    halves = {value % 1 for value in expected if value is not None}
    assert halves == {0} or halves == {0, 0.5}
    assert any(
        value is not None and value < row["sledai"] for value, (_, _, row) in zip(expected, flat(rows), strict=True)
    )
    for weeks in rows.values():
        for week, row in weeks.items():
            row["s2k_ri50"] = by_row.ri50(row, weeks.get(0), week == 0)
    answers = expected_sri(rows, score="s2k_ri50", event_columns=EVENTS, missing="observed")
    assert known(sri50(table, missing="observed", steroids=None)["responder"]) == [verdict for verdict, _ in answers]


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize("dropped", [(), ("hospitalised", "new_mycophenolate"), by_row.FLARE_COLUMNS])
def test_flare(dropped: tuple[str, ...], gaps: tuple[float, ...]) -> None:
    table, rows = scored(8, gaps)
    table = table.drop(columns=list(dropped))
    kept = [
        ({k: v for k, v in row.items() if k not in dropped}, before(weeks, w, ("sledai", "pga", "prednisone_mg_day")))
        for weeks, w, row in flat(rows)
    ]
    answers = [(by_row.flare(row, earlier, "doubling"), earlier) for row, earlier in kept]

    def grade(severe: bool | None, mild: bool | None, sure: bool) -> str | None:
        if severe:
            return LEVELS[2]
        if severe is None and sure:
            return None
        return LEVELS[1] if mild else None if mild is None and sure else LEVELS[0]

    observed = [grade(*answer, sure=True) for answer, _ in answers]
    counted = [None if earlier is None else grade(*answer, sure=False) for answer, earlier in answers]
    for missing, expected in (("observed", observed), ("nonresponder", counted)):
        got = selena_flare(table, missing=missing)["flare"]
        assert [None if pd.isna(value) else value for value in got] == expected
    assert {*LEVELS, None} == set(observed)


def test_a_table_in_another_order_with_more_columns_gives_the_same() -> None:
    table, _ = scored(9, (0.02,))
    rng = np.random.default_rng(9)
    other = table.assign(favourite_colour="blue", sodium=140.0)
    other = other.iloc[rng.permutation(len(other)), rng.permutation(other.shape[1])]
    for rule in (sri, sri50, bicla, lldas, doris, selena_flare):
        pd.testing.assert_frame_equal(rule(other), rule(table))
    for score in (sledai, s2k_ri50):
        pd.testing.assert_series_equal(score(other).sort_index(), score(table).sort_index())
