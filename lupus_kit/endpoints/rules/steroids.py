"""Rules on steroids as data: how much prednisone a responder may take, when, and which medicines must not be added.

The rules of published trials stand in ``steroids.toml``; :func:`broken_rule` applies one to every visit.
"""

from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, is_number, require_choice, unknown_name
from lupus_kit.core.templates import toml_beside
from lupus_kit.endpoints.rules.reasons import phrases

#: The column of the dose, mg of prednisone a day.
DOSE = "prednisone_mg_day"

#: Yes/no columns of events that the flare index asks for, a row each: clause (of the flare index), column, words (what it
#: records), added (the same in a sentence, where it is a treatment that a rule on steroids may name).
FLARE_EVENTS: pd.DataFrame = pd.read_csv(Path(__file__).with_name("flare_events.csv"), index_col="column")

#: Columns of added treatment that clauses may name, with words.
ADDITIONS: dict[str, str] = FLARE_EVENTS["added"].dropna().to_dict()


@dataclass(frozen=True)
class SteroidClause:
    """One limit, at the visits after baseline that it looks at.

    Attributes
    ----------
    first_week : float
        Earlier visits are free.
    weeks_before : float, optional
        Only visits at most so many weeks before the assessment count; 0 is the assessment alone, and without a number
        every visit counts.
    ceiling_mg_day : float, optional
        The largest dose.
    below_ceiling : bool
        Whether the dose must stay below the ceiling, instead of at most on it.
    above_baseline_mg_day, above_baseline_percent : float, optional
        How far the dose may be above that of baseline; the larger of the two where both are given.
    no_rise : bool
        Whether a dose above that of the visit before breaks the clause, both at visits that count.
    baseline_at_least_mg_day : float
        The clause asks only patients who start from this dose or more.
    additions : tuple of str
        Keys of ``ADDITIONS``: a yes breaks the clause. Columns that a table does not have are not asked for.

    Examples
    --------
    >>> from lupus_kit import endpoints
    >>> rules = endpoints.STEROID_RULES
    >>> sorted(rules)[:3]
    ['address_ii', 'bliss', 'illuminate_1']
    """

    first_week: float = 0
    weeks_before: float | None = None
    ceiling_mg_day: float | None = None
    below_ceiling: bool = False
    above_baseline_mg_day: float | None = None
    above_baseline_percent: float | None = None
    no_rise: bool = False
    baseline_at_least_mg_day: float = 0
    additions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        limits = (self.ceiling_mg_day, self.above_baseline_mg_day, self.above_baseline_percent)
        numbers = (self.first_week, self.weeks_before, self.baseline_at_least_mg_day, *limits)
        for value in numbers:
            if value is not None and not (is_number(value) and value >= 0):
                raise InputError(f"{value!r} in a steroid clause: weeks, doses and percentages are numbers from 0.")
        for name in self.additions:
            require_choice("added medicine", name, ADDITIONS)
        if not self.additions and not self.no_rise and limits == (None, None, None):
            raise InputError("a steroid clause without a limit: give ceiling_mg_day, above_baseline_mg_day, "
                             "above_baseline_percent, no_rise or additions.")  # fmt: skip


@dataclass(frozen=True)
class SteroidRule:
    """A rule on steroids: broken at an assessment as soon as one clause is.

    Attributes
    ----------
    label : str
        The rule in words.
    clauses : tuple of SteroidClause
        Its limits.
    source : str
        Where it comes from.
    checked : str
        What of it was read where.
    unknown_dose_passes : bool
        Whether a dose that is not recorded is not judged, instead of leaving the answer open.
    visit_within_days : int, optional
        How near to the planned day the visit of the endpoint had to be; not judged here, because visits are planned
        visits by then (see ``read_visit_file``).

    Examples
    --------
    >>> rule = SteroidRule("at most 5 mg a day at the assessment", (SteroidClause(weeks_before=0, ceiling_mg_day=5),))
    >>> rule.reads_dose
    True
    >>> from lupus_kit import endpoints
    >>> rule = endpoints.STEROID_RULES["bliss"]
    >>> rule.additions
    ['added_hydroxychloroquine', 'new_azathioprine', 'new_methotrexate', 'new_mycophenolate', 'new_cyclophosphamide']
    """

    label: str
    clauses: tuple[SteroidClause, ...]
    source: str = ""
    checked: str = ""
    unknown_dose_passes: bool = False
    visit_within_days: int | None = None

    def __post_init__(self) -> None:
        if not self.clauses or not all(isinstance(clause, SteroidClause) for clause in self.clauses):
            raise InputError(f"clauses is {self.clauses!r}: give one SteroidClause or more, in a tuple.")

    @property
    def reads_dose(self) -> bool:
        """Whether a clause asks for the dose."""
        return any(not clause.additions for clause in self.clauses)

    @property
    def additions(self) -> list[str]:
        """Columns of added treatment that a clause asks for."""
        return list(dict.fromkeys(name for clause in self.clauses for name in clause.additions))


def _shipped() -> dict[str, SteroidRule]:
    tables: dict[str, dict[str, Any]] = toml_beside(__file__, "steroids.toml")
    for table in tables.values():
        clauses = [clause | {"additions": tuple(clause.get("additions", ()))} for clause in table["clauses"]]
        table["clauses"] = tuple(SteroidClause(**clause) for clause in clauses)
    return {key: SteroidRule(**table) for key, table in tables.items()}


#: The rules that are shipped, by key.
STEROID_RULES: dict[str, SteroidRule] = _shipped()

#: What is judged where nobody says anything: the least rule, and only doses that are recorded.
_USUAL = SteroidRule(STEROID_RULES["no_rise"].label, STEROID_RULES["no_rise"].clauses, unknown_dose_passes=True)


