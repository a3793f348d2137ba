"""From printed percentages back to counts, and from computed numbers to their print."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.published import ROUNDINGS, decimals, read_p

_PERCENT = re.compile(r"^\s*(\d{1,3}(?:\.\d{1,40})?)\s*%?\s*$")
#: More pairs than this are not listed, and more patients not gone through one by one.
MOST_PAIRS, _MOST_TOTALS = 1_000_000, 10_000_000
#: The largest number of patients.
_MOST = 10**9


def percent_matches(text: str, x: int, n: int, rounding: str = "nearest") -> bool:
    """Say whether ``x`` of ``n`` prints as the given percentage.

    Parameters
    ----------
    text : str
        The percentage as printed, with or without its sign.
    x, n : int
        Responders and patients.
    rounding : {"nearest", "half-up", "half-even", "truncate"}
        How the paper may have rounded.

    Returns
    -------
    bool
        True when the printed digits come out, all of them.

    See Also
    --------
    counts_from_percent, common_denominators, rounds_to

    Examples
    --------
    >>> percent_matches("55.17", 16, 29), percent_matches("55.2", 16, 29), percent_matches("55.18", 16, 29)
    (True, True, False)
    """
    number = _percent(text)
    if not 0 <= x <= as_total("n", n):
        raise InputError(f"x == {x!r}, n == {n!r}: x of n patients, with at least one patient, is needed.")
    low, high = _count_range(number, np.array([n]), rounding)
    return bool(low[0] <= x <= high[0])


def _percent(text: object) -> str:
    match = _PERCENT.match(text) if isinstance(text, str) else None
    if not match or Decimal(match[1]) > 100:
        hint = " Give it as a string: the trailing zeros count." if isinstance(text, (int, float)) else ""
        raise InputError(f"cannot read the percentage {text!r}: expected a string such as '55.17' or '30.00%'.{hint}")
    return match[1]


def as_total(name: str, value: object) -> int:
    """Return a number of patients, or say what is wrong with it."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 1 <= value <= _MOST:
        shown = f"{name} == {value!r}" if not isinstance(value, int) or abs(value) <= _MOST else name
        raise InputError(f"{shown}: must be a whole number from 1 to {_MOST:,}.")
    return int(value)


def counts_from_percent(
    text: str, n_max: int | None = None, n: int | None = None, rounding: str = "nearest"
) -> list[tuple[int, int]]:
    """Find every count that prints as a percentage.

    Parameters
    ----------
    text : str
        The percentage as printed, for example ``"55.17"`` or ``"30.00%"``; its decimals count.
    n_max : int, optional
        Largest number of patients there can be.
    n : int, optional
        The number of patients, where it is known. Give one of ``n_max`` and ``n``.
    rounding : {"nearest", "half-up", "half-even", "truncate"}
        How the paper may have rounded.

    Returns
    -------
    list of tuple of int
        Pairs ``(count, patients)``, in order of the number of patients.

    Raises
    ------
    InputError
        Not a percentage, or not exactly one of ``n_max`` and ``n``.

    See Also
    --------
    percent_matches, common_denominators, rounds_to

    Examples
    --------
    >>> counts_from_percent("55.17", n_max=30)
    [(16, 29)]
    >>> counts_from_percent("30.00%", n_max=30)
    [(3, 10), (6, 20), (9, 30)]
    """
    number = _percent(text)
    if (n_max is None) == (n is None):
        raise InputError("give either n_max (the most patients there can be) or n (the patients there are).")
    limit = as_total("n" if n is not None else "n_max", n if n is not None else n_max)
    totals = np.array([limit]) if n is not None else _up_to(limit)
    low, high = _count_range(number, totals, rounding)
    if (pairs := int(np.maximum(high - low + 1, 0).sum())) > MOST_PAIRS:
        raise InputError(f"{pairs:,} counts print as {number}%: give fewer patients, or a percentage of more decimals.")
    return [
        (x, total)
        for total, first, last in zip(totals.tolist(), low.tolist(), high.tolist(), strict=True)
        for x in range(first, last + 1)
    ]


