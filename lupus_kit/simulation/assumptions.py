"""What a simulated trial assumes: response rates at two visits, and how a patient's two outcomes hang together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lupus_kit._errors import InputError


@dataclass(frozen=True)
class ResponseRates:
    """True response rates of both arms at the primary visit and at follow-up.

    Attributes
    ----------
    primary, follow_up : tuple of float
        Response probability of the first and the second arm at each visit.
    correlation : float
        Correlation (phi) of a patient's outcomes at the two visits, the same in both arms. No paper prints it
        for this trial: it is an assumption.

    Raises
    ------
    InputError
        A rate outside [0, 1], or a correlation that the rates do not allow.

    Examples
    --------
    >>> ResponseRates((0.5, 0.5), (0.5, 0.5), correlation=0.0).joint(0).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    primary: tuple[float, float]
    follow_up: tuple[float, float]
    correlation: float = 0.4

    def __post_init__(self) -> None:
        for name in ("primary", "follow_up"):
            rates = getattr(self, name)
            if len(rates) != 2 or not all(0 <= rate <= 1 for rate in rates):
                raise InputError(f"{name} == {rates!r}: two probabilities from 0 to 1 are needed, one for each arm.")
        for arm in (0, 1):
            low, high = correlation_bounds(self.primary[arm], self.follow_up[arm])
            if not low - 1e-12 <= self.correlation <= high + 1e-12:
                raise InputError(
                    f"correlation == {self.correlation!r}: with rates {self.primary[arm]:.3g} and "
                    f"{self.follow_up[arm]:.3g} in arm {arm + 1} it must lie from {low:.3f} to {high:.3f}."
                )

    def joint(self, arm: int) -> np.ndarray:
        """Return the probabilities of responding at both visits, only first, only second, and neither."""
        first, second = self.primary[arm], self.follow_up[arm]
        both = first * second + self.correlation * np.sqrt(first * (1 - first) * second * (1 - second))
        cells = np.clip([both, first - both, second - both, 1 - first - second + both], 0.0, 1.0)
        return np.asarray(cells / cells.sum())


def correlation_bounds(first: float, second: float) -> tuple[float, float]:
    """Return the smallest and largest correlation of two 0/1 outcomes with given rates.

    Parameters
    ----------
    first, second : float
        Response probabilities at the two visits.

    Returns
    -------
    tuple of float
        The Fréchet bounds of phi; (0, 0) where a rate is 0 or 1.

    Examples
    --------
    >>> tuple(round(bound, 2) for bound in correlation_bounds(16 / 29, 19 / 29))
    (-0.65, 0.8)
    """
    spread = float(np.sqrt(first * (1 - first) * second * (1 - second)))
    if spread == 0:
        return 0.0, 0.0
    independent = first * second
    return (max(0.0, first + second - 1) - independent) / spread, (min(first, second) - independent) / spread
