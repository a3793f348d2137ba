"""Several printed p-values together: one analysis for all of them, or the fewest that cover them."""

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from lupus_kit.audit.values.provenance import ALTERNATIVES, explain
from lupus_kit.core.errors import InputError
from lupus_kit.core.text import listing
from lupus_kit.inference import Test

Analysis = tuple[str, ...]
_KEYS = ["test", "label", "alternative"]


def explain_jointly(
    claims: Sequence[tuple[str, int, int, int, int]],
    tests: Iterable[str | Test] | None = None,
    alternatives: Sequence[str] = ALTERNATIVES,
    *,
    rounding: str = "nearest",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Find the analyses that print several reported p-values together.

    Parameters
    ----------
    claims : sequence of (reported, x1, n1, x2, n2)
        Printed p-values with their tables, which one analysis should explain.
    tests, alternatives, rounding, alpha
        As for :func:`explain`.

    Returns
    -------
    pandas.DataFrame
        One row per analysis: ``test``, ``label``, ``alternative``, ``p_1``,
        ``p_2``, …, ``fits_1``, …, ``n_explained``, ``explains_all``, ``total_distance`` and ``largest_distance``. The
        analysis that explains most comes first; among equals, the one with the smallest total distance.

    Raises
    ------
    InputError
        No claims, or one that :func:`explain` refuses.

    See Also
    --------
    explain, explain_means, explain_paired, smallest_sets

    Examples
    --------
    >>> found = explain_jointly([("0.052", 16, 29, 9, 30), ("0.027", 19, 29, 11, 30)])
    >>> found.loc[found["explains_all"], "test"].tolist()
    ['anscombe_arcsine', 'student_t', 'welch_t', 'ols_hc1', 'ols_hc2']
    """
    if not claims:
        raise InputError("claims is empty: give at least one (reported, x1, n1, x2, n2).")
    joint: pd.DataFrame | None = None
    for number, claim in enumerate(claims, start=1):
        if len(claim) != 5:
            raise InputError(f"claim {number} == {claim!r}: expected (reported, x1, n1, x2, n2).")
        frame = explain(*claim, tests, alternatives, rounding=rounding, alpha=alpha)
        new = {"p": f"p_{number}", "rounds_to_reported": f"fits_{number}", "distance": f"distance_{number}"}
        frame = frame[[*_KEYS, *new]].rename(columns=new)
        joint = frame if joint is None else joint.merge(frame, on=_KEYS, validate="one_to_one")
    assert joint is not None
    fits, distances = (joint[[c for c in joint if c.startswith(prefix)]] for prefix in ("fits_", "distance_"))
    joint["n_explained"] = fits.sum(axis=1)
    joint["explains_all"] = fits.all(axis=1)
    joint["total_distance"] = distances.sum(axis=1, skipna=False)
    joint["largest_distance"] = distances.max(axis=1, skipna=False)
    p, found = joint.filter(regex="^p_"), ["n_explained", "explains_all", "total_distance", "largest_distance"]
    by = ["n_explained", "total_distance"]
    joint = joint.sort_values(by, ascending=[False, True], kind="stable", na_position="last", ignore_index=True)
    return joint[[*_KEYS, *p, *fits, *found]]


@dataclass(frozen=True)
class JointExplanation:
    """The best single analysis for several p-values, and the fewest analyses that explain all of them.

    Attributes
    ----------
    n_claims : int
        Printed p-values.
    best : tuple of str
        The analysis that explains most, with the smallest total distance; several where they tie.
    n_best : int
        How many p-values each of these explains.
    sets : tuple of tuple of tuple of str
        Every smallest set: for each of its places the analyses that explain the same p-values and so can stand there.
    unexplained : tuple of int
        Numbers (from 1) of the p-values that no analysis gives; the sets cover the others.
    table : pandas.DataFrame
        From :func:`explain_jointly`.

    Examples
    --------
    >>> from lupus_kit import audit
    >>> table = audit.explain_jointly([("0.052", 16, 29, 9, 30), ("0.027", 19, 29, 11, 30)])
    >>> found = audit.smallest_sets(table)
    >>> found.n_claims, len(found.best)
    (2, 5)
    >>> found.sentences[0][:60]
    'Arcsine (Anscombe), Student t on 0/1 data, Welch t on 0/1 da'
    >>> list(found.to_frame().columns)
    ['set', 'place', 'analyses']
    """

    n_claims: int
    best: tuple[str, ...]
    n_best: int
    sets: tuple[tuple[tuple[str, ...], ...], ...]
    unexplained: tuple[int, ...]
    table: pd.DataFrame

    @property
    def sentences(self) -> tuple[str, ...]:
        """The result in words."""
        texts = []
        if self.n_best:
            verb = "explains" if len(self.best) == 1 else "each explain"
            texts.append(
                f"{listing(self.best, most=len(self.best))} {verb} {self.n_best} of {self.n_claims} printed p-values."
            )
        if self.unexplained:
            numbers = listing(self.unexplained, most=len(self.unexplained))
            texts.append(f"No analysis tried gives p-value {numbers}.")
        if self.sets:
            size = len(self.sets[0])
            one = "one analysis" if size == 1 else f"{size} analyses"
            covered = "all of them" if not self.unexplained else "all the others"
            ways = "" if len(self.sets) == 1 else f", in {len(self.sets)} ways"
            texts.append(f"At least {one} would be needed for {covered}{ways}.")
        return (*texts, "Compatible with a print does not mean used for it.")

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each smallest set and place in it: ``set place analyses``."""
        rows = [
            (number, place, " | ".join(names))
            for number, chosen in enumerate(self.sets, start=1)
            for place, names in enumerate(chosen, start=1)
        ]
        return pd.DataFrame(rows, columns=["set", "place", "analyses"])

    def _repr_html_(self) -> str:
        return "<ul>" + "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.sentences) + "</ul>"


def smallest_sets(table: pd.DataFrame) -> JointExplanation:
    """Find the fewest analyses that explain several p-values.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`explain_jointly`.

    Returns
    -------
    JointExplanation
        Exact: every set of the smallest size is listed.

    Raises
    ------
    InputError
        Not such a table.

    See Also
    --------
    explain_jointly

    Examples
    --------
    >>> found = smallest_sets(explain_jointly([("0.052", 16, 29, 9, 30), ("0.027", 19, 29, 11, 30)]))
    >>> [len(choices) for choices in found.sets[0]], "Welch t on 0/1 data" in found.sets[0][0]
    ([5], True)
    """
    columns = [c for c in table if str(c).startswith("fits_")]
    if table.empty or not columns:
        raise InputError("table has no columns fits_1, fits_2, ...: give the frame that explain_jointly returns.")
    patterns: dict[frozenset[int], list[str]] = {}
    for _, row in table.iterrows():
        explained = frozenset(number for number, column in enumerate(columns, start=1) if row[column])
        patterns.setdefault(explained, []).append(_name(row))
    # An analysis that explains less than another can never make a set smaller, but it can tie: all are kept.
    explainable = frozenset().union(*patterns)
    sets = next((found for size in range(1, len(columns) + 1) if (found := _covers(explainable, patterns, size))), [])
    top = table[table["n_explained"] == table["n_explained"].iloc[0]]
    nearest = top[top["total_distance"] == top["total_distance"].min()] if top["total_distance"].notna().any() else top
    n_best = int(top["n_explained"].iloc[0])
    return JointExplanation(
        n_claims=len(columns),
        best=tuple(_name(row) for _, row in nearest.iterrows()) if n_best else (),
        n_best=n_best,
        sets=tuple(tuple(tuple(patterns[pattern]) for pattern in chosen) for chosen in sets),
        unexplained=tuple(number for number in range(1, len(columns) + 1) if number not in explainable),
        table=table,
    )


def _name(row: pd.Series) -> str:
    side = "" if row["alternative"] == "two-sided" else f", one-sided ({row['alternative']})"
    return f"{row['label']}{side}"


def _covers(
    wanted: frozenset[int], patterns: dict[frozenset[int], list[str]], size: int
) -> list[tuple[frozenset[int], ...]]:
    """Every set of ``size`` different patterns that covers all that is wanted."""

    def search(left: frozenset[int], chosen: tuple[frozenset[int], ...]) -> Iterator[frozenset[frozenset[int]]]:
        if not left:
            yield frozenset(chosen)
        elif len(chosen) < size:
            # The p-value with the fewest candidates is covered first.
            hardest = min(left, key=lambda number: sum(number in pattern for pattern in patterns))
            for pattern in patterns:
                if hardest in pattern:
                    yield from search(left - pattern, (*chosen, pattern))

    if not wanted:
        return []
    unique = {found for found in search(wanted, ()) if len(found) == size}
    return sorted(
        (tuple(sorted(found, key=sorted)) for found in unique), key=lambda chosen: [sorted(p) for p in chosen]
    )
