"""Visits as they happened, visits before baseline, and doubled ones: which row counts, which is kept apart, what is asked.

Expected verdicts come from the table of six invented patients: SLEDAI and PGA at baseline, week 12 and week 24.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from references.cases import case

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import read_visit_file, score_visits, sri
from lupus_kit.endpoints.visits.windows import plan_visits

#: patient: arm, SLEDAI and PGA at weeks 0, 12, 24.
SIX = {
    "P1": ("IL-2", (10, 4, 2), (2, 1, 0.5)), "P2": ("IL-2", (8, 4, 6), (1.5, 1.5, 1.2)),
    "P3": ("IL-2", (12, 12, 6), (1.1, 1.4, 1.3)), "P4": ("Placebo", (9, 3, None), (2, 1, None)),
    "P5": ("Placebo", (10, 8, 8), (1, 1, 1.2)), "P6": ("Placebo", (14, 9, 10), (2.2, 1.4, 1.5)),
}  # fmt: skip
#: Modified SRI-4 by hand: a fall of 4 or more and PGA not up by 0.3. P3 at week 12 has neither; P5 falls by 2.
RESPONDERS = {("P1", 12), ("P2", 12), ("P4", 12), ("P6", 12), ("P1", 24), ("P3", 24), ("P6", 24)}
#: Weeks in which they came.
CAME = {"P1": (0, 11.9, 24.1), "P2": (0, 12.3, 23.9), "P5": (0, 12.1, 24), "P6": (0, 12, 24.4)}


def six(**columns: object) -> pd.DataFrame:
    rows = [
        {"patient": who, "week": week, "arm": arm, "sledai": s, "pga": p}
        for who, (arm, sledai, pga) in SIX.items()
        for week, s, p in zip((0, 12, 24), sledai, pga, strict=True)
    ]
    return pd.DataFrame(rows).assign(**columns)


def as_they_came(table: pd.DataFrame) -> pd.DataFrame:
    place = table["week"].map({0: 0, 12: 1, 24: 2})
    weeks = [CAME.get(who, (0, 12, 24))[k] for who, k in zip(table["patient"], place, strict=True)]
    return table.assign(week=weeks)


def verdicts(
    folder: Path, table: pd.DataFrame, missing: str = "nonresponder", **options: object
) -> set[tuple[str, int]]:
    path = folder / "v.csv"
    table.to_csv(path, index=False)
    scored = score_visits(read_visit_file(path, **options).visits, "modified-sri", missing=missing)
    found = scored.to_frame()
    assert len(found) == 12
    return {(row.patient, int(row.week)) for row in found.itertuples() if row.responder}


def counted(folder: Path, table: pd.DataFrame, **options: object) -> list[tuple[object, ...]]:
    """Patient, week, SLEDAI and PGA of every row that counts: of them the verdicts are made."""
    path = folder / "v.csv"
    table.to_csv(path, index=False)
    visits = read_visit_file(path, **options).visits.dropna(subset=["sledai", "pga"])
    return sorted(visits[["patient", "week", "sledai", "pga"]].itertuples(index=False, name=None))


def as_planned(table: pd.DataFrame) -> list[tuple[object, ...]]:
    return sorted(table[["patient", "week", "sledai", "pga"]].dropna().itertuples(index=False, name=None))


def test_weeks_as_they_happened_are_two_visits_and_not_eight(tmp_path):
    table = as_they_came(six())
    assert verdicts(tmp_path, table) == RESPONDERS
    read = read_visit_file(tmp_path / "v.csv")
    assert sorted(read.visits["visit"].unique()) == ["baseline", "week 12", "week 24"]
    assert "planned weeks 0, 12 and 24 (half-way windows" in read.notes[0]
    assert "6 rows of 4 patients" in read.notes[0]


NAMES = {
    "weeks": ("Baseline", "Week 12", "Week 24"), "short": ("BL", "W12", "W24"),
    "numbered": ("V1 - Baseline", "V2 - Week 12", "V3 - Week 24"), "days": ("Day 1", "Day 85", "Day 169"),
    "days from 0": ("Day 0", "Day 84", "Day 168"), "both": ("Baseline/Week 0", "Week 12 (Day 85)", "Week 24"),
}  # fmt: skip


@pytest.mark.parametrize(("seed", "names"), [*enumerate(NAMES.values())], ids=NAMES)
def test_every_spelling_and_order_of_the_same_visits_is_read_alike(tmp_path, names, seed):
    table = six()
    table["visit"] = table["week"].map(dict(zip((0, 12, 24), names, strict=True)))
    shuffled = table.sample(frac=1, random_state=seed)
    assert counted(tmp_path, shuffled.drop(columns="week")) == as_planned(six())
    assert counted(tmp_path, shuffled) == as_planned(six())
    assert counted(tmp_path, as_they_came(shuffled)) == as_planned(six())  # the name says which visit, the week when


def test_days_and_months(tmp_path):
    days = as_they_came(six()).assign(day=lambda t: (t["week"] * 7 + 1).round()).drop(columns="week")
    assert verdicts(tmp_path, days.rename(columns={"day": "Study day"})) == RESPONDERS
    assert "Days are counted from day 1" in read_visit_file(tmp_path / "v.csv").notes[0]


def test_days_that_are_far_from_the_weeks_beside_them_are_counted(tmp_path):
    (tmp_path / "v.csv").write_text("patient,week,day,sledai\nA,0,1,10\nA,12,85,4\nB,0,1,10\nB,12,169,4\n")
    assert (
        "Weeks are read, not days; in 1 row they are more than 2 weeks apart."
        in read_visit_file(tmp_path / "v.csv").notes
    )
    months = six().assign(visit=lambda t: t["week"].map({0: "Baseline", 12: "Month 3", 24: "Month 6"}))
    months = months.drop(columns="week")
    assert verdicts(tmp_path, months, planned=[0, 12, 24]) == RESPONDERS
    assert "month 3 is week 13 and month 6 is week 26" in read_visit_file(tmp_path / "v.csv").notes[0]


def screened(table: pd.DataFrame, **row: object) -> pd.DataFrame:
    before = table[table["week"] == 0].assign(**{"week": -4} | row)
    return pd.concat([before, table], ignore_index=True)


def test_screening_is_kept_apart_and_never_makes_a_responder(tmp_path):
    # Before baseline everybody had 0 points: carried forward, that would be a fall by 8 or more.
    table = six()
    table.loc[table["week"] == 12, ["sledai", "pga"]] = np.nan
    low = screened(table, sledai=0, pga=0)
    expected = {pair for pair in RESPONDERS if pair[1] == 24}
    for missing in ("nonresponder", "locf"):
        assert verdicts(tmp_path, low, missing) == expected
    read = read_visit_file(tmp_path / "v.csv")
    assert "Kept apart and not scored, of 6 patients: 6 rows before baseline (screening)." in read.notes
    assert read.left_out["why"].tolist() == ["before baseline (screening)"] * 6
    for name in ("Week -4", "W-4", "Week \u22124", "-4 weeks", "Screening", "Visit 1 (screening)", "Day -28"):
        named = low.assign(visit=low["week"].map({-4: name, 0: "BL", 12: "Week 12", 24: "Week 24"}))
        assert counted(tmp_path, named.drop(columns="week")) == as_planned(table), name
        assert counted(tmp_path, named) == as_planned(table), name


def test_screening_is_baseline_only_where_it_is_asked_for_and_there_is_none(tmp_path):
    table = six()
    without = screened(table).query("not (patient == 'P1' and week == 0)")
    assert verdicts(tmp_path, without) == RESPONDERS - {("P1", 12), ("P1", 24)}
    assert verdicts(tmp_path, without, screening="baseline_if_missing") == RESPONDERS
    notes = read_visit_file(tmp_path / "v.csv", screening="baseline_if_missing").notes
    assert "Screening was taken as the baseline of 1 patient: P1." in notes
    with pytest.raises(InputError, match=r"no row has week 0.*screening=.baseline_if_missing"):
        verdicts(tmp_path, screened(table).query("week != 0"))
    with pytest.raises(InputError, match="unknown use of screening"):
        verdicts(tmp_path, table, screening="always")


def test_screening_of_a_wide_file_is_kept_apart(tmp_path):
    table = screened(six(), sledai=0)
    wide = table.pivot(index=["patient", "arm"], columns="week", values=["sledai", "pga"])
    wide.columns = [f"{name}_week{week}" for name, week in wide.columns]
    assert "sledai_week-4" in wide
    assert counted(tmp_path, wide.reset_index()) == as_planned(six())


@pytest.mark.parametrize("when", ["screening", "SCR", "week -4", "day -28"])
def test_screening_of_a_wide_file_is_known_by_every_name(tmp_path, when):
    wide = six().pivot(index=["patient", "arm"], columns="week", values=["sledai", "pga"])
    wide.columns = [f"{name}_day{week * 7 + 1}" for name, week in wide.columns]
    wide[f"sledai {when}"], wide[f"pga {when}"] = 0, 0
    assert counted(tmp_path, wide.reset_index()) == as_planned(six())
    only = wide.reset_index().drop(columns=["sledai_day1", "pga_day1"])
    only[f"sledai {when}"] = [10, 8, 12, 9, 10, 14]
    only[f"pga {when}"] = [2, 1.5, 1.1, 2, 1, 2.2]
    with pytest.raises(InputError, match="no row has week 0"):
        counted(tmp_path, only)
    assert counted(tmp_path, only, screening="baseline_if_missing") == as_planned(six())


@pytest.mark.parametrize("name", ["Week 12/24", "12-24", "Week 1,000", "week twelve", "EOT"])
def test_a_name_that_is_not_surely_one_week_is_refused(tmp_path, name):
    table = six().assign(visit=lambda t: t["week"].map({0: "BL", 12: name, 24: "Week 24"})).drop(columns="week")
    with pytest.raises(InputError, match=r"row 3, column 'visit'.*a name that says the week"):
        verdicts(tmp_path, table)


def test_unscheduled_visits_are_kept_apart(tmp_path):
    table = six().assign(visit=lambda t: t["week"].map({0: "BL", 12: "Week 12", 24: "Week 24"})).drop(columns="week")
    extra = table[table["patient"] == "P5"].iloc[[1]].assign(visit="Unscheduled", sledai=0)
    assert verdicts(tmp_path, pd.concat([table, extra])) == RESPONDERS
    assert "1 row unscheduled" in read_visit_file(tmp_path / "v.csv").notes[-1]


def test_unscheduled_visits_with_a_week_are_judged_by_it(tmp_path):
    table = six().assign(visit=lambda t: t["week"].map({0: "BL", 12: "Week 12", 24: "Week 24"}))
    extra = table[table["patient"].isin(["P5", "P6"])].groupby("patient").head(1)
    extra = extra.assign(visit="Unscheduled", week=[12.9, 14.2], sledai=0)
    assert verdicts(tmp_path, pd.concat([table, extra])) == RESPONDERS
    assert "2 rows with a closer record" in read_visit_file(tmp_path / "v.csv").notes[-1]


@pytest.mark.parametrize(
    ("week", "lost"),
    [(2, ("P1", 12)), (11.5, ("P1", 12)), (12.5, ("P1", 24)), (15.2, ("P1", 24)), (30, None), (-2, None)],
)
def test_an_event_of_a_row_that_is_kept_apart_is_not_lost(tmp_path, week, lost):
    table = six(rescue=0)
    extra = table.iloc[[0]].assign(week=week, rescue=1)
    files = pd.concat([table, extra], ignore_index=True)
    files.to_csv(tmp_path / "v.csv", index=False)
    for visits in (read_visit_file(tmp_path / "v.csv", planned="0,12,24").visits, files.assign(visit="")):
        kept, _, notes = plan_visits(visits, planned=[0, 12, 24])
        ill = kept[kept["rescue"] == 1]
        assert list(zip(ill["patient"], ill["week"], strict=True)) == ([lost] if lost else [])
    if lost:
        if week == 11.5:
            assert verdicts(tmp_path, files, planned="0,12,24") == RESPONDERS - {("P1", 12), ("P1", 24)}
        assert "Events of 1 row kept apart count at the patient's next visit." in notes
    unknown = files.assign(visit=[*["BL", "Week 12", "Week 24"] * 6, "Unscheduled"]).drop(columns="week")
    with pytest.raises(InputError, match="patient 'P1' has 'rescue' at an unscheduled visit: give the week"):
        verdicts(tmp_path, unknown)


@pytest.mark.parametrize("missing", ["nonresponder", "locf", "observed", "best"])
def test_an_event_before_a_visit_that_was_missed_is_not_lost(tmp_path, missing):
    rows = [(who, week, 12 if week == 0 else 4, 1.0, 0) for who in "ABCDEF" for week in (0, 12, 24, 36)]
    table = pd.DataFrame(rows, columns=["patient", "week", "sledai", "pga", "rescue"])
    # A does not come at week 24, and B neither then nor at week 36.
    gone = table["patient"].eq("A") & table["week"].eq(24) | table["patient"].eq("B") & table["week"].isin([24, 36])
    events = [(who, 15, 4, 1.0, 1) for who in "AB"]
    table = pd.concat([table[~gone], pd.DataFrame(events, columns=table.columns)])
    table.to_csv(tmp_path / "v.csv", index=False)
    visits = read_visit_file(tmp_path / "v.csv", planned="0,12,24,36").visits
    named = table.assign(visit=("week " + table["week"].astype(str)).replace("week 0", "baseline"))
    for given in (visits, named) if missing == "nonresponder" else (visits,):
        scored = score_visits(given, "modified-sri", missing=missing, planned=[0, 12, 24, 36])
        for who in "AB":
            found = scored.verdicts[scored.verdicts["patient"] == who].set_index("week")
            assert found["responder"].tolist() == [True, False, False]
            assert "rescue treatment was given" in found["reason"][24]
            assert "at week 24" in found["reason"][36]
        assert any(note.endswith("rescue (2): A and B.") for note in scored.notes)


def came(*rows: tuple[str, float, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["patient", "week", "pga"]).assign(visit=None)


def test_the_closest_record_in_the_window_counts_and_of_two_the_later():
    for weeks, windows, counts in [
            ((11, 12.5), None, 12.5), ((11, 13), None, 13), ((12, 12.4), None, 12), ((6, 30), None, 6), ((5.9,), None, None),
            ((18,), None, 18), ((18.1,), None, None), ((13, 11.5), 7, 11.5), ((13.1,), 7, None), ((8,), 28, 8),
            ((7.9,), 28, None), ((9,), {12: 21}, 9), ((8.9,), "12=21", None), ((13,), "7", 13),
        ]:  # fmt: skip
        with case(weeks, windows, counts):
            table = came(("A", 0, 1), *(("A", week, week / 10) for week in weeks))
            kept, out, _ = plan_visits(table, planned=[0, 12], windows=windows)
            later = kept[kept["week"] == 12]
            assert later["pga"].tolist() == ([] if counts is None else [counts / 10])
            assert len(kept) + len(out) == len(table)
            assert (kept["week"].isin([0, 12])).all()


def test_a_row_without_values_gives_way_and_two_rows_of_one_time_are_refused(tmp_path):
    kept, _, _ = plan_visits(came(("A", 0, 1), ("A", 12, None), ("A", 12.4, 2)), planned="0,12")
    assert kept["pga"].tolist() == [1, 2]
    with pytest.raises(InputError, match="the patient has an earlier row for the same week"):
        verdicts(tmp_path, pd.concat([as_they_came(six()), as_they_came(six()).iloc[[1]]]))


def test_a_row_that_says_nothing_but_its_day_gives_way_too():
    rows = came(("A", 0, 1), ("A", 12, None), ("A", 12.4, 1), ("B", 0, 1), ("B", 12, 1), ("C", 0, 1), ("C", 12, 1))
    visits, left_out, _ = plan_visits(rows.assign(day=rows["week"] * 7 + 1))
    assert visits["week"].tolist() == [0, 12] * 3
    assert visits["pga"].notna().all()
    assert left_out["pga"].isna().all()


def test_a_baseline_after_the_first_dose_is_no_baseline(tmp_path):
    table = as_they_came(six())
    table.loc[0, "week"] = 0.4
    assert verdicts(tmp_path, table) == RESPONDERS - {("P1", 12), ("P1", 24)}
    read = read_visit_file(tmp_path / "v.csv")
    assert "1 row in the window of no visit after baseline" in read.notes[-1]
    assert "No baseline visit (1): P1." in score_visits(read.visits, "modified-sri").notes


def at(plan: dict[str, tuple[float, ...]]) -> pd.DataFrame:
    return came(*((who, week, 1.0) for who, weeks in plan.items() for week in weeks))


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ({"A": (0, 11, 24), "B": (0, 12, 24), "C": (0, 12, 24), "D": (0, 13, 24), "E": (0, 12, 23)}, [0, 12, 24]),
        ({who: (0, 11.86 + k / 7, 24) for k, who in enumerate("ABC")}, [0, 12, 24]),
        ({who: (0, 4, 8, 12) if who < "C" else (0, 12) for who in "ABCDE"}, [0, 4, 8, 12]),
        ({who: (0, 12, 16, 24) if who == "A" else (0, 12, 24) for who in "ABCDE"}, [0, 12, 16, 24]),
        ({who: (0, 12.1, 51.9) if who < "C" else (0, 12) for who in "ABCDE"}, [0, 12, 52]),
        (dict.fromkeys("ABC", (0, 0.5, 1)), [0, 0.5, 1]),
        ({"A": (0, 11.9)}, [0, 12]),
    ],
)
def test_the_planned_weeks_are_read_from_the_data_where_they_are_clear(plan, found):
    assert sorted(plan_visits(at(plan))[0]["week"].unique()) == found


@pytest.mark.parametrize(
    "plan",
    [
        {"A": (0, 12, 24), "B": (0, 13, 26)},
        {"A": (0, 10, 24), "B": (0, 12, 24), "C": (0, 14, 24)},
        {who: (0, 12, 24 + 6 * (who == "A")) for who in "ABCDE"},
        {who: tuple(w + 0.7 * ((k + w) % 5 - 2) * (w > 0) for w in range(0, 25, 4)) for k, who in enumerate("ABCDEFG")},
    ],
)
def test_where_they_are_not_clear_they_are_asked_for(plan):
    with pytest.raises(InputError, match=r"planned=\[0, 12, 24\] \(--planned 0,12,24\)"):
        plan_visits(at(plan))
    assert set(plan_visits(at(plan), planned=[0, 12, 24])[0]["week"]) == {0, 12, 24}


def test_a_visit_that_few_patients_have_is_named():
    notes = plan_visits(at({who: (0, 12, 16, 24) if who == "A" else (0, 12, 24) for who in "ABCDE"}))[2]
    assert notes == ["Few patients have a row at week 16 (1 of 5); the others have no visit there."]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"planned": "x"}, "planned is 'x'"), ({"planned": [12, np.nan]}, "planned is"), ({"planned": []}, "planned is"),
        ({"windows": -1}, "windows is -1"), ({"windows": "a=b"}, "windows is 'a=b'"),
        ({"windows": {13: 7}}, "days by planned week .of 0, 12, 24"),
        ({"windows": "soon"}, "windows is 'soon'"),
    ],
)  # fmt: skip
def test_options_that_cannot_be(tmp_path, options, words):
    with pytest.raises(InputError, match=words):
        verdicts(tmp_path, six(), **options)


def test_what_was_planned_for_a_file_holds_for_its_table(tmp_path):
    # Everybody came in week 12 or 14, nobody in both: only the plan says that these are two visits.
    table = six().assign(week=lambda t: t["week"] + 2 * ((t["week"] == 12) & t["patient"].isin(["P2", "P4", "P6"])))
    table.to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(InputError, match="to which one week 12 and 14 belongs is not clear"):
        read_visit_file(tmp_path / "v.csv")
    visits = read_visit_file(tmp_path / "v.csv", planned=[0, 12, 14, 24]).visits
    found = score_visits(visits, "modified-sri").responders()
    assert found["week"].unique().tolist() == [12, 14, 24]


def test_a_table_is_planned_like_a_file(tmp_path):
    table = screened(as_they_came(six()), sledai=0).assign(visit=lambda t: "at " + t["week"].astype(str))
    table["visit"] = [f"week {week:g}" for week in table["week"]]
    scored = score_visits(table, "modified-sri")
    found = scored.to_frame()
    assert {(row.patient, int(row.week)) for row in found.itertuples() if row.responder} == RESPONDERS
    assert any("planned weeks 0, 12 and 24" in note for note in scored.notes)
    planned = score_visits(six().assign(visit=six()["week"].astype(str)), "modified-sri").to_frame()
    assert planned["responder"].tolist() == found["responder"].tolist()
    with pytest.raises(InputError):  # the rule itself takes planned visits only
        sri(table, components=("sledai", "pga"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patient": [["A"]] * 18}, "column 'patient' holds lists"),
        ({"week": [0, None, 24] * 6}, "column 'week': an empty cell is not allowed"),
        ({"week": pd.array([0, None, 24] * 6, dtype="Int64")}, "column 'week': an empty cell is not allowed"),
        ({"week": [0, 12, 12] * 6}, "two rows for the same visit"),
    ],
)
def test_keys_of_a_table_that_cannot_be(change, words):
    with pytest.raises(InputError, match=words):
        score_visits(six(visit=["baseline", "week 12", "week 24"] * 6).assign(**change), "modified-sri")
