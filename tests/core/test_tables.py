"""Files as tables of cells: the same cells from every type, the row numbers that the user sees, and extras that are absent."""

from __future__ import annotations

import io
import os
import sys
import zipfile
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


# --- files that are larger than they look, damaged, or no files --------------------------------------------------


def with_sheet(path: Path, xml: str) -> Path:
    """Write a workbook whose sheet holds this XML."""
    stream = io.BytesIO(write_table(TABLE, ".xlsx"))
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, xml if name.endswith("sheet1.xml") else old.read(name))
    return path


def sheet_xml(rows: str, extent: str = "A1:B2") -> str:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{main}"><dimension ref="{extent}"/><sheetData>{rows}</sheetData></worksheet>'


def row_xml(number: int, **cells: object) -> str:
    inside = "".join(
        f'<c r="{column}{number}" t="inlineStr"><is><t>{cell}</t></is></c>' for column, cell in cells.items()
    )
    return f'<row r="{number}">{inside}</row>'


HEAD = row_xml(1, A="who", B="points") + row_xml(2, A="Ann", B="3")


@pytest.mark.parametrize("extent", ["A1:XFD1048576", "A1:B2"])
def test_one_cell_at_the_far_end_of_a_sheet_is_named_at_once(tmp_path: Path, extent: str) -> None:
    resource = pytest.importorskip("resource")
    path = with_sheet(tmp_path / "far.xlsx", sheet_xml(HEAD + row_xml(1_048_576, XFD="x"), extent))
    assert path.stat().st_size < 10_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"cells in columns without a name.*\n.*row 1048576, column 16384: 'x'"):
        read_table(path)
    # In kB on Linux: it was 1.7 GB when the empty cells were kept.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_what_a_workbook_says_of_its_own_extent_is_not_believed(tmp_path: Path) -> None:
    path = with_sheet(tmp_path / "t.xlsx", sheet_xml(HEAD + row_xml(3, A="Bob", B="4"), "A1"))
    assert read_table(path).cells["points"].tolist() == ["3", "4"]


def test_rows_beyond_those_of_a_sheet_are_refused(tmp_path: Path) -> None:
    path = with_sheet(tmp_path / "t.xlsx", sheet_xml(HEAD + row_xml(2_000_000_000, A="x")))
    with pytest.raises(InputError, match="more than 50 million cells: save it as CSV"):
        read_table(path)


@pytest.mark.parametrize("size", [60_000_000, 250_000_000])
def test_a_workbook_that_unpacks_to_far_more_is_not_unpacked(tmp_path: Path, size: int) -> None:
    bomb = zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with bomb, bomb.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(size // 1_000_000):
            part.write(b" " * 1_000_000)
    with pytest.raises(InputError, match=f"unpacks to {size // 1_000_000} MB, more than a workbook is read with"):
        read_table(tmp_path / "bomb.xlsx")


def test_a_damaged_part_of_a_workbook_is_one_sentence(tmp_path: Path) -> None:
    content = bytearray(write_table(TABLE, ".xlsx"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 60
    content[start : start + 40] = os.urandom(40)
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(InputError, match=r"not a readable \.xlsx workbook"):
        read_table(tmp_path / "t.xlsx")


def test_parquet_of_more_cells_than_memory_holds_or_damaged(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    empty = pa.nulls(1_000_000)
    pq.write_table(pa.table({f"c{k}": empty for k in range(201)}), tmp_path / "many.parquet")
    assert (tmp_path / "many.parquet").stat().st_size < 1_000_000
    with pytest.raises(InputError, match=r"1,000,000 rows of 201 columns, more than 200 million cells"):
        read_table(tmp_path / "many.parquet")
    content = bytearray(write(tmp_path, "t.parquet").read_bytes())
    for damage in (content[:-20], content[:4] + bytes(30) + content[34:], b"PAR1" * 3, b""):
        (tmp_path / "t.parquet").write_bytes(damage)
        with pytest.raises(InputError, match="is not a readable Parquet file"):
            read_table(tmp_path / "t.parquet")


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".sav"])
def test_a_pipe_is_no_file(tmp_path: Path, ending: str) -> None:
    os.mkfifo(tmp_path / f"pipe{ending}")
    with pytest.raises(InputError, match="is a pipe or a device"):
        read_table(tmp_path / f"pipe{ending}")


def test_a_name_too_long_for_a_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read_table(tmp_path / ("n" * 300 + ".csv"))
