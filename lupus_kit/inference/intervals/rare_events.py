"""Rare events: what a trial that saw none, or few, can exclude, and how many patients it takes to see one."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, betaincinv

from lupus_kit.core.errors import InputError
from lupus_kit.inference.two_by_two.counts import FloatArray, as_count, as_counts, as_level, as_p, as_probability


def upper_limit(x: int, n: int, level: float = 0.95) -> float:
    """Return the largest risk that is compatible with `x` events among `n` patients: exact, one-sided.

    Parameters
    ----------
    x, n : int
        Patients with the event, and all patients.
    level : float
        One-sided confidence.

    Returns
    -------
    float
        The risk at which `x` or fewer events have a probability of exactly ``1 - level``; 1 where all had it.

    Raises
    ------
    InputError
        Counts that are not whole numbers, or more events than patients.

    See Also
    --------
    proportion, intervals, chance_of_at_most, patients_to_see

    Notes
    -----
    For no event this is ``1 - (1 - level) ** (1 / n)``; at 95 % the *rule of three*, ``3 / n``, is close to it and
    always a little larger.

    References
    ----------
    Hanley JA, Lippman-Hand A. JAMA 1983;249:1743-1745.

    Examples
    --------
    >>> round(upper_limit(0, 29), 4), round(3 / 29, 4)
    (0.0981, 0.1034)
    """
    events, patients, confidence = as_count("x", x), as_count("n", n, 1), as_level("level", level)
    if events > patients:
        raise InputError(f"x == {x!r} is larger than n == {n!r}: events are counted once for each patient.")
    return 1.0 if events == patients else float(betaincinv(events + 1, patients - events, confidence))


def chance_of_at_most(x: int, n: ArrayLike, risk: ArrayLike) -> FloatArray:
    """Return the probability that a trial sees `x` events or fewer.

    Parameters
    ----------
    x : int
        Events.
    n : int or array of int
        Patients.
    risk : float or array of float
        True risk of a patient, 0 to 1; `n` and `risk` broadcast.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    InputError
        A risk outside 0 to 1, or counts that are not whole.

    See Also
    --------
    patients_to_see, upper_limit

    Examples
    --------
    >>> float(chance_of_at_most(0, 29, 0.01).round(3))
    0.747
    """
    events, patients, chance = as_count("x", x), as_counts("n", n, 1), as_probability("risk", risk)
    return np.where(patients <= events, 1.0, bdtr(np.minimum(events, patients), patients, chance))


def patients_to_see(risk: float, chance: float = 0.95) -> int:
    """Return how many patients it takes to see at least one event with the given probability.

    Parameters
    ----------
    risk : float
        True risk of a patient, above 0 and up to 1.
    chance : float
        Wanted probability of one event or more, below 1.

    Returns
    -------
    int
        The smallest number of patients.

    Raises
    ------
    InputError
        A risk that is not above 0, or a chance that is not between 0 and 1.

    See Also
    --------
    chance_of_at_most, upper_limit

    Examples
    --------
    >>> patients_to_see(0.01)
    299
    """
    value, wanted = as_p("risk", risk), as_level("chance", chance)
    if value == 0:
        raise InputError(f"risk == {risk!r}: give one number above 0; an event that cannot happen is never seen.")
    if value == 1:
        return 1
    unseen = float(np.log1p(-value))  # the logarithm of the chance that one patient has no event
    n = max(1, int(np.log1p(-wanted) / unseen) - 1)
    while -np.expm1(n * unseen) < wanted:
        n += 1
    return n
