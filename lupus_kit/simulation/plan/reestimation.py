"""More patients if the pooled response rate asks for them, without a look at the arms."""

from dataclasses import dataclass

from lupus_kit.core.errors import InputError, is_number


@dataclass(frozen=True)
class Reestimation:
    """Blinded re-estimation of the sample size.

    Once a fraction of the planned patients has the primary outcome, the pooled response rate p (arms not known) gives the
    patients needed in the first arm, ``(z₁₋ₐ/₂ + z_power)² · (1 + n₁/n₂) · p (1 − p) / (difference + margin)²``; the ratio of
    the arms stays. Where the endpoint is measured in some patients alone these are so many, and of all as many more as have
    come so far for each of them. The trial never shrinks below its planned size and never grows above ``max_factor`` times it.

    Attributes
    ----------
    at : float
        Fraction of the planned patients.
    difference : float
        Difference of the rates that the trial is planned for; the margin of the plan is added to it.
    power : float
        Power wanted.
    max_factor : float
        Largest size over planned size.

    References
    ----------
    Gould AL. Stat Med 1992;11:55-66. Friede T, Kieser M. Biom J 2006;48:537-555.

    Examples
    --------
    >>> from lupus_kit.simulation import Reestimation
    >>> Reestimation(at=0.5, difference=0.25).power
    0.8
    """

    at: float = 0.5
    difference: float = 0.25
    power: float = 0.8
    max_factor: float = 2.0

    def __post_init__(self) -> None:
        for name, low, high in (("at", 0, 1), ("difference", 0, 1), ("power", 0, 1), ("max_factor", 1, 20)):
            value = getattr(self, name)
            if not is_number(value) or not low < value <= high:
                raise InputError(f"{name} == {value!r}: must be a number above {low} and at most {high}.")
        if self.at == 1 or self.power == 1:
            raise InputError(f"at == {self.at:g}, power == {self.power:g}: both must be below 1.")

    def __str__(self) -> str:
        return f"at {self.at:.0%}, up to {self.max_factor:g} times the size"
