"""What is compared with the control, and the rule between several active arms: which are claimed, from their p-values."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

#: Rules over the p-values of all active arms against the control, with what they do. With few patients a test of large
#: samples keeps neither exactly.
ARM_RULES = {
    "holm": "Holm's steps over their p-values against the control; the secondary endpoint is estimated, not tested",
    "dunnett": "Dunnett's level for all p-values against the control; the secondary endpoint is estimated, not tested",
}
#: Active arms whose outcomes are added up in a second or less.
MOST_ACTIVE = 5


class Comparison(NamedTuple):
    """An active arm against the control, which is the last arm, at an endpoint (0 primary, 1 secondary)."""

    name: str
    endpoint: int
    arm: int
    tested: bool


@lru_cache(maxsize=256)
def arm_levels(rule: str, alpha: float, sided: int, sizes: tuple[int, ...]) -> tuple[float, ...]:
    """Levels that matter of each p-value, from the lowest; ``sizes`` are the planned patients, the control's last.

    References
    ----------
    Holm S. Scand J Stat 1979;6:65-70. Dunnett CW. J Am Stat Assoc 1955;50:1096-1121.
    """
    *active, control = sizes
    if rule == "holm":
        return tuple(alpha / left for left in range(len(active), 0, -1))
    # The largest of the normal statistics reaches Dunnett's level with chance alpha under no effect.
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)  # of the control's part, which the statistics share
    shared = np.sqrt([[n / (n + control)] for n in active])

    def below(z: float) -> np.ndarray:
        return np.asarray(ndtr((z - shared * nodes) / np.sqrt(1 - shared**2)))

    def excess(z: float) -> float:
        inside = np.prod(below(z) - (below(-z) if sided == 2 else 0.0), axis=0)
        return float(weights @ inside / weights.sum()) - (1 - alpha)

    return (float(sided * ndtr(-brentq(excess, 0.0, 20.0, xtol=1e-12))),)


def arm_decisions(rule: str, active: int) -> np.ndarray:
    """Decision for the class of each active arm's p-value: which are claimed, a bit an arm from the lowest.

    Returns
    -------
    numpy.ndarray of int, an axis an active arm
        Class 0 reaches the lowest of the levels of :func:`arm_levels`, the last one none.

    Examples
    --------
    >>> arm_decisions("holm", 2).tolist(), arm_decisions("dunnett", 2).tolist()
    ([[3, 3, 1], [3, 0, 0], [2, 0, 0]], [[3, 1], [2, 0]])
    """
    steps = np.arange(active if rule == "holm" else 1)
    classes = np.indices((len(steps) + 1,) * active)
    # From the smallest p-value on, as long as the next one reaches the level of its step: Dunnett's are all alike.
    order = np.sort(classes, axis=0)
    reached = np.logical_and.accumulate(order <= np.resize(steps, active).reshape(-1, *[1] * active))
    claimed = classes <= np.where(reached, order, -1).max(axis=0)
    return np.asarray(np.tensordot(1 << np.arange(active), claimed, 1))
