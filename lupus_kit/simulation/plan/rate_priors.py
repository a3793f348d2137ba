"""What is known of both arms' response rates before the trial: beta priors from earlier counts, with a discount."""

import tomllib
from dataclasses import dataclass
from importlib import resources

from lupus_kit.core.errors import InputError, is_number
from lupus_kit.inference import Prior


@dataclass(frozen=True)
class RatePriors:
    """Independent priors of the two response rates at the primary endpoint.

    Each is a uniform prior updated by earlier responders and non-responders, all of whom count for the share `discount` of a
    patient: a power prior (Ibrahim JG, Chen MH. Stat Sci 2000;15:46-60).

    Attributes
    ----------
    first, second : tuple of float
        Earlier responders and patients of each arm; without any, all rates are alike. :data:`PRIOR_SOURCES` has some.
    discount : float
        Share of the earlier information that is kept, from 0 to 1.
    label : str
        Name in print.

    Raises
    ------
    InputError
        Counts that do not fit together, or a discount outside [0, 1].

    Examples
    --------
    >>> [arm.components for arm in RatePriors((16, 29), (9, 30), 0.5).arms]
    [((1.0, 9.0, 7.5),), ((1.0, 5.5, 11.5),)]
    """

    first: tuple[float, float] = (0, 0)
    second: tuple[float, float] = (0, 0)
    discount: float = 1.0
    label: str = ""

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            pair = getattr(self, name)
            pair = tuple(pair) if isinstance(pair, (tuple, list)) else ()
            if len(pair) != 2 or not all(map(is_number, pair)) or not 0 <= pair[0] <= pair[1]:
                raise InputError(f"{name} == {getattr(self, name)!r}: responders and patients are needed.")
            object.__setattr__(self, name, pair)
        if not is_number(self.discount) or not 0 <= self.discount <= 1:
            raise InputError(f"discount == {self.discount!r}: the share of the information that is kept, from 0 to 1.")

    @property
    def arms(self) -> tuple[Prior, Prior]:
        """The prior of each arm."""
        kept = [(self.discount * x, self.discount * (n - x)) for x, n in (self.first, self.second)]
        first, second = (Prior(((1.0, 1.0 + x, 1.0 + other),), str(self)) for x, other in kept)
        return first, second

    def __str__(self) -> str:
        counts = " and ".join(f"{x:g} of {n:g}" for x, n in (self.first, self.second))
        return f"{self.label or counts}{'' if self.discount == 1 else f', each patient counted as {self.discount:g}'}"


_TABLE = tomllib.loads(resources.files(__package__).joinpath("rate_priors.toml").read_text(encoding="utf-8"))
#: Priors of both rates by name.
PRIOR_SOURCES = {
    name: RatePriors(tuple(of["first"]), tuple(of["second"]), label=of["label"]) for name, of in _TABLE.items()
}
