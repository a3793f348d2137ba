"""What a simulated trial assumes: response rates at two visits, how a patient's outcomes hang together, who is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lupus_kit.core.errors import InputError, is_number
from lupus_kit.inference.two_visits.familywise import correlation_bounds

#: A patient's two outcomes, as the rows of :meth:`ResponseRates.patient_law`: 1 responds, 0 does not, -1 not known.
OUTCOMES = np.array([[1, 1], [1, 0], [0, 1], [0, 0], [1, -1], [0, -1], [-1, -1]])


@dataclass(frozen=True)
class Dropout:
    """Patients who leave: their outcomes from then on are not known.

    Attributes
    ----------
    primary, follow_up : tuple of float
        Share of each arm that has left by each visit; whoever left before the first is missing at the second too.
    nonresponder_ratio : float
        How many times likelier a patient leaves before a visit who would not respond there than one who would.
        1 is completely at random; anything else is not at random.

    Raises
    ------
    InputError
        A share outside [0, 1), shares that fall over time, or a ratio that is not positive.

    Examples
    --------
    >>> print(Dropout((0.05, 0.05), (0.15, 0.10)))
    5%, 5%; 15%, 10%
    >>> from lupus_kit.simulation import Dropout
    >>> Dropout().none
    True
    """

    primary: tuple[float, ...] = (0.0, 0.0)
    follow_up: tuple[float, ...] = (0.0, 0.0)
    nonresponder_ratio: float = 1.0

    def __post_init__(self) -> None:
        for name in ("primary", "follow_up"):
            object.__setattr__(self, name, _shares(f"dropout at {name}", getattr(self, name), self.primary))
        for arm, (first, second) in enumerate(zip(self.primary, self.follow_up, strict=True)):
            if not first <= second < 1:
                raise InputError(
                    f"dropout of arm {arm + 1}: {first:g}, then {second:g}; shares are cumulative and below 1."
                )
        ratio = self.nonresponder_ratio
        if not is_number(ratio) or not 0 < ratio <= 1000:
            raise InputError(f"nonresponder_ratio == {ratio!r}: must be a number above 0 and at most 1000.")

    def __str__(self) -> str:
        if self.none:
            return "none"
        shares = "; ".join(", ".join(f"{share:.0%}" for share in at) for at in (self.primary, self.follow_up))
        return (
            shares
            if self.nonresponder_ratio == 1
            else f"{shares}; non-responders {self.nonresponder_ratio:g} times as often"
        )

    @property
    def none(self) -> bool:
        """Whether nobody leaves."""
        return max(self.primary + self.follow_up) == 0


def _shares(name: str, value: object, primary: Sequence[float]) -> tuple[float, ...]:
    """Return a share an arm; at follow-up of as many arms as at the primary visit."""
    shares = list(value) if isinstance(value, (Sequence, np.ndarray)) else []
    if len(shares) >= 2 and all(is_number(v) and 0 <= v <= 1 for v in shares):
        if len(shares) != len(primary):
            raise InputError(f"{name} == {value!r}: as many are needed as at the primary week, {len(primary)}.")
        return tuple(map(float, shares))
    raise InputError(f"{name} == {value!r}: two probabilities from 0 to 1 are needed, or more, one for each arm.")


@dataclass(frozen=True)
class ResponseRates:
    """True response rates of the arms at the primary visit and at follow-up.

    Attributes
    ----------
    primary, follow_up : tuple of float
        Response probability of each arm, the control last, at the design's primary week and follow-up week.
    correlation : float
        Correlation (phi) of a patient's outcomes at the two visits, the same in all arms. No paper prints it
        for this trial: it is an assumption.
    dropout : Dropout
        Who is lost; nobody unless told.

    Raises
    ------
    InputError
        A rate outside [0, 1], rates of different numbers of arms, or a correlation that the rates do not allow.

    Examples
    --------
    >>> ResponseRates((0.5, 0.5), (0.5, 0.5), correlation=0.0).joint(0).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    primary: tuple[float, ...]
    follow_up: tuple[float, ...]
    correlation: float = 0.4
    dropout: Dropout = field(default_factory=Dropout)

    def __post_init__(self) -> None:
        for name in ("primary", "follow_up"):
            object.__setattr__(self, name, _shares(name, getattr(self, name), self.primary))
        if not is_number(self.correlation):
            raise InputError(f"correlation == {self.correlation!r}: must be a number.")
        if not isinstance(self.dropout, Dropout):
            raise InputError(f"dropout == {self.dropout!r}: give a Dropout, such as Dropout((0.05, 0.05), (0.1, 0.1)).")
        arms = len(self.primary)
        if self.dropout.none:  # of as many arms as there are rates
            object.__setattr__(self, "dropout", replace(self.dropout, primary=(0.0,) * arms, follow_up=(0.0,) * arms))
        if len(self.dropout.primary) != arms:
            raise InputError(
                f"dropout: {self.dropout}; {arms} arms have rates, as many shares are needed at each visit."
            )
        for arm in range(arms):
            low, high = correlation_bounds(self.primary[arm], self.follow_up[arm])
            if not low - 1e-12 <= self.correlation <= high + 1e-12:
                raise InputError(
                    f"correlation == {self.correlation!r}: with rates {self.primary[arm]:.3g} and "
                    f"{self.follow_up[arm]:.3g} in arm {arm + 1} it must lie from {low:.3f} to {high:.3f}."
                )
            self.patient_law(arm)

    def joint(self, arm: int) -> np.ndarray:
        """Return the probabilities of responding at both visits, only first, only second, and neither."""
        first, second = self.primary[arm], self.follow_up[arm]
        both = first * second + self.correlation * np.sqrt(first * (1 - first) * second * (1 - second))
        cells = np.clip([both, first - both, second - both, 1 - first - second + both], 0.0, 1.0)
        return np.asarray(cells / cells.sum())

    def patient_law(self, arm: int) -> np.ndarray:
        """Return what can happen to one patient of an arm, with dropout.

        Returns
        -------
        numpy.ndarray, shape (7,)
            Probabilities of (respond, respond), (respond, not), (not, respond), (not, not), (respond, missing),
            (not, missing) and (missing, missing) at the two visits.

        Raises
        ------
        InputError
            So many leave, and so many more of the non-responders, that more would have to leave than there are.

        Examples
        --------
        >>> ResponseRates((0.5, 0.5), (0.5, 0.5), 0.0, Dropout((0.2, 0.2), (0.2, 0.2))).patient_law(0).round(3).tolist()
        [0.2, 0.2, 0.2, 0.2, 0.0, 0.0, 0.2]
        """
        cells, lost = self.joint(arm), self.dropout
        by_first, by_second = lost.primary[arm], lost.follow_up[arm]
        leaves = _leaving(by_first, cells, OUTCOMES[:4, 0], lost.nonresponder_ratio, arm)
        stay = cells * (1 - leaves)
        later = (by_second - by_first) / (1 - by_first)
        leaves = _leaving(later, stay, OUTCOMES[:4, 1], lost.nonresponder_ratio, arm)
        seen, gone = stay * (1 - leaves), stay * leaves
        return np.array([*seen, gone[0] + gone[1], gone[2] + gone[3], by_first])

    def under_null(self) -> ResponseRates:
        """Return the same trial without any difference: all arms have the mean rate at each visit.

        Examples
        --------
        >>> ResponseRates((0.6, 0.4), (0.7, 0.5)).under_null().primary
        (0.5, 0.5)
        """
        first, second = ((sum(rates) / len(rates),) * len(rates) for rates in (self.primary, self.follow_up))
        return replace(self, primary=first, follow_up=second)


