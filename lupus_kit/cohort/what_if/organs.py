"""What a visit records, read from the latent activity: laboratory values, BILAG-2004 items and grades, and PGA.

Everything is read from the same activity: a descriptor is present exactly where its laboratory value has passed its limit, how
far the activity is above zero is how severe the finding is, the BILAG items say so, and the rules of BILAG-2004 grade them.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.cohort.columns import BILAG_ITEMS_OF, RECORDED_ITEMS
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.course import GUT, IDS, SEROLOGY, WEIGHTS, Course
from lupus_kit.endpoints import BILAG_SYSTEMS
from lupus_kit.endpoints.bilag.items import BY_ID
from lupus_kit.endpoints.bilag.systems import BY_LEVEL, COUNT_LIMITS, INACTIVE, Cause, constitutional, grade_of, renal

_K = {name: i for i, name in enumerate([*IDS, "gut", "anaemia"])}
#: Each test is its limit times exp(slope × activity), so that it passes the limit where the activity passes zero.
_TESTS = pd.read_csv(Path(__file__).with_name("data") / "laboratory.csv", dtype={"limit": str})
_SEDIMENT = [_K["casts"], _K["haematuria"], _K["pyuria"]]
#: The counts that are measured, as the rules of BILAG call them.
_COUNTS = {"haemoglobin": "haemoglobin_g_dl", "white_cells": "wbc_10e9_l", "platelets": "platelets_10e9_l"}
_D, _E = 3, 4

#: Below this PGA the raters' scatter shrinks with the value.
_PGA_CLEAR = 0.5
#: Findings no further than this above their threshold leave the physician unmoved (latent SD).
_PGA_MILD = 0.2
#: Part of a rater's variance that stays with a patient: the same physician, the same leaning.
_SAME_RATER = 0.85


def _shown(value: np.ndarray, present: np.ndarray, limit: float, above: bool, digits: int) -> np.ndarray:
    """Round for display without crossing the threshold: beyond `limit` exactly where the item is present."""
    step = 10.0**-digits
    shown = np.round(value, digits)
    beyond = np.maximum(shown, limit + step) if above else np.minimum(shown, limit - step)
    within = np.minimum(shown, limit) if above else np.maximum(shown, limit)
    return np.round(np.where(present, beyond, within), digits)


def lab_values(
    a: Assumptions, course: Course, people: Mapping[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Laboratory values, each shape (patients, visits), on the side of the limit where its item is.

    Creatinine and albumin follow protein in the urine; eGFR is computed from creatinine, age and sex, and the ratio of protein to
    creatinine from 24-hour protein (100 mg/mmol for 1 g). Before the flare the kidney had the patient's own best creatinine.
    """
    latent, made = course.latent, dict[str, np.ndarray]()
    for test in _TESTS.itertuples():
        activity = latent[:, :, _K[test.item]]
        limit = getattr(a, test.limit) if test.limit.endswith("_limit") else float(test.limit)
        value = np.clip(limit * np.exp(test.slope * activity), test.low, test.high)
        made[test.name] = _shown(value, activity > 0, limit, test.slope > 0, int(test.digits))
    n = len(latent)
    c4, complement, protein = a.c4_lower_limit, latent[:, :, _K["low_complement"]], made["protein_24h_g"]
    # C4 moves with C3 (r 0.85 in 1,012 patients) and is never low where the descriptor says that complement is not.
    c4_value = np.clip(c4 * np.exp(0.3 - 0.4 * complement + 0.25 * rng.standard_normal(n)[:, None]), 0.02, 1)
    female = np.asarray(people["sex"] == "female")[:, None]
    best = np.where(female, 58.0, 74.0) * np.exp(0.12 * rng.standard_normal(n))[:, None]
    creatinine = np.round(np.clip(best * (1 + protein) ** 0.2, 30, 900), 0)
    others: dict[str, np.ndarray] = {
        "c4_g_l": np.round(np.where(complement > 0, c4_value, np.maximum(c4_value, c4)), 2),
        "upcr_mg_mmol": np.round(100 * protein, 0),
        "creatinine_umol_l": creatinine,
        "creatinine_umol_l_preflare": np.broadcast_to(np.round(best, 0), creatinine.shape),
        "egfr_ml_min_173": _egfr(creatinine, people, female),
        "egfr_ml_min_173_preflare": np.broadcast_to(_egfr(np.round(best, 0), people, female), creatinine.shape),
        "albumin_g_l": np.round(np.clip(43 - 5 * protein**0.7 + rng.standard_normal(protein.shape), 12, 52), 0),
        "sediment_active": np.any(latent[:, :, _SEDIMENT] > 0, axis=2),
        "c3_g_l_lower_limit": np.full(protein.shape, a.c3_lower_limit),
        "c4_g_l_lower_limit": np.full(protein.shape, c4),
        "anti_dsdna_iu_ml_upper_limit": np.full(protein.shape, a.dsdna_upper_limit),
    }
    return made | others


