"""Means and standard deviations that whole numbers can and cannot have: GRIM, GRIMMER and DEBIT.

All three ask one question in whole numbers: is there a sample of the given size whose mean (and standard deviation)
prints like this? A digit that ends in an exact half may have been rounded either way, so both ends of the interval of a
printed number count as printing so.
"""

import html
import re
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import ceil, floor, isqrt

import pandas as pd

from lupus_kit.audit.values.percentages import as_total
from lupus_kit.core.errors import InputError
from lupus_kit.published import decimals

_NUMBER = re.compile(r"^\s*([-−]?)(\d{1,15}(?:\.\d{1,40})?)\s*$")


@dataclass(frozen=True)
class Granularity:
    """Whether whole numbers can print so.

    Attributes
    ----------
    check : str
        ``"GRIM"``, ``"GRIMMER"`` or ``"DEBIT"``.
    printed : str
        The value or values as printed.
    n : int
        Patients.
    possible : bool
        Whether some sample of whole numbers prints so.
    sentence : str
        The same in words.

    Examples
    --------
    >>> from lupus_kit import audit
    >>> found = audit.grim("5.19", 28)
    >>> found.possible
    False
    >>> found.to_frame()["check"].item()
    'GRIM'
    """

    check: str
    printed: str
    n: int
    possible: bool
    sentence: str

    def __bool__(self) -> bool:
        return self.possible

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([asdict(self)])

    def _repr_html_(self) -> str:
        return f"<b>{html.escape(self.check)}</b>: {html.escape(self.sentence)}"


def printed_interval(name: str, text: object, signed: bool = True) -> tuple[Fraction, Fraction]:
    """Return both ends of the numbers that print so.

    Raises
    ------
    InputError
        Not a printed number.
    """
    match = _NUMBER.match(text) if isinstance(text, str) else None
    if not match or (match[1] and not signed):
        hint = " Give it as a string: the trailing zeros count." if isinstance(text, (int, float)) else ""
        raise InputError(f"{name} == {text!r}: expected a number as printed, such as '3.45'.{hint}")
    value = Fraction(match[2]) * (-1 if match[1] else 1)
    half = Fraction(1, 2 * 10 ** decimals(match[2]))
    return value - half, value + half


def _whole(low: Fraction, high: Fraction) -> range:
    return range(ceil(low), floor(high) + 1)


def _spread_total(n: object) -> int:
    total = as_total("n", n)
    if total < 2:
        raise InputError("n == 1: a standard deviation needs at least two patients.")
    return total


def _result(check: str, printed: str, n: int, possible: bool) -> Granularity:
    what = f"mean{'±SD' if '±' in printed else ''} of {printed}"
    of = "0/1 values" if check == "DEBIT" else "whole numbers"
    if possible:
        sentence = f"A {what} is a value that {of} of {n} patients can have."
    else:
        why = "another number of patients, a missing value or typing would explain it"
        sentence = f"No {of} of {n} patients give a {what}; {why}."
    return Granularity(check, printed, n, possible, sentence)


def grim(mean: str, n: int, items: int = 1) -> Granularity:
    """Check a mean of whole numbers (GRIM: granularity-related inconsistency of means).

    Parameters
    ----------
    mean : str
        As printed. A percentage is the mean of values 0 and 100: see :func:`lupus_kit.audit.counts_from_percent`.
    n : int
        Patients.
    items : int
        Whole numbers that were averaged within each patient.

    Returns
    -------
    Granularity
        True where some total of whole numbers prints as this mean.

    Raises
    ------
    InputError
        Not a printed number, or not a whole number of patients.

    See Also
    --------
    grimmer, debit

    References
    ----------
    Brown NJL, Heathers JAJ. Soc Psychol Personal Sci 2017;8:363-369.

    Examples
    --------
    >>> bool(grim("5.19", 28)), bool(grim("5.18", 28))
    (False, True)
    """
    low, high = printed_interval("mean", mean)
    total = as_total("n", n) * as_total("items", items)
    return _result("GRIM", mean.strip(), int(n), ceil(low * total) <= floor(high * total))


