"""What the rules on single visits share: sorted rows, the visit before, the verdict on a state and its reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, refuse_slips, require_columns, require_frame
from lupus_kit.endpoints.nullable import any_of, known_true, rounded, yes_no
from lupus_kit.endpoints.pga import pga_text
from lupus_kit.endpoints.rules.intercurrent import Intercurrent, handle, open_words, require_strategy
from lupus_kit.endpoints.rules.reasons import phrases, sentences
from lupus_kit.endpoints.rules.steroids import DOSE
from lupus_kit.endpoints.visits.keys import KEYS, plain_keys, read_arms, read_keys
from lupus_kit.endpoints.visits.visit_table import EVENTS

#: Ways to count an answer that missing data leave open.
MISSING = ("nonresponder", "observed")


@dataclass(frozen=True)
class VisitRows:
    """The rows of a visit table in order of patient and week.

    Attributes
    ----------
    table : pandas.DataFrame
        The columns asked for, sorted; the index is still the caller's, so that messages name the caller's rows.
    position : numpy.ndarray
        Where each sorted row stood in the caller's table.
    patient, week : numpy.ndarray
        Patient codes and weeks, one per sorted row.
    """

    table: pd.DataFrame
    position: np.ndarray
    patient: np.ndarray
    week: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """For each row, the first row of the same patient."""
        first: np.ndarray = np.flatnonzero(np.diff(self.patient, prepend=-1))[self.patient]
        return first

    def visit_before(self, recorded: pd.Series) -> pd.Series:
        """For each row, the number of the last earlier row of the same patient where `recorded` is true; else missing."""
        number = pd.Series(np.arange(len(recorded))).where(recorded)
        return number.groupby(self.patient).ffill().groupby(self.patient).shift()

    def keys(self) -> dict[str, object]:
        """Return the leading columns of a result: patient, visit, week and, if given, arm."""
        whole = bool((self.week == np.rint(self.week)).all())
        columns: dict[str, object] = {name: self.table[name].array for name in (*KEYS, "arm") if name in self.table}
        return columns | {"week": self.week.astype(np.int64) if whole else self.week}


def read_rows(visits: pd.DataFrame, needed: Sequence[str], optional: Sequence[str] = ()) -> VisitRows:
    """Check the keys of a tidy visit table and sort it by patient and week."""
    require_frame(visits, "visits")
    extra = [name for name in (*optional, "arm") if name in visits.columns]
    require_columns(visits, [*KEYS, *needed, *extra], "visits")
    refuse_slips(visits, [*KEYS, *needed, *optional, "arm"], "visits")
    visits = plain_keys(visits)
    keys = read_keys(visits, BadCells("the visit table"))
    read_arms(visits, keys)
    order = np.lexsort((keys.week, keys.patient))
    table = visits[[*KEYS, *needed, *extra]].iloc[order]
    return VisitRows(table, order, keys.patient[order], keys.weeks[keys.week[order]])


def words_where(
    applies: pd.Series | np.ndarray, make: str | Callable[..., str], *columns: pd.Series | np.ndarray
) -> np.ndarray:
    """Write, in the rows where they apply, the same words or those made of the columns; empty elsewhere."""
    here = applies.to_numpy(dtype=bool, na_value=False) if isinstance(applies, pd.Series) else applies
    words = np.full(len(here), "", dtype=object)
    words[here] = make if isinstance(make, str) else phrases(make, *(column[here] for column in columns))
    return words


def joined(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Join, row by row, the phrases that are not empty."""
    return np.array(["; ".join(filter(None, row)) for row in zip(*columns, strict=True)], dtype=object)


def names_of(opening: str, present: pd.DataFrame) -> np.ndarray:
    """Write, row by row, `opening` and the names of what is present; empty where nothing is."""
    words = np.full(len(present), "", dtype=object)
    for name in present:
        words[known_true(present[name])] += f"{name}, "
    some = words != ""
    words[some] = [opening + listed.removesuffix(", ") for listed in words[some]]
    return words


@dataclass(frozen=True)
class Clause:
    """Whether a clause of a state holds, and in words why it fails and what it lacks; empty where it does not."""

    holds: pd.Series
    failed: np.ndarray
    unknown: np.ndarray

    def at(self, source: np.ndarray) -> "Clause":
        """Take the clause of other rows; -1 is a row of which nothing is known."""
        failed, unknown = (np.where(source < 0, "", words[source]) for words in (self.failed, self.unknown))
        return Clause(self.holds.reindex(source).reset_index(drop=True), failed, unknown)


