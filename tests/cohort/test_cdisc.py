"""The CDISC-flavoured export: transport files read back and compared with the tables they come from."""

from __future__ import annotations

import csv
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from lupus_kit import endpoints
from lupus_kit.cohort import Assumptions, Cohort, what_if
from lupus_kit.cohort.files.cdisc import data_sets
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS, read_visit_file, score_visits

NAMES = ("adsl", "adqs", "adrs", "adlb", "adae")


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return what_if(Assumptions(dropout_rate=0.3), n_per_arm=12, seed=8)


@pytest.fixture(scope="module")
def folder(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort.to_cdisc(tmp_path_factory.mktemp("cdisc") / "export")


@pytest.fixture(scope="module")
def few() -> Cohort:
    """One patient in each arm, where it is not the tables that count."""
    return what_if(n_per_arm=1, seed=8)


@pytest.fixture(scope="module")
def made(cohort: Cohort) -> dict[str, tuple[str, pd.DataFrame, dict[str, str], dict[str, str]]]:
    return data_sets(cohort.tables)


@cache
def read(folder: Path, name: str) -> pd.DataFrame:
    return pyreadstat.read_xport(str(folder / f"{name}.xpt"))[0]


def subject(patients: pd.Series) -> list[str]:
    return [f"LUPUSKIT-{p}" for p in patients]


@pytest.mark.parametrize("name", NAMES)
def test_names_labels_and_lengths_keep_the_limits_of_version_5(folder: Path, name: str) -> None:
    frame, meta = pyreadstat.read_xport(str(folder / f"{name}.xpt"))
    assert meta.table_name == name.upper()
    assert "invented" in meta.file_label
    assert len(meta.file_label) <= 40
    for variable, label in zip(meta.column_names, meta.column_labels, strict=True):
        assert variable.isupper()
        assert len(variable) <= 8
        assert 0 < len(label) <= 40
    for name_of in frame.select_dtypes(exclude="number"):
        assert frame[name_of].astype(str).str.encode("ascii").str.len().max() <= 200


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_back_is_what_was_made(
    made: dict[str, tuple[str, pd.DataFrame, dict[str, str], dict[str, str]]], folder: Path, name: str
) -> None:
    _, data, labels, _ = made[name.upper()]
    frame, meta = pyreadstat.read_xport(str(folder / f"{name}.xpt"))
    assert dict(zip(meta.column_names, meta.column_labels, strict=True)) == labels
    assert list(frame.columns) == list(data.columns)
    assert len(frame) == len(data)
    for column in data:
        if pd.api.types.is_numeric_dtype(data[column]):
            assert np.array_equal(frame[column].to_numpy(float), data[column].to_numpy(float), equal_nan=True), column
        else:
            assert frame[column].astype(object).tolist() == data[column].astype(object).tolist(), column


def test_every_variable_is_documented_with_its_origin(folder: Path) -> None:
    with (folder / "variables.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in NAMES:
        own = [row for row in rows if row["dataset"] == name.upper()]
        frame = read(folder, name)
        assert [row["variable"] for row in own] == list(frame.columns)
        for row in own:
            assert row["type"] == ("Num" if pd.api.types.is_numeric_dtype(frame[row["variable"]]) else "Char")
            assert "invented" in row["origin"]


def test_adsl_is_the_table_of_patients(cohort: Cohort, folder: Path) -> None:
    adsl, people = read(folder, "adsl"), cohort.patients
    assert adsl["USUBJID"].tolist() == subject(people["patient"])
    assert adsl["TRT01P"].tolist() == people["arm"].astype(str).tolist()
    assert adsl["AGE"].tolist() == people["age_years"].tolist()
    assert adsl["WEIGHTBL"].tolist() == people["weight_kg"].tolist()
    assert (adsl["SEX"] == "F").tolist() == (people["sex"] == "female").tolist()
    assert (adsl["HCQFL"] == "Y").tolist() == people["hydroxychloroquine"].tolist()
    assert (adsl["COMPLFL"] == "N").tolist() == people["dropout_day"].notna().tolist()
    left = people["dropout_day"].dropna()
    assert adsl["EOSDY"].dropna().tolist() == (left + 1).tolist()  # study day 1 is the first injection


def test_adqs_and_adlb_hold_every_score_and_value(cohort: Cohort, folder: Path) -> None:
    adqs, adlb = read(folder, "adqs"), read(folder, "adlb")
    assert adqs.groupby("PARAMCD").size().eq(len(cohort.visits)).all()
    assert adqs["PARAMCD"].nunique() == 5 + len(BILAG_SYSTEMS) + len(SLEDAI_ITEMS)
    for code, values in (("SLEDAI", cohort.visits["sledai"]), ("PGA", cohort.visits["pga"])):
        assert adqs.loc[adqs["PARAMCD"] == code, "AVAL"].tolist() == values.tolist()
    assert adqs.loc[adqs["PARAMCD"] == "BGRENAL", "AVALC"].tolist() == cohort.bilag["bilag_renal"].astype(str).tolist()
    number = list(SLEDAI_ITEMS["id"]).index("rash") + 1
    rash = adqs.loc[adqs["PARAMCD"] == f"SLE{number:02d}"]
    assert (rash["AVAL"] == 1).tolist() == cohort.sledai["rash"].tolist()
    assert adlb.loc[adlb["PARAMCD"] == "C3", "AVAL"].tolist() == cohort.labs["c3_g_l"].tolist()
    assert adlb.loc[adlb["PARAMCD"] == "TREG", "AVAL"].tolist() == cohort.immune["treg_percent_cd4"].tolist()
    # Definitions of the derived columns.
    for frame in (adqs, adlb):
        entry = frame[frame["AVISITN"] == 0].set_index(["USUBJID", "PARAMCD"])["AVAL"]
        expected = entry.reindex(pd.MultiIndex.from_frame(frame[["USUBJID", "PARAMCD"]])).to_numpy()
        assert np.array_equal(frame["BASE"], expected)
        after = frame["AVISITN"] > 0
        assert np.allclose(frame.loc[after, "CHG"], frame.loc[after, "AVAL"] - frame.loc[after, "BASE"])
        assert frame.loc[~after, "CHG"].isna().all()
        assert (frame["ABLFL"] == "Y").tolist() == (~after).tolist()
        assert (frame["ADY"] == 7 * frame["AVISITN"] + 1).all()


def test_adrs_is_the_verdict_of_the_rule(cohort: Cohort, folder: Path) -> None:
    adrs, answers = read(folder, "adrs"), endpoints.sri(cohort.visits)
    assert adrs["USUBJID"].tolist() == subject(answers["patient"])
    assert (adrs["AVALC"] == "Y").tolist() == answers["responder"].tolist()
    assert (adrs["DTYPE"] == "NRI").tolist() == answers["imputed"].tolist()
    assert answers["imputed"].any()


def test_adae_is_the_table_of_events(cohort: Cohort, folder: Path) -> None:
    adae, events = read(folder, "adae"), cohort.adverse_events
    assert adae["AETERM"].tolist() == events["event"].astype(str).tolist()
    assert adae["ASTDY"].tolist() == (events["day"] + 1).tolist()
    assert (adae["AESER"] == "Y").tolist() == events["serious"].tolist()
    assert (adae.groupby("USUBJID")["AESEQ"].max() == adae.groupby("USUBJID").size()).all()


def test_a_cohort_without_events_can_be_exported(tmp_path: Path) -> None:
    none = dict.fromkeys(Assumptions().event_share_il2, 0.0)
    made = what_if(Assumptions(event_share_il2=none, event_share_placebo=none), n_per_arm=1, seed=1)
    assert len(read(made.to_cdisc(tmp_path / "x"), "adae")) == 0


def test_an_export_replaces_an_export_and_nothing_else(few: Cohort, tmp_path: Path) -> None:
    few.to_cdisc(few.to_cdisc(tmp_path / "x"))
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    few.save(tmp_path / "y")
    with pytest.raises(InputError, match="files that are not a CDISC export"):
        few.to_cdisc(tmp_path / "y")


def test_without_pyreadstat_the_line_to_install_it_is_said(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(InputError, match=r'needs pyreadstat.*python -m pip install "lupus-kit\[files\]"'):
        cohort.to_cdisc(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_export_leaves_the_old_one_whole(
    few: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few.to_cdisc(tmp_path / "x")
    before = {p.name: p.read_bytes() for p in (tmp_path / "x").iterdir() if p.suffix == ".csv"}

    def interrupted(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pyreadstat, "write_xport", interrupted)
    with pytest.raises(KeyboardInterrupt):
        few.to_cdisc(tmp_path / "x")
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    assert len(list((tmp_path / "x").iterdir())) == 6
    assert (tmp_path / "x" / "variables.csv").read_bytes() == before["variables.csv"]


def test_the_export_is_scored_like_the_cohort(cohort: Cohort, folder: Path) -> None:
    expected = score_visits(cohort.visits).to_frame()
    scored = score_visits(read_visit_file(folder / "adqs.xpt").visits).to_frame()
    assert scored["patient"].tolist() == [f"LUPUSKIT-{who}" for who in expected["patient"]]
    columns = ["week", "arm", "sledai_drop", "pga_rise", "new_a", "new_b", "responder", "imputed", "reason"]
    pd.testing.assert_frame_equal(scored[columns].astype(str), expected[columns].astype(str), check_dtype=False)
