"""Intercurrent events: what happened after baseline that changes what a visit means, and the strategy that answers it.

Rescue treatment, a medicine that the protocol forbids, withdrawal, and a broken rule on steroids. The strategies and
their names are those of ICH E9(R1).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.core.strategies import EVENT_STRATEGIES
from lupus_kit.endpoints.nullable import any_of, known_true
from lupus_kit.endpoints.rules.reasons import joined, phrases
from lupus_kit.endpoints.rules.steroids import DOSE, BrokenRule, SteroidRule, broken_rule, broken_words, steroid_rule
from lupus_kit.endpoints.visits.keys import KEYS
from lupus_kit.endpoints.visits.visit_table import COMPONENTS, EVENTS, GRADE_LIST, read_visits
from lupus_kit.endpoints.words import WORDS

#: The column of results that tells whether the rule on steroids is broken.
STEROIDS = "steroids_over_limit"

#: How a reason says that an event happened, and that nobody recorded whether; other events go by their name.
_WORDS = WORDS["happened"]


def require_strategy(events: object) -> None:
    """Raise where `events` names no strategy; who gives columns is told where they go."""
    if not isinstance(events, str):
        raise InputError(f"events is {events!r}: it names a strategy ({', '.join(EVENT_STRATEGIES)}); "
                         "columns of events go to event_columns.")  # fmt: skip
    require_choice("strategy for intercurrent events", events, EVENT_STRATEGIES)


@dataclass(frozen=True)
class Intercurrent:
    """The intercurrent events of a table and how they were handled, one entry a row in order of patient and week.

    Attributes
    ----------
    strategy : str
        Key of ``EVENT_STRATEGIES``.
    happened : pandas.DataFrame
        Nullable booleans: whether each event had happened by this visit.
    first : dict of str to numpy.ndarray of int
        For each event the row of the patient's visit at which it was recorded first; the number of rows where never.
    table : pandas.DataFrame
        The visits as recorded.
    source : numpy.ndarray of int
        The row whose values are judged; -1 where they are set missing.
    broken : BrokenRule, optional
        Where the rule on steroids is broken.
    """

    strategy: str
    happened: pd.DataFrame
    first: dict[str, np.ndarray]
    table: pd.DataFrame
    source: np.ndarray
    broken: BrokenRule | None = None

    @property
    def clauses(self) -> list[str]:
        """Events that are clauses of the rule: all of them under ``"composite"``, else none."""
        return list(self.happened) if self.strategy == "composite" else []

    @property
    def moved(self) -> np.ndarray:
        """Where other values are judged than those of the visit, or none."""
        return np.asarray(self.source != np.arange(len(self.source)))

    def columns(self, visit: pd.DataFrame) -> dict[str, object]:
        """Return the columns of a result: the events that are clauses, else whether one had happened by the visit."""
        if self.strategy == "composite" or not len(self.happened.columns):
            return {name: visit[name] for name in self.clauses}
        return {"after_event": known_true(any_of(visit[name] for name in self.happened))}

    def _visits(self, rows: np.ndarray) -> np.ndarray:
        return np.array(self.table["visit"].map(str), dtype=object).take(rows, mode="clip")

    def words(self, name: str) -> np.ndarray:
        """Say that an event happened, and when, where that was before this visit; empty where it did not."""
        if self.broken is not None and name == STEROIDS:
            said = broken_words(self.table, self.broken)
        else:
            earlier = self.first[name] < np.arange(len(self.table))
            when = np.where(earlier, " at " + self._visits(self.first[name]), "")
            said = _WORDS.get(name, f"{name} is recorded").replace("{}", "was") + when
        return np.where(known_true(self.happened[name]), said, "")

    def when(self) -> np.ndarray:
        """Say of each event that happened before this visit what it was and when; empty where there is none."""
        rows = np.arange(len(self.table))
        before = [np.where(self.first[name] < rows, self.words(name), "") for name in self.first]
        return joined(np.full(len(rows), ""), *before)

    def moved_words(self) -> np.ndarray:
        """Say why other values are judged than those of the visit; empty where they are its own."""
        if not self.moved.any():
            return np.full(len(self.table), "", dtype=object)

        def say(judged: bool, visit: str, *events: str) -> str:
            why = next(filter(None, events), "it is not recorded whether an event had happened")
            return f"{f'judged at {visit}' if judged else 'the visit is set missing'}, because {why}"

        visits = self._visits(self.source)
        return np.where(self.moved, phrases(say, self.source >= 0, visits, *map(self.words, self.happened)), "")


def open_words(name: str) -> str:
    """Say that nobody recorded whether an event happened."""
    return f"it is not recorded whether {_WORDS.get(name, f'{name} happened').replace('{}', 'has been')}"


def handle(
    table: pd.DataFrame, flags: pd.DataFrame, recorded: np.ndarray, strategy: str, broken: BrokenRule | None = None
) -> Intercurrent:
    """Tell for every visit whether each event had happened by then, and which visit a strategy judges.

    Parameters
    ----------
    table : pandas.DataFrame
        The visits in order of patient and week, numbered from 0; an event at week 0 is not one after baseline.
    flags : pandas.DataFrame
        Nullable booleans as recorded, one column an event.
    recorded : numpy.ndarray of bool
        Rows in which something is recorded.
    strategy : str
        Key of ``EVENT_STRATEGIES``.
    broken : BrokenRule, optional
        Where a rule on steroids is broken.
    """
    rows, later = np.arange(len(flags)), (table["week"] > 0).to_numpy()
    begins = table["patient"].ne(table["patient"].shift()).fillna(True).to_numpy(dtype=bool)
    starts, group = np.flatnonzero(begins), np.cumsum(begins) - 1

    def first_of(here: np.ndarray) -> np.ndarray:
        return np.minimum.reduceat(np.where(here, rows, len(rows)), starts).take(group)

    happened, first = pd.DataFrame(index=flags.index), {}
    for name in map(str, flags):
        first[name] = first_of(known_true(flags[name]) & later)
        yes, blank = rows >= first[name], flags[name].isna().to_numpy() & later
        happened[name] = pd.arrays.BooleanArray(yes, (blank | (rows >= first_of(blank & recorded))) & ~yes)
    if broken:
        explained = np.any([rows >= at for at in first.values()], axis=0) if first else np.zeros(len(rows), dtype=bool)
        happened[STEROIDS] = broken.answer & ~explained
    source = rows.copy()
    if len(happened.columns) and strategy in ("while_on_treatment", "hypothetical"):
        affected = any_of(happened[name] for name in happened)
        yes, unknown = known_true(affected), affected.isna().to_numpy()
        last = np.maximum.accumulate(np.where(recorded & ~yes & ~unknown, rows, -1))
        last_before = np.where((last >= starts[group]) & (strategy == "while_on_treatment"), last, -1)
        # Where it is not known whether an event had happened, nobody knows which values to judge.
        source[yes], source[unknown] = last_before[yes], -1
    return Intercurrent(strategy, happened, first, table, source, broken)


def read_with_events(
    visits: pd.DataFrame,
    components: Collection[str] = COMPONENTS,
    event_columns: Sequence[str] = EVENTS,
    score: str = "sledai",
    *,
    events: str = "composite",
    steroids: str | SteroidRule | None = "auto",
) -> tuple[pd.DataFrame, Intercurrent]:
    """Check a visit table and handle its intercurrent events.

    Parameters
    ----------
    visits, components, event_columns, score
        As for ``read_visits``.
    events : str
        Key of ``EVENT_STRATEGIES``.
    steroids : str, SteroidRule or None
        The rule on steroids; see :func:`lupus_kit.endpoints.sri`.

    Returns
    -------
    table : pandas.DataFrame
        As ``read_visits`` makes it, with the values that the strategy judges; each event tells whether it had happened
        by the visit, and ``steroids`` (where there is a rule) whether that is broken and no other event explains it.
    found : Intercurrent
        The events.
    """
    require_strategy(events)
    if isinstance(event_columns, str):
        raise InputError(f"event_columns is {event_columns!r}: give a list of names, such as [{event_columns!r}].")
    rule = steroid_rule(steroids, visits)
    added = [name for name in rule.additions if name in visits.columns] if rule else []
    doses = [DOSE] if rule and rule.reads_dose else []
    table = read_visits(visits, components, list(dict.fromkeys([*event_columns, *added])), score, doses)
    values = [name for name in table if name not in (*KEYS, "arm", "made")]
    recorded = table[values].notna().any(axis=1).to_numpy()
    flags = table[[name for name in event_columns if name in table]]
    broken = broken_rule(table, rule, recorded) if rule else None
    found = handle(table, flags, recorded, events, broken)
    if found.moved.any():
        judged = table[["made", *(name for name in values if name in ("sledai", "pga", *GRADE_LIST))]]
        judged = judged.reindex(found.source).reset_index(drop=True)
        table = table.assign(**judged.assign(made=judged["made"].fillna(False).astype(bool)))
    return table.assign(**found.happened), found
