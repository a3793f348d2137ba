"""``lupus-kit score`` as its user meets it: what it prints, what it writes, and what it says to bad input."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

from lupus_kit import cli, inference
from lupus_kit.endpoints import SLEDAI_ITEMS, VISIT_FILE_COLUMNS, example_visit_file


@pytest.fixture
def run(capsys):
    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["score", *map(str, arguments)])
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return call


@pytest.fixture
def visits(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_bytes(example_visit_file().read_bytes())
    return path


def test_the_example_is_scored_with_reasons_and_compared(run, visits):
    code, out, err = run(visits)
    assert (code, err) == (0, "")
    assert "SRI-4: visits.csv" in out
    # Worked out by hand in tests/test_endpoints_visit_file.py.
    for words in ("week 12  drug     4/6         66.7%", "week 24  placebo  0/6         0.0%"):
        assert words in out
    assert "E03      drug     week 12  Not a responder: PGA rose by 0.30 (it must rise by less than 0.30)." in out
    assert "Check the rules against the official index forms before any clinical use." in out
    assert f"{inference.pvalue('fisher', 4, 6, 1, 6):.4f}" in out
    assert run("--example")[1].splitlines()[4:8] == out.splitlines()[4:8]


def test_protein_without_an_earlier_value_is_a_choice(run, tmp_path):
    ids = [name for name in SLEDAI_ITEMS["id"] if name != "proteinuria"]
    rows = [
        {"patient": "A", "week": w, "pga": 1, "protein_24h_g": p, **dict.fromkeys(ids, 0)}
        for w, p in ((0, 1.2), (12, 0.2))
    ]
    path = tmp_path / "visits.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    for choice, responders in (("present", "1/1"), ("absent", "0/1"), ("missing", "0/1")):
        code, out, _ = run(
            path, "--endpoint", "modified-sri", "--sledai-version", "SELENA", "--first-visit-protein", choice
        )
        assert code == 0
        assert f"in 1 patient protein was above its limit without an earlier value and is taken as {choice}" in out
        assert responders in out
    assert run(path, "--endpoint", "modified-sri", "--first-visit-protein", "new")[0] != 0


def test_events_and_steroids_are_asked_for_by_name(run, tmp_path):
    path = tmp_path / "doses.csv"
    path.write_text(
        "patient,week,sledai,pga,prednisone_mg_day,rescue\nA,0,12,1,10,0\nA,12,4,1,40,0\nA,24,4,1,10,0\n"
        "B,0,12,1,10,0\nB,12,4,1,10,1\nB,24,4,1,10,0\n"
    )
    asked = (path, "--endpoint", "modified-sri", "--format", "json")

    def responders(*more):
        whole = json.loads(run(*asked, *more)[1])
        return [row["responders"] for row in whole["responders"]], whole["notes"]

    counts, notes = responders()
    assert counts == [0, 1]
    assert "Non-response by the rule on steroids (1): A." in notes
    assert any(note.startswith("Events, composite: ") and note.endswith("rescue (1): B.") for note in notes)
    assert responders("--events", "treatment_policy")[0] == [2, 2]
    assert responders("--events", "hypothetical", "--missing", "best")[0] == [2, 2]
    assert responders("--steroids", "none")[0] == [1, 1]
    assert responders("--steroids", "muse")[0] == [0, 0]
    for option, word, said in (("--events", "composit", "'composite'"), ("--steroids", "mouse", "'muse'")):
        code, _, err = run(*asked, option, word)
        assert code != 0
        assert said in err


def test_json_holds_counts_comparison_and_verdicts(run, visits):
    whole = json.loads(run(visits, "--format", "json")[1])
    assert whole["endpoint"] == "SRI-4"
    assert [row["responders"] for row in whole["responders"]] == [4, 1, 3, 0]
    week12 = whole["comparison"][0]
    assert (week12["drug"], week12["placebo"]) == ("4/6", "1/6")
    assert week12["difference"] == pytest.approx(0.5)
    for key in ("pearson", "fisher", "boschloo"):
        assert week12[f"p_{key}"] == pytest.approx(float(inference.pvalue(key, 4, 6, 1, 6)), rel=1e-9)
    assert len(whole["patients"]) == 24
    assert {row["responder"] for row in whole["patients"]} == {True, False}


@pytest.mark.parametrize(
    ("name", "start"), [("o.csv", "patient,"), ("o.json", "{"), ("o.md", "# SRI-4"), ("o.txt", "SRI-4")]
)
def test_the_ending_of_out_chooses_the_format_and_every_format_holds_every_patient(run, visits, tmp_path, name, start):
    code, out, err = run(visits, "--out", tmp_path / name)
    assert (code, out) == (0, "")
    assert f"Wrote {tmp_path / name}." in err
    written = (tmp_path / name).read_text(encoding="utf-8")
    assert written.startswith(start)
    assert all(f"E{k:02}" in written for k in range(1, 13))


def test_options_reach_the_rule(run, visits):
    assert "E04      drug     week 12  Responder" in run(visits, "--no-b-to-a")[1]
    assert "SRI-6: " in run(visits, "--points", "6")[1]
    assert "E06      drug     week 24  Undecided" in run(visits, "--missing", "observed")[1]
    assert "modified SRI-4 (no BILAG)" in run(visits, "--endpoint", "modified-sri")[1]
    assert "In LLDAS" in run(visits, "--endpoint", "lldas")[1]


def test_one_arm_and_three_arms_are_not_compared_and_said(run, tmp_path):
    table = pd.read_csv(example_visit_file(), comment="#")
    table.drop(columns="arm").to_csv(tmp_path / "none.csv", index=False)
    table.assign(arm="drug").to_csv(tmp_path / "one.csv", index=False)
    table.assign(arm=table["patient"].str[-1].map(lambda d: "abc"[int(d) % 3])).to_csv(
        tmp_path / "three.csv", index=False
    )
    for name, words in (("none", "There is no column 'arm'"), ("one", "1 arm found"), ("three", "3 arms found")):
        code, out, _ = run(tmp_path / f"{name}.csv")
        assert code == 0
        assert words in out
        assert "The two arms" not in out


def test_template_columns_and_round_trip(run, tmp_path):
    code, out, _ = run("--template")
    assert code == 0
    assert out.startswith("patient,visit,week,arm,")
    for name in ("t.csv", "t.xlsx"):
        assert run("--template", "--out", tmp_path / name)[0] == 0
        assert (tmp_path / name).stat().st_size > 100
    assert "sledai" not in out.split(",")
    assert "pga_week24" in run("--template", "--layout", "wide")[1]
    listed = run("--columns")[1]
    assert all(f"  {name}: " in listed for name in VISIT_FILE_COLUMNS["name"])
    assert "also: patient id, subject" in listed


def test_bad_cells_are_all_told_and_nothing_is_written(run, visits, tmp_path):
    table = pd.read_csv(visits, comment="#", dtype=object)
    table.loc[:, "pga"] = "high"
    table.to_csv(visits, index=False)
    target = tmp_path / "out.csv"
    target.write_text("old")
    code, out, err = run(visits, "--out", target)
    assert (code, out) == (2, "")
    assert err.startswith("lupus-kit: 34 bad cells in visits.csv; nothing was scored:\n")
    assert err.count("'high' is not allowed (a number from 0 to 3, or empty)") == 20
    assert "... and 14 more in 'pga'" in err
    assert target.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "visits.csv"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give one of FILE, --template, --columns and --example (nothing given)"),
        (["x.csv", "--template"], "FILE and --template given"),
        (["none.csv"], "there is no file 'none.csv'"),
        (["--example", "--endpoint", "sri4"], "unknown endpoint 'sri4': did you mean 'sri'"),
        (["--example", "--missing", "nri"], "unknown way to handle missing data 'nri'"),
        (["--example", "--sledai-version", "3K"], "unknown SLEDAI version '3K'"),
        (["--example", "--points", "9"], "'--points': Input should be less than or equal to 8"),
        (["--example", "--format", "pdf"], "'pdf' is not one of"),
        (["--example", "--pga-scale", "0-5"], "'0-5' is not one of"),
        (["--example", "--endpoint", "sri-50", "--missing", "sometimes"], "unknown way"),
        (["--template", "--out", "t.pdf"], "a table is written as .csv or .xlsx"),
        (["--example", "--out", "/nowhere/out.csv"], "there is no folder"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_template_never_overwrites(run, tmp_path):
    (tmp_path / "t.csv").write_text("mine")
    code, _, err = run("--template", "--out", tmp_path / "t.csv")
    assert code == 2
    assert "is not overwritten" in err
    assert (tmp_path / "t.csv").read_text() == "mine"


def test_a_large_trial_is_compared_by_the_tests_that_can(run, tmp_path):
    rows = [
        (f"P{k}", week, "ab"[k % 2], 10 if week == 0 or (k // 2) % (2 + k % 2) else 4)
        for k in range(2200)
        for week in (0, 12)
    ]
    table = pd.DataFrame(rows, columns=["patient", "week", "arm", "sledai"]).assign(pga=1.0)
    table.to_csv(tmp_path / "v.csv", index=False)
    code, out, _ = run(tmp_path / "v.csv", "--endpoint", "modified-sri", "--format", "json")
    assert code == 0
    (week12,) = json.loads(out)["comparison"]
    assert (week12["a"], week12["b"]) == ("550/1100", "367/1100")
    assert week12["p_boschloo"] is None
    assert week12["p_pearson"] == pytest.approx(float(inference.pvalue("pearson", 550, 1100, 367, 1100)), rel=1e-9)
    assert "too large" in run(tmp_path / "v.csv", "--endpoint", "modified-sri")[1]


def test_a_test_that_needs_a_responder_is_not_called_too_large(run, tmp_path):
    (tmp_path / "v.csv").write_text("patient,week,arm,sledai,pga\n1,0,a,9,1\n1,12,a,9,1\n2,0,b,9,1\n2,12,b,9,1\n")
    out = run(tmp_path / "v.csv", "--endpoint", "modified-sri")[1]
    assert "not defined" in out
    assert "too large" not in out


def test_the_file_of_visits_is_never_overwritten(run, visits, tmp_path):
    before = visits.read_bytes()
    for out in (visits, tmp_path / "." / "visits.csv"):
        code, _, err = run(visits, "--out", out)
        assert code == 2
        assert "would be lost" in err
    assert visits.read_bytes() == before


@pytest.mark.parametrize("ending", [".xlsx", ".parquet", ".pdf"])
def test_an_ending_that_would_mislead_is_refused(run, visits, tmp_path, ending):
    code, _, err = run(visits, "--out", tmp_path / f"o{ending}")
    assert code == 2
    assert "a result is written as" in err
    assert not (tmp_path / f"o{ending}").exists()


def test_the_arms_stand_in_the_order_of_the_file_or_as_told(run, tmp_path):
    table = pd.read_csv(example_visit_file(), comment="#")
    table.iloc[::-1].to_csv(tmp_path / "v.csv", index=False)

    week12 = json.loads(run(tmp_path / "v.csv", "--format", "json")[1])["comparison"][0]
    assert list(week12)[1:3] == ["placebo", "drug"]
    assert week12["difference"] == pytest.approx(-0.5)
    assert "The difference is drug minus placebo" in run(tmp_path / "v.csv", "--first-arm", "drug")[1]
    code, _, err = run(tmp_path / "v.csv", "--first-arm", "drugs")
    assert code == 2
    assert "unknown arm 'drugs': did you mean 'drug'" in err
    table.drop(columns="arm").to_csv(tmp_path / "none.csv", index=False)
    assert run(tmp_path / "none.csv", "--first-arm", "drug")[0] == 2


def test_csv_has_its_notes_beside_it(run, tmp_path):
    pd.read_csv(example_visit_file(), comment="#").assign(site=1).to_csv(tmp_path / "v.csv", index=False)
    code, out, err = run(tmp_path / "v.csv", "--format", "csv")
    assert code == 0
    assert len(pd.read_csv(io.StringIO(out))) == 24
    assert "Columns that were not read: site." in err
    assert "Check the rules against the official index forms" in err


def test_a_patient_without_an_arm_is_shown(run, tmp_path):
    table = pd.read_csv(example_visit_file(), comment="#")
    table.loc[table["patient"] == "E01", "arm"] = None
    table.to_csv(tmp_path / "v.csv", index=False)
    out = run(tmp_path / "v.csv")[1]
    assert "week 12  (no arm)  1/1" in out
    assert "No arm, so in no comparison (1): E01." in out


def test_standard_input_is_read_as_csv(run, visits, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(visits.read_bytes()), encoding="utf-8"))
    code, out, _ = run("-")
    assert code == 0
    assert out.splitlines()[0] == "SRI-4: standard input"
    assert out.splitlines()[1:] == run(visits)[1].splitlines()[1:]


def test_the_tests_of_a_file_are_said_in_a_table(run, tmp_path):
    rows = [
        (who, week, "ab"[who % 2], code, value)
        for who in range(4)
        for week, total, pga in ((0, 10, 1.0), (12, 10 - 3 * who, 1.0))
        for code, value in (("T1", total), ("T2", pga), ("T3", 7))
    ]
    table = pd.DataFrame(rows, columns=["patient", "week", "arm", "test", "value"])
    table.to_csv(tmp_path / "v.csv", index=False)
    assert "no test is known" in run(tmp_path / "v.csv")[2]
    (tmp_path / "codes.csv").write_text("code,column\nT1,sledai\nT2,pga\n")
    code, out, _ = run(tmp_path / "v.csv", "--codes", tmp_path / "codes.csv", "--endpoint", "modified-sri")
    assert code == 0
    assert "week 12  a    1/2" in out  # patients 0 and 2 fell by 0 and 6, patients 1 and 3 by 3 and 9
    assert "Columns that were not read: test T3." in out


def test_visits_as_they_happened_screening_and_codes_are_settled_by_options(run, tmp_path):
    path = tmp_path / "v.csv"
    rows = [
        "patient,arm,week,sledai,pga",
        "A,a,-4,10,1",
        "A,a,13,4,1",
        "B,b,0,10,1",
        "B,b,11,99,1",
        "C,b,0,10,1",
        "C,b,12,4,1",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    base = (path, "--endpoint", "modified-sri")
    code, out, err = run(*base)
    assert (code, out) == (2, "")
    assert "--planned 0,12,24" in err
    assert "missing_codes=99 (--missing-codes 99)" in run(*base, "--planned", "0,12")[2]
    code, out, err = run(*base, "--planned", "0,12", "--missing-codes", "99")
    assert (code, err) == (0, "")
    assert "week 12  a    0/1" in out
    assert out.count("Kept apart and not scored, of 1 patient: 1 row before baseline (screening).") == 1
    options = ("--planned", "0,12", "--missing-codes", "99", "--screening", "baseline_if_missing")
    assert "week 12  a    1/1" in run(*base, *options)[1]
    assert "week 12  a    0/1" in run(*base, *options, "--windows", "6")[1]


@pytest.mark.parametrize("wide", [False, True])
def test_strata_covariates_and_the_estimand_are_on_the_page(run, tmp_path, wide):
    table = pd.read_csv(example_visit_file(), comment="#")
    site = table["patient"].str[-1].astype(int) % 2
    path = tmp_path / "v.csv"
    if wide:
        fields = [name for name in table if name not in ("patient", "visit", "week", "arm")]
        stacked = table.pivot(index=["patient", "arm"], columns="week", values=fields)
        stacked.columns = [f"{field}_week{week}" for field, week in stacked.columns]
        stacked = stacked.reset_index()
        stacked.assign(Site=stacked["patient"].str[-1].astype(int) % 2, dose=" NA").to_csv(path, index=False)
    else:
        table.assign(Site=site.where(table["week"] == 0), dose="NA").to_csv(path, index=False)
    asked = [path, "--strata", "site", "--covariates", "sledai"]
    if not wide:
        asked += ["--imputations", "2", "--seed", "1"]
    whole = json.loads(run(*asked, "--format", "json")[1])
    assert [row["attribute"] for row in whole["estimand"]][:2] == ["population", "treatment"]
    scored = pd.DataFrame(whole["patients"])
    scored["site"] = scored["patient"].str[-1].astype(int) % 2
    for week in (12, 24):
        by_hand = inference.stratified(
            scored[scored["week"] == week], strata="site", outcome="responder", arm="arm", first_arm="drug"
        )
        cmh, first = [row for row in whole["analysis"] if row["week"] == week][:2]
        assert (cmh["analysis"], cmh["estimate"]) == ("Cochran–Mantel–Haenszel", None)
        assert cmh["p"] == first["p"] == pytest.approx(by_hand.cmh.p, rel=1e-9)
        assert first["estimate"] == pytest.approx(by_hand.intervals["miettinen_nurminen_cmh"].estimate, rel=1e-9)
    if wide:
        return
    assert len(whole["imputation"]) == 6
    assert len(whole["tipping"]) == 25
    page = run(*asked, "--format", "markdown")[1]
    for title in (
        "# SRI-4: v.csv",
        "| Estimand | ",
        "## Strata and covariates",
        "## Multiple imputation",
        "## Tipping point",
    ):
        assert f"\n{title}" in f"\n{page}"
    assert "Risk differences are drug minus placebo in percentage points, ratios drug over placebo" in page
    assert "Columns that were not read: dose." in page
    tipped = sum(row["p"] is not None and row["p"] >= 0.05 for row in whole["tipping"])
    assert f"p is 0.05 or more in {tipped} of 25." in page
    code, out, err = run(path, "--strata", "sit")
    assert (code, out) == (2, "")
    assert "unknown column 'sit': did you mean 'Site'" in err


@pytest.mark.parametrize(
    ("endpoint", "title", "counts"),
    [("flare", "no SELENA flare since baseline", ["1/2", "0/1"]),
     ("severe-flare", "no severe SELENA flare since baseline", ["2/2", "1/1"]),
     ("renal", "complete renal response, KDIGO 2012", ["1/2", "0/1"]),
     ("renal-partial", "partial or complete renal response, KDIGO 2012", ["1/2", "1/1"])],
)  # fmt: skip
def test_flares_and_renal_response_of_a_file(run, tmp_path, endpoint, title, counts):
    path = tmp_path / "v.csv"
    path.write_text(
        "patient,week,arm,sledai,pga,prednisone,weight,upcr_g_g,creatinine_mg_dl,creatinine_mg_dl_preflare,new skin\n"
        "A,0,drug,6,1,5,60,2,1,1,0\nA,12,drug,6,1,5,60,0.4,1,,0\nB,0,drug,6,1,5,60,2,1,1,0\nB,12,drug,10,1,5,60,1.2,1,,0\n"
        "C,0,placebo,6,1,5,60,2,1,1,0\nC,12,placebo,6,1,5,60,0.9,1,,1\n"
    )
    code, out, _ = run(path, "--endpoint", endpoint)
    assert code == 0
    assert out.startswith(f"{title}: v.csv")
    rows = [line.split() for line in out.splitlines() if line.startswith("week 12  ")]
    assert [(row[2], row[3]) for row in rows[:2]] == [*zip(("drug", "placebo"), counts, strict=True)]
    if endpoint == "renal":
        assert run(path, "--endpoint", "renal", "--definition", "KDIGO 2012 as tabled by Parikh 2020")[0] == 0
        assert run(path, "--endpoint", "sri", "--definition", "KDIGO 2024")[0] == 2


def test_all_definitions_of_a_file_stand_side_by_side(run, visits):
    code, out, _ = run(visits, "--endpoint", "all")
    assert code == 0
    assert out.count("week 12") == out.count("week 24") > 8
    assert "SRI-8       " in out
    assert "BICLA       " in out
