"""Non-inferiority and equivalence of two response rates: a test against a margin, and the interval that agrees with it.

A treatment may be cheaper, safer or easier than the one it is compared with, and then it is enough that it is not worse by
more than a margin Δ fixed beforehand. Non-inferiority tests ``p1 - p2 ≤ -Δ`` on one side; equivalence tests both
``p1 - p2 ≤ -Δ`` and ``p1 - p2 ≥ Δ``, and is shown when both are rejected (two one-sided tests, so p is the larger of the
two). With each side at level α this is the same as asking whether the two-sided ``1 - 2α`` interval lies beyond -Δ, or
between -Δ and Δ.

Sources: ICH E9, 3.3.2, 1998. FDA. Non-Inferiority Clinical Trials to Establish Effectiveness, 2016. Schuirmann DJ.
J Pharmacokinet Biopharm 1987;15:657-680.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.inference.intervals.interval import Row
from lupus_kit.inference.margins import shifted
from lupus_kit.inference.two_by_two.counts import Table, as_level, at_most, one_table
from lupus_kit.inference.two_by_two.registry import Test, get, pvalue


@dataclass(frozen=True)
class MarginTest(Row):
    """A difference of two response rates, held against one margin or two.

    Attributes
    ----------
    claim : str
        ``"non-inferiority"`` or ``"equivalence"``.
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    test : str
        Key of the test.
    lower, upper : float
        The margins as differences ``p1 - p2``; infinite where there is none.
    estimate, low, high : float
        Observed difference, and both ends of its interval: they invert the test.
    level : float
        Confidence level of the interval, ``1 - 2 alpha``.
    p_lower, p_upper : float
        One-sided p-values against each margin; ``nan`` where there is none.
    p : float
        The larger of them.
    alpha : float
        One-sided level of each test.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.noninferiority(83, 88, 69, 76, margin=0.1)
    >>> found.claim
    'non-inferiority'
    >>> found.shown
    True
    >>> found.to_frame()["p"].round(4).item()
    0.0016
    """

    claim: str
    x1: int
    n1: int
    x2: int
    n2: int
    test: str
    lower: float
    upper: float
    estimate: float
    low: float
    high: float
    level: float
    p_lower: float
    p_upper: float
    p: float
    alpha: float

    @property
    def shown(self) -> bool:
        """Whether the claim is shown: p is at most alpha, and the interval keeps within the margins."""
        return bool(at_most(self.p, self.alpha))

    def to_frame(self) -> pd.DataFrame:
        """Return one row, ``shown`` with it."""
        return super().to_frame().assign(shown=self.shown)

    def sentence(self) -> str:
        r"""Say the result in words.

        Examples
        --------
        >>> print(noninferiority(83, 88, 69, 76, margin=0.1).sentence().replace(": ", ":\n"))
        Non-inferiority is shown at the one-sided level 0.025 (p = 0.0016, Miettinen–Nurminen score):
        the 95% interval of the difference, -4.8 to 12.9 percentage points, lies wholly above the margin of -10.
        """
        margins = [m for m in (self.lower, self.upper) if np.isfinite(m)]
        if len(margins) == 2:
            within = f"between the margins of {100 * self.lower:g} and {100 * self.upper:g}"
            sides = f"at the level {self.alpha:g} on each side"
        else:
            within = f"{'above' if np.isfinite(self.lower) else 'below'} the margin of {100 * margins[0]:g}"
            sides = f"at the one-sided level {self.alpha:g}"
        verdict, lies = ("shown", "lies wholly") if self.shown else ("not shown", "does not lie wholly")
        p = f"p = {self.p:.4f}" if self.p >= 0.0001 else "p < 0.0001"
        text = (
            f"{self.claim.capitalize()} is {verdict} {sides} ({p}, {get(self.test).label}): the "
            f"{100 * self.level:g}% interval of the difference, {100 * self.low:.1f} to {100 * self.high:.1f} "
            f"percentage points, {lies} {within}."
        )
        return text if self.shown else f"{text} That it is not shown does not show the opposite."

    def _repr_html_(self) -> str:
        arms = " v ".join(f"{x}/{n} ({x / n:.1%})" for x, n in ((self.x1, self.n1), (self.x2, self.n2)))
        word, rest = self.sentence().split(" at the ", 1)
        return f"<b>{word}</b> at the {rest}<br><small>{arms}, difference {100 * self.estimate:.1f} points.</small>"


def _tested(
    claim: str, table: Table, margins: tuple[float, float], sides: tuple[str, ...], test: str | Test, alpha: Any
) -> MarginTest:
    entry, level = get(test), as_level("alpha", alpha)
    if level >= 0.5:
        raise InputError(f"alpha == {alpha!r}: the one-sided level is below 0.5, usually 0.025 or 0.05.")
    x1, n1, x2, n2 = table
    p, limits = {}, {}
    for side, margin in zip(("greater", "less"), margins, strict=True):
        start = x1 / n1 - x2 / n2
        if side in sides:
            start, p[side] = margin, float(pvalue(entry, *table, side, difference=margin))
        limits[side] = shifted.limit(entry.key, table, level, side, start)
    lower, upper = margins[0] if "greater" in sides else -np.inf, margins[1] if "less" in sides else np.inf
    estimate, low, high, at = x1 / n1 - x2 / n2, limits["greater"], limits["less"], 1 - 2 * level
    ps = (p.get("greater", np.nan), p.get("less", np.nan), max(p.values()))
    return MarginTest(claim, *table, entry.key, lower, upper, estimate, low, high, at, *ps, level)


def noninferiority(
    x1: int,
    n1: int | None = None,
    x2: int | None = None,
    n2: int | None = None,
    margin: float | None = None,
    alternative: str = "greater",
    alpha: float = 0.025,
    test: str | Test = "miettinen_nurminen",
) -> MarginTest:
    """Test whether the first arm is not worse than the second by a margin or more.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first (new) and second (comparator) arm.
    margin : float
        The largest loss that would still be accepted, as a difference of rates: 0.1 for ten percentage points.
    alternative : {"greater", "less"}
        ``"greater"``: responders are good, and ``p1 - p2 > -margin`` is to be shown; ``"less"``: they are bad (events),
        and ``p1 - p2 < margin`` is.
    alpha : float
        One-sided level; 0.025 belongs to a two-sided 95% interval.
    test : str or Test
        Key of a test that has a form for differences other than 0: ``"miettinen_nurminen"``, ``"pearson"`` (Farrington
        and Manning's), ``"barnard"`` (Chan's exact), ``"barnard_unpooled"``, ``"wald_unpooled"``, ``"agresti_caffo"``.

    Returns
    -------
    MarginTest
        With ``p``, ``shown`` and the interval ``low`` to ``high`` that never contradicts them.

    Raises
    ------
    InputError
        Counts that do not fit together, a margin that is not between 0 and 1, a level of 0.5 or more, or a test without
        such a form.

    See Also
    --------
    equivalence, test

    References
    ----------
    Farrington CP, Manning G. Stat Med 1990;9:1447-1454. Chan ISF. Stat Med 1998;17:1403-1413.
    FDA. Non-Inferiority Clinical Trials to Establish Effectiveness, 2016.

    Examples
    --------
    >>> found = noninferiority(42, 44, 34, 38, margin=0.1, test="barnard")
    >>> found.shown, round(found.p, 4)
    (True, 0.0086)
    """
    require_choice("alternative", alternative, ("greater", "less"))
    table, size = one_table(x1, n1, x2, n2), shifted.as_difference(margin, "margin", 0)
    return _tested("non-inferiority", table, (-size, size), (alternative,), test, alpha)


def equivalence(
    x1: int,
    n1: int | None = None,
    x2: int | None = None,
    n2: int | None = None,
    margin: float | tuple[float, float] | None = None,
    alpha: float = 0.05,
    test: str | Test = "miettinen_nurminen",
) -> MarginTest:
    """Test whether two response rates differ by less than a margin, either way (two one-sided tests).

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    margin : float or pair of float
        The largest difference that would still count as none, as a difference of rates; a pair gives the lower and the
        upper end of ``p1 - p2``.
    alpha : float
        Level of each one-sided test; 0.05 belongs to a 90% interval, 0.025 to a 95% one.
    test : str or Test
        As in :func:`noninferiority`.

    Returns
    -------
    MarginTest
        ``p`` is the larger of both one-sided p-values.

    Raises
    ------
    InputError
        Counts that do not fit together, margins out of range or out of order, a level of 0.5 or more, or a test without
        such a form.

    See Also
    --------
    noninferiority, test

    References
    ----------
    Schuirmann DJ. J Pharmacokinet Biopharm 1987;15:657-680.

    Examples
    --------
    >>> found = equivalence(40, 50, 42, 50, margin=0.15)
    >>> found.shown, round(found.p, 4)
    (False, 0.0804)
    """
    table = one_table(x1, n1, x2, n2)
    if isinstance(margin, (list, tuple, np.ndarray)) and len(margin) == 2:
        lower, upper = (shifted.as_difference(end, "margin") for end in margin)
    else:
        upper = shifted.as_difference(margin, "margin", 0)
        lower = -upper
    if not lower < 0 < upper:
        raise InputError(f"margin == {margin!r}: the lower margin comes first and is below 0, the upper one above.")
    return _tested("equivalence", table, (lower, upper), ("greater", "less"), test, alpha)
