"""CDISC-flavoured export: five analysis data sets as SAS transport files, for those who teach with them.

Names and labels follow the ADaM guide as far as a teaching data set needs; it is not a submission. Transport
files (version 5) allow eight letters for a name and forty for a label.
"""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lupus_kit.cohort.files.schema import check_tables
from lupus_kit.cohort.files.storage import write_folder
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.core.extras import need
from lupus_kit.endpoints import BILAG_CODING, SLEDAI_ITEMS, sri

_MARKER = "variables.csv"
_STUDY = "LUPUSKIT"
_INVENTED = "invented"
_DERIVED = "derived from invented values"
_ALLOCATED = "published design, invented allocation"
_Tables = Mapping[str, pd.DataFrame]

#: Names of at most eight letters and labels: variables of ADSL and ADAE, and parameters of ADQS and ADLB, with their columns.
_NAMES = pd.read_csv(Path(__file__).with_name("data") / "cdisc.csv", keep_default_na=False)
_POINTS = dict(zip("ABCDE", BILAG_CODING, strict=True))


class _Variable(NamedTuple):
    """One variable of a data set; a single text stands in every row."""

    name: str
    label: str
    values: Any
    origin: str = _INVENTED


def _yes_no(values: pd.Series) -> np.ndarray:
    return np.where(values.astype(bool), "Y", "N").astype(object)


def _who(who: pd.Series) -> list[_Variable]:
    return [
        _Variable("STUDYID", "Study Identifier", _STUDY),
        _Variable("USUBJID", "Unique Subject Identifier", f"{_STUDY}-" + who.astype(object)),
    ]


def _keys(frame: pd.DataFrame) -> list[_Variable]:
    return [*_who(frame["patient"]), _Variable("TRTP", "Planned Treatment", frame["arm"], _ALLOCATED)]


def _visit(frame: pd.DataFrame, code: Any, name: Any) -> list[_Variable]:
    return [
        *_keys(frame),
        _Variable("PARAMCD", "Parameter Code", code),
        _Variable("PARAM", "Parameter", name),
        _Variable("AVISIT", "Analysis Visit", frame["visit"]),
        _Variable("AVISITN", "Analysis Visit (N)", frame["week"]),
        _Variable("ADY", "Analysis Relative Day", _study_day(7 * frame["week"])),
    ]


def _study_day(days: Any) -> np.ndarray:
    """Study day: the day of the first injection is day 1; there is no day 0."""
    return np.asarray(days, dtype=float) + 1


def _named(data_set: str, frame: pd.DataFrame) -> list[_Variable]:
    """Return the columns of a table under their names in a data set; ``=TEXT`` stands in every row."""
    return [
        _Variable(
            row.code, row.label, row.column[1:] if row.column[0] == "=" else _coded(frame[row.column]), row.origin
        )
        for row in _NAMES[_NAMES["data_set"] == data_set].itertuples()
    ]


def _coded(values: pd.Series) -> Any:
    return _yes_no(values) if values.dtype == bool else values


def _adsl(tables: _Tables) -> list[_Variable]:
    p = tables["patients"]
    left = p["dropout_day"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    people = p.assign(
        sex_letter=np.where(p["sex"] == "female", "F", "M"), completed=np.isnan(left), last_day=_study_day(left),
        why_left=np.where(np.isnan(left), "", "INVENTED DROPOUT"),
    )  # fmt: skip
    return [*_who(p["patient"]), *_named("ADSL", people)]


def _measured(frame: pd.DataFrame, measures: list[tuple[str, str, Any, Any]]) -> list[_Variable]:
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
    return [
        *_visit(table, table["code"], table["name"]),
        _Variable("AVAL", "Analysis Value", table["value"]),
        _Variable("AVALC", "Analysis Value (C)", table["text"]),
        _Variable("BASE", "Baseline Value", base, _DERIVED),
        _Variable("CHG", "Change from Baseline", change, _DERIVED),
        _Variable("ABLFL", "Baseline Record Flag", np.where(table["week"] > 0, "", "Y"), _DERIVED),
    ]


def _parameters(data_set: str, frame: pd.DataFrame) -> list[_Variable]:
    """Return the parameters of a data set that are recorded: numbers, grades with their points, and findings as 1 and 0."""
    measures: list[tuple[str, str, Any, Any]] = []
    for row in _NAMES[_NAMES["data_set"] == data_set].itertuples():
        if row.column in frame:
            values = frame[row.column]
            grade = isinstance(values.dtype, pd.CategoricalDtype)
            text: Any = values.astype(object) if grade else _yes_no(values) if values.dtype == bool else ""
            measures.append((row.code, row.label, text.map(_POINTS) if grade else values, text))
    return _measured(frame, measures)


def _adqs(tables: _Tables) -> list[_Variable]:
    return _parameters(
        "ADQS", tables["visits"].join(tables["sledai"][list(SLEDAI_ITEMS["id"])]).join(tables["bilag"]["bilag_total"])
    )


def _adlb(tables: _Tables) -> list[_Variable]:
    return _parameters("ADLB", tables["labs"].join(tables["immune"][["treg_percent_cd4", "nk_per_ul"]]))


def _adrs(tables: _Tables) -> list[_Variable]:
    answers = sri(tables["visits"])
    responder = answers["responder"].astype(bool)
    return [
        *_visit(answers, "SRI4", "SRI-4 response, missing is non-response"),
        _Variable("AVAL", "Analysis Value", responder.astype(int), _DERIVED),
        _Variable("AVALC", "Analysis Value (C)", _yes_no(responder), _DERIVED),
        _Variable("DTYPE", "Derivation Type", np.where(answers["imputed"], "NRI", ""), _DERIVED),
    ]


def _adae(tables: _Tables) -> list[_Variable]:
    events = tables["adverse_events"]
    name = events["event"].astype("str")
    number = events.groupby("patient", sort=False).cumcount() + 1
    told = events.assign(
        number=number, name=name, capitalised=name.str.capitalize(), study_day=_study_day(events["day"])
    )
    return [*_keys(events), *_named("ADAE", told)]


_DATA_SETS: dict[str, tuple[str, Callable[[_Tables], list[_Variable]]]] = {
    "ADSL": ("Subject-Level Analysis (invented)", _adsl),
    "ADQS": ("Activity Scores Analysis (invented)", _adqs),
    "ADRS": ("SRI-4 Response Analysis (invented)", _adrs),
    "ADLB": ("Laboratory Analysis (invented)", _adlb),
    "ADAE": ("Adverse Events Analysis (invented)", _adae),
}


def data_sets(tables: _Tables) -> dict[str, tuple[str, pd.DataFrame, dict[str, str], dict[str, str]]]:
    """Make the five data sets: by name their label, data, labels of the variables and origins."""
    made = {}
    for name, (label, build) in _DATA_SETS.items():
        variables = build(tables)
        rows = len(variables[1].values)
        frame = pd.DataFrame({v.name: _plain(v.values, rows) for v in variables})
        made[name] = (label, frame, {v.name: v.label for v in variables}, {v.name: v.origin for v in variables})
    return made


def _plain(values: Any, rows: int) -> np.ndarray:
    """Return numbers as they are and everything else as plain texts; one text is repeated."""
    column = np.full(rows, values, dtype=object) if isinstance(values, str) else np.asarray(values)
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
            longest = max([1, *(len(v.encode()) for v in values)]) if text else 8
            what = (str(variable), "Char" if text else "Num", str(longest), labels[str(variable)])
            rows.append((name, *what, origins[str(variable)]))
    with (folder / _MARKER).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
