"""Cohorts on disk and on the page: saving, loading, finding damage, and showing what is invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from lupus_kit._errors import InputError
from lupus_kit.cohort import Assumptions, Cohort, _storage, what_if


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return what_if(Assumptions(dropout_rate=0.3, item_share={"rash": 0.4}), n_per_arm=6, seed=8)


@pytest.fixture
def saved(cohort: Cohort, tmp_path: Path) -> Path:
    return cohort.save(tmp_path / "cohort")


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


def test_round_trip_keeps_everything(cohort: Cohort, saved: Path) -> None:
    again = Cohort.load(saved)
    for name, frame in cohort.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
    assert again.assumptions == cohort.assumptions
    assert again.seed == cohort.seed
    assert "invented" in json.loads((saved / "cohort.json").read_text(encoding="utf-8"))["notice"]


def test_a_cohort_without_events_or_extra_visits_round_trips(tmp_path: Path) -> None:
    calm = Assumptions(
        event_share_il2=dict.fromkeys(Assumptions().event_share_il2, 0.0),
        event_share_placebo=dict.fromkeys(Assumptions().event_share_placebo, 0.0),
        extra_weeks=(),
    )
    made = what_if(calm, n_per_arm=1, seed=1)
    assert made.adverse_events.empty
    again = Cohort.load(made.save(tmp_path / "calm"))
    for name, frame in made.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])


def test_saving_again_replaces_and_leaves_nothing_behind(cohort: Cohort, saved: Path) -> None:
    other = what_if(n_per_arm=3, seed=2)
    other.save(saved)
    assert len(Cohort.load(saved).patients) == 6
    assert [p.name for p in saved.parent.iterdir()] == ["cohort"]


@pytest.mark.parametrize("moment", ["_write", "_swap"])
def test_an_interrupted_save_leaves_the_old_one_whole(
    moment: str, cohort: Cohort, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_storage, moment, interrupted)
    with pytest.raises(KeyboardInterrupt):
        what_if(n_per_arm=3, seed=2).save(saved)
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
        ("visits.csv", 3, "pga", "7", r"visits\.csv, row 3, column 'pga': .*7.* is not allowed \(number from 0 to 3\)"),
        ("visits.csv", 2, "sledai", "many", r"visits\.csv, row 2, column 'sledai': 'many'"),
        ("visits.csv", 2, "sledai", "8.5", r"visits\.csv, row 2, column 'sledai': '8\.5'"),
        ("bilag.csv", 4, "bilag_renal", "X", r"bilag\.csv, row 4, column 'bilag_renal': 'X'.*A, B, C, D, E"),
        ("patients.csv", 2, "nephritis", "maybe", r"patients\.csv, row 2, column 'nephritis': 'maybe'"),
        ("patients.csv", 2, "age_years", "", r"patients\.csv, row 2, column 'age_years': ''"),
        ("visits.csv", 5, "visit", "week 99", r"visits\.csv, row 5, column 'visit': 'week 99'"),
        ("labs.csv", 6, "c3_g_l", "1.23", r"labs\.csv was edited after saving: row 6, column\(s\) 'c3_g_l'"),
        ("doses.csv", 3, "injection", "1", r"doses\.csv, row \d, column '(patient|injection)'.* twice"),
    ],
)
def test_an_edited_cell_is_named(saved: Path, file: str, row: int, column: str, value: str, message: str) -> None:
    set_cell(saved / file, row, column, value)
    with pytest.raises(InputError, match=message):
        Cohort.load(saved)


def test_a_meant_edit_can_be_allowed_but_must_still_agree(saved: Path) -> None:
    set_cell(saved / "labs.csv", 6, "c3_g_l", "1.23")
    assert Cohort.load(saved, allow_edits=True).labs.loc[4, "c3_g_l"] == 1.23
    was = (saved / "sledai.csv").read_text(encoding="utf-8").splitlines()
    flipped = "False" if was[2].split(",")[was[0].split(",").index("fever")] == "True" else "True"
    set_cell(saved / "sledai.csv", 3, "fever", flipped)
    with pytest.raises(InputError, match=r"visits\.csv, row 3, column 'sledai': not the sum of the items"):
        Cohort.load(saved, allow_edits=True)


def test_tables_must_agree(saved: Path) -> None:
    lines = (saved / "doses.csv").read_text(encoding="utf-8").splitlines()
    wrong = "placebo" if ",IL-2," in lines[1] else "IL-2"
    set_cell(saved / "doses.csv", 2, "arm", wrong)
    with pytest.raises(InputError, match=r"doses\.csv, row 2, column 'arm': not the arm of this patient"):
        Cohort.load(saved, allow_edits=True)
    set_cell(saved / "doses.csv", 2, "patient", "P999")
    with pytest.raises(InputError, match=r"doses\.csv, row 2, column 'patient': this patient is not"):
        Cohort.load(saved, allow_edits=True)


def test_rows_after_dropout_are_refused(cohort: Cohort, saved: Path) -> None:
    left = cohort.patients["dropout_day"].notna()
    assert left.any()
    row = int(left.idxmax()) + 2
    set_cell(saved / "patients.csv", row, "dropout_day", "1")
    with pytest.raises(InputError, match="after the patient dropped out"):
        Cohort.load(saved, allow_edits=True)


def test_damaged_files(cohort: Cohort, tmp_path: Path) -> None:
    def broken(name: str, change: Callable[[Path], object]) -> str:
        folder = cohort.save(tmp_path / name)
        change(folder)
        with pytest.raises(InputError) as caught:
            Cohort.load(folder)
        return str(caught.value)

    def cut(folder: Path) -> None:
        text = (folder / "visits.csv").read_text(encoding="utf-8")
        (folder / "visits.csv").write_text(text[: len(text) // 2].rstrip("\n,") + ",", encoding="utf-8")

    def drop_column(folder: Path) -> None:
        edit(
            folder / "labs.csv",
            lambda lines: lines.__setitem__(slice(None), [line.rsplit(",", 1)[0] for line in lines]),
        )

    assert "labs.csv is missing" in broken("a", lambda f: (f / "labs.csv").unlink())
    assert "visits.csv is empty" in broken("b", lambda f: (f / "visits.csv").write_text(""))
    assert "visits.csv, row" in broken("c", cut)
    assert "It lacks 'temperature_c'" in broken("d", drop_column)
    assert "rows of data" in broken("e", lambda f: edit(f / "adverse_events.csv", lambda lines: lines.pop()))
    assert "cohort.json is damaged" in broken("f", lambda f: (f / "cohort.json").write_text("{"))
    assert "key(s) 'seed'" in broken(
        "g", lambda f: (f / "cohort.json").write_text('{"visits":[],"assumptions":{},"checksums":{}}')
    )
    assert "there is no cohort.json" in broken("h", lambda f: (f / "cohort.json").unlink())
    assert "cannot be read" in broken("i", lambda f: (f / "visits.csv").write_bytes(b"\xff\xfe\x00"))


def test_saving_refuses_what_it_must(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown format 'xls'"):
        cohort.save(tmp_path / "x", format="xls")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("precious")
    with pytest.raises(InputError, match="files that are not a cohort"):
        cohort.save(tmp_path / "thesis")
    with pytest.raises(InputError, match="is a file"):
        cohort.save(tmp_path / "thesis" / "chapter1.txt")
    damaged = cohort.visits.assign(pga=cohort.visits["pga"] + 2)
    tables = cohort.tables | {"visits": damaged}
    with pytest.raises(InputError, match=r"table 'visits', row \d+, column 'pga'"):
        Cohort(**tables, assumptions=cohort.assumptions).save(tmp_path / "y")
    assert not (tmp_path / "y").exists()


def test_data_dictionary_documents_every_column(cohort: Cohort) -> None:
    dictionary = cohort.data_dictionary()
    documented = list(dictionary[["table", "column"]].itertuples(index=False, name=None))
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
