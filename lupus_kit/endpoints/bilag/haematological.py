"""The haematological grade of BILAG-2004: blood counts in half-open bins, TTP, haemolysis and the Coombs test."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lupus_kit.endpoints.bilag.items import BY_ID
from lupus_kit.endpoints.bilag.scheme import INACTIVE, A, B, C, Causes, Levels, Number, level_texts

#: A count strictly below the first limit gives A, below the second B, below the third C.
#: The form prints bins with gaps (8-8.9, 9-10.9); half-open bins close them.
LIMITS: dict[str, tuple[float, float, float]] = {
    "haemoglobin": (8, 9, 11),
    "white_cells": (1, 2, 4),
    "neutrophils": (0.5, 1, 2),
    "platelets": (25, 50, 150),
}

#: Lymphocytes strictly below this give C and never more.
LYMPHOCYTES_C = 1.0


def _below(name: str, limit: float) -> str:
    item = BY_ID[name]
    return f"{item.number} {item.label} below {limit:g} {item.unit}"


def haematological(levels: Levels, flags: Mapping[str, np.ndarray], numbers: Mapping[str, Number]) -> Causes:
    """Grade the haematological system; see ``LIMITS`` for the bins."""
    gives: list[np.ndarray] = []
    position: list[np.ndarray] = []
    texts: list[tuple[str, ...]] = []
    for name, limits in LIMITS.items():
        # 3 minus the number of limits that the count lies below: 0 is A, 3 is not active.
        give = INACTIVE - np.sum([numbers[name].below(limit) for limit in limits], axis=0)
        gives.append(give)
        position.append(give + 1)
        texts.append(("", *(_below(name, limit) for limit in limits)))
    gives.append(np.where(numbers["lymphocytes"].below(LYMPHOCYTES_C), C, INACTIVE))
    position.append(np.ones_like(gives[-1]))
    texts.append(("", _below("lymphocytes", LYMPHOCYTES_C)))
    ttp = levels["ttp"]
    gives.append(np.array([INACTIVE, B, A, A, A])[ttp])
    position.append(ttp)
    texts.append(level_texts(BY_ID["ttp"].number))
    for name, grade in (("active_haemolysis", B), ("coombs_positive", C)):
        gives.append(np.where(flags[name], grade, INACTIVE))
        position.append(np.ones_like(gives[-1]))
        texts.append(("", f"{BY_ID[name].number} {BY_ID[name].label}"))
    grade = np.minimum.reduce(gives)
    counts = grade < INACTIVE
    level = [np.where(counts & (give == grade), p, 0) for give, p in zip(gives, position, strict=True)]
    return Causes(grade.astype(np.int8), level, texts)
