"""Multiple imputation of the SRI: what the open answers may have been, many times, pooled by Rubin's rules."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import scipy

from lupus_kit.core.errors import InputError, confidence_level, is_number, unknown_name
from lupus_kit.core.text import p_value_text
from lupus_kit.endpoints.compare.imputed_data import Arms, Filled, decide, fill_gaps
from lupus_kit.endpoints.visits.keys import KEYS


@dataclass(frozen=True)
class Pooled:
    """A pooled estimate; every field is an array of the shape of one estimate."""

    estimate: np.ndarray
    within: np.ndarray
    between: np.ndarray
    total: np.ndarray
    df: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


def pool(estimates: np.ndarray, variances: np.ndarray, complete_df: np.ndarray, level: float) -> Pooled:
    """Pool estimates over imputations, with the degrees of freedom of Barnard and Rubin.

    Parameters
    ----------
    estimates, variances : numpy.ndarray
        Shape (imputations, ...): each estimate and its variance as if its data were complete. Two imputations or
        more.
    complete_df : numpy.ndarray
        Degrees of freedom if nothing were missing; shape of one estimate.
    level : float
        Confidence level.

    Returns
    -------
    Pooled
        The interval and p (of no effect, two-sided) are missing where the total variance is 0.

    References
    ----------
    Rubin DB. Multiple Imputation for Nonresponse in Surveys. Wiley 1987. Barnard J, Rubin DB. Biometrika
    1999;86:948-955.
    """
    m = len(estimates)
    estimate, within = estimates.mean(axis=0), variances.mean(axis=0)
    same = (estimates == estimates[:1]).all(axis=0)
    estimate = np.where(same, estimates[0], estimate)  # a mean of equal numbers may differ in its last bit
    within = np.where(same, variances[0], within)
    between = np.where(same, 0.0, estimates.var(axis=0, ddof=1))
    extra = (1 + 1 / m) * between
    total = within + extra
    share = np.divide(extra, total, out=np.zeros_like(total), where=total > 0)
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    # Harmonic: 1/df = 1/observed + share**2 / (m - 1), so that nothing is divided by a share of 0.
    df = np.divide(observed, 1 + observed * share**2 / (m - 1))
    error = np.sqrt(total)
    valid = (error > 0) & (df > 0)
    usable = np.where(valid, df, 1.0)
    half = np.where(valid, scipy.stats.t.isf((1 - level) / 2, usable) * error, np.nan)
    ratio = np.divide(np.abs(estimate), error, out=np.zeros_like(total), where=error > 0)
    p = np.where(valid, 2 * scipy.stats.t.sf(ratio, usable), np.nan)
    return Pooled(estimate, within, between, total, df, estimate - half, estimate + half, p)


@dataclass(frozen=True)
class ImputedResponders:
    """Responders after multiple imputation.

    Attributes
    ----------
    pooled : pandas.DataFrame
        One row per visit and quantity: ``visit``, ``week``, ``quantity`` (the rate of an arm, or a difference of two),
        ``estimate``, ``within``, ``between``, ``total`` (variances), ``df``, ``low``, ``high``, ``p`` (differences only).
    counts : pandas.DataFrame
        One row per imputation, visit and arm: ``imputation`` (from 1), ``visit``, ``week``, ``arm`` (if given),
        ``responders``, ``patients``.
    patients : pandas.DataFrame
        One row per patient and visit: keys, ``observed`` (the verdict, missing where it is open) and ``share`` (of the
        imputations in which the patient responds).
    n_imputations : int
        How many data sets were imputed.
    method : str
        In words.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import endpoints
    >>> visits = pd.DataFrame({"patient": [1, 2, 3, 4] * 2, "visit": ["baseline"] * 4 + ["week 12"] * 4,
    ...                        "week": [0] * 4 + [12] * 4, "sledai": [10, 12, 8, 10, 4, 12, 2, None]})
    >>> found = endpoints.impute_responders(visits, components=["sledai"], n_imputations=5, seed=1)
    >>> found.n_imputations
    5
    >>> found.to_frame().equals(found.pooled)
    True
    """

    pooled: pd.DataFrame
    counts: pd.DataFrame
    patients: pd.DataFrame
    n_imputations: int
    method: str

    def to_frame(self) -> pd.DataFrame:
        """Return the pooled rates and differences."""
        return self.pooled.copy()

    def _repr_html_(self) -> str:
        table = self.pooled
        shown = table[["visit", "quantity"]].copy()
        for name in ("estimate", "low", "high"):
            shown[name] = [f"{100 * x:.1f}%" if np.isfinite(x) else "–" for x in table[name]]
        lost = table["between"] * (1 + 1 / self.n_imputations) / table["total"].where(table["total"] > 0)
        shown["variance from missing data"] = [f"{100 * x:.0f}%" if np.isfinite(x) else "–" for x in lost]
        shown["p"] = [p_value_text(p, "") for p in table["p"]]
        return f"{shown.to_html(index=False, border=0)}<small>{html.escape(self.method)}</small>"


def impute_responders(
    visits: pd.DataFrame,
    points: int = 4,
    *,
    n_imputations: int = 100,
    seed: int | np.random.Generator = 0,
    donors: str = "mar",
    reference: object = None,
    nearest: int = 5,
    delta: float | Mapping[str, float] = 0,
    level: float = 0.95,
    **rule: Any,
) -> ImputedResponders:
    """Impute what missing visits and values may have been, decide the SRI each time, and pool the results.

    Parameters
    ----------
    visits : pandas.DataFrame
        The table that ``sri`` takes.
    points : int
        The drop in SLEDAI that is asked for, 4 to 8.
    n_imputations : int
        How many data sets to impute, at least 2.
    seed : int or numpy.random.Generator
        Same seed, same result.
    donors : {"mar", "all", "jump_to_reference", "copy_reference"}
        What is assumed, and so whose values fill a gap. ``"mar"``, missing at random: a patient who left went on like
        similar patients of the same arm. ``"all"``: of any arm. ``"jump_to_reference"``: from the visit on at which
        nothing is on record any more, a patient goes on like a patient of the reference arm with the same start; all
        benefit is lost, whatever was gained before. ``"copy_reference"``: a patient with missing values is taken for
        one of the reference arm all along, so that what was gained before counts as that arm's patients would have
        kept it. ``"arm"`` and ``"reference"`` are read as the first and the third.
    reference : arm, optional
        The arm that the others are compared with. Where it is left out, the one called placebo, control, sham or
        standard, or else the last; a reference-based assumption then asks for it.
    nearest : int
        How many of the most similar donors a gap is filled from, at random.
    delta : float or mapping of arm to float
        SLEDAI points by which every imputed SLEDAI is made worse (negative: better), to see how much worse missing
        patients must be before the conclusion changes. Arms that are not named get 0.
    level : float
        Confidence level of the intervals.
    **rule
        What else the rule asks for, as for ``sri``: `b_to_a_is_new`, `components`, `events`, `event_columns`,
        `steroids`, `score`. Under ``events="hypothetical"`` what was set missing after an event is imputed too.

    Returns
    -------
    ImputedResponders
        Pooled rates and differences, counts of every imputation, and each patient's share.

    Raises
    ------
    InputError
        As for ``sri``; if some patients have no arm and others do; or if a gap has no donor: nobody in the pool has
        every value of that visit on record.

    See Also
    --------
    delta_grid

    Notes
    -----
    Visits are filled in order of time. A gap takes the change since baseline of one donor who has every value of the
    visit on record: fall of SLEDAI, newly A and newly B systems, rise of PGA, events. All missing parts of one
    patient and visit come from one donor, so that they fit together. The donor is one of the `nearest` in baseline
    SLEDAI and PGA, the changes at the visit before, and what this visit does record. Donors are first drawn with
    replacement (approximate Bayesian bootstrap), so that the uncertainty about the donors is part of the result.
    Nothing leaves its scale: SLEDAI does not fall below 0, PGA stays within 0 to 3.

    Only open answers are imputed. Where recorded values fail a clause, or all are recorded, the answer stands. So a
    result always lies between the worst and the best case, and without missing data it is that of ``sri``.

    Missing at random assumes that, given what is matched on, missing patients do not differ from the donors; `delta`
    and the reference arm relax that. Jump to reference and copy reference are those of Carpenter and colleagues (2013),
    with donors in place of a normal model. Under jump to reference, gaps before a patient left, gaps within a visit,
    and the reference arm itself are filled under missing at random; after leaving, a patient is matched on baseline and
    on what was imputed since, not on what was seen before. Both often overstate the variance when pooled by Rubin's
    rules.

    Within one data set the variance of a rate is p(1−p)/n, of a difference their sum. Rubin's rules add the variance
    between data sets; degrees of freedom follow Barnard and Rubin, from n−1 (a rate) or n₁+n₂−2 (a difference)
    complete-data ones. Intervals are estimate ± t·√total, rates cut at 0 and 1, differences at −1 and 1;
    they are missing where the total is 0.
    With few patients the normal approximation behind them is rough.

    References
    ----------
    Rubin DB, Schenker N. J Am Stat Assoc 1986;81:366-374. Barnard J, Rubin DB. Biometrika 1999;86:948-955.
    Carpenter JR, Roger JH, Kenward MG. J Biopharm Stat 2013;23:1352-1371 (read in the statistical specifications of
    the R package rbmi and the help of Stata's mimix, which follow it).

    Examples
    --------
    >>> import pandas as pd
    >>> visits = pd.DataFrame({"patient": [1, 2, 3, 4] * 2, "visit": ["baseline"] * 4 + ["week 12"] * 4,
    ...                        "week": [0] * 4 + [12] * 4, "sledai": [10, 12, 8, 10, 4, 12, 2, None]})
    >>> result = impute_responders(visits, components=["sledai"], seed=1)
    >>> result.patients["observed"].tolist()
    [True, False, True, <NA>]
    >>> bool(0 < result.patients["share"].iloc[3] < 1)
    True
    """
    made = fill_gaps(visits, points, n_imputations, seed, donors, reference, nearest, **rule)
    return _results(made, _shifts(made.arms, delta), confidence_level(level), delta)


def delta_grid(
    visits: pd.DataFrame,
    points: int = 4,
    *,
    deltas: Sequence[float] = (0, 2, 4, 6, 8),
    week: float | None = None,
    level: float = 0.95,
    **options: Any,
) -> pd.DataFrame:
    """Find how much worse missing patients must be before the conclusion changes: the tipping point, as a grid.

    Parameters
    ----------
    visits, points, level, **options
        As for ``impute_responders``. The same imputed data sets stand behind every row.
    deltas : sequence of float
        SLEDAI points by which imputed SLEDAI is made worse; every pair of arms and values is tried.
    week : float, optional
        The visit; the last one where it is left out.

    Returns
    -------
    pandas.DataFrame
        One row per comparison and pair of deltas: ``week``, ``quantity`` (such as ``"IL-2 minus placebo"``), ``delta``
        (of the arm), ``delta_reference``, ``estimate``, ``low``, ``high``, ``p``.

    Raises
    ------
    InputError
        As for ``impute_responders``; or if there are no two arms, or no such visit.

    See Also
    --------
    impute_responders

    Examples
    --------
    >>> from lupus_kit.cohort import what_if
    >>> grid = delta_grid(what_if(seed=1).visits, deltas=[0, 4], week=24, n_imputations=5)
    >>> grid[["delta", "delta_reference"]].to_numpy().tolist()
    [[0.0, 0.0], [0.0, 4.0], [4.0, 0.0], [4.0, 4.0]]
    """
    made = fill_gaps(visits, points, **options)
    level, arms = confidence_level(level), made.arms
    if len(arms.names) < 2:
        raise InputError("a tipping point compares two arms: visits needs a column 'arm' with two.")
    weeks = made.found.visit["week"].unique().tolist()
    week = max(weeks) if week is None else week
    if week not in weeks:
        raise InputError(f"week is {week!r}: the visits after baseline are at {', '.join(f'{w:g}' for w in weeks)}.")
    last, rows = arms.names[-1], []
    for own, of_reference in product(deltas, deltas):
        each = {arm: of_reference if arm == last else own for arm in arms.names}
        pooled = _results(made, _shifts(arms, each), level, each).pooled
        rows.append(pooled[(pooled["week"] == week) & pooled["quantity"].str.endswith(f" minus {last}")]
                    .assign(delta=float(own), delta_reference=float(of_reference)))  # fmt: skip
    kept = ["week", "quantity", "delta", "delta_reference", "estimate", "low", "high", "p"]
    return pd.concat(rows, ignore_index=True)[kept]


def _shifts(arms: Arms, delta: object) -> np.ndarray:
    """Return the shift of each patient."""
    if isinstance(delta, Mapping) and not arms.given:
        raise InputError(f"delta is {dict(delta)!r}, one shift for each arm, but visits has no column 'arm'.")
    named = delta if isinstance(delta, Mapping) else dict.fromkeys(arms.names, delta)
    shift = np.zeros(arms.member.shape[1])
    for arm, value in named.items():
        if arm not in arms.names:
            raise unknown_name("arm", arm, map(str, arms.names))
        if not is_number(value):
            raise InputError(f"delta is {delta!r}: give SLEDAI points, or a mapping of arm to SLEDAI points.")
        shift[arms.member[arms.names.index(arm)]] = value
    return shift


def _results(of: Filled, shifts: np.ndarray, level: float, delta: object) -> ImputedResponders:
    arms, found = of.arms, of.found
    n_imputations, n_patients, n_visits, _ = of.values.shape
    imputed = decide(of, np.repeat(shifts, n_visits))
    answer = found.answer.to_numpy(dtype=float, na_value=np.nan)
    responds = np.where(np.isnan(answer), imputed, answer == 1).reshape(n_imputations, n_patients, n_visits)
    n = arms.member.sum(axis=1)
    counts = np.stack([responds[:, own].sum(axis=1) for own in arms.member], axis=1)  # (imputations, arms, visits)
    rates = counts / n[:, None]
    variances = rates * (1 - rates) / n[:, None]
    patients = found.visit[[name for name in (*KEYS, "arm") if name in found.visit]]
    patients = patients.assign(observed=found.answer, share=responds.mean(axis=0).ravel())
    first = patients.iloc[:n_visits]

    # The rate of each arm, then its difference from the last.
    names = [*map(str, arms.names), *(f"{arm} minus {arms.names[-1]}" for arm in arms.names[:-1])]
    estimates = np.concatenate([rates, rates[:, :-1] - rates[:, -1:]], axis=1)
    variances = np.concatenate([variances, variances[:, :-1] + variances[:, -1:]], axis=1)
    one = pool(estimates, variances, np.append(n - 1.0, n[:-1] + n[-1] - 2.0)[:, None], level)
    is_rate = np.arange(len(names))[:, None] < len(n)
    low, high = np.maximum(one.low, np.where(is_rate, 0, -1)), np.minimum(one.high, 1)
    one = replace(one, low=low, high=high, p=np.where(is_rate, np.nan, one.p))
    pooled = pd.concat([_block(first, name, one, k) for k, name in enumerate(names)], ignore_index=True)
    pooled = pooled.sort_values("week", kind="stable", ignore_index=True)

    m, a, v = (axis.ravel() for axis in np.indices(counts.shape))
    table: dict[str, object] = {"imputation": m + 1, "visit": first["visit"].array[v], "week": first["week"].array[v]}
    if arms.given:
        table["arm"] = np.array(arms.names, dtype=object)[a]
    table |= {"responders": counts.ravel(), "patients": n[a]}
    method = of.method + _shifted(delta)
    return ImputedResponders(pooled, pd.DataFrame(table), patients, n_imputations, method)


def _block(first: pd.DataFrame, name: str, pooled: Pooled, k: int) -> pd.DataFrame:
    columns = {"visit": first["visit"].array, "week": first["week"].array, "quantity": name}
    return pd.DataFrame(columns | {field: values[k] for field, values in vars(pooled).items()})


def _shifted(delta: object) -> str:
    """Say by how much imputed values were made worse."""
    if isinstance(delta, Mapping):
        each = ", ".join(f"{v:+g} on {arm}" for arm, v in delta.items() if v)
        return f" Imputed SLEDAI shifted: {each}." if each else ""
    return f" Imputed SLEDAI shifted by {delta:+g}." if delta else ""
