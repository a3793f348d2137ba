"""SRI-n: the composite response of SLEDAI, BILAG and PGA, with the reason for every patient.

The definition is in three short functions: :func:`sri_changes` compares each visit with baseline, :func:`sri_clauses`
asks what the definition asks, and :func:`sri_reasons` says it in words. Yes, no and missing follow pandas' nullable
booleans: ``False & missing`` is false, ``True & missing`` is missing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, is_whole, require_choice, require_switch
from lupus_kit.endpoints.bilag.grades import BILAG_SYSTEMS, newly_a, newly_b
from lupus_kit.endpoints.nullable import all_of
from lupus_kit.endpoints.pga import PGA_UNITS, pga_text
from lupus_kit.endpoints.rules.intercurrent import Intercurrent, open_words, read_with_events, require_strategy
from lupus_kit.endpoints.rules.reasons import phrases, sentences, words_where
from lupus_kit.endpoints.rules.steroids import SteroidRule
from lupus_kit.endpoints.visits.keys import KEYS
from lupus_kit.endpoints.visits.visit_table import COMPONENTS, EVENTS, GRADE_LIST, carried_forward, with_baseline

#: A PGA rise of this many hundredths or more is worsening; the same in units of ``PGA_UNITS``.
PGA_LIMIT_HUNDREDTHS = 30
PGA_LIMIT = PGA_LIMIT_HUNDREDTHS * PGA_UNITS // 100

#: Two or more organ systems newly B fail the BILAG clause.
NEW_B_LIMIT = 2

#: Ways to count an answer that missing data leave open.
MISSING = ("nonresponder", "observed", "locf", "worst", "best")


_Flags = tuple[bool, ...]
_OPENINGS = {True: "Responder: ", False: "Not a responder: ", pd.NA: "Undecided: "}


@dataclass(frozen=True)
class SriOptions:
    """What the rule asks for; the fields are the parameters of :func:`sri`."""

    points: int = 4
    b_to_a_is_new: bool = True
    components: Collection[str] = COMPONENTS
    event_columns: Sequence[str] = EVENTS
    score: str = "sledai"
    events: str = "composite"
    steroids: str | SteroidRule | None = "auto"

    def __post_init__(self) -> None:
        points, components = self.points, self.components
        if not is_whole(points, 4) or points > 8:
            raise InputError(f"points is {points!r}: SRI-n is defined for whole numbers n from 4 to 8.")
        if isinstance(components, str):
            raise InputError(f"components is {components!r}: give a collection such as ('sledai', 'pga').")
        for name in components:
            require_choice("component", name, COMPONENTS)
        if "sledai" not in components:
            raise InputError("components lacks 'sledai': every SRI asks for a fall of it.")
        require_switch("b_to_a_is_new", self.b_to_a_is_new)
        require_strategy(self.events)

    def read(self, visits: pd.DataFrame) -> tuple[pd.DataFrame, Intercurrent]:
        """Return the checked visit table with its events handled, and the events."""
        return read_with_events(
            visits, self.components, self.event_columns, self.score, events=self.events, steroids=self.steroids
        )


def sri_changes(baseline: pd.DataFrame, visit: pd.DataFrame, b_to_a_is_new: bool = True) -> pd.DataFrame:
    """Compare visits with baseline, row by row.

    Parameters
    ----------
    baseline, visit : pandas.DataFrame
        Rows of a checked visit table, as ``with_baseline`` pairs them. PGA is in whole units of ``PGA_UNITS``.
    b_to_a_is_new : bool
        Whether a system that goes from B to A counts as a new A.

    Returns
    -------
    pandas.DataFrame
        ``sledai_baseline``, ``sledai_drop``; where there are grades ``new_a`` and ``new_b`` (systems on record as
        newly A and newly B) and ``grades_known`` (true, or missing where one of the eighteen grades is); where there is
        PGA ``pga_rise``.
    """
    change = {"sledai_baseline": baseline["sledai"], "sledai_drop": baseline["sledai"] - visit["sledai"]}
    if GRADE_LIST[0] in visit:
        before, now = baseline[GRADE_LIST].to_numpy(), visit[GRADE_LIST].to_numpy()
        change["new_a"] = newly_a(before, now, b_to_a_is_new).sum(axis=1)
        change["new_b"] = newly_b(before, now).sum(axis=1)
        unknown = np.isnan(before + now).any(axis=1)
        change["grades_known"] = pd.arrays.BooleanArray(~unknown, unknown)
    if "pga" in visit:
        change["pga_rise"] = visit["pga"] - baseline["pga"]
    return pd.DataFrame(change, index=visit.index)


def sri_clauses(change: pd.DataFrame, points: int = 4, events: Sequence[str] = ()) -> pd.DataFrame:
    """Ask each clause of SRI-n; a patient responds where all of them hold.

    Parameters
    ----------
    change : pandas.DataFrame
        As :func:`sri_changes` makes it, with a yes/no column for each event.
    points : int
        The drop in SLEDAI that is asked for.
    events : sequence of str
        Events that count as non-response.

    Returns
    -------
    pandas.DataFrame
        Nullable booleans: ``sledai_clause``, ``bilag_clause`` and ``pga_clause`` where they are asked for, and
        ``no <event>`` for each event.

    References
    ----------
    Furie RA, et al. Arthritis Rheum 2009;61:1143-1151.
    """
    clauses: dict[str, pd.Series] = {}
    clauses["sledai_clause"] = (change["sledai_baseline"] >= points) & (change["sledai_drop"] >= points)
    if "new_a" in change:
        clauses["bilag_clause"] = (change["new_a"] == 0) & (change["new_b"] < NEW_B_LIMIT) & change["grades_known"]
    if "pga_rise" in change:
        clauses["pga_clause"] = change["pga_rise"] < PGA_LIMIT
    for event in events:
        clauses[f"no {event}"] = ~change[event]
    return pd.DataFrame(clauses, index=change.index)


@dataclass(frozen=True)
class SriEvaluation:
    """The rule applied to a visit table: one row per patient and post-baseline visit in each field.

    Attributes
    ----------
    baseline, visit : pandas.DataFrame
        The rows compared.
    change, clauses : pandas.DataFrame
        As :func:`sri_changes` and :func:`sri_clauses` make them.
    answer : pandas.Series
        Whether every clause holds; missing where that is open.
    events : Intercurrent
        The events of the whole table.
    """

    baseline: pd.DataFrame
    visit: pd.DataFrame
    change: pd.DataFrame
    clauses: pd.DataFrame
    answer: pd.Series
    events: Intercurrent


def evaluate_sri(table: pd.DataFrame, options: SriOptions, events: Intercurrent) -> SriEvaluation:
    """Apply the rule to a checked visit table."""
    baseline, visit = with_baseline(table)
    change = sri_changes(baseline, visit, options.b_to_a_is_new)
    clauses = sri_clauses(change.assign(**{n: visit[n] for n in events.clauses}), options.points, events.clauses)
    return SriEvaluation(baseline, visit, change, clauses, all_of(clauses[name] for name in clauses), events)


def sri_reasons(found: SriEvaluation, options: SriOptions, shown: pd.Series, carried: pd.Series) -> list[str]:
    """Write one sentence per row.

    A "yes" and a "no" name the clauses that made it; an open answer names what is missing.

    Parameters
    ----------
    found, options : SriEvaluation, SriOptions
        What the rule found, and what it asked for.
    shown : pandas.Series
        How the answer is counted; missing where an open answer stays open.
    carried : pandas.Series of bool
        Where values carried forward made the answer.

    Returns
    -------
    list of str
        Sentences.
    """
    baseline, visit, change, clauses, answer = found.baseline, found.visit, found.change, found.clauses, found.answer
    points, is_open = options.points, answer.isna()
    open_though_made = (is_open & baseline["made"] & visit["made"]).to_numpy()
    later = (found.events.table["week"] > 0).to_numpy()
    moved = found.events.moved_words()[later]

    def sledai(clause: object, before: float, drop: float) -> str:
        if clause is pd.NA:
            return "SLEDAI is missing" + " at baseline" * bool(pd.isna(before))
        if not clause and before < points:
            return f"SLEDAI was {before:g} at baseline, so it cannot fall by {points}"
        change = "did not change" if drop == 0 else f"{'fell' if drop > 0 else 'rose'} by {abs(drop):g}"
        return f"SLEDAI {change}" + ("" if clause else f" (it must fall by {points} or more)")

    def bilag(clause: object, new_a: _Flags, new_b: _Flags, missing: _Flags, at_baseline: _Flags) -> str:
        if clause is pd.NA:
            when = " at baseline" * (missing == at_baseline)
            return f"BILAG grade missing{when} ({', '.join(compress(BILAG_SYSTEMS, missing))})"
        a, b = ([*compress(BILAG_SYSTEMS, new)] for new in (new_a, new_b))
        if not clause and len(b) < NEW_B_LIMIT:
            b = []  # one new B alone is no reason for a "no"
        parts = [f"new BILAG {grade} in {', '.join(systems)}" for grade, systems in (("A", a), ("B", b)) if systems]
        return " and ".join(parts) or "no new BILAG A or B"

    def pga(clause: object, rise: int, at_baseline: bool) -> str:
        if clause is pd.NA:
            return "PGA is missing" + " at baseline" * at_baseline
        if rise == 0:
            return "PGA did not change"
        change = f"PGA {'rose' if rise > 0 else 'fell'} by {pga_text(abs(rise) / PGA_UNITS)}"
        return change if clause else f"{change} (it must rise by less than 0.30)"

    def event(name: str, clause: object, happened: str) -> str:
        return open_words(name) if clause is pd.NA else "" if clause else happened

    def part(name: str, words: Callable[..., str], *columns: pd.Series | np.ndarray) -> np.ndarray:
        """Mention a clause where it says what the answer says."""
        clause = clauses[name].array
        agrees = (clause == answer.array) | (clause.isna() & open_though_made)
        return words_where(agrees, words, clause, *columns)

    parts = [
        words_where(is_open & ~baseline["made"], "the baseline visit is missing"),
        words_where(is_open & ~visit["made"] & (moved == ""), "the visit is missing"),
    ]
    parts.append(part("sledai_clause", sledai, change["sledai_baseline"], change["sledai_drop"]))
    if "bilag_clause" in clauses:
        before, now = baseline[GRADE_LIST].to_numpy(), visit[GRADE_LIST].to_numpy()
        new_a, new_b = newly_a(before, now, options.b_to_a_is_new), newly_b(before, now)
        parts.append(part("bilag_clause", bilag, new_a, new_b, np.isnan(before + now), np.isnan(before)))
    if "pga_clause" in clauses:
        parts.append(part("pga_clause", pga, change["pga_rise"], baseline["pga"].isna()))
    words = found.events.words
    parts += [part(f"no {name}", partial(event, name), words(name)[later]) for name in found.events.clauses]
    return sentences(map(_OPENINGS.__getitem__, shown), [*parts, moved], phrases(_ending, shown, is_open, carried))


def _ending(shown: object, was_open: bool, carried: bool) -> str:
    if not was_open:
        return ", with values carried forward." if carried else "."
    return ", so the answer is open." if shown is pd.NA else f", counted as {'response' if shown else 'non-response'}."


def sri(
    visits: pd.DataFrame,
    points: int = 4,
    *,
    b_to_a_is_new: bool = True,
    missing: str | Mapping[str, str] = "nonresponder",
    components: Collection[str] = COMPONENTS,
    events: str = "composite",
    event_columns: Sequence[str] = EVENTS,
    steroids: str | SteroidRule | None = "auto",
    score: str = "sledai",
    reasons: bool = True,
) -> pd.DataFrame:
    """Decide for every patient and post-baseline visit whether the SLE Responder Index is met, and say why.

    A patient responds when all of these hold against baseline: SLEDAI fell by at least `points`; no organ system
    is newly BILAG A and at most one is newly BILAG B; the physician's global assessment (PGA, 0 to 3) rose by
    less than 0.30; and no event such as rescue treatment was recorded by then, nor is the rule on steroids broken.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, in any order, with ``patient``, ``visit`` (name), ``week`` (0 is baseline),
        ``sledai`` (0-105), ``pga`` (0-3) and the nine ``bilag_<system>`` grades (A to E). Optional: ``arm``,
        the yes/no columns named in `event_columns`, ``prednisone_mg_day`` and what else a rule on steroids reads.
        Cells may be missing; other columns are ignored.
    points : int
        The drop in SLEDAI that is asked for, 4 to 8.
    b_to_a_is_new : bool
        Whether a system that goes from B to A counts as a new A.
    missing : {"nonresponder", "observed", "locf", "worst", "best"} or mapping of arm to one of these
        What to do where missing data leave the answer open. ``"nonresponder"`` and ``"worst"`` count the patient
        as non-responder, ``"best"`` as responder; ``"observed"`` leaves ``responder`` missing (``pd.NA``).
        ``"locf"`` first carries each missing value forward from the patient's last recorded one, baseline
        included, and counts what is still open as non-response. ``{"IL-2": "worst", "placebo": "best"}`` is the
        case that is worst for IL-2. For multiple imputation see ``impute_responders``.
    components : collection of str
        Clauses that are asked for: ``("sledai", "pga")`` is the modified SRI without BILAG. ``"sledai"`` is a must.
    events : {"composite", "while_on_treatment", "treatment_policy", "hypothetical"}
        The strategy of ICH E9(R1) for intercurrent events. ``"composite"``: non-response, from the visit at which an event
        is recorded on. ``"while_on_treatment"``: from then on, the last visit before it is judged.
        ``"treatment_policy"``: events are ignored; only here a visit after withdrawal counts as it was recorded.
        ``"hypothetical"``: what was recorded from then on is set missing, and `missing` says how it counts.
    event_columns : sequence of str
        Yes/no columns of these events. The three of the default may be absent from `visits`, any other must be there.
    steroids : str, SteroidRule or None
        The rule on steroids; a broken one is an intercurrent event at each assessment at which it is broken. ``"auto"``:
        where `visits` has ``prednisone_mg_day``, a recorded dose at the assessment above that of baseline breaks it, because
        all the trials of ``STEROID_RULES`` count it so. None or ``"none"``: doses are not judged. A key of ``STEROID_RULES``,
        such as ``"muse"``, or a rule of your own: a dose that counts and is not recorded leaves the answer open.
    score : str
        The column of the activity score; ``sri50`` uses it. A score other than ``"sledai"`` may hold half points.
    reasons : bool
        Whether to write the column ``reason``. Simulations that only count responders save its time and memory.

    Returns
    -------
    pandas.DataFrame
        One row per patient and post-baseline visit, sorted by patient and week; a visit without a row in `visits`
        is there too, as a missing visit. Columns: ``patient``, ``visit``, ``week``, ``arm`` (if given),
        ``sledai_baseline``, ``sledai``, ``sledai_drop``, ``sledai_clause``, ``new_a``, ``new_b``,
        ``bilag_clause``, ``pga_baseline``, ``pga``, ``pga_rise``, ``pga_clause``; under ``"composite"`` whether each
        event had happened by then, and ``steroids_over_limit`` (if there is a rule; true where it is broken and no
        other event explains it), under the other strategies ``after_event``; ``responder``, ``imputed`` (true where a
        way to handle missing data made the verdict), ``reason``. Clauses and ``responder`` are nullable booleans,
        counts nullable integers. A component that is not asked for has no columns. ``"locf"`` shows the values used.

    Raises
    ------
    InputError
        If columns are missing, cells are not allowed (all are listed with row, column and value), a patient has
        two rows for one visit or two arms, there is no baseline, or an option is unknown.

    See Also
    --------
    sri50, bicla, lldas, doris

    Notes
    -----
    Missing data follow three-valued logic. A clause fails as soon as the recorded values fail it, and passes only
    when all its values are recorded; one failed clause decides, whatever is missing elsewhere. A baseline SLEDAI
    below `points` fails at once: such a patient can never respond.

    PGA keeps its printed decimals and is compared exactly: a rise from 1.1 to 1.4 is 0.30 and fails, although ``1.4 - 1.1``
    is less than 0.3 in floating point; one from 1.10 to 1.396 is 0.296 and passes.

    An intercurrent event counts at every later visit, also one that was missed, and never at an earlier one. At week 0
    none counts: it is recorded for the time since the visit before, which is before treatment. An empty cell of a visit
    that was made leaves this and every later visit open until there is a yes; a missed visit leaves nothing open at
    later ones, which record the time since. Where it is open whether an event had happened, ``"while_on_treatment"``
    and ``"hypothetical"`` set the visit missing. The first SRI had no clause on doses: ``steroids=None`` is that reading.

    References
    ----------
    Furie RA, et al. Arthritis Rheum 2009;61:1143-1151. Modified SRI: Connelly K, et al. 2023. Events: ICH E9(R1), 2019.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import BILAG_SYSTEMS
    >>> visits = pd.DataFrame({"patient": ["Ann"] * 2, "visit": ["baseline", "week 12"], "week": [0, 12],
    ...                        "sledai": [12, 6], "pga": [1.1, 1.4]})
    >>> visits[[f"bilag_{s}" for s in BILAG_SYSTEMS]] = "D"
    >>> sri(visits)["reason"].item()
    'Not a responder: PGA rose by 0.30 (it must rise by less than 0.30).'
    """
    options = SriOptions(points, b_to_a_is_new, components, event_columns, score, events, steroids)
    require_switch("reasons", reasons)
    table, found_events = options.read(visits)
    way = _ways(missing, table)
    found = evaluate_sri(table, options, found_events)
    was_open = found.answer.isna()
    if (way == "locf").any():
        found = evaluate_sri(carried_forward(table, way == "locf"), options, found_events)
    visit, change, clauses, is_open = found.visit, found.change, found.clauses, found.answer.isna()
    way = way[table["week"] > 0].reset_index(drop=True)
    shown = found.answer.mask(is_open & (way != "observed"), way == "best")

    result = {name: visit[name] for name in (*KEYS, "arm") if name in visit}
    result |= {"sledai_baseline": change["sledai_baseline"], "sledai": visit["sledai"]}
    result |= {"sledai_drop": change["sledai_drop"], "sledai_clause": clauses["sledai_clause"]}
    if "bilag_clause" in clauses:
        known = change["grades_known"].fillna(False)
        result |= {name: change[name].astype("Int64").where(known) for name in ("new_a", "new_b")}
        result["bilag_clause"] = clauses["bilag_clause"]
    if "pga_clause" in clauses:
        units = {"pga_baseline": found.baseline["pga"], "pga": visit["pga"], "pga_rise": change["pga_rise"]}
        result |= {name: values.astype(float) / PGA_UNITS for name, values in units.items()}
        result["pga_clause"] = clauses["pga_clause"]
    result |= found_events.columns(visit)
    result |= {"responder": shown, "imputed": was_open & shown.notna()}
    if reasons:
        result["reason"] = sri_reasons(found, options, shown, was_open & ~is_open)
    return pd.DataFrame(result)


def _ways(missing: str | Mapping[str, str], table: pd.DataFrame) -> pd.Series:
    """Return, row by row, the way to handle missing data."""
    named = {"": missing} if isinstance(missing, str) or not isinstance(missing, Mapping) else missing
    for way in named.values():
        require_choice("way to handle missing data", way, MISSING)
    if not isinstance(missing, Mapping):
        return pd.Series(missing, index=table.index)
    if "arm" not in table:
        raise InputError(f"missing is {dict(missing)!r}, one way for each arm, but visits has no column 'arm'.")
    arm = table["arm"].astype(object).where(table["arm"].notna(), None).map(str)
    found = sorted(arm.unique())
    if set(found) != set(missing):
        raise InputError(f"missing names the arms {sorted(missing)}, the visits have {found}: name each arm once.")
    return arm.map(missing)
