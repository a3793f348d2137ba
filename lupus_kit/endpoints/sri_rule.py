"""SRI-n: the composite response of SLEDAI, BILAG and PGA, with the reason for every patient."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lupus_kit._errors import InputError, unknown_name
from lupus_kit.endpoints._logic import NO, UNKNOWN, YES, all_of, boolean_column, clause, integer_column
from lupus_kit.endpoints._reasons import write_reasons
from lupus_kit.endpoints._visit_table import VisitGrid, like, read_visits
from lupus_kit.endpoints.bilag_grades import is_new_a, is_new_b

#: A PGA rise of this many hundredths or more is worsening.
PGA_LIMIT_HUNDREDTHS = 30

#: Two or more organ systems newly B fail the BILAG clause.
NEW_B_LIMIT = 2


def _check_options(points: int, missing: str) -> None:
    if isinstance(points, bool) or not isinstance(points, (int, np.integer)) or not 4 <= points <= 8:
        raise InputError(f"points is {points!r}: SRI-n is defined for whole numbers n from 4 to 8.")
    if missing not in ("nonresponder", "observed"):
        raise unknown_name("way to handle missing data", missing, ["nonresponder", "observed"])


def sri(
    visits: pd.DataFrame,
    points: int = 4,
    *,
    b_to_a_is_new: bool = True,
    missing: str = "nonresponder",
) -> pd.DataFrame:
    """Decide for every patient and post-baseline visit whether the SLE Responder Index is met, and say why.

    A patient responds when all of these hold against baseline: SLEDAI fell by at least `points`; no organ system
    is newly BILAG A and at most one is newly BILAG B; the physician's global assessment (PGA, 0 to 3) rose by
    less than 0.30; and no rescue treatment was given.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, in any order, with ``patient``, ``visit`` (name), ``week`` (0 is baseline),
        ``sledai`` (0-105), ``pga`` (0-3) and the nine ``bilag_<system>`` grades (A to E). Optional: ``arm``, and
        ``rescue`` (yes/no; yes means non-response at that visit, so carry it forward if the protocol says so).
        Cells may be missing; other columns are ignored.
    points : int
        The drop in SLEDAI that is asked for, 4 to 8.
    b_to_a_is_new : bool
        Whether a system that goes from B to A counts as a new A.
    missing : {"nonresponder", "observed"}
        What to do where missing data leave the answer open: count the patient as non-responder, or leave
        ``responder`` missing (``pd.NA``).

    Returns
    -------
    pandas.DataFrame
        One row per patient and post-baseline visit, sorted by patient and week; a visit without a row in `visits`
        is there too, as a missing visit. Columns: ``patient``, ``visit``, ``week``, ``arm`` (if given),
        ``sledai_baseline``, ``sledai``, ``sledai_drop``, ``sledai_clause``, ``new_a``, ``new_b``,
        ``bilag_clause``, ``pga_baseline``, ``pga``, ``pga_rise``, ``pga_clause``, ``rescue`` (if given),
        ``responder``, ``imputed`` (true where only missing data made the patient a non-responder), ``reason``.
        Clauses and ``responder`` are nullable booleans, counts nullable integers.

    Raises
    ------
    InputError
        If columns are missing, cells are not allowed (all are listed with row, column and value), a patient has
        two rows for one visit or two arms, or there is no baseline.

    Notes
    -----
    Missing data follow three-valued logic. A clause fails as soon as the recorded values fail it, and passes only
    when all its values are recorded; one failed clause decides, whatever is missing elsewhere. A baseline SLEDAI
    below `points` fails at once: such a patient can never respond.

    PGA is read to two decimals and compared in whole hundredths, so a rise from 1.1 to 1.4 is exactly 0.30 and
    fails, although ``1.4 - 1.1`` is less than 0.3 in floating point.

    References
    ----------
    Furie RA, et al. Arthritis Rheum 2009;61:1143-1151.

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
    _check_options(points, missing)
    grid = read_visits(visits)
    parts = _score(grid, points, b_to_a_is_new)
    answer = parts["answer"]
    imputed = answer == UNKNOWN
    shown = np.where(imputed, NO, answer) if missing == "nonresponder" else answer
    n_visits = len(grid.weeks) - 1
    table: dict[str, object] = {
        "patient": grid.patients.repeat(n_visits),
        "visit": like(np.tile(grid.visit_names[1:], len(grid.patients)), visits["visit"]),
        "week": np.tile(grid.weeks[1:], len(grid.patients)),
    }
    if (grid.weeks == np.rint(grid.weeks)).all():
        table["week"] = np.tile(grid.weeks[1:].astype(np.int64), len(grid.patients))
    if grid.arms is not None:
        table["arm"] = like(np.repeat(grid.arms, n_visits), visits["arm"])
    table |= {
        "sledai_baseline": integer_column(parts["sledai_baseline"]),
        "sledai": integer_column(grid.sledai[:, 1:]),
        "sledai_drop": integer_column(parts["drop"]),
        "sledai_clause": boolean_column(parts["sledai_clause"]),
        "new_a": integer_column(parts["new_a"]),
        "new_b": integer_column(parts["new_b"]),
        "bilag_clause": boolean_column(parts["bilag_clause"]),
        "pga_baseline": parts["pga_baseline"].ravel() / 100,
        "pga": grid.pga[:, 1:].ravel() / 100,
        "pga_rise": parts["rise"].ravel() / 100,
        "pga_clause": boolean_column(parts["pga_clause"]),
    }
    if grid.rescue is not None:
        table["rescue"] = boolean_column(grid.rescue[:, 1:])
    table["responder"] = boolean_column(shown)
    table["imputed"] = imputed.ravel() & (missing == "nonresponder")
    table["reason"] = write_reasons(parts, points, missing)
    return pd.DataFrame(table)


