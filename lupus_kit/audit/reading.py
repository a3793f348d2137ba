"""The reading: a short text made from the results, and never stronger than they are."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import isnan

import pandas as pd

from lupus_kit.audit.counts import Counts
from lupus_kit.audit.provenance import distinct_tests, explain_jointly
from lupus_kit.inference import between_visit_bounds, pvalue, s_value, tipping_point
from lupus_kit.published import Study

Resolved = Mapping[str, tuple[Counts, Counts]]
_Table = tuple[int, int, int, int]


def _table(counts: tuple[Counts, Counts]) -> _Table | None:
    a, b = counts
    if a.x is None or a.n is None or b.x is None or b.n is None:
        return None
    return a.x, a.n, b.x, b.n


def _pairs(study: Study, resolved: Resolved) -> list[tuple[pd.Series, _Table, pd.Series, _Table]]:
    """Claims of one endpoint at two visits, the primary one first, both with known counts and an exact p."""
    usable = []
    for _, claim in study.claims.iterrows():
        table = _table(resolved[str(claim["id"])])
        if table and claim["visit"] and claim["p_relation"] == "=":
            usable.append((claim, table))
    usable.sort(key=lambda item: bool(item[0]["role"] != "primary"))
    return [
        (first, table1, second, table2)
        for (first, table1), (second, table2) in combinations(usable, 2)
        if first["endpoint"] == second["endpoint"] and first["role"] == "primary"
    ]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _which_analysis(first: pd.Series, t1: _Table, second: pd.Series, t2: _Table) -> str:
    joint = explain_jointly([(first["reported_p"], *t1), (second["reported_p"], *t2)])
    both = joint[joint["explains_all"]]
    pair = f"the printed pair p={first['reported_p']} and p={second['reported_p']}"
    if both.empty:
        return f"No single one of {len(joint)} analyses gives {pair}."
    labels = [
        label if alternative == "two-sided" else f"{label} ({alternative})"
        for label, alternative in zip(both["label"], both["alternative"], strict=True)
    ]
    return (
        f"Of {len(joint)} analyses of the counts, {len(both)} {'gives' if len(both) == 1 else 'give'} {pair} together: "
        f"{_listed(labels)}. The record is "
        "compatible with these; which analysis the authors used is not known."
    )


def _sides(first: pd.Series, table: _Table, alpha: float) -> str:
    # A test that is undefined on this table has no side.
    p = [value for test in distinct_tests() if not isnan(value := float(pvalue(test, *table)))]
    above = sum(value > alpha for value in p)
    return (
        f"At {first['visit']} ({table[0]}/{table[1]} v {table[2]}/{table[3]}) the two-sided p runs from {min(p):.3f} "
        f"to {max(p):.3f} over {len(p)} tests; {above} of them are above {alpha:g} and {len(p) - above} are not."
    )


def _missing(study: Study, first: pd.Series, table: _Table) -> str:
    x1, n1, x2, n2 = table
    missing1 = study.trial.n_randomised[first["arm_a"]] - n1
    missing2 = study.trial.n_randomised[first["arm_b"]] - n2
    if min(missing1, missing2) < 0 or missing1 + missing2 == 0:
        return ""
    ways = tipping_point(x1, n1, x2, n2, missing1, missing2, test="pearson", alpha=study.trial.alpha)
    low, high = ways["p"].min(), ways["p"].max()
    one = missing1 + missing2 == 1
    who = "One randomised patient is" if one else f"{missing1 + missing2} randomised patients are"
    them = "that patient" if one else "them"
    text = (
        f"{who} missing from this analysis; counting {them} as responder or not moves Pearson's p between {low:.3f} "
        f"and {high:.3f}"
    )
    if ways["significant"].nunique() == 2:
        decider = "this one outcome decides" if one else "these outcomes decide"
        return f"{text}: {decider} on which side of {study.trial.alpha:g} it falls."
    return f"{text}, on one side of {study.trial.alpha:g}."


def _hierarchy(first: pd.Series, second: pd.Series, alpha: float) -> str:
    if first["p_value"] <= alpha or second["p_value"] > alpha:
        return ""
    return (
        f"The primary endpoint at {first['visit']} was not met at {alpha:g}; in a fixed sequence no later endpoint can "
        f"then be claimed as confirmed, so p={second['reported_p']} at {second['visit']} is a finding to test again."
    )


def _weeks(first: pd.Series, t1: _Table, second: pd.Series, t2: _Table) -> str:
    if t1[1] != t2[1] or t1[3] != t2[3]:
        return ""
    bounds = between_visit_bounds(t1[0], t2[0], t1[1], t1[2], t2[2], t1[3])
    change = [100 * (t[0] / t[1] - t[2] / t[3]) for t in (t1, t2)]
    bits = [s_value(float(claim["p_value"])) for claim in (first, second)]
    return (
        f"The two visits do not contradict each other: the difference between the arms goes from {change[0]:.1f} to "
        f"{change[1]:.1f} percentage points, and for every way the patients' outcomes at both visits can be joined the "
        f"p-value of that change lies between {bounds.p_low:.2f} and {bounds.p_high:.2f}. In bits of surprise the "
        f"printed p-values are {bits[0]:.2f} and {bits[1]:.2f}: {abs(bits[1] - bits[0]):.2f} bits apart, where one "
        "coin toss is 1."
    )


def read(study: Study, resolved: Resolved) -> tuple[str, ...]:
    """Write the reading of a study's primary endpoint and its later visits.

    Parameters
    ----------
    study : Study
        The record.
    resolved : mapping
        Counts of both arms by claim id.

    Returns
    -------
    tuple of str
        Statements in reading order, none when no endpoint is printed at two visits.
    """
    parts: list[str] = []
    for first, t1, second, t2 in _pairs(study, resolved):
        parts += [
            _which_analysis(first, t1, second, t2),
            _sides(first, t1, study.trial.alpha),
            _missing(study, first, t1),
            _hierarchy(first, second, study.trial.alpha),
            _weeks(first, t1, second, t2),
        ]
    return tuple(part for part in parts if part)
