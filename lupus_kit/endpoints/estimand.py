"""The estimand of a result in five plain lines, as ICH E9(R1) asks for it, and how open answers were counted."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lupus_kit.core.text import listing, plural
from lupus_kit.endpoints.rules.intercurrent import EVENT_STRATEGIES
from lupus_kit.endpoints.rules.steroids import steroid_rule
from lupus_kit.endpoints.visits.visit_table import EVENTS
from lupus_kit.endpoints.words import WORDS

_OPEN = WORDS["open_answers"]


def estimand_table(
    table: pd.DataFrame, verdicts: pd.DataFrame, endpoint: str, arms: Sequence[str], *, missing: str | Mapping[str, str],
    events: str, steroids: object, strata: Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Say what is estimated.

    Parameters
    ----------
    table, verdicts : pandas.DataFrame
        The visits as they were scored, and what the rule returned.
    endpoint : str
        Name of the endpoint.
    arms : sequence of str
        First and second arm; none where there are not two.
    missing, events, steroids
        As for ``score_visits``; `steroids` is None where the rule judges none.
    strata : sequence of str
        What the comparison is stratified by.

    Returns
    -------
    pandas.DataFrame
        ``attribute`` and ``choice``, one row an attribute.
    """
    who = verdicts.drop_duplicates("patient")
    each = [f"{arm} {(who['arm'].astype(str) == arm).sum()}" for arm in arms]
    if arms and (nowhere := who["arm"].isna().sum()):
        each.append(f"without an arm {nowhere}")
    visits = verdicts.drop_duplicates("week").sort_values("week", kind="stable")["visit"]
    here = [name for name in EVENTS if name in table]
    rule = steroid_rule(steroids, table)
    handled = (
        f"{listing(here)}: {events.replace('_', ' ')}: {EVENT_STRATEGIES[events]}" if here else "no column names any"
    )
    if rule and events != "treatment_policy":
        handled += f"; rule on steroids: {rule.label}"
    difference = f"difference of response rates at each visit, {arms[0]} minus {arms[1]}" if arms else ""
    within = f"; also within strata of {listing(strata)}" if strata and arms else ""
    rows = {
        "population": f"every patient of the table: {plural(len(who), 'patient')}"
        + f" ({', '.join(each)})" * bool(each),
        "treatment": f"{arms[0]} against {arms[1]}" if arms else "not compared",
        "endpoint": f"{endpoint} at {listing(visits)}",
        "intercurrent events": handled,
        "summary measure": difference + within or "response rate at each visit",
        "missing answers": "; ".join(f"{arm}: {_OPEN[way]}" for arm, way in missing.items())
        if isinstance(missing, Mapping)
        else _OPEN[missing],
    }
    return pd.DataFrame(rows.items(), columns=["attribute", "choice"])
