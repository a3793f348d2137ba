"""Renal response: both sides of every limit, missing data, order, monotony and bad input.

The limits are those of the definitions table in the docstrings; every expected verdict follows from the rule.
"""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from references import endpoints_by_row as by_row

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import RENAL_DEFINITIONS, RenalDefinition, RenalRequirement, renal_response

BASE = {
    "upcr": 4.0,
    "protein_24h": 4.0,
    "creatinine": 1.0,
    "egfr": 80.0,
    "creatinine_preflare": 0.8,
    "egfr_preflare": 100.0,
}
GOOD = {"upcr": 0.1, "protein_24h": 0.1, "creatinine": 0.8, "egfr": 100.0, "albumin": 40.0, "sediment_active": 0}
WORSE = {"upcr": 4.0, "protein_24h": 4.0, "creatinine": 2.0, "egfr": 30.0, "albumin": 20.0, "sediment_active": 1}
ORDER = {"none": 0, "partial": 1, "complete": 2}


def score(definition: str, rows: list[dict], base: dict | None = None, **options: float) -> pd.DataFrame:
    visit = pd.DataFrame([{"patient": "Ann"} | GOOD | row for row in rows])
    before = pd.DataFrame([{"patient": "Ann"} | BASE | (base or {})])
    options = {"creatinine_upper_normal": 1.2, "months": 12.0} | options
    return renal_response(before, visit, definition, **options)


def one(definition: str, base: dict | None = None, months: float = 12.0, **row: float | None) -> str | None:
    answer = score(definition, [row], base, months=months)["response"].iloc[0]
    return None if answer is pd.NA else answer


@pytest.mark.parametrize(
    ("definition", "row", "expected"),
    [
        ("KDIGO 2012", {"upcr": 0.5}, "complete"),
        ("KDIGO 2012", {"upcr": 0.51}, "partial"),
        ("KDIGO 2012", {"upcr": 1.99}, "partial"),
        ("KDIGO 2012", {"upcr": 2.0}, "none"),
        ("KDIGO 2012", {"creatinine": 0.81}, "partial"),
        ("KDIGO 2012", {"creatinine": 1.25}, "partial"),
        ("KDIGO 2012", {"creatinine": 1.26}, "none"),
        ("ACR 2006", {"upcr": 0.19}, "complete"),
        ("ACR 2006", {"upcr": 0.2}, "partial"),
        ("ACR 2006", {"upcr": 2.0}, "partial"),
        ("ACR 2006", {"upcr": 2.01}, "none"),
        ("ACR 2006", {"creatinine": 1.2, "egfr": 80}, "complete"),
        ("ACR 2006", {"creatinine": 1.21, "egfr": 100}, "complete"),
        ("ACR 2006", {"creatinine": 1.21, "egfr": 99.9}, "partial"),
        ("ACR 2006", {"creatinine": 1.21, "egfr": 60}, "partial"),
        ("ACR 2006", {"creatinine": 1.21, "egfr": 59.9}, "none"),
        ("ACR 2006", {"sediment_active": 1}, "none"),
        ("EULAR/ERA-EDTA 2012", {"upcr": 0.49}, "complete"),
        ("EULAR/ERA-EDTA 2012", {"upcr": 0.5}, "partial"),
        ("EULAR/ERA-EDTA 2012", {"upcr": 2.0}, "partial"),
        ("EULAR/ERA-EDTA 2012", {"upcr": 2.01}, "none"),
        ("EULAR/ERA-EDTA 2012", {"egfr": 90}, "complete"),
        ("EULAR/ERA-EDTA 2012", {"egfr": 89.9}, "none"),
        ("EULAR 2019", {"protein_24h": 0.49}, "complete"),
        ("EULAR 2019", {"protein_24h": 0.5}, "partial"),
        ("EULAR 2019", {"protein_24h": 2.0}, "partial"),
        ("EULAR 2019", {"protein_24h": 2.01}, "none"),
        ("Chinese multitarget", {"protein_24h": 0.4}, "complete"),
        ("Chinese multitarget", {"protein_24h": 0.41}, "partial"),
        ("Chinese multitarget", {"protein_24h": 2.0}, "partial"),
        ("Chinese multitarget", {"protein_24h": 2.01}, "none"),
        ("Chinese multitarget", {"albumin": 35}, "complete"),
        ("Chinese multitarget", {"albumin": 34.9}, "partial"),
        ("Chinese multitarget", {"albumin": 30}, "partial"),
        ("Chinese multitarget", {"albumin": 29.9}, "none"),
        ("Chinese multitarget", {"creatinine": 1.2}, "complete"),
        ("Chinese multitarget", {"creatinine": 1.25}, "partial"),
        ("Chinese multitarget", {"creatinine": 1.26}, "none"),
        ("Chinese multitarget", {"sediment_active": 1}, "partial"),
    ],
)
def test_every_limit_on_both_sides(definition: str, row: dict, expected: str) -> None:
    assert one(definition, **row) == expected


