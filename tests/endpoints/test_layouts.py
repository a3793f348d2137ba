"""The layouts that people have: the same six patients, written in each of them, give the same verdicts, byte for byte.

What a layout leaves open is asked for, and what was assumed is said.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import SLEDAI_ITEMS, read_visit_file, score_visits

ITEMS = list(SLEDAI_ITEMS["id"])
WEIGHTS = dict(zip(ITEMS, SLEDAI_ITEMS["weight"], strict=True))
WEEKS = (0, 12, 24)
#: Patient: arm, SLEDAI and PGA at weeks 0, 12 and 24; P4 did not come at week 24.
PATIENTS: dict[str, tuple[str, tuple[int | None, ...], tuple[float | None, ...]]] = {
    "P1": ("IL-2", (10, 4, 2), (2, 1, 0.5)),
    "P2": ("IL-2", (8, 4, 6), (1.5, 1.5, 1.2)),
    "P3": ("IL-2", (12, 12, 6), (1.1, 1.4, 1.3)),
    "P4": ("Placebo", (9, 3, None), (2, 1, None)),
    "P5": ("Placebo", (10, 8, 8), (1, 1, 1.2)),
    "P6": ("Placebo", (14, 9, 10), (2.2, 1.4, 1.5)),
}
#: By hand, modified SRI-4: SLEDAI falls by 4 or more, and PGA rises by less than 0.30.
RESPONDERS = {("P1", 12), ("P1", 24), ("P2", 12), ("P3", 24), ("P4", 12), ("P6", 12), ("P6", 24)}


def visits() -> pd.DataFrame:
    """One row per patient and visit: patient, week, arm, sledai, pga."""
    rows = [
        (who, week, arm, points, pga)
        for who, (arm, totals, assessments) in PATIENTS.items()
        for week, points, pga in zip(WEEKS, totals, assessments, strict=True)
    ]
    return pd.DataFrame(rows, columns=["patient", "week", "arm", "sledai", "pga"])


def items(present: object = 1, absent: object = 0, points: bool = False) -> pd.DataFrame:
    """The same visits with 24 items in the place of the total: the heaviest first until the points are used up."""
    rows = []
    for total in visits()["sledai"]:
        row: dict[str, object] = dict.fromkeys(ITEMS, "" if np.isnan(total) else absent)
        left = 0 if np.isnan(total) else int(total)
        for name in ITEMS:
            if WEIGHTS[name] <= left:
                row[name], left = WEIGHTS[name] if points else present, left - WEIGHTS[name]
        assert left == 0
        rows.append(row)
    return pd.concat([visits().drop(columns="sledai"), pd.DataFrame(rows)], axis=1)


def visit_name(week: int) -> str:
    return f"Week {week}" if week else "Baseline"


def one_row_a_test(number: str, code: str, label: str, **more: Callable[[pd.DataFrame], object]) -> pd.DataFrame:
    """One row a test."""
    parts = [
        visits().assign(**{code: name, label: words, number: visits()[column]})
        for name, words, column in (
            ("SLEDTOT", "SLEDAI-2K Total Score", "sledai"),
            ("PGA01", "Physician Global Assessment", "pga"),
        )
    ]
    table = pd.concat(parts).sort_values(["patient", "week", code], ignore_index=True)
    return table.assign(**more).drop(columns=["sledai", "pga"])


def csv(path: Path, table: pd.DataFrame, **options: object) -> Path:
    table.to_csv(path, index=False, **options)
    return path


def long_csv(folder: Path) -> Path:
    return csv(folder / "v.csv", visits())


def wide_csv(folder: Path) -> Path:
    wide = visits().pivot(index=["patient", "arm"], columns="week", values=["sledai", "pga"])
    wide.columns = [f"{name}_week{week}" if week else f"{name}_baseline" for name, week in wide.columns]
    return csv(folder / "v.csv", wide.reset_index())


def long_xlsx(folder: Path) -> Path:
    visits().to_excel(folder / "v.xlsx", index=False)
    return folder / "v.xlsx"


def merged_xlsx(folder: Path, rows: int = 2) -> Path:
    """Visits in merged cells above SLEDAI and PGA; with three rows a title stands in the first."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append([None, None, "Baseline", None, "Week 12", None, "Week 24", None])
    sheet.append(["Patient", "Arm", *["SLEDAI", "PGA"] * 3])
    for cells in ("C1:D1", "E1:F1", "G1:H1"):
        sheet.merge_cells(cells)
    for who, part in visits().groupby("patient"):
        values = [None if np.isnan(cell) else cell for cell in part[["sledai", "pga"]].to_numpy().ravel()]
        sheet.append([who, PATIENTS[str(who)][0], *values])
    book.save(folder / "v.xlsx")
    return folder / "v.xlsx"


