"""The columns of a visit file: names, forgiving synonyms, kinds and allowed values, in one place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd

from lupus_kit.core.columns import Column, fold
from lupus_kit.endpoints.bilag.grades import BILAG_SYSTEMS, GRADES
from lupus_kit.endpoints.bilag.items import ITEMS as BILAG_FORM
from lupus_kit.endpoints.sledai.findings import SLEDAI_FINDINGS
from lupus_kit.endpoints.sledai.items import ITEM_IDS, ITEMS


@dataclass(frozen=True)
class VisitColumn(Column):
    """One column of a visit file.

    Attributes
    ----------
    used_for : str
        What reads the column.
    """

    used_for: str = "every endpoint"


_SYNONYMS: dict[str, tuple[str, ...]] = {
    "seizure": ("seizures",), "organic_brain": ("organic brain syndrome",), "visual": ("visual disturbance",),
    "cranial_nerve": ("cranial nerve disorder",), "lupus_headache": ("headache",),
    "cva": ("stroke", "cerebrovascular accident"), "casts": ("urinary casts",), "rash": ("new rash",),
    "mucosal_ulcer": ("mucosal ulcers", "oral ulcer", "oral ulcers", "oral ulceration"),
    "low_complement": ("hypocomplementaemia", "complement low"),
    "dna_binding": ("raised anti-dsDNA", "increased dna binding", "anti-dsDNA positive", "dsdna positive"),
    "inflamed_joints": ("joints", "active joints", "joint count"),
    "urine_red_cells": ("urine rbc", "rbc/hpf"), "urine_white_cells": ("urine wbc", "wbc/hpf"),
    "protein_24h": ("24-h protein", "24 hour protein", "proteinuria g/24h", "urine protein 24h"),
    "white_cells": ("wbc", "leucocytes", "white blood cells"), "platelets": ("plt", "platelet count"),
    "temperature": ("temp", "body temperature"), "anti_dsdna": ("dsdna",),
}  # fmt: skip

_SYSTEMS: dict[str, tuple[str, ...]] = {
    "constitutional": ("const", "general"), "mucocutaneous": ("muco", "mucocut", "skin"),
    "neuropsychiatric": ("neuro", "neurological", "cns"), "musculoskeletal": ("msk", "musculo"),
    "cardiorespiratory": ("cardio", "cardioresp", "cardiopulmonary"), "gastrointestinal": ("gi", "gastro"),
    "ophthalmic": ("eye", "ophth"), "renal": ("kidney",), "haematological": ("haem", "haematology"),
}  # fmt: skip


_LEVELS = "0 absent, 1 improving, 2 same, 3 worse, 4 new"


# fmt: off
def _keys() -> Iterator[VisitColumn]:
    yield VisitColumn("patient", "text", "Who; the same text at every visit.", synonyms=(
        "patient id", "subject", "subject id", "usubjid", "subjid", "pt", "participant", "participant id", "id", "case"))
    yield VisitColumn("visit", "text", "Name of the visit, such as baseline or week 12.", synonyms=(
        "visit name", "time point", "timepoint", "avisit"))
    yield VisitColumn("week", "number", "Weeks since baseline; 0 is baseline.", "weeks", 0, 10_000, synonyms=(
        "visit week", "weeks", "wk", "study week"))
    yield VisitColumn("arm", "text", "Randomised arm; belongs to the patient.", used_for="the comparison of two arms",
        synonyms=("treatment", "treatment arm", "group", "trt", "trt01p", "allocation", "study arm"))


def _scores() -> Iterator[VisitColumn]:
    yield VisitColumn("sledai", "whole number", "Total, where the descriptors are not given.", "points", 0, 105,
        used_for="SRI, BICLA", synonyms=("sledai total", "sledai score", "sledai-2k", "sledai 2k total", "selena-sledai",
        "selena-sledai total", "selena", "total sledai"))
    yield VisitColumn("pga", "number", "Physician's global assessment, on the scale that is named.", "", 0, 3, synonyms=(
        "phga", "physician global assessment", "physicians global assessment", "pga score", "physician global", "md global"))
    for system in BILAG_SYSTEMS:
        short = [system, *_SYSTEMS[system]]
        names = [pattern.format(word) for pattern in ("bilag {}", "bilag {} grade", "{} grade") for word in short]
        yield VisitColumn(f"bilag_{system}", "choice", f"BILAG-2004 grade, {system}.", choices=GRADES,
            used_for="SRI, BICLA", synonyms=(system, *names))
    yield VisitColumn("prednisone_mg_day", "number", "Prednisolone equivalent.", "mg/day", 0, 5000,
        used_for="LLDAS, DORIS", synonyms=("prednisone", "prednisolone", "prednisone dose", "prednisolone dose",
        "prednisone mg/day", "prednisolone mg/day", "steroid dose", "gc dose"))


def _events() -> Iterator[VisitColumn]:
    for used_for, name, meaning, synonyms in (
        ("SRI, BICLA: yes is non-response", "rescue", "Rescue treatment since the visit before.",
         ("rescue medication", "rescue treatment")),
        ("SRI, BICLA: yes is non-response", "disallowed_medication", "A medicine that the protocol does not allow.",
         ("prohibited medication", "disallowed medicine", "restricted medication")),
        ("SRI, BICLA: yes is non-response", "withdrawn", "Had left the trial.",
         ("discontinued", "dropout", "dropped out", "withdrawal")),
        ("LLDAS", "haemolytic_anaemia", "Haemolytic anaemia.", ()),
        ("LLDAS", "gi_activity", "Gastrointestinal activity of lupus.", ()),
        ("LLDAS", "maintenance_ok", "Standard maintenance treatment, well tolerated.", ()),
        ("DORIS", "maintenance_stable", "Maintenance treatment is stable.", ()),
    ):
        yield VisitColumn(name, "yes/no", meaning, synonyms=synonyms, used_for=used_for)


def _findings() -> Iterator[VisitColumn]:
    labels = {item.id: item.label for item in ITEMS}
    kinds = {"count": "whole number", "number": "number", "yes/no": "yes/no"}
    for row in SLEDAI_FINDINGS.itertuples():
        name, unit = str(row.column), "" if str(row.unit).startswith("as ") else str(row.unit)
        synonyms = (f"sledai {name}", *([labels[name]] if name in labels else []), *_SYNONYMS.get(name, ()))
        yield VisitColumn(name, kinds[str(row.kind)], str(row.meaning), unit, float(row.low), float(row.high),
            used_for="SLEDAI", synonyms=synonyms)
    for item in ITEM_IDS:
        yield VisitColumn(f"{item}_improved50", "yes/no", "Improved by half or more since baseline.", used_for="SRI-50")
        yield VisitColumn(f"{item}_improvement_percent", "number", "Improvement since baseline; below 0 is worse.", "%",
            -10_000, 100, used_for="SRI-50")


def _bilag_items(taken: set[str]) -> Iterator[VisitColumn]:
    column = partial(VisitColumn, used_for="BILAG-2004 from items")
    for item in BILAG_FORM:
        scale = item.kind == "0-4"
        # Item 50 shares its name with a finding of SLEDAI; measured values that both indices read are one column.
        name = f"bilag_item_{item.id}" if item.id in taken and scale else item.id
        if name not in taken:
            yield column(name, "whole number" if scale else item.kind, f"Item {item.number}: {item.label}.", item.unit,
                item.low, item.high, levels=_LEVELS if scale else "",
                synonyms=(f"bilag {item.number}", f"bilag item {item.number}"))
        if item.kind == "number" and f"{item.id}_previous" not in taken:
            yield column(f"{item.id}_previous", "number",
                f"Item {item.number} at the visit before; otherwise taken from the file.", item.unit, item.low, item.high)
        if item.kind == "number":
            yield column(f"{item.id}_due_to_sle", "yes/no",
                f"Item {item.number} is due to lupus; a no takes its value out of the rules.")
    for system in BILAG_SYSTEMS:
        yield column(f"{system}_before", "yes/no", f"{system} involved at some time before.")
# fmt: on


_FIRST = (*_keys(), *_scores(), *_events(), *_findings())
COLUMNS: tuple[VisitColumn, ...] = (*_FIRST, *_bilag_items({column.name for column in _FIRST}))
BY_NAME: dict[str, VisitColumn] = {column.name: column for column in COLUMNS}

#: Every column of a visit file: ``name kind allowed used_for meaning synonyms``.
VISIT_FILE_COLUMNS: pd.DataFrame = pd.DataFrame(
    [(c.name, c.kind, c.allowed, c.used_for, c.meaning, ", ".join(c.synonyms)) for c in COLUMNS],
    columns=["name", "kind", "allowed", "used_for", "meaning", "synonyms"],
)

#: The column of each name and synonym; a name goes before a synonym, an earlier column before a later one.
BY_FOLDED: dict[str, VisitColumn] = {
    fold(name): column for column in reversed(COLUMNS) for name in reversed(column.synonyms)
} | {fold(column.name): column for column in reversed(COLUMNS)}

_WHEN = r"(?:baseline|base|bl|week_?\d+|wk_?\d+|w\d+)"
_SUFFIXED = re.compile(rf"^(?P<field>.+?)_(?P<when>{_WHEN})$")
_PREFIXED = re.compile(rf"^(?P<when>{_WHEN})_(?P<field>.+)$")


def week_of(visit: str) -> float | None:
    """Read the week from the name of a visit: 0 for baseline, None where the name does not say.

    Examples
    --------
    >>> week_of("Week 12"), week_of("BL"), week_of("follow-up")
    (12.0, 0.0, None)
    """
    plain = fold(visit)
    if plain in ("baseline", "base", "bl", "day_0", "d0"):
        return 0.0
    number = re.fullmatch(r"(?:week|wk|w|visit_week)_?(\d+(?:_\d+)?)|(\d+)_?(?:weeks|week|wk|w)", plain)
    return float((number[1] or number[2]).replace("_", ".")) if number else None


def split_wide(name: str) -> tuple[VisitColumn, float] | None:
    """Split a column of the wide layout into its field and week, None where it is none."""
    plain = fold(name)
    for pattern in (_SUFFIXED, _PREFIXED):
        match = pattern.match(plain)
        if match and match["field"] in BY_FOLDED:
            week = week_of(match["when"])
            if week is not None:
                return BY_FOLDED[match["field"]], week
    return None
