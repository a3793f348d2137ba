"""Number needed to treat: the difference of two response rates, turned over, with its interval in one or two pieces.

A difference of rates of 0.25 means that of four patients treated one more responds: 1/0.25. Where the interval of the
difference holds zero, turning it over tears it in two: from the number needed for one more to benefit up to infinity,
which is no difference, and from there down to the number needed for one more to be harmed.

Sources: Altman DG. BMJ 1998;317:1309-1312. Bender R. Control Clin Trials 2001;22:102-110.
"""

from dataclasses import dataclass
from math import inf

import pandas as pd

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.inference.intervals.effects import METHODS, intervals
from lupus_kit.inference.intervals.interval import Interval, Row
from lupus_kit.inference.two_by_two.counts import one_table

_OF_DIFFERENCES = tuple(key for key, _, measure, *_ in METHODS if measure == "risk difference")
_OUTCOMES = ("benefit", "harm")


def _number(value: float) -> str:
    return "infinity" if value == inf else f"{value:.1f}" if value < 100 else f"{value:.0f}"


@dataclass(frozen=True)
class Nnt(Row):
    """Number needed to treat in the first arm instead of the second.

    Attributes
    ----------
    nnt : float
        Patients treated for one more, or one fewer, with the outcome; infinite where the rates are equal.
    direction : str
        ``"NNTB"``, the number for one more to benefit; ``"NNTH"``, for one more to be harmed; ``""`` where the rates are
        equal.
    pieces : tuple of (str, float, float)
        Direction and both ends, the smaller first, of each piece of the interval. Two pieces, each up to infinity, where
        the interval of the difference holds zero: together with infinity itself they are one interval.
    difference : Interval
        The interval of the difference of the rates that is turned over.
    outcome : str
        Whether the outcome that is counted is a ``"benefit"`` or a ``"harm"``.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.nnt(19, 29, 11, 30)
    >>> round(found.nnt, 1), found.direction
    (3.5, 'NNTB')
    >>> found.to_frame()[["piece", "low", "high"]].round(1).values.tolist()
    [['NNTB', 2.0, 32.0]]
    >>> found.short
    'NNTB 3.5 (NNTB 2.0 to 32.0)'
    """

    nnt: float
    direction: str
    pieces: tuple[tuple[str, float, float], ...]
    difference: Interval
    outcome: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per piece: ``nnt direction piece low high level method``."""
        one = self.difference
        rows = [(self.nnt, self.direction, *piece, one.level, one.key) for piece in self.pieces]
        return pd.DataFrame(rows, columns=["nnt", "direction", "piece", "low", "high", "level", "method"])

    @property
    def short(self) -> str:
        """The number with its interval in brackets; through infinity where the interval has two pieces."""
        ends = [f"{direction} {_number(low)} to {_number(high)}" for direction, low, high in self.pieces]
        if len(self.pieces) == 2:  # out to infinity on one side, and back on the other
            (first, low, _), (second, least, _) = self.pieces
            ends = [f"{first} {_number(low)} to infinity to {second} {_number(least)}"]
        found = f"{self.direction} {_number(self.nnt)}" if self.direction else "no number: the rates are equal"
        return f"{found} ({'; '.join(ends)})"

    def __str__(self) -> str:
        level = f"({100 * self.difference.level:g}% interval "
        doubt = ", so no difference is not excluded" if len(self.pieces) == 2 else ""
        words = {"NNTB": "number needed to treat for one more to benefit", "NNTH": "for one more to be harmed"}
        named = {self.direction, *(piece[0] for piece in self.pieces)}
        used = [f"{key}: {text}" for key, text in words.items() if key in named]
        text = self.short.replace("(", level, 1).removesuffix(")")
        return f"{text}{doubt}; {self.difference.label}). {'; '.join(used)}."


def nnt(
    x1: int,
    n1: int | None = None,
    x2: int | None = None,
    n2: int | None = None,
    level: float = 0.95,
    method: str = "miettinen_nurminen",
    outcome: str = "benefit",
    alpha: float | None = None,
) -> Nnt:
    """Compute the number needed to treat in the first arm instead of the second.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Patients with the outcome and all patients of the first and second arm.
    level : float
        Confidence level, such as 0.95.
    method : str
        Key of an interval of the risk difference; the score interval of Miettinen and Nurminen by default.
    outcome : {"benefit", "harm"}
        Whether it is good or bad for a patient to have the outcome.
    alpha : float, optional
        Instead of the level: ``1 - level``.

    Returns
    -------
    Nnt
        Where the rates are equal the number is infinite and has no direction.

    Raises
    ------
    InputError
        Counts that are arrays, are not whole numbers or do not fit together, a method that is not of a difference.

    See Also
    --------
    intervals

    References
    ----------
    Altman DG. BMJ 1998;317:1309-1312. Bender R. Control Clin Trials 2001;22:102-110.

    Examples
    --------
    >>> print(nnt(19, 29, 11, 30))
    NNTB 3.5 (95% interval NNTB 2.0 to 32.0; Miettinen–Nurminen). NNTB: number needed to treat for one more to benefit.
    >>> nnt(16, 29, 9, 30).pieces[1][0]
    'NNTH'
    """
    table = one_table(x1, n1, x2, n2)
    require_choice("outcome", outcome, _OUTCOMES)
    require_choice("interval of a risk difference", method, _OF_DIFFERENCES)
    (interval,) = intervals(*table, level=level, methods=[method], alpha=alpha)
    more, fewer = ("NNTB", "NNTH") if outcome == "benefit" else ("NNTH", "NNTB")
    low, high, d = interval.low, interval.high, interval.estimate
    pieces = []
    if high > 0:
        pieces.append((more, 1 / high, 1 / low if low > 0 else inf))
    if low < 0:
        pieces.append((fewer, -1 / low, -1 / high if high < 0 else inf))
    if d < 0 and len(pieces) == 2:
        pieces.reverse()  # from the side of the estimate through infinity to the other
    if not pieces:
        raise InputError(f"the {interval.label} interval of this table is the single difference 0; use another method.")
    return Nnt(1 / abs(d) if d else inf, "" if d == 0 else more if d > 0 else fewer, tuple(pieces), interval, outcome)