def decimal_comma(folder: Path) -> Path:
    table = visits().assign(site="Münster")
    return csv(folder / "v.csv", table, sep=";", decimal=",", encoding="cp1252")


def utf16(folder: Path) -> Path:
    return csv(folder / "v.txt", visits(), sep="\t", encoding="utf-16")


def sdtm_qs(folder: Path) -> Path:
    table = one_row_a_test("QSSTRESN", "QSTESTCD", "QSTEST")
    return csv(
        folder / "qs.csv",
        table.assign(
            STUDYID="LUP1", DOMAIN="QS", USUBJID=table["patient"], SUBJID=table["patient"].str[1:], ARM=table["arm"],
            QSORRES=table["QSSTRESN"], QSSTAT=np.where(table["QSSTRESN"].isna(), "NOT DONE", ""),
            VISITNUM=table["week"].map({0: 1, 12: 2, 24: 3}), VISIT=table["week"].map(visit_name).str.upper(),
            QSBLFL=np.where(table["week"] == 0, "Y", ""), QSDY=table["week"] * 7 + 3,
        ).drop(columns=["patient", "week", "arm"]),
    )  # fmt: skip


def adam_xpt(folder: Path) -> Path:
    table = one_row_a_test("AVAL", "PARAMCD", "PARAM")
    data = pd.DataFrame({
        "STUDYID": "LUP1", "USUBJID": table["patient"], "TRTP": table["arm"], "PARAMCD": table["PARAMCD"],
        "PARAM": table["PARAM"], "AVISIT": table["week"].map(visit_name), "AVISITN": table["week"] / 12 + 1,
        "ADY": table["week"] * 7 + 3, "AVAL": table["AVAL"], "ABLFL": np.where(table["week"] == 0, "Y", ""),
    })  # fmt: skip
    pyreadstat.write_xport(data, str(folder / "adqs.xpt"), table_name="ADQS", file_format_version=5)
    return folder / "adqs.xpt"


def plain_tests(folder: Path) -> Path:
    table = pd.concat([visits().assign(test=name, value=visits()[name]) for name in ("sledai", "pga")])
    return csv(folder / "v.csv", table[["patient", "week", "arm", "test", "value"]])


def redcap(folder: Path) -> Path:
    table = items().replace("", 0)
    boxes = {name: f"sledai___{number}" for number, name in enumerate(ITEMS, 1)}
    came = table["pga"].notna()
    event = table["week"].map({0: "baseline_arm_1", 12: "week_12_arm_1", 24: "week_24_arm_1"})
    table = table.rename(columns=boxes).assign(arm=table["arm"].where(table["week"] == 0), complete=2 * came)
    table = table.rename(columns={"patient": "record_id", "complete": "sledai_2k_complete"}).drop(columns="week")
    table.insert(1, "redcap_event_name", event)
    table.insert(2, "redcap_repeat_instrument", "")
    adverse = {"record_id": "P1", "redcap_event_name": "week_12_arm_1", "redcap_repeat_instrument": "adverse_events"}
    return csv(folder / "v.csv", pd.concat([table, pd.DataFrame([adverse, adverse])]))


def stata(folder: Path) -> Path:
    table = visits().assign(arm=visits()["arm"].map({"IL-2": 1.0, "Placebo": 2.0}))
    labels = {"arm": {1: "IL-2", 2: "Placebo"}, "pga": {0: "none", 3: "severe"}}
    pyreadstat.write_dta(table, str(folder / "v.dta"), variable_value_labels=labels)
    return folder / "v.dta"


