"""What the model expects beside what the paper prints: medians, shares and SRI-4 rates by arm and visit."""

from collections.abc import Container
from dataclasses import replace

import numpy as np
import pandas as pd

from lupus_kit import published
from lupus_kit.cohort.columns import active_bilag
from lupus_kit.cohort.replica.statements import ARM_KEYS, MEASURES
from lupus_kit.cohort.tables import Cohort
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.generative import what_if
from lupus_kit.endpoints import SLEDAI_ITEMS, sri

_RENAL = list(SLEDAI_ITEMS.loc[SLEDAI_ITEMS["domain"] == "renal", "id"])


def measured_values(cohort: Cohort) -> pd.DataFrame:
    """Return what can be compared with the paper, one row per patient and attended visit.

    Parameters
    ----------
    cohort : Cohort
        The patients.

    Returns
    -------
    pandas.DataFrame
        Columns ``patient``, ``arm``, ``week``; ``sledai_median``, ``pga_median`` and ``prednisone_median``, whose
        median is compared; and columns of 0 and 1, whose mean is: the descriptors, ``active`` (one BILAG A or two B),
        ``sri4`` and ``remission`` (no renal descriptor; missing in patients without nephritis).
    """
    visits = cohort.visits
    medians = {"sledai": "sledai_median", "pga": "pga_median", "prednisone_mg_day": "prednisone_median"}
    table = visits[["patient", "arm", "week", *medians]].rename(columns=medians).join(cohort.sledai[SLEDAI_ITEMS["id"]])
    table["active"] = active_bilag(cohort.bilag)
    ill = table["patient"].map(cohort.patients.set_index("patient")["nephritis"])
    table["remission"] = (~table[_RENAL].any(axis=1)).where(ill)
    answers = sri(visits[visits["week"].isin([0, 12, 24])], missing="observed", reasons=False)
    found = answers[["patient", "week"]].assign(sri4=answers["responder"].astype("Float64"))
    return table.merge(found, how="left", on=["patient", "week"])


def _printed(measured: Container[str]) -> list[tuple[str, str, str, int, float, str]]:
    """Return the published numbers: name, which of the columns measured, arm, week, value and where it is printed."""
    study = published.load("he2020")
    rows = []
    claims = study.claims.set_index("id")
    for week in (12, 24):
        for arm, column in (("IL-2", "reported_a"), ("placebo", "reported_b")):
            share = float(str(claims.loc[f"sri4_week{week}", column]).rstrip("%")) / 100
            rows.append((f"sri4_week{week}_{ARM_KEYS[arm]}", "sri4", arm, week, share, "abstract"))
    for row in study.tables["table2"].itertuples():
        is_median, measure = "median" in row.summary, MEASURES[row.characteristic].removesuffix("_bilag")
        if (what := f"{measure}_median" if is_median else measure) in measured:
            value = row.median if is_median else row.percent / 100
            week = 0 if row.visit == "baseline" else int(row.visit.split()[1])
            name = f"{what}_week{week}_{ARM_KEYS[row.arm]}"
            rows.append((name, what, row.arm, week, float(value), "Table 2"))
    for arm, share in (("IL-2", 7 / 13), ("placebo", 2 / 12)):
        rows.append((f"remission_{ARM_KEYS[arm]}", "remission", arm, 24, share, "abstract"))
    return rows


def calibration_table(assumptions: Assumptions | None = None, n_per_arm: int = 20_000, seed: int = 0) -> pd.DataFrame:
    """Put what the model expects beside what the paper prints.

    Parameters
    ----------
    assumptions : Assumptions, optional
        What is assumed; the defaults where none are given.
    n_per_arm : int
        Patients drawn in each arm.
    seed : int
        Same seed, same table.

    Returns
    -------
    pandas.DataFrame
        One row per published quantity: ``quantity``, ``printed``, ``source``, ``expected`` (in very many invented
        patients), ``mc_error``, ``trial_error`` (standard deviation of the same number in a trial with 30 patients
        an arm) and ``within_chance``: whether the printed number lies within two such standard deviations.

    See Also
    --------
    what_if, write_what_if, plausibility

    Notes
    -----
    The standard deviation of a median in a small trial is taken from the order statistics of the invented values. With
    the default number of patients it takes about 3 s of processor time.

    Examples
    --------
    >>> table = calibration_table(n_per_arm=2000).set_index("quantity")
    >>> bool(abs(table.loc["sri4_week12_il2", "expected"] - 0.5517) < 0.05)
    True
    """
    a = Assumptions() if assumptions is None else assumptions
    # Visits that no printed number needs are left out where they change nothing.
    drawn = what_if(a if a.dropout_mechanism != "MCAR" else replace(a, extra_weeks=()), n_per_arm, seed)
    measured, rows = measured_values(drawn), []
    by_visit = dict(list(measured.groupby(["arm", "week"], observed=True)))
    for name, what, arm, week, printed, source in _printed(measured.columns):
        values = by_visit[arm, week][what].dropna().to_numpy(dtype=float)
        trial = 12 if what == "remission" else 30  # 12 patients of an arm have nephritis
        if what.endswith("_median"):
            expected = float(np.median(values))
            error, scatter = _median_error(values, len(values)), _median_error(values, trial)
        else:
            expected = float(values.mean())
            smoothed = (expected * trial + 1) / (trial + 2)
            error, scatter = _share_error(expected, len(values)), _share_error(smoothed, trial)
        rows.append((name, printed, source, expected, error, scatter, abs(expected - printed) <= 2 * scatter + 1e-9))
    columns = ["quantity", "printed", "source", "expected", "mc_error", "trial_error", "within_chance"]
    return pd.DataFrame(rows, columns=columns)


def _share_error(share: float, n: int) -> float:
    return float(np.sqrt(share * (1 - share) / n))


def _median_error(values: np.ndarray, n: int) -> float:
    """Half the width of the interval between the order statistics one standard error of ``n`` from the middle."""
    step = 0.5 / np.sqrt(n)
    low, high = np.quantile(values, [max(0.5 - step, 0), min(0.5 + step, 1)])
    return float(high - low) / 2
