"""How many patients, and how small a difference: planning by exact power, saw teeth and all."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from lupus_kit.core.bars import Bar
from lupus_kit.core.errors import InputError, is_number
from lupus_kit.inference.binomial import binomial_pmf
from lupus_kit.inference.intervals.interval import Row
from lupus_kit.inference.planning.operating_characteristics import power as exact_power
from lupus_kit.inference.planning.operating_characteristics import window
from lupus_kit.inference.planning.regions import rejected_window
from lupus_kit.inference.two_by_two.bernstein import basis, suprema
from lupus_kit.inference.two_by_two.counts import as_alternative, as_level, as_p, as_size
from lupus_kit.inference.two_by_two.registry import Test, get

# Largest first arm: an exact test has to put the tables in order, or to add up whole margins.
_LARGEST = {"unconditional exact": 2000, "conditional exact": 20_000}
_LARGEST_ASYMPTOTIC = 1_000_000
# Below this size every size is tried, from four fifths of the normal formula on.
_SMALL = 60
# Tables from which on rows that hardly ever happen are left out.
_ALL_ROWS = 40_000
# Seconds before progress is shown.
_PATIENCE = 2


@dataclass(frozen=True)
class SampleSize(Row):
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
    designs : int
        Sizes for which power was computed.
    target, alpha : float
        Power asked for, and level.
    test, alternative : str
        The test.
    gamma : float or None
        That of a Berger–Boos test.
    difference : float
        The p1 - p2 of the null hypothesis.
    quantity : str
        What reaches the target: ``"exact power"``, or ``"assurance"``, power averaged over a prior.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.sample_size("pearson", 0.9, 0.2, power=0.9)
    >>> found.n1, found.n2
    (8, 8)
    """

    n1: int
    n2: int
    power: float
    first_n1: int
    checked_to: int
    designs: int
    target: float
    alpha: float
    test: str
    alternative: str
    gamma: float | None = None
    difference: float = 0.0
    quantity: str = "exact power"

    def __int__(self) -> int:
        return self.n1

    def _repr_html_(self) -> str:
        dip = "" if self.first_n1 == self.n1 else f" (first reached with {self.first_n1}, but it dips again)"
        label = get(self.test, self.gamma, self.difference).label
        return (
            f"<b>{self.n1} and {self.n2}</b> patients give {label} an {self.quantity} of {self.power:.3f}, and more "
            f"patients never less than {self.target:g}{dip}. Checked up to {self.checked_to}, in {self.designs} designs."
        )


