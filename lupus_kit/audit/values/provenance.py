"""From a printed p-value to the analyses that can have printed it."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lupus_kit.audit.values.counts import Table, populations
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.inference import TESTS, Test, compare, pvalue, select
from lupus_kit.published import ROUNDINGS, PrintedP, read_p

#: Both one-sided directions are tried: a paper may have tested either.
ALTERNATIVES = ("two-sided", "greater", "less")


def distinct_tests() -> list[Test]:
    """Return the registry without tests that only rename an earlier one.

    See Also
    --------
    distinct_analyses, n_analyses

    Examples
    --------
    >>> len(distinct_tests()) == len(TESTS) - 1
    True
    """
    keys = list(TESTS)
    return [test for place, test in enumerate(TESTS.values()) if not set(keys[:place]).intersection(test.same_as)]


def distinct_analyses(
    tests: Iterable[str | Test] | None = None, alternatives: Sequence[str] = ALTERNATIVES
) -> list[tuple[Test, str]]:
    """Return pairs of a test and an alternative, each a different analysis.

    Parameters
    ----------
    tests : iterable of str, optional
        Keys of tests: all of their alternatives are kept. By default every different test of the registry, and a
        one-sided variant only once where several tests share it (doubled Fisher and Fisher, for example).
    alternatives : sequence of str
        Alternatives to try.

    Returns
    -------
    list of (Test, str)

    Raises
    ------
    InputError
        Unknown test or alternative.

    See Also
    --------
    distinct_tests, n_analyses

    Examples
    --------
    >>> len(distinct_analyses(alternatives=["two-sided"])), len(distinct_analyses())
    (29, 79)
    """
    if isinstance(alternatives, str):
        raise InputError(f"alternatives == {alternatives!r}: give a list, for example [{alternatives!r}].")
    for alternative in alternatives:
        if alternative not in ALTERNATIVES:
            raise unknown_name("alternative", alternative, ALTERNATIVES)
    chosen = distinct_tests() if tests is None else select(tests)
    return [
        (test, alternative)
        for alternative in alternatives
        for test in chosen
        if tests is not None or alternative == "two-sided" or not test.one_sided_as
    ]


def p_values(tables: Sequence[Table], analyses: Sequence[tuple[Test, str]]) -> NDArray[np.float64]:
    """Return the p-value of every analysis of every table; each test takes all tables in one call.

    Parameters
    ----------
    tables : sequence of (x1, n1, x2, n2)
        Responders and patients of the first and second arm.
    analyses : sequence of (Test, str)
        From :func:`distinct_analyses`.

    Returns
    -------
    numpy.ndarray
        One row a table, one column an analysis; ``nan`` where an analysis is undefined.
    """
    x1, n1, x2, n2 = np.array(tables).T
    return np.array([pvalue(test, x1, n1, x2, n2, side) for test, side in analyses], dtype=float).T


_NOT_SIGNIFICANT = {"ns", "n.s.", "n.s", "nonsignificant", "non-significant", "notsignificant"}


def read_reported(reported: object, alpha: float = 0.05) -> tuple[str, tuple[str, ...]]:
    """Bring a printed p-value into the one spelling that is computed with, and say what was done.

    Parameters
    ----------
    reported : str
        As printed: ``"0.052"``, ``"p = .052"``, ``"0·052"``, ``"<0.001"``, ``"NS"``.
    alpha : float
        What "not significant" refers to.

    Returns
    -------
    reported : str
        For example ``"0.052"``, ``"<0.001"`` or ``">0.05"``.
    remarks : tuple of str
        Empty where nothing was changed.

    Raises
    ------
    InputError
        Not a p-value.

    See Also
    --------
    explain

    Examples
    --------
    >>> read_reported("p = .052")
    ('0.052', ("'p = .052' is read as 0.052.",))
    >>> read_reported("n.s.")[0]
    '>0.05'
    """
    if not isinstance(reported, str):
        raise InputError(f"reported == {reported!r}: give the p-value as a string, as printed; '0.050' is not '0.05'.")
    bare = "".join(reported.lower().split()).removeprefix("p=").removeprefix("p:")
    if bare in _NOT_SIGNIFICANT:
        return f">{alpha:g}", (f"{reported!r} is read as a p-value above {alpha:g}.",)
    plain = read_p(reported).text
    return plain, () if plain == reported.strip() else (f"{reported!r} is read as {plain}.",)


def explain(
    reported: str,
    x1: int,
    n1: int,
    x2: int,
    n2: int,
    tests: Iterable[str | Test] | None = None,
    alternatives: Sequence[str] = ALTERNATIVES,
    *,
    randomised: tuple[int, int] | None = None,
    rounding: str = "nearest",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Run every analysis of a table and mark those that print as reported.

    Parameters
    ----------
    reported : str
        The printed p-value, for example ``"0.052"``, ``"<0.001"`` or ``"NS"``, in any usual spelling.
    x1, n1, x2, n2 : int
        Responders and patients analysed of the first and second arm.
    tests : iterable of str, optional
        Keys of tests; by default every different analysis (see :func:`distinct_analyses`).
    alternatives : sequence of str
        Alternatives to try.
    randomised : tuple of int, optional
        Patients randomised to each arm. With it every analysis is also run on all of them, the missing once as
        non-responders and once as responders.
    rounding : {"nearest", "half-up", "half-even", "truncate"}
        How the paper may have rounded; ``"nearest"`` is half-up or half-even.
    alpha : float
        What "NS" refers to.

    Returns
    -------
    pandas.DataFrame
        One row per analysis: ``test``, ``label``, ``alternative``, ``p``, ``rounds_to_reported`` and
        ``distance`` (0 where it rounds to the report, otherwise how far p is from the printed number). The
        analyses that fit come first, then the nearest. ``prints`` names the ways of rounding under which it prints so
        (``"half-up half-even truncate"``, empty for none). With ``randomised``, also ``population`` and its
        ``x1 n1 x2 n2``. ``.attrs["remarks"]`` says how the report was read.

    Raises
    ------
    InputError
        The report is not a p-value, or the counts do not fit together.

    See Also
    --------
    check, read_text, inconsistencies, explain_jointly

    Notes
    -----
    An analysis that fits is *compatible with* the report. That does not show that it was used: covariates,
    strata, other denominators and typing can all move a printed p-value.

    Examples
    --------
    >>> found = explain("0.052", 16, 29, 9, 30)
    >>> found.loc[found["rounds_to_reported"], "test"].tolist()
    ['n_minus_1', 'agresti_caffo', 'anscombe_arcsine', 'student_t', 'welch_t', 'ols_hc1', 'ols_hc2']
    """
    printed, remarks = read_reported(reported, alpha)
    table = compare(x1, n1, x2, n2)
    counted = populations(table.x1, table.n1, table.x2, table.n2, randomised)
    frame = _computed(read_p(printed), counted, distinct_analyses(tests, alternatives), rounding)
    if randomised is None:
        frame = frame.drop(columns=["population", "x1", "n1", "x2", "n2"])
    frame = frame.sort_values("distance", kind="stable", na_position="last", ignore_index=True)
    frame.attrs["remarks"] = list(remarks)
    return frame


def _computed(
    printed: PrintedP, counted: dict[str, Table], analyses: list[tuple[Test, str]], rounding: str
) -> pd.DataFrame:
    """One row for each population and analysis."""
    p = p_values(list(counted.values()), analyses).ravel()
    fits = printed.prints(p, rounding)
    prints = {way: printed.prints(p, way) for way in ROUNDINGS[1:]}
    frame = pd.DataFrame(
        [(test.key, test.label, side, name, *table) for name, table in counted.items() for test, side in analyses],
        columns=["test", "label", "alternative", "population", "x1", "n1", "x2", "n2"],
    )
    frame.insert(3, "p", p)
    frame.insert(4, "rounds_to_reported", fits)
    frame.insert(5, "distance", np.where(fits, 0.0, abs(p - printed.value)))
    frame.insert(6, "prints", [" ".join(way for way in prints if prints[way][row]) for row in range(len(p))])
    return frame