def spss(folder: Path) -> Path:
    table = visits().rename(columns={"patient": "pt", "sledai": "q17", "week": "visitnr"})
    table["visitnr"] = table["visitnr"].map({0: 1.0, 12: 2.0, 24: 3.0})
    titles = ["Patient ID", "Visit", "Arm", "SLEDAI total", "PGA"]
    labels = {"visitnr": {1.0: "Baseline", 2.0: "Week 12", 3.0: "Week 24"}}
    pyreadstat.write_sav(table, str(folder / "v.sav"), column_labels=titles, variable_value_labels=labels)
    return folder / "v.sav"


def days(folder: Path) -> Path:
    table = visits().assign(visit=[f"Day {7 * week + 1}" for week in visits()["week"]])
    return csv(folder / "v.csv", table.drop(columns="week"))


def points(folder: Path) -> Path:
    return csv(folder / "v.csv", items(points=True))


def words(folder: Path) -> Path:
    return csv(folder / "v.csv", items("Present", "Absent"), na_rep="N/A")


def german(folder: Path) -> Path:
    items("x", "nein").replace("", None).to_parquet(folder / "v.parquet")
    return folder / "v.parquet"


WRITERS: list[Callable[[Path], Path]] = [
    long_csv, wide_csv, long_xlsx, merged_xlsx, decimal_comma, utf16, sdtm_qs, adam_xpt, plain_tests, redcap, stata,
    spss, days, points, words, german,
]  # fmt: skip


def verdicts(path: Path, **options: object) -> str:
    scored = score_visits(read_visit_file(path, **options).visits, "modified-sri")  # type: ignore[arg-type]
    return scored.to_frame().to_csv(index=False)


def test_the_verdicts_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    table = pd.read_csv(io.StringIO(verdicts(long_csv(tmp_path))))
    assert {(row.patient, row.week) for row in table.itertuples() if row.responder} == RESPONDERS


def test_every_layout_gives_the_same_verdicts(tmp_path: Path) -> None:
    expected = verdicts(long_csv(tmp_path))
    for write in WRITERS:
        (folder := tmp_path / write.__name__).mkdir()
        assert verdicts(write(folder)) == expected, write.__name__


# --- what was understood is said -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (merged_xlsx, "first two rows were read as one row of names"),
        (decimal_comma, "read with a decimal comma"),
        (decimal_comma, "Not UTF-8 text (line 2), so read as Windows-1252"),
        (utf16, "Read as UTF-16"),
        (sdtm_qs, "guessed: PGA01 (Physician Global Assessment) is pga and SLEDTOT (SLEDAI-2K Total Score) is sledai"),
        (redcap, "in the order of its form: 1 is seizure, 2 psychosis, ..., 24 leukopenia"),
        (redcap, "redcap_event_name is the visit"),
        (redcap, "The form was not filled in (sledai_2k_complete is 0) in 1 row: SLEDAI is missing there."),
        (redcap, "2 rows without a visit or of a repeating instrument"),
        (stata, "The texts of the values were read in arm."),
        (days, "day 85 is week 12"),
        (points, "Items of SLEDAI are given as their points"),
    ],
)
def test_what_was_understood_is_said(tmp_path: Path, write: Callable[[Path], Path], words: str) -> None:
    assert words in "\n".join(read_visit_file(write(tmp_path)).notes)


def refused(path: Path, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        score_visits(read_visit_file(path, **options).visits, "modified-sri")  # type: ignore[arg-type]
    return str(caught.value)


# --- one row a test ------------------------------------------------------------------------------------------------


def adqs(
    folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table, codes: object = None
) -> str:
    """Verdicts of an ADaM table that was changed."""
    table = one_row_a_test("AVAL", "PARAMCD", "PARAM").rename(columns={"patient": "USUBJID", "arm": "TRTP"})
    table = table.assign(AVISIT=table["week"].map(visit_name), ABLFL=np.where(table["week"] == 0, "Y", ""))
    return verdicts(csv(folder / "adqs.csv", change(table.drop(columns="week"))), codes=codes)


def test_codes_are_said_in_a_table_or_a_file(tmp_path: Path) -> None:
    other = {"SLEDTOT": "XQ01", "PGA01": "XQ02"}

    def change(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(PARAMCD=table["PARAMCD"].map(other), PARAM="?")

    with pytest.raises(InputError, match=r"no test is known; say what they are .*--codes codes\.csv(.|\n)*XQ02: "):
        adqs(tmp_path, change)
    table = pd.DataFrame({"code": ["xq01", "XQ02"], "column": ["SLEDAI total", "pga"]})
    by_hand = verdicts(long_csv(tmp_path))
    assert adqs(tmp_path, change, table) == by_hand
    assert adqs(tmp_path, change, csv(tmp_path / "codes.csv", table)) == by_hand


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"code": ["A", "A"], "column": ["sledai", "pga"]}, "gives 'A' to two columns"),
        ({"code": ["A"], "column": ["sledia"]}, "did you mean 'sledai'"),
        ({"code": ["A"], "column": ["patient"]}, "unknown column in the table of codes 'patient'"),
        ({"code": [""], "column": ["pga"]}, "a row without a code"),
        ({"test": ["A"], "column": ["pga"]}, "the table of codes lacks 1 column: 'code'"),
    ],
)
def test_tables_of_codes_that_say_nothing(tmp_path: Path, table: dict[str, list[str]], words: str) -> None:
    assert words in refused(sdtm_qs(tmp_path), codes=pd.DataFrame(table))


