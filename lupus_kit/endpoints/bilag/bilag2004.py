"""BILAG-2004: from the 97 recorded items to nine grades A to E, a number, and the items that caused each grade."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, numbers, raise_together, require_columns, require_frame
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.endpoints.bilag import systems
from lupus_kit.endpoints.bilag.grades import BILAG_CODING, BILAG_SYSTEMS, GRADE_COLUMNS, GRADES, bilag_total
from lupus_kit.endpoints.bilag.items import BY_ID
from lupus_kit.endpoints.bilag.reading import PREVIOUS, Recorded, check_names, read_flag, read_items
from lupus_kit.endpoints.bilag.systems import PROTEIN, Values, renal
from lupus_kit.endpoints.visits.keys import plain_keys, refuse_doubled
from lupus_kit.endpoints.visits.units import FORM_UNITS, in_units

#: So many rows are graded at a time: memory stays below a few copies of the table, and time grows with its rows.
BLOCK = 50_000


@dataclass(frozen=True)
class EarlierVisits:
    """The rows of a table in order of patient and week.

    Attributes
    ----------
    order : numpy.ndarray of int
        Positions of the rows, sorted.
    start : numpy.ndarray of int
        For each sorted row, where its patient begins.
    """

    order: np.ndarray
    start: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, problems: BadCells, needs_week: bool) -> Self | None:
        """Read the keys of a table, from its columns or index; None where it has no patients.

        Raises
        ------
        InputError
            If a patient has several rows and there is no week where one is needed, or two rows for one week.
        """
        if {"patient", "week"} <= {*table.index.names}:
            table = table.index.to_frame()[["patient", "week"]]
        if "patient" not in table.columns:
            return None
        require_columns(table, [name for name in ("patient", "week") if name in table.columns], "the table of items")
        patient, names = pd.factorize(plain_keys(table[["patient"]])["patient"])
        if "week" not in table.columns:
            if needs_week and len(names) < len(table):
                unsaid = "no column 'week', so that nothing says which visit was before"
                way_out = "add 'week', or leave out 'patient' if no row is the history of another"
                raise InputError(f"the items have several rows of a patient and {unsaid}: {way_out}.")
            return None
        problems.add(table, "patient", patient < 0, "every row needs a patient")
        week = numbers(table, "week", problems, -10_000, 10_000, whole=False, needed=True)
        problems.raise_if_any()
        order = np.lexsort((week, patient))
        sorted_patient, sorted_week = patient[order], week[order]
        new = np.diff(sorted_patient, prepend=-1) != 0
        twice = order[~new & (np.diff(sorted_week, prepend=np.nan) == 0)]
        refuse_doubled(names[patient[twice]], week[twice])
        return cls(order, np.maximum.accumulate(np.where(new, np.arange(len(order)), 0)))

    def row_before(self, recorded: np.ndarray) -> np.ndarray:
        """Return, for each row, the last earlier row of the patient with anything recorded; -1 where there is none."""
        last = np.maximum.accumulate(np.where(recorded[self.order], np.arange(len(self.order)), -1))
        before = np.concatenate([[-1], last[:-1]])[: len(last)]
        found = np.empty(len(self.order), dtype=int)
        found[self.order] = np.where(before >= self.start, self.order[before], -1)
        return found

    def ever(self, told: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Tell whether a patient was told of at this visit or an earlier one, or active at an earlier one."""
        later = self.start < np.arange(len(self.order))
        known = told[self.order] | (later & np.roll(active[self.order], 1))
        count = np.cumsum(known)
        found = np.empty(len(known), dtype=bool)
        found[self.order] = count > (count - known)[self.start]
        return found


def blocks(rows: int, visits: EarlierVisits | None) -> Iterator[tuple[np.ndarray | slice, EarlierVisits | None]]:
    """Cut a table into parts that keep each patient whole; yield the rows of a part, and its own visits."""
    if visits is None or not rows:
        for begin in range(0, max(rows, 1), BLOCK):
            yield slice(begin, begin + BLOCK), None
        return
    starts = np.unique(visits.start)
    cuts = np.unique(starts[np.searchsorted(starts, np.arange(0, rows, BLOCK), side="right") - 1])
    for begin, end in zip(cuts, [*cuts[1:], rows], strict=True):
        yield visits.order[begin:end], EarlierVisits(np.arange(end - begin), visits.start[begin:end] - begin)


#: The note that travels with every result.
NOTE = (
    "Teaching only. The BILAG-2004 grade rules used here are widely published, but were not checked against the "
    "official scoring sheet. Check them against the official index form (Isenberg 2005; Yee 2009) before any "
    "clinical use."
)

#: The unit of each measured item whose column may also name it.
_UNIT_OF = {name: unit for name, unit in FORM_UNITS.items() if name in BY_ID}

