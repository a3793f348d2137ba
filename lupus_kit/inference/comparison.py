"""One table, all its tests and intervals side by side."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.inference.intervals.effects import intervals
from lupus_kit.inference.two_by_two.counts import as_level, one_table
from lupus_kit.inference.two_by_two.registry import Test, pvalue, select


def s_value(p: float) -> float:
    """Bits of surprise in a p-value: how many fair coin tosses, all heads, would be as surprising.

    Parameters
    ----------
    p : float
        A p-value.

    Returns
    -------
    float
        ``-log2(p)``; infinite for 0, ``nan`` for ``nan``.

    Raises
    ------
    InputError
        Not a number from 0 to 1.

    References
    ----------
    Greenland S. Am Stat 2019;73(sup1):106-114.

    Examples
    --------
    >>> round(s_value(0.052), 2), round(s_value(0.027), 2)
    (4.27, 5.21)
    """
    if isinstance(p, (str, bool)) or not (np.isnan(p) or 0 <= p <= 1):
        raise InputError(f"p == {p!r}: a p-value is a number from 0 to 1.")
    with np.errstate(divide="ignore"):
        return float(-np.log2(p) + 0.0)  # the sum turns -0.0 into 0.0


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
            Columns ``test label family p s_value same_as``, in the order of the registry.
        """
        rows = []
        for entry in select(tests, self.gamma):
            p = float(pvalue(entry, self.x1, self.n1, self.x2, self.n2, alternative))
            rows.append((entry.key, entry.label, entry.family, p, s_value(p), ", ".join(entry.same_as)))
        return pd.DataFrame(rows, columns=["test", "label", "family", "p", "s_value", "same_as"])

    def intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Return every interval.

        Returns
        -------
        pandas.DataFrame
            Columns ``key label measure estimate low high level inverts excludes_null p_of_test``: where an interval
            inverts a test, its key and p-value stand beside it, and the interval leaves out "no effect" exactly when
            that p is at most ``1 - level``.
        """
        found = intervals(self.x1, self.n1, self.x2, self.n2, level)
        frame = pd.DataFrame([asdict(interval) for interval in found])
        frame["excludes_null"] = [not i.low <= i.null_value <= i.high if i.low == i.low else False for i in found]
        frame["p_of_test"] = [
            float(pvalue(i.inverts, self.x1, self.n1, self.x2, self.n2)) if i.inverts else float("nan") for i in found
        ]
        return frame

    def summary(self) -> pd.DataFrame:
        """Return counts and rates, one row per arm."""
        counts = [(self.x1, self.n1), (self.x2, self.n2)]
        rows = [(label, x, n, x / n) for label, (x, n) in zip(self.labels, counts, strict=True)]
        return pd.DataFrame(rows, columns=["arm", "responders", "patients", "rate"])

    def to_frame(self) -> pd.DataFrame:
        """Return the tests as a tidy frame."""
        return self.tests()

    def _repr_html_(self) -> str:
        from lupus_kit.inference.two_by_two.registry import TESTS

        summary = self.summary().to_html(index=False, formatters={"rate": "{:.1%}".format}, border=0)
        (score,) = intervals(self.x1, self.n1, self.x2, self.n2, methods=["miettinen_nurminen"])
        shown = self.tests(["pearson", "n_minus_1", "fisher", "barnard", "boschloo", "student_t"])[["label", "p"]]
        table = shown.to_html(index=False, formatters={"p": "{:.4f}".format}, border=0)
        return (
            f"{summary}Difference {100 * self.difference:.1f} percentage points "
            f"(95% interval {100 * score.low:.1f} to {100 * score.high:.1f}, {score.label}).{table}"
            f"<small>Six of {len(TESTS)} tests; <code>.tests()</code> shows all.</small>"
        )


def compare(
    x1: int, n1: int, x2: int, n2: int, labels: tuple[str, str] = ("arm 1", "arm 2"), gamma: float | None = None
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
        With ``.tests()``, ``.intervals()`` and ``.summary()``.

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
