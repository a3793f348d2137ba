"""Which counts stand behind the printed values of a claim."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lupus_kit.audit.values.percentages import (
    MOST_PAIRS,
    common_denominators,
    counts_from_percent,
    percent_matches,
    totals,
)
from lupus_kit.core.errors import InputError, is_whole, unknown_name
from lupus_kit.published import Claim, Study, decimals, impossible, percent_text

ANALYSED = "analysed only"
NON_RESPONDERS = "all randomised, missing as non-responders"
RESPONDERS = "all randomised, missing as responders"

Table = tuple[int, int, int, int]


def missing_rules(table: Table, randomised: tuple[int, int]) -> dict[str, Table]:
    """Return the table under each way to count patients whose outcome is missing."""
    (x1, n1, x2, n2), (m1, m2) = table, randomised
    return {ANALYSED: table, NON_RESPONDERS: (x1, m1, x2, m2), RESPONDERS: (x1 + m1 - n1, m1, x2 + m2 - n2, m2)}


def populations(x1: int, n1: int, x2: int, n2: int, randomised: tuple[int, int] | None = None) -> dict[str, Table]:
    """List the tables that a comparison can stand for.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients analysed of the first and second arm.
    randomised : tuple of int, optional
        Patients randomised to each arm.

    Returns
    -------
    dict of str to tuple of int
        ``(x1, n1, x2, n2)`` by who was counted and how; each different table once.

    Raises
    ------
    InputError
        Fewer patients randomised than analysed.

    See Also
    --------
    multiverse, explain

    Examples
    --------
    >>> for name, table in populations(16, 29, 9, 30, randomised=(30, 30)).items():
    ...     print(name, table)
    analysed only (16, 29, 9, 30)
    all randomised, missing as non-responders (16, 30, 9, 30)
    all randomised, missing as responders (17, 30, 9, 30)
    """
    if randomised is None:
        return {ANALYSED: (x1, n1, x2, n2)}
    if not isinstance(randomised, Sequence) or len(randomised) != 2 or not all(is_whole(m, 0) for m in randomised):
        raise InputError(f"randomised == {randomised!r}: give two whole numbers.")
    m1, m2 = map(int, randomised)
    if m1 < n1 or m2 < n2:
        raise InputError(f"randomised == {randomised!r}: fewer patients than the {n1} and {n2} analysed.")
    found: dict[Table, str] = {}
    for name, table in missing_rules((x1, n1, x2, n2), (m1, m2)).items():
        found.setdefault(table, name)
    return {name: table for table, name in found.items()}


PRINTED = "printed"
ALL_RANDOMISED = "all randomised were analysed"
NEAREST = "the nearest counts"
ANY_FITTING = "counts that fit"
PINNED = "the percentage has one solution"
JOINT = "one denominator fits all percentages of this arm"
TABLE = "the table row that repeats the claim"
WITH_N = "the percentage and the printed number of patients"
CUT_OFF = "the percentage is cut off, not rounded"
#: Where no arm gives a limit, a count and its percentage are solved for up to this many patients.
_FAR = 20_000
_MOST_LISTED = 8
#: More counts than this behind one percentage say nothing about the number of patients.
_MANY = 5_000


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
    candidates : tuple of (int, int)
        Where they are not pinned down, the counts to suppose.
    supposing : str
        What makes them worth supposing.

    Examples
    --------
    >>> from lupus_kit.audit import Counts
    >>> Counts(16, 29, "printed", True).known
    (16, 29)
    """

    x: int | None
    n: int | None
    how: str
    agrees: bool | None
    candidates: tuple[tuple[int, int], ...] = ()
    supposing: str = ""

    @property
    def known(self) -> tuple[int, int] | None:
        """Responders and patients, where both are pinned down."""
        return None if self.x is None or self.n is None else (self.x, self.n)


def _table_count(study: Study, pointer: str, arm: str) -> tuple[int, int] | None:
    """Count and denominator of the table row that a claim points to."""
    name, _, row = pointer.partition("/")
    frame = study.tables.get(name)
    if frame is None:
        return None
    found = frame[(frame[study.layouts[name].endpoint] == row) & (frame["arm"] == arm)]
    if len(found) != 1 or pd.isna(found["count"].iloc[0]) or pd.isna(found["n"].iloc[0]):
        return None
    return int(found["count"].iloc[0]), int(found["n"].iloc[0])


def _siblings(study: Study, claim: Claim, arm: str) -> list[str]:
    """Percentages of the same endpoint and arm at every visit, where no count is printed with them."""
    return [
        percent_text(other.reported[side])
        for other in study.records
        if other.endpoint == claim.endpoint and other.kind == "binary"
        for side, name in enumerate(other.arms[: len(other.reported)])
        if name == arm and other.values[side].count is None and percent_text(other.reported[side])
    ]


def _prints(percent: str, x: int, n: int) -> tuple[bool | None, str]:
    """Say whether a percentage agrees with its count, and what is special about it."""
    if not percent:
        return None, ""
    if percent_matches(percent, x, n):
        return True, ""
    return (True, CUT_OFF) if percent_matches(percent, x, n, "truncate") else (False, "")


def _from_count_and_percent(x: int, percent: str, n_max: int | None) -> Counts:
    limit = n_max if n_max is not None else min(_FAR, int(200 * x / max(float(percent), 0.01)) + 1)
    fits = totals(percent, x, max(limit, 1))
    if len(fits) == 1:
        return Counts(x, fits[0], PINNED, True)
    why = "its percentage fits several numbers of patients" if fits else "its percentage fits no number of patients"
    candidates = ((x, n_max),) if n_max is not None and percent_matches(percent, min(x, n_max), n_max) else ()
    return Counts(x, None, why, None if fits else False, candidates, ALL_RANDOMISED)


