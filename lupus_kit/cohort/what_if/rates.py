"""Shares: a mapping that cannot be changed, and rates that move with the drug effect."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from scipy.special import ndtr, ndtri


class Rates(dict[str, float]):
    """A read-only dictionary, so that assumptions stay what they were when the cohort was made."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("these shares are read-only: make new Assumptions with the value you want")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return (Rates, (dict(self),))


def moved_rate(treated: np.ndarray, drug: float, placebo: float, share: float) -> np.ndarray:
    """Rate of each patient when the drug works ``share`` as strongly as where its own rate is ``drug``.

    The distance from placebo's rate is scaled on the probit scale: 0 gives placebo's rate, 1 the drug's.
    """
    if share in (0.0, 1.0):
        active = drug if share else placebo
    else:
        z_drug, z_placebo = ndtri(np.clip([drug, placebo], 1e-12, 1 - 1e-12))
        active = float(ndtr(z_placebo + share * (z_drug - z_placebo)))
    return np.where(treated, active, placebo)
