"""S2K RI-50 and SRI-50: half the weight from 50 % improvement on, and only for what was there at baseline.

Definition: Touma 2011; the expected scores follow from it.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS, s2k_ri50, sledai, sri, sri50

IDS = list(SLEDAI_ITEMS["id"])
WELL: dict[str, Any] = dict.fromkeys(IDS, 0) | {"pga": 1.0} | {f"bilag_{s}": "D" for s in BILAG_SYSTEMS}


def table(before: dict[str, Any], now: dict[str, Any]) -> pd.DataFrame:
    keys = [{"patient": "Ann", "visit": name, "week": week} for name, week in (("baseline", 0), ("week 12", 12))]
    return pd.DataFrame([keys[0] | WELL | before, keys[1] | WELL | now])


def score(before: dict[str, Any], now: dict[str, Any]) -> float | None:
    value = s2k_ri50(table(before, now)).iloc[1]
    return None if pd.isna(value) else float(value)


def test_each_descriptor_at_each_stage() -> None:
    gone, there, flag, percent = {}, {}, {}, {}
    for name in IDS:
        gone[name], there[name] = {name: 0}, {name: 1}
        flag[name], percent[name] = f"{name}_improved50", f"{name}_improvement_percent"
    weights = dict(zip(IDS, SLEDAI_ITEMS["weight"], strict=True))
    cases: dict[str, list[tuple[str, dict[str, Any], dict[str, Any], float]]] = {"": [], "flag": [], "percent": []}
    for name, weight in weights.items():
        cases[""] += [(name, there[name], there[name], weight), (name, there[name], gone[name], 0)]
        improved = {flag[name]: 1}
        cases["flag"] += [
            (name, there[name], there[name] | improved, weight / 2),
            (name, there[name], there[name] | {flag[name]: 0}, weight),
            (name, there[name], gone[name] | improved, 0),
            (name, gone[name], there[name] | improved, weight),  # nothing to improve on
        ]
        for value, expected in ((49.99, weight), (50, weight / 2), (100, weight / 2), (0, weight), (-20, weight)):
            cases["percent"].append((name, there[name], there[name] | {percent[name]: value}, expected))
    for kind, given in cases.items():
        tables = [table(before, now).assign(patient=number) for number, (_, before, now, _) in enumerate(given)]
        rows = pd.concat(tables, ignore_index=True).fillna(0)  # the flags of the others, who do not have the descriptor
        got = s2k_ri50(rows)[rows["week"] == 12].tolist()
        assert [(kind, *case[:3], value) for case, value in zip(given, got, strict=True)] == [
            (kind, *case) for case in given
        ]
    same = [table(there[name] | {flag[name]: 1}, there[name] | {flag[name]: 1}).assign(patient=name) for name in IDS]
    rows = pd.concat(same, ignore_index=True).fillna(0)
    assert s2k_ri50(rows)[rows["week"] == 0].tolist() == [*weights.values()]  # baseline is SLEDAI-2K


def test_missing_is_open_only_where_it_matters() -> None:
    assert score({}, {"rash": None}) is None
    assert score({"rash": None}, {"rash": 1, "rash_improved50": 1}) is None
    assert score({"rash": None}, {"rash": 1, "rash_improved50": 0}) == 2
    assert score({"rash": 1}, {"rash": 1, "rash_improved50": None}) is None
    assert score({"rash": 0}, {"rash": 1, "rash_improved50": None}) == 2
    assert score({"rash": 1}, {"rash": 0, "rash_improved50": None}) == 0
    alone = table({"rash": 1}, {"rash": 1, "rash_improved50": 1})
    other = alone.assign(patient="Bob").iloc[1:]  # no baseline
    assert s2k_ri50(pd.concat([alone, other], ignore_index=True)).isna().tolist() == [False, False, True]


def test_at_baseline_it_is_sledai_2k() -> None:
    rows = table(dict.fromkeys(IDS, 1), {})
    assert s2k_ri50(rows).iloc[0] == sledai(rows).iloc[0] == 105


@pytest.mark.parametrize(("points", "responds"), [(4, True), (5, False)])
def test_sri50_counts_the_half(points: int, responds: bool) -> None:
    rows = table({"vasculitis": 1}, {"vasculitis": 1, "vasculitis_improved50": 1})
    rows["sledai"] = sledai(rows)
    got = sri50(rows, points=points).iloc[0]
    assert got["sledai_drop"] == 4
    assert bool(got["responder"]) is responds
    assert not sri(rows)["responder"].item()


def test_sri50_with_half_points_and_every_option() -> None:
    rows = table({"fever": 1, "arthritis": 1}, {"fever": 1, "fever_improved50": 1})
    got = sri50(rows).iloc[0]
    assert (got["sledai_baseline"], got["sledai"], got["sledai_drop"]) == (5, 0.5, 4.5)
    worse = rows.assign(bilag_renal=["D", "A"])
    assert not sri50(worse)["responder"].item()
    assert sri50(worse, components=("sledai", "pga"))["responder"].item()
    assert sri50(rows.assign(pga=[1.0, None]), missing="best")["responder"].item()
    assert not sri50(rows.assign(rescue=[0, 1]))["responder"].item()


def test_bad_input_is_explained() -> None:
    rows = table({"rash": 1}, {"rash": 1})
    with pytest.raises(InputError, match="has both 'rash_improved50' and 'rash_improvement_percent'"):
        s2k_ri50(rows.assign(rash_improved50=1, rash_improvement_percent=50))
    with pytest.raises(InputError, match="column 'rash_improvement_percent': 150"):
        s2k_ri50(rows.assign(rash_improvement_percent=150))
    with pytest.raises(InputError, match=r"'rash_improved' .did you mean 'rash_improved50'"):
        s2k_ri50(rows.assign(rash_improved=1))
    with pytest.raises(InputError, match="no row with week 0"):
        s2k_ri50(rows.iloc[1:])
    with pytest.raises(InputError, match="sri50 makes its own score"):
        sri50(rows, score="sledai")
    with pytest.raises(InputError, match="whole numbers n from 4 to 8"):
        sri50(rows, points=9)
