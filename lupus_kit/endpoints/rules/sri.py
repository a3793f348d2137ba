"""SRI-n: the composite response of SLEDAI, BILAG and PGA, with the reason for every patient."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lupus_kit.core.cells import require_choice, require_switch
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints.bilag.grades import is_new_a, is_new_b
from lupus_kit.endpoints.rules.logic import NO, UNKNOWN, YES, all_of, boolean_column, clause, integer_column, negate
from lupus_kit.endpoints.rules.sri_reasons import write_reasons
from lupus_kit.endpoints.visits.visit_table import (
    COMPONENTS,
    EVENTS,
    MISSING_GRADE,
    VisitGrid,
    carried_forward,
    key_columns,
    read_visits,
)

#: A PGA rise of this many hundredths or more is worsening.
PGA_LIMIT_HUNDREDTHS = 30

#: Two or more organ systems newly B fail the BILAG clause.
NEW_B_LIMIT = 2

#: Ways to count an answer that missing data leave open.
MISSING = ("nonresponder", "observed", "locf", "worst", "best")


def sri(
    visits: pd.DataFrame,
    points: int = 4,
    *,
    b_to_a_is_new: bool = True,
    missing: str | Mapping[str, str] = "nonresponder",
    components: Collection[str] = COMPONENTS,
    events: Sequence[str] = EVENTS,
    events_persist: bool = False,
    score: str = "sledai",
    reasons: bool = True,
) -> pd.DataFrame:
    """Decide for every patient and post-baseline visit whether the SLE Responder Index is met, and say why.

    A patient responds when all of these hold against baseline: SLEDAI fell by at least `points`; no organ system
    is newly BILAG A and at most one is newly BILAG B; the physician's global assessment (PGA, 0 to 3) rose by
    less than 0.30; and no event such as rescue treatment counts as non-response.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, in any order, with ``patient``, ``visit`` (name), ``week`` (0 is baseline),
        ``sledai`` (0-105), ``pga`` (0-3) and the nine ``bilag_<system>`` grades (A to E). Optional: ``arm``, and
        the yes/no columns named in `events`. Cells may be missing; other columns are ignored.
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
    events : sequence of str
        Yes/no columns whose "yes" is non-response at that visit. The three of the default may be absent from
        `visits`, any other must be there.
    events_persist : bool
        Whether such an event is also non-response at every later visit of the patient.
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
        ``bilag_clause``, ``pga_baseline``, ``pga``, ``pga_rise``, ``pga_clause``, the events (if given),
        ``responder``, ``imputed`` (true where a way to handle missing data made the verdict), ``reason``.
        Clauses and ``responder`` are nullable booleans, counts nullable integers. The columns of a component that
        is not asked for are left out. Under ``"locf"`` the values shown are those used.

    Raises
    ------
    InputError
        If columns are missing, cells are not allowed (all are listed with row, column and value), a patient has
        two rows for one visit or two arms, there is no baseline, or an option is unknown.

    Notes
    -----
    Missing data follow three-valued logic. A clause fails as soon as the recorded values fail it, and passes only
    when all its values are recorded; one failed clause decides, whatever is missing elsewhere. A baseline SLEDAI
    below `points` fails at once: such a patient can never respond.

    PGA is read to two decimals and compared in whole hundredths, so a rise from 1.1 to 1.4 is exactly 0.30 and
    fails, although ``1.4 - 1.1`` is less than 0.3 in floating point.

    References
    ----------
    Furie RA, et al. Arthritis Rheum 2009;61:1143-1151. Modified SRI: Connelly K, et al. 2023.

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
    _check_options(points, components)
    for name, given in (("b_to_a_is_new", b_to_a_is_new), ("events_persist", events_persist), ("reasons", reasons)):
        require_switch(name, given)
    grid = read_visits(visits, components, events, score)
    modes = _modes(missing, grid)
    if events_persist:
        grid = replace(grid, events={name: _persist(values) for name, values in grid.events.items()})
    parts = _score(grid, points, b_to_a_is_new, components)
    used, was_open = grid, parts["answer"] == UNKNOWN
    if (modes == "locf").any():
        used = carried_forward(grid, modes == "locf")
        parts = _score(used, points, b_to_a_is_new, components)
    answer = parts["answer"]
    is_open = answer == UNKNOWN
    counted = np.select([modes == "observed", modes == "best"], [UNKNOWN, YES], NO)
    shown = np.where(is_open, counted[:, None], answer)
    events_now = {name: values[:, 1:] for name, values in used.events.items()}

    table = key_columns(visits, grid) | _columns(parts, used)
    table |= {name: boolean_column(values) for name, values in events_now.items()}
    table["responder"] = boolean_column(shown)
    table["imputed"] = (was_open & (shown != UNKNOWN)).ravel()
    if reasons:
        table["reason"] = write_reasons(parts, events_now, points, shown, was_open & ~is_open)
    return pd.DataFrame(table, copy=False)


def _check_options(points: int, components: Collection[str]) -> None:
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or not 4 <= points <= 8:
        raise InputError(f"points is {points!r}: SRI-n is defined for whole numbers n from 4 to 8.")
    if isinstance(components, str):
        raise InputError(f"components is {components!r}: give a collection such as ('sledai', 'pga').")
    for name in components:
        require_choice("component", name, COMPONENTS)
    if "sledai" not in components:
        raise InputError("components lacks 'sledai': every SRI asks for a fall of it.")


