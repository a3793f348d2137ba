"""How many patients, and how small a difference: planning by exact power, saw teeth and all."""

from dataclasses import asdict, dataclass
from math import ceil
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtri

from lupus_kit.core.errors import InputError
from lupus_kit.inference.planning.operating_characteristics import power as exact_power
from lupus_kit.inference.planning.operating_characteristics import power_of_region, rejection_region
from lupus_kit.inference.two_by_two.counts import as_alternative, as_level, as_probability, as_size
from lupus_kit.inference.two_by_two.registry import Test, get

_LARGEST = 2000
# Power of a discrete test can fall by a few hundredths when a patient is added; the search for the first size
# that reaches the target goes on until power is this far below it.
_TOOTH = 0.05


@dataclass(frozen=True)
class SampleSize:
    """Patients needed for a given exact power.

    Attributes
    ----------
    n1, n2 : int
        Patients in each arm: the smallest number from which exact power stays at or above the target.
    power : float
        Exact power there.
    first_n1 : int
        The smallest first arm that reaches the target at all; between it and ``n1`` power dips below again.
    checked_to : int
        Largest first arm for which power was computed.
    target, alpha : float
        Power asked for, and level.
    test, alternative : str
        The test.
    gamma : float or None
        That of a Berger–Boos test.
    """

    n1: int
    n2: int
    power: float
    first_n1: int
    checked_to: int
    target: float
    alpha: float
    test: str
    alternative: str
    gamma: float | None = None

    def __int__(self) -> int:
        return self.n1

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([asdict(self)])

    def _repr_html_(self) -> str:
        dip = "" if self.first_n1 == self.n1 else f" (first reached with {self.first_n1}, but power dips again)"
        return (
            f"<b>{self.n1} and {self.n2}</b> patients give {get(self.test, self.gamma).label} an exact power of {self.power:.3f}, "
            f"and more patients never less than {self.target:g}{dip}. Checked up to {self.checked_to}."
        )


def _rates(p1: Any, p2: Any) -> tuple[float, float]:
    rates = []
    for name, value in (("p1", p1), ("p2", p2)):
        array = as_probability(name, value)
        if array.ndim:
            raise InputError(f"{name}: one probability is needed here, not an array.")
        rates.append(float(array))
    return rates[0], rates[1]


def _normal_size(p1: float, p2: float, target: float, alpha: float, ratio: float, one_sided: bool) -> float:
    """Approximate first arm, as a place to start."""
    z = ndtri(1 - alpha / (1 if one_sided else 2)) + ndtri(target)
    return float((p1 * (1 - p1) + p2 * (1 - p2) / ratio) * (z / (p1 - p2)) ** 2)


def sample_size(
    test: str | Test,
    p1: float,
    p2: float,
    power: float = 0.8,
    alpha: float = 0.05,
    ratio: float = 1.0,
    alternative: str = "two-sided",
    gamma: float | None = None,
) -> SampleSize:
    """Find the smallest trial whose exact power reaches a target and keeps it.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    p1, p2 : float
        True response rates.
    power : float
        Target, strictly between ``alpha`` and 1.
    alpha : float
        Level of the test.
    ratio : float
        Patients in the second arm for each patient in the first; ``n2`` is rounded up.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.

    Returns
    -------
    SampleSize
        With the first size that reaches the target too, since power is not monotone in the number of patients.

    Raises
    ------
    InputError
        Equal rates, rates against the alternative, or more than 2000 patients in the first arm needed.

    Examples
    --------
    >>> found = sample_size("pearson", 0.9, 0.2, power=0.9)
    >>> found.n1, found.power >= 0.9
    (8, True)
    """
    entry, side = get(test, gamma), as_alternative(alternative)
    target, level = as_level("power", power), as_level("alpha", alpha)
    first, second = _rates(p1, p2)
    if isinstance(ratio, bool) or not isinstance(ratio, Real) or not 0.01 <= ratio <= 100:
        raise InputError(f"ratio == {ratio!r}: patients in the second arm for each in the first, from 0.01 to 100.")
    ratio = float(ratio)
    if first == second or (side == "greater" and first < second) or (side == "less" and first > second):
        raise InputError(
            f"p1 == {first:g}, p2 == {second:g}: there is no difference in the direction {side!r} to find."
        )
    if target <= level:
        raise InputError(f"power == {target:g} must be larger than alpha == {level:g}.")

    known: dict[int, float] = {}

    def at(n1: int) -> float:
        if n1 > _LARGEST:
            raise InputError(
                f"more than {_LARGEST} patients in the first arm would be needed for rates {first:g} and {second:g}; "
                "use a large-sample formula."
            )
        if n1 not in known:
            n2 = max(1, ceil(ratio * n1 - 1e-9))
            known[n1] = float(exact_power(entry, first, second, n1, n2, level, side))
        return known[n1]

    # Go up until a whole stretch of sizes holds the target, as long as a tenth of the size itself.
    n = max(2, int(0.8 * _normal_size(first, second, target, level, ratio, side != "two-sided")))
    last_below, size = n - 1, n
    while size <= last_below + max(12, ceil(0.1 * size)):
        if at(size) < target:
            last_below = size
        size += 1
    checked_to = size - 1
    # And down, in case the start was already too large, and to see where the target is first reached.
    size = n - 1
    if last_below < n:
        while size >= 1 and at(size) >= target:
            size -= 1
        last_below = size
    smallest = last_below + 1
    first_n1, size = smallest, last_below
    while size >= 1 and at(size) >= target - _TOOTH:
        if at(size) >= target:
            first_n1 = size
        size -= 1
    n2 = max(1, ceil(ratio * smallest - 1e-9))
    return SampleSize(smallest, n2, at(smallest), first_n1, checked_to, target, level, entry.key, side, entry.gamma)


def minimal_detectable_difference(
    test: str | Test,
    p2: float,
    n1: int,
    n2: int,
    power: float = 0.8,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    direction: str = "up",
    gamma: float | None = None,
) -> float:
    """Find the smallest difference that a trial detects with a given exact power.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    p2 : float
        True response rate of the second arm.
    n1, n2 : int
        Patients in each arm.
    power, alpha : float
        Power asked for, and level.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    direction : {"up", "down"}
        Whether the first arm responds more or less.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.

    Returns
    -------
    float
        ``p1 - p2``; ``nan`` where even a rate of 1 (or 0) is not detected with this power.

    Examples
    --------
    >>> difference = minimal_detectable_difference("pearson", 0.3, 29, 30)
    >>> round(difference, 3)
    0.358
    """
    if direction not in ("up", "down"):
        raise InputError(f"direction == {direction!r}: must be 'up' or 'down'.")
    target, (_, rate) = as_level("power", power), _rates(0.5, p2)
    region = rejection_region(test, as_size("n1", n1), as_size("n2", n2), alpha, alternative, gamma)

    def missing(p1: float) -> float:
        return float(power_of_region(region, np.array(p1), np.array(rate))) - target

    end = 1.0 if direction == "up" else 0.0
    if missing(end) < 0:
        return float("nan")
    if missing(rate) >= 0:
        return 0.0
    return float(brentq(missing, rate, end, xtol=1e-10)) - rate
