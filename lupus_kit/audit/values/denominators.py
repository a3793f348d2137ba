"""Numbers of patients behind percentages of several groups, under one way of rounding for the whole paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from lupus_kit.audit.values.percentages import ROUNDINGS, as_total, common_denominators, counts_from_percent
from lupus_kit.core.errors import InputError, unknown_name

#: The ways of rounding that a paper can have used throughout.
CONVENTIONS = ("half-up", "half-even", "truncate")


def joint_denominators(
    percents: Mapping[str, Iterable[str]],
    n_max: int | Mapping[str, int],
    n: Mapping[str, int] | None = None,
    roundings: Iterable[str] = CONVENTIONS,
) -> pd.DataFrame:
    """Find every number of patients, and the counts, behind all percentages of several groups at once.

    Parameters
    ----------
    percents : mapping of str to iterable of str
        By group (an arm, or an arm at a visit), the percentages of it that share one number of patients, as printed.
    n_max : int or mapping of str to int
        Largest number of patients, the same for all groups or one each.
    n : mapping of str to int, optional
        Groups whose number of patients is known.
    roundings : iterable of str
        Ways of rounding to try; one of them must serve the whole paper.

    Returns
    -------
    pandas.DataFrame
        One row per way of rounding, group and number of patients: ``rounding``, ``group``, ``n`` and ``counts`` (for
        each percentage the counts that print so, a tuple of tuples). A way of rounding that leaves any group without
        a solution is left out whole.

    Raises
    ------
    InputError
        No group, a group without a limit, or a percentage that cannot be read.

    Examples
    --------
    >>> found = joint_denominators({"IL-2": ["55.17", "65.52"], "placebo": ["30.00", "36.67"]}, n_max=30)
    >>> found[found["rounding"] == "half-up"][["group", "n", "counts"]].values.tolist()
    [['IL-2', 29, ((16,), (19,))], ['placebo', 30, ((9,), (11,))]]
    """
    groups = {group: list(texts) for group, texts in percents.items()}
    if not groups or not all(groups.values()):
        raise InputError("percents: give at least one group, each with at least one percentage as a string.")
    tried = list(roundings)
    for name in tried:
        if name not in CONVENTIONS:
            raise unknown_name("rounding", name, ROUNDINGS[1:])
    known = dict(n or {})
    for group in known:
        if group not in groups:
            raise unknown_name("group", group, groups)
    rows: list[tuple[str, str, int, tuple[tuple[int, ...], ...]]] = []
    for rounding in tried:
        found = {group: _solutions(group, texts, n_max, known, rounding) for group, texts in groups.items()}
        if all(found.values()):
            rows += [(rounding, group, total, counts) for group in groups for total, counts in found[group]]
    return pd.DataFrame(rows, columns=["rounding", "group", "n", "counts"])


def _solutions(
    group: str, texts: list[str], n_max: int | Mapping[str, int], known: Mapping[str, int], rounding: str
) -> list[tuple[int, tuple[tuple[int, ...], ...]]]:
    if group in known:
        totals = [as_total(f"n[{group!r}]", known[group])]
    else:
        if isinstance(n_max, Mapping) and group not in n_max:
            raise InputError(f"n_max has no limit for group {group!r}, and n does not give its patients.")
        limit = n_max[group] if isinstance(n_max, Mapping) else n_max
        totals = common_denominators(texts, limit, rounding)
    found = []
    for total in totals:
        counts = tuple(tuple(x for x, _ in counts_from_percent(text, n=total, rounding=rounding)) for text in texts)
        if all(counts):
            found.append((total, counts))
    return found
