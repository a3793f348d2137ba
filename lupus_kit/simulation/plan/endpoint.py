"""Endpoints of a plan: a response as :mod:`lupus_kit.endpoints` scores it, or the fall of SLEDAI, at a week."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from lupus_kit.core.errors import InputError, is_whole, require_choice

_TABLES = tomllib.loads(resources.files(__package__).joinpath("endpoints.toml").read_text(encoding="utf-8"))
#: Responses that a plan can name, with what :func:`lupus_kit.endpoints.score_visits` is asked for. Renal response is that
#: of the patients with nephritis, by ``"KDIGO 2012"`` where no definition is named.
RESPONSES: dict[str, dict[str, Any]] = _TABLES["responses"]
#: Tests of the fall of SLEDAI.
FALL_TESTS: dict[str, str] = _TABLES["fall_tests"]
#: The two endpoints of a plan.
ROLES = ("primary", "secondary")
#: The endpoint that is no response: the total at baseline minus that at the week.
SLEDAI_FALL = "SLEDAI fall"


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
    >>> from lupus_kit.simulation import Endpoint
    >>> Endpoint(12).is_fall
    False
    >>> Endpoint(12).of_nephritis
    False
    >>> Endpoint(12).analysed(0, 30, 15)
    15
    """

    week: int
    name: str = "SRI-4"
    patients: tuple[int, int] | None = None
    test: str | None = None

    def __post_init__(self) -> None:
        if not is_whole(self.week, 1):
            raise InputError(f"week == {self.week!r}: an endpoint is measured at a whole week after baseline.")
        require_choice("endpoint", self.name, [*RESPONSES, SLEDAI_FALL])
        own = self.patients
        if own is not None and (not isinstance(own, (tuple, list)) or [is_whole(n, 1) for n in own] != [True, True]):
            raise InputError(f"patients == {own!r}: two whole numbers of 1 or more, one for each arm.")
        if self.test is not None and not self.is_fall:
            raise InputError(f"test == {self.test!r}: {self.name} is a response and tested as the plan says.")
        if self.test is not None:
            require_choice("test of the fall of SLEDAI", self.test, FALL_TESTS)
        object.__setattr__(self, "patients", None if own is None else tuple(map(int, own)))

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
