"""The SELENA flare index: no flare, mild or moderate, or severe, against the visit before, with every clause."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells
from lupus_kit.core.errors import require_choice
from lupus_kit.endpoints.nullable import DECIMALS, any_of, known_true, rounded, yes_no
from lupus_kit.endpoints.rules.reasons import names_of, phrases, sentences, words_where
from lupus_kit.endpoints.rules.states import MISSING, read_rows
from lupus_kit.endpoints.rules.steroids import DOSE, FLARE_EVENTS
from lupus_kit.endpoints.words import WORDS

SLEDAI_RISE = 3
SLEDAI_SEVERE = 12
PGA_RISE = 1.00
PGA_SEVERE = 2.50

#: The clauses that are lists of events, one of which is enough: the yes/no columns, and what each records. A column that
#: is not there is not asked for.
LISTS = {name: rows["words"].to_dict() for name, rows in FLARE_EVENTS.groupby("clause", sort=False)}
#: The measured columns, with the smallest and the largest value.
MEASURED = {"sledai": (0, 105), "pga": (0, 3), DOSE: (0, 5000), "weight_kg": (10, 400)}
OPTIONAL = tuple(name for columns in LISTS.values() for name in columns)

_Answers = Mapping[str, pd.Series]

LEVELS = ("none", "mild-moderate", "severe")

#: Clause columns and the words for a clause that holds; the names of the lists above follow the words.
_LIMITS = {"sledai_rise": SLEDAI_RISE, "sledai_severe": SLEDAI_SEVERE, "pga_rise": PGA_RISE, "pga_severe": PGA_SEVERE}
CLAUSES = {name: words.format(**_LIMITS) for name, words in WORDS["flare_clauses"].items()}


def selena_flare(visits: pd.DataFrame, *, missing: str = "observed") -> pd.DataFrame:
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

    See Also
    --------
    sledai, sledai_descriptors

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
    prednisone beside a major feature. PGA, doses and weight keep their decimals and are compared exactly.

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
    rows = read_rows(visits, [*MEASURED], OPTIONAL)
    problems = BadCells("the visit table")
    read = {name: rounded(rows.table, name, problems, *ends, name == "sledai") for name, ends in MEASURED.items()}
    now = pd.DataFrame(read).rename(columns={DOSE: "dose", "weight_kg": "weight"})
    events = {name: yes_no(rows.table, name, problems) for name in OPTIONAL if name in rows.table}
    problems.raise_if_any()
    visit_before = rows.visit_before(now[["sledai", "pga", "dose"]].notna().any(axis=1))
    first = visit_before.isna()
    before = now.reindex(visit_before).reset_index(drop=True)
    rise = (now - before).round(DECIMALS)
    found = flare_clauses(now, before, events)
    clauses = {name: found[name].mask(first) for name in CLAUSES if name in found}

    severe = any_of(clause for name, clause in clauses.items() if name.startswith("severe"))
    mild = any_of(clause for name, clause in clauses.items() if name.startswith("mild"))
    is_open = known_true(severe.isna() | (~severe & mild.isna()))
    imputed = is_open & ~first.to_numpy() & (missing == "nonresponder")
    level = np.select([is_open & ~imputed, known_true(severe), known_true(mild)], [-1, 2, 1], 0)
    table = rows.keys() | {"sledai_rise": rise["sledai"].astype("Int64"), "pga_rise": rise["pga"].astype(float)}
    table |= {"prednisone_rise": rise["dose"].astype(float)} | clauses
    table["flare"] = pd.Categorical.from_codes(level, categories=list(LEVELS), ordered=True)
    grade = pd.DataFrame({"severe": severe, "mild": mild, "first": first, "open": is_open & ~first.to_numpy()})
    reasons = _reasons(clauses, events, grade, missing)
    return pd.DataFrame(table | {"imputed": imputed, "reason": reasons})


def flare_clauses(now: pd.DataFrame, before: pd.DataFrame, events: _Answers) -> dict[str, pd.Series]:
    """Ask each clause: yes makes a flare.

    Parameters
    ----------
    now, before : pandas.DataFrame
        ``sledai``, ``pga``, ``dose`` (mg a day) and ``weight`` (kg) at each visit and at the visit before it.
    events : mapping of str to pandas.Series
        The yes/no columns that are given.

    Returns
    -------
    dict of str to pandas.Series
        Nullable booleans by clause; a list of events of which no column is given has none.
    """
    rise = (now - before).round(DECIMALS)
    sledai_high = now["sledai"] > SLEDAI_SEVERE
    pga_high = now["pga"] > PGA_SEVERE
    dose_high = now["dose"] > 0.5 * now["weight"]
    dose_up = rise["dose"] > 0
    clauses = {
        "severe_sledai": (rise["sledai"] > 0) & sledai_high,
        "severe_pga": (rise["pga"] > 0) & pga_high,
        "severe_prednisone": dose_up & dose_high,
        "mild_sledai": (rise["sledai"] >= SLEDAI_RISE) & ~sledai_high,
        "mild_pga": (rise["pga"] >= PGA_RISE) & ~pga_high,
        "mild_prednisone": dose_up & ~dose_high,
    }
    for name, columns in LISTS.items():
        given = [events[column] for column in columns if column in events]
        if given:
            clauses[name] = any_of(given)
    if "severe_feature" in clauses:
        treated = (dose_up & (now["dose"] >= 2 * before["dose"])) | clauses["severe_prednisone"]
        if "severe_hospital" in clauses:
            treated = treated | clauses["severe_hospital"]
        clauses["severe_feature"] = clauses["severe_feature"] & treated
    return clauses


def _reasons(clauses: _Answers, events: _Answers, found: pd.DataFrame, missing: str) -> list[str]:
    """Name the clauses that decide the grade, or those that leave it open."""
    severe, mild, first, is_open = (found[name] for name in ("severe", "mild", "first", "open"))
    open_ending = ", counted as no." if missing == "nonresponder" else ", so the grade is open."

    def opening(severe: object, mild: object, first: bool) -> str:
        if first:
            return "No earlier visit to compare with"
        if severe is not pd.NA and severe:
            return "Severe flare: "
        if mild is not pd.NA and mild:
            grade = "Mild or moderate flare: "
            return "Undecided: at least mild or moderate: " if severe is pd.NA and missing == "observed" else grade
        if severe is pd.NA or mild is pd.NA:
            return "Undecided: " if missing == "observed" else "No flare: "
        return "No flare: no clause holds"

    parts, unknown = [], {}
    for name, clause in clauses.items():
        is_severe = name.startswith("severe")
        decides = clause & (severe.fillna(False) == is_severe)
        if name in LISTS:
            given = {text: events[column] & decides for column, text in LISTS[name].items() if column in events}
            parts.append(names_of(CLAUSES[name], pd.DataFrame(given)))
        else:
            parts.append(words_where(decides, CLAUSES[name]))
        # Once a mild or moderate flare is certain, only the severe clauses can still change the grade.
        unknown[name] = clause.isna() & is_open & (is_severe | ~mild.fillna(False))
    parts.append(names_of("not enough is recorded for ", pd.DataFrame(unknown)))
    endings = phrases(lambda is_open: open_ending if is_open else ".", is_open)
    return sentences(phrases(opening, severe, mild, first), parts, endings)