def grimmer(mean: str, sd: str, n: int, items: int = 1) -> Granularity:
    """Check a mean and a standard deviation of whole numbers (GRIMMER).

    Parameters
    ----------
    mean, sd : str
        As printed; the standard deviation with divisor n - 1.
    n : int
        Patients, at least two.
    items : int
        Whole numbers that were averaged within each patient.

    Returns
    -------
    Granularity
        True where some sample of whole numbers prints as both.

    Raises
    ------
    InputError
        Not printed numbers, or fewer than two patients.

    See Also
    --------
    grim, debit

    Notes
    -----
    The sum T and the sum of squares Q of whole numbers are both even or both odd, and Q is at least what the most even
    split of T gives. For five or more whole numbers these conditions are enough (four squares leave no gap once a fifth
    number can be chosen; checked by enumeration in the tests); two to four numbers are enumerated.

    References
    ----------
    Anaya J. PeerJ Preprints 2016;4:e2400v1. Allard A. Analytic-GRIMMER, 2018.

    Examples
    --------
    >>> bool(grimmer("3.44", "2.47", 18)), bool(grimmer("3.44", "2.48", 18))
    (False, True)
    """
    total, factor = _spread_total(n), as_total("items", items)
    means = [end * factor * total for end in printed_interval("mean", mean)]
    spread_low, spread_high = printed_interval("sd", sd, signed=False)
    spreads = [(max(end, Fraction(0)) * factor) ** 2 * total * (total - 1) for end in (spread_low, spread_high)]
    possible = any(
        _reached(t, _whole((spreads[0] + t * t) / total, (spreads[1] + t * t) / total), total)
        for t in _whole(means[0], means[1])
    )
    return _result("GRIMMER", f"{mean.strip()}±{sd.strip()}", total, possible)


def _reached(t: int, squares: range, n: int) -> bool:
    """Say whether n whole numbers with sum ``t`` have one of the sums of squares."""
    base, rest = divmod(t, n)
    # Around the most even split: y = x - base has sum `rest`, and its squares differ by a known amount.
    shift = 2 * base * rest + n * base * base
    first = max(squares.start - shift, rest)
    wanted = range(first + (first - rest) % 2, squares.stop - shift, 2)
    return any(_few(rest, q, n) for q in wanted) if n <= 4 else bool(wanted)


def _few(total: int, squares: int, n: int) -> bool:
    """Say whether n whole numbers have a sum and a sum of squares."""
    if n == 1:
        return total * total == squares
    return any(_few(total - x, squares - x * x, n - 1) for x in range(-isqrt(squares), isqrt(squares) + 1))


def debit(mean: str, sd: str, n: int) -> Granularity:
    """Check a mean and a standard deviation of data that are 0 or 1 (DEBIT: descriptive binary test).

    Parameters
    ----------
    mean, sd : str
        As printed; the standard deviation with divisor n - 1.
    n : int
        Patients, at least two.

    Returns
    -------
    Granularity
        True where some count of ones prints as both.

    Raises
    ------
    InputError
        Not printed numbers, or fewer than two patients.

    See Also
    --------
    grim, grimmer

    References
    ----------
    Heathers JAJ, Brown NJL. DEBIT: a simple consistency test for binary data. OSF preprint 2019.

    Examples
    --------
    >>> bool(debit("0.55", "0.51", 29)), bool(debit("0.55", "0.48", 29))
    (True, False)
    """
    total = _spread_total(n)
    low, high = printed_interval("mean", mean)
    sd_low, sd_high = printed_interval("sd", sd, signed=False)
    possible = any(
        max(sd_low, Fraction(0)) ** 2 <= Fraction(x * (total - x), total * (total - 1)) <= sd_high**2
        for x in _whole(max(low, Fraction(0)) * total, min(high, Fraction(1)) * total)
    )
    return _result("DEBIT", f"{mean.strip()}±{sd.strip()}", total, possible)