#: What is said of a system that is not active, by whether an item is recorded and whether it was involved before.
_NOW, _BEFORE = (
    ("no item recorded, taken as nothing active", "nothing active now"),
    ("no earlier involvement known", "involved before"),
)
_NOTHING_ACTIVE = np.array([f"{now}; {before}" for now in _NOW for before in _BEFORE], dtype=object)

#: The letters; D and E come after A, B and C.
_LETTERS = np.array(GRADES, dtype=object)
_D, _E = 3, 4


def bilag2004(
    items: pd.DataFrame,
    previous: pd.DataFrame | None = None,
    involved_before: bool | pd.DataFrame | None = None,
    coding: Sequence[float] = BILAG_CODING,
) -> pd.DataFrame:
    """Grade nine organ systems from the items of the form.

    **Teaching only.** The grade rules are widely published, but they were not checked against the official
    scoring sheet. Check them against the official index form (Isenberg 2005; Yee 2009) before any clinical use.

    Parameters
    ----------
    items : pandas.DataFrame
        One row per patient and visit. With ``patient`` and ``week`` (columns, or levels of the index) the rows are
        each patient's visits: every earlier one is history, so that a system once graded A to D is D and never E
        again, and the last earlier one with any item recorded is the visit before. The items are named as in
        ``BILAG_ITEMS["id"]``; a column that is not there, an empty cell and ``"ND"`` all mean "not done". Items of
        kind ``"0-4"`` hold 0 not present, 1 improving, 2 same, 3 worse, 4 new; ``"yes/no"`` items hold True/False,
        1/0 or Y/N; ``"number"`` items hold a number in the unit of ``BILAG_ITEMS["unit"]``, or in the unit that
        its column names (``creatinine_mg_dl``, ``upcr_g_g``: see ``UNITS``), and is converted. Optional columns:
        ``<id>_previous``, the value of the visit before (where `previous` is not given; it goes before the patient's
        earlier row); ``<id>_due_to_sle``, yes/no for a number (a "no" takes the value out of the rules);
        ``<system>_before``, yes/no, the system was involved at some time before (where `involved_before` is not
        given). Other columns are ignored, but a name that is nearly an item's raises.
    previous : pandas.DataFrame, optional
        The items of the visit before, with the index of `items`, where they are not in `items` itself; rows of a
        first visit are empty. A system that is graded A, B or C by these items counts as involved before.
    involved_before : bool or pandas.DataFrame, optional
        History that separates D from E: one answer for all, or a table with the index of `items` and a yes/no
        column for each system (missing means no involvement is known).
    coding : sequence of five numbers
        Points for A, B, C, D and E, see ``bilag_total``.

    Returns
    -------
    pandas.DataFrame
        The index of `items`; nine columns ``bilag_<system>`` with A to E (or missing), ``bilag_total``, and nine
        columns ``<system>_because`` that name the items behind each grade. ``.attrs["note"]`` repeats the warning.

    Raises
    ------
    InputError
        If an option is unknown, a column is there twice or nearly misspelt, the indexes differ, a patient has
        several rows without a week or two for one week, or cells are bad. Bad cells are listed together with row,
        column, value and what is allowed.

    See Also
    --------
    bilag_total

    Notes
    -----
    An improving A item gives B and an improving B item gives C. All limits are as strict as printed: protein
    above 1 g but at least 0.5 g; "fallen by 25 %" includes exactly 25 %; 130 % of the previous creatinine is still
    B. Numbers are compared in whole millionths, so a tie is a tie. Blood counts use half-open bins: haemoglobin
    below 8, below 9, below 11. Blood pressure "above 140/90" is read as both numbers above. The dipstick counts only
    at visits without any quantitative protein test.

    The published rules do not say what holds without a previous value. Choices of this kit: a change that is not seen is
    not assumed, so protein counts as not fallen, and a rise (dipstick, creatinine, blood pressure) or a loss of GFR does
    not count. A system of which no item is recorded is graded as if nothing were present.

    References
    ----------
    Isenberg DA, et al. Rheumatology 2005;44:902-906. Yee C-S, et al. 2009 (revised form).
    Yee C-S, et al. Rheumatology 2010;49:1665-1669 (numeric coding).

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import bilag2004
    >>> visit = pd.DataFrame(
    ...     {"arthritis_severe": [1], "protein_24h": [1.2], "active_sediment": ["Y"], "platelets": [149]}, index=["Ann"]
    ... )
    >>> ann = bilag2004(visit, involved_before=True).loc["Ann"]
    >>> ann["bilag_musculoskeletal"], ann["bilag_renal"], ann["bilag_haematological"], ann["bilag_ophthalmic"]
    ('B', 'A', 'C', 'D')
    >>> int(ann["bilag_total"])
    21
    >>> ann["musculoskeletal_because"]
    '41 severe arthritis: improving'

    Joints that were inflamed at baseline are D at every later quiet visit, never E:

    >>> visits = pd.DataFrame({"patient": "Bo", "week": [0, 12, 24], "arthritis_severe": [2, 0, 0]})
    >>> bilag2004(visits)["bilag_musculoskeletal"].tolist()
    ['A', 'D', 'D']
    """
    items = in_units(require_frame(items, "items"), _UNIT_OF, "items")
    if isinstance(previous, pd.DataFrame):
        previous = in_units(previous, _UNIT_OF, "previous", whole=False)
    check_names(items, "items")
    problems = (BadCells("the BILAG-2004 items"), BadCells("previous"), BadCells("involved_before"))
    if previous is not None:
        _same_index(require_frame(previous, "previous"), items, "previous")
        check_names(previous, "previous")
    given = involved_before if isinstance(involved_before, pd.DataFrame) else None
    if given is not None:
        _same_index(given, items, "involved_before")
        if foreign := [column for column in given.columns if column not in BILAG_SYSTEMS]:
            raise unknown_name("system in involved_before", foreign[0], BILAG_SYSTEMS)
    elif not isinstance(involved_before, (bool, np.bool_, type(None))):
        wanted = "True, False, or a DataFrame with a yes/no column for each system"
        raise InputError(f"involved_before is {involved_before!r}: give {wanted}.")
    earlier = EarlierVisits.of(items, problems[0], needs_week=previous is None)
    told: list[str] = [*GRADE_COLUMNS, *(f"{system}_because" for system in BILAG_SYSTEMS)]
    columns = {name: np.empty(len(items), dtype=object) for name in told}
    for rows, visits in blocks(len(items), earlier):
        part = items.iloc[rows]
        now, before = read_items(part, problems[0]), None
        if previous is not None:
            before = read_items(previous.iloc[rows], problems[1])
        elif any(str(name).endswith(PREVIOUS) for name in items.columns):
            before = read_items(part, problems[0], suffix=PREVIOUS)
        if given is not None:
            history = _history(given.iloc[rows], "", problems[2])
        elif involved_before is None:
            history = _history(part, "_before", problems[0])
        else:
            history = dict.fromkeys(BILAG_SYSTEMS, np.full(len(part), bool(involved_before)))
        for name, cells in _grade(now, before, history, visits, previous is None):
            columns[name][rows] = cells
    raise_together(*problems)
    lettered = pd.DataFrame({name: columns[name] for name in GRADE_COLUMNS}, index=items.index, dtype=object)
    total = bilag_total(lettered, coding)
    reasons = {name: columns[name] for name in told[len(GRADE_COLUMNS) :]}
    result = pd.concat([lettered, total, pd.DataFrame(reasons, index=items.index, dtype=object)], axis=1)
    result.attrs["note"] = NOTE
    return result


