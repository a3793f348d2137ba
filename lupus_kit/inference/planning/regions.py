"""Which tables of a design a test rejects."""

import numpy as np

from lupus_kit.core.errors import InputError
from lupus_kit.inference.margins import shifted
from lupus_kit.inference.two_by_two import unconditional
from lupus_kit.inference.two_by_two.conditional import CONDITIONAL, conditional_rejects
from lupus_kit.inference.two_by_two.counts import REACHES, Bools, as_alternative, as_level, as_size, at_most
from lupus_kit.inference.two_by_two.registry import Test, get, pvalue_lattice

# Tables of a design from which on the margins of a conditional test are summed up in floats.
_LARGE = 2500
# Tables whose p-values are computed at once.
_AT_ONCE = 500_000


def rejection_region(
    test: str | Test,
    n1: int,
    n2: int,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    gamma: float | None = None,
    difference: float = 0.0,
) -> Bools:
    """Tables that a test rejects: those with p at most ``alpha``.

    Parameters
    ----------
    test : str or Test
        Key of a test.
    n1, n2 : int
        Patients in each arm.
    alpha : float
        Level of the test.
    alternative : {"two-sided", "greater", "less"}
        Alternative of the test.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.
    difference : float
        The p1 - p2 of the null hypothesis, as in :func:`~lupus_kit.inference.pvalue`.

    Returns
    -------
    ndarray of bool, shape (n1 + 1, n2 + 1)
        A table on which the test is undefined is not rejected.

    See Also
    --------
    pvalue_lattice, size, size_curve

    Examples
    --------
    >>> bool(rejection_region("pearson", 29, 30)[16, 9]), bool(rejection_region("pearson", 29, 30)[19, 11])
    (False, True)
    """
    level = as_level("alpha", alpha)
    entry, m, n = get(test, gamma, difference), as_size("n1", n1), as_size("n2", n2)
    return rejected_window(entry, m, n, level, as_alternative(alternative), (0, m), (0, n))


def rejected_window(
    entry: Test, n1: int, n2: int, level: float, side: str, rows: tuple[int, int], columns: tuple[int, int]
) -> Bools:
    """Tables with x1 in ``rows`` and x2 in ``columns`` (first and last) that a test rejects."""
    if entry.gamma is not None and entry.gamma >= level:
        raise InputError(f"gamma == {entry.gamma:g} must be smaller than alpha == {level:g}: it is added to every p.")
    if entry.family == "unconditional exact":
        # The last rejected table is found without the p-values of all others, but for a gamma.
        if entry.difference:
            whole = shifted.region(entry.key, n1, n2, side, entry.difference, level * REACHES)
        elif entry.gamma is None:
            whole = unconditional.region(entry.key, n1, n2, side, level * REACHES)
        else:
            whole = at_most(pvalue_lattice(entry, n1, n2, side), level)
        return whole[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1]
    if entry.key in CONDITIONAL and (n1 + 1) * (n2 + 1) > _LARGE:
        return conditional_rejects(entry.key, n1, n2, side, level * REACHES, rows, columns)
    if entry.difference and entry.key in shifted.SCORES:
        x2 = np.arange(columns[0], columns[1] + 1)
        return shifted.score_rejects(entry.key, n1, n2, side, entry.difference, level * REACHES, rows, x2)
    found = np.empty((rows[1] - rows[0] + 1, columns[1] - columns[0] + 1), dtype=bool)
    at_once = max(1, _AT_ONCE // found.shape[1])
    for start in range(0, len(found), at_once):
        part = found[start : start + at_once]
        index = np.indices(part.shape)
        x1, x2 = index[0] + rows[0] + start, index[1] + columns[0]
        part[...] = at_most(entry.function(x1, np.full_like(x1, n1), x2, np.full_like(x2, n2), side), level)
    return found