def steroid_rule(asked: object, visits: pd.DataFrame) -> SteroidRule | None:
    """Return the rule that is asked for; ``"auto"`` is the least rule where the table has doses, else none."""
    if isinstance(asked, SteroidRule):
        return asked
    if asked is None or asked == "none":
        return None
    if asked == "auto":
        return _USUAL if isinstance(visits, pd.DataFrame) and DOSE in visits.columns else None
    if not isinstance(asked, str) or asked not in STEROID_RULES:
        raise unknown_name("steroid rule", asked, ["auto", "none", *STEROID_RULES])
    return STEROID_RULES[asked]


@dataclass(frozen=True)
class BrokenRule:
    """Where a steroid rule is broken, one entry a row of the table.

    Attributes
    ----------
    answer : pandas.Series of boolean
        Whether it is broken at this assessment; missing where a dose that counts is not recorded.
    row : numpy.ndarray of int
        The row of the visit that breaks it; -1 where there is none.
    limit : numpy.ndarray of float
        The largest dose allowed at that visit; NaN where an added medicine breaks the rule.
    """

    answer: pd.Series
    row: np.ndarray
    limit: np.ndarray


def broken_rule(table: pd.DataFrame, rule: SteroidRule, recorded: np.ndarray) -> BrokenRule:
    """Apply a steroid rule to a checked visit table.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``read_visits`` makes it, with the dose and the additions that are there.
    rule : SteroidRule
        What is allowed.
    recorded : numpy.ndarray of bool
        Rows in which something is recorded: a visit that was not made breaks nothing and leaves nothing open.

    Returns
    -------
    BrokenRule
        For every visit.
    """
    weeks = np.unique(table["week"].to_numpy(dtype=float))
    shape = (len(table) // len(weeks), len(weeks))
    made, first_row = recorded.reshape(shape), np.arange(len(table)).reshape(shape)[:, :1]
    row, limit, unknown = np.full(shape, -1), np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    for clause in rule.clauses:
        over, open_, allowed = _additions(table, clause) if clause.additions else _doses(table, clause, weeks)
        over, open_, allowed = (part.reshape(shape) for part in (over, open_, allowed))
        open_ = open_ & made & (not rule.unknown_dose_passes)
        for now, week in enumerate(weeks):
            counted = (weeks > 0) & (weeks >= clause.first_week) & (weeks <= week)
            if clause.weeks_before is not None:
                counted &= np.round(week - weeks, 9) <= clause.weeks_before
            if counted.any():
                at = np.where(over[:, counted], np.flatnonzero(counted), -1).max(axis=1)  # the last that breaks it
                new = (at >= 0) & (row[:, now] < 0)
                row[new, now], limit[new, now] = (first_row[:, 0] + at)[new], allowed[new, at[new]]
                unknown[:, now] |= open_[:, counted].any(axis=1)
    broken = row >= 0
    answer = pd.Series(pd.arrays.BooleanArray(broken.ravel(), (unknown & ~broken).ravel()))
    return BrokenRule(answer, row.ravel(), limit.ravel())


def _doses(table: pd.DataFrame, clause: SteroidClause, weeks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where a dose is over its limit, where that is open, and the limit; shape (patients, visits)."""
    dose = table[DOSE].to_numpy(dtype=float, na_value=np.nan).reshape(-1, len(weeks))
    ceiling = np.inf if clause.ceiling_mg_day is None else float(clause.ceiling_mg_day)
    start, limit = dose[:, :1], np.full(dose.shape, ceiling)
    mg, percent = clause.above_baseline_mg_day, clause.above_baseline_percent
    if mg is not None or percent is not None:
        limit = np.minimum(limit, np.round(np.maximum(start + (mg or 0), start * (1 + (percent or 0) / 100)), 9))
    if clause.no_rise:
        counted = pd.DataFrame(np.where((weeks > 0) & (weeks >= clause.first_week), dose, np.nan))
        limit = np.fmin(limit, counted.ffill(axis=1).shift(axis=1).to_numpy())
    over = (dose > limit) | (dose > ceiling) | ((dose == ceiling) & clause.below_ceiling)
    least = clause.baseline_at_least_mg_day
    asked = (start >= least) | (least == 0)
    unsure = np.isnan(start) & (least > 0) & ~(dose <= limit)
    return over & asked, (np.isnan(dose + limit) & ~over & asked) | unsure, np.fmin(limit, ceiling)


def _additions(table: pd.DataFrame, clause: SteroidClause) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where something was added, and where that is not recorded."""
    given = table[[name for name in clause.additions if name in table]].astype("boolean")
    added = given.any(axis=1).to_numpy(dtype=bool)
    return added, given.isna().any(axis=1).to_numpy() & ~added, np.full(len(table), np.nan)


def broken_words(table: pd.DataFrame, broken: BrokenRule) -> np.ndarray:
    """Say, where the rule is broken, what was taken and when; empty elsewhere."""
    words = np.full(len(table), "", dtype=object)
    here = np.flatnonzero(broken.row >= 0)
    there = table.iloc[broken.row[here]]
    added = [name for name in ADDITIONS if name in table]

    def say(visit: object, dose: float, limit: float, flags: tuple[bool, ...]) -> str:
        if limit < 0:
            return f"{' and '.join(ADDITIONS[name] for name in compress(added, flags))} at {visit}"
        must = "it must be below" if dose <= limit else "the limit is"
        return f"prednisone was {dose:g} mg a day at {visit} ({must} {limit:g})"

    dose = there[DOSE].to_numpy(dtype=float, na_value=-1) if DOSE in there else np.zeros(len(here))
    flags = there[added].to_numpy(dtype=bool, na_value=False)
    words[here] = phrases(say, there["visit"], dose, np.nan_to_num(broken.limit[here], nan=-1), flags)
    return words