#: For each column: a value of the visit that just meets the requirement and one that just does not. Baseline: UPCR and
#: 24-hour protein 4, creatinine 1.0 (before the flare 0.8, upper normal 1.2), eGFR 80 (before the flare 100).
SIDES = {
    "KDIGO 2012": {
        "complete_upcr_at_most": ({"upcr": 0.5}, {"upcr": 0.51}),
        "complete_creatinine_back_to_preflare": ({"creatinine": 0.8}, {"creatinine": 0.81}),
        "partial_upcr_fall_more_than": ({"upcr": 1.99}, {"upcr": 2.0}),
        "partial_upcr_below_if_nephrotic": ({"upcr": 2.99}, {"upcr": 3.0}),
        "partial_creatinine_rise_at_most": ({"creatinine": 1.25}, {"creatinine": 1.26}),
    },
    "ACR 2006": {
        "complete_upcr_below": ({"upcr": 0.19}, {"upcr": 0.2}),
        "complete_creatinine_normal_or_egfr_gain_at_least": (
            {"creatinine": 1.2, "egfr": 50},
            {"creatinine": 1.21, "egfr": 50},
        ),
        "complete_sediment_inactive": ({"sediment_active": 0}, {"sediment_active": 1}),
        "partial_upcr_at_most": ({"upcr": 2.0}, {"upcr": 2.01}),
        "partial_egfr_loss_at_most": ({"egfr": 60}, {"egfr": 59.9}),
        "partial_sediment_inactive": ({"sediment_active": 0}, {"sediment_active": 1}),
    },
    "EULAR/ERA-EDTA 2012": {
        "complete_upcr_below": ({"upcr": 0.49}, {"upcr": 0.5}),
        "complete_egfr_near_preflare": ({"egfr": 90}, {"egfr": 89.9}),
        "partial_upcr_fall_at_least": ({"upcr": 2.0}, {"upcr": 2.01}),
        "partial_upcr_below": ({"upcr": 2.99}, {"upcr": 3.0}),
        "partial_egfr_near_preflare": ({"egfr": 90}, {"egfr": 89.9}),
    },
    "EULAR 2019": {
        "complete_protein_24h_below": ({"protein_24h": 0.49}, {"protein_24h": 0.5}),
        "partial_protein_24h_fall_at_least": ({"protein_24h": 2.0}, {"protein_24h": 2.01}),
    },
    "Chinese multitarget": {
        "complete_protein_24h_at_most": ({"protein_24h": 0.4}, {"protein_24h": 0.41}),
        "complete_sediment_inactive": ({"sediment_active": 0}, {"sediment_active": 1}),
        "complete_albumin_at_least": ({"albumin": 35}, {"albumin": 34.9}),
        "complete_creatinine_normal": ({"creatinine": 1.2}, {"creatinine": 1.21}),
        "partial_protein_24h_fall_at_least": ({"protein_24h": 2.0}, {"protein_24h": 2.01}),
        "partial_protein_24h_below": ({"protein_24h": 3.49}, {"protein_24h": 3.5}),
        "partial_albumin_at_least": ({"albumin": 30}, {"albumin": 29.9}),
        "partial_creatinine_normal_or_creatinine_rise_at_most": ({"creatinine": 1.25}, {"creatinine": 1.26}),
    },
}