def sample_size(
    test: str | Test,
    p1: float,
    p2: float,
    power: float = 0.8,
    alpha: float = 0.05,
    ratio: float = 1.0,
    alternative: str = "two-sided",
    gamma: float | None = None,
    difference: float = 0.0,
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
    difference : float
        The p1 - p2 of the null hypothesis, as in :func:`~lupus_kit.inference.pvalue`.

    Returns
    -------
    SampleSize
        With the first size that reaches the target too, since power is not monotone in the number of patients.

    Raises
    ------
    InputError
        Equal rates, rates against the alternative, or more patients in the first arm needed than the test can take:
        2000 for an unconditional exact test, 20,000 for a conditional one, a million for any other.

    See Also
    --------
    power, minimal_detectable_difference, type_m_and_s, size

    Notes
    -----
    Power of a discrete test does not grow steadily: it falls by a tooth now and then when a patient is added. No
    formula bounds the teeth, so the promise that power stays above the target rests on powers that were computed, to
    a tenth beyond the size found (a dozen patients at least). Every size is tried from below the first that reaches
    the target to two dozen beyond the last that misses it (more where `ratio` makes long teeth); further on sizes are
    left out only as long as power is above the target by twice the deepest fall met so far. Power itself is a sum over
    the tables: exact, but for tables that together have less than one part in 10**15 of the probability. Progress is
    shown for what takes longer than two seconds.

    Examples
    --------
    >>> found = sample_size("pearson", 0.9, 0.2, power=0.9)
    >>> found.n1, found.power >= 0.9
    (8, True)
    """
    entry, side = get(test, gamma, difference), as_alternative(alternative)
    target, level = as_level("power", power), as_level("alpha", alpha)
    first, second = as_p("p1", p1), as_p("p2", p2)
    if not is_number(ratio) or not 0.01 <= ratio <= 100:
        raise InputError(f"ratio == {ratio!r}: patients in the second arm for each in the first, from 0.01 to 100.")
    ratio = float(ratio)
    beyond = first - second - entry.difference  # how far the truth lies from the null hypothesis
    if abs(beyond) < 1e-12 or (side == "greater" and beyond < 0) or (side == "less" and beyond > 0):
        null = f" beyond {entry.difference:g}" if entry.difference else ""
        rates = f"p1 == {first:g}, p2 == {second:g}"
        raise InputError(f"{rates}: there is no difference{null} in the direction {side!r} to find.")
    if target <= level:
        raise InputError(f"power == {target:g} must be larger than alpha == {level:g}.")

    z_level = ndtri(1 - level / (2 if side == "two-sided" else 1))
    normal = float((first * (1 - first) + second * (1 - second) / ratio) * ((z_level + ndtri(target)) / beyond) ** 2)
    hopeless = 1000 + int(20 * normal)
    largest = _LARGEST.get(entry.family, _LARGEST_ASYMPTOTIC)

    def power_of(n1: int, n2: int) -> float:
        if n1 > largest:
            raise InputError(
                f"more than {largest} patients in the first arm would be needed for rates {first:g} and {second:g}, "
                f"too many for {entry.key!r}; use a large-sample test, such as 'pearson'."
            )
        if n1 > hopeless:
            raise InputError(
                f"{entry.key!r} does not reach a power of {target:g} with {hopeless} patients in the first arm, twenty "
                f"times what the normal formula says for rates {first:g} and {second:g}: see where it is undefined."
            )
        return float(exact_power(entry, first, second, n1, n2, level, side))

    found = smallest_trial(power_of, lambda at: _start(at, normal, target, z_level, largest), target, ratio, entry.key)
    return SampleSize(*found, target, level, entry.key, side, entry.gamma, entry.difference)


def smallest_trial(
    power_of: Callable[[int, int], float],
    start: Callable[[Callable[[int], float]], int],
    target: float,
    ratio: float,
    test: str,
) -> tuple[int, int, float, int, int, int]:
    """Search the smallest trial that reaches a target and keeps it; what :class:`SampleSize` begins with.

    Parameters
    ----------
    power_of : callable
        Power of both arms' sizes.
    start : callable
        From the power of the first arm's size to a size near the one that is sought.
    target, ratio : float
        As for :func:`sample_size`.
    test : str
        Named while progress is shown.
    """
    known: dict[int, float] = {}

    def second_arm(n1: int) -> int:
        return max(1, ceil(ratio * n1 - 1e-9))

    def at(n1: int) -> float:
        if n1 not in known:
            known[n1] = power_of(n1, second_arm(n1))
            progress.update()
        return known[n1]

    with Bar(
        desc=f"{test}: power of designs", unit=" designs", delay=_PATIENCE, mininterval=0.5, leave=False
    ) as progress:
        n1, first_n1, checked_to = _search(at, start(at), target, max(12, ceil(2 / ratio)))
    return n1, second_arm(n1), known[n1], first_n1, checked_to, len(known)


def _start(at: Callable[[int], float], normal: float, target: float, z_level: float, largest: int) -> int:
    """First arm with about the power asked for: the normal formula, corrected by the power found there."""
    size = max(2, int(normal))
    if size < _SMALL or size > largest:
        return min(max(2, int(0.8 * size)), largest + 1)
    for _ in range(4):
        found = ndtri(min(max(at(size), 0.01), 0.99))
        better = int(size * ((z_level + ndtri(target)) / max(z_level + found, 0.5)) ** 2)
        better = min(max(better, size // 2, 2), 2 * size, largest)
        if abs(better - size) <= 1 + size // 200:
            return better
        size = better
    return size


def _search(at: Callable[[int], float], start: int, target: float, tooth: int) -> tuple[int, int, int]:
    """Return the size from which power stays, the first that reaches the target, and the largest that was tried."""
    known: dict[int, float] = {}

    def power(size: int) -> float:
        known[size] = at(size)
        return known[size]

    def deepest_fall() -> float:
        """Largest loss of power from one size to a larger one, so far; one over the size where less was seen."""
        found = np.array([known[size] for size in sorted(known)])
        return max(float((np.maximum.accumulate(found) - found).max()), 1 / start)

    # Up, until a stretch as long as a tenth of the size holds the target: one by one as long as two teeth, or power is
    # above the target by less than two falls; and then in steps, the longer the further it is above.
    last_below, fall = start - 1, 0.0
    while True:
        size = last_below + 1
        while True:
            if power(size) < target:
                last_below = size
                far = known[size] < target - 0.05 - 2 * deepest_fall()
                size += max(1, size // 50) if far else 1
                continue
            if last_below + 1 not in known:  # a leap from far below went too far
                size = last_below + 1
                continue
            end = last_below + max(tooth, ceil(0.1 * size))
            if size >= end:
                break
            falls = int((known[size] - target) / (2 * deepest_fall()))
            step = max(1, falls * tooth // 2) if size - last_below >= 2 * tooth else 1
            size = min(size + step, end)
        checked_to = size
        if deepest_fall() <= fall:
            break
        fall = deepest_fall()  # deeper than thought: the steps are taken again, shorter
    # And down one by one, in case the start was already too large, and to see where the target is first reached.
    size = start - 1
    if last_below < start:
        while size >= 1 and power(size) >= target:
            size -= 1
        last_below = size
    first, size = last_below + 1, last_below
    while size >= 1 and (power(size) >= target - 2 * deepest_fall() or size > first - tooth):
        if known[size] >= target:
            first = size
        size -= 1
    return last_below + 1, first, checked_to


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
        ``p1 - p2``: the smallest difference at which power reaches the target; ``nan`` where none does.

    See Also
    --------
    power, sample_size, type_m_and_s, size

    Notes
    -----
    Mostly power grows with the difference. Not so for tests that are undefined or lose their order at the edge of the
    table: the Wald test of the log odds ratio rejects nothing once everybody responds.

    Examples
    --------
    >>> difference = minimal_detectable_difference("pearson", 0.3, 29, 30)
    >>> round(difference, 3)
    0.358
    >>> round(minimal_detectable_difference("log_odds_wald", 0.1, 29, 30), 3)
    0.331
    """
    if direction not in ("up", "down"):
        raise InputError(f"direction == {direction!r}: must be 'up' or 'down'.")
    entry, target, rate = get(test, gamma), as_level("power", power), as_p("p2", p2)
    m, n, level, side = as_size("n1", n1), as_size("n2", n2), as_level("alpha", alpha), as_alternative(alternative)
    end, columns = 1.0 if direction == "up" else 0.0, window(n, rate)
    if m * n > _ALL_ROWS and entry.family != "unconditional exact":
        # If twice the difference of the normal formula is detected, no larger one needs to be looked at.
        z = ndtri(1 - level / 2) + max(ndtri(target), 0.0)
        reach = 2 * z * np.sqrt(max(rate * (1 - rate), 1 / m) * (1 / m + 1 / n))
        near = float(np.clip(rate + reach if direction == "up" else rate - reach, 0.0, 1.0))
        end = near if exact_power(entry, near, rate, m, n, level, side) >= target else end
    rows = (window(m, min(rate, end))[0], window(m, max(rate, end))[1])
    # Power is a polynomial of the first rate.
    coefficients = np.zeros(m + 1)
    chances = binomial_pmf(np.arange(columns[0], columns[1] + 1), n, rate)
    coefficients[rows[0] : rows[1] + 1] = rejected_window(entry, m, n, level, side, rows, columns) @ chances

    def missing(p1: float) -> float:
        return float(basis(m, np.array(p1)) @ coefficients) - target

    # On a grid that shows every peak, with the highest point itself among its points.
    angles = [float(np.arcsin(np.sqrt(p))) for p in (rate, end)]
    at = np.sin(np.linspace(angles[0], angles[1], 9 + int(9 * np.sqrt(m) * abs(angles[1] - angles[0])))) ** 2
    at[0], at[-1] = rate, end
    at = np.append(at, suprema(coefficients[None, :], min(rate, end), max(rate, end)).at)
    at = np.sort(at) if direction == "up" else np.sort(at)[::-1]
    reached = np.array([missing(p1) >= 0 for p1 in at.tolist()])
    if not reached.any():
        return float("nan")
    first = int(reached.argmax())
    if first == 0:
        return 0.0
    return float(brentq(missing, at[first - 1], at[first], xtol=1e-10)) - rate
