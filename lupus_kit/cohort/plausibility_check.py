"""Whether patients look like patients: statements about a cohort or a visit file, each beside its expected range and source.

The statements, their ranges and where each comes from stand in ``data/plausibility.csv``: read in a source (``V``), set by the
kit (``set``), or true by definition. What breaks a definition is impossible; what lies outside a range is unusual.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.cohort.columns import ARMS, SYSTEM_ITEMS, VISIT_TABLES
from lupus_kit.cohort.tables import Cohort
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import SLEDAI_ITEMS, VisitFile, bilag_total, read_visit_file, sledai, sri

#: One row a statement: of which rows what is counted, averaged or correlated (a formula of the columns), and its range.
_STATEMENTS = pd.read_csv(Path(__file__).with_name("data") / "plausibility.csv")
_GRADES = [f"bilag_{system}" for system in SYSTEM_ITEMS]

#: A value, its standard error (0 for a count) and how many patients or visits it comes from.
Found = tuple[float, float, int]


def plausibility(cohort: Cohort | VisitFile | pd.DataFrame | str | Path) -> pd.DataFrame:
    """Hold a cohort, or a visit file, against what lupus trials print and what the indices define.

    Parameters
    ----------
    cohort : Cohort, VisitFile, pandas.DataFrame, str or pathlib.Path
        A cohort of the kit; or a visit file, its path, or its visits, with the columns of ``VISIT_FILE_COLUMNS``.

    Returns
    -------
    pandas.DataFrame
        One row a statement: ``statement``; ``expected`` (the range in words), with ``low`` and ``high``; ``found``; ``n``, the
        patients or visits it comes from; ``verdict``: ``"agrees"``, ``"impossible"`` (an error: counts that must be 0),
        ``"unusual"`` (a note: outside the range by more than 1.96 standard errors), or ``"not recorded"`` where the columns
        are not there; ``mark`` (``V`` read in the source, ``set`` by the kit, ``definition``) and ``source``.

    Raises
    ------
    InputError
        If what is given is neither a cohort nor visits with ``patient`` and ``week``.

    See Also
    --------
    what_if, write_what_if, calibration_table

    Examples
    --------
    >>> from lupus_kit import cohort
    >>> table = cohort.plausibility(cohort.what_if(seed=1))
    >>> table.query("statement == 'patients who are ill for longer than they live'")["verdict"].item()
    'agrees'
    """
    frame = _with_what_follows(_one_table(cohort))
    rows = []
    for row in _STATEMENTS.itertuples(index=False):
        try:
            found, error, n = _measured(row.measure, _rows(frame, row.rows), row.of.split("; "))
        except (NameError, KeyError):  # a column is not there
            found, error, n = np.nan, np.nan, 0
        except (TypeError, ValueError, AttributeError) as problem:
            raise InputError(
                f"cannot judge {row.statement!r}: a column holds cells of the wrong kind ({problem}). Read the file with "
                "read_visit_file, which checks every cell."
            ) from None
        inside = row.low - 1.96 * error <= found <= row.high + 1.96 * error
        verdict = "not recorded" if np.isnan(found) else "agrees" if inside else row.kind
        expected = "none" if row.high == 0 else f"{row.low:g} to {row.high:g}"
        rows.append((row.statement, expected, found, verdict, n, row.low, row.high, row.mark, row.source))
    names = ["statement", "expected", "found", "verdict", "n", "low", "high", "mark", "source"]
    return pd.DataFrame(rows, columns=names)


def _one_table(cohort: Cohort | VisitFile | pd.DataFrame | str | Path) -> pd.DataFrame:
    """Return one row a patient and visit with every column, in order."""
    if isinstance(cohort, (str, Path)):
        cohort = read_visit_file(cohort)
    if isinstance(cohort, Cohort):
        parts = [cohort.tables[name].set_index(["patient", "week"]) for name in VISIT_TABLES]
        frame = pd.concat(parts, axis=1)
        frame = frame.loc[:, ~frame.columns.duplicated()].reset_index()
        frame = frame.merge(cohort.patients.drop(columns="arm"), on="patient")
    else:
        frame = cohort.to_frame() if isinstance(cohort, VisitFile) else cohort
    if not isinstance(frame, pd.DataFrame) or not {"patient", "week"} <= set(frame.columns):
        raise InputError("give a cohort, or a visit file or a table of visits with the columns 'patient' and 'week'.")
    return frame.sort_values(["patient", "week"], kind="stable").reset_index(drop=True)


def _with_what_follows(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from the columns that are there: totals, changes, clauses, and what contradicts itself."""
    has, who, new = set(frame.columns), frame["patient"], {}
    items = [*SLEDAI_ITEMS["id"]]
    if set(_GRADES) <= has:
        new["bilag_total"] = bilag_total(frame).astype(float)
        active, never = frame[_GRADES].isin(["A", "B", "C"]), frame[_GRADES] == "E"
        new["never_but_active"] = (active.groupby(who).cummax() & never).any(axis=1)
    if set(items) <= has:
        stable = [name for name in ("proteinuria_stable",) if name in has]
        new |= {f"points_{v}": sledai(frame[items + stable], v).astype(float) for v in ("2K", "SELENA")}
        present = pd.DataFrame({s: frame[list(found)].any(axis=1) for s, found in SYSTEM_ITEMS.items()})
        if set(_GRADES) <= has:
            new["denied"] = (present.to_numpy(dtype=bool) & frame[_GRADES].isin(["D", "E"]).to_numpy()).any(axis=1)
        if "nephritis" not in has:
            new["nephritis"] = (present["renal"] & ~who.duplicated()).groupby(who).transform("max")
    if {"weight_kg", "height_cm"} <= has:
        new["bmi"] = frame["weight_kg"] / (frame["height_cm"] / 100) ** 2
    if "protein_24h_g" in has:
        new["protein_before"] = frame.groupby("patient")["protein_24h_g"].shift()
    if {"visit", "sledai", "pga", *_GRADES} <= has:
        also = [name for name in ("arm", "rescue", "disallowed_medication", "withdrawn") if name in has]
        read = frame[["patient", "visit", "week", "sledai", "pga", *_GRADES, *also]]
        answers = sri(read, missing="observed", reasons=False).set_index(["patient", "week"])
        clauses = answers[["sledai_clause", "bilag_clause", "pga_clause", "responder"]].astype("Float64")
        visits = pd.MultiIndex.from_frame(frame[["patient", "week"]])
        new |= clauses.reindex(visits).reset_index(drop=True).astype(float)
    frame = pd.concat([frame.drop(columns=[name for name in new if name in has]), pd.DataFrame(new)], axis=1).copy()
    apart = frame[frame["week"] % 12 == 0]  # weeks 0, 12 and 24, as far apart as in routine care
    for score in {"pga", "sledai", "bilag_total"} & set(frame.columns):
        frame[f"change_of_{score}"] = apart[score].astype(float).groupby(apart["patient"]).diff()
    return frame


