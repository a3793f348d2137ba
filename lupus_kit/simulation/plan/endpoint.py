"""Endpoints of a plan: a response as :mod:`lupus_kit.endpoints` scores it, or the fall of SLEDAI, at a week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.endpoints import RENAL_DEFINITIONS

# Definitions without the laboratory's upper limit of creatinine, which no patient model has.
_RENAL = [
    name
    for name, rule in RENAL_DEFINITIONS.items()
    if not any(need.rule == "normal" for group in rule.columns.values() for need in group)
]

#: Responses that a plan can name, with what :func:`lupus_kit.endpoints.score_visits` is asked for. Renal response is
#: that of the patients with nephritis, by ``"KDIGO 2012"`` where no definition is named.
RESPONSES: Mapping[str, Mapping[str, Any]] = {
    **{f"SRI-{n}": {"endpoint": "sri", "points": n} for n in range(4, 9)},
    **{f"modified SRI-{n}": {"endpoint": "modified-sri", "points": n} for n in range(4, 9)},
    "SRI-50": {"endpoint": "sri-50"},
    "BICLA": {"endpoint": "bicla"},
    "LLDAS": {"endpoint": "lldas"},
    "DORIS": {"endpoint": "doris"},
    "no flare": {"endpoint": "flare"},
    "no severe flare": {"endpoint": "severe-flare"},
    "complete renal response": {"endpoint": "renal"},
    "renal response": {"endpoint": "renal-partial"},
    **{f"complete renal response, {name}": {"endpoint": "renal", "definition": name} for name in _RENAL},
    **{f"renal response, {name}": {"endpoint": "renal-partial", "definition": name} for name in _RENAL},
}

#: The endpoint that is no response: the total at baseline minus that at the week.
SLEDAI_FALL = "SLEDAI fall"

#: Tests of the fall of SLEDAI.
FALL_TESTS = {
    "welch": "t-test, each arm with its own variance",
    "student": "t-test with the pooled variance",
    "wilcoxon": "rank-sum test with its normal approximation, corrected for ties, not for continuity",
}


@dataclass(frozen=True)
class Endpoint:
    """One endpoint at a week.

    Attributes
    ----------
    week : int
        Week of the visit; the design must have it.
    name : str
        Key of :data:`RESPONSES`, or ``"SLEDAI fall"``; all but the latter for response rates, too.
    patients : tuple of int, optional
        For response rates: patients of the first and the second arm in whom it is measured, such as those with nephritis;
        everybody unless given. Of two such groups the smaller is part of the larger. A patient model has its own patients
        with nephritis, and renal response is theirs.
    test : str, optional
        For ``"SLEDAI fall"`` alone: key of :data:`FALL_TESTS`, ``"welch"`` unless given.

    Examples
    --------
    >>> print(Endpoint(24, "renal response", patients=(13, 12)))
    renal response at week 24 in 13 and 12 patients
    """

    week: int
    name: str = "SRI-4"
    patients: tuple[int, int] | None = None
    test: str | None = None

    def __post_init__(self) -> None:
        if not _is_whole(self.week):
            raise InputError(f"week == {self.week!r}: an endpoint is measured at a whole week after baseline.")
        allowed = [*RESPONSES, SLEDAI_FALL]
        if not isinstance(self.name, str) or self.name not in allowed:
            raise unknown_name("endpoint", self.name, allowed)
        if self.patients is not None:
            if not isinstance(self.patients, (tuple, list)) or [*map(_is_whole, self.patients)] != [True, True]:
                raise InputError(f"patients == {self.patients!r}: two whole numbers of 1 or more, one for each arm.")
            object.__setattr__(self, "patients", tuple(map(int, self.patients)))
        if self.test is not None and not self.is_fall:
            raise InputError(f"test == {self.test!r}: {self.name} is a response, tested as the plan says; only "
                             f"{SLEDAI_FALL!r} has a test of its own.")  # fmt: skip
        if self.test is not None and (not isinstance(self.test, str) or self.test not in FALL_TESTS):
            raise unknown_name("test of the fall of SLEDAI", self.test, FALL_TESTS)

    @property
    def is_fall(self) -> bool:
        """Whether it is the fall of SLEDAI and no response."""
        return self.name == SLEDAI_FALL

    @property
    def of_nephritis(self) -> bool:
        """Whether it is measured in the patients with nephritis alone."""
        return "renal response" in self.name

    def analysed(self, arm: int, randomised: int, so_far: Any) -> Any:
        """Patients in whom it is measured, of the first ``so_far`` of an arm: their share of all, rounded."""
        if self.patients is None:
            return so_far
        return (2 * self.patients[arm] * so_far + randomised) // (2 * randomised)

    def __str__(self) -> str:
        where = "" if self.patients is None else " in {} and {} patients".format(*self.patients)
        how = f", {self.test or 'welch'} test" if self.is_fall else ""
        return f"{self.name} at week {self.week}{where}{how}"


def _is_whole(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, np.integer)) and bool(value >= 1)
