"""The physician's global assessment on the 0-3 scale; the expected values follow from the length of each scale."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import (
    BILAG_SYSTEMS,
    SLEDAI_ITEMS,
    doris,
    lldas,
    rescale_pga,
    score_visits,
    selena_flare,
    sri,
)


def test_longer_scales_keep_their_decimals() -> None:
    assert rescale_pga(pd.Series([0, 1.0, 10.0]), "0-10").tolist() == [0.0, 0.3, 3.0]
    assert rescale_pga(pd.Series([9.8, 10, 48.7]), "0-100").tolist() == [0.294, 0.3, 1.461]
    assert rescale_pga(pd.Series([2.55, 1.396]), "0-3").tolist() == [2.55, 1.396]
    assert rescale_pga(pd.Series([1.1], dtype="float32"), "0-3").tolist() == [1.1]


def test_bad_input_is_explained() -> None:
    with pytest.raises(InputError, match="column 'pga'"):
        rescale_pga(pd.Series([11]), "0-10")
    with pytest.raises(InputError, match="unknown PGA scale"):
        rescale_pga(pd.Series([1]), "0-5")


def visits(pga: list[object], **columns: object) -> pd.DataFrame:
    table = pd.DataFrame({"patient": "Ann", "visit": ["baseline", "week 12"], "week": [0, 12], "pga": pga})
    table[[f"bilag_{s}" for s in BILAG_SYSTEMS]] = "D"
    return table.assign(sledai=[12, 4], bilag_renal=["A", "C"], **columns)


PAIRS = [
    ("1.10", "1.396", True),  # 0.296, though both hundredths differ by 0.30
    ("1.10", "1.4", False),
    ("1.6", "1.9", False),  # 1.9 - 1.6 is less than 0.3 in floating point
    ("1.104", "1.404", False),
    ("1.104", "1.4039", True),
    ("1.10", "1.399999999999", True),
]


def each_pair(pairs: list[tuple[object, object]], kind: type = float) -> pd.DataFrame:
    """One patient a pair of values at baseline and week 12."""
    table = pd.concat([visits([*pair]).assign(patient=k) for k, pair in enumerate(pairs)], ignore_index=True)
    cells = [kind(cell) for pair in pairs for cell in pair]
    return table.assign(pga=pd.Series(cells, dtype=object if kind is str else kind))


@pytest.mark.parametrize("kind", [str, float, np.float32])
def test_a_rise_is_decided_exactly(kind: type) -> None:
    cases = PAIRS[:-1] if kind is np.float32 else PAIRS  # single precision does not hold so many decimals
    table = each_pair([(before, now) for before, now, _ in cases], kind)
    for answer in (score_visits(table).verdicts, score_visits(table, "bicla").verdicts):
        assert answer["responder"].tolist() == [passes for _, _, passes in cases]
    if kind is not str:
        assert sri(table)["pga_rise"].tolist() == [float(Fraction(now) - Fraction(before)) for before, now, _ in cases]


def test_a_rise_computed_by_the_user_is_the_decimal_it_stands_for() -> None:
    assert not sri(visits([1.1, 1.1 + 0.3]))["responder"].item()
    assert not sri(visits([48.7 * 3 / 100, 58.7 * 3 / 100]))["responder"].item()


@pytest.mark.parametrize(
    ("scale", "cases"),
    [
        ("0-100", {(20, 30): False, (20, 29.9): True, (48.7, 58.7): False, (33.3, 43.29): True}),
        ("0-10", {(4.87, 5.87): False, (4.87, 5.869): True}),
    ],
)
def test_limits_on_longer_scales(scale: str, cases: dict[tuple[float, float], bool]) -> None:
    scored = score_visits(each_pair([*cases]), pga_scale=scale)
    assert scored.verdicts["responder"].tolist() == [*cases.values()]


def test_limits_of_states_and_flares() -> None:
    calm = pd.DataFrame(0, index=range(2), columns=SLEDAI_ITEMS["id"])
    calm = calm.assign(patient="Ann", week=[0, 12], visit=["a", "b"], prednisone_mg_day=5.0, weight_kg=60)
    assert lldas(calm.assign(pga=[1.0, 1.004]))["lldas"].tolist() == [True, False]
    assert (
        lldas(calm.assign(pga=[1.0, 1.004]))["reason"].iloc[1]
        == "Not in LLDAS: PGA is 1.004 (it must be 1.00 or less)."
    )
    assert lldas(calm.assign(pga=1.0, prednisone_mg_day=[7.5, 7.504]))["lldas"].tolist() == [True, False]
    assert doris(calm.assign(pga=[0.5, 0.496]))["doris"].tolist() == [False, True]
    flares = selena_flare(calm.assign(sledai=0, pga=[1.004, 2.0]))["flare"].tolist()
    assert flares[1] == "none"  # a rise of 0.996
    assert selena_flare(calm.assign(sledai=0, pga=[1.004, 2.004]))["flare"].iloc[1] == "mild-moderate"
    assert selena_flare(calm.assign(sledai=0, pga=[2.4, 2.504]))["flare"].iloc[1] == "severe"


def test_reasons_write_all_decimals() -> None:
    assert "PGA rose by 0.296" in sri(visits([1.1, 1.396]))["reason"].item()
    assert (
        sri(visits([1.1, 1.4]))["reason"].item()
        == "Not a responder: PGA rose by 0.30 (it must rise by less than 0.30)."
    )