def _egfr(creatinine: np.ndarray, people: Mapping[str, np.ndarray], female: np.ndarray) -> np.ndarray:
    """Estimate GFR from creatinine in µmol/L (CKD-EPI 2021, Inker LA, et al. N Engl J Med 2021;385:1737-1749)."""
    ratio = creatinine / 88.4 / np.where(female, 0.7, 0.9)
    low = np.minimum(ratio, 1) ** np.where(female, -0.241, -0.302)
    age = np.asarray(people["age_years"])[:, None]
    return np.asarray(np.round(142 * low * np.maximum(ratio, 1) ** -1.2 * 0.9938**age * np.where(female, 1.012, 1), 0))


def bilag_items(a: Assumptions, course: Course) -> dict[str, np.ndarray]:
    """Levels 0 to 4 of the recorded items, each shape (patients, visits).

    How far a finding is above its threshold says whether it is mild, moderate or severe, and how far from where it was at
    entry whether it is improving (1), the same (2), worse (3) or new (4); the form itself compares with four weeks before.
    """
    levels: dict[str, np.ndarray] = {item: np.zeros(course.latent.shape[:2], dtype=np.int8) for item in RECORDED_ITEMS}
    for finding, items in BILAG_ITEMS_OF.items():
        activity = course.latent[:, :, _K[finding]].ravel()
        present = np.flatnonzero(activity > 0)
        now, start = activity[present], activity[present - present % len(course.weeks)]
        level = np.where(start <= 0, 4, 2 + (now > start + a.improving_cut) - (now < start - a.improving_cut))
        severity = (now > a.moderate_cut).astype(int) + (now > a.severe_cut)
        for degree, item in enumerate(items):
            at, flat = present[severity == degree], levels[item].reshape(-1)  # a view
            flat[at] = np.maximum(flat[at], level[severity == degree])
    return levels


def bilag_grades(
    a: Assumptions, items: Mapping[str, np.ndarray], labs: Mapping[str, np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Grade codes 0 (A) to 4 (E), shape (patients, visits, 9), by the rules of :func:`lupus_kit.endpoints.bilag2004`."""
    shape = labs["protein_24h_g"].shape
    by_system = {system: np.full(shape, INACTIVE, dtype=np.int8) for system in BILAG_SYSTEMS}
    for name, level in items.items():
        if name != "pyrexia":
            grade = by_system[BY_ID[name].system]
            np.minimum(grade, np.array(BY_LEVEL[BY_ID[name].gives], dtype=np.int8).take(level), out=grade)
    fever = defaultdict(lambda: np.zeros_like(items["pyrexia"])) | {"pyrexia": items["pyrexia"]}
    by_system["constitutional"] = grade_of(constitutional(fever))
    by_system["renal"] = grade_of(_renal_causes(labs))
    blood = by_system["haematological"]
    for name, column in _COUNTS.items():
        for limit_grade, limit in COUNT_LIMITS[name].items():
            np.minimum(blood, np.int8(limit_grade), out=blood, where=labs[column] < limit)
    grades = np.stack(list(by_system.values()))
    active = grades < INACTIVE
    involved = active | (rng.random((shape[0], 1, len(grades))) < a.prior_involvement).transpose(2, 0, 1)
    for visit in range(1, shape[1]):
        involved[:, :, visit] |= involved[:, :, visit - 1]
    return np.moveaxis(np.where(active, grades, np.where(involved, np.int8(_D), np.int8(_E))), 0, 2)


def _renal_causes(labs: Mapping[str, np.ndarray]) -> list[Cause]:
    """List the causes of the renal grade, each value against the visit before."""
    unknown = np.full(labs["protein_24h_g"].shape, np.nan)
    now = defaultdict(lambda: unknown) | {
        "protein_24h": labs["protein_24h_g"], "protein_creatinine_ratio": labs["upcr_mg_mmol"],
        "creatinine": labs["creatinine_umol_l"], "gfr": labs["egfr_ml_min_173"],
    }  # fmt: skip
    earlier = {name: np.concatenate([unknown[:, :1], value[:, :-1]], axis=1) for name, value in now.items()}
    before = defaultdict(lambda: unknown) | earlier
    flags = defaultdict(lambda: np.zeros(unknown.shape, dtype=bool)) | {"active_sediment": labs["sediment_active"]}
    return renal(flags, now, before, np.ones(unknown.shape, dtype=bool))


def global_assessment(a: Assumptions, course: Course, rng: np.random.Generator) -> np.ndarray:
    """PGA from 0 to 3 in steps of 0.05, shape (patients, visits); serology does not count."""
    weights = WEIGHTS.astype(float)
    weights[SEROLOGY] = 0
    burden = np.clip(course.latent[:, :, :GUT] - _PGA_MILD, 0, 2.0) @ weights
    exact = 3 * -np.expm1(-burden / a.pga_scale)
    # Raters agree on a patient in whom there is nothing to see.
    rater, day = rng.standard_normal((len(burden), 1)), rng.standard_normal(burden.shape)
    noise = a.pga_noise * (np.sqrt(_SAME_RATER) * rater + np.sqrt(1 - _SAME_RATER) * day)
    exact += noise * np.minimum(exact / _PGA_CLEAR, 1)
    return np.asarray(np.round(np.round(np.clip(exact, 0, 3) * 20) / 20, 2))
