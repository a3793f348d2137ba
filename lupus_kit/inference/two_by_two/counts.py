"""Counts of a two-arm trial: checked once, then trusted."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lupus_kit.core.errors import InputError, unknown_name

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

#: A p-value this much above the level, relatively, still reaches it: it may differ in its last bits.
REACHES = 1 + 1e-12

ALTERNATIVES = ("two-sided", "greater", "less")


# Beyond this, products of counts no longer fit the whole numbers that are computed with.
_LARGEST = 10**9


def _as_array(name: str, value: ArrayLike, wanted: str) -> NDArray[Any]:
    """Turn the value into an array of numbers; a nested list of uneven rows is not one."""
    try:
        return np.asarray(value.to_numpy() if hasattr(value, "to_numpy") else value)
    except (ValueError, TypeError):
        raise InputError(f"{name} == {_short(value)}; {wanted}.") from None


def as_counts(name: str, value: ArrayLike, minimum: int = 0) -> IntArray:
    """Return whole numbers as an int64 array, or say which value is not one.

    Raises
    ------
    InputError
        Booleans, strings, objects, missing values, fractions, or numbers below ``minimum`` or above a milliard.
    """
    wanted = f"{name} must be a whole number of {minimum} or more, up to {_LARGEST} (or an array of them)"
    array = _as_array(name, value, wanted)
    if array.dtype.kind not in "iuf":
        what = "a truth value" if array.dtype.kind == "b" else f"of type {array.dtype}"
        raise InputError(f"{name} == {_short(value)} is {what}; {wanted}.")
    if array.size == 0:
        raise InputError(f"{name} is empty; {wanted}.")
    good = (array >= minimum) & (array <= _LARGEST)
    if array.dtype.kind == "f":
        good &= array == np.floor(array)
    if not good.all():
        raise InputError(f"{name} == {_short(array[~good].flat[0])}{_where(~good)}; {wanted}.")
    return array.astype(np.int64)


def _short(value: object) -> str:
    text = " ".join(repr(value.item() if isinstance(value, np.generic) else value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _where(bad: NDArray[np.bool_]) -> str:
    """Position of the first bad value, for arrays only."""
    if bad.ndim == 0:
        return ""
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    return f" (at index {index[0] if len(index) == 1 else index})"


def broadcast_tables(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Check the counts of both arms and broadcast them against each other.

    Raises
    ------
    InputError
        A count is not a whole number, an arm is empty, a count is above its total, or the shapes do not fit.
    """
    checked = [as_counts("x1", x1), as_counts("n1", n1, 1), as_counts("x2", x2), as_counts("n2", n2, 1)]
    try:
        a, m, b, n = np.broadcast_arrays(*checked) if len({count.shape for count in checked}) > 1 else checked
    except ValueError:
        shapes = ", ".join(f"{k} {v.shape}" for k, v in zip(("x1", "n1", "x2", "n2"), checked, strict=True))
        raise InputError(f"the shapes do not broadcast against each other: {shapes}.") from None
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
        raise InputError(f"{name} == {_short(value)}: one whole number is needed here, not an array.")
    return int(array)


def as_size(name: str, value: Any) -> int:
    """Return one number of patients in an arm."""
    return as_count(name, value, 1)


def one_table(x1: Any, n1: Any, x2: Any, n2: Any) -> tuple[int, int, int, int]:
    """Check the counts of one table, for functions that do not take arrays."""
    for name, value, minimum in (("x1", x1, 0), ("n1", n1, 1), ("x2", x2, 0), ("n2", n2, 1)):
        as_count(name, value, minimum)
    a, m, b, n = (int(v) for v in broadcast_tables(x1, n1, x2, n2))
    return a, m, b, n


def at_most(p: ArrayLike, level: float) -> NDArray[np.bool_]:
    """Say where p-values reach significance.

    A p-value that equals the level in arithmetic may differ from it in its last bits: it counts as reaching it.
    """
    return np.asarray(np.asarray(p) <= level * REACHES)


def as_probability(name: str, value: ArrayLike) -> FloatArray:
    """Return probabilities between 0 and 1 as a float array."""
    wanted = f"{name} must be a probability from 0 to 1 (or an array of them)"
    array = _as_array(name, value, wanted)
    if array.dtype.kind not in "iuf" or array.size == 0:
        raise InputError(f"{name} == {_short(value)}; {wanted}.")
    array = array.astype(np.float64)
    bad = ~((array >= 0) & (array <= 1))
    if bad.any():
        raise InputError(f"{name} == {_short(array[bad].flat[0])}{_where(bad)}; {wanted}.")
    return array


def as_level(name: str, value: Any) -> float:
    """Return a significance or confidence level strictly between 0 and 1."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InputError(f"{name} == {_short(value)} must be a number strictly between 0 and 1.")
    if not 0 < float(value) < 1:
        raise InputError(f"{name} == {_short(value)} must be strictly between 0 and 1, such as 0.05.")
    return float(value)


def as_alternative(value: object) -> str:
    """Return the alternative, or name the three there are."""
    if value not in ALTERNATIVES:
        raise unknown_name("alternative", value, ALTERNATIVES)
    return str(value)
