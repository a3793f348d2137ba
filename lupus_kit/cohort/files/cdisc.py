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

from lupus_kit.cohort.columns import MEDICINES
from lupus_kit.cohort.files.schema import check_tables
from lupus_kit.cohort.files.storage import write_folder
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.core.extras import need
from lupus_kit.endpoints import BILAG_CODING, BILAG_SYSTEMS, SLEDAI_ITEMS, sri

_MARKER = "variables.csv"
_STUDY = "LUPUSKIT"
_INVENTED = "invented"
_DERIVED = "derived from invented values"
_ALLOCATED = "published design, invented allocation"
_Tables = Mapping[str, pd.DataFrame]

#: Names of at most eight letters for the medicines at entry.
_MEDICINE_FLAGS = dict(
    zip(MEDICINES, ("HCQFL", "CYCFL", "AZAFL", "CSAFL", "MMFFL", "TACFL", "LEFFL", "THALFL", "MTXFL"), strict=True)
)
_BILAG_CODES = dict(
    zip(BILAG_SYSTEMS, ("CONST", "MUCO", "NEURO", "MSK", "CARD", "GI", "OPHTH", "RENAL", "HAEM"), strict=True)
)
_LABS = {
    "protein_24h_g": ("PROT24", "Protein in 24-hour urine (g/24 h)"),
    "c3_g_l": ("C3", "Complement C3 (g/L)"),
    "anti_dsdna_iu_ml": ("DSDNA", "Anti-dsDNA antibodies (IU/mL)"),
    "platelets_10e9_l": ("PLAT", "Platelets (10^9/L)"),
    "wbc_10e9_l": ("WBC", "Leukocytes (10^9/L)"),
    "temperature_c": ("TEMP", "Body temperature (C)"),
    "treg_percent_cd4": ("TREG", "Regulatory T cells (% of CD4)"),
    "nk_per_ul": ("NK", "Natural killer cells (cells/uL)"),
}


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


def _adsl(tables: _Tables) -> list[_Variable]:
    p = tables["patients"]
    left = p["dropout_day"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return [
        *_who(p["patient"]),
        _Variable("SUBJID", "Subject Identifier for the Study", p["patient"]),
        _Variable("TRT01P", "Planned Treatment for Period 01", p["arm"], _ALLOCATED),
        _Variable("TRT01A", "Actual Treatment for Period 01", p["arm"], _ALLOCATED),
        _Variable("AGE", "Age", p["age_years"]),
        _Variable("AGEU", "Age Units", "YEARS"),
        _Variable("SEX", "Sex", np.where(p["sex"] == "female", "F", "M")),
        _Variable("WEIGHTBL", "Weight (kg) at Baseline", p["weight_kg"]),
        _Variable("HEIGHTBL", "Height (cm) at Baseline", p["height_cm"]),
        _Variable("BSABL", "Body Surface Area (m2) at Baseline", p["bsa_m2"]),
        _Variable("DISDURM", "Disease Duration (months)", p["disease_duration_months"]),
        _Variable("LNFL", "Lupus Nephritis Flag", _yes_no(p["nephritis"])),
        *(
            _Variable(flag, f"{m.replace('_', ' ').capitalize()} at Baseline", _yes_no(p[m]))
            for m, flag in _MEDICINE_FLAGS.items()
        ),
        _Variable("ITTFL", "Intent-To-Treat Population Flag", "Y", _DERIVED),
        _Variable("COMPLFL", "Completers Population Flag", _yes_no(p["dropout_day"].isna()), _DERIVED),
        _Variable("EOSDY", "Study Day of End of Study if Early", _study_day(left)),
        _Variable("DCSREAS", "Reason for Discontinuation", np.where(np.isnan(left), "", "INVENTED DROPOUT")),
    ]


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


def _adqs(tables: _Tables) -> list[_Variable]:
    visits, bilag = tables["visits"], tables["bilag"]
    measures: list[tuple[str, str, Any, Any]] = [
        ("SLEDAI", "SLEDAI total", visits["sledai"], ""),
        ("PGA", "Physician Global Assessment (0-3)", visits["pga"], ""),
        ("BILAGTOT", "BILAG total (12/8/1)", bilag["bilag_total"], ""),
        ("RESCUE", "Rescue Treatment (yes=1)", visits["rescue"], _yes_no(visits["rescue"])),
        ("PREDN", "Prednisone Dose (mg/day)", visits["prednisone_mg_day"], ""),
    ]
    points = dict(zip("ABCDE", BILAG_CODING, strict=True))
    for system, code in _BILAG_CODES.items():
        grade = bilag[f"bilag_{system}"].astype(object)
        measures.append((f"BG{code}", f"BILAG grade, {system}", grade.map(points), grade))
    for number, item in enumerate(SLEDAI_ITEMS.itertuples(), start=1):
        present = tables["sledai"][item.id]
        measures.append((f"SLE{number:02d}", f"SLEDAI {item.label} (present=1)", present, _yes_no(present)))
    return _measured(visits, measures)


def _adlb(tables: _Tables) -> list[_Variable]:
    labs, immune = tables["labs"], tables["immune"]
    return _measured(labs, [(code, name, (labs if c in labs else immune)[c], "") for c, (code, name) in _LABS.items()])


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
    return [
        *_keys(events),
        _Variable("AESEQ", "Sequence Number", events.groupby("patient", sort=False).cumcount() + 1),
        _Variable("AETERM", "Reported Term for the Adverse Event", name),
        _Variable("AEDECOD", "Dictionary-Derived Term (not coded)", name.str.capitalize()),
        _Variable("AESER", "Serious Event", _yes_no(events["serious"])),
        _Variable("INFECFL", "Infection Flag", _yes_no(events["infection"])),
        _Variable("ASTDY", "Analysis Start Relative Day", _study_day(events["day"])),
        _Variable("TRTEMFL", "Treatment Emergent Analysis Flag", "Y", _DERIVED),
    ]


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
    return write_folder(directory, _MARKER, "a CDISC export", lambda folder: _write(tables, folder))


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