def _up_to(n_max: int) -> NDArray[np.int64]:
    if n_max > _MOST_TOTALS:
        raise InputError(f"n_max == {n_max:,}: at most {_MOST_TOTALS:,} patients can be gone through.")
    return np.arange(1, n_max + 1)


def totals(text: str, x: int, n_max: int) -> list[int]:
    """Return the numbers of patients, the first hundred thousand possible, of which ``x`` prints as a percentage.

    Examples
    --------
    >>> totals("6.90", 2, 10**9), totals("50", 1, 30)
    ([29], [2])
    """
    number = _percent(text)
    unit, percent = Fraction(1, 10 ** decimals(number)), Fraction(number)
    first = max(x, 1, floor(100 * x / (percent + unit)))
    last = n_max if percent <= unit else min(n_max, ceil(100 * x / (percent - unit)))
    tried = np.arange(first, min(last, first + 100_000) + 1)
    low, high = _count_range(number, tried, "nearest")
    return [int(n) for n in tried[(low <= x) & (x <= high)]]


def _count_range(number: str, totals: NDArray[np.int64], rounding: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Smallest and largest count of each total that prints so; none where the first is above the second.

    The count ``x`` of ``n`` lies in the printed digit's interval exactly where ``2 D x`` lies between ``2 low n`` and
    ``2 high n`` with whole numbers on both sides, ``D`` being the digit's units in the whole.
    """
    if rounding not in ROUNDINGS:
        raise unknown_name("rounding", rounding, ROUNDINGS)
    n_decimals = decimals(number)
    printed, whole = int(number.replace(".", "")), 100 * 10**n_decimals
    n = totals if n_decimals < 7 and totals.max(initial=0) <= _MOST_TOTALS else totals.astype(object)
    # Twice the two ends of the interval, in units of the last digit, and whether each end prints so itself.
    first, last = (2 * printed, 2 * printed + 2) if rounding == "truncate" else (2 * printed - 1, 2 * printed + 1)
    with_first = rounding in ("nearest", "half-up", "truncate") or printed % 2 == 0
    with_last = rounding in ("nearest", "half-even") and printed % 2 == 0
    low = -((-first * n) // (2 * whole)) if with_first else first * n // (2 * whole) + 1
    high = last * n // (2 * whole) if with_last else -((-last * n) // (2 * whole)) - 1
    return np.maximum(low, 0), np.minimum(high, n)


def common_denominators(texts: Sequence[str], n_max: int, rounding: str = "nearest") -> list[int]:
    """Find the numbers of patients that fit several percentages of the same group.

    Parameters
    ----------
    texts : sequence of str
        Percentages as printed.
    n_max : int
        Largest number of patients there can be.
    rounding : {"nearest", "half-up", "half-even", "truncate"}
        How the paper may have rounded.

    Returns
    -------
    list of int
        In increasing order.

    See Also
    --------
    counts_from_percent, percent_matches, rounds_to

    Examples
    --------
    >>> common_denominators(["30.00", "36.67"], n_max=30)
    [30]
    """
    if not texts:
        return []
    totals = _up_to(as_total("n_max", n_max))
    fits = np.ones(len(totals), dtype=bool)
    for text in texts:
        low, high = _count_range(_percent(text), totals, rounding)
        fits &= np.asarray(low <= high, dtype=bool)
    return [int(n) for n in totals[fits]]


def rounds_to(value: float, printed: str, rounding: str = "nearest") -> bool:
    """Say whether a computed p-value prints as the given string.

    Parameters
    ----------
    value : float
        The computed p-value.
    printed : str
        As printed: ``"0.052"`` asks for the same rounded digits, ``"<0.001"`` for a value below.
    rounding : {"nearest", "half-up", "half-even", "truncate"}
        How the paper may have rounded.

    Returns
    -------
    bool
        False for ``nan``.

    See Also
    --------
    counts_from_percent, percent_matches, common_denominators

    Examples
    --------
    >>> rounds_to(0.05244, "0.052"), rounds_to(0.05045, "0.052"), rounds_to(0.0004, "<0.001")
    (True, False, True)
    """
    return bool(read_p(printed).prints(value, rounding))
