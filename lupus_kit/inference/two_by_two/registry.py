"""One registry of tests of a 2×2 table: tables, lattices, power, audit, figures and widgets all iterate over it.

A new test is one section of ``entries.toml`` and its function in :mod:`lupus_kit.inference.two_by_two.entries`.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.templates import toml_beside
from lupus_kit.inference.margins import shifted
from lupus_kit.inference.two_by_two import unconditional
from lupus_kit.inference.two_by_two.counts import FloatArray, as_alternative, as_grid, as_level, broadcast_tables
from lupus_kit.inference.two_by_two.entries import TESTS, Test

__all__ = ["TESTS", "Test", "describe", "get", "pvalue", "pvalue_lattice", "select"]

_PLACES = toml_beside(__file__, "elsewhere.toml")
#: Names that are asked for as tests, and where their answer is.
_ELSEWHERE = {name: place for place, names in _PLACES.items() for name in names}


def get(test: str | Test, gamma: float | None = None, difference: float = 0.0) -> Test:
    """Return a test by its key.

    Parameters
    ----------
    test : str or Test
        Key of a test in :data:`TESTS`.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form, with the nuisance parameter confined to its 1 − gamma
        confidence interval and gamma added to p.
    difference : float
        The p1 - p2 of the null hypothesis, for tests that have a form for differences other than 0
        (:mod:`lupus_kit.inference.margins.shifted`).

    Raises
    ------
    InputError
        Unknown key; the message names the nearest ones. A gamma or a difference for a test that has none, or both
        together, or out of range.

    Examples
    --------
    >>> get("fisher").label
    'Fisher (point probability)'
    >>> get("barnard", gamma=0.001).label
    'Barnard (score order), Berger–Boos (γ = 0.001)'
    >>> get("pearson", difference=-0.1).label
    'Pearson chi-squared, difference -0.1'
    """
    if not isinstance(test, Test) and (not isinstance(test, str) or test not in TESTS):
        place = _ELSEWHERE.get(str(test).lower().replace(" ", "_").replace("-", "_").replace("'", ""))
        if place:
            raise InputError(f"unknown test {test!r}: it is not a test of one 2×2 table with its own key; use {place}.")
        raise unknown_name("test", test, TESTS)
    entry = test if isinstance(test, Test) else TESTS[test]
    null = shifted.as_difference(difference)
    if gamma is None and null in (0, entry.difference):
        return entry
    if null or entry.difference:
        return _shifted(entry, gamma, null)
    confidence = as_level("gamma", gamma)
    if entry.family != "unconditional exact":
        takes = ", ".join(repr(key) for key in unconditional.ORDERINGS)
        raise InputError(f"gamma == {gamma!r}: {entry.key!r} has no nuisance parameter to confine; {takes} have.")
    label = f"{entry.label.partition(', Berger–Boos')[0]}, Berger–Boos (γ = {confidence:g})"
    function = partial(unconditional.pvalues, entry.key, gamma=confidence)
    return replace(entry, function=function, label=label, gamma=confidence)


def _shifted(entry: Test, gamma: float | None, difference: float) -> Test:
    """Turn a test of no difference into one of another difference."""
    takes = ", ".join(repr(key) for key in shifted.STATISTICS)
    if entry.key not in shifted.STATISTICS:
        raise InputError(
            f"difference == {difference:g}: {entry.key!r} is a test of no difference only; {takes} have a form for others."
        )
    if gamma is not None or entry.gamma is not None:
        raise InputError(f"difference == {difference:g}: a test of it has no Berger–Boos form; leave gamma out.")
    return replace(
        entry,
        function=partial(shifted.pvalues, entry.key, difference=difference),
        label=f"{TESTS[entry.key].label}, difference {difference:g}",
        null=f"the first arm's response rate minus the second's is {difference:g}",
        degenerate="a number; the Wald p-value is 0 or 1 where both arms respond wholly or not at all",
        statistic=partial(shifted.STATISTICS[entry.key], difference=difference),
        difference=difference,
    )


def select(tests: Iterable[str | Test] | None, gamma: float | None = None) -> list[Test]:
    """Return the named tests, or all of them; a gamma goes to those that take it.

    Among all tests these are the two Berger–Boos entries, among named ones every unconditional exact test.

    See Also
    --------
    describe

    Examples
    --------
    >>> [test.label for test in select(["pearson", "boschloo"], gamma=0.001)]
    ['Pearson chi-squared', 'Boschloo (central), Berger–Boos (γ = 0.001)']
    """
    if isinstance(tests, str):
        raise InputError(f"tests == {tests!r}: give a list of test keys, for example [{tests!r}].")
    chosen = list(TESTS.values()) if tests is None else [get(test) for test in tests]
    if gamma is None or not chosen:
        return chosen
    takes = [t.gamma is not None if tests is None else t.family == "unconditional exact" for t in chosen]
    return [get(t, gamma if take or not any(takes) else None) for t, take in zip(chosen, takes, strict=True)]


def describe() -> pd.DataFrame:
    """Return the registry as a table, one row per test.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``key``: ``label family null formula degenerate use avoid same_as reference``, then what the test is
        called in ``SPSS``, ``SAS``, ``Stata`` and ``R`` and how to get it there.

    See Also
    --------
    pvalue, test, compare, intervals

    Examples
    --------
    >>> describe().at["n_minus_1", "SPSS"].partition(";")[0]
    'CROSSTABS /STATISTICS=CHISQ: Linear-by-Linear Association'
    """
    columns = ["key", "label", "family", "null", "formula", "degenerate", "use", "avoid", "same_as", "reference"]
    rows = [[", ".join(v) if isinstance(v := getattr(t, c), tuple) else v for c in columns] for t in TESTS.values()]
    table = pd.DataFrame(rows, columns=columns).set_index("key")
    return table.join(pd.DataFrame({key: test.software for key, test in TESTS.items()}).T)


def pvalue(
    test: str | Test,
    x1: ArrayLike,
    n1: ArrayLike | None = None,
    x2: ArrayLike | None = None,
    n2: ArrayLike | None = None,
    alternative: str = "two-sided",
    gamma: float | None = None,
    difference: float = 0.0,
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
        ``"greater"``: the first arm responds more (by more than the difference).
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma, as in :func:`get`.
    difference : float
        The p1 - p2 of the null hypothesis, such as -0.1 for a margin of ten percentage points; with an alternative of
        one side the hypothesis is "at most" or "at least" that.

    Returns
    -------
    float or ndarray
        A float for four scalars, otherwise an array of the broadcast shape; ``nan`` where the test is
        undefined (see ``TESTS[key].degenerate``).

    Raises
    ------
    InputError
        Counts that are not whole numbers or do not fit together, unknown test or alternative, a gamma or a
        difference for a test that has none.

    See Also
    --------
    test, compare, intervals, describe

    Examples
    --------
    >>> round(pvalue("pearson", 16, 29, 9, 30), 4)
    0.0504
    >>> pvalue("fisher", [16, 19], 29, [9, 11], 30).round(4).tolist()
    [0.0673, 0.0379]
    >>> round(pvalue("barnard", 83, 88, 69, 76, "greater", difference=-0.1), 4)
    0.0017
    """
    entry, side = get(test, gamma, difference), as_alternative(alternative)
    a, m, b, n = broadcast_tables(x1, n1, x2, n2)
    p = entry.function(a, m, b, n, side)
    return float(p) if np.ndim(p) == 0 else np.asarray(p)


