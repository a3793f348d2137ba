"""A visit file: forgiving names, strict cells, every problem at once; and its verdicts, worked out by hand."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lupus_kit import endpoints
from lupus_kit.core.columns import fold
from lupus_kit.core.errors import InputError
from lupus_kit.core.tables import write_table
from lupus_kit.endpoints import example_visit_file, read_visit_file, score_visits, visit_template
from lupus_kit.endpoints.visits import file_columns as names

ROOT = Path(__file__).resolve().parents[2]
IDS = list(endpoints.SLEDAI_ITEMS["id"])
GRADES = [f"bilag_{s}" for s in endpoints.BILAG_SYSTEMS]

# Worked out by hand from the findings in tests/references/make_example_visits.py. Baseline of "ill" is arthritis 4, rash 2,
# low complement 2, anti-dsDNA 2 = 10; "quiet" is 4.
BY_HAND = {
    ("E01", 12): True,  # 10 -> 4, skin and joints B -> C, PGA -0.70
    ("E01", 24): True,
    ("E02", 12): True,  # 10 -> 6: a fall of exactly 4
    ("E02", 24): False,  # 10 -> 7: a fall of 3
    ("E03", 12): False,  # PGA 1.10 -> 1.40: +0.30 fails
    ("E03", 24): True,  # PGA 1.10 -> 1.39: +0.29 passes; joints A -> C
    ("E04", 12): False,  # joints B -> A is a new A
    ("E04", 24): True,  # joints B -> B
    ("E05", 12): True,  # one new B is allowed
    ("E05", 24): False,  # two new B
    ("E06", 12): True,  # 18 -> 0
    ("E06", 24): False,  # no visit: counted as non-response
    ("E07", 12): False,  # 10 -> 10
    ("E07", 24): False,  # 10 -> 4, but rescue
    ("E08", 12): False,  # baseline of 3 cannot fall by 4
    ("E08", 24): False,
    ("E09", 12): False,  # 10 -> 4, PGA missing: open, counted as non-response
    ("E09", 24): False,  # 10 -> 10 fails whatever PGA is
    ("E10", 12): False,  # no visit
    ("E10", 24): False,  # 10 -> 4, one grade missing: open
    ("E11", 12): True,  # 18 -> 12, kidney A -> B is an improvement, PGA +0.10
    ("E11", 24): False,  # 18 -> 20
    ("E12", 12): False,  # 10 -> 18, new A, rescue
    ("E12", 24): False,  # 10 -> 4, but rescue at week 12
}
#: Rows whose answer is open: missing data decide nothing.
OPEN = {("E06", 24), ("E09", 12), ("E10", 12), ("E10", 24)}


def _example() -> pd.DataFrame:
    return pd.read_csv(example_visit_file(), comment="#", dtype=object, keep_default_na=False)


#: Enough columns for what is about keys, names or single cells: all 50 take three times as long.
FEW = ["patient", "visit", "week", "arm", "pga", "prednisone_mg_day", "rescue", "rash", "bilag_renal"]


def _few() -> pd.DataFrame:
    return _example()[FEW]


@cache
def _visits() -> pd.DataFrame:
    return read_visit_file(example_visit_file()).visits


def assert_same_visits(path: Path) -> None:
    """Read the visits of the example, in whatever order; test_verdicts_by_hand holds what they score."""
    found = read_visit_file(path).visits
    assert {*found} in ({*FEW}, {*_visits()})
    mine, expected = (t.sort_values(["patient", "week"]).reset_index(drop=True)[[*found]] for t in (found, _visits()))
    pd.testing.assert_frame_equal(mine, expected, check_dtype=False)


def _write(folder: Path, table: pd.DataFrame, name: str = "visits.csv", **options: object) -> Path:
    path = folder / name
    if name.endswith(".csv"):
        table.to_csv(path, index=False, **options)
    elif name.endswith(".xlsx"):
        table.to_excel(path, index=False)
    else:
        table.to_parquet(path, index=False)
    return path


def _verdicts(path: Path, **options: object) -> dict[tuple[str, int], object]:
    scored = score_visits(read_visit_file(path).visits, **options)  # type: ignore[arg-type]
    table = scored.to_frame()
    return dict(zip(zip(table["patient"], table["week"].astype(int), strict=True), table[scored.verdict], strict=True))


# --- the example --------------------------------------------------------------------------------------------------


def test_the_example_is_what_its_script_writes():
    spec = importlib.util.spec_from_file_location("make", ROOT / "tests/references/make_example_visits.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    assert example_visit_file().read_text(encoding="utf-8") == make.HEAD + "\n".join(make.rows()) + "\n"
    assert "INVENTED" in example_visit_file().read_text(encoding="utf-8").splitlines()[0]


def test_verdicts_by_hand():
    assert _verdicts(example_visit_file()) == BY_HAND


def test_open_answers_stay_open_as_observed():
    found = _verdicts(example_visit_file(), missing="observed")
    assert {key for key, verdict in found.items() if verdict is pd.NA} == OPEN
    assert {key: v for key, v in found.items() if key not in OPEN} == {
        k: v for k, v in BY_HAND.items() if k not in OPEN
    }


def test_counts_by_visit_and_arm():
    # Drug: E01 to E05 without E03, E04 at week 12, plus E06; E01, E03, E04 at week 24. Placebo: E11; nobody, because
    # E12 had rescue at week 12.
    table = score_visits(_visits()).responders()
    counted = {(row.visit, row.arm): (row.responders, row.assessed, row.open) for row in table.itertuples()}
    assert counted == {
        ("week 12", "drug"): (4, 6, 0),
        ("week 12", "placebo"): (1, 6, 0),
        ("week 24", "drug"): (3, 6, 0),
        ("week 24", "placebo"): (0, 6, 0),
    }


@pytest.mark.parametrize("endpoint", [name for name in endpoints.ENDPOINTS if name != "all"])
def test_every_endpoint_gives_a_reason_for_every_row(endpoint):
    visits = _visits()
    if endpoint.startswith("renal"):
        visits = visits.assign(upcr_g_g=0.4, creatinine_mg_dl=1.0, creatinine_mg_dl_preflare=1.0)
    if endpoint.endswith("flare"):
        visits = visits.assign(weight_kg=60)
    scored = score_visits(visits, endpoint)
    assert len(scored.verdicts)
    assert scored.verdicts["reason"].str.len().gt(10).all()
    assert "teaching and research" in scored._repr_html_()


# --- layouts, file types, order -----------------------------------------------------------------------------------


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    fields = [c for c in table if c not in ("patient", "visit", "week", "arm")]
    wide = table.pivot(index="patient", columns="week", values=fields)
    wide.columns = [f"{field} week{week}" if week != "0" else f"{field}_BL" for field, week in wide.columns]
    arms = table.drop_duplicates("patient").set_index("patient")["arm"]
    return wide.assign(arm=arms).reset_index().fillna("")


def test_the_wide_layout_gives_the_same_verdicts(tmp_path):
    path = _write(tmp_path, _wide(_example()))
    assert read_visit_file(path).layout == "wide"
    assert_same_visits(path)


@pytest.mark.parametrize("name", ["v.csv", "v.xlsx", "v.parquet"])
def test_every_file_type_gives_the_same_visits(tmp_path, name):
    path = _write(tmp_path, _example(), name)
    assert_same_visits(path)


def test_a_workbook_with_numbers_gives_the_same_visits(tmp_path):
    table = _example().apply(lambda column: pd.to_numeric(column, errors="coerce").where(lambda n: n.notna(), column))
    assert_same_visits(_write(tmp_path, table, "v.xlsx"))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_and_a_byte_order_mark(tmp_path, separator):
    path = _write(tmp_path, _few(), sep=separator, encoding="utf-8-sig")
    assert_same_visits(path)


def test_the_order_of_rows_and_columns_does_not_matter(tmp_path):
    table = _few()
    shuffled = table.sample(frac=1, random_state=1).sample(frac=1, axis=1, random_state=2)
    assert_same_visits(_write(tmp_path, shuffled))


def test_the_week_comes_from_the_visit_and_the_other_way_round(tmp_path):
    table = _few()
    assert_same_visits(_write(tmp_path, table.drop(columns="week")))
    by_week = read_visit_file(_write(tmp_path, table.drop(columns="visit"))).visits
    assert set(by_week["visit"]) == {"baseline", "week 12", "week 24"}


@pytest.mark.parametrize("names", [("W0", "W12", "W24"), ("BL", " 12 ", "24"), ("0 weeks", "12 weeks", "week 24")])
def test_weeks_with_words_around_them_are_read_as_the_names_of_visits(tmp_path, names):
    weeks = dict(zip(("0", "12", "24"), names, strict=True))
    table = _example().drop(columns="visit").assign(week=lambda table: table["week"].map(weeks))
    path = _write(tmp_path, table)
    assert _verdicts(path) == BY_HAND
    assert any(note.startswith("The column of weeks holds words") for note in read_visit_file(path).notes)
    table.loc[1, "week"] = "W12/24"
    with pytest.raises(InputError, match=r"row 3, column 'week': 'W12/24' is not allowed"):
        read_visit_file(_write(tmp_path, table))


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["Patient ID", "SUBJECT", "usubjid", "Pt", "subject-id", "participant"],
)
def test_names_of_the_patient(tmp_path, written):
    assert_same_visits(_write(tmp_path, _few().rename(columns={"patient": written})))


def test_a_file_with_other_names_throughout(tmp_path):
    other = {
        "patient": "USUBJID", "visit": "Visit Name", "week": "Study week", "arm": "Treatment arm", "pga": "PhGA",
        "bilag_renal": "BILAG renal grade", "bilag_mucocutaneous": "Bilag: muco", "bilag_haematological": "Hematological",
        "haematuria": "Hematuria", "cva": "Stroke", "mucosal_ulcer": "Oral ulcers", "dna_binding": "Anti-dsDNA positive",
        "rescue": "Rescue medication", "prednisone_mg_day": "Prednisolone (mg/day)",
    }  # fmt: skip
    read = read_visit_file(_write(tmp_path, _example().rename(columns=other)))
    assert read.ignored == ()
    assert set(other) <= set(read.visits.columns)
    scored = score_visits(read.visits).to_frame()
    assert scored["responder"].tolist() == [*BY_HAND.values()]


def test_every_name_and_synonym_belongs_to_one_column():
    for column in names.COLUMNS:
        for written in (column.name, *column.synonyms):
            for spelling in (written, written.upper(), f" {written.replace('_', ' ').title()} "):
                assert names.BY_FOLDED[fold(spelling)] is column, (spelling, column.name)


def test_the_template_reads_once_it_is_filled(tmp_path):
    for layout in ("long", "wide"):
        table = visit_template(layout)
        assert not len(table)
        row = dict.fromkeys(table.columns, "0") | dict.fromkeys([c for c in table if "bilag" in c], "E")
        rows = [row | {"patient": "A", "arm": "x"}] if layout == "wide" else [
            row | {"patient": "A", "arm": "x", "visit": v, "week": w} for v, w in (("baseline", "0"), ("week 12", "12"))
        ]  # fmt: skip
        read = read_visit_file(_write(tmp_path, pd.concat([table, pd.DataFrame(rows)]), f"{layout}.csv"))
        assert (read.layout, read.ignored) == (layout, ())
        assert not score_visits(read.visits).to_frame()["responder"].any()
    assert pd.read_excel(io.BytesIO(write_table(visit_template(), ".xlsx"))).columns.tolist() == list(visit_template())


@pytest.mark.parametrize(
    ("rename", "words"),
    [
        ({"pga": "pgaa"}, "'pgaa' would be ignored; did you mean 'pga'"),
        ({"bilag_renal": "bilag_rennal"}, "did you mean 'bilag_renal'"),
        ({"rescue": "rescu"}, "did you mean 'rescue'"),
        ({"rescue": "date of rescue"}, "'date of rescue' would be ignored; did you mean 'rescue'"),
        ({"prednisone_mg_day": "Withdrawal reason"}, "'Withdrawal reason' would be ignored; did you mean 'withdrawn'"),
        ({"patient": "who is it"}, "there is no column 'patient'"),
        ({"rescue": "PGA score"}, "both mean 'pga': keep one"),
        ({"rescue": "pga_week12"}, "'pga_week12': a visit in the name belongs to the wide layout"),
    ],
)
def test_names_that_would_mislead_are_refused(tmp_path, rename, words):
    with pytest.raises(InputError, match="nothing was scored") as caught:
        read_visit_file(_write(tmp_path, _few().rename(columns=rename)))
    assert words in str(caught.value)


def test_all_problems_with_names_are_told_at_once(tmp_path):
    table = _few().rename(columns={"patient": "who is it", "pga": "pgaa", "rescue": "rescu"})
    with pytest.raises(InputError) as caught:
        read_visit_file(_write(tmp_path, table))
    assert "3 problems in the column names" in str(caught.value)


def test_unknown_columns_are_ignored_and_named(tmp_path):
    read = read_visit_file(_write(tmp_path, _few().assign(comment="fine", site=3)))
    assert read.ignored == ("comment", "site")
    assert read_visit_file(_write(tmp_path, _example().assign(rescue_date="3 May"))).ignored == ("rescue_date",)


# --- cells --------------------------------------------------------------------------------------------------------


def test_every_bad_cell_is_listed_with_its_row_in_the_file(tmp_path):
    table = _few()
    table.loc[0, ["pga", "bilag_renal", "rash"]] = ["2,5", "f", "perhaps"]
    table.loc[3, ["pga", "week", "bilag_renal"]] = ["3.5", "twelve", "A/B"]
    table.loc[5, "prednisone_mg_day"] = "-5"
    with pytest.raises(InputError) as caught:
        read_visit_file(_write(tmp_path, table))
    said = str(caught.value)
    assert said.startswith("7 bad cells in visits.csv; nothing was scored")
    for row, column, value, allowed in (
        (2, "pga", "2,5", "a number from 0 to 3, or empty; write the decimal mark as a point"),
        (2, "bilag_renal", "f", "one of A, B, C, D, E, or empty"),
        (2, "rash", "perhaps", "yes or no (1/0, y/n, true/false, present/absent), or empty"),
        (5, "pga", "3.5", "a number from 0 to 3, or empty"),
        (5, "week", "twelve", "a number from -520 to 10000 weeks, or empty"),
        (5, "bilag_renal", "A/B", "one of A, B, C, D, E, or empty"),
        (7, "prednisone_mg_day", "-5", "a number from 0 to 5000 mg/day, or empty"),
    ):
        assert f"row {row}, column {column!r}: {value!r} is not allowed ({allowed})" in said


def test_twenty_bad_cells_of_a_kind_are_listed_and_the_rest_is_counted_by_column(tmp_path):
    table = pd.concat([_few()] * 7, ignore_index=True)
    table["patient"] = [f"{p}-{k // 34}" for k, p in enumerate(table["patient"])]
    table["pga"] = "high"
    table.loc[200, "rash"] = "perhaps"
    with pytest.raises(InputError) as caught:
        read_visit_file(_write(tmp_path, table))
    said = str(caught.value)
    assert said.startswith("239 bad cells in visits.csv")
    assert said.count("'high' is not allowed") == 20
    assert "row 202, column 'rash': 'perhaps' is not allowed" in said
    assert said.endswith("\n... and 218 more in 'pga' (a number from 0 to 3, or empty)")


def test_rows_are_numbered_as_in_the_file_below_comments(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("# one\n\n# two\npatient,week,sledai\nA,0,x\n\nA,12,4\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 5, column 'sledai': 'x' is not allowed"):
        read_visit_file(path)


@pytest.mark.parametrize("cell", ["", "NA", "ND", ".", "  ", "n/a", "NaN"])
def test_cells_that_mean_not_recorded(tmp_path, cell):
    table = _few()
    table.loc[1, "pga"] = cell
    assert np.isnan(read_visit_file(_write(tmp_path, table)).visits.loc[3, "pga"])


def test_doubled_visits_two_arms_and_missing_keys_are_listed_together(tmp_path):
    table = _few()
    table.loc[1, "week"], table.loc[1, "visit"] = "0", "baseline"
    table.loc[4, "arm"] = "placebo"
    table.loc[7, "patient"] = ""
    with pytest.raises(InputError) as caught:
        read_visit_file(_write(tmp_path, table))
    said = str(caught.value)
    assert "row 3, column 'week': '0' is not allowed (the patient has an earlier row for the same week" in said
    assert "row 6, column 'arm': 'placebo' is not allowed (the patient has another arm in an earlier row" in said
    assert "row 9, column 'patient': an empty cell is not allowed (every row needs a patient)" in said


def test_a_file_without_baseline_says_so(tmp_path):
    table = _example()
    with pytest.raises(InputError, match="no row has week 0"):
        read_visit_file(_write(tmp_path, table[table["week"] != "0"]))
    alone = read_visit_file(_write(tmp_path, table[table["week"] == "0"])).visits
    with pytest.raises(InputError, match="the table needs week 0 and at least one later week"):
        score_visits(alone)


def test_a_visit_name_that_says_no_week_is_refused(tmp_path):
    table = _few().drop(columns="week")
    table.loc[1, "visit"] = "follow-up"
    with pytest.raises(
        InputError, match=r"row 3, column 'visit': 'follow-up' is not allowed \(a name that says the week"
    ):
        read_visit_file(_write(tmp_path, table))


def test_a_date_in_a_workbook_is_a_bad_cell(tmp_path):
    table = _few()
    table["pga"] = table["pga"].astype(object)
    table.loc[0, "pga"] = pd.Timestamp("2020-02-01")  # what a spreadsheet makes of 1/2
    with pytest.raises(InputError, match=r"row 2, column 'pga'.*it is a date"):
        read_visit_file(_write(tmp_path, table, "v.xlsx"))


# --- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("v.csv", b"", "is empty"),
        ("v.csv", b"# only a comment\n", "is empty"),
        ("v.csv", b"patient,week,sledai\n", "holds no row"),
        ("v.csv", b"patient,week\nA,\x81", "line 2: not UTF-8"),
        ("v.csv", b"\xff\xfe\x00", "UTF-16 text, but damaged"),
        ("v.csv", b"\x00\x01\x02binary", "not a text file"),
        ("v.csv", b"patient,week,sledai\nA,0\nB,0,4,5\n", "row 2: 2 and row 3: 4"),
        ("v.csv", b"patient,week,week\nA,0,0\n", "more than once: 'week'"),
        ("v.csv", b"patient,week,\nA,0,7\n", "column 3 has cells but no name"),
        ("v.xlsx", b"not a workbook", "not a readable .xlsx workbook"),
        ("v.parquet", b"not parquet", "not a readable Parquet file"),
        ("v.doc", b"x", "tables are read from .csv"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        read_visit_file(path)


def test_a_folder_and_nothing_at_all(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        read_visit_file(tmp_path)
    with pytest.raises(InputError, match="there is no file"):
        read_visit_file(tmp_path / "none.csv")


def test_a_sheet_is_chosen_and_said(tmp_path):
    path = tmp_path / "v.xlsx"
    with pd.ExcelWriter(path) as book:
        _few().to_excel(book, sheet_name="data", index=False)
        pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="notes", index=False)
    assert read_visit_file(path).notes == ("read sheet 'data'; not 'notes'",)
    assert read_visit_file(path, sheet="data").notes == ()
    with pytest.raises(InputError, match="unknown sheet 'dta': did you mean 'data'"):
        read_visit_file(path, sheet="dta")


# --- scoring what is there ----------------------------------------------------------------------------------------


def test_totals_are_enough_for_the_sri(tmp_path):
    table = _example()
    weights = endpoints.SLEDAI_ITEMS.set_index("id")["weight"]
    table["SELENA-SLEDAI"] = (table[IDS].astype(int) * weights[IDS].to_numpy()).sum(axis=1)
    assert _verdicts(_write(tmp_path, table.drop(columns=IDS))) == BY_HAND


def test_a_total_that_differs_from_its_descriptors_is_listed(tmp_path):
    table = _example().assign(sledai="10")
    read = read_visit_file(_write(tmp_path, table))
    with pytest.raises(InputError, match=r"row 3, column 'sledai': 10.0 is not allowed \(its descriptors add up to 4"):
        score_visits(read.visits)


def test_raw_findings_decide_descriptors(tmp_path):
    table = _example().drop(columns=["fever", "thrombocytopenia"])
    table["temperature"], table["platelets"] = "38.0", "100"
    scored = score_visits(read_visit_file(_write(tmp_path, table)).visits)
    assert "decided from raw findings" in " ".join(scored.notes)
    # Nobody has fever at 38.0 or low platelets at 100: only E02 (a point for fever at week 24) and E08 change.
    changed = BY_HAND | {("E02", 24): True}
    found = scored.to_frame().set_index(["patient", "week"])["responder"].to_dict()
    assert found == changed
    both = score_visits(read_visit_file(_write(tmp_path, _example().assign(temperature="38.0"))).visits)
    said = "A descriptor was recorded otherwise than the raw findings say, which count (2): E02 and E08."
    assert said in both.notes
    assert said not in scored.notes


def test_grades_are_made_from_items(tmp_path):
    table = _example().drop(columns=GRADES)
    table["skin_eruption_mild" if "skin_eruption_mild" in set(endpoints.BILAG_ITEMS["id"]) else "bilag 6"] = "0"
    scored = score_visits(read_visit_file(_write(tmp_path, table)).visits)
    assert "official scoring sheet" in " ".join(scored.notes)
    assert set(scored.to_frame()["new_a"].dropna()) == {0}


def test_a_bilag_item_that_shares_its_name_with_a_finding_has_its_own():
    shared = [c.name for c in names.COLUMNS if c.name.startswith("bilag_item_")]
    assert shared == ["bilag_item_pleural_effusion"]


@pytest.mark.parametrize(
    ("drop", "options", "words"),
    [
        (["rash", "fever"], {}, "of the 24 SLEDAI descriptors these have no column: rash, fever"),
        (["bilag_renal"], {}, "of the nine BILAG grades these have no column: bilag_renal"),
        (GRADES, {}, "Without BILAG there is the endpoint 'modified-sri'"),
        (IDS, {"endpoint": "doris"}, "needs the 24 SLEDAI descriptors"),
        (IDS, {}, "lacks 1 column"),
        ([], {"endpoint": "sri4"}, "unknown endpoint 'sri4'"),
        ([], {"points": 3}, "points is 3"),
        ([], {"missing": "nri"}, "unknown way to handle missing data"),
    ],
)
def test_what_an_endpoint_lacks(drop, options, words):
    with pytest.raises(InputError, match=words):
        score_visits(_visits().drop(columns=drop), **options)


def test_without_bilag_there_is_the_modified_sri(tmp_path):
    read = read_visit_file(_write(tmp_path, _example().drop(columns=GRADES)))
    found = score_visits(read.visits, "modified-sri").to_frame().set_index(["patient", "week"])["responder"]
    # Without BILAG, E04 at week 12, E05 and E10 at week 24 respond as well.
    assert found.to_dict() == BY_HAND | dict.fromkeys([("E04", 12), ("E05", 24), ("E10", 24)], True)


def test_pga_on_another_scale_is_converted_and_never_guessed(tmp_path):
    table = _example()
    table["pga"] = [f"{100 * float(p) / 3:.6f}" if p else "" for p in table["pga"]]
    path = _write(tmp_path, table)
    with pytest.raises(InputError, match=r"a number from 0 to 3 \(the scale 0-3: pga_scale, --pga-scale\)"):
        read_visit_file(path)
    visits = read_visit_file(path, pga_scale="0-100").visits
    scored = score_visits(visits, pga_scale="0-100").to_frame()
    assert scored.set_index(["patient", "week"])["responder"].to_dict() == BY_HAND


def test_definitions_side_by_side_from_a_file():
    found = endpoints.compare_definitions(_visits())
    assert list(found.not_computed["definition"]) == ["SRI-50"]
    verdicts = found.verdicts.set_index(["patient", "week"])["SRI-4"]
    assert verdicts.to_dict() == BY_HAND


# --- what must not go unseen --------------------------------------------------------------------------------------


def test_an_open_quotation_mark_does_not_swallow_patients(tmp_path):
    path = _write(tmp_path, _few().assign(comment="fine"))
    lines = path.read_text().splitlines()
    lines[12] = lines[12].removesuffix("fine") + '"fine'  # row 13 of the sheet: the quote runs to the end of the file
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"row 13: .*a quotation mark that is not closed"):
        read_visit_file(path)


def test_a_cell_with_line_breaks_is_one_row(tmp_path):
    table = _few().assign(comment="a\nb\u2028c")
    table.loc[2, "pga"] = "high"
    with pytest.raises(InputError, match="row 4, column 'pga': 'high'"):
        read_visit_file(_write(tmp_path, table))


def test_long_identifiers_keep_every_digit(tmp_path):
    table = _example()
    table["patient"] = table["patient"].str[1:].astype(float) + 123_456_780
    found = _verdicts(_write(tmp_path, table, "v.parquet"))
    assert found == {(f"{123_456_780 + int(who[1:])}", week): v for (who, week), v in BY_HAND.items()}


def test_a_named_index_of_parquet_is_a_column(tmp_path):
    _few().set_index("patient").to_parquet(tmp_path / "v.parquet")
    assert_same_visits(tmp_path / "v.parquet")


def test_the_visits_of_the_kit_can_be_read_again(tmp_path):
    visits = _visits()
    for name in ("v.csv", "v.xlsx", "v.parquet"):
        assert_same_visits(_write(tmp_path, visits, name))


def test_a_formula_without_a_result_is_not_an_empty_cell(tmp_path):
    from openpyxl import load_workbook

    path = _write(tmp_path, _few(), "v.xlsx")
    book = load_workbook(path)
    column = [cell.value for cell in book.active[1]].index("pga") + 1
    book.active.cell(3, column).value = "=0.4+0.4"  # openpyxl stores no result
    book.save(path)
    with pytest.raises(InputError, match=rf"1 formula without a stored result.*\nrow 3, column {column}: =0.4"):
        read_visit_file(path)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"])
def test_a_workbook_with_a_damaged_part(tmp_path, part):
    path = _write(tmp_path, _few(), "v.xlsx")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {part: b"<broken"}).items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=r"not a readable \.xlsx workbook"):
        read_visit_file(path)


@pytest.mark.parametrize(("column", "cell"), [("pga", [1.0]), ("pga", b"1"), ("patient", np.inf)])
def test_cells_that_are_no_cells_of_a_sheet_are_listed(tmp_path, column, cell):
    table = _few()
    table[column] = [cell] * len(table)
    with pytest.raises(InputError, match="34 bad cells"):
        read_visit_file(_write(tmp_path, table, "v.parquet"))


def test_a_visit_that_contradicts_its_week_is_listed_and_nothing_else(tmp_path):
    table = _few()
    table.loc[1, "visit"] = "week 24"
    with pytest.raises(InputError) as caught:
        read_visit_file(_write(tmp_path, table))
    assert str(caught.value).startswith("1 bad cell")
    assert "row 3, column 'visit': 'week 24' is not allowed (the week of this row is 12)" in str(caught.value)


def test_a_week_with_two_names_is_listed(tmp_path):
    table = _few()
    table["visit"] = table["visit"].replace({"week 12": "visit B"})
    assert set(read_visit_file(_write(tmp_path, table)).visits["visit"]) == {"baseline", "visit B", "week 24"}
    table.loc[4, "visit"] = "visit C"
    with pytest.raises(
        InputError, match=r"row 6, column 'visit': 'visit C' is not allowed \(one week has different visit names"
    ):
        read_visit_file(_write(tmp_path, table))


def test_visits_are_spelt_in_one_way_and_filled_row_by_row(tmp_path):
    table = _few()
    table.loc[0, "visit"], table.loc[1, "visit"], table.loc[4, "visit"] = "BL", "Wk12", ""
    table.loc[2, "week"] = ""
    assert_same_visits(_write(tmp_path, table))


@pytest.mark.parametrize(("column", "other"), [("arm", "Drug"), ("patient", "e01")])
def test_a_key_spelt_in_two_ways_is_listed(tmp_path, column, other):
    table = _few()
    table.loc[1, column] = other
    with pytest.raises(
        InputError, match=f"row 3, column '{column}': '{other}' is not allowed .elsewhere it is written"
    ):
        read_visit_file(_write(tmp_path, table))


@pytest.mark.parametrize("other", ["IL\u20112", "IL 2", "IL\u22122", "\uff29\uff2c-2", "il_2"])
def test_an_arm_with_another_hyphen_is_no_third_arm(tmp_path, other):
    table = _few()
    first, second, *_ = table["patient"].unique()
    table["arm"] = table["patient"].map({first: "IL-2", second: other}).fillna("placebo")
    with pytest.raises(InputError, match=f"column 'arm': '{other}' is not allowed .elsewhere it is written"):
        read_visit_file(_write(tmp_path, table))


@pytest.mark.parametrize("other", ["01.0", "1", "001"])
def test_a_number_of_a_patient_with_other_zeros_is_listed(tmp_path, other):
    table = _few()
    table["patient"] = table["patient"].str.removeprefix("E")
    table.loc[1, "patient"] = other
    with pytest.raises(InputError, match=f"row 3, column 'patient': '{other}' is not allowed .elsewhere it is written"):
        read_visit_file(_write(tmp_path, table))


@pytest.mark.parametrize(("name", "layout"), [("Total", "wide"), ("Mean", "wide"), (" grand total", "long")])
def test_a_row_of_totals_is_no_patient(tmp_path, name, layout):
    # Its SLEDAI would fall by the sum of all falls: a responder who does not exist.
    table = _wide(_few()) if layout == "wide" else _few()
    last = len(table) - 1
    table.loc[table["patient"] == table.loc[last, "patient"], "patient"] = name
    with pytest.raises(InputError, match="a row of totals or means is no patient: leave it out"):
        read_visit_file(_write(tmp_path, table))


def test_a_version_of_sledai_that_does_not_exist_is_refused_also_beside_totals():
    visits = pd.DataFrame({"patient": ["1", "1"], "week": [0, 12], "visit": ["baseline", "week 12"], "sledai": [10, 6]})
    with pytest.raises(InputError, match="unknown SLEDAI version '3K'"):
        score_visits(visits.assign(pga=1.0), endpoint="modified-sri", sledai_version="3K")


def test_a_bad_finding_is_told_by_its_row_in_the_file(tmp_path):
    table = _example().drop(columns="low_complement").assign(c3="0.9", c3_lower_limit="0.8")
    table.loc[2, "c3"] = "95"
    visits = read_visit_file(_write(tmp_path, table)).visits
    with pytest.raises(
        InputError, match=r"row 4, column 'c3': 95.0 is not allowed .more than 20 times its lower limit"
    ):
        score_visits(visits)


def test_an_arm_is_needed_once_and_nobody_without_one_is_lost(tmp_path):
    table = _example()
    table.loc[table["visit"] != "baseline", "arm"] = ""
    assert_same_visits(_write(tmp_path, table))
    table.loc[table["patient"] == "E01", "arm"] = ""
    scored = score_visits(read_visit_file(_write(tmp_path, table)).visits)
    counts = scored.responders()
    assert counts.groupby("week")["assessed"].sum().tolist() == [12, 12]
    assert counts[counts["arm"].isna()]["responders"].tolist() == [1, 1]
    assert "No arm, so in no comparison (1): E01." in scored.notes


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_patients_without_baseline_are_named(tmp_path, layout):
    table = _example()
    table = table[(table["patient"] != "E01") | (table["week"] != "0")]
    scored = score_visits(read_visit_file(_write(tmp_path, table if layout == "long" else _wide(table))).visits)
    assert "No baseline visit (1): E01." in scored.notes
    assert scored.responders()["assessed"].tolist() == [6, 6, 6, 6]


def test_answers_that_missing_values_leave_open_are_counted_in_a_note():
    table = _example().assign(week=lambda table: table["week"].astype(float))
    table.loc[table["week"] == 0, "pga"] = None
    scored = score_visits(table)
    said = "An answer is open for missing values and counted as the estimand says (9): E01, E02, E03, E04, "
    assert said in "".join(scored.notes)
    assert "PGA is missing at baseline, counted as non-response." in scored.verdicts["reason"].iloc[0]
    assert not any("An answer is open" in note for note in score_visits(table, missing="observed").notes)


def test_an_empty_baseline_of_a_wide_file_is_a_row_and_another_empty_visit_is_none(tmp_path):
    wide = _wide(_few())
    wide.loc[wide["patient"] == "E01", [name for name in wide if name.endswith("_BL")]] = ""
    visits = read_visit_file(_write(tmp_path, wide)).visits
    weeks = visits.groupby("patient")["week"].agg(list)
    assert weeks["E01"] == [0, 12, 24]
    assert weeks["E06"] == [0, 12]  # no visit at week 24
    baseline = visits[(visits["patient"] == "E01") & (visits["week"] == 0)]
    assert baseline.drop(columns=["patient", "visit", "week", "arm"]).isna().all(axis=None)


@pytest.mark.parametrize("endpoint", ["lldas", "doris"])
def test_a_visit_that_was_not_made_stays_in_the_denominator_of_a_state(endpoint):
    # E06 (drug) has no week 24 and E10 (placebo) no week 12.
    visits = _visits()
    scored = score_visits(visits, endpoint)
    assert scored.responders()["assessed"].tolist() == [6, 6, 6, 6]
    absent = scored.to_frame().set_index(["patient", "week"]).loc[[("E06", 24), ("E10", 12)]]
    assert not absent[endpoint].any()
    assert absent["imputed"].all()
    assert score_visits(visits, endpoint, missing="observed").responders()["open"].sum() >= 2


def test_a_recorded_total_stands_where_descriptors_do_not_make_one(tmp_path):
    table = _example()
    weights = endpoints.SLEDAI_ITEMS.set_index("id")["weight"]
    table["sledai"] = (table[IDS].astype(int) * weights[IDS].to_numpy()).sum(axis=1)
    for extra in ({"rash": "1"}, {"platelets": "200"}):
        path = _write(tmp_path, table.drop(columns=IDS).assign(**extra))
        assert _verdicts(path) == BY_HAND
        assert "The recorded SLEDAI total was used" in " ".join(score_visits(read_visit_file(path).visits).notes)


def test_findings_that_decide_too_little_are_refused(tmp_path):
    read = read_visit_file(_write(tmp_path, _example().drop(columns=IDS).assign(platelets="200")))
    with pytest.raises(InputError, match="cannot be added up in any row: no column decides seizure"):
        score_visits(read.visits)


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_the_visit_before_gives_the_protein_that_makes_proteinuria_stable(tmp_path, layout):
    # Under SELENA 1.2 g after 1.0 g is stable and scores 0; 1.6 g after 1.0 g has risen by more than 0.5 g and scores 4.
    ids = [name for name in IDS if name != "proteinuria"]
    rows = [
        {"patient": who, "visit": f"week {week}" if week else "baseline", "week": str(week), "pga": "1",
         "protein_24h": protein, **dict.fromkeys(ids, "0"), **dict.fromkeys(GRADES, "D")}
        for who, later in (("A", "1.2"), ("B", "1.6"))
        for week, protein in ((0, "0.2"), (12, "1.0"), (24, later))
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    if layout == "wide":
        table = _wide(table.assign(arm="x"))
    visits = read_visit_file(_write(tmp_path, table)).visits
    found = score_visits(visits, sledai_version="SELENA").to_frame().set_index(["patient", "week"])["sledai"]
    assert found.to_dict() == {("A", 12): 4, ("A", 24): 0, ("B", 12): 4, ("B", 24): 4}


def test_items_of_bilag_give_the_same_grades_in_both_layouts(tmp_path):
    table = _example().drop(columns=GRADES)
    table["arthritis_severe"] = [("0", "4", "1")[k % 3] for k in range(len(table))]
    long = score_visits(read_visit_file(_write(tmp_path, table)).visits).to_frame()
    wide = score_visits(read_visit_file(_write(tmp_path, _wide(table))).visits).to_frame()
    keys = ["patient", "week", "new_a", "new_b", "responder"]
    assert long["new_a"].sum() > 5
    pd.testing.assert_frame_equal(long[keys], wide[keys], check_dtype=False)


def test_improvement_in_per_cent_reaches_sri_50(tmp_path):
    # E07 at week 12 still has its 10 points; each descriptor improved by 60 % and counts half: 5, a fall of 5.
    table = _example().assign(**{f"{name}_improvement_percent": "60" for name in IDS})
    found = _verdicts(_write(tmp_path, table), endpoint="sri-50")
    assert found[("E07", 12)]
    assert not _verdicts(example_visit_file(), endpoint="sri-50")[("E07", 12)]


def test_pga_finer_than_hundredths_is_kept(tmp_path):
    table = _few()
    table.loc[1, "pga"] = "1.504"
    visits = read_visit_file(_write(tmp_path, table)).visits.assign(sledai=4)
    found = score_visits(visits, "modified-sri").verdicts
    assert found["pga"].iloc[0] == 1.504
