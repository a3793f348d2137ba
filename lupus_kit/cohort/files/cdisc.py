"""CDISC-flavoured export: five analysis data sets as SAS transport files, for those who teach with them.

Names and labels follow the ADaM guide as far as a teaching data set needs; it is not a submission. Transport
files (version 5) allow eight letters for a name and forty for a label.
"""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.cohort.files.schema import check_tables
from lupus_kit.cohort.files.storage import write_folder
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.core.extras import need
from lupus_kit.endpoints import BILAG_CODING, SLEDAI_ITEMS, sri

_MARKER = "variables.csv"
_STUDY = "LUPUSKIT"
_Tables = Mapping[str, pd.DataFrame]

#: Variables of the data sets with their labels, their columns (``=TEXT`` stands in every row) and where they come from; and
#: the parameters of ADQS and ADLB. ADQS and ADLB have the variables called BDS, a basic data structure.
_NAMES = pd.read_csv(Path(__file__).with_name("data") / "cdisc.csv", keep_default_na=False)
_POINTS = dict(zip("ABCDE", BILAG_CODING, strict=True))


def _yes_no(values: pd.Series) -> np.ndarray:
    return np.where(values.astype(bool), "Y", "N").astype(object)


def _study_day(days: Any) -> np.ndarray:
    """Study day: the day of the first injection is day 1; there is no day 0."""
    return np.asarray(days, dtype=float) + 1


def _adsl(tables: _Tables) -> pd.DataFrame:
    p = tables["patients"]
    left = p["dropout_day"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return p.assign(
        sex_letter=np.where(p["sex"] == "female", "F", "M"), completed=np.isnan(left), last_day=_study_day(left),
        why_left=np.where(np.isnan(left), "", "INVENTED DROPOUT"),
    )  # fmt: skip


def _measured(frame: pd.DataFrame, measures: list[tuple[str, str, Any, Any]]) -> pd.DataFrame:
    """Stack measures below each other; each is code, name, number and text. Sorted by patient, measure, visit."""
    parts = [
        frame[["patient", "arm", "visit", "week"]].assign(
            measure=k, code=code, name=name, value=np.asarray(value, dtype=float), text=text
        )
        for k, (code, name, value, text) in enumerate(measures)
    ]
    who = pd.factorize(frame["patient"])[0]
    table = pd.concat(parts, ignore_index=True).assign(who=np.tile(who, len(measures)))
    table = table.sort_values(["who", "measure", "week"], kind="stable", ignore_index=True)
    entry = table["week"] == 0
    base = table["value"].where(entry).groupby([table["who"], table["measure"]]).transform("max")
    change = (table["value"] - base).round(6).where(table["week"] > 0)
    return table.assign(base=base, change=change, baseline=np.where(table["week"] > 0, "", "Y"))


def _parameters(data_set: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the parameters of a data set that are recorded: numbers, grades with their points, and findings as 1 and 0."""
    measures: list[tuple[str, str, Any, Any]] = []
    for row in _NAMES[_NAMES["data_set"] == data_set].itertuples():
        if row.column in frame:
            values = frame[row.column]
            grade = isinstance(values.dtype, pd.CategoricalDtype)
            text: Any = values.astype(object) if grade else _yes_no(values) if values.dtype == bool else ""
            measures.append((row.code, row.label, text.map(_POINTS) if grade else values, text))
    return _measured(frame, measures)


def _adqs(tables: _Tables) -> pd.DataFrame:
    return _parameters(
        "ADQS", tables["visits"].join(tables["sledai"][list(SLEDAI_ITEMS["id"])]).join(tables["bilag"]["bilag_total"])
    )


def _adlb(tables: _Tables) -> pd.DataFrame:
    return _parameters("ADLB", tables["labs"].join(tables["immune"][["treg_percent_cd4", "nk_per_ul"]]))


def _adrs(tables: _Tables) -> pd.DataFrame:
    answers = sri(tables["visits"])
    responder = answers["responder"].astype(bool)
    return answers.assign(value=responder.astype(int), text=responder, how=np.where(answers["imputed"], "NRI", ""))


def _adae(tables: _Tables) -> pd.DataFrame:
    events = tables["adverse_events"]
    name = events["event"].astype("str")
    number = events.groupby("patient", sort=False).cumcount() + 1
    return events.assign(
        number=number, name=name, capitalised=name.str.capitalize(), study_day=_study_day(events["day"])
    )


#: By name the label, the variables, and what makes their columns.
_DATA_SETS: dict[str, tuple[str, str, Callable[[_Tables], pd.DataFrame]]] = {
    "ADSL": ("Subject-Level Analysis (invented)", "ADSL", _adsl),
    "ADQS": ("Activity Scores Analysis (invented)", "BDS", _adqs),
    "ADRS": ("SRI-4 Response Analysis (invented)", "ADRS", _adrs),
    "ADLB": ("Laboratory Analysis (invented)", "BDS", _adlb),
    "ADAE": ("Adverse Events Analysis (invented)", "ADAE", _adae),
}


def data_sets(tables: _Tables) -> dict[str, tuple[str, pd.DataFrame, dict[str, str], dict[str, str]]]:
    """Make the five data sets: by name their label, data, labels of the variables and origins."""
    made = {}
    for name, (label, variables, build) in _DATA_SETS.items():
        frame, listed = build(tables), _NAMES[_NAMES["data_set"] == variables].set_index("code")
        frame["subject"] = f"{_STUDY}-" + frame["patient"].astype(object)
        if "week" in frame:
            frame["study_day"] = _study_day(7 * frame["week"])
        data = pd.DataFrame({code: _column(frame, column) for code, column in listed["column"].items()})
        made[name] = (label, data, listed["label"].to_dict(), listed["origin"].to_dict())
    return made


def _column(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return numbers as they are and everything else as plain texts; a text behind = stands in every row."""
    if name.startswith("="):
        return np.full(len(frame), name[1:], dtype=object)
    column = _yes_no(frame[name]) if frame[name].dtype == bool else np.asarray(frame[name])
    return column if column.dtype.kind in "biuf" else column.astype(object)


def write_cdisc(tables: _Tables, a: Assumptions | None, directory: Path) -> Path:
    """Write the export; see :meth:`Cohort.to_cdisc`."""
    need("pyreadstat", "files", "Writing SAS transport files")
    check_tables(tables, a, "table {!r}", 0)
    own = (_MARKER, *(f"{name.lower()}.xpt" for name in _DATA_SETS))
    return write_folder(directory, _MARKER, own, "a CDISC export", lambda folder: _write(tables, folder))


def _write(tables: _Tables, folder: Path) -> None:
    pyreadstat = need("pyreadstat", "files", "Writing SAS transport files")
    rows = [("dataset", "variable", "type", "length", "label", "origin")]
    for name, (label, frame, labels, origins) in data_sets(tables).items():
        path = str(folder / f"{name.lower()}.xpt")
        pyreadstat.write_xport(
            frame, path, file_label=label, column_labels=labels, table_name=name, file_format_version=5
        )
        for variable, values in frame.items():
            text = not pd.api.types.is_numeric_dtype(values.dtype)
            longest = max([1, *(len(v.encode()) for v in {*values})]) if text else 8
            what = (str(variable), "Char" if text else "Num", str(longest), labels[str(variable)])
            rows.append((name, *what, origins[str(variable)]))
    with (folder / _MARKER).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
