"""Counts of a two-arm trial: checked once, then trusted."""

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lupus_kit.core.errors import InputError, require_choice

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
Bools = NDArray[np.bool_]
Table = tuple[int, int, int, int]
#: Counts that may be missing where fewer than four are given.
Count = int | None
Counts = ArrayLike | None

#: A p-value this much above the level, relatively, still reaches it: it may differ in its last bits.
REACHES = 1 + 1e-12

ALTERNATIVES = ("two-sided", "greater", "less")


# Beyond so many pairs of counts their table fits into no memory.
_MOST_PAIRS = 10**9

# Beyond this, products of counts no longer fit the whole numbers that are computed with.
_LARGEST = 10**9


#: Tables of the largest design that is gone through in reasonable time and memory, by the patients of an arm.
LARGEST = {1000: 1_100_000, 2000: 4_100_000}


def _as_array(name: str, value: ArrayLike, wanted: str) -> FloatArray:
    """Turn the value into an array of numbers, of whatever kind they come (but truth values and words are none)."""
    try:
        array = np.asarray(value.to_numpy() if hasattr(value, "to_numpy") else value)
    except (ValueError, TypeError):  # a nested list of uneven rows, for one
        raise InputError(f"{name} == {_short(value)}; {wanted}.") from None
    if array.dtype.kind == "O":
        # Decimals, fractions and the nullable whole numbers of pandas come as objects.
        good = np.array([_is_number(v) for v in array.flat], dtype=bool)
        good = good.reshape(array.shape)
        if not good.all():
            bad = array[~good].flat[0]
            raise InputError(f"{name} == {_short(bad)}{_where(~good)} is of type {type(bad).__name__}; {wanted}.")
    elif array.dtype.kind not in "iuf":
        what = "a truth value" if array.dtype.kind == "b" else f"of type {array.dtype}"
        raise InputError(f"{name} == {_short(value)} is {what}; {wanted}.")
    if array.size == 0:
        raise InputError(f"{name} == {_short(value)} is empty; {wanted}.")
    return array


def _as_floats(array: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):  # what only a longer float holds becomes infinite
        return array.astype(np.float64)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        return False
    try:
        float(value)
    except (OverflowError, ValueError):  # too large for any float, or a signalling NaN
        return False
    return True


def as_counts(name: str, value: ArrayLike, minimum: int = 0) -> IntArray:
    """Return whole numbers of any numeric type as an int64 array, or say which value is not one.

    Raises
    ------
    InputError
        Booleans, strings, missing values, fractions, or numbers below ``minimum`` or above a milliard.

    Examples
    --------
    >>> from fractions import Fraction
    >>> as_counts("x1", [np.float16(3), Fraction(8, 2), np.uint8(200)]).tolist()
    [3, 4, 200]
    """
    if type(value) is int and minimum <= value <= _LARGEST:
        return np.array(value, dtype=np.int64)
    wanted = f"{name} must be a whole number of {minimum} or more, up to {_LARGEST} (or an array of them)"
    array = _as_array(name, value, wanted)
    # A float16 ends at 65,504 and a uint8 at 255: the limits are compared as floats of 64 bits, which hold them all.
    numbers = _as_floats(array)
    good = (numbers >= minimum) & (numbers <= _LARGEST)
    whole = np.where(good, numbers, 0).astype(np.int64)
    good &= np.asarray(array == whole, dtype=bool)
    if not good.all():
        raise InputError(f"{name} == {_short(array[~good].flat[0])}{_where(~good)}; {wanted}.")
    return whole