def _rows(frame: pd.DataFrame, which: str) -> pd.DataFrame:
    """Choose the rows a statement is about."""
    entry, last = ~frame["patient"].duplicated(), frame["week"] == max(frame["week"].max(), 1)
    if which == "all":
        return frame
    if which.startswith("placebo"):
        last &= frame["arm"] == ARMS[1]
        last &= (frame["sledai_clause"] == 1) | (which == "placebo last")
    if which == "nephritis":
        entry &= frame["nephritis"].astype(bool)
    return frame[~entry if which == "after" else last if "last" in which else entry]


def _measured(measure: str, rows: pd.DataFrame, formulas: list[str]) -> Found:
    rows = rows.loc[:, rows.columns.isin(re.findall(r"\w+", " ".join(formulas)))]  # names are looked up in every column
    first, *second = (pd.Series(rows.eval(formula, engine="python"), rows.index).astype(float) for formula in formulas)
    if measure == "count":
        return float(first.sum()), 0.0, len(rows)
    if measure == "gap":
        (a, a_error, a_n), (b, b_error, b_n) = (_mean(first[second[0] == yes]) for yes in (1, 0))
        return a - b, float(np.hypot(a_error, b_error)), a_n + b_n
    if measure == "correlation":
        known = first.notna() & second[0].notna()
        r, n = float(first[known].corr(second[0][known])), int(known.sum())
        return r, float((1 - r**2) / np.sqrt(max(n - 3, 1))), n
    return _mean(first)


def _mean(values: pd.Series) -> Found:
    """Return a mean; the error of a share is that with one more success and one more failure, never zero."""
    known = values.dropna()
    n, p = len(known), (known.sum() + 1) / (len(known) + 2)
    spread = np.sqrt(p * (1 - p)) if known.isin([0, 1]).all() else known.std()
    return (float(known.mean()), float(spread / np.sqrt(n)), n) if n else (np.nan, np.nan, 0)
