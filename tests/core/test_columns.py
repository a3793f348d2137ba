"""Cells: each spelling has one meaning, whatever the type of the column that holds it; the rest is refused with a reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from lupus_kit.core.columns import (
    BadCells,
    Column,
    flags,
    numbers,
    read_choices,
    read_column,
    refuse_slips,
    require_columns,
    require_frame,
    slip_of,
)
from lupus_kit.core.errors import InputError

YES = [True, 1, 1.0, np.True_, np.int8(1), "1", "1.0", "yes", "YES", " y ", "True", "present", "Present"]
NO = [False, 0, 0.0, np.False_, "0", "0.0", "no", "N", "FALSE", "absent"]
MISSING = [None, np.nan, pd.NA, pd.NaT, "", "  ", "NA", "na", "n/a", "ND", ".", "NaN"]


def one(cell: object) -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series([cell], dtype=object)})


@pytest.mark.parametrize(("cells", "meant"), [(YES, 1), (NO, 0), (MISSING, -1)])
def test_yes_no_and_missing(cells: list[object], meant: int) -> None:
    for cell in cells:
        problems = BadCells("the table")
        assert flags(one(cell), "x", problems).tolist() == [meant], cell
        problems.raise_if_any()
    together = pd.DataFrame({"x": pd.Series(cells, dtype=object)})
    assert set(flags(together, "x", BadCells("the table"))) == {meant}


@pytest.mark.parametrize("dtype", ["bool", "boolean", "int8", "Int64", "float", "str", "category", "object"])
def test_the_type_of_the_column_does_not_matter(dtype: str) -> None:
    words = pd.Series(["1", "0", "1"]) if dtype in ("str", "category") else pd.Series([1, 0, 1])
    problems = BadCells("the table")
    assert flags(pd.DataFrame({"x": words.astype(dtype)}), "x", problems).tolist() == [1, 0, 1]
    problems.raise_if_any()


@pytest.mark.parametrize("cell", ["perhaps", 2, 0.5, "2", "peut-être", date(2020, 2, 1), [1], b"1", np.inf])
def test_what_is_neither_yes_nor_no_is_refused(cell: object) -> None:
    problems = BadCells("the table")
    assert flags(one(cell), "x", problems).tolist() == [-1]
    with pytest.raises(InputError, match="1 bad cell in the table:\nrow 0, column 'x'"):
        problems.raise_if_any()


@pytest.mark.parametrize("cell", [12, 12.0, "12", " 12 ", "12.0", "1.2e1", "+12", Decimal("12"), np.int16(12)])
def test_numbers_as_numbers_and_as_texts(cell: object) -> None:
    problems = BadCells("the table")
    assert numbers(one(cell), "x", problems, 0, 12, whole=True).tolist() == [12.0]
    problems.raise_if_any()


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("1,5", "write the decimal mark as a point"),
        (date(2020, 2, 1), "it is a date"),
        (pd.Timestamp("2020-02-01"), "it is a date"),
        ("high", "a number from 0 to 3, or empty"),
        (True, "True is not allowed"),
        ("inf", "'inf' is not allowed"),
        (np.inf, "inf is not allowed"),
        ("1_0", "'1_0' is not allowed"),
        (-0.01, "-0.01 is not allowed"),
        ("3.01", "'3.01' is not allowed"),
        ([1], "it is a list"),
    ],
)
def test_what_is_no_number_in_range_is_refused_with_a_reason(cell: object, words: str) -> None:
    problems = BadCells("the table")
    assert np.isnan(numbers(one(cell), "x", problems, 0, 3, whole=False)).all()
    with pytest.raises(InputError) as caught:
        problems.raise_if_any()
    assert words in str(caught.value)


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float", "object"])
def test_ranges_hold_in_columns_of_numbers(dtype: str) -> None:
    problems = BadCells("the table")
    frame = pd.DataFrame({"x": pd.Series([0, 3, 4, -1]).astype(dtype)})
    assert np.isnan(numbers(frame, "x", problems, 0, 3, whole=True)).tolist() == [False, False, True, True]
    with pytest.raises(InputError, match="2 bad cells"):
        problems.raise_if_any()


def test_half_a_point_is_no_whole_number() -> None:
    for cells in ([4.5], ["4.5"], [Decimal("4.5")]):
        problems = BadCells("the table")
        numbers(pd.DataFrame({"x": cells}), "x", problems, 0, 105, whole=True)
        with pytest.raises(InputError, match="a whole number from 0 to 105"):
            problems.raise_if_any()


@pytest.mark.parametrize("cell", MISSING)
def test_a_cell_that_is_needed_may_not_be_missing(cell: object) -> None:
    for frame in (one(cell), pd.DataFrame({"x": ["5", cell]}).iloc[1:]):
        problems = BadCells("the table")
        numbers(frame, "x", problems, 0, 10, whole=False, needed=True)
        with pytest.raises(InputError, match=r"1 bad cell.*\n.*\(a number from 0 to 10\)"):
            problems.raise_if_any()


def test_grades_in_small_letters_where_there_is_no_doubt() -> None:
    problems = BadCells("the table")
    frame = pd.DataFrame({"x": ["A", "b", " e ", None, "NA"]})

    def positions(frame: pd.DataFrame, *choices: str) -> list[int]:
        return read_choices(frame, "x", Column("x", "choice", choices=choices), problems).tolist()

    assert positions(frame, *"ABCDE") == [0, 1, 4, -1, -1]
    problems.raise_if_any()
    assert positions(frame, "a", "A", "b", "e") == [1, 2, 3, -1, -1]  # the one that is exactly so
    positions(pd.DataFrame({"x": ["XY"]}), "xy", "Xy")
    with pytest.raises(InputError, match=r"'XY' is not allowed \(one of xy, Xy, or empty\)"):
        problems.raise_if_any()


def test_texts_lose_spaces_and_identifiers_keep_their_digits() -> None:
    frame = pd.DataFrame({"x": pd.Series([" Ann ", 7.0, 123456789012.0, 8, "", None], dtype=object)})
    read = read_column(frame, "x", Column("x", "text"), BadCells("the table"))
    assert read.tolist() == ["Ann", "7", "123456789012", "8", None, None]


def test_twenty_of_a_kind_are_listed_and_the_rest_is_counted_where_it_is() -> None:
    frame = pd.DataFrame({"x": [9] * 25, "y": [9] * 3 + [1] * 22, "z": [9] * 3 + [1] * 22})
    problems = BadCells("the table")
    for column in ("x", "y"):
        numbers(frame, column, problems, 0, 3, whole=False)
    numbers(frame, "z", problems, 0, 4, whole=False)
    with pytest.raises(InputError) as caught:
        problems.raise_if_any()
    said = str(caught.value).splitlines()
    assert said[0] == "31 bad cells in the table:"
    assert len(said) == 1 + 20 + 3 + 1
    assert said[20] == "row 19, column 'x': 9 is not allowed (a number from 0 to 3, or empty)"
    assert said[-1] == "... and 8 more in 'x' and 'y' (a number from 0 to 3, or empty)"


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("rescu", ["rescue", "pga"], "rescue"),
        ("Rescue ", ["rescue"], "rescue"),
        ("hematuria", ["haematuria"], "haematuria"),
        ("rash_improved", ["rash_improved50"], "rash_improved50"),
        ("episcleritis", ["scleritis"], None),
        ("comment", ["rescue"], None),
    ],
)
def test_slips_of_the_pen(name: str, known: list[str], meant: str | None) -> None:
    assert slip_of(name, (*known,)) == meant
    frame = pd.DataFrame({name: [1]})
    if meant is None:
        refuse_slips(frame, known, "visits")
    else:
        with pytest.raises(InputError, match=f"did you mean '{meant}'"):
            refuse_slips(frame, known, "visits")
        refuse_slips(frame.assign(**{meant: 1}), known, "visits")  # the meant column is there


def test_a_missing_column_is_told_with_the_nearest_that_is_there() -> None:
    with pytest.raises(
        InputError, match=r"visits lacks 2 columns: 'pga' \(there is 'PGA'\) and 'week'\. Add or rename"
    ):
        require_columns(pd.DataFrame({"PGA": [1], "site": [2]}), ["pga", "week"], "visits")
    with pytest.raises(InputError, match=r"must be a pandas DataFrame, got Series; its .to_frame\(\) gives one"):
        require_columns(require_frame(pd.Series([1]), "visits"), ["pga"], "visits")
    with pytest.raises(InputError, match=r"lacks 1 column: 'creatinine'\. Add"):  # and not "there is 'cranial_nerve'"
        require_columns(pd.DataFrame({"cranial_nerve": [1]}), ["creatinine"], "visits")
