"""From a printed p-value to the analyses that can have printed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from lupus_kit._errors import InputError, unknown_name
from lupus_kit.audit.printed import rounds_to
from lupus_kit.inference import TESTS, Test, compare, pvalue, select
from lupus_kit.published import parse_p

#: Both one-sided directions are tried: a paper may have tested either.
ALTERNATIVES = ("two-sided", "greater", "less")


def distinct_tests() -> list[Test]:
    """Return the registry without tests that only rename an earlier one.

    Examples
    --------
    >>> len(distinct_tests()) == len(TESTS) - 1
    True
    """
    seen: set[str] = set()
    kept = []
    for test in TESTS.values():
        if not seen.intersection(test.same_as):
            kept.append(test)
        seen.add(test.key)
    return kept


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

    Examples
    --------
    >>> len(distinct_analyses(alternatives=["two-sided"])), len(distinct_analyses())
    (25, 67)
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


def _distance(p: float, number: float, matches: bool) -> float:
    return float("nan") if np.isnan(p) else 0.0 if matches else abs(p - number)


def explain(
    reported: str,
    x1: int,
    n1: int,
    x2: int,
    n2: int,
    tests: Iterable[str | Test] | None = None,
    alternatives: Sequence[str] = ALTERNATIVES,
) -> pd.DataFrame:
    """Run every analysis of a table and mark those that print as reported.

    Parameters
    ----------
    reported : str
        The printed p-value, for example ``"0.052"`` or ``"<0.001"``.
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    tests : iterable of str, optional
        Keys of tests; by default every different analysis (see :func:`distinct_analyses`).
    alternatives : sequence of str
        Alternatives to try.

    Returns
    -------
    pandas.DataFrame
        One row per analysis: ``test``, ``label``, ``alternative``, ``p``, ``rounds_to_reported`` and
        ``distance`` (0 where it rounds to the report, otherwise how far p is from the printed number). The
        analyses that fit come first, then the nearest.

    Raises
    ------
    InputError
        The report is not a p-value, or the counts do not fit together.

    Notes
    -----
    An analysis that fits is *compatible with* the report. That does not show that it was used: covariates,
    strata, other denominators and typing can all move a printed p-value.

    Examples
    --------
    >>> found = explain("0.052", 16, 29, 9, 30)
    >>> found.loc[found["rounds_to_reported"], "test"].tolist()
    ['n_minus_1', 'agresti_caffo', 'student_t', 'welch_t']
    """
    if not isinstance(reported, str):
        raise InputError(f"reported == {reported!r}: give the p-value as a string, as printed; '0.050' is not '0.05'.")
    _, number, _ = parse_p(reported)
    table = compare(x1, n1, x2, n2)
    rows = []
    for test, alternative in distinct_analyses(tests, alternatives):
        p = float(pvalue(test, table.x1, table.n1, table.x2, table.n2, alternative))
        matches = rounds_to(p, reported)
        rows.append((test.key, test.label, alternative, p, matches, _distance(p, number, matches)))
    frame = pd.DataFrame(rows, columns=["test", "label", "alternative", "p", "rounds_to_reported", "distance"])
    return frame.sort_values("distance", kind="stable", na_position="last", ignore_index=True)


def explain_jointly(
    claims: Sequence[tuple[str, int, int, int, int]],
    tests: Iterable[str | Test] | None = None,
    alternatives: Sequence[str] = ALTERNATIVES,
) -> pd.DataFrame:
    """Find the analyses that print several reported p-values together.

    Parameters
    ----------
    claims : sequence of (reported, x1, n1, x2, n2)
        Printed p-values with their tables, which one analysis should explain.
    tests, alternatives
        As for :func:`explain`.

    Returns
    -------
    pandas.DataFrame
        One row per analysis: ``test``, ``label``, ``alternative``, ``p_1``, ``p_2``, …, ``n_explained``,
        ``explains_all`` and ``largest_distance``. The analyses that explain most come first.

    Raises
    ------
    InputError
        No claims, or one that :func:`explain` refuses.

    Examples
    --------
    >>> found = explain_jointly([("0.052", 16, 29, 9, 30), ("0.027", 19, 29, 11, 30)])
    >>> found.loc[found["explains_all"], ["test", "alternative"]].values.tolist()
    [['student_t', 'two-sided'], ['welch_t', 'two-sided']]
    """
    if not claims:
        raise InputError("claims is empty: give at least one (reported, x1, n1, x2, n2).")
    keys = ["test", "label", "alternative"]
    joint: pd.DataFrame | None = None
    for number, claim in enumerate(claims, start=1):
        if len(claim) != 5:
            raise InputError(f"claim {number} == {claim!r}: expected (reported, x1, n1, x2, n2).")
        frame = explain(*claim, tests=tests, alternatives=alternatives).rename(
            columns={"p": f"p_{number}", "rounds_to_reported": f"fits_{number}", "distance": f"distance_{number}"}
        )
        joint = frame if joint is None else joint.merge(frame, on=keys, validate="one_to_one")
    assert joint is not None
    fits, distances = (joint[[c for c in joint if c.startswith(prefix)]] for prefix in ("fits_", "distance_"))
    joint["n_explained"] = fits.sum(axis=1)
    joint["explains_all"] = fits.all(axis=1)
    joint["largest_distance"] = distances.max(axis=1, skipna=False)
    columns = [*keys, *[c for c in joint if c.startswith("p_")], "n_explained", "explains_all", "largest_distance"]
    return joint.sort_values(
        ["n_explained", "largest_distance"], ascending=[False, True], kind="stable", na_position="last"
    )[columns].reset_index(drop=True)
