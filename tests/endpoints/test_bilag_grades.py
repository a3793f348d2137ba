"""BILAG numeric totals and the truth table of new A and new B grades."""

from __future__ import annotations

from itertools import product

import pandas as pd
import pytest

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import BILAG_SYSTEMS, bilag_total, sri

COLUMNS = [f"bilag_{s}" for s in BILAG_SYSTEMS]


def grades(text: str) -> pd.DataFrame:
    """Nine letters, one for each system; a dot is a missing grade."""
    return pd.DataFrame([[None if c == "." else c for c in text]], columns=COLUMNS)


def new_bilag(baseline: pd.DataFrame, later: pd.DataFrame, **options: bool) -> pd.DataFrame:
    """Newly A and newly B, as SRI counts them: a row of either table is a patient."""
    tables = {"baseline": (0, baseline), "week 12": (12, later)}
    rows = [t.assign(patient=range(len(t)), visit=name, week=week, sledai=10) for name, (week, t) in tables.items()]
    return sri(pd.concat(rows), components=("sledai", "bilag"), **options)[["new_a", "new_b"]]


def test_nine_systems() -> None:
    assert len(BILAG_SYSTEMS) == len(set(BILAG_SYSTEMS)) == 9
    assert "vasculitis" not in BILAG_SYSTEMS  # a system of the classic index only


@pytest.mark.parametrize(("text", "expected"), [("A" * 9, 108), ("ABCDEEEEE", 21), ("E" * 9, 0), ("CCCCCCCCC", 9)])
def test_total_with_the_published_coding(text: str, expected: int) -> None:
    # Coding 12/8/1/0/0 and range 0-108: Yee et al. 2010.
    got = bilag_total(grades(text))
    assert got.tolist() == [expected]
    assert str(got.dtype) == "Int64"


def test_total_with_other_codings_and_missing() -> None:
    assert bilag_total(grades("ABCDEEEEE"), coding=(9, 3, 1, 0, 0)).tolist() == [13]
    assert bilag_total(grades("ABCDEEEEE"), coding=(1.5, 1, 0.5, 0, 0)).tolist() == [3.0]
    assert bilag_total(grades("ABC.EEEEE")).isna().all()


# baseline -> visit: what one system adds to (new A, new B); clinical truth table of the SRI.
TRUTH = {("A", "A"): (0, 0), ("A", "B"): (0, 0), ("B", "A"): (1, 0), ("B", "B"): (0, 0)}
TRUTH |= {(b, "A"): (1, 0) for b in "CDE"} | {(b, "B"): (0, 1) for b in "CDE"}
TRUTH |= dict.fromkeys(product("ABCDE", "CDE"), (0, 0))


@pytest.mark.parametrize("system", range(9))
def test_truth_table_of_new_grades(system: int) -> None:
    assert len(TRUTH) == 25
    base, later = (pd.concat([grades("E" * 9)] * len(TRUTH), ignore_index=True) for _ in range(2))
    base.iloc[:, system], later.iloc[:, system] = zip(*TRUTH, strict=True)
    assert list(new_bilag(base, later).itertuples(index=False, name=None)) == list(TRUTH.values())
    lenient = [(0, 0) if pair == ("B", "A") else expected for pair, expected in TRUTH.items()]
    assert list(new_bilag(base, later, b_to_a_is_new=False).itertuples(index=False, name=None)) == lenient


def test_new_grades_add_up_over_systems_and_missing_stays_missing() -> None:
    assert tuple(new_bilag(grades("BCDEEEEEE"), grades("AABBBEEEE")).iloc[0]) == (2, 3)
    assert new_bilag(grades("B.DEEEEEE"), grades("AABBBEEEE")).isna().all(axis=None)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="row 0, column 'bilag_renal': 'F' is not allowed"):
        bilag_total(grades("EEEEEEEFE"))
    with pytest.raises(InputError, match="'F' is not allowed"):
        new_bilag(grades("E" * 9), grades("FEEEEEEEE"))
    with pytest.raises(InputError, match="five numbers"):
        bilag_total(grades("E" * 9), coding=(1, 2, 3))
    with pytest.raises(InputError, match="never rise"):
        bilag_total(grades("E" * 9), coding=(0, 0, 1, 8, 12))
    with pytest.raises(InputError, match="lacks 1 column"):
        bilag_total(grades("E" * 9).drop(columns="bilag_renal"))
