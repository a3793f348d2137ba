"""What a cohort shows, as named numbers: the quantities that assumptions are calibrated to."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit import published
from lupus_kit.cohort.columns import EVENT_NAMES
from lupus_kit.cohort.tables import Cohort
from lupus_kit.cohort.what_if.assumptions import Assumptions
from lupus_kit.cohort.what_if.generative import what_if
from lupus_kit.core.errors import unknown_name
from lupus_kit.endpoints import BILAG_SYSTEMS, SLEDAI_ITEMS, sri

ARM_CODES = {"il2": "IL-2", "placebo": "placebo"}
_ITEMS = list(SLEDAI_ITEMS["id"])
_RENAL = list(SLEDAI_ITEMS.loc[SLEDAI_ITEMS["domain"] == "renal", "id"])
_MEDIANS = {"sledai": "sledai", "pga": "pga", "prednisone": "prednisone_mg_day"}
EVENT_CODES = {re.sub(r"[^a-z]+", "_", name.lower()): name for name in EVENT_NAMES}
_BY_VISIT = re.compile(r"^(?P<what>\w+?)_week(?P<week>0|12|24)_(?P<arm>il2|placebo)$")
_BY_ARM = re.compile(r"^(?P<what>\w+?)_(?P<arm>il2|placebo)$")


@dataclass(frozen=True)
class Quantity:
    """A named number of one arm: ``what`` is measured, at ``week`` (None: over the whole trial)."""

    name: str
    what: str
    arm: str
    week: int | None

    @property
    def is_median(self) -> bool:
        """Whether it is a median; all others are shares or a correlation."""
        return self.what.endswith("_median")


def quantity(name: str) -> Quantity:
    """Read the name of a quantity, such as ``sri4_week12_il2``; see :func:`quantity_names`."""
    visit = _BY_VISIT.match(name)
    if visit and visit["what"] in _by_visit_names() and not (visit["what"] == "sri4" and visit["week"] == "0"):
        return Quantity(name, visit["what"], ARM_CODES[visit["arm"]], int(visit["week"]))
    whole = _BY_ARM.match(name)
    if whole and whole["what"] in _by_arm_names():
        return Quantity(name, whole["what"], ARM_CODES[whole["arm"]], None)
    raise unknown_name("quantity", name, quantity_names())


def _by_visit_names() -> list[str]:
    return ["sri4", *(f"{m}_median" for m in _MEDIANS), "active", *_ITEMS]


def _by_arm_names() -> list[str]:
    return ["sri4_correlation", "remission", "rescue", "dropout", *(f"event_{code}" for code in EVENT_CODES)]


def quantity_names() -> list[str]:
    """List every quantity.

    Returns
    -------
    list of str
        ``sri4_week12_il2`` and so on: SRI-4 rates; ``sledai_median``, ``pga_median`` and ``prednisone_median``;
        ``active``, the share with one BILAG A or two B; the share with each SLEDAI descriptor; and over the whole
        trial ``sri4_correlation`` (phi of weeks 12 and 24), ``remission`` (of nephritis, week 24), ``rescue``,
        ``dropout`` and ``event_...``. Each for both arms.

    Examples
    --------
    >>> [name for name in quantity_names() if name.startswith("dropout")]
    ['dropout_il2', 'dropout_placebo']
    """
    return [
        *(
            f"{what}_week{week}_{arm}"
            for what in _by_visit_names() for week in (0, 12, 24) for arm in ARM_CODES
            if not (what == "sri4" and week == 0)
        ),
        *(f"{what}_{arm}" for what in _by_arm_names() for arm in ARM_CODES),
    ]  # fmt: skip


def draw_for_measuring(a: Assumptions, n_per_arm: int, seed: int) -> Cohort:
    """Draw a cohort to measure; visits that no quantity needs are left out where they change nothing."""
    plain = a if a.dropout_mechanism != "MCAR" else replace(a, extra_weeks=())
    return what_if(plain, n_per_arm, seed)


class Measured:
    """A cohort taken apart for measuring: each quantity is a column of values, one patient an entry."""

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self._answers: pd.DataFrame | None = None
        visits = cohort.visits
        self._rows = {
            (arm, week): ((visits["arm"] == arm) & (visits["week"] == week)).to_numpy()
            for arm in ARM_CODES.values() for week in (0, 12, 24)
        }  # fmt: skip

    def _responses(self, arm: str, week: int) -> pd.Series:
        if self._answers is None:
            needed = self.cohort.visits[self.cohort.visits["week"].isin([0, 12, 24])]
            self._answers = sri(needed, missing="observed")
        found = self._answers
        chosen = found[(found["arm"] == arm) & (found["week"] == week)]
        return chosen.set_index("patient")["responder"].dropna().astype(float)

    def values(self, q: Quantity) -> np.ndarray:
        """Values whose median (of medians) or mean (of shares) is the quantity; patients not seen are left out."""
        return np.asarray(self._values(q), dtype=float)

    def _values(self, q: Quantity) -> Any:
        cohort, arm, week = self.cohort, q.arm, q.week
        if week is not None:
            rows = self._rows[arm, week]
            if q.what == "sri4":
                return self._responses(arm, week)
            if q.is_median:
                return cohort.visits.loc[rows, _MEDIANS[q.what.removesuffix("_median")]]
            if q.what == "active":
                return active(cohort.bilag[rows])
            return cohort.sledai.loc[rows, q.what]
        people = cohort.patients[cohort.patients["arm"] == arm]
        if q.what == "dropout":
            return people["dropout_day"].notna()
        if q.what == "rescue":
            return cohort.visits[cohort.visits["arm"] == arm].groupby("patient")["rescue"].max()
        if q.what == "remission":
            rows = self._rows[arm, 24]
            seen = cohort.sledai[rows]
            nephritis = seen["patient"].isin(people.loc[people["nephritis"], "patient"]).to_numpy()
            return ~seen.loc[nephritis, _RENAL].any(axis=1)
        event = EVENT_CODES[q.what.removeprefix("event_")]
        events = cohort.adverse_events
        return people["patient"].isin(events.loc[events["event"] == event, "patient"])

    def estimate(self, q: Quantity) -> tuple[float, float]:
        """Return the quantity and its Monte Carlo standard error."""
        if q.what == "sri4_correlation":
            both = pd.concat([self._responses(q.arm, week) for week in (12, 24)], axis=1).dropna()
            if len(both) < 3 or both.std().min() == 0:
                return float("nan"), float("nan")
            z = ((both - both.mean()) / both.std(ddof=0)).to_numpy().T
            phi = float((z[0] * z[1]).mean())
            influence = z[0] * z[1] - phi * (z[0] ** 2 + z[1] ** 2) / 2
            return phi, float(influence.std() / np.sqrt(len(both)))
        values = self.values(q)
        if not len(values):
            return float("nan"), float("nan")
        if not q.is_median:
            share = float(values.mean())
            return share, float(np.sqrt(share * (1 - share) / len(values)))
        return float(np.median(values)), _median_error(values)

    def distance(self, q: Quantity, target: float) -> float:
        """Distance from a target on a scale of shares; smooth also for a median, whose values are steps."""
        if not q.is_median:
            return self.estimate(q)[0] - target
        values = self.values(q)
        return 0.5 - float((values < target - 1e-9).mean() + 0.5 * (np.abs(values - target) <= 1e-9).mean())


def _median_error(values: np.ndarray) -> float:
    """Half the width of the interval between the order statistics one standard error from the middle."""
    step = 0.5 / np.sqrt(len(values))
    low, high = np.quantile(values, [max(0.5 - step, 0), min(0.5 + step, 1)])
    return float(high - low) / 2


def active(grades: pd.DataFrame) -> np.ndarray:
    """Whether each row has at least one BILAG A or two B."""
    codes = np.stack([grades[f"bilag_{s}"].cat.codes.to_numpy() for s in BILAG_SYSTEMS], axis=1)
    return np.asarray((codes == 0).any(axis=1) | ((codes == 1).sum(axis=1) >= 2))


def _printed() -> dict[str, tuple[float, str]]:
    """Return the published values of the quantities, with where they are printed."""
    study = published.load("he2020")
    found: dict[str, tuple[float, str]] = {}
    claims = study.claims.set_index("id")
    for week in (12, 24):
        for arm, column in (("il2", "reported_a"), ("placebo", "reported_b")):
            text = str(claims.loc[f"sri4_week{week}", column])
            found[f"sri4_week{week}_{arm}"] = (float(text.rstrip("%")) / 100, "abstract")
    table2 = study.tables["table2"]
    names = {"SLEDAI (SELENA-SLEDAI by the table footnote)": "sledai_median", "PGA": "pga_median",
             "Prednisone (mg/day)": "prednisone_median", "≥1 BILAG A or 2 B": "active", "Rash": "rash",
             "Oral ulceration": "mucosal_ulcer", "Arthritis": "arthritis", "Vasculitis": "vasculitis",
             "Alopecia": "alopecia", "Fever": "fever", "Myositis": "myositis"}  # fmt: skip
    codes = {label: code for code, label in ARM_CODES.items()}
    for row in table2.itertuples():
        if row.characteristic in names:
            what = names[row.characteristic]
            value = row.median if what.endswith("_median") else row.percent / 100
            week = 0 if row.visit == "baseline" else int(row.visit.split()[1])
            found[f"{what}_week{week}_{codes[row.arm]}"] = (float(value), "Table 2")
    return found | {"remission_il2": (7 / 13, "abstract"), "remission_placebo": (2 / 12, "abstract")}


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

    Notes
    -----
    The standard deviation of a median in a small trial is taken from the order statistics of the invented values.

    Examples
    --------
    >>> table = calibration_table(n_per_arm=2000).set_index("quantity")
    >>> bool(abs(table.loc["sri4_week12_il2", "expected"] - 0.5517) < 0.05)
    True
    """
    a = Assumptions() if assumptions is None else assumptions
    measured = Measured(draw_for_measuring(a, n_per_arm, seed))
    rows = []
    for name, (printed, source) in _printed().items():
        q = quantity(name)
        expected, error = measured.estimate(q)
        scatter = _trial_error(q, measured.values(q), printed)
        rows.append((name, printed, source, expected, error, scatter, abs(expected - printed) <= 2 * scatter + 1e-9))
    columns = ["quantity", "printed", "source", "expected", "mc_error", "trial_error", "within_chance"]
    return pd.DataFrame(rows, columns=columns)


def _trial_error(q: Quantity, values: np.ndarray, printed: float) -> float:
    """Return the standard deviation of the quantity in a trial of 30 patients an arm (12 with nephritis)."""
    n = 12 if q.what == "remission" else 30
    if q.is_median:
        low, high = np.quantile(values, [0.5 - 0.5 / np.sqrt(n), 0.5 + 0.5 / np.sqrt(n)])
        return float(high - low) / 2
    share = (float(values.mean()) * n + 1) / (n + 2)
    return float(np.sqrt(share * (1 - share) / n))
