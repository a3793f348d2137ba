"""Printed numbers: strings that carry their own rounding, and the typed values read from them.

``"55.17%"`` says more than the float 55.17: two decimals were kept. The record therefore stays a string, and
:func:`parse_value` and :class:`PrintedP` put numbers beside it.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from math import inf, nextafter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lupus_kit.core.errors import InputError, unknown_name

#: Ways of rounding; ``"nearest"`` accepts half-up and half-even, which differ only at exact halves.
ROUNDINGS = ("nearest", "half-up", "half-even", "truncate")

# Longer numbers than these no paper prints; floats would not hold them.
_NUMBER = r"\d{1,10}(?:\.\d{1,15})?"
_COUNT = r"\d{1,10}"
_DASH = r"\s*[–—-]\s*"
_PATTERNS: dict[str, re.Pattern[str]] = {
    name: re.compile(rf"^\s*{pattern}\s*$")
    for name, pattern in {
        "percent": rf"(?P<percent>{_NUMBER})\s*%",
        "percent (count/n)": rf"(?P<percent>{_NUMBER})\s*%\s*\(\s*(?P<count>{_COUNT})\s*/\s*(?P<n>{_COUNT})\s*\)",
        "mean±sd": rf"(?P<mean>-?{_NUMBER})\s*±\s*(?P<sd>{_NUMBER})",
        "median (low–high)": rf"(?P<median>-?{_NUMBER})\s*\((?P<low>-?{_NUMBER}){_DASH}(?P<high>-?{_NUMBER})\)",
        "percent (count)": rf"(?P<percent>{_NUMBER})\s*%\s*\(\s*(?:n\s*=\s*)?(?P<count>{_COUNT})\s*\)",
        "count (percent)": rf"(?P<count>{_COUNT})\s*\((?P<percent>{_NUMBER})\s*%?\)",
        "count/n (percent)": rf"(?P<count>{_COUNT})\s*(?:/|of)\s*(?P<n>{_COUNT})\s*\(\s*(?P<percent>{_NUMBER})\s*%?\s*\)",
        "count of n": rf"(?P<count>{_COUNT})\s*of\s*(?P<n>{_COUNT})",
        "count/count": rf"(?P<count>{_COUNT})\s*/\s*(?P<other>{_COUNT})",
        "count": rf"(?P<count>{_COUNT})",
    }.items()
}
# A power of ten may follow ("5.8 × 10−5", "5.8e-5"), and the mark of a footnote.
_P = re.compile(
    r"^\s*(?:[pP]\s*)?(?P<relation>[<>=≤≥]?)\s*(?P<value>\d?\.\d{1,140}|\d(?:\.0{1,40})?)"
    r"(?:(?:\s*[x×*]\s*10\s*(?:\^|\*\*)?|[eE])(?P<power>[-−–]\s?\d{1,2}))?\s*[*†‡§¶#]*\s*$"
)
# A decimal point may be printed raised (a custom of some journals) or as a comma.
_RAISED = str.maketrans(dict.fromkeys("·∙⋅", "."))
_P_POINTS = _RAISED | {ord(","): "."}
_COMMA = re.compile(r"(?<![\d,.])(\d{1,3}),(\d+)(?![\d,.])")


@dataclass(frozen=True)
class PrintedValue:
    """What one printed cell says, in numbers; ``None`` where the cell does not say it.

    Attributes
    ----------
    count, n : int or None
        Patients with the event, and patients looked at.
    n_source : str
        ``"printed"``, ``"table header"``, ``"implied by count and percent"`` or empty.
    percent, median, low, high, mean, sd : float or None
        The value with the decimals it was printed with.

    Examples
    --------
    >>> from lupus_kit import published
    >>> value = published.parse_value("16/29 (55.2%)")
    >>> value.count, value.n, value.percent
    (16, 29, 55.2)
    """

    count: int | None = None
    n: int | None = None
    n_source: str = ""
    percent: float | None = None
    median: float | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: float | None = None


def decimals(text: str) -> int:
    """Return how many decimals a printed number keeps.

    See Also
    --------
    parse_value, percent_text, impossible

    Examples
    --------
    >>> decimals("55.17"), decimals("0.050"), decimals("12")
    (2, 3, 0)
    """
    return len(text.partition(".")[2])


def percent_text(text: str) -> str:
    """Return the percentage of a printed cell with its own digits; empty where the cell prints none.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    str
        Without its sign.

    See Also
    --------
    parse_value, decimals, impossible

    Examples
    --------
    >>> percent_text("30.00% (9/30)"), percent_text("2 (6.90)"), percent_text("9/30")
    ('30.00', '6.90', '')
    """
    match = next((m for pattern in _PATTERNS.values() if (m := pattern.match(text))), None)
    return "" if match is None else match.groupdict().get("percent") or ""


def implied_n(count: int, percent: str, n_max: int) -> int | None:
    """Return the one number of patients for which ``count`` prints as ``percent``, if there is exactly one.

    Parameters
    ----------
    count : int
        Patients with the event.
    percent : str
        Percentage as printed, without the sign.
    n_max : int
        Largest number of patients possible.

    Returns
    -------
    int or None
        The denominator; ``None`` when several denominators fit, or none.

    Examples
    --------
    >>> implied_n(2, "6.67", 30), implied_n(2, "6.90", 30), implied_n(0, "0", 30)
    (30, 29, None)
    """
    half = Decimal(1).scaleb(-decimals(percent)) / 2
    low, high = Decimal(percent) - half, Decimal(percent) + half
    # count/n within [low, high] percent, without dividing: both ends are kept, since half-up and half-even
    # rounding differ exactly there.
    last = n_max if low <= 0 else min(n_max, int(100 * count / low))
    totals = range(max(count, 1, int(100 * count / high)), last + 1)
    fits = list(islice((n for n in totals if low * n <= 100 * count <= high * n), 2))
    return fits[0] if len(fits) == 1 else None


def plain_decimals(text: str) -> str:
    """Write raised points and decimal commas as points; leave a comma that may part thousands.

    Parameters
    ----------
    text : str
        What is printed.

    Returns
    -------
    str
        The same with points.

    Examples
    --------
    >>> plain_decimals("55·17%"), plain_decimals("55,17%"), plain_decimals("1,234")
    ('55.17%', '55.17%', '1,234')
    """

    def point(match: re.Match[str]) -> str:
        thousands = len(match[2]) == 3 and match[1].lstrip("0")
        return match[0] if thousands else f"{match[1]}.{match[2]}"

    return _COMMA.sub(point, text.translate(_RAISED))


def parse_value(text: str, n_header: int | None = None, n_max: int | None = None, slash: str = "other") -> PrintedValue:
    """Read one printed cell.

    Parameters
    ----------
    text : str
        The cell, for example ``"12 (8–27)"`` or ``"53.85% (7/13)"``. ``"a (b–c)"`` is read as median and the
        two ends that follow it; whether these are a range or quartiles is for the reader to judge.
    n_header : int, optional
        Number of patients that the table's header gives for this column.
    n_max : int, optional
        Patients randomised: with it, a count and its percentage imply their own denominator.
    slash : {"other", "total"}
        What stands behind the stroke of ``"27/3"``: the other patients (27 women and 3 men), or all of them.

    Returns
    -------
    PrintedValue
        Typed values.

    Raises
    ------
    InputError
        The cell has none of the known shapes, or a count above its total.

    See Also
    --------
    decimals, percent_text, impossible

    Examples
    --------
    >>> parse_value("12 (8–27)").median, parse_value("12 (8–27)").high
    (12.0, 27.0)
    >>> parse_value("2 (6.90)", n_max=30).n
    29
    """
    shape, match = next(((name, m) for name, pattern in _PATTERNS.items() if (m := pattern.match(text))), ("", None))
    if match is None:
        raise InputError(f"cannot read {text!r}: expected one of {', '.join(_PATTERNS)}.")
    found = match.groupdict()
    values: dict[str, float] = {k: float(v) for k, v in found.items() if k not in ("count", "n", "other")}
    count = int(found["count"]) if "count" in found else None
    n, source = n_header, "table header" if n_header else ""
    if "n" in found:
        n, source = int(found["n"]), "printed"
    elif "other" in found and count is not None:
        n, source = int(found["other"]) + (count if slash == "other" else 0), "printed"
    elif shape in ("count (percent)", "percent (count)") and count is not None and n is None and n_max is not None:
        n = implied_n(count, found["percent"], n_max)
        source = "implied by count and percent" if n else ""
    elif count is None:
        n, source = None, ""
    if values.get("percent", 0) > 100:
        raise InputError(f"cannot use {text!r}: a percentage is at most 100.")
    if n == 0:
        raise InputError(f"cannot use {text!r}: a total of no patients.")
    if count is not None and n is not None and count > n:
        raise InputError(f"cannot use {text!r}: the count {count} is larger than its total {n}.")
    return PrintedValue(count=count, n=n, n_source=source, **values)


@dataclass(frozen=True)
class PrintedP:
    """A printed p-value, read once: its digits, and the computed values that print so.

    Attributes
    ----------
    text : str
        In the one spelling of the record: ``"0.052"`` or ``"<0.001"``, every digit kept.
    relation : str
        ``"="``, ``"<"``, ``">"``, ``"≤"`` or ``"≥"``.
    value : float
        The number.
    n_decimals : int
        Decimals kept.
    intervals : tuple of (float, float)
        For each of :data:`ROUNDINGS` the smallest and the largest float that prints so, both ends included.

    Examples
    --------
    >>> read_p("0.052").prints([0.05244, 0.05045]).tolist()
    [True, False]
    """

    text: str
    relation: str
    value: float
    n_decimals: int
    intervals: tuple[tuple[float, float], ...]

    def prints(self, p: ArrayLike, rounding: str = "nearest") -> NDArray[np.bool_]:
        """Say which computed p-values print so.

        Parameters
        ----------
        p : array_like of float
            Computed p-values.
        rounding : {"nearest", "half-up", "half-even", "truncate"}
            How the paper may have rounded.

        Returns
        -------
        numpy.ndarray of bool
            False for ``nan``. An inequality asks for a value on its side, whatever the rounding.
        """
        if rounding not in ROUNDINGS:
            raise unknown_name("rounding", rounding, ROUNDINGS)
        low, high = self.intervals[ROUNDINGS.index(rounding)]
        values = np.asarray(p, dtype=float)
        return np.asarray((low <= values) & (values <= high))


@lru_cache(maxsize=4096)
def read_p(text: str | PrintedP) -> PrintedP:
    """Read a printed p-value; each text once, however often it is asked for.

    Parameters
    ----------
    text : str or PrintedP
        For example ``"0.052"``, ``"<0.001"``, ``"p = .052"``, ``"0,052"`` or ``"5.8e-5"``, with or without the mark of a
        footnote; what is read already is returned.

    Returns
    -------
    PrintedP

    Raises
    ------
    InputError
        Not a p-value between 0 and 1.

    Examples
    --------
    >>> read_p("p = .052").text, read_p("P<0·001").relation, read_p("5.8 × 10−5*").text
    ('0.052', '<', '0.000058')
    """
    if isinstance(text, PrintedP):
        return text
    match = _P.match(text.translate(_P_POINTS))
    relation, digits = (match["relation"] or "=", match["value"]) if match else ("", "2")
    if match and match["power"]:
        digits = f"{Decimal(digits).scaleb(-int(match['power'].lstrip('-−– '))):f}"
    if float(digits) > 1 or (relation, float(digits)) in (("<", 0.0), (">", 1.0)):
        raise InputError(f"cannot read the p-value {text!r}: expected a number from 0 to 1, as '0.052' or '<0.001'.")
    digits = f"0{digits}" if digits.startswith(".") else digits
    plain = digits if relation == "=" else relation + digits
    return PrintedP(plain, relation, float(digits), decimals(digits), _intervals(relation, digits))


def _intervals(relation: str, digits: str) -> tuple[tuple[float, float], ...]:
    """Return the ends of the floats that print so, for each way of rounding; half a digit is decided on exact fractions."""
    value = float(digits)
    sides = {
        "<": (-inf, nextafter(value, -inf)),
        "≤": (-inf, value),
        ">": (nextafter(value, inf), inf),
        "≥": (value, inf),
    }
    if relation in sides:
        return (sides[relation],) * len(ROUNDINGS)
    unit = Fraction(1, 10 ** decimals(digits))
    exact = Fraction(digits)
    low, high, even = exact - unit / 2, exact + unit / 2, exact / unit % 2 == 0
    return (
        _floats(low, high, "[]" if even else "[)"),
        _floats(low, high, "[)"),
        _floats(low, high, "[]" if even else "()"),
        _floats(exact, exact + unit, "[)"),
    )


def _floats(low: Fraction, high: Fraction, ends: str) -> tuple[float, float]:
    """Return the smallest and the largest float between two numbers; a round bracket leaves that end out."""
    first, last = float(low), float(high)
    return (
        nextafter(first, inf) if first < low or (ends[0] == "(" and first == low) else first,
        nextafter(last, -inf) if last > high or (ends[1] == ")" and last == high) else last,
    )
