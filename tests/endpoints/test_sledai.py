"""SLEDAI totals: weights, versions, missing cells and bad cells (definitions: the published index forms)."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import SLEDAI_ITEMS, sledai
from lupus_kit.endpoints.sledai.items import STABLE_IDS

IDS = list(SLEDAI_ITEMS["id"])
VERSIONS = ["SLEDAI", "SELENA", "2K", "hybrid"]


def visit(*present: str, **extra: object) -> pd.DataFrame:
    row = {name: name in present for name in IDS} | extra
    return pd.DataFrame([row], index=["v"])


def total(frame: pd.DataFrame, version: str = "2K") -> object:
    return sledai(frame, version).loc["v"]


def test_weights_are_those_of_the_form() -> None:
    # Eight items of 8, six of 4, seven of 2 and three of 1: a maximum of 105 (Gladman 2002; ACR form).
    assert SLEDAI_ITEMS["weight"].value_counts().to_dict() == {8: 8, 4: 6, 2: 7, 1: 3}
    assert SLEDAI_ITEMS["weight"].sum() == 105
    assert len(set(IDS)) == 24
    assert SLEDAI_ITEMS["definition"].str.len().gt(20).all()


@pytest.mark.parametrize("version", VERSIONS)
def test_each_item_alone_scores_its_weight(version: str) -> None:
    frame = pd.DataFrame(np.eye(24, dtype=bool), columns=IDS)
    assert sledai(frame, version).tolist() == SLEDAI_ITEMS["weight"].tolist()


@pytest.mark.parametrize(
    ("item", "scores"),
    [
        ("proteinuria", {"SLEDAI": 0, "SELENA": 0, "2K": 4, "hybrid": 4}),  # hybrid: the proteinuria item of 2K
        ("rash", {"SLEDAI": 0, "SELENA": 2, "2K": 2, "hybrid": 2}),
        ("alopecia", {"SLEDAI": 0, "SELENA": 2, "2K": 2, "hybrid": 2}),
        ("mucosal_ulcer", {"SLEDAI": 0, "SELENA": 2, "2K": 2, "hybrid": 2}),
    ],
)
def test_stable_findings_by_version(item: str, scores: dict[str, int]) -> None:
    stable = visit(item, **{f"{item}_stable": True})
    fresh = visit(item, **{f"{item}_stable": False})
    weight = max(scores.values())
    for version, expected in scores.items():
        assert total(stable, version) == expected
        assert total(fresh, version) == weight


def test_missing_item_gives_a_missing_total_and_does_not_touch_other_rows() -> None:
    frame = pd.concat([visit("rash", fever=None), visit("rash")])
    got = sledai(frame)
    assert got.isna().tolist() == [True, False]
    assert got.iloc[1] == 2
    assert str(got.dtype) == "Int64"


def test_missing_stable_flag_matters_only_where_the_version_needs_it() -> None:
    frame = visit("proteinuria", proteinuria_stable=None)
    assert total(frame, "SELENA") is pd.NA
    assert total(frame, "2K") == 4
    assert total(visit(proteinuria_stable=None), "SELENA") == 0


@pytest.mark.parametrize("dtype", [bool, "boolean", int, "Int64", float, object])
def test_every_yes_no_dtype_is_read(dtype: object) -> None:
    frame = pd.DataFrame(np.eye(24, dtype=bool), columns=IDS).astype(dtype)
    assert sledai(frame).tolist() == SLEDAI_ITEMS["weight"].tolist()


def test_bad_cells_are_listed_with_row_column_and_value() -> None:
    frame = visit("rash").astype(object)
    frame.loc["v", "fever"] = "perhaps"
    frame.loc["v", "seizure"] = 2
    with pytest.raises(InputError) as caught:
        sledai(frame)
    message = str(caught.value)
    assert "2 bad cells" in message
    assert "row v, column 'fever': 'perhaps'" in message
    assert "row v, column 'seizure': 2" in message


def test_many_bad_cells_are_counted_not_all_listed() -> None:
    frame = pd.DataFrame(7, index=range(10), columns=IDS)
    with pytest.raises(InputError, match=r"240 bad cells(.|\n)*and 220 more in 'organic_brain', 'visual', "):
        sledai(frame)


def test_other_bad_input() -> None:
    with pytest.raises(InputError, match=r"unknown SLEDAI version 'SELENIA'.*'SELENA'"):
        sledai(visit(), "SELENIA")
    with pytest.raises(InputError, match=r"'haematuria' \(there is 'hematuria'\)"):
        sledai(visit().rename(columns={"haematuria": "hematuria"}))
    with pytest.raises(InputError, match="cannot be stable where 'rash' is absent"):
        sledai(visit(rash_stable=True))
    with pytest.raises(InputError, match="more than once: 'rash'"):
        sledai(pd.concat([visit(), visit()[["rash"]]], axis=1))
    with pytest.raises(InputError, match="must be a pandas DataFrame, got list"):
        sledai([1, 2])  # type: ignore[arg-type]


@pytest.mark.parametrize("near", ["rash_stabel", "Rash_stable", "alopecia_stabl", "mucosal_ulcers_stable"])
def test_a_nearly_misspelt_optional_column_is_not_silently_ignored(near: str) -> None:
    with pytest.raises(InputError, match=rf"'{near}' .did you mean '\w+_stable'"):
        sledai(visit("rash", "alopecia", "mucosal_ulcer", **{near: True}), "SLEDAI")
    assert total(visit("rash", rash_severity=3, fever_stable=True)) == 2  # other columns stay ignored


def test_an_optional_column_twice_is_refused() -> None:
    frame = visit("rash", rash_stable=True)
    with pytest.raises(InputError, match="more than once: 'rash_stable'"):
        sledai(pd.concat([frame, frame[["rash_stable"]]], axis=1))


def test_clinical_leaves_out_serology_and_does_not_want_its_columns() -> None:
    everything = visit(*IDS)
    assert sledai(everything, clinical=True).loc["v"] == 105 - 2 - 2
    bare = everything.drop(columns=["low_complement", "dna_binding"])
    assert sledai(bare, clinical=True).loc["v"] == 101
    assert sledai(visit("rash", dna_binding=None), clinical=True).loc["v"] == 2
    with pytest.raises(InputError, match="lacks 2 column"):
        sledai(bare)


def test_domains_are_those_of_the_form() -> None:
    # Seven descriptors of 8 in the brain, 8 vascular, 4 + 4 joints and muscle, 4 × 4 kidney, then 3 × 2, 2 × 2, 2 × 2,
    # 1 and 1 + 1: 105 together.
    assert SLEDAI_ITEMS.groupby("domain", sort=False)["weight"].sum().to_dict() == {
        "central nervous system": 56,
        "vascular": 8,
        "musculoskeletal": 8,
        "renal": 16,
        "mucocutaneous": 6,
        "serosal": 4,
        "immunological": 4,
        "constitutional": 1,
        "haematological": 2,
    }


def test_no_rows_give_no_totals() -> None:
    empty = visit().iloc[:0]
    assert sledai(empty).tolist() == []


def test_memory_grows_with_the_rows_not_with_rows_times_columns() -> None:
    rows = 100_000
    frame = pd.DataFrame(dict.fromkeys(IDS, np.zeros(rows, dtype=bool)))
    sledai(frame.iloc[:10])
    tracemalloc.start()
    try:
        sledai(frame)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 * rows  # less than one byte for each cell of the table; the result alone needs 9 a row


bits = st.lists(st.booleans(), min_size=24, max_size=24)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=5)
def test_adding_an_active_item_never_lowers_the_score(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.random((200, 24)) < rng.random((200, 1))
    before = pd.DataFrame(cells, columns=IDS)
    for name in STABLE_IDS:
        before[f"{name}_stable"] = (rng.random(200) < 0.5) & before[name]
    added = cells.copy()
    added[range(200), rng.integers(0, 24, 200)] = True
    after = before.assign(**dict(zip(IDS, added.T, strict=True)))
    for version in VERSIONS:
        assert (sledai(after, version) >= sledai(before, version)).all()


@given(cells=bits, order=st.permutations(IDS))
@settings(max_examples=15)
def test_column_order_does_not_matter_and_versions_are_ordered(cells: list[bool], order: list[str]) -> None:
    frame = pd.DataFrame([cells], columns=IDS)
    for name in STABLE_IDS:
        frame[f"{name}_stable"] = frame[name]
    shuffled = frame[[f"{n}_stable" for n in STABLE_IDS] + order]
    totals = [sledai(shuffled, v).iloc[0] for v in VERSIONS]
    assert totals == sorted(totals)
    assert totals[2] == sum(w for c, w in zip(cells, SLEDAI_ITEMS["weight"], strict=True) if c)
