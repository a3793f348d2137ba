"""One registry of tests of a 2×2 table: tables, lattices, power, audit, figures and widgets all iterate over it.

A new test is one :class:`Test` in :mod:`lupus_kit.inference.two_by_two.entries`.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.inference.two_by_two import unconditional
from lupus_kit.inference.two_by_two.counts import FloatArray, as_alternative, as_size, broadcast_tables
from lupus_kit.inference.two_by_two.entries import TESTS, Test

__all__ = ["TESTS", "Test", "describe", "get", "pvalue", "pvalue_lattice", "select"]


def get(test: str | Test) -> Test:
    """Return a test by its key.

    Raises
    ------
    InputError
        Unknown key; the message names the nearest ones.

    Examples
    --------
    >>> get("fisher").label
    'Fisher (point probability)'
    """
    if isinstance(test, Test):
        return test
    if not isinstance(test, str) or test not in TESTS:
        raise unknown_name("test", test, TESTS)
    return TESTS[test]


def select(tests: Iterable[str | Test] | None) -> list[Test]:
    """Return the named tests, or all of them."""
    if isinstance(tests, str):
        raise InputError(f"tests == {tests!r}: give a list of test keys, for example [{tests!r}].")
    return list(TESTS.values()) if tests is None else [get(test) for test in tests]


def describe() -> pd.DataFrame:
    """Return the registry as a table, one row per test.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``key``: ``label family null formula degenerate use avoid same_as reference``.
    """
    columns = ["key", "label", "family", "null", "formula", "degenerate", "use", "avoid", "same_as", "reference"]
    rows = [[", ".join(v) if isinstance(v := getattr(t, c), tuple) else v for c in columns] for t in TESTS.values()]
    return pd.DataFrame(rows, columns=columns).set_index("key")


def pvalue(
    test: str | Test,
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    alternative: str = "two-sided",
) -> float | FloatArray:
    """Compute the p-value of one test for one table, or for arrays of tables.

    Parameters
    ----------
    test : str or Test
        Key of a test in :data:`TESTS`.
    x1, n1 : int or array of int
        Responders and patients of the first arm.
    x2, n2 : int or array of int
        Responders and patients of the second arm. All four broadcast against each other.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"``: the first arm responds more.

    Returns
    -------
    float or ndarray
        A float for four scalars, otherwise an array of the broadcast shape; ``nan`` where the test is
        undefined (see ``TESTS[key].degenerate``).

    Raises
    ------
    InputError
        Counts that are not whole numbers or do not fit together, unknown test or alternative.

    Examples
    --------
    >>> round(pvalue("pearson", 16, 29, 9, 30), 4)
    0.0504
    >>> pvalue("fisher", [16, 19], 29, [9, 11], 30).round(4).tolist()
    [0.0673, 0.0379]
    """
    entry, side = get(test), as_alternative(alternative)
    a, m, b, n = broadcast_tables(x1, n1, x2, n2)
    p = entry.function(a, m, b, n, side)
    return float(p) if np.ndim(p) == 0 else np.asarray(p)


def pvalue_lattice(test: str | Test, n1: int, n2: int, alternative: str = "two-sided") -> FloatArray:
    """Compute the p-value of every table that a design can produce.

    Parameters
    ----------
    test : str or Test
        Key of a test in :data:`TESTS`.
    n1, n2 : int
        Patients in each arm.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"``: the first arm responds more.

    Returns
    -------
    ndarray, shape (n1 + 1, n2 + 1)
        Entry ``[x1, x2]`` is the p-value of ``x1`` against ``x2`` responders.

    Examples
    --------
    >>> lattice = pvalue_lattice("barnard", 29, 30)
    >>> lattice.shape, round(float(lattice[16, 9]), 8)
    ((30, 31), 0.05780647)
    """
    entry, side = get(test), as_alternative(alternative)
    m, n = as_size("n1", n1), as_size("n2", n2)
    if entry.family == "unconditional exact":  # computed as a whole lattice anyway
        return unconditional.lattice(entry.key, m, n, side).copy()
    x1, x2 = np.indices((m + 1, n + 1))
    return np.array(entry.function(x1, np.full_like(x1, m), x2, np.full_like(x2, n), side))
