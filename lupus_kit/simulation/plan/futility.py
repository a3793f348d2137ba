"""Stopping for futility: bounds that are not binding, and the chance of success given the data so far."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from lupus_kit.core.errors import InputError, is_number
from lupus_kit.simulation.plan.boundaries import LARGEST_Z, SAID, Boundaries, Continuing, known_name, spending

#: Rules to stop for futility, with what the level is.
FUTILITY: dict[str, str] = SAID["futility"]


def with_futility(bounds: Boundaries, rule: str, level: float) -> Boundaries:
    """Add bounds for futility at the interim looks, which are not binding.

    Parameters
    ----------
    bounds : Boundaries
        Of a test that shows a benefit where Z is large.
    rule : str
        Key of :data:`FUTILITY`, or another program's name of it.
    level : float
        Beta to be spent in all, or the least conditional or predictive power.

    See Also
    --------
    group_sequential, actual_boundaries, planned_looks

    Notes
    -----
    Beta is spent under the effect with which the trial, if it stops for futility, has a power of 1 - beta: the last bound
    is then the critical value, as the R package rpact has it.

    Examples
    --------
    >>> from lupus_kit.simulation import group_sequential
    >>> plan = group_sequential([0.5, 1], 0.025, "asOF", sided=1)
    >>> [round(z, 3) for z in with_futility(plan, "lan_demets_obrien_fleming", 0.2).futility]
    [0.559]
    """
    if not isinstance(bounds, Boundaries):
        raise InputError(f"bounds == {bounds!r}: give the Boundaries that group_sequential returns.")
    rule = known_name("rule for futility", rule, FUTILITY)
    if not is_number(level) or not 0 < level < 1 - bounds.alpha:
        raise InputError(f"futility_level == {level!r}: must be strictly between 0 and {1 - bounds.alpha:g}.")
    return replace(bounds, futility=_lowest(bounds, rule, float(level)))


@lru_cache(maxsize=256)
def _lowest(bounds: Boundaries, rule: str, level: float) -> tuple[float, ...]:
    """Bounds for futility at the interim looks."""
    times, critical = np.array(bounds.fractions), bounds.critical
    if rule in ("conditional_power", "predictive_power"):
        spread = (1 - times) / (times if rule == "predictive_power" else 1.0)
        lowest = np.sqrt(times) * (critical[-1] + np.sqrt(spread) * ndtri(level))
        return tuple(lowest[:-1].tolist())
    due = np.diff(spending(rule, times, level), prepend=0.0)
    if not critical[-1] < LARGEST_Z:
        raise InputError(f"futility == {rule!r}: the last look has no alpha to spend, so no power is left to plan.")

    def spend(drift: float) -> tuple[list[float], float]:
        state, lower = Continuing(drift), []
        for time, z, beta in zip(times[:-1], critical, due, strict=False):
            at = min(z, LARGEST_Z)
            if state.below(time, -LARGEST_Z) >= beta:
                at = -np.inf  # nothing, or too little to matter, is spent
            elif state.below(time, at) > beta:
                at = float(brentq(lambda v, t=time, b=beta: state.below(t, v) - b, -LARGEST_Z, at, xtol=1e-12))
            lower.append(at)
            state.advance(time, at, z)
        return lower, state.below(1.0, critical[-1]) - float(due[-1])

    drift = float(brentq(lambda effect: spend(effect)[1], 0.0, 20.0, xtol=1e-12))
    return tuple(spend(drift)[0])


def conditional_power(
    z: float, information: float, critical: float, drift: float | None = None, predictive: bool = False
) -> float:
    """Chance that the final Z reaches its critical value, given the data so far.

    Parameters
    ----------
    z : float
        Z at the look.
    information : float
        Information at the look as a share of all, below 1.
    critical : float
        Critical value at the end; looks on the way are not counted.
    drift : float, optional
        Mean of Z at full information; unless given the trend so far.
    predictive : bool
        Whether the chance is averaged over what the data so far leave open about the drift (flat prior).

    References
    ----------
    Lan KKG, Wittes J. Biometrics 1988;44:579-585. Spiegelhalter DJ, Freedman LS, Blackburn PR. Control Clin Trials
    1986;7:8-17.

    Examples
    --------
    >>> round(conditional_power(1.0, 0.5, 1.96), 3), round(conditional_power(1.0, 0.5, 1.96, predictive=True), 3)
    (0.22, 0.293)
    """
    numbers = {"z": z, "information": information, "critical": critical, "drift": 0.0 if drift is None else drift}
    for name, value in numbers.items():
        if not is_number(value):
            raise InputError(f"{name} == {value!r}: one number is needed.")
    if not 0 < information < 1:
        raise InputError(f"information == {information!r}: the share of all information so far lies between 0 and 1.")
    if predictive and drift is not None:
        raise InputError("predictive power takes the drift from the data: give no drift.")
    trend = z / np.sqrt(information) if drift is None else drift
    spread = (1 - information) / (information if predictive else 1.0)
    return float(ndtr((z * np.sqrt(information) + trend * (1 - information) - critical) / np.sqrt(spread)))