def _from_percent(study: Study, claim: Claim, percent: str, arm: str, n: int | None) -> Counts:
    n_max = study.trial.n_randomised[arm]
    if n is not None and n <= 10 * MOST_PAIRS:
        for rounding in ("nearest", "truncate"):
            fits = counts_from_percent(percent, n=n, rounding=rounding)
            if fits:
                how = WITH_N if rounding == "nearest" else CUT_OFF
                return Counts(*fits[0], how, True) if len(fits) == 1 else _several(fits, tuple(fits), ANY_FITTING)
        # A rate from a model lies near the crude one: the nearest count shows what the crude analyses give.
        nearest = ((round(float(percent) * n / 100), n),) if claim.modelled else ()
        return Counts(None, n, f"no count of {n} patients prints so", False, nearest, NEAREST)
    if n_max is None and n is None:
        return Counts(None, None, "the number of patients is not printed", None)
    most = n or n_max or 0
    if n or most**2 > _MANY * 200 * 10 ** decimals(percent) or most > MOST_PAIRS:  # about so many counts fit
        found = counts_from_percent(percent, n=most) if most <= MOST_PAIRS else []
        how = f"so many counts of {'' if n else 'at most '}{most:,} patients print so that none is named"
        return Counts(None, n, how, None, tuple(found[: _MOST_LISTED + 2]), ALL_RANDOMISED)
    fits = counts_from_percent(percent, n_max=most)
    if not fits:
        return Counts(None, None, f"no count of at most {most} patients prints so", False)
    if len(fits) == 1:
        return Counts(*fits[0], PINNED, True)
    shared = common_denominators(_siblings(study, claim, arm), most)
    joint = [(x, total) for x, total in fits if total in shared]
    if len(joint) == 1:
        return Counts(*joint[0], JOINT, True)
    of_all = tuple(pair for pair in fits if pair[1] == most)
    return _several(fits, of_all, ALL_RANDOMISED, "" if of_all else f", none of them of {most}")


def _several(
    fits: list[tuple[int, int]], candidates: tuple[tuple[int, int], ...], supposing: str, none_of: str = ""
) -> Counts:
    written = [f"{x}/{total}" for x, total in fits]
    shown = written if len(written) <= _MOST_LISTED else [*written[: _MOST_LISTED - 2], "…", written[-1]]
    how = f"{len(fits)} counts fit{none_of}: {', '.join(shown)}"
    return Counts(None, None, how, None, candidates[: _MOST_LISTED + 2], supposing)


def side_counts(study: Study, claim: Claim, side: int) -> Counts:
    """Find the counts of one side of a claim.

    Parameters
    ----------
    study : Study
        The record.
    claim : Claim
        A ``binary`` or ``paired`` claim.
    side : int
        Position in ``claim.reported``.

    Returns
    -------
    Counts
        With the way they were found.
    """
    arm = claim.arms[0] if claim.kind == "paired" else claim.arms[side]
    printed = claim.shown(side)
    if not printed:
        return Counts(None, None, "no value is printed for this arm", None)
    value, percent = claim.values[side], percent_text(printed)
    # A model's rate is no count's; the number of patients then says which count is near.
    near = claim.modelled and bool(value.n and percent)
    if not near and (why := impossible(claim, side, study.trial.n_randomised[arm])):
        return Counts(None, None, why.rstrip("."), False)
    if value.count is not None and value.n is not None:
        agrees, special = _prints(percent, value.count, value.n)
        return Counts(value.count, value.n, special or claim.assumed or PRINTED, agrees)
    if value.count is not None and percent:
        return _from_count_and_percent(value.count, percent, study.trial.n_randomised[arm])
    if value.count is not None:
        table = _table_count(study, claim.table_row, arm)
        if table is not None:
            return Counts(value.count, table[1], TABLE, table[0] == value.count)
        n_max = study.trial.n_randomised[arm]
        if n_max is not None and value.count > n_max:
            return Counts(value.count, None, f"more than the {n_max} patients randomised", False)
        candidates = ((value.count, n_max),) if n_max is not None else ()
        return Counts(value.count, None, "the number of patients is not printed", None, candidates, ALL_RANDOMISED)
    if not percent:
        return Counts(None, None, "neither a count nor a percentage is printed", None)
    return _from_percent(study, claim, percent, arm, value.n)


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

    See Also
    --------
    check

    Examples
    --------
    >>> from lupus_kit import published
    >>> claim_counts(published.load("he2020"), "sri4_week12")
    (16, 29, 9, 30)
    """
    record = next((one for one in study.records if one.id == claim), None)
    if record is None:
        raise unknown_name("claim", claim, [one.id for one in study.records])
    sides = [side_counts(study, record, side) for side in range(len(record.sides))]
    if len(sides) != 2 or not (sides[0].known and sides[1].known):
        why = "; ".join(side.how for side in sides) if len(sides) == 2 else "two arms are needed"
        raise InputError(f"the counts of claim {claim!r} are not known: {why}.")
    return (*sides[0].known, *sides[1].known)


def all_randomised(a: Counts, b: Counts) -> list[tuple[int, int, int, int]]:
    """Return every table that fits if those randomised (or the printed number) were analysed; the known table alone.

    Parameters
    ----------
    a, b : Counts
        Both arms.

    Returns
    -------
    list of tuple of int
        ``(x1, n1, x2, n2)``; empty where a side is not known at all.
    """
    sides = [[side.known] if side.known else list(side.candidates) for side in (a, b)]
    return [(*first, *second) for first in sides[0] for second in sides[1] if first and second]
