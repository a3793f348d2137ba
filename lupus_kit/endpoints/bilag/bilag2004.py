"""BILAG-2004: from the 97 recorded items to nine grades A to E, a number, and the items that caused each grade."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, raise_together, require_choice, require_frame
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.endpoints.bilag.grades import BILAG_CODING, BILAG_SYSTEMS, GRADES, bilag_total
from lupus_kit.endpoints.bilag.haematological import haematological
from lupus_kit.endpoints.bilag.reading import PREVIOUS, Recorded, check_names, read_flag, read_items
from lupus_kit.endpoints.bilag.renal import PROTEIN, renal
from lupus_kit.endpoints.bilag.scheme import INACTIVE, SCHEMES, Causes, Number, constitutional

#: The note that travels with every result.
NOTE = (
    "Teaching only. The BILAG-2004 grade rules used here are widely published, but were not checked against the "
    "official scoring sheet. Check them against the official index form (Isenberg 2005; Yee 2009) before any "
    "clinical use."
)

#: What to do where a rule asks "not fallen by 25 %" and there is no previous value.
NO_PREVIOUS: tuple[str, ...] = ("not_fallen", "fallen", "missing")

#: What a system is worth of which no item at all is recorded.
NOT_DONE: tuple[str, ...] = ("absent", "missing")

_D, _E, _MISSING = 3, 4, 5


def bilag2004(
    items: pd.DataFrame,
    previous: pd.DataFrame | None = None,
    involved_before: bool | pd.DataFrame | None = None,
    no_previous: str = "not_fallen",
    not_done: str = "absent",
    coding: Sequence[float] = BILAG_CODING,
) -> pd.DataFrame:
    """Grade nine organ systems from the items of the form.

    **Teaching only.** The grade rules are widely published, but they were not checked against the official
    scoring sheet. Check them against the official index form (Isenberg 2005; Yee 2009) before any clinical use.

    Parameters
    ----------
    items : pandas.DataFrame
        One row per patient and visit. Columns are named as in ``BILAG_ITEMS["id"]``; a column that is not there,
        an empty cell and ``"ND"`` all mean "not done". Items of kind ``"0-4"`` hold 0 not present, 1 improving,
        2 same, 3 worse, 4 new; ``"yes/no"`` items hold True/False, 1/0 or Y/N; ``"number"`` items hold a number
        in the unit of ``BILAG_ITEMS["unit"]``. Optional columns: ``<id>_previous``, the value of the visit
        before (where `previous` is not given); ``<id>_due_to_sle``, yes/no for a number (a "no" takes the value
        out of the rules); ``<system>_before``, yes/no, the system was involved at some time before (where
        `involved_before` is not given). Other columns are ignored, but a name that is nearly an item's raises.
    previous : pandas.DataFrame, optional
        The items of the visit before, with the index of `items`; rows of a first visit are empty. A system that
        is graded A, B or C by these items counts as involved before. With several visits of each patient in
        order, ``items.groupby("patient").shift()`` makes it.
    involved_before : bool or pandas.DataFrame, optional
        History that separates D from E: one answer for all, or a table with the index of `items` and a yes/no
        column for each system (missing means no involvement is known).
    no_previous : {"not_fallen", "fallen", "missing"}
        The renal rules ask whether protein has fallen by 25 % or more. The published rules do not say what holds
        without a previous value. ``"not_fallen"`` (default, a choice of this kit: a fall that is not seen is not
        assumed) counts the protein; ``"fallen"`` does not. In both, a rise (dipstick, creatinine, blood
        pressure) or a loss of GFR that cannot be seen does not count. ``"missing"`` leaves the renal grade empty
        where the previous value could change it.
    not_done : {"absent", "missing"}
        A system of which no item is recorded is graded as if nothing were present (default, a choice of this
        kit), or its grade is left empty.
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
        If an option is unknown, a column is there twice or nearly misspelt, the indexes differ, or cells are
        bad. Bad cells are listed together with row, column, value and what is allowed.

    Notes
    -----
    An improving A item gives B and an improving B item gives C. All limits are as strict as printed: protein
    above 1 g but at least 0.5 g; "fallen by 25 %" includes exactly 25 %; 130 % of the previous creatinine is still
    B. Numbers are compared in whole millionths, so a tie is a tie. Blood counts use half-open bins: haemoglobin
    below 8, below 9, below 11. Blood pressure "above 140/90" is read as both numbers above. The dipstick counts only
    at visits without any quantitative protein test.

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
    """
    require_choice("no_previous option", no_previous, NO_PREVIOUS)
    require_choice("not_done option", not_done, NOT_DONE)
    check_names(require_frame(items, "items"), "items")
    now, before, history = _read_all(items, previous, involved_before)
    causes = _engines(now)
    grade: dict[str, np.ndarray] = {}
    because: dict[str, np.ndarray] = {}
    earlier = _engines(before)
    earlier["renal"], _ = _renal(before, _nothing(before), "not_fallen")
    causes["renal"], undecided = _renal(now, before, no_previous)
    for k, system in enumerate(BILAG_SYSTEMS):
        involved = history[:, k] | (earlier[system].grade < INACTIVE)
        code, reason = _finish(causes[system], involved, now.done[system], not_done)
        if system == "renal":
            code = np.where(undecided, _MISSING, code)
            reason = np.where(undecided, "depends on a previous value that is not recorded", reason)
        grade[f"bilag_{system}"] = np.array([*GRADES, None], dtype=object)[code]
        because[f"{system}_because"] = reason
    grades = pd.DataFrame(grade, index=items.index, dtype=object)
    total = bilag_total(grades, coding)
    result = pd.concat([grades, total, pd.DataFrame(because, index=items.index, dtype=object)], axis=1)
    result.attrs["note"] = NOTE
    return result


def _engines(found: Recorded) -> dict[str, Causes]:
    """Grade the eight systems that need no previous value."""
    causes = {system: scheme.grade(found.levels) for system, scheme in SCHEMES.items()}
    causes["constitutional"] = constitutional(found.levels)
    causes["haematological"] = haematological(found.levels, found.flags, found.counted)
    return causes


def _nothing(found: Recorded) -> Recorded:
    """Return a visit at which nothing was measured."""
    empty = {k: Number(np.zeros_like(n.value), np.zeros_like(n.known)) for k, n in found.numbers.items()}
    return Recorded(found.levels, found.flags, empty, empty, found.done)


def _renal(now: Recorded, before: Recorded, no_previous: str) -> tuple[Causes, np.ndarray]:
    """Grade the renal system; tell also where the grade hangs on a previous value that is missing."""
    quantified = np.logical_or.reduce([now.numbers[name].known for name in PROTEIN])

    def graded(assume_not_fallen: bool, assume_rise: bool) -> Causes:
        return renal(now.flags, now.counted, before.numbers, quantified, assume_not_fallen, assume_rise)

    least = graded(no_previous == "not_fallen", False)
    if no_previous != "missing":
        return least, np.zeros(len(least.grade), dtype=bool)
    return least, graded(True, True).grade != least.grade


def _finish(causes: Causes, involved: np.ndarray, done: np.ndarray, not_done: str) -> tuple[np.ndarray, np.ndarray]:
    """Split "nothing active" into D and E, and write the reason of every row."""
    inactive = causes.grade == INACTIVE
    code = np.where(inactive, np.where(involved, _D, _E), causes.grade)
    now = np.where(done, "nothing active now", "no item recorded, taken as nothing active").astype(object)
    history = np.where(involved, "; involved before", "; no earlier involvement known").astype(object)
    reason = np.where(inactive, now + history, causes.reasons())
    if not_done == "missing":
        code = np.where(done, code, _MISSING)
        reason = np.where(done, reason, "no item recorded")
    return code, reason


def _read_all(
    items: pd.DataFrame, previous: pd.DataFrame | None, involved_before: bool | pd.DataFrame | None
) -> tuple[Recorded, Recorded, np.ndarray]:
    """Read the items, the previous items and the history; report the bad cells of all of them together."""
    problems = [BadCells("the BILAG-2004 items"), BadCells("previous"), BadCells("involved_before")]
    now = read_items(items, problems[0])
    if previous is None:
        before = read_items(items, problems[0], suffix=PREVIOUS)
    else:
        _same_index(require_frame(previous, "previous"), items, "previous")
        check_names(previous, "previous")
        before = read_items(previous, problems[1])
    if isinstance(involved_before, (bool, np.bool_)):
        history = np.full((len(items), len(BILAG_SYSTEMS)), bool(involved_before))
    elif involved_before is None:
        history = _history(items, "_before", problems[0])
    else:
        history = _read_history(involved_before, items, problems[2])
    raise_together(*problems)
    return now, before, history


def _read_history(table: pd.DataFrame, items: pd.DataFrame, problems: BadCells) -> np.ndarray:
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"involved_before is {table!r}: give True, False, or a DataFrame with a yes/no column for each system."
        )
    _same_index(table, items, "involved_before")
    foreign = [column for column in table.columns if column not in BILAG_SYSTEMS]
    if foreign:
        raise unknown_name("system in involved_before", foreign[0], BILAG_SYSTEMS)
    return _history(table, "", problems)


def _history(table: pd.DataFrame, suffix: str, problems: BadCells) -> np.ndarray:
    return np.column_stack([read_flag(table, system + suffix, problems) == 1 for system in BILAG_SYSTEMS])


def _same_index(table: pd.DataFrame, items: pd.DataFrame, what: str) -> None:
    if not table.index.equals(items.index):
        raise InputError(
            f"{what} must have the index of items, row for row; it has {len(table)} rows and items has {len(items)}. "
            "Use reindex first."
        )
