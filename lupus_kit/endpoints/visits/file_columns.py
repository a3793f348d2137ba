"""The columns of a visit file: names, forgiving synonyms, kinds and allowed values, in one place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from lupus_kit.endpoints.bilag.grades import BILAG_SYSTEMS, GRADES
from lupus_kit.endpoints.bilag.items import ITEMS as BILAG_FORM
from lupus_kit.endpoints.sledai.findings import SLEDAI_FINDINGS
from lupus_kit.endpoints.sledai.items import ITEM_IDS, ITEMS

#: Cells that mean "not recorded", besides an empty one.
MISSING_WORDS = ("NA", "ND", ".")
#: Spellings of yes and no, without regard to capitals.
YES_WORDS, NO_WORDS = ("1", "yes", "y", "true"), ("0", "no", "n", "false")


@dataclass(frozen=True)
class FileColumn:
    """One column of a visit file.

    Attributes
    ----------
    name : str
        Name in the kit's own tables.
    kind : str
        ``"text"``, ``"number"``, ``"whole number"``, ``"yes/no"``, ``"grade"`` or ``"0-4"``.
    low, high : float
        Smallest and largest number.
    unit : str
        Unit of a number.
    used_for : str
        What reads the column.
    meaning : str
        What to record.
    synonyms : tuple of str
        Other names it may have; capitals, spaces and signs do not matter.
    """

    name: str
    kind: str
    used_for: str
    meaning: str
    low: float = 0
    high: float = 0
    unit: str = ""
    synonyms: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """Say what a cell may hold."""
        if self.kind == "text":
            return "a text"
        if self.kind == "yes/no":
            return "yes or no (1/0, y/n, true/false)"
        if self.kind == "grade":
            return f"one of {', '.join(GRADES)}, in capitals"
        if self.kind == "0-4":
            return "0 absent, 1 improving, 2 same, 3 worse, 4 new"
        unit = f" {self.unit}" if self.unit else ""
        return f"a {self.kind} from {self.low:g} to {self.high:g}{unit}"


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


def _keys() -> Iterator[FileColumn]:
    ids = (
        "patient id",
        "subject",
        "subject id",
        "usubjid",
        "subjid",
        "pt",
        "participant",
        "participant id",
        "id",
        "case",
    )
    yield FileColumn("patient", "text", "every endpoint", "Who; the same text at every visit.", synonyms=ids)
    yield FileColumn("visit", "text", "every endpoint", "Name of the visit, such as baseline or week 12.",
                     synonyms=("visit name", "time point", "timepoint", "avisit"))  # fmt: skip
    yield FileColumn("week", "number", "every endpoint", "Weeks since baseline; 0 is baseline.", 0, 10_000, "weeks",
                     ("visit week", "weeks", "wk", "study week"))  # fmt: skip
    yield FileColumn("arm", "text", "the comparison of two arms", "Randomised arm; belongs to the patient.",
                     synonyms=("treatment", "treatment arm", "group", "trt", "trt01p", "allocation", "study arm"))  # fmt: skip


def _scores() -> Iterator[FileColumn]:
    sledai = ("sledai total", "sledai score", "sledai-2k", "sledai 2k total", "selena-sledai", "selena-sledai total",
              "selena", "total sledai")  # fmt: skip
    yield FileColumn("sledai", "whole number", "SRI, BICLA", "Total, where the descriptors are not given.", 0, 105,
                     "points", sledai)  # fmt: skip
    yield FileColumn("pga", "number", "every endpoint", "Physician's global assessment, on the scale that is named.", 0, 3,
                     "", ("phga", "physician global assessment", "physicians global assessment", "pga score",
                          "physician global", "md global"))  # fmt: skip
    for system in BILAG_SYSTEMS:
        short = [system, *_SYSTEMS[system]]
        names = [f"bilag {s}" for s in short] + [f"bilag {s} grade" for s in short] + [f"{s} grade" for s in short]
        yield FileColumn(
            f"bilag_{system}", "grade", "SRI, BICLA", f"BILAG-2004 grade, {system}.", synonyms=(system, *names)
        )
    yield FileColumn("prednisone_mg_day", "number", "LLDAS, DORIS", "Prednisolone equivalent.", 0, 5000, "mg/day",
                     ("prednisone", "prednisolone", "prednisone dose", "prednisolone dose", "prednisone mg/day",
                      "prednisolone mg/day", "steroid dose", "gc dose"))  # fmt: skip


def _events() -> Iterator[FileColumn]:
    for name, meaning, synonyms in (
        ("rescue", "Rescue treatment since the visit before.", ("rescue medication", "rescue treatment")),
        ("disallowed_medication", "A medicine that the protocol does not allow.",
         ("prohibited medication", "disallowed medicine", "restricted medication")),
        ("withdrawn", "Had left the trial.", ("discontinued", "dropout", "dropped out", "withdrawal")),
    ):  # fmt: skip
        yield FileColumn(name, "yes/no", "SRI, BICLA: yes is non-response", meaning, synonyms=synonyms)
    for name, used, meaning in (
        ("haemolytic_anaemia", "LLDAS", "Haemolytic anaemia."),
        ("gi_activity", "LLDAS", "Gastrointestinal activity of lupus."),
        ("maintenance_ok", "LLDAS", "Standard maintenance treatment, well tolerated."),
        ("maintenance_stable", "DORIS", "Maintenance treatment is stable."),
    ):
        yield FileColumn(name, "yes/no", used, meaning)


def _findings() -> Iterator[FileColumn]:
    labels = {item.id: item.label for item in ITEMS}
    kinds = {"count": "whole number", "number": "number", "yes/no": "yes/no"}
    for row in SLEDAI_FINDINGS.itertuples():
        name = str(row.column)
        synonyms = (f"sledai {name}", *([labels[name]] if name in labels else []), *_SYNONYMS.get(name, ()))
        unit = "" if str(row.unit).startswith("as ") else str(row.unit)
        yield FileColumn(name, kinds[str(row.kind)], "SLEDAI", str(row.meaning), float(row.low), float(row.high), unit,
                         synonyms)  # fmt: skip
    for item in ITEM_IDS:
        yield FileColumn(f"{item}_improved50", "yes/no", "SRI-50", "Improved by half or more since baseline.")
        yield FileColumn(f"{item}_improvement_percent", "number", "SRI-50", "Improvement since baseline; below 0 is worse.",
                         -10_000, 100, "%")  # fmt: skip


def _bilag_items(taken: set[str]) -> Iterator[FileColumn]:
    for item in BILAG_FORM:
        kind = {"0-4": "0-4", "yes/no": "yes/no"}.get(item.kind, "number")
        # Item 50 shares its name with a finding of SLEDAI; measured values that both indices read are one column.
        name = f"bilag_item_{item.id}" if item.id in taken and kind == "0-4" else item.id
        if name not in taken:
            yield FileColumn(name, kind, "BILAG-2004 from items", f"Item {item.number}: {item.label}.", item.low, item.high,
                             item.unit, (f"bilag {item.number}", f"bilag item {item.number}"))  # fmt: skip
        if kind == "number" and f"{item.id}_previous" not in taken:
            yield FileColumn(f"{item.id}_previous", kind, "BILAG-2004 from items",
                             f"Item {item.number} at the visit before; otherwise taken from the file.", item.low, item.high,
                             item.unit)  # fmt: skip
        if kind == "number":
            yield FileColumn(f"{item.id}_due_to_sle", "yes/no", "BILAG-2004 from items",
                             f"Item {item.number} is due to lupus; a no takes its value out of the rules.")  # fmt: skip
    for system in BILAG_SYSTEMS:
        yield FileColumn(
            f"{system}_before", "yes/no", "BILAG-2004 from items", f"{system} involved at some time before."
        )


def _all() -> tuple[FileColumn, ...]:
    first = [*_keys(), *_scores(), *_events(), *_findings()]
    return (*first, *_bilag_items({column.name for column in first}))


COLUMNS: tuple[FileColumn, ...] = _all()
BY_NAME: dict[str, FileColumn] = {column.name: column for column in COLUMNS}

#: Every column of a visit file: ``name kind allowed used_for meaning synonyms``.
VISIT_FILE_COLUMNS: pd.DataFrame = pd.DataFrame(
    [(c.name, c.kind, c.allowed, c.used_for, c.meaning, ", ".join(c.synonyms)) for c in COLUMNS],
    columns=["name", "kind", "allowed", "used_for", "meaning", "synonyms"],
)


def fold(name: str) -> str:
    """Reduce a column name to what matters: letters and digits, British and American spelling alike.

    Examples
    --------
    >>> fold(" Subject-ID "), fold("BILAG: Hematological (A-E)") == fold("bilag haematological a e")
    ('subject_id', True)
    """
    plain = re.sub(r"[^a-z0-9]+", "_", str(name).lower().replace("'", "").replace("’", "")).strip("_")
    return plain.replace("ae", "e").replace("oe", "e").replace("leuco", "leuko")


def _lookup() -> dict[str, FileColumn]:
    found: dict[str, FileColumn] = {fold(column.name): column for column in COLUMNS}
    for column in COLUMNS:
        for synonym in column.synonyms:
            found.setdefault(fold(synonym), column)
    return found


BY_FOLDED: dict[str, FileColumn] = _lookup()

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


def split_wide(name: str) -> tuple[FileColumn, float] | None:
    """Split a column of the wide layout into its field and week, None where it is none."""
    plain = fold(name)
    for pattern in (_SUFFIXED, _PREFIXED):
        match = pattern.match(plain)
        if match and match["field"] in BY_FOLDED:
            week = week_of(match["when"])
            if week is not None:
                return BY_FOLDED[match["field"]], week
    return None
