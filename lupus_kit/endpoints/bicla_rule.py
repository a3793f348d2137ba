"""BICLA: the composite response led by BILAG, with each clause and the reason for every patient."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lupus_kit._errors import unknown_name
from lupus_kit.endpoints._logic import NO, UNKNOWN, YES, all_of, boolean_column, clause, integer_column
from lupus_kit.endpoints._visit_table import VisitGrid, like, read_visits
from lupus_kit.endpoints.bilag_grades import is_new_a, is_new_b
from lupus_kit.endpoints.sri_rule import NEW_B_LIMIT, PGA_LIMIT_HUNDREDTHS

_A, _B, _MISSING = 0, 1, 5

#: Clause columns and what each asks for, in the order in which reasons name them.
CLAUSES = {
    "active_baseline": "baseline has at least one A or two B",
    "improved_clause": "every baseline A falls to B or better and every baseline B to C or better",
    "new_clause": "no new A and at most one new B",
    "sledai_clause": "SLEDAI does not rise above baseline",
    "pga_clause": "PGA rises by less than 0.30",
    "rescue_clause": "no rescue treatment",
}


def _score(grid: VisitGrid) -> dict[str, np.ndarray]:
    """Evaluate each clause on arrays of shape (patients, post-baseline visits)."""
    old, new = grid.grades[:, :1], grid.grades[:, 1:]
    gap = ((old == _MISSING) | (new == _MISSING)).any(axis=2)
    n_a, n_b = (old == _A).sum(axis=2), (old == _B).sum(axis=2)
    active = (n_a >= 1) | (n_b >= 2)
    could_be = (old == _MISSING).any(axis=2)
    stuck = ((old == _A) & (new == _A)) | ((old == _B) & (new <= _B))
    new_a = is_new_a(old, new, True).sum(axis=2)
    new_b = is_new_b(old, new).sum(axis=2)
    rise = grid.sledai[:, 1:] - grid.sledai[:, :1]
    pga_rise = grid.pga[:, 1:] - grid.pga[:, :1]
    baseline_verdict = np.where(active, YES, np.where(could_be, UNKNOWN, NO)).astype(np.int8)
    # A missing grade matters to "improved" only where baseline was, or may have been, A or B.
    hidden = ((old == _MISSING) & (new <= _B)) | ((old <= _B) & (new == _MISSING)) | ((old == 5) & (new == 5))
    scored = {
        "stuck": stuck.sum(axis=2),
        "new_a": np.where(gap, np.nan, new_a),
        "new_b": np.where(gap, np.nan, new_b),
        "sledai_rise": rise,
        "pga_rise": pga_rise,
        "active_baseline": np.broadcast_to(baseline_verdict, rise.shape),
        "improved_clause": clause(stuck.any(axis=2), hidden.any(axis=2)),
        "new_clause": clause((new_a > 0) | (new_b >= NEW_B_LIMIT), gap),
        "sledai_clause": clause(rise > 0, np.isnan(rise)),
        "pga_clause": clause(pga_rise >= PGA_LIMIT_HUNDREDTHS, np.isnan(pga_rise)),
    }
    if grid.rescue is not None:
        scored["rescue_clause"] = np.array([YES, NO, UNKNOWN], dtype=np.int8)[grid.rescue[:, 1:]]
    return scored


def _reasons(scored: dict[str, np.ndarray], answer: np.ndarray, missing: str) -> np.ndarray:
    failed = np.full(answer.size, "", dtype=object)
    unknown = failed.copy()
    for name, words in CLAUSES.items():
        if name in scored:
            verdict = scored[name].ravel()
            failed = failed + np.where(verdict == NO, f"; {words}", "")
            unknown = unknown + np.where(verdict == UNKNOWN, f"; {words}", "")
    failed, unknown = (np.array([t[2:] for t in text], dtype=object) for text in (failed, unknown))
    flat = answer.ravel()
    lead = "Counted as non-responder" if missing == "nonresponder" else "Missing"
    return np.select(
        [flat == YES, flat == NO],
        [
            np.full(flat.size, "Responder: every clause is met.", dtype=object),
            "Not a responder; not met: " + failed + ".",
        ],
        lead + ": not enough is recorded to decide: " + unknown + ".",
    )


def bicla(visits: pd.DataFrame, *, missing: str = "nonresponder") -> pd.DataFrame:
    """Decide for every patient and post-baseline visit whether BICLA is met, and say why.

    Parameters
    ----------
    visits : pandas.DataFrame
        The table that ``sri`` takes: ``patient``, ``visit``, ``week``, ``sledai``, ``pga`` (0-3), the nine
        ``bilag_<system>`` grades, and optionally ``arm`` and ``rescue``.
    missing : {"nonresponder", "observed"}
        Count open answers as non-response, or leave ``responder`` missing.

    Returns
    -------
    pandas.DataFrame
        One row per patient and post-baseline visit: keys, ``arm`` (if given), ``not_improved`` (systems recorded
        as still A or B against the rule), ``new_a``, ``new_b``, ``sledai_rise``, ``pga_rise``, the clauses
        ``active_baseline``, ``improved_clause``, ``new_clause``, ``sledai_clause``, ``pga_clause`` and
        ``rescue_clause`` (if given), ``responder``, ``imputed``, ``reason``.

    Raises
    ------
    InputError
        For missing columns, bad cells, doubled visits, or an unknown way to handle missing data.

    Notes
    -----
    Sources word the PGA clause as a rise of at most 10% or as less than 0.30; the kit takes less than 0.30, so a
    rise of exactly 0.30 fails.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit.endpoints import BILAG_SYSTEMS
    >>> visits = pd.DataFrame({"patient": ["Ann"] * 2, "visit": ["baseline", "week 12"], "week": [0, 12],
    ...                        "sledai": [12, 6], "pga": [1.1, 1.0]})
    >>> visits[[f"bilag_{s}" for s in BILAG_SYSTEMS]] = "D"
    >>> visits["bilag_renal"] = ["A", "B"]
    >>> bicla(visits)["reason"].item()
    'Responder: every clause is met.'
    """
    if missing not in ("nonresponder", "observed"):
        raise unknown_name("way to handle missing data", missing, ["nonresponder", "observed"])
    grid = read_visits(visits)
    scored = _score(grid)
    clauses = [name for name in CLAUSES if name in scored]
    answer = all_of(*[scored[name] for name in clauses])
    n_visits = len(grid.weeks) - 1
    table: dict[str, object] = {
        "patient": grid.patients.repeat(n_visits),
        "visit": like(np.tile(grid.visit_names[1:], len(grid.patients)), visits["visit"]),
        "week": np.tile(grid.weeks[1:], len(grid.patients)),
    }
    if grid.arms is not None:
        table["arm"] = like(np.repeat(grid.arms, n_visits), visits["arm"])
    table["not_improved"] = scored["stuck"].ravel()
    for name in ("new_a", "new_b", "sledai_rise"):
        table[name] = integer_column(scored[name])
    table["pga_rise"] = scored["pga_rise"].ravel() / 100
    for name in clauses:
        table[name] = boolean_column(scored[name])
    shown = np.where(answer == UNKNOWN, NO, answer) if missing == "nonresponder" else answer
    table["responder"] = boolean_column(shown)
    table["imputed"] = (answer == UNKNOWN).ravel() & (missing == "nonresponder")
    table["reason"] = _reasons(scored, answer, missing)
    return pd.DataFrame(table)
