"""BICLA: the composite response led by BILAG, with each clause and the reason for every patient."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lupus_kit.core.cells import require_choice, require_switch
from lupus_kit.endpoints.bilag.grades import is_new_a, is_new_b
from lupus_kit.endpoints.rules.logic import NO, UNKNOWN, YES, all_of, boolean_column, clause, integer_column, negate
from lupus_kit.endpoints.rules.phrases import column, spell
from lupus_kit.endpoints.rules.sri import NEW_B_LIMIT, PGA_LIMIT_HUNDREDTHS
from lupus_kit.endpoints.visits.visit_table import MISSING_GRADE, VisitGrid, key_columns, read_visits

_A, _B = 0, 1

#: Ways to count an answer that missing data leave open, and a patient whose baseline is not active.
MISSING = ("nonresponder", "observed")
INACTIVE = ("nonresponder", "excluded")

#: Clause columns and what each asks for, in the order in which reasons name them.
CLAUSES = {
    "active_baseline": "baseline has at least one A or two B",
    "improved_clause": "every baseline A falls to B or better and every baseline B to C or better",
    "new_clause": "no new A and at most one new B",
    "sledai_clause": "SLEDAI does not rise above baseline",
    "pga_clause": "PGA rises by less than 0.30",
    "rescue_clause": "no rescue treatment",
}


def _score(grid: VisitGrid, pga_limit: int) -> dict[str, np.ndarray]:
    """Evaluate each clause on arrays of shape (patients, post-baseline visits)."""
    old, new = grid.grades[:, :1], grid.grades[:, 1:]
    gap = ((old == MISSING_GRADE) | (new == MISSING_GRADE)).any(axis=2)
    n_a, n_b = (old == _A).sum(axis=2), (old == _B).sum(axis=2)
    active = (n_a >= 1) | (n_b >= 2)
    could_be = (old == MISSING_GRADE).any(axis=2)
    stuck = ((old == _A) & (new == _A)) | ((old == _B) & (new <= _B))
    new_a = is_new_a(old, new, True).sum(axis=2)
    new_b = is_new_b(old, new).sum(axis=2)
    rise = grid.sledai[:, 1:] - grid.sledai[:, :1]
    pga_rise = grid.pga[:, 1:] - grid.pga[:, :1]
    baseline_verdict = np.where(active, YES, np.where(could_be, UNKNOWN, NO)).astype(np.int8)
    # A missing grade matters to "improved" only where baseline was, or may have been, A or B.
    hidden = (
        ((old == MISSING_GRADE) & (new <= _B))
        | ((old <= _B) & (new == MISSING_GRADE))
        | ((old == MISSING_GRADE) & (new == MISSING_GRADE))
    )
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
        "pga_clause": clause(pga_rise >= pga_limit, np.isnan(pga_rise)),
    }
    if grid.rescue is not None:
        scored["rescue_clause"] = negate(grid.rescue[:, 1:])
    return scored


def _reasons(
    verdicts: dict[str, np.ndarray], shown: np.ndarray, events: tuple[str, ...], rise_of_030_fails: bool
) -> pd.api.extensions.ExtensionArray:
    """Write one sentence per row; rows with the same verdicts share one sentence, which is made once."""
    words = CLAUSES | ({"rescue_clause": _event_words(events)} if events else {})
    if not rise_of_030_fails:
        words["pga_clause"] = "PGA rises by 0.30 or less"
    asked = [words[name] for name in verdicts]
    base = UNKNOWN, NO, YES  # each verdict, and how the answer is shown, is one digit of the row's code
    code = shown.ravel().astype(np.int64) + 1
    for verdict in verdicts.values():
        code = 3 * code + verdict.ravel() + 1

    def say(number: int) -> str:
        digits = []
        for _ in asked:
            number, digit = divmod(number, 3)
            digits.append(base[digit])
        answer = base[number]
        of = {v: "; ".join(w for w, d in zip(asked, reversed(digits), strict=True) if d == v) for v in base}
        if of[NO]:
            return f"Not a responder; not met: {of[NO]}." if answer == NO else f"Not assessed; not met: {of[NO]}."
        if not of[UNKNOWN]:
            return "Responder: every clause is met."
        lead = "Counted as non-responder" if answer == NO else "Missing"
        return f"{lead}: not enough is recorded to decide: {of[UNKNOWN]}."

    return column(spell(code, say))


def _event_words(events: tuple[str, ...]) -> str:
    """Say what the event clause asks for, given the events on record."""
    if events == ("rescue",):
        return CLAUSES["rescue_clause"]
    return f"no event that counts as non-response ({', '.join(events)})"


def bicla(
    visits: pd.DataFrame,
    *,
    missing: str = "nonresponder",
    inactive_baseline: str = "nonresponder",
    rise_of_030_fails: bool = True,
) -> pd.DataFrame:
    """Decide for every patient and post-baseline visit whether BICLA is met, and say why.

    Parameters
    ----------
    visits : pandas.DataFrame
        The table that ``sri`` takes: ``patient``, ``visit``, ``week``, ``sledai``, ``pga`` (0-3), the nine
        ``bilag_<system>`` grades, and optionally ``arm`` and the yes/no columns ``rescue``,
        ``disallowed_medication`` and ``withdrawn``, whose "yes" is non-response at that visit.
    missing : {"nonresponder", "observed"}
        Count open answers as non-response, or leave ``responder`` missing.
    inactive_baseline : {"nonresponder", "excluded"}
        What to do with a patient whose baseline has no A and fewer than two B, who could not have met the rule:
        count as non-responder, or leave ``responder`` missing at every visit. Where missing grades leave the
        activity of the baseline open, `missing` decides.
    rise_of_030_fails : bool
        Whether a PGA rise of exactly 0.30 fails. Sources word the clause as "less than 0.3" or as "at most 10%" of
        the 3-point scale.

    Returns
    -------
    pandas.DataFrame
        One row per patient and post-baseline visit: keys, ``arm`` (if given), ``not_improved`` (systems recorded
        as still A or B against the rule), ``new_a``, ``new_b``, ``sledai_rise``, ``pga_rise``, the clauses
        ``active_baseline``, ``improved_clause``, ``new_clause``, ``sledai_clause``, ``pga_clause`` and
        ``rescue_clause`` (if an event is given), ``responder``, ``imputed`` (true where only missing data made the
        answer no), ``reason``. Clauses and ``responder`` are nullable booleans.

    Raises
    ------
    InputError
        For missing columns, bad cells, doubled visits, or an unknown option.

    Notes
    -----
    Three-valued logic as in ``sri``: a clause fails as soon as the recorded values fail it, one failed clause
    decides, and ``new_clause`` passes only when all eighteen grades are recorded. PGA is compared in whole
    hundredths. Trials admit only patients with an active baseline, so the rule does not say what
    an inactive one means: compare both ways to count it. Excluding such patients changes the denominator.

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
    require_choice("way to handle missing data", missing, MISSING)
    require_switch("rise_of_030_fails", rise_of_030_fails)
    require_choice("way to count an inactive baseline", inactive_baseline, INACTIVE)
    grid = read_visits(visits)
    scored = _score(grid, PGA_LIMIT_HUNDREDTHS if rise_of_030_fails else PGA_LIMIT_HUNDREDTHS + 1)
    verdicts = {name: scored[name] for name in CLAUSES if name in scored}
    answer = all_of(*verdicts.values())
    imputed = (answer == UNKNOWN) & (missing == "nonresponder")
    shown = np.where(imputed, NO, answer)
    if inactive_baseline == "excluded":
        shown = np.where(verdicts["active_baseline"] == NO, UNKNOWN, shown)
    table = key_columns(visits, grid)
    table["not_improved"] = scored["stuck"].ravel()
    for name in ("new_a", "new_b", "sledai_rise"):
        table[name] = integer_column(scored[name])
    table["pga_rise"] = scored["pga_rise"].ravel() / 100
    table |= {name: boolean_column(verdict) for name, verdict in verdicts.items()}
    table["responder"] = boolean_column(shown)
    table["imputed"] = imputed.ravel()
    table["reason"] = _reasons(verdicts, shown, tuple(grid.events), rise_of_030_fails)
    return pd.DataFrame(table, copy=False)