def test_a_table_of_codes_is_for_files_with_one_row_a_test(tmp_path: Path) -> None:
    codes = pd.DataFrame({"code": ["A"], "column": ["pga"]})
    assert "v.csv has not one row a test" in refused(long_csv(tmp_path), codes=codes)
    assert "the layout 'tests' is asked for" in refused(long_csv(tmp_path), layout="tests")


def test_a_test_that_speaks_of_an_event_is_not_dropped(tmp_path: Path) -> None:
    table = pd.read_csv(plain_tests(tmp_path), dtype=str)
    path = csv(tmp_path / "v.csv", pd.concat([table, table.iloc[[0]].assign(test="USE OF RESCUE")]))
    assert "the test USE OF RESCUE (USE OF RESCUE) would be ignored; did you mean 'rescue'?" in refused(path)
    codes = pd.DataFrame({"code": ["USE OF RESCUE"], "column": [""]})  # is not to be read
    assert verdicts(path, codes=codes) == verdicts(plain_tests(tmp_path))


def test_two_codes_of_one_column_are_asked_for(tmp_path: Path) -> None:
    def twice(table: pd.DataFrame) -> pd.DataFrame:
        more = table[table["PARAMCD"] == "SLEDTOT"].assign(PARAMCD="SLEDAI", PARAM="SELENA-SLEDAI", AVAL=1)
        return pd.concat([table, more])

    with pytest.raises(InputError, match=r"several tests mean one column;(.|\n)*SLEDAI \(SELENA-SLEDAI\) is sledai"):
        adqs(tmp_path, twice)
    codes = pd.DataFrame({"code": ["SLEDAI"], "column": [""]})
    assert adqs(tmp_path, twice, codes) == verdicts(long_csv(tmp_path))


def test_values_that_the_analysis_filled_in_are_left_out(tmp_path: Path) -> None:
    # P4 did not come at week 24; carried forward it would respond.
    def locf(table: pd.DataFrame) -> pd.DataFrame:
        filled = table["AVAL"].isna()
        return table.assign(AVAL=table["AVAL"].fillna(1), DTYPE=np.where(filled, "LOCF", ""))

    assert '"P4",24' not in adqs(tmp_path, locf)
    assert ("P4", 24) not in {
        (row.patient, row.week) for row in pd.read_csv(io.StringIO(adqs(tmp_path, locf))).itertuples() if row.responder
    }
    assert any("filled in (DTYPE)" in note for note in read_visit_file(tmp_path / "adqs.csv").notes)


def test_a_flagged_screening_value_is_baseline(tmp_path: Path) -> None:
    def screened(table: pd.DataFrame) -> pd.DataFrame:
        early = (table["AVISIT"] == "Baseline") & (table["USUBJID"] == "P1")
        return table.assign(AVISIT=table["AVISIT"].where(~early, "Screening"))

    assert adqs(tmp_path, screened) == verdicts(long_csv(tmp_path))
    assert any(
        "2 values of another visit counted as baseline" in n for n in read_visit_file(tmp_path / "adqs.csv").notes
    )