def pvalue_lattice(
    test: str | Test,
    n1: int,
    n2: int,
    alternative: str = "two-sided",
    gamma: float | None = None,
    difference: float = 0.0,
) -> FloatArray:
    """Compute the p-value of every table that a design can produce.

    Parameters
    ----------
    test : str or Test
        Key of a test in :data:`TESTS`.
    n1, n2 : int
        Patients in each arm.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"``: the first arm responds more (by more than the difference).
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma, as in :func:`get`.
    difference : float
        The p1 - p2 of the null hypothesis, such as -0.1 for a margin of ten percentage points; with an alternative of
        one side the hypothesis is "at most" or "at least" that.

    Returns
    -------
    ndarray, shape (n1 + 1, n2 + 1)
        Entry ``[x1, x2]`` is the p-value of ``x1`` against ``x2`` responders.

    See Also
    --------
    rejection_region, size, size_curve

    Examples
    --------
    >>> lattice = pvalue_lattice("barnard", 29, 30)
    >>> lattice.shape, round(float(lattice[16, 9]), 8)
    ((30, 31), 0.05780647)
    """
    entry, side = get(test, gamma, difference), as_alternative(alternative)
    m, n = as_grid(n1, n2)
    if entry.family == "unconditional exact" and not entry.difference:  # computed as a whole lattice anyway
        return unconditional.lattice(entry.key, m, n, side, entry.gamma).copy()
    x1, x2 = np.indices((m + 1, n + 1))
    return np.array(entry.function(x1, np.full_like(x1, m), x2, np.full_like(x2, n), side))