def _score(grid: VisitGrid, points: int, b_to_a_is_new: bool) -> dict[str, np.ndarray]:
    """Evaluate each clause on arrays of shape (patients, post-baseline visits)."""
    before, now = grid.sledai[:, :1], grid.sledai[:, 1:]
    drop = before - now
    too_low = before < points  # NaN compares false: an unknown baseline is not too low
    sledai_clause = clause(too_low | (drop < points), np.isnan(drop))

    old, new = grid.grades[:, :1], grid.grades[:, 1:]
    found_a, found_b = is_new_a(old, new, b_to_a_is_new), is_new_b(old, new)
    unknown = (old == 5) | (new == 5)
    some_unknown = unknown.any(axis=2)
    new_a, new_b = found_a.sum(axis=2), found_b.sum(axis=2)
    bilag_clause = clause((new_a > 0) | (new_b >= NEW_B_LIMIT), some_unknown)

    rise = grid.pga[:, 1:] - grid.pga[:, :1]
    pga_clause = clause(rise >= PGA_LIMIT_HUNDREDTHS, np.isnan(rise))

    clauses = [sledai_clause, bilag_clause, pga_clause]
    rescue = np.zeros_like(sledai_clause)
    if grid.rescue is not None:
        rescue = grid.rescue[:, 1:]
        clauses.append(np.array([YES, NO, UNKNOWN], dtype=np.int8)[rescue])  # rescued fails, not rescued passes
    shape = drop.shape
    return {
        "sledai_baseline": np.broadcast_to(before, shape),
        "drop": drop,
        "too_low": np.broadcast_to(too_low, shape),
        "sledai_clause": sledai_clause,
        "found_a": found_a,
        "found_b": found_b,
        "grade_missing": unknown,
        "new_a": np.where(some_unknown, np.nan, new_a),
        "new_b": np.where(some_unknown, np.nan, new_b),
        "bilag_clause": bilag_clause,
        "pga_baseline": np.broadcast_to(grid.pga[:, :1], shape),
        "rise": rise,
        "pga_clause": pga_clause,
        "rescue": rescue,
        "no_visit": ~grid.made[:, 1:],
        "no_baseline": np.broadcast_to(~grid.made[:, :1], shape),
        "answer": all_of(*clauses),
    }