def _modes(missing: str | Mapping[str, str], grid: VisitGrid) -> np.ndarray:
    """Return the way to handle missing data of each patient."""
    if not isinstance(missing, Mapping):
        require_choice("way to handle missing data", missing, MISSING)
        return np.full(len(grid.patients), missing, dtype=object)
    for mode in missing.values():
        require_choice("way to handle missing data", mode, MISSING)
    if grid.arms is None:
        raise InputError(f"missing is {dict(missing)!r}, one way for each arm, but visits has no column 'arm'.")
    found = sorted({str(arm) for arm in grid.arms})
    if set(found) != set(missing):
        raise InputError(f"missing names the arms {sorted(missing)}, the visits have {found}: name each arm once.")
    return np.array([missing[str(arm)] for arm in grid.arms], dtype=object)


def _persist(event: np.ndarray) -> np.ndarray:
    """Keep an event once it happened; an unknown before it stays unknown."""
    return np.where(np.maximum.accumulate(event == 1, axis=1), 1, event).astype(np.int8)


def _score(grid: VisitGrid, points: int, b_to_a_is_new: bool, components: Collection[str]) -> dict[str, np.ndarray]:
    """Evaluate each clause on arrays of shape (patients, post-baseline visits)."""
    before, now = grid.sledai[:, :1], grid.sledai[:, 1:]
    shape = now.shape
    drop = before - now
    too_low = before < points  # NaN compares false: an unknown baseline is not too low
    parts = {
        "sledai_baseline": np.broadcast_to(before, shape),
        "drop": drop,
        "too_low": np.broadcast_to(too_low, shape),
        "sledai_clause": clause(too_low | (drop < points), np.isnan(drop)),
    }
    if "bilag" in components:
        parts |= _bilag(grid.grades, b_to_a_is_new)
    if "pga" in components:
        rise = grid.pga[:, 1:] - grid.pga[:, :1]
        parts["pga_baseline"] = np.broadcast_to(grid.pga[:, :1], shape)
        parts["rise"] = rise
        parts["pga_clause"] = clause(rise >= PGA_LIMIT_HUNDREDTHS, np.isnan(rise))
    verdicts = [values for name, values in parts.items() if name.endswith("_clause")]
    # An event that happened fails, one that did not happen passes.
    verdicts += [negate(values[:, 1:]) for values in grid.events.values()]
    parts["no_visit"] = ~grid.made[:, 1:]
    parts["no_baseline"] = np.broadcast_to(~grid.made[:, :1], shape)
    parts["answer"] = all_of(*verdicts)
    return parts


def _bilag(grades: np.ndarray, b_to_a_is_new: bool) -> dict[str, np.ndarray]:
    """Evaluate the BILAG clause system by system; each mask has one bit for each system."""
    old, new = grades[:, :1], grades[:, 1:]
    masks = {name: np.zeros(new.shape[:2], dtype=np.int64) for name in ("mask_a", "mask_b", "mask_missing")}
    for k in range(grades.shape[2]):
        before, now = old[:, :, k], new[:, :, k]
        masks["mask_a"] |= is_new_a(before, now, b_to_a_is_new).astype(np.int64) << k
        masks["mask_b"] |= is_new_b(before, now).astype(np.int64) << k
        masks["mask_missing"] |= ((before == MISSING_GRADE) | (now == MISSING_GRADE)).astype(np.int64) << k
    new_a, new_b = (np.bitwise_count(masks[name]) for name in ("mask_a", "mask_b"))
    unknown = masks["mask_missing"] > 0
    return masks | {
        "new_a": np.where(unknown, np.nan, new_a),
        "new_b": np.where(unknown, np.nan, new_b),
        "bilag_clause": clause((new_a > 0) | (new_b >= NEW_B_LIMIT), unknown),
    }


def _columns(parts: dict[str, np.ndarray], grid: VisitGrid) -> dict[str, object]:
    """Lay the components out as columns; a score with half points is not whole."""
    halves = [parts["sledai_baseline"], grid.sledai[:, 1:], parts["drop"]]
    whole = not any((values % 1 > 0).any() for values in halves[:2])
    names = ("sledai_baseline", "sledai", "sledai_drop")
    columns: dict[str, object] = {
        name: integer_column(values) if whole else pd.array(values.ravel(), dtype="Float64")
        for name, values in zip(names, halves, strict=True)
    }
    columns["sledai_clause"] = boolean_column(parts["sledai_clause"])
    if "bilag_clause" in parts:
        columns |= {name: integer_column(parts[name]) for name in ("new_a", "new_b")}
        columns["bilag_clause"] = boolean_column(parts["bilag_clause"])
    if "pga_clause" in parts:
        columns["pga_baseline"] = parts["pga_baseline"].ravel() / 100
        columns["pga"] = grid.pga[:, 1:].ravel() / 100
        columns["pga_rise"] = parts["rise"].ravel() / 100
        columns["pga_clause"] = boolean_column(parts["pga_clause"])
    return columns