@pytest.mark.parametrize("definition", RENAL_DEFINITIONS)
def test_each_requirement_has_a_column_that_turns_at_its_limit(definition: str) -> None:
    sides = SIDES[definition]
    for column, (meets, fails) in sides.items():
        got = score(definition, [meets, fails, dict.fromkeys(meets)])
        assert got[column].tolist() == [True, False, pd.NA]
    requirements = got.attrs["requirements"]
    assert list(requirements) == list(sides)  # no column without its limits here
    assert all(words in got["reason"].iloc[2] for column, words in requirements.items() if got[column].iloc[2] is pd.NA)


@pytest.mark.parametrize("definition", RENAL_DEFINITIONS)
def test_the_columns_make_the_verdict(definition: str) -> None:
    levels = [[WORSE[k], (WORSE[k] + GOOD[k]) / 2, GOOD[k], None] for k in GOOD if k != "sediment_active"]
    rows = [dict(zip([*GOOD], cells, strict=True)) for cells in itertools.product(*levels, [1, 0, None])]
    got = score(definition, rows)
    for _, cells in got.sample(400, random_state=1).iterrows():
        row = {name: None if pd.isna(cell) else cell for name, cell in cells.items()}
        met = {
            level: by_row.every(*(row[column] for column in got.attrs["requirements"] if column.startswith(level)))
            for level in ("complete", "partial")
        }
        assert row["complete"] == met["complete"]
        assert row["partial"] == by_row.some(met["complete"], met["partial"])


def test_a_definition_of_your_own() -> None:
    kdigo = RENAL_DEFINITIONS["KDIGO 2012"]
    near = (RenalRequirement("upcr", "at most", 0.7),)
    looser = RenalDefinition("looser", (near, *kdigo.complete[1:]), kdigo.partial, "an example")
    got = score(looser, [{"upcr": 0.7}, {"upcr": 0.71}])  # type: ignore[arg-type]
    assert got["response"].tolist() == ["complete", "partial"]
    assert got["definition"].tolist() == ["looser", "looser"]
    with pytest.raises(InputError, match="unknown rule 'at mots': did you mean 'at most'"):
        RenalRequirement("upcr", "at mots", 0.7)
    with pytest.raises(InputError, match="unknown measure 'upcrr'"):
        RenalRequirement("upcrr", "at most", 0.7)


def test_limits_against_high_baselines() -> None:
    assert one("KDIGO 2012", {"upcr": 8.0}, upcr=2.99) == "partial"
    assert one("KDIGO 2012", {"upcr": 8.0}, upcr=3.0) == "none"
    assert one("EULAR/ERA-EDTA 2012", {"upcr": 8.0}, upcr=2.99) == "partial"
    assert one("EULAR/ERA-EDTA 2012", {"upcr": 8.0}, upcr=3.0) == "none"
    assert one("Chinese multitarget", {"protein_24h": 8.0}, protein_24h=3.49) == "partial"
    assert one("Chinese multitarget", {"protein_24h": 8.0}, protein_24h=3.5) == "none"


def test_eular_2019_asks_for_more_with_time() -> None:
    assert [one("EULAR 2019", months=m, protein_24h=3.0) for m in (3, 5.9, 6)] == ["partial", "partial", "none"]
    assert one("EULAR 2019", months=3, protein_24h=3.01) == "none"


