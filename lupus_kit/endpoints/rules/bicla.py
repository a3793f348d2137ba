"""BICLA: the composite response led by BILAG, with each clause and the reason for every patient.

:func:`bicla_clauses` asks what the definition asks. Yes, no and missing follow pandas' nullable booleans: ``False &
missing`` is false, ``True & missing`` is missing.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lupus_kit.core.errors import require_choice
from lupus_kit.endpoints.bilag.grades import A, B, Flags, Grades
from lupus_kit.endpoints.nullable import all_of
from lupus_kit.endpoints.pga import PGA_UNITS
from lupus_kit.endpoints.rules.intercurrent import STEROIDS, Intercurrent, read_with_events
from lupus_kit.endpoints.rules.reasons import phrases
from lupus_kit.endpoints.rules.sri import NEW_B_LIMIT, PGA_LIMIT, sri_changes
from lupus_kit.endpoints.rules.states import MISSING
from lupus_kit.endpoints.rules.steroids import SteroidRule
from lupus_kit.endpoints.visits.keys import KEYS
from lupus_kit.endpoints.visits.visit_table import EVENTS, GRADE_LIST, with_baseline
from lupus_kit.endpoints.words import WORDS

#: Clause columns and what each asks for, in the order in which reasons name them.
CLAUSES = WORDS["bicla_clauses"]


def not_improved(before: Grades, now: Grades) -> Flags:
    """Tell which grades stay active: A at baseline and still A, or B at baseline and A or B now."""
    return np.asarray(((before == A) & (now == A)) | ((before == B) & (now <= B)))


def bicla_clauses(
    baseline: pd.DataFrame, visit: pd.DataFrame, change: pd.DataFrame, events: Sequence[str]
) -> pd.DataFrame:
    """Ask each clause of BICLA; a patient responds where all of them hold.

    Parameters
    ----------
    baseline, visit : pandas.DataFrame
        Rows of a checked visit table, as ``with_baseline`` pairs them. PGA is in whole units of ``PGA_UNITS``.
    change : pandas.DataFrame
        What ``sri_changes`` found for the same rows.
    events : sequence of str
        Events that count as non-response.

    Returns
    -------
    pandas.DataFrame
        Nullable booleans: the columns of ``CLAUSES``, the last two only where there are such events.
    """
    before, now = baseline[GRADE_LIST].to_numpy(), visit[GRADE_LIST].to_numpy()
    active = ((before == A).sum(axis=1) >= 1) | ((before == B).sum(axis=1) >= 2)
    improved = ~not_improved(before, now).any(axis=1)
    may_stay_active = np.isnan(before + now) & ~(before > B) & ~(now > B)  # neither grade is known to be C or milder
    clauses = pd.DataFrame({"active_baseline": active, "improved_clause": improved}, index=visit.index, dtype="boolean")
    clauses["active_baseline"] = clauses["active_baseline"].mask(~active & np.isnan(before).any(axis=1))
    clauses["improved_clause"] = clauses["improved_clause"].mask(improved & may_stay_active.any(axis=1))
    clauses["new_clause"] = (change["new_a"] == 0) & (change["new_b"] < NEW_B_LIMIT) & change["grades_known"]
    clauses["sledai_clause"] = visit["sledai"] <= baseline["sledai"]
    clauses["pga_clause"] = change["pga_rise"] < PGA_LIMIT
    if recorded := [name for name in events if name != STEROIDS]:
        clauses["rescue_clause"] = ~visit[recorded].any(axis=1, skipna=False)
    if STEROIDS in events:
        clauses["steroid_clause"] = ~visit[STEROIDS]
    return clauses


def bicla_reasons(clauses: pd.DataFrame, shown: pd.Series, found: Intercurrent) -> np.ndarray:
    """Write one sentence per row: the clauses that fail and what happened, else those that are open.

    Where other values are judged than those of the visit, it ends with why.
    """
    words, later = dict(CLAUSES), (found.table["week"] > 0).to_numpy()
    if (recorded := [name for name in found.clauses if name != STEROIDS]) != ["rescue"]:
        words["rescue_clause"] = f"no event that counts as non-response ({', '.join(recorded)})"
    asked = [words[name] for name in clauses]
    plain = np.full(len(clauses), "", dtype=object)
    details = {"rescue_clause": found.when()[later]}
    if STEROIDS in found.clauses:
        details["steroid_clause"] = found.words(STEROIDS)[later]
    happened = [details.get(name, plain) for name in clauses]

    def reason(shown: object, moved: str, *cells: object) -> str:
        verdicts, details = cells[: len(asked)], cells[len(asked) :]
        unknown = [what for what, met in zip(asked, verdicts, strict=True) if met is pd.NA]
        both = zip(asked, verdicts, details, strict=True)
        failed = [f"{what} ({how})" if how else what for what, met, how in both if met is not pd.NA and not met]
        end = f"; {moved}." if moved else "."
        if failed:
            return f"Not a responder; not met: {'; '.join(failed)}{end}"
        if not unknown:
            return f"Responder: every clause is met{end}"
        lead = "Missing" if shown is pd.NA else "Counted as non-responder"
        return f"{lead}: not enough is recorded to decide: {'; '.join(unknown)}{end}"

    return phrases(reason, shown, found.moved_words()[later], *(clauses[name] for name in clauses), *happened)


def bicla(
    visits: pd.DataFrame,
    *,
    missing: str = "nonresponder",
    events: str = "composite",
    event_columns: Sequence[str] = EVENTS,
    steroids: str | SteroidRule | None = "auto",
) -> pd.DataFrame:
    """Decide for every patient and post-baseline visit whether BICLA is met, and say why.

    Parameters
    ----------
    visits : pandas.DataFrame
        The table that ``sri`` takes: ``patient``, ``visit``, ``week``, ``sledai``, ``pga`` (0-3), the nine
        ``bilag_<system>`` grades, and optionally ``arm``, the yes/no columns of `event_columns`, and what a rule on
        steroids reads.
    missing : {"nonresponder", "observed"}
        Count open answers as non-response, or leave ``responder`` missing.
    events, event_columns, steroids
        The strategy for intercurrent events, their columns, and the rule on steroids, as for ``sri``.

    Returns
    -------
    pandas.DataFrame
        One row per patient and post-baseline visit: keys, ``arm`` (if given), ``not_improved`` (systems recorded
        as still A or B against the rule), ``new_a``, ``new_b``, ``sledai_rise``, ``pga_rise``, the clauses
        ``active_baseline``, ``improved_clause``, ``new_clause``, ``sledai_clause``, ``pga_clause``, under
        ``"composite"`` ``rescue_clause`` (if there are events) and ``steroid_clause`` (if there is a rule on steroids),
        else ``after_event`` as from ``sri``, ``responder``, ``imputed`` (true where only missing data made the
        answer no), ``reason``. Clauses and ``responder`` are nullable booleans.

    Raises
    ------
    InputError
        For missing columns, bad cells, doubled visits, or an unknown option.

    See Also
    --------
    sri, sri50, lldas, doris

    Notes
    -----
    Three-valued logic as in ``sri``: a clause fails as soon as the recorded values fail it, one failed clause
    decides, and ``new_clause`` passes only when all eighteen grades are recorded. PGA is compared with
    all its decimals, and a rise of exactly 0.30 fails: sources word the clause as "less than 0.3" or as "at most 10%"
    of the 3-point scale. Trials admit only patients with an active baseline, so the rule does not say what an inactive
    one (no A and fewer than two B) means: here such a patient is a non-responder, named by ``active_baseline``.

    References
    ----------
    Wallace DJ, et al. Ann Rheum Dis 2014;73:183-190.

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
    table, found = read_with_events(visits, event_columns=event_columns, events=events, steroids=steroids)
    baseline, visit = with_baseline(table)
    change = sri_changes(baseline, visit)
    clauses = bicla_clauses(baseline, visit, change, found.clauses)
    answer = all_of(clauses[name] for name in clauses)
    imputed = answer.isna() & (missing == "nonresponder")
    shown = answer.mask(imputed, False)

    known = change["grades_known"].fillna(False)
    stay_active = not_improved(baseline[GRADE_LIST].to_numpy(), visit[GRADE_LIST].to_numpy())
    result = {name: visit[name] for name in (*KEYS, "arm") if name in visit}
    result |= {"not_improved": pd.Series(stay_active.sum(axis=1))}
    result |= {name: change[name].astype("Int64").where(known) for name in ("new_a", "new_b")}
    result |= {"sledai_rise": -change["sledai_drop"], "pga_rise": change["pga_rise"].astype(float) / PGA_UNITS}
    result |= {name: clauses[name] for name in clauses}
    if found.strategy != "composite":
        result |= found.columns(visit)
    result |= {"responder": shown, "imputed": imputed}

    result["reason"] = bicla_reasons(clauses, shown, found)
    return pd.DataFrame(result)
