"""CSV that is opened in a spreadsheet: no formula, and the numbers as they are."""

from __future__ import annotations

import pandas as pd
import pytest

from lupus_kit.core.csv_text import csv_text


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("@x", "'@x"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("-2+3+cmd", "'-2+3+cmd"), (" =x", "' =x"),
        ("\uff1dx", "'\uff1dx"), ("-7", "-7"), ("+0.5 (0.1 to 2)", "'+0.5 (0.1 to 2)"), ("-0.5%", "-0.5%"), ("-", "-"), ("a=b", "a=b"),
    ],
)  # fmt: skip
def test_a_spreadsheet_finds_no_formula(cell: str, written: str) -> None:
    for table in (pd.DataFrame({"a": [cell]}), pd.DataFrame({"a": pd.Categorical([cell])})):
        assert csv_text(table) == f"a\n{written}\n"
        assert csv_text(table, keep_formulas=True) == f"a\n{cell}\n"
        assert table["a"].tolist() == [cell], "the table itself stays"
    assert csv_text(pd.DataFrame({"a": [-1.5, 2.0]})) == "a\n-1.5\n2.0\n"
    assert csv_text(pd.DataFrame(columns=[cell])) == f"{written}\n"