def test_missing_is_three_valued() -> None:
    assert one("KDIGO 2012", creatinine=None) is None
    assert one("KDIGO 2012", upcr=4.0, creatinine=None) == "none"
    assert one("KDIGO 2012", {"creatinine_preflare": None}) is None  # complete or partial
    assert one("ACR 2006", creatinine=None, egfr=100) == "complete"
    open_row = score("KDIGO 2012", [{}], {"creatinine_preflare": None}).iloc[0]
    assert bool(open_row["partial"])
    assert open_row["reason"].startswith("Missing: at least a partial response")


@pytest.mark.parametrize("definition", RENAL_DEFINITIONS)
def test_improving_any_value_never_lowers_the_response(definition: str) -> None:
    middle = {"upcr": 1.0, "protein_24h": 1.0, "creatinine": 1.2, "egfr": 80.0, "albumin": 32.0, "sediment_active": 0}
    levels = [[WORSE[k], middle[k], GOOD[k]] for k in GOOD]
    steps = list(itertools.product(range(3), repeat=len(GOOD)))
    rows = [{k: levels[j][s] for j, (k, s) in enumerate(zip(GOOD, step, strict=True))} for step in steps]
    found = dict(zip(steps, score(definition, rows)["response"].map(ORDER), strict=True))
    assert set(found.values()) == {0, 1, 2}
    for step, j in itertools.product(steps, range(len(GOOD))):
        if step[j] < 2:
            better = (*step[:j], step[j] + 1, *step[j + 1 :])
            assert found[better] >= found[step]


def test_row_order_units_and_absent_baseline() -> None:
    rows = [{"upcr": u} for u in (0.4, 1.0, 3.0)]
    whole = score("KDIGO 2012", rows)
    visit = pd.DataFrame([{"patient": "Ann"} | GOOD | row for row in rows])
    before = pd.DataFrame([{"patient": "Ann"} | BASE])
    pd.testing.assert_frame_equal(renal_response(before, visit.iloc[::-1]).sort_index(), whole)
    factor = 88.4  # umol/L in one mg/dL of creatinine (molar mass 113.12 g/mol)
    micro = renal_response(
        before.assign(creatinine=factor, creatinine_preflare=0.8 * factor),
        visit.assign(creatinine=0.8 * factor),
        creatinine_unit="umol/L",
    )
    assert micro["response"].tolist() == whole["response"].tolist() == ["complete", "partial", "none"]
    assert renal_response(before, visit.assign(patient="Bob"))["response"].isna().all()


def test_bad_input_is_explained() -> None:
    with pytest.raises(InputError, match="unknown renal definition"):
        one("KDIGO")
    with pytest.raises(InputError, match="row 0, column 'creatinine'"):
        one("KDIGO 2012", creatinine=80.0)  # umol/L given as mg/dL
    with pytest.raises(InputError, match="months is 0"):
        one("EULAR 2019", months=0)
    with pytest.raises(InputError, match="creatinine_upper_normal"):
        score("ACR 2006", [{}], creatinine_upper_normal=106.0)
    with pytest.raises(InputError, match="lacks"):
        renal_response(pd.DataFrame({"patient": ["Ann"]}), pd.DataFrame({"patient": ["Ann"]}))
    with pytest.raises(InputError, match="more than one row"):
        renal_response(pd.DataFrame({"patient": ["Ann", "Ann"]}), pd.DataFrame({"patient": ["Ann"]}))


@pytest.mark.parametrize("value", ["12", None, True, -1, 0, float("nan")])
def test_extra_arguments_must_be_numbers(value):
    frame = pd.DataFrame({"patient": ["a"], "protein_24h": [1.0], "creatinine": [0.8], "albumin": [30.0]})
    frame["sediment_active"] = False
    with pytest.raises(ValueError, match="months is"):
        renal_response(frame, frame, "EULAR 2019", months=value)
    with pytest.raises(ValueError, match="creatinine_upper_normal is"):
        renal_response(frame, frame, "Chinese multitarget", creatinine_upper_normal=value)
