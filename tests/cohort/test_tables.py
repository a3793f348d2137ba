"""Cohorts on disk and on the page: saving, loading, finding damage, and showing what is invented."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from lupus_kit.cohort import Assumptions, Cohort, what_if
from lupus_kit.cohort.files import schema, storage
from lupus_kit.core.errors import InputError


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return what_if(Assumptions(dropout_rate=0.3, item_share={"rash": 0.4}), n_per_arm=6, seed=8)


FORMATS = ("csv", "parquet", "xlsx")


@pytest.fixture(scope="module")
def folders(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Save the cohort once in each format; the workbook holds one patient in each arm, which is all it needs."""
    place, few = tmp_path_factory.mktemp("as_saved"), what_if(n_per_arm=1, seed=8)
    return {format: (few if format == "xlsx" else cohort).save(place / format, format) for format in FORMATS}


@pytest.fixture
def saved(folders: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(folders["csv"], tmp_path / "cohort")


def edit(path: Path, change: Callable[[list[str]], None]) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def set_cell(path: Path, row: int, column: str, value: str) -> None:
    """Change one cell; ``row`` counts as a text editor does, the header is row 1."""

    def change(lines: list[str]) -> None:
        cells = lines[row - 1].split(",")
        cells[lines[0].split(",").index(column)] = value
        lines[row - 1] = ",".join(cells)

    edit(path, change)


@pytest.mark.parametrize("format", FORMATS)
def test_round_trip_keeps_everything(cohort: Cohort, tmp_path: Path, format: str) -> None:
    saved = cohort.save(tmp_path / "cohort", format)
    again = Cohort.load(saved)
    for name, frame in cohort.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
    assert again.assumptions == cohort.assumptions
    assert again.seed == cohort.seed
    assert "invented" in json.loads((saved / "cohort.json").read_text(encoding="utf-8"))["notice"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_cohort_without_events_or_extra_visits_round_trips(tmp_path: Path, format: str) -> None:
    calm = Assumptions(
        event_share_il2=dict.fromkeys(Assumptions().event_share_il2, 0.0),
        event_share_placebo=dict.fromkeys(Assumptions().event_share_placebo, 0.0),
        extra_weeks=(),
    )
    made = what_if(calm, n_per_arm=1, seed=1)
    assert made.adverse_events.empty
    again = Cohort.load(made.save(tmp_path / "calm", format))
    for name, frame in made.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])


def test_saving_again_replaces_and_leaves_nothing_behind(cohort: Cohort, saved: Path) -> None:
    other = what_if(n_per_arm=3, seed=2)
    other.save(saved)
    assert len(Cohort.load(saved).patients) == 6
    assert [p.name for p in saved.parent.iterdir()] == ["cohort"]


@pytest.mark.parametrize(
    ("moment", "format"),
    [*((moment, FORMATS[0]) for moment in ("write_manifest", "rename")), *(("write_tables", one) for one in FORMATS)],
)
def test_an_interrupted_save_leaves_the_old_one_whole(
    moment: str, format: str, cohort: Cohort, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path if moment == "rename" else storage, moment, interrupted)
    with pytest.raises(KeyboardInterrupt):
        what_if(n_per_arm=3, seed=2).save(saved, format)
    monkeypatch.undo()
    assert len(Cohort.load(saved).patients) == len(cohort.patients)
    assert [p.name for p in saved.parent.iterdir()] == ["cohort"]


