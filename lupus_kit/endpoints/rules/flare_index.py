"""The SELENA flare index: no flare, mild or moderate, or severe, against the visit before, with every clause."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from lupus_kit.core.cells import BadCells, flags, numbers, require_choice
from lupus_kit.endpoints.rules.logic import (
    NO,
    UNKNOWN,
    YES,
    all_of,
    any_of,
    boolean_column,
    holds,
    integer_column,
    negate,
)
from lupus_kit.endpoints.rules.phrases import column, constant, join, spell
from lupus_kit.endpoints.rules.states import MISSING, VisitRows, hundredths, listing, read_rows

SLEDAI_RISE = 3
SLEDAI_SEVERE = 12
PGA_RISE_HUNDREDTHS = 100
PGA_SEVERE_HUNDREDTHS = 250

#: Optional yes/no columns and what each records. A column that is not there is not asked for.
MILD_DRUGS = {"added_nsaid": "NSAID added", "added_hydroxychloroquine": "hydroxychloroquine added"}
MILD_FEATURES = {
    "new_skin": "new or worse skin lupus",
    "new_ulcers": "new or worse nasal or oral ulcers",
    "new_pleurisy": "new or worse pleurisy",
    "new_pericarditis": "new or worse pericarditis",
    "new_arthritis": "new or worse arthritis",
    "new_fever": "new or worse fever of lupus",
}
SEVERE_DRUGS = {
    "new_cyclophosphamide": "cyclophosphamide started",
    "new_azathioprine": "azathioprine started",
    "new_methotrexate": "methotrexate started",
    "new_mycophenolate": "mycophenolate started",
}
SEVERE_FEATURES = {
    "new_cns": "new or worse central nervous system lupus",
    "new_vasculitis": "new or worse vasculitis",
    "new_nephritis": "new or worse nephritis",
    "new_myositis": "new or worse myositis",
    "new_low_platelets": "new or worse platelets below 60",
    "new_haemolytic_anaemia": "new or worse haemolytic anaemia",
}
HOSPITAL = {"hospitalised": "in hospital for lupus"}

OPTIONAL = (*MILD_DRUGS, *MILD_FEATURES, *SEVERE_DRUGS, *SEVERE_FEATURES, *HOSPITAL)
LEVELS = ("none", "mild-moderate", "severe")
FEATURE_NEEDS = ("doubling", "rise", "nothing")

#: Clause columns and the words for a clause that holds; the names of the lists above follow the words.
CLAUSES = {
    "severe_sledai": f"SLEDAI rose to above {SLEDAI_SEVERE}",
    "severe_pga": "PGA rose to above 2.50",
    "severe_prednisone": "prednisone rose to above 0.5 mg/kg a day",
    "severe_drug": "a new immunosuppressant: ",
    "severe_hospital": "",
    "severe_feature": "a major feature with the treatment asked for: ",
    "mild_sledai": f"SLEDAI rose by {SLEDAI_RISE} or more, to {SLEDAI_SEVERE} or less",
    "mild_pga": "PGA rose by 1.00 or more, to 2.50 or less",
    "mild_prednisone": "prednisone rose, to 0.5 mg/kg a day or less",
    "mild_drug": "added treatment: ",
    "mild_feature": "a minor feature: ",
}
_LISTS = {
    "severe_drug": SEVERE_DRUGS,
    "severe_hospital": HOSPITAL,
    "severe_feature": SEVERE_FEATURES,
    "mild_drug": MILD_DRUGS,
    "mild_feature": MILD_FEATURES,
}


def selena_flare(
    visits: pd.DataFrame, *, severe_feature_needs: str = "doubling", missing: str = "observed"
) -> pd.DataFrame:
    """Grade every visit with the SELENA flare index against the visit before, and say why.

    A severe flare is any of: SELENA-SLEDAI rises to above 12; the physician's global assessment (PGA, 0 to 3)
    rises to above 2.5; prednisone rises to above 0.5 mg/kg a day; cyclophosphamide, azathioprine, methotrexate or
    mycophenolate is started; hospital for lupus; a new or worse major feature that needs more treatment. A mild or
    moderate flare is none of these and any of: SELENA-SLEDAI rises by 3 or more, to 12 or less; PGA rises by 1.0
    or more, to 2.5 or less; prednisone rises, to 0.5 mg/kg a day or less; an NSAID or hydroxychloroquine is added;
    a new or worse minor feature.

    Parameters
    ----------
    visits : pandas.DataFrame
        One row per patient and visit, in any order, with ``patient``, ``visit`` (name), ``week`` (0 or later),
        ``sledai`` (SELENA-SLEDAI, 0-105), ``pga`` (0-3), ``prednisone_mg_day`` (mg a day) and ``weight_kg``.
        Optional: ``arm``, and these yes/no columns, each about the time since the visit before: ``added_nsaid``,
        ``added_hydroxychloroquine``; ``new_skin`` (discoid, photosensitive, profundus, cutaneous vasculitis,
        bullous), ``new_ulcers``, ``new_pleurisy``, ``new_pericarditis``, ``new_arthritis``, ``new_fever``;
        ``new_cyclophosphamide``, ``new_azathioprine``, ``new_methotrexate``, ``new_mycophenolate``; ``new_cns``,
        ``new_vasculitis``, ``new_nephritis``, ``new_myositis``, ``new_low_platelets`` (below 60 × 10⁹/L),
        ``new_haemolytic_anaemia`` (haemoglobin below 7 g/dl or a fall of more than 3 g/dl); ``hospitalised``.
        Cells may be missing; a column that is not there is not asked for; other columns are ignored.
    severe_feature_needs : {"doubling", "rise", "nothing"}
        What a major feature needs to make the flare severe. ``"doubling"``: prednisone doubled, or raised to above
        0.5 mg/kg a day, or hospital. ``"rise"``: prednisone raised, or hospital. ``"nothing"``: the feature is enough.
    missing : {"observed", "nonresponder"}
        What to do where missing data leave the grade open: leave ``flare`` missing, or count what is open as "no".
        The default differs from the response rules, because counting an unseen flare as none flatters.

    Returns
    -------
    pandas.DataFrame
        One row per row of `visits`, sorted by patient and week: ``patient``, ``visit``, ``week``, ``arm`` (if
        given), ``sledai_rise``, ``pga_rise``, ``prednisone_rise``, the clauses ``severe_sledai``, ``severe_pga``,
        ``severe_prednisone``, ``severe_drug``, ``severe_hospital``, ``severe_feature``, ``mild_sledai``, ``mild_pga``,
        ``mild_prednisone``, ``mild_drug``, ``mild_feature`` (true where the clause makes a flare; a clause is left out
        where none of its columns is given), ``flare`` (ordered categories none < mild-moderate < severe),
        ``imputed`` (true where an open answer was counted as "no"), ``reason``. Clauses are nullable booleans.

    Raises
    ------
    InputError
        If columns are missing, cells are not allowed (all are listed), a patient has two rows for one week, the
        name of an optional column is misspelt, or an option is unknown.

    Notes
    -----
    Three-valued logic: one clause that holds decides its grade, whatever is missing elsewhere; a grade is ruled out
    only when each of its clauses is known not to hold. A severe flare therefore stands on one recorded clause, while
    a mild or moderate one is certain only when every severe clause is ruled out.

    The kit's readings. The visit before is the last earlier one with SLEDAI, PGA or prednisone recorded; where
    there is none, the index is not defined and clauses and ``flare`` are missing, in both ways of handling missing
    data. "To above 12" and "to above 2.5" ask for a rise, of any size, that ends above the limit: a SLEDAI that
    stays at 14 is no flare, one that goes from 13 to 14 is severe. Prednisone that starts from 0 has doubled. The
    printed lists differ: some leave out mycophenolate (do not give the column), and some ask for any rise of
    prednisone beside a major feature. PGA, doses and weight are read to two decimals and compared exactly.

    References
    ----------
    Petri M, et al. N Engl J Med 2005;353:2550-2558. Buyon JP, et al. Ann Intern Med 2005;142:953-962.

    Examples
    --------
    >>> import pandas as pd
    >>> visits = pd.DataFrame({"patient": ["Ann"] * 3, "visit": ["baseline", "week 4", "week 8"], "week": [0, 4, 8],
    ...                        "sledai": [6, 9, 14], "pga": [1.0, 1.2, 1.2], "prednisone_mg_day": [10, 10, 40],
    ...                        "weight_kg": [60, 60, 60]})
    >>> graded = selena_flare(visits)
    >>> graded["flare"].tolist()
    [nan, 'mild-moderate', 'severe']
    >>> graded["reason"].iloc[2]
    'Severe flare: SLEDAI rose to above 12; prednisone rose to above 0.5 mg/kg a day.'
    """
    require_choice("way to handle missing data", missing, MISSING)
    require_choice("need of a severe feature", severe_feature_needs, FEATURE_NEEDS)
    rows = read_rows(visits, ["sledai", "pga", "prednisone_mg_day", "weight_kg"], OPTIONAL)
    problems = BadCells("the visit table")
    now = {
        "sledai": numbers(rows.table, "sledai", problems, 0, 105, whole=True),
        "pga": hundredths(rows.table, "pga", problems, 0, 3),
        "dose": hundredths(rows.table, "prednisone_mg_day", problems, 0, 5000),
        "weight": hundredths(rows.table, "weight_kg", problems, 10, 400),
    }
    events = {name: flags(rows.table, name, problems) for name in OPTIONAL if name in rows.table.columns}
    problems.raise_if_any()
    seen = ~np.isnan(np.stack([now["sledai"], now["pga"], now["dose"]])).all(axis=0)
    previous = rows.previous(seen)
    first = previous == -1
    before = {name: np.where(first, np.nan, now[name][previous]) for name in ("sledai", "pga", "dose")}
    clauses = _clauses(now, before, events, severe_feature_needs)
    for name in clauses:
        clauses[name] = np.where(first, UNKNOWN, clauses[name]).astype(np.int8)
    return _table(rows, now, before, events, clauses, first, missing)


def _clauses(
    now: dict[str, np.ndarray], before: dict[str, np.ndarray], events: dict[str, np.ndarray], needs: str
) -> dict[str, np.ndarray]:
    """Evaluate each clause on the sorted rows; YES makes a flare."""
    sledai, pga, dose, weight = now["sledai"], now["pga"], now["dose"], now["weight"]
    old_sledai, old_pga, old_dose = before["sledai"], before["pga"], before["dose"]
    sledai_high = holds(sledai > SLEDAI_SEVERE, sledai)
    pga_high = holds(pga > PGA_SEVERE_HUNDREDTHS, pga)
    dose_high = holds(2 * dose > weight, dose, weight)
    dose_up = holds(dose > old_dose, dose, old_dose)
    dose_severe = all_of(dose_up, dose_high)
    clauses = {
        "severe_sledai": all_of(holds(sledai > old_sledai, sledai, old_sledai), sledai_high),
        "severe_pga": all_of(holds(pga > old_pga, pga, old_pga), pga_high),
        "severe_prednisone": dose_severe,
        "mild_sledai": all_of(holds(sledai - old_sledai >= SLEDAI_RISE, sledai, old_sledai), negate(sledai_high)),
        "mild_pga": all_of(holds(pga - old_pga >= PGA_RISE_HUNDREDTHS, pga, old_pga), negate(pga_high)),
        "mild_prednisone": all_of(dose_up, negate(dose_high)),
    }
    for name, columns in _LISTS.items():
        given = [events[column] for column in columns if column in events]
        if given:
            clauses[name] = any_of(*given)
    if "severe_feature" in clauses and needs != "nothing":
        doubled = all_of(dose_up, holds(dose >= 2 * old_dose, dose, old_dose))
        enough = [doubled, dose_severe] if needs == "doubling" else [dose_up]
        if "severe_hospital" in clauses:
            enough.append(clauses["severe_hospital"])
        clauses["severe_feature"] = all_of(clauses["severe_feature"], any_of(*enough))
    return {name: clauses[name] for name in CLAUSES if name in clauses}


def _words(name: str, holds_here: np.ndarray, events: dict[str, np.ndarray]) -> pa.Array:
    """Say what made a clause hold, with the names of the events where it is a list of them."""
    if name not in _LISTS:
        return constant(CLAUSES[name], holds_here)
    given = {column: text for column, text in _LISTS[name].items() if column in events}
    recorded = np.column_stack([events[column] == YES for column in given])
    return listing(CLAUSES[name], recorded, list(given.values()), holds_here)


def _table(
    rows: VisitRows,
    now: dict[str, np.ndarray],
    before: dict[str, np.ndarray],
    events: dict[str, np.ndarray],
    clauses: dict[str, np.ndarray],
    first: np.ndarray,
    missing: str,
) -> pd.DataFrame:
    severe = any_of(*[verdict for name, verdict in clauses.items() if name.startswith("severe")])
    mild = any_of(*[verdict for name, verdict in clauses.items() if name.startswith("mild")])
    open_answer = (severe == UNKNOWN) | ((severe == NO) & (mild == UNKNOWN))
    level = np.select([severe == YES, mild == YES], [2, 1], 0)
    imputed = open_answer & ~first & (missing == "nonresponder")
    level = np.where(open_answer & ~imputed, -1, level)
    reason = _reasons(clauses, events, severe, mild, level, open_answer & ~first, first, missing)
    table: dict[str, object] = rows.keys() | {
        "sledai_rise": integer_column(now["sledai"] - before["sledai"]),
        "pga_rise": (now["pga"] - before["pga"]) / 100,
        "prednisone_rise": (now["dose"] - before["dose"]) / 100,
    }
    table |= {name: boolean_column(verdict) for name, verdict in clauses.items()}
    table["flare"] = pd.Categorical.from_codes(level, categories=list(LEVELS), ordered=True)
    return pd.DataFrame(table | {"imputed": imputed, "reason": reason})


def _reasons(
    clauses: dict[str, np.ndarray],
    events: dict[str, np.ndarray],
    severe: np.ndarray,
    mild: np.ndarray,
    level: np.ndarray,
    is_open: np.ndarray,
    first: np.ndarray,
    missing: str,
) -> pd.api.extensions.ExtensionArray:
    """Name the clauses that decide the grade, or those that leave it open."""
    count_as_no = missing == "nonresponder"
    openings = {-2: "No earlier visit to compare with", -1: "Undecided: ", 0: "No flare", 1: "Mild or moderate flare: "}
    openings[2] = "Severe flare: "
    why = [
        _words(name, (verdict == YES) & ~first & ((severe == YES) == name.startswith("severe")), events)
        for name, verdict in clauses.items()
    ]
    # Once a mild or moderate flare is certain, only the severe clauses can still change the grade.
    unknown = [
        constant(name, (verdict == UNKNOWN) & is_open & (name.startswith("severe") | (mild != YES)))
        for name, verdict in clauses.items()
    ]
    parts = [
        spell(np.where(first, -2, level), openings.__getitem__),
        constant("at least mild or moderate: ", is_open & (mild == YES) & (level == -1)),
        constant(": ", is_open & (level == 0)),
        constant(": no clause holds", ~is_open & ~first & (level == 0)),
        join(why, "; "),
        constant("; ", is_open & (mild == YES)),
        constant("not enough is recorded for ", is_open),
        join(unknown, ", "),
        constant(", counted as no" if count_as_no else ", so the grade is open", is_open),
        constant(".", np.ones(len(level), dtype=bool)),
    ]
    return column(join(parts))
