"""One table, all its tests and intervals side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lupus_kit.core.errors import InputError
from lupus_kit.core.text import p_value_text
from lupus_kit.inference.intervals.effects import intervals
from lupus_kit.inference.two_by_two.counts import FloatArray, as_alternative, as_level, as_probability, one_table
from lupus_kit.inference.two_by_two.registry import TESTS, Test, pvalue, select


@overload
def s_value(p: float) -> float: ...
@overload
def s_value(p: Sequence[float] | NDArray[Any]) -> FloatArray: ...
def s_value(p: ArrayLike) -> float | FloatArray:
    """Bits of surprise in a p-value: how many fair coin tosses, all heads, would be as surprising.

    Parameters
    ----------
    p : float or array of float
        p-values.

    Returns
    -------
    float or ndarray
        ``-log2(p)``; infinite for 0, ``nan`` for ``nan``. A float for one p-value, else an array of its shape.

    Raises
    ------
    InputError
        Not a number from 0 to 1.

    References
    ----------
    Greenland S. Am Stat 2019;73(sup1):106-114.

    Examples
    --------
    >>> round(s_value(0.052), 2), s_value([0.5, 0.027]).round(2).tolist()
    (4.27, [1.0, 5.21])
    """
    values = as_probability("p", p, missing=True)
    with np.errstate(divide="ignore"):
        bits = -np.log2(values) + 0.0  # the sum turns -0.0 into 0.0
    return float(bits) if bits.ndim == 0 else bits


@dataclass(frozen=True)
class Comparison:
    """Responders of two arms, compared.

    Attributes
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    labels : tuple of str
        Names of the arms.
    gamma : float or None
        Makes the unconditional exact tests Berger and Boos's, as in :func:`~lupus_kit.inference.select`.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.compare(16, 29, 9, 30, labels=("IL-2", "placebo"))
    >>> round(found.difference, 3)
    0.252
    >>> found.tests(["pearson", "fisher"])["p"].round(4).tolist()
    [0.0504, 0.0673]
    >>> found.intervals().set_index("key").loc["newcombe", ["low", "high"]].round(3).tolist()
    [0.001, 0.463]
    >>> found.summary()["rate"].round(3).tolist()
    [0.552, 0.3]
    >>> found.to_frame().equals(found.tests())
    True
    """

    x1: int
    n1: int
    x2: int
    n2: int
    labels: tuple[str, str] = ("arm 1", "arm 2")
    gamma: float | None = None

    @property
    def difference(self) -> float:
        """Difference of the response rates."""
        return self.x1 / self.n1 - self.x2 / self.n2

    def tests(self, tests: Iterable[str | Test] | None = None, alternative: str = "two-sided") -> pd.DataFrame:
        """Return the p-value of every test.

        Parameters
        ----------
        tests : iterable of str, optional
            Keys of tests; all by default.
        alternative : {"two-sided", "greater", "less"}
            ``"greater"``: the first arm responds more.

        Returns
        -------
        pandas.DataFrame
            Columns ``test label family p s_value same_as``, in the order of the registry. Of all tests, one that refuses
            a trial of this size has a p of ``nan``; one that is named says why it does.
        """
        return self._tests(tests, alternative, large_is_missing=tests is None)

    def _tests(self, tests: Iterable[str | Test] | None, alternative: str, large_is_missing: bool) -> pd.DataFrame:
        as_alternative(alternative)
        rows = []
        for entry in select(tests, self.gamma):
            try:
                p = float(pvalue(entry, self.x1, self.n1, self.x2, self.n2, alternative))
            except InputError:
                if not large_is_missing:
                    raise
                p = float("nan")
            rows.append((entry.key, entry.label, entry.family, p, s_value(p), ", ".join(entry.same_as)))
        return pd.DataFrame(rows, columns=["test", "label", "family", "p", "s_value", "same_as"])

    def intervals(self, level: float = 0.95, alpha: float | None = None) -> pd.DataFrame:
        """Return every interval.

        Parameters
        ----------
        level : float
            Confidence level, such as 0.95.
        alpha : float, optional
            Instead of the level: ``1 - level``.

        Returns
        -------
        pandas.DataFrame
            Columns ``key label measure estimate low high level inverts excludes_null p_of_test``: where an interval
            inverts a test, its key and p-value stand beside it, and the interval leaves out "no effect" exactly when
            that p is at most ``1 - level``.
        """
        table = (self.x1, self.n1, self.x2, self.n2)
        found = intervals(*table, level, alpha=alpha)
        frame = found.to_frame()
        frame["excludes_null"] = [one.excludes_null for one in found]
        frame["p_of_test"] = [float(pvalue(one.inverts, *table)) if one.inverts else float("nan") for one in found]
        return frame

    def summary(self) -> pd.DataFrame:
        """Return counts and rates, one row per arm."""
        counts = [(self.x1, self.n1), (self.x2, self.n2)]
        rows = [(label, x, n, x / n) for label, (x, n) in zip(self.labels, counts, strict=True)]
        return pd.DataFrame(rows, columns=["arm", "responders", "patients", "rate"])

    def to_frame(self) -> pd.DataFrame:
        """Return the tests as a tidy frame."""
        return self.tests()

    def _said(self) -> str:
        (score,) = intervals(self.x1, self.n1, self.x2, self.n2, methods=["miettinen_nurminen"])
        ends = f"95% interval {100 * score.low:.1f} to {100 * score.high:.1f}, {score.label}"
        return f"Difference {100 * self.difference:.1f} percentage points ({ends})."

    def _usual(self) -> pd.DataFrame:
        named = ["pearson", "n_minus_1", "fisher", "barnard", "boschloo", "student_t"]
        return self._tests(named, "two-sided", large_is_missing=True)[["label", "p"]]

    def __str__(self) -> str:
        summary = self.summary().to_string(index=False, formatters={"rate": "{:.1%}".format})
        table = self._usual().to_string(index=False, formatters={"p": p_value_text})
        return f"{summary}\n\n{self._said()}\n\n{table}\n\nSix of {len(TESTS)} tests; .tests() shows all."

    def _repr_html_(self) -> str:
        summary = self.summary().to_html(index=False, formatters={"rate": "{:.1%}".format}, border=0)
        table = self._usual().to_html(index=False, formatters={"p": p_value_text}, border=0)
        more = f"<small>Six of {len(TESTS)} tests; <code>.tests()</code> shows all.</small>"
        return f"{summary}{self._said()}{table}{more}"


def compare(
    x1: int,
    n1: int | None = None,
    x2: int | None = None,
    n2: int | None = None,
    labels: tuple[str, str] = ("arm 1", "arm 2"),
    gamma: float | None = None,
) -> Comparison:
    """Compare the responders of two arms.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    labels : tuple of str
        Names of the arms.
    gamma : float, optional
        Makes the unconditional exact tests Berger and Boos's: those that are named, or of all tests the two entries.

    Returns
    -------
    Comparison
        With ``.tests()``, ``.intervals()`` and ``.summary()``: a report of one table.

    Raises
    ------
    InputError
        Counts that are arrays (a report is of one table; :func:`pvalue` takes arrays), are not whole numbers or do not
        fit together.

    See Also
    --------
    pvalue, test, intervals, describe

    Examples
    --------
    >>> week12 = compare(16, 29, 9, 30, labels=("IL-2", "placebo"))
    >>> round(week12.difference, 4)
    0.2517
    >>> week12.tests(["pearson", "student_t"])[["test", "p"]].round(4)
            test       p
    0    pearson  0.0504
    1  student_t  0.0516
    """
    a, m, b, n = one_table(x1, n1, x2, n2)
    return Comparison(a, m, b, n, (str(labels[0]), str(labels[1])), None if gamma is None else as_level("gamma", gamma))