def test_a_failed_second_rename_puts_the_old_one_back(
    cohort: Cohort, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(InputError, match=r"No space left on device\. What was there before is unchanged"):
        what_if(n_per_arm=3, seed=2).save(saved)
    monkeypatch.undo()
    assert len(Cohort.load(saved).patients) == len(cohort.patients)


@pytest.mark.parametrize(
    ("file", "row", "column", "value", "message"),
    [
        ("visits.csv", 3, "pga", "7", r"row 3, column 'pga': '7' is not allowed \(a number from 0 to 3\)"),
        ("visits.csv", 2, "sledai", "many", r"row 2, column 'sledai': 'many'"),
        ("visits.csv", 2, "sledai", "8.5", r"row 2, column 'sledai': '8\.5'"),
        ("bilag.csv", 4, "bilag_renal", "X", r"row 4, column 'bilag_renal': 'X'.*A, B, C, D, E"),
        ("patients.csv", 2, "nephritis", "maybe", r"row 2, column 'nephritis': 'maybe'"),
        ("patients.csv", 2, "age_years", "", r"row 2, column 'age_years': an empty cell .*from 18 to 65 years\)"),
        ("visits.csv", 5, "visit", "week 99", r"row 5, column 'visit': 'week 99'"),
        ("labs.csv", 6, "c3_g_l", "1.23", r"labs\.csv was changed after saving\. Restore the file, or load with"),
        ("patients.csv", 2, "dropout_day", "1", r"patients\.csv was changed|dropped out"),
        ("doses.csv", 3, "injection", "1", r"row \d, column '(patient|injection)'.* twice"),
    ],
)
def test_an_edited_cell_is_named(saved: Path, file: str, row: int, column: str, value: str, message: str) -> None:
    set_cell(saved / file, row, column, value)
    with pytest.raises(InputError, match=message) as caught:
        Cohort.load(saved)
    assert file in str(caught.value)


def test_what_was_read_column_by_column_is_not_checked_again(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "check_schema", lambda *_: pytest.fail("every column was checked twice"))
    Cohort.load(saved)


def test_bad_cells_of_several_files_are_told_together(saved: Path) -> None:
    set_cell(saved / "visits.csv", 3, "pga", "7")
    set_cell(saved / "labs.csv", 4, "c3_g_l", "low")
    with pytest.raises(InputError) as caught:
        Cohort.load(saved)
    said = str(caught.value)
    assert "1 bad cell in visits.csv:\nrow 3, column 'pga': '7'" in said
    assert "1 bad cell in labs.csv:\nrow 4, column 'c3_g_l': 'low'" in said


def test_a_cell_of_a_cohort_may_be_written_in_other_ways(cohort: Cohort, saved: Path) -> None:
    patients = pd.read_csv(saved / "patients.csv", dtype=str)
    patients["nephritis"] = patients["nephritis"].map({"True": "yes", "False": "N"})
    patients["arm"], patients["age_years"] = patients["arm"].str.lower(), " " + patients["age_years"]
    patients.to_csv(saved / "patients.csv", index=False)
    pd.testing.assert_frame_equal(Cohort.load(saved, allow_edits=True).patients, cohort.patients)


def test_a_cohort_of_an_earlier_version_is_read_where_edits_are_allowed(cohort: Cohort, saved: Path) -> None:
    manifest = json.loads((saved / "cohort.json").read_text(encoding="utf-8"))
    sums = {name: {"rows": [1, 2], "columns": {"patient": 3}} for name in cohort.tables}
    (saved / "cohort.json").write_text(json.dumps(manifest | {"layout": 1, "checksums": sums}), encoding="utf-8")
    with pytest.raises(InputError, match=r"saved by another version of the kit.*allow_edits=True, and save it again"):
        Cohort.load(saved)
    assert Cohort.load(saved, allow_edits=True).visits.equals(cohort.visits)


def test_a_meant_edit_can_be_allowed_but_must_still_agree(saved: Path) -> None:
    set_cell(saved / "labs.csv", 6, "c3_g_l", "1.23")
    assert Cohort.load(saved, allow_edits=True).labs.loc[4, "c3_g_l"] == 1.23
    was = (saved / "sledai.csv").read_text(encoding="utf-8").splitlines()
    flipped = "False" if was[2].split(",")[was[0].split(",").index("fever")] == "True" else "True"
    set_cell(saved / "sledai.csv", 3, "fever", flipped)
    with pytest.raises(InputError, match=r"in visits\.csv:\nrow 3, column 'sledai': .*not the sum of the items"):
        Cohort.load(saved, allow_edits=True)


def test_tables_must_agree(saved: Path) -> None:
    lines = (saved / "doses.csv").read_text(encoding="utf-8").splitlines()
    wrong = "placebo" if ",IL-2," in lines[1] else "IL-2"
    set_cell(saved / "doses.csv", 2, "arm", wrong)
    with pytest.raises(InputError, match=r"in doses\.csv:\nrow 2, column 'arm': .*not the arm of this patient"):
        Cohort.load(saved, allow_edits=True)
    set_cell(saved / "doses.csv", 2, "patient", "P999")
    with pytest.raises(InputError, match=r"in doses\.csv:\nrow 2, column 'patient': 'P999' .*this patient is not"):
        Cohort.load(saved, allow_edits=True)


def test_rows_after_dropout_are_refused(cohort: Cohort, saved: Path) -> None:
    left = cohort.patients["dropout_day"].notna()
    assert left.any()
    row = int(left.idxmax()) + 2
    set_cell(saved / "patients.csv", row, "dropout_day", "1")
    with pytest.raises(InputError, match="after the patient dropped out"):
        Cohort.load(saved, allow_edits=True)


def test_damaged_files(folders: dict[str, Path], tmp_path: Path) -> None:
    def broken(name: str, change: Callable[[Path], object]) -> str:
        folder = shutil.copytree(folders["csv"], tmp_path / name)
        change(folder)
        with pytest.raises(InputError) as caught:
            Cohort.load(folder)
        return str(caught.value)

    def cut(folder: Path) -> None:
        lines = (folder / "visits.csv").read_text(encoding="utf-8").splitlines()[:50]
        lines[-1] = lines[-1].rsplit(",", 2)[0] + ",,"
        (folder / "visits.csv").write_text("\n".join(lines), encoding="utf-8")

    def drop_column(folder: Path) -> None:
        pd.read_csv(folder / "labs.csv", dtype=str).drop(columns="temperature_c").to_csv(
            folder / "labs.csv", index=False
        )

    assert "labs.csv is missing" in broken("a", lambda f: (f / "labs.csv").unlink())
    assert "visits.csv is empty" in broken("b", lambda f: (f / "visits.csv").write_text(""))
    assert "2 bad cells in visits.csv:\nrow 50, column" in broken("c", cut)
    assert "It lacks 'temperature_c'" in broken("d", drop_column)
    shorter = broken("e", lambda f: edit(f / "adverse_events.csv", lambda lines: lines.pop()))
    assert "adverse_events.csv was changed after saving" in shorter
    assert "cohort.json is damaged" in broken("f", lambda f: (f / "cohort.json").write_text("{"))
    assert "damaged: 1 key 'seed' missing" in broken(
        "g", lambda f: (f / "cohort.json").write_text('{"visits":[],"assumptions":{},"checksums":{}}')
    )
    assert "there is no cohort.json" in broken("h", lambda f: (f / "cohort.json").unlink())
    assert "visits.csv is UTF-16 text" in broken("i", lambda f: (f / "visits.csv").write_bytes(b"\xff\xfe\x00"))


def test_a_change_of_format_leaves_no_old_file(cohort: Cohort, saved: Path) -> None:
    cohort.save(saved, "xlsx")
    assert sorted(p.name for p in saved.iterdir()) == ["cohort.json", "cohort.xlsx"]
    cohort.save(saved, "parquet")
    assert len(list(saved.iterdir())) == 9
    assert Cohort.load(saved).visits.equals(cohort.visits)


def test_edited_and_damaged_parquet(folders: dict[str, Path], tmp_path: Path) -> None:
    def changed(name: str, table: str, change: Callable[[pd.DataFrame], pd.DataFrame], allow: bool = False) -> str:
        folder = shutil.copytree(folders["parquet"], tmp_path / name)
        path = folder / f"{table}.parquet"
        change(pd.read_parquet(path)).to_parquet(path, index=False)
        with pytest.raises(InputError) as caught:
            Cohort.load(folder, allow_edits=allow)
        return str(caught.value)

    assert "labs.parquet was changed after saving" in changed("a", "labs", lambda f: f.assign(c3_g_l=1.23))
    said = changed("b", "visits", lambda f: f.assign(pga=f["pga"] + 2), allow=True)
    assert "bad cells in visits.parquet:\nrow" in said
    assert "column 'pga'" in said
    assert "column 'sledai': 'x' is not allowed" in changed("c", "visits", lambda f: f.assign(sledai="x"))
    assert "row 1, column 'arm': 'IL2' is not allowed" in changed("d", "labs", lambda f: f.assign(arm="IL2"))
    assert "It lacks 'c3_g_l'" in changed("e", "labs", lambda f: f.drop(columns="c3_g_l"))
    folder = shutil.copytree(folders["parquet"], tmp_path / "f")
    whole = (folder / "doses.parquet").read_bytes()
    (folder / "doses.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"doses\.parquet is not a readable Parquet file"):
        Cohort.load(folder)
    table = pq.read_table(folder / "labs.parquet")
    pq.write_table(
        table.replace_schema_metadata({b"pandas": b'{"index_columns": [], "columns": [{}]}'}), folder / "doses.parquet"
    )
    with pytest.raises(InputError, match=r"doses\.parquet"):
        Cohort.load(folder)
    (folder / "doses.parquet").unlink()
    with pytest.raises(InputError, match=r"doses\.parquet is missing"):
        Cohort.load(folder)


def test_edited_and_damaged_excel(cohort: Cohort, folders: dict[str, Path], tmp_path: Path) -> None:
    from openpyxl import load_workbook

    def changed(name: str, change: Callable[[Workbook], None], allow: bool = False) -> str:
        folder = shutil.copytree(folders["xlsx"], tmp_path / name)
        book = load_workbook(folder / "cohort.xlsx")
        change(book)
        book.save(folder / "cohort.xlsx")
        with pytest.raises(InputError) as caught:
            Cohort.load(folder, allow_edits=allow)
        return str(caught.value)

    column = list(cohort.labs.columns).index("c3_g_l") + 1
    said = changed("a", lambda book: book["labs"].cell(6, column, 1.23))
    assert "sheet 'labs' was changed after saving" in said
    said = changed("b", lambda book: book["labs"].cell(6, column, "low"), allow=True)
    assert "in cohort.xlsx, sheet 'labs':\nrow 6, column 'c3_g_l': 'low' is not allowed" in said
    assert "unknown sheet 'labs'" in changed("c", lambda book: book.remove(book["labs"]))
    folder = shutil.copytree(folders["xlsx"], tmp_path / "d")
    (folder / "cohort.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(InputError, match=r"cohort\.xlsx is not a readable \.xlsx workbook"):
        Cohort.load(folder)
    (folder / "cohort.xlsx").unlink()
    with pytest.raises(InputError, match=r"cohort\.xlsx is missing"):
        Cohort.load(folder)


def test_the_workbook_says_that_it_is_invented(cohort: Cohort, folders: dict[str, Path]) -> None:
    path = folders["xlsx"] / "cohort.xlsx"
    assert "invented" in str(pd.read_excel(path, sheet_name="about", header=None).iloc[0, 0])
    shown = pd.read_excel(path, sheet_name="dictionary", keep_default_na=False)
    assert shown["origin"].tolist() == cohort.data_dictionary()["origin"].tolist()


def test_too_many_rows_for_excel(cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "EXCEL_ROWS", 100)
    with pytest.raises(InputError, match=r"an Excel sheet holds 99: save as 'csv' or 'parquet'"):
        cohort.save(tmp_path / "x", "xlsx")
    assert not (tmp_path / "x").exists()


def test_rescue_must_stay_on_record(tmp_path: Path) -> None:
    made = what_if(Assumptions(rescue_placebo=1.0, dropout_rate=0.0), n_per_arm=3, seed=1)
    row = int(made.visits.index[made.visits["rescue"] & (made.visits["week"] == 24)][0])
    for at, value, words in ((row, "False", "is not recorded any more"), (0, "True", "there is no rescue at entry")):
        folder = made.save(tmp_path / "cohort")
        set_cell(folder / "visits.csv", at + 2, "rescue", value)
        with pytest.raises(InputError, match=words):
            Cohort.load(folder, allow_edits=True)


def test_saving_refuses_what_it_must(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown format 'xls'"):
        cohort.save(tmp_path / "x", format="xls")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("precious")
    with pytest.raises(InputError, match="files that are not a cohort"):
        cohort.save(tmp_path / "thesis")
    with pytest.raises(InputError, match="is a file"):
        cohort.save(tmp_path / "thesis" / "chapter1.txt")
    cohort.save(tmp_path / "both")
    (tmp_path / "both" / "chapter1.txt").write_text("precious")
    with pytest.raises(InputError, match=r"not a cohort \('chapter1\.txt'\): give an empty or a new folder"):
        cohort.save(tmp_path / "both", "xlsx")
    assert (tmp_path / "both" / "chapter1.txt").read_text() == "precious"
    damaged = cohort.visits.assign(pga=cohort.visits["pga"] + 2)
    tables = cohort.tables | {"visits": damaged}
    with pytest.raises(InputError, match=r"in table 'visits':\nrow \d+, column 'pga'"):
        Cohort(**tables, assumptions=cohort.assumptions).save(tmp_path / "y")
    assert not (tmp_path / "y").exists()


def test_data_dictionary_documents_every_column(cohort: Cohort) -> None:
    dictionary = cohort.data_dictionary()
    always = dictionary.loc[~dictionary["meaning"].str.contains("only in a replica")]
    documented = list(always[["table", "column"]].itertuples(index=False, name=None))
    assert documented == [(name, column) for name, frame in cohort.tables.items() for column in frame.columns]
    assert dictionary["origin"].str.contains("invented|published").all()
    assert dictionary.query("column == 'treg_percent_cd4'")["origin"].item() == "invented"
    assert (dictionary["meaning"].str.len() > 0).all()
    assert (dictionary["allowed"].str.len() > 0).all()


def test_table1_counts_what_is_in_the_tables(cohort: Cohort) -> None:
    table = cohort.table1().set_index("characteristic")
    for arm in ("IL-2", "placebo"):
        people = cohort.patients[cohort.patients["arm"] == arm]
        entry = cohort.visits[(cohort.visits["arm"] == arm) & (cohort.visits["week"] == 0)]
        assert table.loc["Patients", arm] == str(len(people)) == "6"
        assert table.loc["Female", arm].split(" ")[0] == str((people["sex"] == "female").sum())
        assert table.loc["Age (years)", arm] == f"{people['age_years'].mean():.2f}±{people['age_years'].std():.2f}"
        low, high = entry["sledai"].min(), entry["sledai"].max()
        assert table.loc["SLEDAI", arm] == f"{entry['sledai'].median():g} ({low}–{high})"


def test_the_page_says_that_patients_are_invented(cohort: Cohort) -> None:
    page = cohort._repr_html_()
    assert "These patients are invented" in page
    assert "SLEDAI" in page
    assert "seed 8" in page
    assert "invented" in repr(cohort)
