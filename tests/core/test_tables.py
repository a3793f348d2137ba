"""Files as tables of cells: the same cells from every type, the row numbers that the user sees, and extras that are absent."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from lupus_kit.core.errors import InputError
from lupus_kit.core.extras import need
from lupus_kit.core.tables import read_sheets, read_table, write_table

TABLE = pd.DataFrame({"who": ["Ann", "Bob"], "points": [3, 4]})


def write(folder: Path, name: str) -> Path:
    path = folder / name
    if path.suffix == ".parquet":
        TABLE.to_parquet(path)
    else:
        path.write_bytes(write_table(TABLE, path.suffix))
    return path


@pytest.mark.parametrize(
    ("name", "rows", "points"),
    [("t.csv", [2, 3], ["3", "4"]), ("t.xlsx", [2, 3], [3, 4]), ("t.parquet", [1, 2], [3, 4])],
)
def test_cells_are_as_stored_and_rows_are_counted_as_shown(
    tmp_path: Path, name: str, rows: list[int], points: list[object]
) -> None:
    raw = read_table(write(tmp_path, name))
    assert raw.cells.index.tolist() == rows
    assert raw.cells["points"].tolist() == points
    assert raw.source.startswith(name)


@pytest.mark.parametrize("text", ["sep=;\nwho;points\nAnn;3\n", 'sep=;\nwho;points\n"Ann";3\n'])
def test_the_line_in_which_excel_says_the_separator_is_no_header(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    cells = read_table(path).cells
    assert cells.to_dict("index") == {3: {"who": "Ann", "points": "3"}}


def test_comments_and_empty_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("# invented\n\nwho;points\n\nAnn;3\n;\nBob;4\n", encoding="utf-8")
    assert read_table(path).cells.index.tolist() == [5, 7]
    book = pd.DataFrame([["# invented", None], ["who", "points"], [None, None], ["Ann", 3]])
    book.to_excel(tmp_path / "t.xlsx", header=False, index=False)
    assert read_table(tmp_path / "t.xlsx").cells.index.tolist() == [4]


@pytest.mark.parametrize("name", ["t.csv", "t.xlsx", "t.parquet"])
def test_a_table_without_rows_is_one_only_where_that_is_meant(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "t.parquet":
        TABLE.iloc[:0].to_parquet(path)
    else:
        path.write_bytes(write_table(TABLE.iloc[:0], path.suffix))
    assert read_table(path, empty=True).cells.columns.tolist() == ["who", "points"]
    with pytest.raises(InputError, match="holds no row"):
        read_table(path)


def test_several_sheets_at_once(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        for name in ("one", "two", "three"):
            TABLE.assign(sheet=name).to_excel(book, sheet_name=name, index=False)
    found = read_sheets(tmp_path / "t.xlsx", ["three", "one"])
    assert {name: raw.cells["sheet"].unique().tolist() for name, raw in found.items()} == {
        "three": ["three"],
        "one": ["one"],
    }
    with pytest.raises(InputError, match="unknown sheet 'tow': did you mean 'two'"):
        read_sheets(tmp_path / "t.xlsx", ["one", "tow"])


def test_twenty_uneven_rows_are_listed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2,3\n" * 25, encoding="utf-8")
    with pytest.raises(InputError, match=r"row 2: 3, .*row 21: 3 and 5 more\. A cell that holds ',' needs quotes"):
        read_table(tmp_path / "t.csv")


def test_an_absent_extra_is_one_sentence_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "t.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)  # as if it were not installed
    expected = r'an Excel file needs openpyxl, which is not installed: python -m pip install "lupus-kit\[files\]"'
    with pytest.raises(InputError, match=f"Reading {expected}"):
        read_table(path)
    with pytest.raises(InputError, match=f"Writing {expected}"):
        write_table(TABLE, ".xlsx")
    monkeypatch.undo()
    assert need("openpyxl", "files", "Reading an Excel file").__name__ == "openpyxl"


def test_writing_knows_two_types() -> None:
    with pytest.raises(InputError, match=r"written as \.csv or \.xlsx, not as \.ods"):
        write_table(TABLE, ".ods")
