"""What the rules on single visits share: sorted rows, the visit before, the verdict on a state and its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, refuse_slips, require_columns, require_frame
from lupus_kit.core.errors import require_choice
from lupus_kit.endpoints.nullable import any_of, known_true, rounded, yes_no
from lupus_kit.endpoints.pga import pga_text
from lupus_kit.endpoints.rules.intercurrent import Intercurrent, handle, open_words, require_strategy
from lupus_kit.endpoints.rules.reasons import joined, names_of, sentences, words_where
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
        return np.flatnonzero(np.diff(self.patient, prepend=-1)).take(self.patient)

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
    week = keys.weeks[keys.week[order]]
    table = visits[[*KEYS, *needed, *extra]].iloc[order].assign(week=week)
    return VisitRows(table, order, keys.patient[order], week)


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


def read_state(
    visits: pd.DataFrame, needed: Sequence[str], optional: Sequence[str], events: str, missing: str
) -> State:
    """Read what a state asks for; the columns of intercurrent events are those of ``sri`` and may be absent."""
    require_strategy(events)
    require_choice("way to handle missing data", missing, MISSING)
    rows = read_rows(visits, [*needed, "pga", DOSE], [*optional, *EVENTS])
    problems = BadCells("the visit table")
    now = {name: yes_no(rows.table, name, problems) for name in needed}
    pga = rounded(rows.table, "pga", problems, 0, 3)
    dose = rounded(rows.table, DOSE, problems, 0, 5000)
    now |= {name: yes_no(rows.table, name, problems) for name in optional if name in rows.table}
    happened = {name: yes_no(rows.table, name, problems) for name in EVENTS if name in rows.table}
    flags = pd.DataFrame(happened, index=range(len(pga)))
    problems.raise_if_any()
    values = pd.DataFrame(now)
    recorded = values.notna().any(axis=1) | pga.notna() | dose.notna() | flags.notna().any(axis=1)
    found = handle(rows.table.reset_index(drop=True), flags, recorded.to_numpy(), events)
    return State(rows, values, pga, dose, found)


def limit_clause(holds: pd.Series, value: pd.Series, failed: str, unknown: str) -> Clause:
    """Judge one recorded value; in the words for a failure it stands at the braces, a PGA with all its decimals."""
    shown = words_where(~holds, lambda x: pga_text(x), value) if "PGA" in failed else value
    return Clause(holds, words_where(~holds, failed.format, shown), words_where(value.isna(), unknown))


def treatment_clauses(
    state: State, low_pga: pd.Series, low_dose: pd.Series, asked: tuple[str, str], maintenance: tuple[str, str, str]
) -> dict[str, Clause]:
    """Judge PGA and dose, and maintenance treatment where its column is there.

    `asked` says in words what PGA and dose must be; `maintenance` is the column, what is wrong where it says no, and what
    is not recorded where it is empty.
    """
    pga, dose = (f"(it must be {words})" for words in asked)
    column, failed, unknown = maintenance
    too_much, no_dose = f"prednisolone is {{:g}} mg a day {dose}", "the prednisolone dose is missing"
    clauses = {
        "pga_clause": limit_clause(low_pga, state.pga, f"PGA is {{}} {pga}", "PGA is missing"),
        "prednisone_clause": limit_clause(low_dose, state.dose, too_much, no_dose),
    }
    if column in state.recorded:
        kept, treatment = state.recorded[column], "maintenance treatment is"
        said = f"{treatment} not {failed}", f"it is not recorded whether {treatment} {unknown}"
        clauses["maintenance_clause"] = limit_clause(kept, kept, *said)
    return clauses


def none_of(failed: str, present: pd.DataFrame, unknown: str, not_known: pd.DataFrame) -> Clause:
    """Ask that nothing is present; the words are followed by the names of what is, and of what is not known."""
    nothing = ~any_of(present[name] for name in present)
    return Clause(nothing, names_of(failed, present), names_of(unknown, not_known))


def pga_and_dose(state: State) -> dict[str, pd.Series]:
    """Return PGA and dose as they are shown beside the clauses."""
    return {"pga": state.pga.astype(float), DOSE: state.dose.astype(float)}


def state_table(
    state: State, name: str, values: Mapping[str, pd.Series], clauses: Mapping[str, Clause], missing: str,
    column: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Lay out a state: keys, values, clauses, events, verdict (in `column`, or called as the state), and the reason."""
    events, moved = state.events, state.events.moved_words()
    clauses, values = dict(clauses), dict(values)
    if events.clauses:
        happened = any_of(events.happened[event] for event in events.clauses)
        not_told = [words_where(events.happened[event].isna(), open_words(event)) for event in events.clauses]
        said = joined(*map(events.words, events.clauses)), joined(*not_told)
        clauses["event_clause"] = Clause(~happened, *said)
    elif events.moved.any():  # the state at another visit, or none
        clauses = {column: clause.at(events.source) for column, clause in clauses.items()}
        values = {column: value.reindex(events.source).reset_index(drop=True) for column, value in values.items()}
    holds = {column: clause.holds for column, clause in clauses.items()}
    answer = reduce(and_, holds.values())
    is_open = answer.isna().to_numpy()
    counted_as_no = missing == "nonresponder"
    shown = answer.fillna(False) if counted_as_no else answer
    openings = {True: f"In {name}: every clause is met", False: f"Not in {name}: ", pd.NA: "Undecided: "}
    ending = np.where(is_open, ", counted as no." if counted_as_no else ", so the answer is open.", ".")
    failed = [clause.failed for clause in clauses.values()]
    unknown = [np.where(is_open, clause.unknown, "") for clause in clauses.values()]
    separator = np.where((moved != "") & known_true(answer), "; ", "")  # an opening that is a whole sentence
    reasons = sentences(map(openings.__getitem__, shown), [*failed, *unknown, separator + moved], ending)
    verdict = {column or name.lower(): shown, "imputed": is_open & counted_as_no}
    after = {} if events.clauses else events.columns(events.happened)
    return pd.DataFrame({**state.rows.keys(), **values, **holds, **after, **verdict, "reason": reasons})
