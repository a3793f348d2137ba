"""CDISC-flavoured export: five analysis data sets as SAS transport files, for those who teach with them.

Names and labels follow the ADaM guide as far as a teaching data set needs; it is not a submission. Transport
files (version 5) allow eight letters for a name and forty for a label.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lupus_kit.cohort.columns import MEDICINES, TABLES
from lupus_kit.endpoints import BILAG_CODING, BILAG_SYSTEMS, SLEDAI_ITEMS, sri

if TYPE_CHECKING:
    from lupus_kit.cohort.tables import Cohort

_MARKER = "variables.csv"
_STUDY = "LUPUSKIT"
_PUBLISHED = "published"
_INVENTED = "invented"
_DERIVED = "derived from invented values"

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


@dataclass(frozen=True)
class _Variable:
    name: str
    label: str
    values: Any
    origin: str = _INVENTED


def _v(name: str, label: str, values: Any, origin: str = _INVENTED) -> _Variable:
    return _Variable(name, label, values, origin)


def _yes_no(values: pd.Series) -> np.ndarray:
    return np.where(values.astype(bool), "Y", "N").astype(object)


def _keys(who: pd.Series, arm: pd.Series) -> list[_Variable]:
    subject = who.astype(object)
    return [
        _v("STUDYID", "Study Identifier", np.full(len(who), _STUDY, dtype=object)),
        _v("USUBJID", "Unique Subject Identifier", (f"{_STUDY}-" + subject).astype(object)),
        _v("TRTP", "Planned Treatment", arm.astype(object), "published design, invented allocation"),
    ]


def _study_day(days: Any) -> np.ndarray:
    """Study day: the day of the first injection is day 1; there is no day 0."""
    return np.asarray(days, dtype=float) + 1


def _adsl(cohort: Cohort) -> list[_Variable]:
    p = cohort.patients
    who = p["patient"].astype(object)
    left = p["dropout_day"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return [
        _v("STUDYID", "Study Identifier", np.full(len(p), _STUDY, dtype=object)),
        _v("USUBJID", "Unique Subject Identifier", f"{_STUDY}-" + who),
        _v("SUBJID", "Subject Identifier for the Study", who),
        _v("TRT01P", "Planned Treatment for Period 01", p["arm"].astype(object), "published design, invented allocation"),
        _v("TRT01A", "Actual Treatment for Period 01", p["arm"].astype(object), "published design, invented allocation"),
        _v("AGE", "Age", p["age_years"]),
        _v("AGEU", "Age Units", np.full(len(p), "YEARS", dtype=object)),
        _v("SEX", "Sex", np.where(p["sex"] == "female", "F", "M").astype(object)),
        _v("WEIGHTBL", "Weight (kg) at Baseline", p["weight_kg"]),
        _v("HEIGHTBL", "Height (cm) at Baseline", p["height_cm"]),
        _v("BSABL", "Body Surface Area (m2) at Baseline", p["bsa_m2"]),
        _v("DISDURM", "Disease Duration (months)", p["disease_duration_months"]),
        _v("LNFL", "Lupus Nephritis Flag", _yes_no(p["nephritis"])),
        *(_v(flag, f"{m.replace('_', ' ').capitalize()} at Baseline", _yes_no(p[m])) for m, flag in _MEDICINE_FLAGS.items()),
        _v("ITTFL", "Intent-To-Treat Population Flag", np.full(len(p), "Y", dtype=object), _DERIVED),
        _v("COMPLFL", "Completers Population Flag", np.where(np.isnan(left), "Y", "N").astype(object), _DERIVED),
        _v("EOSDY", "Study Day of End of Study if Early", _study_day(left)),
        _v("DCSREAS", "Reason for Discontinuation", np.where(np.isnan(left), "", "INVENTED DROPOUT").astype(object)),
    ]  # fmt: skip


def _measured(frame: pd.DataFrame, measures: list[tuple[str, str, Any, Any]]) -> list[_Variable]:
    """Stack measures below each other; each is code, name, number and text. Sorted by patient, measure, visit."""
    n, k = len(frame), len(measures)
    order = np.lexsort(
        (np.tile(frame["week"], k), np.repeat(np.arange(k), n), np.tile(pd.factorize(frame["patient"])[0], k))
    )
    keys = (
        pd.concat([frame[["patient", "arm", "visit", "week"]]] * k, ignore_index=True)
        .iloc[order]
        .reset_index(drop=True)
    )
    which = np.repeat(np.arange(k), n)[order]
    value = np.concatenate([np.asarray(m[2], dtype=float) for m in measures])[order]
    text = np.concatenate([np.asarray(m[3], dtype=object) for m in measures])[order]
    base = pd.Series(np.where(keys["week"] == 0, value, np.nan)).groupby([keys["patient"], which]).transform("max")
    after = keys["week"].to_numpy() > 0
    code, name = (np.array([m[i] for m in measures], dtype=object)[which] for i in (0, 1))
    return [
        *_keys(keys["patient"], keys["arm"]),
        _v("PARAMCD", "Parameter Code", code),
        _v("PARAM", "Parameter", name),
        _v("AVISIT", "Analysis Visit", keys["visit"].astype(object)),
        _v("AVISITN", "Analysis Visit (N)", keys["week"]),
        _v("ADY", "Analysis Relative Day", _study_day(7 * keys["week"])),
        _v("AVAL", "Analysis Value", value),
        _v("AVALC", "Analysis Value (C)", text),
        _v("BASE", "Baseline Value", base.to_numpy(), _DERIVED),
        _v("CHG", "Change from Baseline", np.where(after, np.round(value - base.to_numpy(), 6), np.nan), _DERIVED),
        _v("ABLFL", "Baseline Record Flag", np.where(after, "", "Y").astype(object), _DERIVED),
    ]


def _adqs(cohort: Cohort) -> list[_Variable]:
    visits = cohort.visits
    blank = np.full(len(visits), "", dtype=object)
    measures: list[tuple[str, str, Any, Any]] = [
        ("SLEDAI", "SLEDAI total", visits["sledai"], blank),
        ("PGA", "Physician Global Assessment (0-3)", visits["pga"], blank),
        ("BILAGTOT", "BILAG total (12/8/1)", cohort.bilag["bilag_total"], blank),
    ]
    points = dict(zip("ABCDE", BILAG_CODING, strict=True))
    for system, code in _BILAG_CODES.items():
        grade = cohort.bilag[f"bilag_{system}"].astype(object)
        measures.append((f"BG{code}", f"BILAG grade, {system}", grade.map(points), grade))
    for number, item in enumerate(SLEDAI_ITEMS.itertuples(), start=1):
        present = cohort.sledai[item.id]
        label = f"SLEDAI {item.label} (present=1)"
        measures.append((f"SLE{number:02d}", label, present, _yes_no(present)))
    return _measured(visits, measures)


def _adlb(cohort: Cohort) -> list[_Variable]:
    blank = np.full(len(cohort.labs), "", dtype=object)
    both = {c: cohort.labs[c] if c in cohort.labs else cohort.immune[c] for c in _LABS}
    return _measured(cohort.labs, [(code, name, both[c], blank) for c, (code, name) in _LABS.items()])


def _adrs(cohort: Cohort) -> list[_Variable]:
    answers = sri(cohort.visits)
    keys = _keys(answers["patient"], answers["arm"])
    responder = answers["responder"].astype(bool)
    n = len(answers)
    return [
        *keys,
        _v("PARAMCD", "Parameter Code", np.full(n, "SRI4", dtype=object)),
        _v("PARAM", "Parameter", np.full(n, "SRI-4 response, missing is non-response", dtype=object)),
        _v("AVISIT", "Analysis Visit", answers["visit"].astype(object)),
        _v("AVISITN", "Analysis Visit (N)", answers["week"]),
        _v("ADY", "Analysis Relative Day", _study_day(7 * answers["week"])),
        _v("AVAL", "Analysis Value", responder.astype(int), _DERIVED),
        _v("AVALC", "Analysis Value (C)", _yes_no(responder), _DERIVED),
        _v("DTYPE", "Derivation Type", np.where(answers["imputed"], "NRI", "").astype(object), _DERIVED),
    ]


def _adae(cohort: Cohort) -> list[_Variable]:
    e = cohort.adverse_events
    order = e.groupby("patient", sort=False).cumcount() + 1
    name = e["event"].astype(object)
    return [
        *_keys(e["patient"], e["arm"]),
        _v("AESEQ", "Sequence Number", order),
        _v("AETERM", "Reported Term for the Adverse Event", name),
        _v("AEDECOD", "Dictionary-Derived Term (not coded)", name.str.capitalize() if len(name) else name),
        _v("AESER", "Serious Event", _yes_no(e["serious"])),
        _v("INFECFL", "Infection Flag", _yes_no(e["infection"])),
        _v("ASTDY", "Analysis Start Relative Day", _study_day(e["day"])),
        _v("TRTEMFL", "Treatment Emergent Analysis Flag", np.full(len(e), "Y", dtype=object), _DERIVED),
    ]


_DATA_SETS: dict[str, tuple[str, Callable[[Any], list[_Variable]]]] = {
    "ADSL": ("Subject-Level Analysis (invented)", _adsl),
    "ADQS": ("Activity Scores Analysis (invented)", _adqs),
    "ADRS": ("SRI-4 Response Analysis (invented)", _adrs),
    "ADLB": ("Laboratory Analysis (invented)", _adlb),
    "ADAE": ("Adverse Events Analysis (invented)", _adae),
}


def data_sets(cohort: Cohort) -> dict[str, tuple[str, pd.DataFrame, dict[str, str], dict[str, str]]]:
    """Make the five data sets: by name their label, data, labels of the variables and origins."""
    made = {}
    for name, (label, build) in _DATA_SETS.items():
        variables = build(cohort)
        frame = pd.DataFrame({v.name: np.asarray(v.values) for v in variables})
        made[name] = (label, frame, {v.name: v.label for v in variables}, {v.name: v.origin for v in variables})
    return made


def write_cdisc(cohort: Cohort, directory: Path) -> Path:
    """Write the export; see :meth:`Cohort.to_cdisc`."""
    from lupus_kit.cohort.files.storage import check_tables, write_folder

    check_tables(cohort.tables, cohort.assumptions, "table {!r}", 0)
    return write_folder(directory, _MARKER, "a CDISC export", lambda folder: _write(cohort, folder))


def _write(cohort: Cohort, folder: Path) -> None:
    import pyreadstat

    rows = [("dataset", "variable", "type", "length", "label", "origin")]
    for name, (label, frame, labels, origins) in data_sets(cohort).items():
        pyreadstat.write_xport(
            frame, str(folder / f"{name.lower()}.xpt"), file_label=label, column_labels=dict(labels), table_name=name,
            file_format_version=5,
        )  # fmt: skip
        for variable, values in frame.items():
            text = not pd.api.types.is_numeric_dtype(values.dtype)
            longest = max([1, *(len(v.encode()) for v in values.astype(object))]) if text else 8
            kind = "Char" if text else "Num"
            rows.append((name, str(variable), kind, str(longest), labels[str(variable)], origins[str(variable)]))
    with (folder / _MARKER).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


assert set(_LABS) <= {c.name for t in ("labs", "immune") for c in TABLES[t]}