@dataclass(frozen=True)
class State:
    """What a state of low activity reads: the rows, the yes/no columns that are there, PGA, dose, and the events."""

    rows: VisitRows
    recorded: pd.DataFrame
    pga: pd.Series
    dose: pd.Series
    events: Intercurrent


def read_state(visits: pd.DataFrame, needed: Sequence[str], optional: Sequence[str], events: str) -> State:
    """Read what a state asks for; the columns of intercurrent events are those of ``sri`` and may be absent."""
    require_strategy(events)
    rows = read_rows(visits, [*needed, "pga", DOSE], [*optional, *EVENTS])
    problems = BadCells("the visit table")
    now = {name: yes_no(rows.table, name, problems) for name in needed}
    pga = rounded(rows.table, "pga", problems, 0, 3)
    dose = rounded(rows.table, DOSE, problems, 0, 5000)
    now |= {name: yes_no(rows.table, name, problems) for name in optional if name in rows.table}
    flags = pd.DataFrame(
        {name: yes_no(rows.table, name, problems) for name in EVENTS if name in rows.table}, index=range(len(pga))
    )
    problems.raise_if_any()
    values = pd.DataFrame(now)
    recorded = values.notna().any(axis=1) | pga.notna() | dose.notna() | flags.notna().any(axis=1)
    found = handle(rows.table.reset_index(drop=True), flags, rows.week, rows.starts, recorded.to_numpy(), events)
    return State(rows, values, pga, dose, found)


def limit_clause(holds: pd.Series, value: pd.Series, failed: str, unknown: str) -> Clause:
    """Judge one recorded value; in the words for a failure it stands at the braces, a PGA with all its decimals."""
    shown = words_where(~holds, lambda x: pga_text(x), value) if "PGA" in failed else value
    return Clause(holds, words_where(~holds, failed.format, shown), words_where(value.isna(), unknown))


def none_of(failed: str, present: pd.DataFrame, unknown: str, not_known: pd.DataFrame) -> Clause:
    """Ask that nothing is present; the words are followed by the names of what is, and of what is not known."""
    nothing = ~any_of(present[name] for name in present)
    return Clause(nothing, names_of(failed, present), names_of(unknown, not_known))


def state_table(
    state: State, name: str, values: Mapping[str, pd.Series], clauses: Mapping[str, Clause], missing: str,
    column: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Lay out a state: keys, values, clauses, events, verdict (in `column`, or called as the state), and the reason."""
    events, moved = state.events, state.events.moved_words()
    clauses, values = dict(clauses), dict(values)
    if events.clauses:
        happened = any_of(events.happened[event] for event in events.clauses)
        said = [events.words(event) for event in events.clauses]
        not_told = [words_where(events.happened[event].isna(), open_words(event)) for event in events.clauses]
        clauses["event_clause"] = Clause(~happened, joined(said), joined(not_told))
    elif events.moved.any():  # the state at another visit, or none
        clauses = {column: clause.at(events.source) for column, clause in clauses.items()}
        values = {column: value.reindex(events.source).reset_index(drop=True) for column, value in values.items()}
    holds = {column: clause.holds for column, clause in clauses.items()}
    answer = reduce(and_, holds.values())
    is_open = answer.isna().to_numpy()
    counted_as_no = missing == "nonresponder"

    def opening(verdict: object) -> str:
        if verdict is pd.NA:
            return f"Not in {name}: " if counted_as_no else "Undecided: "
        return f"In {name}: every clause is met" if verdict else f"Not in {name}: "

    def ending(verdict: object) -> str:
        if verdict is pd.NA:
            return ", counted as no." if counted_as_no else ", so the answer is open."
        return "."

    failed = [clause.failed for clause in clauses.values()]
    unknown = [np.where(is_open, clause.unknown, "") for clause in clauses.values()]
    separator = np.where((moved != "") & known_true(answer), "; ", "")  # an opening that is a whole sentence
    reasons = sentences(phrases(opening, answer), [*failed, *unknown, separator + moved], phrases(ending, answer))
    verdict = {
        column or name.lower(): answer.fillna(False) if counted_as_no else answer,
        "imputed": is_open & counted_as_no,
    }
    after = {} if events.clauses else events.columns(events.happened)
    return pd.DataFrame({**state.rows.keys(), **values, **holds, **after, **verdict, "reason": reasons})
