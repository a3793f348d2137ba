"""Whether patients look like patients: statements about a cohort or a visit file, each beside its expected range and source.

The statements, their ranges and where each comes from stand in ``data/plausibility.csv``: read in a source (``V``), set by the
kit (``set``), or true by definition. What breaks a definition is impossible; what lies outside a range is unusual.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from lupus_kit.cohort.columns import ARMS, SYSTEM_ITEMS, VISIT_TABLES
from lupus_kit.cohort.tables import Cohort
from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import SLEDAI_ITEMS, VisitFile, bilag_total, read_visit_file, sledai, sri

_RANGES = pd.read_csv(Path(__file__).with_name("data") / "plausibility.csv")

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

    Examples
    --------
    >>> from lupus_kit import cohort
    >>> table = cohort.plausibility(cohort.what_if(seed=1))
    >>> table.query("statement == 'patients who are ill for longer than they live'")["verdict"].item()
    'agrees'
    """
    frame = _one_table(cohort)
    rows = []
    for row in _RANGES.itertuples(index=False):
        try:
            found, error, n = _MEASURES[row.measure](frame)
        except (KeyError, ZeroDivisionError):  # a column, or everybody it is about, is not there
            found, error, n = np.nan, np.nan, 0
        except InputError:
            raise
        except (TypeError, ValueError, AttributeError) as problem:
            raise InputError(
                f"cannot judge {row.statement!r}: a column holds cells of the wrong kind ({problem}). Read the file with "
                "read_visit_file, which checks every cell."
            ) from None
        inside = row.low - 1.96 * error <= found <= row.high + 1.96 * error
        verdict = "not recorded" if np.isnan(found) else "agrees" if inside else row.kind
        expected = "none" if row.high == 0 else f"{row.low:g} to {row.high:g}"
        rows.append((row.statement, expected, found, verdict, n, row.low, row.high, row.mark, row.source))
    return pd.DataFrame(
        rows, columns=["statement", "expected", "found", "verdict", "n", "low", "high", "mark", "source"]
    )


def _one_table(cohort: Cohort | VisitFile | pd.DataFrame | str | Path) -> pd.DataFrame:
    """Return one row a patient and visit with every column, in order, and what every measure needs."""
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
    frame = frame.sort_values(["patient", "week"], kind="stable").reset_index(drop=True)
    if "bilag_total" not in frame and {f"bilag_{s}" for s in SYSTEM_ITEMS} <= set(frame.columns):
        frame = frame.assign(bilag_total=bilag_total(frame).astype(float))
    if "nephritis" not in frame and set(SYSTEM_ITEMS["renal"]) <= set(frame.columns):
        renal = frame[list(SYSTEM_ITEMS["renal"])].any(axis=1) & ~frame["patient"].duplicated()
        frame = frame.assign(nephritis=renal.groupby(frame["patient"]).transform("max"))
    return frame


# --- what is measured ---------------------------------------------------------------------------------------------


def _entry(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[~frame["patient"].duplicated()]


def _last(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["week"] == frame["week"].max()) & (frame["week"] > 0)]


def _count(bad: pd.Series, frame: pd.DataFrame) -> Found:
    return float(bad.sum()), 0.0, len(frame)


def _share(values: pd.Series) -> Found:
    """Return a share; the error is that of a share with one more success and one more failure, never zero."""
    known = values.dropna().astype(float)
    n, p = len(known), (known.sum() + 1) / (len(known) + 2)
    return float(known.sum()) / n, float(np.sqrt(p * (1 - p) / n)), n


def _mean(values: pd.Series) -> Found:
    return float(values.mean()), float(values.std()) / np.sqrt(len(values)), len(values)


def _gap(frame: pd.DataFrame, column: str, by: str, measure: Callable[[pd.Series], Found] = _share) -> Found:
    """Return the difference between the patients with and without something."""
    (a, a_error, a_n), (b, b_error, b_n) = (measure(frame.loc[frame[by] == yes, column]) for yes in (True, False))
    return a - b, float(np.hypot(a_error, b_error)), a_n + b_n