def _grade(
    now: Recorded,
    before: Recorded | None,
    history: dict[str, np.ndarray],
    visits: EarlierVisits | None,
    fill_previous: bool,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the grade and the reason of each system by column."""
    nothing = {name: np.full_like(values, np.nan) for name, values in now.values.items()}
    values_before = nothing if before is None else before.values
    if visits is not None and fill_previous:
        rows = visits.row_before(np.logical_or.reduce([*now.done.values()]))
        at_row = {name: np.where(rows < 0, np.nan, values[rows]) for name, values in now.values.items()}
        values_before = {name: np.where(np.isnan(v), at_row[name], v) for name, v in values_before.items()}
    for system in BILAG_SYSTEMS:
        causes = _causes(system, now, values_before)
        grade = systems.grade_of(causes)
        involved = history[system]
        if before is not None:
            involved = involved | (systems.grade_of(_causes(system, before, nothing)) < systems.INACTIVE)
        if visits is not None:
            involved = visits.ever(involved, grade < systems.INACTIVE)
        code = np.where(grade == systems.INACTIVE, np.where(involved, _D, _E), grade)
        inactive = _NOTHING_ACTIVE[2 * now.done[system] + involved]
        reason = np.where(grade == systems.INACTIVE, inactive, systems.reason_of(causes, grade))
        yield f"bilag_{system}", _LETTERS[code]
        yield f"{system}_because", reason


def _causes(system: str, found: Recorded, previous: Values) -> list[systems.Cause]:
    """List what may give the grade of a system; only the kidney needs previous values."""
    if system == "renal":
        quantified = np.logical_or.reduce([~np.isnan(found.values[name]) for name in PROTEIN])
        return renal(found.flags, found.counted, previous, quantified)
    if system == "constitutional":
        return systems.constitutional(found.levels)
    if system == "haematological":
        return systems.haematological(found)
    return systems.common_scheme(system, found.levels)


def _history(table: pd.DataFrame, suffix: str, problems: BadCells) -> dict[str, np.ndarray]:
    return {system: read_flag(table, system + suffix, problems) == 1 for system in BILAG_SYSTEMS}


def _same_index(table: pd.DataFrame, items: pd.DataFrame, what: str) -> None:
    if not table.index.equals(items.index):
        rows = f"it has {len(table)} rows and items has {len(items)}"
        raise InputError(f"{what} must have the index of items, row for row; {rows}. Use reindex first.")