@dataclass(frozen=True)
class StratifiedRates:
    """Response rates that differ between strata, such as patients with nephritis and without.

    Each patient who comes in is of a stratum by chance; within a stratum everything is as :class:`ResponseRates` say.

    Attributes
    ----------
    names : tuple of str
        Names of two or more strata.
    shares : tuple of float
        Share of the patients in each stratum; they add up to 1.
    rates : tuple of ResponseRates
        What is true in each stratum.

    Raises
    ------
    InputError
        Lists of different lengths, names that are double, or shares that do not add up to 1.

    Examples
    --------
    >>> with_nephritis, without = ResponseRates((0.5, 0.2), (0.5, 0.2)), ResponseRates((0.6, 0.4), (0.7, 0.5))
    >>> StratifiedRates(("nephritis", "none"), (0.4, 0.6), (with_nephritis, without)).under_null().rates[1].primary
    (0.5, 0.5)
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]
    rates: tuple[ResponseRates, ...]

    def __post_init__(self) -> None:
        for name in ("names", "shares", "rates"):
            given = getattr(self, name)
            object.__setattr__(self, name, tuple(given) if isinstance(given, (tuple, list, np.ndarray)) else (given,))
        names, shares, rates = self.names, self.shares, self.rates
        for right, said in (
            (2 <= len(names) == len(shares) == len(rates), "two or more strata, each with a name, a share and rates"),
            (all(isinstance(name, str) for name in names) and len({*names}) == len(names), "different names"),
            (all(is_number(one) and one > 0 for one in shares) and abs(sum(shares) - 1) < 1e-6, "shares that add up to 1"),
            (all(isinstance(one, ResponseRates) for one in rates), "rates that are simulation.ResponseRates"),
        ):  # fmt: skip
            if not right:
                raise InputError(f"names == {names!r}, shares == {shares!r}: give {said}.")

    def under_null(self) -> StratifiedRates:
        """Return the same strata, each without any difference between the arms."""
        return replace(self, rates=tuple(rates.under_null() for rates in self.rates))


def _leaving(share: float, cells: np.ndarray, responds: np.ndarray, ratio: float, arm: int) -> np.ndarray:
    """Chance of leaving of each kind of patient, so that the whole share leaves."""
    weight = np.where(responds == 1, 1.0, ratio)
    chance = share * weight * cells.sum() / float(weight @ cells) if share else np.zeros(len(cells))
    if (chance[cells > 0] > 1 + 1e-12).any():
        raise InputError(
            f"dropout of arm {arm + 1}: {share:.3g} leave and nonresponder_ratio == {ratio:g}, so more than all of some "
            "patients would leave; make the share or the ratio less extreme."
        )
    return np.minimum(chance, 1.0)