def _correlation(one: pd.Series, other: pd.Series) -> Found:
    known = one.notna() & other.notna()
    r, n = float(one[known].astype(float).corr(other[known].astype(float))), int(known.sum())
    return r, float((1 - r**2) / np.sqrt(max(n - 3, 1))), n


def _change(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return the change between the visits at weeks 0, 12 and 24, or between all where there are no others."""
    apart = frame[frame["week"] % 12 == 0]
    return apart[column].astype(float).groupby(apart["patient"]).diff()


def _denied(frame: pd.DataFrame) -> Found:
    bad = pd.Series(False, frame.index)
    for system, items in SYSTEM_ITEMS.items():
        bad |= frame[list(items)].any(axis=1) & frame[f"bilag_{system}"].isin(["D", "E"])
    return _count(bad, frame)


def _never(frame: pd.DataFrame) -> Found:
    bad = pd.Series(False, frame.index)
    for system in SYSTEM_ITEMS:
        grade = frame[f"bilag_{system}"]
        bad |= (grade == "E") & grade.isin(["A", "B", "C"]).groupby(frame["patient"]).cummax()
    return _count(bad, frame)


def _renal_grade(frame: pd.DataFrame) -> Found:
    protein, before = frame["protein_24h_g"], frame.groupby("patient")["protein_24h_g"].shift()
    kept = (100 * protein - 75 * before).round(6) > 0
    return _count((protein >= 0.5) & kept & frame["bilag_renal"].isin(["C", "D", "E"]), frame)


def _answers(frame: pd.DataFrame) -> pd.DataFrame:
    wanted = ["patient", "visit", "week", "sledai", "pga", *(f"bilag_{s}" for s in SYSTEM_ITEMS)]
    also = [name for name in ("arm", "rescue", "disallowed_medication", "withdrawn") if name in frame]
    return sri(frame[wanted + also], missing="observed", reasons=False)


def _points(frame: pd.DataFrame) -> Found:
    items = frame[[*SLEDAI_ITEMS["id"], *(["proteinuria_stable"] if "proteinuria_stable" in frame else [])]]
    sums = [sledai(items, version).astype(float) for version in ("2K", "SELENA")]
    return _count(
        ~((frame["sledai"] == sums[0]) | (frame["sledai"] == sums[1]) | frame["sledai"].isna() | sums[0].isna()), frame
    )


def _lost(frame: pd.DataFrame) -> Found:
    answers = _answers(frame)
    last = answers[(answers["week"] == answers["week"].max()) & (answers["arm"] == ARMS[1])]
    return _share(~last.loc[last["sledai_clause"].fillna(False).astype(bool), "responder"].dropna().astype(bool))


def _item_agrees(frame: pd.DataFrame, *tests: tuple[str, Callable[[pd.Series], pd.Series], str]) -> Found:
    """Count the rows where a value is on the other side of its limit than its descriptor says."""
    differ = [
        frame[value].notna()
        & frame[item].notna()
        & (beyond(frame[value]) != frame[item].astype("boolean").fillna(False))
        for value, beyond, item in tests
    ]
    return _count(pd.concat(differ, axis=1).any(axis=1), frame)


def _bmi(frame: pd.DataFrame) -> pd.Series:
    return _entry(frame)["weight_kg"] / (_entry(frame)["height_cm"] / 100) ** 2


def _in_nephritis(frame: pd.DataFrame) -> pd.DataFrame:
    return _entry(frame)[_entry(frame)["nephritis"].astype(bool)]


_MEASURES: dict[str, Callable[[pd.DataFrame], Found]] = {
    "older_than_ill": lambda f: _count(_entry(f)["disease_duration_months"] > 12 * _entry(f)["age_years"], _entry(f)),
    "body": lambda f: _count(~_bmi(f).between(12, 60), _entry(f)),
    "points": _points,
    "denied": _denied,
    "never": _never,
    "protein_item": lambda f: _item_agrees(f, ("protein_24h_g", lambda x: x > 0.5, "proteinuria")),
    "counts_item": lambda f: _item_agrees(
        f, ("platelets_10e9_l", lambda x: x < 100, "thrombocytopenia"), ("wbc_10e9_l", lambda x: x < 3, "leukopenia")),
    "fever_item": lambda f: _item_agrees(f, ("temperature_c", lambda x: x > 38, "fever")),
    "renal_grade": _renal_grade,
    "blood_grade": lambda f: _count(((f["platelets_10e9_l"] < 150) | (f["wbc_10e9_l"] < 4))
                                    & f["bilag_haematological"].isin(["D", "E"]), f),
    "sledai_high": lambda f: _share(f["sledai"] > 40),
    "sledai_low_entry": lambda f: _share(_entry(f)["sledai"] <= 9),
    "sledai_high_entry": lambda f: _share(_entry(f)["sledai"] >= 15),
    "bmi_range": lambda f: _share(_bmi(f).between(16, 35)),
    "weight_height": lambda f: _correlation(_entry(f)["weight_kg"], _entry(f)["height_cm"]),
    "men_taller": lambda f: _gap(_entry(f).assign(man=_entry(f)["sex"] == "male"), "height_cm", "man", _mean),
    "onset_child": lambda f: _share(_entry(f)["age_years"] - _entry(f)["disease_duration_months"] / 12 < 12),
    "low_complement": lambda f: _share(_entry(f)["low_complement"]),
    "low_complement_late": lambda f: _share(_last(f)["low_complement"]),
    "dsdna": lambda f: _share(_entry(f)["dna_binding"]),
    "dsdna_nephritis": lambda f: _gap(_entry(f), "dna_binding", "nephritis"),
    "haematuria": lambda f: _share(_in_nephritis(f)["haematuria"]),
    "pyuria": lambda f: _share(_in_nephritis(f)["pyuria"]),
    "blood_over_pus": lambda f: _mean(_in_nephritis(f)["haematuria"].astype(float) - _in_nephritis(f)["pyuria"].astype(float)),
    "proteinuria": lambda f: _share(_entry(f)["proteinuria"]),
    **{f"ab_{s}": lambda f, s=s: _share(_entry(f)[f"bilag_{s}"].isin(["A", "B"])) for s in SYSTEM_ITEMS},
    "pga_sledai_entry": lambda f: _correlation(_entry(f)["pga"], _entry(f)["sledai"]),
    "pga_sledai_late": lambda f: _correlation(_last(f)["pga"], _last(f)["sledai"]),
    "change_pga_sledai": lambda f: _correlation(_change(f, "pga"), _change(f, "sledai")),
    "change_pga_bilag": lambda f: _correlation(_change(f, "pga"), _change(f, "bilag_total")),
    "sledai_c3": lambda f: _correlation(_entry(f)["sledai"], _entry(f)["c3_g_l"]),
    "dsdna_c3": lambda f: _correlation(np.log(_entry(f)["anti_dsdna_iu_ml"].clip(lower=0.1)), _entry(f)["c3_g_l"]),
    "prednisone_sledai": lambda f: _correlation(_entry(f)["prednisone_mg_day"], _entry(f)["sledai"]),
    "mmf_nephritis": lambda f: _gap(_entry(f), "mycophenolate_mofetil", "nephritis"),
    "cyc_nephritis": lambda f: _gap(_entry(f), "cyclophosphamide", "nephritis"),
    "bilag_clause": lambda f: _share(_answers(f)["bilag_clause"]),
    "pga_clause": lambda f: _share(_answers(f)["pga_clause"]),
    "lost": _lost,
    "rescued": lambda f: _share(f.loc[f["arm"] == ARMS[1], "rescue"].groupby(f["patient"]).max()),
    "haemoglobin": lambda f: _mean(_entry(f)["haemoglobin_g_dl"]),
    "creatinine_nephritis": lambda f: _mean(_in_nephritis(f)["creatinine_umol_l"]),
    "protein_nephritis": lambda f: _mean(_in_nephritis(f)["protein_24h_g"]),
}  # fmt: skip
