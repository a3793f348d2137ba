"""What every interval of the kit is: its method, its measure, estimate and ends; and several of them as one table."""

import html
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import inf, isnan, nan, pi
from typing import Any, SupportsIndex

import pandas as pd

from lupus_kit.core.errors import InputError


class Row:
    """A result with one value a field: one row of a table, and its own sentence in a notebook."""

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([vars(self)])

    def _repr_html_(self) -> str:
        return html.escape(str(self))


@dataclass(frozen=True)
class Interval(Row):
    """One confidence interval.

    Attributes
    ----------
    key, label : str
        Name of the method in the code and in print.
    measure : str
        ``"response rate"``, ``"risk difference"``, ``"risk ratio"``, ``"odds ratio"`` or ``"arcsine difference"``.
    estimate, low, high : float
        Point estimate and both ends; ``nan`` where the method has none.
    level : float
        Confidence level.
    inverts : str
        Key of the test that the interval agrees with, or empty.

    Examples
    --------
    >>> print(Interval("wilson", "Wilson score", "response rate", 0.5517, 0.3755, 0.7159, 0.95))
    response rate 0.552 (95% interval 0.376 to 0.716, Wilson score)
    >>> from lupus_kit import inference
    >>> found = inference.intervals(16, 29, 9, 30)[0]
    >>> found.measure, found.null_value
    ('risk difference', 0.0)
    >>> found.excludes_null
    True
    """

    key: str
    label: str
    measure: str
    estimate: float
    low: float
    high: float
    level: float
    inverts: str = ""

    @property
    def null_value(self) -> float:
        """The value of the measure when the rates are equal; nan for a single rate."""
        return {"response rate": nan, "risk ratio": 1.0, "odds ratio": 1.0}.get(self.measure, 0.0)

    @property
    def excludes_null(self) -> bool:
        """Whether the interval leaves out "no effect"; an undefined one leaves out nothing."""
        return self.low > self.null_value or self.high < self.null_value

    def __str__(self) -> str:
        ends = f"{100 * self.level:g}% interval {shown(self.low)} to {shown(self.high)}, {self.label}"
        return f"{self.measure} {shown(self.estimate)} ({ends})"


#: Both ends of an interval.
Ends = tuple[float, float]
#: Where each measure ends.
LIMITS = {
    "response rate": (0.0, 1.0),
    "risk difference": (-1.0, 1.0),
    "risk ratio": (0.0, inf),
    "odds ratio": (0.0, inf),
    "arcsine difference": (-pi, pi),
}


def one_sided(method: Callable[..., Ends], counts: tuple[int, ...], measure: str, level: float, side: str) -> Ends:
    """Return both ends of an interval; a one-sided one is half of a two-sided one with twice the error.

    Parameters
    ----------
    method : callable
        ``(*counts, level) -> low, high``, with equal error on both sides.
    counts : tuple of int
        Responders and patients.
    measure : str
        What is estimated; where it ends, the other half ends too.
    level : float
        Confidence level, above 0.5 for a one-sided interval.
    side : {"two-sided", "greater", "less"}
        ``"greater"``: a lower limit, as the test against "greater" inverts.

    Examples
    --------
    >>> low, high = one_sided(lambda x, n, level: (x / n - level, x / n + level), (1, 2), "response rate", 0.6, "greater")
    >>> round(low, 3), high
    (0.3, 1.0)
    """
    if side == "two-sided":
        low, high = method(*counts, level)
        return float(low), float(high)
    if level <= 0.5:
        raise InputError(f"level == {level:g}: a one-sided interval needs a level above 0.5, such as 0.95.")
    low, high = map(float, method(*counts, 1 - 2 * (1 - level)))
    bottom, top = LIMITS[measure]
    if isnan(low):
        return low, high
    return (low, top) if side == "greater" else (bottom, high)


def shown(value: float) -> str:
    """Return a number for print, three decimals or four digits.

    Examples
    --------
    >>> shown(0.25172), shown(1234.5), shown(float("nan"))
    ('0.252', '1234', 'undefined')
    """
    return "undefined" if value != value else f"{value:.3f}" if abs(value) < 100 else f"{value:.4g}"


class Intervals(tuple[Interval, ...]):
    """Several intervals: a tuple of :class:`Interval` that reads as a table too.

    Whatever a table can do (``.set_index("key")``, ``.query(...)``, ``["low"]``) is done by its table.

    Examples
    --------
    >>> one = Intervals([Interval("wilson", "Wilson score", "response rate", 0.5517, 0.3755, 0.7159, 0.95)])
    >>> one[0].low, one["low"].tolist(), one.set_index("key").at["wilson", "high"].item()
    (0.3755, [0.3755], 0.7159)
    >>> from lupus_kit import inference
    >>> found = inference.intervals(16, 29, 9, 30, methods=["wald", "newcombe"])
    >>> found.to_frame()[["low", "high"]].round(3).values.tolist()
    [[0.007, 0.496], [0.001, 0.463]]
    """

    __slots__ = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per interval: ``key label measure estimate low high level inverts``."""
        return pd.DataFrame([vars(one) for one in self], columns=[field.name for field in fields(Interval)])

    def __getitem__(self, item: Any) -> Any:
        """Return an interval by its place, or a column of the table."""
        return super().__getitem__(item) if isinstance(item, (SupportsIndex, slice)) else self.to_frame()[item]

    def __getattr__(self, name: str) -> Any:
        """Leave to the table what a tuple cannot do."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.to_frame(), name)

    def __repr__(self) -> str:
        return repr(self.to_frame())

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, border=0, float_format=shown))
