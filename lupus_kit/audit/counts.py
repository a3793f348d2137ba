"""Which counts stand behind the printed values of a claim."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lupus_kit._errors import InputError, unknown_name
from lupus_kit.audit.printed import common_denominators, counts_from_percent, percent_matches
from lupus_kit.published import Study

PRINTED = "printed"
PINNED = "the percentage has one solution"
JOINT = "one denominator fits all percentages of this arm"
TABLE = "the table row that repeats the claim"


@dataclass(frozen=True)
class Counts:
    """Responders and patients of one arm in one claim.

    Attributes
    ----------
    x, n : int or None
        ``None`` where the record does not pin them down.
    how : str
        How they were found, or why not.
    agrees : bool or None
        Whether the printed percentage, or the table row, agrees with the count; ``None`` where nothing can be
        compared.
    """

    x: int | None
    n: int | None
    how: str
    agrees: bool | None


def _table_count(study: Study, pointer: str, arm: str) -> tuple[int, int] | None:
    """Count and denominator of the table row that a claim points to."""
    name, _, row = pointer.partition("/")
    frame = study.tables.get(name)
    if frame is None:
        return None
    label = next(column for column in ("event", "characteristic") if column in frame)
    found = frame[(frame[label] == row) & (frame["arm"] == arm)]
    if len(found) != 1 or pd.isna(found["count"].iloc[0]) or pd.isna(found["n"].iloc[0]):
        return None
    return int(found["count"].iloc[0]), int(found["n"].iloc[0])


def _percent_text(printed: str) -> str:
    return printed.partition("%")[0]


def _siblings(study: Study, claim: pd.Series, arm: str) -> list[str]:
    """Percentages of the same endpoint and arm at every visit, where no count is printed with them."""
    return [
        _percent_text(other[f"reported_{side}"])
        for _, other in study.claims[study.claims["endpoint"] == claim["endpoint"]].iterrows()
        for side in ("a", "b")
        if other[f"arm_{side}"] == arm and pd.isna(other[f"count_{side}"]) and "%" in other[f"reported_{side}"]
    ]


def resolve(study: Study, claim: pd.Series, side: str) -> Counts:
    """Find the counts of one arm of a claim.

    Parameters
    ----------
    study : Study
        The record.
    claim : pandas.Series
        A row of ``study.claims``.
    side : {"a", "b"}
        Which arm.

    Returns
    -------
    Counts
        With the way they were found.
    """
    arm, printed = claim[f"arm_{side}"], claim[f"reported_{side}"]
    count, n = claim[f"count_{side}"], claim[f"n_{side}"]
    if pd.notna(count) and pd.notna(n):
        agrees = percent_matches(_percent_text(printed), int(count), int(n)) if "%" in printed else None
        return Counts(int(count), int(n), PRINTED, agrees)
    n_max = study.trial.n_randomised[arm]
    if pd.notna(count) and "(" in printed:
        percent = printed.partition("(")[2].rstrip("%) ")
        fits = [(x, total) for x, total in counts_from_percent(percent, n_max=n_max) if x == int(count)]
        if len(fits) == 1:
            return Counts(*fits[0], PINNED, True)
        why = "its percentage fits several numbers of patients" if fits else "its percentage fits no number of patients"
        return Counts(int(count), None, why, None if fits else False)
    if pd.notna(count):
        table = _table_count(study, claim["table_row"], arm)
        if table is None:
            return Counts(int(count), None, "the number of patients is not printed", None)
        return Counts(int(count), table[1], TABLE, table[0] == int(count))
    if "%" not in printed:
        return Counts(None, None, "neither a count nor a percentage is printed", None)
    fits = counts_from_percent(_percent_text(printed), n_max=n_max)
    if not fits:
        return Counts(None, None, f"no count of at most {n_max} patients prints so", False)
    if len(fits) == 1:
        return Counts(*fits[0], PINNED, True)
    shared = common_denominators(_siblings(study, claim, arm), n_max)
    joint = [(x, total) for x, total in fits if total in shared]
    if len(joint) == 1:
        return Counts(*joint[0], JOINT, True)
    listed = ", ".join(f"{x}/{total}" for x, total in fits)
    return Counts(None, None, f"several counts fit: {listed}", None)


def claim_counts(study: Study, claim: str) -> tuple[int, int, int, int]:
    """Return the 2×2 table behind one claim.

    Parameters
    ----------
    study : Study
        The record.
    claim : str
        An ``id`` of ``study.claims``.

    Returns
    -------
    tuple of int
        ``(x1, n1, x2, n2)``: responders and patients of the first and second arm.

    Raises
    ------
    InputError
        Unknown claim, or one whose counts the record does not pin down.

    Examples
    --------
    >>> from lupus_kit import published
    >>> claim_counts(published.load("he2020"), "sri4_week12")
    (16, 29, 9, 30)
    """
    rows = study.claims[study.claims["id"] == claim]
    if rows.empty:
        raise unknown_name("claim", claim, study.claims["id"])
    a, b = (resolve(study, rows.iloc[0], side) for side in "ab")
    if a.x is None or a.n is None or b.x is None or b.n is None:
        raise InputError(f"the counts of claim {claim!r} are not known: {a.how}; {b.how}.")
    return a.x, a.n, b.x, b.n