def test_the_flagged_one_of_several_rows_counts(tmp_path: Path) -> None:
    def again(table: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([table.assign(ANL01FL="Y"), table[table["AVISIT"] == "Week 12"].assign(AVAL=0, ANL01FL="")])

    assert adqs(tmp_path, again) == verdicts(long_csv(tmp_path))
    with pytest.raises(
        InputError, match=r"row 38, column 'PARAMCD': .*\(the patient has an earlier row for the same test"
    ):
        adqs(tmp_path, lambda table: again(table).drop(columns="ANL01FL"))


def test_days_where_names_of_visits_say_no_week(tmp_path: Path) -> None:
    def numbered(table: pd.DataFrame) -> pd.DataFrame:
        number = table["AVISIT"].map({"Baseline": 0, "Week 12": 1, "Week 24": 2})
        return table.assign(AVISIT="Cycle " + number.astype(str), ADY=number * 84 + 1).drop(columns="ABLFL")

    found = pd.read_csv(io.StringIO(adqs(tmp_path, numbered)))
    assert {(row.patient, row.week) for row in found.itertuples() if row.responder} == RESPONDERS


def test_bad_values_are_told_with_their_row_and_code(tmp_path: Path) -> None:
    def bad(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(AVAL=table["AVAL"].astype(object).where(table.index != 4, "high"))

    with pytest.raises(
        InputError, match=r"row 6, column 'AVAL of PGA01': 'high' is not allowed \(a number from 0 to 3"
    ):
        adqs(tmp_path, bad)


def test_a_value_that_was_not_done_and_a_unit_of_another_quantity_are_refused(tmp_path: Path) -> None:
    table = pd.read_csv(sdtm_qs(tmp_path))
    assert "QSSTAT says NOT DONE" in refused(csv(tmp_path / "a.csv", table.assign(QSSTAT="NOT DONE")))
    platelets = table[table["QSTESTCD"] == "PGA01"].assign(
        QSTESTCD="PLT", QSTEST="Platelets", QSSTRESN=200, QSSTRESU="/uL"
    )
    said = refused(csv(tmp_path / "b.csv", pd.concat([table, platelets])))
    assert "column 'QSSTRESU': '/uL' is not allowed" in said
    assert "the unit of platelets: convert the values" in said


# --- the other layouts ---------------------------------------------------------------------------------------------


def test_boxes_of_another_numbering_are_asked_for_and_words_are_read(tmp_path: Path) -> None:
    table = pd.read_csv(redcap(tmp_path), dtype=object)
    fewer = table.drop(columns="sledai___24")
    assert "neither the 24 items of SLEDAI numbered from 1" in refused(csv(tmp_path / "a.csv", fewer))
    labelled = {f"sledai___{k}": f"SLEDAI (choice={name})" for k, name in enumerate(ITEMS, 1)}
    named = table.rename(columns=labelled | {"record_id": "Record ID", "redcap_event_name": "Event Name"})
    events = {
        f"{name}_arm_1": f"{name.replace('_', ' ').title()} (Arm 1: all)" for name in ("baseline", "week_12", "week_24")
    }
    named["Event Name"] = named["Event Name"].map(events)
    boxes = list(labelled.values())
    named[boxes] = named[boxes].map(lambda cell: {"1.0": "Checked", "0.0": "Unchecked"}.get(cell, cell))
    assert verdicts(csv(tmp_path / "b.csv", named)) == verdicts(long_csv(tmp_path))


def test_a_form_without_a_status_counts_empty_boxes_as_zero_and_says_so(tmp_path: Path) -> None:
    table = pd.read_csv(redcap(tmp_path), dtype=object).drop(columns="sledai_2k_complete")
    read = read_visit_file(csv(tmp_path / "a.csv", table))
    assert "No box of sledai is ticked in 1 row: counted as SLEDAI 0." in read.notes


def test_arms_of_events_are_the_arms(tmp_path: Path) -> None:
    table = pd.read_csv(redcap(tmp_path), dtype=object)
    placebo = table["record_id"].isin(["P4", "P5", "P6"])
    event = table["redcap_event_name"].where(~placebo, table["redcap_event_name"].str.replace("arm_1", "arm_2"))
    read = read_visit_file(csv(tmp_path / "a.csv", table.drop(columns="arm").assign(redcap_event_name=event)))
    assert read.visits.groupby("patient")["arm"].first().tolist() == ["arm 1"] * 3 + ["arm 2"] * 3
    assert "The arms were taken from redcap_event_name." in read.notes


def test_a_column_beside_the_last_merged_cell_is_asked_for(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    book = load_workbook(merged_xlsx(tmp_path))
    book.active.cell(2, 9).value = "Rescue"
    book.active.cell(3, 9).value = "yes"
    book.save(tmp_path / "v.xlsx")
    assert "column 'Rescue' has no visit above it and stands beside 'Week 24' only" in refused(tmp_path / "v.xlsx")


def test_quantities_may_stand_above_visits(tmp_path: Path) -> None:
    names = [["Patient", "Arm", "SLEDAI", "", "", "PGA", "", ""], ["", "", *["Baseline", "Week 12", "Week 24"] * 2]]
    rows = [
        [who, arm, *("" if cell is None else cell for cell in (*totals, *pga))]
        for who, (arm, totals, pga) in PATIENTS.items()
    ]
    path = tmp_path / "v.csv"
    pd.DataFrame(names + rows).to_csv(path, index=False, header=False)
    assert verdicts(path) == verdicts(long_csv(tmp_path))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        # Three figures after every comma could be thousands; a point elsewhere says that a comma is none of a decimal.
        (["1,250", "2,500"], "'1,250' is not allowed"),
        (["1,2", "2.5"], "'1,2' is not allowed (a number from 0 to 3, or empty; write the decimal mark as a point)"),
    ],
)
def test_a_comma_that_may_be_something_else_is_refused(tmp_path: Path, cells: list[str], words: str) -> None:
    table = visits().astype(object)
    table["pga"] = [cells[k % 2] for k in range(len(table))]
    assert words in refused(csv(tmp_path / "v.csv", table.fillna(""), sep=";"))


def test_points_and_ones_in_one_file_are_refused(tmp_path: Path) -> None:
    table = items(points=True)
    table.loc[3, "seizure"] = 1
    assert "row 5, column 'seizure': '1' is not allowed (0 or 8: the items" in refused(csv(tmp_path / "v.csv", table))


def test_an_empty_cell_beside_ticks_is_asked_for(tmp_path: Path) -> None:
    table = items("X", "")
    assert "seizure is ticked with x: write no where it is absent" in refused(csv(tmp_path / "v.csv", table))
    # Empty cells of an event are open: an event that only ever says yes would take every other patient for a non-responder.
    for yes in ("yes", "1"):
        table = items().assign(withdrawn=["", yes, *[""] * (len(items()) - 2)])
        assert f"withdrawn is ticked with {yes}: write no" in refused(csv(tmp_path / "v.csv", table))


def test_a_row_that_says_only_who_and_when_is_a_visit_that_was_not_made(tmp_path: Path) -> None:
    without = csv(tmp_path / "b.csv", visits().dropna(subset=["sledai"]))
    assert verdicts(long_csv(tmp_path)) == verdicts(without)
    none = visits().astype({"sledai": "object", "pga": "object"})
    none.loc[none["week"] == 24, ["sledai", "pga"]] = ""
    assert set(read_visit_file(csv(tmp_path / "c.csv", none)).visits["week"]) == {0, 12, 24}


def test_a_label_that_says_missing_empties_its_value(tmp_path: Path) -> None:
    table = visits().fillna({"sledai": 99})
    labels = {"sledai": {99: "Not done"}}
    pyreadstat.write_sav(table, str(tmp_path / "v.sav"), variable_value_labels=labels)
    assert verdicts(tmp_path / "v.sav") == verdicts(long_csv(tmp_path))


# --- files that are not what they say ------------------------------------------------------------------------------


def disguised(folder: Path) -> Iterable[tuple[str, bytes, str]]:
    yield "v.csv", bytes(range(256)) * 8, "not a text file"
    yield "v.xlsx", b"", "v.xlsx is empty"
    yield (
        "v.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "an old Excel workbook (.xls), or one protected by a password",
    )
    yield "v.csv", long_xlsx(folder).read_bytes(), "not a text file"
    yield "v.xls", b"<html><table><tr><td>patient</td></tr></table></html>", "v.xls ends in .xls"
    yield "v.xlsx", b"\n<html><table><tr><td>patient</td></tr></table></html>", "a web page or XML"
    yield "v.csv", b"<table><tr><td>patient</td></tr></table>", "a web page or XML"
    yield "v.xlsx", b"PK\x03\x04" + bytes(100), "not a readable .xlsx workbook"
    for ending, program in ((".dta", "Stata"), (".sav", "SPSS"), (".sas7bdat", "SAS"), (".xpt", "SAS transport")):
        yield f"v{ending}", b"patient,week\nA,0\n", f"not a readable {program} file"
        yield f"w{ending}", b"", f"not a readable {program} file"


def test_a_file_that_is_not_what_its_ending_says_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    for name, content, words in disguised(tmp_path / "x"):
        (tmp_path / name).write_bytes(content)
        assert words in refused(tmp_path / name), name


def test_one_bad_column_of_a_long_file_is_twenty_lines(tmp_path: Path) -> None:
    table = pd.concat([visits()] * 100).assign(patient=np.repeat(np.arange(600), 3), pga="b")
    said = refused(csv(tmp_path / "v.csv", table))
    assert said.count("\n") == 21
    assert said.endswith("... and 1780 more in 'pga' (a number from 0 to 3, or empty)")


def test_a_patient_named_in_two_ways_is_read_once(tmp_path: Path) -> None:
    table = visits().assign(SUBJID=visits()["patient"].str[1:])
    read = read_visit_file(csv(tmp_path / "v.csv", table))
    assert "'SUBJID' says the same of every row as 'patient', which was read." in read.notes
    table.loc[3, "SUBJID"] = "1"
    assert "'SUBJID' and 'patient' both mean 'patient': keep one" in refused(csv(tmp_path / "v.csv", table))


# --- what others met: public reports of the tools that write and read such files ------------------------------------


def test_empty_rows_of_repeating_instruments_with_boxes_are_no_visits(tmp_path: Path) -> None:
    # github.com/CHOP-CGTInformatics/REDCapTidieR issue 136, github.com/vubiostat/redcapAPI issue 404: a box always has a
    # value, so that the row of a repeating instrument in which nothing was entered holds zeros.
    table = pd.read_csv(redcap(tmp_path), dtype=object)
    repeats = table["redcap_repeat_instrument"].notna()
    table.loc[repeats, [name for name in table if "___" in name]] = "0"
    table.loc[repeats, "sledai_2k_complete"] = "0"
    assert verdicts(csv(tmp_path / "a.csv", table)) == verdicts(long_csv(tmp_path))


def test_the_cell_with_points_for_thousands_is_the_one_that_is_named(tmp_path: Path) -> None:
    # github.com/pandas-dev/pandas issue 59299: the error named another cell, which was right.
    table = visits().assign(prednisone_mg_day="7,5")
    table.loc[2, "prednisone_mg_day"] = "1.234,5"
    said = refused(csv(tmp_path / "v.csv", table, sep=";", decimal=","))
    assert said.startswith("1 bad cell in v.csv")
    assert "row 4, column 'prednisone_mg_day': '1.234,5' is not allowed" in said


def test_values_that_spss_declares_missing_are_missing(tmp_path: Path) -> None:
    # github.com/Roche/pyreadstat issue 161, github.com/tidyverse/haven issue 33: -9 declared as missing by its user.
    table = visits().fillna(-9)
    pyreadstat.write_sav(table, str(tmp_path / "v.sav"), missing_ranges={"sledai": [-9], "pga": [-9]})
    assert verdicts(tmp_path / "v.sav") == verdicts(long_csv(tmp_path))


def test_a_web_page_with_decimal_commas_is_not_read_as_numbers(tmp_path: Path) -> None:
    # github.com/pandas-dev/pandas issue 8200: 5,5 in a web page saved as .xls became 55.
    (tmp_path / "v.xlsx").write_text(visits().to_html(decimal=","))
    assert "a web page or XML" in refused(tmp_path / "v.xlsx")


@pytest.mark.parametrize(("path", "codes", "words"), [(3, None, "path is 3"), ("v.csv", 3, "codes is 3")])
def test_what_is_no_file_is_refused_in_words(tmp_path: Path, path: object, codes: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_visit_file(long_csv(tmp_path) if path == "v.csv" else path, codes=codes)  # type: ignore[arg-type]


def test_a_stream_is_read_as_csv(tmp_path: Path) -> None:
    read = read_visit_file(io.BytesIO(decimal_comma(tmp_path).read_bytes()))
    assert (read.source, len(read.visits)) == ("standard input", 17)
