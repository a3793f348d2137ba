"""Exercises of stop 3: a version of SLEDAI, SRI-4 from its rule, missing patients counted in two ways, kappa by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import lupus_kit as lk
from lupus_kit.lessons.exercises.exercise import read_exercises
from lupus_kit.lessons.own_code import call, differences

NOTEBOOK = "03_sri4"
Function = Callable[..., Any]

_FINDINGS = ("arthritis", "rash", "dna_binding", "fever", "proteinuria")


def _total(version: str, without: str = "") -> int:
    """SLEDAI of the patient of 03.1, whose proteinuria is stable."""
    present = set(_FINDINGS) - {without}
    row = {name: name in present for name in lk.endpoints.SLEDAI_ITEMS["id"]}
    row["proteinuria_stable"] = "proteinuria" in present
    return int(lk.endpoints.sledai(pd.DataFrame([row]), version).item())


def _sri4(sledai: Any, pga: Any, new_a: int, new_b: int) -> bool | None:
    clauses = [
        None if np.isnan(sledai).any() else sledai[0] - sledai[1] >= 4,
        None if np.isnan(pga).any() else round(pga[1] - pga[0], 2) < 0.30,
        new_a == 0 and new_b <= 1,
    ]
    return False if False in clauses else None if None in clauses else True


_OPEN = float("nan")
#: SLEDAI and PGA at baseline and visit, organs newly A and newly B: on both sides of each limit, and with gaps.
_PATIENTS = [
    ((12, 8), (1.0, 1.0), 0, 0), ((12, 9), (1.0, 0.5), 0, 0), ((3, 0), (1.0, 0.5), 0, 0), ((12, 6), (1.1, 1.39), 0, 1),
    ((12, 6), (1.1, 1.4), 0, 0), ((20, 4), (2.0, 2.31), 0, 0), ((8, 4), (1.0, 0.5), 0, 2), ((30, 4), (2.0, 0.5), 1, 0),
    ((12, _OPEN), (1.0, 1.0), 0, 0), ((12, 6), (1.0, _OPEN), 0, 1), ((12, _OPEN), (1.0, 1.5), 0, 0), ((12, 10), (1.0, _OPEN), 0, 0),
    ((12, _OPEN), (1.0, _OPEN), 1, 0), ((4, 8), (1.0, 1.0), 0, 0), ((12, 8), (1.4, 1.1), 0, 1),
]  # fmt: skip


def _slips(place: int, answer: bool | None, *clear: Any) -> Callable[[Function], bool]:
    """Whether a student's function gives this answer at a limit or a gap, and judges a clear case rightly."""

    def found(function: Function) -> bool:
        return call(function, *_PATIENTS[place]) == answer and call(function, *clear) == _sri4(*clear)

    return found


def _answers(*given: bool | None) -> pd.Series:
    return pd.Series(given, dtype="boolean")


def _response_rate(answers: pd.Series, missing: str) -> float:
    return float((answers.dropna() if missing == "observed" else answers.fillna(False)).mean())


_WITH_GAPS = _answers(True, None, False, True, False, None, False, False)
_RATES = [
    (answers, missing)
    for answers in (_WITH_GAPS, _answers(True, False, True), _answers(None, None, True))
    for missing in ("observed", "nonresponder")
]


def _gives(observed: float, nonresponder: float) -> Callable[[Function], bool]:
    """Whether the answers with gaps get these two rates."""
    wrong = {"observed": observed, "nonresponder": nonresponder}
    return lambda function: all(
        abs(call(function, _WITH_GAPS.copy(), way) - rate) < 1e-9 for way, rate in wrong.items()
    )


def _kappa(table: Any) -> float:
    shares = np.asarray(table, dtype=float) / np.sum(table)
    by_chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
    return float((np.trace(shares) - by_chance) / (1 - by_chance))


_TABLES = [(np.array(counts),) for counts in ([[8, 17], [4, 31]], [[5, 0], [0, 9]], [[0, 6], [3, 1]], [[2, 4], [3, 6]])]


def _kappa_remarks(function: Function) -> list[str]:
    if found := differences(function, _kappa, _TABLES, 1e-6):
        return found
    try:
        with np.errstate(all="ignore"):
            alone = float(function(np.array([[7, 0], [0, 0]])))
    except Exception:
        return []
    return (
        []
        if np.isnan(alone)
        else [f"If both rules always say yes it gives {alone:g}: agreement beyond chance is undefined."]
    )


def _kappa_of(wrong: Callable[[Any], float]) -> Callable[[Function], bool]:
    return lambda function: abs(call(function, _TABLES[0][0].copy()) - wrong(_TABLES[0][0])) < 1e-6


EXERCISES = read_exercises(
    "stop3",
    selena=lambda: _total("SELENA"),
    sledai_2k=lambda: _total("2K"),
    without_fever=lambda: _total("SELENA", "fever"),
    without_dna=lambda: _total("SELENA", "dna_binding"),
    without_rash=lambda: _total("SELENA", "rash"),
    sri4=lambda: _sri4,
    sri4_remarks=lambda given: differences(given, _sri4, _PATIENTS),
    more_than_4=_slips(0, False, (12, 7), (1.0, 1.0), 0, 0),
    as_floats=_slips(4, True, (20, 4), (2.0, 2.5), 0, 0),
    no_new_b=_slips(3, False, (12, 6), (1.1, 1.39), 0, 0),
    gap_is_no=_slips(8, False, (12, 7), (1.0, 1.0), 0, 0),
    gap_is_yes=_slips(9, True, (12, 6), (1.0, 1.5), 0, 0),
    gap_hides_no=_slips(10, None, (12, 6), (1.0, 1.5), 0, 0),
    response_rate=lambda: _response_rate,
    rate_remarks=lambda given: differences(given, _response_rate, _RATES, 1e-9),
    always_left_out=_gives(1 / 3, 1 / 3),
    always_counted=_gives(1 / 4, 1 / 4),
    gap_responds=_gives(1 / 3, 1 / 2),
    kappa=lambda: _kappa,
    kappa_remarks=_kappa_remarks,
    agreement_only=_kappa_of(lambda table: float(np.trace(table) / table.sum())),
    a_coin=_kappa_of(lambda table: float(2 * np.trace(table) / table.sum() - 1)),
)
