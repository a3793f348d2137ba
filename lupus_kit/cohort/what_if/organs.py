"""What a visit records, read from the latent activity: laboratory values, BILAG grades and PGA.

Everything is read from the same activity, so a descriptor is present exactly where its laboratory value has passed
its threshold, and grades and global assessment move with the items.
"""

from collections.abc import Callable

import numpy as np

from lupus_kit.cohort.columns import SYSTEM_ITEMS
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.course import GUT, IDS, SEROLOGY, WEIGHTS, Course, effect
from lupus_kit.endpoints import BILAG_SYSTEMS

_K = {name: i for i, name in enumerate(IDS)}

#: Descriptors behind the systems whose grade is read from latent activity; the gut has an activity of its own.
_SYSTEM_ITEMS = {
    system: [_K[item] for item in items] or [GUT]
    for system, items in SYSTEM_ITEMS.items() if system not in ("renal", "haematological")
}  # fmt: skip

#: Findings of 8 points and myositis are serious from the start: they are graded this much higher.
_SERIOUS_SHIFT = 0.7
_SERIOUS = [i for i, name in enumerate(IDS) if WEIGHTS[i] == 8 or name == "myositis"]

#: Below this PGA the raters' scatter shrinks with the value.
_PGA_CLEAR = 0.5

A, B, C, D, E = range(5)


def _shown(value: np.ndarray, present: np.ndarray, limit: float, above: bool, digits: int) -> np.ndarray:
    """Round for display without crossing the threshold: beyond `limit` exactly where the item is present."""
    step = 10.0**-digits
    shown = np.round(value, digits)
    beyond = np.maximum(shown, limit + step) if above else np.minimum(shown, limit - step)
    within = np.minimum(shown, limit) if above else np.maximum(shown, limit)
    return np.round(np.where(present, beyond, within), digits)


def lab_values(a: Assumptions, course: Course) -> dict[str, np.ndarray]:
    """Laboratory values, each shape (patients, visits), on the side of the threshold where its item is."""
    # Item, limit, whether the item lies above it, value at a latent activity, smallest and largest value, decimals.
    tests: dict[str, tuple[str, float, bool, Callable[[np.ndarray], np.ndarray], float, float, int]] = {
        "protein_24h_g": ("proteinuria", 0.5, True, lambda x: 0.5 * np.exp(0.65 * x), 0, 20, 2),
        "c3_g_l": ("low_complement", a.c3_lower_limit, False, lambda x: a.c3_lower_limit * np.exp(-0.3 * x), 0, 2.5, 2),
        "anti_dsdna_iu_ml": ("dna_binding", a.dsdna_upper_limit, True,
                             lambda x: a.dsdna_upper_limit * np.exp(1.3 * x), 1, 5000, 1),
        "platelets_10e9_l": ("thrombocytopenia", 100, False, lambda x: 100 * np.exp(-0.5 * x), 5, 600, 0),
        "wbc_10e9_l": ("leukopenia", 3, False, lambda x: 3 * np.exp(-0.4 * x), 0.3, 20, 1),
        "temperature_c": ("fever", 38, True, lambda x: 38 + 0.5 * x, 36.2, 41, 1),
    }  # fmt: skip
    latent, present, made = course.latent, course.present, {}
    for name, (item, limit, above, value, low, high, digits) in tests.items():
        activity = np.clip(value(latent[:, :, _K[item]]), low, high)
        made[name] = _shown(activity, present[:, :, _K[item]], limit, above, digits)
    return made


def _relief(a: Assumptions, course: Course, size: float) -> np.ndarray:
    """BILAG grades an organ that improves under treatment lower than its signs alone; so does the physician."""
    return effect(course.weeks, a.onset_weeks, size, size)[:, None]


def bilag_grades(a: Assumptions, course: Course, labs: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Grade codes 0 (A) to 4 (E), shape (patients, visits, 9); a simplified reading of the BILAG-2004 rules."""
    shifted = course.latent - _relief(a, course, a.relief)
    shifted[:, :, _SERIOUS] += _SERIOUS_SHIFT
    n, visits = shifted.shape[:2]
    grades = np.full((n, visits, len(BILAG_SYSTEMS)), D, dtype=np.int8)
    for j, system in enumerate(BILAG_SYSTEMS):
        if system in _SYSTEM_ITEMS:
            level = shifted[:, :, _SYSTEM_ITEMS[system]].max(axis=2)
            conditions = [level > a.bilag_a_cut, level > a.bilag_b_cut, level > a.bilag_c_cut]
        elif system == "renal":
            protein = labs["protein_24h_g"]
            sediment = course.present[:, :, [_K["casts"], _K["haematuria"], _K["pyuria"]]].any(axis=2)
            conditions = [(protein > 1) & sediment, (protein >= 0.5) | sediment, protein > 0.25]
        else:  # haematological: the cell counts of the index form
            plt, wbc = labs["platelets_10e9_l"], labs["wbc_10e9_l"]
            conditions = [(plt < 25) | (wbc < 1), (plt < 50) | (wbc < 2), (plt < 150) | (wbc < 4)]
        grades[:, :, j] = np.select(conditions, [A, B, C], default=D)
    involved = np.logical_or.accumulate(grades < D, axis=1)
    involved |= rng.random((n, 1, len(BILAG_SYSTEMS))) < a.prior_involvement
    grades[~involved] = E
    return grades


def global_assessment(a: Assumptions, course: Course, rng: np.random.Generator) -> np.ndarray:
    """PGA from 0 to 3 in steps of 0.05, shape (patients, visits); serology does not count."""
    weights = WEIGHTS.astype(float)
    weights[SEROLOGY] = 0
    activity = np.maximum(course.latent[:, :, :GUT] - _relief(a, course, a.pga_relief) + 0.1, 0)
    burden = np.minimum(activity, 2.0) @ weights
    exact = 3 * -np.expm1(-burden / a.pga_scale)
    # Raters agree on a patient in whom there is nothing to see.
    exact += a.pga_noise * np.minimum(exact / _PGA_CLEAR, 1) * rng.standard_normal(burden.shape)
    return np.asarray(np.round(np.round(np.clip(exact, 0, 3) * 20) / 20, 2))