def _short(value: object) -> str:
    text = " ".join(repr(value.item() if isinstance(value, np.generic) else value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _where(bad: NDArray[np.bool_]) -> str:
    """Position of the first bad value, for arrays only."""
    if bad.ndim == 0:
        return ""
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    return f" (at index {index[0] if len(index) == 1 else index})"


_NAMES = {"x1": 0, "n1": 1, "x2": 0, "n2": 1}


def _explain_counts(x1: Any, n1: Any) -> InputError:
    """Explain the four counts to who gives one or two, or a whole table as one."""
    example = ""
    try:
        (a, b), (c, d) = as_counts("table", x1).tolist()
        example = (
            f" If the rows of {_short(x1)} are the arms and responders stand first: {a}, {a + b}, {c}, {c + d}; if its "
            f"columns are the arms: {a}, {a + c}, {b}, {b + d}."
        )
    except (InputError, TypeError, ValueError):
        pass
    return InputError(
        f"{1 if n1 is None else 2} of four counts given: x1, n1, x2, n2 are needed, the responders and all patients of "
        f"the first and then of the second arm, such as 16, 29, 9, 30.{example}"
    )


def broadcast(**arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Broadcast named arrays against each other, or say which shapes do not fit."""
    if len({array.shape for array in arrays.values()}) == 1:
        return tuple(arrays.values())
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(f"the shapes do not broadcast against each other: {shapes}.") from None


def broadcast_tables(
    x1: ArrayLike, n1: Counts, x2: Counts, n2: Counts
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Check the counts of both arms and broadcast them against each other.

    Raises
    ------
    InputError
        A count is not a whole number, an arm is empty, a count is above its total, or the shapes do not fit.
    """
    if x2 is None and n2 is None:
        raise _explain_counts(x1, n1)
    counts: tuple[Any, ...] = (x1, n1, x2, n2)
    checked = [as_counts(name, count, minimum) for (name, minimum), count in zip(_NAMES.items(), counts, strict=True)]
    a, m, b, n = broadcast(**dict(zip(_NAMES, checked, strict=True)))
    for x, total, arm in ((a, m, "1"), (b, n, "2")):
        bad = x > total
        if bad.any():
            raise InputError(
                f"x{arm} == {int(x[bad].flat[0])}{_where(bad)} is larger than n{arm} == {int(total[bad].flat[0])}: "
                "responders cannot outnumber the patients of their arm."
            )
    return a, m, b, n


def as_count(name: str, value: Any, minimum: int = 0) -> int:
    """Return one whole number."""
    array = as_counts(name, value, minimum)
    if array.ndim:
        raise InputError(
            f"{name} == {_short(value)}: one whole number is needed here, not an array, because the answer is about one "
            "table or one design; ask for each in turn (pvalue takes arrays)."
        )
    return int(array)


def as_size(name: str, value: Any) -> int:
    """Return one number of patients in an arm."""
    return as_count(name, value, 1)


def as_grid(n1: Any, n2: Any) -> tuple[int, int]:
    """Return the patients of two arms; refuse them where the grid of every two counts would not fit into memory."""
    m, n = as_size("n1", n1), as_size("n2", n2)
    if (m + 1) * (n + 1) > _MOST_PAIRS:
        what = "a table of every two counts has too many cells; 30000 an arm is the most"
        raise InputError(f"{m} and {n} patients: {what}.")
    return m, n


def refuse_large(n1: int, n2: int, what: str, arm: int = 1000, use: str = "a large-sample test") -> None:
    """Refuse what goes through every table of a design where there are too many."""
    if (n1 + 1) * (n2 + 1) > LARGEST[arm]:
        most = f"it takes up to about {arm} an arm"
        raise InputError(f"{what} with {n1} and {n2} patients has too many tables; {most}. Use {use}.")


def refuse_lattice(n1: int, n2: int, what: str, use: str = "a large-sample test") -> None:
    """Refuse p-values for every table of a design, each of which goes through all."""
    if (n1 + 1) * (n2 + 1) * (n1 + n2 + 1) > 400_000_000:
        most = f"take too long for {what}; it takes up to about 500 an arm"
        raise InputError(f"all tables of {n1} and {n2} patients together {most}. Ask for a few tables, or use {use}.")


def one_table(x1: Any, n1: Any, x2: Any, n2: Any) -> Table:
    """Check the counts of one table, for functions that do not take arrays."""
    if x2 is None and n2 is None:
        raise _explain_counts(x1, n1)
    for (name, minimum), value in zip(_NAMES.items(), (x1, n1, x2, n2), strict=True):
        as_count(name, value, minimum)
    a, m, b, n = (int(v) for v in broadcast_tables(x1, n1, x2, n2))
    return a, m, b, n


def at_most(p: ArrayLike, level: float) -> NDArray[np.bool_]:
    """Say where p-values reach significance.

    A p-value that equals the level in arithmetic may differ from it in its last bits: it counts as reaching it.
    """
    return np.asarray(np.asarray(p) <= level * REACHES)


def as_probability(name: str, value: ArrayLike, missing: bool = False) -> FloatArray:
    """Return probabilities between 0 and 1 as a float array; nan stays where it is allowed to be ``missing``."""
    wanted = f"{name} must be a probability from 0 to 1 (or an array of them)"
    array = _as_floats(_as_array(name, value, wanted))
    bad = ~((array >= 0) & (array <= 1) | missing & np.isnan(array))
    if bad.any():
        raise InputError(f"{name} == {_short(array[bad].flat[0])}{_where(bad)}; {wanted}.")
    return array


def as_p(name: str, value: Any) -> float:
    """Return one probability."""
    rate = as_probability(name, value)
    if rate.ndim:
        raise InputError(f"{name}: one probability is needed here, not an array.")
    return float(rate)


def as_level(name: str, value: Any) -> float:
    """Return a significance or confidence level strictly between 0 and 1."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (Real, Decimal)):
        raise InputError(f"{name} == {_short(value)} must be a number strictly between 0 and 1.")
    number = float(value) if _is_number(value) else float("nan")
    if 1 < number < 100:
        raise InputError(f"{name} == {_short(value)} must be strictly between 0 and 1: write {number / 100:g}.")
    if not 0 < number < 1:
        usual = {"level": "0.95", "power": "0.8"}.get(name, "0.05")
        raise InputError(f"{name} == {_short(value)} must be strictly between 0 and 1, such as {usual}.")
    return number


def as_confidence(level: Any, alpha: Any) -> float:
    """Return the confidence level: ``level``, or ``1 - alpha`` where an alpha is given.

    Examples
    --------
    >>> as_confidence(0.95, None), as_confidence(0.95, 0.1)
    (0.95, 0.9)
    """
    if alpha is None:
        return as_level("level", level)
    confidence, given = 1 - as_level("alpha", alpha), as_level("level", level)
    if given != 0.95 and abs(given - confidence) > 1e-9:
        both = f"level == {_short(level)} and alpha == {_short(alpha)}"
        raise InputError(f"{both}: they contradict each other; give one.")
    return confidence


def as_alternative(value: object) -> str:
    """Return the alternative, or name the three there are."""
    require_choice("alternative", value, ALTERNATIVES)
    return str(value)
