"""Two visits against each other: what can be said without the patients' joint outcomes.

A paper prints how many patients respond at each visit, not how many respond at both. The change of an arm's
response rate is known from the margins; its standard error is not, but it has a smallest and a largest value.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from lupus_kit.core.errors import InputError
from lupus_kit.inference.pairs import possible_both
from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray, as_counts, as_size


@dataclass(frozen=True)
class BetweenVisitBounds:
    """Bounds of the test that the change between two visits differs between arms.

    Attributes
    ----------
    change_a, change_b : float
        Change of the response rate of each arm, second visit minus first.
    difference : float
        ``change_a - change_b``.
    p_low, p_high : float
        Smallest and largest two-sided p over every joint distribution compatible with the margins.
    joint_low, joint_high : tuple of int
        Patients who respond at both visits (first arm, second arm) in the tables that attain them.
    table : pandas.DataFrame
        Every joint distribution: ``both_a``, ``both_b``, ``standard_error``, ``z`` and ``p``.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> bounds = inference.between_visit_bounds(16, 19, 29, 9, 11, 30)
    >>> round(bounds.difference, 3)
    0.037
    >>> bounds.to_frame().shape
    (2, 4)
    """

    change_a: float
    change_b: float
    difference: float
    p_low: float
    p_high: float
    joint_low: tuple[int, int]
    joint_high: tuple[int, int]
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the extremal tables, one row each."""
        rows = [("smallest p", self.p_low, *self.joint_low), ("largest p", self.p_high, *self.joint_high)]
        return pd.DataFrame(rows, columns=["bound", "p", "both_a", "both_b"])

    def _repr_html_(self) -> str:
        return (
            f"The first arm changes by {100 * self.change_a:+.1f} percentage points, the second by "
            f"{100 * self.change_b:+.1f}: a difference of {100 * self.difference:+.1f}. Over all "
            f"{len(self.table)} joint distributions compatible with the margins, its two-sided p lies between "
            f"<b>{self.p_low:.2f}</b> and <b>{self.p_high:.2f}</b>."
        )


def _change_variance(x_first: int, x_second: int, n: int, both: IntArray) -> FloatArray:
    """Variance of the mean within-patient change, which is +1, 0 or -1."""
    gained, lost = x_second - both, x_first - both
    change = (x_second - x_first) / n
    return np.asarray(((gained + lost) / n - change**2) / n)


def between_visit_bounds(x1_a: int, x2_a: int, n_a: int, x1_b: int, x2_b: int, n_b: int) -> BetweenVisitBounds:
    """Bound the p-value of "the change between visits differs between arms".

    Parameters
    ----------
    x1_a, x2_a, n_a : int
        First arm: responders at the first and second visit, and patients.
    x1_b, x2_b, n_b : int
        Second arm, likewise.

    Returns
    -------
    BetweenVisitBounds
        The bounds over every within-patient joint distribution, with the tables that attain them. The test is
        a Wald test on the mean within-patient change with each arm's own variance (divisor n).

    Raises
    ------
    InputError
        Counts that are not whole numbers, or more responders than patients.

    See Also
    --------
    paired_bounds, joint_counts

    Examples
    --------
    >>> bounds = between_visit_bounds(16, 19, 29, 9, 11, 30)
    >>> round(bounds.p_low, 2), round(bounds.p_high, 2)
    (0.61, 0.87)
    """
    n_first, n_second = as_size("n_a", n_a), as_size("n_b", n_b)
    names = ("x1_a", "x2_a", "x1_b", "x2_b")
    values = [as_counts(name, v) for name, v in zip(names, (x1_a, x2_a, x1_b, x2_b), strict=True)]
    for name, value, n in zip(names, values, (n_first, n_first, n_second, n_second), strict=True):
        if value.ndim or value > n:
            raise InputError(f"{name} == {value}: one whole number from 0 to its arm's {n} patients is needed.")
    a1, a2, b1, b2 = (int(v) for v in values)
    change_a, change_b = (a2 - a1) / n_first, (b2 - b1) / n_second
    possible = possible_both(a1, a2, n_first), possible_both(b1, b2, n_second)
    both_a, both_b = (grid.ravel() for grid in np.meshgrid(*possible, indexing="ij"))
    error = np.sqrt(_change_variance(a1, a2, n_first, both_a) + _change_variance(b1, b2, n_second, both_b))
    difference = change_a - change_b
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where((error == 0) & (difference == 0), 0.0, difference / error)
    p = 2 * ndtr(-np.abs(z))
    table = pd.DataFrame({"both_a": both_a, "both_b": both_b, "standard_error": error, "z": z, "p": p})
    ends = [int(np.argmin(p)), int(np.argmax(p))]
    joint_low, joint_high = ((int(both_a[end]), int(both_b[end])) for end in ends)
    p_low, p_high = map(float, p[ends])
    return BetweenVisitBounds(change_a, change_b, difference, p_low, p_high, joint_low, joint_high, table)
